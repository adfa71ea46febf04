/* require: modules as texts, by the host's files and its resolver; what is allowed; errors that say what was tried. Where
 * these fail, look into src/lua/require.c and sources.c; src/machine/share.c where something is not compiled once. */
#include "support.h"

#include <pthread.h>

#include "base/os.h"

/* --- A host --- */

/* What the resolver was asked for, and by whom. */
static struct {
    int asked;
    lunette_context *context;
} host;

/* Answers by the name's first letter. */
static lunette_status resolve(void *ud, lunette_call *call) {
    const char *name;
    (void)ud;
    host.asked++;
    host.context = lunette_call_context(call);
    lunette_status status = lunette_arg_string(call, 1, &name, NULL);
    if (status != LUNETTE_OK)
        return status;
    switch (*name) {
    case 't':
        return lunette_return_text(call, "return {name = ..., where = select(2, ...)}");
    case 'c':
        lunette_return_text(call, "error('inside', 1)");
        return lunette_return_text(call, "rules/vat.lua");
    case 's':
        lunette_return_text(call, "return +");
        return lunette_return_text(call, "@broken.lua");
    case 'b':
        return lunette_return_string(call, "\x1bLua", 4);
    case 'f':
        return lunette_call_fail(call, "the database is down");
    case 'i':
        return lunette_return_integer(call, 7);
    case 'd':
        return lunette_return_boolean(call, true);
    case 'n':
        lunette_return_nil(call);
        return lunette_return_text(call, "no row 'n' in table 'modules'");
    case 'w':
        return lunette_call_suspend(call, NULL);
    default:
        return LUNETTE_OK;
    }
}

#define FILE_OF(name, content) \
    { .path = (name), .text = (content), .text_size = SIZE_MAX }

static const lunette_file FILES[] = {
    FILE_OF("shop.lua", "local prices = require 'shop.prices' return {prices = prices, name = ..., "
                        "where = select(2, ...)}"),
    FILE_OF("shop/prices/init.lua", "loads = (loads or 0) + 1 return {apple = 3}"),
    FILE_OF("shop/init.lua", "error 'the second pattern comes second'"),
    FILE_OF("nothing.lua", "ran = true"),
    FILE_OF("falsy.lua", "return false"),
    FILE_OF("broken.lua", "return return"),
    FILE_OF("raises.lua", "local x = 1\nerror('no luck')"),
    FILE_OF("a.lua", "return require 'b'"),
    FILE_OF("b.lua", "return require 'c'"),
    FILE_OF("c.lua", "return require 'a'"),
    FILE_OF("itself.lua", "require 'itself'"),
    FILE_OF("yields.lua", "return coroutine.yield('from inside') + 1"),
    FILE_OF("counted.lua", "count = (count or 0) + 1 return count"),
    FILE_OF("bytecode.lua", "\x1bLua"),
    FILE_OF("loops.lua", "while true do end"),
    {.path = "zero.lua", .text = "return 'a\0b'", .text_size = 12, .description = "Has a zero in it."},
};

static lunette_require_config require_all(void) {
    lunette_require_config require = lunette_require_config_default();
    require.files = FILES;
    require.file_count = LN_COUNT(FILES);
    require.resolver = resolve;
    return require;
}

static lunette_context *open_with(const lunette_require_config *require, lunette_sandbox level) {
    lunette_config config = kit_config(level);
    config.require = require;
    host.asked = 0;
    return kit_open(&config);
}

static lunette_context *open_all(lunette_sandbox level) {
    lunette_require_config require = require_all();
    return open_with(&require, level);
}

static void expect_message(lunette_context *context, const char *text, const char *message,
                           lunette_error_kind kind) {
    expect_status(context, text, LUNETTE_RUNTIME_ERROR);
    const lunette_error *error = lunette_context_error(context);
    assert_string_equal(error->message, message);
    assert_int_equal(error->kind, kind);
}

/* --- Files --- */

