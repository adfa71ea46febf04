/* What the arena's tests share: a model of the blocks that must be alive, each with a pattern of its own, so that a
 * lost byte, an overlap or a wrong size shows when the block is next looked at. */
#ifndef TEST_ARENA_KIT_H
#define TEST_ARENA_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../common.h"
#include "arena/arena.h"

#define KIT_SLOTS 4096
#define MIB       ((size_t)1 << 20)

typedef struct kit_block {
    unsigned char *bytes;
    size_t size;
    unsigned char mark;
} kit_block;

typedef struct kit {
    ln_arena *arena;
    ln_allocator allocator;
    bool may_move_shrunk; /* the host's allocator decides that itself */
    uint64_t random;
    kit_block blocks[KIT_SLOTS];
    size_t used; /* sum of the sizes */
    size_t base; /* `used` of the arena when the model was empty */
} kit;

static inline uint64_t kit_random(kit *k) {
    k->random ^= k->random << 13;
    k->random ^= k->random >> 7;
    k->random ^= k->random << 17;
    return k->random;
}

static inline size_t kit_below(kit *k, size_t n) {
    return (size_t)(kit_random(k) >> 11) % n;
}

/* Mostly what a script asks for, sometimes large. */
static inline size_t kit_size(kit *k, size_t most) {
    static const size_t scales[] = {16, 64, 64, 128, 512, 4096, 20000, 200000};
    size_t scale = scales[kit_below(k, sizeof scales / sizeof *scales)];
    return 1 + kit_below(k, scale < most ? scale : most);
}

static inline void *kit_call(const kit *k, void *block, size_t osize, size_t nsize) {
    return k->allocator(k->arena, block, osize, nsize);
}

static inline void kit_assert_sound(const kit *k) {
    char why[200] = "";
    if (!ln_arena_check(k->arena, why, sizeof why)) {
        fail_msg("the arena's checker says: %s", why);
    }
    ln_arena_stats stats;
    ln_arena_stats_get(k->arena, &stats);
    assert_true(stats.committed <= stats.limit);
    assert_int_equal(stats.used, k->base + k->used);
    assert_true(stats.peak >= stats.used);
}

static inline void kit_open(kit *k, const ln_arena_config *config, uint64_t seed) {
    memset(k, 0, sizeof *k);
    k->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    assert_int_equal(ln_arena_open(config, &k->arena), LUNETTE_OK);
    k->allocator = ln_arena_allocator(k->arena);
    k->may_move_shrunk = config->host != NULL;
}

static inline void kit_fill(kit_block *b, size_t from, unsigned char mark) {
    b->mark = mark;
    memset(b->bytes + from, mark, b->size - from);
}

static inline void kit_verify(const kit_block *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (b->bytes[i] != b->mark) {
            fail_msg("byte %zu of a block of %zu bytes was overwritten", i, b->size);
        }
    }
}

/* False: refused. */
static inline bool kit_allocate(kit *k, kit_block *b, size_t size) {
    void *bytes = kit_call(k, NULL, kit_below(k, 10), size);
    if (bytes == NULL) {
        return false;
    }
    assert_int_equal((uintptr_t)bytes % 8, 0);
    assert_true(ln_arena_owns(k->arena, bytes));
    *b = (kit_block){.bytes = bytes, .size = size};
    kit_fill(b, 0, (unsigned char)kit_random(k));
    k->used += size;
    return true;
}

static inline void kit_free(kit *k, kit_block *b) {
    kit_verify(b, b->size);
    assert_null(kit_call(k, b->bytes, b->size, 0));
    k->used -= b->size;
    *b = (kit_block){0};
}

static inline bool kit_resize(kit *k, kit_block *b, size_t size) {
    unsigned char *bytes = kit_call(k, b->bytes, b->size, size);
    if (bytes == NULL) {
        assert_true(size > b->size);
        kit_verify(b, b->size);
        return false;
    }
    if (size <= b->size && !k->may_move_shrunk) {
        assert_ptr_equal(bytes, b->bytes);
    }
    size_t kept = size < b->size ? size : b->size;
    k->used += size - b->size;
    b->bytes = bytes;
    b->size = size;
    kit_verify(b, kept);
    kit_fill(b, 0, (unsigned char)kit_random(k));
    return true;
}

/* One random step in the first `slots` blocks. False: a request was refused. */
static inline bool kit_step(kit *k, size_t slots, size_t most) {
    kit_block *b = &k->blocks[kit_below(k, slots)];
    if (b->bytes == NULL) {
        return kit_allocate(k, b, kit_size(k, most));
    }
    if (kit_below(k, 3) == 0) {
        return kit_resize(k, b, kit_size(k, most));
    }
    kit_free(k, b);
    return true;
}

static inline void kit_free_all(kit *k) {
    for (size_t i = 0; i < KIT_SLOTS; i++) {
        if (k->blocks[i].bytes != NULL) {
            kit_free(k, &k->blocks[i]);
        }
    }
}

/* After a reset: what the model had is gone. */
static inline void kit_forget(kit *k) {
    memset(k->blocks, 0, sizeof k->blocks);
    k->used = 0;
}

#endif
