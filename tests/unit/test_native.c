/* Modules of lua_CFunctions: what scripts see of them, that none of their functions is left in the middle, and that their
 * userdata are finalized in every ending. When this fails look at src/lua/native.c, and at busy() in src/guard/handler.c.
 *
 * The module `tally` keeps memory that it counts. Debian's lpeg and cjson are what people use; where they are not
 * installed, their tests say so and are skipped. */
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "support.h"

/* --- The module --- */

static int live;     /* blocks of memory that the module has */
static int made;     /* objects there were */
static int rude;     /* finalizers that found their object finalized before */
static bool working; /* in the middle of a function that must not be left */
static int begun;    /* of those */

typedef struct tally {
    void *memory;
} tally;

static int tally_free(lua_State *L) {
    tally *of = luaL_checkudata(L, 1, "tally");
    rude += of->memory == NULL;
    live -= of->memory != NULL;
    free(of->memory);
    of->memory = NULL;
    return 0;
}

static int tally_get(lua_State *L) {
    luaL_checkudata(L, 1, "tally");
    lua_pushliteral(L, "got");
    return 1;
}

static int tally_make(lua_State *L) {
    tally *of = lua_newuserdatauv(L, sizeof *of, 0);
    of->memory = malloc(100);
    live++;
    made++;
    luaL_setmetatable(L, "tally");
    return 1;
}

/* Works for so many milliseconds, holding memory that only its own C variable knows, with calls of Lua's that raise
 * nothing. */
static int tally_work(lua_State *L) {
    uint64_t until = ln_os_now() + (uint64_t)luaL_checkinteger(L, 1) * MILLISECOND;
    lua_settop(L, 1);
    lua_createtable(L, 1, 0);
    lua_pushinteger(L, 7);
    lua_rawseti(L, 2, 1);
    void *memory = malloc(1000);
    live++;
    working = true;
    begun++;
    while (ln_os_now() < until)
        for (int i = 0; i < 1000; i++) {
            lua_rawgeti(L, 2, 1);
            lua_settop(L, 2);
            memory = realloc(memory, 500 + (size_t)i);
        }
    working = false;
    live--;
    free(memory);
    lua_pushliteral(L, "done");
    return 1;
}

