/* Compiled scripts that are loaded as patches: that they are, that what runs then is the script, and that nothing else can
 * tell. That results, errors and traces are those of the text is compared in test_scripts.c.
 *
 * Look in src/lua/press.c, src/arena/patch.c. */
#include "kit.h"

#include "engine/engine.h"
#include "lua/internal.h"

static lunette_engine *engine;

static int set_up(void **state) {
    (void)state;
    lunette_config config = kit_config();
    engine = kit_open(&config);
    if (!ln_template_shared(engine->standard->state))
        exit(77); /* skipped: VMs that share no image have no patches */
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lunette_engine_close(&engine);
    return 0;
}

static lunette_script *compile(const char *text) {
    lunette_script *script;
    if (lunette_script_compile(engine, "x", text, LUNETTE_ZERO_TERMINATED, &script) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return script;
}

static bool is_pressed(const lunette_script *script, const lunette_context *context) {
    return ln_code_patch_for(script->code, context->vm->image) != NULL;
}

static int64_t run(lunette_context *context, const lunette_script *script) {
    lunette_value *results;
    assert_int_equal(lunette_context_run_script(context, script, NULL, &results), LUNETTE_OK);
    int64_t number = lunette_value_at(results, 0)->as.integer;
    lunette_value_free(&results);
    return number;
}

/* In every context of the template, as a fresh one has it, and not beyond a reset. */
static void in_every_context(void **state) {
    (void)state;
    lunette_context *contexts[] = {kit_acquire(engine), kit_acquire(engine), kit_acquire(engine)};
    lunette_script *script = compile("n = (n or 40) + 2 local function f() return n end return f()");
    assert_true(is_pressed(script, contexts[0]));
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 3; i++) {
            assert_int_equal(run(contexts[i], script), 42);
            assert_int_equal(run(contexts[i], script), 44); /* loaded: not pristine any more */
            assert_int_equal(lunette_context_reset(contexts[i]), LUNETTE_OK);
            assert_int_equal(lunette_context_verify(contexts[i]), LUNETTE_OK);
        }
    lunette_script_close(&script);
    for (int i = 0; i < 3; i++)
        kit_release(&contexts[i]);
}

/* Integers of a script that are addresses of the arenas, as far as one can tell by looking: they stay what they are. */
static void numbers_like_addresses(void **state) {
    (void)state;
    lunette_context *contexts[] = {kit_acquire(engine), kit_acquire(engine)};
    for (int i = 0; i < 2; i++) {
        char text[100];
        int64_t number = (int64_t)(intptr_t)ln_vm_of(contexts[i]->vm)->L;
        snprintf(text, sizeof text, "return %lld", (long long)number);
        lunette_script *script = compile(text);
        assert_true(is_pressed(script, contexts[0]));
        for (int k = 0; k < 2; k++) {
            assert_int_equal(run(contexts[k], script), number);
            assert_int_equal(lunette_context_reset(contexts[k]), LUNETTE_OK);
        }
        lunette_script_close(&script);
    }
    kit_release(&contexts[0]);
    kit_release(&contexts[1]);
}

/* A collection walks everything that a patch has brought. */
static void collected(void **state) {
    (void)state;
    lunette_context *context = kit_acquire(engine);
    lunette_script *script = compile("local t = {} for i = 1, 200000 do t[i % 100] = {i, 'x' .. i % 500} end "
                                     "local function f(a) return a + 1 end return f(#t)");
    assert_true(is_pressed(script, context));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run(context, script), 100);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    lunette_script_close(&script);
    kit_release(&context);
}

/* Of templates that come later, as many as the code keeps patches for. */
static void of_many_templates(void **state) {
    (void)state;
    lunette_script *script = compile("return base or 7");
    for (int i = 0; i < 2 * LN_CODE_PATCHES; i++) {
        char text[40];
        snprintf(text, sizeof text, "base = %d", i);
        lunette_template *template = kit_template(engine, "m", text);
        lunette_context *context = kit_acquire_from(template);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(run(context, script), i);
            assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        }
        assert_int_equal(is_pressed(script, context), i < LN_CODE_PATCHES - 1);
        kit_release(&context);
        lunette_template_close(&template);
    }
    lunette_script_close(&script);
}

static char *many_functions(int count) {
    kit_text text = {0};
    for (int i = 0; i < count; i++)
        kit_addf(&text, "function f%d(a) return a .. 'name %d' end ", i, i);
    kit_addf(&text, "return 7");
    return text.bytes;
}

static void too_large(void **state) {
    (void)state;
    lunette_context *context = kit_acquire(engine);
    for (int count = 40; count <= 1000; count *= 5) {
        char *text = many_functions(count);
        lunette_script *script = compile(text);
        assert_false(is_pressed(script, context));
        assert_int_equal(run(context, script), 7);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        lunette_script_close(&script);
        free(text);
    }
    kit_release(&context);
}

static void through_the_cache(void **state) {
    (void)state;
    static const char TEXT[] = "local a = 40 return a + 2";
    lunette_context *context = kit_acquire(engine);
    ln_seen_key key;
    bool again;
    for (int i = 0; i < 4; i++) {
        expect_integer(context, TEXT, 42);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    }
    assert_true(ln_seen_key_make(engine->setup.cache, "=test", TEXT, strlen(TEXT), &key));
    ln_code *code = ln_seen_find(engine->setup.cache, &key, &again);
    assert_non_null(code);
    assert_non_null(ln_code_patch_for(code, context->vm->image));
    ln_code_release(&code);
    kit_release(&context);
}

static void no_patch_where_runs_repeat(void **state) {
    (void)state;
    lunette_config config = kit_config();
    config.deterministic = true;
    lunette_engine *usual = engine;
    engine = kit_open(&config);
    lunette_context *context = kit_acquire(engine);
    lunette_script *script = compile("return 1");
    assert_int_equal(run(context, script), 1);
    assert_false(is_pressed(script, context));
    lunette_script_close(&script);
    kit_release(&context);
    lunette_engine_close(&engine);
    engine = usual;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_context),
        cmocka_unit_test(numbers_like_addresses),
        cmocka_unit_test(collected),
        cmocka_unit_test(of_many_templates),
        cmocka_unit_test(too_large),
        cmocka_unit_test(through_the_cache),
        cmocka_unit_test(no_patch_where_runs_repeat),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
