/* template-acquire   a context with a library of a mebibyte of Lua loaded: taken out of the pool and given back, after a
 *                    run that used the library; the run is not in the time. Against a fresh state that loads the library
 * reset-dirty        of that context's image, after one byte on each of five pages was written to, restored; against
 *                    copying as many bytes as the image has. `relocating` is what copying it with its addresses moved
 *                    takes, `with_faults` the reset and the five writes, which the kernel notes by a fault each
 *
 * A run writes to more pages than it means to: the state's own words, the stack, what the collector marks. So
 * `template-acquire` shows what a real run leaves to be restored, and `reset-dirty` what a given number of pages
 * costs; it calls the arena's own functions. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#include "arena/dirty.h"
#include "arena/layout.h"
#include "bench.h"
#include "engine/engine.h"
#include "lua/internal.h"
#include "modules.h"
#include "plain.h"

enum { TOUCHED = 5, LIMIT = 64 << 20 };

static lunette_engine *engine;
static lunette_template *library;

static void *open_library(const void *arg) {
    size_t bytes;
    lunette_template_config config = lunette_template_config_default();
    config.preload = bench_modules(&bytes);
    config.preload_count = BENCH_MODULES;
    if (lunette_engine_open(arg, &engine) != LUNETTE_OK ||
        lunette_template_open(engine, &config, &library) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return library;
}

/* --- Acquiring ----------------------------------------------------------------------------------------------- */

static uint64_t used(lunette_context *context) {
    lunette_value *results;
    if (lunette_context_run(context, "=use", bench_modules_use, LUNETTE_ZERO_TERMINATED, NULL, &results) !=
        LUNETTE_OK)
        bench_fail("the script that uses the library failed: %s", lunette_context_error(context)->message);
    uint64_t sum = (uint64_t)lunette_value_at(results, 0)->as.integer;
    lunette_value_free(&results);
    return sum;
}

static uint64_t acquire_and_release(void *ud, uint64_t count, uint64_t *check) {
    uint64_t ns = 0;
    while (count-- > 0) {
        lunette_context *context;
        uint64_t start = bench_now();
        if (lunette_context_acquire_from(ud, 0, &context) != LUNETTE_OK)
            bench_fail("%s", lunette_last_failure());
        ns += bench_now() - start;
        *check = used(context);
        start = bench_now();
        lunette_context_release(&context);
        ns += bench_now() - start;
    }
    return ns;
}

static void *open_texts(const void *arg) {
    size_t bytes;
    (void)arg;
    return (void *)(uintptr_t)bench_modules(&bytes);
}

static void call_loaded(lua_State *L, int status, int results) {
    if (status != LUA_OK || lua_pcall(L, 0, results, 0) != LUA_OK)
        bench_fail("%s", lua_tostring(L, -1));
}

static lua_State *fresh_library(const lunette_preload *modules) {
    lua_State *L = bench_plain_state();
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (size_t i = 0; i < BENCH_MODULES; i++) {
        call_loaded(L, luaL_loadbufferx(L, modules[i].text, modules[i].text_size, modules[i].name, "t"), 1);
        lua_setfield(L, -2, modules[i].name);
    }
    return L;
}

static uint64_t load_afresh(void *ud, uint64_t count, uint64_t *check) {
    uint64_t ns = 0;
    while (count-- > 0) {
        uint64_t start = bench_now();
        lua_State *L = fresh_library(ud);
        ns += bench_now() - start;
        call_loaded(L, luaL_loadbufferx(L, bench_modules_use, strlen(bench_modules_use), "=use", "t"), 1);
        *check = (uint64_t)lua_tointeger(L, -1);
        start = bench_now();
        lua_close(L);
        ns += bench_now() - start;
    }
    return ns;
}

static void measure_acquire(void) {
    static const char NAME[] = "template-acquire";
    bench_side sides[] = {
        {.open = open_library, .work = acquire_and_release},
        {.open = open_texts, .work = load_afresh},
    };
    if (bench_wanted(NAME) && bench_measure(NAME, sides, LN_COUNT(sides)))
        bench_report_pair(NAME, &sides[0], &sides[1], "the library loaded in a fresh state");
}

