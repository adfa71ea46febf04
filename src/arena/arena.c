/* The arena: what every request passes through, and opening, closing, limit and statistics.
 *
 * The aim is that an arena's whole state lies in one stretch that a reset can copy back, that the limit is on
 * what is committed, and that none of this makes a script slower than the system's malloc does.
 *
 * Set-up packs its blocks into the zone (zone.c). Sealing ends that, and from then on:
 *   - the first few blocks of each class come from the nursery, what the zone may still grow by (zone.c);
 *   - up to LN_SMALL_MAX bytes, a block comes from a span of its size class (spans.c). Classes are every 8 bytes
 *     up to 128, then four to a doubling, so that the arrays and hash parts of Lua's tables, 16 * 2^n and
 *     24 * 2^n bytes, each have a class of exactly their size;
 *   - larger ones are runs of pages (pages.c), rounded up to whole pages.
 * A block has no header: whose it is follows from its address, through one 32-byte descriptor a page. The
 * descriptors lie apart from the pages, packed, so that looking one up does not cost the cache lines that a header
 * at the start of each page would: those all fall into the same few sets.
 *
 * What makes a reset one copy: everything above the zone is reachable only through the header, and the header, the
 * zone and nothing else are in the image. In an image there is no current span, no list and no free run, the zone has no
 * map, page_top is the first page and the nursery is empty; a descriptor is read only below page_top, the head of a list
 * only where the header has its bit, the map only once it was cleared. So whatever nursery, map, lists, pages and
 * descriptors hold, also after a kill in the middle of an allocation, a restored arena never looks at it. The
 * control words before the header say what the system has given (and the limit): they are true whatever runs, and a
 * reset leaves them.
 *
 * Freed memory serves every size: an empty span gives its pages back to the runs, runs join, and what a size class
 * holds back (one empty span) is given up before a request is refused. The worst case is a program that keeps one
 * block alive in every span; no allocator that cannot move blocks does better.
 *
 * To be verified with ln_arena_check(), which re-derives all of it. The short paths trust the caller's `osize`, as
 * Lua's allocator contract has it, for nothing but the statistics and for blocks of the zone. */
#include "arena/layout.h"
#include "base/memcheck.h"
#include "base/os.h"

#include <string.h>

/* A zone for templates and the address space for one descriptor a page come out of each reservation; the pages
 * begin LN_NEAR beyond, so that descriptors and pages of a small arena share one of the system's page tables. */
#define ZONE_SHARE 16
#define NEAR       ((size_t)64 << 10)

/* No larger request is looked at: rounding it up might overflow. */
#define REQUEST_MAX (SIZE_MAX / 2 < LN_RESERVATION_MAX ? SIZE_MAX / 2 : (size_t)LN_RESERVATION_MAX)

/* --- the short paths ---------------------------------------------------------------------------------------- */

/* NULL: the class has no free block at hand. */
LN_INLINE void *pop_block(ln_arena *a, size_t n) {
    ln_span *d = ln_arena_at(a, a->current[ln_class_of(n)]);
    void *block = d->free;
    if (LN_LIKELY(block != NULL)) {
        d->free = *(void **)block;
        d->used++;
    }
    return block;
}

/* A block from the nursery; NULL: the class has had its share, or there is no room. Before the seal it has none. */
LN_INLINE void *nurse_block(ln_arena *a, size_t n) {
    unsigned class = ln_class_of(n);
    size_t block = a->zone_top;
    size_t top = block + ln_round_up(n, LN_GRANULE);
    if (a->nursed[class] >= LN_NURSED_MAX || top > a->zone_end || top > a->control.zone_committed ||
        a->control.fail_in != 0) {
        return NULL;
    }
    a->nursed[class]++;
    a->zone_top = (uint32_t)top;
    return ln_arena_at(a, block);
}

LN_INLINE void *count_block(ln_arena *a, void *block, size_t n) {
    a->allocations++;
    ln_flag_look(a);
    ln_stats_grow(a, n);
    return block;
}

