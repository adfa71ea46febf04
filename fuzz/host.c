/* A host's session: what a host does with contexts of tenants, in any order, and what their scripts do with the host.
 *
 * An input is a sequence of choices, each a byte: which tenants, then one step of the host's after another, on one of two
 * contexts: running a script (host_script.c), resuming and dropping what waits, calling and forgetting references, objects
 * given and taken back, snapshots, modules imported, resets. Scripts call functions of the host (host_world.c) that wait,
 * call back, keep things, fail, and go on with the other context meanwhile. Every eighth input is about descriptions
 * instead (host_describe.c).
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_describe.h"
#include "host_script.h"
#include "host_world.h"

enum { STEPS = 24, RUNS_FROM = 24, TEXT_MOST = 1 << 13, INSTRUCTIONS = 3000 };
#define KIB         UINT64_C(1024)
#define MICROSECOND UINT64_C(1000)
#define MILLISECOND UINT64_C(1000000)

static feed *input; /* also what runs inside runs is chosen by it */
static lunette_usage before[SEATS];

#define EXPECT_STATUS(status, wanted) \
    FUZZ_EXPECT((status) == (wanted), "%s: %s", lunette_status_name(status), lunette_last_failure())

static void give_up(seat *s);
static void reset(seat *s);

static seat *other_of(const seat *s) {
    return &the.seats[s == the.seats ? 1 : 0];
}

/* --- Calls into a context -------------------------------------------------------------------------------------------------- */

static void enter(seat *s) {
    s->inside = true;
    s->told = 0;
    s->gone = LUNETTE_OK;
}

static void leave(seat *s) {
    s->inside = false;
    world_check_objects();
}

static lunette_stats figures_of(const seat *s) {
    lunette_stats stats = {.size = sizeof stats};
    FUZZ_EXPECT(lunette_context_stats(s->context, &stats) == LUNETTE_OK, "no figures");
    FUZZ_EXPECT(stats.memory_committed <= stats.memory_limit, "%llu committed, limit %llu",
                (unsigned long long)stats.memory_committed, (unsigned long long)stats.memory_limit);
    return stats;
}

static void add_figures(const seat *s, const lunette_stats *stats) {
    lunette_usage *sums = &the.expected[s - the.seats];
    sums->wall_ns += stats->wall_ns;
    sums->host_calls += stats->host_calls;
    sums->output_bytes += stats->output_bytes;
    sums->instructions += stats->instructions;
}

/* What runs in another context inside a run is on the deadlines of that run, too. */
static bool ended_with_other(seat *s, lunette_status status) {
    if (!other_of(s)->inside || !world_ended_from_outside(status))
        return false;
    world_lost(s, 0, true);
    give_up(s);
    return true;
}

