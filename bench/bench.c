#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUND_NS = 6 * 1000 * 1000,  /* of a side whose count is not given */
    WAITED_SHARE = 50,           /* one part in so many of a side's time spent waiting spoils its round */
    WAITED_LEAST_NS = 20 * 1000, /* what the clocks themselves differ by */
    SEEN_SHARE = 4,              /* of a round: calibration stops doubling when it has seen so much of one */
};

static const char *filter = "";
static FILE *json;
static bool failed;

/* --- The rest of the program -------------------------------------------------------------------------------- */

void bench_give_up(void) {
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static void warn_of_build(void) {
#ifndef NDEBUG
    fputs("bench: this is not a release build; its numbers say little\n", stderr);
#endif
}

int bench_begin(int argc, char **argv) {
    int i = 1;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--filter") == 0)
            filter = argv[i + 1];
        else if (strcmp(argv[i], "--json") != 0)
            bench_fail("unknown option %s", argv[i]);
        else if ((json = fopen(argv[i + 1], "ae")) == NULL)
            bench_fail("cannot write %s: %s", argv[i + 1], strerror(errno));
    }
    warn_of_build();
    return i;
}

int bench_end(void) {
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

bool bench_wanted(const char *name) {
    return strncmp(name, filter, strlen(filter)) == 0;
}

uint64_t bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t bench_processor(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- A side's process --------------------------------------------------------------------------------------- */

typedef struct reply {
    uint64_t ns;
    uint64_t waited; /* of the whole call, also what work() left out */
    uint64_t check;
} reply;

static reply side_round(const bench_side *side, void *ud, uint64_t count) {
    reply answer = {0};
    uint64_t processor = bench_processor();
    uint64_t start = bench_now();
    answer.ns = side->work(ud, count, &answer.check);
    uint64_t wall = bench_now() - start;
    processor = bench_processor() - processor;
    answer.waited = wall > processor ? wall - processor : 0;
    return answer;
}

__attribute__((noreturn)) static void side_main(const bench_side *side, int from, int to) {
    void *ud = side->open(side->arg);
    uint64_t count;
    while (read(from, &count, sizeof count) == (ssize_t)sizeof count) {
        reply answer = side_round(side, ud, count);
        if (write(to, &answer, sizeof answer) != (ssize_t)sizeof answer)
            break;
    }
    _exit(0);
}

void bench_serve(const bench_side *side) {
    side_main(side, STDIN_FILENO, STDOUT_FILENO);
}

__attribute__((noreturn)) static void side_execute(const bench_side *side, int from, int to) {
    if (dup2(from, STDIN_FILENO) < 0 || dup2(to, STDOUT_FILENO) < 0)
        bench_fail("dup2: %s", strerror(errno));
    execv(side->program[0], (char *const *)(uintptr_t)side->program);
    bench_fail("%s: %s", side->program[0], strerror(errno));
}

static void side_start(bench_side *side) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0)
        bench_fail("pipe: %s", strerror(errno));
    fflush(NULL);
    side->process = fork();
    if (side->process < 0)
        bench_fail("fork: %s", strerror(errno));
    if (side->process == 0) {
        close(there[1]);
        close(back[0]);
        if (side->program)
            side_execute(side, there[0], back[1]);
        side_main(side, there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    side->to = there[1];
    side->from = back[0];
}

/* A side that was started after this one holds a copy of its pipe: so closing alone would not end it. */
static void side_stop(bench_side *side) {
    close(side->to);
    close(side->from);
    kill(side->process, SIGKILL);
    waitpid(side->process, NULL, 0);
}

/* False: the side has ended. */
static bool side_ask(const bench_side *side, uint64_t count, reply *answer) {
    return write(side->to, &count, sizeof count) == (ssize_t)sizeof count &&
           read(side->from, answer, sizeof *answer) == (ssize_t)sizeof *answer;
}

/* --- Rounds ------------------------------------------------------------------------------------------------- */

/* Doubles until enough of a round is seen to say what fills one. Warms the side up as well. */
static bool calibrate(bench_side *side) {
    reply answer = {0};
    if (side->count != 0)
        return side_ask(side, side->count, &answer);
    uint64_t count = 1;
    while (side_ask(side, count, &answer)) {
        if (answer.ns >= ROUND_NS / SEEN_SHARE) {
            side->count = count * ROUND_NS / answer.ns + 1;
            return true;
        }
        count *= 2;
    }
    return false;
}

/* False: a side has ended. */
static bool play_round(bench_side *sides, size_t count, size_t round, bool *undisturbed) {
    *undisturbed = true;
    for (size_t i = 0; i < count; i++) {
        bench_side *side = &sides[round % 2 == 0 ? i : count - 1 - i];
        reply answer;
        if (!side_ask(side, side->count, &answer))
            return false;
        side->us[round] = (double)answer.ns / 1e3 / (double)side->count;
        side->check = answer.check;
        *undisturbed = *undisturbed && answer.waited <= answer.ns / WAITED_SHARE + WAITED_LEAST_NS;
    }
    return true;
}

static bool play(bench_side *sides, size_t count) {
    size_t again = BENCH_ROUNDS;
    for (size_t i = 0; i < count; i++) {
        if (!calibrate(&sides[i]))
            return false;
    }
    for (size_t round = 0; round < BENCH_ROUNDS;) {
        bool undisturbed;
        if (!play_round(sides, count, round, &undisturbed))
            return false;
        if (undisturbed || again == 0)
            round++;
        else
            again--;
    }
    return true;
}

static bool sides_agree(const bench_side *sides, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (sides[i].check != sides[0].check)
            return false;
    }
    return true;
}

bool bench_measure(const char *name, bench_side *sides, size_t count) {
    for (size_t i = 0; i < count; i++)
        side_start(&sides[i]);
    bool played = play(sides, count);
    for (size_t i = 0; i < count; i++)
        side_stop(&sides[i]);
    bool agree = played && sides_agree(sides, count);
    if (!agree)
        fprintf(stderr, "bench: %s: %s\n", name, played ? "the sides' results differ" : "a side failed");
    failed = failed || !agree;
    return agree;
}

/* --- Numbers ------------------------------------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bench_quantile(double *values, size_t count, double share) {
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, compare_doubles);
    size_t index = (size_t)(share * (double)count);
    return values[index < count ? index : count - 1];
}

double bench_median(const bench_side *side) {
    double us[BENCH_ROUNDS];
    memcpy(us, side->us, sizeof us);
    return bench_quantile(us, BENCH_ROUNDS, 0.5);
}

double bench_ratio(const bench_side *lunette, const bench_side *peer) {
    double ratios[BENCH_ROUNDS];
    for (size_t i = 0; i < BENCH_ROUNDS; i++)
        ratios[i] = peer->us[i] / lunette->us[i];
    return bench_quantile(ratios, BENCH_ROUNDS, 0.5);
}

/* --- Reporting ---------------------------------------------------------------------------------------------- */

/* Four digits that count, whatever the size. */
static const char *format_us(double us, char *text, size_t size) {
    int digits = us < 1 ? 4 : us < 10 ? 3 : us < 100 ? 2 : us < 1000 ? 1 : 0;
    snprintf(text, size, "%.*f", digits, us);
    return text;
}

static void write_object(const bench_entry *entry) {
    fprintf(
        json,
        "{\"name\":\"%s\",\"unit\":\"us\",\"lunette\":%.5g,\"peer\":%.5g,\"peer_name\":\"%s\",\"ratio\":%.4g%s}\n",
        entry->name, entry->lunette, entry->peer, entry->peer_name, entry->ratio,
        entry->extra ? entry->extra : "");
    fflush(json);
}

void bench_report(const bench_entry *entry) {
    char lunette[32], peer[32];
    printf("%-26s %12s %12s %9.2f  %s%s%s\n", entry->name, format_us(entry->lunette, lunette, sizeof lunette),
           format_us(entry->peer, peer, sizeof peer), entry->ratio, entry->peer_name, entry->note ? "; " : "",
           entry->note ? entry->note : "");
    fflush(stdout);
    if (json)
        write_object(entry);
}

void bench_report_pair(const char *name, const bench_side *lunette, const bench_side *peer,
                       const char *peer_name) {
    bench_entry entry = {
        .name = name,
        .lunette = bench_median(lunette),
        .peer = bench_median(peer),
        .peer_name = peer_name,
        .ratio = bench_ratio(lunette, peer),
    };
    bench_report(&entry);
}

/* --- Files -------------------------------------------------------------------------------------------------- */

static void *grown(void *block, size_t size) {
    void *to = realloc(block, size);
    if (!to)
        bench_fail("no memory");
    return to;
}

char *bench_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rbe");
    if (!file)
        bench_fail("%s: %s", path, strerror(errno));
    char *text = NULL;
    size_t used = 0, got;
    do {
        text = grown(text, used + 4096 + 1);
        got = fread(text + used, 1, 4096, file);
        used += got;
    } while (got > 0);
    if (ferror(file))
        bench_fail("%s: %s", path, strerror(errno));
    fclose(file);
    text[used] = '\0';
    *size = used;
    return text;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_script(const char *name) {
    size_t size = strlen(name);
    return size > 4 && strcmp(name + size - 4, ".lua") == 0;
}

char **bench_scripts(const char *folder, size_t *count) {
    DIR *directory = opendir(folder);
    if (!directory)
        bench_fail("%s: %s", folder, strerror(errno));
    char **paths = grown(NULL, sizeof *paths);
    size_t used = 0;
    for (const struct dirent *item; (item = readdir(directory)) != NULL;) {
        if (!is_script(item->d_name))
            continue;
        size_t size = strlen(folder) + strlen(item->d_name) + 2;
        paths = grown(paths, (used + 2) * sizeof *paths);
        paths[used] = grown(NULL, size);
        snprintf(paths[used++], size, "%s/%s", folder, item->d_name);
    }
    closedir(directory);
    qsort(paths, used, sizeof *paths, compare_texts);
    paths[used] = NULL;
    *count = used;
    return paths;
}

const char *bench_base_name(const char *path, char *text, size_t size) {
    const char *slash = strrchr(path, '/');
    const char *start = slash ? slash + 1 : path;
    const char *dot = strrchr(start, '.');
    snprintf(text, size, "%.*s", (int)(dot ? dot - start : (ptrdiff_t)strlen(start)), start);
    return text;
}
