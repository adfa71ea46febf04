/* The pool as a host sees it: its bounds, its queue, its check, what it gives back, and who may use a context when. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * KIT_SECOND + (uint64_t)now.tv_nsec;
}

static void sleep_ns(uint64_t ns) {
    nanosleep(&(struct timespec){.tv_sec = (time_t)(ns / KIT_SECOND), .tv_nsec = (long)(ns % KIT_SECOND)},
              NULL);
}

static lunette_engine *open_with(const lunette_pool_config *pool) {
    lunette_config config = kit_config();
    config.pool = *pool;
    return kit_open(&config);
}

/* made == destroyed + in_use + idle, nobody waits, and so many are in use. */
static lunette_pool_stats expect_sum(lunette_engine *engine, uint64_t in_use) {
    lunette_pool_stats stats = kit_pool(engine);
    assert_int_equal(stats.made, stats.destroyed + stats.in_use + stats.idle);
    assert_int_equal(stats.in_use, in_use);
    assert_int_equal(stats.waiting, 0);
    return stats;
}

/* --- The maximum --- */

static void full_and_no_wait(void **state) {
    (void)state;
    lunette_engine *engine = open_with(&(lunette_pool_config){.max = 2});
    lunette_context *a = kit_acquire(engine), *b = kit_acquire(engine), *c = (lunette_context *)1;
    assert_int_equal(lunette_context_acquire(engine, &c), LUNETTE_EXHAUSTED);
    assert_null(c);
    assert_true(strlen(lunette_last_failure()) > 0);
    kit_release(&a);
    c = kit_acquire(engine);
    assert_int_equal(expect_sum(engine, 2).refusals, 1);
    assert_int_equal(kit_pool(engine).made, 2);
    kit_release(&b);
    kit_release(&c);
    lunette_engine_close(&engine);
}

static void full_and_a_deadline(void **state) {
    (void)state;
    lunette_engine *engine = open_with(&(lunette_pool_config){.max = 1, .wait_ns = 50 * KIT_MILLISECOND});
    lunette_context *a = kit_acquire(engine), *b;
    uint64_t before = now_ns();
    assert_int_equal(lunette_context_acquire(engine, &b), LUNETTE_EXHAUSTED);
    assert_true(now_ns() - before >= 50 * KIT_MILLISECOND);
    assert_null(b);
    lunette_pool_stats stats = expect_sum(engine, 1);
    assert_int_equal(stats.refusals, 1);
    assert_int_equal(stats.waits, 1);
    kit_release(&a);
    lunette_engine_close(&engine);
}

/* --- The queue --- */

enum { WAITERS = 4 };
static struct {
    lunette_engine *engine;
    atomic_int order[WAITERS], served, failed;
} queue;

static void *wait_in_queue(void *ud) {
    lunette_context *context;
    if (lunette_context_acquire(queue.engine, &context) != LUNETTE_OK) {
        atomic_fetch_add(&queue.failed, 1);
        return NULL;
    }
    atomic_store(&queue.order[atomic_fetch_add(&queue.served, 1)], (int)(intptr_t)ud);
    lunette_status status = kit_run(context, "x = (x or 0) + 1 assert(x == 1)");
    if (lunette_context_release(&context) != LUNETTE_OK || status != LUNETTE_OK)
        atomic_fetch_add(&queue.failed, 1);
    return NULL;
}

static void wait_for_waiters(lunette_engine *engine, uint64_t count) {
    uint64_t end = now_ns() + 20 * KIT_SECOND;
    while (kit_pool(engine).waiting != count) {
        assert_true(now_ns() < end);
        sleep_ns(KIT_MILLISECOND);
    }
}

static void waiting_for_ever_is_fair(void **state) {
    (void)state;
    pthread_t threads[WAITERS];
    queue.engine = open_with(&(lunette_pool_config){.max = 1, .wait_ns = UINT64_MAX});
    lunette_context *context = kit_acquire(queue.engine);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, wait_in_queue, (void *)(intptr_t)i), 0);
        wait_for_waiters(queue.engine, (uint64_t)i + 1);
    }
    kit_release(&context);
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(queue.failed, 0);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(queue.order[i], i);
    lunette_pool_stats stats = expect_sum(queue.engine, 0);
    assert_int_equal(stats.waits, WAITERS);
    assert_int_equal(stats.made, 1);
    lunette_engine_close(&queue.engine);
}

static atomic_int answer;

