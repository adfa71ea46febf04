/* What the files of the pool share: the pool itself, the threads' caches, the queue of those who wait. Nothing
 * outside src/pool includes this. */
#ifndef LN_POOL_INTERNAL_H
#define LN_POOL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/compiler.h"
#include "base/os_guard.h"
#include "pool/pool.h"
#include "pool/store.h"

/* The unit in which processors keep memory apart. */
#define LN_POOL_LINE 64

enum {
    LN_POOL_SLOTS_DEFAULT = 4,
    LN_POOL_SLOTS_MAX = 64,
    LN_POOL_SPARE_DEFAULT = 16,
    LN_POOL_BATCH = 32, /* items that one look of ln_pool_maintain() takes out at once */
};

typedef enum ln_count {
#define LN_POOL_COUNT_ENUM(name, text) LN_COUNT_##name,
    LN_POOL_STATS_MAP(LN_POOL_COUNT_ENUM)
#undef LN_POOL_COUNT_ENUM
        LN_COUNTS
} ln_count;

/* --- A thread's cache --------------------------------------------------------------------------------------- */

/* Why a thread may not put an item into its cache. */
enum { LN_ATTEND_QUEUE = 1, LN_ATTEND_CLOSED = 2 };

typedef struct ln_pool_slot {
    _Atomic(ln_pool_link *) link;
    _Atomic(void *) key; /* of what was last put there: a hint, which spares looking at items of other keys */
} ln_pool_slot;

/* Belongs to one thread, or waits for the next; listed by its pool for good. */
typedef struct ln_cache ln_cache;
struct ln_cache {
    _Alignas(LN_POOL_LINE) _Atomic(ln_pool *) pool; /* NULL: it is gone */
    _Atomic(uint32_t) attend;                       /* LN_ATTEND_*; written under the pool's lock */
    uint32_t slots_count;
    uint32_t until_look;                 /* releases until the owner looks whether something is due */
    _Atomic(const void *) owner;         /* NULL: none; written under the registry's lock */
    ln_cache *next;                      /* in the pool's list; fixed once listed */
    ln_cache *next_of_thread;            /* the owner's alone */
    _Atomic(uint64_t) counts[LN_COUNTS]; /* the owner's to write */
    _Alignas(LN_POOL_LINE) ln_pool_slot slots[];
};

/* The cache this thread used last. */
extern LN_THREAD_LOCAL ln_cache *ln_cache_latest;

ln_cache *ln_cache_find(ln_pool *pool);

/* This thread's cache; NULL: there is no memory for one. Valid until the thread ends, also when the pool goes. */
LN_INLINE ln_cache *ln_cache_own(ln_pool *pool) {
    ln_cache *cache = ln_cache_latest;
    if (LN_LIKELY(cache != NULL && atomic_load_explicit(&cache->pool, memory_order_relaxed) == pool))
        return cache;
    return ln_cache_find(pool);
}

/* An item of `key`, or NULL. The owner only. */
ln_pool_link *ln_cache_take(ln_cache *cache, const void *key);

/* An item of any key but `key`, or NULL. The owner only. */
ln_pool_link *ln_cache_take_other(ln_cache *cache, const void *key);

/* False: there is no room, or the item is wanted elsewhere. The owner only, and nothing of the pool is touched
 * after the item can be seen by others: the pool may be gone with it. */
bool ln_cache_put(ln_cache *cache, ln_pool_link *link);

/* How many items it seems to hold. Any thread. */
size_t ln_cache_count(const ln_cache *cache);

/* Pools that are open, for forks and for threads that end. */
bool ln_registry_add(ln_pool *pool);

/* Takes it out, and its caches with it; from here on nobody but the caller knows the pool. */
void ln_registry_remove(ln_pool *pool);

/* --- The pool ----------------------------------------------------------------------------------------------- */

