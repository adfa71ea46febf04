/* How a run ended, told to people (standard error), to programs (JSON) and to the shell (exit status). */
#ifndef REPORT_H
#define REPORT_H

#include "options.h"
#include "text.h"

/* The exit status that stands for an outcome. */
tool_exit report_exit(lunette_status status);

/* The place, the message and the trace, as lines for standard error. `chunk` names the script where the error
 * does not; `limits` are those in force. */
void report_describe(text *to, const char *chunk, lunette_status status, const lunette_error *error,
                     const options *limits);

/* The same, written there. Returns report_exit(status). */
tool_exit report_error(const char *chunk, lunette_status status, const lunette_error *error,
                       const options *limits);

/* A call of the library was refused (a negative status): says why, on standard error and in JSON if asked for.
 * `what`: the script's name, or NULL. To be called before the thread's next call of the library. */
tool_exit report_refusal(const options *from, const char *what, lunette_status status);

/* One JSON object for something that did not come to a run. */
void report_json_refusal(lunette_status status, const char *message);

#endif
