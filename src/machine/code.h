/* A compiled program outside any VM: what a backend wrote of it, counted by who holds it. Only this room makes one,
 * from text, in a machine that no script has run in since it was restored; so it is as good as the text.
 *
 * With it, patches: what loading it makes of a fresh machine, for up to LN_CODE_PATCHES templates (press.c). They are added
 * by any thread, at the head, and go with the code. */
#ifndef LN_MACHINE_CODE_H
#define LN_MACHINE_CODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "arena/arena.h"

enum { LN_CODE_PATCHES = 4 };

typedef struct ln_code_patch ln_code_patch;

typedef struct ln_code {
    atomic_size_t references;
    _Atomic(ln_code_patch *) patches;
    size_t size;
    size_t room;
    bool is_text; /* the program itself, for a backend that does not compile */
    char bytes[];
} ln_code;

/* The patch for that image, or NULL; lives as long as the code. */
const ln_patch *ln_code_patch_for(const ln_code *code, const ln_image *image);

/* Whether it has fewer than LN_CODE_PATCHES, and for that image neither a patch nor a note that there can be none. */
bool ln_code_wants_patch(const ln_code *code, const ln_image *image);

/* Takes the patch over, and nulls the pointer; to NULL: there can be none. How many bytes the code grows by; 0 when
 * there is no memory for it: then it is gone. */
size_t ln_code_add_patch(ln_code *code, const ln_image *image, ln_patch **patch);

void ln_code_retain(ln_code *code);

/* Nulls the pointer; NULL and a pointer to NULL are allowed. */
void ln_code_release(ln_code **code);

#endif