static int tally_call(lua_State *L) {
    luaL_checkany(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int tally_try(lua_State *L) {
    lua_pushboolean(L, lua_pcall(L, lua_gettop(L) - 1, 0, 0) == LUA_OK);
    return 1;
}

/* Calls a function of its own, which no script ever saw. */
static int tally_inside(lua_State *L) {
    lua_pushcfunction(L, tally_work);
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int tally_raise(lua_State *L) {
    return luaL_error(L, "tallied %d", (int)luaL_checkinteger(L, 1));
}

static int tally_raise_value(lua_State *L) {
    lua_settop(L, 1);
    return lua_error(L);
}

static int tally_yield(lua_State *L) {
    return lua_yield(L, lua_gettop(L));
}

static int tally_count(lua_State *L) {
    lua_Integer next = lua_tointeger(L, lua_upvalueindex(1)) + 1;
    lua_pushinteger(L, next);
    lua_copy(L, -1, lua_upvalueindex(1));
    return 1;
}

/* A function that is made for who asks, alone and in a table. */
static int tally_counter(lua_State *L) {
    lua_pushinteger(L, luaL_optinteger(L, 1, 0));
    lua_pushcclosure(L, tally_count, 1);
    lua_newtable(L);
    lua_pushinteger(L, 10);
    lua_pushcclosure(L, tally_count, 1);
    lua_setfield(L, -2, "count");
    return 2;
}

static int open_tally(lua_State *L) {
    static const luaL_Reg FUNCTIONS[] = {
        {"make", tally_make},     {"work", tally_work},   {"call", tally_call},
        {"try", tally_try},       {"raise", tally_raise}, {"raise_value", tally_raise_value},
        {"yield", tally_yield},   {"free", tally_free},   {"counter", tally_counter},
        {"inside", tally_inside}, {NULL, NULL},
    };
    luaL_newmetatable(L, "tally");
    lua_pushcfunction(L, tally_free);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    lua_pushcfunction(L, tally_get);
    lua_setfield(L, -2, "get");
    lua_setfield(L, -2, "__index");
    luaL_newlib(L, FUNCTIONS);
    lua_pushstring(L, lua_tostring(L, 1));
    lua_setfield(L, -2, "name");
    return 1;
}

/* One that says nothing, one that returns a function, one that fails. */
static int open_quiet(lua_State *L) {
    (void)L;
    return 0;
}

static int open_function(lua_State *L) {
    lua_pushcfunction(L, tally_make);
    return 1;
}

static int open_failing(lua_State *L) {
    return luaL_error(L, "cannot open %s", lua_tostring(L, 1));
}

static const lunette_lua_module TRUSTED[] = {
    {"tally", open_tally}, {"quiet", open_quiet}, {"function", open_function}, {"failing", open_failing}};

/* --- Contexts --- */

static lunette_config trusting(lunette_sandbox level) {
    lunette_config config = kit_config(level);
    config.lua_modules = TRUSTED;
    config.lua_module_count = LN_COUNT(TRUSTED);
    config.limits.memory = 8 * MIB;
    live = made = rude = begun = 0;
    working = false;
    return config;
}

static lunette_context *open_trusting(void) {
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    return kit_open(&config);
}

static lunette_status run_for(lunette_context *context, const char *text, uint64_t wall_ns) {
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = wall_ns;
    options.limits = &limits;
    return lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, &options, NULL);
}

static void check_text(lunette_context *context, const char *text, const char *expected) {
    char *got = kit_string(context, text);
    assert_string_equal(got, expected);
    free(got);
}

static void check_given_back(void) {
    assert_int_equal(live, 0);
    assert_int_equal(rude, 0);
    assert_false(working);
}

/* --- Tests --- */

static void scripts_require_and_call(void **state) {
    (void)state;
    lunette_context *context = open_trusting();
    check_text(context, "local t = require 'tally' assert(t == require 'tally') return t.name", "tally");
    check_text(context, "return require 'tally'.make():get()", "got");
    check_text(context, "return tostring(require 'quiet')", "true");
    check_text(context, "return require 'function'():get()", "got");
    check_text(context,
               "local t = require 'tally' assert(t.make == t.make) return t.call(string.rep, 'x', 3)", "xxx");
    check_text(
        context,
        "local a, t = require 'tally'.counter(5) a() return a() .. ' ' .. t.count() .. ' ' .. t.count()",
        "7 11 12");
    check_text(
        context,
        "local t = require 'tally' return t.call(t.call, t.call, function(a, b) return a .. b end, 1, 2)",
        "12");
    check_text(context, "return tostring(require 'tally'.try(error, 'x'))", "false");
    check_text(context, "return tostring(getmetatable(require 'tally'.make()))", "false");
    check_text(context, "return tostring(tally)", "nil");
    kit_close(context);
    check_given_back();
}

static void errors_are_as_in_lua(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } ERRORS[] = {
        {"t.work()", "test:2: bad argument #1 to 'work' (number expected, got no value)"},
        {"t.raise(5)", "test:2: tallied 5"},
        {"local o = t.make() o.get(5)", "test:2: bad argument #1 to 'get' (tally expected, got number)"},
        {"local o = t.make() o:get(o.get())",
         "test:2: bad argument #1 to 'get' (tally expected, got no value)"},
        {"t.call(function() error('inner') end)", "test:2: inner"},
        {"t.call(function() error('plain', 0) end)", "plain"},
        {"t.call(t.raise, 3)", "tallied 3"},
        {"t.call(nil)", "attempt to call a nil value"},
        {"require 'failing'", "cannot open failing"},
        {"require 'nothing'", "test:2: module 'nothing' is not registered in this sandbox"},
        {"t.raise_value(nil) ", NULL},
    };
    lunette_context *context = open_trusting();
    for (size_t i = 0; i < LN_COUNT(ERRORS); i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "local t = require 'tally'\nlocal _, e = pcall(function()\n%s end)\nreturn tostring(e)",
                 ERRORS[i].text);
        char *got = kit_string(context, text);
        const char *expected = ERRORS[i].message ? ERRORS[i].message : "nil";
        const char *at = strstr(got, expected[0] == 't' && expected[1] == 'e' ? expected + 6 : expected);
        if (!at)
            fail_msg("%s\ngives  %s\nnot    %s", ERRORS[i].text, got, expected);
        free(got);
    }
    expect_status(context, "require 'tally'.raise(8)", LUNETTE_RUNTIME_ERROR);
    assert_string_equal(lunette_context_error(context)->message, "tallied 8");
    expect_status(context, "require 'tally'.raise_value{}", LUNETTE_RUNTIME_ERROR);
    expect_status(context, "coroutine.wrap(require 'tally'.yield)()", LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_context_error(context)->message, "yield across a C-call boundary"));
    expect_status(context,
                  "require 'tally'.call(function() local t = {} for i = 1, 1e9 do t[i] = {} end end)",
                  LUNETTE_MEMORY_LIMIT);
    kit_close(context);
    check_given_back();
}

