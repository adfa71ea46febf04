/* The smallest host: run a script that somebody else wrote, within 16 MiB and a tenth of a second, and take its
 * answer.
 *
 *     cc hello.c $(pkg-config --cflags --libs lunette) -o hello */
#include <lunette.h>
#include <stdio.h>

static const char script[] = "local name, n = ...\n"
                             "return { text = 'Hello, ' .. name .. ('!'):rep(n) }\n";

int main(void) {
    lunette_config config = lunette_config_default();
    config.limits.memory = 16u << 20;
    config.limits.wall_ns = 100 * UINT64_C(1000000);

    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    lunette_value *results = NULL;
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine, &context);
    if (status == LUNETTE_OK) {
        const lunette_value arguments[] = {lunette_text("moon"), lunette_integer(3)};
        lunette_run_options options = lunette_run_options_default();
        options.arguments = arguments;
        options.argument_count = 2;
        status = lunette_context_run(context, "hello", script, LUNETTE_ZERO_TERMINATED, &options, &results);
    }

    const lunette_value *text = lunette_value_get(lunette_value_at(results, 0), "text");
    if (text != NULL && text->type == LUNETTE_STRING)
        printf("%s\n", text->as.string.bytes);
    if (status != LUNETTE_OK) /* positive: the script's failure; negative: the host's */
        fprintf(stderr, "%s: %s\n", lunette_status_name(status), lunette_context_message(context, status));

    lunette_value_free(&results);
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    return status == LUNETTE_OK ? 0 : 1;
}
