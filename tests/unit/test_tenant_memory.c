/* Every allocation of the host's fails once, in what test_engine_memory.c leaves out: templates and tenants that have less,
 * modules with types, constants and state, modules of lua_CFunctions, runs that wait, metrics. Each time the answer is one that
 * the headers name, nothing is lost, and objects are closed as often as they were made. */
#include <unistd.h>

#include "failing_host.h"

/* --- What scripts find --- */

static int objects;  /* that the library has */
static int achieved; /* runs that went as they should */

static void close_object(void *ud, void *object) {
    (void)ud;
    (void)object;
    objects--;
}

static const lunette_class THING = {
    .size = sizeof(lunette_class), .name = "Thing", .description = "a thing", .close = close_object};

static lunette_status do_make(void *ud, lunette_call *call) {
    static int thing;
    (void)ud;
    lunette_status status = lunette_return_object(call, &THING, &thing);
    objects += status == LUNETTE_OK;
    return status;
}

static lunette_status do_wait(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_suspend(call, NULL);
}

static lunette_status do_write(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, "written");
}

static int native_free(lua_State *L) {
    objects -= *(int *)lua_touserdata(L, 1);
    *(int *)lua_touserdata(L, 1) = 0;
    return 0;
}

static int native_make(lua_State *L) {
    int *of = lua_newuserdatauv(L, sizeof *of, 0);
    *of = 0;
    luaL_setmetatable(L, "native");
    *of = 1;
    objects++;
    return 1;
}

static int open_native(lua_State *L) {
    luaL_newmetatable(L, "native");
    lua_pushcfunction(L, native_free);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    lua_pushcfunction(L, native_make);
    lua_setfield(L, -2, "make");
    return 1;
}

static const lunette_function FUNCTIONS[] = {
    {.name = "make", .call = do_make, .description = "makes one"},
    {.name = "wait", .call = do_wait, .suspends = true, .returns = "any"},
    {.name = "write", .call = do_write, .needs = LUNETTE_PERMIT_FILE_WRITE},
};
static const lunette_lua_module NATIVE[] = {{"native", open_native}};

/* --- What is done --- */

/* Whether it went as expected. A script's own error may be that the host had no memory. */
static bool went(lunette_context *context, lunette_status status, const char *where,
                 lunette_status expected) {
    const lunette_error *error = status > LUNETTE_OK ? lunette_context_error(context) : NULL;
    if (status == LUNETTE_RUNTIME_ERROR && error && strstr(error->message, "memory"))
        return false;
    achieved += status == expected;
    return may(status, where, expected);
}

static void use_context(lunette_context *context) {
    static const char WAITING[] =
        "local n = require 'native' local a, b = n.make(), host.make() local got = host.wait() "
        "local f = io.open('here') if f then f:close() end return got, #host.made, host.write == nil";
    lunette_value *results = NULL, answer = lunette_text("an answer");
    uint64_t token;
    char *text = NULL;
    lunette_status status = lunette_context_run(context, "waiting", WAITING, SIZE_MAX, NULL, &results);
    if (went(context, status, "run", LUNETTE_SUSPENDED) &&
        may(lunette_context_token(context, &token), "token", LUNETTE_OK)) {
        status = lunette_context_resume(context, token, &answer, 1, &results);
        if (went(context, status, "resume", LUNETTE_OK))
            may(lunette_value_json(results, &text), "json", LUNETTE_OK);
    }
    lunette_string_free(&text);
    lunette_value_free(&results);
    may(lunette_context_reset(context), "reset", LUNETTE_OK);
    went(context,
         lunette_context_run(context, "r", "kept = {host.make(), require 'native'.make()}", SIZE_MAX, NULL,
                             NULL),
         "keep", LUNETTE_OK);
    went(context, lunette_context_import(context, "low", "low", NULL, NULL), "import", LUNETTE_OK);
}

