/* A machine: a VM's memory and its runs, in no language. What the language is comes in through the table of
 * lunette/backend.h; what a host does with contexts comes down to the functions here.
 *
 * What always holds:
 *   - a backend's code runs in one place, ln_machine_enter(), under the guard: no kill ever passes a frame of the
 *     caller's;
 *   - all that a script can reach lies in the arena. What it can cause outside of it (output, files, the tree
 *     of results) happens in host sections;
 *   - a machine whose run was abandoned is restored before anything else is done with it.
 *
 * A machine is used by one thread at a time; only ln_machine_cancel() may be called from others. */
#ifndef LN_MACHINE_MACHINE_H
#define LN_MACHINE_MACHINE_H

#include <stdatomic.h>

#include "arena/arena.h"
#include "base/tree.h"
#include "guard/guard.h"
#include "lunette/backend.h"
#include "lunette/engine.h"
#include "lunette/error.h"
#include "machine/code.h"
#include "machine/report.h"
#include "machine/seen.h"

/* What all machines of an engine share; outlives them. */
typedef struct ln_machine_setup {
    const lunette_backend *backend;
    void *settings; /* the backend's own */
    ln_guard *guard;
    size_t memory_limit;
    bool deterministic;
    lunette_panic on_panic;
    /* A killed VM can be looked at: faults are contained, or kills happen at safe points only. */
    bool post_mortem;
    lunette_output_fn output; /* never NULL */
    void *output_ud;
    lunette_warning_fn warning; /* NULL: dropped */
    void *warning_ud;
    lunette_clock_fn clock; /* NULL: the system's */
    void *clock_ud;
    lunette_alloc_fn alloc; /* NULL: an own reservation */
    void *alloc_ud;
    ln_seen *cache; /* programs that were compiled, for all machines; NULL: none is wanted */
    size_t snapshots_most, snapshots_bytes; /* of a machine's; 0: there are none */
} ln_machine_setup;

/* How many addresses of code there can be: the backend's and ours. */
enum { LN_MACHINE_BACKEND_CODE = 13, LN_MACHINE_CODE = LN_MACHINE_BACKEND_CODE + 1 };

/* What ln_guard_config wants to know about a backend: the number of addresses in `code`. */
size_t ln_machine_code(const lunette_backend *backend, const void *code[LN_MACHINE_CODE]);

/* C stack that a thread must have left to start a run. */
size_t ln_machine_stack(const lunette_backend *backend);

/* Pointers into the arena by which a backend finds its state again. */
enum { LN_MACHINE_ROOTS = 4 };

/* The state that machines start from. Safe to use from any thread; outlives its machines. */
typedef struct ln_template {
    const ln_machine_setup *setup;
    ln_image *image; /* shared by its machines; NULL: each builds its own */
    size_t image_size;
    size_t roots_at[LN_MACHINE_ROOTS]; /* offsets in the arena; 0: none */
    lunette_preload *preload;          /* copied texts, where machines build themselves */
    size_t preload_count;
    void *parts; /* the backend's own */
} ln_template;

/* A snapshot of a machine (snapshots.c). */
typedef struct ln_kept {
    struct ln_kept *next; /* the one before it, in time */
    uint64_t number;
    ln_snapshot *memory;
} ln_kept;

/* The host's half of a VM: outside the arena, so a reset does not touch it and a script cannot. The backend's data lies
 * right behind it, hence the alignment. */
struct lunette_machine {
    _Alignas(16) const lunette_backend *backend;
    const ln_machine_setup *setup;
    const ln_template *from;
    lunette_context *context;
    ln_arena *arena;
    /* Which the state's memory is from, and what it is given: the arena's, but while the state is built. */
    ln_allocator allocator;
    void *allocator_ud;
    ln_arena_shadow shadow; /* of the arena's own words; own reservation only */
    bool suspect;           /* its memory may be corrupt: a fault was contained in it */
    bool built;             /* there is a state in the arena */
    /* What a reset restores: the template's or own_image; NULL with a host's allocator. */
    const ln_image *image;
    ln_image *own_image; /* where the template's cannot be shared */
    void *roots[LN_MACHINE_ROOTS];

    /* While a run is going on. */
    ln_report *report;    /* where what goes wrong is noted; NULL: nowhere */
    bool located;         /* the report's trace says where the script was at its deadline */
    const char *refusal;  /* which of the language's own limits refused memory, static; NULL: none has */
    bool panicked;        /* the VM found itself in a state that must not be */
    ln_tree *error_value; /* where an uncaught error value goes; NULL: nowhere */
    ln_tree *results;     /* where results go; NULL: nowhere */
    const lunette_bounds *bounds; /* of the results; complete: no zeros */
    ln_code *emitted;             /* what compile() has given so far */
    ln_run *active;               /* the innermost of its runs: `run`, unless one is nested in that */
    ln_end dead;                  /* why a nested run was abandoned; FINISHED: none was */