static void files_are_modules(void **state) {
    (void)state;
    static const lunette_sandbox LEVELS[] = {LUNETTE_SANDBOX_RESTRICTED, LUNETTE_SANDBOX_NONE};
    for (size_t i = 0; i < LN_COUNT(LEVELS); i++) {
        lunette_context *context = open_all(LEVELS[i]);
        for (int round = 0; round < 4; round++) {
            expect_ok(context,
                      "local shop, where = require 'shop'\n"
                      "assert(shop.name == 'shop' and shop.where == 'shop.lua' and where == 'shop.lua')\n"
                      "assert(shop.prices.apple == 3 and shop.prices == require 'shop.prices')\n"
                      "assert(require 'shop' == shop and loads == 1)\n"
                      "assert(require 'nothing' == true and ran)\n"
                      "assert(require 'zero' == 'a\\0b')\n"
                      "assert(require 'counted' == 1 and require 'counted' == 1 and count == 1)");
            lunette_context_reset(context);
        }
        assert_int_equal(host.asked, 0);
        kit_close(context);
    }
}

/* A module that gave false is there, unless it is Lua's own require that looks. */
static void a_false_module_is_one(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    expect_ok(context, "assert(require 'falsy' == false and require 'falsy' == false)");
    kit_close(context);
}

static void search_paths_are_the_hosts(void **state) {
    (void)state;
    lunette_require_config require = require_all();
    require.search_path = ";;lib/?/?.lua;shop/?/init.lua;";
    const lunette_file more[] = {FILE_OF("lib/x/x.lua", "return 'twice'"), FILES[1]};
    require.files = more;
    require.file_count = LN_COUNT(more);
    lunette_context *context = open_with(&require, LUNETTE_SANDBOX_RESTRICTED);
    expect_ok(context, "assert(require 'x' == 'twice' and require 'prices'.apple == 3)");
    expect_message(context, "require 'a.b'",
                   "module 'a.b' not found:\n\tnot registered in this sandbox\n\tno file 'lib/a/b/a/b.lua'\n"
                   "\tno file 'shop/a/b/init.lua'\n\tunknown to the host",
                   LUNETTE_ERROR_MODULE);
    kit_close(context);
}

/* --- Errors --- */

static void errors_say_what_was_tried(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    expect_message(context, "require 'no.such'",
                   "module 'no.such' not found:\n\tnot registered in this sandbox\n\tno file 'no/such.lua'\n"
                   "\tno file 'no/such/init.lua'\n\tno row 'n' in table 'modules'",
                   LUNETTE_ERROR_MODULE);
    assert_int_equal(lunette_context_error(context)->line, 1);
    expect_message(context, "require 'broken'",
                   "error loading module 'broken' from 'broken.lua':\n\tbroken.lua:1: unexpected symbol near "
                   "'return'",
                   LUNETTE_ERROR_MODULE);
    expect_message(context, "require 'raises'", "no luck", LUNETTE_ERROR_GENERIC);
    assert_string_equal(lunette_context_error(context)->chunk, "raises.lua");
    assert_int_equal(lunette_context_error(context)->line, 2);
    expect_message(context, "require 'bytecode'",
                   "error loading module 'bytecode' from 'bytecode.lua':\n\tattempt to load a binary chunk "
                   "(mode is 't')",
                   LUNETTE_ERROR_MODULE);
    expect_message(context, "require 'a\\0b'", "bad argument #1 to 'require' (string contains zeros)",
                   LUNETTE_ERROR_GENERIC);
    expect_message(context, "require {}", "bad argument #1 to 'require' (string expected, got table)",
                   LUNETTE_ERROR_TYPE);
    expect_ok(context,
              "local ok, message = pcall(require, ('x'):rep(100000)) assert(not ok and #message > 3e5)");
    expect_ok(context, "for i = 1, 3 do assert(not pcall(require, 'raises')) end");
    kit_close(context);
}

static void loops_are_shown(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    for (int round = 0; round < 3; round++) {
        expect_message(context, "require 'a'",
                       "loop in require: module 'a' is still being loaded\n\t'a' requires 'b'\n"
                       "\t'b' requires 'c'\n\t'c' requires 'a'",
                       LUNETTE_ERROR_MODULE);
        assert_string_equal(lunette_context_error(context)->chunk, "c.lua");
        expect_message(context, "require 'c'",
                       "loop in require: module 'c' is still being loaded\n\t'c' requires 'a'\n"
                       "\t'a' requires 'b'\n\t'b' requires 'c'",
                       LUNETTE_ERROR_MODULE);
        expect_message(context, "require 'itself'",
                       "loop in require: module 'itself' is still being loaded\n\t'itself' requires 'itself'",
                       LUNETTE_ERROR_MODULE);
    }
    expect_ok(context,
              "local function deep(n) if n == 0 then return require 'counted' end return (deep(n - 1)) end "
              "assert(deep(5000) == 1)");
    kit_close(context);
}

