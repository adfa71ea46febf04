/* The guard with C functions of this program for a VM: every way a run can end, and every way it must not.
 * Bodies assert nothing (cmocka's assertions jump): they record, and the test looks afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "base/os.h"
#include "base/os_guard.h"
#include "guard/guard.h"

#define MS UINT64_C(1000000)

/* A deadline is met when the run ends this soon after it: wide, for a loaded machine and for sanitizers. */
#define LATE (500 * MS)

static volatile uint64_t spins;

/* --- Bodies ------------------------------------------------------------------------------------------------- */

static void body_nothing(void *ud) {
    (void)ud;
}

static void body_loop(void *ud) {
    (void)ud;
    for (;;)
        spins++;
}

static void sleep_ns(uint64_t ns, int *outcome) {
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000U), .tv_nsec = (long)(ns % 1000000000U)};
    int answer = nanosleep(&time, NULL);
    if (outcome != NULL)
        *outcome = answer;
}

static void spin_until(uint64_t until) {
    while (ln_os_now() < until)
        spins++;
}

/* --- Guards ------------------------------------------------------------------------------------------------- */

static char log_text[256];
static int log_count;

static void log_keep(void *ud, const char *text) {
    (void)ud;
    log_count++;
    snprintf(log_text, sizeof log_text, "%s", text);
}

static ln_guard_config config_of(ln_guard_kind kind) {
    static const void *code[1];
    code[0] = (const void *)(uintptr_t)body_loop;
    return (ln_guard_config){
        .kind = kind, .contain_faults = true, .log = log_keep, .code = code, .code_count = 1};
}

static ln_guard *open_guard(ln_guard_kind kind) {
    ln_guard_config config = config_of(kind);
    ln_guard *guard = NULL;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    assert_non_null(guard);
    assert_int_equal(ln_guard_kind_of(guard), kind);
    return guard;
}

static bool no_signal_guard(void) {
    return !LN_OS_CAN_INTERRUPT || LN_TSAN;
}

#define NEEDS_SIGNALS()    \
    if (no_signal_guard()) \
    skip()

static void assert_no_trace(const ln_run *run) {
    assert_null(ln_run_current());
    assert_null(run->phase);
    assert_int_equal(run->host_depth, 0);
}

/* --- Opening ------------------------------------------------------------------------------------------------ */

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

/* --- Wall time ---------------------------------------------------------------------------------------------- */

static void assert_ends_by_time(ln_guard *guard, void (*body)(void *), void *ud) {
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 10 * MS};
    for (int i = 0; i < 3; i++) {
        uint64_t start = ln_os_now();
        assert_int_equal(ln_run_execute(&run, guard, &budget, body, ud), LN_END_TIME);
        uint64_t took = ln_os_now() - start;
        assert_true(run.abandoned);
        assert_in_range(took, budget.wall_ns, budget.wall_ns + LATE);
        assert_in_range(run.usage.wall_ns, budget.wall_ns, took);
        assert_no_trace(&run);
    }
}

static void test_time(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    assert_ends_by_time(guard, body_loop, NULL);
    ln_guard_close(&guard);
}

static char text[1 << 20];
static volatile size_t found;

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
        assert_int_equal(ln_run_execute(&run, guard, &small, body_nothing, NULL), LN_END_FINISHED);
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
    ln_budget budget = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_nothing, NULL), LN_END_FINISHED);
    assert_false(run.abandoned);
    ln_guard_close(&guard);
}

/* --- Processor time ----------------------------------------------------------------------------------------- */

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

/* --- Host sections ------------------------------------------------------------------------------------------ */

typedef struct host_visit {
    ln_run *run;
    uint64_t sleep;
    int slept;    /* nanosleep's answer: -1 if a signal cut it short */
    int after;    /* VM code reached after the section */
    int sections; /* how many are entered inside each other */
} host_visit;

static void body_host(void *ud) {
    host_visit *visit = ud;
    spin_until(ln_os_now() + MS); /* well away from the deadline: entering must not race with it */
    for (int i = 0; i < visit->sections; i++)
        ln_run_host_enter(visit->run);
    sleep_ns(visit->sleep, &visit->slept);
    for (int i = 0; i < visit->sections; i++)
        ln_run_host_leave(visit->run);
    visit->after++;
}

