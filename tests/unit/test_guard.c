/* The guard with C functions of this program for a VM: how runs end by themselves and by their budgets. */
#include "test_guard.h"

/* --- Opening -------------------------------------------------------------------------------------------- */

static void test_open(void **state) {
    (void)state;
    ln_guard *guard;
    ln_guard_config config = config_of(LN_GUARD_AUTO);
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    assert_int_equal(ln_guard_kind_of(guard), no_signal_guard() ? LN_GUARD_HOOK : LN_GUARD_SIGNAL);
    ln_guard_close(&guard);
    assert_null(guard);
    ln_guard_close(&guard);

    config.signal = SIGSEGV;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_INVALID_ARGUMENT);
    assert_null(guard);
    config.signal = 65;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_INVALID_ARGUMENT);
    config.signal = -1;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_INVALID_ARGUMENT);

    config = config_of(LN_GUARD_SIGNAL);
    config.code_count = 0;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_UNSUPPORTED);
    config.kind = LN_GUARD_AUTO;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    assert_int_equal(ln_guard_kind_of(guard), LN_GUARD_HOOK);
    ln_guard_close(&guard);

    int on_stack;
    const void *nowhere[] = {&on_stack};
    config = config_of(LN_GUARD_SIGNAL);
    config.code = nowhere;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_UNSUPPORTED);
    config.code = NULL;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_INVALID_ARGUMENT);
}

static void test_code_ranges(void **state) {
    (void)state;
    ln_os_code codes[16];
    size_t count = ln_os_code_of((const void *)(uintptr_t)body_loop, codes, 16);
    assert_in_range(count, 1, 16);
    assert_non_null(ln_os_code_find(codes, count, (uintptr_t)body_loop));
    assert_null(ln_os_code_find(codes, count, (uintptr_t)codes));
    assert_null(ln_os_code_find(codes, count, codes[0].end));
    assert_int_equal(ln_os_code_of(codes, codes, 16), 0);
    assert_int_equal(ln_os_code_of(NULL, codes, 16), 0);
    assert_int_equal(ln_os_code_of((const void *)(uintptr_t)body_loop, codes, 0), 0);
}

static void test_end_text(void **state) {
    (void)state;
    assert_string_equal(ln_end_text(LN_END_TIME), "wall time");
    assert_string_equal(ln_end_text((ln_end)99), "unknown");
}

/* --- Wall time ------------------------------------------------------------------------------------------ */

static void test_time(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    assert_ends_by_time(guard, body_loop, NULL);
    ln_guard_close(&guard);
}

static char text[1 << 20];

/* Nearly all of the time goes by in a leaf of libc. */
static void body_memchr(void *ud) {
    (void)ud;
    for (;;)
        found += memchr(text, 'x', sizeof text) != NULL;
}

/* Nearly all of it in functions that libc's own call. */
static void body_format(void *ud) {
    (void)ud;
    char digits[600];
    for (;;)
        found += (size_t)snprintf(digits, sizeof digits, "%99.99f", 1e300);
}

static void body_to_number(void *ud) {
    (void)ud;
    static char digits[2000];
    memset(digits, '7', sizeof digits - 1);
    for (;;)
        found += strtod(digits, NULL) > 0;
}

static void test_time_in_libc(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    assert_ends_by_time(guard, body_memchr, NULL);
    assert_ends_by_time(guard, body_format, NULL);
    assert_ends_by_time(guard, body_to_number, NULL);
    ln_guard_close(&guard);
}

typedef struct stretch {
    char *start;
    size_t size;
} stretch;

static void body_one_memchr(void *ud) {
    const stretch *s = ud;
    found += memchr(s->start, 'x', s->size) != NULL;
    body_loop(NULL);
}

