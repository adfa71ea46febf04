/* Snapshots of contexts, and runs that are undone when they fail: what comes back, what stays, what is refused. When this
 * fails look at src/machine/snapshots.c, ln_machine_go_back(), and at keep() and go_back() in src/lua/vm.c. */
#include "support.h"

#include "arena/layout.h"

/* --- A host with objects, state and a function that waits --- */

enum { THINGS = 4000 };
static int closed[THINGS]; /* how often each was */
static int made, states_closed;

static void close_thing(void *ud, void *object) {
    (void)ud;
    ++*(int *)object;
}

static void close_state(void *ud, void *object) {
    (void)ud;
    (void)object;
    states_closed++;
}

static const lunette_class THING = {.size = sizeof(lunette_class), .name = "Thing", .close = close_thing};

static lunette_status do_thing(void *ud, lunette_call *call) {
    (void)ud;
    if (made == THINGS)
        return lunette_call_fail(call, "no thing is left");
    return lunette_return_object(call, &THING, &closed[made++]);
}

static lunette_status do_is_open(void *ud, lunette_call *call) {
    void *object;
    (void)ud;
    return lunette_arg_object(call, 1, &THING, &object);
}

static lunette_status do_remember(void *ud, lunette_call *call) {
    static int state;
    (void)ud;
    return lunette_call_set_state(call, &state);
}

static lunette_status do_remembers(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_boolean(call, lunette_call_state(call) != NULL);
}

static uint64_t token;

static lunette_status do_wait(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_suspend(call, &token);
}

static bool cancels;

static lunette_status do_cancel(void *ud, lunette_call *call) {
    (void)ud;
    if (cancels)
        lunette_context_cancel(lunette_call_context(call));
    return LUNETTE_OK;
}

static lunette_context *open_with(const lunette_config *given) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "thing", .call = do_thing},
        {.name = "is_open", .call = do_is_open, .min_arguments = 1, .max_arguments = 1},
        {.name = "remember", .call = do_remember},
        {.name = "remembers", .call = do_remembers},
        {.name = "wait", .call = do_wait, .suspends = true},
        {.name = "cancel", .call = do_cancel},
    };
    static const lunette_class *const TYPES[] = {&THING};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = *given;
    module.name = "host";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.types = TYPES;
    module.type_count = 1;
    module.close_state = close_state;
    module.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    memset(closed, 0, sizeof closed);
    made = states_closed = 0;
    return kit_open(&config);
}

static lunette_context *open_context(void) {
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    return open_with(&config);
}

/* --- Short for what follows --- */

