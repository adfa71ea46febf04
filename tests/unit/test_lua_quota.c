/* The limits that only the language can keep: blocks of memory, the length of strings, the depth of calls; and that runs
 * without them do not meet them. */
#include "support.h"

static lunette_status run_limited(lunette_context *context, const char *text, lunette_limits limits) {
    lunette_run_options options = lunette_run_options_default();
    options.limits = &limits;
    return lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, &options, NULL);
}

static void expect_limited(lunette_context *context, const char *text, lunette_limits limits,
                           lunette_status status, const char *message) {
    kit_check_status(context, text, run_limited(context, text, limits), status, 0);
    if (message && !strstr(lunette_context_error(context)->message, message))
        fail_msg("'%s' from\n%s", lunette_context_error(context)->message, text);
}

static void strings_are_as_long_as_they_may_be(void **state) {
    (void)state;
    static const char WORDS[] = "longer string than it may";
    lunette_context *context = kit_restricted();
    lunette_limits limits = lunette_limits_default();
    limits.string_bytes = 1000;
    for (int i = 0; i < 4; i++) { /* parsed, compiled, from the cache */
        expect_limited(context, "local s = ('x'):rep(1000) assert(#s == 1000)", limits, LUNETTE_OK, NULL);
        expect_limited(context, "\nlocal s = ('x'):rep(1100)", limits, LUNETTE_MEMORY_LIMIT, WORDS);
        assert_int_equal(lunette_context_error(context)->line, 2);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    }
    static const char *const TEXTS[] = {
        "local s = 'x' while true do s = s .. s end",
        "local t = {} for i = 1, 300 do t[i] = 'word' end return table.concat(t)",
        "return ('%1000s'):rep(1):format('x') .. 'more'",
        "return ('x'):rep(500):gsub('x', 'xyz')",
        "return string.format('%s%s', ('x'):rep(600), ('x'):rep(600))",
        "coroutine.wrap(function() local s = ('x'):rep(2000) end)()",
        "load(('x = 1 '):rep(300))",
        "local s <close> = setmetatable({}, {__close = function() end}) local a = ('x'):rep(5000)",
    };
    for (size_t i = 0; i < LN_COUNT(TEXTS); i++)
        expect_limited(context, TEXTS[i], limits, i == 2 ? LUNETTE_RUNTIME_ERROR : LUNETTE_MEMORY_LIMIT,
                       i == 2 ? NULL : WORDS);
    /* An ordinary error of memory to the script; and nothing is left of the limit. */
    expect_limited(context,
                   "local ok, e = pcall(string.rep, 'x', 2000) assert(not ok and e == 'not enough memory')\n"
                   "local t = {} for i = 1, 2000 do t[i] = i end assert(#('y'):rep(900) == 900)",
                   limits, LUNETTE_OK, NULL);
    expect_ok(context, "assert(#('x'):rep(100000) == 100000)");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    limits.string_bytes = 63;
    assert_int_equal(run_limited(context, "return 1", limits), LUNETTE_INVALID_ARGUMENT);
    kit_close(context);
}

static void blocks_are_counted(void **state) {
    (void)state;
    static const char WORDS[] = "asked for memory more often";
    lunette_context *context = kit_restricted();
    lunette_limits limits = lunette_limits_default();
    limits.allocations = 1000;
    expect_limited(context, "for i = 1, 800 do local t = {} end", limits, LUNETTE_OK, NULL);
    expect_limited(context, "for i = 1, 1100 do local t = {} end", limits, LUNETTE_MEMORY_LIMIT, WORDS);
    expect_limited(context,
                   "local ok = pcall(function() for i = 1, 1100 do local t = {} end end)\n"
                   "assert(not ok) local n = 0 for i = 1, 1e5 do n = n + i end",
                   limits, LUNETTE_OK, NULL);
    /* Each run has its own. */
    for (int i = 0; i < 5; i++)
        expect_limited(context, "for i = 1, 800 do local t = {} end", limits, LUNETTE_OK, NULL);
    limits.allocations = 1;
    expect_limited(context, "return {{}, {}}", limits, LUNETTE_MEMORY_LIMIT, WORDS);
    expect_ok(context, "for i = 1, 5000 do local t = {} end");
    /* The arena's own limit is told apart. */
    limits.allocations = 100000000;
    expect_limited(context, "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", limits,
                   LUNETTE_MEMORY_LIMIT, "its limit of 64 MiB");
    kit_close(context);
}

/* Garbage alone never ends a script, also when our allocator stands before the arena's. */
static void garbage_is_collected(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = MIB;
    lunette_context *context = kit_open(&config);
    lunette_limits limits = lunette_limits_default();
    limits.string_bytes = 600000;
    expect_limited(context,
                   "for i = 1, 300 do local s = ('x'):rep(100000 + i) end\n"
                   "for i = 1, 300 do local t = {} for k = 1, 100 do t[k] = 'word' .. i end\n"
                   " local s = table.concat(t, ('-'):rep(1000)) end",
                   limits, LUNETTE_OK, NULL);
    kit_close(context);
}

