/* Modules of host functions as a whole: how many there can be, names that clash, prefixes, laziness; what they keep for a
 * context, and when they are closed. Where these fail, look into src/lua/modules.c, states.c; src/engine/template.c. */
#include "support.h"

static lunette_status own_name(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, lunette_call_name(call));
}

static lunette_status own_name_of_values(void *ud, lunette_call *call, const lunette_value *arguments,
                                         size_t count) {
    (void)ud;
    (void)arguments;
    (void)count;
    return lunette_return_text(call, lunette_call_name(call));
}

static lunette_module module_of(const char *name, const lunette_function *functions, size_t count) {
    lunette_module module = lunette_module_default();
    module.name = name;
    module.functions = functions;
    module.function_count = count;
    return module;
}

static lunette_config config_of(const lunette_module *const *modules, size_t count, lunette_sandbox level) {
    lunette_config config = kit_config(level);
    config.modules = modules;
    config.module_count = count;
    return config;
}

/* --- How many --- */

/* More than have numbers of their own (host.c), of both forms, over modules, types and globals. */
static void there_may_be_any_number(void **state) {
    (void)state;
    enum { MANY = 1000 };
    static char names[MANY][12];
    static lunette_function functions[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        functions[i] = (lunette_function){.name = names[i]};
        if (i % 3 == 2)
            functions[i].call_values = own_name_of_values;
        else
            functions[i].call = own_name;
    }
    lunette_module a = module_of("a", functions, MANY), b = module_of("b", functions, MANY),
                   c = module_of("", functions, MANY);
    const lunette_module *modules[] = {&a, &b, &c};
    b.lazy = true;
    lunette_config config = config_of(modules, 3, LUNETTE_SANDBOX_RESTRICTED);
    lunette_context *context = kit_open(&config);
    for (int round = 0; round < 2; round++) {
        expect_ok(context, "local a, b = require 'a', require 'b'\n"
                           "for i = 0, 999 do\n"
                           "  local f = 'f' .. i\n"
                           "  assert(a[f]() == 'a.' .. f and b[f]() == 'b.' .. f and _G[f]() == f)\n"
                           "end");
        lunette_context_reset(context);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    kit_close(context);
}

/* --- Names --- */

static void refuse(const lunette_module *const *modules, size_t count, lunette_status expected,
                   const char *words) {
    lunette_config config = config_of(modules, count, LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    config.module_prefix = "host.";
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status != expected || !strstr(lunette_last_failure(), words))
        fail_msg("%s: %s (expected: %s)", lunette_status_name(status), lunette_last_failure(), words);
}

static void names_that_clash_are_refused(void **state) {
    (void)state;
    static const lunette_function ONE[] = {{.name = "one", .call = own_name}},
                                  TWINS[] = {{.name = "x", .call = own_name},
                                             {.name = "x", .call = own_name}};
    static const lunette_constant CONSTANT[] = {{.name = "one"}};
    lunette_class class = lunette_class_default();
    const lunette_class *types[] = {&class};
    lunette_module twins = module_of("twins", TWINS, 2), both = module_of("both", ONE, 1),
                   globals = module_of("", ONE, 1), again = module_of("", ONE, 1),
                   typed = module_of("typed", NULL, 0), one = module_of("one", ONE, 1),
                   string = module_of("string", ONE, 1);
    both.constants = CONSTANT;
    both.constant_count = 1;
    class.name = "Twin";
    class.methods = TWINS;
    class.method_count = 2;
    typed.types = types;
    typed.type_count = 1;
    refuse((const lunette_module *const[]){&twins}, 1, LUNETTE_INVALID_ARGUMENT,
           "config.modules[0] ('twins'): two of its functions and constants have the same name");
    refuse((const lunette_module *const[]){&both}, 1, LUNETTE_INVALID_ARGUMENT,
           "config.modules[0] ('both'): two of its functions and constants have the same name");
    refuse((const lunette_module *const[]){&typed}, 1, LUNETTE_INVALID_ARGUMENT,
           "config.modules[0] ('typed'): a type has two methods, or two metamethods, of the same name");
    refuse((const lunette_module *const[]){&globals, &again}, 2, LUNETTE_INVALID_ARGUMENT,
           "config.modules[1] (''): another module makes a global variable of the same name");
    refuse((const lunette_module *const[]){&one, &one}, 2, LUNETTE_INVALID_ARGUMENT,
           "config.modules[1] ('one'): another module has that name");
    one.automatic = string.automatic = true;
    refuse((const lunette_module *const[]){&one, &globals}, 2, LUNETTE_INVALID_ARGUMENT,
           "config.modules[1] (''): another module makes a global variable of the same name");
    refuse((const lunette_module *const[]){&globals, &one}, 2, LUNETTE_INVALID_ARGUMENT,
           "config.modules[1] ('one'): another module makes a global variable of the same name");
    refuse((const lunette_module *const[]){&string}, 1, LUNETTE_RUNTIME_ERROR,
           "module 'string' would take the place of Lua's own global variable");
}

/* What no script could write is no variable: neither "a.b", nor what a locale takes for a letter, nor a reserved word. */
static void automatic_modules_have_names_of_variables(void **state) {
    (void)state;
    static const char *const NAMES[] = {"a.b", "1st", "na\xefve", "end", "goto"};
    static const lunette_function ONE[] = {{.name = "one", .call = own_name}};
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        lunette_module module = module_of(NAMES[i], ONE, 1);
        char *text;
        module.automatic = true;
        refuse((const lunette_module *const[]){&module}, 1, LUNETTE_INVALID_ARGUMENT,
               "it is automatic, so its name must be that of a variable");
        module.automatic = false;
        assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_TEXT, &text), LUNETTE_OK);
        assert_non_null(strstr(text, i == 0 ? "b.one(" : "module.one("));
        lunette_string_free(&text);
    }
}

