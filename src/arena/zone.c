/* The zone: packed memory for what the set-up leaves behind, so that an image is one short stretch to copy.
 *
 * Blocks have no header and sizes are multiples of 8. What is free is known from two bits a granule, kept apart
 * from the blocks: one where a free block starts, one where it ends. So a freed block finds free neighbours on
 * both sides in constant time without any word of the program's being read. A free block holds
 *
 *     word 0             link to the next in its bin, link to the previous
 *     word 1             its size           (blocks of one granule have neither word 1 nor a last one:
 *     last 4 bytes       its size            both of their bits are set, and that says it)
 *
 * Bins are exact up to LN_ZONE_EXACT_MAX, then two to a doubling, with a bitmap of the filled ones; the smallest
 * that fits is cut, what is left over goes back. Free blocks never touch each other; during set-up none touches
 * zone_top either: it retreats instead.
 *
 * Every word written here has its highest bit set (TAG in the upper half), which no address of a user's has: who
 * moves an image to another base cannot take one for a pointer. For the same reason blocks are handed out zeroed
 * during set-up, and sealing zeroes what is free: no stale pointer stays in a gap.
 *
 * Bits and bins are the map. During set-up it lies where pages will be, for the zone to grow. Sealing gives up what is
 * free then (little, or nothing: plan.c) and starts another map behind the zone; that is no part of the image, but
 * cleared when a block of the zone is first freed in a run, which most runs never do. Behind it a few KiB are left, the
 * nursery, in which the zone may still grow. A run's first blocks of each class come from there, next to each other:
 * opening a span for each would cost a short script more than all its own work does. */
#include "arena/layout.h"
#include "base/os.h"

#include <stdio.h>
#include <string.h>

#define TAG       UINT32_C(0x80000000)
#define STEP_MIN  ((size_t)32 << 10)
#define LOOKS     8
#define NURSERY   ((size_t)8 << 10)
#define BITS_SPAN ((size_t)64 * LN_GRANULE) /* zone bytes that one pair of words tells of */

typedef struct bit_pair {
    uint64_t start;
    uint64_t end;
} bit_pair;

typedef struct zone_map {
    uint32_t bins[LN_ZONE_BINS]; /* offset of the first free block; 0: none */
    bit_pair bits[];
} zone_map;

/* --- words of free blocks ----------------------------------------------------------------------------------- */

static uint32_t get(const ln_arena *a, size_t offset) {
    uint32_t word;
    memcpy(&word, ln_arena_at(a, offset), sizeof word);
    return word & ~TAG;
}

static void put(ln_arena *a, size_t offset, uint32_t word) {
    word |= TAG;
    memcpy(ln_arena_at(a, offset), &word, sizeof word);
}

static uint32_t get_next(const ln_arena *a, uint32_t block) {
    return get(a, block);
}

static uint32_t get_prev(const ln_arena *a, uint32_t block) {
    return get(a, block + 4);
}

/* --- bits --------------------------------------------------------------------------------------------------- */

static zone_map *map_of(const ln_arena *a) {
    return ln_arena_at(a, a->zone_map);
}

static bit_pair *bits_of(const ln_arena *a, size_t offset) {
    return map_of(a)->bits + offset / BITS_SPAN;
}

static uint64_t mask_of(size_t offset) {
    return UINT64_C(1) << offset / LN_GRANULE % 64;
}

static bool starts_free(const ln_arena *a, size_t offset) {
    return (bits_of(a, offset)->start & mask_of(offset)) != 0;
}

static bool ends_free(const ln_arena *a, size_t offset) {
    return (bits_of(a, offset)->end & mask_of(offset)) != 0;
}

static void flip(ln_arena *a, uint32_t block, size_t size) {
    size_t last = block + size - LN_GRANULE;
    bits_of(a, block)->start ^= mask_of(block);
    bits_of(a, last)->end ^= mask_of(last);
}

/* Of the map of a zone that ends there. */
static size_t map_bytes(size_t top) {
    return sizeof(zone_map) + ((top - 1) / BITS_SPAN + 1) * sizeof(bit_pair);
}

/* The first use of the map since the arena was sealed or reset. */
static void clear_map(ln_arena *a) {
    memset(map_of(a), 0, map_bytes(a->zone_end));
    a->zone_mapped = true;
}