static void modules_may_yield(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    expect_ok(context, "local co = coroutine.wrap(function() return require 'yields' end)\n"
                       "assert(co() == 'from inside') assert(co(41) == 42) assert(require 'yields' == 42)");
    kit_close(context);
}

/* --- The resolver --- */

static void the_resolver_answers(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    expect_ok(
        context,
        "local t, where = require 'tax' assert(t.name == 'tax' and t.where == 'tax' and where == 'tax')\n"
        "assert(require 'tax' == t)");
    assert_int_equal(host.asked, 1);
    assert_ptr_equal(host.context, context);
    expect_message(context, "require 'case'", "inside", LUNETTE_ERROR_GENERIC);
    assert_string_equal(lunette_context_error(context)->chunk, "rules/vat.lua");
    expect_message(context, "require 'syntax'",
                   "error loading module 'syntax' from 'broken.lua':\n\tbroken.lua:1: unexpected symbol near "
                   "'+'",
                   LUNETTE_ERROR_MODULE);
    expect_message(context, "require 'bin'",
                   "error loading module 'bin' from 'bin':\n\tattempt to load a binary chunk (mode is 't')",
                   LUNETTE_ERROR_MODULE);
    expect_message(context, "require 'fails'", "the database is down", LUNETTE_ERROR_GENERIC);
    assert_int_equal(lunette_context_error(context)->line, 1);
    expect_message(context, "require 'integer'",
                   "the host answered a number for module 'integer', not its text", LUNETTE_ERROR_GENERIC);
    expect_message(context, "require 'done'", "the host answered a boolean for module 'done', not its text",
                   LUNETTE_ERROR_GENERIC);
    expect_message(context, "require 'other'",
                   "module 'other' not found:\n\tnot registered in this sandbox\n\tno file 'other.lua'\n"
                   "\tno file 'other/init.lua'\n\tunknown to the host",
                   LUNETTE_ERROR_MODULE);
    expect_message(context, "require 'waits'",
                   "the resolver of modules cannot wait: it has to answer at once", LUNETTE_ERROR_GENERIC);
    kit_close(context);
}

static void lua_s_own_require_asks_too(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_NONE);
    expect_ok(
        context,
        "assert(require 'tax'.where == 'tax')\n"
        "local ok, message = pcall(require, 'no.such')\n"
        "assert(not ok and message:find(\"no file 'no/such.lua'\\n\\tno file 'no/such/init.lua'\", 1, true))\n"
        "assert(message:find(\"\\n\\tno row 'n' in table 'modules'\", 1, true), message)\n"
        "assert(message:find('/', 1, true))\n"
        "ok, message = pcall(require, 'broken')\n"
        "assert(not ok and message:find(\"error loading module 'broken' from 'broken.lua'\", 1, true))");
    kit_close(context);
}

/* It is a function of the host's: its calls and its time are the script's. */
static lunette_status sleep_and_answer(void *ud, lunette_call *call) {
    uint64_t until = ln_os_now() + 30 * MILLISECOND;
    (void)ud;
    while (ln_os_now() < until)
        ;
    return lunette_return_text(call, "return 1");
}

static void a_slow_resolver_is_the_scripts(void **state) {
    (void)state;
    lunette_require_config require = lunette_require_config_default();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    require.resolver = sleep_and_answer;
    config.require = &require;
    config.limits.wall_ns = 10 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    expect_status(context, "pcall(require, 'x') while true do end", LUNETTE_TIME_LIMIT);
    kit_close(context);
    config.limits.wall_ns = 0;
    config.limits.host_calls = 2;
    context = kit_open(&config);
    expect_status(context, "require 'x' require 'y' pcall(require, 'z')", LUNETTE_HOST_CALL_LIMIT);
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_int_equal(stats.host_calls, 2);
    kit_close(context);
}

