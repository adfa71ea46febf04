/* The context: the public functions around a VM. Each checks its arguments, holds the context for its thread
 * while it is inside, and puts a refusal into words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/sized.h"
#include "engine/engine.h"
#include "engine/recover.h"
#include "engine/tenant.h"

/* --- Held by one thread at a time --- */

lunette_status ln_context_hold(lunette_context *context, const char *function) {
    if (!context)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `context` is NULL", function);
    if (atomic_exchange_explicit(&context->busy, true, memory_order_acquire))
        return ln_failure(LUNETTE_BUSY, "%s: the context is in use by another call", function);
    return LUNETTE_OK;
}

lunette_status ln_context_let_go_worded(lunette_context *context, lunette_status status) {
    lunette_state state = context->vm->waiting.is         ? LUNETTE_STATE_SUSPENDED
                          : ln_machine_error(context->vm) ? LUNETTE_STATE_FAILED
                                                          : LUNETTE_STATE_READY;
    atomic_store_explicit(&context->state, state, memory_order_relaxed);
    atomic_store_explicit(&context->busy, false, memory_order_release);
    return status;
}

lunette_status ln_context_let_go(lunette_context *context, lunette_status status, const char *function) {
    return ln_context_let_go_worded(context, ln_failure_plain(status, function));
}

lunette_status ln_context_hold_to_run(lunette_context *context, const char *function) {
    lunette_status status = ln_context_hold(context, function);
    if (status == LUNETTE_OK && atomic_load_explicit(&context->engine->closed, memory_order_acquire))
        return ln_context_let_go_worded(
            context, ln_failure(LUNETTE_CLOSED,
                                "%s: the context's engine was closed: it can only be released", function));
    return status;
}

lunette_status ln_context_enter(lunette_context *context, const char *function, bool *inside) {
    *inside = ln_machine_is_inside(context->vm);
    return *inside ? LUNETTE_OK : ln_context_hold(context, function);
}

lunette_status ln_context_leave(lunette_context *context, lunette_status status, bool inside) {
    return inside ? status : ln_context_let_go_worded(context, status);
}

/* --- Resetting --- */

lunette_status lunette_context_reset(lunette_context *context) {
    static const char NAME[] = "lunette_context_reset";
    lunette_status status = ln_context_hold(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_renew(context->vm);
    ln_context_trim(context);
    return ln_context_let_go(context, status, NAME);
}

/* --- Running --- */

/* A chunk's name as Lua marks it: '@' before a file's, '=' before any other. Names of ordinary length are made
 * on the stack, so that a run asks the host for no memory. */
struct chunk_name {
    const char *text; /* NULL: no memory */
    char *heap;
    char space[120];
};

static void make_chunk_name(struct chunk_name *chunk, const char *name) {
    chunk->heap = NULL;
    chunk->text = name ? name : "=script";
    if (!name || name[0] == '=' || name[0] == '@')
        return;
    size_t size = strlen(name) + 1;
    char *copy = size < sizeof chunk->space ? chunk->space : (chunk->heap = malloc(size + 1));
    if (copy) {
        copy[0] = '@';
        memcpy(copy + 1, name, size);
    }
    chunk->text = copy;
}

static lunette_status complete_bounds(lunette_bounds *bounds, const char *function) {
    if (ln_bounds_complete(bounds))
        return LUNETTE_OK;
    return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: bounds.depth is %zu, the most is %d", function,
                      bounds->depth, LN_VALUE_DEPTH);
}

/* What ln_machine_check_value() found, after the name of the value. */
static const char *refusal_of(lunette_status status) {
    return status == LUNETTE_STALE
               ? "refers to a function or an object that a reset took away, or that was forgotten or closed"
               : "is no value that can be given to a script";
}

