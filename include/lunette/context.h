/* A context: one isolated Lua VM with its own memory. It belongs to one thread at a time and may move between
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

/* For `size` of a text that ends with a zero byte. */
#define LUNETTE_ZERO_TERMINATED SIZE_MAX

/* What may be said about one run. lunette_run_options_default() gives all defaults. */
typedef struct lunette_run_options {
    size_t size;                    /* sizeof(lunette_run_options) */
    const lunette_value *arguments; /* the script's `...`, or the function's arguments; views */
    size_t argument_count;
    const lunette_limits *limits; /* its non-zero fields replace the engine's for this run (`memory`
                                   * excepted, which is the context's); default NULL */
    lunette_bounds bounds;        /* for the results; default: see value.h */
    bool measure_cpu;    /* fill in cpu_ns and host_ns of lunette_stats also when no limit needs them; costs
                                   * two system calls a run. Default false */
    bool allow_bytecode; /* accept what string.dump made; level none only. Default false */
} lunette_run_options;

static inline lunette_run_options lunette_run_options_default(void) {
    lunette_run_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    return options;
}

/* Hands out a context in its pristine state, from the engine's pool; waits for one as its configuration says.
 * *context is then the caller's, to be released.
 * OK, INVALID_ARGUMENT, EXHAUSTED (the pool's maximum is in use), CLOSED, NO_MEMORY, SYSTEM (no address space). On
 * failure *context is NULL. Any thread. */
LUNETTE_API lunette_status lunette_context_acquire(lunette_engine *engine, lunette_context **context);

/* The same from a template of the engine's, waiting up to `wait_ns` (0: not at all, UINT64_MAX: for ever). */
LUNETTE_API lunette_status lunette_context_acquire_from(lunette_template *from, uint64_t wait_ns,
                                                        lunette_context **context);

/* Resets a context, gives it back to the pool, and sets the pointer to NULL. Its error, its user data and function
 * references into it are gone. Any thread may release it, not only the one that acquired it. Whatever its script still holds of the host is closed. NULL and a pointer to NULL are allowed.
 * OK; BUSY (a run is going on; nothing happens). */
LUNETTE_API lunette_status lunette_context_release(lunette_context **context);

/* Makes the context as it was when it was acquired, whatever ran in it. OK, INVALID_ARGUMENT, BUSY; with a host
 * allocator also NO_MEMORY, after which every call but release answers WRONG_STATE. */
LUNETTE_API lunette_status lunette_context_reset(lunette_context *context);

/* Runs a Lua program. `name` is what errors call it (Lua's own conventions: a leading '=' or '@' is not shown;
 * NULL: "script"), `text` its `size` bytes. *results becomes an ARRAY of what it returned, the caller's to
 * free; `results` NULL: the values are not converted. It is NULL unless the answer is OK.
 * OK; the script's outcomes (any positive status but SUSPENDED; lunette_context_error() says more);
 * INVALID_ARGUMENT, BUSY, WRONG_STATE, NO_MEMORY, STACK_TOO_SMALL, SYSTEM.
 * After a run that was ended from outside (a time, CPU, instruction, output or host limit, CANCELLED, VM_FAULT)
 * the context has been reset: what the script had stored in it is gone. After the others it keeps its state. */
LUNETTE_API lunette_status lunette_context_run(lunette_context *context, const char *name, const char *text,
                                               size_t size, const lunette_run_options *options,
                                               lunette_value **results);

/* Checks that a text is a Lua program, without running it. OK, SYNTAX_ERROR, MEMORY_LIMIT, TIME_LIMIT and the
 * refusals of lunette_context_run(). */
LUNETTE_API lunette_status lunette_context_check(lunette_context *context, const char *name, const char *text,
                                                 size_t size);

/* Sets a global variable to a copy of a value; a function reference must be this context's own.
 * OK, MEMORY_LIMIT, INVALID_ARGUMENT (also for userdata), STALE, BUSY, CLOSED, WRONG_STATE. */
LUNETTE_API lunette_status lunette_context_set_global(lunette_context *context, const char *name,
                                                      const lunette_value *value);

/* Takes a copy of a global variable out (nil where there is none); *value is the caller's to free.
 * OK, VALUE_LIMIT, MEMORY_LIMIT, INVALID_ARGUMENT, NO_MEMORY, BUSY, CLOSED, WRONG_STATE. */
LUNETTE_API lunette_status lunette_context_get_global(lunette_context *context, const char *name,
                                                      lunette_value **value);

/* Ends the run that is going on in the context, if there is one, with CANCELLED; no effect otherwise. From any
 * thread and from a signal handler; the context must not be released meanwhile. */
LUNETTE_API void lunette_context_cancel(lunette_context *context);

/* What went wrong in the last run, or NULL when nothing did. The context's; valid until its next call. */
LUNETTE_API const lunette_error *lunette_context_error(const lunette_context *context);

/* What the last run used. OK, INVALID_ARGUMENT. */
LUNETTE_API lunette_status lunette_context_stats(const lunette_context *context, lunette_stats *stats);

/* Compares the memory of a context that was just reset with the image byte by byte: the proof behind "clean".
 * OK: equal; DEFECT: not (lunette_last_failure() says where); UNSUPPORTED: no image (host allocator);
 * WRONG_STATE: something has run since the reset; INVALID_ARGUMENT, BUSY. */
LUNETTE_API lunette_status lunette_context_verify(const lunette_context *context);

/* A pointer of the host's own, for its callbacks. Kept until release. */
LUNETTE_API void lunette_context_set_user_data(lunette_context *context, void *user_data);
LUNETTE_API void *lunette_context_user_data(const lunette_context *context);

#ifdef __cplusplus
}
#endif

#endif
