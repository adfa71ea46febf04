/* The life of a machine: opened from its template, restored to it, closed. */
#include "machine/machine.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lent beyond the limit while an error is being described. */
enum { ERROR_RESERVE = 64 * 1024 };

/* --- What the guard and the arena call --- */

static void soften(void *ud) {
    lunette_machine *machine = ud;
    machine->backend->soften(machine);
}

static void probe(void *ud) {
    lunette_machine *machine = ud;
    machine->backend->probe(machine);
}

static bool busy(void *ud) {
    lunette_machine *machine = ud;
    return machine->backend->busy(machine);
}

static bool on_refusal(void *ud, const void *caller) {
    lunette_machine *machine = ud;
    return machine->backend->on_refusal && machine->backend->on_refusal(machine, caller);
}

static void on_growth(void *ud, unsigned quarters) {
    lunette_machine *machine = ud;
    if (machine->backend->on_growth)
        machine->backend->on_growth(machine, quarters);
}

static const ln_arena_owner owner = {.on_refusal = on_refusal, .on_growth = on_growth};

/* A host's allocator is the host's code: it takes locks, and is never left in the middle. */
static void section_enter(void *ud) {
    ln_run_host_enter(((lunette_machine *)ud)->active);
}

static void section_leave(void *ud) {
    ln_run_host_leave(((lunette_machine *)ud)->active);
}

/* --- Making --- */

static void equip(lunette_machine *machine, ln_run *run) {
    const lunette_backend *backend = machine->backend;
    run->owner = machine;
    run->stack_need = ln_machine_stack(backend);
    run->soften = backend->soften ? soften : NULL;
    run->soften_ud = machine;
    run->probe = backend->probe ? probe : NULL;
    run->probe_ud = machine;
    run->busy = backend->busy ? busy : NULL;
    run->busy_ud = machine;
    machine->active = run;
}

/* A fault is logged once, as the outermost run ends by it. */
void ln_machine_nest(lunette_machine *machine, ln_run *run) {
    equip(machine, run);
    run->name = machine->run.name;
    run->quiet = true;
    run->arena_start = machine->run.arena_start;
    run->arena_size = machine->run.arena_size;
}

lunette_status ln_machine_make(const ln_machine_setup *setup, lunette_context *context,
                               lunette_machine **out) {
    const lunette_backend *backend = setup->backend;
    lunette_machine *machine = calloc(1, sizeof *machine + backend->data_size);
    *out = machine;
    if (!machine)
        return LUNETTE_NO_MEMORY;
    machine->backend = backend;
    machine->setup = setup;
    machine->memory_limit = setup->memory_limit;
    machine->context = context;
    machine->pristine = true;
    equip(machine, &machine->run);
    return LUNETTE_OK;
}

void ln_machine_use_arena(lunette_machine *machine) {
    machine->allocator = ln_arena_allocator(machine->arena);
    machine->allocator_ud = machine->arena;
}

lunette_status ln_machine_open_arena(lunette_machine *machine) {
    ln_arena_config config = {
        .limit = machine->memory_limit,
        .reserve = ERROR_RESERVE,
        .host = machine->setup->alloc,
        .host_ud = machine->setup->alloc_ud,
        .host_enter = section_enter,
        .host_leave = section_leave,
        .section_ud = machine,
        .owner = &owner,
        .owner_ud = machine,
    };
    lunette_status status = ln_arena_open(&config, &machine->arena);
    if (status == LUNETTE_OK)
        ln_machine_use_arena(machine);
    return status;
}

/* --- Becoming what the template is --- */

/* The number after a machine's last: one that no machine had. Each takes numbers from a block of its own, for resets not to
 * meet at one counter. 0 is none. */
static uint64_t next_number(uint64_t last, _Atomic(uint64_t) *blocks) {
    enum { BLOCK = 1 << 20 };
    return (last + 1) % BLOCK != 0 && last != 0 ? last + 1 : (atomic_fetch_add(blocks, 1) + 1) * BLOCK;
}

uint64_t ln_machine_next_token(lunette_machine *machine) {
    static _Atomic(uint64_t) blocks;
    machine->token = next_number(machine->token, &blocks);
    return machine->token;
}

/* No two machines are ever of the same generation, so that what one gave out is stale in every other. */
static void as_new(lunette_machine *machine) {
    static _Atomic(uint64_t) blocks;
    machine->waiting.is = false;
    machine->generation = next_number(machine->generation, &blocks);
    machine->pristine = true;
}

void ln_machine_attach(lunette_machine *machine) {
    machine->built = true;
    if (machine->backend->attach)
        machine->backend->attach(machine);
}

