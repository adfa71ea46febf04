/* References to functions, calls by reference and by name, files, and what state a context is in. */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

static lunette_value call_one(lunette_context *context, const lunette_value *function, lunette_value argument,
                              lunette_status expected) {
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results, first = lunette_nil();
    options.arguments = &argument;
    options.argument_count = 1;
    lunette_status status = lunette_context_call(context, function, &options, &results);
    if (status != expected)
        fail_msg("%s: %s", lunette_status_name(status),
                 status < 0 ? lunette_last_failure()
                 : status   ? lunette_context_error(context)->message
                            : "");
    if (status == LUNETTE_OK && lunette_value_at(results, 0))
        first = *lunette_value_at(results, 0);
    assert_true(first.type != LUNETTE_STRING);
    lunette_value_free(&results);
    return first;
}

/* A function that a script returned; a copy of the reference, which needs no freeing. */
static lunette_value function_from(lunette_context *context, const char *text) {
    lunette_value *results = kit_results(context, text, __LINE__);
    lunette_value function = *lunette_value_at(results, 0);
    assert_int_equal(function.type, LUNETTE_FUNCTION);
    lunette_value_free(&results);
    return function;
}

static void references_are_called(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value add = function_from(context, "local sum = 0\n"
                                               "return function(n) sum = sum + n return sum end");
    assert_int_equal(call_one(context, &add, lunette_integer(3), LUNETTE_OK).as.integer, 3);
    assert_int_equal(call_one(context, &add, lunette_integer(4), LUNETTE_OK).as.integer, 7);
    expect_ok(context, "x = 1");
    assert_int_equal(call_one(context, &add, lunette_integer(1), LUNETTE_OK).as.integer, 8);
    /* An error in it is the call's, with its place; the reference stays good. */
    call_one(context, &add, lunette_boolean(true), LUNETTE_RUNTIME_ERROR);
    assert_string_equal(lunette_context_error(context)->chunk, "test");
    assert_int_equal(lunette_context_error(context)->line, 2);
    assert_int_equal(call_one(context, &add, lunette_integer(1), LUNETTE_OK).as.integer, 9);
    /* Given back to the script, it is the same function. */
    assert_int_equal(lunette_context_set_global(context, "add", &add), LUNETTE_OK);
    lunette_value *results = kit_results(context, "return add(1)", __LINE__);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 10);
    lunette_value_free(&results);
    kit_close(context);
}

