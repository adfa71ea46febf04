/* Scripts that were seen before, compiled: so that a text given again and again is parsed once.
 *
 * A text enters at its second sight, because most that are seen once are never seen again. An entry is found by a hash
 * of name and text and confirmed by comparing both, so a collision costs time and nothing else. When the bytes
 * allowed are used up, entries that were not asked for since the hand last passed go first (the "clock" of
 * Corbató, 1968). One lock, held for a few dozen instructions, never while Lua runs; and not taken for what a machine
 * still knows (recent.h). */
#ifndef LN_MACHINE_SEEN_H
#define LN_MACHINE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/status.h"
#include "machine/code.h"

typedef struct ln_seen ln_seen;

/* `bytes`: that all entries may take together. OK, NO_MEMORY. */
lunette_status ln_seen_open(size_t bytes, ln_seen **cache);
void ln_seen_close(ln_seen **cache);

typedef struct ln_seen_key {
    const char *name;
    const char *text;
    size_t size;
    uint64_t hash;
} ln_seen_key;

/* False: the text is too large to be kept; the key must not be used. */
bool ln_seen_key_make(const ln_seen *cache, const char *name, const char *text, size_t size,
                      ln_seen_key *key);

/* The entry's code, retained for the caller, or NULL; *again then says whether the text was seen before and is worth
 * adding. */
ln_code *ln_seen_find(ln_seen *cache, const ln_seen_key *key, bool *again);

/* Adds code for a key that was not found; the caller keeps its own reference. Without effect on no memory. From here on the
 * code says what it was made of. */
void ln_seen_add(ln_seen *cache, const ln_seen_key *key, ln_code *code);

/* Code has grown by so many bytes. Without effect if it is not, or no longer, there; `cache` may be NULL. */
void ln_seen_grow(ln_seen *cache, const ln_code *code, size_t bytes);

#endif
