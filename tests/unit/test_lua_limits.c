/* The limits of a run as a script meets them: each ends it at the right point with its own status, and a soft end lets it clean
 * up and keeps its state. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static lunette_status run_limited(lunette_context *context, const char *text, lunette_limits limits) {
    lunette_run_options options = lunette_run_options_default();
    limits.size = sizeof limits;
    options.limits = &limits;
    return lunette_context_run(context, "=test", text, SIZE_MAX, &options, NULL);
}

#define expect_limited(context, text, expected, ...)                                                     \
    kit_check_status(context, text, run_limited(context, text, (lunette_limits){__VA_ARGS__}), expected, \
                     __LINE__)

static lunette_stats stats_of(const lunette_context *context) {
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    return stats;
}

/* --- Output --- */

static void output_ends_before_the_line_too_much(void **state) {
    (void)state;
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = kit_output;
    config.output_ud = &output;
    config.warning = kit_warning;
    config.warning_ud = &output;
    lunette_context *context = kit_open(&config);
    expect_limited(context, "print('1234') print('6789')", LUNETTE_OK, .output_bytes = 10);
    assert_int_equal(stats_of(context).output_bytes, 10);
    expect_limited(context, "kept = 1 pcall(print, '1234') pcall(print, '67890') print('never')",
                   LUNETTE_OUTPUT_LIMIT, .output_bytes = 10);
    assert_string_equal(output.bytes, "1234\n6789\n1234\n");
    expect_ok(context, "assert(kept == nil)");
    expect_limited(context, "for i = 1, 100 do warn('1234567890') end", LUNETTE_OUTPUT_LIMIT,
                   .output_bytes = 35);
    expect_limited(context, "print('x')", LUNETTE_OUTPUT_LIMIT, .output_bytes = 1);
    assert_string_equal(lunette_context_error(context)->message,
                        "the script printed more than its limit of 1 bytes");
    kit_close(context);
    kit_clear(&output);
}

/* --- Instructions --- */

/* What the script has printed when its instructions end; the caller's to clear. */
static kit_text printed_within(const char *text, uint64_t instructions, lunette_status expected) {
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = kit_output;
    config.output_ud = &output;
    config.deterministic = true;
    lunette_context *context = kit_open(&config);
    expect_limited(context, text, expected, .instructions = instructions);
    kit_close(context);
    kit_add(&output, "", 0);
    return output;
}

static void instructions_end_at_the_same_point(void **state) {
    (void)state;
    static const char *const ENDLESS[] = {
        "local i = 0 while true do i = i + 1 if i % 100 == 0 then print(i) end end",
        "local n = 0\n"
        "local function f() while true do n = n + 1 if n % 100 == 0 then print(n) end coroutine.yield() end end\n"
        "local a, b = coroutine.wrap(f), coroutine.wrap(f) while true do a() b() end",
        "local n = 0 while true do n = n + 1 print(n) coroutine.wrap(function() for i = 1, n % 300 do end end)() end",
        "local t = {} while true do t[#t % 20 + 1] = math.random(100) table.sort(t, function(a, b) return a < b end) if math.random(10) == 1 then print(t[#t // 2]) end end",
        "while true do pcall(error) print(pcall(load, 'x')) end",
    };
    for (size_t i = 0; i < LN_COUNT(ENDLESS); i++) {
        kit_text first = printed_within(ENDLESS[i], 100000, LUNETTE_INSTRUCTION_LIMIT);
        assert_true(first.size > 10);
        for (int k = 0; k < 3; k++) {
            kit_text again = printed_within(ENDLESS[i], 100000, LUNETTE_INSTRUCTION_LIMIT);
            assert_string_equal(first.bytes, again.bytes);
            kit_clear(&again);
        }
        kit_text more = printed_within(ENDLESS[i], 200000, LUNETTE_INSTRUCTION_LIMIT);
        assert_true(more.size > first.size);
        kit_clear(&more);
        kit_clear(&first);
    }
}

