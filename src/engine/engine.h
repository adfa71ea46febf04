/* The engine and the context, as this room's files see them. */
#ifndef LN_ENGINE_ENGINE_H
#define LN_ENGINE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/usage.h"
#include "lunette/context.h"
#include "lunette/script.h"
#include "lunette/template.h"
#include "machine/machine.h"
#include "machine/recent.h"
#include "pool/pool.h"

/* What stays committed in a context that is reset after a larger run. */
enum { LN_HIGH_WATER = 8 << 20 };

struct lunette_engine {
    /* One for the host's handle, one for each template and script. The last to go closes the pool, and the pool, which
     * stays until the last context has come back, frees the engine. */
    atomic_size_t references;
    atomic_bool closed;
    lunette_limits limits;   /* complete: no zeros */
    lunette_sandbox sandbox; /* the level */
    ln_guard *guard;
    lunette_log_fn log;
    void *log_ud;
    ln_machine_setup setup;
    lunette_template *standard; /* what its configuration makes; no reference of its own to the engine */
    ln_pool *pool;              /* shut when the host closes the engine; lies there as long as the engine */
    uint64_t wait_ns;
    lunette_check_fn check;
    void *check_ud;
    atomic_ullong vm_faults;
    pthread_mutex_t people;    /* for the lists below */
    lunette_context *contexts; /* all there are */
    lunette_tenant *tenants;   /* that are open, or have contexts out */
    ln_usage_sums usage;       /* of contexts and tenants that are gone */
    _Atomic(uint64_t) capped;  /* refusals of tenants that are gone, of which the pool does not know */
    lunette_error_fn on_error;
    void *on_error_ud;
    char release[16];
};

struct lunette_script {
    lunette_engine *engine;
    ln_code *code;
    const char *name; /* behind this struct, or NULL */
};

/* What a module wants called when nobody can call it any more. */
typedef struct ln_module_closer {
    void (*close)(void *ud);
    void *ud;
} ln_module_closer;

struct lunette_template {
    atomic_size_t references; /* one for the host's handle, one for each context, idle ones included */
    lunette_engine *engine;
    lunette_template *from; /* that it is a narrower one of; NULL: none */
    ln_template *state;
    bool opened;               /* the host has got what it wanted: its modules will be closed */
    ln_module_closer *closers; /* of those that want to be; each with its `ud` */
    size_t closer_count;
};

struct lunette_context {
    ln_pool_link link;
    lunette_engine *engine;
    ln_pool *pool; /* of the engine, also after the engine has been closed */
    lunette_template *from;
    lunette_machine *vm;
    ln_recent recent; /* scripts that it ran last */
    atomic_bool busy;
    atomic_int state; /* a lunette_state, when not busy */
    bool checked;     /* by the pool's check, at this moment: it is nobody's yet, and cannot be given back */
    uint64_t made;    /* moment of ln_os_now() */
    _Atomic(lunette_tenant *) tenant; /* for whom it was acquired; NULL: for nobody */
    ln_usage_sums usage;              /* of its runs, that nobody else has yet */
    lunette_context *next, *before;   /* in the engine's list */
    lunette_run_options waited;       /* of a run that waits: its fallback, if any, is a copy */
    lunette_value *waited_fallback;
    void *user_data;
    char name[LUNETTE_CONTEXT_NAME_MOST + 1];
};

/* Fills the zeros of `limits` from `defaults`, and checks the rest. */
lunette_status ln_limits_complete(lunette_limits *limits, const lunette_limits *defaults, const char *what);

/* The budget that complete limits make. */
ln_budget ln_limits_budget(const lunette_limits *limits);

/* The part of them that the language has to keep. */
void ln_limits_quota(const lunette_limits *limits, ln_program *program);

/* Opens the engine's pool, which ends the engine when it ends. */
lunette_status ln_engine_open_pool(lunette_engine *engine, const lunette_pool_config *given);

/* Takes a context for the calling thread; INVALID_ARGUMENT for NULL, BUSY when another call is inside it. Let go by
 * storing false in `busy`. */
lunette_status ln_context_hold(lunette_context *context, const char *function);

/* The same for what enters Lua: CLOSED too, once the engine is. */
lunette_status ln_context_hold_to_run(lunette_context *context, const char *function);

/* Lets a context go with the answer of a call that ran something, and puts a refusal into words. */
lunette_status ln_context_let_go(lunette_context *context, lunette_status status, const char *function);

/* The same for a refusal that has its words. */
lunette_status ln_context_let_go_worded(lunette_context *context, lunette_status status);

/* Holds the context for what does not enter the VM, unless the calling thread is inside one of its runs: then nobody else
 * can be at it, and *inside says so for ln_context_leave(), which takes an answer that has its words. */
lunette_status ln_context_enter(lunette_context *context, const char *function, bool *inside);
lunette_status ln_context_leave(lunette_context *context, lunette_status status, bool inside);

/* A run: holds the context, checks and completes the options, and lets go. `program` says what is run; the options'
 * part of it is filled in here. */
lunette_status ln_context_run(lunette_context *context, const char *name, ln_program *program,
                              const lunette_run_options *options, lunette_value **results,
                              const char *function);

/* Sees to it that the run to come is undone if it fails, or that it is not. Statuses as of lunette_snapshot_take(), with
 * their words. */
lunette_status ln_context_secure(lunette_context *context, bool roll_back, const char *function);

/* Counts a run, or a piece of one, that has ended. */
void ln_context_count(lunette_context *context, lunette_status status);

/* After a reset: what the context has committed above LN_HIGH_WATER goes back to the system. */
void ln_context_trim(lunette_context *context);

/* A template that holds no reference to its engine. `what` begins the words of a refusal: "config". */
lunette_status ln_engine_template_open(lunette_engine *engine, const lunette_template_config *config,
                                       const char *what, lunette_template **out);

/* A narrower one, likewise, which keeps the other. */
lunette_status ln_engine_template_narrow(lunette_template *from, const lunette_narrowing *by,
                                         const char *what, lunette_template **out);
void ln_engine_template_retain(lunette_template *template);

/* True: that was the last reference, and the template is gone. */
bool ln_engine_template_release(lunette_template *template);

/* Frees an engine to which nothing refers any more. */
void ln_engine_free(lunette_engine *engine);

void ln_engine_retain(lunette_engine *engine);
void ln_engine_release(lunette_engine *engine);

#endif
