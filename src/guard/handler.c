/* What happens on the thread that runs the script, when a deadline's signal or a fault interrupts it. (Where it
 * may be left is leave.c's question.)
 *
 * The deadline's signal is blocked while its handler runs (a slow machine would nest them otherwise, until
 * the signal stack is full). The mask is put back just before the jump, so that neither the start nor the end
 * of a run needs a system call for it.
 *
 * A fault is the VM's if the interrupted instruction is the VM's, or the address is the run's own, in the
 * first page (a NULL that libc was handed), or around the end of the stack; and the kernel raised it, in the
 * running phase. Everything else is the host's, and goes to whoever was there before, or to the default
 * action, by returning to the instruction that faults: the core dump shows it unspoilt. */
#include "guard/handler.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/os.h"
#include "guard/leave.h"
#include "guard/run.h"
#include "guard/watchdog.h"

enum {
    /* How far from the end of its stack a function with a large frame may touch first. */
    STACK_REACH = 64 * 1024,
    SIGNALS = 64,
};

typedef struct handler {
    unsigned users;
    bool installed; /* maybe beneath another's that came later and calls ours */
    struct sigaction previous;
} handler;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static handler handlers[SIGNALS + 1];

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* --- Passing on --------------------------------------------------------------------------------------------- */

static bool ignored_by_default(int number) {
    return number == SIGURG || number == SIGCHLD || number == SIGWINCH || number == SIGCONT;
}

/* The default action ends the process: let it, with everything as it was. A fault comes again by itself. */
static void pass_to_default(int number, const siginfo_t *info) {
    if (ignored_by_default(number))
        return;
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
    if (info->si_code <= 0)
        ln_os_signal_again(info);
}

