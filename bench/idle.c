/* idle-context             memory, in KiB and not in microseconds, that each of 10,000 contexts of the standard template
 *                          keeps resident while it waits in the pool, each having run a line; against a plain state with
 *                          its libraries
 * idle-context-after-8MB   of 1,000 contexts after each has run a script that filled 8 MB, trimmed by the pool
 *
 * What is measured is this process's resident set, before and after; so the host's own share of a context (its
 * structs on the heap) counts. `page_tables_kib` is what the kernel keeps for the addresses of one, which is not in
 * a resident set; `mappings` how many of the system's mappings one needs, of which a process may have
 * vm.max_map_count. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lunette.h>

#include "bench.h"
#include "plain.h"

enum { IDLE = 10000, LARGE = 1000, GROUP = 200, TRIM_NS = 1000000 };

/* --- What the process has ------------------------------------------------------------------------------------ */

typedef struct footprint {
    double resident, page_tables; /* KiB */
    double mappings;
} footprint;

/* "VmPTE:" of /proc/self/status, in KiB. */
static double kib_of(const char *status, const char *key) {
    const char *at = strstr(status, key);
    return at ? strtod(at + strlen(key), NULL) : 0;
}

static double lines_of(const char *path) {
    size_t size, lines = 0;
    char *text = bench_read(path, &size);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    free(text);
    return (double)lines;
}

/* By the pages themselves: the counters in status lag behind by some pages a thread. */
static double resident_kib(void) {
    size_t size;
    char *text = bench_read("/proc/self/smaps_rollup", &size);
    double kib = kib_of(text, "\nRss:");
    free(text);
    return kib;
}

static footprint footprint_now(void) {
    size_t size;
    footprint now = {.resident = resident_kib(), .mappings = lines_of("/proc/self/maps")};
    char *status = bench_read("/proc/self/status", &size);
    now.page_tables = kib_of(status, "\nVmPTE:");
    free(status);
    return now;
}

/* Of one of `count`. */
static footprint grown_since(const footprint *before, size_t count) {
    footprint now = footprint_now();
    return (footprint){
        .resident = (now.resident - before->resident) / (double)count,
        .page_tables = (now.page_tables - before->page_tables) / (double)count,
        .mappings = (now.mappings - before->mappings) / (double)count,
    };
}

/* --- Contexts ------------------------------------------------------------------------------------------------ */

static lunette_engine *open_engine(void) {
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    config.pool.trim_ns = TRIM_NS;
    config.pool.idle_ns = UINT64_MAX;
    config.limits.wall_ns = LUNETTE_UNLIMITED;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return engine;
}

static void run_one(lunette_context *context, const char *text) {
    lunette_status status = lunette_context_run(context, "=idle", text, LUNETTE_ZERO_TERMINATED, NULL, NULL);
    if (status != LUNETTE_OK)
        bench_fail("a run failed: %s", lunette_status_name(status));
}

/* All are taken first, so that none is used twice. */
static lunette_context **take_all(lunette_engine *engine, size_t count) {
    lunette_context **contexts = calloc(count, sizeof(lunette_context *));
    if (!contexts)
        bench_fail("no memory");
    for (size_t i = 0; i < count; i++) {
        if (lunette_context_acquire(engine, &contexts[i]) != LUNETTE_OK)
            bench_fail("context %zu: %s", i, lunette_last_failure());
    }
    return contexts;
}

/* The first look marks them as idle, one that comes later finds that they have been so for long enough. */
static void let_trim(lunette_engine *engine) {
    static const struct timespec A_WHILE = {.tv_nsec = 2L * TRIM_NS};
    lunette_engine_maintain(engine);
    nanosleep(&A_WHILE, NULL);
    lunette_engine_maintain(engine);
}

/* Some at a time, so that the machine need not have the memory that all of them would fill. Returns the most that
 * one has used. */
static size_t run_and_give_back(lunette_engine *engine, lunette_context **contexts, size_t count,
                                const char *text) {
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        lunette_stats stats = {.size = sizeof stats};
        run_one(contexts[i], text);
        lunette_context_stats(contexts[i], &stats);
        most = stats.memory_peak > most ? (size_t)stats.memory_peak : most;
        lunette_context_release(&contexts[i]);
        if ((i + 1) % GROUP == 0 || i + 1 == count)
            let_trim(engine);
    }
    return most;
}

static uint64_t trimmed_of(lunette_engine *engine) {
    lunette_pool_stats stats = {.size = sizeof stats};
    lunette_engine_pool_stats(engine, &stats);
    return stats.trimmed;
}

/* --- The peer ------------------------------------------------------------------------------------------------ */

static double state_kib(void) {
    enum { STATES = 1000 };
    static lua_State *states[STATES];
    footprint before = footprint_now();
    for (size_t i = 0; i < STATES; i++)
        states[i] = bench_plain_state();
    double kib = grown_since(&before, STATES).resident;
    for (size_t i = 0; i < STATES; i++)
        lua_close(states[i]);
    return kib;
}

/* --- Entries ------------------------------------------------------------------------------------------------- */

static void report(const char *name, size_t count, const footprint *each, double peer, const char *more) {
    char extra[256], note[128];
    snprintf(extra, sizeof extra, ",\"page_tables_kib\":%.4g,\"mappings\":%.3g,\"contexts\":%zu%s",
             each->page_tables, each->mappings, count, more);
    snprintf(note, sizeof note, "KiB; page tables %.1f KiB; mappings %.2f", each->page_tables,
             each->mappings);
    bench_entry entry = {
        .name = name,
        .lunette = each->resident,
        .peer = peer,
        .peer_name = "a plain state with its libraries",
        .ratio = peer / each->resident,
        .extra = extra,
        .note = note,
    };
    bench_report(&entry);
}

static const char LINE[] = "return 1+1";
static const char EIGHT_MB[] = "local t, line = {}, string.rep('x', 4096)\n"
                               "for i = 1, 120 do t[i] = string.rep(line .. i, 16) end\n"
                               "return #t";

static void measure(const char *name, size_t count, const char *text, double peer) {
    char more[64];
    if (!bench_wanted(name))
        return;
    lunette_engine *engine = open_engine();
    lunette_context **contexts = take_all(engine, 1);
    /* What the first costs alone: the watchdog, the pool's tables, the cached script. */
    run_and_give_back(engine, contexts, 1, text);
    free(contexts);
    footprint before = footprint_now();
    contexts = take_all(engine, count);
    size_t most = run_and_give_back(engine, contexts, count, text);
    free(contexts);
    footprint each = grown_since(&before, count);
    snprintf(more, sizeof more, ",\"most_used_mib\":%.3g,\"trimmed\":%llu", (double)most / (1 << 20),
             (unsigned long long)trimmed_of(engine));
    report(name, count, &each, peer, more);
    lunette_engine_close(&engine);
}

int main(int argc, char **argv) {
    bench_begin(argc, argv);
    double peer = state_kib(); /* before there is a heap that has room */
    measure("idle-context", IDLE, LINE, peer);
    measure("idle-context-after-8MB", LARGE, EIGHT_MB, peer);
    return bench_end();
}
