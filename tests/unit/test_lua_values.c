/* Values into scripts and out of them: all nine types, at every bound, and with the place in words when one does not fit. */
#include "support.h"

#include <math.h>

/* Runs "return ..." with the value and compares what comes back. */
static void expect_round_trip(lunette_context *context, const lunette_value *value) {
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results;
    options.arguments = value;
    options.argument_count = 1;
    lunette_status status = lunette_context_run(context, "=test", "return ...", SIZE_MAX, &options, &results);
    if (status != LUNETTE_OK)
        fail_msg("%s: %s", lunette_status_name(status), lunette_last_failure());
    assert_int_equal(results->as.array.count, 1);
    assert_true(lunette_value_equal(&results->as.array.items[0], value));
    lunette_value *copy;
    assert_int_equal(lunette_value_copy(results, &copy), LUNETTE_OK);
    assert_true(lunette_value_equal(results, copy));
    lunette_value_free(&results);
    assert_null(results);
    assert_true(lunette_value_equal(&copy->as.array.items[0], value));
    lunette_value_free(&copy);
}

static void scalars_go_both_ways(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    const lunette_value values[] = {
        lunette_nil(),        lunette_boolean(true),       lunette_boolean(false),
        lunette_integer(0),   lunette_integer(INT64_MAX),  lunette_integer(INT64_MIN),
        lunette_number(0.5),  lunette_number(1.0),         lunette_number(INFINITY),
        lunette_number(NAN),  lunette_number(1e308),       lunette_string("", 0),
        lunette_text("text"), lunette_string("a\0b\0", 4),
    };
    for (size_t i = 0; i < LN_COUNT(values); i++)
        expect_round_trip(context, &values[i]);
    kit_close(context);
}

static void tables_go_both_ways(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value inner[3] = {lunette_integer(1), lunette_nil(), lunette_text("x")};
    lunette_value items[3] = {lunette_integer(7), lunette_text("two"), lunette_boolean(false)};
    lunette_member members[] = {
        {lunette_text("list"), lunette_array_of(items, 3)},
        {lunette_text("empty"), lunette_array_of(NULL, 0)},
        {lunette_integer(-5), lunette_number(2.5)},
        {lunette_number(0.5), lunette_text("half")},
        {lunette_boolean(false), lunette_boolean(true)},
        {lunette_string("\0key", 4), lunette_integer(9)},
    };
    lunette_value object = lunette_object_of(members, LN_COUNT(members));
    expect_round_trip(context, &object);
    lunette_value nested[2] = {object, lunette_array_of(&object, 1)};
    lunette_value array = lunette_array_of(nested, 2);
    expect_round_trip(context, &array);
    /* A hole makes an object of it; a trailing nil is not there. */
    lunette_value holed = lunette_array_of(inner, 3);
    lunette_member left[] = {{lunette_integer(1), lunette_integer(1)},
                             {lunette_integer(3), lunette_text("x")}};
    lunette_value expected = lunette_object_of(left, 2), *back;
    assert_int_equal(lunette_context_set_global(context, "holed", &holed), LUNETTE_OK);
    assert_int_equal(lunette_context_get_global(context, "holed", &back), LUNETTE_OK);
    assert_true(lunette_value_equal(back, &expected));
    lunette_value_free(&back);
    assert_int_equal(lunette_context_get_global(context, "nothing", &back), LUNETTE_OK);
    assert_int_equal(back->type, LUNETTE_NIL);
    lunette_value_free(&back);
    kit_close(context);
}

