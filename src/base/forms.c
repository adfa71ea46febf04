/* Values as texts: for people in Lua's own notation, for programs in JSON. Both walk a tree whose depth they bound, since
 * a host may have built a cycle by mistake, and write into host memory only. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/json.h"
#include "base/tree.h"
#include "lunette/value.h"

/* --- For people --- */

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* A digit behind a short decimal escape would belong to it. */
static void add_escape(ln_text *text, char byte, bool digit_follows) {
    static const char marked[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    const char *found = byte != '\0' ? strchr(marked, byte) : NULL;
    if (found)
        ln_text_add_format(text, "\\%c", letters[found - marked]);
    else
        ln_text_add_format(text, digit_follows ? "\\%03u" : "\\%u", (unsigned)(unsigned char)byte);
}

static void add_string(ln_text *text, const char *bytes, size_t size) {
    ln_text_add(text, "\"", 1);
    for (size_t at = 0; at < size && !text->full && !text->failed;) {
        size_t length = ln_utf8_length(bytes + at, size - at);
        char byte = bytes[at];
        if (length > 1 || (length == 1 && byte >= ' ' && byte != 0x7F && byte != '"' && byte != '\\')) {
            ln_text_add(text, bytes + at, length);
            at += length;
        } else {
            add_escape(text, byte, at + 1 < size && is_digit(bytes[at + 1]));
            at++;
        }
    }
    ln_text_add(text, "\"", 1);
}

/* As Lua's tostring writes it: a number shows that it is no integer. */
static void add_number(ln_text *text, double number) {
    if (isnan(number)) {
        ln_text_add_string(text, "nan");
        return;
    }
    if (isinf(number)) {
        ln_text_add_string(text, number > 0 ? "inf" : "-inf");
        return;
    }
    size_t start = text->size;
    ln_text_add_number(text, number, 14);
    if (!text->failed && !text->full && !strpbrk(text->bytes + start, ".e"))
        ln_text_add(text, ".0", 2);
}

/* "..." stands for what a bound cut away, and is written as that. */
static void add_named(ln_text *text, const char *name) {
    bool dots = name && strcmp(name, "...") == 0;
    ln_text_add_string(text, dots ? "" : "<");
    ln_text_add_string(text, name ? name : "userdata");
    ln_text_add_string(text, dots ? "" : ">");
}

static bool add_value(ln_text *text, const lunette_value *value, int depth);

/* Tables and nil are no keys. (What is only named is one where a conversion was cut.) */
static bool may_be_key(const lunette_value *key) {
    return key->type != LUNETTE_NIL && key->type != LUNETTE_ARRAY && key->type != LUNETTE_OBJECT;
}

static bool add_key(ln_text *text, const lunette_value *key, int depth) {
    if (!may_be_key(key))
        return false;
    if (key->type == LUNETTE_STRING && ln_is_identifier(key->as.string.bytes, key->as.string.size)) {
        ln_text_add(text, key->as.string.bytes, key->as.string.size);
    } else {
        ln_text_add(text, "[", 1);
        if (!add_value(text, key, depth))
            return false;
        ln_text_add(text, "]", 1);
    }
    ln_text_add_string(text, " = ");
    return true;
}

/* What is beyond the limit is not looked at. */
static bool is_ended(const ln_text *text) {
    return text->full || text->failed;
}

static bool add_array(ln_text *text, const lunette_value *array, int depth) {
    ln_text_add(text, "{", 1);
    for (size_t i = 0; i < array->as.array.count && !is_ended(text); i++) {
        ln_text_add_string(text, i == 0 ? "" : ", ");
        if (!add_value(text, &array->as.array.items[i], depth))
            return false;
    }
    ln_text_add(text, "}", 1);
    return true;
}

static bool add_object(ln_text *text, const lunette_value *object, int depth) {
    ln_text_add(text, "{", 1);
    for (size_t i = 0; i < object->as.object.count && !is_ended(text); i++) {
        const lunette_member *member = &object->as.object.members[i];
        ln_text_add_string(text, i == 0 ? "" : ", ");
        if (!add_key(text, &member->key, depth) || !add_value(text, &member->value, depth))
            return false;
    }
    ln_text_add(text, "}", 1);
    return true;
}

/* False: no value of ours, or too deep. */
static bool add_value(ln_text *text, const lunette_value *value, int depth) {
    if (depth >= LN_VALUE_DEPTH || !ln_value_is_sound(value))
        return false;
    switch (value->type) {
    case LUNETTE_NIL:
        ln_text_add_string(text, "nil");
        return true;
    case LUNETTE_BOOLEAN:
        ln_text_add_string(text, value->as.boolean ? "true" : "false");
        return true;
    case LUNETTE_INTEGER:
        ln_text_add_format(text, "%" PRId64, value->as.integer);
        return true;
    case LUNETTE_NUMBER:
        add_number(text, value->as.number);
        return true;
    case LUNETTE_STRING:
        add_string(text, value->as.string.bytes, value->as.string.size);
        return true;
    case LUNETTE_ARRAY:
        return add_array(text, value, depth + 1);
    case LUNETTE_OBJECT:
        return add_object(text, value, depth + 1);
    case LUNETTE_FUNCTION:
        ln_text_add_string(text, "<function>");
        return true;
    case LUNETTE_USERDATA:
        add_named(text, value->as.userdata.type_name);
        return true;
    }
    return false;
}

enum { STANDARD_LIMIT = 4096, LEAST_LIMIT = 16 };

lunette_status lunette_value_text(const lunette_value *value, size_t limit, char **text) {
    static const char NAME[] = "lunette_value_text";
    if (text)
        *text = NULL;
    if (!value || !text)
        return ln_failure_null(NAME);
    if (limit != 0 && limit < LEAST_LIMIT)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `limit` is %zu: at least %d, or 0 for %d", NAME,
                          limit, LEAST_LIMIT, STANDARD_LIMIT);
    ln_text to = {.limit = limit == 0 ? STANDARD_LIMIT : limit == SIZE_MAX ? 0 : limit};
    if (!add_value(&to, value, 0)) {
        ln_text_free(&to);
        return ln_failure_value(NAME);
    }
    *text = ln_text_take(&to);
    return *text ? LUNETTE_OK : ln_failure_plain(LUNETTE_NO_MEMORY, NAME);
}

