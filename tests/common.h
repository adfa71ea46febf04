/* What tests of every kind share: texts that grow, and an allocator as a host may bring along. */
#ifndef TEST_COMMON_H
#define TEST_COMMON_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- Texts that grow; outside of every arena --- */

typedef struct kit_text {
    char *bytes; /* zero-terminated, or NULL while there is none */
    size_t size, room;
} kit_text;

static inline void kit_add(kit_text *text, const char *bytes, size_t size) {
    if (text->size + size + 1 > text->room) {
        text->room = 2 * (text->size + size + 1);
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes)
            abort();
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static inline void kit_clear(kit_text *text) {
    free(text->bytes);
    *text = (kit_text){0};
}

/* --- A host's allocator --- */

static inline void *kit_host_alloc(void *ud, void *block, size_t osize, size_t nsize) {
    (void)ud;
    (void)osize;
    if (nsize > 0)
        return realloc(block, nsize);
    free(block);
    return NULL;
}

#endif
