/* What a host's function does with its call: reads arguments, gives results, says what is wrong. Public functions, in a
 * host section; see call.h for what holds there. None of them raises. */
#include "lua/call.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- Scratch memory --- */

/* Text of results and messages is limited by what Lua could take of it. */
ln_tree *ln_call_tree(lunette_call *call) {
    ln_vm *vm = ln_call_vm(call);
    if (!call->scratch_used) {
        call->scratch_used = true;
        ln_tree_rewind(&vm->scratch, &vm->scratch_base);
    }
    vm->scratch.limit = vm->machine.memory_limit;
    return &vm->scratch;
}

/* A tree's limit is about one value; here it means that the process has given all that it will. */
static lunette_status as_memory(lunette_status status) {
    return status == LUNETTE_VALUE_LIMIT ? LUNETTE_NO_MEMORY : status;
}

lunette_status ln_call_scratch(lunette_call *call, size_t size, void **start) {
    return as_memory(ln_tree_obtain(ln_call_tree(call), size, start));
}

/* --- Asking --- */

lunette_context *lunette_call_context(const lunette_call *call) {
    return call ? ln_call_vm(call)->machine.context : NULL;
}

const char *lunette_call_name(const lunette_call *call) {
    return call ? call->function->full_name : "";
}

bool lunette_call_permits(const lunette_call *call, uint32_t permissions) {
    return call && (ln_sandbox_permissions(ln_vm_sandbox(ln_call_vm(call))) & permissions) == permissions;
}

int lunette_call_count(const lunette_call *call) {
    return call ? call->count : 0;
}

static lunette_type type_at(lua_State *L, int index) {
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return LUNETTE_BOOLEAN;
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? LUNETTE_INTEGER : LUNETTE_NUMBER;
    case LUA_TSTRING:
        return LUNETTE_STRING;
    case LUA_TTABLE:
        return LUNETTE_OBJECT;
    case LUA_TFUNCTION:
        return LUNETTE_FUNCTION;
    case LUA_TNIL:
    case LUA_TNONE:
        return LUNETTE_NIL;
    default:
        return LUNETTE_USERDATA;
    }
}

/* Above its arguments the stack holds what cursors need. */
static bool is_argument(const lunette_call *call, int index) {
    return index >= 1 && index <= call->count;
}

lunette_type lunette_call_type(const lunette_call *call, int index) {
    return call && is_argument(call, index) ? type_at(call->L, index) : LUNETTE_NIL;
}

/* --- Errors --- */

/* What is asked of a call that has ended answers why. */
static lunette_status note(lunette_call *call, int index, const char *expected, const char *message) {
    if (call->ended != LUNETTE_OK)
        return call->ended;
    call->note = LN_NOTE_WORDS;
    call->bad_argument = index;
    call->expected = expected;
    call->message = message;
    return LUNETTE_RUNTIME_ERROR;
}

static LN_PRINTF(3, 0) lunette_status
    note_words(lunette_call *call, int index, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    void *text;
    if (size < 0)
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = ln_call_scratch(call, (size_t)size + 1, &text);
    if (status != LUNETTE_OK)
        return status;
    vsnprintf(text, (size_t)size + 1, format, arguments);
    return note(call, index, NULL, text);
}

lunette_status lunette_call_fail(lunette_call *call, const char *format, ...) {
    va_list arguments;
    if (!call || !format)
        return LUNETTE_INVALID_ARGUMENT;
    va_start(arguments, format);
    lunette_status status = note_words(call, 0, format, arguments);
    va_end(arguments);
    return status;
}

lunette_status lunette_arg_fail(lunette_call *call, int index, const char *format, ...) {
    va_list arguments;
    if (!call || !format || index < 1)
        return LUNETTE_INVALID_ARGUMENT;
    va_start(arguments, format);
    lunette_status status = note_words(call, index, format, arguments);
    va_end(arguments);
    return status;
}

