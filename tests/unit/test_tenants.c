/* Tenants: limits, shares and counters by name; and metrics. When this fails look at src/engine/tenant.c, usage.c and
 * metrics.c. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "lunette.h"

#define MIB (UINT64_C(1) << 20)

static void drop_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
}

static lunette_engine *open_engine(void) {
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    config.output = drop_output;
    config.limits.memory = 16 * MIB;
    config.limits.wall_ns = UINT64_C(10000000000);
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    return engine;
}

static lunette_tenant *open_tenant(lunette_engine *engine, const char *name, uint64_t memory,
                                   uint64_t contexts) {
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_tenant *tenant;
    config.name = name;
    config.limits.memory = memory;
    config.contexts = contexts;
    if (lunette_tenant_open(engine, &config, &tenant) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return tenant;
}

static lunette_status run_for(lunette_tenant *tenant, const char *text) {
    lunette_context *context;
    lunette_status status = lunette_context_acquire_for(tenant, 0, &context);
    if (status != LUNETTE_OK)
        return status;
    assert_ptr_equal(lunette_context_tenant(context), tenant);
    status = lunette_context_run(context, "test", text, SIZE_MAX, NULL, NULL);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    return status;
}

static lunette_usage usage_of(const lunette_tenant *tenant) {
    lunette_usage usage = {.size = sizeof usage};
    assert_int_equal(lunette_tenant_usage(tenant, &usage), LUNETTE_OK);
    return usage;
}

static lunette_usage usage_of_engine(const lunette_engine *engine) {
    lunette_usage usage = {.size = sizeof usage};
    assert_int_equal(lunette_engine_usage(engine, &usage), LUNETTE_OK);
    return usage;
}

static const char FILL[] = "local t = {} for i = 1, 200000 do t[i] = i end";

static void each_has_its_own_memory_limit(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_tenant *small = open_tenant(engine, "small", 2 * MIB, 0),
                   *large = open_tenant(engine, "large", 0, 0);
    lunette_context *context;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_for(small, FILL), LUNETTE_MEMORY_LIMIT);
        assert_int_equal(run_for(large, FILL), LUNETTE_OK);
        /* A context without a tenant has the engine's again, whoever had it before. */
        assert_int_equal(run_for(small, "x = 1"), LUNETTE_OK);
        assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
        assert_null(lunette_context_tenant(context));
        assert_int_equal(lunette_context_run(context, "test", FILL, SIZE_MAX, NULL, NULL), LUNETTE_OK);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    }
    assert_int_equal(lunette_context_acquire_for(small, 0, &context), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", FILL, SIZE_MAX, NULL, NULL), LUNETTE_MEMORY_LIMIT);
    assert_non_null(strstr(lunette_context_error(context)->message, "2 MiB"));
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_int_equal(stats.memory_limit, 2 * MIB);
    assert_true(stats.memory_committed <= 2 * MIB);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", FILL, SIZE_MAX, NULL, NULL), LUNETTE_MEMORY_LIMIT);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_tenant_close(&small);
    lunette_tenant_close(&large);
    assert_null(small);
    lunette_engine_close(&engine);
}

static void limits_change_while_contexts_live(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_tenant *tenant = open_tenant(engine, "t", 0, 0);
    lunette_limits limits = lunette_limits_default();
    lunette_context *context;
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &context), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", "print('12345')", SIZE_MAX, NULL, NULL),
                     LUNETTE_OK);
    limits.output_bytes = 3;
    assert_int_equal(lunette_tenant_set_limits(tenant, &limits), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", "print('12345')", SIZE_MAX, NULL, NULL),
                     LUNETTE_OUTPUT_LIMIT);
    limits.output_bytes = 0;
    limits.wall_ns = 1000000;
    assert_int_equal(lunette_tenant_set_limits(tenant, &limits), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", "while true do end", SIZE_MAX, NULL, NULL),
                     LUNETTE_TIME_LIMIT);
    limits.memory = 32 * MIB;
    assert_int_equal(lunette_tenant_set_limits(tenant, &limits), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "limits.memory is 33554432, above the engine's 16777216");
    limits.memory = 2 * MIB;
    limits.wall_ns = 0;
    assert_int_equal(lunette_tenant_set_limits(tenant, &limits), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", FILL, SIZE_MAX, NULL, NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_int_equal(run_for(tenant, FILL), LUNETTE_MEMORY_LIMIT);
    lunette_tenant_close(&tenant);
    lunette_engine_close(&engine);
}

