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
#include "lua/native.h"
#include "lua/objects.h"
#include "lua/quota.h"
#include "lua/references.h"
#include "lua/vm.h"
#include "machine/machine.h"

enum { LN_RANDOM_BYTES = 32 };

/* C stack a run needs: what the deepest nesting of calls takes, and what a coroutine may be closed on top of
 * (coroutine.c), whose own count of calls begins anew. */
enum { LN_VM_CLOSING_STACK = 128 << 10, LN_VM_STACK = (512 << 10) + LN_VM_CLOSING_STACK };
_Static_assert(LN_VM_STACK == LN_STACK_MINIMUM + LN_VM_CLOSING_STACK, "the guard's minimum is part of it");

typedef struct ln_sandbox ln_sandbox;

/* What an engine's configuration says about Lua. */
typedef struct ln_settings {
    ln_sandbox *sandbox;
    lunette_gc gc;
    unsigned gc_pause, gc_step, gc_minor, gc_major;
    bool check_texts; /* refuse texts that are not safe in this release (scan.c) */
} ln_settings;

/* What a script that waited finds: the host's values, an error of the host's or about the values, or that there was no
 * room for any of it. */
typedef enum ln_answer_kind { LN_ANSWER_VALUES, LN_ANSWER_ERROR, LN_ANSWER_NO_MEMORY } ln_answer_kind;

/* Where the machine's roots point. */
enum { LN_ROOT_STATE, LN_ROOT_RANDOM, LN_ROOT_SCRIPT };

/* A machine, and behind it what Lua needs outside of the arena. */
typedef struct ln_vm {
    lunette_machine machine;
    lua_State *L; /* the main thread */
    lua_State *
        script; /* the thread that scripts run on, so that they can wait (suspend.c); NULL: the main thread */
    void *random_state; /* of math.random, inside the arena; NULL: the script has none */

    /* While a run is going on. Read by signal handlers on the run's own thread. */
    lua_State *volatile running; /* the coroutine that runs now */
    volatile lua_Hook pending;   /* what a deadline wants called at the next safe point; NULL: nothing */
    lua_State *stood;            /* what was running when the last run ended */
    unsigned closing;            /* coroutines that are closing one another */
    const char *stack_top;       /* where the run's part of the C stack begins */
    ln_quota quota;              /* of the run that goes on */
    ln_quota quota_left;         /* of one that waits */
    bool counting;               /* a limit needs the count hook */
    bool attentive;              /* the deadline is near, and the run looks at the clock itself */
    bool may_wait;               /* what runs now can yield, and what resumed it, all the way out */
    bool waits;                  /* it does: a function of the host's will answer later */
    ln_answer_kind answer_kind;  /* what it is resumed with */
    int script_status;           /* how the script on its own thread ended, as Lua says */
    ln_code *borrowed;           /* a compiled module that is being loaded; NULL: none is */
    ln_files files;              /* that scripts at level none have open */
    ln_tree scratch;             /* what calls of host functions keep: see call.h */
    ln_tree_mark scratch_base;   /* where the innermost one may begin */
    ln_references references;    /* that the host has to the script's functions */
    ln_objects objects;          /* of the host's, that the script has, and what modules keep for it */
    uint64_t *states;            /* numbers of the latter, for each module of the template */
    size_t state_count;
    size_t relief_bytes, relief_objects; /* in use: then what has finalizers is collected; 0: not known yet */
    ln_natives natives;                  /* modules of lua_CFunctions */
    bool has_code;                       /* machine code was loaded by the script itself, at level none */
    /* Of the error that a hook of ours raised last. */
    const lua_State *hook_raised_in; /* the coroutine; NULL: no hook has */
    const char *hook_error;          /* its text, to be compared with, not read; NULL: memory ended first */
    bool hooks_tried;                /* the hook of a trial was called */
} ln_vm;

/* In the space that Lua leaves for it at each coroutine, so in the arena: a reset or a snapshot that comes back brings it
 * along. A new coroutine's begins as the main thread's is. */
typedef struct ln_extra {
    unsigned char marks; /* coroutine.c; the main thread has none */
    /* The main thread's is about the whole state. */
    bool warnings_off;  /* so level none begins, as lua does */
    bool warning_begun; /* the last piece of one said that more comes */
} ln_extra;

_Static_assert(sizeof(ln_extra) <= LUA_EXTRASPACE, "there is room for it");

LN_INLINE ln_extra *ln_extra_of(lua_State *co) {
    return lua_getextraspace(co);
}

/* The VM of a machine of this backend. */
LN_INLINE ln_vm *ln_vm_of(lunette_machine *machine) {
    return (ln_vm *)machine;
}

