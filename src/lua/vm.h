/* The Lua backend, as the rooms below see it: its table (lunette/backend.h), and what a host may ask of the Lua that is
 * loaded.
 *
 * What always holds: Lua's code is entered in one place, ln_vm_protect() in enter.c, in a run of the machine's and under
 * a protected call, so no error ever passes a frame of the caller's. */
#ifndef LN_LUA_VM_H
#define LN_LUA_VM_H

#include "lunette/backend.h"

/* The table by which engines find Lua. */
extern const lunette_backend ln_lua_backend;

/* "5.4.4": of the library that is loaded, which may be newer than the headers. */
const char *ln_lua_release(void);

/* The same as one number: 50404. */
int ln_lua_release_number(void);

#endif
