/* lunette batch, in three parts: batch.c knows the command line and the files, workers.c runs, tally.c counts and
 * tells. What they share is here.
 *
 * A run is a number from 0 to script_count × repeat; run r is of script r mod script_count, so that a batch that is
 * stopped has run each script about as often as the others. Each run has its own place in `samples`, which whoever
 * runs it writes to and nobody else, so no lock is needed while scripts run. */
#ifndef BATCH_H
#define BATCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "options.h"
#include "source.h"
#include "text.h"

typedef struct batch_script {
    const char *path;
    source text;
    uint32_t expected; /* with --expect: bit s is set if the status s will do; 0: it has no such line */
    _Atomic uint64_t peak, committed, output_bytes; /* highest, highest, of all runs together */
    text shown;                                     /* with --show-output: what the first run printed */
    uint64_t shown_more;                            /* bytes of it that were not kept */
} batch_script;

typedef struct batch {
    const options *from;
    lunette_engine *engine;
    path_list paths;
    batch_script *scripts;
    size_t script_count;
    uint64_t total;
    uint64_t *samples; /* of script s and its run k, at s × repeat + k: see sample_of() */
    unsigned worker_count;
    uint64_t elapsed_ns;
    bool interrupted;
    lunette_status failure; /* the first call that was refused, and why; OK: none */
    char failure_text[256];
} batch;

/* A sample: 0 while the run has not happened, else its wall time (at least 1 ns, at most two years) and its status. */
static inline uint64_t sample_of(uint64_t wall_ns, lunette_status status) {
    return (wall_ns == 0 ? 1 : wall_ns) << 8 | (uint8_t)(int)status;
}
static inline uint64_t sample_wall(uint64_t sample) {
    return sample >> 8;
}
static inline lunette_status sample_status(uint64_t sample) {
    return (lunette_status)(int8_t)(uint8_t)sample;
}

/* Runs everything. TOOL_OK, also when interrupted or when it ended early for a `failure`; another after a complaint
 * (in JSON too if asked for) when it could not begin. */
tool_exit workers_run(batch *all);

/* Prints the table or the record, and what --expect found. The exit status of the batch. */
tool_exit tally_report(const batch *all);

#endif
