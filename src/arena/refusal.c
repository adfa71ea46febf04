/* Refusals, and what is asked again after one.
 *
 * Whoever owns the blocks collects its garbage when a request is refused, and asks once more: Lua does so for each single
 * block. A program that lives just below its limit would so pay for every few blocks with a walk over all that it has,
 * and get nothing done until its time is over. So a collection must be worth it: one that gave back less than a share of
 * the bytes in use, and of the blocks, which are what it costs, was poor; and after some poor ones in a row, with nothing but
 * what each gave back between them, the request that comes again is refused for good. (What the JVM calls exceeding the
 * overhead limit; but counted, so that the same program ends at the same point every time.)
 *
 * What always holds: a request that fits is refused only when it comes again, as the one that was refused last, and only
 * after LN_POOR_MOST others like it were served since a collection last gave back a LN_POOR_SHARE-th. Refusals that were
 * injected count for nothing. */
#include "arena/layout.h"

static size_t blocks_in_pages(const ln_arena *a) {
    size_t blocks = 0;
    uint32_t page = ln_first_page(a);
    while (page < a->page_top) {
        const ln_span *d = ln_span_at(a, page);
        if (d->kind == LN_RUN_LARGE) {
            blocks++;
        } else if (d->kind != LN_RUN_FREE) {
            blocks += d->used;
        }
        page += d->pages != 0 ? d->pages : 1; /* a corrupt one must not keep us */
    }
    return blocks;
}

ln_holding ln_holding_of(const ln_arena *a) {
    return (ln_holding){a->used, ln_arena_is_own(a) ? blocks_in_pages(a) : ln_bridge_blocks(a)};
}

static size_t place_of(const ln_arena *a, const void *block) {
    return block == NULL ? 0 : ln_arena_offset(a, block);
}

void *ln_refuse(ln_arena *a, const void *block, size_t n) {
    a->refused = true;
    a->failures++;
    a->asked_size = n;
    if (n == 0) {
        return NULL;
    }
    a->asked_block = place_of(a, block);
    a->asked = ln_holding_of(a);
    /* Who has asked so often since got more out of the last collection than it gave back, or others came between. */
    if (a->allocations - a->asked_at > a->asked.blocks / LN_POOR_SHARE) {
        a->poor = 0;
    }
    a->asked_at = a->allocations;
    return NULL;
}

static size_t given_back(size_t before, size_t now) {
    return before > now ? before - now : 0;
}

bool ln_refusal_was_poor(ln_arena *a, const ln_holding *before) {
    ln_holding now = ln_holding_of(a);
    bool poor = given_back(before->bytes, now.bytes) < before->bytes / LN_POOR_SHARE &&
                given_back(before->blocks, now.blocks) < before->blocks / LN_POOR_SHARE;
    if (!poor) {
        a->poor = 0;
    }
    return poor;
}

bool ln_refusal_asks_again(ln_arena *a, const void *block, size_t n) {
    bool again = a->asked_size == n && a->asked_block == place_of(a, block);
    a->asked_size = 0;
    return again && ln_refusal_was_poor(a, &a->asked);
}
