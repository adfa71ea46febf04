/* Tenants: limits, a template, a share of the pool, and counters.
 *
 * Limits may be changed while runs read them, so they are kept as words behind a sequence number (Lamport, Concurrent
 * reading and writing, 1977): who reads looks at the number before and after, and again if it moved. A run copies them as
 * it begins, without a lock.
 *
 * A tenant is kept by the host's handle and by each context acquired for it; it keeps its template and its engine. The
 * engine's list of those that are open, which metrics walk, is behind `people`; so is the list of contexts. */
#include "engine/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/sized.h"
#include "engine/engine.h"
#include "lunette/tenant.h"

enum {
    SHARDS = 8,
    NAME_MOST = 100,
    /* The struct is no multiple of a word everywhere. */
    LIMIT_WORDS = (sizeof(lunette_limits) + sizeof(uint64_t) - 1) / sizeof(uint64_t),
};

typedef struct shard {
    _Alignas(64) ln_usage_sums sums;
} shard;

struct lunette_tenant {
    shard shards[SHARDS]; /* what its contexts counted, spread so that threads seldom meet */
    atomic_size_t references;
    atomic_size_t in_use;
    _Atomic(uint64_t) acquires;
    _Atomic(uint64_t) missed;   /* acquires for which the pool had none */
    _Atomic(uint64_t) capped;   /* acquires beyond `contexts`; of these the pool does not know */
    _Atomic(uint64_t) sequence; /* of the limits; odd: they are being written */
    _Atomic(uint64_t) limits[LIMIT_WORDS];
    lunette_engine *engine;
    lunette_template *of;
    bool narrower; /* that is the tenant's alone */
    uint64_t contexts;
    lunette_tenant *next, *before; /* in the engine's list */
    char name[NAME_MOST + 1];
};

/* --- Limits --- */

void ln_tenant_limits(const lunette_tenant *tenant, lunette_limits *limits) {
    uint64_t words[LIMIT_WORDS], before, after;
    do {
        before = atomic_load_explicit(&tenant->sequence, memory_order_acquire);
        for (size_t i = 0; i < LIMIT_WORDS; i++)
            words[i] = atomic_load_explicit(&tenant->limits[i], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&tenant->sequence, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    memcpy(limits, words, sizeof *limits);
}

/* One writer at a time, who has `people`. */
static void write_limits(lunette_tenant *tenant, const lunette_limits *limits) {
    uint64_t words[LIMIT_WORDS] = {0};
    memcpy(words, limits, sizeof *limits);
    atomic_fetch_add_explicit(&tenant->sequence, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < LIMIT_WORDS; i++)
        atomic_store_explicit(&tenant->limits[i], words[i], memory_order_relaxed);
    atomic_fetch_add_explicit(&tenant->sequence, 1, memory_order_release);
}

/* A context must have room for its template and for something to do. */
static lunette_status check_memory(const lunette_tenant *tenant, const lunette_limits *limits,
                                   const char *what) {
    uint64_t least = LUNETTE_MEMORY_MIN + lunette_template_size(tenant->of);
    uint64_t most = tenant->engine->limits.memory;
    if (limits->memory > most)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.memory is %llu, above the engine's %llu", what,
                          (unsigned long long)limits->memory, (unsigned long long)most);
    if (limits->memory != most && limits->memory < least)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.memory is %llu; with this template it takes %llu",
                          what, (unsigned long long)limits->memory, (unsigned long long)least);
    return LUNETTE_OK;
}

static lunette_status complete(const lunette_tenant *tenant, const lunette_limits *given,
                               lunette_limits *limits, const char *what) {
    *limits = lunette_limits_default();
    lunette_status status = ln_read_sized(limits, sizeof *limits, given, given->size, what);
    if (status == LUNETTE_OK)
        status = ln_limits_complete(limits, &tenant->engine->limits, what);
    return status == LUNETTE_OK ? check_memory(tenant, limits, what) : status;
}

