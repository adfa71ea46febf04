/* Functions of the script's called from functions of the host's: what comes back, what goes on, and how it ends. In every
 * case the host's function runs to its end, and what was killed runs no more. */
#include "support.h"

#include <pthread.h>

#include "lunette/module.h"

enum { MOST_KEPT = 8 };

static struct {
    lunette_value kept[MOST_KEPT];
    size_t kept_count;
    int entered, left; /* host functions */
    lunette_status status;
    lunette_status after; /* what the call answers once an invocation has failed */
    char message[300];
    lunette_context *context;
} seen;

/* --- The host's functions --- */

static lunette_value first_of(const lunette_value *results) {
    const lunette_value *first = lunette_value_at(results, 0);
    return first ? *first : lunette_nil();
}

/* Nothing is taken from a call whose run was ended, whether it could be kept there or not. */
static void expect_no_results(lunette_call *call, lunette_status status) {
    const lunette_value value = lunette_nil();
    assert_int_equal(lunette_return_nil(call), status);
    assert_int_equal(lunette_return_boolean(call, true), status);
    assert_int_equal(lunette_return_integer(call, 1), status);
    assert_int_equal(lunette_return_number(call, 0.5), status);
    assert_int_equal(lunette_return_text(call, "x"), status);
    assert_int_equal(lunette_return_value(call, &value), status);
}

/* invoke(f, ...): calls it with the numbers behind it; gives what it gives. */
static lunette_status invoke(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function, arguments[8], *results;
    size_t count = 0;
    seen.entered++;
    lunette_status status = lunette_arg_function(call, 1, &function);
    for (int i = 2; status == LUNETTE_OK && i <= lunette_call_count(call) && count < 8; i++) {
        arguments[count] = lunette_nil();
        arguments[count].type = LUNETTE_INTEGER;
        status = lunette_arg_integer(call, i, &arguments[count++].as.integer);
    }
    if (status == LUNETTE_OK) {
        status = lunette_call_invoke(call, &function, arguments, count, NULL, &results);
        seen.status = status;
        snprintf(seen.message, sizeof seen.message, "%s", lunette_call_message(call));
        lunette_context_forget(lunette_call_context(call), &function);
        if (status >= LUNETTE_TIME_LIMIT && status != LUNETTE_VALUE_LIMIT) {
            bool boolean;
            seen.after = lunette_arg_boolean(call, 1, &boolean);
            if (seen.after == status)
                expect_no_results(call, status);
        }
        for (size_t i = 0; status == LUNETTE_OK && i < results->as.array.count; i++)
            status = lunette_return_value(call, &results->as.array.items[i]);
        lunette_value_free(&results);
    }
    seen.left++;
    return status;
}

/* try(f): whatever comes of it, answers OK with the status' name. */
static lunette_status try_it(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function;
    seen.entered++;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status == LUNETTE_OK) {
        seen.status = lunette_call_invoke(call, &function, NULL, 0, NULL, NULL);
        seen.after = lunette_call_invoke(call, &function, NULL, 0, NULL, NULL);
        status = lunette_return_text(call, lunette_status_name(seen.status));
    }
    seen.left++;
    return status;
}

/* keep(f) and kept(i): callbacks for later. */
static lunette_status keep(void *ud, lunette_call *call) {
    (void)ud;
    if (seen.kept_count == MOST_KEPT)
        return lunette_call_fail(call, "no room");
    return lunette_arg_function(call, 1, &seen.kept[seen.kept_count++]);
}

static lunette_status kept(void *ud, lunette_call *call) {
    (void)ud;
    int64_t index;
    lunette_status status = lunette_arg_integer(call, 1, &index);
    if (status != LUNETTE_OK || index < 1 || (size_t)index > seen.kept_count)
        return status != LUNETTE_OK ? status : lunette_call_fail(call, "none");
    return lunette_return_function(call, &seen.kept[index - 1]);
}

