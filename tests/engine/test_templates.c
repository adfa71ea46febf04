/* Templates: their modules, their errors, several at once, replaced while threads run; and everything that can be closed
 * before what it came from. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

static lunette_engine *open_default(void) {
    lunette_config config = kit_config();
    return kit_open(&config);
}

/* --- Modules --- */

static const lunette_preload CHAIN[] = {
    {.name = "one", .text = "local name = ... log = {name} return {value = 1}", .text_size = SIZE_MAX},
    {.name = "two", .text = "log[#log + 1] = ... return require('one').value + 1", .text_size = SIZE_MAX},
    {.name = "sets.globals", .text = "log[#log + 1] = ... shared = {require 'two'}", .text_size = SIZE_MAX},
    {.name = "falsy", .text = "log[#log + 1] = ... return false", .text_size = SIZE_MAX},
    {.name = "with\0more", .text = "log[#log + 1] = 'cut' return 5 this is not part of it", .text_size = 30},
};
enum { CHAIN_COUNT = sizeof CHAIN / sizeof CHAIN[0] };

static const char CHECK_CHAIN[] =
    "assert(table.concat(log, ' ') == 'one two sets.globals falsy cut', table.concat(log, ' '))\n"
    "assert(require 'one'.value == 1 and require 'two' == 2 and require 'sets.globals' == true)\n"
    "assert(require 'falsy' == false and require 'with' == 5 and shared[1] == 2)\n"
    "assert(require 'one' == require 'one')\n"
    "assert(not pcall(require, 'three'))\n"
    "shared[1] = 99 log = nil";

/* Run in the order given; what they return is what require gives; what they set is there; a script's changes are not. */
static void modules_run_in_order(void **state) {
    (void)state;
    lunette_config config = kit_config();
    config.preload = CHAIN;
    config.preload_count = CHAIN_COUNT;
    lunette_engine *engine = kit_open(&config);
    lunette_context *context = kit_acquire(engine), *other = kit_acquire(engine);
    for (int i = 0; i < 3; i++) {
        expect_ok(context, CHECK_CHAIN);
        expect_ok(other, CHECK_CHAIN);
        kit_reset_and_verify(context);
        kit_reset_and_verify(other);
    }
    kit_release(&context);
    kit_release(&other);
    lunette_engine_close(&engine);
}

/* The texts and the array need not outlive the call that was given them. */
static void modules_are_copied(void **state) {
    (void)state;
    char name[] = "copied", text[] = "return 'the text'";
    lunette_preload module = {.name = name, .text = text, .text_size = SIZE_MAX};
    lunette_config config = kit_config();
    for (int hosted = 0; hosted < 2; hosted++) {
        config.alloc = hosted ? kit_host_alloc : NULL;
        lunette_engine *engine = kit_open(&config);
        lunette_template *template;
        lunette_context *context;
        assert_int_equal(kit_open_template(engine, &module, 1, &template), LUNETTE_OK);
        memset(name, 'x', strlen(name));
        memset(text, '(', strlen(text));
        context = kit_acquire_from(template);
        expect_ok(context, "assert(require 'copied' == 'the text')");
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        expect_ok(context, "assert(require 'copied' == 'the text')");
        kit_release(&context);
        lunette_template_close(&template);
        lunette_engine_close(&engine);
        strcpy(name, "copied");
        strcpy(text, "return 'the text'");
    }
}

/* A module may put anything into the libraries: every context starts with it. */
static void modules_shape_the_sandbox(void **state) {
    (void)state;
    lunette_engine *engine = open_default();
    lunette_template *template =
        kit_template(engine, "shape",
                     "string.shout = function(s) return s:upper() .. '!' end load = nil\n"
                     "setmetatable(_G, {__index = function(_, k) error('no ' .. k, 2) end})");
    lunette_context *context = kit_acquire_from(template), *plain = kit_acquire(engine);
    expect_ok(context, "assert(('a'):shout() == 'A!' and not pcall(function() return load end))");
    expect_ok(plain, "assert(string.shout == nil and load and not_there == nil)");
    kit_release(&context);
    kit_release(&plain);
    lunette_template_close(&template);
    lunette_engine_close(&engine);
}

