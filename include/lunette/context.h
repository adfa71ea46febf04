/** @file
 * A context: one isolated Lua VM with its own memory. It belongs to one thread at a time and may move between
 * threads between calls; a call while another thread is inside one answers BUSY. Everything a script does
 * stays in its context until lunette_context_reset() or lunette_context_release() makes that undone. */
#ifndef LUNETTE_CONTEXT_H
#define LUNETTE_CONTEXT_H

#include "lunette/engine.h"
#include "lunette/error.h"
#include "lunette/limits.h"
#include "lunette/template.h"
#include "lunette/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/** For `size` of a text that ends with a zero byte. */
#define LUNETTE_ZERO_TERMINATED SIZE_MAX

/** What a run that fails answers. The context keeps its error in any case, and config.on_error is told. A run that the host
 * cancelled has not failed. */
typedef enum lunette_recovery {
    LUNETTE_RECOVER_STOP = 0,    /**< its status; the default */
    LUNETTE_RECOVER_DEFAULT = 1, /**< OK, with `fallback` as its only result */
    /** It is run again, up to `retries` times, each with its whole budget, in the context as the failed
     * one left it; then what the last one answers. (Not after a SYNTAX_ERROR, nor when a function among
     * its arguments has gone with a reset, nor once it has waited, nor when roll_back could not bring
     * back what the first attempt began with: STOP.) */
    LUNETTE_RECOVER_RETRY = 2,
    LUNETTE_RECOVER_SKIP = 3, /**< OK, without results */
    /** Its status, as STOP. For a function of the host's that runs a script in another context: the
     * error's `value` given to lunette_call_fail_value() raises it in its own caller. (What
     * lunette_call_invoke() answers is passed on by answering it.) */
    LUNETTE_RECOVER_PROPAGATE = 4
} lunette_recovery;

/** What may be said about one run. lunette_run_options_default() gives all defaults. */
typedef struct lunette_run_options {
    size_t size;                    /**< sizeof(lunette_run_options) */
    const lunette_value *arguments; /**< the script's `...`, or the function's arguments; views */
    size_t argument_count;
    /** Its non-zero fields replace the engine's for this run (`memory` excepted, which is the context's);
     * default NULL. */
    const lunette_limits *limits;
    lunette_bounds bounds; /**< for the results; default: see value.h */
    /** Fill in cpu_ns and host_ns of lunette_stats also when no limit needs them; costs two system calls a
     * run. Default false. */
    bool measure_cpu;
    bool allow_bytecode;           /**< accept what string.dump made; level none only. Default false */
    lunette_recovery recovery;     /**< default: stop */
    const lunette_value *fallback; /**< a view; default NULL: nil */
    unsigned retries;              /**< default 0: one */
    lunette_switch trace;          /**< whether an error has frames; default on. Its place is told anyway */
    unsigned trace_depth;          /**< at most so many, the innermost; default 0: as many as are kept, 32 */
    /** The run is undone if it ends otherwise than OK, whatever ended it: a snapshot (snapshot.h) is taken before,
     * and put back, so that a kill costs the run alone and not what the context had. References and objects from
     * before stay good; those of the run are STALE, also in its error's value. Of a run that waits (SUSPENDED) the
     * end counts; to drop it is to undo it. Each retry begins as the first attempt did. After a VM_FAULT, and where
     * the run has opened a module of machine code, the context is reset all the same. The statuses of
     * lunette_snapshot_take() are possible: then nothing was run. Costs a copy of the memory in use, and
     * another when it is undone. Default false. */
    bool roll_back;
} lunette_run_options;

static inline lunette_run_options lunette_run_options_default(void) {
    lunette_run_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    return options;
}

/** Hands out a context in its pristine state, from the engine's pool; waits for one as its configuration says.
 * *context is then the caller's, to be released.
 * OK, INVALID_ARGUMENT, EXHAUSTED (the pool's maximum is in use), CLOSED, NO_MEMORY, SYSTEM (no address space). On
 * failure *context is NULL. Any thread. */
