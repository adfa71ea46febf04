/* The pool, one thread at a time: where items come from, and what becomes of them. When this fails look at
 * src/pool/pool.c for what is handed out, maintain.c for what is idle, cache.c for a thread's end and forks. */
#include "test_pool_kit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "pool/internal.h"

static world w;

/* --- Configuration ------------------------------------------------------------------------------------------ */

static void refuses_a_wrong_configuration(void **state) {
    (void)state;
    ln_pool_ops ops = kit_ops();
    ln_pool *pool = (ln_pool *)&w;
    ln_pool_config crossed = {.min = 3, .max = 2};
    assert_int_equal(ln_pool_open(&crossed, &ops, &w, &pool), LUNETTE_INVALID_ARGUMENT);
    assert_null(pool);
    ln_pool_config wide = {.per_thread = LN_POOL_SLOTS_MAX + 1};
    assert_int_equal(ln_pool_open(&wide, &ops, &w, &pool), LUNETTE_INVALID_ARGUMENT);
    ops.make = NULL;
    assert_int_equal(ln_pool_open(NULL, &ops, &w, &pool), LUNETTE_INVALID_ARGUMENT);
    ops = kit_ops();
    ops.destroy = NULL;
    assert_int_equal(ln_pool_open(NULL, &ops, &w, &pool), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(ln_pool_open(NULL, NULL, &w, &pool), LUNETTE_INVALID_ARGUMENT);
}

static void needs_only_make_and_destroy(void **state) {
    (void)state;
    ln_pool_ops ops = {.link_offset = offsetof(thing, link), .make = kit_make, .destroy = kit_destroy};
    ln_pool_config config = {.max = 1, .trim_ns = 1};
    ln_pool *pool;
    w = (world){.max = 1};
    assert_int_equal(ln_pool_open(&config, &ops, &w, &pool), LUNETTE_OK);
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    ln_pool_maintain(pool);
    kit_sleep(MS);
    ln_pool_maintain(pool);
    kit_give(&w, pool, kit_take(&w, pool, KEY(1)), true); /* cannot be adopted: destroyed, and made anew */
    kit_assert_adds_up(&w, pool);
    assert_int_equal(kit_stats(pool).made, 2);
    ln_pool_close(&pool);
    ln_pool_close(&pool);
    assert_int_equal(w.live, 0);
}

/* --- Where items come from ---------------------------------------------------------------------------------- */

static void comes_back_to_its_thread(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){0});
    thing *first = kit_take(&w, pool, KEY(0));
    thing *second = kit_take(&w, pool, KEY(0));
    assert_ptr_not_equal(first, second);
    kit_give(&w, pool, first, true);
    assert_ptr_equal(kit_take(&w, pool, KEY(0)), first);
    assert_int_equal(first->link.uses, 2);
    kit_give(&w, pool, first, true);
    kit_give(&w, pool, second, true);
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.hits_own, 1);
    assert_int_equal(s.made_on_demand, 2);
    assert_int_equal(s.idle, 2);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void each_key_finds_its_own(void **state) {
    (void)state;
    enum { N = 40 }; /* more than fit into the cache: most lie in the store */
    ln_pool *pool = kit_open(&w, (ln_pool_config){.spare = N});
    thing *things[N];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++)
            things[i] = kit_take(&w, pool, KEY(i));
        for (int i = 0; i < N; i++)
            kit_give(&w, pool, things[i], true);
    }
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.made, N);
    assert_int_equal(s.adopted, 0);
    assert_int_equal(s.hits_own + s.hits_shared, 2 * N);
    assert_true(s.hits_own >= UINT64_C(2) * LN_POOL_SLOTS_DEFAULT);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* A thread that goes from key to key: items pile up to a bound, then the one idle for longest changes. */
