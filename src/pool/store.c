#include "pool/store.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 16 };

bool ln_store_open(ln_store *store) {
    *store = (ln_store){.buckets = calloc(FIRST_BUCKETS, sizeof *store->buckets), .mask = FIRST_BUCKETS - 1};
    return store->buckets != NULL;
}

void ln_store_close(ln_store *store) {
    free(store->buckets);
    *store = (ln_store){0};
}

/* --- Lines -------------------------------------------------------------------------------------------------- */

static ln_line *line_of(ln_store *store, const ln_pool_link *link) {
    return link->trimmed ? &store->trimmed : &store->fresh;
}

static void line_put(ln_line *line, ln_pool_link *link) {
    link->newer = NULL;
    link->older = line->newest;
    if (line->newest != NULL)
        line->newest->newer = link;
    else
        line->oldest = link;
    line->newest = link;
}

static void line_remove(ln_line *line, ln_pool_link *link) {
    if (link->newer != NULL)
        link->newer->older = link->older;
    else
        line->newest = link->older;
    if (link->older != NULL)
        link->older->newer = link->newer;
    else
        line->oldest = link->newer;
    link->newer = link->older = NULL;
}

/* --- Stacks by key ------------------------------------------------------------------------------------------ */

/* Fibonacci hashing (Knuth, volume 3, 6.4): keys are addresses, whose low bits say nothing. */
static size_t bucket_of(const void *key, size_t mask) {
    uint64_t hash = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 32) & mask;
}

/* Where the top of the key's stack is linked, or where it would be. */
static ln_pool_link **find(ln_store *store, const void *key) {
    ln_pool_link **at = &store->buckets[bucket_of(key, store->mask)];
    while (*at != NULL && (*at)->key != key)
        at = &(*at)->chain;
    return at;
}

static void grow(ln_store *store) {
    size_t mask = store->mask * 2 + 1;
    ln_pool_link **buckets = calloc(mask + 1, sizeof(ln_pool_link *));
    if (buckets == NULL)
        return;
    for (size_t i = 0; i <= store->mask; i++) {
        for (ln_pool_link *top = store->buckets[i], *next; top != NULL; top = next) {
            ln_pool_link **to = &buckets[bucket_of(top->key, mask)];
            next = top->chain;
            top->chain = *to;
            *to = top;
        }
    }
    free(store->buckets);
    store->buckets = buckets;
    store->mask = mask;
}

static void stack_put(ln_store *store, ln_pool_link *link) {
    ln_pool_link **at = find(store, link->key);
    ln_pool_link *top = *at;
    link->before = NULL;
    link->same = top;
    link->chain = top != NULL ? top->chain : NULL;
    *at = link;
    if (top != NULL)
        top->before = link;
    else if (++store->keys > store->mask)
        grow(store);
}

static void stack_remove(ln_store *store, ln_pool_link *link) {
    if (link->same != NULL)
        link->same->before = link->before;
    if (link->before != NULL) {
        link->before->same = link->same;
    } else {
        ln_pool_link **at = find(store, link->key);
        if (link->same != NULL) {
            link->same->chain = link->chain;
            *at = link->same;
        } else {
            *at = link->chain;
            store->keys--;
        }
    }
    link->chain = link->same = link->before = NULL;
}

/* --- Both --------------------------------------------------------------------------------------------------- */

void ln_store_put(ln_store *store, ln_pool_link *link) {
    line_put(line_of(store, link), link);
    stack_put(store, link);
    store->count++;
}

void ln_store_remove(ln_store *store, ln_pool_link *link) {
    line_remove(line_of(store, link), link);
    stack_remove(store, link);
    store->count--;
}

ln_pool_link *ln_store_take(ln_store *store, const void *key) {
    ln_pool_link *link = *find(store, key);
    if (link != NULL)
        ln_store_remove(store, link);
    return link;
}

ln_pool_link *ln_store_take_oldest(ln_store *store) {
    ln_pool_link *link = store->trimmed.oldest != NULL ? store->trimmed.oldest : store->fresh.oldest;
    if (link != NULL)
        ln_store_remove(store, link);
    return link;
}
