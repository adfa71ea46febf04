/* Plans: what is built twice lies in the arena without holes the second time, and complete; and where the second time is
 * not like the first, that is known. When this fails look at src/arena/plan.c. */
#include "test_arena_kit.h"

#include "arena/layout.h"
#include "arena/plan.h"

enum { KEPT = 60 };

static unsigned char *kept[KEPT];

static size_t size_of(int i) {
    return 9 + (size_t)i * 13 % 150;
}

/* Arrays that grow, shrink and go, between blocks that stay; `odd` makes a request more. */
static void build(ln_plan *plan, int odd) {
    void *growing = NULL;
    size_t room = 0;
    for (int i = 0; i < KEPT; i++) {
        size_t size = size_of(i);
        kept[i] = ln_plan_realloc(plan, NULL, 4, size + (size_t)i % 3 * 40);
        assert_non_null(kept[i]);
        memset(kept[i], i, size);
        kept[i] = ln_plan_realloc(plan, kept[i], size + (size_t)i % 3 * 40, size);
        assert_non_null(kept[i]);
        growing = ln_plan_realloc(plan, growing, room, 40 * (size_t)(i + 1));
        assert_non_null(growing);
        room = 40 * (size_t)(i + 1);
        if (i == odd)
            assert_non_null(ln_plan_realloc(plan, NULL, 0, 8));
    }
    assert_null(ln_plan_realloc(plan, growing, room, 0));
    assert_null(ln_plan_realloc(plan, NULL, 0, 0));
}

static ln_arena *open_arena(void) {
    ln_arena *arena;
    assert_int_equal(ln_arena_open(&(ln_arena_config){.limit = 4 * MIB}, &arena), LUNETTE_OK);
    return arena;
}

static void without_holes(void **state) {
    (void)state;
    ln_plan *plan = ln_plan_open();
    ln_arena *arena = open_arena();
    ln_arena_stats stats;
    char why[200];
    size_t bytes = 0;
    assert_non_null(plan);
    build(plan, -1);
    ln_plan_follow(plan, arena);
    build(plan, -1);
    assert_true(ln_plan_holds(plan));
    ln_plan_close(&plan);
    assert_null(plan);
    ln_plan_close(&plan);
    for (int i = 0; i < KEPT; i++) {
        assert_true(ln_arena_owns(arena, kept[i]));
        for (size_t k = 0; k < size_of(i); k++)
            assert_int_equal(kept[i][k], i);
        bytes += ln_round_up(size_of(i), LN_GRANULE);
    }
    assert_true(ln_arena_check(arena, why, sizeof why));
    ln_arena_stats_get(arena, &stats);
    assert_true(stats.used <= bytes);
    assert_int_equal(arena->zone_top - LN_ZONE_START, bytes);
    for (int i = 0; i < KEPT; i++)
        assert_null(ln_arena_allocator(arena)(arena, kept[i], size_of(i), 0));
    assert_true(ln_arena_check(arena, why, sizeof why));
    ln_arena_close(&arena);
}

static void the_second_time_is_another(void **state) {
    (void)state;
    ln_plan *plan = ln_plan_open();
    ln_arena *arena = open_arena();
    char why[200];
    build(plan, -1);
    ln_plan_follow(plan, arena);
    build(plan, 20);
    assert_false(ln_plan_holds(plan));
    assert_true(ln_arena_check(arena, why, sizeof why));
    ln_plan_close(&plan);
    ln_arena_close(&arena);
}

/* More than the plan can hold, in bytes and in requests. */
static void too_much(void **state) {
    (void)state;
    ln_plan *plan = ln_plan_open();
    assert_null(ln_plan_realloc(plan, NULL, 0, SIZE_MAX));
    assert_null(ln_plan_realloc(plan, NULL, 0, (size_t)64 << 20));
    while (ln_plan_realloc(plan, NULL, 0, 8) != NULL)
        ;
    ln_arena *arena = open_arena();
    ln_plan_follow(plan, arena);
    for (int i = 0; i < 100000; i++)
        assert_non_null(ln_plan_realloc(plan, NULL, 0, 8));
    assert_false(ln_plan_holds(plan));
    ln_plan_close(&plan);
    ln_arena_close(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_holes),
        cmocka_unit_test(the_second_time_is_another),
        cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
