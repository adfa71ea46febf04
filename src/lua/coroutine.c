/* Coroutines, with the guard told which one runs: `running` is what a deadline's hook must be set on, and no
 * function of Lua's API says it to a signal handler. Apart from that these three do what Lua's own do (manual
 * § 6.2), and so does xpcall.
 *
 * Closing a suspended coroutine is unsafe in releases before 5.4.8: the message handler of an xpcall that it is
 * suspended in is called again, after its place on the stack is gone (docs/sandbox.md, close-errfunc-oob). So
 * xpcall marks the coroutine it runs in, in the word of extra space that each has, and a marked coroutine is not
 * closed while it is suspended. And what runs while a coroutine is closed counts its nested C calls from where
 * that coroutine was suspended, not from where it is closed: so a coroutine is closed only near the beginning of
 * the run's C stack, and the guard has seen to it that what may then come on top fits (LN_VM_STACK).
 *
 * Where a limit is kept by the count hook, nothing of the script's may run with hooks turned off, as Lua does for what
 * comes of an error that a hook raised (enter.c). So message handlers are not called for such an error, and a coroutine that it
 * ended is not closed. */
#include <string.h>

#include "lua/internal.h"

/* --- Marks --- */

enum {
    USED_XPCALL = 1,
    ENDED_IN_HOOK = 2, /* no hook is called there any more */
};

/* The main thread's marks are what every new coroutine's begin with: they stay clear. */
static void mark(const ln_vm *vm, lua_State *co, unsigned char what) {
    if (!ln_vm_is_outermost(vm, co))
        ln_extra_of(co)->marks |= what;
}

static bool is_marked(lua_State *co, unsigned char what) {
    return (ln_extra_of(co)->marks & what) != 0;
}

/* --- xpcall --- */

static int finish_xpcall(lua_State *L, int status, lua_KContext extra) {
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)extra;
}

/* The script's message handler, an upvalue, where hooks have to hold it; else the error stays as it is. */
static int handle_in_bounds(lua_State *L) {
    if (ln_vm_hooks_are_off(ln_vm_current(), L))
        return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

int ln_lib_xpcall(lua_State *L) {
    const ln_vm *vm = ln_vm_current();
    int arguments = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    mark(vm, L, USED_XPCALL);
    if (LN_UNLIKELY(vm->counting) && !lua_iscfunction(L, 2)) {
        lua_pushvalue(L, 2);
        lua_pushcclosure(L, handle_in_bounds, 1);
        lua_replace(L, 2);
    }
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    int status = lua_pcallk(L, arguments - 2, LUA_MULTRET, 2, 2, finish_xpcall);
    return finish_xpcall(L, status, 2);
}

/* --- The C stack --- */

/* Bytes of C stack that the run has in use. */
static size_t stack_used(const ln_vm *vm) {
    const char *here = __builtin_frame_address(0);
    return (size_t)(here < vm->stack_top ? vm->stack_top - here : here - vm->stack_top);
}

/* Coroutines that are closing one another, each on top of the other's C stack. */
enum { DEEPEST_CLOSING = 150 };

static bool is_deep(const ln_vm *vm) {
    return vm->closing >= DEEPEST_CLOSING || stack_used(vm) > LN_VM_CLOSING_STACK;
}

/* Releases before 5.4.4 do not count coroutines that resume one another as nested C calls (CVE-2021-43519). */
enum { COUNTS_RESUMES = 50404, DEEPEST_RESUME = LN_STACK_MINIMUM * 3 / 4 };

static bool is_too_deep_to_resume(const ln_vm *vm) {
    return stack_used(vm) > DEEPEST_RESUME && ln_lua_release_number() < COUNTS_RESUMES;
}

/* --- Resuming --- */

/* lua_resume() with the guard's knowledge kept right. Whatever ends the coroutine comes back through here, a
 * kill excepted, after which nothing of this matters. The main thread cannot be resumed, and armed it is already:
 * again would start its count anew. What may wait for the host (suspend.c) is what can yield, all the way out. */
int ln_vm_resume(ln_vm *vm, lua_State *co, lua_State *from, int arguments, int *results, bool may_wait) {
    bool may_wait_before = vm->may_wait;
    if (co != vm->L)
        ln_vm_arm(vm, co);
    vm->may_wait = may_wait;
    ln_vm_switch(vm, co);
    int status = lua_resume(co, from, arguments, results);
    ln_vm_switch(vm, from);
    vm->may_wait = may_wait_before;
    return status;
}

/* lua_resetthread(), likewise; not for one that is_deep(). */
static int reset_known(lua_State *co, lua_State *from) {
    ln_vm *vm = ln_vm_current();
    ln_vm_arm(vm, co);
    ln_vm_switch(vm, co);
    vm->closing++;
    int status = lua_resetthread(co);
    vm->closing--;
    ln_vm_switch(vm, from);
    return status;
}

/* What resume() answers beside a number of results. */
enum { FAILED = -1, WAITS = -2 };

/* Moves `arguments` values over and resumes. The number of results, now on L; FAILED with the error there; or WAITS: it
 * called a function of the host's that will answer later, so L has to wait as well, and then to resume it again with
 * what the answer was. */
static int resume(lua_State *L, lua_State *co, int arguments) {
    ln_vm *vm = ln_vm_current();
    int results;
    if (is_too_deep_to_resume(vm)) {
        lua_pushliteral(L, "C stack overflow");
        return FAILED;
    }
    if (!lua_checkstack(co, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return FAILED;
    }
    lua_xmove(L, co, arguments);
    int status = ln_vm_resume(vm, co, L, arguments, &results, vm->may_wait && lua_isyieldable(L));
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        if (ln_vm_ended_in_hook(vm, co, status, L))
            mark(vm, co, ENDED_IN_HOOK);
        return FAILED;
    }
    if (LN_UNLIKELY(vm->waits))
        return WAITS;
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return FAILED;
    }
    lua_xmove(co, L, results);
    return results;
}