static void host_section(ln_guard_kind kind) {
    ln_guard *guard = open_guard(kind);
    ln_run run = {.want_host_time = true};
    ln_budget budget = {.wall_ns = 20 * MS};
    for (int sections = 1; sections <= 3; sections++) {
        host_visit visit = {&run, 60 * MS, 1, 0, sections};
        assert_int_equal(ln_run_execute(&run, guard, &budget, body_host, &visit), LN_END_TIME);
        assert_int_equal(visit.slept, 0);
        assert_int_equal(visit.after, 0);
        assert_true(run.abandoned);
        assert_in_range(run.usage.host_ns, 60 * MS, run.usage.wall_ns);
        assert_no_trace(&run);
    }
    host_visit brief = {&run, MS, 1, 0, 1};
    budget.wall_ns = 10000 * MS;
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_host, &brief), LN_END_FINISHED);
    assert_int_equal(brief.after, 1);
    /* The time of calls into the host has a limit of its own, which another section's end sees. */
    budget = (ln_budget){.host_ns = 5 * MS};
    host_visit longer = {&run, 10 * MS, 1, 0, 1};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_host, &longer), LN_END_HOST_TIME);
    assert_int_equal(longer.after, 0);
    ln_guard_close(&guard);
}

static void test_host_section(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    host_section(LN_GUARD_SIGNAL);
}

static void test_host_section_hook(void **state) {
    (void)state;
    host_section(LN_GUARD_HOOK);
}

static void test_host_section_outside(void **state) {
    (void)state;
    ln_run run = {0};
    ln_run_host_enter(&run);
    ln_run_host_enter(&run);
    ln_run_host_leave(&run);
    ln_run_host_leave(&run);
    assert_int_equal(run.host_depth, 0);
    ln_run_count(&run, 5);
    assert_int_equal(ln_run_count_step(&run), 0);
    ln_run_cancel(&run);
}

/* --- Nested runs -------------------------------------------------------------------------------------------- */

typedef struct nest {
    ln_guard *guard;
    ln_run outer, inner;
    ln_budget inner_budget;
    void (*inner_body)(void *);
    ln_end inner_end, again;
    int after_inner, after_section;
} nest;

static void body_nest(void *ud) {
    nest *n = ud;
    ln_run_host_enter(&n->outer);
    n->inner_end = ln_run_execute(&n->inner, n->guard, &n->inner_budget, n->inner_body, ud);
    n->after_inner++;
    if (n->inner_end != LN_END_FINISHED) /* a dead context runs nothing on the way out */
        n->again = ln_run_execute(&n->inner, n->guard, &n->inner_budget, n->inner_body, ud);
    ln_run_host_leave(&n->outer);
    n->after_section++;
}

static void test_nested_outer_deadline(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_loop};
    ln_budget budget = {.wall_ns = 10 * MS};
    n.inner_budget.wall_ns = 100000 * MS;
    assert_int_equal(ln_run_execute(&n.outer, n.guard, &budget, body_nest, &n), LN_END_TIME);
    assert_int_equal(n.inner_end, LN_END_TIME);
    assert_int_equal(n.again, LN_END_TIME);
    assert_int_equal(n.after_inner, 1);
    assert_int_equal(n.after_section, 0);
    assert_no_trace(&n.outer);
    ln_guard_close(&n.guard);
}

static void body_grandchild(void *ud) {
    nest *n = ud;
    static ln_run third; /* no section around it: the guard sees to that */
    ln_budget none = {0};
    ln_run_execute(&third, n->guard, &none, body_loop, NULL);
    n->after_section += 100;
}

static void test_nested_thrice(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_grandchild};
    ln_budget budget = {.cpu_ns = 10 * MS};
    assert_int_equal(ln_run_execute(&n.outer, n.guard, &budget, body_nest, &n), LN_END_CPU);
    assert_int_equal(n.inner_end, LN_END_CPU);
    assert_int_equal(n.after_section, 0);
    assert_no_trace(&n.outer);
    ln_guard_close(&n.guard);
}

static void test_nested_inner_deadline(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_loop};
    ln_budget budget = {.wall_ns = 100000 * MS};
    n.inner_budget.wall_ns = 5 * MS;
    assert_int_equal(ln_run_execute(&n.outer, n.guard, &budget, body_nest, &n), LN_END_FINISHED);
    assert_int_equal(n.inner_end, LN_END_TIME);
    assert_int_equal(n.after_section, 1);
    ln_guard_close(&n.guard);
}

static void body_again(void *ud) {
    nest *n = ud;
    n->inner_end = ln_run_execute(&n->outer, n->guard, &n->inner_budget, body_nothing, NULL);
    n->after_inner++;
}

