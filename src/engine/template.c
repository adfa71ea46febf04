/* Templates: what contexts start from, counted by who uses them. */
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/sized.h"
#include "engine/engine.h"
#include "engine/modules.h"
#include "engine/source.h"

static lunette_status check_preload(const lunette_preload *preload, size_t count, const char *what) {
    if (count > 0 && !preload)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.preload is NULL, but its count is %zu", what, count);
    for (size_t i = 0; i < count; i++) {
        const lunette_preload *each = &preload[i];
        if (!each->name)
            return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.preload[%zu].name is NULL", what, i);
        if (!each->text == !each->path)
            return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.preload[%zu]: %s of text and path is given", what,
                              i, each->text ? "each" : "neither");
    }
    return LUNETTE_OK;
}

/* What is in a file, and what errors call it: "@" and its path. */
typedef struct file_text {
    ln_source source;
    char *chunk;
} file_text;

static lunette_status read_file(lunette_preload *module, file_text *file, const char *what) {
    lunette_status status = ln_source_read(module->path, &file->source, what);
    if (status != LUNETTE_OK)
        return status;
    size_t size = strlen(module->path);
    file->chunk = malloc(size + 2);
    if (!file->chunk)
        return ln_failure_plain(LUNETTE_NO_MEMORY, what);
    file->chunk[0] = '@';
    memcpy(file->chunk + 1, module->path, size + 1);
    module->text = file->source.text;
    module->text_size = file->source.size;
    module->chunk = module->chunk ? module->chunk : file->chunk;
    module->path = NULL;
    return LUNETTE_OK;
}

/* The modules, all of them texts now. */
static lunette_status read_files(const lunette_preload *preload, size_t count, const char *what,
                                 lunette_preload *modules, file_text *files) {
    lunette_status status = LUNETTE_OK;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++) {
        modules[i] = preload[i];
        if (modules[i].path)
            status = read_file(&modules[i], &files[i], what);
    }
    return status;
}

static void free_files(file_text *files, size_t count) {
    for (size_t i = 0; files && i < count; i++) {
        ln_source_free(&files[i].source);
        free(files[i].chunk);
    }
    free(files);
}

/* Reads the host's modules, of whatever version their structs are, into the tree. */
static lunette_status read_modules(const lunette_template_config *config, const char *what, ln_tree *memory,
                                   const lunette_module *const **modules) {
    size_t count = config->module_count;
    void *start, *pointers = NULL;
    lunette_status status = ln_tree_obtain(memory, count * sizeof(lunette_module), &start);
    if (status == LUNETTE_OK)
        status = ln_tree_obtain(memory, count * sizeof(lunette_module *), &pointers);
    if (status != LUNETTE_OK)
        return ln_failure_plain(LUNETTE_NO_MEMORY, what);
    lunette_module *read = start;
    const lunette_module **list = pointers;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++) {
        if (!config->modules[i])
            return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.modules[%zu] is NULL", what, i);
        list[i] = &read[i];
        status = ln_module_read(config->modules[i], memory, &read[i]);
    }
    *modules = list;
    return status;
}

/* Remembers which of them want to be closed. */
static lunette_status keep_closers(lunette_template *template, const lunette_module *const *modules,
                                   size_t count) {
    template->closers = calloc(count + 1, sizeof *template->closers);
    if (!template->closers)
        return LUNETTE_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (modules[i]->close)
            template->closers[template->closer_count++] =
                (ln_module_closer){modules[i]->close, modules[i]->ud};
    return LUNETTE_OK;
}

static lunette_status explain(lunette_status status, const char *what, const char *why, size_t stack) {
    if (status == LUNETTE_OK)
        return status;
    if (status == LUNETTE_INVALID_ARGUMENT)
        return ln_failure(status, "%s.%s", what, why);
    if (status == LUNETTE_STACK_TOO_SMALL)
        return ln_failure(
            status, "this thread has less than the %zu KiB of C stack left that a run needs (ulimit -s)",
            stack / 1024);
    if (status == LUNETTE_NO_MEMORY)
        return ln_failure(
            status,
            "%s: the memory limit is too small for the sandbox's library, or the process has no "
            "memory or address space left (ulimit -v)",
            what);
    if (*why)
        return ln_failure(status, "%s: %s", what, why);
    return ln_failure_plain(status, what);
}

/* What must be there for the rest to be read by whoever knows what it means. */
static lunette_status read_require(const lunette_require_config *given, const char *what,
                                   lunette_require_config *require) {
    lunette_status status =
        ln_read_sized(require, sizeof *require, given, given->size, "lunette_require_config");
    if (status != LUNETTE_OK)
        return status;
    if (require->file_count > 0 && !require->files)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.require.files is NULL, but its count is %zu", what,
                          require->file_count);
    if (require->allowed_count > 0 && !require->allowed)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.require.allowed is NULL, but its count is %zu", what,
                          require->allowed_count);
    return LUNETTE_OK;
}

