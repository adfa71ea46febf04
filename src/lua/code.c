#include "lua/code.h"

#include <stdlib.h>

void ln_code_retain(ln_code *code) {
    atomic_fetch_add_explicit(&code->references, 1, memory_order_relaxed);
}

void ln_code_release(ln_code **code) {
    if (!code || !*code)
        return;
    if (atomic_fetch_sub_explicit(&(*code)->references, 1, memory_order_acq_rel) == 1)
        free(*code);
    *code = NULL;
}
