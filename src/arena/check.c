/* The invariants of a sealed or unsealed arena, re-derived from memory and compared with what the allocator keeps.
 *
 * It walks the pages from the first to page_top, from run to run. It must survive a broken arena, since that is
 * what it is for: nothing is followed before it is known to lie where such a thing may lie, and no list is walked
 * further than it can be long. */
#include "arena/layout.h"
#include "base/memcheck.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct checker {
    const ln_arena *a;
    char *why;
    size_t size;
    size_t live_bytes; /* in live blocks, rounded up to what they occupy */
    uint32_t runs;     /* free runs seen */
    uint32_t listed[LN_CLASSES];
    bool before_free; /* the run before was free */
} checker;

static bool fail(const checker *k, const char *format, ...) LN_PRINTF(2, 3);

static bool fail(const checker *k, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(k->why, k->size, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_head(const ln_arena *a, uint32_t page) {
    return page >= ln_first_page(a) && page < a->page_top;
}

/* --- spans -------------------------------------------------------------------------------------------------- */

static bool check_free_blocks(const checker *k, const ln_span *d, uint32_t page) {
    const char *start = ln_arena_at(k->a, (size_t)page << LN_PAGE_SHIFT);
    size_t size = ln_class_size(d->class);
    size_t count = 0;
    for (const void *block = d->free; block != NULL; block = *(void *const *)block) {
        size_t offset = (size_t)((const char *)block - start);
        size_t order = offset / size + (offset / size < d->first ? d->capacity : 0) - d->first;
        if (offset >= d->capacity * size || offset % size != 0 || order >= d->linked) {
            return fail(k, "span at page %u: free list leaves its blocks", page);
        }
        if (++count > d->linked) {
            return fail(k, "span at page %u: free list is endless", page);
        }
    }
    if (count + d->used != d->linked) {
        return fail(k, "span at page %u: %zu free and %u used are not %u", page, count, d->used, d->linked);
    }
    return true;
}

static bool check_span_state(checker *k, const ln_span *d, uint32_t page) {
    bool current = k->a->current[d->class] == ln_span_offset(k->a, d);
    bool exhausted = d->free == NULL && d->linked == d->capacity;
    if (current != (d->kind == LN_SPAN_CURRENT)) {
        return fail(k, "span at page %u: is and is not the current one", page);
    }
    if (d->kind == LN_SPAN_FULL && !exhausted) {
        return fail(k, "span at page %u: said to be full and is not", page);
    }
    if (d->kind == LN_SPAN_LISTED && (exhausted || d->free == NULL || d->used == 0)) {
        return fail(k, "span at page %u: listed, but full or empty", page);
    }
    k->listed[d->class] += d->kind == LN_SPAN_LISTED;
    return true;
}

static bool check_span(checker *k, const ln_span *d, uint32_t page) {
    if (d->class == 0 || d->class >= LN_CLASSES || d->pages != ln_class_pages(d->class) ||
        page + d->pages > k->a->page_top || d->capacity != d->pages * LN_PAGE / ln_class_size(d->class) ||
        d->first >= d->capacity || d->linked > d->capacity) {
        return fail(k, "span at page %u: impossible class, length or fill", page);
    }
    for (uint32_t i = 0; i < d->pages; i++) {
        const ln_span *of = ln_span_at(k->a, page + i);
        if (of->lead != i || of->class != d->class || of->kind == LN_RUN_FREE || of->kind == LN_RUN_LARGE) {
            return fail(k, "span at page %u: the descriptor of its page %u disagrees", page, i);
        }
    }
    k->live_bytes += d->used * ln_class_size(d->class);
    return check_free_blocks(k, d, page) && check_span_state(k, d, page);
}

static bool check_lists(const checker *k) {
    const ln_arena *a = k->a;
    for (unsigned class = 0; class < LN_CLASSES; class ++) {
        uint32_t prev = 0;
        uint32_t count = 0;
        for (uint32_t page = ln_partial(a, class); page != 0; page = ln_span_at(a, page)->next) {
            const ln_span *d = ln_span_at(a, page);
            if (!is_head(a, page) || d->prev != prev || d->kind != LN_SPAN_LISTED || d->class != class ||
                ++count > k->listed[class]) {
                return fail(k, "class %u: list is broken at page %u", class, page);
            }
            prev = page;
        }
        if (count != k->listed[class]) {
            return fail(k, "class %u: %u spans listed, %u in the list", class, k->listed[class], count);
        }
    }
    return true;
}

/* --- runs --------------------------------------------------------------------------------------------------- */

static bool check_run(checker *k, const ln_span *d, uint32_t page) {
    const ln_arena *a = k->a;
    bool is_free = d->kind == LN_RUN_FREE;
    if (d->pages == 0 || page + d->pages > a->page_top || d->lead != 0 || d->free != NULL) {
        return fail(k, "run at page %u: impossible length or lead", page);
    }
    const ln_span *last = ln_span_at(a, page + d->pages - 1);
    if (last->kind != d->kind || (is_free && last->pages != d->pages)) {
        return fail(k, "run at page %u: its last descriptor disagrees", page);
    }
    if (is_free && (k->before_free || page + d->pages == a->page_top)) {
        return fail(k, "run at page %u: free, and touches another or the top", page);
    }
    k->runs += is_free;
    k->live_bytes += is_free ? 0 : d->pages * LN_PAGE;
    return true;
}

static bool check_bins(const checker *k) {
    const ln_arena *a = k->a;
    uint32_t count = 0;
    for (unsigned bin = 0; bin < LN_RUN_BINS; bin++) {
        uint32_t prev = 0;
        for (uint32_t page = ln_run_first(a, bin); page != 0; page = ln_span_at(a, page)->next) {
            const ln_span *d = ln_span_at(a, page);
            if (!is_head(a, page) || d->prev != prev || d->kind != LN_RUN_FREE ||
                ln_run_bin(d->pages) != bin || ++count > k->runs) {
                return fail(k, "run bin %u is broken at page %u", bin, page);
            }
            prev = page;
        }
        if ((a->run_filled[bin / 64] >> bin % 64 & 1) != 0 && a->lists.runs[bin] == 0) {
            return fail(k, "run bin %u and its bitmap disagree", bin);
        }
    }
    return count == k->runs || fail(k, "%u free runs, %u in the bins", k->runs, count);
}

/* --- the whole ---------------------------------------------------------------------------------------------- */

static bool check_pages(checker *k) {
    const ln_arena *a = k->a;
    uint32_t page = ln_first_page(a);
    while (page < a->page_top) {
        const ln_span *d = ln_span_at(a, page);
        bool is_span = d->kind != LN_RUN_FREE && d->kind != LN_RUN_LARGE;
        if (is_span ? !check_span(k, d, page) : !check_run(k, d, page)) {
            return false;
        }
        k->before_free = d->kind == LN_RUN_FREE;
        page += d->pages;
    }
    return check_lists(k) && check_bins(k);
}

static bool check_current(const checker *k) {
    const ln_arena *a = k->a;
    if (a->none.free != NULL || a->none.used != 0) {
        return fail(k, "a block was put into the span that stands for none");
    }
    for (unsigned class = 1; class < LN_CLASSES; class ++) {
        const ln_span *d = ln_arena_at(a, a->current[class]);
        if (d != &a->none && (!is_head(a, ln_span_page(a, d)) || d->class != class)) {
            return fail(k, "class %u: the current span is none of its spans", class);
        }
    }
    return true;
}

static bool check_bounds(const checker *k) {
    const ln_arena *a = k->a;
    const ln_control *c = &a->control;
    size_t committed = ln_pages_committed(a);
    if (a->zone_top > c->zone_committed || c->zone_committed > c->zone_max ||
        a->page_top > c->page_committed) {
        return fail(k, "memory in use that is not committed");
    }
    if (committed > c->ceiling) {
        return fail(k, "%zu bytes committed, %zu allowed", committed, c->ceiling);
    }
    return a->used <= k->live_bytes || fail(k, "%zu bytes used, %zu in blocks", a->used, k->live_bytes);
}

static bool check_own(const ln_arena *a, char *why, size_t size) {
    checker k = {.a = a, .why = why, .size = size};
    if (!ln_zone_check(a, why, size)) {
        return false;
    }
    k.live_bytes = a->zone_top - LN_ZONE_START - a->zone_free;
    return check_current(&k) && (!ln_arena_is_sealed(a) || check_pages(&k)) && check_bounds(&k);
}

bool ln_arena_check(const ln_arena *a, char *why, size_t size) {
    if (!ln_arena_is_own(a)) {
        return ln_bridge_check(a, why, size);
    }
    ln_memcheck_report(false);
    bool sound = check_own(a, why, size);
    ln_memcheck_defined(&sound, sizeof sound);
    ln_memcheck_report(true);
    return sound;
}
