/* See preload.h. */
#include "preload.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

/* "lib/price.lua" is the module "price". */
static char *module_name(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *start = slash != NULL ? slash + 1 : path;
    size_t size = strlen(start);
    if (size > 4 && strcmp(start + size - 4, ".lua") == 0)
        size -= 4;
    return strndup(start, size);
}

static tool_exit refuse(const options *from, const char *path, source_result result, const text *problem) {
    if (result == SOURCE_NO_MEMORY || problem->failed)
        return report_no_memory(from);
    return options_complain(from, "--preload %s: %s", path, text_string(problem));
}

static tool_exit read_module(preload *to, const options *from, const char *path) {
    text problem = {0};
    source *file = &to->sources[to->count];
    const source_result result = source_read(file, path, from->memory, &problem);
    const tool_exit status = result == SOURCE_OK ? TOOL_OK : refuse(from, path, result, &problem);
    text_free(&problem);
    if (status != TOOL_OK)
        return status;
    to->names[to->count] = module_name(path);
    to->modules[to->count] = (lunette_preload){
        .name = to->names[to->count],
        .chunk = text_string(&file->name),
        .text = text_string(&file->content) + file->skip,
        .text_size = file->content.size - file->skip,
    };
    return to->names[to->count++] != NULL ? TOOL_OK : report_no_memory(from);
}

tool_exit preload_open(preload *to, const options *from, lunette_config *config) {
    memset(to, 0, sizeof *to);
    if (from->preload.count == 0)
        return TOOL_OK;
    to->modules = calloc(from->preload.count, sizeof *to->modules);
    to->sources = calloc(from->preload.count, sizeof *to->sources);
    to->names = calloc(from->preload.count, sizeof *to->names);
    if (to->modules == NULL || to->sources == NULL || to->names == NULL)
        return report_no_memory(from);
    for (size_t i = 0; i < from->preload.count; i++) {
        const tool_exit status = read_module(to, from, from->preload.names[i]);
        if (status != TOOL_OK)
            return status;
    }
    config->preload = to->modules;
    config->preload_count = to->count;
    return TOOL_OK;
}

void preload_close(preload *which) {
    for (size_t i = 0; i < which->count; i++) {
        source_free(&which->sources[i]);
        free(which->names[i]);
    }
    free(which->names);
    free(which->sources);
    free(which->modules);
    memset(which, 0, sizeof *which);
}
