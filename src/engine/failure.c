#include "engine/failure.h"

#include <stdarg.h>
#include <stdio.h>

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

const char *lunette_last_failure(void) {
    return text;
}
