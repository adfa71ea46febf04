#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lunette/value.h"

/* --- Growing --- */

static bool reserve(ln_text *text, size_t more) {
    if (text->failed)
        return false;
    if (more < text->room - text->size)
        return true;
    size_t room = text->room < 64 ? 64 : text->room * 2;
    if (more < SIZE_MAX / 4 && text->size < SIZE_MAX / 4) {
        if (room < text->size + more + 1)
            room = text->size + more + 1;
        char *bytes = realloc(text->bytes, room);
        if (bytes) {
            text->bytes = bytes;
            text->room = room;
            return true;
        }
    }
    text->failed = true;
    return false;
}

void ln_text_add(ln_text *text, const char *bytes, size_t size) {
    if (text->full)
        return;
    if (text->limit != 0 && size > text->limit - text->size) {
        size = text->limit - text->size;
        text->full = true;
    }
    if (!reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void ln_text_add_string(ln_text *text, const char *string) {
    ln_text_add(text, string, strlen(string));
}

void ln_text_add_format(ln_text *text, const char *format, ...) {
    char space[256];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(space, sizeof space, format, list);
    va_end(list);
    if (size < 0)
        text->failed = true;
    if (size < (int)sizeof space) {
        ln_text_add(text, space, size < 0 ? 0 : (size_t)size);
        return;
    }
    char *whole = malloc((size_t)size + 1);
    if (!whole) {
        text->failed = true;
        return;
    }
    va_start(list, format);
    vsnprintf(whole, (size_t)size + 1, format, list);
    va_end(list);
    ln_text_add(text, whole, (size_t)size);
    free(whole);
}

/* Whatever stands between the digits is the locale's point, which may be several bytes. */
void ln_text_add_number(ln_text *text, double number, int digits) {
    char space[64];
    snprintf(space, sizeof space, "%.*g", digits < 17 ? digits : 17, number);
    for (const char *at = space; *at;) {
        size_t plain = strspn(at, "0123456789+-einfa");
        ln_text_add(text, at, plain);
        at += plain;
        if (*at) {
            ln_text_add(text, ".", 1);
            at += strcspn(at, "0123456789");
        }
    }
}

/* --- Ending --- */

static void mark_cut(ln_text *text) {
    size_t mark = sizeof LN_ELLIPSIS - 1;
    if (!text->full || text->limit < mark)
        return;
    size_t kept = text->size < text->limit - mark ? text->size : text->limit - mark;
    kept = ln_utf8_cut(text->bytes, kept);
    memcpy(text->bytes + kept, LN_ELLIPSIS, sizeof LN_ELLIPSIS);
    text->size = kept + mark;
}

char *ln_text_take(ln_text *text) {
    bool full = text->full;
    text->full = false;
    ln_text_add(text, "", 0);
    text->full = full;
    if (text->failed) {
        ln_text_free(text);
        return NULL;
    }
    mark_cut(text);
    char *bytes = text->bytes;
    *text = (ln_text){0};
    return bytes;
}

void ln_text_free(ln_text *text) {
    free(text->bytes);
    *text = (ln_text){0};
}

void lunette_string_free(char **string) {
    if (!string)
        return;
    free(*string);
    *string = NULL;
}

/* --- UTF-8 --- */

/* The length that a first byte announces, and the least character that needs it. */
static size_t announced(unsigned char first, uint32_t *least) {
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

size_t ln_utf8_length(const char *bytes, size_t size) {
    uint32_t least;
    if (size == 0)
        return 0;
    unsigned char first = (unsigned char)bytes[0];
    size_t length = announced(first, &least);
    if (length == 0 || length > size)
        return 0;
    uint32_t character = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)bytes[i];
        if ((next & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (next & 0x3Fu);
    }
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    return character < least || character > 0x10FFFF || surrogate ? 0 : length;
}

size_t ln_utf8_cut(const char *bytes, size_t size) {
    size_t start = size;
    while (start > 0 && size - start < 3 && ((unsigned char)bytes[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)bytes[start - 1] < 0x80)
        return size;
    start--;
    return ln_utf8_length(bytes + start, size - start) == size - start ? size : start;
}

/* --- Names --- */

static const char *const RESERVED[] = {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                                       "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                                       "repeat",   "return", "then", "true", "until",  "while"};

static bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

bool ln_is_identifier(const char *bytes, size_t size) {
    if (size == 0 || !is_letter(bytes[0]))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!is_letter(bytes[i]) && (bytes[i] < '0' || bytes[i] > '9'))
            return false;
    for (size_t i = 0; i < LN_COUNT(RESERVED); i++)
        if (strlen(RESERVED[i]) == size && memcmp(RESERVED[i], bytes, size) == 0)
            return false;
    return true;
}

bool ln_name_matches(const char *entry, const char *name) {
    size_t size = strlen(entry);
    if (size > 2 && strcmp(entry + size - 2, ".*") == 0)
        return strncmp(entry, name, size - 1) == 0 && name[size - 1] != '\0';
    return strcmp(entry, name) == 0;
}