/* Lua's collector runs in there: its errors are to be reported. */
static bool ask(const ln_arena *a, const void *caller) {
    ln_memcheck_report(true);
    bool again = ln_arena_ask(a, caller);
    ln_memcheck_report(false);
    return again;
}

static void *obtain(ln_arena *a, size_t n) {
    return n > REQUEST_MAX || ln_fault_due(a) ? NULL : ln_spans_obtain(a, n);
}

/* When the request comes again, it must come by allocate_slowly(): nothing else looks at what it is. */
static LN_COLD void *refuse_new(ln_arena *a, size_t n, bool injected) {
    if (n <= LN_SMALL_MAX && ln_arena_is_sealed(a)) {
        ln_spans_park_class(a, ln_class_of(n));
    }
    return ln_refuse(a, NULL, injected ? 0 : n);
}

/* `caller` is where the request came from: whoever hears of a refusal may know what to free for it. */
static LN_NOINLINE void *allocate_slowly(ln_arena *a, size_t n, const void *caller) {
    bool injected = a->control.fail_in != 0;
    bool poor = LN_UNLIKELY(a->asked_size != 0) && ln_refusal_asks_again(a, NULL, n);
    if (LN_UNLIKELY(poor && a->poor == LN_POOR_MOST)) {
        return ln_refuse(a, NULL, 0);
    }
    void *block = obtain(a, n);
    if (LN_UNLIKELY(block == NULL)) {
        ln_holding before = ln_holding_of(a);
        if (ask(a, caller)) {
            poor = ln_refusal_was_poor(a, &before);
            block = poor && a->poor == LN_POOR_MOST ? NULL : obtain(a, n);
        }
    }
    if (LN_UNLIKELY(block == NULL)) {
        return refuse_new(a, n, injected);
    }
    a->poor = (uint8_t)(a->poor + poor);
    return count_block(a, block, n);
}

LN_INLINE void *allocate(ln_arena *a, size_t n, const void *caller) {
    void *block = NULL;
    if (LN_LIKELY(n <= LN_SMALL_MAX)) {
        block = pop_block(a, n);
        if (LN_UNLIKELY(block == NULL)) {
            block = nurse_block(a, n);
        }
    }
    return LN_LIKELY(block != NULL) ? count_block(a, block, n) : allocate_slowly(a, n, caller);
}

static LN_NOINLINE void release_in_zone(ln_arena *a, size_t offset, size_t size) {
    ln_zone_free(a, (uint32_t)offset, ln_round_up(size, LN_GRANULE));
}

LN_INLINE void release(ln_arena *a, void *block, size_t size) {
    size_t offset = ln_arena_offset(a, block);
    a->used -= size;
    if (LN_UNLIKELY(offset < a->control.pages)) {
        release_in_zone(a, offset, size);
        return;
    }
    ln_span *d = ln_span_at(a, offset >> LN_PAGE_SHIFT);
    d += d->lead;
    void *next = d->free;
    if (LN_UNLIKELY(next == NULL)) {
        ln_spans_release(a, d, block);
        return;
    }
    *(void **)block = next;
    d->free = block;
    if (LN_UNLIKELY(--d->used == 0)) {
        ln_spans_emptied(a, d);
    }
}

/* --- resizing ----------------------------------------------------------------------------------------------- */

static bool fit_in_zone(ln_arena *a, size_t offset, size_t osize, size_t nsize) {
    size_t have = ln_round_up(osize, LN_GRANULE);
    size_t want = ln_round_up(nsize, LN_GRANULE);
    if (nsize < osize && !ln_arena_is_sealed(a)) {
        memset(ln_arena_at(a, offset + nsize), 0, want - nsize);
    }
    if (want < have) {
        ln_zone_free(a, (uint32_t)(offset + want), have - want);
    }
    return want <= have || ln_zone_extend(a, (uint32_t)offset, have, want - have);
}

/* Can the block be `nsize` bytes long where it is? Always so where it does not grow. */
static bool fit(ln_arena *a, const void *block, size_t osize, size_t nsize) {
    size_t offset = ln_arena_offset(a, block);
    if (offset < a->control.pages) {
        return fit_in_zone(a, offset, osize, nsize);
    }
    ln_span *d = ln_span_at(a, offset >> LN_PAGE_SHIFT);
    d += d->lead;
    return d->kind == LN_RUN_LARGE ? ln_spans_fit_run(a, d, nsize) : nsize <= ln_class_size(d->class);
}