/* --- Killed in the middle --- */

static void a_module_that_never_ends_is_ended(void **state) {
    (void)state;
    lunette_require_config require = require_all();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.require = &require;
    config.limits.wall_ns = 30 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    for (int round = 0; round < 3; round++) {
        expect_status(context, "pcall(require, 'loops')", LUNETTE_TIME_LIMIT);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
        expect_ok(context, "assert(require 'counted' == 1)");
        lunette_context_reset(context);
    }
    kit_close(context);
}

/* Wherever a deadline finds it: asking, compiling for others, loading, running. What is left behind, leak checkers tell. */
static void deadlines_anywhere(void **state) {
    (void)state;
    enum { STATEMENTS = 4000 };
    static char text[STATEMENTS * 24];
    const lunette_file large = {.path = "large.lua", .text = text, .text_size = SIZE_MAX};
    lunette_require_config require = lunette_require_config_default();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    int ended = 0, finished = 0;
    for (int i = 0; i < STATEMENTS; i++)
        snprintf(text + strlen(text), 24, "x%d = %d ", i % 50, i);
    require.files = &large;
    require.file_count = 1;
    config.require = &require;
    options.limits = &limits;
    for (int round = 0; round < 12; round++) {
        lunette_context *context = kit_open(&config);
        limits.wall_ns = round == 11 ? 20000 * MILLISECOND : (uint64_t)20000 << round;
        for (int i = 0; i < 4; i++) {
            lunette_status status = lunette_context_import(context, "large", NULL, &options, NULL);
            ended += status == LUNETTE_TIME_LIMIT;
            finished += status == LUNETTE_OK;
            lunette_context_reset(context);
        }
        kit_close(context);
    }
    assert_int_equal(ended + finished, 48);
    assert_true(finished > 0);
}

/* --- Which may be had --- */

static lunette_status nothing(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, lunette_call_name(call));
}

static void only_what_is_allowed(void **state) {
    (void)state;
    static const char *const ALLOWED[] = {"shop", "host.game.*", "host.now", "shop.prices", "tax"};
    static const lunette_function FUNCTIONS[] = {{.name = "f", .call = nothing}};
    static const char *const NAMES[] = {"game.map", "game", "now", "secret", ""};
    static const lunette_preload PRELOAD[] = {
        {.name = "unwanted", .text = "ran = 1", .text_size = SIZE_MAX},
        {.name = "host.game.lua", .text = "return 5", .text_size = SIZE_MAX}};
    lunette_module modules[LN_COUNT(NAMES)];
    const lunette_module *list[LN_COUNT(NAMES)];
    for (size_t i = 0; i < LN_COUNT(NAMES); i++) {
        modules[i] = lunette_module_default();
        modules[i].name = NAMES[i];
        modules[i].functions = FUNCTIONS;
        modules[i].function_count = 1;
        modules[i].automatic = i == 2 || i == 3;
        modules[i].lazy = i == 0;
        list[i] = &modules[i];
    }
    lunette_require_config require = require_all();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    require.allowed = ALLOWED;
    require.allowed_count = LN_COUNT(ALLOWED);
    config.require = &require;
    config.modules = list;
    config.module_count = LN_COUNT(NAMES);
    config.module_prefix = "host.";
    config.preload = PRELOAD;
    config.preload_count = LN_COUNT(PRELOAD);
    lunette_context *context = kit_open(&config);
    expect_ok(
        context,
        "assert(require 'shop'.prices.apple == 3 and require 'tax')\n"
        "assert(require 'host.game.map'.f() == 'game.map.f' and require 'host.now' == now)\n"
        "assert(now and not secret and f and not ran and require 'host.game.lua' == 5)\n"
        "assert(require 'string' == string)\n"
        "for _, name in ipairs{'host.game', 'host.secret', 'counted', 'other', 'unwanted', 'host.game.'} do\n"
        "  local ok, message = pcall(require, name)\n"
        "  assert(not ok and message == \"module '\" .. name .. \"' is not allowed in this sandbox\", message)\n"
        "end");
    expect_message(context, "require 'counted'", "module 'counted' is not allowed in this sandbox",
                   LUNETTE_ERROR_PERMISSION);
    assert_string_equal(lunette_template_module(lunette_engine_template(context->engine), 0),
                        "host.game.map");
    assert_string_equal(lunette_template_module(lunette_engine_template(context->engine), 1), "host.now");
    assert_string_equal(lunette_template_module(lunette_engine_template(context->engine), 2), "");
    kit_close(context);
    require.allowed_count = 0;
    context = kit_open(&config);
    expect_ok(context,
              "assert(not pcall(require, 'shop') and not pcall(require, 'host.now') and not now and f)");
    kit_close(context);
}

