/* What went wrong, noted while the run is still going: on the C stack of whoever entered the VM, so that it
 * outlives a kill, and without any allocation, so that it works when memory is what went wrong.
 *
 * Texts are copied into one buffer and referred to by their offset; offset 0 is the empty text. One that does
 * not fit is cut and ends in "…". */
#ifndef LN_LUA_REPORT_H
#define LN_LUA_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lunette/error.h"

struct lua_State;

enum { LN_REPORT_FRAMES = 32, LN_REPORT_INNER = 22, LN_REPORT_TEXT = 5120, LN_REPORT_MESSAGE = 1000 };

typedef struct ln_report {
    bool has_message;
    bool has_trace;
    uint16_t message;
    uint16_t chunk; /* 0: not known */
    int line;       /* 0: not known */
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

/* Notes the call stack of L from `level` on, and with a message of Lua's form "chunk:line: text" takes the
 * place off it. `entered_by_host`: the outermost level is the room's own and left out. Never raises, never
 * allocates: may be called from the allocator and from hooks. */
void ln_report_trace(ln_report *report, struct lua_State *L, int level, bool entered_by_host);

/* The message handler of every run: notes message and trace, returns the error value unchanged. May raise. */
int ln_report_on_error(struct lua_State *L);

/* Notes a syntax error's message, "chunk:line: text" with the chunk as Lua shortens `name`. */
void ln_report_syntax(ln_report *report, const char *name, const char *text, size_t size);

/* The error object for a report, one block from malloc; `value` becomes the error's. On no memory, a static
 * object that says so. */
lunette_error *ln_report_error(const ln_report *report, lunette_status code, lunette_value *value);

/* Frees what ln_report_error() gave, and nulls the pointer. */
void ln_report_error_free(lunette_error **error);

#endif
