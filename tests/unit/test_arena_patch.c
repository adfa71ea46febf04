/* Patches: applied to an arena that equals the image they are what doing the work in it would have been, word by word;
 * what only looks like an address is left alone; and what does not come out the same each time is no patch. When this
 * fails look at src/arena/patch.c, and at who takes from the nursery in spans.c. */
#include "test_arena_kit.h"

#include "arena/layout.h"

enum { ARENAS = 4, HELD = 40 };

static ln_image *image;
static ln_arena *arenas[ARENAS];
static size_t
    held; /* distance from the base of the template's block: HELD words, the last of them the block's address */

static void *obtain(ln_arena *a, size_t size) {
    void *block = ln_arena_allocator(a)(a, NULL, 0, size);
    assert_non_null(block);
    return block;
}

static uint64_t *held_in(ln_arena *a) {
    return (uint64_t *)(void *)((char *)a + held);
}

static void spawn_all(void) {
    for (int i = 0; i < ARENAS; i++)
        assert_int_equal(ln_image_spawn(image, arenas[i]), LUNETTE_OK);
}

enum { SKIPPED = 77 }; /* where arenas cannot lie 4 GiB apart */

static int set_up(void **state) {
    (void)state;
    const ln_arena_config config = {.limit = 4 * MIB};
    ln_arena *a;
    if (ln_arena_open(&config, &a) != LUNETTE_OK)
        return -1;
    uint64_t *words = obtain(a, HELD * sizeof *words);
    memset(words, 0, HELD * sizeof *words);
    words[HELD - 1] = (uintptr_t)words;
    held = (size_t)((char *)words - (char *)a);
    if (ln_image_take(a, &image) != LUNETTE_OK)
        return -1;
    if (!ln_image_shareable(image))
        exit(SKIPPED);
    ln_arena_close(&a);
    for (int i = 0; i < ARENAS; i++)
        if (ln_arena_open(&config, &arenas[i]) != LUNETTE_OK)
            return -1;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int i = 0; i < ARENAS; i++)
        ln_arena_close(&arenas[i]);
    ln_image_close(&image);
    return 0;
}

/* Uses the arena as another tenant did: the map and the nursery are full of what that one left. */
static void use(ln_arena *a) {
    for (size_t size = 8; size < 1000; size += 40)
        memset(obtain(a, size), 0xA5, size);
    ln_image_restore(image, a);
    memset(ln_arena_at(a, a->image_end), 0xA5, a->nursery - a->image_end);
}

/* What looks like an address of the first arena stands in all of them. */
static uint64_t look_alike(void) {
    return (uintptr_t)arenas[0] + held;
}

static bool leaves_holes; /* the work frees more than what it took last, so that it needs the map */

static void work(ln_arena *a, uint64_t own) {
    ln_allocator allocator = ln_arena_allocator(a);
    ln_arena_gather(a, true);
    uint64_t *words = held_in(a);
    uint64_t *list = NULL;
    void *hole = obtain(a, 200);
    for (size_t i = 1; i < 20; i++) {
        uint64_t *block = obtain(a, 16 + 8 * i);
        block[0] = (uintptr_t)list;
        block[1] = i % 2 ? look_alike() : own;
        list = block;
    }
    words[0] = (uintptr_t)list;
    words[5] = look_alike();
    words[6] = 77;
    words[HELD - 1] = 0;
    uint64_t *large = obtain(a, 3600);
    large[0] = (uintptr_t)words;
    large = allocator(a, large, 3600, 900);
    large[1] = (uintptr_t)large;
    words[7] = (uintptr_t)large;
    allocator(a, obtain(a, 100), 100, 0);
    if (leaves_holes)
        allocator(a, hole, 200, 0);
    ln_arena_gather(a, false);
}

