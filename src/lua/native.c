/* Modules of lua_CFunctions (lpeg, cjson) in contexts whose scripts nobody trusts.
 *
 * Such a function works on the Lua state and on memory of its own, so a kill that left it anywhere would lose that memory,
 * or a lock in malloc(). But Lua itself leaves such functions, by longjmp: wherever they call something of Lua's that may
 * raise an error. There they hold nothing that nobody else owns, for that is how they are written. Hence the rule: a
 * function of theirs is not left while it runs itself, nor in what it calls in C; it is, in Lua code that it has called
 * back, and in all that this calls.
 *
 *   script -> on_call -> module's function -> Lua callback -> string.rep
 *             ^ leave    ^ do not leave       ^ leave         ^ leave
 *
 * To tell, each function that a script can reach is wrapped by on_call(), which notes its own place in the chain of calls
 * for the guard's handler to look for (ln_native_busy()). Functions are found where a script could find them: in what
 * luaopen_… returned, in metatables, in upvalues of C functions, in what functions return. One that hides elsewhere (as the
 * argument of a callback, two tables deep in a result) is protected less well: the guard never leaves a thread in code that
 * is not the VM's, nor in malloc(), but may leave it in a function of Lua's that such a one called.
 *
 * Memory that modules keep is given back by finalizers (__gc). A template has none of it, because nothing is opened there.
 * Before a context is reset, and after a kill too, lua_close() calls the finalizers. What always holds:
 *   - scripts that may have such modules run on a thread of their own (suspend.c), so the main thread, on which lua_close()
 *     works, is in order whenever a script is killed, and has no variables of the script's to close;
 *   - lua_close() knows no more of an object that the collector has taken from its list, to call the finalizer, when the run
 *     is left before that begins. So all objects that were met are in a table (OBJECTS) until their finalizers begin;
 *   - shortly before a deadline a run looks at the clock itself, in the count hook (enter.c), and ends there, where the state
 *     is whole. Only one that stays in a long function of Lua's library is left in the middle of things;
 *   - the arena is not touched by what is allocated and freed then, for it may have been left half changed; and nothing but
 *     finalizers is done with the state: the first object that has one, and so the last that is asked (the sentinel), ends
 *     the run;
 *   - a fault ends that, like any run. After one, nothing of this is tried: a finalizer would give free() what it finds.
 *
 * A script cannot reach the metatables of userdata: it could make finalizers of its own, or call theirs twice. */
#include "lua/native.h"

#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "lua/internal.h"

/* In the registry, at the addresses of these. SEEN: what scripts get instead of a C function, and of tables what is known;
 * OBJECTS: the userdata that have yet to be finalized, as keys. Both have weak keys, and weak keys are what stays of an
 * object until its finalizer has run (manual, section 2.5.4). */
static const char SEEN = 's', OBJECTS = 'o', SENTINEL = 'z';

/* In SEEN, of a table. Lua's own and the host's, from the beginning, are `true`. */
enum { LOOKED_THROUGH = 1, HIDDEN = 2 };

/* --- Calling --- */

/* The message handler of each call: was it the function itself that raised? It is right above its wrapper. */
static int on_error(lua_State *L) {
    lua_Debug ar;
    ln_native_call *call = ln_vm_current()->natives.innermost;
    if (call && call->L == L && lua_getstack(L, 2, &ar) && ar.i_ci == call->place)
        call->raised = true;
    return 1;
}

static void charge(ln_vm *vm) {
    if (!ln_run_charge_host_call(vm->machine.active))
        ln_run_end(vm->machine.active, LN_END_HOST_CALLS);
}

/* Time in these functions is the host's, callbacks included. May not return: the limit on it is looked at here. */
static void take_time(ln_run *run, uint64_t started, uint64_t used_before) {
    run->usage.host_ns = used_before + (ln_os_now() - started);
    if (run->budget.host_ns != 0 && run->usage.host_ns > run->budget.host_ns)
        ln_run_attend(run);
}

/* An object is being finalized: from here on it is its finalizer's. Does not raise. */
static void forget_object_at(lua_State *L, int index) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &OBJECTS);
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) != LUA_TNIL) {
        lua_pushvalue(L, index);
        lua_pushnil(L);
        lua_rawset(L, -4);
    }
    lua_pop(L, 2);
}

