/* Snapshots of contexts, and runs that are undone when they fail: what comes back, what is refused, how many there may be.
 * When this fails look at src/machine/snapshots.c, ln_machine_go_back(), and at keep() and go_back() in src/lua/vm.c. */
#include "test_snapshot_kit.h"

/* --- What comes back --- */

static const char A_WORLD[] =
    "local up = 40\n"
    "function next_up() up = up + 1 return up end\n"
    "list = {} for i = 1, 500 do list[i] = 'item ' .. i list['k' .. i] = {i} end\n"
    "co = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end)\n"
    "co() co() next_up()\n"
    "long = string.rep('lunette', 30000)\n"
    "weak = setmetatable({}, {__mode = 'k'})\n"
    "weak[list] = 'alive'\n";

static const char IS_THE_WORLD[] =
    "assert(next_up() == 42 and co() == 3)\n"
    "assert(#list == 500 and list[500] == 'item 500' and list.k77[1] == 77)\n"
    "assert(#long == 210000 and long:sub(-7) == 'lunette' and weak[list] == 'alive')\n"
    "assert(stray == nil and string.rep == rep)\n"
    "for i = 1, 2000 do list[i] = 'again ' .. i end\n";

static const char RUINS_IT[] = "stray = {} for i = 1, 3000 do stray[i] = ('x'):rep(i) end\n"
                               "for i = 1, 50 do next_up() co() end\n"
                               "list = nil long = nil weak = nil string.rep = nil\n"
                               "for i = 1, 1000 do stray[-i] = {i} end\n";

static void what_a_script_had_comes_back(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "rep = string.rep");
    expect_ok(context, A_WORLD);
    uint64_t snapshot = take(context);
    for (int round = 0; round < 4; round++) {
        expect_ok(context, RUINS_IT);
        go_back(context, snapshot);
        expect_ok(context, IS_THE_WORLD);
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        go_back(context, snapshot);
    }
    expect_ok(context, IS_THE_WORLD);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    kit_close(context);
}

static void newer_and_older_ones(void **state) {
    (void)state;
    lunette_context *context = open_context();
    uint64_t none = take(context);
    expect_ok(context, "x = 1");
    uint64_t one = take(context);
    expect_ok(context, "x = 2 y = {}");
    uint64_t two = take(context);
    expect_ok(context, "x = 3");
    go_back(context, one);
    expect_ok(context, "assert(x == 1 and y == nil) x = 9");
    go_back(context, two);
    expect_ok(context, "assert(x == 2 and y)");
    go_back(context, none);
    expect_ok(context, "assert(x == nil)");
    assert_int_equal(lunette_snapshot_drop(context, one), LUNETTE_OK);
    assert_int_equal(lunette_snapshot_restore(context, one), LUNETTE_STALE);
    go_back(context, two);
    expect_ok(context, "assert(x == 2 and y)");
    kit_close(context);
}

/* The tables, strings and functions of the run that was ended lie wherever it left them. */
static void after_a_kill_it_is_there_still(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = 20 * MILLISECOND;
    options.limits = &limits;
    expect_ok(context, "rep = string.rep");
    expect_ok(context, A_WORLD);
    uint64_t snapshot = take(context);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(lunette_context_run(context, "=test",
                                             "list = {} while true do list[#list + 1] = {} end",
                                             LUNETTE_ZERO_TERMINATED, &options, NULL),
                         LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
        go_back(context, snapshot);
        expect_ok(context, IS_THE_WORLD);
    }
    kit_close(context);
}

/* --- What is undone --- */

static const char IN_C[] = "list.gone = true string.find(('a'):rep(40000), ('a-'):rep(60) .. 'b')";

static const struct {
    const char *text;
    lunette_status status;
    uint64_t wall_ns;
} FAILURES[] = {
    {"list = nil error('no')", LUNETTE_RUNTIME_ERROR, 0},
    {"list = nil error({})", LUNETTE_RUNTIME_ERROR, 0},
    {"list = nil x = = 1", LUNETTE_SYNTAX_ERROR, 0},
    {"list = nil for i = 1, 1e9 do list = {list} end", LUNETTE_MEMORY_LIMIT, 0},
    {"list = nil pcall(function() while true do end end) while true do end", LUNETTE_TIME_LIMIT,
     20 * MILLISECOND},
    {"list = nil host.cancel() while true do end", LUNETTE_CANCELLED, 0},
    {"local t = {} t[1] = t list = nil return t", LUNETTE_VALUE_LIMIT, 0},
};

