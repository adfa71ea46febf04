/* What the tests of the Lua backend and of the engine share: a context from a configuration, runs that say why they did
 * not end as they should, the same script in plain Lua, and a walk over everything in a state.
 *
 * The walk and the plain state go behind the public functions, into the engine's and the backend's own structs:
 * nothing a host could do shows that nothing else is there. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../common.h"
#include "engine/engine.h"
#include "lua/internal.h"
#include "lunette.h"

#define MILLISECOND ((uint64_t)1000000)
#define MIB         ((uint64_t)1 << 20)

/* --- What configurations are made of --- */

/* An output function whose user data is a kit_text. */
static inline void kit_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)context;
    kit_add(ud, bytes, size);
}

static inline void kit_warning(void *ud, lunette_context *context, const char *bytes, size_t size,
                               bool more) {
    (void)context;
    kit_add(ud, bytes, size);
    if (!more)
        kit_add(ud, "\n", 1);
}

static inline void kit_no_log(void *ud, const char *line) {
    (void)ud;
    (void)line;
}

/* --- Contexts --- */

static inline lunette_config kit_config(lunette_sandbox level) {
    lunette_config config = lunette_config_default();
    config.sandbox = level;
    config.limits.wall_ns = 20000 * MILLISECOND;
    config.log = kit_no_log;
    return config;
}

/* The engine is closed with the context, by kit_close(). */
static inline lunette_context *kit_open(const lunette_config *config) {
    lunette_engine *engine;
    lunette_context *context;
    lunette_status status = lunette_engine_open(config, &engine);
    if (status != LUNETTE_OK)
        fail_msg("engine: %s", lunette_last_failure());
    status = lunette_context_acquire(engine, &context);
    if (status != LUNETTE_OK)
        fail_msg("context: %s", lunette_last_failure());
    return context;
}

static inline lunette_context *kit_level(lunette_sandbox level) {
    lunette_config config = kit_config(level);
    return kit_open(&config);
}

static inline lunette_context *kit_restricted(void) {
    return kit_level(LUNETTE_SANDBOX_RESTRICTED);
}

/* Can a script be ended at any instruction here, or only where a hook comes by? */
static inline bool kit_interrupts(const lunette_context *context) {
    lunette_engine_info info = {.size = sizeof info};
    assert_int_equal(lunette_engine_info_get(context->engine, &info), LUNETTE_OK);
    return strcmp(info.guard, "signal") == 0;
}

static inline void kit_close(lunette_context *context) {
    lunette_engine *engine = context->engine;
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_null(context);
    lunette_engine_close(&engine);
    assert_null(engine);
}

/* --- Runs --- */

static inline lunette_status kit_run(lunette_context *context, const char *text) {
    return lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, NULL, NULL);
}

static inline void kit_check_status(lunette_context *context, const char *text, lunette_status status,
                                    lunette_status expected, int line) {
    const lunette_error *error = lunette_context_error(context);
    if (status != expected)
        fail_msg("line %d: %s instead of %s (%s)\n%s", line, lunette_status_name(status),
                 lunette_status_name(expected),
                 error        ? error->message
                 : status < 0 ? lunette_last_failure()
                              : "no error",
                 text);
    assert_true((error != NULL) == (status > 0));
}

#define expect_status(context, text, expected) \
    kit_check_status(context, text, kit_run(context, text), expected, __LINE__)
#define expect_ok(context, text) expect_status(context, text, LUNETTE_OK)

/* The results of a run that ends well; the caller's to free. */
static inline lunette_value *kit_results(lunette_context *context, const char *text, int line) {
    lunette_value *results;
    lunette_status status =
        lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, NULL, &results);
    kit_check_status(context, text, status, LUNETTE_OK, line);
    assert_non_null(results);
    assert_int_equal(results->type, LUNETTE_ARRAY);
    return results;
}

/* The first result, which must be a string, copied; the caller's to free. */
static inline char *kit_string(lunette_context *context, const char *text) {
    lunette_value *results = kit_results(context, text, 0);
    const lunette_value *first = lunette_value_at(results, 0);
    char *copy = first && first->type == LUNETTE_STRING ? strdup(first->as.string.bytes) : NULL;
    lunette_value_free(&results);
    if (!copy)
        fail_msg("no string comes from\n%s", text);
    return copy;
}

/* The same in a plain state of the Lua at hand. */
static inline char *kit_plain(const char *text) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    int status = luaL_loadbufferx(L, text, strlen(text), "=test", "t");
    if (status == LUA_OK)
        status = lua_pcall(L, 0, 1, 0);
    char *copy = strdup(lua_tostring(L, -1) ? lua_tostring(L, -1) : "(no string)");
    lua_close(L);
    if (status != LUA_OK)
        fail_msg("plain Lua: %s", copy);
    return copy;
}

/* --- The walk --- */

typedef struct kit_walk {
    bool upvalues;  /* follow those of functions too, which no script can without `debug` */
    bool addresses; /* write them */
    bool registry;  /* begin there, and not only at the globals and the metatable of strings */
    kit_text text;  /* one line a thing, sorted when done */
    const void **seen;
    size_t seen_count, seen_room;
} kit_walk;

static inline bool kit_seen(kit_walk *walk, const void *thing) {
    for (size_t i = 0; i < walk->seen_count; i++)
        if (walk->seen[i] == thing)
            return true;
    if (walk->seen_count == walk->seen_room) {
        walk->seen_room = 2 * walk->seen_room + 64;
        walk->seen = realloc(walk->seen, walk->seen_room * sizeof *walk->seen);
    }
    walk->seen[walk->seen_count++] = thing;
    return false;
}

