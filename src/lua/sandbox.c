/* What a script finds in its globals, built from the one table of names (names.h).
 *
 * At level none that is what luaL_openlibs() gives, with the few functions replaced that touch memory outside
 * the arena or that the guard must know about. At the other levels nothing is taken away from Lua's tables:
 * new ones are made and filled with the names that are allowed, so that a name nobody thought of is not there.
 * Lua's own tables are garbage afterwards. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_beneath.h"
#include "lua/internal.h"
#include "lua/names.h"
#include "lunette/engine.h"

enum how { PLAIN, SANDBOXED, STRICT, ALWAYS, HOSTED };

static const struct name {
    lunette_name about; /* first: what lunette_sandbox_name() gives out */
    enum how how;
    lua_CFunction replacement;
} NAMES[] = {
#define NAME(library, name, level, how, replacement, text) \
    {{library, name, LUNETTE_SANDBOX_##level, text}, how, replacement},
    LN_NAMES(NAME)
#undef NAME
};

static const struct library {
    const char *name;
    lua_CFunction open;
} LIBRARIES[] = {
    /* Base first: it fills the table of globals. Then the largest, whose leavings the others fit into. */
    {"", luaopen_base},
    {"math", luaopen_math},
    {"string", luaopen_string},
    {"table", luaopen_table},
    {"coroutine", luaopen_coroutine},
    {"utf8", luaopen_utf8},
    {"os", luaopen_os},
    {"io", luaopen_io},
    {"debug", luaopen_debug},
    {"package", luaopen_package},
};

static const struct permitted {
    const char *library, *name;
    uint32_t permissions;
    lua_CFunction confined;
} PERMITTED[] = {
#define PERMITTED_NAME(library, name, permissions, confined) {library, name, permissions, confined},
    LN_PERMITTED(PERMITTED_NAME)
#undef PERMITTED_NAME
};

struct ln_sandbox {
    lunette_sandbox level;
    uint32_t permissions;
    int folder; /* -1: none */
    bool allowed[LN_COUNT(NAMES)];
    bool chosen[LN_COUNT(NAMES)]; /* by allow or deny, which is what `allowed` says then */
};

const lunette_name *lunette_sandbox_name(size_t index) {
    return index < LN_COUNT(NAMES) ? &NAMES[index].about : NULL;
}

lunette_sandbox ln_sandbox_level(const ln_sandbox *sandbox) {
    return sandbox->level;
}

uint32_t ln_sandbox_permissions(const ln_sandbox *sandbox) {
    return sandbox->permissions;
}

/* --- Asking --- */

/* Names that the Lua at hand was built without. A state of its own is asked, once in a process. */
static bool missing[LN_COUNT(NAMES)];

static int look(lua_State *L) {
    luaL_openlibs(L);
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        const lunette_name *name = &NAMES[i].about;
        lua_pushglobaltable(L);
        if (!*name->library || lua_getfield(L, -1, name->library) == LUA_TTABLE)
            missing[i] = lua_getfield(L, -1, name->name) == LUA_TNIL;
        lua_settop(L, 0);
    }
    return 0;
}

static void watch(void) {
    lua_State *L = luaL_newstate();
    if (!L)
        return;
    lua_pushcfunction(L, look);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK)
        memset(missing, 0, sizeof missing);
    lua_close(L);
}

bool ln_sandbox_has(const ln_sandbox *sandbox, size_t index) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
    return index < LN_COUNT(NAMES) && sandbox->allowed[index] && !missing[index];
}

int ln_sandbox_folder(const ln_sandbox *sandbox) {
    return sandbox->folder;
}

/* --- Choosing --- */

/* How wide a level is: a name is there at its own level and at every wider one. */
static int width(lunette_sandbox level) {
    return level == LUNETTE_SANDBOX_STRICT ? 0 : level == LUNETTE_SANDBOX_RESTRICTED ? 1 : 2;
}

