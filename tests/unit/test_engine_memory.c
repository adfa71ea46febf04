/* Every allocation fails once: the host's (malloc and its kin, and the allocator a host configured) and the arena's, in a
 * loop until nothing fails any more. Each time the answer is one that the headers name, nothing is lost, and what comes after
 * works. */
#include "failing_host.h"

/* --- What is done --- */

static void run_once(lunette_context *context, const char *text, lunette_status expected) {
    lunette_value *results = NULL, *copy = NULL;
    lunette_status status = lunette_context_run(context, "a name", text, SIZE_MAX, NULL, &results);
    if (may(status, text, expected) && results) {
        may(lunette_value_copy(results, &copy), "copy", LUNETTE_OK);
        lunette_value_free(&copy);
    }
    if ((results != NULL) != (status == LUNETTE_OK) || (status > 0 && !lunette_context_error(context)))
        may(LUNETTE_DEFECT, "results or error", LUNETTE_OK);
    lunette_value_free(&results);
}

/* Values and errors as texts; functions by reference, by name, and from functions of the host's; runs that fail and are made
 * up for. */
static void use_forms(lunette_context *context) {
    lunette_value *results = NULL;
    char *text = NULL;
    static const char TEXT[] =
        "function named(f) return {key = {1, 2.5, 'x\\n', true}, [5] = ('long '):rep(300)}, "
        "invoke(function(...) return {...} end) end return named, function() error('x') end";
    if (may(lunette_context_run(context, "forms", TEXT, SIZE_MAX, NULL, &results), "forms", LUNETTE_OK)) {
        const lunette_value *items = results->as.array.items;
        lunette_value *inner = NULL;
        lunette_status called = lunette_context_call(context, &items[0], NULL, &inner);
        /* What the host's function lacked is the script's error. */
        if (called == LUNETTE_RUNTIME_ERROR && strstr(lunette_context_error(context)->message, "no_memory"))
            called = LUNETTE_NO_MEMORY;
        if (may(called, "call", LUNETTE_OK)) {
            may(lunette_value_text(inner, 0, &text), "text", LUNETTE_OK);
            lunette_string_free(&text);
            may(lunette_value_json(inner, &text), "json", LUNETTE_OK);
            lunette_string_free(&text);
        }
        lunette_value_free(&inner);
        lunette_status status = lunette_context_call(context, &items[1], NULL, NULL);
        if (may(status, "failing call", LUNETTE_RUNTIME_ERROR)) {
            may(lunette_error_text(lunette_context_error(context), &text), "error text", LUNETTE_OK);
            lunette_string_free(&text);
            may(lunette_error_json(lunette_context_error(context), &text), "error json", LUNETTE_OK);
            lunette_string_free(&text);
        }
        may(lunette_context_forget(context, &items[1]), "forget", LUNETTE_OK);
    }
    lunette_value_free(&results);
    lunette_run_options options = lunette_run_options_default();
    options.recovery = LUNETTE_RECOVER_DEFAULT;
    may(lunette_context_run(context, "again", "error('x')", SIZE_MAX, &options, &results), "recovered",
        LUNETTE_OK);
    lunette_value_free(&results);
    may(lunette_context_collect(context), "collect", LUNETTE_OK);
    may(lunette_context_reset(context), "reset", LUNETTE_OK);
}

/* Calls the function that it is given. */
static lunette_status invoke(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value function, argument = lunette_text("an argument"), *results = NULL;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status != LUNETTE_OK)
        return status;
    status = lunette_call_invoke(call, &function, &argument, 1, NULL, &results);
    if (status == LUNETTE_OK)
        status = lunette_return_value(call, results);
    lunette_value_free(&results);
    return status;
}

