/* Values out of a script, by raw access only: no metamethod of a script runs here. (The other way is values.c.)
 *
 * A depth-first walk that builds a tree in host memory. It never raises (a function reference excepted, which needs a
 * slot in the arena) and never holds anything that a kill could leave half done: the tree grows in host sections, and
 * its owner is on the C stack of whoever entered the VM. The way to the value at hand is a chain of steps on the C stack,
 * from which the place in a message is written (`results[2].items[17]`) and by which a table that contains itself is
 * found.
 *
 * Each table is gone through once, for lua_next() is what all of this costs. What it will turn out to be, and how much
 * there is of it, is known at the end only; so members wait in a buffer that all open tables share as a stack, until
 * their number is known. A table of more than the buffer takes is counted from there on. One that begins with 1, 2, 3 is
 * taken as the array that it most likely is, and what there is of it becomes members where it goes on otherwise.
 *
 * Records have the same few keys again and again, and Lua has a short string once: so a key that was copied just now is
 * known by its object's address, and not even asked for its type again. (What else has an address and can be a key, light
 * userdata and functions in C, lies outside of the arena.) That holds as long as nothing is collected, and nothing is but
 * where a function reference takes memory. */
#include <stdio.h>
#include <string.h>

#include "lua/internal.h"

enum {
    SLOTS = 8,      /* of Lua's stack, that a value needs beside the entries it lies in */
    ENTRY = 2,      /* slots of an entry */
    DEPTH_STEP = 4, /* entries within entries that Lua's stack is asked to have room for at a time */
    WAITING = 64,   /* members in the buffer */
    KEYS = 16,      /* that are remembered; a power of two */
    TRUSTED = 1024, /* a raw length up to which memory is taken without counting */
};

struct known_key {
    const void *object; /* Lua's; NULL: none */
    const char *copy;
    size_t size;
};

/* Apart from the rest, because it is large and need not be cleared. */
struct buffers {
    lunette_member waiting[WAITING];
    struct known_key keys[KEYS];
};