static void test_executing_twice(void **state) {
    (void)state;
    nest n = {.guard = open_guard(LN_GUARD_HOOK)};
    ln_budget none = {0};
    assert_int_equal(ln_run_execute(&n.outer, n.guard, &none, body_again, &n), LN_END_FINISHED);
    assert_int_equal(n.inner_end, LN_END_SYSTEM);
    assert_int_equal(n.after_inner, 1);
    ln_guard_close(&n.guard);
}

/* --- Cancelling --------------------------------------------------------------------------------------------- */

typedef struct canceller {
    ln_run *run;
    sem_t start;
    uint64_t delay;
} canceller;

static void *cancel_later(void *ud) {
    canceller *c = ud;
    sem_wait(&c->start);
    sleep_ns(c->delay, NULL);
    ln_run_cancel(c->run);
    return NULL;
}

static void body_cancelled_loop(void *ud) {
    sem_post(&((canceller *)ud)->start);
    body_loop(NULL);
}

static void body_cancelled_host(void *ud) {
    canceller *c = ud;
    ln_run_host_enter(c->run);
    sem_post(&c->start);
    int slept;
    sleep_ns(50 * MS, &slept);
    found = slept == 0;
    ln_run_host_leave(c->run);
    body_loop(NULL);
}

static void body_cancelled_poll(void *ud) {
    canceller *c = ud;
    sem_post(&c->start);
    for (;;) {
        spins++;
        ln_run_count(c->run, ln_run_count_step(c->run));
    }
}

static void cancel_from_thread(ln_guard_kind kind, void (*body)(void *)) {
    ln_guard *guard = open_guard(kind);
    ln_run run = {0};
    ln_budget none = {0};
    ln_run_cancel(&run); /* before it starts: nobody is meant */
    for (int i = 0; i < 5; i++) {
        canceller c = {.run = &run, .delay = 5 * MS};
        pthread_t thread;
        sem_init(&c.start, 0, 0);
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
        ln_end end = ln_run_execute(&run, guard, &none, body, &c);
        pthread_join(thread, NULL);
        sem_destroy(&c.start);
        assert_int_equal(end, LN_END_CANCELLED);
        assert_no_trace(&run);
        assert_int_equal(ln_run_execute(&run, guard, &none, body_nothing, NULL), LN_END_FINISHED);
    }
    ln_guard_close(&guard);
}

static void test_cancel(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    cancel_from_thread(LN_GUARD_SIGNAL, body_cancelled_loop);
    found = 0;
    cancel_from_thread(LN_GUARD_SIGNAL, body_cancelled_host);
    assert_int_equal(found, 1);
}

static void test_cancel_hook(void **state) {
    (void)state;
    cancel_from_thread(LN_GUARD_HOOK, body_cancelled_poll);
}

static void *cancel_outer_later(void *ud) {
    nest *n = ud;
    sleep_ns(10 * MS, NULL);
    ln_run_cancel(&n->outer);
    return NULL;
}

static void test_cancel_outer(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_loop};
    ln_budget none = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_outer_later, &n), 0);
    ln_end end = ln_run_execute(&n.outer, n.guard, &none, body_nest, &n);
    pthread_join(thread, NULL);
    assert_int_equal(end, LN_END_CANCELLED);
    assert_int_equal(n.inner_end, LN_END_CANCELLED);
    assert_int_equal(n.again, LN_END_CANCELLED);
    ln_guard_close(&n.guard);
}

static ln_run *alarm_run;
static volatile int alarm_done, alarm_entered;

/* A handler of the host's, in the same object as the VM, that cancels and then takes its time: it must be
 * allowed to return. */
static void on_alarm(int number) {
    (void)number;
    alarm_entered++;
    ln_run_cancel(alarm_run);
    spin_until(ln_os_now() + 3 * MS);
    alarm_done++;
}

static void body_raise(void *ud) {
    (void)ud;
    raise(SIGALRM);
    body_loop(NULL);
}

static void test_cancel_from_handler(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    struct sigaction action = {.sa_handler = on_alarm}, before;
    sigaction(SIGALRM, &action, &before);
    ln_run run = {0};
    ln_budget none = {0};
    alarm_run = &run;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(ln_run_execute(&run, guard, &none, body_raise, NULL), LN_END_CANCELLED);
        assert_int_equal(alarm_entered, i);
        assert_int_equal(alarm_done, i);
    }
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_false(sigismember(&mask, SIGALRM));
    sigaction(SIGALRM, &before, NULL);
    ln_guard_close(&guard);
}