static void references_end(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value one = function_from(context, "return function() return 1 end");
    lunette_value two = function_from(context, "return function() return 2 end");
    assert_int_equal(lunette_context_forget(context, &one), LUNETTE_OK);
    assert_int_equal(lunette_context_forget(context, &one), LUNETTE_STALE);
    call_one(context, &one, lunette_nil(), LUNETTE_STALE);
    call_one(context, &two, one, LUNETTE_STALE);
    assert_int_equal(lunette_context_set_global(context, "f", &one), LUNETTE_STALE);
    assert_non_null(strstr(lunette_last_failure(), "forgotten"));
    /* Its place serves another; the old reference does not become that one's. */
    lunette_value three = function_from(context, "return function() return 3 end");
    call_one(context, &one, lunette_nil(), LUNETTE_STALE);
    assert_int_equal(call_one(context, &three, lunette_nil(), LUNETTE_OK).as.integer, 3);
    assert_int_equal(call_one(context, &two, lunette_nil(), LUNETTE_OK).as.integer, 2);
    /* A reset and a kill take all of them. */
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    call_one(context, &two, lunette_nil(), LUNETTE_STALE);
    lunette_value four = function_from(context, "return function() while true do end end");
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = 20 * MILLISECOND;
    options.limits = &limits;
    assert_int_equal(lunette_context_call(context, &four, &options, NULL), LUNETTE_TIME_LIMIT);
    assert_int_equal(lunette_context_call(context, &four, &options, NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_forget(context, &four), LUNETTE_STALE);
    kit_close(context);
}

/* All functions in a value are given up at once, also after one that was not good any more. */
static void references_in_a_value_end_together(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value *results =
        kit_results(context, "return print, {f = print, {{print}}, 5, 'x'}, nil", __LINE__);
    assert_int_equal(ln_vm_of(context->vm)->references.count, 3);
    assert_int_equal(lunette_context_forget(context, lunette_value_at(results, 0)), LUNETTE_OK);
    assert_int_equal(lunette_context_forget_all(context, lunette_value_at(results, 1)), LUNETTE_OK);
    assert_int_equal(lunette_context_forget_all(context, results), LUNETTE_STALE);
    lunette_value_free(&results);
    for (int i = 0; i < 100; i++) {
        results = kit_results(context, "return {print, {print}}", __LINE__);
        assert_int_equal(lunette_context_forget_all(context, results), LUNETTE_OK);
        lunette_value_free(&results);
    }
    assert_true(ln_vm_of(context->vm)->references.count <= 4);
    lunette_value plain = lunette_text("no function"), endless = lunette_array_of(&endless, 1);
    assert_int_equal(lunette_context_forget_all(context, &plain), LUNETTE_OK);
    assert_int_equal(lunette_context_forget_all(context, &endless), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_forget_all(context, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_forget_all(NULL, &plain), LUNETTE_INVALID_ARGUMENT);
    kit_close(context);
}

/* What was forgotten is collected: a hundred thousand references, one at a time, fit into a small context. */
static void forgotten_functions_are_collected(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = MIB;
    lunette_context *context = kit_open(&config);
    expect_ok(
        context,
        "function make() local big = ('x'):rep(2000) .. tostring({}) return function() return #big end end");
    for (int i = 0; i < 5000; i++) {
        lunette_value *results;
        assert_int_equal(lunette_context_call_named(context, "make", NULL, &results), LUNETTE_OK);
        lunette_value function = *lunette_value_at(results, 0);
        lunette_value_free(&results);
        assert_int_equal(lunette_context_forget(context, &function), LUNETTE_OK);
    }
    assert_true(ln_vm_of(context->vm)->references.count <= 2);
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_true(stats.memory_used < 200000);
    /* Kept, they are counted against the limit like all else. */
    lunette_status status = LUNETTE_OK;
    for (int i = 0; i < 5000 && status == LUNETTE_OK; i++) {
        lunette_value *results;
        status = lunette_context_call_named(context, "make", NULL, &results);
        lunette_value_free(&results);
    }
    assert_int_equal(status, LUNETTE_MEMORY_LIMIT);
    kit_close(context);
}

/* The slots by themselves, against a model: which identifiers are good. */
static void slots(void **state) {
    (void)state;
    ln_references references = {0};
    uint64_t ids[200];
    bool good[200] = {false};
    unsigned random = 1;
    size_t count = 0;
    assert_false(ln_references_has(&references, 0));
    for (int step = 0; step < 3000; step++) {
        random = random * 1103515245 + 12345;
        size_t pick = (random >> 16) % 200;
        if (random >> 31 && count < 200) {
            ids[count] = ln_references_take(&references);
            assert_true(ids[count] != 0);
            good[count++] = true;
        } else if (pick < count && good[pick]) {
            ln_references_drop(&references, ids[pick]);
            good[pick] = false;
        } else if (random >> 30 & 1) {
            while (ln_references_clear_next(&references) != 0)
                ;
        }
        for (size_t i = 0; i < count; i++)
            assert_int_equal(ln_references_has(&references, ids[i]), good[i]);
    }
    assert_false(ln_references_has(&references, (uint64_t)1 << 32 | 4000));
    ln_references_void(&references);
    for (size_t i = 0; i < count; i++)
        assert_false(ln_references_has(&references, ids[i]));
    ln_references_free(&references);
}

static void expect_named(lunette_context *context, const char *path, lunette_status expected,
                         int64_t result) {
    lunette_value *results;
    lunette_value argument = lunette_integer(20);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    lunette_status status = lunette_context_call_named(context, path, &options, &results);
    if (status != expected)
        fail_msg("%s: %s", path, lunette_status_name(status));
    if (status == LUNETTE_OK)
        assert_int_equal(lunette_value_at(results, 0)->as.integer, result);
    else
        assert_null(results);
    lunette_value_free(&results);
}

static void names_are_called(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "function half(n) return n // 2 end\n"
                       "game = {level = {twice = function(n) return n * 2 end}, n = 5}\n"
                       "game[''] = function() return 7 end\n"
                       "callable = setmetatable({}, {__call = function(self, n) return n + 1 end})\n"
                       "trap = setmetatable({}, {__index = function() while true do end end})\n"
                       "setmetatable(_G, {__index = function() while true do end end})");
    expect_named(context, "half", LUNETTE_OK, 10);
    expect_named(context, "game.level.twice", LUNETTE_OK, 40);
    expect_named(context, "game.", LUNETTE_OK, 7);
    expect_named(context, "callable", LUNETTE_OK, 21);
    static const char *const NOWHERE[] = {
        "",       ".",           "nothing", "half.x",   "game.nothing",  "game.level.twice.x",
        "trap.x", "game..level", ".half",   "game.n.x", "string.nothing"};
    for (size_t i = 0; i < LN_COUNT(NOWHERE); i++)
        expect_named(context, NOWHERE[i], LUNETTE_NOT_FOUND, 0);
    assert_non_null(strstr(lunette_last_failure(), "string.nothing"));
    expect_named(context, "game.n", LUNETTE_RUNTIME_ERROR, 0);
    expect_named(context, "string.len", LUNETTE_OK, 2);
    kit_close(context);
}

/* --- Files --- */

static void write_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void files(void **state) {
    (void)state;
    char path[] = "/tmp/lunette-calls-XXXXXX";
    int handle = mkstemp(path);
    assert_true(handle >= 0);
    close(handle);
    lunette_context *context = kit_restricted();
    lunette_value *results;
    lunette_script *script;
    static const char FIRST_LINE[] = "\xEF\xBB\xBF#!/usr/bin/lua\nreturn 41 + ...\n";
    write_file(path, FIRST_LINE, sizeof FIRST_LINE - 1);
    lunette_value argument = lunette_integer(1);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    assert_int_equal(lunette_context_run_file(context, path, &options, &results), LUNETTE_OK);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 42);
    lunette_value_free(&results);
    assert_int_equal(lunette_script_compile_file(context->engine, path, &script), LUNETTE_OK);
    assert_int_equal(lunette_context_run_script(context, script, &options, &results), LUNETTE_OK);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 42);
    lunette_value_free(&results);
    lunette_script_close(&script);
    static const char FAILS[] = "# no program\n\nerror('here')";
    write_file(path, FAILS, sizeof FAILS - 1);
    assert_int_equal(lunette_context_run_file(context, path, NULL, NULL), LUNETTE_RUNTIME_ERROR);
    assert_string_equal(lunette_context_error(context)->chunk, path);
    assert_int_equal(lunette_context_error(context)->line, 3);
    write_file(path, "# only this", 11);
    assert_int_equal(lunette_context_run_file(context, path, NULL, NULL), LUNETTE_OK);
    write_file(path, "", 0);
    assert_int_equal(lunette_context_run_file(context, path, NULL, NULL), LUNETTE_OK);
    write_file(path, "\x1bLua", 4);
    assert_int_equal(lunette_context_run_file(context, path, NULL, NULL), LUNETTE_SYNTAX_ERROR);
    write_file(path, "x =", 3);
    assert_int_equal(lunette_script_compile_file(context->engine, path, &script), LUNETTE_SYNTAX_ERROR);
    assert_null(script);
    /* Longer than one piece. */
    char *text = malloc(100000);
    memset(text, '\n', 100000);
    memcpy(text + 99990, "return 9  ", 10);
    write_file(path, text, 100000);
    free(text);
    assert_int_equal(lunette_context_run_file(context, path, NULL, &results), LUNETTE_OK);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 9);
    lunette_value_free(&results);
    unlink(path);
    assert_int_equal(lunette_context_run_file(context, path, NULL, &results), LUNETTE_NOT_FOUND);
    assert_non_null(strstr(lunette_last_failure(), path));
    assert_int_equal(lunette_context_run_file(context, "/tmp", NULL, NULL), LUNETTE_SYSTEM);
    assert_int_equal(lunette_script_compile_file(context->engine, path, &script), LUNETTE_NOT_FOUND);
    kit_close(context);
}

