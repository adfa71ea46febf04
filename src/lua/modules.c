/* Host modules: descriptions checked and copied once, and the tables that scripts find, made from the copies. */
#include "lua/modules.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lua/internal.h"

/* LUAI_MAXCCALLS and the stack a C function is given leave room for that many, and no function has more. */
enum { MOST_ARGUMENTS = 250 };

/* --- Checking --- */

static lunette_status refuse(char *why, size_t size, const lunette_module *module, size_t at,
                             const char *what) {
    if (module->name)
        snprintf(why, size, "modules[%zu] ('%.60s'): %s", at, module->name, what);
    else
        snprintf(why, size, "modules[%zu]: %s", at, what);
    return LUNETTE_INVALID_ARGUMENT;
}

/* What is wrong with a function; NULL: nothing. */
static const char *fault_of(const lunette_function *function) {
    if (!function->name || !*function->name)
        return "a function has no name";
    if ((function->call != NULL) == (function->call_values != NULL))
        return "a function needs either `call` or `call_values`";
    if (function->min_arguments < 0 || function->min_arguments > MOST_ARGUMENTS)
        return "a function's min_arguments must be 0 to 250";
    if (function->max_arguments != -1 &&
        (function->max_arguments < function->min_arguments || function->max_arguments > MOST_ARGUMENTS))
        return "a function's max_arguments must be min_arguments to 250, or -1";
    for (size_t i = 0; i < LN_COUNT(function->reserved); i++)
        if (function->reserved[i])
            return "a function's reserved fields must be NULL";
    return NULL;
}

/* References are some context's own, and there is none yet. */
static bool is_plain(const lunette_value *value, int depth) {
    if (value->type == LUNETTE_FUNCTION || value->type == LUNETTE_USERDATA || depth == 0)
        return false;
    for (size_t i = 0; value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        if (!is_plain(&value->as.array.items[i], depth - 1))
            return false;
    for (size_t i = 0; value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        if (!is_plain(&value->as.object.members[i].value, depth - 1))
            return false;
    return true;
}

static const char *fault_of_constant(const lunette_constant *constant) {
    static const ln_vm NOBODY;
    if (!constant->name || !*constant->name)
        return "a constant has no name";
    if (ln_values_check(&NOBODY.machine, &constant->value) != LUNETTE_OK ||
        !is_plain(&constant->value, LN_VALUE_DEPTH))
        return "a constant's value is none that can be given to a script";
    return NULL;
}

static const char *fault_of_name(const lunette_module *module) {
    if (!module->name)
        return "it has no name";
    if (module->automatic && *module->name && !ln_is_identifier(module->name, strlen(module->name)))
        return "it is automatic, so its name must be that of a variable";
    if (!*module->name && module->lazy)
        return "without a name it cannot be lazy";
    return NULL;
}

static const char *fault_of_metamethod(const lunette_function *function) {
    static const char *const OURS[] = {"__gc", "__close", "__mode", "__name", "__metatable"};
    const char *fault = fault_of(function);
    if (!fault && strncmp(function->name, "__", 2) != 0)
        fault = "a metamethod's name begins with two underscores";
    for (size_t i = 0; !fault && i < LN_COUNT(OURS); i++)
        if (strcmp(function->name, OURS[i]) == 0)
            fault = "a type cannot have __gc, __close, __mode, __name or __metatable of its own";
    return fault;
}

static const char *fault_of_class(const lunette_class *class) {
    const char *fault = NULL;
    if (!class)
        return "a type is NULL";
    if (!class->name || !*class->name)
        fault = "a type has no name";
    else if ((class->method_count > 0 && !class->methods) ||
             (class->metamethod_count > 0 && !class->metamethods))
        fault = "a type's methods or metamethods are NULL, but their count is not 0";
    for (size_t i = 0; !fault && i < class->method_count; i++)
        fault = fault_of(&class->methods[i]);
    for (size_t i = 0; !fault && i < class->metamethod_count; i++)
        fault = fault_of_metamethod(&class->metamethods[i]);
    return fault;
}

/* --- Names that clash --- */

/* Number `index` of what a module's table has: its functions, then its constants. */
static const char *member_name(const lunette_module *module, size_t index) {
    size_t functions = module->function_count;
    return index < functions ? module->functions[index].name : module->constants[index - functions].name;
}

static size_t member_count(const lunette_module *module) {
    return module->function_count + module->constant_count;
}

/* Among the first `count`. */
static bool has_member(const lunette_module *module, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(member_name(module, i), name) == 0)
            return true;
    return false;
}

static bool has_twins(const lunette_function *functions, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(functions[i].name, functions[k].name) == 0)
                return true;
    return false;
}