static void adopts_when_others_abound(void **state) {
    (void)state;
    enum { SPARE = 5 };
    ln_pool *pool = kit_open(&w, (ln_pool_config){.spare = SPARE});
    for (int i = 0; i < 50; i++)
        kit_give(&w, pool, kit_take(&w, pool, KEY(i)), true);
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.made, SPARE + LN_POOL_SLOTS_DEFAULT);
    assert_int_equal(s.adopted, 50 - s.made);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* What nobody asks for any more must not keep the thread's cache from the key that is in use. */
static void a_dead_key_leaves_the_cache(void **state) {
    (void)state;
    thing *things[LN_POOL_SLOTS_DEFAULT];
    ln_pool *pool = kit_open(&w, (ln_pool_config){0});
    for (int i = 0; i < LN_POOL_SLOTS_DEFAULT; i++)
        things[i] = kit_take(&w, pool, KEY(0));
    for (int i = 0; i < LN_POOL_SLOTS_DEFAULT; i++)
        kit_give(&w, pool, things[i], true);
    for (int i = 0; i < 10; i++)
        kit_give(&w, pool, kit_take(&w, pool, KEY(1)), true);
    assert_int_equal(kit_stats(pool).hits_own, 9);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void adopts_at_the_maximum(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 2});
    thing *a = kit_take(&w, pool, KEY(0));
    thing *b = kit_take(&w, pool, KEY(0));
    lunette_status status;
    assert_null(kit_try(&w, pool, KEY(1), 0, &status));
    assert_int_equal(status, LUNETTE_EXHAUSTED);
    kit_give(&w, pool, a, true);
    assert_ptr_equal(kit_take(&w, pool, KEY(1)), a);
    kit_give(&w, pool, a, true);
    kit_give(&w, pool, b, true);
    assert_ptr_equal(kit_take(&w, pool, KEY(0)), b);
    kit_give(&w, pool, b, true);
    assert_int_equal(kit_stats(pool).adopted, 1);
    assert_int_equal(kit_stats(pool).refusals, 1);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void a_wait_ends(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 1});
    thing *a = kit_take(&w, pool, KEY(0));
    uint64_t start = ln_os_now();
    lunette_status status;
    assert_null(kit_try(&w, pool, KEY(0), 5 * MS, &status));
    assert_int_equal(status, LUNETTE_EXHAUSTED);
    assert_true(ln_os_now() - start >= 5 * MS);
    assert_int_equal(kit_stats(pool).timeouts, 1);
    kit_give(&w, pool, a, true);
    assert_ptr_equal(kit_take(&w, pool, KEY(0)), a); /* the cache is open again */
    assert_int_equal(kit_stats(pool).hits_own, 1);
    kit_give(&w, pool, a, true);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void warms_up(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 5});
    assert_int_equal(ln_pool_warm(pool, KEY(0), 3), LUNETTE_OK);
    assert_int_equal(kit_stats(pool).idle, 3);
    assert_int_equal(ln_pool_warm(pool, KEY(1), 3), LUNETTE_EXHAUSTED);
    assert_int_equal(kit_stats(pool).idle, 5);
    for (int i = 0; i < 2; i++)
        kit_give(&w, pool, kit_take(&w, pool, KEY(i)), true);
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.hits_shared, 2);
    assert_int_equal(s.adopted, 0);
    kit_assert_adds_up(&w, pool);
    ln_pool_shut(pool);
    assert_int_equal(ln_pool_warm(pool, KEY(1), 1), LUNETTE_CLOSED);
    kit_close(&w, pool);
}

static void forgets_a_key(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){0});
    assert_int_equal(ln_pool_warm(pool, KEY(0), 3), LUNETTE_OK);
    assert_int_equal(ln_pool_warm(pool, KEY(1), 2), LUNETTE_OK);
    thing *kept = kit_take(&w, pool, KEY(1));
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true); /* one of them lies in the cache */
    kit_give(&w, pool, kept, true);
    ln_pool_forget(pool, KEY(0));
    assert_int_equal(w.destroyed, 3);
    assert_int_equal(kit_stats(pool).idle, 2);
    assert_ptr_equal(kit_take(&w, pool, KEY(1)), kept);
    kit_give(&w, pool, kept, true);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* --- What becomes of them ----------------------------------------------------------------------------------- */

