/* Tenants, as the rest of this room sees them. */
#ifndef LN_ENGINE_TENANT_H
#define LN_ENGINE_TENANT_H

#include "engine/usage.h"

struct lunette_engine;
struct lunette_context;

/* A copy of the limits in force now; complete. */
void ln_tenant_limits(const lunette_tenant *tenant, lunette_limits *limits);

/* As a context of the tenant's is given back: what it counted becomes the tenant's, and it is nobody's. */
void ln_tenant_leave(struct lunette_context *context);

/* Adds what was counted for the tenant; for the whole engine, whatever is gone or was nobody's included. With `people`
 * locked. */
void ln_tenant_total(const lunette_tenant *tenant, ln_usage_total *total);
void ln_engine_total(const struct lunette_engine *engine, ln_usage_total *total);

/* The next tenant in the engine's list, from the first: NULL. With `people` locked. */
const lunette_tenant *ln_tenant_next(const struct lunette_engine *engine, const lunette_tenant *tenant);

#endif
