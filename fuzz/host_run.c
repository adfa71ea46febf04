/* Runs: of a script, of a function that the host has a reference to, of what a global variable names, of a module that is
 * imported; with limits, arguments and options that the input chooses.
 *
 * What must be true:
 *   - whether it may run at all is known before: not while a run waits, and not with what is gone, be it the function or an
 *     argument. It is refused with the status that says so then, and nothing has run;
 *   - no function is called in the place of another: each says its number as it is called;
 *   - what was imported is there for this tenant;
 *   - a run with roll_back that failed has changed nothing (host_snapshots.c).
 * All else is what must be true of any answer (host_judge.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_script.h"
#include "host_session.h"

enum { INSTRUCTIONS = 3000 };
#define MICROSECOND UINT64_C(1000)

/* --- With what ---------------------------------------------------------------------------------------------------------- */

typedef struct settings {
    lunette_limits limits;
    lunette_run_options options;
    lunette_value arguments[2];
    bool marked; /* the global variable `mark` is this, until a run changes it: */
    int64_t mark;
    const kept *given; /* among the arguments; NULL: none is */
    bool good;         /* the arguments are */
    bool with_grace;
} settings;

static void choose_limits(settings *set, const seat *s) {
    lunette_limits *limits = &set->limits;
    *limits = lunette_limits_default();
    limits->wall_ns = 20 * MILLISECOND;
    limits->instructions = INSTRUCTIONS;
    /* What runs inside another run ends as that does, if it does first. */
    set->with_grace = seat_other(s)->inside && seat_other(s)->with_grace;
    switch (feed_below(the.input, 14)) {
    case 1:
        limits->instructions = LUNETTE_UNLIMITED;
        limits->wall_ns = 200 * MICROSECOND;
        break;
    case 2:
        limits->host_calls = 1 + feed_below(the.input, 12);
        break;
    case 3:
        limits->output_bytes = 16;
        break;
    case 4:
        limits->allocations = 1 + feed_below(the.input, 200);
        break;
    case 5:
        limits->stack_depth = 8;
        limits->string_bytes = 256;
        break;
    case 6:
        limits->total_ns = 100 * MICROSECOND;
        break;
    case 7:
        limits->host_ns = 30 * MICROSECOND;
        break;
    case 8:
        limits->instructions = 100 + feed_below(the.input, 400);
        limits->grace_ns = 100 * MICROSECOND;
        set->with_grace = true;
        break;
    case 9:
        limits->instructions = 50 + feed_below(the.input, 1000);
        break;
    default:
        break;
    }
}

static void choose_arguments(settings *set, const seat *s) {
    const kept *thing = world_thing(feed_byte(the.input));
    set->good = true;
    set->arguments[0] = lunette_integer(7);
    set->options.arguments = set->arguments;
    set->options.argument_count = 1;
    if (thing == NULL || feed_below(the.input, 2) == 0)
        return;
    set->given = thing;
    set->arguments[1] = thing->value;
    set->options.argument_count = 2;
    set->good = world_is_good(s, thing);
}

static void choose(settings *set, seat *s) {
    *set = (settings){.options = lunette_run_options_default()};
    choose_limits(set, s);
    set->options.limits = &set->limits;
    choose_arguments(set, s);
    const uint8_t bits = feed_byte(the.input);
    set->options.roll_back = (bits & 3) == 3;
    if ((bits & 0x1c) == 0x1c)
        set->options.recovery = (lunette_recovery)(bits >> 5 & 3);
    /* After a grace time nobody knows what is left: the next attempt would begin with that. */
    if (set->options.recovery == LUNETTE_RECOVER_RETRY && set->with_grace)
        set->options.recovery = LUNETTE_RECOVER_SKIP;
    if (bits & 0x80)
        set->options.bounds =
            (lunette_bounds){.depth = 3, .items = 8, .bytes = 1000, .cut = (bits & 0x40) != 0};
    set->options.measure_cpu = (bits & 0x20) != 0;
    /* Garbage may be collected meanwhile, and what is closed with that is no good argument. */
    if (set->options.roll_back && !s->waits && (bits & 4)) {
        set->marked = snapshot_mark(s, &set->mark);
        set->good = set->given == NULL || world_is_good(s, set->given);
    }
}

/* --- What --------------------------------------------------------------------------------------------------------------- */

/* What is to be run: a script, a function, a name, a module. */
typedef struct target {
    const char *text, *path, *module, *global;
    size_t size;
    const kept *function;
} target;

