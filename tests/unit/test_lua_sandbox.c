/* The sandbox: at each level a script reaches what the one table of names says, and nothing else; and what stands in for
 * Lua's own functions refuses what it is there to refuse. */
#include "support.h"

static const lunette_sandbox LEVELS[] = {LUNETTE_SANDBOX_STRICT, LUNETTE_SANDBOX_RESTRICTED,
                                         LUNETTE_SANDBOX_NONE};

static int width(lunette_sandbox level) {
    return level == LUNETTE_SANDBOX_STRICT ? 0 : level == LUNETTE_SANDBOX_RESTRICTED ? 1 : 2;
}

/* --- What is there --- */

/* Has the Lua at hand this name? */
static bool lua_has(lua_State *L, const lunette_name *name) {
    lua_pushglobaltable(L);
    bool there = !*name->library || lua_getfield(L, -1, name->library) == LUA_TTABLE;
    there = there && lua_getfield(L, -1, name->name) != LUA_TNIL;
    lua_settop(L, 0);
    return there;
}

/* "string.format", or "print". */
static void full_name(const lunette_name *name, char *to, size_t size) {
    snprintf(to, size, "%s%s%s", name->library, *name->library ? "." : "", name->name);
}

/* The lines of a walk that a level with these exceptions must give. */
static kit_text expected_lines(lua_State *L, lunette_sandbox level, const char *allow, const char *deny) {
    kit_text text = {0};
    const lunette_name *name;
    char line[100], last[20] = "";
    kit_add(&text, "", 0);
    for (size_t i = 0; (name = lunette_sandbox_name(i)); i++) {
        full_name(name, line, sizeof line);
        bool there = width(name->level) <= width(level) || (allow && strcmp(allow, line) == 0);
        if (!there || (deny && strcmp(deny, line) == 0) || !lua_has(L, name))
            continue;
        kit_add(&text, line, strlen(line));
        kit_add(&text, "\n", 1);
        if (*name->library && strcmp(name->library, last) != 0) {
            snprintf(last, sizeof last, "%s", name->library);
            kit_add(&text, last, strlen(last));
            kit_add(&text, "\n", 1);
        }
    }
    kit_sort_lines(&text);
    return text;
}

/* Of the walk's lines the paths alone, and of these no more than two steps. What the walk met in "package.loaded"
 * first is in the globals as well. */
static kit_text names_of_walk(const kit_text *walk) {
    kit_text text = {0};
    const char *line = walk->bytes;
    kit_add(&text, "", 0);
    while (*line) {
        static const char LOADED[] = "package.loaded.";
        bool again = strncmp(line, LOADED, strlen(LOADED)) == 0;
        line += again ? strlen(LOADED) : 0;
        size_t size = strcspn(line, "\n"), path = strcspn(line, " \n");
        size_t dots = 0;
        for (size_t i = 0; i < path; i++)
            dots += line[i] == '.';
        if (path > 0 && dots < 2 && (dots == 1 || !again) && *line != '(' && !memchr(line, '<', path) &&
            !memchr(line, '[', path)) {
            kit_add(&text, line, path);
            kit_add(&text, "\n", 1);
        }
        line += size + 1;
    }
    kit_sort_lines(&text);
    return text;
}

static void check_names(lua_State *L, const lunette_config *config, const char *allow, const char *deny) {
    char about[120];
    snprintf(about, sizeof about, "level %d allow %s deny %s", (int)config->sandbox,
             allow ? allow : "nothing", deny ? deny : "nothing");
    lunette_context *context = kit_open(config);
    kit_text walk = kit_walk_context(context, false, false, false);
    kit_text actual = names_of_walk(&walk), expected = expected_lines(L, config->sandbox, allow, deny);
    kit_assert_same_lines(actual.bytes, expected.bytes, about);
    kit_clear(&walk);
    kit_clear(&actual);
    kit_clear(&expected);
    kit_close(context);
}

static void each_level_has_the_names_of_the_table(void **state) {
    (void)state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_settop(L, 0);
    for (size_t i = 0; i < LN_COUNT(LEVELS); i++) {
        lunette_config config = kit_config(LEVELS[i]);
        check_names(L, &config, NULL, NULL);
    }
    lua_close(L);
}

