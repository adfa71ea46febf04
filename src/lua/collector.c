/* Lua's collector: how it goes about its work, and how often it has.
 *
 * Lua's API tells of no collection, and a finalizer that notices them would be the only one at levels where there are none.
 * But each collection, of either kind, ends its marking by making the other one of two whites the current one (lgc.c,
 * atomic(), all of 5.4): a byte of the global state, in the same block as the main thread. Where it lies is found by watching a
 * state that is made for it, as the byte that becomes another, and the former one again, with every full collection,
 * incremental or generational; the main thread's own mark does so only in one of them. The machine's memory then counts
 * that byte's turns. Between two of them without a request for memory only lua_gc() can be the cause, so whoever calls that
 * for a collection looks there afterwards.
 *
 * What follows: no script notices, no value is made, nothing is called, and a request for memory takes three instructions
 * more. Where nothing is found, or more than one byte, collections are not counted. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

/* --- The byte --- */

static ptrdiff_t flag_at; /* from the main thread; 0: not known */

struct watched {
    unsigned char *block; /* the first that was asked for: main thread and global state */
    size_t size;
};

static void *note_first(void *ud, void *block, size_t osize, size_t nsize) {
    struct watched *watched = ud;
    (void)osize;
    if (nsize == 0) {
        free(block);
        return NULL;
    }
    if (watched->block)
        return realloc(block, nsize);
    /* Zeros, for what Lua has no use for is looked at as well. */
    watched->block = calloc(1, nsize);
    watched->size = nsize;
    return watched->block;
}

/* So many that what only happened to turn a few times is told apart. */
enum { COLLECTIONS = 9 };

/* Clears those of `turning` that are not, after each collection, what they were after the one before the last, and
 * something else after the last. `even` and `odd` are scratch. */
static void watch_mode(lua_State *L, const struct watched *watched, unsigned char *even, unsigned char *odd,
                       unsigned char *turning) {
    for (int i = 0; i < COLLECTIONS; i++) {
        unsigned char *before = i % 2 == 0 ? even : odd;
        lua_gc(L, LUA_GCCOLLECT);
        for (size_t at = 0; i >= 2 && at < watched->size; at++)
            turning[at] = turning[at] && even[at] != odd[at] && watched->block[at] == before[at];
        memcpy(before, watched->block, watched->size);
    }
}

/* The one byte that turned; NULL: there are none, or more. */
static const unsigned char *only_turning(const struct watched *watched, const unsigned char *turning) {
    const unsigned char *found = memchr(turning, 1, watched->size);
    if (!found || memchr(found + 1, 1, watched->size - (size_t)(found + 1 - turning)))
        return NULL;
    return watched->block + (found - turning);
}

static void watch_state(lua_State *L, const struct watched *watched) {
    unsigned char *scratch = malloc(3 * watched->size);
    if (!scratch)
        return;
    unsigned char *turning = scratch + 2 * watched->size;
    memset(turning, 1, watched->size);
    watch_mode(L, watched, scratch, scratch + watched->size, turning);
    lua_gc(L, LUA_GCGEN, 0, 0);
    watch_mode(L, watched, scratch, scratch + watched->size, turning);
    const unsigned char *flag = only_turning(watched, turning);
    if (flag)
        flag_at = flag - (const unsigned char *)L;
    free(scratch);
}

static void watch(void) {
    struct watched watched = {0};
    lua_State *L = lua_newstate(note_first, &watched);
    if (!L)
        return;
    watch_state(L, &watched);
    lua_close(L);
}

void ln_collector_watch(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
}

void ln_collector_follow(ln_vm *vm) {
    if (flag_at != 0)
        lunette_machine_follow_collector(&vm->machine, (const char *)vm->L + flag_at);
}

/* --- Collecting --- */

void ln_collector_run(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT);
    lunette_machine_collected(lunette_machine_current());
}

/* What has a finalizer is not freed by the collection that Lua makes where memory is refused, for nothing may run then; and when
 * another one has called the finalizer, it takes one more until the memory is free. A script that makes such things and drops
 * them would so find its memory full of what nobody needs, however seldom it is collected otherwise, and the host its objects
 * open. So where they are made, it is seen to that all is collected when half as much again is in use as after the last time,
 * or, where there is less, half of what was left; and when as many objects again are open. That each collection costs what
 * is in use bounds the other way what is done for how much that was made. */
enum { LEAST_BYTES = 256 << 10, LEAST_OBJECTS = 1000, BYTES_AN_OBJECT = 1 << 10, LEAST_SHARE = 64 };

