/* Ways back: snapshots that the host takes and returns to, and the mark by which it is seen that a run with roll_back, which
 * takes one by itself, changed nothing.
 *
 * What must be true:
 *   - none is taken while a run waits; otherwise there is one, unless together they are too large;
 *   - it is returned to, whatever waits, and then what was made since is closed, or refused, but for what modules keep; or it
 *     is STALE, and nothing has changed;
 *   - a variable that was set before a run that was undone is what it was. */
#include "host_session.h"

void snapshot_take(seat *s) {
    uint64_t number = 0;
    const lunette_status status = lunette_snapshot_take(s->context, &number);
    if (s->waits) {
        EXPECT_STATUS(status, LUNETTE_WRONG_STATE);
        return;
    }
    if (status == LUNETTE_EXHAUSTED)
        return; /* together they are too large */
    EXPECT_STATUS(status, LUNETTE_OK);
    const size_t place =
        s->snapshot_count < SNAPSHOTS ? s->snapshot_count++ : feed_below(the.input, SNAPSHOTS);
    if (s->snapshots[place].number != 0)
        (void)lunette_snapshot_drop(s->context, s->snapshots[place].number);
    s->snapshots[place].number = number;
    s->snapshots[place].at = the.now;
}

/* Those of before a reset are gone; their numbers are kept, to be refused. */
void snapshot_restore(seat *s) {
    if (s->snapshot_count == 0)
        return;
    const size_t place = feed_below(the.input, s->snapshot_count);
    seat_enter(s);
    const lunette_status status = lunette_snapshot_restore(s->context, s->snapshots[place].number);
    seat_leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_STALE, "%s: %s", lunette_status_name(status),
                lunette_last_failure());
    if (status != LUNETTE_OK)
        return;
    world_lost(s, s->snapshots[place].at, false);
    seat_give_up(s);
    fuzz_count("restored");
}

bool snapshot_mark(seat *s, int64_t *mark) {
    const lunette_value value = lunette_integer((int64_t)++the.now);
    seat_enter(s);
    const lunette_status status = lunette_context_set_global(s->context, "mark", &value);
    seat_leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_MEMORY_LIMIT, "%s: %s", lunette_status_name(status),
                lunette_last_failure());
    *mark = value.as.integer;
    return status == LUNETTE_OK;
}

void snapshot_check_mark(seat *s, int64_t mark) {
    lunette_value *value = things_get_global(s, "mark");
    FUZZ_EXPECT(value == NULL || (value->type == LUNETTE_INTEGER && value->as.integer == mark),
                "a run that was undone has changed a variable: it is %s, %lld instead of %lld",
                lunette_type_name(value->type), (long long)value->as.integer, (long long)mark);
    lunette_value_free(&value);
}
