/* Waits, from both sides: functions that ask for one while a script calls them, and the host that gives the answer later, or
 * drops the run.
 *
 * What must be true:
 *   - no two waits have the same token, in whatever context; a run that waits is resumed and dropped by its own alone: STALE
 *     answers another, WRONG_STATE any where nothing waits;
 *   - an answer with what is gone in it is refused, and the run waits on;
 *   - the answer comes to the wait that it is for, as it was given; an error comes as an error;
 *   - where nobody may wait (a template, a function that is not described so), asking is an error in the script;
 *   - what a dropped run was given is closed; the context is as before the run if it was to be rolled back, else as new. */
#include <string.h>

#include "host_functions.h"
#include "host_session.h"

/* --- Asking ------------------------------------------------------------------------------------------------------------- */

/* No two waits have the same, in whatever context. */
static void note_token(uint64_t token) {
    for (size_t i = 0; i < the.token_count && i < TOKENS; i++)
        FUZZ_EXPECT(token != the.tokens[i], "a token twice");
    the.tokens[the.token_count++ % TOKENS] = token;
}

lunette_status wait_ask(lunette_call *call, seat *of) {
    uint64_t token = 0;
    const lunette_status status = lunette_call_suspend(call, &token);
    FUZZ_EXPECT(status == LUNETTE_SUSPENDED || status == LUNETTE_RUNTIME_ERROR, "%s",
                lunette_status_name(status));
    FUZZ_EXPECT(of != NULL || status != LUNETTE_SUSPENDED, "a template waits");
    if (status == LUNETTE_SUSPENDED) {
        if (token != of->asked) /* who asks twice in one call is told the same twice */
            note_token(token);
        of->asked = token;
    }
    return status;
}

lunette_status do_wait(void *ud, lunette_call *call) {
    seat *of = call_seat(call);
    lunette_status status;
    (void)ud;
    if (of != NULL)
        of->answered = false;
    switch (call_how(call, 1)) {
    case 1: /* has asked, and thinks better of it */
        status = wait_ask(call, of);
        if (status != LUNETTE_SUSPENDED)
            return status;
        of->asked = 0;
        of->answered = of->answer_known = true;
        of->answer = (int64_t)++the.now;
        return lunette_return_integer(call, of->answer);
    case 2:
        status = wait_ask(call, of);
        if (of != NULL)
            of->asked = 0;
        return status == LUNETTE_SUSPENDED ? lunette_call_fail(call, "not after all") : status;
    case 3: /* without having asked: an error in the script */
        return LUNETTE_SUSPENDED;
    case 4: /* what it gives is dropped */
        (void)lunette_return_integer(call, -1);
        return wait_ask(call, of);
    case 5:
        status = wait_ask(call, of);
        return status == LUNETTE_SUSPENDED ? wait_ask(call, of) : status;
    default:
        return wait_ask(call, of);
    }
}

/* Not described as one that suspends. */
lunette_status do_undeclared(void *ud, lunette_call *call) {
    (void)ud, (void)call_seat(call);
    const lunette_status status = lunette_call_suspend(call, NULL);
    FUZZ_EXPECT(status == LUNETTE_RUNTIME_ERROR, "%s", lunette_status_name(status));
    return status;
}

/* --- Answering ---------------------------------------------------------------------------------------------------------- */

/* Its token, as a rule; or one that is another's, or of before. */
static uint64_t choose_token(const seat *s) {
    switch (feed_below(the.input, 8)) {
    case 6:
        return seat_other(s)->token;
    case 7:
        return s->token - 1;
    default:
        return s->token;
    }
}

static lunette_status refusal_of_token(const seat *s, uint64_t token) {
    return !s->waits ? LUNETTE_WRONG_STATE : token != s->token ? LUNETTE_STALE : LUNETTE_OK;
}

