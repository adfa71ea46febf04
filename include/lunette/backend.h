/** @file
 * A backend: what an engine has to know of a language. The rest (memory, limits, deadlines, kills, resets, templates,
 * the pool, statistics, errors) every language gets from the same place, and the Lua backend goes through this very
 * table. docs/backend.md says how to write one.
 *
 * A VM is here called a machine. All of its state lies in the machine's memory (lunette_machine_alloc()), in pointers
 * and values as C lays them out; that is what makes resets and copies possible. What may be kept outside of it is the
 * backend's `data`, which no reset touches.
 *
 * Where a function of the table is called:
 *   - "in a run": under a budget, and the run may be left at any instruction, without a word. So nothing outside the
 *     machine's memory may be touched but in a host section (lunette_machine_host_enter()), and no lock be taken
 *     (malloc, stdio and the like take locks). Whatever was being done to the machine's memory is of no matter: it is
 *     thrown away.
 *   - "between runs": by the library, while nothing runs in the machine.
 * One thread at a time is in a machine. */
#ifndef LUNETTE_BACKEND_H
#define LUNETTE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/config.h"
#include "lunette/error.h"
#include "lunette/status.h"
#include "lunette/template.h"
#include "lunette/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One VM: its memory, its run. The library makes and frees it. */
struct lunette_class; /**< module.h */
typedef struct lunette_machine lunette_machine;

/** What a run is about. Views, valid during the run. */
typedef struct lunette_program {
    const char *name; /**< the chunk's, never NULL; begins with '@' (a file's) or '=' (any other) */
    const char *text; /**< or NULL: `code` is to be run */
    size_t text_size; /**< in bytes */
    const void *code; /**< what compile() made of a text of that name, maybe in another machine */
    size_t code_size; /**< in bytes */
    /** Or what is called is there already: a reference, passed by check_value(),. */
    const lunette_value *function;
    const char *path;               /**< or names with dots between them, from the globals ("game.on_tick") */
    const lunette_value *arguments; /**< passed by check_value() */
    size_t argument_count;
    bool check_only;     /**< parse, do not run */
    bool loaded;         /**< load() has been done with `code`: it need only be run */
    bool allow_bytecode; /**< a text may be binary; only at sandbox level none */
    uint64_t allocations, string_bytes,
        stack_depth;    /**< limits that the language has to keep itself; 0: none */
    const char *module; /**< or it is a module of that name, which is to be the only result */
    const char *global; /**< and to be a global variable of this name; NULL: it is not */
} lunette_program;

/** What a tenant's scripts have less than their template's. Views. */
typedef struct lunette_narrowing {
    uint32_t withheld; /**< LUNETTE_PERMIT_… bits */
    const char *root;  /**< a folder, by a path from the template's root folder; NULL: that one */
    /** Names that may be required, "shop.*" for all that begin with "shop."; NULL: all. */
    const char *const *modules;
    size_t module_count;
} lunette_narrowing;

/** What the host says to a script that waits. Views, valid during the run. */
typedef struct lunette_answer {
    const lunette_value *values; /**< what the call that waits returns; passed by check_value() */
    size_t count;
    const char *error; /**< or NULL: the message of the error that the call raises instead, zero-terminated */
} lunette_answer;

/** What a backend can do. */
typedef enum lunette_feature {
    LUNETTE_FEATURE_COMPILED = 1 << 0,  /**< has compile(): texts that are run again are parsed once */
    LUNETTE_FEATURE_SANDBOX = 1 << 1,   /**< heeds config.sandbox, allow and deny */
    LUNETTE_FEATURE_FUNCTIONS = 1 << 2, /**< values may be references to functions */
    LUNETTE_FEATURE_SUSPEND = 1 << 3,   /**< a run may be suspended and resumed */
    LUNETTE_FEATURE_DEBUG = 1 << 4,     /**< breakpoints */
    LUNETTE_FEATURE_RELOAD = 1 << 5,    /**< modules may be replaced in a state that goes on */
    LUNETTE_FEATURE_MODULES = 1 << 6,   /**< a program may be a module */
    LUNETTE_FEATURE_JSON = 1 << 7, /**< the language reads and writes JSON by itself. For hosts to know */
    LUNETTE_FEATURE_REGEX = 1 << 8 /**< it has regular expressions (Lua's patterns are none). Likewise */
} lunette_feature;