static void wears_out_by_use(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max_uses = 3});
    for (int i = 0; i < 9; i++)
        kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.made, 3);
    assert_int_equal(s.worn_out, 3);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void wears_out_by_age(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max_age_ns = 3 * MS});
    thing *t = kit_take(&w, pool, KEY(0));
    kit_sleep(5 * MS);
    kit_give(&w, pool, t, true);
    assert_int_equal(kit_stats(pool).worn_out, 1);
    assert_int_equal(w.live, 0);
    assert_int_equal(ln_pool_warm(pool, KEY(0), 2), LUNETTE_OK);
    kit_sleep(5 * MS);
    ln_pool_maintain(pool);
    assert_int_equal(w.live, 0); /* found idle */
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void young_ones_stay(void **state) {
    (void)state;
    uint64_t hour = MS * 1000 * 3600;
    ln_pool *pool = kit_open(
        &w, (ln_pool_config){.max_age_ns = hour, .idle_ns = hour, .trim_ns = hour, .max_uses = 1000});
    assert_int_equal(ln_pool_warm(pool, KEY(0), 3), LUNETTE_OK);
    for (int i = 0; i < 300; i++)
        kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    ln_pool_maintain(pool);
    ln_pool_maintain(pool);
    assert_int_equal(w.destroyed, 0);
    assert_int_equal(w.trimmed, 0);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void not_reusable_is_destroyed(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 1});
    for (int i = 0; i < 3; i++)
        kit_give(&w, pool, kit_take(&w, pool, KEY(0)), false);
    assert_int_equal(kit_stats(pool).dropped, 3);
    assert_int_equal(kit_stats(pool).made, 3);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* Those in the cache and those in the store alike, but for the minimum. */
static void idles_out_down_to_the_minimum(void **state) {
    (void)state;
    enum { N = 100 };
    thing *things[N];
    ln_pool *pool = kit_open(&w, (ln_pool_config){.min = 2, .idle_ns = 3 * MS});
    for (int i = 0; i < N; i++)
        things[i] = kit_take(&w, pool, KEY(i % 3));
    for (int i = 0; i < N; i++)
        kit_give(&w, pool, things[i], true);
    ln_pool_maintain(pool);
    kit_sleep(6 * MS);
    ln_pool_maintain(pool);
    assert_int_equal(kit_stats(pool).idle, 2);
    assert_int_equal(kit_stats(pool).idled_out, N - 2);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* Idle time starts anew with each use. */
static void use_ends_idleness(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.idle_ns = 50 * MS});
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    ln_pool_maintain(pool);
    kit_sleep(60 * MS);
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    ln_pool_maintain(pool);
    assert_int_equal(w.destroyed, 0);
    kit_sleep(60 * MS);
    ln_pool_maintain(pool);
    assert_int_equal(w.destroyed, 1);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void trims_once_each_time_it_idles(void **state) {
    (void)state;
    enum { N = 70 };
    thing *things[N];
    ln_pool *pool = kit_open(&w, (ln_pool_config){.trim_ns = 3 * MS});
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < N; i++)
            things[i] = kit_take(&w, pool, KEY(0));
        for (int i = 0; i < N; i++)
            kit_give(&w, pool, things[i], true);
        for (int look = 0; look < 3; look++) {
            ln_pool_maintain(pool);
            kit_sleep(6 * MS);
        }
        assert_int_equal(w.trimmed, (size_t)round * N);
        assert_int_equal(w.destroyed, 0);
        assert_int_equal(kit_stats(pool).idle, N);
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(things[i]->trims, 2);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void a_busy_host_need_not_maintain(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.idle_ns = 2 * MS});
    assert_int_equal(ln_pool_warm(pool, KEY(0), 20), LUNETTE_OK);
    uint64_t give_up = ln_os_now() + 10000 * MS;
    while (kit_stats(pool).idled_out < 19 && ln_os_now() < give_up)
        kit_give(&w, pool, kit_take(&w, pool, KEY(1)), true);
    assert_true(kit_stats(pool).idled_out >= 19);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* --- Failures ----------------------------------------------------------------------------------------------- */

