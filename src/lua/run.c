/* What runs do in Lua: a program loaded, called, its results taken out; or compiled; a global set or taken. */
#include <string.h>

#include "lua/internal.h"
#include "lua/kind.h"

/* What a protected call and its caller share. Lies on the caller's stack, outside the arena. */
struct call {
    ln_vm *vm;
    const lunette_program *program;
    lunette_status status;
};

/* --- Programs --- */

/* May raise. A syntax error is noted and is the call's status; other failures are raised. */
static bool load_program(lua_State *L, struct call *call) {
    const lunette_program *program = call->program;
    int status = program->text ? ln_scan_load(L, program->text, program->text_size, program->name,
                                              program->allow_bytecode ? "bt" : "t")
                               : luaL_loadbufferx(L, program->code, program->code_size, program->name, "b");
    if (status == LUA_OK)
        return true;
    if (status != LUA_ERRSYNTAX)
        lua_error(L);
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (program->text && program->text_size > 0 && program->text[0] == LUA_SIGNATURE[0] &&
        !program->allow_bytecode) {
        text = "this is bytecode, which is not accepted: give the program's text";
        size = strlen(text);
    }
    ln_report *report = call->vm->machine.report;
    ln_report_syntax(report, program->name, text ? text : "", size);
    if (program->text)
        report->column =
            ln_kind_column(program->text, program->text_size, report->line, report->text + report->message);
    call->status = LUNETTE_SYNTAX_ERROR;
    return false;
}

/* How many there are. May raise. */
static int push_arguments(lua_State *L, const lunette_program *program) {
    if (LN_UNLIKELY(program->module != NULL)) {
        lua_pushstring(L, program->module);
        lua_pushstring(L, program->global); /* NULL is nil */
        return 2;
    }
    if (program->argument_count == 0)
        return 0;
    if (program->argument_count > INT32_MAX)
        luaL_error(L, "too many arguments");
    luaL_checkstack(L, (int)program->argument_count, "too many arguments");
    for (size_t i = 0; i < program->argument_count; i++)
        ln_values_push(L, &program->arguments[i]);
    return (int)program->argument_count;
}

/* Takes what lua_dump() writes. */
static int write_code(lua_State *L, const void *bytes, size_t size, void *ud) {
    (void)L;
    return ln_machine_emit(ud, bytes, size) ? 0 : 1;
}

static int compile_program(lua_State *L) {
    struct call *call = lua_touserdata(L, 1);
    lua_settop(L, 0);
    if (load_program(L, call) && lua_dump(L, write_code, &call->vm->machine, 0) != 0)
        call->status = LUNETTE_NO_MEMORY;
    return 0;
}

/* What is to be called, pushed; false: it is not there, which is noted. May raise. */
static bool push_program(lua_State *L, struct call *call) {
    const lunette_program *program = call->program;
    if (program->text || program->code)
        return load_program(L, call);
    if (program->module) {
        lua_pushcfunction(L, ln_require_import);
        return true;
    }
    if (program->function) {
        ln_refer_push(L, program->function);
        return true;
    }
    bool found = ln_refer_find(L, program->path);
    if (!found)
        call->status = LUNETTE_NOT_FOUND;
    return found;
}

/* Of a script that ran on its own thread, and ended. May raise. */
static void take_results(lua_State *L, struct call *call) {
    const lunette_machine *machine = &call->vm->machine;
    lua_State *script = call->vm->script;
    int count = lua_gettop(script);
    if (call->status != LUNETTE_OK || !machine->results)
        return;
    lua_settop(L, 0);
    luaL_checkstack(L, count, "too many results");
    lua_xmove(script, L, count);
    call->status = ln_values_take(L, call->vm, 1, count, machine->bounds, machine->results);
}

/* The program's function is all there is on the stack. May raise. */
static void call_program(lua_State *L, struct call *call) {
    const lunette_machine *machine = &call->vm->machine;
    int arguments = push_arguments(L, call->program);
    if (call->vm->script) {
        call->status = ln_suspend_call(L, call->vm, arguments);
        take_results(L, call);
        return;
    }
    lua_call(L, arguments, LUA_MULTRET);
    if (machine->results)
        call->status = ln_values_take(L, call->vm, 1, lua_gettop(L), machine->bounds, machine->results);
}

static int run_program(lua_State *L) {
    struct call *call = lua_touserdata(L, 1);
    lua_settop(L, 0);
    ln_refer_let_go(L, call->vm);
    if (push_program(L, call) && !call->program->check_only)
        call_program(L, call);
    return 0;
}

struct answering {
    struct call call; /* first: bodies and take_results() share one pointer */
    const lunette_answer *answer;
};

static int push_answer(lua_State *L) {
    const lunette_answer *answer = lua_touserdata(L, 1);
    lua_settop(L, 0);
    luaL_checkstack(L, answer->count < INT32_MAX ? (int)answer->count : INT32_MAX, "too many values");
    if (answer->error)
        lua_pushstring(L, answer->error);
    for (size_t i = 0; i < answer->count && !answer->error; i++)
        ln_values_push(L, &answer->values[i]);
    return lua_gettop(L);
}

