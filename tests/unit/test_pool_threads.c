/* The pool under many threads: nobody is overtaken, nothing is lost, nobody gets what another holds. When this
 * fails look at src/pool/cache.c (what `attend` is for) and the queue in pool.c. Worth running under TSan. */
#include "test_pool_kit.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "base/os_guard.h"
#include "pool/internal.h"

enum { MANY = 16, POSTS = 8 };

static world w;
static ln_pool *pool;

static void wait_until_waiting(uint64_t count) {
    while (kit_stats(pool).waiting != count)
        kit_sleep(MS / 10);
}

/* --- The queue ---------------------------------------------------------------------------------------------- */

typedef struct queuer {
    pthread_t thread;
    void *key;
    uint64_t wait_ns;
    lunette_status status;
    size_t turn; /* how many were served before */
} queuer;

static _Atomic(size_t) turns;
static queuer queuers[MANY];

static void *queuer_main(void *ud) {
    queuer *q = ud;
    thing *t = kit_try(&w, pool, q->key, q->wait_ns, &q->status);
    q->turn = atomic_fetch_add(&turns, 1);
    if (t != NULL)
        kit_give(&w, pool, t, q->turn % 2 == 0);
    return NULL;
}

static void queuer_start(int i, uint64_t wait_ns) {
    queuers[i] = (queuer){.key = KEY(i % 3), .wait_ns = wait_ns};
    assert_int_equal(pthread_create(&queuers[i].thread, NULL, queuer_main, &queuers[i]), 0);
}

static void queuers_join(int from, int count) {
    for (int i = from; i < from + count; i++)
        pthread_join(queuers[i].thread, NULL);
}

/* Every second one gives back something that cannot be used again: the next has to make its own, in turn. */
static void first_come_first_served(void **state) {
    (void)state;
    lunette_status status;
    pool = kit_open(&w, (ln_pool_config){.max = 1});
    atomic_store(&turns, 0);
    thing *t = kit_take(&w, pool, KEY(0));
    for (int i = 0; i < MANY; i++) {
        queuer_start(i, UINT64_MAX);
        wait_until_waiting((uint64_t)i + 1);
    }
    assert_null(kit_try(&w, pool, KEY(0), 0, &status));
    assert_int_equal(status, LUNETTE_EXHAUSTED);
    kit_give(&w, pool, t, true);
    queuers_join(0, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(queuers[i].status, LUNETTE_OK);
        assert_int_equal(queuers[i].turn, i);
    }
    assert_int_equal(kit_stats(pool).waits, MANY);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* Those in the middle leave the queue; the others move up. */
static void a_timeout_leaves_the_queue_whole(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){.max = 1});
    atomic_store(&turns, 0);
    thing *t = kit_take(&w, pool, KEY(0));
    for (int i = 0; i < 9; i++) {
        queuer_start(i, i % 3 == 1 ? 300 * MS : UINT64_MAX);
        while (kit_stats(pool).waits != (uint64_t)i + 1)
            kit_sleep(MS / 10);
    }
    for (int i = 1; i < 9; i += 3) {
        queuers_join(i, 1);
        assert_int_equal(queuers[i].status, LUNETTE_EXHAUSTED);
    }
    kit_give(&w, pool, t, true);
    size_t turn = 3;
    for (int i = 0; i < 9; i++) {
        if (i % 3 == 1)
            continue;
        queuers_join(i, 1);
        assert_int_equal(queuers[i].status, LUNETTE_OK);
        assert_int_equal(queuers[i].turn, turn++);
    }
    assert_int_equal(kit_stats(pool).timeouts, 3);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* The right to make one passes on to the next when making fails. */