static void single_names_are_allowed_and_denied(void **state) {
    (void)state;
    const lunette_name *name;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_settop(L, 0);
    for (size_t i = 0; (name = lunette_sandbox_name(i)); i++) {
        char full[60];
        const char *list[] = {full};
        full_name(name, full, sizeof full);
        if (strcmp(name->library, "package") == 0 || !lua_has(L, name))
            continue; /* `package.loaded` is as wide as what is in it */
        for (size_t k = 0; k < 2; k++) {
            lunette_config config = kit_config(LEVELS[k]);
            config.allow = list;
            config.allow_count = 1;
            check_names(L, &config, full, NULL);
            config.deny = list;
            config.deny_count = 1;
            check_names(L, &config, NULL, full);
        }
    }
    lua_close(L);
}

static void whole_libraries_are_allowed_and_denied(void **state) {
    (void)state;
    const char *io[] = {"io", "os.getenv"}, *string[] = {"string", "math", "print"};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.allow = io;
    config.allow_count = 2;
    config.deny = string;
    config.deny_count = 3;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "assert(io.open and io.write and io.stdout and os.getenv)\n"
                       "assert(not os.execute and not string and not math and not print and not os.exit)\n"
                       "assert(not pcall(function() return ('x'):upper() end))\n"
                       "assert(not pcall(require, 'string'))");
    kit_close(context);
    config.sandbox = LUNETTE_SANDBOX_NONE;
    config.allow_count = 0;
    context = kit_open(&config);
    expect_ok(context, "assert(not string.rep and not math.sin and not print and io.open)");
    kit_close(context);
}

static void a_name_lua_has_is_in_the_table(void **state) {
    (void)state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_settop(L, 0);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *library = lua_tostring(L, 2);
        bool base = strcmp(library, LUA_GNAME) == 0;
        for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
            const lunette_name *name;
            bool found = base && lua_type(L, 5) == LUA_TTABLE; /* a library */
            for (size_t i = 0; !found && (name = lunette_sandbox_name(i)); i++)
                found = strcmp(name->library, base ? "" : library) == 0 &&
                        strcmp(name->name, lua_tostring(L, 4)) == 0;
            if (!found)
                fail_msg("names.h does not know %s.%s", library, lua_tostring(L, 4));
        }
    }
    lua_close(L);
}

static void unknown_names_are_refused(void **state) {
    (void)state;
    static const char *const WRONG[] = {"strung", "string.",    "string.formats", ".print",
                                        "",       "os.getenv ", "_G.print",       "string.format.x"};
    for (size_t i = 0; i < LN_COUNT(WRONG); i++) {
        lunette_engine *engine = (lunette_engine *)&engine;
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        const char *list[] = {"print", WRONG[i]};
        config.allow = list;
        config.allow_count = 2;
        assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
        assert_null(engine);
        assert_non_null(strstr(lunette_last_failure(), "config.allow[1]"));
        assert_non_null(strstr(lunette_last_failure(), WRONG[i]));
        config.deny = list;
        config.deny_count = 2;
        config.allow_count = 0;
        assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_INVALID_ARGUMENT);
        assert_non_null(strstr(lunette_last_failure(), "config.deny[1]"));
    }
}

/* A walk over the registry, which only C can see: nothing is kept there that a script could be given. The userdata is
 * the state of math.random; the text is there for releases that would make it too late (build.c). */
static void the_registry_holds_nothing_else(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    kit_text walk = kit_walk_context(context, true, false, false);
    const char *line = walk.bytes;
    while ((line = strstr(line, "\n(registry)"))) {
        static const char *const KNOWN[] = {
            " table",   "[1] thread",          "[2] table",
            "._LOADED", "[userdata] userdata", "[userdata] error in error handling"};
        bool known = false;
        line += strlen("\n(registry)");
        for (size_t i = 0; i < LN_COUNT(KNOWN); i++)
            known = known || strncmp(line, KNOWN[i], strlen(KNOWN[i])) == 0;
        if (!known)
            fail_msg("in the registry: %.60s", line);
    }
    kit_clear(&walk);
    kit_close(context);
}

/* The metatable of strings is its own library's, with nothing in it that Lua's own has and the sandbox has not. */
static void the_string_metatable_is_locked(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "assert(getmetatable('') == false)\n"
                       "assert(not pcall(setmetatable, '', {}))\n"
                       "assert(('x').dump == nil and ('x').rep == string.rep)\n"
                       "string.trim = function(s) return 'trimmed' end\n"
                       "assert((' x '):trim() == 'trimmed')\n"
                       "assert(not pcall(function() return ('x') + {} end))");
    kit_text walk = kit_walk_context(context, false, false, false);
    assert_non_null(strstr(walk.bytes, "(string).__index table"));
    assert_non_null(strstr(walk.bytes, "(string).__metatable boolean"));
    kit_clear(&walk);
    kit_close(context);
}