static const char *fault_of_members(const lunette_module *module) {
    for (size_t i = 0; i < member_count(module); i++)
        if (has_member(module, i, member_name(module, i)))
            return "two of its functions and constants have the same name";
    for (size_t i = 0; i < module->type_count; i++) {
        const lunette_class *class = module->types[i];
        if (has_twins(class->methods, class->method_count) ||
            has_twins(class->metamethods, class->metamethod_count))
            return "a type has two methods, or two metamethods, of the same name";
    }
    return NULL;
}

/* Whether the module makes a global variable of that name. */
static bool makes_global(const lunette_module *module, const char *name) {
    if (!*module->name)
        return has_member(module, member_count(module), name);
    return module->automatic && strcmp(module->name, name) == 0;
}

/* Of two modules. */
static bool share_global(const lunette_module *a, const lunette_module *b) {
    if (*a->name)
        return a->automatic && makes_global(b, a->name);
    for (size_t i = 0; i < member_count(a); i++)
        if (makes_global(b, member_name(a, i)))
            return true;
    return false;
}

/* --- All of a module --- */

static const char *fault_of_module(const lunette_module *module) {
    const char *fault = fault_of_name(module);
    if (!fault && module->function_count > 0 && !module->functions)
        fault = "`functions` is NULL, but function_count is not 0";
    if (!fault && module->constant_count > 0 && !module->constants)
        fault = "`constants` is NULL, but constant_count is not 0";
    for (size_t i = 0; !fault && i < module->function_count; i++)
        fault = fault_of(&module->functions[i]);
    for (size_t i = 0; !fault && i < module->constant_count; i++)
        fault = fault_of_constant(&module->constants[i]);
    if (!fault && module->type_count > 0 && !module->types)
        fault = "`types` is NULL, but type_count is not 0";
    for (size_t i = 0; !fault && i < module->type_count; i++)
        fault = fault_of_class(module->types[i]);
    return fault ? fault : fault_of_members(module);
}

/* Types of module `at` against each other and against those of the modules before it. */
static const char *fault_of_type_names(const ln_module_list *list, size_t at) {
    const lunette_module *module = list->items[at];
    for (size_t i = 0; i < module->type_count; i++)
        for (size_t m = 0; m <= at; m++)
            for (size_t k = 0; (m < at || k < i) && k < list->items[m]->type_count; k++)
                if (strcmp(list->items[m]->types[k]->name, module->types[i]->name) == 0)
                    return "two types have the same name";
    return NULL;
}

static lunette_status check(const ln_module_list *list, char *why, size_t size) {
    for (size_t i = 0; i < list->count; i++) {
        const lunette_module *module = list->items[i];
        const char *fault = fault_of_module(module);
        if (!fault)
            fault = fault_of_type_names(list, i);
        if (fault)
            return refuse(why, size, module, i, fault);
        for (size_t k = 0; k < i && *module->name; k++)
            if (strcmp(list->items[k]->name, module->name) == 0)
                return refuse(why, size, module, i, "another module has that name");
        for (size_t k = 0; k < i; k++)
            if (share_global(module, list->items[k]))
                return refuse(why, size, module, i,
                              "another module makes a global variable of the same name");
    }
    return LUNETTE_OK;
}

