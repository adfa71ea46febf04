/* Building a state twice, so that the second one has no holes. The argument is in plan.c. */
#ifndef LN_ARENA_PLAN_H
#define LN_ARENA_PLAN_H

#include "arena/arena.h"

typedef struct ln_plan ln_plan;

/* NULL: no memory. Until ln_plan_follow() all requests are served from the plan's own memory. */
ln_plan *ln_plan_open(void);

/* What was built the first time, and what lies elsewhere of the second, goes with it. NULL is allowed. */
void ln_plan_close(ln_plan **plan);

/* The first time is over; what is still there is what the second shall put into the arena, which is being set up. */
void ln_plan_follow(ln_plan *plan, ln_arena *arena);

/* Is everything that is still there in the arena? Then it may be used without the plan. */
bool ln_plan_holds(const ln_plan *plan);

/* An ln_allocator; `ud` is the plan. Requests that shrink a block do not fail the first time, but may move it. */
void *ln_plan_realloc(void *ud, void *block, size_t osize, size_t nsize);

#endif
