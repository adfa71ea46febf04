/* The pool: from the thread's own cache without a lock, else from wherever an item is, else from the queue.
 *
 * The usual way is one exchange on a slot of the thread's own cache, and one compare-exchange to put the item
 * back: no lock, no system call, no clock unless the configuration asks for ages, and no memory that another
 * thread writes. It is the magazine of Bonwick and Adams ("Magazines and Vmem", USENIX 2001) with slots that
 * others can empty: a magazine that only its owner can open would lose up to per_thread items a thread just
 * when the pool has run out.
 *
 * Everything else takes the pool's lock, for some tens of instructions and never while a callback runs:
 *   1. same key: own slots, the store, a thread that has two or more of it to spare;
 *   2. the store holds more than `spare` items of other keys: the one idle for longest is adopted;
 *   3. there is room below the maximum: one is made;
 *   4. any item of any key, wherever: adopted;
 *   5. the queue.
 * `total` counts items and rights to make one: it is raised before the item is made and lowered after one has
 * been destroyed, so never more than `max` exist. Whatever falls idle or lowers `total` passes the queue
 * first (ln_pool_put_idle, ln_pool_drop_total), which makes it fair: what is given to the first in the queue is
 * his before he has woken. Why no item can slip past a thread that is about to wait is argued in cache.c.
 *
 * Lifetime: while a thread holds an item, or a right to make one, `total` is not 0; while it comes back from the
 * queue, `pins` is not 0. A pool that has been given up goes when both are, with whoever lowered the last of
 * them (unlock_and_part); nobody touches a pool after that. */
#include "pool/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "pool/internal.h"

/* --- Lock --------------------------------------------------------------------------------------------------- */

void ln_pool_lock(ln_pool *pool) {
    pthread_mutex_lock(&pool->lock);
}

/* A waiter may be gone, or be waiting again, as soon as it is marked as served: ln_os_wake() only uses the
 * address, and waking somebody else too early is what every wait of a futex bears. */
static void wake_all(ln_waiter *waiter) {
    while (waiter != NULL) {
        ln_waiter *next = waiter->next;
        atomic_store(&waiter->served, 1);
        ln_os_wake(&waiter->served);
        waiter = next;
    }
}

static void pool_free(ln_pool *pool) {
    void (*gone)(void *ud) = pool->ops.gone;
    void *ud = pool->ud;
    ln_registry_remove(pool);
    pthread_mutex_destroy(&pool->lock);
    ln_store_close(&pool->store);
    free(pool);
    if (gone != NULL)
        gone(ud);
}

void ln_pool_unlock(ln_pool *pool) {
    ln_waiter *granted = pool->granted;
    pool->granted = NULL;
    pthread_mutex_unlock(&pool->lock);
    wake_all(granted);
}

/* Where this thread's claim to the pool (an item, a right, its pin, the handle) has just ended. */
static void unlock_and_part(ln_pool *pool) {
    bool gone = pool->given_up && pool->total == 0 && pool->pins == 0 && !pool->freed;
    pool->freed |= gone;
    ln_pool_unlock(pool);
    if (gone)
        pool_free(pool);
}

/* --- The queue ---------------------------------------------------------------------------------------------- */

static void attend_all(ln_pool *pool, uint32_t flag, bool set) {
    for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next) {
        if (set)
            atomic_fetch_or(&cache->attend, flag);
        else
            atomic_fetch_and(&cache->attend, ~flag);
    }
}

static void queue_join(ln_pool *pool, ln_waiter *waiter) {
    waiter->queued = true;
    waiter->previous = pool->last;
    if (pool->last != NULL)
        pool->last->next = waiter;
    else
        pool->first = waiter;
    pool->last = waiter;
    pool->waiting++;
    pool->pins++;
}

static void queue_leave(ln_pool *pool, ln_waiter *waiter) {
    if (waiter->previous != NULL)
        waiter->previous->next = waiter->next;
    else
        pool->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->previous = waiter->previous;
    else
        pool->last = waiter->previous;
    waiter->next = waiter->previous = NULL;
    waiter->queued = false;
    pool->waiting--;
    if (pool->first == NULL)
        attend_all(pool, LN_ATTEND_QUEUE, false);
}

/* The first in the queue gets `link`, NULL being the right to make one. */
static void serve_first(ln_pool *pool, ln_pool_link *link) {
    ln_waiter *waiter = pool->first;
    queue_leave(pool, waiter);
    waiter->link = link;
    waiter->next = pool->granted;
    pool->granted = waiter;
}