/* --- Their errors --- */

static void expect_refused(lunette_engine *engine, const lunette_preload *modules, size_t count,
                           lunette_status expected, const char *words) {
    lunette_template *template = (lunette_template *)1;
    lunette_status status = kit_open_template(engine, modules, count, &template);
    if (status != expected || !strstr(lunette_last_failure(), words))
        fail_msg("%s: %s (not %s: %s)", lunette_status_name(status), lunette_last_failure(),
                 lunette_status_name(expected), words);
    assert_null(template);
}

static void errors_name_module_and_line(void **state) {
    (void)state;
    lunette_config config = kit_config();
    config.limits.memory = 2 * KIT_MIB;
    lunette_engine *engine = kit_open(&config);
    static const struct {
        const char *text, *words;
        lunette_status status;
    } CASES[] = {
        {"local a = 1\nlocal b = = 2", "bad:2: unexpected symbol near '='", LUNETTE_SYNTAX_ERROR},
        {"local a = 1\n\nerror('my own words')", "bad:3: my own words", LUNETTE_RUNTIME_ERROR},
        {"local function f()\n  local t = nil\n  return t.x\nend\nf()", "bad:3: attempt to index a nil value",
         LUNETTE_RUNTIME_ERROR},
        {"error({code = 5})", "(error object is a table value)", LUNETTE_RUNTIME_ERROR},
        {"error('syntax error', 0)", "syntax error", LUNETTE_RUNTIME_ERROR},
        {"load('((')() ", "bad", LUNETTE_RUNTIME_ERROR},
        {"local t = {}\nfor i = 1, 1e9 do\n  t[i] = {i}\nend", "bad", LUNETTE_MEMORY_LIMIT},
        {"require 'not there'", "module 'not there' is not registered", LUNETTE_RUNTIME_ERROR},
        {"\x1bLua", "this is bytecode, which is not accepted", LUNETTE_SYNTAX_ERROR},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        lunette_preload modules[] = {
            {.name = "good", .text = "return {}", .text_size = SIZE_MAX},
            {.name = "bad", .text = CASES[i].text, .text_size = SIZE_MAX},
            {.name = "not reached", .text = "error('never')", .text_size = SIZE_MAX},
        };
        expect_refused(engine, modules, 3, CASES[i].status, CASES[i].words);
        expect_refused(engine, modules, 3, CASES[i].status, "module 'bad'");
        modules[1].chunk = "@lib/bad.lua";
        expect_refused(engine, modules, 3, CASES[i].status, "module 'bad'");
        if (strstr(CASES[i].words, "bad:"))
            expect_refused(engine, modules, 3, CASES[i].status, "lib/bad.lua:");
    }
    lunette_engine_close(&engine);
}

