/* What memcheck is told of an arena: a block is all that can be used, fresh ones have no value, and what a reset throws away
 * is gone. Without valgrind there is nobody to tell, and nothing to test. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "base/memcheck.h"

enum { DEFINED, UNDEFINED, OUT_OF_BOUNDS, OTHER };

/* What memcheck thinks of these bytes, without a report of it. */
static int state_of(const void *start, size_t size) {
    unsigned char bits[512];
    memset(bits, 0, sizeof bits);
    if (VALGRIND_GET_VBITS(start, bits, size) != 1)
        return OUT_OF_BOUNDS;
    size_t undefined = 0;
    for (size_t i = 0; i < size; i++)
        undefined += bits[i] == 0xff;
    return undefined == size ? UNDEFINED : undefined == 0 ? DEFINED : OTHER;
}

static ln_arena *open_arena(ln_image **image) {
    ln_arena_config config = {.limit = (size_t)4 << 20};
    ln_arena *arena;
    assert_int_equal(ln_arena_open(&config, &arena), LUNETTE_OK);
    ln_allocator allocate = ln_arena_allocator(arena);
    memset(allocate(arena, NULL, 0, 100), 'x', 100);
    if (image)
        assert_int_equal(ln_image_take(arena, image), LUNETTE_OK);
    return arena;
}

static void blocks_are_bounded(void **state) {
    (void)state;
    ln_image *image;
    ln_arena *arena = open_arena(&image);
    ln_allocator allocate = ln_arena_allocator(arena);
    static const size_t SIZES[] = {1, 8, 17, 100, 500};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        size_t size = SIZES[i];
        for (int turn = 0; turn < 20; turn++) { /* in the nursery, then in spans */
            char *block = allocate(arena, NULL, 0, size);
            assert_int_equal(state_of(block, size), UNDEFINED);
            memset(block, 'y', size);
            assert_int_equal(state_of(block, size), DEFINED);
            char *longer = allocate(arena, block, size, size + 300);
            assert_int_equal(state_of(longer, size), DEFINED);
            assert_int_equal(state_of(longer + size, 150), UNDEFINED);
            if (longer != block)
                assert_int_equal(state_of(block, 1), OUT_OF_BOUNDS);
            char *shorter = allocate(arena, longer, size + 300, size);
            assert_int_equal(state_of(shorter, size), DEFINED);
            assert_int_equal(state_of(shorter + size, 1), OUT_OF_BOUNDS);
            if (turn % 2 == 0) {
                allocate(arena, shorter, size, 0);
                assert_int_equal(state_of(shorter, 1), OUT_OF_BOUNDS);
            }
        }
    }
    char why[128];
    assert_true(ln_arena_check(arena, why, sizeof why));
    ln_image_close(&image);
    ln_arena_close(&arena);
}

static void a_reset_takes_the_blocks(void **state) {
    (void)state;
    ln_image *image;
    ln_arena *arena = open_arena(&image);
    ln_allocator allocate = ln_arena_allocator(arena);
    char *small = allocate(arena, NULL, 0, 40), *large = allocate(arena, NULL, 0, 100000);
    memset(small, 'z', 40);
    memset(large, 'z', 100000);
    ln_image_restore(image, arena);
    assert_int_equal(state_of(small, 40), OUT_OF_BOUNDS);
    assert_int_equal(state_of(large, 1), OUT_OF_BOUNDS);
    assert_int_equal(state_of(large + 99999, 1), OUT_OF_BOUNDS);
    size_t difference;
    assert_true(ln_image_equals(image, arena, &difference));
    small = allocate(arena, NULL, 0, 40);
    assert_int_equal(state_of(small, 40), UNDEFINED);
    ln_image_close(&image);
    ln_arena_close(&arena);
}

/* Blocks that were freed since are there again, those that were made since are not; what has no value still has none. */
static void a_snapshot_brings_the_blocks_back(void **state) {
    (void)state;
    ln_image *image;
    ln_snapshot *snapshot;
    ln_arena *arena = open_arena(&image);
    ln_allocator allocate = ln_arena_allocator(arena);
    char *small = allocate(arena, NULL, 0, 40), *large = allocate(arena, NULL, 0, 100000);
    memset(small, 'z', 20);
    memset(large, 'z', 100000);
    assert_int_equal(ln_snapshot_take(arena, &snapshot), LUNETTE_OK);
    allocate(arena, small, 40, 0);
    allocate(arena, large, 100000, 0);
    char *later = allocate(arena, NULL, 0, 1000000);
    memset(later, 'z', 1000000);
    assert_true(ln_snapshot_fit(snapshot, arena));
    ln_snapshot_restore(snapshot, arena);
    assert_int_equal(state_of(small, 20), DEFINED);
    assert_int_equal(state_of(small + 20, 20), UNDEFINED);
    assert_int_equal(state_of(large + 99900, 100), DEFINED);
    assert_int_equal(state_of(later + 999999, 1), OUT_OF_BOUNDS);
    allocate(arena, small, 40, 0);
    assert_int_equal(state_of(small, 40), OUT_OF_BOUNDS);
    assert_int_equal(VALGRIND_COUNT_ERRORS, 0);
    ln_snapshot_close(&snapshot);
    ln_image_close(&image);
    ln_arena_close(&arena);
}

/* Errors outside of the allocator are seen, whether it was left by its end or not. In a process of its own, since memcheck
 * makes what it has seen the exit status: seen as it should be, the process dies of SIGKILL. */
static void errors_are_counted_again(void **state) {
    (void)state;
    ln_arena *arena = open_arena(NULL);
    ln_allocator allocate = ln_arena_allocator(arena);
    pid_t child = fork();
    if (child == 0) {
        ln_memcheck_report(false); /* as a kill in the middle of it leaves behind */
        char *block = allocate(arena, NULL, 0, 24);
        unsigned before = VALGRIND_COUNT_ERRORS;
        if (VALGRIND_CHECK_MEM_IS_DEFINED(block, 24) != 0 && VALGRIND_COUNT_ERRORS == before + 1)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ln_arena_close(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_bounded),
        cmocka_unit_test(a_reset_takes_the_blocks),
        cmocka_unit_test(a_snapshot_brings_the_blocks_back),
        cmocka_unit_test(errors_are_counted_again),
    };
    if (!RUNNING_ON_VALGRIND) {
        puts("not under valgrind");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
