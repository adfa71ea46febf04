/* See tree.h. All that is made lies in one block, which every input begins anew. */
#include "tree.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 4 << 20, DEEPEST = 190, WIDEST = 24, NODES_MOST = 2000 };

static _Alignas(16) unsigned char block[BLOCK];
static size_t used, nodes;

void tree_clear(void) {
    used = nodes = 0;
}

/* NULL when the block is full: then there is simply less. */
static void *take(size_t size) {
    const size_t rounded = (size + 15) / 16 * 16;
    if (rounded > BLOCK - used)
        return NULL;
    used += rounded;
    return block + used - rounded;
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

static lunette_value make(feed *from, int depth);

static lunette_value make_string(feed *from) {
    static const char *const known[] = {"",
                                        "x",
                                        "key",
                                        "$bytes",
                                        "$",
                                        "a.b",
                                        "1",
                                        "\xc3\xa4",
                                        "\xff\xfe",
                                        "end",
                                        "\xed\xa0\x80",
                                        "\"\\\n",
                                        "\xf0\x9f\x8c\x99",
                                        "items",
                                        "__index"};
    const size_t which = feed_below(from, 2 * FUZZ_COUNT(known));
    if (which < FUZZ_COUNT(known))
        return lunette_text(known[which]);
    size_t size;
    const uint8_t *bytes = feed_bytes(from, 255, &size);
    return lunette_string((const char *)bytes, size);
}

static double make_double(feed *from) {
    static const double known[] = {0.0,
                                   -0.0,
                                   0.5,
                                   1.0,
                                   2.0,
                                   -1.0,
                                   1e15,
                                   1e16,
                                   1e300,
                                   5e-324,
                                   INFINITY,
                                   -INFINITY,
                                   NAN,
                                   9007199254740992.0,
                                   9223372036854775808.0,
                                   -9223372036854775808.0,
                                   3.14159};
    const size_t which = feed_below(from, FUZZ_COUNT(known) + 4);
    if (which < FUZZ_COUNT(known))
        return known[which];
    const uint64_t bits = feed_u64(from);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* All that a copy of it would hold, keys included. */
static size_t weight(const lunette_value *value) {
    size_t sum = 1;
    for (size_t i = 0; value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        sum += weight(&value->as.array.items[i]);
    for (size_t i = 0; value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        sum += weight(&value->as.object.members[i].key) + weight(&value->as.object.members[i].value);
    return sum;
}

static lunette_value make_array(feed *from, int depth, bool alike) {
    size_t count = feed_below(from, alike ? 200 : WIDEST);
    const lunette_value one = alike ? make(from, depth + 1) : lunette_nil();
    if (alike && nodes + count * weight(&one) > NODES_MOST)
        count = 1;
    nodes += alike ? count * weight(&one) : 0;
    lunette_value *items = take(count * sizeof *items);
    if (items == NULL)
        return lunette_nil();
    for (size_t i = 0; i < count; i++)
        items[i] = alike ? one : make(from, depth + 1);
    return lunette_array_of(items, count);
}

static lunette_value make_key(feed *from, int depth) {
    switch (feed_below(from, 32)) {
    case 0:
        return make(from, depth + 1); /* as a rule no key at all */
    case 1:
    case 2:
    case 3:
        return lunette_boolean(feed_byte(from) & 1);
    case 4:
    case 5:
    case 6:
        return lunette_number(make_double(from));
    case 7:
    case 8:
        return lunette_integer((int64_t)feed_u64(from));
    default:
        return feed_byte(from) & 1 ? make_string(from) : lunette_integer((int64_t)feed_below(from, 20) - 2);
    }
}

static lunette_value make_object(feed *from, int depth) {
    const size_t count = feed_below(from, WIDEST);
    lunette_member *members = take(count * sizeof *members);
    if (members == NULL)
        return lunette_nil();
    for (size_t i = 0; i < count; i++) {
        members[i].key = make_key(from, depth);
        members[i].value = make(from, depth + 1);
    }
    return lunette_object_of(members, count);
}

/* One table in another, often deeper than bounds allow. */
static lunette_value make_chain(feed *from, int depth) {
    size_t count = feed_byte(from);
    const bool as_object = feed_byte(from) & 1;
    lunette_value inner = make(from, depth + 1);
    for (; count > 0; count--) {
        lunette_value *item = take(sizeof *item);
        lunette_member *members = take(2 * sizeof *members);
        if (item == NULL || members == NULL)
            break;
        *item = inner;
        members[0] = (lunette_member){lunette_integer(1), inner};
        members[1] = (lunette_member){lunette_text("x"), lunette_boolean(true)};
        inner = as_object ? lunette_object_of(members, 2) : lunette_array_of(item, 1);
    }
    return inner;
}

static lunette_value make(feed *from, int depth) {
    if (from->left == 0 || depth > 12 || ++nodes > NODES_MOST)
        return lunette_integer((int64_t)nodes);
    switch (feed_below(from, 20)) {
    case 0:
        return lunette_nil();
    case 1:
        return lunette_boolean(feed_byte(from) & 1);
    case 2:
    case 3:
        return lunette_integer((int8_t)feed_byte(from));
    case 4:
        return lunette_integer((int64_t)feed_u64(from));
    case 5:
    case 6:
        return lunette_number(make_double(from));
    case 7:
    case 8:
    case 9:
        return make_string(from);
    case 10:
        return make_array(from, depth, true);
    case 11:
        return feed_below(from, 8) == 0 ? make_chain(from, depth) : make_array(from, depth, false);
    case 12:
    case 13:
    case 14:
        return make_array(from, depth, false);
    default:
        return make_object(from, depth);
    }
}

lunette_value tree_value(feed *from) {
    return make(from, 0);
}

/* --- The model ------------------------------------------------------------------------------------------------------ */

static bool is_key(const lunette_value *key) {
    return key->type == LUNETTE_STRING || key->type == LUNETTE_INTEGER || key->type == LUNETTE_BOOLEAN ||
           (key->type == LUNETTE_NUMBER && !isnan(key->as.number));
}

static bool is_sound(const lunette_value *value, int depth) {
    if (depth > DEEPEST || value->type == LUNETTE_USERDATA || value->type == LUNETTE_FUNCTION)
        return false;
    for (size_t i = 0; value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        if (!is_sound(&value->as.array.items[i], depth + 1))
            return false;
    for (size_t i = 0; value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        if (!is_key(&value->as.object.members[i].key) || depth + 1 > DEEPEST ||
            !is_sound(&value->as.object.members[i].value, depth + 1))
            return false;
    return true;
}

bool tree_is_sound(const lunette_value *value) {
    return is_sound(value, 1);
}

static lunette_value plain_key(const lunette_value *key) {
    if (key->type != LUNETTE_NUMBER || floor(key->as.number) != key->as.number ||
        key->as.number < -9223372036854775808.0 || key->as.number >= 9223372036854775808.0)
        return *key;
    return lunette_integer((int64_t)key->as.number);
}

typedef struct entries {
    lunette_member *list;
    size_t count;
} entries;

/* As a table is assigned to. */
static void assign(entries *to, lunette_value key, const lunette_value *value) {
    size_t at = 0;
    while (at < to->count && !lunette_value_equal(&to->list[at].key, &key))
        at++;
    if (value->type == LUNETTE_NIL) {
        if (at < to->count)
            to->list[at] = to->list[--to->count];
        return;
    }
    to->list[at] = (lunette_member){key, tree_expected(value)};
    to->count += at == to->count;
}

static bool is_from_1_to(const entries *in, int64_t key) {
    for (size_t i = 0; i < in->count; i++)
        if (in->list[i].key.type == LUNETTE_INTEGER && in->list[i].key.as.integer == key)
            return true;
    return false;
}

static lunette_value table_of(const entries *from) {
    for (size_t i = 1; i <= from->count; i++)
        if (!is_from_1_to(from, (int64_t)i))
            return lunette_object_of(from->list, from->count);
    lunette_value *items = take(from->count * sizeof *items);
    for (size_t i = 0; items != NULL && i < from->count; i++)
        items[from->list[i].key.as.integer - 1] = from->list[i].value;
    return lunette_array_of(items, items != NULL ? from->count : 0);
}

lunette_value tree_expected(const lunette_value *value) {
    const bool is_array = value->type == LUNETTE_ARRAY;
    if (!is_array && value->type != LUNETTE_OBJECT)
        return *value;
    const size_t count = is_array ? value->as.array.count : value->as.object.count;
    entries all = {.list = take((count + 1) * sizeof *all.list)};
    for (size_t i = 0; all.list != NULL && i < count; i++) {
        if (is_array)
            assign(&all, lunette_integer((int64_t)i + 1), &value->as.array.items[i]);
        else
            assign(&all, plain_key(&value->as.object.members[i].key), &value->as.object.members[i].value);
    }
    return table_of(&all);
}

size_t tree_items(const lunette_value *value) {
    size_t items = 0;
    for (size_t i = 0; value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        items += 1 + tree_items(&value->as.array.items[i]);
    for (size_t i = 0; value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        items += 1 + tree_items(&value->as.object.members[i].value);
    return items;
}

size_t tree_depth(const lunette_value *value) {
    size_t deepest = 0, depth;
    if (value->type != LUNETTE_ARRAY && value->type != LUNETTE_OBJECT)
        return 0;
    for (size_t i = 0; value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        deepest = (depth = tree_depth(&value->as.array.items[i])) > deepest ? depth : deepest;
    for (size_t i = 0; value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        deepest = (depth = tree_depth(&value->as.object.members[i].value)) > deepest ? depth : deepest;
    return deepest + 1;
}
