#include "engine/modules.h"

#include "base/failure.h"
#include "base/sized.h"

static lunette_status read_class(const lunette_class *given, lunette_class *class) {
    return ln_read_sized(class, sizeof *class, given, given->size, "lunette_class");
}

static lunette_status read_types(ln_tree *memory, lunette_module *module) {
    size_t count = module->type_count;
    void *start, *pointers = NULL;
    lunette_status status = ln_tree_obtain(memory, count * sizeof(lunette_class), &start);
    if (status == LUNETTE_OK)
        status = ln_tree_obtain(memory, count * sizeof(lunette_class *), &pointers);
    if (status != LUNETTE_OK)
        return ln_failure_plain(LUNETTE_NO_MEMORY, "lunette_module.types");
    lunette_class *types = start;
    const lunette_class **list = pointers;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++) {
        const lunette_class *given = module->types[i];
        list[i] = given ? &types[i] : NULL;
        status = given ? read_class(given, &types[i]) : LUNETTE_OK;
    }
    module->types = list;
    return status;
}

lunette_status ln_module_read(const lunette_module *given, ln_tree *memory, lunette_module *module) {
    lunette_status status = ln_read_sized(module, sizeof *module, given, given->size, "lunette_module");
    return status == LUNETTE_OK && module->types ? read_types(memory, module) : status;
}

lunette_status ln_class_read(const lunette_class *given, const char *function, lunette_class *type) {
    if (!given)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `type` is NULL", function);
    lunette_status status = read_class(given, type);
    if (status == LUNETTE_OK && !type->name)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `type` has no name", function);
    return status;
}