/* `wanted` is "print", "string.format", or a library: "io". */
static bool is_meant(const struct name *name, const char *wanted) {
    const char *dot = strchr(wanted, '.');
    if (!dot)
        return strcmp(*name->about.library ? name->about.library : name->about.name, wanted) == 0;
    size_t size = (size_t)(dot - wanted);
    return size > 0 && strlen(name->about.library) == size &&
           strncmp(name->about.library, wanted, size) == 0 && strcmp(name->about.name, dot + 1) == 0;
}

static lunette_status choose(ln_sandbox *sandbox, const char *const *names, size_t count, bool allow,
                             char *why, size_t why_size) {
    const char *list = allow ? "allow" : "deny";
    for (size_t i = 0; i < count; i++) {
        size_t found = 0;
        for (size_t k = 0; names[i] && k < LN_COUNT(NAMES); k++)
            if (is_meant(&NAMES[k], names[i])) {
                sandbox->allowed[k] = allow;
                sandbox->chosen[k] = true;
                found++;
            }
        if (found == 0) {
            snprintf(why, why_size, "%s[%zu]: Lua's library has no name '%s'", list, i,
                     names[i] ? names[i] : "(null)");
            return LUNETTE_INVALID_ARGUMENT;
        }
    }
    return LUNETTE_OK;
}

/* What a permission that is on brings in under that name; NULL: none does. */
static const struct permitted *find_permitted(const ln_sandbox *sandbox, const struct name *name) {
    for (size_t i = 0; i < LN_COUNT(PERMITTED); i++)
        if ((PERMITTED[i].permissions & sandbox->permissions) != 0 &&
            strcmp(PERMITTED[i].library, name->about.library) == 0 &&
            strcmp(PERMITTED[i].name, name->about.name) == 0)
            return &PERMITTED[i];
    return NULL;
}

enum { FILES = LUNETTE_PERMIT_FILE_READ | LUNETTE_PERMIT_FILE_WRITE };

static uint32_t known_permissions(void) {
    uint32_t known = 0;
#define KNOWN(constant, bit, name, text) known |= LUNETTE_PERMIT_##constant;
    LUNETTE_PERMISSION_MAP(KNOWN)
#undef KNOWN
    return known;
}

/* Permissions and the root folder belong together, and to the levels that confine anything. */
static lunette_status check_permissions(const ln_sandbox_config *config, char *why, size_t why_size) {
    const char *what = NULL;
    if (config->permissions & ~known_permissions())
        what = "permissions has a bit that is no permission";
    else if ((config->permissions & FILES) && !config->root)
        what = "root is NULL, but permissions has FILE_READ or FILE_WRITE: name the folder they are for";
    else if (config->root && !(config->permissions & FILES))
        what = "root is given, but permissions has neither FILE_READ nor FILE_WRITE";
    else if (config->root && config->level == LUNETTE_SANDBOX_NONE)
        what = "root is given, but the sandbox level none confines nothing";
    if (what)
        snprintf(why, why_size, "%s", what);
    return what ? LUNETTE_INVALID_ARGUMENT : LUNETTE_OK;
}

/* Names that reach files by a way of their own have no place beside a root folder. */
static const char *const ELSEWHERE[] = {"io.input", "io.output", "os.tmpname", "package.searchpath",
                                        "package.searchers"};

static lunette_status check_confined(const ln_sandbox *sandbox, char *why, size_t why_size) {
    for (size_t i = 0; sandbox->folder >= 0 && i < LN_COUNT(ELSEWHERE); i++)
        for (size_t k = 0; k < LN_COUNT(NAMES); k++)
            if (sandbox->allowed[k] && is_meant(&NAMES[k], ELSEWHERE[i])) {
                snprintf(why, why_size, "allow: %s cannot be confined to the root folder", ELSEWHERE[i]);
                return LUNETTE_INVALID_ARGUMENT;
            }
    return LUNETTE_OK;
}

static lunette_status open_folder(ln_sandbox *sandbox, const char *root, char *why, size_t why_size) {
    int error = root ? ln_os_folder_open(root, &sandbox->folder) : 0;
    if (error != 0)
        snprintf(why, why_size, "root: cannot open the folder '%s': %s", root, strerror(error));
    return error == 0 ? LUNETTE_OK : LUNETTE_SYSTEM;
}