/* Whether the VM can be given what the run needs. */
static lunette_status check_values(const lunette_machine *vm, const ln_program *program,
                                   const lunette_run_options *options, const char *function) {
    if (program->function && ln_machine_check_value(vm, program->function) != LUNETTE_OK)
        return ln_failure(LUNETTE_STALE, "%s: `function` %s", function, refusal_of(LUNETTE_STALE));
    if (options->argument_count > 0 && program->module)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: options has arguments, which a module is not given",
                          function);
    if (options->argument_count > 0 && !options->arguments)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "%s: options.arguments is NULL, but argument_count is %zu", function,
                          options->argument_count);
    for (size_t i = 0; i < options->argument_count; i++) {
        lunette_status status = ln_machine_check_value(vm, &options->arguments[i]);
        if (status != LUNETTE_OK)
            return ln_failure(status, "%s: options.arguments[%zu] %s", function, i, refusal_of(status));
    }
    return LUNETTE_OK;
}

/* *limits: the engine's own, where nobody wants others; else made in *room. */
static lunette_status complete_limits(const lunette_context *context, const lunette_limits *given,
                                      lunette_limits *room, const lunette_limits **limits) {
    const lunette_tenant *tenant = lunette_context_tenant(context);
    *limits = &context->engine->limits;
    if (LN_LIKELY(!given && !tenant))
        return LUNETTE_OK;
    lunette_limits own = context->engine->limits;
    if (tenant)
        ln_tenant_limits(tenant, &own);
    *room = own;
    *limits = room;
    if (!given)
        return LUNETTE_OK;
    lunette_status status = ln_read_sized(room, sizeof *room, given, given->size, "options.limits");
    room->memory = own.memory;
    return status == LUNETTE_OK ? ln_limits_complete(room, &own, "options.limits") : status;
}

static lunette_status check_options(const lunette_context *context, const lunette_run_options *given,
                                    lunette_run_options *options, ln_program *program, ln_budget *budget,
                                    const char *function) {
    lunette_limits room;
    const lunette_limits *limits;
    *options = lunette_run_options_default();
    lunette_status status =
        given ? ln_read_sized(options, sizeof *options, given, given->size, "lunette_run_options")
              : LUNETTE_OK;
    if (status == LUNETTE_OK)
        status = complete_bounds(&options->bounds, function);
    if (status == LUNETTE_OK)
        status = ln_recover_check(context, options, function);
    if (status == LUNETTE_OK)
        status = complete_limits(context, options->limits, &room, &limits);
    if (status != LUNETTE_OK)
        return status;
    *budget = ln_limits_budget(limits);
    ln_limits_quota(limits, program);
    if (options->allow_bytecode && context->engine->sandbox != LUNETTE_SANDBOX_NONE)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "%s: options.allow_bytecode is for sandbox level none only", function);
    return LUNETTE_OK;
}

/* Compiles the text in this context, which is pristine, and restores it. Where that fails for the script's own sake, as
 * the run would have, its status and the context's error are the run's. *code NULL: the text itself is to be run. */
static lunette_status compile_here(lunette_context *context, ln_program *program, const ln_budget *budget,
                                   const ln_seen_key *key, ln_code **code) {
    lunette_stats stats;
    lunette_status status = ln_machine_compile(context->vm, program, budget, code);
    if (status > LUNETTE_OK)
        return status;
    ln_machine_stats(context->vm, &stats);
    program->spent_ns = stats.wall_ns;
    program->spent_cpu_ns = stats.cpu_ns;
    if (*code)
        ln_seen_add(context->engine->setup.cache, key, *code);
    if (ln_machine_reset(context->vm) != LUNETTE_OK)
        ln_code_release(code);
    return LUNETTE_OK;
}

/* Where this template's contexts can load the code faster than it stands there, sees to it. */
static void press(lunette_context *context, ln_code *code) {
    if (LN_LIKELY(!ln_machine_wants_press(context->vm, code)))
        return;
    size_t grown = ln_machine_press(context->vm, code);
    ln_seen_grow(context->engine->setup.cache, code, grown);
}

