/* The one place that knows which backend the library brings along. */
#include "engine/registry.h"
#include "lua/vm.h"

const lunette_backend *ln_builtin_backend(void) {
    return &ln_lua_backend;
}
