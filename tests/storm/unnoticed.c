/* A script that finishes in time never notices its limits: its output, results and status are the same without any, with
 * ample ones, and with a deadline that lands at a random, mostly short distance behind its end.
 *
 *     unnoticed RUNS FILE...
 *
 * A run may be ended by such a deadline (then the machine was slower than last time); but one that ends ok has given
 * exactly what it gives without limits. Look in src/guard/run.c (a late signal) and src/lua/enter.c (hooks left behind). */
#include <lunette.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct record {
    char *bytes;
    size_t size, room;
    bool failed;
} record;

static record *written;

static void write_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    if (written->size + size > written->room) {
        size_t room = (written->size + size) * 2;
        char *more = realloc(written->bytes, room);
        if (!more) {
            written->failed = true;
            return;
        }
        written->bytes = more;
        written->room = room;
    }
    memcpy(written->bytes + written->size, bytes, size);
    written->size += size;
}

static char *read_whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = malloc(1 << 20);
    *size = text ? fread(text, 1, 1 << 20, file) : 0;
    fclose(file);
    return text;
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static lunette_engine *engine;

/* One run in a clean context; the wall time it took. */
static lunette_status run(const char *path, const char *text, size_t size, uint64_t wall_ns, record *output,
                          lunette_value **results, uint64_t *took) {
    lunette_context *context;
    lunette_run_options options = lunette_run_options_default();
    lunette_limits limits = lunette_limits_default();
    lunette_stats stats = {.size = sizeof stats};
    limits.wall_ns = wall_ns;
    options.limits = &limits;
    output->size = 0;
    written = output;
    lunette_status status = lunette_context_acquire(engine, &context);
    if (status != LUNETTE_OK)
        return status;
    status = lunette_context_run(context, path, text, size, &options, results);
    lunette_context_stats(context, &stats);
    *took = stats.wall_ns;
    lunette_context_release(&context);
    return status;
}

static bool same(const record *a, const record *b, const lunette_value *x, const lunette_value *y) {
    return !a->failed && !b->failed && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0 &&
           lunette_value_equal(x, y);
}

/* True: no run was told from the first. */
static bool try_file(const char *path, long runs, long *ended) {
    record plain = {0}, limited = {0};
    lunette_value *first, *results;
    uint64_t typical, took, random = 0x2545F4914F6CDD1Du;
    size_t size;
    bool right = true;
    char *text = read_whole(path, &size);
    if (!text || run(path, text, size, LUNETTE_UNLIMITED, &plain, &first, &typical) != LUNETTE_OK) {
        fprintf(stderr, "%s: does not run without limits\n", path);
        free(text);
        return false;
    }
    for (long i = 0; i < runs && right; i++) {
        uint64_t behind = next_random(&random) % (i % 2 ? typical / 4 + 1 : 3 * typical + 1);
        lunette_status status = run(path, text, size, typical + behind, &limited, &results, &took);
        typical = took < typical ? took : typical;
        if (status == LUNETTE_OK)
            right = same(&plain, &limited, first, results);
        else
            right = status == LUNETTE_TIME_LIMIT;
        *ended += status != LUNETTE_OK;
        if (!right)
            fprintf(stderr, "%s: run %ld ended with %s, and not as without limits\n", path, i,
                    lunette_status_name(status));
        lunette_value_free(&results);
    }
    lunette_value_free(&first);
    free(plain.bytes);
    free(limited.bytes);
    free(text);
    return right;
}

int main(int argc, char **argv) {
    long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 0, ended = 0;
    lunette_config config = lunette_config_default();
    config.output = write_output;
    config.deterministic = true;
    if (runs <= 0 || argc < 3 || lunette_engine_open(&config, &engine) != LUNETTE_OK) {
        fprintf(stderr, "usage: unnoticed RUNS FILE...\n");
        return 2;
    }
    bool right = true;
    for (int i = 2; i < argc; i++)
        right = try_file(argv[i], runs, &ended) && right;
    printf("%d scripts, %ld runs each; %ld were ended by their deadline\n", argc - 2, runs, ended);
    lunette_engine_close(&engine);
    return right && ended < runs * (argc - 2) ? 0 : 1;
}
