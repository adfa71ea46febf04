/* Tenants: what they are charged, how many contexts they have, and what their scripts reach.
 *
 * What must be true:
 *   - what a tenant used is the sum of its runs: each attempt counts by how it ended, each piece that waits as suspended, and
 *     times, calls, output and instructions of all pieces once. Two seats may be of one tenant, and it may have been used by
 *     inputs before; so its figures are compared with those that it began with;
 *   - where a run was tried again the host knows the figures of the last attempt alone, so only numbers of runs are compared;
 *   - a tenant gets as many contexts as its share, and not one more; limits that are none are refused;
 *   - a script gets what its tenant may require (host_world.c), whatever ran before, and nothing else. */
#include <stdio.h>

#include "host_session.h"

/* --- What they are charged ---------------------------------------------------------------------------------------------- */

/* Who is told of a run as it ends, is counted. */
void tenant_charge_run(const seat *s, lunette_status status) {
    lunette_usage *sums = &the.expected[s - the.seats];
    uint64_t *to =
        status == LUNETTE_OK                                               ? &sums->ok
        : status == LUNETTE_SUSPENDED                                      ? &sums->suspended
        : status == LUNETTE_RUNTIME_ERROR || status == LUNETTE_VALUE_LIMIT ? &sums->errors
        : status == LUNETTE_SYNTAX_ERROR                                   ? &sums->syntax
        : status == LUNETTE_MEMORY_LIMIT                                   ? &sums->memory
        : status == LUNETTE_CANCELLED                                      ? &sums->cancelled
        : status == LUNETTE_VM_FAULT                                       ? &sums->faults
        : status == LUNETTE_TIME_LIMIT || status == LUNETTE_CPU_LIMIT || status == LUNETTE_HOST_TIME_LIMIT
            ? &sums->time
        : status > LUNETTE_OK ? &sums->other_limits
                              : &sums->refused;
    ++*to;
    sums->runs++;
}

void tenant_charge_figures(const seat *s, const lunette_stats *stats) {
    lunette_usage *sums = &the.expected[s - the.seats];
    sums->wall_ns += stats->wall_ns;
    sums->host_calls += stats->host_calls;
    sums->output_bytes += stats->output_bytes;
    sums->instructions += stats->instructions;
}

void tenant_usage(const seat *s, lunette_usage *usage) {
    *usage = (lunette_usage){.size = sizeof *usage};
    EXPECT_STATUS(lunette_tenant_usage(s->at->tenant, usage), LUNETTE_OK);
}

/* What is known of two seats of one tenant. */
static void add_usage(lunette_usage *sum, const lunette_usage *more) {
    sum->acquires += more->acquires;
    sum->refusals += more->refusals;
    sum->runs += more->runs;
    sum->ok += more->ok;
    sum->suspended += more->suspended;
    sum->errors += more->errors;
    sum->syntax += more->syntax;
    sum->memory += more->memory;
    sum->time += more->time;
    sum->other_limits += more->other_limits;
    sum->cancelled += more->cancelled;
    sum->faults += more->faults;
    sum->refused += more->refused;
    sum->wall_ns += more->wall_ns;
    sum->host_calls += more->host_calls;
    sum->output_bytes += more->output_bytes;
    sum->instructions += more->instructions;
}

#define CHECK_SUM(name)                                                                              \
    FUZZ_EXPECT(now.name - before[i].name == sum.name, "tenant %zu: " #name " %llu, its runs' %llu", \
                the.seats[i].at->which, (unsigned long long)(now.name - before[i].name),             \
                (unsigned long long)sum.name)

