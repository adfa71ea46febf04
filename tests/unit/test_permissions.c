/* What templates and tenants have less than the engine: permissions, a folder further down, modules. Nothing can be more.
 * When this fails look at ln_sandbox_narrow() in src/lua/sandbox.c and ln_modules_narrow() in src/lua/modules.c. */
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum {
    READ = LUNETTE_PERMIT_FILE_READ,
    WRITE = LUNETTE_PERMIT_FILE_WRITE,
    FILES = READ | WRITE,
    PROCESS = LUNETTE_PERMIT_PROCESS,
    NETWORK = LUNETTE_PERMIT_NETWORK,
    ENVIRONMENT = LUNETTE_PERMIT_ENVIRONMENT,
};

static char root[64];

static void write_file(const char *name, const char *text) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void in_root(int (*what)(const char *), const char *name) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    what(path);
}

static int make_folder(const char *path) {
    return mkdir(path, 0755);
}

static int prepare(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/lunette-permissions-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    in_root(make_folder, "a");
    in_root(make_folder, "a/deep");
    in_root(make_folder, "b");
    write_file("top.txt", "top");
    write_file("a/own.txt", "a's");
    write_file("a/deep/own.txt", "deep");
    write_file("b/own.txt", "b's");
    in_root(unlink, "a/out");
    char link[200];
    snprintf(link, sizeof link, "%s/a/out", root);
    return symlink("../top.txt", link);
}

static int clear(void **state) {
    (void)state;
    static const char *const FILES_MADE[] = {"a/deep/own.txt", "a/own.txt", "a/out",
                                             "a/new",          "b/own.txt", "top.txt"};
    for (size_t i = 0; i < LN_COUNT(FILES_MADE); i++)
        in_root(unlink, FILES_MADE[i]);
    in_root(rmdir, "a/deep");
    in_root(rmdir, "a");
    in_root(rmdir, "b");
    return rmdir(root);
}

/* --- Engines --- */

static lunette_status fetch(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, lunette_call_permits(call, NETWORK) ? "fetched" : "not permitted");
}

static const lunette_function NET_FUNCTIONS[] = {
    {.name = "fetch", .call = fetch, .needs = NETWORK},
    {.name = "about", .call = fetch},
};

static const lunette_preload PRELOAD[] = {
    {.name = "low", .text = "return {name = 'low'}", .text_size = SIZE_MAX},
    {.name = "high", .text = "return {name = 'high on ' .. require 'low'.name}", .text_size = SIZE_MAX},
};

static int open_plain(lua_State *L) {
    lua_newtable(L);
    return 1;
}

static const lunette_lua_module NATIVE[] = {{"plain", open_plain}};

static lunette_engine *open_engine(lunette_sandbox level, const char *const *allow, size_t allow_count) {
    lunette_module net = lunette_module_default(), sums = lunette_module_default();
    const lunette_module *modules[] = {&net, &sums};
    lunette_config config = kit_config(level);
    lunette_engine *engine;
    net.name = "net";
    net.functions = NET_FUNCTIONS;
    net.function_count = LN_COUNT(NET_FUNCTIONS);
    net.automatic = true;
    sums.name = "sums";
    config.modules = modules;
    config.module_count = 2;
    config.module_prefix = level == LUNETTE_SANDBOX_NONE ? NULL : "host.";
    config.preload = PRELOAD;
    config.preload_count = 2;
    config.lua_modules = NATIVE;
    config.lua_module_count = 1;
    config.permissions = FILES | PROCESS | NETWORK | ENVIRONMENT;
    config.root = root;
    config.allow = allow;
    config.allow_count = allow_count;
    if (level == LUNETTE_SANDBOX_NONE) {
        config.permissions = 0;
        config.root = NULL;
    }
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return engine;
}

static void check(lunette_context *context, const char *text, const char *expected) {
    char *got = kit_string(context, text);
    if (strcmp(got, expected) != 0)
        fail_msg("%s\ngives  %s\nnot    %s", text, got, expected);
    free(got);
}

/* Which of the names that permissions bring in are there. */
static const char NAMES[] =
    "local t = {} for n in ('io.open io.lines io.popen io.tmpfile io.type loadfile dofile os.execute os.getenv "
    "os.remove os.rename'):gmatch '%S+' do local v = _G for part in n:gmatch '%w+' do v = v and v[part] end "
    "t[#t + 1] = v and n or nil end return table.concat(t, ' ')";

static const char READ_FILE[] =
    "local function read(n) local f, e = io.open(n) if not f then return e end local t = f:read 'a' f:close() "
    "return t end ";

