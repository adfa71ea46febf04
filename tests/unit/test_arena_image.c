/* Taking an image and coming back to it, from whatever state. When this fails look at src/arena/image.c, zone.c
 * (sealing) and at what the header of layout.h holds. */
#include "test_arena_kit.h"

#include <stdio.h>
#include <unistd.h>

#include "arena/layout.h"

static kit k;
static ln_image *image;
static kit_block template[KIT_SLOTS]; /* what must be there after every reset */
static size_t template_used;

static ln_arena_stats stats_now(void) {
    ln_arena_stats stats;
    ln_arena_stats_get(k.arena, &stats);
    return stats;
}

static void take_template(size_t limit, uint64_t seed) {
    kit_open(&k, &(ln_arena_config){.limit = limit, .reserve = 50000}, seed);
    for (int step = 0; step < 2000; step++) {
        (void)kit_step(&k, 300, 3000);
    }
    assert_int_equal(ln_image_take(k.arena, &image), LUNETTE_OK);
    memcpy(template, k.blocks, sizeof template);
    template_used = k.used;
    kit_assert_sound(&k);
}

static void close_template(void) {
    ln_image_close(&image);
    assert_null(image);
    ln_image_close(&image);
    ln_arena_close(&k.arena);
}

static void restore(void) {
    ln_image_restore(image, k.arena);
    memcpy(k.blocks, template, sizeof template);
    k.used = template_used;
}

static void assert_pristine(void) {
    size_t at = 0;
    if (!ln_image_equals(image, k.arena, &at)) {
        fail_msg("the arena differs from its image at offset %zu", at);
    }
    kit_assert_sound(&k);
    for (size_t i = 0; i < KIT_SLOTS; i++) {
        if (k.blocks[i].bytes != NULL) {
            kit_verify(&k.blocks[i], k.blocks[i].size);
        }
    }
    ln_arena_stats stats = stats_now();
    assert_int_equal(stats.peak, stats.used);
    assert_true(stats.allocations == 0 && stats.failures == 0 && !ln_arena_refused(k.arena));
}

static void run_something(void) {
    for (int step = 0; step < 3000; step++) {
        (void)kit_step(&k, 1000, 100000);
    }
}

static void a_reset_restores_every_byte(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        take_template(seed % 2 == 0 ? 2 * MIB : 64 * MIB, seed);
        assert_pristine();
        for (int round = 0; round < 6; round++) {
            run_something();
            kit_assert_sound(&k);
            restore();
            assert_pristine();
        }
        close_template();
    }
}

static void equality_finds_one_changed_byte(void **state) {
    (void)state;
    take_template(MIB, 10);
    for (size_t offset = LN_IMAGE_START; offset < LN_IMAGE_START + ln_image_size(image); offset += 251) {
        unsigned char *byte = ln_arena_at(k.arena, offset);
        *byte ^= 1;
        size_t at = 0;
        assert_false(ln_image_equals(image, k.arena, &at));
        assert_in_range(at, offset & ~(size_t)7, offset); /* at least the word of it */
        *byte ^= 1;
    }
    assert_pristine();
    close_template();
}

static void write_garbage(size_t from, size_t to) {
    for (unsigned char *p = ln_arena_at(k.arena, from), *end = ln_arena_at(k.arena, to); p < end; p++) {
        *p = (unsigned char)kit_random(&k);
    }
}

/* A kill leaves the arena in any state, so a reset must not depend on anything a run can have written. */
static void a_reset_depends_on_nothing_that_ran(void **state) {
    (void)state;
    for (uint64_t seed = 20; seed < 25; seed++) {
        take_template(8 * MIB, seed);
        for (int round = 0; round < 4; round++) {
            run_something();
            const ln_control *c = &k.arena->control;
            size_t pages = c->page_committed - ln_first_page(k.arena);
            write_garbage(LN_CONTROL_SIZE, c->zone_committed);
            write_garbage(c->pages - pages * sizeof(ln_span), c->pages + pages * LN_PAGE);
            restore();
            assert_pristine();
            run_something();
            kit_assert_sound(&k);
            restore();
        }
        close_template();
    }
}

static void a_reset_takes_the_reserve_back(void **state) {
    (void)state;
    take_template(MIB, 30);
    while (kit_call(&k, NULL, 0, 4096) != NULL) {
    }
    ln_arena_open_reserve(k.arena);
    assert_non_null(kit_call(&k, NULL, 0, 30000));
    assert_true(stats_now().lent > 0);
    restore();
    assert_int_equal(stats_now().lent, 0);
    assert_pristine();
    assert_null(kit_call(&k, NULL, 0, MIB));
    close_template();
}

static void limit_and_injected_failures_outlive_a_reset(void **state) {
    (void)state;
    take_template(MIB, 40);
    assert_int_equal(ln_arena_set_limit(k.arena, 3 * MIB), 3 * MIB);
    ln_arena_fail_after(k.arena, 2);
    restore();
    assert_int_equal(stats_now().limit, 3 * MIB);
    assert_non_null(kit_call(&k, NULL, 0, 100));
    assert_null(kit_call(&k, NULL, 0, 100));
    assert_non_null(kit_call(&k, NULL, 0, 2 * MIB));
    restore();
    assert_pristine();
    close_template();
}

