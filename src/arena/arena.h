/* The arena: the memory of one context. This is the contract; the allocator's argument is in arena.c, the
 * image's in image.c.
 *
 * An arena stands on one of two bases:
 *   - its own reservation: one stretch of address space, committed from the bottom as it grows. The ln_arena
 *     pointer is the first byte of it. It can be sealed and copied into an image, and reset from there.
 *   - the host's allocator: each block comes from a function of the host, tracked here, under the same limit
 *     and with the same statistics, but without images.
 *
 * An own reservation has two phases. During set-up every block is packed into the zone, for the image to be
 * small and in one piece. ln_image_take() (or ln_arena_seal(), for a context that wants no image) ends the
 * set-up: from then on the zone grows no more than a few KiB, and blocks come from size classes and page runs,
 * which is what is fast. So seal before anything long runs.
 *
 * Used by one thread at a time. No function here allocates from anywhere but the arena unless it says so, and
 * none is interrupted by anything but a kill, after which only ln_image_restore(), ln_snapshot_restore(),
 * ln_arena_discard_all() and ln_arena_close() may be called. */
#ifndef LN_ARENA_ARENA_H
#define LN_ARENA_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/status.h"

typedef struct ln_arena ln_arena;
typedef struct ln_image ln_image;

/* Lua's own allocator signature: `nsize` 0 frees; `ptr` NULL allocates (osize is then a tag, not a size). */
typedef void *(*ln_allocator)(void *ud, void *ptr, size_t osize, size_t nsize);

#define LN_ARENA_LIMIT_MIN ((size_t)32 << 10) /* less holds no state of any language */
#define LN_ARENA_LIMIT_MAX ((size_t)48 << 30)

/* Whose blocks they are. These are called in the middle of a request, and must not make one; each may be NULL. */
typedef struct ln_arena_owner {
    /* A request cannot be met, which came from `caller` in the code. True: some was freed, it is to be tried once more. */
    bool (*on_refusal)(void *ud, const void *caller);
    /* Own arenas, sealed: for the first time since the seal or the reset, so many quarters of the limit are taken, 1 to 3. One
     * may be left out where more are taken at once. */
    void (*on_growth)(void *ud, unsigned quarters);
} ln_arena_owner;

typedef struct ln_arena_config {
    size_t limit;      /* bytes that may be committed; 0: as many as the reservation holds */
    size_t reserve;    /* bytes beyond the limit that ln_arena_open_reserve() lends; 0: none */
    ln_allocator host; /* NULL: an own reservation; else every block comes from here */
    void *host_ud;
    /* Called before and after each call of `host`; NULL: nothing. A run may be killed in host_leave(): by then
     * nothing is half done. */
    void (*host_enter)(void *section_ud);
    void (*host_leave)(void *section_ud);
    void *section_ud;
    const ln_arena_owner *owner; /* static; NULL: nobody is told anything */
    void *owner_ud;
} ln_arena_config;

typedef struct ln_arena_stats {
    size_t used;          /* bytes in live blocks, as the program asked for them */
    size_t peak;          /* highest `used` since the last reset, the image's own included */
    size_t committed;     /* bytes taken from the system and counted against the limit; never above it */
    size_t lent;          /* bytes beyond the limit: out of the reserve, or in use since a higher limit */
    size_t limit;         /* the limit in force; on the host's allocator without one close to SIZE_MAX */
    uint64_t allocations; /* blocks handed out (not counting resizes in place) since the last reset */
    uint64_t failures;    /* requests refused since the last reset */
    uint64_t turns;       /* of what ln_arena_follow() was given, since the last reset */
    bool reserved;        /* true: own reservation; false: host's allocator */
    bool sealed;          /* the set-up is over */
    bool shares_images;   /* true: 4 GiB reservation at a multiple of 4 GiB */
} ln_arena_stats;

/* Opens an arena. INVALID_ARGUMENT: a limit out of range; NO_MEMORY: not even a reservation that just holds the
 * limit can be had (or the host's allocator refused). The caller owns the arena. */
lunette_status ln_arena_open(const ln_arena_config *config, ln_arena **arena);

