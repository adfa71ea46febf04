/* Snapshots: a copy of all that is in use of a sealed arena, and the way back to it.
 *
 * An image is what an arena began with; a snapshot is what it has become. So it holds what an image can leave out: the heads
 * of lists, and of the pages those below page_top, with their descriptors, which lie right below them in one stretch.
 *
 *   | control | lists | header | zone, map, nursery | (free) | <- descriptors | pages -> | (free) |
 *             |<------------- lower --------------->|        |<------- upper -------->|
 *
 * Everything above zone_top and page_top is reachable only through the header (arena.c), so nothing else needs to be kept, and
 * whatever is there when the snapshot is put back may stay. The control words say what the system has given and what is
 * allowed, which is true whatever is in the arena: they are not part of it. Putting back reads nothing but them and the
 * snapshot, so that it may follow a kill at any instruction.
 *
 * It is put back into the arena that it was taken from, at the same place: no address is moved. Pages that the system watches
 * (dirty.c) are written to as a script writes to them, so they count as different from the image. */
#include <stdlib.h>
#include <string.h>

#include "arena/layout.h"
#include "base/memcheck.h"

struct ln_snapshot {
    size_t size; /* this struct and all behind it */
    uint32_t zone_top;
    uint32_t page_top;
    char bytes[]; /* lower, then upper */
};

static size_t lower_size(uint32_t zone_top) {
    return zone_top - LN_CONTROL_SIZE;
}

/* Where the topmost page's descriptor is; of no pages, where the first page is. */
static size_t upper_start(const ln_arena *a, uint32_t page_top) {
    return a->control.pages - (page_top - ln_first_page(a)) * sizeof(ln_span);
}

static size_t upper_size(const ln_arena *a, uint32_t page_top) {
    return (page_top - ln_first_page(a)) * (LN_PAGE + sizeof(ln_span));
}

size_t ln_snapshot_need(const ln_arena *a) {
    if (!ln_arena_is_own(a) || !ln_arena_is_sealed(a)) {
        return 0;
    }
    return sizeof(ln_snapshot) + lower_size(a->zone_top) + upper_size(a, a->page_top);
}

lunette_status ln_snapshot_take(const ln_arena *a, ln_snapshot **snapshot) {
    size_t size = ln_snapshot_need(a);
    *snapshot = NULL;
    if (size == 0) {
        return ln_arena_is_own(a) ? LUNETTE_WRONG_STATE : LUNETTE_UNSUPPORTED;
    }
    ln_snapshot *taken = malloc(size);
    if (taken == NULL) {
        return LUNETTE_NO_MEMORY;
    }
    *taken = (ln_snapshot){.size = size, .zone_top = a->zone_top, .page_top = a->page_top};
    size_t lower = lower_size(a->zone_top);
    ln_memcheck_report(false); /* freed blocks as well */
    memcpy(taken->bytes, ln_arena_at(a, LN_CONTROL_SIZE), lower);
    memcpy(taken->bytes + lower, ln_arena_at(a, upper_start(a, a->page_top)), upper_size(a, a->page_top));
    ln_memcheck_report(true);
    *snapshot = taken;
    return LUNETTE_OK;
}

bool ln_snapshot_fit(const ln_snapshot *snapshot, ln_arena *a) {
    return snapshot->zone_top <= a->control.zone_committed && ln_pages_commit(a, snapshot->page_top, false);
}

/* In use is what the snapshot says. Which of the blocks in there are free is not known to memcheck from here on. */
static void mark(const ln_snapshot *snapshot, const ln_arena *a) {
    const ln_control *c = &a->control;
    size_t upper_end = (size_t)snapshot->page_top << LN_PAGE_SHIFT;
    ln_memcheck_defined(ln_arena_at(a, LN_CONTROL_SIZE), lower_size(snapshot->zone_top));
    ln_memcheck_off(ln_arena_at(a, snapshot->zone_top), c->zone_committed - snapshot->zone_top);
    ln_memcheck_defined(ln_arena_at(a, upper_start(a, snapshot->page_top)),
                        upper_size(a, snapshot->page_top));
    ln_memcheck_off(ln_arena_at(a, upper_end), (size_t)(c->page_committed - snapshot->page_top)
                                                   << LN_PAGE_SHIFT);
}

void ln_snapshot_restore(const ln_snapshot *snapshot, ln_arena *a) {
    size_t lower = lower_size(snapshot->zone_top);
    mark(snapshot, a);
    ln_memcheck_report(false);
    memcpy(ln_arena_at(a, LN_CONTROL_SIZE), snapshot->bytes, lower);
    memcpy(ln_arena_at(a, upper_start(a, snapshot->page_top)), snapshot->bytes + lower,
           upper_size(a, snapshot->page_top));
    ln_memcheck_defined(a, sizeof *a);
    if (a->control.fail_in != 0) {
        ln_spans_park(a);
    }
    if (a->control.lent || a->control.over) {
        a->control.lent = false;
        ln_arena_settle(a);
    }
    ln_memcheck_report(true);
}

size_t ln_snapshot_size(const ln_snapshot *snapshot) {
    return snapshot->size;
}

void ln_snapshot_close(ln_snapshot **snapshot) {
    free(*snapshot);
    *snapshot = NULL;
}
