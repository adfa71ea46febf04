/* The Lua backend, as the rooms below see it: a VM in its arena, runs in it, and what a run leaves behind.
 *
 * What always holds:
 *   - Lua's code is entered in one place, ln_vm_enter() in vm.c, under the guard and under a protected call:
 *     no error and no kill ever passes a frame of the caller's;
 *   - all that a script can reach lies in the arena. What it can cause outside of it (output, files, the tree
 *     of results) happens in host sections;
 *   - a VM whose run was abandoned is restored before anything else is done with it.
 *
 * A VM is used by one thread at a time; only ln_vm_cancel() may be called from others. Nothing here raises. */
#ifndef LN_LUA_VM_H
#define LN_LUA_VM_H

#include "arena/arena.h"
#include "guard/guard.h"
#include "lua/code.h"
#include "lua/modules.h"
#include "lunette/config.h"
#include "lunette/engine.h"
#include "lunette/error.h"
#include "lunette/value.h"

/* C stack a run needs: what the deepest nesting of calls takes, and what a coroutine may be closed on top of
 * (coroutine.c), whose own count of calls begins anew. */
enum { LN_VM_CLOSING_STACK = 128 << 10, LN_VM_STACK = (512 << 10) + LN_VM_CLOSING_STACK };
_Static_assert(LN_VM_STACK == LN_STACK_MINIMUM + LN_VM_CLOSING_STACK, "the guard's minimum is part of it");

typedef struct ln_vm ln_vm;
typedef struct ln_sandbox ln_sandbox;

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
void ln_sandbox_close(ln_sandbox **sandbox);
lunette_sandbox ln_sandbox_level(const ln_sandbox *sandbox);
uint32_t ln_sandbox_permissions(const ln_sandbox *sandbox);

/* Descriptor of the root folder; -1: there is none, and files are not confined. */
int ln_sandbox_folder(const ln_sandbox *sandbox);

/* What all VMs of an engine share; outlives them. */
typedef struct ln_vm_setup {
    const ln_sandbox *sandbox;
    ln_guard *guard;
    size_t memory_limit;
    lunette_gc gc;
    unsigned gc_pause, gc_step, gc_minor, gc_major;
    bool deterministic;
    lunette_panic on_panic;
    bool
        post_mortem; /* faults are contained, or kills happen at safe points only: a killed VM can be looked at */
    lunette_output_fn output; /* never NULL */
    void *output_ud;
    lunette_warning_fn warning; /* NULL: dropped */
    void *warning_ud;
    lunette_alloc_fn alloc; /* NULL: an own reservation */
    void *alloc_ud;
} ln_vm_setup;

/* The state that VMs start from. Safe to use from any thread; outlives its VMs. */
typedef struct ln_template ln_template;

/* What a template is made of, beside its setup. */
typedef struct ln_recipe {
    const lunette_preload *preload;
    size_t preload_count;
    ln_module_list modules;
} ln_recipe;

/* Builds it once, preloaded modules run, and keeps its image; or, where images cannot be shared between arenas,
 * what it takes to build each VM by itself. `setup` outlives it, the recipe is copied where needed. `why` receives what
 * is wrong with a module of the host's (INVALID_ARGUMENT), or went wrong in which preloaded one. OK, INVALID_ARGUMENT,
 * SYNTAX_ERROR, RUNTIME_ERROR, MEMORY_LIMIT, NO_MEMORY, SYSTEM, STACK_TOO_SMALL, DEFECT. */
lunette_status ln_template_open(const ln_vm_setup *setup, const ln_recipe *recipe, ln_template **out,
                                char *why, size_t why_size);
void ln_template_close(ln_template **out);

/* Bytes of the image; 0 with a host's allocator. */
size_t ln_template_size(const ln_template *of);

/* Whether VMs share its image. */
bool ln_template_shared(const ln_template *of);

/* `context` is what the callbacks are given. OK, NO_MEMORY, SYSTEM, and what building can answer. */
lunette_status ln_vm_open(const ln_template *from, lunette_context *context, ln_vm **vm);

/* Makes an idle VM one of another template of the same setup. OK, NO_MEMORY and what building can answer; on
 * failure the VM is fit only to be closed. */
lunette_status ln_vm_adopt(ln_vm *vm, const ln_template *from);