/* NULL: there is no room to move to. */
static void *move(ln_arena *a, void *block, size_t osize, size_t nsize) {
    void *to = NULL;
    if (nsize <= LN_SMALL_MAX && (to = pop_block(a, nsize)) == NULL) {
        to = nurse_block(a, nsize);
    }
    if (to == NULL) {
        to = ln_spans_obtain(a, nsize);
    }
    if (to == NULL) {
        return NULL;
    }
    ln_memcheck_fresh(to, nsize);
    memcpy(to, block, osize < nsize ? osize : nsize);
    release(a, block, osize);
    return count_block(a, to, nsize);
}

static void *try_resize(ln_arena *a, void *block, size_t osize, size_t nsize) {
    if (nsize > osize && LN_UNLIKELY(nsize > REQUEST_MAX || ln_fault_due(a))) {
        return NULL;
    }
    if (!fit(a, block, osize, nsize)) {
        return move(a, block, osize, nsize);
    }
    a->used -= osize;
    ln_stats_grow(a, nsize);
    return block;
}

static LN_NOINLINE void *resize(ln_arena *a, void *block, size_t osize, size_t nsize, const void *caller) {
    bool injected = a->control.fail_in != 0;
    bool poor = LN_UNLIKELY(a->asked_size != 0) && ln_refusal_asks_again(a, block, nsize);
    if (LN_UNLIKELY(poor && a->poor == LN_POOR_MOST)) {
        return ln_refuse(a, block, 0);
    }
    void *resized = try_resize(a, block, osize, nsize);
    if (LN_UNLIKELY(resized == NULL)) {
        ln_holding before = ln_holding_of(a);
        if (ask(a, caller)) {
            poor = ln_refusal_was_poor(a, &before);
            resized = poor && a->poor == LN_POOR_MOST ? NULL : try_resize(a, block, osize, nsize);
        }
    }
    if (LN_UNLIKELY(resized == NULL)) {
        return ln_refuse(a, block, injected ? 0 : nsize);
    }
    a->poor = (uint8_t)(a->poor + poor);
    return resized;
}

LN_INLINE void *serve(ln_arena *a, void *block, size_t osize, size_t nsize, const void *caller) {
    if (block == NULL) {
        return nsize != 0 ? allocate(a, nsize, caller) : NULL;
    }
    if (nsize != 0) {
        return resize(a, block, osize, nsize, caller);
    }
    release(a, block, osize);
    return NULL;
}

/* What was asked for, and what came of it. */
LN_INLINE void mark(const void *before, size_t osize, const char *after, size_t nsize) {
    if (!LN_MEMCHECK || (after == NULL && nsize != 0)) {
        return;
    }
    if (before == NULL) {
        ln_memcheck_fresh(after, nsize);
    } else if (before != after) {
        ln_memcheck_off(before, osize);
    } else if (nsize > osize) {
        ln_memcheck_fresh(after + osize, nsize - osize);
    } else {
        ln_memcheck_off(after + nsize, osize - nsize);
    }
}

static void *own_realloc(void *ud, void *block, size_t osize, size_t nsize) {
    ln_memcheck_report(false);
    void *served = serve(ud, block, osize, nsize, __builtin_return_address(0));
    mark(block, osize, served, nsize);
    ln_memcheck_defined(&served, sizeof served);
    ln_memcheck_defined(ud, sizeof(ln_arena));
    ln_memcheck_report(true);
    return served;
}

ln_allocator ln_arena_allocator(const ln_arena *arena) {
    return ln_arena_is_own(arena) ? own_realloc : ln_bridge_realloc;
}

/* --- opening and closing ------------------------------------------------------------------------------------ */

typedef struct geometry {
    size_t zone_max;
    size_t pages;
} geometry;

