/* The walk through what is taken out, of which take.c is the frame: numbers, strings and tables.
 *
 * Each table is gone through once, for lua_next() is what all of this costs. What it will turn out to be, and how much
 * there is of it, is known at the end only; so members wait in a buffer that all open tables share as a stack, until
 * their number is known. A table of more than the buffer takes is counted from there on. One that begins with 1, 2, 3 is
 * taken as the array that it most likely is, and what there is of it becomes members where it goes on otherwise.
 *
 * Records have the same few keys again and again, and Lua has a short string once: so a key that was copied just now is
 * known by its object's address, and not even asked for its type again. (What else has an address and can be a key, light
 * userdata and functions in C, lies outside of the arena.) It is looked for first where it followed the key before it the
 * last time. That holds as long as nothing is collected, and nothing is but where a function reference takes memory.
 *
 * What is on Lua's stack is called by its place from the bottom, which each table knows. Places from the top are as good,
 * but each call of Lua moves the top, and the next one would wait for the top to be stored and loaded before it can so much
 * as begin to look: that was a tenth of the time. */
#include <stdio.h>
#include <string.h>

#include "lua/take.h"

enum {
    SLOTS = 8,      /* of Lua's stack, that a value needs beside the entries it lies in */
    ENTRY = 2,      /* slots of an entry */
    DEPTH_STEP = 4, /* entries within entries that Lua's stack is asked to have room for at a time */
    WAITING = 64,   /* members in the buffer */
    KEYS = 16,      /* that are remembered; a power of two */
    TRUSTED = 1024, /* a raw length up to which memory is taken without counting */
};

struct known_key {
    const void *object; /* Lua's */
    const char *copy;
    size_t size;
    struct known_key *next; /* that came after it the last time */
};

/* Apart from the rest, because it is large and need not be cleared. */
struct ln_take_buffers {
    lunette_member waiting[WAITING];
    struct known_key keys[KEYS];
    struct known_key begin; /* no key: what its `next` is came first the last time */
};

/* --- Numbers and strings ---
 *
 * Written part by part: a struct that is made first and then assigned is stored in pieces and loaded whole, which
 * processors wait for. */

LN_INLINE void set_string(lunette_value *to, const char *bytes, size_t size) {
    to->type = LUNETTE_STRING;
    to->as.string.bytes = bytes;
    to->as.string.size = size;
}

LN_INLINE void set_array(lunette_value *to, const lunette_value *items, size_t count) {
    to->type = LUNETTE_ARRAY;
    to->as.array.items = items;
    to->as.array.count = count;
}

