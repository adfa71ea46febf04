/* What the host gives to a context, and does with what it has of one, while nothing runs there: global variables, objects,
 * references.
 *
 * What must be true:
 *   - what is gone is refused as the value of a variable, and what is good is taken, unless memory is short;
 *   - objects are made of types that the context's modules have, and of no other; as the host closes one it is closed, and it
 *     can do that once;
 *   - references are forgotten once; of many, all that are good, and STALE says that some were not. */
#include "host_session.h"

/* --- Global variables --------------------------------------------------------------------------------------------------- */

const char *things_choose_global(void) {
    static const char *const names[] = {"o",    "f",         "t",         "p",   "co",
                                        "mark", "host.wait", "host.open", "t.f", "none"};
    return names[feed_below(the.input, FUZZ_COUNT(names))];
}

lunette_value *things_get_global(seat *s, const char *name) {
    lunette_value *value = NULL;
    seat_enter(s);
    const lunette_status status = lunette_context_get_global(s->context, name, &value);
    seat_leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_VALUE_LIMIT || status == LUNETTE_MEMORY_LIMIT,
                "%s: %s", lunette_status_name(status), lunette_last_failure());
    FUZZ_EXPECT((status == LUNETTE_OK) == (value != NULL), "%s", lunette_status_name(status));
    return value;
}

void things_set_global(seat *s) {
    const char *name = things_choose_global();
    const kept *thing = world_thing(feed_byte(the.input));
    const lunette_value nil = lunette_nil();
    const bool good = thing == NULL || world_is_good(s, thing);
    seat_enter(s);
    const lunette_status status =
        lunette_context_set_global(s->context, name, thing != NULL ? &thing->value : &nil);
    seat_leave(s);
    FUZZ_EXPECT((status == LUNETTE_STALE) == !good, "%s for what is %s", lunette_status_name(status),
                good ? "good" : "gone");
    FUZZ_EXPECT(!good || status == LUNETTE_OK || status == LUNETTE_MEMORY_LIMIT, "%s: %s",
                lunette_status_name(status), lunette_last_failure());
}

void things_read_global(seat *s) {
    lunette_value *value = things_get_global(s, things_choose_global());
    if (value != NULL)
        world_keep_all(s, value);
    lunette_value_free(&value);
}

/* --- Objects and references --------------------------------------------------------------------------------------------- */

void things_make_object(seat *s) {
    lunette_value value = lunette_nil();
    object *made = world_object(s, false);
    if (made == NULL)
        return;
    lunette_status status = lunette_object_make(s->context, &STRANGER, made, &value);
    FUZZ_EXPECT(status == LUNETTE_INVALID_ARGUMENT && value.type == LUNETTE_NIL, "%s",
                lunette_status_name(status));
    EXPECT_STATUS(lunette_object_make(s->context, &ACCOUNT, made, &value), LUNETTE_OK);
    made->given = true;
    const kept *thing = world_keep(s, &value, 0);
    FUZZ_EXPECT(thing == NULL || thing->object == made, "another object");
}

/* Between runs, or from a function that a script of this context calls. */
void things_close(seat *s) {
    const kept *thing = world_thing(feed_byte(the.input));
    if (thing == NULL)
        return;
    world_check_thing(s, thing);
    const bool is_object = thing->value.type == LUNETTE_USERDATA, good = world_is_good(s, thing);
    const lunette_status status = lunette_object_close(s->context, &thing->value);
    EXPECT_STATUS(status, !is_object ? LUNETTE_INVALID_ARGUMENT : good ? LUNETTE_OK : LUNETTE_STALE);
    FUZZ_EXPECT(status != LUNETTE_OK || thing->object->closed == 1, "not closed");
}

/* All that the host has of this context, or of both. */
void things_forget(seat *s) {
    lunette_value values[KEPT];
    bool good = true;
    size_t count = 0;
    const bool others = feed_below(the.input, 4) == 3;
    for (size_t i = 0; i < the.thing_count; i++) {
        kept *thing = &the.things[i];
        if (thing->of != s && !others)
            continue;
        values[count++] = thing->value;
        if (thing->value.type != LUNETTE_FUNCTION)
            continue;
        good = good && world_is_good(s, thing);
        thing->dead = thing->dead || thing->of == s;
    }
    const lunette_value array = lunette_array_of(values, count);
    EXPECT_STATUS(lunette_context_forget_all(s->context, &array), good ? LUNETTE_OK : LUNETTE_STALE);
}