static void runs_that_fail_are_undone(void **state) {
    (void)state;
    lunette_context *context = open_context();
    bool interrupts = kit_interrupts(context);
    lunette_run_options options = lunette_run_options_default();
    options.roll_back = true;
    cancels = true;
    expect_ok(context, "rep = string.rep");
    expect_ok(context, A_WORLD);
    for (size_t i = 0; i < LN_COUNT(FAILURES); i++) {
        lunette_limits limits = lunette_limits_default();
        lunette_value *results;
        limits.wall_ns = FAILURES[i].wall_ns;
        options.limits = &limits;
        lunette_status status = lunette_context_run(context, "=test", FAILURES[i].text,
                                                    LUNETTE_ZERO_TERMINATED, &options, &results);
        kit_check_status(context, FAILURES[i].text, status, FAILURES[i].status, __LINE__);
        assert_non_null(lunette_context_error(context)->message);
        expect_status(context, "assert(list.k500 and not list.gone and #long == 210000)", LUNETTE_OK);
    }
    if (interrupts) {
        assert_int_equal(run_undone(context, IN_C, 20 * MILLISECOND), LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_error(context)->code, LUNETTE_TIME_LIMIT);
    }
    assert_int_equal(run_undone(context, "list.stays = true", 0), LUNETTE_OK);
    expect_ok(context, "assert(list.stays)");
    expect_ok(context, IS_THE_WORLD);
    kit_close(context);
}

/* There is no copy to be taken then. */
static void a_fresh_context_is_rolled_back_by_a_reset(void **state) {
    (void)state;
    lunette_context *context = open_context();
    assert_int_equal(run_undone(context, "x = 1 error()", 0), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    assert_int_equal(run_undone(context, "x = 1", 0), LUNETTE_OK);
    expect_ok(context, "assert(x == 1)");
    kit_close(context);
}

static void each_attempt_begins_alike(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results;
    options.roll_back = true;
    options.recovery = LUNETTE_RECOVER_RETRY;
    options.retries = 3;
    expect_ok(context, "x = 5");
    assert_int_equal(lunette_context_run(context, "=test", "x = x + 1 error(x, 0)", SIZE_MAX, &options, NULL),
                     LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_error(context)->value->as.integer, 6);
    options.recovery = LUNETTE_RECOVER_SKIP;
    assert_int_equal(lunette_context_run(context, "=test", "x = 7 error()", SIZE_MAX, &options, &results),
                     LUNETTE_OK);
    lunette_value_free(&results);
    expect_ok(context, "assert(x == 5)");
    kit_close(context);
}

static void count_failure(void *ud, lunette_context *context, const lunette_error *error) {
    (void)context;
    (void)error;
    ++*(int *)ud;
}

/* A retry that succeeded without it would hide that all was lost. */
static void what_cannot_be_undone_is_not_tried_again(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    int failures = 0;
    config.on_error = count_failure;
    config.on_error_ud = &failures;
    lunette_context *context = open_with(&config);
    lunette_run_options options = lunette_run_options_default();
    options.roll_back = true;
    options.recovery = LUNETTE_RECOVER_RETRY;
    expect_ok(context, "x = 5");
    assert_int_equal(lunette_context_run(context, "=test", "if x then host.ruin() error('first') end",
                                         SIZE_MAX, &options, NULL),
                     LUNETTE_RUNTIME_ERROR);
    assert_int_equal(failures, 1);
    expect_ok(context, "assert(x == nil)");
    /* That was that run's. */
    options.roll_back = false;
    assert_int_equal(lunette_context_run(context, "=test", "error('each')", SIZE_MAX, &options, NULL),
                     LUNETTE_RUNTIME_ERROR);
    assert_int_equal(failures, 3);
    options.roll_back = true;
    /* Where the way back is a reset, nothing is lost by one. */
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(
        lunette_context_run(context, "=test", "host.ruin() error('each')", SIZE_MAX, &options, NULL),
        LUNETTE_RUNTIME_ERROR);
    assert_int_equal(failures, 5);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    kit_close(context);
}

static void of_runs_that_wait_the_end_counts(void **state) {
    (void)state;
    static const char WAITS[] = "x = 2 host.wait() x = 3 if fails then error() end";
    lunette_context *context = open_context();
    uint64_t snapshot;
    expect_ok(context, "x = 1");
    uint64_t before = take(context);
    assert_int_equal(run_undone(context, WAITS, 0), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_snapshot_take(context, &snapshot), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_OK);
    assert_null(context->vm->way_back);
    expect_ok(context, "assert(x == 3) x = 1 fails = true");
    assert_int_equal(run_undone(context, WAITS, 0), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_RUNTIME_ERROR);
    expect_ok(context, "assert(x == 1)");
    assert_int_equal(run_undone(context, WAITS, 0), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_drop(context, token), LUNETTE_OK);
    expect_ok(context, "assert(x == 1 and fails)");
    assert_int_equal(run_undone(context, WAITS, 0), LUNETTE_SUSPENDED);
    go_back(context, before);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_WRONG_STATE);
    assert_null(context->vm->way_back);
    expect_ok(context, "assert(x == 1 and not fails)");
    assert_int_equal(run_undone(context, WAITS, 0), LUNETTE_SUSPENDED);
    kit_close(context);
}