static void call_previous(const struct sigaction *action, int number, siginfo_t *info, void *context) {
    sigset_t during = action->sa_mask, before;
    if (!(action->sa_flags & SA_NODEFER))
        sigaddset(&during, number);
    pthread_sigmask(SIG_BLOCK, &during, &before);
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void pass_on(int number, siginfo_t *info, void *context) {
    struct sigaction *previous = &handlers[number].previous;
    struct sigaction action = *previous;
    bool is_function =
        (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (is_function) {
        if (action.sa_flags & (int)SA_RESETHAND)
            *previous = (struct sigaction){.sa_handler = SIG_DFL};
        call_previous(&action, number, info, context);
    } else if (action.sa_handler == SIG_DFL || info->si_code > 0) {
        pass_to_default(number, info); /* the kernel does not let a fault be ignored either */
    }
}

/* --- Deadlines ---------------------------------------------------------------------------------------------- */

/* Not where it can be left: due from then on until it has left, also when it was cancelled long before its deadline. The
 * watchdog may have looked since the poke was taken back, found nothing due, and gone to sleep. */
static void slot_keep_due(ln_slot *slot, uint64_t due) {
    if (due >= atomic_load(&slot->due))
        return;
    atomic_store(&slot->due, due);
    ln_watchdog_expect(due);
}

static void slot_look(ln_slot *slot, const void *context) {
    ln_run *run = atomic_load(&slot->current);
    atomic_store(&slot->poke, false);
    uint64_t now = ln_os_now();
    ln_end end = ln_run_look(run, now);
    if (end == LN_END_FINISHED || ln_run_probe_late(run)) {
        uint64_t due = end == LN_END_FINISHED ? ln_run_next_look(run, now) : now + LN_PROBE_LATE_NS;
        atomic_store(&slot->due, due);
        ln_watchdog_expect(due);
        return;
    }
    bool busy = run->busy != NULL && run->busy(run->busy_ud);
    if (!busy && ln_leave_from(slot, run, context, end) == LN_LEAVE_NOW) {
        ln_os_place_restore(context); /* a pending signal comes in there, and finds `handling` set */
        ln_run_end(run, end);
    }
    slot_keep_due(slot, now + LN_WATCHDOG_RETRY_NS);
}

static void on_deadline(int number, siginfo_t *info, void *context) {
    int kept = errno;
    ln_slot *slot = ln_slot_own;
    if (!ln_os_signal_is(info, ln_slot_cookie()))
        pass_on(number, info, context);
    uint32_t phase = slot != NULL ? atomic_load(&slot->phase) : LN_PHASE_NONE;
    if (phase == LN_PHASE_HOST) {
        atomic_store(&slot->late, true);
    } else if (phase == LN_PHASE_RUN && !atomic_load(&slot->handling)) {
        atomic_store(&slot->handling, true);
        slot_look(slot, context);
        atomic_store(&slot->handling, false);
    }
    errno = kept;
}

/* --- Faults ------------------------------------------------------------------------------------------------- */

static bool within(uintptr_t address, uintptr_t start, size_t size) {
    return address - start < size;
}

static bool address_is_vm(const ln_slot *slot, const ln_run *run, uintptr_t address) {
    return within(address, (uintptr_t)run->arena_start, run->arena_size) ||
           within(address, 0, ln_os_page_size()) ||
           (slot->stack_low != 0 && within(address, slot->stack_low - STACK_REACH, 2 * (size_t)STACK_REACH));
}

static bool fault_is_vm(const ln_slot *slot, const ln_run *run, const ln_fault *fault) {
    if (ln_os_code_find(run->guard->vm, run->guard->vm_count, fault->instruction) != NULL)
        return true;
    return (fault->signal == SIGSEGV || fault->signal == SIGBUS) && address_is_vm(slot, run, fault->address);
}

/* A fault while this asks is nobody's any more. */
static bool is_busy(ln_slot *slot, const ln_run *run) {
    if (run->busy == NULL)
        return false;
    uint32_t phase = atomic_exchange(&slot->phase, LN_PHASE_BUSY);
    bool busy = run->busy(run->busy_ud);
    atomic_store(&slot->phase, phase);
    return busy;
}

static bool in_vm(const ln_slot *slot) {
    uint32_t phase = atomic_load(&slot->phase);
    return phase == LN_PHASE_RUN || phase == LN_PHASE_HOOKED;
}

static void on_fault(int number, siginfo_t *info, void *context) {
    int kept = errno;
    ln_slot *slot = ln_slot_own;
    if (slot != NULL && in_vm(slot) && info->si_code > 0) {
        ln_run *run = atomic_load(&slot->current);
        ln_os_place place;
        ln_os_place_get(context, &place);
        ln_fault fault = {number, (uintptr_t)info->si_addr, place.instruction};
        if (run->guard->contain_faults && fault_is_vm(slot, run, &fault) && !is_busy(slot, run)) {
            run->fault = fault;
            /* A deadline that comes in now would leave from within this; the sanitizers' longjmp holds locks on its way. */
            atomic_store(&slot->handling, true);
            ln_os_place_restore(context);
            ln_run_end(run, LN_END_FAULT);
        }
    }
    errno = kept;
    /* A host's crash handler is not the VM: no deadline may leave it. */
    uint32_t phase = slot != NULL ? atomic_exchange(&slot->phase, LN_PHASE_NONE) : LN_PHASE_NONE;
    pass_on(number, info, context);
    if (slot != NULL)
        atomic_store(&slot->phase, phase);
}

/* --- Installing --------------------------------------------------------------------------------------------- */

uint64_t ln_handler_faults(void) {
    uint64_t signals = 0;
    for (size_t i = 0; i < LN_COUNT(fault_signals); i++)
        signals |= LN_SIGNAL_BIT(fault_signals[i]);
    return signals;
}

bool ln_handler_accepts(int number) {
    return number >= 1 && number <= SIGNALS && number != SIGKILL && number != SIGSTOP && number != SIGABRT &&
           number != SIGTRAP && !(ln_handler_faults() & LN_SIGNAL_BIT(number));
}

static struct sigaction our_action(int number) {
    bool fault = (ln_handler_faults() & LN_SIGNAL_BIT(number)) != 0;
    struct sigaction action = {
        .sa_sigaction = fault ? on_fault : on_deadline,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | (fault ? SA_NODEFER : 0),
    };
    sigemptyset(&action.sa_mask);
    return action;
}

/* The previous handler is known before ours can be called. One that was left installed beneath another's
 * stays where it is: on top of that it would be called twice. */
static bool handler_install(int number) {
    handler *entry = &handlers[number];
    struct sigaction action = our_action(number);
    if (entry->installed)
        return true;
    if (sigaction(number, NULL, &entry->previous) != 0 || sigaction(number, &action, NULL) != 0)
        return false;
    entry->installed = true;
    return true;
}

static void handler_remove(int number) {
    handler *entry = &handlers[number];
    struct sigaction now;
    if (sigaction(number, NULL, &now) != 0 || !(now.sa_flags & SA_SIGINFO) ||
        now.sa_sigaction != our_action(number).sa_sigaction)
        return;
    /* One of our signals may still be on its way to a thread, and must not end the process. */
    bool deadly = entry->previous.sa_handler == SIG_DFL && !ignored_by_default(number);
    if (deadly && !(ln_handler_faults() & LN_SIGNAL_BIT(number)))
        return;
    if (sigaction(number, &entry->previous, NULL) == 0)
        entry->installed = false;
}

static void handlers_drop(uint64_t signals) {
    for (int number = 1; number <= SIGNALS; number++) {
        if ((signals & LN_SIGNAL_BIT(number)) && --handlers[number].users == 0)
            handler_remove(number);
    }
}

bool ln_handler_hold(uint64_t signals) {
    uint64_t held = 0;
    pthread_mutex_lock(&lock);
    for (int number = 1; number <= SIGNALS; number++) {
        if (!(signals & LN_SIGNAL_BIT(number)))
            continue;
        if (handlers[number].users == 0 && !handler_install(number))
            break;
        handlers[number].users++;
        held |= LN_SIGNAL_BIT(number);
    }
    if (held != signals)
        handlers_drop(held);
    pthread_mutex_unlock(&lock);
    return held == signals;
}

void ln_handler_release(uint64_t signals) {
    pthread_mutex_lock(&lock);
    handlers_drop(signals);
    pthread_mutex_unlock(&lock);
}
