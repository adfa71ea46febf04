#include "engine/usage.h"

static uint64_t get(const _Atomic(uint64_t) *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* By the counter's one writer. */
static void increase(_Atomic(uint64_t) *counter, uint64_t by) {
    if (by != 0)
        atomic_store_explicit(counter, get(counter) + by, memory_order_relaxed);
}

static _Atomic(uint64_t) *counter_of(ln_usage_sums *sums, lunette_status status) {
    switch (status) {
    case LUNETTE_OK:
        return &sums->ok;
    case LUNETTE_SUSPENDED:
        return &sums->suspended;
    case LUNETTE_RUNTIME_ERROR:
    case LUNETTE_VALUE_LIMIT:
        return &sums->errors;
    case LUNETTE_SYNTAX_ERROR:
        return &sums->syntax;
    case LUNETTE_MEMORY_LIMIT:
        return &sums->memory;
    case LUNETTE_TIME_LIMIT:
    case LUNETTE_CPU_LIMIT:
    case LUNETTE_HOST_TIME_LIMIT:
        return &sums->time;
    case LUNETTE_CANCELLED:
        return &sums->cancelled;
    case LUNETTE_VM_FAULT:
        return &sums->faults;
    default:
        return status > LUNETTE_OK ? &sums->other_limits : &sums->refused;
    }
}

/* The buckets' bounds grow fourfold: a bound is passed for every two bits. */
static int bucket_of(uint64_t ns) {
    uint64_t units = ns == 0 ? 0 : (ns - 1) / LN_USAGE_FIRST_NS;
    int bits = units == 0 ? 0 : 64 - __builtin_clzll(units);
    int bucket = (bits + 1) / 2;
    return bucket < LN_USAGE_BUCKETS - 1 ? bucket : LN_USAGE_BUCKETS - 1;
}

void ln_usage_note(ln_usage_sums *sums, lunette_status status, const lunette_stats *stats,
                   const lunette_stats *counted) {
    uint64_t wall_ns = stats->wall_ns - counted->wall_ns;
    increase(counter_of(sums, status), 1);
    if (status < LUNETTE_OK)
        return;
    increase(&sums->wall_ns, wall_ns);
    increase(&sums->cpu_ns, stats->cpu_ns - counted->cpu_ns);
    increase(&sums->host_ns, stats->host_ns - counted->host_ns);
    increase(&sums->host_calls, stats->host_calls - counted->host_calls);
    increase(&sums->output_bytes, stats->output_bytes - counted->output_bytes);
    increase(&sums->instructions, stats->instructions - counted->instructions);
    increase(&sums->allocations, stats->allocations - counted->allocations);
    increase(&sums->collections, stats->collections - counted->collections);
    increase(&sums->buckets[bucket_of(wall_ns)], 1);
    if (stats->memory_peak > get(&sums->memory_peak))
        atomic_store_explicit(&sums->memory_peak, stats->memory_peak, memory_order_relaxed);
}

static void move(_Atomic(uint64_t) *from, _Atomic(uint64_t) *to) {
    uint64_t value = get(from);
    if (value == 0)
        return;
    atomic_fetch_add_explicit(to, value, memory_order_relaxed);
    atomic_store_explicit(from, 0, memory_order_relaxed);
}

static void raise_peak(_Atomic(uint64_t) *from, _Atomic(uint64_t) *to) {
    uint64_t value = get(from), seen = get(to);
    while (value > seen && !atomic_compare_exchange_weak_explicit(to, &seen, value, memory_order_relaxed,
                                                                  memory_order_relaxed))
        continue;
    atomic_store_explicit(from, 0, memory_order_relaxed);
}

void ln_usage_fold(ln_usage_sums *from, ln_usage_sums *to) {
#define FOLD(name) move(&from->name, &to->name);
    LN_USAGE_MAP(FOLD)
#undef FOLD
    for (int i = 0; i < LN_USAGE_BUCKETS; i++)
        move(&from->buckets[i], &to->buckets[i]);
    raise_peak(&from->memory_peak, &to->memory_peak);
}

void ln_usage_add(const ln_usage_sums *sums, ln_usage_total *total) {
    lunette_usage *usage = &total->usage;
#define ADD(name) usage->name += get(&sums->name);
    LN_USAGE_MAP(ADD)
#undef ADD
    for (int i = 0; i < LN_USAGE_BUCKETS; i++)
        total->buckets[i] += get(&sums->buckets[i]);
    if (get(&sums->memory_peak) > usage->memory_peak)
        usage->memory_peak = get(&sums->memory_peak);
    usage->runs = usage->ok + usage->suspended + usage->errors + usage->syntax + usage->memory + usage->time +
                  usage->other_limits + usage->cancelled + usage->faults + usage->refused;
}

const char *ln_usage_bound(int bucket) {
    static const char *const BOUNDS[LN_USAGE_BUCKETS] = {
        "1e-06",    "4e-06",    "1.6e-05",  "6.4e-05",  "0.000256", "0.001024",  "0.004096",
        "0.016384", "0.065536", "0.262144", "1.048576", "4.194304", "16.777216", "+Inf"};
    return BOUNDS[bucket];
}
