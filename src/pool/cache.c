/* What each thread keeps to itself, and who knows which threads and pools there are.
 *
 * A cache is a row of atomic slots. The owner fills a slot by compare-exchange and empties it by exchange, so
 * anybody who holds the pool's lock may take an item out of it as well, or put back what he took: an item is
 * always in exactly one hand. What is not atomic is the owner's alone.
 *
 * The lock and the slots do not know of each other, so two things are settled as Dekker did: whoever needs every
 * item (a thread about to wait, a pool about to close) first says so in `attend` of each cache, then looks
 * through the slots; the owner first fills a slot, then reads `attend`. One of the two sees the other. The flag
 * is in the cache, not in the pool, because once the item is in the slot others may take it, close the pool
 * and free it; a cache with an owner is not freed with its pool but by the owner, later.
 *
 * A cache lives as long as its pool, whichever thread owns it: that of a thread that ended is emptied into the
 * shared store and waits for the next thread. Lock order: registry, then pool. */
#include <stdlib.h>
#include <string.h>

#include "pool/internal.h"

LN_THREAD_LOCAL ln_cache *ln_cache_latest;
/* All caches of this thread, by next_of_thread. Its address tells threads apart. */
static LN_THREAD_LOCAL ln_cache *mine;

/* Guards the list of open pools, and who owns which cache. */
static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static ln_pool *open_pools;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t end_of_thread;
static bool ends_watched, forks_watched;

/* --- Slots -------------------------------------------------------------------------------------------------- */

