/* The guard's signal handlers: installed once per signal for all guards, and gone with the last of them. */
#ifndef LN_GUARD_HANDLER_H
#define LN_GUARD_HANDLER_H

#include <stdbool.h>
#include <stdint.h>

/* Bit n - 1 for signal n. */
#define LN_SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))

/* SIGSEGV, SIGBUS, SIGFPE, SIGILL. */
uint64_t ln_handler_faults(void);

/* Can the guard use this signal for deadlines? */
bool ln_handler_accepts(int number);

/* One guard more, or less, uses these signals. Hold: all or, with false, none. */
bool ln_handler_hold(uint64_t signals);
void ln_handler_release(uint64_t signals);

#endif
