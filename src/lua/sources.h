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
    const char *const *left; /* in a narrower template, of those; NULL: all */
    size_t left_count;
} ln_sources;

/* `require` is complete, of this version's size; or NULL: there are none. `why` receives which field is wrong.
 * INVALID_ARGUMENT, NO_MEMORY. */
lunette_status ln_sources_open(const lunette_require_config *require, ln_tree *tree, ln_sources *sources,
                               char *why, size_t why_size);

/* The file that a module of that name is in; NULL: none. */
const lunette_file *ln_sources_find(const ln_sources *sources, const char *name);

/* Whether a script may have the module. (One without a name is there unless it was left out.) */
bool ln_sources_allow(const ln_sources *sources, const char *name);

/* The same of a preloaded one. Which of those are left is told where they are kept. */
bool ln_sources_allow_preloaded(const ln_sources *sources, const char *name);

/* Of what there is only these are left: names, copied into the narrower template's tree; NULL: all. NO_MEMORY. */
lunette_status ln_sources_narrow(ln_sources *sources, ln_tree *tree, const char *const *names, size_t count);

/* Writes the shortest name by which `require` finds that file; false: there is none. */
bool ln_sources_name(const ln_sources *sources, const lunette_file *file, char name[LN_PATH_ROOM]);

#endif
