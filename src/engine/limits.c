/* Limits: completed from their defaults, checked, turned into a guard's budget. */
#include "base/failure.h"
#include "base/sized.h"
#include "engine/engine.h"

/* Shorter ones are the language's own. */
enum { LEAST_STRING = 64 };

static void complete(uint64_t *field, uint64_t standard) {
    if (*field == 0)
        *field = standard;
}

lunette_status ln_limits_complete(lunette_limits *limits, const lunette_limits *defaults, const char *what) {
    lunette_status status = ln_check_reserved(limits->reserved, sizeof limits->reserved, what);
    if (status != LUNETTE_OK)
        return status;
    complete(&limits->memory, defaults->memory);
    complete(&limits->wall_ns, defaults->wall_ns);
    complete(&limits->cpu_ns, defaults->cpu_ns);
    complete(&limits->instructions, defaults->instructions);
    complete(&limits->output_bytes, defaults->output_bytes);
    complete(&limits->host_calls, defaults->host_calls);
    complete(&limits->host_ns, defaults->host_ns);
    complete(&limits->grace_ns, defaults->grace_ns);
    complete(&limits->total_ns, defaults->total_ns);
    complete(&limits->allocations, defaults->allocations);
    complete(&limits->stack_depth, defaults->stack_depth);
    complete(&limits->string_bytes, defaults->string_bytes);
    if (limits->string_bytes < LEAST_STRING)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.string_bytes is %llu: it must be at least %d", what,
                          (unsigned long long)limits->string_bytes, LEAST_STRING);
    if (limits->memory < LUNETTE_MEMORY_MIN || limits->memory > LUNETTE_MEMORY_MAX)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.memory is %llu: it must be %llu to %llu bytes", what,
                          (unsigned long long)limits->memory, (unsigned long long)LUNETTE_MEMORY_MIN,
                          (unsigned long long)LUNETTE_MEMORY_MAX);
    return LUNETTE_OK;
}

/* The guard's zero means no limit. */
static uint64_t budget_of(uint64_t limit) {
    return limit == LUNETTE_UNLIMITED ? 0 : limit;
}

void ln_limits_quota(const lunette_limits *limits, ln_program *program) {
    program->allocations = budget_of(limits->allocations);
    program->stack_depth = budget_of(limits->stack_depth);
    program->string_bytes = budget_of(limits->string_bytes);
}

ln_budget ln_limits_budget(const lunette_limits *limits) {
    return (ln_budget){
        .wall_ns = budget_of(limits->wall_ns),
        .cpu_ns = budget_of(limits->cpu_ns),
        .instructions = budget_of(limits->instructions),
        .output_bytes = budget_of(limits->output_bytes),
        .host_calls = budget_of(limits->host_calls),
        .host_ns = budget_of(limits->host_ns),
        .grace_ns = budget_of(limits->grace_ns),
        .total_ns = budget_of(limits->total_ns),
    };
}
