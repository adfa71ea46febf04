/* From a function of the host's back into the script: a call of a Lua function, on the coroutine that called the host.
 *
 *   run -> script -> on_call -> [ host section: host's function -> lunette_call_invoke -> run -> script ]
 *
 * The inner call is a run of its own, nested in the outer one (guard.h), so that what ends it comes back to here and not
 * through the host's frame. What always holds:
 *   - the inner run's budget is what is left of the outer's: it counts on where that stands, and hands its counts back;
 *   - when the inner run was abandoned, the VM is in any state: nothing is done with it from then on. The call is marked
 *     as ended, so that what the host asks of it answers the reason, and as its function returns, on_call() ends the
 *     outer run for the same reason, innermost first;
 *   - an error that the inner call raises ends as the call's error: kept where it is, in the VM, until the host's function
 *     returns what we answered (and it is raised again, the same value) or does something else. */
#include <stdio.h>
#include <string.h>

#include "lua/call.h"
#include "lunette/error.h"

struct invocation {
    ln_run run;
    lunette_call *call;
    const lunette_value *function;
    const lunette_value *arguments;
    size_t count;
    const lunette_bounds *bounds;
    bool want_results;
    ln_tree results;
    int lua_status;        /* of the script's function */
    bool kept;             /* its error is in the registry */
    lunette_status status; /* of taking the results */
};

/* --- Inside the nested run --- */

/* The error of the last invocation that failed, in the registry. */
static const char FAILURE = 'f';

/* May raise. */
static void push_arguments(lua_State *L, const struct invocation *invocation) {
    luaL_checkstack(L, (int)invocation->count + 1, "too many arguments");
    for (size_t i = 0; i < invocation->count; i++)
        ln_values_push(L, &invocation->arguments[i]);
}

/* May raise, for lack of memory. */
static int invoke(lua_State *L) {
    struct invocation *invocation = lua_touserdata(L, 1);
    ln_vm *vm = ln_call_vm(invocation->call);
    lua_settop(L, 0);
    lua_pushcfunction(L, ln_report_on_error);
    ln_refer_push(L, invocation->function);
    push_arguments(L, invocation);
    invocation->lua_status = lua_pcall(L, (int)invocation->count, LUA_MULTRET, 1);
    if (invocation->lua_status != LUA_OK) {
        lua_rawsetp(L, LUA_REGISTRYINDEX, &FAILURE);
        invocation->kept = true;
    } else if (invocation->want_results) {
        invocation->status =
            ln_values_take(L, vm, 2, lua_gettop(L), invocation->bounds, &invocation->results);
    }
    return 0;
}

static void protected_invoke(void *ud) {
    struct invocation *invocation = ud;
    lua_State *L = invocation->call->L;
    ln_vm_switch(ln_call_vm(invocation->call), L);
    lua_pushcfunction(L, invoke);
    lua_pushlightuserdata(L, invocation);
    int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK)
        return;
    lua_pop(L, 1);
    invocation->lua_status = status;
}

/* --- The nested run --- */

/* Counting goes on where the outer run stands. What the host takes for itself until here is host time, what the script
 * takes is not. */
static void hand_over(struct invocation *invocation, ln_run *outer) {
    if (outer->times_host)
        ln_run_host_clock_stop(outer);
    invocation->run.carried = outer->usage;
}

static void take_back(const struct invocation *invocation, ln_run *outer) {
    const ln_usage *used = &invocation->run.usage;
    outer->usage.instructions = used->instructions;
    outer->usage.output_bytes = used->output_bytes;
    outer->usage.host_calls = used->host_calls;
    outer->usage.host_ns = used->host_ns;
    if (outer->times_host)
        ln_run_host_clock_start(outer);
}

static ln_end execute(struct invocation *invocation) {
    lunette_call *call = invocation->call;
    ln_vm *vm = ln_call_vm(call);
    ln_run *outer = call->run;
    ln_budget budget = outer->budget;
    budget.wall_ns = budget.cpu_ns = 0; /* the outer run's deadlines hold */
    ln_tree_mark scratch = vm->scratch_base;
    vm->scratch_base = ln_tree_here(&vm->scratch);
    ln_machine_nest(&vm->machine, &invocation->run);
    hand_over(invocation, outer);
    ln_end end =
        ln_run_execute(&invocation->run, vm->machine.setup->guard, &budget, protected_invoke, invocation);
    if (end != LN_END_STACK && end != LN_END_SYSTEM)
        take_back(invocation, outer);
    else if (outer->times_host)
        ln_run_host_clock_start(outer);
    vm->machine.active = outer;
    vm->running = call->L;
    vm->scratch_base = scratch;
    return end;
}

/* --- What came of it --- */

/* Nothing is to be done with the VM any more. Results are refused by there being no more room for them: those who give one
 * look at nothing else. */
static lunette_status mark_ended(lunette_call *call, const ln_run *run, ln_end end) {
    ln_call_vm(call)->machine.dead = end;
    call->ended = ln_machine_status_of_end(&ln_call_vm(call)->machine, end);
    call->broken = true;
    call->count = 0;
    call->result_count = LN_CALL_INLINE;
    call->run->fault = run->fault;
    call->run->doomed = end;
    return call->ended;
}