static void errors_of_an_engines_own_modules(void **state) {
    (void)state;
    lunette_preload module = {.name = "bad", .text = "return 1 +", .text_size = SIZE_MAX};
    lunette_config config = kit_config();
    lunette_engine *engine = (lunette_engine *)1;
    config.preload = &module;
    config.preload_count = 1;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_SYNTAX_ERROR);
    assert_null(engine);
    assert_non_null(strstr(lunette_last_failure(), "module 'bad': bad:1: "));
    config.preload = NULL;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "config.preload"));
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* They are read once, as Lua reads files, and errors call them by their paths. */
static void modules_from_files(void **state) {
    (void)state;
    char good[] = "test_templates.good.XXXXXX", bad[] = "test_templates.bad.XXXXXX", words[80];
    close(mkstemp(good));
    close(mkstemp(bad));
    write_file(good,
               "#!/usr/bin/lua\nlocal name = ... return {name = name, line = function() error('here') end}");
    write_file(bad, "#\n\nreturn 1 +");
    lunette_engine *engine = open_default();
    lunette_preload modules[] = {
        {.name = "tools", .path = good},
        {.name = "after", .text = "return require 'tools'.name", .text_size = SIZE_MAX},
    };
    lunette_template *template = NULL;
    lunette_context *context = NULL;
    assert_int_equal(kit_open_template(engine, modules, 2, &template), LUNETTE_OK);
    write_file(good, "return 'too late'");
    assert_int_equal(lunette_context_acquire_from(template, 0, &context), LUNETTE_OK);
    for (int i = 0; i < 2; i++) {
        expect_ok(context, "assert(require 'after' == 'tools')\n"
                           "local ok, text = pcall(require 'tools'.line)\n"
                           "assert(text:find('good.', 1, true) and text:find(':2: here', 1, true), text)");
        kit_reset_and_verify(context);
    }
    kit_release(&context);
    lunette_template_close(&template);
    modules[0].path = bad;
    snprintf(words, sizeof words, "module 'tools': %s:3: ", bad);
    expect_refused(engine, modules, 2, LUNETTE_SYNTAX_ERROR, words);
    modules[0].chunk = "@other.lua";
    expect_refused(engine, modules, 2, LUNETTE_SYNTAX_ERROR, "module 'tools': other.lua:3: ");
    unlink(bad);
    unlink(good);
    expect_refused(engine, modules, 2, LUNETTE_NOT_FOUND, "config: cannot read 'test_templates.bad.");
    modules[0].path = "/";
    expect_refused(engine, modules, 2, LUNETTE_SYSTEM, "cannot read '/'");
    lunette_engine_close(&engine);
}

static void arguments_are_checked(void **state) {
    (void)state;
    lunette_engine *engine = open_default();
    lunette_preload nameless = {.text = ""}, textless = {.name = "x"};
    lunette_template *template = NULL;
    lunette_context *context = (lunette_context *)1;
    expect_refused(engine, &nameless, 1, LUNETTE_INVALID_ARGUMENT, "name is NULL");
    expect_refused(engine, &textless, 1, LUNETTE_INVALID_ARGUMENT, "preload[0]: neither of text and path");
    textless.text = textless.path = "x.lua";
    expect_refused(engine, &textless, 1, LUNETTE_INVALID_ARGUMENT, "preload[0]: each of text and path");
    expect_refused(engine, NULL, 1, LUNETTE_INVALID_ARGUMENT, "NULL");
    expect_refused(NULL, NULL, 0, LUNETTE_INVALID_ARGUMENT, "`engine` is NULL");
    assert_int_equal(lunette_template_open(engine, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_acquire_from(NULL, 0, &context), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_template_size(NULL), 0);
    lunette_template_close(NULL);
    lunette_template_close(&template);
    lunette_engine_close(&engine);
}

/* One that needs more than the limit is refused and costs nothing; one that just fits leaves contexts the rest. */
static void larger_than_the_limit(void **state) {
    (void)state;
    lunette_config config = kit_config();
    config.limits.memory = 2 * KIT_MIB;
    lunette_engine *engine = kit_open(&config);
    lunette_preload large = {
        .name = "large", .text = "big = string.rep('x', 4000000)", .text_size = SIZE_MAX};
    expect_refused(engine, &large, 1, LUNETTE_MEMORY_LIMIT, "module 'large'");
    lunette_template *half = kit_template(engine, "half", "big = string.rep('x', 500000)");
    lunette_context *context = kit_acquire_from(half);
    assert_true(lunette_template_size(half) > 500000);
    expect_ok(context, "assert(#big == 500000)");
    assert_true(kit_stats(context).memory_committed <= 2 * KIT_MIB);
    assert_int_equal(kit_run(context, "more = string.rep('y', 900000)"), LUNETTE_MEMORY_LIMIT);
    expect_ok(context, "assert(more == nil and #big == 500000) big = nil");
    kit_reset_and_verify(context);
    expect_ok(context, "assert(#big == 500000)");
    kit_release(&context);
    lunette_template_close(&half);
    lunette_engine_close(&engine);
}

/* --- A large one --- */

static char *large_module(size_t functions) {
    kit_text text = {0};
    kit_addf(&text, "local M = {}\n");
    for (size_t i = 0; i < functions; i++) {
        kit_addf(&text, "do local t = {%zu, 'text %zu', {n = %zu}} M[-%zu] = t end\n", i, i, i * 3, i + 1);
        kit_addf(&text, "M.f%zu = function(x) return x * %zu + %zu.5 end\n", i, i, i);
        kit_addf(&text, "M[M.f%zu] = {%zu, 'text number %zu', {n = %zu}}\n", i, i, i, i * 3);
    }
    kit_addf(
        &text,
        "function total(x) local s = 0 for i = 0, %zu do local f = M['f' .. i] s = s + f(x) // 1 + M[f][3].n end "
        "return math.tointeger(s) end return M\n",
        functions - 1);
    return text.bytes;
}

static void one_of_a_megabyte(void **state) {
    (void)state;
    enum { FUNCTIONS = 4000, HELD = 3 };
    char *text = large_module(FUNCTIONS);
    assert_true(strlen(text) > 400000);
    lunette_engine *engine = open_default();
    lunette_template *template = kit_template(engine, "large", text);
    assert_true(lunette_template_size(template) > KIT_MIB);
    lunette_context *contexts[HELD];
    int64_t expected = 0;
    for (int64_t i = 0; i < FUNCTIONS; i++)
        expected += 7 * i + i + 3 * i;
    for (int i = 0; i < HELD; i++)
        contexts[i] = kit_acquire_from(template);
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < HELD; i++) {
            expect_integer(contexts[i], "return total(7)", expected);
            expect_ok(contexts[i], "local M = require 'large' for i = 1, 50 do M['f' .. i * 70] = print end "
                                   "garbage = {} for i = 1, 2000 do garbage[i] = {i} end M[1] = M");
            kit_reset_and_verify(contexts[i]);
        }
    for (int i = 0; i < HELD; i++)
        kit_release(&contexts[i]);
    lunette_template_close(&template);
    lunette_engine_close(&engine);
    free(text);
}

