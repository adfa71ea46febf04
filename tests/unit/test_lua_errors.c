/* What a failed run tells: its status, the message without the place, the place, the trace, the script's own value; whatever
 * the script does to prevent that. */
#include "support.h"

static const lunette_error *fail_with(lunette_context *context, const char *text, lunette_status status) {
    expect_status(context, text, status);
    const lunette_error *error = lunette_context_error(context);
    assert_non_null(error);
    assert_int_equal(error->code, status);
    assert_true((error->frames == NULL) == (error->frame_count == 0));
    for (size_t i = 0; i < error->frame_count; i++) {
        assert_non_null(error->frames[i].function);
        assert_non_null(error->frames[i].chunk);
    }
    return error;
}

/* `chunk` NULL: not known. */
static void expect_error(lunette_context *context, const char *text, const char *message, const char *chunk,
                         int line) {
    const lunette_error *error = fail_with(context, text, LUNETTE_RUNTIME_ERROR);
    if (strcmp(error->message, message) != 0)
        fail_msg("'%s' instead of '%s' from\n%s", error->message, message, text);
    if (!chunk)
        assert_null(error->chunk);
    else if (!error->chunk || strcmp(error->chunk, chunk) != 0)
        fail_msg("chunk '%s' from\n%s", error->chunk ? error->chunk : "(none)", text);
    if (error->line != line)
        fail_msg("line %d from\n%s", error->line, text);
}

static void places(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_error(context, "\n\nerror('boom')", "boom", "test", 3);
    expect_error(context, "\nlocal x = nil\nx.y = 1", "attempt to index a nil value (local 'x')", "test", 3);
    expect_error(context, "local function f()\n error('at the caller', 2)\nend\n\nf()", "at the caller",
                 "test", 5);
    expect_error(context, "\nerror('no place', 0)", "no place", "test", 2);
    expect_error(context, "\nerror('test:99: forged', 0)", "test:99: forged", "test", 2);
    expect_error(context, "\nstring.rep()", "bad argument #1 to 'rep' (string expected, got no value)",
                 "test", 2);
    expect_error(context, "load('\\nerror(1 .. 2)', '@other.lua')()", "12", "other.lua", 2);
    expect_error(context, "load('error([[x]])', 'error(...)')()", "x", "[string \"error(...)\"]", 1);
    expect_error(context, "local f = coroutine.wrap(function()\n  error('in it')\nend)\nf()", "test:2: in it",
                 "test", 4);
    kit_close(context);
}

static void traces(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    const lunette_error *error = fail_with(context,
                                           "local t = {}\n"
                                           "function t:add() error('x') end\n"
                                           "local function middle() t:add() return 1 end\n"
                                           "function outer() return (middle()) end\n"
                                           "table.sort({1, 2}, function() outer() end)",
                                           LUNETTE_RUNTIME_ERROR);
    static const struct {
        const char *function;
        int line;
        bool native;
    } EXPECTED[] = {{"error", 0, true},      {"method 'add'", 2, false}, {"middle", 3, false},
                    {"outer", 4, false},     {"function <5>", 5, false}, {"sort", 0, true},
                    {"main chunk", 5, false}};
    assert_int_equal(error->frame_count, LN_COUNT(EXPECTED));
    for (size_t i = 0; i < error->frame_count; i++) {
        const lunette_frame *frame = &error->frames[i];
        bool same = strstr(frame->function, EXPECTED[i].function) && frame->line == EXPECTED[i].line;
        if (!same || frame->native != EXPECTED[i].native)
            fail_msg("frame %zu: %s line %d native %d", i, frame->function, frame->line, frame->native);
        assert_string_equal(frame->chunk, EXPECTED[i].native ? "[C]" : "test");
    }
    assert_int_equal(error->frames_left_out, 0);
    assert_int_equal(error->value->type, LUNETTE_STRING);
    assert_string_equal(error->value->as.string.bytes, "test:2: x");
    kit_close(context);
}

static void long_traces_keep_both_ends(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    const lunette_error *error = fail_with(
        context, "local function f(n) if n == 0 then error('deep') end return f(n - 1) + 1 end\nf(1000)",
        LUNETTE_RUNTIME_ERROR);
    assert_int_equal(error->frame_count, 32);
    assert_int_equal(error->frames_left_out, 1003 - 32);
    assert_string_equal(error->frames[31].function, "main chunk");
    assert_string_equal(error->frames[0].function, "error");
    error = fail_with(
        context, "local function f(n) if n == 0 then error('deep') end return f(n - 1) + 1 end\nf(100000)",
        LUNETTE_RUNTIME_ERROR);
    assert_string_equal(error->message, "deep");
    assert_int_equal(error->frame_count, 32);
    assert_true(error->frames_left_out > 10000);
    kit_close(context);
}

