/* What runs came to, counted where nobody else writes.
 *
 * Each context counts its own runs: one thread writes at a time, so counting is a plain load and store, and no cache line
 * is shared between threads for it. Whoever wants to know adds the contexts up. What a context counted for a tenant is
 * folded into the tenant's sums as it is given back; what a context counted that is destroyed, or for nobody before it is
 * acquired for a tenant, into the engine's. So what always holds, while no run is going on:
 *   engine's usage == engine's sums + what contexts have counted + sums of all tenants that are open. */
#ifndef LN_ENGINE_USAGE_H
#define LN_ENGINE_USAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "lunette/limits.h"
#include "lunette/status.h"
#include "lunette/tenant.h"

/* Counters that add up, by their name in lunette_usage. */
/* clang-format off */
#define LN_USAGE_MAP(X) \
    X(ok) X(suspended) X(errors) X(syntax) X(memory) X(time) X(other_limits) X(cancelled) X(faults) X(refused) \
    X(wall_ns) X(cpu_ns) X(host_ns) X(host_calls) X(output_bytes) X(instructions) X(allocations) \
    X(collections)
/* clang-format on */

/* Buckets of run times: bucket i counts the runs of up to LN_USAGE_FIRST_NS * 4^i, the last one all that were longer. */
enum { LN_USAGE_BUCKETS = 14, LN_USAGE_FIRST_NS = 1000 };

typedef _Atomic(uint64_t) ln_counter;

typedef struct ln_usage_sums {
#define LN_USAGE_FIELD(name) ln_counter name;
    LN_USAGE_MAP(LN_USAGE_FIELD)
#undef LN_USAGE_FIELD
    ln_counter memory_peak;
    ln_counter buckets[LN_USAGE_BUCKETS];
} ln_usage_sums;

/* What is added up for an answer. */
typedef struct ln_usage_total {
    lunette_usage usage;
    uint64_t buckets[LN_USAGE_BUCKETS];
} ln_usage_total;

/* Counts one run, or one piece of it: what the statistics have beyond `counted`, which was counted before. Only one thread at
 * a time may. */
void ln_usage_note(ln_usage_sums *sums, lunette_status status, const lunette_stats *stats,
                   const lunette_stats *counted);

/* Moves everything: adds `from` to `to`, which many threads may do at a time, and makes it zero, which only its writer
 * may. */
void ln_usage_fold(ln_usage_sums *from, ln_usage_sums *to);

/* Adds to a total, also the number of runs. */
void ln_usage_add(const ln_usage_sums *sums, ln_usage_total *total);

/* "0.000004": upper bound of a bucket in seconds, "+Inf" for the last. Static text. */
const char *ln_usage_bound(int bucket);

#endif
