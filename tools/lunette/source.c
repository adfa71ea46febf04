/* Reading scripts. See source.h. */
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "units.h"

static source_result unreadable(text *problem, int error) {
    text_add_string(problem, strerror(error));
    return SOURCE_UNREADABLE;
}

static source_result too_large(text *problem, uint64_t limit) {
    char amount[UNITS_TEXT_SIZE];
    text_add_format(problem, "the file is larger than the memory limit (%s)",
                    units_format(UNITS_SIZE, limit, amount));
    return SOURCE_TOO_LARGE;
}

/* Reads to the end, whatever the file says its size is: it may be a pipe, or grow. */
static source_result read_all(text *to, int file, uint64_t limit, text *problem) {
    enum { STEP = 1 << 16 };
    for (;;) {
        if (!text_reserve(to, STEP))
            return SOURCE_NO_MEMORY;
        const ssize_t got = read(file, to->bytes + to->size, STEP);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return unreadable(problem, errno);
        if (got == 0)
            return SOURCE_OK;
        to->size += (size_t)got;
        to->bytes[to->size] = '\0';
        if (to->size > limit)
            return too_large(problem, limit);
    }
}

/* A regular file that is too large is not read first. A folder can be opened, but says so only when read. */
static source_result check_kind(int file, uint64_t limit, text *problem) {
    struct stat status;
    if (fstat(file, &status) != 0)
        return unreadable(problem, errno);
    if (S_ISDIR(status.st_mode))
        return unreadable(problem, EISDIR);
    if (S_ISREG(status.st_mode) && status.st_size > 0 && (uint64_t)status.st_size > limit)
        return too_large(problem, limit);
    return SOURCE_OK;
}

static size_t skip_first_line(const text *content) {
    size_t at = 0;
    if (content->size >= 3 && memcmp(content->bytes, "\xEF\xBB\xBF", 3) == 0)
        at = 3;
    if (at < content->size && content->bytes[at] == '#') {
        const char *end = memchr(content->bytes + at, '\n', content->size - at);
        at = end != NULL ? (size_t)(end - content->bytes) : content->size;
    }
    return at;
}

source_result source_read(source *to, const char *path, uint64_t limit, text *problem) {
    memset(to, 0, sizeof *to);
    const bool standard_input = strcmp(path, "-") == 0;
    const int file = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return unreadable(problem, errno);
    source_result result = check_kind(file, limit, problem);
    if (result == SOURCE_OK)
        result = read_all(&to->content, file, limit, problem);
    if (!standard_input)
        close(file);
    text_add_format(&to->name, standard_input ? "=stdin" : "@%s", path);
    if (result == SOURCE_OK && (to->name.failed || to->content.failed))
        result = SOURCE_NO_MEMORY;
    if (result == SOURCE_OK)
        to->skip = skip_first_line(&to->content);
    else
        source_free(to);
    return result;
}

void source_free(source *which) {
    text_free(&which->name);
    text_free(&which->content);
    which->skip = 0;
}

/* --- Folders --------------------------------------------------------------------------------------------- */

static bool add_path(path_list *to, char *path) {
    char **paths = path != NULL ? realloc(to->paths, (to->count + 1) * sizeof *paths) : NULL;
    if (paths == NULL) {
        free(path);
        return false;
    }
    to->paths = paths;
    to->paths[to->count++] = path;
    return true;
}

static bool ends_in_lua(const char *name) {
    const size_t size = strlen(name);
    return size > 4 && strcmp(name + size - 4, ".lua") == 0;
}

static source_result walk(path_list *to, const char *folder, int depth, text *problem);

static source_result visit(path_list *to, const char *folder, const char *name, int depth, text *problem) {
    text path = {0};
    const size_t size = strlen(folder);
    text_add_format(&path, "%s%s%s", folder, size > 0 && folder[size - 1] == '/' ? "" : "/", name);
    if (path.failed)
        return SOURCE_NO_MEMORY;
    struct stat status;
    source_result result = SOURCE_OK;
    if (lstat(path.bytes, &status) != 0)
        result = errno == ENOENT ? SOURCE_OK : unreadable(problem, errno);
    else if (S_ISDIR(status.st_mode))
        result = walk(to, path.bytes, depth + 1, problem);
    else if (ends_in_lua(name))
        result = add_path(to, strdup(path.bytes)) ? SOURCE_OK : SOURCE_NO_MEMORY;
    text_free(&path);
    return result;
}

/* The depth is bounded by the longest path there can be, and by this. */
static source_result walk(path_list *to, const char *folder, int depth, text *problem) {
    enum { DEEPEST = 64 };
    if (depth > DEEPEST) {
        text_add_format(problem, "folders are nested deeper than %d", (int)DEEPEST);
        return SOURCE_UNREADABLE;
    }
    DIR *open_folder = opendir(folder);
    if (open_folder == NULL)
        return errno == ENOMEM ? SOURCE_NO_MEMORY : unreadable(problem, errno);
    source_result result = SOURCE_OK;
    const struct dirent *entry;
    while (result == SOURCE_OK && (errno = 0, entry = readdir(open_folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = visit(to, folder, entry->d_name, depth, problem);
    if (result == SOURCE_OK && errno != 0)
        result = unreadable(problem, errno);
    closedir(open_folder);
    return result;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

source_result source_find(path_list *to, const char *path, text *problem) {
    struct stat status;
    if (stat(path, &status) != 0)
        return unreadable(problem, errno);
    if (!S_ISDIR(status.st_mode))
        return add_path(to, strdup(path)) ? SOURCE_OK : SOURCE_NO_MEMORY;
    const size_t before = to->count;
    const source_result result = walk(to, path, 0, problem);
    if (result != SOURCE_OK)
        return result;
    if (to->count == before) {
        text_add_string(problem, "no file *.lua below this folder");
        return SOURCE_UNREADABLE;
    }
    qsort(to->paths + before, to->count - before, sizeof *to->paths, by_name);
    return SOURCE_OK;
}

void source_forget(path_list *which) {
    for (size_t i = 0; i < which->count; i++)
        free(which->paths[i]);
    free(which->paths);
    memset(which, 0, sizeof *which);
}