static void use(lunette_context *context) {
    static const char NAME[] =
        "a name so long that it does not fit into any space that a run has on its stack for the "
        "names of chunks, and so is asked for";
    lunette_value value = lunette_integer(5), *out = NULL;
    run_once(context, "return 1, {2, {x = 'y'}, ('x'):rep(2000)}, print, function() end", LUNETTE_OK);
    run_once(context, "local t = {} for i = 1, 500 do t[i] = {i, 'item ' .. i} end return t", LUNETTE_OK);
    for (int i = 0; i < 3; i++)
        run_once(context, "return 'again'", LUNETTE_OK);
    run_once(context, "error({code = 1, text = ('x'):rep(5000)})", LUNETTE_RUNTIME_ERROR);
    run_once(context, "local x = nil; x()", LUNETTE_RUNTIME_ERROR);
    run_once(context, "x = = 1", LUNETTE_SYNTAX_ERROR);
    run_once(context, "local t = {} t[1] = t return t", LUNETTE_VALUE_LIMIT);
    run_once(context, "return ('x'):rep(1 << 30)", LUNETTE_MEMORY_LIMIT);
    run_once(context, "while true do end", LUNETTE_INSTRUCTION_LIMIT);
    may(lunette_context_check(context, NAME, "return 1", SIZE_MAX), "check", LUNETTE_OK);
    may(lunette_context_set_global(context, "g", &value), "set", LUNETTE_OK);
    if (may(lunette_context_get_global(context, "g", &out), "get", LUNETTE_OK) &&
        !lunette_value_equal(out, &value))
        may(LUNETTE_DEFECT, "the global", LUNETTE_OK);
    lunette_value_free(&out);
    may(lunette_context_reset(context), "reset", LUNETTE_OK);
    use_forms(context);
}

/* Keeps something for the context; the block is counted. */
static lunette_status remember(void *ud, lunette_call *call) {
    (void)ud;
    void *state = lunette_call_state(call);
    if (state)
        return lunette_return_boolean(call, true);
    state = __wrap_malloc(100);
    lunette_status status = state ? lunette_call_set_state(call, state) : LUNETTE_NO_MEMORY;
    if (status != LUNETTE_OK && state)
        __wrap_free(state);
    return status == LUNETTE_OK ? lunette_return_boolean(call, true) : status;
}

static void drop_state(void *ud, void *state) {
    (void)ud;
    __wrap_free(state);
}

static lunette_status resolve(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, "return {asked = ..., text = ('x'):rep(100)}");
}

/* Modules in files, from the resolver, twice so that they are compiled for others; what they keep; descriptions. */
static void use_modules(lunette_context *context) {
    static const char TEXT[] = "local file, asked = require 'file', require 'asked' "
                               "return keep() and keep() and file.asked.text == asked.text and 5";
    lunette_value *results = NULL;
    char *text = NULL;
    for (int i = 0; i < 3; i++) {
        lunette_status status = lunette_context_run(context, "modules", TEXT, SIZE_MAX, NULL, &results);
        if (status == LUNETTE_RUNTIME_ERROR && strstr(lunette_context_error(context)->message, "no_memory"))
            status = LUNETTE_NO_MEMORY; /* what the host's functions lacked */
        if (may(status, "modules", LUNETTE_OK) && lunette_value_at(results, 0)->type != LUNETTE_INTEGER)
            may(LUNETTE_DEFECT, "the modules", LUNETTE_OK);
        lunette_value_free(&results);
        may(lunette_context_reset(context), "reset", LUNETTE_OK);
    }
    if (may(lunette_context_import(context, "plain", "plain", NULL, &results), "import", LUNETTE_OK) &&
        results->type != LUNETTE_INTEGER)
        may(LUNETTE_DEFECT, "the import", LUNETTE_OK);
    lunette_value_free(&results);
    for (int format = LUNETTE_FORMAT_TEXT; format <= LUNETTE_FORMAT_JSON; format++) {
        may(lunette_template_describe(lunette_engine_template(context->engine), (lunette_format)format,
                                      &text),
            "describe", LUNETTE_OK);
        lunette_string_free(&text);
    }
    may(lunette_context_reset(context), "reset", LUNETTE_OK);
}

