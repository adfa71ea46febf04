/* Waiting for the host: a call that is answered later, from wherever a script can make one. When this fails look at
 * src/lua/suspend.c and coroutine.c, and at how src/machine carries a budget over. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "engine/engine.h"
#include "lunette.h"

#define MILLISECOND UINT64_C(1000000)

static uint64_t token;
static bool held_back; /* a function that could not wait begins nothing */

/* wait(…): its answer comes later. */
static lunette_status do_wait(void *ud, lunette_call *call) {
    (void)ud;
    lunette_status status = lunette_call_suspend(call, &token);
    held_back = status != LUNETTE_SUSPENDED;
    return status;
}

static lunette_status do_undeclared(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_suspend(call, &token);
}

/* Says SUSPENDED without having asked. */
static lunette_status do_pretend(void *ud, lunette_call *call) {
    (void)ud;
    (void)call;
    return LUNETTE_SUSPENDED;
}

/* Has asked, and thinks better of it. */
static lunette_status do_answer_after_all(void *ud, lunette_call *call) {
    (void)ud;
    assert_int_equal(lunette_call_suspend(call, &token), LUNETTE_SUSPENDED);
    return lunette_return_integer(call, 5);
}

static void nap(uint64_t ns) {
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&time, NULL);
}

/* burn(ms): that much of the run's time, however busy the machine is. */
static lunette_status do_burn(void *ud, lunette_call *call) {
    (void)ud;
    int64_t ms;
    lunette_status status = lunette_arg_integer(call, 1, &ms);
    if (status == LUNETTE_OK)
        nap((uint64_t)ms * MILLISECOND);
    return status;
}

/* thing(): an object whose fields come later. */
static const lunette_function METAMETHODS[] = {
    {.name = "__index", .call = do_wait, .max_arguments = -1, .suspends = true},
};
static const lunette_function METHODS[] = {
    {.name = "get", .call = do_wait, .max_arguments = -1, .suspends = true},
};
static const lunette_class THING = {.size = sizeof(lunette_class),
                                    .name = "Thing",
                                    .methods = METHODS,
                                    .method_count = 1,
                                    .metamethods = METAMETHODS,
                                    .metamethod_count = 1};

static lunette_status do_thing(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_object(call, &THING, &token);
}

static lunette_engine *open_engine(lunette_config *config) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "wait", .call = do_wait, .max_arguments = -1, .suspends = true},
        {.name = "undeclared", .call = do_undeclared},
        {.name = "pretend", .call = do_pretend, .suspends = true},
        {.name = "answer_after_all", .call = do_answer_after_all, .suspends = true},
        {.name = "burn", .call = do_burn, .max_arguments = 1},
        {.name = "thing", .call = do_thing},
    };
    static const lunette_class *const TYPES[] = {&THING};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_engine *engine;
    module.name = "";
    module.functions = FUNCTIONS;
    module.function_count = 6;
    module.types = TYPES;
    module.type_count = 1;
    config->modules = modules;
    config->module_count = 1;
    if (lunette_engine_open(config, &engine) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return engine;
}

static lunette_context *open_context(lunette_engine **engine) {
    lunette_config config = lunette_config_default();
    lunette_context *context;
    config.limits.wall_ns = 10000 * MILLISECOND;
    *engine = open_engine(&config);
    assert_int_equal(lunette_context_acquire(*engine, &context), LUNETTE_OK);
    return context;
}

static void close_context(lunette_context *context, lunette_engine *engine) {
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
}

static const char *words(const lunette_context *context) {
    const lunette_error *error = lunette_context_error(context);
    return error ? error->message : lunette_last_failure();
}