/* A run that waited does not any more, and was not resumed. */
static void give_up(seat *s) {
    if (s->waits)
        add_figures(s, &s->figures);
    s->waits = s->rolls_back = false;
    s->asked = 0;
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
    world_count(s, LUNETTE_SUSPENDED);
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

/* The errors of a run that failed are on_error's business (host_world.c); here is what is left of it. */
static void judge_failure(seat *s, lunette_status status) {
    const lunette_error *error = lunette_context_error(s->context);
    judge_error(s, error, status);
    describe_error(error);
    if (error->value != NULL)
        world_keep_all(s, error->value);
    /* Of what was undone, or killed, nothing is left. */
    if (s->rolls_back || world_ended_from_outside(error->code))
        for (size_t i = 0; i < the.thing_count; i++)
            if (the.things[i].of == s && the.things[i].value.type == LUNETTE_FUNCTION &&
                !the.things[i].dead && the.things[i].born > s->began && !s->with_grace)
                the.things[i].dead = true;
    if (world_ended_from_outside(error->code) && !s->with_grace && !s->rolls_back)
        EXPECT_STATUS(lunette_context_verify(s->context), LUNETTE_OK);
}

/* What a call that runs something has answered. */
static void judge_run(seat *s, lunette_status status, lunette_value *results) {
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
        world_count(s, status);
    const lunette_stats stats = figures_of(s);
    if (status >= LUNETTE_OK)
        add_figures(s, &stats);
    if (results != NULL)
        world_keep_all(s, results);
}

static void finish(seat *s, lunette_status status) {
    if (status == LUNETTE_SUSPENDED)
        return;
    /* Whether a script has ended by itself in its grace time cannot be told. */
    if (s->told > 0 && s->with_grace && world_ended_from_outside(s->told_status))
        reset(s);
    s->rolls_back = false;
}

/* --- Runs -------------------------------------------------------------------------------------------------------------------- */

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

static bool is_good(const seat *s, const kept *thing) {
    if (thing->of != s)
        return false;
    return thing->value.type == LUNETTE_FUNCTION ? !thing->dead
                                                 : thing->object != NULL && thing->object->closed == 0;
}

static void choose_limits(settings *set, const seat *s) {
    lunette_limits *limits = &set->limits;
    *limits = lunette_limits_default();
    limits->wall_ns = 20 * MILLISECOND;
    limits->instructions = INSTRUCTIONS;
    /* What runs inside another run ends as that does, if it does first. */
    set->with_grace = other_of(s)->inside && other_of(s)->with_grace;
    switch (feed_below(input, 14)) {
    case 1:
        limits->instructions = LUNETTE_UNLIMITED;
        limits->wall_ns = 200 * MICROSECOND;
        break;
    case 2:
        limits->host_calls = 1 + feed_below(input, 12);
        break;
    case 3:
        limits->output_bytes = 16;
        break;
    case 4:
        limits->allocations = 1 + feed_below(input, 200);
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
        limits->instructions = 100 + feed_below(input, 400);
        limits->grace_ns = 100 * MICROSECOND;
        set->with_grace = true;
        break;
    case 9:
        limits->instructions = 50 + feed_below(input, 1000);
        break;
    default:
        break;
    }
}

static void set_mark(settings *set, seat *s) {
    const lunette_value value = lunette_integer((int64_t)++the.now);
    enter(s);
    const lunette_status status = lunette_context_set_global(s->context, "mark", &value);
    leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_MEMORY_LIMIT, "%s: %s", lunette_status_name(status),
                lunette_last_failure());
    set->marked = status == LUNETTE_OK;
    set->mark = value.as.integer;
}

static void choose_arguments(settings *set, const seat *s) {
    const kept *thing = world_thing(feed_byte(input));
    set->good = true;
    set->arguments[0] = lunette_integer(7);
    set->options.arguments = set->arguments;
    set->options.argument_count = 1;
    if (thing == NULL || feed_below(input, 2) == 0)
        return;
    set->given = thing;
    set->arguments[1] = thing->value;
    set->options.argument_count = 2;
    set->good = is_good(s, thing);
}

static void choose(settings *set, seat *s) {
    *set = (settings){.options = lunette_run_options_default()};
    choose_limits(set, s);
    set->options.limits = &set->limits;
    choose_arguments(set, s);
    const uint8_t bits = feed_byte(input);
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
        set_mark(set, s);
        set->good = set->given == NULL || is_good(s, set->given);
    }
}

static lunette_value *get_global(seat *s, const char *name) {
    lunette_value *value = NULL;
    enter(s);
    const lunette_status status = lunette_context_get_global(s->context, name, &value);
    leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_VALUE_LIMIT || status == LUNETTE_MEMORY_LIMIT,
                "%s: %s", lunette_status_name(status), lunette_last_failure());
    FUZZ_EXPECT((status == LUNETTE_OK) == (value != NULL), "%s", lunette_status_name(status));
    return value;
}

