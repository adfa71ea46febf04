/* The image: the pristine bytes of a sealed arena, and the way back to them.
 *
 * The image is one stretch, from the header to the end of the zone. arena.c argues why nothing else of an
 * arena needs to be restored; so a reset is a copy whose cost depends on the image alone, not on what ran (of a
 * large image only the pages that were written to: dirty.c). The copy lies at the same distance from a page's start
 * as the original: whole pages of one correspond to whole pages of the other.
 *
 * An image holds addresses of the arena it was taken from. To serve another arena, they are moved to its base as they
 * are copied (relocate.h). They are found once, by their value, and marked. A word that only looks like an address of the
 * arena would be moved as well; it would have to hold, by chance, the upper half of an address that the system chose at
 * random, and the tests show that there is none in an image by building the same state at two bases: what looks like
 * an address by chance does so at one of them only.
 *
 * Addresses keep their lower 32 bits, because such arenas lie multiples of 4 GiB apart. So hashes made of them, as
 * Lua's are, stay right. */
#include "arena/dirty.h"
#include "arena/layout.h"
#include "arena/relocate.h"
#include "base/memcheck.h"
#include "base/os.h"

#include <stdatomic.h>
#include <string.h>

struct ln_image {
    size_t mapped; /* bytes of the mapping this struct begins */
    size_t end;    /* offset of the end, in the arena and, from this struct's start, in the image */
    uint32_t mark; /* upper half of the words that are addresses; of no word if it cannot be shared */
    size_t addresses;
    uint64_t number;
    bool shareable;
};

_Static_assert(sizeof(ln_image) <= LN_CONTROL_SIZE,
               "the image's own words lie where the arena has its control");

static const char *bytes_of(const ln_image *image) {
    return (const char *)image + LN_IMAGE_START;
}

/* The arena's header as it was: all behind LN_IMAGE_START lies in an image where it lies in the arena. */
static const ln_arena *header_of(const ln_image *image) {
    return (const ln_arena *)(const void *)image;
}

static size_t words_of(const ln_image *image) {
    return (image->end - LN_IMAGE_START) / sizeof(uint64_t);
}

_Static_assert(LN_IMAGE_UNIT % (LN_RELOCATE_GROUP * sizeof(uint64_t)) == 0 &&
                   LN_IMAGE_UNIT % LN_RELOCATE_ALIGNMENT == 0 && LN_IMAGE_START % LN_IMAGE_UNIT == 0,
               "what is copied is whole groups of words");

static uint32_t upper_half_of(const ln_arena *a) {
    return (uint32_t)((uint64_t)(uintptr_t)a >> 32);
}

/* Marks the addresses among the image's words, which are still the arena's. */
static void mark_addresses(ln_image *image, const ln_arena *a) {
    uint64_t *words = (uint64_t *)(void *)((char *)image + LN_IMAGE_START);
    uint64_t base = (uintptr_t)a;
    image->mark = ln_relocate_mark(words, words_of(image), upper_half_of(a));
    for (size_t i = (LN_ZONE_START - LN_IMAGE_START) / sizeof *words; i < words_of(image); i++) {
        if (words[i] < base || words[i] > base + image->end)
            continue;
        image->addresses++;
        if (image->shareable)
            words[i] = (uint64_t)image->mark << 32 | (uint32_t)words[i];
    }
}

static ln_image *copy_of(const ln_arena *a) {
    static _Atomic(uint64_t) images;
    size_t mapped = ln_round_up(a->image_end, a->control.grain);
    ln_image *image = ln_os_reserve(mapped, a->control.grain);
    if (image == NULL) {
        return NULL;
    }
    if (!ln_os_commit(image, mapped)) {
        ln_os_release(image, mapped);
        return NULL;
    }
    *image = (ln_image){.mapped = mapped,
                        .end = a->image_end,
                        .number = atomic_fetch_add(&images, 1) + 1,
                        .shareable = a->control.shares_images};
    memcpy((char *)image + LN_IMAGE_START, ln_arena_at(a, LN_IMAGE_START), ln_image_size(image));
    mark_addresses(image, a);
    (void)ln_os_protect(image, mapped, false);
    return image;
}