static void a_failed_make_passes_the_turn_on(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){.max = 1});
    atomic_store(&turns, 0);
    thing *t = kit_take(&w, pool, KEY(0));
    for (int i = 0; i < 2; i++) {
        queuer_start(i, UINT64_MAX);
        wait_until_waiting((uint64_t)i + 1);
    }
    w.failure = LUNETTE_SYSTEM;
    atomic_store(&w.make_fails_in, 1);
    kit_give(&w, pool, t, false);
    queuers_join(0, 2);
    assert_int_equal(queuers[0].status, LUNETTE_SYSTEM);
    assert_int_equal(queuers[1].status, LUNETTE_OK);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* The holder keeps what it has, and the pool, until it gives back; who waits is told at once. */
static void close_sends_the_queue_away(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){.max = 2});
    ln_pool *handle = pool;
    thing *a = kit_take(&w, pool, KEY(0));
    thing *b = kit_take(&w, pool, KEY(0));
    for (int i = 0; i < MANY; i++)
        queuer_start(i, i % 2 == 0 ? UINT64_MAX : 100000 * MS);
    wait_until_waiting(MANY);
    ln_pool_close(&handle);
    queuers_join(0, MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(queuers[i].status, LUNETTE_CLOSED);
    assert_int_equal(w.live, 2);
    kit_give(&w, pool, a, true);
    assert_int_equal(w.gone, 0);
    kit_give(&w, pool, b, true);
    assert_int_equal(w.gone, 1);
    assert_int_equal(w.live, 0);
    assert_int_equal(w.faults, 0);
}

/* --- Caches of others --------------------------------------------------------------------------------------- */

static void *once_main(void *ud) {
    lunette_status status;
    thing *t = kit_try(&w, pool, ud, 0, &status);
    kit_fault_if(&w, t == NULL);
    if (t != NULL)
        kit_give(&w, pool, t, true);
    return t;
}

static thing *once(void *key) {
    pthread_t thread;
    void *t = NULL;
    if (pthread_create(&thread, NULL, once_main, key) == 0)
        pthread_join(thread, &t);
    return t;
}

static void threads_that_exit_give_theirs_back(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){.max = 1});
    thing *t = once(KEY(0));
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(once(KEY(0)), t);
    assert_ptr_equal(kit_take(&w, pool, KEY(0)), t);
    kit_give(&w, pool, t, true);
    assert_int_equal(kit_stats(pool).hits_shared, 101);
    size_t caches = 0;
    for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next)
        caches++;
    assert_int_equal(caches, 1); /* each thread had that of the one before it, this one too */
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void steals_when_full(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){.max = 2});
    thing *a = kit_take(&w, pool, KEY(0));
    thing *b = kit_take(&w, pool, KEY(1));
    kit_give(&w, pool, a, true);
    kit_give(&w, pool, b, true);
    assert_ptr_equal(once(KEY(1)), b);
    assert_ptr_equal(once(KEY(0)), a);
    once(KEY(2));
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.stolen, 2);
    assert_int_equal(s.adopted, 1);
    assert_int_equal(s.made, 2);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* A thread that gives back what it has not taken: the other finds it in the store, not in a cache of its own. */
static void the_last_of_a_thread_is_left_to_it(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){0});
    thing *a = kit_take(&w, pool, KEY(0));
    kit_give(&w, pool, a, true);
    assert_ptr_not_equal(once(KEY(0)), a); /* made, rather than stolen */
    thing *b = kit_take(&w, pool, KEY(0));
    thing *c = kit_take(&w, pool, KEY(0));
    thing *d = kit_take(&w, pool, KEY(0));
    kit_give(&w, pool, b, true);
    kit_give(&w, pool, c, true);
    kit_give(&w, pool, d, true);
    once(KEY(0));
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.made, 3);
    assert_int_equal(s.stolen, 1);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* --- The storm ---------------------------------------------------------------------------------------------- */

typedef struct storm {
    ln_pool_config config;
    int threads, steps, keys;
    int check_refuses_every, make_fails_every;
    bool shut_in_the_middle;
} storm;

