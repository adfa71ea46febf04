/** @file
 * A script that is parsed once and run often. lunette_context_run() keeps the scripts it sees again in a cache of the
 * engine's by itself; a handle spares it the look-up, and tells of syntax errors before anyone runs anything. */
#ifndef LUNETTE_SCRIPT_H
#define LUNETTE_SCRIPT_H

#include "lunette/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lunette_script lunette_script;

/** Compiles a text; `name` and `size` as in lunette_context_run(). The handle can be run in every context of the engine,
 * by any number of threads at once. *script is then the caller's, to be closed.
 * OK; SYNTAX_ERROR, MEMORY_LIMIT, TIME_LIMIT (lunette_last_failure() says more; the engine's limits hold);
 * INVALID_ARGUMENT, and what lunette_context_acquire() answers, for a context is borrowed. Any thread. */
LUNETTE_API lunette_status lunette_script_compile(lunette_engine *engine, const char *name, const char *text,
                                                  size_t size, lunette_script **script);

/** The same for a file's text, which is called by its path in errors; as lunette_context_run_file() reads it. Also
 * NOT_FOUND, SYSTEM. */
LUNETTE_API lunette_status lunette_script_compile_file(lunette_engine *engine, const char *path,
                                                       lunette_script **script);

/** Closes a script and sets the pointer to NULL; NULL and a pointer to NULL are allowed. Runs of it that are going on
 * in other threads are not disturbed. Any thread. */
LUNETTE_API void lunette_script_close(lunette_script **script);

/** Like lunette_context_run(). INVALID_ARGUMENT: also for a script of another engine. */
LUNETTE_API lunette_status lunette_context_run_script(lunette_context *context, const lunette_script *script,
                                                      const lunette_run_options *options,
                                                      lunette_value **results);

#ifdef __cplusplus
}
#endif

#endif
