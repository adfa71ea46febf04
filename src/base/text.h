/* A text that grows in the host's memory. A zeroed one is empty. Two things can end its growth, and both are remembered,
 * so that a caller adds piece after piece and asks once, at the end: memory that is not there (`failed`), and its own
 * limit (`full`). What always holds: `size` bytes and a zero byte, never more than `limit` of them; nothing is added
 * after either. Calls malloc: in a run it belongs into a host section. */
#ifndef LN_BASE_TEXT_H
#define LN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

typedef struct ln_text {
    char *bytes; /* NULL while nothing was added */
    size_t size, room;
    size_t limit; /* bytes that it may have; 0: as many as there is memory for */
    bool failed, full;
} ln_text;

void ln_text_add(ln_text *text, const char *bytes, size_t size);
void ln_text_add_string(ln_text *text, const char *string);
LN_PRINTF(2, 3) void ln_text_add_format(ln_text *text, const char *format, ...);

/* A finite number with so many significant digits, and a decimal point in every locale. */
void ln_text_add_number(ln_text *text, double number, int digits);

/* The text as the caller's own block, zero-terminated ("" when nothing was added), to be freed by free(); NULL when
 * memory failed. One that was full ends in "…", within its limit, and splits no character. The text is empty
 * afterwards. */
char *ln_text_take(ln_text *text);

void ln_text_free(ln_text *text);

/* How many bytes at `bytes` are one well-formed character of UTF-8 (none overlong, no surrogate, none beyond U+10FFFF);
 * 0 when they are none. */
size_t ln_utf8_length(const char *bytes, size_t size);

/* Where a text of more than `size` bytes can be cut: the end of the last whole character within them. What is not UTF-8 is cut
 * anywhere. */
size_t ln_utf8_cut(const char *bytes, size_t size);

/* The mark of a cut: "…". */
#define LN_ELLIPSIS "\xe2\x80\xa6"

/* Whether Lua, and others like it, would take that for the name of a variable: letters of ASCII, digits and underscores, and
 * none of Lua's reserved words. In every locale. */
bool ln_is_identifier(const char *bytes, size_t size);

/* Whether an entry of a list of modules matches that name: it is the name, or "shop.*" and the name begins with "shop.". */
bool ln_name_matches(const char *entry, const char *name);

#endif
