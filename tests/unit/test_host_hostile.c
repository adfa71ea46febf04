/* Functions of the host's, called by scripts that mean harm: with more arguments than there can be, with strings as large as
 * memory, from every place that Lua calls functions from; and killed in the middle, which they must not be. When this fails
 * look at src/lua/host.c and call.c. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/os.h"
#include "support.h"

/* How often the host's functions were entered, and left again. Each holds something in between. */
static atomic_int entered, left;

static lunette_status do_work(void *ud, lunette_call *call) {
    (void)ud;
    int64_t ms;
    lunette_status status = lunette_arg_integer_or(call, 1, 1, &ms);
    if (status != LUNETTE_OK)
        return status;
    atomic_fetch_add(&entered, 1);
    char *held = malloc(100);
    uint64_t until = ln_os_now() + (uint64_t)ms * MILLISECOND;
    while (ln_os_now() < until)
        held = realloc(held, 50 + ln_os_now() % 1000);
    free(held);
    atomic_fetch_add(&left, 1);
    return lunette_return_integer(call, ms);
}

static lunette_status do_sum(void *ud, lunette_call *call) {
    (void)ud;
    double sum = 0, one;
    atomic_fetch_add(&entered, 1);
    lunette_status status = LUNETTE_OK;
    for (int i = 1; i <= lunette_call_count(call) && status == LUNETTE_OK; i++) {
        status = lunette_arg_number_or(call, i, 1, &one);
        sum += one;
    }
    atomic_fetch_add(&left, 1);
    return status == LUNETTE_OK ? lunette_return_number(call, sum) : status;
}

static lunette_status do_values(void *ud, lunette_call *call, const lunette_value *arguments, size_t count) {
    (void)ud;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += arguments[i].type == LUNETTE_STRING ? arguments[i].as.string.size : 1;
    return lunette_return_integer(call, (int64_t)bytes);
}

static lunette_status do_echo(void *ud, lunette_call *call) {
    (void)ud;
    const char *bytes;
    size_t size;
    lunette_status status = lunette_arg_string(call, 1, &bytes, &size);
    return status == LUNETTE_OK ? lunette_return_string(call, bytes, size) : status;
}

/* Gives as many results as it is asked for. */
static lunette_status do_many(void *ud, lunette_call *call) {
    (void)ud;
    int64_t count;
    lunette_status status = lunette_arg_integer(call, 1, &count);
    for (int64_t i = 0; i < count && status == LUNETTE_OK; i++)
        status = lunette_return_integer(call, i);
    return status;
}

static lunette_status do_invoke(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status != LUNETTE_OK)
        return status;
    atomic_fetch_add(&entered, 1);
    status = lunette_call_invoke(call, &function, NULL, 0, NULL, NULL);
    lunette_context_forget(lunette_call_context(call), &function);
    atomic_fetch_add(&left, 1);
    return status;
}

static lunette_config hostile_config(void) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "work", .call = do_work, .max_arguments = -1},
        {.name = "sum", .call = do_sum, .max_arguments = -1},
        {.name = "values", .call_values = do_values, .max_arguments = -1},
        {.name = "few", .call = do_sum, .min_arguments = 1, .max_arguments = 2},
        {.name = "echo", .call = do_echo, .max_arguments = 1},
        {.name = "many", .call = do_many, .max_arguments = 1},
        {.name = "invoke", .call = do_invoke, .max_arguments = 1},
    };
    static lunette_module module;
    static const lunette_module *const modules[] = {&module};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    module = lunette_module_default();
    module.name = "h";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    config.limits.memory = 16 * MIB;
    atomic_store(&entered, 0);
    atomic_store(&left, 0);
    return config;
}

static lunette_status run_for(lunette_context *context, const char *text, uint64_t wall_ns) {
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = wall_ns;
    options.limits = &limits;
    return lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, &options, NULL);
}

static void check_clean(lunette_context *context, const char *text) {
    if (atomic_load(&entered) != atomic_load(&left))
        fail_msg("%s\nentered %d times, left %d times", text, atomic_load(&entered), atomic_load(&left));
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
}

/* --- Kills --- */

/* Where the host's function is called from as the time is over. */
static const char *const PLACES[] = {
    "while true do h.work(3) end",
    "while true do pcall(h.work, 3) end",
    "while true do pcall(pcall, h.work, 3) end",
    "while true do xpcall(error, function() h.work(3) end) end",
    "while true do xpcall(h.work, h.work, {}) end",
    "local c = coroutine.wrap(function() while true do h.work(3) coroutine.yield() end end) while true do c() end",
    "coroutine.wrap(coroutine.wrap(function() while true do h.work(3) end end))()",
    "while true do ('abc'):gsub('.', function() h.work(2) end) end",
    "while true do ('123'):gsub('.', h.work) h.work(2) end",
    "while true do table.sort({3, 1, 2}, function(a, b) h.work(2) return a < b end) end",
    "while true do local t = setmetatable({}, {__index = function() return h.work(2) end}) t.x = t.y end",
    "while true do local a <close> = setmetatable({}, {__close = function() h.work(3) end}) end",
    "while true do for i in h.work, 3 do end end",
    "while true do h.invoke(function() h.work(3) end) end",
    "h.invoke(function() while true do h.work(3) end end)",
    "h.invoke(function() h.invoke(function() while true do pcall(h.work, 2) end end) end)",
    "while true do pcall(h.invoke, function() error(h.work(3)) end) end",
    "while true do load(function() h.work(3) return nil end) end",
    "while true do tostring(setmetatable({}, {__tostring = function() h.work(3) return '' end})) end",
};

