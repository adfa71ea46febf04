/* Objects of the host that scripts hold: their methods, and that each is closed exactly once in every ending. When this
 * fails look at src/lua/types.c and objects.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lunette.h"

#define MILLISECOND UINT64_C(1000000)

typedef struct account {
    int64_t balance;
    int closed;
} account;

enum { ACCOUNTS = 2000 };
static account accounts[ACCOUNTS];
static size_t opened;

static void close_account(void *ud, void *object) {
    (void)ud;
    ((account *)object)->closed++;
}

static const lunette_class ACCOUNT, OTHER;

static lunette_status do_open(void *ud, lunette_call *call) {
    (void)ud;
    if (opened == ACCOUNTS)
        return lunette_call_fail(call, "no account is left");
    account *of = &accounts[opened];
    lunette_status status = lunette_arg_integer_or(call, 1, 0, &of->balance);
    if (status == LUNETTE_OK)
        status = lunette_return_object(call, &ACCOUNT, of);
    opened += status == LUNETTE_OK;
    return status;
}

/* Makes one, and fails after all. */
static lunette_status do_open_and_fail(void *ud, lunette_call *call) {
    lunette_status status = do_open(ud, call);
    return status == LUNETTE_OK ? lunette_call_fail(call, "changed my mind") : status;
}

static lunette_status do_deposit(void *ud, lunette_call *call) {
    (void)ud;
    void *object;
    int64_t amount;
    lunette_status status = lunette_arg_object(call, 1, &ACCOUNT, &object);
    if (status == LUNETTE_OK)
        status = lunette_arg_integer(call, 2, &amount);
    if (status != LUNETTE_OK)
        return status;
    return lunette_return_integer(call, ((account *)object)->balance += amount);
}

static lunette_status do_close(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_arg_close(call, 1, &ACCOUNT);
}

static lunette_status do_length(void *ud, lunette_call *call) {
    (void)ud;
    void *object;
    lunette_status status = lunette_arg_object(call, 1, &ACCOUNT, &object);
    return status == LUNETTE_OK ? lunette_return_integer(call, ((account *)object)->balance) : status;
}

static lunette_status do_index(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_text(call, "no such field");
}

/* An account of what is thought to be another version. */
static lunette_status do_expect_new(void *ud, lunette_call *call) {
    (void)ud;
    void *object;
    lunette_class newer = lunette_class_default();
    newer.name = "Account";
    newer.version = 7;
    return lunette_arg_object(call, 1, &newer, &object);
}

/* By the host's way of making objects outside of calls, which serves in them too. */
static lunette_status do_lend(void *ud, lunette_call *call) {
    (void)ud;
    lunette_value value;
    void *object = NULL;
    lunette_context *context = lunette_call_context(call);
    if (opened == ACCOUNTS)
        return lunette_call_fail(call, "no account is left");
    lunette_status status = lunette_object_make(context, &ACCOUNT, &accounts[opened], &value);
    opened += status == LUNETTE_OK;
    if (status == LUNETTE_OK)
        status = lunette_object_find(context, &value, &ACCOUNT, &object);
    if (status != LUNETTE_OK || object != &accounts[opened - 1])
        return lunette_call_fail(call, "%s", lunette_last_failure());
    return lunette_return_value(call, &value);
}

static lunette_status do_lend_and_fail(void *ud, lunette_call *call) {
    lunette_status status = do_lend(ud, call);
    return status == LUNETTE_OK ? lunette_call_fail(call, "changed my mind") : status;
}

/* What the host was told last; see do_remember(). */
static lunette_value remembered;

static lunette_status do_remember(void *ud, lunette_call *call) {
    (void)ud;
    const lunette_value *value;
    lunette_status status = lunette_arg_value(call, 1, NULL, &value);
    if (status == LUNETTE_OK) {
        remembered = *value;
        remembered.as.userdata.type_name = "Account";
    }
    return status;
}

static lunette_status do_remind(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_value(call, &remembered);
}

static lunette_status do_make_other(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_object(call, &OTHER, &accounts[0]);
}

