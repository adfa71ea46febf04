/* overshoot:CATEGORY   how long after its deadline a script's host has control back, over the hostile scripts
 *                      that live to their deadline; the category is a file's name up to its first dash, `all` is
 *                      all of them
 *
 * The value is the median; p50, p99, max and the script of the worst case stand beside it, and 51 quantiles, from the
 * least to the greatest. There is no peer that
 * ends these scripts at all, so the deadline itself stands in its place. A run that had to wait for a processor
 * says how late the machine is, not the guard: it is made again, as often as there are repeats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#include "bench.h"

enum { REPEATS = 5, CATEGORIES_MAX = 16, QUANTILES = 51, WAITED_NS = 100 * 1000 };

static const uint64_t DEADLINE_NS = UINT64_C(20000000);

typedef struct category {
    char name[32];
    double *us;
    size_t count, room;
    unsigned scripts;
    double worst;
    char worst_script[64];
} category;

static category categories[CATEGORIES_MAX];
static size_t category_count;

static category *category_named(const char *name, size_t size) {
    for (size_t i = 0; i < category_count; i++) {
        if (strlen(categories[i].name) == size && memcmp(categories[i].name, name, size) == 0)
            return &categories[i];
    }
    if (category_count == CATEGORIES_MAX || size >= sizeof categories[0].name)
        bench_fail("more categories than there is room for");
    category *made = &categories[category_count++];
    memcpy(made->name, name, size);
    return made;
}

static void add(category *to, const char *script, double us) {
    if (to->count == to->room) {
        to->room = to->room * 2 + 64;
        to->us = realloc(to->us, to->room * sizeof *to->us);
        if (!to->us)
            bench_fail("no memory");
    }
    to->us[to->count++] = us;
    if (us >= to->worst) {
        to->worst = us;
        snprintf(to->worst_script, sizeof to->worst_script, "%s", script);
    }
}

static void ignore_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
}

static void ignore_log(void *ud, const char *line) {
    (void)ud;
    (void)line;
}

static lunette_context *open_context(void) {
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    lunette_context *context;
    config.limits.wall_ns = DEADLINE_NS;
    config.output = ignore_output;
    config.log = ignore_log;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK ||
        lunette_context_acquire(engine, &context) != LUNETTE_OK)
        bench_fail("%s", lunette_last_failure());
    return context;
}

/* Microseconds past the deadline; below 0 where the run ended before it. */
static double run_once(lunette_context *context, const char *name, const char *text, size_t size,
                       bool *waited) {
    lunette_value *results = NULL;
    lunette_context_reset(context);
    uint64_t processor = bench_processor();
    uint64_t start = bench_now();
    lunette_context_run(context, name, text, size, NULL, &results);
    uint64_t ns = bench_now() - start;
    *waited = ns > bench_processor() - processor + WAITED_NS;
    lunette_value_free(&results);
    return ((double)ns - (double)DEADLINE_NS) / 1e3;
}

/* What follows the mark is another tenant's part of the file. */
static size_t first_tenant(const char *text, size_t size) {
    const char *mark = strstr(text, "\n--@NEXT-TENANT");
    return mark ? (size_t)(mark - text) : size;
}

static void run_script(lunette_context *context, const char *path) {
    char name[64];
    size_t size;
    char *text = bench_read(path, &size);
    bench_base_name(path, name, sizeof name);
    category *own = category_named(name, strcspn(name, "-"));
    category *all = category_named("all", 3);
    size_t before = own->count;
    size = first_tenant(text, size);
    int again = REPEATS;
    for (int i = 0; i < REPEATS;) {
        bool waited;
        double us = run_once(context, name, text, size, &waited);
        if (waited && again-- > 0)
            continue;
        i++;
        if (us > 0) {
            add(own, name, us);
            add(all, name, us);
        }
    }
    own->scripts += own->count > before;
    all->scripts += own->count > before;
    free(text);
}

/* As a member of the entry's object. */
static void print_quantiles(char *to, size_t size, category *of) {
    int used = snprintf(to, size, ",\"quantiles\":[");
    for (int i = 0; i < QUANTILES; i++) {
        double value =
            i + 1 == QUANTILES ? of->worst : bench_quantile(of->us, of->count, (double)i / (QUANTILES - 1));
        used += snprintf(to + used, size - (size_t)used, "%s%.5g", i > 0 ? "," : "", value);
    }
    snprintf(to + used, size - (size_t)used, "]");
}

static void report(category *of) {
    char name[64], extra[256 + QUANTILES * 16], quantiles[QUANTILES * 16], note[160];
    double p50 = bench_quantile(of->us, of->count, 0.5);
    double p99 = bench_quantile(of->us, of->count, 0.99);
    print_quantiles(quantiles, sizeof quantiles, of);
    snprintf(name, sizeof name, "overshoot:%.31s", of->name);
    snprintf(extra, sizeof extra,
             ",\"p50\":%.5g,\"p99\":%.5g,\"max\":%.5g,\"scripts\":%u,\"runs\":%zu,\"worst\":\"%s\"%s", p50,
             p99, of->worst, of->scripts, of->count, of->worst_script, quantiles);
    snprintf(note, sizeof note, "p99 %.0f, max %.0f (%s), %u scripts", p99, of->worst, of->worst_script,
             of->scripts);
    bench_entry entry = {
        .name = name,
        .lunette = p50,
        .peer = (double)DEADLINE_NS / 1e3,
        .peer_name = "the deadline itself",
        .ratio = (double)DEADLINE_NS / 1e3 / p50,
        .extra = extra,
        .note = note,
    };
    bench_report(&entry);
}

static bool category_wanted(const char *path) {
    char base[64], name[80];
    bench_base_name(path, base, sizeof base);
    snprintf(name, sizeof name, "overshoot:%.*s", (int)strcspn(base, "-"), base);
    return bench_wanted(name) || bench_wanted("overshoot:all");
}

int main(int argc, char **argv) {
    int first = bench_begin(argc, argv);
    if (first + 1 != argc)
        bench_fail("usage: bench_overshoot [--filter PREFIX] [--json FILE] FOLDER");
    size_t count;
    char **paths = bench_scripts(argv[first], &count);
    lunette_context *context = open_context();
    for (size_t i = 0; i < count; i++) {
        if (category_wanted(paths[i]))
            run_script(context, paths[i]);
    }
    for (size_t i = 0; i < category_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "overshoot:%.31s", categories[i].name);
        if (categories[i].count > 0 && bench_wanted(name))
            report(&categories[i]);
    }
    return 0;
}