void ln_pool_put_idle(ln_pool *pool, ln_pool_link *link) {
    if (pool->first != NULL) {
        serve_first(pool, link);
        return;
    }
    if (pool->interval != 0 && link->idle == 0)
        link->idle = ln_os_now();
    ln_store_put(&pool->store, link);
}

void ln_pool_drop_total(ln_pool *pool, size_t count) {
    pool->total -= count;
    while (pool->first != NULL && pool->total < pool->config.max) {
        pool->total++;
        serve_first(pool, NULL);
    }
}

static uint64_t moment_after(uint64_t wait_ns) {
    uint64_t now = ln_os_now();
    return wait_ns >= LN_NEVER - now ? LN_NEVER : now + wait_ns;
}

/* False: the time is over, and nobody has served it. */
static bool queue_sleep(ln_pool *pool, ln_waiter *waiter, uint64_t until) {
    while (atomic_load(&waiter->served) == 0) {
        if (until == LN_NEVER || ln_os_now() < until) {
            ln_os_wait(&waiter->served, 0, until);
            continue;
        }
        ln_pool_lock(pool);
        bool unserved = waiter->queued;
        if (unserved)
            queue_leave(pool, waiter);
        ln_pool_unlock(pool); /* the pin is still there */
        if (unserved)
            return false;
        until = LN_NEVER; /* served too late to be sent away: it is on its way */
    }
    return true;
}

/* --- Finding an item ---------------------------------------------------------------------------------------- */

/* One ln_pool_acquire() that did not find what it needs in its own cache. */
typedef struct demand {
    ln_pool *pool;
    ln_cache *cache; /* NULL: none */
    void *key;
    ln_pool_link *link; /* what it has; NULL: with `right`, it may make one */
    bool right;         /* one of `total` is for the item it is about to make */
    ln_count source;
} demand;

static bool demand_take(demand *d, ln_pool_link *link, ln_count source) {
    d->link = link;
    d->source = source;
    return link != NULL;
}

static bool take_own_or_shared(demand *d) {
    return (d->cache != NULL && demand_take(d, ln_cache_take(d->cache, d->key), LN_COUNT_hits_own)) ||
           demand_take(d, ln_store_take(&d->pool->store, d->key), LN_COUNT_hits_shared);
}

/* From a cache that holds at least `least`; of the right key, or (`any`) of another. */
static bool steal(demand *d, size_t least, bool any) {
    for (ln_cache *cache = d->pool->caches; cache != NULL; cache = cache->next) {
        if (ln_cache_count(cache) < least)
            continue;
        ln_pool_link *link = any ? ln_cache_take_other(cache, d->key) : ln_cache_take(cache, d->key);
        if (demand_take(d, link, cache == d->cache ? LN_COUNT_hits_own : LN_COUNT_stolen))
            return true;
    }
    return false;
}

static bool take_oldest(demand *d) {
    return demand_take(d, ln_store_take_oldest(&d->pool->store), LN_COUNT_hits_shared);
}

/* Whatever there is. */
static bool take_any(demand *d) {
    return take_own_or_shared(d) || steal(d, 1, false) || take_oldest(d) || steal(d, 1, true);
}

static bool has_room(const ln_pool *pool) {
    return pool->total < pool->config.max;
}

static bool may_make(demand *d) {
    if (!has_room(d->pool))
        return false;
    d->pool->total++;
    d->link = NULL;
    d->source = LN_COUNT_made_on_demand;
    return d->right = true;
}

static bool find_without_waiting(demand *d) {
    ln_pool *pool = d->pool;
    if (pool->first != NULL)
        return false;
    return take_own_or_shared(d) || (has_room(pool) && steal(d, 2, false)) ||
           (has_room(pool) && pool->ops.adopt != NULL && pool->store.count >= pool->config.spare &&
            take_oldest(d)) ||
           may_make(d) || take_any(d);
}

