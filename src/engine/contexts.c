/* Contexts in the engine's pool: how one is made, moved to another template, handed out and taken back.
 *
 * Who keeps what alive: a context keeps its template; the pool, which lives until the last context has come back, keeps
 * the engine. So acquiring and releasing count nothing that threads share. */
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/os.h"
#include "base/sized.h"
#include "engine/engine.h"
#include "engine/recover.h"
#include "engine/tenant.h"

/* --- What the pool asks of us --- */

static void enlist(lunette_context *context) {
    lunette_engine *engine = context->engine;
    pthread_mutex_lock(&engine->people);
    context->next = engine->contexts;
    if (context->next)
        context->next->before = context;
    engine->contexts = context;
    pthread_mutex_unlock(&engine->people);
}

/* What it counted stays counted. */
static void delist(lunette_context *context) {
    lunette_engine *engine = context->engine;
    pthread_mutex_lock(&engine->people);
    ln_usage_fold(&context->usage, &engine->usage);
    if (context->next)
        context->next->before = context->before;
    if (context->before)
        context->before->next = context->next;
    else
        engine->contexts = context->next;
    pthread_mutex_unlock(&engine->people);
}

static lunette_status make(void *ud, void *key, void **item) {
    lunette_engine *engine = ud;
    lunette_template *from = key;
    lunette_context *context = calloc(1, sizeof *context);
    if (!context)
        return LUNETTE_NO_MEMORY;
    lunette_status status = ln_machine_open(from->state, context, &context->vm);
    if (status != LUNETTE_OK) {
        free(context);
        return status > LUNETTE_OK ? LUNETTE_SYSTEM : status;
    }
    ln_engine_template_retain(from);
    context->engine = engine;
    context->pool = engine->pool;
    context->from = from;
    context->made = ln_os_now();
    enlist(context);
    *item = context;
    return LUNETTE_OK;
}

static lunette_status adopt(void *ud, void *item, void *key) {
    (void)ud;
    lunette_context *context = item;
    lunette_template *from = key;
    lunette_status status = ln_machine_adopt(context->vm, from->state);
    if (status != LUNETTE_OK)
        return status > LUNETTE_OK ? LUNETTE_SYSTEM : status;
    ln_engine_template_retain(from);
    ln_engine_template_release(context->from);
    context->from = from;
    return LUNETTE_OK;
}

/* A context in the pool stays busy, so that a call with a handle that was given back is refused. */
static void let_in(lunette_context *context) {
    atomic_store_explicit(&context->state, LUNETTE_STATE_READY, memory_order_relaxed);
    atomic_store_explicit(&context->busy, false, memory_order_release);
}

/* What the host has said of a context is about whom it was acquired for. */
static void forget_host(lunette_context *context) {
    context->user_data = NULL;
    context->name[0] = '\0';
    if (LN_UNLIKELY(context->waited_fallback != NULL))
        ln_recover_drop(context);
}

lunette_status lunette_context_set_name(lunette_context *context, const char *name) {
    size_t size = name ? strnlen(name, sizeof context->name) : 0;
    if (!context || !name)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_context_set_name: an argument is NULL");
    if (size == sizeof context->name)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_context_set_name: `name` has more than %d bytes",
                          LUNETTE_CONTEXT_NAME_MOST);
    memcpy(context->name, name, size + 1);
    return LUNETTE_OK;
}

const char *lunette_context_name(const lunette_context *context) {
    return context ? context->name : "";
}

/* The check may run what it likes in there; it is not there for who comes next. A context that the check has left to
 * another thread's call is not fit. */
static bool check(void *ud, void *item) {
    lunette_engine *engine = ud;
    lunette_context *context = item;
    context->checked = true;
    let_in(context);
    bool fit = engine->check(engine->check_ud, context);
    context->checked = false;
    forget_host(context);
    return ln_context_hold(context, "lunette_context_acquire") == LUNETTE_OK && fit &&
           ln_machine_renew(context->vm) == LUNETTE_OK;
}

static void trim(void *ud, void *item) {
    (void)ud;
    lunette_context *context = item;
    ln_machine_trim(context->vm, 0);
    ln_recent_clear(&context->recent);
}

static void destroy(void *ud, void *item) {
    (void)ud;
    lunette_context *context = item;
    delist(context);
    ln_machine_close(&context->vm);
    ln_recent_clear(&context->recent);
    ln_engine_template_release(context->from);
    free(context);
}

static void gone(void *ud) {
    ln_engine_free(ud);
}

