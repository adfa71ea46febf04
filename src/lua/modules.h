/* The host's modules as a template keeps them: a copy of every description, in one tree of host memory that outlives
 * all VMs of the template and is never changed. A function in a Lua state knows its number, or points at its description
 * there: a light userdata, the same in every copy of the image, for it is no address of the arena. */
#ifndef LN_LUA_MODULES_H
#define LN_LUA_MODULES_H

#include "base/tree.h"
#include "lua/sources.h"
#include "lunette/backend.h"

struct lua_State;
struct ln_sandbox;

/* A function; `about` first, for descriptions are lists of these. */
typedef struct ln_function {
    lunette_function about;
    void *ud;
    const char *full_name;          /* "game.price" */
    unsigned more_arguments;        /* than the least there must be */
    unsigned number;                /* its place in `numbered`; LN_NUMBERED: it has none */
    const struct ln_module *module; /* whose state it has; NULL: the resolver, of none */
} ln_function;

typedef struct ln_class {
    lunette_class about; /* complete: methods and metamethods are what those below are about */
    const ln_function *methods, *metamethods;
} ln_class;

typedef struct ln_module {
    lunette_module about; /* complete, of what is there: functions and types are what those below are about */
    const char *required; /* its name in `require`, with the prefix; "": it is made of globals */
    const ln_function *functions;
    const ln_class *classes;
    ln_class state; /* what its states are of, as objects */
    size_t place;   /* among all that the host gave: the same in narrower templates */
} ln_module;

enum { LN_NUMBERED = 64 };

typedef struct ln_modules {
    /* Functions of the fast form that are found by number (host.c). */
    const ln_function *numbered[LN_NUMBERED];
    unsigned numbers;
    ln_tree memory;
    ln_module *items;
    size_t count, places;       /* that there are, and that were given */
    struct ln_sandbox *sandbox; /* what stands beside them */
    bool owns_sandbox;          /* it is the template's own, narrower than the engine's */
    bool suspends;              /* some function of them may */
    lunette_lua_module *natives;
    size_t native_count;
    const char *prefix;
    ln_sources sources;   /* files, and which modules may be had */
    ln_function resolver; /* the host's; without `call`: there is none */
    /* For descriptions: names of preloaded modules, of those in files, and of those of lua_CFunctions. */
    const char **others;
    const char **others_descriptions;
    size_t others_count;
} ln_modules;

/* What of modules a template adds; the structs are complete, of this version's size,
 * those of the types too. */
typedef struct ln_module_list {
    const lunette_module *const *items;
    size_t count;
    const char *prefix;
    struct ln_sandbox *sandbox;
    const lunette_lua_module *natives;
    size_t native_count;
    const lunette_preload *preload; /* modules in Lua, of which only the names are kept */
    size_t preload_count;
    const lunette_require_config *require; /* or NULL */
    bool confined;                         /* the sandbox holds scripts to what is allowed */
} ln_module_list;

/* Checks and copies. `why` receives which module is wrong in what. The sandbox is the caller's yet. INVALID_ARGUMENT,
 * NO_MEMORY. */
lunette_status ln_modules_open(const ln_module_list *list, ln_modules *modules, char *why, size_t why_size);

/* The same modules, of which those that `by` names are left, and of their functions those that a narrower sandbox permits.
 * `from` must outlive them. As above. */
lunette_status ln_modules_narrow(const ln_modules *from, const lunette_narrowing *by,
                                 struct ln_sandbox *sandbox, ln_modules *modules, char *why, size_t why_size);
void ln_modules_close(ln_modules *modules);

/* What scripts can call, with Lua's own library as the sandbox has it. OK, INVALID_ARGUMENT, NO_MEMORY. */
lunette_status ln_modules_describe(const ln_modules *modules, lunette_format format, char **text);

/* Puts the modules into a fresh state that has its libraries. May raise. */
void ln_modules_install(struct lua_State *L, const ln_modules *modules);

/* Makes the table of the lazy module of that name, keeps it as loaded, and leaves it on top; false: there is none. May
 * raise (memory). */
bool ln_modules_load(struct lua_State *L, const ln_modules *modules, const char *name);

/* --- require.c --- */

/* At sandbox level none: lets Lua's own require find lazy modules, files and what the resolver answers. May raise. */
void ln_require_install(struct lua_State *L, const ln_modules *modules);

/* Requires the module whose name is its first argument, makes it the global variable that the second names, if it is not nil,
 * and returns it. A C function of Lua's; may raise. */
int ln_require_import(struct lua_State *L);

/* --- host.c --- */

/* Pushes the function. May raise (memory). */
void ln_host_push(struct lua_State *L, const ln_function *function);

/* Calls the function (of the fast form) in the frame of the C function that runs now, which has its arguments and nothing
 * else on its stack: errors are then as if it had been called itself. The results, so many of them, are on top. May raise;
 * may not return. */
int ln_host_call(struct lua_State *L, const ln_function *function);

#endif