static void check_mark(const settings *set, seat *s) {
    lunette_value *value = get_global(s, "mark");
    FUZZ_EXPECT(value == NULL || (value->type == LUNETTE_INTEGER && value->as.integer == set->mark),
                "a run that was undone has changed a variable: it is %s, %lld instead of %lld",
                lunette_type_name(value->type), (long long)value->as.integer, (long long)set->mark);
    lunette_value_free(&value);
}

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
    if (what->function != NULL && !is_good(s, what->function))
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
    enter(s);
    const lunette_status status = start(s, what, &set, feed_below(input, 8) == 7 ? NULL : &results);
    leave(s);
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
        check_mark(&set, s);
    finish(s, status);
    lunette_value_free(&results);
}

static void run_script(seat *s) {
    static char room[3][TEXT_MOST];
    static size_t depth;
    if (depth == FUZZ_COUNT(room))
        return;
    script to = {.text = room[depth], .room = TEXT_MOST};
    host_script(&to, input, &the.serials);
    if (getenv("FUZZ_SHOW") != NULL)
        fprintf(stderr, "--- seat %d\n%.*s", (int)(s - the.seats), (int)to.size, to.text);
    depth++;
    run(s, &(target){.text = to.text, .size = to.size});
    depth--;
}

/* --- What waits ------------------------------------------------------------------------------------------------------------- */

/* Its token, as a rule; or one that is another's, or of before. */
static uint64_t choose_token(const seat *s) {
    switch (feed_below(input, 8)) {
    case 6:
        return other_of(s)->token;
    case 7:
        return s->token - 1;
    default:
        return s->token;
    }
}

static lunette_status refusal_of_token(const seat *s, uint64_t token) {
    return !s->waits ? LUNETTE_WRONG_STATE : token != s->token ? LUNETTE_STALE : LUNETTE_OK;
}

static void resume(seat *s, bool with_error) {
    const uint64_t token = choose_token(s);
    const kept *thing = world_thing(feed_byte(input));
    lunette_value *results = NULL;
    lunette_value values[] = {lunette_integer((int64_t)++the.now), lunette_nil(), lunette_text("x")};
    const bool gives = !with_error && thing != NULL && feed_below(input, 2) == 1;
    if (gives)
        values[1] = thing->value;
    lunette_status refusal = refusal_of_token(s, token);
    if (refusal == LUNETTE_OK && gives && !is_good(s, thing))
        refusal = LUNETTE_STALE;
    if (refusal == LUNETTE_OK) {
        s->asked = 0;
        s->answered = true;
        s->answer_known = !with_error;
        s->answer = values[0].as.integer;
    }
    enter(s);
    const lunette_status status =
        with_error ? lunette_context_resume_error(s->context, token, "the answer is: no", &results)
                   : lunette_context_resume(s->context, token, values, FUZZ_COUNT(values), &results);
    leave(s);
    if (refusal != LUNETTE_OK) {
        FUZZ_EXPECT(status == refusal && results == NULL, "%s instead of %s: %s", lunette_status_name(status),
                    lunette_status_name(refusal), lunette_last_failure());
        return;
    }
    fuzz_count("resumed");
    FUZZ_EXPECT(status >= LUNETTE_OK, "%s: %s", lunette_status_name(status), lunette_last_failure());
    judge_run(s, status, results);
    finish(s, status);
    lunette_value_free(&results);
}

static void drop(seat *s) {
    const uint64_t token = choose_token(s);
    const lunette_status refusal = refusal_of_token(s, token);
    enter(s);
    const lunette_status status = lunette_context_drop(s->context, token);
    leave(s);
    EXPECT_STATUS(status, refusal);
    if (status != LUNETTE_OK)
        return;
    world_lost(s, s->rolls_back ? s->began : 0, !s->rolls_back);
    if (!s->rolls_back)
        EXPECT_STATUS(lunette_context_verify(s->context), LUNETTE_OK);
    give_up(s);
    fuzz_count("dropped");
}

/* --- Between runs ------------------------------------------------------------------------------------------------------------ */

static void reset(seat *s) {
    enter(s);
    EXPECT_STATUS(lunette_context_reset(s->context), LUNETTE_OK);
    leave(s);
    world_lost(s, 0, true);
    give_up(s);
    EXPECT_STATUS(lunette_context_verify(s->context), LUNETTE_OK);
    FUZZ_EXPECT(lunette_context_error(s->context) == NULL, "an error after a reset");
}