/* With a prefix they are others than Lua's; as globals they stand in their place. */
static void prefixes_and_globals(void **state) {
    (void)state;
    static const lunette_function ONE[] = {{.name = "one", .call = own_name},
                                           {.name = "print", .call = own_name}};
    lunette_module string = module_of("string", ONE, 2), globals = module_of("", ONE, 2);
    const lunette_module *modules[] = {&string, &globals};
    lunette_config config = config_of(modules, 2, LUNETTE_SANDBOX_RESTRICTED);
    config.module_prefix = "host.";
    lunette_context *context = kit_open(&config);
    expect_ok(context, "assert(require 'string' == string and require 'host.string'.one() == 'string.one')\n"
                       "assert(one() == 'one' and print() == 'print' and not pcall(require, 'host.'))");
    kit_close(context);
    config.module_prefix = NULL;
    lunette_engine *engine;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_last_failure(), "module 'string' has the name of one of Lua's own"));
}

static void lazy_modules_at_every_level(void **state) {
    (void)state;
    static const lunette_sandbox LEVELS[] = {LUNETTE_SANDBOX_RESTRICTED, LUNETTE_SANDBOX_NONE};
    static const lunette_function ONE[] = {{.name = "one", .call = own_name}};
    lunette_module lazy = module_of("lazy", ONE, 1), eager = module_of("eager", ONE, 1);
    const lunette_module *modules[] = {&lazy, &eager};
    lazy.lazy = true;
    for (size_t i = 0; i < LN_COUNT(LEVELS); i++) {
        lunette_config config = config_of(modules, 2, LEVELS[i]);
        config.module_prefix = "host.";
        lunette_context *context = kit_open(&config);
        for (int round = 0; round < 2; round++) {
            expect_ok(context,
                      "local lazy = require 'host.lazy'\n"
                      "assert(lazy.one() == 'lazy.one' and lazy == require 'host.lazy')\n"
                      "assert(require 'host.eager'.one() == 'eager.one' and not pcall(require, 'lazy'))");
            lunette_context_reset(context);
        }
        kit_close(context);
    }
}

