/* Snapshots of a machine: its memory (arena/snapshot.c), and a number by which everybody knows which came first.
 *
 * What a backend has outside of the memory (references, objects of the host's) stays where it is, and is not copied: it notes
 * with each thing the number of the last snapshot before it. Going back to a number gives up what was made since. What was
 * given up since stays so, although the memory that is put back may still know it.
 *
 * A secured run has a snapshot of its own, beside the host's; or none, where the machine is as its template, and the way back
 * is a reset. */
#include <stdatomic.h>
#include <stdlib.h>

#include "machine/machine.h"

/* --- Taking and dropping --- */

static uint64_t next_number(void) {
    static _Atomic(uint64_t) numbers;
    return atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;
}

/* A backend that says nothing of it, but gives the host what refers into the memory, would not know what is left of that. */
static lunette_status ask_backend(lunette_machine *machine, uint64_t number, const char **why) {
    const lunette_backend *backend = machine->backend;
    *why = "the backend has none";
    if (backend->keep && backend->go_back)
        return backend->keep(machine, number, why);
    bool gives_out = backend->forget || backend->make_object || backend->keep || backend->go_back;
    return gives_out ? LUNETTE_UNSUPPORTED : LUNETTE_OK;
}

static lunette_status check(const lunette_machine *machine, const char **why) {
    const ln_machine_setup *setup = machine->setup;
    *why = setup->snapshots_most == 0 ? "config.snapshots.off is set"
           : setup->alloc             ? "the context's memory is the host's (config.alloc)"
                                      : NULL;
    if (*why)
        return LUNETTE_UNSUPPORTED;
    *why = machine->waiting.is                   ? "a run waits in the context: resume it, or drop it"
           : !machine->built || machine->suspect ? "the context has to be reset first"
                                                 : NULL;
    return *why ? LUNETTE_WRONG_STATE : LUNETTE_OK;
}

static lunette_status check_room(const lunette_machine *machine, const char **why) {
    size_t most = machine->setup->snapshots_bytes;
    size_t left = most > machine->snapshot_bytes ? most - machine->snapshot_bytes : 0;
    *why = "the context's snapshots would take more than config.snapshots.bytes together";
    return ln_snapshot_need(machine->arena) <= left ? LUNETTE_OK : LUNETTE_EXHAUSTED;
}

static lunette_status copy(lunette_machine *machine, ln_kept **out) {
    ln_kept *kept = calloc(1, sizeof *kept);
    if (!kept)
        return LUNETTE_NO_MEMORY;
    lunette_status status = ln_snapshot_take(machine->arena, &kept->memory);
    if (status != LUNETTE_OK) {
        free(kept);
        return status;
    }
    machine->snapshot_bytes += ln_snapshot_size(kept->memory);
    *out = kept;
    return LUNETTE_OK;
}

static lunette_status take(lunette_machine *machine, ln_kept **out, const char **why) {
    lunette_status status = check_room(machine, why);
    uint64_t number = next_number();
    if (status == LUNETTE_OK)
        status = ask_backend(machine, number, why);
    if (status != LUNETTE_OK)
        return status;
    ln_machine_touch(machine);
    status = copy(machine, out);
    if (status == LUNETTE_OK)
        (*out)->number = number;
    return status;
}

static void drop(lunette_machine *machine, ln_kept **from) {
    ln_kept *kept = *from;
    *from = kept->next;
    machine->snapshot_bytes -= ln_snapshot_size(kept->memory);
    ln_snapshot_close(&kept->memory);
    free(kept);
}

/* --- The host's --- */

lunette_status ln_machine_take_snapshot(lunette_machine *machine, uint64_t *number, const char **why) {
    ln_kept *kept;
    lunette_status status = check(machine, why);
    if (status != LUNETTE_OK)
        return status;
    *why = "the context has config.snapshots.most already";
    if (machine->snapshot_count >= machine->setup->snapshots_most)
        return LUNETTE_EXHAUSTED;
    status = take(machine, &kept, why);
    if (status != LUNETTE_OK)
        return status;
    kept->next = machine->snapshots;
    machine->snapshots = kept;
    machine->snapshot_count++;
    *number = kept->number;
    return LUNETTE_OK;
}

static ln_kept **find(lunette_machine *machine, uint64_t number) {
    ln_kept **at = &machine->snapshots;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

const ln_kept *ln_machine_snapshot(const lunette_machine *machine, uint64_t number) {
    const ln_kept *kept = machine->snapshots;
    while (kept && kept->number != number)
        kept = kept->next;
    return kept;
}

void ln_machine_drop_snapshot(lunette_machine *machine, uint64_t number) {
    ln_kept **at = find(machine, number);
    if (!*at)
        return;
    drop(machine, at);
    machine->snapshot_count--;
}

void ln_machine_drop_snapshots(lunette_machine *machine) {
    while (machine->snapshots)
        drop(machine, &machine->snapshots);
    machine->snapshot_count = 0;
    if (machine->way_back)
        drop(machine, &machine->way_back);
}

lunette_status ln_machine_renew(lunette_machine *machine) {
    ln_machine_drop_snapshots(machine);
    machine->rolls_back = false;
    return ln_machine_reset(machine);
}

/* --- Runs that are undone when they fail --- */

lunette_status ln_machine_secure(lunette_machine *machine, const char **why) {
    lunette_status status = check(machine, why);
    ln_machine_unsecure(machine);
    if (status == LUNETTE_OK && !machine->pristine)
        status = take(machine, &machine->way_back, why);
    machine->rolls_back = status == LUNETTE_OK;
    return status;
}

void ln_machine_unsecure(lunette_machine *machine) {
    if (machine->waiting.is)
        return;
    machine->rolls_back = machine->way_lost = false;
    if (machine->way_back)
        drop(machine, &machine->way_back);
}

/* After a fault nothing is left of the memory but what was never in it. */
void ln_machine_roll_back(lunette_machine *machine) {
    const char *why;
    const ln_kept *to = machine->way_back;
    bool undone = to && !machine->suspect && ln_machine_go_back(machine, to, &why) == LUNETTE_OK;
    machine->way_lost = to && !undone;
    if (!undone)
        (void)ln_machine_restore(machine);
}

lunette_status ln_machine_give_up(lunette_machine *machine) {
    if (!machine->rolls_back)
        return ln_machine_reset(machine);
    ln_machine_clear_error(machine);
    ln_machine_roll_back(machine);
    ln_machine_unsecure(machine);
    return machine->built ? LUNETTE_OK : LUNETTE_NO_MEMORY;
}