#define KEEP "local t = require 'tally' kept = {} for i = 1, 50 do kept[i] = t.make() end "

static const struct ending {
    const char *text;
    lunette_status status;
    int made;
} ENDINGS[] = {
    {KEEP, LUNETTE_OK, 50},
    {KEEP "kept = nil", LUNETTE_OK, 50},
    {"for i = 1, 20000 do require 'tally'.make() end", LUNETTE_OK, 20000},
    {KEEP "error(kept[1])", LUNETTE_RUNTIME_ERROR, 50},
    {KEEP "local a = {} while true do a[#a + 1] = {} end", LUNETTE_MEMORY_LIMIT, 50},
    {KEEP "while true do end", LUNETTE_TIME_LIMIT, 50},
    {KEEP "while true do kept[#kept % 50 + 1] = {t.make()} end", LUNETTE_TIME_LIMIT, -1},
    {KEEP "local a = {} while true do a[#a % 5000 + 1] = {('x'):rep(#a % 500)} end", LUNETTE_TIME_LIMIT, 50},
    {KEEP "local s = {} while true do s[tostring(#s)] = 1 s[#s % 1000 + 1] = s .. '' end",
     LUNETTE_RUNTIME_ERROR, 50},
    {KEEP "t.call(function() while true do end end)", LUNETTE_TIME_LIMIT, 50},
    {KEEP "t.try(function() while true do end end)", LUNETTE_TIME_LIMIT, 50},
    {KEEP "t.call(t.call, t.try, function() t.try(error) while true do end end)", LUNETTE_TIME_LIMIT, 50},
    {KEEP "coroutine.wrap(function() t.call(function() while true do end end) end)()", LUNETTE_TIME_LIMIT,
     50},
    {KEEP "t.call(coroutine.wrap(function() while true do t.work(1) end end))", LUNETTE_TIME_LIMIT, 50},
    {KEEP "while true do t.work(3) end", LUNETTE_TIME_LIMIT, 50},
    {KEEP "while true do pcall(t.inside, 3) end", LUNETTE_TIME_LIMIT, 50},
    {KEEP "while true do pcall(t.raise, 1) end", LUNETTE_TIME_LIMIT, 50},
    {KEEP "pcall(coroutine.wrap(function() while true do pcall(t.yield) end end))", LUNETTE_TIME_LIMIT, 50},
    {KEEP "table.sort({1, 2, 3, 4, 5}, function() while true do t.make() end end)", LUNETTE_TIME_LIMIT, -1},
    /* What no hook can end: */
    {KEEP "string.rep('', 1 << 60)", LUNETTE_TIME_LIMIT, 50},
    {KEEP "t.call(function() string.rep('', 1 << 60) end)", LUNETTE_TIME_LIMIT, 50},
    {KEEP "t.try(function() pcall(string.rep, '', 1 << 60) end)", LUNETTE_TIME_LIMIT, 50},
    {KEEP "coroutine.wrap(t.call)(function() string.rep('', 1 << 60) end)", LUNETTE_TIME_LIMIT, 50},
};
enum { HOOKABLE = LN_COUNT(ENDINGS) - 4 };

static void check_ending(lunette_context *context, const struct ending *ending) {
    live = made = rude = 0;
    lunette_status status =
        run_for(context, ending->text, ending->status == LUNETTE_TIME_LIMIT ? 10 * MILLISECOND : 0);
    if (status != ending->status)
        fail_msg("%s\nends with %s", ending->text, lunette_status_name(status));
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    if (live != 0 || rude != 0 || working)
        fail_msg("%s\nleaves %d of %d blocks, %d finalized twice", ending->text, live, made, rude);
    /* A deadline that passes while the machine is busy may come earlier than was meant. */
    assert_true(ending->made < 0 || made == ending->made ||
                (status == LUNETTE_TIME_LIMIT && made < ending->made));
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
}

static void each_ending(lunette_sandbox level, lunette_guard guard) {
    lunette_config config = trusting(level);
    config.guard = guard;
    config.limits.wall_ns = 20000 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    size_t count = kit_interrupts(context) ? LN_COUNT(ENDINGS) : HOOKABLE;
    for (size_t i = 0; i < count; i++)
        check_ending(context, &ENDINGS[i]);
    kit_close(context);
}