/* --- Softening and probing ---------------------------------------------------------------------------------- */

typedef struct soft {
    volatile int softened, probed;
    uint64_t softened_at, probed_at;
} soft;

static void soft_soften(void *ud) {
    soft *s = ud;
    s->softened++;
    s->softened_at = ln_os_now();
}

static void soft_probe(void *ud) {
    soft *s = ud;
    s->probed++;
    s->probed_at = ln_os_now();
}

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

static void test_soften_nested(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    soft s = {0};
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_loop};
    n.inner.soften = soft_soften;
    n.inner.soften_ud = &s;
    n.inner_budget.grace_ns = 100000 * MS; /* more than its parent leaves it */
    ln_budget budget = {.wall_ns = 10 * MS};
    uint64_t start = ln_os_now();
    assert_int_equal(ln_run_execute(&n.outer, n.guard, &budget, body_nest, &n), LN_END_TIME);
    assert_in_range(ln_os_now() - start, 10 * MS, 10 * MS + LATE);
    assert_int_equal(n.inner_end, LN_END_TIME);
    ln_guard_close(&n.guard);
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

/* --- Charging ----------------------------------------------------------------------------------------------- */

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

/* --- Faults ------------------------------------------------------------------------------------------------- */

static char *arena;
enum { ARENA_SIZE = 1 << 20 };

static void body_fault_null(void *ud) {
    *(volatile int *)ud = 1;
}

static void body_fault_arena_in_libc(void *ud) {
    char *volatile source = arena;
    memcpy(ud, source, 4096);
}

static volatile int zero;

static void body_fault_division(void *ud) {
    (void)ud;
    zero = 12345 / zero;
}

static void body_fault_illegal(void *ud) {
    (void)ud;
    __builtin_trap();
}

/* The frame is touched from its far end, as alloca and large buffers do. */
static LN_NOINLINE int recurse(volatile char *above) {
    volatile char frame[4096];
    frame[0] = above != NULL ? above[0] : 1;
    return recurse(frame) + frame[4095];
}

static void body_fault_stack(void *ud) {
    (void)ud;
    found += (size_t)recurse(NULL);
}

static void contain(ln_guard *guard, void (*body)(void *), void *ud, int number) {
    ln_run run = {.name = "tenant.lua", .arena_start = arena, .arena_size = ARENA_SIZE};
    ln_budget none = {0};
    for (int i = 0; i < 3; i++) {
        log_count = 0;
        assert_int_equal(ln_run_execute(&run, guard, &none, body, ud), LN_END_FAULT);
        assert_true(run.abandoned);
        assert_int_equal(run.fault.signal, number);
        assert_int_equal(log_count, 1);
        assert_non_null(strstr(log_text, "'tenant.lua'"));
        assert_no_trace(&run);
        assert_int_equal(ln_run_execute(&run, guard, &none, body_nothing, NULL), LN_END_FINISHED);
    }
}

static void faults(ln_guard_kind kind) {
    ln_guard *guard = open_guard(kind);
    static char sink[4096];
    arena = mmap(NULL, ARENA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(arena, MAP_FAILED);
    contain(guard, body_fault_null, (void *)(uintptr_t)zero, SIGSEGV);
    contain(guard, body_fault_null, arena + 5000, SIGSEGV);
    contain(guard, body_fault_arena_in_libc, sink, SIGSEGV);
#if defined(__x86_64__)
    contain(guard, body_fault_division, NULL, SIGFPE);
    contain(guard, body_fault_illegal, NULL, SIGILL);
#endif
    if (!LN_ASAN && !LN_TSAN)
        contain(guard, body_fault_stack, NULL, SIGSEGV);
    munmap(arena, ARENA_SIZE);
    ln_guard_close(&guard);
}

static void test_faults(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    faults(LN_GUARD_SIGNAL);
}

static void test_faults_hook(void **state) {
    (void)state;
    faults(LN_GUARD_HOOK);
}

static void *stack_fault_thread(void *ud) {
    contain(ud, body_fault_stack, NULL, SIGSEGV);
    return NULL;
}

static void test_stack_overflow_in_thread(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    if (LN_ASAN)
        skip();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stack_fault_thread, guard), 0);
    pthread_join(thread, NULL);
    ln_guard_close(&guard);
}

typedef struct crash {
    ln_run run;
    ln_guard *guard;
    bool in_host;
} crash;

static void body_crash(void *ud) {
    crash *c = ud;
    if (c->in_host)
        ln_run_host_enter(&c->run);
    *(volatile int *)(uintptr_t)(64 + zero) = 1;
}