static void a_tenant_has_its_share_of_contexts(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_tenant *tenant = open_tenant(engine, "two", 0, 2);
    lunette_context *contexts[3];
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &contexts[0]), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &contexts[1]), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire_for(tenant, UINT64_MAX, &contexts[2]), LUNETTE_EXHAUSTED);
    assert_null(contexts[2]);
    assert_string_equal(lunette_last_failure(),
                        "lunette_context_acquire_for: tenant 'two' has all of its 2 contexts in use");
    lunette_usage usage = usage_of(tenant);
    assert_int_equal(usage.in_use, 2);
    assert_int_equal(usage.acquires, 2);
    assert_int_equal(usage.refusals, 1);
    assert_int_equal(usage_of_engine(engine).refusals, 1);
    assert_int_equal(lunette_context_release(&contexts[0]), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &contexts[2]), LUNETTE_OK);
    /* A tenant that is closed is still there for what it has out. */
    lunette_tenant_close(&tenant);
    assert_int_equal(lunette_context_run(contexts[1], "test", "x = 1", SIZE_MAX, NULL, NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&contexts[1]), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&contexts[2]), LUNETTE_OK);
    assert_int_equal(usage_of_engine(engine).runs, 1);
    assert_int_equal(usage_of_engine(engine).refusals, 1);
    lunette_engine_close(&engine);
}

static void runs_are_counted_by_how_they_end(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_tenant *a = open_tenant(engine, "a", 2 * MIB, 0), *b = open_tenant(engine, "b", 0, 0);
    lunette_context *context;
    for (int i = 0; i < 10; i++)
        assert_int_equal(run_for(a, "print('x') local t = {}"), LUNETTE_OK);
    assert_int_equal(run_for(a, "error('no')"), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(run_for(a, "x ="), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(run_for(a, FILL), LUNETTE_MEMORY_LIMIT);
    assert_int_equal(run_for(b, "x = 1"), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", "x = 1", SIZE_MAX, NULL, NULL), LUNETTE_OK);
    lunette_usage usage = usage_of(a), whole = usage_of_engine(engine);
    assert_int_equal(usage.runs, 13);
    assert_int_equal(usage.ok, 10);
    assert_int_equal(usage.errors, 1);
    assert_int_equal(usage.syntax, 1);
    assert_int_equal(usage.memory, 1);
    assert_int_equal(usage.output_bytes, 20);
    assert_true(usage.allocations > 10 && usage.wall_ns > 0 && usage.memory_peak > MIB / 2);
    assert_int_equal(usage_of(b).runs, 1);
    assert_int_equal(whole.runs, 15);
    assert_int_equal(whole.in_use, 1);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_tenant_close(&a);
    assert_int_equal(usage_of_engine(engine).runs, 15);
    lunette_tenant_close(&b);
    lunette_engine_close(&engine);
}

/* --- Metrics --- */

/* The value of a sample, by its whole name with labels; -1: it is not there. */
static double sample(const char *metrics, const char *name) {
    size_t size = strlen(name);
    for (const char *line = metrics; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, name, size) == 0 && line[size] == ' ')
            return strtod(line + size + 1, NULL);
    return -1;
}

/* Every line is a comment, or a name, labels in braces, a blank and a number; a sample's family has been declared. */
static void check_exposition(const char *metrics) {
    char family[100] = "";
    size_t samples = 0;
    while (*metrics) {
        size_t size = strcspn(metrics, "\n");
        assert_int_equal(metrics[size], '\n');
        if (strncmp(metrics, "# TYPE ", 7) == 0) {
            assert_int_equal(sscanf(metrics, "# TYPE %99s", family), 1);
        } else if (*metrics != '#') {
            size_t name = strspn(metrics, "abcdefghijklmnopqrstuvwxyz_");
            assert_int_equal(strncmp(metrics, family, strlen(family)), 0);
            const char *at = metrics + name;
            if (*at == '{')
                at = strstr(at, "} ") + 1;
            assert_int_equal(*at, ' ');
            char *end;
            double value = strtod(at + 1, &end);
            assert_true(value >= 0);
            assert_ptr_equal(end, metrics + size);
            samples++;
        }
        metrics += size + 1;
    }
    assert_true(samples > 40);
}

static void metrics_are_what_was_counted(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_tenant *odd = open_tenant(engine, "a\"b\\c\nd\xff", 0, 0),
                   *again = open_tenant(engine, "twin", 0, 0), *twin = open_tenant(engine, "twin", 0, 0);
    char *text;
    assert_int_equal(run_for(odd, "print('12')"), LUNETTE_OK);
    assert_int_equal(run_for(odd, "error()"), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(run_for(again, "x = 1"), LUNETTE_OK);
    assert_int_equal(run_for(twin, "x = 1"), LUNETTE_OK);
    assert_int_equal(lunette_engine_metrics(engine, LUNETTE_METRICS_PROMETHEUS, &text), LUNETTE_OK);
    check_exposition(text);
    assert_true(sample(text, "lunette_runs_total{outcome=\"ok\"}") == 3);
    assert_true(sample(text, "lunette_runs_total{outcome=\"error\"}") == 1);
    assert_true(sample(text, "lunette_run_seconds_count") == 4);
    assert_true(sample(text, "lunette_run_seconds_bucket{le=\"+Inf\"}") == 4);
    assert_true(sample(text, "lunette_run_seconds_sum") > 0);
    assert_true(sample(text, "lunette_output_bytes_total") == 3);
    assert_true(sample(text, "lunette_contexts_in_use") == 0);
    assert_true(
        sample(text, "lunette_tenant_runs_total{tenant=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\",outcome=\"error\"}") ==
        1);
    assert_true(sample(text, "lunette_tenant_runs_total{tenant=\"twin\",outcome=\"ok\"}") == 2);
    lunette_string_free(&text);
    assert_null(text);
    assert_int_equal(lunette_engine_metrics(engine, LUNETTE_METRICS_JSON, &text), LUNETTE_OK);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "runs")), 4);
    assert_int_equal(json_array_size(json_object_get(json, "tenants")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "pool"), "in_use")), 0);
    json_decref(json);
    lunette_string_free(&text);
    lunette_tenant_close(&odd);
    lunette_tenant_close(&again);
    lunette_tenant_close(&twin);
    lunette_engine_close(&engine);
}