/* Its own pointer to the engine: the closing thread nulls its own. */
static void *wait_until_closed(void *ud) {
    lunette_context *context;
    atomic_store(&answer, lunette_context_acquire(ud, &context));
    return NULL;
}

static void waiters_are_told_of_the_end(void **state) {
    (void)state;
    pthread_t thread;
    lunette_engine *engine = open_with(&(lunette_pool_config){.max = 1, .wait_ns = UINT64_MAX});
    lunette_context *context = kit_acquire(engine);
    atomic_store(&answer, LUNETTE_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_until_closed, engine), 0);
    wait_for_waiters(engine, 1);
    lunette_engine_close(&engine);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&answer), LUNETTE_CLOSED);
    assert_int_equal(kit_run(context, "return 1"), LUNETTE_CLOSED);
    kit_release(&context);
}

/* --- Uses, check, warming --- */

static void so_many_uses(void **state) {
    (void)state;
    lunette_engine *engine = open_with(&(lunette_pool_config){.max_uses = 3});
    for (int i = 0; i < 9; i++) {
        lunette_context *context = kit_acquire(engine);
        expect_ok(context, "assert(not seen) seen = true");
        kit_release(&context);
    }
    lunette_pool_stats stats = expect_sum(engine, 0);
    assert_int_equal(stats.made, 3);
    assert_int_equal(stats.worn_out, 3);
    assert_int_equal(stats.acquires, 9);
    lunette_engine_close(&engine);
}

/* Refuses every other, and leaves something in each it looks at: what a check does is not the next tenant's. */
struct checking {
    int seen, refused;
};

static bool check_context(void *ud, lunette_context *context) {
    struct checking *checking = ud;
    if (kit_run(context, "assert(left == nil) left = 'by the check'") != LUNETTE_OK)
        return false;
    checking->seen++;
    if (checking->seen % 2 == 1)
        return true;
    checking->refused++;
    return false;
}

static void checked_when_handed_out(void **state) {
    (void)state;
    struct checking checking = {0};
    lunette_engine *engine = open_with(&(lunette_pool_config){.check = check_context, .check_ud = &checking});
    for (int i = 0; i < 20; i++) {
        lunette_context *context = kit_acquire(engine);
        expect_ok(context, "assert(left == nil)");
        kit_release(&context);
    }
    lunette_pool_stats stats = expect_sum(engine, 0);
    assert_true(checking.refused >= 5);
    assert_int_equal(stats.failed_checks, checking.refused);
    assert_int_equal(stats.acquires, 20);
    lunette_engine_close(&engine);
}

static bool check_and_release(void *ud, lunette_context *context) {
    lunette_context *taken = context;
    *(lunette_status *)ud = lunette_context_release(&taken);
    return taken == context;
}

static void a_check_cannot_release(void **state) {
    (void)state;
    lunette_status answered = LUNETTE_OK;
    lunette_engine *engine =
        open_with(&(lunette_pool_config){.check = check_and_release, .check_ud = &answered});
    for (int i = 0; i < 3; i++) {
        lunette_context *context = kit_acquire(engine);
        expect_ok(context, "return 1");
        kit_release(&context);
    }
    assert_int_equal(answered, LUNETTE_BUSY);
    assert_int_equal(expect_sum(engine, 0).made, 1);
    lunette_engine_close(&engine);
}

static void warmed(void **state) {
    (void)state;
    lunette_engine *engine = open_with(&(lunette_pool_config){.max = 6});
    lunette_engine *other = open_with(&(lunette_pool_config){0});
    lunette_template *template = kit_template(engine, "warm", "warm = true");
    lunette_context *contexts[6];
    assert_int_equal(lunette_engine_warm(engine, NULL, 2), LUNETTE_OK);
    assert_int_equal(lunette_engine_warm(engine, template, 3), LUNETTE_OK);
    assert_int_equal(expect_sum(engine, 0).idle, 5);
    assert_int_equal(lunette_engine_warm(engine, template, 3), LUNETTE_EXHAUSTED);
    assert_int_equal(expect_sum(engine, 0).made, 6);
    assert_int_equal(lunette_engine_warm(other, template, 1), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_engine_warm(NULL, NULL, 1), LUNETTE_INVALID_ARGUMENT);
    for (int i = 0; i < 6; i++) {
        contexts[i] = i < 4 ? kit_acquire_from(template) : kit_acquire(engine);
        expect_ok(contexts[i], i < 4 ? "assert(warm)" : "assert(not warm)");
    }
    assert_int_equal(expect_sum(engine, 6).made, 6);
    for (int i = 0; i < 6; i++)
        kit_release(&contexts[i]);
    lunette_template_close(&template);
    lunette_engine_close(&other);
    lunette_engine_close(&engine);
}