static void calls_are_as_deep_as_they_may_be(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_limits limits = lunette_limits_default();
    limits.stack_depth = 500;
    static const char DOWN[] =
        "local function down(n) if n > 0 then return 1 + down(n - 1) end return 0 end ";
    char text[400];
    snprintf(text, sizeof text, "%s return down(450)", DOWN);
    expect_limited(context, text, limits, LUNETTE_OK, NULL);
    snprintf(text, sizeof text, "%s return down(100000)", DOWN);
    expect_limited(context, text, limits, LUNETTE_RUNTIME_ERROR, "stack overflow (more than 500 levels)");
    assert_int_equal(lunette_context_error(context)->kind, LUNETTE_ERROR_RANGE);
    expect_limited(context,
                   "local deepest = 0\n"
                   "local function down(n) deepest = n return 1 + down(n + 1) end\n"
                   "local ok, e = pcall(down, 1) assert(not ok and e:find('stack overflow'))\n"
                   "assert(deepest > 400 and deepest < 700, deepest)\n"
                   "deepest = 0 ok, e = coroutine.resume(coroutine.create(down), 1)\n"
                   "assert(not ok and deepest > 400 and deepest < 700, deepest)\n"
                   "for i = 1, 1000 do pcall(function() end) end",
                   limits, LUNETTE_OK, NULL);
    snprintf(text, sizeof text, "%s return down(10000)", DOWN);
    expect_ok(context, text);
    /* With instructions counted as well, both hold. */
    limits.instructions = 100000;
    snprintf(text, sizeof text, "%s pcall(down, 10000) while true do end", DOWN);
    expect_limited(context, text, limits, LUNETTE_INSTRUCTION_LIMIT, NULL);
    kit_close(context);
}

/* The error of the one limit comes from a hook, and Lua calls no hook for what follows at once from such an error: the
 * other limit holds there as well. */
static void other_limits_hold_after_too_deep_a_call(void **state) {
    (void)state;
#define DOWN "local function down() return 1 + down() end local function loop() while true do end end\n"
    static const char *const TRICKS[] = {
        DOWN "while true do xpcall(down, loop) end",
        DOWN "local loops = { __close = loop }\n"
             "while true do pcall(coroutine.wrap(function()\n"
             "  local x <close> = setmetatable({}, loops) down() end)) end",
        DOWN "local loops = { __close = loop }\n"
             "while true do local co = coroutine.create(function()\n"
             "  local x <close> = setmetatable({}, loops) down() end)\n"
             "  coroutine.resume(co) pcall(coroutine.close, co) end",
        /* With steps of the count that asking whether hooks are on breaks off. */
        DOWN "xpcall(down, function() end) while true do xpcall(error, function() end) end",
    };
    lunette_context *context = kit_restricted();
    lunette_limits limits = lunette_limits_default();
    limits.stack_depth = 200;
    limits.instructions = 200000;
    for (size_t i = 0; i < LN_COUNT(TRICKS); i++)
        expect_limited(context, TRICKS[i], limits, LUNETTE_INSTRUCTION_LIMIT, NULL);
    /* Only for what follows at once: other errors have their handlers, and other coroutines are closed. */
    expect_limited(context,
                   DOWN "local ok, e = xpcall(down, function() return 'handled' end)\n"
                        "assert(not ok and e:find('stack overflow'), e)\n"
                        "local function handle(e) return { e } end\n"
                        "for i = 1, 20 do ok, e = xpcall(error, handle, i) assert(not ok and e[1] == i) end\n"
                        "local closed = 0\n"
                        "local closes = setmetatable({}, { __close = function() closed = closed + 1 end })\n"
                        "pcall(coroutine.wrap(function() local x <close> = closes down() end))\n"
                        "assert(closed == 0)\n"
                        "pcall(coroutine.wrap(function()\n"
                        "  local x <close> = closes pcall(down) error('another') end))\n"
                        "assert(closed == 1)\n"
                        "local co = coroutine.create(function() local x <close> = closes down() end)\n"
                        "assert(not coroutine.resume(co))\n"
                        "ok, e = pcall(coroutine.close, co)\n"
                        "assert(not ok and e:find('a limit has ended') and closed == 1)",
                   limits, LUNETTE_OK, NULL);
#undef DOWN
    kit_close(context);
}

/* A run that is killed under such limits leaves none of them. */
static void kills_leave_nothing(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 20 * MILLISECOND;
    limits.string_bytes = 100000;
    limits.allocations = 100000000;
    limits.stack_depth = 100;
    for (int i = 0; i < 5; i++) {
        expect_limited(context, "while true do local t = {} end", limits, LUNETTE_TIME_LIMIT, NULL);
        expect_ok(context,
                  "assert(#('x'):rep(1000000) == 1000000)\n"
                  "local function down(n) if n > 0 then return 1 + down(n - 1) end return 0 end down(5000)");
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    kit_close(context);
}

/* The engine's own hold where a run names none. */
static void the_engines_limits_hold(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.string_bytes = 500;
    lunette_context *context = kit_open(&config);
    expect_status(context, "return ('x'):rep(1000)", LUNETTE_MEMORY_LIMIT);
    lunette_limits limits = lunette_limits_default();
    limits.string_bytes = LUNETTE_UNLIMITED;
    expect_limited(context, "return ('x'):rep(1000)", limits, LUNETTE_OK, NULL);
    lunette_value *results = kit_results(context, "return function() return ('x'):rep(1000) end", __LINE__);
    assert_int_equal(lunette_context_call(context, lunette_value_at(results, 0), NULL, NULL),
                     LUNETTE_MEMORY_LIMIT);
    lunette_value_free(&results);
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_as_long_as_they_may_be),
        cmocka_unit_test(blocks_are_counted),
        cmocka_unit_test(garbage_is_collected),
        cmocka_unit_test(calls_are_as_deep_as_they_may_be),
        cmocka_unit_test(other_limits_hold_after_too_deep_a_call),
        cmocka_unit_test(kills_leave_nothing),
        cmocka_unit_test(the_engines_limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
