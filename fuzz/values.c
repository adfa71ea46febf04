/* Values in and out.
 *
 * An input is bounds, a thing to do to the values in the script, and the values. What must be true:
 *   - a copy equals its original, whatever that is; one that is refused left nothing behind;
 *   - what is no value for a script is refused with INVALID_ARGUMENT, and nothing has happened;
 *   - what a script gives back is what the model of Lua's tables (tree.h) says, as an argument and as a global;
 *   - VALUE_LIMIT is answered exactly where the values pass the bounds, and says where;
 *   - with `cut` nothing is refused, and what comes is within the bounds;
 *   - tables that contain themselves, keys of any kind, metatables, numbers of results: an answer, and no metamethod runs;
 *   - a function may go out and come back, be called, be forgotten, and is STALE after that and after a reset;
 *   - a value as a text is Lua, and that gives the value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#include "fuzz.h"
#include "tree.h"

enum { VALUES_MOST = 6, DEFAULT_DEPTH = 64, VERIFY_EVERY = 8 };

static lunette_engine *engine;
static unsigned runs;

static void open_engine(void) {
    lunette_config config = lunette_config_default();
    config.limits.memory = (uint64_t)16 << 20;
    config.limits.wall_ns = UINT64_C(10000000000);
    FUZZ_EXPECT(lunette_engine_open(&config, &engine) == LUNETTE_OK, "%s", lunette_last_failure());
}

/* --- Without a script ----------------------------------------------------------------------------------------------- */

