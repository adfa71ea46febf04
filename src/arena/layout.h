/* How an arena lies in memory; shared by the files of this room. The argument for it stands in arena.c.
 *
 *   base                                                                    base + control.pages
 *   | control | lists | header | zone ...... | map | nursery | (free) | <- descriptors | pages -> ................ |
 *   |                 |<------ image ------->|                        |   one a page, downwards
 *
 * Everything is found by its distance from the base: 32-bit byte offsets in the zone, page numbers (distance /
 * LN_PAGE) above it. No word of the header or of the free memory in the zone is an address or looks like one, so an
 * image can be moved to another base by changing the words of live blocks alone.
 *
 * Lists and map are no part of the image: they hold garbage until something in the header says that they do not. */
#ifndef LN_ARENA_LAYOUT_H
#define LN_ARENA_LAYOUT_H

#include <stddef.h>

#include "arena/arena.h"
#include "base/compiler.h"

#define LN_PAGE_SHIFT 12
#define LN_PAGE       ((size_t)1 << LN_PAGE_SHIFT)
#define LN_GRANULE    ((size_t)8)

/* Size classes: every granule up to LN_FINE_MAX, then four to a doubling. Number 0 is not used. */
#define LN_FINE_MAX     ((size_t)128)
#define LN_FINE_CLASSES 16
#define LN_SMALL_MAX    ((size_t)3584)
#define LN_CLASSES      36

/* Blocks up to this size share a span of one page, larger ones of LN_WIDE_PAGES. */
#define LN_NARROW_MAX ((size_t)256)
#define LN_WIDE_PAGES 4

/* Blocks of a class that come from the nursery before a span is opened for it. */
#define LN_NURSED_MAX 8

/* Free runs of pages by length: exact up to seven pages, then four bins to a doubling. */
#define LN_RUN_BINS 96
/* Free zone memory by size: exact up to LN_ZONE_EXACT_MAX bytes, then two bins to a doubling. */
#define LN_ZONE_EXACT_MAX  ((size_t)512)
#define LN_ZONE_EXACT_BINS 64
#define LN_ZONE_BINS       104

/* Bounds that let page numbers and the offsets of zone and descriptors fit 32 bits. */
#define LN_SHARING_SIZE    ((uint64_t)1 << 32)
#define LN_SHARING_LOWEST  ((uint64_t)1 << 40)
#define LN_RESERVATION_MAX ((uint64_t)1 << 36)
#define LN_RESERVATION_MIN ((size_t)1 << 22)
#define LN_ZONE_ROOM_MAX   ((size_t)256 << 20)

typedef enum ln_arena_kind { LN_ARENA_OWN, LN_ARENA_BRIDGE } ln_arena_kind;

typedef enum ln_span_kind {
    LN_RUN_FREE,     /* pages in a run bin */
    LN_RUN_LARGE,    /* one large block */
    LN_SPAN_CURRENT, /* blocks of one class; the one new blocks come from */
    LN_SPAN_LISTED,  /* has room, in its class's list */
    LN_SPAN_FULL     /* has none, in no list */
} ln_span_kind;

/* The descriptor of a page. Of a run (free or large) those of the first and the last page are valid, of a span
 * all; those of other pages, and above page_top, are never read. */
typedef struct ln_span {
    _Alignas(8) void *free; /* spans: free blocks, linked through their first word; NULL in all others */
    uint32_t next;          /* page number of the neighbour in the class's list or the run bin; 0: none */
    uint32_t prev;
    uint32_t pages;    /* length of the run or span, in its first and (runs) last page */
    uint16_t used;     /* spans: live blocks */
    uint16_t capacity; /* spans: blocks in all */
    uint16_t first;    /* spans: the block handed out first; the others follow, around the end */
    uint16_t linked;   /* spans: blocks that were in the free list so far */
    uint8_t class;     /* spans */
    uint8_t lead;      /* spans: pages between the span's first and this one; else 0 */
    uint8_t kind;
} ln_span;

_Static_assert(sizeof(ln_span) == 32, "a descriptor is half a cache line");

