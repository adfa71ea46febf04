/* What happens to items that nobody uses, and what is known about all of them.
 *
 * Idle time needs no clock on the usual way: a look marks the idle items it meets for the first time with the
 * moment, a later one compares. So nothing is destroyed too early, and at most one interval too late. Items
 * in threads' slots are taken out to be looked at and put back, which their owners can meet as an empty slot for
 * an instant; they then come for the lock, and look at their own slots again when they have it.
 *
 * A look takes few items at a time out, so that the lock is held for microseconds also with 10,000 idle ones,
 * and treats them without the lock. */
#include "base/os.h"
#include "pool/internal.h"

enum { RELEASES_BETWEEN_LOOKS = 64 };

typedef struct ln_look {
    ln_pool *pool;
    uint64_t now;
    ln_pool_link *doomed, *tired; /* by `older` */
    size_t doomed_count, count;
} ln_look;

typedef enum verdict { KEEP, TRIM, DESTROY } verdict;

static void push(ln_pool_link **list, ln_pool_link *link) {
    link->older = *list;
    *list = link;
}

static bool passed(uint64_t now, uint64_t since, uint64_t span) {
    return span != 0 && now >= since && now - since >= span;
}

static verdict judge(const ln_look *look, const ln_pool_link *link) {
    const ln_pool *pool = look->pool;
    const ln_pool_config *config = &pool->config;
    if (pool->total - pool->leaving > config->min &&
        (passed(look->now, link->idle, config->idle_ns) || passed(look->now, link->made, config->max_age_ns)))
        return DESTROY;
    if (pool->ops.trim != NULL && !link->trimmed && passed(look->now, link->idle, config->trim_ns))
        return TRIM;
    return KEEP;
}

/* The item, which is on nobody's list, goes where the verdict says. */
static void take_aside(ln_look *look, ln_pool_link *link, verdict said) {
    look->count++;
    if (said == DESTROY) {
        push(&look->doomed, link);
        look->doomed_count++;
        look->pool->leaving++;
    } else {
        push(&look->tired, link);
        look->pool->resting++;
    }
}

static void put_back(ln_pool *pool, ln_pool_slot *slot, ln_pool_link *link) {
    ln_pool_link *empty = NULL;
    if (!atomic_compare_exchange_strong(&slot->link, &empty, link))
        ln_pool_put_idle(pool, link);
}

static void look_at_slot(ln_look *look, ln_pool_slot *slot) {
    ln_pool_link *link = NULL;
    if (atomic_load_explicit(&slot->link, memory_order_relaxed) != NULL)
        link = atomic_exchange(&slot->link, NULL);
    if (link == NULL)
        return;
    if (link->idle == 0)
        link->idle = look->now;
    verdict said = judge(look, link);
    if (said == KEEP)
        put_back(look->pool, slot, link);
    else
        take_aside(look, link, said);
}

static void look_at_line(ln_look *look, const ln_line *line) {
    while (line->oldest != NULL && look->count < LN_POOL_BATCH) {
        ln_pool_link *link = line->oldest;
        verdict said = judge(look, link);
        if (said == KEEP)
            return;
        ln_store_remove(&look->pool->store, link);
        take_aside(look, link, said);
    }
}

static void look_at_all(ln_look *look) {
    for (ln_cache *cache = look->pool->caches; cache != NULL; cache = cache->next) {
        for (uint32_t i = 0; i < cache->slots_count && look->count < LN_POOL_BATCH; i++)
            look_at_slot(look, &cache->slots[i]);
    }
    look_at_line(look, &look->pool->store.trimmed);
    look_at_line(look, &look->pool->store.fresh);
}

/* One by one: each is back in reach as soon as it is done. */
static void trim_list(ln_pool *pool, ln_pool_link *list, ln_cache *cache) {
    for (ln_pool_link *link = list, *next; link != NULL; link = next) {
        next = link->older;
        pool->ops.trim(pool->ud, ln_pool_item(pool, link));
        link->trimmed = true;
        ln_pool_bump(pool, cache, LN_COUNT_trimmed);
        ln_pool_lock(pool);
        pool->resting--;
        bool closed = atomic_load(&pool->closed);
        if (closed)
            pool->leaving++;
        else
            ln_pool_put_idle(pool, link);
        ln_pool_unlock(pool);
        if (closed) {
            link->older = NULL;
            ln_pool_destroy_list(pool, link);
        }
    }
}

/* True: there may be more to do. The caller holds an item or the pool itself. */
static bool look_once(ln_pool *pool, ln_cache *cache, uint64_t now) {
    ln_look look = {.pool = pool, .now = now};
    ln_pool_lock(pool);
    if (!atomic_load(&pool->closed))
        look_at_all(&look);
    ln_pool_unlock(pool);
    for (size_t i = 0; i < look.doomed_count; i++)
        ln_pool_bump(pool, cache, LN_COUNT_idled_out);
    trim_list(pool, look.tired, cache);
    ln_pool_destroy_list(pool, look.doomed);
    return look.count >= LN_POOL_BATCH;
}

void ln_pool_look_sometimes(ln_pool *pool, ln_cache *cache) {
    if (pool->interval == 0 || (cache != NULL && --cache->until_look != 0))
        return;
    if (cache != NULL)
        cache->until_look = RELEASES_BETWEEN_LOOKS;
    uint64_t now = ln_os_now();
    uint64_t due = atomic_load_explicit(&pool->next_look, memory_order_relaxed);
    if (now >= due && atomic_compare_exchange_strong(&pool->next_look, &due, now + pool->interval))
        look_once(pool, cache, now);
}

