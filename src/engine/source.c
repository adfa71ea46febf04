#include "engine/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "lunette/limits.h"

enum { FIRST_ROOM = 16 << 10 };

/* OK, NO_MEMORY, SYSTEM with errno. */
static lunette_status read_all(FILE *file, ln_source *source) {
    size_t room = FIRST_ROOM;
    for (;;) {
        char *bytes = room <= LUNETTE_MEMORY_MAX ? realloc(source->bytes, room) : NULL;
        if (!bytes)
            return LUNETTE_NO_MEMORY;
        source->bytes = bytes;
        source->size += fread(bytes + source->size, 1, room - source->size, file);
        if (ferror(file))
            return LUNETTE_SYSTEM;
        if (source->size < room)
            return LUNETTE_OK;
        room *= 2;
    }
}

/* The newline behind a first line that is left out stays, so that the next is the second. */
static void skip_start(ln_source *source) {
    static const char MARK[] = "\xEF\xBB\xBF";
    const char *text = source->bytes, *end = source->bytes + source->size;
    if (source->size >= 3 && memcmp(text, MARK, 3) == 0)
        text += 3;
    if (text < end && *text == '#')
        while (text < end && *text != '\n')
            text++;
    source->text = text;
    source->size = (size_t)(end - text);
}

lunette_status ln_source_read(const char *path, ln_source *source, const char *function) {
    *source = (ln_source){0};
    errno = 0;
    FILE *file = fopen(path, "rb");
    lunette_status status = file ? read_all(file, source) : LUNETTE_SYSTEM;
    int error = errno;
    if (file)
        fclose(file);
    if (status == LUNETTE_OK) {
        skip_start(source);
        return LUNETTE_OK;
    }
    ln_source_free(source);
    if (status == LUNETTE_NO_MEMORY)
        return ln_failure(status, "%s: there is no memory for all of '%s'", function, path);
    return ln_failure(error == ENOENT ? LUNETTE_NOT_FOUND : status, "%s: cannot read '%s': %s", function,
                      path, strerror(error));
}

void ln_source_free(ln_source *source) {
    free(source->bytes);
    *source = (ln_source){0};
}
