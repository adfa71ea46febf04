/* The life of a VM: opened, set up, sealed into its image, restored from it, closed. */
#include "lua/vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "lua/internal.h"

/* Lent beyond the limit while an error is being described. */
enum { ERROR_RESERVE = 64 * 1024 };

/* --- Setting up --- */

/* A host's allocator is the host's code: it takes locks, and is never left in the middle. */
static void section_enter(void *ud) {
    ln_run_host_enter(&((ln_vm *)ud)->run);
}

static void section_leave(void *ud) {
    ln_run_host_leave(&((ln_vm *)ud)->run);
}

static lunette_status open_arena(ln_vm *vm) {
    ln_arena_config config = {
        .limit = vm->setup->memory_limit,
        .reserve = ERROR_RESERVE,
        .host = vm->setup->alloc,
        .host_ud = vm->setup->alloc_ud,
        .host_enter = section_enter,
        .host_leave = section_leave,
        .section_ud = vm,
        .on_refusal = ln_vm_note_refusal,
        .on_refusal_ud = vm,
    };
    return ln_arena_open(&config, &vm->arena);
}

/* Only a defect of ours can get here: an error outside every protected call. The run is left as if it had
 * faulted, and reported as a defect, where Lua would abort the process. */
static int on_panic(lua_State *L) {
    (void)L;
    ln_run *run = ln_run_current();
    if (run) {
        ln_vm *vm = ln_vm_current();
        vm->panicked = true;
        ln_run_end(run, LN_END_FAULT);
    }
    return 0;
}

/* Collecting seldom is what memory is for: while the limit is far, the heap may grow to several times what
 * lives before it is marked again; near the limit the allocator's refusal forces a full collection anyway.
 * bench/ has the measurements behind the number. */
enum { AUTO_PAUSE = 400 };

/* May not raise: lua_gc() with these options allocates nothing. */
static void set_collector(lua_State *L, const ln_vm_setup *setup) {
    if (setup->gc == LUNETTE_GC_GENERATIONAL)
        lua_gc(L, LUA_GCGEN, (int)setup->gc_minor, (int)setup->gc_major);
    else if (setup->gc == LUNETTE_GC_INCREMENTAL)
        lua_gc(L, LUA_GCINC, (int)setup->gc_pause, (int)setup->gc_step, 0);
    else
        lua_gc(L, LUA_GCINC, AUTO_PAUSE, 0, 0);
}

/* math.random keeps its state in a userdata of this size, an upvalue of the function (lmathlib.c, all of 5.4).
 * Found in the script's own table, so that it is there for as long as the image is. Does not raise. */
static void *find_random_state(lua_State *L) {
    void *state = NULL;
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushliteral(L, "math");
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_pushliteral(L, "random");
        if (lua_rawget(L, -2) == LUA_TFUNCTION && lua_getupvalue(L, -1, 1) &&
            lua_rawlen(L, -1) == LN_RANDOM_BYTES)
            state = lua_touserdata(L, -1);
    }
    lua_settop(L, top);
    return state;
}

static int set_up(lua_State *L) {
    ln_vm *vm = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCSTOP);
    ln_sandbox_build(L, vm->setup->sandbox);
    vm->random_state = find_random_state(L);
    lua_gc(L, LUA_GCRESTART);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    set_collector(L, vm->setup);
    return 0;
}

static lunette_status set_up_status(ln_end end, int lua_status) {
    if (end == LN_END_STACK)
        return LUNETTE_STACK_TOO_SMALL;
    if (end == LN_END_SYSTEM)
        return LUNETTE_SYSTEM;
    if (end != LN_END_FINISHED)
        return LUNETTE_DEFECT;
    return lua_status == LUA_OK ? LUNETTE_OK : lua_status == LUA_ERRMEM ? LUNETTE_NO_MEMORY : LUNETTE_DEFECT;
}

static lunette_status open_state(ln_vm *vm) {
    static const ln_budget UNLIMITED = {0};
    int lua_status;
    vm->report = NULL;
    vm->error_value = NULL;
    vm->L = lua_newstate(ln_arena_allocator(vm->arena), vm->arena);
    if (!vm->L)
        return LUNETTE_NO_MEMORY;
    lua_atpanic(vm->L, on_panic);
    lua_setwarnf(vm->L, ln_lib_warning, NULL);
    ln_end end = ln_vm_enter(vm, &UNLIMITED, set_up, vm, &lua_status);
    return set_up_status(end, lua_status);
}

