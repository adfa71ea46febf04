/* Templates: what contexts start from, counted by who uses them. */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/failure.h"

static lunette_status check_modules(const lunette_preload *preload, size_t count, const char *what) {
    if (count > 0 && !preload)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s is NULL, but its count is %zu", what, count);
    for (size_t i = 0; i < count; i++)
        if (!preload[i].name || !preload[i].text)
            return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s[%zu].%s is NULL", what, i,
                              preload[i].name ? "text" : "name");
    return LUNETTE_OK;
}

static lunette_status explain(lunette_status status, const char *what, const char *why) {
    if (status == LUNETTE_STACK_TOO_SMALL)
        return ln_failure(
            status, "this thread has less than the %zu KiB of C stack left that a run needs (ulimit -s)",
            (size_t)LN_VM_STACK / 1024);
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

lunette_status ln_engine_template_open(lunette_engine *engine, const lunette_preload *preload, size_t count,
                                       const char *what, lunette_template **out) {
    char why[200] = "";
    *out = NULL;
    lunette_status status = check_modules(preload, count, what);
    if (status != LUNETTE_OK)
        return status;
    lunette_template *template = calloc(1, sizeof *template);
    if (!template)
        return ln_failure_plain(LUNETTE_NO_MEMORY, what);
    status = ln_template_open(&engine->setup, preload, count, &template->state, why, sizeof why);
    if (status != LUNETTE_OK) {
        free(template);
        return explain(status, what, why);
    }
    atomic_init(&template->references, 1);
    template->engine = engine;
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
    free(template);
    return true;
}

lunette_status lunette_template_open(lunette_engine *engine, const lunette_preload *preload,
                                     size_t preload_count, lunette_template **out) {
    if (!out)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_template_open: `out` is NULL");
    *out = NULL;
    if (!engine)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_template_open: `engine` is NULL");
    lunette_status status =
        ln_engine_template_open(engine, preload, preload_count, "lunette_template_open: preload", out);
    if (status == LUNETTE_OK)
        ln_engine_retain(engine);
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
