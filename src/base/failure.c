#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/tree.h"
#include "lunette/error.h"

static _Thread_local char text[256];

lunette_status ln_failure(lunette_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return status;
}

lunette_status ln_failure_plain(lunette_status status, const char *function) {
    if (status >= LUNETTE_OK)
        return status;
    return ln_failure(status, "%s: %s", function, lunette_status_text(status));
}

lunette_status ln_failure_null(const char *function) {
    return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: an argument is NULL", function);
}

lunette_status ln_failure_value(const char *function) {
    return ln_failure(LUNETTE_INVALID_ARGUMENT,
                      "%s: the value, or one inside it, has an unknown type, or NULL for its bytes, items or "
                      "members; or they lie more than %d deep, in a cycle for example",
                      function, LN_VALUE_DEPTH);
}

const char *lunette_last_failure(void) {
    return text;
}