static void host_arguments_are_seen_as_they_are(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value items[2] = {lunette_integer(1), lunette_number(1.0)};
    lunette_member members[] = {{lunette_number(3.0), lunette_text("three")},
                                {lunette_text("n"), lunette_nil()}};
    lunette_value arguments[] = {lunette_array_of(items, 2), lunette_object_of(members, 2),
                                 lunette_string("\0", 1)};
    lunette_run_options options = lunette_run_options_default();
    options.arguments = arguments;
    options.argument_count = 3;
    static const char *const SCRIPT =
        "local a, o, s, more = ...\n"
        "assert(math.type(a[1]) == 'integer' and math.type(a[2]) == 'float' and #a == 2)\n"
        "assert(o[3] == 'three' and o.n == nil and next(o, 3) == nil)\n"
        "assert(s == '\\0' and more == nil and select('#', ...) == 3)\n"
        "assert(getmetatable(a) == nil)";
    kit_check_status(context, SCRIPT, lunette_context_run(context, "=test", SCRIPT, SIZE_MAX, &options, NULL),
                     LUNETTE_OK, __LINE__);
    kit_close(context);
}

/* --- Out --- */

static const lunette_value *item(const lunette_value *results, size_t i) {
    const lunette_value *value = lunette_value_at(results, i);
    assert_non_null(value);
    return value;
}

static void shapes_of_tables(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    static const struct {
        const char *text;
        lunette_type type;
        size_t count;
    } SHAPES[] = {
        {"return {}", LUNETTE_ARRAY, 0},
        {"return {1, 2, 3}", LUNETTE_ARRAY, 3},
        {"return {1, nil, 3}", LUNETTE_OBJECT, 2},
        {"return {nil, 2}", LUNETTE_OBJECT, 1},
        {"return {[2] = 2, [1] = 1, [3] = 3}", LUNETTE_ARRAY, 3},
        {"local t = {} for i = 100, 1, -1 do t[i] = i end return t", LUNETTE_ARRAY, 100},
        {"local t = {} for i = 5000, 1, -1 do t[i] = i end return t", LUNETTE_ARRAY, 5000},
        {"local t = {x = 1} t.x = nil t[1] = 1 return t", LUNETTE_ARRAY, 1},
        {"return {1, 2, x = 3}", LUNETTE_OBJECT, 3},
        {"return {[0] = 0, 1, 2}", LUNETTE_OBJECT, 3},
        {"return {[1.5] = 1}", LUNETTE_OBJECT, 1},
        {"return {[true] = 1, [false] = 2}", LUNETTE_OBJECT, 2},
        {"local t = {} t[1.0] = 1 t[2.0] = 2 return t", LUNETTE_ARRAY, 2},
        {"local t = {} for i = 1, 64 do t[i] = i end for i = 1, 63 do t[i] = nil end return t",
         LUNETTE_OBJECT, 1},
        {"local t = {} for i = 0, 30 do t[1 << i] = i end return t", LUNETTE_OBJECT, 31},
        {"local t = {} t[math.maxinteger] = 1 t[1] = 1 return t", LUNETTE_OBJECT, 2},
        {"return {1, 2, 3, ['4'] = 4}", LUNETTE_OBJECT, 4},
        {"local t = {} for i = 1, 64 do t['k' .. i] = i end return t", LUNETTE_OBJECT, 64},
        {"local t = {} for i = 1, 65 do t['k' .. i] = i end return t", LUNETTE_OBJECT, 65},
        {"local t = {1, 2, 3} for i = 4, 100 do t['k' .. i] = i end return t", LUNETTE_OBJECT, 100},
        {"local t = {1, 2, 3} for i = 100, 4, -1 do t[i] = i end return t", LUNETTE_ARRAY, 100},
        {"local t = {} for i = 200, 2, -1 do t[i] = i end t[0] = 0 return t", LUNETTE_OBJECT, 200},
        {"local t = {} for i = 200, 2, -1 do t[i] = i end t.x = 1 return t", LUNETTE_OBJECT, 200},
        {"return setmetatable({1, 2}, {__index = error, __len = error, __pairs = error, __name = 'x'})",
         LUNETTE_ARRAY, 2},
    };
    for (size_t i = 0; i < LN_COUNT(SHAPES); i++) {
        lunette_value *results = kit_results(context, SHAPES[i].text, __LINE__);
        const lunette_value *value = item(results, 0);
        size_t count = value->type == LUNETTE_ARRAY ? value->as.array.count : value->as.object.count;
        if (value->type != SHAPES[i].type || count != SHAPES[i].count)
            fail_msg("%s: %s of %zu", SHAPES[i].text, lunette_type_name(value->type), count);
        for (size_t k = 0; value->type == LUNETTE_ARRAY && k < count; k++)
            assert_int_equal(item(value, k)->as.integer, k + 1);
        lunette_value_free(&results);
    }
    kit_close(context);
}