static uint64_t take(lunette_context *context) {
    uint64_t snapshot;
    lunette_status status = lunette_snapshot_take(context, &snapshot);
    if (status != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_true(snapshot != 0);
    return snapshot;
}

static void go_back(lunette_context *context, uint64_t snapshot) {
    char why[200] = "";
    if (lunette_snapshot_restore(context, snapshot) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_null(lunette_context_error(context));
    assert_true(ln_arena_check(context->vm->arena, why, sizeof why));
}

static lunette_status run_undone(lunette_context *context, const char *text, uint64_t wall_ns) {
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = wall_ns;
    options.limits = &limits;
    options.roll_back = true;
    lunette_status status =
        lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, &options, NULL);
    assert_null(context->vm->waiting.is ? NULL : context->vm->way_back);
    return status;
}

/* A reference to the function that the text returns. */
static lunette_value refer(lunette_context *context, const char *text) {
    lunette_value *results = kit_results(context, text, __LINE__);
    lunette_value function = *lunette_value_at(results, 0);
    assert_int_equal(function.type, LUNETTE_FUNCTION);
    lunette_value_free(&results);
    return function;
}

static int64_t call(lunette_context *context, const lunette_value *function) {
    lunette_value *results;
    assert_int_equal(lunette_context_call(context, function, NULL, &results), LUNETTE_OK);
    int64_t number = lunette_value_at(results, 0)->as.integer;
    lunette_value_free(&results);
    return number;
}

static void assert_stale(lunette_context *context, const lunette_value *function) {
    assert_int_equal(lunette_context_call(context, function, NULL, NULL), LUNETTE_STALE);
}

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

/* --- References --- */

static void references_are_judged_by_when_they_were_made(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value held = refer(context, "return function() return 1 end");
    lunette_value forgotten = refer(context, "return function() return 2 end");
    lunette_value reused = refer(context, "return function() return 3 end");
    uint64_t snapshot = take(context);
    lunette_value after = refer(context, "return function() return 4 end");
    lunette_value after_forgotten = refer(context, "return function() return 5 end");
    assert_int_equal(lunette_context_forget(context, &forgotten), LUNETTE_OK);
    assert_int_equal(lunette_context_forget(context, &after_forgotten), LUNETTE_OK);
    expect_ok(context, "x = 1"); /* the two have left the table */
    assert_int_equal(lunette_context_forget(context, &reused), LUNETTE_OK);
    lunette_value other = refer(context, "return function() return 6 end");
    assert_int_equal((uint32_t)other.as.function.id, (uint32_t)reused.as.function.id);
    for (int round = 0; round < 3; round++) {
        go_back(context, snapshot);
        assert_stale(context, &forgotten);
        assert_stale(context, &reused);
        assert_stale(context, &after);
        assert_stale(context, &after_forgotten);
        assert_stale(context, &other); /* its slot has the function of `reused` again */
        assert_int_equal(call(context, &held), 1);
        lunette_value more[6];
        for (int i = 0; i < 6; i++)
            more[i] = refer(context, "n = (n or 10) + 1 local n = n return function() return n end");
        for (int i = 0; i < 6; i++)
            assert_int_equal(call(context, &more[i]), 11 + i);
        assert_int_equal(call(context, &held), 1);
        if (round == 1)
            for (int i = 0; i < 6; i++)
                assert_int_equal(lunette_context_forget(context, &more[i]), LUNETTE_OK);
    }
    kit_close(context);
}

/* What the host does not hold is not held for it. */
static void functions_that_were_given_up_are_collected(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "seen = setmetatable({}, {__mode = 'k'})");
    lunette_value held = refer(context, "local f = function() end seen[f] = 1 return f");
    lunette_value given_up = refer(context, "local f = function() end seen[f] = 1 return f");
    uint64_t snapshot = take(context);
    assert_int_equal(lunette_context_forget(context, &given_up), LUNETTE_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        expect_ok(context, "local n = 0 for _ in pairs(seen) do n = n + 1 end assert(n == 1)");
        go_back(context, snapshot);
        expect_ok(context, "local n = 0 for _ in pairs(seen) do n = n + 1 end assert(n == 2)");
    }
    assert_int_equal(lunette_context_call(context, &held, NULL, NULL), LUNETTE_OK);
    kit_close(context);
}

/* No table of references is in the snapshot. */
static void references_where_there_were_none(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "x = 1");
    uint64_t snapshot = take(context);
    for (int round = 0; round < 3; round++) {
        lunette_value first = refer(context, "return function() return 1 end");
        lunette_value second = refer(context, "return function() return 2 end");
        go_back(context, snapshot);
        assert_stale(context, &first);
        expect_ok(context, "assert(x == 1)");
        first = refer(context, "return function() return 1 end");
        assert_stale(context, &second);
        assert_int_equal(call(context, &first), 1);
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        go_back(context, snapshot);
    }
    kit_close(context);
}

static void a_kill_costs_references_but_not_the_memory(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value held = refer(context, "function f() return 7 end return f");
    uint64_t snapshot = take(context);
    cancels = true;
    expect_status(context, "host.cancel() while true do end", LUNETTE_CANCELLED);
    go_back(context, snapshot);
    assert_stale(context, &held);
    lunette_value again = refer(context, "return f");
    assert_int_equal(call(context, &again), 7);
    assert_int_equal(run_undone(context, "f = nil host.cancel() while true do end", 0), LUNETTE_CANCELLED);
    assert_int_equal(call(context, &again), 7);
    kit_close(context);
}

/* --- Objects --- */