/* "lpeg.match": what a loaded module has the function as that runs at level 0; NULL, or on top of the stack. Lua looks in
 * the same place (luaL_argerror()), but for the function that is wrapped. */
static const char *find_name(lua_State *L) {
    lua_Debug ar;
    lua_getstack(L, 0, &ar);
    lua_getinfo(L, "f", &ar);
    int function = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (lua_pushnil(L); lua_next(L, function + 1); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TTABLE)
            continue;
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, function))
                return lua_pushfstring(L, "%s.%s", lua_tostring(L, -4), lua_tostring(L, -2));
    }
    return NULL;
}

/* The error is on top. */
static LN_COLD void raise_again(lua_State *L, ln_vm *vm, int status, bool own) {
    if (status == LUA_ERRMEM)
        ln_raise_memory(L, vm);
    if (!own)
        lua_error(L);
    int error = lua_gettop(L);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    const char *name = find_name(L);
    lua_pushvalue(L, error);
    ln_raise_as(L, status, name ? name : "?");
}

/* Calls upvalue 1 with all that is on the stack, and leaves the results there. May raise. */
static void call_native(lua_State *L, ln_vm *vm, bool finalize) {
    lua_Debug ar;
    ln_run *run = vm->machine.active;
    lua_getstack(L, 0, &ar);
    ln_native_call here = {.L = L, .place = ar.i_ci, .outer = vm->natives.innermost, .held = finalize};
    uint64_t started = run->times_host ? ln_os_now() : 0, used = run->usage.host_ns;
    lua_pushcfunction(L, on_error);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_rotate(L, 1, 2);
    vm->natives.innermost = &here;
    atomic_signal_fence(memory_order_seq_cst); /* no call may begin before it is noted */
    if (finalize)
        forget_object_at(L, 3);
    int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1);
    atomic_signal_fence(memory_order_seq_cst);
    vm->natives.innermost = here.outer;
    if (LN_UNLIKELY(run->times_host))
        take_time(run, started, used);
    if (LN_UNLIKELY(status != LUA_OK))
        raise_again(L, vm, status, here.raised);
    lua_remove(L, 1);
}

static void convert_results(lua_State *L);

/* What scripts call. */
static int on_call(lua_State *L) {
    ln_vm *vm = ln_vm_current();
    charge(vm);
    call_native(L, vm, false);
    ln_collector_relieve(L, vm); /* what it has made may have a finalizer */
    convert_results(L);
    return lua_gettop(L);
}

/* What the collector calls: a limit on calls must not end a run there, for the object would not be asked again. */
static int on_finalize(lua_State *L) {
    lua_settop(L, 1);
    call_native(L, ln_vm_current(), true);
    return 0;
}

/* --- Finding functions ---
 *
 * With two tables on the stack: SEEN, and a queue of objects to look through. All of it may raise (memory). */

typedef struct finder {
    lua_State *L;
    int seen, queue; /* where on the stack */
} finder;

static bool is_wrapper(lua_CFunction function) {
    return function == on_call || function == on_finalize;
}

/* The value on top, which stays, is to be looked through. */
static void enqueue(const finder *f) {
    lua_pushvalue(f->L, -1);
    lua_rawseti(f->L, f->queue, (lua_Integer)lua_rawlen(f->L, f->queue) + 1);
}

/* The same for a table that was not met before. */
static void enqueue_new(const finder *f) {
    lua_State *L = f->L;
    lua_pushvalue(L, -1);
    bool is_new = lua_rawget(L, f->seen) == LUA_TNIL;
    lua_pop(L, 1);
    if (!is_new)
        return;
    lua_pushvalue(L, -1);
    lua_pushinteger(L, LOOKED_THROUGH);
    lua_rawset(L, f->seen);
    enqueue(f);
}

/* The C function on top becomes what scripts get in its place; one of the state's own stays. */
static void convert_function(const finder *f) {
    lua_State *L = f->L;
    if (is_wrapper(lua_tocfunction(L, -1)))
        return;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, f->seen) == LUA_TNIL) {
        lua_pop(L, 1);
        enqueue(f);
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, on_call, 1);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, f->seen);
    }
    lua_remove(L, -2);
}