typedef struct sailor {
    pthread_t thread;
    const storm *plan;
    uint32_t random;
    uint64_t got, refused, closed, failed;
} sailor;

/* Items on their way to whoever gives them back. */
static _Atomic(thing *) post[POSTS];

static uint32_t dice(sailor *s, uint32_t sides) {
    s->random ^= s->random << 13;
    s->random ^= s->random >> 17;
    s->random ^= s->random << 5;
    return s->random % sides;
}

static void post_exchange(sailor *s, thing *t) {
    thing *other = atomic_exchange(&post[dice(s, POSTS)], t);
    if (other != NULL)
        kit_give(&w, pool, other, true);
}

static void sailor_uses(sailor *s, thing *t, bool may_post) {
    s->got++;
    if (dice(s, 50) == 0)
        kit_sleep(20000);
    uint32_t way = dice(s, 40);
    if (way == 0)
        kit_give(&w, pool, t, false);
    else if (way < 4 && may_post)
        post_exchange(s, t);
    else
        kit_give(&w, pool, t, true);
}

static bool sailor_step(sailor *s) {
    static const uint64_t waits[] = {0, 50000, MS, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    uint64_t wait_ns = waits[dice(s, LN_COUNT(waits))];
    /* Whoever waits for ever must not leave items in the post that all others wait for. */
    bool may_post = s->plan->config.max == 0 || s->plan->config.max > POSTS;
    if (s->plan->make_fails_every != 0 && dice(s, (uint32_t)s->plan->make_fails_every) == 0)
        atomic_store(&w.make_fails_in, 1);
    lunette_status status;
    thing *t = kit_try(&w, pool, KEY(dice(s, (uint32_t)s->plan->keys)), wait_ns, &status);
    if (t != NULL)
        sailor_uses(s, t, may_post);
    s->refused += status == LUNETTE_EXHAUSTED;
    s->closed += status == LUNETTE_CLOSED;
    s->failed += status == LUNETTE_SYSTEM;
    kit_fault_if(&w, status == LUNETTE_EXHAUSTED && wait_ns == UINT64_MAX);
    if (dice(s, 500) == 0)
        ln_pool_maintain(pool);
    if (dice(s, 2000) == 0)
        ln_pool_forget(pool, KEY(dice(s, (uint32_t)s->plan->keys)));
    return status != LUNETTE_CLOSED;
}

static void *sailor_main(void *ud) {
    sailor *s = ud;
    for (int i = 0; i < s->plan->steps && sailor_step(s); i++)
        ;
    return NULL;
}

static void storm_run(const storm *plan) {
    static sailor sailors[MANY];
    pool = kit_open(&w, plan->config);
    w.check_refuses_every = plan->check_refuses_every;
    w.failure = LUNETTE_SYSTEM;
    for (int i = 0; i < plan->threads; i++) {
        sailors[i] = (sailor){.plan = plan, .random = 2463534242U + (uint32_t)i * 7919U};
        assert_int_equal(pthread_create(&sailors[i].thread, NULL, sailor_main, &sailors[i]), 0);
    }
    if (plan->shut_in_the_middle) {
        kit_sleep(20 * MS);
        ln_pool_shut(pool);
    }
    sailor sum = {0};
    for (int i = 0; i < plan->threads; i++) {
        pthread_join(sailors[i].thread, NULL);
        sum.got += sailors[i].got;
        sum.refused += sailors[i].refused;
        sum.closed += sailors[i].closed;
        sum.failed += sailors[i].failed;
    }
    for (int i = 0; i < POSTS; i++) {
        thing *t = atomic_exchange(&post[i], NULL);
        if (t != NULL)
            kit_give(&w, pool, t, true);
    }
    kit_assert_adds_up(&w, pool);
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.acquires, sum.got);
    assert_int_equal(s.releases, sum.got);
    assert_int_equal(s.refusals + s.timeouts, sum.refused);
    assert_int_equal(s.failures, sum.failed);
    assert_int_equal(sum.closed > 0, plan->shut_in_the_middle);
    assert_true(plan->shut_in_the_middle || sum.got > 0);
    kit_close(&w, pool);
}

