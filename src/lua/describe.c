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
    const lunette_module **modules;
    const lunette_name **library;
    size_t library_count;
};

static bool gather(const ln_modules *modules, const ln_sandbox *sandbox, struct lists *lists) {
    size_t names = 0;
    while (lunette_sandbox_name(names))
        names++;
    lists->modules = malloc((modules->count + names) * sizeof(void *));
    if (!lists->modules)
        return false;
    lists->library = (const lunette_name **)(void *)(lists->modules + modules->count);
    for (size_t i = 0; i < modules->count; i++)
        lists->modules[i] = &modules->items[i].about;
    for (size_t i = 0; i < names; i++)
        if (ln_sandbox_has(sandbox, i))
            lists->library[lists->library_count++] = lunette_sandbox_name(i);
    return true;
}

lunette_status ln_modules_describe(const ln_modules *modules, const ln_sandbox *sandbox,
                                   lunette_format format, char **text) {
    struct lists lists = {0};
    *text = NULL;
    if (!gather(modules, sandbox, &lists))
        return LUNETTE_NO_MEMORY;
    const ln_description what = {
        .modules = lists.modules,
        .module_count = modules->count,
        .prefix = modules->prefix,
        .sources = modules->others,
        .source_descriptions = modules->others_descriptions,
        .source_count = modules->others_count,
        .no_require = !has_require(sandbox),
        .resolves = modules->resolver.about.call != NULL,
        .library = lists.library,
        .library_count = lists.library_count,
    };
    lunette_status status = ln_describe(&what, format, text);
    free(lists.modules);
    return status;
}