static const lunette_function METHODS[] = {
    {.name = "deposit", .call = do_deposit, .min_arguments = 1, .max_arguments = 2},
    {.name = "close", .call = do_close, .min_arguments = 1, .max_arguments = 1},
};
static const lunette_function METAMETHODS[] = {
    {.name = "__len", .call = do_length, .max_arguments = -1},
    {.name = "__index", .call = do_index, .max_arguments = -1},
};
static const lunette_class ACCOUNT = {
    .size = sizeof(lunette_class),
    .name = "Account",
    .version = 3,
    .methods = METHODS,
    .method_count = 2,
    .metamethods = METAMETHODS,
    .metamethod_count = 2,
    .close = close_account,
};
static const lunette_class OTHER = {.size = sizeof(lunette_class), .name = "Other"};

static lunette_sandbox level;

static lunette_status open_engine(const lunette_class *type, const lunette_preload *preload,
                                  lunette_engine **engine) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "open", .call = do_open, .max_arguments = 1},
        {.name = "open_and_fail", .call = do_open_and_fail},
        {.name = "expect_new", .call = do_expect_new, .max_arguments = 1},
        {.name = "make_other", .call = do_make_other},
        {.name = "lend", .call = do_lend},
        {.name = "lend_and_fail", .call = do_lend_and_fail},
        {.name = "remember", .call = do_remember, .max_arguments = 1},
        {.name = "remind", .call = do_remind},
    };
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    const lunette_class *types[] = {type};
    lunette_config config = lunette_config_default();
    module.name = "bank";
    module.functions = FUNCTIONS;
    module.function_count = sizeof FUNCTIONS / sizeof *FUNCTIONS;
    module.types = types;
    module.type_count = 1;
    module.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    config.sandbox = level;
    config.limits.memory = 4u << 20;
    config.limits.wall_ns = 10000 * MILLISECOND;
    config.preload = preload;
    config.preload_count = preload ? 1 : 0;
    return lunette_engine_open(&config, engine);
}

