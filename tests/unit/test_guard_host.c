/* The guard among the host's own doings: host sections, nested runs, cancelling, signals, threads, forks. */
#include "test_guard.h"

/* --- Host sections -------------------------------------------------------------------------------------- */

typedef struct host_visit {
    ln_run *run;
    uint64_t sleep;
    int slept;    /* nanosleep's answer: -1 if a signal cut it short */
    int after;    /* VM code reached after the section */
    int sections; /* how many are entered inside each other */
} host_visit;

enum { NOT_SLEPT = 1 };

/* Budget of a run that must have come to its point before it is over, also where a thread waits long for its turn. */
#define TO_GET_THERE (300 * MS)

/* On a busy machine the watchdog, too, has to wait its turn, and until then the section may end in peace. */
static void wait_for_mark(const ln_run *run, uint64_t most) {
    uint64_t until = ln_os_now() + most;
    while (!atomic_load(run->late) && ln_os_now() < until)
        sleep_ns(MS, NULL);
}

static void body_host(void *ud) {
    host_visit *visit = ud;
    spin_until(ln_os_now() + MS); /* well away from the deadline: entering must not race with it */
    for (int i = 0; i < visit->sections; i++)
        ln_run_host_enter(visit->run);
    sleep_ns(visit->sleep, &visit->slept);
    if (visit->run->deadline < ln_os_now())
        wait_for_mark(visit->run, 10000 * MS);
    for (int i = 0; i < visit->sections; i++)
        ln_run_host_leave(visit->run);
    visit->after++;
}

/* Again when the thread was kept waiting until its deadline, so that it never came to the section. */
static ln_end visit_host(ln_guard *guard, const ln_budget *budget, host_visit *visit) {
    ln_end end;
    do
        end = ln_run_execute(visit->run, guard, budget, body_host, visit);
    while (visit->slept == NOT_SLEPT);
    return end;
}

