/* What kind of mistake an error was, and where in its line a syntax error stands. The errors are made, not written: what the
 * Lua at hand says decides. */
#include "support.h"

#include "lua/kind.h"

static const struct {
    const char *text;
    lunette_error_kind kind;
} CASES[] = {
    {"local x; x.y = 1", LUNETTE_ERROR_REFERENCE},
    {"local x; x()", LUNETTE_ERROR_REFERENCE},
    {"undefined.field()", LUNETTE_ERROR_REFERENCE},
    {"return 1 + nothing", LUNETTE_ERROR_REFERENCE},
    {"return 'a' .. nothing", LUNETTE_ERROR_REFERENCE},
    {"return #nothing", LUNETTE_ERROR_REFERENCE},
    {"return nothing < 1", LUNETTE_ERROR_REFERENCE},
    {"local x = 5; x()", LUNETTE_ERROR_TYPE},
    {"return (5).x.y", LUNETTE_ERROR_TYPE},
    {"return {} + 1", LUNETTE_ERROR_TYPE},
    {"return 'a' .. {}", LUNETTE_ERROR_TYPE},
    {"return {} < {}", LUNETTE_ERROR_TYPE},
    {"return 1 < 'x'", LUNETTE_ERROR_TYPE},
    {"return 1 & 'x'", LUNETTE_ERROR_TYPE},
    {"return #5", LUNETTE_ERROR_TYPE},
    {"for i = 1, {} do end", LUNETTE_ERROR_TYPE},
    {"string.rep()", LUNETTE_ERROR_TYPE},
    {"string.rep('x', {})", LUNETTE_ERROR_TYPE},
    {"('x'):rep({})", LUNETTE_ERROR_TYPE},
    {"setmetatable(1, {})", LUNETTE_ERROR_TYPE},
    {"for i = 1, 2, 0 do end", LUNETTE_ERROR_RANGE},
    {"return 1 // 0", LUNETTE_ERROR_RANGE},
    {"return 1 % 0", LUNETTE_ERROR_RANGE},
    {"return 1.5 | 1", LUNETTE_ERROR_RANGE},
    {"string.rep('x', 1.5)", LUNETTE_ERROR_RANGE},
    {"string.char(256)", LUNETTE_ERROR_RANGE},
    {"math.random(0, -1)", LUNETTE_ERROR_RANGE},
    {"select(0)", LUNETTE_ERROR_RANGE},
    {"string.rep('xxxx', 1 << 62)", LUNETTE_ERROR_RANGE},
    {"table.unpack({}, 1, 1 << 30)", LUNETTE_ERROR_RANGE},
    {"utf8.char(-1)", LUNETTE_ERROR_RANGE},
    {"local function f() return f() + 1 end f()", LUNETTE_ERROR_RANGE},
    {"require('no.such.module')", LUNETTE_ERROR_MODULE},
    {"collectgarbage('stop')", LUNETTE_ERROR_PERMISSION},
    {"setmetatable({}, {__gc = print})", LUNETTE_ERROR_PERMISSION},
    {"coroutine.wrap(function() local x; x.y = 1 end)()", LUNETTE_ERROR_REFERENCE},
    {"coroutine.wrap(function() coroutine.wrap(function() return {} + 1 end)() end)()", LUNETTE_ERROR_TYPE},
    {"string.format('%d', 'x')", LUNETTE_ERROR_TYPE},
    /* What a script raises itself, whatever it says. */
    {"error('attempt to index a nil value')", LUNETTE_ERROR_GENERIC},
    {"error('bad argument #1 to \\'f\\' (number expected, got nil)', 0)", LUNETTE_ERROR_GENERIC},
    {"local e = error e('attempt to call a nil value')", LUNETTE_ERROR_GENERIC},
    {"assert(false, 'module \\'x\\' not found')", LUNETTE_ERROR_GENERIC},
    {"assert(nil)", LUNETTE_ERROR_GENERIC},
    {"error({})", LUNETTE_ERROR_GENERIC},
    {"error()", LUNETTE_ERROR_GENERIC},
    {"coroutine.yield()", LUNETTE_ERROR_GENERIC},
    {"setmetatable(setmetatable({}, {__metatable = 1}), {})", LUNETTE_ERROR_GENERIC},
};