static lunette_context *open_context(lunette_engine **engine) {
    lunette_context *context;
    memset(accounts, 0, sizeof accounts);
    opened = 0;
    if (open_engine(&ACCOUNT, NULL, engine) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_int_equal(lunette_context_acquire(*engine, &context), LUNETTE_OK);
    return context;
}

static void check_all_closed_once(size_t expected) {
    assert_int_equal(opened, expected);
    for (size_t i = 0; i < opened; i++)
        if (accounts[i].closed != 1)
            fail_msg("account %zu was closed %d times", i, accounts[i].closed);
}

static size_t count_closed(void) {
    size_t count = 0;
    for (size_t i = 0; i < opened; i++) {
        assert_true(accounts[i].closed <= 1);
        count += (size_t)accounts[i].closed;
    }
    return count;
}

static lunette_status run(lunette_context *context, const char *text) {
    return lunette_context_run(context, "=test", text, SIZE_MAX, NULL, NULL);
}

static void check_text(lunette_context *context, const char *text, const char *expected) {
    lunette_value *results;
    if (lunette_context_run(context, "=test", text, SIZE_MAX, NULL, &results) != LUNETTE_OK)
        fail_msg("%s: %s", text, lunette_context_error(context)->message);
    assert_int_equal(lunette_value_at(results, 0)->type, LUNETTE_STRING);
    assert_string_equal(lunette_value_at(results, 0)->as.string.bytes, expected);
    lunette_value_free(&results);
}

static void a_handle_has_methods(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    check_text(context, "local a = bank.open(5) a:deposit(7) return tostring(#a) .. a.color .. type(a)",
               "12no such fielduserdata");
    check_text(context, "return tostring(bank.open()):match('^Account: ') and 'named'", "named");
    check_text(
        context,
        "local a = bank.open() return tostring(getmetatable(a)) .. tostring(pcall(setmetatable, a, {}))",
        "falsefalse");
    check_text(context, "return select(2, pcall(function() return bank.open():deposit('x') end))",
               "test:1: bad argument #1 to 'deposit' (number expected, got string)");
    check_text(context, "return select(2, pcall(function() bank.open().deposit(5, 1) end))",
               "test:1: bad argument #1 to 'deposit' (Account expected, got number)");
    check_text(context, "return select(2, pcall(function() bank.expect_new(bank.open()) end))",
               "test:1: bad argument #1 to 'expect_new' (version 7 of Account expected, got version 3)");
    check_text(context, "return select(2, pcall(function() bank.make_other() end))",
               "test:1: 'Other' is no type of this context's modules");
    check_text(context,
               "local a = bank.open() a:close() return select(2, pcall(function() a:deposit(1) end))",
               "test:1: calling 'deposit' on bad self (this Account is closed)");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    check_all_closed_once(opened);
}

static void each_ending_closes_once(void **state) {
    (void)state;
    static const struct {
        const char *text;
        lunette_status status;
        size_t opened;
    } ENDINGS[] = {
        {"bank.open()", LUNETTE_OK, 1},
        {"kept = bank.open()", LUNETTE_OK, 1},
        {"local a <close> = bank.open()", LUNETTE_OK, 1},
        {"local a = bank.open() a:close() pcall(a.close, a)", LUNETTE_OK, 1},
        {"local a <close> = bank.open() a:close() error(a)", LUNETTE_RUNTIME_ERROR, 1},
        {"for i = 1, 1000 do bank.open() end", LUNETTE_OK, 1000},
        {"pcall(bank.open_and_fail)", LUNETTE_OK, 1},
        {"kept = {} while true do kept[#kept + 1] = {} if #kept == 50 then kept[0] = bank.open() end end",
         LUNETTE_MEMORY_LIMIT, 1},
        {"kept = bank.open() while true do end", LUNETTE_TIME_LIMIT, 1},
        {"coroutine.wrap(function() local a <close> = bank.open() coroutine.yield() end)() while true do end",
         LUNETTE_TIME_LIMIT, 1},
        {"local s = ('x'):rep(1000) local t = {} for i = 1, 1000 do t[i] = bank.open() t[i - 1] = nil t.s = s .. i end",
         LUNETTE_OK, 1000},
    };
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        lunette_engine *engine;
        lunette_context *context = open_context(&engine);
        lunette_limits limits = lunette_limits_default();
        lunette_run_options options = lunette_run_options_default();
        if (ENDINGS[i].status == LUNETTE_TIME_LIMIT)
            limits.wall_ns = 20 * MILLISECOND;
        options.limits = &limits;
        lunette_status status =
            lunette_context_run(context, "=test", ENDINGS[i].text, SIZE_MAX, &options, NULL);
        if (status != ENDINGS[i].status)
            fail_msg("%s\n%s", ENDINGS[i].text, lunette_status_name(status));
        count_closed();
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        check_all_closed_once(ENDINGS[i].opened);
        assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        lunette_engine_close(&engine);
        check_all_closed_once(ENDINGS[i].opened);
    }
}

static void the_collector_and_blocks_close_early(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    assert_int_equal(run(context, "do local a <close> = bank.open() end kept = bank.open()"), LUNETTE_OK);
    assert_int_equal(count_closed(), 1);
    assert_int_equal(run(context, "kept = nil"), LUNETTE_OK);
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    check_all_closed_once(2);
    /* An engine that closes before the context comes back takes nothing from it. */
    assert_int_equal(run(context, "kept = bank.open()"), LUNETTE_OK);
    lunette_engine_close(&engine);
    assert_int_equal(count_closed(), 2);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    check_all_closed_once(3);
}

