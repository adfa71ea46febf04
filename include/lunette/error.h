/* What went wrong in a script, as the context keeps it until its next run, reset or release. */
#ifndef LUNETTE_ERROR_H
#define LUNETTE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "lunette/status.h"
#include "lunette/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One level of a trace, innermost first. */
typedef struct lunette_frame {
    const char *function; /* "price", "method 'add'", "main chunk", "?"; never NULL */
    const char *chunk;    /* the script's name as the host gave it; "[C]" for native code; never NULL */
    int line;             /* from 1; 0 where there is none */
    bool native;          /* a function of Lua's library or of the host */
} lunette_frame;

/* New fields are added at the end only; the library alone makes these objects. */
typedef struct lunette_error {
    lunette_status code; /* what the run returned */
    const char *message; /* without the place; zero-terminated, never NULL; at most 1,000 bytes, then "…" */
    const char *chunk;   /* where it happened, or NULL where that is not known */
    int line;            /* from 1; 0 where that is not known */
    const lunette_frame *frames; /* the trace; NULL when frame_count is 0 */
    size_t frame_count;
    size_t frames_left_out; /* levels between the innermost and the outermost ones kept. Of a very deep stack
                                 * only the innermost are kept, and this says how many more there are at least */
    const lunette_value *value; /* the script's own error value (converted raw, bounds cut), or NULL: there is
                                 * none, for limits and syntax errors */
} lunette_error;

/* Why the last call of this thread that returned a negative status did so: which argument, what was wrong
 * with it, what to do. Zero-terminated; "" when none failed; valid until this thread's next call. Any thread. */
LUNETTE_API const char *lunette_last_failure(void);

#ifdef __cplusplus
}
#endif

#endif
