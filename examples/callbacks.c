/* Callbacks: a script subscribes to events with functions of its own; the host keeps references to them and calls them
 * when the events come, long after the script's main part has ended. A function that fails is unsubscribed.
 *
 *     cc callbacks.c $(pkg-config --cflags --libs lunette) -o callbacks */
#include <lunette.h>
#include <stdio.h>

enum { MOST = 8 };

typedef struct events {
    lunette_value subscribers[MOST];
    size_t count;
} events;

/* on_event(f): from now on f is called with each event's number. */
static lunette_status on_event(void *ud, lunette_call *call) {
    events *list = ud;
    if (list->count == MOST)
        return lunette_call_fail(call, "there are %d subscribers already", MOST);
    lunette_status status = lunette_arg_function(call, 1, &list->subscribers[list->count]);
    if (status == LUNETTE_OK)
        list->count++;
    return status;
}

/* twice(f, n): f(f(n)), which calls back at once. */
static lunette_status twice(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function, number = lunette_integer(0), *results = NULL;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status == LUNETTE_OK)
        status = lunette_arg_integer(call, 2, &number.as.integer);
    for (int i = 0; i < 2 && status == LUNETTE_OK; i++) {
        status = lunette_call_invoke(call, &function, &number, 1, NULL, &results);
        const lunette_value *result = lunette_value_at(results, 0);
        if (status == LUNETTE_OK && result != NULL && result->type == LUNETTE_INTEGER)
            number = *result;
        else if (status == LUNETTE_OK)
            status = lunette_call_fail(call, "the function of 'twice' must return an integer");
        lunette_value_free(&results);
    }
    if (function.type == LUNETTE_FUNCTION)
        lunette_context_forget(lunette_call_context(call), &function);
    return status == LUNETTE_OK ? lunette_return_integer(call, number.as.integer) : status;
}

static const char script[] =
    "local sum = 0\n"
    "on_event(function(n) sum = sum + n print('the sum is', sum) end)\n"
    "on_event(function(n) if n == 2 then error('I do not like ' .. n) end print('event', n) end)\n"
    "print('twice', twice(function(n) return n * n end, 3))\n";

static void send(lunette_context *context, events *list, int64_t number) {
    const lunette_value argument = lunette_integer(number);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    for (size_t i = 0; i < list->count; i++) {
        lunette_status status = lunette_context_call(context, &list->subscribers[i], &options, NULL);
        if (status == LUNETTE_OK)
            continue;
        printf("unsubscribed: %s\n", lunette_context_message(context, status));
        lunette_context_forget(context, &list->subscribers[i]);
        list->subscribers[i] = list->subscribers[--list->count];
        i--;
    }
}

int main(void) {
    static const lunette_function functions[] = {
        {.name = "on_event", .call = on_event, .min_arguments = 1, .max_arguments = 1},
        {.name = "twice", .call = twice, .min_arguments = 2, .max_arguments = 2},
    };
    events list = {.count = 0};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    module.name = "";
    module.functions = functions;
    module.function_count = sizeof functions / sizeof functions[0];
    module.ud = &list;
    lunette_config config = lunette_config_default();
    config.modules = modules;
    config.module_count = 1;

    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine, &context);
    if (status == LUNETTE_OK)
        status = lunette_context_run(context, "subscriber", script, LUNETTE_ZERO_TERMINATED, NULL, NULL);
    for (int64_t number = 1; number <= 3 && status == LUNETTE_OK; number++)
        send(context, &list, number);
    if (status != LUNETTE_OK)
        fprintf(stderr, "%s\n", lunette_context_message(context, status));
    if (status == LUNETTE_OK && list.count != 1)
        status = LUNETTE_DEFECT;
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    return status == LUNETTE_OK ? 0 : 1;
}
