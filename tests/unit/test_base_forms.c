/* Values and errors as texts: what each kind of value becomes, that JSON is JSON whatever bytes a script made, that bounds
 * hold, and that a decimal reads back as the double it was. The reader below is written from the grammar of RFC 8259, and
 * knows nothing of the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "lunette/error.h"
#include "lunette/value.h"

static void expect_refusal(lunette_status status, const char *words, int line) {
    if (status != LUNETTE_INVALID_ARGUMENT || strstr(lunette_last_failure(), words) == NULL)
        fail_msg("line %d: %s, '%s'", line, lunette_status_name(status), lunette_last_failure());
}

#define refused(call, words) expect_refusal(call, words, __LINE__)

/* --- A reader of JSON: the end of the value at `at`, or NULL --- */

static const char *read_value(const char *at, int depth);

static const char *read_string(const char *at) {
    if (*at++ != '"')
        return NULL;
    while (*at != '"') {
        size_t length = ln_utf8_length(at, strlen(at));
        if (length == 0 || (unsigned char)*at < 0x20)
            return NULL;
        if (*at != '\\') {
            at += length;
        } else if (at[1] == 'u') {
            if (strspn(at + 2, "0123456789abcdefABCDEF") < 4)
                return NULL;
            at += 6;
        } else {
            if (!at[1] || !strchr("\"\\/bfnrt", at[1]))
                return NULL;
            at += 2;
        }
    }
    return at + 1;
}

static const char *read_number(const char *at) {
    at += *at == '-';
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (*at == '0' && digits > 1))
        return NULL;
    at += digits;
    if (*at == '.') {
        if ((digits = strspn(at + 1, "0123456789")) == 0)
            return NULL;
        at += 1 + digits;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        if ((digits = strspn(at, "0123456789")) == 0)
            return NULL;
        at += digits;
    }
    return at;
}

