#include "lua/objects.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "lua/modules.h"

/* A number is a slot's, and above it a count of all objects there ever were. */
enum { SLOT_BITS = 24, FIRST_ROOM = 8, MOST = (1 << SLOT_BITS) - 1 };

static uint64_t next_serial(void) {
    static _Atomic(uint64_t) serials;
    return atomic_fetch_add_explicit(&serials, 1, memory_order_relaxed) + 1;
}

static bool grow(ln_objects *objects) {
    uint32_t room = objects->room == 0 ? FIRST_ROOM : objects->room * 2;
    ln_object *slots = room <= MOST ? realloc(objects->slots, room * sizeof *slots) : NULL;
    if (!slots)
        return false;
    objects->slots = slots;
    objects->room = room;
    return true;
}

static uint32_t take_slot(ln_objects *objects) {
    uint32_t slot = objects->free;
    if (slot != 0) {
        objects->free = objects->slots[slot - 1].next;
        return slot;
    }
    if (objects->count == objects->room && !grow(objects))
        return 0;
    return ++objects->count;
}

uint64_t ln_objects_add(ln_objects *objects, const ln_class *class, void *object) {
    uint32_t slot = take_slot(objects);
    if (slot == 0)
        return 0;
    uint64_t id = next_serial() << SLOT_BITS | slot;
    objects->slots[slot - 1] =
        (ln_object){.id = id, .object = object, .class = class, .since = objects->snapshot, .fresh = true};
    objects->open++;
    return id;
}

ln_object *ln_objects_find(const ln_objects *objects, uint64_t id) {
    uint32_t slot = (uint32_t)(id & MOST);
    if (slot == 0 || slot > objects->count || objects->slots[slot - 1].id != id)
        return NULL;
    return &objects->slots[slot - 1];
}

void ln_objects_remove(ln_objects *objects, uint64_t id) {
    ln_object *object = ln_objects_find(objects, id);
    if (!object)
        return;
    *object = (ln_object){.next = objects->free};
    objects->free = (uint32_t)(object - objects->slots) + 1;
    objects->open--;
}

void ln_objects_close(ln_objects *objects, uint64_t id) {
    const ln_object *found = ln_objects_find(objects, id);
    if (!found)
        return;
    ln_object object = *found;
    ln_objects_remove(objects, id);
    if (object.class->about.close)
        object.class->about.close(object.class->about.ud, object.object);
}

void ln_objects_close_all(ln_objects *objects) {
    for (uint32_t i = 0; i < objects->count; i++)
        if (objects->slots[i].id != 0)
            ln_objects_close(objects, objects->slots[i].id);
    objects->count = objects->free = 0;
}

void ln_objects_go_back(ln_objects *objects, uint64_t number) {
    for (uint32_t i = 0; i < objects->count; i++) {
        ln_object *object = &objects->slots[i];
        object->back = true;
        if (object->id != 0 && object->since >= number && !object->lasting)
            ln_objects_close(objects, object->id);
    }
}

void ln_objects_free(ln_objects *objects) {
    ln_objects_close_all(objects);
    free(objects->slots);
    *objects = (ln_objects){0};
}