static void a_failed_check_takes_another(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 3});
    thing *things[3];
    for (int i = 0; i < 3; i++)
        things[i] = kit_take(&w, pool, KEY(0));
    for (int i = 0; i < 3; i++)
        kit_give(&w, pool, things[i], true);
    atomic_store(&things[0]->bad, true);
    atomic_store(&things[1]->bad, true);
    assert_ptr_equal(kit_take(&w, pool, KEY(0)), things[2]);
    assert_int_equal(w.destroyed, 2);
    kit_give(&w, pool, things[2], true);
    atomic_store(&things[2]->bad, true);
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(s.failed_checks, 3);
    assert_int_equal(s.made, 4);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void a_failed_make_loses_nothing(void **state) {
    (void)state;
    for (int nth = 1;; nth++) {
        ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 4});
        thing *things[4] = {NULL};
        w.failure = LUNETTE_SYSTEM;
        atomic_store(&w.make_fails_in, nth);
        lunette_status worst = ln_pool_warm(pool, KEY(0), 2);
        for (int i = 0; i < 4; i++) {
            lunette_status status;
            things[i] = kit_try(&w, pool, KEY(0), 0, &status);
            worst = status != LUNETTE_OK ? status : worst;
        }
        assert_int_equal(worst, nth <= 4 ? LUNETTE_SYSTEM : LUNETTE_OK);
        for (int i = 0; i < 4; i++) {
            if (things[i] == NULL) /* the place is free again */
                things[i] = kit_take(&w, pool, KEY(0));
        }
        for (int i = 0; i < 4; i++)
            kit_give(&w, pool, things[i], true);
        assert_int_equal(kit_stats(pool).idle, 4);
        kit_assert_adds_up(&w, pool);
        kit_close(&w, pool);
        if (worst == LUNETTE_OK)
            return;
    }
}

static void without_memory_another_key_serves(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){0});
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    w.failure = LUNETTE_NO_MEMORY;
    atomic_store(&w.make_fails_in, 1);
    kit_give(&w, pool, kit_take(&w, pool, KEY(1)), true);
    assert_int_equal(kit_stats(pool).adopted, 1);
    atomic_store(&w.make_fails_in, 1);
    thing *t = kit_take(&w, pool, KEY(1));
    lunette_status status;
    assert_null(kit_try(&w, pool, KEY(1), 0, &status));
    assert_int_equal(status, LUNETTE_NO_MEMORY);
    kit_give(&w, pool, t, true);
    assert_int_equal(kit_stats(pool).failures, 2);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

static void a_failed_adoption_is_told(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 1});
    kit_give(&w, pool, kit_take(&w, pool, KEY(0)), true);
    w.failure = LUNETTE_WRONG_STATE;
    atomic_store(&w.adopt_fails_in, 1);
    lunette_status status;
    assert_null(kit_try(&w, pool, KEY(1), 0, &status));
    assert_int_equal(status, LUNETTE_WRONG_STATE);
    assert_int_equal(w.live, 0);
    kit_give(&w, pool, kit_take(&w, pool, KEY(1)), true);
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

#if defined(__GLIBC__) && !LN_ASAN && !LN_TSAN
#define HAVE_ALLOCATION_FAILURES 1
static int allocations_left = -1;

extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
void *calloc(size_t count, size_t size) {
    return allocations_left >= 0 && allocations_left-- == 0 ? NULL : __libc_calloc(count, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return allocations_left >= 0 && allocations_left-- == 0 ? NULL : __libc_memalign(alignment, size);
}

/* The pool's own: without memory for a cache it works through the store alone. */
static void every_allocation_may_fail(void **state) {
    (void)state;
    bool opened = false, ended = false;
    for (int nth = 0; !ended; nth++) {
        ln_pool_ops ops = kit_ops();
        ln_pool *pool;
        w = (world){0};
        allocations_left = nth;
        lunette_status status = ln_pool_open(NULL, &ops, &w, &pool);
        assert_true(status == LUNETTE_NO_MEMORY || status == LUNETTE_OK);
        assert_true((status == LUNETTE_OK) == (pool != NULL) && (!opened || status == LUNETTE_OK));
        opened = status == LUNETTE_OK;
        if (!opened)
            continue;
        thing *things[40] = {NULL};
        for (int i = 0; i < 40; i++)
            things[i] = kit_try(&w, pool, KEY(i), 0, &status);
        for (int i = 0; i < 40; i++) {
            if (things[i] != NULL)
                kit_give(&w, pool, things[i], true);
        }
        ended = allocations_left >= 0;
        allocations_left = -1;
        kit_assert_adds_up(&w, pool);
        kit_close(&w, pool);
    }
}
#else
#define HAVE_ALLOCATION_FAILURES 0
#endif

/* --- The end ------------------------------------------------------------------------------------------------ */

static void goes_with_the_last_item(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){0});
    ln_pool *handle = pool;
    thing *a = kit_take(&w, pool, KEY(0));
    thing *b = kit_take(&w, pool, KEY(0));
    kit_give(&w, pool, kit_take(&w, pool, KEY(1)), true);
    ln_pool_close(&handle);
    assert_null(handle);
    assert_int_equal(w.live, 2);
    lunette_status status;
    assert_null(kit_try(&w, pool, KEY(0), UINT64_MAX, &status));
    assert_int_equal(status, LUNETTE_CLOSED);
    kit_give(&w, pool, a, true);
    assert_int_equal(w.live, 1);
    assert_int_equal(w.gone, 0);
    kit_give(&w, pool, b, false);
    assert_int_equal(w.live, 0);
    assert_int_equal(w.gone, 1);
    assert_int_equal(w.faults, 0);
}

static void shut_is_not_the_end(void **state) {
    (void)state;
    ln_pool *pool = kit_open(&w, (ln_pool_config){.idle_ns = 1, .trim_ns = 1});
    thing *a = kit_take(&w, pool, KEY(0));
    ln_pool_shut(pool);
    ln_pool_shut(pool);
    kit_give(&w, pool, a, true);
    assert_int_equal(w.live, 0);
    assert_int_equal(w.gone, 0);
    lunette_status status;
    assert_null(kit_try(&w, pool, KEY(0), 0, &status));
    assert_int_equal(status, LUNETTE_CLOSED);
    ln_pool_maintain(pool);
    ln_pool_forget(pool, KEY(0));
    kit_assert_adds_up(&w, pool);
    kit_close(&w, pool);
}

/* Memory of a closed pool is soon that of the next: a thread must not take its old cache for the new pool's. */
static void one_pool_after_another(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        static world other_world;
        ln_pool *pool = kit_open(&w, (ln_pool_config){.max = 3, .per_thread = 1 + (size_t)i % 9});
        ln_pool *other = kit_open(&other_world, (ln_pool_config){.max = 3});
        for (int n = 0; n < 4; n++) {
            thing *t = kit_take(&w, pool, KEY(0));
            kit_give(&other_world, other, kit_take(&other_world, other, KEY(0)), true);
            kit_give(&w, pool, t, true);
        }
        assert_int_equal(kit_stats(pool).hits_own, 3);
        assert_int_equal(kit_stats(other).hits_own, 3);
        kit_close(&w, pool);
        kit_close(&other_world, other);
    }
}