/* Runs a text that waits; answers 1, 2, 3 … until it has ended, and compares what it returns first. */
static void check(lunette_context *context, const char *text, int waits, const char *expected) {
    lunette_value *results = NULL;
    lunette_status status = lunette_context_run(context, "=test", text, SIZE_MAX, NULL, &results);
    for (int i = 1; i <= waits; i++) {
        if (status != LUNETTE_SUSPENDED)
            fail_msg("%s\nwait %d: %s, %s", text, i, lunette_status_name(status), words(context));
        assert_null(results);
        lunette_value answer = lunette_integer(i);
        status = lunette_context_resume(context, token, &answer, 1, &results);
    }
    if (status != LUNETTE_OK)
        fail_msg("%s\n%s, %s", text, lunette_status_name(status), words(context));
    const lunette_value *first = lunette_value_at(results, 0);
    assert_non_null(first);
    assert_int_equal(first->type, LUNETTE_STRING);
    assert_string_equal(first->as.string.bytes, expected);
    lunette_value_free(&results);
}

static void to_the_script_it_is_a_call(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    check(context, "return 'no wait'", 0, "no wait");
    check(context, "return 'got ' .. wait()", 1, "got 1");
    check(context, "local sum = 0 for i = 1, 10 do sum = sum + wait(i) end return tostring(sum)", 10, "55");
    check(context, "return tostring(select('#', wait())) .. tostring(pcall(wait))", 2, "1true");
    check(context, "local ok, v = pcall(function() return wait() end) return tostring(ok) .. v", 1, "true1");
    check(context,
          "local ok, v = xpcall(function() error(wait()) end, function(e) return 'seen ' .. e end) return v",
          1, "seen 1");
    check(
        context,
        "local s = '' for v in function() local n = wait() if n < 4 then return n end end do s = s .. v end "
        "return s",
        4, "123");
    check(context,
          "local t = setmetatable({}, {__index = function(_, k) return wait() end, "
          "__add = function() return wait() end, __call = function() return wait() end, "
          "__eq = function() return wait() == 4 end, __lt = function() return wait() end}) "
          "return t.x .. t + 1 .. t() .. tostring(t == setmetatable({}, getmetatable(t))) .. tostring(t < t)",
          5, "123truetrue");
    check(context,
          "local s = '' do local c <close> = setmetatable({}, {__close = function() s = s .. wait() end}) "
          "s = s .. wait() end return s",
          2, "12");
    check(context, "return select(2, load('return wait()')) or 'x' .. load('return wait()')()", 1, "x1");
    check(context, "return tostring(answer_after_all())", 0, "5");
    close_context(context, engine);
}

static void it_works_inside_coroutines(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    check(context,
          "local co = coroutine.create(function(a) local b = wait() local c = coroutine.yield(a + b) "
          "return wait() .. c end) "
          "local _, first = coroutine.resume(co, 10) local _, second = coroutine.resume(co, 'x') "
          "return first .. ' ' .. second .. ' ' .. coroutine.status(co)",
          2, "11 2x dead");
    check(context,
          "local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(wait() * 10) end end) "
          "local s = '' for v in gen do s = s .. v .. ' ' end return s",
          3, "10 20 30 ");
    check(context,
          "local function deep(n) if n == 0 then return wait() end "
          "return coroutine.wrap(function() return deep(n - 1) + wait() end)() end return tostring(deep(20))",
          21, "231");
    check(context,
          "local co = coroutine.wrap(function() local ok, e = pcall(function() wait() error('inner') end) "
          "return e .. wait() end) return co()",
          2, "test:1: inner2");
    check(context, "return tostring(pcall(coroutine.wrap(function() wait() error({}) end)))", 1, "false");
    close_context(context, engine);
}

static void where_lua_cannot_wait_it_says_so(void **state) {
    (void)state;
    static const char *const PLACES[] = {
        "table.sort({3, 2, 1}, function(a, b) return wait() end)",
        "string.gsub('a', 'a', function() return wait() end)",
        "tostring(setmetatable({}, {__tostring = function() return wait() end}))",
        "table.concat(setmetatable({}, {__len = function() return wait() end}))",
        "load(function() return wait() end)",
        "coroutine.wrap(function() table.sort({2, 1}, coroutine.wrap(function() wait() end)) end)()",
    };
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "local a, ok, why = pcall(function() local r, w = %s error(w or r, 0) end) "
                 "return tostring(ok)",
                 PLACES[i]);
        held_back = false;
        lunette_value *results = NULL;
        assert_int_equal(lunette_context_run(context, "=test", text, SIZE_MAX, NULL, &results), LUNETTE_OK);
        const char *said = lunette_value_at(results, 0)->as.string.bytes;
        if (!strstr(said, "'wait' cannot wait here"))
            fail_msg("%s\n%s", text, said);
        assert_true(held_back);
        lunette_value_free(&results);
    }
    check(context, "return select(2, pcall(undeclared))", 0,
          "'undeclared' is not described as a function that suspends");
    check(context, "return select(2, pcall(pretend))", 0,
          "'pretend' answered suspended, but lunette_call_suspend() did not");
    close_context(context, engine);
}

