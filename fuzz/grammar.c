/* Making programs. See grammar.h; changing them is in mutate.c.
 *
 * The programs share a handful of names, which a prelude gives values of every type: so that an expression that is made
 * of names alone is usually not an error, and that values meet operators they were not meant for. Depth is bounded by a
 * fuel that every step burns, so that a program's size is too. */
#include "grammar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

typedef struct maker {
    script *to;
    dice *by;
    int fuel; /* constructs that may still be made; below 0 all is simple */
    int depth;
    int loops;    /* around, in the same function, that `continue` can be said in */
    bool varargs; /* `...` is there */
} maker;

enum { DEPTH_MOST = 7 };

static size_t below(maker *m, size_t n) {
    return dice_below(m->by, n);
}

static bool once_in(maker *m, size_t n) {
    return dice_once_in(m->by, n);
}

static void put(maker *m, const char *text) {
    const size_t size = strlen(text);
    if (size > m->to->room - m->to->size)
        return;
    memcpy(m->to->text + m->to->size, text, size);
    m->to->size += size;
}

__attribute__((format(printf, 2, 3))) static void put_format(maker *m, const char *format, ...) {
    char text[160];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    put(m, text);
}

#define PICK(m, list) ((list)[below(m, FUZZ_COUNT(list))])

static const char *word(maker *m, words kind) {
    return words_pick(kind, m->by);
}

static const words_name *pick_name(maker *m) {
    return words_pick_name(m->by);
}

static void put_name(maker *m, const words_name *which) {
    put(m, which->library);
    put(m, which->library[0] != '\0' ? "." : "");
    put(m, which->name);
}

/* --- Expressions ---------------------------------------------------------------------------------------------- */

static void expression(maker *m);
static void block(maker *m, size_t most);

/* Makes something that stands in a function(...) of its own. */
static void inner(maker *m, void (*make)(maker *m)) {
    const maker outside = *m;
    m->loops = 0;
    m->varargs = true;
    make(m);
    m->loops = outside.loops;
    m->varargs = outside.varargs;
}

static void expressions(maker *m, size_t most) {
    const size_t count = below(m, most + 1);
    for (size_t i = 0; i < count; i++) {
        put(m, i > 0 ? ", " : "");
        expression(m);
    }
}

static void variable(maker *m) {
    put(m, word(m, WORDS_VARIABLES));
}

/* What can stand before a call or an index, and be assigned to. */
static void place(maker *m) {
    variable(m);
    while (once_in(m, 3)) {
        if (once_in(m, 2)) {
            put(m, ".");
            put(m, word(m, WORDS_FIELDS));
        } else {
            put(m, "[ ");
            expression(m);
            put(m, "]");
        }
    }
}

static void function_body(maker *m) {
    static const char *const parameters[] = {"()", "(...)", "(a)", "(a, b)", "(t, ...)", "(s, n)", "(_ENV)"};
    const maker outside = *m;
    const char *picked = PICK(m, parameters);
    put(m, picked);
    put(m, "\n");
    m->loops = 0;
    m->varargs = strstr(picked, "...") != NULL;
    block(m, 3);
    if (once_in(m, 2)) {
        put(m, "return ");
        expressions(m, 2);
        put(m, "\n");
    }
    m->loops = outside.loops;
    m->varargs = outside.varargs;
    put(m, "end");
}

static void function(maker *m) {
    put(m, "function");
    function_body(m);
}

static void table_constructor(maker *m) {
    const size_t count = below(m, 5);
    put(m, "{");
    for (size_t i = 0; i < count; i++) {
        switch (below(m, 4)) {
        case 0:
            put_format(m, "%s = ", word(m, WORDS_FIELDS));
            break;
        case 1:
            put(m, "[ ");
            expression(m);
            put(m, "] = ");
            break;
        default:
            break;
        }
        expression(m);
        put(m, once_in(m, 5) ? ";" : ", ");
    }
    put(m, "}");
}