size_t ln_zone_map_size(const ln_arena *a) {
    return a->zone_mapped ? map_bytes(a->zone_end) : 0;
}

/* The size of the free block that starts at, or that ends just before, an offset. */
static uint32_t size_from(const ln_arena *a, uint32_t block) {
    return ends_free(a, block) ? (uint32_t)LN_GRANULE : get(a, block + LN_GRANULE);
}

static uint32_t size_before(const ln_arena *a, uint32_t end) {
    return starts_free(a, end - LN_GRANULE) ? (uint32_t)LN_GRANULE : get(a, end - 4);
}

/* --- bins --------------------------------------------------------------------------------------------------- */

unsigned ln_zone_bin(size_t size) {
    if (size <= LN_ZONE_EXACT_MAX) {
        return (unsigned)(size / LN_GRANULE - 1);
    }
    unsigned log = ln_log2(size);
    return LN_ZONE_EXACT_BINS + (log - 9) * 2 + (unsigned)((size >> (log - 1)) & 1);
}

static void insert(ln_arena *a, uint32_t block, size_t size) {
    unsigned bin = ln_zone_bin(size);
    uint32_t next = map_of(a)->bins[bin];
    put(a, block, next);
    put(a, block + 4, 0);
    if (size > LN_GRANULE) {
        put(a, block + 12, 0);
        put(a, block + 8, (uint32_t)size);
        put(a, block + size - 4, (uint32_t)size);
    }
    if (next != 0) {
        put(a, next + 4, block);
    }
    map_of(a)->bins[bin] = block;
    ln_bins_set(a->zone_filled, bin);
    flip(a, block, size);
    a->zone_free += (uint32_t)size;
}

static void drop(ln_arena *a, uint32_t block, size_t size) {
    uint32_t next = get_next(a, block);
    uint32_t prev = get_prev(a, block);
    if (next != 0) {
        put(a, next + 4, prev);
    }
    if (prev != 0) {
        put(a, prev, next);
    } else {
        unsigned bin = ln_zone_bin(size);
        map_of(a)->bins[bin] = next;
        if (next == 0) {
            ln_bins_clear(a->zone_filled, bin);
        }
    }
    flip(a, block, size);
    a->zone_free -= (uint32_t)size;
}

/* --- growth ------------------------------------------------------------------------------------------------- */

static bool commit_zone_to(ln_arena *a, size_t end) {
    ln_control *c = &a->control;
    size_t others = ln_pages_committed(a) - c->zone_committed;
    if (end > c->zone_max || end + others > ln_pages_allowed(a) ||
        !ln_os_commit(ln_arena_at(a, c->zone_committed), end - c->zone_committed)) {
        return false;
    }
    c->zone_committed = end;
    ln_pages_update(a);
    return true;
}

static bool commit_zone(ln_arena *a, size_t end) {
    ln_control *c = &a->control;
    if (end <= c->zone_committed) {
        return true;
    }
    size_t step = c->zone_committed / 4 > STEP_MIN ? c->zone_committed / 4 : STEP_MIN;
    size_t far = ln_round_up(c->zone_committed + step, c->grain);
    return (far >= end && commit_zone_to(a, far)) || commit_zone_to(a, ln_round_up(end, c->grain));
}

bool ln_zone_cover(ln_arena *a, size_t end) {
    return end <= a->control.zone_committed || commit_zone_to(a, ln_round_up(end, a->control.grain));
}

/* Set-up only: the map lies on the pages from the first. */
static bool commit_map(ln_arena *a, size_t top) {
    uint32_t end = ln_first_page(a) + (uint32_t)ln_pages_for(map_bytes(top));
    if (end > a->page_top) {
        if (!ln_pages_commit(a, end, false)) {
            return false;
        }
        a->page_top = end;
    }
    return true;
}

static bool raise_top(ln_arena *a, size_t size) {
    size_t top = a->zone_top + size;
    bool room = ln_arena_is_sealed(a)
                    ? size <= NURSERY && top <= a->zone_end && top <= a->control.zone_committed
                    : size <= a->control.zone_max && commit_zone(a, top) && commit_map(a, top);
    if (!room) {
        return false;
    }
    a->zone_top = (uint32_t)top;
    return true;
}

