/* SIGINT and SIGTERM. See interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic(lunette_context *) to_cancel;
static volatile sig_atomic_t seen;
static bool ignore_late, session;

static void on_interrupt(int signal) {
    (void)signal;
    seen = 1;
    lunette_context *context = atomic_load(&to_cancel);
    if (context != NULL)
        lunette_context_cancel(context);
}

static void set_handler(int signal, void (*handler)(int), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void interrupt_arm(lunette_context *context) {
    seen = 0;
    atomic_store(&to_cancel, context);
    /* A second one meets the default. No SA_RESTART: a script of level none may be waiting in a read. */
    set_handler(SIGINT, on_interrupt, (int)SA_RESETHAND);
    if (!session)
        set_handler(SIGTERM, on_interrupt, (int)SA_RESETHAND);
}

/* Not ignored by SIG_IGN, which the programs that a script starts would inherit. */
void interrupt_disarm(void) {
    set_handler(SIGINT, ignore_late ? on_interrupt : SIG_DFL, 0);
    if (!session)
        set_handler(SIGTERM, SIG_DFL, 0);
    atomic_store(&to_cancel, NULL);
}

void interrupt_within_session(void) {
    session = true;
}

void interrupt_ignore_late(void) {
    ignore_late = true;
    interrupt_disarm();
}

bool interrupt_seen(void) {
    return seen != 0;
}