/* --- Templates --- */

static void a_template_withholds(void **state) {
    (void)state;
    static const struct {
        uint32_t withheld;
        const char *names;
    } CASES[] = {
        {0, "io.open io.lines io.popen io.tmpfile io.type loadfile dofile os.execute os.getenv os.remove "
            "os.rename"},
        {WRITE, "io.open io.lines io.popen io.type loadfile dofile os.execute os.getenv"},
        {READ, "io.open io.popen io.tmpfile io.type os.execute os.getenv os.remove os.rename"},
        {FILES, "io.popen io.type os.execute os.getenv"},
        {PROCESS, "io.open io.lines io.tmpfile io.type loadfile dofile os.getenv os.remove os.rename"},
        {FILES | PROCESS | ENVIRONMENT | NETWORK, ""},
    };
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        lunette_template_config config = lunette_template_config_default();
        lunette_template *of;
        lunette_context *context;
        config.withheld = CASES[i].withheld;
        assert_int_equal(lunette_template_open(engine, &config, &of), LUNETTE_OK);
        assert_int_equal(lunette_context_acquire_from(of, 0, &context), LUNETTE_OK);
        check(context, NAMES, CASES[i].names);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        lunette_template_close(&of);
    }
    lunette_engine_close(&engine);
}

static void functions_that_need_it_go_too(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    lunette_module net = lunette_module_default();
    const lunette_module *modules[] = {&net};
    lunette_template_config config = lunette_template_config_default();
    lunette_template *of;
    lunette_context *context;
    net.name = "net";
    net.functions = NET_FUNCTIONS;
    net.function_count = LN_COUNT(NET_FUNCTIONS);
    net.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    for (int i = 0; i < 2; i++) {
        config.withheld = i == 0 ? 0 : NETWORK;
        assert_int_equal(lunette_template_open(engine, &config, &of), LUNETTE_OK);
        assert_int_equal(lunette_context_acquire_from(of, 0, &context), LUNETTE_OK);
        check(context, "return type(net.fetch) .. ' ' .. net.about()",
              i == 0 ? "function fetched" : "nil not permitted");
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        lunette_template_close(&of);
    }
    lunette_engine_close(&engine);
}

static void a_template_has_a_folder_further_down(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    lunette_template_config config = lunette_template_config_default();
    lunette_template *of;
    lunette_context *context;
    char text[600];
    config.root = "a";
    assert_int_equal(lunette_template_open(engine, &config, &of), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire_from(of, 0, &context), LUNETTE_OK);
    snprintf(text, sizeof text, "%s return read 'own.txt' .. ', ' .. read 'deep/own.txt'", READ_FILE);
    check(context, text, "a's, deep");
    snprintf(text, sizeof text, "%s return read '../top.txt'", READ_FILE);
    check(context, text, "../top.txt: leads out of the folder that scripts may use");
    snprintf(text, sizeof text, "%s return read 'out'", READ_FILE);
    check(context, text, "out: leads out of the folder that scripts may use");
    snprintf(text, sizeof text, "%s return read '%s/top.txt'", READ_FILE, root);
    char *got = kit_string(context, text);
    assert_non_null(strstr(got, "leads out of the folder"));
    free(got);
    expect_ok(
        context,
        "assert(io.open('new', 'w')):close() assert(os.rename('new', 'newer')) assert(os.remove 'newer')");
    expect_ok(context, "assert(not os.rename('own.txt', '../own.txt')) assert(not os.remove '../top.txt')");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_template_close(&of);
    lunette_engine_close(&engine);
}