/* --- What is refused --- */

static void bytecode_is_refused(void **state) {
    (void)state;
    static const char *const SCRIPT =
        "local code = ...\n"
        "local function pieces(size)\n"
        "  local at = 1\n"
        "  return function()\n"
        "    local piece = code:sub(at, at + size - 1)\n"
        "    at = at + size\n"
        "    return piece ~= '' and piece or nil\n"
        "  end\n"
        "end\n"
        "for _, mode in ipairs { 'b', 'bt', 't', 'x' } do\n"
        "  for _, source in ipairs { code, pieces(1), pieces(7), pieces(1 << 20) } do\n"
        "    local f, message = load(source, 'c', mode)\n"
        "    assert(f == nil and message:find('binary'), message)\n"
        "  end\n"
        "end\n"
        "local f, message = load(code)\n"
        "assert(f == nil and message:find('binary chunk'))\n"
        "assert(load('return 1', 'c', 'b') == nil)\n"
        "assert(string.dump == nil and ('').dump == nil)\n";
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    assert_int_equal(luaL_dostring(L, "return string.dump(load('return 1'))"), LUA_OK);
    size_t size;
    const char *code = lua_tolstring(L, -1, &size);
    lunette_context *context = kit_restricted();
    lunette_run_options options = lunette_run_options_default();
    lunette_value argument = lunette_string(code, size);
    options.arguments = &argument;
    options.argument_count = 1;
    lunette_status status = lunette_context_run(context, "=test", SCRIPT, SIZE_MAX, &options, NULL);
    kit_check_status(context, SCRIPT, status, LUNETTE_OK, __LINE__);
    assert_int_equal(lunette_context_run(context, "b", code, size, NULL, NULL), LUNETTE_SYNTAX_ERROR);
    options.allow_bytecode = true;
    assert_int_equal(lunette_context_run(context, "b", code, size, &options, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_non_null(strstr(lunette_last_failure(), "allow_bytecode"));
    kit_close(context);
    context = kit_level(LUNETTE_SANDBOX_NONE);
    assert_int_equal(lunette_context_run(context, "b", code, size, NULL, NULL), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(lunette_context_run(context, "b", code, size, &options, NULL), LUNETTE_OK);
    expect_ok(context, "assert(load(string.dump(load('return 7')))() == 7)");
    kit_close(context);
    lua_close(L);
}

static void strict_shows_no_addresses(void **state) {
    (void)state;
    static const char *const ALLOW[] = {
        "string", "tostring", "coroutine", "pcall",  "error",    "setmetatable", "select", "table",
        "type",   "load",     "xpcall",    "assert", "tonumber", "ipairs",       "_G",     "pairs"};
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_STRICT);
    config.allow = ALLOW;
    config.allow_count = LN_COUNT(ALLOW);
    config.output = kit_output;
    config.output_ud = &output;
    lunette_context *context = kit_open(&config);
    expect_ok(
        context,
        "local named = setmetatable({}, { __name = 'price' })\n"
        "local things = { {}, print, function() end, coroutine.create(print), named, _G, string.format }\n"
        "for _, v in ipairs(things) do\n"
        "  print(v, tostring(v), string.format('%s|%10s|%-5s', v, v, v))\n"
        "  print(select(2, pcall(error, v)), select(2, pcall(string.format, '%d', v)))\n"
        "  print(select(2, pcall(function() return v .. 'x' end)))\n"
        "  for _, f in ipairs { '%p', '%10p', '%%%p', '%5s%-20p', '%-+ #0p' } do\n"
        "    assert(not pcall(string.format, f, v, v), f)\n"
        "  end\n"
        "end\n"
        "assert(string.format('%%p %d %q', 5, 'x') == '%p 5 \"x\"')\n"
        "assert(tostring(setmetatable({}, { __tostring = function() return 'mine' end })) == 'mine')\n"
        "assert(not pcall(tostring, setmetatable({}, { __tostring = function() return 1 and {} end })))\n"
        "print(1, 2.5, 'text', nil, true)\n");
    assert_non_null(strstr(output.bytes, "table: hidden"));
    assert_non_null(strstr(output.bytes, "price: hidden"));
    assert_non_null(strstr(output.bytes, "1\t2.5\ttext\tnil\ttrue\n"));
    if (strstr(output.bytes, "0x"))
        fail_msg("an address: %.60s", strstr(output.bytes, "0x"));
    assert_int_equal(kit_run(context, "error({})"), LUNETTE_RUNTIME_ERROR);
    assert_null(strstr(lunette_context_error(context)->message, "0x"));
    kit_close(context);
    kit_clear(&output);
    context = kit_restricted();
    expect_ok(context, "assert(tostring({}):find('0x') and string.format('%p', {}):find('0x'))");
    kit_close(context);
}

static void strict_alone_prints(void **state) {
    (void)state;
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_STRICT);
    config.output = kit_output;
    config.output_ud = &output;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "print('hello', 1, {}) print() print(nil)");
    assert_string_equal(output.bytes, "hello\t1\ttable: hidden\n\nnil\n");
    kit_close(context);
    kit_clear(&output);
}

