/* The files that scripts at level none have open. Their C streams live outside the arena, so a reset that
 * copies memory back would forget them open: here they are remembered, and closed with the VM's next reset.
 *
 * Kept exact by hosted.c, which looks at every file handle that goes into or comes out of a library call. */
#ifndef LN_LUA_FILES_H
#define LN_LUA_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct ln_file {
    const void *handle; /* the script's handle, by which it is found again */
    FILE *stream;
    bool process; /* from popen */
} ln_file;

typedef struct ln_files {
    ln_file *items;
    size_t count, room;
} ln_files;

/* Makes room for one more, so that the next ln_files_add() cannot fail. False on no memory. */
bool ln_files_reserve(ln_files *files);

/* Remembers an open stream; nothing happens when the handle is known. */
void ln_files_add(ln_files *files, const void *handle, FILE *stream, bool process);

/* Forgets the handle, if it is known: its stream was closed. */
void ln_files_remove(ln_files *files, const void *handle);

/* Closes all streams that are still open and forgets them. */
void ln_files_close(ln_files *files);

/* The same, and frees the list. */
void ln_files_free(ln_files *files);

#endif
