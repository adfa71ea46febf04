/* What a template's scripts can call, gathered for src/base/describe.c to write. Enters no state of a script's: all of it
 * is known from the template's copies and from the sandbox. */
#include "base/describe.h"

#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

static bool has_require(const ln_sandbox *sandbox) {
    const lunette_name *name;
    for (size_t i = 0; (name = lunette_sandbox_name(i)); i++)
        if (!*name->library && strcmp(name->name, "require") == 0)
            return ln_sandbox_has(sandbox, i);
    return false;
}

/* Lists for a description, in one block. */
struct lists {
    const void **block;
    const lunette_module **modules;
    const lunette_name **library;
    size_t library_count;
    const char **others, **descriptions;
    size_t other_count;
};

static bool make_lists(const ln_modules *modules, struct lists *lists) {
    size_t names = 0;
    while (lunette_sandbox_name(names))
        names++;
    lists->block = malloc((modules->count + names + 2 * modules->others_count + 1) * sizeof(void *));
    if (!lists->block)
        return false;
    lists->modules = (const lunette_module **)lists->block;
    lists->library = (const lunette_name **)(lists->block + modules->count);
    lists->others = (const char **)(lists->block + modules->count + names);
    lists->descriptions = lists->others + modules->others_count;
    return true;
}

/* Of a narrower template, what is left. */
static void gather(const ln_modules *modules, struct lists *lists) {
    for (size_t i = 0; i < modules->count; i++)
        lists->modules[i] = &modules->items[i].about;
    for (size_t i = 0; lunette_sandbox_name(i); i++)
        if (ln_sandbox_has(modules->sandbox, i))
            lists->library[lists->library_count++] = lunette_sandbox_name(i);
    for (size_t i = 0; i < modules->others_count; i++) {
        if (!ln_sources_allow(&modules->sources, modules->others[i]))
            continue;
        lists->others[lists->other_count] = modules->others[i];
        lists->descriptions[lists->other_count++] = modules->others_descriptions[i];
    }
}

lunette_status ln_modules_describe(const ln_modules *modules, lunette_format format, char **text) {
    struct lists lists = {0};
    *text = NULL;
    if (!make_lists(modules, &lists))
        return LUNETTE_NO_MEMORY;
    gather(modules, &lists);
    const ln_description what = {
        .modules = lists.modules,
        .module_count = modules->count,
        .prefix = modules->prefix,
        .sources = lists.others,
        .source_descriptions = lists.descriptions,
        .source_count = lists.other_count,
        .library = lists.library,
        .library_count = lists.library_count,
        .no_require = !has_require(modules->sandbox),
        .resolves = modules->resolver.about.call != NULL,
    };
    lunette_status status = ln_describe(&what, format, text);
    free(lists.block);
    return status;
}