static void kinds(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = 512 * MIB;
    lunette_context *context = kit_open(&config);
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        expect_status(context, CASES[i].text, LUNETTE_RUNTIME_ERROR);
        const lunette_error *error = lunette_context_error(context);
        if (error->kind != CASES[i].kind)
            fail_msg("%s instead of %s: '%s' from\n%s", lunette_error_kind_name(error->kind),
                     lunette_error_kind_name(CASES[i].kind), error->message, CASES[i].text);
        assert_int_equal(error->column, 0);
    }
    expect_status(context, "return ('x'):rep(1 << 30)", LUNETTE_MEMORY_LIMIT);
    assert_int_equal(lunette_context_error(context)->kind, LUNETTE_ERROR_GENERIC);
    kit_close(context);
}

static void kinds_at_other_levels(void **state) {
    (void)state;
    lunette_context *context = kit_level(LUNETTE_SANDBOX_NONE);
    expect_status(context, "require('no.such.module')", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_error(context)->kind, LUNETTE_ERROR_MODULE);
    expect_status(context, "error('attempt to index a nil value')", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_error(context)->kind, LUNETTE_ERROR_GENERIC);
    kit_close(context);
    context = kit_level(LUNETTE_SANDBOX_STRICT);
    expect_status(context, "local x = nil; x()", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_error(context)->kind, LUNETTE_ERROR_REFERENCE);
    kit_close(context);
}

static void columns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line, column;
    } TEXTS[] = {
        {"x = = 1", 1, 0}, /* two of them: which one is not told */
        {"x = ) 1", 1, 5},       {"local a = 1\n  local b 5\n", 2, 11},
        {"for i in do", 1, 10},  {"do\nreturn 1 2", 2, 10},
        {"local end = 1", 1, 7}, {"local ends = sender end", 1, 21},
        {"x = 'abc", 1, 0},      {"x = 1", 1, -1}, /* none */
        {"if x then", 1, 0},     {"x = \"\\400\"", 1, 5},
        {"goto nowhere", 1, 0},  {"x = 3x", 1, 5},
    };
    lunette_context *context = kit_restricted();
    for (size_t i = 0; i < LN_COUNT(TEXTS); i++) {
        lunette_status status = lunette_context_check(context, "=test", TEXTS[i].text, SIZE_MAX);
        const lunette_error *error = lunette_context_error(context);
        if (TEXTS[i].column < 0) {
            assert_int_equal(status, LUNETTE_OK);
            continue;
        }
        assert_int_equal(status, LUNETTE_SYNTAX_ERROR);
        if (error->column != TEXTS[i].column || error->line != TEXTS[i].line)
            fail_msg("%d:%d instead of %d:%d for '%s' (%s)", error->line, error->column, TEXTS[i].line,
                     TEXTS[i].column, TEXTS[i].text, error->message);
    }
    kit_close(context);
    assert_int_equal(ln_kind_column("abc", 3, 2, "x near 'abc'"), 0);
    assert_int_equal(ln_kind_column("abc", 3, 0, "x near 'abc'"), 0);
    assert_int_equal(ln_kind_column("abc", 3, 1, "x near ''"), 0);
    assert_int_equal(ln_kind_column("", 0, 1, "x near 'abc'"), 0);
    assert_int_equal(ln_kind_column("a\nb", 3, 2, "x near 'b'"), 1);
    assert_int_equal(ln_kind_column("a\nb", 3, 1, "x near 'b'"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(kinds_at_other_levels),
        cmocka_unit_test(columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