static void a_handle_goes_out_and_comes_back(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine), *other;
    lunette_value *results;
    assert_int_equal(lunette_context_run(context, "=test", "kept = bank.open(3) return kept, {kept}",
                                         SIZE_MAX, NULL, &results),
                     LUNETTE_OK);
    lunette_value handle = *lunette_value_at(results, 0);
    assert_int_equal(handle.type, LUNETTE_USERDATA);
    assert_string_equal(handle.as.userdata.type_name, "Account");
    assert_true(lunette_value_equal(&handle, lunette_value_at(lunette_value_at(results, 1), 0)));
    assert_int_equal(lunette_context_set_global(context, "again", &handle), LUNETTE_OK);
    check_text(context, "again:deposit(1) return tostring(again == kept) .. #kept", "true4");
    /* Another context refuses it, and so does this one when the object is gone. */
    assert_int_equal(lunette_context_acquire(engine, &other), LUNETTE_OK);
    assert_int_equal(lunette_context_set_global(other, "stolen", &handle), LUNETTE_STALE);
    assert_int_equal(lunette_context_release(&other), LUNETTE_OK);
    assert_int_equal(run(context, "kept:close()"), LUNETTE_OK);
    assert_int_equal(lunette_context_set_global(context, "late", &handle), LUNETTE_STALE);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_set_global(context, "late", &handle), LUNETTE_STALE);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    assert_string_equal(handle.as.userdata.type_name, "Account");
    lunette_value_free(&results);
    check_all_closed_once(1);
}

/* The collector has found that nobody has the account, and will finalize it after what was made later: that gets hold of it
 * once more. */
static void a_condemned_handle_comes_back(void **state) {
    (void)state;
    lunette_engine *engine;
    level = LUNETTE_SANDBOX_NONE;
    lunette_context *context = open_context(&engine);
    check_text(context,
               "do local a = bank.open(5) bank.remember(a)\n"
               "  setmetatable({}, {__gc = function() again = bank.remind() end}) end\n"
               "collectgarbage() collectgarbage()\n"
               "return type(again) .. again:deposit(2)",
               "userdata7");
    assert_int_equal(count_closed(), 0);
    check_text(context, "collectgarbage() return tostring(bank.remind() == again) .. #again", "true7");
    assert_int_equal(run(context, "again = nil collectgarbage() assert(not pcall(bank.remind))"), LUNETTE_OK);
    check_all_closed_once(1);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    level = LUNETTE_SANDBOX_RESTRICTED;
    check_all_closed_once(1);
}

/* --- Objects outside of calls --- */

