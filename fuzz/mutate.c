/* Changing programs, by the statement and by the word. See grammar.h. The grammar begins each statement on a line, so what
 * is moved is a line and all that follows until what it opens is closed again: a program whose statements moved is
 * one still, but for labels and the like. */
#include <stdlib.h>
#include <string.h>

#include "grammar.h"

typedef struct span {
    size_t from, to;
} span;

/* The line, with its end, around a position. */
static span line_around(const char *text, size_t size, size_t at) {
    span line = {at, at};
    while (line.from > 0 && text[line.from - 1] != '\n')
        line.from--;
    while (line.to < size && text[line.to] != '\n')
        line.to++;
    line.to += line.to < size;
    return line;
}

static bool is_word(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_';
}

/* A name, number or reserved word at or behind a random position; empty where there is none. */
static span any_word(const char *text, size_t size, dice *by) {
    size_t at = dice_below(by, size);
    while (at < size && !is_word(text[at]))
        at++;
    span word = {at, at};
    while (word.from > 0 && is_word(text[word.from - 1]))
        word.from--;
    while (word.to < size && is_word(text[word.to]))
        word.to++;
    return word;
}

/* By how much a word or a bracket leads into blocks and brackets (an `if` is closed by its `end`, a loop by the end of its
 * `do`). What stands in strings and comments is not known for that; the grammar's are balanced. */
static int opens(const char *word, size_t size) {
    static const struct {
        const char *word;
        int by;
    } known[] = {{"function", 1}, {"do", 1}, {"if", 1}, {"repeat", 1}, {"end", -1}, {"until", -1},
                 {"(", 1},        {")", -1}, {"{", 1},  {"}", -1},     {"[", 1},    {"]", -1}};
    for (size_t i = 0; i < FUZZ_COUNT(known); i++)
        if (strlen(known[i].word) == size && memcmp(known[i].word, word, size) == 0)
            return known[i].by;
    return 0;
}

/* How deep a line leads. `lowest`: the least it was in between. */
static int depth_of(const char *text, span line, int *lowest) {
    int depth = 0;
    *lowest = 0;
    for (size_t at = line.from; at < line.to;) {
        size_t end = at + 1;
        while (is_word(text[at]) && end < line.to && is_word(text[end]))
            end++;
        depth += opens(text + at, end - at);
        *lowest = depth < *lowest ? depth : *lowest;
        at = end;
    }
    return depth;
}

/* From the line at a position to where what it opens is closed; just an empty span before a line that closes more than
 * it opens. */
static span statement_from(const char *text, size_t size, size_t at) {
    span whole = line_around(text, size, at);
    span line = whole;
    int depth = 0;
    for (;;) {
        int lowest;
        const int change = depth_of(text, line, &lowest);
        if (depth + lowest < 0)
            return (span){whole.from, whole.from};
        depth += change;
        whole.to = line.to;
        if (depth == 0 || line.to >= size)
            return whole;
        line = line_around(text, size, line.to);
    }
}

static span any_statement(const char *text, size_t size, dice *by) {
    return statement_from(text, size, dice_below(by, size));
}

/* Puts `bytes` in the place of a span. What would not fit leaves the text as it is. */
static size_t replace(char *text, size_t size, size_t most, span old, const char *bytes, size_t count) {
    const size_t after = size - (old.to - old.from) + count;
    if (after > most)
        return size;
    memmove(text + old.from + count, text + old.to, size - old.to);
    memcpy(text + old.from, bytes, count);
    return after;
}

static size_t replace_by_statement(char *text, size_t size, size_t most, span old, dice *by) {
    char made[2048];
    script fresh = {.text = made, .room = sizeof made};
    grammar_statement(&fresh, by);
    return replace(text, size, most, old, made, fresh.size);
}

static size_t replace_by_copy(char *text, size_t size, size_t most, span old, span source) {
    char copy[2048];
    const size_t count = source.to - source.from;
    if (count > sizeof copy)
        return size;
    memcpy(copy, text + source.from, count);
    return replace(text, size, most, old, copy, count);
}

