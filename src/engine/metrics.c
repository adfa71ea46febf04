/* Metrics, in the text exposition format of Prometheus (version 0.0.4) and as JSON. Both are made from the same lists. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/json.h"
#include "engine/engine.h"
#include "engine/tenant.h"
#include "lunette/metrics.h"

/* How runs end: the label, and the field of lunette_usage. */
/* clang-format off */
#define OUTCOMES(X) \
    X("ok", ok) X("suspended", suspended) X("error", errors) X("syntax_error", syntax) X("memory_limit", memory) \
    X("time_limit", time) X("other_limit", other_limits) X("cancelled", cancelled) X("vm_fault", faults) \
    X("refused", refused)

/* Sums over runs: X(metric, field, divided by, help). */
#define SUMS(X) \
    X("run_cpu_seconds_total",  cpu_ns,       1e9, "Processor time of runs that measured it.") \
    X("host_seconds_total",     host_ns,      1e9, "Time in the host's functions, of runs that measured it.") \
    X("host_calls_total",       host_calls,   1.0, "Calls from scripts into the host's functions.") \
    X("output_bytes_total",     output_bytes, 1.0, "Bytes printed.") \
    X("instructions_total",     instructions, 1.0, "VM instructions, of runs that counted them.") \
    X("allocations_total",      allocations,  1.0, "Blocks of memory handed out to scripts.") \
    X("collections_total",      collections,  1.0, "Collections of scripts' garbage.")

/* The pool: X(metric, field of ln_pool_stats, type, help). */
#define POOL(X) \
    X("contexts_made_total",      made,          "counter", "Contexts ever made.") \
    X("contexts_destroyed_total", destroyed,     "counter", "Contexts destroyed.") \
    X("contexts_in_use",          in_use,        "gauge",   "Contexts acquired and not yet released.") \
    X("contexts_idle",            idle,          "gauge",   "Contexts waiting to be acquired.") \
    X("contexts_waited_for",      waiting,       "gauge",   "Threads waiting for a context.") \
    X("acquires_total",           acquires,      "counter", "Contexts handed out.") \
    X("acquires_waited_total",    waits,         "counter", "Acquires that had to wait.") \
    X("checks_failed_total",      failed_checks, "counter", "Contexts that the check refused.")
/* clang-format on */

struct view {
    const lunette_engine *engine;
    ln_usage_total total;
    ln_pool_stats pool;
};

/* --- Prometheus --- */

static void add_head(ln_text *text, const char *name, const char *type, const char *help) {
    ln_text_add_format(text, "# HELP lunette_%s %s\n# TYPE lunette_%s %s\n", name, help, name, type);
}

static void add_sample(ln_text *text, const char *name, double value) {
    ln_text_add_format(text, "lunette_%s ", name);
    ln_text_add_number(text, value, 15);
    ln_text_add_string(text, "\n");
}

/* A label's value: backslash, quote and line feed escaped, and UTF-8 throughout. */
static void add_label(ln_text *text, const char *value) {
    for (size_t size = strlen(value); size > 0;) {
        size_t length = ln_utf8_length(value, size);
        if (*value == '\\' || *value == '"')
            ln_text_add_format(text, "\\%c", *value);
        else if (*value == '\n')
            ln_text_add_string(text, "\\n");
        else if (length > 0)
            ln_text_add(text, value, length);
        else
            ln_text_add_string(text, "\xEF\xBF\xBD");
        length += length == 0;
        value += length;
        size -= length;
    }
}

static void add_outcomes(ln_text *text, const lunette_usage *usage) {
    add_head(text, "runs_total", "counter", "Runs that have ended, by how.");
#define OUTCOME(label, field) \
    ln_text_add_format(text, "lunette_runs_total{outcome=\"%s\"} %" PRIu64 "\n", label, usage->field);
    OUTCOMES(OUTCOME)
#undef OUTCOME
}

