/* Loading a compiled script is most of what a short one costs. It comes out the same in every VM of a template: the same
 * words of the image change, and what is new lies at the same place in the nursery. So it is done in two VMs, what it
 * did is kept with the code as a patch (arena/patch.c), and from then on a fresh VM is patched instead.
 *
 * The patch holds the whole way up to the call: the message handler, the run's body and the script's function on the
 * main thread's stack. It is applied to pristine VMs alone, whose arenas equal the image it was taken from, by the
 * host's thread before the run begins. So the script finds what it would have found, and a reset clears it away as
 * anything else.
 *
 * Where that does not work, the code is loaded as ever: images that VMs do not share, programs larger than the
 * nursery. Deterministic VMs are not patched, for what is loaded lies elsewhere than where a parse would have put it. */
#include "lua/internal.h"

/* Larger code would not find room in the nursery: loaded, it takes more than it has bytes. */
enum { CODE_MAX = 8 << 10 };

/* May raise. */
static int load_code(lua_State *L) {
    const ln_code *code = lua_touserdata(L, 1);
    if (luaL_loadbufferx(L, code->bytes, code->size, "?", "b") != LUA_OK)
        return lua_error(L);
    return 1;
}

static bool prepare(ln_vm *vm, ln_code *code) {
    ln_report report;
    int lua_status;
    ln_report_init(&report);
    vm->report = &report;
    vm->error_value = NULL;
    ln_arena_gather(vm->arena, true);
    vm->pristine = false;
    ln_end end = ln_vm_prepare(vm, load_code, ln_vm_run_pressed, code, &lua_status);
    ln_arena_gather(vm->arena, false);
    vm->report = NULL;
    return end == LN_END_FINISHED && lua_status == LUA_OK;
}

/* NULL: there is none. */
static ln_patch *make_patch(ln_vm *vm, ln_code *code) {
    ln_vm *beside;
    ln_patch *patch = NULL;
    if (ln_vm_open(vm->from, NULL, &beside) != LUNETTE_OK)
        return NULL;
    if (beside->image == vm->image && prepare(vm, code) && prepare(beside, code))
        (void)ln_patch_take(vm->image, vm->arena, beside->arena, &patch);
    ln_vm_close(&beside);
    return patch;
}

bool ln_vm_wants_press(const ln_vm *vm, const ln_code *code) {
    return vm->pristine && vm->image && vm->image == vm->from->image && !vm->setup->deterministic &&
           code->size <= CODE_MAX && ln_code_wants_patch(code, vm->image);
}

size_t ln_vm_press(ln_vm *vm, ln_code *code) {
    ln_patch *patch = make_patch(vm, code);
    size_t size = ln_code_add_patch(code, vm->image, &patch);
    (void)ln_vm_reset(vm);
    return size;
}

bool ln_vm_apply_patch(ln_vm *vm, const ln_code *code) {
    const ln_patch *patch = vm->pristine && vm->image ? ln_code_patch_for(code, vm->image) : NULL;
    return patch && ln_patch_apply(patch, vm->arena);
}