static const char *read_items(const char *at, char end, int depth) {
    if (*at == end)
        return at + 1;
    for (;;) {
        if (end == '}') {
            at = read_string(at);
            if (!at || *at++ != ':')
                return NULL;
        }
        at = read_value(at, depth + 1);
        if (!at)
            return NULL;
        if (*at == end)
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

static const char *read_word(const char *at) {
    static const char *const WORDS[] = {"null", "true", "false"};
    for (size_t i = 0; i < 3; i++)
        if (strncmp(at, WORDS[i], strlen(WORDS[i])) == 0)
            return at + strlen(WORDS[i]);
    return NULL;
}

static const char *read_value(const char *at, int depth) {
    if (depth > 400)
        return NULL;
    if (*at == '{' || *at == '[')
        return read_items(at + 1, *at == '{' ? '}' : ']', depth);
    if (*at == '"')
        return read_string(at);
    return *at == '-' || (*at >= '0' && *at <= '9') ? read_number(at) : read_word(at);
}

static bool is_json(const char *text) {
    const char *end = read_value(text, 0);
    return end && *end == '\0';
}

/* --- What is asked of each form --- */

static void expect_json(lunette_value value, const char *expected) {
    char *json;
    assert_int_equal(lunette_value_json(&value, &json), LUNETTE_OK);
    assert_string_equal(json, expected);
    assert_true(is_json(json));
    lunette_string_free(&json);
    assert_null(json);
}

static void expect_text(lunette_value value, size_t limit, const char *expected) {
    char *text;
    assert_int_equal(lunette_value_text(&value, limit, &text), LUNETTE_OK);
    assert_string_equal(text, expected);
    lunette_string_free(&text);
}

static lunette_value function_value(void) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_FUNCTION;
    value.as.function.id = 3;
    return value;
}

static lunette_value userdata_value(const char *name) {
    lunette_value value = lunette_nil();
    value.type = LUNETTE_USERDATA;
    value.as.userdata.type_name = name;
    return value;
}

static void the_reader_refuses(void **state) {
    (void)state;
    static const char *const BAD[] = {"",      "{",         "[1,]",  "{\"a\"}",   "{a:1}",    "01",
                                      "1.",    "nan",       "'a'",   "\"\x01\"",  "\"\xff\"", "\"\\x\"",
                                      "[1 2]", "truefalse", "[1],2", "\"\\u12\"", "-",        "1e"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (is_json(BAD[i]))
            fail_msg("taken for JSON: %s", BAD[i]);
    assert_true(is_json("{\"a\":[1,-2.5e+3,null,true,\"\\u00e4\\n\"],\"\":{}}"));
}

static void plain_values(void **state) {
    (void)state;
    expect_json(lunette_nil(), "null");
    expect_json(lunette_boolean(true), "true");
    expect_json(lunette_integer(INT64_MIN), "-9223372036854775808");
    expect_json(lunette_number(1), "1.0");
    expect_json(lunette_number(0.1), "0.1");
    expect_json(lunette_number(-0.0), "-0.0");
    expect_json(lunette_number(1e300), "1e+300");
    expect_json(lunette_number(NAN), "null");
    expect_json(lunette_number(-INFINITY), "null");
    expect_json(function_value(), "\"<function>\"");
    expect_json(userdata_value("FILE*"), "\"<FILE*>\"");
    expect_json(userdata_value("..."), "\"...\"");
    expect_json(lunette_array_of(NULL, 0), "[]");
    expect_json(lunette_object_of(NULL, 0), "{}");
    expect_text(lunette_nil(), 0, "nil");
    expect_text(lunette_number(3), 0, "3.0");
    expect_text(lunette_number(NAN), 0, "nan");
    expect_text(lunette_number(-INFINITY), 0, "-inf");
    expect_text(lunette_number(1e100), 0, "1e+100");
    expect_text(lunette_integer(-7), 0, "-7");
    expect_text(function_value(), 0, "<function>");
    expect_text(userdata_value("coroutine"), 0, "<coroutine>");
}

static void strings(void **state) {
    (void)state;
    expect_json(lunette_string("a\0b\x1f\"\\\n", 7), "\"a\\u0000b\\u001f\\\"\\\\\\n\"");
    expect_json(lunette_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x99"),
                "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x99\"");
    /* Alone, overlong, a surrogate, cut short: each byte is replaced by itself. */
    expect_json(
        lunette_text("\xff.\xc0\xaf.\xed\xa0\x80.\xe2\x82"),
        "\"\xef\xbf\xbd.\xef\xbf\xbd\xef\xbf\xbd.\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.\xef\xbf\xbd\xef\xbf\xbd\"");
    expect_text(lunette_string("\0"
                               "1\n\xff\xc3\xa4\"",
                               7),
                0, "\"\\0001\\n\\255\xc3\xa4\\\"\"");
    expect_json(lunette_string(NULL, 0), "\"\"");
}

static void tables(void **state) {
    (void)state;
    lunette_value items[] = {lunette_integer(1), lunette_text("x"), lunette_nil()};
    lunette_member members[] = {
        {lunette_text("name"), lunette_array_of(items, 3)}, {lunette_text("end"), lunette_boolean(false)},
        {lunette_integer(-4), lunette_number(0.5)},         {lunette_number(1.5), lunette_object_of(NULL, 0)},
        {lunette_boolean(true), function_value()},          {lunette_number(INFINITY), lunette_integer(0)},
    };
    expect_json(
        lunette_object_of(members, 6),
        "{\"name\":[1,\"x\",null],\"end\":false,\"-4\":0.5,\"1.5\":{},\"true\":\"<function>\",\"inf\":0}");
    expect_text(
        lunette_object_of(members, 6), 0,
        "{name = {1, \"x\", nil}, [\"end\"] = false, [-4] = 0.5, [1.5] = {}, [true] = <function>, [inf] = 0}");
}

static void limits_of_texts(void **state) {
    (void)state;
    char big[5000];
    memset(big, 'a', sizeof big);
    lunette_value value = lunette_string(big, sizeof big);
    char *text;
    assert_int_equal(lunette_value_text(&value, 0, &text), LUNETTE_OK);
    assert_int_equal(strlen(text), 4096);
    assert_string_equal(text + 4096 - 4, "a\xe2\x80\xa6");
    lunette_string_free(&text);
    assert_int_equal(lunette_value_text(&value, SIZE_MAX, &text), LUNETTE_OK);
    assert_int_equal(strlen(text), 5002);
    lunette_string_free(&text);
    refused(lunette_value_text(&value, 15, &text), "`limit` is 15");
    assert_null(text);
    expect_text(lunette_text("12345678901234"), 16, "\"12345678901234\"");
    expect_text(lunette_text("123456789012345"), 16, "\"123456789012\xe2\x80\xa6");
    /* No character is split, wherever the limit falls. */
    for (size_t limit = 16; limit < 60; limit++) {
        lunette_value wide =
            lunette_text("\xf0\x9f\x8c\x99\xf0\x9f\x8c\x99\xe2\x82\xac\xc3\xa4\xf0\x9f\x8c\x99"
                         "\xf0\x9f\x8c\x99\xe2\x82\xac\xc3\xa4\xf0\x9f\x8c\x99\xe2\x82\xac");
        assert_int_equal(lunette_value_text(&wide, limit, &text), LUNETTE_OK);
        size_t size = strlen(text);
        assert_true(size <= limit);
        for (size_t at = 0; at < size;) {
            size_t length = ln_utf8_length(text + at, size - at);
            assert_true(length > 0);
            at += length;
        }
        lunette_string_free(&text);
    }
}

/* Random doubles, by their bits: what is written reads back as the same. */
static void numbers_read_back(void **state) {
    (void)state;
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        double number;
        char *json;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&number, &bits, sizeof number);
        lunette_value value = lunette_number(number);
        assert_int_equal(lunette_value_json(&value, &json), LUNETTE_OK);
        assert_true(is_json(json));
        if (isfinite(number) && strtod(json, NULL) != number)
            fail_msg("%s is not %a", json, number);
        lunette_string_free(&json);
    }
}

