/* The arena on the host's allocator: limit, statistics, order around host sections, discarding everything. When
 * this fails look at src/arena/bridge.c. */
#include "test_arena_kit.h"

/* A host that knows what it has given, can refuse, and can be left in the middle like a killed run. */
typedef struct host {
    size_t blocks;
    size_t bytes;
    size_t calls;
    size_t refuse_in; /* calls for memory until one is refused; 0: none */
    bool refuses_shrink;
    bool inside;       /* between enter and leave */
    bool outside_call; /* was called while not inside */
    size_t enters;
    size_t leave_at; /* the leave that does not return; 0: none */
    jmp_buf away;
} host;

static kit k;
static host h;

static void *host_realloc(void *ud, void *block, size_t osize, size_t nsize) {
    host *of = ud;
    of->calls++;
    of->outside_call |= !of->inside;
    if (nsize == 0) {
        of->blocks -= block != NULL;
        of->bytes -= block != NULL ? osize : 0;
        free(block);
        return NULL;
    }
    if ((of->refuse_in != 0 && --of->refuse_in == 0) ||
        (of->refuses_shrink && block != NULL && nsize < osize)) {
        return NULL;
    }
    void *moved = malloc(nsize); /* always elsewhere, so that a stale pointer shows */
    if (moved != NULL) {
        of->bytes += nsize;
        of->blocks++;
    }
    if (block != NULL && moved != NULL) {
        memcpy(moved, block, osize < nsize ? osize : nsize);
        of->bytes -= osize;
        of->blocks--;
        free(block);
    }
    return moved;
}

static void host_enter(void *ud) {
    host *of = ud;
    of->inside = true;
    of->enters++;
}

static void host_leave(void *ud) {
    host *of = ud;
    of->inside = false;
    if (of->leave_at != 0 && --of->leave_at == 0) {
        longjmp(of->away, 1);
    }
}

static void open_bridge(size_t limit, uint64_t seed) {
    memset(&h, 0, sizeof h);
    h.inside = true;
    ln_arena_config config = {.limit = limit,
                              .reserve = 10000,
                              .host = host_realloc,
                              .host_ud = &h,
                              .host_enter = host_enter,
                              .host_leave = host_leave,
                              .section_ud = &h};
    kit_open(&k, &config, seed);
    h.inside = false;
    h.calls = 0;
}

static void close_bridge(void) {
    kit_assert_sound(&k);
    assert_false(h.outside_call);
    ln_arena_close(&k.arena);
    assert_int_equal(h.blocks, 0);
    assert_int_equal(h.bytes, 0);
}

static ln_arena_stats stats_now(void) {
    ln_arena_stats stats;
    ln_arena_stats_get(k.arena, &stats);
    return stats;
}

static void committed_is_what_the_host_gave(void **state) {
    (void)state;
    open_bridge(400000, 1);
    for (int step = 0; step < 5000; step++) {
        (void)kit_step(&k, 300, 20000);
        assert_int_equal(stats_now().committed, h.bytes);
        assert_true(h.bytes <= 400000);
    }
    assert_true(stats_now().failures > 0 && !stats_now().reserved && !stats_now().shares_images);
    assert_int_equal(h.enters, h.calls);
    kit_free_all(&k);
    close_bridge();
}

static void closing_frees_what_is_left(void **state) {
    (void)state;
    open_bridge(0, 2);
    for (int step = 0; step < 1000; step++) {
        assert_true(kit_step(&k, 300, 20000));
    }
    assert_true(h.blocks > 100);
    close_bridge();
}

static void discarding_frees_every_block(void **state) {
    (void)state;
    open_bridge(MIB, 3);
    size_t empty = h.bytes;
    for (int round = 0; round < 10; round++) {
        for (int step = 0; step < 500; step++) {
            (void)kit_step(&k, 300, 20000);
        }
        ln_arena_open_reserve(k.arena);
        ln_arena_discard_all(k.arena);
        kit_forget(&k);
        assert_int_equal(h.bytes, empty);
        assert_true(stats_now().used == 0 && stats_now().failures == 0);
        kit_assert_sound(&k);
        assert_false(kit_allocate(&k, &k.blocks[0], MIB)); /* the reserve was taken back */
    }
    close_bridge();
}

static void the_host_may_refuse(void **state) {
    (void)state;
    open_bridge(0, 4);
    assert_true(kit_allocate(&k, &k.blocks[0], 100));
    h.refuse_in = 1;
    assert_false(kit_allocate(&k, &k.blocks[1], 100));
    h.refuse_in = 1;
    assert_false(kit_resize(&k, &k.blocks[0], 200));
    assert_true(ln_arena_refused(k.arena) && stats_now().failures == 2);
    h.refuses_shrink = true;
    assert_true(kit_resize(&k, &k.blocks[0], 10));
    kit_assert_sound(&k);
    assert_true(kit_resize(&k, &k.blocks[0], 60)); /* fits what the host did not take back */
    assert_true(kit_resize(&k, &k.blocks[0], 300));
    kit_free_all(&k);
    close_bridge();
}

