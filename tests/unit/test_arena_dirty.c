/* Large images restored by their written pages: whatever was written, the arena equals its image afterwards. Look in
 * src/arena/dirty.c, and in src/base/os_track.c where the system is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "arena/dirty.h"
#include "arena/layout.h"

enum { LIMIT = 64 << 20, BLOCKS = 20000, BLOCK = 200 };

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static ln_arena *open_arena(void) {
    ln_arena_config config = {.limit = LIMIT};
    ln_arena *arena;
    assert_int_equal(ln_arena_open(&config, &arena), LUNETTE_OK);
    return arena;
}

/* An image of some 4 MB of blocks that point at one another. */
static ln_image *make_image(ln_arena *arena) {
    ln_allocator allocate = ln_arena_allocator(arena);
    uint64_t random = 42;
    void **last = NULL;
    ln_image *image;
    for (int i = 0; i < BLOCKS; i++) {
        void **block = allocate(arena, NULL, 0, BLOCK);
        assert_non_null(block);
        for (size_t k = 1; k < BLOCK / sizeof *block; k++)
            block[k] = (void *)(uintptr_t)(next_random(&random) >> 32);
        block[0] = last;
        last = block;
    }
    assert_int_equal(ln_image_take(arena, &image), LUNETTE_OK);
    return image;
}

static void touch(ln_arena *arena, const ln_image *image, size_t writes, uint64_t *random) {
    size_t room = ln_image_size(image);
    for (size_t i = 0; i < writes; i++)
        ((char *)arena)[LN_IMAGE_START + next_random(random) % room] ^= 0x55;
}

static void assert_equal(const ln_image *image, const ln_arena *arena) {
    size_t at = 0;
    if (!ln_image_equals(image, arena, &at))
        fail_msg("byte %zu differs", at);
}

static void restore_after(ln_arena *arena, const ln_image *image, size_t writes, uint64_t *random) {
    touch(arena, image, writes, random);
    ln_image_restore(image, arena);
    assert_equal(image, arena);
}

static bool can_watch(const ln_image *image) {
    if (ln_dirty_threshold() == SIZE_MAX) {
        print_message("skipped in part: this system does not tell which pages were written\n");
        return false;
    }
    return ln_image_size(image) >= ln_dirty_threshold();
}

/* So few that each is protected by itself again, and so many that the system tells of them in several goes. */
static void test_few_pages(void **state) {
    (void)state;
    uint64_t random = 7;
    ln_arena *arena = open_arena();
    ln_image *image = make_image(arena);
    for (int round = 0; round < 300; round++)
        restore_after(arena, image, next_random(&random) % (round % 2 == 0 ? 20 : 150), &random);
    if (can_watch(image))
        assert_ptr_equal(arena->control.watched, image);
    ln_image_close(&image);
    ln_arena_close(&arena);
}

static void test_many_pages_end_the_watch(void **state) {
    (void)state;
    uint64_t random = 8;
    ln_arena *arena = open_arena();
    ln_image *image = make_image(arena);
    for (int round = 0; round < 20; round++)
        restore_after(arena, image, 20000, &random);
    assert_null(arena->control.watched);
    restore_after(arena, image, 5, &random);
    ln_image_close(&image);
    ln_arena_close(&arena);
}

static void test_spawned_and_spawned_again(void **state) {
    (void)state;
    uint64_t random = 9;
    ln_arena *first = open_arena(), *second = open_arena(), *third = open_arena();
    ln_image *image = make_image(first), *other = make_image(third);
    if (!ln_image_shareable(image)) {
        print_message("skipped: no room for arenas 4 GiB apart\n");
        skip();
    }
    for (int round = 0; round < 6; round++) {
        const ln_image *now = round % 2 ? other : image;
        assert_int_equal(ln_image_spawn(now, second), LUNETTE_OK);
        assert_equal(now, second);
        for (int i = 0; i < 20; i++)
            restore_after(second, now, next_random(&random) % 30, &random);
        if (can_watch(now))
            assert_ptr_equal(second->control.watched, now);
    }
    ln_image_close(&image);
    ln_image_close(&other);
    ln_arena_close(&first);
    ln_arena_close(&second);
    ln_arena_close(&third);
}

/* A child inherits a watch that its kernel does not keep. */
static void test_forked(void **state) {
    (void)state;
    uint64_t random = 10;
    ln_arena *arena = open_arena();
    ln_image *image = make_image(arena);
    for (int i = 0; i < 3; i++)
        restore_after(arena, image, 5, &random);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        size_t at;
        bool right = true;
        for (int i = 0; i < 5; i++) {
            touch(arena, image, 10, &random);
            ln_image_restore(image, arena);
            right = right && ln_image_equals(image, arena, &at);
        }
        _exit(right ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    restore_after(arena, image, 5, &random);
    ln_image_close(&image);
    ln_arena_close(&arena);
}

/* What a snapshot writes counts as written. */
static void test_snapshots_between(void **state) {
    (void)state;
    uint64_t random = 11;
    ln_arena *arena = open_arena();
    ln_image *image = make_image(arena);
    ln_snapshot *snapshot;
    restore_after(arena, image, 5, &random);
    char *block = ln_arena_allocator(arena)(arena, NULL, 0, 100000);
    char *old = (char *)arena + ln_image_size(image) / 2;
    memset(block, 'a', 100000);
    memset(old, 'a', 5000);
    assert_int_equal(ln_snapshot_take(arena, &snapshot), LUNETTE_OK);
    for (int round = 0; round < 20; round++) {
        if (round % 3 != 0)
            restore_after(arena, image, 3, &random);
        assert_true(ln_snapshot_fit(snapshot, arena));
        ln_snapshot_restore(snapshot, arena);
        assert_true(block[0] == 'a' && block[99999] == 'a' && old[0] == 'a' && old[4999] == 'a');
        if (round % 2 == 0)
            restore_after(arena, image, 3, &random);
    }
    ln_snapshot_close(&snapshot);
    ln_image_close(&image);
    ln_arena_close(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots_between),
        cmocka_unit_test(test_few_pages),
        cmocka_unit_test(test_many_pages_end_the_watch),
        cmocka_unit_test(test_spawned_and_spawned_again),
        cmocka_unit_test(test_forked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