static lunette_value make_account(lunette_context *context, int64_t balance) {
    lunette_value value;
    accounts[opened].balance = balance;
    if (lunette_object_make(context, &ACCOUNT, &accounts[opened], &value) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_int_equal(value.type, LUNETTE_USERDATA);
    assert_string_equal(value.as.userdata.type_name, "Account");
    opened++;
    return value;
}

static void expect_object(lunette_context *context, const lunette_value *value, const account *expected) {
    void *object;
    if (lunette_object_find(context, value, &ACCOUNT, &object) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    assert_ptr_equal(object, expected);
}

static void expect_stale(lunette_context *context, const lunette_value *value) {
    void *object = &object;
    assert_int_equal(lunette_object_find(context, value, &ACCOUNT, &object), LUNETTE_STALE);
    assert_null(object);
    assert_int_equal(lunette_object_close(context, value), LUNETTE_STALE);
    assert_int_equal(lunette_context_set_global(context, "stale", value), LUNETTE_STALE);
}

static void hosts_give_objects_and_know_them_again(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    lunette_value given[] = {make_account(context, 10), make_account(context, 20)}, *results, *global;
    lunette_run_options options = lunette_run_options_default();
    options.arguments = given;
    options.argument_count = 2;
    lunette_status status = lunette_context_run(
        context, "=test", "kept = {...} kept[1]:deposit(1) return kept[2], {a = kept[1]}, #kept[1]", SIZE_MAX,
        &options, &results);
    assert_int_equal(status, LUNETTE_OK);
    expect_object(context, lunette_value_at(results, 0), &accounts[1]);
    expect_object(context, lunette_value_get(lunette_value_at(results, 1), "a"), &accounts[0]);
    assert_true(lunette_value_equal(lunette_value_at(results, 0), &given[1]));
    assert_int_equal(lunette_value_at(results, 2)->as.integer, 11);
    lunette_value_free(&results);
    lunette_value third = make_account(context, 30);
    assert_int_equal(lunette_context_set_global(context, "third", &third), LUNETTE_OK);
    assert_int_equal(lunette_context_get_global(context, "third", &global), LUNETTE_OK);
    expect_object(context, global, &accounts[2]);
    lunette_value_free(&global);
    check_text(context, "fourth = bank.lend() fourth:deposit(4) return #third .. '-' .. #fourth", "30-4");
    assert_int_equal(run(context, "bank.lend_and_fail()"), LUNETTE_RUNTIME_ERROR);
    assert_int_equal(count_closed(), 0);
    /* The host closes one, the collector another, the reset what is left: also what no script has ever had. */
    assert_int_equal(lunette_object_close(context, &third), LUNETTE_OK);
    expect_stale(context, &third);
    assert_int_equal(run(context, "third:deposit(1)"), LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_context_error(context)->message, "this Account is closed"));
    assert_int_equal(run(context, "kept = nil"), LUNETTE_OK);
    lunette_value unseen = make_account(context, 50);
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    expect_stale(context, &given[0]);
    expect_object(context, &unseen, &accounts[5]);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_stale(context, &unseen);
    check_all_closed_once(6);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    check_all_closed_once(6);
}

/* A fresh context is what texts are compiled in, and then restored; and one that nothing ran in is not restored as it goes
 * back: neither may take an object away, or leave it. */
static void objects_of_fresh_contexts(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine);
    for (int i = 0; i < 20; i++) {
        lunette_run_options options = lunette_run_options_default();
        lunette_value value = make_account(context, i);
        options.arguments = &value;
        options.argument_count = 1;
        assert_int_equal(
            lunette_context_run(context, "=test", "(...):deposit(100)", SIZE_MAX, &options, NULL),
            LUNETTE_OK);
        assert_int_equal(accounts[2 * i].balance, 100 + i);
        assert_int_equal(accounts[2 * i].closed, 0);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        check_all_closed_once(opened);
        assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
        make_account(context, 0);
        assert_int_equal(lunette_context_verify(context), LUNETTE_WRONG_STATE);
        assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
        check_all_closed_once(opened);
        assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    }
    make_account(context, 0);
    lunette_engine_close(&engine);
    assert_int_equal(count_closed(), opened - 1);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    check_all_closed_once(41);
}