static void nothing_widens(void **state) {
    (void)state;
    static const struct {
        uint32_t withheld;
        const char *root, *words;
        lunette_status status;
    } CASES[] = {
        {1u << 20, NULL, "config.withheld has a bit that is no permission", LUNETTE_INVALID_ARGUMENT},
        {0, "..", "config.root: '..' leads out of the folder", LUNETTE_INVALID_ARGUMENT},
        {0, "/tmp", "config.root: '/tmp' leads out of the folder", LUNETTE_INVALID_ARGUMENT},
        {0, "a/../..", "config.root: 'a/../..' leads out of the folder", LUNETTE_INVALID_ARGUMENT},
        {0, "nowhere", "config: root: cannot open the folder 'nowhere'", LUNETTE_SYSTEM},
        {0, "top.txt", "config: root: cannot open the folder 'top.txt'", LUNETTE_SYSTEM},
        {FILES, "a", "config.root is given, but FILE_READ and FILE_WRITE are withheld",
         LUNETTE_INVALID_ARGUMENT},
    };
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        lunette_template_config config = lunette_template_config_default();
        lunette_template *of;
        config.withheld = CASES[i].withheld;
        config.root = CASES[i].root;
        assert_int_equal(lunette_template_open(engine, &config, &of), CASES[i].status);
        assert_null(of);
        if (!strstr(lunette_last_failure(), CASES[i].words))
            fail_msg("'%s' instead of '%s'", lunette_last_failure(), CASES[i].words);
    }
    lunette_engine_close(&engine);
    engine = open_engine(LUNETTE_SANDBOX_NONE, NULL, 0);
    lunette_template_config config = lunette_template_config_default();
    lunette_template *of;
    config.withheld = PROCESS;
    assert_int_equal(lunette_template_open(engine, &config, &of), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "level none withholds nothing"));
    config.withheld = 0;
    config.root = "a";
    assert_int_equal(lunette_template_open(engine, &config, &of), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "there is no root folder"));
    lunette_engine_close(&engine);
}

/* A name that config.allow let in goes with the permission all the same. */
static void names_allowed_one_by_one_go_too(void **state) {
    (void)state;
    static const char *const ALLOW[] = {"io.open", "os.execute", "io.popen", "io.read"};
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, ALLOW, LN_COUNT(ALLOW));
    lunette_template_config config = lunette_template_config_default();
    lunette_template *of;
    lunette_context *context;
    config.withheld = FILES | PROCESS;
    assert_int_equal(lunette_template_open(engine, &config, &of), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire_from(of, 0, &context), LUNETTE_OK);
    check(context, NAMES, "os.getenv");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_template_close(&of);
    lunette_engine_close(&engine);
}

/* --- Tenants --- */

static lunette_tenant *open_tenant(lunette_engine *engine, const lunette_tenant_config *config) {
    lunette_tenant *tenant;
    if (lunette_tenant_open(engine, config, &tenant) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return tenant;
}

static void tenants_have_folders_of_their_own(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    lunette_template_config narrower = lunette_template_config_default();
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_template *of;
    lunette_tenant *tenants[3];
    lunette_context *context;
    char text[400];
    narrower.root = "a";
    narrower.withheld = WRITE;
    assert_int_equal(lunette_template_open(engine, &narrower, &of), LUNETTE_OK);
    config.name = "A";
    config.root = "a";
    tenants[0] = open_tenant(engine, &config);
    config.root = "b";
    tenants[1] = open_tenant(engine, &config);
    config.root = "deep";
    config.of = of;
    config.withheld = PROCESS;
    tenants[2] = open_tenant(engine, &config);
    lunette_template_close(&of);
    snprintf(text, sizeof text, "%s return read 'own.txt'", READ_FILE);
    for (int i = 0; i < 30; i++) {
        static const char *const OWN[] = {"a's", "b's", "deep"};
        assert_int_equal(lunette_context_acquire_for(tenants[i % 3], 0, &context), LUNETTE_OK);
        check(context, text, OWN[i % 3]);
        if (i % 3 == 2)
            check(context, NAMES, "io.open io.lines io.type loadfile dofile os.getenv");
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        if (i % 7 == 0) {
            assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
            snprintf(text + strlen(READ_FILE), sizeof text - strlen(READ_FILE), " return read 'top.txt'");
            check(context, text, "top");
            snprintf(text + strlen(READ_FILE), sizeof text - strlen(READ_FILE), " return read 'own.txt'");
            assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        }
    }
    assert_int_equal(lunette_context_acquire_for(tenants[0], 0, &context), LUNETTE_OK);
    lunette_tenant_close(&tenants[0]);
    lunette_tenant_close(&tenants[1]);
    check(context, "return io.open 'own.txt':read 'a'", "a's");
    lunette_engine_close(&engine);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_tenant_close(&tenants[2]);
}

static void tenants_have_modules_of_their_own(void **state) {
    (void)state;
    static const char FOUND[] =
        "local t = {} for n in ('host.net host.sums low high plain string'):gmatch '%S+' do "
        "if pcall(require, n) then t[#t + 1] = n end end return table.concat(t, ' ') .. (net and ' and net' or '')";
    static const char *const SOME[] = {"low", "host.sums"}, *const NATIVES[] = {"plain", "host.net"},
                             *const UNKNOWN[] = {"low", "nothing"}, *const HIGH[] = {"high"},
                             *const HOSTS[] = {"host.*", "plain"}, *const NONE_SUCH[] = {"ho.*"},
                             *const HOLE[] = {NULL};
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    const struct {
        const char *const *modules;
        size_t count;
        const char *found;
    } CASES[] = {
        {NULL, 0, "host.net host.sums low high plain string and net"},
        {SOME, 2, "host.sums low string"},
        {NATIVES, 2, "host.net plain string and net"},
        {HOSTS, 2, "host.net host.sums plain string and net"},
        {SOME, 0, "string"},
    };
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_tenant *tenant;
    lunette_context *context;
    config.name = "M";
    for (size_t i = 0; i < LN_COUNT(CASES); i++) {
        config.modules = CASES[i].modules;
        config.module_count = CASES[i].count;
        tenant = open_tenant(engine, &config);
        assert_int_equal(lunette_context_acquire_for(tenant, 0, &context), LUNETTE_OK);
        check(context, FOUND, CASES[i].found);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        lunette_tenant_close(&tenant);
    }
    config.modules = UNKNOWN;
    config.module_count = 2;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.modules: the template has no module 'nothing'");
    config.modules = NONE_SUCH;
    config.module_count = 1;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.modules: the template has no module 'ho.*'");
    config.modules = HIGH;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_last_failure(), "module 'low' is not allowed"));
    config.modules = HOLE;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.modules[0] is NULL");
    config.modules = NULL;
    assert_int_equal(lunette_tenant_open(engine, &config, &tenant), LUNETTE_INVALID_ARGUMENT);
    assert_string_equal(lunette_last_failure(), "tenant.modules is NULL, but its count is 1");
    config.module_count = 0;
    config.withheld = NETWORK;
    tenant = open_tenant(engine, &config);
    assert_int_equal(lunette_context_acquire_for(tenant, 0, &context), LUNETTE_OK);
    check(context, "return type(net.fetch) .. ' ' .. net.about() .. ' ' .. require 'high'.name",
          "nil not permitted high on low");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_tenant_close(&tenant);
    lunette_engine_close(&engine);
}