LUNETTE_API lunette_status lunette_context_acquire(lunette_engine *engine, lunette_context **context);

/** The same from a template of the engine's, waiting up to `wait_ns` (0: not at all, UINT64_MAX: for ever). */
LUNETTE_API lunette_status lunette_context_acquire_from(lunette_template *from, uint64_t wait_ns,
                                                        lunette_context **context);

/** Resets a context, gives it back to the pool, and sets the pointer to NULL. Its error, its user data, its snapshots and
 * function references into it are gone. Any thread may release it, not only the one that acquired it. Whatever its script
 * still holds of the host is closed. NULL and a pointer to NULL are allowed.
 * OK; BUSY (a run is going on, or the pool's check looks at it; nothing happens). */
LUNETTE_API lunette_status lunette_context_release(lunette_context **context);

/** Makes the context as it was when it was acquired, whatever ran in it; it has no snapshots any more.
 * OK, INVALID_ARGUMENT, BUSY; with a host allocator also NO_MEMORY, after which every call but release answers WRONG_STATE. */
LUNETTE_API lunette_status lunette_context_reset(lunette_context *context);

/** Runs a Lua program. `name` is what errors call it (Lua's own conventions: a leading '=' or '@' is not shown;
 * NULL: "script"), `text` its `size` bytes. *results becomes an ARRAY of what it returned, the caller's to
 * free; `results` NULL: the values are not converted. It is NULL unless the answer is OK.
 * OK; the script's outcomes (any positive status but SUSPENDED; lunette_context_error() says more);
 * INVALID_ARGUMENT, BUSY, WRONG_STATE, NO_MEMORY, STACK_TOO_SMALL, SYSTEM.
 * After a run that was ended from outside (a time, CPU, instruction, output or host limit, CANCELLED, VM_FAULT)
 * the context has been reset: what the script had stored in it is gone. After the others it keeps its state. (With roll_back
 * it is after both what it was before the run.) */
LUNETTE_API lunette_status lunette_context_run(lunette_context *context, const char *name, const char *text,
                                               size_t size, const lunette_run_options *options,
                                               lunette_value **results);

/** The same for a file's text, read as `lua` reads it (a first line that begins with '#' is skipped); in errors it is called
 * by its path. Also NOT_FOUND (there is no such file), SYSTEM (it cannot be read). */
LUNETTE_API lunette_status lunette_context_run_file(lunette_context *context, const char *path,
                                                    const lunette_run_options *options,
                                                    lunette_value **results);

/** Calls a function of the script's, by a reference that came out of it (in results or globals, or given to a function
 * of the host's), with the options' arguments. Statuses as of lunette_context_run(); STALE: the context was reset since,
 * or the reference was forgotten; INVALID_ARGUMENT: also when the value is no function reference. */
LUNETTE_API lunette_status lunette_context_call(lunette_context *context, const lunette_value *function,
                                                const lunette_run_options *options, lunette_value **results);

/** Calls what a path leads to from the globals, by raw access: "on_tick", "game.on_tick". Statuses as of
 * lunette_context_run(); NOT_FOUND: there is nothing of that name. (What is there and is no function cannot be
 * called: RUNTIME_ERROR.) */
LUNETTE_API lunette_status lunette_context_call_named(lunette_context *context, const char *path,
                                                      const lunette_run_options *options,
                                                      lunette_value **results);

/** Requires a module in the context, as a script of it would, at every sandbox level: from the host's modules, its files, its
 * resolver (require.h), whatever is allowed. `global`: the global variable that it becomes, too; NULL: none. *value becomes
 * a copy of what the module is (its functions references), the caller's to free; `value` NULL: it is not converted, which
 * a module that refers to itself cannot be. `options` as of lunette_context_run(), without arguments.
 * Statuses as of lunette_context_run(): RUNTIME_ERROR also when there is no such module, or it is not allowed (the error's
 * kind tells); SUSPENDED: what the module runs waits, and the resumed run's only result is the module. UNSUPPORTED: the
 * backend has no modules. */
