/** @file
 * A tenant: on whose behalf scripts run. It names limits, a template (what its scripts find, and what they are permitted)
 * and how many contexts it may have at a time; and it counts what they used. All functions here may be called from any
 * thread, also while contexts of the tenant run. */
#ifndef LUNETTE_TENANT_H
#define LUNETTE_TENANT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lunette/context.h"
#include "lunette/engine.h"
#include "lunette/limits.h"
#include "lunette/template.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lunette_tenant lunette_tenant;

/** lunette_tenant_config_default() gives all defaults. Copied whole. */
typedef struct lunette_tenant_config {
    size_t size;      /**< sizeof(lunette_tenant_config) */
    const char *name; /**< in metrics and errors: 1 to 100 bytes; required. Two may have the same */
    /** Zero fields: as the engine's. `memory` may be smaller than the engine's, not larger. */
    lunette_limits limits;
    /** What its contexts start from; NULL: the engine's own. Kept alive by the tenant. */
    lunette_template *of;
    uint64_t contexts; /**< that it may have acquired at a time; default 0: no bound but the pool's */

    /* What its scripts have less than the template's. A tenant with any of these has a template of its own, made of that
     * one here and now: its preloaded modules are run again. */

    /** LUNETTE_PERMIT_… bits that are taken away; default 0: none. Not at sandbox level none. */
    uint32_t withheld;
    /** A folder below the template's root folder, by its path from there; default NULL: that one. */
    const char *root;
    /** The only modules that there are, of those of the template (preloaded ones, the host's, those of lua_CFunctions, in
     * files; where there is a resolver, any), as `require` calls them, or "shop.*" for all whose name begins with "shop.".
     * Lua's own libraries are not meant. Default NULL: all; a list of none is none. */
    const char *const *modules;
    size_t module_count;
} lunette_tenant_config;

static inline lunette_tenant_config lunette_tenant_config_default(void) {
    lunette_tenant_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.limits = lunette_limits_default();
    return config;
}

/** Opens a tenant; *tenant is then the caller's, to be closed.
 * OK; INVALID_ARGUMENT (lunette_last_failure() names the field; also a template of another engine), NO_MEMORY, CLOSED; and,
 * with less than the template has, what lunette_template_open() answers. */
LUNETTE_API lunette_status lunette_tenant_open(lunette_engine *engine, const lunette_tenant_config *config,
                                               lunette_tenant **tenant);

/** Closes a tenant and sets the pointer to NULL. Contexts acquired for it finish with its limits, and go on counting in
 * the engine's metrics under its name until the last has come back. NULL and a pointer to NULL are allowed. */
LUNETTE_API void lunette_tenant_close(lunette_tenant **tenant);

/** Its name, as long as it is open; "" for NULL. */
LUNETTE_API const char *lunette_tenant_name(const lunette_tenant *tenant);

/** The template that its contexts start from, its own where its scripts have less than that of the configuration: to be
 * asked about (lunette_template_describe()). Valid as long as the tenant is open. NULL for NULL. */
LUNETTE_API const lunette_template *lunette_tenant_template(const lunette_tenant *tenant);

/** Hands out a context as lunette_context_acquire_from() does, under the tenant's limits.
 * OK; EXHAUSTED: the tenant has all the contexts it may have (which is answered at once), or the pool's maximum is in use
 * and none came back within `wait_ns`; INVALID_ARGUMENT, CLOSED, NO_MEMORY, SYSTEM. */
LUNETTE_API lunette_status lunette_context_acquire_for(lunette_tenant *tenant, uint64_t wait_ns,
                                                       lunette_context **context);

/** The tenant that a context was acquired for, or NULL. */
LUNETTE_API lunette_tenant *lunette_context_tenant(const lunette_context *context);

/** Changes the limits. Runs that are going on keep those they began with; the next run of each context has the new ones,
 * and `memory` counts from a context's next acquire. Zero fields: as the engine's.
 * OK; INVALID_ARGUMENT: lunette_last_failure() names the field, and nothing is changed. */
LUNETTE_API lunette_status lunette_tenant_set_limits(lunette_tenant *tenant, const lunette_limits *limits);

/** What runs of a tenant, or of an engine, came to so far. Counted as each run ends: exact while none is going on. */
typedef struct lunette_usage {
    size_t size;           /**< sizeof(lunette_usage), set by the caller */
    uint64_t in_use;       /**< contexts acquired now */
    uint64_t acquires;     /**< contexts acquired in all */
    uint64_t refusals;     /**< acquires that were answered EXHAUSTED */
    uint64_t runs;         /**< runs that have ended; the next fields say how, and add up to this */
    uint64_t ok;           /**< OK */
    uint64_t suspended;    /**< SUSPENDED: each piece of a run that waited counts as one */
    uint64_t errors;       /**< RUNTIME_ERROR, VALUE_LIMIT */
    uint64_t syntax;       /**< SYNTAX_ERROR */
    uint64_t memory;       /**< MEMORY_LIMIT */
    uint64_t time;         /**< TIME_LIMIT, CPU_LIMIT, HOST_TIME_LIMIT */
    uint64_t other_limits; /**< INSTRUCTION_LIMIT, OUTPUT_LIMIT, HOST_CALL_LIMIT */
    uint64_t cancelled;    /**< CANCELLED */
    uint64_t faults;       /**< VM_FAULT */
    uint64_t refused;      /**< a negative status: nothing ran */
    uint64_t wall_ns; /**< sums over the runs, each piece of one that waited by itself; as in lunette_stats */
    uint64_t cpu_ns;  /**< of the runs that measured it */
    uint64_t host_ns; /**< likewise */
    uint64_t host_calls;
    uint64_t output_bytes;
    uint64_t instructions; /**< of the runs that counted them */
    uint64_t allocations;  /**< blocks that the runs were handed */
    uint64_t memory_peak;  /**< the highest of any run */
    uint64_t collections;  /**< of garbage */
} lunette_usage;

/** OK, INVALID_ARGUMENT. */
LUNETTE_API lunette_status lunette_tenant_usage(const lunette_tenant *tenant, lunette_usage *usage);

/** The same for all runs of an engine, those of its tenants included. OK, INVALID_ARGUMENT. */
LUNETTE_API lunette_status lunette_engine_usage(const lunette_engine *engine, lunette_usage *usage);

#ifdef __cplusplus
}
#endif

#endif