/* each(t, f): a cursor that goes on while the script changes the table. */
static lunette_status each(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function;
    lunette_cursor cursor;
    int64_t sum = 0;
    lunette_status status = lunette_arg_function(call, 2, &function);
    if (status == LUNETTE_OK)
        status = lunette_arg_iterate(call, 1, &cursor);
    while (status == LUNETTE_OK && lunette_cursor_next(call, &cursor)) {
        lunette_value *results, copy = cursor.value;
        status = lunette_call_invoke(call, &function, &copy, 1, NULL, &results);
        if (status == LUNETTE_OK && first_of(results).type == LUNETTE_INTEGER)
            sum += first_of(results).as.integer;
        lunette_value_free(&results);
    }
    return status == LUNETTE_OK ? lunette_return_integer(call, sum) : status;
}

/* own_error(f): the inner error is replaced by the host's. */
static lunette_status own_error(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status != LUNETTE_OK)
        return status;
    status = lunette_call_invoke(call, &function, NULL, 0, NULL, NULL);
    return status == LUNETTE_OK ? status : lunette_call_fail(call, "the callback failed");
}

/* text(f): scratch memory of this call is kept while the script calls others. */
static lunette_status text(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function;
    lunette_status status = lunette_return_text(call, "before the invocation");
    if (status == LUNETTE_OK)
        status = lunette_arg_function(call, 1, &function);
    if (status == LUNETTE_OK)
        status = lunette_call_invoke(call, &function, NULL, 0, NULL, NULL);
    return status == LUNETTE_OK ? lunette_return_text(call, "and after") : status;
}

static lunette_status echo(void *ud, lunette_call *call) {
    (void)ud;
    const char *bytes;
    size_t size;
    lunette_status status = lunette_arg_string(call, 1, &bytes, &size);
    return status == LUNETTE_OK ? lunette_return_string(call, bytes, size) : status;
}

static void *cancel_soon(void *ud) {
    struct timespec delay = {.tv_nsec = 20000000};
    nanosleep(&delay, NULL);
    lunette_context_cancel(ud);
    return NULL;
}

/* cancelled(f): another thread cancels the run while the script runs in it. */
static lunette_status cancelled(void *ud, lunette_call *call) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, cancel_soon, lunette_call_context(call)) != 0)
        return lunette_call_fail(call, "no thread");
    lunette_status status = try_it(ud, call);
    pthread_join(thread, NULL);
    return status;
}

/* linger(f): when the script has been ended, another limit of the run is passed, and the host cancels it as well. */
static lunette_status linger(void *ud, lunette_call *call) {
    struct timespec delay = {.tv_nsec = 60 * MILLISECOND};
    lunette_status status = try_it(ud, call);
    nanosleep(&delay, NULL);
    lunette_context_cancel(lunette_call_context(call));
    return status;
}

static const lunette_function FUNCTIONS[] = {
    {.name = "invoke", .call = invoke, .min_arguments = 1, .max_arguments = 9},
    {.name = "try", .call = try_it, .min_arguments = 1, .max_arguments = 1},
    {.name = "keep", .call = keep, .min_arguments = 1, .max_arguments = 1},
    {.name = "kept", .call = kept, .min_arguments = 1, .max_arguments = 1},
    {.name = "each", .call = each, .min_arguments = 2, .max_arguments = 2},
    {.name = "own_error", .call = own_error, .min_arguments = 1, .max_arguments = 1},
    {.name = "text", .call = text, .min_arguments = 1, .max_arguments = 1},
    {.name = "echo", .call = echo, .min_arguments = 1, .max_arguments = 1},
    {.name = "cancelled", .call = cancelled, .min_arguments = 1, .max_arguments = 1},
    {.name = "linger", .call = linger, .min_arguments = 1, .max_arguments = 1},
};

static lunette_context *open_with(lunette_config config) {
    static lunette_module module;
    static const lunette_module *const list[] = {&module};
    module = lunette_module_default();
    module.name = "";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    config.modules = list;
    config.module_count = 1;
    memset(&seen, 0, sizeof seen);
    return kit_open(&config);
}

