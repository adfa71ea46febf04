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
    if (status == LUNETTE_SUSPENDED)
        return luaL_error(L, "'%s' answered %s, but lunette_call_suspend() did not", function->full_name,
                          lunette_status_name(status));
    return luaL_error(L, "'%s' answered %s: %s", function->full_name, lunette_status_name(status),
                      lunette_status_text(status));
}

/* Asks for more than there can be. */
void ln_raise_memory(lua_State *L, const ln_vm *vm) {
    lua_newuserdatauv(L, vm->machine.memory_limit, 0);
    luaL_error(L, "not enough memory");
    __builtin_unreachable();
}

static void close_fresh(ln_objects *objects, const lunette_value *results, int count) {
    for (int i = 0; i < count; i++) {
        const ln_object *object =
            results[i].type == LUNETTE_USERDATA ? ln_objects_find(objects, results[i].as.userdata.id) : NULL;
        if (object && object->fresh)
            ln_objects_close(objects, object->id);
    }
}

/* Objects among results that nobody gets. */
static void close_results(const lunette_call *call) {
    ln_objects *objects = &ln_call_vm(call)->objects;
    int count = call->result_count, inside = count < LN_CALL_INLINE ? count : LN_CALL_INLINE;
    ln_run_host_enter(call->run);
    close_fresh(objects, call->first, inside);
    close_fresh(objects, call->more, count - inside);
    ln_run_host_leave(call->run);
}

/* What the host's function answered was not OK. */
static LN_COLD int raise_failure(lunette_call *call, lunette_status status) {
    lua_State *L = call->L;
    if (call->ended != LUNETTE_OK)
        ln_run_end(call->run, ln_call_vm(call)->machine.dead);
    if (call->result_count > 0)
        close_results(call);
    lua_settop(L, call->count);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (call->broken)
        return luaL_error(L, "a table changed while '%s' was reading it", call->function->full_name);
    bool memory = status == LUNETTE_RUNTIME_ERROR || status == LUNETTE_MEMORY_LIMIT;
    if (call->note == LN_NOTE_MEMORY && memory)
        ln_raise_memory(L, ln_call_vm(call));
    bool refused =
        status == LUNETTE_VALUE_LIMIT || status == LUNETTE_INVALID_ARGUMENT || status == LUNETTE_STALE;
    if (refused && call->note == LN_NOTE_WORDS && call->bad_argument == 0 && call->message)
        return luaL_error(L, "%s", call->message);
    if (status != LUNETTE_RUNTIME_ERROR || call->note == LN_NOTE_NONE)
        return raise_status(L, call->function, status);
    if (call->note == LN_NOTE_PASSED)
        return ln_call_raise_passed(L);
    if (call->note == LN_NOTE_VALUE) {
        ln_values_push(L, &call->error);
        return lua_error(L);
    }
    if (call->bad_argument != 0 && call->expected)
        return raise_type(L, call->function, call->bad_argument, call->expected);
    if (call->bad_argument != 0)
        return raise_argument(L, call->function, call->bad_argument, call->message);
    return luaL_error(L, "%s", call->message);
}

static LN_COLD void raise_count(lua_State *L, const ln_function *function, int count) {
    bool is_method;
    const lunette_function *about = &function->about;
    if (count < about->min_arguments)
        raise_argument(L, function, count + 1, "value expected");
    luaL_error(L, "too many arguments to '%s' (at most %d expected, got %d)",
               called_name(L, function, &is_method), about->max_arguments, count);
}

/* --- Results --- */

static LN_NOINLINE int push_results(const lunette_call *call) {
    lua_State *L = call->L;
    luaL_checkstack(L, call->result_count, "too many results");
    for (int i = 0; i < call->result_count && i < LN_CALL_INLINE; i++)
        ln_values_push(L, &call->first[i]);
    for (int i = LN_CALL_INLINE; i < call->result_count; i++)
        ln_values_push(L, &call->more[i - LN_CALL_INLINE]);
    return call->result_count;
}

/* One number, or nothing, is what most functions give; without cursors the stack has room. */
LN_INLINE int give_results(const lunette_call *call) {
    if (call->result_count == 0)
        return 0;
    if (call->result_count == 1 && call->first[0].type == LUNETTE_INTEGER && call->last_root == 0) {
        lua_pushinteger(call->L, call->first[0].as.integer);
        return 1;
    }
    return push_results(call);
}

/* --- The call --- */

static LN_COLD void raise_values(const lunette_call *call, lunette_status status, const char *why) {
    lua_State *L = call->L;
    if (status == LUNETTE_MEMORY_LIMIT)
        ln_raise_memory(L, ln_call_vm(call));
    if (status == LUNETTE_NO_MEMORY || !*why)
        luaL_error(L, "%s", lunette_status_text(status));
    luaL_error(L, "%s", why);
}