lunette_status ln_engine_open_pool(lunette_engine *engine, const lunette_pool_config *given) {
    static const uint64_t SECOND = 1000000000;
    ln_pool_config config = {
        .min = given->min,
        .max = given->max,
        .idle_ns = given->idle_ns == 0            ? 60 * SECOND
                   : given->idle_ns == UINT64_MAX ? 0
                                                  : given->idle_ns,
        .trim_ns = given->trim_ns == 0            ? SECOND
                   : given->trim_ns == UINT64_MAX ? 0
                                                  : given->trim_ns,
        .max_age_ns = given->max_age_ns,
        .max_uses = given->max_uses,
        .per_thread = given->per_thread,
    };
    ln_pool_ops ops = {
        .link_offset = offsetof(lunette_context, link),
        .make = make,
        .adopt = adopt,
        .check = given->check ? check : NULL,
        .trim = trim,
        .destroy = destroy,
        .gone = gone,
    };
    engine->check = given->check;
    engine->check_ud = given->check_ud;
    engine->wait_ns = given->wait_ns;
    lunette_status status = ln_pool_open(&config, &ops, engine, &engine->pool);
    if (status == LUNETTE_INVALID_ARGUMENT)
        return ln_failure(status, "config.pool: min is above max, or per_thread above 64");
    return ln_failure_plain(status, "lunette_engine_open");
}

/* --- Acquiring and releasing --- */

static lunette_status acquire(lunette_engine *engine, lunette_template *from, uint64_t wait_ns,
                              lunette_context **out) {
    void *item;
    if (atomic_load_explicit(&engine->closed, memory_order_acquire))
        return ln_failure_plain(LUNETTE_CLOSED, "lunette_context_acquire");
    lunette_status status = ln_pool_acquire(engine->pool, from, wait_ns, &item);
    *out = item;
    if (LN_LIKELY(status == LUNETTE_OK))
        let_in(item);
    if (status == LUNETTE_NO_MEMORY)
        return ln_failure(status,
                          "lunette_context_acquire: the process has no memory or address space left for a "
                          "context (ulimit -v)");
    return ln_failure_plain(status, "lunette_context_acquire");
}

lunette_status lunette_context_acquire(lunette_engine *engine, lunette_context **out) {
    if (!engine || !out)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_context_acquire: an argument is NULL");
    *out = NULL;
    return acquire(engine, engine->standard, engine->wait_ns, out);
}

lunette_status lunette_context_acquire_from(lunette_template *from, uint64_t wait_ns, lunette_context **out) {
    if (!from || !out)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_context_acquire_from: an argument is NULL");
    *out = NULL;
    return acquire(from->engine, from, wait_ns, out);
}

/* Asks what the last run left before it gives anything back, for that begins with arithmetic that takes a good part
 * of a release's time. */
void ln_context_trim(lunette_context *context) {
    if (LN_UNLIKELY(ln_machine_committed(context->vm) > LN_HIGH_WATER))
        ln_machine_trim(context->vm, LN_HIGH_WATER);
}

lunette_status lunette_context_release(lunette_context **out) {
    if (!out || !*out)
        return LUNETTE_OK;
    lunette_context *context = *out;
    if (LN_UNLIKELY(context->checked))
        return ln_failure(LUNETTE_BUSY,
                          "lunette_context_release: the pool's check is looking at the context");
    lunette_status status = ln_context_hold(context, "lunette_context_release");
    if (status != LUNETTE_OK)
        return status;
    *out = NULL;
    bool clean = ln_machine_renew(context->vm) == LUNETTE_OK;
    ln_context_trim(context);
    forget_host(context);
    if (LN_UNLIKELY(lunette_context_tenant(context) != NULL)) {
        ln_tenant_leave(context);
        ln_machine_limit_memory(context->vm, (size_t)context->engine->limits.memory);
    }
    ln_pool_release(context->pool, context, clean);
    return LUNETTE_OK;
}

/* --- The pool as the host sees it --- */

lunette_status lunette_engine_pool_stats(lunette_engine *engine, lunette_pool_stats *stats) {
    ln_pool_stats of;
    if (!engine || !stats)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_engine_pool_stats: an argument is NULL");
    ln_pool_stats_get(engine->pool, &of);
    const lunette_pool_stats now = {
        .made = of.made,
        .destroyed = of.destroyed,
        .in_use = of.in_use,
        .idle = of.idle,
        .waiting = of.waiting,
        .acquires = of.acquires,
        .hits = of.hits_own,
        .adopted = of.adopted,
        .waits = of.waits,
        .refusals = of.refusals + of.timeouts,
        .failed_checks = of.failed_checks,
        .worn_out = of.worn_out,
        .idled_out = of.idled_out,
        .trimmed = of.trimmed,
    };
    return ln_write_sized(stats, &now, sizeof now, "lunette_engine_pool_stats: stats->size");
}

lunette_status lunette_engine_warm(lunette_engine *engine, lunette_template *of, size_t count) {
    if (!engine || (of && of->engine != engine))
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_engine_warm: %s",
                          engine ? "the template is another engine's" : "`engine` is NULL");
    return ln_failure_plain(ln_pool_warm(engine->pool, of ? of : engine->standard, count),
                            "lunette_engine_warm");
}

void lunette_engine_maintain(lunette_engine *engine) {
    if (engine)
        ln_pool_maintain(engine->pool);
}