/* --- Resetting ----------------------------------------------------------------------------------------------- */

static ln_arena *arena;
static const ln_image *image;

static void *open_copy(const void *arg) {
    const ln_arena_config config = {.limit = LIMIT};
    open_library(arg);
    image = library->state->image;
    if (ln_arena_open(&config, &arena) != LUNETTE_OK || ln_image_spawn(image, arena) != LUNETTE_OK)
        bench_fail("the image cannot be spawned");
    ln_image_restore(image, arena); /* the first one decides how the others are done */
    return arena;
}

static void touch(void) {
    volatile char *bytes = (volatile char *)arena;
    size_t size = ln_image_size(image);
    for (size_t i = 0; i < TOUCHED; i++) {
        size_t at = size / TOUCHED * i + size / TOUCHED / 2;
        bytes[at] = (char)(bytes[at] + 1);
    }
}

static uint64_t restore(uint64_t count, bool with_faults) {
    uint64_t ns = 0;
    while (count-- > 0) {
        uint64_t start = bench_now();
        touch();
        if (!with_faults)
            start = bench_now();
        ln_image_restore(image, arena);
        ns += bench_now() - start;
    }
    return ns;
}

static uint64_t restore_only(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t ns = restore(count, false);
    size_t at;
    *check = ln_image_equals(image, arena, &at);
    return ns;
}

static uint64_t touch_and_restore(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t ns = restore(count, true);
    size_t at;
    *check = ln_image_equals(image, arena, &at);
    return ns;
}

static uint64_t copy_relocating(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t ns = 0;
    size_t at;
    while (count-- > 0) {
        touch();
        uint64_t start = bench_now();
        ln_image_copy(image, arena, 0, ln_image_end(image));
        ns += bench_now() - start;
    }
    *check = ln_image_equals(image, arena, &at);
    return ns;
}

/* Into memory that is not watched: the copy's own speed. */
static void *open_plain_copy(const void *arg) {
    open_copy(arg);
    char *copy = aligned_alloc(4096, (ln_image_end(image) + 4095) & ~(size_t)4095);
    if (!copy)
        bench_fail("no memory");
    memcpy(copy, image, ln_image_end(image));
    return copy;
}

static uint64_t copy_plainly(void *ud, uint64_t count, uint64_t *check) {
    char *copy = ud;
    uint64_t start = bench_now();
    while (count-- > 0) {
        memcpy(copy, image, ln_image_end(image));
        __asm__ volatile("" : : "r"(copy) : "memory");
    }
    uint64_t ns = bench_now() - start;
    *check = memcmp(copy, image, ln_image_end(image)) == 0;
    return ns;
}

static void report_reset(const char *name, const bench_side *sides) {
    char extra[160];
    open_library(NULL);
    snprintf(extra, sizeof extra,
             ",\"relocating\":%.5g,\"with_faults\":%.5g,\"pages\":%d,\"image_kib\":%zu,\"watched\":%s",
             bench_median(&sides[2]), bench_median(&sides[3]), TOUCHED, lunette_template_size(library) >> 10,
             ln_dirty_threshold() <= lunette_template_size(library) ? "true" : "false");
    bench_entry entry = {
        .name = name,
        .lunette = bench_median(&sides[0]),
        .peer = bench_median(&sides[1]),
        .peer_name = "memcpy of the whole image",
        .ratio = bench_ratio(&sides[0], &sides[1]),
        .extra = extra,
    };
    bench_report(&entry);
}

static void measure_reset(void) {
    static const char NAME[] = "reset-dirty";
    bench_side sides[] = {
        {.open = open_copy, .work = restore_only},
        {.open = open_plain_copy, .work = copy_plainly},
        {.open = open_copy, .work = copy_relocating},
        {.open = open_copy, .work = touch_and_restore},
    };
    if (bench_wanted(NAME) && bench_measure(NAME, sides, LN_COUNT(sides)))
        report_reset(NAME, sides);
}

int main(int argc, char **argv) {
    bench_begin(argc, argv);
    measure_acquire();
    measure_reset();
    return bench_end();
}