static void opening_can_be_refused(void **state) {
    (void)state;
    memset(&h, 0, sizeof h);
    h.refuse_in = 1;
    ln_arena *arena = (ln_arena *)&k;
    assert_int_equal(ln_arena_open(&(ln_arena_config){.host = host_realloc, .host_ud = &h}, &arena),
                     LUNETTE_NO_MEMORY);
    assert_null(arena);
    assert_int_equal(h.blocks, 0);
}

static void absurd_requests_are_refused(void **state) {
    (void)state;
    open_bridge(0, 5);
    assert_true(kit_allocate(&k, &k.blocks[0], 100));
    assert_null(kit_call(&k, NULL, 0, SIZE_MAX));
    assert_null(kit_call(&k, NULL, 0, SIZE_MAX - 31));
    assert_null(kit_call(&k, k.blocks[0].bytes, 100, SIZE_MAX - 31));
    assert_null(kit_call(&k, NULL, 0, 0));
    close_bridge();
}

static void the_limit_and_the_reserve(void **state) {
    (void)state;
    open_bridge(100000, 6);
    assert_true(kit_allocate(&k, &k.blocks[0], 95000));
    assert_false(kit_allocate(&k, &k.blocks[1], 10000));
    ln_arena_open_reserve(k.arena);
    assert_true(kit_allocate(&k, &k.blocks[1], 10000));
    assert_true(stats_now().lent > 0 && stats_now().committed == 100000);
    ln_arena_close_reserve(k.arena);
    assert_false(kit_allocate(&k, &k.blocks[2], 1));
    assert_int_equal(ln_arena_set_limit(k.arena, 200000), 200000);
    assert_true(kit_allocate(&k, &k.blocks[2], 50000));
    assert_int_equal(ln_arena_set_limit(k.arena, 50000), 50000);
    assert_false(kit_resize(&k, &k.blocks[2], 50001));
    kit_free_all(&k);
    assert_true(kit_allocate(&k, &k.blocks[2], 40000));
    close_bridge();
}

static void there_are_no_images(void **state) {
    (void)state;
    open_bridge(MIB, 7);
    ln_image *image = (ln_image *)&k;
    assert_int_equal(ln_arena_seal(k.arena), LUNETTE_OK);
    assert_int_equal(ln_image_take(k.arena, &image), LUNETTE_UNSUPPORTED);
    assert_null(image);
    ln_arena_trim(k.arena, 0);
    void *start;
    size_t size;
    ln_arena_range(k.arena, &start, &size);
    assert_int_equal(size, 0);
    close_bridge();
}

static void owns_what_it_handed_out(void **state) {
    (void)state;
    open_bridge(MIB, 8);
    assert_true(kit_allocate(&k, &k.blocks[0], 100));
    assert_true(kit_allocate(&k, &k.blocks[1], 100));
    assert_true(ln_arena_owns(k.arena, k.blocks[0].bytes + 99));
    assert_false(ln_arena_owns(k.arena, &k));
    close_bridge();
}

static void each_request_fails_once(void **state) {
    (void)state;
    open_bridge(0, 9);
    size_t refused = 1;
    for (uint64_t n = 1; refused > 0; n++) {
        k.random = 4711;
        refused = 0;
        ln_arena_fail_after(k.arena, n);
        for (int i = 0; i < 300; i++) {
            refused += !kit_step(&k, 40, 10000);
        }
        assert_true(refused <= 1);
        kit_free_all(&k);
        kit_assert_sound(&k);
    }
    close_bridge();
}

/* What a run does until it is killed in its nth host section; the kit's own bookkeeping is abandoned with it. */
static void run_until_left(size_t n) {
    h.leave_at = n;
    if (setjmp(h.away) == 0) {
        for (int step = 0; step < 200; step++) {
            (void)kit_step(&k, 20, 5000);
        }
    }
    h.leave_at = 0;
}

static void a_kill_in_any_host_section_loses_nothing(void **state) {
    (void)state;
    open_bridge(MIB, 10);
    size_t empty = h.bytes;
    for (size_t n = 1; n < 150; n++) {
        run_until_left(n);
        char why[200] = "";
        if (!ln_arena_check(k.arena, why, sizeof why)) {
            fail_msg("after a kill in host section %zu: %s", n, why);
        }
        assert_int_equal(stats_now().committed, h.bytes);
        ln_arena_discard_all(k.arena);
        kit_forget(&k);
        assert_int_equal(h.bytes, empty);
    }
    close_bridge();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_is_what_the_host_gave),
        cmocka_unit_test(closing_frees_what_is_left),
        cmocka_unit_test(discarding_frees_every_block),
        cmocka_unit_test(the_host_may_refuse),
        cmocka_unit_test(opening_can_be_refused),
        cmocka_unit_test(absurd_requests_are_refused),
        cmocka_unit_test(the_limit_and_the_reserve),
        cmocka_unit_test(there_are_no_images),
        cmocka_unit_test(owns_what_it_handed_out),
        cmocka_unit_test(each_request_fails_once),
        cmocka_unit_test(a_kill_in_any_host_section_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
