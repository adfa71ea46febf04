/* A script that touches a few pages of an image of megabytes should not pay for copying all of it back. Where the kernel
 * notes which pages were written (base/os_track.h), a reset asks it, copies those, and protects them again.
 *
 * What it costs: a fixed price a reset (a call of the system, and a walk over the page table entries), a call for each stretch
 * of pages that was written, and at the first write to each page a fault that the kernel resolves by itself. So it pays for
 * large images and for scripts that touch little of them. Both are decided by measuring: the first time an image of some
 * size is restored, the fixed price and the speed of copying are timed on a mapping of a mebibyte; and an arena whose
 * runs keep writing to a good part of its image is no longer watched.
 *
 * What always holds: while an arena is watched for an image, every page of it that differs from the image counts as
 * written. Pages are protected only after they were restored. Whatever the system refuses ends the watching, and then all
 * is copied. */
#include "arena/dirty.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "arena/layout.h"
#include "base/os.h"
#include "base/os_track.h"

enum {
    RANGES = 64,
    /* To protect one stretch is a call of the system; to protect all is one that walks over all pages, which takes as long as
     * some thirty calls for each mebibyte. */
    FEW = 32,
    /* A run that wrote to more than one page in so many has used much; after so many such runs in a row, the watch ends. */
    MUCH = 4,
    PATIENCE = 8,
};

/* What was written is restored: protects it again. Everything else still is. */
static bool protect_again(char *start, size_t size, const ln_os_range *ranges, int count) {
    if (count > FEW)
        return ln_os_track_protect(start, size);
    for (int i = 0; i < count; i++)
        if (!ln_os_track_protect(ranges[i].start, (size_t)(ranges[i].end - ranges[i].start)))
            return false;
    return true;
}

/* --- What is worth it --- */

enum { TRIAL = 1 << 20, ROUNDS = 7, TOUCHED = 5 };

static uint64_t time_copy(char *to, const char *from) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = ln_os_now();
        memcpy(to, from, TRIAL);
        uint64_t took = ln_os_now() - start;
        best = took < best ? took : best;
    }
    return best;
}

/* One reset of a few pages, the faults that its run had included. UINT64_MAX: it cannot be done. */
static uint64_t time_tracked(char *to, const char *from) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        ln_os_range ranges[RANGES];
        bool complete;
        uint64_t start = ln_os_now();
        for (size_t k = 0; k < TOUCHED; k++)
            to[k * (TRIAL / TOUCHED)] = 1;
        int count = ln_os_track_written(to, TRIAL, ranges, RANGES, &complete);
        for (int k = 0; k < count; k++)
            memcpy(ranges[k].start, from + (ranges[k].start - to), (size_t)(ranges[k].end - ranges[k].start));
        if (count < 0 || !complete || !protect_again(to, TRIAL, ranges, count))
            return UINT64_MAX;
        uint64_t took = ln_os_now() - start;
        best = took < best ? took : best;
    }
    return best;
}

static size_t threshold = SIZE_MAX;

static void measure(void) {
    char *space = ln_os_reserve(2 * (size_t)TRIAL, ln_os_page_size());
    if (!space)
        return;
    if (ln_os_commit(space, 2 * (size_t)TRIAL)) {
        char *from = space + TRIAL;
        memset(space, 1, 2 * (size_t)TRIAL);
        uint64_t copy = time_copy(space, from);
        uint64_t tracked = ln_os_track(space, TRIAL) ? time_tracked(space, from) : UINT64_MAX;
        if (tracked < UINT64_MAX / TRIAL && copy > 0)
            threshold = (size_t)(2 * tracked * TRIAL / copy);
    }
    ln_os_release(space, 2 * (size_t)TRIAL);
}

size_t ln_dirty_threshold(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, measure);
    return threshold;
}

/* --- Watching --- */

/* Smaller ones are copied without a question. */
enum { NEVER_BELOW = 128 << 10 };

static size_t watched_size(const ln_image *image) {
    return ln_round_up(ln_image_end(image), ln_os_page_size());
}

static void end_watch(ln_arena *a, const ln_image *image) {
    ln_os_untrack(a, watched_size(image));
    a->control.watched = NULL;
}

void ln_dirty_watch(const ln_image *image, ln_arena *a) {
    if (LN_LIKELY(ln_image_end(image) < NEVER_BELOW) || a->control.watch_refused ||
        ln_image_end(image) < ln_dirty_threshold())
        return;
    a->control.watch_misses = 0;
    if (ln_os_track(a, watched_size(image)))
        a->control.watched = image;
    else
        a->control.watch_refused = true;
}

void ln_dirty_forget(ln_arena *a) {
    if (a->control.watched != NULL)
        end_watch(a, a->control.watched);
    a->control.watch_refused = false;
}

/* Restores what was written from `at` on; how many bytes, or -1. */
static ptrdiff_t restore_written(const ln_image *image, ln_arena *a) {
    ln_os_range ranges[RANGES];
    char *base = (char *)a, *at = base, *end = base + watched_size(image);
    ptrdiff_t restored = 0;
    int calls = 0, count = 0;
    bool complete = false;
    for (; !complete; calls++) {
        count = ln_os_track_written(at, (size_t)(end - at), ranges, RANGES, &complete);
        if (count < 0 || (count == 0 && !complete))
            return -1;
        for (int i = 0; i < count; i++) {
            ln_image_copy(image, a, (size_t)(ranges[i].start - base), (size_t)(ranges[i].end - base));
            restored += ranges[i].end - ranges[i].start;
            at = ranges[i].end;
        }
        complete = complete || at == end;
    }
    bool all_known = calls == 1; /* else the first ones were written over */
    bool protected = protect_again(base, (size_t)(end - base), ranges, all_known ? count : RANGES);
    return protected ? restored : -1;
}

bool ln_dirty_restore(const ln_image *image, ln_arena *a) {
    if (LN_LIKELY(a->control.watched == NULL))
        return false;
    if (a->control.watched != image) {
        ln_dirty_forget(a);
        return false;
    }
    ptrdiff_t restored = restore_written(image, a);
    if (restored < 0) {
        end_watch(a, image);
        a->control.watch_refused = true;
        return false;
    }
    bool much = (size_t)restored > watched_size(image) / MUCH;
    a->control.watch_misses = much ? (uint8_t)(a->control.watch_misses + 1) : 0;
    if (a->control.watch_misses == PATIENCE) {
        end_watch(a, image);
        a->control.watch_refused = true;
    }
    return true;
}