static lunette_context *open_here(void) {
    return open_with(kit_config(LUNETTE_SANDBOX_RESTRICTED));
}

/* --- What comes back --- */

static void values_go_both_ways(void **state) {
    (void)state;
    lunette_context *context = open_here();
    lunette_value *results = kit_results(context,
                                         "local n = 0\n"
                                         "local function add(a, b) n = n + 1 return a + b, 'x', {n} end\n"
                                         "local a, b, c = invoke(add, 3, 4)\n"
                                         "return a, b, c[1], select('#', invoke(function() end)), n",
                                         __LINE__);
    assert_int_equal(lunette_value_at(results, 0)->as.integer, 7);
    assert_string_equal(lunette_value_at(results, 1)->as.string.bytes, "x");
    assert_int_equal(lunette_value_at(results, 2)->as.integer, 1);
    assert_int_equal(lunette_value_at(results, 3)->as.integer, 0);
    assert_int_equal(lunette_value_at(results, 4)->as.integer, 1);
    lunette_value_free(&results);
    expect_ok(context, "assert(each({10, 20, 12}, function(v) return v end) == 42)\n"
                       "local a, b = text(function() for i = 1, 50 do echo(('x'):rep(i * 100)) end end)\n"
                       "assert(a == 'before the invocation' and b == 'and after')\n"
                       "assert(invoke(string.len, 1234) == 4)");
    /* In coroutines, and from the callbacks of library functions. */
    expect_ok(
        context,
        "local co = coroutine.wrap(function() return invoke(function() return 5 end) end)\n"
        "assert(co() == 5)\n"
        "assert(('ab'):gsub('.', function(c) return invoke(function() return c .. c end) end) == 'aabb')\n"
        "local t = {3, 1, 2} table.sort(t, function(a, b) return invoke(function() return a < b end) end)\n"
        "assert(t[1] == 1 and t[3] == 3)\n"
        "local m = setmetatable({}, {__index = function(_, k) return invoke(function() return k end) end})\n"
        "assert(m.name == 'name')");
    kit_close(context);
}

static void callbacks_for_later(void **state) {
    (void)state;
    lunette_context *context = open_here();
    expect_ok(context, "local n = 0 keep(function(d) n = n + d return n end)\n"
                       "keep(print) assert(kept(2) == print and kept(1)(5) == 5)");
    lunette_value five = lunette_integer(5), *results;
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &five;
    options.argument_count = 1;
    assert_int_equal(lunette_context_call(context, &seen.kept[0], &options, &results), LUNETTE_OK);
    assert_int_equal(first_of(results).as.integer, 10);
    lunette_value_free(&results);
    assert_int_equal(lunette_context_forget(context, &seen.kept[1]), LUNETTE_OK);
    expect_status(context, "kept(2)", LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_context_error(context)->message,
                           "gave a value that is, or holds, a function or an object of another context, or "
                           "one that is gone"));
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_status(context, "kept(1)", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_call(context, &seen.kept[0], &options, NULL), LUNETTE_STALE);
    kit_close(context);
}

/* --- Errors --- */