/* The metatable of the table on top, which stays. */
static void visit_metatable(const finder *f) {
    if (!lua_getmetatable(f->L, -1))
        return;
    enqueue_new(f);
    lua_pop(f->L, 1);
}

/* The metatable on top, which stays, is a module's userdata's: out of the scripts' reach. */
static void hide(const finder *f) {
    lua_State *L = f->L;
    enqueue_new(f);
    lua_pushliteral(L, "__metatable");
    lua_pushboolean(L, 0);
    lua_rawset(L, -3);
    lua_pushvalue(L, -1);
    lua_pushinteger(L, HIDDEN);
    lua_rawset(L, f->seen);
}

static int insert_object(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &OBJECTS);
    lua_insert(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, 1);
    return 0;
}

/* The userdata on top, which stays, is to be finalized. A kill may not come in between: an object that is in the table
 * twice, as happens while a node of it is moved, would be finalized twice. */
static void keep_object(lua_State *L) {
    ln_vm *vm = ln_vm_current();
    lua_pushcfunction(L, insert_object);
    lua_pushvalue(L, -2);
    vm->natives.held = true;
    int status = lua_pcall(L, 1, 0, 0);
    vm->natives.held = false;
    if (status != LUA_OK)
        ln_raise_memory(L, vm);
}

/* The userdata on top, which stays. Those of Lua and of the host's types have metatables that were there before. */
static void visit_userdata(const finder *f) {
    lua_State *L = f->L;
    if (!lua_getmetatable(L, -1))
        return;
    lua_pushvalue(L, -1);
    int type = lua_rawget(L, f->seen);
    bool hidden = type == LUA_TNUMBER && lua_tointeger(L, -1) == HIDDEN;
    lua_pop(L, 1);
    if (type != LUA_TBOOLEAN && !hidden)
        hide(f);
    lua_pop(L, 1);
    if (type != LUA_TBOOLEAN)
        keep_object(L);
}

/* Looks at the value on top. True: it is another now. */
static bool visit(const finder *f) {
    lua_State *L = f->L;
    switch (lua_type(L, -1)) {
    case LUA_TFUNCTION:
        if (!lua_iscfunction(L, -1))
            return false;
        lua_pushvalue(L, -1);
        convert_function(f);
        if (lua_rawequal(L, -1, -2)) {
            lua_pop(L, 1);
            return false;
        }
        lua_remove(L, -2);
        return true;
    case LUA_TTABLE:
        enqueue_new(f);
        return false;
    case LUA_TUSERDATA:
        visit_userdata(f);
        return false;
    default:
        return false;
    }
}

/* The key is below the value on top. */
static bool is_finalizer(lua_State *L) {
    return lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "__gc") == 0 &&
           lua_iscfunction(L, -1) && !is_wrapper(lua_tocfunction(L, -1));
}

/* The table on top, which stays. Fields that are there may be replaced on the way. */
static void visit_fields(const finder *f) {
    lua_State *L = f->L;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool is_other = true;
        if (is_finalizer(L))
            lua_pushcclosure(L, on_finalize, 1);
        else
            is_other = visit(f);
        if (is_other) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4);
        } else {
            lua_pop(L, 1);
        }
    }
}

/* The C function on top, which stays. */
static void visit_upvalues(const finder *f) {
    lua_State *L = f->L;
    for (int i = 1; lua_getupvalue(L, -1, i); i++)
        if (!visit(f) || !lua_setupvalue(L, -2, i))
            lua_pop(L, 1);
}

static finder begin(lua_State *L) {
    luaL_checkstack(L, 12, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &SEEN);
    lua_newtable(L);
    return (finder){.L = L, .seen = lua_gettop(L) - 1, .queue = lua_gettop(L)};
}

/* All that is in the queue, and what is found on the way. Takes the tables off the stack. */
static void finish(const finder *f) {
    lua_State *L = f->L;
    for (lua_Integer i = 1; lua_rawgeti(L, f->queue, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) == LUA_TTABLE) {
            visit_fields(f);
            visit_metatable(f);
        } else {
            visit_upvalues(f);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, f->seen - 1);
}

/* Values that scripts make most of, and that never need a look, are told at once. */
static bool is_plain(int type) {
    return type != LUA_TFUNCTION && type != LUA_TTABLE && type != LUA_TUSERDATA;
}