/* The words are for the script's author, who sees them if the function answers this. */
static LN_COLD lunette_status refuse_value(lunette_call *call, lunette_status status) {
    lunette_call_fail(call, "'%s' gave a value that %s", call->function->full_name,
                      status == LUNETTE_STALE
                          ? "is, or holds, a function or an object of another context, or one that is gone"
                          : "cannot be given to a script, such as a coroutine");
    return status;
}

static lunette_status copy_value(lunette_call *call, const lunette_value *value, lunette_value *copy) {
    if (!call || !value)
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = ln_values_check(&ln_call_vm(call)->machine, value);
    if (status != LUNETTE_OK)
        return refuse_value(call, status);
    return as_memory(ln_tree_copy_value(ln_call_tree(call), value, copy));
}

lunette_status lunette_call_fail_value(lunette_call *call, const lunette_value *value) {
    lunette_value copy;
    lunette_status status = copy_value(call, value, &copy);
    if (status != LUNETTE_OK)
        return status;
    call->error = copy;
    if (call->ended != LUNETTE_OK)
        return call->ended;
    call->note = LN_NOTE_VALUE;
    return LUNETTE_RUNTIME_ERROR;
}

/* --- Plain arguments --- */

lunette_status ln_call_wrong_type(lunette_call *call, int index, const char *expected) {
    return note(call, index, expected, NULL);
}

/* Whether an optional argument is left out. */
static bool is_left_out(const lunette_call *call, int index) {
    return !call || index < 1 || index > call->count || lua_isnil(call->L, index);
}

lunette_status lunette_arg_boolean(lunette_call *call, int index, bool *value) {
    if (LN_UNLIKELY(!call || !value || index < 1))
        return LUNETTE_INVALID_ARGUMENT;
    if (LN_UNLIKELY(!is_argument(call, index) || !lua_isboolean(call->L, index)))
        return ln_call_wrong_type(call, index, "boolean");
    *value = lua_toboolean(call->L, index);
    return LUNETTE_OK;
}

static LN_COLD lunette_status no_number(lunette_call *call, int index, const void *value) {
    return call && value && index >= 1 ? ln_call_wrong_type(call, index, "number") : LUNETTE_INVALID_ARGUMENT;
}

static LN_COLD lunette_status no_integer(lunette_call *call, int index, const void *value) {
    if (call && value && is_argument(call, index) && lua_isnumber(call->L, index))
        return note(call, index, NULL, "number has no integer representation");
    return no_number(call, index, value);
}

lunette_status lunette_arg_integer(lunette_call *call, int index, int64_t *value) {
    int is_one = 0;
    if (LN_UNLIKELY(!call || !value || (unsigned)index - 1 >= (unsigned)call->count))
        return no_integer(call, index, value);
    *value = lua_tointegerx(call->L, index, &is_one);
    return LN_LIKELY(is_one) ? LUNETTE_OK : no_integer(call, index, value);
}

lunette_status lunette_arg_number(lunette_call *call, int index, double *value) {
    int is_one = 0;
    if (LN_UNLIKELY(!call || !value || (unsigned)index - 1 >= (unsigned)call->count))
        return no_number(call, index, value);
    *value = lua_tonumberx(call->L, index, &is_one);
    return LN_LIKELY(is_one) ? LUNETTE_OK : no_number(call, index, value);
}

/* As Lua writes numbers, but outside of Lua: lua_tolstring() would change the argument, and might raise. */
static lunette_status write_number(lunette_call *call, int index, const char **bytes, size_t *size) {
    char text[64];
    int length;
    void *copy;
    if (lua_isinteger(call->L, index)) {
        length = snprintf(text, sizeof text, "%" PRId64, (int64_t)lua_tointeger(call->L, index));
    } else {
        length = snprintf(text, sizeof text, "%.14g", lua_tonumber(call->L, index));
        if (text[strspn(text, "-0123456789")] == '\0')
            length += snprintf(text + length, sizeof text - (size_t)length, ".0");
    }
    lunette_status status = ln_call_scratch(call, (size_t)length + 1, &copy);
    if (status != LUNETTE_OK)
        return status;
    *bytes = memcpy(copy, text, (size_t)length + 1);
    *size = (size_t)length;
    return LUNETTE_OK;
}

