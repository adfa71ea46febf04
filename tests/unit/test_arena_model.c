/* Random work against a model, on both bases: contents, sizes, alignment, limit and the checker's view, in every
 * phase of an arena's life. The seeds are fixed; a failure repeats. When this fails look at src/arena/ first where
 * the checker's sentence points, then at the last thing changed. */
#include "test_arena_kit.h"

static kit k;

static void work(size_t steps, size_t slots, size_t most) {
    for (size_t step = 0; step < steps; step++) {
        (void)kit_step(&k, slots, most);
        if (step % 509 == 0) {
            kit_assert_sound(&k);
        }
    }
    kit_assert_sound(&k);
}

static void assert_ends_empty(void) {
    kit_free_all(&k);
    kit_assert_sound(&k);
    ln_arena_close(&k.arena);
}

static void during_set_up(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        kit_open(&k, &(ln_arena_config){.limit = seed % 3 == 0 ? 2 * MIB : 64 * MIB}, seed);
        work(8000, seed % 2 == 0 ? KIT_SLOTS : 200, 200000);
        assert_ends_empty();
    }
}

static void after_sealing(void **state) {
    (void)state;
    for (uint64_t seed = 20; seed <= 36; seed++) {
        kit_open(&k, &(ln_arena_config){.limit = seed % 3 == 0 ? 2 * MIB : 64 * MIB}, seed);
        assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
        work(8000, seed % 2 == 0 ? KIT_SLOTS : 200, seed % 5 == 0 ? 3000 : 200000);
        assert_ends_empty();
    }
}

/* Blocks of the set-up are freed, grown and shrunk by what runs later. */
static void across_sealing(void **state) {
    (void)state;
    for (uint64_t seed = 40; seed <= 56; seed++) {
        kit_open(&k, &(ln_arena_config){.limit = seed % 3 == 0 ? MIB : 64 * MIB}, seed);
        work(3000, 1000, 5000);
        assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
        kit_assert_sound(&k);
        work(8000, 1000, 20000);
        assert_ends_empty();
    }
}

/* Every kind of change of the limit in between, and failures out of the blue. */
static void with_limit_and_failures_changing(void **state) {
    (void)state;
    for (uint64_t seed = 60; seed <= 70; seed++) {
        kit_open(&k, &(ln_arena_config){.limit = MIB, .reserve = 100000}, seed);
        work(500, 300, 5000);
        assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
        for (int round = 0; round < 60; round++) {
            (void)ln_arena_set_limit(k.arena, 200000 + kit_below(&k, 4 * MIB));
            ln_arena_fail_after(k.arena, kit_below(&k, 4) == 0 ? 1 + kit_below(&k, 100) : 0);
            work(200, 600, 60000);
            ln_arena_open_reserve(k.arena);
            work(20, 600, 60000);
            ln_arena_close_reserve(k.arena);
            ln_arena_trim(k.arena, kit_below(&k, 2 * MIB));
            kit_assert_sound(&k);
        }
        assert_ends_empty();
    }
}

static void on_the_host_allocator(void **state) {
    (void)state;
    for (uint64_t seed = 80; seed <= 90; seed++) {
        kit_open(&k, &(ln_arena_config){.limit = seed % 2 == 0 ? MIB : 64 * MIB, .host = kit_host_alloc},
                 seed);
        assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
        work(8000, 400, 20000);
        assert_ends_empty();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(during_set_up),         cmocka_unit_test(after_sealing),
        cmocka_unit_test(across_sealing),        cmocka_unit_test(with_limit_and_failures_changing),
        cmocka_unit_test(on_the_host_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
