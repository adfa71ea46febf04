/* Another language through the public interface (lunette/backend.h): a calculator that lies with this test, registered as the
 * program runs, has resets, limits, kills, pooling, templates, statistics and errors from the same arena, guard and pool as
 * Lua. Look in src/machine/ when something fails here that does not fail for Lua, and in src/engine/registry.c. */
#include "../engine/kit.h"

#include <pthread.h>
#include <unistd.h>

#include "calculator.h"

static lunette_config calc_config(void) {
    lunette_config config = kit_config();
    config.backend = "calculator";
    config.limits.memory = 4 * KIT_MIB;
    return config;
}

/* An engine with one context. */
typedef struct calc {
    lunette_engine *engine;
    lunette_context *context;
} calc;

static calc calc_open(const lunette_config *config) {
    calc c = {.engine = kit_open(config)};
    c.context = kit_acquire(c.engine);
    return c;
}

static calc calc_standard(void) {
    lunette_config config = calc_config();
    return calc_open(&config);
}

static void calc_close(calc *c) {
    kit_release(&c->context);
    lunette_engine_close(&c->engine);
}

static double number_of(lunette_context *context, const char *text, int line) {
    lunette_value *results = NULL;
    lunette_status status =
        lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, NULL, &results);
    const lunette_value *first = lunette_value_at(results, 0);
    const lunette_error *error = lunette_context_error(context);
    if (status != LUNETTE_OK || !first || first->type != LUNETTE_NUMBER)
        fail_msg("line %d: %s (%s)\n%.300s", line, lunette_status_name(status),
                 error ? error->message : lunette_last_failure(), text);
    double number = first->as.number;
    lunette_value_free(&results);
    return number;
}
#define expect_number(context, text, expected) \
    assert_true(number_of(context, text, __LINE__) == (double)(expected))

