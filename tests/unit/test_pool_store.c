/* The shared store against a model: an array in the order in which items were put. When this fails look at
 * src/pool/store.c. */
#include "pool/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ITEMS = 2000, KEYS = 300, STEPS = 60000 };

typedef struct model {
    ln_pool_link items[ITEMS];
    ln_pool_link *order[ITEMS]; /* what is in the store, oldest first */
    size_t count;
    ln_pool_link *out[ITEMS]; /* the rest */
    size_t out_count;
} model;

static char keys[KEYS];
static model m;

static uint32_t random_state;

static uint32_t below(uint32_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

static void model_open(void) {
    m = (model){.out_count = ITEMS};
    for (size_t i = 0; i < ITEMS; i++)
        m.out[i] = &m.items[i];
}

static void model_remove(size_t index) {
    m.out[m.out_count++] = m.order[index];
    m.count--;
    for (size_t i = index; i < m.count; i++)
        m.order[i] = m.order[i + 1];
}

static size_t index_of(const ln_pool_link *link) {
    size_t i = 0;
    while (i < m.count && m.order[i] != link)
        i++;
    return i;
}

static void step_put(ln_store *store, uint32_t keys_used) {
    if (m.out_count == 0)
        return;
    size_t index = below((uint32_t)m.out_count);
    ln_pool_link *link = m.out[index];
    m.out[index] = m.out[--m.out_count];
    link->key = &keys[below(keys_used)];
    link->trimmed = below(3) == 0;
    m.order[m.count++] = link;
    ln_store_put(store, link);
}

static void step_take(ln_store *store, uint32_t keys_used) {
    const void *key = &keys[below(keys_used)];
    size_t index = m.count;
    while (index > 0 && m.order[index - 1]->key != key)
        index--;
    ln_pool_link *expected = index > 0 ? m.order[index - 1] : NULL;
    assert_ptr_equal(ln_store_take(store, key), expected);
    if (expected != NULL)
        model_remove(index - 1);
}

static void step_remove(ln_store *store) {
    if (m.count == 0)
        return;
    size_t index = below((uint32_t)m.count);
    ln_store_remove(store, m.order[index]);
    model_remove(index);
}

/* Trimmed ones have been idle for longer than any that are not. */
static void step_take_oldest(ln_store *store) {
    size_t index = 0;
    while (index < m.count && !m.order[index]->trimmed)
        index++;
    if (index == m.count)
        index = 0;
    ln_pool_link *expected = m.count > 0 ? m.order[index] : NULL;
    assert_ptr_equal(ln_store_take_oldest(store), expected);
    if (expected != NULL)
        model_remove(index);
}

static void assert_line(const ln_line *line, bool trimmed, size_t *seen) {
    size_t last = 0;
    const ln_pool_link *newer = NULL;
    for (const ln_pool_link *link = line->newest; link != NULL; newer = link, link = link->older) {
        size_t index = index_of(link);
        assert_true(index < m.count && (newer == NULL || index < last));
        assert_true(link->trimmed == trimmed && link->newer == newer);
        last = index;
        ++*seen;
    }
    assert_ptr_equal(line->oldest, newer);
}

static void assert_agrees(const ln_store *store) {
    size_t seen = 0;
    assert_int_equal(store->count, m.count);
    assert_line(&store->fresh, false, &seen);
    assert_line(&store->trimmed, true, &seen);
    assert_int_equal(seen, m.count);
}

static void run_model(uint32_t keys_used, uint32_t puts_in_ten) {
    ln_store store;
    assert_true(ln_store_open(&store));
    model_open();
    for (int step = 0; step < STEPS; step++) {
        uint32_t dice = below(10);
        if (dice < puts_in_ten)
            step_put(&store, keys_used);
        else if (dice < 8)
            step_take(&store, keys_used);
        else if (dice == 8)
            step_remove(&store);
        else
            step_take_oldest(&store);
        if (step % 997 == 0)
            assert_agrees(&store);
    }
    assert_agrees(&store);
    while (m.count > 0)
        step_take_oldest(&store);
    assert_int_equal(store.keys, 0);
    ln_store_close(&store);
}

static void behaves_like_the_model(void **state) {
    (void)state;
    random_state = 2463534242U;
    run_model(1, 5);
    run_model(7, 6);
    run_model(KEYS, 7);
    run_model(KEYS, 4);
}

/* One more bucket chain than before for every key: without growth the chains would have 2,000 / 16 links. */
static void grows_with_its_keys(void **state) {
    (void)state;
    static char many[ITEMS];
    ln_store store;
    assert_true(ln_store_open(&store));
    model_open();
    for (size_t i = 0; i < ITEMS; i++) {
        m.items[i].key = &many[i];
        ln_store_put(&store, &m.items[i]);
    }
    assert_int_equal(store.keys, ITEMS);
    size_t longest = 0;
    for (size_t i = 0; i <= store.mask; i++) {
        size_t length = 0;
        for (ln_pool_link *top = store.buckets[i]; top != NULL; top = top->chain)
            length++;
        longest = length > longest ? length : longest;
    }
    assert_in_range(longest, 1, 12);
    for (size_t i = 0; i < ITEMS; i++)
        assert_ptr_equal(ln_store_take(&store, &many[i]), &m.items[i]);
    ln_store_close(&store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_the_model),
        cmocka_unit_test(grows_with_its_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
