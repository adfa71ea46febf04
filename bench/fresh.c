/* The demonstration's second half: each script of a folder, in a clean context of Lunette each time and in a
 * fresh state of the system's Lua each time, one thread each. */
#include <stdio.h>

#include <lunette.h>

#include "bench.h"
#include "sides.h"

typedef struct total {
    size_t scripts;
    double lunette, peer; /* microseconds for one run of each script */
} total;

static void compare(const char *path, total *sum) {
    char name[64];
    bench_script script = {.name = bench_base_name(path, name, sizeof name)};
    script.text = bench_read(path, &script.size);
    bench_side sides[] = {
        {.open = bench_lunette_open, .arg = &script, .work = bench_lunette_run},
        {.open = bench_plain_open, .arg = &script, .work = bench_plain_run},
    };
    if (!bench_measure(name, sides, 2))
        return;
    double lunette = bench_median(&sides[0]), peer = bench_median(&sides[1]);
    printf("%-20s %12.1f %12.1f %9.2f\n", name, lunette, peer, bench_ratio(&sides[0], &sides[1]));
    sum->scripts++;
    sum->lunette += lunette;
    sum->peer += peer;
}

int main(int argc, char **argv) {
    int first = bench_begin(argc, argv);
    if (first + 1 != argc)
        bench_fail("usage: bench_fresh FOLDER");
    size_t count;
    char **paths = bench_scripts(argv[first], &count);
    total sum = {0};
    printf("%-20s %12s %12s %9s\n", "script", "here, us", "fresh, us", "ratio");
    for (size_t i = 0; i < count; i++)
        compare(paths[i], &sum);
    if (sum.scripts > 0)
        printf("%-20s %12.0f %12.0f %9.2f\n", "runs per second", (double)sum.scripts * 1e6 / sum.lunette,
               (double)sum.scripts * 1e6 / sum.peer, sum.peer / sum.lunette);
    return bench_end();
}
