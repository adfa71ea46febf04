/* An engine and one context of it, as a command line asked for them, printing to standard output. */
#ifndef SESSION_H
#define SESSION_H

#include "options.h"

typedef struct session {
    lunette_engine *engine;
    lunette_context *context;
} session;

/* TOOL_OK, or another after a complaint (in JSON too if asked for); nothing is then open. */
tool_exit session_open(session *to, const options *from);
void session_close(session *which);

/* Sends a script's warnings to standard error. */
void session_warning(void *ud, lunette_context *context, const char *bytes, size_t size, bool more);

/* Writes a line of the library to standard error, as the tool's own. */
void session_log(void *ud, const char *line);

#endif
