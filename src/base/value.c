/* What can be done with values without any VM: copy, compare, look inside. Recursion is bounded by
 * LN_VALUE_DEPTH, which is also what the headers promise for values that come out of scripts; deeper ones, which
 * only a host can build (a cycle, usually by mistake), are refused. */
#include <string.h>

#include "base/failure.h"
#include "base/tree.h"
#include "lunette/value.h"

const char *lunette_type_name(lunette_type type) {
    switch (type) {
#define TYPE_CASE(constant, number, name) \
    case LUNETTE_##constant:              \
        return name;
        LUNETTE_TYPE_MAP(TYPE_CASE)
#undef TYPE_CASE
    }
    return "unknown";
}

/* --- Copying --- */

static lunette_status copy_into(ln_tree *tree, const lunette_value *from, lunette_value *to, int depth);

lunette_status ln_tree_obtain(ln_tree *tree, size_t size, void **start) {
    *start = ln_tree_take(tree, size);
    if (*start)
        return LUNETTE_OK;
    lunette_status status = ln_tree_grow(tree, size);
    if (status == LUNETTE_OK)
        *start = ln_tree_take(tree, size);
    return status;
}

lunette_status ln_tree_copy_bytes(ln_tree *tree, const char *bytes, size_t size, const char **copy) {
    void *start;
    if (size == SIZE_MAX || (size > 0 && !bytes))
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = ln_tree_obtain(tree, size + 1, &start);
    if (status != LUNETTE_OK)
        return status;
    if (size > 0)
        memcpy(start, bytes, size);
    ((char *)start)[size] = '\0';
    *copy = start;
    return LUNETTE_OK;
}

static lunette_status copy_items(ln_tree *tree, const lunette_value *from, lunette_value *to, int depth) {
    void *start = NULL;
    size_t count = from->as.array.count;
    if (count > SIZE_MAX / sizeof(lunette_value))
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = ln_tree_obtain(tree, count * sizeof(lunette_value), &start);
    lunette_value *items = start;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++)
        status = copy_into(tree, &from->as.array.items[i], &items[i], depth + 1);
    to->as.array.items = items;
    return status;
}

static lunette_status copy_members(ln_tree *tree, const lunette_value *from, lunette_value *to, int depth) {
    void *start = NULL;
    size_t count = from->as.object.count;
    if (count > SIZE_MAX / sizeof(lunette_member))
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = ln_tree_obtain(tree, count * sizeof(lunette_member), &start);
    lunette_member *members = start;
    for (size_t i = 0; status == LUNETTE_OK && i < count; i++) {
        const lunette_member *member = &from->as.object.members[i];
        status = copy_into(tree, &member->key, &members[i].key, depth + 1);
        if (status == LUNETTE_OK)
            status = copy_into(tree, &member->value, &members[i].value, depth + 1);
    }
    to->as.object.members = members;
    return status;
}

static lunette_status copy_into(ln_tree *tree, const lunette_value *from, lunette_value *to, int depth) {
    if (depth > LN_VALUE_DEPTH || !ln_value_is_sound(from))
        return LUNETTE_INVALID_ARGUMENT;
    *to = *from;
    switch (from->type) {
    case LUNETTE_NIL:
    case LUNETTE_BOOLEAN:
    case LUNETTE_INTEGER:
    case LUNETTE_NUMBER:
    case LUNETTE_FUNCTION:
        return LUNETTE_OK;
    case LUNETTE_STRING:
        return ln_tree_copy_bytes(tree, from->as.string.bytes, from->as.string.size, &to->as.string.bytes);
    case LUNETTE_ARRAY:
        return copy_items(tree, from, to, depth);
    case LUNETTE_OBJECT:
        return copy_members(tree, from, to, depth);
    case LUNETTE_USERDATA:
        if (!from->as.userdata.type_name)
            return LUNETTE_INVALID_ARGUMENT;
        return ln_tree_copy_bytes(tree, from->as.userdata.type_name, strlen(from->as.userdata.type_name),
                                  &to->as.userdata.type_name);
    }
    return LUNETTE_INVALID_ARGUMENT;
}

lunette_status ln_tree_copy_value(ln_tree *tree, const lunette_value *value, lunette_value *copy) {
    return copy_into(tree, value, copy, 1);
}