lunette_status lunette_arg_string(lunette_call *call, int index, const char **bytes, size_t *size) {
    size_t length = 0;
    lunette_status status = LUNETTE_OK;
    if (LN_UNLIKELY(!call || !bytes || index < 1))
        return LUNETTE_INVALID_ARGUMENT;
    int type = is_argument(call, index) ? lua_type(call->L, index) : LUA_TNONE;
    if (LN_LIKELY(type == LUA_TSTRING))
        *bytes = lua_tolstring(call->L, index, &length);
    else if (type == LUA_TNUMBER)
        status = write_number(call, index, bytes, &length);
    else
        return ln_call_wrong_type(call, index, "string");
    if (size)
        *size = length;
    else if (status == LUNETTE_OK && strlen(*bytes) != length)
        return note(call, index, NULL, "string contains zeros");
    return status;
}

/* --- Optional arguments --- */

lunette_status lunette_arg_boolean_or(lunette_call *call, int index, bool otherwise, bool *value) {
    if (!is_left_out(call, index) || !call || !value || index < 1)
        return lunette_arg_boolean(call, index, value);
    *value = otherwise;
    return LUNETTE_OK;
}

lunette_status lunette_arg_integer_or(lunette_call *call, int index, int64_t otherwise, int64_t *value) {
    if (!is_left_out(call, index) || !call || !value || index < 1)
        return lunette_arg_integer(call, index, value);
    *value = otherwise;
    return LUNETTE_OK;
}

lunette_status lunette_arg_number_or(lunette_call *call, int index, double otherwise, double *value) {
    if (!is_left_out(call, index) || !call || !value || index < 1)
        return lunette_arg_number(call, index, value);
    *value = otherwise;
    return LUNETTE_OK;
}

lunette_status lunette_arg_string_or(lunette_call *call, int index, const char *otherwise, const char **bytes,
                                     size_t *size) {
    if (!is_left_out(call, index) || !call || !bytes || index < 1)
        return lunette_arg_string(call, index, bytes, size);
    *bytes = otherwise;
    if (size)
        *size = otherwise ? strlen(otherwise) : 0;
    return LUNETTE_OK;
}

/* --- What must allocate in Lua --- */

lunette_status ln_call_no_memory(lunette_call *call) {
    lunette_status status = note(call, 0, NULL, NULL);
    call->note = LN_NOTE_MEMORY;
    return status;
}

lunette_status ln_call_too_deep(lunette_call *call) {
    return lunette_call_fail(
        call, "stack overflow (calls of the host and of the script lie too deep in one another)");
}

/* Where scripts may have finalizers, the collector stands still meanwhile. */
lunette_status ln_call_protect(lunette_call *call, lua_CFunction body, void *ud, int index, int results) {
    lua_State *L = call->L;
    bool finalizers = ln_sandbox_level(ln_vm_sandbox(ln_call_vm(call))) == LUNETTE_SANDBOX_NONE;
    if (!ln_call_is_here(call))
        return LUNETTE_INVALID_ARGUMENT;
    if (!lua_checkstack(L, 3))
        return ln_call_no_memory(call);
    bool stopped = finalizers && lua_gc(L, LUA_GCISRUNNING);
    if (stopped)
        lua_gc(L, LUA_GCSTOP);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, ud);
    lua_pushvalue(L, index);
    int status = lua_pcall(L, 2, results, 0);
    if (status != LUA_OK)
        lua_pop(L, 1);
    if (stopped)
        lua_gc(L, LUA_GCRESTART);
    if (status == LUA_OK)
        return LUNETTE_OK;
    return status == LUA_ERRMEM ? ln_call_no_memory(call) : ln_call_too_deep(call);
}

struct taking {
    lunette_call *call;
    lunette_bounds bounds;
    const lunette_value *items;
    ln_reason why;
    lunette_status status;
};