/* --- Forks -------------------------------------------------------------------------------------------------- */

typedef struct neighbour {
    ln_pool *pool;
    _Atomic(bool) ready, done;
} neighbour;

/* Holds one item and has another in its cache, while the process forks. */
static void *neighbour_main(void *ud) {
    neighbour *n = ud;
    lunette_status status;
    thing *held = kit_try(&w, n->pool, KEY(0), 0, &status);
    thing *cached = kit_try(&w, n->pool, KEY(0), 0, &status);
    kit_give(&w, n->pool, cached, true);
    atomic_store(&n->ready, true);
    while (!atomic_load(&n->done))
        kit_sleep(MS);
    kit_give(&w, n->pool, held, true);
    return NULL;
}

/* Of three items one is lost with its thread, two can be had; 0: as it should be. */
static int child_main(ln_pool *pool) {
    lunette_status status;
    for (const ln_cache *cache = pool->caches; cache != NULL; cache = cache->next) {
        if (cache != ln_cache_own(pool) && (atomic_load(&cache->owner) != NULL || ln_cache_count(cache) != 0))
            return 5; /* of a thread that is no more */
    }
    thing *a = kit_try(&w, pool, KEY(0), 0, &status);
    thing *b = kit_try(&w, pool, KEY(0), 0, &status);
    if (a == NULL || b == NULL)
        return 1;
    if (kit_try(&w, pool, KEY(0), MS, &status) != NULL || status != LUNETTE_EXHAUSTED)
        return 2;
    kit_give(&w, pool, a, true);
    kit_give(&w, pool, b, true);
    ln_pool_stats s = kit_stats(pool);
    if (s.in_use != 1 || s.idle != 2 || s.made != 3 || atomic_load(&w.faults) != 0)
        return 3;
    ln_pool_close(&pool);
    return atomic_load(&w.live) == 1 ? 0 : 4;
}

static void a_forked_child_works_on(void **state) {
    (void)state;
    neighbour n = {.pool = kit_open(&w, (ln_pool_config){.max = 3})};
    pthread_t thread;
    kit_give(&w, n.pool, kit_take(&w, n.pool, KEY(0)), true);
    assert_int_equal(ln_pool_warm(n.pool, KEY(0), 2), LUNETTE_OK);
    assert_int_equal(pthread_create(&thread, NULL, neighbour_main, &n), 0);
    while (!atomic_load(&n.ready))
        kit_sleep(MS);
    pid_t child = fork();
    if (child == 0)
        _exit(child_main(n.pool));
    int result = -1;
    waitpid(child, &result, 0);
    atomic_store(&n.done, true);
    pthread_join(thread, NULL);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    kit_assert_adds_up(&w, n.pool);
    kit_close(&w, n.pool);
}

static void *waiter_main(void *ud) {
    neighbour *n = ud;
    lunette_status status;
    thing *t = kit_try(&w, n->pool, KEY(0), UINT64_MAX, &status);
    kit_give(&w, n->pool, t, true);
    return NULL;
}

/* Who waited in the parent does not wait here: what is given back can be had again. */
static int child_without_waiters(ln_pool *pool, thing *held) {
    lunette_status status;
    if (kit_stats(pool).waiting != 0)
        return 1;
    kit_give(&w, pool, held, true);
    if (kit_try(&w, pool, KEY(0), 0, &status) != held)
        return 2;
    kit_give(&w, pool, held, true);
    ln_pool_stats s = kit_stats(pool);
    if (s.in_use != 0 || s.idle != 1 || s.hits_own != 1)
        return 3;
    ln_pool_close(&pool);
    return atomic_load(&w.gone) == 1 && atomic_load(&w.faults) == 0 ? 0 : 4;
}

