/* What the files of this room share: the VM's own struct, and how a C function that Lua called finds it. */
#ifndef LN_LUA_INTERNAL_H
#define LN_LUA_INTERNAL_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/compiler.h"
#include "base/tree.h"
#include "guard/current.h"
#include "lua/files.h"
#include "lua/modules.h"
#include "lua/references.h"
#include "lua/report.h"
#include "lua/vm.h"

enum { LN_RANDOM_BYTES = 32 };

/* What a template keeps of the state it built. */
struct ln_template {
    const ln_vm_setup *setup;
    ln_image *image; /* shared by its VMs; NULL: each builds its own */
    size_t image_size;
    size_t state_at;          /* offset in the arena of the main thread */
    size_t random_at;         /* and of math.random's state; 0: the script has none */
    lunette_preload *preload; /* copied texts, where VMs build themselves */
    size_t preload_count;
    ln_modules modules;
};

/* The host's half of a VM: outside the arena, so a reset does not touch it and a script cannot. */
struct ln_vm {
    const ln_vm_setup *setup;
    const ln_template *from;
    lunette_context *context;
    ln_arena *arena;
    ln_arena_shadow shadow; /* of the arena's own words; own reservation only */
    bool suspect;           /* its memory may be corrupt: a fault was contained in it */
    const ln_image
        *image; /* what a reset restores: the template's or own_image; NULL with a host's allocator */
    ln_image *own_image; /* where the template's cannot be shared */
    lua_State *L;        /* the main thread; NULL: there is no state */

    /* While a run is going on. Read by signal handlers on the run's own thread. */
    lua_State *volatile running; /* the coroutine that runs now */
    volatile lua_Hook pending;   /* what a deadline wants called at the next safe point; NULL: nothing */
    ln_report *report;           /* where what goes wrong is noted */
    lua_State *stood;            /* what was running when the last run ended */
    bool located;                /* the report's trace says where the script was at its deadline */
    unsigned closing;            /* coroutines that are closing one another */
    const char *stack_top;       /* where the run's part of the C stack begins */
    bool counting;               /* a limit needs the count hook */
    ln_tree *error_value;        /* where an uncaught error value goes; NULL: nowhere */
    bool panicked;
    ln_files files;            /* that scripts at level none have open */
    ln_tree scratch;           /* what calls of host functions keep: see call.h */
    ln_tree_mark scratch_base; /* where the innermost one may begin */

    /* Between runs. */
    ln_references references; /* that the host has to the script's functions */
    uint64_t generation;
    bool pristine;      /* nothing has run since the last reset */
    bool warnings_on;   /* level none starts with warnings off, as lua does */
    void *random_state; /* of math.random, inside the arena; NULL: the script has none */
    lunette_error *error;
    lunette_stats last;

    ln_run run;
};

/* The VM whose code runs on this thread now. Never NULL in a function that Lua called. Does not raise. */
LN_INLINE ln_vm *ln_vm_current(void) {
    return ln_run_here()->owner;
}

/* --- enter.c --- */

/* Calls `body` with a lightuserdata `ud` as its only argument, under the guard and a protected call, with
 * ln_report_on_error as the message handler. *lua_status is Lua's answer when the run finished; what body left
 * on the stack is dropped. Does not raise. */
ln_end ln_vm_enter(ln_vm *vm, const ln_budget *budget, lua_CFunction body, void *ud, int *lua_status);

/* Calls `load` in the same way, and leaves on the stack what ln_vm_enter_prepared() begins with: the message
 * handler, `body`, and the value that load returned. Nothing else is left of the call. Does not raise. */
ln_end ln_vm_prepare(ln_vm *vm, lua_CFunction load, lua_CFunction body, void *ud, int *lua_status);

/* As ln_vm_enter(), for a VM that was prepared: the body gets two arguments, the value and `ud`. Does not raise. */
ln_end ln_vm_enter_prepared(ln_vm *vm, const ln_budget *budget, void *ud, int *lua_status);

/* After a kill: notes in the report where the script stood, if that can be read. Does not raise. */
void ln_vm_post_mortem(ln_vm *vm);

/* Closes the state under the guard, so that finalizers cannot hang. Does not raise. */
void ln_vm_close_state(ln_vm *vm);

/* The arena cannot meet a request that came from `caller`; `ud` is the VM. Notes where the script is, and collects
 * garbage where Lua does not do it itself: true, try again. Does not raise. */
bool ln_vm_on_refusal(void *ud, const void *caller);

/* --- buffers.c --- */

/* Finds those places, once in a process; before the first run. Does not raise. */
void ln_buffers_watch(void);

/* Whether that is a place where Lua's string buffers (luaL_Buffer) ask for memory. */
bool ln_buffers_asked(const void *caller);

/* --- moving.c --- */

/* Finds out how a stack that is being moved is told; before the first run. Does not raise. */
void ln_moving_watch(void);

/* Whether the stack is being moved: nothing of the interface but lua_status() may be called on L then. Does not
 * raise. */
bool ln_moving_stack(const lua_State *L);

/* --- enter.c --- */

/* Gives a coroutine that is about to run the hooks it needs, and takes away what earlier runs left. To be followed
 * by ln_vm_switch(). Does not raise; may not return (the instructions that a resume costs may be the last). */
void ln_vm_arm(ln_vm *vm, lua_State *L);