    /* A run that waits for an answer of the host. */
    struct {
        bool is; /* there is one */
        ln_budget budget;
        ln_usage used; /* by its pieces so far */
        uint64_t latest;
        lunette_bounds bounds;
    } waiting;
    uint64_t token;        /* of the last wait; see ln_machine_next_token() */
    atomic_bool cancelled; /* since the run began that is going on, or waits */

    /* Between runs. */
    size_t memory_limit;
    uint64_t generation;
    bool pristine; /* nothing has run since the last reset */
    lunette_error *error;
    lunette_stats last;
    lunette_stats counted; /* of `last`, what earlier runs and earlier pieces of this one came to */
    size_t committed;      /* by the arena when the last run, or what came after it, ended */
    ln_kept *snapshots;    /* the host's, newest first */
    size_t snapshot_count, snapshot_bytes;
    ln_kept *way_back; /* what a run that fails is rolled back to; NULL: the template */
    bool rolls_back;   /* one that fails is, whether it goes on or waits */
    bool way_lost;     /* the last one that failed could not be: it ended in a reset instead */

    ln_run run;
};

/* --- Templates --- */

/* Builds the state once, preloaded modules run, and keeps its image; or, where images cannot be shared between arenas,
 * what it takes to build each machine by itself. `setup` outlives it, the configuration is copied where needed; its
 * modules are complete, of this version's size. `why` receives what is wrong with it (INVALID_ARGUMENT), or went wrong
 * in which preloaded module. OK, INVALID_ARGUMENT, SYNTAX_ERROR, RUNTIME_ERROR, MEMORY_LIMIT, NO_MEMORY, SYSTEM,
 * STACK_TOO_SMALL, UNSUPPORTED (modules, require), DEFECT. */
lunette_status ln_template_open(const ln_machine_setup *setup, const lunette_template_config *config,
                                ln_template **out, char *why, size_t why_size);

/* A narrower template than `from`, which outlives it. Statuses as above; UNSUPPORTED: the backend knows none. */
lunette_status ln_template_narrow(const ln_template *from, const lunette_narrowing *by, ln_template **out,
                                  char *why, size_t why_size);
void ln_template_close(ln_template **out);

/* Bytes of the image; 0 with a host's allocator. */
size_t ln_template_size(const ln_template *of);

/* Whether machines share its image. */
bool ln_template_shared(const ln_template *of);

/* --- build.c --- */

/* Builds the state in the machine's arena, which holds none. `why` receives what went wrong in a preloaded module; NULL:
 * not wanted. */
lunette_status ln_machine_build(lunette_machine *machine, const lunette_preload *preload, size_t count,
                                char *why, size_t why_size);

/* --- The life of a machine --- */

/* One without arena and state. OK, NO_MEMORY. */
lunette_status ln_machine_make(const ln_machine_setup *setup, lunette_context *context,
                               lunette_machine **out);

/* The state's memory is the arena's from here on. */
void ln_machine_use_arena(lunette_machine *machine);

/* There is a state at the roots, which the backend learns. */
void ln_machine_attach(lunette_machine *machine);

/* Opens the arena of a machine that was just made, or was cleared. */
lunette_status ln_machine_open_arena(lunette_machine *machine);

/* `context` is what the callbacks are given. OK, NO_MEMORY, SYSTEM, and what building can answer. */
lunette_status ln_machine_open(const ln_template *from, lunette_context *context, lunette_machine **machine);

/* Makes an idle machine one of another template of the same setup. OK, NO_MEMORY and what building can answer; on
 * failure the machine is fit only to be closed. */
lunette_status ln_machine_adopt(lunette_machine *machine, const ln_template *from);

/* Closes whatever a script still holds of the system. NULL and a pointer to NULL are allowed. */
void ln_machine_close(lunette_machine **machine);

/* Makes the machine what it was when it was opened, whatever state it is in. OK; NO_MEMORY and what building can answer
 * where it has to be built anew, after which it is fit only to be closed. */
lunette_status ln_machine_restore(lunette_machine *machine);

/* The same, if anything has run in it. */
lunette_status ln_machine_reset(lunette_machine *machine);

/* It is not as its template any more, whatever is done with it: what comes of that, or what the host gives it, is there
 * until it is restored. */
void ln_machine_touch(lunette_machine *machine);

/* Of the wait that begins: no two in a process are the same, so that none is answered in the place of another. */
uint64_t ln_machine_next_token(lunette_machine *machine);

