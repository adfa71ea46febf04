/* Collections are counted, each once, against scripts that count them by what a collection does: it empties a table of weak
 * keys. And they come before what has finalizers fills the memory. When this fails with a Lua that is new, look at how
 * src/lua/collector.c finds the byte that turns. */
#include "support.h"

static lunette_stats stats_of(const lunette_context *context) {
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    return stats;
}

/* The first result of a run. */
static int64_t answer(lunette_context *context, const char *text) {
    lunette_value *results = NULL;
    kit_check_status(context, text, lunette_context_run(context, "=test", text, SIZE_MAX, NULL, &results),
                     LUNETTE_OK, __LINE__);
    const lunette_value *first = lunette_value_at(results, 0);
    assert_non_null(first);
    assert_int_equal(first->type, LUNETTE_INTEGER);
    int64_t number = first->as.integer;
    lunette_value_free(&results);
    return number;
}

/* A key that nothing else refers to is gone with each collection, and a new one is put in before the next: between two looks
 * there is too little garbage for two. */
#define COUNTING                                              \
    "local weak, seen = setmetatable({}, {__mode = 'k'}), 0 " \
    "local function arm() weak[{}] = true end "               \
    "local function look() if next(weak) == nil then seen = seen + 1 arm() end end arm() "

static const char GARBAGE[] = COUNTING "local kept, text = {}, '' for i = 1, 60000 do "
                                       "  local t = {i, {i}} if i % 8 == 0 then kept[#kept + 1] = t end "
                                       "  if i % 100 == 0 then text = ('x'):rep(i) end "
                                       "  if i % 20000 == 0 then kept = {} end look() end "
                                       "look() return seen";

static void *plain_alloc(void *ud, void *block, size_t osize, size_t nsize) {
    (void)ud;
    (void)osize;
    if (nsize != 0)
        return realloc(block, nsize);
    free(block);
    return NULL;
}

static void each_collection_counts_once(void **state) {
    (void)state;
    static const lunette_gc KINDS[] = {LUNETTE_GC_AUTO, LUNETTE_GC_INCREMENTAL, LUNETTE_GC_GENERATIONAL};
    static const uint64_t LIMITS[] = {64 * MIB, 5 * MIB};
    for (int i = 0; i < 3 * 2 * 2; i++) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.gc = KINDS[i % 3];
        config.limits.memory = LIMITS[i / 3 % 2];
        config.limits.wall_ns = 20000 * MILLISECOND;
        config.alloc = i / 6 == 1 ? plain_alloc : NULL;
        lunette_context *context = kit_open(&config);
        int64_t seen = answer(context, GARBAGE);
        if ((int64_t)stats_of(context).collections != seen)
            fail_msg("gc %d, %d MiB, allocator %d: %d were counted, the script saw %d", (int)config.gc,
                     (int)(config.limits.memory / MIB), i / 6, (int)stats_of(context).collections, (int)seen);
        assert_true(seen >= 2);
        kit_close(context);
    }
}

/* The step that finishes a collection says so; in generational mode each is one. */
static void those_a_script_asks_for_count(void **state) {
    (void)state;
    lunette_context *context = kit_level(LUNETTE_SANDBOX_NONE);
    int64_t seen = answer(context, "collectgarbage('stop') local n = 0 for i = 1, 2000 do "
                                   "if collectgarbage('step', 1) then n = n + 1 end end return n");
    assert_int_equal(stats_of(context).collections, seen);
    assert_true(stats_of(context).collections > 3);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_ok(context, "for i = 1, 7 do collectgarbage() end");
    assert_int_equal(stats_of(context).collections, 7);
    expect_status(context, "collectgarbage('nonsense')", LUNETTE_RUNTIME_ERROR);
    assert_string_equal(lunette_context_error(context)->message,
                        "bad argument #1 to 'collectgarbage' (invalid option 'nonsense')");
    kit_close(context);
}

static void those_of_the_host_count_and_a_reset_ends_it(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "x = {}");
    assert_int_equal(stats_of(context).collections, 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        assert_int_equal(stats_of(context).collections, i);
    }
    expect_ok(context, "y = {}");
    assert_int_equal(stats_of(context).collections, 3);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_ok(context, "assert(not x)");
    assert_int_equal(stats_of(context).collections, 0);
    kit_close(context);
}

/* Contexts of a pool are copies of one state: each counts its own. */
static void copies_count_their_own(void **state) {
    (void)state;
    enum { MANY = 4 };
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    lunette_context *contexts[MANY];
    uint64_t sum = 0;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(lunette_context_acquire(engine, &contexts[i]), LUNETTE_OK);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < MANY; i++)
            for (int j = 0; j <= i; j++) {
                uint64_t before = round == 0 && j == 0 ? 0 : stats_of(contexts[i]).collections;
                int64_t seen = answer(contexts[i], GARBAGE);
                assert_int_equal(stats_of(contexts[i]).collections, before + (uint64_t)seen);
                sum += (uint64_t)seen;
            }
    lunette_usage usage = {.size = sizeof usage};
    assert_int_equal(lunette_engine_usage(engine, &usage), LUNETTE_OK);
    assert_int_equal(usage.collections, sum);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(lunette_context_release(&contexts[i]), LUNETTE_OK);
    lunette_engine_close(&engine);
}

