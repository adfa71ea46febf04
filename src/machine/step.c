#include "machine/step.h"

#include <stdio.h>

static size_t write_step(char *text, size_t size, const ln_step *step, const char *root) {
    if (!step)
        return (size_t)snprintf(text, size, "%s", root);
    size_t used = write_step(text, size, step->up, root);
    const lunette_value *key = step->key;
    if (used >= size)
        return used;
    if (key && key->type == LUNETTE_STRING)
        used += (size_t)snprintf(text + used, size - used, ".%.*s",
                                 (int)(key->as.string.size < 40 ? key->as.string.size : 40),
                                 key->as.string.bytes);
    else if (key && key->type == LUNETTE_NUMBER)
        used += (size_t)snprintf(text + used, size - used, "[%.14g]", key->as.number);
    else if (key && key->type == LUNETTE_BOOLEAN)
        used += (size_t)snprintf(text + used, size - used, "[%s]", key->as.boolean ? "true" : "false");
    else
        used += (size_t)snprintf(text + used, size - used, "[%lld]",
                                 key ? (long long)key->as.integer : (long long)step->index);
    return used;
}

void ln_step_tell(const ln_step *step, const char *root, const char *what, char text[LN_STEP_TEXT]) {
    enum { PLACE = LN_STEP_TEXT - 100 };
    size_t used = write_step(text, PLACE, step, root);
    if (used >= PLACE)
        used = PLACE - 1;
    snprintf(text + used, LN_STEP_TEXT - used, "%s: %s", used == PLACE - 1 ? "..." : "", what);
}

void ln_bound_tell(ln_bound bound, const lunette_bounds *bounds, char text[LN_BOUND_TEXT]) {
    static const struct {
        const char *what, *name;
    } WORDS[] = {
        [LN_BOUND_DEPTH] = {"values lie too deep inside one another", "depth"},
        [LN_BOUND_ITEMS] = {"there are more values than may be taken out", "items"},
        [LN_BOUND_BYTES] = {"the values need more memory than they may take", "bytes"},
    };
    const size_t is[] = {bounds->depth, bounds->items, bounds->bytes};
    snprintf(text, LN_BOUND_TEXT, "%s (bounds.%s is %zu)", WORDS[bound].what, WORDS[bound].name, is[bound]);
}