/* The run must fail so, in that line, with words that hold these. */
static void expect_failure(lunette_context *context, const char *text, lunette_status expected, int at,
                           const char *words, int line) {
    lunette_status status = kit_run(context, text);
    const lunette_error *error = lunette_context_error(context);
    if (status != expected || !error || error->code != expected || error->line != at ||
        !strstr(error->message, words))
        fail_msg("line %d: %s at %d (%s)\n%.300s", line, lunette_status_name(status),
                 error ? error->line : -1, error ? error->message : lunette_last_failure(), text);
}
#define expect_fails(context, text, status, at, words) \
    expect_failure(context, text, LUNETTE_##status, at, words, __LINE__)

/* --- The registry --- */

static int knows(void **state) {
    (void)state;
    return lunette_backend_register(&calculator) == LUNETTE_OK ? 0 : -1;
}

static int forgets(void **state) {
    (void)state;
    return lunette_backend_unregister("calculator") == LUNETTE_OK ? 0 : -1;
}

static void a_registry(void **state) {
    (void)state;
    assert_string_equal(lunette_backend_at(0)->name, "lua");
    assert_string_equal(lunette_backend_at(1)->name, "calculator");
    assert_null(lunette_backend_at(2));
    assert_string_equal(lunette_backend_find("calculator")->version(), "1.0");
    assert_ptr_equal(lunette_backend_find("lua"), lunette_backend_at(0));
    assert_ptr_equal(lunette_backend_find(NULL), lunette_backend_at(0));
    assert_null(lunette_backend_find("cobol"));
    assert_ptr_equal(lunette_backend_find_by_extension("rules/price.calc"), lunette_backend_at(1));
    assert_ptr_equal(lunette_backend_find_by_extension("init.lua"), lunette_backend_at(0));
    assert_null(lunette_backend_find_by_extension("calc"));
    assert_null(lunette_backend_find_by_extension(NULL));
}

/* A host asks before it relies on something: what a backend says it can do, its functions do. */
static void features(void **state) {
    (void)state;
    const lunette_backend *lua = lunette_backend_find("lua");
    assert_int_equal(lua->features, LUNETTE_FEATURE_COMPILED | LUNETTE_FEATURE_SANDBOX |
                                        LUNETTE_FEATURE_FUNCTIONS | LUNETTE_FEATURE_SUSPEND |
                                        LUNETTE_FEATURE_MODULES);
    for (size_t i = 0; lunette_backend_at(i); i++) {
        const lunette_backend *each = lunette_backend_at(i);
        assert_true(!(each->features & LUNETTE_FEATURE_COMPILED) == !each->compile);
        assert_true(!(each->features & LUNETTE_FEATURE_SUSPEND) == !each->resume);
    }
}

static void a_default(void **state) {
    (void)state;
    lunette_config config = calc_config();
    config.backend = NULL;
    assert_int_equal(lunette_backend_set_default("calculator"), LUNETTE_OK);
    calc c = calc_open(&config);
    expect_number(c.context, "x = 3 return x * x", 9);
    calc_close(&c);
    assert_int_equal(lunette_backend_set_default("lua"), LUNETTE_OK);
    c = calc_open(&config);
    expect_integer(c.context, "return 3 * 3", 9);
    calc_close(&c);
}

static void expect_refused(lunette_status status, lunette_status expected, const char *words, int line) {
    if (status != expected || !strstr(lunette_last_failure(), words))
        fail_msg("line %d: %s, '%s'", line, lunette_status_name(status), lunette_last_failure());
}
#define refused(call, status, words) expect_refused(call, LUNETTE_##status, words, __LINE__)

static void what_is_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        const char *words;
    } NEEDED[] = {
        {offsetof(lunette_backend, name), "name"},
        {offsetof(lunette_backend, version), "version"},
        {offsetof(lunette_backend, build), "build"},
        {offsetof(lunette_backend, run), "run"},
        {offsetof(lunette_backend, code), "code"},
        {offsetof(lunette_backend, code_count), "code"},
        {offsetof(lunette_backend, extensions), "exten"},
        {offsetof(lunette_backend, set_global), "set_global"},
    };
    for (size_t i = 0; i < sizeof NEEDED / sizeof *NEEDED; i++) {
        lunette_backend table = calculator;
        table.name = "other";
        memset((char *)&table + NEEDED[i].at, 0, sizeof(void *));
        refused(lunette_backend_register(&table), INVALID_ARGUMENT, NEEDED[i].words);
    }
    lunette_backend table = calculator;
    refused(lunette_backend_register(NULL), INVALID_ARGUMENT, "NULL");
    refused(lunette_backend_register(&table), WRONG_STATE, "calculator");
    table.name = "other";
    table.code_count = 14;
    refused(lunette_backend_register(&table), INVALID_ARGUMENT, "code_count");
    table.size = 0;
    refused(lunette_backend_register(&table), INVALID_ARGUMENT, "size");
    refused(lunette_backend_unregister(NULL), INVALID_ARGUMENT, "NULL");
    refused(lunette_backend_unregister("other"), NOT_FOUND, "other");
    refused(lunette_backend_unregister("lua"), WRONG_STATE, "built in");
    refused(lunette_backend_set_default("other"), NOT_FOUND, "other");
    refused(lunette_backend_set_default(NULL), INVALID_ARGUMENT, "NULL");

    lunette_engine *engine;
    lunette_config config = calc_config();
    config.backend = "other";
    refused(lunette_engine_open(&config, &engine), NOT_FOUND, "other");
    calc c = calc_standard();
    refused(lunette_backend_unregister("calculator"), BUSY, "calculator");
    calc_close(&c);
}

/* --- Programs --- */

static void programs(void **state) {
    (void)state;
    calc c = calc_standard();
    kit_text output = {0};
    lunette_context_set_user_data(c.context, &output);
    expect_number(c.context, "return (1 + 2) * 3 - 4 / 2", 7);
    expect_ok(c.context, "n = 3\ntotal = 0\nwhile n > 0\n total = total + n\n n = n - 1\nend\nprint total");
    assert_string_equal(output.bytes, "6\n");
    assert_int_equal(kit_stats(c.context).output_bytes, 2);
    expect_number(c.context, "return total + n", 6);

    lunette_value arguments[] = {lunette_integer(20), lunette_number(0.5)}, *results;
    lunette_run_options options = lunette_run_options_default();
    options.arguments = arguments;
    options.argument_count = 2;
    assert_int_equal(
        lunette_context_run(c.context, NULL, "return a1 + a2", LUNETTE_ZERO_TERMINATED, &options, &results),
        LUNETTE_OK);
    assert_true(lunette_value_at(results, 0)->as.number == 20.5);
    lunette_value_free(&results);
    assert_int_equal(lunette_context_run(c.context, NULL, "x = 1", LUNETTE_ZERO_TERMINATED, NULL, &results),
                     LUNETTE_OK);
    assert_int_equal(results->type, LUNETTE_ARRAY);
    assert_int_equal(results->as.array.count, 0);
    lunette_value_free(&results);
    calc_close(&c);
    kit_clear(&output);
}

