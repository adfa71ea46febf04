/* A host's session: what a host does with contexts of tenants, in any order, and what their scripts do with the host.
 *
 * An input is a sequence of choices, each a byte: which tenants, then one step of the host's after another, on one of two
 * contexts: running a script (host_script.c), resuming and dropping what waits, calling and forgetting references, objects
 * given and taken back, snapshots, modules imported, resets. Scripts call functions of the host (host_functions.c) that wait,
 * call back, keep things, fail, and go on with the other context meanwhile. Every eighth input is about descriptions
 * instead (host_describe.c). Here is what an input is, and which step comes next; each kind of step has a room of its own
 * (host_session.h), that says in full what must be true of it.
 *
 * What must be true, whatever the order:
 *   - each object that a context was given is closed exactly once, at the latest with its reset, its kill or its release;
 *     one that it was refused never is. So is what modules keep. No handle leads to a closed object;
 *   - every call answers a status that its header names, and that follows from what is known: a run that waits is resumed
 *     by its own token alone, what waits runs nothing else, references are good until they are forgotten, reset, killed
 *     or undone, and STALE then, also in the other context; no function is called in the place of another;
 *   - an answer reaches the wait that it is for; an error that is passed through the host is the same error;
 *   - once lunette_call_invoke() has said why a run was ended, all other functions say so, no script runs any more, and the
 *     run ends like that;
 *   - a run with roll_back that failed, or was dropped, has changed nothing;
 *   - after a kill, a drop and a reset the arena equals its image;
 *   - nothing runs in a tenant's context that it may not require, or is not permitted; what it may, it gets;
 *   - the errors that on_error is told are the runs that failed; what tenants used adds up to that of their runs. */
#include "host_describe.h"
#include "host_session.h"

enum { STEPS = 24, RUNS_FROM = 24 };

/* --- Steps -------------------------------------------------------------------------------------------------------------------- */

static void step(seat *s) {
    const size_t kind = feed_below(the.input, 32);
    if (s->waits && kind > RUNS_FROM) {
        wait_resume(s, kind == RUNS_FROM + 1);
        return;
    }
    switch (kind) {
    case 1:
        seat_reset_and_keep(s);
        return;
    case 2:
    case 3:
    case 4:
    case 5:
        wait_resume(s, false);
        return;
    case 6:
        wait_resume(s, true);
        return;
    case 7:
        wait_drop(s);
        return;
    case 8:
    case 9:
        run_function(s);
        return;
    case 10:
        run_named(s);
        return;
    case 11:
        run_import(s);
        return;
    case 12:
        things_set_global(s);
        return;
    case 13:
        things_read_global(s);
        return;
    case 14:
        things_make_object(s);
        return;
    case 15:
        things_close(s);
        return;
    case 16:
        things_forget(s);
        return;
    case 17:
        seat_collect(s);
        return;
    case 18:
        snapshot_take(s);
        return;
    case 19:
        snapshot_restore(s);
        return;
    case 20:
        seat_release(s);
        seat_acquire(s);
        return;
    case 21:
        tenant_change_limits(s);
        return;
    case 22:
        tenant_ask_too_much(s);
        return;
    case 23:
        tenant_check_reach(s);
        return;
    case RUNS_FROM:
        describe_tenant(s->at);
        return;
    default:
        run_script(s);
    }
}

/* The context whose script calls the host is in use: nothing happens to it. */
static void check_busy(seat *s) {
    lunette_value *results = NULL;
    lunette_context *context = s->context;
    const lunette_value nil = lunette_nil();
    uint64_t number = 0;
    EXPECT_STATUS(lunette_context_run(context, "=no", "return 1", SIZE_MAX, NULL, &results), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_reset(context), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_release(&context), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_resume(context, s->token, NULL, 0, &results), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_drop(context, s->token), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_collect(context), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_set_global(context, "o", &nil), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_get_global(context, "o", &results), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_import(context, "lib", NULL, NULL, &results), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_verify(context), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_context_token(context, &number), LUNETTE_BUSY);
    EXPECT_STATUS(lunette_snapshot_take(context, &number), LUNETTE_BUSY);
    FUZZ_EXPECT(context == s->context && results == NULL, "a context in use is gone");
    FUZZ_EXPECT(lunette_context_state(context) == LUNETTE_STATE_RUNNING, "it does not run");
}

void session_inside(seat *of, uint8_t what) {
    seat *other = seat_other(of);
    if (what % 4 == 0)
        check_busy(of);
    else if (what % 4 == 1)
        things_close(of);
    else if (other->context == NULL || other->inside)
        return;
    else
        step(other);
}

/* --- One input ---------------------------------------------------------------------------------------------------------------- */

static void open_seats(lunette_usage before[SEATS]) {
    const size_t engine = feed_below(the.input, ENGINES);
    world_begin();
    for (size_t i = 0; i < SEATS; i++)
        the.seats[i].at = world_tenant(engine, feed_below(the.input, TENANTS));
    for (size_t i = 0; i < SEATS; i++)
        tenant_usage(&the.seats[i], &before[i]);
    for (size_t i = 0; i < SEATS; i++)
        seat_acquire(&the.seats[i]);
}

static void close_seats(const lunette_usage before[SEATS]) {
    for (size_t i = 0; i < SEATS; i++) {
        seat_check_refused(&the.seats[i]);
        if (feed_below(the.input, 2) == 0)
            seat_reset(&the.seats[i]);
        seat_release(&the.seats[i]);
    }
    for (size_t i = 0; i < SEATS; i++) {
        const lunette_limits limits = lunette_limits_default();
        EXPECT_STATUS(lunette_tenant_set_limits(the.seats[i].at->tenant, &limits), LUNETTE_OK);
    }
    tenant_check_usage(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    feed from = {data, size};
    lunette_usage before[SEATS];
    if (size == 0 || size > TEXT_MOST)
        return -1;
    the.input = &from;
    if (feed_byte(&from) % 8 == 7) {
        describe_module(&from);
        return 0;
    }
    open_seats(before);
    for (int i = 0; i < STEPS && from.left > 0; i++)
        step(&the.seats[feed_below(&from, 8) == 7 ? 1 : 0]);
    close_seats(before);
    return 0;
}
