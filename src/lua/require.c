/* require, for sandboxed scripts: modules of the host's, in its functions or as texts, and nothing from disk. At level none
 * Lua's own stands, and is given searchers for the same things (manual § 6.3, package.searchers).
 *
 * A module's text is compiled for all contexts (machine/share.c) and loaded from there; what cannot be had so is parsed here.
 * A compiled one is borrowed in a host section and loaded after it, so that a deadline finds it in the VM's hands
 * (`borrowed`) and no other's.
 *
 * A module that is being loaded and is required again would be loaded inside itself, and so on until the C stack has no
 * more room. Which are being loaded is told by the stack of calls: it unwinds by itself, whatever ends a module. All
 * functions here may raise. */
#include <string.h>

#include "lua/internal.h"

/* --- Loading a text --- */

static void borrow(ln_vm *vm, const char *chunk, const char *text, size_t size) {
    ln_run_host_enter(vm->machine.active);
    ln_code_release(&vm->borrowed);
    vm->borrowed = ln_machine_share(&vm->machine, chunk, text, size);
    ln_run_host_leave(vm->machine.active);
}

static void give_back(ln_vm *vm) {
    ln_run_host_enter(vm->machine.active);
    ln_code_release(&vm->borrowed);
    ln_run_host_leave(vm->machine.active);
}

/* Finalizers, where scripts may have them, could borrow another meanwhile: the collector stands still. */
static int load_borrowed(lua_State *L, const ln_vm *vm, const char *chunk) {
    bool running = lua_gc(L, LUA_GCISRUNNING);
    if (running)
        lua_gc(L, LUA_GCSTOP);
    int status = luaL_loadbufferx(L, vm->borrowed->bytes, vm->borrowed->size, chunk, "b");
    if (running)
        lua_gc(L, LUA_GCRESTART);
    return status;
}

/* Pushes the function that a module's text is. */
static void load_source(lua_State *L, const char *name, const char *chunk, const char *text, size_t size) {
    ln_vm *vm = ln_vm_current();
    borrow(vm, chunk, text, size);
    int status = LUA_OK;
    if (vm->borrowed) {
        status = load_borrowed(L, vm, chunk);
        give_back(vm);
    } else {
        status = ln_scan_load(L, text, size, chunk, "t");
    }
    if (status == LUA_OK)
        return;
    if (status == LUA_ERRMEM)
        lua_error(L);
    luaL_error(L, "error loading module '%s' from '%s':\n\t%s", name, chunk + 1, lua_tostring(L, -1));
}

/* --- Searching. What finds a module pushes its loader and where it was found; else nothing is pushed. --- */

static bool search_files(lua_State *L, const ln_modules *modules, const char *name) {
    const lunette_file *file = ln_sources_find(&modules->sources, name);
    if (!file)
        return false;
    lua_pushfstring(L, "@%s", file->path);
    load_source(L, name, lua_tostring(L, -1), file->text, file->text_size);
    lua_pushstring(L, file->path);
    lua_remove(L, -3);
    return true;
}

/* What the host calls the text: marked as Lua wants it. */
static const char *push_chunk(lua_State *L, const char *name, int given) {
    const char *chunk = lua_tostring(L, given);
    if (!chunk)
        return lua_pushfstring(L, "=%s", name);
    return lua_pushfstring(L, *chunk == '@' || *chunk == '=' ? "%s" : "@%s", chunk);
}

/* The name alone is on the stack. Where the host has no such module, the line that it gives for the error, or nil, is
 * pushed. */
static bool search_host(lua_State *L, const ln_modules *modules, const char *name) {
    int count = ln_host_call(L, &modules->resolver), first = lua_gettop(L) - count + 1;
    lua_settop(L, first + 1);
    if (lua_isnil(L, first))
        return false;
    if (lua_type(L, first) != LUA_TSTRING)
        luaL_error(L, "the host answered a %s for module '%s', not its text", luaL_typename(L, first), name);
    size_t size;
    const char *text = lua_tolstring(L, first, &size), *chunk = push_chunk(L, name, first + 1);
    load_source(L, name, chunk, text, size);
    lua_pushstring(L, chunk + 1);
    return true;
}

