/* Growing texts, UTF-8 and base64. See text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_reserve(text *to, size_t more) {
    if (to->failed)
        return false;
    if (more >= SIZE_MAX / 4 || to->size >= SIZE_MAX / 4) {
        to->failed = true;
        return false;
    }
    const size_t needed = to->size + more + 1;
    if (needed <= to->capacity)
        return true;
    size_t capacity = to->capacity < 64 ? 64 : to->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    char *bytes = realloc(to->bytes, capacity);
    if (bytes == NULL) {
        to->failed = true;
        return false;
    }
    to->bytes = bytes;
    to->capacity = capacity;
    to->bytes[to->size] = '\0';
    return true;
}

void text_add(text *to, const char *bytes, size_t size) {
    if (!text_reserve(to, size) || size == 0)
        return;
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    to->bytes[to->size] = '\0';
}

void text_add_string(text *to, const char *string) {
    text_add(to, string, strlen(string));
}

void text_add_format(text *to, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (length < 0) {
        to->failed = true;
        return;
    }
    if (!text_reserve(to, (size_t)length))
        return;
    va_start(list, format);
    vsnprintf(to->bytes + to->size, (size_t)length + 1, format, list);
    va_end(list);
    to->size += (size_t)length;
}

void text_add_repeated(text *to, char byte, size_t times) {
    if (!text_reserve(to, times))
        return;
    memset(to->bytes + to->size, byte, times);
    to->size += times;
    to->bytes[to->size] = '\0';
}

void text_clear(text *to) {
    to->size = 0;
    to->failed = false;
    if (to->bytes != NULL)
        to->bytes[0] = '\0';
}

void text_free(text *to) {
    free(to->bytes);
    memset(to, 0, sizeof *to);
}

const char *text_string(const text *from) {
    return from->bytes != NULL ? from->bytes : "";
}

/* The length that a first byte announces, and the least character that needs it (less is overlong). */
static size_t announced_length(unsigned char first, uint32_t *least) {
    if (first < 0x80)
        return *least = 0, 1;
    if (first >= 0xC2 && first <= 0xDF)
        return *least = 0x80, 2;
    if (first >= 0xE0 && first <= 0xEF)
        return *least = 0x800, 3;
    if (first >= 0xF0 && first <= 0xF4)
        return *least = 0x10000, 4;
    return 0;
}

size_t text_utf8_length(const char *bytes, size_t size) {
    if (size == 0)
        return 0;
    uint32_t least = 0;
    const unsigned char first = (unsigned char)bytes[0];
    const size_t length = announced_length(first, &least);
    if (length == 0 || length > size)
        return 0;
    uint32_t character = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        const unsigned char next = (unsigned char)bytes[i];
        if ((next & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (next & 0x3Fu);
    }
    const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    return character < least || character > 0x10FFFF || surrogate ? 0 : length;
}

size_t text_add_utf8(text *to, const char *bytes, size_t size) {
    size_t replaced = 0, good = 0, at = 0;
    while (at < size) {
        const size_t length = text_utf8_length(bytes + at, size - at);
        if (length > 0) {
            at += length;
            continue;
        }
        text_add(to, bytes + good, at - good);
        text_add_string(to, "\xEF\xBF\xBD");
        replaced++;
        good = ++at;
    }
    text_add(to, bytes + good, size - good);
    return replaced;
}

void text_add_base64(text *to, const char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < size; at += 3) {
        const size_t there = size - at < 3 ? size - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < there; i++)
            group += (uint32_t)(unsigned char)bytes[at + i] << (16 - 8 * i);
        char out[4];
        for (size_t i = 0; i < 4; i++)
            out[i] = i <= there ? digits[group >> (18 - 6 * i) & 63] : '=';
        text_add(to, out, sizeof out);
    }
}
