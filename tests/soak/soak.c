/* What only time shows: memory that creeps, latencies that grow, contexts that get lost. The example tenants, honest and
 * rogue, run mixed on all processors through one pool, as long as asked for; every second is a sample.
 *
 *     soak SECONDS JSON-FILE FOLDER...      the tenants are the *.lua of the folders
 *
 * What must hold: every run ends as its tenant's first lines say; a context that was reset equals its image; at the end the
 * pool's numbers add up to the runs that were made, and none is in use; memory in the last tenth is that of the first
 * (MEMORY_PERCENT and MEMORY_KIB more are allowed), and so is the 99th percentile of the latencies (P99_FACTOR; only
 * asked of soaks of LONG_ENOUGH samples, since a shared machine has slow seconds).
 *
 * The program itself asks for no memory while it measures: samples and histograms have their room from the start. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lunette.h>

/* A sanitizer keeps freed memory back, to see who touches it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum {
    TENANTS_MAX = 256,
    THREADS_MAX = 64,
    SECONDS_MAX = 7 * 24 * 3600,
    MEMORY_LIMIT = 16 << 20, /* of a context */
    MEMORY_PERCENT = 5,
    MEMORY_KIB = 2048,
    P99_FACTOR = 2,
    LONG_ENOUGH = 60,
    WARM_UP = 2,       /* samples that are left out where the soak is longer than ten times that */
    ROGUE_SHARE = 25,  /* one run in so many is a rogue's */
    VERIFY_SHARE = 64, /* after one run in so many the context is compared with its image */
    STATUSES = 16,
};

/* A deadline for those that never end, and one that nobody else should see. */
static const uint64_t ENDLESS_NS = 5 * UINT64_C(1000000), OTHERS_NS = 30 * UINT64_C(1000000000);

/* --- Tenants --- */

typedef struct tenant {
    char *name, *text;
    size_t size;
    uint32_t expected; /* bit n: it may end with the status of number n */
} tenant;

typedef struct crowd {
    tenant list[TENANTS_MAX];
    size_t count;
} crowd;

static crowd honest, rogue;

__attribute__((noreturn)) static void give_up(const char *what, const char *detail) {
    fprintf(stderr, "soak: %s: %s\n", what, detail);
    exit(2);
}

static char *read_whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rbe");
    char *text = malloc(1 << 20);
    if (!file || !text)
        give_up(path, strerror(errno));
    *size = fread(text, 1, (1 << 20) - 1, file);
    text[*size] = '\0';
    fclose(file);
    return text;
}

/* The number of a status, from its name. */
static int status_named(const char *name, size_t size) {
    for (int status = 0; status < STATUSES; status++) {
        const char *known = lunette_status_name((lunette_status)status);
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return status;
    }
    return -1;
}

/* From "-- expect: runtime_error|memory_limit", bit n for the status of number n. */
static uint32_t expected_of(const char *path, const char *text) {
    static const char header[] = "-- expect: ", names[] = "abcdefghijklmnopqrstuvwxyz_";
    const char *at = strstr(text, header);
    uint32_t expected = 0;
    if (!at)
        give_up(path, "does not say how it ends");
    for (at += strlen(header); strchr(names, *at) && *at != '\0'; at += *at == '|') {
        size_t size = strspn(at, names);
        int status = status_named(at, size);
        if (status < 0)
            give_up(path, "ends in a way that there is not");
        expected |= UINT32_C(1) << status;
        at += size;
    }
    return expected;
}

static void add_tenant(crowd *to, const char *folder, const char *name) {
    char path[4096];
    if (to->count == TENANTS_MAX)
        give_up(folder, "too many tenants");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    tenant *one = &to->list[to->count++];
    one->text = read_whole(path, &one->size);
    one->name = strdup(name);
    one->expected = expected_of(path, one->text);
}

/* Those of a folder named "rogue" are, whatever they are called. */
static void read_folder(const char *folder) {
    const char *slash = strrchr(folder, '/');
    bool is_rogue = strcmp(slash ? slash + 1 : folder, "rogue") == 0;
    DIR *directory = opendir(folder);
    if (!directory)
        give_up(folder, strerror(errno));
    for (const struct dirent *item; (item = readdir(directory)) != NULL;) {
        size_t size = strlen(item->d_name);
        if (size > 4 && strcmp(item->d_name + size - 4, ".lua") == 0)
            add_tenant(is_rogue ? &rogue : &honest, folder, item->d_name);
    }
    closedir(directory);
}