LN_INLINE const ln_settings *ln_vm_settings(const ln_vm *vm) {
    return vm->machine.setup->settings;
}

/* The host's modules, of the VM's template. */
LN_INLINE const ln_modules *ln_vm_modules(const ln_vm *vm) {
    return vm->machine.from->parts;
}

/* What its scripts find. */
LN_INLINE const ln_sandbox *ln_vm_sandbox(const ln_vm *vm) {
    return ln_vm_modules(vm)->sandbox;
}

/* Whether L is where scripts begin, and not a coroutine of theirs. */
LN_INLINE bool ln_vm_is_outermost(const ln_vm *vm, const lua_State *L) {
    return L == vm->L || L == vm->script;
}

/* The VM whose code runs on this thread now. Never NULL in a function that Lua called. Does not raise. */
LN_INLINE ln_vm *ln_vm_current(void) {
    return ln_run_here()->owner;
}

/* --- enter.c --- */

/* In a run: calls `body` with a lightuserdata `ud` as its only argument, under a protected call, with
 * ln_report_on_error as the message handler. Lua's answer; what body left on the stack is dropped. Does not raise. */
int ln_vm_protect(ln_vm *vm, lua_CFunction body, void *ud);

/* Calls `load` in the same way, and leaves on the stack what ln_vm_protect_loaded() begins with: the message
 * handler, `body`, and the value that load returned. Nothing else is left of the call. Does not raise. */
int ln_vm_protect_load(ln_vm *vm, lua_CFunction load, lua_CFunction body, void *ud);

/* As ln_vm_protect(), where that was done: the body gets two arguments, the value and `ud`. Does not raise. */
int ln_vm_protect_loaded(ln_vm *vm, void *ud);

/* ln_vm_protect() in a run of its own. Does not raise. */
ln_end ln_vm_enter(ln_vm *vm, const ln_budget *budget, lua_CFunction body, void *ud, int *lua_status);

/* Notes where the script is, which was refused memory, and why: static text, or NULL where the arena refused. Does not
 * raise. */
void ln_vm_note_refusal(ln_vm *vm, const char *why);

/* What Lua's answer means; `inner` where that is LUA_OK. */
lunette_status ln_vm_status(int lua_status, lunette_status inner);

/* The table's functions that are about hooks and places. None raises. */
void ln_vm_prepare(lunette_machine *machine);
bool ln_vm_on_refusal(lunette_machine *machine, const void *caller);

/* As lunette_backend.on_growth (collector.c). Does not raise. */
void ln_vm_on_growth(lunette_machine *machine, unsigned quarters);
void ln_vm_soften(lunette_machine *machine);
void ln_vm_probe(lunette_machine *machine);
bool ln_vm_post_mortem(lunette_machine *machine);

/* Whether a killed run's state can be looked at. Does not raise. */
bool ln_vm_can_be_read(const ln_vm *vm);

/* Closes the state under the guard, so that finalizers cannot hang. Does not raise. */
void ln_vm_close_state(ln_vm *vm);

/* --- collector.c --- */

/* Finds, once in a process, what shows that there was a collection. */
void ln_collector_watch(void);

/* Has the machine count the collections of its state, which is new. */
void ln_collector_follow(ln_vm *vm);

/* A full collection, which is counted. In a run. May raise only where scripts may have finalizers. */
void ln_collector_run(lua_State *L);

/* Where something with a finalizer is made, in a C function that Lua called: collects all if it is time to. May raise only
 * where scripts may have finalizers. */
void ln_collector_relieve(lua_State *L, ln_vm *vm);

/* The memory is another: nothing is known of when it was collected. */
void ln_collector_forget(ln_vm *vm);

/* The table of the base library is on top of the stack: scripts' own collections are counted as well. May raise (memory). */
void ln_collector_wrap(lua_State *L);

/* As the configuration says. Does not raise: lua_gc() with these options allocates nothing. */
void ln_collector_set(lua_State *L, const ln_settings *settings);

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

/* --- trials.c --- */

/* Whether the Lua at hand has the defect: concat-stale-top, error-stack-overflow, finishset-weak-mt-uaf,
 * index-compare-codegen. Any thread. */
bool ln_trial_concat(void);
bool ln_trial_error(void);
bool ln_trial_finishset(void);
bool ln_trial_index(void);

/* --- scan.c --- */

/* Finds out which texts the Lua at hand does not bear; before the first run. Does not raise. */
void ln_scan_watch(void);

/* Whether the Lua at hand has the defect env-const. Any thread. */
bool ln_scan_minds_env(void);