/* What scripts could tell the outermost coroutine by. */
static void a_script_does_not_notice_where_it_runs(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    check(
        context,
        "local co, main = coroutine.running() return tostring(main) .. tostring(coroutine.isyieldable()) .. "
        "coroutine.status(co) .. select(2, pcall(coroutine.yield, 1)) .. select(2, coroutine.resume(co)) .. "
        "select(2, pcall(coroutine.close, co))",
        0,
        "truefalserunningattempt to yield from outside a coroutinecannot resume non-suspended coroutine"
        "cannot close a running coroutine");
    check(context,
          "return coroutine.wrap(function() local co, main = coroutine.running() "
          "return tostring(main) .. tostring(coroutine.isyieldable()) end)()",
          0, "falsetrue");
    close_context(context, engine);
}

static void the_host_may_answer_with_an_error(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    lunette_value *results = NULL;
    const char *text = "local ok, why = pcall(wait)\nlocal t = wait()\nreturn why, t[1]";
    assert_int_equal(lunette_context_run(context, "=test", text, SIZE_MAX, NULL, &results),
                     LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume_error(context, token, "no such row", &results),
                     LUNETTE_SUSPENDED);
    lunette_value items[] = {lunette_text("one")};
    lunette_value answer = lunette_array_of(items, 1);
    assert_int_equal(lunette_context_resume(context, token, &answer, 1, &results), LUNETTE_OK);
    assert_string_equal(lunette_value_at(results, 0)->as.string.bytes, "no such row");
    assert_string_equal(lunette_value_at(results, 1)->as.string.bytes, "one");
    lunette_value_free(&results);
    /* Not caught, it is the run's error, with the place of the call. */
    text = "local x = 1\nwait()\n";
    assert_int_equal(lunette_context_run(context, "=test", text, SIZE_MAX, NULL, NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume_error(context, token, "gone", NULL), LUNETTE_RUNTIME_ERROR);
    const lunette_error *error = lunette_context_error(context);
    assert_string_equal(error->message, "gone");
    assert_int_equal(error->line, 2);
    assert_true(error->frame_count >= 2);
    /* And the context goes on. */
    check(context, "return 'still ' .. wait()", 1, "still 1");
    close_context(context, engine);
}

static void tokens_are_good_once(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    uint64_t asked = 0;
    assert_int_equal(lunette_context_token(context, &asked), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_resume(context, 1, NULL, 0, NULL), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_drop(context, 1), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_run(context, "=test", "wait() wait()", SIZE_MAX, NULL, NULL),
                     LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_SUSPENDED);
    assert_int_equal(lunette_context_token(context, &asked), LUNETTE_OK);
    assert_true(asked == token);
    assert_int_equal(lunette_context_resume(context, token + 1, NULL, 0, NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_resume_error(context, token - 1, "x", NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_drop(context, token + 1), LUNETTE_STALE);
    assert_int_equal(lunette_context_run(context, "=test", "x = 1", SIZE_MAX, NULL, NULL),
                     LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_verify(context), LUNETTE_WRONG_STATE);
    uint64_t old = token;
    assert_int_equal(lunette_context_resume(context, old, NULL, 0, NULL), LUNETTE_SUSPENDED);
    assert_true(token != old);
    assert_int_equal(lunette_context_resume(context, old, NULL, 0, NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_drop(context, token), LUNETTE_OK);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_READY);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    /* A reset, and a release, take the wait with them; the next tenant's wait has another token. */
    assert_int_equal(lunette_context_run(context, "=test", "wait()", SIZE_MAX, NULL, NULL),
                     LUNETTE_SUSPENDED);
    old = token;
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_resume(context, old, NULL, 0, NULL), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_run(context, "=test", "wait()", SIZE_MAX, NULL, NULL),
                     LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, old, NULL, 0, NULL), LUNETTE_STALE);
    lunette_value bad = lunette_nil();
    bad.type = (lunette_type)77;
    assert_int_equal(lunette_context_resume(context, token, &bad, 1, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_resume(context, token, NULL, 1, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_resume_error(context, token, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_resume(NULL, token, NULL, 0, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_OK);
    close_context(context, engine);
}

/* The script's own time counts, all its pieces together; what it waited does not, but for the ceiling on the whole. */
static void the_budget_is_the_scripts_own(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    options.limits = &limits;
    limits.wall_ns = 600 * MILLISECOND;
    const char *patient = "wait() return 'done'";
    lunette_value *results = NULL;
    assert_int_equal(lunette_context_run(context, "=test", patient, SIZE_MAX, &options, NULL),
                     LUNETTE_SUSPENDED);
    nap(1200 * MILLISECOND);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, &results), LUNETTE_OK);
    lunette_value_free(&results);
    const char *busy = "burn(400) wait() burn(400)";
    assert_int_equal(lunette_context_run(context, "=test", busy, SIZE_MAX, &options, NULL),
                     LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_TIME_LIMIT);
    limits.wall_ns = 0;
    limits.total_ns = 600 * MILLISECOND;
    assert_int_equal(lunette_context_run(context, "=test", patient, SIZE_MAX, &options, NULL),
                     LUNETTE_SUSPENDED);
    nap(800 * MILLISECOND);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_TIME_LIMIT);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_FAILED);
    limits.total_ns = 0;
    limits.host_calls = 3;
    const char *calls = "wait() wait() wait() wait()";
    assert_int_equal(lunette_context_run(context, "=test", calls, SIZE_MAX, &options, NULL),
                     LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_HOST_CALL_LIMIT);
    limits.host_calls = 0;
    limits.instructions = 100000;
    const char *counted = "for i = 1, 4 do for j = 1, 20000 do end wait() end";
    lunette_status status = lunette_context_run(context, "=test", counted, SIZE_MAX, &options, NULL);
    for (int i = 0; i < 4 && status == LUNETTE_SUSPENDED; i++)
        status = lunette_context_resume(context, token, NULL, 0, NULL);
    assert_int_equal(status, LUNETTE_OK);
    limits.instructions = 50000;
    status = lunette_context_run(context, "=test", counted, SIZE_MAX, &options, NULL);
    for (int i = 0; i < 4 && status == LUNETTE_SUSPENDED; i++)
        status = lunette_context_resume(context, token, NULL, 0, NULL);
    assert_int_equal(status, LUNETTE_INSTRUCTION_LIMIT);
    close_context(context, engine);
}

static void *resume_elsewhere(void *ud) {
    lunette_value answer = lunette_text("from another thread");
    lunette_value *results = NULL;
    lunette_status status = lunette_context_resume(ud, token, &answer, 1, &results);
    if (status != LUNETTE_OK ||
        strcmp(lunette_value_at(results, 0)->as.string.bytes, "from another thread") != 0)
        return "wrong";
    lunette_value_free(&results);
    return NULL;
}

/* --- Answers that there is no room for --- */

/* The script is told where it waits, and may catch it. Whatever becomes of it, the next one begins anew. */
static void an_answer_without_room_is_an_error_in_the_script(void **state) {
    (void)state;
    enum { SIZE = 8 << 20, COUNT = 1100000 };
    static char bytes[SIZE];
    lunette_config config = lunette_config_default();
    lunette_context *context;
    lunette_value *results, long_text = lunette_string(bytes, SIZE);
    lunette_value *many = calloc(COUNT, sizeof *many);
    assert_non_null(many);
    config.limits.wall_ns = 10000 * MILLISECOND;
    config.limits.memory = 4 << 20;
    lunette_engine *engine = open_engine(&config);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    for (int i = 0; i < 2; i++) {
        const lunette_value *answer = i == 0 ? &long_text : many;
        size_t count = i == 0 ? 1 : COUNT;
        lunette_status uncaught = i == 0 ? LUNETTE_MEMORY_LIMIT : LUNETTE_RUNTIME_ERROR;
        const char *text = "local ok = pcall(wait) closed = ok return ok";
        assert_int_equal(lunette_context_run(context, "=test", text, SIZE_MAX, NULL, NULL),
                         LUNETTE_SUSPENDED);
        assert_int_equal(lunette_context_resume(context, token, answer, count, &results), LUNETTE_OK);
        assert_int_equal(lunette_value_at(results, 0)->type, LUNETTE_BOOLEAN);
        assert_false(lunette_value_at(results, 0)->as.boolean);
        lunette_value_free(&results);
        text =
            "local c <close> = setmetatable({}, {__close = function() closed = 'yes' end}) wait() went_on = 1";
        assert_int_equal(lunette_context_run(context, "=test", text, SIZE_MAX, NULL, NULL),
                         LUNETTE_SUSPENDED);
        assert_int_equal(lunette_context_resume(context, token, answer, count, NULL), uncaught);
        text = "assert(closed == 'yes' and not went_on) error('new')";
        assert_int_equal(lunette_context_run(context, "=test", text, SIZE_MAX, NULL, NULL),
                         LUNETTE_RUNTIME_ERROR);
        assert_string_equal(words(context), "new");
    }
    free(many);
    close_context(context, engine);
}

/* Memory that ends anywhere ends the run, but not what comes after it. */
static void memory_may_end_at_any_point(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    lunette_value answers[] = {lunette_string("an answer that nobody has heard yet, and long", 46),
                               lunette_integer(1)};
    unsigned refused = 0, waited = 0;
    for (uint64_t n = 1; n < 60; n++) {
        ln_arena_fail_from(context->vm->arena, n);
        lunette_status status = lunette_context_run(
            context, "=test", "local t = {} t[1] = wait() t[2] = wait(t) return t", SIZE_MAX, NULL, NULL);
        for (int i = 0; i < 2 && status == LUNETTE_SUSPENDED; i++, waited++)
            status = lunette_context_resume(context, token, answers, 2, NULL);
        ln_arena_fail_from(context->vm->arena, 0);
        assert_true(status == LUNETTE_OK || status == LUNETTE_MEMORY_LIMIT);
        refused += status == LUNETTE_MEMORY_LIMIT;
        check(context, "return 'got ' .. wait()", 1, "got 1");
        if (n % 3 == 0)
            assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    }
    assert_true(refused > 0 && waited > 60);
    close_context(context, engine);
}

static lunette_usage usage_of(lunette_engine *engine) {
    lunette_usage usage = {.size = sizeof usage};
    assert_int_equal(lunette_engine_usage(engine, &usage), LUNETTE_OK);
    return usage;
}

static lunette_stats stats_of(lunette_context *context) {
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    return stats;
}

/* A run's figures are those of all its pieces, so whoever adds the pieces up must not count the first ones again; nor
 * what earlier runs in the same state have allocated. */
static void sums_have_each_piece_once(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    uint64_t wall_ns = 0, host_calls = 0, allocations = 0;
    for (int run = 0; run < 3; run++) {
        check(context, "local t = {} for i = 1, 3 do burn(2) t[i] = {wait()} end return 'done'", 3, "done");
        wall_ns += stats_of(context).wall_ns;
        host_calls += stats_of(context).host_calls;
        allocations = stats_of(context).allocations;
    }
    lunette_usage usage = usage_of(engine);
    assert_int_equal(usage.runs, 12);
    assert_int_equal(usage.suspended, 9);
    assert_int_equal(host_calls, 18);
    assert_int_equal(usage.host_calls, host_calls);
    assert_int_equal(usage.wall_ns, wall_ns);
    assert_int_equal(usage.allocations, allocations);
    /* What has not waited is charged in whole, also where a text that came before does not even compile. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        usage = usage_of(engine);
        assert_int_equal(lunette_context_run(context, "=broken", "x = = 1", SIZE_MAX, NULL, NULL),
                         LUNETTE_SYNTAX_ERROR);
        assert_int_equal(usage_of(engine).host_calls, usage.host_calls);
        assert_in_range(usage_of(engine).wall_ns, usage.wall_ns, usage.wall_ns + 10000 * MILLISECOND);
        check(context, "return 'got ' .. wait()", 1, "got 1");
    }
    close_context(context, engine);
}

static void any_thread_may_resume(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        void *wrong = NULL;
        assert_int_equal(
            lunette_context_run(context, "=test", "return coroutine.wrap(wait)()", SIZE_MAX, NULL, NULL),
            LUNETTE_SUSPENDED);
        assert_int_equal(pthread_create(&thread, NULL, resume_elsewhere, context), 0);
        assert_int_equal(pthread_join(thread, &wrong), 0);
        assert_null(wrong);
    }
    close_context(context, engine);
}

/* Many wait at once, end in any order, and are killed, dropped and released while they wait. */
static void many_wait_at_once(void **state) {
    (void)state;
    enum { COUNT = 300 };
    static lunette_context *contexts[COUNT];
    static uint64_t tokens[COUNT];
    lunette_config config = lunette_config_default();
    lunette_engine *engine = open_engine(&config);
    for (int i = 0; i < COUNT; i++) {
        char text[100];
        snprintf(text, sizeof text,
                 "local mine = %d local t = {} for i = 1, 100 do t[i] = {i} end "
                 "return mine + wait() + #t",
                 i);
        assert_int_equal(lunette_context_acquire(engine, &contexts[i]), LUNETTE_OK);
        assert_int_equal(lunette_context_run(contexts[i], "=test", text, SIZE_MAX, NULL, NULL),
                         LUNETTE_SUSPENDED);
        tokens[i] = token;
    }
    for (int i = COUNT - 1; i >= 0; i--) {
        lunette_value answer = lunette_integer(1000), *results = NULL;
        if (i % 3 == 0) {
            assert_int_equal(lunette_context_resume(contexts[i], tokens[i], &answer, 1, &results),
                             LUNETTE_OK);
            assert_int_equal(lunette_value_at(results, 0)->as.integer, i + 1100);
            lunette_value_free(&results);
        } else if (i % 3 == 1) {
            assert_int_equal(lunette_context_drop(contexts[i], tokens[i]), LUNETTE_OK);
        }
        assert_int_equal(lunette_context_release(&contexts[i]), LUNETTE_OK);
    }
    lunette_pool_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_engine_pool_stats(engine, &stats), LUNETTE_OK);
    assert_int_equal(stats.in_use, 0);
    lunette_engine_close(&engine);
}

static void fields_and_methods_of_objects_may_wait(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    check(context, "local t = thing() return tostring(t.x + t.y)", 2, "3");
    check(context, "local t = thing() return tostring(t:get() + t.get(t))", 2, "3");
    check(context, "local ok, x = pcall(function() return thing()[5] end) return tostring(x)", 1, "1");
    close_context(context, engine);
}

/* --- Ends of runs that wait --- */

static lunette_status run_until_it_waits(lunette_context *context, const char *text,
                                         const lunette_run_options *options) {
    return lunette_context_run(context, "=test", text, SIZE_MAX, options, NULL);
}

static void one_that_waits_can_be_cancelled(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    lunette_value *results;
    static const char TEXT[] = "while true do pcall(wait) end";
    assert_int_equal(run_until_it_waits(context, TEXT, NULL), LUNETTE_SUSPENDED);
    lunette_context_cancel(context);
    assert_int_equal(lunette_context_state(context), LUNETTE_STATE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, &results), LUNETTE_CANCELLED);
    assert_null(results);
    /* That was the run; the next is another. */
    assert_int_equal(run_until_it_waits(context, TEXT, NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_SUSPENDED);
    /* An answer that is an error does not save it, and dropped it is no less gone. */
    lunette_context_cancel(context);
    assert_int_equal(lunette_context_resume_error(context, token, "no", NULL), LUNETTE_CANCELLED);
    assert_int_equal(run_until_it_waits(context, TEXT, NULL), LUNETTE_SUSPENDED);
    lunette_context_cancel(context);
    assert_int_equal(lunette_context_drop(context, token), LUNETTE_OK);
    lunette_context_cancel(context);
    check(context, "return tostring(wait())", 1, "1");
    close_context(context, engine);
}

/* A token names a wait in the whole process: one that comes to the wrong context does nothing there. */
static void tokens_are_good_in_one_context(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *first = open_context(&engine), *second;
    uint64_t tokens[2];
    assert_int_equal(lunette_context_acquire(engine, &second), LUNETTE_OK);
    assert_int_equal(lunette_context_run(first, "=test", "wait()", SIZE_MAX, NULL, NULL), LUNETTE_SUSPENDED);
    tokens[0] = token;
    assert_int_equal(lunette_context_run(second, "=test", "wait()", SIZE_MAX, NULL, NULL), LUNETTE_SUSPENDED);
    tokens[1] = token;
    assert_true(tokens[0] != tokens[1] && tokens[0] != 0);
    assert_int_equal(lunette_context_resume(first, tokens[1], NULL, 0, NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_drop(second, tokens[0]), LUNETTE_STALE);
    assert_int_equal(lunette_context_resume(first, tokens[0], NULL, 0, NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_resume(second, tokens[1], NULL, 0, NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&second), LUNETTE_OK);
    close_context(first, engine);
}

static int closed;

static void close_one(void *ud, void *object) {
    (void)ud;
    (void)object;
    closed++;
}

static const lunette_class GIFT = {.size = sizeof GIFT, .name = "Gift", .close = close_one};

/* Gives an object, and then waits. */
static lunette_status do_give_and_wait(void *ud, lunette_call *call) {
    lunette_status status = lunette_return_object(call, &GIFT, &closed);
    return status == LUNETTE_OK ? do_wait(ud, call) : status;
}

static void what_is_given_before_a_wait_is_closed(void **state) {
    (void)state;
    static const lunette_function FUNCTION = {.name = "give", .call = do_give_and_wait, .suspends = true};
    const lunette_class *types[] = {&GIFT};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    module.name = "";
    module.functions = &FUNCTION;
    module.function_count = 1;
    module.types = types;
    module.type_count = 1;
    config.modules = modules;
    config.module_count = 1;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    lunette_context *context;
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    closed = 0;
    check(context, "assert(give() == 1) return type(give())", 2, "number");
    assert_int_equal(closed, 2);
    close_context(context, engine);
    assert_int_equal(closed, 2);
}

struct told {
    int times;
    size_t frames;
    lunette_status last;
};

static void tell(void *ud, lunette_context *context, const lunette_error *error) {
    (void)context;
    struct told *told = ud;
    told->times++;
    told->frames = error->frame_count;
    told->last = error->code;
}

/* What was said of a run holds for all its pieces. */
static void one_that_waited_may_fail(void **state) {
    (void)state;
    struct told told = {0};
    lunette_config config = lunette_config_default();
    lunette_context *context;
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results, fallback = lunette_text("instead");
    config.on_error = tell;
    config.on_error_ud = &told;
    lunette_engine *engine = open_engine(&config);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);

    assert_int_equal(run_until_it_waits(context, "wait() error('late')", NULL), LUNETTE_SUSPENDED);
    assert_int_equal(told.times, 0);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, &results), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(told.times, 1);
    assert_int_equal(told.last, LUNETTE_RUNTIME_ERROR);
    assert_true(told.frames > 0);

    options.recovery = LUNETTE_RECOVER_DEFAULT;
    options.fallback = &fallback;
    options.trace = LUNETTE_OFF;
    assert_int_equal(run_until_it_waits(context, "wait() wait() error('late')", &options), LUNETTE_SUSPENDED);
    fallback = lunette_nil(); /* a view, of the call that has returned */
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, &results), LUNETTE_OK);
    assert_string_equal(lunette_value_at(results, 0)->as.string.bytes, "instead");
    lunette_value_free(&results);
    assert_int_equal(told.times, 2);
    assert_int_equal(told.frames, 0);

    options.recovery = LUNETTE_RECOVER_SKIP;
    assert_int_equal(run_until_it_waits(context, "wait() error('late')", &options), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume_error(context, token, "no", &results), LUNETTE_OK);
    assert_int_equal(results->as.array.count, 0);
    lunette_value_free(&results);

    /* Given up, or never asked about again, it leaves nothing behind. */
    options.recovery = LUNETTE_RECOVER_DEFAULT;
    fallback = lunette_text("instead");
    assert_int_equal(run_until_it_waits(context, "wait()", &options), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_drop(context, token), LUNETTE_OK);
    assert_int_equal(run_until_it_waits(context, "wait() error()", NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(run_until_it_waits(context, "wait()", &options), LUNETTE_SUSPENDED);

    /* Tried again, it waits, and has not failed. */
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    told.times = 0;
    options.recovery = LUNETTE_RECOVER_RETRY;
    assert_int_equal(
        run_until_it_waits(context, "n = (n or 0) + 1 if n == 1 then error('first') end wait()", &options),
        LUNETTE_SUSPENDED);
    assert_int_equal(told.times, 1);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_OK);
    assert_int_equal(told.times, 1);
    close_context(context, engine);
}

