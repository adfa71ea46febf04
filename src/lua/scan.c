/* What a text may not hold, because of what this release of Lua makes of it. Both defects are in the parser, or in what
 * the parser leaves to be read, so they are met here, before Lua sees the text:
 *
 *   getobjname-recursion  To name what is nil in "attempt to index a nil value (field 'x')" the releases before 5.4.7
 *                         follow a.b.c.x back through all its fields, each one deeper in the C stack. So an expression
 *                         has at most LONGEST_CHAIN fields of fields.
 *   env-const             `local _ENV <const> = 1` makes the releases before 5.4.5 use that number as the number of a
 *                         register (CVE-2022-28805). Distributions have mended it in older ones: whether this Lua has it
 *                         is tried, in a state of its own, with a register that exists.
 *
 * The scan knows tokens, not grammar. It may refuse a text that would have been harmless (a chain whose links are in
 * brackets is counted at its longest); it accepts none that is not, for what it takes for separate chains are no
 * chain to Lua either: an operator, a comma or a keyword lies between them. Texts too short for a chain are not looked
 * at, and those with too few dots and brackets are only counted through. */
#include <pthread.h>
#include <string.h>

#include "lua/internal.h"

enum { LONGEST_CHAIN = 200, DEEPEST_BRACKETS = 250 };
enum { FOLLOWS_NO_FIELDS = 50407, MENDED_ENV = 50405 };

static bool knows_chains, knows_env; /* whether the Lua at hand bears these */

/* --- What the Lua at hand bears --- */

/* A Lua with the defect takes the constant 0 for register 0, where the table is, and finds nil; one without it
 * raises an error for indexing a number. */
static bool bears_constant_env(void) {
    static const char TEXT[] = "local t = {} local _ENV <const> = 0 return x";
    lua_State *L = luaL_newstate();
    if (!L)
        return false;
    bool bears = luaL_loadstring(L, TEXT) == LUA_OK && lua_pcall(L, 0, 0, 0) != LUA_OK;
    lua_close(L);
    return bears;
}

static void watch(void) {
    knows_chains = ln_lua_release_number() >= FOLLOWS_NO_FIELDS;
    knows_env = ln_lua_release_number() >= MENDED_ENV || bears_constant_env();
}

void ln_scan_watch(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
}

bool ln_scan_minds_env(void) {
    ln_scan_watch();
    return !knows_env;
}

/* --- Tokens --- */

struct scan {
    const char *at, *end;
    unsigned depth;                        /* open brackets */
    unsigned chains[DEEPEST_BRACKETS + 1]; /* at each depth: links since the chain's beginning */
    unsigned env;                          /* how much of `_ENV < const >` has been seen */
};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_word(struct scan *scan) {
    while (scan->at < scan->end && (is_letter(*scan->at) || is_digit(*scan->at)))
        scan->at++;
}

/* "1.5e3": the dots are no links. Signs of exponents are left to be operators. */
static void skip_number(struct scan *scan) {
    while (scan->at < scan->end && (is_letter(*scan->at) || is_digit(*scan->at) || *scan->at == '.'))
        scan->at++;
}

/* Behind a backslash: "\z" skips all space, and a line may end in two bytes. */
static void skip_escape(struct scan *scan) {
    char c = *scan->at++;
    if (c == 'z')
        while (scan->at < scan->end && is_space(*scan->at))
            scan->at++;
    else if ((c == '\n' || c == '\r') && scan->at < scan->end && *scan->at == (c == '\n' ? '\r' : '\n'))
        scan->at++;
}

/* Up to the same quote, or the end of the line, where Lua will complain. */
static void skip_string(struct scan *scan) {
    char quote = *scan->at++;
    while (scan->at < scan->end && *scan->at != '\n' && *scan->at != '\r') {
        char c = *scan->at++;
        if (c == quote)
            return;
        if (c == '\\' && scan->at < scan->end)
            skip_escape(scan);
    }
}

/* At a '[': past a long bracket, if it is one. */
static bool skip_long(struct scan *scan) {
    const char *at = scan->at + 1;
    size_t level = 0;
    for (; at < scan->end && *at == '='; at++)
        level++;
    if (at == scan->end || *at != '[')
        return false;
    while ((at = memchr(at, ']', (size_t)(scan->end - at)))) {
        const char *close = at + 1;
        while (close < scan->end && *close == '=' && (size_t)(close - at) <= level)
            close++;
        if (close < scan->end && *close == ']' && (size_t)(close - at) == level + 1) {
            scan->at = close + 1;
            return true;
        }
        at++;
    }
    scan->at = scan->end;
    return true;
}

static void skip_comment(struct scan *scan) {
    scan->at += 2;
    if (scan->at < scan->end && *scan->at == '[' && skip_long(scan))
        return;
    while (scan->at < scan->end && *scan->at != '\n' && *scan->at != '\r')
        scan->at++;
}

/* --- Chains --- */

static unsigned *chain(struct scan *scan) {
    return &scan->chains[scan->depth < DEEPEST_BRACKETS ? scan->depth : DEEPEST_BRACKETS];
}

