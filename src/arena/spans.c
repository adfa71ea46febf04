/* Spans: pages cut into blocks of one size class. This file is what the two short paths in arena.c leave over:
 * finding a span with room, opening new ones, giving empty ones back; and blocks that are page runs.
 *
 * A span is in one of three states. New blocks come from the CURRENT one of the class. One that has no free block
 * left is FULL and in no list; the first block freed in it makes it LISTED. A listed span whose last block is
 * freed gives its pages back at once; the current one stays, so that a program that allocates and frees one block
 * in turn does not open and close a span each time. Empty current spans are given back before a request is
 * refused.
 * Blocks are linked into the free list a few at a time, in ascending order: memory that no one asked for is not
 * touched, and the next blocks lie next to each other. Where in a span that begins differs from page to page:
 * otherwise the few blocks that a small script has of each class would all lie at the start of some page, and
 * contend for the same sets of the caches (and processors that compare only the lower 12 bits of the addresses of
 * loads and stores in flight would take one for the other: a fifth of the run time in one program). */
#include "arena/layout.h"

/* Bytes of a span that are linked into its free list at once. */
#define STRETCH ((size_t)1024)

/* Lines of a page, and a step that visits them all, far from those just before. */
#define LINE      ((size_t)64)
#define LINES     (LN_PAGE / LINE)
#define LINE_STEP 39

static char *span_start(const ln_arena *a, const ln_span *d) {
    return ln_arena_at(a, (size_t)ln_span_page(a, d) << LN_PAGE_SHIFT);
}

/* Links the next blocks that were never handed out. False: there are none. */
static bool link_more(const ln_arena *a, ln_span *d) {
    if (d->linked == d->capacity) {
        return false;
    }
    size_t size = ln_class_size(d->class);
    unsigned at = (unsigned)d->first + d->linked;
    at -= at >= d->capacity ? d->capacity : 0;
    unsigned end = at < d->first ? d->first : d->capacity;
    char *block = span_start(a, d) + at * size;
    d->free = block;
    d->linked++;
    for (size_t bytes = 2 * size; ++at < end && bytes <= STRETCH; bytes += size) {
        char *next = block + size;
        *(void **)block = next;
        block = next;
        d->linked++;
    }
    *(void **)block = NULL;
    return true;
}

static void list(ln_arena *a, ln_span *d) {
    uint32_t page = ln_span_page(a, d);
    uint32_t next = ln_partial(a, d->class);
    d->kind = LN_SPAN_LISTED;
    d->prev = 0;
    d->next = next;
    if (next != 0) {
        ln_span_at(a, next)->prev = page;
    }
    ln_partial_set(a, d->class, page);
}

static void unlist(ln_arena *a, ln_span *d) {
    if (d->next != 0) {
        ln_span_at(a, d->next)->prev = d->prev;
    }
    if (d->prev != 0) {
        ln_span_at(a, d->prev)->next = d->next;
    } else {
        ln_partial_set(a, d->class, d->next);
    }
}

static void make_current(ln_arena *a, ln_span *d) {
    d->kind = LN_SPAN_CURRENT;
    a->current[d->class] = ln_span_offset(a, d);
}

static void park(ln_arena *a, unsigned class) {
    ln_span *d = ln_arena_at(a, a->current[class]);
    if (d == &a->none) {
        return;
    }
    a->current[class] = (uint32_t)ln_arena_offset(a, &a->none);
    if (d->used == 0) {
        ln_run_free(a, ln_span_page(a, d), d->pages);
    } else if (d->free != NULL || link_more(a, d)) {
        list(a, d);
    } else {
        d->kind = LN_SPAN_FULL;
    }
}

void ln_spans_park_class(ln_arena *a, unsigned class) {
    park(a, class);
}

void ln_spans_park(ln_arena *a) {
    for (unsigned class = 1; class < LN_CLASSES; class ++) {
        park(a, class);
    }
}

static bool flush_empty(ln_arena *a) {
    bool any = false;
    for (unsigned class = 1; class < LN_CLASSES; class ++) {
        const ln_span *d = ln_arena_at(a, a->current[class]);
        if (d != &a->none && d->used == 0) {
            park(a, class);
            any = true;
        }
    }
    return any;
}

void ln_spans_open(ln_arena *a) {
    for (unsigned class = 0; class < LN_CLASSES; class ++) {
        a->current[class] = (uint32_t)ln_arena_offset(a, &a->none);
    }
}

static ln_span *open_span(ln_arena *a, unsigned class) {
    uint32_t pages = ln_class_pages(class);
    uint32_t page = ln_run_take(a, pages);
    if (page == 0) {
        return NULL;
    }
    size_t size = ln_class_size(class);
    size_t capacity = pages * LN_PAGE / size;
    ln_span d = {
        .kind = LN_SPAN_CURRENT,
        .class = (uint8_t) class,
        .pages = pages,
        .capacity = (uint16_t)capacity,
        .first = (uint16_t)((size_t)page * LINE_STEP % LINES * LINE / size % capacity),
    };
    for (uint32_t i = 0; i < pages; i++) {
        d.lead = (uint8_t)i;
        *ln_span_at(a, page + i) = d;
    }
    return ln_span_at(a, page);
}

