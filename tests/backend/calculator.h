/* A calculator: the smallest language that has everything a backend must cope with. It is on public headers alone, and
 * docs/backend.md explains it.
 *
 *     total = 0            # numbers and variables; a1, a2, … are the arguments
 *     n = a1
 *     while n > 0          # any number but 0 is true
 *         total = total + n * n
 *         n = n - 1
 *     end
 *     print total
 *     return total
 *
 * Beside that: `push x` keeps a number for good, `drop` forgets all that were pushed, `rest x` lets the host sleep for so many
 * milliseconds, `hold` takes something of the host's, `crash` is a defect of the VM; and in expressions `random`. */
#ifndef TEST_BACKEND_CALCULATOR_H
#define TEST_BACKEND_CALCULATOR_H

#include <stdatomic.h>

#include "lunette/backend.h"

extern const lunette_backend calculator;

/* What scripts have of the host's now, and how often it was given back. */
extern atomic_int calculator_held, calculator_given_back;

#endif