/* One call of a leaf that takes a second: it is left in the middle. */
static void test_time_in_one_call(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    stretch s = {.size = (size_t)1 << 34};
    s.start = mmap(NULL, s.size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (LN_ASAN || s.start == MAP_FAILED)
        SKIP_BECAUSE("there is no room for 16 GiB of address space to be searched");
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    assert_ends_by_time(guard, body_one_memchr, &s);
    munmap(s.start, s.size);
    ln_guard_close(&guard);
}

static volatile int finished;

static void body_spin(void *ud) {
    spin_until(ln_os_now() + *(const uint64_t *)ud);
    finished++;
}

/* Deadlines around the moment at which the body is done: it ends once, for one reason, and a body that did
 * not finish is never said to have. */
static void test_deadline_at_the_end(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    ln_run run = {0};
    int ends[2] = {0, 0};
    for (uint64_t i = 0; i < 2000; i++) {
        uint64_t work = 100000;
        ln_budget budget = {.wall_ns = work - 20000 + i * 37 % 40000};
        finished = 0;
        ln_end end = ln_run_execute(&run, guard, &budget, body_spin, &work);
        assert_true(end == LN_END_FINISHED || end == LN_END_TIME);
        assert_true(end == LN_END_TIME || finished == 1);
        assert_true(run.abandoned == (end == LN_END_TIME));
        assert_no_trace(&run);
        ends[end == LN_END_TIME]++;
    }
    assert_true(ends[0] + ends[1] == 2000);
    /* What follows a finished run is never ended by its deadline. */
    for (int i = 0; i < 50; i++) {
        ln_budget small = {.wall_ns = MS / 2}, none = {0};
        uint64_t work = MS;
        ln_end end = ln_run_execute(&run, guard, &small, body_nothing, NULL);
        assert_true(end == LN_END_FINISHED || run.usage.wall_ns >= small.wall_ns);
        assert_int_equal(ln_run_execute(&run, guard, &none, body_spin, &work), LN_END_FINISHED);
    }
    ln_guard_close(&guard);
}

static void test_huge_limits(void **state) {
    (void)state;
    ln_guard_config config = config_of(LN_GUARD_AUTO);
    ln_guard *guard;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    ln_run run = {0};
    ln_budget budget = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                        UINT64_MAX, UINT64_MAX, UINT64_MAX, 0};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_nothing, NULL), LN_END_FINISHED);
    assert_false(run.abandoned);
    ln_guard_close(&guard);
}

/* --- Processor time ------------------------------------------------------------------------------------- */

static void body_sleep_then_loop(void *ud) {
    ln_run *run = ud;
    ln_run_host_enter(run);
    sleep_ns(40 * MS, NULL);
    ln_run_host_leave(run);
    body_loop(NULL);
}

static void test_cpu(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    ln_run run = {0};
    ln_budget budget = {.cpu_ns = 20 * MS};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_sleep_then_loop, &run), LN_END_CPU);
    assert_in_range(run.usage.cpu_ns, 20 * MS, 20 * MS + LATE);
    assert_in_range(run.usage.wall_ns, 60 * MS, 60 * MS + 10 * LATE);
    ln_guard_close(&guard);
}

/* --- Softening and probing ------------------------------------------------------------------------------ */

static void body_until_softened(void *ud) {
    soft *s = ud;
    while (!s->softened)
        spins++;
}

static void body_until_softened_host(void *ud) {
    soft *s = ud;
    ln_run *run = ln_run_current();
    ln_run_host_enter(run);
    sleep_ns(10 * MS, NULL);
    ln_run_host_leave(run);
    while (!s->softened)
        spins++;
}

static void test_soften(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    soft s = {0};
    ln_run run = {.soften = soft_soften, .soften_ud = &s};
    ln_budget budget = {.wall_ns = 5 * MS, .grace_ns = 20000 * MS};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_until_softened, &s), LN_END_TIME);
    assert_false(run.abandoned);
    assert_int_equal(run.softened, LN_END_TIME);
    assert_int_equal(s.softened, 1);

    s.softened = 0;
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_until_softened_host, &s), LN_END_TIME);
    assert_false(run.abandoned);
    assert_int_equal(s.softened, 1);

    /* It does not heed it: killed when the grace is over. */
    s.softened = 0;
    budget.grace_ns = 10 * MS;
    uint64_t start = ln_os_now();
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_loop, NULL), LN_END_TIME);
    assert_true(run.abandoned);
    assert_int_equal(s.softened, 1);
    assert_in_range(ln_os_now() - start, 15 * MS, 15 * MS + LATE);

    budget.grace_ns = 0;
    s.softened = 0;
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_loop, NULL), LN_END_TIME);
    assert_int_equal(s.softened, 0);
    ln_guard_close(&guard);
}

static void test_probe(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    soft s = {0};
    ln_run run = {.probe = soft_probe, .probe_ud = &s};
    ln_budget budget = {.wall_ns = 20 * MS};
    uint64_t start = ln_os_now();
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_loop, NULL), LN_END_TIME);
    assert_int_equal(s.probed, 1);
    assert_in_range(s.probed_at - start, 18 * MS, 20 * MS + LATE);
    s.probed = 0;
    budget = (ln_budget){.cpu_ns = 20 * MS};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_loop, NULL), LN_END_CPU);
    assert_int_equal(s.probed, 1);
    s.probed = 0;
    budget.cpu_ns = 10000 * MS;
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_nothing, NULL), LN_END_FINISHED);
    assert_int_equal(s.probed, 0);
    ln_guard_close(&guard);
}

