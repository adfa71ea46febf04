/* What a backend may ask for, as lunette/backend.h has it. None of it is for anyone else: all of it is called on the thread
 * that is in the machine, and most of it in a run. */
#include <string.h>

#include "machine/machine.h"

/* --- What belongs to a machine --- */

lunette_machine *lunette_machine_current(void) {
    const ln_run *run = ln_run_current();
    return run ? run->owner : NULL;
}

void *lunette_machine_data(lunette_machine *machine) {
    if (!machine)
        return NULL;
    return machine + 1;
}

const void *lunette_machine_settings(const lunette_machine *machine) {
    if (!machine)
        return NULL;
    return machine->setup->settings;
}

const void *lunette_machine_parts(const lunette_machine *machine) {
    return machine && machine->from ? machine->from->parts : NULL;
}

lunette_context *lunette_machine_context(const lunette_machine *machine) {
    if (!machine)
        return NULL;
    return machine->context;
}

uint64_t lunette_machine_generation(const lunette_machine *machine) {
    if (!machine)
        return 0;
    return machine->generation;
}

void lunette_machine_set_root(lunette_machine *machine, unsigned index, void *block) {
    if (machine && index < LN_MACHINE_ROOTS)
        machine->roots[index] = block;
}

void *lunette_machine_root(const lunette_machine *machine, unsigned index) {
    return machine && index < LN_MACHINE_ROOTS ? machine->roots[index] : NULL;
}

void lunette_machine_random(const lunette_machine *machine, void *bytes, size_t size) {
    if (!machine)
        return;
    ln_machine_random(machine, bytes, size);
}

/* --- Memory --- */

void *lunette_machine_alloc(lunette_machine *machine, size_t size) {
    return !machine || size == 0 ? NULL : machine->allocator(machine->allocator_ud, NULL, 0, size);
}

void *lunette_machine_resize(lunette_machine *machine, void *block, size_t old_size, size_t new_size) {
    if (!machine || !block)
        return lunette_machine_alloc(machine, new_size);
    return machine->allocator(machine->allocator_ud, block, old_size, new_size);
}

void lunette_machine_free(lunette_machine *machine, void *block, size_t size) {
    if (!machine)
        return;
    if (block)
        machine->allocator(machine->allocator_ud, block, size, 0);
}

void lunette_machine_follow_collector(lunette_machine *machine, const void *flag) {
    if (machine)
        ln_arena_follow(machine->arena, flag);
}

void lunette_machine_collected(lunette_machine *machine) {
    if (machine)
        ln_arena_look(machine->arena);
}

/* --- The world outside --- */

void lunette_machine_host_enter(lunette_machine *machine) {
    if (!machine)
        return;
    ln_run_host_enter(machine->active);
}

void lunette_machine_host_leave(lunette_machine *machine) {
    if (!machine)
        return;
    ln_run_host_leave(machine->active);
}

void lunette_machine_charge_host_call(lunette_machine *machine) {
    if (!machine)
        return;
    if (LN_UNLIKELY(!ln_run_charge_host_call(machine->active)))
        ln_run_end(machine->active, LN_END_HOST_CALLS);
}

static void charge_output(lunette_machine *machine, size_t size) {
    if (LN_UNLIKELY(!ln_run_charge_output(machine->active, size)))
        ln_run_end(machine->active, LN_END_OUTPUT);
}

void lunette_machine_print(lunette_machine *machine, const char *bytes, size_t size) {
    if (!machine)
        return;
    const ln_machine_setup *setup = machine->setup;
    charge_output(machine, size);
    ln_run_host_enter(machine->active);
    setup->output(setup->output_ud, machine->context, bytes, size);
    ln_run_host_leave(machine->active);
}

void lunette_machine_warn(lunette_machine *machine, const char *bytes, size_t size, bool more) {
    if (!machine)
        return;
    const ln_machine_setup *setup = machine->setup;
    if (!setup->warning)
        return;
    charge_output(machine, size);
    ln_run_host_enter(machine->active);
    setup->warning(setup->warning_ud, machine->context, bytes, size, more);
    ln_run_host_leave(machine->active);
}

bool lunette_machine_emit(lunette_machine *machine, const void *bytes, size_t size) {
    if (!machine)
        return false;
    return ln_machine_emit(machine, bytes, size);
}

/* --- Time --- */

uint64_t lunette_machine_steps(const lunette_machine *machine) {
    if (!machine)
        return 0;
    return ln_run_count_step(machine->active);
}

void lunette_machine_count(lunette_machine *machine, uint64_t steps) {
    if (!machine)
        return;
    ln_run_count(machine->active, steps);
}

void lunette_machine_panic(lunette_machine *machine) {
    if (!machine)
        return;
    ln_machine_panic(machine);
}

struct guarded {
    lunette_machine *machine;
    void (*body)(lunette_machine *machine, void *ud);
    void *ud;
};

static void call_guarded(void *ud) {
    struct guarded *guarded = ud;
    guarded->body(guarded->machine, guarded->ud);
}

lunette_status lunette_machine_guarded(lunette_machine *machine, uint64_t wall_ns,
                                       void (*body)(lunette_machine *machine, void *ud), void *ud) {
    if (!machine || !body)
        return LUNETTE_INVALID_ARGUMENT;
    struct guarded guarded = {.machine = machine, .body = body, .ud = ud};
    ln_end end = ln_machine_finalize(machine, wall_ns, call_guarded, &guarded);
    return ln_machine_status_of_end(machine, end);
}

/* --- What went wrong --- */

static void note_frames(ln_report *report, const lunette_frame *frames, size_t count) {
    ln_report_begin_frames(report);
    for (size_t i = 0; i < count; i++)
        ln_report_frame(report, frames[i].function ? frames[i].function : "?",
                        frames[i].chunk ? frames[i].chunk : "?", frames[i].line, frames[i].native);
    for (unsigned i = 0; i < report->frame_count && report->line == 0; i++)
        if (report->frames[i].line > 0)
            ln_report_place_of_frame(report, i);
    report->has_trace = count > 0;
}

void lunette_machine_stand(lunette_machine *machine, const lunette_frame *frames, size_t count) {
    if (!machine || !machine->report)
        return;
    ln_report_init(machine->report);
    note_frames(machine->report, frames, count);
    machine->located = true;
}

lunette_status lunette_machine_fail(lunette_machine *machine, lunette_status status,
                                    const lunette_failure *failure) {
    if (!machine || !failure)
        return LUNETTE_INVALID_ARGUMENT;
    ln_report *report = machine->report;
    if (!report)
        return status;
    ln_report_init(report);
    if (failure->message)
        ln_report_message(report, failure->message,
                          failure->message_size == SIZE_MAX ? strlen(failure->message)
                                                            : failure->message_size);
    note_frames(report, failure->frames, failure->frame_count);
    if (failure->chunk)
        ln_report_place(report, failure->chunk, failure->line);
    if (failure->value && machine->error_value && status == LUNETTE_RUNTIME_ERROR)
        ln_machine_take_error(machine, failure->value);
    return status;
}