/* Whatever is thrown, the host learns of it, and no metamethod of the script runs outside the run. */
static void error_values(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_error(context, "error({code = 7})", "(error object is a table value)", "test", 1);
    const lunette_error *error = lunette_context_error(context);
    assert_int_equal(lunette_value_get(error->value, "code")->as.integer, 7);
    expect_error(context, "error()", "(error object is a nil value)", "test", 1);
    assert_int_equal(lunette_context_error(context)->value->type, LUNETTE_NIL);
    expect_error(context, "error(42)", "42", "test", 1);
    assert_int_equal(lunette_context_error(context)->value->as.integer, 42);
    expect_error(context, "error(true)", "(error object is a boolean value)", "test", 1);
    expect_error(context, "error(print)", "(error object is a function value)", "test", 1);
    expect_error(context, "error(setmetatable({}, {__tostring = function() return 'mine' end}))", "mine",
                 "test", 1);
    expect_error(context, "error(setmetatable({}, {__tostring = function() error('again') end}))",
                 "(error object is a table value)", "test", 1);
    expect_error(context, "error(setmetatable({}, {__tostring = function() return {} end}))",
                 "(error object is a table value)", "test", 1);
    expect_error(context, "error(setmetatable({}, {__tostring = 5}))", "(error object is a table value)",
                 "test", 1);
    expect_error(context, "error(setmetatable({}, {__name = 'forged'}))", "(error object is a table value)",
                 "test", 1);
    expect_error(context, "error(setmetatable({}, {__tostring = function() coroutine.yield() end}))",
                 "(error object is a table value)", "test", 1);
    expect_error(context, "local t = {} t[1] = t error(t)", "(error object is a table value)", "test", 1);
    error = lunette_context_error(context);
    assert_string_equal(lunette_value_at(error->value, 0)->as.userdata.type_name, "table");
    expect_error(context, "error({f = print, n = 0/0, [1.5] = 'x'})", "(error object is a table value)",
                 "test", 1);
    error = lunette_context_error(context);
    assert_string_equal(lunette_value_get(error->value, "f")->as.userdata.type_name, "function");
    kit_close(context);
}

static void a_looping_tostring_meets_the_deadline(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.wall_ns = 30 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    fail_with(context, "error(setmetatable({}, {__tostring = function() while true do end end}))",
              LUNETTE_TIME_LIMIT);
    fail_with(context, "xpcall(error, function() while true do end end)", LUNETTE_TIME_LIMIT);
    expect_ok(context, "");
    kit_close(context);
}

static void errors_in_handlers(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "assert(not xpcall(error, function(m) error(m) end, 'x'))");
    expect_error(context, "local ok, m = xpcall(error, function() error({}) end)\nerror('after', 0)", "after",
                 "test", 2);
    expect_error(context, "xpcall(error, function(m)\n  error(m)\nend, 'x')\nlocal t = nil\nt()",
                 "attempt to call a nil value (local 't')", "test", 5);
    fail_with(context, "error(setmetatable({}, {__tostring = function(t) return tostring(t) end}))",
              LUNETTE_RUNTIME_ERROR);
    expect_ok(context, "return 1");
    kit_close(context);
}

static void overflows(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = 512 * MIB;
    lunette_context *context = kit_open(&config);
    const lunette_error *error =
        fail_with(context, "local function f() return f() + 1 end\nf()", LUNETTE_RUNTIME_ERROR);
    assert_string_equal(error->message, "stack overflow");
    assert_int_equal(error->line, 1);
    assert_int_equal(error->frame_count, 32);
    error = fail_with(context, "local function f() string.gsub('x', 'x', f) end\nf()", LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(error->message, "C stack overflow"));
    assert_int_equal(error->frames_left_out > 100, true);
    error =
        fail_with(context, "local s = string.rep('(', 1000) return load(s) or error((select(2, load(s))), 0)",
                  LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(error->message, "overflow"));
    expect_ok(context, "return 1");
    kit_close(context);
}

/* --- Syntax --- */