lunette_status lunette_tenant_set_limits(lunette_tenant *tenant, const lunette_limits *given) {
    lunette_limits limits;
    if (!tenant || !given)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_tenant_set_limits: an argument is NULL");
    lunette_status status = complete(tenant, given, &limits, "limits");
    if (status != LUNETTE_OK)
        return status;
    pthread_mutex_lock(&tenant->engine->people);
    write_limits(tenant, &limits);
    pthread_mutex_unlock(&tenant->engine->people);
    return LUNETTE_OK;
}

/* --- Opening and closing --- */

static lunette_status check_name(const char *name) {
    size_t size = name ? strnlen(name, NAME_MOST + 1) : 0;
    if (size == 0 || size > NAME_MOST)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "tenant.name is %s: 1 to %d bytes",
                          !name       ? "NULL"
                          : size == 0 ? "empty"
                                      : "too long",
                          (int)NAME_MOST);
    return LUNETTE_OK;
}

static void enlist(lunette_tenant *tenant) {
    lunette_engine *engine = tenant->engine;
    pthread_mutex_lock(&engine->people);
    tenant->next = engine->tenants;
    if (tenant->next)
        tenant->next->before = tenant;
    engine->tenants = tenant;
    pthread_mutex_unlock(&engine->people);
}

static lunette_status check_modules(const lunette_tenant_config *config) {
    if (config->module_count > 0 && !config->modules)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "tenant.modules is NULL, but its count is %zu",
                          config->module_count);
    for (size_t i = 0; i < config->module_count; i++)
        if (!config->modules[i])
            return ln_failure(LUNETTE_INVALID_ARGUMENT, "tenant.modules[%zu] is NULL", i);
    return LUNETTE_OK;
}

/* The template, with a reference for the tenant. */
static lunette_status take_template(lunette_tenant *tenant, const lunette_tenant_config *config) {
    lunette_template *of = config->of ? config->of : tenant->engine->standard;
    lunette_narrowing by = {
        .withheld = config->withheld,
        .root = config->root,
        .modules = config->modules,
        .module_count = config->module_count,
    };
    lunette_status status = check_modules(config);
    if (status != LUNETTE_OK)
        return status;
    tenant->narrower = by.withheld != 0 || by.root || by.modules;
    if (tenant->narrower)
        return ln_engine_template_narrow(of, &by, "tenant", &tenant->of);
    ln_engine_template_retain(of);
    tenant->of = of;
    return LUNETTE_OK;
}

/* Contexts that are made of it are of no use to others as they are. */
static void give_template(lunette_tenant *tenant) {
    if (!tenant->of)
        return;
    if (tenant->narrower && !atomic_load_explicit(&tenant->engine->closed, memory_order_acquire))
        ln_pool_forget(tenant->engine->pool, tenant->of);
    ln_engine_template_release(tenant->of);
}

static lunette_status fill(lunette_tenant *tenant, lunette_engine *engine,
                           const lunette_tenant_config *config) {
    lunette_limits limits;
    tenant->engine = engine;
    tenant->contexts = config->contexts;
    lunette_status status = check_name(config->name);
    if (status == LUNETTE_OK)
        status = take_template(tenant, config);
    if (status == LUNETTE_OK)
        status = complete(tenant, &config->limits, &limits, "tenant.limits");
    if (status != LUNETTE_OK)
        return status;
    memcpy(tenant->name, config->name, strlen(config->name) + 1);
    write_limits(tenant, &limits);
    atomic_init(&tenant->references, 1);
    return LUNETTE_OK;
}