LN_INLINE void set_object(lunette_value *to, const lunette_member *members, size_t count) {
    to->type = LUNETTE_OBJECT;
    to->as.object.members = members;
    to->as.object.count = count;
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

LN_INLINE bool take_string(ln_taking *taking, int index, const ln_step *step, lunette_value *to) {
    size_t size;
    const char *bytes = lua_tolstring(taking->L, index, &size);
    char *copy = ln_take_bytes(taking, size + 1);
    if (LN_UNLIKELY(!copy))
        return ln_take_no_room(taking, step, "string", to);
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

/* --- Keys that were copied --- */

/* They are in use from the first table on. */
static void begin_keys(ln_taking *taking) {
    static const char none; /* no key's address; and one that had it would be taken for an empty string */
    struct ln_take_buffers *buffers = taking->buffers;
    const struct known_key empty = {.object = &none, .copy = "", .next = buffers->keys};
    for (size_t i = 0; i < KEYS; i++)
        buffers->keys[i] = empty;
    buffers->begin = empty;
    taking->keys_begun = true;
}

void ln_take_forget_keys(ln_taking *taking) {
    if (taking->keys_begun)
        begin_keys(taking);
}

LN_INLINE struct known_key *known_key(const ln_taking *taking, const void *object) {
    uintptr_t address = (uintptr_t)object;
    return &taking->buffers->keys[(address >> 4 ^ address >> 9) % KEYS];
}

/* --- Values --- */

static bool take_table(ln_taking *taking, int at, const ln_step *step, lunette_value *to);

/* The value on top of the stack, at `at`, which is of that type and no table. */
LN_INLINE bool take_simple(ln_taking *taking, int at, int type, const ln_step *step, lunette_value *to) {
    if (type == LUA_TNUMBER)
        return take_number(taking->L, at, to);
    if (type == LUA_TSTRING)
        return take_string(taking, at, step, to);
    if (LN_UNLIKELY(type != LUA_TBOOLEAN))
        return ln_take_other(taking, type, step, to);
    to->type = LUNETTE_BOOLEAN;
    to->as.boolean = lua_toboolean(taking->L, at);
    return true;
}

/* The value on top of the stack, at `at`. */
LN_INLINE bool take_value(ln_taking *taking, int at, const ln_step *step, lunette_value *to) {
    int type = lua_type(taking->L, at);
    return type == LUA_TTABLE ? take_table(taking, at, step, to) : take_simple(taking, at, type, step, to);
}

/* --- Tables --- */

/* A table on its way out; it is on the stack, and most often the entry to be taken next, key and value, above it. */
struct table {
    ln_step here;
    int at, key, value;      /* places on the stack, from the bottom */
    lunette_member *members; /* in the buffer, or in the tree */
    lunette_member *end;     /* of the room that there is for them */
    size_t count;            /* of items, or of members */
    size_t indices;          /* of the members' keys, those that are integers above 0 */
    lunette_value *items;    /* of one that begins as an array, NULL: it does not; room for `length` */
    size_t length;
    bool waits;   /* the members are in the buffer */
    bool placing; /* no more are made: each value goes to its place among the items */
};

LN_INLINE bool count_entry(ln_taking *taking, const struct table *table) {
    if (LN_UNLIKELY(taking->entries == 0))
        return ln_take_refuse(taking, LN_BOUND_ITEMS, table->here.up);
    taking->entries--;
    return true;
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

/* To the next entry from the one on top, if there is one. */
LN_INLINE bool go_on(lua_State *L, const struct table *table) {
    lua_pop(L, 1);
    return lua_next(L, table->at);
}

/* The key of the entry on top, if it is an integer above 0; else 0. */
LN_INLINE size_t index_on_top(lua_State *L, const struct table *table) {
    if (!lua_isinteger(L, table->key))
        return 0;
    lua_Integer index = lua_tointeger(L, table->key);
    return index > 0 ? (size_t)index : 0;
}

/* --- Keys --- */

static bool take_string_key(ln_taking *taking, const ln_step *step, struct known_key *known,
                            const void *object, lunette_value *key) {
    if (!take_string(taking, -2, step, key))
        return false;
    if (key->type == LUNETTE_STRING) { /* else it was cut */
        known->object = object;
        known->copy = key->as.string.bytes;
        known->size = key->as.string.size;
    }
    return true;
}

static LN_NOINLINE bool take_new_key(ln_taking *taking, struct table *table, struct known_key *known,
                                     const void *object, lunette_value *key) {
    int type = lua_type(taking->L, -2);
    if (type == LUA_TSTRING)
        return take_string_key(taking, table->here.up, known, object, key);
    if (type == LUA_TNUMBER) {
        table->indices += index_on_top(taking->L, table) != 0;
        return take_number(taking->L, -2, key);
    }
    *key = lunette_boolean(lua_toboolean(taking->L, -2));
    if (type == LUA_TBOOLEAN)
        return true;
    char what[64];
    snprintf(what, sizeof what, "a key of it is a %s", lua_typename(taking->L, type));
    return ln_take_cut(taking, LUNETTE_VALUE_LIMIT, table->here.up, what, lua_typename(taking->L, type), key);
}

/* Of the entry on top, after the key that was known as *last. */
LN_INLINE bool take_key(ln_taking *taking, struct table *table, const void *object, struct known_key **last,
                        lunette_value *key) {
    struct known_key *known = (*last)->next;
    if (LN_UNLIKELY(known->object != object)) {
        known = (*last)->next = known_key(taking, object);
        if (known->object != object) {
            *last = known;
            return take_new_key(taking, table, known, object, key);
        }
    }
    *last = known;
    set_string(key, known->copy, known->size);
    return true;
}

/* --- Tables that begin as arrays --- */

/* A raw length is a border, and a few entries far apart can put one very far out: before much memory is taken
 * for it, the entries are counted. The first one is on top. */
static bool may_be_sequence(const ln_taking *taking, struct table *table) {
    if (index_on_top(taking->L, table) != 1)
        return false;
    table->length = (size_t)lua_rawlen(taking->L, table->at);
    return table->length <= TRUSTED ||
           (table->length <= taking->entries && count_rest(taking->L) == table->length);
}

/* From the first entry, which is on top, to the last, or to one that is not the next of an array, which is then on top;
 * *more says which. */
static bool take_sequence(ln_taking *taking, struct table *table, bool *more) {
    lua_State *L = taking->L;
    size_t count = 0;
    table->here.key = NULL;
    while (*more && count < table->length && index_on_top(L, table) == count + 1) {
        table->here.index = count + 1;
        if (!count_entry(taking, table) ||
            !take_value(taking, table->value, &table->here, &table->items[count]))
            return false;
        count++;
        *more = go_on(L, table);
    }
    table->count = count;
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
 * out that the keys are 1..n, in whatever order, they become an array's items. NULL: no memory, see ln_take_bytes(). */
static void *leave_buffer(ln_taking *taking, struct table *table) {
    size_t total = table->count + count_rest(taking->L);
    table->placing = table->indices == table->count && has_all(taking->L, total);
    void *start =
        ln_take_bytes(taking, total * (table->placing ? sizeof(lunette_value) : sizeof(lunette_member)));
    if (!start)
        return NULL;
    table->waits = false;
    if (table->placing) {
        place(table->items = start, table->members, table->count);
        return start;
    }
    table->members = memcpy(start, table->members, table->count * sizeof(lunette_member));
    table->end = table->members + total;
    return start;
}

/* It began as an array, and goes on as none, or in another order. NULL as above. */
static void *become_members(ln_taking *taking, struct table *table) {
    if (table->count >= (size_t)(table->end - table->members)) {
        size_t total = table->count + count_rest(taking->L);
        table->members = ln_take_bytes(taking, total * sizeof *table->members);
        table->end = table->members ? table->members + total : NULL;
        table->waits = false;
    }
    lunette_member *members = table->members;
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

static LN_NOINLINE bool finish_members(ln_taking *taking, struct table *table, lunette_value *to) {
    size_t count = table->count;
    bool array = is_scattered(table);
    size_t size = count * (array ? sizeof(lunette_value) : sizeof(lunette_member));
    bool has_room = array ? table->items != NULL && table->length >= count : !table->waits;
    void *start =
        has_room ? (array ? (void *)table->items : (void *)table->members) : ln_take_bytes(taking, size);
    if (LN_UNLIKELY(!start))
        return ln_take_no_room(taking, table->here.up, "table", to);
    if (array)
        place(start, table->members, count);
    else if (table->waits)
        memcpy(start, table->members, size);
    if (array)
        set_array(to, start, count);
    else
        set_object(to, start, count);
    return true;
}

/* All entries are taken: what the table is. Most often an object, not large, with room for it. */
LN_INLINE bool finish_table(ln_taking *taking, struct table *table, const lunette_member *end,
                            lunette_value *to) {
    size_t size = (size_t)((const char *)end - (const char *)table->members);
    size_t count = (size_t)(end - table->members);
    void *start = NULL;
    if (LN_LIKELY(table->indices == 0 && table->waits))
        start = ln_tree_take(taking->tree, size);
    if (LN_LIKELY(start != NULL)) {
        memcpy(start, table->members, size);
        set_object(to, start, count);
        return true;
    }
    table->count = count;
    return finish_members(taking, table, to);
}

static bool no_room_for(ln_taking *taking, const struct table *table, lunette_value *to) {
    lua_pop(taking->L, 2);
    return ln_take_no_room(taking, table->here.up, "table", to);
}

/* From the entry on top on, which is there: each value to its place. */
static LN_NOINLINE bool take_places(ln_taking *taking, struct table *table, lunette_value *to) {
    lua_State *L = taking->L;
    table->here.key = NULL;
    do {
        table->here.index = index_on_top(L, table);
        if (!count_entry(taking, table) ||
            !take_value(taking, table->value, &table->here, &table->items[table->here.index - 1]))
            return false;
        table->count++;
    } while (go_on(L, table));
    set_array(to, table->items, table->count);
    return true;
}

/* A table within, whose members wait above those of this one up to `member`. */
static bool take_inner(ln_taking *taking, const struct table *table, lunette_member *member) {
    lunette_member *waiting = taking->waiting;
    if (table->waits)
        taking->waiting = member + 1;
    bool taken = take_table(taking, table->value, &table->here, &member->value);
    taking->waiting = waiting;
    return taken;
}

/* From the entry on top on, of whose key `object` is the address. What most of the time is spent in. */
LN_INLINE bool take_members(ln_taking *taking, struct table *table, const void *object, lunette_value *to) {
    lua_State *L = taking->L;
    lunette_member *member = table->members + table->count, *end = table->end;
    struct known_key *last = &taking->buffers->begin;
    for (;; object = lua_topointer(L, table->key)) {
        if (LN_UNLIKELY(member == end)) {
            table->count = (size_t)(member - table->members);
            if (!leave_buffer(taking, table))
                return no_room_for(taking, table, to);
            if (table->placing)
                return take_places(taking, table, to);
            member = table->members + table->count;
            end = table->end;
        }
        table->here.key = &member->key;
        if (!count_entry(taking, table) || !take_key(taking, table, object, &last, &member->key))
            return false;
        int type = lua_type(L, table->value);
        if (LN_UNLIKELY(type == LUA_TTABLE
                            ? !take_inner(taking, table, member)
                            : !take_simple(taking, table->value, type, &table->here, &member->value)))
            return false;
        member++;
        if (!go_on(L, table))
            return finish_table(taking, table, member, to);
    }
}

enum outcome { TAKEN, FAILED, GOES_ON };

/* The first entry is on top, of what may be an array. GOES_ON: it is none, or in another order; what was taken until then
 * are members, and the next entry is on top. */
static LN_NOINLINE enum outcome take_array(ln_taking *taking, struct table *table, lunette_value *to) {
    bool more = true;
    table->items = ln_take_bytes(taking, table->length * sizeof *table->items);
    if (!table->items)
        return no_room_for(taking, table, to) ? TAKEN : FAILED;
    if (!take_sequence(taking, table, &more))
        return FAILED;
    if (LN_UNLIKELY(more))
        return become_members(taking, table) ? GOES_ON : no_room_for(taking, table, to) ? TAKEN : FAILED;
    set_array(to, table->items, table->count);
    return TAKEN;
}

LN_INLINE bool is_circular(const ln_step *step, const void *table) {
    for (; step; step = step->up)
        if (step->container == table)
            return true;
    return false;
}

/* What a table needs for itself and for the next few levels within it. */
static LN_NOINLINE bool begin_levels(ln_taking *taking) {
    if (!taking->keys_begun)
        begin_keys(taking);
    return lua_checkstack(taking->L, DEPTH_STEP * ENTRY + SLOTS);
}

/* The table on top of the stack, at `at`. */
static bool take_table(ln_taking *taking, int at, const ln_step *step, lunette_value *to) {
    lua_State *L = taking->L;
    size_t depth = step ? step->depth : 0;
    struct table table; /* written part by part, and no more of it than needs be: most tables are small */
    table.here.up = step;
    table.here.container = lua_topointer(L, at);
    table.here.depth = depth + 1;
    if (LN_UNLIKELY(is_circular(step, table.here.container)))
        return ln_take_cut(taking, LUNETTE_VALUE_LIMIT, step, "the table contains itself", "table", to);
    if (LN_UNLIKELY(depth % DEPTH_STEP == 0 && !begin_levels(taking)))
        return ln_take_no_stack(taking, step, "table", to);
    if (LN_UNLIKELY(depth >= taking->bounds.depth))
        return ln_take_beyond(taking, LN_BOUND_DEPTH, step, "table", to);
    lua_pushnil(L);
    if (LN_UNLIKELY(taking->bounds.cut)) {
        if (!ln_take_count(taking, count_after(L, -2)))
            return ln_take_beyond(taking, LN_BOUND_ITEMS, step, "table", to);
        lua_pushnil(L);
    }
    table.at = at;
    table.key = at + 1;
    table.value = at + 2;
    table.members = taking->waiting;
    table.end = taking->buffers->waiting + WAITING;
    table.count = table.indices = 0;
    table.items = NULL;
    table.waits = true;
    if (LN_UNLIKELY(!lua_next(L, at))) {
        set_array(to, NULL, 0);
        return true;
    }
    const void *object = lua_topointer(L, table.key); /* NULL: of a number, perhaps */
    if (LN_UNLIKELY(!object && may_be_sequence(taking, &table))) {
        enum outcome outcome = take_array(taking, &table, to);
        if (outcome != GOES_ON)
            return outcome == TAKEN;
        object = lua_topointer(L, table.key);
    }
    return take_members(taking, &table, object, to);
}

/* --- Where the walk begins --- */

static void begin_walk(ln_taking *taking, struct ln_take_buffers *buffers) {
    taking->buffers = buffers;
    taking->waiting = buffers->waiting;
    taking->keys_begun = false;
}

/* What failed has left its tables on the stack. */
static void end_walk(ln_taking *taking, int top) {
    lua_settop(taking->L, top);
    taking->buffers = NULL;
    taking->waiting = NULL;
}

/* The value at `index`; there is nothing above `top`. */
static bool take_at(ln_taking *taking, int index, int top, const ln_step *step, lunette_value *to) {
    lua_pushvalue(taking->L, index);
    bool taken = take_value(taking, top + 1, step, to);
    lua_pop(taking->L, 1);
    return taken;
}

lunette_value *ln_take_range(ln_taking *taking, int first, int last, lunette_value *cut_to) {
    size_t count = last < first ? 0 : (size_t)(last - first + 1);
    int top = lua_gettop(taking->L);
    struct ln_take_buffers buffers;
    lunette_value *items = NULL;
    begin_walk(taking, &buffers);
    if (!lua_checkstack(taking->L, SLOTS))
        ln_take_no_stack(taking, NULL, "table", cut_to);
    else if (!(items = ln_take_bytes(taking, count * sizeof *items)))
        ln_take_no_room(taking, NULL, "table", cut_to);
    for (size_t i = 0; items && i < count && taking->status == LUNETTE_OK; i++) {
        ln_step step = {.index = i + 1};
        take_at(taking, first + (int)i, top, &step, &items[i]);
    }
    end_walk(taking, top);
    return taking->status == LUNETTE_OK ? items : NULL;
}

void ln_take_one(ln_taking *taking, int index, lunette_value *to) {
    struct ln_take_buffers buffers;
    int top = lua_gettop(taking->L);
    begin_walk(taking, &buffers);
    index = lua_absindex(taking->L, index);
    if (lua_checkstack(taking->L, SLOTS))
        take_at(taking, index, top, NULL, to);
    end_walk(taking, top);
}
