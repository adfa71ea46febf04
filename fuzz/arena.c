/* The arena under random sequences of operations, against a model of what must be alive.
 *
 * An input is a configuration (limit, reserve, whose memory) and then operations. What must be true:
 *   - every block holds what was written to it until it is freed, is aligned, and overlaps no other;
 *   - a request that does not grow a block never fails and never moves it (on its own reservation);
 *   - `used` is the sum of the sizes, committed memory is within the limit, and ln_arena_check() holds after every
 *     operation that changes more than a block, and after every 16th that does;
 *   - a snapshot brings back every block of its time, and is refused only where the limit is too low for it by now;
 *   - an image restores every byte, and after it the arena serves as before; a spawn makes another arena the same. */
#include <stdlib.h>
#include <string.h>

#include "arena/arena.h"
#include "fuzz.h"

enum { SLOTS = 256, STEPS_MOST = 4000 };
#define KIB ((size_t)1 << 10)

typedef struct block {
    unsigned char *bytes;
    size_t size;
    unsigned char mark;
} block;

typedef struct model {
    ln_arena *arena;
    ln_image *image;
    ln_allocator allocator;
    ln_snapshot *snapshot;
    block blocks[SLOTS], of_image[SLOTS], of_snapshot[SLOTS];
    size_t used, image_used, snapshot_used, snapshot_committed, base;
    bool host, bounded; /* `bounded`: there is a limit, so that the absurd is refused */
    unsigned char mark;
    feed in;
} model;

static void *host_realloc(void *ud, void *old, size_t osize, size_t nsize) {
    (void)ud, (void)osize;
    if (nsize == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, nsize);
}

static void check(const model *m, const char *after) {
    char why[200] = "";
    ln_arena_stats stats;
    FUZZ_EXPECT(ln_arena_check(m->arena, why, sizeof why), "after %s: %s", after, why);
    ln_arena_stats_get(m->arena, &stats);
    FUZZ_EXPECT(stats.committed <= stats.limit, "after %s: %zu committed, limit %zu", after, stats.committed,
                stats.limit);
    FUZZ_EXPECT(stats.used == m->base + m->used, "after %s: %zu used, %zu in blocks", after, stats.used,
                m->base + m->used);
    FUZZ_EXPECT(stats.peak >= stats.used, "after %s: peak %zu", after, stats.peak);
}

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

/* Large ones are marked at their ends and here and there: what overlaps them shows there soon enough. */
static size_t stride(size_t size) {
    return size <= 256 ? 1 : 509;
}

static void fill(block *b, unsigned char mark) {
    b->mark = mark;
    for (size_t i = 0; i < b->size; i += stride(b->size))
        b->bytes[i] = mark;
    b->bytes[b->size - 1] = mark;
}

static void verify(const block *b) {
    for (size_t i = 0; i < b->size; i += stride(b->size))
        FUZZ_EXPECT(b->bytes[i] == b->mark, "byte %zu of %zu", i, b->size);
    FUZZ_EXPECT(b->bytes[b->size - 1] == b->mark, "the last of %zu bytes", b->size);
}

/* Small as a rule, sometimes of any size, now and then absurd. */
static size_t pick_size(model *m) {
    const uint8_t kind = feed_byte(&m->in);
    const size_t low = feed_byte(&m->in);
    if (kind < 190)
        return 1 + low + (kind & 1 ? 128 : 0);
    if (kind < 240)
        return 1 + ((size_t)(kind & 15) << 8 | low);
    if (kind < 254)
        return 1 + ((size_t)(kind & 15) << 13 | low << 5);
    return kind == 254 ? (m->bounded ? low << 22 : low << 12) : SIZE_MAX - low;
}

static void allocate(model *m, block *b) {
    const size_t size = pick_size(m);
    unsigned char *bytes = size == 0 ? NULL : m->allocator(m->arena, NULL, m->mark % 10, size);
    if (bytes == NULL)
        return;
    FUZZ_EXPECT((uintptr_t)bytes % 8 == 0, "%p", (void *)bytes);
    FUZZ_EXPECT(m->host || ln_arena_owns(m->arena, bytes), "%p", (void *)bytes);
    *b = (block){.bytes = bytes, .size = size};
    fill(b, ++m->mark);
    m->used += size;
}

static void release(model *m, block *b) {
    verify(b);
    FUZZ_EXPECT(m->allocator(m->arena, b->bytes, b->size, 0) == NULL, "a block after it was freed");
    m->used -= b->size;
    *b = (block){0};
}