static size_t resident_bytes(void) {
    unsigned long total = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%lu %lu", &total, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void trimming_gives_memory_back(void **state) {
    (void)state;
    take_template(64 * MIB, 50);
    size_t before = stats_now().committed;
    unsigned char *big = kit_call(&k, NULL, 0, 40 * MIB);
    assert_non_null(big);
    memset(big, 1, 40 * MIB);
    size_t resident = resident_bytes();
    restore();
    assert_true(stats_now().committed >= 40 * MIB);
    ln_arena_trim(k.arena, 256 << 10);
    assert_in_range(stats_now().committed, before, 512 << 10);
    assert_true(resident_bytes() + 30 * MIB < resident);
    assert_pristine();
    run_something();
    kit_assert_sound(&k);
    ln_arena_trim(k.arena, 0); /* what is in use stays */
    kit_assert_sound(&k);
    run_something();
    restore();
    ln_arena_trim(k.arena, 0);
    assert_pristine();
    close_template();
}

static void free_memory_in_an_image_is_zero(void **state) {
    (void)state;
    take_template(MIB, 60);
    size_t zeroed = 0;
    for (uint32_t offset = (uint32_t)LN_ZONE_START; offset < k.arena->image_end; offset += 8) {
        const uint64_t *word = ln_arena_at(k.arena, offset);
        bool live = false;
        for (size_t i = 0; i < KIT_SLOTS && !live; i++) {
            const kit_block *b = &k.blocks[i];
            size_t size = ln_round_up(b->size, LN_GRANULE);
            live = b->bytes != NULL && (const unsigned char *)word >= b->bytes &&
                   (const unsigned char *)word < b->bytes + size;
        }
        assert_true(live || *word == 0);
        zeroed += !live;
    }
    assert_true(zeroed > 0);
    assert_int_equal(k.arena->zone_free, 0);
    close_template();
}

/* The slack behind a block of odd size is zero too, whatever lay there before. */
static void gaps_hold_no_stale_words(void **state) {
    (void)state;
    kit_open(&k, &(ln_arena_config){.limit = MIB}, 70);
    unsigned char *old = kit_call(&k, NULL, 0, 64);
    assert_non_null(kit_call(&k, NULL, 0, 8));
    memset(old, 0xff, 64);
    assert_null(kit_call(&k, old, 64, 0));
    assert_ptr_equal(kit_call(&k, NULL, 0, 57), old);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(old[i], 0);
    }
    memset(old, 0xff, 57);
    assert_ptr_equal(kit_call(&k, old, 57, 41), old);
    for (size_t i = 41; i < 48; i++) {
        assert_int_equal(old[i], 0);
    }
    ln_arena_close(&k.arena);
}

static void an_image_is_small(void **state) {
    (void)state;
    kit_open(&k, &(ln_arena_config){.limit = 64 * MIB}, 80);
    for (int step = 0; step < 20000; step++) { /* much that comes and goes */
        (void)kit_step(&k, 2000, 2000);
    }
    unsigned char *buffer = kit_call(&k, NULL, 0, 4 * MIB);
    assert_non_null(buffer);
    assert_null(kit_call(&k, buffer, 4 * MIB, 0));
    assert_int_equal(ln_image_take(k.arena, &image), LUNETTE_OK);
    assert_true(ln_image_size(image) < 8192 + k.used * 3 / 2);
    assert_true(stats_now().committed < 32768 + k.used * 3 / 2);
    kit_assert_sound(&k);
    ln_image_close(&image);
    ln_arena_close(&k.arena);
}

static void an_image_needs_a_quiet_arena(void **state) {
    (void)state;
    kit_open(&k, &(ln_arena_config){.limit = MIB}, 90);
    assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
    assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
    void *block = kit_call(&k, NULL, 0, 100);
    assert_non_null(block);
    assert_int_equal(ln_image_take(k.arena, &image), LUNETTE_WRONG_STATE);
    assert_null(image);
    assert_null(kit_call(&k, block, 100, 0));
    assert_int_equal(ln_image_take(k.arena, &image), LUNETTE_OK);
    kit_assert_sound(&k);
    ln_image_close(&image);
    ln_arena_close(&k.arena);
}

/* The limit is so used up that not even the bits can be put behind the zone. */
static void sealing_can_be_refused(void **state) {
    (void)state;
    bool refused = false;
    for (size_t size = 200000; size < 262144 && !refused; size += 8) {
        kit_open(&k, &(ln_arena_config){.limit = 256 << 10}, 100);
        if (kit_allocate(&k, &k.blocks[0], size)) {
            lunette_status status = ln_image_take(k.arena, &image);
            refused = status == LUNETTE_NO_MEMORY;
            assert_true(refused == (image == NULL) && (refused || status == LUNETTE_OK));
            kit_assert_sound(&k);
            assert_true(stats_now().sealed == !refused);
            kit_free_all(&k);
            kit_assert_sound(&k);
            ln_image_close(&image);
            assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
        }
        ln_arena_close(&k.arena);
    }
    assert_true(refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_restores_every_byte),
        cmocka_unit_test(equality_finds_one_changed_byte),
        cmocka_unit_test(a_reset_depends_on_nothing_that_ran),
        cmocka_unit_test(a_reset_takes_the_reserve_back),
        cmocka_unit_test(limit_and_injected_failures_outlive_a_reset),
        cmocka_unit_test(trimming_gives_memory_back),
        cmocka_unit_test(free_memory_in_an_image_is_zero),
        cmocka_unit_test(gaps_hold_no_stale_words),
        cmocka_unit_test(an_image_is_small),
        cmocka_unit_test(an_image_needs_a_quiet_arena),
        cmocka_unit_test(sealing_can_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
