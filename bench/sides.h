/* A whole script as the work of a side: from a clean state to its last line, by Lunette and by the system's Lua. */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_script {
    const char *name;
    const char *text;
    size_t size;
    const char *argument; /* the script's only one; NULL: none */
    uint64_t memory;      /* Lunette's limits; 0: its defaults */
    uint64_t wall_ns;
} bench_script;

/* Lunette: one context, reset and run each time. `arg` is a bench_script. */
void *bench_lunette_open(const void *arg);
uint64_t bench_lunette_run(void *ud, uint64_t count, uint64_t *check);

/* The system's Lua with its own allocator: luaL_newstate(), its libraries opened, the script loaded and called,
 * closed. */
void *bench_plain_open(const void *arg);
uint64_t bench_plain_run(void *ud, uint64_t count, uint64_t *check);

/* The same with a count hook of 1000 instructions that looks at a clock: a deadline as most hosts have it. */
uint64_t bench_hooked_run(void *ud, uint64_t count, uint64_t *check);

#endif
