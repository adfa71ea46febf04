/* The one way into Lua: a protected call in a run, and the hooks that limits and traces need.
 *
 * Two functions of ours are called from the guard's signal handler, on the run's own thread: ln_vm_soften() and
 * ln_vm_probe(). All they may do is what lua.c does on ctrl-C: set a hook, which Lua documents as safe,
 * on the coroutine that runs now; and go along its calls, as setting a hook does. That one is known because every resume
 * goes through coroutine.c. */
#include <stdio.h>
#include <string.h>

#include "lua/internal.h"

/* --- Hooks --- */

/* A resume costs this many instructions of the budget, and the count starts anew in each coroutine with at
 * most this many: so neither many short coroutines nor many short resumes run uncounted. The main thread's step is
 * what a script that uses coroutines may run past its budget: what they count is seen there when it ends. */
enum { RESUME_CHARGE = 128, MAIN_STEP = 1000 };

/* Instructions between two looks at the clock, of a run that is attentive: about a microsecond. */
enum { ATTENTIVE_STEP = 100 };

static int hook_step(const ln_vm *vm, const lua_State *L) {
    uint64_t step = ln_run_count_step(vm->machine.active);
    uint64_t most = vm->quota.stack_depth != 0  ? LN_QUOTA_STEP
                    : ln_vm_is_outermost(vm, L) ? MAIN_STEP
                                                : RESUME_CHARGE;
    if (LN_UNLIKELY(vm->attentive))
        return (int)(step != 0 && step < ATTENTIVE_STEP ? step : ATTENTIVE_STEP);
    if (step == 0)
        return vm->quota.stack_depth != 0 ? LN_QUOTA_STEP : 0;
    return (int)(step < most ? step : most);
}

enum { ANYWHERE = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT };

static void on_count(lua_State *L, lua_Debug *ar);
static void on_soft_end(lua_State *L, lua_Debug *ar);
static void on_probe(lua_State *L, lua_Debug *ar);
static void on_trial(lua_State *L, lua_Debug *ar);

static bool is_ours(lua_Hook hook) {
    return hook == on_count || hook == on_soft_end || hook == on_probe || hook == on_trial;
}

/* Gives a coroutine the hook that it needs now: the one that a deadline asked for, else the count's, else none of
 * ours. A signal may ask for one between any two lines: it has set it on the coroutine that runs, and here it is
 * seen last, so that it is not lost under one of the others. */
static void set_hook(ln_vm *vm, lua_State *L) {
    int step = vm->counting ? hook_step(vm, L) : 0;
    if (step > 0)
        lua_sethook(L, on_count, LUA_MASKCOUNT, step);
    else if (is_ours(lua_gethook(L)))
        lua_sethook(L, NULL, 0, 0);
    if (LN_UNLIKELY(vm->pending != NULL))
        lua_sethook(L, vm->pending, ANYWHERE, 1);
}

/* Raises where calls are too deep; may not return (ln_run_count). */
static void on_count(lua_State *L, lua_Debug *ar) {
    (void)ar;
    ln_vm *vm = ln_vm_current();
    ln_run_count(vm->machine.active, (uint64_t)lua_gethookcount(L));
    if (LN_UNLIKELY(vm->attentive))
        ln_run_attend(vm->machine.active);
    if (vm->pending || hook_step(vm, L) != lua_gethookcount(L))
        set_hook(vm, L);
    ln_quota_check_depth(L, &vm->quota);
}

void ln_vm_arm(ln_vm *vm, lua_State *L) {
    if (LN_UNLIKELY(vm->counting) && !ln_vm_is_outermost(vm, L))
        ln_run_count(vm->machine.active, RESUME_CHARGE);
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
    char text[80];
    snprintf(text, sizeof text, "%s limit reached", ln_end_text(vm->machine.active->softened));
    ln_vm_raise_from_hook(L, text);
}

void ln_vm_soften(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    vm->pending = on_soft_end;
    if (vm->running)
        lua_sethook(vm->running, on_soft_end, ANYWHERE, 1);
}

/* Lua calls no hook while one runs; and an error that a hook raises leaves that so, until a protected call in the same
 * coroutine has caught it. What Lua would call before then, no count could end. */
void ln_vm_raise_from_hook(lua_State *L, const char *text) {
    ln_vm *vm = ln_vm_current();
    vm->hook_raised_in = L;
    vm->hook_error = NULL;
    luaL_where(L, 1);
    lua_pushstring(L, text);
    lua_concat(L, 2);
    vm->hook_error = lua_tostring(L, -1);
    lua_error(L);
}

static void on_trial(lua_State *L, lua_Debug *ar) {
    (void)L;
    (void)ar;
    ln_vm_current()->hooks_tried = true;
}

