/* The life of a VM: opened from its template, restored to it, closed. */
#include "lua/vm.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

/* --- Becoming what the template is --- */

/* No two VMs are ever of the same generation, so that what one gave out is stale in every other. Each takes numbers
 * from a block of its own, for resets not to meet at one counter. */
static uint64_t next_generation(uint64_t last) {
    enum { BLOCK = 1 << 20 };
    static _Atomic(uint64_t) blocks = 1;
    return (last + 1) % BLOCK != 0 && last != 0 ? last + 1 : atomic_fetch_add(&blocks, 1) * BLOCK;
}

static void as_new(ln_vm *vm) {
    vm->generation = next_generation(vm->generation);
    ln_references_void(&vm->references);
    vm->pristine = true;
    vm->warnings_on = ln_sandbox_level(vm->setup->sandbox) != LUNETTE_SANDBOX_NONE;
}

/* What was built once within the limit can lack memory now only for the host's sake. */
static lunette_status build_alone(ln_vm *vm) {
    const ln_template *from = vm->from;
    lunette_status status = ln_vm_build(vm, from->preload, from->preload_count, NULL, 0);
    if (status == LUNETTE_MEMORY_LIMIT)
        return LUNETTE_NO_MEMORY;
    if (status == LUNETTE_OK && !vm->setup->alloc)
        status = ln_image_take(vm->arena, &vm->own_image);
    vm->image = vm->own_image;
    return status;
}

/* The arena holds nothing that is still needed. */
static lunette_status become(ln_vm *vm, const ln_template *from) {
    vm->from = from;
    if (!from->image)
        return build_alone(vm);
    lunette_status status = ln_image_spawn(from->image, vm->arena);
    if (status == LUNETTE_UNSUPPORTED)
        return build_alone(vm);
    if (status != LUNETTE_OK)
        return status;
    vm->image = from->image;
    vm->L = (lua_State *)(void *)((char *)vm->arena + from->state_at);
    vm->random_state = from->random_at != 0 ? (char *)vm->arena + from->random_at : NULL;
    return LUNETTE_OK;
}

/* The arena is as its owner wants it: from here on only a run changes its own words. */
static void remember(ln_vm *vm) {
    if (!vm->setup->alloc && vm->arena)
        ln_arena_remember(vm->arena, &vm->shadow);
}

lunette_status ln_vm_open(const ln_template *from, lunette_context *context, ln_vm **out) {
    ln_vm *vm = calloc(1, sizeof *vm);
    *out = NULL;
    if (!vm)
        return LUNETTE_NO_MEMORY;
    vm->setup = from->setup;
    vm->context = context;
    vm->pristine = true;
    lunette_status status = ln_vm_open_arena(vm);
    if (status == LUNETTE_OK)
        status = become(vm, from);
    if (status != LUNETTE_OK) {
        ln_vm_close(&vm);
        return status;
    }
    ln_arena_range(vm->arena, (void **)&vm->run.arena_start, &vm->run.arena_size);
    remember(vm);
    as_new(vm);
    *out = vm;
    return LUNETTE_OK;
}

/* --- Restoring --- */

/* At level none a script may have finalizers and open files, and expects of the end of its state what lua
 * does there. At the other levels there is nothing to be done: nothing of it lies outside the arena. */
static void end_script(ln_vm *vm) {
    if (vm->L && !vm->run.abandoned && ln_sandbox_level(vm->setup->sandbox) == LUNETTE_SANDBOX_NONE)
        ln_vm_close_state(vm);
    ln_files_close(&vm->files);
}

/* Frees the state without walking it, whatever is left of it, and makes the arena an empty one. */
static lunette_status clear_arena(ln_vm *vm) {
    vm->L = NULL;
    vm->image = NULL;
    ln_image_close(&vm->own_image);
    if (vm->setup->alloc) {
        ln_arena_discard_all(vm->arena);
        return LUNETTE_OK;
    }
    ln_arena_close(&vm->arena);
    return ln_vm_open_arena(vm);
}

static lunette_status rebuild(ln_vm *vm, const ln_template *from) {
    lunette_status status = clear_arena(vm);
    if (status == LUNETTE_OK)
        status = become(vm, from);
    if (status != LUNETTE_OK && vm->arena)
        ln_arena_discard_all(vm->arena);
    if (status != LUNETTE_OK)
        vm->L = NULL;
    if (vm->arena)
        ln_arena_range(vm->arena, (void **)&vm->run.arena_start, &vm->run.arena_size);
    vm->suspect = false;
    return status;
}

/* An image restores what it covers. What lies before it in the arena is compared with the copy outside; and after a
 * fault of the VM, which may have written anywhere in its reservation, the arena is not used again at all. */
