/* What becomes of runs that fail: who is told, what is tried again, what stands in for results, how much of a trace is
 * kept; and of a context whose VM failed. */
#include "support.h"

typedef struct told {
    int count;
    lunette_status code;
    size_t frames;
    lunette_status inside; /* what a call into the context answers meanwhile */
    void *user_data;
} told;

static void tell(void *ud, lunette_context *context, const lunette_error *error) {
    told *noted = ud;
    noted->count++;
    noted->code = error->code;
    noted->frames = error->frame_count;
    noted->inside = lunette_context_reset(context);
    noted->user_data = lunette_context_user_data(context);
}

static lunette_context *open_telling(told *noted) {
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.on_error = tell;
    config.on_error_ud = noted;
    return kit_open(&config);
}

static void the_host_is_told(void **state) {
    (void)state;
    told noted = {0};
    lunette_context *context = open_telling(&noted);
    lunette_context_set_user_data(context, &noted);
    expect_ok(context, "return 1");
    assert_int_equal(noted.count, 0);
    expect_status(context, "error('x')", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(noted.count, 1);
    assert_int_equal(noted.code, LUNETTE_RUNTIME_ERROR);
    assert_int_equal(noted.inside, LUNETTE_BUSY);
    assert_ptr_equal(noted.user_data, &noted);
    expect_status(context, "x = = 1", LUNETTE_SYNTAX_ERROR);
    assert_int_equal(noted.code, LUNETTE_SYNTAX_ERROR);
    expect_status(context, "return ('x'):rep(1 << 30)", LUNETTE_MEMORY_LIMIT);
    assert_int_equal(noted.count, 3);
    /* A check is no run, a refusal no failed one. */
    assert_int_equal(lunette_context_check(context, NULL, "x =", 3), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(lunette_context_call_named(context, "nothing", NULL, NULL), LUNETTE_NOT_FOUND);
    assert_int_equal(noted.count, 3);
    kit_close(context);
}

static lunette_status run_with(lunette_context *context, const char *text, const lunette_run_options *options,
                               lunette_value **results) {
    return lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, options, results);
}

static void something_stands_in(void **state) {
    (void)state;
    told noted = {0};
    lunette_context *context = open_telling(&noted);
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results, seven = lunette_integer(7);
    options.recovery = LUNETTE_RECOVER_DEFAULT;
    options.fallback = &seven;
    assert_int_equal(run_with(context, "return 1, 2", &options, &results), LUNETTE_OK);
    assert_int_equal(results->as.array.count, 2);
    lunette_value_free(&results);
    assert_int_equal(run_with(context, "error('x')", &options, &results), LUNETTE_OK);
    assert_int_equal(results->as.array.count, 1);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 7);
    lunette_value_free(&results);
    assert_int_equal(noted.count, 1);
    assert_string_equal(lunette_context_error(context)->message, "x");
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_FAILED);
    assert_int_equal(run_with(context, "error('x')", &options, NULL), LUNETTE_OK);
    options.fallback = NULL;
    assert_int_equal(run_with(context, "while = 1", &options, &results), LUNETTE_OK);
    assert_int_equal(lunette_value_at(results, 0)->type, LUNETTE_NIL);
    lunette_value_free(&results);
    options.recovery = LUNETTE_RECOVER_SKIP;
    assert_int_equal(run_with(context, "error('x')", &options, &results), LUNETTE_OK);
    assert_int_equal(results->type, LUNETTE_ARRAY);
    assert_int_equal(results->as.array.count, 0);
    lunette_value_free(&results);
    options.recovery = LUNETTE_RECOVER_PROPAGATE;
    assert_int_equal(run_with(context, "error('x')", &options, &results), LUNETTE_RUNTIME_ERROR);
    assert_null(results);
    kit_close(context);
}

static void cancel_now(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)bytes;
    (void)size;
    lunette_context_cancel(context);
}