lunette_status ln_sandbox_open(const ln_sandbox_config *config, ln_sandbox **out, char *why,
                               size_t why_size) {
    *out = NULL;
    lunette_status status = check_permissions(config, why, why_size);
    if (status != LUNETTE_OK)
        return status;
    ln_sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (!sandbox)
        return LUNETTE_NO_MEMORY;
    sandbox->level = config->level;
    sandbox->permissions = config->permissions;
    sandbox->folder = -1;
    for (size_t i = 0; i < LN_COUNT(NAMES); i++)
        sandbox->allowed[i] =
            width(NAMES[i].about.level) <= width(config->level) || find_permitted(sandbox, &NAMES[i]) != NULL;
    status = choose(sandbox, config->allow, config->allow_count, true, why, why_size);
    if (status == LUNETTE_OK)
        status = choose(sandbox, config->deny, config->deny_count, false, why, why_size);
    if (status == LUNETTE_OK)
        status = open_folder(sandbox, config->root, why, why_size);
    if (status == LUNETTE_OK)
        status = check_confined(sandbox, why, why_size);
    if (status != LUNETTE_OK)
        ln_sandbox_close(&sandbox);
    *out = sandbox;
    return status;
}

/* --- Narrowing --- */

static lunette_status check_narrowing(const ln_sandbox *from, uint32_t withheld, const char *root, char *why,
                                      size_t why_size) {
    const char *what = NULL;
    if (withheld & ~known_permissions())
        what = "withheld has a bit that is no permission";
    else if (withheld && from->level == LUNETTE_SANDBOX_NONE)
        what = "withheld is given, but the sandbox level none withholds nothing";
    else if (root && from->folder < 0)
        what = "root is given, but there is no root folder that it could be below";
    else if (root && !(from->permissions & ~withheld & FILES))
        what = "root is given, but FILE_READ and FILE_WRITE are withheld or were never granted";
    if (what)
        snprintf(why, why_size, "%s", what);
    return what ? LUNETTE_INVALID_ARGUMENT : LUNETTE_OK;
}

/* Whether a name goes with the permissions that are withheld: whoever let it in, it stands for what they are about. */
static bool goes_with(const struct name *name, uint32_t withheld, uint32_t left) {
    for (size_t i = 0; i < LN_COUNT(PERMITTED); i++)
        if ((PERMITTED[i].permissions & withheld) != 0 && (PERMITTED[i].permissions & left) == 0 &&
            strcmp(PERMITTED[i].library, name->about.library) == 0 &&
            strcmp(PERMITTED[i].name, name->about.name) == 0)
            return true;
    for (size_t i = 0; (withheld & FILES) && i < LN_COUNT(ELSEWHERE); i++)
        if (is_meant(name, ELSEWHERE[i]))
            return true;
    return false;
}

static void withhold(ln_sandbox *sandbox, uint32_t withheld) {
    sandbox->permissions &= ~withheld;
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        bool standard = width(NAMES[i].about.level) <= width(sandbox->level);
        if (goes_with(&NAMES[i], withheld, sandbox->permissions))
            sandbox->allowed[i] = false;
        else if (!sandbox->chosen[i])
            sandbox->allowed[i] = standard || find_permitted(sandbox, &NAMES[i]) != NULL;
    }
}

static lunette_status open_inner(const ln_sandbox *from, const char *root, ln_sandbox *sandbox, char *why,
                                 size_t why_size) {
    sandbox->folder = -1;
    if (from->folder < 0 || !(sandbox->permissions & FILES))
        return LUNETTE_OK;
    int error = ln_os_beneath_folder(from->folder, root ? root : ".", &sandbox->folder);
    if (error == EXDEV || error == ELOOP)
        snprintf(why, why_size, "root: '%s' leads out of the folder that it is to be below", root);
    else if (error != 0)
        snprintf(why, why_size, "root: cannot open the folder '%s': %s", root ? root : ".", strerror(error));
    return error == 0                         ? LUNETTE_OK
           : error == EXDEV || error == ELOOP ? LUNETTE_INVALID_ARGUMENT
                                              : LUNETTE_SYSTEM;
}

