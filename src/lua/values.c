/* Values across the border, both ways, by raw access only: no metamethod of a script runs here.
 *
 * Out: a depth-first walk that builds a tree in host memory. It never raises (a function reference excepted,
 * which needs a slot in the arena) and never holds anything that a kill could leave half done: the tree grows
 * in host sections, and its owner is on the C stack of whoever entered the VM. The way to the value at hand is
 * a chain of steps on the C stack, from which the place in a message is written (`results[2].items[17]`) and
 * by which a table that contains itself is found.
 *
 * In: values are checked before Lua is entered, so that the walk that pushes them can fail by memory alone. */
#include <stdio.h>
#include <string.h>

#include "lua/internal.h"

enum { DEEPEST = 190, SLOTS = 4 };

/* --- Out --- */

struct taking {
    lua_State *L;
    ln_vm *vm;
    ln_tree *tree;
    lunette_bounds bounds;
    size_t items;
    bool name_functions; /* instead of making references */
    const char *root;    /* what they are, at the beginning of a place */
    char *why;           /* receives what went wrong, instead of the report; NULL: the report does */
    size_t why_size;
    lunette_status lack; /* why take_bytes() gave nothing */
    lunette_status status;
};

/* One step on the way: an entry of the table below. */
struct step {
    const struct step *up;
    const void *table;
    const lunette_value *key; /* NULL: an index */
    size_t index;
    size_t depth;
};

static size_t write_step(char *text, size_t size, const struct step *step, const char *root) {
    if (!step)
        return (size_t)snprintf(text, size, "%s", root);
    size_t used = write_step(text, size, step->up, root);
    if (used >= size)
        return used;
    if (step->key && step->key->type == LUNETTE_STRING)
        used += (size_t)snprintf(text + used, size - used, ".%.40s", step->key->as.string.bytes);
    else if (step->key && step->key->type == LUNETTE_NUMBER)
        used += (size_t)snprintf(text + used, size - used, "[%.14g]", step->key->as.number);
    else if (step->key && step->key->type == LUNETTE_BOOLEAN)
        used += (size_t)snprintf(text + used, size - used, "[%s]", step->key->as.boolean ? "true" : "false");
    else
        used += (size_t)snprintf(text + used, size - used, "[%lld]",
                                 step->key ? (long long)step->key->as.integer : (long long)step->index);
    return used;
}

/* Notes the first thing that went wrong, with its place. */
static bool fail(struct taking *taking, lunette_status status, const struct step *step, const char *what) {
    enum { PLACE = 800 };
    if (taking->status != LUNETTE_OK)
        return false;
    taking->status = status;
    if (taking->why || (taking->vm->machine.report && !taking->name_functions)) {
        char text[PLACE + 100];
        size_t used = write_step(text, PLACE, step, taking->root);
        if (used >= PLACE)
            used = PLACE - 1;
        snprintf(text + used, sizeof text - used, "%s: %s", used == PLACE - 1 ? "..." : "", what);
        if (taking->why) {
            snprintf(taking->why, taking->why_size, "%s", text);
            return false;
        }
        ln_report_init(taking->vm->machine.report);
        ln_report_message(taking->vm->machine.report, text, strlen(text));
    }
    return false;
}

/* NULL: no_room() says what becomes of the value. */
static void *take_bytes(struct taking *taking, size_t size) {
    void *start = ln_tree_take(taking->tree, size);
    if (LN_LIKELY(start != NULL))
        return start;
    ln_run_host_enter(taking->vm->machine.active);
    taking->lack = ln_tree_grow(taking->tree, size);
    ln_run_host_leave(taking->vm->machine.active);
    return taking->lack == LUNETTE_OK ? ln_tree_take(taking->tree, size) : NULL;
}

static bool take_value(struct taking *taking, int index, const struct step *step, lunette_value *to);

/* Something that stays in the script: only its kind is told. `name` is static text. */
static bool take_name(const char *name, lunette_value *to) {
    to->type = LUNETTE_USERDATA;
    to->as.userdata.type_name = name;
    to->as.userdata.id = 0;
    return true;
}

/* A bound was reached: an error, or a mark in its place. */
static bool cut(struct taking *taking, lunette_status status, const struct step *step, const char *what,
                const char *mark, lunette_value *to) {
    if (!taking->bounds.cut)
        return fail(taking, status, step, what);
    return take_name(mark, to);
}

static bool no_room(struct taking *taking, const struct step *step, const char *mark, lunette_value *to) {
    if (taking->lack != LUNETTE_VALUE_LIMIT)
        return fail(taking, taking->lack, step, "the host has no memory left for the values");
    return cut(taking, taking->lack, step, "the values need more memory than they may take", mark, to);
}

