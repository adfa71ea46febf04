/* For each program of bench/programs, at level restricted, from a clean state to its last line:
 *
 * run:PROGRAM          under Lunette with its limits on, against the system's Lua with its own allocator
 * limit-cost:PROGRAM   the same against Lunette without any limit
 * hook:PROGRAM         the same against the system's Lua with a count hook that looks at a clock
 *
 * and of each the geometric mean. The sizes make a run take 50 to 200 ms: long enough that neither side's start
 * counts, short enough that neighbours in time are neighbours. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lunette.h>

#include "bench.h"
#include "sides.h"

static const struct {
    const char *name, *size;
} PROGRAMS[] = {
    {"binary-trees", "13"}, {"fannkuch", "9"},         {"generators", "35000"},
    {"json", "8"},          {"k-nucleotide", "40000"}, {"kernel", "6000"},
    {"lzw", "100000"},      {"mandelbrot", "260"},     {"matrix", "130"},
    {"nbody", "25000"},     {"patterns", "3000"},      {"queens", "11"},
    {"sorting", "25000"},   {"spectral-norm", "140"},  {"string-building", "12000"},
};
enum { PROGRAM_COUNT = sizeof PROGRAMS / sizeof *PROGRAMS };

enum { LIMITED, UNLIMITED, PLAIN, HOOKED, KINDS };

/* An entry is the first side against one of the others. */
static const struct {
    const char *name;
    int peer;
    const char *peer_name;
} ENTRIES[] = {
    {"run", PLAIN, "the system's Lua"},
    {"limit-cost", UNLIMITED, "Lunette without limits"},
    {"hook", HOOKED, "the system's Lua with a count hook of 1000"},
};
enum { ENTRY_COUNT = sizeof ENTRIES / sizeof *ENTRIES };

/* Logarithms, added up. */
static struct mean {
    double lunette, peer, ratio, lowest;
    unsigned count;
} means[ENTRY_COUNT];

static bench_script limited, unlimited;

static void read_program(const char *folder, size_t i) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.lua", folder, PROGRAMS[i].name);
    limited = (bench_script){.name = PROGRAMS[i].name, .argument = PROGRAMS[i].size};
    limited.text = bench_read(path, &limited.size);
    unlimited = limited;
    limited.memory = UINT64_C(64) << 20;
    limited.wall_ns = UINT64_C(60000000000);
    unlimited.memory = LUNETTE_MEMORY_MAX;
    unlimited.wall_ns = LUNETTE_UNLIMITED;
}

static bench_side side_of(int kind) {
    switch (kind) {
    case LIMITED:
        return (bench_side){
            .open = bench_lunette_open, .arg = &limited, .work = bench_lunette_run, .count = 1};
    case UNLIMITED:
        return (bench_side){
            .open = bench_lunette_open, .arg = &unlimited, .work = bench_lunette_run, .count = 1};
    case PLAIN:
        return (bench_side){.open = bench_plain_open, .arg = &limited, .work = bench_plain_run, .count = 1};
    default:
        return (bench_side){.open = bench_plain_open, .arg = &limited, .work = bench_hooked_run, .count = 1};
    }
}

static void entry_name(char *text, size_t size, size_t entry, const char *of) {
    snprintf(text, size, "%s:%s", ENTRIES[entry].name, of);
}

static void add(struct mean *mean, const bench_side *lunette, const bench_side *peer) {
    double ratio = bench_ratio(lunette, peer);
    mean->lunette += log(bench_median(lunette));
    mean->peer += log(bench_median(peer));
    mean->ratio += log(ratio);
    mean->lowest = mean->count == 0 || ratio < mean->lowest ? ratio : mean->lowest;
    mean->count++;
}

static void measure_program(size_t i) {
    bench_side sides[KINDS] = {side_of(LIMITED)};
    size_t count = 1;
    size_t place[ENTRY_COUNT] = {0};
    char name[64];
    for (size_t e = 0; e < ENTRY_COUNT; e++) {
        entry_name(name, sizeof name, e, PROGRAMS[i].name);
        if (bench_wanted(name)) {
            place[e] = count;
            sides[count++] = side_of(ENTRIES[e].peer);
        }
    }
    if (count == 1 || !bench_measure(PROGRAMS[i].name, sides, count))
        return;
    for (size_t e = 0; e < ENTRY_COUNT; e++) {
        if (place[e] == 0)
            continue;
        entry_name(name, sizeof name, e, PROGRAMS[i].name);
        bench_report_pair(name, &sides[0], &sides[place[e]], ENTRIES[e].peer_name);
        add(&means[e], &sides[0], &sides[place[e]]);
    }
}

static void report_mean(size_t e) {
    const struct mean *mean = &means[e];
    char name[64], extra[64], note[64];
    entry_name(name, sizeof name, e, "geomean");
    snprintf(extra, sizeof extra, ",\"programs\":%u,\"lowest\":%.4g", mean->count, mean->lowest);
    snprintf(note, sizeof note, "%u programs, lowest %.2f", mean->count, mean->lowest);
    bench_entry entry = {
        .name = name,
        .lunette = exp(mean->lunette / mean->count),
        .peer = exp(mean->peer / mean->count),
        .peer_name = ENTRIES[e].peer_name,
        .ratio = exp(mean->ratio / mean->count),
        .extra = extra,
        .note = note,
    };
    bench_report(&entry);
}

int main(int argc, char **argv) {
    int first = bench_begin(argc, argv);
    if (first + 1 != argc)
        bench_fail("usage: bench_programs [--filter PREFIX] [--json FILE] FOLDER");
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        read_program(argv[first], i);
        measure_program(i);
    }
    for (size_t e = 0; e < ENTRY_COUNT; e++) {
        if (means[e].count > 0)
            report_mean(e);
    }
    return bench_end();
}
