/* What a call that runs something has answered, held against what is known: of a run, and of each piece of one that waits.
 *
 * What must be true:
 *   - there are results where the run ended well, and only there;
 *   - on_error was told of a run that failed, in an error with the status that the call then answers; one that was skipped,
 *     or tried again, may have ended well after that;
 *   - once lunette_call_invoke() has said why a run was ended, it ends like that;
 *   - a run that waits has the token that was given last, and no error; no other run has a token;
 *   - of what was undone nothing is left, and nothing at all in the context after a kill, or after a fault of the VM, whatever
 *     was to be undone: objects are closed as on_error is told, references are refused; after a kill the arena equals its image.
 * Whether a script that was in its grace time has ended by itself cannot be told: its context is reset. */
#include "host_describe.h"
#include "host_session.h"

bool judge_ended_from_outside(lunette_status status) {
    return status == LUNETTE_TIME_LIMIT || status == LUNETTE_CPU_LIMIT ||
           status == LUNETTE_INSTRUCTION_LIMIT || status == LUNETTE_OUTPUT_LIMIT ||
           status == LUNETTE_HOST_CALL_LIMIT || status == LUNETTE_HOST_TIME_LIMIT ||
           status == LUNETTE_CANCELLED || status == LUNETTE_VM_FAULT;
}

static lunette_stats figures_of(const seat *s) {
    lunette_stats stats = {.size = sizeof stats};
    FUZZ_EXPECT(lunette_context_stats(s->context, &stats) == LUNETTE_OK, "no figures");
    FUZZ_EXPECT(stats.memory_committed <= stats.memory_limit, "%llu committed, limit %llu",
                (unsigned long long)stats.memory_committed, (unsigned long long)stats.memory_limit);
    return stats;
}

/* What a failed run costs is known as it fails: a next attempt may begin. */
void judge_told(void *ud, lunette_context *context, const lunette_error *error) {
    seat *of = lunette_context_user_data(context);
    (void)ud;
    FUZZ_EXPECT(of != NULL && of->inside, "an error of nobody's");
    FUZZ_EXPECT(error != NULL, "a failure without an error");
    FUZZ_EXPECT(error->code > LUNETTE_OK, "the error says %s", lunette_status_name(error->code));
    of->told++;
    of->told_status = error->code;
    if (of->rolls_back && error->code != LUNETTE_VM_FAULT)
        world_lost(of, of->began, false);
    else if (judge_ended_from_outside(error->code) && !of->with_grace)
        world_lost(of, 0, true);
    tenant_charge_run(of, error->code);
    FUZZ_EXPECT(of->gone == LUNETTE_OK || of->gone == error->code,
                "the host was told %s, and the run ended as %s", lunette_status_name(of->gone),
                lunette_status_name(error->code));
    of->gone = LUNETTE_OK;
    of->asked = 0;
    of->began = the.now;
}

static void judge_waiting(seat *s) {
    uint64_t token = 0;
    s->waits = true;
    s->token = s->asked;
    FUZZ_EXPECT(s->asked != 0, "nobody has asked to wait");
    EXPECT_STATUS(lunette_context_token(s->context, &token), LUNETTE_OK);
    FUZZ_EXPECT(token == s->token, "token %llu, given was %llu", (unsigned long long)token,
                (unsigned long long)s->token);
    FUZZ_EXPECT(lunette_context_state(s->context) == LUNETTE_STATE_SUSPENDED, "it does not wait");
    FUZZ_EXPECT(lunette_context_error(s->context) == NULL, "an error, and it waits");
    s->figures = figures_of(s);
    tenant_charge_run(s, LUNETTE_SUSPENDED);
}

static void judge_error(const seat *s, const lunette_error *error, lunette_status status) {
    FUZZ_EXPECT(error != NULL && error->message != NULL, "no error that says %s",
                lunette_status_name(status));
    FUZZ_EXPECT(error->code == s->told_status, "the error says %s, the host was told %s",
                lunette_status_name(error->code), lunette_status_name(s->told_status));
    FUZZ_EXPECT(status == LUNETTE_OK || error->code == status, "the error says %s, the run %s",
                lunette_status_name(error->code), lunette_status_name(status));
    FUZZ_EXPECT(error->value == NULL || error->code == LUNETTE_RUNTIME_ERROR, "%s with a value",
                lunette_status_name(error->code));
    FUZZ_EXPECT(error->frame_count == 0 || error->frames != NULL, "%zu frames", error->frame_count);
}

/* The errors of a run that failed are judge_told()'s business; here is what is left of it. */
static void judge_failure(seat *s, lunette_status status) {
    const lunette_error *error = lunette_context_error(s->context);
    judge_error(s, error, status);
    describe_error(error);
    if (error->value != NULL)
        world_keep_all(s, error->value);
    /* Of what was undone, or killed, nothing is left. */
    if (s->rolls_back || judge_ended_from_outside(error->code))
        for (size_t i = 0; i < the.thing_count; i++)
            if (the.things[i].of == s && the.things[i].value.type == LUNETTE_FUNCTION &&
                !the.things[i].dead && the.things[i].born > s->began && !s->with_grace)
                the.things[i].dead = true;
    if (judge_ended_from_outside(error->code) && !s->with_grace && !s->rolls_back)
        EXPECT_STATUS(lunette_context_verify(s->context), LUNETTE_OK);
}

/* What a call that runs something has answered. */
void judge_run(seat *s, lunette_status status, lunette_value *results) {
    uint64_t token;
    FUZZ_EXPECT(results == NULL || status == LUNETTE_OK, "results and %s", lunette_status_name(status));
    fuzz_count(lunette_status_name(status));
    if (s->told > 0 && s->retries)
        the.sums_unknown = true;
    if (status == LUNETTE_SUSPENDED) {
        judge_waiting(s);
        return;
    }
    s->waits = false;
    EXPECT_STATUS(lunette_context_token(s->context, &token), LUNETTE_WRONG_STATE);
    const lunette_error *error = lunette_context_error(s->context);
    FUZZ_EXPECT(status <= LUNETTE_OK || s->told > 0, "%s, and the host was not told",
                lunette_status_name(status));
    FUZZ_EXPECT(s->gone == LUNETTE_OK, "the host was told %s, and the run ended as %s",
                lunette_status_name(s->gone), lunette_status_name(status));
    if (error != NULL)
        judge_failure(s, status);
    if (error == NULL)
        tenant_charge_run(s, status);
    const lunette_stats stats = figures_of(s);
    if (status >= LUNETTE_OK)
        tenant_charge_figures(s, &stats);
    if (results != NULL)
        world_keep_all(s, results);
}

void judge_finish(seat *s, lunette_status status) {
    if (status == LUNETTE_SUSPENDED)
        return;
    /* Whether a script has ended by itself in its grace time cannot be told. */
    if (s->told > 0 && s->with_grace && judge_ended_from_outside(s->told_status))
        seat_reset(s);
    s->rolls_back = false;
}
