/* Walking the stack of interrupted code by its unwind tables, in a signal handler: no locks, no memory,
 * nothing but loads from the tables and from the thread's own stack. x86-64. */
#ifndef LN_GUARD_UNWIND_H
#define LN_GUARD_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/os_guard.h"

typedef struct ln_frame {
    uintptr_t instruction; /* the next to be executed in this frame */
    bool called;           /* it follows a call, so the frame is that of the instruction before it */
    uintptr_t registers[LN_OS_REGISTERS];
    uintptr_t stack_low, stack_high; /* of the thread: nothing else is read */
} ln_frame;

/* Makes `frame` its caller's. `table` is the .eh_frame_hdr of the object that holds the frame's instruction;
 * `*return_at` is where on the stack its return address lies. False: the tables do not say, or say something
 * that is not supported here; the frame is then in any state. Async-signal-safe. */
bool ln_unwind_step(const void *table, ln_frame *frame, uintptr_t *return_at);

#endif