/* A tenant has fewer: of files, of what the resolver knows; what its modules keep is found as ever. */
static lunette_status keep(void *ud, lunette_call *call) {
    static int kept;
    (void)ud;
    lunette_status status = lunette_call_set_state(call, &kept);
    return status == LUNETTE_OK ? lunette_return_boolean(call, lunette_call_state(call) == &kept) : status;
}

static void tenants_have_fewer(void **state) {
    (void)state;
    static const lunette_function KEEPING[] = {{.name = "keep", .call = keep}};
    static const char *const LEFT[] = {"counted", "tax", "last"}, *const WRONG[] = {"no such"};
    lunette_module first = lunette_module_default(), last;
    const lunette_module *modules[] = {&first, &last};
    lunette_require_config require = require_all();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_tenant_config fewer = lunette_tenant_config_default();
    lunette_tenant *tenant;
    lunette_engine *engine;
    lunette_context *context;
    first.functions = KEEPING;
    first.function_count = 1;
    last = first;
    first.name = "first";
    last.name = "last";
    config.modules = modules;
    config.module_count = 2;
    config.require = &require;
    fewer.name = "fewer";
    fewer.modules = LEFT;
    fewer.module_count = LN_COUNT(LEFT);
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    assert_int_equal(lunette_tenant_open(engine, &fewer, &tenant), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &context), LUNETTE_OK);
    expect_ok(context,
              "assert(require 'counted' == 1 and require 'tax'.name == 'tax')\n"
              "assert(require 'last'.keep() and require 'last'.keep())\n"
              "for _, name in ipairs{'first', 'shop', 'tale', 'nothing'} do\n"
              "  local ok, message = pcall(require, name)\n"
              "  assert(not ok and message:find('is not allowed in this sandbox', 1, true), message)\n"
              "end");
    lunette_context_release(&context);
    lunette_tenant_close(&tenant);
    lunette_engine_close(&engine);
    config.require = NULL;
    fewer.modules = WRONG;
    fewer.module_count = 1;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    assert_int_equal(lunette_tenant_open(engine, &fewer, &tenant), LUNETTE_INVALID_ARGUMENT);
    lunette_engine_close(&engine);
}

/* --- Templates, contexts, copies --- */

static void templates_have_their_own(void **state) {
    (void)state;
    lunette_context *first = open_all(LUNETTE_SANDBOX_RESTRICTED), *second;
    char path[] = "mine.lua", text[] = "return 'of the template'";
    const lunette_file mine = {.path = path, .text = text, .text_size = sizeof text - 1};
    static const lunette_preload PRELOAD[] = {
        {.name = "early", .text = "return require 'mine'", .text_size = SIZE_MAX}};
    lunette_require_config require = lunette_require_config_default();
    lunette_template_config config = lunette_template_config_default();
    lunette_template *template;
    require.files = &mine;
    require.file_count = 1;
    config.require = &require;
    config.preload = PRELOAD;
    config.preload_count = 1;
    assert_int_equal(lunette_template_open(first->engine, &config, &template), LUNETTE_OK);
    memset(path, 'x', sizeof path - 1);
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(lunette_context_acquire_from(template, 0, &second), LUNETTE_OK);
    expect_ok(second, "assert(require 'mine' == 'of the template' and require 'early' == require 'mine')\n"
                      "assert(not pcall(require, 'shop'))");
    expect_ok(first, "assert(not pcall(require, 'mine') and require 'shop')");
    lunette_context_release(&second);
    lunette_template_close(&template);
    kit_close(first);
}

/* Whether machines share an image here: under valgrind, say, there is no room for that. */
static bool shares_images(lunette_context *context) {
    lunette_engine_info info = {.size = sizeof info};
    assert_int_equal(lunette_engine_info_get(context->engine, &info), LUNETTE_OK);
    return info.relocatable;
}

