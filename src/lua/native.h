/* Modules of lua_CFunctions that the host trusts, in a state that a kill may leave at any instruction: see native.c. */
#ifndef LN_LUA_NATIVE_H
#define LN_LUA_NATIVE_H

#include <stdbool.h>

#include "lunette/backend.h"

struct lua_State;
struct ln_modules;
struct ln_vm;

/* A function of such a module that is being called. Lies on the C stack of the one that calls it (native.c). */
typedef struct ln_native_call {
    struct lua_State *L;
    const void *place; /* of the wrapper in L's chain of calls, right below the function itself */
    struct ln_native_call *outer;
    bool raised; /* the error came from the function itself, not from what it called */
    bool held;   /* nor is the wrapper to be left */
} ln_native_call;

/* Zeroed: none was opened. */
typedef struct ln_natives {
    /* Read by signal handlers on the run's own thread; NULL: there is none. */
    ln_native_call *volatile innermost;
    volatile bool held; /* the table of objects is being changed */
    bool opened;        /* the state may have userdata of theirs */
    bool closing;       /* their finalizers are being called, for the last time */
    void *blocks;       /* that these asked for; outside the arena */
} ln_natives;

/* Learns what a state has before any such module is opened. May raise. */
void ln_native_prepare(struct lua_State *L, const struct ln_modules *modules);

/* Opens the module of that name, keeps it as loaded, and leaves it on top; false: there is none. May raise, what the
 * module raises too. */
bool ln_native_open(struct lua_State *L, const struct ln_modules *modules, const char *name);

/* Whether what runs at this moment is such a function, or what it called in C: it is not to be left. From signal handlers on
 * the run's own thread. */
bool ln_native_busy(lunette_machine *machine);

/* Between runs: calls the finalizers of all userdata that such modules have, if any was opened. The state is fit only to be
 * overwritten afterwards. */
void ln_native_close(struct ln_vm *vm);

#endif
