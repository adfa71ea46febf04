/* Files for scripts that have a permission for them: io.open and its like, kept below one folder (base/os_beneath.h).
 *
 * They stand where Lua's own would stand, and are called in host sections like those (hosted.c): a stream that one of
 * them opens is in the VM's list of open files before a kill can happen, and is closed by the next reset. What they
 * give out is Lua's own file handle with Lua's own methods; a script cannot reach the metatable that these come from.
 *
 * All may raise, inside the protected call that hosted.c makes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/os_beneath.h"
#include "lua/internal.h"

/* Streams that one context may have open at a time. */
enum { OPEN_MOST = 64 };

/* --- Refusing --- */

/* fail, message, number: as Lua's own answer. EXDEV and ELOOP are what leading out of the folder looks like. */
static int answer_failure(lua_State *L, int error, const char *path) {
    luaL_pushfail(L);
    if (error == EXDEV || error == ELOOP)
        lua_pushfstring(L, "%s: leads out of the folder that scripts may use", path);
    else if (error == EROFS)
        lua_pushfstring(L, "%s: writing is not permitted", path);
    else if (error == EINVAL)
        lua_pushfstring(L, "%s: not a regular file", path);
    else if (error == EMFILE)
        lua_pushfstring(L, "%s: too many open files (a script may have %d)", path, (int)OPEN_MOST);
    else
        lua_pushfstring(L, "%s: %s", path, strerror(error));
    lua_pushinteger(L, error);
    return 3;
}

static int answer(lua_State *L, int error, const char *path) {
    if (error != 0)
        return answer_failure(L, error, path);
    lua_pushboolean(L, 1);
    return 1;
}

/* A name that C would see shorter than the script wrote it is none. */
static const char *check_path(lua_State *L, int argument) {
    size_t size;
    const char *path = luaL_checklstring(L, argument, &size);
    luaL_argcheck(L, strlen(path) == size, argument, "a file's name has no zero bytes");
    return path;
}

/* --- Opening --- */

static int close_stream(lua_State *L) {
    luaL_Stream *handle = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, fclose(handle->f) == 0, NULL);
}

/* Lua's modes (manual § 6.8, io.open): [rwa]%+?b? */
static bool is_mode(const char *mode) {
    if (*mode == '\0' || !strchr("rwa", *mode))
        return false;
    mode++;
    mode += *mode == '+';
    mode += *mode == 'b';
    return *mode == '\0';
}

