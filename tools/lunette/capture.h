/* Standard output, caught: at level none a script writes to file descriptor 1 itself (io.write, os.execute), and
 * with --json that belongs into the record, in order with what print wrote. So the descriptor leads to a file in
 * memory meanwhile. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "text.h"
#include "tool.h"

typedef struct capture {
    int saved; /* the real standard output; -1: nothing is being captured */
    int file;
} capture;

/* TOOL_OK, or TOOL_SYSTEM after a complaint. */
tool_exit capture_begin(capture *which);

/* Standard output as it was; what was written meanwhile is added to `to` (NULL: dropped). */
tool_exit capture_end(capture *which, text *to);

#endif