static bool is_restorable(ln_vm *vm) {
    bool trusted = !vm->suspect || vm->setup->on_panic == LUNETTE_PANIC_RESET;
    return vm->image && ln_arena_intact(vm->arena, &vm->shadow) && trusted;
}

lunette_status ln_vm_restore(ln_vm *vm) {
    lua_State *L = vm->L;
    end_script(vm);
    vm->run.abandoned = false;
    lunette_status status = LUNETTE_OK;
    if (is_restorable(vm)) {
        ln_image_restore(vm->image, vm->arena);
        vm->L = L;
    } else {
        status = rebuild(vm, vm->from);
    }
    remember(vm);
    as_new(vm);
    return status;
}

lunette_status ln_vm_adopt(ln_vm *vm, const ln_template *from) {
    ln_report_error_free(&vm->error);
    if (!vm->pristine)
        end_script(vm);
    vm->run.abandoned = false;
    bool shared = from->image && !vm->own_image && is_restorable(vm);
    lunette_status status = shared ? become(vm, from) : rebuild(vm, from);
    remember(vm);
    as_new(vm);
    return status;
}

lunette_status ln_vm_reset(ln_vm *vm) {
    ln_report_error_free(&vm->error);
    return vm->pristine && vm->L ? LUNETTE_OK : ln_vm_restore(vm);
}

void ln_vm_trim(ln_vm *vm, size_t keep) {
    if (!vm->arena)
        return;
    ln_arena_trim(vm->arena, keep);
    remember(vm);
}

void ln_vm_close(ln_vm **out) {
    ln_vm *vm = *out;
    if (!vm)
        return;
    if (vm->arena && !vm->pristine)
        end_script(vm);
    ln_files_free(&vm->files);
    ln_references_free(&vm->references);
    ln_tree_free(&vm->scratch);
    ln_report_error_free(&vm->error);
    ln_image_close(&vm->own_image);
    ln_arena_close(&vm->arena);
    free(vm);
    *out = NULL;
}

/* --- What others may ask --- */

bool ln_vm_is_inside(const ln_vm *vm) {
    for (const ln_run *run = ln_run_current(); run; run = run->parent)
        if (run == &vm->run)
            return true;
    return false;
}

void ln_vm_cancel(ln_vm *vm) {
    ln_run_cancel(&vm->run);
}

const lunette_error *ln_vm_error(const ln_vm *vm) {
    return vm->error;
}

void ln_vm_clear_error(ln_vm *vm) {
    ln_report_error_free(&vm->error);
}

void ln_vm_cut_trace(ln_vm *vm, size_t most) {
    lunette_error *error = vm->error;
    if (!error || error->frame_count <= most)
        return;
    error->frames_left_out += error->frame_count - most;
    error->frame_count = most;
    if (most == 0)
        error->frames = NULL;
}

void ln_vm_stats(const ln_vm *vm, lunette_stats *stats) {
    *stats = vm->last;
}

lunette_status ln_vm_verify(const ln_vm *vm, char *why, size_t why_size) {
    size_t at;
    if (!vm->image)
        return LUNETTE_UNSUPPORTED;
    if (!vm->pristine)
        return LUNETTE_WRONG_STATE;
    if (!ln_image_equals(vm->image, vm->arena, &at)) {
        snprintf(why, why_size, "byte %zu of the arena differs from the image", at);
        return LUNETTE_DEFECT;
    }
    return ln_arena_check(vm->arena, why, why_size) ? LUNETTE_OK : LUNETTE_DEFECT;
}

/* --- The Lua that is loaded --- */

/* lua_ident, which every release exports, reads "$LuaVersion: Lua 5.4.4  Copyright …". */
const char *ln_lua_release(void) {
    static _Thread_local char release[16];
    const char *start = strstr(lua_ident, "Lua 5");
    size_t size = start ? strspn(start + 4, "0123456789.") : 0;
    if (size == 0 || size >= sizeof release)
        return LUA_VERSION_MAJOR "." LUA_VERSION_MINOR;
    memcpy(release, start + 4, size);
    release[size] = '\0';
    return release;
}

int ln_lua_release_number(void) {
    const char *text = ln_lua_release();
    return LUA_VERSION_NUM * 100 + (strlen(text) > 4 ? (int)strtol(text + 4, NULL, 10) : 0);
}

const void *const *ln_vm_code(size_t *count) {
    static const void *code[3];
    code[0] = (const void *)(uintptr_t)lua_newstate;
    code[1] = (const void *)(uintptr_t)luaL_loadbufferx;
    code[2] = (const void *)(uintptr_t)ln_vm_open;
    *count = LN_COUNT(code);
    return code;
}