static sigjmp_buf host_way_out;
static volatile int host_caught;

static void on_host_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    host_caught = number == SIGSEGV && info->si_addr == (void *)(uintptr_t)64 ? 1 : -1;
    siglongjmp(host_way_out, 1);
}

/* In a child: exits with 10 + what the host's own handler saw, or dies of the signal. */
static int crash_in_child(bool own_handler, bool contained, void (*act)(crash *)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_flags = SA_SIGINFO};
        if (own_handler)
            action.sa_sigaction = on_host_fault;
        else
            action.sa_handler = SIG_DFL;
        sigaction(SIGSEGV, &action, NULL);
        crash c = {.in_host = true};
        ln_guard_config config = config_of(LN_GUARD_AUTO);
        config.contain_faults = contained;
        if (ln_guard_open(&config, &c.guard) != LUNETTE_OK)
            _exit(1);
        if (sigsetjmp(host_way_out, 1) == 0)
            act(&c);
        _exit(10 + host_caught);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void crash_in_section(crash *c) {
    ln_budget none = {0};
    ln_run_execute(&c->run, c->guard, &none, body_crash, c);
}

static void crash_in_vm(crash *c) {
    c->in_host = false;
    crash_in_section(c);
}

static void crash_after_run(crash *c) {
    ln_budget none = {0};
    ln_run_execute(&c->run, c->guard, &none, body_nothing, NULL);
    *(volatile int *)(uintptr_t)(64 + zero) = 1;
}

static void crash_by_kill(crash *c) {
    c->in_host = false;
    kill(getpid(), SIGSEGV);
    sleep_ns(1000 * MS, NULL);
}

static void test_host_crashes(void **state) {
    (void)state;
    if (LN_ASAN || LN_TSAN)
        skip(); /* their own handlers turn the signal into an exit */
    static void (*const acts[])(crash *) = {crash_in_section, crash_after_run};
    for (size_t i = 0; i < LN_COUNT(acts); i++) {
        int status = crash_in_child(true, true, acts[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 11);
        status = crash_in_child(false, true, acts[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
    int status = crash_in_child(false, true, crash_by_kill);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = crash_in_child(false, true, crash_in_vm);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 10);
    status = crash_in_child(false, false, crash_in_vm); /* containment is off */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* --- Living with the host ----------------------------------------------------------------------------------- */

static volatile int urgent;

static void on_urgent(int number) {
    (void)number;
    urgent++;
}

static void body_urgent(void *ud) {
    (void)ud;
    raise(SIGURG);
    body_loop(NULL);
}

static void test_host_handler(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    struct sigaction action = {.sa_handler = on_urgent}, before, now;
    sigaction(SIGURG, &action, &before);
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    ln_guard *second = open_guard(LN_GUARD_SIGNAL);
    raise(SIGURG);
    assert_int_equal(urgent, 1);
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 5 * MS};
    assert_int_equal(ln_run_execute(&run, guard, &budget, body_urgent, NULL), LN_END_TIME);
    assert_int_equal(urgent, 2); /* its own, and none of ours */
    raise(SIGURG);
    assert_int_equal(urgent, 3);
    ln_guard_close(&guard);
    assert_int_equal(ln_run_execute(&run, second, &budget, body_loop, NULL), LN_END_TIME);
    ln_guard_close(&second);
    sigaction(SIGURG, NULL, &now);
    assert_ptr_equal(now.sa_handler, on_urgent);
    raise(SIGURG);
    assert_int_equal(urgent, 4);
    sigaction(SIGURG, &before, NULL);
}

static void test_other_signal(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard_config config = config_of(LN_GUARD_SIGNAL);
    config.signal = SIGRTMIN + 3;
    ln_guard *guard, *usual = open_guard(LN_GUARD_SIGNAL);
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    assert_ends_by_time(guard, body_loop, NULL);
    assert_ends_by_time(usual, body_loop, NULL);
    ln_guard_close(&guard);
    assert_ends_by_time(usual, body_loop, NULL);
    ln_guard_close(&usual);
}

/* What the host has set up on the thread is as it was after a kill. */
static void test_thread_state(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 2 * MS};
    sigset_t block, before, after;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &block, &before); /* unusual from here on: takes a little longer once */
#if defined(__x86_64__)
    unsigned control = _mm_getcsr();
    _mm_setcsr(control | 0x8040); /* flush denormals, as audio and game hosts do */
#endif
    for (int i = 0; i < 3; i++)
        assert_int_equal(ln_run_execute(&run, guard, &budget, body_loop, NULL), LN_END_TIME);
#if defined(__x86_64__)
    assert_int_equal(_mm_getcsr() & 0x8040, 0x8040);
    _mm_setcsr(control);
#endif
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_true(sigismember(&after, SIGUSR2));
    assert_false(sigismember(&after, SIGURG));
    assert_false(sigismember(&after, SIGSEGV));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ln_guard_close(&guard);
}

typedef struct thread_case {
    ln_guard *guard;
    ln_end end;
    bool stack_left;
} thread_case;

static void *run_with_all_blocked(void *ud) {
    thread_case *c = ud;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 2 * MS};
    c->end = ln_run_execute(&run, c->guard, &budget, body_loop, NULL);
    return NULL;
}

