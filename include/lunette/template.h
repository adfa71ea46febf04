/* A template: the state that contexts start from. Every engine has one of its own, made of its configuration;
 * a host that serves customers with different libraries opens one for each. All functions here may be called
 * from any thread, also while contexts of the same engine run. */
#ifndef LUNETTE_TEMPLATE_H
#define LUNETTE_TEMPLATE_H

#include "lunette/config.h"
#include "lunette/engine.h"
#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a template: the engine's library, and on top of it its `preload` modules, run once, here, in the order
 * given. What a module returns is what `require` of its name gives; globals that it sets are there as well.
 * They run under the engine's memory limit and sandbox, without a deadline: they are the host's own.
 * OK; SYNTAX_ERROR, RUNTIME_ERROR, MEMORY_LIMIT (lunette_last_failure() says where in which module);
 * INVALID_ARGUMENT, NO_MEMORY, SYSTEM. *out is then the caller's, to be closed. */
LUNETTE_API lunette_status lunette_template_open(lunette_engine *engine, const lunette_preload *preload,
                                                 size_t preload_count, lunette_template **out);

/* Closes a template and sets the pointer to NULL. Contexts that were acquired from it finish on it: it goes with
 * the last of them. NULL and a pointer to NULL are allowed. To replace a template, open the new one, hand it to
 * whoever acquires, and close the old one. */
LUNETTE_API void lunette_template_close(lunette_template **out);

/* Bytes that every context of this template starts with, and that a reset restores. 0 for NULL. */
LUNETTE_API size_t lunette_template_size(const lunette_template *of);

#ifdef __cplusplus
}
#endif

#endif
