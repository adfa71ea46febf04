/* A type of the host's: scripts open counters, call methods on them, add them up; and each is closed exactly once, also
 * when the script is killed while it holds some.
 *
 *     cc userdata_type.c $(pkg-config --cflags --libs lunette) -o userdata_type */
#include <lunette.h>
#include <stdio.h>
#include <stdlib.h>

static int opened, closed;
static const lunette_class counter_type;

static lunette_status counter_open(void *ud, lunette_call *call) {
    (void)ud;
    int64_t *counter = calloc(1, sizeof *counter);
    if (counter == NULL)
        return LUNETTE_NO_MEMORY;
    lunette_status status = lunette_return_object(call, &counter_type, counter);
    if (status == LUNETTE_OK)
        opened++;
    else
        free(counter);
    return status;
}

static void counter_close(void *ud, void *object) {
    (void)ud;
    closed++;
    free(object);
}

static lunette_status counter_add(void *ud, lunette_call *call) {
    (void)ud;
    void *object;
    int64_t amount;
    lunette_status status = lunette_arg_object(call, 1, &counter_type, &object);
    if (status == LUNETTE_OK)
        status = lunette_arg_integer_or(call, 2, 1, &amount);
    if (status == LUNETTE_OK)
        status = lunette_return_integer(call, *(int64_t *)object += amount);
    return status;
}

static lunette_status counter_length(void *ud, lunette_call *call) {
    (void)ud;
    void *object;
    lunette_status status = lunette_arg_object(call, 1, &counter_type, &object);
    return status == LUNETTE_OK ? lunette_return_integer(call, *(int64_t *)object) : status;
}

static const lunette_function methods[] = {
    {.name = "add", .call = counter_add, .min_arguments = 1, .max_arguments = 2},
};
static const lunette_function metamethods[] = {
    {.name = "__len", .call = counter_length, .max_arguments = -1},
};
static const lunette_class counter_type = {
    .size = sizeof(lunette_class),
    .name = "Counter",
    .version = 1,
    .methods = methods,
    .method_count = 1,
    .metamethods = metamethods,
    .metamethod_count = 1,
    .close = counter_close,
};

static lunette_status open_engine(lunette_engine **engine) {
    static const lunette_function functions[] = {{.name = "counter", .call = counter_open}};
    const lunette_class *types[] = {&counter_type};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    module.name = "";
    module.functions = functions;
    module.function_count = 1;
    module.types = types;
    module.type_count = 1;
    config.modules = modules;
    config.module_count = 1;
    config.limits.wall_ns = 50 * UINT64_C(1000000);
    return lunette_engine_open(&config, engine);
}

static void show(lunette_context *context, const char *text) {
    lunette_value *results = NULL;
    char *answer = NULL;
    lunette_status status =
        lunette_context_run(context, "counters", text, LUNETTE_ZERO_TERMINATED, NULL, &results);
    if (status == LUNETTE_OK)
        status = lunette_value_text(results, 0, &answer);
    if (status == LUNETTE_OK)
        printf("%s\n", answer);
    else
        printf("%s\n", lunette_context_message(context, status));
    lunette_string_free(&answer);
    lunette_value_free(&results);
}

int main(void) {
    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    if (open_engine(&engine) != LUNETTE_OK || lunette_context_acquire(engine, &context) != LUNETTE_OK) {
        fprintf(stderr, "the host: %s\n", lunette_last_failure());
        lunette_engine_close(&engine);
        return 1;
    }
    show(context, "local c <close> = counter() c:add() c:add(41) return #c");
    show(context, "return counter().add(7)");
    show(context, "local all = {} for i = 1, 100 do all[i] = counter() end while true do end");
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    printf("%d counters were opened, %d closed\n", opened, closed);
    return opened == 102 && closed == opened ? 0 : 1;
}