/* luaL_loadbufferx(), for texts that may be anybody's: one that is not safe in this release is a syntax error. May
 * raise (memory, for its message). */
int ln_scan_load(lua_State *L, const char *text, size_t size, const char *name, const char *mode);

/* --- enter.c --- */

/* Gives a coroutine that is about to run the hooks it needs, and takes away what earlier runs left. To be followed
 * by ln_vm_switch(). Does not raise; may not return (the instructions that a resume costs may be the last). */
void ln_vm_arm(ln_vm *vm, lua_State *L);

/* From here on L is the coroutine that runs. Does not raise. */
void ln_vm_switch(ln_vm *vm, lua_State *L);

/* Raises an error with this text, for a hook of ours. */
void ln_vm_raise_from_hook(lua_State *L, const char *text);

/* Whether Lua calls no hook now, because what runs is called before an error that a hook raised has been caught: so no
 * limit that needs the count hook would hold. Needs a stack slot. May not return (what asking costs may be the last
 * instructions). Does not raise. */
bool ln_vm_hooks_are_off(ln_vm *vm, lua_State *L);

/* Whether `co` was ended by an error that a hook raised, so that the same is so for whatever still runs there: it ended
 * with `status`, the error is on top of L, and no limit holds there but with a count. Does not raise. */
bool ln_vm_ended_in_hook(const ln_vm *vm, const lua_State *co, int status, lua_State *L);

/* --- coroutine.c --- */

/* lua_resume() of `co` from `from`, with the guard's knowledge kept right. `may_wait`: of what runs there. May not
 * return. */
int ln_vm_resume(ln_vm *vm, lua_State *co, lua_State *from, int arguments, int *results, bool may_wait);

/* --- host.c --- */

/* Raises Lua's own error of memory, for what was refused where nothing could be raised. */
LN_NORETURN void ln_raise_memory(lua_State *L, const ln_vm *vm);

/* --- types.c --- */

/* Makes the metatable of a type. May raise (memory). */
void ln_types_install(lua_State *L, const ln_class *class);

/* The type that a value is a handle of; NULL: it is none. Does not raise. */
const ln_class *ln_types_class_at(lua_State *L, int index);

/* The number of an object, open or not, of such a handle. Does not raise. */
uint64_t ln_types_id_at(lua_State *L, int index);

/* Pushes the handle of an open object; nil: it is open no more. May raise (memory). */
void ln_types_push(lua_State *L, ln_vm *vm, uint64_t id);

/* Between runs, or in a host section. The backend's; see lunette/backend.h. */
lunette_status ln_types_make(lunette_machine *machine, const struct lunette_class *type, void *object,
                             lunette_value *value);
lunette_status ln_types_find(const lunette_machine *machine, const lunette_value *value,
                             const struct lunette_class *type, void **object);
lunette_status ln_types_close(lunette_machine *machine, const lunette_value *value);

/* --- suspend.c --- */

/* Makes the thread that scripts run on, and the library's functions that must not show it. May raise. */
lua_State *ln_suspend_prepare(lua_State *L);

/* Calls the function below `arguments` values on L, the main thread, on the script's thread, and leaves its results
 * there. OK; SUSPENDED; else the error has been noted. May raise. */
lunette_status ln_suspend_call(lua_State *L, ln_vm *vm, int arguments);

/* The same for a script that waits, with the answer as all there is on L: values, or the message of an error. May raise once
 * the script has ended, and not before. */
lunette_status ln_suspend_resume(lua_State *L, ln_vm *vm, ln_answer_kind kind);

/* Whether what runs on L can wait for the host. Does not raise. */
bool ln_suspend_possible(lua_State *L, const ln_vm *vm);

/* For a C function to end with: the call it serves waits. */
int ln_suspend_here(lua_State *L, ln_vm *vm);

/* --- build.c: the table's functions that make a state --- */

lunette_status ln_vm_build(lunette_machine *machine);
lunette_status ln_vm_preload(lunette_machine *machine, const lunette_preload *module);
lunette_status ln_vm_settle(lunette_machine *machine);

/* --- run.c: the table's functions that run something --- */

lunette_status ln_vm_run(lunette_machine *machine, const lunette_program *program);
lunette_status ln_vm_compile(lunette_machine *machine, const lunette_program *program);
lunette_status ln_vm_go_on(lunette_machine *machine, const lunette_answer *answer);
lunette_status ln_vm_load(lunette_machine *machine, const lunette_program *program);
lunette_status ln_vm_set_global(lunette_machine *machine, const char *name, const lunette_value *value);
lunette_status ln_vm_get_global(lunette_machine *machine, const char *name);
lunette_status ln_vm_collect(lunette_machine *machine);