static void each_ending_finalizes(void **state) {
    (void)state;
    each_ending(LUNETTE_SANDBOX_RESTRICTED, LUNETTE_GUARD_AUTO);
}

static void and_at_level_none(void **state) {
    (void)state;
    each_ending(LUNETTE_SANDBOX_NONE, LUNETTE_GUARD_AUTO);
}

static void and_with_hooks(void **state) {
    (void)state;
    each_ending(LUNETTE_SANDBOX_RESTRICTED, LUNETTE_GUARD_HOOK);
}

/* Until one has begun, and its deadline passes while it works. */
static void check_not_left(lunette_context *context, const char *text) {
    begun = 0;
    for (int tries = 0; begun == 0 && tries < 50; tries++)
        assert_int_equal(run_for(context, text, 5 * MILLISECOND), LUNETTE_TIME_LIMIT);
    assert_true(begun > 0);
    check_given_back();
}

static void a_function_is_not_left(void **state) {
    (void)state;
    lunette_context *context = open_trusting();
    check_not_left(context, "require 'tally'.work(60) while true do end");
    check_not_left(context, "require 'tally'.inside(60) while true do end");
    check_not_left(context, "require 'tally'.call(require 'tally'.work, 60) while true do end");
    kit_close(context);
}

static void engines_and_releases_finalize(void **state) {
    (void)state;
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    lunette_context *context;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    expect_ok(context, KEEP);
    expect_ok(context, "kept[60] = require 'tally'.make()");
    assert_int_equal(live, 51);
    lunette_engine_close(&engine);
    assert_int_equal(live, 51);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    check_given_back();
}

/* Gives another context back once the time of the script that called it is up. */
static void release_late(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)context;
    (void)bytes;
    (void)size;
    uint64_t until = ln_os_now() + 60 * MILLISECOND;
    while (ln_os_now() < until)
        continue;
    lunette_context_release(ud);
}

static void a_late_script_s_host_finalizes(void **state) {
    (void)state;
    lunette_config trusted = trusting(LUNETTE_SANDBOX_RESTRICTED);
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    lunette_context *other;
    assert_int_equal(lunette_engine_open(&trusted, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &other), LUNETTE_OK);
    expect_ok(other, KEEP);
    assert_int_equal(live, 50);
    config.output = release_late;
    config.output_ud = &other;
    config.limits.wall_ns = 30 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    expect_status(context, "print()", LUNETTE_TIME_LIMIT);
    assert_null(other);
    check_given_back();
    kit_close(context);
    lunette_engine_close(&engine);
}

static void a_dropped_run_finalizes(void **state) {
    (void)state;
    lunette_context *context = open_trusting();
    expect_ok(context,
              KEEP "co = coroutine.wrap(function() local o = t.make() coroutine.yield() return o end) co()");
    assert_int_equal(live, 51);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    check_given_back();
    kit_close(context);
}