/* What was built once within the limit can lack memory now only for the host's sake. */
static lunette_status build_alone(lunette_machine *machine) {
    const ln_template *from = machine->from;
    lunette_status status = ln_machine_build(machine, from->preload, from->preload_count, NULL, 0);
    if (status == LUNETTE_MEMORY_LIMIT)
        return LUNETTE_NO_MEMORY;
    if (status == LUNETTE_OK && !machine->setup->alloc)
        status = ln_image_take(machine->arena, &machine->own_image);
    machine->image = machine->own_image;
    return status;
}

/* The arena holds nothing that is still needed. */
static lunette_status become(lunette_machine *machine, const ln_template *from) {
    machine->from = from;
    if (!from->image)
        return build_alone(machine);
    lunette_status status = ln_image_spawn(from->image, machine->arena);
    if (status == LUNETTE_UNSUPPORTED)
        return build_alone(machine);
    if (status != LUNETTE_OK)
        return status;
    machine->image = from->image;
    for (int i = 0; i < LN_MACHINE_ROOTS; i++)
        machine->roots[i] = from->roots_at[i] != 0 ? (char *)machine->arena + from->roots_at[i] : NULL;
    ln_machine_attach(machine);
    return LUNETTE_OK;
}

/* The arena is as its owner wants it: from here on only a run changes its own words. */
static void remember(lunette_machine *machine) {
    if (!machine->setup->alloc && machine->arena)
        ln_arena_remember(machine->arena, &machine->shadow);
}

lunette_status ln_machine_open(const ln_template *from, lunette_context *context, lunette_machine **out) {
    lunette_machine *machine;
    lunette_status status = ln_machine_make(from->setup, context, &machine);
    *out = NULL;
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_open_arena(machine);
    if (status == LUNETTE_OK)
        status = become(machine, from);
    if (status != LUNETTE_OK) {
        ln_machine_close(&machine);
        return status;
    }
    ln_arena_range(machine->arena, (void **)&machine->run.arena_start, &machine->run.arena_size);
    remember(machine);
    as_new(machine);
    *out = machine;
    return LUNETTE_OK;
}

/* --- Restoring --- */

/* The backend gives back what a script may have of the host. */
static void end_script(lunette_machine *machine) {
    if (machine->backend->end)
        machine->backend->end(machine, machine->run.abandoned || !machine->built);
}

/* Frees the state without walking it, whatever is left of it, and makes the arena an empty one. */
static lunette_status clear_arena(lunette_machine *machine) {
    ln_machine_drop_snapshots(machine);
    machine->image = NULL;
    ln_image_close(&machine->own_image);
    if (machine->setup->alloc) {
        ln_arena_discard_all(machine->arena);
        return LUNETTE_OK;
    }
    ln_arena_close(&machine->arena);
    return ln_machine_open_arena(machine);
}

static lunette_status rebuild(lunette_machine *machine, const ln_template *from) {
    machine->built = false;
    lunette_status status = clear_arena(machine);
    if (status == LUNETTE_OK)
        status = become(machine, from);
    if (status != LUNETTE_OK && machine->arena)
        ln_arena_discard_all(machine->arena);
    if (status != LUNETTE_OK)
        machine->built = false;
    if (machine->arena)
        ln_arena_range(machine->arena, (void **)&machine->run.arena_start, &machine->run.arena_size);
    machine->suspect = false;
    return status;
}

/* An image restores what it covers. What lies before it in the arena is compared with the copy outside; and after a
 * fault of the VM, which may have written anywhere in its reservation, the arena is not used again at all. */
static bool is_restorable(lunette_machine *machine) {
    bool trusted = !machine->suspect || machine->setup->on_panic == LUNETTE_PANIC_RESET;
    return machine->image && ln_arena_intact(machine->arena, &machine->shadow) && trusted;
}

static lunette_status restore(lunette_machine *machine, bool trusted) {
    end_script(machine);
    machine->run.abandoned = false;
    lunette_status status = LUNETTE_OK;
    if (trusted && is_restorable(machine))
        ln_image_restore(machine->image, machine->arena);
    else
        status = rebuild(machine, machine->from);
    remember(machine);
    as_new(machine);
    return status;
}

lunette_status ln_machine_restore(lunette_machine *machine) {
    return restore(machine, true);
}

static bool allows_going_back(lunette_machine *machine, uint64_t number, const char **why) {
    *why = "is refused";
    return !machine->backend->go_back || machine->backend->go_back(machine, number, why) == LUNETTE_OK;
}

/* It is another state than before, and the same generation: what was given out before the snapshot is good still, and what was
 * given out since is the backend's to refuse. Numbers that were drawn since are not drawn again, unless runs are to be
 * the same each time. */
static void as_it_was(lunette_machine *machine) {
    ln_arena_stats stats;
    machine->waiting.is = false;
    machine->run.abandoned = false;
    machine->pristine = false;
    if (machine->backend->seed && !machine->setup->deterministic)
        machine->backend->seed(machine);
    ln_arena_stats_get(machine->arena, &stats);
    machine->committed = stats.committed;
    remember(machine);
}

