/* Library functions of Lua's own that touch memory outside the arena (streams, the time zone's data, loaded
 * objects) are called here in a host section: a deadline that passes meanwhile takes effect as they return.
 *
 * None of them calls back into a script's code; those that would, with fields read through metamethods, have
 * a replacement of their own that does this part outside the section (ln_lib_time); so has the one that a
 * script can make take as long as it likes (ln_lib_date). What they raise is caught inside the section and
 * raised again after it.
 *
 * Streams: after every call the handles that went in and came out are looked at, still inside the section, so
 * that the list of open files (files.h) is exact whenever a kill can happen. */
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

/* --- The list of open files --- */

static bool is_standard(const FILE *stream) {
    return stream == stdin || stream == stdout || stream == stderr;
}

static void forget_closed(ln_files *files) {
    for (size_t i = files->count; i-- > 0;) {
        const luaL_Stream *handle = files->items[i].handle;
        if (!handle->closef)
            ln_files_remove(files, handle);
    }
}

/* Values first..top of the stack: those that are open files are remembered. Does not raise. */
static void remember_open(lua_State *L, ln_files *files, int first, bool process) {
    for (int i = first; i <= lua_gettop(L); i++) {
        luaL_Stream *handle = lua_touserdata(L, i);
        if (!handle || lua_type(L, i) != LUA_TUSERDATA || !luaL_testudata(L, i, LUA_FILEHANDLE))
            continue;
        if (handle->closef && handle->f && !is_standard(handle->f))
            ln_files_add(files, handle, handle->f, process);
    }
}

/* --- Calling --- */

/* Calls the function below `arguments` values. LUA_OK, or an error with its value on top. */
static int call_in_section(lua_State *L, int arguments, bool process) {
    ln_vm *vm = ln_vm_current();
    int function = lua_gettop(L) - arguments, status = LUA_ERRMEM;
    ln_run_host_enter(vm->machine.active);
    if (ln_files_reserve(&vm->files))
        status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    else
        lua_pushliteral(L, "not enough memory");
    forget_closed(&vm->files);
    if (status == LUA_OK)
        remember_open(L, &vm->files, function, process);
    ln_run_host_leave(vm->machine.active);
    return status;
}

/* Pushes what luaL_argerror() says of a function with a name, if `message` is what it says of one without. Lua's
 * rule: self is not counted among a method's arguments. */
static bool push_with_name(lua_State *L, const char *message, const char *name, bool is_method) {
    static const char begin[] = "bad argument #", middle[] = " to '?' (";
    if (strncmp(message, begin, strlen(begin)) != 0)
        return false;
    char *rest;
    long argument = strtol(message + strlen(begin), &rest, 10) - is_method;
    if (strncmp(rest, middle, strlen(middle)) != 0)
        return false;
    rest += strlen(middle);
    if (argument == 0)
        lua_pushfstring(L, "calling '%s' on bad self (%s", name, rest);
    else
        lua_pushfstring(L, "bad argument #%d to '%s' (%s", (int)argument, name, rest);
    return true;
}

/* Lua's rule: the name by which it was called, else the one it has in its library. */
int ln_raise_as(lua_State *L, int status, const char *name) {
    if (status == LUA_ERRMEM || lua_type(L, -1) != LUA_TSTRING)
        return lua_error(L);
    lua_Debug ar;
    bool is_method = false;
    if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) && ar.name) {
        name = ar.name;
        is_method = strcmp(ar.namewhat, "method") == 0;
    }
    luaL_where(L, 1);
    if (!push_with_name(L, lua_tostring(L, -2), name, is_method))
        lua_pushvalue(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

void ln_hosted_call(lua_State *L, int arguments, const char *name) {
    int status = call_in_section(L, arguments, false);
    if (status != LUA_OK)
        ln_raise_as(L, status, name);
}

static void wrap(lua_State *L, const char *name);

/* Upvalues: the function, its name. */
static int hosted(lua_State *L) {
    const char *name = lua_tostring(L, lua_upvalueindex(2));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    int status = call_in_section(L, lua_gettop(L) - 1, strcmp(name, "io.popen") == 0);
    if (status != LUA_OK)
        return ln_raise_as(L, status, strchr(name, '.') ? name : "?"); /* a method is in no library */
    if (strcmp(name, "require") == 0 || strcmp(name, "package.loadlib") == 0)
        ln_vm_current()->has_code |= lua_iscfunction(L, 1);
    if ((strcmp(name, "io.lines") == 0 || strcmp(name, "lines") == 0) && lua_iscfunction(L, 1)) {
        lua_pushvalue(L, 1);
        wrap(L, "for iterator");
        lua_replace(L, 1);
    }
    return lua_gettop(L);
}

/* --- Writing --- */

/* No deadline ends a host section, and a script may give one call the same long string ten thousand times: so in one section
 * no more than this is written. */
enum { WRITE_PIECE = 1 << 20, WRITE_NUMBER = 32 };

/* Does Lua's own write the values below the top, of which the first is the handle if it is a method's? They are popped. False:
 * that failed, and its answer is on the stack. */
static bool write_some(lua_State *L, int count) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, -count - 1);
    int function = lua_gettop(L) - count, status = call_in_section(L, count, false);
    if (status != LUA_OK)
        ln_raise_as(L, status, lua_tostring(L, lua_upvalueindex(2)));
    if (!lua_isuserdata(L, function))
        return false;
    lua_settop(L, function - 1);
    return true;
}