static void free_crowd(crowd *of) {
    for (size_t i = 0; i < of->count; i++) {
        free(of->list[i].name);
        free(of->list[i].text);
    }
}

/* --- Latencies: sixteen steps to a doubling, from a nanosecond on --- */

enum { STEPS = 16, BUCKETS = 64 * STEPS };

typedef struct histogram {
    _Atomic(uint32_t) count[BUCKETS];
} histogram;

static size_t bucket_of(uint64_t ns) {
    if (ns < STEPS)
        return (size_t)ns;
    unsigned log = 63u - (unsigned)__builtin_clzll(ns);
    return (size_t)(log - 3) * STEPS + (size_t)(ns >> (log - 4) & (STEPS - 1));
}

/* The least that falls into a bucket, in microseconds. */
static double bucket_us(size_t bucket) {
    if (bucket < STEPS)
        return (double)bucket / 1e3;
    size_t log = bucket / STEPS + 3;
    return (double)((STEPS + (uint64_t)(bucket % STEPS)) << (log - 4)) / 1e3;
}

static double percentile(const uint32_t *counts, uint64_t total, double share) {
    uint64_t below = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        below += counts[i];
        if (total > 0 && (double)below >= share * (double)total)
            return bucket_us(i);
    }
    return 0;
}

/* --- What is shared --- */

typedef struct sample {
    double second, p50_us, p99_us;
    long resident_kib;
    uint64_t runs, in_use, idle, made;
} sample;

static lunette_engine *engine;
static lunette_template *other; /* half of the runs start from this one */
static histogram latencies;
static _Atomic(uint64_t) endings[STATUSES], runs, printed, failures;
static atomic_bool over;
static sample *samples;
static size_t sample_count;

static void fail(const char *what, const char *detail) {
    if (atomic_fetch_add(&failures, 1) < 20)
        fprintf(stderr, "soak: %s: %s\n", what, detail);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void on_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    atomic_fetch_add_explicit(&printed, size, memory_order_relaxed);
}

/* --- Workers --- */

static void run_tenant(lunette_context *context, const tenant *one) {
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = one->expected >> LUNETTE_TIME_LIMIT & 1 ? ENDLESS_NS : OTHERS_NS;
    options.limits = &limits;
    lunette_status status = lunette_context_run(context, one->name, one->text, one->size, &options, NULL);
    if (status < 0 || !(one->expected >> status & 1)) {
        char text[300];
        snprintf(text, sizeof text, "%s: %s", lunette_status_name(status),
                 status > 0 ? lunette_context_error(context)->message : lunette_last_failure());
        fail(one->name, text);
    } else {
        atomic_fetch_add_explicit(&endings[status], 1, memory_order_relaxed);
    }
}

static void verify(lunette_context *context) {
    if (lunette_context_reset(context) != LUNETTE_OK || lunette_context_verify(context) != LUNETTE_OK)
        fail("not clean", lunette_last_failure());
}

static void one_request(uint64_t *random) {
    const crowd *from = next_random(random) % ROGUE_SHARE == 0 ? &rogue : &honest;
    const tenant *one = &from->list[next_random(random) % from->count];
    lunette_context *context;
    uint64_t start = now();
    lunette_status status = next_random(random) % 2
                                ? lunette_context_acquire(engine, &context)
                                : lunette_context_acquire_from(other, UINT64_MAX, &context);
    if (status != LUNETTE_OK) {
        fail("acquire", lunette_last_failure());
        return;
    }
    run_tenant(context, one);
    if (next_random(random) % VERIFY_SHARE == 0)
        verify(context);
    if (lunette_context_release(&context) != LUNETTE_OK)
        fail("release", lunette_last_failure());
    atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed);
    if (from == &honest)
        atomic_fetch_add_explicit(&latencies.count[bucket_of(now() - start)], 1, memory_order_relaxed);
}

/* Every context there can be meets every rogue: from then on none needs more memory than it has had. */
static void warm_up(size_t count) {
    lunette_context *contexts[2 * THREADS_MAX];
    for (size_t i = 0; i < count; i++) {
        if (lunette_context_acquire(engine, &contexts[i]) != LUNETTE_OK)
            give_up("warm-up", lunette_last_failure());
        for (size_t k = 0; k < rogue.count; k++)
            run_tenant(contexts[i], &rogue.list[k]);
    }
    for (size_t i = 0; i < count; i++)
        lunette_context_release(&contexts[i]);
}

static void *work(void *ud) {
    uint64_t random = 0x9E3779B97F4A7C15u * ((uint64_t)(uintptr_t)ud + 1);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        one_request(&random);
    return NULL;
}

