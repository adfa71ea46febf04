/* Seats: the context of a tenant, from its acquisition to its release, and what is done to it as a whole.
 *
 * What must be true:
 *   - a context that was acquired for a tenant is that tenant's;
 *   - a reset closes all that the context was given, ends what waits, leaves no error, and an arena that equals its image;
 *   - a release closes all that, too, and takes the context from the host;
 *   - a collection closes what no script got a handle of;
 *   - references of before are refused, and nothing runs, also where the host has got new ones since, perhaps in their
 *     places.
 * What is done while a script of the other seat calls the host may be ended with that script: it is on its deadlines, too. */
#include "host_session.h"

seat *seat_other(const seat *s) {
    return &the.seats[s == the.seats ? 1 : 0];
}

/* --- Calls into a context ----------------------------------------------------------------------------------------------- */

void seat_enter(seat *s) {
    s->inside = true;
    s->told = 0;
    s->gone = LUNETTE_OK;
}

void seat_leave(seat *s) {
    s->inside = false;
    world_check_objects();
}

/* A run that waited does not any more, and was not resumed. */
void seat_give_up(seat *s) {
    if (s->waits)
        tenant_charge_figures(s, &s->figures);
    s->waits = s->rolls_back = false;
    s->asked = 0;
}

/* --- As a whole --------------------------------------------------------------------------------------------------------- */

void seat_reset(seat *s) {
    seat_enter(s);
    EXPECT_STATUS(lunette_context_reset(s->context), LUNETTE_OK);
    seat_leave(s);
    world_lost(s, 0, true);
    seat_give_up(s);
    EXPECT_STATUS(lunette_context_verify(s->context), LUNETTE_OK);
    FUZZ_EXPECT(lunette_context_error(s->context) == NULL, "an error after a reset");
}

void seat_acquire(seat *s) {
    EXPECT_STATUS(lunette_context_acquire_for(s->at->tenant, 0, &s->context), LUNETTE_OK);
    the.expected[s - the.seats].acquires++;
    lunette_context_set_user_data(s->context, s);
    s->snapshot_count = 0;
    FUZZ_EXPECT(lunette_context_tenant(s->context) == s->at->tenant, "another tenant's");
}

void seat_release(seat *s) {
    seat_enter(s);
    EXPECT_STATUS(lunette_context_release(&s->context), LUNETTE_OK);
    seat_leave(s);
    FUZZ_EXPECT(s->context == NULL, "released, and still there");
    world_lost(s, 0, true);
    world_check_all_closed(s);
    seat_give_up(s);
}

/* What runs in another context inside a run is on the deadlines of that run, too. */
static bool ended_with_other(seat *s, lunette_status status) {
    if (!seat_other(s)->inside || !judge_ended_from_outside(status))
        return false;
    world_lost(s, 0, true);
    seat_give_up(s);
    return true;
}

void seat_collect(seat *s) {
    seat_enter(s);
    const lunette_status status = lunette_context_collect(s->context);
    seat_leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_TIME_LIMIT || status == LUNETTE_MEMORY_LIMIT ||
                    ended_with_other(s, status),
                "%s: %s", lunette_status_name(status), lunette_last_failure());
    if (status == LUNETTE_OK)
        world_check_unheld(s);
    if (status == LUNETTE_TIME_LIMIT) {
        world_lost(s, 0, true);
        seat_give_up(s);
    }
}

/* --- What is gone ------------------------------------------------------------------------------------------------------- */

/* Each reference that the host has: those that are gone are refused, and nothing runs. */
void seat_check_refused(seat *s) {
    for (size_t i = 0; i < the.thing_count; i++) {
        const kept *thing = &the.things[i];
        lunette_value *results = NULL;
        if (thing->value.type != LUNETTE_FUNCTION || world_is_good(s, thing))
            continue;
        seat_enter(s);
        const lunette_status status = lunette_context_call(s->context, &thing->value, NULL, &results);
        seat_leave(s);
        EXPECT_STATUS(status, s->waits ? LUNETTE_WRONG_STATE : LUNETTE_STALE);
        FUZZ_EXPECT(results == NULL && s->told == 0, "a function that is gone was called");
    }
}

/* The host gets new references, perhaps in the places of old ones: those are refused still. */
void seat_reset_and_keep(seat *s) {
    static const char text[] =
        "host.keep(271828, 0, print) host.keep(271828, 0, type) host.keep(271828, 0, next)";
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    seat_reset(s);
    if (seat_other(s)->inside)
        return; /* it would be ended with that */
    limits.wall_ns = 10000 * MILLISECOND;
    options.limits = &limits;
    s->with_grace = s->rolls_back = s->retries = false;
    seat_enter(s);
    const lunette_status status =
        lunette_context_run(s->context, "=keep", text, sizeof text - 1, &options, NULL);
    seat_leave(s);
    EXPECT_STATUS(status, LUNETTE_OK);
    judge_run(s, status, NULL);
    seat_check_refused(s);
}