/** The table. What it points at must stay, unchanged, as long as it is registered. A function pointer may be NULL where that
 * is said. Statuses that a function run in a run may answer: OK, RUNTIME_ERROR, SYNTAX_ERROR, VALUE_LIMIT,
 * MEMORY_LIMIT (the machine refused memory), NO_MEMORY (the host did), UNSUPPORTED, NOT_FOUND; anything else is
 * answered to the host as DEFECT. */
typedef struct lunette_backend {
    size_t size;                   /**< sizeof(lunette_backend) */
    const char *name;              /**< "lua": what config.backend says */
    const char *(*version)(void);  /**< "5.4.4"; static text. Any thread */
    const char *const *extensions; /**< of its programs' files, with the dot: ".lua" */
    size_t extension_count;
    uint32_t features; /**< LUNETTE_FEATURE_… */

    /** Any address in each loaded object (program or library) that holds code of the VM: a run is left only where its
     * thread stands in such an object. */
    const void *const *code;
    size_t code_count;   /**< at most 13 */
    size_t stack_needed; /**< C stack a run may need, in bytes; 0: 512 KiB, which is also the least */
    size_t data_size;    /**< bytes of a machine's `data`, all zero at first */

    /** What the engines' configuration means for the language, kept as the engine's `settings`; it is copied, for
     * `config` does not outlive the call. `why`, of `why_size` bytes, receives which field of it is wrong: "config."
     * is put before. NULL: nothing, and `settings` is NULL. OK, INVALID_ARGUMENT, UNSUPPORTED, NO_MEMORY. */
    lunette_status (*open)(const lunette_config *config, void **settings, char *why, size_t why_size);
    void (*close)(void *settings); /**< NULL: nothing is to be done */

    /** What a template says beside its preloaded modules, kept as the template's `parts`; it is copied. The structs of
     * its modules and of their types are complete, of this version's size. `why` receives which field of it is wrong.
     * NULL: nothing, and `parts` is NULL. OK, INVALID_ARGUMENT, UNSUPPORTED, NO_MEMORY. */
    lunette_status (*open_template)(const void *settings, const lunette_template_config *config, void **parts,
                                    char *why, size_t why_size);
    void (*close_template)(void *parts); /**< NULL: nothing is to be done */

    /** In a run: makes the state of a machine that has none, in its memory, and says where it is with
     * lunette_machine_set_root(). What it does not need any more it has freed. Called more than once: what earlier
     * calls made is then gone, and where it makes the same requests for memory, in the same order, contexts get smaller. */
    lunette_status (*build)(lunette_machine *machine);
    /** In a run, after build(): runs a module of the template's. NULL: there are no modules; templates with some
     * are refused. */
    lunette_status (*preload)(lunette_machine *machine, const lunette_preload *module);
    /** In a run, when all modules have run: leaves as little in memory as possible, for this is what contexts start
     * from. NULL: nothing is to be done. */
    lunette_status (*settle)(lunette_machine *machine);
    /** Between runs: the machine's memory holds a state that was not built there, or was built anew; lunette_machine_root()
     * says where. NULL: nobody needs to know. */
    void (*attach)(lunette_machine *machine);

    /** Between runs, before each: the machine's `data` is made ready. NULL. */
    void (*prepare)(lunette_machine *machine);
    /** Between runs, after each of a script: what `data` need not keep. NULL. */
    void (*tidy)(lunette_machine *machine);
    /** Between runs, before the first in a machine that is as its template, and in one whose snapshot was put back, unless the
     * engine is deterministic: the state gets randomness of its own (lunette_machine_random()). NULL. */
    void (*seed)(lunette_machine *machine);

    /** In a run. Results go to lunette_machine_results(); errors to lunette_machine_fail(). */
    lunette_status (*run)(lunette_machine *machine, const lunette_program *program);
    /** In a run: goes on after run() or resume() answered SUSPENDED, which they may only where there is this function. NULL:
     * runs never wait. */
    lunette_status (*resume)(lunette_machine *machine, const lunette_answer *answer);
    /** In a run: makes of a text what run() takes as code, and gives it to lunette_machine_emit(). NULL: texts are parsed
     * each time. */
    lunette_status (*compile)(lunette_machine *machine, const lunette_program *program);
    /** In a run, on a state that is as its template: goes with `code` as far as can be gone before the arguments are
     * known. Done in two machines it must come out the same, but for their addresses; it is then not done in others, but
     * copied. NULL: code is loaded each time. */
    lunette_status (*load)(lunette_machine *machine, const lunette_program *program);
    /** In a run. Both NULL: there are no globals. */
    lunette_status (*set_global)(lunette_machine *machine, const char *name, const lunette_value *value);
    lunette_status (*get_global)(lunette_machine *machine, const char *name);
    /** Between runs: whether a value can be given to this machine. OK, INVALID_ARGUMENT, STALE. NULL: numbers, texts and
     * what is made of them can. */
    lunette_status (*check_value)(const lunette_machine *machine, const lunette_value *value);
    /** In a run: frees what nobody needs. NULL: nothing does that. */
    lunette_status (*collect)(lunette_machine *machine);
    /** Between runs, or in a host section of one: the host gives a reference to a function up. STALE. NULL: there are
     * none. */
    lunette_status (*forget)(lunette_machine *machine, const lunette_value *function);

    /** In a run: a request for memory, made from `caller`, cannot be met. True: some was freed, it is tried again. It must
     * not ask for memory. NULL: false. */
    bool (*on_refusal)(lunette_machine *machine, const void *caller);
    /** From a signal handler, at any instruction of a run: the run is over its budget and has its grace time to end by
     * itself, with an error. It may do what a handler may. NULL: there is no grace. */
    void (*soften)(lunette_machine *machine);
    /** Likewise, shortly before the deadline: the VM is to note where it stands when it next can, with
     * lunette_machine_stand(). NULL. */
    void (*probe)(lunette_machine *machine);
    /** In a run of two milliseconds, after one that was left without having noted where it stood: reads that from what was
     * left, whatever its state, with lunette_machine_stand(). True: that was possible. NULL: it never is. */
    bool (*post_mortem)(lunette_machine *machine);

    /** Between runs, before the state of a machine that something has run in is overwritten: whatever it has of the host
     * is given back. `abandoned`: the state is not to be looked at. NULL: it never has anything. */
    void (*end)(lunette_machine *machine, bool abandoned);
    /** Between runs: the machine is about to be freed; so is what its `data` refers to. After end(). NULL. */
    void (*dispose)(lunette_machine *machine);

    /** From a signal handler, at any instruction of a run: true while code runs, in the VM or called by it, that has to come
     * to its end although it is in no host section; then the run is not left, and a fault is not the VM's. It may do what
     * a handler may. NULL: false. */
    bool (*busy)(lunette_machine *machine);

    /** Makes of a template's `parts`, which outlive them, those of a narrower template. `why` receives which field of the
     * narrowing is wrong. NULL: tenants cannot have less than their template. OK, INVALID_ARGUMENT, UNSUPPORTED, NO_MEMORY,
     * SYSTEM. Any thread. */
    lunette_status (*narrow_template)(const void *parts, const lunette_narrowing *by, void **narrower,
                                      char *why, size_t why_size);

    /** What lunette_template_describe() and lunette_template_module() answer, from a template's `parts`. *text is from
     * malloc(). Any thread, at any time. OK, INVALID_ARGUMENT (there is no such format), NO_MEMORY. NULL: UNSUPPORTED, and
     * there are no modules. */
    lunette_status (*describe)(const void *settings, const void *parts, lunette_format format, char **text);
    const char *(*module_name)(const void *parts, size_t index);

    /** What lunette_object_make(), _find() and _close() answer. Between runs, or in a host section of one. `value` is a
     * USERDATA whose id is not 0. OK; make: NOT_FOUND (the machine's modules have no such type), NO_MEMORY; find: STALE,
     * INVALID_ARGUMENT (it is of another type); close: STALE. All NULL: UNSUPPORTED. */
    lunette_status (*make_object)(lunette_machine *machine, const struct lunette_class *type, void *object,
                                  lunette_value *value);
    lunette_status (*find_object)(const lunette_machine *machine, const lunette_value *value,
                                  const struct lunette_class *type, void **object);
    lunette_status (*close_object)(lunette_machine *machine, const lunette_value *value);

    /** Between runs: the machine's memory is about to be copied (snapshot.h), so that it can become again what it is now.
     * `number` is higher than those of all snapshots before; to be noted with what is given to the host from here
     * on. *why may say what a refusal is for, static. OK, UNSUPPORTED. Both NULL: the backend has nothing outside of
     * the memory that would have to go with it; where there is a forget() or a make_object(), there are no snapshots. */
    lunette_status (*keep)(lunette_machine *machine, uint64_t number, const char **why);
    /** Between runs: before the memory becomes again what it was at that number, which the state that is there may not be
     * looked at for. What the host was given since is void from here on, and closed; what it gave up since stays given
     * up; all else stays good. Not called where a reset does instead, after which end() has been. OK, UNSUPPORTED
     * (nothing happens). */
    lunette_status (*go_back)(lunette_machine *machine, uint64_t number, const char **why);

    /** In a run, in the middle of a request for memory: a quarter of the memory limit is taken for the first time since the
     * machine was built or reset, two, or three. What frees nothing before it must may begin to. It must not ask for
     * memory, nor free any. Not where the memory is the host's (config.alloc). NULL. */
    void (*on_growth)(lunette_machine *machine, unsigned quarters);
} lunette_backend;

