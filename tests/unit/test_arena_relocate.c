/* Each way in which this processor can copy words and move addresses in them does what ln_relocate_word() says of one,
 * for every count of groups, and writes nothing behind them. When this fails look at src/arena/relocate.c. */
#include "test_arena_kit.h"

#include "arena/relocate.h"

enum { MOST = 40 * LN_RELOCATE_GROUP, BEHIND = LN_RELOCATE_GROUP };

static const uint32_t MARK = 0xfff8a5c3u, UPPER = 0x00007f42u;

/* Halves that are the mark, are one bit away from it, or are anything; in the upper place and in the lower. */
static uint32_t half(kit *k) {
    switch (kit_below(k, 4)) {
    case 0:
    case 1:
        return MARK;
    case 2:
        return MARK ^ 1u << kit_below(k, 32);
    default:
        return (uint32_t)kit_random(k);
    }
}

static void as_by_words(void **state) {
    (void)state;
    static _Alignas(LN_RELOCATE_ALIGNMENT) uint64_t from[MOST + BEHIND], to[MOST + BEHIND];
    kit k = {.random = 20261129};
    unsigned ways = 0;
    for (ln_relocate_way *way; (way = ln_relocate_nth_way(ways)) != NULL; ways++) {
        for (size_t count = 0; count <= MOST; count += LN_RELOCATE_GROUP) {
            for (size_t i = 0; i < MOST + BEHIND; i++)
                from[i] = (uint64_t)half(&k) << 32 | half(&k);
            memset(to, 0x5a, sizeof to);
            way(to, from, count, MARK, UPPER);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(to[i], ln_relocate_word(from[i], MARK, UPPER));
            for (size_t i = count; i < MOST + BEHIND; i++)
                assert_int_equal(to[i], 0x5a5a5a5a5a5a5a5au);
            assert_int_equal(ln_relocate_compare(to, from, count, MARK, UPPER), count);
        }
    }
    assert_true(ways > 0);
    print_message("%u ways on this processor\n", ways);
}

/* Marks are found where they are, and never taken for a number that is in use. */
static void a_mark_is_no_upper_half(void **state) {
    (void)state;
    uint64_t words[100];
    uint32_t mark = 0;
    for (size_t i = 0; i < 100; i++) {
        words[i] = (uint64_t)ln_relocate_mark(words, i, UPPER) << 32 | MARK;
        mark = ln_relocate_mark(words, i + 1, UPPER);
        for (size_t k = 0; k <= i; k++)
            assert_int_not_equal(words[k] >> 32, mark);
    }
    assert_int_not_equal(ln_relocate_mark(words, 100, mark), mark);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_by_words),
        cmocka_unit_test(a_mark_is_no_upper_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
