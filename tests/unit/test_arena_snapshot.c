/* Snapshots of an arena: what is in use comes back byte for byte, whatever ran since. When this fails look at
 * src/arena/snapshot.c, and at what layout.h says of the stretches it copies. */
#include "test_arena_kit.h"

#include "arena/layout.h"

static kit k;
static ln_image *image;

/* What must be there after going back. */
typedef struct moment {
    ln_snapshot *snapshot;
    kit_block blocks[KIT_SLOTS];
    size_t used;
    ln_arena_stats stats;
    unsigned char *bytes; /* lists, header and zone; descriptors and pages */
    size_t lower, upper, upper_start;
} moment;

static ln_arena_stats stats_now(void) {
    ln_arena_stats stats;
    ln_arena_stats_get(k.arena, &stats);
    return stats;
}

static void run_something(int steps, size_t most) {
    for (int step = 0; step < steps; step++) {
        (void)kit_step(&k, 1000, most);
    }
}

static void open_sealed(size_t limit, uint64_t seed) {
    kit_open(&k, &(ln_arena_config){.limit = limit, .reserve = 50000}, seed);
    run_something(1000, 3000);
    assert_int_equal(ln_image_take(k.arena, &image), LUNETTE_OK);
    run_something(2000, 100000);
}

static void close_all(void) {
    ln_image_close(&image);
    ln_arena_close(&k.arena);
}

/* By its own reckoning of where things lie, not by the code under test. */
static void take(moment *m) {
    const ln_arena *a = k.arena;
    size_t pages = a->page_top - ln_first_page(a);
    assert_int_equal(ln_snapshot_take(k.arena, &m->snapshot), LUNETTE_OK);
    memcpy(m->blocks, k.blocks, sizeof m->blocks);
    m->used = k.used;
    m->stats = stats_now();
    m->lower = a->zone_top - LN_CONTROL_SIZE;
    m->upper_start = a->control.pages - pages * sizeof(ln_span);
    m->upper = pages * (sizeof(ln_span) + LN_PAGE);
    m->bytes = malloc(m->lower + m->upper);
    assert_non_null(m->bytes);
    memcpy(m->bytes, ln_arena_at(a, LN_CONTROL_SIZE), m->lower);
    memcpy(m->bytes + m->lower, ln_arena_at(a, m->upper_start), m->upper);
    assert_true(ln_snapshot_size(m->snapshot) >= m->lower + m->upper);
    assert_true(ln_snapshot_size(m->snapshot) <= m->lower + m->upper + 64);
}

static void go_back(const moment *m) {
    assert_true(ln_snapshot_fit(m->snapshot, k.arena));
    ln_snapshot_restore(m->snapshot, k.arena);
    memcpy(k.blocks, m->blocks, sizeof k.blocks);
    k.used = m->used;
}

static void assert_back(const moment *m) {
    ln_arena_stats stats = stats_now();
    assert_memory_equal(ln_arena_at(k.arena, LN_CONTROL_SIZE), m->bytes, m->lower);
    assert_memory_equal(ln_arena_at(k.arena, m->upper_start), m->bytes + m->lower, m->upper);
    assert_int_equal(stats.used, m->stats.used);
    assert_int_equal(stats.peak, m->stats.peak);
    assert_int_equal(stats.allocations, m->stats.allocations);
    assert_int_equal(stats.lent, 0);
    kit_assert_sound(&k);
    for (size_t i = 0; i < KIT_SLOTS; i++) {
        if (k.blocks[i].bytes != NULL) {
            kit_verify(&k.blocks[i], k.blocks[i].size);
        }
    }
}

static void drop(moment *m) {
    ln_snapshot_close(&m->snapshot);
    assert_null(m->snapshot);
    ln_snapshot_close(&m->snapshot);
    free(m->bytes);
}

static moment first, second;

static void every_byte_comes_back(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        open_sealed(seed % 2 == 0 ? 4 * MIB : 64 * MIB, seed);
        take(&first);
        for (int round = 0; round < 6; round++) {
            run_something(3000, round % 2 == 0 ? 100000 : 500);
            kit_assert_sound(&k);
            go_back(&first);
            assert_back(&first);
        }
        drop(&first);
        close_all();
    }
}

static void older_and_newer_ones_in_any_order(void **state) {
    (void)state;
    open_sealed(32 * MIB, 20);
    take(&first);
    run_something(3000, 200000);
    take(&second);
    run_something(3000, 1000);
    go_back(&first);
    assert_back(&first);
    run_something(500, 50000);
    go_back(&second);
    assert_back(&second);
    go_back(&first);
    assert_back(&first);
    drop(&first);
    go_back(&second);
    assert_back(&second);
    drop(&second);
    close_all();
}

