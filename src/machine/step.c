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
