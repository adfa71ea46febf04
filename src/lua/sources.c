#include "lua/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- Paths --- */

/* A pattern with the name in place of each '?', and '/' in place of the name's dots; false: it is longer than any path. */
static bool make_path(char path[LN_PATH_ROOM], const char *pattern, const char *name) {
    size_t size = 0, length = strlen(name);
    for (; *pattern; pattern++) {
        size_t more = *pattern == '?' ? length : 1;
        if (more >= LN_PATH_ROOM - size)
            return false;
        memcpy(path + size, *pattern == '?' ? name : pattern, more);
        for (size_t i = 0; *pattern == '?' && i < more; i++)
            if (path[size + i] == '.')
                path[size + i] = '/';
        size += more;
    }
    path[size] = '\0';
    return true;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(((const lunette_file *)a)->path, ((const lunette_file *)b)->path);
}

const lunette_file *ln_sources_find(const ln_sources *sources, const char *name) {
    char path[LN_PATH_ROOM];
    const lunette_file wanted = {.path = path};
    for (size_t i = 0; sources->count > 0 && i < sources->pattern_count; i++) {
        if (!make_path(path, sources->patterns[i], name))
            continue;
        const lunette_file *found =
            bsearch(&wanted, sources->files, sources->count, sizeof *sources->files, compare_paths);
        if (found)
            return found;
    }
    return NULL;
}

/* What a pattern's first '?' would have to stand for. */
static bool guess_name(char name[LN_PATH_ROOM], const char *pattern, const char *path) {
    const char *mark = strchr(pattern, '?');
    size_t before = (size_t)(mark - pattern), behind = strlen(mark + 1), size = strlen(path);
    if (size <= before + behind || strncmp(path, pattern, before) != 0 ||
        strcmp(path + size - behind, mark + 1) != 0)
        return false;
    size -= before + behind;
    memcpy(name, path + before, size);
    name[size] = '\0';
    for (char *at = name; *at; at++)
        if (*at == '/')
            *at = '.';
    return true;
}

bool ln_sources_name(const ln_sources *sources, const lunette_file *file, char name[LN_PATH_ROOM]) {
    char guess[LN_PATH_ROOM];
    bool found = false;
    for (size_t i = 0; i < sources->pattern_count; i++) {
        if (!guess_name(guess, sources->patterns[i], file->path) || ln_sources_find(sources, guess) != file)
            continue;
        if (!found || strlen(guess) < strlen(name))
            memcpy(name, guess, strlen(guess) + 1);
        found = true;
    }
    return found;
}

/* --- Which may be had --- */

static bool is_among(const char *const *list, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (ln_name_matches(list[i], name))
            return true;
    return !list;
}

bool ln_sources_allow_preloaded(const ln_sources *sources, const char *name) {
    return is_among(sources->allowed, sources->allowed_count, name);
}

bool ln_sources_allow(const ln_sources *sources, const char *name) {
    bool allowed = !*name || ln_sources_allow_preloaded(sources, name);
    return allowed && is_among(sources->left, sources->left_count, name);
}

/* --- Checking --- */

static const char *fault_of_file(const lunette_file *file) {
    if (!file->path || !*file->path)
        return "it has no path";
    if (strlen(file->path) >= LN_PATH_ROOM)
        return "its path is longer than 1023 bytes";
    if (!file->text)
        return "its text is NULL";
    for (size_t i = 0; i < LN_COUNT(file->reserved); i++)
        if (file->reserved[i])
            return "its reserved fields must be NULL";
    return NULL;
}

static lunette_status check_files(const lunette_require_config *require, char *why, size_t size) {
    for (size_t i = 0; i < require->file_count; i++) {
        const char *path = require->files[i].path, *fault = fault_of_file(&require->files[i]);
        if (fault) {
            snprintf(why, size, "require.files[%zu] ('%.60s'): %s", i, path ? path : "", fault);
            return LUNETTE_INVALID_ARGUMENT;
        }
    }
    return LUNETTE_OK;
}

static lunette_status check_allowed(const lunette_require_config *require, char *why, size_t size) {
    for (size_t i = 0; i < require->allowed_count; i++)
        if (!require->allowed[i] || !*require->allowed[i]) {
            snprintf(why, size, "require.allowed[%zu] is no name", i);
            return LUNETTE_INVALID_ARGUMENT;
        }
    return LUNETTE_OK;
}

