/* Host functions: what they are given, what they give back, what a script hears of their errors. Where these fail, look
 * into src/lua/host.c (the way there and back), src/lua/call.c (arguments, results) and src/lua/modules.c.
 *
 * The host's functions assert nothing: cmocka would leave them by longjmp. They answer, and the script's results tell. */
#include "support.h"

#include <math.h>

/* --- Functions of a host --- */

static lunette_status add(void *ud, lunette_call *call) {
    int64_t a, b;
    (void)ud;
    lunette_status status = lunette_arg_integer(call, 1, &a);
    if (status == LUNETTE_OK)
        status = lunette_arg_integer(call, 2, &b);
    return status == LUNETTE_OK ? lunette_return_integer(call, a + b) : status;
}

/* Reads its first argument as the kind that `ud`'s first letter names, and gives it back. */
static lunette_status read_as(lunette_call *call, char kind) {
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text;
        const lunette_value *value;
    } got = {0};
    size_t size;
    lunette_status status;
    switch (kind) {
    case 'b':
        status = lunette_arg_boolean(call, 1, &got.boolean);
        return status == LUNETTE_OK ? lunette_return_boolean(call, got.boolean) : status;
    case 'i':
        status = lunette_arg_integer(call, 1, &got.integer);
        return status == LUNETTE_OK ? lunette_return_integer(call, got.integer) : status;
    case 'n':
        status = lunette_arg_number(call, 1, &got.number);
        return status == LUNETTE_OK ? lunette_return_number(call, got.number) : status;
    case 's':
        status = lunette_arg_string(call, 1, &got.text, &size);
        return status == LUNETTE_OK ? lunette_return_string(call, got.text, size) : status;
    case 't':
        status = lunette_arg_string(call, 1, &got.text, NULL);
        return status == LUNETTE_OK ? lunette_return_text(call, got.text) : status;
    default:
        status = lunette_arg_value(call, 1, NULL, &got.value);
        return status == LUNETTE_OK ? lunette_return_value(call, got.value) : status;
    }
}

#define READER(name, kind)                                     \
    static lunette_status name(void *ud, lunette_call *call) { \
        (void)ud;                                              \
        return read_as(call, kind);                            \
    }
READER(boolean, 'b')
READER(integer, 'i')
READER(number, 'n')
READER(string, 's')
READER(text, 't')
READER(value, 'v')

static lunette_status optional(void *ud, lunette_call *call) {
    bool boolean;
    int64_t integer;
    double number_;
    const char *bytes;
    size_t size;
    (void)ud;
    lunette_status status = lunette_arg_boolean_or(call, 1, true, &boolean);
    if (status == LUNETTE_OK)
        status = lunette_arg_integer_or(call, 2, 7, &integer);
    if (status == LUNETTE_OK)
        status = lunette_arg_number_or(call, 3, 2.5, &number_);
    if (status == LUNETTE_OK)
        status = lunette_arg_string_or(call, 4, "other", &bytes, &size);
    if (status != LUNETTE_OK)
        return status;
    lunette_return_boolean(call, boolean);
    lunette_return_integer(call, integer);
    lunette_return_number(call, number_);
    return lunette_return_string(call, bytes, size);
}

static lunette_status kinds(void *ud, lunette_call *call) {
    char names[200] = "";
    (void)ud;
    for (int i = 0; i <= lunette_call_count(call) + 1; i++) {
        strcat(names, lunette_type_name(lunette_call_type(call, i)));
        strcat(names, " ");
    }
    return lunette_return_text(call, names);
}

/* As many results as it is asked for. */
static lunette_status count(void *ud, lunette_call *call) {
    int64_t many;
    (void)ud;
    lunette_status status = lunette_arg_integer(call, 1, &many);
    for (int64_t i = 1; i <= many && status == LUNETTE_OK; i++)
        status = i % 2 ? lunette_return_integer(call, i) : lunette_return_text(call, "even");
    return status;
}