static geometry geometry_of(size_t reservation) {
    size_t zone = reservation / ZONE_SHARE < LN_ZONE_ROOM_MAX ? reservation / ZONE_SHARE : LN_ZONE_ROOM_MAX;
    size_t descriptors = reservation / LN_PAGE * sizeof(ln_span);
    return (geometry){.zone_max = zone, .pages = ln_round_up(zone + descriptors, NEAR) + NEAR};
}

/* The highest limit a reservation can serve. */
static size_t capacity_of(size_t reservation) {
    return reservation - geometry_of(reservation).pages;
}

static void *reserve(uint64_t size) {
    size_t alignment = size == LN_SHARING_SIZE ? (size_t)size : LN_PAGE;
    return size <= SIZE_MAX / 2 ? ln_os_reserve((size_t)size, alignment) : NULL;
}

/* Reserves 4 GiB where possible, and more where the limit needs it. Where address space is short, what a limit needs
 * and no more, so that many arenas fit; without a limit, as much as there is. */
static void *reserve_for(size_t need, bool limited, size_t *size) {
    uint64_t least = LN_RESERVATION_MIN;
    while (least < LN_RESERVATION_MAX && capacity_of((size_t)least) < need) {
        least *= 2;
    }
    uint64_t tried = least > LN_SHARING_SIZE ? least : LN_SHARING_SIZE;
    void *base = reserve(tried);
    while (base == NULL && tried > least) {
        tried = limited ? least : tried / 2;
        base = reserve(tried);
    }
    *size = (size_t)tried;
    return base;
}

/* A low address looks like two small numbers side by side, and such words of an image would be moved as well. Systems
 * hand out high ones; valgrind does not. */
static bool is_shareable(uint64_t base, uint64_t reservation) {
    return reservation == LN_SHARING_SIZE && base % LN_SHARING_SIZE == 0 && base >= LN_SHARING_LOWEST;
}

/* Takes the reservation's first bytes into use. */
static bool found_arena(ln_arena *a, size_t reservation, const ln_arena_config *config) {
    size_t grain = ln_os_page_size() > LN_PAGE ? ln_os_page_size() : LN_PAGE;
    size_t committed = ln_round_up(LN_ZONE_START, grain);
    if (!ln_os_commit(a, committed)) {
        return false;
    }
    geometry g = geometry_of(reservation);
    ln_control *c = &a->control;
    c->kind = LN_ARENA_OWN;
    c->grain = grain;
    c->reservation = reservation;
    c->pages = g.pages;
    c->zone_max = (uint32_t)g.zone_max;
    c->zone_committed = committed;
    c->descriptors = g.pages - sizeof(ln_span) + (g.pages >> LN_PAGE_SHIFT) * sizeof(ln_span);
    c->reserve = config->reserve;
    c->owner = config->owner;
    c->owner_ud = config->owner_ud;
    c->shares_images = is_shareable((uintptr_t)a, reservation);
    c->page_committed = ln_first_page(a);
    a->page_top = ln_first_page(a);
    a->page_told = UINT32_MAX;
    ln_flag_drop(a);
    ln_zone_open(a);
    ln_spans_open(a);
    (void)ln_arena_set_limit(a, config->limit);
    return true;
}

static lunette_status open_own(const ln_arena_config *config, ln_arena **arena) {
    size_t need = config->limit != 0 ? config->limit + config->reserve : LN_RESERVATION_MIN / 2;
    size_t reservation;
    ln_arena *a = reserve_for(need, config->limit != 0, &reservation);
    if (a == NULL) {
        return LUNETTE_NO_MEMORY;
    }
    if (!found_arena(a, reservation, config)) {
        ln_os_release(a, reservation);
        return LUNETTE_NO_MEMORY;
    }
    *arena = a;
    return LUNETTE_OK;
}

lunette_status ln_arena_open(const ln_arena_config *config, ln_arena **arena) {
    *arena = NULL;
    size_t limit = config->limit != 0 ? config->limit : LN_ARENA_LIMIT_MIN;
    if (limit < LN_ARENA_LIMIT_MIN || limit > LN_ARENA_LIMIT_MAX ||
        config->reserve > LN_ARENA_LIMIT_MAX - limit) {
        return LUNETTE_INVALID_ARGUMENT;
    }
    return config->host == NULL ? open_own(config, arena) : ln_bridge_open(config, arena);
}