/* --- Chance --- */

static void numbers_are_not_drawn_twice(void **state) {
    (void)state;
    for (int deterministic = 0; deterministic < 2; deterministic++) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.deterministic = deterministic;
        lunette_context *context = open_with(&config);
        expect_ok(context, "math.random()");
        uint64_t snapshot = take(context);
        char *first = kit_string(context, "return tostring(math.random(0))");
        go_back(context, snapshot);
        char *second = kit_string(context, "return tostring(math.random(0))");
        assert_int_equal(strcmp(first, second) == 0, deterministic);
        free(first);
        free(second);
        kit_close(context);
    }
}

/* --- How many, how large --- */

static void there_are_as_many_as_are_allowed(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    uint64_t first, more;
    size_t size;
    config.snapshots.most = 2;
    lunette_context *context = open_with(&config);
    first = take(context);
    take(context);
    assert_int_equal(lunette_snapshot_take(context, &more), LUNETTE_EXHAUSTED);
    assert_int_equal(more, 0);
    assert_non_null(strstr(lunette_last_failure(), "config.snapshots.most"));
    assert_int_equal(run_undone(context, "x = 1", 0), LUNETTE_OK);
    assert_int_equal(lunette_snapshot_drop(context, first), LUNETTE_OK);
    take(context);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    first = take(context);
    assert_int_equal(lunette_snapshot_size(context, first, &size), LUNETTE_OK);
    assert_true(size > 10000);
    kit_close(context);

    config.snapshots.most = 0;
    config.snapshots.bytes = size * 2;
    context = open_with(&config);
    first = take(context);
    expect_ok(context, "t = {} for i = 1, 20000 do t[i] = i .. '' end");
    assert_int_equal(lunette_snapshot_take(context, &more), LUNETTE_EXHAUSTED);
    assert_non_null(strstr(lunette_last_failure(), "config.snapshots.bytes"));
    assert_int_equal(run_undone(context, "x = 1", 0), LUNETTE_EXHAUSTED);
    expect_ok(context, "assert(x == nil)");
    go_back(context, first);
    more = take(context);
    assert_int_equal(lunette_snapshot_drop(context, more), LUNETTE_OK);
    assert_int_equal(run_undone(context, "x = 1 error()", 0), LUNETTE_RUNTIME_ERROR);
    kit_close(context);
}

static void assert_unsupported(lunette_context *context, const char *words) {
    uint64_t snapshot;
    assert_int_equal(lunette_snapshot_take(context, &snapshot), LUNETTE_UNSUPPORTED);
    assert_non_null(strstr(lunette_last_failure(), words));
    assert_int_equal(run_undone(context, "x = 2", 0), LUNETTE_UNSUPPORTED);
    assert_non_null(strstr(lunette_last_failure(), words));
}

static void where_there_are_none(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.snapshots.off = true;
    lunette_context *context = open_with(&config);
    assert_unsupported(context, "config.snapshots.off");
    kit_close(context);
    config.snapshots.off = false;
    config.alloc = kit_host_alloc;
    context = open_with(&config);
    assert_unsupported(context, "config.alloc");
    kit_close(context);
}

/* Open files lie outside; so do their offsets, and what is in them. */
static void files_are_closed_or_in_the_way(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_NONE);
    lunette_context *context = open_with(&config);
    expect_ok(context, "f = io.open('/dev/null')");
    assert_unsupported(context, "file open");
    expect_ok(context, "f:close()");
    uint64_t snapshot = take(context);
    expect_ok(context, "f = io.open('/dev/null') g = io.open('/dev/null') g:close()");
    assert_int_equal(ln_vm_of(context->vm)->files.count, 1);
    go_back(context, snapshot);
    assert_int_equal(ln_vm_of(context->vm)->files.count, 0);
    expect_ok(context, "assert(io.type(f) == 'closed file' and g == nil)");
    ln_vm_of(context->vm)->has_code = true; /* as after package.loadlib */
    assert_int_equal(lunette_snapshot_restore(context, snapshot), LUNETTE_UNSUPPORTED);
    expect_ok(context, "h = 1 assert(g == nil)");
    assert_unsupported(context, "machine code");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    take(context);
    kit_close(context);
}

/* --- Whose it is --- */

