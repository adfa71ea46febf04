/* Restoring a large image by the pages that were written to, where the system can tell which those are and where that is
 * faster than copying all. The argument is in dirty.c. */
#ifndef LN_ARENA_DIRTY_H
#define LN_ARENA_DIRTY_H

#include <stdbool.h>
#include <stddef.h>

#include "arena/arena.h"

/* True: the arena was watched and is restored. False: all of it must be copied. */
bool ln_dirty_restore(const ln_image *image, ln_arena *a);

/* All of the image was just copied into the arena: watch it from now on, if that is worth it. */
void ln_dirty_watch(const ln_image *image, ln_arena *a);

/* Another image is about to be copied into the arena. */
void ln_dirty_forget(ln_arena *a);

/* Images from this size on are worth watching on this machine; SIZE_MAX: none. Measured at the first call. */
size_t ln_dirty_threshold(void);

#endif
