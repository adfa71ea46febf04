/** @file
 * Snapshots: what a context is at one moment, kept so that it can be that again, for sessions that last: agents, games,
 * REPLs. What a script has in its memory comes back as it was, byte for byte: globals, functions, coroutines, strings.
 *
 * Taking one and putting it back are copies of the memory in use, so lunette_context_collect() before makes both cheaper. A
 * snapshot is known by a number, which the context owns: there is nothing to be freed. It lasts until it is dropped, or until
 * the context is reset by lunette_context_reset() or released. It outlasts a run that was killed, for which the context was
 * reset by itself; and is lost in a VM_FAULT, which costs the context its memory (config.on_panic). Then it is STALE.
 *
 * What is outside of the context's memory does not come back:
 *   - function references (lunette_context_call()) and objects (lunette_object_find()) that the host has are good still if they
 *     are from before the snapshot, and no kill or reset came in between. Those that were given out since are STALE, and the
 *     objects closed, each once. What was forgotten or closed since stays so;
 *   - what modules keep for the context (lunette_call_set_state()), its user data, its name and its statistics stay as they
 *     are, and what was printed is printed;
 *   - files that scripts have opened since are closed. While one is open, or a module of machine code (lua.h, package.loadlib),
 *     there are no snapshots: UNSUPPORTED. Finalizers (__gc, at sandbox level none) of what the script has made since are
 *     not called;
 *   - math.random draws other numbers than it drew before, unless config.deterministic is set: names and secrets that were drawn
 *     do not come twice.
 *
 * Like all that is done with a context, by one thread at a time, and not during a run of it (BUSY).
 *
 * To have single runs undone when they fail, and keep what the host has, see lunette_run_options.roll_back. */
#ifndef LUNETTE_SNAPSHOT_H
#define LUNETTE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lunette_context lunette_context;

/** A part of lunette_config: what a context may have of them. A zero field means its default. They cost nothing until one is
 * taken, and only the host takes them. */
typedef struct lunette_snapshot_config {
    bool off;    /**< none are taken: UNSUPPORTED, as are runs with roll_back; default false */
    size_t most; /**< at one time; default 16. That of a run with roll_back does not count */
    /** That they may take together, that of a run with roll_back included; default four times the engine's
     * limits.memory. They lie in the host's memory, and do not count against the context's limit. */
    size_t bytes;
    uint64_t reserved[4]; /**< zero */
} lunette_snapshot_config;

/** Takes a snapshot of the context as it is. *snapshot becomes its number, which no other has in the process; 0 on failure.
 * OK, INVALID_ARGUMENT, BUSY, CLOSED, NO_MEMORY; WRONG_STATE: a run waits in the context, or it has to be reset first;
 * EXHAUSTED: it has config.snapshots.most, or they would take more than config.snapshots.bytes; UNSUPPORTED: see above, with
 * config.alloc, with config.snapshots.off, and in backends that have none (lunette_last_failure() says which). */
LUNETTE_API lunette_status lunette_snapshot_take(lunette_context *context, uint64_t *snapshot);

/** Makes the context what it was when the snapshot of it was taken: this one, not another. As often as is wanted, and in any
 * order; the snapshot stays, and so do those taken since. Whatever ran is gone, a run that waits included, and so is the
 * context's error.
 * OK, INVALID_ARGUMENT, BUSY, CLOSED; STALE: the context has none of that number; EXHAUSTED: its memory limit is lower by now
 * than what the snapshot takes; UNSUPPORTED: a module of machine code was opened since. Nothing happens then. WRONG_STATE: a
 * fault has left the context's memory untrustworthy: it is as after a reset. */
LUNETTE_API lunette_status lunette_snapshot_restore(lunette_context *context, uint64_t snapshot);

/** Frees a snapshot. OK, INVALID_ARGUMENT, BUSY; STALE: the context has none of that number. */
LUNETTE_API lunette_status lunette_snapshot_drop(lunette_context *context, uint64_t snapshot);

/** *bytes: what the snapshot takes of the host's memory; 0 on failure. OK, INVALID_ARGUMENT, BUSY, STALE. */
LUNETTE_API lunette_status lunette_snapshot_size(lunette_context *context, uint64_t snapshot, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
