/* The room of the Lua backend by itself, linked with what it may use and nothing else: a VM from a template, a run, a reset;
 * and reports, which need no VM at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lua/internal.h"

static void ignore_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
}

static void a_vm_runs_without_an_engine(void **state) {
    (void)state;
    char why[200] = "";
    lunette_config defaults = lunette_config_default();
    ln_machine_setup setup = {
        .backend = &ln_lua_backend, .memory_limit = (size_t)8 << 20, .output = ignore_output};
    lunette_template_config nothing = lunette_template_config_default();
    ln_guard *guard;
    ln_template *template;
    lunette_machine *vm;
    const void *code[LN_MACHINE_CODE];
    ln_guard_config config = {.kind = LN_GUARD_AUTO, .contain_faults = true, .code = code};
    config.code_count = ln_machine_code(&ln_lua_backend, code);
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    assert_int_equal(ln_lua_backend.open(&defaults, &setup.settings, why, sizeof why), LUNETTE_OK);
    setup.guard = guard;
    assert_int_equal(ln_template_open(&setup, &nothing, &template, why, sizeof why), LUNETTE_OK);
    assert_int_equal(ln_machine_open(template, NULL, &vm), LUNETTE_OK);
    static const char TEXT[] = "x = (x or 0) + 1 return x";
    ln_program program = {.name = "=room",
                          .text = TEXT,
                          .size = strlen(TEXT),
                          .bounds = {.depth = 8, .items = 100, .bytes = 10000}};
    ln_budget budget = {.wall_ns = 1000000000};
    for (int i = 1; i <= 2; i++) {
        lunette_value *results;
        assert_int_equal(ln_machine_run(vm, &program, &budget, &results), LUNETTE_OK);
        assert_int_equal(results->as.array.items[0].as.integer, i);
        lunette_value_free(&results);
    }
    assert_int_equal(ln_machine_reset(vm), LUNETTE_OK);
    assert_int_equal(ln_machine_verify(vm, why, sizeof why), LUNETTE_OK);
    ln_machine_close(&vm);
    assert_null(vm);
    ln_template_close(&template);
    ln_lua_backend.close(setup.settings);
    ln_guard_close(&guard);
}

/* --- Reports --- */

static lunette_error *error_of(const ln_report *report) {
    lunette_error *error = ln_report_error(report, LUNETTE_RUNTIME_ERROR, NULL);
    assert_non_null(error);
    return error;
}

static void messages_are_cut(void **state) {
    (void)state;
    static const struct {
        size_t before; /* bytes of x, and then 500 times "ä" */
        size_t size;   /* of the message */
    } CUTS[] = {{0, 1000}, {1, 1002}, {2, 1003}, {999, 1002}, {1000, 1003}, {1001, 1003}};
    for (size_t i = 0; i < sizeof CUTS / sizeof *CUTS; i++) {
        char text[3000];
        ln_report report;
        size_t size = CUTS[i].before;
        memset(text, 'x', size);
        for (int k = 0; k < 500; k++, size += 2)
            memcpy(text + size, "\xc3\xa4", 2);
        ln_report_init(&report);
        ln_report_message(&report, text, size);
        lunette_error *error = error_of(&report);
        assert_int_equal(strlen(error->message), CUTS[i].size);
        if (size > LN_REPORT_MESSAGE)
            assert_string_equal(error->message + CUTS[i].size - 3, "\xe2\x80\xa6");
        ln_report_error_free(&error);
        assert_null(error);
    }
}

static void texts_that_do_not_fit_are_left_out(void **state) {
    (void)state;
    ln_report report;
    char text[1000];
    memset(text, 'x', sizeof text);
    ln_report_init(&report);
    for (int i = 0; i < 20; i++)
        ln_report_message(&report, text, sizeof text);
    lunette_error *error = error_of(&report);
    assert_true(strlen(error->message) <= sizeof text);
    assert_true(report.used <= LN_REPORT_TEXT);
    ln_report_error_free(&error);
}

static void an_empty_report(void **state) {
    (void)state;
    ln_report report;
    ln_report_init(&report);
    lunette_error *error = error_of(&report);
    assert_string_equal(error->message, "");
    assert_null(error->chunk);
    assert_null(error->frames);
    assert_null(error->value);
    assert_int_equal(error->line, 0);
    ln_report_error_free(&error);
    ln_report_error_free(&error);
}

static void syntax_errors_give_their_place(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *message;
        int line;
    } CASES[] = {
        {"@a.lua", "a.lua:7: wrong", "wrong", 7},
        {"=a", "a:2147483647: wrong", "wrong", 2147483647},
        {"=a", "a:99999999999: wrong", "a:99999999999: wrong", 0},
        {"=a", "a:x: wrong", "a:x: wrong", 0},
        {"=a", "a:5", "a:5", 0},
        {"=a", "b:5: wrong", "b:5: wrong", 0},
        {"=", ":5: wrong", "wrong", 5},
        {"=a", "", "", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        ln_report report;
        ln_report_syntax(&report, CASES[i].name, CASES[i].text, strlen(CASES[i].text));
        lunette_error *error = error_of(&report);
        assert_string_equal(error->message, CASES[i].message);
        assert_int_equal(error->line, CASES[i].line);
        ln_report_error_free(&error);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vm_runs_without_an_engine),        cmocka_unit_test(messages_are_cut),
        cmocka_unit_test(texts_that_do_not_fit_are_left_out), cmocka_unit_test(an_empty_report),
        cmocka_unit_test(syntax_errors_give_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