/* The name that a module is required by. */
static bool has_name(const ln_module_list *list, const lunette_module *module, const char *name) {
    size_t prefix = list->prefix ? strlen(list->prefix) : 0;
    return *module->name && strncmp(name, list->prefix ? list->prefix : "", prefix) == 0 &&
           strcmp(name + prefix, module->name) == 0;
}

static const char *fault_of_native(const ln_module_list *list, size_t at) {
    const lunette_lua_module *module = &list->natives[at];
    if (!module->name || !*module->name)
        return "it has no name";
    if (!module->open)
        return "`open` is NULL";
    for (size_t i = 0; i < at; i++)
        if (strcmp(list->natives[i].name, module->name) == 0)
            return "another one has that name";
    for (size_t i = 0; i < list->count; i++)
        if (has_name(list, list->items[i], module->name))
            return "one of `modules` has that name";
    return NULL;
}

static lunette_status check_natives(const ln_module_list *list, char *why, size_t size) {
    for (size_t i = 0; i < list->native_count; i++) {
        const char *fault = fault_of_native(list, i);
        if (!fault)
            continue;
        const char *name = list->natives[i].name;
        snprintf(why, size, "lua_modules[%zu] ('%.60s'): %s", i, name ? name : "(null)", fault);
        return LUNETTE_INVALID_ARGUMENT;
    }
    return LUNETTE_OK;
}

/* --- Copying --- */

static lunette_status copy_text(ln_tree *tree, const char **text) {
    return *text ? ln_tree_copy_bytes(tree, *text, strlen(*text), text) : LUNETTE_OK;
}

static lunette_status join(ln_tree *tree, const char *first, const char *between, const char *second,
                           const char **joined) {
    void *start;
    size_t size = strlen(first) + strlen(between) + strlen(second) + 1;
    lunette_status status = ln_tree_obtain(tree, size, &start);
    if (status != LUNETTE_OK)
        return status;
    snprintf(start, size, "%s%s%s", first, between, second);
    *joined = start;
    return LUNETTE_OK;
}

/* Who functions belong to: a module, or a type of one. */
struct owner {
    const ln_module *module;
    const char *name;
    void *ud;
};

static lunette_status copy_function(ln_tree *tree, const struct owner *owner, const lunette_function *from,
                                    ln_function *to) {
    *to = (ln_function){
        .about = *from,
        .ud = owner->ud,
        .module = owner->module,
        .more_arguments =
            (unsigned)(from->max_arguments == -1 ? INT_MAX : from->max_arguments - from->min_arguments),
        .number = LN_NUMBERED,
    };
    lunette_status status = copy_text(tree, &to->about.name);
    if (status == LUNETTE_OK)
        status = copy_text(tree, &to->about.parameters);
    if (status == LUNETTE_OK)
        status = copy_text(tree, &to->about.returns);
    if (status == LUNETTE_OK)
        status = copy_text(tree, &to->about.description);
    if (status == LUNETTE_OK)
        status = join(tree, owner->name, *owner->name ? "." : "", from->name, &to->full_name);
    return status;
}

static void give_number(ln_modules *modules, ln_function *function) {
    if (!function->about.call || modules->numbers == LN_NUMBERED)
        return;
    function->number = modules->numbers;
    modules->numbered[modules->numbers++] = function;
}

/* The descriptions alone, in a row, as others want to read them. */
static lunette_status list_functions(ln_tree *tree, const ln_function *functions, size_t count,
                                     const lunette_function **list) {
    void *start;
    lunette_status status = ln_tree_obtain(tree, count * sizeof(lunette_function), &start);
    lunette_function *abouts = start;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++)
        abouts[i] = functions[i].about;
    *list = status == LUNETTE_OK ? abouts : NULL;
    return status;
}

