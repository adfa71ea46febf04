/* The functions of the host that scripts of the fuzzer `host` call: each does what hosts do, right and wrong, and knows what
 * must be true as it is called. Those that wait are in host_wait.c, those that call back in host_invoke.c. */
#include <string.h>

#include "host_functions.h"
#include "host_session.h"

/* Scripts say it who mean what they say; see call_is_meant(). */
enum { HOST_KEY = 271828 };

/* --- Of calls --------------------------------------------------------------------------------------------------------- */

seat *call_seat(const lunette_call *call) {
    lunette_context *context = lunette_call_context(call);
    seat *of = context != NULL ? lunette_context_user_data(context) : NULL;
    FUZZ_EXPECT(context == NULL || (of != NULL && of->context == context && of->inside),
                "a call of a script that does not run");
    FUZZ_EXPECT(of == NULL || of->gone == LUNETTE_OK, "a script runs that was ended: %s",
                lunette_status_name(of->gone));
    return of;
}

bool call_is_meant(lunette_call *call) {
    int64_t key = 0;
    return lunette_arg_integer(call, 1, &key) == LUNETTE_OK && key == HOST_KEY;
}

int64_t call_how(lunette_call *call, int index) {
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

static lunette_status do_open(void *ud, lunette_call *call) {
    seat *of = call_seat(call);
    const size_t from = the.object_count;
    lunette_value value = lunette_nil();
    lunette_status status;
    FUZZ_EXPECT(ud == &the, "a stranger's ud");
    switch (call_how(call, 1)) {
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
        return status == LUNETTE_OK ? wait_ask(call, of) : status;
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
    seat *of = call_seat(call);
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
    (void)ud, (void)call_seat(call);
    lunette_status status = lunette_arg_object(call, 1, &ACCOUNT, &found);
    const lunette_status closed = lunette_arg_close(call, 1, &ACCOUNT);
    FUZZ_EXPECT(status == closed, "%s, then %s", lunette_status_name(status), lunette_status_name(closed));
    FUZZ_EXPECT(closed != LUNETTE_OK || ((object *)found)->closed == 1, "not closed");
    return closed;
}

/* Out to the host and back: the same to the script. */
static lunette_status do_same(void *ud, lunette_call *call) {
    const lunette_value *value;
    seat *of = call_seat(call);
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
    const bool good = world_is_good(of, thing);
    const lunette_status status = lunette_return_value(call, &thing->value);
    FUZZ_EXPECT(status == (good ? LUNETTE_OK : LUNETTE_STALE) || status == LUNETTE_NO_MEMORY,
                "%s for what is %s", lunette_status_name(status), good ? "good" : "gone");
    return status;
}

static lunette_status do_remind(void *ud, lunette_call *call) {
    int64_t index = 0;
    (void)ud;
    (void)lunette_arg_integer_or(call, 1, 0, &index);
    return give_thing(call, call_seat(call), world_thing((size_t)index & 0xffff));
}

static lunette_status do_keep(void *ud, lunette_call *call) {
    int64_t serial = 0;
    lunette_value function;
    seat *of = call_seat(call);
    (void)ud;
    lunette_status status = lunette_arg_integer(call, 2, &serial);
    if (status == LUNETTE_OK)
        status = lunette_arg_function(call, 3, &function);
    if (!call_is_meant(call))
        serial = 0;
    if (status == LUNETTE_OK && of != NULL && world_keep(of, &function, (int)serial) == NULL)
        status = lunette_context_forget(of->context, &function);
    return status;
}

static lunette_status do_tick(void *ud, lunette_call *call) {
    int64_t serial = 0;
    seat *of = call_seat(call);
    (void)ud;
    (void)lunette_arg_integer_or(call, 2, 0, &serial);
    if (of != NULL && of->first_tick == 0 && call_is_meant(call))
        of->first_tick = (int)serial;
    return LUNETTE_OK;
}

static void forget(seat *of, kept *thing) {
    const lunette_status status = lunette_context_forget(of->context, &thing->value);
    if (thing->value.type != LUNETTE_FUNCTION) {
        FUZZ_EXPECT(status == LUNETTE_INVALID_ARGUMENT, "%s", lunette_status_name(status));
        return;
    }
    const bool good = world_is_good(of, thing);
    FUZZ_EXPECT(status == (good ? LUNETTE_OK : LUNETTE_STALE), "%s for what is %s",
                lunette_status_name(status), good ? "good" : "gone");
    if (good)
        thing->dead = true;
}

static lunette_status do_forget(void *ud, lunette_call *call) {
    int64_t index = 0;
    seat *of = call_seat(call);
    (void)ud;
    (void)lunette_arg_integer_or(call, 1, 0, &index);
    kept *thing = world_thing((size_t)index & 0xffff);
    if (of != NULL && thing != NULL)
        forget(of, thing);
    return LUNETTE_OK;
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------ */

/* --- Back into the script --------------------------------------------------------------------------------------------- */

/* By the form over values. */
static lunette_status do_echo(void *ud, lunette_call *call, const lunette_value *arguments, size_t count) {
    lunette_status status = LUNETTE_OK;
    (void)ud, (void)call_seat(call);
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
    seat *of = call_seat(call);
    (void)ud;
    if (of == NULL)
        return lunette_call_set_state(call, &the);
    object *before = state_of(of);
    FUZZ_EXPECT(lunette_call_state(call) == before, "another state");
    const int64_t kind = call_how(call, 1);
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
    (void)ud, (void)call_seat(call);
    (void)lunette_arg_boolean(call, 2, &holds);
    (void)lunette_arg_string_or(call, 3, "?", &what, NULL);
    FUZZ_EXPECT(holds || !call_is_meant(call), "a script found that not: %s", what);
    return LUNETTE_OK;
}

/* A module's text says its name. */
static lunette_status do_here(void *ud, lunette_call *call) {
    const char *name = "";
    seat *of = call_seat(call);
    (void)ud;
    (void)lunette_arg_string_or(call, 2, "", &name, NULL);
    FUZZ_EXPECT(of == NULL || !call_is_meant(call) || world_allows(of->at, name),
                "'%s' is not allowed, and runs", name);
    return LUNETTE_OK;
}

static lunette_status do_fetch(void *ud, lunette_call *call) {
    const seat *of = call_seat(call);
    (void)ud;
    FUZZ_EXPECT(of != NULL && world_may_fetch(of->at) && world_allows(of->at, "shop.net"),
                "what is withheld is called");
    FUZZ_EXPECT(lunette_call_permits(call, LUNETTE_PERMIT_NETWORK), "it is not permitted");
    return lunette_return_text(call, "fetched");
}

static lunette_status do_price(void *ud, lunette_call *call) {
    const seat *of = call_seat(call);
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
    seat *of = call_seat(call);
    const int64_t kind = call_how(call, 1);
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
    if (call_seat(call) != NULL)
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
    seat *of = call_seat(call);
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
