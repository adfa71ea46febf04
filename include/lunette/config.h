/** @file
 * How an engine is set up. lunette_config_default() gives a configuration in which every field has the
 * default stated beside it; change what you need and hand it to lunette_engine_open(), which copies all of
 * it (texts and arrays included), so that nothing here need outlive that call. */
#ifndef LUNETTE_CONFIG_H
#define LUNETTE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lunette/error.h"
#include "lunette/limits.h"
#include "lunette/lua.h"
#include "lunette/module.h"
#include "lunette/permission.h"
#include "lunette/pool.h"
#include "lunette/require.h"
#include "lunette/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What of Lua's standard library a script finds. docs/sandbox.md lists every name. */
typedef enum lunette_sandbox {
    LUNETTE_SANDBOX_RESTRICTED = 0, /**< the language and its harmless library; the default */
    LUNETTE_SANDBOX_STRICT = 1,     /**< `print` alone, to be widened name by name */
    /** Everything, files and processes included: for code you trust. The limits still hold. */
    LUNETTE_SANDBOX_NONE = 2
} lunette_sandbox;

/** How a run that is over its budget is ended. lunette_engine_info() says which one is in use. */
typedef enum lunette_guard {
    LUNETTE_GUARD_AUTO = 0,   /**< signals where they can serve, else hooks */
    LUNETTE_GUARD_SIGNAL = 1, /**< a watchdog's signal; ends C loops too and costs a script nothing */
    LUNETTE_GUARD_HOOK = 2    /**< Lua's count hook; cannot end a loop inside a C function, and costs time */
} lunette_guard;

/** A setting whose default is neither simply on nor off. */
typedef enum lunette_switch { LUNETTE_DEFAULT = 0, LUNETTE_ON = 1, LUNETTE_OFF = 2 } lunette_switch;

/** Lua's collector. */
typedef enum lunette_gc {
    /** Seldom while less than half of the memory limit is taken, then the sooner the more is; and each collection as a
     * whole: no script runs while one is under way, which keeps defects of Lua releases out of reach (docs/sandbox.md). */
    LUNETTE_GC_AUTO = 0,
    LUNETTE_GC_INCREMENTAL = 1, /**< with gc_pause and gc_step */
    LUNETTE_GC_GENERATIONAL = 2 /**< with gc_minor and gc_major */
} lunette_gc;

/** Receives what a script prints, a whole line with its newline at a time; the bytes are the script's and
 * valid during the call. Runs on the script's thread as a host section: no deadline interrupts it. It must
 * not run scripts in `context`, nor leave by longjmp or an exception. */
typedef void (*lunette_output_fn)(void *ud, lunette_context *context, const char *bytes, size_t size);

/** Receives a warning, in as many pieces as the script gave; `more` is true for all but the last. Same rules. */
typedef void (*lunette_warning_fn)(void *ud, lunette_context *context, const char *bytes, size_t size,
                                   bool more);

/** Receives what an operator should know (a fault of the VM was contained), one line without its newline. Any
 * thread; same rules. */
typedef void (*lunette_log_fn)(void *ud, const char *line);

/** What time it is for a script: nanoseconds since 1970 began, UTC. `context` is NULL while a template is built. Same rules
 * as for lunette_output_fn; it is on the budget of the run. */
typedef uint64_t (*lunette_clock_fn)(void *ud, lunette_context *context);

/** Receives what went wrong in a run, each time that one fails, before the call that ran it answers: also for runs that are
 * tried again, or whose results something else stands in for. On the thread of the run, after it; the error is valid during
 * the call. It must not call into `context`, its user data excepted. */
typedef void (*lunette_error_fn)(void *ud, lunette_context *context, const lunette_error *error);

/** What becomes of a context in which the VM itself failed: a fault that was contained (VM_FAULT), or an error where none
 * can be (DEFECT). The run has ended with that status in any case. */
typedef enum lunette_panic {
    LUNETTE_PANIC_NEW = 0, /**< its memory is thrown away, and a new one made; the default */
    /** It is reset like after any other run, if its own bookkeeping is intact: quicker, but trusts that
     * the fault wrote nowhere else in its reservation. */
    LUNETTE_PANIC_RESET = 1,
    /** The process gets the signal as if there were no guard; an error outside of every protected call
     * ends in Lua's abort(). For hosts that want the core dump. */
    LUNETTE_PANIC_PROPAGATE = 2
} lunette_panic;

/** Lua's own allocator signature: nsize 0 frees, ptr NULL allocates. Must be safe to call from every thread
 * that runs scripts. */
typedef void *(*lunette_alloc_fn)(void *ud, void *ptr, size_t osize, size_t nsize);