/* An answer that there is no room for is an error where the script waits: it must not stay there, for the next script would go
 * on in its place. */
static int go_on(lua_State *L) {
    struct answering *answering = lua_touserdata(L, 1);
    const lunette_answer *answer = answering->answer;
    lua_settop(L, 0);
    lua_pushcfunction(L, push_answer);
    lua_pushlightuserdata(L, (void *)answer);
    int status = lua_pcall(L, 1, LUA_MULTRET, 0);
    ln_answer_kind kind = status == LUA_ERRMEM                ? LN_ANSWER_NO_MEMORY
                          : status != LUA_OK || answer->error ? LN_ANSWER_ERROR
                                                              : LN_ANSWER_VALUES;
    answering->call.status = ln_suspend_resume(L, answering->call.vm, kind);
    take_results(L, &answering->call);
    return 0;
}

lunette_status ln_vm_go_on(lunette_machine *machine, const lunette_answer *answer) {
    struct answering answering = {.call = {.vm = ln_vm_of(machine)}, .answer = answer};
    ln_quota_go_on(answering.call.vm);
    int status = ln_vm_protect(answering.call.vm, go_on, &answering);
    ln_quota_end(answering.call.vm, answering.call.status == LUNETTE_SUSPENDED);
    return ln_vm_status(status, answering.call.status);
}

/* The body of a run whose program was loaded before: gets its function, and the call. */
static int run_loaded(lua_State *L) {
    struct call *call = lua_touserdata(L, 2);
    lua_settop(L, 1);
    call_program(L, call);
    return 0;
}

/* May raise. */
static int load_code(lua_State *L) {
    const lunette_program *program = lua_touserdata(L, 1);
    if (luaL_loadbufferx(L, program->code, program->code_size, "?", "b") != LUA_OK)
        return lua_error(L);
    return 1;
}

lunette_status ln_vm_run(lunette_machine *machine, const lunette_program *program) {
    struct call call = {.vm = ln_vm_of(machine), .program = program, .status = LUNETTE_OK};
    ln_quota_begin(call.vm, program);
    int status =
        program->loaded ? ln_vm_protect_loaded(call.vm, &call) : ln_vm_protect(call.vm, run_program, &call);
    ln_quota_end(call.vm, call.status == LUNETTE_SUSPENDED);
    return ln_vm_status(status, call.status);
}

lunette_status ln_vm_compile(lunette_machine *machine, const lunette_program *program) {
    struct call call = {.vm = ln_vm_of(machine), .program = program, .status = LUNETTE_OK};
    int status = ln_vm_protect(call.vm, compile_program, &call);
    return ln_vm_status(status, call.status);
}

lunette_status ln_vm_load(lunette_machine *machine, const lunette_program *program) {
    lunette_program *what = (lunette_program *)(uintptr_t)program; /* lightuserdata know no const */
    return ln_vm_status(ln_vm_protect_load(ln_vm_of(machine), load_code, run_loaded, what), LUNETTE_OK);
}

/* --- Globals --- */

struct global {
    ln_vm *vm;
    const char *name;
    const lunette_value *value;
    lunette_status status;
};

static int set_global(lua_State *L) {
    const struct global *global = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    lua_pushstring(L, global->name);
    ln_values_push(L, global->value);
    lua_rawset(L, -3);
    return 0;
}

static int get_global(lua_State *L) {
    struct global *global = lua_touserdata(L, 1);
    const lunette_machine *machine = &global->vm->machine;
    lua_pushglobaltable(L);
    lua_pushstring(L, global->name);
    lua_rawget(L, -2);
    lua_replace(L, 1);
    lua_settop(L, 1);
    global->status = ln_values_take(L, global->vm, 1, 1, machine->bounds, machine->results);
    return 0;
}

lunette_status ln_vm_set_global(lunette_machine *machine, const char *name, const lunette_value *value) {
    struct global global = {.vm = ln_vm_of(machine), .name = name, .value = value};
    return ln_vm_status(ln_vm_protect(global.vm, set_global, &global), LUNETTE_OK);
}

lunette_status ln_vm_get_global(lunette_machine *machine, const char *name) {
    struct global global = {.vm = ln_vm_of(machine), .name = name, .status = LUNETTE_OK};
    int status = ln_vm_protect(global.vm, get_global, &global);
    return ln_vm_status(status, global.status);
}

/* --- Collecting --- */

static int collect(lua_State *L) {
    ln_refer_let_go(L, lua_touserdata(L, 1));
    ln_collector_run(L);
    return 0;
}

lunette_status ln_vm_collect(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    return ln_vm_status(ln_vm_protect(vm, collect, vm), LUNETTE_OK);
}
