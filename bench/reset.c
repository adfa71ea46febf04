/* reset            back to a clean context, against a fresh state with its libraries opened and closed
 * reset:image      the same by the arena's own function, without what the public one does around it
 * reset+load+run   a clean context, `return 1+1` loaded, run, and its result taken out, against the same in a
 *                  fresh state
 *
 * snapshot:take    a snapshot of such a context taken, and dropped; against the same fresh state
 * snapshot:restore one put back
 *
 * A reset is measured alone: some contexts run a small script each, outside of the time; then all are reset,
 * inside. So few that they stay in the processor's nearer caches, as a context does that was used a moment ago;
 * so many that reading the clock does not count. */

#include <lunette.h>

#include "bench.h"
#include "engine/engine.h"
#include "lua/internal.h"
#include "plain.h"

enum { CONTEXTS = 8 };

static const char DIRT[] = "local t = {} for i = 1, 20 do t[i] = {i, tostring(i)} end\n"
                           "found, string.upper = t, nil; return #t";

static lunette_context *contexts[CONTEXTS];
static uint64_t kept[CONTEXTS]; /* a snapshot of each; 0: none yet */

static void *open_contexts(const void *arg) {
    lunette_engine *engine;
    if (lunette_engine_open(arg, &engine) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    for (size_t i = 0; i < CONTEXTS; i++) {
        if (lunette_context_acquire(engine, &contexts[i]) != LUNETTE_OK)
            bench_fail("%s", lunette_last_failure());
        kept[i] = 0;
    }
    return contexts;
}

static void make_dirty(void) {
    for (size_t i = 0; i < CONTEXTS; i++) {
        if (lunette_context_run(contexts[i], "dirt", DIRT, sizeof DIRT - 1, NULL, NULL) != LUNETTE_OK)
            bench_fail("the script that leaves dirt failed");
    }
}

static void reset_context(lunette_context *context) {
    lunette_context_reset(context);
}

/* Afterwards the context says that something ran in it, and is reset once more before it runs again. */
static void restore_image(lunette_context *context) {
    ln_image_restore(context->vm->image, context->vm->arena);
}

static uint64_t take(lunette_context *context) {
    uint64_t snapshot;
    if (lunette_snapshot_take(context, &snapshot) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return snapshot;
}

static void take_and_drop(lunette_context *context) {
    lunette_snapshot_drop(context, take(context));
}

static void reset_all(void) {
    for (size_t i = 0; i < CONTEXTS; i++)
        reset_context(contexts[i]);
}

static void put_back(lunette_context *context) {
    for (size_t i = 0; i < CONTEXTS; i++)
        if (contexts[i] == context && lunette_snapshot_restore(context, kept[i]) != LUNETTE_OK)
            bench_fail("%s", lunette_last_failure());
}

static uint64_t clean(uint64_t count, void (*clean_one)(lunette_context *)) {
    uint64_t ns = 0;
    for (uint64_t done = 0; done < count; done += CONTEXTS) {
        make_dirty();
        uint64_t start = bench_now();
        for (size_t i = 0; i < CONTEXTS; i++)
            clean_one(contexts[i]);
        ns += bench_now() - start;
    }
    return ns;
}

static uint64_t run_reset(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    *check = 0;
    return clean(count, reset_context);
}

static uint64_t run_restore(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    *check = 0;
    return clean(count, restore_image);
}

static uint64_t run_take(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t ns = 0;
    *check = 0;
    for (uint64_t done = 0; done < count; done += CONTEXTS) {
        reset_all();
        ns += clean(CONTEXTS, take_and_drop);
    }
    return ns;
}

static uint64_t run_put_back(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    *check = 0;
    make_dirty();
    for (size_t i = 0; i < CONTEXTS; i++)
        if (kept[i] == 0)
            kept[i] = take(contexts[i]);
    return clean(count, put_back);
}

/* --- Load and run -------------------------------------------------------------------------------------------- */

static uint64_t run_sum(void *ud, uint64_t count, uint64_t *check) {
    lunette_context *context = *(lunette_context **)ud;
    lunette_value *results;
    uint64_t start = bench_now();
    while (count-- > 0) {
        if (lunette_context_reset(context) != LUNETTE_OK ||
            lunette_context_run(context, "=sum", BENCH_SUM, sizeof BENCH_SUM - 1, NULL, &results) !=
                LUNETTE_OK)
            bench_fail("%s", lunette_last_failure());
        *check = (uint64_t)lunette_value_at(results, 0)->as.integer;
        lunette_value_free(&results);
    }
    return bench_now() - start;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        bench_work lunette, peer;
        bool in_batches;
        const char *peer_name;
    } entries[] = {
        {"reset", run_reset, bench_fresh, true, "lua_newstate+openlibs+close"},
        {"reset:image", run_restore, bench_fresh, true, "lua_newstate+openlibs+close"},
        {"snapshot:take", run_take, bench_fresh, true, "lua_newstate+openlibs+close"},
        {"snapshot:restore", run_put_back, bench_fresh, true, "lua_newstate+openlibs+close"},
        {"reset+load+run", run_sum, bench_fresh_sum, false, "the same in a fresh state"},
    };
    bench_begin(argc, argv);
    for (size_t i = 0; i < LN_COUNT(entries); i++) {
        if (!bench_wanted(entries[i].name))
            continue;
        bench_side sides[] = {
            {.open = open_contexts, .work = entries[i].lunette, .count = entries[i].in_batches ? 8192 : 0},
            {.open = bench_fresh_open, .work = entries[i].peer},
        };
        if (bench_measure(entries[i].name, sides, LN_COUNT(sides)))
            bench_report_pair(entries[i].name, &sides[0], &sides[1], entries[i].peer_name);
    }
    return bench_end();
}