static void errors_pass_through(void **state) {
    (void)state;
    lunette_context *context = open_here();
    expect_ok(
        context,
        "local own = {}\n"
        "local ok, e = pcall(invoke, function() error(own) end) assert(not ok and e == own)\n"
        "ok, e = pcall(invoke, function() error('boom') end) assert(not ok and e == 'test:3: boom', e)\n"
        "ok, e = pcall(invoke, function() error() end) assert(not ok and e == nil)\n"
        "ok, e = pcall(own_error, error) assert(not ok and e == 'the callback failed', e)\n"
        "ok, e = pcall(invoke, 5)\n"
        "assert(e == \"bad argument #1 to 'invoke' (function expected, got number)\", e)\n"
        "ok, e = pcall(invoke, function() return {[{}] = 1} end)\n"
        "assert(not ok and e:find('results%[1%]'), e)\n"
        "assert(try(function() error('x') end) == 'runtime_error')");
    expect_status(context, "\ninvoke(function() local x = nil; x.y = 1 end)", LUNETTE_RUNTIME_ERROR);
    assert_string_equal(seen.message, "test:2: attempt to index a nil value (local 'x')");
    const lunette_error *error = lunette_context_error(context);
    assert_non_null(strstr(error->message, "attempt to index a nil value (local 'x')"));
    assert_int_equal(seen.entered, seen.left);
    /* Nothing can yield through the host's frame; the script is told. */
    expect_ok(context, "local co = coroutine.create(function() invoke(coroutine.yield) end)\n"
                       "local ok, e = coroutine.resume(co)\n"
                       "assert(not ok and e:find('attempt to yield across a C%-call boundary'), e)");
    /* A table that the script changes under a cursor. */
    expect_status(context,
                  "local t = {} for i = 1, 100 do t['k' .. i] = i end\n"
                  "each(t, function() for k in pairs(t) do t[k] = nil end\n"
                  " for i = 1, 300 do t[i] = true t['n' .. i] = 1 end collectgarbage('count') end)",
                  LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_context_error(context)->message, "changed while"));
    kit_close(context);
}

static void memory_is_one(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = 2 * MIB;
    lunette_context *context = open_with(config);
    expect_status(context,
                  "invoke(function() local t = {} while true do t[#t + 1] = ('x'):rep(100) .. #t end end)",
                  LUNETTE_MEMORY_LIMIT);
    assert_int_equal(seen.status, LUNETTE_MEMORY_LIMIT);
    expect_ok(context, "local ok, e = pcall(invoke, function() return ('x'):rep(1 << 24) end)\n"
                       "assert(not ok and e == 'not enough memory', e)\n"
                       "assert(invoke(function() return 1 end) == 1)");
    kit_close(context);
}

/* As deep as Lua lets C calls nest; then an ordinary error. */
static void depth_is_bounded(void **state) {
    (void)state;
    lunette_context *context = open_here();
    expect_ok(context,
              "local deepest = 0\n"
              "local function down(n) deepest = n return invoke(function() return down(n + 1) end) end\n"
              "local ok, e = pcall(down, 1)\n"
              "assert(not ok and deepest > 10 and deepest < 200)\n"
              "assert(tostring(e):find('overflow') or tostring(e):find('stack_too_small'), e)\n"
              "assert(invoke(function() return 7 end) == 7)");
    assert_int_equal(seen.entered, seen.left);
    kit_close(context);
}

/* --- Ends --- */

/* What `text` runs into; the host's functions have all returned, and the context is as new. */
static void expect_end(lunette_config config, const char *text, lunette_status status, lunette_status inner) {
    lunette_context *context = open_with(config);
    expect_ok(context, "x = 1");
    if (kit_run(context, text) != status)
        fail_msg("%s instead of %s\n%s", lunette_status_name(lunette_context_error(context)->code),
                 lunette_status_name(status), text);
    assert_int_equal(seen.entered, seen.left);
    assert_int_equal(seen.status, inner);
    assert_int_equal(seen.after, inner);
    expect_ok(context, "assert(x == nil) assert(invoke(function() return 3 end) == 3)");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    kit_close(context);
}