/* --- For programs --- */

static void write_named(ln_json *json, const char *name) {
    ln_text text = {0};
    add_named(&text, name);
    json->text.failed |= text.failed;
    ln_json_string(json, text.bytes ? text.bytes : "", text.size);
    ln_text_free(&text);
}

/* A key that is no string is written as Lua's tostring would. */
static bool write_key(ln_json *json, const lunette_value *key) {
    ln_text text = {0};
    if (key->type == LUNETTE_STRING) {
        if (!ln_value_is_sound(key))
            return false;
        ln_json_key_bytes(json, key->as.string.bytes, key->as.string.size);
        return true;
    }
    if (!may_be_key(key) || !add_value(&text, key, LN_VALUE_DEPTH - 1)) {
        ln_text_free(&text);
        return false;
    }
    json->text.failed |= text.failed;
    ln_json_key_bytes(json, text.bytes ? text.bytes : "", text.size);
    ln_text_free(&text);
    return true;
}

static bool write_value(ln_json *json, const lunette_value *value, int depth);

static bool write_array(ln_json *json, const lunette_value *array, int depth) {
    ln_json_open(json, '[');
    for (size_t i = 0; i < array->as.array.count && !json->text.failed; i++)
        if (!write_value(json, &array->as.array.items[i], depth))
            return false;
    ln_json_close(json, ']');
    return true;
}

static bool write_object(ln_json *json, const lunette_value *object, int depth) {
    ln_json_open(json, '{');
    for (size_t i = 0; i < object->as.object.count && !json->text.failed; i++) {
        const lunette_member *member = &object->as.object.members[i];
        if (!write_key(json, &member->key) || !write_value(json, &member->value, depth))
            return false;
    }
    ln_json_close(json, '}');
    return true;
}

static bool write_value(ln_json *json, const lunette_value *value, int depth) {
    if (depth >= LN_VALUE_DEPTH || !ln_value_is_sound(value))
        return false;
    switch (value->type) {
    case LUNETTE_NIL:
        ln_json_null(json);
        return true;
    case LUNETTE_BOOLEAN:
        ln_json_boolean(json, value->as.boolean);
        return true;
    case LUNETTE_INTEGER:
        ln_json_integer(json, value->as.integer);
        return true;
    case LUNETTE_NUMBER:
        ln_json_number(json, value->as.number);
        return true;
    case LUNETTE_STRING:
        ln_json_string(json, value->as.string.bytes, value->as.string.size);
        return true;
    case LUNETTE_ARRAY:
        return write_array(json, value, depth + 1);
    case LUNETTE_OBJECT:
        return write_object(json, value, depth + 1);
    case LUNETTE_FUNCTION:
        write_named(json, "function");
        return true;
    case LUNETTE_USERDATA:
        write_named(json, value->as.userdata.type_name);
        return true;
    }
    return false;
}

bool ln_json_value(ln_json *json, const lunette_value *value) {
    return write_value(json, value, 0);
}

lunette_status lunette_value_json(const lunette_value *value, char **json) {
    static const char NAME[] = "lunette_value_json";
    ln_json to = {0};
    if (json)
        *json = NULL;
    if (!value || !json)
        return ln_failure_null(NAME);
    if (!ln_json_value(&to, value)) {
        ln_text_free(&to.text);
        return ln_failure_value(NAME);
    }
    *json = ln_text_take(&to.text);
    return *json ? LUNETTE_OK : ln_failure_plain(LUNETTE_NO_MEMORY, NAME);
}
