/* One thread for all guards of the process. It sleeps until the earliest moment at which a running thread is
 * due, and while nothing runs it sleeps for good.
 *
 * No lock and no system call on the usual way into a run. A run stores its slot's due and phase, and reads
 * wake_at; the watchdog stores wake_at, and reads the slots once more before it sleeps. Both pairs are
 * sequentially consistent, so at least one of the two sees the other's store (Dekker's argument): either the
 * run finds that the watchdog would sleep past it and wakes it, or the watchdog finds the run. A run that
 * ends in time stores only its phase; the watchdog then wakes once at the old due, for nothing, and finds
 * the due of whatever runs by then. Under a steady load of short runs that is one wake per budget, whatever
 * the number of runs.
 *
 * A thread that is due is signalled until it has left its run, or moved its due: what the signal finds
 * there may not be a place to leave from (handler.c). A thread in a host section is not signalled, because
 * that would interrupt the host's sleeping system calls; it is marked as late, and looks at its budget at the end
 * of the section. From then on the slot is not looked at: the thread itself sets a new due when it goes on.
 *
 * That the mark is seen is Dekker's argument again, but one of its sides is every host section, and must not pay for a
 * barrier. The thread stores its phase and then reads the mark, with nothing but the compiler kept from exchanging the
 * two. The watchdog stores the mark, makes the kernel put a barrier between some two instructions of every running
 * thread (membarrier; as liburcu and the safepoints of Java machines do), and reads the phase at its next look. If the
 * thread's barrier came before its reading of the mark, it sees it. If it came after, the phase was stored before the
 * barrier, and the next look finds the thread running, and due. A thread that is not running has passed a barrier when
 * it was put aside. Where the kernel refuses, a late section is looked at again and again, as if it were running: its
 * phase becomes visible sooner or later. */
#include "guard/watchdog.h"

#include "base/os.h"
#include "guard/slot.h"

enum {
    /* Between two signals to a thread that could not leave, from LN_WATCHDOG_RETRY_NS up: a quarter of the time it is
     * late already... */
    RETRY_SHARE = 4,
    RETRY_MAX_NS = 100 * 1000,
    /* ...but one that has been late for long is not worth a tenth of a processor. */
    LONG_SHARE = 1000,
    LONG_MAX_NS = 1000 * 1000,
};

ln_watchdog_state ln_watchdog = {.wake_at = LN_NEVER};

/* Guards everything below; held across a fork, so that the child finds it whole. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static unsigned guards;
static _Atomic(bool) stop;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static bool fork_watched;

/* --- The thread --------------------------------------------------------------------------------------------- */

static uint64_t between(uint64_t low, uint64_t value, uint64_t high) {
    return value < low ? low : value > high ? high : value;
}

static uint64_t retry_after(uint64_t late) {
    uint64_t soon = between(LN_WATCHDOG_RETRY_NS, late / RETRY_SHARE, RETRY_MAX_NS);
    uint64_t patient = between(0, late / LONG_SHARE, LONG_MAX_NS);
    return soon > patient ? soon : patient;
}

/* When the slot must be looked at: 0 is now. */
static uint64_t slot_due(ln_slot *slot) {
    uint32_t phase = atomic_load(&slot->phase);
    if (phase == LN_PHASE_NONE || phase == LN_PHASE_HOOKED || phase == LN_PHASE_HOOKED_HOST)
        return LN_NEVER;
    if (phase == LN_PHASE_HOST && slot->marked && atomic_load(&slot->late))
        return LN_NEVER;
    return atomic_load(&slot->poke) ? 0 : atomic_load(&slot->due);
}

static void slot_alert(ln_slot *slot) {
    uint32_t phase = atomic_load(&slot->phase);
    if (phase == LN_PHASE_HOST) {
        atomic_store(&slot->late, true);
        slot->marked = ln_os_barrier_everywhere();
    } else if (phase == LN_PHASE_RUN && !atomic_load(&slot->handling)) {
        ln_slot_send(slot);
    }
}

/* Alerts whoever is due; gives the next moment to look. */
static uint64_t slots_look(uint64_t now) {
    uint64_t next = LN_NEVER;
    for (ln_slot *slot = ln_slot_first(); slot != NULL; slot = slot->next) {
        uint64_t due = slot_due(slot);
        slot->alerted = due <= now;
        if (slot->alerted) {
            slot_alert(slot);
            due = now + retry_after(due == 0 ? 0 : now - due);
        }
        if (due < next)
            next = due;
    }
    return next;
}

/* The second half of Dekker's argument. Those just alerted may be due still: their retry is in `next`. */
static bool slots_missed(uint64_t next) {
    for (ln_slot *slot = ln_slot_first(); slot != NULL; slot = slot->next) {
        if (slot_due(slot) < next && !slot->alerted)
            return true;
    }
    return false;
}

static void *watchdog_main(void *ud) {
    (void)ud;
    for (;;) {
        uint32_t ticket = atomic_load(&ln_watchdog.ticket);
        if (atomic_load(&stop))
            return NULL;
        uint64_t now = ln_os_now();
        uint64_t next = slots_look(now);
        atomic_store(&ln_watchdog.wake_at, next);
        if (!slots_missed(next))
            ln_os_wait(&ln_watchdog.ticket, ticket, next);
    }
}

void ln_watchdog_wake(void) {
    atomic_fetch_add(&ln_watchdog.ticket, 1);
    ln_os_wake(&ln_watchdog.ticket);
}

/* --- Starting and ending it --------------------------------------------------------------------------------- */

static void before_fork(void) {
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void) {
    pthread_mutex_unlock(&lock);
}

/* The child has this thread only. Its watchdog starts again when a run needs it. */
static void after_fork_in_child(void) {
    atomic_store(&ln_watchdog.running, false);
    atomic_store(&ln_watchdog.wake_at, LN_NEVER);
    ln_slot_forked();
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void) {
    fork_watched = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}

bool ln_watchdog_hold(void) {
    pthread_once(&fork_once, watch_forks);
    if (!fork_watched)
        return false;
    pthread_mutex_lock(&lock);
    guards++;
    pthread_mutex_unlock(&lock);
    return true;
}

bool ln_watchdog_start(void) {
    pthread_mutex_lock(&lock);
    bool running = atomic_load(&ln_watchdog.running);
    if (!running) {
        atomic_store(&stop, false);
        running = ln_os_thread_start(&thread, "lunette-guard", watchdog_main, NULL);
        atomic_store(&ln_watchdog.running, running);
    }
    pthread_mutex_unlock(&lock);
    return running;
}

static void watchdog_stop(void) {
    atomic_store(&stop, true);
    ln_watchdog_wake();
    pthread_join(thread, NULL);
    atomic_store(&ln_watchdog.running, false);
    atomic_store(&ln_watchdog.wake_at, LN_NEVER);
}

void ln_watchdog_release(void) {
    pthread_mutex_lock(&lock);
    if (--guards == 0 && atomic_load(&ln_watchdog.running))
        watchdog_stop();
    pthread_mutex_unlock(&lock);
}