/* --- States --- */

static void note_state(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)bytes;
    (void)size;
    *(lunette_state *)ud = lunette_context_state(context);
}

static void states(void **state) {
    (void)state;
    lunette_state inside = LUNETTE_STATE_CLOSED;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = note_state;
    config.output_ud = &inside;
    lunette_context *context = kit_open(&config);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_READY);
    expect_ok(context, "print(1)");
    assert_int_equal(inside, LUNETTE_STATE_RUNNING);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_READY);
    expect_status(context, "error('x')", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_FAILED);
    assert_int_equal(lunette_context_clear_error(context), LUNETTE_OK);
    assert_null(lunette_context_error(context));
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_READY);
    expect_status(context, "error('x')", LUNETTE_RUNTIME_ERROR);
    expect_ok(context, "return 1");
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_READY);
    expect_status(context, "error('x')", LUNETTE_RUNTIME_ERROR);
    lunette_engine *engine = context->engine;
    lunette_context *same = context;
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_ptr_equal(context, same);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_READY);
    uint64_t age = lunette_context_age_ns(context);
    assert_true(age > 0 && age < 100000 * MILLISECOND);
    assert_true(lunette_context_age_ns(context) >= age);
    lunette_engine_close(&engine);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_CLOSED);
    assert_int_equal(lunette_context_collect(context), LUNETTE_CLOSED);
    assert_int_equal(lunette_context_call_named(context, "f", NULL, NULL), LUNETTE_CLOSED);
    assert_int_equal(lunette_context_run_file(context, "/dev/null", NULL, NULL), LUNETTE_CLOSED);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_string_equal(lunette_context_state_name(LUNETTE_STATE_SUSPENDED), "suspended");
    assert_string_equal(lunette_context_state_name((lunette_state)9), "unknown");
}