lunette_status lunette_value_copy(const lunette_value *value, lunette_value **copy) {
    static const char NAME[] = "lunette_value_copy";
    if (copy)
        *copy = NULL;
    if (!value || !copy)
        return ln_failure_null(NAME);
    ln_tree tree;
    ln_tree_init(&tree, SIZE_MAX);
    lunette_status status = ln_tree_grow(&tree, 0);
    if (status == LUNETTE_OK)
        status = copy_into(&tree, value, ln_tree_root(&tree), 1);
    if (status != LUNETTE_OK) {
        ln_tree_free(&tree);
        return status == LUNETTE_INVALID_ARGUMENT ? ln_failure_value(NAME) : ln_failure_plain(status, NAME);
    }
    *copy = ln_tree_root(&tree);
    return LUNETTE_OK;
}

/* --- Comparing --- */

static bool equal_within(const lunette_value *a, const lunette_value *b, int depth);

static bool equal_numbers(double a, double b) {
    return a == b || (a != a && b != b);
}

static bool equal_bytes(const lunette_value *a, const lunette_value *b) {
    size_t size = a->as.string.size;
    return size == b->as.string.size &&
           (size == 0 || memcmp(a->as.string.bytes, b->as.string.bytes, size) == 0);
}

static bool equal_items(const lunette_value *a, const lunette_value *b, int depth) {
    if (a->as.array.count != b->as.array.count)
        return false;
    for (size_t i = 0; i < a->as.array.count; i++)
        if (!equal_within(&a->as.array.items[i], &b->as.array.items[i], depth + 1))
            return false;
    return true;
}

static const lunette_member *find_member(const lunette_value *object, const lunette_value *key, size_t hint,
                                         int depth) {
    size_t count = object->as.object.count;
    for (size_t i = 0; i < count; i++) {
        const lunette_member *member = &object->as.object.members[(hint + i) % count];
        if (equal_within(&member->key, key, depth + 1))
            return member;
    }
    return NULL;
}

/* Objects made the same way have their members in the same order, so looking first at the same place makes
 * the usual comparison linear. */
static bool equal_members(const lunette_value *a, const lunette_value *b, int depth) {
    if (a->as.object.count != b->as.object.count)
        return false;
    for (size_t i = 0; i < a->as.object.count; i++) {
        const lunette_member *member = &a->as.object.members[i];
        const lunette_member *other = find_member(b, &member->key, i, depth);
        if (!other || !equal_within(&member->value, &other->value, depth + 1))
            return false;
    }
    return true;
}

static bool equal_within(const lunette_value *a, const lunette_value *b, int depth) {
    if (a->type != b->type || depth > LN_VALUE_DEPTH)
        return false;
    switch (a->type) {
    case LUNETTE_NIL:
        return true;
    case LUNETTE_BOOLEAN:
        return a->as.boolean == b->as.boolean;
    case LUNETTE_INTEGER:
        return a->as.integer == b->as.integer;
    case LUNETTE_NUMBER:
        return equal_numbers(a->as.number, b->as.number);
    case LUNETTE_STRING:
        return equal_bytes(a, b);
    case LUNETTE_ARRAY:
        return equal_items(a, b, depth);
    case LUNETTE_OBJECT:
        return equal_members(a, b, depth);
    case LUNETTE_FUNCTION:
        return a->as.function.id == b->as.function.id &&
               a->as.function.generation == b->as.function.generation;
    case LUNETTE_USERDATA:
        return a->as.userdata.id == b->as.userdata.id && a->as.userdata.id != 0 &&
               strcmp(a->as.userdata.type_name, b->as.userdata.type_name) == 0;
    }
    return false;
}

bool lunette_value_equal(const lunette_value *a, const lunette_value *b) {
    if (!a || !b)
        return a == b;
    return equal_within(a, b, 1);
}

/* --- Looking inside --- */

const lunette_value *lunette_value_get(const lunette_value *object, const char *key) {
    if (!object || !key || object->type != LUNETTE_OBJECT)
        return NULL;
    lunette_value wanted = lunette_text(key);
    if (object->as.object.count == 0)
        return NULL;
    const lunette_member *member = find_member(object, &wanted, 0, 1);
    return member ? &member->value : NULL;
}

const lunette_value *lunette_value_at(const lunette_value *array, size_t index) {
    if (!array || array->type != LUNETTE_ARRAY || index >= array->as.array.count)
        return NULL;
    return &array->as.array.items[index];
}
