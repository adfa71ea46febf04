/* acquire+run+release     a context out of the pool, a one-line script that was seen before, its result taken out, back
 *                         into the pool; against a state opened, the script loaded and run in it, and closed
 * acquire+script+release  the same with a handle to the compiled script
 * acquire+release         the same without the run, of contexts in which something ran: the runs are not in the time,
 *                         the reset is, for it is part of a release
 * acquire+release:idle    of a context in which nothing ran
 * spawn                   the standard image copied into an arena that another context has used, its addresses moved
 * spawn-cold              an arena opened, the image copied into it, closed again: every page is new to the processor
 *
 * Where a part is left out of the time, some contexts are prepared outside of it and all are measured inside: so
 * few that a thread's own cache in the pool holds them. The spawns call the arena's own functions. */

#include <lunette.h>

#include "bench.h"
#include "engine/engine.h"
#include "lua/internal.h"
#include "plain.h"

enum { CONTEXTS = 4, SPAWN_LIMIT = 64 << 20 };

static const char DIRT[] = "local t = {} for i = 1, 20 do t[i] = {i, tostring(i)} end\n"
                           "found, string.upper = t, nil; return #t";

static lunette_engine *engine;

static void *open_engine(const void *arg) {
    if (lunette_engine_open(arg, &engine) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return engine;
}

static lunette_context *acquired(void) {
    lunette_context *context;
    if (lunette_context_acquire(engine, &context) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return context;
}

/* --- With a run ---------------------------------------------------------------------------------------------- */

static uint64_t taken_out(lunette_status status, lunette_value **results) {
    if (status != LUNETTE_OK)
        bench_fail("a run failed: %s", lunette_status_name(status));
    uint64_t sum = (uint64_t)lunette_value_at(*results, 0)->as.integer;
    lunette_value_free(results);
    return sum;
}

static uint64_t run_text(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    lunette_value *results;
    uint64_t start = bench_now();
    while (count-- > 0) {
        lunette_context *context = acquired();
        *check = taken_out(
            lunette_context_run(context, "=sum", BENCH_SUM, sizeof BENCH_SUM - 1, NULL, &results), &results);
        lunette_context_release(&context);
    }
    return bench_now() - start;
}

static void *open_script(const void *arg) {
    lunette_script *script;
    open_engine(arg);
    if (lunette_script_compile(engine, "=sum", BENCH_SUM, sizeof BENCH_SUM - 1, &script) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return script;
}

static uint64_t run_script(void *ud, uint64_t count, uint64_t *check) {
    const lunette_script *script = ud;
    lunette_value *results;
    uint64_t start = bench_now();
    while (count-- > 0) {
        lunette_context *context = acquired();
        *check = taken_out(lunette_context_run_script(context, script, NULL, &results), &results);
        lunette_context_release(&context);
    }
    return bench_now() - start;
}

/* --- Without ------------------------------------------------------------------------------------------------- */

static void make_dirty(lunette_context *const *contexts) {
    for (size_t i = 0; i < CONTEXTS; i++) {
        if (lunette_context_run(contexts[i], "dirt", DIRT, sizeof DIRT - 1, NULL, NULL) != LUNETTE_OK)
            bench_fail("the script that leaves dirt failed");
    }
}

static uint64_t exchange_dirty(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    lunette_context *contexts[CONTEXTS];
    uint64_t ns = 0;
    *check = 0;
    for (size_t i = 0; i < CONTEXTS; i++)
        contexts[i] = acquired();
    for (uint64_t done = 0; done < count; done += CONTEXTS) {
        make_dirty(contexts);
        uint64_t start = bench_now();
        for (size_t i = 0; i < CONTEXTS; i++)
            lunette_context_release(&contexts[i]);
        for (size_t i = 0; i < CONTEXTS; i++)
            contexts[i] = acquired();
        ns += bench_now() - start;
    }
    for (size_t i = 0; i < CONTEXTS; i++)
        lunette_context_release(&contexts[i]);
    return ns;
}

static uint64_t exchange_idle(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0) {
        lunette_context *context = acquired();
        lunette_context_release(&context);
    }
    return bench_now() - start;
}

/* --- Spawning ------------------------------------------------------------------------------------------------ */

static ln_arena *arenas[CONTEXTS];

static ln_arena *arena_opened(void) {
    const ln_arena_config config = {.limit = SPAWN_LIMIT};
    ln_arena *arena;
    if (ln_arena_open(&config, &arena) != LUNETTE_OK)
        bench_fail("no arena");
    return arena;
}

static void spawn_into(const ln_image *image, ln_arena *arena) {
    if (ln_image_spawn(image, arena) != LUNETTE_OK)
        bench_fail("the image cannot be spawned");
}

static void *open_image(const void *arg) {
    open_engine(arg);
    for (size_t i = 0; i < CONTEXTS; i++)
        arenas[i] = arena_opened();
    return (void *)(uintptr_t)engine->standard->state->image;
}

static uint64_t spawn(void *ud, uint64_t count, uint64_t *check) {
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0)
        spawn_into(ud, arenas[count % CONTEXTS]);
    return bench_now() - start;
}

static uint64_t spawn_cold(void *ud, uint64_t count, uint64_t *check) {
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0) {
        ln_arena *arena = arena_opened();
        spawn_into(ud, arena);
        ln_arena_close(&arena);
    }
    return bench_now() - start;
}

/* --- Entries ------------------------------------------------------------------------------------------------- */

typedef struct entry {
    const char *name;
    void *(*open)(const void *arg);
    bench_work lunette;
    uint64_t count; /* 0: as often as fills a round */
    bench_work peer;
    const char *peer_name;
} entry;

static const char FRESH[] = "lua_newstate+openlibs+close";
static const char FRESH_RUN[] = "lua_newstate+openlibs+load+run+close";

static const entry entries[] = {
    {"acquire+run+release", open_engine, run_text, 0, bench_fresh_sum, FRESH_RUN},
    {"acquire+script+release", open_script, run_script, 0, bench_fresh_sum, FRESH_RUN},
    {"acquire+release", open_engine, exchange_dirty, 8192, bench_fresh, FRESH},
    {"acquire+release:idle", open_engine, exchange_idle, 0, bench_fresh, FRESH},
    {"spawn", open_image, spawn, 0, bench_fresh, FRESH},
    {"spawn-cold", open_image, spawn_cold, 0, bench_fresh, FRESH},
};

int main(int argc, char **argv) {
    bench_begin(argc, argv);
    for (size_t i = 0; i < LN_COUNT(entries); i++) {
        const entry *e = &entries[i];
        if (!bench_wanted(e->name))
            continue;
        bench_side sides[] = {
            {.open = e->open, .work = e->lunette, .count = e->count},
            {.open = bench_fresh_open, .work = e->peer},
        };
        if (bench_measure(e->name, sides, LN_COUNT(sides)))
            bench_report_pair(e->name, &sides[0], &sides[1], e->peer_name);
    }
    return bench_end();
}