void tenant_check_usage(const lunette_usage before[SEATS]) {
    for (size_t i = 0; i < SEATS; i++) {
        lunette_usage now, sum = the.expected[i];
        if (the.seats[0].at == the.seats[1].at)
            add_usage(&sum, &the.expected[1 - i]);
        tenant_usage(&the.seats[i], &now);
        FUZZ_EXPECT(now.in_use == 0, "%llu contexts in use", (unsigned long long)now.in_use);
        CHECK_SUM(acquires);
        CHECK_SUM(refusals);
        CHECK_SUM(runs);
        CHECK_SUM(ok);
        CHECK_SUM(suspended);
        CHECK_SUM(errors);
        CHECK_SUM(syntax);
        CHECK_SUM(memory);
        CHECK_SUM(time);
        CHECK_SUM(other_limits);
        CHECK_SUM(cancelled);
        CHECK_SUM(faults);
        CHECK_SUM(refused);
        if (the.sums_unknown)
            continue;
        CHECK_SUM(host_calls);
        CHECK_SUM(output_bytes);
        CHECK_SUM(instructions);
        CHECK_SUM(wall_ns);
    }
}

/* --- Limits ------------------------------------------------------------------------------------------------------------- */

void tenant_change_limits(const seat *s) {
    lunette_limits limits = lunette_limits_default();
    const size_t kind = feed_below(the.input, 3);
    if (kind == 1)
        limits.host_calls = 1000;
    if (kind == 2)
        limits.memory = 1 << 30;
    const lunette_status status = lunette_tenant_set_limits(s->at->tenant, &limits);
    EXPECT_STATUS(status, kind == 2 ? LUNETTE_INVALID_ARGUMENT : LUNETTE_OK);
}

void tenant_ask_too_much(const seat *s) {
    lunette_context *context = NULL;
    size_t has = 0;
    for (size_t i = 0; i < SEATS; i++)
        has += the.seats[i].context != NULL && the.seats[i].at == s->at;
    if (has < SEATS)
        return;
    EXPECT_STATUS(lunette_context_acquire_for(s->at->tenant, 0, &context), LUNETTE_EXHAUSTED);
    FUZZ_EXPECT(context == NULL, "a context beyond the tenant's share");
    the.expected[s - the.seats].refusals++;
}

/* --- Reach -------------------------------------------------------------------------------------------------------------- */

/* What it may require it gets, and nothing else; whatever was there before. */
static bool requires(seat *s, const char *name) {
    static const char text[] = "local ok = pcall(require, ...) return ok";
    const lunette_value argument = lunette_text(name);
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results = NULL;
    limits.wall_ns = 10000 * MILLISECOND;
    options.limits = &limits;
    options.arguments = &argument;
    options.argument_count = 1;
    s->with_grace = s->rolls_back = s->retries = s->answered = false;
    s->asked = 0;
    seat_enter(s);
    lunette_status status =
        lunette_context_run(s->context, "=reach", text, sizeof text - 1, &options, &results);
    seat_leave(s);
    judge_run(s, status, results);
    while (status == LUNETTE_SUSPENDED) {
        const lunette_value value = lunette_integer(1);
        s->asked = 0;
        seat_enter(s);
        status = lunette_context_resume(s->context, s->token, &value, 1, &results);
        seat_leave(s);
        judge_run(s, status, results);
    }
    EXPECT_STATUS(status, LUNETTE_OK);
    const lunette_value *first = lunette_value_at(results, 0);
    const bool ok = first != NULL && first->type == LUNETTE_BOOLEAN && first->as.boolean;
    lunette_value_free(&results);
    return ok;
}

void tenant_check_reach(seat *s) {
    char name[40];
    if (seat_other(s)->inside || the.object_count > OBJECTS / 2)
        return; /* it would be ended with that; a module is to open one */
    seat_reset(s);
    const size_t from = feed_below(the.input, world_name_count()),
                 count = fuzz_thorough ? world_name_count() : 3;
    for (size_t i = 0; i < count; i++) {
        for (size_t prefixed = 0; prefixed < 2; prefixed++) {
            snprintf(name, sizeof name, "%s%s", prefixed ? "x." : "", world_name(from + i));
            const bool got = requires(s, name);
            FUZZ_EXPECT(got == world_has(s->at, name), "tenant %zu %s '%s'", s->at->which,
                        got ? "gets" : "does not get", name);
        }
    }
    seat_reset(s);
}