static void finalizers_are_refused(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "ran = false\n"
                       "local function finalize() ran = true end\n"
                       "for _, gc in ipairs { finalize, false, 1, 'x', {} } do\n"
                       "  local ok, message = pcall(setmetatable, {}, { __gc = gc })\n"
                       "  assert(not ok and message:find('__gc'), message)\n"
                       "end\n"
                       "local mt = {}\n"
                       "local t = setmetatable({}, mt)\n"
                       "mt.__gc = finalize\n"
                       "assert(not pcall(setmetatable, {}, mt))\n"
                       "local hidden = setmetatable({}, { __index = { __gc = finalize } })\n"
                       "setmetatable({}, hidden)\n"
                       "t, hidden = nil, nil\n"
                       "local waste = {}\n"
                       "for i = 1, 300000 do waste[i % 100] = { i } end\n"
                       "assert(not ran)\n");
    expect_ok(
        context,
        "local locked = setmetatable({}, { __metatable = 'locked' })\n"
        "assert(getmetatable(locked) == 'locked')\n"
        "local ok, message = pcall(setmetatable, locked, {})\n"
        "assert(not ok and message:find('protected metatable'))\n"
        "assert(not pcall(setmetatable, {}) and not pcall(setmetatable, {}, 1) and not pcall(setmetatable))\n"
        "assert(setmetatable(locked ~= nil and {} or {}, nil))\n");
    kit_close(context);
}

static void the_collector_only_counts(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(
        context,
        "local before = collectgarbage('count')\n"
        "assert(math.type(before) == 'float' and before > 5 and before < 1000)\n"
        "local t = {} for i = 1, 1000 do t[i] = { i } end\n"
        "assert(collectgarbage('count') > before + 30)\n"
        "assert(collectgarbage() == 0 and collectgarbage('collect') == 0)\n"
        "assert(collectgarbage('step') == true and collectgarbage('isrunning') == true)\n"
        "for _, option in ipairs { 'stop', 'restart', 'incremental', 'generational', 'setpause', 'x' } do\n"
        "  assert(not pcall(collectgarbage, option))\n"
        "end\n");
    kit_close(context);
    context = kit_level(LUNETTE_SANDBOX_NONE);
    expect_ok(context, "collectgarbage('stop') collectgarbage('restart') collectgarbage('generational')");
    kit_close(context);
}

static void require_finds_libraries_only(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context,
              "assert(require 'string' == string and require 'math' == math and require '_G' == _G)\n"
              "for _, name in ipairs { 'io', 'debug', 'package', 'test', './x', '/etc/passwd', '' } do\n"
              "  local ok, message = pcall(require, name)\n"
              "  assert(not ok and message:find('is not registered'), message)\n"
              "end\n"
              "assert(package == nil and io == nil and debug == nil and dofile == nil and loadfile == nil)\n"
              "assert(os.getenv == nil and os.execute == nil and os.exit == nil and os.remove == nil)\n");
    kit_close(context);
    const char *allow[] = {"package"};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.allow = allow;
    config.allow_count = 1;
    context = kit_open(&config);
    expect_ok(context, "assert(package.loaded.string == string and package.loaded._G == _G)\n"
                       "package.loaded.mine = { 1 }\n"
                       "assert(require('mine')[1] == 1)");
    kit_close(context);
}

static void load_stays_in_the_sandbox(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_ok(context, "assert(load('return _ENV')() == _G and load('return io')() == nil)\n"
                       "local env = { x = 5 }\n"
                       "assert(load('return x, _ENV', 'c', 't', env)() == 5)\n"
                       "assert(not pcall(load('return x'), nil) or load('return x')() == nil)\n"
                       "local ok = pcall(load('return x', 'c', 't', nil))\n"
                       "assert(not ok)");
    kit_close(context);
}