enum { STEPS = LN_TSAN || LN_ASAN ? 3000 : 12000, ENDLESS = 100000000 };

static void storm_without_bounds(void **state) {
    (void)state;
    storm_run(&(storm){.threads = 4, .steps = 4 * STEPS, .keys = 3});
    storm_run(&(storm){.threads = MANY, .steps = STEPS, .keys = 40, .config = {.per_thread = 2}});
}

static void storm_at_the_maximum(void **state) {
    (void)state;
    storm_run(&(storm){.threads = 4, .steps = STEPS, .keys = 2, .config = {.max = 1}});
    storm_run(&(storm){.threads = 4, .steps = STEPS, .keys = 5, .config = {.max = 3, .per_thread = 1}});
    storm_run(&(storm){.threads = MANY, .steps = STEPS / 2, .keys = 30, .config = {.max = 12}});
}

static void storm_with_everything_on(void **state) {
    (void)state;
    storm_run(&(storm){.threads = MANY,
                       .steps = STEPS / 2,
                       .keys = 8,
                       .check_refuses_every = 9,
                       .make_fails_every = 50,
                       .config = {.min = 2,
                                  .max = 14,
                                  .spare = 2,
                                  .idle_ns = MS,
                                  .trim_ns = MS / 5,
                                  .max_age_ns = 20 * MS,
                                  .max_uses = 100}});
}

static void shut_in_the_middle_of_it(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        storm_run(
            &(storm){.threads = i % 2 == 0 ? 4 : MANY,
                     .steps = ENDLESS,
                     .keys = 4,
                     .check_refuses_every = 30,
                     .shut_in_the_middle = true,
                     .config = {.max = i % 3 == 0 ? 0 : 2 + (size_t)i, .idle_ns = MS, .trim_ns = MS / 4}});
    }
}

/* --- The two races that `attend` decides -------------------------------------------------------------------- */

/* One thread stops itself by a timer at whatever instruction it has come to, the other goes on meanwhile: what
 * would otherwise take a preemption within three instructions happens several times in a test. Between rounds
 * both wait for each other, because the next release would mend what one has missed. */
enum { ROUNDS = 500, LONG_MS = 20000, TIMER_MIN_NS = 500, TIMER_STEP_NS = 37, TIMER_SPAN_NS = 6000 };

static _Atomic(int) round_begun, round_done;
static _Atomic(bool) frozen;

static void freeze(int number) {
    (void)number;
    int kept = errno;
    atomic_store(&frozen, true);
    poll(NULL, 0, 1);
    errno = kept;
}

/* For the calling thread. */
static timer_t freezer_open(void) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event._sigev_un._tid = ln_os_thread_id();
    timer_t timer = NULL;
    struct sigaction action = {.sa_handler = freeze, .sa_flags = SA_RESTART};
    kit_fault_if(&w, sigaction(SIGUSR1, &action, NULL) != 0 ||
                         timer_create(CLOCK_MONOTONIC, &event, &timer) != 0);
    return timer;
}

static void freeze_soon(timer_t timer, int round) {
    struct itimerspec soon = {.it_value.tv_nsec = TIMER_MIN_NS + round * TIMER_STEP_NS % TIMER_SPAN_NS};
    kit_fault_if(&w, timer_settime(timer, 0, &soon, NULL) != 0);
}

static void wait_for_round(_Atomic(int) *word, int round) {
    while (atomic_load(word) < round)
        sched_yield();
}

static void wait_until_frozen(void) {
    while (!atomic_load(&frozen))
        sched_yield();
}