static void kills_stop_at_the_host(void **state) {
    (void)state;
    static const char *const TEXTS[] = {
        "invoke(function() while true do end end)",
        "try(function() while true do end end)",
        "pcall(try, function() while true do pcall(error) end end) while true do end",
        "coroutine.wrap(function() try(function() string.rep('', 1 << 60) end) end)()",
        "try(function() try(function() try(function() while true do end end) end) end)",
        "setmetatable({}, {__index = function() try(function() while true do end end) end}).x = nil\n"
        "local _ = setmetatable({}, {__index = function() try(function() while true do end end) end}).x",
        "local x <close> = setmetatable({}, {__close = function() while true do end end})\n"
        "try(function() local ok = pcall(try, function() while true do end end) while true do end end)",
        "try(coroutine.wrap(function() while true do coroutine.wrap(function() end)() end end))",
    };
    for (size_t i = 0; i < LN_COUNT(TEXTS); i++) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.limits.wall_ns = 40 * MILLISECOND;
        /* Where only hooks can serve, a loop inside a C function has no end. */
        if ((LN_OS_CAN_INTERRUPT && !LN_TSAN) || !strstr(TEXTS[i], "string.rep"))
            expect_end(config, TEXTS[i], LUNETTE_TIME_LIMIT, LUNETTE_TIME_LIMIT);
        config.guard = LUNETTE_GUARD_HOOK;
        if (!strstr(TEXTS[i], "string.rep"))
            expect_end(config, TEXTS[i], LUNETTE_TIME_LIMIT, LUNETTE_TIME_LIMIT);
    }
}

static void limits_are_the_runs(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.instructions = 100000;
    expect_end(config, "try(function() while true do end end)", LUNETTE_INSTRUCTION_LIMIT,
               LUNETTE_INSTRUCTION_LIMIT);
    expect_end(config, "for i = 1, 1e6 do invoke(function() for j = 1, 1000 do end end) end",
               LUNETTE_INSTRUCTION_LIMIT, LUNETTE_INSTRUCTION_LIMIT);
    config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.host_calls = 10;
    expect_end(config, "try(function() for i = 1, 100 do echo('x') end end)", LUNETTE_HOST_CALL_LIMIT,
               LUNETTE_HOST_CALL_LIMIT);
    kit_text output = {0};
    config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = kit_output;
    config.output_ud = &output;
    config.limits.output_bytes = 10;
    expect_end(config, "print('1234') try(function() print('5678') print('more') end)", LUNETTE_OUTPUT_LIMIT,
               LUNETTE_OUTPUT_LIMIT);
    assert_string_equal(output.bytes, "1234\n5678\n");
    kit_clear(&output);
    config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    expect_end(config, "cancelled(function() while true do end end)", LUNETTE_CANCELLED, LUNETTE_CANCELLED);
}

/* What ended the script is what the run ended by, whatever comes later. */
static void the_first_end_is_the_end(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.instructions = 10000;
    config.limits.wall_ns = 30 * MILLISECOND;
    for (int i = 0; i < 2; i++) {
        expect_end(config, "linger(function() while true do end end)", LUNETTE_INSTRUCTION_LIMIT,
                   LUNETTE_INSTRUCTION_LIMIT);
        expect_end(config, "try(function() linger(function() while true do end end) end)",
                   LUNETTE_INSTRUCTION_LIMIT, LUNETTE_INSTRUCTION_LIMIT);
        config.guard = LUNETTE_GUARD_HOOK;
    }
}

/* Exactly the limit is allowed, across the border and back; what was used is counted once. */
static void counts_are_handed_on(void **state) {
    (void)state;
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.host_calls = 5;
    config.limits.output_bytes = 12;
    config.output = kit_output;
    config.output_ud = &output;
    lunette_context *context = open_with(config);
    expect_ok(context,
              "echo('a') invoke(function() echo('b') print('in') echo('c') end) echo('d') print('after!12')");
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_int_equal(stats.host_calls, 5);
    assert_int_equal(stats.output_bytes, 12);
    expect_status(context, "echo('a') invoke(function() echo('b') echo('c') end) echo('d') echo('e')",
                  LUNETTE_HOST_CALL_LIMIT);
    expect_ok(context, "return 1");
    kit_clear(&output);
    kit_close(context);
}