static const char *const words[] = {"a",
                                    "b",
                                    "t",
                                    "f",
                                    "s",
                                    "co",
                                    "n",
                                    "nil",
                                    "true",
                                    "0",
                                    "1",
                                    "-1",
                                    "255",
                                    "math.huge",
                                    "math.mininteger",
                                    "t.x",
                                    "{}",
                                    "...",
                                    "f()",
                                    "'x'",
                                    "_ENV",
                                    "_G",
                                    "self",
                                    "print",
                                    "error",
                                    "pcall",
                                    "setmetatable",
                                    "while",
                                    "if",
                                    "end",
                                    "function",
                                    "return",
                                    "local",
                                    "goto",
                                    "break",
                                    "<close>",
                                    "string.rep",
                                    "coroutine.wrap"};

static size_t wrap_all(char *text, size_t size, size_t most, dice *by) {
    static const char *const wraps[][2] = {
        {"pcall(function(...)\n", "end)\n"},
        {"for i = 1, 3 do\n", "end\n"},
        {"coroutine.wrap(function(...)\n", "end)(1, 2)\n"},
        {"do local x <close> = setmetatable({}, {__close = function(...)\n", "end}) end\n"},
        {"return (function(...)\n", "end)(...)\n"},
        {"xpcall(error, function(...)\n", "end)\n"},
        {"table.sort({3, 1, 2}, function(a, b)\n", "end)\n"},
        {"string.gsub('xyz', '.', function(...)\n", "end)\n"},
        {"local t = setmetatable({}, {__index = function(t, k)\n", "end}) print(t.x)\n"},
    };
    const size_t which = dice_below(by, FUZZ_COUNT(wraps));
    const size_t before = strlen(wraps[which][0]), behind = strlen(wraps[which][1]);
    if (size + before + behind > most)
        return size;
    size = replace(text, size, most, (span){0, 0}, wraps[which][0], before);
    return replace(text, size, most, (span){size, size}, wraps[which][1], behind);
}

size_t grammar_mutate(char *text, size_t size, size_t most, dice *by) {
    if (size == 0) {
        script fresh = {.text = text, .room = most};
        grammar_program(&fresh, by);
        return fresh.size;
    }
    const span line = any_statement(text, size, by);
    const char *word;
    switch (dice_below(by, 12)) {
    case 0:
        return replace(text, size, most, line, "", 0);
    case 1:
        return replace_by_copy(text, size, most, (span){line.to, line.to}, line);
    case 2:
        return replace_by_copy(text, size, most, line, any_statement(text, size, by));
    case 3:
        return replace_by_copy(text, size, most, (span){line.from, line.from}, any_statement(text, size, by));
    case 4:
    case 5:
        return replace_by_statement(text, size, most, line, by);
    case 6:
    case 7:
        return replace_by_statement(text, size, most, (span){line.from, line.from}, by);
    case 8:
        return wrap_all(text, size, most, by);
    case 9:
        return replace_by_copy(text, size, most, any_word(text, size, by), any_word(text, size, by));
    default:
        word = words[dice_below(by, FUZZ_COUNT(words))];
        return replace(text, size, most, any_word(text, size, by), word, strlen(word));
    }
}

/* Statements of the outermost level, in turn. */
size_t grammar_cross(const char *a, size_t a_size, const char *b, size_t b_size, char *out, size_t most,
                     dice *by) {
    size_t at_a = 0, at_b = 0, size = 0;
    while (at_a < a_size || at_b < b_size) {
        const bool from_b = at_a >= a_size || (at_b < b_size && dice_once_in(by, 2));
        const char *text = from_b ? b : a;
        size_t *at = from_b ? &at_b : &at_a;
        span whole = statement_from(text, from_b ? b_size : a_size, *at);
        if (whole.to <= *at)
            whole = line_around(text, from_b ? b_size : a_size, *at);
        if (whole.to - *at > most - size)
            break;
        /* Now and then one is left out, or the programs would only grow; and nothing can stand behind a return. */
        const bool returns = whole.to - *at > 6 && memcmp(text + *at, "return", 6) == 0;
        if (!dice_once_in(by, 3) && !returns) {
            memcpy(out + size, text + *at, whole.to - *at);
            size += whole.to - *at;
        }
        *at = whole.to;
    }
    return size;
}
