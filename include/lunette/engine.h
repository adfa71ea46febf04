/** @file
 * An engine: what a host opens once. It holds the configuration and makes contexts. All functions here may be
 * called from any thread. */
#ifndef LUNETTE_ENGINE_H
#define LUNETTE_ENGINE_H

#include "lunette/config.h"
#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opens an engine. `config` NULL means all defaults. *engine is then the caller's, to be closed.
 * OK; INVALID_ARGUMENT (lunette_last_failure() names the field), UNSUPPORTED (the guard asked for cannot
 * serve here), NOT_FOUND (of a file that is to be preloaded; or there is no backend of that name), NO_MEMORY, SYSTEM; of a
 * preloaded module SYNTAX_ERROR, RUNTIME_ERROR, MEMORY_LIMIT. On failure *engine is NULL. */
LUNETTE_API lunette_status lunette_engine_open(const lunette_config *config, lunette_engine **engine);

/** Closes an engine and sets the pointer to NULL; NULL and a pointer to NULL are allowed. Whoever waits for a context
 * gets CLOSED. Contexts and templates that are still held stay valid until they are given back (the last takes
 * the engine's memory with it), but run nothing more: they answer CLOSED. A run that is going on ends as it would have.
 * Threads that might be about to acquire must be told before. */
LUNETTE_API void lunette_engine_close(lunette_engine **engine);

/** What an engine does on this machine, and how often Lua failed it. */
typedef struct lunette_engine_info {
    size_t size;             /**< sizeof(lunette_engine_info), set by the caller */
    const char *lua_release; /**< "5.4.4", of the Lua that is loaded; of another backend, its version */
    const char *guard;       /**< "signal" or "hook" */
    const char *reset;       /**< "image" (memory copied back) or "reopen" (host's allocator) */
    size_t image_bytes;      /**< what a reset copies; 0 for "reopen" */
    bool relocatable;        /**< arenas lie 4 GiB apart, so that images can be shared between contexts */
    size_t stack_needed;     /**< bytes of C stack a thread must have left to start a run */
    uint64_t vm_faults;  /**< runs so far that ended with VM_FAULT; each was reported to the log as well */
    const char *backend; /**< "lua": see backend.h */
} lunette_engine_info;

/** OK, INVALID_ARGUMENT. Texts live as long as the engine. */
LUNETTE_API lunette_status lunette_engine_info_get(lunette_engine *engine, lunette_engine_info *info);

/** A defect of a Lua release that a script at level restricted can reach. */
typedef struct lunette_defect {
    const char *name;       /**< "concat-stale-top" */
    const char *effect;     /**< what happens */
    const char *fixed_in;   /**< "5.4.5", or "" when no release has the repair yet */
    const char *protection; /**< what Lunette does about it: "unreachable: …" or "contained: …" */
} lunette_defect;

/** Defect number `index` (from 0) of the Lua that is loaded, or NULL past the last. Static. The first call may take a millisecond:
 * what is mended in some builds of a release is tried for. Any thread. */
LUNETTE_API const lunette_defect *lunette_lua_defect(size_t index);

/** A name of Lua's standard library, as the sandbox's one table has it. */
typedef struct lunette_name {
    const char *library; /**< "" for base functions, else "string", "os"… */
    const char *name;
    lunette_sandbox level;   /**< the narrowest level that has it by default */
    const char *replacement; /**< how Lunette's version differs from Lua's, or NULL: it is Lua's own */
} lunette_name;

/** Name number `index` (from 0), or NULL past the last. Static. */
LUNETTE_API const lunette_name *lunette_sandbox_name(size_t index);

#ifdef __cplusplus
}
#endif

#endif