static void no_place_is_left_in_the_middle(void **state) {
    static const lunette_guard GUARDS[] = {LUNETTE_GUARD_AUTO, LUNETTE_GUARD_HOOK};
    (void)state;
    for (size_t g = 0; g < LN_COUNT(GUARDS); g++) {
        lunette_config config = hostile_config();
        config.guard = GUARDS[g];
        lunette_context *context = kit_open(&config);
        for (size_t i = 0; i < LN_COUNT(PLACES); i++)
            for (uint64_t ms = 4; ms < 8; ms++) {
                lunette_status status = run_for(context, PLACES[i], ms * MILLISECOND);
                if (status != LUNETTE_TIME_LIMIT)
                    fail_msg("%s\nends with %s", PLACES[i], lunette_status_name(status));
                check_clean(context, PLACES[i]);
            }
        kit_close(context);
    }
}

struct cancelling {
    lunette_context *context;
    atomic_bool over;
};

static void *cancel_often(void *ud) {
    struct cancelling *cancelling = ud;
    while (!atomic_load(&cancelling->over)) {
        lunette_context_cancel(cancelling->context);
        nanosleep(&(struct timespec){.tv_nsec = 700000}, NULL);
    }
    return NULL;
}

static void nor_is_one_that_is_cancelled(void **state) {
    (void)state;
    lunette_config config = hostile_config();
    struct cancelling cancelling = {.context = kit_open(&config)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_often, &cancelling), 0);
    size_t wrong = 0;
    for (size_t i = 0; i < LN_COUNT(PLACES); i++) {
        wrong += run_for(cancelling.context, PLACES[i], 10000 * MILLISECOND) != LUNETTE_CANCELLED;
        wrong += atomic_load(&entered) != atomic_load(&left);
    }
    atomic_store(&cancelling.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(wrong, 0);
    check_clean(cancelling.context, "cancelled");
    kit_close(cancelling.context);
}

/* --- Arguments --- */

static void absurd_calls_are_errors_or_answers(void **state) {
    static const struct {
        const char *text;
        const char *answer; /* what the text returns; or NULL: see below */
        lunette_status status;
    } CALLS[] = {
        {"return tostring(h.sum(table.unpack({}, 1, 200000)))", "200000.0", LUNETTE_OK},
        {"return tostring(h.values(table.unpack({}, 1, 100000)))", "100000", LUNETTE_OK},
        {"return tostring(select('#', h.many(200000)))", "200000", LUNETTE_OK},
        {"return (select(2, pcall(h.few, table.unpack({}, 1, 100000))))",
         "too many arguments to 'few' (at most 2 expected, got 100000)", LUNETTE_OK},
        {"return (select(2, pcall(h.few)))", "bad argument #1 to 'few' (value expected)", LUNETTE_OK},
        {"return tostring(#h.echo(('x'):rep(3 << 20)))", "3145728", LUNETTE_OK},
        {"return tostring(h.values(('x'):rep(3 << 20), ('y'):rep(1 << 20)))", "4194304", LUNETTE_OK},
        {"return tostring(#h.echo(('\\0'):rep(100)))", "100", LUNETTE_OK},
        {"return tostring(pcall(h.sum, {}, print, coroutine.create(print)))", "false", LUNETTE_OK},
        {"local t = {} t[1] = t return tostring(pcall(h.values, t))", "false", LUNETTE_OK},
        {"local t = {} for i = 1, 1000 do t = {t} end return tostring(pcall(h.values, t))", "false",
         LUNETTE_OK},
        {"return tostring(pcall(h.many, 1 << 40))", NULL, LUNETTE_OK},
        {"return tostring(pcall(h.many, 0/0))", "false", LUNETTE_OK},
        {"local function f() return h.invoke(f) end return tostring(pcall(f))", "false", LUNETTE_OK},
        {"local function f() return pcall(h.invoke, f) end return tostring(f())", NULL, LUNETTE_OK},
        {"return tostring(h.sum(h.many(100)))", "4950.0", LUNETTE_OK},
        {"local s = ('x'):rep(1 << 20) local t = {} while true do t[#t + 1] = h.echo(s) end", NULL,
         LUNETTE_MEMORY_LIMIT},
        {"h.echo(('x'):rep(15 << 20))", NULL, LUNETTE_MEMORY_LIMIT},
    };
    (void)state;
    lunette_config config = hostile_config();
    lunette_context *context = kit_open(&config);
    for (size_t i = 0; i < LN_COUNT(CALLS); i++) {
        lunette_value *results = NULL;
        lunette_status status =
            lunette_context_run(context, "=test", CALLS[i].text, SIZE_MAX, NULL, &results);
        if (status != CALLS[i].status)
            fail_msg("%s\nends with %s (%s)", CALLS[i].text, lunette_status_name(status),
                     status > 0 ? lunette_context_error(context)->message : lunette_last_failure());
        const lunette_value *first = results ? lunette_value_at(results, 0) : NULL;
        if (CALLS[i].answer && strcmp(first->as.string.bytes, CALLS[i].answer) != 0)
            fail_msg("%s\ngives '%s'", CALLS[i].text, first->as.string.bytes);
        lunette_value_free(&results);
        check_clean(context, CALLS[i].text);
    }
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_place_is_left_in_the_middle),
        cmocka_unit_test(nor_is_one_that_is_cancelled),
        cmocka_unit_test(absurd_calls_are_errors_or_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