/* A result that is a table is looked through once, but not what lies in tables in it: it may be anything's size. */
static void convert_result(const finder *f, int index) {
    lua_State *L = f->L;
    lua_pushvalue(L, index);
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            if (!lua_istable(L, -1) && visit(f)) {
                lua_pushvalue(L, -2);
                lua_insert(L, -2);
                lua_rawset(L, -4);
            } else {
                lua_pop(L, 1);
            }
        }
        visit_metatable(f);
    } else if (visit(f)) {
        lua_replace(L, index);
        return;
    }
    lua_pop(L, 1);
}

static void convert_results(lua_State *L) {
    int results = lua_gettop(L), first = 1;
    while (first <= results && is_plain(lua_type(L, first)))
        first++;
    if (first > results)
        return;
    finder f = begin(L);
    for (int i = first; i <= results; i++)
        if (!is_plain(lua_type(L, i)))
            convert_result(&f, i);
    finish(&f);
}

/* --- Before anything is opened --- */

/* The table on top, which stays, likewise its contents. */
static void know_table(const finder *f) {
    lua_State *L = f->L;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, f->seen) == LUA_TNIL) {
        lua_pushvalue(L, -2);
        lua_pushboolean(L, 1);
        lua_rawset(L, f->seen);
        lua_pop(L, 1);
        enqueue(f);
        return;
    }
    lua_pop(L, 1);
}

/* The value on top, which stays, is the state's own. */
static void know(const finder *f) {
    lua_State *L = f->L;
    if (lua_iscfunction(L, -1)) {
        lua_pushvalue(L, -1);
        lua_pushvalue(L, -1);
        lua_rawset(L, f->seen);
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        know_table(f);
    }
    if (lua_type(L, -1) != LUA_TSTRING && lua_getmetatable(L, -1)) {
        know_table(f);
        lua_pop(L, 1);
    }
}

static void know_all(lua_State *L) {
    finder f = begin(L);
    lua_pushvalue(L, LUA_REGISTRYINDEX);
    know_table(&f);
    lua_pop(L, 1);
    for (lua_Integer i = 1; lua_rawgeti(L, f.queue, i) != LUA_TNIL; i++) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            know(&f);
            lua_pop(L, 1);
        }
        know(&f);
        lua_pop(L, 1);
    }
    lua_settop(L, f.seen - 1);
}

/* Lua's own require, at level none. */
static int open_by_name(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    if (!ln_native_open(L, ln_vm_modules(ln_vm_current()), name))
        return luaL_error(L, "module '%s' is not registered", name);
    return 1;
}

static void offer(lua_State *L, const ln_modules *modules) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE) == LUA_TTABLE)
        for (size_t i = 0; i < modules->native_count; i++) {
            lua_pushcfunction(L, open_by_name);
            lua_setfield(L, -2, modules->natives[i].name);
        }
    lua_pop(L, 1);
}

/* A table in the registry, with weak keys. */
static void make_weak(lua_State *L, const char *key) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void ln_native_prepare(lua_State *L, const ln_modules *modules) {
    offer(L, modules);
    make_weak(L, &SEEN);
    make_weak(L, &OBJECTS);
    know_all(L);
}

/* --- Opening --- */

/* Those that the collector had taken, and did not come to. What a finalizer raises is nobody's. */
static void finalize_rest(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &OBJECTS);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (luaL_getmetafield(L, -1, "__gc") == LUA_TNIL)
            continue;
        lua_pushvalue(L, -2);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK)
            lua_pop(L, 1);
    }
}

/* The first object with a finalizer is the last that lua_close() asks. May raise; may not return. */
static int on_sentinel(lua_State *L) {
    ln_vm *vm = ln_vm_current();
    if (!vm->natives.closing)
        return 0;
    finalize_rest(L);
    ln_run_end(vm->machine.active, LN_END_FINISHED);
}

static void make_sentinel(lua_State *L) {
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, on_sentinel);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &SENTINEL);
}

/* luaL_newmetatable() keeps its tables here by name. Boxes are what Lua's own string buffers lie in. */
static void visit_registry(const finder *f) {
    lua_State *L = f->L;
    lua_pushnil(L);
    while (lua_next(L, LUA_REGISTRYINDEX)) {
        bool is_named = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "_UBOX*") != 0;
        if (is_named && lua_type(L, -1) == LUA_TTABLE)
            enqueue_new(f);
        lua_pop(L, 1);
    }
}