/* A string of that many bytes. */
static lunette_status bytes_of(void *ud, lunette_call *call) {
    int64_t size;
    (void)ud;
    lunette_status status = lunette_arg_integer(call, 1, &size);
    char *bytes = status == LUNETTE_OK ? calloc(1, (size_t)size + 1) : NULL;
    if (!bytes)
        return status == LUNETTE_OK ? LUNETTE_NO_MEMORY : status;
    status = lunette_return_string(call, bytes, (size_t)size);
    free(bytes);
    return status;
}

static lunette_status failing(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_fail(call, "no item %d in '%s'", 17, "the shop");
}

static lunette_status failing_value(void *ud, lunette_call *call) {
    lunette_member members[] = {{lunette_text("code"), lunette_integer(17)}};
    lunette_value error = lunette_object_of(members, 1);
    (void)ud;
    lunette_return_integer(call, 1);
    return lunette_call_fail_value(call, &error);
}

static lunette_status failing_argument(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_arg_fail(call, 2, "must be %s", "blue");
}

static lunette_status answering(void *ud, lunette_call *call) {
    int64_t status;
    (void)ud;
    lunette_arg_integer(call, 1, &status);
    return (lunette_status)status;
}

/* The sum of all integers in a table of tables of integers, and how many strings there were as keys. */
static lunette_status sum(void *ud, lunette_call *call) {
    lunette_cursor row, field;
    int64_t total = 0, names = 0;
    (void)ud;
    lunette_status status = lunette_arg_iterate(call, 1, &row);
    while (status == LUNETTE_OK && lunette_cursor_next(call, &row)) {
        if (row.value.type != LUNETTE_OBJECT)
            continue;
        status = lunette_cursor_enter(call, &row, &field);
        while (status == LUNETTE_OK && lunette_cursor_next(call, &field)) {
            total += field.value.type == LUNETTE_INTEGER ? field.value.as.integer : 0;
            names += field.key.type == LUNETTE_STRING;
            if (field.value.type == LUNETTE_STRING && strcmp(field.value.as.string.bytes, "stop") == 0)
                break;
        }
    }
    if (status != LUNETTE_OK)
        return status;
    lunette_return_integer(call, total);
    return lunette_return_integer(call, names);
}

/* Two cursors in turns: whether two tables have the same entries in the same order. */
static lunette_status side_by_side(void *ud, lunette_call *call) {
    lunette_cursor a, b;
    bool same = true, more;
    (void)ud;
    lunette_status status = lunette_arg_iterate(call, 1, &a);
    if (status == LUNETTE_OK)
        status = lunette_arg_iterate(call, 2, &b);
    if (status != LUNETTE_OK)
        return status;
    do {
        more = lunette_cursor_next(call, &a);
        same = lunette_cursor_next(call, &b) == more && same;
        same = same &&
               (!more || (lunette_value_equal(&a.key, &b.key) && lunette_value_equal(&a.value, &b.value)));
    } while (more && same);
    return lunette_return_boolean(call, same);
}

static lunette_status field(void *ud, lunette_call *call) {
    const char *name;
    lunette_value found;
    (void)ud;
    lunette_status status = lunette_arg_string(call, 2, &name, NULL);
    if (status == LUNETTE_OK)
        status = lunette_arg_field(call, 1, name, &found);
    if (status != LUNETTE_OK)
        return status;
    lunette_return_text(call, lunette_type_name(found.type));
    return found.type == LUNETTE_OBJECT || found.type >= LUNETTE_FUNCTION
               ? LUNETTE_OK
               : lunette_return_value(call, &found);
}

