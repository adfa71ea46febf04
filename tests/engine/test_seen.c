/* The cache of scripts by itself: what is found is what was added, also when hashes collide; what goes first; and that
 * its bytes are bounded. And what a machine remembers of it.
 *
 * Code that is in the cache is known by its count of references. */
#include <pthread.h>

#include "kit.h"

#include "machine/recent.h"
#include "machine/seen.h"

static ln_code *make_code(size_t room) {
    ln_code *code = malloc(sizeof *code + room);
    assert_non_null(code);
    ln_code_init(code);
    code->size = code->room = room;
    return code;
}

static bool is_kept(const ln_code *code) {
    return atomic_load(&code->references) > 1;
}

static ln_seen_key key_of(const ln_seen *cache, const char *name, const char *text) {
    ln_seen_key key;
    assert_true(ln_seen_key_make(cache, name, text, strlen(text), &key));
    return key;
}

/* NULL: not there. The reference that finding gave is given back. */
static ln_code *find(ln_seen *cache, const ln_seen_key *key, bool *again) {
    ln_code *code = ln_seen_find(cache, key, again), *found = code;
    ln_code_release(&code);
    return found;
}

static ln_seen *open_cache(size_t bytes) {
    ln_seen *cache;
    assert_int_equal(ln_seen_open(bytes, &cache), LUNETTE_OK);
    return cache;
}

static void found_at_third_sight(void **state) {
    (void)state;
    ln_seen *cache = open_cache(100000);
    ln_seen_key key = key_of(cache, "@a", "return 1");
    ln_code *code = make_code(50);
    bool again = true;
    assert_null(find(cache, &key, &again));
    assert_false(again);
    assert_null(find(cache, &key, &again));
    assert_true(again);
    ln_seen_add(cache, &key, code);
    assert_ptr_equal(find(cache, &key, &again), code);
    assert_false(again);
    ln_seen_add(cache, &key, code); /* a second thread's */
    assert_int_equal(atomic_load(&code->references), 2);
    ln_seen_close(&cache);
    assert_null(cache);
    ln_seen_close(&cache);
    assert_int_equal(atomic_load(&code->references), 1);
    ln_code_release(&code);
    ln_code_release(&code);
}

/* The same hash is not the same text: names, texts and sizes are compared. */
static void collisions(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
        size_t size;
    } SCRIPTS[] = {
        {"@a", "return 1", 8}, {"@b", "return 1", 8}, {"@a", "return 2", 8},         {"@a", "return 1", 7},
        {"=a", "return 1", 8}, {"@a1", "return ", 7}, {"@a", "\0\0\0\0\0\0\0\0", 8}, {"@a", "", 0},
    };
    enum { COUNT = sizeof SCRIPTS / sizeof SCRIPTS[0] };
    ln_seen *cache = open_cache(1000000);
    ln_seen_key keys[COUNT];
    ln_code *codes[COUNT];
    bool again;
    for (int i = 0; i < COUNT; i++) {
        assert_true(ln_seen_key_make(cache, SCRIPTS[i].name, SCRIPTS[i].text, SCRIPTS[i].size, &keys[i]));
        for (int k = 0; k < i; k++)
            assert_int_not_equal(keys[i].hash, keys[k].hash);
    }
    for (int i = 0; i < COUNT; i++)
        keys[i].hash = 77;
    for (int i = 0; i < COUNT; i++) {
        assert_null(find(cache, &keys[i], &again));
        codes[i] = make_code(10);
        ln_seen_add(cache, &keys[i], codes[i]);
    }
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(find(cache, &keys[i], &again), codes[i]);
    ln_seen_close(&cache);
    for (int i = 0; i < COUNT; i++)
        ln_code_release(&codes[i]);
}

/* Seeds differ, so nobody can choose texts that collide in another's cache. */
static void hashes_are_seeded(void **state) {
    (void)state;
    ln_seen *a = open_cache(1000), *b = open_cache(1000);
    assert_int_not_equal(key_of(a, "@x", "return 1").hash, key_of(b, "@x", "return 1").hash);
    ln_seen_close(&a);
    ln_seen_close(&b);
}

static void texts_that_are_too_large(void **state) {
    (void)state;
    ln_seen *cache = open_cache(8000);
    char text[1002];
    ln_seen_key key;
    bool again;
    memset(text, 'x', sizeof text);
    assert_false(ln_seen_key_make(cache, "@x", text, 1001, &key));
    assert_true(ln_seen_key_make(cache, "@x", text, 1000, &key));
    ln_code *large = make_code(2000);
    ln_seen_add(cache, &key, large);
    assert_null(find(cache, &key, &again));
    assert_false(is_kept(large));
    ln_code_release(&large);
    ln_seen_close(&cache);
}

/* What is asked for stays, what is not goes; and all of it together takes no more than it may. */
static void bounded(void **state) {
    (void)state;
    enum { COUNT = 10000, CODE = 300, LIMIT = 64 * 1024 };
    ln_seen *cache = open_cache(LIMIT);
    static ln_code *codes[COUNT];
    ln_seen_key wanted = key_of(cache, "@wanted", "return 'wanted'");
    ln_code *stays = make_code(CODE);
    bool again;
    ln_seen_add(cache, &wanted, stays);
    for (int i = 0; i < COUNT; i++) {
        char text[40];
        snprintf(text, sizeof text, "return %d", i);
        ln_seen_key key = key_of(cache, "@script", text);
        codes[i] = make_code(CODE);
        ln_seen_add(cache, &key, codes[i]);
        assert_true(is_kept(codes[i]));
        if (i % 20 == 0)
            assert_ptr_equal(find(cache, &wanted, &again), stays);
    }
    size_t kept = 0;
    for (int i = 0; i < COUNT; i++)
        kept += is_kept(codes[i]);
    assert_true(kept > LIMIT / (CODE + 300));
    assert_true(kept * (CODE + sizeof(ln_code)) < LIMIT);
    assert_true(is_kept(stays));
    ln_seen_close(&cache);
    ln_code_release(&stays);
    for (int i = 0; i < COUNT; i++) {
        assert_false(is_kept(codes[i]));
        ln_code_release(&codes[i]);
    }
}

