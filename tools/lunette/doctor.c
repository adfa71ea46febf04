/* lunette doctor: what is here, and whether it works. The tests at the end are small runs of the real thing, each of
 * which must end in the one way it can end in a sound installation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "options.h"
#include "record.h"
#include "report.h"
#include "units.h"

#define MILLISECOND UINT64_C(1000000)

enum { PROBLEM_SIZE = 256 };

/* --- Tests ----------------------------------------------------------------------------------------------- */

/* Runs a text that must end with `expected`. */
static bool ends_with(lunette_context *context, const char *script, const lunette_limits *limits,
                      lunette_status expected, char problem[PROBLEM_SIZE]) {
    lunette_run_options how = lunette_run_options_default();
    how.limits = limits;
    const lunette_status status =
        lunette_context_run(context, "=doctor", script, LUNETTE_ZERO_TERMINATED, &how, NULL);
    if (status == expected)
        return true;
    const lunette_error *error = lunette_context_error(context);
    snprintf(problem, PROBLEM_SIZE, "%s in place of %s: %s", lunette_status_name(status),
             lunette_status_name(expected),
             status < LUNETTE_OK ? lunette_last_failure()
             : error != NULL     ? error->message
                                 : lunette_status_text(status));
    return false;
}

static bool test_script(lunette_context *context, char problem[PROBLEM_SIZE]) {
    return ends_with(context, "local t = {} for i = 1, 100 do t[i] = i end x = #t return x", NULL, LUNETTE_OK,
                     problem);
}

static bool test_deadline(lunette_context *context, char problem[PROBLEM_SIZE]) {
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 10 * MILLISECOND;
    return ends_with(context, "while true do end", &limits, LUNETTE_TIME_LIMIT, problem);
}

/* Only the signal can end a loop inside a C function; the other guard's documentation says so. */
static bool test_c_loop(lunette_context *context, char problem[PROBLEM_SIZE]) {
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 10 * MILLISECOND;
    return ends_with(context, "string.find(string.rep('a', 30000), string.rep('.-', 20) .. 'b')", &limits,
                     LUNETTE_TIME_LIMIT, problem);
}

static bool test_memory(lunette_context *context, char problem[PROBLEM_SIZE]) {
    return ends_with(context, "local t = {} while true do t[#t + 1] = {} end", NULL, LUNETTE_MEMORY_LIMIT,
                     problem);
}

static bool test_clean(lunette_context *context, char problem[PROBLEM_SIZE]) {
    static const char vandal[] = "string.rep = nil _G.print = 1 math.pi = 3 y = {} setmetatable(_G, {})";
    if (!ends_with(context, vandal, NULL, LUNETTE_OK, problem))
        return false;
    lunette_status status = lunette_context_reset(context);
    if (status == LUNETTE_OK)
        status = lunette_context_verify(context);
    if (status != LUNETTE_OK)
        snprintf(problem, PROBLEM_SIZE, "%s: %s", lunette_status_name(status), lunette_last_failure());
    return status == LUNETTE_OK;
}

static const struct {
    const char *key, *label;
    bool (*test)(lunette_context *context, char problem[PROBLEM_SIZE]);
    bool signal_only;
} tests[] = {
    {"script", "a script runs", test_script, false},
    {"deadline", "an endless loop ends after 10ms", test_deadline, false},
    {"c_loop", "a loop inside a C function ends after 10ms", test_c_loop, true},
    {"memory", "a memory bomb ends at 1M", test_memory, false},
    {"clean", "a reset leaves the image, byte by byte", test_clean, false},
};

typedef struct doctor {
    lunette_engine *engine;
    lunette_context *context;
    lunette_engine_info info;
    bool json;
    bool sound;
    json_t *record; /* with --json */
} doctor;

static void run_tests(doctor *on) {
    json_t *list = on->json ? json_array() : NULL;
    on->sound = true;
    if (!on->json)
        put_format("\nTests\n");
    for (size_t i = 0; i < TOOL_COUNT(tests); i++) {
        char problem[PROBLEM_SIZE] = "";
        if (tests[i].signal_only && strcmp(on->info.guard, "signal") != 0)
            continue;
        const bool good = tests[i].test(on->context, problem);
        on->sound = on->sound && good;
        if (on->json) {
            json_t *one = json_object();
            record_put(&one, "name", json_string(tests[i].key));
            record_put(&one, "ok", json_boolean(good));
            record_put(&one, "problem", good ? json_null() : record_text(problem));
            record_append(&list, one);
        } else {
            put_format("  %-45s %s%s%s\n", tests[i].label, good ? "ok" : "FAILED", good ? "" : ": ", problem);
            fflush(stdout);
        }
    }
    if (on->json) {
        record_put(&on->record, "tests", list);
        record_put(&on->record, "ok", json_boolean(on->sound));
    }
}