static void resize(model *m, block *b) {
    const size_t size = pick_size(m);
    if (size == 0)
        return;
    verify(b);
    unsigned char *bytes = m->allocator(m->arena, b->bytes, b->size, size);
    if (bytes == NULL) {
        FUZZ_EXPECT(size > b->size, "shrinking from %zu to %zu failed", b->size, size);
        verify(b);
        return;
    }
    FUZZ_EXPECT(m->host || size > b->size || bytes == b->bytes, "shrinking moved the block");
    const size_t kept = size < b->size ? size : b->size;
    for (size_t i = 0; i < kept; i += stride(b->size))
        FUZZ_EXPECT(bytes[i] == b->mark, "byte %zu of %zu kept", i, kept);
    m->used += size - b->size;
    b->bytes = bytes;
    b->size = size;
    fill(b, ++m->mark);
}

static void one_block(model *m, uint8_t what) {
    block *b = &m->blocks[feed_byte(&m->in) % SLOTS];
    if (b->bytes == NULL)
        allocate(m, b);
    else if (what % 3 == 0)
        resize(m, b);
    else
        release(m, b);
}

/* Many of one size: spans fill up, empty, and serve another size. */
static void many_blocks(model *m) {
    const size_t first = feed_byte(&m->in), count = 1 + feed_byte(&m->in) % 64;
    const feed size = m->in;
    for (size_t i = 0; i < count; i++) {
        block *b = &m->blocks[(first + i) % SLOTS];
        if (b->bytes != NULL)
            release(m, b);
        m->in = size;
        allocate(m, b);
    }
}

static void free_all(model *m, size_t step) {
    for (size_t i = 0; i < SLOTS; i += step)
        if (m->blocks[i].bytes != NULL)
            release(m, &m->blocks[i]);
}

/* --- The arena as a whole ------------------------------------------------------------------------------------------ */

static void verify_all(const model *m) {
    for (size_t i = 0; i < SLOTS; i++)
        if (m->blocks[i].bytes != NULL)
            verify(&m->blocks[i]);
}

static void take_image(model *m) {
    ln_arena_stats stats;
    if (m->image != NULL)
        return;
    ln_arena_stats_get(m->arena, &stats);
    const lunette_status status = ln_image_take(m->arena, &m->image);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_NO_MEMORY ||
                    (m->host && status == LUNETTE_UNSUPPORTED) ||
                    (stats.sealed && status == LUNETTE_WRONG_STATE),
                "%s", lunette_status_name(status));
    FUZZ_EXPECT((m->image != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    if (m->image != NULL) {
        memcpy(m->of_image, m->blocks, sizeof m->blocks);
        m->image_used = m->used;
    }
}

static void restore(model *m) {
    size_t where = 0;
    if (m->image == NULL)
        return;
    ln_image_restore(m->image, m->arena);
    FUZZ_EXPECT(ln_image_equals(m->image, m->arena, &where), "byte %zu", where);
    memcpy(m->blocks, m->of_image, sizeof m->blocks);
    m->used = m->image_used;
    verify_all(m);
    FUZZ_EXPECT(!ln_arena_refused(m->arena), "a refusal outlived a reset");
}

static void take_snapshot(model *m) {
    ln_arena_stats stats;
    ln_arena_stats_get(m->arena, &stats);
    ln_snapshot_close(&m->snapshot);
    const size_t need = ln_snapshot_need(m->arena);
    const lunette_status status = ln_snapshot_take(m->arena, &m->snapshot);
    FUZZ_EXPECT(status == (m->host         ? LUNETTE_UNSUPPORTED
                           : !stats.sealed ? LUNETTE_WRONG_STATE
                                           : LUNETTE_OK),
                "%s", lunette_status_name(status));
    FUZZ_EXPECT(need == (status == LUNETTE_OK ? ln_snapshot_size(m->snapshot) : 0), "%zu needed", need);
    memcpy(m->of_snapshot, m->blocks, sizeof m->blocks);
    m->snapshot_used = m->used;
    m->snapshot_committed = stats.committed + stats.lent;
}

static void go_back(model *m) {
    ln_arena_stats stats;
    if (m->snapshot == NULL)
        return;
    if (!ln_snapshot_fit(m->snapshot, m->arena)) {
        ln_arena_stats_get(m->arena, &stats);
        FUZZ_EXPECT(stats.limit < m->snapshot_committed, "refused with a limit of %zu", stats.limit);
        return;
    }
    ln_snapshot_restore(m->snapshot, m->arena);
    memcpy(m->blocks, m->of_snapshot, sizeof m->blocks);
    m->used = m->snapshot_used;
}

static void *move_to(const void *bytes, const ln_arena *from, const ln_arena *to) {
    return (char *)(uintptr_t)to + ((const char *)bytes - (const char *)from);
}

/* The image goes into another arena, which takes the first one's place. */
static void spawn(model *m) {
    ln_arena_stats stats;
    ln_arena *other = NULL;
    if (m->image == NULL || !ln_image_shareable(m->image))
        return;
    const size_t limit = 64 * KIB + ((size_t)feed_byte(&m->in) << 13);
    if (ln_arena_open(&(ln_arena_config){.limit = limit, .reserve = 16 * KIB}, &other) != LUNETTE_OK)
        return;
    const lunette_status status = ln_image_spawn(m->image, other);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_NO_MEMORY || status == LUNETTE_UNSUPPORTED, "%s",
                lunette_status_name(status));
    if (status != LUNETTE_OK) {
        ln_arena_close(&other);
        return;
    }
    ln_snapshot_close(&m->snapshot);
    memcpy(m->blocks, m->of_image, sizeof m->blocks);
    for (size_t i = 0; i < SLOTS; i++) {
        block *b = &m->blocks[i];
        if (b->bytes != NULL)
            b->bytes = m->of_image[i].bytes = move_to(b->bytes, m->arena, other);
    }
    ln_arena_close(&m->arena);
    m->arena = other;
    m->used = m->image_used;
    ln_arena_stats_get(m->arena, &stats);
    m->base = stats.used - m->used;
    verify_all(m);
}