/* Without a kill at once: the script may clean up, on both sides of the host's function. */
static void softly(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.wall_ns = 40 * MILLISECOND;
    config.limits.grace_ns = 5000 * MILLISECOND;
    lunette_context *context = open_with(config);
    expect_ok(context, "log = {}");
    expect_status(context,
                  "local a <close> = setmetatable({}, {__close = function() log[#log + 1] = 'outer' end})\n"
                  "invoke(function()\n"
                  " local b <close> = setmetatable({}, {__close = function() log[#log + 1] = 'inner' end})\n"
                  " while true do end end)",
                  LUNETTE_TIME_LIMIT);
    assert_int_equal(seen.entered, seen.left);
    expect_ok(context, "assert(log[1] == 'inner' and log[2] == 'outer' and #log == 2)");
    kit_close(context);
}

static lunette_status misused(void *ud, lunette_call *call) {
    lunette_context *other = ud;
    lunette_value function, number = lunette_integer(1), *results = &number;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status != LUNETTE_OK)
        return status;
    const lunette_status bad = LUNETTE_INVALID_ARGUMENT;
    bool fine = lunette_call_invoke(NULL, &function, NULL, 0, NULL, &results) == bad && !results;
    fine = fine && lunette_call_invoke(call, NULL, NULL, 0, NULL, NULL) == bad;
    fine = fine && lunette_call_invoke(call, &number, NULL, 0, NULL, NULL) == bad;
    fine = fine && lunette_call_invoke(call, &function, NULL, 1, NULL, NULL) == bad;
    lunette_bounds bounds = {.depth = 500};
    fine = fine && lunette_call_invoke(call, &function, NULL, 0, &bounds, NULL) == bad;
    lunette_value broken = lunette_string(NULL, 1);
    fine = fine && lunette_call_invoke(call, &function, &broken, 1, NULL, NULL) == bad;
    fine = fine && lunette_arg_function(NULL, 1, &function) == bad &&
           lunette_arg_function(call, 0, &function) == bad;
    fine = fine && lunette_arg_function(call, 1, NULL) == bad;
    fine =
        fine && lunette_return_function(call, &number) == bad && lunette_return_function(call, NULL) == bad;
    fine = fine && lunette_return_function(NULL, &function) == bad;
    fine = fine && strcmp(lunette_call_message(NULL), "") == 0;
    fine = fine && lunette_context_call(lunette_call_context(call), &function, NULL, NULL) == LUNETTE_BUSY;
    /* Another context may be used; its references are not ours. */
    fine = fine &&
           lunette_context_run(other, NULL, "return function() end", SIZE_MAX, NULL, &results) == LUNETTE_OK;
    fine =
        fine && lunette_call_invoke(call, lunette_value_at(results, 0), NULL, 0, NULL, NULL) == LUNETTE_STALE;
    lunette_value_free(&results);
    lunette_context_forget(lunette_call_context(call), &function);
    fine = fine && lunette_call_invoke(call, &function, NULL, 0, NULL, NULL) == LUNETTE_STALE;
    fine = fine && lunette_return_function(call, &function) == LUNETTE_STALE;
    return lunette_return_boolean(call, fine);
}

static void misuse(void **state) {
    (void)state;
    lunette_context *other = kit_restricted();
    static const lunette_function FUNCTION = {.name = "misused", .call = misused, .max_arguments = 1};
    lunette_module module = lunette_module_default();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    module.name = "";
    module.functions = &FUNCTION;
    module.function_count = 1;
    module.ud = other;
    const lunette_module *const list[] = {&module};
    config.modules = list;
    config.module_count = 1;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "assert(misused(function() end))");
    kit_close(context);
    kit_close(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_both_ways),
        cmocka_unit_test(callbacks_for_later),
        cmocka_unit_test(errors_pass_through),
        cmocka_unit_test(memory_is_one),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(kills_stop_at_the_host),
        cmocka_unit_test(limits_are_the_runs),
        cmocka_unit_test(the_first_end_is_the_end),
        cmocka_unit_test(counts_are_handed_on),
        cmocka_unit_test(softly),
        cmocka_unit_test(misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