/* --- The registry ---------------------------------------------------------------------------------------- */

/** Makes a backend known, by a copy of its table. "lua" is there from the start. OK; INVALID_ARGUMENT
 * (lunette_last_failure() says what is missing or too much), UNSUPPORTED (of a later version), WRONG_STATE (there is one
 * of that name), NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_backend_register(const lunette_backend *backend);

/** Forgets one that was registered. If it was the default, that is "lua" again. OK; INVALID_ARGUMENT, NOT_FOUND, BUSY (an
 * engine uses it), WRONG_STATE ("lua" stays). Any thread. */
LUNETTE_API lunette_status lunette_backend_unregister(const char *name);

/** The backend of that name; NULL: the default. NULL if there is none. Valid while it is registered. Any thread. */
LUNETTE_API const lunette_backend *lunette_backend_find(const char *name);

/** The backend for a file, by what its name ends in ("rules/price.calc"); the one registered last, where several would do.
 * NULL if there is none. As above. */
LUNETTE_API const lunette_backend *lunette_backend_find_by_extension(const char *path);

/** Number `index`, from 0, in the order of registration; NULL past the last. As above. */
LUNETTE_API const lunette_backend *lunette_backend_at(size_t index);

/** Which backend engines have whose configuration names none. OK, INVALID_ARGUMENT, NOT_FOUND. Any thread. */
LUNETTE_API lunette_status lunette_backend_set_default(const char *name);