/* What the host ended itself has not failed. */
static void a_cancelled_run_is_cancelled(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = cancel_now;
    lunette_context *context = kit_open(&config);
    for (int recovery = LUNETTE_RECOVER_STOP; recovery <= LUNETTE_RECOVER_PROPAGATE; recovery++) {
        lunette_run_options options = lunette_run_options_default();
        lunette_value *results;
        options.recovery = (lunette_recovery)recovery;
        assert_int_equal(run_with(context, "print(1) while true do end", &options, &results),
                         LUNETTE_CANCELLED);
        assert_null(results);
    }
    kit_close(context);
}

static void runs_are_tried_again(void **state) {
    (void)state;
    told noted = {0};
    lunette_context *context = open_telling(&noted);
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results;
    options.recovery = LUNETTE_RECOVER_RETRY;
    /* As the failed one left it: the third succeeds. */
    options.retries = 5;
    assert_int_equal(
        run_with(context, "n = (n or 0) + 1 if n < 3 then error(n) end return n", &options, &results),
        LUNETTE_OK);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 3);
    lunette_value_free(&results);
    assert_int_equal(noted.count, 2);
    assert_null(lunette_context_error(context));
    /* No more often than asked for; by default once. */
    options.retries = 0;
    expect_ok(context, "n = 0");
    assert_int_equal(run_with(context, "n = n + 1 error(n)", &options, &results), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_error(context)->value->as.integer, 2);
    assert_int_equal(noted.count, 4);
    /* After a kill the context is a new one, and the budget whole. */
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 30 * MILLISECOND;
    options.limits = &limits;
    options.retries = 2;
    expect_ok(context, "n = 0");
    assert_int_equal(run_with(context, "if n then while true do end end return 'new'", &options, &results),
                     LUNETTE_OK);
    assert_string_equal(lunette_value_at(results, 0)->as.string.bytes, "new");
    lunette_value_free(&results);
    assert_int_equal(noted.count, 5);
    assert_int_equal(run_with(context, "while true do end", &options, &results), LUNETTE_TIME_LIMIT);
    assert_int_equal(noted.count, 8);
    /* A text that is no program stays none. */
    assert_int_equal(run_with(context, "x = = 1", &options, &results), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(noted.count, 9);
    kit_close(context);
}

/* Scripts from the cache, handles and functions are run again like texts; a function goes with a reset. */
static void all_that_runs_is_tried_again(void **state) {
    (void)state;
    told noted = {0};
    lunette_context *context = open_telling(&noted);
    lunette_run_options options = lunette_run_options_default();
    lunette_script *script;
    static const char TEXT[] = "n = (n or 0) + 1 if n % 2 == 1 then error('odd') end return n";
    options.recovery = LUNETTE_RECOVER_RETRY;
    for (int i = 0; i < 5; i++)
        assert_int_equal(run_with(context, TEXT, &options, NULL), LUNETTE_OK);
    assert_int_equal(noted.count, 5);
    assert_int_equal(lunette_script_compile(context->engine, "s", TEXT, SIZE_MAX, &script), LUNETTE_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(lunette_context_run_script(context, script, &options, NULL), LUNETTE_OK);
    assert_int_equal(noted.count, 10);
    lunette_script_close(&script);
    lunette_value *results =
        kit_results(context, "return function() n = n + 1 assert(n % 2 == 0) end", __LINE__);
    assert_int_equal(lunette_context_call(context, lunette_value_at(results, 0), &options, NULL), LUNETTE_OK);
    assert_int_equal(noted.count, 11);
    lunette_value_free(&results);
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 20 * MILLISECOND;
    options.limits = &limits;
    results = kit_results(context, "return function() while true do end end", __LINE__);
    assert_int_equal(lunette_context_call(context, lunette_value_at(results, 0), &options, NULL),
                     LUNETTE_TIME_LIMIT);
    assert_int_equal(noted.count, 12);
    lunette_value_free(&results);
    kit_close(context);
}

static void traces_are_as_long_as_wanted(void **state) {
    (void)state;
    told noted = {0};
    lunette_context *context = open_telling(&noted);
    lunette_run_options options = lunette_run_options_default();
    static const char TEXT[] =
        "local function f(n)\nif n == 0 then error('x') end return f(n - 1) + 1 end f(60)";
    const size_t all = 63;
    static const struct {
        lunette_switch trace;
        unsigned depth;
        size_t frames;
    } CASES[] = {{LUNETTE_DEFAULT, 0, 32}, {LUNETTE_ON, 1, 1},  {LUNETTE_DEFAULT, 5, 5},
                 {LUNETTE_OFF, 0, 0},      {LUNETTE_OFF, 9, 0}, {LUNETTE_ON, 500, 32}};
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        options.trace = CASES[i].trace;
        options.trace_depth = CASES[i].depth;
        assert_int_equal(run_with(context, TEXT, &options, NULL), LUNETTE_RUNTIME_ERROR);
        const lunette_error *error = lunette_context_error(context);
        assert_int_equal(error->frame_count, CASES[i].frames);
        assert_int_equal(error->frame_count + error->frames_left_out, all);
        assert_true((error->frames == NULL) == (error->frame_count == 0));
        assert_int_equal(error->line, 2);
        assert_int_equal(noted.frames, CASES[i].frames);
    }
    kit_close(context);
}