/* --- Idle ones --- */

/* Looks until the statistics say so; looking is all that ages anything. */
static void maintain_until(lunette_engine *engine, uint64_t (*read)(const lunette_pool_stats *),
                           uint64_t wanted) {
    uint64_t end = now_ns() + 20 * KIT_SECOND;
    for (;;) {
        lunette_pool_stats stats = kit_pool(engine);
        if (read(&stats) == wanted)
            return;
        if (now_ns() > end)
            fail_msg("%llu, not %llu", (unsigned long long)read(&stats), (unsigned long long)wanted);
        lunette_engine_maintain(engine);
        sleep_ns(KIT_MILLISECOND);
    }
}

static uint64_t read_idle(const lunette_pool_stats *stats) {
    return stats->idle;
}

static uint64_t read_trimmed(const lunette_pool_stats *stats) {
    return stats->trimmed;
}

static void idle_for_too_long(void **state) {
    (void)state;
    lunette_engine *engine = open_with(&(lunette_pool_config){.min = 2, .idle_ns = 20 * KIT_MILLISECOND});
    assert_int_equal(lunette_engine_warm(engine, NULL, 12), LUNETTE_OK);
    maintain_until(engine, read_idle, 2);
    assert_int_equal(expect_sum(engine, 0).idled_out, 10);
    lunette_engine_maintain(NULL);
    lunette_engine_close(&engine);
    engine = open_with(&(lunette_pool_config){.idle_ns = UINT64_MAX, .trim_ns = UINT64_MAX});
    assert_int_equal(lunette_engine_warm(engine, NULL, 3), LUNETTE_OK);
    sleep_ns(30 * KIT_MILLISECOND);
    lunette_engine_maintain(engine);
    assert_int_equal(expect_sum(engine, 0).idle, 3);
    lunette_engine_close(&engine);
}