static void add_histogram(ln_text *text, const ln_usage_total *total) {
    uint64_t count = 0;
    add_head(text, "run_seconds", "histogram", "Wall time of runs, host calls included.");
    for (int i = 0; i < LN_USAGE_BUCKETS; i++) {
        count += total->buckets[i];
        ln_text_add_format(text, "lunette_run_seconds_bucket{le=\"%s\"} %" PRIu64 "\n", ln_usage_bound(i),
                           count);
    }
    add_sample(text, "run_seconds_sum", (double)total->usage.wall_ns / 1e9);
    ln_text_add_format(text, "lunette_run_seconds_count %" PRIu64 "\n", count);
}

static void add_engine(ln_text *text, const struct view *view) {
    const lunette_usage *usage = &view->total.usage;
    add_outcomes(text, usage);
    add_histogram(text, &view->total);
#define SUM(name, field, divisor, help)    \
    add_head(text, name, "counter", help); \
    add_sample(text, name, (double)usage->field / (divisor));
    SUMS(SUM)
#undef SUM
    add_head(text, "run_memory_peak_bytes", "gauge", "The most memory that any run had in use.");
    add_sample(text, "run_memory_peak_bytes", (double)usage->memory_peak);
    add_head(text, "acquires_refused_total", "counter", "Acquires that got no context in time.");
    add_sample(text, "acquires_refused_total", (double)usage->refusals);
#define OF_POOL(name, field, type, help) \
    add_head(text, name, type, help);    \
    add_sample(text, name, (double)view->pool.field);
    POOL(OF_POOL)
#undef OF_POOL
}

/* What is told of each tenant: X(metric, type, field, divisor, help). */
/* clang-format off */
#define OF_TENANTS(X) \
    X("tenant_run_seconds_total",      "counter", wall_ns,     1e9, "Wall time of a tenant's runs.") \
    X("tenant_run_memory_peak_bytes",  "gauge",   memory_peak, 1.0, "The most memory that a run of the tenant had in use.") \
    X("tenant_output_bytes_total",     "counter", output_bytes, 1.0, "Bytes that a tenant's scripts printed.") \
    X("tenant_host_calls_total",       "counter", host_calls,  1.0, "Calls of a tenant's scripts into the host.") \
    X("tenant_contexts_in_use",        "gauge",   in_use,      1.0, "Contexts a tenant has acquired.") \
    X("tenant_acquires_refused_total", "counter", refusals,    1.0, "Acquires of a tenant that got no context in time.")
/* clang-format on */

static void add_tenant_sample(ln_text *text, const char *name, const lunette_tenant *tenant, double value) {
    ln_text_add_format(text, "lunette_%s{tenant=\"", name);
    add_label(text, lunette_tenant_name(tenant));
    ln_text_add_string(text, "\"} ");
    ln_text_add_number(text, value, 15);
    ln_text_add_string(text, "\n");
}

static void add_tenant_outcomes(ln_text *text, const lunette_tenant *tenant, const lunette_usage *usage) {
#define OUTCOME(label, field)                                        \
    ln_text_add_string(text, "lunette_tenant_runs_total{tenant=\""); \
    add_label(text, lunette_tenant_name(tenant));                    \
    ln_text_add_format(text, "\",outcome=\"%s\"} %" PRIu64 "\n", label, usage->field);
    OUTCOMES(OUTCOME)
#undef OUTCOME
}

/* Two tenants of one name are one to whoever reads this: their numbers are added up under the first. */
static bool is_first_of_name(const lunette_engine *engine, const lunette_tenant *tenant) {
    for (const lunette_tenant *each = ln_tenant_next(engine, NULL); each != tenant;
         each = ln_tenant_next(engine, each))
        if (strcmp(lunette_tenant_name(each), lunette_tenant_name(tenant)) == 0)
            return false;
    return true;
}

static lunette_usage usage_of_name(const lunette_engine *engine, const lunette_tenant *tenant) {
    ln_usage_total total = {0};
    for (const lunette_tenant *each = tenant; each; each = ln_tenant_next(engine, each))
        if (strcmp(lunette_tenant_name(each), lunette_tenant_name(tenant)) == 0)
            ln_tenant_total(each, &total);
    return total.usage;
}