LUNETTE_API lunette_status lunette_context_import(lunette_context *context, const char *name,
                                                  const char *global, const lunette_run_options *options,
                                                  lunette_value **value);

/** Gives a function reference up, so that the script's function can be collected; from then on it is STALE. A reference
 * takes a few bytes of the context's memory until it is forgotten or the context is reset. Also from a function of the
 * host's during a run of this context. OK, STALE, INVALID_ARGUMENT, BUSY. */
LUNETTE_API lunette_status lunette_context_forget(lunette_context *context, const lunette_value *function);

/** The same for every function in a value, however deep: in results that are about to be freed, which does not give them up,
 * or in the arguments of a host's function of the form over values. Values without functions are OK. STALE: one of
 * them was not good any more; all others are given up. INVALID_ARGUMENT: NULL, or deeper than 190. */
LUNETTE_API lunette_status lunette_context_forget_all(lunette_context *context, const lunette_value *value);

/** Checks that a text is a Lua program, without running it. OK, SYNTAX_ERROR, MEMORY_LIMIT, TIME_LIMIT and the
 * refusals of lunette_context_run(). */
LUNETTE_API lunette_status lunette_context_check(lunette_context *context, const char *name, const char *text,
                                                 size_t size);

/** Sets a global variable to a copy of a value, by raw access; a function reference must be this context's own. A run like
 * any other for lunette_context_error() and lunette_context_stats(): those of the run before are gone.
 * OK, MEMORY_LIMIT, INVALID_ARGUMENT (also for userdata that is no object of the host's), STALE, BUSY, CLOSED, WRONG_STATE. */
LUNETTE_API lunette_status lunette_context_set_global(lunette_context *context, const char *name,
                                                      const lunette_value *value);

/** Takes a copy of a global variable out, by raw access (nil where there is none); *value is the caller's to free. A run like
 * any other, likewise.
 * OK, VALUE_LIMIT, MEMORY_LIMIT, INVALID_ARGUMENT, NO_MEMORY, BUSY, CLOSED, WRONG_STATE. */
LUNETTE_API lunette_status lunette_context_get_global(lunette_context *context, const char *name,
                                                      lunette_value **value);

/** Ends the run that is going on in the context, if there is one, with CANCELLED; no effect otherwise. One that waits is
 * ended as it is resumed, whatever the answer is (lunette_context_drop() needs no answer). From any thread and from a
 * signal handler; the context must not be released meanwhile. */
LUNETTE_API void lunette_context_cancel(lunette_context *context);

/** Goes on with a run that answered SUSPENDED: the function that the script waits in returns `values` (views; they may be
 * NULL when count is 0). `token` is the one that lunette_call_suspend() gave. Any thread, as soon as the call that
 * answered SUSPENDED has returned (until then: BUSY). What the options of the call that began the run said holds: limits,
 * bounds, recovery (but for RETRY), length of the trace. The budget counts the script's own time, all its pieces
 * together; limits.total_ns is about the whole.
 * Statuses of lunette_context_run(), SUSPENDED again among them; WRONG_STATE: it does not wait; STALE: `token` is of
 * another wait. */
LUNETTE_API lunette_status lunette_context_resume(lunette_context *context, uint64_t token,
                                                  const lunette_value *values, size_t count,
                                                  lunette_value **results);

/** The same, but the function that the script waits in raises an error with this message, zero-terminated. */
LUNETTE_API lunette_status lunette_context_resume_error(lunette_context *context, uint64_t token,
                                                        const char *message, lunette_value **results);

/** Gives a run up that waits: the context is reset, or what it was before the run, if that is one with roll_back. (A
 * reset and a release give it up, too.) OK; WRONG_STATE, STALE as above; INVALID_ARGUMENT, BUSY, and what
 * lunette_context_reset() answers. */
LUNETTE_API lunette_status lunette_context_drop(lunette_context *context, uint64_t token);

/** The token of the wait that a context is in. OK, INVALID_ARGUMENT, BUSY; WRONG_STATE: it does not wait. */
LUNETTE_API lunette_status lunette_context_token(lunette_context *context, uint64_t *token);

