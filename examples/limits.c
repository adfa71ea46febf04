/* Limits: scripts that want too much of everything, and what the host gets to know of each.
 *
 *     cc limits.c $(pkg-config --cflags --libs lunette) -o limits */
#include <lunette.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
    lunette_status expected;
} scripts[] = {
    {"modest", "local sum = 0 for i = 1, 1000 do sum = sum + i end return sum", LUNETTE_OK},
    {"endless", "while true do pcall(function() while true do end end) end", LUNETTE_TIME_LIMIT},
    {"hungry", "local t, x = {}, ('x'):rep(50000)\nwhile true do t[#t + 1] = x .. #t end",
     LUNETTE_MEMORY_LIMIT},
    {"talkative", "while true do print('and another thing') end", LUNETTE_OUTPUT_LIMIT},
    {"wordy", "return ('long '):rep(100000)", LUNETTE_MEMORY_LIMIT},
    {"deep", "local function f(n) return 1 + f(n + 1) end return f(1)", LUNETTE_RUNTIME_ERROR},
    {"stuck", "while true do string.rep('', 1000) end", LUNETTE_TIME_LIMIT},
    {"mistaken", "local order = nil\nreturn order.price", LUNETTE_RUNTIME_ERROR},
    {"confused", "return return", LUNETTE_SYNTAX_ERROR},
};

static void nobody_listens(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
}

/* The error as a line of JSON, as a log would have it. */
static void show(const char *name, lunette_status status, const lunette_error *error) {
    char *json = NULL;
    if (error != NULL && lunette_error_json(error, &json) == LUNETTE_OK)
        printf("%-10s %s\n", name, json);
    else
        printf("%-10s %s\n", name, lunette_status_text(status));
    lunette_string_free(&json);
}

int main(void) {
    lunette_config config = lunette_config_default();
    config.limits.memory = 4u << 20;
    config.limits.wall_ns = 200 * UINT64_C(1000000);
    config.limits.output_bytes = 1000;
    config.limits.string_bytes = 100000;
    config.limits.stack_depth = 1000;
    config.output = nobody_listens;

    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine, &context);
    if (status != LUNETTE_OK)
        fprintf(stderr, "the host: %s\n", lunette_last_failure());

    int wrong = status != LUNETTE_OK;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0] && status == LUNETTE_OK; i++) {
        lunette_status outcome = lunette_context_run(context, scripts[i].name, scripts[i].text,
                                                     LUNETTE_ZERO_TERMINATED, NULL, NULL);
        show(scripts[i].name, outcome, lunette_context_error(context));
        wrong += outcome != scripts[i].expected;
        status = lunette_context_reset(context);
    }
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    return wrong == 0 ? 0 : 1;
}
