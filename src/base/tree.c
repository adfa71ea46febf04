#include "base/tree.h"

#include <stdlib.h>

struct ln_chunk {
    struct ln_chunk *next;
    size_t size;
    lunette_value root; /* used in the first chunk only */
    char space[];
};

enum { FIRST_CHUNK = 512, LARGEST_STEP = 1 << 20 };

void ln_tree_init(ln_tree *tree, size_t limit) {
    *tree = (ln_tree){.limit = limit};
}

lunette_value *ln_tree_root(const ln_tree *tree) {
    return tree->first ? &tree->first->root : NULL;
}

/* Chunks double, so that a tree of n bytes takes log n calls of malloc, and stop doubling at a mebibyte, so
 * that little is left unused at the end. */
static size_t chunk_size(const ln_tree *tree, size_t needed) {
    size_t size = tree->bytes == 0 ? FIRST_CHUNK : tree->bytes;
    if (size > LARGEST_STEP)
        size = LARGEST_STEP;
    return size < needed ? needed : size;
}

lunette_status ln_tree_grow(ln_tree *tree, size_t size) {
    if (size > SIZE_MAX / 2)
        return LUNETTE_VALUE_LIMIT;
    size_t needed = sizeof(struct ln_chunk) + ((size + 7) & ~(size_t)7);
    size_t bytes = chunk_size(tree, needed);
    if (tree->bytes + bytes > tree->limit)
        bytes = needed;
    if (bytes > tree->limit || tree->bytes > tree->limit - bytes)
        return LUNETTE_VALUE_LIMIT;
    struct ln_chunk *chunk = malloc(bytes);
    if (!chunk)
        return LUNETTE_NO_MEMORY;
    chunk->next = NULL;
    chunk->size = bytes;
    chunk->root = lunette_nil();
    if (tree->last)
        tree->last->next = chunk;
    else
        tree->first = chunk;
    tree->last = chunk;
    tree->next = chunk->space;
    tree->end = (char *)chunk + bytes;
    tree->bytes += bytes;
    return LUNETTE_OK;
}

static void free_chunks(struct ln_chunk *chunk) {
    while (chunk) {
        struct ln_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void ln_tree_free(ln_tree *tree) {
    free_chunks(tree->first);
    *tree = (ln_tree){.limit = tree->limit};
}

void ln_tree_rewind(ln_tree *tree, const ln_tree_mark *mark) {
    struct ln_chunk *last = mark->last ? mark->last : tree->first;
    if (!last)
        return;
    struct ln_chunk *beyond = last->next;
    tree->last = last;
    tree->next = mark->last ? mark->next : last->space;
    tree->end = (char *)last + last->size;
    last->next = NULL;
    while (beyond) {
        struct ln_chunk *next = beyond->next;
        tree->bytes -= beyond->size;
        free(beyond);
        beyond = next;
    }
}

void lunette_value_free(lunette_value **value) {
    if (!value || !*value)
        return;
    free_chunks((struct ln_chunk *)((char *)*value - offsetof(struct ln_chunk, root)));
    *value = NULL;
}