void ln_zone_open(ln_arena *a) {
    a->zone_top = (uint32_t)LN_ZONE_START;
    a->zone_map = (uint32_t)a->control.pages;
    a->zone_mapped = true;
}

/* --- blocks ------------------------------------------------------------------------------------------------- */

/* Takes `size` bytes from the start of a free block of `whole` bytes. */
static void cut(ln_arena *a, uint32_t block, size_t whole, size_t size) {
    drop(a, block, whole);
    if (whole > size) {
        insert(a, (uint32_t)(block + size), whole - size);
    }
}

static uint32_t take_binned(ln_arena *a, size_t size) {
    unsigned bin = ln_zone_bin(size);
    uint32_t block = map_of(a)->bins[bin];
    for (int looks = LOOKS; block != 0 && size_from(a, block) < size; looks--) {
        block = looks > 0 ? get_next(a, block) : 0;
    }
    if (block == 0) {
        bin = ln_bins_next(a->zone_filled, bin + 1);
        block = bin < LN_ZONE_BINS ? map_of(a)->bins[bin] : 0;
    }
    if (block != 0) {
        cut(a, block, size_from(a, block), size);
    }
    return block;
}

uint32_t ln_zone_take_topmost(ln_arena *a, size_t size) {
    uint32_t block = a->zone_top;
    return raise_top(a, size) ? block : 0;
}

uint32_t ln_zone_take(ln_arena *a, size_t size) {
    uint32_t block = a->zone_free >= size ? take_binned(a, size) : 0;
    if (block == 0) {
        block = ln_zone_take_topmost(a, size);
    }
    if (block == 0) {
        return 0;
    }
    if (!ln_arena_is_sealed(a)) {
        memset(ln_arena_at(a, block), 0, size);
    }
    return block;
}

void ln_zone_free(ln_arena *a, uint32_t block, size_t size) {
    size_t end = block + size;
    if (LN_UNLIKELY(!a->zone_mapped)) {
        /* Nothing is free, so nothing before it joins. */
        if (end == a->zone_top) {
            a->zone_top = block;
            return;
        }
        clear_map(a);
    }
    if (block > LN_ZONE_START && ends_free(a, block - LN_GRANULE)) {
        uint32_t before = size_before(a, block);
        block -= before;
        drop(a, block, before);
    }
    if (end == a->zone_top) {
        a->zone_top = block;
        return;
    }
    if (end < a->zone_top && starts_free(a, end)) {
        uint32_t behind = size_from(a, (uint32_t)end);
        drop(a, (uint32_t)end, behind);
        end += behind;
    }
    insert(a, block, end - block);
}

bool ln_zone_extend(ln_arena *a, uint32_t block, size_t size, size_t more) {
    uint32_t end = (uint32_t)(block + size);
    if (end == a->zone_top) {
        if (!raise_top(a, more)) {
            return false;
        }
    } else {
        uint32_t behind = a->zone_mapped && starts_free(a, end) ? size_from(a, end) : 0;
        if (behind < more) {
            return false;
        }
        cut(a, end, behind, more);
    }
    if (!ln_arena_is_sealed(a)) {
        memset(ln_arena_at(a, end), 0, more);
    }
    return true;
}

/* --- sealing ------------------------------------------------------------------------------------------------ */

static void zero_free_memory(ln_arena *a) {
    for (unsigned bin = 0; bin < LN_ZONE_BINS; bin++) {
        for (uint32_t block = map_of(a)->bins[bin], next; block != 0; block = next) {
            next = get_next(a, block);
            memset(ln_arena_at(a, block), 0, size_from(a, block));
        }
    }
}

/* Commits what lies behind the map, as far as the limit allows, and gives back what lies behind that. */
static void commit_nursery(ln_arena *a, size_t end) {
    ln_control *c = &a->control;
    size_t keep = ln_round_up(end + NURSERY, c->grain);
    if (keep > c->zone_committed && !commit_zone_to(a, keep)) {
        keep = c->zone_committed;
    }
    if (keep < c->zone_committed) {
        ln_os_decommit(ln_arena_at(a, keep), c->zone_committed - keep);
        c->zone_committed = keep;
    }
    a->zone_end = (uint32_t)(end + NURSERY);
}