static void syntax_errors(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    static const struct {
        const char *name, *text, *chunk, *message;
        int line;
    } WRONG[] = {
        {"=test", "x = = 1", "test", "unexpected symbol near '='", 1},
        {"file.lua", "\n\nlocal", "file.lua", "<name> expected near <eof>", 3},
        {"@marked.lua", "for", "marked.lua", "<name> expected near <eof>", 1},
        {NULL, "'open", "script", "unfinished string near <eof>", 1},
        {"a/very/long/path/that/is/longer/than/what/lua/keeps/of/a/name/of/a/chunk/file.lua", "goto x",
         "a/very/long/path/that/is/longer/than/what/lua/keeps/of/a/name/of/a/chunk/file.lua",
         "no visible label 'x' for <goto> at line 1", 1},
        {"=a very long name that is longer than what lua keeps of the name of a chunk", "x", NULL,
         "syntax error near <eof>", 1},
        {"with:colon:7:", "\nx", "with:colon:7:", "syntax error near <eof>", 2},
        {"", "x", "", "syntax error near <eof>", 1},
    };
    for (size_t i = 0; i < LN_COUNT(WRONG); i++) {
        for (int check = 0; check < 2; check++) {
            lunette_status status =
                check ? lunette_context_check(context, WRONG[i].name, WRONG[i].text, SIZE_MAX)
                      : lunette_context_run(context, WRONG[i].name, WRONG[i].text, SIZE_MAX, NULL, NULL);
            kit_check_status(context, WRONG[i].text, status, LUNETTE_SYNTAX_ERROR, __LINE__);
            const lunette_error *error = lunette_context_error(context);
            if (strcmp(error->message, WRONG[i].message) != 0 || error->line != WRONG[i].line)
                fail_msg("line %d: '%s' from %s", error->line, error->message, WRONG[i].text);
            if (WRONG[i].chunk && *WRONG[i].chunk)
                assert_string_equal(error->chunk, WRONG[i].chunk);
            assert_null(error->value);
            assert_int_equal(error->frame_count, 0);
        }
    }
    assert_int_equal(lunette_context_check(context, NULL, "return 1", SIZE_MAX), LUNETTE_OK);
    assert_null(lunette_context_error(context));
    assert_int_equal(lunette_context_check(context, NULL, "x = 5", 3), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(lunette_context_check(context, NULL, "\x1bLua", 4), LUNETTE_SYNTAX_ERROR);
    expect_ok(context, "assert(x == nil)");
    kit_close(context);
}

/* --- Limits --- */

static void memory_errors_have_a_trace(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = MIB;
    lunette_context *context = kit_open(&config);
    const lunette_error *error = fail_with(
        context,
        "kept = 5\nlocal function fill()\n  local t = {}\n  for i = 1, 1e9 do t[i] = {} end\nend\nfill()",
        LUNETTE_MEMORY_LIMIT);
    assert_non_null(strstr(error->message, "1 MiB"));
    assert_string_equal(error->chunk, "test");
    assert_int_equal(error->line, 4);
    assert_true(error->frame_count >= 2);
    assert_string_equal(error->frames[0].function, "fill");
    assert_string_equal(error->frames[error->frame_count - 1].function, "main chunk");
    assert_null(error->value);
    expect_ok(context, "assert(kept == 5)");
    error = fail_with(context, "return (string.rep('x', 1 << 30))", LUNETTE_MEMORY_LIMIT);
    assert_string_equal(error->frames[0].function, "rep");
    error =
        fail_with(context, "coroutine.wrap(function()\n  local s = 'x' while true do s = s .. s end\nend)()",
                  LUNETTE_MEMORY_LIMIT);
    assert_int_equal(error->line, 2);
    expect_ok(context, "local ok, message = pcall(string.rep, 'x', 1 << 30)\n"
                       "assert(not ok and message == 'not enough memory')\n"
                       "assert(#string.rep('x', 1 << 17) == 1 << 17)");
    assert_int_equal(lunette_context_check(context, NULL, "x = 1", SIZE_MAX), LUNETTE_OK);
    kit_close(context);
}

/* Lua takes the first message for its own, and tells no handler of it. */
static void a_forged_message_is_an_error(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_error(context, "error('not enough memory', 0)", "not enough memory", NULL, 0);
    expect_error(context, "error('wall time limit reached', 0)", "wall time limit reached", "test", 1);
    expect_error(context, "coroutine.wrap(function() error('not enough memory', 0) end)()",
                 "not enough memory", NULL, 0);
    kit_close(context);
}

/* Lua has one text for that error, and tells by it: in a run that was at its limit, raising a copy is raising it again. Other
 * words are other errors. */
static void memory_errors_can_be_raised_again(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = MIB;
    lunette_context *context = kit_open(&config);
#define AT_THE_LIMIT "local ok, why = pcall(string.rep, 'x', 1 << 21) assert(not ok) "
    fail_with(context, AT_THE_LIMIT "error(why, 0)", LUNETTE_MEMORY_LIMIT);
    fail_with(context, AT_THE_LIMIT "error('not enough ' .. 'memory', 0)", LUNETTE_MEMORY_LIMIT);
    expect_error(context, AT_THE_LIMIT "error('no memory', 0)", "no memory", "test", 1);
    expect_error(context, "error('not enough memory', 0)", "not enough memory", NULL, 0); /* the next run */
#undef AT_THE_LIMIT
    kit_close(context);
}

/* Where a run stood is told if the thread gets the moment that finding out takes; and on a busy machine the deadline may
 * pass before the script is in its loop, which is on this line. Neither happens each time. */
static const lunette_error *fail_in_time(lunette_context *context, const char *text, int line) {
    const lunette_error *error = fail_with(context, text, LUNETTE_TIME_LIMIT);
    for (int i = 0; i < 50 && error->line != line; i++)
        error = fail_with(context, text, LUNETTE_TIME_LIMIT);
    assert_int_equal(error->line, line);
    return error;
}

static void deadlines_say_where(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.wall_ns = 60 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    const lunette_error *error =
        fail_in_time(context, "local function spin()\n  while true do end\nend\nspin()", 2);
    assert_string_equal(error->message, "the script ran past its deadline of 60 ms");
    assert_string_equal(error->chunk, "test");
    assert_int_equal(error->frame_count, 2);
    assert_string_equal(error->frames[0].function, "spin");
    fail_in_time(context, "local co = coroutine.wrap(function()\n  while true do end\nend)\nco()", 2);
    kit_close(context);
}

/* Whether what ends a run at its deadline has set a hook; asked whenever the script prints. */
static bool hooked;

static void note_hook(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud, (void)bytes, (void)size;
    lua_State *L = ln_vm_of(context->vm)->running;
    lua_Hook before = lua_gethook(L); /* the count's */
    context->vm->backend->probe(context->vm);
    hooked = lua_gethook(L) != before;
}

static bool is_hooked(lunette_context *context, int depth) {
    char text[160];
    snprintf(text, sizeof text,
             "local function f(n) if n == 0 then print() return 1 end return 1 + f(n - 1) end\nreturn f(%d)",
             depth);
    hooked = false;
    expect_ok(context, text);
    return hooked;
}

/* What it takes to set a hook grows with the number of calls. It is the only way where a dead state must not be read. */
static void deep_calls_are_not_hooked(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = note_hook;
    lunette_context *context = kit_open(&config);
    assert_true(is_hooked(context, 1));
    assert_true(is_hooked(context, 10000));
    assert_int_equal(is_hooked(context, 20000), !ln_vm_can_be_read(ln_vm_of(context->vm)));
    assert_true(is_hooked(context, 1));
    kit_close(context);
    config.contain_faults = LUNETTE_OFF;
    context = kit_open(&config);
    assert_int_equal(is_hooked(context, 20000), !ln_vm_can_be_read(ln_vm_of(context->vm)));
    kit_close(context);
}

static void deep_calls_have_a_trace(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.wall_ns = 60 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    const lunette_error *error = fail_in_time(
        context,
        "local function f(n)\n if n > 0 then return 1 + f(n - 1) end\n while true do tostring(n) end\nend\nf(20000)",
        3);
    assert_string_equal(error->message, "the script ran past its deadline of 60 ms");
    assert_int_equal(error->frame_count, 32);
    assert_true(error->frames_left_out > 10000);
    kit_close(context);
}

/* --- Texts --- */

static void messages_are_cut_between_characters(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    static const char *const EURO = "\xe2\x82\xac";
    for (int offset = 0; offset < 4; offset++) {
        char text[100];
        snprintf(text, sizeof text, "error(string.rep('x', %d) .. string.rep('%s', 1000), 0)", offset, EURO);
        const lunette_error *error = fail_with(context, text, LUNETTE_RUNTIME_ERROR);
        size_t size = strlen(error->message);
        assert_true(size > 990 && size <= 1003);
        assert_string_equal(error->message + size - 3, "\xe2\x80\xa6");
        assert_int_equal((size - 3 - (size_t)offset) % 3, 0);
        assert_int_equal(error->value->as.string.size, 3000 + offset);
    }
    expect_error(context, "error('a\\0b', 0)", "a b", "test", 1);
    assert_int_equal(lunette_context_error(context)->value->as.string.size, 3);
    const lunette_error *error =
        fail_with(context, "error(string.rep('\\x80', 5000), 0)", LUNETTE_RUNTIME_ERROR);
    assert_true(strlen(error->message) <= 1003);
    error = fail_with(
        context,
        "local names = {} for i = 1, 40 do names[i] = 'local ' .. string.rep('n', 200) .. i .. '\\n' end\n"
        "load('error(1)', '@' .. string.rep('c', 100000))()",
        LUNETTE_RUNTIME_ERROR);
    assert_true(strlen(error->chunk) <= 203);
    kit_close(context);
}

/* --- Lasting --- */

static void an_error_lasts_until_the_next_call(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    fail_with(context, "error('first')", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(kit_run(context, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_context_error(context)->message, "first");
    expect_ok(context, "");
    assert_null(lunette_context_error(context));
    fail_with(context, "error('second')", LUNETTE_RUNTIME_ERROR);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_null(lunette_context_error(context));
    kit_close(context);
}

static void statistics(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_stats stats = {.size = sizeof stats};
    kit_text output = {0};
    kit_close(context);
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = 4 * MIB;
    config.output = kit_output;
    config.output_ud = &output;
    context = kit_open(&config);
    expect_ok(context,
              "print('12345') local s = string.rep('x', 1000000) s = nil pcall(string.rep, 'x', 1 << 30)");
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_int_equal(stats.output_bytes, 6);
    assert_int_equal(stats.memory_limit, 4 * MIB);
    assert_true(stats.memory_peak > 1000000 && stats.memory_peak >= stats.memory_used);
    assert_true(stats.memory_committed >= 1000000 && stats.memory_committed <= stats.memory_limit);
    assert_true(stats.wall_ns > 0 && stats.cpu_ns == 0 && stats.instructions == 0);
    assert_true(stats.allocations > 3 && stats.allocation_failures >= 1);
    lunette_run_options options = lunette_run_options_default();
    options.measure_cpu = true;
    assert_int_equal(lunette_context_run(context, NULL, "for i = 1, 1e6 do end", SIZE_MAX, &options, NULL),
                     LUNETTE_OK);
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_true(stats.cpu_ns > 0 && stats.output_bytes == 0);
    kit_close(context);
    kit_clear(&output);
}

/* What a run that nears its deadline is asked, asked whenever the script prints. */
static void ask_where_it_stands(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud, (void)bytes, (void)size;
    context->vm->backend->probe(context->vm);
}

static void an_error_on_its_way_out_is_not_forgotten(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = ask_where_it_stands;
    lunette_context *context = kit_open(&config);
    expect_error(context,
                 "local x <close> = setmetatable({}, {__close = function() print('late') return 1 end})\n"
                 "error('the first')",
                 "the first", "test", 2);
    expect_error(
        context,
        "local x <close> = setmetatable({}, {__close = function() pcall(string.rep, 'x', 1 << 30) end})\n"
        "error('the first')",
        "the first", "test", 2);
    expect_error(
        context,
        "local x <close> = setmetatable({}, {__close = function()\n print('late') error('the last') end})\n"
        "error('the first')",
        "the last", "test", 2);
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(traces),
        cmocka_unit_test(long_traces_keep_both_ends),
        cmocka_unit_test(error_values),
        cmocka_unit_test(a_looping_tostring_meets_the_deadline),
        cmocka_unit_test(errors_in_handlers),
        cmocka_unit_test(overflows),
        cmocka_unit_test(syntax_errors),
        cmocka_unit_test(memory_errors_have_a_trace),
        cmocka_unit_test(a_forged_message_is_an_error),
        cmocka_unit_test(memory_errors_can_be_raised_again),
        cmocka_unit_test(deadlines_say_where),
        cmocka_unit_test(deep_calls_are_not_hooked),
        cmocka_unit_test(deep_calls_have_a_trace),
        cmocka_unit_test(messages_are_cut_between_characters),
        cmocka_unit_test(an_error_lasts_until_the_next_call),
        cmocka_unit_test(an_error_on_its_way_out_is_not_forgotten),
        cmocka_unit_test(statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
