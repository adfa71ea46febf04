/* One run: begun, guarded, and what came of it put into words and numbers. What is run is the backend's business. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "machine/machine.h"

/* --- What came of it --- */

lunette_status ln_machine_status_of_end(const lunette_machine *machine, ln_end end) {
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
        return machine->panicked ? LUNETTE_DEFECT : LUNETTE_VM_FAULT;
    case LN_END_STACK:
        return LUNETTE_STACK_TOO_SMALL;
    case LN_END_SYSTEM:
        return LUNETTE_SYSTEM;
    }
    return LUNETTE_DEFECT;
}

/* What a backend may say of a run that came to its end. A status comes from what is known: memory was the reason only
 * if the allocator refused in this run. */
static lunette_status status_of_backend(const lunette_machine *machine, lunette_status status) {
    switch (status) {
    case LUNETTE_MEMORY_LIMIT:
        return ln_arena_refused(machine->arena) || machine->refusal ? LUNETTE_MEMORY_LIMIT
                                                                    : LUNETTE_RUNTIME_ERROR;
    case LUNETTE_OK:
    case LUNETTE_RUNTIME_ERROR:
    case LUNETTE_SYNTAX_ERROR:
    case LUNETTE_VALUE_LIMIT:
    case LUNETTE_NO_MEMORY:
    case LUNETTE_UNSUPPORTED:
    case LUNETTE_NOT_FOUND:
        return status;
    case LUNETTE_SUSPENDED:
        return machine->backend->resume ? status : LUNETTE_DEFECT;
    default:
        return LUNETTE_DEFECT;
    }
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

static void describe_limit(char *text, size_t size, const lunette_machine *machine, lunette_status status,
                           const ln_budget *budget) {
    char limit[32];
    switch (status) {
    case LUNETTE_MEMORY_LIMIT:
        if (machine->refusal) {
            snprintf(text, size, "%s", machine->refusal);
            return;
        }
        write_bytes(limit, sizeof limit, machine->memory_limit);
        snprintf(text, size, "the script needed more memory than its limit of %s", limit);
        return;
    case LUNETTE_TIME_LIMIT:
        /* Of the run itself: its own figures are by now those of the run that looked where it stood. */
        if (budget->total_ns != 0 && (budget->wall_ns == 0 || machine->last.wall_ns < budget->wall_ns)) {
            write_duration(limit, sizeof limit, budget->total_ns);
            snprintf(text, size, "the script and what it waited for took longer than %s", limit);
            return;
        }
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

/* For a limit the message is ours, and the trace is kept only if it was taken for that limit, not for an error before it. */
static void report_limit(lunette_machine *machine, ln_report *report, lunette_status status,
                         const ln_budget *budget) {
    char text[160];
    if (report->has_message || (status != LUNETTE_MEMORY_LIMIT && !machine->located))
        ln_report_init(report);
    describe_limit(text, sizeof text, machine, status, budget);
    ln_report_message(report, text, strlen(text));
}

static bool is_limit(lunette_status status) {
    return status > LUNETTE_OK && status != LUNETTE_RUNTIME_ERROR && status != LUNETTE_SYNTAX_ERROR &&
           status != LUNETTE_VALUE_LIMIT;
}

/* Nobody put this error into words as it was raised (Lua calls no handler for errors of memory and of handlers): its own
 * will do. */
static void report_unseen(ln_report *report, const ln_tree *value) {
    const lunette_value *text = ln_tree_root(value);
    bool is_text = text && text->type == LUNETTE_STRING;
    const char *bytes = is_text ? text->as.string.bytes : "error in error handling";
    ln_report_message(report, bytes, is_text ? text->as.string.size : strlen(bytes));
}

static void keep_stats(lunette_machine *machine) {
    ln_arena_stats arena;
    ln_arena_stats_get(machine->arena, &arena);
    const ln_usage *usage = &machine->run.usage;
    machine->committed = arena.committed;
    machine->last = (lunette_stats){
        .size = sizeof machine->last,
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
        .collections = arena.turns,
    };
}

static void keep_error(lunette_machine *machine, ln_report *report, lunette_status status,
                       const ln_budget *budget, ln_tree *value) {
    bool has_value = status == LUNETTE_RUNTIME_ERROR;
    if (is_limit(status) || status == LUNETTE_DEFECT)
        report_limit(machine, report, status, budget);
    else if (!report->has_message)
        report_unseen(report, value);
    if (!has_value)
        ln_tree_free(value);
    machine->error = ln_report_error(report, status, has_value ? ln_tree_root(value) : NULL);
}

/* --- Where an abandoned run stood --- */

/* A run that was inside a library function when it was killed came by no place where it could have noted where it was. Its
 * state may be in the middle of anything; but reading the chain of calls writes nothing, and is done as a run of its
 * own: should the chain lead nowhere, that is a fault that the guard contains, and should it have no end, a deadline. */
static const uint64_t READING_TIME_NS = 2000000;

struct reading {
    lunette_machine *machine;
    bool read;
};

static void read_trace(void *ud) {
    struct reading *reading = ud;
    reading->read = reading->machine->backend->post_mortem(reading->machine);
}

static void post_mortem(lunette_machine *machine) {
    ln_budget budget = {.wall_ns = READING_TIME_NS};
    struct reading reading = {.machine = machine};
    if (!machine->backend->post_mortem || !machine->setup->post_mortem)
        return;
    ln_report_init(machine->report);
    machine->run.quiet = true;
    bool read =
        ln_machine_enter_apart(machine, &budget, read_trace, &reading) == LN_END_FINISHED && reading.read;
    machine->run.quiet = false;
    if (!read)
        ln_report_init(machine->report);
    machine->located = read;
}

/* --- The run --- */

ln_end ln_machine_enter_apart(lunette_machine *machine, const ln_budget *budget, void (*body)(void *),
                              void *ud) {
    machine->run.apart = true;
    ln_end end = ln_machine_enter(machine, budget, body, ud);
    machine->run.apart = false;
    return end;
}

ln_end ln_machine_enter(lunette_machine *machine, const ln_budget *budget, void (*body)(void *), void *ud) {
    machine->panicked = false;
    machine->located = false;
    machine->dead = LN_END_FINISHED;
    machine->active = &machine->run;
    if (machine->backend->prepare)
        machine->backend->prepare(machine);
    return ln_run_execute(&machine->run, machine->setup->guard, budget, body, ud);
}

void ln_machine_touch(lunette_machine *machine) {
    if (machine->pristine && machine->backend->seed)
        machine->backend->seed(machine);
    machine->pristine = false;
}

static void begin(lunette_machine *machine, ln_report *report, ln_tree *error_value, ln_tree *results) {
    ln_report_error_free(&machine->error);
    ln_report_init(report);
    ln_tree_init(error_value, (size_t)1 << 20);
    machine->report = report;
    machine->error_value = error_value;
    machine->results = results;
    ln_arena_clear_refused(machine->arena);
    ln_arena_counts counts = ln_arena_counted(machine->arena);
    machine->counted = (lunette_stats){.allocations = counts.allocations, .collections = counts.turns};
    machine->refusal = NULL;
    ln_machine_touch(machine);
}

/* Ends what begin() began; restores the machine if the run was abandoned, or undoes it if it is secured. A refusal (a
 * negative status) left the machine untouched. */
static lunette_status finish(lunette_machine *machine, ln_report *report, lunette_status status,
                             const ln_budget *budget) {
    bool abandoned = machine->run.abandoned;
    keep_stats(machine);
    if (abandoned && !machine->located && status != LUNETTE_VM_FAULT && status != LUNETTE_DEFECT)
        post_mortem(machine);
    machine->run.abandoned = abandoned;
    if ((status > LUNETTE_OK && status != LUNETTE_SUSPENDED) || status == LUNETTE_DEFECT)
        keep_error(machine, report, status, budget, machine->error_value);
    else
        ln_tree_free(machine->error_value);
    machine->report = NULL;
    machine->error_value = NULL;
    machine->results = NULL;
    if (machine->backend->tidy)
        machine->backend->tidy(machine);
    machine->suspect = status == LUNETTE_VM_FAULT || status == LUNETTE_DEFECT;
    bool failed = status != LUNETTE_OK && status != LUNETTE_SUSPENDED;
    if (LN_UNLIKELY(machine->rolls_back && !machine->waiting.is && failed))
        ln_machine_roll_back(machine);
    else if (abandoned)
        ln_machine_restore(machine);
    return status;
}

/* What a run calls of the backend, and what it is about. */
struct job {
    lunette_machine *machine;
    lunette_status (*body)(lunette_machine *machine, const void *what);
    const void *what;
    bool apart; /* the library's own work and not a script's: see ln_machine_enter_apart() */
    lunette_status status;
};

static void call_body(void *ud) {
    struct job *job = ud;
    job->status = job->body(job->machine, job->what);
    ln_arena_look(job->machine->arena);
}

/* `carried`: of the budget, what was used before; NULL: nothing. `results` NULL: none are wanted. They are freed unless the
 * answer is OK. */
static lunette_status perform(struct job *job, const ln_budget *budget, const ln_usage *carried,
                              ln_tree *results) {
    lunette_machine *machine = job->machine;
    ln_report report;
    ln_tree error_value;
    if (!machine->built)
        return LUNETTE_WRONG_STATE;
    begin(machine, &report, &error_value, results);
    if (carried)
        machine->run.carried = *carried;
    ln_end end = job->apart ? ln_machine_enter_apart(machine, budget, call_body, job)
                            : ln_machine_enter(machine, budget, call_body, job);
    machine->run.carried = (ln_usage){0};
    machine->run.latest = 0;
    lunette_status status = end == LN_END_FINISHED ? status_of_backend(machine, job->status)
                                                   : ln_machine_status_of_end(machine, end);
    status = finish(machine, &report, status, budget);
    if (status != LUNETTE_OK && results)
        ln_tree_free(results);
    return status;
}

/* The library's own work: nothing limits it, not even the deadline of a script that is calling the host. */
static lunette_status perform_apart(struct job *job, ln_tree *results) {
    static const ln_budget UNLIMITED;
    job->apart = true;
    return perform(job, &UNLIMITED, NULL, results);
}

/* --- Results --- */

/* A backend that gave none gave an empty array. */
static lunette_status give_results(lunette_machine *machine, ln_tree *tree, lunette_value **results) {
    if (LN_UNLIKELY(!ln_tree_root(tree))) {
        lunette_status status = ln_tree_grow(tree, 0);
        if (status != LUNETTE_OK && machine->rolls_back)
            ln_machine_roll_back(machine);
        if (status != LUNETTE_OK)
            return LUNETTE_NO_MEMORY;
        *ln_tree_root(tree) = lunette_array_of(NULL, 0);
    }
    *results = ln_tree_root(tree);
    return LUNETTE_OK;
}

/* --- Waiting --- */

static void wait(lunette_machine *machine, const ln_budget *budget, const lunette_bounds *bounds,
                 uint64_t latest) {
    machine->waiting.is = true;
    machine->waiting.budget = *budget;
    machine->waiting.used = machine->run.usage;
    machine->waiting.latest = latest;
    machine->waiting.bounds = *bounds;
}

/* The figures of the pieces so far are in those of this one. */
static void count_pieces(lunette_machine *machine, const ln_usage *used) {
    lunette_stats *counted = &machine->counted;
    counted->wall_ns = used->wall_ns;
    counted->cpu_ns = used->cpu_ns;
    counted->host_ns = used->host_ns;
    counted->host_calls = used->host_calls;
    counted->output_bytes = used->output_bytes;
    counted->instructions = used->instructions;
}

/* What has waited for too long, or was cancelled while it did, does not go on at all. A cancellation is noted before it is
 * given to the run: so it comes too late for the look here only if the run gets it. */
static lunette_status resume(lunette_machine *machine, const void *what) {
    if (atomic_load(&machine->cancelled))
        ln_run_end(&machine->run, LN_END_CANCELLED);
    if (machine->run.latest != 0 && ln_os_now() >= machine->run.latest)
        ln_run_end(&machine->run, LN_END_TIME);
    return machine->backend->resume(machine, what);
}

lunette_status ln_machine_resume(lunette_machine *machine, const lunette_answer *answer,
                                 lunette_value **results) {
    ln_budget budget = machine->waiting.budget;
    const lunette_bounds *bounds = &machine->waiting.bounds;
    ln_usage used = machine->waiting.used;
    uint64_t latest = machine->waiting.latest;
    ln_tree tree;
    if (results)
        *results = NULL;
    ln_tree_init(&tree, bounds->bytes);
    machine->waiting.is = false;
    machine->bounds = bounds;
    machine->run.latest = latest;
    struct job job = {.machine = machine, .body = resume, .what = answer};
    lunette_status status = perform(&job, &budget, &used, results ? &tree : NULL);
    count_pieces(machine, &used);
    if (status == LUNETTE_SUSPENDED)
        wait(machine, &budget, bounds, latest);
    if (results && status == LUNETTE_OK)
        status = give_results(machine, &tree, results);
    return status;
}

/* --- Programs --- */

static lunette_program view_of(const ln_program *program) {
    const ln_code *code = program->code, *text = code && code->is_text ? code : NULL;
    return (lunette_program){
        .name = program->name,
        .text = text ? text->bytes : program->text,
        .text_size = text ? text->size : program->size,
        .code = code && !text ? code->bytes : NULL,
        .code_size = code && !text ? code->size : 0,
        .function = program->function,
        .path = program->path,
        .module = program->module,
        .global = program->global,
        .arguments = program->arguments,
        .argument_count = program->argument_count,
        .check_only = program->check_only,
        .allow_bytecode = program->allow_bytecode,
        .allocations = program->allocations,
        .string_bytes = program->string_bytes,
        .stack_depth = program->stack_depth,
    };
}

static lunette_status run_program(lunette_machine *machine, const void *what) {
    return machine->backend->run(machine, what);
}

lunette_status ln_machine_run(lunette_machine *machine, const ln_program *program, const ln_budget *budget,
                              lunette_value **results) {
    lunette_program view = view_of(program);
    ln_usage carried = {.wall_ns = program->spent_ns, .cpu_ns = program->spent_cpu_ns};
    uint64_t latest = budget->total_ns != 0 ? ln_os_now() + budget->total_ns : 0;
    ln_tree tree;
    if (results)
        *results = NULL;
    uint32_t needs = program->function || program->path ? LUNETTE_FEATURE_FUNCTIONS
                     : program->module                  ? LUNETTE_FEATURE_MODULES
                                                        : 0;
    if ((machine->backend->features & needs) != needs)
        return LUNETTE_UNSUPPORTED;
    view.loaded = program->code && machine->built && ln_machine_apply_patch(machine, program->code);
    ln_tree_init(&tree, program->bounds.bytes);
    machine->bounds = &program->bounds;
    machine->run.name = program->name;
    machine->run.want_cpu = machine->run.want_host_time = program->measure_cpu;
    machine->run.latest = latest;
    atomic_store_explicit(&machine->cancelled, false, memory_order_relaxed);
    struct job job = {.machine = machine, .body = run_program, .what = &view};
    lunette_status status = perform(&job, budget, &carried, results ? &tree : NULL);
    if (LN_UNLIKELY(status == LUNETTE_SUSPENDED))
        wait(machine, budget, &program->bounds, latest);
    machine->run.name = NULL;
    if (results && status == LUNETTE_OK)
        status = give_results(machine, &tree, results);
    return status;
}

bool ln_machine_pristine(const lunette_machine *machine) {
    return machine->pristine;
}

static lunette_status compile_program(lunette_machine *machine, const void *what) {
    return machine->backend->compile(machine, what);
}

/* Of a backend that does not compile a program is its text, if it is one. */
static lunette_status keep_text(lunette_machine *machine, const void *what) {
    lunette_program program = *(const lunette_program *)what;
    program.check_only = true;
    lunette_status status = machine->backend->run(machine, &program);
    if (status == LUNETTE_OK && !ln_machine_emit(machine, program.text, program.text_size))
        return LUNETTE_NO_MEMORY;
    return status;
}

lunette_status ln_machine_compile(lunette_machine *machine, const ln_program *program,
                                  const ln_budget *budget, ln_code **code) {
    lunette_program view = view_of(program);
    *code = NULL;
    if (!machine->pristine)
        return LUNETTE_WRONG_STATE;
    machine->emitted = NULL;
    machine->run.want_cpu = program->measure_cpu;
    bool compiles = machine->backend->compile != NULL;
    struct job job = {.machine = machine, .body = compiles ? compile_program : keep_text, .what = &view};
    lunette_status status = perform(&job, budget, NULL, NULL);
    if (status == LUNETTE_OK && !machine->emitted)
        status = LUNETTE_DEFECT;
    if (status != LUNETTE_OK) {
        free(machine->emitted);
        return status;
    }
    ln_code_init(machine->emitted);
    machine->emitted->is_text = !compiles;
    *code = machine->emitted;
    return LUNETTE_OK;
}

/* Memory is asked for in a host section, and is the machine's at every moment. */
bool ln_machine_emit(lunette_machine *machine, const void *bytes, size_t size) {
    ln_code *code = machine->emitted;
    size_t used = code ? code->size : 0;
    if (!code || size > code->room - used) {
        size_t room = (used + size) * 2 + 256;
        ln_run_host_enter(machine->active);
        code = realloc(code, sizeof *code + room);
        if (code) {
            code->room = room;
            code->size = used;
            machine->emitted = code;
        }
        ln_run_host_leave(machine->active);
        if (!code)
            return false;
    }
    memcpy(code->bytes + used, bytes, size);
    code->size = used + size;
    return true;
}

static lunette_status collect(lunette_machine *machine, const void *what) {
    (void)what;
    return machine->backend->collect(machine);
}

lunette_status ln_machine_collect(lunette_machine *machine, const ln_budget *budget) {
    if (!machine->backend->collect)
        return LUNETTE_UNSUPPORTED;
    if (machine->pristine && machine->built)
        return LUNETTE_OK;
    struct job job = {.machine = machine, .body = collect};
    return perform(&job, budget, NULL, NULL);
}

lunette_status ln_machine_forget(lunette_machine *machine, const lunette_value *function) {
    return machine->backend->forget ? machine->backend->forget(machine, function) : LUNETTE_INVALID_ARGUMENT;
}

/* --- Objects --- */

lunette_status ln_machine_make_object(lunette_machine *machine, const struct lunette_class *type,
                                      void *object, lunette_value *value) {
    if (!machine->backend->make_object)
        return LUNETTE_UNSUPPORTED;
    if (!machine->built)
        return LUNETTE_WRONG_STATE;
    lunette_status status = machine->backend->make_object(machine, type, object, value);
    if (status == LUNETTE_OK)
        ln_machine_touch(machine);
    return status;
}

lunette_status ln_machine_find_object(const lunette_machine *machine, const lunette_value *value,
                                      const struct lunette_class *type, void **object) {
    return machine->backend->find_object ? machine->backend->find_object(machine, value, type, object)
                                         : LUNETTE_UNSUPPORTED;
}

lunette_status ln_machine_close_object(lunette_machine *machine, const lunette_value *value) {
    return machine->backend->close_object ? machine->backend->close_object(machine, value)
                                          : LUNETTE_UNSUPPORTED;
}

/* --- Globals --- */

struct global {
    const char *name;
    const lunette_value *value;
};

static lunette_status set_global(lunette_machine *machine, const void *what) {
    const struct global *global = what;
    return machine->backend->set_global(machine, global->name, global->value);
}

static lunette_status get_global(lunette_machine *machine, const void *what) {
    const struct global *global = what;
    return machine->backend->get_global(machine, global->name);
}

lunette_status ln_machine_set_global(lunette_machine *machine, const char *name, const lunette_value *value) {
    struct global global = {.name = name, .value = value};
    if (!machine->backend->set_global)
        return LUNETTE_UNSUPPORTED;
    struct job job = {.machine = machine, .body = set_global, .what = &global};
    return perform_apart(&job, NULL);
}

lunette_status ln_machine_get_global(lunette_machine *machine, const char *name, const lunette_bounds *bounds,
                                     lunette_value **value) {
    struct global global = {.name = name};
    ln_tree results;
    *value = NULL;
    if (!machine->backend->get_global)
        return LUNETTE_UNSUPPORTED;
    ln_tree_init(&results, bounds->bytes);
    machine->bounds = bounds;
    struct job job = {.machine = machine, .body = get_global, .what = &global};
    lunette_status status = perform_apart(&job, &results);
    if (status != LUNETTE_OK)
        return status;
    status = give_results(machine, &results, value);
    if (status == LUNETTE_OK) /* the one value there is becomes the tree's root */
        **value = (*value)->as.array.count > 0 ? (*value)->as.array.items[0] : lunette_nil();
    return status;
}

/* --- For backends --- */

void ln_machine_panic(lunette_machine *machine) {
    machine->panicked = true;
    ln_run_end(machine->active, LN_END_FAULT);
}

ln_end ln_machine_finalize(lunette_machine *machine, uint64_t wall_ns, void (*body)(void *), void *ud) {
    ln_arena_stats arena;
    ln_budget budget = {.wall_ns = wall_ns};
    machine->report = NULL;
    ln_end end = ln_machine_enter_apart(machine, &budget, body, ud);
    ln_arena_stats_get(machine->arena, &arena);
    machine->committed = arena.committed;
    return end;
}
