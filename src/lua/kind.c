#include "lua/kind.h"

#include <stdatomic.h>
#include <string.h>

#include "lua/internal.h"

/* --- Who raised it --- */

/* error and assert of the Lua that is loaded. */
static _Atomic(lua_CFunction) raisers[2];

void ln_kind_learn(lua_State *L) {
    static const char *const NAMES[] = {"error", "assert"};
    lua_pushglobaltable(L);
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        lua_getfield(L, -1, NAMES[i]);
        lua_CFunction function = lua_tocfunction(L, -1);
        if (function)
            atomic_store_explicit(&raisers[i], function, memory_order_relaxed);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The handler is level 0; whoever raised the error is level 1. */
static bool raised_by_script(lua_State *L) {
    lua_Debug ar;
    if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "f", &ar))
        return false;
    lua_CFunction function = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    for (size_t i = 0; function && i < LN_COUNT(raisers); i++)
        if (function == atomic_load_explicit(&raisers[i], memory_order_relaxed))
            return true;
    return false;
}

lunette_error_kind ln_kind_of_error(lua_State *L, const char *message) {
    return raised_by_script(L) ? LUNETTE_ERROR_GENERIC : ln_kind_of_words(message);
}

/* --- What it says --- */

enum where { BEGINS, HOLDS };

/* The first rule that fits decides. The words are those of ldebug.c, lvm.c, lauxlib.c and the libraries, of all 5.4, and
 * our own. */
static const struct rule {
    enum where where;
    const char *begins; /* and it begins with this; "": with anything */
    const char *words;
    lunette_error_kind kind;
} RULES[] = {
    {HOLDS, "", "not permitted", LUNETTE_ERROR_PERMISSION},
    {HOLDS, "", "not available in this sandbox", LUNETTE_ERROR_PERMISSION},
    {HOLDS, "", "leads out of the folder", LUNETTE_ERROR_PERMISSION},
    {HOLDS, "module '", "' is not allowed in this sandbox", LUNETTE_ERROR_PERMISSION},
    {HOLDS, "module '", "' not found", LUNETTE_ERROR_MODULE},
    {HOLDS, "module '", "' is not registered", LUNETTE_ERROR_MODULE},
    {BEGINS, "", "error loading module '", LUNETTE_ERROR_MODULE},
    {BEGINS, "", "loop in require: ", LUNETTE_ERROR_MODULE},
    {BEGINS, "", "attempt to perform 'n", LUNETTE_ERROR_RANGE},
    {BEGINS, "", "attempt to divide by zero", LUNETTE_ERROR_RANGE},
    {HOLDS, "attempt to compare ", "nil", LUNETTE_ERROR_REFERENCE},
    {BEGINS, "", "attempt to compare ", LUNETTE_ERROR_TYPE},
    {HOLDS, "attempt to ", " a nil value", LUNETTE_ERROR_REFERENCE},
    {BEGINS, "", "attempt to index ", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "attempt to call ", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "attempt to concatenate ", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "attempt to get length of ", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "attempt to perform arithmetic on ", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "attempt to perform bitwise operation on ", LUNETTE_ERROR_TYPE},
    {HOLDS, "'for' ", " must be a number", LUNETTE_ERROR_TYPE},
    {HOLDS, "bad 'for' ", " expected, got ", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "'for' step is zero", LUNETTE_ERROR_RANGE},
    {HOLDS, "", "no integer representation", LUNETTE_ERROR_RANGE},
    {HOLDS, "bad argument #", " expected, got ", LUNETTE_ERROR_TYPE},
    {HOLDS, "bad argument #", "value expected", LUNETTE_ERROR_TYPE},
    {BEGINS, "", "calling '", LUNETTE_ERROR_TYPE},
    {HOLDS, "", "out of range", LUNETTE_ERROR_RANGE},
    {HOLDS, "", "out of bounds", LUNETTE_ERROR_RANGE},
    {HOLDS, "", "out of limits", LUNETTE_ERROR_RANGE},
    {HOLDS, "bad argument #", "too large", LUNETTE_ERROR_RANGE},
    {HOLDS, "bad argument #", "too long", LUNETTE_ERROR_RANGE},
    {HOLDS, "bad argument #", "interval is empty", LUNETTE_ERROR_RANGE},
    {BEGINS, "", "resulting string too large", LUNETTE_ERROR_RANGE},
    {BEGINS, "", "string slice too long", LUNETTE_ERROR_RANGE},
    {BEGINS, "", "string length overflow", LUNETTE_ERROR_RANGE},
    {BEGINS, "", "table overflow", LUNETTE_ERROR_RANGE},
    {BEGINS, "", "too many results to unpack", LUNETTE_ERROR_RANGE},
    {HOLDS, "", "stack overflow", LUNETTE_ERROR_RANGE},
};

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool fits(const struct rule *rule, const char *message) {
    if (!begins_with(message, rule->begins))
        return false;
    return rule->where == BEGINS ? begins_with(message, rule->words) : strstr(message, rule->words) != NULL;
}

/* Behind "chunk:line: ", which errors bring along that passed through coroutine.wrap; at most a few times. */
static const char *behind_places(const char *message) {
    for (int i = 0; i < 4; i++) {
        const char *colon = strchr(message, ':');
        size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
        if (digits == 0 || !begins_with(colon + 1 + digits, ": "))
            break;
        message = colon + digits + 3;
    }
    return message;
}

lunette_error_kind ln_kind_of_words(const char *message) {
    message = behind_places(message);
    for (size_t i = 0; i < LN_COUNT(RULES); i++)
        if (fits(&RULES[i], message))
            return RULES[i].kind;
    return LUNETTE_ERROR_GENERIC;
}

/* --- Columns --- */

static bool is_word(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_';
}

/* What stands between "near '" and the last "'". */
static const char *find_token(const char *message, size_t *size) {
    static const char NEAR[] = " near '";
    const char *last = NULL, *found = message;
    while ((found = strstr(found, NEAR)))
        last = found += sizeof NEAR - 1;
    size_t length = last ? strlen(last) : 0;
    if (length < 2 || last[length - 1] != '\'')
        return NULL;
    *size = length - 1;
    return last;
}

/* A name or a number is meant as a whole. */
static bool stands_at(const char *line, size_t size, size_t at, const char *token, size_t length) {
    if (memcmp(line + at, token, length) != 0)
        return false;
    bool joined_before = at > 0 && is_word(line[at - 1]) && is_word(token[0]);
    bool joined_behind = at + length < size && is_word(line[at + length]) && is_word(token[length - 1]);
    return !joined_before && !joined_behind;
}

int ln_kind_column(const char *text, size_t size, int line, const char *message) {
    size_t length = 0, found = 0, count = 0;
    const char *token = find_token(message, &length), *end = text + size;
    for (int i = 1; token && i < line; i++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline)
            return 0;
        text = newline + 1;
    }
    if (!token || line < 1)
        return 0;
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    size = (size_t)((newline ? newline : end) - text);
    for (size_t at = 0; at + length <= size && count < 2; at++)
        if (stands_at(text, size, at, token, length)) {
            found = at;
            count++;
        }
    return count == 1 && found < INT32_MAX ? (int)found + 1 : 0;
}