/* --- Not found --- */

/* Adds a line for each path. Pushes one text. */
static void push_tried_files(lua_State *L, const ln_sources *sources, const char *name) {
    luaL_Buffer tried;
    const char *as_path = luaL_gsub(L, name, ".", "/");
    luaL_buffinit(L, &tried);
    for (size_t i = 0; i < sources->pattern_count && sources->count > 0; i++) {
        luaL_addstring(&tried, i > 0 ? "\n\tno file '" : "no file '");
        luaL_gsub(L, sources->patterns[i], "?", as_path);
        luaL_addvalue(&tried);
        luaL_addchar(&tried, '\'');
    }
    luaL_pushresult(&tried);
    lua_remove(L, -2);
}

/* What the host said is on top, or nil. */
static int raise_missing(lua_State *L, const ln_modules *modules, const char *name) {
    const char *said = lua_tostring(L, -1);
    bool asked = modules->resolver.about.call != NULL, looked = modules->sources.count > 0;
    if (!asked && !looked)
        return luaL_error(L, "module '%s' is not registered in this sandbox", name);
    push_tried_files(L, &modules->sources, name);
    return luaL_error(L, "module '%s' not found:\n\tnot registered in this sandbox%s%s%s%s", name,
                      looked ? "\n\t" : "", lua_tostring(L, -1), asked ? "\n\t" : "",
                      !asked ? ""
                      : said ? said
                             : "unknown to the host");
}

/* --- Loops --- */

/* So many calls are looked at: a loop of modules is seen within a few of them each, and one that is not seen ends where
 * Lua's own require would let it end, as an overflow of the C stack. */
enum { MOST_LEVELS = 1000 };

/* Whether a call of require at that level is loading a module; pushes its name then. A call that has just been refused,
 * for what it was given instead of a name, is on the stack as well while a message handler runs. */
static bool push_loading(lua_State *L, lua_Debug *ar) {
    lua_getinfo(L, "f", ar);
    bool ours = lua_tocfunction(L, -1) == ln_lib_require;
    lua_pop(L, 1);
    if (!ours || !lua_getlocal(L, ar, 1))
        return false;
    if (lua_type(L, -1) == LUA_TSTRING)
        return true;
    lua_pop(L, 1);
    return false;
}

/* The name is on the stack alone. Goes outward from the call that asks for it, and writes down who required whom. */
static void check_loop(lua_State *L, const char *name) {
    lua_Debug ar;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_pushliteral(L, "");  /* 2: the way so far */
    lua_pushstring(L, name); /* 3: what was required last */
    for (int level = 1; level < MOST_LEVELS && lua_getstack(L, level, &ar); level++) {
        if (!push_loading(L, &ar))
            continue;
        const char *inner = lua_tostring(L, 3), *outer = lua_tostring(L, 4);
        lua_pushfstring(L, "\n\t'%s' requires '%s'%s", outer, inner, lua_tostring(L, 2));
        lua_replace(L, 2);
        lua_replace(L, 3);
        if (strcmp(lua_tostring(L, 3), name) == 0)
            luaL_error(L, "loop in require: module '%s' is still being loaded%s", name, lua_tostring(L, 2));
    }
    lua_settop(L, 1);
}

/* --- require --- */

/* Stack: the name, its loader, where it was found, what the module returned. */
static int keep_module(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    lua_settop(L, 4);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, 1);
    if (lua_isnil(L, 4)) {
        lua_pushvalue(L, 1);
        if (lua_rawget(L, 5) == LUA_TNIL) { /* nor has the module put itself there */
            lua_pop(L, 1);
            lua_pushboolean(L, 1);
        }
        lua_replace(L, 4);
    }
    lua_pushvalue(L, 4);
    lua_rawset(L, 5);
    lua_pushvalue(L, 4);
    lua_pushvalue(L, 3);
    return 2;
}

