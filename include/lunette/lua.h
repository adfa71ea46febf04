/** @file
 * Modules that were written for Lua itself: lua_CFunctions behind a luaopen_… function, as lpeg and cjson are. This header
 * needs none of Lua's: an open function is given as it is.
 *
 *     #include <lunette.h>
 *
 *     int luaopen_lpeg(struct lua_State *L);
 *
 *     static const lunette_lua_module TRUSTED[] = {{"lpeg", luaopen_lpeg}};
 *     config.lua_modules = TRUSTED;
 *     config.lua_module_count = 1;
 *
 * To list a module is to trust it as the host's own code: it may do what the process may, no limit holds what it
 * allocates by malloc() or how long one of its functions takes, and a fault in it is the process's. docs/sandbox.md says
 * what the limits still hold, and what scripts can make of it. */
#ifndef LUNETTE_LUA_H
#define LUNETTE_LUA_H

#ifdef __cplusplus
extern "C" {
#endif

struct lua_State;

/** Lua's lua_CFunction. */
typedef int (*lunette_lua_fn)(struct lua_State *L);

/** A module for `require`. It is opened once in each context whose script requires it, there and then, and never in a
 * template: a preloaded module cannot require it. Several threads may be in its functions at a time, each with a state of
 * its own. Its userdata are finalized (__gc) when they are collected, else before the context is reset, released or
 * closed, also after a kill; after a fault of the VM they are not, for their memory may be corrupt.
 *
 * Its functions are not interrupted: a deadline takes effect as they return, or when they call back into Lua code. They may
 * raise errors and call back; they cannot yield. The metatables of its userdata are hidden from scripts. */
typedef struct lunette_lua_module {
    const char *name;    /**< what `require` calls it; not the name of another module */
    lunette_lua_fn open; /**< luaopen_NAME: called with the name as its argument */
} lunette_lua_module;

#ifdef __cplusplus
}
#endif

#endif
