/* The one way into Lua: a guarded run around a protected call, and the hooks that limits and traces need.
 *
 * The guard knows two callbacks of ours, both called from its signal handler on the run's own thread:
 * soften() and probe(). All they may do is what lua.c does on ctrl-C: set a hook, which Lua documents as safe,
 * on the coroutine that runs now. That one is known because every resume goes through coroutine.c. */
#include <stdio.h>
#include <string.h>

#include "lua/internal.h"

/* --- Hooks --- */

/* A resume costs this many instructions of the budget, and the count starts anew in each coroutine with at
 * most this many: so neither many short coroutines nor many short resumes run uncounted. The main thread's step is
 * what a script that uses coroutines may run past its budget: what they count is seen there when it ends. */
enum { RESUME_CHARGE = 128, MAIN_STEP = 1000 };

static int hook_step(const ln_vm *vm, const lua_State *L) {
    uint64_t step = ln_run_count_step(&vm->run);
    uint64_t most = L == vm->L ? MAIN_STEP : RESUME_CHARGE;
    return (int)(step < most ? step : most);
}

enum { ANYWHERE = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT };

static void on_count(lua_State *L, lua_Debug *ar);
static void on_soft_end(lua_State *L, lua_Debug *ar);
static void on_probe(lua_State *L, lua_Debug *ar);

/* Gives a coroutine the hook that it needs now: the one that a deadline asked for, else the count's, else none of
 * ours. A signal may ask for one between any two lines: it has set it on the coroutine that runs, and here it is
 * seen last, so that it is not lost under one of the others. */
static void set_hook(ln_vm *vm, lua_State *L) {
    lua_Hook old = lua_gethook(L);
    int step = vm->counting ? hook_step(vm, L) : 0;
    if (step > 0)
        lua_sethook(L, on_count, LUA_MASKCOUNT, step);
    else if (old == on_count || old == on_soft_end || old == on_probe)
        lua_sethook(L, NULL, 0, 0);
    if (LN_UNLIKELY(vm->pending != NULL))
        lua_sethook(L, vm->pending, ANYWHERE, 1);
}

/* Raises no error itself; may not return (ln_run_count). */
static void on_count(lua_State *L, lua_Debug *ar) {
    (void)ar;
    ln_vm *vm = ln_vm_current();
    ln_run_count(&vm->run, (uint64_t)lua_gethookcount(L));
    if (vm->pending || hook_step(vm, L) != lua_gethookcount(L))
        set_hook(vm, L);
}

void ln_vm_arm(ln_vm *vm, lua_State *L) {
    if (LN_UNLIKELY(vm->counting) && L != vm->L)
        ln_run_count(&vm->run, RESUME_CHARGE);
    set_hook(vm, L);
}

void ln_vm_switch(ln_vm *vm, lua_State *L) {
    vm->running = L;
    if (LN_UNLIKELY(vm->pending != NULL))
        lua_sethook(L, vm->pending, ANYWHERE, 1);
}

/* Is this hook the one that was asked for last? If not, another coroutine has had it already. */
static bool take_pending(ln_vm *vm, lua_State *L, lua_Hook hook) {
    bool due = vm->pending == hook;
    if (due)
        vm->pending = NULL;
    set_hook(vm, L);
    return due;
}

/* Raises: the deadline as an ordinary error, once, for a script that wants to clean up. */
static void on_soft_end(lua_State *L, lua_Debug *ar) {
    (void)ar;
    ln_vm *vm = ln_vm_current();
    if (!take_pending(vm, L, on_soft_end))
        return;
    luaL_error(L, "%s limit reached", ln_end_text(vm->run.softened));
}

static void soften(void *ud) {
    ln_vm *vm = ud;
    vm->pending = on_soft_end;
    if (vm->running)
        lua_sethook(vm->running, on_soft_end, ANYWHERE, 1);
}

/* Does not raise. */
static void on_probe(lua_State *L, lua_Debug *ar) {
    (void)ar;
    ln_vm *vm = ln_vm_current();
    if (!take_pending(vm, L, on_probe) || !vm->report)
        return;
    ln_report_init(vm->report);
    ln_report_trace(vm->report, L, 0, L == vm->L);
    vm->located = true;
}

static void probe(void *ud) {
    ln_vm *vm = ud;
    vm->pending = on_probe;
    if (vm->running)
        lua_sethook(vm->running, on_probe, ANYWHERE, 1);
}

/* The allocator cannot meet a request, and Lua may raise an error that calls no handler: so the trace is taken here.
 * The call stack is in order whenever Lua allocates, for the collector walks it at this very moment; but for one
 * request, the one for a larger stack (moving.c).
 *
 * Lua's core collects garbage then and asks once more. Its string buffers do not: with garbage left for later, as
 * AUTO_PAUSE does, they would find the limit reached by what nobody needs. They ask from a C function of the library,
 * where everything of the API is allowed; so the collection is made for them. */
bool ln_vm_on_refusal(void *ud, const void *caller) {
    ln_vm *vm = ud;
    if (!vm->running)
        return false;
    bool collected = ln_buffers_asked(caller);
    if (collected)
        lua_gc(vm->running, LUA_GCCOLLECT);
    if (vm->report) {
        ln_report_init(vm->report);
        if (!ln_moving_stack(vm->running))
            ln_report_trace(vm->report, vm->running, 0, vm->running == vm->L);
        vm->located = false;
    }
    return collected;
}

