/* A module that the host describes, read from structs of whatever version: what goes on from here, to a backend above all, is
 * complete, the structs of its types too, so that nobody else looks at their sizes. Texts and lists of functions and
 * constants stay the host's. */
#ifndef LN_ENGINE_MODULES_H
#define LN_ENGINE_MODULES_H

#include "base/tree.h"
#include "lunette/module.h"

/* Types are copied into the tree; one that is NULL stays so, and so does a list that is. INVALID_ARGUMENT, UNSUPPORTED,
 * NO_MEMORY, with words. */
lunette_status ln_module_read(const lunette_module *given, ln_tree *memory, lunette_module *module);

/* One type, as the calls about objects name it. NULL: INVALID_ARGUMENT, as of one without a name. */
lunette_status ln_class_read(const lunette_class *given, const char *function, lunette_class *type);

#endif
