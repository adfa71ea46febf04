/* The image: the pristine bytes of a sealed arena, and the way back to them.
 *
 * The image is one stretch, from the header to the end of the zone's bits. arena.c argues why nothing else of an
 * arena needs to be restored; so a reset is a copy whose cost depends on the image alone, not on what ran. The copy
 * lies at the same distance from a page's start as the original: whole pages of one correspond to whole pages of
 * the other, for a reset that copies only pages that were written to.
 *
 * An image holds addresses of the arena it was taken from. To serve another arena, the words of it that hold one
 * are to be moved by the distance of the bases: those lie in the zone, from LN_ZONE_START to zone_top, and outside
 * the zone's free blocks (layout.h). */
#include "arena/layout.h"
#include "base/os.h"

#include <string.h>

struct ln_image {
    size_t mapped;    /* bytes of the mapping this struct begins */
    size_t end;       /* offset of the end, in the arena and, from this struct's start, in the image */
    const void *base; /* the arena it was taken from */
};

_Static_assert(sizeof(ln_image) <= LN_CONTROL_SIZE,
               "the image's own words lie where the arena has its control");

static const char *bytes_of(const ln_image *image) {
    return (const char *)image + LN_CONTROL_SIZE;
}

/* What a fresh run should find in the statistics. */
static void begin_counting(ln_arena *a) {
    a->peak = a->used;
    a->allocations = 0;
    a->failures = 0;
    a->refused = false;
}

static ln_image *copy_of(const ln_arena *a) {
    size_t mapped = ln_round_up(a->image_end, a->control.grain);
    ln_image *image = ln_os_reserve(mapped, a->control.grain);
    if (image == NULL) {
        return NULL;
    }
    if (!ln_os_commit(image, mapped)) {
        ln_os_release(image, mapped);
        return NULL;
    }
    *image = (ln_image){.mapped = mapped, .end = a->image_end, .base = a};
    memcpy((char *)image + LN_CONTROL_SIZE, ln_arena_at(a, LN_CONTROL_SIZE), ln_image_size(image));
    (void)ln_os_protect(image, mapped, false);
    return image;
}

lunette_status ln_image_take(ln_arena *a, ln_image **image) {
    *image = NULL;
    if (!ln_arena_is_own(a)) {
        return LUNETTE_UNSUPPORTED;
    }
    if (ln_arena_is_sealed(a)) {
        ln_spans_park(a);
        if (a->page_top != ln_first_page(a)) {
            return LUNETTE_WRONG_STATE;
        }
    }
    lunette_status status = ln_arena_seal(a);
    if (status != LUNETTE_OK) {
        return status;
    }
    begin_counting(a);
    *image = copy_of(a);
    return *image != NULL ? LUNETTE_OK : LUNETTE_NO_MEMORY;
}

void ln_image_restore(const ln_image *image, ln_arena *a) {
    memcpy(ln_arena_at(a, LN_CONTROL_SIZE), bytes_of(image), image->end - LN_CONTROL_SIZE);
    if (LN_UNLIKELY(a->control.lent || a->control.over)) {
        a->control.lent = false;
        ln_arena_settle(a);
    }
}

bool ln_image_equals(const ln_image *image, const ln_arena *a, size_t *first_difference) {
    const char *was = bytes_of(image);
    const char *is = ln_arena_at(a, LN_CONTROL_SIZE);
    size_t size = ln_image_size(image);
    if (memcmp(was, is, size) == 0) {
        return true;
    }
    size_t at = 0;
    while (was[at] == is[at]) {
        at++;
    }
    *first_difference = at + LN_CONTROL_SIZE;
    return false;
}

size_t ln_image_size(const ln_image *image) {
    return image->end - LN_CONTROL_SIZE;
}

void ln_image_close(ln_image **image) {
    if (*image != NULL) {
        ln_os_release(*image, (*image)->mapped);
        *image = NULL;
    }
}
