/* The look at a text before Lua sees it: what is refused where the Lua at hand does not bear it, however it is
 * written; and that what only looks like it is not. If this fails, look in src/lua/scan.c. */
#include "support.h"

enum { MANY = 201, FEW = 200 };

/* `unit` is repeated between the two others. */
struct text {
    const char *start, *unit, *end;
};

static char *written(const struct text *text, int count) {
    kit_text out = {0};
    kit_add(&out, text->start, strlen(text->start));
    for (int i = 0; i < count; i++)
        kit_add(&out, text->unit, strlen(text->unit));
    kit_add(&out, text->end, strlen(text->end));
    kit_add(&out, "", 1);
    return out.bytes;
}

static lunette_status check(lunette_context *context, const char *text) {
    return lunette_context_check(context, "=test", text, LUNETTE_ZERO_TERMINATED);
}

static bool has_defect(const char *name) {
    const lunette_defect *defect;
    for (size_t i = 0; (defect = lunette_lua_defect(i)); i++)
        if (strcmp(defect->name, name) == 0)
            return true;
    return false;
}

static lunette_context *open_with(lunette_switch check_texts, lunette_sandbox level) {
    lunette_config config = kit_config(level);
    config.check_texts = check_texts;
    return kit_open(&config);
}

/* --- Chains of fields --- */

static const struct text CHAINS[] = {
    {"return x", ".a", ""},
    {"return x", " . --[[ ]] a\n", ""},
    {"return x", "\n.--...\na", ".b"},
    {"return x", "[1]", ""},
    {"return x", "['a']", ".b"},
    {"return x", "[ [[a]] ]", ""},
    {"return x", "[--[==[]]==] y]", ""},
    {"x", ".a", ".b = 1"},
    {"x", ".a", ":b()"},
    {"return (((x", ".a", ").a).a).a"},
    {"return {1, x", ".a", ", 2}"},
    {"return f(y, x", ".a", ")"},
    {"return y[x", ".a", "]"},
    {"return y[z[x", ".a", "]].b"},
    {"return ('')", ".a", ""},
    {"return x.a[[y]]", ".a", ""},
    {"goto l ::l:: x", ".a", " = 1"},
    {"local s = 'it\\'s' return x", ".a", ""},
    {"local s = \"\\z \n\t\" return x", ".a", ""},
    {"local s = '\\\r\n' return x", ".a", ""},
    {"local s = [=[ ]] ]=] return x", ".a", ""},
    {"-- [[\nreturn x", ".a", "--]]"},
    {"--[=\nreturn x", ".a", ""},
    {"return 1 .. x", ".a", ""},
    {"return 0x1p4 + x", ".a", ""},
    {"return 3 .. 4, x", ".a", ""},
    {"return -x", ".a", ""},
    {"return not x", ".a", ""},
};

static const struct text HARMLESS[] = {
    {"return '", ".a", "'"},
    {"return \"", "\\\".a", "\""},
    {"return '", "\\\n.a", "'"},
    {"return 'a\\z\n  ", ".a", "'"},
    {"return [==[", ".a]]", "]==]"},
    {"--", ".a", "\nreturn 1"},
    {"--[[\n", ".a\n", "]] return 1"},
    {"return 1", " + x.a", ""},
    {"return {", "x.a .. y.b, ", "}"},
    {"return {", "x.a.b, ", "}"},
    {"return {", "x[1][2]; ", "}"},
    {"", "x.a.b = y.c.d ", ""},
    {"", "x.a.b(y.c.d) ", ""},
    {"", "x.a.b:c(y.c.d)\n", ""},
    {"return x", ":a(1)", ""},
    {"return x", ":a{1}:b''", ""},
    {"return 1", " + 1.5", ""},
    {"return x", " or x.a", ""},
    {"", "do local t = x.a.b end ", ""},
    {"", "if x.a.b then y() end ", ""},
};

static void expect_chains(lunette_context *context, lunette_status many) {
    for (size_t i = 0; i < LN_COUNT(CHAINS); i++) {
        char *text = written(&CHAINS[i], MANY);
        kit_check_status(context, text, check(context, text), many, __LINE__);
        free(text);
        text = written(&CHAINS[i], FEW - 5);
        kit_check_status(context, text, check(context, text), LUNETTE_OK, __LINE__);
        free(text);
    }
}

