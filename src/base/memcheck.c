#include "base/memcheck.h"

#if LN_MEMCHECK
static LN_THREAD_LOCAL bool is_off;

/* valgrind counts, and stops at 0: so a kill between the two steps does no harm either. */
void ln_memcheck_report(bool on) {
    if (is_off != on)
        return;
    is_off = !on;
    if (on)
        VALGRIND_ENABLE_ERROR_REPORTING;
    else
        VALGRIND_DISABLE_ERROR_REPORTING;
}
#endif