static size_t between(size_t least, size_t value, size_t most) {
    value = value < most ? value : most;
    return value > least ? value : least;
}

static void expect_relief(ln_vm *vm) {
    size_t limit = vm->machine.memory_limit, used = ln_arena_used(vm->machine.arena);
    size_t left = limit > used ? limit - used : 0;
    size_t step = used / 2 > LEAST_BYTES ? used / 2 : LEAST_BYTES;
    vm->relief_bytes = used + between(limit / LEAST_SHARE, step, left / 2);
    vm->relief_objects = between(LEAST_OBJECTS, 2 * (size_t)vm->objects.open, SIZE_MAX);
    if (vm->relief_objects < used / BYTES_AN_OBJECT)
        vm->relief_objects = used / BYTES_AN_OBJECT;
}

static bool wants_relief(const ln_vm *vm) {
    return ln_arena_used(vm->machine.arena) >= vm->relief_bytes || vm->objects.open >= vm->relief_objects;
}

/* Not in a finalizer, and not where the script has stopped the collector. */
static LN_NOINLINE void relieve(lua_State *L, ln_vm *vm) {
    if (vm->relief_bytes != 0 && lua_gc(L, LUA_GCISRUNNING)) {
        ln_collector_run(L);
        if (ln_arena_used(vm->machine.arena) >= vm->relief_bytes)
            ln_collector_run(L);
    }
    expect_relief(vm);
}

void ln_collector_relieve(lua_State *L, ln_vm *vm) {
    if (LN_UNLIKELY(wants_relief(vm)))
        relieve(L, vm);
}

void ln_collector_forget(ln_vm *vm) {
    vm->relief_bytes = vm->relief_objects = 0;
}

/* Lua's own, called in this frame, so that its errors say what they say without this. */
static int collect_garbage(lua_State *L) {
    int results = lua_tocfunction(L, lua_upvalueindex(1))(L);
    lunette_machine_collected(lunette_machine_current());
    return results;
}

void ln_collector_wrap(lua_State *L) {
    if (lua_getfield(L, -1, "collectgarbage") != LUA_TFUNCTION || !lua_iscfunction(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_pushcclosure(L, collect_garbage, 1);
    lua_setfield(L, -2, "collectgarbage");
}

/* --- How it works --- */

/* Collecting seldom is what memory is for: while the limit is far, the heap may grow to ten times what lives before it
 * is marked again. Of 200, 400 and 1000 percent, this was fastest on bench/programs (binary-trees 1.5 to 1.7 times plain
 * Lua's speed). */
enum { AUTO_PAUSE = 1000 };

/* Garbage is not free where memory is short: the collection that a refusal forces calls no finalizer, and comes too late for a
 * table of weak keys, which has grown by then for what nobody needs. So when half of the limit is taken all is collected at
 * once, and then as soon as there is two and a half times what lives; from three quarters on, one and a half. (A restart is all
 * that "at once" comes to for Lua: its debt becomes zero, and the next place that looks at it, some bytes later, collects.) */
enum { HALF_PAUSE = 250, LAST_PAUSE = 150 };

void ln_vm_on_growth(lunette_machine *machine, unsigned quarters) {
    const ln_vm *vm = ln_vm_of(machine);
    lua_State *L = vm->running;
    if (quarters < 2 || !L || ln_vm_settings(vm)->gc != LUNETTE_GC_AUTO || !lua_gc(L, LUA_GCISRUNNING))
        return;
    lua_gc(L, LUA_GCSETPAUSE, quarters == 2 ? HALF_PAUSE : LAST_PAUSE);
    lua_gc(L, LUA_GCRESTART);
}

/* And a collection is one step, however long: its size as a power of two, larger than any heap. A script never runs
 * while a collection is under way, so that a barrier which a release forgets costs nothing: that is what the defects
 * allweak-metatable-uaf and newindex-barrier-uaf (defects.c) and one of 5.4.0 need. */
enum { WHOLE_COLLECTION = 63 };

void ln_collector_set(lua_State *L, const ln_settings *settings) {
    if (settings->gc == LUNETTE_GC_GENERATIONAL)
        lua_gc(L, LUA_GCGEN, (int)settings->gc_minor, (int)settings->gc_major);
    else if (settings->gc == LUNETTE_GC_INCREMENTAL)
        lua_gc(L, LUA_GCINC, (int)settings->gc_pause, (int)settings->gc_step, 0);
    else
        lua_gc(L, LUA_GCINC, AUTO_PAUSE, 0, WHOLE_COLLECTION);
}