/* Random bytes in strings and keys: always JSON, always UTF-8. */
static void any_bytes_are_json(void **state) {
    (void)state;
    uint64_t bits = 1181783497276652981u;
    char bytes[64];
    for (int i = 0; i < 5000; i++) {
        char *json, *text;
        for (size_t k = 0; k < sizeof bytes; k++) {
            bits = bits * 6364136223846793005u + 1442695040888963407u;
            bytes[k] = (char)(bits >> 56);
        }
        lunette_member member = {lunette_string(bytes, 20), lunette_string(bytes + 20, 44)};
        lunette_value value = lunette_object_of(&member, 1);
        assert_int_equal(lunette_value_json(&value, &json), LUNETTE_OK);
        assert_true(is_json(json));
        assert_int_equal(lunette_value_text(&value, 40, &text), LUNETTE_OK);
        assert_true(strlen(text) <= 40);
        lunette_string_free(&json);
        lunette_string_free(&text);
    }
}

static void other_locales(void **state) {
    (void)state;
    static const char *const NAMES[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < 4 && !found; i++)
        found = setlocale(LC_NUMERIC, NAMES[i]);
    expect_json(lunette_number(0.1), "0.1");
    expect_json(lunette_number(-1.5e-7), "-1.5e-07");
    expect_text(lunette_number(2.25), 0, "2.25");
    setlocale(LC_NUMERIC, "C");
    if (!found)
        print_message("no locale with a comma here: only C was tried\n");
}

