/* One run of a script: loaded, called, its results taken out, and what came of it put into words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

/* What a run's body and its caller share. Lies on the caller's stack, outside the arena. */
struct call {
    ln_vm *vm;
    const ln_program *program;
    bool want_results;
    ln_code *code;
    lunette_status status;
    ln_tree results;
};

/* --- Inside the run --- */

/* May raise. A syntax error is noted and is the call's status; other failures are raised. */
static bool load_program(lua_State *L, struct call *call) {
    const ln_program *program = call->program;
    int status = program->text
                     ? luaL_loadbufferx(L, program->text, program->size, program->name,
                                        program->allow_bytecode ? "bt" : "t")
                     : luaL_loadbufferx(L, program->code->bytes, program->code->size, program->name, "b");
    if (status == LUA_OK)
        return true;
    if (status != LUA_ERRSYNTAX)
        lua_error(L);
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (program->text && program->size > 0 && program->text[0] == LUA_SIGNATURE[0] &&
        !program->allow_bytecode) {
        text = "this is bytecode, which is not accepted: give the program's text";
        size = strlen(text);
    }
    ln_report_syntax(call->vm->report, program->name, text ? text : "", size);
    call->status = LUNETTE_SYNTAX_ERROR;
    return false;
}

/* May raise. */
static void push_arguments(lua_State *L, const ln_program *program) {
    if (program->argument_count == 0)
        return;
    if (program->argument_count > INT32_MAX)
        luaL_error(L, "too many arguments");
    luaL_checkstack(L, (int)program->argument_count, "too many arguments");
    for (size_t i = 0; i < program->argument_count; i++)
        ln_values_push(L, &program->arguments[i]);
}

/* Takes what lua_dump() writes. Memory is asked for in a host section, and is the call's at every moment. */
static int write_code(lua_State *L, const void *bytes, size_t size, void *ud) {
    (void)L;
    struct call *call = ud;
    size_t used = call->code ? call->code->size : 0;
    if (!call->code || size > call->code->room - used) {
        size_t room = (used + size) * 2 + 256;
        ln_run_host_enter(&call->vm->run);
        ln_code *code = realloc(call->code, sizeof *code + room);
        if (code) {
            code->room = room;
            code->size = used;
            call->code = code;
        }
        ln_run_host_leave(&call->vm->run);
        if (!code)
            return 1;
    }
    memcpy(call->code->bytes + used, bytes, size);
    call->code->size = used + size;
    return 0;
}

static int compile_program(lua_State *L) {
    struct call *call = lua_touserdata(L, 1);
    lua_settop(L, 0);
    if (load_program(L, call) && lua_dump(L, write_code, call, 0) != 0)
        call->status = LUNETTE_NO_MEMORY;
    return 0;
}

/* What is to be called, pushed; false: it is not there, which is noted. May raise. */
static bool push_program(lua_State *L, struct call *call) {
    const ln_program *program = call->program;
    if (program->text || program->code)
        return load_program(L, call);
    if (program->function) {
        ln_refer_push(L, program->function);
        return true;
    }
    bool found = ln_refer_find(L, program->path);
    if (!found)
        call->status = LUNETTE_NOT_FOUND;
    return found;
}

/* The program's function is all there is on the stack. May raise. */
static void call_program(lua_State *L, struct call *call) {
    push_arguments(L, call->program);
    lua_call(L, (int)call->program->argument_count, LUA_MULTRET);
    if (call->want_results)
        call->status = ln_values_take(L, call->vm, 1, lua_gettop(L), &call->program->bounds, &call->results);
}

static int run_program(lua_State *L) {
    struct call *call = lua_touserdata(L, 1);
    lua_settop(L, 0);
    ln_refer_let_go(L, call->vm);
    if (push_program(L, call) && !call->program->check_only)
        call_program(L, call);
    return 0;
}

int ln_vm_run_pressed(lua_State *L) {
    struct call *call = lua_touserdata(L, 2);
    lua_settop(L, 1);
    call_program(L, call);
    return 0;
}

/* --- What came of it --- */

