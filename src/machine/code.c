#include "machine/code.h"

#include <stdlib.h>
#include <string.h>

/* --- Patches --- */

struct ln_code_patch {
    ln_code_patch *next;
    ln_patch *patch; /* NULL: there can be none */
    uint64_t image;  /* its number */
    unsigned count;  /* of this one and those behind it */
};

static const ln_code_patch *find(const ln_code *code, const ln_image *image) {
    const ln_code_patch *at = atomic_load_explicit(&code->patches, memory_order_acquire);
    while (at && at->image != ln_image_number(image))
        at = at->next;
    return at;
}

const ln_patch *ln_code_patch_for(const ln_code *code, const ln_image *image) {
    const ln_code_patch *of = find(code, image);
    return of ? of->patch : NULL;
}

bool ln_code_wants_patch(const ln_code *code, const ln_image *image) {
    const ln_code_patch *first = atomic_load_explicit(&code->patches, memory_order_acquire);
    return (!first || first->count < LN_CODE_PATCHES) && !find(code, image);
}

/* Two threads may add one for the same image at the same time: then one of them is not used. */
size_t ln_code_add_patch(ln_code *code, const ln_image *image, ln_patch **patch) {
    ln_code_patch *link = malloc(sizeof *link);
    if (!link) {
        ln_patch_close(patch);
        return 0;
    }
    size_t size = sizeof *link + (*patch ? ln_patch_size(*patch) : 0);
    *link = (ln_code_patch){
        .next = atomic_load(&code->patches), .patch = *patch, .image = ln_image_number(image)};
    do
        link->count = link->next ? link->next->count + 1 : 1;
    while (!atomic_compare_exchange_weak(&code->patches, &link->next, link));
    *patch = NULL;
    return size;
}

/* --- What it was made of --- */

bool ln_code_is_of(const ln_code *code, const char *name, const char *text, size_t size) {
    return code->source_size == size && memcmp(code->source, text, size) == 0 &&
           strcmp(code->source + size, name) == 0;
}

bool ln_code_note_source(ln_code *code, const char *name, const char *text, size_t size) {
    size_t name_size = strlen(name) + 1;
    if (code->source)
        return true;
    code->source = malloc(size + name_size);
    if (!code->source)
        return false;
    memcpy(code->source, text, size);
    memcpy(code->source + size, name, name_size);
    code->source_size = size;
    return true;
}

/* --- Lifetime --- */

void ln_code_init(ln_code *code) {
    atomic_init(&code->references, 1);
    atomic_init(&code->patches, NULL);
    atomic_init(&code->listed, false);
    atomic_init(&code->wanted, false);
    code->is_text = false;
    code->source = NULL;
    code->source_size = 0;
}

void ln_code_retain(ln_code *code) {
    atomic_fetch_add_explicit(&code->references, 1, memory_order_relaxed);
}

static void destroy(ln_code *code) {
    for (ln_code_patch *at = atomic_load(&code->patches), *next; at; at = next) {
        next = at->next;
        ln_patch_close(&at->patch);
        free(at);
    }
    free(code->source);
    free(code);
}

void ln_code_release(ln_code **code) {
    if (!code || !*code)
        return;
    if (atomic_fetch_sub_explicit(&(*code)->references, 1, memory_order_acq_rel) == 1)
        destroy(*code);
    *code = NULL;
}