/* Gives everything back and nulls the pointer. Blocks need not be freed before. NULL is allowed. */
void ln_arena_close(ln_arena **arena);

/* The function that serves `arena`, to be given the ln_arena pointer as `ud`. Blocks are aligned to 8 bytes.
 * A request that does not grow a block never fails and never moves it. */
ln_allocator ln_arena_allocator(const ln_arena *arena);

/* Ends the set-up of an own reservation; ln_image_take() does it as well. Nothing happens the second time.
 * NO_MEMORY: the limit does not allow the bookkeeping of the second phase; the arena is as before. */
lunette_status ln_arena_seal(ln_arena *arena);

/* Changes the limit, between runs; 0: as much as the reservation holds. What is unused above it goes back to
 * the system; what is in use stays, and requests are refused until they fit. Returns the limit in force, which
 * is lower than asked for only where the reservation is smaller. */
size_t ln_arena_set_limit(ln_arena *arena, size_t limit);

/* Lends the reserve to what runs now, or takes it back; nothing happens if it is lent (or not) already. */
void ln_arena_open_reserve(ln_arena *arena);
void ln_arena_close_reserve(ln_arena *arena);

void ln_arena_stats_get(const ln_arena *arena, ln_arena_stats *stats);

/* Has the statistics begin here, as they do with a reset. ln_image_take() does it as well. */
void ln_arena_begin_counting(ln_arena *arena);

/* What is counted up, since the last reset: as in the statistics, and sooner had. */
typedef struct ln_arena_counts {
    uint64_t allocations;
    uint64_t turns;
} ln_arena_counts;

ln_arena_counts ln_arena_counted(const ln_arena *arena);

/* Bytes in live blocks: of the statistics, what is wanted often. */
size_t ln_arena_used(const ln_arena *arena);

/* Counts from here on how often the byte at `flag`, in a block of the arena, becomes another: each time that a block is
 * handed out, before anybody can write to that, and when ln_arena_look() is called. So of two changes between which
 * neither happens nothing is seen. An image keeps the byte's place, for the arenas that are spawned from it as well. The
 * block must not be freed while any is handed out or looked at. NULL, or a byte of no block: nothing is counted. */
void ln_arena_follow(ln_arena *arena, const void *flag);
void ln_arena_look(ln_arena *arena);

/* Was a request refused since the last ln_arena_clear_refused() or reset? */
bool ln_arena_refused(const ln_arena *arena);
void ln_arena_clear_refused(ln_arena *arena);

/* Gives back memory that is committed but not in use, as far as more than `keep` bytes are committed. Own
 * reservation only (elsewhere there is nothing to give back). Meant for right after a reset. */
void ln_arena_trim(ln_arena *arena, size_t keep);

/* Host's allocator only: frees every block that was handed out, without regard to what they hold. */
void ln_arena_discard_all(ln_arena *arena);

/* Does `p` point into the arena's memory? Host's allocator: into any block handed out (walks all of them). */
bool ln_arena_owns(const ln_arena *arena, const void *p);

/* The whole reservation; size 0 on the host's allocator. */
void ln_arena_range(const ln_arena *arena, void **start, size_t *size);

/* Verifies every invariant of the allocator; false with a sentence in `why` at the first that does not hold.
 * For tests: takes time in proportion to all memory in use. */
bool ln_arena_check(const ln_arena *arena, char *why, size_t size);

/* The arena's own words (limit, extent, callbacks) lie in it, in reach of a VM whose memory is corrupt, and a reset leaves
 * them alone. So whoever owns the arena keeps a copy of them elsewhere. */
typedef struct ln_arena_shadow {
    uint64_t words[16];
} ln_arena_shadow;

/* Copies them, whenever the owner has changed them: after a spawn, a restore, a trim, a new limit. */
void ln_arena_remember(const ln_arena *arena, ln_arena_shadow *shadow);

/* Before a restore: are they as they were, but for what a run may change, and is that true? Then the copy is brought up
 * to date. Else they are overwritten with the copy, so that the arena can be closed; nothing else is to be done
 * with it. Own reservation only. */
bool ln_arena_intact(ln_arena *arena, ln_arena_shadow *shadow);