static void metatable(maker *m) {
    const size_t count = 1 + below(m, 4);
    put(m, "{");
    for (size_t i = 0; i < count; i++) {
        const char *event = word(m, WORDS_EVENTS);
        put_format(m, "%s = ", event);
        if (strcmp(event, "__mode") == 0)
            put(m, word(m, WORDS_OPTIONS));
        else if (once_in(m, 3))
            variable(m);
        else if (once_in(m, 6))
            put_name(m, pick_name(m));
        else
            function(m);
        put(m, ", ");
    }
    put(m, "}");
}

static void number(maker *m) {
    if (once_in(m, 4))
        put_format(m, "%lld", (long long)(int64_t)(dice_roll(m->by) >> below(m, 64)));
    else
        put(m, word(m, WORDS_NUMBERS));
}

/* A list of arguments as the function's library might expect, or not. */
typedef void (*argument_maker)(maker *m);

static void pick_pattern(maker *m) {
    put(m, word(m, WORDS_PATTERNS));
}
static void pick_string(maker *m) {
    put(m, word(m, WORDS_STRINGS));
}
static void pick_format(maker *m) {
    put(m, word(m, WORDS_FORMATS));
}
static void pick_pack(maker *m) {
    put(m, word(m, WORDS_PACKS));
}
static void pick_date(maker *m) {
    put(m, word(m, WORDS_DATES));
}
static void pick_option(maker *m) {
    put(m, word(m, WORDS_OPTIONS));
}
static void pick_library(maker *m) {
    put(m, word(m, WORDS_LIBRARIES));
}
static void pick_table(maker *m) {
    if (once_in(m, 2))
        put(m, once_in(m, 2) ? "t" : "u");
    else
        table_constructor(m);
}
static void pick_function(maker *m) {
    if (once_in(m, 3))
        put(m, once_in(m, 2) ? "f" : "g");
    else if (once_in(m, 3))
        put_name(m, pick_name(m));
    else
        function(m);
}
static void pick_coroutine(maker *m) {
    if (once_in(m, 2)) {
        put(m, "co");
    } else {
        put(m, "coroutine.create(");
        pick_function(m);
        put(m, ")");
    }
}
static void pick_source(maker *m) {
    if (once_in(m, 4))
        pick_function(m);
    else
        put(m, word(m, WORDS_SOURCES));
}

/* What the arguments of a name like best: first match. */
static const struct {
    const char *library, *name; /* "": every name of the library */
    argument_maker first, second, third;
} tastes[] = {
    {"string", "format", pick_format, expression, expression},
    {"string", "pack", pick_pack, number, pick_string},
    {"string", "packsize", pick_pack, NULL, NULL},
    {"string", "unpack", pick_pack, pick_string, number},
    {"string", "find", pick_string, pick_pattern, number},
    {"string", "match", pick_string, pick_pattern, number},
    {"string", "gmatch", pick_string, pick_pattern, number},
    {"string", "gsub", pick_string, pick_pattern, expression},
    {"string", "char", number, number, number},
    {"string", "", pick_string, number, number},
    {"table", "sort", pick_table, pick_function, NULL},
    {"table", "concat", pick_table, pick_string, number},
    {"table", "pack", expression, expression, expression},
    {"table", "", pick_table, number, number},
    {"math", "", number, number, NULL},
    {"utf8", "char", number, number, number},
    {"utf8", "", pick_string, number, number},
    {"os", "date", pick_date, number, NULL},
    {"os", "", pick_table, number, NULL},
    {"coroutine", "create", pick_function, NULL, NULL},
    {"coroutine", "wrap", pick_function, NULL, NULL},
    {"coroutine", "", pick_coroutine, expression, expression},
    {"host", "fail", number, expression, NULL},
    {"host", "walk", pick_table, expression, NULL},
    {"host", "", expression, expression, expression},
    {"", "load", pick_source, pick_string, pick_option},
    {"", "setmetatable", pick_table, metatable, NULL},
    {"", "getmetatable", expression, NULL, NULL},
    {"", "pcall", pick_function, expression, expression},
    {"", "xpcall", pick_function, pick_function, expression},
    {"", "select", number, expression, expression},
    {"", "collectgarbage", pick_option, number, NULL},
    {"", "require", pick_library, NULL, NULL},
    {"", "tonumber", pick_string, number, NULL},
    {"", "error", expression, number, NULL},
    {"", "warn", pick_string, pick_string, NULL},
    {"", "", pick_table, expression, expression},
};

