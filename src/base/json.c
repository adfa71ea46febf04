#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A comma goes before whatever does not come first, and follows no key. */
static void begin_item(ln_json *json) {
    const ln_text *text = &json->text;
    if (text->size == 0 || !text->bytes)
        return;
    char last = text->bytes[text->size - 1];
    if (last != '{' && last != '[' && last != ':')
        ln_text_add(&json->text, ",", 1);
}

void ln_json_open(ln_json *json, char mark) {
    begin_item(json);
    ln_text_add(&json->text, &mark, 1);
}

void ln_json_close(ln_json *json, char mark) {
    ln_text_add(&json->text, &mark, 1);
}

/* --- Strings --- */

static void escape(ln_text *text, unsigned char byte) {
    static const char marked[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = byte ? strchr(marked, byte) : NULL;
    if (found)
        ln_text_add_format(text, "\\%c", letters[found - marked]);
    else
        ln_text_add_format(text, "\\u%04x", byte);
}

static bool is_plain(char byte) {
    return (unsigned char)byte >= 0x20 && (unsigned char)byte < 0x80 && byte != '"' && byte != '\\';
}

static void add_quoted(ln_text *text, const char *bytes, size_t size) {
    ln_text_add(text, "\"", 1);
    for (size_t at = 0; at < size;) {
        size_t plain = 0;
        while (at + plain < size && is_plain(bytes[at + plain]))
            plain++;
        ln_text_add(text, bytes + at, plain);
        at += plain;
        if (at == size)
            break;
        size_t length = ln_utf8_length(bytes + at, size - at);
        if (length == 1)
            escape(text, (unsigned char)bytes[at]);
        else if (length > 1)
            ln_text_add(text, bytes + at, length);
        else
            ln_text_add_string(text, "\xEF\xBF\xBD");
        at += length > 0 ? length : 1;
    }
    ln_text_add(text, "\"", 1);
}

void ln_json_string(ln_json *json, const char *bytes, size_t size) {
    begin_item(json);
    add_quoted(&json->text, bytes, size);
}

void ln_json_text(ln_json *json, const char *text) {
    if (text)
        ln_json_string(json, text, strlen(text));
    else
        ln_json_null(json);
}

void ln_json_key_bytes(ln_json *json, const char *bytes, size_t size) {
    ln_json_string(json, bytes, size);
    ln_text_add(&json->text, ":", 1);
}

void ln_json_key(ln_json *json, const char *key) {
    ln_json_key_bytes(json, key, strlen(key));
}

/* --- Plain values --- */

static void add_word(ln_json *json, const char *word) {
    begin_item(json);
    ln_text_add_string(&json->text, word);
}

void ln_json_null(ln_json *json) {
    add_word(json, "null");
}

void ln_json_boolean(ln_json *json, bool value) {
    add_word(json, value ? "true" : "false");
}

void ln_json_integer(ln_json *json, int64_t value) {
    begin_item(json);
    ln_text_add_format(&json->text, "%" PRId64, value);
}

void ln_json_unsigned(ln_json *json, uint64_t value) {
    begin_item(json);
    ln_text_add_format(&json->text, "%" PRIu64, value);
}

/* 15 digits are what every double keeps, 17 are what tells any two apart. Both directions use the same locale. */
static int shortest_digits(double value) {
    char space[64];
    for (int digits = 15; digits < 17; digits++) {
        snprintf(space, sizeof space, "%.*g", digits, value);
        if (strtod(space, NULL) == value)
            return digits;
    }
    return 17;
}

void ln_json_number(ln_json *json, double value) {
    if (!isfinite(value)) {
        ln_json_null(json);
        return;
    }
    begin_item(json);
    size_t start = json->text.size;
    ln_text_add_number(&json->text, value, shortest_digits(value));
    if (!json->text.failed && !strpbrk(json->text.bytes + start, ".e"))
        ln_text_add(&json->text, ".0", 2);
}
