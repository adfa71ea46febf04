#include "sides.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdlib.h>

#include <lunette.h>

#include "bench.h"
#include "plain.h"

/* --- What a script printed, as one number (FNV-1a) ----------------------------------------------------------- */

static const uint64_t NOTHING = UINT64_C(0xcbf29ce484222325);

static uint64_t printed;

static void add_printed(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printed = (printed ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
}

/* --- Lunette ------------------------------------------------------------------------------------------------- */

struct lunette_ud {
    const bench_script *script;
    lunette_context *context;
    lunette_value argument;
    lunette_run_options options;
};

static void on_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    add_printed(bytes, size);
}

void *bench_lunette_open(const void *arg) {
    struct lunette_ud *side = calloc(1, sizeof *side);
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    if (!side)
        bench_fail("no memory");
    side->script = arg;
    config.output = on_output;
    config.limits.memory = side->script->memory;
    config.limits.wall_ns = side->script->wall_ns;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK ||
        lunette_context_acquire(engine, &side->context) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    side->options = lunette_run_options_default();
    if (side->script->argument) {
        side->argument = lunette_text(side->script->argument);
        side->options.arguments = &side->argument;
        side->options.argument_count = 1;
    }
    return side;
}

uint64_t bench_lunette_run(void *ud, uint64_t count, uint64_t *check) {
    struct lunette_ud *side = ud;
    const bench_script *script = side->script;
    uint64_t start = bench_now();
    while (count-- > 0) {
        printed = NOTHING;
        lunette_context_reset(side->context);
        lunette_status status = lunette_context_run(side->context, script->name, script->text, script->size,
                                                    &side->options, NULL);
        if (status != LUNETTE_OK)
            bench_fail("%s: %s", script->name,
                       status > 0 ? lunette_context_error(side->context)->message : lunette_last_failure());
    }
    uint64_t ns = bench_now() - start;
    *check = printed;
    return ns;
}

/* --- The system's Lua ---------------------------------------------------------------------------------------- */

static int plain_print(lua_State *L) {
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        size_t size;
        const char *text = luaL_tolstring(L, i, &size);
        if (i > 1)
            add_printed("\t", 1);
        add_printed(text, size);
        lua_pop(L, 1);
    }
    add_printed("\n", 1);
    return 0;
}

static uint64_t deadline;

static void on_count(lua_State *L, lua_Debug *ar) {
    (void)ar;
    if (bench_now() >= deadline)
        luaL_error(L, "time limit");
}

static void plain_once(const bench_script *script, bool hooked) {
    lua_State *L = bench_plain_state();
    lua_pushcfunction(L, plain_print);
    lua_setglobal(L, "print");
    if (hooked) {
        deadline = bench_now() + UINT64_C(60000000000);
        lua_sethook(L, on_count, LUA_MASKCOUNT, 1000);
    }
    int status = luaL_loadbufferx(L, script->text, script->size, script->name, "t");
    if (script->argument)
        lua_pushstring(L, script->argument);
    if (status != LUA_OK || lua_pcall(L, script->argument ? 1 : 0, 0, 0) != LUA_OK)
        bench_fail("%s", lua_tostring(L, -1));
    lua_close(L);
}

static uint64_t plain_run(const bench_script *script, uint64_t count, uint64_t *check, bool hooked) {
    uint64_t start = bench_now();
    while (count-- > 0) {
        printed = NOTHING;
        plain_once(script, hooked);
    }
    uint64_t ns = bench_now() - start;
    *check = printed;
    return ns;
}

void *bench_plain_open(const void *arg) {
    return (void *)(uintptr_t)arg;
}

uint64_t bench_plain_run(void *ud, uint64_t count, uint64_t *check) {
    return plain_run(ud, count, check, false);
}

uint64_t bench_hooked_run(void *ud, uint64_t count, uint64_t *check) {
    return plain_run(ud, count, check, true);
}
