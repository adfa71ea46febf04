/* Snapshots, and what lies outside of the memory that they are copies of: references and objects that the host has, and what
 * modules keep. What is older than the snapshot stays good, what is younger is given up once, and what was given up since
 * stays so. When this fails look at ln_references_go_back() and ln_objects_go_back() in src/lua/. */
#include "test_snapshot_kit.h"

/* --- References --- */

static void references_are_judged_by_when_they_were_made(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value held = refer(context, "return function() return 1 end");
    lunette_value forgotten = refer(context, "return function() return 2 end");
    lunette_value reused = refer(context, "return function() return 3 end");
    uint64_t snapshot = take(context);
    lunette_value after = refer(context, "return function() return 4 end");
    lunette_value after_forgotten = refer(context, "return function() return 5 end");
    assert_int_equal(lunette_context_forget(context, &forgotten), LUNETTE_OK);
    assert_int_equal(lunette_context_forget(context, &after_forgotten), LUNETTE_OK);
    expect_ok(context, "x = 1"); /* the two have left the table */
    assert_int_equal(lunette_context_forget(context, &reused), LUNETTE_OK);
    lunette_value other = refer(context, "return function() return 6 end");
    assert_int_equal((uint32_t)other.as.function.id, (uint32_t)reused.as.function.id);
    for (int round = 0; round < 3; round++) {
        go_back(context, snapshot);
        assert_stale(context, &forgotten);
        assert_stale(context, &reused);
        assert_stale(context, &after);
        assert_stale(context, &after_forgotten);
        assert_stale(context, &other); /* its slot has the function of `reused` again */
        assert_int_equal(call(context, &held), 1);
        lunette_value more[6];
        for (int i = 0; i < 6; i++)
            more[i] = refer(context, "n = (n or 10) + 1 local n = n return function() return n end");
        for (int i = 0; i < 6; i++)
            assert_int_equal(call(context, &more[i]), 11 + i);
        assert_int_equal(call(context, &held), 1);
        if (round == 1)
            for (int i = 0; i < 6; i++)
                assert_int_equal(lunette_context_forget(context, &more[i]), LUNETTE_OK);
    }
    kit_close(context);
}

/* What the host does not hold is not held for it. */
static void functions_that_were_given_up_are_collected(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "seen = setmetatable({}, {__mode = 'k'})");
    lunette_value held = refer(context, "local f = function() end seen[f] = 1 return f");
    lunette_value given_up = refer(context, "local f = function() end seen[f] = 1 return f");
    uint64_t snapshot = take(context);
    assert_int_equal(lunette_context_forget(context, &given_up), LUNETTE_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        expect_ok(context, "local n = 0 for _ in pairs(seen) do n = n + 1 end assert(n == 1)");
        go_back(context, snapshot);
        expect_ok(context, "local n = 0 for _ in pairs(seen) do n = n + 1 end assert(n == 2)");
    }
    assert_int_equal(lunette_context_call(context, &held, NULL, NULL), LUNETTE_OK);
    kit_close(context);
}

/* No table of references is in the snapshot. */
static void references_where_there_were_none(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "x = 1");
    uint64_t snapshot = take(context);
    for (int round = 0; round < 3; round++) {
        lunette_value first = refer(context, "return function() return 1 end");
        lunette_value second = refer(context, "return function() return 2 end");
        go_back(context, snapshot);
        assert_stale(context, &first);
        expect_ok(context, "assert(x == 1)");
        first = refer(context, "return function() return 1 end");
        assert_stale(context, &second);
        assert_int_equal(call(context, &first), 1);
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        go_back(context, snapshot);
    }
    kit_close(context);
}

static void a_kill_costs_references_but_not_the_memory(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value held = refer(context, "function f() return 7 end return f");
    uint64_t snapshot = take(context);
    cancels = true;
    expect_status(context, "host.cancel() while true do end", LUNETTE_CANCELLED);
    go_back(context, snapshot);
    assert_stale(context, &held);
    lunette_value again = refer(context, "return f");
    assert_int_equal(call(context, &again), 7);
    assert_int_equal(run_undone(context, "f = nil host.cancel() while true do end", 0), LUNETTE_CANCELLED);
    assert_int_equal(call(context, &again), 7);
    kit_close(context);
}

/* --- Objects --- */