static lunette_status start(seat *s, const target *what, const settings *set, lunette_value **results) {
    if (what->text != NULL)
        return lunette_context_run(s->context, "fuzz", what->text, what->size, &set->options, results);
    if (what->function != NULL)
        return lunette_context_call(s->context, &what->function->value, &set->options, results);
    if (what->path != NULL)
        return lunette_context_call_named(s->context, what->path, &set->options, results);
    return lunette_context_import(s->context, what->module, what->global, &set->options, results);
}

/* Why nothing must run; OK: something must. */
static lunette_status refusal_of(const seat *s, const target *what, const settings *set) {
    if (what->function != NULL && what->function->value.type != LUNETTE_FUNCTION)
        return LUNETTE_INVALID_ARGUMENT;
    if (what->module != NULL && what->module[0] == '\0')
        return LUNETTE_INVALID_ARGUMENT;
    if (s->waits)
        return LUNETTE_WRONG_STATE;
    if (what->function != NULL && !world_is_good(s, what->function))
        return LUNETTE_STALE;
    return set->good ? LUNETTE_OK : LUNETTE_STALE;
}

static void judge_target(seat *s, const target *what, lunette_status status, const lunette_value *results) {
    if (what->function != NULL && what->function->serial != 0 && results != NULL && s->told == 0)
        FUZZ_EXPECT(s->first_tick == what->function->serial, "function %d was called in the place of %d",
                    s->first_tick, what->function->serial);
    if (what->function != NULL && what->function->serial != 0 && s->first_tick != 0)
        FUZZ_EXPECT(s->first_tick == what->function->serial, "function %d was called in the place of %d",
                    s->first_tick, what->function->serial);
    if (what->module != NULL && status == LUNETTE_OK && s->told == 0)
        FUZZ_EXPECT(world_has(s->at, what->module), "'%s' is not there, and was imported", what->module);
}

static void run(seat *s, const target *what) {
    settings set;
    lunette_value *results = NULL;
    choose(&set, s);
    if (what->module != NULL) {
        set.options.argument_count = 0;
        set.good = true;
    }
    const lunette_status refusal = refusal_of(s, what, &set);
    if (refusal == LUNETTE_OK) {
        s->rolls_back = set.options.roll_back;
        s->retries = set.options.recovery == LUNETTE_RECOVER_RETRY;
        s->with_grace = set.with_grace;
        s->began = the.now;
        s->asked = 0;
        s->answered = false;
    }
    s->first_tick = 0;
    seat_enter(s);
    const lunette_status status = start(s, what, &set, feed_below(the.input, 8) == 7 ? NULL : &results);
    seat_leave(s);
    if (refusal != LUNETTE_OK) {
        FUZZ_EXPECT(status == refusal && results == NULL, "%s instead of %s: %s", lunette_status_name(status),
                    lunette_status_name(refusal), lunette_last_failure());
        return;
    }
    if (status == LUNETTE_EXHAUSTED && set.options.roll_back && s->told == 0) {
        s->rolls_back = false; /* the snapshot would be too large */
        return;
    }
    FUZZ_EXPECT(status >= LUNETTE_OK || (status == LUNETTE_NOT_FOUND && what->path != NULL), "%s: %s",
                lunette_status_name(status), lunette_last_failure());
    judge_target(s, what, status, results);
    judge_run(s, status, results);
    if (set.marked && s->told > 0 && status > LUNETTE_OK && status != LUNETTE_SUSPENDED &&
        status != LUNETTE_VM_FAULT)
        snapshot_check_mark(s, set.mark);
    judge_finish(s, status);
    lunette_value_free(&results);
}

/* --- Of each kind ------------------------------------------------------------------------------------------------------- */

void run_script(seat *s) {
    static char room[3][TEXT_MOST];
    static size_t depth;
    if (depth == FUZZ_COUNT(room))
        return;
    script to = {.text = room[depth], .room = TEXT_MOST};
    host_script(&to, the.input, &the.serials);
    if (getenv("FUZZ_SHOW") != NULL)
        fprintf(stderr, "--- seat %d\n%.*s", (int)(s - the.seats), (int)to.size, to.text);
    depth++;
    run(s, &(target){.text = to.text, .size = to.size});
    depth--;
}

void run_function(seat *s) {
    const kept *thing = world_thing(feed_byte(the.input));
    if (thing != NULL)
        run(s, &(target){.function = thing});
}

void run_named(seat *s) {
    run(s, &(target){.path = things_choose_global()});
}

void run_import(seat *s) {
    static char name[40];
    const char *prefix = feed_below(the.input, 4) == 0 ? "x." : "";
    snprintf(name, sizeof name, "%s%s", prefix, world_name(feed_byte(the.input)));
    if (strcmp(name, "x.") == 0)
        return;
    run(s, &(target){.module = name, .global = feed_below(the.input, 2) == 1 ? "t" : NULL});
}