static void acquire(seat *s) {
    EXPECT_STATUS(lunette_context_acquire_for(s->at->tenant, 0, &s->context), LUNETTE_OK);
    the.expected[s - the.seats].acquires++;
    lunette_context_set_user_data(s->context, s);
    s->snapshot_count = 0;
    FUZZ_EXPECT(lunette_context_tenant(s->context) == s->at->tenant, "another tenant's");
}

static void release(seat *s) {
    enter(s);
    EXPECT_STATUS(lunette_context_release(&s->context), LUNETTE_OK);
    leave(s);
    FUZZ_EXPECT(s->context == NULL, "released, and still there");
    world_lost(s, 0, true);
    world_check_all_closed(s);
    give_up(s);
}

static void take_snapshot(seat *s) {
    uint64_t number = 0;
    const lunette_status status = lunette_snapshot_take(s->context, &number);
    if (s->waits) {
        EXPECT_STATUS(status, LUNETTE_WRONG_STATE);
        return;
    }
    if (status == LUNETTE_EXHAUSTED)
        return; /* together they are too large */
    EXPECT_STATUS(status, LUNETTE_OK);
    const size_t place = s->snapshot_count < SNAPSHOTS ? s->snapshot_count++ : feed_below(input, SNAPSHOTS);
    if (s->snapshots[place].number != 0)
        (void)lunette_snapshot_drop(s->context, s->snapshots[place].number);
    s->snapshots[place].number = number;
    s->snapshots[place].at = the.now;
}

/* Those of before a reset are gone; their numbers are kept, to be refused. */
static void restore_snapshot(seat *s) {
    if (s->snapshot_count == 0)
        return;
    const size_t place = feed_below(input, s->snapshot_count);
    enter(s);
    const lunette_status status = lunette_snapshot_restore(s->context, s->snapshots[place].number);
    leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_STALE, "%s: %s", lunette_status_name(status),
                lunette_last_failure());
    if (status != LUNETTE_OK)
        return;
    world_lost(s, s->snapshots[place].at, false);
    give_up(s);
    fuzz_count("restored");
}

static const char *choose_name(void) {
    static const char *const names[] = {"o",    "f",         "t",         "p",   "co",
                                        "mark", "host.wait", "host.open", "t.f", "none"};
    return names[feed_below(input, FUZZ_COUNT(names))];
}

static void set_global(seat *s) {
    const char *name = choose_name();
    const kept *thing = world_thing(feed_byte(input));
    const lunette_value nil = lunette_nil();
    const bool good = thing == NULL || is_good(s, thing);
    enter(s);
    const lunette_status status =
        lunette_context_set_global(s->context, name, thing != NULL ? &thing->value : &nil);
    leave(s);
    FUZZ_EXPECT((status == LUNETTE_STALE) == !good, "%s for what is %s", lunette_status_name(status),
                good ? "good" : "gone");
    FUZZ_EXPECT(!good || status == LUNETTE_OK || status == LUNETTE_MEMORY_LIMIT, "%s: %s",
                lunette_status_name(status), lunette_last_failure());
}

static void read_global(seat *s) {
    lunette_value *value = get_global(s, choose_name());
    if (value != NULL)
        world_keep_all(s, value);
    lunette_value_free(&value);
}

