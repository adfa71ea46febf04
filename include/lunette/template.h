/** @file
 * A template: the state that contexts start from. Every engine has one of its own, made of its configuration;
 * a host that serves customers with different libraries opens one for each. All functions here may be called
 * from any thread, also while contexts of the same engine run. */
#ifndef LUNETTE_TEMPLATE_H
#define LUNETTE_TEMPLATE_H

#include "lunette/config.h"
#include "lunette/engine.h"
#include "lunette/lua.h"
#include "lunette/module.h"
#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a template adds to the engine's library. lunette_template_config_default() adds nothing. All of it is copied,
 * but for what `ud` pointers point at. */
typedef struct lunette_template_config {
    size_t size; /**< sizeof(lunette_template_config) */
    /** Modules in Lua, run once when the template is opened, in this order. */
    const lunette_preload *preload;
    size_t preload_count;
    const lunette_module *const *modules; /**< modules of the host's functions: see module.h */
    size_t module_count;
    /** Before their names in `require`: with "host.", `require "host.game"`; NULL: none. */
    const char *module_prefix;
    const lunette_lua_module *lua_modules; /**< of lua_CFunctions, which the host trusts: see lua.h */
    size_t lua_module_count;

    /* What contexts of this template have less than the engine permits; there is no way to have more. */

    /** LUNETTE_PERMIT_… bits that are taken away; default 0: none. Not at sandbox level none. */
    uint32_t withheld;
    /** A folder below the engine's root folder, by its path from there ("customers/7"), that their file
     * permissions are about; default NULL: the engine's. Opened once, here. */
    const char *root;
    /** What else `require` finds, and may: see require.h; NULL: no more. */
    const lunette_require_config *require;
} lunette_template_config;

static inline lunette_template_config lunette_template_config_default(void) {
    lunette_template_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    return config;
}

/** Opens a template: the engine's library, the host's modules, and on top of them its `preload` modules. What such a
 * module returns is what `require` of its name gives; globals that it sets are there as well. They run under the
 * engine's memory limit and sandbox, without a deadline: they are the host's own. `config` NULL means all defaults:
 * what the engine's configuration adds is not in it.
 * OK; SYNTAX_ERROR, RUNTIME_ERROR, MEMORY_LIMIT (lunette_last_failure() says where in which module);
 * INVALID_ARGUMENT, CLOSED, UNSUPPORTED (the backend), NOT_FOUND (there is no such file), NO_MEMORY, SYSTEM. *out is then
 * the caller's, to be closed. */
LUNETTE_API lunette_status lunette_template_open(lunette_engine *engine,
                                                 const lunette_template_config *config,
                                                 lunette_template **out);

/** Closes a template and sets the pointer to NULL. Contexts that were acquired from it finish on it: it goes with
 * the last of them. NULL and a pointer to NULL are allowed. To replace a template, open the new one, hand it to
 * whoever acquires, and close the old one. */
LUNETTE_API void lunette_template_close(lunette_template **out);

/** The engine's own template, which lunette_context_acquire() takes contexts from: to be asked about. Valid as long as the
 * engine. NULL for NULL. */
LUNETTE_API const lunette_template *lunette_engine_template(const lunette_engine *engine);

/** Describes everything that scripts can call: the modules that are there (of their functions, those that the permissions
 * allow), other modules (in Lua, or of lua_CFunctions) by their names, and the names of Lua's own library that the sandbox
 * has. So a host can document its scripting, or tell a language model what it may write. As JSON an object:
 *
 *   modules: [as lunette_module_describe() writes them],
 *   sources: [{require, description}], the other modules,
 *   resolves: whether others may be found when they are required,
 *   library: ["print", "string.format", ...]
 *
 * *text is the caller's, to be freed by lunette_string_free(). OK, INVALID_ARGUMENT, NO_MEMORY; UNSUPPORTED: the backend
 * does not tell. */
LUNETTE_API lunette_status lunette_template_describe(const lunette_template *of, lunette_format format,
                                                     char **text);

/** What scripts call module number `index` (from 0) of the host's in `require`, in the order in which they were given;
 * "" for one that is made of globals; NULL past the last. Valid as long as the template. */
LUNETTE_API const char *lunette_template_module(const lunette_template *of, size_t index);

/** Bytes that every context of this template starts with, and that a reset restores. 0 for NULL. */
LUNETTE_API size_t lunette_template_size(const lunette_template *of);

#ifdef __cplusplus
}
#endif

#endif
