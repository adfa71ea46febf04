/* One call of a host function, between the trampoline that Lua calls (host.c) and the functions by which the host reads
 * arguments and gives results (call.c).
 *
 * What always holds:
 *   - while the host's function runs, nothing is done with the Lua state that could raise an error: what must
 *     allocate there runs in a protected call of its own, with the collector stopped, because a collection may run a
 *     script's finalizers, which no deadline would end in a host section;
 *   - what the call keeps for later (results, messages) lies in this struct or in the VM's scratch tree, which the VM
 *     frees: so nothing is lost when the run is ended as the section is, or later, in the middle of pushing;
 *   - scratch memory is taken back by the next call that needs some, not as a call ends: that costs the usual call,
 *     which needs none, nothing. */
#ifndef LN_LUA_CALL_H
#define LN_LUA_CALL_H

#include "lua/internal.h"
#include "lunette/module.h"

enum { LN_CALL_INLINE = 8 };

/* What RUNTIME_ERROR, answered by the host's function, is about. */
enum {
    LN_NOTE_NONE,
    LN_NOTE_WORDS,
    LN_NOTE_VALUE,  /* of fail_value() */
    LN_NOTE_MEMORY, /* Lua's memory was at its limit */
    LN_NOTE_PASSED, /* an invocation failed: its error is in the registry */
};

struct lunette_call {
    lua_State *L;
    ln_run *run;
    const ln_function *function;
    int count; /* arguments */
    int result_count;
    int last_root;        /* the cursor begun last, of those not entered from another; 0: none */
    bool scratch_used;    /* this call has taken scratch memory */
    bool disturbed;       /* a script ran since the function was called: tables may have changed */
    bool broken;          /* and one of them could not be read to its end */
    bool waits;           /* suspend() was granted */
    int note;             /* LN_NOTE_… */
    lunette_status ended; /* why an invocation was abandoned, and all of the run with it; OK: none was */
    int bad_argument;     /* WORDS: whose fault it is; 0: not an argument's */
    const char *expected; /* its type, static; NULL: `message` says what is wrong with it */
    const char *message;  /* WORDS, PASSED: in scratch, or static; or NULL */
    lunette_value error;  /* VALUE, in scratch */
    int more_room;        /* of `more`; holds where result_count is above LN_CALL_INLINE */
    lunette_value *more;  /* the results after the first, in scratch */
    lunette_value first[LN_CALL_INLINE];
};

/* Scratch memory of the call; NO_MEMORY. In a host section. */
lunette_status ln_call_scratch(lunette_call *call, size_t size, void **start);

/* The VM's scratch tree, ready for this call to take from. In a host section. */
ln_tree *ln_call_tree(lunette_call *call);

/* Those that the host gave, NULL: none, completed; false: they cannot be. */
bool ln_call_bounds(lunette_bounds *bounds, const lunette_bounds *given);

/* Calls body(L) with `ud` and the value at `index` as its arguments, protected, leaving `results` values. What goes wrong
 * (Lua's memory is at its limit, its calls lie too deep) is noted, and answered. In a host section. Does not raise. */
lunette_status ln_call_protect(lunette_call *call, lua_CFunction body, void *ud, int index, int results);

/* Notes what is wrong, and is what the host's function is to return. */
lunette_status ln_call_no_memory(lunette_call *call);
lunette_status ln_call_too_deep(lunette_call *call);
lunette_status ln_call_wrong_type(lunette_call *call, int index, const char *expected);

/* Raises the error of the last invocation that failed. */
int ln_call_raise_passed(lua_State *L);

/* One more result. */
lunette_status ln_call_give(lunette_call *call, lunette_value value);

/* Whether this is the thread that the call is on, in the function that it is for. What would enter Lua asks: elsewhere
 * nothing is as Lua's allocator and the guard expect. */
LN_INLINE bool ln_call_is_here(const lunette_call *call) {
    return ln_run_current() == call->run;
}

LN_INLINE ln_vm *ln_call_vm(const lunette_call *call) {
    return call->run->owner;
}

#endif