/* --- Several at once --- */

enum { CUSTOMERS = 5 };

static lunette_template *customer(lunette_engine *engine, int number) {
    char text[200];
    snprintf(text, sizeof text,
             "me = %d local log = {} for i = 1, %d do log[i] = {i} end return {number = %d, log = log}",
             number, number * 500, number);
    return kit_template(engine, "customer", text);
}

static void several(void **state) {
    (void)state;
    lunette_engine *engine = open_default();
    lunette_template *templates[CUSTOMERS];
    for (int i = 0; i < CUSTOMERS; i++)
        templates[i] = customer(engine, i);
    for (int round = 0; round < 20; round++) {
        lunette_context *contexts[CUSTOMERS], *plain = kit_acquire(engine);
        for (int i = 0; i < CUSTOMERS; i++)
            contexts[i] = kit_acquire_from(templates[(i + round) % CUSTOMERS]);
        for (int i = 0; i < CUSTOMERS; i++) {
            expect_integer(contexts[i],
                           "local c = require 'customer' assert(#c.log == me * 500) me = -1 return c.number",
                           (i + round) % CUSTOMERS);
            kit_release(&contexts[i]);
        }
        expect_ok(plain, "assert(me == nil and not pcall(require, 'customer'))");
        kit_release(&plain);
    }
    for (int i = 0; i < CUSTOMERS; i++)
        lunette_template_close(&templates[i]);
    lunette_engine_close(&engine);
}

