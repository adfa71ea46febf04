/* Modules as they are described, for the fuzzer `host`. */
#ifndef HOST_DESCRIBE_H
#define HOST_DESCRIBE_H

#include "host_world.h"

/* A module of any names, texts and values: what is said of it is JSON, and what a script finds. */
void describe_module(feed *from);

/* An error as a text and as JSON says the same. */
void describe_error(const lunette_error *error);

/* What is said of what a tenant may reach is just that. */
void describe_tenant(const tenant_world *of);

#endif
