/* References that the host keeps to functions of a script: which of them are good.
 *
 * The functions themselves lie in a table in the registry, at the index of a slot here; the slots lie outside the arena,
 * so that a reference can be judged, and given up, without entering Lua. What always holds:
 *   - an identifier is a slot and the slot's count of uses: one that was given up is never good again, also when its
 *     slot serves another function by then;
 *   - the table has something at an index only if that slot is used, or on the list of those to be cleared;
 *   - a reset makes all of them void at once: the generation in the host's value tells (values.c);
 *   - the table may be an older one, of a snapshot. Then it has the functions of all references from before that are good
 *     still, and something else, or nothing, wherever a slot is empty. */
#ifndef LN_LUA_REFERENCES_H
#define LN_LUA_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ln_reference {
    uint32_t uses;  /* odd: somebody has it */
    uint32_t next;  /* in one of the two lists, by number; 0: the last */
    uint64_t since; /* the number of the last snapshot before it was given out */
} ln_reference;

/* Zeroed: none. Slots are numbered from 1. */
typedef struct ln_references {
    ln_reference *slots;
    uint32_t count, room;
    uint32_t free;     /* empty ones */
    uint32_t cleared;  /* given up, with something in the table still: to be cleared, or used again */
    uint64_t snapshot; /* the number of the last one; 0: none */
} ln_references;

/* A new identifier; 0 on no memory. Calls malloc: in a run it belongs into a host section. */
uint64_t ln_references_take(ln_references *references);

bool ln_references_has(const ln_references *references, uint64_t id);

/* Where in the table its function is. */
uint32_t ln_references_slot(uint64_t id);

/* Gives a good one up. */
void ln_references_drop(ln_references *references, uint64_t id);

/* A slot whose entry in the table is to be cleared, which counts as done; 0: none. */
uint32_t ln_references_clear_next(ln_references *references);

/* The table is again what it was at the snapshot of that number: what was given out since is given up. */
void ln_references_go_back(ln_references *references, uint64_t number);

/* All are void: the table is gone. */
void ln_references_void(ln_references *references);

void ln_references_free(ln_references *references);

#endif