static lunette_status status_of_end(const ln_vm *vm, ln_end end) {
    switch (end) {
    case LN_END_FINISHED:
        return LUNETTE_OK;
    case LN_END_TIME:
        return LUNETTE_TIME_LIMIT;
    case LN_END_CPU:
        return LUNETTE_CPU_LIMIT;
    case LN_END_INSTRUCTIONS:
        return LUNETTE_INSTRUCTION_LIMIT;
    case LN_END_OUTPUT:
        return LUNETTE_OUTPUT_LIMIT;
    case LN_END_HOST_CALLS:
        return LUNETTE_HOST_CALL_LIMIT;
    case LN_END_HOST_TIME:
        return LUNETTE_HOST_TIME_LIMIT;
    case LN_END_CANCELLED:
        return LUNETTE_CANCELLED;
    case LN_END_FAULT:
        return vm->panicked ? LUNETTE_DEFECT : LUNETTE_VM_FAULT;
    case LN_END_STACK:
        return LUNETTE_STACK_TOO_SMALL;
    case LN_END_SYSTEM:
        return LUNETTE_SYSTEM;
    }
    return LUNETTE_DEFECT;
}

/* A status comes from what is known, not from a message: memory was the reason only if the allocator refused
 * in this run. */
static lunette_status status_of_lua(const ln_vm *vm, int lua_status, lunette_status inner) {
    if (lua_status == LUA_OK)
        return inner;
    if (lua_status == LUA_ERRMEM && ln_arena_refused(vm->arena))
        return LUNETTE_MEMORY_LIMIT;
    return LUNETTE_RUNTIME_ERROR;
}

/* "20 ms", "1.5 s": a duration for people. */
static void write_duration(char *text, size_t size, uint64_t ns) {
    if (ns >= 1000000000)
        snprintf(text, size, "%.4g s", (double)ns / 1e9);
    else if (ns >= 1000000)
        snprintf(text, size, "%.4g ms", (double)ns / 1e6);
    else
        snprintf(text, size, "%.4g us", (double)ns / 1e3);
}

static void write_bytes(char *text, size_t size, uint64_t bytes) {
    if (bytes >= 1 << 20)
        snprintf(text, size, "%.4g MiB", (double)bytes / (1 << 20));
    else if (bytes >= 1 << 10)
        snprintf(text, size, "%.4g KiB", (double)bytes / (1 << 10));
    else
        snprintf(text, size, "%u bytes", (unsigned)bytes);
}

static void describe_limit(char *text, size_t size, const ln_vm *vm, lunette_status status,
                           const ln_budget *budget) {
    char limit[32];
    switch (status) {
    case LUNETTE_MEMORY_LIMIT:
        write_bytes(limit, sizeof limit, vm->setup->memory_limit);
        snprintf(text, size, "the script needed more memory than its limit of %s", limit);
        return;
    case LUNETTE_TIME_LIMIT:
        write_duration(limit, sizeof limit, budget->wall_ns);
        snprintf(text, size, "the script ran past its deadline of %s", limit);
        return;
    case LUNETTE_CPU_LIMIT:
        write_duration(limit, sizeof limit, budget->cpu_ns);
        snprintf(text, size, "the script used more than its %s of processor time", limit);
        return;
    case LUNETTE_HOST_TIME_LIMIT:
        write_duration(limit, sizeof limit, budget->host_ns);
        snprintf(text, size, "the script's calls into the host took longer than their %s", limit);
        return;
    case LUNETTE_INSTRUCTION_LIMIT:
        snprintf(text, size, "the script executed its %llu instructions",
                 (unsigned long long)budget->instructions);
        return;
    case LUNETTE_OUTPUT_LIMIT:
        write_bytes(limit, sizeof limit, budget->output_bytes);
        snprintf(text, size, "the script printed more than its limit of %s", limit);
        return;
    case LUNETTE_HOST_CALL_LIMIT:
        snprintf(text, size, "the script called the host more than its %llu times",
                 (unsigned long long)budget->host_calls);
        return;
    default:
        snprintf(text, size, "%s", lunette_status_text(status));
    }
}

/* For a limit the message is ours, and the trace is kept only if it was taken for that limit. */
static void report_limit(ln_vm *vm, ln_report *report, lunette_status status, const ln_budget *budget) {
    char text[160];
    if (status != LUNETTE_MEMORY_LIMIT && !vm->located)
        ln_report_init(report);
    describe_limit(text, sizeof text, vm, status, budget);
    ln_report_message(report, text, strlen(text));
}

