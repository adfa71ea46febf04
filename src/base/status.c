/* The names and texts of statuses and permissions, from the lists in <lunette/status.h> and <lunette/permission.h>. */
#include "lunette/status.h"

#include "lunette/permission.h"

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

const char *lunette_permission_name(lunette_permission permission) {
    switch (permission) {
#define PERMISSION_NAME(constant, bit, name, text) \
    case LUNETTE_PERMIT_##constant:                \
        return name;
        LUNETTE_PERMISSION_MAP(PERMISSION_NAME)
#undef PERMISSION_NAME
    }
    return "unknown";
}

const char *lunette_permission_text(lunette_permission permission) {
    switch (permission) {
#define PERMISSION_TEXT(constant, bit, name, text) \
    case LUNETTE_PERMIT_##constant:                \
        return text;
        LUNETTE_PERMISSION_MAP(PERMISSION_TEXT)
#undef PERMISSION_TEXT
    }
    return "not exactly one permission of this version";
}