static void arguments_of(maker *m, const words_name *which) {
    size_t i = 0;
    while (strcmp(tastes[i].library, which->library) != 0 ||
           (tastes[i].name[0] != '\0' && strcmp(tastes[i].name, which->name) != 0)) {
        /* A library without a line has the arguments of the last. */
        if (++i == FUZZ_COUNT(tastes) - 1)
            break;
    }
    const argument_maker makers[] = {tastes[i].first, tastes[i].second, tastes[i].third};
    for (size_t k = 0; k < FUZZ_COUNT(makers) && makers[k] != NULL && !(k > 0 && once_in(m, 5)); k++) {
        put(m, k > 0 ? ", " : "");
        if (once_in(m, 8))
            expression(m);
        else
            makers[k](m);
    }
    if (m->varargs && once_in(m, 20))
        put(m, ", ...");
}

static void library_call(maker *m) {
    const words_name *which = pick_name(m);
    put_name(m, which);
    put(m, "(");
    arguments_of(m, which);
    put(m, ")");
}

static void protected_call(maker *m) {
    const words_name *which = pick_name(m);
    if (once_in(m, 3)) {
        put(m, "pcall(");
        pick_function(m);
        put(m, ")");
        return;
    }
    put(m, "pcall(");
    put_name(m, which);
    put(m, ", ");
    arguments_of(m, which);
    put(m, ")");
}

static void method_call(maker *m) {
    static const char *const methods[] = {"rep",    "sub", "byte",  "find", "gsub",
                                          "format", "len", "upper", "x",    "f"};
    put(m, once_in(m, 2) ? "s" : word(m, WORDS_VARIABLES));
    put_format(m, ":%s(", PICK(m, methods));
    expressions(m, 3);
    put(m, ")");
}

static void call(maker *m) {
    switch (below(m, 6)) {
    case 0:
        place(m);
        put(m, "(");
        expressions(m, 3);
        put(m, ")");
        break;
    case 1:
        method_call(m);
        break;
    case 2:
        protected_call(m);
        break;
    default:
        library_call(m);
    }
}

static void operation(maker *m) {
    put(m, "(");
    if (once_in(m, 4)) {
        put(m, word(m, WORDS_UNARIES));
        expression(m);
    } else {
        expression(m);
        put_format(m, " %s ", word(m, WORDS_OPERATORS));
        expression(m);
    }
    put(m, ")");
}

static void simple(maker *m) {
    switch (below(m, 8)) {
    case 0:
        number(m);
        break;
    case 1:
        put(m, word(m, WORDS_STRINGS));
        break;
    case 2:
        put(m, once_in(m, 2) ? "nil" : once_in(m, 2) ? "true" : "false");
        break;
    case 3:
        put_name(m, pick_name(m));
        break;
    case 4:
        put(m, m->varargs ? "..." : "nil");
        break;
    default:
        place(m);
    }
}

static void expression(maker *m) {
    if (m->fuel-- <= 0 || m->depth >= DEPTH_MOST) {
        variable(m);
        return;
    }
    m->depth++;
    switch (below(m, 16)) {
    case 0:
    case 1:
        operation(m);
        break;
    case 2:
    case 3:
    case 4:
        call(m);
        break;
    case 5:
        table_constructor(m);
        break;
    case 6:
        function(m);
        break;
    case 7:
        put(m, "setmetatable(");
        pick_table(m);
        put(m, ", ");
        metatable(m);
        put(m, ")");
        break;
    case 8:
        operation(m);
        break;
    default:
        simple(m);
    }
    m->depth--;
}

/* --- Statements ----------------------------------------------------------------------------------------------- */

static void assignment(maker *m) {
    place(m);
    if (once_in(m, 5)) {
        put(m, ", ");
        place(m);
    }
    put(m, " = ");
    expression(m);
    if (once_in(m, 5)) {
        put(m, ", ");
        expression(m);
    }
}

