/* The names and texts of statuses, from the one list in <lunette/status.h>. */
#include "lunette/status.h"

const char *lunette_status_name(lunette_status status) {
    switch (status) {
#define STATUS_NAME(constant, number, name, text) \
    case LUNETTE_##constant:                      \
        return name;
        LUNETTE_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "unknown";
}

const char *lunette_status_text(lunette_status status) {
    switch (status) {
#define STATUS_TEXT(constant, number, name, text) \
    case LUNETTE_##constant:                      \
        return text;
        LUNETTE_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "a number that is no status of this version";
}
