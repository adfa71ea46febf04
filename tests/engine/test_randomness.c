/* Chance: fresh for every tenant, whichever context, thread or process it is in; and the same again where the configuration
 * says deterministic. And the time, which the host may give. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

static const char FIRST[] = "return math.random(0)";

static int compare_numbers(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void expect_all_different(int64_t *numbers, size_t count) {
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    for (size_t i = 1; i < count; i++)
        assert_int_not_equal(numbers[i], numbers[i - 1]);
}

static int64_t first_number(lunette_context *context) {
    return kit_integer_of(context, FIRST, __LINE__);
}

static lunette_engine *open_engine(lunette_sandbox level, bool deterministic) {
    lunette_config config = kit_config();
    config.sandbox = level;
    config.deterministic = deterministic;
    return kit_open(&config);
}

/* --- Fresh --- */

static void ten_thousand_runs(void **state) {
    (void)state;
    enum { RUNS = 10000 };
    static int64_t numbers[RUNS];
    for (lunette_sandbox level = LUNETTE_SANDBOX_RESTRICTED; level <= LUNETTE_SANDBOX_NONE; level += 2) {
        lunette_engine *engine = open_engine(level, false);
        for (int i = 0; i < RUNS; i++) {
            lunette_context *context = kit_acquire(engine);
            numbers[i] = first_number(context);
            kit_release(&context);
        }
        expect_all_different(numbers, RUNS);
        lunette_engine_close(&engine);
    }
}

static void after_each_reset(void **state) {
    (void)state;
    enum { RUNS = 500 };
    int64_t numbers[2 * RUNS];
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, false);
    lunette_context *a = kit_acquire(engine), *b = kit_acquire(engine);
    for (int i = 0; i < RUNS; i++) {
        numbers[2 * i] = first_number(a);
        numbers[2 * i + 1] = first_number(b);
        assert_int_equal(kit_run(a, "math.randomseed(42)"), LUNETTE_OK); /* not for the next tenant */
        assert_int_equal(lunette_context_reset(a), LUNETTE_OK);
        assert_int_equal(lunette_context_reset(b), LUNETTE_OK);
    }
    expect_all_different(numbers, 2 * RUNS);
    kit_release(&a);
    kit_release(&b);
    lunette_engine_close(&engine);
}

/* Without an image, too: a host's allocator. */
static void without_an_image(void **state) {
    (void)state;
    int64_t numbers[100];
    lunette_config config = kit_config();
    config.alloc = kit_host_alloc;
    lunette_engine *engine = kit_open(&config);
    lunette_context *context = kit_acquire(engine);
    for (int i = 0; i < 100; i++) {
        numbers[i] = first_number(context);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    }
    expect_all_different(numbers, 100);
    kit_release(&context);
    lunette_engine_close(&engine);
}

/* Whatever a module of the template has done with math.random. */
static void behind_a_module(void **state) {
    (void)state;
    static const char *const MODULES[] = {
        "local random = math.random function math.random(...) return random(...) end",
        "dice = math.random math.random = nil",
        "math.random(5) math.randomseed(42)",
        "local random = math.random math = {random = function(x) return random(x) end}",
        "package = nil local math = math _G.math = nil function dice() return math.random(0) end",
    };
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, false);
    for (size_t i = 0; i < sizeof MODULES / sizeof MODULES[0]; i++) {
        int64_t numbers[50];
        lunette_template *template = kit_template(engine, "m", MODULES[i]);
        for (int k = 0; k < 50; k++) {
            lunette_context *context = kit_acquire_from(template);
            numbers[k] = kit_integer_of(context, "return (dice or math.random)(0)", __LINE__);
            kit_release(&context);
        }
        expect_all_different(numbers, 50);
        lunette_template_close(&template);
    }
    /* nobody has it any more: nothing is written where it was */
    lunette_template *template =
        kit_template(engine, "m", "math.random = nil math.randomseed = nil math = nil require 'string'");
    lunette_context *context = kit_acquire_from(template);
    for (int i = 0; i < 10; i++) {
        expect_ok(context, "assert(not math) local t = {} for i = 1, 100 do t[i] = {i} end");
        kit_reset_and_verify(context);
    }
    kit_release(&context);
    lunette_template_close(&template);
    lunette_engine_close(&engine);
}

