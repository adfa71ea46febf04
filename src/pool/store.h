/* The shared store: idle items, found by key or by how long they have been idle. No locks, no allocation but for
 * its table of buckets: whoever calls holds the pool's lock.
 *
 * Each item is on one of two lines, ordered by when it was put there: those not trimmed yet, and those that are.
 * So whatever is due next is at the end of a line, however many wait. And each item is in the stack of its key,
 * the latest on top, because the latest is what the processor's caches still hold. The top of each stack is what
 * its bucket's chain links, so a bucket is as long as it has keys, not items. */
#ifndef LN_POOL_STORE_H
#define LN_POOL_STORE_H

#include "pool/pool.h"

typedef struct ln_line {
    ln_pool_link *newest, *oldest;
} ln_line;

typedef struct ln_store {
    ln_pool_link **buckets;
    size_t mask; /* number of buckets - 1 */
    size_t keys; /* stacks */
    size_t count;
    ln_line fresh, trimmed;
} ln_store;

/* False: no memory. */
bool ln_store_open(ln_store *store);

/* It must be empty. */
void ln_store_close(ln_store *store);

/* On the line that link->trimmed names. Never fails: without memory for more buckets they grow longer. */
void ln_store_put(ln_store *store, ln_pool_link *link);

/* One that is there. */
void ln_store_remove(ln_store *store, ln_pool_link *link);

/* The latest of `key`, or NULL. */
ln_pool_link *ln_store_take(ln_store *store, const void *key);

/* The one that has been idle for longest, or NULL. */
ln_pool_link *ln_store_take_oldest(ln_store *store);

#endif