/* A run that is undone, or refused because it could not be, has changed nothing. */
static void use_snapshots(lunette_context *context) {
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results = NULL;
    uint64_t snapshot;
    size_t bytes;
    options.roll_back = true;
    if (!may(lunette_context_run(context, "x", "x = 1", SIZE_MAX, NULL, NULL), "x", LUNETTE_OK))
        return;
    if (may(lunette_snapshot_take(context, &snapshot), "take", LUNETTE_OK)) {
        run_once(context, "x = 2 return function() end", LUNETTE_OK);
        may(lunette_snapshot_size(context, snapshot, &bytes), "size", LUNETTE_OK);
        may(lunette_snapshot_restore(context, snapshot), "restore", LUNETTE_OK);
        may(lunette_snapshot_drop(context, snapshot), "drop", LUNETTE_OK);
    }
    may(lunette_context_run(context, "y", "x = 3 error('no')", SIZE_MAX, &options, NULL), "undone",
        LUNETTE_RUNTIME_ERROR);
    run_once(context, "assert(x == 1)", LUNETTE_OK);
    bool done = may(lunette_context_run(context, "z", "x = 4", SIZE_MAX, &options, &results), "not undone",
                    LUNETTE_OK);
    lunette_value_free(&results);
    run_once(context, done ? "assert(x == 4)" : "assert(x == 1)", LUNETTE_OK);
    may(lunette_context_reset(context), "reset", LUNETTE_OK);
}

static void open_use_close(const lunette_config *config) {
    lunette_engine *engine;
    lunette_context *context;
    lunette_script *script;
    if (may(lunette_engine_open(config, &engine), "open", LUNETTE_OK)) {
        if (may(lunette_context_acquire(engine, &context), "acquire", LUNETTE_OK)) {
            use(context);
            use_modules(context);
            if (!config->alloc)
                use_snapshots(context);
            lunette_context_release(&context);
        }
        if (may(lunette_script_compile(engine, "s", "return 1", SIZE_MAX, &script), "compile", LUNETTE_OK))
            lunette_script_close(&script);
    }
    lunette_engine_close(&engine);
}

static lunette_config small_config_at(lunette_sandbox level) {
    lunette_config config = kit_config(level);
    config.limits.memory = 8 * MIB;
    config.limits.instructions = 100000;
    static const lunette_function FUNCTIONS[] = {
        {.name = "invoke", .call = invoke, .max_arguments = 1, .parameters = "f: function", .returns = "any"},
        {.name = "keep", .call = remember},
    };
    static const lunette_file FILES[] = {
        {.path = "file.lua", .text = "return {asked = require 'asked'}", .text_size = SIZE_MAX},
        {.path = "plain/init.lua", .text = "return 5", .text_size = SIZE_MAX, .description = "Plain."},
    };
    static const char *const ALLOWED[] = {"file", "asked", "plain"};
    static lunette_require_config require;
    static lunette_module module;
    static const lunette_module *const modules[] = {&module};
    module = lunette_module_default();
    module.name = "";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.close_state = drop_state;
    require = lunette_require_config_default();
    require.files = FILES;
    require.file_count = LN_COUNT(FILES);
    require.resolver = resolve;
    if (config.sandbox != LUNETTE_SANDBOX_NONE) {
        require.allowed = ALLOWED;
        require.allowed_count = LN_COUNT(ALLOWED);
    }
    config.require = &require;
    config.modules = modules;
    config.module_count = 1;
    return config;
}

static lunette_config small_config(void) {
    return small_config_at(LUNETTE_SANDBOX_RESTRICTED);
}

static void open_use_close_of(const void *config) {
    open_use_close(config);
}

static void each_request_to_malloc_fails_once(const lunette_config *config) {
    fail_each_request(open_use_close_of, config, 20);
}

static void every_request_of_the_host_fails_once(void **state) {
    (void)state;
    lunette_config config = small_config();
    each_request_to_malloc_fails_once(&config);
}

static void and_at_level_none(void **state) {
    (void)state;
    lunette_config config = small_config_at(LUNETTE_SANDBOX_NONE);
    each_request_to_malloc_fails_once(&config);
}