/* --- What a machine remembers --- */

static ln_code *remembered(const ln_recent *recent, const char *name, const char *text) {
    return ln_recent_find(recent, name, text, strlen(text));
}

static ln_code *add_and_keep(ln_seen *cache, ln_recent *recent, const char *name, const char *text) {
    ln_seen_key key = key_of(cache, name, text);
    ln_code *code = make_code(50);
    ln_seen_add(cache, &key, code);
    ln_recent_keep(recent, code);
    return code;
}

static void remembers_by_name_and_text(void **state) {
    (void)state;
    ln_seen *cache = open_cache(100000);
    ln_recent recent = {0};
    assert_null(remembered(&recent, "@a", "return 1"));
    ln_code *a = add_and_keep(cache, &recent, "@a", "return 1");
    ln_code *b = add_and_keep(cache, &recent, "@b", "return 1");
    ln_code *c = add_and_keep(cache, &recent, "@a", "return 2");
    assert_ptr_equal(remembered(&recent, "@a", "return 1"), a);
    assert_ptr_equal(remembered(&recent, "@b", "return 1"), b);
    assert_ptr_equal(remembered(&recent, "@a", "return 2"), c);
    assert_null(remembered(&recent, "@b", "return 2"));
    assert_null(remembered(&recent, "@a", "return 11"));
    assert_null(remembered(&recent, "@a", "return "));
    assert_null(remembered(&recent, "@aa", "return 1"));
    ln_recent_clear(&recent);
    assert_null(remembered(&recent, "@a", "return 1"));
    assert_int_equal(atomic_load(&a->references), 1); /* the cache's */
    ln_seen_close(&cache);
}

static void remembers_the_last_few(void **state) {
    (void)state;
    static const char *const TEXTS[LN_RECENT + 2] = {"return 0", "return 1", "return 2",
                                                     "return 3", "return 4", "return 5"};
    ln_seen *cache = open_cache(100000);
    ln_recent recent = {0};
    for (int i = 0; i < LN_RECENT + 2; i++)
        add_and_keep(cache, &recent, "@a", TEXTS[i]);
    for (int i = 0; i < LN_RECENT + 2; i++)
        assert_int_equal(remembered(&recent, "@a", TEXTS[i]) != NULL, i >= 2);
    ln_recent_clear(&recent);
    ln_seen_close(&cache);
}

/* Else what one machine has in use would be kept beyond the cache's bytes for good. What it finds stays in the cache, though
 * nobody asks the cache for it. */
static void what_left_the_cache_is_not_remembered(void **state) {
    (void)state;
    enum { COUNT = 500, CODE = 300 };
    ln_seen *cache = open_cache(16 * 1024);
    ln_recent recent = {0};
    ln_code *idle = add_and_keep(cache, &recent, "@idle", "return 'idle'");
    ln_code *used = add_and_keep(cache, &recent, "@used", "return 'used'");
    for (int i = 0; i < COUNT; i++) {
        char text[40];
        snprintf(text, sizeof text, "return %d", i);
        ln_seen_key key = key_of(cache, "@script", text);
        ln_code *code = make_code(CODE);
        ln_seen_add(cache, &key, code);
        ln_code_release(&code);
        assert_ptr_equal(remembered(&recent, "@used", "return 'used'"), used);
    }
    assert_int_equal(atomic_load(&idle->references), 1);
    assert_null(remembered(&recent, "@idle", "return 'idle'"));
    ln_seen_close(&cache);
    assert_null(remembered(&recent, "@used", "return 'used'"));
    ln_recent_clear(&recent);
}

/* --- Threads that find, add and push out --- */

static void *hammer(void *ud) {
    ln_seen *cache = ud;
    unsigned random = 1;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        bool again;
        ln_seen_key key;
        random = random * 1664525u + 1013904223u;
        snprintf(text, sizeof text, "return %u", (random >> 16) % 200);
        if (!ln_seen_key_make(cache, "@x", text, strlen(text), &key))
            continue;
        ln_code *code = ln_seen_find(cache, &key, &again);
        if (!code && again && (code = malloc(sizeof *code + 200))) {
            ln_code_init(code);
            code->size = code->room = 200;
            ln_seen_add(cache, &key, code);
        }
        ln_code_release(&code);
    }
    return NULL;
}

static void by_threads(void **state) {
    (void)state;
    pthread_t threads[4];
    ln_seen *cache = open_cache(20000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, cache), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ln_seen_close(&cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_at_third_sight),
        cmocka_unit_test(collisions),
        cmocka_unit_test(hashes_are_seeded),
        cmocka_unit_test(texts_that_are_too_large),
        cmocka_unit_test(bounded),
        cmocka_unit_test(remembers_by_name_and_text),
        cmocka_unit_test(remembers_the_last_few),
        cmocka_unit_test(what_left_the_cache_is_not_remembered),
        cmocka_unit_test(by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