/* The module on top, which stays but may become another value. */
static void convert_module(lua_State *L) {
    int module = lua_gettop(L);
    finder f = begin(L);
    lua_pushvalue(L, module);
    if (visit(&f))
        lua_replace(L, module);
    else
        lua_pop(L, 1);
    visit_registry(&f);
    finish(&f);
}

/* As luaL_requiref() does, and require: what is returned counts, else what the function has put there itself. */
static void open_module(lua_State *L, const lunette_lua_module *module) {
    lua_pushcfunction(L, module->open);
    lua_pushcclosure(L, on_call, 1);
    lua_pushstring(L, module->name);
    lua_call(L, 1, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_insert(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_getfield(L, -1, module->name);
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    convert_module(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, module->name);
    lua_remove(L, -2);
}

bool ln_native_open(lua_State *L, const ln_modules *modules, const char *name) {
    ln_vm *vm = ln_vm_current();
    const lunette_lua_module *module = NULL;
    for (size_t i = 0; i < modules->native_count && !module; i++)
        if (strcmp(modules->natives[i].name, name) == 0)
            module = &modules->natives[i];
    if (!module)
        return false;
    if (!vm->machine.context)
        luaL_error(
            L, "module '%s' is opened by each context for itself: what a template preloads cannot require it",
            name);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (!vm->natives.opened)
        make_sentinel(L);
    vm->natives.opened = true;
    open_module(L, module);
    return true;
}

/* --- What the guard's handler asks --- */

/* Reads the chain of calls, which is in order at every instruction; no more of it than functions in C can follow on one
 * another, which Lua bounds (LUAI_MAXCCALLS). */
bool ln_native_busy(lunette_machine *machine) {
    enum { LEVELS_MOST = 256 };
    const ln_vm *vm = ln_vm_of(machine);
    const ln_native_call *call = vm->natives.innermost;
    lua_Debug ar;
    if (vm->natives.held)
        return true;
    if (!call || vm->running != call->L)
        return false;
    for (int level = 0; level < LEVELS_MOST; level++) {
        if (!lua_getstack(call->L, level, &ar))
            return false;
        if (ar.i_ci == call->place)
            return level > 0 || call->held;
        if (!lua_getinfo(call->L, "S", &ar) || *ar.what != 'C')
            return false;
    }
    return true;
}

/* --- Closing --- */

/* Blocks that finalizers ask for. */
typedef struct block {
    _Alignas(16) struct block *next;
} block;

/* In place of the arena's allocator, whose memory is about to be overwritten: frees nothing there, and takes nothing. */
static void *allocate_outside(void *ud, void *ptr, size_t old_size, size_t new_size) {
    ln_vm *vm = ud;
    if (new_size == 0 || (ptr && new_size <= old_size))
        return new_size == 0 ? NULL : ptr;
    ln_run_host_enter(vm->machine.active);
    block *made = new_size <= vm->machine.memory_limit ? malloc(sizeof *made + new_size) : NULL;
    if (made) {
        made->next = vm->natives.blocks;
        vm->natives.blocks = made;
    }
    ln_run_host_leave(vm->machine.active);
    if (made && ptr)
        memcpy(made + 1, ptr, old_size);
    return made ? made + 1 : NULL;
}

static void close_state(void *ud) {
    ln_vm *vm = ud;
    vm->running = vm->L;
    lua_setallocf(vm->L, allocate_outside, vm);
    lua_close(vm->L);
}

/* What finalizers may take, all together; in one of them no run is ended. */
static const uint64_t CLOSING_TIME_NS = 1000000000;

void ln_native_close(ln_vm *vm) {
    ln_natives *natives = &vm->natives;
    if (!natives->opened)
        return;
    natives->opened = false;
    natives->closing = true;
    if (!vm->machine.suspect)
        ln_machine_finalize(&vm->machine, CLOSING_TIME_NS, close_state, vm);
    natives->closing = false;
    while (natives->blocks) {
        block *first = natives->blocks;
        natives->blocks = first->next;
        free(first);
    }
}
