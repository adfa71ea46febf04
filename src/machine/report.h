/* What went wrong, noted while the run is still going: on the C stack of whoever entered the VM, so that it
 * outlives a kill, and without any allocation, so that it works when memory is what went wrong.
 *
 * Texts are copied into one buffer and referred to by their offset; offset 0 is the empty text. One that does
 * not fit is cut and ends in "…". */
#ifndef LN_MACHINE_REPORT_H
#define LN_MACHINE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/error.h"

enum {
    LN_REPORT_FRAMES = 32,
    LN_REPORT_TEXT = 5120,
    LN_REPORT_MESSAGE = 1000,
    LN_REPORT_CHUNK = 200,
    LN_REPORT_FUNCTION = 96
};

typedef struct ln_report {
    bool has_message;
    bool has_trace;
    uint16_t message;
    uint16_t chunk; /* 0: not known */
    int line;       /* 0: not known */
    int column;     /* likewise */
    lunette_error_kind kind;
    unsigned frame_count;
    size_t left_out;
    struct {
        uint16_t function, chunk;
        int line;
        bool native;
    } frames[LN_REPORT_FRAMES];
    size_t used;
    char text[LN_REPORT_TEXT];
} ln_report;

void ln_report_init(ln_report *report);

/* Sets the message, cut at LN_REPORT_MESSAGE bytes; zero bytes become spaces. */
void ln_report_message(ln_report *report, const char *text, size_t size);

/* Where it happened: the chunk's name as the host gave it, and the line, 0 where that is not known. */
void ln_report_place(ln_report *report, const char *chunk, int line);

/* A trace is to follow, innermost frame first; what was there, and the place, is forgotten. */
void ln_report_begin_frames(ln_report *report);

/* One frame more; counted as left out where there is no room. None of these allocates or raises: they may be called
 * from the allocator and from hooks. */
void ln_report_frame(ln_report *report, const char *function, const char *chunk, int line, bool native);

/* Where it happened is where this frame is. */
void ln_report_place_of_frame(ln_report *report, unsigned frame);

/* The error object for a report, one block from malloc; `value` becomes the error's. On no memory, a static
 * object that says so. */
lunette_error *ln_report_error(const ln_report *report, lunette_status code, lunette_value *value);

/* Frees what ln_report_error() gave, and nulls the pointer. */
void ln_report_error_free(lunette_error **error);

#endif