/** What went wrong in the last run, or NULL when nothing did. The context's; valid until its next call. */
LUNETTE_API const lunette_error *lunette_context_error(const lunette_context *context);

/** In words, why a call on the context did not answer OK but `status`: the message of the script's error, or what
 * lunette_last_failure() says; "" for OK. So that hosts need not ask which of the two it is. `context` NULL: there was none
 * yet. Zero-terminated, never NULL; valid until the context's next call, and the thread's. On the thread that made the call,
 * before it makes another. */
LUNETTE_API const char *lunette_context_message(const lunette_context *context, lunette_status status);

/** Makes the context's error NULL. OK, INVALID_ARGUMENT, BUSY. */
LUNETTE_API lunette_status lunette_context_clear_error(lunette_context *context);

/** A full collection of garbage, under the engine's limits, since finalizers run at level none. A run like any other for
 * lunette_context_error() and lunette_context_stats(). OK, and what lunette_context_run() answers. */
LUNETTE_API lunette_status lunette_context_collect(lunette_context *context);

/** What the last run used. OK, INVALID_ARGUMENT. */
LUNETTE_API lunette_status lunette_context_stats(const lunette_context *context, lunette_stats *stats);

/** Compares the memory of a context that was just reset with the image byte by byte: the proof behind "clean".
 * OK: equal; DEFECT: not (lunette_last_failure() says where); UNSUPPORTED: no image (host allocator);
 * WRONG_STATE: something has run since the reset; INVALID_ARGUMENT, BUSY. */
LUNETTE_API lunette_status lunette_context_verify(const lunette_context *context);

/* clang-format off */
#define LUNETTE_STATE_MAP(X) \
    X(READY,     0, "ready")     /* may be used; nothing went wrong in the last run */ \
    X(RUNNING,   1, "running")   /* a call is inside, or it was given back */ \
    X(SUSPENDED, 2, "suspended") /* waits for an answer of the host */ \
    X(FAILED,    3, "failed")    /* may be used; lunette_context_error() says what went wrong in the last run */ \
    X(CLOSED,    4, "closed")    /* its engine is: it can only be released */
/* clang-format on */

typedef enum lunette_state {
#define LUNETTE_STATE_ENUM(constant, number, name) LUNETTE_STATE_##constant = (number),
    LUNETTE_STATE_MAP(LUNETTE_STATE_ENUM)
#undef LUNETTE_STATE_ENUM
} lunette_state;

/** What a context is doing, at this moment; CLOSED for NULL. Any thread; the context must not be released meanwhile. */
LUNETTE_API lunette_state lunette_context_state(const lunette_context *context);

/** "ready"; "unknown" for a number that is none. Static text. Any thread. */
LUNETTE_API const char *lunette_context_state_name(lunette_state state);

/** How long ago the context's memory was set up. Contexts live in the pool, so that is usually before it was acquired.
 * 0 for NULL. Any thread. */
LUNETTE_API uint64_t lunette_context_age_ns(const lunette_context *context);

/** The most bytes that a context's name can have. */
#define LUNETTE_CONTEXT_NAME_MOST 63

/** Gives the context a name of the host's own, for its callbacks and logs: "order 4711". Copied, and kept until release; ""
 * is none. Not while another thread asks for it. OK; INVALID_ARGUMENT: NULL, or more than LUNETTE_CONTEXT_NAME_MOST bytes. */
LUNETTE_API lunette_status lunette_context_set_name(lunette_context *context, const char *name);

/** The name that it was given; "" where it has none, and for NULL. Valid until it is given another, or released. */
LUNETTE_API const char *lunette_context_name(const lunette_context *context);

/** A pointer of the host's own, for its callbacks. Kept until release. */
LUNETTE_API void lunette_context_set_user_data(lunette_context *context, void *user_data);
/** The pointer that was set; NULL: none was, since the context was acquired, or for NULL. */
LUNETTE_API void *lunette_context_user_data(const lunette_context *context);

#ifdef __cplusplus
}
#endif

#endif
