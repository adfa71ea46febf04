#include "engine/recover.h"

#include "base/failure.h"

lunette_status ln_recover_check(const lunette_context *context, const lunette_run_options *options,
                                const char *function) {
    if ((unsigned)options->recovery > LUNETTE_RECOVER_PROPAGATE)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: options.recovery is %d, which is none", function,
                          (int)options->recovery);
    if ((unsigned)options->trace > LUNETTE_OFF)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: options.trace is %d: default, on or off", function,
                          (int)options->trace);
    lunette_status status =
        options->fallback ? ln_machine_check_value(context->vm, options->fallback) : LUNETTE_OK;
    if (status != LUNETTE_OK)
        return ln_failure(status, "%s: options.fallback is no value that can stand in for a result",
                          function);
    return LUNETTE_OK;
}

/* What the host itself ended, or has to answer, is not a failure. */
static bool is_failure(lunette_status status) {
    return status > LUNETTE_OK && status != LUNETTE_CANCELLED && status != LUNETTE_SUSPENDED;
}

/* A text that is no program will not be one the next time. */
bool ln_recover_again(const lunette_run_options *options, lunette_status status, unsigned done) {
    unsigned most = options->retries == 0 ? 1 : options->retries;
    return options->recovery == LUNETTE_RECOVER_RETRY && is_failure(status) &&
           status != LUNETTE_SYNTAX_ERROR && done <= most;
}

void ln_recover_tell(lunette_context *context, const lunette_run_options *options) {
    const lunette_engine *engine = context->engine;
    if (options->trace == LUNETTE_OFF)
        ln_machine_cut_trace(context->vm, 0);
    else if (options->trace_depth != 0)
        ln_machine_cut_trace(context->vm, options->trace_depth);
    if (engine->on_error)
        engine->on_error(engine->on_error_ud, context, ln_machine_error(context->vm));
}

lunette_status ln_recover_keep(lunette_context *context, const lunette_run_options *options) {
    ln_recover_drop(context);
    context->waited = lunette_run_options_default();
    context->waited.recovery = options->recovery;
    context->waited.trace = options->trace;
    context->waited.trace_depth = options->trace_depth;
    if (options->recovery != LUNETTE_RECOVER_DEFAULT || !options->fallback)
        return LUNETTE_OK;
    lunette_status status = lunette_value_copy(options->fallback, &context->waited_fallback);
    context->waited.fallback = context->waited_fallback;
    if (status != LUNETTE_OK)
        ln_machine_give_up(context->vm);
    return status;
}

void ln_recover_drop(lunette_context *context) {
    lunette_value_free(&context->waited_fallback);
}

static lunette_status stand_in(const lunette_value *items, size_t count, lunette_value **results) {
    lunette_value array = lunette_array_of(items, count);
    return results ? lunette_value_copy(&array, results) : LUNETTE_OK;
}

lunette_status ln_recover(const lunette_run_options *options, lunette_status status,
                          lunette_value **results) {
    lunette_value nil = lunette_nil();
    if (!is_failure(status))
        return status;
    if (options->recovery == LUNETTE_RECOVER_DEFAULT)
        return stand_in(options->fallback ? options->fallback : &nil, 1, results);
    if (options->recovery == LUNETTE_RECOVER_SKIP)
        return stand_in(NULL, 0, results);
    return status;
}