static void local(maker *m) {
    put(m, "local ");
    if (once_in(m, 12)) {
        /* No name that anything is assigned to. */
        put(m, once_in(m, 2) ? "k <const> = " : "k <close> = ");
        expression(m);
        return;
    }
    variable(m);
    if (once_in(m, 4)) {
        put(m, ", ");
        variable(m);
    }
    put(m, " = ");
    expression(m);
}

static void closing(maker *m) {
    put(m, "local k <close> = setmetatable({}, {__close = ");
    pick_function(m);
    put(m, "})");
}

static void loop_head(maker *m) {
    switch (below(m, 7)) {
    case 0:
        put(m, "for a, b in pairs(");
        pick_table(m);
        put(m, ") do");
        break;
    case 1:
        put(m, "for a, b in ipairs(");
        pick_table(m);
        put(m, ") do");
        break;
    case 2:
        put(m, "for a, b in string.gmatch(");
        pick_string(m);
        put(m, ", ");
        pick_pattern(m);
        put(m, ") do");
        break;
    case 3:
        put(m, "for a, b in ");
        variable(m);
        put(m, ", ");
        expression(m);
        put(m, " do");
        break;
    case 4:
        put(m, "while ");
        expression(m);
        put(m, " do");
        break;
    default:
        put_format(m, "for n = %zu, %zu do", below(m, 3), below(m, once_in(m, 8) ? 5000 : 20));
    }
    put(m, "\n");
}

static void loop(maker *m) {
    if (once_in(m, 8)) {
        put(m, "for n = ");
        number(m);
        put(m, ", ");
        number(m);
        put(m, ", ");
        number(m);
        put(m, " do\n");
    } else {
        loop_head(m);
    }
    m->loops++;
    block(m, 4);
    if (once_in(m, 3))
        put(m, "break\n");
    m->loops--;
    put(m, "::continue:: end");
}

static void repeat(maker *m) {
    const int loops = m->loops;
    put(m, "repeat\n");
    m->loops = 0;
    block(m, 3);
    m->loops = loops;
    put(m, "until ");
    expression(m);
}

static void condition(maker *m) {
    put(m, "if ");
    expression(m);
    put(m, " then\n");
    block(m, 3);
    if (once_in(m, 3)) {
        put(m, "elseif ");
        expression(m);
        put(m, " then\n");
        block(m, 2);
    }
    if (once_in(m, 2)) {
        put(m, "else\n");
        block(m, 2);
    }
    put(m, "end");
}

/* Labels are numbered by chance: seldom twice the same. */
static void jump(maker *m) {
    const size_t which = below(m, 100000);
    switch (below(m, 3)) {
    case 0:
        put_format(m, "do goto l%zu\n", which);
        block(m, 2);
        put_format(m, "::l%zu:: end", which);
        break;
    case 1:
        put_format(m, "do local n = 0 ::l%zu:: n = n + 1\n", which);
        block(m, 2);
        put_format(m, "if n < %zu then goto l%zu end end", below(m, 20), which);
        break;
    default:
        put(m, m->loops > 0 ? "goto continue" : ";");
    }
}

static void two_statements(maker *m) {
    block(m, 2);
}

static void coroutine(maker *m) {
    switch (below(m, 5)) {
    case 0:
        put(m, "co = coroutine.create(");
        pick_function(m);
        put(m, ")");
        break;
    case 1:
        put(m, "co = coroutine.wrap(function(...)\n");
        inner(m, two_statements);
        put(m, "a = coroutine.yield(...)\n");
        inner(m, two_statements);
        put(m, "end)");
        break;
    case 2:
        put(m, "pcall(coroutine.close, co)");
        break;
    case 3:
        put(m, "pcall(coroutine.resume, co, ");
        expression(m);
        put(m, ")");
        break;
    default:
        put(m, "pcall(co, ");
        expression(m);
        put(m, ")");
    }
}