/* The message of the inner error with its place, for the host. */
static void keep_message(lunette_call *call) {
    const ln_report *report = ln_call_vm(call)->machine.report;
    void *text;
    char place[300] = "";
    call->note = LN_NOTE_WORDS;
    call->bad_argument = 0;
    call->expected = call->message = NULL;
    if (!report || !report->has_message)
        return;
    if (report->chunk != 0 && report->line > 0)
        snprintf(place, sizeof place, "%s:%d: ", report->text + report->chunk, report->line);
    size_t size = strlen(place) + strlen(report->text + report->message) + 1;
    if (ln_call_scratch(call, size, &text) != LUNETTE_OK)
        return;
    snprintf(text, size, "%s%s", place, report->text + report->message);
    call->message = text;
}

static lunette_status note_failure(struct invocation *invocation) {
    lunette_call *call = invocation->call;
    bool memory = invocation->lua_status == LUA_ERRMEM && ln_arena_refused(ln_call_vm(call)->machine.arena);
    if (!invocation->kept && invocation->lua_status != LUA_ERRMEM)
        return ln_call_too_deep(call);
    keep_message(call);
    if (memory || invocation->kept)
        call->note = memory ? LN_NOTE_MEMORY : LN_NOTE_PASSED;
    return memory ? LUNETTE_MEMORY_LIMIT : LUNETTE_RUNTIME_ERROR;
}

static lunette_status outcome(struct invocation *invocation, ln_end end) {
    lunette_call *call = invocation->call;
    if (invocation->run.abandoned)
        return mark_ended(call, &invocation->run, end);
    if (end != LN_END_FINISHED)
        return ln_machine_status_of_end(&ln_call_vm(call)->machine, end);
    if (invocation->lua_status != LUA_OK)
        return note_failure(invocation);
    if (invocation->status == LUNETTE_VALUE_LIMIT)
        keep_message(call);
    if (invocation->status == LUNETTE_MEMORY_LIMIT)
        ln_call_no_memory(call);
    return invocation->status;
}

static lunette_status check(const lunette_call *call, const lunette_value *function,
                            const lunette_value *arguments, size_t count) {
    if (!call || !function || function->type != LUNETTE_FUNCTION || (count > 0 && !arguments) ||
        count > INT16_MAX)
        return LUNETTE_INVALID_ARGUMENT;
    if (!ln_call_is_here(call))
        return LUNETTE_INVALID_ARGUMENT;
    if (call->ended != LUNETTE_OK)
        return call->ended;
    lunette_status status = ln_refer_check(ln_call_vm(call), function);
    for (size_t i = 0; i < count && status == LUNETTE_OK; i++)
        status = ln_values_check(&ln_call_vm(call)->machine, &arguments[i]);
    return status;
}

lunette_status lunette_call_invoke(lunette_call *call, const lunette_value *function,
                                   const lunette_value *arguments, size_t count, const lunette_bounds *given,
                                   lunette_value **results) {
    lunette_bounds bounds;
    if (results)
        *results = NULL;
    lunette_status status = check(call, function, arguments, count);
    if (status != LUNETTE_OK)
        return status;
    if (!ln_call_bounds(&bounds, given))
        return LUNETTE_INVALID_ARGUMENT;
    if (!lua_checkstack(call->L, 4))
        return ln_call_no_memory(call);
    struct invocation invocation = {
        .call = call,
        .function = function,
        .arguments = arguments,
        .count = count,
        .bounds = &bounds,
        .want_results = results != NULL,
    };
    ln_tree_init(&invocation.results, bounds.bytes);
    call->disturbed = true;
    if (call->note == LN_NOTE_PASSED)
        call->note = LN_NOTE_NONE;
    status = outcome(&invocation, execute(&invocation));
    if (status == LUNETTE_OK && results)
        *results = ln_tree_root(&invocation.results);
    else
        ln_tree_free(&invocation.results);
    return status;
}

/* --- References --- */

struct referring {
    lunette_call *call;
    lunette_value *function;
    bool made;
};

static int refer(lua_State *L) {
    struct referring *referring = lua_touserdata(L, 1);
    referring->made = ln_refer_take(L, ln_call_vm(referring->call), 2, referring->function);
    return 0;
}

lunette_status lunette_arg_function(lunette_call *call, int index, lunette_value *function) {
    struct referring referring = {.call = call, .function = function};
    if (!call || !function || index < 1)
        return LUNETTE_INVALID_ARGUMENT;
    *function = lunette_nil();
    if (lunette_call_type(call, index) != LUNETTE_FUNCTION)
        return ln_call_wrong_type(call, index, "function");
    lunette_status status = ln_call_protect(call, refer, &referring, index, 0);
    if (status != LUNETTE_OK)
        return status;
    return referring.made ? LUNETTE_OK : LUNETTE_NO_MEMORY;
}

lunette_status lunette_return_function(lunette_call *call, const lunette_value *function) {
    if (!function || function->type != LUNETTE_FUNCTION)
        return LUNETTE_INVALID_ARGUMENT;
    return lunette_return_value(call, function);
}

const char *lunette_call_message(const lunette_call *call) {
    bool has_words = call && call->note != LN_NOTE_NONE && call->note != LN_NOTE_VALUE;
    return has_words && call->message ? call->message : "";
}

int ln_call_raise_passed(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &FAILURE);
    return lua_error(L);
}
