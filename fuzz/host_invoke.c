/* Functions that call back into the script that called them.
 *
 * What must be true:
 *   - there are results where the call ended well and they are wanted, and only there;
 *   - once lunette_call_invoke() has said why the run was ended, no script runs any more in this context, and whatever the
 *     function asks for then is answered with the same status, until it returns;
 *   - a call that fails by itself ends nothing: the function may pass it on, or call again;
 *   - the reference that it came with is forgotten once, unless it has gone with the run. */
#include "host_functions.h"
#include "host_session.h"

/* No script runs any more in this context, and nothing else is answered either. */
static void check_gone(lunette_call *call, seat *of, const lunette_value *function, lunette_status status) {
    lunette_value *results = NULL;
    int64_t integer;
    FUZZ_EXPECT(lunette_call_invoke(call, function, NULL, 0, NULL, &results) == status && results == NULL,
                "a script that was ended is called");
    FUZZ_EXPECT(lunette_return_integer(call, 1) == status, "a result after the end");
    object *made = world_object(of, false);
    FUZZ_EXPECT(made == NULL || lunette_return_object(call, &ACCOUNT, made) == status,
                "an object after the end");
    FUZZ_EXPECT(lunette_arg_integer(call, 1, &integer) == status, "an argument after the end");
    of->gone = status;
    fuzz_count("gone");
}

static bool is_answer_of_invoke(lunette_status status) {
    return status == LUNETTE_OK || status == LUNETTE_RUNTIME_ERROR || status == LUNETTE_MEMORY_LIMIT ||
           status == LUNETTE_VALUE_LIMIT || judge_ended_from_outside(status);
}

static lunette_status invoke_once(lunette_call *call, seat *of, const lunette_value *function, int64_t kind) {
    static const lunette_bounds narrow = {.depth = 2, .items = 4, .bytes = 300};
    lunette_value *results = NULL;
    const kept *thing = world_thing((size_t)kind);
    lunette_value arguments[2] = {lunette_integer(kind), lunette_text("x")};
    const bool gives = kind % 3 == 0 && thing != NULL && thing->of == of &&
                       thing->value.type == LUNETTE_FUNCTION && !thing->dead;
    if (gives)
        arguments[1] = thing->value;
    const lunette_status status = lunette_call_invoke(call, function, arguments, 2, kind & 4 ? &narrow : NULL,
                                                      kind & 8 ? NULL : &results);
    FUZZ_EXPECT(is_answer_of_invoke(status), "%s: %s", lunette_status_name(status),
                lunette_call_message(call));
    FUZZ_EXPECT((results != NULL) == (status == LUNETTE_OK && !(kind & 8)), "results and %s",
                lunette_status_name(status));
    if (results != NULL)
        world_keep_all(of, results);
    if (judge_ended_from_outside(status) && !of->with_grace)
        check_gone(call, of, function, status);
    lunette_value_free(&results);
    fuzz_count(status == LUNETTE_OK ? "invoked" : "invoked-failed");
    return status;
}

static lunette_status invoke_kept(lunette_call *call, seat *of, const lunette_value *function, int64_t kind) {
    lunette_status status = invoke_once(call, of, function, kind);
    switch (kind & 3) {
    case 0:
        return status; /* passed on, whatever it is */
    case 1:
        return of->gone != LUNETTE_OK ? LUNETTE_OK : lunette_return_boolean(call, status == LUNETTE_OK);
    case 2:
        if (of->gone == LUNETTE_OK)
            status = invoke_once(call, of, function, kind ^ 8);
        return status;
    default:
        /* Looks at an argument behind what the script may have changed. */
        if (of->gone == LUNETTE_OK && lunette_call_type(call, 3) == LUNETTE_NIL)
            return lunette_call_fail(call, "nothing behind it, and %s", lunette_status_name(status));
        return LUNETTE_OK;
    }
}

lunette_status do_invoke(void *ud, lunette_call *call) {
    lunette_value function;
    seat *of = call_seat(call);
    const int64_t kind = call_how(call, 1);
    (void)ud;
    lunette_status status = lunette_arg_function(call, 2, &function);
    if (status != LUNETTE_OK || of == NULL)
        return status;
    if (the.depth > 12)
        return lunette_context_forget(of->context, &function);
    the.depth++;
    status = invoke_kept(call, of, &function, kind);
    the.depth--;
    /* With the run the reference has gone, or goes. */
    if (of->gone == LUNETTE_OK)
        FUZZ_EXPECT(lunette_context_forget(of->context, &function) == LUNETTE_OK, "%s",
                    lunette_last_failure());
    return status;
}
