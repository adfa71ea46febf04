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
    bool is_text;         /* the program itself, for a backend that does not compile */
    char *source;         /* with code that was in the cache (seen.h): the text it was made of, */
    size_t source_size;   /* and behind that the name that the text had, with its zero byte */
    _Atomic(bool) listed; /* in the cache now */
    _Atomic(bool) wanted; /* given out since the cache last looked who was */
    char bytes[];
} ln_code;

/* With its size, room and bytes there: makes the rest of it, for one holder. */
void ln_code_init(ln_code *code);

/* Whether it was made of that text under that name. Of code that was in the cache only. */
bool ln_code_is_of(const ln_code *code, const char *name, const char *text, size_t size);

/* Has it say of what it was made, which stays so. False: no memory. Before other threads have it. */
bool ln_code_note_source(ln_code *code, const char *name, const char *text, size_t size);

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