static void copy_and_compare(const lunette_value *value) {
    lunette_value *copy = NULL;
    const lunette_status status = lunette_value_copy(value, &copy);
    FUZZ_EXPECT((copy != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    if (tree_is_sound(value))
        FUZZ_EXPECT(status == LUNETTE_OK, "%s", lunette_status_name(status));
    if (copy != NULL && tree_is_sound(value))
        FUZZ_EXPECT(lunette_value_equal(value, copy), "the copy is another value");
    lunette_value_free(&copy);
    FUZZ_EXPECT(copy == NULL, "not set to NULL");
}

/* --- What a script does to them --------------------------------------------------------------------------------------- */

enum deed { GIVES_BACK, ENDS_OTHERWISE };

static const struct {
    const char *text;
    enum deed deed;
} scripts[] = {
    {"return ...", GIVES_BACK},
    {"local t = table.pack(...) return table.unpack(t, 1, t.n)", GIVES_BACK},
    {"local function f(...) return ... end return f(...)", GIVES_BACK},
    {"return coroutine.wrap(function(...) return coroutine.yield(...) end)(...)", GIVES_BACK},
    /* No metamethod runs, and none can be seen. */
    {"local boom = function() error('ran') end\n"
     "for i = 1, select('#', ...) do local v = select(i, ...)\n"
     "if type(v) == 'table' then setmetatable(v, {__index = boom, __len = boom, __pairs = boom, __eq = boom,\n"
     "__tostring = boom, __name = 'boom', __close = boom, __newindex = boom, __metatable = false}) end end return ...",
     GIVES_BACK},
    {"for i = 1, select('#', ...) do local v = select(i, ...)\n"
     "if type(v) == 'table' then v[#v + 1] = v v.self = v end end return ...",
     ENDS_OTHERWISE},
    {"for i = 1, select('#', ...) do local v = select(i, ...)\n"
     "if type(v) == 'table' then v[v] = 1 v[print] = v v[coroutine.create(print)] = {} end end return ...",
     ENDS_OTHERWISE},
    {"local t = {} for i = 1, 6 do t = {t, t, ...} end return t", ENDS_OTHERWISE},
    {"local t = {...} for i = 1, 40 do t = {t, x = 1} end return t", ENDS_OTHERWISE},
    {"local t = {} for i = 1, 300 do t[i] = select(i % 7 + 1, ...) end return table.unpack(t, 1, 250)",
     ENDS_OTHERWISE},
    {"error(...)", ENDS_OTHERWISE},
    {"error(setmetatable({...}, {__tostring = function() error('ran') end}))", ENDS_OTHERWISE},
    {"return print, coroutine.create(print), function() end, ...", ENDS_OTHERWISE},
    {"local t = {...} t[1 << 40] = 1 t[-1] = 2 t[0.5] = 3 t[2^53] = 4 return t, #t", ENDS_OTHERWISE},
    {"local t = {} for i = 1, 100 do t[i] = i end for i = 1, 100, 3 do t[i] = nil end return t, ...",
     ENDS_OTHERWISE},
    {"local t = {} for i = 50, 1, -1 do t[i] = i end return t, ...", ENDS_OTHERWISE},
};

/* The whole answer, as the script's results are: an array that keeps its nils. */
static size_t items_of(const lunette_value *values, size_t count) {
    size_t items = count;
    for (size_t i = 0; i < count; i++)
        items += tree_items(&values[i]);
    return items;
}

static size_t depth_of(const lunette_value *values, size_t count) {
    size_t deepest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t depth = tree_depth(&values[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

static bool is_within(const lunette_value *values, size_t count, const lunette_bounds *bounds) {
    return items_of(values, count) <= bounds->items && depth_of(values, count) <= bounds->depth;
}

static void judge_same(const lunette_value *results, const lunette_value *expected, size_t count) {
    FUZZ_EXPECT(results->type == LUNETTE_ARRAY && results->as.array.count == count, "%zu results of %zu",
                results->as.array.count, count);
    for (size_t i = 0; i < count; i++)
        FUZZ_EXPECT(lunette_value_equal(&results->as.array.items[i], &expected[i]),
                    "result %zu is another value", i + 1);
}

/* `bounds` is complete here; its bytes are never in the way of GIVES_BACK. */
static void judge(const lunette_context *context, lunette_status status, const lunette_value *results,
                  const lunette_bounds *bounds) {
    const lunette_error *error = lunette_context_error(context);
    FUZZ_EXPECT((results != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    FUZZ_EXPECT((error != NULL) == (status > LUNETTE_OK), "%s", lunette_status_name(status));
    FUZZ_EXPECT(status != LUNETTE_VALUE_LIMIT || !bounds->cut, "a bound that should cut: %s", error->message);
    if (status == LUNETTE_VALUE_LIMIT)
        FUZZ_EXPECT(strncmp(error->message, "results", 7) == 0 || strncmp(error->message, "there", 5) == 0 ||
                        strncmp(error->message, "the", 3) == 0 || strncmp(error->message, "...", 3) == 0,
                    "it does not say where: %s", error->message);
    if (results != NULL) {
        FUZZ_EXPECT(tree_items(results) <= bounds->items, "%zu items, bound %zu", tree_items(results),
                    bounds->items);
        FUZZ_EXPECT(tree_depth(results) <= bounds->depth + 1, "%zu deep, bound %zu", tree_depth(results),
                    bounds->depth);
        copy_and_compare(results);
    }
}

static void run_script(lunette_context *context, feed *from, const lunette_value *values, size_t count,
                       const lunette_value *expected) {
    const size_t which = feed_below(from, FUZZ_COUNT(scripts));
    lunette_run_options options = lunette_run_options_default();
    const uint8_t how = feed_byte(from);
    if (how & 1)
        options.bounds =
            (lunette_bounds){.depth = 1 + feed_below(from, 20), .items = 1 + feed_below(from, 300)};
    if (how & 2)
        options.bounds.cut = true;
    lunette_bounds bounds = options.bounds;
    bounds.depth = bounds.depth == 0 ? DEFAULT_DEPTH : bounds.depth;
    bounds.items = bounds.items == 0 ? 1000000 : bounds.items;
    options.arguments = values;
    options.argument_count = count;
    lunette_value *results = NULL;
    const lunette_status status = lunette_context_run(context, "values", scripts[which].text,
                                                      LUNETTE_ZERO_TERMINATED, &options, &results);
    FUZZ_EXPECT(status >= LUNETTE_OK && status != LUNETTE_VM_FAULT, "%s: %s", lunette_status_name(status),
                lunette_last_failure());
    /* More results than may be taken are refused before any is looked at, also with `cut`. */
    if (bounds.cut && status == LUNETTE_VALUE_LIMIT)
        bounds.cut = strstr(lunette_context_error(context)->message, "more values than may be taken") == NULL;
    judge(context, status, results, &bounds);
    if (scripts[which].deed == GIVES_BACK && is_within(expected, count, &bounds)) {
        FUZZ_EXPECT(status == LUNETTE_OK, "%s: %s", lunette_status_name(status),
                    lunette_context_error(context)->message);
        judge_same(results, expected, count);
    } else if (scripts[which].deed == GIVES_BACK && !bounds.cut) {
        FUZZ_EXPECT(status == LUNETTE_VALUE_LIMIT, "%s", lunette_status_name(status));
    }
    fuzz_count(lunette_status_name(status));
    lunette_value_free(&results);
}

/* --- Globals and references ------------------------------------------------------------------------------------------- */

static void through_a_global(lunette_context *context, const lunette_value *value,
                             const lunette_value *expected) {
    lunette_value *back = NULL;
    lunette_status status = lunette_context_set_global(context, "v", value);
    if (!tree_is_sound(value)) {
        FUZZ_EXPECT(status == LUNETTE_INVALID_ARGUMENT, "%s", lunette_status_name(status));
        return;
    }
    FUZZ_EXPECT(status == LUNETTE_OK, "%s: %s", lunette_status_name(status), lunette_last_failure());
    status = lunette_context_get_global(context, "v", &back);
    FUZZ_EXPECT(status == (tree_depth(expected) > DEFAULT_DEPTH ? LUNETTE_VALUE_LIMIT : LUNETTE_OK), "%s",
                lunette_status_name(status));
    FUZZ_EXPECT((back != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    if (back != NULL)
        FUZZ_EXPECT(lunette_value_equal(back, expected), "the global is another value");
    lunette_value_free(&back);
}

/* By the reference, then by a name, then not any more. */
static void call_directly(lunette_context *context, const lunette_value *function,
                          const lunette_value *values, size_t count, const lunette_value *expected) {
    lunette_value *results = NULL;
    const lunette_member member = {lunette_text("f"), *function};
    const lunette_value holder = lunette_object_of(&member, 1);
    const bool fits = depth_of(expected, count) <= DEFAULT_DEPTH;
    lunette_run_options options = lunette_run_options_default();
    options.arguments = values;
    options.argument_count = count;
    FUZZ_EXPECT(lunette_context_set_global(context, "holder", &holder) == LUNETTE_OK, "%s",
                lunette_last_failure());
    for (int by_name = 0; by_name <= 1; by_name++) {
        const lunette_status status =
            by_name ? lunette_context_call_named(context, "holder.f", &options, &results)
                    : lunette_context_call(context, function, &options, &results);
        FUZZ_EXPECT(status == (fits ? LUNETTE_OK : LUNETTE_VALUE_LIMIT), "%s: %s",
                    lunette_status_name(status), lunette_last_failure());
        if (results != NULL)
            judge_same(results, expected, count);
        lunette_value_free(&results);
    }
    FUZZ_EXPECT(lunette_context_call_named(context, "holder.g.f", &options, &results) == LUNETTE_NOT_FOUND,
                "found");
    FUZZ_EXPECT(lunette_context_forget(context, function) == LUNETTE_OK, "%s", lunette_last_failure());
    FUZZ_EXPECT(lunette_context_forget(context, function) == LUNETTE_STALE, "%s", lunette_last_failure());
    FUZZ_EXPECT(lunette_context_call(context, function, &options, &results) == LUNETTE_STALE, "called");
}

/* A function goes out, comes back inside a table, is called with the values, and is refused after a reset. */
static void through_a_reference(lunette_context *context, const lunette_value *values, size_t count,
                                const lunette_value *expected) {
    lunette_value *reference = NULL, *results = NULL;
    lunette_value arguments[VALUES_MOST + 1];
    lunette_run_options options = lunette_run_options_default();
    lunette_status status = lunette_context_run(context, NULL, "return function(...) return ... end",
                                                LUNETTE_ZERO_TERMINATED, NULL, &reference);
    FUZZ_EXPECT(status == LUNETTE_OK, "%s", lunette_status_name(status));
    arguments[0] = lunette_array_of(reference->as.array.items, 1);
    memcpy(arguments + 1, values, count * sizeof *values);
    options.arguments = arguments;
    options.argument_count = count + 1;
    status = lunette_context_run(context, NULL, "return (...)[1](select(2, ...))", LUNETTE_ZERO_TERMINATED,
                                 &options, &results);
    const bool fits = depth_of(expected, count) <= DEFAULT_DEPTH;
    FUZZ_EXPECT(status == (fits ? LUNETTE_OK : LUNETTE_VALUE_LIMIT), "%s", lunette_status_name(status));
    if (results != NULL)
        judge_same(results, expected, count);
    lunette_value_free(&results);
    call_directly(context, &reference->as.array.items[0], values, count, expected);
    FUZZ_EXPECT(lunette_context_reset(context) == LUNETTE_OK, "%s", lunette_last_failure());
    status = lunette_context_run(context, NULL, "return ...", LUNETTE_ZERO_TERMINATED, &options, &results);
    FUZZ_EXPECT(status == LUNETTE_STALE && results == NULL, "%s", lunette_status_name(status));
    lunette_value_free(&reference);
}

/* --- As a text ---------------------------------------------------------------------------------------------------------- */

/* As many digits as tostring() writes; and the least integer is in Lua's own notation a number. */
static bool has_notation(const lunette_value *value) {
    if (value->type == LUNETTE_NUMBER) {
        char digits[40];
        snprintf(digits, sizeof digits, "%.14g", value->as.number);
        return isfinite(value->as.number) && strtod(digits, NULL) == value->as.number;
    }
    if (value->type == LUNETTE_INTEGER)
        return value->as.integer != INT64_MIN;
    bool has = true;
    for (size_t i = 0; has && value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        has = has_notation(&value->as.array.items[i]);
    for (size_t i = 0; has && value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        has = has_notation(&value->as.object.members[i].key) &&
              has_notation(&value->as.object.members[i].value);
    return has;
}

static void through_a_text(lunette_context *context, const lunette_value *value,
                           const lunette_value *expected) {
    enum { PARSED_DEPTH = 40 };
    char *text = NULL, *shortened = NULL;
    lunette_value *results = NULL;
    if (!has_notation(value) || tree_depth(value) > PARSED_DEPTH)
        return;
    FUZZ_EXPECT(lunette_value_text(value, SIZE_MAX, &text) == LUNETTE_OK, "no text");
    FUZZ_EXPECT(lunette_value_text(value, 16, &shortened) == LUNETTE_OK && strlen(shortened) <= 16, "%s",
                shortened);
    const size_t size = strlen(text) + 8;
    char *program = malloc(size);
    FUZZ_EXPECT(program != NULL, "no memory");
    snprintf(program, size, "return %s", text);
    const lunette_status status =
        lunette_context_run(context, NULL, program, LUNETTE_ZERO_TERMINATED, NULL, &results);
    FUZZ_EXPECT(status == LUNETTE_OK, "%s: %s", lunette_status_name(status), program);
    judge_same(results, expected, 1);
    lunette_value_free(&results);
    lunette_string_free(&text);
    lunette_string_free(&shortened);
    free(program);
}

/* --- One input -------------------------------------------------------------------------------------------------------- */

/* Only a host's mistake makes these. */
static void refuse_nonsense(lunette_context *context, feed *from) {
    lunette_value nonsense[] = {
        {.type = (lunette_type)(9 + feed_byte(from))},
        {.type = LUNETTE_USERDATA, .as.userdata = {.type_name = "x"}},
        {.type = LUNETTE_STRING, .as.string = {.bytes = NULL, .size = 1 + feed_byte(from)}},
        {.type = LUNETTE_ARRAY, .as.array = {.items = NULL, .count = 1 + feed_byte(from)}},
        {.type = LUNETTE_OBJECT, .as.object = {.members = NULL, .count = 1 + feed_byte(from)}},
        {.type = LUNETTE_ARRAY, .as.array = {.items = NULL, .count = SIZE_MAX}},
    };
    lunette_value *copy;
    for (size_t i = 0; i < FUZZ_COUNT(nonsense); i++) {
        const lunette_status status = lunette_context_set_global(context, "v", &nonsense[i]);
        FUZZ_EXPECT(status == LUNETTE_INVALID_ARGUMENT, "nonsense %zu: %s", i, lunette_status_name(status));
        if (nonsense[i].type != LUNETTE_USERDATA)
            FUZZ_EXPECT(lunette_value_copy(&nonsense[i], &copy) == LUNETTE_INVALID_ARGUMENT, "nonsense %zu",
                        i);
    }
}

static void try_values(lunette_context *context, feed *from) {
    lunette_value values[VALUES_MOST], expected[VALUES_MOST];
    const uint8_t way = feed_byte(from);
    const size_t count = feed_below(from, VALUES_MOST + 1);
    bool sound = true;
    feed script = *from; /* one choice of the script, behind which the values begin */
    (void)feed_u64(from);
    for (size_t i = 0; i < count; i++) {
        values[i] = tree_value(from);
        const bool is_sound = tree_is_sound(&values[i]);
        sound = sound && is_sound;
        expected[i] = is_sound ? tree_expected(&values[i]) : lunette_nil();
        copy_and_compare(&values[i]);
        through_a_global(context, &values[i], &expected[i]);
        if (is_sound && way % 8 == 2)
            through_a_text(context, &values[i], &expected[i]);
    }
    if (!sound) {
        lunette_run_options options = lunette_run_options_default();
        options.arguments = values;
        options.argument_count = count;
        FUZZ_EXPECT(lunette_context_run(context, NULL, "", 0, &options, NULL) == LUNETTE_INVALID_ARGUMENT,
                    "accepted");
    } else if (way % 4 == 0) {
        through_a_reference(context, values, count, expected);
    } else {
        run_script(context, &script, values, count, expected);
    }
    if (way % 16 == 1)
        refuse_nonsense(context, &script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lunette_context *context = NULL;
    feed from = {data, size};
    if (engine == NULL)
        open_engine();
    FUZZ_EXPECT(lunette_context_acquire(engine, &context) == LUNETTE_OK, "%s", lunette_last_failure());
    tree_clear();
    try_values(context, &from);
    if (fuzz_thorough || ++runs % VERIFY_EVERY == 0) {
        FUZZ_EXPECT(lunette_context_reset(context) == LUNETTE_OK, "%s", lunette_last_failure());
        FUZZ_EXPECT(lunette_context_verify(context) == LUNETTE_OK, "%s", lunette_last_failure());
    }
    lunette_context_release(&context);
    return 0;
}