/* Under the lock, which it gives back. */
static lunette_status find_by_waiting(demand *d, uint64_t until) {
    ln_pool *pool = d->pool;
    ln_waiter waiter = {.next = NULL};
    atomic_init(&waiter.served, 0);
    bool first = pool->first == NULL;
    if (first)
        attend_all(pool, LN_ATTEND_QUEUE, true);
    if (first && take_any(d)) { /* between the first look and the flag */
        attend_all(pool, LN_ATTEND_QUEUE, false);
        ln_pool_unlock(pool);
        return LUNETTE_OK;
    }
    queue_join(pool, &waiter);
    ln_pool_unlock(pool);
    ln_pool_bump(pool, d->cache, LN_COUNT_waits);
    bool served = queue_sleep(pool, &waiter, until);
    if (!served)
        ln_pool_bump(pool, d->cache, LN_COUNT_timeouts);
    d->link = waiter.link;
    d->right = served && !waiter.closed && waiter.link == NULL;
    d->source = d->right ? LN_COUNT_made_on_demand : LN_COUNT_handed_over;
    ln_pool_lock(pool);
    pool->pins--;
    if (served && !waiter.closed) {
        ln_pool_unlock(pool);
        return LUNETTE_OK;
    }
    unlock_and_part(pool);
    return served ? LUNETTE_CLOSED : LUNETTE_EXHAUSTED;
}

/* On OK the demand has an item or the right to make one. */
static lunette_status find(demand *d, uint64_t wait_ns, uint64_t *until) {
    ln_pool *pool = d->pool;
    if (wait_ns != 0 && *until == 0)
        *until = moment_after(wait_ns);
    ln_pool_lock(pool);
    bool closed = atomic_load(&pool->closed);
    if (!closed && !find_without_waiting(d)) {
        if (wait_ns != 0)
            return find_by_waiting(d, *until);
        ln_pool_bump(pool, d->cache, LN_COUNT_refusals);
        ln_pool_unlock(pool);
        return LUNETTE_EXHAUSTED;
    }
    ln_pool_unlock(pool);
    return closed ? LUNETTE_CLOSED : LUNETTE_OK;
}

/* --- Making it fit ------------------------------------------------------------------------------------------ */

void ln_pool_link_init(const ln_pool *pool, ln_pool_link *link, void *key) {
    *link = (ln_pool_link){.key = key};
    if (pool->config.max_age_ns != 0)
        link->made = ln_os_now();
}

/* One item, or with `other` two: as one step, because the pool may go with them. */
static void destroy_for_good(ln_pool *pool, ln_pool_link *link, ln_pool_link *other) {
    pool->ops.destroy(pool->ud, ln_pool_item(pool, link));
    if (other != NULL)
        pool->ops.destroy(pool->ud, ln_pool_item(pool, other));
    size_t count = other != NULL ? 2 : 1;
    ln_pool_lock(pool);
    pool->destroyed += count;
    ln_pool_drop_total(pool, count);
    unlock_and_part(pool);
}

/* The demand keeps the right to make another in its place. */
static void destroy_and_keep_right(demand *d) {
    ln_pool *pool = d->pool;
    pool->ops.destroy(pool->ud, ln_pool_item(pool, d->link));
    d->link = NULL;
    d->right = true;
    d->source = LN_COUNT_made_on_demand;
    ln_pool_lock(pool);
    pool->destroyed++;
    ln_pool_unlock(pool);
}

static void keep_made(demand *d, void *item) {
    d->link = ln_pool_link_of(d->pool, item);
    ln_pool_link_init(d->pool, d->link, d->key);
    ln_pool_lock(d->pool);
    d->pool->made++;
    ln_pool_unlock(d->pool);
}

/* Uses the right up. When nothing can be made for lack of memory, an idle item of another key still serves. */
static lunette_status make(demand *d) {
    ln_pool *pool = d->pool;
    void *item = NULL;
    lunette_status status = pool->ops.make(pool->ud, d->key, &item);
    d->right = false;
    if (status == LUNETTE_OK) {
        keep_made(d, item);
        return status;
    }
    ln_pool_bump(pool, d->cache, LN_COUNT_failures);
    ln_pool_lock(pool);
    bool rescued =
        status == LUNETTE_NO_MEMORY && pool->ops.adopt != NULL && pool->first == NULL && take_any(d);
    ln_pool_drop_total(pool, 1);
    if (rescued) {
        ln_pool_unlock(pool);
        return LUNETTE_OK;
    }
    unlock_and_part(pool);
    return status;
}

