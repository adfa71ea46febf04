/* The public structs whose first field is their size, of whatever version the host was compiled against.
 *
 * Later versions only add fields at the end, and zero is each one's default. So a smaller struct is read, or filled in, as
 * far as it goes; a larger one too, unless something is set that this version knows nothing of. */
#ifndef LN_BASE_SIZED_H
#define LN_BASE_SIZED_H

#include <stddef.h>

#include "lunette/status.h"

/* Makes of a struct of `size` bytes, as its first field says, one of `known` bytes; `what` names it. INVALID_ARGUMENT: no
 * version has that size; UNSUPPORTED: it has more than this version's, which is not zero. Both with words. */
lunette_status ln_read_sized(void *to, size_t known, const void *from, size_t size, const char *what);

/* Likewise for the room that a struct within another has for later fields: UNSUPPORTED where it is not all zero. */
lunette_status ln_check_reserved(const void *reserved, size_t size, const char *what);

/* The other way: fills the caller's object, of whatever version its first field says, from one of `known` bytes. What a
 * later version has more becomes zero. INVALID_ARGUMENT: it has a size that no version has; `what` names it. */
lunette_status ln_write_sized(void *to, const void *from, size_t known, const char *what);

#endif