static void objects_are_closed_once_or_stay(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value own, own_after;
    void *found;
    int host_before = 0, host_after = 0;
    expect_ok(context, "kept, dropped, shut = host.thing(), host.thing(), host.thing()");
    assert_int_equal(lunette_object_make(context, &THING, &host_before, &own), LUNETTE_OK);
    uint64_t snapshot = take(context);
    expect_ok(context, "dropped = nil do local x <close> = shut end");
    expect_ok(context, "later = host.thing() gone = host.thing() gone = nil");
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(lunette_object_make(context, &THING, &host_after, &own_after), LUNETTE_OK);
    assert_true(closed[0] == 0 && closed[1] == 1 && closed[2] == 1 && closed[3] == 0 && closed[4] == 1);
    for (int round = 0; round < 3; round++) {
        go_back(context, snapshot);
        assert_true(closed[0] == 0 && closed[1] == 1 && closed[2] == 1 && closed[3] == 1 && closed[4] == 1);
        assert_true(host_before == 0 && host_after == 1);
        assert_int_equal(lunette_object_find(context, &own, &THING, &found), LUNETTE_OK);
        assert_int_equal(lunette_object_find(context, &own_after, &THING, &found), LUNETTE_STALE);
        expect_ok(context, "host.is_open(kept) assert(later == nil)\n"
                           "assert(not pcall(host.is_open, dropped) and not pcall(host.is_open, shut))\n"
                           "dropped, shut = nil, nil");
        assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    }
    lunette_engine *engine = context->engine;
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_true(host_before == 1 && host_after == 1);
    for (int i = 0; i < made; i++)
        assert_int_equal(closed[i], 1);
    lunette_engine_close(&engine);
}

/* An object of the host's gets a handle each time that it is given to a script that has none. */
static void the_handle_that_is_there_again_counts(void **state) {
    (void)state;
    lunette_context *context = open_context();
    lunette_value own;
    void *found;
    int thing = 0;
    assert_int_equal(lunette_object_make(context, &THING, &thing, &own), LUNETTE_OK);
    uint64_t without = take(context), with;
    assert_int_equal(lunette_context_set_global(context, "x", &own), LUNETTE_OK);
    go_back(context, without);
    assert_int_equal(lunette_context_set_global(context, "x", &own), LUNETTE_OK);
    with = take(context);
    go_back(context, without);
    assert_int_equal(lunette_context_set_global(context, "y", &own), LUNETTE_OK);
    go_back(context, with);
    assert_int_equal(lunette_context_set_global(context, "y", &own), LUNETTE_OK);
    expect_ok(context, "assert(x == y) host.is_open(x) x = nil");
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(lunette_object_find(context, &own, &THING, &found), LUNETTE_OK);
    expect_ok(context, "host.is_open(y) y = nil");
    assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
    assert_int_equal(thing, 1);
    kit_close(context);
    assert_int_equal(thing, 1);
}

/* A script that makes objects and fails, again and again, leaves none. */
static void failing_again_and_again_leaves_nothing(void **state) {
    (void)state;
    lunette_context *context = open_context();
    cancels = true;
    expect_ok(context, "mine = host.thing()");
    for (int round = 0; round < 300; round++) {
        assert_int_equal(run_undone(context,
                                    "local t = {} for i = 1, 10 do t[i] = host.thing() end mine = t\n"
                                    "if #t == 10 then host.cancel() while true do end end",
                                    0),
                         LUNETTE_CANCELLED);
        if (round % 100 == 99)
            for (int i = 0; i < made; i++)
                assert_int_equal(closed[i], i > 0);
    }
    assert_int_equal(ln_vm_of(context->vm)->objects.count, 11);
    expect_ok(context, "host.is_open(mine)");
    kit_close(context);
}

static void modules_keep_what_they_keep(void **state) {
    (void)state;
    lunette_context *context = open_context();
    expect_ok(context, "x = 1");
    uint64_t snapshot = take(context);
    expect_ok(context, "host.remember()");
    go_back(context, snapshot);
    expect_ok(context, "assert(host.remembers())");
    assert_int_equal(states_closed, 0);
    kit_close(context);
    assert_int_equal(states_closed, 1);
}

/* --- All of it in any order, against a model --- */

enum { GIVEN = 400, MOMENTS = 6 };