/* What a reset leaves alone. */
typedef struct ln_control {
    size_t descriptors;    /* own: the descriptor of page n is at base + descriptors - n * sizeof(ln_span) */
    size_t pages;          /* own: offset of the first page; below it lies the zone. Bridge: 0 */
    size_t reservation;    /* own: bytes reserved */
    size_t limit;          /* bytes that may be committed */
    size_t reserve;        /* bytes beyond it while `lent` */
    size_t ceiling;        /* what committed may not exceed: limit and lent reserve, or more while `over` */
    size_t zone_committed; /* offset up to which the zone is committed */
    size_t grain;          /* commits are multiples of this: the machine's page size */
    uint64_t fail_in;      /* injected failure: requests until then; 0: none */
    const ln_arena_owner *owner; /* as in ln_arena_config */
    void *owner_ud;
    uint32_t page_committed; /* page number up to which pages (and their descriptors) are committed */
    uint32_t page_max;       /* page number up to which the limit lets them be */
    uint32_t page_ready;     /* the lower of the two: what page_top may rise to at once */
    uint32_t zone_max;       /* offset the zone can reach at most, whatever the limit */
    const ln_image *watched; /* whose pages the system watches here (dirty.c); NULL: none */
    uint8_t kind;            /* ln_arena_kind */
    uint8_t watch_misses;
    bool watch_refused; /* until another image comes */
    bool lent;          /* the reserve is open */
    bool over;          /* more is committed than allowed, because it was in use when that was lowered */
    bool fail_forever;
    bool shares_images;
    bool large_pages;  /* the system was asked for them */
    bool gathers;      /* all that there is room for comes from the nursery */
    uint8_t unused[7]; /* named, for the whole is compared as bytes */
} ln_control;

#define LN_CONTROL_SIZE 128
/* Images begin and end at a multiple of this. */
#define LN_IMAGE_UNIT ((size_t)64)

/* Each is valid where its bit in the header is set, else empty. */
typedef struct ln_lists {
    uint32_t partial[LN_CLASSES]; /* page number of the first listed span */
    uint32_t runs[LN_RUN_BINS];   /* page number of the first free run */
} ln_lists;

#define LN_LISTS_SIZE  ((sizeof(ln_lists) + LN_IMAGE_UNIT - 1) & ~(LN_IMAGE_UNIT - 1))
#define LN_IMAGE_START (LN_CONTROL_SIZE + LN_LISTS_SIZE)
_Static_assert(sizeof(ln_control) <= LN_CONTROL_SIZE && LN_CONTROL_SIZE == sizeof(ln_arena_shadow),
               "the control words fit before the header, and a shadow holds them");

/* What is in use. */
typedef struct ln_holding {
    size_t bytes;
    size_t blocks; /* an own arena's: those outside of the zone */
} ln_holding;

struct ln_arena {
    union {
        ln_control control;
        unsigned char control_bytes[LN_CONTROL_SIZE];
    };
    union {
        ln_lists lists;
        unsigned char lists_bytes[LN_LISTS_SIZE];
    };
    /* The header: from here to the end of the zone, as it is when set-up ends, is the image. */
    size_t used;
    size_t peak;
    uint64_t allocations;
    uint64_t failures;
    uint32_t zone_top;  /* offset of the first zone byte never in use */
    uint32_t zone_end;  /* once sealed, the offset the zone may still grow to */
    uint32_t zone_free; /* bytes in the zone's bins */
    uint32_t zone_map;  /* offset of the map: where set-up keeps it, then behind the zone */
    uint32_t nursery;   /* offset of what lies behind it: zone_top, while the nursery is empty */
    uint32_t image_end; /* offset; 0 before the arena is sealed */
    uint32_t page_top;  /* page number of the first page never in use */
    uint32_t page_told; /* up to which page_top may rise before somebody is told of it */
    bool zone_mapped;   /* the map is there; else nothing of the zone is free */
    bool refused;
    uint8_t poor;       /* collections in a row that were not worth it: refusal.c */
    uint8_t flag_seen;  /* *flag, when it was last looked at */
    size_t asked_size;  /* bytes of what was refused last; 0: nothing, or more was asked for since */
    size_t asked_block; /* the offset of the block it was to resize; 0: a new one */
    ln_holding asked;   /* what there was then */
    uint64_t asked_at;  /* and how many allocations */
    /* Where what ln_arena_follow() was given lies from here; else where flag_seen itself does, which is never news. */
    ptrdiff_t flag;
    uint64_t turns; /* how often it was seen to have changed */
    uint8_t
        nursed[LN_CLASSES]; /* blocks of the class that came from the nursery; LN_NURSED_MAX: no more do */
    ln_span none;           /* stands for "no current span": never has a free block */
    uint32_t
        current[LN_CLASSES]; /* offset of the descriptor of the span new blocks come from, or of `none` */
    uint64_t partial_filled;
    uint64_t run_filled[2];
    uint64_t zone_filled[2];
};