/* Adopts an item of another key, or destroys it and keeps the right. */
static lunette_status refit(demand *d) {
    ln_pool *pool = d->pool;
    ln_pool_link *link = d->link;
    if (pool->ops.adopt == NULL) {
        destroy_and_keep_right(d);
        return LUNETTE_OK;
    }
    lunette_status status = pool->ops.adopt(pool->ud, ln_pool_item(pool, link), d->key);
    if (status == LUNETTE_OK) {
        link->key = d->key;
        ln_pool_bump(pool, d->cache, LN_COUNT_adopted);
        return status;
    }
    d->link = NULL;
    ln_pool_bump(pool, d->cache, LN_COUNT_failures);
    destroy_for_good(pool, link, NULL);
    return status;
}

/* False: the item was destroyed; whoever demanded it keeps the right to make one in its place, and with it his
 * place before those who wait. */
static bool passes_check(demand *d) {
    ln_pool *pool = d->pool;
    if (pool->ops.check == NULL || pool->ops.check(pool->ud, ln_pool_item(pool, d->link)))
        return true;
    ln_pool_bump(pool, d->cache, LN_COUNT_failed_checks);
    destroy_and_keep_right(d);
    return false;
}

/* With a right in hand: an idle item of the key is better still. */
static void exchange_right(demand *d) {
    ln_pool_lock(d->pool);
    if (d->pool->first == NULL && take_own_or_shared(d)) {
        d->right = false;
        ln_pool_drop_total(d->pool, 1);
    }
    ln_pool_unlock(d->pool);
    if (d->right)
        d->source = LN_COUNT_made_on_demand;
}

/* From an item or a right to an item of the right key that may be handed out. */
static lunette_status satisfy(demand *d) {
    lunette_status status = LUNETTE_OK;
    bool made = false;
    while (status == LUNETTE_OK) {
        if (d->link == NULL) {
            status = make(d);
            made = status == LUNETTE_OK && d->source == LN_COUNT_made_on_demand;
        } else if (!made && !passes_check(d)) {
            exchange_right(d);
        } else if (d->link->key != d->key) {
            status = refit(d);
        } else {
            return LUNETTE_OK;
        }
    }
    return status;
}

/* --- Acquire and release ------------------------------------------------------------------------------------ */

static void hand_out(demand *d, void **item) {
    d->link->uses++;
    d->link->idle = 0;
    d->link->trimmed = false;
    ln_pool_bump(d->pool, d->cache, d->source);
    ln_pool_bump(d->pool, d->cache, LN_COUNT_acquires);
    *item = ln_pool_item(d->pool, d->link);
}

static LN_NOINLINE lunette_status acquire_slowly(demand *d, uint64_t wait_ns, void **item) {
    uint64_t until = 0;
    lunette_status status = d->link != NULL ? LUNETTE_OK : find(d, wait_ns, &until);
    if (status == LUNETTE_OK)
        status = satisfy(d);
    if (status == LUNETTE_OK)
        hand_out(d, item);
    return status;
}

lunette_status ln_pool_acquire(ln_pool *pool, void *key, uint64_t wait_ns, void **item) {
    *item = NULL;
    demand d = {.pool = pool, .cache = ln_cache_own(pool), .key = key, .source = LN_COUNT_hits_own};
    if (LN_LIKELY(d.cache != NULL))
        d.link = ln_cache_take(d.cache, key);
    if (LN_UNLIKELY(d.link == NULL || d.link->key != key || pool->ops.check != NULL))
        return acquire_slowly(&d, wait_ns, item);
    hand_out(&d, item);
    return LUNETTE_OK;
}

static bool worn_out(const ln_pool *pool, const ln_pool_link *link) {
    if (pool->config.max_uses != 0 && link->uses >= pool->config.max_uses)
        return true;
    return pool->config.max_age_ns != 0 && ln_os_now() - link->made >= pool->config.max_age_ns;
}

/* One item or two to the queue or the store; or, since the pool was shut, nowhere. */
static LN_NOINLINE void give_back(ln_pool *pool, ln_pool_link *link, ln_pool_link *other) {
    ln_pool_lock(pool);
    bool closed = atomic_load(&pool->closed);
    if (!closed) {
        ln_pool_put_idle(pool, link);
        if (other != NULL)
            ln_pool_put_idle(pool, other);
    }
    ln_pool_unlock(pool);
    if (closed)
        destroy_for_good(pool, link, other);
}

/* A cache full of items of keys that nobody asks for any more must not stay so: one of them makes room. */
static LN_NOINLINE void give_back_for_other(ln_pool *pool, ln_cache *cache, ln_pool_link *link) {
    ln_pool_link *other = NULL;
    if (cache != NULL && atomic_load(&cache->attend) == 0)
        other = ln_cache_take_other(cache, link->key);
    if (other != NULL && ln_cache_put(cache, link))
        give_back(pool, other, NULL);
    else
        give_back(pool, link, other);
}