static void globals(void **state) {
    (void)state;
    calc c = calc_standard();
    lunette_value seven = lunette_integer(7), text = lunette_text("x"), *value;
    assert_int_equal(lunette_context_set_global(c.context, "seven", &seven), LUNETTE_OK);
    assert_int_equal(lunette_context_set_global(c.context, "seven", &text), LUNETTE_INVALID_ARGUMENT);
    expect_number(c.context, "eight = seven + 1 return eight * seven", 56);
    assert_int_equal(lunette_context_get_global(c.context, "eight", &value), LUNETTE_OK);
    assert_true(value->as.number == 8);
    lunette_value_free(&value);
    assert_int_equal(lunette_context_get_global(c.context, "nine", &value), LUNETTE_OK);
    assert_int_equal(value->type, LUNETTE_NIL);
    lunette_value_free(&value);
    assert_int_equal(lunette_context_call_named(c.context, "seven", NULL, NULL), LUNETTE_UNSUPPORTED);
    assert_int_equal(lunette_context_import(c.context, "seven", NULL, NULL, NULL), LUNETTE_UNSUPPORTED);
    calc_close(&c);
}

static void errors(void **state) {
    (void)state;
    calc c = calc_standard();
    expect_fails(c.context, "x = 1\n\nx = x / 0", RUNTIME_ERROR, 3, "division by zero");
    const lunette_error *error = lunette_context_error(c.context);
    assert_string_equal(error->chunk, "test");
    assert_int_equal(error->frame_count, 1);
    assert_string_equal(error->frames[0].function, "main");
    assert_int_equal(error->frames[0].line, 3);
    expect_fails(c.context, "y = 1\nreturn nothing", RUNTIME_ERROR, 2, "no variable");
    expect_fails(c.context, "x = 1\nx = = 2", SYNTAX_ERROR, 2, "is missing");
    expect_fails(c.context, "while 0\nx = 1\n", SYNTAX_ERROR, 3, "`end` is missing");
    expect_fails(c.context, "end", SYNTAX_ERROR, 1, "ends nothing");
    assert_int_equal(lunette_context_check(c.context, "=c", "while 1\nx = nothing / 0\nend", SIZE_MAX),
                     LUNETTE_OK);
    assert_int_equal(lunette_context_check(c.context, "=c", "x = (1", SIZE_MAX), LUNETTE_SYNTAX_ERROR);
    expect_number(c.context, "return x", 1);
    calc_close(&c);
}

/* A handle is the text, for this backend does not compile. */
static void scripts(void **state) {
    (void)state;
    calc c = calc_standard();
    lunette_script *script;
    lunette_value *results;
    assert_int_equal(lunette_script_compile(c.engine, "s", "return 6 * 7", SIZE_MAX, &script), LUNETTE_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lunette_context_run_script(c.context, script, NULL, &results), LUNETTE_OK);
        assert_true(lunette_value_at(results, 0)->as.number == 42);
        lunette_value_free(&results);
    }
    lunette_script_close(&script);
    assert_int_equal(lunette_script_compile(c.engine, "s", "x =", SIZE_MAX, &script), LUNETTE_SYNTAX_ERROR);
    calc_close(&c);
}

/* --- Clean --- */

static void resets(void **state) {
    (void)state;
    calc c = calc_standard();
    lunette_engine_info info = {.size = sizeof info};
    assert_int_equal(lunette_engine_info_get(c.engine, &info), LUNETTE_OK);
    assert_string_equal(info.backend, "calculator");
    double last = 2;
    for (int i = 0; i < 100; i++) {
        double drawn = number_of(c.context, "x = 1 push 2 push 3 return random", __LINE__);
        assert_true(drawn >= 0 && drawn < 1 && drawn != last);
        last = drawn;
        kit_reset_and_verify(c.context);
        expect_fails(c.context, "return x", RUNTIME_ERROR, 1, "no variable");
        assert_int_equal(lunette_context_reset(c.context), LUNETTE_OK);
    }
    calc_close(&c);
}

static void the_same_numbers(void **state) {
    (void)state;
    lunette_config config = calc_config();
    config.deterministic = true;
    calc c = calc_open(&config);
    double first = number_of(c.context, "return random", __LINE__);
    assert_int_equal(lunette_context_reset(c.context), LUNETTE_OK);
    expect_number(c.context, "return random", first);
    calc_close(&c);
}

