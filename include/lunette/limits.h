/** @file
 * What a run may use, and what it did use. */
#ifndef LUNETTE_LIMITS_H
#define LUNETTE_LIMITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lunette/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/** No limit; for any field of lunette_limits but `memory`. */
#define LUNETTE_UNLIMITED UINT64_MAX

/** The least and the most a memory limit can be, in bytes. */
#define LUNETTE_MEMORY_MIN ((uint64_t)256 << 10)
#define LUNETTE_MEMORY_MAX ((uint64_t)3 << 30)

/** A zero field means: as in the engine's configuration; and there, the default named here. */
typedef struct lunette_limits {
    size_t size; /**< sizeof(lunette_limits) */
    /** Bytes a context may have committed, its bookkeeping included; default 64 MiB. LUNETTE_MEMORY_MIN to
     * LUNETTE_MEMORY_MAX. Per context, not per run. A script at its limit whose garbage, collected five
     * times in a row, was each time less than a 64th of what it has, in bytes and in objects, has reached
     * it. */
    uint64_t memory;
    uint64_t wall_ns; /**< from the start of a run, host calls included; default 1 second */
    uint64_t cpu_ns;  /**< of the thread, during the run; default unlimited */
    /** VM instructions, counted exactly: the same script ends at the same point every time. Costs what a
     * count hook costs; default unlimited: not counted. */
    uint64_t instructions;
    uint64_t output_bytes; /**< through print; default unlimited */
    uint64_t host_calls;   /**< calls from the script into the host's functions; default unlimited */
    uint64_t host_ns;      /**< their total time; default unlimited */
    /** At the deadline, first raise an ordinary error so that the script can clean up and the context
     * keeps its state; kill after this time. Default 0: kill at once. */
    uint64_t grace_ns;
    /** From the start of a run to its end, what it waited suspended included; looked at as it is resumed,
     * and while it runs; default unlimited. */
    uint64_t total_ns;
    /* The following cost time, in runs that have them alone. */

    /** Blocks of memory a run may ask for, garbage included; the next is refused as if there were no
     * memory: MEMORY_LIMIT. Default unlimited. */
    uint64_t allocations;
    /** Calls inside one another, in each coroutine: a "stack overflow" error, which a script can catch.
     * Looked at every 100 instructions, so some levels late. Default unlimited: Lua's own limits, 200 C
     * calls and about 200,000 of Lua's, hold anyway. */
    uint64_t stack_depth;
    /** Of the longest string, give or take 32; at least 64. A longer one is refused as if there were no
     * memory: MEMORY_LIMIT. Default unlimited. */
    uint64_t string_bytes;
    uint64_t reserved[4]; /**< zero */
} lunette_limits;

static inline lunette_limits lunette_limits_default(void) {
    lunette_limits limits;
    memset(&limits, 0, sizeof limits);
    limits.size = sizeof limits;
    return limits;
}

/** What the last run of a context used. */
typedef struct lunette_stats {
    size_t size;                  /**< sizeof(lunette_stats), set by the caller */
    uint64_t wall_ns;             /**< from start to end, host calls included */
    uint64_t cpu_ns;              /**< of the thread */
    uint64_t host_ns;             /**< of wall_ns, the part spent in the host's functions; as cpu_ns */
    uint64_t host_calls;          /**< calls into them */
    uint64_t output_bytes;        /**< printed */
    uint64_t instructions;        /**< executed; 0 unless a limit asked for counting */
    uint64_t memory_used;         /**< bytes in live blocks at the end, garbage not yet collected included */
    uint64_t memory_peak;         /**< highest memory_used since the last reset */
    uint64_t memory_committed;    /**< bytes taken from the system; never above the limit */
    uint64_t memory_limit;        /**< in force */
    uint64_t allocations;         /**< blocks handed out since the last reset */
    uint64_t allocation_failures; /**< requests refused at the limit since the last reset */
    /** Collections of garbage since the last reset, without one that a kill interrupts; 0 where the VM shows none. */
    uint64_t collections;
} lunette_stats;

#ifdef __cplusplus
}
#endif

#endif
