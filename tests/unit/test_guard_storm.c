/* A storm: more threads than processors, each with a guard of its own that opens and closes while the others
 * run, deadlines of 0 to 3 ms, cancellations at random, bodies that loop, live in libc, sleep in the host,
 * nest, fault or finish. Nothing may hang, be lost, end twice or end somebody else.
 *
 * LUNETTE_STORM_RUNS sets the number of runs (8000 by default). */
#include "test_guard.h"

enum { WORKERS = 4, BATCH = 250 };

typedef enum shape {
    SHAPE_SHORT,
    SHAPE_LOOP,
    SHAPE_ENDLESS, /* no deadline: only a cancellation ends it */
    SHAPE_MEMCHR,
    SHAPE_FORMAT,
    SHAPE_HOST,
    SHAPE_NESTED,
    SHAPE_SOFT,
    SHAPE_FAULT,
    SHAPES,
} shape;

typedef struct worker {
    ln_run run, inner;
    ln_guard *guard;
    uint64_t seed;
    long left; /* runs to do */
    shape shape;
    ln_end inner_end;
    soft soft;
    volatile int finished; /* the body came to its end */
    /* Odd while a run goes on. Lets the canceller see that its cancellation was heard. */
    _Atomic(unsigned) turn;
    _Atomic(bool) endless; /* this turn's run executes, and has no deadline */
    _Atomic(bool) over;
    char complaint[160];
    long ends[LN_END_SYSTEM + 1];
} worker;

static worker workers[WORKERS];
static char haystack[1 << 16];
static _Atomic(unsigned) cancelled;

static uint64_t draw(uint64_t *seed, uint64_t below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % below;
}

/* --- Bodies ------------------------------------------------------------------------------------------------- */

/* One step of VM code; under the hook guard also its count hook. */
static void step(ln_run *run) {
    spins++;
    ln_run_count(run, 1000);
}

static void step_for(ln_run *run, uint64_t ns) {
    uint64_t until = ln_os_now() + ns;
    while (ln_os_now() < until)
        step(run);
}

static void body_inner(void *ud) {
    for (;;)
        step(&((worker *)ud)->inner);
}

static void act_format(worker *w) {
    char digits[600];
    for (;;) {
        found += (size_t)snprintf(digits, sizeof digits, "%99.99f", 1e300);
        step(&w->run);
    }
}

static void act_memchr(worker *w) {
    for (;;) {
        found += memchr(haystack, 'x', sizeof haystack) != NULL;
        step(&w->run);
    }
}

static void act_host(worker *w) {
    for (int i = 0; i < 20; i++) {
        ln_run_host_enter(&w->run);
        if (i % 5 == 0)
            sleep_ns(draw(&w->seed, MS / 2), NULL);
        ln_run_host_leave(&w->run);
        step_for(&w->run, 10000);
    }
}

static void act_nested(worker *w) {
    ln_budget budget = {.wall_ns = 1 + draw(&w->seed, 2 * MS)};
    ln_run_host_enter(&w->run);
    w->inner_end = ln_run_execute(&w->inner, w->guard, &budget, body_inner, w);
    ln_run_host_leave(&w->run);
}

static void act_soft(worker *w) {
    while (!w->soft.softened)
        step(&w->run);
}

FAULTS static void act_fault(worker *w) {
    step_for(&w->run, draw(&w->seed, MS));
    *(volatile int *)(uintptr_t)(found & 0) = 1;
}

static void storm_body(void *ud) {
    worker *w = ud;
    switch (w->shape) {
    case SHAPE_SHORT:
        step_for(&w->run, draw(&w->seed, MS / 10));
        break;
    case SHAPE_MEMCHR:
        act_memchr(w);
        break;
    case SHAPE_FORMAT:
        act_format(w);
        break;
    case SHAPE_HOST:
        act_host(w);
        break;
    case SHAPE_NESTED:
        act_nested(w);
        break;
    case SHAPE_SOFT:
        act_soft(w);
        break;
    case SHAPE_FAULT:
        act_fault(w);
        break;
    default:
        atomic_store(&w->endless, w->shape == SHAPE_ENDLESS);
        for (;;)
            step(&w->run);
    }
    w->finished++;
}

/* --- What each run must have been ------------------------------------------------------------------------- */

static bool end_is_possible(const worker *w, ln_end end) {
    switch (end) {
    case LN_END_FINISHED:
        return w->shape == SHAPE_SHORT || w->shape == SHAPE_HOST || w->shape == SHAPE_NESTED;
    case LN_END_TIME:
        return w->shape != SHAPE_ENDLESS && w->run.usage.wall_ns >= w->run.budget.wall_ns;
    case LN_END_CANCELLED:
        return true;
    case LN_END_FAULT:
        return w->shape == SHAPE_FAULT;
    default:
        return false;
    }
}

static const char *check(const worker *w, ln_end end) {
    bool heeded = w->run.softened != LN_END_FINISHED && !w->run.abandoned;
    if (!end_is_possible(w, end))
        return "an end that cannot be";
    if (end == LN_END_FINISHED && w->finished != 1)
        return "said to have finished, but has not";
    if (w->run.abandoned != (end != LN_END_FINISHED && !heeded))
        return "abandoned without an end, or the reverse";
    if (ln_run_current() != NULL || w->run.phase != NULL || w->run.host_depth != 0)
        return "left traces";
    if (w->shape == SHAPE_NESTED && end == LN_END_FINISHED && w->inner_end == LN_END_FINISHED)
        return "an endless nested run finished";
    return NULL;
}

