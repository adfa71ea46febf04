/* Copying an image while moving the addresses in it: what a spawn and a reset of a spawned arena are made of.
 *
 * Which words hold addresses is known from one bit a word. The bits are a 64th of the image, so the copy moves
 * hardly more memory than memcpy() does, and with vector instructions it takes hardly longer. */
#ifndef LN_ARENA_RELOCATE_H
#define LN_ARENA_RELOCATE_H

#include <stddef.h>
#include <stdint.h>

/* Copies `count` words, adding `distance` to those whose bit (of bits[i / 8], bit i % 8) is set. `count` is a
 * multiple of 8; both sides are aligned to 8 bytes and do not overlap. */
void ln_relocate(uint64_t *to, const uint64_t *from, const uint8_t *bits, size_t count, uint64_t distance);

/* The index of the first of `count` words in which `moved` is not `from` so moved; `count` when there is none. */
size_t ln_relocate_compare(const uint64_t *moved, const uint64_t *from, const uint8_t *bits, size_t count,
                           uint64_t distance);

/* Sets the bits of those of `count` words whose value lies in first..last, both included. Returns how many. */
size_t ln_relocate_find(uint8_t *bits, const uint64_t *words, size_t count, uint64_t first, uint64_t last);

#endif