/* A run that is killed has those that were over by then: it was in none, or in one that never came to its end. */
static void killed_runs_have_theirs(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_run_options options = lunette_run_options_default();
    lunette_limits limits = {.size = sizeof limits, .wall_ns = 300 * MILLISECOND};
    options.limits = &limits;
    const char *text =
        "local kept = {} while true do kept[#kept + 1] = {} if #kept > 100000 then kept = {} end end";
    lunette_status status = lunette_context_run(context, "=test", text, SIZE_MAX, &options, NULL);
    kit_check_status(context, text, status, LUNETTE_TIME_LIMIT, __LINE__);
    assert_true(stats_of(context).collections >= 1);
    kit_close(context);
}

/* --- What is dropped makes room --- */

static size_t coins, coins_closed;

static void close_coin(void *ud, void *object) {
    (void)ud;
    (void)object;
    coins_closed++;
}

static const lunette_class COIN = {.size = sizeof(lunette_class), .name = "Coin", .close = close_coin};

static lunette_status do_mint(void *ud, lunette_call *call) {
    (void)ud;
    coins++;
    return lunette_return_object(call, &COIN, &coins);
}

static lunette_context *open_mint(lunette_gc gc, size_t memory) {
    static const lunette_function FUNCTIONS[] = {{.name = "mint", .call = do_mint}};
    static const lunette_class *const TYPES[] = {&COIN};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    module.name = "";
    module.functions = FUNCTIONS;
    module.function_count = 1;
    module.types = TYPES;
    module.type_count = 1;
    config.modules = modules;
    config.module_count = 1;
    config.gc = gc;
    config.limits.memory = memory;
    coins = coins_closed = 0;
    return kit_open(&config);
}

/* The collection that Lua makes when memory ends calls no finalizer, and frees nothing that has one. */
static void what_is_dropped_makes_room(void **state) {
    (void)state;
    static const lunette_gc KINDS[] = {LUNETTE_GC_AUTO, LUNETTE_GC_INCREMENTAL, LUNETTE_GC_GENERATIONAL};
    static const char *const SPENDERS[] = {
        "for i = 1, 100000 do mint() end",
        "for i = 1, 100000 do local o = {mint(), ('x'):rep(i % 300)} end",
        "local kept = {} for i = 1, 100000 do kept[i % 100] = {mint(), ('x'):rep(i % 300)} end",
        "local live = {} for i = 1, 4000 do live[i] = {i} end for i = 1, 100000 do live[i % 50] = mint() end",
    };
    for (size_t kind = 0; kind < LN_COUNT(KINDS); kind++) {
        for (size_t i = 0; i < LN_COUNT(SPENDERS); i++) {
            lunette_context *context = open_mint(KINDS[kind], MIB);
            expect_ok(context, SPENDERS[i]);
            assert_int_equal(coins, 100000);
            if (coins - coins_closed > 3000)
                fail_msg("%s: %zu are open", SPENDERS[i], coins - coins_closed);
            kit_close(context);
            assert_int_equal(coins_closed, coins);
        }
    }
}

/* Nor is a table of weak keys small again before there was a collection. */
static void memory_that_is_short_is_collected_sooner(void **state) {
    (void)state;
    static const char *const SPENDERS[] = {
        "local w = setmetatable({}, {__mode = 'k'}) for i = 1, 100000 do w[{}] = i end",
        "local w = setmetatable({}, {__mode = 'v'}) for i = 1, 100000 do w[i] = {} end",
        "local w = setmetatable({}, {__mode = 'kv'}) for i = 1, 100000 do w[{}] = {i} end",
    };
    for (size_t memory = 512 << 10; memory <= 8 * MIB; memory *= 2) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.limits.memory = memory;
        lunette_context *context = kit_open(&config);
        for (size_t i = 0; i < LN_COUNT(SPENDERS); i++) {
            for (int again = 0; again < 2; again++)
                expect_ok(context, SPENDERS[i]);
            assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        }
        kit_close(context);
    }
}

/* Those that are needed are not in the way of the others for long: what is done for them stays in proportion. */
static void what_is_kept_is_not_collected_again_and_again(void **state) {
    (void)state;
    lunette_context *context = open_mint(LUNETTE_GC_AUTO, 64 * MIB);
    lunette_stats stats = {.size = sizeof stats};
    expect_ok(context, "kept = {} for i = 1, 100000 do kept[i] = mint() end");
    assert_int_equal(coins_closed, 0);
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_true(stats.collections <= 24);
    kit_close(context);
    assert_int_equal(coins_closed, coins);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_collection_counts_once),
        cmocka_unit_test(those_a_script_asks_for_count),
        cmocka_unit_test(those_of_the_host_count_and_a_reset_ends_it),
        cmocka_unit_test(copies_count_their_own),
        cmocka_unit_test(killed_runs_have_theirs),
        cmocka_unit_test(what_is_dropped_makes_room),
        cmocka_unit_test(memory_that_is_short_is_collected_sooner),
        cmocka_unit_test(what_is_kept_is_not_collected_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
