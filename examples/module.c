/* A module that keeps something: what belongs to a customer for as long as his template is there, and what belongs to one
 * context until it is reset. Both are closed by the library, once each, however scripts end. Beside the C functions the
 * customer's scripts have a Lua library that the host gives as text.
 *
 *     cc module.c $(pkg-config --cflags --libs lunette) -o module */
#include <lunette.h>
#include <stdio.h>
#include <stdlib.h>

/* A customer: the module's `ud`, one for each template. */
typedef struct customer {
    const char *name;
    int64_t most; /* notes that one of his contexts may keep */
    int contexts; /* that keep some at the moment */
} customer;

/* The state of one context. */
typedef struct notes {
    int64_t count;
} notes;

static void notes_close(void *ud, void *state) {
    ((customer *)ud)->contexts--;
    free(state);
}

static void customer_close(void *ud) {
    customer *who = ud;
    printf("%s is gone, and %d contexts of his keep notes\n", who->name, who->contexts);
    free(who);
}

/* The state is made by whoever needs it first. */
static lunette_status find_notes(customer *who, lunette_call *call, notes **found) {
    *found = lunette_call_state(call);
    if (*found != NULL)
        return LUNETTE_OK;
    *found = calloc(1, sizeof **found);
    if (*found == NULL)
        return LUNETTE_NO_MEMORY;
    lunette_status status = lunette_call_set_state(call, *found);
    if (status == LUNETTE_OK)
        who->contexts++;
    else
        free(*found);
    return status;
}

/* notes.add() -> count */
static lunette_status add(void *ud, lunette_call *call) {
    customer *who = ud;
    notes *mine;
    lunette_status status = find_notes(who, call, &mine);
    if (status != LUNETTE_OK)
        return status;
    if (mine->count == who->most)
        return lunette_call_fail(call, "%s may keep %d notes", who->name, (int)who->most);
    return lunette_return_integer(call, ++mine->count);
}

static const lunette_function functions[] = {{.name = "add", .call = add, .returns = "count: integer"}};

static const lunette_file files[] = {
    {.path = "notes/many.lua",
     .text = "local notes = require 'notes'\n"
             "return function(n) local count for i = 1, n do count = notes.add() end return count end\n",
     .text_size = SIZE_MAX},
};

static lunette_status open_for(lunette_engine *engine, const char *name, int64_t most,
                               lunette_template **out) {
    customer *who = calloc(1, sizeof *who);
    if (who == NULL)
        return LUNETTE_NO_MEMORY;
    *who = (customer){.name = name, .most = most};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_require_config require = lunette_require_config_default();
    lunette_template_config config = lunette_template_config_default();
    module.name = "notes";
    module.functions = functions;
    module.function_count = sizeof functions / sizeof functions[0];
    module.ud = who;
    module.close_state = notes_close;
    module.close = customer_close;
    require.files = files;
    require.file_count = sizeof files / sizeof files[0];
    config.modules = modules;
    config.module_count = 1;
    config.require = &require;
    lunette_status status = lunette_template_open(engine, &config, out);
    if (status != LUNETTE_OK)
        free(who);
    return status;
}

static const char script[] = "local many = require 'notes.many'\n"
                             "print(many(3), pcall(many, 3))";

static lunette_status serve(lunette_template *of) {
    lunette_context *context;
    lunette_status status = lunette_context_acquire_from(of, 0, &context);
    if (status == LUNETTE_OK)
        status = lunette_context_run(context, "script", script, LUNETTE_ZERO_TERMINATED, NULL, NULL);
    lunette_context_release(&context); /* its notes are closed here */
    return status;
}

int main(void) {
    lunette_engine *engine = NULL;
    lunette_template *small = NULL, *large = NULL;
    lunette_status status = lunette_engine_open(NULL, &engine);
    if (status == LUNETTE_OK)
        status = open_for(engine, "Small", 4, &small);
    if (status == LUNETTE_OK)
        status = open_for(engine, "Large", 100, &large);
    for (int i = 0; i < 2 && status == LUNETTE_OK; i++) {
        status = serve(small);
        if (status == LUNETTE_OK)
            status = serve(large);
    }
    if (status != LUNETTE_OK)
        fprintf(stderr, "%s: %s\n", lunette_status_name(status), lunette_last_failure());
    lunette_template_close(&small);
    lunette_template_close(&large);
    lunette_engine_close(&engine);
    return status == LUNETTE_OK ? 0 : 1;
}