static void locales_are_the_processes(void **state) {
    (void)state;
    lunette_context *context = kit_level(LUNETTE_SANDBOX_NONE);
    expect_ok(context, "assert(os.setlocale() == 'C' and os.setlocale('C') == 'C')\n"
                       "assert(os.setlocale('de_DE.UTF-8') == nil and os.setlocale('') == nil)\n"
                       "assert(not pcall(os.setlocale, 'C', 'nothing'))");
    kit_close(context);
}

/* --- Chance --- */

static void chance_differs_from_tenant_to_tenant(void **state) {
    (void)state;
    static const char *const DICE = "local t = {} for i = 1, 8 do t[i] = math.random(0) end\n"
                                    "return table.concat(t, ' ')";
    lunette_context *context = kit_restricted();
    char *first = kit_string(context, DICE);
    char *next = kit_string(context, DICE);
    assert_string_not_equal(first, next);
    free(next);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        next = kit_string(context, DICE);
        assert_string_not_equal(first, next);
        free(first);
        first = next;
    }
    free(first);
    expect_ok(context, "local a, b = math.randomseed() local c, d = math.randomseed()\n"
                       "assert(a ~= c and b ~= d)\n"
                       "math.randomseed(42) local x = math.random(0)\n"
                       "math.randomseed(42) assert(x == math.random(0))");
    kit_close(context);
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.deterministic = true;
    context = kit_open(&config);
    first = kit_string(context, DICE);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    next = kit_string(context, DICE);
    assert_string_equal(first, next);
    free(first);
    free(next);
    kit_close(context);
}

/* --- Warnings --- */

/* Whether warnings are on belongs to the state: it comes back with a snapshot, and begins anew with a reset. */
static void warnings_are_of_the_state(void **state) {
    (void)state;
    kit_text heard = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    uint64_t snapshot;
    config.warning = kit_warning;
    config.warning_ud = &heard;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "warn('@off')");
    assert_int_equal(lunette_snapshot_take(context, &snapshot), LUNETTE_OK);
    expect_ok(context, "warn('@on') warn('1')");
    assert_int_equal(lunette_snapshot_restore(context, snapshot), LUNETTE_OK);
    expect_ok(context, "warn('2')");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_ok(context, "warn('3')");
    kit_add(&heard, "", 0);
    assert_non_null(strchr(heard.bytes, '1'));
    assert_null(strchr(heard.bytes, '2'));
    assert_non_null(strchr(heard.bytes, '3'));
    kit_close(context);
    kit_clear(&heard);
}

static void warnings_reach_the_host(void **state) {
    (void)state;
    kit_text heard = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.warning = kit_warning;
    config.warning_ud = &heard;
    lunette_context *context = kit_open(&config);
    expect_ok(context,
              "warn('one') warn('@off') warn('two') warn('@on') warn('th', 'r', 'ee') warn('@unknown')");
    assert_string_equal(heard.bytes, "one\nthree\n");
    expect_ok(context, "warn('@off')");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_ok(context, "warn('again')");
    assert_string_equal(heard.bytes, "one\nthree\nagain\n");
    kit_close(context);
    kit_clear(&heard);
    config.sandbox = LUNETTE_SANDBOX_NONE;
    context = kit_open(&config);
    expect_ok(context, "warn('not heard') warn('@on') warn('heard')");
    assert_string_equal(heard.bytes, "heard\n");
    kit_close(context);
    kit_clear(&heard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_has_the_names_of_the_table),
        cmocka_unit_test(single_names_are_allowed_and_denied),
        cmocka_unit_test(whole_libraries_are_allowed_and_denied),
        cmocka_unit_test(a_name_lua_has_is_in_the_table),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(the_registry_holds_nothing_else),
        cmocka_unit_test(the_string_metatable_is_locked),
        cmocka_unit_test(bytecode_is_refused),
        cmocka_unit_test(strict_shows_no_addresses),
        cmocka_unit_test(strict_alone_prints),
        cmocka_unit_test(finalizers_are_refused),
        cmocka_unit_test(the_collector_only_counts),
        cmocka_unit_test(require_finds_libraries_only),
        cmocka_unit_test(load_stays_in_the_sandbox),
        cmocka_unit_test(locales_are_the_processes),
        cmocka_unit_test(chance_differs_from_tenant_to_tenant),
        cmocka_unit_test(warnings_reach_the_host),
        cmocka_unit_test(warnings_are_of_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