/* The resolver is asked for what preloaded modules require; there is no context yet, if they run once for all. */
static void preloaded_modules_get_there_too(void **state) {
    (void)state;
    static const lunette_preload PRELOAD[] = {
        {.name = "early", .text = "return require 'tax'.name", .text_size = SIZE_MAX}};
    lunette_require_config require = require_all();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.require = &require;
    config.preload = PRELOAD;
    config.preload_count = 1;
    host.context = (lunette_context *)&host;
    lunette_context *context = kit_open(&config);
    if (shares_images(context))
        assert_null(host.context);
    expect_ok(context, "assert(require 'early' == 'tax')");
    kit_close(context);
}

/* Where machines share no image, or are to be the same each time, nothing is compiled for others. */
static void other_engines_parse(void **state) {
    (void)state;
    lunette_require_config require = require_all();
    for (int i = 0; i < 3; i++) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        config.require = &require;
        config.alloc = i == 0 ? kit_host_alloc : NULL;
        config.deterministic = i == 1;
        config.script_cache = i == 2 ? SIZE_MAX : 0;
        lunette_context *context = kit_open(&config);
        for (int round = 0; round < 4; round++) {
            expect_ok(context, "assert(require 'shop'.prices.apple == 3 and require 'tax'.name == 'tax')");
            lunette_context_reset(context);
        }
        kit_close(context);
    }
}

static bool is_kept(lunette_engine *engine, const char *name, const char *text) {
    ln_seen_key key;
    bool again;
    if (!ln_seen_key_make(engine->setup.cache, name, text, strlen(text), &key))
        return false;
    ln_code *code = ln_seen_find(engine->setup.cache, &key, &again);
    bool kept = code != NULL;
    ln_code_release(&code);
    return kept;
}

/* Compiled when it is seen again, and what came out loads in every context. */
static void a_module_is_compiled_once(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    for (int round = 0; round < 4; round++) {
        expect_ok(context, "assert(require 'counted' == 1 and count == 1)");
        lunette_context_reset(context);
        assert_int_equal(is_kept(context->engine, "@counted.lua", FILES[12].text),
                         round >= 1 && shares_images(context));
    }
    expect_ok(context, "for i = 1, 10 do assert(not pcall(require, 'broken')) end");
    assert_false(is_kept(context->engine, "@broken.lua", FILES[5].text));
    kit_close(context);
}

/* Several threads, each with contexts of its own, compile and load the same modules. */
enum { THREADS = 4, ROUNDS = 200 };

static void *require_often(void *ud) {
    lunette_engine *engine = ud;
    lunette_context *context;
    size_t bad = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (lunette_context_acquire(engine, &context) != LUNETTE_OK) {
            bad++;
            continue;
        }
        char text[120];
        snprintf(text, sizeof text,
                 "assert(require 'shop'.prices.apple == 3 and require 't%d'.name == 't%d')", i % 20, i % 20);
        bad += kit_run(context, text) != LUNETTE_OK;
        lunette_context_release(&context);
    }
    return (void *)(uintptr_t)bad;
}

static lunette_status same_text(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, "return {name = ...}");
}

static void threads_share_them(void **state) {
    (void)state;
    lunette_require_config require = require_all();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    pthread_t threads[THREADS];
    require.resolver = same_text;
    config.require = &require;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, require_often, engine), 0);
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    lunette_engine_close(&engine);
}

/* --- Importing --- */

static lunette_error_kind kind_of(const lunette_context *context) {
    const lunette_error *error = lunette_context_error(context);
    return error ? error->kind : LUNETTE_ERROR_GENERIC;
}

