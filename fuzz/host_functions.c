/* The functions of the host that scripts of the fuzzer `host` call: each does what hosts do, right and wrong, and knows what
 * must be true as it is called. See host_world.h. */
#include <string.h>

#include "host_world.h"

/* Scripts say it who mean what they say; see is_meant(). */
enum { HOST_KEY = 271828 };

/* --- Of calls --------------------------------------------------------------------------------------------------------- */

/* NULL: a template is being built. */
static seat *seat_of(const lunette_call *call) {
    lunette_context *context = lunette_call_context(call);
    seat *of = context != NULL ? lunette_context_user_data(context) : NULL;
    FUZZ_EXPECT(context == NULL || (of != NULL && of->context == context && of->inside),
                "a call of a script that does not run");
    FUZZ_EXPECT(of == NULL || of->gone == LUNETTE_OK, "a script runs that was ended: %s",
                lunette_status_name(of->gone));
    return of;
}

/* Scripts that call whatever they find call these, too: then nothing is meant by it. */
static bool is_meant(lunette_call *call) {
    int64_t key = 0;
    return lunette_arg_integer(call, 1, &key) == LUNETTE_OK && key == HOST_KEY;
}

static int64_t how(lunette_call *call, int index) {
    int64_t value = 0;
    (void)lunette_arg_integer_or(call, index, 0, &value);
    return value & 15;
}

/* Gives one that is the context's, or not, as the library says. */
static lunette_status give(lunette_call *call, const lunette_class *type, seat *of) {
    object *made = of != NULL ? world_object(of, false) : NULL;
    if (of != NULL && made == NULL)
        return lunette_call_fail(call, "there are enough");
    object nobodys = {.magic = OBJECT_MAGIC};
    const lunette_status status = lunette_return_object(call, type, made != NULL ? made : &nobodys);
    FUZZ_EXPECT(status != LUNETTE_OK || (of != NULL && type != &STRANGER), "made what cannot be");
    if (made != NULL)
        made->given = status == LUNETTE_OK;
    return status;
}

/* Of a call that is about to fail, or to wait: nobody gets what it has given. */
static void drop_results(lunette_status status, size_t from) {
    for (size_t i = from; status == LUNETTE_OK && i < the.object_count; i++)
        the.objects[i].unheld = true;
}

static lunette_status lend(lunette_call *call, seat *of, lunette_value *value) {
    object *made = of != NULL ? world_object(of, false) : NULL;
    if (made == NULL)
        return lunette_call_fail(call, "there are enough");
    const lunette_status status = lunette_object_make(of->context, &ACCOUNT, made, value);
    FUZZ_EXPECT(status == LUNETTE_OK, "%s: %s", lunette_status_name(status), lunette_last_failure());
    made->given = true;
    (void)world_keep(of, value, 0);
    return lunette_return_value(call, value);
}

/* No two waits have the same, in whatever context. */
static void note_token(uint64_t token) {
    for (size_t i = 0; i < the.token_count && i < TOKENS; i++)
        FUZZ_EXPECT(token != the.tokens[i], "a token twice");
    the.tokens[the.token_count++ % TOKENS] = token;
}