static int flags_of(const char *mode) {
    bool both = strchr(mode, '+') != NULL;
    switch (*mode) {
    case 'r':
        return both ? O_RDWR : O_RDONLY;
    case 'w':
        return (both ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
    default:
        return (both ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
    }
}

static int check_permission(const ln_vm *vm, int flags) {
    uint32_t needed = (flags & O_ACCMODE) == O_WRONLY ? 0 : LUNETTE_PERMIT_FILE_READ;
    if ((flags & O_ACCMODE) != O_RDONLY)
        needed |= LUNETTE_PERMIT_FILE_WRITE;
    uint32_t missing = needed & ~ln_sandbox_permissions(ln_vm_sandbox(vm));
    return missing & LUNETTE_PERMIT_FILE_WRITE ? EROFS : missing ? EACCES : 0;
}

/* Gives a descriptor to the handle; whatever happens, one of the two owns it. */
static int take_descriptor(luaL_Stream *handle, int descriptor, const char *mode) {
    handle->f = fdopen(descriptor, mode);
    if (!handle->f) {
        int error = errno;
        close(descriptor);
        return error;
    }
    handle->closef = close_stream;
    return 0;
}

/* Pushes a handle that is closed yet: what is opened after it can raise nothing before it has an owner. */
static luaL_Stream *push_handle(lua_State *L) {
    luaL_Stream *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    handle->closef = NULL;
    handle->f = NULL;
    luaL_setmetatable(L, LUA_FILEHANDLE);
    return handle;
}

/* Handles that the script has dropped are closed by the collector, which a full share of them is a reason to call. */
static int check_count(lua_State *L, const ln_vm *vm) {
    if (vm->files.count >= OPEN_MOST)
        ln_collector_run(L);
    return vm->files.count >= OPEN_MOST ? EMFILE : 0;
}

static int open_file(lua_State *L, const char *path, const char *mode) {
    ln_vm *vm = ln_vm_current();
    luaL_Stream *handle = push_handle(L);
    int flags = flags_of(mode), descriptor, error = check_permission(vm, flags);
    if (error == 0)
        error = check_count(L, vm);
    if (error == 0)
        error = ln_os_beneath_open(ln_sandbox_folder(ln_vm_sandbox(vm)), path, flags, &descriptor);
    return error == 0 ? take_descriptor(handle, descriptor, mode) : error;
}

/* What the system refuses is told in its words, and what the sandbox does in ours. */
static int answer_open_failure(lua_State *L, int error, const char *path, const char *mode) {
    int count = answer_failure(L, error, path);
    if (error == EACCES && check_permission(ln_vm_current(), flags_of(mode)) == EACCES) {
        lua_pushfstring(L, "%s: reading is not permitted", path);
        lua_replace(L, -3);
    }
    return count;
}

int ln_confined_open(lua_State *L) {
    const char *path = check_path(L, 1);
    const char *mode = luaL_optstring(L, 2, "r");
    luaL_argcheck(L, is_mode(mode), 2, "invalid mode");
    int error = open_file(L, path, mode);
    return error == 0 ? 1 : answer_open_failure(L, error, path, mode);
}

int ln_confined_tmpfile(lua_State *L) {
    ln_vm *vm = ln_vm_current();
    luaL_Stream *handle = push_handle(L);
    int descriptor;
    int error = check_count(L, vm);
    if (error == 0)
        error = ln_os_beneath_temporary(ln_sandbox_folder(ln_vm_sandbox(vm)), &descriptor);
    if (error == 0)
        error = take_descriptor(handle, descriptor, "w+");
    return error == 0 ? 1 : answer_failure(L, error, "temporary file");
}

/* --- Lines --- */

/* One step of io.lines(): reads as its formats say, and closes the file at its end. Upvalues: the handle, how many
 * formats there are, the formats. */
static int next_line(lua_State *L) {
    int formats = (int)lua_tointeger(L, lua_upvalueindex(2));
    const luaL_Stream *handle = lua_touserdata(L, lua_upvalueindex(1));
    if (!handle->closef)
        return luaL_error(L, "file is already closed");
    lua_settop(L, 0);
    luaL_checkstack(L, formats + 4, "too many arguments");
    lua_getfield(L, lua_upvalueindex(1), "read");
    lua_pushvalue(L, lua_upvalueindex(1));
    for (int i = 1; i <= formats; i++)
        lua_pushvalue(L, lua_upvalueindex(2 + i));
    lua_call(L, 1 + formats, LUA_MULTRET);
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    if (lua_gettop(L) > 1)
        return luaL_error(L, "%s", lua_tostring(L, 2));
    lua_getfield(L, lua_upvalueindex(1), "close");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 1, 0);
    return 0;
}

int ln_confined_lines(lua_State *L) {
    enum { FORMATS_MOST = 200 };
    const char *path = check_path(L, 1);
    int formats = lua_gettop(L) - 1;
    luaL_argcheck(L, formats <= FORMATS_MOST, FORMATS_MOST + 2, "too many arguments");
    luaL_checkstack(L, formats + LUA_MINSTACK, "too many arguments");
    int error = open_file(L, path, "r");
    if (error != 0) {
        answer_failure(L, error, path);
        return luaL_error(L, "%s", lua_tostring(L, -2));
    }
    int handle = lua_gettop(L);
    lua_pushvalue(L, handle);
    lua_pushinteger(L, formats);
    for (int i = 1; i <= formats; i++)
        lua_pushvalue(L, 1 + i);
    lua_pushcclosure(L, next_line, 2 + formats);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushvalue(L, handle);
    return 4;
}

/* --- Names --- */

int ln_confined_remove(lua_State *L) {
    const char *path = check_path(L, 1);
    return answer(L, ln_os_beneath_remove(ln_sandbox_folder(ln_vm_sandbox(ln_vm_current())), path), path);
}

int ln_confined_rename(lua_State *L) {
    const char *from = check_path(L, 1), *to = check_path(L, 2);
    return answer(L, ln_os_beneath_rename(ln_sandbox_folder(ln_vm_sandbox(ln_vm_current())), from, to), from);
}