static int take_value(lua_State *L) {
    struct taking *taking = lua_touserdata(L, 1);
    ln_tree *tree = ln_call_tree(taking->call);
    if (taking->bounds.bytes < tree->limit - tree->bytes)
        tree->limit = tree->bytes + taking->bounds.bytes;
    taking->status = ln_values_take_some(L, ln_call_vm(taking->call), 2, 2, &taking->bounds, tree,
                                         &taking->items, &taking->why);
    return 0;
}

bool ln_call_bounds(lunette_bounds *bounds, const lunette_bounds *given) {
    *bounds = given ? *given : (lunette_bounds){0};
    return ln_bounds_complete(bounds);
}

lunette_status lunette_arg_value(lunette_call *call, int index, const lunette_bounds *given,
                                 const lunette_value **value) {
    static const lunette_value NIL;
    struct taking taking = {.call = call};
    if (!call || !value || index < 1 || !ln_call_bounds(&taking.bounds, given))
        return LUNETTE_INVALID_ARGUMENT;
    *value = &NIL;
    if (!is_argument(call, index))
        return call->ended;
    lunette_status status = ln_call_protect(call, take_value, &taking, index, 0);
    if (status != LUNETTE_OK)
        return status;
    if (taking.status == LUNETTE_VALUE_LIMIT)
        return lunette_arg_fail(call, index, "%s", taking.why.text);
    if (taking.status == LUNETTE_MEMORY_LIMIT)
        return ln_call_no_memory(call);
    if (taking.status == LUNETTE_OK)
        *value = taking.items;
    return taking.status;
}

/* --- Tables --- */

/* A value as a field or a cursor shows it: nothing is copied. */
static void show(lua_State *L, int index, lunette_value *value) {
    *value = lunette_nil();
    value->type = type_at(L, index);
    switch (value->type) {
    case LUNETTE_BOOLEAN:
        value->as.boolean = lua_toboolean(L, index);
        break;
    case LUNETTE_INTEGER:
        value->as.integer = lua_tointeger(L, index);
        break;
    case LUNETTE_NUMBER:
        value->as.number = lua_tonumber(L, index);
        break;
    case LUNETTE_STRING:
        value->as.string.bytes = lua_tolstring(L, index, &value->as.string.size);
        break;
    case LUNETTE_USERDATA:
        value->as.userdata.type_name = lua_type(L, index) == LUA_TTHREAD ? "coroutine" : "userdata";
        break;
    default:
        break;
    }
}

static int get_field(lua_State *L) {
    lua_pushstring(L, lua_touserdata(L, 1));
    lua_rawget(L, 2);
    return 1;
}

lunette_status lunette_arg_field(lunette_call *call, int index, const char *name, lunette_value *value) {
    if (!call || !name || !value || index < 1)
        return LUNETTE_INVALID_ARGUMENT;
    if (!is_argument(call, index) || !lua_istable(call->L, index))
        return ln_call_wrong_type(call, index, "table");
    lunette_status status = ln_call_protect(call, get_field, (void *)(uintptr_t)name, index, 1);
    if (status != LUNETTE_OK)
        return status;
    show(call->L, -1, value);
    lua_pop(call->L, 1); /* the table keeps it */
    return LUNETTE_OK;
}

/* A cursor has three places on the stack: the table, the key it stands at, that key's value. Those of cursors entered
 * from it lie above, and are taken away as it moves; but where a cursor that is none of its own was begun later, they
 * stay until the call ends. */
enum { TABLE, KEY, VALUE, PLACES };

/* Pushes the table at `index` and begins before its first key. */
static lunette_status begin_cursor(lunette_call *call, int index, int root, lunette_cursor *cursor) {
    lua_State *L = call->L;
    if (!lua_checkstack(L, PLACES + 2))
        return lunette_call_fail(call, "too many tables are open in '%s'", call->function->full_name);
    lua_pushvalue(L, index);
    int place = lua_gettop(L);
    *cursor = (lunette_cursor){.place = place, .root = root == 0 ? place : root};
    if (root == 0)
        call->last_root = place;
    lua_pushnil(L);
    lua_pushnil(L);
    return LUNETTE_OK;
}