/* --- Threads --- */

enum { THREADS = 4, RUNS = 400 };

struct worker {
    pthread_t thread;
    lunette_tenant *tenant;
    uint64_t refused;
};

static void *work(void *ud) {
    struct worker *worker = ud;
    for (int i = 0; i < RUNS; i++) {
        lunette_context *context;
        if (lunette_context_acquire_for(worker->tenant, 0, &context) != LUNETTE_OK) {
            worker->refused++;
            continue;
        }
        lunette_context_run(context, "test", "local t = {1, 2, 3}", SIZE_MAX, NULL, NULL);
        lunette_context_release(&context);
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_tenant *tenants[2] = {open_tenant(engine, "a", 4 * MIB, 0), open_tenant(engine, "b", 0, 1)};
    struct worker workers[THREADS];
    uint64_t refused = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.tenant = tenants[i % 2]};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 50; i++) {
        lunette_limits limits = lunette_limits_default();
        char *text;
        limits.output_bytes = (uint64_t)i + 1;
        assert_int_equal(lunette_tenant_set_limits(tenants[0], &limits), LUNETTE_OK);
        assert_int_equal(lunette_engine_metrics(engine, (lunette_metrics_form)(i % 2), &text), LUNETTE_OK);
        lunette_string_free(&text);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        refused += workers[i].refused;
    }
    lunette_usage usage = usage_of_engine(engine);
    assert_int_equal(usage.runs + refused, THREADS * RUNS);
    assert_int_equal(usage.ok, usage.runs);
    assert_int_equal(usage.in_use, 0);
    assert_int_equal(usage.refusals, refused);
    assert_int_equal(usage_of(tenants[0]).runs, 2 * RUNS);
    lunette_tenant_close(&tenants[0]);
    lunette_tenant_close(&tenants[1]);
    lunette_engine_close(&engine);
}

/* --- Mistakes --- */

static void mistakes_are_told(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(), *other = open_engine();
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_template *foreign;
    lunette_tenant *tenant;
    lunette_context *context;
    char long_name[200], *text;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(lunette_template_open(other, NULL, &foreign), LUNETTE_OK);
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.name is NULL: 1 to 100 bytes");
    config.name = "";
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    config.name = long_name;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.name is too long: 1 to 100 bytes");
    config.name = "t";
    config.of = foreign;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.of is a template of another engine");
    config.of = NULL;
    config.limits.memory = LUNETTE_MEMORY_MIN;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    config.limits.memory = 64 * MIB;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    config.size = 3;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_null(tenant);
    assert_int_equal(lunette_tenant_open(NULL, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_tenant_open(engine, NULL, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_acquire_for(NULL, 0, &context), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_tenant_set_limits(NULL, &config.limits), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_tenant_usage(NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_engine_usage(engine, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_engine_metrics(NULL, LUNETTE_METRICS_JSON, &text), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_engine_metrics(engine, (lunette_metrics_form)7, &text),
                     LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_engine_metrics(engine, LUNETTE_METRICS_JSON, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_null(lunette_context_tenant(NULL));
    assert_string_equal(lunette_tenant_name(NULL), "");
    lunette_tenant_close(NULL);
    tenant = open_tenant(engine, "last", 0, 0);
    assert_string_equal(lunette_tenant_name(tenant), "last");
    lunette_template_close(&foreign);
    lunette_engine_close(&other);
    lunette_engine_close(&engine);
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &context), LUNETTE_CLOSED);
    lunette_tenant_close(&tenant);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own_memory_limit),
        cmocka_unit_test(limits_change_while_contexts_live),
        cmocka_unit_test(a_tenant_has_its_share_of_contexts),
        cmocka_unit_test(runs_are_counted_by_how_they_end),
        cmocka_unit_test(metrics_are_what_was_counted),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