/* At the maximum, idle contexts of one template become those of another. */
static void contexts_change_templates(void **state) {
    (void)state;
    lunette_config config = kit_config();
    config.pool.max = 2;
    lunette_engine *engine = kit_open(&config);
    lunette_template *templates[CUSTOMERS];
    for (int i = 0; i < CUSTOMERS; i++)
        templates[i] = customer(engine, i);
    for (int i = 0; i < 60; i++) {
        lunette_context *context = kit_acquire_from(templates[i % CUSTOMERS]);
        if (lunette_context_verify(context) != LUNETTE_OK)
            fail_msg("%s", lunette_last_failure());
        expect_integer(context, "assert(#require 'customer'.log == me * 500) return me", i % CUSTOMERS);
        kit_release(&context);
    }
    lunette_pool_stats stats = kit_pool(engine);
    assert_true(stats.made - stats.destroyed <= 2);
    assert_true(stats.adopted >= 40);
    for (int i = 0; i < CUSTOMERS; i++)
        lunette_template_close(&templates[i]);
    lunette_engine_close(&engine);
}

/* --- Replaced while threads run --- */

enum { THREADS = 3, REPLACEMENTS = 60 };
static struct {
    lunette_engine *engine;
    lunette_template *now; /* generation `generation` */
    int generation;
    pthread_rwlock_t lock;
    atomic_bool over;
    atomic_int wrong, runs;
} replaced;

/* The context is used for a while after the template it came from may have been closed. */
static void *use_templates(void *ud) {
    (void)ud;
    while (!atomic_load(&replaced.over)) {
        lunette_context *context;
        pthread_rwlock_rdlock(&replaced.lock);
        int generation = replaced.generation;
        lunette_status status = lunette_context_acquire_from(replaced.now, UINT64_MAX, &context);
        pthread_rwlock_unlock(&replaced.lock);
        for (int i = 0; status == LUNETTE_OK && i < 4; i++) {
            lunette_value *results = NULL;
            status = lunette_context_run(context, "=test",
                                         "local c = require 'customer' return me == c.number and me",
                                         LUNETTE_ZERO_TERMINATED, NULL, &results);
            const lunette_value *me = lunette_value_at(results, 0);
            if (status != LUNETTE_OK || me->type != LUNETTE_INTEGER || me->as.integer != generation ||
                lunette_context_reset(context) != LUNETTE_OK || lunette_context_verify(context) != LUNETTE_OK)
                atomic_fetch_add(&replaced.wrong, 1);
            lunette_value_free(&results);
            atomic_fetch_add(&replaced.runs, 1);
        }
        if (status != LUNETTE_OK || lunette_context_release(&context) != LUNETTE_OK)
            atomic_fetch_add(&replaced.wrong, 1);
    }
    return NULL;
}

static void replaced_while_threads_run(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    lunette_config config = kit_config();
    config.pool.max = THREADS + 1;
    replaced.engine = kit_open(&config);
    pthread_rwlock_init(&replaced.lock, NULL);
    replaced.now = customer(replaced.engine, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_templates, NULL), 0);
    for (int generation = 1; generation <= REPLACEMENTS; generation++) {
        lunette_template *fresh = customer(replaced.engine, generation % 7);
        pthread_rwlock_wrlock(&replaced.lock);
        lunette_template *old = replaced.now;
        replaced.now = fresh;
        replaced.generation = generation % 7;
        pthread_rwlock_unlock(&replaced.lock);
        lunette_template_close(&old);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    atomic_store(&replaced.over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&replaced.wrong), 0);
    assert_true(atomic_load(&replaced.runs) > 0);
    lunette_template_close(&replaced.now);
    lunette_pool_stats stats = kit_pool(replaced.engine);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.made, stats.destroyed + stats.idle);
    lunette_engine_close(&replaced.engine);
    pthread_rwlock_destroy(&replaced.lock);
}

/* --- Closing in any order --- */

/* What is held of an engine. Each step of an order closes one. */
typedef struct held {
    lunette_engine *engine;
    lunette_template *template;
    lunette_context *of_engine, *of_template;
    lunette_script *script;
} held;

enum { PARTS = 5 };