static void hosts_import(void **state) {
    (void)state;
    static const lunette_sandbox LEVELS[] = {LUNETTE_SANDBOX_RESTRICTED, LUNETTE_SANDBOX_STRICT,
                                             LUNETTE_SANDBOX_NONE};
    for (size_t i = 0; i < LN_COUNT(LEVELS); i++) {
        lunette_context *context = open_all(LEVELS[i]);
        lunette_value *value;
        assert_int_equal(lunette_context_import(context, "shop.prices", NULL, NULL, &value), LUNETTE_OK);
        assert_int_equal(lunette_value_get(value, "apple")->as.integer, 3);
        lunette_value_free(&value);
        expect_ok(context, "require = nil");
        assert_int_equal(lunette_context_import(context, "counted", "how_many", NULL, NULL), LUNETTE_OK);
        assert_int_equal(lunette_context_import(context, "counted", "the_same", NULL, NULL), LUNETTE_OK);
        assert_int_equal(lunette_context_import(context, "zero", NULL, NULL, &value), LUNETTE_OK);
        assert_int_equal(value->as.string.size, 3);
        lunette_value_free(&value);
        value = kit_results(context, "return how_many, the_same, zero", __LINE__);
        assert_int_equal(lunette_value_at(value, 0)->as.integer, 1);
        assert_int_equal(lunette_value_at(value, 1)->as.integer, 1);
        assert_int_equal(lunette_value_at(value, 2)->type, LUNETTE_NIL);
        lunette_value_free(&value);
        kit_close(context);
    }
}