void ln_arena_close(ln_arena **arena) {
    ln_arena *a = *arena;
    *arena = NULL;
    if (a == NULL) {
        return;
    }
    if (ln_arena_is_own(a)) {
        ln_os_release(a, a->control.reservation);
    } else {
        ln_bridge_close(a);
    }
}

lunette_status ln_arena_seal(ln_arena *a) {
    if (!ln_arena_is_own(a) || ln_arena_is_sealed(a)) {
        return LUNETTE_OK;
    }
    ln_memcheck_report(false);
    bool sealed = ln_zone_seal(a);
    ln_memcheck_report(true);
    if (!sealed) {
        return LUNETTE_NO_MEMORY;
    }
    ln_memcheck_defined(a, sizeof *a);
    ln_memcheck_defined(ln_arena_at(a, a->image_end), a->nursery - a->image_end);
    a->page_top = a->page_told = ln_first_page(a);
    ln_pages_trim(a, 0);
    ln_pages_update(a);
    return LUNETTE_OK;
}

/* --- limit -------------------------------------------------------------------------------------------------- */

static size_t committed_of(const ln_arena *a) {
    return ln_arena_is_own(a) ? ln_pages_committed(a) : ln_bridge_committed(a);
}

void ln_arena_settle(ln_arena *a) {
    ln_control *c = &a->control;
    size_t allowed = ln_pages_allowed(a);
    if (ln_arena_is_own(a)) {
        ln_pages_update(a);
        if (ln_pages_committed(a) > allowed) {
            ln_pages_trim(a, allowed);
        }
    }
    size_t committed = committed_of(a);
    c->over = committed > allowed;
    c->ceiling = c->over ? committed : allowed;
}

size_t ln_arena_set_limit(ln_arena *a, size_t limit) {
    ln_control *c = &a->control;
    size_t most = ln_arena_is_own(a) ? capacity_of(c->reservation) : SIZE_MAX - c->reserve;
    c->limit = limit != 0 && limit < most ? limit : most;
    ln_arena_settle(a);
    return c->limit;
}

static void lend(ln_arena *a, bool lent) {
    if (a->control.lent != lent) {
        a->control.lent = lent;
        ln_arena_settle(a);
    }
}

void ln_arena_open_reserve(ln_arena *a) {
    lend(a, true);
}

void ln_arena_close_reserve(ln_arena *a) {
    lend(a, false);
}

void ln_arena_gather(ln_arena *a, bool on) {
    if (!ln_arena_is_own(a) || !ln_arena_is_sealed(a)) {
        return;
    }
    if (on) {
        ln_memcheck_report(false);
        ln_zone_wipe_nursery(a);
        ln_memcheck_report(true);
    }
    a->control.gathers = on;
}

ln_arena_counts ln_arena_counted(const ln_arena *a) {
    return (ln_arena_counts){.allocations = a->allocations, .turns = a->turns};
}

size_t ln_arena_used(const ln_arena *a) {
    return a->used;
}

void ln_arena_begin_counting(ln_arena *a) {
    a->peak = a->used;
    a->allocations = 0;
    a->failures = 0;
    ln_flag_look(a);
    a->turns = 0;
    a->refused = false;
}

void ln_arena_follow(ln_arena *a, const void *flag) {
    ln_flag_drop(a);
    if (flag != NULL && ln_arena_owns(a, flag)) {
        a->flag = (const char *)flag - (const char *)a; /* the host's memory may lie below */
        ln_flag_look(a);
        a->turns = 0;
    }
}

void ln_arena_look(ln_arena *a) {
    ln_flag_look(a);
}

bool ln_arena_refused(const ln_arena *a) {
    return a->refused;
}

void ln_arena_clear_refused(ln_arena *a) {
    a->refused = false;
    a->poor = 0;
    a->asked_size = 0;
}

