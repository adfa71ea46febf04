/* The store behind a tree of values: chunks from malloc, filled from the front, freed all at once.
 *
 * A tree's root value is the first thing in its first chunk, so that the pointer the host holds is all that
 * freeing needs. What always holds: `first` reaches every chunk, and a chunk is linked before anything is
 * put into it, so a tree can be freed after its builder was abandoned at any instruction but those of
 * ln_tree_grow(), which calls malloc and belongs into a host section. */
#ifndef LN_BASE_TREE_H
#define LN_BASE_TREE_H

#include "base/compiler.h"
#include "lunette/value.h"

/* How deep values may lie in one another: what every walk over them goes down to. */
enum { LN_VALUE_DEPTH = 190 };

/* Whether what a value points at is there: a host may have built it by hand. */
LN_INLINE bool ln_value_is_sound(const lunette_value *value) {
    switch (value->type) {
    case LUNETTE_STRING:
        return value->as.string.bytes || value->as.string.size == 0;
    case LUNETTE_ARRAY:
        return value->as.array.items || value->as.array.count == 0;
    case LUNETTE_OBJECT:
        return value->as.object.members || value->as.object.count == 0;
    default:
        return true;
    }
}

/* Puts the defaults where bounds are zero; false: they allow a depth that no walk goes down to. */
LN_INLINE bool ln_bounds_complete(lunette_bounds *bounds) {
    if (bounds->depth == 0)
        bounds->depth = 64;
    if (bounds->items == 0)
        bounds->items = 1000000;
    if (bounds->bytes == 0)
        bounds->bytes = (size_t)64 << 20;
    return bounds->depth <= LN_VALUE_DEPTH;
}

struct ln_chunk;

typedef struct ln_tree {
    struct ln_chunk *first, *last;
    char *next, *end; /* what is left of the last chunk */
    size_t bytes;     /* taken from malloc so far */
    size_t limit;     /* that `bytes` may reach */
} ln_tree;

/* An empty tree that may take `limit` bytes; takes none yet. */
void ln_tree_init(ln_tree *tree, size_t limit);

/* Makes room for `size` bytes in one piece. NO_MEMORY, or VALUE_LIMIT when it would pass the tree's limit;
 * the tree is then unchanged. Calls malloc. */
lunette_status ln_tree_grow(ln_tree *tree, size_t size);

/* The root value, NULL while nothing was ever grown; nil at first. */
lunette_value *ln_tree_root(const ln_tree *tree);

/* Frees everything; also a tree that is empty or was freed. */
void ln_tree_free(ln_tree *tree);

/* Copies a value and all it holds into the tree. NO_MEMORY, VALUE_LIMIT, INVALID_ARGUMENT; what was copied until then
 * stays taken. */
lunette_status ln_tree_copy_value(ln_tree *tree, const lunette_value *value, lunette_value *copy);

/* Copies `size` bytes and adds a zero byte. */
lunette_status ln_tree_copy_bytes(ln_tree *tree, const char *bytes, size_t size, const char **copy);

/* Takes `size` bytes, growing the tree if need be. */
lunette_status ln_tree_obtain(ln_tree *tree, size_t size, void **start);

/* How far a tree is filled. */
typedef struct ln_tree_mark {
    struct ln_chunk *last;
    char *next;
} ln_tree_mark;

LN_INLINE ln_tree_mark ln_tree_here(const ln_tree *tree) {
    return (ln_tree_mark){tree->last, tree->next};
}

/* Whether something was taken after a mark that it would take free() to give back. */
LN_INLINE bool ln_tree_grew_since(const ln_tree *tree, const ln_tree_mark *mark) {
    return tree->last != mark->last && tree->last != tree->first;
}

/* Gives back what was taken after the mark; a zeroed mark is the empty tree's. The first chunk is kept. Calls free() only
 * if ln_tree_grew_since(). */
void ln_tree_rewind(ln_tree *tree, const ln_tree_mark *mark);

/* Takes `size` bytes, aligned for values, if they are there without growing; else NULL. Of an empty tree not even none can
 * be taken: it has no place where they would be, and C knows no sum of a null pointer and zero. */
LN_INLINE void *ln_tree_take(ln_tree *tree, size_t size) {
    size_t rounded = (size + 7) & ~(size_t)7;
    char *start = tree->next;
    if (!start || rounded < size || rounded > (size_t)(tree->end - start))
        return NULL;
    tree->next = start + rounded;
    return start;
}

#endif