static void assert_same_work(ln_arena *a, ln_arena *b) {
    assert_int_equal(a->zone_top, b->zone_top);
    uint64_t distance = (uintptr_t)b - (uintptr_t)a;
    for (size_t at = LN_IMAGE_START; at < a->zone_top; at += 8) {
        uint64_t one = *(uint64_t *)ln_arena_at(a, at), other = *(uint64_t *)ln_arena_at(b, at);
        bool in_map = at >= a->image_end + ln_zone_map_size(a) && at < a->nursery;
        if (!in_map && one != other && one + distance != other)
            fail_msg("the word at %zu is %llx in one, %llx in the other", at, (unsigned long long)one,
                     (unsigned long long)other);
    }
    assert_int_equal(held_in(b)[5], look_alike());
    assert_ptr_equal(((uint64_t *)(uintptr_t)held_in(b)[7])[0], held_in(b));
}

static void assert_sound(const ln_arena *a) {
    char why[200] = "";
    if (!ln_arena_check(a, why, sizeof why))
        fail_msg("%s", why);
}

static void as_the_work_itself(void **state) {
    ln_patch *patch;
    leaves_holes = *state != NULL;
    spawn_all();
    for (int i = 0; i < ARENAS; i++)
        use(arenas[i]);
    work(arenas[0], 5);
    work(arenas[1], 5);
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[1], &patch), LUNETTE_OK);
    work(arenas[3], 5);
    for (int round = 0; round < 3; round++) {
        size_t at;
        use(arenas[2]);
        assert_true(ln_patch_apply(patch, arenas[2]));
        assert_same_work(arenas[3], arenas[2]);
        assert_sound(arenas[2]);
        for (int i = 0; i < 200; i++)
            memset(obtain(arenas[2], 100), 0xA5, 100);
        assert_sound(arenas[2]);
        assert_ptr_equal(((uint64_t *)(uintptr_t)held_in(arenas[2])[7])[0], held_in(arenas[2]));
        ln_image_restore(image, arenas[2]);
        assert_true(ln_image_equals(image, arenas[2], &at));
    }
    assert_true(ln_patch_size(patch) > 1000);
    ln_patch_close(&patch);
    assert_null(patch);
    ln_patch_close(&patch);
}

static void what_differs_is_no_patch(void **state) {
    (void)state;
    ln_patch *patch;
    spawn_all();
    work(arenas[0], 5);
    work(arenas[1], 6); /* in the nursery */
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[1], &patch), LUNETTE_UNSUPPORTED);
    assert_null(patch);
    spawn_all();
    work(arenas[0], 5);
    work(arenas[1], 5);
    held_in(arenas[1])[30] = 1; /* in the image */
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[1], &patch), LUNETTE_UNSUPPORTED);
    spawn_all();
    work(arenas[0], 5);
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[1], &patch), LUNETTE_UNSUPPORTED);
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[0], &patch), LUNETTE_UNSUPPORTED);
}

static void more_than_the_nursery(void **state) {
    (void)state;
    ln_patch *patch;
    spawn_all();
    for (int i = 0; i < 2; i++) {
        ln_arena_gather(arenas[i], true);
        for (int n = 0; n < 40; n++)
            memset(obtain(arenas[i], 2000), 0, 2000);
        ln_arena_gather(arenas[i], false);
    }
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[1], &patch), LUNETTE_UNSUPPORTED);
    assert_null(patch);
}

/* Where requests are to fail, they must be made. */
static void not_with_failures_injected(void **state) {
    (void)state;
    ln_patch *patch;
    size_t at;
    spawn_all();
    work(arenas[0], 5);
    work(arenas[1], 5);
    assert_int_equal(ln_patch_take(image, arenas[0], arenas[1], &patch), LUNETTE_OK);
    ln_arena_fail_after(arenas[2], 3);
    assert_false(ln_patch_apply(patch, arenas[2]));
    assert_true(ln_image_equals(image, arenas[2], &at));
    ln_arena_fail_after(arenas[2], 0);
    assert_true(ln_patch_apply(patch, arenas[2]));
    assert_false(ln_image_equals(image, arenas[2], &at));
    ln_patch_close(&patch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_work_itself),
        {"as_the_work_itself, with holes", as_the_work_itself, NULL, NULL, &leaves_holes},
        cmocka_unit_test(what_differs_is_no_patch),
        cmocka_unit_test(more_than_the_nursery),
        cmocka_unit_test(not_with_failures_injected),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