static int nothing(lua_State *L) {
    (void)L;
    return 0;
}

/* A signal may have put its own hook before the trial's; but not time and again. With the count's hook goes what it had
 * counted of a step, so all of the step is charged. */
bool ln_vm_hooks_are_off(ln_vm *vm, lua_State *L) {
    if (LN_LIKELY(vm->hook_raised_in != L))
        return false;
    vm->hooks_tried = false;
    do {
        lua_sethook(L, on_trial, LUA_MASKCALL, 0);
        lua_pushcfunction(L, nothing);
        lua_call(L, 0, 0);
    } while (!vm->hooks_tried && lua_gethook(L) != on_trial);
    if (vm->hooks_tried)
        ln_run_count(vm->machine.active, (uint64_t)hook_step(vm, L));
    set_hook(vm, L);
    return !vm->hooks_tried;
}

bool ln_vm_ended_in_hook(const ln_vm *vm, const lua_State *co, int status, lua_State *L) {
    if (LN_LIKELY(vm->hook_raised_in != co) || !vm->counting)
        return false;
    return status == LUA_ERRMEM || (lua_type(L, -1) == LUA_TSTRING && lua_tostring(L, -1) == vm->hook_error);
}

/* The deadline is near. With modules that have finalizers to be called (native.c) the run ends better between two
 * instructions than anywhere: from here on it looks itself, more often than a signal comes. */
static void pay_attention(ln_vm *vm, lua_State *L) {
    vm->attentive = vm->counting = true;
    set_hook(vm, L);
    ln_run_attend(vm->machine.active);
}

/* Does not raise; may not return. What an error left in the report stays: of a script that ends later, while the error is on
 * its way out, the trace can still be read when it has ended. */
static void on_probe(lua_State *L, lua_Debug *ar) {
    (void)ar;
    ln_vm *vm = ln_vm_current();
    if (!take_pending(vm, L, on_probe))
        return;
    if (vm->machine.report && !vm->machine.report->has_message) {
        ln_report_init(vm->machine.report);
        ln_report_trace(vm->machine.report, L, 0, ln_vm_is_outermost(vm, L));
        vm->machine.located = true;
    }
    if (LN_UNLIKELY(vm->natives.opened))
        pay_attention(vm, L);
}

/* To set a hook, Lua marks every call of the coroutine: for a script that recurses without end that is milliseconds in the
 * signal's handler, which nothing ends. Such a one is not asked where it stands, but looked at when it has ended
 * (ln_vm_post_mortem()), unless that is not to be, or a module's finalizers need the hook (pay_attention()). */
enum { HOOKED_LEVELS = 16384 };

static bool is_too_deep(const ln_vm *vm) {
    lua_Debug ar;
    return vm->running && ln_vm_can_be_read(vm) && !vm->natives.opened &&
           lua_getstack(vm->running, HOOKED_LEVELS, &ar);
}

void ln_vm_probe(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    if (LN_UNLIKELY(is_too_deep(vm)))
        return;
    vm->pending = on_probe;
    if (vm->running)
        lua_sethook(vm->running, on_probe, ANYWHERE, 1);
}

void ln_vm_note_refusal(ln_vm *vm, const char *why) {
    vm->machine.refusal = why;
    if (!vm->machine.report || vm->machine.report->has_message)
        return;
    ln_report_init(vm->machine.report);
    if (!ln_moving_stack(vm->running))
        ln_report_trace(vm->machine.report, vm->running, 0, ln_vm_is_outermost(vm, vm->running));
    vm->machine.located = false;
}

/* What follows a refusal is a collection of all there is. A thousand of those between two looks of the count's hook would be
 * seconds; so where nothing but hooks ends a run, it looks here as well. Not where somebody has to come to an end: the host, or a
 * module of machine code. May not return. */
static void look_at_clock(const ln_vm *vm) {
    ln_run *run = vm->machine.active;
    if (LN_UNLIKELY(vm->counting) && run->host_depth == 0 && !vm->natives.opened)
        ln_run_count(run, 0);
}

/* The allocator cannot meet a request, and Lua may raise an error that calls no handler: so the trace is taken here.
 * The call stack is in order whenever Lua allocates, for the collector walks it at this very moment; but for one
 * request, the one for a larger stack (moving.c).
 *
 * Lua's core collects garbage then and asks once more. Its string buffers do not: with garbage left for later, as
 * AUTO_PAUSE does, they would find the limit reached by what nobody needs. They ask from a C function of the library,
 * where everything of the API is allowed; so the collection is made for them. */
