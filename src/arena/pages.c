/* Pages: how much of the reservation is committed, and which runs of pages are free.
 *
 * Commit. Pages are committed from the first upwards, their descriptors from the same point downwards, so both
 * are one accessible stretch; in steps of half of what there is, since each costs a system call. What counts as
 * committed is the zone (control words and header included), the descriptors and the pages:
 *
 *     committed = zone_committed + round_up(n * sizeof(ln_span), grain) + n * LN_PAGE,   n pages
 *
 * and a step is never begun unless the sum stays within what is allowed. Nothing is updated until the system has
 * agreed, so being refused, or killed in the middle, changes nothing but pages that the next step commits again.
 *
 * Runs. A free run is in exactly one bin, by length; bins are exact up to seven pages, then four to a doubling,
 * with a bitmap of those that are filled: the two-level segregated fit of Masmano, Ripoll, Crespo and Real (TLSF,
 * 2004), so taking and freeing cost the same however many runs there are. Before a request is refused, the one
 * bin in which fitting and too short runs are mixed is searched to its end.
 * Free runs never touch each other, nor page_top: what is freed joins both neighbours, found through the
 * descriptors of the pages before and behind, and the topmost lowers page_top instead. */
#include "arena/layout.h"
#include "base/os.h"

/* The least step, in pages, and how far into a mixed bin a request looks for a fit while there are other ways. */
#define STEP_MIN 32
#define LOOKS    8

static size_t descriptor_bytes(const ln_arena *a, size_t pages) {
    return ln_round_up(pages * sizeof(ln_span), a->control.grain);
}

/* The most pages that fit `bytes` together with their descriptors. */
static size_t pages_within(const ln_arena *a, size_t bytes) {
    size_t grain = a->control.grain;
    size_t pages = bytes / (LN_PAGE + sizeof(ln_span)) * LN_PAGE / grain * grain / LN_PAGE;
    while (pages > 0 && pages * LN_PAGE + descriptor_bytes(a, pages) > bytes) {
        pages -= grain / LN_PAGE;
    }
    return pages;
}

size_t ln_pages_committed(const ln_arena *a) {
    size_t pages = a->control.page_committed - ln_first_page(a);
    return a->control.zone_committed + descriptor_bytes(a, pages) + pages * LN_PAGE;
}

size_t ln_pages_allowed(const ln_arena *a) {
    const ln_control *c = &a->control;
    return c->lent ? c->limit + c->reserve : c->limit;
}

static void set_ready(ln_control *c) {
    c->page_ready = c->page_committed < c->page_max ? c->page_committed : c->page_max;
}

static uint32_t page_end_within(const ln_arena *a, size_t bytes) {
    const ln_control *c = &a->control;
    size_t pages = bytes > c->zone_committed ? pages_within(a, bytes - c->zone_committed) : 0;
    size_t room = (c->reservation - c->pages) / LN_PAGE;
    return ln_first_page(a) + (uint32_t)(pages < room ? pages : room);
}

void ln_pages_update(ln_arena *a) {
    a->control.page_max = page_end_within(a, ln_pages_allowed(a));
    set_ready(&a->control);
}

/* An arena that has grown this far gets large pages from the system where it has them: they come to 3 to 8 % of
 * the run time of programs with some megabytes of small blocks. Only whole ones that are committed are ever used. Their price
 * is that the first touch of one is a long fault, which no deadline interrupts (docs/design.md, How late a kill is). */
#define LARGE_FROM ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

static void prefer_large_pages(ln_arena *a) {
    ln_control *c = &a->control;
    size_t from = ln_round_up(c->pages, LARGE_PAGE);
    c->large_pages = true;
    ln_os_prefer_large_pages(ln_arena_at(a, from), c->reservation - from);
}