/* In what all contexts share; from there it comes among those that this one knows. */
static LN_NOINLINE lunette_status find_shared_code(lunette_context *context, ln_program *program,
                                                   const ln_budget *budget, ln_code **code) {
    ln_seen *cache = context->engine->setup.cache;
    ln_seen_key key;
    bool again;
    if (!ln_seen_key_make(cache, program->name, program->text, program->size, &key))
        return LUNETTE_OK;
    *code = ln_seen_find(cache, &key, &again);
    lunette_status status = LUNETTE_OK;
    if (!*code && again && ln_machine_pristine(context->vm))
        status = compile_here(context, program, budget, &key, code);
    if (*code)
        ln_recent_keep(&context->recent, *code);
    return status;
}

/* The compiled form of a text that was run before, which the context holds. *code NULL and OK: the text itself is to be
 * run. */
static lunette_status find_code(lunette_context *context, ln_program *program, const ln_budget *budget,
                                ln_code **code) {
    if (!context->engine->setup.cache || program->check_only || program->allow_bytecode)
        return LUNETTE_OK;
    *code = ln_recent_find(&context->recent, program->name, program->text, program->size);
    return LN_LIKELY(*code) ? LUNETTE_OK : find_shared_code(context, program, budget, code);
}

void ln_context_count(lunette_context *context, lunette_status status) {
    ln_usage_note(&context->usage, status, &context->vm->last, &context->vm->counted);
    if (LN_UNLIKELY(status == LUNETTE_VM_FAULT))
        atomic_fetch_add_explicit(&context->engine->vm_faults, 1, memory_order_relaxed);
}

static lunette_status run_named(lunette_context *context, const char *name, ln_program *program,
                                const ln_budget *budget, lunette_value **results) {
    struct chunk_name chunk;
    make_chunk_name(&chunk, name);
    if (!chunk.text)
        return LUNETTE_NO_MEMORY;
    program->name = chunk.text;
    const char *text = program->text;
    ln_code *given = program->code, *code = given;
    lunette_status status = LUNETTE_OK;
    if (program->text)
        status = find_code(context, program, budget, &code);
    if (code) {
        press(context, code);
        program->text = NULL;
        program->code = code;
    }
    if (status == LUNETTE_OK)
        status = ln_machine_run(context->vm, program, budget, results);
    ln_context_count(context, status);
    program->name = NULL;
    program->text = text;
    program->code = given;
    program->spent_ns = program->spent_cpu_ns = 0;
    free(chunk.heap);
    return status;
}

/* Its status is not OK. Runs it again as often as that is wanted and may help; but not from another beginning than the first
 * attempt's, where that was to be kept and is lost. */
static LN_COLD lunette_status run_again(lunette_context *context, const char *name, ln_program *program,
                                        const lunette_run_options *options, const ln_budget *budget,
                                        lunette_status status, lunette_value **results,
                                        const char *function) {
    for (unsigned done = 1; status > LUNETTE_OK && status != LUNETTE_SUSPENDED; done++) {
        if (!program->check_only)
            ln_recover_tell(context, options);
        if (context->vm->way_lost || !ln_recover_again(options, status, done) ||
            check_values(context->vm, program, options, function) != LUNETTE_OK)
            break;
        status = run_named(context, name, program, budget, results);
    }
    return status > LUNETTE_OK ? ln_recover(options, status, results) : status;
}

