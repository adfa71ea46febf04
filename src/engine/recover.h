/* What becomes of a run that failed: the host is told, it may be run again, or something else stands in for its results. */
#ifndef LN_ENGINE_RECOVER_H
#define LN_ENGINE_RECOVER_H

#include "engine/engine.h"

/* OK, INVALID_ARGUMENT, STALE, put into words for `function`. */
lunette_status ln_recover_check(const lunette_context *context, const lunette_run_options *options,
                                const char *function);

/* Whether a run that ended with `status` is to be run again after `done` attempts. */
bool ln_recover_again(const lunette_run_options *options, lunette_status status, unsigned done);

/* Tells the host of a failed attempt, of which the context has the error. */
void ln_recover_tell(lunette_context *context, const lunette_run_options *options);

/* A run waits: what is to become of it should it fail when it is resumed. Without memory for that it is given up:
 * NO_MEMORY; else OK. */
lunette_status ln_recover_keep(lunette_context *context, const lunette_run_options *options);

/* What was kept is not needed any more. */
void ln_recover_drop(lunette_context *context);

/* The answer of a run that ended with a positive status: that, or OK with what stands in for the results; NO_MEMORY. */
lunette_status ln_recover(const lunette_run_options *options, lunette_status status, lunette_value **results);

#endif