static char *describe(const lunette_template *of) {
    char *text;
    assert_int_equal(lunette_template_describe(of, LUNETTE_FORMAT_JSON, &text), LUNETTE_OK);
    return text;
}

static void expect_described(const lunette_tenant *tenant, const char *words, bool there) {
    char *text = describe(lunette_tenant_template(tenant));
    if ((strstr(text, words) != NULL) != there)
        fail_msg("%s is %s\n%s", words, there ? "not there" : "there", text);
    lunette_string_free(&text);
}

/* A host can tell each tenant what its scripts can call: all of it, and nothing more. */
static void what_a_tenant_has_is_described(void **state) {
    (void)state;
    static const char *const SOME[] = {"low", "host.net"};
    static const char *const OTHERS[] = {"\"host.sums\"", "\"high\"", "\"plain\"", "\"io.open\"",
                                         "\"fetch\""};
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, NULL, 0);
    lunette_tenant_config config = lunette_tenant_config_default();
    config.name = "all";
    lunette_tenant *all = open_tenant(engine, &config);
    assert_ptr_equal(lunette_tenant_template(all), lunette_engine_template(engine));
    config.name = "less";
    config.modules = SOME;
    config.module_count = 2;
    config.withheld = NETWORK | FILES;
    lunette_tenant *less = open_tenant(engine, &config);
    expect_described(less, "\"sources\":[{\"require\":\"low\",\"description\":null}]", true);
    expect_described(less, "\"host.net\"", true);
    expect_described(less, "\"about\"", true);
    expect_described(less, "\"string.rep\"", true);
    for (size_t i = 0; i < LN_COUNT(OTHERS); i++) {
        expect_described(all, OTHERS[i], true);
        expect_described(less, OTHERS[i], false);
    }
    assert_string_equal(lunette_template_module(lunette_tenant_template(less), 0), "host.net");
    assert_null(lunette_template_module(lunette_tenant_template(less), 1));
    lunette_tenant_close(&all);
    lunette_tenant_close(&less);
    lunette_engine_close(&engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_withholds),
        cmocka_unit_test(functions_that_need_it_go_too),
        cmocka_unit_test(a_template_has_a_folder_further_down),
        cmocka_unit_test(nothing_widens),
        cmocka_unit_test(names_allowed_one_by_one_go_too),
        cmocka_unit_test(tenants_have_folders_of_their_own),
        cmocka_unit_test(tenants_have_modules_of_their_own),
        cmocka_unit_test(what_a_tenant_has_is_described),
    };
    return cmocka_run_group_tests(tests, prepare, clear);
}