/* The error says that it could not be described; the status is the run's. */
static void an_error_that_cannot_be_described(void **state) {
    (void)state;
    lunette_config config = small_config();
    lunette_context *context = kit_open(&config);
    for (size_t n = 1; n <= 3; n++) {
        host.seen = host.count = 0;
        host.fail_at = n;
        host.on = true;
        lunette_status status = kit_run(context, "error({1, 2, 3})");
        host.on = false;
        assert_int_equal(status, LUNETTE_RUNTIME_ERROR);
        const lunette_error *error = lunette_context_error(context);
        assert_non_null(error);
        assert_true(strstr(error->message, "error object") || strstr(error->message, "no memory left"));
    }
    host.count = 0;
    kit_close(context);
}

/* --- A host's allocator --- */

static struct {
    size_t fail_at, seen, blocks;
    bool from_then_on;
} own;

static void *own_alloc(void *ud, void *block, size_t osize, size_t nsize) {
    (void)ud;
    if (nsize == 0) {
        own.blocks -= block != NULL;
        free(block);
        return NULL;
    }
    if (!block || nsize > osize) {
        own.seen++;
        if (own.fail_at != 0 && (own.from_then_on ? own.seen >= own.fail_at : own.seen == own.fail_at))
            return NULL;
    }
    own.blocks += block == NULL;
    return realloc(block, nsize);
}

/* As use(), but what fails in the script is the script's limit. */
static void use_shortly(lunette_context *context) {
    static const char *const TEXTS[] = {"x = {} for i = 1, 20 do x[i] = {i} end return x", "error({1})",
                                        "x = = 1", "return load('return 1')()",
                                        "return coroutine.wrap(function() return 1 end)()"};
    for (size_t i = 0; i < LN_COUNT(TEXTS); i++) {
        lunette_value *results = NULL;
        lunette_status status = lunette_context_run(context, NULL, TEXTS[i], SIZE_MAX, NULL, &results);
        if (status < LUNETTE_OK && status != LUNETTE_NO_MEMORY && status != LUNETTE_WRONG_STATE &&
            !found.where) {
            found.where = TEXTS[i];
            found.wrong = status;
        }
        if (status == LUNETTE_VM_FAULT && !found.where) {
            found.where = TEXTS[i];
            found.wrong = status;
        }
        lunette_value_free(&results);
    }
    may(lunette_context_reset(context), "reset", LUNETTE_OK);
}

static void with_own_allocator(bool from_then_on) {
    lunette_config config = small_config();
    config.alloc = own_alloc;
    config.script_cache = SIZE_MAX;
    size_t n = 0, step = 1;
    do {
        lunette_engine *engine;
        lunette_context *context;
        n += step;
        own.seen = own.blocks = 0;
        own.fail_at = n;
        own.from_then_on = from_then_on;
        found.where = NULL;
        if (may(lunette_engine_open(&config, &engine), "open", LUNETTE_OK)) {
            if (may(lunette_context_acquire(engine, &context), "acquire", LUNETTE_OK)) {
                use_shortly(context);
                lunette_context_release(&context);
            }
        }
        lunette_engine_close(&engine);
        if (found.where)
            fail_msg("request %zu fails: %s answers %s", n, found.where, lunette_status_name(found.wrong));
        if (own.blocks != 0)
            fail_msg("request %zu fails: %zu blocks are lost", n, own.blocks);
        step = n < 50 ? 1 : 3;
    } while (own.seen >= n);
    own.fail_at = 0;
    assert_true(n > 300);
}

static void every_request_to_a_host_allocator_fails_once(void **state) {
    (void)state;
    with_own_allocator(false);
}

static void all_requests_to_a_host_allocator_fail_from_one_on(void **state) {
    (void)state;
    with_own_allocator(true);
}

/* --- The arena --- */