/* For tests: the nth request for new memory from now is refused (n = 1: the next), and it alone; or it and all
 * that follow. 0: none. Outlives a reset. Costs nothing while it is off. */
void ln_arena_fail_after(ln_arena *arena, uint64_t n);
void ln_arena_fail_from(ln_arena *arena, uint64_t n);

/* Seals the arena and copies its state. Collect garbage before. UNSUPPORTED: on the host's allocator;
 * WRONG_STATE: since it was sealed, blocks were allocated that are still there, or blocks of the set-up freed; NO_MEMORY.
 * The image lies outside the arena, in read-only memory of its own; the caller owns it. */
lunette_status ln_image_take(ln_arena *arena, ln_image **image);

/* Makes the arena what it was when the image was taken from it, or last spawned into it, whatever happened since,
 * also after a kill at any point: limit, lent reserve (taken back), injected failures and committed memory apart. */
void ln_image_restore(const ln_image *image, ln_arena *arena);

/* Can the image serve other arenas than its own? So it is where both reservations are 4 GiB at a multiple of that. */
bool ln_image_shareable(const ln_image *image);

/* Makes any open arena, whatever is in it, a copy of the image, with the addresses moved. From then on the image is
 * the one to restore it from. UNSUPPORTED: the image or the arena cannot share; NO_MEMORY: the arena's limit is too
 * small for the image. The arena is then as before. */
lunette_status ln_image_spawn(const ln_image *image, ln_arena *arena);

/* How many words of the image hold an address of the arena. For tests. */
size_t ln_image_addresses(const ln_image *image);

/* Are all bytes that the image covers the same in the arena? Else the offset of the first that is not. */
bool ln_image_equals(const ln_image *image, const ln_arena *arena, size_t *first_difference);

size_t ln_image_size(const ln_image *image);

/* No two images ever have the same. */
uint64_t ln_image_number(const ln_image *image);
void ln_image_close(ln_image **image);

typedef struct ln_patch ln_patch;

/* While on, blocks of every size come from the nursery as long as it has room; what it holds then was written since.
 * For an arena that equals its image; to be off again before the next reset. */
void ln_arena_gather(ln_arena *arena, bool on);

/* Two arenas were restored from the same image, and the same work was done in both, with ln_arena_gather() on: what it
 * did, to be done to others. UNSUPPORTED: it did not come out the same, or took more than the nursery has; NO_MEMORY.
 * The caller owns the patch, which outlives arenas and image. */
lunette_status ln_patch_take(const ln_image *image, const ln_arena *first, const ln_arena *second,
                             ln_patch **patch);

/* Does that work to an arena that equals the image that the patch was taken by. False: there is no room, and nothing was
 * done. */
bool ln_patch_apply(const ln_patch *patch, ln_arena *arena);

size_t ln_patch_size(const ln_patch *patch);

/* Nulls the pointer. A pointer to NULL is allowed. */
void ln_patch_close(ln_patch **patch);

typedef struct ln_snapshot ln_snapshot;

/* Bytes that a snapshot would take; 0: none can be taken. */
size_t ln_snapshot_need(const ln_arena *arena);

/* Copies all that is in use of a sealed arena, with malloc(). UNSUPPORTED: on the host's allocator; WRONG_STATE: not sealed;
 * NO_MEMORY. The caller owns the snapshot, which serves this arena alone, as long as that is there. */
lunette_status ln_snapshot_take(const ln_arena *arena, ln_snapshot **snapshot);

/* Before a restore: takes from the system what it needs. False: the limit of today or the system does not allow it, and the
 * arena is as before. May follow a kill at any point. */
bool ln_snapshot_fit(const ln_snapshot *snapshot, ln_arena *arena);

/* Makes the arena, in which it fits, what it was when the snapshot was taken, whatever happened since, also after a kill at
 * any point: limit, lent reserve (taken back), injected failures and committed memory apart. As often as is wanted. */
void ln_snapshot_restore(const ln_snapshot *snapshot, ln_arena *arena);

/* What it takes, in bytes. */
size_t ln_snapshot_size(const ln_snapshot *snapshot);

/* Nulls the pointer. A pointer to NULL is allowed. */
void ln_snapshot_close(ln_snapshot **snapshot);

#endif
