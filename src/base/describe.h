/* Descriptions: what scripts can call, for people, for language models (Markdown) and for programs (JSON).
 *
 * All that is written comes from one place, the structs of lunette/module.h, so that what a script finds and what is told
 * about it cannot drift apart. Signatures are texts there ("item: string, count: integer?"); taken apart here, for JSON has
 * their parts by name. Calls malloc: for hosts, never for a run. */
#ifndef LN_BASE_DESCRIBE_H
#define LN_BASE_DESCRIBE_H

#include "base/text.h"
#include "lunette/engine.h"
#include "lunette/module.h"

/* What is described; views. Every list may be empty. */
typedef struct ln_description {
    const lunette_module *const *modules; /* complete, of this version's size */
    size_t module_count;
    const char *prefix; /* before the modules' names in `require`; NULL: none */
    /* Names of modules that nobody has described: in the language itself, and the like. */
    const char *const *sources;
    const char *const *source_descriptions; /* of each, or NULL; NULL: of none */
    size_t source_count;
    const lunette_name *const *library; /* of the language's own, those that are there */
    size_t library_count;
    /* Scripts cannot ask for modules: they have those that are global variables, or that the host imports. */
    bool no_require;
    bool resolves; /* other modules may be asked for as well: the host looks for them */
} ln_description;

/* *text is the caller's, to be freed by free(). OK, INVALID_ARGUMENT (a constant that is no value, a format that is none),
 * NO_MEMORY. */
lunette_status ln_describe(const ln_description *what, lunette_format format, char **text);

/* One module by itself, as above. */
lunette_status ln_describe_module(const lunette_module *module, lunette_format format, char **text);

/* A part of a signature. */
typedef struct ln_parameter {
    const char *name, *type; /* views, not zero-terminated; NULL: not told */
    size_t name_size, type_size;
    bool optional;
} ln_parameter;

/* Takes the next part off a list of parameters; or of results, of which one that has no colon is a type. False: there is
 * none left. A comma inside brackets separates nothing. */
bool ln_parameter_next(const char **list, bool results, ln_parameter *parameter);

#endif
