/* SIGINT. See interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic(lunette_context *) to_cancel;
static volatile sig_atomic_t seen;

static void on_interrupt(int signal) {
    (void)signal;
    seen = 1;
    lunette_context *context = atomic_load(&to_cancel);
    if (context != NULL)
        lunette_context_cancel(context);
}

void interrupt_arm(lunette_context *context) {
    seen = 0;
    atomic_store(&to_cancel, context);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    /* A second one meets the default. No SA_RESTART: a script of level none may be waiting in a read. */
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void interrupt_disarm(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    atomic_store(&to_cancel, NULL);
}

bool interrupt_seen(void) {
    return seen != 0;
}