/* --- Samples --- */

static long resident_kib(void) {
    long pages = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm || fscanf(statm, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (statm)
        fclose(statm);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Whatever came in since the last sample. */
static void take_sample(double second, uint64_t *runs_before) {
    static uint32_t counts[BUCKETS];
    lunette_pool_stats pool = {.size = sizeof pool};
    uint64_t total = 0, runs_now = atomic_load(&runs);
    for (size_t i = 0; i < BUCKETS; i++)
        total += counts[i] = atomic_exchange_explicit(&latencies.count[i], 0, memory_order_relaxed);
    lunette_engine_pool_stats(engine, &pool);
    samples[sample_count++] = (sample){
        .second = second,
        .p50_us = percentile(counts, total, 0.5),
        .p99_us = percentile(counts, total, 0.99),
        .resident_kib = resident_kib(),
        .runs = runs_now - *runs_before,
        .in_use = pool.in_use,
        .idle = pool.idle,
        .made = pool.made,
    };
    *runs_before = runs_now;
}

static void sleep_until(uint64_t moment) {
    struct timespec until = {.tv_sec = (time_t)(moment / 1000000000), .tv_nsec = (long)(moment % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static void soak(long seconds, size_t thread_count) {
    pthread_t threads[THREADS_MAX];
    uint64_t start = now(), runs_before = 0;
    for (size_t i = 0; i < thread_count; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) != 0)
            give_up("threads", strerror(errno));
    for (long second = 1; second <= seconds; second++) {
        sleep_until(start + (uint64_t)second * 1000000000);
        take_sample((double)(now() - start) / 1e9, &runs_before);
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
}

/* --- The verdict --- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef double (*property)(const sample *of);

static double property_memory(const sample *of) {
    return (double)of->resident_kib;
}

static double property_p99(const sample *of) {
    return of->p99_us;
}

static double property_runs(const sample *of) {
    return (double)of->runs;
}

/* A tenth of the samples, in order: the first one (without the warm-up) or the last. Of these the value that `share` are
 * below. */
static double tenth(bool last, property of, double share) {
    size_t skipped = sample_count > 10 * WARM_UP ? WARM_UP : 0;
    size_t count = (sample_count - skipped) / 10;
    count = count < 3 && sample_count >= 3 ? 3 : count + 1;
    count = count < sample_count ? count : sample_count;
    size_t first = last ? sample_count - count : skipped;
    double *values = malloc(count * sizeof *values);
    if (!values)
        give_up("verdict", "no memory");
    for (size_t i = 0; i < count; i++)
        values[i] = of(&samples[first + i]);
    qsort(values, count, sizeof *values, compare_doubles);
    double value = values[(size_t)(share * (double)(count - 1))];
    free(values);
    return value;
}

/* first, last: of the first tenth and the last. */
static void judge(const char *what, double first, double last, double allowed) {
    char text[128];
    printf("%-22s %12.0f in the first tenth, %12.0f in the last; at most %.0f\n", what, first, last, allowed);
    if (last > allowed) {
        snprintf(text, sizeof text, "%.0f in the first tenth, %.0f in the last", first, last);
        fail(what, text);
    }
}

/* Memory by its floor, since a sample sees what runs hold just then; too few samples may all have seen that. */
static void judge_samples(size_t thread_count) {
    double memory = tenth(false, property_memory, 0), p99 = tenth(false, property_p99, 0.5);
    double held = sample_count < LONG_ENOUGH ? (double)(thread_count * (MEMORY_LIMIT >> 10)) : 0;
    if (!SANITIZED)
        judge("resident memory, KiB", memory, tenth(true, property_memory, 0),
              memory + memory * MEMORY_PERCENT / 100 + MEMORY_KIB + held);
    if (sample_count >= LONG_ENOUGH)
        judge("p99 of a request, us", p99, tenth(true, property_p99, 0.5), p99 * P99_FACTOR);
    printf("%-22s %12.0f in the first tenth, %12.0f in the last\n", "runs a second",
           tenth(false, property_runs, 0.5), tenth(true, property_runs, 0.5));
}

static void judge_pool(lunette_pool_stats *pool, size_t warmed_up) {
    char text[256];
    *pool = (lunette_pool_stats){.size = sizeof *pool};
    lunette_engine_pool_stats(engine, pool);
    snprintf(
        text, sizeof text,
        "%llu made, %llu destroyed, %llu in use, %llu idle; %llu acquires for %llu requests and %zu warmed up",
        (unsigned long long)pool->made, (unsigned long long)pool->destroyed, (unsigned long long)pool->in_use,
        (unsigned long long)pool->idle, (unsigned long long)pool->acquires, (unsigned long long)runs,
        warmed_up);
    printf("pool: %s\n", text);
    if (pool->in_use != 0 || pool->made != pool->destroyed + pool->idle || pool->acquires != runs + warmed_up)
        fail("contexts are lost", text);
}

/* --- The file --- */

static void write_json(const char *path, size_t thread_count, const lunette_pool_stats *pool) {
    FILE *file = fopen(path, "we");
    if (!file)
        give_up(path, strerror(errno));
    fprintf(file, "{\"threads\":%zu,\"tenants\":%zu,\"runs\":%llu,\"failures\":%llu,\"endings\":{",
            thread_count, honest.count + rogue.count, (unsigned long long)runs, (unsigned long long)failures);
    for (int status = 0, first = 1; status < STATUSES; status++) {
        if (endings[status] == 0)
            continue;
        fprintf(file, "%s\"%s\":%llu", first ? "" : ",", lunette_status_name((lunette_status)status),
                (unsigned long long)endings[status]);
        first = 0;
    }
    fprintf(
        file,
        "},\"pool\":{\"made\":%llu,\"destroyed\":%llu,\"in_use\":%llu,\"idle\":%llu,\"acquires\":%llu},\n",
        (unsigned long long)pool->made, (unsigned long long)pool->destroyed, (unsigned long long)pool->in_use,
        (unsigned long long)pool->idle, (unsigned long long)pool->acquires);
    fputs("\"samples\":[\n", file);
    for (size_t i = 0; i < sample_count; i++) {
        const sample *one = &samples[i];
        fprintf(file,
                "{\"second\":%.3f,\"runs\":%llu,\"p50_us\":%.6g,\"p99_us\":%.6g,\"resident_kib\":%ld,"
                "\"in_use\":%llu,\"idle\":%llu,\"made\":%llu}%s\n",
                one->second, (unsigned long long)one->runs, one->p50_us, one->p99_us, one->resident_kib,
                (unsigned long long)one->in_use, (unsigned long long)one->idle, (unsigned long long)one->made,
                i + 1 < sample_count ? "," : "");
    }
    fputs("]}\n", file);
    if (fclose(file) != 0)
        give_up(path, strerror(errno));
}

/* --- The whole --- */

static void open_engine(size_t thread_count) {
    static const char module[] = "local M = {} for i = 1, 200 do M[i] = { name = 'item ' .. i } end return M";
    lunette_config config = lunette_config_default();
    lunette_preload preload = {.name = "catalogue", .text = module, .text_size = SIZE_MAX};
    lunette_template_config with_catalogue = lunette_template_config_default();
    with_catalogue.preload = &preload;
    with_catalogue.preload_count = 1;
    config.output = on_output;
    config.limits.memory = MEMORY_LIMIT;
    config.pool.max = 2 * thread_count;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK ||
        lunette_template_open(engine, &with_catalogue, &other) != LUNETTE_OK)
        give_up("engine", lunette_last_failure());
}

int main(int argc, char **argv) {
    char *end = NULL;
    long seconds = argc > 3 ? strtol(argv[1], &end, 10) : 0;
    if (argc < 4 || *end != '\0' || seconds < 1 || seconds > SECONDS_MAX)
        give_up("usage", "soak SECONDS JSON-FILE FOLDER...");
    for (int i = 3; i < argc; i++)
        read_folder(argv[i]);
    if (honest.count == 0 || rogue.count == 0)
        give_up("tenants", "there must be honest ones and, in a folder named rogue, others");
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t thread_count = processors > 0 && processors < THREADS_MAX ? (size_t)processors : THREADS_MAX;
    samples = calloc((size_t)seconds, sizeof *samples);
    if (!samples)
        give_up("samples", "no memory");
    memset(samples, 1, (size_t)seconds * sizeof *samples); /* resident from the start */
    open_engine(thread_count);
    warm_up(2 * thread_count);
    soak(seconds, thread_count);

    lunette_pool_stats pool;
    judge_pool(&pool, 2 * thread_count);
    judge_samples(thread_count);
    write_json(argv[2], thread_count, &pool);
    lunette_template_close(&other);
    lunette_engine_close(&engine);
    free(samples);
    free_crowd(&honest);
    free_crowd(&rogue);
    printf("%llu runs by %zu threads in %ld s, %llu failures\n", (unsigned long long)runs, thread_count,
           seconds, (unsigned long long)failures);
    return failures == 0 ? 0 : 1;
}
