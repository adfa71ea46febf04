#include "plain.h"

#include <lauxlib.h>
#include <lualib.h>

#include "bench.h"

lua_State *bench_plain_state(void) {
    lua_State *L = luaL_newstate();
    if (!L)
        bench_fail("no memory");
    luaL_openlibs(L);
    return L;
}

void *bench_fresh_open(const void *arg) {
    return (void *)(uintptr_t)arg;
}

uint64_t bench_fresh(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0)
        lua_close(bench_plain_state());
    return bench_now() - start;
}

uint64_t bench_fresh_sum(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t start = bench_now();
    while (count-- > 0) {
        lua_State *L = bench_plain_state();
        if (luaL_loadbufferx(L, BENCH_SUM, sizeof BENCH_SUM - 1, "=sum", "t") != LUA_OK ||
            lua_pcall(L, 0, 1, 0) != LUA_OK)
            bench_fail("%s", lua_tostring(L, -1));
        *check = (uint64_t)lua_tointeger(L, -1);
        lua_close(L);
    }
    return bench_now() - start;
}
