/* A storm over the public API: threads that acquire contexts from several templates, run honest and hostile scripts
 * under random deadlines, are cancelled at random moments by others, while templates are replaced under them.
 *
 *     storm RUNS [hook]
 *
 * What must hold: every run ends, with a status that its script can have; every honest run that ends ok gives its own
 * template's answer; a context that was reset equals its image, byte by byte; at the end the pool's numbers add up,
 * none is in use, and the process has not grown.
 *
 * Look in src/guard/ when a run does not end or ends twice, in src/arena/image.c when bytes differ, in src/pool/ when
 * numbers do not add up. */
#include <lunette.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A sanitizer keeps freed memory back, to see who touches it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { THREADS = 4, TEMPLATES = 3, CANCELLERS = 2 };

static const char *const SCRIPTS[] = {
    /* honest: the answer is the template's number, three times over */
    "local n = 0 for i = 1, 50 do n = n + require('who').number end return n == 50 * who() and who()",
    "local t = {} for i = 1, 300 do t[i] = tostring(i) .. 'x' end table.sort(t) return #t == 300 and who()",
    ("local co, s = coroutine.wrap(function() for i = 1, 20 do coroutine.yield(i) end end), 0\n"
     "for i = 1, 20 do s = s + co() end return s == 210 and who()"),
    "return select(2, pcall(function() return who() end))",
    /* hostile: whatever they do, they end */
    "while true do pcall(function() while true do end end) end",
    "local t = {} while true do t[#t + 1] = {#t} end",
    "local function f() return f() end f()",
    "coroutine.wrap(function() while true do end end)()",
    "for k in pairs(_G) do _G[k] = nil end string = nil while true do end",
    "local s = 'x' while true do s = s .. s end",
    "print(('y'):rep(1000)) setmetatable(_G, {__index = function() while true do end end}) return nothing_here",
    /* hostile inside a C function, where a hook does not come by */
    "table.concat(setmetatable({}, {__index = function() return 'x' end}), '', 1, 3) string.rep('', 1e18)",
    "(('a'):rep(3000)):find(('a-'):rep(30) .. 'b')",
    "string.rep('', 1e18)",
};
enum { HONEST = 4, ALL = sizeof SCRIPTS / sizeof SCRIPTS[0], IN_C = 3 };
static size_t used = ALL;

static lunette_engine *engine;
static lunette_template *templates[TEMPLATES];
static pthread_rwlock_t templates_lock = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic(lunette_context *) running[THREADS];
static pthread_mutex_t running_lock[THREADS];
static atomic_long runs_left, ended[32];
static atomic_bool over;
static atomic_long failures;

static void fail(const char *what, const char *detail) {
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "storm: %s: %s\n", what, detail);
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* --- Templates --- */

/* Template `slot` of generation g answers slot + 10 * g; the slot is all that a run can know for sure. */
static lunette_template *open_template(int slot, int generation) {
    char text[256];
    lunette_template *template;
    snprintf(
        text, sizeof text,
        "local M = {number = %d} function who() return M.number end keep = {[M] = who, [who] = M} return M",
        slot + TEMPLATES * generation);
    lunette_preload module = {.name = "who", .text = text, .text_size = SIZE_MAX};
    lunette_template_config config = lunette_template_config_default();
    config.preload = &module;
    config.preload_count = 1;
    if (lunette_template_open(engine, &config, &template) != LUNETTE_OK)
        fail("template", lunette_last_failure());
    return template;
}

static void *replace_templates(void *ud) {
    (void)ud;
    for (int generation = 1; !atomic_load(&over); generation++) {
        struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
        int slot = generation % TEMPLATES;
        lunette_template *fresh = open_template(slot, generation);
        pthread_rwlock_wrlock(&templates_lock);
        lunette_template *old = templates[slot];
        templates[slot] = fresh;
        pthread_rwlock_unlock(&templates_lock);
        lunette_template_close(&old);
    }
    return NULL;
}

/* --- Runs --- */

static bool is_outcome(lunette_status status) {
    return status == LUNETTE_OK || status == LUNETTE_RUNTIME_ERROR || status == LUNETTE_MEMORY_LIMIT ||
           status == LUNETTE_TIME_LIMIT || status == LUNETTE_CANCELLED || status == LUNETTE_OUTPUT_LIMIT;
}

static void check_answer(size_t script, int slot, const lunette_value *results) {
    const lunette_value *answer = lunette_value_at(results, 0);
    if (script < HONEST &&
        (!answer || answer->type != LUNETTE_INTEGER || answer->as.integer % TEMPLATES != slot))
        fail("wrong answer", SCRIPTS[script]);
}

static void one_run(lunette_context *context, int thread, int slot, uint64_t *random) {
    size_t script = next_random(random) % used;
    lunette_run_options options = lunette_run_options_default();
    lunette_limits limits = lunette_limits_default();
    lunette_value *results;
    limits.wall_ns = 1 + next_random(random) % 3000000;
    limits.grace_ns = next_random(random) % 4 == 0 ? 500000 : 0;
    options.limits = &limits;
    atomic_store(&running[thread], context);
    lunette_status status =
        lunette_context_run(context, "=storm", SCRIPTS[script], LUNETTE_ZERO_TERMINATED, &options, &results);
    pthread_mutex_lock(&running_lock[thread]);
    atomic_store(&running[thread], NULL);
    pthread_mutex_unlock(&running_lock[thread]);
    if (!is_outcome(status))
        fail(lunette_status_name(status), lunette_last_failure());
    else
        atomic_fetch_add(&ended[status], 1);
    if (status == LUNETTE_OK)
        check_answer(script, slot, results);
    lunette_value_free(&results);
}

