/* Scripts as files: one read whole, and the ones below a folder found. */
#ifndef SOURCE_H
#define SOURCE_H

#include "text.h"
#include "tool.h"

typedef struct source {
    text name;    /* what the library calls it: "@FILE", "=stdin" */
    text content; /* the whole file */
    /* Where the program begins: behind a byte order mark and a first line that begins with '#'. The end of that line is
     * part of the program, so that lines keep their numbers. */
    size_t skip;
} source;

/* How reading ended when not well; `problem` is then a text for people. */
typedef enum source_result { SOURCE_OK, SOURCE_UNREADABLE, SOURCE_TOO_LARGE, SOURCE_NO_MEMORY } source_result;

/* Reads a file, standard input for "-", of at most `limit` bytes. */
source_result source_read(source *to, const char *path, uint64_t limit, text *problem);
void source_free(source *which);

typedef struct path_list {
    char **paths; /* each its own */
    size_t count;
} path_list;

/* Adds a path; for a folder all files *.lua below it, sorted, symbolic links to folders not followed. A folder
 * without any is a problem. */
source_result source_find(path_list *to, const char *path, text *problem);
void source_forget(path_list *which);

#endif