/* A table that begins like an array and is none is taken once all the same: else nesting would double the work, and the
 * memory, with each level. One that is too large for the buffer is copied once. */
static void nesting_costs_no_more_than_it_holds(void **state) {
    (void)state;
    static const char *const TEXTS[] = {
        "local t = 1 for i = 1, 60 do t = {t, x = 1} end return t",
        "local t = 1 for i = 1, 60 do t = {1, t, [5] = 1} end return t",
        "local t = 1 for i = 1, 60 do t = {[3] = 3, [2] = t, [1] = t} t[3] = t[2] t[2] = 2 t[1] = 1 end return t",
        "return {('x'):rep(40000), x = 1}",
        ("local function t() local t = {} for i = 1, 200 do t[-i] = i end return t end\n"
         "return ('x'):rep(20000), t(), t(), t(), t()"),
    };
    lunette_context *context = kit_restricted();
    lunette_run_options options = lunette_run_options_default();
    options.bounds.bytes = 64 << 10;
    for (size_t i = 0; i < LN_COUNT(TEXTS); i++) {
        lunette_value *results = NULL;
        lunette_status status =
            lunette_context_run(context, NULL, TEXTS[i], LUNETTE_ZERO_TERMINATED, &options, &results);
        kit_check_status(context, TEXTS[i], status, LUNETTE_OK, __LINE__);
        lunette_value_free(&results);
    }
    kit_close(context);
}

/* Tables of all shapes and sizes, made in all orders, within one another: what comes out goes in again, and the script
 * compares. Some fill the buffer in which members wait, some turn from arrays into something else half way. */
static void all_tables_come_back(void **state) {
    (void)state;
    static const char MAKING[] =
        "local function key(kind, i)\n"
        "  if kind == 1 then return i elseif kind == 2 then return 'k' .. i elseif kind == 3 then return i + 0.5\n"
        "  elseif kind == 4 then return tostring(i) elseif kind == 5 then return -i end\n"
        "  return ({i, 'k' .. i, i + 0.5, i % 2 == 0, tostring(i)})[math.random(5)]\n"
        "end\n"
        "local left = 10000\n" /* of 300 seeds, one would make half a million */
        "local function make(depth)\n"
        "  local kind, size = math.random(6), math.random(9) == 1 and math.random(200) or math.random(0, 9)\n"
        "  local keys, t = {}, math.random(2) == 1 and {1, 2, 3} or {}\n"
        "  left = left - size\n"
        "  for i = 1, size do keys[i] = key(kind, i) end\n"
        "  if math.random(3) == 1 then for i = size, 2, -1 do\n"
        "    local j = math.random(i) keys[i], keys[j] = keys[j], keys[i] end end\n"
        "  for i = 1, size do\n"
        "    local what = math.random(5)\n"
        "    t[keys[i]] = what == 1 and depth > 0 and left > 0 and make(depth - 1) or\n"
        "        what == 2 and 'text ' .. i or\n"
        "        what == 3 and i / 4 or what == 4 and i % 2 == 0 or i\n"
        "  end\n"
        "  return t\n"
        "end\n"
        "math.randomseed(...)\n"
        "made = make(6)";
    static const char COMPARING[] =
        "local function same(a, b)\n"
        "  if math.type(a) ~= math.type(b) or type(a) ~= type(b) then return false end\n"
        "  if type(a) ~= 'table' then return a == b end\n"
        "  for k, v in next, a do if not same(v, b[k]) then return false end end\n"
        "  for k in next, b do if a[k] == nil then return false end end\n"
        "  return true\n"
        "end\n"
        "assert(same(made, ...))";
    lunette_context *context = kit_restricted();
    lunette_run_options options = lunette_run_options_default();
    for (int seed = 1; seed <= 300; seed++) {
        lunette_value argument = lunette_integer(seed), *made;
        options.arguments = &argument;
        options.argument_count = 1;
        lunette_status status = lunette_context_run(context, "=making", MAKING, SIZE_MAX, &options, NULL);
        kit_check_status(context, MAKING, status, LUNETTE_OK, __LINE__);
        assert_int_equal(lunette_context_get_global(context, "made", &made), LUNETTE_OK);
        options.arguments = made;
        status = lunette_context_run(context, "=comparing", COMPARING, SIZE_MAX, &options, NULL);
        kit_check_status(context, COMPARING, status, LUNETTE_OK, seed);
        lunette_value_free(&made);
    }
    kit_close(context);
}