static void instructions_are_counted_exactly(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    /* One instruction a turn: FORLOOP. */
    expect_limited(context, "for i = 1, 1000000 do end", LUNETTE_OK, .instructions = 1000100);
    expect_limited(context, "for i = 1, 1000000 do end", LUNETTE_INSTRUCTION_LIMIT, .instructions = 999990);
    assert_int_equal(stats_of(context).instructions, 999990);
    assert_string_equal(lunette_context_error(context)->message,
                        "the script executed its 999990 instructions");
    expect_limited(context, "return 1", LUNETTE_OK, .instructions = 10);
    expect_limited(context, "while true do pcall(function() while true do end end) end",
                   LUNETTE_INSTRUCTION_LIMIT, .instructions = 50000);
    kit_close(context);
}

/* However the script goes in and out of coroutines, and whatever it tries to resume: it ends near its budget. */
static void coroutines_hide_no_instructions(void **state) {
    (void)state;
    static const char *const TRICKS[] = {
        "local main = coroutine.running() while true do for i = 1, 900 do end coroutine.resume(main) end",
        "local main = coroutine.running() local co = coroutine.wrap(function()\n"
        "  while true do for i = 1, 100 do end coroutine.resume(main) end end) co()",
        "while true do coroutine.wrap(function() for i = 1, 120 do end end)() end",
        "local co = coroutine.wrap(function() while true do for i = 1, 120 do end coroutine.yield() end end)\n"
        "while true do co() end",
        "while true do local co = coroutine.create(function()\n"
        "  local x <close> = setmetatable({}, { __close = function() for i = 1, 120 do end end }) coroutine.yield() end)\n"
        "  coroutine.resume(co) coroutine.close(co) end",
        "local function nest() for i = 1, 120 do end coroutine.wrap(nest)() end while true do pcall(nest) end",
    };
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = kit_output;
    config.output_ud = &output;
    lunette_context *context = kit_open(&config);
    for (size_t i = 0; i < LN_COUNT(TRICKS); i++) {
        expect_limited(context, TRICKS[i], LUNETTE_INSTRUCTION_LIMIT, .instructions = 200000,
                       .wall_ns = 10000 * MILLISECOND);
        assert_true(stats_of(context).instructions < 202000);
    }
    /* And what really ran is not far from what was counted: each turn is some 1,000 instructions. */
    expect_limited(context,
                   "local main, n = coroutine.running(), 0\n"
                   "while true do for i = 1, 990 do end coroutine.resume(main) n = n + 1 print(n) end",
                   LUNETTE_INSTRUCTION_LIMIT, .instructions = 100000);
    size_t turns = 0;
    for (size_t i = 0; i < output.size; i++)
        turns += output.bytes[i] == '\n';
    assert_in_range(turns, 80, 101);
    kit_close(context);
    kit_clear(&output);
}

/* --- Processor time --- */

static void processor_time_is_limited(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_limited(context, "while true do end", LUNETTE_CPU_LIMIT, .cpu_ns = 30 * MILLISECOND);
    lunette_stats stats = stats_of(context);
    assert_in_range(stats.cpu_ns, 30 * MILLISECOND, 500 * MILLISECOND);
    assert_string_equal(lunette_context_error(context)->message,
                        "the script used more than its 30 ms of processor time");
    expect_limited(context, "while true do string.rep('x', 100) end", LUNETTE_CPU_LIMIT,
                   .cpu_ns = 30 * MILLISECOND);
    expect_ok(context, "");
    kit_close(context);
}

/* --- The soft end --- */

