/* The arena: the memory of one context. Contract; the allocator's argument is in arena.c, the image's in image.c. */
#ifndef LN_ARENA_ARENA_H
#define LN_ARENA_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/status.h"

typedef struct ln_arena ln_arena;
typedef struct ln_image ln_image;

/* Lua's own allocator signature: `nsize` 0 frees; `ptr` NULL allocates (osize is then a tag, not a size). */
typedef void *(*ln_allocator)(void *ud, void *ptr, size_t osize, size_t nsize);

typedef struct ln_arena_config {
    size_t limit;          /* bytes that may be committed */
    size_t reserve;        /* bytes beyond the limit that ln_arena_open_reserve() lends to error reporting */
    ln_allocator host;     /* NULL: an own reservation; else every block comes from here */
    void *host_ud;
} ln_arena_config;

typedef struct ln_arena_stats {
    size_t used;           /* bytes in live blocks, as the program asked for them */
    size_t peak;           /* highest `used` since the last reset or ln_arena_reset_stats() */
    size_t committed;      /* bytes taken from the system and counted against the limit */
    size_t limit;
    uint64_t allocations;  /* blocks handed out (not counting resizes in place) since the last reset */
    uint64_t failures;     /* requests refused since the last reset */
    bool reserved;         /* true: own reservation; false: host's allocator */
    bool shares_images;    /* true: 4 GiB reservation at a multiple of 4 GiB */
} ln_arena_stats;


#endif