lunette_status ln_context_run(lunette_context *context, const char *name, ln_program *program,
                              const lunette_run_options *given, lunette_value **results,
                              const char *function) {
    lunette_run_options options;
    ln_budget budget;
    if (!context)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `context` is NULL", function);
    lunette_status status = ln_context_hold_to_run(context, function);
    if (status != LUNETTE_OK)
        return status;
    if (LN_UNLIKELY(context->vm->waiting.is))
        return ln_context_let_go_worded(
            context, ln_failure(LUNETTE_WRONG_STATE, "%s: a run waits in this context: resume it, or drop it",
                                function));
    status = check_options(context, given, &options, program, &budget, function);
    if (status == LUNETTE_OK)
        status = check_values(context->vm, program, &options, function);
    if (status != LUNETTE_OK)
        return ln_context_let_go_worded(context, status);
    program->arguments = options.arguments;
    program->argument_count = options.argument_count;
    program->bounds = options.bounds;
    program->allow_bytecode = options.allow_bytecode;
    program->measure_cpu = options.measure_cpu;
    if (LN_UNLIKELY(options.roll_back || context->vm->rolls_back))
        status = ln_context_secure(context, options.roll_back, function);
    if (status != LUNETTE_OK)
        return ln_context_let_go_worded(context, status);
    status = run_named(context, name, program, &budget, results);
    if (LN_UNLIKELY(status > LUNETTE_OK && status != LUNETTE_SUSPENDED))
        status = run_again(context, name, program, &options, &budget, status, results, function);
    if (LN_UNLIKELY(status == LUNETTE_SUSPENDED) && ln_recover_keep(context, &options) != LUNETTE_OK)
        status = LUNETTE_NO_MEMORY;
    if (LN_UNLIKELY(options.roll_back))
        ln_machine_unsecure(context->vm);
    if (status == LUNETTE_NOT_FOUND)
        return ln_context_let_go_worded(context, ln_failure(status, "%s: there is no '%s'", function, name));
    return ln_context_let_go(context, status, function);
}

static lunette_status run_text(lunette_context *context, const char *name, const char *text, size_t size,
                               const lunette_run_options *options, bool check_only, lunette_value **results,
                               const char *function) {
    if (results)
        *results = NULL;
    if (!text)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `text` is NULL", function);
    ln_program program = {
        .text = text,
        .size = size == LUNETTE_ZERO_TERMINATED ? strlen(text) : size,
        .check_only = check_only,
    };
    return ln_context_run(context, name, &program, options, results, function);
}

lunette_status lunette_context_run(lunette_context *context, const char *name, const char *text, size_t size,
                                   const lunette_run_options *options, lunette_value **results) {
    return run_text(context, name, text, size, options, false, results, "lunette_context_run");
}

lunette_status lunette_context_run_script(lunette_context *context, const lunette_script *script,
                                          const lunette_run_options *options, lunette_value **results) {
    static const char NAME[] = "lunette_context_run_script";
    if (results)
        *results = NULL;
    if (!script || (context && script->engine != context->engine))
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `script` is %s", NAME,
                          script ? "another engine's" : "NULL");
    ln_program program = {.code = script->code};
    return ln_context_run(context, script->name, &program, options, results, NAME);
}

/* --- Compiling --- */

/* Says in words why a text did not compile, from the context's error. */
static lunette_status refuse_text(const lunette_context *context, lunette_status status) {
    const lunette_error *error = ln_machine_error(context->vm);
    if (!error || status < LUNETTE_OK)
        return ln_failure_plain(status, "lunette_script_compile");
    if (!error->chunk)
        return ln_failure(status, "lunette_script_compile: %s", error->message);
    return ln_failure(status, "%s:%d: %s", error->chunk, error->line, error->message);
}

static lunette_status compile_named(lunette_context *context, const char *name, const char *text, size_t size,
                                    ln_code **code) {
    struct chunk_name chunk;
    ln_budget budget = ln_limits_budget(&context->engine->limits);
    make_chunk_name(&chunk, name);
    if (!chunk.text)
        return LUNETTE_NO_MEMORY;
    ln_program program = {.name = chunk.text, .text = text, .size = size};
    lunette_status status = ln_machine_compile(context->vm, &program, &budget, code);
    free(chunk.heap);
    if (status == LUNETTE_OK && ln_machine_reset(context->vm) == LUNETTE_OK)
        press(context, *code);
    return status;
}

static lunette_status wrap_code(lunette_engine *engine, const char *name, ln_code *code,
                                lunette_script **out) {
    size_t size = name ? strlen(name) + 1 : 0;
    lunette_script *script = malloc(sizeof *script + size);
    if (!script)
        return LUNETTE_NO_MEMORY;
    script->engine = engine;
    script->code = code;
    script->name = name ? memcpy(script + 1, name, size) : NULL;
    ln_engine_retain(engine);
    *out = script;
    return LUNETTE_OK;
}

