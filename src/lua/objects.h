/* Objects of the host that scripts hold: which are open.
 *
 * A script has a handle, a userdata with a number; what it stands for lies outside of the arena, in a slot here. What always
 * holds:
 *   - a number is given out once in a process: one that outlived its object, its run or its context finds nothing;
 *   - an object leaves its slot before its close callback is called, so that this happens once, whoever closes it: the
 *     collector, the script, the host, a reset or a kill;
 *   - going back to a snapshot closes what was made since, but for what modules keep, which is the host's; what was closed
 *     since stays closed, and the handles that are there again find nothing;
 *   - the table grows, and callbacks are called, in host sections or between runs. */
#ifndef LN_LUA_OBJECTS_H
#define LN_LUA_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ln_class;

typedef struct ln_object {
    uint64_t id; /* 0: the slot is free */
    void *object;
    const struct ln_class *class;
    uint64_t since;   /* the number of the last snapshot before it was made */
    bool lasting;     /* what a module keeps for the context (states.c) */
    bool fresh;       /* a result of a call that may still fail; no handle was made yet */
    uint32_t next;    /* free slot, by number; 0: the last */
    uint64_t handles; /* that were made; only the last one's end is the object's, */
    bool back;        /* or that of the one in the snapshot that was put back last */
} ln_object;

/* Zeroed: none. Slots are numbered from 1. */
typedef struct ln_objects {
    ln_object *slots;
    uint32_t count, room, free;
    uint32_t open;     /* of the slots that were counted, those that are not free */
    uint64_t snapshot; /* the number of the last one; 0: none */
} ln_objects;

/* The new object's number; 0 on no memory. */
uint64_t ln_objects_add(ln_objects *objects, const struct ln_class *class, void *object);

/* NULL: there is none that is open. */
ln_object *ln_objects_find(const ln_objects *objects, uint64_t id);

/* Takes the object out of its slot without closing it. */
void ln_objects_remove(ln_objects *objects, uint64_t id);

/* Calls its close callback, if it is open. */
void ln_objects_close(ln_objects *objects, uint64_t id);
void ln_objects_close_all(ln_objects *objects);

/* Those that were made since that snapshot, but for lasting ones. */
void ln_objects_go_back(ln_objects *objects, uint64_t number);

/* Closes all, and frees the table. */
void ln_objects_free(ln_objects *objects);

#endif
