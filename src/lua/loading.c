/* Programs from files, for level none and for hosts that allow it: dofile, loadfile, and the searcher behind
 * require. Lua's own read through a C stream while they parse, which a kill would leave open and locked; here
 * a file is read whole in one host section, and parsed after it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os_beneath.h"
#include "lua/internal.h"

/* --- Reading --- */

struct text {
    char *bytes;
    size_t size, room;
};

static bool grow(struct text *text) {
    size_t room = text->room == 0 ? 4096 : text->room * 2;
    char *bytes = realloc(text->bytes, room);
    if (!bytes)
        return false;
    text->bytes = bytes;
    text->room = room;
    return true;
}

/* Everything the stream has, up to `limit` bytes. 0 or an errno. */
static int read_stream(FILE *stream, size_t limit, struct text *text) {
    for (;;) {
        if (text->size == text->room && !grow(text))
            return ENOMEM;
        size_t got = fread(text->bytes + text->size, 1, text->room - text->size, stream);
        if (got == 0)
            return ferror(stream) ? errno : 0;
        text->size += got;
        if (text->size > limit)
            return EFBIG;
    }
}

/* Confined scripts have no standard input, and see files below their folder only. NULL: errno says why. */
static FILE *open_confined(int folder, const char *path) {
    int descriptor = -1, error = path ? ln_os_beneath_open(folder, path, O_RDONLY, &descriptor) : EACCES;
    FILE *stream = error == 0 ? fdopen(descriptor, "rb") : NULL;
    if (error == 0 && !stream) {
        error = errno;
        close(descriptor);
    }
    errno = error;
    return stream;
}

static int read_file(const char *path, size_t limit, struct text *text) {
    int folder = ln_sandbox_folder(ln_vm_sandbox(ln_vm_current()));
    errno = 0;
    FILE *stream = folder >= 0 ? open_confined(folder, path) : path ? fopen(path, "rb") : stdin;
    if (!stream)
        return errno != 0 ? errno : EIO;
    int error = read_stream(stream, limit, text);
    if (stream != stdin)
        fclose(stream);
    return error;
}

static int push_text(lua_State *L) {
    const struct text *text = lua_touserdata(L, 1);
    lua_pushlstring(L, text->bytes, text->size);
    return 1;
}

/* Pushes the file's bytes; or false with a message on the stack. Raises on lack of memory. */
static bool push_file(lua_State *L, const char *path) {
    ln_vm *vm = ln_vm_current();
    struct text text = {0};
    lua_pushcfunction(L, push_text);
    lua_pushlightuserdata(L, &text);
    ln_run_host_enter(vm->machine.active);
    int error = read_file(path, vm->machine.memory_limit, &text);
    int status = error == 0 ? lua_pcall(L, 1, 1, 0) : LUA_OK;
    free(text.bytes);
    ln_run_host_leave(vm->machine.active);
    if (status != LUA_OK)
        lua_error(L);
    if (error == 0)
        return true;
    lua_pop(L, 2);
    lua_pushfstring(L, "cannot %s %s: %s", error == EISDIR ? "read" : "open", path ? path : "stdin",
                    error == EXDEV ? "leads out of the folder that scripts may use" : strerror(error));
    return false;
}

/* --- Loading --- */

/* Past a byte order mark and a first line that begins with '#'; that line's end stays, for the line numbers. */
static const char *skip_beginning(const char *bytes, size_t *size) {
    if (*size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        *size -= 3;
    }
    if (*size > 0 && *bytes == '#') {
        const char *end = memchr(bytes, '\n', *size);
        *size = end ? *size - (size_t)(end - bytes) : 0;
        bytes = end ? end : bytes;
    }
    return bytes;
}

static bool allows_bytecode(void) {
    return ln_sandbox_level(ln_vm_sandbox(ln_vm_current())) == LUNETTE_SANDBOX_NONE;
}

/* Pushes the compiled file and answers LUA_OK; or a message. Raises on lack of memory. */
static int load_file(lua_State *L, const char *path, const char *mode) {
    if (!push_file(L, path))
        return LUA_ERRFILE;
    size_t size;
    const char *bytes = lua_tolstring(L, -1, &size);
    bytes = skip_beginning(bytes, &size);
    if (path)
        lua_pushfstring(L, "@%s", path);
    else
        lua_pushliteral(L, "=stdin");
    bool binary = size > 0 && *bytes == LUA_SIGNATURE[0];
    if (binary && !allows_bytecode())
        mode = "t";
    int status = ln_scan_load(L, bytes, size, lua_tostring(L, -1), mode);
    lua_replace(L, -3);
    lua_pop(L, 1);
    if (status == LUA_ERRMEM)
        lua_error(L);
    return status;
}

int ln_lib_loadfile(lua_State *L) {
    const char *path = luaL_optstring(L, 1, NULL);
    const char *mode = luaL_optstring(L, 2, NULL);
    bool has_environment = !lua_isnone(L, 3);
    if (load_file(L, path, mode) != LUA_OK) {
        luaL_pushfail(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 3);
        if (!lua_setupvalue(L, -2, 1))
            lua_pop(L, 1);
    }
    return 1;
}

static int finish_dofile(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return lua_gettop(L) - 1;
}

int ln_lib_dofile(lua_State *L) {
    const char *path = luaL_optstring(L, 1, NULL);
    lua_settop(L, 1);
    if (load_file(L, path, NULL) != LUA_OK)
        return lua_error(L);
    lua_callk(L, 0, LUA_MULTRET, 0, finish_dofile);
    return finish_dofile(L, LUA_OK, 0);
}

/* The second of package.searchers (manual § 6.3). Its upvalue is the table `package`. */
int ln_lib_search_lua(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_getfield(L, lua_upvalueindex(1), "searchpath");
    lua_pushvalue(L, 1);
    if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING)
        return luaL_error(L, "'package.path' must be a string");
    lua_call(L, 2, 2);
    if (lua_isnil(L, 2))
        return 1;
    lua_settop(L, 2);
    const char *path = lua_tostring(L, 2);
    if (load_file(L, path, NULL) != LUA_OK)
        return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path,
                          lua_tostring(L, -1));
    lua_pushvalue(L, 2);
    return 2;
}