static inline void kit_walk_line(kit_walk *walk, const char *path, const char *what, const void *address) {
    char line[400];
    int size = walk->addresses ? snprintf(line, sizeof line, "%s %s %p\n", path, what, address)
                               : snprintf(line, sizeof line, "%s %s\n", path, what);
    kit_add(&walk->text, line, (size_t)size);
}

static inline void kit_walk_value(kit_walk *walk, lua_State *L, const char *path);

static inline void kit_walk_key(lua_State *L, const char *path, char *to, size_t size) {
    const char *dot = *path ? "." : "";
    switch (lua_type(L, -2)) {
    case LUA_TSTRING:
        snprintf(to, size, "%s%s%.40s", path, dot, lua_tostring(L, -2));
        return;
    case LUA_TNUMBER:
        snprintf(to, size, "%s[%.14g]", path, lua_tonumber(L, -2));
        return;
    default:
        snprintf(to, size, "%s[%s]", path, luaL_typename(L, -2));
    }
}

static inline void kit_walk_table(kit_walk *walk, lua_State *L, const char *path) {
    char inner[300];
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        kit_walk_key(L, path, inner, sizeof inner);
        kit_walk_value(walk, L, inner);
        lua_pop(L, 1);
    }
}

static inline void kit_walk_upvalues(kit_walk *walk, lua_State *L, const char *path) {
    char inner[300];
    for (int i = 1; walk->upvalues && lua_getupvalue(L, -1, i); i++) {
        snprintf(inner, sizeof inner, "%s^%d", path, i);
        kit_walk_value(walk, L, inner);
        lua_pop(L, 1);
    }
}

/* The value on top of the stack, which stays there. */
static inline void kit_walk_value(kit_walk *walk, lua_State *L, const char *path) {
    char what[100];
    int type = lua_type(L, -1);
    if (type == LUA_TSTRING)
        snprintf(what, sizeof what, "%.80s", lua_tostring(L, -1));
    else if (type == LUA_TNUMBER)
        snprintf(what, sizeof what, "%.17g", lua_tonumber(L, -1));
    else
        snprintf(what, sizeof what, "%s", luaL_typename(L, -1));
    for (char *at = what; (at = strchr(at, '\n'));)
        *at = ' ';
    const void *address = type > LUA_TSTRING ? lua_topointer(L, -1) : NULL;
    kit_walk_line(walk, path, what, address);
    if (!address || kit_seen(walk, address) || !lua_checkstack(L, 8))
        return;
    if (type == LUA_TTABLE)
        kit_walk_table(walk, L, path);
    if (type == LUA_TFUNCTION)
        kit_walk_upvalues(walk, L, path);
    if ((type == LUA_TTABLE || type == LUA_TUSERDATA) && lua_getmetatable(L, -1)) {
        char inner[300];
        snprintf(inner, sizeof inner, "%s<metatable>", path);
        kit_walk_value(walk, L, inner);
        lua_pop(L, 1);
    }
}

static inline int kit_walk_state(lua_State *L) {
    kit_walk *walk = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    kit_walk_value(walk, L, "");
    lua_pushliteral(L, "");
    if (lua_getmetatable(L, -1))
        kit_walk_value(walk, L, "(string)");
    if (walk->registry) {
        lua_pushvalue(L, LUA_REGISTRYINDEX);
        kit_walk_value(walk, L, "(registry)");
    }
    return 0;
}

static inline int kit_compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void kit_sort_lines(kit_text *text) {
    size_t count = 0, i = 0;
    for (size_t k = 0; k < text->size; k++)
        count += text->bytes[k] == '\n';
    if (count == 0)
        return;
    char **lines = malloc(count * sizeof *lines), *copy = strdup(text->bytes);
    for (char *line = strtok(copy, "\n"); line && i < count; line = strtok(NULL, "\n"))
        lines[i++] = line;
    qsort(lines, i, sizeof *lines, kit_compare_lines);
    text->size = 0;
    for (size_t k = 0; k < i; k++) {
        kit_add(text, lines[k], strlen(lines[k]));
        kit_add(text, "\n", 1);
    }
    free(lines);
    free(copy);
}

/* Walks over a context's state and leaves it as new. The text is the caller's to clear. */
static inline kit_text kit_walk_context(lunette_context *context, bool registry, bool upvalues,
                                        bool addresses) {
    static const ln_budget UNLIMITED;
    kit_walk walk = {.registry = registry, .upvalues = upvalues, .addresses = addresses};
    int status;
    ln_end end = ln_vm_enter(ln_vm_of(context->vm), &UNLIMITED, kit_walk_state, &walk, &status);
    free(walk.seen);
    assert_int_equal(end, LN_END_FINISHED);
    assert_int_equal(status, LUA_OK);
    context->vm->pristine = false;
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    kit_sort_lines(&walk.text);
    return walk.text;
}

/* Fails, naming the first lines that differ. */
static inline void kit_assert_same_lines(const char *actual, const char *expected, const char *about) {
    while (*actual && *expected) {
        size_t a = strcspn(actual, "\n"), b = strcspn(expected, "\n");
        if (a != b || memcmp(actual, expected, a) != 0)
            fail_msg("%s: '%.*s' instead of '%.*s'", about, (int)a, actual, (int)b, expected);
        actual += a + (actual[a] != '\0');
        expected += b + (expected[b] != '\0');
    }
    if (*actual || *expected)
        fail_msg("%s: '%.60s' %s", about, *actual ? actual : expected, *actual ? "too much" : "missing");
}

#endif
