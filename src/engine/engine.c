/* An engine: the configuration, checked and completed once, and what its contexts share. */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/sized.h"
#include "engine/registry.h"
#include "lunette/version.h"

/* Where an own limit is not set. A grace time of 0 means none, and is its own default. */
static const lunette_limits DEFAULTS = {
    .size = sizeof(lunette_limits),
    .memory = (uint64_t)64 << 20,
    .wall_ns = 1000000000,
    .cpu_ns = LUNETTE_UNLIMITED,
    .instructions = LUNETTE_UNLIMITED,
    .output_bytes = LUNETTE_UNLIMITED,
    .host_calls = LUNETTE_UNLIMITED,
    .host_ns = LUNETTE_UNLIMITED,
    .total_ns = LUNETTE_UNLIMITED,
    .allocations = LUNETTE_UNLIMITED,
    .stack_depth = LUNETTE_UNLIMITED,
    .string_bytes = LUNETTE_UNLIMITED,
};

/* --- The callbacks that stand in for those the host did not give --- */

static void write_standard_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    fwrite(bytes, 1, size, stdout);
}

static void write_standard_error(void *ud, const char *line) {
    (void)ud;
    fprintf(stderr, "lunette: %s\n", line);
}

/* --- Opening --- */

static lunette_status check_config(const lunette_config *config) {
    if ((unsigned)config->sandbox > LUNETTE_SANDBOX_NONE)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "config.sandbox is %d, which is no level",
                          (int)config->sandbox);
    if ((unsigned)config->guard > LUNETTE_GUARD_HOOK)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "config.guard is %d, which is none", (int)config->guard);
    if ((unsigned)config->check_texts > LUNETTE_OFF)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "config.check_texts is %d: default, on or off",
                          (int)config->check_texts);
    if ((unsigned)config->contain_faults > LUNETTE_OFF)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "config.contain_faults is %d: default, on or off",
                          (int)config->contain_faults);
    if ((unsigned)config->on_panic > LUNETTE_PANIC_PROPAGATE)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "config.on_panic is %d, which is none",
                          (int)config->on_panic);
    if (config->on_panic == LUNETTE_PANIC_PROPAGATE && config->contain_faults == LUNETTE_ON)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "config.on_panic is to propagate, but contain_faults is on: only one can be");
    if ((config->allow_count > 0 && !config->allow) || (config->deny_count > 0 && !config->deny))
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "config.%s is NULL, but its count is not 0",
                          config->allow_count > 0 && !config->allow ? "allow" : "deny");
    return LUNETTE_OK;
}

static lunette_status find_backend(lunette_engine *engine, const lunette_config *config) {
    lunette_status status = ln_registry_take(config->backend, &engine->setup.backend);
    if (status != LUNETTE_OK)
        return ln_failure(status, "config.backend: there is no '%s'", config->backend);
    return status;
}

static lunette_status open_settings(lunette_engine *engine, const lunette_config *config) {
    const lunette_backend *backend = engine->setup.backend;
    char why[200] = "";
    if (!backend->open)
        return LUNETTE_OK;
    lunette_status status = backend->open(config, &engine->setup.settings, why, sizeof why);
    if (status != LUNETTE_OK && *why)
        return ln_failure(status, "config.%s", why);
    return ln_failure_plain(status, "lunette_engine_open");
}

static bool contains_faults(const lunette_config *config) {
    return config->contain_faults != LUNETTE_OFF && config->on_panic != LUNETTE_PANIC_PROPAGATE;
}

static lunette_status open_guard(lunette_engine *engine, const lunette_config *config) {
    static const ln_guard_kind KINDS[] = {LN_GUARD_AUTO, LN_GUARD_SIGNAL, LN_GUARD_HOOK};
    const void *code[LN_MACHINE_CODE];
    ln_guard_config guard = {
        .kind = KINDS[config->guard],
        .signal = config->guard_signal,
        .contain_faults = contains_faults(config),
        .log = engine->log,
        .log_ud = engine->log_ud,
    };
    guard.code = code;
    guard.code_count = ln_machine_code(engine->setup.backend, code);
    lunette_status status = ln_guard_open(&guard, &engine->guard);
    if (status == LUNETTE_UNSUPPORTED)
        return ln_failure(status,
                          "config.guard: the signal guard cannot serve in this build or on this system");
    if (status == LUNETTE_INVALID_ARGUMENT)
        return ln_failure(status, "config.guard_signal is %d, which cannot be used", config->guard_signal);
    return ln_failure_plain(status, "lunette_engine_open");
}

/* Snapshots that a context can have, where nobody says otherwise. */
enum { SNAPSHOTS_MOST = 16 };

static void fill_setup(lunette_engine *engine, const lunette_config *config) {
    ln_machine_setup *setup = &engine->setup;
    setup->guard = engine->guard;
    setup->memory_limit = (size_t)engine->limits.memory;
    setup->deterministic = config->deterministic;
    setup->on_panic = config->on_panic;
    setup->post_mortem = contains_faults(config) || ln_guard_kind_of(engine->guard) == LN_GUARD_HOOK;
    setup->output = config->output ? config->output : write_standard_output;
    setup->output_ud = config->output_ud;
    setup->warning = config->warning;
    setup->warning_ud = config->warning_ud;
    setup->clock = config->clock;
    setup->clock_ud = config->clock_ud;
    setup->snapshots_most = config->snapshots.off         ? 0
                            : config->snapshots.most == 0 ? SNAPSHOTS_MOST
                                                          : config->snapshots.most;
    setup->snapshots_bytes = config->snapshots.bytes != 0 ? config->snapshots.bytes : 4 * setup->memory_limit;
    setup->alloc = config->alloc;
    setup->alloc_ud = config->alloc_ud;
}

