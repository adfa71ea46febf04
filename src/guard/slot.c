/* Slots and their threads: claiming, handing on, and what a fork leaves of them. The one thing that must never
 * happen is a signal to a thread that is no longer the slot's; `sending` below sees to that. */
#include "guard/slot.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

LN_THREAD_LOCAL ln_slot *ln_slot_own;

static _Atomic(ln_slot *) slots;
/* The slot whose thread id the watchdog is using: a hazard pointer of one. The thread withdraws its id,
 * then waits until the watchdog is not using the slot; so no signal goes to a number that may by then be
 * another thread's. */
static _Atomic(ln_slot *) sending;

static pthread_key_t slot_key;
static pthread_once_t slot_key_once = PTHREAD_ONCE_INIT;
static bool slot_key_made;

void *ln_slot_cookie(void) {
    return &sending;
}

ln_slot *ln_slot_first(void) {
    return atomic_load(&slots);
}

/* All but the thread: also what a thread leaves that ended in the middle of a run (pthread_exit in a host
 * section). */
static void slot_clear(ln_slot *slot) {
    slot->signal_stack = NULL;
    slot->ready = 0;
    atomic_store(&slot->phase, LN_PHASE_NONE);
    atomic_store(&slot->handling, false);
    atomic_store(&slot->late, false);
    atomic_store(&slot->poke, false);
    atomic_store(&slot->signal, 0);
    atomic_store(&slot->current, NULL);
}

/* A thread's end. Destructors of the host's that come later may run scripts again: then the thread claims a
 * slot again, and this is called again. */
static void slot_release(void *ud) {
    ln_slot *slot = ud;
    ln_slot_own = NULL;
    if (slot->signal_stack != NULL)
        ln_os_signal_stack_close(slot->signal_stack, true);
    slot_clear(slot);
    atomic_store(&slot->thread_id, -1);
    while (atomic_load(&sending) == slot)
        sched_yield();
    atomic_store(&slot->thread_id, 0); /* from here on another thread may claim it, and finds it as new */
}

static void slot_make_key(void) {
    slot_key_made = pthread_key_create(&slot_key, slot_release) == 0;
}

static ln_slot *slot_reuse(int thread_id) {
    for (ln_slot *slot = ln_slot_first(); slot != NULL; slot = slot->next) {
        int nobody = 0;
        if (atomic_compare_exchange_strong(&slot->thread_id, &nobody, thread_id))
            return slot;
    }
    return NULL;
}

static ln_slot *slot_make(int thread_id) {
    ln_slot *slot = aligned_alloc(_Alignof(ln_slot), sizeof *slot);
    if (slot == NULL)
        return NULL;
    memset(slot, 0, sizeof *slot);
    atomic_init(&slot->thread_id, thread_id);
    atomic_init(&slot->due, LN_NEVER);
    slot->next = atomic_load(&slots);
    while (!atomic_compare_exchange_weak(&slots, &slot->next, slot))
        ;
    return slot;
}

ln_slot *ln_slot_claim(void) {
    pthread_once(&slot_key_once, slot_make_key);
    if (!slot_key_made)
        return NULL;
    int thread_id = ln_os_thread_id();
    ln_slot *slot = slot_reuse(thread_id);
    if (slot == NULL)
        slot = slot_make(thread_id);
    if (slot == NULL)
        return NULL;
    if (pthread_setspecific(slot_key, slot) != 0) {
        atomic_store(&slot->thread_id, 0);
        return NULL;
    }
    if (!ln_os_stack_bounds(&slot->stack_low, &slot->stack_high))
        slot->stack_low = slot->stack_high = 0;
    ln_slot_own = slot;
    return slot;
}

bool ln_slot_ready(ln_slot *slot, uint64_t signals) {
    bool failed = false;
    if (slot->ready == 0 && slot->signal_stack == NULL)
        slot->signal_stack = ln_os_signal_stack_open(&failed);
    if (failed)
        return false;
    slot->blocked = ln_os_signals_unblock(signals);
    slot->strange = 0;
    slot->ready |= signals;
    return true;
}

void ln_slot_send(ln_slot *slot) {
    atomic_store(&sending, slot);
    int thread_id = atomic_load(&slot->thread_id);
    int number = atomic_load(&slot->signal);
    if (thread_id > 0 && number > 0)
        ln_os_signal_send(thread_id, number, ln_slot_cookie());
    atomic_store(&sending, NULL);
}

/* A run that the fork cut off in a host section goes on in the child, where no watchdog has looked at it. */
static void slot_forked_own(ln_slot *slot) {
    atomic_store(&slot->thread_id, ln_os_thread_id());
    atomic_store(&slot->late, true);
}

static void slot_forked_other(ln_slot *slot) {
    if (slot->signal_stack != NULL)
        ln_os_signal_stack_close(slot->signal_stack, false);
    slot_clear(slot);
    atomic_store(&slot->thread_id, 0);
}

void ln_slot_forked(void) {
    atomic_store(&sending, NULL);
    for (ln_slot *slot = ln_slot_first(); slot != NULL; slot = slot->next) {
        if (slot == ln_slot_own)
            slot_forked_own(slot);
        else
            slot_forked_other(slot);
    }
}