static bool commit_up_to(ln_arena *a, size_t end) {
    ln_control *c = &a->control;
    size_t have = c->page_committed - ln_first_page(a);
    size_t want = end - ln_first_page(a);
    size_t have_descriptors = descriptor_bytes(a, have);
    size_t want_descriptors = descriptor_bytes(a, want);
    if (want_descriptors > have_descriptors &&
        !ln_os_commit(ln_arena_at(a, c->pages - want_descriptors), want_descriptors - have_descriptors)) {
        return false;
    }
    if (!ln_os_commit(ln_arena_at(a, c->pages + have * LN_PAGE), (want - have) * LN_PAGE)) {
        return false;
    }
    c->page_committed = (uint32_t)end;
    set_ready(c);
    if (!c->large_pages && want * LN_PAGE >= LARGE_FROM) {
        prefer_large_pages(a);
    }
    return true;
}

bool ln_pages_commit(ln_arena *a, size_t end, bool ahead) {
    ln_control *c = &a->control;
    if (end > c->page_max) {
        return false;
    }
    if (end <= c->page_committed) {
        return true;
    }
    end = ln_round_up(end, c->grain / LN_PAGE);
    if (ahead) {
        size_t step = (c->page_committed - ln_first_page(a)) / 2;
        size_t far = ln_round_up(c->page_committed + (step > STEP_MIN ? step : STEP_MIN), c->grain / LN_PAGE);
        far = far < c->page_max ? far : c->page_max;
        if (far > end && commit_up_to(a, far)) {
            return true;
        }
    }
    return commit_up_to(a, end);
}

bool ln_pages_confirm(ln_arena *a) {
    const ln_control *c = &a->control;
    size_t pages = c->page_committed - ln_first_page(a);
    size_t descriptors = descriptor_bytes(a, pages);
    return ln_os_commit(ln_arena_at(a, c->pages - descriptors), descriptors + pages * LN_PAGE);
}

void ln_pages_trim(ln_arena *a, size_t keep) {
    ln_control *c = &a->control;
    size_t end = page_end_within(a, keep);
    size_t top = ln_round_up(a->page_top, c->grain / LN_PAGE);
    end = end > top ? end : top;
    if (end >= c->page_committed) {
        return;
    }
    size_t have = c->page_committed - ln_first_page(a);
    size_t want = end - ln_first_page(a);
    size_t have_descriptors = descriptor_bytes(a, have);
    size_t want_descriptors = descriptor_bytes(a, want);
    c->page_committed = (uint32_t)end;
    set_ready(c);
    ln_os_decommit(ln_arena_at(a, c->pages + want * LN_PAGE), (have - want) * LN_PAGE);
    if (have_descriptors > want_descriptors) {
        ln_os_decommit(ln_arena_at(a, c->pages - have_descriptors), have_descriptors - want_descriptors);
    }
}

unsigned ln_run_bin(uint32_t pages) {
    if (pages < 4) {
        return pages;
    }
    unsigned log = ln_log2(pages);
    return (log - 2) * 4 + ((pages >> (log - 2)) & 3) + 4;
}

static void bin_run(ln_arena *a, uint32_t page, uint32_t pages) {
    unsigned bin = ln_run_bin(pages);
    ln_span *first = ln_span_at(a, page);
    ln_span *last = ln_span_at(a, page + pages - 1);
    uint32_t next = ln_run_first(a, bin);
    *last = (ln_span){.kind = LN_RUN_FREE, .pages = pages};
    *first = (ln_span){.kind = LN_RUN_FREE, .pages = pages, .next = next};
    if (next != 0) {
        ln_span_at(a, next)->prev = page;
    }
    a->lists.runs[bin] = page;
    ln_bins_set(a->run_filled, bin);
}

static void unbin_run(ln_arena *a, uint32_t page) {
    ln_span *d = ln_span_at(a, page);
    if (d->next != 0) {
        ln_span_at(a, d->next)->prev = d->prev;
    }
    if (d->prev != 0) {
        ln_span_at(a, d->prev)->next = d->next;
        return;
    }
    unsigned bin = ln_run_bin(d->pages);
    a->lists.runs[bin] = d->next;
    if (d->next == 0) {
        ln_bins_clear(a->run_filled, bin);
    }
}