/* What must be refused, and is: 0 or the number of the check that failed. */
static lunette_status misuse(void *ud, lunette_call *call) {
    lunette_cursor cursor = {.place = 1}, inner;
    lunette_value reference = {.type = LUNETTE_FUNCTION}, userdata = {.type = LUNETTE_USERDATA}, found;
    const lunette_value *taken;
    const lunette_bounds deep = {.depth = 191};
    const char *bytes;
    int64_t integer_;
    double number_;
    bool boolean_;
    const bool refused[] = {
        lunette_arg_integer(call, 1, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_integer(call, 0, &integer_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_integer(NULL, 1, &integer_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_integer(call, INT32_MAX, &integer_) == LUNETTE_RUNTIME_ERROR,
        lunette_arg_number(call, 1, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_number(call, -1, &number_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_number(NULL, 1, &number_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_boolean(call, 1, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_boolean(call, 0, &boolean_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_boolean(NULL, 1, &boolean_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_string(call, 1, NULL, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_string(call, 0, &bytes, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_string(NULL, 1, &bytes, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_value(call, 1, NULL, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_value(call, 1, &deep, &taken) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_value(NULL, 1, NULL, &taken) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_boolean_or(NULL, 1, true, &boolean_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_integer_or(call, 9, 1, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_number_or(call, 0, 1, &number_) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_string_or(call, 9, NULL, NULL, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_field(call, 1, NULL, &found) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_field(call, 1, "x", NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_field(NULL, 1, "x", &found) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_iterate(call, 1, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_iterate(NULL, 1, &inner) == LUNETTE_INVALID_ARGUMENT,
        !lunette_cursor_next(call, &cursor),
        !lunette_cursor_next(call, NULL),
        !lunette_cursor_next(NULL, &cursor),
        lunette_cursor_enter(call, &cursor, &inner) == LUNETTE_INVALID_ARGUMENT,
        lunette_cursor_enter(call, &cursor, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_nil(NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_boolean(NULL, true) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_integer(NULL, 1) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_number(NULL, 1) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_string(NULL, "x", 1) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_string(call, NULL, 1) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_text(call, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_value(call, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_return_value(call, &reference) == LUNETTE_STALE,
        lunette_return_value(call, &userdata) == LUNETTE_INVALID_ARGUMENT,
        lunette_call_fail(NULL, "x") == LUNETTE_INVALID_ARGUMENT,
        lunette_call_fail_value(call, NULL) == LUNETTE_INVALID_ARGUMENT,
        lunette_call_fail_value(call, &reference) == LUNETTE_STALE,
        lunette_arg_fail(call, 0, "x") == LUNETTE_INVALID_ARGUMENT,
        lunette_arg_fail(NULL, 1, "x") == LUNETTE_INVALID_ARGUMENT,
        lunette_call_context(NULL) == NULL,
        lunette_call_count(NULL) == 0,
        lunette_call_type(NULL, 1) == LUNETTE_NIL,
        strcmp(lunette_call_name(NULL), "") == 0,
        !lunette_call_permits(NULL, 0),
        lunette_context_run(lunette_call_context(call), "x", "", 0, NULL, NULL) == LUNETTE_BUSY,
        lunette_context_reset(lunette_call_context(call)) == LUNETTE_BUSY,
    };
    (void)ud;
    for (size_t i = 0; i < LN_COUNT(refused); i++)
        if (!refused[i])
            return lunette_return_integer(call, (int64_t)i + 1);
    return lunette_return_integer(call, 0);
}

static lunette_status about_itself(void *ud, lunette_call *call) {
    lunette_return_text(call, lunette_call_name(call));
    lunette_return_boolean(call, lunette_call_permits(call, LUNETTE_PERMIT_NETWORK));
    lunette_return_boolean(call, lunette_call_permits(call, LUNETTE_PERMIT_NETWORK | LUNETTE_PERMIT_PROCESS));
    lunette_return_boolean(call, ud == lunette_context_user_data(lunette_call_context(call)));
    return LUNETTE_OK;
}

static lunette_status over_values(void *ud, lunette_call *call, const lunette_value *arguments,
                                  size_t count_) {
    (void)ud;
    if (count_ == 0)
        return lunette_call_fail(call, "nothing given");
    lunette_status status = LUNETTE_OK;
    for (size_t i = count_; i-- > 0 && status == LUNETTE_OK;)
        status = lunette_return_value(call, &arguments[i]);
    return status;
}

static const lunette_function FUNCTIONS[] = {
    {.name = "add", .call = add, .min_arguments = 0, .max_arguments = 2},
    {.name = "boolean", .call = boolean, .max_arguments = 1},
    {.name = "integer", .call = integer, .max_arguments = 1},
    {.name = "number", .call = number, .max_arguments = 1},
    {.name = "string", .call = string, .max_arguments = 1},
    {.name = "text", .call = text, .max_arguments = 1},
    {.name = "value", .call = value, .max_arguments = 1},
    {.name = "optional", .call = optional, .max_arguments = 4},
    {.name = "kinds", .call = kinds, .max_arguments = -1},
    {.name = "count", .call = count, .min_arguments = 1, .max_arguments = 1},
    {.name = "bytes", .call = bytes_of, .min_arguments = 1, .max_arguments = 1},
    {.name = "failing", .call = failing, .max_arguments = -1},
    {.name = "failing_value", .call = failing_value, .max_arguments = -1},
    {.name = "failing_argument", .call = failing_argument, .max_arguments = -1},
    {.name = "answering", .call = answering, .max_arguments = 1},
    {.name = "sum", .call = sum, .max_arguments = 1},
    {.name = "side_by_side", .call = side_by_side, .max_arguments = 2},
    {.name = "field", .call = field, .max_arguments = 2},
    {.name = "misuse", .call = misuse, .max_arguments = -1},
    {.name = "about_itself", .call = about_itself},
    {.name = "over_values", .call_values = over_values, .max_arguments = -1},
    {.name = "networked", .call = add, .max_arguments = 2, .needs = LUNETTE_PERMIT_NETWORK},
    {.name = "powerful",
     .call = add,
     .max_arguments = 2,
     .needs = LUNETTE_PERMIT_NETWORK | LUNETTE_PERMIT_PROCESS},
};

static lunette_module host_module(void) {
    lunette_module module = lunette_module_default();
    module.name = "host";
    module.automatic = true;
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    return module;
}

static lunette_context *open_with(const lunette_module *const *modules, size_t count_, uint32_t permissions) {
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.modules = modules;
    config.module_count = count_;
    config.permissions = permissions;
    return kit_open(&config);
}

static lunette_context *open_host(void) {
    lunette_module module = host_module();
    const lunette_module *modules[] = {&module};
    return open_with(modules, 1, LUNETTE_PERMIT_NETWORK);
}

/* What `host.NAME(ARGUMENTS)` gives, as Lua writes it, separated by spaces; an error begins with '!'. */
static void check_gives(lunette_context *context, const char *call, const char *expected, int line) {
    char script[600];
    snprintf(script, sizeof script,
             "local t = table.pack(pcall(function() return %s end))\n"
             "local s = t[1] and '' or '!'\n"
             "for i = 2, t.n do s = s .. (i > 2 and ' ' or '') .. tostring(t[i]) end return s",
             call);
    char *got = kit_string(context, script);
    if (strcmp(got, expected) != 0)
        fail_msg("line %d: %s gives \"%s\" instead of \"%s\"", line, call, got, expected);
    free(got);
}
#define expect_gives(call, expected) check_gives(context, call, expected, __LINE__)

/* --- Tests --- */

static void test_arguments_and_results(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.add(2, 3)", "5");
    expect_gives("host.add(2.0, '0x10')", "18");
    expect_gives("host.add(math.maxinteger, math.mininteger)", "-1");
    expect_gives("host.boolean(true), host.boolean(false)", "true false");
    expect_gives("host.integer(-7)", "-7");
    expect_gives("host.number(1), host.number(1.5), host.number('1e3')", "1.0 1.5 1000.0");
    expect_gives("host.number(0/0) ~= host.number(0/0), host.number(-1/0)", "true -inf");
    expect_gives("host.string('a\\0b') == 'a\\0b', #host.string('')", "true 0");
    expect_gives("host.string(12), host.string(1.0), host.string(-0.0), host.string(1e100), host.string(1/0)",
                 "12 1.0 -0.0 1e+100 inf");
    expect_gives("host.text('moon')", "moon");
    expect_gives("host.value({1, {2, x = 'y'}})[2].x", "y");
    expect_gives("host.value(nil), host.value()", "nil nil");
    expect_gives("host.value(print) == print", "true");
    expect_gives("host.optional()", "true 7 2.5 other");
    expect_gives("host.optional(nil, nil, nil, nil)", "true 7 2.5 other");
    expect_gives("host.optional(false, 1, 2, 'x')", "false 1 2.0 x");
    expect_gives("host.kinds(nil, true, 1, 1.5, '', {}, print, coroutine.create(print))",
                 "nil nil boolean integer number string object function userdata nil ");
    kit_close(context);
}

static void test_wrong_arguments(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.add(1)", "!test:1: bad argument #2 to 'add' (number expected, got no value)");
    expect_gives("host.add(1, nil)", "!test:1: bad argument #2 to 'add' (number expected, got nil)");
    expect_gives("host.add({}, 1)", "!test:1: bad argument #1 to 'add' (number expected, got table)");
    expect_gives("host.add(1.5, 1)",
                 "!test:1: bad argument #1 to 'add' (number has no integer representation)");
    expect_gives("host.add('1.5', 1)",
                 "!test:1: bad argument #1 to 'add' (number has no integer representation)");
    expect_gives("host.add('x', 1)", "!test:1: bad argument #1 to 'add' (number expected, got string)");
    expect_gives("host.number(true)", "!test:1: bad argument #1 to 'number' (number expected, got boolean)");
    expect_gives("host.boolean(1)", "!test:1: bad argument #1 to 'boolean' (boolean expected, got number)");
    expect_gives("host.string(print)",
                 "!test:1: bad argument #1 to 'string' (string expected, got function)");
    expect_gives("host.text('a\\0b')", "!test:1: bad argument #1 to 'text' (string contains zeros)");
    expect_gives("host.sum(7)", "!test:1: bad argument #1 to 'sum' (table expected, got number)");
    expect_gives("host.field(7, 'x')", "!test:1: bad argument #1 to 'field' (table expected, got number)");
    expect_gives("host.integer(setmetatable({}, {__name = 'Moon'}))",
                 "!test:1: bad argument #1 to 'integer' (number expected, got Moon)");
    expect_gives("(function() local price = host.add; local r = price(1); return r end)()",
                 "!test:1: bad argument #2 to 'price' (number expected, got no value)");
    expect_gives("(function() local o = {add = host.add}; local r = o:add(1); return r end)()",
                 "!test:1: calling 'add' on bad self (number expected, got table)");
    expect_gives("select(2, pcall(host.add, 1))", "bad argument #2 to 'add' (number expected, got no value)");
    expect_gives("host.value((function() local t = {} t.a = {t} return t end)())",
                 "!test:1: bad argument #1 to 'value' (argument[1].a[1]: the table contains itself)");
    expect_gives("host.over_values(1, (function() local t = {} t.a = {t} return t end)())",
                 "!test:1: argument[2].a[1]: the table contains itself");
    kit_close(context);
}

static void test_counts(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.count()", "!test:1: bad argument #1 to 'count' (value expected)");
    expect_gives("host.count(1, 2)", "!test:1: too many arguments to 'count' (at most 1 expected, got 2)");
    expect_gives("host.count(0)", "");
    expect_gives("host.count(3)", "1 even 3");
    expect_gives("select('#', host.count(8)), (select(8, host.count(8)))", "8 even");
    expect_gives("select('#', host.count(9)), (select(9, host.count(9)))", "9 9");
    expect_gives("select('#', host.count(100)), (select(100, host.count(100)))", "100 even");
    expect_gives("select('#', host.count(20001)), (select(20001, host.count(20001)))", "20001 20001");
    expect_gives("pcall(host.count, 3000000)",
                 "false 'host.count' answered no_memory: the host has no memory left for this call");
    kit_close(context);
}

static void test_errors(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.failing()", "!test:1: no item 17 in 'the shop'");
    expect_gives("select(2, pcall(host.failing_value)).code", "17");
    expect_gives("host.failing_argument(1, 2)",
                 "!test:1: bad argument #2 to 'failing_argument' (must be blue)");
    expect_gives("host.answering(-7)",
                 "!test:1: 'host.answering' answered not_found: there is nothing of that name");
    expect_gives(
        "host.answering(4)",
        "!test:1: 'host.answering' answered time_limit: the script ran past its wall-clock deadline");
    expect_gives("host.answering(1)",
                 "!test:1: 'host.answering' answered runtime_error: the script raised an error");
    expect_gives("host.answering(999)",
                 "!test:1: 'host.answering' answered unknown: a number that is no status of this version");
    expect_status(context, "local x = 1\nhost.failing()", LUNETTE_RUNTIME_ERROR);
    const lunette_error *error = lunette_context_error(context);
    assert_string_equal(error->message, "no item 17 in 'the shop'");
    assert_int_equal(error->line, 2);
    assert_true(error->frames[0].native);
    expect_status(context, "host.failing_value()", LUNETTE_RUNTIME_ERROR);
    error = lunette_context_error(context);
    assert_int_equal(lunette_value_get(error->value, "code")->as.integer, 17);
    kit_close(context);
}

static void test_tables(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.sum({{1, 2}, {x = 3, y = 'z'}, 'no', {}})", "6 2");
    expect_gives("host.sum({})", "0 0");
    expect_gives(
        "host.sum((function() local t = {} for i = 1, 5000 do t[i] = {1, 'stop', 5} end return t end)())",
        "5000 0");
    expect_gives("host.side_by_side({1, 2, {}, 'x'}, {1, 2, {}, 'x'})", "true");
    expect_gives("host.side_by_side({1, 2, 3}, {1, 2})", "false");
    expect_gives("host.side_by_side({1, 2}, {1, 2, 3})", "false");
    expect_gives("host.field({a = 1}, 'a')", "integer 1");
    expect_gives("host.field({a = 'x'}, 'a')", "string x");
    expect_gives("host.field({a = {}}, 'a')", "object");
    expect_gives("host.field({a = print}, 'a')", "function");
    expect_gives("host.field({}, 'a')", "nil nil");
    expect_gives("host.field(setmetatable({}, {__index = {a = 1}}), 'a')", "nil nil");
    kit_close(context);
}

static void test_over_values(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.over_values(1, 'x', true)", "true x 1");
    expect_gives("host.over_values({1, 2, {a = 'b'}})[3].a", "b");
    expect_gives("host.over_values(nil)", "nil");
    expect_gives("host.over_values(print) == print", "true");
    expect_gives("host.over_values()", "!test:1: nothing given");
    expect_gives(
        "host.over_values(1, {coroutine.create(print)})",
        "!test:1: 'host.over_values' gave a value that cannot be given to a script, such as a coroutine");
    kit_close(context);
}

static void test_about_itself(void **state) {
    (void)state;
    lunette_context *context = open_host();
    expect_gives("host.about_itself()", "host.about_itself true false true");
    expect_gives("host.networked(1, 2), host.powerful", "3 nil");
    expect_gives("host.misuse({}, {})", "0");
    expect_gives("host.misuse()", "0");
    kit_close(context);
}

/* Results are pushed where errors may be raised: the script sees the limit, and the next run is fine. */
static void test_memory_limit(void **state) {
    (void)state;
    lunette_module module = host_module();
    const lunette_module *modules[] = {&module};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = 1 << 20;
    config.modules = modules;
    config.module_count = 1;
    lunette_context *context = kit_open(&config);
    expect_gives("#host.bytes(100000)", "100000");
    expect_status(context, "return host.bytes(1040000)", LUNETTE_MEMORY_LIMIT);
    expect_gives("pcall(host.bytes, 1040000)", "false not enough memory");
    expect_gives("pcall(host.bytes, 2000000)",
                 "false 'host.bytes' answered no_memory: the host has no memory left for this call");
    expect_ok(context, "for i = 1, 1000 do pcall(host.bytes, 1040000) end");
    expect_ok(
        context,
        "local t = {} pcall(function() while true do t[#t + 1] = host.string(('x'):rep(100) .. #t) end end)");
    expect_ok(context, "for i = 1, 100 do assert(#host.bytes(200000) == 200000) end");
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_and_results),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_over_values),
        cmocka_unit_test(test_about_itself),
        cmocka_unit_test(test_memory_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