static bool take_string(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    size_t size;
    const char *bytes = lua_tolstring(taking->L, index, &size);
    char *copy = take_bytes(taking, size + 1);
    if (!copy)
        return no_room(taking, step, "string", to);
    memcpy(copy, bytes, size + 1);
    *to = lunette_string(copy, size);
    return true;
}

static bool count_items(struct taking *taking, size_t count) {
    if (count > taking->bounds.items - taking->items)
        return false;
    taking->items += count;
    return true;
}

/* Do the keys of the table at `index` come as 1, 2, 3 … up to its raw length? */
static bool is_in_order(lua_State *L, int index, size_t length) {
    size_t count = 0;
    index = lua_absindex(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (count == length || !lua_isinteger(L, -1) || (lua_Unsigned)lua_tointeger(L, -1) != count + 1) {
            lua_pop(L, 1);
            return false;
        }
        count++;
    }
    return count == length;
}

/* Taking it twice costs more than looking at it. */
static bool is_dear(lua_State *L, int index) {
    int type = lua_type(L, index);
    return type == LUA_TTABLE || type == LUA_TSTRING || type == LUA_TFUNCTION;
}

/* The table on top of the stack as an array, if its keys come as 1, 2, 3 … up to its raw length: one pass, and
 * the usual case. *done says whether it was one; if not, nothing was counted. Numbers may then have been taken for
 * nothing, but no table, or those nested in tables that are no arrays would be taken twice for each level. */
static bool take_sequence(struct taking *taking, size_t length, const struct step *step, lunette_value *to,
                          bool *done) {
    lua_State *L = taking->L;
    struct step here = {.up = step, .table = lua_topointer(L, -1), .depth = step ? step->depth + 1 : 1};
    size_t items_before = taking->items, count = 0;
    bool in_order = false; /* known to be */
    lunette_value *items = take_bytes(taking, length * sizeof *items);
    *done = !items;
    if (!items)
        return no_room(taking, step, "table", to);
    count_items(taking, length);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        int is_integer;
        lua_Integer key = lua_tointegerx(L, -2, &is_integer);
        bool next = lua_type(L, -2) == LUA_TNUMBER && lua_isinteger(L, -2) &&
                    (lua_Unsigned)key == count + 1 && count < length;
        if (next && !in_order && is_dear(L, -1))
            next = in_order = is_in_order(L, -3, length);
        if (!next) {
            lua_pop(L, 2);
            taking->items = items_before;
            return true;
        }
        here.index = count + 1;
        bool taken = take_value(taking, -1, &here, &items[count++]);
        lua_pop(L, 1);
        if (!taken) {
            lua_pop(L, 1);
            return false;
        }
    }
    *done = count == length;
    if (*done)
        *to = lunette_array_of(items, count);
    else
        taking->items = items_before;
    return true;
}

static size_t count_entries(lua_State *L) {
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        count++;
        lua_pop(L, 1);
    }
    return count;
}

/* A raw length is a border, and a few entries far apart can put one very far out: before much memory is taken
 * for it, the entries are counted. */
static bool may_be_sequence(const struct taking *taking, size_t length) {
    enum { TRUSTED = 1024 };
    if (length > taking->bounds.items - taking->items)
        return false;
    return length <= TRUSTED || count_entries(taking->L) == length;
}

/* Keys 1..length are all there, but not in order: part of them lies in the hash part. */
static bool take_scattered(struct taking *taking, size_t length, const struct step *step, lunette_value *to) {
    lua_State *L = taking->L;
    struct step here = {.up = step, .table = lua_topointer(L, -1), .depth = step ? step->depth + 1 : 1};
    lunette_value *items = take_bytes(taking, length * sizeof *items);
    if (!items)
        return no_room(taking, step, "table", to);
    for (size_t i = 0; i < length; i++) {
        here.index = i + 1;
        lua_rawgeti(L, -1, (lua_Integer)here.index);
        bool taken = take_value(taking, -1, &here, &items[i]);
        lua_pop(L, 1);
        if (!taken)
            return false;
    }
    *to = lunette_array_of(items, length);
    return true;
}

static bool is_scattered(lua_State *L, size_t length) {
    for (size_t i = 1; i <= length; i++) {
        bool there = lua_rawgeti(L, -1, (lua_Integer)i) != LUA_TNIL;
        lua_pop(L, 1);
        if (!there)
            return false;
    }
    return length > 0;
}