/* A key that was copied just now is not copied again; a reference takes memory, and ends that. */
static void repeated_keys_are_right(void **state) {
    (void)state;
    static const char TEXT[] = "local t = {}\n"
                               "for i = 1, 500 do\n"
                               "  t[i] = {name = i, ['k' .. i] = i, ['k' .. i // 7] = -1}\n"
                               "  if i % 5 == 0 then t[i].name = function() return i end end\n"
                               "end\n"
                               "return t";
    lunette_context *context = kit_restricted();
    lunette_value *results = kit_results(context, TEXT, __LINE__);
    for (int i = 1; i <= 500; i++) {
        const lunette_value *record = item(item(results, 0), (size_t)i - 1);
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(record->as.object.count, 3);
        assert_int_equal(lunette_value_get(record, "name")->type,
                         i % 5 == 0 ? LUNETTE_FUNCTION : LUNETTE_INTEGER);
        assert_int_equal(lunette_value_get(record, key)->as.integer, i);
        snprintf(key, sizeof key, "k%d", i / 7);
        assert_int_equal(lunette_value_get(record, key)->as.integer, -1);
    }
    lunette_value_free(&results);
    kit_close(context);
}

static void what_cannot_leave_is_named(void **state) {
    (void)state;
    lunette_context *context = kit_level(LUNETTE_SANDBOX_NONE);
    lunette_value *results = kit_results(
        context,
        "return coroutine.create(print), io.stdout, print, function() end, setmetatable({}, { __name = 'me' })",
        __LINE__);
    assert_int_equal(item(results, 0)->type, LUNETTE_USERDATA);
    assert_string_equal(item(results, 0)->as.userdata.type_name, "coroutine");
    assert_int_equal(item(results, 0)->as.userdata.id, 0);
    assert_string_equal(item(results, 1)->as.userdata.type_name, "FILE*");
    assert_int_equal(item(results, 2)->type, LUNETTE_FUNCTION);
    assert_int_equal(item(results, 3)->type, LUNETTE_FUNCTION);
    assert_int_equal(item(results, 4)->type, LUNETTE_ARRAY);
    lunette_value *copy;
    assert_int_equal(lunette_value_copy(results, &copy), LUNETTE_OK);
    lunette_value_free(&results);
    assert_string_equal(item(copy, 1)->as.userdata.type_name, "FILE*");
    lunette_value_free(&copy);
    kit_close(context);
}

static void function_references(void **state) {
    (void)state;
    lunette_context *context = kit_restricted(), *other = kit_restricted();
    lunette_value *results = kit_results(context, "return function(x) return x + 1 end", __LINE__);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = results->as.array.items;
    options.argument_count = 1;
    static const char *const SCRIPT = "local f = ... assert(f(2) == 3)";
    assert_int_equal(lunette_context_run(context, "=test", SCRIPT, SIZE_MAX, &options, NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_run(other, "=test", SCRIPT, SIZE_MAX, &options, NULL), LUNETTE_STALE);
    assert_non_null(strstr(lunette_last_failure(), "options.arguments[0]"));
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "=test", SCRIPT, SIZE_MAX, &options, NULL), LUNETTE_STALE);
    assert_int_equal(lunette_context_set_global(context, "f", item(results, 0)), LUNETTE_STALE);
    assert_non_null(strstr(lunette_last_failure(), "`value` refers to a function"));
    lunette_value_free(&results);
    kit_close(context);
    kit_close(other);
}

