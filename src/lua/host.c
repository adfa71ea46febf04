/* The way from a script into a function of the host's and back. One C function of ours stands before all of them; its
 * upvalue says which one is meant.
 *
 *   script -> on_call -> [ host section: the host's function ] -> results pushed, or the error raised -> script
 *
 * The section is left before anything is pushed: what the host gave waits in the call and in the VM's scratch memory
 * (call.h). So a kill, an error of memory and an error of the host's meet no frame but ours, and the host's function
 * has returned by then. All functions here may raise. */
#include <stdio.h>
#include <string.h>

#include "guard/current.h"
#include "lua/call.h"

/* --- Errors --- */

/* The name that the script called the function by, else its own. */
static const char *called_name(lua_State *L, const ln_function *function, bool *is_method) {
    lua_Debug ar;
    *is_method = false;
    if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "n", &ar) || !ar.name)
        return function->about.name;
    *is_method = strcmp(ar.namewhat, "method") == 0;
    return ar.name;
}

/* As luaL_argerror(), but a function whose name Lua cannot tell is called by its own. */
static int raise_argument(lua_State *L, const ln_function *function, int index, const char *words) {
    bool is_method;
    const char *name = called_name(L, function, &is_method);
    if (is_method && --index == 0)
        return luaL_error(L, "calling '%s' on bad self (%s)", name, words);
    return luaL_error(L, "bad argument #%d to '%s' (%s)", index, name, words);
}

static int raise_type(lua_State *L, const ln_function *function, int index, const char *expected) {
    const char *got = luaL_typename(L, index);
    if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING)
        got = lua_tostring(L, -1);
    else if (lua_type(L, index) == LUA_TLIGHTUSERDATA)
        got = "light userdata";
    return raise_argument(L, function, index, lua_pushfstring(L, "%s expected, got %s", expected, got));
}

static int raise_status(lua_State *L, const ln_function *function, lunette_status status) {
    return luaL_error(L, "'%s' answered %s: %s", function->full_name, lunette_status_name(status),
                      lunette_status_text(status));
}

/* Raises Lua's own error of memory, for what could not be allocated where nothing may be raised: asks for more than there
 * can be. */
static void raise_memory(const lunette_call *call) {
    lua_newuserdatauv(call->L, call->vm->machine.memory_limit, 0);
    luaL_error(call->L, "not enough memory");
}

/* What the host's function answered was not OK. */
static LN_COLD int raise_failure(lunette_call *call, lunette_status status) {
    lua_State *L = call->L;
    if (call->ended != LUNETTE_OK)
        ln_run_end(call->run, call->vm->machine.dead);
    lua_settop(L, call->count);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (call->broken)
        return luaL_error(L, "a table changed while '%s' was reading it", call->function->full_name);
    if (call->out_of_memory)
        raise_memory(call);
    if (status == LUNETTE_VALUE_LIMIT && call->message)
        return luaL_error(L, "%s", call->message);
    if (status != LUNETTE_RUNTIME_ERROR)
        return raise_status(L, call->function, status);
    if (call->passes_error)
        return ln_call_raise_passed(L);
    if (call->has_value) {
        ln_values_push(L, &call->error);
        return lua_error(L);
    }
    if (call->bad_argument != 0 && call->expected)
        return raise_type(L, call->function, call->bad_argument, call->expected);
    if (!call->message)
        return raise_status(L, call->function, status);
    if (call->bad_argument != 0)
        return raise_argument(L, call->function, call->bad_argument, call->message);
    return luaL_error(L, "%s", call->message);
}

static LN_COLD int raise_count(lua_State *L, const ln_function *function, int count) {
    bool is_method;
    const lunette_function *about = &function->about;
    if (count < about->min_arguments)
        return raise_argument(L, function, count + 1, "value expected");
    return luaL_error(L, "too many arguments to '%s' (at most %d expected, got %d)",
                      called_name(L, function, &is_method), about->max_arguments, count);
}

/* --- Results --- */

static LN_NOINLINE int push_results(lunette_call *call) {
    lua_State *L = call->L;
    int count = call->result_count;
    const lunette_value *results = ln_call_results(call);
    luaL_checkstack(L, count, "too many results");
    for (int i = 0; i < count; i++)
        ln_values_push(L, &results[i]);
    return count;
}

/* One number, or nothing, is what most functions give. */
LN_INLINE int give_results(lunette_call *call) {
    if (call->result_count == 0)
        return 0;
    if (call->result_count == 1 && call->first[0].type == LUNETTE_INTEGER && lua_checkstack(call->L, 1)) {
        lua_pushinteger(call->L, call->first[0].as.integer);
        return 1;
    }
    return push_results(call);
}

/* --- The call --- */

LN_INLINE void begin(lunette_call *call, lua_State *L, const ln_function *function, int count) {
    ln_run *run = ln_run_here();
    call->L = L;
    call->vm = run->owner;
    call->run = run;
    call->function = function;
    call->count = count;
    call->result_count = call->result_room = 0;
    call->scratch_used = call->disturbed = call->broken = call->has_value = call->waits =
        call->out_of_memory = false;
    call->passes_error = false;
    call->ended = LUNETTE_OK;
    call->bad_argument = 0;
    call->last_root = 0;
    call->message = NULL;
}

static LN_COLD void raise_values(lua_State *L, lunette_status status, const char *why) {
    if (status == LUNETTE_NO_MEMORY || !*why)
        luaL_error(L, "%s", lunette_status_text(status));
    luaL_error(L, "%s", why);
}

/* Converts the arguments, into memory that the VM frees. */
static const lunette_value *take_arguments(lunette_call *call) {
    static const lunette_bounds BOUNDS = {.depth = 64, .items = 1000000, .bytes = (size_t)64 << 20};
    char why[200] = "";
    const lunette_value *arguments = NULL;
    ln_run_host_enter(call->run);
    ln_tree *tree = ln_call_tree(call);
    ln_run_host_leave(call->run);
    lunette_status status =
        ln_values_take_some(call->L, call->vm, 1, call->count, &BOUNDS, tree, &arguments, why, sizeof why);
    if (LN_UNLIKELY(status != LUNETTE_OK))
        raise_values(call->L, status, why);
    return arguments;
}

static int on_call(lua_State *L) {
    const ln_function *function = lua_touserdata(L, lua_upvalueindex(1));
    const lunette_function *about = &function->about;
    lunette_call call;
    int count = lua_gettop(L);
    const lunette_value *arguments = NULL;
    if (LN_UNLIKELY(count < about->min_arguments || (unsigned)count > (unsigned)about->max_arguments))
        return raise_count(L, function, count);
    begin(&call, L, function, count);
    if (LN_UNLIKELY(!ln_run_charge_host_call(call.run)))
        ln_run_end(call.run, LN_END_HOST_CALLS);
    if (about->call_values)
        arguments = take_arguments(&call);
    ln_run_host_enter(call.run);
    lunette_status status = about->call_values
                                ? about->call_values(function->ud, &call, arguments, (size_t)count)
                                : about->call(function->ud, &call);
    ln_run_host_leave(call.run);
    if (LN_UNLIKELY(status != LUNETTE_OK || call.broken)) {
        if (status == LUNETTE_SUSPENDED && call.waits && !call.broken)
            return ln_suspend_here(L, call.vm);
        return raise_failure(&call, status);
    }
    return give_results(&call);
}

void ln_host_push(lua_State *L, const ln_function *function) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)function);
    lua_pushcclosure(L, on_call, 1);
}