static ln_pool_link *slot_take(ln_pool_slot *slot) {
    if (atomic_load_explicit(&slot->link, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange(&slot->link, NULL);
}

static bool slot_put(ln_pool_slot *slot, ln_pool_link *link) {
    ln_pool_link *empty = NULL;
    return atomic_load_explicit(&slot->link, memory_order_relaxed) == NULL &&
           atomic_compare_exchange_strong(&slot->link, &empty, link);
}

ln_pool_link *ln_cache_take(ln_cache *cache, const void *key) {
    for (uint32_t i = 0; i < cache->slots_count; i++) {
        ln_pool_slot *slot = &cache->slots[i];
        if (atomic_load_explicit(&slot->key, memory_order_relaxed) != key)
            continue;
        ln_pool_link *link = slot_take(slot);
        if (LN_LIKELY(link != NULL))
            return link;
    }
    return NULL;
}

ln_pool_link *ln_cache_take_other(ln_cache *cache, const void *key) {
    for (uint32_t i = 0; i < cache->slots_count; i++) {
        ln_pool_slot *slot = &cache->slots[i];
        if (atomic_load_explicit(&slot->key, memory_order_relaxed) == key)
            continue;
        ln_pool_link *link = slot_take(slot);
        if (link != NULL)
            return link;
    }
    return NULL;
}

bool ln_cache_put(ln_cache *cache, ln_pool_link *link) {
    void *key = link->key; /* once it is in the slot, it may be another's */
    if (LN_UNLIKELY(atomic_load(&cache->attend) != 0))
        return false;
    for (uint32_t i = 0; i < cache->slots_count; i++) {
        ln_pool_slot *slot = &cache->slots[i];
        if (!slot_put(slot, link))
            continue;
        atomic_store_explicit(&slot->key, key, memory_order_relaxed);
        /* Not wanted elsewhere; or taken already; else it comes back. */
        return LN_LIKELY(atomic_load(&cache->attend) == 0) ||
               !atomic_compare_exchange_strong(&slot->link, &link, NULL);
    }
    return false;
}

size_t ln_cache_count(const ln_cache *cache) {
    size_t count = 0;
    for (uint32_t i = 0; i < cache->slots_count; i++)
        count += atomic_load_explicit(&cache->slots[i].link, memory_order_relaxed) != NULL;
    return count;
}

/* --- Owners ------------------------------------------------------------------------------------------------- */

/* Under the registry's lock: the cache's items go back, the cache waits for another thread. */
static void cache_vacate(ln_cache *cache) {
    ln_pool *pool = atomic_load(&cache->pool);
    ln_pool_lock(pool);
    for (uint32_t i = 0; i < cache->slots_count; i++) {
        ln_pool_link *link = slot_take(&cache->slots[i]);
        if (link != NULL)
            ln_pool_put_idle(pool, link);
    }
    atomic_store(&cache->owner, NULL);
    ln_pool_unlock(pool);
}

static void thread_ends(void *ud) {
    (void)ud;
    pthread_mutex_lock(&registry);
    for (ln_cache *cache = mine, *next; cache != NULL; cache = next) {
        next = cache->next_of_thread;
        if (atomic_load(&cache->pool) != NULL)
            cache_vacate(cache);
        else
            free(cache);
    }
    mine = ln_cache_latest = NULL;
    pthread_mutex_unlock(&registry);
}

/* Under the registry's lock: caches whose pools are gone. */
static void free_orphans(void) {
    for (ln_cache **at = &mine; *at != NULL;) {
        ln_cache *cache = *at;
        if (atomic_load(&cache->pool) != NULL) {
            at = &cache->next_of_thread;
        } else {
            *at = cache->next_of_thread;
            free(cache);
        }
    }
    ln_cache_latest = NULL;
}

static ln_cache *cache_make(ln_pool *pool) {
    size_t size = sizeof(ln_cache) + pool->config.per_thread * sizeof(ln_pool_slot);
    size = (size + LN_POOL_LINE - 1) & ~(size_t)(LN_POOL_LINE - 1);
    ln_cache *cache = aligned_alloc(LN_POOL_LINE, size);
    if (cache == NULL)
        return NULL;
    memset(cache, 0, size);
    cache->slots_count = (uint32_t)pool->config.per_thread;
    cache->until_look = 1;
    atomic_init(&cache->pool, pool);
    return cache;
}

static ln_cache *cache_reuse(ln_pool *pool) {
    ln_pool_lock(pool);
    ln_cache *cache = pool->caches;
    while (cache != NULL && atomic_load(&cache->owner) != NULL)
        cache = cache->next;
    ln_pool_unlock(pool);
    return cache;
}

static void cache_list(ln_pool *pool, ln_cache *cache) {
    ln_pool_lock(pool);
    uint32_t attend =
        (pool->first != NULL ? LN_ATTEND_QUEUE : 0U) | (atomic_load(&pool->closed) ? LN_ATTEND_CLOSED : 0U);
    atomic_store(&cache->attend, attend);
    cache->next = pool->caches;
    pool->caches = cache;
    ln_pool_unlock(pool);
}

static ln_cache *cache_claim(ln_pool *pool) {
    if (!ends_watched || pthread_setspecific(end_of_thread, &mine) != 0)
        return NULL;
    ln_cache *cache = cache_reuse(pool);
    if (cache == NULL) {
        cache = cache_make(pool);
        if (cache == NULL)
            return NULL;
        cache_list(pool, cache);
    }
    atomic_store(&cache->owner, &mine);
    cache->next_of_thread = mine;
    mine = cache;
    return cache;
}

LN_NOINLINE ln_cache *ln_cache_find(ln_pool *pool) {
    ln_cache *cache = mine;
    while (cache != NULL && atomic_load_explicit(&cache->pool, memory_order_relaxed) != pool)
        cache = cache->next_of_thread;
    if (cache == NULL) {
        pthread_mutex_lock(&registry);
        free_orphans();
        cache = cache_claim(pool);
        pthread_mutex_unlock(&registry);
    }
    if (cache != NULL)
        ln_cache_latest = cache;
    return cache;
}

/* --- Forks -------------------------------------------------------------------------------------------------- */

/* All locks are held across a fork, so that the child finds everything whole. */
static void before_fork(void) {
    pthread_mutex_lock(&registry);
    for (ln_pool *pool = open_pools; pool != NULL; pool = pool->next_open)
        ln_pool_lock(pool);
}

static void after_fork_in_parent(void) {
    for (ln_pool *pool = open_pools; pool != NULL; pool = pool->next_open)
        pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&registry);
}

/* The child has this thread only. What lies in the slots of the others goes to the store. */
static void after_fork_in_child(void) {
    for (ln_pool *pool = open_pools; pool != NULL; pool = pool->next_open) {
        ln_pool_forked(pool);
        pthread_mutex_unlock(&pool->lock);
        for (ln_cache *cache = pool->caches; cache != NULL; cache = cache->next) {
            const void *owner = atomic_load(&cache->owner);
            if (owner != NULL && owner != &mine)
                cache_vacate(cache);
        }
    }
    pthread_mutex_unlock(&registry);
}

/* --- Registry ----------------------------------------------------------------------------------------------- */

static void registry_start(void) {
    ends_watched = pthread_key_create(&end_of_thread, thread_ends) == 0;
    forks_watched = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}

bool ln_registry_add(ln_pool *pool) {
    pthread_once(&once, registry_start);
    if (!forks_watched)
        return false;
    pthread_mutex_lock(&registry);
    pool->next_open = open_pools;
    if (open_pools != NULL)
        open_pools->previous_open = pool;
    open_pools = pool;
    pthread_mutex_unlock(&registry);
    return true;
}

static void caches_part(ln_pool *pool) {
    for (ln_cache *cache = pool->caches, *next; cache != NULL; cache = next) {
        next = cache->next;
        if (atomic_load(&cache->owner) == NULL)
            free(cache);
        else
            atomic_store(&cache->pool, NULL); /* from here on it may be freed by its owner */
    }
    pool->caches = NULL;
}

void ln_registry_remove(ln_pool *pool) {
    pthread_mutex_lock(&registry);
    if (pool->previous_open != NULL)
        pool->previous_open->next_open = pool->next_open;
    else
        open_pools = pool->next_open;
    if (pool->next_open != NULL)
        pool->next_open->previous_open = pool->previous_open;
    caches_part(pool);
    pthread_mutex_unlock(&registry);
}