static lunette_status open_state(lunette_engine *engine, const lunette_template_config *config,
                                 const char *what, ln_tree *memory, lunette_template *template) {
    char why[200] = "";
    lunette_template_config read = *config;
    lunette_require_config require = lunette_require_config_default();
    lunette_status status = read_modules(config, what, memory, &read.modules);
    if (status == LUNETTE_OK && config->require)
        status = read_require(config->require, what, &require);
    if (status != LUNETTE_OK)
        return status;
    read.require = config->require ? &require : NULL;
    status = keep_closers(template, read.modules, read.module_count);
    if (status == LUNETTE_OK)
        status = ln_template_open(&engine->setup, &read, &template->state, why, sizeof why);
    return explain(status, what, why, ln_machine_stack(engine->setup.backend));
}

static lunette_status open_texts(lunette_engine *engine, const lunette_template_config *config,
                                 const char *what, lunette_template **out) {
    if (config->module_count > 0 && !config->modules)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.modules is NULL, but its count is %zu", what,
                          config->module_count);
    if (config->lua_module_count > 0 && !config->lua_modules)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s.lua_modules is NULL, but its count is %zu", what,
                          config->lua_module_count);
    lunette_template *template = calloc(1, sizeof *template);
    if (!template)
        return ln_failure_plain(LUNETTE_NO_MEMORY, what);
    ln_tree memory;
    ln_tree_init(&memory, SIZE_MAX);
    lunette_status status = open_state(engine, config, what, &memory, template);
    ln_tree_free(&memory);
    if (status != LUNETTE_OK) {
        free(template->closers);
        free(template);
        return status;
    }
    atomic_init(&template->references, 1);
    template->engine = engine;
    *out = template;
    return LUNETTE_OK;
}

lunette_status ln_engine_template_open(lunette_engine *engine, const lunette_template_config *config,
                                       const char *what, lunette_template **out) {
    *out = NULL;
    const size_t count = config->preload_count;
    lunette_status status = check_preload(config->preload, count, what);
    if (status != LUNETTE_OK)
        return status;
    lunette_template_config texts = *config;
    lunette_preload *modules = calloc(count + 1, sizeof *modules);
    file_text *files = calloc(count + 1, sizeof *files);
    if (modules && files)
        status = read_files(config->preload, count, what, modules, files);
    else
        status = ln_failure_plain(LUNETTE_NO_MEMORY, what);
    texts.preload = modules;
    if (status == LUNETTE_OK)
        status = open_texts(engine, &texts, what, out);
    free_files(files, count);
    free(modules);
    return status;
}

lunette_status ln_engine_template_narrow(lunette_template *from, const lunette_narrowing *by,
                                         const char *what, lunette_template **out) {
    char why[200] = "";
    *out = NULL;
    lunette_template *template = calloc(1, sizeof *template);
    if (!template)
        return ln_failure_plain(LUNETTE_NO_MEMORY, what);
    lunette_status status = ln_template_narrow(from->state, by, &template->state, why, sizeof why);
    if (status != LUNETTE_OK) {
        free(template);
        return explain(status, what, why, ln_machine_stack(from->engine->setup.backend));
    }
    atomic_init(&template->references, 1);
    template->engine = from->engine;
    template->from = from;
    ln_engine_template_retain(from);
    *out = template;
    return LUNETTE_OK;
}

void ln_engine_template_retain(lunette_template *template) {
    atomic_fetch_add_explicit(&template->references, 1, memory_order_relaxed);
}

bool ln_engine_template_release(lunette_template *template) {
    if (atomic_fetch_sub_explicit(&template->references, 1, memory_order_acq_rel) != 1)
        return false;
    ln_template_close(&template->state);
    for (size_t i = 0; i < template->closer_count && template->opened; i++)
        template->closers[i].close(template->closers[i].ud);
    free(template->closers);
    if (template->from)
        ln_engine_template_release(template->from);
    free(template);
    return true;
}

lunette_status lunette_template_open(lunette_engine *engine, const lunette_template_config *given,
                                     lunette_template **out) {
    lunette_template_config config = lunette_template_config_default();
    if (!out)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_template_open: `out` is NULL");
    *out = NULL;
    if (!engine)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_template_open: `engine` is NULL");
    if (atomic_load_explicit(&engine->closed, memory_order_acquire))
        return ln_failure_plain(LUNETTE_CLOSED, "lunette_template_open");
    lunette_status status =
        given ? ln_read_sized(&config, sizeof config, given, given->size, "lunette_template_config")
              : LUNETTE_OK;
    lunette_template *template = NULL;
    if (status == LUNETTE_OK)
        status = ln_engine_template_open(engine, &config, "lunette_template_open: config", &template);
    if (!template)
        return status;
    ln_engine_retain(engine);
    template->opened = true;
    *out = template;
    return status;
}

void lunette_template_close(lunette_template **out) {
    if (!out || !*out)
        return;
    lunette_template *template = *out;
    lunette_engine *engine = template->engine;
    *out = NULL;
    if (!atomic_load_explicit(&engine->closed, memory_order_acquire))
        ln_pool_forget(engine->pool, template);
    ln_engine_template_release(template);
    ln_engine_release(engine);
}

size_t lunette_template_size(const lunette_template *of) {
    return of ? ln_template_size(of->state) : 0;
}
