/* Modules in Lua that a template's `require` finds beside the host's own: the texts that the host gave, by path; and which
 * names may be required at all. Copied once into the template's tree of host memory, and never changed; looking for a file
 * takes no memory and raises nothing. */
#ifndef LN_LUA_SOURCES_H
#define LN_LUA_SOURCES_H

#include "base/tree.h"
#include "lunette/require.h"

/* The longest path and pattern, its zero byte counted: what looking for one may take of the stack. */
enum { LN_PATH_ROOM = 1024 };

typedef struct ln_sources {
    const lunette_file *files; /* in the order of their paths */
    size_t count;
    const char *const *patterns; /* of the search path */
    size_t pattern_count;
    const char *const *allowed; /* NULL: all */
    size_t allowed_count;
} ln_sources;

/* `require` is complete, of this version's size; or NULL: there are none. `why` receives which field is wrong.
 * INVALID_ARGUMENT, NO_MEMORY. */
lunette_status ln_sources_open(const lunette_require_config *require, ln_tree *tree, ln_sources *sources,
                               char *why, size_t why_size);

/* The file that a module of that name is in; NULL: none. */
const lunette_file *ln_sources_find(const ln_sources *sources, const char *name);

/* Whether a script may have the module. */
bool ln_sources_allow(const ln_sources *sources, const char *name);

/* Writes the shortest name by which `require` finds that file; false: there is none. */
bool ln_sources_name(const ln_sources *sources, const lunette_file *file, char name[LN_PATH_ROOM]);

#endif