/* Asks for the only item, for so long that only a lost one is not had. */
static void ask_and_give(void) {
    lunette_status status;
    thing *t = kit_try(&w, pool, KEY(0), LONG_MS * MS, &status);
    kit_fault_if(&w, t == NULL);
    if (t != NULL)
        kit_give(&w, pool, t, true);
}

static void *asks_when_frozen(void *ud) {
    (void)ud;
    for (int round = 1; round <= ROUNDS && atomic_load(&w.faults) == 0; round++) {
        wait_for_round(&round_begun, round);
        wait_until_frozen();
        ask_and_give();
        atomic_store(&round_done, round);
    }
    return NULL;
}

static void *freezes_as_it_asks(void *ud) {
    (void)ud;
    timer_t timer = freezer_open();
    for (int round = 1; round <= ROUNDS && atomic_load(&w.faults) == 0; round++) {
        wait_for_round(&round_begun, round);
        freeze_soon(timer, round);
        ask_and_give();
        atomic_store(&round_done, round);
    }
    timer_delete(timer);
    return NULL;
}

enum { CROWD = 60 };

static void *crowd_main(void *ud) {
    ask_and_give();
    pthread_barrier_wait(ud);
    return NULL;
}

/* Leaves caches behind, and this thread's at the end of their list: the longer the list, the more there is to
 * be stopped in before that one is flagged. */
static void crowd_passes(void) {
    pthread_t threads[CROWD];
    pthread_barrier_t all_there;
    ask_and_give();
    pthread_barrier_init(&all_there, NULL, CROWD);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &all_there), 0);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all_there);
}

static pthread_t race_open(void *(*body)(void *)) {
    pthread_t thread;
    pool = kit_open(&w, (ln_pool_config){.max = 1});
    crowd_passes();
    atomic_store(&round_begun, 0);
    atomic_store(&round_done, 0);
    assert_int_equal(pthread_create(&thread, NULL, body, NULL), 0);
    return thread;
}