static bool is_limit(lunette_status status) {
    return status > LUNETTE_OK && status != LUNETTE_RUNTIME_ERROR && status != LUNETTE_SYNTAX_ERROR &&
           status != LUNETTE_VALUE_LIMIT;
}

/* No handler saw this error (Lua calls none for errors of memory and of handlers): its own words will do. */
static void report_unseen(ln_report *report, const ln_tree *value) {
    const lunette_value *text = ln_tree_root(value);
    bool is_text = text && text->type == LUNETTE_STRING;
    const char *bytes = is_text ? text->as.string.bytes : "error in error handling";
    ln_report_message(report, bytes, is_text ? text->as.string.size : strlen(bytes));
}

static void keep_stats(ln_vm *vm) {
    ln_arena_stats arena;
    ln_arena_stats_get(vm->arena, &arena);
    const ln_usage *usage = &vm->run.usage;
    vm->last = (lunette_stats){
        .size = sizeof vm->last,
        .wall_ns = usage->wall_ns,
        .cpu_ns = usage->cpu_ns,
        .host_ns = usage->host_ns,
        .host_calls = usage->host_calls,
        .output_bytes = usage->output_bytes,
        .instructions = usage->instructions,
        .memory_used = arena.used,
        .memory_peak = arena.peak,
        .memory_committed = arena.committed,
        .memory_limit = arena.limit,
        .allocations = arena.allocations,
        .allocation_failures = arena.failures,
    };
}

static void keep_error(ln_vm *vm, ln_report *report, lunette_status status, const ln_budget *budget,
                       ln_tree *value) {
    bool has_value = status == LUNETTE_RUNTIME_ERROR;
    if (is_limit(status) || status == LUNETTE_DEFECT)
        report_limit(vm, report, status, budget);
    else if (!report->has_message)
        report_unseen(report, value);
    if (!has_value)
        ln_tree_free(value);
    vm->error = ln_report_error(report, status, has_value ? ln_tree_root(value) : NULL);
}

/* --- The run --- */

static void begin(ln_vm *vm, ln_report *report, ln_tree *error_value) {
    ln_report_error_free(&vm->error);
    ln_report_init(report);
    ln_tree_init(error_value, (size_t)1 << 20);
    vm->report = report;
    vm->error_value = error_value;
    ln_arena_clear_refused(vm->arena);
    if (vm->pristine && vm->random_state)
        ln_vm_random(vm, vm->random_state);
    vm->pristine = false;
}

/* Of the scratch memory, what a VM keeps between runs. */
enum { SCRATCH_KEPT = 64 << 10 };

/* Ends what begin() began; restores the VM if the run was abandoned. A refusal (a negative status) left the
 * VM untouched. */
static lunette_status finish(ln_vm *vm, ln_report *report, lunette_status status, const ln_budget *budget) {
    bool abandoned = vm->run.abandoned;
    keep_stats(vm);
    if (abandoned && !vm->located && status != LUNETTE_VM_FAULT && status != LUNETTE_DEFECT)
        ln_vm_post_mortem(vm);
    vm->run.abandoned = abandoned;
    if (status > LUNETTE_OK || status == LUNETTE_DEFECT)
        keep_error(vm, report, status, budget, vm->error_value);
    else
        ln_tree_free(vm->error_value);
    vm->report = NULL;
    vm->error_value = NULL;
    vm->scratch_base = (ln_tree_mark){0};
    if (LN_UNLIKELY(vm->scratch.bytes > SCRATCH_KEPT))
        ln_tree_free(&vm->scratch);
    vm->suspect = status == LUNETTE_VM_FAULT || status == LUNETTE_DEFECT;
    if (abandoned)
        ln_vm_restore(vm);
    return status;
}

/* What is left of a budget of which some wall time was spent before. */
static ln_budget budget_left(const ln_budget *budget, const ln_program *program) {
    ln_budget left = *budget;
    if (program && left.wall_ns != 0)
        left.wall_ns = program->spent_ns < left.wall_ns ? left.wall_ns - program->spent_ns : 1;
    return left;
}