/* Closes whatever a script still holds of the system. NULL and a pointer to NULL are allowed. */
void ln_vm_close(ln_vm **vm);

/* As new. OK; NO_MEMORY with a host's allocator, after which the VM is fit only to be closed. */
lunette_status ln_vm_reset(ln_vm *vm);

/* Gives back committed memory above `keep` bytes. For an idle VM after a reset. */
void ln_vm_trim(ln_vm *vm, size_t keep);

/* One run. */
typedef struct ln_program {
    const char *name; /* with Lua's leading '=' or '@' */
    const char *text; /* or NULL: `code` is run */
    size_t size;
    ln_code *code;
    /* In place of a text or code: what is called is there already. */
    const lunette_value *function;  /* a reference checked by ln_vm_check_value(), or NULL */
    const char *path;               /* "game.on_tick", from the globals, or NULL; NOT_FOUND */
    const lunette_value *arguments; /* checked by ln_vm_check_value() */
    size_t argument_count;
    lunette_bounds bounds; /* complete: no zeros */
    uint64_t spent_ns;     /* of the budget's wall time, on compiling it */
    bool allow_bytecode;
    bool check_only; /* parse, do not run */
    bool measure_cpu;
} ln_program;

/* `results` NULL: not converted. Any status of lunette_context_run() but those of its arguments. */
lunette_status ln_vm_run(ln_vm *vm, const ln_program *program, const ln_budget *budget,
                         lunette_value **results);

/* Whether nothing has run in the VM since it was restored. */
bool ln_vm_pristine(const ln_vm *vm);

/* Compiles a program's text in a pristine VM, and makes it what code the caller owns. Statuses as of ln_vm_run(), and
 * WRONG_STATE: the VM is not pristine. It is not pristine afterwards. */
lunette_status ln_vm_compile(ln_vm *vm, const ln_program *program, const ln_budget *budget, ln_code **code);

/* Whether loading this code into VMs of this one's template could be made faster: the VM is pristine, and it was not
 * tried for the template, as far as the code remembers. */
bool ln_vm_wants_press(const ln_vm *vm, const ln_code *code);

/* Does it, for VMs of all threads, in this VM and another one beside it, as far as it can be done. How many bytes the
 * code has grown by. The VM is pristine afterwards, or fit only to be closed. */
size_t ln_vm_press(ln_vm *vm, ln_code *code);

/* Whether the calling thread is in a run of this VM: in a function of the host's that its script called. */
bool ln_vm_is_inside(const ln_vm *vm);

/* Gives a reference to a function up. It is the VM's own thread that calls, in a run or not. STALE, INVALID_ARGUMENT. */
lunette_status ln_vm_forget(ln_vm *vm, const lunette_value *function);

/* A full collection, under a budget, since finalizers may run at level none. Statuses as of ln_vm_run(). */
lunette_status ln_vm_collect(ln_vm *vm, const ln_budget *budget);

/* Whether a value can be given to this VM. OK, INVALID_ARGUMENT, STALE. */
lunette_status ln_vm_check_value(const ln_vm *vm, const lunette_value *value);

/* OK, MEMORY_LIMIT, or what ended the run. Raw access: no metamethod runs. */
lunette_status ln_vm_set_global(ln_vm *vm, const char *name, const lunette_value *value);
lunette_status ln_vm_get_global(ln_vm *vm, const char *name, const lunette_bounds *bounds,
                                lunette_value **value);

/* Any thread, any signal handler. */
void ln_vm_cancel(ln_vm *vm);

/* Of the last run; NULL: nothing went wrong. */
const lunette_error *ln_vm_error(const ln_vm *vm);
void ln_vm_clear_error(ln_vm *vm);

/* Of the error's frames only the innermost `most` stay. */
void ln_vm_cut_trace(ln_vm *vm, size_t most);
void ln_vm_stats(const ln_vm *vm, lunette_stats *stats);

/* OK: equal to the image; DEFECT with `why`; UNSUPPORTED; WRONG_STATE: something ran since the reset. */
lunette_status ln_vm_verify(const ln_vm *vm, char *why, size_t why_size);

/* "5.4.4": of the library that is loaded, which may be newer than the headers. */
const char *ln_lua_release(void);

/* The same as one number: 50404. */
int ln_lua_release_number(void);

/* Addresses in each object whose code a run may be abandoned in. */
const void *const *ln_vm_code(size_t *count);

#endif