/* Makes a listed span the current one. The one before it is full. */
static ln_span *next_listed(ln_arena *a, unsigned class) {
    ln_span *d = ln_arena_at(a, a->current[class]);
    if (d != &a->none) {
        d->kind = LN_SPAN_FULL;
        a->current[class] = (uint32_t)ln_arena_offset(a, &a->none);
    }
    uint32_t page = ln_partial(a, class);
    if (page == 0) {
        return NULL;
    }
    d = ln_span_at(a, page);
    unlist(a, d);
    make_current(a, d);
    return d;
}

/* From a span that is not full. */
static void *pop(ln_arena *a, ln_span *d) {
    if (d->free == NULL) {
        (void)link_more(a, d);
    }
    void *block = d->free;
    d->free = *(void **)block; /* NOLINT(clang-analyzer-core.NullDereference) */
    d->used++;
    return block;
}

static void *obtain_in_zone(ln_arena *a, size_t n) {
    uint32_t block = ln_zone_take(a, ln_round_up(n, LN_GRANULE));
    return block != 0 ? ln_arena_at(a, block) : NULL;
}

/* In turn: the current span, a listed one, a new one. With the first span of a class its blocks come from the nursery no
 * more (arena.c). */
static void *obtain_small(ln_arena *a, size_t n) {
    unsigned class = ln_class_of(n);
    ln_span *d = ln_arena_at(a, a->current[class]);
    if (d == &a->none || (d->free == NULL && !link_more(a, d))) {
        d = next_listed(a, class);
    }
    if (d != NULL) {
        return pop(a, d);
    }
    d = open_span(a, class);
    if (d == NULL) {
        return NULL;
    }
    a->nursed[class] = LN_NURSED_MAX;
    make_current(a, d);
    return pop(a, d);
}

static void *obtain_run(ln_arena *a, size_t n) {
    size_t pages = ln_pages_for(n);
    uint32_t page = ln_run_take(a, (uint32_t)pages);
    if (page == 0) {
        return NULL;
    }
    ln_span_at(a, page + (uint32_t)pages - 1)->kind = LN_RUN_LARGE;
    *ln_span_at(a, page) = (ln_span){.kind = LN_RUN_LARGE, .pages = (uint32_t)pages};
    return ln_arena_at(a, (size_t)page << LN_PAGE_SHIFT);
}

static void *obtain_in_pages(ln_arena *a, size_t n) {
    return n <= LN_SMALL_MAX ? obtain_small(a, n) : obtain_run(a, n);
}

static void *obtain_topmost(ln_arena *a, size_t n) {
    uint32_t block = ln_zone_take_topmost(a, ln_round_up(n, LN_GRANULE));
    return block != 0 ? ln_arena_at(a, block) : NULL;
}

void *ln_spans_obtain(ln_arena *a, size_t n) {
    if (!ln_arena_is_sealed(a)) {
        return obtain_in_zone(a, n);
    }
    void *block = LN_UNLIKELY(a->control.gathers) ? obtain_topmost(a, n) : NULL;
    if (block == NULL) {
        block = obtain_in_pages(a, n);
    }
    if (block == NULL && flush_empty(a)) {
        block = obtain_in_pages(a, n);
    }
    if (block == NULL) {
        block = obtain_in_zone(a, n);
    }
    if (a->control.fail_in != 0) {
        ln_spans_park(a);
    }
    return block;
}

void ln_spans_emptied(ln_arena *a, ln_span *d) {
    if (d->kind == LN_SPAN_LISTED) {
        unlist(a, d);
        ln_run_free(a, ln_span_page(a, d), d->pages);
    }
}

void ln_spans_release(ln_arena *a, ln_span *d, void *block) {
    if (d->kind == LN_RUN_LARGE) {
        ln_run_free(a, ln_span_page(a, d), d->pages);
        return;
    }
    if (d->kind == LN_SPAN_FULL) {
        list(a, d);
    }
    *(void **)block = d->free;
    d->free = block;
    d->used--;
    if (d->used == 0) {
        ln_spans_emptied(a, d);
    }
}

bool ln_spans_fit_run(ln_arena *a, ln_span *d, size_t nsize) {
    uint32_t page = ln_span_page(a, d);
    uint32_t have = d->pages;
    size_t want = ln_pages_for(nsize);
    if (want == have) {
        return true;
    }
    if (want > have && (want >= LN_RESERVATION_MAX >> LN_PAGE_SHIFT ||
                        !ln_run_extend(a, page, have, (uint32_t)want - have))) {
        return false;
    }
    ln_span_at(a, page + (uint32_t)want - 1)->kind = LN_RUN_LARGE;
    d->pages = (uint32_t)want;
    if (want < have) {
        ln_run_free(a, page + (uint32_t)want, have - (uint32_t)want);
    }
    return true;
}

bool ln_fault_due(ln_arena *a) {
    ln_control *c = &a->control;
    if (c->fail_in == 0 || --c->fail_in > 0) {
        return false;
    }
    c->fail_in = c->fail_forever ? 1 : 0;
    return true;
}