/* Makes the machine what it was when the snapshot of it was taken, whatever state it is in. OK; with `why`, static text:
 * UNSUPPORTED (the backend cannot), EXHAUSTED (the memory limit is lower than what it takes), where nothing has happened;
 * WRONG_STATE: its memory is not to be trusted, and was made anew, as the template; there are no snapshots of it any more. */
lunette_status ln_machine_go_back(lunette_machine *machine, const ln_kept *to, const char **why);

/* --- snapshots.c: what a machine was, kept to be that again --- */

/* A machine keeps them through a restore, so that what a kill has cost can be had again; whoever wants it to be as it was
 * opened drops them. They go by themselves with the memory that they are of. */
void ln_machine_drop_snapshots(lunette_machine *machine);

/* Resets the machine, without snapshots and whatever is secured. Statuses of ln_machine_reset(). */
lunette_status ln_machine_renew(lunette_machine *machine);

/* *number tells it from all others in the process. OK; with `why`, static text: UNSUPPORTED, WRONG_STATE, EXHAUSTED;
 * NO_MEMORY. */
lunette_status ln_machine_take_snapshot(lunette_machine *machine, uint64_t *number, const char **why);

/* NULL: it has none of that number. */
const ln_kept *ln_machine_snapshot(const lunette_machine *machine, uint64_t number);
void ln_machine_drop_snapshot(lunette_machine *machine, uint64_t number);

/* From here on a run that ends otherwise than OK, but for one that waits, is undone. Statuses as for taking one. */
lunette_status ln_machine_secure(lunette_machine *machine, const char **why);

/* No more, unless a run waits. */
void ln_machine_unsecure(lunette_machine *machine);

/* Undoes what has run since, as far as that can be had: at worst the machine is as its template, and `way_lost` says so. */
void ln_machine_roll_back(lunette_machine *machine);

/* The run that waits is given up, and undone if it is secured; else the machine is reset. Statuses of ln_machine_restore(). */
lunette_status ln_machine_give_up(lunette_machine *machine);

/* Gives back committed memory above `keep` bytes. For an idle machine after a reset. */
void ln_machine_trim(lunette_machine *machine, size_t keep);

/* OK: equal to the image; DEFECT with `why`; UNSUPPORTED; WRONG_STATE: something ran since the reset. */
lunette_status ln_machine_verify(const lunette_machine *machine, char *why, size_t why_size);

/* --- Runs --- */

/* Calls body(ud) in a run. Does not note or restore anything. */
ln_end ln_machine_enter(lunette_machine *machine, const ln_budget *budget, void (*body)(void *), void *ud);

/* The same for what is the library's own work and not a script's: where this thread is in a function that another context's
 * script called, that script's deadline does not end it. */
ln_end ln_machine_enter_apart(lunette_machine *machine, const ln_budget *budget, void (*body)(void *),
                              void *ud);

/* Prepares a zeroed run that is to be nested in the machine's active one, and makes it that. The caller undoes that by
 * putting the other one back. */
void ln_machine_nest(lunette_machine *machine, ln_run *run);

/* The status of a run that ended so. */
lunette_status ln_machine_status_of_end(const lunette_machine *machine, ln_end end);

/* One run. */
typedef struct ln_program {
    const char *name; /* with Lua's leading '=' or '@' */
    const char *text; /* or NULL: `code` is run */
    size_t size;
    ln_code *code;
    /* In place of a text or code: what is called is there already. */
    const lunette_value *function;  /* a reference checked by ln_machine_check_value(), or NULL */
    const char *path;               /* "game.on_tick", from the globals, or NULL; NOT_FOUND */
    const char *module, *global;    /* what is to be required, and what it becomes; or NULL */
    const lunette_value *arguments; /* checked by ln_machine_check_value() */
    size_t argument_count;
    lunette_bounds bounds; /* complete: no zeros */
    uint64_t spent_ns;     /* of the budget's wall time, on compiling it */
    uint64_t spent_cpu_ns; /* and of its processor time */
    bool allow_bytecode;
    bool check_only; /* parse, do not run */
    bool measure_cpu;
    uint64_t allocations, string_bytes, stack_depth; /* 0: no limit */
} ln_program;

/* `results` NULL: not converted. Any status of lunette_context_run() but those of its arguments. */
lunette_status ln_machine_run(lunette_machine *machine, const ln_program *program, const ln_budget *budget,
                              lunette_value **results);

/* Goes on with a run that answered SUSPENDED; statuses as of ln_machine_run(). */
lunette_status ln_machine_resume(lunette_machine *machine, const lunette_answer *answer,
                                 lunette_value **results);

