/* A session that lasts: each step may use what the steps before it left. One that goes wrong, or never ends, is undone, and the
 * next begins where it began. A snapshot is a place to come back to on purpose.
 *
 *     cc rollback.c $(pkg-config --cflags --libs lunette) -o rollback */
#include <lunette.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
} steps[] = {
    {"begin",
     "plan = {} function add(what) plan[#plan + 1] = what return #plan end return add('look around')"},
    {"good", "return add('open the door')"},
    {"broken", "add('step outside') return add(weather.name)"},
    {"endless", "plan = nil while true do pcall(function() while true do end end) end"},
    {"greedy", "local t = {} while true do t[#t + 1] = add('more') end"},
    {"good", "return add('close it again'), table.concat(plan, ', ')"},
};

static lunette_status take_step(lunette_context *context, const char *name, const char *text) {
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results = NULL;
    char *shown = NULL;
    options.roll_back = true;
    lunette_status status =
        lunette_context_run(context, name, text, LUNETTE_ZERO_TERMINATED, &options, &results);
    if (status < LUNETTE_OK)
        return status;
    const lunette_error *error = lunette_context_error(context);
    if (status == LUNETTE_OK && lunette_value_json(results, &shown) != LUNETTE_OK)
        status = LUNETTE_NO_MEMORY;
    printf("%-8s %s\n", name, shown != NULL ? shown : error != NULL ? error->message : "?");
    lunette_string_free(&shown);
    lunette_value_free(&results);
    return status < LUNETTE_OK ? status : LUNETTE_OK;
}

int main(void) {
    lunette_config config = lunette_config_default();
    config.limits.memory = 4u << 20;
    config.limits.wall_ns = UINT64_C(1000000000);

    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    uint64_t second_day = 0;
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine, &context);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == LUNETTE_OK; i++)
        status = take_step(context, steps[i].name, steps[i].text);

    if (status == LUNETTE_OK)
        status = lunette_snapshot_take(context, &second_day);
    for (int i = 0; i < 2 && status == LUNETTE_OK; i++) {
        status = take_step(context, i == 0 ? "one way" : "another", "return add('a surprise'), #plan");
        if (status == LUNETTE_OK)
            status = lunette_snapshot_restore(context, second_day);
    }
    if (status != LUNETTE_OK)
        fprintf(stderr, "the host: %s\n", lunette_last_failure());
    lunette_context_release(&context); /* its snapshots go with it */
    lunette_engine_close(&engine);
    return status == LUNETTE_OK ? 0 : 1;
}