/* A state that comes back would have objects whose memory the module has freed. */
static void there_are_no_snapshots(void **state) {
    (void)state;
    lunette_context *context = open_trusting();
    lunette_run_options options = lunette_run_options_default();
    uint64_t snapshot, another;
    options.roll_back = true;
    expect_ok(context, "x = 1");
    assert_int_equal(lunette_snapshot_take(context, &snapshot), LUNETTE_OK);
    expect_ok(context, "tally = require 'tally' kept = tally.make()");
    assert_int_equal(lunette_snapshot_take(context, &another), LUNETTE_UNSUPPORTED);
    assert_int_equal(lunette_snapshot_restore(context, snapshot), LUNETTE_UNSUPPORTED);
    assert_int_equal(lunette_context_run(context, "=test", "x = 2", SIZE_MAX, &options, NULL),
                     LUNETTE_UNSUPPORTED);
    expect_ok(context, "assert(x == 1 and kept)");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    check_given_back();
    expect_ok(context, "x = 1");
    assert_int_equal(lunette_context_run(context, "=test", "kept = require('tally').make() error('no')",
                                         SIZE_MAX, &options, NULL),
                     LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    check_given_back();
    kit_close(context);
}

static void limits_count_calls_and_time(void **state) {
    (void)state;
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.host_calls = 10;
    lunette_context *context = kit_open(&config);
    expect_status(context, "for i = 1, 20 do require 'tally'.make() end", LUNETTE_HOST_CALL_LIMIT);
    check_given_back();
    kit_close(context);
    config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.host_ns = 5 * MILLISECOND;
    context = kit_open(&config);
    expect_ok(context, "require 'tally'.make()");
    expect_status(context, KEEP "for i = 1, 100 do t.work(3) end", LUNETTE_HOST_TIME_LIMIT);
    check_given_back();
    kit_close(context);
}

/* At whatever moment it comes. */
static void kills_at_any_moment_finalize(void **state) {
    (void)state;
    static const char TEXT[] =
        "local t = require 'tally' kept = {} local a, n = {}, 0 while true do n = n + 1 "
        "kept[n % 100] = {t.make()} a[n % 3000] = {n, 'item ' .. n} a['k' .. n % 5000] = n "
        "if n % 50 == 0 then t.try(function() error({}) end) t.call(function() a[#a + 1] = ('x'):rep(n % 300) end) end "
        "if n % 10000 == 0 then a = {} end end";
    lunette_context *context = open_trusting();
    unsigned seed = 12345;
    for (int i = 0; i < 300; i++) {
        seed = seed * 1103515245 + 12345;
        assert_int_equal(run_for(context, TEXT, 300000 + seed / 65536 % 4000 * 1000), LUNETTE_TIME_LIMIT);
        if (live != 0 || rude != 0 || working)
            fail_msg("kill %d leaves %d of %d blocks", i, live, made);
    }
    kit_close(context);
}

static void what_is_dropped_makes_room(void **state) {
    (void)state;
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = MIB;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "local t = require 'tally' for i = 1, 50000 do t.make() end");
    expect_ok(context,
              "local t = require 'tally' kept = {} for i = 1, 50000 do kept[i % 100] = {t.make()} end");
    assert_true(made == 100000 && live < 10000);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    check_given_back();
    kit_close(context);
}

static void templates_open_none(void **state) {
    (void)state;
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    lunette_preload preload = {.name = "early", .text = "return require 'tally'", .text_size = SIZE_MAX};
    lunette_engine *engine;
    config.preload = &preload;
    config.preload_count = 1;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_last_failure(), "opened by each context for itself"));
    assert_int_equal(made, 0);
    preload.text = "return function() return require 'tally'.make() end";
    lunette_context *context = kit_open(&config);
    check_text(context, "return require 'early'():get()", "got");
    kit_close(context);
    check_given_back();
}

static void bad_lists_are_refused(void **state) {
    (void)state;
    static const struct {
        lunette_lua_module modules[2];
        const char *words;
    } BAD[] = {
        {{{"a", open_tally}, {NULL, open_tally}}, "lua_modules[1] ('(null)'): it has no name"},
        {{{"", open_tally}, {"b", open_tally}}, "lua_modules[0] (''): it has no name"},
        {{{"a", open_tally}, {"b", NULL}}, "lua_modules[1] ('b'): `open` is NULL"},
        {{{"a", open_tally}, {"a", open_tally}}, "lua_modules[1] ('a'): another one has that name"},
        {{{"a", open_tally}, {"host.x", open_tally}},
         "lua_modules[1] ('host.x'): one of `modules` has that name"},
    };
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    module.name = "x";
    for (size_t i = 0; i < LN_COUNT(BAD); i++) {
        lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
        lunette_engine *engine;
        config.lua_modules = BAD[i].modules;
        config.lua_module_count = 2;
        config.modules = modules;
        config.module_count = 1;
        config.module_prefix = "host.";
        assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
        if (!strstr(lunette_last_failure(), BAD[i].words))
            fail_msg("'%s' instead of '%s'", lunette_last_failure(), BAD[i].words);
    }
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    config.lua_modules = NULL;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "lua_modules is NULL"));
}

static void with_a_host_allocator(void **state) {
    (void)state;
    lunette_config config = trusting(LUNETTE_SANDBOX_RESTRICTED);
    config.alloc = kit_host_alloc;
    lunette_context *context = kit_open(&config);
    expect_ok(context, KEEP);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    check_given_back();
    assert_int_equal(run_for(context, KEEP "while true do t.work(1) end", 10 * MILLISECOND),
                     LUNETTE_TIME_LIMIT);
    check_given_back();
    kit_close(context);
}

/* --- Debian's --- */