static void many_results(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value *results = kit_results(
        context, "local t = {} for i = 1, 200000 do t[i] = i end return table.unpack(t)", __LINE__);
    assert_int_equal(results->as.array.count, 200000);
    assert_int_equal(item(results, 199999)->as.integer, 200000);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = results->as.array.items;
    options.argument_count = results->as.array.count;
    static const char *const SCRIPT = "assert(select('#', ...) == 200000 and select(-1, ...) == 200000)";
    kit_check_status(context, SCRIPT, lunette_context_run(context, "=test", SCRIPT, SIZE_MAX, &options, NULL),
                     LUNETTE_OK, __LINE__);
    lunette_value_free(&results);
    kit_close(context);
}

static void long_strings(void **state) {
    (void)state;
    enum { SIZE = 10 << 20 };
    lunette_context *context = kit_restricted();
    char *bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 >> 3);
    lunette_value value = lunette_string(bytes, SIZE);
    expect_round_trip(context, &value);
    free(bytes);
    kit_close(context);
}

/* --- Bounds --- */

static lunette_status run_bounded(lunette_context *context, const char *text, lunette_bounds bounds,
                                  lunette_value **results) {
    lunette_run_options options = lunette_run_options_default();
    options.bounds = bounds;
    return lunette_context_run(context, "=test", text, SIZE_MAX, &options, results);
}

static void bounds_say_where(void **state) {
    (void)state;
    static const struct {
        const char *text;
        lunette_bounds bounds;
        const char *message;
    } BEYOND[] = {
        {"return 1, {items = {{}, {{}}}}",
         {.depth = 3},
         "results[2].items[2][1]: values lie too deep inside one another (bounds.depth is 3)"},
        {"return {[1.5] = {[true] = {}}}",
         {.depth = 2},
         "results[1][1.5][true]: values lie too deep inside one another (bounds.depth is 2)"},
        {"return {1, 2, 3, 4}",
         {.items = 4},
         "results[1]: there are more values than may be taken out (bounds.items is 4)"},
        {"return {a = {1, 2, 3, 4}}",
         {.items = 5},
         "results[1].a: there are more values than may be taken out (bounds.items is 5)"},
        {"return {a = 1, b = 2}, 3",
         {.items = 3},
         "results[1]: there are more values than may be taken out (bounds.items is 3)"},
        {"local t = {} for i = 1, 100 do t['k' .. i] = i end return t",
         {.items = 100},
         "results[1]: there are more values than may be taken out (bounds.items is 100)"},
        {"local t = {} for i = 1, 100 do t['k' .. i] = i end return {x = t}",
         {.bytes = 5000},
         "results[1].x: the values need more memory than they may take (bounds.bytes is 5000)"},
        {"local t = {} for i = 100, 1, -1 do t[i] = i end return {t}",
         {.bytes = 2500},
         "results[1][1]: the values need more memory than they may take (bounds.bytes is 2500)"},
        {"return 1, 2, 3",
         {.items = 2},
         "results: there are more values than may be taken out (bounds.items is 2)"},
        {"return {x = ('x'):rep(10000)}",
         {.bytes = 5000},
         "results[1].x: the values need more memory than they may take (bounds.bytes is 5000)"},
        {"local t = {} for i = 1, 1000 do t[i] = i end return t",
         {.bytes = 5000},
         "results[1]: the values need more memory than they may take (bounds.bytes is 5000)"},
        {"local t = {} t.me = {t} return t", {0}, "results[1].me[1]: the table contains itself"},
        {"local t = {} t[-7] = t return 5, t", {0}, "results[2][-7]: the table contains itself"},
        {"return {[print] = 1}", {0}, "results[1]: a key of it is a function"},
        {"return {{}, {[{}] = 1}}", {0}, "results[1][2]: a key of it is a table"},
        {"local t = {} for i = 1, 65 do t = {t} end return t",
         {0},
         "values lie too deep inside one another (bounds.depth is 64)"},
    };
    lunette_context *context = kit_restricted();
    for (size_t i = 0; i < LN_COUNT(BEYOND); i++) {
        lunette_value *results = (lunette_value *)&results;
        lunette_status status = run_bounded(context, BEYOND[i].text, BEYOND[i].bounds, &results);
        kit_check_status(context, BEYOND[i].text, status, LUNETTE_VALUE_LIMIT, __LINE__);
        assert_null(results);
        if (!strstr(lunette_context_error(context)->message, BEYOND[i].message))
            fail_msg("%s\ngives: %s", BEYOND[i].text, lunette_context_error(context)->message);
        assert_int_equal(lunette_context_error(context)->code, LUNETTE_VALUE_LIMIT);
    }
    kit_close(context);
}

