/** @file
 * What an operator watches, in the two forms that programs read. */
#ifndef LUNETTE_METRICS_H
#define LUNETTE_METRICS_H

#include "lunette/engine.h"
#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How they are written. */
typedef enum lunette_metrics_form {
    LUNETTE_METRICS_PROMETHEUS = 0, /**< text exposition format 0.0.4: counters, gauges and one histogram */
    LUNETTE_METRICS_JSON = 1        /**< one object: engine, pool, and an array of tenants */
} lunette_metrics_form;

/** Runs by outcome, their time as a histogram, memory, output, calls into the host; the pool; and runs, time and contexts
 * by tenant, under its name (a tenant's bytes that are not UTF-8 are replaced). *text is zero-terminated, the caller's,
 * to be freed with lunette_string_free(). Counting goes on meanwhile: numbers are of about the same moment.
 * OK, INVALID_ARGUMENT, NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_engine_metrics(lunette_engine *engine, lunette_metrics_form form,
                                                  char **text);

#ifdef __cplusplus
}
#endif

#endif
