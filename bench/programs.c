/* For each program of bench/programs, at level restricted, from a clean state to its last line:
 *
 * run:PROGRAM          under Lunette with its limits on, against the system's Lua with its own allocator; Lunette on the
 *                      Lua of the build that SIDE, its bench_side, comes from, without one on the system's, too
 * run-system:PROGRAM   the same with Lunette on the system's Lua
 * limit-cost:PROGRAM   that against Lunette without any limit
 * hook:PROGRAM         that against the system's Lua with a count hook that looks at a clock
 *
 * and of each the geometric mean. The sizes make a run take 50 to 200 ms: long enough that neither side's start
 * counts, short enough that neighbours in time are neighbours. This program itself is built with the system's Lua. */
#include <inttypes.h>
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

enum { LIMITED, UNLIMITED, PLAIN, HOOKED, ELSEWHERE, KINDS };

/* An entry is one side against another. */
static struct {
    const char *name;
    int lunette, peer;
    const char *peer_name, *note;
} entries[] = {
    {"run", ELSEWHERE, PLAIN, "the system's Lua", "Lunette on an optimised Lua"},
    {"run-system", LIMITED, PLAIN, "the system's Lua", "Lunette on the system's Lua"},
    {"limit-cost", LIMITED, UNLIMITED, "Lunette without limits", NULL},
    {"hook", LIMITED, HOOKED, "the system's Lua with a count hook of 1000", NULL},
};
enum { ENTRY_COUNT = sizeof entries / sizeof *entries };

/* Logarithms, added up. */
static struct mean {
    double lunette, peer, ratio, lowest;
    unsigned count;
} means[ENTRY_COUNT];

static bench_script limited, unlimited;

/* The other build's program, and its arguments; without a first: there is none. */
static char elsewhere_path[4096], elsewhere_memory[24], elsewhere_wall[24];
static const char *elsewhere[7];

static void fill_elsewhere(void) {
    snprintf(elsewhere_memory, sizeof elsewhere_memory, "%" PRIu64, limited.memory);
    snprintf(elsewhere_wall, sizeof elsewhere_wall, "%" PRIu64, limited.wall_ns);
    elsewhere[1] = elsewhere_path;
    elsewhere[2] = limited.name;
    elsewhere[3] = limited.argument;
    elsewhere[4] = elsewhere_memory;
    elsewhere[5] = elsewhere_wall;
}

static void read_program(const char *folder, size_t i) {
    snprintf(elsewhere_path, sizeof elsewhere_path, "%s/%s.lua", folder, PROGRAMS[i].name);
    limited = (bench_script){.name = PROGRAMS[i].name, .argument = PROGRAMS[i].size};
    limited.text = bench_read(elsewhere_path, &limited.size);
    unlimited = limited;
    limited.memory = UINT64_C(64) << 20;
    limited.wall_ns = UINT64_C(60000000000);
    unlimited.memory = LUNETTE_MEMORY_MAX;
    unlimited.wall_ns = LUNETTE_UNLIMITED;
    fill_elsewhere();
}

static bench_side side_of(int kind) {
    switch (kind) {
    case LIMITED:
        return (bench_side){
            .open = bench_lunette_open, .arg = &limited, .work = bench_lunette_run, .count = 1};
    case UNLIMITED:
        return (bench_side){
            .open = bench_lunette_open, .arg = &unlimited, .work = bench_lunette_run, .count = 1};
    case ELSEWHERE:
        return (bench_side){.program = elsewhere, .count = 1};
    case PLAIN:
        return (bench_side){.open = bench_plain_open, .arg = &limited, .work = bench_plain_run, .count = 1};
    default:
        return (bench_side){.open = bench_plain_open, .arg = &limited, .work = bench_hooked_run, .count = 1};
    }
}

static void entry_name(char *text, size_t size, size_t entry, const char *of) {
    snprintf(text, size, "%s:%s", entries[entry].name, of);
}

static void add(struct mean *mean, const bench_side *lunette, const bench_side *peer) {
    double ratio = bench_ratio(lunette, peer);
    mean->lunette += log(bench_median(lunette));
    mean->peer += log(bench_median(peer));
    mean->ratio += log(ratio);
    mean->lowest = mean->count == 0 || ratio < mean->lowest ? ratio : mean->lowest;
    mean->count++;
}

static bool is_wanted(size_t entry, size_t program) {
    char name[64];
    entry_name(name, sizeof name, entry, PROGRAMS[program].name);
    return bench_wanted(name);
}

/* Each side that an entry needs, once. */
static void measure_program(size_t i) {
    bench_side sides[KINDS];
    const bench_side *of[KINDS] = {NULL};
    size_t count = 0;
    for (size_t e = 0; e < ENTRY_COUNT; e++) {
        const int needed[] = {entries[e].lunette, entries[e].peer};
        for (size_t k = 0; k < 2 && is_wanted(e, i); k++) {
            if (of[needed[k]])
                continue;
            sides[count] = side_of(needed[k]);
            of[needed[k]] = &sides[count++];
        }
    }
    if (count == 0 || !bench_measure(PROGRAMS[i].name, sides, count))
        return;
    for (size_t e = 0; e < ENTRY_COUNT; e++) {
        char name[64];
        if (!is_wanted(e, i))
            continue;
        entry_name(name, sizeof name, e, PROGRAMS[i].name);
        bench_report_pair(name, of[entries[e].lunette], of[entries[e].peer], entries[e].peer_name);
        add(&means[e], of[entries[e].lunette], of[entries[e].peer]);
    }
}

static void report_mean(size_t e) {
    const struct mean *mean = &means[e];
    char name[64], extra[64], note[128];
    entry_name(name, sizeof name, e, "geomean");
    snprintf(extra, sizeof extra, ",\"programs\":%u,\"lowest\":%.4g", mean->count, mean->lowest);
    snprintf(note, sizeof note, "%s%s%u programs, lowest %.2f", entries[e].note ? entries[e].note : "",
             entries[e].note ? "; " : "", mean->count, mean->lowest);
    bench_entry entry = {
        .name = name,
        .lunette = exp(mean->lunette / mean->count),
        .peer = exp(mean->peer / mean->count),
        .peer_name = entries[e].peer_name,
        .ratio = exp(mean->ratio / mean->count),
        .extra = extra,
        .note = note,
    };
    bench_report(&entry);
}

int main(int argc, char **argv) {
    int first = bench_begin(argc, argv);
    if (first + 1 != argc && first + 2 != argc)
        bench_fail("usage: bench_programs [--filter PREFIX] [--json FILE] FOLDER [SIDE]");
    elsewhere[0] = argv[first + 1];
    if (!elsewhere[0]) {
        entries[0].lunette = LIMITED;
        entries[0].note = entries[1].note;
    }
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
