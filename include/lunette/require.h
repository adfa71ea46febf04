/** @file
 * How `require` finds modules that are neither Lua's own nor made of the host's functions: texts that the host has given, and
 * a function of the host's that is asked for others. It looks, in this order, among
 *
 *   1. what the context has already: Lua's libraries, the host's modules, preloaded modules, what was required before;
 *   2. the host's lazy modules (module.h);
 *   3. the files given here, by the search path: `require "shop.prices"` is shop/prices.lua or shop/prices/init.lua;
 *   4. what the resolver answers.
 *
 * A module's text runs once in a context, when it is first required; what it returns is what `require` gives from then on,
 * until the context is reset. Its arguments are its name and where it was found, as in Lua. Compiled, it is kept in the
 * engine's cache (config.script_cache), so that no text is parsed again and again. An error names all that was tried; a
 * module that requires itself, by way of others too, is an error that shows how. At sandbox level none Lua's own `require`
 * finds these things as well, by package.preload and package.searchers: files given here before those on disk, the resolver
 * last. */
#ifndef LUNETTE_REQUIRE_H
#define LUNETTE_REQUIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lunette/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A module's text, as a file that is nowhere on disk. All zero but what is given. */
typedef struct lunette_file {
    /** "shop/prices.lua": up to 1,023 bytes, compared as they are. In errors, too. No two are the same. */
    const char *path;
    const char *text;
    size_t text_size;        /**< bytes; SIZE_MAX: the text ends with a zero byte */
    const char *description; /**< for lunette_template_describe(); or NULL */
    void *reserved[2];       /**< NULL */
} lunette_file;

/** lunette_require_config_default() adds nothing. All of it is copied, but for what resolver_ud points at, which must outlive
 * every context of the template. */
typedef struct lunette_require_config {
    size_t size; /**< sizeof(lunette_require_config) */

    const lunette_file *files;
    size_t file_count;
    /** Patterns with ';' between them, of up to 1,023 bytes each, in which '?' stands for the module's
     * name with '/' for its dots; default NULL: "?.lua;?/init.lua". */
    const char *search_path;

    /** Is asked for a module that nothing else has: a function of the host's like any other (module.h), with all that such
     * a one may call but lunette_call_suspend() (the module's text may wait, when it runs), on the thread that runs the
     * script and on its budget. Argument 1 is the name, a string without zero bytes; check it as you would any input. It
     * answers
     *   the module's text, a string: lunette_return_string(); and, if it likes, as a second result what errors are to call
     *     it ("@rules/vat.lua"; default: the module's name);
     *   nothing, or nil: it has no such module; and, if it likes, behind the nil a line for the error that says where it
     *     looked;
     *   an error, by returning one: lunette_call_fail().
     * While a template is built, preloaded modules can get here too. Default NULL: nobody is asked. */
    lunette_function_fn resolver;
    void *resolver_ud;

    /** The only modules that scripts get, by the names that they require: "shop.prices", or "shop.*" for all whose name begins
     * with "shop."; of others of the host's nothing is made, preloaded ones are not run, and requiring one is an error that
     * says so, whether there is one or not. Lua's own libraries are the sandbox's business, and modules without a name are
     * always there. Not for sandbox level none, which confines nothing. Default NULL: all; not NULL, with a count of 0:
     * none. */
    const char *const *allowed;
    size_t allowed_count;
} lunette_require_config;

static inline lunette_require_config lunette_require_config_default(void) {
    lunette_require_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    return config;
}

#ifdef __cplusplus
}
#endif

#endif
