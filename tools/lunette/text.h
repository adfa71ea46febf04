/* A text that grows. An allocation that fails is remembered in `failed` and makes everything added later a no-op,
 * so that a caller adds piece after piece and asks once, at the end. A zeroed text is empty. */
#ifndef TEXT_H
#define TEXT_H

#include "tool.h"

typedef struct text {
    char *bytes; /* a zero byte follows; NULL while nothing was added */
    size_t size;
    size_t capacity;
    bool failed;
} text;

void text_add(text *to, const char *bytes, size_t size);
void text_add_string(text *to, const char *string);
void text_add_format(text *to, const char *format, ...) TOOL_PRINTF(2, 3);
void text_add_repeated(text *to, char byte, size_t times);

/* Makes room for `more` bytes behind the end, which the caller may write to and then count in `size`. */
bool text_reserve(text *to, size_t more);

/* Empties the text and keeps its memory; forgives a failure. */
void text_clear(text *to);
void text_free(text *to);

/* The content as a string: "" while nothing was added. */
const char *text_string(const text *from);

/* How many bytes at `bytes` are one well-formed UTF-8 character (no surrogates, none overlong, none beyond
 * U+10FFFF); 0 when they are none. */
size_t text_utf8_length(const char *bytes, size_t size);

/* A copy in which every byte that belongs to no UTF-8 character is U+FFFD. Returns how many were replaced. */
size_t text_add_utf8(text *to, const char *bytes, size_t size);

void text_add_base64(text *to, const char *bytes, size_t size);

#endif