/* Those that the permissions allow. */
static lunette_status copy_functions(ln_modules *modules, const lunette_module *from, ln_module *to) {
    const struct owner owner = {.module = to, .name = from->name, .ud = from->ud};
    void *start;
    size_t count = 0;
    lunette_status status =
        ln_tree_obtain(&modules->memory, from->function_count * sizeof(ln_function), &start);
    ln_function *functions = start;
    for (size_t i = 0; status == LUNETTE_OK && i < from->function_count; i++) {
        uint32_t needs = from->functions[i].needs;
        if ((ln_sandbox_permissions(modules->sandbox) & needs) != needs)
            continue;
        modules->suspends = modules->suspends || from->functions[i].suspends;
        status = copy_function(&modules->memory, &owner, &from->functions[i], &functions[count]);
        give_number(modules, &functions[count++]);
    }
    to->functions = functions;
    to->about.function_count = count;
    return status == LUNETTE_OK ? list_functions(&modules->memory, functions, count, &to->about.functions)
                                : status;
}

static lunette_status copy_constants(ln_tree *tree, const lunette_module *from, ln_module *to) {
    void *start;
    lunette_status status = ln_tree_obtain(tree, from->constant_count * sizeof(lunette_constant), &start);
    lunette_constant *constants = start;
    for (size_t i = 0; status == LUNETTE_OK && i < from->constant_count; i++) {
        constants[i] = from->constants[i];
        status = copy_text(tree, &constants[i].name);
        if (status == LUNETTE_OK)
            status = copy_text(tree, &constants[i].description);
        if (status == LUNETTE_OK)
            status = ln_tree_copy_value(tree, &from->constants[i].value, &constants[i].value);
    }
    to->about.constants = constants;
    return status;
}

static lunette_status copy_methods(ln_modules *modules, const struct owner *owner,
                                   const lunette_function **about, size_t count, const ln_function **to) {
    const lunette_function *from = *about;
    void *start;
    lunette_status status = ln_tree_obtain(&modules->memory, count * sizeof(ln_function), &start);
    ln_function *functions = start;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++) {
        modules->suspends = modules->suspends || from[i].suspends;
        status = copy_function(&modules->memory, owner, &from[i], &functions[i]);
    }
    *to = functions;
    return status == LUNETTE_OK ? list_functions(&modules->memory, functions, count, about) : status;
}

static lunette_status copy_class(ln_modules *modules, const ln_module *module, const lunette_class *from,
                                 ln_class *to) {
    const struct owner owner = {.module = module, .name = from->name, .ud = from->ud};
    ln_tree *tree = &modules->memory;
    *to = (ln_class){.about = *from};
    lunette_status status = copy_text(tree, &to->about.name);
    if (status == LUNETTE_OK)
        status = copy_text(tree, &to->about.description);
    if (status == LUNETTE_OK)
        status = copy_methods(modules, &owner, &to->about.methods, from->method_count, &to->methods);
    if (status == LUNETTE_OK)
        status =
            copy_methods(modules, &owner, &to->about.metamethods, from->metamethod_count, &to->metamethods);
    return status;
}

static lunette_status copy_classes(ln_modules *modules, const lunette_module *from, ln_module *to) {
    void *start, *list = NULL;
    size_t count = from->type_count;
    lunette_status status = ln_tree_obtain(&modules->memory, count * sizeof(ln_class), &start);
    if (status == LUNETTE_OK)
        status = ln_tree_obtain(&modules->memory, count * sizeof(lunette_class *), &list);
    ln_class *classes = start;
    const lunette_class **abouts = list;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++) {
        status = copy_class(modules, to, from->types[i], &classes[i]);
        abouts[i] = &classes[i].about;
    }
    to->classes = classes;
    to->about.types = abouts;
    return status;
}

