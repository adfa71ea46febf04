/* A script of bench/programs under Lunette, as a side in a program of its own: bench_programs starts it out of another
 * build, whose Lua is another.
 *
 * Usage: bench_side FILE NAME ARGUMENT MEMORY WALL_NS */
#include <stdlib.h>

#include "bench.h"
#include "sides.h"

int main(int argc, char **argv) {
    if (argc != 6)
        bench_fail("usage: bench_side FILE NAME ARGUMENT MEMORY WALL_NS");
    bench_script script = {.name = argv[2], .argument = argv[3]};
    script.text = bench_read(argv[1], &script.size);
    script.memory = strtoull(argv[4], NULL, 10);
    script.wall_ns = strtoull(argv[5], NULL, 10);
    const bench_side side = {.open = bench_lunette_open, .arg = &script, .work = bench_lunette_run};
    bench_serve(&side);
}
