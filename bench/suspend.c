/* suspend+resume   a script that waits for the host is resumed, and waits again: one suspension and one resumption, with
 *                  its budget; against lua_yield() and lua_resume() of plain Lua, which keeps no limit. */
#include <lauxlib.h>
#include <lua.h>

#include "base/compiler.h"
#include "bench.h"
#include "lunette.h"
#include "plain.h"

static const char SCRIPT[] = "local sum = 0 while true do sum = sum + wait() end";

/* --- Lunette --- */

static lunette_status do_wait(void *ud, lunette_call *call) {
    return lunette_call_suspend(call, ud);
}

static uint64_t token;

static void *open_waiting(const void *arg) {
    static const lunette_function FUNCTION = {.name = "wait", .call = do_wait, .suspends = true};
    (void)arg;
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    lunette_context *context;
    module.name = "";
    module.functions = &FUNCTION;
    module.function_count = 1;
    module.ud = &token;
    config.modules = modules;
    config.module_count = 1;
    config.limits.wall_ns = UINT64_C(3600000000000);
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK ||
        lunette_context_acquire(engine, &context) != LUNETTE_OK ||
        lunette_context_run(context, "wait", SCRIPT, LUNETTE_ZERO_TERMINATED, NULL, NULL) !=
            LUNETTE_SUSPENDED)
        bench_fail("%s", lunette_last_failure());
    return context;
}

static uint64_t resume_waiting(void *context, uint64_t count, uint64_t *check) {
    const lunette_value one = lunette_integer(1);
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0)
        if (lunette_context_resume(context, token, &one, 1, NULL) != LUNETTE_SUSPENDED)
            bench_fail("the script did not wait again");
    return bench_now() - start;
}

/* --- Plain Lua --- */

static int plain_wait(lua_State *L) {
    return lua_yield(L, 0);
}

static void *open_plain(const void *arg) {
    (void)arg;
    int results;
    lua_State *L = bench_plain_state();
    lua_register(L, "wait", plain_wait);
    lua_State *co = lua_newthread(L);
    if (luaL_loadstring(co, SCRIPT) != LUA_OK || lua_resume(co, L, 0, &results) != LUA_YIELD)
        bench_fail("%s", lua_tostring(co, -1));
    return co;
}

static uint64_t resume_plain(void *ud, uint64_t count, uint64_t *check) {
    lua_State *co = ud;
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0) {
        int results;
        lua_pushinteger(co, 1);
        if (lua_resume(co, NULL, 1, &results) != LUA_YIELD)
            bench_fail("the coroutine did not yield again");
    }
    return bench_now() - start;
}

int main(int argc, char **argv) {
    bench_side sides[] = {
        {.open = open_waiting, .work = resume_waiting},
        {.open = open_plain, .work = resume_plain},
    };
    bench_begin(argc, argv);
    if (!bench_wanted("suspend+resume"))
        return 0;
    if (bench_measure("suspend+resume", sides, LN_COUNT(sides)))
        bench_report_pair("suspend+resume", &sides[0], &sides[1], "lua_yield, lua_resume");
    return bench_end();
}