static void collecting(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    expect_ok(context, "kept = {} for i = 1, 10 do kept[i] = ('x'):rep(1000 + i) end\n"
                       "for i = 1, 1000 do local t = {('y'):rep(1000 + i)} end");
    assert_int_equal(lunette_context_stats(context, &before), LUNETTE_OK);
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(lunette_context_stats(context, &after), LUNETTE_OK);
    assert_true(after.memory_used < before.memory_used);
    assert_true(after.memory_used > 10000);
    expect_ok(context, "assert(#kept == 10 and #kept[10] == 1010)");
    kit_close(context);
}

/* At level none a finalizer may want to keep the host for ever. */
static void collecting_has_a_deadline(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_NONE);
    config.limits.wall_ns = 50 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    if (kit_interrupts(context)) { /* Lua calls no hook in a finalizer */
        expect_ok(context, "setmetatable({}, {__gc = function() while true do end end})");
        assert_int_equal(lunette_context_collect(context), LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_state(context), LUNETTE_STATE_FAILED);
    }
    kit_close(context);
}

/* --- Misuse --- */

static void *call_elsewhere(void *ud) {
    lunette_context *context = ud;
    static lunette_value function;
    function.type = LUNETTE_FUNCTION;
    static lunette_status status;
    lunette_status answers[] = {lunette_context_call_named(context, "f", NULL, NULL),
                                lunette_context_call(context, &function, NULL, NULL),
                                lunette_context_collect(context),
                                lunette_context_clear_error(context),
                                lunette_context_run_file(context, "/dev/null", NULL, NULL),
                                lunette_context_forget(context, &function)};
    status = LUNETTE_BUSY;
    for (size_t i = 0; i < LN_COUNT(answers); i++)
        if (answers[i] != LUNETTE_BUSY)
            status = answers[i];
    return &status;
}

static void try_elsewhere(void *ud, lunette_context *context, const char *bytes, size_t size) {
    pthread_t thread;
    void *status = NULL;
    (void)bytes;
    (void)size;
    if (pthread_create(&thread, NULL, call_elsewhere, context) == 0)
        pthread_join(thread, &status);
    *(lunette_status *)ud = status ? *(lunette_status *)status : LUNETTE_DEFECT;
}

static void a_failure_has_its_words_in_one_place(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    assert_string_equal(lunette_context_message(context, kit_run(context, "return 1")), "");
    lunette_status status = kit_run(context, "error('the script')");
    assert_string_equal(lunette_context_message(context, status), "the script");
    /* The script's error is there still, but it is not why this call failed. */
    status = lunette_context_run(context, NULL, NULL, 0, NULL, NULL);
    assert_string_equal(lunette_context_message(context, status), "lunette_context_run: `text` is NULL");
    status = lunette_context_acquire(NULL, NULL);
    assert_string_equal(lunette_context_message(NULL, status), lunette_last_failure());
    assert_string_equal(lunette_context_message(NULL, LUNETTE_SUSPENDED),
                        lunette_status_text(LUNETTE_SUSPENDED));
    kit_close(context);
}

static void misuse(void **state) {
    (void)state;
    lunette_status elsewhere = LUNETTE_OK;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = try_elsewhere;
    config.output_ud = &elsewhere;
    lunette_context *context = kit_open(&config), *other = kit_restricted();
    lunette_value function = function_from(context, "return function() end"), number = lunette_integer(1);
    lunette_value *results = &number;
    assert_int_equal(lunette_context_call(NULL, &function, NULL, &results), LUNETTE_INVALID_ARGUMENT);
    assert_null(results);
    assert_int_equal(lunette_context_call(context, NULL, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_call(context, &number, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_call(other, &function, NULL, NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_call_named(NULL, "f", NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_call_named(context, NULL, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_forget(NULL, &function), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_forget(context, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_forget(context, &number), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_forget(other, &function), LUNETTE_STALE);
    assert_int_equal(lunette_context_run_file(NULL, "x", NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_run_file(context, NULL, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    lunette_script *script;
    assert_int_equal(lunette_script_compile_file(NULL, "x", &script), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_script_compile_file(context->engine, NULL, &script), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_script_compile_file(context->engine, "x", NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_collect(NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_clear_error(NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_state(NULL), LUNETTE_STATE_CLOSED);
    assert_int_equal(lunette_context_age_ns(NULL), 0);
    expect_ok(context, "print('now')");
    assert_int_equal(elsewhere, LUNETTE_BUSY);
    kit_close(other);
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_called),
        cmocka_unit_test(references_end),
        cmocka_unit_test(references_in_a_value_end_together),
        cmocka_unit_test(forgotten_functions_are_collected),
        cmocka_unit_test(slots),
        cmocka_unit_test(names_are_called),
        cmocka_unit_test(files),
        cmocka_unit_test(states),
        cmocka_unit_test(collecting),
        cmocka_unit_test(collecting_has_a_deadline),
        cmocka_unit_test(a_failure_has_its_words_in_one_place),
        cmocka_unit_test(misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