_Static_assert(offsetof(struct ln_arena, used) == LN_IMAGE_START, "the image begins with the header");
_Static_assert(LN_CLASSES <= 64, "a bit for each class's list");

#define LN_ZONE_START ((sizeof(struct ln_arena) + LN_GRANULE - 1) & ~(LN_GRANULE - 1))

LN_INLINE bool ln_arena_is_own(const ln_arena *a) {
    return a->control.kind == LN_ARENA_OWN;
}

LN_INLINE bool ln_arena_is_sealed(const ln_arena *a) {
    return a->image_end != 0;
}

LN_INLINE size_t ln_arena_offset(const ln_arena *a, const void *p) {
    return (size_t)((const char *)p - (const char *)a);
}

LN_INLINE void *ln_arena_at(const ln_arena *a, size_t offset) {
    return (char *)(uintptr_t)a + offset;
}

LN_INLINE ln_span *ln_span_at(const ln_arena *a, size_t page) {
    return ln_arena_at(a, a->control.descriptors - page * sizeof(ln_span));
}

LN_INLINE uint32_t ln_span_offset(const ln_arena *a, const ln_span *d) {
    return (uint32_t)ln_arena_offset(a, d);
}

LN_INLINE uint32_t ln_span_page(const ln_arena *a, const ln_span *d) {
    return (uint32_t)((a->control.descriptors - ln_arena_offset(a, d)) / sizeof(ln_span));
}

LN_INLINE uint32_t ln_first_page(const ln_arena *a) {
    return (uint32_t)(a->control.pages >> LN_PAGE_SHIFT);
}

LN_INLINE size_t ln_round_up(size_t n, size_t unit) {
    return (n + unit - 1) & ~(unit - 1);
}

LN_INLINE size_t ln_pages_for(size_t n) {
    return (n + LN_PAGE - 1) >> LN_PAGE_SHIFT;
}

LN_INLINE unsigned ln_log2(size_t n) {
    return 63u - (unsigned)__builtin_clzll((unsigned long long)n);
}

/* 1 <= n <= LN_SMALL_MAX */
LN_INLINE unsigned ln_class_of(size_t n) {
    if (LN_LIKELY(n <= LN_FINE_MAX)) {
        return (unsigned)((n + LN_GRANULE - 1) / LN_GRANULE);
    }
    unsigned log = ln_log2(n - 1);
    return LN_FINE_CLASSES + 1 + (log - 7) * 4 + (unsigned)(((n - 1) >> (log - 2)) & 3);
}

LN_INLINE size_t ln_class_size(unsigned class) {
    if (class <= LN_FINE_CLASSES) {
        return class * LN_GRANULE;
    }
    unsigned step = class - LN_FINE_CLASSES - 1;
    return (size_t)(5 + (step & 3)) << (5 + (step >> 2));
}

LN_INLINE uint32_t ln_class_pages(unsigned class) {
    return ln_class_size(class) <= LN_NARROW_MAX ? 1 : LN_WIDE_PAGES;
}

LN_INLINE void ln_stats_grow(ln_arena *a, size_t n) {
    a->used += n;
    if (a->used > a->peak) {
        a->peak = a->used;
    }
}