/* What a script has of the host's is given back once, whatever its end. */
static void what_is_held(void **state) {
    (void)state;
    calc c = calc_standard();
    int before = atomic_load(&calculator_given_back);
    expect_ok(c.context, "hold\nhold");
    assert_int_equal(atomic_load(&calculator_held), 2);
    assert_int_equal(lunette_context_reset(c.context), LUNETTE_OK);
    assert_int_equal(atomic_load(&calculator_held), 0);
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 5 * KIT_MILLISECOND;
    lunette_run_options options = lunette_run_options_default();
    options.limits = &limits;
    assert_int_equal(lunette_context_run(c.context, NULL, "hold while 1 end", SIZE_MAX, &options, NULL),
                     LUNETTE_TIME_LIMIT);
    assert_int_equal(atomic_load(&calculator_held), 0);
    expect_ok(c.context, "hold");
    calc_close(&c);
    assert_int_equal(atomic_load(&calculator_held), 0);
    assert_int_equal(atomic_load(&calculator_given_back), before + 4);
}

/* --- Limits --- */

static void memory(void **state) {
    (void)state;
    calc c = calc_standard();
    for (int i = 0; i < 3; i++) {
        expect_fails(c.context, "x = 1\nwhile 1\n push 1\nend", MEMORY_LIMIT, 3, "limit of 4 MiB");
        lunette_stats stats = kit_stats(c.context);
        assert_true(stats.memory_committed <= 4 * KIT_MIB && stats.memory_used > 3 * KIT_MIB);
        assert_true(stats.allocation_failures > 0);
        /* It keeps its state, and what it frees is free. */
        expect_number(c.context, "drop push 1 return x", 1);
        kit_reset_and_verify(c.context);
    }
    expect_ok(c.context, "n = 1000 while n > 0 push n n = n - 1 end");
    uint64_t used = kit_stats(c.context).memory_used;
    assert_int_equal(lunette_context_collect(c.context), LUNETTE_OK);
    assert_true(kit_stats(c.context).memory_used + 16000 <= used);
    assert_int_equal(kit_stats(c.context).collections, 1);
    assert_int_equal(lunette_context_collect(c.context), LUNETTE_OK);
    assert_int_equal(kit_stats(c.context).collections, 2);
    calc_close(&c);
}

static lunette_status run_limited(lunette_context *context, const char *text, const lunette_limits *limits) {
    lunette_run_options options = lunette_run_options_default();
    options.limits = limits;
    return lunette_context_run(context, "=limited", text, SIZE_MAX, &options, NULL);
}

static void endless(lunette_guard guard) {
    lunette_config config = calc_config();
    lunette_engine *engine;
    config.guard = guard;
    if (lunette_engine_open(&config, &engine) == LUNETTE_UNSUPPORTED)
        return; /* signals cannot serve in this build */
    lunette_context *context = kit_acquire(engine);
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 10 * KIT_MILLISECOND;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(run_limited(context, "x = 1\n\nwhile 1\nend", &limits), LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_error(context)->line, 3);
        assert_string_equal(lunette_context_error(context)->chunk, "limited");
        assert_true(kit_stats(context).wall_ns < KIT_SECOND);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    kit_release(&context);
    lunette_engine_close(&engine);
}

static void time_by_signal(void **state) {
    (void)state;
    endless(LUNETTE_GUARD_SIGNAL);
}

static void time_by_hook(void **state) {
    (void)state;
    endless(LUNETTE_GUARD_HOOK);
}

static void grace(void **state) {
    (void)state;
    calc c = calc_standard();
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 5 * KIT_MILLISECOND;
    limits.grace_ns = 10 * KIT_SECOND;
    assert_int_equal(run_limited(c.context, "x = 5 while 1 end", &limits), LUNETTE_TIME_LIMIT);
    expect_number(c.context, "return x", 5); /* it ended by itself, and keeps what it had */
    calc_close(&c);
}

static void counted_limits(void **state) {
    (void)state;
    calc c = calc_standard();
    lunette_limits limits = lunette_limits_default();
    limits.instructions = 1000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_limited(c.context, "while 1\nend", &limits), LUNETTE_INSTRUCTION_LIMIT);
        assert_int_equal(kit_stats(c.context).instructions, 1000);
    }
    assert_int_equal(run_limited(c.context, "n = 100 while n > 0 n = n - 1 end", &limits), LUNETTE_OK);
    limits = lunette_limits_default();
    limits.output_bytes = 10;
    assert_int_equal(run_limited(c.context, "while 1 print 1 end", &limits), LUNETTE_OUTPUT_LIMIT);
    assert_int_equal(kit_stats(c.context).output_bytes, 10);
    limits = lunette_limits_default();
    limits.host_calls = 3;
    assert_int_equal(run_limited(c.context, "while 1 rest 0 end", &limits), LUNETTE_HOST_CALL_LIMIT);
    assert_int_equal(kit_stats(c.context).host_calls, 3);
    limits = lunette_limits_default();
    limits.host_ns = KIT_MILLISECOND;
    assert_int_equal(run_limited(c.context, "while 1 rest 1 end", &limits), LUNETTE_HOST_TIME_LIMIT);
    assert_int_equal(lunette_context_verify(c.context), LUNETTE_OK);
    calc_close(&c);
}

