/* Where an interrupted run can be left. */
#ifndef LN_GUARD_LEAVE_H
#define LN_GUARD_LEAVE_H

#include "guard/run.h"

typedef enum ln_leave {
    LN_LEAVE_NOW,    /* jump */
    LN_LEAVE_RETURN, /* the run ends by itself as soon as what the VM called returns */
    LN_LEAVE_LATER,  /* not here: try again */
} ln_leave;

/* `context` is the signal handler's; `end` is what the run is to be ended for. Async-signal-safe. */
ln_leave ln_leave_from(ln_slot *slot, const ln_run *run, const void *context, ln_end end);

#endif