static void close_part(held *all, int part) {
    switch (part) {
    case 0:
        lunette_engine_close(&all->engine);
        assert_null(all->engine);
        break;
    case 1:
        lunette_template_close(&all->template);
        assert_null(all->template);
        break;
    case 2:
        kit_release(&all->of_engine);
        break;
    case 3:
        kit_release(&all->of_template);
        break;
    default:
        lunette_script_close(&all->script);
        assert_null(all->script);
    }
}

/* What a context says: that it works while its engine is open, and that it is closed after. */
static void check_context(const held *all, lunette_context *context, int64_t answer) {
    lunette_value *results;
    lunette_value global = lunette_integer(1);
    if (!context)
        return;
    if (all->engine) {
        expect_integer(context, "return me or -1", answer);
        kit_reset_and_verify(context);
        return;
    }
    assert_int_equal(kit_run(context, "return 1"), LUNETTE_CLOSED);
    assert_true(strlen(lunette_last_failure()) > 0);
    assert_int_equal(lunette_context_check(context, "x", "return 1", LUNETTE_ZERO_TERMINATED),
                     LUNETTE_CLOSED);
    if (all->script)
        assert_int_equal(lunette_context_run_script(context, all->script, NULL, &results), LUNETTE_CLOSED);
    assert_int_equal(lunette_context_set_global(context, "x", &global), LUNETTE_CLOSED);
    assert_int_equal(lunette_context_get_global(context, "x", &results), LUNETTE_CLOSED);
    assert_null(results);
}

static void check_held(const held *all) {
    lunette_context *more = NULL;
    check_context(all, all->of_engine, -1);
    check_context(all, all->of_template, 3);
    if (!all->template)
        return;
    if (all->engine) {
        more = kit_acquire_from(all->template);
        check_context(all, more, 3);
        kit_release(&more);
    } else {
        assert_int_equal(lunette_context_acquire_from(all->template, UINT64_MAX, &more), LUNETTE_CLOSED);
        assert_null(more);
    }
}

/* Everything but verify(), which the host's allocator has none for. */
static void in_order(const int order[PARTS], bool hosted) {
    lunette_config config = kit_config();
    config.alloc = hosted ? kit_host_alloc : NULL;
    held all = {.engine = kit_open(&config)};
    all.template = customer(all.engine, 3);
    all.of_engine = kit_acquire(all.engine);
    all.of_template = kit_acquire_from(all.template);
    assert_int_equal(
        lunette_script_compile(all.engine, "s", "return 1", LUNETTE_ZERO_TERMINATED, &all.script),
        LUNETTE_OK);
    for (int i = 0; i < PARTS; i++) {
        if (!hosted)
            check_held(&all);
        close_part(&all, order[i]);
    }
}

static void each_order(int order[PARTS], int fixed, bool hosted, int *count) {
    if (fixed == PARTS) {
        in_order(order, hosted);
        ++*count;
    }
    for (int i = fixed; i < PARTS; i++) {
        int first = order[fixed];
        order[fixed] = order[i];
        order[i] = first;
        each_order(order, fixed + 1, hosted, count);
        order[i] = order[fixed];
        order[fixed] = first;
    }
}

static void closed_in_every_order(void **state) {
    (void)state;
    int order[PARTS] = {0, 1, 2, 3, 4}, count = 0;
    each_order(order, 0, false, &count);
    each_order(order, 0, true, &count);
    assert_int_equal(count, 2 * 120);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_run_in_order),
        cmocka_unit_test(modules_are_copied),
        cmocka_unit_test(modules_shape_the_sandbox),
        cmocka_unit_test(errors_name_module_and_line),
        cmocka_unit_test(errors_of_an_engines_own_modules),
        cmocka_unit_test(modules_from_files),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(larger_than_the_limit),
        cmocka_unit_test(one_of_a_megabyte),
        cmocka_unit_test(several),
        cmocka_unit_test(contexts_change_templates),
        cmocka_unit_test(replaced_while_threads_run),
        cmocka_unit_test(closed_in_every_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