struct taking {
    lua_State *L;
    ln_vm *vm;
    ln_tree *tree;
    struct buffers *buffers;
    size_t waiting; /* members in the buffer */
    bool keys_hold; /* those remembered do; false: they are to be cleared */
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

/* --- What goes wrong --- */

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

/* --- Memory and bounds --- */

static LN_NOINLINE void *take_grown(struct taking *taking, size_t size) {
    ln_run_host_enter(taking->vm->machine.active);
    taking->lack = ln_tree_grow(taking->tree, size);
    ln_run_host_leave(taking->vm->machine.active);
    return taking->lack == LUNETTE_OK ? ln_tree_take(taking->tree, size) : NULL;
}

/* NULL: no_room() says what becomes of the value. */
LN_INLINE void *take_bytes(struct taking *taking, size_t size) {
    void *start = ln_tree_take(taking->tree, size);
    return LN_LIKELY(start != NULL) ? start : take_grown(taking, size);
}

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

/* Lua's stack cannot grow: it is as large as it may be, or, what is told apart here, its memory is at its limit. That was
 * noted in the report as it was refused. */
static LN_COLD bool no_stack(struct taking *taking, const struct step *step, const char *mark,
                             lunette_value *to) {
    if (taking->bounds.cut || !ln_arena_refused(taking->vm->machine.arena))
        return cut(taking, LUNETTE_VALUE_LIMIT, step, "Lua's stack has no room left", mark, to);
    taking->status = LUNETTE_MEMORY_LIMIT;
    return false;
}

/* --- Numbers and strings ---
 *
 * Written part by part: a struct that is made first and then assigned is stored in pieces and loaded whole, which
 * processors wait for. */

LN_INLINE void set_string(lunette_value *to, const char *bytes, size_t size) {
    to->type = LUNETTE_STRING;
    to->as.string.bytes = bytes;
    to->as.string.size = size;
}

LN_INLINE void set_integer(lunette_value *to, int64_t integer) {
    to->type = LUNETTE_INTEGER;
    to->as.integer = integer;
}

/* Most strings are short, and two pieces that overlap are sooner copied than memcpy() is called. */
LN_INLINE void copy_bytes(char *to, const char *from, size_t size) {
    enum { HALF = 16 };
    if (size < HALF || size > 2 * (size_t)HALF) {
        memcpy(to, from, size);
        return;
    }
    memcpy(to, from, HALF);
    memcpy(to + size - HALF, from + size - HALF, HALF);
}

static bool take_string(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    size_t size;
    const char *bytes = lua_tolstring(taking->L, index, &size);
    char *copy = take_bytes(taking, size + 1);
    if (LN_UNLIKELY(!copy))
        return no_room(taking, step, "string", to);
    copy_bytes(copy, bytes, size + 1);
    set_string(to, copy, size);
    return true;
}

LN_INLINE bool take_number(lua_State *L, int index, lunette_value *to) {
    if (lua_isinteger(L, index)) {
        set_integer(to, lua_tointeger(L, index));
        return true;
    }
    to->type = LUNETTE_NUMBER;
    to->as.number = lua_tonumber(L, index);
    return true;
}

/* --- What stays in the script --- */

/* Raises on lack of memory. */
static bool take_function(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    if (taking->name_functions)
        return take_name("function", to);
    taking->keys_hold = false; /* memory is asked for, and some may be collected */
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

/* --- Values --- */

static bool take_table(struct taking *taking, const struct step *step, lunette_value *to);

static LN_NOINLINE bool take_other(struct taking *taking, int type, const struct step *step,
                                   lunette_value *to) {
    *to = lunette_nil();
    switch (type) {
    case LUA_TFUNCTION:
        return take_function(taking, -1, step, to);
    case LUA_TTHREAD:
        return take_name("coroutine", to);
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        return take_userdata(taking, -1, step, to);
    default:
        return true;
    }
}

/* The value on top of the stack, which is of that type and no table. */
LN_INLINE bool take_simple(struct taking *taking, int type, const struct step *step, lunette_value *to) {
    if (type == LUA_TNUMBER)
        return take_number(taking->L, -1, to);
    if (type == LUA_TSTRING)
        return take_string(taking, -1, step, to);
    if (LN_UNLIKELY(type != LUA_TBOOLEAN))
        return take_other(taking, type, step, to);
    to->type = LUNETTE_BOOLEAN;
    to->as.boolean = lua_toboolean(taking->L, -1);
    return true;
}

/* The value on top of the stack. */
LN_INLINE bool take_value(struct taking *taking, const struct step *step, lunette_value *to) {
    int type = lua_type(taking->L, -1);
    return type == LUA_TTABLE ? take_table(taking, step, to) : take_simple(taking, type, step, to);
}

/* --- Tables --- */

/* A table on its way out; it is on the stack, and most often the entry to be taken next, key and value, above it. */
struct table {
    struct step here;
    const struct step *step; /* to the table itself */
    lunette_value *items;    /* of one that begins as an array; room for `length` */
    size_t length;
    lunette_member *members; /* in the buffer, from `base` on, or in the tree */
    size_t base, room;
    size_t count;   /* of items, or of members */
    size_t indices; /* of the members' keys, those that are integers above 0 */
    bool waits;     /* the members are in the buffer */
    bool placing;   /* no more are made: each value goes to its place among the items */
    bool
        counted; /* its entries were counted before the first was taken, as is done where what is too much is cut */
};

static bool count_items(struct taking *taking, size_t count) {
    if (count > taking->bounds.items - taking->items)
        return false;
    taking->items += count;
    return true;
}

static const char TOO_MANY[] = "there are more values than may be taken out";

static bool count_entry(struct taking *taking, const struct table *table) {
    return table->counted || LN_LIKELY(count_items(taking, 1)) ||
           fail(taking, LUNETTE_VALUE_LIMIT, table->step, TOO_MANY);
}

/* How many entries there are after the key on top of the stack (nil: from the first on). The key is taken away. */
static size_t count_after(lua_State *L, int table) {
    size_t count = 0;
    for (; lua_next(L, table); count++)
        lua_pop(L, 1);
    return count;
}

/* How many there are from the entry on top of the stack on. */
static size_t count_rest(lua_State *L) {
    lua_pushvalue(L, -2);
    return 1 + count_after(L, -4);
}

/* The key of the entry on top, if it is an integer above 0; else 0. */
static size_t index_on_top(lua_State *L) {
    if (!lua_isinteger(L, -2))
        return 0;
    lua_Integer index = lua_tointeger(L, -2);
    return index > 0 ? (size_t)index : 0;
}

/* --- Keys --- */

static LN_COLD void forget_keys(struct taking *taking) {
    memset(taking->buffers->keys, 0, sizeof taking->buffers->keys);
    taking->keys_hold = true;
}

static bool take_string_key(struct taking *taking, const struct step *step, struct known_key *known,
                            const void *object, lunette_value *key) {
    if (!take_string(taking, -2, step, key))
        return false;
    if (key->type == LUNETTE_STRING) /* else it was cut */
        *known = (struct known_key){object, key->as.string.bytes, key->as.string.size};
    return true;
}

static LN_NOINLINE bool take_new_key(struct taking *taking, struct table *table, struct known_key *known,
                                     const void *object, lunette_value *key) {
    int type = lua_type(taking->L, -2);
    if (type == LUA_TSTRING)
        return take_string_key(taking, table->step, known, object, key);
    if (type == LUA_TNUMBER) {
        table->indices += index_on_top(taking->L) != 0;
        return take_number(taking->L, -2, key);
    }
    *key = lunette_boolean(lua_toboolean(taking->L, -2));
    if (type == LUA_TBOOLEAN)
        return true;
    char what[64];
    snprintf(what, sizeof what, "a key of it is a %s", lua_typename(taking->L, type));
    return cut(taking, LUNETTE_VALUE_LIMIT, table->step, what, lua_typename(taking->L, type), key);
}

/* Of the entry on top. */
LN_INLINE bool take_key(struct taking *taking, struct table *table, lunette_value *key) {
    const void *object = lua_topointer(taking->L, -2);
    uintptr_t address = (uintptr_t)object;
    struct known_key *known = &taking->buffers->keys[(address >> 4 ^ address >> 9) % KEYS];
    if (LN_UNLIKELY(!taking->keys_hold))
        forget_keys(taking);
    if (LN_UNLIKELY(known->object != object || !object))
        return take_new_key(taking, table, known, object, key);
    set_string(key, known->copy, known->size);
    return true;
}

/* --- Tables that begin as arrays --- */

/* A raw length is a border, and a few entries far apart can put one very far out: before much memory is taken
 * for it, the entries are counted. The first one is on top. */
static bool may_be_sequence(const struct taking *taking, struct table *table) {
    if (index_on_top(taking->L) != 1)
        return false;
    table->length = (size_t)lua_rawlen(taking->L, -3);
    if (table->length <= TRUSTED)
        return true;
    return (table->counted || table->length <= taking->bounds.items - taking->items) &&
           count_rest(taking->L) == table->length;
}

/* From the entry on top to the last, or to one that is not the next of an array, which is then on top; *more says which. */
static bool take_sequence(struct taking *taking, struct table *table, bool *more) {
    lua_State *L = taking->L;
    while (*more && table->count < table->length && index_on_top(L) == table->count + 1) {
        table->here.index = table->count + 1;
        if (!count_entry(taking, table) || !take_value(taking, &table->here, &table->items[table->count]))
            return false;
        table->count++;
        lua_pop(L, 1);
        *more = lua_next(L, -2);
    }
    return true;
}

/* --- All tables --- */

static void place(lunette_value *items, const lunette_member *members, size_t count) {
    for (size_t i = 0; i < count; i++)
        items[members[i].key.as.integer - 1] = members[i].value;
}

/* Whether 1..length are all there; the entry on top is one of the table's. */
static bool has_all(lua_State *L, size_t length) {
    bool there = true;
    for (size_t i = 1; i <= length && there; i++) {
        there = lua_rawgeti(L, -3, (lua_Integer)i) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return there;
}

/* The buffer has no room for another: so the entries left are counted, and the members move into the tree. Where it turns
 * out that the keys are 1..n, in whatever order, they become an array's items. NULL: no memory, see take_bytes(). */
static void *leave_buffer(struct taking *taking, struct table *table) {
    size_t total = table->count + count_rest(taking->L);
    table->placing = table->indices == table->count && has_all(taking->L, total);
    void *start =
        take_bytes(taking, total * (table->placing ? sizeof(lunette_value) : sizeof(lunette_member)));
    if (!start)
        return NULL;
    if (table->placing)
        place(table->items = start, table->members, table->count);
    else
        table->members = memcpy(start, table->members, table->count * sizeof(lunette_member));
    table->waits = false;
    table->room = total;
    taking->waiting = table->base;
    return start;
}

/* It began as an array, and goes on as none, or in another order. NULL as above. */
static void *become_members(struct taking *taking, struct table *table) {
    lunette_member *members = table->members;
    if (table->count >= table->room) {
        table->room = table->count + count_rest(taking->L);
        table->members = members = take_bytes(taking, table->room * sizeof *members);
        table->waits = false;
    }
    for (size_t i = 0; members && i < table->count; i++) {
        members[i].key = lunette_integer((int64_t)i + 1);
        members[i].value = table->items[i];
    }
    table->indices = table->count;
    return members;
}

/* Whether the keys are 1..count: no two are the same. */
static bool is_scattered(const struct table *table) {
    size_t i = 0;
    if (table->indices != table->count)
        return false;
    while (i < table->count && (uint64_t)table->members[i].key.as.integer <= table->count)
        i++;
    return i == table->count;
}

/* All entries are taken: what the table is. */
static bool finish_table(struct taking *taking, struct table *table, lunette_value *to) {
    size_t count = table->count;
    taking->waiting = table->base;
    if (count == 0) {
        *to = lunette_array_of(NULL, 0);
        return true;
    }
    bool array = is_scattered(table);
    size_t size = count * (array ? sizeof(lunette_value) : sizeof(lunette_member));
    bool has_room = array ? table->items != NULL && table->length >= count : !table->waits;
    void *start =
        has_room ? (array ? (void *)table->items : (void *)table->members) : take_bytes(taking, size);
    if (LN_UNLIKELY(!start))
        return no_room(taking, table->step, "table", to);
    if (array)
        place(start, table->members, count);
    else if (table->waits)
        memcpy(start, table->members, size);
    *to = array ? lunette_array_of(start, count) : lunette_object_of(start, count);
    return true;
}

static bool no_room_for(struct taking *taking, const struct table *table, lunette_value *to) {
    taking->waiting = table->base;
    lua_pop(taking->L, 2);
    return no_room(taking, table->step, "table", to);
}

/* From the entry on top on, which is there: each value to its place. */
static LN_NOINLINE bool take_places(struct taking *taking, struct table *table, lunette_value *to) {
    lua_State *L = taking->L;
    table->here.key = NULL;
    do {
        table->here.index = index_on_top(L);
        if (!count_entry(taking, table) ||
            !take_value(taking, &table->here, &table->items[table->here.index - 1]))
            return false;
        table->count++;
        lua_pop(L, 1);
    } while (lua_next(L, -2));
    *to = lunette_array_of(table->items, table->count);
    return true;
}

/* A table within, whose members wait above those of this one up to `member`. */
static bool take_inner(struct taking *taking, const struct table *table, lunette_member *member) {
    if (table->waits)
        taking->waiting = table->base + (size_t)(member - table->members) + 1;
    return take_table(taking, &table->here, &member->value);
}

/* From the entry on top on, if there is one. What most of the time is spent in. */
static bool take_members(struct taking *taking, struct table *table, bool more, lunette_value *to) {
    lua_State *L = taking->L;
    lunette_member *member = table->members + table->count, *end = table->members + table->room;
    for (; more; member++) {
        if (LN_UNLIKELY(member == end)) {
            table->count = table->room;
            if (!leave_buffer(taking, table))
                return no_room_for(taking, table, to);
            if (table->placing)
                return take_places(taking, table, to);
            member = table->members + table->count;
            end = table->members + table->room;
        }
        table->here.key = &member->key;
        if (!count_entry(taking, table) || !take_key(taking, table, &member->key))
            return false;
        int type = lua_type(L, -1);
        if (LN_UNLIKELY(type == LUA_TTABLE ? !take_inner(taking, table, member)
                                           : !take_simple(taking, type, &table->here, &member->value)))
            return false;
        lua_pop(L, 1);
        more = lua_next(L, -2);
    }
    table->count = (size_t)(member - table->members);
    return finish_table(taking, table, to);
}

/* The first entry is on top, if there is one. */
static bool take_entries(struct taking *taking, struct table *table, bool more, lunette_value *to) {
    if (!more || !may_be_sequence(taking, table))
        return take_members(taking, table, more, to);
    table->items = take_bytes(taking, table->length * sizeof *table->items);
    if (!table->items)
        return no_room_for(taking, table, to);
    if (!take_sequence(taking, table, &more))
        return false;
    if (LN_UNLIKELY(more))
        return become_members(taking, table) ? take_members(taking, table, more, to)
                                             : no_room_for(taking, table, to);
    *to = lunette_array_of(table->items, table->count);
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
    size_t depth = step ? step->depth : 0;
    struct table table = {
        .here = {.up = step, .table = lua_topointer(L, -1), .depth = depth + 1},
        .step = step,
        .members = taking->buffers->waiting + taking->waiting,
        .base = taking->waiting,
        .room = WAITING - taking->waiting,
        .waits = true,
        .counted = taking->bounds.cut,
    };
    if (LN_UNLIKELY(is_circular(step, table.here.table)))
        return cut(taking, LUNETTE_VALUE_LIMIT, step, "the table contains itself", "table", to);
    if (LN_UNLIKELY(depth % DEPTH_STEP == 0 && !lua_checkstack(L, DEPTH_STEP * ENTRY + SLOTS)))
        return no_stack(taking, step, "table", to);
    if (LN_UNLIKELY(depth >= taking->bounds.depth))
        return cut(taking, LUNETTE_VALUE_LIMIT, step, "tables lie too deep inside one another", "table", to);
    lua_pushnil(L);
    if (LN_UNLIKELY(table.counted)) {
        if (!count_items(taking, count_after(L, -2)))
            return cut(taking, LUNETTE_VALUE_LIMIT, step, TOO_MANY, "table", to);
        lua_pushnil(L);
    }
    return take_entries(taking, &table, lua_next(L, -2), to);
}

/* --- What is to be taken --- */

/* The value at `index`. */
static bool take_at(struct taking *taking, int index, const struct step *step, lunette_value *to) {
    lua_pushvalue(taking->L, index);
    bool taken = take_value(taking, step, to);
    lua_pop(taking->L, 1);
    return taken;
}

/* Values first..last as items in the tree; NULL: nothing was taken, which is noted, or, where what is too much is
 * cut, named in *cut_to. */
static lunette_value *take_range(struct taking *taking, int first, int last, lunette_value *cut_to) {
    size_t count = last < first ? 0 : (size_t)(last - first + 1);
    int top = lua_gettop(taking->L);
    struct buffers buffers;
    lunette_value *items = NULL;
    taking->buffers = &buffers;
    if (!lua_checkstack(taking->L, SLOTS))
        no_stack(taking, NULL, "table", cut_to);
    else if (!(items = take_bytes(taking, count * sizeof *items)))
        no_room(taking, NULL, "table", cut_to);
    for (size_t i = 0; items && i < count && taking->status == LUNETTE_OK; i++) {
        struct step step = {.index = i + 1};
        take_at(taking, first + (int)i, &step, &items[i]);
    }
    lua_settop(taking->L, top); /* what failed has left its tables there */
    taking->buffers = NULL;
    return taking->status == LUNETTE_OK ? items : NULL;
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
        fail(&taking, LUNETTE_VALUE_LIMIT, NULL, TOO_MANY);
        return taking.status;
    }
    lunette_value *items = take_range(&taking, first, last, ln_tree_root(tree));
    if (items)
        *ln_tree_root(tree) = lunette_array_of(items, count);
    return taking.status;
}

lunette_status ln_values_take_some(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                                   ln_tree *tree, const lunette_value **values, ln_reason *why) {
    struct taking taking = {.L = L,
                            .vm = vm,
                            .tree = tree,
                            .bounds = *bounds,
                            .root = "argument",
                            .why = why->text,
                            .why_size = sizeof why->text};
    lunette_value mark;
    *values = take_range(&taking, first, last, &mark);
    if (!*values && taking.status == LUNETTE_OK)
        fail(&taking, taking.lack, NULL, "the values need more memory than they may take");
    return taking.status;
}

lunette_status ln_values_take_error(lua_State *L, ln_vm *vm, int index, ln_tree *tree) {
    struct buffers buffers;
    struct taking taking = {.L = L,
                            .vm = vm,
                            .tree = tree,
                            .buffers = &buffers,
                            .bounds = {.depth = 16, .items = 10000, .bytes = tree->limit, .cut = true},
                            .name_functions = true};
    int top = lua_gettop(L);
    index = lua_absindex(L, index);
    if (grow_root(&taking) && lua_checkstack(L, SLOTS))
        take_at(&taking, index, NULL, ln_tree_root(tree));
    lua_settop(L, top);
    if (taking.status != LUNETTE_OK) {
        ln_run_host_enter(vm->machine.active);
        ln_tree_free(tree);
        ln_run_host_leave(vm->machine.active);
    }
    return taking.status;
}
