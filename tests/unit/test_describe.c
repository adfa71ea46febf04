/* Descriptions: what is told about modules is what scripts find, in Markdown and in JSON. Where these fail, look into
 * src/base/describe.c (writing), src/lua/describe.c and modules.c (what there is), src/engine/describe.c. */
#include "support.h"

#include <jansson.h>

#include "base/describe.h"

static lunette_status nothing(void *ud, lunette_call *call) {
    (void)ud;
    (void)call;
    return LUNETTE_OK;
}

static const lunette_function METHODS[] = {
    {.name = "deposit",
     .call = nothing,
     .min_arguments = 2,
     .max_arguments = 2,
     .parameters = "amount: integer",
     .returns = "balance: integer",
     .description = "Puts money in."},
    {.name = "close", .call = nothing, .min_arguments = 1, .max_arguments = 1},
};
static const lunette_function METAMETHODS[] = {{.name = "__len", .call = nothing, .max_arguments = -1}};

static const lunette_function FUNCTIONS[] = {
    {.name = "price",
     .call = nothing,
     .min_arguments = 1,
     .max_arguments = 2,
     .parameters = "item: string, options: {string: boolean}?",
     .returns = "number, reason: string?",
     .description = "What it costs.\nIn cents."},
    {.name = "each", .call = nothing, .max_arguments = -1, .parameters = "f: function(a: T, b) -> T, ..."},
    {.name = "untold", .call = nothing, .min_arguments = 1, .max_arguments = 3},
    {.name = "any", .call = nothing, .min_arguments = 1, .max_arguments = -1},
    {.name = "connect", .call = nothing, .needs = LUNETTE_PERMIT_NETWORK},
};

static const lunette_constant CONSTANTS[] = {
    {.name = "VAT", .value = {.type = LUNETTE_NUMBER, .as.number = 0.19}, .description = "The \"tax\"."},
};

static const lunette_class ACCOUNT = {
    .size = sizeof(lunette_class),
    .name = "Account",
    .version = 2,
    .description = "Somebody's money.",
    .methods = METHODS,
    .method_count = LN_COUNT(METHODS),
    .metamethods = METAMETHODS,
    .metamethod_count = LN_COUNT(METAMETHODS),
};

static const lunette_class *const TYPES[] = {&ACCOUNT};

static lunette_module shop(void) {
    lunette_module module = lunette_module_default();
    module.name = "big.shop";
    module.version = "1.2";
    module.description = "Sells things.";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.constants = CONSTANTS;
    module.constant_count = LN_COUNT(CONSTANTS);
    module.types = TYPES;
    module.type_count = 1;
    return module;
}

/* --- One module --- */

static const char AS_TEXT[] =
    "## big.shop 1.2\n\n"
    "Sells things.\n\n"
    "    local shop = require \"big.shop\"\n\n"
    "- `shop.price(item: string, options: {string: boolean}?) -> number, reason: string?`: What it costs.\n"
    "  In cents.\n"
    "- `shop.each(f: function(a: T, b) -> T, ...)`\n"
    "- `shop.untold(argument1, argument2?, argument3?)`\n"
    "- `shop.any(argument1, ...)`\n"
    "- `shop.connect()`\n"
    "- `shop.VAT = 0.19`: The \"tax\".\n"
    "\n### Type Account, version 2\n\n"
    "Somebody's money.\n\n"
    "- `account:deposit(amount: integer) -> balance: integer`: Puts money in.\n"
    "- `account:close()`\n"
    "- `__len(...)`\n"
    "\n";

static void a_module_as_text(void **state) {
    (void)state;
    lunette_module module = shop();
    char *text;
    assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_TEXT, &text), LUNETTE_OK);
    assert_string_equal(text, AS_TEXT);
    lunette_string_free(&text);
}

static json_t *read_json(char *text) {
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (!json)
        fail_msg("%s in %s", error.text, text);
    lunette_string_free(&text);
    return json;
}

static void expect_json(const json_t *json, const char *expected) {
    char *written = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    assert_string_equal(written, expected);
    free(written);
}

#define member(object, name) json_object_get(object, name)

