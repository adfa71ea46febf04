/* What the two files about values on their way out share: the walk, and the frame around it. Nothing raises but where
 * it says so. */
#ifndef LN_LUA_TAKE_H
#define LN_LUA_TAKE_H

#include "lua/internal.h"
#include "machine/step.h"

typedef struct ln_taking {
    lua_State *L;
    ln_vm *vm;
    ln_tree *tree;
    struct ln_take_buffers *buffers; /* the walk's */
    lunette_member *waiting;         /* where in the buffer the next table's members begin */
    lunette_bounds bounds;
    size_t items;        /* that may yet come, where all of a table's are counted before the first is taken */
    size_t entries;      /* that may yet come, where they are counted one by one; else no bound */
    bool keys_begun;     /* in the buffers */
    bool name_functions; /* instead of making references */
    const char *root;    /* what they are, at the beginning of a place */
    char *why;           /* receives what went wrong, instead of the report; NULL: the report does */
    size_t why_size;
    lunette_status lack; /* why ln_take_bytes() gave nothing */
    lunette_status status;
} ln_taking;

/* --- take.c --- */

/* Notes the first thing that went wrong, with its place. False. */
bool ln_take_fail(ln_taking *taking, lunette_status status, const ln_step *step, const char *what);

/* A bound was reached: an error, or a mark in its place. */
bool ln_take_cut(ln_taking *taking, lunette_status status, const ln_step *step, const char *what,
                 const char *mark, lunette_value *to);

/* The same for one of the host's bounds, which the words name: an error in any case, or only where nothing is cut. */
LN_COLD bool ln_take_refuse(ln_taking *taking, ln_bound bound, const ln_step *step);
LN_COLD bool ln_take_beyond(ln_taking *taking, ln_bound bound, const ln_step *step, const char *mark,
                            lunette_value *to);

/* Takes what a table, or the results, will have from what may yet come, before the first of it is taken; false: it is more. */
bool ln_take_count(ln_taking *taking, size_t count);

/* As ln_take_cut(), where ln_take_bytes() gave nothing; and where Lua's stack cannot grow. */
bool ln_take_no_room(ln_taking *taking, const ln_step *step, const char *mark, lunette_value *to);
LN_COLD bool ln_take_no_stack(ln_taking *taking, const ln_step *step, const char *mark, lunette_value *to);

/* Takes from the tree what it has no room for yet, growing it in a host section. */
LN_NOINLINE void *ln_take_grown(ln_taking *taking, size_t size);

/* NULL: ln_take_no_room() says what becomes of the value. */
LN_INLINE void *ln_take_bytes(ln_taking *taking, size_t size) {
    void *start = ln_tree_take(taking->tree, size);
    return LN_LIKELY(start != NULL) ? start : ln_take_grown(taking, size);
}

/* The value on top of the stack, which is no boolean, number, string or table. May raise (memory), for a function. */
LN_NOINLINE bool ln_take_other(ln_taking *taking, int type, const ln_step *step, lunette_value *to);

/* --- take_walk.c --- */

/* Values first..last of Lua's stack as items in the tree; NULL: nothing was taken, which is noted, or, where what is too much
 * is cut, named in *cut_to. Raises as above. */
lunette_value *ln_take_range(ln_taking *taking, int first, int last, lunette_value *cut_to);

/* The value at `index`; *to stays as it is where Lua's stack has no room. Raises as above. */
void ln_take_one(ln_taking *taking, int index, lunette_value *to);

/* Something may be collected: so no key is known by its address any more. */
void ln_take_forget_keys(ln_taking *taking);

#endif
