/** @file
 * The pool of an engine: contexts that were released, reset, and wait for the next lunette_context_acquire(). Usually
 * a thread finds one in a cache of its own, without a lock or a system call. */
#ifndef LUNETTE_POOL_H
#define LUNETTE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lunette_context lunette_context;
typedef struct lunette_engine lunette_engine;
typedef struct lunette_template lunette_template;

/** Looks at a context about to be handed out; false: it is destroyed and another one is taken. On the thread that acquires. It
 * may run what it likes in the context, which is reset afterwards, but not keep it, nor release it (BUSY). */
typedef bool (*lunette_check_fn)(void *ud, lunette_context *context);

/** A part of lunette_config. A zero field means its default. */
typedef struct lunette_pool_config {
    size_t min; /**< contexts that idling and ageing leave; default 0 */
    size_t max; /**< contexts that may exist, idle ones included; default 0: no bound */
    /** How long lunette_context_acquire() waits when `max` are in use, first come, first served; default
     * 0: not at all; UINT64_MAX: for ever. */
    uint64_t wait_ns;
    uint64_t idle_ns;    /**< contexts idle for longer are destroyed; default 60 seconds; UINT64_MAX: never */
    uint64_t trim_ns;    /**< contexts idle for longer keep only their template's memory; default 1 second */
    uint64_t max_age_ns; /**< contexts older are destroyed when they come back; default 0: never */
    uint64_t max_uses;   /**< and those acquired so many times; default 0: never */
    size_t per_thread;   /**< contexts a thread keeps to itself; default 4, at most 64 */
    lunette_check_fn check; /**< default NULL: none */
    void *check_ud;
    uint64_t reserved[8]; /**< zero */
} lunette_pool_config;

/** made == destroyed + in_use + idle. Exact while no call is under way. */
typedef struct lunette_pool_stats {
    size_t size;            /**< sizeof(lunette_pool_stats), set by the caller */
    uint64_t made;          /**< contexts ever made */
    uint64_t destroyed;     /**< contexts destroyed */
    uint64_t in_use;        /**< acquired and not yet released */
    uint64_t idle;          /**< waiting to be acquired */
    uint64_t waiting;       /**< threads waiting for one */
    uint64_t acquires;      /**< contexts handed out */
    uint64_t hits;          /**< of these, found in the thread's own cache */
    uint64_t adopted;       /**< of these, taken from another template */
    uint64_t waits;         /**< acquires that had to wait */
    uint64_t refusals;      /**< acquires that got none in time */
    uint64_t failed_checks; /**< contexts that the check refused */
    uint64_t worn_out;      /**< destroyed for their age or number of uses */
    uint64_t idled_out;     /**< destroyed for having been idle */
    uint64_t trimmed;       /**< given back memory while idle */
} lunette_pool_stats;

/** OK, INVALID_ARGUMENT. Any thread. */
LUNETTE_API lunette_status lunette_engine_pool_stats(lunette_engine *engine, lunette_pool_stats *stats);

/** Makes `count` idle contexts of a template (NULL: the engine's own) ahead of time.
 * OK; EXHAUSTED: the maximum is reached, those made until then stay; INVALID_ARGUMENT, CLOSED, NO_MEMORY, SYSTEM. */
LUNETTE_API lunette_status lunette_engine_warm(lunette_engine *engine, lunette_template *of, size_t count);

/** Trims and destroys idle contexts that are due. Releasing does it every now and then; a host that falls quiet may
 * call this from time to time. Any thread. */
LUNETTE_API void lunette_engine_maintain(lunette_engine *engine);

#ifdef __cplusplus
}
#endif

#endif
