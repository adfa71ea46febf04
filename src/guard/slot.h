/* One slot per thread that ever ran something: what the watchdog and the signal handlers know about it.
 *
 * Slots are listed once and never freed, so that the watchdog may read any of them at any time; a thread
 * that ends hands its slot on. Only the owning thread writes a slot (its signal handlers included), but for
 * two things: the watchdog may set `late`, and anybody may set `poke`. */
#ifndef LN_GUARD_SLOT_H
#define LN_GUARD_SLOT_H

#include "base/os_guard.h"
#include "guard/guard.h"

typedef struct ln_slot ln_slot;

struct ln_slot {
    _Alignas(64) _Atomic(uint32_t) phase; /* LN_PHASE_*, of the innermost run */
    _Atomic(bool) late;                   /* the end of a host section must look at the budget */
    _Atomic(bool) poke;                   /* somebody was cancelled: look at the chain of runs */
    _Atomic(bool) handling;               /* inside our handlers: a deadline looks at nothing there */
    _Atomic(int) thread_id;               /* 0: nobody's */
    _Atomic(int) signal;                  /* of the innermost run's guard */
    _Atomic(uint64_t) due;     /* when the watchdog must look; meaningless in phase NONE, and while late */
    _Atomic(ln_run *) current; /* innermost run */
    bool alerted;              /* the watchdog's own: at its last look it was due */
    bool marked;               /* likewise: `late` is sure to be seen */
    /* The owning thread's alone from here. */
    uintptr_t stack_low, stack_high; /* 0, 0: unknown */
    ln_os_anchor clock;              /* by which its runs are timed */
    uint64_t ready;                  /* signals unblocked on this thread */
    uint64_t blocked;                /* what the thread blocks while the VM runs */
    uint32_t strange;                /* looks in a row at which it blocked something else */
    ln_end returning;                /* what the run ends for at its landing (leave.c) */
    void *signal_stack;              /* ours; NULL: none, or the thread has its own */
    ln_slot *next;                   /* fixed once listed */
};

/* The calling thread's slot, NULL before its first run. Async-signal-safe. */
extern LN_THREAD_LOCAL ln_slot *ln_slot_own;

/* Gives the thread its slot; NULL when there is no memory or no key. */
ln_slot *ln_slot_claim(void);

/* Makes the thread fit to receive these signals: unblocks them and sees to a signal stack. */
bool ln_slot_ready(ln_slot *slot, uint64_t signals);

/* All slots ever made, latest first. Async-signal-safe. */
ln_slot *ln_slot_first(void);

/* Sends the slot's thread its guard's signal; the thread, if it is about to end, waits until that is done.
 * The watchdog thread only. */
void ln_slot_send(ln_slot *slot);

/* In the child after a fork: only the calling thread's slot has an owner. */
void ln_slot_forked(void);

/* What marks a signal as sent by ln_slot_send(). */
void *ln_slot_cookie(void);

#endif