typedef struct ln_waiter ln_waiter;
struct ln_waiter {
    ln_waiter *next, *previous;
    ln_pool_link *link; /* what it got; NULL: the right to make one */
    bool queued, closed;
    _Atomic(uint32_t) served; /* the last that is written: then it may be gone */
};

/* The first part is fixed once open and read by all; the second changes under the lock. */
struct ln_pool {
    _Alignas(LN_POOL_LINE) ln_pool_ops ops;
    void *ud;
    ln_pool_config config; /* with its defaults filled in; max is SIZE_MAX where there is none */
    uint64_t interval;     /* between two looks at what is due; 0: nothing ever is */
    _Atomic(bool) closed;
    _Alignas(LN_POOL_LINE) pthread_mutex_t lock;
    ln_store store;
    ln_cache *caches;
    ln_waiter *first, *last; /* the queue */
    ln_waiter *granted;      /* to be woken at unlock, linked by `next` */
    size_t waiting;
    size_t pins;             /* threads that have yet to come back from the queue */
    size_t total;            /* items that exist or may be made: never above max */
    size_t leaving, resting; /* idle items on their way to be destroyed, trimmed */
    uint64_t made, destroyed;
    uint64_t strays; /* in use or on their way when the process forked, in threads that are no more */
    bool given_up, freed;
    ln_pool *next_open, *previous_open; /* under the registry's lock */
    _Alignas(LN_POOL_LINE) _Atomic(uint64_t) next_look;
    _Atomic(uint64_t) counts[LN_COUNTS]; /* of threads without a cache */
};

LN_INLINE void *ln_pool_item(const ln_pool *pool, ln_pool_link *link) {
    return (char *)link - pool->ops.link_offset;
}

LN_INLINE ln_pool_link *ln_pool_link_of(const ln_pool *pool, void *item) {
    return (ln_pool_link *)(void *)((char *)item + pool->ops.link_offset);
}

LN_INLINE void ln_cache_bump(ln_cache *cache, ln_count what) {
    uint64_t count = atomic_load_explicit(&cache->counts[what], memory_order_relaxed);
    atomic_store_explicit(&cache->counts[what], count + 1, memory_order_relaxed);
}

LN_INLINE void ln_pool_bump(ln_pool *pool, ln_cache *cache, ln_count what) {
    if (LN_LIKELY(cache != NULL))
        ln_cache_bump(cache, what);
    else
        atomic_fetch_add_explicit(&pool->counts[what], 1, memory_order_relaxed);
}

void ln_pool_lock(ln_pool *pool);

/* Wakes whom the holder of the lock has served. */
void ln_pool_unlock(ln_pool *pool);

/* Under the lock, of a pool that is not closed: an item falls idle. The first in the queue gets it. */
void ln_pool_put_idle(ln_pool *pool, ln_pool_link *link);

/* Under the lock: `count` items (or rights to make one) are no more. Who waits may make others. */
void ln_pool_drop_total(ln_pool *pool, size_t count);

/* Puts a new item's link in order. */
void ln_pool_link_init(const ln_pool *pool, ln_pool_link *link, void *key);

/* Under the lock: takes what is idle and has `key` (`any`: whatever it has) out of the slots and the store, as
 * a list by `older`; counts them as leaving. */
ln_pool_link *ln_pool_take_out(ln_pool *pool, bool any, const void *key);

/* Without the lock: destroys such a list. The caller still holds an item, or the pool itself. */
void ln_pool_destroy_list(ln_pool *pool, ln_pool_link *list);

/* What ln_pool_release() does every now and then: one look, unless another thread had one just now. */
void ln_pool_look_sometimes(ln_pool *pool, ln_cache *cache);

/* The sums of ln_pool_stats_get(), under the lock. */
void ln_pool_stats_sum(ln_pool *pool, ln_pool_stats *stats);

/* Under the lock of a child just forked: other threads' caches, waiters and makings are gone. */
void ln_pool_forked(ln_pool *pool);

#endif
