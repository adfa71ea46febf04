/* Objects of the host's that a context is given, and asked for, outside of its scripts' calls. Nothing here enters the VM: so
 * it may also be done while a script of the context is calling a function of the host's, on that thread. */
#include "base/failure.h"
#include "engine/engine.h"
#include "engine/modules.h"

static lunette_status refuse(const char *name, const char *fault) {
    return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: %s", name, fault);
}

static bool is_handle(const lunette_value *value) {
    return value->type == LUNETTE_USERDATA && value->as.userdata.id != 0;
}

static const char *fault_of_value(const lunette_value *value) {
    if (!value)
        return "`value` is NULL";
    return is_handle(value) ? NULL : "`value` is no object";
}

lunette_status lunette_object_make(lunette_context *context, const lunette_class *given, void *object,
                                   lunette_value *value) {
    static const char NAME[] = "lunette_object_make";
    lunette_class type;
    bool inside;
    if (value)
        *value = lunette_nil();
    const char *fault = !context  ? "`context` is NULL"
                        : !object ? "`object` is NULL"
                        : !value  ? "`value` is NULL"
                                  : NULL;
    if (fault)
        return refuse(NAME, fault);
    lunette_status status = ln_class_read(given, NAME, &type);
    if (status == LUNETTE_OK)
        status = ln_context_enter(context, NAME, &inside);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_make_object(context->vm, &type, object, value);
    if (status == LUNETTE_NOT_FOUND)
        status = ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: '%s' is no type of this context's modules", NAME,
                            type.name);
    else
        status = ln_failure_plain(status, NAME);
    return ln_context_leave(context, status, inside);
}

lunette_status lunette_object_find(lunette_context *context, const lunette_value *value,
                                   const lunette_class *given, void **object) {
    static const char NAME[] = "lunette_object_find";
    lunette_class type;
    bool inside;
    if (object)
        *object = NULL;
    const char *fault = !context ? "`context` is NULL" : !object ? "`object` is NULL" : fault_of_value(value);
    if (fault)
        return refuse(NAME, fault);
    lunette_status status = ln_class_read(given, NAME, &type);
    if (status == LUNETTE_OK)
        status = ln_context_enter(context, NAME, &inside);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_find_object(context->vm, value, &type, object);
    if (status == LUNETTE_STALE)
        status = ln_failure(status, "%s: the object is closed, or another context's", NAME);
    else if (status == LUNETTE_INVALID_ARGUMENT)
        status = ln_failure(status, "%s: `value` is an object, but not version %u of '%s'", NAME,
                            (unsigned)type.version, type.name);
    else
        status = ln_failure_plain(status, NAME);
    return ln_context_leave(context, status, inside);
}

lunette_status lunette_object_close(lunette_context *context, const lunette_value *value) {
    static const char NAME[] = "lunette_object_close";
    bool inside;
    const char *fault = context ? fault_of_value(value) : "`context` is NULL";
    if (fault)
        return refuse(NAME, fault);
    lunette_status status = ln_context_enter(context, NAME, &inside);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_close_object(context->vm, value);
    if (status == LUNETTE_STALE)
        status = ln_failure(status, "%s: the object is closed, or another context's", NAME);
    else
        status = ln_failure_plain(status, NAME);
    return ln_context_leave(context, status, inside);
}
