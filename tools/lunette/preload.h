/* The modules of --preload, read from their files: what every context of the engine starts with. */
#ifndef PRELOAD_H
#define PRELOAD_H

#include "options.h"
#include "source.h"

typedef struct preload {
    lunette_preload *modules; /* views of the two below */
    source *sources;
    char **names; /* a file's name without folder and ending */
    size_t count;
} preload;

/* Reads the files and has `config` name them. TOOL_OK, or another after a complaint; to be closed in either case,
 * after the engine was opened. */
tool_exit preload_open(preload *to, const options *from, lunette_config *config);
void preload_close(preload *which);

#endif
