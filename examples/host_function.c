/* A function of the host's: what it takes and gives is described, so that wrong calls get Lua's own messages, and a reader,
 * or a language model, can be told what scripts may call.
 *
 *     cc host_function.c $(pkg-config --cflags --libs lunette) -o host_function */
#include <lunette.h>
#include <stdio.h>
#include <string.h>

/* price(item, count?) -> number: reads its arguments one by one, gives its result, and reports errors by returning. */
static lunette_status price(void *ud, lunette_call *call) {
    (void)ud;
    const char *item;
    int64_t count;
    lunette_status status = lunette_arg_string(call, 1, &item, NULL);
    if (status == LUNETTE_OK)
        status = lunette_arg_integer_or(call, 2, 1, &count);
    if (status != LUNETTE_OK)
        return status;
    if (strcmp(item, "apple") != 0)
        return lunette_call_fail(call, "there is no '%s' in this shop", item);
    return lunette_return_number(call, 0.5 * (double)count);
}

static const lunette_function functions[] = {
    {
        .name = "price",
        .call = price,
        .min_arguments = 1,
        .max_arguments = 2,
        .parameters = "item: string, count: integer?",
        .returns = "number",
        .description = "What so many of an item cost.",
    },
};

static lunette_status open_engine(lunette_engine **engine) {
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    module.name = "shop";
    module.automatic = true; /* scripts have it as the global variable `shop`, too */
    module.functions = functions;
    module.function_count = sizeof functions / sizeof functions[0];
    config.sandbox = LUNETTE_SANDBOX_STRICT;
    config.modules = modules;
    config.module_count = 1;
    return lunette_engine_open(&config, engine);
}

static void run(lunette_context *context, const char *text) {
    lunette_status status = lunette_context_run(context, "script", text, LUNETTE_ZERO_TERMINATED, NULL, NULL);
    if (status != LUNETTE_OK)
        printf("%s\n", lunette_context_message(context, status));
}

int main(void) {
    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    char *description = NULL;
    lunette_status status = open_engine(&engine);
    if (status == LUNETTE_OK)
        status =
            lunette_template_describe(lunette_engine_template(engine), LUNETTE_FORMAT_TEXT, &description);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine, &context);
    if (status == LUNETTE_OK) {
        printf("%s\n", description);
        run(context, "print(shop.price('apple'), shop.price('apple', 7))");
        run(context, "shop.price('apple', 'many')");
        run(context, "shop.price('pear')");
    } else {
        fprintf(stderr, "the host: %s\n", lunette_last_failure());
    }
    lunette_string_free(&description);
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    return status == LUNETTE_OK ? 0 : 1;
}