void wait_resume(seat *s, bool with_error) {
    const uint64_t token = choose_token(s);
    const kept *thing = world_thing(feed_byte(the.input));
    lunette_value *results = NULL;
    lunette_value values[] = {lunette_integer((int64_t)++the.now), lunette_nil(), lunette_text("x")};
    const bool gives = !with_error && thing != NULL && feed_below(the.input, 2) == 1;
    if (gives)
        values[1] = thing->value;
    lunette_status refusal = refusal_of_token(s, token);
    if (refusal == LUNETTE_OK && gives && !world_is_good(s, thing))
        refusal = LUNETTE_STALE;
    if (refusal == LUNETTE_OK) {
        s->asked = 0;
        s->answered = true;
        s->answer_known = !with_error;
        s->answer = values[0].as.integer;
    }
    seat_enter(s);
    const lunette_status status =
        with_error ? lunette_context_resume_error(s->context, token, "the answer is: no", &results)
                   : lunette_context_resume(s->context, token, values, FUZZ_COUNT(values), &results);
    seat_leave(s);
    if (refusal != LUNETTE_OK) {
        FUZZ_EXPECT(status == refusal && results == NULL, "%s instead of %s: %s", lunette_status_name(status),
                    lunette_status_name(refusal), lunette_last_failure());
        return;
    }
    fuzz_count("resumed");
    FUZZ_EXPECT(status >= LUNETTE_OK, "%s: %s", lunette_status_name(status), lunette_last_failure());
    judge_run(s, status, results);
    judge_finish(s, status);
    lunette_value_free(&results);
}

void wait_drop(seat *s) {
    const uint64_t token = choose_token(s);
    const lunette_status refusal = refusal_of_token(s, token);
    seat_enter(s);
    const lunette_status status = lunette_context_drop(s->context, token);
    seat_leave(s);
    EXPECT_STATUS(status, refusal);
    if (status != LUNETTE_OK)
        return;
    world_lost(s, s->rolls_back ? s->began : 0, !s->rolls_back);
    if (!s->rolls_back)
        EXPECT_STATUS(lunette_context_verify(s->context), LUNETTE_OK);
    seat_give_up(s);
    fuzz_count("dropped");
}

/* --- What came ---------------------------------------------------------------------------------------------------------- */

/* Is called with what a wait gave. */
lunette_status do_seen(void *ud, lunette_call *call) {
    int64_t value = -1;
    seat *of = call_seat(call);
    (void)ud;
    if (of == NULL || !of->answered || !call_is_meant(call))
        return LUNETTE_OK;
    of->answered = false;
    FUZZ_EXPECT(of->answer_known, "an error was the answer, and is none");
    FUZZ_EXPECT(lunette_arg_integer(call, 2, &value) == LUNETTE_OK && value == of->answer,
                "%lld was answered, %lld came", (long long)of->answer, (long long)value);
    return LUNETTE_OK;
}

/* With what pcall of a wait gave. */
lunette_status do_failed(void *ud, lunette_call *call) {
    bool fine = false;
    int64_t value = -1;
    const char *text = "";
    seat *of = call_seat(call);
    (void)ud;
    if (of == NULL || !of->answered || !call_is_meant(call))
        return LUNETTE_OK;
    of->answered = false;
    (void)lunette_arg_boolean(call, 2, &fine);
    FUZZ_EXPECT(!fine || of->answer_known, "an error was answered, and there is none");
    if (fine) {
        FUZZ_EXPECT(lunette_arg_integer(call, 3, &value) == LUNETTE_OK && value == of->answer,
                    "%lld was answered, %lld came", (long long)of->answer, (long long)value);
        return LUNETTE_OK;
    }
    /* Where memory is short the words are those of that. */
    (void)lunette_arg_string_or(call, 3, "", &text, NULL);
    FUZZ_EXPECT((strstr(text, "the answer is") != NULL && !of->answer_known) ||
                    strstr(text, "memory") != NULL || strstr(text, "limit") != NULL ||
                    strstr(text, "overflow") != NULL,
                "another error came: %s", text);
    return LUNETTE_OK;
}