lunette_status lunette_arg_iterate(lunette_call *call, int index, lunette_cursor *cursor) {
    if (!call || !cursor || index < 1)
        return LUNETTE_INVALID_ARGUMENT;
    *cursor = (lunette_cursor){.place = 0};
    if (!is_argument(call, index) || !lua_istable(call->L, index))
        return ln_call_wrong_type(call, index, "table");
    return begin_cursor(call, index, 0, cursor);
}

/* Places are dealt out in threes. A cursor that has ended may find another's where its own were: still a table and one of
 * its keys. */
static bool is_open(const lunette_call *call, const lunette_cursor *cursor) {
    return call && cursor && call->ended == LUNETTE_OK && cursor->place > call->count &&
           cursor->place <= lua_gettop(call->L) - VALUE && (cursor->place - call->count) % PLACES == 1 &&
           lua_istable(call->L, cursor->place + TABLE);
}

lunette_status lunette_cursor_enter(lunette_call *call, const lunette_cursor *cursor, lunette_cursor *inner) {
    if (!inner || !is_open(call, cursor) || !lua_istable(call->L, cursor->place + VALUE))
        return LUNETTE_INVALID_ARGUMENT;
    return begin_cursor(call, cursor->place + VALUE, cursor->root, inner);
}

static int next_entry(lua_State *L) {
    return lua_next(L, 1) ? 2 : 0;
}

/* lua_next() raises an error for a key that is gone. None can be, unless a script has run since. */
static bool next_protected(lunette_call *call, int table) {
    lua_State *L = call->L;
    lua_pushcfunction(L, next_entry);
    lua_insert(L, -2);
    lua_pushvalue(L, table);
    lua_insert(L, -2);
    call->broken = lua_pcall(L, 2, 2, 0) != LUA_OK;
    if (!call->broken && !lua_isnil(L, -2))
        return true;
    lua_pop(L, call->broken ? 1 : 2);
    return false;
}

/* The key on top of the stack becomes the next one and its value. */
static bool next_pair(lunette_call *call, int table) {
    return LN_UNLIKELY(call->disturbed) ? next_protected(call, table) : lua_next(call->L, table);
}

/* Where the last of all cursors stands, its places are on top already. */
bool lunette_cursor_next(lunette_call *call, lunette_cursor *cursor) {
    if (!is_open(call, cursor))
        return false;
    lua_State *L = call->L;
    int place = cursor->place;
    if (cursor->root == call->last_root)
        lua_settop(L, place + VALUE);
    bool on_top = lua_gettop(L) == place + VALUE;
    if (on_top)
        lua_settop(L, place + KEY);
    else if (lua_checkstack(L, PLACES + 2))
        lua_pushvalue(L, place + KEY);
    else
        return false;
    if (!next_pair(call, place)) {
        lua_settop(L, on_top ? place - 1 : lua_gettop(L));
        cursor->place = 0;
        return false;
    }
    if (!on_top) {
        lua_replace(L, place + VALUE);
        lua_replace(L, place + KEY);
    }
    show(L, place + KEY, &cursor->key);
    show(L, place + VALUE, &cursor->value);
    return true;
}

/* --- Results --- */

/* Makes room for one more than the call itself has room for. */
static lunette_status more_room(lunette_call *call) {
    int count = call->result_count - LN_CALL_INLINE;
    int room = count == 0 ? 2 * LN_CALL_INLINE : 2 * count;
    void *start;
    if (count > INT_MAX / 4)
        return LUNETTE_NO_MEMORY;
    lunette_status status = ln_call_scratch(call, (size_t)room * sizeof(lunette_value), &start);
    if (status != LUNETTE_OK)
        return status;
    if (count > 0)
        memcpy(start, call->more, (size_t)count * sizeof(lunette_value));
    call->more = start;
    call->more_room = room;
    return LUNETTE_OK;
}