static size_t resident_kib(void) {
    char text[100] = "";
    int file = open("/proc/self/statm", O_RDONLY);
    unsigned long total = 0, resident = 0;
    if (file < 0 || read(file, text, sizeof text - 1) <= 0 || sscanf(text, "%lu %lu", &total, &resident) != 2)
        fail_msg("cannot read /proc/self/statm");
    close(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Contexts that ran to tens of megabytes fall back to a few at once, and to their template's memory when idle. */
static void trimmed_after_a_large_run(void **state) {
    (void)state;
    enum { LARGE = 4 };
    static const char FILL[] = "local t = {} for i = 1, 300000 do t[i] = {i} end return #t";
    lunette_engine *engine = open_with(&(lunette_pool_config){.trim_ns = 10 * KIT_MILLISECOND});
    lunette_context *contexts[LARGE];
    for (int i = 0; i < LARGE; i++)
        contexts[i] = kit_acquire(engine);
    for (int i = 0; i < LARGE; i++)
        expect_ok(contexts[i], "return 1");
    uint64_t small = kit_stats(contexts[0]).memory_committed;
    size_t before = resident_kib();
    for (int i = 0; i < LARGE; i++) {
        expect_ok(contexts[i], FILL);
        assert_true(kit_stats(contexts[i]).memory_committed > 20 * KIT_MIB);
    }
    size_t filled = resident_kib();
    assert_true(filled > before + LARGE * 18 * 1024);
    for (int i = 0; i < LARGE; i++) {
        assert_int_equal(lunette_context_reset(contexts[i]), LUNETTE_OK);
        expect_ok(contexts[i], "return 1");
        assert_true(kit_stats(contexts[i]).memory_committed <= 9 * KIT_MIB);
        kit_release(&contexts[i]);
    }
    maintain_until(engine, read_trimmed, LARGE);
    size_t after = resident_kib();
    /* a sanitizer's own shadow of the arenas is not given back */
    if (!KIT_ASAN && !KIT_TSAN && after > before + 1024)
        fail_msg("%zu KiB before, %zu filled, %zu after", before, filled, after);
    for (int i = 0; i < LARGE; i++) {
        contexts[i] = kit_acquire(engine);
        assert_int_equal(lunette_context_verify(contexts[i]), LUNETTE_OK);
        expect_ok(contexts[i], "return 1");
        assert_true(kit_stats(contexts[i]).memory_committed <= small);
    }
    for (int i = 0; i < LARGE; i++) {
        expect_integer(contexts[i], FILL, 300000);
        kit_release(&contexts[i]);
    }
    expect_sum(engine, 0);
    lunette_engine_close(&engine);
}

/* --- Threads --- */

static void *release_it(void *ud) {
    lunette_context *context = ud;
    return (void *)(intptr_t)lunette_context_release(&context);
}

static void released_by_another_thread(void **state) {
    (void)state;
    lunette_engine *engine = open_with(&(lunette_pool_config){.max = 1});
    for (int i = 0; i < 30; i++) {
        pthread_t thread;
        void *status;
        lunette_context *context = kit_acquire(engine);
        expect_ok(context, "assert(not mine) mine = true");
        assert_int_equal(pthread_create(&thread, NULL, release_it, context), 0);
        pthread_join(thread, &status);
        assert_int_equal((intptr_t)status, LUNETTE_OK);
    }
    assert_int_equal(expect_sum(engine, 0).made, 1);
    lunette_engine_close(&engine);
}

static struct {
    lunette_context *context;
    atomic_bool inside, leave;
    atomic_int status;
} shared;

/* The script stays in its output until told to leave. */
static void stay_inside(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
    atomic_store(&shared.inside, true);
    while (!atomic_load(&shared.leave))
        sleep_ns(KIT_MILLISECOND / 5);
}

static void *run_shared(void *ud) {
    (void)ud;
    atomic_store(&shared.status, kit_run(shared.context, "print('inside') kept = 1"));
    return NULL;
}

static void used_by_two_threads(void **state) {
    (void)state;
    pthread_t thread;
    lunette_config config = kit_config();
    lunette_value value = lunette_integer(1), *out;
    config.output = stay_inside;
    lunette_engine *engine = kit_open(&config);
    lunette_context *context = shared.context = kit_acquire(engine);
    assert_int_equal(pthread_create(&thread, NULL, run_shared, NULL), 0);
    while (!atomic_load(&shared.inside))
        sleep_ns(KIT_MILLISECOND);
    assert_int_equal(kit_run(context, "return 1"), LUNETTE_BUSY);
    assert_true(strlen(lunette_last_failure()) > 0);
    assert_int_equal(lunette_context_check(context, "x", "return 1", 8), LUNETTE_BUSY);
    assert_int_equal(lunette_context_reset(context), LUNETTE_BUSY);
    assert_int_equal(lunette_context_verify(context), LUNETTE_BUSY);
    assert_int_equal(lunette_context_set_global(context, "x", &value), LUNETTE_BUSY);
    assert_int_equal(lunette_context_get_global(context, "x", &out), LUNETTE_BUSY);
    assert_int_equal(lunette_context_release(&context), LUNETTE_BUSY);
    assert_ptr_equal(context, shared.context);
    atomic_store(&shared.leave, true);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&shared.status), LUNETTE_OK);
    expect_integer(context, "return kept", 1);
    kit_release(&context);
    lunette_engine_close(&engine);
}

/* Threads that all run in the one context: each call either has it to itself or is told so. */
static struct {
    lunette_context *context;
    atomic_int ran, busy, other;
} contended;

static void *contend(void *ud) {
    (void)ud;
    for (int i = 0; i < 300; i++) {
        lunette_status status = kit_run(contended.context, "count = (count or 0) + 1 for i = 1, 300 do end");
        atomic_fetch_add(status == LUNETTE_OK     ? &contended.ran
                         : status == LUNETTE_BUSY ? &contended.busy
                                                  : &contended.other,
                         1);
    }
    return NULL;
}

static void contended_by_threads(void **state) {
    (void)state;
    pthread_t threads[3];
    lunette_engine *engine = open_with(&(lunette_pool_config){0});
    contended.context = kit_acquire(engine);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, NULL), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(contended.other, 0);
    assert_int_equal(contended.ran + contended.busy, 900);
    expect_integer(contended.context, "return count", contended.ran);
    kit_release(&contended.context);
    lunette_engine_close(&engine);
}

/* Threads that come, use contexts, keep some in their caches, and go. */
static struct {
    lunette_engine *engine;
    atomic_int wrong;
} passing;

static void *pass(void *ud) {
    lunette_context *held[3] = {0};
    for (int i = 0; i < 40; i++) {
        int k = (i + (int)(intptr_t)ud) % 3;
        if (held[k] && lunette_context_release(&held[k]) != LUNETTE_OK)
            atomic_fetch_add(&passing.wrong, 1);
        if (lunette_context_acquire(passing.engine, &held[k]) != LUNETTE_OK ||
            kit_run(held[k], "assert(not dirty) dirty = {} math.random = nil") != LUNETTE_OK)
            atomic_fetch_add(&passing.wrong, 1);
    }
    for (int k = 0; k < 3; k++)
        if (lunette_context_release(&held[k]) != LUNETTE_OK)
            atomic_fetch_add(&passing.wrong, 1);
    return NULL;
}

