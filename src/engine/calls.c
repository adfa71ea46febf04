/* The context as something that functions are called in: references to functions, names of functions, files; and what
 * state it is in. */
#include <string.h>

#include "base/failure.h"
#include "base/os.h"
#include "base/tree.h"
#include "engine/engine.h"
#include "engine/source.h"

/* --- Calling --- */

lunette_status lunette_context_call(lunette_context *context, const lunette_value *function,
                                    const lunette_run_options *options, lunette_value **results) {
    static const char NAME[] = "lunette_context_call";
    if (results)
        *results = NULL;
    if (!function || function->type != LUNETTE_FUNCTION)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `function` is %s", NAME,
                          function ? "no function reference" : "NULL");
    ln_program program = {.function = function};
    return ln_context_run(context, "=call", &program, options, results, NAME);
}

lunette_status lunette_context_call_named(lunette_context *context, const char *path,
                                          const lunette_run_options *options, lunette_value **results) {
    static const char NAME[] = "lunette_context_call_named";
    if (results)
        *results = NULL;
    if (!path)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `path` is NULL", NAME);
    ln_program program = {.path = path};
    return ln_context_run(context, path, &program, options, results, NAME);
}

/* --- Modules --- */

/* The first of a run's results, by itself. */
static lunette_status take_first(lunette_value **results, lunette_value **value) {
    const lunette_value nil = lunette_nil(), *first = lunette_value_at(*results, 0);
    lunette_status status = lunette_value_copy(first ? first : &nil, value);
    lunette_value_free(results);
    return status;
}

static const char *fault_of_import(const char *name, const char *global) {
    if (!name || !*name)
        return "`name` is NULL or empty";
    if (global && !*global)
        return "`global` is empty: NULL makes none";
    return NULL;
}

lunette_status lunette_context_import(lunette_context *context, const char *name, const char *global,
                                      const lunette_run_options *options, lunette_value **value) {
    static const char NAME[] = "lunette_context_import";
    lunette_value *results = NULL;
    if (value)
        *value = NULL;
    const char *fault = fault_of_import(name, global);
    if (fault)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: %s", NAME, fault);
    ln_program program = {.module = name, .global = global};
    lunette_status status =
        ln_context_run(context, "=import", &program, options, value ? &results : NULL, NAME);
    if (status != LUNETTE_OK || !value)
        return status;
    return ln_failure_plain(take_first(&results, value), NAME);
}

/* --- References --- */

lunette_status lunette_context_forget(lunette_context *context, const lunette_value *function) {
    static const char NAME[] = "lunette_context_forget";
    if (!context || !function || function->type != LUNETTE_FUNCTION)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: %s", NAME,
                          context && function ? "`function` is no function reference"
                                              : "an argument is NULL");
    bool inside;
    lunette_status status = ln_context_enter(context, NAME, &inside);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_forget(context->vm, function);
    return ln_context_leave(context, ln_failure_plain(status, NAME), inside);
}

/* The worst that one of them answers; all are given up that can be. */
static lunette_status forget_within(lunette_context *context, const lunette_value *value, int depth) {
    lunette_status first = LUNETTE_OK;
    if (depth > LN_VALUE_DEPTH || !ln_value_is_sound(value))
        return LUNETTE_INVALID_ARGUMENT;
    if (value->type == LUNETTE_FUNCTION)
        return ln_machine_forget(context->vm, value);
    size_t items = value->type == LUNETTE_ARRAY ? value->as.array.count : 0;
    size_t members = value->type == LUNETTE_OBJECT ? value->as.object.count : 0;
    for (size_t i = 0; i < items + members; i++) {
        const lunette_value *inner =
            i < items ? &value->as.array.items[i] : &value->as.object.members[i].value;
        lunette_status status = forget_within(context, inner, depth + 1);
        if (first == LUNETTE_OK)
            first = status;
    }
    return first;
}

lunette_status lunette_context_forget_all(lunette_context *context, const lunette_value *value) {
    static const char NAME[] = "lunette_context_forget_all";
    if (!context || !value)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `%s` is NULL", NAME, context ? "value" : "context");
    bool inside;
    lunette_status status = ln_context_enter(context, NAME, &inside);
    if (status != LUNETTE_OK)
        return status;
    status = forget_within(context, value, 1);
    return ln_context_leave(context, ln_failure_plain(status, NAME), inside);
}

/* --- Files --- */

lunette_status lunette_context_run_file(lunette_context *context, const char *path,
                                        const lunette_run_options *options, lunette_value **results) {
    static const char NAME[] = "lunette_context_run_file";
    ln_source source;
    if (results)
        *results = NULL;
    if (!context || !path)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `%s` is NULL", NAME, path ? "context" : "path");
    lunette_status status = ln_source_read(path, &source, NAME);
    if (status != LUNETTE_OK)
        return status;
    ln_program program = {.text = source.text, .size = source.size};
    status = ln_context_run(context, path, &program, options, results, NAME);
    ln_source_free(&source);
    return status;
}

lunette_status lunette_script_compile_file(lunette_engine *engine, const char *path,
                                           lunette_script **script) {
    static const char NAME[] = "lunette_script_compile_file";
    ln_source source;
    if (script)
        *script = NULL;
    if (!engine || !path || !script)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: an argument is NULL", NAME);
    lunette_status status = ln_source_read(path, &source, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = lunette_script_compile(engine, path, source.text, source.size, script);
    ln_source_free(&source);
    return status;
}

/* --- Between runs --- */

lunette_status lunette_context_collect(lunette_context *context) {
    static const char NAME[] = "lunette_context_collect";
    lunette_status status = ln_context_hold_to_run(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    ln_budget budget = ln_limits_budget(&context->engine->limits);
    return ln_context_let_go(context, ln_machine_collect(context->vm, &budget), NAME);
}

lunette_status lunette_context_clear_error(lunette_context *context) {
    static const char NAME[] = "lunette_context_clear_error";
    lunette_status status = ln_context_hold(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    ln_machine_clear_error(context->vm);
    return ln_context_let_go(context, LUNETTE_OK, NAME);
}

/* --- Asking --- */

const char *lunette_context_message(const lunette_context *context, lunette_status status) {
    const lunette_error *error = status > LUNETTE_OK && context ? ln_machine_error(context->vm) : NULL;
    const char *failure = status < LUNETTE_OK ? lunette_last_failure() : "";
    if (status == LUNETTE_OK)
        return "";
    return error ? error->message : *failure ? failure : lunette_status_text(status);
}

lunette_state lunette_context_state(const lunette_context *context) {
    if (!context || atomic_load_explicit(&context->engine->closed, memory_order_acquire))
        return LUNETTE_STATE_CLOSED;
    if (atomic_load_explicit(&context->busy, memory_order_acquire))
        return LUNETTE_STATE_RUNNING;
    return (lunette_state)atomic_load_explicit(&context->state, memory_order_relaxed);
}

const char *lunette_context_state_name(lunette_state state) {
    switch (state) {
#define STATE_NAME(constant, number, name) \
    case LUNETTE_STATE_##constant:         \
        return name;
        LUNETTE_STATE_MAP(STATE_NAME)
#undef STATE_NAME
    }
    return "unknown";
}

uint64_t lunette_context_age_ns(const lunette_context *context) {
    return context ? ln_os_now() - context->made : 0;
}