static void objects_are_closed_once_or_stay(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value own, own_after;
    void *found;
    int host_before = 0, host_after = 0;
    expect_ok(context, "kept, dropped, shut = host.thing(), host.thing(), host.thing()");
    assert_int_equal(lunette_object_make(context, &THING, &host_before, &own), LUNETTE_OK);
    uint64_t snapshot = take(context);
    expect_ok(context, "dropped = nil do local x <close> = shut end");
    expect_ok(context, "later = host.thing() gone = host.thing() gone = nil");
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(lunette_object_make(context, &THING, &host_after, &own_after), LUNETTE_OK);
    assert_true(closed[0] == 0 && closed[1] == 1 && closed[2] == 1 && closed[3] == 0 && closed[4] == 1);
    for (int round = 0; round < 3; round++) {
        go_back(context, snapshot);
        assert_true(closed[0] == 0 && closed[1] == 1 && closed[2] == 1 && closed[3] == 1 && closed[4] == 1);
        assert_true(host_before == 0 && host_after == 1);
        assert_int_equal(lunette_object_find(context, &own, &THING, &found), LUNETTE_OK);
        assert_int_equal(lunette_object_find(context, &own_after, &THING, &found), LUNETTE_STALE);
        expect_ok(context, "host.is_open(kept) assert(later == nil)\n"
                           "assert(not pcall(host.is_open, dropped) and not pcall(host.is_open, shut))\n"
                           "dropped, shut = nil, nil");
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    }
    lunette_engine *engine = context->engine;
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_true(host_before == 1 && host_after == 1);
    for (int i = 0; i < made; i++)
        assert_int_equal(closed[i], 1);
    lunette_engine_close(&engine);
}

/* An object of the host's gets a handle each time that it is given to a script that has none. */
static void the_handle_that_is_there_again_counts(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value own;
    void *found;
    int thing = 0;
    assert_int_equal(lunette_object_make(context, &THING, &thing, &own), LUNETTE_OK);
    uint64_t without = take(context), with;
    assert_int_equal(lunette_context_set_global(context, "x", &own), LUNETTE_OK);
    go_back(context, without);
    assert_int_equal(lunette_context_set_global(context, "x", &own), LUNETTE_OK);
    with = take(context);
    go_back(context, without);
    assert_int_equal(lunette_context_set_global(context, "y", &own), LUNETTE_OK);
    go_back(context, with);
    assert_int_equal(lunette_context_set_global(context, "y", &own), LUNETTE_OK);
    expect_ok(context, "assert(x == y) host.is_open(x) x = nil");
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(lunette_object_find(context, &own, &THING, &found), LUNETTE_OK);
    expect_ok(context, "host.is_open(y) y = nil");
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(thing, 1);
    kit_close(context);
    assert_int_equal(thing, 1);
}

/* A script that makes objects and fails, again and again, leaves none. */
static void failing_again_and_again_leaves_nothing(void **state) {
    (void)state;
    lunette_context *context = open_context();
    cancels = true;
    expect_ok(context, "mine = host.thing()");
    for (int round = 0; round < 300; round++) {
        assert_int_equal(run_undone(context,
                                    "local t = {} for i = 1, 10 do t[i] = host.thing() end mine = t\n"
                                    "if #t == 10 then host.cancel() while true do end end",
                                    0),
                         LUNETTE_CANCELLED);
        if (round % 100 == 99)
            for (int i = 0; i < made; i++)
                assert_int_equal(closed[i], i > 0);
    }
    assert_int_equal(ln_vm_of(context->vm)->objects.count, 11);
    expect_ok(context, "host.is_open(mine)");
    kit_close(context);
}

static void modules_keep_what_they_keep(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "x = 1");
    uint64_t snapshot = take(context);
    expect_ok(context, "host.remember()");
    go_back(context, snapshot);
    expect_ok(context, "assert(host.remembers())");
    assert_int_equal(states_closed, 0);
    kit_close(context);
    assert_int_equal(states_closed, 1);
}

/* --- All of it in any order, against a model --- */

enum { GIVEN = 400, MOMENTS = 6 };

static struct {
    lunette_value functions[GIVEN];
    int count;        /* functions, and as many things */
    bool good[GIVEN]; /* the function may be called */
    bool open[GIVEN]; /* the thing is not closed */
    struct {
        uint64_t snapshot; /* 0: none */
        bool good[GIVEN], open[GIVEN];
    } moments[MOMENTS];
    uint64_t random;
} model;

static unsigned below(unsigned n) {
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return (unsigned)(model.random >> 33) % n;
}

