#include "lua/references.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16, MOST = 1 << 24 };

static ln_reference *at(const ln_references *references, uint32_t slot) {
    return &references->slots[slot - 1];
}

static uint32_t pop(const ln_references *references, uint32_t *list) {
    uint32_t slot = *list;
    if (slot != 0)
        *list = at(references, slot)->next;
    return slot;
}

static uint32_t append(ln_references *references) {
    if (references->count == references->room) {
        uint32_t room = references->room == 0 ? FIRST_ROOM : references->room * 2;
        ln_reference *slots =
            room <= MOST ? realloc(references->slots, room * sizeof *references->slots) : NULL;
        if (!slots)
            return 0;
        references->slots = slots;
        references->room = room;
    }
    references->slots[references->count] = (ln_reference){0};
    return ++references->count;
}

uint64_t ln_references_take(ln_references *references) {
    uint32_t slot = pop(references, &references->free);
    if (slot == 0)
        slot = pop(references, &references->cleared);
    if (slot == 0)
        slot = append(references);
    if (slot == 0)
        return 0;
    ln_reference *reference = at(references, slot);
    uint64_t uses = ++reference->uses;
    reference->since = references->snapshot;
    return uses << 32 | slot;
}

bool ln_references_has(const ln_references *references, uint64_t id) {
    uint32_t slot = ln_references_slot(id), uses = (uint32_t)(id >> 32);
    return slot != 0 && slot <= references->count && uses % 2 == 1 && at(references, slot)->uses == uses;
}

uint32_t ln_references_slot(uint64_t id) {
    return (uint32_t)id;
}

void ln_references_drop(ln_references *references, uint64_t id) {
    ln_reference *reference = at(references, ln_references_slot(id));
    reference->uses++;
    reference->next = references->cleared;
    references->cleared = ln_references_slot(id);
}

uint32_t ln_references_clear_next(ln_references *references) {
    uint32_t slot = pop(references, &references->cleared);
    if (slot != 0) {
        at(references, slot)->next = references->free;
        references->free = slot;
    }
    return slot;
}

/* In the older table any slot may have something. */
void ln_references_go_back(ln_references *references, uint64_t number) {
    references->free = references->cleared = 0;
    for (uint32_t slot = references->count; slot != 0; slot--) {
        ln_reference *reference = at(references, slot);
        if (reference->uses % 2 == 1 && reference->since < number)
            continue;
        reference->uses += reference->uses % 2;
        reference->next = references->cleared;
        references->cleared = slot;
    }
}

void ln_references_void(ln_references *references) {
    references->count = references->free = references->cleared = 0;
}

void ln_references_free(ln_references *references) {
    free(references->slots);
    *references = (ln_references){0};
}