/* --- What a backend may call ------------------------------------------------------------------------------- */

/* All on the thread that is in the machine; what is not said to be for a time is for all. With NULL for a machine they do
 * nothing, and answer NULL, 0, false or INVALID_ARGUMENT. */

/** The machine whose run this thread is in, the innermost; NULL: none. Also from a signal handler. */
LUNETTE_API lunette_machine *lunette_machine_current(void);

/** The backend's own bytes of the machine, outside of its memory, aligned to 16. */
LUNETTE_API void *lunette_machine_data(lunette_machine *machine);

/** What open() gave; NULL: nothing. */
LUNETTE_API const void *lunette_machine_settings(const lunette_machine *machine);
/** What open_template() gave; NULL: nothing. */
LUNETTE_API const void *lunette_machine_parts(const lunette_machine *machine);

/** The context that the host has the machine as; NULL: none, while a template is built. */
LUNETTE_API lunette_context *lunette_machine_context(const lunette_machine *machine);

/** Another number after each reset, and in each machine: for references that must not outlive the state. */
LUNETTE_API uint64_t lunette_machine_generation(const lunette_machine *machine);

/** Pointers, four of them, into the machine's memory that are right in every copy of the state. Set in build(). */
LUNETTE_API void lunette_machine_set_root(lunette_machine *machine, unsigned index, void *block);
/** What was set; NULL: nothing was. */
LUNETTE_API void *lunette_machine_root(const lunette_machine *machine, unsigned index);

/** Fills `bytes` with unpredictable ones; always the same ones where the engine is deterministic. */
LUNETTE_API void lunette_machine_random(const lunette_machine *machine, void *bytes, size_t size);

/** The machine's memory, aligned to 8; the sizes must be right. NULL: the limit is reached (and all is as it was), or the
 * size is 0. A block that does not grow is never refused. In a run. */
LUNETTE_API void *lunette_machine_alloc(lunette_machine *machine, size_t size);
/** A block of the same content, as far as both sizes go; maybe in another place. `block` NULL: a new one. */
LUNETTE_API void *lunette_machine_resize(lunette_machine *machine, void *block, size_t old_size,
                                         size_t new_size);
