/* A script's text from a file, as `lua` reads it: a byte-order mark and a first line that begins with '#' are not part of
 * the program; line numbers stay those of the file. */
#ifndef LN_ENGINE_SOURCE_H
#define LN_ENGINE_SOURCE_H

#include <stddef.h>

#include "lunette/status.h"

typedef struct ln_source {
    char *bytes; /* the whole file */
    const char *text;
    size_t size;
} ln_source;

/* OK; NOT_FOUND, SYSTEM, NO_MEMORY, put into words for `function`. Nothing is to be freed unless the answer is OK. */
lunette_status ln_source_read(const char *path, ln_source *source, const char *function);

void ln_source_free(ln_source *source);

#endif
