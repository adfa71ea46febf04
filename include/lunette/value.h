/** @file
 * A value on its way into or out of a script.
 *
 * One struct serves both ways, and who owns what never changes with the direction:
 *   - values the host makes (lunette_integer(7), lunette_text("x"), lunette_array_of(items, n)) are views: they
 *     point at the host's own memory, own nothing and need no freeing;
 *   - values that leave a script come as a tree behind one `lunette_value *`. The host owns the tree and frees
 *     it, whole, with lunette_value_free(). Everything inside is a view into that tree.
 *
 * Tables: one whose keys are exactly 1..n leaves as an ARRAY (an empty table as an empty array), any other as
 * an OBJECT, its members in the table's own order. Keys may be strings, integers, numbers and booleans. No
 * metamethod of the script runs during a conversion. A value that is too deep, too large or contains itself,
 * or a table keyed by an object, is an error that says where (`results[2].items[17]`), or is cut: see lunette_bounds. */
#ifndef LUNETTE_VALUE_H
#define LUNETTE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lunette/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define LUNETTE_TYPE_MAP(X) \
    X(NIL,      0, "nil") \
    X(BOOLEAN,  1, "boolean") \
    X(INTEGER,  2, "integer")   /* 64 bits, signed */ \
    X(NUMBER,   3, "number")    /* IEEE double */ \
    X(STRING,   4, "string")    /* bytes with a length; any byte, also zero */ \
    X(ARRAY,    5, "array") \
    X(OBJECT,   6, "object") \
    X(FUNCTION, 7, "function")  /* a reference to a function of the script */ \
    X(USERDATA, 8, "userdata")  /* a handle: of the host's type, or of what cannot leave the script */
/* clang-format on */

typedef enum lunette_type {
#define LUNETTE_TYPE_ENUM(constant, number, name) LUNETTE_##constant = (number),
    LUNETTE_TYPE_MAP(LUNETTE_TYPE_ENUM)
#undef LUNETTE_TYPE_ENUM
} lunette_type;

typedef struct lunette_value lunette_value;
typedef struct lunette_member lunette_member;

/** `type` says which part of `as` holds. A zeroed value is nil. The layout is part of the ABI. */
struct lunette_value {
    lunette_type type;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct {
            const char *bytes; /**< a zero byte follows in values that left a script; not counted in size */
            size_t size;
        } string;
        struct {
            const lunette_value *items;
            size_t count;
        } array;
        struct {
            const lunette_member *members;
            size_t count;
        } object;
        struct {
            uint64_t id;         /**< which function, in its context */
            uint64_t generation; /**< of the context when the reference was made; a reset makes it stale */
        } function;
        struct {
            const char *type_name; /**< "coroutine", "FILE*", the host's type…; zero-terminated */
            uint64_t id;           /**< 0: something that cannot leave the script, only named */
        } userdata;
    } as;
};

/** A member of an object: the key is a string, integer, number or boolean. */
struct lunette_member {
    lunette_value key;
    lunette_value value;
};

/** How much of a table a conversion takes before it gives up. A zero field means its default. */
typedef struct lunette_bounds {
    size_t depth; /**< tables inside tables; default 64, at most 190 */
    size_t items; /**< values in all; default 1,000,000 */
    size_t bytes; /**< host memory for the whole tree; default 64 MiB */
    /** False: a bound reached is an error (VALUE_LIMIT), which names it. True: what lies beyond is replaced by a USERDATA
     * value whose type_name says what was there ("table", "..."); for display. */
    bool cut;
} lunette_bounds;

/** The type's name, as in LUNETTE_TYPE_MAP; "unknown" for a number that is none. Static text. Any thread. */
LUNETTE_API const char *lunette_type_name(lunette_type type);

/** Copies a value and all it holds into a tree of its own. *copy is then the caller's, to be freed.
 * OK, INVALID_ARGUMENT (NULL, an unknown type, or deeper than 190: a cycle), NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_value_copy(const lunette_value *value, lunette_value **copy);

/** Frees a tree and sets the pointer to NULL. Only for the root that a function of Lunette handed out; NULL
 * and a pointer to NULL are allowed. Any thread, one at a time. */
LUNETTE_API void lunette_value_free(lunette_value **value);

/** Whether two values are of the same type and equal, member by member; objects irrespective of the order of
 * their members. An integer never equals a number; a NaN equals a NaN. Functions and userdata are equal when
 * they are the same reference. Any thread. */
LUNETTE_API bool lunette_value_equal(const lunette_value *a, const lunette_value *b);

/** The member of that string key, or NULL when `object` is NULL, no object, or has none. A view. Any thread. */
LUNETTE_API const lunette_value *lunette_value_get(const lunette_value *object, const char *key);

/** Item `index` of an array, counted from 0, or NULL when `array` is NULL, no array, or too short. A view. */
LUNETTE_API const lunette_value *lunette_value_at(const lunette_value *array, size_t index);

/** Writes a value as a text for people, on one line, in Lua's own notation: `{name = "moon", 1, 2.0}`. What has none is
 * named in angle brackets: <function>, <coroutine>. At most `limit` bytes (0: 4,096; SIZE_MAX: all; else at least 16);
 * what is longer ends in "…". Always UTF-8: other bytes are written as escapes. *text is then the caller's, to be freed by
 * lunette_string_free(). OK, INVALID_ARGUMENT (NULL, an unknown type, deeper than 190), NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_value_text(const lunette_value *value, size_t limit, char **text);

/** Writes a value as JSON (RFC 8259), in UTF-8, on one line, zero-terminated:
 *   - integers with all their digits; numbers as the shortest decimal that reads back the same, with a point or an
 *     exponent; a NaN and the infinities as null;
 *   - of a string that is no UTF-8, each byte that belongs to no character as U+FFFD;
 *   - an empty table is []; the keys of objects as strings, integers, numbers and booleans as Lua's tostring writes them
 *     (a table with both 1 and "1" gives that key twice);
 *   - functions and userdata as strings that name them: "<function>", "<FILE*>".
 * *json is then the caller's, to be freed by lunette_string_free(). OK, INVALID_ARGUMENT (NULL, an unknown type, deeper
 * than 190), NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_value_json(const lunette_value *value, char **json);

/** Frees a text that a function of Lunette handed out and sets the pointer to NULL; NULL and a pointer to NULL are
 * allowed. Any thread. */
LUNETTE_API void lunette_string_free(char **string);

/** Makers of views. */
static inline lunette_value lunette_nil(void) {
    lunette_value value;
    memset(&value, 0, sizeof value);
    return value;
}

static inline lunette_value lunette_boolean(bool boolean) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_BOOLEAN;
    value.as.boolean = boolean;
    return value;
}

static inline lunette_value lunette_integer(int64_t integer) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_INTEGER;
    value.as.integer = integer;
    return value;
}

static inline lunette_value lunette_number(double number) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_NUMBER;
    value.as.number = number;
    return value;
}

static inline lunette_value lunette_string(const char *bytes, size_t size) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_STRING;
    value.as.string.bytes = bytes;
    value.as.string.size = size;
    return value;
}

/** A zero-terminated text as a string. */
static inline lunette_value lunette_text(const char *text) {
    return lunette_string(text, strlen(text));
}

static inline lunette_value lunette_array_of(const lunette_value *items, size_t count) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_ARRAY;
    value.as.array.items = items;
    value.as.array.count = count;
    return value;
}

static inline lunette_value lunette_object_of(const lunette_member *members, size_t count) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_OBJECT;
    value.as.object.members = members;
    value.as.object.count = count;
    return value;
}

#ifdef __cplusplus
}
#endif

#endif