void ln_pool_release(ln_pool *pool, void *item, bool reusable) {
    ln_pool_link *link = ln_pool_link_of(pool, item);
    ln_cache *cache = ln_cache_own(pool);
    bool worn = reusable && worn_out(pool, link);
    ln_pool_bump(pool, cache, LN_COUNT_releases);
    if (LN_UNLIKELY(!reusable || worn)) {
        ln_pool_bump(pool, cache, worn ? LN_COUNT_worn_out : LN_COUNT_dropped);
        destroy_for_good(pool, link, NULL);
        return;
    }
    ln_pool_look_sometimes(pool, cache);
    if (LN_UNLIKELY(cache == NULL || !ln_cache_put(cache, link)))
        give_back_for_other(pool, cache, link);
}

/* --- Open and close ----------------------------------------------------------------------------------------- */

static uint64_t sooner(uint64_t a, uint64_t b) {
    return b == 0 || (a != 0 && a < b) ? a : b;
}

/* Often enough that nothing stays much longer than it may. */
static uint64_t interval_of(const ln_pool_config *config) {
    enum { LOOKS = 8 };
    uint64_t shortest = sooner(sooner(config->idle_ns, config->trim_ns), config->max_age_ns);
    return shortest == 0 ? 0 : shortest < LOOKS ? 1 : shortest / LOOKS;
}

static ln_pool_config with_defaults(const ln_pool_config *given) {
    ln_pool_config config = given != NULL ? *given : (ln_pool_config){0};
    if (config.max == 0)
        config.max = SIZE_MAX;
    if (config.spare == 0)
        config.spare = LN_POOL_SPARE_DEFAULT;
    if (config.per_thread == 0)
        config.per_thread = LN_POOL_SLOTS_DEFAULT;
    return config;
}

static bool pool_init(ln_pool *pool) {
    if (!ln_store_open(&pool->store))
        return false;
    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        goto no_lock;
    if (!ln_registry_add(pool))
        goto no_registry;
    return true;
no_registry:
    pthread_mutex_destroy(&pool->lock);
no_lock:
    ln_store_close(&pool->store);
    return false;
}

lunette_status ln_pool_open(const ln_pool_config *given, const ln_pool_ops *ops, void *ud, ln_pool **result) {
    *result = NULL;
    ln_pool_config config = with_defaults(given);
    if (ops == NULL || ops->make == NULL || ops->destroy == NULL || config.min > config.max ||
        config.per_thread > LN_POOL_SLOTS_MAX)
        return LUNETTE_INVALID_ARGUMENT;
    ln_pool *pool = aligned_alloc(_Alignof(ln_pool), sizeof *pool);
    if (pool == NULL)
        return LUNETTE_NO_MEMORY;
    memset(pool, 0, sizeof *pool);
    pool->ops = *ops;
    pool->ud = ud;
    pool->config = config;
    pool->interval = interval_of(&config);
    if (!pool_init(pool)) {
        free(pool);
        return LUNETTE_NO_MEMORY;
    }
    *result = pool;
    return LUNETTE_OK;
}

void ln_pool_shut(ln_pool *pool) {
    ln_pool_lock(pool);
    ln_pool_link *list = NULL;
    if (!atomic_exchange(&pool->closed, true)) {
        attend_all(pool, LN_ATTEND_CLOSED, true);
        list = ln_pool_take_out(pool, true, NULL);
        while (pool->first != NULL) {
            pool->first->closed = true;
            serve_first(pool, NULL);
        }
    }
    ln_pool_unlock(pool);
    ln_pool_destroy_list(pool, list);
}

void ln_pool_close(ln_pool **pool) {
    ln_pool *closing = *pool;
    *pool = NULL;
    if (closing == NULL)
        return;
    ln_pool_shut(closing);
    ln_pool_lock(closing);
    closing->given_up = true;
    unlock_and_part(closing);
}

/* --- Statistics --------------------------------------------------------------------------------------------- */

void ln_pool_stats_get(ln_pool *pool, ln_pool_stats *stats) {
    ln_pool_lock(pool);
    ln_pool_stats_sum(pool, stats);
    ln_pool_unlock(pool);
}