static void *work(void *ud) {
    int thread = (int)(intptr_t)ud;
    uint64_t random = 0x9E3779B97F4A7C15u * (uint64_t)(thread + 1);
    while (atomic_fetch_sub(&runs_left, 1) > 0) {
        int slot = (int)(next_random(&random) % TEMPLATES);
        lunette_context *context;
        pthread_rwlock_rdlock(&templates_lock);
        lunette_status status = lunette_context_acquire_from(templates[slot], UINT64_MAX, &context);
        pthread_rwlock_unlock(&templates_lock);
        if (status != LUNETTE_OK) {
            fail("acquire", lunette_last_failure());
            continue;
        }
        one_run(context, thread, slot, &random);
        if (next_random(&random) % 4 == 0 &&
            (lunette_context_reset(context) != LUNETTE_OK || lunette_context_verify(context) != LUNETTE_OK))
            fail("not clean", lunette_last_failure());
        lunette_context_release(&context);
    }
    return NULL;
}

static void *cancel(void *ud) {
    uint64_t random = 77 + (uint64_t)(intptr_t)ud;
    while (!atomic_load(&over)) {
        struct timespec pause = {.tv_nsec = (long)(next_random(&random) % 2000000)};
        nanosleep(&pause, NULL);
        size_t thread = next_random(&random) % THREADS;
        pthread_mutex_lock(&running_lock[thread]);
        lunette_context_cancel(atomic_load(&running[thread]));
        pthread_mutex_unlock(&running_lock[thread]);
    }
    return NULL;
}

/* --- The whole --- */

static void drop_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
}

static long resident_kib(void) {
    long pages = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (!statm || fscanf(statm, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (statm)
        fclose(statm);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Without what idle contexts keep of their last runs: how much that is, is chance. */
static long resident_at_rest_kib(void) {
    struct timespec until_trimmed = {.tv_sec = 1, .tv_nsec = 100000000};
    nanosleep(&until_trimmed, NULL);
    lunette_engine_maintain(engine);
    return resident_kib();
}

static void run_storm(long runs) {
    pthread_t threads[THREADS], cancellers[CANCELLERS], replacer;
    atomic_store(&runs_left, runs);
    atomic_store(&over, false);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
    for (int i = 0; i < CANCELLERS; i++)
        pthread_create(&cancellers[i], NULL, cancel, (void *)(intptr_t)i);
    pthread_create(&replacer, NULL, replace_templates, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&over, true);
    for (int i = 0; i < CANCELLERS; i++)
        pthread_join(cancellers[i], NULL);
    pthread_join(replacer, NULL);
}

static void check_pool(void) {
    lunette_pool_stats stats = {.size = sizeof stats};
    char text[200];
    lunette_engine_pool_stats(engine, &stats);
    snprintf(text, sizeof text, "made %llu, destroyed %llu, in use %llu, idle %llu",
             (unsigned long long)stats.made, (unsigned long long)stats.destroyed,
             (unsigned long long)stats.in_use, (unsigned long long)stats.idle);
    if (stats.in_use != 0 || stats.made != stats.destroyed + stats.idle)
        fail("the pool's numbers", text);
    printf("pool: %s; acquires %llu, adopted %llu\n", text, (unsigned long long)stats.acquires,
           (unsigned long long)stats.adopted);
}

int main(int argc, char **argv) {
    long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    lunette_config config = lunette_config_default();
    config.output = drop_output;
    config.limits.memory = 16u << 20;
    config.pool.max = THREADS + 2;
    if (argc > 2 && strcmp(argv[2], "hook") == 0) {
        config.guard = LUNETTE_GUARD_HOOK;
        used = ALL - IN_C;
    }
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK) {
        fprintf(stderr, "storm: %s\n", lunette_last_failure());
        return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_mutex_init(&running_lock[i], NULL);
    for (int i = 0; i < TEMPLATES; i++)
        templates[i] = open_template(i, 0);
    run_storm(runs / 4);
    long before = resident_at_rest_kib();
    run_storm(runs - runs / 4);
    long after = resident_at_rest_kib();
    check_pool();
    for (int status = 0; status < 32; status++)
        if (ended[status] > 0)
            printf("%s %ld  ", lunette_status_name((lunette_status)status), (long)ended[status]);
    printf("\nresident: %ld KiB after a quarter of the runs, %ld KiB at the end\n", before, after);
    if (after > before + 8192 && !SANITIZED)
        fail("memory", "the process has grown");
    for (int i = 0; i < TEMPLATES; i++)
        lunette_template_close(&templates[i]);
    lunette_engine_close(&engine);
    printf("%ld failures\n", (long)failures);
    return failures == 0 ? 0 : 1;
}