/* For each block, so without a branch. */
LN_INLINE void ln_flag_look(ln_arena *a) {
    uint8_t now = *((const uint8_t *)a + a->flag);
    a->turns += now != a->flag_seen;
    a->flag_seen = now;
}

/* From here on nothing is followed. */
LN_INLINE void ln_flag_drop(ln_arena *a) {
    a->flag = offsetof(struct ln_arena, flag_seen);
    a->turns = 0;
}

/* --- bitmaps of filled bins: find the first filled one at or above `from` ------------------------------------ */

LN_INLINE unsigned ln_bins_next(const uint64_t filled[2], unsigned from) {
    if (from < 64) {
        uint64_t low = filled[0] >> from;
        if (low != 0) {
            return from + (unsigned)__builtin_ctzll(low);
        }
        from = 64;
    }
    uint64_t high = from < 128 ? filled[1] >> (from - 64) : 0;
    return high != 0 ? from + (unsigned)__builtin_ctzll(high) : 128;
}

LN_INLINE void ln_bins_set(uint64_t filled[2], unsigned bin) {
    filled[bin / 64] |= UINT64_C(1) << bin % 64;
}

LN_INLINE void ln_bins_clear(uint64_t filled[2], unsigned bin) {
    filled[bin / 64] &= ~(UINT64_C(1) << bin % 64);
}

LN_INLINE uint32_t ln_partial(const ln_arena *a, unsigned class) {
    return (a->partial_filled >> class & 1) != 0 ? a->lists.partial[class] : 0;
}

LN_INLINE void ln_partial_set(ln_arena *a, unsigned class, uint32_t page) {
    uint64_t bit = UINT64_C(1) << class;
    a->lists.partial[class] = page;
    a->partial_filled = page != 0 ? a->partial_filled | bit : a->partial_filled & ~bit;
}

LN_INLINE uint32_t ln_run_first(const ln_arena *a, unsigned bin) {
    return (a->run_filled[bin / 64] >> bin % 64 & 1) != 0 ? a->lists.runs[bin] : 0;
}

/* --- arena.c ------------------------------------------------------------------------------------------------ */

/* Brings what is committed back under what is allowed, as far as it is unused, and records what cannot be. */
void ln_arena_settle(ln_arena *a);

/* A request cannot be met: has whoever hears of it freed something, so that it is worth another try? */
LN_INLINE bool ln_arena_ask(const ln_arena *a, const void *caller) {
    const ln_arena_owner *owner = a->control.owner;
    return owner != NULL && owner->on_refusal != NULL && owner->on_refusal(a->control.owner_ud, caller);
}

/* --- refusal.c: what is asked again after a refusal ---------------------------------------------------------- */

enum {
    LN_POOR_SHARE =
        64,           /* a collection that gives back less than this part, of bytes and of blocks, is poor */
    LN_POOR_MOST = 4, /* so many in a row are borne */
};

/* Notes that this request is refused (`block` NULL: for a new one; `n` 0: not to be known again). Answers NULL. */
void *ln_refuse(ln_arena *a, const void *block, size_t n) LN_COLD;

/* What is in use now. Walks over the descriptors of all pages. */
ln_holding ln_holding_of(const ln_arena *a) LN_COLD;

/* Whether what was given back since was not worth a collection. */
bool ln_refusal_was_poor(ln_arena *a, const ln_holding *before) LN_COLD;

/* To be asked where asked_size is not 0. Whether this is the request that was refused last, after a collection that was
 * poor; it is not known again. */
bool ln_refusal_asks_again(ln_arena *a, const void *block, size_t n) LN_COLD;

/* --- pages.c: commit, limit, runs of pages ------------------------------------------------------------------ */

/* Bytes committed, the reserve's included. */
size_t ln_pages_committed(const ln_arena *a);

/* Bytes that may be committed now: the limit, and the reserve while it is lent. */
size_t ln_pages_allowed(const ln_arena *a);

/* Derives from what is allowed how far pages may be committed; to be called whenever that changes. */
void ln_pages_update(ln_arena *a);

/* Has the system commit what is said to be committed; nothing happens where it is. False: it refuses. */
bool ln_pages_confirm(ln_arena *a);