/* Runs that must be identical go without: what is loaded leaves other memory free than what is parsed, so objects would
 * lie elsewhere, and pairs() find them in another order. */
static lunette_status open_cache(lunette_engine *engine, size_t bytes) {
    enum { STANDARD = 16 << 20 };
    if (bytes == SIZE_MAX || engine->setup.deterministic || !engine->setup.backend->compile)
        return LUNETTE_OK;
    return ln_failure_plain(ln_seen_open(bytes == 0 ? STANDARD : bytes, &engine->setup.cache),
                            "lunette_engine_open");
}

/* The template of the engine's own configuration. */
static lunette_status open_standard(lunette_engine *engine, const lunette_config *config) {
    lunette_template_config own = lunette_template_config_default();
    own.preload = config->preload;
    own.preload_count = config->preload_count;
    own.modules = config->modules;
    own.module_count = config->module_count;
    own.module_prefix = config->module_prefix;
    own.lua_modules = config->lua_modules;
    own.lua_module_count = config->lua_module_count;
    own.require = config->require;
    return ln_engine_template_open(engine, &own, "config", &engine->standard);
}

static lunette_status open_engine(lunette_engine *engine, const lunette_config *config) {
    lunette_status status = check_config(config);
    if (status == LUNETTE_OK)
        status = ln_check_reserved(config->pool.reserved, sizeof config->pool.reserved, "config.pool");
    if (status == LUNETTE_OK)
        status = ln_check_reserved(config->snapshots.reserved, sizeof config->snapshots.reserved,
                                   "config.snapshots");
    if (status == LUNETTE_OK)
        status = ln_read_sized(&engine->limits, sizeof engine->limits, &config->limits, sizeof config->limits,
                               "config.limits");
    if (status == LUNETTE_OK)
        status = ln_limits_complete(&engine->limits, &DEFAULTS, "config.limits");
    engine->log = config->log ? config->log : write_standard_error;
    engine->log_ud = config->log_ud;
    engine->on_error = config->on_error;
    engine->on_error_ud = config->on_error_ud;
    engine->sandbox = config->sandbox;
    if (status == LUNETTE_OK)
        status = find_backend(engine, config);
    if (status == LUNETTE_OK)
        status = open_settings(engine, config);
    if (status == LUNETTE_OK)
        status = open_guard(engine, config);
    if (status != LUNETTE_OK)
        return status;
    fill_setup(engine, config);
    snprintf(engine->release, sizeof engine->release, "%s", engine->setup.backend->version());
    status = open_standard(engine, config);
    if (status == LUNETTE_OK)
        status = open_cache(engine, config->script_cache);
    return status == LUNETTE_OK ? ln_engine_open_pool(engine, &config->pool) : status;
}

lunette_status lunette_engine_open(const lunette_config *given, lunette_engine **out) {
    lunette_config config = lunette_config_default();
    if (!out)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_engine_open: `engine` is NULL");
    *out = NULL;
    lunette_status status =
        given ? ln_read_sized(&config, sizeof config, given, given->size, "lunette_config") : LUNETTE_OK;
    if (status != LUNETTE_OK)
        return status;
    lunette_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return ln_failure_plain(LUNETTE_NO_MEMORY, "lunette_engine_open");
    atomic_init(&engine->references, 1);
    pthread_mutex_init(&engine->people, NULL);
    status = open_engine(engine, &config);
    if (status != LUNETTE_OK) {
        ln_engine_release(engine);
        return status;
    }
    engine->standard->opened = true;
    *out = engine;
    return LUNETTE_OK;
}

/* --- Closing --- */

void ln_engine_retain(lunette_engine *engine) {
    atomic_fetch_add(&engine->references, 1);
}

void ln_engine_free(lunette_engine *engine) {
    if (engine->standard)
        ln_engine_template_release(engine->standard);
    ln_seen_close(&engine->setup.cache);
    ln_guard_close(&engine->guard);
    if (engine->setup.backend && engine->setup.backend->close && engine->setup.settings)
        engine->setup.backend->close(engine->setup.settings);
    ln_registry_let_go(engine->setup.backend);
    pthread_mutex_destroy(&engine->people);
    free(engine);
}

void ln_engine_release(lunette_engine *engine) {
    if (atomic_fetch_sub(&engine->references, 1) != 1)
        return;
    ln_pool *pool = engine->pool;
    if (pool)
        ln_pool_close(&pool);
    else
        ln_engine_free(engine);
}

void lunette_engine_close(lunette_engine **engine) {
    if (!engine || !*engine)
        return;
    lunette_engine *closing = *engine;
    *engine = NULL;
    atomic_store_explicit(&closing->closed, true, memory_order_release);
    ln_pool_shut(closing->pool);
    ln_engine_release(closing);
}

/* --- Asking --- */

lunette_status lunette_engine_info_get(lunette_engine *engine, lunette_engine_info *info) {
    if (!engine || !info)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_engine_info_get: an argument is NULL");
    const lunette_engine_info now = {
        .lua_release = engine->release,
        .backend = engine->setup.backend->name,
        .guard = ln_guard_kind_of(engine->guard) == LN_GUARD_SIGNAL ? "signal" : "hook",
        .reset = engine->setup.alloc ? "reopen" : "image",
        .image_bytes = ln_template_size(engine->standard->state),
        .relocatable = ln_template_shared(engine->standard->state),
        .stack_needed = ln_machine_stack(engine->setup.backend),
        .vm_faults = atomic_load_explicit(&engine->vm_faults, memory_order_relaxed),
    };
    return ln_write_sized(info, &now, sizeof now, "lunette_engine_info_get: info->size");
}

const char *lunette_version(void) {
    return LUNETTE_VERSION;
}