static LN_COLD lunette_status give_many(lunette_call *call, const lunette_value *value) {
    if (call->ended != LUNETTE_OK)
        return call->ended;
    int count = call->result_count - LN_CALL_INLINE;
    lunette_status status = count == 0 || count == call->more_room ? more_room(call) : LUNETTE_OK;
    if (status != LUNETTE_OK)
        return status;
    call->more[count] = *value;
    call->result_count++;
    return LUNETTE_OK;
}

lunette_status ln_call_give(lunette_call *call, lunette_value value) {
    if (LN_UNLIKELY(!call))
        return LUNETTE_INVALID_ARGUMENT;
    if (LN_UNLIKELY(call->result_count >= LN_CALL_INLINE))
        return give_many(call, &value);
    call->first[call->result_count++] = value;
    return LUNETTE_OK;
}

lunette_status lunette_return_nil(lunette_call *call) {
    return ln_call_give(call, lunette_nil());
}

lunette_status lunette_return_boolean(lunette_call *call, bool value) {
    return ln_call_give(call, lunette_boolean(value));
}

static LN_COLD lunette_status give_integer(lunette_call *call, int64_t value) {
    return ln_call_give(call, lunette_integer(value));
}

static LN_COLD lunette_status give_number(lunette_call *call, double value) {
    return ln_call_give(call, lunette_number(value));
}

/* The two that matter have a way of their own: no frame, and only what is needed is stored. */
lunette_status lunette_return_integer(lunette_call *call, int64_t value) {
    if (LN_UNLIKELY(!call || call->result_count >= LN_CALL_INLINE))
        return give_integer(call, value);
    lunette_value *result = &call->first[call->result_count++];
    result->type = LUNETTE_INTEGER;
    result->as.integer = value;
    return LUNETTE_OK;
}

lunette_status lunette_return_number(lunette_call *call, double value) {
    if (LN_UNLIKELY(!call || call->result_count >= LN_CALL_INLINE))
        return give_number(call, value);
    lunette_value *result = &call->first[call->result_count++];
    result->type = LUNETTE_NUMBER;
    result->as.number = value;
    return LUNETTE_OK;
}

lunette_status lunette_return_string(lunette_call *call, const char *bytes, size_t size) {
    const char *copy;
    if (!call || (!bytes && size > 0))
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = as_memory(ln_tree_copy_bytes(ln_call_tree(call), bytes, size, &copy));
    return status == LUNETTE_OK ? ln_call_give(call, lunette_string(copy, size)) : status;
}

lunette_status lunette_return_text(lunette_call *call, const char *text) {
    return text ? lunette_return_string(call, text, strlen(text)) : LUNETTE_INVALID_ARGUMENT;
}

lunette_status lunette_return_value(lunette_call *call, const lunette_value *value) {
    lunette_value copy;
    lunette_status status = copy_value(call, value, &copy);
    return status == LUNETTE_OK ? ln_call_give(call, copy) : status;
}

/* --- Answering later --- */

lunette_status lunette_call_suspend(lunette_call *call, uint64_t *token) {
    if (!call || !ln_call_is_here(call))
        return LUNETTE_INVALID_ARGUMENT;
    if (!call->function->module)
        return lunette_call_fail(call, "the resolver of modules cannot wait: it has to answer at once");
    if (!call->function->about.suspends)
        return lunette_call_fail(call, "'%s' is not described as a function that suspends",
                                 call->function->full_name);
    if (!ln_suspend_possible(call->L, ln_call_vm(call)))
        return lunette_call_fail(
            call,
            "'%s' cannot wait here: it was called through a C function, such as table.sort, "
            "that cannot be left and entered again",
            call->function->full_name);
    if (!call->waits)
        ln_machine_next_token(&ln_call_vm(call)->machine);
    call->waits = true;
    if (token)
        *token = ln_call_vm(call)->machine.token;
    return LUNETTE_SUSPENDED;
}
