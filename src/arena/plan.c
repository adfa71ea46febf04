/* A plan keeps garbage out of a zone. What is built during set-up leaves holes behind: tables that were given up, arrays
 * that grew. So it is built twice: the first time all of it lies elsewhere, and it is noted which requests, by their
 * number, gave blocks that are still there at the end; the second time those alone go into the arena, one behind the
 * other, and the rest lies elsewhere again, and goes with the plan.
 *
 * That asks for no more than that what is built makes the same requests in the same order. Where it does not, blocks that
 * lie elsewhere are left at the end, ln_plan_holds() says so, and the building must be done once more, without a plan.
 *
 * "Elsewhere" is one stretch of host memory, taken from its start to its end; nothing is used again. */
#include "arena/plan.h"

#include <stdlib.h>
#include <string.h>

#include "arena/layout.h"

enum { REQUESTS = 1 << 14, ELSEWHERE = 1 << 20 };

struct ln_plan {
    ln_arena *arena; /* NULL: the first time */
    ln_allocator allocator;
    uint32_t requests; /* so far */
    size_t used;       /* bytes of what lies elsewhere */
    size_t live;       /* blocks that lie elsewhere and were not freed */
    bool keeps[REQUESTS];
    uint16_t last[ELSEWHERE /
                  LN_GRANULE]; /* the first time: by a block's place, the request it is from, plus one */
    _Alignas(16) char elsewhere[ELSEWHERE];
};

_Static_assert(REQUESTS < UINT16_MAX, "a request's number fits");

ln_plan *ln_plan_open(void) {
    return calloc(1, sizeof(ln_plan));
}

void ln_plan_close(ln_plan **plan) {
    free(*plan);
    *plan = NULL;
}

void ln_plan_follow(ln_plan *plan, ln_arena *arena) {
    for (size_t i = 0; i < ELSEWHERE / LN_GRANULE; i++)
        if (plan->last[i] != 0)
            plan->keeps[plan->last[i] - 1] = true;
    plan->arena = arena;
    plan->allocator = ln_arena_allocator(arena);
    plan->requests = 0;
    plan->used = plan->live = 0;
}

bool ln_plan_holds(const ln_plan *plan) {
    return plan->live == 0;
}

/* --- Requests --- */

static bool lies_elsewhere(const ln_plan *plan, const void *block) {
    return (uintptr_t)block - (uintptr_t)plan->elsewhere < ELSEWHERE;
}

static uint16_t *last_of(ln_plan *plan, const void *block) {
    return &plan->last[(size_t)((const char *)block - plan->elsewhere) / LN_GRANULE];
}

static void *obtain_elsewhere(ln_plan *plan, size_t size) {
    size_t need = ln_round_up(size, LN_GRANULE);
    if (need < size || need > ELSEWHERE - plan->used)
        return NULL;
    void *block = plan->elsewhere + plan->used;
    plan->used += need;
    plan->live++;
    return block;
}

static void release(ln_plan *plan, void *block, size_t size) {
    if (!lies_elsewhere(plan, block)) {
        plan->allocator(plan->arena, block, size, 0);
        return;
    }
    *last_of(plan, block) = 0;
    plan->live--;
}

/* A block for the request of that number, which may be the one that is there: where the arena has it already, or where it
 * only shrinks and is not to be kept. */
static void *serve(ln_plan *plan, uint32_t number, void *block, size_t osize, size_t nsize) {
    bool keep = plan->arena && number < REQUESTS && plan->keeps[number];
    if (block && !lies_elsewhere(plan, block))
        return plan->allocator(plan->arena, block, osize, nsize);
    if (block && nsize <= osize && !keep)
        return block;
    void *to =
        keep ? plan->allocator(plan->arena, NULL, block ? 0 : osize, nsize) : obtain_elsewhere(plan, nsize);
    if (to && block) {
        memcpy(to, block, osize < nsize ? osize : nsize);
        release(plan, block, osize);
    }
    return to;
}

void *ln_plan_realloc(void *ud, void *block, size_t osize, size_t nsize) {
    ln_plan *plan = ud;
    if (nsize == 0) {
        if (block)
            release(plan, block, osize);
        return NULL;
    }
    uint32_t number = plan->requests++;
    void *to = serve(plan, number, block, osize, nsize);
    if (to && !plan->arena && number < REQUESTS)
        *last_of(plan, to) = (uint16_t)(number + 1);
    return to;
}