static void bounds_are_exact(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value *results;
    assert_int_equal(run_bounded(context, "return {1, 2, 3, 4}", (lunette_bounds){.items = 5}, &results),
                     LUNETTE_OK);
    lunette_value_free(&results);
    assert_int_equal(run_bounded(context, "return {a = 1, b = 2}, 3", (lunette_bounds){.items = 4}, &results),
                     LUNETTE_OK);
    lunette_value_free(&results);
    static const char *const HUNDRED = "local t = {} for i = 1, 100 do t['k' .. i] = i end return t";
    assert_int_equal(run_bounded(context, HUNDRED, (lunette_bounds){.items = 101}, &results), LUNETTE_OK);
    lunette_value_free(&results);
    assert_int_equal(run_bounded(context, "return {{{}}}", (lunette_bounds){.depth = 3}, &results),
                     LUNETTE_OK);
    lunette_value_free(&results);
    static const char *const DEEP = "local t = {} for i = 2, 190 do t = {t} end return t";
    assert_int_equal(run_bounded(context, DEEP, (lunette_bounds){.depth = 190}, &results), LUNETTE_OK);
    lunette_value_free(&results);
    assert_int_equal(run_bounded(context, DEEP, (lunette_bounds){.depth = 189}, &results),
                     LUNETTE_VALUE_LIMIT);
    const char *message = lunette_context_error(context)->message;
    assert_non_null(strstr(message, "[1][1][1]"));
    assert_non_null(strstr(message, "too deep"));
    assert_int_equal(run_bounded(context, DEEP, (lunette_bounds){.depth = 191}, &results),
                     LUNETTE_INVALID_ARGUMENT);
    kit_close(context);
}

static void cutting_keeps_the_rest(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value *results;
    lunette_bounds bounds = {.depth = 1, .items = 8, .bytes = 4000, .cut = true};
    lunette_status status = run_bounded(
        context,
        "local t = {} t[1] = t return {1, {2}, t}, ('x'):rep(5000), {[print] = 5}, {1, 2, 3, 4, 5, 6, 7}, 'end'",
        bounds, &results);
    assert_int_equal(status, LUNETTE_OK);
    assert_int_equal(results->as.array.count, 5);
    const lunette_value *first = item(results, 0);
    assert_int_equal(first->type, LUNETTE_ARRAY);
    assert_int_equal(item(first, 0)->as.integer, 1);
    assert_string_equal(item(first, 1)->as.userdata.type_name, "table");
    assert_string_equal(item(first, 2)->as.userdata.type_name, "table");
    assert_string_equal(item(results, 1)->as.userdata.type_name, "string");
    assert_string_equal(item(results, 3)->as.userdata.type_name, "table");
    assert_string_equal(item(results, 4)->as.string.bytes, "end");
    lunette_value *copy;
    assert_int_equal(lunette_value_copy(results, &copy), LUNETTE_OK);
    lunette_value_free(&copy);
    lunette_value_free(&results);
    kit_close(context);
}