/* A fault of the VM, made by hand: the panic of an error outside every protected call. */
static void fail_in_vm(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)bytes;
    (void)size;
    if (*(bool *)ud)
        lua_atpanic(ln_vm_of(context->vm)->L, NULL)(ln_vm_of(context->vm)->L);
}

static void contexts_in_panic(void **state) {
    (void)state;
    static const lunette_panic HOW[] = {LUNETTE_PANIC_NEW, LUNETTE_PANIC_RESET};
    for (size_t i = 0; i < LN_COUNT(HOW); i++) {
        bool fail = true;
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.on_panic = HOW[i];
        config.output = fail_in_vm;
        config.output_ud = &fail;
        lunette_context *context = kit_open(&config);
        expect_ok(context, "x = 1");
        const void *arena = context->vm->arena;
        lunette_status status = kit_run(context, "x = 2 print('now')");
        assert_int_equal(status, LUNETTE_DEFECT);
        fail = false;
        expect_ok(context, "assert(x == nil) x = 3 print('fine')");
        if (HOW[i] == LUNETTE_PANIC_RESET)
            assert_ptr_equal(context->vm->arena, arena);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
        kit_close(context);
    }
}

static void misuse(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_run_options options = lunette_run_options_default();
    options.recovery = (lunette_recovery)9;
    assert_int_equal(run_with(context, "return 1", &options, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "options.recovery"));
    options = lunette_run_options_default();
    options.trace = (lunette_switch)3;
    assert_int_equal(run_with(context, "return 1", &options, NULL), LUNETTE_INVALID_ARGUMENT);
    options = lunette_run_options_default();
    lunette_value bad = lunette_string(NULL, 3);
    options.fallback = &bad;
    assert_int_equal(run_with(context, "return 1", &options, NULL), LUNETTE_INVALID_ARGUMENT);
    lunette_value *results = kit_results(context, "return print", __LINE__);
    options.fallback = lunette_value_at(results, 0);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(run_with(context, "return 1", &options, NULL), LUNETTE_STALE);
    lunette_value_free(&results);
    kit_close(context);
    lunette_engine *engine;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.on_panic = (lunette_panic)7;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
    config.on_panic = LUNETTE_PANIC_PROPAGATE;
    config.contain_faults = LUNETTE_ON;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
    config.contain_faults = LUNETTE_DEFAULT;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    lunette_engine_close(&engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_is_told),
        cmocka_unit_test(something_stands_in),
        cmocka_unit_test(a_cancelled_run_is_cancelled),
        cmocka_unit_test(runs_are_tried_again),
        cmocka_unit_test(all_that_runs_is_tried_again),
        cmocka_unit_test(traces_are_as_long_as_wanted),
        cmocka_unit_test(contexts_in_panic),
        cmocka_unit_test(misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