/* Errors inside protected calls inside handlers; deep recursion; much of one thing. */
static void storm(maker *m) {
    switch (below(m, 8)) {
    case 0:
        put(m, "pcall(xpcall, f, error, g)");
        break;
    case 1:
        put(m, "xpcall(error, function(e, ...)\n");
        inner(m, two_statements);
        put(m, "error(e) end, t)");
        break;
    case 2:
        put(m, "local function r(...) return r(...) + 1 end pcall(r, ");
        expression(m);
        put(m, ")");
        break;
    case 3:
        put(m, "local function r(n) return pcall(r, n + 1) end r(0)");
        break;
    case 4:
        put_format(m, "for n = 1, %zu do t[n] = ", 1 + below(m, once_in(m, 10) ? 3000 : 100));
        expression(m);
        put(m, " end");
        break;
    case 5:
        put_format(m, "for n = 1, %zu do s = s .. ", 1 + below(m, 60));
        expression(m);
        put(m, " end");
        break;
    case 6:
        put_format(m, "while true do pcall(");
        pick_function(m);
        put(m, ") end");
        break;
    default:
        put_format(m, "pcall(table.unpack, t, 1, %zu)", below(m, 300));
    }
}

static void one_statement(maker *m) {
    switch (below(m, 24)) {
    case 0:
    case 1:
    case 2:
        local(m);
        break;
    case 3:
    case 4:
    case 5:
        assignment(m);
        break;
    case 6:
    case 7:
        loop(m);
        break;
    case 8:
        repeat(m);
        break;
    case 9:
    case 10:
        condition(m);
        break;
    case 11:
        put(m, once_in(m, 2) ? "local function f" : "function g");
        function_body(m);
        break;
    case 12:
        jump(m);
        break;
    case 13:
        closing(m);
        break;
    case 14:
        coroutine(m);
        break;
    case 15:
        storm(m);
        break;
    case 16:
        put(m, "setmetatable(");
        pick_table(m);
        put(m, ", ");
        metatable(m);
        put(m, ")");
        break;
    case 17:
        put(m, "print(");
        expressions(m, 3);
        put(m, ")");
        break;
    default:
        call(m);
    }
}

static void statement(maker *m) {
    if (m->fuel-- <= 0 || m->depth >= DEPTH_MOST) {
        put(m, "a = b\n");
        return;
    }
    m->depth++;
    /* Many are protected, so that a program gets further than to its first mistake. */
    if (once_in(m, 2)) {
        put(m, "pcall(function(...) ");
        inner(m, one_statement);
        put(m, " end)\n");
    } else {
        one_statement(m);
        put(m, "\n");
    }
    m->depth--;
}

static void block(maker *m, size_t most) {
    const size_t count = below(m, most + 1);
    for (size_t i = 0; i < count; i++)
        statement(m);
}

static void prelude(maker *m) {
    static const char *const values[] = {"nil", "1", "2.5", "'x'", "{}", "{1, 2, 3}", "print", "true"};
    put(m, "local a, b, c, d = ");
    for (int i = 0; i < 4; i++)
        put_format(m, "%s%s", i > 0 ? ", " : "", PICK(m, values));
    put(m, "\nlocal s, n, t, u, mt = 'text', 0, {3, 1, 2, x = 1}, {}, {}\n");
    put(m, "local f, g = function(...) return ... end, print\n");
    if (once_in(m, 3))
        put(m, "local co = coroutine.create(function(...) while true do coroutine.yield(...) end end)\n");
}

void grammar_program(script *to, dice *by) {
    maker m = {
        .to = to, .by = by, .fuel = 5 + (int)dice_below(by, dice_once_in(by, 6) ? 100 : 40), .varargs = true};
    if (!once_in(&m, 10))
        prelude(&m);
    const size_t count = 1 + below(&m, 6);
    for (size_t i = 0; i < count; i++)
        statement(&m);
    if (once_in(&m, 2)) {
        put(&m, "return ");
        expressions(&m, 3);
        put(&m, "\n");
    }
}

void grammar_statement(script *to, dice *by) {
    maker m = {.to = to, .by = by, .fuel = 5 + (int)dice_below(by, 30)};
    if (once_in(&m, 6)) {
        put(&m, "a = ");
        expression(&m);
        put(&m, "\n");
    } else {
        statement(&m);
    }
}
