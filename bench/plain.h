/* The peer of most entries: states of the system's Lua, with its own allocator and all of its libraries. */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <lua.h>
#include <stdint.h>

/* The shortest script that has a result; both sides run the same. */
#define BENCH_SUM "return 1+1"

/* A fresh state; the caller's to close. */
lua_State *bench_plain_state(void);

/* Sides that have nothing but fresh states: one opened and closed each time; BENCH_SUM loaded and run in it meanwhile. */
void *bench_fresh_open(const void *arg);
uint64_t bench_fresh(void *ud, uint64_t count, uint64_t *check);
uint64_t bench_fresh_sum(void *ud, uint64_t count, uint64_t *check);

#endif