static void misuse(void **state) {
    (void)state;
    lunette_value value = lunette_integer(1);
    char *text = (char *)&value;
    refused(lunette_value_json(NULL, &text), "an argument is NULL");
    assert_null(text);
    text = (char *)&value;
    refused(lunette_value_text(NULL, 0, &text), "an argument is NULL");
    assert_null(text);
    refused(lunette_value_json(&value, NULL), "an argument is NULL");
    refused(lunette_value_text(&value, 0, NULL), "an argument is NULL");
    value.type = (lunette_type)99;
    refused(lunette_value_json(&value, &text), "the value, or one inside it");
    refused(lunette_value_text(&value, 0, &text), "the value, or one inside it");
    value = lunette_string(NULL, 4);
    refused(lunette_value_json(&value, &text), "the value, or one inside it");
    value = lunette_array_of(NULL, 4);
    refused(lunette_value_text(&value, 0, &text), "the value, or one inside it");
    lunette_member member = {lunette_array_of(NULL, 0), lunette_nil()};
    value = lunette_object_of(&member, 1);
    refused(lunette_value_json(&value, &text), "the value, or one inside it");
    /* A cycle. */
    lunette_value circle;
    circle = lunette_array_of(&circle, 1);
    refused(lunette_value_json(&circle, &text), "the value, or one inside it");
    refused(lunette_value_text(&circle, SIZE_MAX, &text), "the value, or one inside it");
    assert_null(text);
    lunette_value *copy = (lunette_value *)&value;
    refused(lunette_value_copy(&circle, &copy), "lunette_value_copy: the value, or one inside it");
    assert_null(copy);
    refused(lunette_value_copy(NULL, &copy), "lunette_value_copy: an argument is NULL");
    lunette_string_free(NULL);
    lunette_string_free(&text);
}

/* --- Errors --- */

static void errors(void **state) {
    (void)state;
    const lunette_frame frames[] = {{"error", "[C]", 0, true}, {"method 'add'", "x.lua", 2, false}};
    const lunette_value own = lunette_integer(7);
    lunette_error error = {
        .code = LUNETTE_RUNTIME_ERROR,
        .message = "bo\"om",
        .chunk = "x.lua",
        .line = 2,
        .frames = frames,
        .frame_count = 2,
        .frames_left_out = 3,
        .value = &own,
        .kind = LUNETTE_ERROR_TYPE,
    };
    char *text;
    assert_int_equal(lunette_error_text(&error, &text), LUNETTE_OK);
    assert_string_equal(text, "x.lua:2: bo\"om\nstack traceback:\n\t[C]: in function 'error'\n"
                              "\tx.lua:2: in method 'add'\n\t(3 levels are left out)");
    lunette_string_free(&text);
    assert_int_equal(lunette_error_json(&error, &text), LUNETTE_OK);
    assert_true(is_json(text));
    assert_string_equal(
        text,
        "{\"code\":\"runtime_error\",\"kind\":\"type\",\"message\":\"bo\\\"om\",\"chunk\":\"x.lua\",\"line\":2,"
        "\"column\":0,\"frames\":[{\"function\":\"error\",\"chunk\":\"[C]\",\"line\":0,\"native\":true},"
        "{\"function\":\"method 'add'\",\"chunk\":\"x.lua\",\"line\":2,\"native\":false}],"
        "\"frames_left_out\":3,\"value\":7}");
    lunette_string_free(&text);
    error = (lunette_error){.code = LUNETTE_TIME_LIMIT, .message = "late", .column = 4};
    assert_int_equal(lunette_error_text(&error, &text), LUNETTE_OK);
    assert_string_equal(text, "late");
    lunette_string_free(&text);
    error.chunk = "y";
    error.line = 9;
    assert_int_equal(lunette_error_text(&error, &text), LUNETTE_OK);
    assert_string_equal(text, "y:9:4: late");
    lunette_string_free(&text);
    assert_int_equal(lunette_error_json(&error, &text), LUNETTE_OK);
    assert_null(strstr(text, "\"value\""));
    assert_true(is_json(text));
    lunette_string_free(&text);
    refused(lunette_error_text(NULL, &text), "an argument is NULL");
    refused(lunette_error_json(NULL, &text), "an argument is NULL");
    refused(lunette_error_text(&error, NULL), "an argument is NULL");
    refused(lunette_error_json(&error, NULL), "an argument is NULL");
    assert_string_equal(lunette_error_kind_name(LUNETTE_ERROR_PERMISSION), "permission");
    assert_string_equal(lunette_error_kind_name((lunette_error_kind)77), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_refuses),
        cmocka_unit_test(plain_values),
        cmocka_unit_test(strings),
        cmocka_unit_test(tables),
        cmocka_unit_test(limits_of_texts),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(any_bytes_are_json),
        cmocka_unit_test(other_locales),
        cmocka_unit_test(misuse),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