static lunette_status copy_module(ln_modules *modules, const char *required, const lunette_module *from,
                                  ln_module *to) {
    ln_tree *tree = &modules->memory;
    *to = (ln_module){.about = *from, .required = required};
    to->state.about.close = from->close_state;
    to->state.about.ud = from->ud;
    lunette_status status = copy_text(tree, &to->about.name);
    if (status == LUNETTE_OK)
        status = copy_text(tree, &to->about.version);
    if (status == LUNETTE_OK)
        status = copy_text(tree, &to->about.description);
    if (status == LUNETTE_OK)
        status = copy_functions(modules, from, to);
    if (status == LUNETTE_OK)
        status = copy_constants(tree, from, to);
    if (status == LUNETTE_OK)
        status = copy_classes(modules, from, to);
    return status;
}

static lunette_status copy_natives(const ln_module_list *list, ln_modules *modules) {
    void *start;
    lunette_status status =
        ln_tree_obtain(&modules->memory, list->native_count * sizeof(lunette_lua_module), &start);
    modules->natives = start;
    for (size_t i = 0; status == LUNETTE_OK && i < list->native_count; i++) {
        modules->natives[i] = list->natives[i];
        status = copy_text(&modules->memory, &modules->natives[i].name);
        modules->native_count++;
    }
    return status;
}

static lunette_status add_other(ln_modules *modules, const char *name, const char *description) {
    size_t at = modules->others_count++;
    modules->others_descriptions[at] = description;
    return ln_tree_copy_bytes(&modules->memory, name, strlen(name), &modules->others[at]);
}

/* The names of modules that nobody has described: written in Lua, or for it. Of those that scripts may have. */
static lunette_status list_others(const ln_module_list *list, ln_modules *modules) {
    const ln_sources *sources = &modules->sources;
    size_t room = list->preload_count + list->native_count + sources->count;
    char name[LN_PATH_ROOM];
    void *names, *descriptions;
    lunette_status status = ln_tree_obtain(&modules->memory, room * sizeof(char *), &names);
    if (status == LUNETTE_OK)
        status = ln_tree_obtain(&modules->memory, room * sizeof(char *), &descriptions);
    if (status != LUNETTE_OK)
        return status;
    modules->others = names;
    modules->others_descriptions = descriptions;
    for (size_t i = 0; status == LUNETTE_OK && i < list->preload_count; i++)
        if (ln_sources_allow(sources, list->preload[i].name))
            status = add_other(modules, list->preload[i].name, NULL);
    for (size_t i = 0; status == LUNETTE_OK && i < list->native_count; i++)
        if (ln_sources_allow(sources, list->natives[i].name))
            status = add_other(modules, list->natives[i].name, NULL);
    for (size_t i = 0; status == LUNETTE_OK && i < sources->count; i++)
        if (ln_sources_name(sources, &sources->files[i], name) && ln_sources_allow(sources, name))
            status = add_other(modules, name, sources->files[i].description);
    return status;
}

/* What there is beside the host's modules. */
static lunette_status open_rest(const ln_module_list *list, ln_modules *modules, char *why, size_t why_size) {
    const lunette_require_config *require = list->require;
    if (require && require->allowed && !list->confined) {
        snprintf(why, why_size, "require.allowed is given, but the sandbox level none confines nothing");
        return LUNETTE_INVALID_ARGUMENT;
    }
    modules->prefix = list->prefix;
    lunette_status status = copy_text(&modules->memory, &modules->prefix);
    if (status == LUNETTE_OK)
        status = ln_sources_open(require, &modules->memory, &modules->sources, why, why_size);
    if (require && require->resolver)
        modules->resolver = (ln_function){
            .about = {.name = "require", .call = require->resolver, .min_arguments = 1, .max_arguments = 1},
            .ud = require->resolver_ud,
            .full_name = "require",
            .number = LN_NUMBERED,
        };
    return status == LUNETTE_OK ? list_others(list, modules) : status;
}