static void make_object(seat *s) {
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
static void close_thing(seat *s) {
    const kept *thing = world_thing(feed_byte(input));
    if (thing == NULL)
        return;
    world_check_thing(s, thing);
    const bool is_object = thing->value.type == LUNETTE_USERDATA, good = is_good(s, thing);
    const lunette_status status = lunette_object_close(s->context, &thing->value);
    EXPECT_STATUS(status, !is_object ? LUNETTE_INVALID_ARGUMENT : good ? LUNETTE_OK : LUNETTE_STALE);
    FUZZ_EXPECT(status != LUNETTE_OK || thing->object->closed == 1, "not closed");
}

/* All that the host has of this context, or of both. */
static void forget_all(seat *s) {
    lunette_value values[KEPT];
    bool good = true;
    size_t count = 0;
    const bool others = feed_below(input, 4) == 3;
    for (size_t i = 0; i < the.thing_count; i++) {
        kept *thing = &the.things[i];
        if (thing->of != s && !others)
            continue;
        values[count++] = thing->value;
        if (thing->value.type != LUNETTE_FUNCTION)
            continue;
        good = good && is_good(s, thing);
        thing->dead = thing->dead || thing->of == s;
    }
    const lunette_value array = lunette_array_of(values, count);
    EXPECT_STATUS(lunette_context_forget_all(s->context, &array), good ? LUNETTE_OK : LUNETTE_STALE);
}

static void collect(seat *s) {
    enter(s);
    const lunette_status status = lunette_context_collect(s->context);
    leave(s);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_TIME_LIMIT || status == LUNETTE_MEMORY_LIMIT ||
                    ended_with_other(s, status),
                "%s: %s", lunette_status_name(status), lunette_last_failure());
    if (status == LUNETTE_OK)
        world_check_unheld(s);
    if (status == LUNETTE_TIME_LIMIT) {
        world_lost(s, 0, true);
        give_up(s);
    }
}

/* Each reference that the host has: those that are gone are refused, and nothing runs. */
static void check_refused(seat *s) {
    for (size_t i = 0; i < the.thing_count; i++) {
        const kept *thing = &the.things[i];
        lunette_value *results = NULL;
        if (thing->value.type != LUNETTE_FUNCTION || is_good(s, thing))
            continue;
        enter(s);
        const lunette_status status = lunette_context_call(s->context, &thing->value, NULL, &results);
        leave(s);
        EXPECT_STATUS(status, s->waits ? LUNETTE_WRONG_STATE : LUNETTE_STALE);
        FUZZ_EXPECT(results == NULL && s->told == 0, "a function that is gone was called");
    }
}

/* The host gets new references, perhaps in the places of old ones: those are refused still. */
static void reset_and_keep(seat *s) {
    static const char text[] =
        "host.keep(271828, 0, print) host.keep(271828, 0, type) host.keep(271828, 0, next)";
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    reset(s);
    if (other_of(s)->inside)
        return; /* it would be ended with that */
    limits.wall_ns = 10000 * MILLISECOND;
    options.limits = &limits;
    s->with_grace = s->rolls_back = s->retries = false;
    enter(s);
    const lunette_status status =
        lunette_context_run(s->context, "=keep", text, sizeof text - 1, &options, NULL);
    leave(s);
    EXPECT_STATUS(status, LUNETTE_OK);
    judge_run(s, status, NULL);
    check_refused(s);
}

/* --- Tenants ------------------------------------------------------------------------------------------------------------------ */

static void change_limits(const seat *s) {
    lunette_limits limits = lunette_limits_default();
    const size_t kind = feed_below(input, 3);
    if (kind == 1)
        limits.host_calls = 1000;
    if (kind == 2)
        limits.memory = 1 << 30;
    const lunette_status status = lunette_tenant_set_limits(s->at->tenant, &limits);
    EXPECT_STATUS(status, kind == 2 ? LUNETTE_INVALID_ARGUMENT : LUNETTE_OK);
}

static void ask_too_much(seat *s) {
    lunette_context *context = NULL;
    size_t has = 0;
    for (size_t i = 0; i < SEATS; i++)
        has += the.seats[i].context != NULL && the.seats[i].at == s->at;
    if (has < SEATS)
        return;
    EXPECT_STATUS(lunette_context_acquire_for(s->at->tenant, 0, &context), LUNETTE_EXHAUSTED);
    FUZZ_EXPECT(context == NULL, "a context beyond the tenant's share");
    the.expected[s - the.seats].refusals++;
}