static void a_module_as_json(void **state) {
    (void)state;
    lunette_module module = shop();
    char *text;
    assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_JSON, &text), LUNETTE_OK);
    json_t *json = read_json(text);
    const json_t *functions = member(json, "functions"), *type = json_array_get(member(json, "types"), 0);
    assert_string_equal(json_string_value(member(json, "require")), "big.shop");
    assert_int_equal(json_array_size(functions), LN_COUNT(FUNCTIONS));
    expect_json(
        json_array_get(functions, 0),
        "{\"name\":\"price\",\"signature\":\"shop.price(item: string, options: {string: boolean}?) -> "
        "number, reason: string?\",\"parameters\":[{\"name\":\"item\",\"type\":\"string\",\"optional\":"
        "false},{\"name\":\"options\",\"type\":\"{string: boolean}\",\"optional\":true}],\"returns\":["
        "{\"name\":null,\"type\":\"number\",\"optional\":false},{\"name\":\"reason\",\"type\":\"string\","
        "\"optional\":true}],\"min_arguments\":1,\"max_arguments\":2,\"description\":\"What it costs.\\n"
        "In cents.\"}");
    expect_json(member(json_array_get(functions, 1), "parameters"),
                "[{\"name\":\"f\",\"type\":\"function(a: T, b) -> T\",\"optional\":false},{\"name\":\"...\","
                "\"type\":null,\"optional\":false}]");
    expect_json(member(json_array_get(functions, 1), "max_arguments"), "null");
    expect_json(member(json_array_get(functions, 2), "parameters"), "null");
    expect_json(member(json, "constants"), "[{\"name\":\"VAT\",\"type\":\"number\",\"value\":0.19,"
                                           "\"description\":\"The \\\"tax\\\".\"}]");
    expect_json(member(json_array_get(member(type, "methods"), 0), "min_arguments"), "1");
    expect_json(member(json_array_get(member(type, "methods"), 1), "max_arguments"), "0");
    expect_json(member(type, "version"), "2");
    json_decref(json);
}

static void signatures_are_taken_apart(void **state) {
    (void)state;
    static const struct {
        const char *list;
        bool results;
        const char *parts; /* "name|type|?;…" */
    } CASES[] = {
        {"", false, ""},
        {"  ", false, ""},
        {"a", false, "a||;"},
        {" a , b? ,c:integer ?", false, "a||;b||?;c|integer|?;"},
        {"a: b, c", true, "a|b|;|c|;"},
        {"number?", true, "|number|?;"},
        {"f: (a, b) -> c, d: map<x, y>", false, "f|(a, b) -> c|;d|map<x, y>|;"},
        {"...: string", false, "...|string|;"},
        {"a: >, b", false, "a|>|;b||;"},
        {"a,", false, "a||;"},
    };
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        char parts[200] = "";
        const char *list = CASES[i].list;
        ln_parameter part;
        while (ln_parameter_next(&list, CASES[i].results, &part))
            snprintf(parts + strlen(parts), sizeof parts - strlen(parts), "%.*s|%.*s|%s;",
                     (int)part.name_size, part.name ? part.name : "", (int)part.type_size,
                     part.type ? part.type : "", part.optional ? "?" : "");
        assert_string_equal(parts, CASES[i].parts);
    }
    ln_parameter part;
    const char *none = NULL;
    assert_false(ln_parameter_next(&none, false, &part));
}

/* --- A template --- */

static lunette_engine *open_engine(uint32_t permissions, lunette_sandbox sandbox) {
    static const lunette_preload PRELOAD[] = {
        {.name = "helpers", .text = "return {}", .text_size = SIZE_MAX}};
    lunette_module sells = shop(), globals = lunette_module_default();
    const lunette_module *modules[] = {&sells, &globals};
    lunette_config config = kit_config(sandbox);
    lunette_engine *engine = NULL;
    globals.name = "";
    globals.functions = FUNCTIONS;
    globals.function_count = 1;
    config.modules = modules;
    config.module_count = 2;
    config.module_prefix = "host.";
    config.preload = PRELOAD;
    config.preload_count = 1;
    config.permissions = permissions;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return engine;
}

