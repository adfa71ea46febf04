/* scaling-2    runs per second of two threads, against those of one: each run is a script of about 20 us in a context
 *              out of the pool, given back after it
 * scaling-16   of sixteen threads, against those of two
 *
 * What is shown is the time for one run, of all threads together; so the ratio is that of runs per second. A machine
 * on which others work has no second processor to give: `by_processor` is the same ratio by the processor time
 * that a run took, which shows only what the threads cost each other, and `machine` is what as many threads reach
 * that share nothing, each calling the same script in a plain state of its own.
 *
 * The threads are there all the time and start together. They take runs a few at a time, so that they end together. */
#include <lauxlib.h>
#include <pthread.h>
#include <stdatomic.h>

#include <lunette.h>

#include "bench.h"
#include "plain.h"

enum { THREADS_MAX = 16, PORTION = 8, RUNS = 4000 };

static const char SCRIPT[] = "local words, counts = {}, {}\n"
                             "for word in ('when in the course of human events'):gmatch('%a+') do\n"
                             "    words[#words + 1] = word:upper()\n"
                             "    counts[#word] = (counts[#word] or 0) + 1\n"
                             "end\n"
                             "table.sort(words)\n"
                             "local sum = 0\n"
                             "for i = 1, 400 do sum = sum + i % 7 * #words end\n"
                             "return sum + counts[2] + #table.concat(words, ' ')\n";

static struct {
    size_t count;
    void (*work)(uint64_t *sum); /* one run */
    void (*begin)(void);         /* of each thread; NULL: nothing */
    pthread_barrier_t start, end;
    _Atomic(int64_t) left;
    _Atomic(uint64_t) sum;
} threads;

static void *thread_main(void *ud) {
    if (threads.begin)
        threads.begin();
    for (;;) {
        uint64_t sum = 0;
        pthread_barrier_wait(&threads.start);
        while (atomic_fetch_sub(&threads.left, PORTION) > 0)
            for (int i = 0; i < PORTION; i++)
                threads.work(&sum);
        atomic_fetch_add(&threads.sum, sum);
        pthread_barrier_wait(&threads.end);
    }
    return ud;
}

static void *open_threads(size_t count, void (*begin)(void), void (*work)(uint64_t *)) {
    threads.count = count;
    threads.begin = begin;
    threads.work = work;
    pthread_barrier_init(&threads.start, NULL, (unsigned)count + 1);
    pthread_barrier_init(&threads.end, NULL, (unsigned)count + 1);
    for (size_t i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
            bench_fail("a thread cannot be started");
    }
    return &threads;
}

/* The thread that measures only waits. */
static uint64_t run_all(uint64_t count) {
    atomic_store(&threads.left, (int64_t)count);
    atomic_store(&threads.sum, 0);
    uint64_t start = bench_now();
    pthread_barrier_wait(&threads.start);
    pthread_barrier_wait(&threads.end);
    return bench_now() - start;
}

static uint64_t by_wall(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t ns = run_all(count);
    *check = atomic_load(&threads.sum);
    return ns;
}

static uint64_t by_processor(void *ud, uint64_t count, uint64_t *check) {
    (void)ud;
    uint64_t start = bench_processor();
    run_all(count);
    *check = atomic_load(&threads.sum);
    return bench_processor() - start;
}

/* --- Lunette ------------------------------------------------------------------------------------------------- */

static lunette_engine *engine;

static void run_in_context(uint64_t *sum) {
    lunette_context *context;
    lunette_value *results;
    if (lunette_context_acquire(engine, &context) != LUNETTE_OK ||
        lunette_context_run(context, "=honest", SCRIPT, sizeof SCRIPT - 1, NULL, &results) != LUNETTE_OK)
        bench_fail("a run failed: %s", lunette_last_failure());
    *sum += (uint64_t)lunette_value_at(results, 0)->as.integer;
    lunette_value_free(&results);
    lunette_context_release(&context);
}

static void *open_lunette(const void *arg) {
    const size_t *count = arg;
    if (lunette_engine_open(NULL, &engine) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return open_threads(*count, NULL, run_in_context);
}

/* --- Nothing shared ------------------------------------------------------------------------------------------ */

static _Thread_local lua_State *own;

static void open_own(void) {
    own = bench_plain_state();
    if (luaL_loadbufferx(own, SCRIPT, sizeof SCRIPT - 1, "=honest", "t") != LUA_OK)
        bench_fail("%s", lua_tostring(own, -1));
}

static void call_own(uint64_t *sum) {
    lua_pushvalue(own, 1);
    if (lua_pcall(own, 0, 1, 0) != LUA_OK)
        bench_fail("%s", lua_tostring(own, -1));
    *sum += (uint64_t)lua_tointeger(own, -1);
    lua_settop(own, 1);
}

static void *open_plain(const void *arg) {
    const size_t *count = arg;
    return open_threads(*count, open_own, call_own);
}

/* --- Entries ------------------------------------------------------------------------------------------------- */

/* As many as so many threads can use of the two that the goals speak of. */
static double processors_of(size_t count) {
    return count < 2 ? 1 : 2;
}

static void measure(const char *name, size_t many, size_t few, const char *peer_name) {
    char extra[160];
    bench_side wall[] = {
        {.open = open_lunette, .arg = &many, .work = by_wall, .count = RUNS},
        {.open = open_lunette, .arg = &few, .work = by_wall, .count = RUNS},
        {.open = open_plain, .arg = &many, .work = by_wall, .count = RUNS},
        {.open = open_plain, .arg = &few, .work = by_wall, .count = RUNS},
    };
    bench_side processor[] = {
        {.open = open_lunette, .arg = &many, .work = by_processor, .count = RUNS},
        {.open = open_lunette, .arg = &few, .work = by_processor, .count = RUNS},
    };
    if (!bench_wanted(name) || !bench_measure(name, wall, 4) || !bench_measure(name, processor, 2))
        return;
    double per_second = 1e6 / bench_median(&wall[0]);
    double shared = bench_ratio(&processor[0], &processor[1]) * processors_of(many) / processors_of(few);
    double machine = bench_ratio(&wall[2], &wall[3]);
    snprintf(extra, sizeof extra, ",\"runs_per_second\":%.0f,\"by_processor\":%.4g,\"machine\":%.4g",
             per_second, shared, machine);
    char note[160];
    snprintf(note, sizeof note, "%.0f runs/s; %.2f by processor time; %.2f in states that share nothing",
             per_second, shared, machine);
    bench_entry entry = {
        .name = name,
        .lunette = bench_median(&wall[0]),
        .peer = bench_median(&wall[1]),
        .peer_name = peer_name,
        .ratio = bench_ratio(&wall[0], &wall[1]),
        .extra = extra,
        .note = note,
    };
    bench_report(&entry);
}

int main(int argc, char **argv) {
    bench_begin(argc, argv);
    measure("scaling-2", 2, 1, "one thread");
    measure("scaling-16", 16, 2, "two threads");
    return bench_end();
}