/** Gives a block back. NULL is allowed. */
LUNETTE_API void lunette_machine_free(lunette_machine *machine, void *block, size_t size);

/** Says which byte becomes another with each collection of garbage, for lunette_stats.collections: one in a block of the
 * machine's memory that is there as long as the state. It is looked at with each request for memory and at the end of each
 * run, in every copy of the state. In build(). NULL: collections are not counted, as without a call. */
LUNETTE_API void lunette_machine_follow_collector(lunette_machine *machine, const void *flag);
/** Looks at it now: for after a collection that another may follow before memory is asked for. In a run. */
LUNETTE_API void lunette_machine_collected(lunette_machine *machine);

/** From enter to leave the run is not ended, whatever its budget: for all that touches what is not the machine's. What
 * was begun must be owned by somebody when leave() is called, for it may not return. They nest. In a run. */
LUNETTE_API void lunette_machine_host_enter(lunette_machine *machine);
/** The end of what lunette_machine_host_enter() began. May not return. */
LUNETTE_API void lunette_machine_host_leave(lunette_machine *machine);

/** What counts against limits, and may not return. In a run, outside of host sections: one call of a function of the
 * host's; a piece of output, given to the host; a piece of a warning, likewise. */
LUNETTE_API void lunette_machine_charge_host_call(lunette_machine *machine);
/** A piece of output, given to the host (config.output). May not return. */
LUNETTE_API void lunette_machine_print(lunette_machine *machine, const char *bytes, size_t size);
/** A piece of a warning, given to the host (config.warning); `more`: it goes on. May not return. */
LUNETTE_API void lunette_machine_warn(lunette_machine *machine, const char *bytes, size_t size, bool more);

/** How many steps of the language may be done until they are to be counted; 0: they need not be counted. Steps are what
 * limits.instructions counts, and where a run ends that the hook guard watches. count() may not return. In a run. */
LUNETTE_API uint64_t lunette_machine_steps(const lunette_machine *machine);
/** Counts steps that were done. May not return. */
LUNETTE_API void lunette_machine_count(lunette_machine *machine, uint64_t steps);

/** Gives the results of run() or the value of get_global(): copied, within the host's bounds. Once. OK; VALUE_LIMIT,
 * NO_MEMORY, which have their words and are to be answered. In a run. */
LUNETTE_API lunette_status lunette_machine_results(lunette_machine *machine, const lunette_value *values,
                                                   size_t count);

/** Appends to what compile() makes. False: the host has no memory; NO_MEMORY is to be answered. In a run. */
LUNETTE_API bool lunette_machine_emit(lunette_machine *machine, const void *bytes, size_t size);

/** What went wrong. Copied, so that it may lie in the machine's memory. */
typedef struct lunette_failure {
    const char *message;         /**< without the place; NULL: the status's own text */
    size_t message_size;         /**< in bytes; SIZE_MAX: it ends with a zero byte */
    const char *chunk;           /**< where it happened; NULL: in the innermost frame that has a line */
    int line;                    /**< from 1; 0: not known */
    const lunette_frame *frames; /**< innermost first; at most 32 are kept */
    size_t frame_count;
    const lunette_value *value; /**< of an error that has one; NULL: it has none */
} lunette_failure;

/** Notes it, and answers `status`, which is to be answered: RUNTIME_ERROR, SYNTAX_ERROR; MEMORY_LIMIT, of which only the
 * place counts. In a run. */
LUNETTE_API lunette_status lunette_machine_fail(lunette_machine *machine, lunette_status status,
                                                const lunette_failure *failure);

/** Notes where the script stands, for probe() and post_mortem(). In a run. */
LUNETTE_API void lunette_machine_stand(lunette_machine *machine, const lunette_frame *frames, size_t count);

/** Ends the run with DEFECT: the VM is in a state that must not be. Does not return. In a run. */
LUNETTE_API void lunette_machine_panic(lunette_machine *machine);

/** In end(): calls body(machine, ud) in a run that may take `wall_ns`, for what of a state's own code is still to be run
 * (finalizers). OK, TIME_LIMIT, VM_FAULT, DEFECT, STACK_TOO_SMALL, SYSTEM. */
LUNETTE_API lunette_status lunette_machine_guarded(lunette_machine *machine, uint64_t wall_ns,
                                                   void (*body)(lunette_machine *machine, void *ud),
                                                   void *ud);

#ifdef __cplusplus
}
#endif

#endif