/** A Lua module that is run when contexts are made ready, so that no script waits for it: a text, or what is in a file. */
typedef struct lunette_preload {
    /** What `require` calls it; also its chunk's name in errors, unless `chunk` says otherwise. */
    const char *name;
    const char *chunk; /**< "@path/of/file.lua"; NULL: as `name`, or `path` where there is one */
    const char *text;  /**< NULL, and `path` is given */
    size_t text_size;  /**< bytes; SIZE_MAX: the text ends with a zero byte */
    /** A file, read once, as the template is opened, as lunette_context_run_file() reads one; NULL, and
     * `text` is given. */
    const char *path;
} lunette_preload;

/** What an engine is opened with. Begin with lunette_config_default(). */
typedef struct lunette_config {
    size_t size; /**< sizeof(lunette_config); set by lunette_config_default() */

    lunette_sandbox sandbox; /**< default restricted */
    /** Names to add to the level ("os.getenv", or a library: "io"); default none. */
    const char *const *allow;
    size_t allow_count;
    const char *const *deny; /**< names to take away, after `allow`; default none */
    size_t deny_count;

    uint32_t permissions; /**< LUNETTE_PERMIT_… bits; default 0: none. See permission.h */
    /** The folder that the file permissions are about: nothing outside of it can be reached, by `..`, by
     * links or otherwise. Opened once, here. Required by them; default NULL: none. */
    const char *root;

    lunette_limits limits; /**< default: see limits.h */

    lunette_guard guard;           /**< default auto */
    int guard_signal;              /**< which signal the watchdog sends; default 0: SIGURG */
    lunette_switch contain_faults; /**< a fault of the VM ends the script, not the process; default on */

    lunette_gc gc;               /**< default auto */
    unsigned gc_pause, gc_step;  /**< incremental: percent, as in Lua's manual § 2.5.1; 0: Lua's own */
    unsigned gc_minor, gc_major; /**< generational: percent, § 2.5.2; 0: Lua's own */

    /** Runs that start alike end alike, for tests: the same random numbers in every run, and no cache of scripts (which
     * would move objects in memory, and with them in pairs()). Give a `clock`, too, to scripts that ask for the time. What
     * is beyond it: Lua takes the seed of its strings' hashes from addresses as an engine is opened, so that pairs() may
     * go another way through names in another engine or process. Default false: fresh seeds. */
    bool deterministic;

    lunette_output_fn output; /**< default NULL: standard output */
    void *output_ud;
    lunette_warning_fn warning; /**< default NULL: dropped */
    void *warning_ud;
    lunette_log_fn log; /**< default NULL: standard error */
    void *log_ud;

    /** Default NULL: nobody is told; lunette_context_error() tells all the same. */
    lunette_error_fn on_error;
    void *on_error_ud;
    lunette_panic on_panic; /**< default: a new one. PROPAGATE means contain_faults = LUNETTE_OFF */

    /** Where a context's memory comes from; default NULL: an address-space reservation of its own, which
     * is what makes resets cheap. */
    lunette_alloc_fn alloc;
    void *alloc_ud;

    const lunette_preload *preload; /**< modules of the engine's own template; default none. See template.h */
    size_t preload_count;

    /** Bytes that compiled scripts may take, so that a text run again is not parsed again; default 16 MiB;
     * SIZE_MAX: no cache. */
    size_t script_cache;

    lunette_pool_config pool; /**< default: see pool.h */

    /** Of the engine's own template, as in lunette_template_config. */
    const lunette_module *const *modules;
    size_t module_count;
    const char *module_prefix;

    /** Texts that this release of Lua is known not to bear are syntax errors (docs/sandbox.md, defects of Lua
     * releases); default on, at every level but none. */
    lunette_switch check_texts;

    /** Which language, by name: see backend.h; default NULL: lunette_backend_set_default()'s, which is
     * "lua" unless somebody said otherwise. */
    const char *backend;

    /** Modules of lua_CFunctions that the host trusts, of the engine's own template: see lua.h. */
    const lunette_lua_module *lua_modules;
    size_t lua_module_count;
    /** What `require` finds in the engine's own template, as in lunette_template_config; default NULL. */
    const lunette_require_config *require;

    /** What os.time(), os.date() and os.clock() go by, the latter counting from 1970 too; limits do not. Default NULL: the
     * system's clocks. */
    lunette_clock_fn clock;
    void *clock_ud;

    lunette_snapshot_config snapshots; /**< default: see snapshot.h */
} lunette_config;

static inline lunette_config lunette_config_default(void) {
    lunette_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.limits = lunette_limits_default();
    return config;
}

#ifdef __cplusplus
}
#endif

#endif