/* --- What they keep --- */

/* A module's `ud` in these tests. */
struct keeper {
    int made, closed, module_closed;
    const void *last; /* the state closed last */
    lunette_status too_late;
};

struct state {
    int64_t count;
};

static void close_state(void *ud, void *state) {
    struct keeper *keeper = ud;
    keeper->closed++;
    keeper->last = state;
    free(state);
}

static void close_module(void *ud) {
    ((struct keeper *)ud)->module_closed++;
}

static lunette_status count_up(void *ud, lunette_call *call) {
    struct keeper *keeper = ud;
    struct state *state = lunette_call_state(call);
    if (!state) {
        state = calloc(1, sizeof *state);
        if (!state)
            return LUNETTE_NO_MEMORY;
        lunette_status status = lunette_call_set_state(call, state);
        if (status != LUNETTE_OK) {
            free(state);
            return status;
        }
        keeper->made++;
    }
    return lunette_return_integer(call, ++state->count);
}

/* Sets another, the same again, and none. */
static lunette_status replace(void *ud, lunette_call *call) {
    struct keeper *keeper = ud;
    struct state *fresh = calloc(1, sizeof *fresh), *before = lunette_call_state(call);
    int closed = keeper->closed;
    keeper->made++;
    bool good = lunette_call_set_state(call, fresh) == LUNETTE_OK && lunette_call_state(call) == fresh &&
                keeper->closed == closed + 1 && keeper->last == before &&
                lunette_call_set_state(call, fresh) == LUNETTE_OK && keeper->closed == closed + 1 &&
                lunette_call_set_state(call, NULL) == LUNETTE_OK && keeper->closed == closed + 2 &&
                !lunette_call_state(call) && lunette_call_set_state(call, NULL) == LUNETTE_OK &&
                lunette_call_set_state(NULL, fresh) == LUNETTE_INVALID_ARGUMENT && !lunette_call_state(NULL);
    return lunette_return_boolean(call, good);
}

/* Calls a function of the script's that is killed: then nothing more is kept. */
static lunette_status keep_too_late(void *ud, lunette_call *call) {
    struct keeper *keeper = ud;
    lunette_value function;
    int never_kept;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status == LUNETTE_OK)
        status = lunette_call_invoke(call, &function, NULL, 0, NULL, NULL);
    keeper->too_late = lunette_call_set_state(call, &never_kept);
    return status;
}

static const lunette_function COUNTING[] = {
    {.name = "count", .call = count_up},
    {.name = "keep_too_late", .call = keep_too_late, .max_arguments = 1},
    {.name = "replace", .call = replace},
};

static lunette_module counting(const char *name, struct keeper *keeper) {
    lunette_module module = module_of(name, COUNTING, LN_COUNT(COUNTING));
    module.automatic = true;
    module.ud = keeper;
    module.close_state = close_state;
    module.close = close_module;
    return module;
}