static void *cancel_soon(void *context) {
    for (int i = 0; i < 2000; i++) {
        usleep(1000);
        lunette_context_cancel(context);
    }
    return NULL;
}

static void cancelling(void **state) {
    (void)state;
    calc c = calc_standard();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, c.context), 0);
    assert_int_equal(kit_run(c.context, "while 1 end"), LUNETTE_CANCELLED);
    assert_int_equal(kit_run(c.context, "while 1 rest 1 end"), LUNETTE_CANCELLED);
    pthread_join(thread, NULL);
    assert_int_equal(lunette_context_verify(c.context), LUNETTE_OK);
    calc_close(&c);
}

static void faults(void **state) {
    (void)state;
    calc c = calc_standard();
    if (KIT_ASAN || KIT_TSAN) {
        calc_close(&c);
        return;
    }
    expect_ok(c.context, "x = 1");
    assert_int_equal(kit_run(c.context, "x = 2\ncrash"), LUNETTE_VM_FAULT);
    assert_int_equal(lunette_context_verify(c.context), LUNETTE_OK);
    expect_number(c.context, "return 1", 1);
    calc_close(&c);
}

/* --- Templates, images, the pool --- */

static void templates(void **state) {
    (void)state;
    lunette_config config = calc_config();
    calc c = calc_open(&config);
    lunette_template *taxes = kit_template(c.engine, "taxes", "vat = 19\nmargin = 0\nwhile margin > 0 end");
    lunette_template *discounts = kit_template(c.engine, "discounts", "vat = 7");
    lunette_context *contexts[8];
    for (int i = 0; i < 8; i++)
        contexts[i] = kit_acquire_from(i % 2 == 0 ? taxes : discounts);
    for (int i = 0; i < 8; i++) {
        char text[80];
        snprintf(text, sizeof text, "own = %d push own return own * vat", i);
        expect_number(contexts[i], text, i * (i % 2 == 0 ? 19 : 7));
    }
    for (int i = 0; i < 8; i++) {
        expect_number(contexts[i], "return own", i);
        kit_reset_and_verify(contexts[i]);
        expect_number(contexts[i], "return vat", i % 2 == 0 ? 19 : 7);
        kit_release(&contexts[i]);
    }
    lunette_template_close(&taxes);
    lunette_template_close(&discounts);

    lunette_template *wrong;
    lunette_preload module = {.name = "bad", .text = "x = 1\nx = 1 / 0", .text_size = SIZE_MAX};
    refused(kit_open_template(c.engine, &module, 1, &wrong), RUNTIME_ERROR, "module 'bad': bad:2: division");
    module.text = "x =";
    refused(kit_open_template(c.engine, &module, 1, &wrong), SYNTAX_ERROR, "missing");
    static const lunette_module MODULE = {.size = sizeof MODULE, .name = "host"};
    const lunette_module *modules[] = {&MODULE};
    lunette_template_config with_modules = lunette_template_config_default();
    with_modules.modules = modules;
    with_modules.module_count = 1;
    assert_int_equal(lunette_template_open(c.engine, &with_modules, &wrong), LUNETTE_UNSUPPORTED);
    lunette_require_config require = lunette_require_config_default();
    lunette_template_config with_require = lunette_template_config_default();
    with_require.require = &require;
    assert_int_equal(lunette_template_open(c.engine, &with_require, &wrong), LUNETTE_UNSUPPORTED);
    char *text = NULL;
    assert_int_equal(lunette_template_describe(lunette_engine_template(c.engine), LUNETTE_FORMAT_TEXT, &text),
                     LUNETTE_UNSUPPORTED);
    assert_null(lunette_template_module(lunette_engine_template(c.engine), 0));
    calc_close(&c);
}