/* A run of at least `pages` among the first `looks` of a bin that also holds shorter ones; 0: none. */
static uint32_t search_bin(const ln_arena *a, unsigned bin, uint32_t pages, uint32_t looks) {
    uint32_t page = ln_run_first(a, bin);
    while (page != 0 && looks > 0 && ln_span_at(a, page)->pages < pages) {
        page = ln_span_at(a, page)->next;
        looks--;
    }
    return looks > 0 ? page : 0;
}

static uint32_t cut_run(ln_arena *a, uint32_t page, uint32_t pages) {
    uint32_t length = ln_span_at(a, page)->pages;
    unbin_run(a, page);
    if (length > pages) {
        bin_run(a, page + pages, length - pages);
    }
    return page;
}

static uint32_t take_binned(ln_arena *a, uint32_t pages) {
    unsigned bin = ln_run_bin(pages);
    uint32_t page = search_bin(a, bin, pages, LOOKS);
    if (page == 0) {
        bin = ln_bins_next(a->run_filled, bin + 1);
        page = bin < LN_RUN_BINS ? a->lists.runs[bin] : 0;
    }
    return page != 0 ? cut_run(a, page, pages) : 0;
}

/* The pages up to `end` are taken, for the first time since the reset. The next to be told is where another quarter is. */
static LN_COLD void tell_growth(ln_arena *a, size_t end) {
    const ln_control *c = &a->control;
    unsigned quarters = 3;
    while (quarters > 0 && end < page_end_within(a, c->limit / 4 * quarters)) {
        quarters--;
    }
    a->page_told = quarters < 3 ? page_end_within(a, c->limit / 4 * (quarters + 1)) - 1 : UINT32_MAX;
    if (quarters > 0 && c->owner != NULL && c->owner->on_growth != NULL) {
        c->owner->on_growth(c->owner_ud, quarters);
    }
}

static uint32_t take_topmost(ln_arena *a, uint32_t pages) {
    size_t end = (size_t)a->page_top + pages;
    if (LN_UNLIKELY(end > a->control.page_ready) && !ln_pages_commit(a, end, true)) {
        return 0;
    }
    if (LN_UNLIKELY(end > a->page_told)) {
        tell_growth(a, end);
    }
    uint32_t page = a->page_top;
    a->page_top = (uint32_t)end;
    return page;
}

uint32_t ln_run_take(ln_arena *a, uint32_t pages) {
    uint32_t page = take_binned(a, pages);
    if (page == 0) {
        page = take_topmost(a, pages);
    }
    if (page == 0) {
        page = search_bin(a, ln_run_bin(pages), pages, UINT32_MAX);
        page = page != 0 ? cut_run(a, page, pages) : 0;
    }
    return page;
}

void ln_run_free(ln_arena *a, uint32_t page, uint32_t pages) {
    if (page > ln_first_page(a)) {
        const ln_span *before = ln_span_at(a, page - 1);
        if (before->kind == LN_RUN_FREE) {
            page -= before->pages;
            pages += before->pages;
            unbin_run(a, page);
        }
    }
    if (page + pages == a->page_top) {
        a->page_top = page;
        return;
    }
    uint32_t behind = page + pages;
    if (ln_span_at(a, behind)->kind == LN_RUN_FREE) {
        pages += ln_span_at(a, behind)->pages;
        unbin_run(a, behind);
    }
    bin_run(a, page, pages);
}

bool ln_run_extend(ln_arena *a, uint32_t page, uint32_t pages, uint32_t more) {
    uint32_t behind = page + pages;
    if (behind == a->page_top) {
        return take_topmost(a, more) != 0;
    }
    const ln_span *d = ln_span_at(a, behind);
    if (d->kind != LN_RUN_FREE || d->pages < more) {
        return false;
    }
    (void)cut_run(a, behind, more);
    return true;
}