static json_t *describe(lunette_engine *engine) {
    char *text = NULL;
    lunette_status status =
        lunette_template_describe(lunette_engine_template(engine), LUNETTE_FORMAT_JSON, &text);
    if (status != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return read_json(text);
}

/* The engine has copied everything: what it was opened with is gone. */
static void a_template_tells_what_is_there(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(0, LUNETTE_SANDBOX_RESTRICTED);
    json_t *json = describe(engine), *first = json_array_get(member(json, "modules"), 0);
    const json_t *second = json_array_get(member(json, "modules"), 1);
    assert_string_equal(json_string_value(member(first, "require")), "host.big.shop");
    assert_int_equal(json_array_size(member(first, "functions")), LN_COUNT(FUNCTIONS) - 1);
    assert_int_equal(json_array_size(member(json_array_get(member(first, "types"), 0), "methods")), 2);
    expect_json(member(second, "require"), "null");
    expect_json(member(second, "automatic"), "true");
    expect_json(member(json, "sources"), "[{\"require\":\"helpers\",\"description\":null}]");
    expect_json(member(json, "resolves"), "false");
    assert_string_equal(lunette_template_module(lunette_engine_template(engine), 0), "host.big.shop");
    assert_string_equal(lunette_template_module(lunette_engine_template(engine), 1), "");
    assert_null(lunette_template_module(lunette_engine_template(engine), 2));
    json_decref(json);
    lunette_engine_close(&engine);
    engine = open_engine(LUNETTE_PERMIT_NETWORK, LUNETTE_SANDBOX_RESTRICTED);
    json = describe(engine);
    first = json_array_get(member(json, "modules"), 0);
    assert_int_equal(json_array_size(member(first, "functions")), LN_COUNT(FUNCTIONS));
    json_decref(json);
    lunette_engine_close(&engine);
}

/* What is told of Lua's library is what a script finds, no more and no less. */
static void the_library_is_the_script_s(void **state) {
    (void)state;
    static const lunette_sandbox LEVELS[] = {LUNETTE_SANDBOX_RESTRICTED, LUNETTE_SANDBOX_STRICT,
                                             LUNETTE_SANDBOX_NONE};
    static const char COUNT[] =
        "local n = 0\n"
        "for name, value in pairs(_G) do n = n + (type(value) == 'table' and name ~= '_G' and 0 or 1) end\n"
        "for _, name in ipairs{'string','table','math','utf8','os','io','debug','coroutine','package'} do\n"
        "  for _ in pairs(_G[name] or {}) do n = n + 1 end\n"
        "end return n - 1"; /* the host's own price() */
    for (size_t i = 0; i < LN_COUNT(LEVELS); i++) {
        lunette_engine *engine = open_engine(0, LEVELS[i]);
        json_t *json = describe(engine);
        size_t told = json_array_size(member(json, "library"));
        lunette_context *context;
        assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
        if (LEVELS[i] == LUNETTE_SANDBOX_STRICT) {
            expect_json(member(json, "library"), "[\"print\"]");
        } else {
            lunette_value *results = kit_results(context, COUNT, __LINE__);
            assert_int_equal(told, lunette_value_at(results, 0)->as.integer);
            lunette_value_free(&results);
        }
        json_decref(json);
        lunette_context_release(&context);
        lunette_engine_close(&engine);
    }
}

/* Where there is no require, nothing is told of it. */
static void without_require(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(0, LUNETTE_SANDBOX_STRICT);
    char *text;
    assert_int_equal(lunette_template_describe(lunette_engine_template(engine), LUNETTE_FORMAT_TEXT, &text),
                     LUNETTE_OK);
    assert_null(strstr(text, "require"));
    assert_non_null(strstr(text, "    shop  -- where the host imports it\n"));
    assert_non_null(strstr(text, "## Lua's own library\n\n- `print`\n"));
    lunette_string_free(&text);
    lunette_engine_close(&engine);
}

static void a_template_as_text(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(0, LUNETTE_SANDBOX_RESTRICTED);
    char *text;
    assert_int_equal(lunette_template_describe(lunette_engine_template(engine), LUNETTE_FORMAT_TEXT, &text),
                     LUNETTE_OK);
    const char *end = strstr(text, "## Globals");
    assert_non_null(end);
    assert_non_null(strstr(text, "local shop = require \"host.big.shop\"\n"));
    char *stop = strstr(text, "`collectgarbage`");
    assert_non_null(stop);
    *stop = '\0';
    assert_string_equal(
        end,
        "## Globals\n\n"
        "- `price(item: string, options: {string: boolean}?) -> number, reason: string?`: What it costs.\n"
        "  In cents.\n\n"
        "## Other modules\n\n- `require \"helpers\"`\n\n"
        "## Lua's own library\n\n- `_G`, `_VERSION`, `assert`, ");
    lunette_string_free(&text);
    lunette_engine_close(&engine);
}

static void what_is_no_module_is_refused(void **state) {
    (void)state;
    char *text = (char *)state;
    lunette_module module = shop(), nameless = lunette_module_default();
    lunette_function broken = {0};
    lunette_engine *engine = open_engine(0, LUNETTE_SANDBOX_STRICT);
    assert_int_equal(lunette_module_describe(NULL, LUNETTE_FORMAT_TEXT, &text), LUNETTE_INVALID_ARGUMENT);
    assert_null(text);
    assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_TEXT, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_module_describe(&module, (lunette_format)7, &text), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_module_describe(&nameless, LUNETTE_FORMAT_JSON, &text),
                     LUNETTE_INVALID_ARGUMENT);
    module.functions = &broken;
    assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_JSON, &text), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "a function has no name"));
    module.function_count = 0;
    lunette_value odd = {.type = (lunette_type)99};
    const lunette_constant constant = {.name = "odd", .value = odd};
    module.constants = &constant;
    assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_JSON, &text), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_module_describe(&module, LUNETTE_FORMAT_TEXT, &text), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_template_describe(NULL, LUNETTE_FORMAT_TEXT, &text), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_template_describe(lunette_engine_template(engine), (lunette_format)-1, &text),
                     LUNETTE_INVALID_ARGUMENT);
    assert_null(lunette_engine_template(NULL));
    assert_null(lunette_template_module(NULL, 0));
    lunette_engine_close(&engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_as_text),
        cmocka_unit_test(a_module_as_json),
        cmocka_unit_test(signatures_are_taken_apart),
        cmocka_unit_test(a_template_tells_what_is_there),
        cmocka_unit_test(the_library_is_the_script_s),
        cmocka_unit_test(a_template_as_text),
        cmocka_unit_test(without_require),
        cmocka_unit_test(what_is_no_module_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