/* The limit on committed memory, from now on; for a machine that is as its template. */
void ln_machine_limit_memory(lunette_machine *machine, size_t limit);

/* Whether nothing has run in the machine since it was restored. */
bool ln_machine_pristine(const lunette_machine *machine);

/* Compiles a program's text in a pristine machine, and makes it what code the caller owns. Statuses as of
 * ln_machine_run(), and WRONG_STATE: the machine is not pristine. It is not pristine afterwards. */
lunette_status ln_machine_compile(lunette_machine *machine, const ln_program *program,
                                  const ln_budget *budget, ln_code **code);

/* For a text that is wanted in the middle of a run of `machine`, whose state is a script's by then: its compiled form, if
 * the cache has it, or if it was wanted before and another, pristine machine can be had to compile it in. The caller's, to
 * be released; NULL: the text itself is to be loaded. In a host section; the run's deadline holds. */
ln_code *ln_machine_share(const lunette_machine *machine, const char *name, const char *text, size_t size);

/* Whether loading this code into machines of this one's template could be made faster: the machine is pristine, and it
 * was not tried for the template, as far as the code remembers. */
bool ln_machine_wants_press(const lunette_machine *machine, const ln_code *code);

/* Does it, for machines of all threads, in this one and another beside it, as far as it can be done. How many bytes the
 * code has grown by. The machine is pristine afterwards, or fit only to be closed. */
size_t ln_machine_press(lunette_machine *machine, ln_code *code);

/* Brings a pristine machine to where it has loaded the code, if there is a patch that does. */
bool ln_machine_apply_patch(lunette_machine *machine, const ln_code *code);

/* Whether a value can be given to this machine. OK, INVALID_ARGUMENT, STALE. */
lunette_status ln_machine_check_value(const lunette_machine *machine, const lunette_value *value);

/* OK, MEMORY_LIMIT, or what ended the run. Raw access: no code of the script runs. */
lunette_status ln_machine_set_global(lunette_machine *machine, const char *name, const lunette_value *value);
lunette_status ln_machine_get_global(lunette_machine *machine, const char *name, const lunette_bounds *bounds,
                                     lunette_value **value);

/* Whether the calling thread is in a run of this machine: in a function of the host's that its script called. */
bool ln_machine_is_inside(const lunette_machine *machine);

/* Gives a reference to a function up. It is the machine's own thread that calls, in a run or not. STALE,
 * INVALID_ARGUMENT. */
lunette_status ln_machine_forget(lunette_machine *machine, const lunette_value *function);

/* Objects of the host: see lunette/module.h. Likewise. UNSUPPORTED, and what the backend answers. */
lunette_status ln_machine_make_object(lunette_machine *machine, const struct lunette_class *type,
                                      void *object, lunette_value *value);
lunette_status ln_machine_find_object(const lunette_machine *machine, const lunette_value *value,
                                      const struct lunette_class *type, void **object);
lunette_status ln_machine_close_object(lunette_machine *machine, const lunette_value *value);

/* A full collection, under a budget, since finalizers may run. Statuses as of ln_machine_run(). */
lunette_status ln_machine_collect(lunette_machine *machine, const ln_budget *budget);

/* Any thread, any signal handler. */
void ln_machine_cancel(lunette_machine *machine);

/* Of the last run; NULL: nothing went wrong. */
const lunette_error *ln_machine_error(const lunette_machine *machine);
void ln_machine_clear_error(lunette_machine *machine);

/* Of the error's frames only the innermost `most` stay. */
void ln_machine_cut_trace(lunette_machine *machine, size_t most);
void ln_machine_stats(const lunette_machine *machine, lunette_stats *stats);

/* What the arena had committed when the last run, or what the backend did after it, ended. */
size_t ln_machine_committed(const lunette_machine *machine);

/* `size` fresh unpredictable bytes (the same ones each time, where the setup says deterministic). */
void ln_machine_random(const lunette_machine *machine, void *bytes, size_t size);

/* --- For backends, in a run --- */

/* Copies a value to where an uncaught error's goes, which is there. */
void ln_machine_take_error(lunette_machine *machine, const lunette_value *value);

/* Ends the run as a defect: the VM is in a state that must not be. */
LN_NORETURN void ln_machine_panic(lunette_machine *machine);

/* Appends to what compile() makes. False: the host has no memory. */
bool ln_machine_emit(lunette_machine *machine, const void *bytes, size_t size);

/* --- For backends, between runs --- */

/* Calls body(ud) in a run that may take `wall_ns`. */
ln_end ln_machine_finalize(lunette_machine *machine, uint64_t wall_ns, void (*body)(void *), void *ud);

#endif
