/* The pool: items that are costly to make, kept for the next thread that needs one. It knows neither what an
 * item is (the engine's contexts) nor what its key is (a template); it knows how many there are, who has them
 * and how long they have been idle. This is the contract; how it works is argued in pool.c.
 *
 * An item is in use (handed out, exactly one owner), idle (in a thread's cache or in the shared store) or on
 * its way between the two. What always holds:
 *   - made == destroyed + in use + idle, and never more than `max` of them exist at once;
 *   - an item that is handed out has the key that was asked for, and has passed the check;
 *   - nobody overtakes a thread that waits: who comes later queues behind it;
 *   - the pool's callbacks are called without any lock of the pool, from whichever thread is at hand.
 *
 * Any thread may call any function at any time, until ln_pool_close(); from then on only those who still hold
 * an item may, and ln_pool_release() is all that is left to do for them. In a child process after fork() the
 * pool works on: what was idle is idle, the waiters of other threads are gone, and items that other threads
 * held count as in use for good, because nobody can say what state they are in. The callbacks must not fork
 * and must not call the pool. */
#ifndef LN_POOL_POOL_H
#define LN_POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/status.h"

typedef struct ln_pool ln_pool;
typedef struct ln_pool_link ln_pool_link;

/* What the pool needs in each item, so that it allocates nothing to keep one: a member of the item, at
 * ln_pool_ops.link_offset, zeroed by whoever makes the item. The pool's alone, but for reading `key` and `uses`
 * by the item's owner. */
struct ln_pool_link {
    void *key;                   /* what it was made or adopted for */
    uint64_t uses;               /* times handed out */
    uint64_t made;               /* moment of ln_os_now() */
    uint64_t idle;               /* moment since when it is known to be idle; 0: not looked at yet */
    bool trimmed;                /* since it became idle */
    ln_pool_link *newer, *older; /* in the store, by time; `older` also links the pool's own short lists */
    ln_pool_link *chain;         /* in the store: the next key of the same bucket */
    ln_pool_link *same, *before; /* in the store: items of the same key */
};

/* Several threads may be inside the same callback at once, each with another item. */
typedef struct ln_pool_ops {
    size_t link_offset; /* of the ln_pool_link in an item */
    /* A new item for `key`. OK, or a negative status, which ln_pool_acquire() passes on. */
    lunette_status (*make)(void *ud, void *key, void **item);
    /* An idle item of another key becomes one of `key`, which is much cheaper than making one. When it fails,
     * the item is destroyed, and ln_pool_acquire() passes the status on. An item keeps its present key alive:
     * the pool compares the addresses of keys, so that of one which some item still has must not be reused.
     * NULL: cannot be done; an idle item of another key is destroyed to make room. */
    lunette_status (*adopt)(void *ud, void *item, void *key);
    /* As the item is handed out (not for those just made). False: it is destroyed, another is taken. NULL: no
     * check. */
    bool (*check)(void *ud, void *item);
    /* It has been idle for trim_ns: give memory back. Once for each time it falls idle. NULL: nothing to do. */
    void (*trim)(void *ud, void *item);
    void (*destroy)(void *ud, void *item);
    /* After ln_pool_close(), the last item is destroyed and the last waiter gone: `ud` is not used any more.
     * Called once, as the last thing, from ln_pool_close(), ln_pool_release() or ln_pool_acquire(). NULL:
     * nobody wants to know. */
    void (*gone)(void *ud);
} ln_pool_ops;

/* All zero is a pool that only grows. */
typedef struct ln_pool_config {
    size_t min;   /* ln_pool_maintain() leaves this many items; 0: none need stay */
    size_t max;   /* items that may exist; 0: no bound */
    size_t spare; /* with this many idle in the shared store, one of another key is adopted before a new one
                          * is made; 0: 16. (At the maximum one is adopted anyway.) */
    uint64_t idle_ns;    /* items idle for longer are destroyed; 0: never */
    uint64_t trim_ns;    /* items idle for longer are trimmed; 0: never */
    uint64_t max_age_ns; /* items older are destroyed when they come back or are found idle; 0: never */
    uint64_t max_uses;   /* items are destroyed when they come back from so many uses; 0: never */
    size_t per_thread;   /* items a thread keeps to itself, at most 64; 0: 4 */
} ln_pool_config;