void ln_zone_wipe_nursery(ln_arena *a) {
    size_t end = a->zone_end < a->control.zone_committed ? a->zone_end : a->control.zone_committed;
    if (end > a->zone_top) {
        memset(ln_arena_at(a, a->zone_top), 0, end - a->zone_top);
    }
}

/* A map for zone, map and nursery. Its bits being a 32nd of what they tell of, they are less than twice those of the
 * others. */
static size_t sealed_map_bytes(size_t end) {
    size_t others = map_bytes(end + LN_IMAGE_UNIT + NURSERY);
    return map_bytes(end + 2 * others + LN_IMAGE_UNIT + NURSERY);
}

bool ln_zone_seal(ln_arena *a) {
    ln_control *c = &a->control;
    size_t end = ln_round_up(a->zone_top, LN_IMAGE_UNIT);
    size_t nursery = ln_round_up(end + sealed_map_bytes(end), LN_IMAGE_UNIT);
    if (!commit_map(a, a->zone_top) ||
        (nursery > c->zone_committed && !commit_zone_to(a, ln_round_up(nursery, c->grain)))) {
        return false;
    }
    zero_free_memory(a);
    memset(ln_arena_at(a, a->zone_top), 0, end - a->zone_top);
    a->zone_filled[0] = a->zone_filled[1] = 0;
    a->zone_free = 0;
    a->zone_mapped = false;
    a->zone_map = (uint32_t)end;
    a->nursery = a->zone_top = (uint32_t)nursery;
    a->image_end = (uint32_t)end;
    commit_nursery(a, nursery);
    return true;
}

/* --- checker ------------------------------------------------------------------------------------------------ */

/* One free block that the bits tell of: is it whole, apart from others, and where its size says it is linked? */
static const char *check_block(const ln_arena *a, uint32_t block, uint32_t size) {
    uint32_t end = block + size;
    if (size < LN_GRANULE || size % LN_GRANULE != 0 || end > a->zone_top) {
        return "free zone block has an impossible size";
    }
    if (!ends_free(a, end - LN_GRANULE) || size_before(a, end) != size) {
        return "free zone block does not end where its size says";
    }
    if (end == a->zone_top || starts_free(a, end)) {
        return "free zone block touches another or the top";
    }
    uint32_t next = get_next(a, block);
    uint32_t prev = get_prev(a, block);
    if (prev == 0 ? map_of(a)->bins[ln_zone_bin(size)] != block : get_next(a, prev) != block) {
        return "free zone block is not in its bin";
    }
    if (next != 0 && (next >= a->zone_top || !starts_free(a, next) || get_prev(a, next) != block ||
                      ln_zone_bin(size_from(a, next)) != ln_zone_bin(size))) {
        return "free zone block has a bad link";
    }
    return NULL;
}

/* What lies between free blocks must have no bits. Returns the offset of the next free block, or the top. */
static uint32_t next_free(const ln_arena *a, uint32_t offset, const char **wrong) {
    while (offset < a->zone_top && !starts_free(a, offset)) {
        if (ends_free(a, offset)) {
            *wrong = "zone bits end a block that never started";
        }
        offset += (uint32_t)LN_GRANULE;
    }
    return offset;
}

bool ln_zone_check(const ln_arena *a, char *why, size_t size) {
    const char *wrong = NULL;
    size_t total = 0;
    /* The map is not committed before there is a block. */
    if (!a->zone_mapped || a->zone_end == 0) {
        return true;
    }
    uint32_t offset = next_free(a, (uint32_t)LN_ZONE_START, &wrong);
    while (wrong == NULL && offset < a->zone_top) {
        uint32_t length = size_from(a, offset);
        wrong = check_block(a, offset, length);
        total += length;
        offset = wrong == NULL ? next_free(a, offset + length, &wrong) : a->zone_top;
    }
    for (unsigned bin = 0; bin < LN_ZONE_BINS && wrong == NULL; bin++) {
        if ((map_of(a)->bins[bin] != 0) != ((a->zone_filled[bin / 64] >> bin % 64 & 1) != 0)) {
            wrong = "zone bin and its bitmap disagree";
        }
    }
    if (wrong == NULL && total != a->zone_free) {
        wrong = "free zone bytes do not add up";
    }
    if (wrong != NULL) {
        snprintf(why, size, "%s (near offset %u)", wrong, (unsigned)offset);
    }
    return wrong == NULL;
}