static void race_close(pthread_t thread) {
    pthread_join(thread, NULL);
    assert_int_equal(kit_stats(pool).timeouts, 0);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void take_and_give_until_frozen(void) {
    while (!atomic_load(&frozen)) {
        lunette_status status;
        thing *t = kit_try(&w, pool, KEY(0), 0, &status);
        if (t != NULL)
            kit_give(&w, pool, t, true);
    }
}

/* This thread is stopped as it gives the item back, say after it has found that nobody waits. */
static void a_slow_release_is_not_missed(void **state) {
    (void)state;
    pthread_t other = race_open(asks_when_frozen);
    timer_t timer = freezer_open();
    for (int round = 1; round <= ROUNDS && atomic_load(&w.faults) == 0; round++) {
        atomic_store(&frozen, false);
        atomic_store(&round_begun, round);
        freeze_soon(timer, round);
        take_and_give_until_frozen();
        wait_for_round(&round_done, round);
    }
    timer_delete(timer);
    race_close(other);
}

/* The other is stopped as it asks, say after it has found that there is nothing. */
static void a_slow_acquire_misses_nothing(void **state) {
    (void)state;
    pthread_t other = race_open(freezes_as_it_asks);
    for (int round = 1; round <= ROUNDS && atomic_load(&w.faults) == 0; round++) {
        thing *t = kit_take(&w, pool, KEY(0));
        atomic_store(&frozen, false);
        atomic_store(&round_begun, round);
        wait_until_frozen();
        kit_give(&w, pool, t, true);
        wait_for_round(&round_done, round);
    }
    race_close(other);
}

/* --- Shut while a callback runs ----------------------------------------------------------------------------- */

static void *warm_main(void *ud) {
    *(lunette_status *)ud = ln_pool_warm(pool, KEY(0), 2);
    return NULL;
}

static void *maintain_main(void *ud) {
    (void)ud;
    ln_pool_maintain(pool);
    return NULL;
}

static void shut_behind_the_gate(void *(*body)(void *), void *ud) {
    pthread_t thread;
    atomic_store(&w.gate, KIT_GATE_SHUT);
    assert_int_equal(pthread_create(&thread, NULL, body, ud), 0);
    while (atomic_load(&w.gate) != KIT_GATE_REACHED)
        kit_sleep(MS / 10);
    ln_pool_shut(pool);
    atomic_store(&w.gate, KIT_GATE_OPEN);
    pthread_join(thread, NULL);
    assert_int_equal(w.live, 0);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void what_was_being_made_is_destroyed(void **state) {
    (void)state;
    lunette_status status = LUNETTE_OK;
    pool = kit_open(&w, (ln_pool_config){0});
    shut_behind_the_gate(warm_main, &status);
    assert_int_equal(status, LUNETTE_CLOSED);
}

static void what_was_being_trimmed_is_destroyed(void **state) {
    (void)state;
    pool = kit_open(&w, (ln_pool_config){.trim_ns = 1});
    assert_int_equal(ln_pool_warm(pool, KEY(0), 3), LUNETTE_OK);
    kit_sleep(MS);
    shut_behind_the_gate(maintain_main, NULL);
    assert_int_equal(w.destroyed, 3);
}

/* --- The end, from another thread --------------------------------------------------------------------------- */

static void *give_back_main(void *ud) {
    ln_pool_release(pool, ud, true);
    return NULL;
}

/* The pool is given up while its last items come back elsewhere: whoever is last takes it down, exactly once. */
static void close_races_with_the_last_release(void **state) {
    (void)state;
    for (int round = 0; round < (LN_TSAN ? 300 : 2000); round++) {
        pool = kit_open(&w, (ln_pool_config){0});
        ln_pool *handle = pool;
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            void *item;
            assert_int_equal(ln_pool_acquire(pool, KEY(0), 0, &item), LUNETTE_OK);
            assert_int_equal(pthread_create(&threads[i], NULL, give_back_main, item), 0);
        }
        ln_pool_close(&handle);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(w.live, 0);
        assert_int_equal(w.gone, 1);
        assert_int_equal(w.faults, 0);
    }
}

/* Who is sent away still has to come back through the pool, which the last item no longer holds. Worth running
 * under ASan. */
static void close_waits_for_those_it_sends_away(void **state) {
    (void)state;
    for (int round = 0; round < 100; round++) {
        pool = kit_open(&w, (ln_pool_config){.max = 1});
        ln_pool *handle = pool;
        atomic_store(&turns, 0);
        thing *t = kit_take(&w, pool, KEY(0));
        for (int i = 0; i < 4; i++)
            queuer_start(i, UINT64_MAX);
        wait_until_waiting(4);
        ln_pool_close(&handle);
        kit_give(&w, pool, t, true);
        queuers_join(0, 4);
        assert_int_equal(w.gone, 1);
        assert_int_equal(w.faults, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(a_timeout_leaves_the_queue_whole),
        cmocka_unit_test(a_failed_make_passes_the_turn_on),
        cmocka_unit_test(close_sends_the_queue_away),
        cmocka_unit_test(threads_that_exit_give_theirs_back),
        cmocka_unit_test(steals_when_full),
        cmocka_unit_test(the_last_of_a_thread_is_left_to_it),
        cmocka_unit_test(storm_without_bounds),
        cmocka_unit_test(storm_at_the_maximum),
        cmocka_unit_test(storm_with_everything_on),
        cmocka_unit_test(shut_in_the_middle_of_it),
        cmocka_unit_test(a_slow_release_is_not_missed),
        cmocka_unit_test(a_slow_acquire_misses_nothing),
        cmocka_unit_test(what_was_being_made_is_destroyed),
        cmocka_unit_test(what_was_being_trimmed_is_destroyed),
        cmocka_unit_test(close_waits_for_those_it_sends_away),
        cmocka_unit_test(close_races_with_the_last_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
