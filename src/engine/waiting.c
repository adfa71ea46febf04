/* Contexts that wait for an answer of the host: resumed, or dropped. */
#include <string.h>

#include "base/failure.h"
#include "engine/engine.h"
#include "engine/recover.h"

/* Holds a context that waits for the answer with this token. */
static lunette_status hold_waiting(lunette_context *context, uint64_t token, const char *function) {
    lunette_status status = ln_context_hold_to_run(context, function);
    if (status != LUNETTE_OK)
        return status;
    if (!context->vm->waiting.is)
        status = ln_failure(LUNETTE_WRONG_STATE, "%s: the context does not wait for an answer", function);
    else if (token != context->vm->token)
        status = ln_failure(LUNETTE_STALE, "%s: `token` is of another wait, which is over", function);
    return status == LUNETTE_OK ? status : ln_context_let_go_worded(context, status);
}

static lunette_status check_answer(const lunette_context *context, const lunette_answer *answer,
                                   const char *function) {
    for (size_t i = 0; i < answer->count; i++) {
        lunette_status status = ln_machine_check_value(context->vm, &answer->values[i]);
        if (status != LUNETTE_OK)
            return ln_failure(status, "%s: values[%zu] is no value that can be given to this script",
                              function, i);
    }
    return LUNETTE_OK;
}

static lunette_status go_on(lunette_context *context, uint64_t token, const lunette_answer *answer,
                            lunette_value **results, const char *function) {
    if (results)
        *results = NULL;
    lunette_status status = hold_waiting(context, token, function);
    if (status != LUNETTE_OK)
        return status;
    status = check_answer(context, answer, function);
    if (status != LUNETTE_OK)
        return ln_context_let_go_worded(context, status);
    status = ln_machine_resume(context->vm, answer, results);
    ln_context_count(context, status);
    if (status > LUNETTE_OK && status != LUNETTE_SUSPENDED) {
        ln_recover_tell(context, &context->waited);
        status = ln_recover(&context->waited, status, results);
    }
    if (status != LUNETTE_SUSPENDED)
        ln_recover_drop(context);
    if (context->vm->rolls_back)
        ln_machine_unsecure(context->vm);
    return ln_context_let_go(context, status, function);
}

lunette_status lunette_context_resume(lunette_context *context, uint64_t token, const lunette_value *values,
                                      size_t count, lunette_value **results) {
    static const char NAME[] = "lunette_context_resume";
    lunette_answer answer = {.values = values, .count = count};
    if (results)
        *results = NULL;
    if (count > 0 && !values)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `values` is NULL, but `count` is %zu", NAME, count);
    return go_on(context, token, &answer, results, NAME);
}

lunette_status lunette_context_resume_error(lunette_context *context, uint64_t token, const char *message,
                                            lunette_value **results) {
    static const char NAME[] = "lunette_context_resume_error";
    lunette_answer answer = {.error = message};
    if (results)
        *results = NULL;
    if (!message)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `message` is NULL", NAME);
    return go_on(context, token, &answer, results, NAME);
}

lunette_status lunette_context_drop(lunette_context *context, uint64_t token) {
    static const char NAME[] = "lunette_context_drop";
    lunette_status status = hold_waiting(context, token, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_give_up(context->vm);
    ln_context_trim(context);
    return ln_context_let_go(context, status, NAME);
}

lunette_status lunette_context_token(lunette_context *context, uint64_t *token) {
    static const char NAME[] = "lunette_context_token";
    if (!token)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `token` is NULL", NAME);
    lunette_status status = ln_context_hold(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    if (!context->vm->waiting.is)
        return ln_context_let_go_worded(
            context, ln_failure(LUNETTE_WRONG_STATE, "%s: the context does not wait for an answer", NAME));
    *token = context->vm->token;
    return ln_context_let_go_worded(context, LUNETTE_OK);
}
