/* Opening a guard: which kind can serve here, which code is the VM's, which signals it takes. */
#include <signal.h>
#include <stdlib.h>

#include "guard/handler.h"
#include "guard/run.h"
#include "guard/watchdog.h"

static bool config_is_valid(const ln_guard_config *config) {
    return config->kind >= LN_GUARD_AUTO && config->kind <= LN_GUARD_HOOK &&
           (config->signal == 0 || ln_handler_accepts(config->signal)) &&
           (config->code != NULL || config->code_count == 0);
}

static bool code_known(const ln_guard *guard, const void *address) {
    return ln_os_code_find(guard->vm, guard->vm_count, (uintptr_t)address) != NULL;
}

/* False: some of the VM's code is in no object of its own, so where the VM stands cannot be told. */
static bool guard_find_code(ln_guard *guard, const ln_guard_config *config) {
    for (size_t i = 0; i < config->code_count; i++) {
        if (code_known(guard, config->code[i]))
            continue;
        size_t found =
            ln_os_code_of(config->code[i], guard->vm + guard->vm_count, LN_GUARD_VM_CODES - guard->vm_count);
        if (found == 0)
            return false;
        guard->vm_count += found;
    }
    guard->other_count = ln_os_code_others(guard->vm, guard->vm_count, guard->others, LN_GUARD_OTHERS);
    return guard->vm_count != 0;
}

/* Thread sanitizer delays signals to the next call it sees: a VM that calls nothing would get none. */
static lunette_status guard_choose(ln_guard *guard, const ln_guard_config *config) {
    bool code_found = guard_find_code(guard, config);
    bool can_interrupt = LN_OS_CAN_INTERRUPT && !LN_TSAN && code_found;
    if (config->kind == LN_GUARD_SIGNAL && !can_interrupt)
        return LUNETTE_UNSUPPORTED;
    guard->kind = config->kind == LN_GUARD_HOOK || !can_interrupt ? LN_GUARD_HOOK : LN_GUARD_SIGNAL;
    return LUNETTE_OK;
}

static void guard_fill(ln_guard *guard, const ln_guard_config *config) {
    guard->signal = config->signal != 0 ? config->signal : SIGURG;
    guard->contain_faults = config->contain_faults;
    guard->log = config->log;
    guard->log_ud = config->log_ud;
    if (guard->kind == LN_GUARD_SIGNAL)
        guard->signals |= LN_SIGNAL_BIT(guard->signal);
    if (guard->contain_faults)
        guard->signals |= ln_handler_faults();
}

lunette_status ln_guard_open(const ln_guard_config *config, ln_guard **out) {
    *out = NULL;
    if (!config_is_valid(config))
        return LUNETTE_INVALID_ARGUMENT;
    ln_guard *guard = calloc(1, sizeof *guard);
    if (guard == NULL)
        return LUNETTE_NO_MEMORY;
    lunette_status status = guard_choose(guard, config);
    if (status != LUNETTE_OK)
        goto no_guard;
    guard_fill(guard, config);
    status = LUNETTE_SYSTEM;
    if (!ln_watchdog_hold())
        goto no_guard;
    if (!ln_handler_hold(guard->signals))
        goto no_handlers;
    if (guard->kind == LN_GUARD_SIGNAL)
        ln_os_barrier_everywhere();   /* the first time takes long: the watchdog must not wait for it */
    ln_os_now_by(&(ln_os_anchor){0}); /* the first time reads a file: no run should */
    *out = guard;
    return LUNETTE_OK;

no_handlers:
    ln_watchdog_release();
no_guard:
    free(guard);
    return status;
}

/* The watchdog first: after that nobody sends what the handlers are there for. */
void ln_guard_close(ln_guard **guard) {
    if (*guard == NULL)
        return;
    ln_watchdog_release();
    ln_handler_release((*guard)->signals);
    free(*guard);
    *guard = NULL;
}

ln_guard_kind ln_guard_kind_of(const ln_guard *guard) {
    return guard->kind;
}
