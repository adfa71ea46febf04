/* Between the rooms' own files: what a guard is, and how the signal handler and the run share decisions. */
#ifndef LN_GUARD_RUN_H
#define LN_GUARD_RUN_H

#include "base/os_guard.h"
#include "guard/guard.h"
#include "guard/slot.h"

/* Loaded objects have one executable stretch, seldom two. What does not fit into the others is libraries that
 * are loaded late; the VM is left from those a little later. */
enum { LN_GUARD_VM_CODES = 16, LN_GUARD_OTHERS = 64 };

struct ln_guard {
    ln_guard_kind kind; /* SIGNAL or HOOK */
    int signal;
    bool contain_faults;
    void (*log)(void *ud, const char *text);
    void *log_ud;
    uint64_t signals; /* that its threads must be able to receive, bit n - 1 for signal n */
    size_t vm_count, other_count;
    ln_os_code vm[LN_GUARD_VM_CODES];
    ln_os_code others[LN_GUARD_OTHERS]; /* libc, libm, the loader, sanitizers, the host's */
};

/* Looks at the run's budget. LN_END_FINISHED: it goes on, perhaps softened or probed just now; else what it
 * must be ended for. The caller has set the slot's `handling`. Async-signal-safe. */
ln_end ln_run_look(ln_run *run, uint64_t now);

/* A run that is to be ended and was never probed, because the signal came late or it was cancelled: probes it now.
 * True: look again LN_PROBE_LATE_NS from now. Only where the VM was interrupted, not where the host returns to
 * a dead run. Async-signal-safe. */
bool ln_run_probe_late(ln_run *run);
enum { LN_PROBE_LATE_NS = 50 * 1000 };

/* When to look next. Async-signal-safe. */
uint64_t ln_run_next_look(const ln_run *run, uint64_t now);

#endif