bool ln_vm_on_refusal(lunette_machine *machine, const void *caller) {
    ln_vm *vm = ln_vm_of(machine);
    if (!vm->running)
        return false;
    look_at_clock(vm);
    bool collected = ln_buffers_asked(caller);
    if (collected)
        ln_collector_run(vm->running);
    ln_vm_note_refusal(vm, NULL);
    return collected;
}

/* --- Entering --- */

void ln_vm_prepare(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    vm->stood = vm->running;
    vm->running = NULL;
    vm->pending = NULL;
    vm->closing = 0;
    vm->attentive = false;
    vm->natives.innermost = NULL;
    vm->natives.held = false;
    vm->hook_raised_in = NULL;
    vm->quota = (ln_quota){0};
}

/* The stack holds the handler and a value. The slots above, where the call's own frames were, are cleared. */
static void leave_loaded(lua_State *L, lua_CFunction body) {
    lua_pushcfunction(L, body);
    lua_insert(L, 2);
    lua_settop(L, LUA_MINSTACK);
    lua_settop(L, 3);
}

/* `body` NULL: the handler, the body and its first argument are on the stack, which has LUA_MINSTACK slots. `then`: what
 * the value that the body returns is left with there; NULL: nothing is left. Does not raise. */
static int protected_call(ln_vm *vm, lua_CFunction body, void *ud, lua_CFunction then) {
    lua_State *L = vm->L;
    vm->stack_top = __builtin_frame_address(0);
    vm->counting = ln_run_count_step(vm->machine.active) > 0 || vm->quota.stack_depth != 0;
    ln_vm_arm(vm, L);
    ln_vm_switch(vm, L);
    if (body) {
        lua_settop(L, 0);
        lua_pushcfunction(L, ln_report_on_error);
        lua_pushcfunction(L, body);
    }
    lua_pushlightuserdata(L, ud);
    int status = lua_pcall(L, body ? 1 : 2, then ? 1 : 0, 1);
    if (status == LUA_OK && then) {
        leave_loaded(L, then);
        return status;
    }
    if (status != LUA_OK && vm->machine.error_value)
        ln_values_take_error(L, vm, -1, vm->machine.error_value);
    lua_settop(L, 0);
    return status;
}

int ln_vm_protect(ln_vm *vm, lua_CFunction body, void *ud) {
    return protected_call(vm, body, ud, NULL);
}

int ln_vm_protect_load(ln_vm *vm, lua_CFunction load, lua_CFunction body, void *ud) {
    return protected_call(vm, load, ud, body);
}

int ln_vm_protect_loaded(ln_vm *vm, void *ud) {
    return protected_call(vm, NULL, ud, NULL);
}

struct entry {
    ln_vm *vm;
    lua_CFunction body;
    void *ud;
    int lua_status;
};

static void enter(void *ud) {
    struct entry *entry = ud;
    entry->lua_status = ln_vm_protect(entry->vm, entry->body, entry->ud);
}

ln_end ln_vm_enter(ln_vm *vm, const ln_budget *budget, lua_CFunction body, void *ud, int *lua_status) {
    struct entry entry = {.vm = vm, .body = body, .ud = ud, .lua_status = LUA_OK};
    ln_end end = ln_machine_enter(&vm->machine, budget, enter, &entry);
    *lua_status = entry.lua_status;
    return end;
}

lunette_status ln_vm_status(int lua_status, lunette_status inner) {
    if (lua_status == LUA_OK)
        return inner;
    return lua_status == LUA_ERRMEM ? LUNETTE_MEMORY_LIMIT : LUNETTE_RUNTIME_ERROR;
}

/* --- Where an abandoned run stood --- */

/* What a Lua that asserts says of a state in the middle of anything is no fault that could be contained; the hook guard kills
 * at safe points. */
bool ln_vm_can_be_read(const ln_vm *vm) {
#ifdef LN_LUA_ASSERTS
    if (ln_guard_kind_of(vm->machine.setup->guard) != LN_GUARD_HOOK)
        return false;
#endif
    return vm->machine.setup->post_mortem;
}

bool ln_vm_post_mortem(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    if (!vm->stood || !ln_vm_can_be_read(vm))
        return false;
    ln_report_trace(machine->report, vm->stood, 0, vm->stood == vm->L);
    return true;
}

/* --- Closing --- */

static void close_state(void *ud) {
    ln_vm *vm = ud;
    vm->running = vm->L;
    lua_close(vm->L);
}

/* What finalizers at level none may take at the end, all together. */
static const uint64_t CLOSING_TIME_NS = 1000000000;

void ln_vm_close_state(ln_vm *vm) {
    ln_machine_finalize(&vm->machine, CLOSING_TIME_NS, close_state, vm);
}