/* `body` NULL: that of a run whose program was loaded before. */
static lunette_status perform(ln_vm *vm, const ln_budget *budget, lua_CFunction body, struct call *call) {
    ln_budget left = budget_left(budget, call->program);
    ln_report report;
    ln_tree error_value;
    int lua_status;
    if (!vm->L)
        return LUNETTE_WRONG_STATE;
    begin(vm, &report, &error_value);
    ln_end end = body ? ln_vm_enter(vm, &left, body, call, &lua_status)
                      : ln_vm_enter_prepared(vm, &left, call, &lua_status);
    lunette_status status =
        end == LN_END_FINISHED ? status_of_lua(vm, lua_status, call->status) : status_of_end(vm, end);
    status = finish(vm, &report, status, budget);
    if (status != LUNETTE_OK)
        ln_tree_free(&call->results);
    return status;
}

lunette_status ln_vm_run(ln_vm *vm, const ln_program *program, const ln_budget *budget,
                         lunette_value **results) {
    struct call call = {.vm = vm, .program = program, .want_results = results != NULL};
    ln_tree_init(&call.results, program->bounds.bytes);
    vm->run.name = program->name;
    vm->run.want_cpu = vm->run.want_host_time = program->measure_cpu;
    bool pressed = program->code && vm->L && ln_vm_apply_patch(vm, program->code);
    lunette_status status = perform(vm, budget, pressed ? NULL : run_program, &call);
    vm->last.wall_ns += program->spent_ns;
    vm->run.name = NULL;
    if (results)
        *results = ln_tree_root(&call.results);
    return status;
}

bool ln_vm_pristine(const ln_vm *vm) {
    return vm->pristine;
}

lunette_status ln_vm_compile(ln_vm *vm, const ln_program *program, const ln_budget *budget, ln_code **code) {
    struct call call = {.vm = vm, .program = program};
    *code = NULL;
    if (!vm->pristine)
        return LUNETTE_WRONG_STATE;
    lunette_status status = perform(vm, budget, compile_program, &call);
    if (status != LUNETTE_OK) {
        free(call.code);
        return status;
    }
    atomic_init(&call.code->references, 1);
    atomic_init(&call.code->patches, NULL);
    *code = call.code;
    return LUNETTE_OK;
}

static int collect(lua_State *L) {
    struct call *call = lua_touserdata(L, 1);
    ln_refer_let_go(L, call->vm);
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

lunette_status ln_vm_collect(ln_vm *vm, const ln_budget *budget) {
    struct call call = {.vm = vm};
    return vm->pristine && vm->L ? LUNETTE_OK : perform(vm, budget, collect, &call);
}

/* --- Globals --- */

struct global {
    struct call call; /* first: perform() and the bodies share one pointer */
    const char *name;
    const lunette_value *value;
    const lunette_bounds *bounds;
};

static int set_global(lua_State *L) {
    struct global *global = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    lua_pushstring(L, global->name);
    ln_values_push(L, global->value);
    lua_rawset(L, -3);
    return 0;
}

static int get_global(lua_State *L) {
    struct global *global = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    lua_pushstring(L, global->name);
    lua_rawget(L, -2);
    lua_replace(L, 1);
    lua_settop(L, 1);
    global->call.status = ln_values_take(L, global->call.vm, 1, 1, global->bounds, &global->call.results);
    return 0;
}

static const ln_budget UNLIMITED;

lunette_status ln_vm_set_global(ln_vm *vm, const char *name, const lunette_value *value) {
    struct global global = {.call = {.vm = vm}, .name = name, .value = value};
    return perform(vm, &UNLIMITED, set_global, &global.call);
}

lunette_status ln_vm_get_global(ln_vm *vm, const char *name, const lunette_bounds *bounds,
                                lunette_value **value) {
    struct global global = {.call = {.vm = vm}, .name = name, .bounds = bounds};
    ln_tree_init(&global.call.results, bounds->bytes);
    lunette_status status = perform(vm, &UNLIMITED, get_global, &global.call);
    *value = NULL;
    if (status != LUNETTE_OK)
        return status;
    status = lunette_value_copy(&ln_tree_root(&global.call.results)->as.array.items[0], value);
    ln_tree_free(&global.call.results);
    return status;
}
