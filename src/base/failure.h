/* Why a call was refused, in words, for lunette_last_failure(): one text a thread, set where the refusal is
 * decided. */
#ifndef LN_BASE_FAILURE_H
#define LN_BASE_FAILURE_H

#include "base/compiler.h"
#include "lunette/status.h"

/* Sets the thread's text and returns `status`. The text is cut at the size of its buffer. */
LN_PRINTF(2, 3) lunette_status ln_failure(lunette_status status, const char *format, ...);

/* The same with the status's own sentence, for what needs no more words. OK sets nothing. */
lunette_status ln_failure_plain(lunette_status status, const char *function);

/* INVALID_ARGUMENT, because an argument is NULL that must not be; because of what is in a value. */
lunette_status ln_failure_null(const char *function);
lunette_status ln_failure_value(const char *function);

#endif