static const char *const BUSY_TEXTS[] = {
    "local t = {} for i = 1, 40 do t[#t + 1] = { i, tostring(i) .. 'x' } end return t",
    "return (('a b c'):gsub('%w', function(c) return c:rep(300) end)), table.concat({ 1, 2, ('x'):rep(2000) }, ',')",
    "local co = coroutine.wrap(function(...) coroutine.yield(...) return select('#', ...) end) return co(1, 2, 3), co()",
    "return load('local a, b = ... return function() return a end')(5)()",
    "error(setmetatable({}, { __tostring = function() return 'said ' .. ('x'):rep(200) end }))",
    "local x = nil; return x.y.z",
    "return pcall(error, { 1 }), xpcall(function() error('x') end, function(m) return { m } end)",
    "print(1, 'two', { 3 }) warn('careful') return function() end, os.date('*t', 0), os.time { year = 2000, month = 1, day = 1 }",
    "local a <close> = setmetatable({}, { __close = function() local t = { 1, 2 } end }) return string.format('%s %q', a, 'x')",
    "for w in ('one two'):gmatch('%a+') do local s = w .. w end return require('math').random()",
    "x = = 1",
    "local function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end return deep(500)",
    "local t = {} t[1] = t return t",
};

static void in_the_arena(void (*inject)(ln_arena *, uint64_t)) {
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = kit_output;
    config.output_ud = &output;
    config.script_cache = SIZE_MAX;
    lunette_context *context = kit_open(&config);
    for (size_t i = 0; i < LN_COUNT(BUSY_TEXTS); i++) {
        lunette_status expected = kit_run(context, BUSY_TEXTS[i]);
        lunette_value *results = NULL;
        if (expected == LUNETTE_OK)
            expected = lunette_context_run(context, NULL, BUSY_TEXTS[i], SIZE_MAX, NULL, &results);
        lunette_value_free(&results);
        uint64_t failures;
        size_t n = 0;
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        do {
            ln_arena_stats stats;
            ln_arena_stats_get(context->vm->arena, &stats);
            failures = stats.failures;
            inject(context->vm->arena, ++n);
            lunette_status status =
                lunette_context_run(context, "=test", BUSY_TEXTS[i], SIZE_MAX, NULL, &results);
            ln_arena_fail_after(context->vm->arena, 0);
            lunette_value_free(&results);
            ln_arena_stats_get(context->vm->arena, &stats);
            failures = stats.failures - failures;
            bool good = status == expected || (failures > 0 && status == LUNETTE_MEMORY_LIMIT);
            /* pcall gives a script the refusal as a result, and then it may go on to fail or to end otherwise */
            good = good || (failures > 0 && strstr(BUSY_TEXTS[i], "pcall") && status >= LUNETTE_OK);
            if (!good)
                fail_msg("request %zu fails: %s from\n%s", n, lunette_status_name(status), BUSY_TEXTS[i]);
            char why[200];
            if (!ln_arena_check(context->vm->arena, why, sizeof why))
                fail_msg("request %zu fails: %s", n, why);
            if (status == LUNETTE_MEMORY_LIMIT)
                assert_non_null(strstr(lunette_context_error(context)->message, "needed more memory"));
            expect_ok(context, "assert(#('x'):rep(1000) == 1000)");
            assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
            assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
        } while (failures > 0);
        assert_true(n > 2);
    }
    kit_close(context);
    kit_clear(&output);
}

static void every_request_in_the_arena_fails_once(void **state) {
    (void)state;
    in_the_arena(ln_arena_fail_after);
}

static void all_requests_in_the_arena_fail_from_one_on(void **state) {
    (void)state;
    in_the_arena(ln_arena_fail_from);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_of_the_host_fails_once),
        cmocka_unit_test(and_at_level_none),
        cmocka_unit_test(an_error_that_cannot_be_described),
        cmocka_unit_test(every_request_to_a_host_allocator_fails_once),
        cmocka_unit_test(all_requests_to_a_host_allocator_fail_from_one_on),
        cmocka_unit_test(every_request_in_the_arena_fails_once),
        cmocka_unit_test(all_requests_in_the_arena_fail_from_one_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