lunette_status lunette_script_compile(lunette_engine *engine, const char *name, const char *text, size_t size,
                                      lunette_script **script) {
    static const char NAME[] = "lunette_script_compile";
    lunette_context *context;
    ln_code *code = NULL;
    if (script)
        *script = NULL;
    if (!engine || !text || !script)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: an argument is NULL", NAME);
    lunette_status status = lunette_context_acquire(engine, &context);
    if (status != LUNETTE_OK)
        return status;
    size = size == LUNETTE_ZERO_TERMINATED ? strlen(text) : size;
    status = compile_named(context, name, text, size, &code);
    if (status != LUNETTE_OK)
        refuse_text(context, status);
    lunette_context_release(&context);
    if (status == LUNETTE_OK)
        status = ln_failure_plain(wrap_code(engine, name, code, script), NAME);
    if (!*script)
        ln_code_release(&code);
    return status;
}

void lunette_script_close(lunette_script **out) {
    if (!out || !*out)
        return;
    lunette_script *script = *out;
    lunette_engine *engine = script->engine;
    *out = NULL;
    ln_code_release(&script->code);
    free(script);
    ln_engine_release(engine);
}

lunette_status lunette_context_check(lunette_context *context, const char *name, const char *text,
                                     size_t size) {
    return run_text(context, name, text, size, NULL, true, NULL, "lunette_context_check");
}

/* --- Globals --- */

lunette_status lunette_context_set_global(lunette_context *context, const char *name,
                                          const lunette_value *value) {
    static const char NAME[] = "lunette_context_set_global";
    if (!name || !value)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `%s` is NULL", NAME, name ? "value" : "name");
    lunette_status status = ln_context_hold_to_run(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_check_value(context->vm, value);
    if (status != LUNETTE_OK)
        return ln_context_let_go_worded(context,
                                        ln_failure(status, "%s: `value` %s", NAME, refusal_of(status)));
    return ln_context_let_go(context, ln_machine_set_global(context->vm, name, value), NAME);
}

lunette_status lunette_context_get_global(lunette_context *context, const char *name, lunette_value **value) {
    static const char NAME[] = "lunette_context_get_global";
    lunette_bounds bounds = {0};
    if (value)
        *value = NULL;
    if (!name || !value)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `%s` is NULL", NAME, name ? "value" : "name");
    lunette_status status = ln_context_hold_to_run(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    ln_bounds_complete(&bounds);
    return ln_context_let_go(context, ln_machine_get_global(context->vm, name, &bounds, value), NAME);
}

/* --- The rest --- */

void lunette_context_cancel(lunette_context *context) {
    if (context)
        ln_machine_cancel(context->vm);
}

const lunette_error *lunette_context_error(const lunette_context *context) {
    return context ? ln_machine_error(context->vm) : NULL;
}

lunette_status lunette_context_stats(const lunette_context *context, lunette_stats *stats) {
    lunette_stats now;
    if (!context || !stats)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_context_stats: an argument is NULL");
    ln_machine_stats(context->vm, &now);
    return ln_write_sized(stats, &now, sizeof now, "lunette_context_stats: stats->size");
}

/* Changes nothing that a host can see; that the context is held meanwhile, it cannot. */
lunette_status lunette_context_verify(const lunette_context *given) {
    static const char NAME[] = "lunette_context_verify";
    lunette_context *context = (lunette_context *)(uintptr_t)given;
    char why[160] = "";
    lunette_status status = ln_context_hold(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_verify(context->vm, why, sizeof why);
    if (status == LUNETTE_DEFECT)
        return ln_context_let_go_worded(context, ln_failure(status, "%s: %s", NAME, why));
    return ln_context_let_go(context, status, NAME);
}

void lunette_context_set_user_data(lunette_context *context, void *user_data) {
    if (context)
        context->user_data = user_data;
}

void *lunette_context_user_data(const lunette_context *context) {
    return context ? context->user_data : NULL;
}
