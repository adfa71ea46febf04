/* Snapshots of contexts: taken, put back and dropped by number, so that a host has nothing to free, and one that it still knows
 * when the context has forgotten it is told so. */
#include "lunette/snapshot.h"

#include "base/failure.h"
#include "engine/engine.h"

static lunette_status worded(lunette_status status, const char *function, const char *why) {
    return status == LUNETTE_OK || status == LUNETTE_NO_MEMORY ? ln_failure_plain(status, function)
                                                               : ln_failure(status, "%s: %s", function, why);
}

static lunette_status find(const lunette_context *context, uint64_t snapshot, const char *function,
                           const ln_kept **found) {
    *found = ln_machine_snapshot(context->vm, snapshot);
    if (*found)
        return LUNETTE_OK;
    return ln_failure(LUNETTE_STALE,
                      "%s: the context has no such snapshot: it was dropped, or went with a reset, or is "
                      "another context's",
                      function);
}

lunette_status lunette_snapshot_take(lunette_context *context, uint64_t *snapshot) {
    static const char NAME[] = "lunette_snapshot_take";
    const char *why = NULL;
    if (!snapshot)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `snapshot` is NULL", NAME);
    *snapshot = 0;
    lunette_status status = ln_context_hold_to_run(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = ln_machine_take_snapshot(context->vm, snapshot, &why);
    return ln_context_let_go_worded(context, worded(status, NAME, why));
}

lunette_status lunette_snapshot_restore(lunette_context *context, uint64_t snapshot) {
    static const char NAME[] = "lunette_snapshot_restore";
    const ln_kept *found;
    const char *why = NULL;
    lunette_status status = ln_context_hold_to_run(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = find(context, snapshot, NAME, &found);
    if (status != LUNETTE_OK)
        return ln_context_let_go_worded(context, status);
    status = ln_machine_go_back(context->vm, found, &why);
    if (status == LUNETTE_OK) {
        ln_machine_clear_error(context->vm);
        ln_machine_unsecure(context->vm);
        ln_context_trim(context);
    }
    return ln_context_let_go_worded(context, worded(status, NAME, why));
}

lunette_status lunette_snapshot_drop(lunette_context *context, uint64_t snapshot) {
    static const char NAME[] = "lunette_snapshot_drop";
    const ln_kept *found;
    lunette_status status = ln_context_hold(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = find(context, snapshot, NAME, &found);
    if (status == LUNETTE_OK)
        ln_machine_drop_snapshot(context->vm, snapshot);
    return ln_context_let_go_worded(context, status);
}

lunette_status lunette_snapshot_size(lunette_context *context, uint64_t snapshot, size_t *bytes) {
    static const char NAME[] = "lunette_snapshot_size";
    const ln_kept *found;
    if (!bytes)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `bytes` is NULL", NAME);
    lunette_status status = ln_context_hold(context, NAME);
    if (status != LUNETTE_OK)
        return status;
    status = find(context, snapshot, NAME, &found);
    *bytes = status == LUNETTE_OK ? ln_snapshot_size(found->memory) : 0;
    return ln_context_let_go_worded(context, status);
}

/* --- Runs that are undone when they fail --- */

lunette_status ln_context_secure(lunette_context *context, bool roll_back, const char *function) {
    const char *why = NULL;
    ln_machine_unsecure(context->vm);
    if (!roll_back)
        return LUNETTE_OK;
    lunette_status status = ln_machine_secure(context->vm, &why);
    return worded(status, function, why);
}
