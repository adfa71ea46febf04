/* What machines start from: a state with the language's library in it and the preloaded modules run, built once, sealed
 * into an image and closed again. Its machines are copies of the image. Where images cannot be shared (a host's allocator,
 * no room for reservations 4 GiB apart) each machine builds the same state for itself, from copies of the same texts. Those
 * are kept always: address space can run short at any time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "machine/machine.h"

/* --- Modules --- */

static char *copy_text(const char *text, size_t size) {
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

static bool copy_module(lunette_preload *copy, const lunette_preload *module) {
    size_t size = module->text_size == SIZE_MAX ? strlen(module->text) : module->text_size;
    copy->name = copy_text(module->name, strlen(module->name));
    copy->chunk = module->chunk ? copy_text(module->chunk, strlen(module->chunk)) : NULL;
    copy->text = copy_text(module->text, size);
    copy->text_size = size;
    return copy->name && copy->text && (copy->chunk || !module->chunk);
}

static lunette_status keep_modules(ln_template *template, const lunette_preload *modules, size_t count) {
    template->preload = count > 0 ? calloc(count, sizeof *modules) : NULL;
    if (count > 0 && !template->preload)
        return LUNETTE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        template->preload_count++;
        if (!copy_module(&template->preload[i], &modules[i]))
            return LUNETTE_NO_MEMORY;
    }
    return LUNETTE_OK;
}

/* Keeps the image of the state just built, if it can serve others. */
static lunette_status keep_image(ln_template *template, const lunette_machine *machine) {
    ln_image *image;
    if (machine->setup->alloc)
        return LUNETTE_OK;
    lunette_status status = ln_image_take(machine->arena, &image);
    if (status != LUNETTE_OK)
        return status;
    template->image_size = ln_image_size(image);
    for (int i = 0; i < LN_MACHINE_ROOTS; i++)
        if (machine->roots[i])
            template->roots_at[i] = (size_t)((char *)machine->roots[i] - (char *)machine->arena);
    if (ln_image_shareable(image))
        template->image = image;
    else
        ln_image_close(&image);
    return LUNETTE_OK;
}

/* Debug builds try the image before anyone relies on it: two copies at other bases, full collections in them, and
 * restored they equal it. */
#ifdef NDEBUG
static lunette_status check_copies(const ln_template *template, char *why, size_t why_size) {
    (void)template;
    (void)why;
    (void)why_size;
    return LUNETTE_OK;
}
#else
struct collecting {
    lunette_machine *machine;
    lunette_status status;
};

static void collect(void *ud) {
    struct collecting *collecting = ud;
    lunette_machine *machine = collecting->machine;
    collecting->status = machine->backend->collect(machine);
    if (collecting->status == LUNETTE_OK)
        collecting->status = machine->backend->collect(machine);
}

static lunette_status check_copy(lunette_machine *machine, char *why, size_t why_size) {
    static const ln_budget UNLIMITED = {0};
    struct collecting collecting = {.machine = machine};
    if (machine->backend->collect &&
        (ln_machine_enter_apart(machine, &UNLIMITED, collect, &collecting) != LN_END_FINISHED ||
         collecting.status != LUNETTE_OK)) {
        snprintf(why, why_size, "a collection in a copy of the image failed");
        return LUNETTE_DEFECT;
    }
    ln_machine_restore(machine);
    return ln_machine_verify(machine, why, why_size);
}

static lunette_status check_copies(const ln_template *template, char *why, size_t why_size) {
    lunette_machine *copies[2] = {NULL, NULL};
    lunette_status status = LUNETTE_OK;
    for (int i = 0; i < 2 && template->image && status == LUNETTE_OK; i++)
        status = ln_machine_open(template, NULL, &copies[i]);
    for (int i = 0; i < 2 && copies[i] && status == LUNETTE_OK; i++)
        status = check_copy(copies[i], why, why_size);
    for (int i = 0; i < 2; i++)
        ln_machine_close(&copies[i]);
    return status;
}
#endif

