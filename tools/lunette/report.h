/* How a run ended, told to people (standard error), to programs (JSON) and to the shell (exit status). */
#ifndef REPORT_H
#define REPORT_H

#include "options.h"

/* The exit status that stands for an outcome. */
tool_exit report_exit(lunette_status status);

/* Writes the place, the message and the trace to standard error. `chunk` names the script where the error does not.
 * Returns report_exit(status). */
tool_exit report_error(const char *chunk, lunette_status status, const lunette_error *error);

/* A call of the library was refused (a negative status): says why, on standard error and in JSON if asked for.
 * `what`: the script's name, or NULL. To be called before the thread's next call of the library. */
tool_exit report_refusal(const options *from, const char *what, lunette_status status);

/* Memory is out: says so, in JSON too if asked for. Returns TOOL_SYSTEM. */
tool_exit report_no_memory(const options *from);

/* One JSON object for something that did not come to a run. `chunk`: the script's name, or NULL. Returns `exit_status`,
 * or TOOL_SYSTEM after a complaint if memory was out for it. */
tool_exit report_json_refusal(lunette_status status, const char *chunk, const char *message,
                              tool_exit exit_status);

#endif