static struct {
    lunette_value functions[GIVEN];
    int count;        /* functions, and as many things */
    bool good[GIVEN]; /* the function may be called */
    bool open[GIVEN]; /* the thing is not closed */
    struct {
        uint64_t snapshot; /* 0: none */
        bool good[GIVEN], open[GIVEN];
    } moments[MOMENTS];
    uint64_t random;
} model;

static unsigned below(unsigned n) {
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return (unsigned)(model.random >> 33) % n;
}

static void give_one(lunette_context *context) {
    char text[120];
    if (model.count == GIVEN)
        return;
    int i = model.count++;
    snprintf(text, sizeof text, "things[%d] = host.thing() local n = {%d} return function() return n[1] end",
             i, i);
    model.functions[i] = refer(context, text);
    model.good[i] = model.open[i] = true;
}

static void forget_one(lunette_context *context) {
    if (model.count == 0)
        return;
    unsigned i = below((unsigned)model.count);
    assert_int_equal(lunette_context_forget(context, &model.functions[i]),
                     model.good[i] ? LUNETTE_OK : LUNETTE_STALE);
    model.good[i] = false;
}

static void take_one(lunette_context *context) {
    unsigned k = below(MOMENTS);
    if (model.moments[k].snapshot != 0)
        assert_int_equal(lunette_snapshot_drop(context, model.moments[k].snapshot), LUNETTE_OK);
    model.moments[k].snapshot = take(context);
    memcpy(model.moments[k].good, model.good, sizeof model.good);
    memcpy(model.moments[k].open, model.open, sizeof model.open);
}

static void go_back_to_one(lunette_context *context) {
    unsigned k = below(MOMENTS);
    if (model.moments[k].snapshot == 0)
        return;
    go_back(context, model.moments[k].snapshot);
    for (int i = 0; i < model.count; i++) {
        model.good[i] = model.good[i] && model.moments[k].good[i];
        model.open[i] = model.open[i] && model.moments[k].open[i];
    }
}

static void kill_one(lunette_context *context) {
    expect_status(context, "things = nil host.cancel() while true do end", LUNETTE_CANCELLED);
    memset(model.good, 0, sizeof model.good);
    memset(model.open, 0, sizeof model.open);
    expect_ok(context, "things = {}");
}

/* What it makes meanwhile is made in vain. */
static void undo_one(lunette_context *context) {
    int before = made;
    assert_int_equal(run_undone(context, "things[0] = host.thing() host.cancel() while true do end", 0),
                     LUNETTE_CANCELLED);
    assert_int_equal(closed[before], 1);
    closed[before] = 0;
    made = before;
}

static void compare(lunette_context *context) {
    for (int i = 0; i < model.count; i++) {
        assert_int_equal(closed[i], !model.open[i]);
        if (model.good[i])
            assert_int_equal(call(context, &model.functions[i]), i);
        else
            assert_stale(context, &model.functions[i]);
    }
}

static void in_any_order(void **state) {
    (void)state;
    static void (*const STEPS[])(lunette_context *) = {give_one, give_one,       give_one, forget_one,
                                                       take_one, go_back_to_one, undo_one};
    cancels = true;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        lunette_context *context = open_context();
        memset(&model, 0, sizeof model);
        model.random = seed * UINT64_C(0x9e3779b97f4a7c15);
        expect_ok(context, "things = {}");
        for (int step = 0; step < 300; step++) {
            if (below(40) == 0)
                kill_one(context);
            else
                STEPS[below(LN_COUNT(STEPS))](context);
            if (step % 10 == 0)
                compare(context);
            if (step % 50 == 0)
                assert_int_equal(lunette_context_collect(context), LUNETTE_OK);
        }
        compare(context);
        kit_close(context);
        for (int i = 0; i < model.count; i++)
            assert_int_equal(closed[i], 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_judged_by_when_they_were_made),
        cmocka_unit_test(functions_that_were_given_up_are_collected),
        cmocka_unit_test(references_where_there_were_none),
        cmocka_unit_test(a_kill_costs_references_but_not_the_memory),
        cmocka_unit_test(objects_are_closed_once_or_stay),
        cmocka_unit_test(the_handle_that_is_there_again_counts),
        cmocka_unit_test(failing_again_and_again_leaves_nothing),
        cmocka_unit_test(modules_keep_what_they_keep),
        cmocka_unit_test(in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