lunette_status ln_sandbox_narrow(const ln_sandbox *from, uint32_t withheld, const char *root,
                                 ln_sandbox **out, char *why, size_t why_size) {
    *out = NULL;
    lunette_status status = check_narrowing(from, withheld, root, why, why_size);
    if (status != LUNETTE_OK)
        return status;
    ln_sandbox *sandbox = malloc(sizeof *sandbox);
    if (!sandbox)
        return LUNETTE_NO_MEMORY;
    *sandbox = *from;
    withhold(sandbox, withheld);
    status = open_inner(from, root, sandbox, why, why_size);
    if (status != LUNETTE_OK)
        ln_sandbox_close(&sandbox);
    *out = sandbox;
    return status;
}

void ln_sandbox_close(ln_sandbox **sandbox) {
    if (*sandbox)
        ln_os_folder_close(&(*sandbox)->folder);
    free(*sandbox);
    *sandbox = NULL;
}

/* --- Building. From here on all may raise. --- */

static bool is_replaced(const struct name *name, lunette_sandbox level) {
    return name->how == ALWAYS || (name->how == SANDBOXED && level != LUNETTE_SANDBOX_NONE) ||
           (name->how == STRICT && level == LUNETTE_SANDBOX_STRICT);
}

/* The others are plain functions: each closure less is 48 bytes that no reset copies. */
static bool calls_original(lua_CFunction replacement) {
    static const lua_CFunction CALLING[] = {ln_lib_format, ln_lib_gmatch, ln_lib_randomseed,
                                            ln_lib_date,   ln_lib_time,   ln_lib_sethook};
    for (size_t i = 0; i < LN_COUNT(CALLING); i++)
        if (CALLING[i] == replacement)
            return true;
    return false;
}

/* The value on top of the stack is Lua's own; leaves there what the script gets. Where there is a root folder, it
 * confines whoever let the name in. */
static void dress(lua_State *L, const ln_sandbox *sandbox, const struct name *name) {
    const struct permitted *permitted = sandbox->folder >= 0 ? find_permitted(sandbox, name) : NULL;
    if (permitted && permitted->confined) {
        lua_pop(L, 1);
        lua_pushcfunction(L, permitted->confined);
    }
    if (name->how == HOSTED && lua_iscfunction(L, -1)) {
        char full[64];
        snprintf(full, sizeof full, "%s.%s", name->about.library, name->about.name);
        ln_hosted_wrap(L, full);
    } else if (is_replaced(name, sandbox->level)) {
        bool kept = calls_original(name->replacement);
        if (!kept)
            lua_pop(L, 1);
        lua_pushcclosure(L, name->replacement, kept);
    }
}

/* require's search for Lua files, of the table `package` on top of the stack. */
static void replace_searcher(lua_State *L) {
    if (lua_getfield(L, -1, "searchers") == LUA_TTABLE) {
        lua_pushvalue(L, -2);
        lua_pushcclosure(L, ln_lib_search_lua, 1);
        lua_rawseti(L, -2, 2);
        for (lua_Integer i = 3; i <= 4; i++)
            if (lua_rawgeti(L, -1, i) == LUA_TFUNCTION) {
                ln_hosted_wrap(L, "require");
                lua_rawseti(L, -2, i);
            } else {
                lua_pop(L, 1);
            }
    }
    lua_pop(L, 1);
}

static size_t count_allowed(const ln_sandbox *sandbox, const char *library) {
    size_t count = 0;
    for (size_t i = 0; i < LN_COUNT(NAMES); i++)
        count += sandbox->allowed[i] && strcmp(NAMES[i].about.library, library) == 0;
    return count;
}

