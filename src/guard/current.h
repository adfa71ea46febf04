/* The run of this thread, for code that the VM calls so often that a function call would show: one load of a
 * thread-local variable, and one through it. */
#ifndef LN_GUARD_CURRENT_H
#define LN_GUARD_CURRENT_H

#include "guard/guard.h"
#include "guard/slot.h"

/* What ln_run_current() gives, where it is known that a run of this thread is executing. */
LN_INLINE ln_run *ln_run_here(void) {
    return atomic_load_explicit(&ln_slot_own->current, memory_order_relaxed);
}

#endif