static void open_bracket(struct scan *scan) {
    scan->depth++;
    *chain(scan) = 0;
}

/* What was in the brackets goes on being followed behind them. */
static void close_bracket(struct scan *scan, unsigned links) {
    unsigned inner = *chain(scan);
    if (scan->depth > 0)
        scan->depth--;
    unsigned *outer = chain(scan);
    *outer = (*outer > inner ? *outer : inner) + links;
}

/* A dot: of a field, of a number, or an operator of several. */
static void take_dot(struct scan *scan) {
    const char *next = scan->at + 1;
    if (next < scan->end && is_digit(*next)) {
        *chain(scan) = 0;
        skip_number(scan);
    } else if (next < scan->end && *next == '.') {
        *chain(scan) = 0;
        while (scan->at < scan->end && *scan->at == '.')
            scan->at++;
    } else {
        ++*chain(scan);
        scan->at++;
    }
}

/* A name behind a dot goes on with the chain, as do brackets, strings and colons; one behind anything else has been
 * preceded by an operator, a keyword or another name, and begins one. */
static void take_name(struct scan *scan, bool behind_dot) {
    const char *start = scan->at;
    skip_word(scan);
    size_t size = (size_t)(scan->at - start);
    if (!behind_dot)
        *chain(scan) = 0;
    if (size == 4 && memcmp(start, "_ENV", 4) == 0)
        scan->env = 1;
    else
        scan->env = scan->env == 2 && size == 5 && memcmp(start, "const", 5) == 0 ? 3 : 0;
}

static void take_sign(struct scan *scan) {
    char c = *scan->at++;
    scan->env = (c == '<' && scan->env == 1) || (c == '>' && scan->env == 3) ? scan->env + 1 : 0;
    if (c == '(' || c == '[' || c == '{')
        open_bracket(scan);
    else if (c == ')' || c == ']' || c == '}')
        close_bracket(scan, c == ']');
    else if (c != ':')
        *chain(scan) = 0;
}

static void take_token(struct scan *scan, bool behind_dot) {
    char c = *scan->at;
    if (is_letter(c)) {
        take_name(scan, behind_dot);
        return;
    }
    if (c == '.' || is_digit(c) || c == '"' || c == '\'' || c == '[')
        scan->env = 0;
    if (is_digit(c))
        skip_number(scan);
    else if (c == '.')
        take_dot(scan);
    else if (c == '"' || c == '\'')
        skip_string(scan);
    else if (c != '[' || !skip_long(scan))
        take_sign(scan);
}

static const char *read_tokens(struct scan *scan) {
    bool behind_dot = false;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (is_space(c)) {
            scan->at++;
            continue;
        }
        if (c == '-' && scan->end - scan->at > 1 && scan->at[1] == '-') {
            skip_comment(scan);
            continue;
        }
        take_token(scan, behind_dot);
        behind_dot = c == '.' || c == ':';
        if (!knows_chains && *chain(scan) > LONGEST_CHAIN)
            return "more than 200 fields of fields in one expression";
        if (!knows_env && scan->env == 4)
            return "a constant _ENV";
    }
    return NULL;
}

/* --- Texts --- */

static bool may_have_chain(const char *text, size_t size) {
    size_t links = 0;
    if (knows_chains || size <= (size_t)LONGEST_CHAIN * 2)
        return false;
    for (size_t i = 0; i < size; i++)
        links += text[i] == '.' || text[i] == '[';
    return links > LONGEST_CHAIN;
}

static bool may_have_env(const char *text, size_t size) {
    static const char NAME[] = "_ENV";
    const char *at = text, *end = text + size;
    if (knows_env)
        return false;
    while ((at = memchr(at, NAME[0], (size_t)(end - at)))) {
        if (end - at >= 4 && memcmp(at, NAME, 4) == 0)
            return true;
        at++;
    }
    return false;
}

/* NULL: nothing. Else what Lua must not see, and its line. */
static const char *find_unsafe(const char *text, size_t size, int *line) {
    if (!may_have_chain(text, size) && !may_have_env(text, size))
        return NULL;
    struct scan scan = {.at = text, .end = text + size};
    const char *found = read_tokens(&scan);
    if (!found)
        return NULL;
    *line = 1;
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(scan.at - at))); at++)
        ++*line;
    return found;
}

int ln_scan_load(lua_State *L, const char *text, size_t size, const char *name, const char *mode) {
    int line;
    bool is_text = size > 0 && text[0] != LUA_SIGNATURE[0];
    const char *found =
        is_text && ln_vm_settings(ln_vm_current())->check_texts ? find_unsafe(text, size, &line) : NULL;
    if (!found)
        return luaL_loadbufferx(L, text, size, name, mode);
    char source[LUA_IDSIZE + 1];
    ln_trace_source(name, source, sizeof source);
    lua_pushfstring(L, "%s:%d: %s, which is not safe in Lua %s", source, line, found, ln_lua_release());
    return LUA_ERRSYNTAX;
}