static void a_forked_child_has_no_waiters(void **state) {
    (void)state;
    neighbour n = {.pool = kit_open(&w, (ln_pool_config){.max = 1})};
    thing *held = kit_take(&w, n.pool, KEY(0));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, waiter_main, &n), 0);
    while (kit_stats(n.pool).waiting != 1)
        kit_sleep(MS / 10);
    pid_t child = fork();
    if (child == 0)
        _exit(child_without_waiters(n.pool, held));
    int result = -1;
    waitpid(child, &result, 0);
    kit_give(&w, n.pool, held, true);
    pthread_join(thread, NULL);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    kit_assert_adds_up(&w, n.pool);
    kit_close(&w, n.pool);
}

static void *maker_main(void *ud) {
    neighbour *n = ud;
    lunette_status status;
    thing *t = kit_try(&w, n->pool, KEY(0), 0, &status);
    kit_give(&w, n->pool, t, true);
    return NULL;
}

/* The right to make an item does not go with the thread that was making it. */
static int child_may_make(ln_pool *pool) {
    lunette_status status;
    atomic_store(&w.gate, KIT_GATE_OPEN);
    thing *t = kit_try(&w, pool, KEY(0), 0, &status);
    if (t == NULL)
        return 1;
    kit_give(&w, pool, t, true);
    ln_pool_close(&pool);
    return atomic_load(&w.gone) == 1 ? 0 : 2;
}

static void a_forked_child_makes_what_was_being_made(void **state) {
    (void)state;
    neighbour n = {.pool = kit_open(&w, (ln_pool_config){.max = 1})};
    pthread_t thread;
    atomic_store(&w.gate, KIT_GATE_SHUT);
    assert_int_equal(pthread_create(&thread, NULL, maker_main, &n), 0);
    while (atomic_load(&w.gate) != KIT_GATE_REACHED)
        kit_sleep(MS / 10);
    pid_t child = fork();
    if (child == 0)
        _exit(child_may_make(n.pool));
    int result = -1;
    waitpid(child, &result, 0);
    atomic_store(&w.gate, KIT_GATE_OPEN);
    pthread_join(thread, NULL);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    kit_assert_adds_up(&w, n.pool);
    kit_close(&w, n.pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_wrong_configuration),
        cmocka_unit_test(needs_only_make_and_destroy),
        cmocka_unit_test(comes_back_to_its_thread),
        cmocka_unit_test(each_key_finds_its_own),
        cmocka_unit_test(adopts_when_others_abound),
        cmocka_unit_test(a_dead_key_leaves_the_cache),
        cmocka_unit_test(adopts_at_the_maximum),
        cmocka_unit_test(a_wait_ends),
        cmocka_unit_test(warms_up),
        cmocka_unit_test(forgets_a_key),
        cmocka_unit_test(wears_out_by_use),
        cmocka_unit_test(wears_out_by_age),
        cmocka_unit_test(young_ones_stay),
        cmocka_unit_test(not_reusable_is_destroyed),
        cmocka_unit_test(idles_out_down_to_the_minimum),
        cmocka_unit_test(use_ends_idleness),
        cmocka_unit_test(trims_once_each_time_it_idles),
        cmocka_unit_test(a_busy_host_need_not_maintain),
        cmocka_unit_test(a_failed_check_takes_another),
        cmocka_unit_test(a_failed_make_loses_nothing),
        cmocka_unit_test(without_memory_another_key_serves),
        cmocka_unit_test(a_failed_adoption_is_told),
#if HAVE_ALLOCATION_FAILURES
        cmocka_unit_test(every_allocation_may_fail),
#endif
        cmocka_unit_test(goes_with_the_last_item),
        cmocka_unit_test(shut_is_not_the_end),
        cmocka_unit_test(one_pool_after_another),
        cmocka_unit_test(a_forked_child_works_on),
        cmocka_unit_test(a_forked_child_has_no_waiters),
        cmocka_unit_test(a_forked_child_makes_what_was_being_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