static void storm_turn(worker *w) {
    ln_budget budget = {.wall_ns = 1 + draw(&w->seed, 3 * MS)};
    w->shape = (shape)draw(&w->seed, LN_TSAN ? SHAPE_FAULT : SHAPES);
    w->finished = w->soft.softened = 0;
    w->run.soften = w->shape == SHAPE_SOFT ? soft_soften : NULL;
    w->run.soften_ud = &w->soft;
    if (w->shape == SHAPE_SOFT)
        budget.grace_ns = 1 + draw(&w->seed, MS);
    if (w->shape == SHAPE_ENDLESS)
        budget.wall_ns = 0;
    atomic_store(&w->endless, false);
    atomic_fetch_add(&w->turn, 1);
    ln_end end = ln_run_execute(&w->run, w->guard, &budget, storm_body, w);
    atomic_fetch_add(&w->turn, 1);
    w->ends[end]++;
    const char *complaint = check(w, end);
    if (complaint != NULL)
        snprintf(w->complaint, sizeof w->complaint, "%s (shape %d, end %s, wall %llu of %llu ns)", complaint,
                 (int)w->shape, ln_end_text(end), (unsigned long long)w->run.usage.wall_ns,
                 (unsigned long long)w->run.budget.wall_ns);
}

/* --- Threads ------------------------------------------------------------------------------------------------ */

static ln_guard_kind storm_kind;

static void *batch_main(void *ud) {
    worker *w = ud;
    ln_guard_config config = config_of(storm_kind);
    config.log = NULL;
    config.signal = draw(&w->seed, 2) ? SIGRTMIN + 1 : 0;
    if (ln_guard_open(&config, &w->guard) != LUNETTE_OK)
        snprintf(w->complaint, sizeof w->complaint, "no guard");
    for (int i = 0; i < BATCH && w->complaint[0] == '\0'; i++)
        storm_turn(w);
    ln_guard_close(&w->guard);
    return NULL;
}

/* A thread for each batch, so that threads end while others run. */
static void *worker_main(void *ud) {
    worker *w = ud;
    for (; w->left > 0 && w->complaint[0] == '\0'; w->left -= BATCH) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, batch_main, w) != 0) {
            snprintf(w->complaint, sizeof w->complaint, "no thread");
            break;
        }
        pthread_join(thread, NULL);
    }
    atomic_store(&w->over, true);
    return NULL;
}

/* An endless run that was cancelled must end without a second word. Others are cancelled now and then. */
static bool cancel_one(worker *w, uint64_t *seed) {
    unsigned turn = atomic_load(&w->turn);
    bool endless = atomic_load(&w->endless);
    if (turn % 2 == 0 || atomic_load(&w->turn) != turn || (!endless && draw(seed, 16) != 0))
        return true;
    ln_run_cancel(&w->run);
    atomic_fetch_add(&cancelled, 1);
    for (uint64_t start = ln_os_now(); endless && atomic_load(&w->turn) == turn;) {
        if (ln_os_now() - start > 20000 * MS)
            return false;
        sleep_ns(MS / 10, NULL);
    }
    return true;
}

static bool all_over(void) {
    for (int i = 0; i < WORKERS; i++) {
        if (!atomic_load(&workers[i].over))
            return false;
    }
    return true;
}

static void storm(ln_guard_kind kind) {
    const char *wanted = getenv("LUNETTE_STORM_RUNS");
    long runs = wanted != NULL ? strtol(wanted, NULL, 10) : 8000;
    pthread_t threads[WORKERS];
    bool heard = true;
    memset(workers, 0, sizeof workers);
    storm_kind = kind;
    for (int i = 0; i < WORKERS; i++) {
        workers[i].seed = (uint64_t)i + 1;
        workers[i].left = runs / WORKERS;
        assert_int_equal(pthread_create(&threads[i], NULL, worker_main, &workers[i]), 0);
    }
    uint64_t seed = 99;
    while (heard && !all_over()) {
        heard = cancel_one(&workers[draw(&seed, WORKERS)], &seed);
        sleep_ns(draw(&seed, MS / 4), NULL);
    }
    if (!heard)
        fail_msg("a cancellation was lost");
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    long ends[LN_END_SYSTEM + 1] = {0};
    for (int i = 0; i < WORKERS; i++) {
        if (workers[i].complaint[0] != '\0')
            fail_msg("worker %d: %s", i, workers[i].complaint);
        for (int e = 0; e <= LN_END_SYSTEM; e++)
            ends[e] += workers[i].ends[e];
    }
    for (int e = 0; e <= LN_END_SYSTEM; e++) {
        if (ends[e] != 0)
            print_message("%s: %ld  ", ln_end_text((ln_end)e), ends[e]);
    }
    print_message("(%u cancellations)\n", atomic_load(&cancelled));
    assert_true(ends[LN_END_FINISHED] > 0 && ends[LN_END_TIME] > 0 && ends[LN_END_CANCELLED] > 0);
}

static void test_storm(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    storm(LN_GUARD_SIGNAL);
}

static void test_storm_hook(void **state) {
    (void)state;
    storm(LN_GUARD_HOOK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_storm_hook),
    };
    return cmocka_run_group_tests_name("guard_storm", tests, NULL, NULL);
}