static void anothers_and_past_ones_are_stale(void **state) {
    (void)state;
    lunette_context *context = open_context(), *other;
    size_t size = 1;
    assert_int_equal(lunette_context_acquire(context->engine, &other), LUNETTE_OK);
    uint64_t snapshot = take(context), others = take(other);
    assert_int_equal(lunette_snapshot_restore(other, snapshot), LUNETTE_STALE);
    assert_int_equal(lunette_snapshot_drop(other, snapshot), LUNETTE_STALE);
    assert_int_equal(lunette_snapshot_size(other, snapshot, &size), LUNETTE_STALE);
    assert_int_equal(size, 0);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_snapshot_restore(context, snapshot), LUNETTE_STALE);
    assert_int_equal(context->vm->snapshot_bytes, 0);
    assert_int_equal(lunette_context_release(&other), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(context->engine, &other), LUNETTE_OK);
    assert_int_equal(lunette_snapshot_restore(other, others), LUNETTE_STALE);
    assert_int_equal(lunette_context_verify(other), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&other), LUNETTE_OK);
    kit_close(context);
}

/* --- For a long time --- */

static void a_thousand_cycles_leave_all_as_it_was(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value held = refer(context, "n = 0 return function() n = n + 1 return n end");
    lunette_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    uint64_t snapshot = take(context);
    assert_int_equal(call(context, &held), 1);
    assert_int_equal(lunette_context_stats(context, &before), LUNETTE_OK);
    size_t bytes = context->vm->snapshot_bytes;
    for (int round = 0; round < 1000; round++) {
        go_back(context, snapshot);
        uint64_t next = take(context);
        assert_int_equal(lunette_snapshot_drop(context, snapshot), LUNETTE_OK);
        snapshot = next;
        assert_int_equal(call(context, &held), 1);
    }
    assert_int_equal(lunette_context_stats(context, &after), LUNETTE_OK);
    assert_int_equal(context->vm->snapshot_bytes, bytes);
    assert_int_equal(after.memory_used, before.memory_used);
    assert_int_equal(after.memory_committed, before.memory_committed);
    assert_int_equal(after.allocations, before.allocations);
    assert_int_equal(ln_vm_of(context->vm)->references.count, 1);
    kit_close(context);
}

/* A script's requests are refused at any point of it. */
static void wherever_memory_ends(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "rep = string.rep");
    expect_ok(context, A_WORLD);
    lunette_status status = LUNETTE_MEMORY_LIMIT;
    lunette_value held = refer(context, "return next_up");
    unsigned n = 0;
    while (status != LUNETTE_OK && ++n < 2000) {
        ln_arena_fail_from(context->vm->arena, n);
        ln_arena_remember(context->vm->arena, &context->vm->shadow);
        status = run_undone(context,
                            "list = {{}, {}, 'a' .. #long} local f = load('return 1') mine = host.thing()\n"
                            "return function() return f end, mine",
                            0);
        ln_arena_fail_from(context->vm->arena, 0);
        ln_arena_remember(context->vm->arena, &context->vm->shadow);
        if (status != LUNETTE_OK)
            expect_ok(context, "assert(mine == nil and #list == 500 and list.k77[1] == 77)");
    }
    assert_in_range(n, 5, 1999);
    assert_int_equal(lunette_context_call(context, &held, NULL, NULL), LUNETTE_OK);
    for (int i = 0; i < made - 1; i++)
        assert_int_equal(closed[i], 1);
    kit_close(context);
}

/* Its memory is not used again. */
static void a_fault_costs_everything(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "x = 1");
    uint64_t snapshot = take(context);
    context->vm->arena->control.limit ^= 4096; /* what a stray write of the VM's could have done */
    assert_int_equal(lunette_snapshot_restore(context, snapshot), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_snapshot_restore(context, snapshot), LUNETTE_STALE);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    expect_ok(context, "assert(x == nil)");
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_script_had_comes_back),
        cmocka_unit_test(newer_and_older_ones),
        cmocka_unit_test(after_a_kill_it_is_there_still),
        cmocka_unit_test(runs_that_fail_are_undone),
        cmocka_unit_test(a_fresh_context_is_rolled_back_by_a_reset),
        cmocka_unit_test(each_attempt_begins_alike),
        cmocka_unit_test(what_cannot_be_undone_is_not_tried_again),
        cmocka_unit_test(of_runs_that_wait_the_end_counts),
        cmocka_unit_test(numbers_are_not_drawn_twice),
        cmocka_unit_test(there_are_as_many_as_are_allowed),
        cmocka_unit_test(where_there_are_none),
        cmocka_unit_test(files_are_closed_or_in_the_way),
        cmocka_unit_test(anothers_and_past_ones_are_stale),
        cmocka_unit_test(a_thousand_cycles_leave_all_as_it_was),
        cmocka_unit_test(wherever_memory_ends),
        cmocka_unit_test(a_fault_costs_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
