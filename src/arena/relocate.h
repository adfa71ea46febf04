/* Copying an image while moving the addresses in it: what a spawn and a reset are made of.
 *
 * Arenas that share images lie at multiples of 4 GiB and are as large, so all addresses of one have the same upper half,
 * which is all that differs between arenas. An image has in its place a mark: a number that is no other word's upper half.
 * So the copy compares upper halves with the mark and replaces those that are equal, which keeps up with a plain
 * one, and needs no list of where the addresses are. */
#ifndef LN_ARENA_RELOCATE_H
#define LN_ARENA_RELOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words are copied in groups of this size, both sides aligned to LN_RELOCATE_ALIGNMENT bytes. */
enum { LN_RELOCATE_GROUP = 8, LN_RELOCATE_ALIGNMENT = 64 };

/* Copies `count` words, with `upper` as the upper half of those that have `mark` there. They do not overlap. */
void ln_relocate(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper);

/* The ways in which this processor can do that, the one that ln_relocate() takes first; NULL behind the last. */
typedef void ln_relocate_way(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper);
ln_relocate_way *ln_relocate_nth_way(unsigned n);

/* The same for one word. */
static inline uint64_t ln_relocate_word(uint64_t word, uint32_t mark, uint32_t upper) {
    return word >> 32 == mark ? (uint64_t)upper << 32 | (uint32_t)word : word;
}

/* The index of the first of `count` words in which `moved` is not `from` so moved; `count` when there is none. */
size_t ln_relocate_compare(const uint64_t *moved, const uint64_t *from, size_t count, uint32_t mark,
                           uint32_t upper);

/* A number that is the upper half of none of `count` words, nor `but`. They are fewer than 2^31. */
uint32_t ln_relocate_mark(const uint64_t *words, size_t count, uint32_t but);

#endif