lunette_status ln_image_take(ln_arena *a, ln_image **image) {
    *image = NULL;
    if (!ln_arena_is_own(a)) {
        return LUNETTE_UNSUPPORTED;
    }
    if (ln_arena_is_sealed(a)) {
        ln_memcheck_report(false);
        ln_spans_park(a);
        ln_memcheck_report(true);
        if (a->page_top != ln_first_page(a) || a->zone_top != a->nursery || a->zone_free != 0) {
            return LUNETTE_WRONG_STATE;
        }
        a->zone_mapped = false;
    }
    lunette_status status = ln_arena_seal(a);
    if (status != LUNETTE_OK) {
        return status;
    }
    ln_arena_begin_counting(a);
    memset(a->nursed, 0, sizeof a->nursed);
    ln_memcheck_defined(a, a->image_end);
    *image = copy_of(a);
    return *image != NULL ? LUNETTE_OK : LUNETTE_NO_MEMORY;
}

size_t ln_image_end(const ln_image *image) {
    return image->end;
}

uint64_t ln_image_number(const ln_image *image) {
    return image->number;
}

uint64_t ln_image_word(const ln_image *image, const ln_arena *a, size_t place) {
    const uint64_t *words = (const uint64_t *)(const void *)image;
    return ln_relocate_word(words[place], image->mark, upper_half_of(a));
}

void ln_image_copy(const ln_image *image, ln_arena *a, size_t from, size_t to) {
    from = from > LN_IMAGE_START ? from : LN_IMAGE_START;
    to = to < image->end ? to : image->end;
    if (from >= to) {
        return;
    }
    ln_relocate(ln_arena_at(a, from), (const uint64_t *)(const void *)((const char *)image + from),
                (to - from) / sizeof(uint64_t), image->mark, upper_half_of(a));
}

/* Of the arena's blocks those in the image are left. */
static void forget_blocks(const ln_arena *a) {
    const ln_control *c = &a->control;
    ln_memcheck_off(ln_arena_at(a, a->image_end), c->zone_committed - a->image_end);
    ln_memcheck_off(ln_arena_at(a, c->pages), (size_t)(c->page_committed - ln_first_page(a))
                                                  << LN_PAGE_SHIFT);
}

/* The reserve is taken back, and what was in use above the limit is not any more. */
static void settle(ln_arena *a) {
    if (LN_UNLIKELY(a->control.lent || a->control.over)) {
        a->control.lent = false;
        ln_arena_settle(a);
    }
}

void ln_image_restore(const ln_image *image, ln_arena *a) {
    ln_memcheck_defined(a, image->end);
    if (!ln_dirty_restore(image, a)) {
        ln_image_copy(image, a, LN_IMAGE_START, image->end);
        ln_dirty_watch(image, a);
    }
    forget_blocks(a);
    settle(a);
}

bool ln_image_shareable(const ln_image *image) {
    return image->shareable;
}

lunette_status ln_image_spawn(const ln_image *image, ln_arena *a) {
    if (!image->shareable || !ln_arena_is_own(a) || !a->control.shares_images) {
        return LUNETTE_UNSUPPORTED;
    }
    if (!ln_zone_cover(a, header_of(image)->zone_end) && !ln_zone_cover(a, header_of(image)->nursery)) {
        return LUNETTE_NO_MEMORY;
    }
    ln_dirty_forget(a);
    ln_memcheck_defined(a, image->end);
    ln_image_copy(image, a, LN_IMAGE_START, image->end);
    forget_blocks(a);
    settle(a);
    return LUNETTE_OK;
}

size_t ln_image_addresses(const ln_image *image) {
    return image->addresses;
}

bool ln_image_equals(const ln_image *image, const ln_arena *a, size_t *first_difference) {
    const uint64_t *was = (const uint64_t *)(const void *)bytes_of(image);
    const uint64_t *is = ln_arena_at(a, LN_IMAGE_START);
    ln_memcheck_report(false); /* freed blocks as well */
    size_t at = ln_relocate_compare(is, was, words_of(image), image->mark, upper_half_of(a));
    bool equal = at == words_of(image);
    ln_memcheck_defined(&equal, sizeof equal);
    ln_memcheck_defined(&at, sizeof at);
    ln_memcheck_report(true);
    if (!equal) {
        *first_difference = at * sizeof(uint64_t) + LN_IMAGE_START;
    }
    return equal;
}

size_t ln_image_size(const ln_image *image) {
    return image->end - LN_IMAGE_START;
}

void ln_image_close(ln_image **image) {
    if (*image != NULL) {
        ln_os_release(*image, (*image)->mapped);
        *image = NULL;
    }
}