/* clang-format off */
#define LN_POOL_STATS_MAP(X) \
    X(made,          "items ever made") \
    X(destroyed,     "items destroyed") \
    X(in_use,        "items handed out") \
    X(idle,          "items waiting to be used") \
    X(waiting,       "threads waiting for one") \
    X(acquires,      "items handed out since the start") \
    X(releases,      "items given back") \
    X(hits_own,      "found in the thread's own cache") \
    X(hits_shared,   "found in the shared store") \
    X(stolen,        "taken from another thread's cache") \
    X(handed_over,   "given from one thread to the next in the queue") \
    X(made_on_demand,"made because none was there") \
    X(adopted,       "taken from another key") \
    X(waits,         "acquires that had to wait") \
    X(timeouts,      "waits that ended without an item") \
    X(refusals,      "acquires at the maximum that did not want to wait") \
    X(failures,      "makes and adoptions that failed") \
    X(failed_checks, "items destroyed by the check") \
    X(worn_out,      "items destroyed for their age or number of uses") \
    X(dropped,       "items given back as not reusable") \
    X(idled_out,     "items destroyed for having been idle") \
    X(trimmed,       "items trimmed")
/* clang-format on */

/* acquires == hits_own + hits_shared + stolen + handed_over + made_on_demand, and in_use == acquires - releases.
 * Exact while no call is under way; else each number is right for some moment of the call. */
typedef struct ln_pool_stats {
#define LN_POOL_STATS_FIELD(name, text) uint64_t name;
    LN_POOL_STATS_MAP(LN_POOL_STATS_FIELD)
#undef LN_POOL_STATS_FIELD
} ln_pool_stats;

/* Copies what it is given. INVALID_ARGUMENT: no make or destroy, min above max, too large a per_thread;
 * NO_MEMORY. Makes no item. The caller owns the pool. */
lunette_status ln_pool_open(const ln_pool_config *config, const ln_pool_ops *ops, void *ud, ln_pool **pool);

/* Destroys what is idle, sends those who wait away with CLOSED, and refuses whoever comes later with CLOSED.
 * Items in use are not touched: each is destroyed as it is given back. Twice does nothing. */
void ln_pool_shut(ln_pool *pool);

/* Shuts the pool and gives it up: its memory goes now, or with the last item that is still in use. Nulls the
 * pointer. NULL is allowed. A host whose threads may be about to acquire shuts first, waits for them, then
 * closes. */
void ln_pool_close(ln_pool **pool);

/* Hands out an item of `key`, which the caller owns until ln_pool_release(). At the maximum: waits for up to
 * `wait_ns` (0: not at all, UINT64_MAX: for ever), first come, first served.
 * EXHAUSTED: none came back in time; CLOSED; else what make or adopt said. *item is NULL then. */
lunette_status ln_pool_acquire(ln_pool *pool, void *key, uint64_t wait_ns, void **item);

/* Gives an item back, from any thread, exactly once. Not reusable: it is destroyed. */
void ln_pool_release(ln_pool *pool, void *item, bool reusable);

/* Makes `count` idle items of `key` ahead of time. EXHAUSTED: the maximum is reached; CLOSED; what make said.
 * Those made until then stay. */
lunette_status ln_pool_warm(ln_pool *pool, void *key, size_t count);

/* Destroys the idle items of `key`, one that will not be asked for again. Those in use come back as always. */
void ln_pool_forget(ln_pool *pool, void *key);

/* Trims and destroys what is due. ln_pool_release() does it every now and then, so only a host that falls quiet
 * has to call this, say every idle_ns / 2. */
void ln_pool_maintain(ln_pool *pool);

void ln_pool_stats_get(ln_pool *pool, ln_pool_stats *stats);

#endif