/* The struct that described a type may be gone once the template has copied it, and another one be where it was. */
static void a_type_is_no_address(void **state) {
    (void)state;
    lunette_class passing = ACCOUNT;
    lunette_engine *engine;
    lunette_context *context;
    lunette_value value;
    void *object;
    memset(accounts, 0, sizeof accounts);
    assert_int_equal(open_engine(&passing, NULL, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_int_equal(lunette_object_make(context, &ACCOUNT, accounts, &value), LUNETTE_OK);
    passing = OTHER;
    assert_int_equal(lunette_object_find(context, &value, &passing, &object), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_object_make(context, &passing, accounts, &value), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    assert_int_equal(accounts[0].closed, 1);
}

static void expect_bad(lunette_status status, const char *expected) {
    assert_int_equal(status, LUNETTE_INVALID_ARGUMENT);
    if (!strstr(lunette_last_failure(), expected))
        fail_msg("%s", lunette_last_failure());
}

static void mistakes_outside_of_calls(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context = open_context(&engine), *other;
    lunette_class unnamed = lunette_class_default(), newer = ACCOUNT;
    lunette_value value, *results, number = lunette_integer(1);
    void *object;
    newer.version = 7;
    expect_bad(lunette_object_make(NULL, &ACCOUNT, accounts, &value), "`context` is NULL");
    expect_bad(lunette_object_make(context, NULL, accounts, &value), "`type` is NULL");
    expect_bad(lunette_object_make(context, &unnamed, accounts, &value), "`type` has no name");
    expect_bad(lunette_object_make(context, &ACCOUNT, NULL, &value), "`object` is NULL");
    expect_bad(lunette_object_make(context, &ACCOUNT, accounts, NULL), "`value` is NULL");
    expect_bad(lunette_object_make(context, &OTHER, accounts, &value),
               "'Other' is no type of this context's");
    assert_int_equal(value.type, LUNETTE_NIL);
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    value = make_account(context, 1);
    expect_bad(lunette_object_find(context, &value, &OTHER, &object), "not version 0 of 'Other'");
    expect_bad(lunette_object_find(context, &value, &newer, &object), "not version 7 of 'Account'");
    assert_null(object);
    expect_bad(lunette_object_find(NULL, &value, &ACCOUNT, &object), "`context` is NULL");
    expect_bad(lunette_object_find(context, NULL, &ACCOUNT, &object), "`value` is NULL");
    expect_bad(lunette_object_find(context, &value, NULL, &object), "`type` is NULL");
    expect_bad(lunette_object_find(context, &value, &ACCOUNT, NULL), "`object` is NULL");
    expect_bad(lunette_object_find(context, &number, &ACCOUNT, &object), "`value` is no object");
    expect_bad(lunette_object_close(context, &number), "`value` is no object");
    expect_bad(lunette_object_close(context, NULL), "`value` is NULL");
    expect_bad(lunette_object_close(NULL, &value), "`context` is NULL");
    assert_int_equal(
        lunette_context_run(context, "=test", "return coroutine.create(print)", SIZE_MAX, NULL, &results),
        LUNETTE_OK);
    expect_bad(lunette_object_find(context, lunette_value_at(results, 0), &ACCOUNT, &object), "is no object");
    lunette_value_free(&results);
    assert_int_equal(lunette_context_acquire(engine, &other), LUNETTE_OK);
    expect_stale(other, &value);
    assert_int_equal(lunette_context_release(&other), LUNETTE_OK);
    expect_object(context, &value, &accounts[0]);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    check_all_closed_once(1);
}

static void check_refused(const lunette_class *type, const char *expected) {
    lunette_engine *engine;
    assert_int_equal(open_engine(type, NULL, &engine), LUNETTE_INVALID_ARGUMENT);
    if (!strstr(lunette_last_failure(), expected))
        fail_msg("%s", lunette_last_failure());
}

static void mistakes_are_told(void **state) {
    (void)state;
    static const lunette_function GC[] = {{.name = "__gc", .call = do_close}},
                                  PLAIN[] = {{.name = "add", .call = do_close}}, NONE[] = {{.name = "x"}},
                                  LATER[] = {{.name = "x", .call = do_close, .reserved = {[3] = accounts}}};
    lunette_preload preload = {.name = "m", .text = "kept = bank.open()", .text_size = SIZE_MAX};
    lunette_class type = lunette_class_default();
    lunette_engine *engine;
    check_refused(NULL, "a type is NULL");
    check_refused(&type, "a type has no name");
    type.name = "T";
    type.metamethod_count = 1;
    check_refused(&type, "a type's methods or metamethods are NULL");
    type.metamethods = GC;
    check_refused(&type, "a type cannot have __gc");
    type.metamethods = PLAIN;
    check_refused(&type, "a metamethod's name begins with two underscores");
    type.metamethod_count = 0;
    type.methods = NONE;
    type.method_count = 1;
    check_refused(&type, "a function needs either");
    type.methods = LATER;
    check_refused(&type, "a function's reserved fields must be NULL");
    opened = 0;
    assert_int_equal(open_engine(&ACCOUNT, &preload, &engine), LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_last_failure(), "cannot be made while a template is built"));
    assert_int_equal(opened, 0);
    assert_int_equal(lunette_return_object(NULL, &ACCOUNT, accounts), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_arg_object(NULL, 1, &ACCOUNT, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_arg_close(NULL, 1, &ACCOUNT), LUNETTE_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_has_methods),
        cmocka_unit_test(each_ending_closes_once),
        cmocka_unit_test(the_collector_and_blocks_close_early),
        cmocka_unit_test(a_handle_goes_out_and_comes_back),
        cmocka_unit_test(a_condemned_handle_comes_back),
        cmocka_unit_test(hosts_give_objects_and_know_them_again),
        cmocka_unit_test(objects_of_fresh_contexts),
        cmocka_unit_test(a_type_is_no_address),
        cmocka_unit_test(mistakes_outside_of_calls),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