static lunette_status ask_to_wait(lunette_call *call, seat *of) {
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

static lunette_status do_open(void *ud, lunette_call *call) {
    seat *of = seat_of(call);
    const size_t from = the.object_count;
    lunette_value value = lunette_nil();
    lunette_status status;
    FUZZ_EXPECT(ud == &the, "a stranger's ud");
    switch (how(call, 1)) {
    case 1:
        status = give(call, &ACCOUNT, of);
        drop_results(status, from);
        return status == LUNETTE_OK ? lunette_call_fail(call, "changed my mind") : status;
    case 2:
        status = give(call, &ACCOUNT, of);
        return status == LUNETTE_OK ? give(call, &ACCOUNT, of) : status;
    case 3:
        return lend(call, of, &value);
    case 4:
        return give(call, &STRANGER, of);
    case 5:
        status = give(call, &ACCOUNT, of);
        drop_results(status, from);
        return status == LUNETTE_OK ? ask_to_wait(call, of) : status;
    case 6:
        status = lend(call, of, &value);
        return status == LUNETTE_OK ? lunette_call_fail(call, "changed my mind") : status;
    case 7:
        status = lend(call, of, &value);
        if (status == LUNETTE_OK)
            FUZZ_EXPECT(lunette_object_close(of->context, &value) == LUNETTE_OK, "%s",
                        lunette_last_failure());
        return status;
    case 8:
        for (int i = 0; i < 9 && (status = give(call, &ACCOUNT, of)) == LUNETTE_OK; i++)
            ;
        return status;
    case 9:
        status = give(call, &ACCOUNT, of);
        drop_results(status, from);
        return status == LUNETTE_OK ? lunette_call_fail_value(call, &value) : status;
    default:
        return give(call, &ACCOUNT, of);
    }
}

static lunette_status do_touch(void *ud, lunette_call *call) {
    void *found = NULL;
    seat *of = seat_of(call);
    (void)ud;
    lunette_status status = lunette_arg_object(call, 1, &ACCOUNT, &found);
    if (status != LUNETTE_OK)
        return status;
    const object *which = found;
    FUZZ_EXPECT(which->magic == OBJECT_MAGIC && which->of == of && which->given && which->closed == 0,
                "a handle of an object that is closed, or another's");
    FUZZ_EXPECT(lunette_arg_object(call, 1, &OTHER_VERSION, &found) == LUNETTE_RUNTIME_ERROR,
                "another version");
    return lunette_return_integer(call, (int64_t)which->born);
}

static lunette_status do_close(void *ud, lunette_call *call) {
    void *found = NULL;
    (void)ud, (void)seat_of(call);
    lunette_status status = lunette_arg_object(call, 1, &ACCOUNT, &found);
    const lunette_status closed = lunette_arg_close(call, 1, &ACCOUNT);
    FUZZ_EXPECT(status == closed, "%s, then %s", lunette_status_name(status), lunette_status_name(closed));
    FUZZ_EXPECT(closed != LUNETTE_OK || ((object *)found)->closed == 1, "not closed");
    return closed;
}

/* Out to the host and back: the same to the script. */
static lunette_status do_same(void *ud, lunette_call *call) {
    const lunette_value *value;
    seat *of = seat_of(call);
    (void)ud;
    lunette_status status = lunette_arg_value(call, 1, NULL, &value);
    if (status != LUNETTE_OK || of == NULL)
        return status;
    const kept *thing = world_keep(of, value, 0);
    if (thing != NULL)
        world_check_thing(of, thing);
    status = lunette_return_value(call, value);
    /* No handle of a closed object goes in again; nor does a function's that was forgotten. */
    if (thing != NULL && value->type == LUNETTE_USERDATA)
        FUZZ_EXPECT((status == LUNETTE_STALE) == (thing->object == NULL) || status == LUNETTE_NO_MEMORY, "%s",
                    lunette_status_name(status));
    return status;
}

static lunette_status give_thing(lunette_call *call, seat *of, const kept *thing) {
    if (of == NULL || thing == NULL)
        return lunette_return_nil(call);
    const bool good = thing->of == of && (thing->value.type == LUNETTE_FUNCTION
                                              ? !thing->dead
                                              : thing->object != NULL && thing->object->closed == 0);
    const lunette_status status = lunette_return_value(call, &thing->value);
    FUZZ_EXPECT(status == (good ? LUNETTE_OK : LUNETTE_STALE) || status == LUNETTE_NO_MEMORY,
                "%s for what is %s", lunette_status_name(status), good ? "good" : "gone");
    return status;
}

static lunette_status do_remind(void *ud, lunette_call *call) {
    int64_t index = 0;
    (void)ud;
    (void)lunette_arg_integer_or(call, 1, 0, &index);
    return give_thing(call, seat_of(call), world_thing((size_t)index & 0xffff));
}

static lunette_status do_keep(void *ud, lunette_call *call) {
    int64_t serial = 0;
    lunette_value function;
    seat *of = seat_of(call);
    (void)ud;
    lunette_status status = lunette_arg_integer(call, 2, &serial);
    if (status == LUNETTE_OK)
        status = lunette_arg_function(call, 3, &function);
    if (!is_meant(call))
        serial = 0;
    if (status == LUNETTE_OK && of != NULL && world_keep(of, &function, (int)serial) == NULL)
        status = lunette_context_forget(of->context, &function);
    return status;
}

static lunette_status do_tick(void *ud, lunette_call *call) {
    int64_t serial = 0;
    seat *of = seat_of(call);
    (void)ud;
    (void)lunette_arg_integer_or(call, 2, 0, &serial);
    if (of != NULL && of->first_tick == 0 && is_meant(call))
        of->first_tick = (int)serial;
    return LUNETTE_OK;
}

static void forget(seat *of, kept *thing) {
    const lunette_status status = lunette_context_forget(of->context, &thing->value);
    if (thing->value.type != LUNETTE_FUNCTION) {
        FUZZ_EXPECT(status == LUNETTE_INVALID_ARGUMENT, "%s", lunette_status_name(status));
        return;
    }
    const bool good = thing->of == of && !thing->dead;
    FUZZ_EXPECT(status == (good ? LUNETTE_OK : LUNETTE_STALE), "%s for what is %s",
                lunette_status_name(status), good ? "good" : "gone");
    if (good)
        thing->dead = true;
}

static lunette_status do_forget(void *ud, lunette_call *call) {
    int64_t index = 0;
    seat *of = seat_of(call);
    (void)ud;
    (void)lunette_arg_integer_or(call, 1, 0, &index);
    kept *thing = world_thing((size_t)index & 0xffff);
    if (of != NULL && thing != NULL)
        forget(of, thing);
    return LUNETTE_OK;
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------ */

static lunette_status do_wait(void *ud, lunette_call *call) {
    seat *of = seat_of(call);
    lunette_status status;
    (void)ud;
    if (of != NULL)
        of->answered = false;
    switch (how(call, 1)) {
    case 1: /* has asked, and thinks better of it */
        status = ask_to_wait(call, of);
        if (status != LUNETTE_SUSPENDED)
            return status;
        of->asked = 0;
        of->answered = of->answer_known = true;
        of->answer = (int64_t)++the.now;
        return lunette_return_integer(call, of->answer);
    case 2:
        status = ask_to_wait(call, of);
        if (of != NULL)
            of->asked = 0;
        return status == LUNETTE_SUSPENDED ? lunette_call_fail(call, "not after all") : status;
    case 3: /* without having asked: an error in the script */
        return LUNETTE_SUSPENDED;
    case 4: /* what it gives is dropped */
        (void)lunette_return_integer(call, -1);
        return ask_to_wait(call, of);
    case 5:
        status = ask_to_wait(call, of);
        return status == LUNETTE_SUSPENDED ? ask_to_wait(call, of) : status;
    default:
        return ask_to_wait(call, of);
    }
}

/* Not described as one that suspends. */
static lunette_status do_undeclared(void *ud, lunette_call *call) {
    (void)ud, (void)seat_of(call);
    const lunette_status status = lunette_call_suspend(call, NULL);
    FUZZ_EXPECT(status == LUNETTE_RUNTIME_ERROR, "%s", lunette_status_name(status));
    return status;
}

/* Is called with what a wait gave. */
static lunette_status do_seen(void *ud, lunette_call *call) {
    int64_t value = -1;
    seat *of = seat_of(call);
    (void)ud;
    if (of == NULL || !of->answered || !is_meant(call))
        return LUNETTE_OK;
    of->answered = false;
    FUZZ_EXPECT(of->answer_known, "an error was the answer, and is none");
    FUZZ_EXPECT(lunette_arg_integer(call, 2, &value) == LUNETTE_OK && value == of->answer,
                "%lld was answered, %lld came", (long long)of->answer, (long long)value);
    return LUNETTE_OK;
}

/* With what pcall of a wait gave. */
static lunette_status do_failed(void *ud, lunette_call *call) {
    bool fine = false;
    int64_t value = -1;
    const char *text = "";
    seat *of = seat_of(call);
    (void)ud;
    if (of == NULL || !of->answered || !is_meant(call))
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

/* --- Back into the script --------------------------------------------------------------------------------------------- */

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
           status == LUNETTE_VALUE_LIMIT || world_ended_from_outside(status);
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
    if (world_ended_from_outside(status) && !of->with_grace)
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

static lunette_status do_invoke(void *ud, lunette_call *call) {
    lunette_value function;
    seat *of = seat_of(call);
    const int64_t kind = how(call, 1);
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

/* By the form over values. */
static lunette_status do_echo(void *ud, lunette_call *call, const lunette_value *arguments, size_t count) {
    lunette_status status = LUNETTE_OK;
    (void)ud, (void)seat_of(call);
    for (size_t i = 0; i < count && status == LUNETTE_OK; i++)
        status = lunette_return_value(call, &arguments[i]);
    for (size_t i = 0; i < count; i++)
        if (lunette_call_context(call) != NULL)
            (void)lunette_context_forget_all(lunette_call_context(call), &arguments[i]);
    return status;
}

/* --- What modules keep ------------------------------------------------------------------------------------------------- */

static object *state_of(const seat *of) {
    object *found = NULL;
    for (size_t i = 0; i < the.object_count; i++)
        if (the.objects[i].is_state && the.objects[i].of == of && the.objects[i].given &&
            the.objects[i].closed == 0) {
            FUZZ_EXPECT(found == NULL, "two states are open");
            found = &the.objects[i];
        }
    return found;
}

static lunette_status do_state(void *ud, lunette_call *call) {
    seat *of = seat_of(call);
    (void)ud;
    if (of == NULL)
        return lunette_call_set_state(call, &the);
    object *before = state_of(of);
    FUZZ_EXPECT(lunette_call_state(call) == before, "another state");
    const int64_t kind = how(call, 1);
    if (kind == 0 || (before != NULL && kind == 1))
        return lunette_call_set_state(call, kind == 0 ? NULL : before);
    object *made = world_object(of, true);
    if (made == NULL)
        return LUNETTE_OK;
    /* It is the context's while the one before is closed. */
    made->given = true;
    const lunette_status status = lunette_call_set_state(call, made);
    made->given = status == LUNETTE_OK;
    FUZZ_EXPECT(status != LUNETTE_OK || before == NULL || before->closed == 1,
                "the state before is not closed");
    return status;
}

/* --- What must not be ---------------------------------------------------------------------------------------------------- */

static lunette_status do_check(void *ud, lunette_call *call) {
    bool holds = false;
    const char *what = "?";
    (void)ud, (void)seat_of(call);
    (void)lunette_arg_boolean(call, 2, &holds);
    (void)lunette_arg_string_or(call, 3, "?", &what, NULL);
    FUZZ_EXPECT(holds || !is_meant(call), "a script found that not: %s", what);
    return LUNETTE_OK;
}

/* A module's text says its name. */
static lunette_status do_here(void *ud, lunette_call *call) {
    const char *name = "";
    seat *of = seat_of(call);
    (void)ud;
    (void)lunette_arg_string_or(call, 2, "", &name, NULL);
    FUZZ_EXPECT(of == NULL || !is_meant(call) || world_allows(of->at, name), "'%s' is not allowed, and runs",
                name);
    return LUNETTE_OK;
}

static lunette_status do_fetch(void *ud, lunette_call *call) {
    const seat *of = seat_of(call);
    (void)ud;
    FUZZ_EXPECT(of != NULL && world_may_fetch(of->at) && world_allows(of->at, "shop.net"),
                "what is withheld is called");
    FUZZ_EXPECT(lunette_call_permits(call, LUNETTE_PERMIT_NETWORK), "it is not permitted");
    return lunette_return_text(call, "fetched");
}

static lunette_status do_price(void *ud, lunette_call *call) {
    const seat *of = seat_of(call);
    const char *name = lunette_call_name(call);
    (void)ud;
    FUZZ_EXPECT(of == NULL || world_allows(of->at, strstr(name, "net") != NULL ? "shop.net" : "shop.prices"),
                "%s is not allowed, and is called", name);
    FUZZ_EXPECT(of == NULL || lunette_call_permits(call, LUNETTE_PERMIT_NETWORK) == world_may_fetch(of->at),
                "another permission");
    return lunette_return_number(call, 9.5);
}

/* Other contexts, and this one, while its script runs. */
static lunette_status do_other(void *ud, lunette_call *call) {
    seat *of = seat_of(call);
    const int64_t kind = how(call, 1);
    (void)ud;
    if (of != NULL && the.depth < 6) {
        the.depth++;
        session_inside(of, (uint8_t)kind);
        the.depth--;
    }
    return LUNETTE_OK;
}

static lunette_status do_cancel(void *ud, lunette_call *call) {
    (void)ud;
    if (seat_of(call) != NULL)
        lunette_context_cancel(lunette_call_context(call));
    return LUNETTE_OK;
}

/* --- Descriptions ---------------------------------------------------------------------------------------------------------- */

static const lunette_function methods[] = {
    {.name = "touch", .call = do_touch, .min_arguments = 1, .max_arguments = 2},
    {.name = "close", .call = do_close, .min_arguments = 1, .max_arguments = 1},
    {.name = "same", .call = do_same, .min_arguments = 1, .max_arguments = 1},
};
static const lunette_function metamethods[] = {
    {.name = "__len", .call = do_touch, .max_arguments = -1},
    {.name = "__add", .call = do_same, .max_arguments = -1},
    {.name = "__call", .call = do_touch, .max_arguments = -1},
    {.name = "__index", .call = do_touch, .max_arguments = -1},
    {.name = "__concat", .call = do_close, .max_arguments = -1},
};

const lunette_class ACCOUNT = {
    .size = sizeof(lunette_class),
    .name = "Account",
    .version = 1,
    .methods = methods,
    .method_count = FUZZ_COUNT(methods),
    .metamethods = metamethods,
    .metamethod_count = FUZZ_COUNT(metamethods),
    .close = world_close_object,
    .ud = &the,
};
const lunette_class OTHER_VERSION = {.size = sizeof(lunette_class), .name = "Account", .version = 2};
const lunette_class STRANGER = {
    .size = sizeof(lunette_class), .name = "Stranger", .close = world_close_object, .ud = &the};
static const lunette_class PLAIN = {.size = sizeof(lunette_class), .name = "Plain", .description = "no more"};

static const lunette_function host_functions[] = {
    {.name = "open", .call = do_open, .max_arguments = 1, .suspends = true, .parameters = "how: integer?"},
    {.name = "touch",
     .call = do_touch,
     .min_arguments = 1,
     .max_arguments = 1,
     .parameters = "account: Account"},
    {.name = "close", .call = do_close, .min_arguments = 1, .max_arguments = 1},
    {.name = "same", .call = do_same, .min_arguments = 1, .max_arguments = 1, .returns = "value: any"},
    {.name = "remind", .call = do_remind, .max_arguments = 1},
    {.name = "keep", .call = do_keep, .min_arguments = 3, .max_arguments = 3},
    {.name = "tick", .call = do_tick, .max_arguments = -1},
    {.name = "forget", .call = do_forget, .max_arguments = 1},
    {.name = "wait", .call = do_wait, .max_arguments = -1, .suspends = true},
    {.name = "undeclared", .call = do_undeclared},
    {.name = "seen", .call = do_seen, .max_arguments = -1},
    {.name = "failed", .call = do_failed, .max_arguments = -1},
    {.name = "invoke",
     .call = do_invoke,
     .min_arguments = 2,
     .max_arguments = -1,
     .parameters = "how: integer, f: function, ..."},
    {.name = "echo", .call_values = do_echo, .max_arguments = -1},
    {.name = "state", .call = do_state, .max_arguments = 1},
    {.name = "check", .call = do_check, .max_arguments = 3},
    {.name = "here", .call = do_here, .max_arguments = 2},
    {.name = "other", .call = do_other, .max_arguments = 1},
    {.name = "cancel", .call = do_cancel},
};
static const lunette_class *const host_types[] = {&ACCOUNT, &PLAIN};

static const lunette_function price_functions[] = {
    {.name = "price",
     .call = do_price,
     .max_arguments = -1,
     .returns = "number",
     .description = "What it costs."},
};
static const lunette_function net_functions[] = {
    {.name = "fetch", .call = do_fetch, .max_arguments = -1, .needs = LUNETTE_PERMIT_NETWORK},
    {.name = "price", .call = do_price, .max_arguments = -1},
};
static const lunette_constant price_constants[] = {
    {.name = "vat", .value = {.type = LUNETTE_NUMBER, .as.number = 0.19}},
};

/* --- Modules that scripts ask for ---------------------------------------------------------------------------------------- */

lunette_status host_resolve(void *ud, lunette_call *call) {
    const char *name = "";
    seat *of = seat_of(call);
    lunette_status status = lunette_arg_string(call, 1, &name, NULL);
    (void)ud;
    if (status != LUNETTE_OK || of == NULL)
        return status;
    FUZZ_EXPECT(world_allows(of->at, name), "the resolver is asked for '%s', which is not allowed", name);
    FUZZ_EXPECT(lunette_call_suspend(call, NULL) == LUNETTE_RUNTIME_ERROR, "the resolver waits");
    FUZZ_EXPECT(lunette_call_set_state(call, &the) == LUNETTE_INVALID_ARGUMENT,
                "the resolver keeps something");
    if (strcmp(name, "res.text") == 0) {
        status = lunette_return_text(
            call, "host.here(271828, 'res.text') host.seen(271828, host.wait(0)) return {host.open()}");
        return status == LUNETTE_OK ? lunette_return_text(call, "@res/text.lua") : status;
    }
    if (strcmp(name, "res.bad") == 0)
        return lunette_return_integer(call, 7);
    if (strcmp(name, "res.fails") == 0)
        return lunette_call_fail(call, "no, never");
    status = lunette_return_nil(call);
    return status == LUNETTE_OK ? lunette_return_text(call, "looked everywhere") : status;
}

void host_modules(lunette_module *host, lunette_module *prices, lunette_module *net) {
    *host = *prices = *net = lunette_module_default();
    host->name = "host";
    host->functions = host_functions;
    host->function_count = FUZZ_COUNT(host_functions);
    host->types = host_types;
    host->type_count = FUZZ_COUNT(host_types);
    host->automatic = true;
    host->close_state = world_close_state;
    prices->name = "shop.prices";
    prices->functions = price_functions;
    prices->function_count = FUZZ_COUNT(price_functions);
    prices->constants = price_constants;
    prices->constant_count = FUZZ_COUNT(price_constants);
    prices->lazy = true;
    net->name = "shop.net";
    net->functions = net_functions;
    net->function_count = FUZZ_COUNT(net_functions);
    host->ud = prices->ud = net->ud = &the;
}