lunette_status lunette_tenant_open(lunette_engine *engine, const lunette_tenant_config *given,
                                   lunette_tenant **out) {
    lunette_tenant_config config = lunette_tenant_config_default();
    if (out)
        *out = NULL;
    if (!engine || !given || !out)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_tenant_open: an argument is NULL");
    lunette_status status =
        ln_read_sized(&config, sizeof config, given, given->size, "lunette_tenant_config");
    if (status != LUNETTE_OK)
        return status;
    if (atomic_load_explicit(&engine->closed, memory_order_acquire))
        return ln_failure_plain(LUNETTE_CLOSED, "lunette_tenant_open");
    if (config.of && config.of->engine != engine)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "tenant.of is a template of another engine");
    lunette_tenant *tenant = aligned_alloc(_Alignof(lunette_tenant), sizeof *tenant);
    if (!tenant)
        return ln_failure_plain(LUNETTE_NO_MEMORY, "lunette_tenant_open");
    memset(tenant, 0, sizeof *tenant);
    status = fill(tenant, engine, &config);
    if (status != LUNETTE_OK) {
        give_template(tenant);
        free(tenant);
        return status;
    }
    ln_engine_retain(engine);
    enlist(tenant);
    *out = tenant;
    return LUNETTE_OK;
}

/* The last one is gone: what was counted goes on being part of the engine's. */
static void release(lunette_tenant *tenant) {
    if (atomic_fetch_sub_explicit(&tenant->references, 1, memory_order_acq_rel) != 1)
        return;
    lunette_engine *engine = tenant->engine;
    pthread_mutex_lock(&engine->people);
    if (tenant->next)
        tenant->next->before = tenant->before;
    if (tenant->before)
        tenant->before->next = tenant->next;
    else
        engine->tenants = tenant->next;
    for (size_t i = 0; i < SHARDS; i++)
        ln_usage_fold(&tenant->shards[i].sums, &engine->usage);
    atomic_fetch_add_explicit(&engine->capped, tenant->capped, memory_order_relaxed);
    pthread_mutex_unlock(&engine->people);
    give_template(tenant);
    free(tenant);
    ln_engine_release(engine);
}

void lunette_tenant_close(lunette_tenant **out) {
    if (!out || !*out)
        return;
    lunette_tenant *tenant = *out;
    *out = NULL;
    release(tenant);
}

const char *lunette_tenant_name(const lunette_tenant *tenant) {
    return tenant ? tenant->name : "";
}

const lunette_template *lunette_tenant_template(const lunette_tenant *tenant) {
    return tenant ? tenant->of : NULL;
}

/* --- Contexts --- */

static lunette_status refuse(lunette_tenant *tenant, lunette_status status) {
    atomic_fetch_sub_explicit(&tenant->in_use, 1, memory_order_relaxed);
    if (status == LUNETTE_EXHAUSTED)
        atomic_fetch_add_explicit(&tenant->missed, 1, memory_order_relaxed);
    return status;
}

static lunette_status refuse_more(lunette_tenant *tenant) {
    atomic_fetch_sub_explicit(&tenant->in_use, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&tenant->capped, 1, memory_order_relaxed);
    return ln_failure(LUNETTE_EXHAUSTED,
                      "lunette_context_acquire_for: tenant '%s' has all of its %llu contexts in use",
                      tenant->name, (unsigned long long)tenant->contexts);
}

/* What the context counted before was for nobody in particular. */
static void join(lunette_tenant *tenant, lunette_context *context) {
    lunette_limits limits;
    ln_usage_fold(&context->usage, &tenant->engine->usage);
    ln_tenant_limits(tenant, &limits);
    ln_machine_limit_memory(context->vm, (size_t)limits.memory);
    atomic_store_explicit(&context->tenant, tenant, memory_order_release);
    atomic_fetch_add_explicit(&tenant->references, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&tenant->acquires, 1, memory_order_relaxed);
}

lunette_status lunette_context_acquire_for(lunette_tenant *tenant, uint64_t wait_ns,
                                           lunette_context **context) {
    if (context)
        *context = NULL;
    if (!tenant || !context)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_context_acquire_for: an argument is NULL");
    uint64_t before = atomic_fetch_add_explicit(&tenant->in_use, 1, memory_order_relaxed);
    if (tenant->contexts != 0 && before >= tenant->contexts)
        return refuse_more(tenant);
    lunette_status status = lunette_context_acquire_from(tenant->of, wait_ns, context);
    if (status != LUNETTE_OK)
        return refuse(tenant, status);
    join(tenant, *context);
    return LUNETTE_OK;
}