lunette_status ln_machine_go_back(lunette_machine *machine, const ln_kept *to, const char **why) {
    if (!is_restorable(machine)) {
        *why = "the context's memory was not to be trusted, and was made anew: it is as after a reset";
        (void)restore(machine, false);
        return LUNETTE_WRONG_STATE;
    }
    if (!ln_snapshot_fit(to->memory, machine->arena)) {
        *why = "what it takes is above the context's memory limit";
        return LUNETTE_EXHAUSTED;
    }
    if (!allows_going_back(machine, to->number, why))
        return LUNETTE_UNSUPPORTED;
    ln_snapshot_restore(to->memory, machine->arena);
    as_it_was(machine);
    return LUNETTE_OK;
}

lunette_status ln_machine_adopt(lunette_machine *machine, const ln_template *from) {
    ln_report_error_free(&machine->error);
    ln_machine_drop_snapshots(machine);
    if (!machine->pristine)
        end_script(machine);
    machine->run.abandoned = false;
    bool shared = from->image && !machine->own_image && is_restorable(machine);
    lunette_status status = shared ? become(machine, from) : rebuild(machine, from);
    remember(machine);
    as_new(machine);
    return status;
}

lunette_status ln_machine_reset(lunette_machine *machine) {
    ln_report_error_free(&machine->error);
    return machine->pristine && machine->built ? LUNETTE_OK : ln_machine_restore(machine);
}

void ln_machine_trim(lunette_machine *machine, size_t keep) {
    if (!machine->arena)
        return;
    ln_arena_trim(machine->arena, keep);
    remember(machine);
}

void ln_machine_limit_memory(lunette_machine *machine, size_t limit) {
    if (limit == machine->memory_limit)
        return;
    machine->memory_limit = limit;
    if (!machine->arena)
        return;
    ln_arena_set_limit(machine->arena, limit);
    remember(machine);
}

void ln_machine_close(lunette_machine **out) {
    lunette_machine *machine = *out;
    if (!machine)
        return;
    if (machine->arena && !machine->pristine)
        end_script(machine);
    if (machine->backend->dispose)
        machine->backend->dispose(machine);
    ln_machine_drop_snapshots(machine);
    ln_report_error_free(&machine->error);
    ln_image_close(&machine->own_image);
    ln_arena_close(&machine->arena);
    free(machine);
    *out = NULL;
}

/* --- What others may ask --- */

size_t ln_machine_code(const lunette_backend *backend, const void *code[LN_MACHINE_CODE]) {
    size_t count = 0;
    code[count++] = (const void *)(uintptr_t)ln_machine_make;
    for (size_t i = 0; i < backend->code_count && count < LN_MACHINE_CODE; i++)
        code[count++] = backend->code[i];
    return count;
}

size_t ln_machine_stack(const lunette_backend *backend) {
    return backend->stack_needed > LN_STACK_MINIMUM ? backend->stack_needed : LN_STACK_MINIMUM;
}

bool ln_machine_is_inside(const lunette_machine *machine) {
    for (const ln_run *run = ln_run_current(); run; run = run->parent)
        if (run == &machine->run)
            return true;
    return false;
}

void ln_machine_cancel(lunette_machine *machine) {
    atomic_store(&machine->cancelled, true);
    ln_run_cancel(&machine->run);
}

const lunette_error *ln_machine_error(const lunette_machine *machine) {
    return machine->error;
}

void ln_machine_clear_error(lunette_machine *machine) {
    ln_report_error_free(&machine->error);
}

void ln_machine_cut_trace(lunette_machine *machine, size_t most) {
    lunette_error *error = machine->error;
    if (!error || error->frame_count <= most)
        return;
    error->frames_left_out += error->frame_count - most;
    error->frame_count = most;
    if (most == 0)
        error->frames = NULL;
}

void ln_machine_stats(const lunette_machine *machine, lunette_stats *stats) {
    *stats = machine->last;
}

size_t ln_machine_committed(const lunette_machine *machine) {
    return machine->committed;
}

lunette_status ln_machine_verify(const lunette_machine *machine, char *why, size_t why_size) {
    size_t at;
    if (!machine->image)
        return LUNETTE_UNSUPPORTED;
    if (!machine->pristine)
        return LUNETTE_WRONG_STATE;
    if (!ln_image_equals(machine->image, machine->arena, &at)) {
        snprintf(why, why_size, "byte %zu of the arena differs from the image", at);
        return LUNETTE_DEFECT;
    }
    return ln_arena_check(machine->arena, why, why_size) ? LUNETTE_OK : LUNETTE_DEFECT;
}