static int run_module(lua_State *L) {
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_callk(L, 2, 1, 0, keep_module);
    return keep_module(L, LUA_OK, 0);
}

/* A number becomes a string on the stack, too. */
static const char *check_name(lua_State *L) {
    size_t size;
    const char *name = luaL_checklstring(L, 1, &size);
    luaL_argcheck(L, strlen(name) == size, 1, "string contains zeros");
    lua_settop(L, 1);
    return name;
}

int ln_lib_require(lua_State *L) {
    const char *name = check_name(L);
    const ln_modules *modules = ln_vm_modules(ln_vm_current());
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return 1;
    lua_settop(L, 1);
    if (!ln_sources_allow(&modules->sources, name))
        return luaL_error(L, "module '%s' is not allowed in this sandbox", name);
    if (ln_modules_load(L, modules, name) || ln_native_open(L, modules, name))
        return 1;
    check_loop(L, name);
    if (search_files(L, modules, name))
        return run_module(L);
    if (modules->resolver.about.call && search_host(L, modules, name)) {
        lua_replace(L, 3); /* in place of what the host gave */
        lua_replace(L, 2);
        lua_settop(L, 3);
        return run_module(L);
    }
    return raise_missing(L, modules, name);
}

/* --- For the host --- */

/* In the registry, at the address of this: Lua's own require, where scripts have that. */
static const char OWN = 'r';

/* Stack: the module's name, the global's or nil, the module. */
static int finish_import(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    lua_settop(L, 3);
    if (!lua_isnil(L, 2)) {
        lua_pushglobaltable(L);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_rawset(L, -3);
    }
    lua_settop(L, 3);
    return 1;
}

int ln_require_import(lua_State *L) {
    lua_settop(L, 2);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &OWN) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        lua_pushcfunction(L, ln_lib_require);
    }
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 1, 0, finish_import);
    return finish_import(L, LUA_OK, 0);
}

/* --- For Lua's own require --- */

static int load_lazy(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    if (!ln_modules_load(L, ln_vm_modules(ln_vm_current()), name))
        return luaL_error(L, "module '%s' is none of the host's", name);
    return 1;
}

static int searcher_of_files(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const ln_modules *modules = ln_vm_modules(ln_vm_current());
    lua_settop(L, 1);
    if (search_files(L, modules, name))
        return 2;
    push_tried_files(L, &modules->sources, name);
    return 1;
}

static int searcher_of_host(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (search_host(L, ln_vm_modules(ln_vm_current()), name))
        return 2;
    if (!lua_isstring(L, -1))
        lua_pushliteral(L, "unknown to the host");
    return 1;
}

/* package.searchers is on top: makes room before its second, or adds behind its last. */
static void add_searcher(lua_State *L, lua_CFunction searcher, bool last) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = count; i >= 2 && !last; i--) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcfunction(L, searcher);
    lua_rawseti(L, -2, last ? count + 1 : 2);
}

static void add_lazy(lua_State *L, const ln_modules *modules) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (size_t i = 0; i < modules->count; i++) {
        const ln_module *module = &modules->items[i];
        if (!module->about.lazy || module->about.automatic)
            continue;
        lua_pushcfunction(L, load_lazy);
        lua_setfield(L, -2, module->required);
    }
    lua_pop(L, 1);
}

void ln_require_install(lua_State *L, const ln_modules *modules) {
    if (ln_sandbox_level(ln_vm_sandbox(ln_vm_current())) != LUNETTE_SANDBOX_NONE)
        return;
    add_lazy(L, modules);
    lua_getglobal(L, "require");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &OWN);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, LUA_LOADLIBNAME) == LUA_TTABLE &&
        lua_getfield(L, -1, "searchers") == LUA_TTABLE) {
        if (modules->sources.count > 0)
            add_searcher(L, searcher_of_files, false);
        if (modules->resolver.about.call)
            add_searcher(L, searcher_of_host, true);
    }
    lua_settop(L, 0);
}