static lunette_status check_pattern(const char *pattern, size_t length, char *why, size_t size) {
    const char *fault = length >= LN_PATH_ROOM          ? "longer than 1023 bytes"
                        : !memchr(pattern, '?', length) ? "without a '?' for the module's name"
                                                        : NULL;
    if (fault)
        snprintf(why, size, "require.search_path: the pattern '%.*s' is %s", length < 60 ? (int)length : 60,
                 pattern, fault);
    return fault ? LUNETTE_INVALID_ARGUMENT : LUNETTE_OK;
}

/* --- Copying --- */

static lunette_status copy_file(ln_tree *tree, const lunette_file *from, lunette_file *to) {
    size_t size = from->text_size == SIZE_MAX ? strlen(from->text) : from->text_size;
    *to = (lunette_file){.text_size = size};
    lunette_status status = ln_tree_copy_bytes(tree, from->path, strlen(from->path), &to->path);
    if (status == LUNETTE_OK)
        status = ln_tree_copy_bytes(tree, from->text, size, &to->text);
    if (status == LUNETTE_OK && from->description)
        status = ln_tree_copy_bytes(tree, from->description, strlen(from->description), &to->description);
    return status;
}

static lunette_status copy_files(const lunette_require_config *require, ln_tree *tree, ln_sources *sources,
                                 char *why, size_t size) {
    void *start;
    size_t count = require->file_count;
    lunette_status status = count > SIZE_MAX / 2 / sizeof(lunette_file)
                                ? LUNETTE_NO_MEMORY
                                : ln_tree_obtain(tree, count * sizeof(lunette_file), &start);
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++)
        status = copy_file(tree, &require->files[i], (lunette_file *)start + i);
    if (status != LUNETTE_OK || count == 0)
        return status;
    lunette_file *files = start;
    qsort(files, count, sizeof *files, compare_paths);
    for (size_t i = 1; i < count; i++)
        if (strcmp(files[i - 1].path, files[i].path) == 0) {
            snprintf(why, size, "require.files: there are two '%.60s'", files[i].path);
            return LUNETTE_INVALID_ARGUMENT;
        }
    sources->files = files;
    sources->count = count;
    return LUNETTE_OK;
}

/* Empty patterns, as between two ';', are none. */
static lunette_status copy_patterns(const char *search, ln_tree *tree, ln_sources *sources, char *why,
                                    size_t size) {
    void *start;
    size_t count = 1;
    for (const char *at = search; *at; at++)
        count += *at == ';';
    lunette_status status = ln_tree_obtain(tree, count * sizeof(char *), &start);
    const char **patterns = start;
    while (status == LUNETTE_OK && *search) {
        size_t length = strcspn(search, ";");
        if (length > 0)
            status = check_pattern(search, length, why, size);
        if (status == LUNETTE_OK && length > 0)
            status = ln_tree_copy_bytes(tree, search, length, &patterns[sources->pattern_count++]);
        search += length + (search[length] == ';');
    }
    sources->patterns = patterns;
    return status;
}

static lunette_status copy_list(const char *const *list, size_t count, ln_tree *tree,
                                const char *const **copy, size_t *copy_count) {
    void *start;
    if (!list)
        return LUNETTE_OK;
    lunette_status status = ln_tree_obtain(tree, count * sizeof(char *), &start);
    const char **names = start;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++)
        status = ln_tree_copy_bytes(tree, list[i], strlen(list[i]), &names[i]);
    *copy = names;
    *copy_count = count;
    return status;
}

lunette_status ln_sources_narrow(ln_sources *sources, ln_tree *tree, const char *const *names, size_t count) {
    return copy_list(names, count, tree, &sources->left, &sources->left_count);
}

lunette_status ln_sources_open(const lunette_require_config *require, ln_tree *tree, ln_sources *sources,
                               char *why, size_t why_size) {
    *sources = (ln_sources){0};
    if (!require)
        return LUNETTE_OK;
    lunette_status status = check_files(require, why, why_size);
    if (status == LUNETTE_OK)
        status = check_allowed(require, why, why_size);
    if (status == LUNETTE_OK)
        status = copy_files(require, tree, sources, why, why_size);
    if (status == LUNETTE_OK)
        status = copy_patterns(require->search_path ? require->search_path : "?.lua;?/init.lua", tree,
                               sources, why, why_size);
    return status == LUNETTE_OK ? copy_list(require->allowed, require->allowed_count, tree, &sources->allowed,
                                            &sources->allowed_count)
                                : status;
}
