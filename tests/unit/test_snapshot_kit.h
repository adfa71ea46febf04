/* What the tests of snapshots share: a host with objects, state, a function that waits and one that cancels; and short names
 * for what is done again and again. */
#ifndef TEST_SNAPSHOT_KIT_H
#define TEST_SNAPSHOT_KIT_H

#include "support.h"

#include "arena/layout.h"

/* --- A host with objects, state and a function that waits --- */

enum { THINGS = 4000 };
static int closed[THINGS]; /* how often each was */
static int made, states_closed;

static inline void close_thing(void *ud, void *object) {
    (void)ud;
    ++*(int *)object;
}

static inline void close_state(void *ud, void *object) {
    (void)ud;
    (void)object;
    states_closed++;
}

static const lunette_class THING = {.size = sizeof(lunette_class), .name = "Thing", .close = close_thing};

static inline lunette_status do_thing(void *ud, lunette_call *call) {
    (void)ud;
    if (made == THINGS)
        return lunette_call_fail(call, "no thing is left");
    return lunette_return_object(call, &THING, &closed[made++]);
}

static inline lunette_status do_is_open(void *ud, lunette_call *call) {
    void *object;
    (void)ud;
    return lunette_arg_object(call, 1, &THING, &object);
}

static inline lunette_status do_remember(void *ud, lunette_call *call) {
    static int state;
    (void)ud;
    return lunette_call_set_state(call, &state);
}

static inline lunette_status do_remembers(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_boolean(call, lunette_call_state(call) != NULL);
}

static uint64_t token;

static inline lunette_status do_wait(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_suspend(call, &token);
}

static bool cancels;

static inline lunette_status do_cancel(void *ud, lunette_call *call) {
    (void)ud;
    if (cancels)
        lunette_context_cancel(lunette_call_context(call));
    return LUNETTE_OK;
}

/* A word that no script may reach is another: nothing of the memory is to be trusted any more. */
static inline lunette_status do_ruin(void *ud, lunette_call *call) {
    (void)ud;
    lunette_call_context(call)->vm->arena->control.watch_misses ^= 0x55;
    return LUNETTE_OK;
}

static inline lunette_context *open_with(const lunette_config *given) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "thing", .call = do_thing},
        {.name = "is_open", .call = do_is_open, .min_arguments = 1, .max_arguments = 1},
        {.name = "remember", .call = do_remember},
        {.name = "remembers", .call = do_remembers},
        {.name = "wait", .call = do_wait, .suspends = true},
        {.name = "cancel", .call = do_cancel},
        {.name = "ruin", .call = do_ruin},
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

static inline lunette_context *open_context(void) {
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    return open_with(&config);
}

/* --- Short for what follows --- */

static inline uint64_t take(lunette_context *context) {
    uint64_t snapshot;
    lunette_status status = lunette_snapshot_take(context, &snapshot);
    if (status != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_true(snapshot != 0);
    return snapshot;
}

static inline void go_back(lunette_context *context, uint64_t snapshot) {
    char why[200] = "";
    if (lunette_snapshot_restore(context, snapshot) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_null(lunette_context_error(context));
    assert_true(ln_arena_check(context->vm->arena, why, sizeof why));
}

static inline lunette_status run_undone(lunette_context *context, const char *text, uint64_t wall_ns) {
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
static inline lunette_value refer(lunette_context *context, const char *text) {
    lunette_value *results = kit_results(context, text, __LINE__);
    lunette_value function = *lunette_value_at(results, 0);
    assert_int_equal(function.type, LUNETTE_FUNCTION);
    lunette_value_free(&results);
    return function;
}

static inline int64_t call(lunette_context *context, const lunette_value *function) {
    lunette_value *results;
    assert_int_equal(lunette_context_call(context, function, NULL, &results), LUNETTE_OK);
    int64_t number = lunette_value_at(results, 0)->as.integer;
    lunette_value_free(&results);
    return number;
}

static inline void assert_stale(lunette_context *context, const lunette_value *function) {
    assert_int_equal(lunette_context_call(context, function, NULL, NULL), LUNETTE_STALE);
}

#endif