/* Those that scripts may have. */
static lunette_status copy_modules(const ln_module_list *list, ln_modules *modules) {
    void *start;
    const char *required;
    lunette_status status = ln_tree_obtain(&modules->memory, list->count * sizeof(ln_module), &start);
    if (status == LUNETTE_OK)
        modules->items = start;
    for (size_t i = 0; status == LUNETTE_OK && i < list->count; i++) {
        const char *name = list->items[i]->name, *prefix = list->prefix && *name ? list->prefix : "";
        status = join(&modules->memory, prefix, "", name, &required);
        if (status != LUNETTE_OK || !ln_sources_allow(&modules->sources, required))
            continue;
        ln_module *to = &modules->items[modules->count++];
        status = copy_module(modules, required, list->items[i], to);
        to->place = i;
    }
    modules->places = list->count;
    return status;
}

lunette_status ln_modules_open(const ln_module_list *list, ln_modules *modules, char *why, size_t why_size) {
    *modules = (ln_modules){.sandbox = list->sandbox};
    ln_tree_init(&modules->memory, SIZE_MAX);
    lunette_status status = check(list, why, why_size);
    if (status == LUNETTE_OK)
        status = check_natives(list, why, why_size);
    if (status == LUNETTE_OK && list->native_count > 0)
        status = copy_natives(list, modules);
    if (status == LUNETTE_OK)
        status = open_rest(list, modules, why, why_size);
    if (status == LUNETTE_OK)
        status = copy_modules(list, modules);
    if (status != LUNETTE_OK)
        ln_modules_close(modules);
    return status;
}

/* --- Narrowing --- */

static bool is_there(const ln_modules *from, const char *entry) {
    for (size_t i = 0; i < from->count; i++)
        if (ln_name_matches(entry, from->items[i].required))
            return true;
    for (size_t i = 0; i < from->others_count; i++)
        if (ln_name_matches(entry, from->others[i]))
            return true;
    return from->resolver.about.call != NULL || ln_sources_find(&from->sources, entry);
}

/* Every name stands for something; the host's resolver may know any. */
static lunette_status check_names(const ln_modules *from, const lunette_narrowing *by, char *why,
                                  size_t size) {
    for (size_t i = 0; i < by->module_count; i++) {
        if (is_there(from, by->modules[i]))
            continue;
        snprintf(why, size, "modules: the template has no module '%.60s'", by->modules[i]);
        return LUNETTE_INVALID_ARGUMENT;
    }
    return LUNETTE_OK;
}

/* Texts and types stay those of `from`; functions keep their numbers. */
static lunette_status narrow_module(ln_modules *modules, const ln_module *from, ln_module *to) {
    void *start;
    lunette_status status =
        ln_tree_obtain(&modules->memory, from->about.function_count * sizeof(ln_function), &start);
    if (status != LUNETTE_OK)
        return status;
    uint32_t permissions = ln_sandbox_permissions(modules->sandbox);
    ln_function *functions = start;
    size_t count = 0;
    *to = *from;
    for (size_t i = 0; i < from->about.function_count; i++)
        if ((from->functions[i].about.needs & ~permissions) == 0)
            functions[count++] = from->functions[i];
    to->functions = functions;
    to->about.function_count = count;
    return list_functions(&modules->memory, functions, count, &to->about.functions);
}

static lunette_status narrow_all(const ln_modules *from, const lunette_narrowing *by, ln_modules *modules) {
    void *items, *natives;
    lunette_status status = ln_tree_obtain(&modules->memory, from->count * sizeof(ln_module), &items);
    if (status == LUNETTE_OK)
        status = ln_tree_obtain(&modules->memory, from->native_count * sizeof(lunette_lua_module), &natives);
    if (status != LUNETTE_OK)
        return status;
    status = ln_sources_narrow(&modules->sources, &modules->memory, by->modules, by->module_count);
    modules->items = items;
    modules->natives = natives;
    for (size_t i = 0; status == LUNETTE_OK && i < from->count; i++)
        if (ln_sources_allow(&modules->sources, from->items[i].required))
            status = narrow_module(modules, &from->items[i], &modules->items[modules->count++]);
    for (size_t i = 0; i < from->native_count; i++)
        if (ln_sources_allow(&modules->sources, from->natives[i].name))
            modules->natives[modules->native_count++] = from->natives[i];
    return status;
}