void ln_arena_trim(ln_arena *a, size_t keep) {
    if (ln_arena_is_own(a)) {
        ln_pages_trim(a, keep);
        ln_arena_settle(a);
    }
}

void ln_arena_discard_all(ln_arena *a) {
    if (!ln_arena_is_own(a)) {
        ln_bridge_discard_all(a);
        ln_arena_settle(a);
    }
}

/* --- looking ------------------------------------------------------------------------------------------------ */

void ln_arena_stats_get(const ln_arena *a, ln_arena_stats *stats) {
    const ln_control *c = &a->control;
    size_t committed = committed_of(a);
    size_t counted = committed < c->limit ? committed : c->limit;
    *stats = (ln_arena_stats){
        .used = a->used,
        /* A kill may have come between the two words. */
        .peak = a->peak > a->used ? a->peak : a->used,
        .committed = counted,
        .lent = committed - counted,
        .limit = c->limit,
        .allocations = a->allocations,
        .turns = a->turns,
        .failures = a->failures,
        .reserved = ln_arena_is_own(a),
        .sealed = ln_arena_is_sealed(a),
        .shares_images = c->shares_images,
    };
}

bool ln_arena_owns(const ln_arena *a, const void *p) {
    if (!ln_arena_is_own(a)) {
        return ln_bridge_owns(a, p);
    }
    return (uintptr_t)p - (uintptr_t)a < a->control.reservation;
}

void ln_arena_range(const ln_arena *a, void **start, size_t *size) {
    *start = ln_arena_at(a, 0);
    *size = ln_arena_is_own(a) ? a->control.reservation : 0;
}

/* --- the shadow --------------------------------------------------------------------------------------------- */

void ln_arena_remember(const ln_arena *a, ln_arena_shadow *shadow) {
    memcpy(shadow->words, a->control_bytes, LN_CONTROL_SIZE);
}

/* What growing in a run changes. The flag is copied as the byte it is: a corrupt one holds neither true nor false. */
static void take_over_growth(ln_control *to, const ln_control *from) {
    to->page_committed = from->page_committed;
    to->page_ready = from->page_ready;
    memcpy(&to->large_pages, &from->large_pages, sizeof to->large_pages);
    to->fail_in = from->fail_in;
}

/* A kill may have come between the two words, when the second was still as it was before this step: at the start of the run,
 * or after an earlier step of the same run. */
static bool is_growth(ln_arena *a, const ln_control *before) {
    ln_control *c = &a->control;
    uint32_t ready = c->page_committed < c->page_max ? c->page_committed : c->page_max;
    if (c->page_committed < before->page_committed || c->page_ready < before->page_ready ||
        c->page_ready > ready || ln_pages_committed(a) > c->ceiling) {
        return false;
    }
    c->page_ready = ready;
    return c->page_committed == before->page_committed || ln_pages_confirm(a);
}

bool ln_arena_intact(ln_arena *a, ln_arena_shadow *shadow) {
    ln_control before, grown;
    if (LN_LIKELY(memcmp(a->control_bytes, shadow->words, LN_CONTROL_SIZE) == 0))
        return true;
    memcpy(&before, shadow->words, sizeof before);
    memcpy(&grown, shadow->words, sizeof grown);
    take_over_growth(&grown, &a->control);
    if (memcmp(&grown, &a->control, sizeof grown) == 0 && is_growth(a, &before)) {
        ln_arena_remember(a, shadow);
        return true;
    }
    memcpy(a->control_bytes, shadow->words, LN_CONTROL_SIZE);
    return false;
}

/* --- injected failures -------------------------------------------------------------------------------------- */

static void arm(ln_arena *a, uint64_t n, bool forever) {
    a->control.fail_in = n;
    a->control.fail_forever = forever;
    if (n != 0 && ln_arena_is_own(a) && ln_arena_is_sealed(a)) {
        ln_memcheck_report(false);
        ln_spans_park(a);
        ln_memcheck_report(true);
    }
}

void ln_arena_fail_after(ln_arena *a, uint64_t n) {
    arm(a, n, false);
}

void ln_arena_fail_from(ln_arena *a, uint64_t n) {
    arm(a, n, true);
}
