/* The thread that wakes when a deadline passes. It decides nothing: it only makes the thread that runs the
 * script look at its own budget (watchdog.c). */
#ifndef LN_GUARD_WATCHDOG_H
#define LN_GUARD_WATCHDOG_H

#include "base/compiler.h"
#include "base/os_guard.h"

typedef struct ln_watchdog_state {
    _Atomic(uint64_t) wake_at; /* it looks then, or earlier */
    _Atomic(uint32_t) ticket;  /* what it sleeps on; changes when it must look now */
    _Atomic(bool) running;
} ln_watchdog_state;

extern ln_watchdog_state ln_watchdog;

/* The shortest time between two signals to a thread that could not be left. */
enum { LN_WATCHDOG_RETRY_NS = 25 * 1000 };

/* One guard more, or less, needs it. The last release ends the thread. Hold: false when the system refuses. */
bool ln_watchdog_hold(void);
void ln_watchdog_release(void);

/* Starts the thread unless it runs; false when the system refuses. Takes a lock. */
bool ln_watchdog_start(void);

/* Makes it look now. Async-signal-safe. */
void ln_watchdog_wake(void);

/* A slot's due was set (and its phase stored with a full fence): sees to it that the watchdog looks in time.
 * Async-signal-safe. */
LN_INLINE void ln_watchdog_expect(uint64_t due) {
    if (LN_UNLIKELY(due < atomic_load(&ln_watchdog.wake_at)))
        ln_watchdog_wake();
}

#endif