lunette_status ln_modules_narrow(const ln_modules *from, const lunette_narrowing *by,
                                 struct ln_sandbox *sandbox, ln_modules *modules, char *why,
                                 size_t why_size) {
    lunette_status status = check_names(from, by, why, why_size);
    *modules = *from;
    modules->sandbox = sandbox;
    modules->owns_sandbox = false;
    modules->count = modules->native_count = 0;
    ln_tree_init(&modules->memory, SIZE_MAX);
    if (status == LUNETTE_OK)
        status = narrow_all(from, by, modules);
    if (status != LUNETTE_OK)
        ln_modules_close(modules);
    return status;
}

void ln_modules_close(ln_modules *modules) {
    if (modules->owns_sandbox)
        ln_sandbox_close(&modules->sandbox);
    ln_tree_free(&modules->memory);
    modules->items = NULL;
    modules->natives = NULL;
    modules->count = modules->native_count = 0;
}

/* --- In a state. From here on all may raise. --- */

/* Adds a module's functions and constants to the table on top of the stack. */
static void fill(lua_State *L, const ln_module *module) {
    for (size_t i = 0; i < module->about.function_count; i++) {
        lua_pushstring(L, module->functions[i].about.name);
        ln_host_push(L, &module->functions[i]);
        lua_rawset(L, -3);
    }
    for (size_t i = 0; i < module->about.constant_count; i++) {
        lua_pushstring(L, module->about.constants[i].name);
        ln_values_push(L, &module->about.constants[i].value);
        lua_rawset(L, -3);
    }
}

/* Makes the module's table, keeps it where require looks first, and leaves it on top. */
static void make(lua_State *L, const ln_module *module) {
    size_t count = module->about.function_count + module->about.constant_count;
    lua_createtable(L, 0, (int)count);
    fill(L, module);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, module->required);
    lua_pop(L, 1);
}

static void refuse_taken(lua_State *L, const ln_module *module) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, module->required) != LUA_TNIL)
        luaL_error(L, "module '%s' has the name of one of Lua's own", module->required);
    lua_pop(L, 2);
}

static void install(lua_State *L, const ln_module *module) {
    for (size_t i = 0; i < module->about.type_count; i++)
        ln_types_install(L, &module->classes[i]);
    if (!*module->about.name) {
        lua_pushglobaltable(L);
        fill(L, module);
        lua_pop(L, 1);
        return;
    }
    refuse_taken(L, module);
    if (module->about.lazy && !module->about.automatic)
        return;
    make(L, module);
    if (!module->about.automatic) {
        lua_pop(L, 1);
        return;
    }
    if (lua_getglobal(L, module->about.name) != LUA_TNIL)
        luaL_error(L, "module '%s' would take the place of Lua's own global variable", module->about.name);
    lua_pop(L, 1);
    lua_setglobal(L, module->about.name);
}

void ln_modules_install(lua_State *L, const ln_modules *modules) {
    for (size_t i = 0; i < modules->count; i++)
        install(L, &modules->items[i]);
    ln_require_install(L, modules);
    if (modules->native_count > 0)
        ln_native_prepare(L, modules);
}

bool ln_modules_load(lua_State *L, const ln_modules *modules, const char *name) {
    for (size_t i = 0; i < modules->count; i++)
        if (*modules->items[i].about.name && strcmp(modules->items[i].required, name) == 0) {
            make(L, &modules->items[i]);
            return true;
        }
    return false;
}
