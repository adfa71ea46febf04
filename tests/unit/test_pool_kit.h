/* Items for the tests of the pool, which notice when they are used by two at once, kept beyond their
 * destruction, or more than there may be. Nothing here asserts, because threads use it: faults are counted,
 * and the test asserts in the end that there are none. */
#ifndef TEST_POOL_KIT_H
#define TEST_POOL_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/compiler.h"
#include "base/os.h"
#include "pool/pool.h"

#define MS UINT64_C(1000000)

static char kit_keys[64]; /* their addresses are keys */
#define KEY(n) ((void *)&kit_keys[n])

typedef struct thing {
    int number;
    void *key;
    ln_pool_link link; /* not at the start, on purpose */
    _Atomic(int) holders;
    _Atomic(bool) bad; /* the check refuses it */
    int trims;
} thing;

/* Where make and trim stop, for a test to do something meanwhile. */
enum { KIT_GATE_OPEN, KIT_GATE_SHUT, KIT_GATE_REACHED };

typedef struct world {
    _Atomic(size_t) live, made, adopted, destroyed, trimmed, gone;
    _Atomic(size_t) faults;
    size_t max;                 /* of `live`; 0: any */
    _Atomic(int) make_fails_in; /* the nth make from now fails; 0: none */
    _Atomic(int) adopt_fails_in;
    lunette_status failure;  /* with this */
    int check_refuses_every; /* the nth check refuses; 0: never */
    _Atomic(int) checks;
    _Atomic(int) gate;
} world;

static inline void kit_fault_if(world *w, bool fault) {
    if (fault)
        atomic_fetch_add(&w->faults, 1);
}

static inline bool kit_fails_now(_Atomic(int) *countdown) {
    return atomic_load(countdown) > 0 && atomic_fetch_sub(countdown, 1) == 1;
}

static inline void kit_pass_gate(world *w) {
    int shut = KIT_GATE_SHUT;
    if (!atomic_compare_exchange_strong(&w->gate, &shut, KIT_GATE_REACHED))
        return;
    struct timespec moment = {.tv_nsec = 100000};
    while (atomic_load(&w->gate) != KIT_GATE_OPEN)
        nanosleep(&moment, NULL);
}

static inline lunette_status kit_make(void *ud, void *key, void **item) {
    world *w = ud;
    kit_pass_gate(w);
    if (kit_fails_now(&w->make_fails_in))
        return w->failure;
    thing *t = calloc(1, sizeof *t);
    if (t == NULL)
        return LUNETTE_NO_MEMORY;
    size_t live = atomic_fetch_add(&w->live, 1) + 1;
    kit_fault_if(w, w->max != 0 && live > w->max);
    t->number = (int)atomic_fetch_add(&w->made, 1);
    t->key = key;
    *item = t;
    return LUNETTE_OK;
}

static inline lunette_status kit_adopt(void *ud, void *item, void *key) {
    world *w = ud;
    thing *t = item;
    kit_fault_if(w, atomic_fetch_add(&t->holders, 1) != 0 || t->key == key);
    lunette_status status = LUNETTE_OK;
    if (kit_fails_now(&w->adopt_fails_in))
        status = w->failure;
    else
        t->key = key;
    atomic_fetch_add(&w->adopted, status == LUNETTE_OK);
    atomic_fetch_sub(&t->holders, 1);
    return status;
}

static inline bool kit_check(void *ud, void *item) {
    world *w = ud;
    thing *t = item;
    kit_fault_if(w, atomic_load(&t->holders) != 0);
    if (w->check_refuses_every != 0 && atomic_fetch_add(&w->checks, 1) % w->check_refuses_every == 0)
        return false;
    return !atomic_load(&t->bad);
}

static inline void kit_trim(void *ud, void *item) {
    world *w = ud;
    thing *t = item;
    kit_fault_if(w, atomic_fetch_add(&t->holders, 1) != 0);
    kit_pass_gate(w);
    t->trims++;
    atomic_fetch_add(&w->trimmed, 1);
    atomic_fetch_sub(&t->holders, 1);
}