static void as_new(ln_vm *vm) {
    vm->generation++;
    vm->pristine = true;
    vm->warnings_on = ln_sandbox_level(vm->setup->sandbox) != LUNETTE_SANDBOX_NONE;
}

lunette_status ln_vm_open(const ln_vm_setup *setup, lunette_context *context, ln_vm **out) {
    ln_vm *vm = calloc(1, sizeof *vm);
    *out = NULL;
    if (!vm)
        return LUNETTE_NO_MEMORY;
    vm->setup = setup;
    vm->context = context;
    lunette_status status = open_arena(vm);
    if (status == LUNETTE_OK)
        status = open_state(vm);
    if (status == LUNETTE_OK && !setup->alloc)
        status = ln_image_take(vm->arena, &vm->image);
    if (status != LUNETTE_OK) {
        ln_vm_close(&vm);
        return status;
    }
    ln_arena_range(vm->arena, (void **)&vm->run.arena_start, &vm->run.arena_size);
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

static lunette_status reopen(ln_vm *vm) {
    ln_arena_discard_all(vm->arena);
    vm->L = NULL;
    lunette_status status = open_state(vm);
    if (status != LUNETTE_OK) {
        ln_arena_discard_all(vm->arena);
        vm->L = NULL;
    }
    return status;
}

lunette_status ln_vm_restore(ln_vm *vm) {
    lua_State *L = vm->L;
    end_script(vm);
    vm->run.abandoned = false;
    lunette_status status = LUNETTE_OK;
    if (vm->image) {
        ln_image_restore(vm->image, vm->arena);
        vm->L = L;
    } else {
        status = reopen(vm);
    }
    as_new(vm);
    return status;
}

lunette_status ln_vm_reset(ln_vm *vm) {
    ln_report_error_free(&vm->error);
    return vm->pristine && vm->L ? LUNETTE_OK : ln_vm_restore(vm);
}

void ln_vm_trim(ln_vm *vm, size_t keep) {
    ln_arena_trim(vm->arena, keep);
}

void ln_vm_close(ln_vm **out) {
    ln_vm *vm = *out;
    if (!vm)
        return;
    if (vm->arena && !vm->pristine)
        end_script(vm);
    ln_files_free(&vm->files);
    ln_report_error_free(&vm->error);
    ln_image_close(&vm->image);
    ln_arena_close(&vm->arena);
    free(vm);
    *out = NULL;
}

/* --- Randomness --- */

/* The system is asked for several runs' worth at a time: a call of it costs more than a reset. */
void ln_vm_random(ln_vm *vm, void *bytes) {
    if (vm->setup->deterministic) {
        for (int i = 0; i < LN_RANDOM_BYTES; i++)
            ((unsigned char *)bytes)[i] = (unsigned char)(0x9E * (i + 1) + 0x37);
        return;
    }
    if (vm->random_left == 0) {
        ln_os_random(vm->random_stock, sizeof vm->random_stock);
        vm->random_left = LN_RANDOM_STOCK;
    }
    memcpy(bytes, vm->random_stock[--vm->random_left], LN_RANDOM_BYTES);
}

/* --- What others may ask --- */

void ln_vm_cancel(ln_vm *vm) {
    ln_run_cancel(&vm->run);
}

const lunette_error *ln_vm_error(const ln_vm *vm) {
    return vm->error;
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

size_t ln_vm_image_size(const ln_vm *vm) {
    return vm->image ? ln_image_size(vm->image) : 0;
}

bool ln_vm_relocatable(const ln_vm *vm) {
    ln_arena_stats stats;
    ln_arena_stats_get(vm->arena, &stats);
    return stats.shares_images;
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

const void *const *ln_vm_code(size_t *count) {
    static const void *code[3];
    code[0] = (const void *)(uintptr_t)lua_newstate;
    code[1] = (const void *)(uintptr_t)luaL_loadbufferx;
    code[2] = (const void *)(uintptr_t)ln_vm_open;
    *count = LN_COUNT(code);
    return code;
}