/* math.randomseed() without arguments seeds afresh, in the middle of a run. */
static void seeded_by_the_script(void **state) {
    (void)state;
    int64_t numbers[100];
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, false);
    lunette_context *context = kit_acquire(engine);
    for (int i = 0; i < 100; i++)
        numbers[i] = kit_integer_of(context, "math.randomseed() return math.random(0)", __LINE__);
    expect_all_different(numbers, 100);
    int64_t known = kit_integer_of(context, "math.randomseed(42) return math.random(0)", __LINE__);
    expect_integer(context, "math.randomseed(42) return math.random(0)", known);
    kit_release(&context);
    lunette_engine_close(&engine);
}

enum { THREADS = 4, EACH = 200 };
static lunette_engine *threads_engine;
static int64_t threads_numbers[THREADS * EACH];

static void *draw(void *ud) {
    int64_t *numbers = ud;
    for (int i = 0; i < EACH; i++) {
        lunette_context *context;
        lunette_value *results = NULL;
        if (lunette_context_acquire(threads_engine, &context) != LUNETTE_OK)
            return NULL;
        if (lunette_context_run(context, NULL, FIRST, LUNETTE_ZERO_TERMINATED, NULL, &results) == LUNETTE_OK)
            numbers[i] = lunette_value_at(results, 0)->as.integer;
        lunette_value_free(&results);
        lunette_context_release(&context);
    }
    return NULL;
}

static void in_each_thread(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    threads_engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, false);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw, &threads_numbers[i * EACH]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect_all_different(threads_numbers, THREADS * EACH);
    lunette_engine_close(&threads_engine);
}

/* A child of fork() does not deal its parent's cards: neither in a context that it inherited, nor in another. */
static void after_fork(void **state) {
    (void)state;
    enum { DRAWN = 40, CHILDREN = 3 };
    int64_t numbers[(CHILDREN + 1) * DRAWN];
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, false);
    lunette_context *context = kit_acquire(engine);
    first_number(context); /* the stock is there to be inherited */
    for (int child = 0; child < CHILDREN; child++) {
        int pipes[2], status;
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            int64_t drawn[DRAWN] = {0};
            for (int i = 0; i < DRAWN; i++) {
                lunette_value *results = NULL;
                if (lunette_context_reset(context) == LUNETTE_OK &&
                    lunette_context_run(context, NULL, FIRST, LUNETTE_ZERO_TERMINATED, NULL, &results) ==
                        LUNETTE_OK)
                    drawn[i] = lunette_value_at(results, 0)->as.integer;
                if (i == DRAWN / 2 && (lunette_context_release(&context) != LUNETTE_OK ||
                                       lunette_context_acquire(engine, &context) != LUNETTE_OK))
                    _exit(2);
            }
            _exit(write(pipes[1], drawn, sizeof drawn) == (ssize_t)sizeof drawn ? 0 : 1);
        }
        assert_int_equal(read(pipes[0], &numbers[child * DRAWN], DRAWN * sizeof *numbers),
                         DRAWN * sizeof *numbers);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        close(pipes[0]);
        close(pipes[1]);
    }
    for (int i = 0; i < DRAWN; i++) {
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        numbers[CHILDREN * DRAWN + i] = first_number(context);
    }
    expect_all_different(numbers, (CHILDREN + 1) * DRAWN);
    kit_release(&context);
    lunette_engine_close(&engine);
}

/* --- The same again --- */

static const char SEQUENCE[] =
    "local t = {} for i = 1, 20 do t[i] = math.random(0) end math.randomseed() "
    "for i = 1, 20 do t[#t + 1] = math.random(1, 1000) t[#t + 1] = math.random() end return table.unpack(t)";