/* The machine that a template is built in. It is not ended as others are: what is in it goes on in the image. */
static lunette_status build_template(ln_template *template, const lunette_preload *preload, size_t count,
                                     char *why, size_t why_size) {
    lunette_machine *machine;
    lunette_status status = ln_machine_make(template->setup, NULL, &machine);
    if (status != LUNETTE_OK)
        return status;
    machine->from = template;
    status = ln_machine_open_arena(machine);
    if (status == LUNETTE_OK)
        status = ln_machine_build(machine, preload, count, why, why_size);
    if (status == LUNETTE_OK)
        status = keep_image(template, machine);
    ln_machine_close(&machine);
    return status;
}

static lunette_status open_parts(ln_template *template, const lunette_template_config *config, char *why,
                                 size_t why_size) {
    const lunette_backend *backend = template->setup->backend;
    bool narrows = config->withheld != 0 || config->root;
    if (narrows && !(backend->features & LUNETTE_FEATURE_SANDBOX))
        return LUNETTE_UNSUPPORTED;
    if (backend->open_template)
        return backend->open_template(template->setup->settings, config, &template->parts, why, why_size);
    bool wanted = config->module_count > 0 || config->lua_module_count > 0 || config->require || narrows;
    return wanted ? LUNETTE_UNSUPPORTED : LUNETTE_OK;
}

/* What comes after the backend's own parts. */
static lunette_status complete(ln_template *template, const lunette_preload *preload, size_t count, char *why,
                               size_t why_size) {
    lunette_status status = build_template(template, preload, count, why, why_size);
    if (status == LUNETTE_OK)
        status = keep_modules(template, preload, count);
    if (status == LUNETTE_OK)
        status = check_copies(template, why, why_size);
    return status;
}

lunette_status ln_template_open(const ln_machine_setup *setup, const lunette_template_config *config,
                                ln_template **out, char *why, size_t why_size) {
    ln_template *template = calloc(1, sizeof *template);
    *out = NULL;
    if (!template)
        return LUNETTE_NO_MEMORY;
    template->setup = setup;
    lunette_status status = open_parts(template, config, why, why_size);
    if (status == LUNETTE_OK)
        status = complete(template, config->preload, config->preload_count, why, why_size);
    if (status != LUNETTE_OK)
        ln_template_close(&template);
    *out = template;
    return status;
}

/* --- Narrowing --- */

static bool is_named(const lunette_narrowing *by, const char *name) {
    for (size_t i = 0; i < by->module_count; i++)
        if (ln_name_matches(by->modules[i], name))
            return true;
    return !by->modules;
}

static lunette_status narrow(ln_template *template, const ln_template *from, const lunette_narrowing *by,
                             char *why, size_t why_size) {
    lunette_preload *left = calloc(from->preload_count + 1, sizeof *left);
    if (!left)
        return LUNETTE_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < from->preload_count; i++)
        if (is_named(by, from->preload[i].name))
            left[count++] = from->preload[i];
    lunette_status status =
        from->setup->backend->narrow_template(from->parts, by, &template->parts, why, why_size);
    if (status == LUNETTE_OK)
        status = complete(template, left, count, why, why_size);
    free(left);
    return status;
}

lunette_status ln_template_narrow(const ln_template *from, const lunette_narrowing *by, ln_template **out,
                                  char *why, size_t why_size) {
    *out = NULL;
    if (!from->setup->backend->narrow_template)
        return LUNETTE_UNSUPPORTED;
    ln_template *template = calloc(1, sizeof *template);
    if (!template)
        return LUNETTE_NO_MEMORY;
    template->setup = from->setup;
    lunette_status status = narrow(template, from, by, why, why_size);
    if (status != LUNETTE_OK)
        ln_template_close(&template);
    *out = template;
    return status;
}

void ln_template_close(ln_template **out) {
    ln_template *template = *out;
    if (!template)
        return;
    for (size_t i = 0; i < template->preload_count; i++) {
        free((char *)template->preload[i].name);
        free((char *)template->preload[i].chunk);
        free((char *)template->preload[i].text);
    }
    free(template->preload);
    if (template->parts && template->setup->backend->close_template)
        template->setup->backend->close_template(template->parts);
    ln_image_close(&template->image);
    free(template);
    *out = NULL;
}

size_t ln_template_size(const ln_template *of) {
    return of->image_size;
}

bool ln_template_shared(const ln_template *of) {
    return of->image != NULL;
}