static void use_tenant(lunette_engine *engine, lunette_template *of) {
    static const char *const MODULES[] = {"host", "low", "native"};
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_limits limits = lunette_limits_default();
    lunette_usage usage = {.size = sizeof usage};
    lunette_tenant *tenant;
    lunette_context *context;
    config.name = "tenant";
    config.of = of;
    config.withheld = LUNETTE_PERMIT_ENVIRONMENT;
    config.root = ".";
    config.modules = MODULES;
    config.module_count = 3;
    if (!may(lunette_tenant_open(engine, &config, &tenant), "tenant", LUNETTE_OK))
        return;
    limits.wall_ns = 5000 * MILLISECOND;
    may(lunette_tenant_set_limits(tenant, &limits), "limits", LUNETTE_OK);
    if (may(lunette_context_acquire_for(tenant, 0, &context), "acquire", LUNETTE_OK)) {
        use_context(context);
        lunette_context_release(&context);
    }
    may(lunette_tenant_usage(tenant, &usage), "usage", LUNETTE_OK);
    lunette_tenant_close(&tenant);
}

/* A module that is read from there. */
static char file[] = "test_tenant_memory.XXXXXX";

static int write_module(void **state) {
    (void)state;
    static const char TEXT[] = "return require 'low'[1]";
    int descriptor = mkstemp(file);
    bool written = descriptor >= 0 && write(descriptor, TEXT, strlen(TEXT)) == (ssize_t)strlen(TEXT);
    return written && close(descriptor) == 0 ? 0 : -1;
}

static int remove_module(void **state) {
    (void)state;
    return unlink(file);
}

static void use_engine(lunette_engine *engine) {
    static const lunette_constant CONSTANTS[] = {{.name = "made", .value = {.type = LUNETTE_STRING}}};
    static const lunette_class *const TYPES[] = {&THING};
    static const lunette_preload PRELOAD[] = {
        {.name = "low", .text = "return {1, 2}", .text_size = SIZE_MAX},
        {.name = "from.file", .path = file},
    };
    lunette_constant constant = CONSTANTS[0];
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_template_config config = lunette_template_config_default();
    lunette_template *of;
    char *text = NULL;
    constant.value = lunette_text("by hand");
    module.name = "host";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.constants = &constant;
    module.constant_count = 1;
    module.types = TYPES;
    module.type_count = 1;
    module.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    config.preload = PRELOAD;
    config.preload_count = LN_COUNT(PRELOAD);
    config.lua_modules = NATIVE;
    config.lua_module_count = 1;
    config.withheld = LUNETTE_PERMIT_FILE_WRITE;
    config.root = ".";
    if (may(lunette_module_describe(&module, LUNETTE_FORMAT_JSON, &text), "describe", LUNETTE_OK))
        lunette_string_free(&text);
    if (!may(lunette_template_open(engine, &config, &of), "template", LUNETTE_OK))
        return;
    use_tenant(engine, of);
    if (may(lunette_template_describe(of, LUNETTE_FORMAT_TEXT, &text), "describe template", LUNETTE_OK))
        lunette_string_free(&text);
    if (may(lunette_engine_metrics(engine, (lunette_metrics_form)0, &text), "metrics", LUNETTE_OK))
        lunette_string_free(&text);
    lunette_template_close(&of);
}

static void do_all(const void *ud) {
    (void)ud;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    config.permissions = LUNETTE_PERMIT_FILE_READ | LUNETTE_PERMIT_FILE_WRITE | LUNETTE_PERMIT_ENVIRONMENT;
    config.root = "/tmp";
    config.limits.memory = 8 * MIB;
    config.script_cache = SIZE_MAX;
    objects = 0;
    if (may(lunette_engine_open(&config, &engine), "engine", LUNETTE_OK)) {
        use_engine(engine);
        lunette_engine_close(&engine);
    }
    if (objects != 0)
        may(LUNETTE_DEFECT, "the objects", LUNETTE_OK);
}

static void every_request_fails_once(void **state) {
    (void)state;
    found.where = NULL;
    achieved = 0;
    do_all(NULL);
    assert_int_equal(achieved, 4);
    if (found.where)
        fail_msg("undisturbed: %s answers %s (%s)", found.where, lunette_status_name(found.wrong),
                 lunette_last_failure());
    fail_each_request(do_all, NULL, 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_request_fails_once)};
    return cmocka_run_group_tests(tests, write_module, remove_module);
}
