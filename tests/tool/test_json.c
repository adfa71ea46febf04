/* What --json prints, read by a parser of its own: exactly one object on standard output, whatever the script does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "spawn.h"

/* Runs the tool and parses all of its standard output. */
static json_t *parse(const char *const *arguments, int status) {
    outcome got = spawn_tool(arguments, NULL);
    if (got.status != status)
        fail_msg("status %d (signal %d), expected %d: %s%s", got.status, got.signal, status, got.out,
                 got.err);
    json_error_t error;
    json_t *made = json_loadb(got.out, got.out_size, JSON_ALLOW_NUL, &error);
    if (made == NULL)
        fail_msg("no JSON: %s at %d in: %s", error.text, error.position, got.out);
    assert_true(got.out_size > 0 && got.out[got.out_size - 1] == '\n');
    outcome_free(&got);
    return made;
}

static json_t *run_code(const char *code, int status) {
    return parse((const char *const[]){"run", "--json", "-e", code, NULL}, status);
}

static const char *text_of(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    if (value == NULL)
        fail_msg("no text \"%s\"", key);
    return value;
}

/* Whether a member prints as this JSON. */
static void assert_member(const json_t *object, const char *key, const char *expected) {
    char *printed = json_dumps(json_object_get(object, key), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(printed);
    assert_string_equal(printed, expected);
    free(printed);
}

static void test_keys(void **state) {
    (void)state;
    json_t *run = run_code("print('a', 1) return 1, 'x', nil, true, 1.5", 0);
    assert_string_equal(text_of(run, "status"), "ok");
    assert_member(run, "results", "[1,\"x\",null,true,1.5]");
    assert_member(run, "output", "\"a\\t1\\n\"");
    assert_member(run, "error", "null");
    assert_null(json_object_get(run, "output_base64"));
    const json_t *stats = json_object_get(run, "stats");
    static const char *const keys[] = {"wall_us",          "cpu_us",      "memory_used",  "memory_peak",
                                       "memory_committed", "allocations", "output_bytes", "collections"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_true(json_is_number(json_object_get(stats, keys[i])));
    assert_int_equal(json_integer_value(json_object_get(stats, "output_bytes")), 4);
    assert_true(json_number_value(json_object_get(stats, "wall_us")) > 0);
    assert_true(json_number_value(json_object_get(stats, "cpu_us")) > 0);
    assert_true(json_integer_value(json_object_get(stats, "memory_committed")) >=
                json_integer_value(json_object_get(stats, "memory_used")));
    json_decref(run);
}

static void test_values(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"return 0/0, 1/0, -1/0", "[{\"$number\":\"nan\"},{\"$number\":\"inf\"},{\"$number\":\"-inf\"}]"},
        {"return '\\xff\\0', 'a\\0b'", "[{\"$bytes\":\"/wA=\"},\"a\\u0000b\"]"},
        {"return 'a', {}, {1, {2}}, {a = 1}", "[\"a\",[],[1,[2]],{\"a\":1}]"},
        {"return {['$bytes'] = 1}", "[{\"$members\":[[\"$bytes\",1]]}]"},
        {"return {[2] = 1}, {['\\xff'] = true}",
         "[{\"$members\":[[2,1]]},{\"$members\":[[{\"$bytes\":\"/w==\"},true]]}]"},
        {"return math.maxinteger, math.mininteger, 2^53, 1.0",
         "[9223372036854775807,-9223372036854775808,9007199254740992.0,1.0]"},
        {"return coroutine.create(print)", "[{\"$userdata\":\"coroutine\"}]"},
        {"return '\\u{1F319}', '\\u{D800}'", "[\"\xF0\x9F\x8C\x99\",{\"$bytes\":\"7aCA\"}]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *run = run_code(cases[i][0], 0);
        assert_member(run, "results", cases[i][1]);
        json_decref(run);
    }
    json_t *run = run_code("return print", 0);
    assert_true(
        json_is_integer(json_object_get(json_array_get(json_object_get(run, "results"), 0), "$function")));
    json_decref(run);
}

static void test_output(void **state) {
    (void)state;
    json_t *run = run_code("print('\\xe4', 'ok')", 0);
    assert_member(run, "output", "\"\xEF\xBF\xBD\\tok\\n\"");
    assert_string_equal(text_of(run, "output_base64"), "5Alvawo=");
    json_decref(run);
    run = parse((const char *const[]){"run", "--json", "--sandbox", "none", "-e",
                                      "print(1) io.write('2') print(3) io.stdout:write(4)", NULL},
                0);
    assert_string_equal(text_of(run, "output"), "1\n23\n4");
    json_decref(run);
    run = parse(
        (const char *const[]){"run", "--json", "--sandbox", "none", "-e", "os.execute('echo {}')", NULL}, 0);
    assert_string_equal(text_of(run, "output"), "{}\n");
    json_decref(run);
}

static void test_errors(void **state) {
    (void)state;
    json_t *run = run_code("local function f() error('bad') end\nf()", 1);
    const json_t *error = json_object_get(run, "error");
    assert_string_equal(text_of(run, "status"), "runtime_error");
    assert_string_equal(text_of(error, "code"), "runtime_error");
    assert_string_equal(text_of(error, "message"), "bad");
    assert_string_equal(text_of(error, "chunk"), "(command line)");
    assert_member(error, "line", "1");
    const json_t *frames = json_object_get(error, "frames");
    assert_true(json_array_size(frames) >= 3);
    assert_string_equal(text_of(json_array_get(frames, 1), "function"), "f");
    assert_member(run, "results", "[]");
    json_decref(run);
    run = run_code("print(1) error({code = 5})", 1);
    assert_member(json_object_get(run, "error"), "value", "{\"code\":5}");
    assert_string_equal(text_of(run, "output"), "1\n");
    json_decref(run);
}

static void test_endings(void **state) {
    (void)state;
    static const struct {
        const char *option, *value, *code, *status;
        int exit_status;
    } cases[] = {
        {"--time", "20ms", "print(1) while true do end", "time_limit", 5},
        {"--memory", "1M", "local t = {} while true do t[#t + 1] = {} end", "memory_limit", 4},
        {"--cpu", "20ms", "while true do end", "cpu_limit", 6},
        {"--instructions", "1000", "while true do end", "instruction_limit", 6},
        {"--output", "10", "while true do print(1) end", "output_limit", 6},
        {"--time", "1s", "x = = 1", "syntax_error", 3},
        {"--time", "1s", "local t = {} t.t = t return t", "value_limit", 6},
        {"--time", "1X", "return", "invalid_argument", 2},
        {"--allow", "no.such", "return", "invalid_argument", 2},
        {"--fast", "", "return", "invalid_argument", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *run = parse((const char *const[]){"run", "--json", cases[i].option, cases[i].value, "-e",
                                                  cases[i].code, NULL},
                            cases[i].exit_status);
        assert_string_equal(text_of(run, "status"), cases[i].status);
        assert_string_equal(text_of(json_object_get(run, "error"), "code"), cases[i].status);
        assert_true(strlen(text_of(json_object_get(run, "error"), "message")) > 0);
        json_decref(run);
    }
}

static void test_refusals(void **state) {
    (void)state;
    json_t *run = parse((const char *const[]){"run", "--json", "nowhere.lua", NULL}, 2);
    assert_string_equal(text_of(run, "status"), "invalid_argument");
    assert_string_equal(text_of(json_object_get(run, "error"), "chunk"), "nowhere.lua");
    json_decref(run);
    run = parse((const char *const[]){"run", "--memory", "1", "--json", "-e", "x", NULL}, 2);
    assert_string_equal(text_of(json_object_get(run, "error"), "message"), "--memory 1: at least 256K");
    json_decref(run);
    run = parse((const char *const[]){"run", "--json", NULL}, 2);
    json_decref(run);
}

static void test_exit(void **state) {
    (void)state;
    json_t *run = parse(
        (const char *const[]){"run", "--json", "--sandbox", "none", "-e", "print(1) os.exit(9)", NULL}, 9);
    assert_string_equal(text_of(run, "status"), "runtime_error");
    assert_string_equal(text_of(run, "output"), "1\n");
    json_decref(run);
    run = parse((const char *const[]){"run", "--json", "--sandbox", "none", "-e", "os.exit()", NULL}, 0);
    assert_string_equal(text_of(run, "status"), "ok");
    json_decref(run);
}

static void test_batch(void **state) {
    (void)state;
    spawn_write("one.lua", "print('one')", 12);
    spawn_write("two.lua", "-- expect: time_limit\nwhile true do end", 39);
    json_t *batch =
        parse((const char *const[]){"batch", "--json", "--expect", "--show-output", "--repeat", "4", "--time",
                                    "20ms", "--memory", "1M", "one.lua", "two.lua", NULL},
              0);
    const json_t *scripts = json_object_get(batch, "scripts");
    assert_int_equal(json_array_size(scripts), 2);
    const json_t *one = json_array_get(scripts, 0), *two = json_array_get(scripts, 1);
    assert_string_equal(text_of(one, "file"), "one.lua");
    assert_member(one, "runs", "4");
    assert_member(one, "ok", "4");
    assert_member(one, "time_limit", "0");
    assert_member(one, "output", "\"one\\n\"");
    assert_member(one, "output_bytes", "16");
    assert_member(one, "overshoot_us", "null");
    assert_member(one, "as_expected", "null");
    assert_member(two, "time_limit", "4");
    assert_member(two, "as_expected", "true");
    assert_true(json_is_number(json_object_get(json_object_get(two, "overshoot_us"), "max")));
    assert_true(json_number_value(json_object_get(two, "p50_us")) >= 20000);
    assert_true(json_number_value(json_object_get(two, "p99_us")) >=
                json_number_value(json_object_get(two, "p50_us")));
    for (size_t i = 0; i < 2; i++) {
        const json_t *committed = json_object_get(json_array_get(scripts, i), "memory_committed");
        assert_in_range(json_integer_value(committed), 1, 1 << 20);
    }
    const json_t *total = json_object_get(batch, "total");
    assert_member(total, "runs", "8");
    assert_true(json_number_value(json_object_get(total, "runs_per_second")) > 0);
    assert_true(json_number_value(json_object_get(total, "seconds")) > 0);
    assert_true(json_integer_value(json_object_get(total, "workers")) > 0);
    json_decref(batch);
    batch = parse((const char *const[]){"batch", "--json", "nowhere.lua", NULL}, 2);
    assert_string_equal(text_of(batch, "status"), "invalid_argument");
    json_decref(batch);
}

static void test_doctor(void **state) {
    (void)state;
    json_t *doctor = parse((const char *const[]){"doctor", "--json", NULL}, 0);
    assert_member(doctor, "ok", "true");
    assert_true(json_array_size(json_object_get(doctor, "tests")) >= 4);
    assert_true(json_is_array(json_object_get(doctor, "lua_defects")));
    assert_true(strlen(text_of(json_object_get(doctor, "system"), "kernel")) > 0);
    assert_true(strlen(text_of(doctor, "guard")) > 0);
    assert_true(strlen(text_of(doctor, "lua_path")) > 0);
    json_decref(doctor);
}

/* The session gives one object a line. */
static void test_repl(void **state) {
    (void)state;
    outcome got =
        spawn_tool((const char *const[]){"repl", "--json", NULL}, "x = 1\nprint(x)\nx,\n2\nerror('a')\n");
    assert_int_equal(got.status, 0);
    static const char *const status[] = {"ok", "ok", "ok", "runtime_error"};
    static const char *const results[] = {"[]", "[]", "[1,2]", "[]"};
    const char *line = got.out;
    for (size_t i = 0; i < 4; i++) {
        json_t *entry = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        assert_non_null(entry);
        assert_string_equal(text_of(entry, "status"), status[i]);
        assert_member(entry, "results", results[i]);
        assert_member(entry, "output", i == 1 ? "\"1\\n\"" : "\"\"");
        json_decref(entry);
        line = strchr(line, '\n');
        assert_non_null(line++);
    }
    assert_string_equal(line, "");
    outcome_free(&got);
}

/* What a program needs that sorts errors, or shows where one is. */
static void test_kind_and_column(void **state) {
    (void)state;
    static const struct {
        const char *code, *kind, *column;
        int status;
    } cases[] = {
        {"x = 1 +* 2", "generic", "8", 3},
        {"local order = nil return order.price", "reference", "0", 1},
        {"return {} + 1", "type", "0", 1},
        {"require 'nothing'", "module", "0", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *run = run_code(cases[i].code, cases[i].status);
        const json_t *error = json_object_get(run, "error");
        assert_string_equal(text_of(error, "kind"), cases[i].kind);
        assert_member(error, "column", cases[i].column);
        json_decref(run);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_doctor),
        cmocka_unit_test(test_repl),
        cmocka_unit_test(test_kind_and_column),
    };
    if (spawn_setup(argc, argv) != 0)
        return 1;
    const int failed = cmocka_run_group_tests_name("tool, JSON", tests, NULL, NULL);
    spawn_finish();
    return failed;
}