static inline void kit_destroy(void *ud, void *item) {
    world *w = ud;
    thing *t = item;
    kit_fault_if(w, atomic_load(&t->holders) != 0);
    atomic_fetch_add(&w->destroyed, 1);
    atomic_fetch_sub(&w->live, 1);
    free(t);
}

static inline void kit_gone(void *ud) {
    world *w = ud;
    kit_fault_if(w, atomic_load(&w->live) != 0 || atomic_fetch_add(&w->gone, 1) != 0);
}

static inline ln_pool_ops kit_ops(void) {
    return (ln_pool_ops){.link_offset = offsetof(thing, link),
                         .make = kit_make,
                         .adopt = kit_adopt,
                         .check = kit_check,
                         .trim = kit_trim,
                         .destroy = kit_destroy,
                         .gone = kit_gone};
}

static inline ln_pool *kit_open(world *w, ln_pool_config config) {
    ln_pool_ops ops = kit_ops();
    ln_pool *pool;
    *w = (world){.max = config.max};
    assert_int_equal(ln_pool_open(&config, &ops, w, &pool), LUNETTE_OK);
    return pool;
}

/* An item for the caller alone; NULL with *status set. */
static inline thing *kit_try(world *w, ln_pool *pool, void *key, uint64_t wait_ns, lunette_status *status) {
    void *item = w;
    *status = ln_pool_acquire(pool, key, wait_ns, &item);
    kit_fault_if(w, (*status == LUNETTE_OK) != (item != NULL));
    thing *t = item;
    if (t != NULL)
        kit_fault_if(w, atomic_fetch_add(&t->holders, 1) != 0 || t->key != key || t->link.key != key);
    return t;
}

static inline void kit_give(world *w, ln_pool *pool, thing *t, bool reusable) {
    kit_fault_if(w, atomic_fetch_sub(&t->holders, 1) != 1);
    ln_pool_release(pool, t, reusable);
}

static inline thing *kit_take(world *w, ln_pool *pool, void *key) {
    lunette_status status;
    thing *t = kit_try(w, pool, key, 0, &status);
    assert_int_equal(status, LUNETTE_OK);
    return t;
}

static inline ln_pool_stats kit_stats(ln_pool *pool) {
    ln_pool_stats stats;
    ln_pool_stats_get(pool, &stats);
    return stats;
}

/* While no call is under way. */
static inline void kit_assert_adds_up(world *w, ln_pool *pool) {
    ln_pool_stats s = kit_stats(pool);
    assert_int_equal(atomic_load(&w->faults), 0);
    assert_int_equal(s.made, atomic_load(&w->made));
    assert_int_equal(s.destroyed, atomic_load(&w->destroyed));
    assert_int_equal(s.trimmed, atomic_load(&w->trimmed));
    assert_int_equal(s.adopted, atomic_load(&w->adopted));
    assert_int_equal(s.made, s.destroyed + s.in_use + s.idle);
    assert_int_equal(s.in_use, s.acquires - s.releases);
    assert_int_equal(s.acquires, s.hits_own + s.hits_shared + s.stolen + s.handed_over + s.made_on_demand);
    assert_int_equal(s.waiting, 0);
}

static inline void kit_close(world *w, ln_pool *pool) {
    ln_pool_close(&pool);
    assert_null(pool);
    assert_int_equal(atomic_load(&w->live), 0);
    assert_int_equal(atomic_load(&w->gone), 1);
    assert_int_equal(atomic_load(&w->faults), 0);
}

static inline void kit_sleep(uint64_t ns) {
    struct timespec span = {.tv_sec = (time_t)(ns / (1000 * MS)), .tv_nsec = (long)(ns % (1000 * MS))};
    while (nanosleep(&span, &span) != 0)
        ;
}

#endif