/* Pushes Lua's own table of a library. */
static void open_library(lua_State *L, const struct library *library) {
    lua_pushcfunction(L, library->open);
    lua_pushstring(L, *library->name ? library->name : LUA_GNAME);
    lua_call(L, 1, 1);
}

/* Lua's own table is on top, the script's below it: moves what is allowed. */
static void fill(lua_State *L, const ln_sandbox *sandbox, const char *library) {
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        const struct name *name = &NAMES[i];
        if (!sandbox->allowed[i] || strcmp(name->about.library, library) != 0)
            continue;
        if (lua_getfield(L, -1, name->about.name) == LUA_TNIL && !is_replaced(name, sandbox->level)) {
            lua_pop(L, 1);
            continue;
        }
        dress(L, sandbox, name);
        lua_setfield(L, -3, name->about.name);
    }
}

/* Makes the script's table of a library and leaves it on top. Lua's own is given up at once: the next library's tables
 * find its place, and the image has fewer holes. */
static void build_library(lua_State *L, const ln_sandbox *sandbox, const struct library *library) {
    size_t libraries = *library->name ? 0 : LN_COUNT(LIBRARIES);
    lua_createtable(L, 0, (int)(count_allowed(sandbox, library->name) + libraries));
    open_library(L, library);
    fill(L, sandbox, library->name);
    if (strcmp(library->name, "package") == 0)
        replace_searcher(L);
    lua_pop(L, 1);
    ln_collector_run(L);
}

/* The strings' metatable: its methods are the script's own library, and it cannot be reached. The string
 * library's table, or nil, is on top of the stack. */
static void lock_strings(lua_State *L) {
    lua_pushliteral(L, "");
    if (!lua_getmetatable(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    if (lua_istable(L, -3))
        lua_pushvalue(L, -3);
    else
        lua_newtable(L);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

/* The globals: the base library's table, with the others in it and in package.loaded's table. That one is in its
 * place from the beginning, for luaopen_package() to find it. */
static void build_sandboxed(lua_State *L, const ln_sandbox *sandbox) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    build_library(L, sandbox, &LIBRARIES[0]);
    for (size_t i = 1; i < LN_COUNT(LIBRARIES); i++) {
        if (count_allowed(sandbox, LIBRARIES[i].name) == 0)
            continue;
        build_library(L, sandbox, &LIBRARIES[i]);
        lua_pushvalue(L, -1);
        lua_setfield(L, -4, LIBRARIES[i].name);
        lua_setfield(L, -2, LIBRARIES[i].name);
    }
    lua_getfield(L, -1, "string");
    lock_strings(L);
    lua_pop(L, 1);
    if (lua_getfield(L, -1, LUA_GNAME) != LUA_TNIL) {
        lua_pushvalue(L, -2);
        lua_setfield(L, -3, LUA_GNAME);
    }
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, LUA_GNAME);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pop(L, 1);
}

/* Level none: Lua's own tables, dressed in place. */
static void build_whole(lua_State *L, const ln_sandbox *sandbox) {
    luaL_openlibs(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        const struct name *name = &NAMES[i];
        lua_getfield(L, -1, *name->about.library ? name->about.library : LUA_GNAME);
        if (!sandbox->allowed[i]) {
            lua_pushnil(L);
            lua_setfield(L, -2, name->about.name);
        } else if (lua_getfield(L, -1, name->about.name) != LUA_TNIL) {
            dress(L, sandbox, name);
            lua_setfield(L, -2, name->about.name);
        } else {
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    if (lua_getfield(L, -1, "package") == LUA_TTABLE)
        replace_searcher(L);
    lua_pop(L, 1);
    if (lua_getfield(L, -1, LUA_GNAME) == LUA_TTABLE)
        ln_collector_wrap(L);
    lua_pop(L, 2);
}

void ln_sandbox_build(lua_State *L, const ln_sandbox *sandbox) {
    if (sandbox->level == LUNETTE_SANDBOX_NONE)
        build_whole(L, sandbox);
    else
        build_sandboxed(L, sandbox);
    ln_hosted_wrap_files(L, sandbox->level);
}