void ln_pool_maintain(ln_pool *pool) {
    ln_cache *cache = ln_cache_own(pool);
    uint64_t now = ln_os_now();
    while (pool->interval != 0 && look_once(pool, cache, now))
        ;
}

/* --- Taking out --------------------------------------------------------------------------------------------- */

ln_pool_link *ln_pool_take_out(ln_pool *pool, bool any, const void *key) {
    ln_pool_link *list = NULL, *link;
    for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next) {
        for (uint32_t i = 0; i < cache->slots_count; i++) {
            link = atomic_exchange(&cache->slots[i].link, NULL);
            if (link != NULL && (any || link->key == key)) {
                push(&list, link);
                pool->leaving++;
            } else if (link != NULL) {
                put_back(pool, &cache->slots[i], link);
            }
        }
    }
    while ((link = any ? ln_store_take_oldest(&pool->store) : ln_store_take(&pool->store, key)) != NULL) {
        push(&list, link);
        pool->leaving++;
    }
    return list;
}

/* Counts them at once, so that the last of them ends the pool only when all are done. */
void ln_pool_destroy_list(ln_pool *pool, ln_pool_link *list) {
    size_t count = 0;
    for (ln_pool_link *link = list, *next; link != NULL; link = next) {
        next = link->older;
        pool->ops.destroy(pool->ud, ln_pool_item(pool, link));
        count++;
    }
    if (count == 0)
        return;
    ln_pool_lock(pool);
    pool->leaving -= count;
    pool->destroyed += count;
    ln_pool_drop_total(pool, count);
    ln_pool_unlock(pool);
}

void ln_pool_forget(ln_pool *pool, void *key) {
    ln_pool_lock(pool);
    ln_pool_link *list = ln_pool_take_out(pool, false, key);
    ln_pool_unlock(pool);
    ln_pool_destroy_list(pool, list);
}

/* --- Making ahead ------------------------------------------------------------------------------------------- */

static lunette_status reserve_one(ln_pool *pool) {
    ln_pool_lock(pool);
    bool closed = atomic_load(&pool->closed);
    bool full = pool->total >= pool->config.max;
    if (!closed && !full)
        pool->total++;
    ln_pool_unlock(pool);
    return closed ? LUNETTE_CLOSED : full ? LUNETTE_EXHAUSTED : LUNETTE_OK;
}

static lunette_status make_idle(ln_pool *pool, void *key) {
    void *item = NULL;
    lunette_status status = pool->ops.make(pool->ud, key, &item);
    ln_pool_link *doomed = NULL;
    if (status == LUNETTE_OK)
        ln_pool_link_init(pool, ln_pool_link_of(pool, item), key);
    ln_pool_lock(pool);
    if (status != LUNETTE_OK) {
        ln_pool_drop_total(pool, 1);
    } else {
        pool->made++;
        if (atomic_load(&pool->closed)) {
            doomed = ln_pool_link_of(pool, item);
            pool->leaving++;
            status = LUNETTE_CLOSED;
        } else {
            ln_pool_put_idle(pool, ln_pool_link_of(pool, item));
        }
    }
    ln_pool_unlock(pool);
    ln_pool_destroy_list(pool, doomed);
    return status;
}

lunette_status ln_pool_warm(ln_pool *pool, void *key, size_t count) {
    lunette_status status = LUNETTE_OK;
    for (size_t i = 0; i < count && status == LUNETTE_OK; i++) {
        status = reserve_one(pool);
        if (status == LUNETTE_OK)
            status = make_idle(pool, key);
    }
    return status;
}

/* --- Statistics --------------------------------------------------------------------------------------------- */

static uint64_t count_idle(const ln_pool *pool) {
    size_t idle = pool->store.count + pool->leaving + pool->resting;
    for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next)
        idle += ln_cache_count(cache);
    return idle;
}

static uint64_t count_sum(ln_pool *pool, ln_count what) {
    uint64_t sum = atomic_load_explicit(&pool->counts[what], memory_order_relaxed);
    for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next)
        sum += atomic_load_explicit(&cache->counts[what], memory_order_relaxed);
    return sum;
}

void ln_pool_stats_sum(ln_pool *pool, ln_pool_stats *stats) {
#define SUM(name, text) stats->name = count_sum(pool, LN_COUNT_##name);
    LN_POOL_STATS_MAP(SUM)
#undef SUM
    stats->made = pool->made;
    stats->destroyed = pool->destroyed;
    stats->idle = count_idle(pool);
    stats->waiting = pool->waiting;
    stats->in_use = stats->acquires - stats->releases + pool->strays;
}

void ln_pool_forked(ln_pool *pool) {
    pool->first = pool->last = pool->granted = NULL;
    pool->waiting = pool->pins = pool->leaving = pool->resting = 0;
    pool->total = (size_t)(pool->made - pool->destroyed);
    for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next)
        atomic_fetch_and(&cache->attend, ~(uint32_t)LN_ATTEND_QUEUE);
    ln_pool_stats stats;
    ln_pool_stats_sum(pool, &stats);
    pool->strays += stats.made - stats.destroyed - stats.in_use - stats.idle;
}
