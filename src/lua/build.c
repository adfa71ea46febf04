/* How a Lua state is made in a machine's memory: the sandbox's library, the modules, and what is left of it all when two
 * full collections have been through it. */
#include <string.h>

#include "lua/internal.h"
#include "lua/kind.h"

/* --- The state --- */

/* Only a defect of ours can get here: an error outside every protected call. The run is left as if it had
 * faulted, and reported as a defect, where Lua would abort the process. */
static int on_panic(lua_State *L) {
    (void)L;
    ln_vm *vm = ln_run_current() ? ln_vm_current() : NULL;
    if (vm && vm->machine.setup->on_panic != LUNETTE_PANIC_PROPAGATE)
        ln_machine_panic(&vm->machine);
    return 0;
}

/* math.random keeps its state in a userdata of this size, an upvalue of the function (lmathlib.c, all of 5.4).
 * Looked for before any module runs, because one may put a function of its own in place of Lua's, and then call that;
 * and anchored in the registry, because it must be there for as long as the image is. May raise (memory). */
static void *find_random_state(lua_State *L) {
    static const char ANCHOR = 0;
    void *state = NULL;
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushliteral(L, "math");
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_pushliteral(L, "random");
        if (lua_rawget(L, -2) == LUA_TFUNCTION && lua_getupvalue(L, -1, 1) &&
            lua_rawlen(L, -1) == LN_RANDOM_BYTES) {
            state = lua_touserdata(L, -1);
            lua_rawsetp(L, LUA_REGISTRYINDEX, &ANCHOR);
        }
    }
    lua_settop(L, top);
    return state;
}

static void collect_all(lua_State *L) {
    ln_collector_run(L);
    ln_collector_run(L);
}

/* Releases before 5.4.8 make these words, a string, when nothing is protected any more (luaD_seterrorobj, ldo.c): where
 * memory is out by then, the error goes past coroutines that were resumed in one another and that nobody then knows to be
 * over. As long as there is the string, it is found and not made. May raise (memory). */
static void make_words_beforehand(lua_State *L) {
    static const char ANCHOR = 0;
    lua_pushliteral(L, "error in error handling");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &ANCHOR);
}

static int open_library(lua_State *L) {
    ln_vm *vm = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCSTOP);
    ln_sandbox_build(L, ln_vm_sandbox(vm));
    ln_kind_learn(L);
    ln_modules_install(L, ln_vm_modules(vm));
    lua_gc(L, LUA_GCRESTART);
    vm->random_state = find_random_state(L);
    make_words_beforehand(L);
    if (ln_vm_modules(vm)->suspends || ln_vm_modules(vm)->native_count > 0)
        vm->script = ln_suspend_prepare(L);
    collect_all(L);
    return 0;
}

lunette_status ln_vm_build(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    vm->L = lua_newstate(machine->allocator, machine->allocator_ud);
    vm->script = NULL;
    if (!vm->L)
        return LUNETTE_NO_MEMORY;
    /* lua_newstate() leaves there what the memory held */
    memset(lua_getextraspace(vm->L), 0, LUA_EXTRASPACE);
    ln_extra_of(vm->L)->warnings_off = ln_sandbox_level(ln_vm_sandbox(vm)) == LUNETTE_SANDBOX_NONE;
    ln_collector_follow(vm);
    lua_atpanic(vm->L, on_panic);
    lua_setwarnf(vm->L, ln_lib_warning, NULL);
    lunette_status status = ln_vm_status(ln_vm_protect(vm, open_library, vm), LUNETTE_OK);
    machine->roots[LN_ROOT_STATE] = vm->L;
    machine->roots[LN_ROOT_RANDOM] = vm->random_state;
    machine->roots[LN_ROOT_SCRIPT] = vm->script;
    return status;
}

/* --- Preloading --- */

struct preloading {
    const lunette_preload *module;
    lunette_status status;
};

static void chunk_name(lua_State *L, const lunette_preload *module) {
    if (module->chunk)
        lua_pushstring(L, module->chunk);
    else
        lua_pushfstring(L, "=%s", module->name);
}

/* Runs a module and keeps what it returns where require finds it, as require would. */
static int preload(lua_State *L) {
    struct preloading *preloading = lua_touserdata(L, 1);
    const lunette_preload *module = preloading->module;
    size_t size = module->text_size == SIZE_MAX ? strlen(module->text) : module->text_size;
    lua_settop(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    chunk_name(L, module);
    int status = luaL_loadbufferx(L, module->text, size, lua_tostring(L, -1), "t");
    if (status == LUA_ERRSYNTAX)
        preloading->status = LUNETTE_SYNTAX_ERROR;
    if (status == LUA_ERRSYNTAX && size > 0 && module->text[0] == LUA_SIGNATURE[0])
        lua_pushliteral(L, "this is bytecode, which is not accepted: give the program's text");
    if (status != LUA_OK)
        lua_error(L);
    lua_pushstring(L, module->name);
    lua_call(L, 1, 1);
    if (!lua_isnil(L, -1))
        lua_setfield(L, -3, module->name);
    else if (lua_getfield(L, -3, module->name) == LUA_TNIL) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -5, module->name);
    }
    return 0;
}

lunette_status ln_vm_preload(lunette_machine *machine, const lunette_preload *module) {
    struct preloading preloading = {.module = module};
    if (!ln_sources_allow_preloaded(&ln_vm_modules(ln_vm_of(machine))->sources, module->name))
        return LUNETTE_OK;
    lunette_status status = ln_vm_status(ln_vm_protect(ln_vm_of(machine), preload, &preloading), LUNETTE_OK);
    return preloading.status != LUNETTE_OK ? preloading.status : status;
}

/* --- What is left --- */

static int settle(lua_State *L) {
    const ln_vm *vm = lua_touserdata(L, 1);
    lua_settop(L, 0);
    if (vm->files.count > 0)
        return luaL_error(L, "a preloaded module left a file open: contexts cannot share one");
    ln_collector_set(L, ln_vm_settings(vm));
    collect_all(L);
    return 0;
}

lunette_status ln_vm_settle(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    return ln_vm_status(ln_vm_protect(vm, settle, vm), LUNETTE_OK);
}
