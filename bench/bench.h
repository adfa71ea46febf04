/* What the benchmarks share: sides that take turns, medians, and one line per entry.
 *
 * A comparison has sides: the same work done by Lunette and by what it is compared with. Each side lives in a
 * process of its own, so that no side's heap, threads or signal handlers touch another's (a process that has
 * ever had a second thread has a slower malloc), and the sides take turns: A B, B A, A B... What disturbs a
 * shared machine then disturbs neighbours alike, and the ratio of an entry is the median of the ratios of
 * neighbours. A round in which a side waited for a processor is measured again, as often as there are rounds;
 * from then on it counts as it is. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { BENCH_ROUNDS = 11, BENCH_SIDES_MAX = 5 };

/* Does the work `count` times and returns the nanoseconds spent in what is to be measured. `*check` is for
 * what came out of it: sides that did the same work agree on it. */
typedef uint64_t (*bench_work)(void *ud, uint64_t count, uint64_t *check);

typedef struct bench_side {
    void *(*open)(const void *arg); /* called once, in the side's own process */
    const void *arg;
    bench_work work;
    uint64_t count; /* how often in each round; 0: as often as fills a round */

    /* In place of open() and work(): a program that calls bench_serve() with those, and its arguments; NULL: none. So a
     * side can have other libraries. */
    const char *const *program;

    /* Filled in by bench_measure(). */
    double us[BENCH_ROUNDS]; /* for one time */
    uint64_t check;

    /* bench.c's own. */
    pid_t process;
    int to, from;
} bench_side;

/* What one entry says. Times in microseconds. */
typedef struct bench_entry {
    const char *name;
    double lunette, peer;
    const char *peer_name;
    double ratio;      /* above 1: Lunette is ahead */
    const char *extra; /* more members for the entry's JSON object, each `,"key":value`; NULL: none */
    const char *note;  /* for people, at the end of the line; NULL: none */
} bench_entry;

/* Reads `--filter PREFIX` and `--json FILE`; returns the index of the first argument after them. */
int bench_begin(int argc, char **argv);

/* The program's exit status: failure if any measurement was. */
int bench_end(void);

/* Whether the entry was asked for: its name begins with the filter. */
bool bench_wanted(const char *name);

/* Runs the sides in turns. False, with a sentence on standard error: a side failed, or they disagree. */
bool bench_measure(const char *name, bench_side *sides, size_t count);

/* The rest of a side's program. `open`, `arg` and `work` count. */
__attribute__((noreturn)) void bench_serve(const bench_side *side);

double bench_median(const bench_side *side);

/* Of the peer's time to Lunette's, by neighbours. */
double bench_ratio(const bench_side *lunette, const bench_side *peer);

/* Prints the entry's line, and adds its object as one line to the JSON file. */
void bench_report(const bench_entry *entry);

/* The entry of two measured sides. */
void bench_report_pair(const char *name, const bench_side *lunette, const bench_side *peer,
                       const char *peer_name);

/* Monotonic, in nanoseconds. */
uint64_t bench_now(void);

/* What this process has used of the processors, in nanoseconds. */
uint64_t bench_processor(void);

/* Value number floor(share * count) of an array that this sorts; 0 where it is empty. */
double bench_quantile(double *values, size_t count, double share);

/* Ends the program (or a side) with a sentence on standard error. */
#define bench_fail(...) (fputs("bench: ", stderr), fprintf(stderr, __VA_ARGS__), bench_give_up())
__attribute__((noreturn)) void bench_give_up(void);

/* A whole file; the caller's to free. */
char *bench_read(const char *path, size_t *size);

/* The `*.lua` of a folder, in order, as paths; NULL at the end. Nothing of it is freed. */
char **bench_scripts(const char *folder, size_t *count);

/* "nbody" of "bench/programs/nbody.lua", into `text`. */
const char *bench_base_name(const char *path, char *text, size_t size);

#endif