/* Commits pages and descriptors up to at least page number `end`, and some more where `ahead`. */
bool ln_pages_commit(ln_arena *a, size_t end, bool ahead);

/* Gives back what is committed but unused above `keep` bytes in all. */
void ln_pages_trim(ln_arena *a, size_t keep);

/* Number of the first of `pages` contiguous pages, or 0. Their descriptors hold garbage. */
uint32_t ln_run_take(ln_arena *a, uint32_t pages);
void ln_run_free(ln_arena *a, uint32_t page, uint32_t pages);

/* Lengthens a run in place if what follows is free. */
bool ln_run_extend(ln_arena *a, uint32_t page, uint32_t pages, uint32_t more);
unsigned ln_run_bin(uint32_t pages);

/* --- image.c ------------------------------------------------------------------------------------------------ */

/* Offset at which the image ends in an arena. */
size_t ln_image_end(const ln_image *image);

/* Copies a stretch of the image, given by offsets in the arena, with its addresses moved. */
void ln_image_copy(const ln_image *image, ln_arena *a, size_t from, size_t to);

/* The word at an offset (in words, from LN_IMAGE_START on) of an arena restored from the image. */
uint64_t ln_image_word(const ln_image *image, const ln_arena *a, size_t place);

/* --- zone.c: packed memory of the set-up ---------------------------------------------------------------------- */

void ln_zone_open(ln_arena *a);
/* Sizes are multiples of LN_GRANULE; offsets, 0: no room. */
uint32_t ln_zone_take(ln_arena *a, size_t size);
/* The same, but only where the zone has not been yet. */
uint32_t ln_zone_take_topmost(ln_arena *a, size_t size);
void ln_zone_free(ln_arena *a, uint32_t offset, size_t size);
bool ln_zone_extend(ln_arena *a, uint32_t offset, size_t size, size_t more);
/* Commits the zone up to that offset. False: the limit or the system does not allow it. */
bool ln_zone_cover(ln_arena *a, size_t end);

/* Zeroes free memory, which is given up, and ends the zone's growth. False: no room for the map. */
bool ln_zone_seal(ln_arena *a);
unsigned ln_zone_bin(size_t size);

/* Zeroes the nursery, of which nothing is in use. */
void ln_zone_wipe_nursery(ln_arena *a);
/* Bytes at the start of the map that tell of the zone; 0: there is no map, for nothing is free. */
size_t ln_zone_map_size(const ln_arena *a);
bool ln_zone_check(const ln_arena *a, char *why, size_t size);

/* --- spans.c: everything the two fast paths in arena.c leave over ---------------------------------------------- */

void ln_spans_open(ln_arena *a);
/* A block, not yet counted in the statistics; NULL: there is no room. */
void *ln_spans_obtain(ln_arena *a, size_t n);
void ln_spans_release(ln_arena *a, ln_span *d, void *block);
void ln_spans_emptied(ln_arena *a, ln_span *d);
/* Makes a large block (a run of pages) as long as `nsize` asks for, in place; never fails where it shrinks. */
bool ln_spans_fit_run(ln_arena *a, ln_span *d, size_t nsize);
/* Puts every current span into its class's list, so that the next request of each class comes to spans.c. */
void ln_spans_park(ln_arena *a);
/* The same of one class. */
void ln_spans_park_class(ln_arena *a, unsigned class);
/* Counts a request for an injected failure. True: refuse it. */
bool ln_fault_due(ln_arena *a);

/* --- bridge.c: the host's allocator ------------------------------------------------------------------------------ */

lunette_status ln_bridge_open(const ln_arena_config *config, ln_arena **arena);
void ln_bridge_close(ln_arena *a);
void *ln_bridge_realloc(void *ud, void *block, size_t osize, size_t nsize);
void ln_bridge_discard_all(ln_arena *a);
size_t ln_bridge_committed(const ln_arena *a);
size_t ln_bridge_blocks(const ln_arena *a);
bool ln_bridge_owns(const ln_arena *a, const void *p);
bool ln_bridge_check(const ln_arena *a, char *why, size_t size);

#endif