static bool take_key(struct taking *taking, const struct step *step, lunette_value *key) {
    int type = lua_type(taking->L, -2);
    if (type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN)
        return take_value(taking, -2, step, key);
    char what[64];
    snprintf(what, sizeof what, "a key of it is a %s", lua_typename(taking->L, type));
    return cut(taking, LUNETTE_VALUE_LIMIT, step, what, lua_typename(taking->L, type), key);
}

static bool take_members(struct taking *taking, size_t count, const struct step *step, lunette_value *to) {
    lua_State *L = taking->L;
    struct step here = {.up = step, .table = lua_topointer(L, -1), .depth = step ? step->depth + 1 : 1};
    lunette_member *members = take_bytes(taking, count * sizeof *members);
    if (!members)
        return no_room(taking, step, "table", to);
    size_t i = 0;
    lua_pushnil(L);
    while (i < count && lua_next(L, -2)) {
        bool taken = take_key(taking, step, &members[i].key);
        here.key = &members[i].key;
        taken = taken && take_value(taking, -1, &here, &members[i].value);
        lua_pop(L, 1);
        if (!taken) {
            lua_pop(L, 1);
            return false;
        }
        i++;
    }
    if (i == count && count > 0)
        lua_pop(L, 1);
    *to = lunette_object_of(members, i);
    return true;
}

static bool is_circular(const struct step *step, const void *table) {
    for (; step; step = step->up)
        if (step->table == table)
            return true;
    return false;
}

/* The table on top of the stack. */
static bool take_table(struct taking *taking, const struct step *step, lunette_value *to) {
    lua_State *L = taking->L;
    size_t length = (size_t)lua_rawlen(L, -1);
    bool done = false;
    if (is_circular(step, lua_topointer(L, -1)))
        return cut(taking, LUNETTE_VALUE_LIMIT, step, "the table contains itself", "table", to);
    if ((step ? step->depth : 0) >= taking->bounds.depth || !lua_checkstack(L, SLOTS))
        return cut(taking, LUNETTE_VALUE_LIMIT, step, "tables lie too deep inside one another", "table", to);
    if (may_be_sequence(taking, length) && !take_sequence(taking, length, step, to, &done))
        return false;
    if (done)
        return true;
    size_t count = count_entries(L);
    if (!count_items(taking, count))
        return cut(taking, LUNETTE_VALUE_LIMIT, step, "there are more values than may be taken out", "table",
                   to);
    if (count == length && is_scattered(L, length))
        return take_scattered(taking, length, step, to);
    return take_members(taking, count, step, to);
}

/* Raises on lack of memory. */
static bool take_function(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    if (taking->name_functions)
        return take_name("function", to);
    return ln_refer_take(taking->L, taking->vm, index, to) ||
           fail(taking, LUNETTE_NO_MEMORY, step, "the host has no memory left for references");
}

/* Of the host's. The type's name is copied, for the value may outlive the template. */
static bool take_object(struct taking *taking, int index, const ln_class *class, const struct step *step,
                        lunette_value *to) {
    uint64_t id = ln_types_id_at(taking->L, index);
    size_t size = strlen(class->about.name) + 1;
    char *name = take_bytes(taking, size);
    if (!name)
        return no_room(taking, step, "userdata", to);
    memcpy(name, class->about.name, size);
    take_name(name, to);
    to->as.userdata.id = ln_objects_find(&taking->vm->objects, id) ? id : 0;
    return true;
}

/* A script's own __name is not looked at. luaL_testudata() may need memory, and raise, for the name of a type that
 * the state does not have: so only where it can have files. */
static bool take_userdata(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    lua_State *L = taking->L;
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA)
        return take_name("light userdata", to);
    const ln_class *class = ln_types_class_at(L, index);
    if (class)
        return take_object(taking, index, class, step, to);
    bool has_files =
        taking->vm->files.room > 0 || ln_sandbox_level(ln_vm_sandbox(taking->vm)) == LUNETTE_SANDBOX_NONE;
    bool is_file = has_files && luaL_testudata(L, index, LUA_FILEHANDLE);
    return take_name(is_file ? LUA_FILEHANDLE : "userdata", to);
}

static bool take_number(lua_State *L, int index, lunette_value *to) {
    if (lua_isinteger(L, index))
        *to = lunette_integer(lua_tointeger(L, index));
    else
        *to = lunette_number(lua_tonumber(L, index));
    return true;
}

