/* Whether the Lua at hand has a defect that its number alone does not tell of: distributions mend what they ship, and `make lua`
 * what it builds. So it is tried, in a state whose memory is taken from one piece, from its end to its beginning, and given
 * back as a whole: what Lua frees stays as it is, so nothing that Lua does with it does harm, and a block that grows moves to
 * a lower address.
 *
 * A trial shows the mistake itself, not what may come of it: a top of the stack that is where the stack was, a table that is
 * freed while it is assigned to, slots of the stack that an error leaves in use, a comparison whose result is another than it
 * says. Where there is no memory for a trial, the defect counts as there. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

enum { POOL = 1 << 20 };

typedef struct trial {
    char *pool, *top;    /* blocks are taken from the top downwards */
    const void *watched; /* has it been freed? */
    bool freed;
    bool refuses; /* the next request for a new block, once */
    bool has;     /* the defect */
} trial;

/* --- Memory --- */

static void *take(trial *t, size_t size) {
    size_t whole = (size + 15) & ~(size_t)15;
    if (whole < size || whole > (size_t)(t->top - t->pool))
        return NULL;
    return t->top -= whole;
}

static void *reallocate(void *ud, void *block, size_t osize, size_t nsize) {
    trial *t = ud;
    if (nsize == 0) {
        t->freed |= block && block == t->watched;
        return NULL;
    }
    if (block && nsize <= osize)
        return block;
    if (t->refuses) {
        t->refuses = false;
        return NULL;
    }
    void *taken = take(t, nsize);
    return taken && block ? memcpy(taken, block, osize) : taken;
}

static trial *trial_of(lua_State *L) {
    void *ud;
    (void)lua_getallocf(L, &ud);
    return ud;
}

/* The body sets `has`; if it raises, what it was set to before counts. */
static bool shows(lua_CFunction body) {
    trial t = {.has = true, .pool = malloc(POOL)};
    if (!t.pool)
        return true;
    t.top = t.pool + POOL;
    lua_State *L = lua_newstate(reallocate, &t);
    if (L) {
        lua_pushcfunction(L, body);
        lua_pcall(L, 0, 0, 0);
    }
    free(t.pool);
    return t.has;
}

/* --- concat-stale-top --- */

static int move_stack(lua_State *L) {
    luaL_checkstack(L, 2000, NULL);
    lua_pushliteral(L, "");
    return 1;
}

/* Where the top is wrong, it is above the stack, which has moved down: so it can be put right again. Nothing is collected
 * meanwhile. May raise, as all of these may (memory). */
static int concat_and_move(lua_State *L) {
    lua_gc(L, LUA_GCSTOP);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, move_stack);
    lua_setfield(L, -2, "__concat");
    lua_setmetatable(L, -2);
    lua_pushinteger(L, 1);
    lua_concat(L, 2);
    trial_of(L)->has = lua_gettop(L) != 1;
    lua_settop(L, 0);
    return 0;
}

/* --- finishset-weak-mt-uaf --- */

static void push_with_mode(lua_State *L, const char *mode) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

/* A table whose assignments go to another, which nothing but a weak metatable holds. There the first key needs memory that is
 * refused once: so all is collected. */
static int assign_and_collect(lua_State *L) {
    trial *t = trial_of(L);
    lua_gc(L, LUA_GCSTOP);
    lua_newtable(L);
    push_with_mode(L, "v");
    lua_newtable(L);
    t->watched = lua_topointer(L, -1);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_pushliteral(L, "key");
    lua_pushinteger(L, 1);
    t->refuses = true;
    lua_settable(L, -3);
    t->has = t->freed || t->refuses;
    return 0;
}

/* --- index-compare-codegen --- */

/* The register that is read is one that nothing was in before. */
static int index_by_comparison(lua_State *L) {
    static const char TEXT[] = "local t = {[true] = 1} return (function(a, b) return t[a < b] end)(1, 2)";
    if (luaL_loadstring(L, TEXT) == LUA_OK && lua_pcall(L, 0, 1, 0) == LUA_OK)
        trial_of(L)->has = lua_tointeger(L, -1) != 1;
    return 0;
}

/* --- error-stack-overflow --- */

/* As a message handler: how many slots the function that raised the error has below this one's. */
static int count_slots(lua_State *L) {
    lua_Debug ar;
    int count = 0;
    if (lua_getstack(L, 1, &ar))
        while (lua_getlocal(L, &ar, count + 1)) {
            lua_pop(L, 1);
            count++;
        }
    lua_pushinteger(L, count);
    return 1;
}

/* It has two registers, and above them lies what was found out about `a`; if there is more, it is the error's words, left
 * beneath their handler. */
static int raise_in_code(lua_State *L) {
    lua_pushcfunction(L, count_slots);
    if (luaL_loadstring(L, "local f = function(a) return (a.b) end f()") == LUA_OK &&
        lua_pcall(L, 0, 0, 1) == LUA_ERRRUN)
        trial_of(L)->has = lua_tointeger(L, -1) != 3;
    return 0;
}

/* --- All of them --- */

static bool concat_has, error_has, finishset_has, index_has;

static void try_all(void) {
    error_has = shows(raise_in_code);
    concat_has = shows(concat_and_move);
    finishset_has = shows(assign_and_collect);
    index_has = shows(index_by_comparison);
}

static void need(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, try_all);
}

bool ln_trial_concat(void) {
    need();
    return concat_has;
}

bool ln_trial_error(void) {
    need();
    return error_has;
}

bool ln_trial_finishset(void) {
    need();
    return finishset_has;
}

bool ln_trial_index(void) {
    need();
    return index_has;
}
