/* The programs that contexts are compared with: generated ones and those of examples/tenants, and the modules they use. */
#ifndef TEST_ENGINE_PROGRAMS_H
#define TEST_ENGINE_PROGRAMS_H

#include <dirent.h>

#include "kit.h"

static const char *kit_root; /* of the source tree */

static inline char *kit_source(const char *path) {
    char whole[8200];
    snprintf(whole, sizeof whole, "%s/%s", kit_root, path);
    return kit_file(whole);
}

/* --- Generated --- */

typedef struct kit_generator {
    lunette_engine *engine;
    lunette_context *context;
    lunette_script *script;
} kit_generator;

static inline kit_generator kit_generator_open(void) {
    kit_generator generator;
    lunette_config config = kit_config();
    char *text = kit_source("tests/engine/generate.lua");
    generator.engine = kit_open(&config);
    if (lunette_script_compile(generator.engine, "generate.lua", text, LUNETTE_ZERO_TERMINATED,
                               &generator.script) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    free(text);
    generator.context = kit_acquire(generator.engine);
    return generator;
}

/* The text of program number n; the caller's to free. */
static inline char *kit_generate(const kit_generator *generator, int64_t n) {
    lunette_value *results, argument = lunette_integer(n);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    lunette_status status =
        lunette_context_run_script(generator->context, generator->script, &options, &results);
    if (status != LUNETTE_OK)
        fail_msg("generate.lua: %s", lunette_context_error(generator->context)->message);
    char *text = strdup(lunette_value_at(results, 0)->as.string.bytes);
    lunette_value_free(&results);
    assert_int_equal(lunette_context_reset(generator->context), LUNETTE_OK);
    return text;
}

static inline void kit_generator_close(kit_generator *generator) {
    kit_release(&generator->context);
    lunette_script_close(&generator->script);
    lunette_engine_close(&generator->engine);
}

/* --- The modules they use --- */

enum { KIT_MODULES = 3 };

/* `sorted`: for contexts in which pairs() has an order of its own. */
static inline void kit_modules_open(lunette_preload modules[KIT_MODULES], bool sorted) {
    modules[0] = (lunette_preload){.name = "sorted", .text = strdup(sorted ? "SORTED = true" : "")};
    modules[1] = (lunette_preload){.name = "kit", .text = kit_source("tests/engine/kit.lua")};
    modules[2] = (lunette_preload){.name = "held", .text = kit_source("tests/engine/held.lua")};
    for (int i = 0; i < KIT_MODULES; i++)
        modules[i].text_size = SIZE_MAX;
}

static inline void kit_modules_close(lunette_preload modules[KIT_MODULES]) {
    for (int i = 0; i < KIT_MODULES; i++)
        free((char *)(uintptr_t)modules[i].text);
}

/* --- The examples --- */

/* Calls `each` for every program of a folder but those that only a deadline ends. Returns how many there were. */
static inline int kit_each_tenant(const char *folder, void (*each)(void *ud, const kit_program *program),
                                  void *ud) {
    char path[4096];
    struct dirent **names;
    int seen = 0;
    snprintf(path, sizeof path, "%s/%s", kit_root, folder);
    int count = scandir(path, &names, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        size_t size = strlen(name);
        if (size > 4 && strcmp(name + size - 4, ".lua") == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, name);
            char *text = kit_source(path);
            if (!strstr(text, "-- expect: time_limit")) {
                each(ud, &(kit_program){.name = name, .text = text, .usage = true});
                seen++;
            }
            free(text);
        }
        free(names[i]);
    }
    free(names);
    return seen;
}

#endif