/* The argument at `index`, a long string piece by piece. */
static bool write_argument(lua_State *L, int index, bool is_method) {
    size_t size = lua_type(L, index) == LUA_TSTRING ? (size_t)lua_rawlen(L, index) : 0, at = 0;
    do {
        if (is_method)
            lua_pushvalue(L, 1);
        if (size > WRITE_PIECE)
            lua_pushlstring(L, lua_tostring(L, index) + at,
                            size - at < WRITE_PIECE ? size - at : WRITE_PIECE);
        else
            lua_pushvalue(L, index);
        if (!write_some(L, is_method + 1))
            return false;
        at += WRITE_PIECE;
    } while (at < size);
    return true;
}

static bool is_long(lua_State *L) {
    size_t size = 0;
    for (int i = 1; i <= lua_gettop(L) && size <= WRITE_PIECE; i++)
        size += lua_type(L, i) == LUA_TSTRING ? (size_t)lua_rawlen(L, i) : WRITE_NUMBER;
    return size > WRITE_PIECE;
}

/* file:write and io.write. Upvalues: the function, its name. */
static int hosted_write(lua_State *L) {
    bool is_method = strcmp(lua_tostring(L, lua_upvalueindex(2)), "write") == 0;
    int count = lua_gettop(L);
    if (LN_LIKELY(!is_long(L)))
        return hosted(L);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    for (int i = 1 + is_method; i <= count; i++) {
        if (!lua_isstring(L, i))
            luaL_checkstring(L, i); /* raises */
        if (!write_argument(L, i, is_method))
            return lua_gettop(L) - count;
    }
    lua_settop(L, 1);
    return 1;
}

/* --- Wrapping --- */

static void wrap(lua_State *L, const char *name) {
    bool writes = strcmp(name, "write") == 0 || strcmp(name, "io.write") == 0;
    lua_pushstring(L, name);
    lua_pushcclosure(L, writes ? hosted_write : hosted, 2);
}

void ln_hosted_wrap(lua_State *L, const char *name) {
    wrap(L, name);
}

/* --- File handles --- */

/* Replaces every C function of the table on top of the stack. */
static void wrap_table(lua_State *L) {
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (lua_type(L, -2) == LUA_TSTRING && lua_iscfunction(L, -1)) {
            wrap(L, lua_tostring(L, -2));
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4);
        } else {
            lua_pop(L, 1);
        }
    }
}

/* Lua's own shows where libc has the stream, which is outside of the arena. Upvalue: whether the handle's own place is not
 * to be shown, either. May raise. */
static int file_text(lua_State *L) {
    const luaL_Stream *handle = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    if (!handle->closef)
        lua_pushliteral(L, "file (closed)");
    else if (lua_toboolean(L, lua_upvalueindex(1)))
        lua_pushliteral(L, "file (hidden)");
    else
        lua_pushfstring(L, "file (%p)", (const void *)handle);
    return 1;
}

/* Scripts must not get at the metatable that is on top of the stack, nor at addresses by it. */
static void hide_files(lua_State *L, lunette_sandbox level) {
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushboolean(L, level == LUNETTE_SANDBOX_STRICT);
    lua_pushcclosure(L, file_text, 1);
    lua_setfield(L, -2, "__tostring");
}

void ln_hosted_wrap_files(lua_State *L, lunette_sandbox level) {
    if (luaL_getmetatable(L, LUA_FILEHANDLE) == LUA_TTABLE) {
        wrap_table(L);
        if (lua_getfield(L, -1, "__index") == LUA_TTABLE)
            wrap_table(L);
        lua_pop(L, 1);
        if (level != LUNETTE_SANDBOX_NONE)
            hide_files(L, level);
    }
    lua_pop(L, 1);
}