/* What it may require it gets, and nothing else; whatever was there before. */
static bool requires(seat *s, const char *name) {
    static const char text[] = "local ok = pcall(require, ...) return ok";
    const lunette_value argument = lunette_text(name);
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results = NULL;
    limits.wall_ns = 10000 * MILLISECOND;
    options.limits = &limits;
    options.arguments = &argument;
    options.argument_count = 1;
    s->with_grace = s->rolls_back = s->retries = s->answered = false;
    s->asked = 0;
    enter(s);
    lunette_status status =
        lunette_context_run(s->context, "=reach", text, sizeof text - 1, &options, &results);
    leave(s);
    judge_run(s, status, results);
    while (status == LUNETTE_SUSPENDED) {
        const lunette_value value = lunette_integer(1);
        s->asked = 0;
        enter(s);
        status = lunette_context_resume(s->context, s->token, &value, 1, &results);
        leave(s);
        judge_run(s, status, results);
    }
    EXPECT_STATUS(status, LUNETTE_OK);
    const lunette_value *first = lunette_value_at(results, 0);
    const bool ok = first != NULL && first->type == LUNETTE_BOOLEAN && first->as.boolean;
    lunette_value_free(&results);
    return ok;
}

static void check_reach(seat *s) {
    char name[40];
    if (other_of(s)->inside || the.object_count > OBJECTS / 2)
        return; /* it would be ended with that; a module is to open one */
    reset(s);
    const size_t from = feed_below(input, world_name_count()), count = fuzz_thorough ? world_name_count() : 3;
    for (size_t i = 0; i < count; i++) {
        for (size_t prefixed = 0; prefixed < 2; prefixed++) {
            snprintf(name, sizeof name, "%s%s", prefixed ? "x." : "", world_name(from + i));
            const bool got = requires(s, name);
            FUZZ_EXPECT(got == world_has(s->at, name), "tenant %zu %s '%s'", s->at->which,
                        got ? "gets" : "does not get", name);
        }
    }
    reset(s);
}

static void take_usage(const seat *s, lunette_usage *usage) {
    *usage = (lunette_usage){.size = sizeof *usage};
    EXPECT_STATUS(lunette_tenant_usage(s->at->tenant, usage), LUNETTE_OK);
}

#define CHECK_SUM(name)                                                                              \
    FUZZ_EXPECT(now.name - before[i].name == sum.name, "tenant %zu: " #name " %llu, its runs' %llu", \
                the.seats[i].at->which, (unsigned long long)(now.name - before[i].name),             \
                (unsigned long long)sum.name)

/* What is known of two seats of one tenant. */
static void add_usage(lunette_usage *sum, const lunette_usage *more) {
    sum->acquires += more->acquires;
    sum->refusals += more->refusals;
    sum->runs += more->runs;
    sum->ok += more->ok;
    sum->suspended += more->suspended;
    sum->errors += more->errors;
    sum->syntax += more->syntax;
    sum->memory += more->memory;
    sum->time += more->time;
    sum->other_limits += more->other_limits;
    sum->cancelled += more->cancelled;
    sum->faults += more->faults;
    sum->refused += more->refused;
    sum->wall_ns += more->wall_ns;
    sum->host_calls += more->host_calls;
    sum->output_bytes += more->output_bytes;
    sum->instructions += more->instructions;
}

static void check_usage(void) {
    for (size_t i = 0; i < SEATS; i++) {
        lunette_usage now, sum = the.expected[i];
        if (the.seats[0].at == the.seats[1].at)
            add_usage(&sum, &the.expected[1 - i]);
        take_usage(&the.seats[i], &now);
        FUZZ_EXPECT(now.in_use == 0, "%llu contexts in use", (unsigned long long)now.in_use);
        CHECK_SUM(acquires);
        CHECK_SUM(refusals);
        CHECK_SUM(runs);
        CHECK_SUM(ok);
        CHECK_SUM(suspended);
        CHECK_SUM(errors);
        CHECK_SUM(syntax);
        CHECK_SUM(memory);
        CHECK_SUM(time);
        CHECK_SUM(other_limits);
        CHECK_SUM(cancelled);
        CHECK_SUM(faults);
        CHECK_SUM(refused);
        if (the.sums_unknown)
            continue;
        CHECK_SUM(host_calls);
        CHECK_SUM(output_bytes);
        CHECK_SUM(instructions);
        CHECK_SUM(wall_ns);
    }
}

