#include "base/sized.h"

#include <string.h>

#include "base/failure.h"

lunette_status ln_check_reserved(const void *reserved, size_t size, const char *what) {
    for (size_t i = 0; i < size; i++)
        if (((const unsigned char *)reserved)[i] != 0)
            return ln_failure(LUNETTE_UNSUPPORTED,
                              "%s has fields of a later version set, which this library does not know", what);
    return LUNETTE_OK;
}

lunette_status ln_read_sized(void *to, size_t known, const void *from, size_t size, const char *what) {
    memset(to, 0, known);
    if (size < sizeof(size_t) || size > 4096)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "%s.size is %zu, which no version has: start from its ..._default()", what, size);
    memcpy(to, from, size < known ? size : known);
    return size > known ? ln_check_reserved((const char *)from + known, size - known, what) : LUNETTE_OK;
}

lunette_status ln_write_sized(void *to, const void *from, size_t known, const char *what) {
    enum { FIELDS = sizeof(size_t) };
    size_t size;
    memcpy(&size, to, sizeof size);
    if (size <= FIELDS || size > 4096)
        return ln_failure(LUNETTE_INVALID_ARGUMENT,
                          "%s is %zu, which no version has: set it to the struct's size", what, size);
    memset((char *)to + FIELDS, 0, size - FIELDS);
    memcpy((char *)to + FIELDS, (const char *)from + FIELDS, (size < known ? size : known) - FIELDS);
    return LUNETTE_OK;
}