static void a_context_has_its_own(void **state) {
    (void)state;
    struct keeper a = {0}, b = {0};
    lunette_module first = counting("first", &a), second = counting("second", &b);
    const lunette_module *modules[] = {&first, &second};
    lunette_config config = config_of(modules, 2, LUNETTE_SANDBOX_RESTRICTED);
    config.limits.wall_ns = 50 * MILLISECOND;
    lunette_context *context = kit_open(&config), *other;
    assert_int_equal(lunette_context_acquire(context->engine, &other), LUNETTE_OK);
    expect_ok(context, "assert(first.count() == 1 and first.count() == 2 and second.count() == 1)");
    expect_ok(context, "assert(first.count() == 3)");
    expect_ok(other, "assert(first.count() == 1)");
    assert_int_equal(a.made, 2);
    assert_int_equal(a.closed, 0);
    lunette_context_reset(context);
    assert_int_equal(a.closed, 1);
    assert_int_equal(b.closed, 1);
    expect_status(context, "first.count() while true do end", LUNETTE_TIME_LIMIT);
    assert_int_equal(a.closed, 2);
    expect_status(context, "first.count() first.keep_too_late(function() while true do end end)",
                  LUNETTE_TIME_LIMIT);
    assert_int_equal(a.too_late, LUNETTE_TIME_LIMIT);
    assert_int_equal(a.closed, 3);
    expect_ok(context, "assert(first.count() == 1 and first.replace() and first.count() == 1)");
    assert_int_equal(a.made, a.closed + 2);
    lunette_context_release(&other);
    assert_int_equal(a.made, a.closed + 1);
    assert_int_equal(a.module_closed, 0);
    kit_close(context);
    assert_int_equal(a.made, a.closed);
    assert_int_equal(b.made, b.closed);
    assert_int_equal(a.module_closed, 1);
    assert_int_equal(b.module_closed, 1);
}

/* A context that moves to a template with other modules finds none of what it had. */
static void templates_have_their_own(void **state) {
    (void)state;
    struct keeper keepers[3] = {{0}};
    lunette_module modules[3] = {counting("a", &keepers[0]), counting("b", &keepers[1]),
                                 counting("c", &keepers[2])};
    const lunette_module *list[] = {&modules[0], &modules[1], &modules[2]};
    lunette_config config = config_of(list, 1, LUNETTE_SANDBOX_RESTRICTED);
    lunette_template_config more = lunette_template_config_default();
    lunette_engine *engine;
    lunette_template *template;
    lunette_context *context;
    config.pool.max = 1;
    more.modules = list;
    more.module_count = 3;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    assert_int_equal(lunette_template_open(engine, &more, &template), LUNETTE_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
        expect_ok(context, "assert(a.count() == 1 and not c)");
        lunette_context_release(&context);
        assert_int_equal(lunette_context_acquire_from(template, 0, &context), LUNETTE_OK);
        expect_ok(context, "assert(a.count() == 1 and b.count() == 1 and c.count() == 1 and c.count() == 2)");
        lunette_context_release(&context);
    }
    assert_int_equal(lunette_context_acquire_from(template, 0, &context), LUNETTE_OK);
    expect_ok(context, "c.count()");
    lunette_template_close(&template);
    assert_int_equal(keepers[2].module_closed, 0);
    expect_ok(context, "assert(c.count() == 2)");
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(keepers[i].made, keepers[i].closed);
        assert_int_equal(keepers[i].module_closed, i == 0 ? 2 : 1);
    }
}

/* What could not be opened is not closed; what is preloaded can keep nothing. */
static void a_template_keeps_nothing(void **state) {
    (void)state;
    static const lunette_preload FAILING[] = {{.name = "x", .text = "first.count()", .text_size = SIZE_MAX}};
    struct keeper keeper = {0};
    lunette_module first = counting("first", &keeper);
    const lunette_module *modules[] = {&first};
    lunette_config config = config_of(modules, 1, LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    config.preload = FAILING;
    config.preload_count = 1;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_RUNTIME_ERROR);
    assert_non_null(
        strstr(lunette_last_failure(), "'first.count' can keep nothing while a template is built"));
    assert_int_equal(keeper.made, 0);
    assert_int_equal(keeper.module_closed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_may_be_any_number),
        cmocka_unit_test(names_that_clash_are_refused),
        cmocka_unit_test(automatic_modules_have_names_of_variables),
        cmocka_unit_test(prefixes_and_globals),
        cmocka_unit_test(lazy_modules_at_every_level),
        cmocka_unit_test(a_context_has_its_own),
        cmocka_unit_test(templates_have_their_own),
        cmocka_unit_test(a_template_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
