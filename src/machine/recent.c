#include "machine/recent.h"

#include "base/compiler.h"

/* Written only where it is not so already, for others read it. */
static void mark_wanted(ln_code *code) {
    if (LN_UNLIKELY(!atomic_load_explicit(&code->wanted, memory_order_relaxed)))
        atomic_store_explicit(&code->wanted, true, memory_order_relaxed);
}

ln_code *ln_recent_find(const ln_recent *recent, const char *name, const char *text, size_t size) {
    for (unsigned i = 0; i < LN_RECENT; i++) {
        ln_code *code = recent->codes[i];
        if (!code || !atomic_load_explicit(&code->listed, memory_order_relaxed) ||
            !ln_code_is_of(code, name, text, size))
            continue;
        mark_wanted(code);
        return code;
    }
    return NULL;
}

void ln_recent_keep(ln_recent *recent, ln_code *code) {
    ln_code **place = &recent->codes[recent->next];
    ln_code_release(place);
    *place = code;
    recent->next = (recent->next + 1) % LN_RECENT;
}

void ln_recent_clear(ln_recent *recent) {
    for (unsigned i = 0; i < LN_RECENT; i++)
        ln_code_release(&recent->codes[i]);
}