static void soft_end(lunette_guard guard) {
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.guard = guard;
    lunette_context *context = kit_open(&config);
    static const char *const POLITE[] = {
        "state = { 'kept' }\nlocal x <close> = setmetatable({}, { __close = function() closed = true end })\nwhile true do end",
        "state = { 'kept' }\nlocal ok, message = pcall(function() while true do end end)\nclosed = not ok and message",
        "state = { 'kept' }\nlocal co = coroutine.create(function() while true do end end)\nclosed = not coroutine.resume(co)",
        ("state = { 'kept' }\nlocal co = coroutine.wrap(function() while true do coroutine.yield() end end)\n"
         "closed = true while true do co() end"),
        "state = { 'kept' }\nclosed = true local function f() coroutine.wrap(f)() end while true do pcall(f) end",
    };
    for (size_t i = 0; i < LN_COUNT(POLITE); i++) {
        bool swallows = i == 4;
        expect_limited(context, POLITE[i], LUNETTE_TIME_LIMIT, .wall_ns = 20 * MILLISECOND,
                       .grace_ns = (swallows ? 50 : 5000) * MILLISECOND);
        assert_true(stats_of(context).wall_ns < 3000 * MILLISECOND);
        if (swallows)
            continue;
        expect_ok(context, "assert(state[1] == 'kept' and closed)\nif type(closed) == 'string' then\n"
                           "  assert(closed:find('limit reached')) end\nstate, closed = nil");
    }
    kit_close(context);
}

static void a_soft_end_keeps_the_state(void **state) {
    (void)state;
    soft_end(LUNETTE_GUARD_AUTO);
}

static void a_soft_end_by_hook_keeps_the_state(void **state) {
    (void)state;
    soft_end(LUNETTE_GUARD_HOOK);
}

static void rude_ends(lunette_guard guard) {
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.guard = guard;
    lunette_context *context = kit_open(&config);
    static const char *const RUDE[] = {
        "kept = 1 while true do pcall(function() while true do end end) end",
        "kept = 1 while true do xpcall(function() while true do end end, function() while true do end end) end",
        ("kept = 1 local function loop() while true do end end\n"
         "local loops = { __close = loop }\n"
         "while true do pcall(coroutine.wrap(function()\n"
         "  local x <close> = setmetatable({}, loops) loop() end)) end"),
        ("kept = 1 local function loop() while true do end end\n"
         "local loops = { __close = loop }\n"
         "while true do local co = coroutine.create(function()\n"
         "  xpcall(loop, loop) local x <close> = setmetatable({}, loops) loop() end)\n"
         "  coroutine.resume(co) pcall(coroutine.close, co) end"),
        ("kept = 1 local function again() local x <close> = setmetatable({}, { __close = function() again() end })\n"
         "  while true do end end again() while true do end"),
        "kept = 1 string.find(string.rep('a', 150), string.rep('a?', 150) .. 'b')",
    };
    for (size_t i = 0; i < LN_COUNT(RUDE); i++) {
        /* Inside a C function no hook comes by. */
        if (i == LN_COUNT(RUDE) - 1 && !kit_interrupts(context))
            continue;
        expect_limited(context, RUDE[i], LUNETTE_TIME_LIMIT, .wall_ns = 10 * MILLISECOND,
                       .grace_ns = 30 * MILLISECOND);
        assert_in_range(stats_of(context).wall_ns, 40 * MILLISECOND, 2000 * MILLISECOND);
        expect_ok(context, "assert(kept == nil)");
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    kit_close(context);
}

static void swallowing_the_soft_end_is_a_kill(void **state) {
    (void)state;
    rude_ends(LUNETTE_GUARD_AUTO);
}

static void swallowing_the_soft_end_by_hook_is_a_kill(void **state) {
    (void)state;
    rude_ends(LUNETTE_GUARD_HOOK);
}

/* A deadline that passes just as the script ends: whatever it has set up for its end must not meet the next run. */
static void a_late_soft_end_spares_the_next_run(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "co = coroutine.wrap(function() while true do coroutine.yield() end end)\n"
                       "function work() for i = 1, 30 do co() end end count = 0");
    unsigned late = 0, in_time = 0;
    for (unsigned i = 0; i < 3000; i++) {
        lunette_status status =
            run_limited(context, "for i = 1, 30 do work() end",
                        (lunette_limits){.wall_ns = 5000 + i % 500 * 700, .grace_ns = 10000 * MILLISECOND});
        assert_true(status == LUNETTE_OK || status == LUNETTE_TIME_LIMIT);
        late += status == LUNETTE_TIME_LIMIT;
        in_time += status == LUNETTE_OK;
        if (status == LUNETTE_TIME_LIMIT) /* the error may have ended the coroutine */
            expect_ok(context, "co = coroutine.wrap(function() while true do coroutine.yield() end end)");
        expect_ok(context, "count = count + 1 work()");
    }
    expect_ok(context, "assert(count == 3000)");
    assert_true(!kit_interrupts(context) || (late > 10 && in_time > 10)); /* a hook's runs take longer */
    kit_close(context);
}

