#include "lua/files.h"

#include <stdlib.h>

bool ln_files_reserve(ln_files *files) {
    if (files->count < files->room)
        return true;
    size_t room = files->room == 0 ? 8 : files->room * 2;
    ln_file *items = realloc(files->items, room * sizeof *items);
    if (!items)
        return false;
    files->items = items;
    files->room = room;
    return true;
}

static ln_file *find(const ln_files *files, const void *handle) {
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i].handle == handle)
            return &files->items[i];
    return NULL;
}

void ln_files_add(ln_files *files, const void *handle, FILE *stream, bool process) {
    if (!find(files, handle))
        files->items[files->count++] = (ln_file){handle, stream, process};
}

void ln_files_remove(ln_files *files, const void *handle) {
    ln_file *file = find(files, handle);
    if (file)
        *file = files->items[--files->count];
}

void ln_files_close(ln_files *files) {
    while (files->count > 0) {
        ln_file *file = &files->items[--files->count];
        if (file->process)
            pclose(file->stream);
        else
            fclose(file->stream);
    }
}

void ln_files_free(ln_files *files) {
    ln_files_close(files);
    free(files->items);
    *files = (ln_files){0};
}