/* --- Entering --- */

struct entry {
    ln_vm *vm;
    lua_CFunction body; /* NULL: the handler, the body and its first argument are on the stack */
    void *ud;
    lua_CFunction
        then; /* what the value that the body returns is left with on the stack; NULL: nothing is left */
    int lua_status;
};

/* The stack holds the handler and a value. The slots above, where the call's own frames were, are cleared. */
static void leave_prepared(lua_State *L, lua_CFunction body) {
    lua_pushcfunction(L, body);
    lua_insert(L, 2);
    lua_settop(L, LUA_MINSTACK);
    lua_settop(L, 3);
}

/* Does not raise: a prepared stack has LUA_MINSTACK slots, of which this uses a few. */
static void push_call(lua_State *L, const struct entry *entry) {
    if (entry->body) {
        lua_settop(L, 0);
        lua_pushcfunction(L, ln_report_on_error);
        lua_pushcfunction(L, entry->body);
    }
    lua_pushlightuserdata(L, entry->ud);
}

static void protected_call(void *ud) {
    struct entry *entry = ud;
    ln_vm *vm = entry->vm;
    lua_State *L = vm->L;
    vm->counting = ln_run_count_step(&vm->run) > 0;
    ln_vm_arm(vm, L);
    ln_vm_switch(vm, L);
    push_call(L, entry);
    entry->lua_status = lua_pcall(L, entry->body ? 1 : 2, entry->then ? 1 : 0, 1);
    if (entry->lua_status == LUA_OK && entry->then) {
        leave_prepared(L, entry->then);
        return;
    }
    if (entry->lua_status != LUA_OK && vm->error_value)
        ln_values_take_error(L, vm, -1, vm->error_value);
    lua_settop(L, 0);
}

static ln_end execute(ln_vm *vm, const ln_budget *budget, void (*body)(void *), void *ud) {
    vm->closing = 0;
    vm->stack_top = __builtin_frame_address(0);
    vm->pending = NULL;
    vm->panicked = false;
    vm->located = false;
    vm->run.owner = vm;
    vm->run.stack_need = LN_VM_STACK;
    vm->run.soften = soften;
    vm->run.soften_ud = vm;
    vm->run.probe = probe;
    vm->run.probe_ud = vm;
    ln_end end = ln_run_execute(&vm->run, vm->setup->guard, budget, body, ud);
    vm->stood = vm->running;
    vm->running = NULL;
    return end;
}

static ln_end enter(struct entry *entry, const ln_budget *budget, int *lua_status) {
    ln_end end = execute(entry->vm, budget, protected_call, entry);
    *lua_status = entry->lua_status;
    return end;
}

ln_end ln_vm_enter(ln_vm *vm, const ln_budget *budget, lua_CFunction body, void *ud, int *lua_status) {
    struct entry entry = {.vm = vm, .body = body, .ud = ud, .lua_status = LUA_OK};
    return enter(&entry, budget, lua_status);
}

ln_end ln_vm_enter_prepared(ln_vm *vm, const ln_budget *budget, void *ud, int *lua_status) {
    struct entry entry = {.vm = vm, .ud = ud, .lua_status = LUA_OK};
    return enter(&entry, budget, lua_status);
}

ln_end ln_vm_prepare(ln_vm *vm, lua_CFunction load, lua_CFunction body, void *ud, int *lua_status) {
    static const ln_budget UNLIMITED;
    struct entry entry = {.vm = vm, .body = load, .ud = ud, .then = body, .lua_status = LUA_OK};
    return enter(&entry, &UNLIMITED, lua_status);
}

/* --- Where an abandoned run stood --- */

static void read_trace(void *ud) {
    ln_vm *vm = ud;
    lua_State *L = vm->stood;
    ln_report_trace(vm->report, L, 0, L == vm->L);
}

/* A run that was inside a library function when it was killed came by no hook that could have noted where it was. Its
 * state may be in the middle of anything; but reading the chain of calls writes nothing, and is done as a run of its
 * own: should the chain lead nowhere, that is a fault that the guard contains, and should it have no end, a deadline. */
static const uint64_t READING_TIME_NS = 2000000;

void ln_vm_post_mortem(ln_vm *vm) {
    ln_budget budget = {.wall_ns = READING_TIME_NS};
    if (!vm->stood || !vm->setup->post_mortem)
        return;
    ln_report_init(vm->report);
    vm->run.quiet = true;
    bool read = execute(vm, &budget, read_trace, vm) == LN_END_FINISHED;
    vm->run.quiet = false;
    if (!read)
        ln_report_init(vm->report);
    vm->located = read;
}

static void close_state(void *ud) {
    ln_vm *vm = ud;
    vm->running = vm->L;
    lua_close(vm->L);
}

/* What finalizers at level none may take at the end, all together. */
static const uint64_t CLOSING_TIME_NS = 1000000000;

void ln_vm_close_state(ln_vm *vm) {
    if (!vm->L)
        return;
    ln_budget budget = {.wall_ns = CLOSING_TIME_NS};
    vm->report = NULL;
    execute(vm, &budget, close_state, vm);
    vm->L = NULL;
}