static void add_tenants(ln_text *text, const lunette_engine *engine) {
    const lunette_tenant *each;
    if (!ln_tenant_next(engine, NULL))
        return;
    add_head(text, "tenant_runs_total", "counter", "Runs of a tenant that have ended, by how.");
    for (each = ln_tenant_next(engine, NULL); each; each = ln_tenant_next(engine, each))
        if (is_first_of_name(engine, each)) {
            lunette_usage usage = usage_of_name(engine, each);
            add_tenant_outcomes(text, each, &usage);
        }
#define OF_TENANT(name, type, field, divisor, help)                                      \
    add_head(text, name, type, help);                                                    \
    for (each = ln_tenant_next(engine, NULL); each; each = ln_tenant_next(engine, each)) \
        if (is_first_of_name(engine, each))                                              \
            add_tenant_sample(text, name, each, (double)usage_of_name(engine, each).field / (divisor));
    OF_TENANTS(OF_TENANT)
#undef OF_TENANT
}

static char *write_prometheus(const struct view *view) {
    ln_text text = {0};
    add_engine(&text, view);
    add_tenants(&text, view->engine);
    return ln_text_take(&text);
}

/* --- JSON --- */

static void add_usage(ln_json *json, const lunette_usage *usage) {
#define MEMBER(field)          \
    ln_json_key(json, #field); \
    ln_json_unsigned(json, usage->field);
    MEMBER(in_use)
    MEMBER(acquires)
    MEMBER(refusals)
    MEMBER(runs)
    LN_USAGE_MAP(MEMBER)
    MEMBER(memory_peak)
#undef MEMBER
}

static void add_pool(ln_json *json, const ln_pool_stats *pool) {
    ln_json_key(json, "pool");
    ln_json_open(json, '{');
#define MEMBER(field, text)    \
    ln_json_key(json, #field); \
    ln_json_unsigned(json, pool->field);
    LN_POOL_STATS_MAP(MEMBER)
#undef MEMBER
    ln_json_close(json, '}');
}

static void add_json_tenants(ln_json *json, const lunette_engine *engine) {
    ln_json_key(json, "tenants");
    ln_json_open(json, '[');
    for (const lunette_tenant *each = ln_tenant_next(engine, NULL); each;
         each = ln_tenant_next(engine, each)) {
        ln_usage_total total = {0};
        ln_tenant_total(each, &total);
        ln_json_open(json, '{');
        ln_json_key(json, "name");
        ln_json_text(json, lunette_tenant_name(each));
        add_usage(json, &total.usage);
        ln_json_close(json, '}');
    }
    ln_json_close(json, ']');
}

static char *write_json(const struct view *view) {
    ln_json json = {0};
    ln_json_open(&json, '{');
    add_usage(&json, &view->total.usage);
    add_pool(&json, &view->pool);
    add_json_tenants(&json, view->engine);
    ln_json_close(&json, '}');
    return ln_text_take(&json.text);
}

lunette_status lunette_engine_metrics(lunette_engine *engine, lunette_metrics_form form, char **text) {
    static const char NAME[] = "lunette_engine_metrics";
    if (text)
        *text = NULL;
    if (!engine || !text)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: an argument is NULL", NAME);
    if ((unsigned)form > LUNETTE_METRICS_JSON)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `form` is %d, which is none", NAME, (int)form);
    struct view view = {.engine = engine};
    pthread_mutex_lock(&engine->people);
    ln_engine_total(engine, &view.total);
    ln_pool_stats_get(engine->pool, &view.pool);
    *text = form == LUNETTE_METRICS_JSON ? write_json(&view) : write_prometheus(&view);
    pthread_mutex_unlock(&engine->people);
    return ln_failure_plain(*text ? LUNETTE_OK : LUNETTE_NO_MEMORY, NAME);
}