/* --- Charging ------------------------------------------------------------------------------------------- */

typedef struct counting {
    ln_run *run;
    volatile uint64_t executed;
    uint64_t stop; /* 0: never */
} counting;

/* A VM whose count hook fires exactly when asked. */
static void body_count(void *ud) {
    counting *c = ud;
    uint64_t step = ln_run_count_step(c->run), since = 0;
    while (c->stop == 0 || c->executed < c->stop) {
        c->executed++;
        if (step != 0 && ++since == step) {
            ln_run_count(c->run, step);
            step = ln_run_count_step(c->run);
            since = 0;
        }
    }
}

static void instructions(ln_guard_kind kind) {
    ln_guard *guard = open_guard(kind);
    ln_run run = {0};
    static const uint64_t limits[] = {1, 2, 999, 1000, 1001, 123457};
    for (size_t i = 0; i < LN_COUNT(limits); i++) {
        ln_budget budget = {.instructions = limits[i]};
        counting c = {.run = &run};
        assert_int_equal(ln_run_execute(&run, guard, &budget, body_count, &c), LN_END_INSTRUCTIONS);
        assert_int_equal(c.executed, limits[i]);
        assert_int_equal(run.usage.instructions, limits[i]);
        c = (counting){.run = &run, .stop = limits[i] > 1 ? limits[i] - 1 : 1};
        budget.instructions += limits[i] == 1;
        assert_int_equal(ln_run_execute(&run, guard, &budget, body_count, &c), LN_END_FINISHED);
    }
    ln_guard_close(&guard);
}

static void test_instructions(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    instructions(LN_GUARD_SIGNAL);
}

static void test_instructions_hook(void **state) {
    (void)state;
    instructions(LN_GUARD_HOOK);
}

static void test_hook_time(void **state) {
    (void)state;
    ln_guard *guard = open_guard(LN_GUARD_HOOK);
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 10 * MS};
    counting c = {.run = &run};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_count, &c), LN_END_TIME);
    assert_in_range(run.usage.wall_ns, 10 * MS, 10 * MS + LATE);
    assert_true(run.usage.instructions > 0);
    budget = (ln_budget){.cpu_ns = 10 * MS};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_count, &c), LN_END_CPU);
    soft s = {0};
    run.soften = soft_soften;
    run.soften_ud = &s;
    budget = (ln_budget){.wall_ns = MS, .grace_ns = 5 * MS};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_count, &c), LN_END_TIME);
    assert_true(run.abandoned);
    assert_int_equal(s.softened, 1);
    ln_guard_close(&guard);
}

static void body_output(void *ud) {
    ln_run *run = ud;
    while (ln_run_charge_output(run, 10))
        ;
    ln_run_host_enter(run);
    ln_run_end(run, LN_END_OUTPUT);
}

static void body_host_calls(void *ud) {
    ln_run *run = ud;
    while (ln_run_charge_host_call(run))
        ;
    ln_run_end(run, LN_END_HOST_CALLS);
}

static void test_charges(void **state) {
    (void)state;
    ln_guard *guard = open_guard(LN_GUARD_HOOK);
    ln_run run = {0};
    ln_budget budget = {.output_bytes = 99, .host_calls = 7};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_output, &run), LN_END_OUTPUT);
    assert_int_equal(run.usage.output_bytes, 90);
    assert_true(run.abandoned);
    assert_no_trace(&run);
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_host_calls, &run), LN_END_HOST_CALLS);
    assert_int_equal(run.usage.host_calls, 7);
    run.budget.output_bytes = UINT64_MAX;
    run.usage.output_bytes = 5;
    assert_false(ln_run_charge_output(&run, UINT64_MAX));
    ln_guard_close(&guard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_code_ranges),
        cmocka_unit_test(test_end_text),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_time_in_libc),
        cmocka_unit_test(test_time_in_one_call),
        cmocka_unit_test(test_deadline_at_the_end),
        cmocka_unit_test(test_huge_limits),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_soften),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_instructions_hook),
        cmocka_unit_test(test_hook_time),
        cmocka_unit_test(test_charges),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