static void test_threads_come_and_go(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    for (int i = 0; i < 100; i++) {
        thread_case c = {.guard = guard};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, run_with_all_blocked, &c), 0);
        pthread_join(thread, NULL);
        assert_int_equal(c.end, LN_END_TIME);
    }
    ln_guard_close(&guard);
}

static void *run_in_small_stack(void *ud) {
    thread_case *c = ud;
    ln_run run = {0};
    ln_budget none = {0};
    c->end = ln_run_execute(&run, c->guard, &none, body_nothing, NULL);
    run.stack_need = 32 * 1024;
    c->stack_left = ln_run_execute(&run, c->guard, &none, body_nothing, NULL) == LN_END_FINISHED;
    return NULL;
}

static void test_small_stack(void **state) {
    (void)state;
    ln_guard *guard = open_guard(LN_GUARD_HOOK);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    thread_case c = {.guard = guard};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, &attributes, run_in_small_stack, &c), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_int_equal(c.end, LN_END_STACK);
    assert_true(c.stack_left);
    ln_guard_close(&guard);
}

static int in_child(int (*act)(ln_guard *), ln_guard *guard) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(act(guard));
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int child_runs(ln_guard *guard) {
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 5 * MS};
    int good = 0;
    for (int i = 0; i < 3; i++)
        good += ln_run_execute(&run, guard, &budget, body_loop, NULL) == LN_END_TIME;
    ln_guard_close(&guard);
    return good;
}

static void body_fork(void *ud) {
    ln_run *run = ud;
    ln_run_host_enter(run);
    found = (size_t)fork();
    ln_run_host_leave(run);
    body_loop(NULL);
}

static int child_forks_in_section(ln_guard *guard) {
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 20 * MS};
    ln_end end = ln_run_execute(&run, guard, &budget, body_fork, &run);
    if (found == 0)
        _exit(end == LN_END_TIME ? 7 : 8);
    int status = 0;
    waitpid((pid_t)found, &status, 0);
    return end == LN_END_TIME && WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

static void test_fork(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    assert_int_equal(in_child(child_runs, guard), 3); /* before the parent's watchdog exists */
    assert_ends_by_time(guard, body_loop, NULL);
    assert_int_equal(in_child(child_runs, guard), 3);
    assert_int_equal(in_child(child_forks_in_section, guard), 7);
    assert_ends_by_time(guard, body_loop, NULL);
    ln_guard_close(&guard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_code_ranges),
        cmocka_unit_test(test_end_text),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_time_in_libc),
        cmocka_unit_test(test_deadline_at_the_end),
        cmocka_unit_test(test_huge_limits),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_host_section),
        cmocka_unit_test(test_host_section_hook),
        cmocka_unit_test(test_host_section_outside),
        cmocka_unit_test(test_nested_outer_deadline),
        cmocka_unit_test(test_nested_thrice),
        cmocka_unit_test(test_nested_inner_deadline),
        cmocka_unit_test(test_executing_twice),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_hook),
        cmocka_unit_test(test_cancel_outer),
        cmocka_unit_test(test_cancel_from_handler),
        cmocka_unit_test(test_soften),
        cmocka_unit_test(test_soften_nested),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_instructions_hook),
        cmocka_unit_test(test_hook_time),
        cmocka_unit_test(test_charges),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_hook),
        cmocka_unit_test(test_stack_overflow_in_thread),
        cmocka_unit_test(test_host_crashes),
        cmocka_unit_test(test_host_handler),
        cmocka_unit_test(test_other_signal),
        cmocka_unit_test(test_thread_state),
        cmocka_unit_test(test_threads_come_and_go),
        cmocka_unit_test(test_small_stack),
        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
