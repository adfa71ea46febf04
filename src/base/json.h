/* JSON, written: for values, errors, descriptions and metrics, because the library depends on Lua and libc alone. It is
 * never read here.
 *
 * The writer keeps no stack: whether a comma is due is told by the last byte. So a caller opens, fills and closes, and
 * what it wrote is as well-formed as its nesting. All that comes out is UTF-8 (RFC 8259): a byte that belongs to no
 * character becomes U+FFFD. */
#ifndef LN_BASE_JSON_H
#define LN_BASE_JSON_H

#include <stdint.h>

#include "base/text.h"
#include "lunette/error.h"
#include "lunette/value.h"

/* A zeroed one is empty; ln_text_take(&json.text) ends it, and ln_text_free(&json.text) gives it up. */
typedef struct ln_json {
    ln_text text;
} ln_json;

/* `mark` is one of { } [ ]. */
void ln_json_open(ln_json *json, char mark);
void ln_json_close(ln_json *json, char mark);

/* The key of the next value, zero-terminated or with its size. */
void ln_json_key(ln_json *json, const char *key);
void ln_json_key_bytes(ln_json *json, const char *bytes, size_t size);

/* Values: of an array, or behind their key. */
void ln_json_null(ln_json *json);
void ln_json_boolean(ln_json *json, bool value);
void ln_json_integer(ln_json *json, int64_t value);
void ln_json_unsigned(ln_json *json, uint64_t value);

/* The shortest decimal that reads back as the same double, and looks like one ("1.0"); null for a NaN and the
 * infinities, which JSON does not have. */
void ln_json_number(ln_json *json, double value);
void ln_json_string(ln_json *json, const char *bytes, size_t size);

/* NULL becomes null. */
void ln_json_text(ln_json *json, const char *text);

/* As lunette_value_json() and lunette_error_json() write them. False: it was no value; what was written is of no use. */
bool ln_json_value(ln_json *json, const lunette_value *value);
bool ln_json_error(ln_json *json, const lunette_error *error);

#endif