static lua_State *check_coroutine(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "thread");
    return co;
}

/* Called again with the coroutine below what the host answered, when L goes on after having waited. */
static int go_on_resuming(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return ln_lib_coroutine_resume(L);
}

int ln_lib_coroutine_resume(lua_State *L) {
    lua_State *co = check_coroutine(L);
    int results = resume(L, co, lua_gettop(L) - 1);
    if (results == WAITS)
        return lua_yieldk(L, 0, 0, go_on_resuming);
    lua_pushboolean(L, results >= 0);
    if (results < 0) {
        lua_insert(L, -2);
        return 2;
    }
    lua_insert(L, -(results + 1));
    return results + 1;
}

/* --- Wrapping --- */

/* The first release in which an error of closing takes the place of the one that led to it. */
enum { CLOSING_REPLACES = 50403 };

/* The error on top of L came out of the coroutine: its variables that wait to be closed are closed (unless no limit would
 * hold meanwhile), and where it happened is added to a text, as Lua does. Raises. */
static int raise_from(lua_State *L, lua_State *co) {
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD && !is_marked(co, ENDED_IN_HOOK)) {
        if (is_deep(ln_vm_current()))
            return luaL_error(L, "C stack overflow");
        int closed = reset_known(co, L);
        if (ln_lua_release_number() >= CLOSING_REPLACES) {
            status = closed;
            lua_xmove(co, L, 1);
        }
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int call_wrapped(lua_State *L);

static int go_on_calling(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return call_wrapped(L);
}

static int call_wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, co, lua_gettop(L));
    if (results == WAITS)
        return lua_yieldk(L, 0, 0, go_on_calling);
    return results < 0 ? raise_from(L, co) : results;
}

int ln_lib_coroutine_wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

/* --- Closing --- */

static const char *status_name(lua_State *L, lua_State *co) {
    lua_Debug ar;
    if (L == co)
        return "running";
    switch (lua_status(co)) {
    case LUA_YIELD:
        return "suspended";
    case LUA_OK:
        if (lua_getstack(co, 0, &ar))
            return "normal";
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default:
        return "dead";
    }
}

enum { SOUND_CLOSING = 50408 };

/* May raise. */
static void check_closable(lua_State *L, lua_State *co) {
    if (is_marked(co, ENDED_IN_HOOK))
        luaL_error(L, "cannot close a coroutine that a limit has ended: no limit would hold meanwhile");
    if (lua_status(co) == LUA_YIELD && is_marked(co, USED_XPCALL) && ln_lua_release_number() < SOUND_CLOSING)
        luaL_error(L, "cannot close a suspended coroutine that has called xpcall (unsafe in Lua %s)",
                   ln_lua_release());
    if (is_deep(ln_vm_current()))
        luaL_error(L, "C stack overflow");
}

int ln_lib_coroutine_close(lua_State *L) {
    lua_State *co = check_coroutine(L);
    const char *status = status_name(L, co);
    if (*status != 's' && *status != 'd')
        return luaL_error(L, "cannot close a %s coroutine", status);
    check_closable(L, co);
    int closed = reset_known(co, L);
    if (closed == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}