static void give_one(lunette_context *context) {
    char text[120];
    if (model.count == GIVEN)
        return;
    int i = model.count++;
    snprintf(text, sizeof text, "things[%d] = host.thing() local n = {%d} return function() return n[1] end",
             i, i);
    model.functions[i] = refer(context, text);
    model.good[i] = model.open[i] = true;
}

static void forget_one(lunette_context *context) {
    if (model.count == 0)
        return;
    unsigned i = below((unsigned)model.count);
    assert_int_equal(lunette_context_forget(context, &model.functions[i]),
                     model.good[i] ? LUNETTE_OK : LUNETTE_STALE);
    model.good[i] = false;
}

static void take_one(lunette_context *context) {
    unsigned k = below(MOMENTS);
    if (model.moments[k].snapshot != 0)
        assert_int_equal(lunette_snapshot_drop(context, model.moments[k].snapshot), LUNETTE_OK);
    model.moments[k].snapshot = take(context);
    memcpy(model.moments[k].good, model.good, sizeof model.good);
    memcpy(model.moments[k].open, model.open, sizeof model.open);
}

static void go_back_to_one(lunette_context *context) {
    unsigned k = below(MOMENTS);
    if (model.moments[k].snapshot == 0)
        return;
    go_back(context, model.moments[k].snapshot);
    for (int i = 0; i < model.count; i++) {
        model.good[i] = model.good[i] && model.moments[k].good[i];
        model.open[i] = model.open[i] && model.moments[k].open[i];
    }
}

static void kill_one(lunette_context *context) {
    expect_status(context, "things = nil host.cancel() while true do end", LUNETTE_CANCELLED);
    memset(model.good, 0, sizeof model.good);
    memset(model.open, 0, sizeof model.open);
    expect_ok(context, "things = {}");
}

/* What it makes meanwhile is made in vain. */
static void undo_one(lunette_context *context) {
    int before = made;
    assert_int_equal(run_undone(context, "things[0] = host.thing() host.cancel() while true do end", 0),
                     LUNETTE_CANCELLED);
    assert_int_equal(closed[before], 1);
    closed[before] = 0;
    made = before;
}

static void compare(lunette_context *context) {
    for (int i = 0; i < model.count; i++) {
        assert_int_equal(closed[i], !model.open[i]);
        if (model.good[i])
            assert_int_equal(call(context, &model.functions[i]), i);
        else
            assert_stale(context, &model.functions[i]);
    }
}

static void in_any_order(void **state) {
    (void)state;
    static void (*const STEPS[])(lunette_context *) = {give_one, give_one,       give_one, forget_one,
                                                       take_one, go_back_to_one, undo_one};
    cancels = true;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        lunette_context *context = open_context();
        memset(&model, 0, sizeof model);
        model.random = seed * UINT64_C(0x9e3779b97f4a7c15);
        expect_ok(context, "things = {}");
        for (int step = 0; step < 300; step++) {
            if (below(40) == 0)
                kill_one(context);
            else
                STEPS[below(LN_COUNT(STEPS))](context);
            if (step % 10 == 0)
                compare(context);
            if (step % 50 == 0)
                assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        }
        compare(context);
        kit_close(context);
        for (int i = 0; i < model.count; i++)
            assert_int_equal(closed[i], 1);
    }
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

static void *plain_realloc(void *ud, void *block, size_t osize, size_t nsize) {
    (void)ud;
    (void)osize;
    if (nsize > 0)
        return realloc(block, nsize);
    free(block);
    return NULL;
}

static void where_there_are_none(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.snapshots.off = true;
    lunette_context *context = open_with(&config);
    assert_unsupported(context, "config.snapshots.off");
    kit_close(context);
    config.snapshots.off = false;
    config.alloc = plain_realloc;
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
        cmocka_unit_test(of_runs_that_wait_the_end_counts),
        cmocka_unit_test(references_are_judged_by_when_they_were_made),
        cmocka_unit_test(functions_that_were_given_up_are_collected),
        cmocka_unit_test(references_where_there_were_none),
        cmocka_unit_test(a_kill_costs_references_but_not_the_memory),
        cmocka_unit_test(objects_are_closed_once_or_stay),
        cmocka_unit_test(the_handle_that_is_there_again_counts),
        cmocka_unit_test(failing_again_and_again_leaves_nothing),
        cmocka_unit_test(modules_keep_what_they_keep),
        cmocka_unit_test(in_any_order),
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