/* --- refer.c: another of the table's --- */

lunette_status ln_vm_forget(lunette_machine *machine, const lunette_value *function);

/* --- trace.c --- */

/* Notes the call stack of L from `level` on, and with a message of Lua's form "chunk:line: text" takes the
 * place off it. `entered_by_host`: the outermost level is the room's own and left out. Never raises, never
 * allocates: may be called from the allocator and from hooks. */
void ln_report_trace(ln_report *report, lua_State *L, int level, bool entered_by_host);

/* A chunk's name as Lua shortens it in messages; one that is the text itself is not told. Does not raise. */
void ln_trace_source(const char *name, char *text, size_t size);

/* The message handler of every run: notes message and trace, returns the error value unchanged. May raise. */
int ln_report_on_error(lua_State *L);

/* Notes a syntax error's message, "chunk:line: text" with the chunk as Lua shortens `name`. */
void ln_report_syntax(ln_report *report, const char *name, const char *text, size_t size);

/* --- random.c --- */

/* LN_RANDOM_BYTES fresh unpredictable bytes (the same ones each time, where the setup says deterministic). */
void ln_vm_random(const ln_vm *vm, void *bytes);

/* --- take.c --- */

/* Converts stack values first..last into an array at the root of `tree`. Raises on lack of Lua memory only
 * (function references). VALUE_LIMIT and NO_MEMORY are noted in the report; MEMORY_LIMIT was. */
lunette_status ln_values_take(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                              ln_tree *tree);

/* In words, why values could not be taken; "" where there are none. */
typedef struct ln_reason {
    char text[200];
} ln_reason;

/* Converts stack values first..last into an array in a tree that its owner frees. Raises as above. What went wrong is
 * told to `why`, beginning with "argument[1]"; VALUE_LIMIT, NO_MEMORY; MEMORY_LIMIT, without words. */
lunette_status ln_values_take_some(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                                   ln_tree *tree, const lunette_value **values, ln_reason *why);

/* Converts one value at `index` to be the tree's root; functions are only named. Never raises. */
lunette_status ln_values_take_error(lua_State *L, ln_vm *vm, int index, ln_tree *tree);

/* --- values.c --- */

/* Whether a value can be given to this VM. OK, INVALID_ARGUMENT, STALE. */
lunette_status ln_values_check(const lunette_machine *machine, const lunette_value *value);

/* Pushes a value that ln_values_check() has passed. May raise (memory). */
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

/* Which names scripts will find: those of the level and of the permissions, and those of `allow`, less those of
 * `deny`. */
typedef struct ln_sandbox_config {
    lunette_sandbox level;
    const char *const *allow;
    size_t allow_count;
    const char *const *deny;
    size_t deny_count;
    uint32_t permissions;
    const char *root; /* the folder that file permissions are about; NULL: none */
} ln_sandbox_config;

/* `why` receives what is wrong with which field. OK, INVALID_ARGUMENT, NO_MEMORY, SYSTEM (the root folder cannot be
 * opened). */
lunette_status ln_sandbox_open(const ln_sandbox_config *config, ln_sandbox **sandbox, char *why,
                               size_t why_size);

/* The same less what is withheld of its permissions (LUNETTE_PERMIT_… bits), its files below `root` (a path from its own
 * folder; NULL: all of that). `why` and statuses as above. */
lunette_status ln_sandbox_narrow(const ln_sandbox *from, uint32_t withheld, const char *root,
                                 ln_sandbox **sandbox, char *why, size_t why_size);
void ln_sandbox_close(ln_sandbox **sandbox);
lunette_sandbox ln_sandbox_level(const ln_sandbox *sandbox);
uint32_t ln_sandbox_permissions(const ln_sandbox *sandbox);

/* Whether scripts find the name of that number (lunette_sandbox_name()), in the Lua that is loaded. */
bool ln_sandbox_has(const ln_sandbox *sandbox, size_t index);

/* Descriptor of the root folder; -1: there is none, and files are not confined. */
int ln_sandbox_folder(const ln_sandbox *sandbox);

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

/* Raises the error on top of the stack, which a C function of Lua's own raised when the library function that runs
 * now called it: with the place and the function's name that it would have if that one had not stood between. `name`
 * serves where the function was called by none. `status` is what lua_pcall() answered. */
int ln_raise_as(lua_State *L, int status, const char *name);

/* Puts the methods of file handles into host sections, if the state has file handles; at every level but none also their
 * metatable out of the script's reach, and addresses out of their texts. May raise. */
void ln_hosted_wrap_files(lua_State *L, lunette_sandbox level);

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
int ln_lib_clock(lua_State *L);
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
