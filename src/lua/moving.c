/* Whether a coroutine's stack is being moved. From 5.4.5 on Lua keeps offsets where its pointers into the stack were
 * (luaD_reallocstack, ldo.c) while it asks for the new block, and whoever follows one of them then reads from address
 * 400 or the like. The chain of calls cannot be walked at that moment, and the allocator that refuses the block is asked
 * at that moment. Nothing of Lua's interface tells; but the top of the stack is a word of the coroutine's own object,
 * found by watching: of a state that nothing runs in, it is the one word that a push changes. Where it is not found,
 * and the release is one that does this, a stack counts as moving always, and errors of memory lack their place. */
#include <pthread.h>
#include <string.h>

#include "base/memcheck.h"
#include "lua/internal.h"

enum { WORDS = 12, MOVES_BY_OFFSET = 50405 };

/* No offset is as large as this: stacks have at most LUAI_MAXSTACK values and some, of 16 bytes. */
static const uintptr_t LARGEST_OFFSET = (uintptr_t)(LUAI_MAXSTACK + 1024) * 32;

static size_t top_at; /* which word; 0: not known (that one is the collector's list) */

static void watch(void) {
    uintptr_t before[WORDS], after[WORDS];
    lua_State *L = luaL_newstate();
    size_t changed = 0, at = 0;
    if (!L)
        return;
    memcpy(before, L, sizeof before);
    lua_pushnil(L);
    memcpy(after, L, sizeof after);
    ln_memcheck_defined(before, sizeof before); /* padding, which nobody writes to */
    ln_memcheck_defined(after, sizeof after);
    for (size_t i = 1; i < WORDS; i++)
        if (before[i] != after[i]) {
            changed++;
            at = i;
        }
    top_at = changed == 1 && before[at] > LARGEST_OFFSET ? at : 0;
    lua_close(L);
}

void ln_moving_watch(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
}

bool ln_moving_stack(const lua_State *L) {
    if (top_at == 0)
        return ln_lua_release_number() >= MOVES_BY_OFFSET;
    uintptr_t top;
    memcpy(&top, (const char *)(const void *)L + top_at * sizeof top, sizeof top);
    return top <= LARGEST_OFFSET;
}