static void change_limit(model *m) {
    const size_t wanted = 32 * KIB + ((size_t)feed_byte(&m->in) << 13);
    const size_t given = ln_arena_set_limit(m->arena, wanted);
    FUZZ_EXPECT(given >= wanted || !m->host, "%zu of %zu", given, wanted);
}

static void whole_arena(model *m, uint8_t what) {
    ln_arena_shadow shadow;
    lunette_status status;
    switch (what) {
    case 0:
        status = ln_arena_seal(m->arena);
        FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_NO_MEMORY, "%s", lunette_status_name(status));
        break;
    case 1:
        take_image(m);
        break;
    case 2:
    case 3:
        restore(m);
        break;
    case 4:
        change_limit(m);
        break;
    case 5:
        ln_arena_open_reserve(m->arena);
        break;
    case 6:
        ln_arena_close_reserve(m->arena);
        break;
    case 7:
        ln_arena_trim(m->arena, (size_t)feed_byte(&m->in) << 12);
        break;
    case 8:
        ln_arena_fail_after(m->arena, feed_byte(&m->in));
        break;
    case 9:
        ln_arena_fail_from(m->arena, feed_byte(&m->in));
        break;
    case 10:
        free_all(m, 1);
        break;
    case 11:
        free_all(m, 2);
        break;
    case 12:
        spawn(m);
        break;
    case 13:
        if (!m->host) {
            ln_arena_remember(m->arena, &shadow);
            FUZZ_EXPECT(ln_arena_intact(m->arena, &shadow), "the arena's own words are not what they are");
        }
        break;
    case 14:
        ln_arena_clear_refused(m->arena);
        FUZZ_EXPECT(!ln_arena_refused(m->arena), "a refusal that was cleared");
        break;
    default:
        if (m->host) {
            ln_arena_discard_all(m->arena);
            memset(m->blocks, 0, sizeof m->blocks);
            m->used = 0;
        } else if (feed_byte(&m->in) % 3 == 0) {
            take_snapshot(m);
        } else {
            go_back(m);
        }
    }
    check(m, "an operation on the whole arena");
    verify_all(m);
}

static bool open_arena(model *m) {
    ln_arena_stats stats;
    const uint8_t kind = feed_byte(&m->in);
    const ln_arena_config config = {
        .limit = kind & 8 ? 0 : 64 * KIB + ((size_t)feed_byte(&m->in) << 13),
        .reserve = kind & 4 ? 16 * KIB : 0,
        .host = (kind & 3) == 3 ? host_realloc : NULL,
    };
    m->host = config.host != NULL;
    m->bounded = config.limit != 0;
    const lunette_status status = ln_arena_open(&config, &m->arena);
    FUZZ_EXPECT(status == LUNETTE_OK, "%s", lunette_status_name(status));
    m->allocator = ln_arena_allocator(m->arena);
    ln_arena_stats_get(m->arena, &stats);
    m->base = stats.used;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static model m;
    m = (model){.in = {data, size}};
    open_arena(&m);
    for (unsigned step = 0; m.in.left > 0 && step < STEPS_MOST; step++) {
        const uint8_t what = feed_byte(&m.in);
        if (what < 224)
            one_block(&m, what);
        else if (what < 240)
            many_blocks(&m);
        else
            whole_arena(&m, what - 240);
        if (step % 16 == 0)
            check(&m, "a block");
    }
    free_all(&m, 1);
    check(&m, "all blocks were freed");
    ln_snapshot_close(&m.snapshot);
    ln_image_close(&m.image);
    ln_arena_close(&m.arena);
    return 0;
}