/* --- Cancelling --- */

struct canceller {
    lunette_context *context;
    _Atomic(bool) done;
};

/* Again and again: the first may come before the run. */
static void *cancel_later(void *ud) {
    struct canceller *canceller = ud;
    do {
        usleep(20000);
        lunette_context_cancel(canceller->context);
    } while (!atomic_load(&canceller->done));
    return NULL;
}

static void cancelled_from_another_thread(void **state) {
    (void)state;
    static const char *const TEXTS[] = {"while true do end",
                                        "while true do pcall(function() while true do end end) end",
                                        "while true do coroutine.wrap(function() end)() end",
                                        "string.find(string.rep('a', 150), string.rep('a?', 150) .. 'b')"};
    lunette_context *context = kit_restricted();
    /* Inside a C function no hook comes by. */
    for (size_t i = 0; i < LN_COUNT(TEXTS) - !kit_interrupts(context); i++) {
        pthread_t thread;
        struct canceller canceller = {.context = context};
        lunette_context_cancel(context); /* no effect: nothing runs */
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &canceller), 0);
        lunette_status status =
            run_limited(context, TEXTS[i], (lunette_limits){.wall_ns = 20000 * MILLISECOND});
        atomic_store(&canceller.done, true);
        pthread_join(thread, NULL);
        kit_check_status(context, TEXTS[i], status, LUNETTE_CANCELLED, __LINE__);
        assert_true(stats_of(context).wall_ns < 5000 * MILLISECOND);
        expect_ok(context, "return 1");
    }
    kit_close(context);
}

static lunette_context *volatile alarmed;

static void on_alarm(int signal) {
    (void)signal;
    lunette_context_cancel(alarmed);
}

static void cancelled_from_a_signal_handler(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct itimerval timer = {.it_interval = {.tv_usec = 20000}, .it_value = {.tv_usec = 20000}}, never = {0};
    alarmed = kit_restricted();
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    expect_limited(alarmed, "while true do end", LUNETTE_CANCELLED, .wall_ns = 20000 * MILLISECOND);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    kit_close(alarmed);
}

static void cancel_from_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)bytes;
    (void)size;
    lunette_context_cancel(context);
}

static void cancelled_from_a_callback(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = cancel_from_output;
    lunette_context *context = kit_open(&config);
    expect_status(context, "print('x') kept = 1 while true do end", LUNETTE_CANCELLED);
    expect_ok(context, "assert(kept == nil)");
    kit_close(context);
}

/* --- Memory --- */

static void fill_and_go_on(lunette_context *context, const char *drop, lunette_status expected) {
    char text[400];
    snprintf(text, sizeof text,
             "local chain, n = nil, 0\n"
             "local ok = pcall(function() while true do chain = { chain } n = n + 1 end end)\n"
             "assert(not ok and n > 10000)\n"
             "for i = 1, %s do chain = chain[1] end\n"
             "for i = 1, 300000 do local t = { i } end",
             drop);
    expect_status(context, text, expected);
}

/* Near the limit each collection gives back what there is, and Lua makes one for each block that it is refused: a script that
 * has next to no garbage does not collect until its time is over. */
