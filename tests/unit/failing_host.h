/* The host's memory runs out: each request to malloc and its kin fails once, in a loop until nothing fails any more. For tests
 * that are linked with --wrap, which puts the functions below in the place of malloc for the library's own code; what libc and
 * Lua take for themselves is not counted. */
#ifndef TEST_FAILING_HOST_H
#define TEST_FAILING_HOST_H

#include "support.h"

/* --- malloc --- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

enum { MOST_BLOCKS = 4096 };

static struct {
    bool on;              /* counted, and failing; else blocks are passed through */
    size_t fail_at, seen; /* the request that is refused, from 1; 0: none */
    void *blocks[MOST_BLOCKS];
    size_t count;
} host;

static bool refuses(void) {
    return host.on && ++host.seen == host.fail_at;
}

static void *keep(void *block) {
    if (host.on && block && host.count < MOST_BLOCKS)
        host.blocks[host.count++] = block;
    return block;
}

static void drop(const void *block) {
    for (size_t i = host.count; i-- > 0;)
        if (host.blocks[i] == block) {
            host.blocks[i] = host.blocks[--host.count];
            return;
        }
}

void *__wrap_malloc(size_t size) {
    return refuses() ? NULL : keep(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
    return refuses() ? NULL : keep(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size) {
    if (refuses())
        return NULL;
    drop(block);
    return keep(__real_realloc(block, size));
}

void __wrap_free(void *block) {
    drop(block);
    __real_free(block);
}

/* --- What is done --- */

/* The statuses seen, recorded and looked at when all is given back: an assertion in between would lose what is held. */
static struct {
    lunette_status wrong;
    const char *where;
} found;

static bool may(lunette_status status, const char *where, lunette_status expected) {
    if (status != expected && status != LUNETTE_NO_MEMORY && !found.where) {
        found.wrong = status;
        found.where = where;
    }
    return status == expected;
}

/* Does `what` with each of its requests refused. Each time it records by may() what must not be answered, and gives
 * back what it has. */
static inline void fail_each_request(void (*what)(const void *), const void *ud, size_t at_least) {
    size_t n = 0;
    what(ud); /* what is made once and kept, is made now */
    do {
        host.seen = host.count = 0;
        host.fail_at = ++n;
        found.where = NULL;
        host.on = true;
        what(ud);
        host.on = false;
        if (found.where)
            fail_msg("request %zu fails: %s answers %s", n, found.where, lunette_status_name(found.wrong));
        if (host.count != 0)
            fail_msg("request %zu fails: %zu blocks are lost", n, host.count);
    } while (host.seen >= n);
    if (n <= at_least)
        fail_msg("only %zu requests were made", n);
}

#endif
