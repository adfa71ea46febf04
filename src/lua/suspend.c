/* Waiting for the host: a function of the host's that answers SUSPENDED leaves the script where it is, in the middle of a
 * call, and the run comes back to the host, which resumes it when it has the answer.
 *
 * To the script this is a call like any other. It is made of what Lua has for it (manual § 4.5): the C function in front
 * of the host's yields with a continuation. For that the script must run in a coroutine, so templates that have such a
 * function have one more thread in their image, and scripts run there: nothing is made anew for a run. A script must not
 * notice, so coroutine.running, isyieldable and yield answer there what they would on the main thread.
 *
 * When the script itself is inside coroutines of its own, each of them yields in turn, through the functions of
 * coroutine.c that resumed it, out to the script's thread; and each is resumed again on the way back in. That works as
 * far as Lua can yield there: not through a C function without a continuation, such as table.sort or string.gsub
 * (`may_wait` in the VM says whether it goes all the way out). */
#include <string.h>

#include "lua/internal.h"

/* --- The thread that scripts run on --- */

/* Its place in the registry is the address of this. */
static const char SCRIPT_THREAD = 's';

static bool is_outermost(const lua_State *L) {
    return ln_vm_is_outermost(ln_vm_current(), L);
}

static int running(lua_State *L) {
    lua_pushthread(L);
    lua_pushboolean(L, is_outermost(L));
    return 2;
}

static int is_yieldable(lua_State *L) {
    lua_State *co = lua_isnone(L, 1) ? L : lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    lua_pushboolean(L, !is_outermost(co) && lua_isyieldable(co));
    return 1;
}

static int yield(lua_State *L) {
    if (is_outermost(L))
        return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

/* Replaces functions of the script's coroutine library, those it has. */
static void replace_library(lua_State *L) {
    static const luaL_Reg REPLACEMENTS[] = {
        {"running", running}, {"isyieldable", is_yieldable}, {"yield", yield}};
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, LUA_COLIBNAME) == LUA_TTABLE)
        for (size_t i = 0; i < LN_COUNT(REPLACEMENTS); i++) {
            if (lua_getfield(L, -1, REPLACEMENTS[i].name) != LUA_TNIL) {
                lua_pushcfunction(L, REPLACEMENTS[i].func);
                lua_setfield(L, -3, REPLACEMENTS[i].name);
            }
            lua_pop(L, 1);
        }
    lua_pop(L, 2);
}

lua_State *ln_suspend_prepare(lua_State *L) {
    lua_State *script = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &SCRIPT_THREAD);
    replace_library(L);
    return script;
}

/* --- Running there --- */

/* The end of the script, reached at once or after having waited: what it returned is left, or its error. */
static int finish(lua_State *L, int status, lua_KContext context) {
    (void)context;
    ln_vm *vm = ln_vm_current();
    vm->script_status = status == LUA_YIELD ? LUA_OK : status;
    return vm->script_status == LUA_OK ? lua_gettop(L) - 1 : 1;
}

/* What the script's thread runs: the function below its arguments, in a protected call that it can yield across, so that
 * the message handler sees an error where it happens. */
static int call_script(lua_State *L) {
    int arguments = lua_gettop(L) - 1;
    lua_pushcfunction(L, ln_report_on_error);
    lua_insert(L, 1);
    return finish(L, lua_pcallk(L, arguments, LUA_MULTRET, 1, 0, finish), 0);
}

/* The script's thread goes on with `arguments` values on its stack. */
static lunette_status go_on(lua_State *L, ln_vm *vm, int arguments) {
    lua_State *script = vm->script;
    int results;
    vm->waits = false;
    vm->script_status = LUA_OK;
    int status = ln_vm_resume(vm, script, L, arguments, &results, true);
    if (status == LUA_YIELD && vm->waits)
        return LUNETTE_SUSPENDED;
    if (status == LUA_YIELD) {
        lua_settop(script, 0);
        luaL_error(L, "attempt to yield from outside a coroutine");
    }
    if (status == LUA_OK)
        status = vm->script_status;
    if (status == LUA_OK)
        return LUNETTE_OK;
    if (vm->machine.error_value)
        ln_values_take_error(script, vm, -1, vm->machine.error_value);
    return ln_vm_status(status, LUNETTE_OK);
}

lunette_status ln_suspend_call(lua_State *L, ln_vm *vm, int arguments) {
    lua_State *script = vm->script;
    if (LN_UNLIKELY(lua_status(script) != LUA_OK))
        lua_resetthread(script); /* memory ended before the last script had begun, and with it the thread */
    lua_settop(script, 0);
    if (!lua_checkstack(script, arguments + LUA_MINSTACK))
        luaL_error(L, "too many arguments");
    lua_pushcfunction(script, call_script);
    lua_xmove(L, script, arguments + 1);
    return go_on(L, vm, arguments + 1);
}

lunette_status ln_suspend_resume(lua_State *L, ln_vm *vm, ln_answer_kind kind) {
    vm->answer_kind = kind;
    if (!lua_checkstack(vm->script, lua_gettop(L))) {
        vm->answer_kind = LN_ANSWER_NO_MEMORY;
        lua_settop(L, 0);
    }
    int values = lua_gettop(L);
    lua_xmove(L, vm->script, values);
    return go_on(L, vm, values);
}

/* --- Waiting --- */

bool ln_suspend_possible(lua_State *L, const ln_vm *vm) {
    return vm->may_wait && lua_isyieldable(L);
}

/* The host has answered: values, or the text of an error. */
static int go_on_calling(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    ln_vm *vm = ln_vm_current();
    ln_answer_kind kind = vm->answer_kind;
    vm->answer_kind = LN_ANSWER_VALUES;
    if (kind == LN_ANSWER_NO_MEMORY)
        ln_raise_memory(L, vm);
    if (kind == LN_ANSWER_ERROR)
        return luaL_error(L, "%s", lua_tostring(L, 1));
    return lua_gettop(L);
}

int ln_suspend_here(lua_State *L, ln_vm *vm) {
    vm->waits = true;
    lua_settop(L, 0);
    return lua_yieldk(L, 0, 0, go_on_calling);
}
