/* Limits: read from structs of any version, completed from their defaults, turned into a guard's budget. */
#include <string.h>

#include "base/failure.h"
#include "engine/engine.h"

lunette_status ln_read_sized(void *to, size_t known, const void *from, size_t size, const char *what) {
    memset(to, 0, known);
    if (size < sizeof(size_t) || size > 4096)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "%s.size is %zu, which no version has: start from its ..._default()", what, size);
    memcpy(to, from, size < known ? size : known);
    for (size_t i = known; i < size; i++)
        if (((const unsigned char *)from)[i] != 0)
            return ln_failure(LUNETTE_UNSUPPORTED,
                              "%s has fields of a later version set, which this library does not know", what);
    return LUNETTE_OK;
}

lunette_status ln_write_sized(void *to, const void *from, size_t known, const char *what) {
    enum { FIELDS = sizeof(size_t) };
    size_t size;
    memcpy(&size, to, sizeof size);
    if (size <= FIELDS || size > 4096)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "%s is %zu, which no version has: set it to the struct's size", what, size);
    memset((char *)to + FIELDS, 0, size - FIELDS);
    memcpy((char *)to + FIELDS, (const char *)from + FIELDS, (size < known ? size : known) - FIELDS);
    return LUNETTE_OK;
}

/* Shorter ones are the language's own. */
enum { LEAST_STRING = 64 };

static void complete(uint64_t *field, uint64_t standard) {
    if (*field == 0)
        *field = standard;
}

lunette_status ln_limits_complete(lunette_limits *limits, const lunette_limits *defaults, const char *what) {
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