/* Converts the arguments, into memory that the VM frees. */
static const lunette_value *take_arguments(lunette_call *call) {
    static const lunette_bounds BOUNDS = {.depth = 64, .items = 1000000, .bytes = (size_t)64 << 20};
    ln_reason why = {0};
    const lunette_value *arguments = NULL;
    ln_run_host_enter(call->run);
    ln_tree *tree = ln_call_tree(call);
    ln_run_host_leave(call->run);
    lunette_status status =
        ln_values_take_some(call->L, ln_call_vm(call), 1, call->count, &BOUNDS, tree, &arguments, &why);
    if (LN_UNLIKELY(status != LUNETTE_OK))
        raise_values(call, status, why.text);
    return arguments;
}

/* What both forms do before: the call is charged for, its number of arguments right. The rest of the struct waits until
 * it is needed. */
LN_INLINE void begin(lunette_call *call, lua_State *L, ln_run *run, const ln_function *function) {
    int count = lua_gettop(L);
    call->L = L;
    call->run = run;
    call->function = function;
    call->count = count;
    call->result_count = call->last_root = 0;
    call->scratch_used = call->disturbed = call->broken = call->waits = false;
    call->note = LN_NOTE_NONE;
    call->ended = LUNETTE_OK;
    if (LN_UNLIKELY((unsigned)(count - function->about.min_arguments) > function->more_arguments))
        raise_count(L, function, count);
    if (LN_UNLIKELY(!ln_run_charge_host_call(run)))
        ln_run_end(run, LN_END_HOST_CALLS);
}

/* What a function gave that then waits, its answer takes the place of. */
static LN_COLD int finish_otherwise(lunette_call *call, lunette_status status) {
    if (status != LUNETTE_SUSPENDED || !call->waits || call->broken)
        return raise_failure(call, status);
    if (call->result_count > 0)
        close_results(call);
    return ln_suspend_here(call->L, ln_call_vm(call));
}

LN_INLINE int finish(lunette_call *call, lunette_status status) {
    if (LN_UNLIKELY(status != LUNETTE_OK || call->broken))
        return finish_otherwise(call, status);
    return give_results(call);
}

LN_INLINE int call_fast(lua_State *L, ln_run *run, const ln_function *function) {
    lunette_call call;
    begin(&call, L, run, function);
    ln_run_host_begin(run);
    lunette_status status = function->about.call(function->ud, &call);
    ln_run_host_end(run);
    return finish(&call, status);
}

static int on_call(lua_State *L) {
    return call_fast(L, ln_run_here(), lua_touserdata(L, lua_upvalueindex(1)));
}

static int on_call_values(lua_State *L) {
    lunette_call call;
    begin(&call, L, ln_run_here(), lua_touserdata(L, lua_upvalueindex(1)));
    const lunette_value *arguments = take_arguments(&call);
    ln_run_host_begin(call.run);
    lunette_status status =
        call.function->about.call_values(call.function->ud, &call, arguments, (size_t)call.count);
    ln_run_host_end(call.run);
    return finish(&call, status);
}

/* --- The first functions of a template ---
 *
 * A closure's upvalue is the dearest thing to ask Lua for that a call needs. So the first functions of a template are
 * found by number: each has a C function of its own, without upvalues, that knows its number. */

static LN_NOINLINE int call_number(lua_State *L, size_t number) {
    ln_run *run = ln_run_here();
    const ln_vm *vm = run->owner;
    return call_fast(L, run, ln_vm_modules(vm)->numbered[number]);
}

/* Numbers are written in octal: eight times eight of them. */
#define ON_NUMBER(n)                         \
    static int on_number_##n(lua_State *L) { \
        return call_number(L, n);            \
    }
#define NAME_NUMBER(n) on_number_##n,
#ifdef __clang_analyzer__ /* It would follow each of them down the same long path: one is enough. */
#undef ON_NUMBER
#undef NAME_NUMBER
#define ON_NUMBER(n)
#define NAME_NUMBER(n) on_any_number,
static int on_any_number(lua_State *L) {
    return call_number(L, 0);
}
#endif
#define EIGHT(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define NUMBERS(X) \
    EIGHT(X, 00) EIGHT(X, 01) EIGHT(X, 02) EIGHT(X, 03) EIGHT(X, 04) EIGHT(X, 05) EIGHT(X, 06) EIGHT(X, 07)
/* clang-format off */
NUMBERS(ON_NUMBER)
static const lua_CFunction numbered[] = {NUMBERS(NAME_NUMBER)};
/* clang-format on */
_Static_assert(LN_COUNT(numbered) == LN_NUMBERED, "a number for each");

int ln_host_call(lua_State *L, const ln_function *function) {
    return call_fast(L, ln_run_here(), function);
}

void ln_host_push(lua_State *L, const ln_function *function) {
    if (function->number < LN_NUMBERED) {
        lua_pushcfunction(L, numbered[function->number]);
        return;
    }
    lua_pushlightuserdata(L, (void *)(uintptr_t)function);
    lua_pushcclosure(L, function->about.call ? on_call : on_call_values, 1);
}