/* Each piece by itself, so that a bill is what was used. */
static void pieces_are_counted_once(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    lunette_stats stats = {.size = sizeof stats}, again = stats;
    lunette_usage usage = {.size = sizeof usage}, after = usage;
    check(context, "for i = 1, 10 do burn(1) wait({}, {}) end return 'done'", 10, "done");
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_int_equal(lunette_engine_usage(engine, &usage), LUNETTE_OK);
    assert_int_equal(usage.runs, 11);
    assert_int_equal(stats.host_calls, 20);
    assert_int_equal(usage.host_calls, stats.host_calls);
    assert_int_equal(usage.wall_ns, stats.wall_ns);
    assert_true(stats.wall_ns >= 10 * MILLISECOND);
    /* A context's blocks are counted since its reset, a bill's by the run. */
    check(context, "return 'short'", 0, "short");
    assert_int_equal(lunette_context_stats(context, &again), LUNETTE_OK);
    assert_int_equal(lunette_engine_usage(engine, &after), LUNETTE_OK);
    assert_int_equal(after.allocations - usage.allocations, again.allocations - stats.allocations);
    assert_int_equal(after.wall_ns - usage.wall_ns, again.wall_ns);
    /* And after one that waited, a text that is none. */
    assert_int_equal(run_until_it_waits(context, "burn(5) wait() wait()", NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_resume(context, token, NULL, 0, NULL), LUNETTE_SUSPENDED);
    assert_int_equal(lunette_context_drop(context, token), LUNETTE_OK);
    assert_int_equal(run_until_it_waits(context, "x = = 1", NULL), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(run_until_it_waits(context, "x = = 1", NULL), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(lunette_engine_usage(engine, &after), LUNETTE_OK);
    assert_true(after.wall_ns < 10 * UINT64_C(1000000000));
    close_context(context, engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_the_script_it_is_a_call),
        cmocka_unit_test(it_works_inside_coroutines),
        cmocka_unit_test(where_lua_cannot_wait_it_says_so),
        cmocka_unit_test(a_script_does_not_notice_where_it_runs),
        cmocka_unit_test(the_host_may_answer_with_an_error),
        cmocka_unit_test(tokens_are_good_once),
        cmocka_unit_test(tokens_are_good_in_one_context),
        cmocka_unit_test(what_is_given_before_a_wait_is_closed),
        cmocka_unit_test(the_budget_is_the_scripts_own),
        cmocka_unit_test(an_answer_without_room_is_an_error_in_the_script),
        cmocka_unit_test(memory_may_end_at_any_point),
        cmocka_unit_test(sums_have_each_piece_once),
        cmocka_unit_test(any_thread_may_resume),
        cmocka_unit_test(many_wait_at_once),
        cmocka_unit_test(fields_and_methods_of_objects_may_wait),
        cmocka_unit_test(one_that_waits_can_be_cancelled),
        cmocka_unit_test(one_that_waited_may_fail),
        cmocka_unit_test(pieces_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