/* From here on L is the coroutine that runs. Does not raise. */
void ln_vm_switch(ln_vm *vm, lua_State *L);

/* --- template.c --- */

/* Opens the arena of a VM that has its setup. */
lunette_status ln_vm_open_arena(ln_vm *vm);

/* Builds the state in the VM's arena, which holds none. `why` receives what went wrong in a preloaded module; NULL:
 * not wanted. */
lunette_status ln_vm_build(ln_vm *vm, const lunette_preload *preload, size_t count, char *why,
                           size_t why_size);

/* --- press.c --- */

/* Brings a pristine VM to where it has been prepared to run the code with `body` = ln_vm_run_pressed, if there is a
 * patch that does. The VM is not pristine then. Does not raise. */
bool ln_vm_apply_patch(ln_vm *vm, const ln_code *code);

/* --- run.c --- */

/* The body of a run whose program was loaded before: gets its function, and the call. */
int ln_vm_run_pressed(lua_State *L);

/* --- random.c --- */

/* LN_RANDOM_BYTES fresh unpredictable bytes (the same ones each time, where the setup says deterministic). */
void ln_vm_random(const ln_vm *vm, void *bytes);

/* --- vm.c --- */

/* Makes the VM what it was when it was opened, whatever state it is in. NO_MEMORY: host's allocator only. */
lunette_status ln_vm_restore(ln_vm *vm);

/* --- values.c --- */

/* Converts stack values first..last into an array at the root of `tree`. Raises on lack of Lua memory only
 * (function references). VALUE_LIMIT and NO_MEMORY are noted in the report. */
lunette_status ln_values_take(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                              ln_tree *tree);

/* Converts stack values first..last into an array in a tree that its owner frees. Raises as above. What went wrong is
 * told to `why`, beginning with "argument[1]"; VALUE_LIMIT, NO_MEMORY. */
lunette_status ln_values_take_some(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                                   ln_tree *tree, const lunette_value **values, char *why, size_t why_size);

/* Converts one value at `index` to be the tree's root; functions are only named. Never raises. */
lunette_status ln_values_take_error(lua_State *L, ln_vm *vm, int index, ln_tree *tree);

/* Pushes a value that ln_vm_check_value() has passed. May raise (memory). */
void ln_values_push(lua_State *L, const lunette_value *value);

/* --- refer.c --- */

/* Makes a reference to the function at `index`; false: the host has no memory. Raises on lack of the VM's. */
bool ln_refer_take(lua_State *L, ln_vm *vm, int index, lunette_value *to);

/* Pushes the function of a reference that ln_refer_check() has passed. Never raises. Needs two slots. */
void ln_refer_push(lua_State *L, const lunette_value *function);

/* OK, STALE. */
lunette_status ln_refer_check(const ln_vm *vm, const lunette_value *function);

/* Lets go of what the host has given up. Never raises. */
void ln_refer_let_go(lua_State *L, ln_vm *vm);

/* Pushes what a path of names with dots between them leads to, from the globals. False, and nothing is pushed: it
 * leads nowhere. May raise (memory). */
bool ln_refer_find(lua_State *L, const char *path);

/* --- sandbox.c --- */

/* Opens the libraries of the sandbox in a fresh state. May raise. */
void ln_sandbox_build(lua_State *L, const ln_sandbox *sandbox);

/* --- hosted.c --- */

/* Replaces the C function on top of the stack, `name` to people, by one that calls it in a host section. May
 * raise (memory). */
void ln_hosted_wrap(lua_State *L, const char *name);

/* Calls the C function below `arguments` values on the stack in a host section, leaving all its results; what
 * it raises is raised again after the section, with `name` where no other is known. It must not call back into
 * Lua code. */
void ln_hosted_call(lua_State *L, int arguments, const char *name);

/* Puts the methods of file handles into host sections, if the state has file handles; `hidden`: and their metatable
 * out of the script's reach. May raise. */
void ln_hosted_wrap_files(lua_State *L, bool hidden);

/* --- The replacements of names.h; each may raise, as library functions do --- */
int ln_lib_collectgarbage(lua_State *L);
int ln_lib_load(lua_State *L);
int ln_lib_print(lua_State *L);
int ln_lib_require(lua_State *L);
int ln_lib_setmetatable(lua_State *L);
int ln_lib_tostring(lua_State *L);
int ln_lib_format(lua_State *L);
int ln_lib_gmatch(lua_State *L);
int ln_lib_randomseed(lua_State *L);
int ln_lib_setlocale(lua_State *L);
int ln_lib_date(lua_State *L);
int ln_lib_time(lua_State *L);
int ln_lib_xpcall(lua_State *L);
int ln_lib_coroutine_close(lua_State *L);
int ln_lib_coroutine_resume(lua_State *L);
int ln_lib_coroutine_wrap(lua_State *L);
int ln_lib_dofile(lua_State *L);
int ln_lib_loadfile(lua_State *L);
int ln_lib_search_lua(lua_State *L);
int ln_lib_sethook(lua_State *L);
int ln_confined_lines(lua_State *L);
int ln_confined_open(lua_State *L);
int ln_confined_remove(lua_State *L);
int ln_confined_rename(lua_State *L);
int ln_confined_tmpfile(lua_State *L);

/* Receives Lua's warnings; `ud` is not used. Does not raise. */
void ln_lib_warning(void *ud, const char *text, int more);

#endif