static bool take_value(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    lua_State *L = taking->L;
    *to = lunette_nil();
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        *to = lunette_boolean(lua_toboolean(L, index));
        return true;
    case LUA_TNUMBER:
        return take_number(L, index, to);
    case LUA_TSTRING:
        return take_string(taking, index, step, to);
    case LUA_TTABLE: {
        if (!lua_checkstack(L, SLOTS))
            return fail(taking, LUNETTE_VALUE_LIMIT, step, "the Lua stack has no room left");
        lua_pushvalue(L, index);
        bool taken = take_table(taking, step, to);
        lua_pop(L, 1);
        return taken;
    }
    case LUA_TFUNCTION:
        return take_function(taking, index, step, to);
    case LUA_TTHREAD:
        return take_name("coroutine", to);
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        return take_userdata(taking, index, step, to);
    default:
        return true;
    }
}

static bool grow_root(struct taking *taking) {
    ln_run_host_enter(taking->vm->machine.active);
    lunette_status status = ln_tree_grow(taking->tree, 0);
    ln_run_host_leave(taking->vm->machine.active);
    return status == LUNETTE_OK ||
           fail(taking, status, NULL,
                status == LUNETTE_VALUE_LIMIT ? "the values need more memory than they may take"
                                              : "the host has no memory left for the values");
}

lunette_status ln_values_take(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                              ln_tree *tree) {
    struct taking taking = {.L = L, .vm = vm, .tree = tree, .bounds = *bounds, .root = "results"};
    size_t count = last < first ? 0 : (size_t)(last - first + 1);
    if (!grow_root(&taking))
        return taking.status;
    if (!count_items(&taking, count)) {
        fail(&taking, LUNETTE_VALUE_LIMIT, NULL, "there are more values than may be taken out");
        return taking.status;
    }
    lunette_value *items = take_bytes(&taking, count * sizeof *items);
    if (!items)
        no_room(&taking, NULL, "table", ln_tree_root(tree));
    for (size_t i = 0; items && i < count && taking.status == LUNETTE_OK; i++) {
        struct step step = {.index = i + 1};
        take_value(&taking, first + (int)i, &step, &items[i]);
    }
    if (items && taking.status == LUNETTE_OK)
        *ln_tree_root(tree) = lunette_array_of(items, count);
    return taking.status;
}

lunette_status ln_values_take_some(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                                   ln_tree *tree, const lunette_value **values, char *why, size_t why_size) {
    struct taking taking = {.L = L,
                            .vm = vm,
                            .tree = tree,
                            .bounds = *bounds,
                            .root = "argument",
                            .why = why,
                            .why_size = why_size};
    size_t count = last < first ? 0 : (size_t)(last - first + 1);
    lunette_value *items = take_bytes(&taking, count * sizeof *items);
    if (!items)
        fail(&taking, taking.lack, NULL, "the values need more memory than they may take");
    for (size_t i = 0; items && i < count && taking.status == LUNETTE_OK; i++) {
        struct step step = {.index = i + 1};
        take_value(&taking, first + (int)i, &step, &items[i]);
    }
    *values = items;
    return taking.status;
}

lunette_status ln_values_take_error(lua_State *L, ln_vm *vm, int index, ln_tree *tree) {
    struct taking taking = {.L = L,
                            .vm = vm,
                            .tree = tree,
                            .bounds = {.depth = 16, .items = 10000, .bytes = tree->limit, .cut = true},
                            .name_functions = true};
    if (grow_root(&taking))
        take_value(&taking, lua_absindex(L, index), NULL, ln_tree_root(tree));
    if (taking.status != LUNETTE_OK) {
        ln_run_host_enter(vm->machine.active);
        ln_tree_free(tree);
        ln_run_host_leave(vm->machine.active);
    }
    return taking.status;
}

/* --- In --- */

static lunette_status check_within(const ln_vm *vm, const lunette_value *value, int depth);

static lunette_status check_items(const ln_vm *vm, const lunette_value *value, int depth) {
    if (value->as.array.count > INT32_MAX || (value->as.array.count > 0 && !value->as.array.items))
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
    if (value->as.object.count > INT32_MAX || (value->as.object.count > 0 && !value->as.object.members))
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
    if (!value || depth > DEEPEST)
        return LUNETTE_INVALID_ARGUMENT;
    switch (value->type) {
    case LUNETTE_NIL:
    case LUNETTE_BOOLEAN:
    case LUNETTE_INTEGER:
    case LUNETTE_NUMBER:
        return LUNETTE_OK;
    case LUNETTE_STRING:
        return value->as.string.bytes || value->as.string.size == 0 ? LUNETTE_OK : LUNETTE_INVALID_ARGUMENT;
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