static void garbage_has_to_be_worth_collecting(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.alloc = i == 0 ? NULL : kit_host_alloc;
        config.limits.memory = 4 * MIB;
        lunette_context *context = kit_open(&config);
        fill_and_go_on(context, "20", LUNETTE_MEMORY_LIMIT);
        assert_in_range(stats_of(context).allocation_failures, 2, 12);
        fill_and_go_on(context, "n // 10", LUNETTE_OK);
        assert_in_range(stats_of(context).allocation_failures, 20, 2000);
        /* What one script did is not held against the next. */
        fill_and_go_on(context, "20", LUNETTE_MEMORY_LIMIT);
        fill_and_go_on(context, "n // 10", LUNETTE_OK);
        expect_ok(context, "for i = 1, 60 do local s = ('x'):rep(600000) .. i end");
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        kit_close(context);
    }
}

/* --- The hook guard, and a host's allocator --- */

static void the_hook_guard_keeps_the_limits(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.guard = LUNETTE_GUARD_HOOK;
    lunette_context *context = kit_open(&config);
    lunette_engine_info info = {.size = sizeof info};
    assert_int_equal(lunette_engine_info_get(context->engine, &info), LUNETTE_OK);
    assert_string_equal(info.guard, "hook");
    static const char *const TEXTS[] = {
        "while true do end", "while true do pcall(function() while true do end end) end",
        "while true do coroutine.wrap(function() for i = 1, 10 do end end)() end",
        ("local co = coroutine.wrap(function() while true do coroutine.yield() end end)\n"
         "while true do co() end")};
    for (size_t i = 0; i < LN_COUNT(TEXTS); i++) {
        expect_limited(context, TEXTS[i], LUNETTE_TIME_LIMIT, .wall_ns = 20 * MILLISECOND);
        assert_true(stats_of(context).wall_ns < 3000 * MILLISECOND);
        expect_limited(context, TEXTS[i], LUNETTE_INSTRUCTION_LIMIT, .instructions = 100000);
        expect_limited(context, TEXTS[i], LUNETTE_CPU_LIMIT, .cpu_ns = 20 * MILLISECOND);
    }
    expect_ok(context, "return 1");
    kit_close(context);
}

static void *slow_allocator(void *ud, void *ptr, size_t osize, size_t nsize) {
    for (volatile int i = 0; i < 300; i++)
        ;
    return kit_host_alloc(ud, ptr, osize, nsize);
}

/* Most of the time these are inside the allocator, where a kill must wait. */
static void kills_wait_for_a_host_allocator(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.alloc = slow_allocator;
    config.limits.memory = 16 * MIB;
    lunette_context *context = kit_open(&config);
    for (unsigned i = 0; i < 60; i++) {
        lunette_status status =
            run_limited(context, "local t while true do t = { {}, 'x' .. math.random() } end",
                        (lunette_limits){.wall_ns = 200000 + i * 50000});
        assert_int_equal(status, LUNETTE_TIME_LIMIT);
        expect_ok(context, "assert(#('x'):rep(1000) == 1000)");
    }
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_ends_before_the_line_too_much),
        cmocka_unit_test(instructions_end_at_the_same_point),
        cmocka_unit_test(instructions_are_counted_exactly),
        cmocka_unit_test(coroutines_hide_no_instructions),
        cmocka_unit_test(processor_time_is_limited),
        cmocka_unit_test(a_soft_end_keeps_the_state),
        cmocka_unit_test(a_soft_end_by_hook_keeps_the_state),
        cmocka_unit_test(swallowing_the_soft_end_is_a_kill),
        cmocka_unit_test(swallowing_the_soft_end_by_hook_is_a_kill),
        cmocka_unit_test(a_late_soft_end_spares_the_next_run),
        cmocka_unit_test(cancelled_from_another_thread),
        cmocka_unit_test(cancelled_from_a_signal_handler),
        cmocka_unit_test(cancelled_from_a_callback),
        cmocka_unit_test(garbage_has_to_be_worth_collecting),
        cmocka_unit_test(the_hook_guard_keeps_the_limits),
        cmocka_unit_test(kills_wait_for_a_host_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
