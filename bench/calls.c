/* host-call   a script calls a function of the host's with two integers and gets one back, in the fast form; against a
 *             bare lua_CFunction that does the same in a plain state.
 * value-out   a table of a thousand records becomes a value of the host's, and is freed; against a walk over the same
 *             table with Lua's own API into structs of the host's, which knows the fields' names.
 *
 * Nothing here waits, and the differences are small: so what is counted is the processor's time, not the clock's. */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#include "bench.h"
#include "plain.h"

static const char CALLING[] = "local add, n, s = add, ..., 0\n"
                              "for i = 1, n do s = add(s, i) end\n"
                              "return s";

enum { RECORDS = 1000 };
static const char MAKING[] =
    "records = {}\n"
    "for i = 1, 1000 do\n"
    "  records[i] = {id = i, name = 'record number ' .. i, price = i / 8, sold = i % 3 == 0}\n"
    "end";

/* --- Lunette ------------------------------------------------------------------------------------------------- */

static lunette_status add(void *ud, lunette_call *call) {
    int64_t a, b;
    lunette_status status;
    (void)ud;
    if ((status = lunette_arg_integer(call, 1, &a)) != LUNETTE_OK ||
        (status = lunette_arg_integer(call, 2, &b)) != LUNETTE_OK)
        return status;
    return lunette_return_integer(call, a + b);
}

static void *open_lunette(const void *arg) {
    static const lunette_function function = {
        .name = "add", .call = add, .min_arguments = 2, .max_arguments = 2};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    lunette_context *context;
    (void)arg;
    module.name = "";
    module.functions = &function;
    module.function_count = 1;
    config.modules = modules;
    config.module_count = 1;
    config.limits.wall_ns = UINT64_C(60000000000);
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK ||
        lunette_context_acquire(engine, &context) != LUNETTE_OK ||
        lunette_context_run(context, "making", MAKING, LUNETTE_ZERO_TERMINATED, NULL, NULL) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return context;
}

static uint64_t call_lunette(void *ud, uint64_t count, uint64_t *check) {
    lunette_value argument = lunette_integer((int64_t)count), *results;
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    uint64_t start = bench_processor();
    if (lunette_context_run(ud, "calling", CALLING, sizeof CALLING - 1, &options, &results) != LUNETTE_OK)
        bench_fail("%s", lunette_context_error(ud)->message);
    uint64_t ns = bench_processor() - start;
    *check = lunette_value_at(results, 0)->as.integer != (int64_t)(count * (count + 1) / 2);
    lunette_value_free(&results);
    return ns;
}

static uint64_t take_lunette(void *ud, uint64_t count, uint64_t *check) {
    lunette_value *records = NULL;
    uint64_t start = bench_processor();
    while (count-- > 0) {
        lunette_value_free(&records);
        if (lunette_context_get_global(ud, "records", &records) != LUNETTE_OK)
            bench_fail("%s", lunette_last_failure());
    }
    uint64_t ns = bench_processor() - start;
    *check = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        const lunette_value *record = lunette_value_at(records, i);
        *check += (uint64_t)lunette_value_get(record, "id")->as.integer * 8 +
                  (uint64_t)(lunette_value_get(record, "price")->as.number * 8) +
                  lunette_value_get(record, "name")->as.string.size +
                  lunette_value_get(record, "sold")->as.boolean;
    }
    lunette_value_free(&records);
    return ns;
}

/* --- The system's Lua ---------------------------------------------------------------------------------------- */

static int plain_add(lua_State *L) {
    lua_pushinteger(L, luaL_checkinteger(L, 1) + luaL_checkinteger(L, 2));
    return 1;
}

static void *open_plain(const void *arg) {
    lua_State *L = bench_plain_state();
    (void)arg;
    lua_register(L, "add", plain_add);
    if (luaL_dostring(L, MAKING) != LUA_OK)
        bench_fail("%s", lua_tostring(L, -1));
    return L;
}

static uint64_t call_plain(void *ud, uint64_t count, uint64_t *check) {
    lua_State *L = ud;
    uint64_t start = bench_processor();
    if (luaL_loadbufferx(L, CALLING, sizeof CALLING - 1, "calling", "t") != LUA_OK)
        bench_fail("%s", lua_tostring(L, -1));
    lua_pushinteger(L, (lua_Integer)count);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK)
        bench_fail("%s", lua_tostring(L, -1));
    uint64_t ns = bench_processor() - start;
    *check = lua_tointeger(L, -1) != (lua_Integer)(count * (count + 1) / 2);
    lua_settop(L, 0);
    return ns;
}

typedef struct record {
    int64_t id;
    char *name;
    size_t name_size;
    double price;
    bool sold;
} record;

/* The table on top of the stack. */
static void walk_record(lua_State *L, record *to) {
    lua_getfield(L, -1, "id");
    to->id = lua_tointeger(L, -1);
    lua_getfield(L, -2, "name");
    const char *name = lua_tolstring(L, -1, &to->name_size);
    to->name = malloc(to->name_size + 1);
    if (!to->name)
        bench_fail("no memory");
    memcpy(to->name, name, to->name_size + 1);
    lua_getfield(L, -3, "price");
    to->price = lua_tonumber(L, -1);
    lua_getfield(L, -4, "sold");
    to->sold = lua_toboolean(L, -1);
    lua_pop(L, 4);
}

static record *walk_records(lua_State *L, size_t *count) {
    lua_getglobal(L, "records");
    *count = lua_rawlen(L, -1);
    record *records = malloc(*count * sizeof *records);
    if (!records)
        bench_fail("no memory");
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        walk_record(L, &records[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return records;
}

static void free_records(record *records, size_t count) {
    for (size_t i = 0; records && i < count; i++)
        free(records[i].name);
    free(records);
}

static uint64_t take_plain(void *ud, uint64_t count, uint64_t *check) {
    record *records = NULL;
    size_t number = 0;
    uint64_t start = bench_processor();
    while (count-- > 0) {
        free_records(records, number);
        records = walk_records(ud, &number);
    }
    uint64_t ns = bench_processor() - start;
    *check = 0;
    for (size_t i = 0; i < number; i++)
        *check += (uint64_t)records[i].id * 8 + (uint64_t)(records[i].price * 8) + records[i].name_size +
                  records[i].sold;
    free_records(records, number);
    return ns;
}

static void compare(const char *name, bench_work lunette, bench_work plain, const char *peer) {
    bench_side sides[] = {
        {.open = open_lunette, .work = lunette},
        {.open = open_plain, .work = plain},
    };
    if (bench_wanted(name) && bench_measure(name, sides, 2))
        bench_report_pair(name, &sides[0], &sides[1], peer);
}

int main(int argc, char **argv) {
    bench_begin(argc, argv);
    compare("host-call", call_lunette, call_plain, "a bare lua_CFunction");
    compare("value-out", take_lunette, take_plain, "a walk into own structs");
    return bench_end();
}