static kit_text sequence(lunette_context *context) {
    return kit_transcript(context, &(kit_program){.name = "=sequence", .text = SEQUENCE});
}

/* In every run of every context of every engine. */
static void deterministic(void **state) {
    (void)state;
    kit_text first = {0};
    for (int i = 0; i < 3; i++) {
        lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, true);
        lunette_context *a = kit_acquire(engine), *b = kit_acquire(engine);
        if (i == 0) {
            first = sequence(a);
            assert_non_null(strstr(first.bytes, "status ok"));
            kit_reset_and_verify(a);
        }
        for (int k = 0; k < 5; k++) {
            kit_program program = {.name = "=sequence", .text = SEQUENCE};
            kit_same_transcript(a, &program, &first, "again");
            kit_same_transcript(b, &program, &first, "in another context");
            kit_reset_and_verify(a);
            kit_reset_and_verify(b);
        }
        kit_release(&a);
        kit_release(&b);
        lunette_engine_close(&engine);
    }
    kit_clear(&first);
}

/* A random number is none that a look at the address space would tell, and two draws of a run differ. */
static void deterministic_is_not_constant(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, true);
    lunette_context *context = kit_acquire(engine);
    expect_ok(
        context,
        "local seen = {} for i = 1, 1000 do local n = math.random(0) assert(not seen[n]) seen[n] = true end");
    kit_release(&context);
    lunette_engine_close(&engine);
}

/* A clock that the host gives: a second and a half later each time that it is asked. */
typedef struct host_clock {
    uint64_t now;
    lunette_context *last;
} host_clock;

static uint64_t tick(void *ud, lunette_context *context) {
    host_clock *clock = ud;
    clock->last = context;
    return clock->now += 3 * KIT_SECOND / 2;
}

/* 1e9 seconds after 1970 began it is 2001-09-09 01:46:40. */
static void the_hosts_clock(void **state) {
    (void)state;
    static const char ASK[] =
        "local long = ('x'):rep(300)\n"
        "assert(os.time() == 1000000001)\n"
        "assert(os.clock() == 1000000003.0)\n"
        "assert(os.date('!%H:%M:%S') == '01:46:44')\n"
        "assert(os.date('!*t', nil).sec == 46)\n"
        "assert(os.date('!' .. long .. '%H:%M:%S') == long .. '01:46:47')\n"
        "assert(os.time() == 1000000009)\n"
        "assert(os.date('!%Y', 0) == '1970')\n"                                      /* who says when */
        "assert(os.time { year = 1970, month = 1, day = 3, hour = 0 } < 3 * 86400)"; /* is not asked for */
    for (lunette_sandbox level = LUNETTE_SANDBOX_RESTRICTED; level <= LUNETTE_SANDBOX_NONE; level += 2) {
        host_clock clock = {0};
        lunette_config config = kit_config();
        config.sandbox = level;
        config.clock = tick;
        config.clock_ud = &clock;
        lunette_engine *engine = kit_open(&config);
        lunette_context *context = kit_acquire(engine);
        for (int i = 0; i < 2; i++) {
            clock.now = 1000000000 * KIT_SECOND;
            expect_ok(context, ASK);
            assert_int_equal(clock.now, 1000000009 * KIT_SECOND);
            assert_ptr_equal(clock.last, context);
            kit_reset_and_verify(context);
        }
        kit_release(&context);
        lunette_engine_close(&engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_runs),
        cmocka_unit_test(after_each_reset),
        cmocka_unit_test(without_an_image),
        cmocka_unit_test(behind_a_module),
        cmocka_unit_test(seeded_by_the_script),
        cmocka_unit_test(in_each_thread),
        cmocka_unit_test(after_fork),
        cmocka_unit_test(deterministic),
        cmocka_unit_test(deterministic_is_not_constant),
        cmocka_unit_test(the_hosts_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