/* --- Steps -------------------------------------------------------------------------------------------------------------------- */

static void call_function(seat *s) {
    const kept *thing = world_thing(feed_byte(input));
    if (thing != NULL)
        run(s, &(target){.function = thing});
}

static void import(seat *s) {
    static char name[40];
    const char *prefix = feed_below(input, 4) == 0 ? "x." : "";
    snprintf(name, sizeof name, "%s%s", prefix, world_name(feed_byte(input)));
    if (strcmp(name, "x.") == 0)
        return;
    run(s, &(target){.module = name, .global = feed_below(input, 2) == 1 ? "t" : NULL});
}

static void step(seat *s) {
    const size_t kind = feed_below(input, 32);
    if (s->waits && kind > RUNS_FROM) {
        resume(s, kind == RUNS_FROM + 1);
        return;
    }
    switch (kind) {
    case 1:
        reset_and_keep(s);
        return;
    case 2:
    case 3:
    case 4:
    case 5:
        resume(s, false);
        return;
    case 6:
        resume(s, true);
        return;
    case 7:
        drop(s);
        return;
    case 8:
    case 9:
        call_function(s);
        return;
    case 10:
        run(s, &(target){.path = choose_name()});
        return;
    case 11:
        import(s);
        return;
    case 12:
        set_global(s);
        return;
    case 13:
        read_global(s);
        return;
    case 14:
        make_object(s);
        return;
    case 15:
        close_thing(s);
        return;
    case 16:
        forget_all(s);
        return;
    case 17:
        collect(s);
        return;
    case 18:
        take_snapshot(s);
        return;
    case 19:
        restore_snapshot(s);
        return;
    case 20:
        release(s);
        acquire(s);
        return;
    case 21:
        change_limits(s);
        return;
    case 22:
        ask_too_much(s);
        return;
    case 23:
        check_reach(s);
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
    seat *other = other_of(of);
    if (what % 4 == 0)
        check_busy(of);
    else if (what % 4 == 1)
        close_thing(of);
    else if (other->context == NULL || other->inside)
        return;
    else
        step(other);
}

/* --- One input ---------------------------------------------------------------------------------------------------------------- */

static void open_seats(void) {
    const size_t engine = feed_below(input, ENGINES);
    world_begin();
    for (size_t i = 0; i < SEATS; i++)
        the.seats[i].at = world_tenant(engine, feed_below(input, TENANTS));
    for (size_t i = 0; i < SEATS; i++)
        take_usage(&the.seats[i], &before[i]);
    for (size_t i = 0; i < SEATS; i++)
        acquire(&the.seats[i]);
}

static void close_seats(void) {
    for (size_t i = 0; i < SEATS; i++) {
        check_refused(&the.seats[i]);
        if (feed_below(input, 2) == 0)
            reset(&the.seats[i]);
        release(&the.seats[i]);
    }
    for (size_t i = 0; i < SEATS; i++) {
        const lunette_limits limits = lunette_limits_default();
        EXPECT_STATUS(lunette_tenant_set_limits(the.seats[i].at->tenant, &limits), LUNETTE_OK);
    }
    check_usage();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    feed from = {data, size};
    if (size == 0 || size > TEXT_MOST)
        return -1;
    input = &from;
    if (feed_byte(&from) % 8 == 7) {
        describe_module(&from);
        return 0;
    }
    open_seats();
    for (int i = 0; i < STEPS && from.left > 0; i++)
        step(&the.seats[feed_below(&from, 8) == 7 ? 1 : 0]);
    close_seats();
    return 0;
}