static void threads_that_exit(void **state) {
    (void)state;
    enum { ROUNDS = 12, AT_ONCE = 4 };
    passing.engine = open_with(&(lunette_pool_config){.max = 3 * AT_ONCE, .wait_ns = UINT64_MAX});
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, pass, (void *)(intptr_t)i), 0);
        for (int i = 0; i < AT_ONCE; i++)
            pthread_join(threads[i], NULL);
    }
    assert_int_equal(passing.wrong, 0);
    lunette_pool_stats stats = expect_sum(passing.engine, 0);
    assert_int_equal(stats.acquires, ROUNDS * AT_ONCE * 40);
    assert_true(stats.made <= 3 * AT_ONCE);
    assert_int_equal(stats.destroyed, 0);
    /* all of them can be had: none stayed behind with a thread */
    lunette_context *all[3 * AT_ONCE];
    for (int i = 0; i < 3 * AT_ONCE; i++)
        assert_int_equal(lunette_context_acquire(passing.engine, &all[i]), LUNETTE_OK);
    for (int i = 0; i < 3 * AT_ONCE; i++)
        kit_release(&all[i]);
    lunette_engine_close(&passing.engine);
}

/* --- Closing an engine while a thread is making contexts --- */

static struct {
    atomic_bool started;
    atomic_int wrong;
} closing;

static void *acquire_while_closing(void *ud) {
    lunette_template *template = ud;
    lunette_status status = LUNETTE_OK;
    while (status == LUNETTE_OK) {
        lunette_context *context;
        status = lunette_context_acquire_from(template, 0, &context);
        atomic_store(&closing.started, true);
        if (status == LUNETTE_OK) {
            lunette_status ran = kit_run(context, "return 1");
            if ((ran != LUNETTE_OK && ran != LUNETTE_CLOSED) ||
                lunette_context_release(&context) != LUNETTE_OK)
                atomic_fetch_add(&closing.wrong, 1);
        }
    }
    if (status != LUNETTE_CLOSED)
        atomic_fetch_add(&closing.wrong, 1);
    return NULL;
}

/* The template keeps the engine's memory, so a thread that acquires from it may still be at it. */
static void closed_under_an_acquire(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) {
        pthread_t thread;
        lunette_engine *engine = open_with(&(lunette_pool_config){.max_uses = 1});
        lunette_template *template = kit_template(engine, "t", "return 1");
        atomic_store(&closing.started, false);
        assert_int_equal(pthread_create(&thread, NULL, acquire_while_closing, template), 0);
        while (!atomic_load(&closing.started))
            sleep_ns(KIT_MILLISECOND / 50);
        lunette_engine_close(&engine);
        pthread_join(thread, NULL);
        lunette_template_close(&template);
    }
    assert_int_equal(atomic_load(&closing.wrong), 0);
}

/* --- The configuration --- */

static void impossible_pools(void **state) {
    (void)state;
    static const lunette_pool_config IMPOSSIBLE[] = {{.min = 3, .max = 2}, {.per_thread = 65}};
    for (size_t i = 0; i < sizeof IMPOSSIBLE / sizeof IMPOSSIBLE[0]; i++) {
        lunette_engine *engine = (lunette_engine *)1;
        lunette_config config = kit_config();
        config.pool = IMPOSSIBLE[i];
        assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
        assert_non_null(strstr(lunette_last_failure(), "config.pool"));
        assert_null(engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_and_no_wait),
        cmocka_unit_test(full_and_a_deadline),
        cmocka_unit_test(waiting_for_ever_is_fair),
        cmocka_unit_test(waiters_are_told_of_the_end),
        cmocka_unit_test(so_many_uses),
        cmocka_unit_test(checked_when_handed_out),
        cmocka_unit_test(a_check_cannot_release),
        cmocka_unit_test(warmed),
        cmocka_unit_test(idle_for_too_long),
        cmocka_unit_test(trimmed_after_a_large_run),
        cmocka_unit_test(released_by_another_thread),
        cmocka_unit_test(used_by_two_threads),
        cmocka_unit_test(contended_by_threads),
        cmocka_unit_test(threads_that_exit),
        cmocka_unit_test(closed_under_an_acquire),
        cmocka_unit_test(impossible_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
