/* Values for people. See pretty.h. */
#include "pretty.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_WIDTH = 78, INDENT = 2 };

const char *const pretty_reserved[] = {
    "and",   "break", "do",  "else", "elseif", "end",    "false", "for",  "function", "goto",  "if", "in",
    "local", "nil",   "not", "or",   "repeat", "return", "then",  "true", "until",    "while", NULL};

static bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool is_name(const char *bytes, size_t size) {
    if (size == 0 || !is_letter(bytes[0]))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!is_letter(bytes[i]) && !is_digit(bytes[i]))
            return false;
    for (const char *const *word = pretty_reserved; *word != NULL; word++)
        if (strlen(*word) == size && memcmp(*word, bytes, size) == 0)
            return false;
    return true;
}

/* A byte that cannot stand in a literal as it is. A digit behind a short decimal escape would belong to it. */
static void add_escape(text *to, char byte, bool digit_follows) {
    static const char named[] = "\"\\\n\r\t";
    static const char letters[] = "\"\\nrt";
    const char *found = byte != '\0' ? strchr(named, byte) : NULL;
    if (found != NULL)
        text_add_format(to, "\\%c", letters[found - named]);
    else
        text_add_format(to, digit_follows ? "\\%03u" : "\\%u", (unsigned)(unsigned char)byte);
}

static void add_string(text *to, const char *bytes, size_t size) {
    text_add(to, "\"", 1);
    for (size_t at = 0; at < size;) {
        const size_t length = text_utf8_length(bytes + at, size - at);
        const unsigned char byte = (unsigned char)bytes[at];
        if (length > 1 || (length == 1 && byte >= ' ' && byte != 0x7F && byte != '"' && byte != '\\')) {
            text_add(to, bytes + at, length);
            at += length;
        } else {
            add_escape(to, bytes[at], at + 1 < size && is_digit(bytes[at + 1]));
            at++;
        }
    }
    text_add(to, "\"", 1);
}

/* As Lua's tostring: a float shows that it is one. */
static void add_number(text *to, double number) {
    const size_t start = to->size;
    text_add_format(to, "%.14g", number);
    if (!to->failed && isfinite(number) && strpbrk(to->bytes + start, ".e") == NULL)
        text_add_string(to, ".0");
}

static void add_key(text *to, const lunette_value *key) {
    if (key->type == LUNETTE_STRING && is_name(key->as.string.bytes, key->as.string.size)) {
        text_add(to, key->as.string.bytes, key->as.string.size);
    } else {
        text_add_string(to, "[");
        pretty_value(to, key);
        text_add_string(to, "]");
    }
    text_add_string(to, " = ");
}

/* Numbers before strings before booleans; numbers by size, strings by bytes. */
static int key_rank(const lunette_value *key) {
    return key->type == LUNETTE_INTEGER || key->type == LUNETTE_NUMBER ? 0
           : key->type == LUNETTE_STRING                               ? 1
                                                                       : 2;
}

static double key_number(const lunette_value *key) {
    return key->type == LUNETTE_INTEGER ? (double)key->as.integer : key->as.number;
}

static int compare_strings(const lunette_value *a, const lunette_value *b) {
    const size_t size_a = a->as.string.size, size_b = b->as.string.size;
    const int order = memcmp(a->as.string.bytes, b->as.string.bytes, size_a < size_b ? size_a : size_b);
    return order != 0 ? order : (size_a > size_b) - (size_a < size_b);
}

static int by_key(const void *left, const void *right) {
    const lunette_value *a = &(*(const lunette_member *const *)left)->key;
    const lunette_value *b = &(*(const lunette_member *const *)right)->key;
    const int rank = key_rank(a) - key_rank(b);
    if (rank != 0)
        return rank;
    switch (key_rank(a)) {
    case 0:
        return (key_number(a) > key_number(b)) - (key_number(a) < key_number(b));
    case 1:
        return compare_strings(a, b);
    default:
        return (int)b->as.boolean - (int)a->as.boolean;
    }
}

static const lunette_member **sorted_members(const lunette_value *object) {
    const size_t count = object->as.object.count;
    const lunette_member **list = malloc((count + 1) * sizeof *list);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        list[i] = &object->as.object.members[i];
    qsort(list, count, sizeof *list, by_key);
    return list;
}

static void add_value(text *to, const lunette_value *value, size_t indent, bool flat);

static void add_separator(text *to, size_t indent, bool flat, bool first) {
    if (flat) {
        text_add_string(to, first ? "" : ", ");
    } else {
        text_add_string(to, first ? "\n" : ",\n");
        text_add_repeated(to, ' ', indent + INDENT);
    }
}

static void add_table(text *to, const lunette_value *table, size_t indent, bool flat) {
    const bool is_array = table->type == LUNETTE_ARRAY;
    const size_t count = is_array ? table->as.array.count : table->as.object.count;
    const lunette_member **members = is_array ? NULL : sorted_members(table);
    if (!is_array && members == NULL) {
        to->failed = true;
        return;
    }
    text_add_string(to, "{");
    for (size_t i = 0; i < count; i++) {
        add_separator(to, indent, flat, i == 0);
        if (members != NULL)
            add_key(to, &members[i]->key);
        add_value(to, members != NULL ? &members[i]->value : &table->as.array.items[i], indent + INDENT,
                  flat);
    }
    if (!flat && count > 0) {
        text_add_string(to, "\n");
        text_add_repeated(to, ' ', indent);
    }
    text_add_string(to, "}");
    free(members);
}

/* What is left of the line: a table that was put on one line and is too long is taken back. */
static void add_any_table(text *to, const lunette_value *table, size_t indent, bool flat) {
    const size_t start = to->size;
    add_table(to, table, indent, true);
    if (flat || to->failed || to->size - start + indent <= LINE_WIDTH)
        return;
    to->size = start;
    to->bytes[start] = '\0';
    add_table(to, table, indent, false);
}

static void add_value(text *to, const lunette_value *value, size_t indent, bool flat) {
    switch (value->type) {
    case LUNETTE_BOOLEAN:
        text_add_string(to, value->as.boolean ? "true" : "false");
        break;
    case LUNETTE_INTEGER:
        text_add_format(to, "%" PRId64, value->as.integer);
        break;
    case LUNETTE_NUMBER:
        add_number(to, value->as.number);
        break;
    case LUNETTE_STRING:
        add_string(to, value->as.string.bytes, value->as.string.size);
        break;
    case LUNETTE_ARRAY:
    case LUNETTE_OBJECT:
        add_any_table(to, value, indent, flat);
        break;
    case LUNETTE_FUNCTION:
        text_add_string(to, "<function>");
        break;
    case LUNETTE_USERDATA:
        /* Also what a bound cut away: "..." shows as that. */
        text_add_format(to, strcmp(value->as.userdata.type_name, "...") == 0 ? "%s" : "<%s>",
                        value->as.userdata.type_name);
        break;
    default:
        text_add_string(to, "nil");
    }
}

void pretty_value(text *to, const lunette_value *value) {
    add_value(to, value, 0, false);
}