/* --- In --- */

static void bad_values_are_refused(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value cycle;
    cycle = lunette_array_of(&cycle, 1);
    lunette_value userdata = {.type = LUNETTE_USERDATA, .as.userdata = {"x", 0}};
    lunette_value unknown = {.type = (lunette_type)99}, good = lunette_integer(1);
    lunette_member nil_key = {lunette_nil(), good}, nan_key = {lunette_number(NAN), good};
    lunette_member table_key = {lunette_array_of(NULL, 0), good};
    const lunette_value bad[] = {
        cycle,
        userdata,
        unknown,
        lunette_string(NULL, 3),
        lunette_array_of(NULL, 2),
        lunette_object_of(NULL, 2),
        lunette_object_of(&nil_key, 1),
        lunette_object_of(&nan_key, 1),
        lunette_object_of(&table_key, 1),
        lunette_array_of(&userdata, 1),
        lunette_array_of(&unknown, 1),
    };
    lunette_run_options options = lunette_run_options_default();
    for (size_t i = 0; i < LN_COUNT(bad); i++) {
        lunette_value arguments[] = {good, bad[i]};
        options.arguments = arguments;
        options.argument_count = 2;
        assert_int_equal(lunette_context_set_global(context, "x", &bad[i]), LUNETTE_INVALID_ARGUMENT);
        assert_non_null(strstr(lunette_last_failure(), "`value`"));
        assert_int_equal(lunette_context_run(context, "=test", "", 0, &options, NULL),
                         LUNETTE_INVALID_ARGUMENT);
        assert_non_null(strstr(lunette_last_failure(), "options.arguments[1]"));
    }
    options.arguments = NULL;
    assert_int_equal(lunette_context_run(context, "=test", "", 0, &options, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "options.arguments is NULL"));
    lunette_value deep[190];
    deep[189] = lunette_integer(5);
    for (size_t i = 189; i-- > 0;)
        deep[i] = lunette_array_of(&deep[i + 1], 1);
    assert_int_equal(lunette_context_set_global(context, "x", deep), LUNETTE_OK);
    expect_ok(context,
              "local n = 0 while type(x) == 'table' do n = n + 1 x = x[1] end assert(n == 189 and x == 5)");
    kit_close(context);
}

static void globals_are_raw(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_value value = lunette_integer(5), *back;
    expect_ok(context, "setmetatable(_G, { __newindex = error, __index = error })");
    assert_int_equal(lunette_context_set_global(context, "fresh", &value), LUNETTE_OK);
    assert_int_equal(lunette_context_get_global(context, "fresh", &back), LUNETTE_OK);
    assert_int_equal(back->as.integer, 5);
    lunette_value_free(&back);
    assert_int_equal(lunette_context_get_global(context, "missing", &back), LUNETTE_OK);
    assert_int_equal(back->type, LUNETTE_NIL);
    lunette_value_free(&back);
    expect_ok(context, "rawset(_G, 'loop', {}) loop[1] = loop");
    assert_int_equal(lunette_context_get_global(context, "loop", &back), LUNETTE_VALUE_LIMIT);
    assert_null(back);
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_go_both_ways),
        cmocka_unit_test(tables_go_both_ways),
        cmocka_unit_test(host_arguments_are_seen_as_they_are),
        cmocka_unit_test(shapes_of_tables),
        cmocka_unit_test(nesting_costs_no_more_than_it_holds),
        cmocka_unit_test(all_tables_come_back),
        cmocka_unit_test(repeated_keys_are_right),
        cmocka_unit_test(what_cannot_leave_is_named),
        cmocka_unit_test(function_references),
        cmocka_unit_test(many_results),
        cmocka_unit_test(long_strings),
        cmocka_unit_test(bounds_say_where),
        cmocka_unit_test(bounds_are_exact),
        cmocka_unit_test(cutting_keeps_the_rest),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(globals_are_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