static void with_host_allocator(void **state) {
    (void)state;
    lunette_config config = calc_config();
    config.alloc = kit_host_alloc;
    calc c = calc_open(&config);
    for (int i = 0; i < 3; i++) {
        expect_number(c.context, "x = 4 push x return x", 4);
        expect_fails(c.context, "while 1 push 1 end", MEMORY_LIMIT, 1, "4 MiB");
        assert_int_equal(lunette_context_reset(c.context), LUNETTE_OK);
        expect_fails(c.context, "return x", RUNTIME_ERROR, 1, "no variable");
    }
    calc_close(&c);
}

/* Both languages in turn, on each of several threads, from two pools; every twentieth run is killed. */
typedef struct worker {
    lunette_engine *calc, *lua;
    int wrong;
} worker;

static bool is_right(lunette_engine *engine, const char *text, double expected) {
    lunette_context *context;
    lunette_value *results = NULL;
    if (lunette_context_acquire(engine, &context) != LUNETTE_OK)
        return false;
    bool right = lunette_context_run(context, NULL, text, SIZE_MAX, NULL, &results) == LUNETTE_OK;
    const lunette_value *first = lunette_value_at(results, 0);
    right = right && first && first->type == LUNETTE_NUMBER && first->as.number == expected;
    lunette_value_free(&results);
    return lunette_context_release(&context) == LUNETTE_OK && right;
}

static bool is_killed(lunette_engine *engine) {
    lunette_context *context;
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = KIT_MILLISECOND;
    if (lunette_context_acquire(engine, &context) != LUNETTE_OK)
        return false;
    bool killed = run_limited(context, "x = 1 while 1 push x end", &limits) != LUNETTE_OK;
    return lunette_context_release(&context) == LUNETTE_OK && killed;
}

static void *work(void *ud) {
    worker *w = ud;
    for (int i = 0; i < 200; i++) {
        w->wrong += !is_right(w->calc, "n = 10 s = 0 while n > 0 s = s + n n = n - 1 end return s", 55);
        w->wrong += !is_right(w->lua, "local s = 0.0 for n = 1, 10 do s = s + n end return s", 55);
        if (i % 20 == 0)
            w->wrong += !is_killed(w->calc);
    }
    return NULL;
}

static void threads(void **state) {
    (void)state;
    enum { THREADS = 4 };
    lunette_config config = calc_config();
    lunette_engine *calc_engine = kit_open(&config);
    config.backend = "lua";
    lunette_engine *lua_engine = kit_open(&config);
    worker workers[THREADS];
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.calc = calc_engine, .lua = lua_engine};
        assert_int_equal(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    lunette_pool_stats stats = kit_pool(calc_engine);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.acquires, THREADS * 210);
    assert_true(stats.made < 50);
    lunette_engine_close(&calc_engine);
    lunette_engine_close(&lua_engine);
}

/* Its variables lie in the machine's memory, and it gives the host nothing that refers there: so it has them for nothing. */
static void snapshots(void **state) {
    (void)state;
    calc c = calc_standard();
    lunette_run_options options = lunette_run_options_default();
    uint64_t snapshot;
    expect_number(c.context, "x = 5\nreturn x", 5);
    assert_int_equal(lunette_snapshot_take(c.context, &snapshot), LUNETTE_OK);
    expect_number(c.context, "x = 6\ny = 7\nreturn x", 6);
    assert_int_equal(lunette_snapshot_restore(c.context, snapshot), LUNETTE_OK);
    expect_fails(c.context, "return y", RUNTIME_ERROR, 1, "no variable");
    options.roll_back = true;
    assert_int_equal(
        lunette_context_run(c.context, "=test", "x = 8\nwhile 1\npush 1\nend", SIZE_MAX, &options, NULL),
        LUNETTE_MEMORY_LIMIT);
    expect_number(c.context, "return x", 5);
    calc_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots),
        cmocka_unit_test(a_registry),
        cmocka_unit_test(features),
        cmocka_unit_test(a_default),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(programs),
        cmocka_unit_test(globals),
        cmocka_unit_test(errors),
        cmocka_unit_test(scripts),
        cmocka_unit_test(resets),
        cmocka_unit_test(the_same_numbers),
        cmocka_unit_test(what_is_held),
        cmocka_unit_test(memory),
        cmocka_unit_test(time_by_signal),
        cmocka_unit_test(time_by_hook),
        cmocka_unit_test(grace),
        cmocka_unit_test(counted_limits),
        cmocka_unit_test(cancelling),
        cmocka_unit_test(faults),
        cmocka_unit_test(templates),
        cmocka_unit_test(with_host_allocator),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, knows, forgets);
}