static void long_chains_are_refused(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_chains(context, has_defect("getobjname-recursion") ? LUNETTE_SYNTAX_ERROR : LUNETTE_OK);
    kit_close(context);
}

/* What is followed into brackets is followed on behind them. */
static void chains_go_through_brackets(void **state) {
    (void)state;
    static const struct text THROUGH[] = {
        {"return (x", ".a", ").b.b.b.b"},
        {"return y[x", ".a", "].b.b.b"},
        {"return ((x.b", ".a", ").b).b.b"},
    };
    lunette_context *context = kit_restricted();
    lunette_status many = has_defect("getobjname-recursion") ? LUNETTE_SYNTAX_ERROR : LUNETTE_OK;
    for (size_t i = 0; i < LN_COUNT(THROUGH); i++) {
        char *text = written(&THROUGH[i], FEW - 2);
        kit_check_status(context, text, check(context, text), many, __LINE__);
        free(text);
    }
    kit_close(context);
}

static void what_is_no_chain_is_not(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    for (size_t i = 0; i < LN_COUNT(HARMLESS); i++) {
        char *text = written(&HARMLESS[i], 1000);
        kit_check_status(context, text, check(context, text), LUNETTE_OK, __LINE__);
        free(text);
    }
    kit_close(context);
}

/* Through every door that a text can come by. */
static void every_door_is_watched(void **state) {
    (void)state;
    if (!has_defect("getobjname-recursion"))
        return;
    lunette_context *context = kit_restricted();
    expect_status(
        context,
        "local chain = 'return x' .. ('.a'):rep(300)\n"
        "local f, message = load(chain)\n"
        "assert(not f and message:find('is not safe in Lua', 1, true), message)\n"
        "assert(not load(chain, '') and not load(chain, '=') and not load(chain, '@name', 't', {}))\n"
        "local sent\n"
        "assert(not load(function() if not sent then sent = true return chain end end))\n",
        LUNETTE_OK);
    char *text = written(&(struct text){"\n\nreturn x", ".a", "\n\n"}, 300);
    assert_int_equal(check(context, text), LUNETTE_SYNTAX_ERROR);
    assert_int_equal(lunette_context_error(context)->line, 3);
    free(text);
    kit_close(context);
}

static void it_can_be_turned_off_and_on(void **state) {
    (void)state;
    lunette_status refused = has_defect("getobjname-recursion") ? LUNETTE_SYNTAX_ERROR : LUNETTE_OK;
    lunette_context *context = open_with(LUNETTE_OFF, LUNETTE_SANDBOX_RESTRICTED);
    expect_chains(context, LUNETTE_OK);
    kit_close(context);
    context = open_with(LUNETTE_DEFAULT, LUNETTE_SANDBOX_NONE);
    expect_chains(context, LUNETTE_OK);
    kit_close(context);
    context = open_with(LUNETTE_ON, LUNETTE_SANDBOX_NONE);
    expect_chains(context, refused);
    kit_close(context);
}

/* --- A constant _ENV --- */

/* Refused or compiled into what the manual says (an error, for indexing a number): never anything else. */
static void a_constant_env_is_refused_or_right(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    expect_status(context,
                  "local f = load('local t = {} local _ENV <const> = 0 return x')\n"
                  "assert(not f or not pcall(f))\n"
                  "f = load('local t = {} local _ENV --[[]] <\\n const > = 0 return x')\n"
                  "assert(not f or not pcall(f))\n"
                  "assert(load('local _ENV = {x = 1} return x')() == 1)\n"
                  "assert(load('local e <const> = 1 return _ENV, e')() == _ENV)\n",
                  LUNETTE_OK);
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_chains_are_refused),     cmocka_unit_test(chains_go_through_brackets),
        cmocka_unit_test(what_is_no_chain_is_not),     cmocka_unit_test(every_door_is_watched),
        cmocka_unit_test(it_can_be_turned_off_and_on), cmocka_unit_test(a_constant_env_is_refused_or_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