static void imports_fail_as_scripts_do(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    lunette_run_options options = lunette_run_options_default();
    lunette_value *value = (lunette_value *)&options, seven = lunette_integer(7);
    assert_int_equal(lunette_context_import(context, "no.such", "x", NULL, &value), LUNETTE_RUNTIME_ERROR);
    assert_null(value);
    assert_int_equal(kind_of(context), LUNETTE_ERROR_MODULE);
    assert_int_equal(lunette_context_import(context, "raises", "x", NULL, NULL), LUNETTE_RUNTIME_ERROR);
    assert_string_equal(lunette_context_error(context)->chunk, "raises.lua");
    expect_ok(context, "assert(x == nil)");
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 20 * MILLISECOND;
    options.limits = &limits;
    assert_int_equal(lunette_context_import(context, "loops", NULL, &options, NULL), LUNETTE_TIME_LIMIT);
    assert_int_equal(lunette_context_import(context, NULL, NULL, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_import(context, "", NULL, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_import(context, "shop", "", NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_import(NULL, "shop", NULL, NULL, NULL), LUNETTE_INVALID_ARGUMENT);
    options.arguments = &seven;
    options.argument_count = 1;
    assert_int_equal(lunette_context_import(context, "shop", NULL, &options, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "options has arguments"));
    kit_close(context);
}

/* What is waited for in a module's own code is answered later. */
static lunette_status later(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_suspend(call, NULL);
}

static void modules_may_wait(void **state) {
    (void)state;
    static const lunette_function FUNCTIONS[] = {{.name = "later", .call = later, .suspends = true}};
    static const lunette_file WAITING[] = {FILE_OF("waiting.lua", "return {answer = later()}")};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_require_config require = lunette_require_config_default();
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_value *value = NULL, answer = lunette_integer(42);
    uint64_t token;
    module.name = "";
    module.functions = FUNCTIONS;
    module.function_count = 1;
    require.files = WAITING;
    require.file_count = 1;
    config.require = &require;
    config.modules = modules;
    config.module_count = 1;
    lunette_context *context = kit_open(&config);
    assert_int_equal(lunette_context_import(context, "waiting", "w", NULL, &value), LUNETTE_SUSPENDED);
    assert_null(value);
    assert_int_equal(lunette_context_token(context, &token), LUNETTE_OK);
    assert_int_equal(lunette_context_resume(context, token, &answer, 1, &value), LUNETTE_OK);
    assert_int_equal(lunette_value_get(lunette_value_at(value, 0), "answer")->as.integer, 42);
    lunette_value_free(&value);
    expect_ok(context, "assert(w.answer == 42 and require 'waiting' == w)");
    kit_close(context);
}

/* --- What is refused --- */

static void refuse(const lunette_require_config *require, lunette_sandbox level, const char *words) {
    lunette_config config = kit_config(level);
    lunette_engine *engine;
    config.require = require;
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status != LUNETTE_INVALID_ARGUMENT || !strstr(lunette_last_failure(), words))
        fail_msg("%s: %s (expected: %s)", lunette_status_name(status), lunette_last_failure(), words);
}

static void what_is_wrong_is_said(void **state) {
    (void)state;
    static const lunette_file NAMELESS[] = {FILE_OF("", "return 1")}, EMPTY[] = {{.path = "x"}},
                              TWO[] = {FILE_OF("b", ""), FILE_OF("a", ""), FILE_OF("b", "")};
    static const char *const NOBODY[] = {"x", NULL}, *const NONE[] = {""};
    char longest[1100];
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const lunette_file far = FILE_OF(longest, "");
    const lunette_file later = {.path = "x", .text = "", .reserved = {[1] = longest}};
    const struct {
        lunette_require_config require;
        const char *words;
    } CASES[] = {
        {{.size = 3}, "lunette_require_config.size is 3"},
        {{.files = NAMELESS, .file_count = 1}, "config.require.files[0] (''): it has no path"},
        {{.files = EMPTY, .file_count = 1}, "config.require.files[0] ('x'): its text is NULL"},
        {{.files = &later, .file_count = 1},
         "config.require.files[0] ('x'): its reserved fields must be NULL"},
        {{.files = &far, .file_count = 1}, "its path is longer than 1023 bytes"},
        {{.files = TWO, .file_count = 3}, "config.require.files: there are two 'b'"},
        {{.file_count = 1}, "config.require.files is NULL, but its count is 1"},
        {{.allowed_count = 2}, "config.require.allowed is NULL, but its count is 2"},
        {{.allowed = NOBODY, .allowed_count = 2}, "config.require.allowed[1] is no name"},
        {{.allowed = NONE, .allowed_count = 1}, "config.require.allowed[0] is no name"},
        {{.search_path = "?;lib"}, "the pattern 'lib' is without a '?'"},
        {{.search_path = longest}, "is longer than 1023 bytes"},
    };
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        lunette_require_config require = CASES[i].require;
        if (require.size == 0)
            require.size = sizeof require;
        refuse(&require, LUNETTE_SANDBOX_RESTRICTED, CASES[i].words);
    }
    lunette_require_config require = lunette_require_config_default();
    require.allowed = NOBODY;
    require.allowed_count = 1;
    refuse(&require, LUNETTE_SANDBOX_NONE, "the sandbox level none confines nothing");
}

/* The names by which files are found are told, those that none is found by are not. */
static void descriptions_name_them(void **state) {
    (void)state;
    lunette_context *context = open_all(LUNETTE_SANDBOX_RESTRICTED);
    char *text;
    assert_int_equal(
        lunette_template_describe(lunette_engine_template(context->engine), LUNETTE_FORMAT_TEXT, &text),
        LUNETTE_OK);
    assert_non_null(strstr(text, "- `require \"shop.prices\"`\n"));
    assert_non_null(strstr(text, "- `require \"zero\"`: Has a zero in it.\n"));
    assert_non_null(strstr(text, "- `require \"shop\"`\n"));
    assert_non_null(strstr(text, "- others, which the host looks for when they are required\n"));
    assert_non_null(strstr(text, "- `require \"shop.init\"`\n"));
    assert_null(strstr(text, "shop.prices.init"));
    lunette_string_free(&text);
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_modules),
        cmocka_unit_test(a_false_module_is_one),
        cmocka_unit_test(search_paths_are_the_hosts),
        cmocka_unit_test(errors_say_what_was_tried),
        cmocka_unit_test(loops_are_shown),
        cmocka_unit_test(modules_may_yield),
        cmocka_unit_test(the_resolver_answers),
        cmocka_unit_test(lua_s_own_require_asks_too),
        cmocka_unit_test(a_slow_resolver_is_the_scripts),
        cmocka_unit_test(a_module_that_never_ends_is_ended),
        cmocka_unit_test(deadlines_anywhere),
        cmocka_unit_test(only_what_is_allowed),
        cmocka_unit_test(tenants_have_fewer),
        cmocka_unit_test(templates_have_their_own),
        cmocka_unit_test(preloaded_modules_get_there_too),
        cmocka_unit_test(other_engines_parse),
        cmocka_unit_test(a_module_is_compiled_once),
        cmocka_unit_test(threads_share_them),
        cmocka_unit_test(hosts_import),
        cmocka_unit_test(imports_fail_as_scripts_do),
        cmocka_unit_test(modules_may_wait),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(descriptions_name_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
