/* What modules keep for a context. A state is one of the host's objects without a handle (objects.h), so it is closed as those
 * are: once, in every ending. Its number is kept by the place of the module in the template; one that is left from before a
 * reset, or from another template, finds nothing. Public functions, in a host section; none raises. */
#include <stdlib.h>

#include "lua/call.h"

static size_t place_of(const lunette_call *call) {
    return call->function->module->place;
}

static const ln_object *find(const lunette_call *call) {
    const ln_vm *vm = ln_call_vm(call);
    if (!call->function->module || place_of(call) >= vm->state_count)
        return NULL;
    return ln_objects_find(&vm->objects, vm->states[place_of(call)]);
}

void *lunette_call_state(const lunette_call *call) {
    const ln_object *found = call ? find(call) : NULL;
    return found ? found->object : NULL;
}

static bool make_room(ln_vm *vm) {
    size_t count = ln_vm_modules(vm)->places;
    if (count <= vm->state_count)
        return true;
    uint64_t *states = realloc(vm->states, count * sizeof *states);
    if (!states)
        return false;
    for (size_t i = vm->state_count; i < count; i++)
        states[i] = 0;
    vm->states = states;
    vm->state_count = count;
    return true;
}

lunette_status lunette_call_set_state(lunette_call *call, void *state) {
    if (!call || !call->function->module)
        return LUNETTE_INVALID_ARGUMENT;
    if (call->ended != LUNETTE_OK)
        return call->ended;
    ln_vm *vm = ln_call_vm(call);
    const ln_object *before = find(call);
    uint64_t old = before ? before->id : 0, new = 0;
    if (before && before->object == state)
        return LUNETTE_OK;
    if (!vm->machine.context)
        return lunette_call_fail(
            call, "'%s' can keep nothing while a template is built: every context would share it",
            call->function->full_name);
    if (!make_room(vm))
        return LUNETTE_NO_MEMORY;
    if (state && (new = ln_objects_add(&vm->objects, &call->function->module->state, state)) == 0)
        return LUNETTE_NO_MEMORY;
    if (new != 0)
        ln_objects_find(&vm->objects, new)->lasting = true;
    vm->states[place_of(call)] = new;
    ln_objects_close(&vm->objects, old);
    return LUNETTE_OK;
}