static void host_section(ln_guard_kind kind) {
    ln_guard *guard = open_guard(kind);
    ln_run run = {.want_host_time = true};
    ln_budget budget = {.wall_ns = 20 * MS};
    for (int sections = 1; sections <= 3; sections++) {
        host_visit visit = {&run, 60 * MS, NOT_SLEPT, 0, sections};
        assert_int_equal(visit_host(guard, &budget, &visit), LN_END_TIME);
        assert_int_equal(visit.slept, 0);
        assert_int_equal(visit.after, 0);
        assert_true(run.abandoned);
        assert_in_range(run.usage.host_ns, 60 * MS, run.usage.wall_ns);
        assert_no_trace(&run);
    }
    host_visit brief = {&run, MS, NOT_SLEPT, 0, 1};
    budget.wall_ns = 10000 * MS;
    assert_int_equal(visit_host(guard, &budget, &brief), LN_END_FINISHED);
    assert_int_equal(brief.after, 1);
    /* The time of calls into the host has a limit of its own, which another section's end sees. */
    budget = (ln_budget){.host_ns = 5 * MS};
    host_visit longer = {&run, 10 * MS, NOT_SLEPT, 0, 1};
    assert_int_equal(visit_host(guard, &budget, &longer), LN_END_HOST_TIME);
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

/* --- Nested runs ---------------------------------------------------------------------------------------- */

typedef struct nest {
    ln_guard *guard;
    ln_run outer, inner;
    ln_budget inner_budget;
    void (*inner_body)(void *);
    ln_end inner_end, again;
    int after_inner, after_section;
    sem_t started;
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
    ln_budget budget = {.wall_ns = TO_GET_THERE};
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

static void test_soften_nested(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    soft s = {0};
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_loop};
    n.inner.soften = soft_soften;
    n.inner.soften_ud = &s;
    n.inner_budget.grace_ns = 100000 * MS; /* more than its parent leaves it */
    ln_budget budget = {.wall_ns = TO_GET_THERE};
    uint64_t start = ln_os_now();
    assert_int_equal(ln_run_execute(&n.outer, n.guard, &budget, body_nest, &n), LN_END_TIME);
    assert_in_range(ln_os_now() - start, TO_GET_THERE, TO_GET_THERE + LATE);
    assert_int_equal(n.inner_end, LN_END_TIME);
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

/* --- Cancelling ----------------------------------------------------------------------------------------- */

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

static void test_cancel_is_probed(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    soft s = {0};
    ln_run run = {.probe = soft_probe, .probe_ud = &s};
    ln_budget none = {0};
    canceller c = {.run = &run, .delay = 2 * MS};
    pthread_t thread;
    sem_init(&c.start, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    ln_end end = ln_run_execute(&run, guard, &none, body_cancelled_loop, &c);
    pthread_join(thread, NULL);
    sem_destroy(&c.start);
    assert_int_equal(end, LN_END_CANCELLED);
    assert_int_equal(s.probed, 1);
    ln_guard_close(&guard);
}

/* The inner run is there for certain: its body says so. */
static void body_started_loop(void *ud) {
    nest *n = ud;
    sem_post(&n->started);
    body_loop(NULL);
}

static void *cancel_outer_later(void *ud) {
    nest *n = ud;
    sem_wait(&n->started);
    sleep_ns(2 * MS, NULL);
    ln_run_cancel(&n->outer);
    return NULL;
}

static void test_cancel_outer(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    nest n = {.guard = open_guard(LN_GUARD_SIGNAL), .inner_body = body_started_loop};
    ln_budget none = {0};
    pthread_t thread;
    sem_init(&n.started, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_outer_later, &n), 0);
    ln_end end = ln_run_execute(&n.outer, n.guard, &none, body_nest, &n);
    pthread_join(thread, NULL);
    assert_int_equal(end, LN_END_CANCELLED);
    assert_int_equal(n.inner_end, LN_END_CANCELLED);
    assert_int_equal(n.again, LN_END_CANCELLED);
    sem_destroy(&n.started);
    ln_guard_close(&n.guard);
}

/* Cancelling from the inside waits for nobody: no VM code runs after the section. */
static void body_cancels_itself(void *ud) {
    nest *n = ud;
    ln_run_host_enter(&n->inner);
    ln_run_cancel(&n->inner);
    ln_run_host_leave(&n->inner);
    n->after_section++;
}

static void body_cancels_outer(void *ud) {
    nest *n = ud;
    ln_run_host_enter(&n->inner);
    ln_run_cancel(&n->outer);
    ln_run_host_leave(&n->inner);
    n->after_section++;
}

static void cancel_from_inside(ln_guard_kind kind, const ln_budget *budget) {
    nest n = {.guard = open_guard(kind), .inner_budget = *budget};
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ln_run_execute(&n.inner, n.guard, budget, body_cancels_itself, &n),
                         LN_END_CANCELLED);
        assert_int_equal(n.after_section, 0);
    }
    n.inner_body = body_cancels_outer;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ln_run_execute(&n.outer, n.guard, budget, body_nest, &n), LN_END_CANCELLED);
        assert_int_equal(n.inner_end, LN_END_CANCELLED);
        assert_int_equal(n.after_section, 0);
    }
    assert_int_equal(ln_run_execute(&n.outer, n.guard, budget, body_nothing, NULL), LN_END_FINISHED);
    ln_guard_close(&n.guard);
}

static void test_cancel_from_inside(void **state) {
    (void)state;
    ln_budget none = {0}, late = {.wall_ns = 100000 * MS};
    cancel_from_inside(LN_GUARD_HOOK, &none);
    NEEDS_SIGNALS();
    cancel_from_inside(LN_GUARD_SIGNAL, &none);
    cancel_from_inside(LN_GUARD_SIGNAL, &late);
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
    for (int i = 1; i <= 10; i++) {
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

/* --- Living with the host ------------------------------------------------------------------------------- */

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
    ln_budget budget = {.wall_ns = TO_GET_THERE};
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
        cmocka_unit_test(test_host_section),
        cmocka_unit_test(test_host_section_hook),
        cmocka_unit_test(test_host_section_outside),
        cmocka_unit_test(test_nested_outer_deadline),
        cmocka_unit_test(test_nested_thrice),
        cmocka_unit_test(test_nested_inner_deadline),
        cmocka_unit_test(test_soften_nested),
        cmocka_unit_test(test_executing_twice),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_hook),
        cmocka_unit_test(test_cancel_is_probed),
        cmocka_unit_test(test_cancel_outer),
        cmocka_unit_test(test_cancel_from_inside),
        cmocka_unit_test(test_cancel_from_handler),
        cmocka_unit_test(test_host_handler),
        cmocka_unit_test(test_other_signal),
        cmocka_unit_test(test_thread_state),
        cmocka_unit_test(test_threads_come_and_go),
        cmocka_unit_test(test_small_stack),
        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests_name("guard_host", tests, NULL, NULL);
}
