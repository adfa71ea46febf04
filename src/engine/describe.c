/* What scripts can call, told to the host: by one module, or by all of a template. */
#include "base/describe.h"

#include "base/failure.h"
#include "engine/engine.h"
#include "engine/modules.h"

/* --- One module --- */

static const char *fault_of_functions(const lunette_function *functions, size_t count) {
    if (count > 0 && !functions)
        return "a list of functions is NULL, but its count is not 0";
    for (size_t i = 0; i < count; i++)
        if (!functions[i].name)
            return "a function has no name";
    return NULL;
}

static const char *fault_of_type(const lunette_class *class) {
    if (!class || !class->name)
        return class ? "a type has no name" : "a type is NULL";
    const char *fault = fault_of_functions(class->methods, class->method_count);
    return fault ? fault : fault_of_functions(class->metamethods, class->metamethod_count);
}

/* What must be there for the module to be read. */
static const char *fault_of(const lunette_module *module) {
    if (!module->name)
        return "it has no name";
    const char *fault = fault_of_functions(module->functions, module->function_count);
    if (!fault && module->constant_count > 0 && !module->constants)
        fault = "`constants` is NULL, but constant_count is not 0";
    for (size_t i = 0; !fault && i < module->constant_count; i++)
        if (!module->constants[i].name)
            fault = "a constant has no name";
    if (!fault && module->type_count > 0 && !module->types)
        fault = "`types` is NULL, but type_count is not 0";
    for (size_t i = 0; !fault && i < module->type_count; i++)
        fault = fault_of_type(module->types[i]);
    return fault;
}

static lunette_status check_format(lunette_format format, const char *function) {
    if (format == LUNETTE_FORMAT_TEXT || format == LUNETTE_FORMAT_JSON)
        return LUNETTE_OK;
    return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `format` is %d, which is none", function, (int)format);
}

static lunette_status describe_module(const lunette_module *given, lunette_format format, ln_tree *memory,
                                      char **text, const char *name) {
    lunette_module module;
    lunette_status status = ln_module_read(given, memory, &module);
    if (status == LUNETTE_OK)
        status = check_format(format, name);
    if (status != LUNETTE_OK)
        return status;
    const char *fault = fault_of(&module);
    if (fault)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: %s", name, fault);
    status = ln_describe_module(&module, format, text);
    if (status == LUNETTE_INVALID_ARGUMENT)
        return ln_failure(status, "%s: a constant is no value", name);
    return ln_failure_plain(status, name);
}

lunette_status lunette_module_describe(const lunette_module *given, lunette_format format, char **text) {
    static const char NAME[] = "lunette_module_describe";
    ln_tree memory;
    if (text)
        *text = NULL;
    if (!given || !text)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `%s` is NULL", NAME, given ? "text" : "module");
    ln_tree_init(&memory, SIZE_MAX);
    lunette_status status = describe_module(given, format, &memory, text, NAME);
    ln_tree_free(&memory);
    return status;
}

/* --- All of a template --- */

const lunette_template *lunette_engine_template(const lunette_engine *engine) {
    return engine ? engine->standard : NULL;
}

lunette_status lunette_template_describe(const lunette_template *of, lunette_format format, char **text) {
    static const char NAME[] = "lunette_template_describe";
    if (text)
        *text = NULL;
    if (!of || !text)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `%s` is NULL", NAME, of ? "text" : "of");
    lunette_status status = check_format(format, NAME);
    if (status != LUNETTE_OK)
        return status;
    const ln_machine_setup *setup = of->state->setup;
    if (!setup->backend->describe)
        return ln_failure(LUNETTE_UNSUPPORTED, "%s: the backend '%s' does not tell what can be called", NAME,
                          setup->backend->name);
    return ln_failure_plain(setup->backend->describe(setup->settings, of->state->parts, format, text), NAME);
}

const char *lunette_template_module(const lunette_template *of, size_t index) {
    const lunette_backend *backend = of ? of->state->setup->backend : NULL;
    return backend && backend->module_name ? backend->module_name(of->state->parts, index) : NULL;
}
