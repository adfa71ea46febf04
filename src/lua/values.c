/* Values into a script, by raw access only: no metamethod of a script runs here. (The other way is take.c.)
 *
 * Values are checked before Lua is entered, so that the walk that pushes them can fail by memory alone. */
#include "lua/internal.h"

enum { SLOTS = 4 };

/* --- Checking --- */

static lunette_status check_within(const ln_vm *vm, const lunette_value *value, int depth);

static lunette_status check_items(const ln_vm *vm, const lunette_value *value, int depth) {
    if (value->as.array.count > INT32_MAX)
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = LUNETTE_OK;
    for (size_t i = 0; i < value->as.array.count && status == LUNETTE_OK; i++)
        status = check_within(vm, &value->as.array.items[i], depth + 1);
    return status;
}

static lunette_status check_key(const lunette_value *key) {
    bool scalar = key->type == LUNETTE_STRING || key->type == LUNETTE_INTEGER || key->type == LUNETTE_BOOLEAN;
    bool number = key->type == LUNETTE_NUMBER && key->as.number == key->as.number;
    return scalar || number ? LUNETTE_OK : LUNETTE_INVALID_ARGUMENT;
}

static lunette_status check_members(const ln_vm *vm, const lunette_value *value, int depth) {
    if (value->as.object.count > INT32_MAX)
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = LUNETTE_OK;
    for (size_t i = 0; i < value->as.object.count && status == LUNETTE_OK; i++) {
        const lunette_member *member = &value->as.object.members[i];
        status = check_key(&member->key);
        if (status == LUNETTE_OK)
            status = check_within(vm, &member->key, depth + 1);
        if (status == LUNETTE_OK)
            status = check_within(vm, &member->value, depth + 1);
    }
    return status;
}

static lunette_status check_within(const ln_vm *vm, const lunette_value *value, int depth) {
    if (!value || depth > LN_VALUE_DEPTH || !ln_value_is_sound(value))
        return LUNETTE_INVALID_ARGUMENT;
    switch (value->type) {
    case LUNETTE_NIL:
    case LUNETTE_BOOLEAN:
    case LUNETTE_INTEGER:
    case LUNETTE_NUMBER:
    case LUNETTE_STRING:
        return LUNETTE_OK;
    case LUNETTE_ARRAY:
        return check_items(vm, value, depth);
    case LUNETTE_OBJECT:
        return check_members(vm, value, depth);
    case LUNETTE_FUNCTION:
        return ln_refer_check(vm, value);
    case LUNETTE_USERDATA:
        if (value->as.userdata.id == 0)
            return LUNETTE_INVALID_ARGUMENT;
        return ln_objects_find(&vm->objects, value->as.userdata.id) ? LUNETTE_OK : LUNETTE_STALE;
    }
    return LUNETTE_INVALID_ARGUMENT;
}

lunette_status ln_values_check(const lunette_machine *machine, const lunette_value *value) {
    return check_within((const ln_vm *)machine, value, 1);
}

/* --- Pushing --- */

static void push_array(lua_State *L, const lunette_value *value) {
    lua_createtable(L, (int)value->as.array.count, 0);
    for (size_t i = 0; i < value->as.array.count; i++) {
        ln_values_push(L, &value->as.array.items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_object(lua_State *L, const lunette_value *value) {
    lua_createtable(L, 0, (int)value->as.object.count);
    for (size_t i = 0; i < value->as.object.count; i++) {
        ln_values_push(L, &value->as.object.members[i].key);
        ln_values_push(L, &value->as.object.members[i].value);
        lua_rawset(L, -3);
    }
}

void ln_values_push(lua_State *L, const lunette_value *value) {
    luaL_checkstack(L, SLOTS, "values lie too deep inside one another");
    switch (value->type) {
    case LUNETTE_BOOLEAN:
        lua_pushboolean(L, value->as.boolean);
        return;
    case LUNETTE_INTEGER:
        lua_pushinteger(L, value->as.integer);
        return;
    case LUNETTE_NUMBER:
        lua_pushnumber(L, value->as.number);
        return;
    case LUNETTE_STRING:
        lua_pushlstring(L, value->as.string.bytes, value->as.string.size);
        return;
    case LUNETTE_ARRAY:
        push_array(L, value);
        return;
    case LUNETTE_OBJECT:
        push_object(L, value);
        return;
    case LUNETTE_FUNCTION:
        ln_refer_push(L, value);
        return;
    case LUNETTE_USERDATA:
        ln_types_push(L, ln_vm_current(), value->as.userdata.id);
        return;
    case LUNETTE_NIL:
        break;
    }
    lua_pushnil(L);
}