void ln_tenant_leave(lunette_context *context) {
    lunette_tenant *tenant = atomic_load_explicit(&context->tenant, memory_order_relaxed);
    ln_usage_fold(&context->usage, &tenant->shards[((uintptr_t)context >> 8) % SHARDS].sums);
    atomic_store_explicit(&context->tenant, NULL, memory_order_release);
    atomic_fetch_sub_explicit(&tenant->in_use, 1, memory_order_relaxed);
    release(tenant);
}

lunette_tenant *lunette_context_tenant(const lunette_context *context) {
    return context ? atomic_load_explicit(&context->tenant, memory_order_acquire) : NULL;
}

/* --- Usage --- */

const lunette_tenant *ln_tenant_next(const lunette_engine *engine, const lunette_tenant *tenant) {
    return tenant ? tenant->next : engine->tenants;
}

static void add_contexts(const lunette_engine *engine, const lunette_tenant *tenant, ln_usage_total *total) {
    for (const lunette_context *each = engine->contexts; each; each = each->next)
        if (atomic_load_explicit(&each->tenant, memory_order_acquire) == tenant)
            ln_usage_add(&each->usage, total);
}

void ln_tenant_total(const lunette_tenant *tenant, ln_usage_total *total) {
    for (size_t i = 0; i < SHARDS; i++)
        ln_usage_add(&tenant->shards[i].sums, total);
    add_contexts(tenant->engine, tenant, total);
    total->usage.in_use += atomic_load_explicit(&tenant->in_use, memory_order_relaxed);
    total->usage.acquires += atomic_load_explicit(&tenant->acquires, memory_order_relaxed);
    total->usage.refusals += atomic_load_explicit(&tenant->missed, memory_order_relaxed) +
                             atomic_load_explicit(&tenant->capped, memory_order_relaxed);
}

/* How many are in use, and were refused for want of one, the pool knows. */
void ln_engine_total(const lunette_engine *engine, ln_usage_total *total) {
    ln_pool_stats pool;
    ln_usage_add(&engine->usage, total);
    add_contexts(engine, NULL, total);
    for (const lunette_tenant *each = engine->tenants; each; each = each->next)
        ln_tenant_total(each, total);
    ln_pool_stats_get(engine->pool, &pool);
    total->usage.in_use = pool.in_use;
    total->usage.acquires = pool.acquires;
    total->usage.refusals =
        pool.refusals + pool.timeouts + atomic_load_explicit(&engine->capped, memory_order_relaxed);
    for (const lunette_tenant *each = engine->tenants; each; each = each->next)
        total->usage.refusals += atomic_load_explicit(&each->capped, memory_order_relaxed);
}

static lunette_status answer(lunette_engine *engine, const lunette_tenant *tenant, lunette_usage *usage,
                             const char *what) {
    ln_usage_total total = {0};
    pthread_mutex_lock(&engine->people);
    if (tenant)
        ln_tenant_total(tenant, &total);
    else
        ln_engine_total(engine, &total);
    pthread_mutex_unlock(&engine->people);
    return ln_write_sized(usage, &total.usage, sizeof total.usage, what);
}

lunette_status lunette_tenant_usage(const lunette_tenant *tenant, lunette_usage *usage) {
    if (!tenant || !usage)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_tenant_usage: an argument is NULL");
    return answer(tenant->engine, tenant, usage, "lunette_tenant_usage: usage->size");
}

lunette_status lunette_engine_usage(const lunette_engine *engine, lunette_usage *usage) {
    if (!engine || !usage)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_engine_usage: an argument is NULL");
    return answer((lunette_engine *)(uintptr_t)engine, NULL, usage, "lunette_engine_usage: usage->size");
}
