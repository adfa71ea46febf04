/* The backends that engines can have, by name. */
#ifndef LN_ENGINE_REGISTRY_H
#define LN_ENGINE_REGISTRY_H

#include "lunette/backend.h"

/* What is there without being registered (builtin.c). */
const lunette_backend *ln_builtin_backend(void);

/* The backend of that name (NULL: the default), which is not unregistered until it is let go. NOT_FOUND. */
lunette_status ln_registry_take(const char *name, const lunette_backend **backend);

/* NULL is allowed. */
void ln_registry_let_go(const lunette_backend *backend);

#endif