/* luaopen_NAME of the module that the system's Lua would find; NULL, and why is printed. */
static lunette_lua_fn find_open(const char *name) {
    char symbol[64], text[200];
    snprintf(text, sizeof text, "return package.searchpath('%s', package.cpath) or ''", name);
    snprintf(symbol, sizeof symbol, "luaopen_%s", name);
    char *path = kit_plain(text);
    void *library = *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    lunette_lua_fn open = NULL;
    if (library)
        *(void **)&open = dlsym(library, symbol);
    if (!open)
        print_message("skipped: no %s for this Lua (Debian: lua-%s)%s%s\n", name, name, *path ? ": " : "",
                      *path ? dlerror() : "");
    free(path);
    return open;
}

static lunette_context *open_with(const char *name, lunette_lua_fn open) {
    const lunette_lua_module module = {name, open};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.lua_modules = &module;
    config.lua_module_count = 1;
    config.limits.memory = 16 * MIB;
    return kit_open(&config);
}

static void lpeg_parses(void **state) {
    (void)state;
    lunette_lua_fn open = find_open("lpeg");
    if (!open)
        skip();
    lunette_context *context = open_with("lpeg", open);
    for (int i = 0; i < 3; i++) {
        check_text(
            context,
            "local l = require 'lpeg' local digits = l.R'09'^1 / tonumber "
            "local sum = l.Cf(digits * (l.P'+' * digits)^0, function(a, b) return a + b end) "
            "return sum:match('1+20+300') .. ' ' .. l.type(sum) .. ' ' .. table.concat({l.match(l.Ct(l.C(1)^0) / "
            "table.unpack, 'abc')}, ',')",
            "321 pattern a,b,c");
        check_text(
            context,
            "local l = require 'lpeg' local s = {} local g = l.P{'S', S = '(' * (1 - l.S'()' + l.V'S')^0 * ')'} "
            "for i = 1, 200 do s[i] = l.P(('x'):rep(i)) * g + l.Cmt(1, function(_, p) return p end) end "
            "return tostring(s[5]:match 'xxxxx(a(b)c)') .. select(2, pcall(l.match, 5, 6, {}))",
            "13bad argument #3 to 'lpeg.match' (number expected, got table)");
        expect_status(context, "local l = require 'lpeg' return l.match(l.P'x', nil)", LUNETTE_RUNTIME_ERROR);
        assert_int_equal(
            run_for(context,
                    "local l = require 'lpeg' local word = l.C(l.R'az'^1) / function(w) for i = 1, 1e5 do "
                    "keep = l.P(w) * l.S'xyz'^0 / 1 end return w end while true do word:match 'abbb' end",
                    20 * MILLISECOND),
            LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    kit_close(context);
}

static void cjson_reads_and_writes(void **state) {
    (void)state;
    lunette_lua_fn open = find_open("cjson");
    if (!open)
        skip();
    lunette_context *context = open_with("cjson", open);
    for (int i = 0; i < 3; i++) {
        check_text(context,
                   "local j = require 'cjson' local t = j.decode '{\"a\": [1, 2, {\"b\": null}]}' "
                   "assert(t.a[3].b == j.null) return j.encode{t.a[1], t.a[2], j.encode('x\\n')}",
                   "[1,2,\"\\\"x\\\\n\\\"\"]");
        check_text(
            context,
            "local other = require 'cjson'.new() other.encode_keep_buffer(false) return other.encode{x = 1}",
            "{\"x\":1}");
        check_text(context, "return select(2, pcall(require 'cjson'.decode, '{'))",
                   "Expected object key string but found T_END at character 2");
        assert_int_equal(
            run_for(context,
                    "local j = require 'cjson' local t = {} for i = 1, 5000 do t[i] = {name = 'n' .. i} end "
                    "while true do j.decode(j.encode(t)) end",
                    60 * MILLISECOND),
            LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_require_and_call),
        cmocka_unit_test(errors_are_as_in_lua),
        cmocka_unit_test(each_ending_finalizes),
        cmocka_unit_test(and_at_level_none),
        cmocka_unit_test(and_with_hooks),
        cmocka_unit_test(a_function_is_not_left),
        cmocka_unit_test(engines_and_releases_finalize),
        cmocka_unit_test(a_late_script_s_host_finalizes),
        cmocka_unit_test(a_dropped_run_finalizes),
        cmocka_unit_test(there_are_no_snapshots),
        cmocka_unit_test(limits_count_calls_and_time),
        cmocka_unit_test(kills_at_any_moment_finalize),
        cmocka_unit_test(what_is_dropped_makes_room),
        cmocka_unit_test(templates_open_none),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(with_a_host_allocator),
        cmocka_unit_test(lpeg_parses),
        cmocka_unit_test(cjson_reads_and_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