/* --- What there is --------------------------------------------------------------------------------------- */

/* As the loader found it, or without the detours that this may have taken. The caller's. */
static char *lua_path(void) {
    char *straight = realpath(lunette_lua_path(), NULL);
    return straight != NULL ? straight : strdup(lunette_lua_path());
}

static void show_engine(const doctor *on) {
    char image[UNITS_TEXT_SIZE], stack[UNITS_TEXT_SIZE];
    char *path = lua_path();
    put_format("Lunette %s, Lua %s\n", lunette_version(), on->info.lua_release);
    put_format("  %-45s %s\n", "that Lua is in", path != NULL ? path : "");
    put_format("  %-45s %s\n", "runs are ended by", on->info.guard);
    put_format("  %-45s %s\n", "contexts are made clean by", on->info.reset);
    put_format("  %-45s %s\n", "a reset copies", units_round(UNITS_SIZE, on->info.image_bytes, image));
    put_format("  %-45s %s\n", "images can be shared between arenas", on->info.relocatable ? "yes" : "no");
    put_format("  %-45s %s\n", "C stack that a run needs",
               units_round(UNITS_SIZE, on->info.stack_needed, stack));
    free(path);
}

static void record_engine(doctor *on) {
    char *path = lua_path();
    record_put(&on->record, "version", json_string(lunette_version()));
    record_put(&on->record, "lua", json_string(on->info.lua_release));
    record_put(&on->record, "lua_path", record_text(path != NULL ? path : ""));
    record_put(&on->record, "guard", json_string(on->info.guard));
    record_put(&on->record, "reset", json_string(on->info.reset));
    record_put(&on->record, "image_bytes", record_integer(on->info.image_bytes));
    record_put(&on->record, "relocatable", json_boolean(on->info.relocatable));
    record_put(&on->record, "stack_needed", record_integer(on->info.stack_needed));
    free(path);
}

static void show_defects(void) {
    const lunette_defect *defect;
    put_format("\nDefects of this Lua that a script can reach\n");
    for (size_t i = 0; (defect = lunette_lua_defect(i)) != NULL; i++)
        put_format("  %s%s%s%s: %s\n    %s\n", defect->name,
                   defect->fixed_in[0] != '\0' ? " (repaired in " : "", defect->fixed_in,
                   defect->fixed_in[0] != '\0' ? ")" : "", defect->effect, defect->protection);
    if (lunette_lua_defect(0) == NULL)
        put_format("  none known\n");
}

static void record_defects(doctor *on) {
    json_t *list = json_array();
    const lunette_defect *defect;
    for (size_t i = 0; (defect = lunette_lua_defect(i)) != NULL; i++) {
        json_t *one = json_object();
        record_put(&one, "name", json_string(defect->name));
        record_put(&one, "effect", json_string(defect->effect));
        record_put(&one, "fixed_in", json_string(defect->fixed_in));
        record_put(&one, "protection", json_string(defect->protection));
        record_append(&list, one);
    }
    record_put(&on->record, "lua_defects", list);
}

static void tell_machine(doctor *on) {
    json_t *system = on->json ? json_object() : NULL;
    if (!on->json)
        put_format("\nThis machine\n");
    machine_fact fact;
    for (size_t i = 0; machine_fact_get(i, &fact); i++) {
        if (on->json)
            record_put(&system, fact.key, record_text(fact.value));
        else
            put_format("  %-45s %s\n", fact.label, fact.value);
    }
    if (on->json)
        record_put(&on->record, "system", system);
}

static lunette_status open_engine(doctor *on) {
    lunette_config config = lunette_config_default();
    config.limits.memory = 1 << 20;
    on->info.size = sizeof on->info;
    lunette_status status = lunette_engine_open(&config, &on->engine);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(on->engine, &on->context);
    if (status == LUNETTE_OK)
        status = lunette_engine_info_get(on->engine, &on->info);
    return status;
}

static tool_exit examine(doctor *on) {
    if (on->json) {
        on->record = json_object();
        record_engine(on);
        record_defects(on);
    } else {
        show_engine(on);
        show_defects();
    }
    tell_machine(on);
    run_tests(on);
    const tool_exit printed = on->json ? record_print(on->record) : TOOL_OK;
    return printed != TOOL_OK ? printed : on->sound ? TOOL_OK : TOOL_SCRIPT;
}

tool_exit command_doctor(const options *from) {
    if (from->operand_count > 0)
        return options_complain(from, "unexpected: %s; type: lunette doctor", from->operands[0]);
    doctor on = {.json = from->json};
    const lunette_status status = open_engine(&on);
    const tool_exit result = status == LUNETTE_OK ? examine(&on) : report_refusal(from, NULL, status);
    lunette_context_release(&on.context);
    lunette_engine_close(&on.engine);
    return result;
}