static void write_garbage(size_t from, size_t to) {
    for (unsigned char *p = ln_arena_at(k.arena, from), *end = ln_arena_at(k.arena, to); p < end; p++) {
        *p = (unsigned char)kit_random(&k);
    }
}

/* A kill leaves the arena in any state; a reset may have come in between, and memory been given back. */
static void going_back_depends_on_nothing_that_ran(void **state) {
    (void)state;
    for (uint64_t seed = 30; seed < 34; seed++) {
        open_sealed(16 * MIB, seed);
        take(&first);
        for (int round = 0; round < 3; round++) {
            const ln_control *c = &k.arena->control;
            run_something(1000, 100000);
            size_t pages = c->page_committed - ln_first_page(k.arena);
            write_garbage(LN_CONTROL_SIZE, c->zone_committed);
            write_garbage(c->pages - pages * sizeof(ln_span), c->pages + pages * LN_PAGE);
            go_back(&first);
            assert_back(&first);
            ln_image_restore(image, k.arena);
            ln_arena_trim(k.arena, 0);
            go_back(&first);
            assert_back(&first);
        }
        drop(&first);
        close_all();
    }
}

static void a_reset_after_it_is_a_reset(void **state) {
    (void)state;
    size_t at;
    open_sealed(16 * MIB, 40);
    take(&first);
    go_back(&first);
    ln_image_restore(image, k.arena);
    kit_forget(&k);
    assert_true(ln_image_equals(image, k.arena, &at));
    go_back(&first);
    assert_back(&first);
    drop(&first);
    close_all();
}

static void what_the_limit_does_not_allow_is_refused(void **state) {
    (void)state;
    size_t at;
    open_sealed(32 * MIB, 50);
    while (stats_now().used < 8 * MIB) {
        run_something(100, 200000);
    }
    take(&first);
    ln_image_restore(image, k.arena);
    kit_forget(&k);
    ln_arena_set_limit(k.arena, 2 * MIB);
    ln_arena_trim(k.arena, 0);
    assert_false(ln_snapshot_fit(first.snapshot, k.arena));
    assert_true(ln_image_equals(image, k.arena, &at));
    assert_true(stats_now().committed <= 2 * MIB);
    ln_arena_set_limit(k.arena, 32 * MIB);
    go_back(&first);
    assert_back(&first);
    drop(&first);
    close_all();
}

static void the_reserve_is_taken_back_and_failures_stay(void **state) {
    (void)state;
    open_sealed(2 * MIB, 60);
    take(&first);
    while (kit_call(&k, NULL, 0, 4096) != NULL) {
    }
    ln_arena_open_reserve(k.arena);
    assert_non_null(kit_call(&k, NULL, 0, 30000));
    assert_true(stats_now().lent > 0);
    ln_arena_fail_after(k.arena, 2);
    go_back(&first);
    assert_int_equal(stats_now().lent, 0);
    kit_assert_sound(&k);
    assert_non_null(kit_call(&k, NULL, 0, 24));
    assert_null(kit_call(&k, NULL, 0, 24));
    assert_non_null(kit_call(&k, NULL, 0, 24));
    drop(&first);
    close_all();
}

static void a_thousand_times_leave_nothing_behind(void **state) {
    (void)state;
    open_sealed(8 * MIB, 70);
    take(&first);
    for (int round = 0; round < 1000; round++) {
        run_something(20, 100000);
        go_back(&first);
        drop(&first);
        take(&first);
    }
    assert_back(&first);
    run_something(3000, 100000);
    kit_free_all(&k);
    kit_assert_sound(&k);
    drop(&first);
    close_all();
}

static void where_none_can_be_taken(void **state) {
    (void)state;
    ln_snapshot *snapshot;
    kit_open(&k, &(ln_arena_config){.limit = MIB}, 80);
    assert_int_equal(ln_snapshot_need(k.arena), 0);
    assert_int_equal(ln_snapshot_take(k.arena, &snapshot), LUNETTE_WRONG_STATE);
    assert_null(snapshot);
    ln_arena_close(&k.arena);
    kit_open(&k, &(ln_arena_config){.limit = MIB, .host = kit_host_alloc}, 80);
    assert_int_equal(ln_snapshot_need(k.arena), 0);
    assert_int_equal(ln_snapshot_take(k.arena, &snapshot), LUNETTE_UNSUPPORTED);
    ln_arena_close(&k.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(older_and_newer_ones_in_any_order),
        cmocka_unit_test(going_back_depends_on_nothing_that_ran),
        cmocka_unit_test(a_reset_after_it_is_a_reset),
        cmocka_unit_test(what_the_limit_does_not_allow_is_refused),
        cmocka_unit_test(the_reserve_is_taken_back_and_failures_stay),
        cmocka_unit_test(a_thousand_times_leave_nothing_behind),
        cmocka_unit_test(where_none_can_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
