/* Every public function, called as its contract forbids: with NULL, with objects of a closed engine, of another engine or
 * another context, and while the object is in use by another thread or inside a run. It must answer with a status (or what
 * its header says of NULL), and leave everything usable. What must not be done at all, such as using what was freed, is not.
 *
 * With --covered it prints the functions that were called; tests/guards/contract.py compares that with the headers, so a
 * function that is added there has to be added here. */
#include <pthread.h>
#include <semaphore.h>

#include "support.h"

/* --- Recording: much of this runs in functions that Lua calls, where nothing may be asserted --- */

static const char *covered[512];
static size_t covered_count, failures;

static void note(const char *function) {
    for (size_t i = 0; i < covered_count; i++)
        if (strcmp(covered[i], function) == 0)
            return;
    if (covered_count < LN_COUNT(covered))
        covered[covered_count++] = function;
}

static void check_status(const char *function, int line, lunette_status got, lunette_status expected) {
    note(function);
    if (got == expected)
        return;
    failures++;
    print_error("line %d: %s answers %s instead of %s (%s)\n", line, function, lunette_status_name(got),
                lunette_status_name(expected), lunette_last_failure());
}

static void check_true(const char *function, int line, bool is_true, const char *what) {
    note(function);
    if (is_true)
        return;
    failures++;
    print_error("line %d: %s: not so: %s\n", line, function, what);
}

/* EXPECT(function, (its arguments), the status it answers). */
#define EXPECT(function, arguments, expected) check_status(#function, __LINE__, function arguments, expected)
#define BAD(function, arguments)              EXPECT(function, arguments, LUNETTE_INVALID_ARGUMENT)

/* GIVES(function, (its arguments), a comparison with what it gives). */
#define GIVES(function, arguments, comparison) \
    check_true(#function, __LINE__, function arguments comparison, #function #arguments " " #comparison)

/* For those that give nothing: it is enough to come back. */
#define BEARS(function, arguments) (function arguments, check_true(#function, __LINE__, true, ""))

static void nothing_failed(void) {
    size_t count = failures;
    failures = 0;
    assert_int_equal(count, 0);
}

/* --- NULL --- */

static void engines_bear_null(void **state) {
    (void)state;
    lunette_engine *none = NULL, *engine;
    lunette_engine_info info = {.size = sizeof info}, small = {.size = 1};
    lunette_pool_stats stats = {.size = sizeof stats}, no_stats = {.size = 0};
    lunette_usage usage = {.size = sizeof usage}, no_usage = {.size = 0};
    lunette_config no_size = {.size = 0};
    char *text = NULL;
    BAD(lunette_engine_open, (NULL, NULL));
    BAD(lunette_engine_open, (&no_size, &engine));
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    BEARS(lunette_engine_close, (NULL));
    BEARS(lunette_engine_close, (&none));
    BAD(lunette_engine_info_get, (NULL, &info));
    BAD(lunette_engine_info_get, (engine, NULL));
    BAD(lunette_engine_info_get, (engine, &small));
    BAD(lunette_engine_pool_stats, (NULL, &stats));
    BAD(lunette_engine_pool_stats, (engine, NULL));
    BAD(lunette_engine_pool_stats, (engine, &no_stats));
    BAD(lunette_engine_usage, (NULL, &usage));
    BAD(lunette_engine_usage, (engine, NULL));
    BAD(lunette_engine_usage, (engine, &no_usage));
    BAD(lunette_engine_warm, (NULL, NULL, 1));
    BEARS(lunette_engine_maintain, (NULL));
    BAD(lunette_engine_metrics, (NULL, (lunette_metrics_form)0, &text));
    BAD(lunette_engine_metrics, (engine, (lunette_metrics_form)0, NULL));
    BAD(lunette_engine_metrics, (engine, (lunette_metrics_form)99, &text));
    GIVES(lunette_lua_defect, (SIZE_MAX), == NULL);
    GIVES(lunette_sandbox_name, (SIZE_MAX), == NULL);
    GIVES(lunette_version, (), != NULL);
    GIVES(lunette_lua_version, (), != NULL);
    GIVES(lunette_lua_path, (), != NULL);
    GIVES(lunette_last_failure, (), != NULL);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void templates_and_tenants_bear_null(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_template *of = NULL;
    lunette_template_config no_size = {.size = 0};
    lunette_module module = lunette_module_default(), no_module_size = {.size = 0};
    char *text = NULL;
    lunette_tenant *tenant = NULL;
    lunette_tenant_config config = lunette_tenant_config_default(), no_tenant_size = {.size = 0};
    lunette_context *context;
    lunette_limits limits = lunette_limits_default(), no_limits = {.size = 0};
    lunette_usage usage = {.size = sizeof usage};
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    BAD(lunette_template_open, (NULL, NULL, &of));
    BAD(lunette_template_open, (engine, NULL, NULL));
    BAD(lunette_template_open, (engine, &no_size, &of));
    BEARS(lunette_template_close, (NULL));
    BEARS(lunette_template_close, (&of));
    GIVES(lunette_template_size, (NULL), == 0);
    GIVES(lunette_engine_template, (NULL), == NULL);
    BAD(lunette_template_describe, (NULL, LUNETTE_FORMAT_JSON, &text));
    BAD(lunette_template_describe, (lunette_engine_template(engine), LUNETTE_FORMAT_JSON, NULL));
    BAD(lunette_template_describe, (lunette_engine_template(engine), (lunette_format)99, &text));
    GIVES(lunette_template_module, (NULL, 0), == NULL);
    GIVES(lunette_template_module, (lunette_engine_template(engine), SIZE_MAX), == NULL);
    BAD(lunette_module_describe, (NULL, LUNETTE_FORMAT_JSON, &text));
    BAD(lunette_module_describe, (&module, LUNETTE_FORMAT_JSON, NULL));
    BAD(lunette_module_describe, (&module, (lunette_format)99, &text));
    BAD(lunette_module_describe, (&module, LUNETTE_FORMAT_JSON, &text));
    BAD(lunette_module_describe, (&no_module_size, LUNETTE_FORMAT_JSON, &text));
    BAD(lunette_tenant_open, (NULL, &config, &tenant));
    BAD(lunette_tenant_open, (engine, NULL, &tenant));
    BAD(lunette_tenant_open, (engine, &config, NULL));
    BAD(lunette_tenant_open, (engine, &config, &tenant));
    BAD(lunette_tenant_open, (engine, &no_tenant_size, &tenant));
    BEARS(lunette_tenant_close, (NULL));
    BEARS(lunette_tenant_close, (&tenant));
    GIVES(lunette_tenant_name, (NULL), [0] == '\0');
    GIVES(lunette_tenant_template, (NULL), == NULL);
    config.name = "T";
    EXPECT(lunette_tenant_open, (engine, &config, &tenant), LUNETTE_OK);
    BAD(lunette_context_acquire_for, (NULL, 0, &context));
    BAD(lunette_context_acquire_for, (tenant, 0, NULL));
    GIVES(lunette_context_tenant, (NULL), == NULL);
    BAD(lunette_tenant_set_limits, (NULL, &limits));
    BAD(lunette_tenant_set_limits, (tenant, NULL));
    BAD(lunette_tenant_set_limits, (tenant, &no_limits));
    BAD(lunette_tenant_usage, (NULL, &usage));
    BAD(lunette_tenant_usage, (tenant, NULL));
    lunette_tenant_close(&tenant);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void snapshots_bear_null(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context;
    uint64_t snapshot = 5;
    size_t bytes = 5;
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    BAD(lunette_snapshot_take, (NULL, &snapshot));
    BAD(lunette_snapshot_take, (context, NULL));
    BAD(lunette_snapshot_restore, (NULL, 1));
    EXPECT(lunette_snapshot_restore, (context, UINT64_MAX), LUNETTE_STALE);
    EXPECT(lunette_snapshot_restore, (context, 0), LUNETTE_STALE);
    BAD(lunette_snapshot_drop, (NULL, 1));
    EXPECT(lunette_snapshot_drop, (context, UINT64_MAX), LUNETTE_STALE);
    BAD(lunette_snapshot_size, (NULL, 1, &bytes));
    BAD(lunette_snapshot_size, (context, 1, NULL));
    EXPECT(lunette_snapshot_size, (context, UINT64_MAX, &bytes), LUNETTE_STALE);
    check_true("lunette_snapshot_size", __LINE__, bytes == 0, "*bytes is 0");
    check_true("lunette_snapshot_take", __LINE__, snapshot == 0, "*snapshot is 0");
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void contexts_bear_null(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context, *none = NULL;
    lunette_template *of = NULL;
    lunette_value *results = NULL, five = lunette_integer(5), nil = lunette_nil();
    lunette_value strange = {.type = (lunette_type)99};
    lunette_run_options no_options = {.size = 0};
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    BAD(lunette_context_acquire, (NULL, &context));
    BAD(lunette_context_acquire, (engine, NULL));
    BAD(lunette_context_acquire_from, (of, 0, &context));
    BAD(lunette_context_acquire_from, (NULL, 0, NULL));
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    EXPECT(lunette_context_release, (NULL), LUNETTE_OK);
    EXPECT(lunette_context_release, (&none), LUNETTE_OK);
    BAD(lunette_context_reset, (NULL));
    BAD(lunette_context_run, (NULL, "n", "return 1", SIZE_MAX, NULL, &results));
    BAD(lunette_context_run, (context, "n", NULL, 5, NULL, &results));
    BAD(lunette_context_run, (context, "n", "return 1", SIZE_MAX, &no_options, &results));
    BAD(lunette_context_run_file, (NULL, "x.lua", NULL, NULL));
    BAD(lunette_context_run_file, (context, NULL, NULL, NULL));
    EXPECT(lunette_context_run_file, (context, "/nowhere/x.lua", NULL, NULL), LUNETTE_NOT_FOUND);
    BAD(lunette_context_call, (NULL, &five, NULL, NULL));
    BAD(lunette_context_call, (context, NULL, NULL, NULL));
    BAD(lunette_context_call, (context, &five, NULL, NULL));
    BAD(lunette_context_call_named, (NULL, "f", NULL, NULL));
    BAD(lunette_context_call_named, (context, NULL, NULL, NULL));
    EXPECT(lunette_context_call_named, (context, "no.such", NULL, NULL), LUNETTE_NOT_FOUND);
    BAD(lunette_context_import, (NULL, "m", NULL, NULL, NULL));
    BAD(lunette_context_import, (context, NULL, NULL, NULL, NULL));
    EXPECT(lunette_context_import, (context, "no.such", NULL, NULL, NULL), LUNETTE_RUNTIME_ERROR);
    BAD(lunette_context_forget, (NULL, &five));
    BAD(lunette_context_forget, (context, NULL));
    BAD(lunette_context_forget, (context, &five));
    BAD(lunette_context_forget_all, (NULL, &five));
    BAD(lunette_context_forget_all, (context, NULL));
    BAD(lunette_context_check, (NULL, "n", "return 1", SIZE_MAX));
    BAD(lunette_context_check, (context, "n", NULL, 3));
    BAD(lunette_context_set_global, (NULL, "x", &five));
    BAD(lunette_context_set_global, (context, NULL, &five));
    BAD(lunette_context_set_global, (context, "x", NULL));
    BAD(lunette_context_set_global, (context, "x", &strange));
    BAD(lunette_context_get_global, (NULL, "x", &results));
    BAD(lunette_context_get_global, (context, NULL, &results));
    BAD(lunette_context_get_global, (context, "x", NULL));
    EXPECT(lunette_context_set_global, (context, "x", &nil), LUNETTE_OK);
    EXPECT(lunette_context_run, (context, NULL, "return 1", SIZE_MAX, NULL, NULL), LUNETTE_OK);
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void waiting_contexts_bear_null(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context;
    uint64_t token = 0;
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    BEARS(lunette_context_cancel, (NULL));
    BAD(lunette_context_resume, (NULL, 1, NULL, 0, NULL));
    EXPECT(lunette_context_resume, (context, 1, NULL, 0, NULL), LUNETTE_WRONG_STATE);
    BAD(lunette_context_resume, (context, 1, NULL, 2, NULL));
    BAD(lunette_context_resume_error, (NULL, 1, "m", NULL));
    BAD(lunette_context_resume_error, (context, 1, NULL, NULL));
    EXPECT(lunette_context_resume_error, (context, 1, "m", NULL), LUNETTE_WRONG_STATE);
    BAD(lunette_context_drop, (NULL, 1));
    EXPECT(lunette_context_drop, (context, 1), LUNETTE_WRONG_STATE);
    BAD(lunette_context_token, (NULL, &token));
    BAD(lunette_context_token, (context, NULL));
    EXPECT(lunette_context_token, (context, &token), LUNETTE_WRONG_STATE);
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void questions_bear_null(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context;
    lunette_stats stats = {.size = sizeof stats}, no_stats = {.size = 0};
    int user_data = 0;
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    GIVES(lunette_context_error, (NULL), == NULL);
    GIVES(lunette_context_message, (NULL, LUNETTE_OK), [0] == '\0');
    GIVES(lunette_context_message, (NULL, LUNETTE_TIME_LIMIT), != NULL);
    GIVES(lunette_context_message, (context, (lunette_status)9999), != NULL);
    BAD(lunette_context_clear_error, (NULL));
    BAD(lunette_context_collect, (NULL));
    BAD(lunette_context_stats, (NULL, &stats));
    BAD(lunette_context_stats, (context, NULL));
    BAD(lunette_context_stats, (context, &no_stats));
    BAD(lunette_context_verify, (NULL));
    GIVES(lunette_context_state, (NULL), == LUNETTE_STATE_CLOSED);
    GIVES(lunette_context_state_name, ((lunette_state)99), [0] == 'u');
    GIVES(lunette_context_age_ns, (NULL), == 0);
    BEARS(lunette_context_set_user_data, (NULL, &user_data));
    GIVES(lunette_context_user_data, (NULL), == NULL);
    BAD(lunette_context_set_name, (NULL, "x"));
    GIVES(lunette_context_name, (NULL), [0] == '\0');
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void scripts_bear_null(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context;
    lunette_script *script = NULL;
    EXPECT(lunette_engine_open, (NULL, &engine), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    BAD(lunette_script_compile, (NULL, "n", "return 1", SIZE_MAX, &script));
    BAD(lunette_script_compile, (engine, "n", NULL, 1, &script));
    BAD(lunette_script_compile, (engine, "n", "return 1", SIZE_MAX, NULL));
    BAD(lunette_script_compile_file, (NULL, "x", &script));
    BAD(lunette_script_compile_file, (engine, NULL, &script));
    BAD(lunette_script_compile_file, (engine, "x", NULL));
    BEARS(lunette_script_close, (NULL));
    BEARS(lunette_script_close, (&script));
    EXPECT(lunette_script_compile, (engine, "n", "return 1", SIZE_MAX, &script), LUNETTE_OK);
    BAD(lunette_context_run_script, (NULL, script, NULL, NULL));
    BAD(lunette_context_run_script, (context, NULL, NULL, NULL));
    lunette_script_close(&script);
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    nothing_failed();
}

static void values_bear_null(void **state) {
    (void)state;
    lunette_value five = lunette_integer(5), *copy = NULL, strange = {.type = (lunette_type)99};
    lunette_error error = {0};
    char *text = NULL;
    BAD(lunette_value_copy, (NULL, &copy));
    BAD(lunette_value_copy, (&five, NULL));
    BAD(lunette_value_copy, (&strange, &copy));
    BEARS(lunette_value_free, (NULL));
    BEARS(lunette_value_free, (&copy));
    GIVES(lunette_value_equal, (NULL, &five), == false);
    GIVES(lunette_value_equal, (&five, NULL), == false);
    GIVES(lunette_value_get, (NULL, "k"), == NULL);
    GIVES(lunette_value_get, (&five, NULL), == NULL);
    GIVES(lunette_value_get, (&five, "k"), == NULL);
    GIVES(lunette_value_at, (NULL, 0), == NULL);
    GIVES(lunette_value_at, (&five, 0), == NULL);
    BAD(lunette_value_text, (NULL, 0, &text));
    BAD(lunette_value_text, (&five, 0, NULL));
    BAD(lunette_value_text, (&strange, 0, &text));
    BAD(lunette_value_json, (NULL, &text));
    BAD(lunette_value_json, (&five, NULL));
    BAD(lunette_value_json, (&strange, &text));
    BEARS(lunette_string_free, (NULL));
    BEARS(lunette_string_free, (&text));
    BAD(lunette_error_text, (NULL, &text));
    BAD(lunette_error_text, (&error, NULL));
    BAD(lunette_error_json, (NULL, &text));
    BAD(lunette_error_json, (&error, NULL));
    GIVES(lunette_type_name, ((lunette_type)99), != NULL);
    GIVES(lunette_error_kind_name, ((lunette_error_kind)99), != NULL);
    GIVES(lunette_status_name, ((lunette_status)9999), != NULL);
    GIVES(lunette_status_text, ((lunette_status)9999), != NULL);
    GIVES(lunette_permission_name, ((lunette_permission)0), != NULL);
    GIVES(lunette_permission_text, ((lunette_permission)1 << 20), != NULL);
    nothing_failed();
}

static void backends_bear_null(void **state) {
    (void)state;
    lunette_backend empty = {.size = sizeof empty}, no_size = {.size = 0};
    int64_t word;
    BAD(lunette_backend_register, (NULL));
    BAD(lunette_backend_register, (&empty));
    BAD(lunette_backend_register, (&no_size));
    BAD(lunette_backend_unregister, (NULL));
    EXPECT(lunette_backend_unregister, ("none"), LUNETTE_NOT_FOUND);
    EXPECT(lunette_backend_unregister, ("lua"), LUNETTE_WRONG_STATE);
    GIVES(lunette_backend_find, (NULL), != NULL);
    GIVES(lunette_backend_find, ("none"), == NULL);
    GIVES(lunette_backend_find_by_extension, (NULL), == NULL);
    GIVES(lunette_backend_at, (SIZE_MAX), == NULL);
    BAD(lunette_backend_set_default, (NULL));
    EXPECT(lunette_backend_set_default, ("none"), LUNETTE_NOT_FOUND);
    GIVES(lunette_machine_current, (), == NULL);
    GIVES(lunette_machine_data, (NULL), == NULL);
    GIVES(lunette_machine_settings, (NULL), == NULL);
    GIVES(lunette_machine_parts, (NULL), == NULL);
    GIVES(lunette_machine_context, (NULL), == NULL);
    GIVES(lunette_machine_generation, (NULL), == 0);
    BEARS(lunette_machine_set_root, (NULL, 0, &word));
    GIVES(lunette_machine_root, (NULL, 0), == NULL);
    BEARS(lunette_machine_random, (NULL, &word, sizeof word));
    BEARS(lunette_machine_follow_collector, (NULL, &word));
    BEARS(lunette_machine_collected, (NULL));
    GIVES(lunette_machine_alloc, (NULL, 8), == NULL);
    GIVES(lunette_machine_resize, (NULL, NULL, 0, 8), == NULL);
    BEARS(lunette_machine_free, (NULL, NULL, 0));
    BEARS(lunette_machine_host_enter, (NULL));
    BEARS(lunette_machine_host_leave, (NULL));
    BEARS(lunette_machine_charge_host_call, (NULL));
    BEARS(lunette_machine_print, (NULL, "x", 1));
    BEARS(lunette_machine_warn, (NULL, "x", 1, false));
    GIVES(lunette_machine_steps, (NULL), == 0);
    BEARS(lunette_machine_count, (NULL, 1));
    BAD(lunette_machine_results, (NULL, NULL, 0));
    GIVES(lunette_machine_emit, (NULL, "x", 1), == false);
    BAD(lunette_machine_fail, (NULL, LUNETTE_RUNTIME_ERROR, NULL));
    BEARS(lunette_machine_stand, (NULL, NULL, 0));
    BEARS(lunette_machine_panic, (NULL));
    BAD(lunette_machine_guarded, (NULL, 1, NULL, NULL));
    nothing_failed();
}

/* --- Calls: in a function of the host's --- */

static const lunette_class KNOWN = {.size = sizeof(lunette_class), .name = "Known"};
static const lunette_class FOREIGN = {.size = sizeof(lunette_class), .name = "Foreign"};
static const lunette_class NAMELESS = {.size = sizeof(lunette_class)};

/* A reference of another context's. */
static lunette_value foreign_function;

/* A call that is none. */
static void misuse_none(void) {
    const lunette_value five = lunette_integer(5), *seen;
    lunette_value value, *results;
    lunette_cursor cursor = {0}, inner;
    bool flag;
    int64_t integer;
    double number;
    const char *bytes;
    size_t size;
    void *object;
    uint64_t token;
    GIVES(lunette_call_context, (NULL), == NULL);
    GIVES(lunette_call_name, (NULL), [0] == '\0');
    GIVES(lunette_call_permits, (NULL, 0), == false);
    GIVES(lunette_call_count, (NULL), == 0);
    GIVES(lunette_call_type, (NULL, 1), == LUNETTE_NIL);
    GIVES(lunette_call_message, (NULL), [0] == '\0');
    BAD(lunette_arg_boolean, (NULL, 1, &flag));
    BAD(lunette_arg_integer, (NULL, 1, &integer));
    BAD(lunette_arg_number, (NULL, 1, &number));
    BAD(lunette_arg_string, (NULL, 1, &bytes, &size));
    BAD(lunette_arg_value, (NULL, 1, NULL, &seen));
    BAD(lunette_arg_boolean_or, (NULL, 1, true, &flag));
    BAD(lunette_arg_integer_or, (NULL, 1, 1, &integer));
    BAD(lunette_arg_number_or, (NULL, 1, 1, &number));
    BAD(lunette_arg_string_or, (NULL, 1, "x", &bytes, &size));
    BAD(lunette_arg_field, (NULL, 1, "x", &value));
    BAD(lunette_arg_iterate, (NULL, 1, &cursor));
    GIVES(lunette_cursor_next, (NULL, &cursor), == false);
    BAD(lunette_cursor_enter, (NULL, &cursor, &inner));
    BAD(lunette_arg_function, (NULL, 1, &value));
    BAD(lunette_call_invoke, (NULL, &foreign_function, NULL, 0, NULL, &results));
    BAD(lunette_arg_object, (NULL, 1, &KNOWN, &object));
    BAD(lunette_arg_close, (NULL, 1, &KNOWN));
    BAD(lunette_return_nil, (NULL));
    BAD(lunette_return_boolean, (NULL, true));
    BAD(lunette_return_integer, (NULL, 1));
    BAD(lunette_return_number, (NULL, 1));
    BAD(lunette_return_string, (NULL, "x", 1));
    BAD(lunette_return_text, (NULL, "x"));
    BAD(lunette_return_function, (NULL, &foreign_function));
    BAD(lunette_return_value, (NULL, &five));
    BAD(lunette_return_object, (NULL, &KNOWN, &integer));
    BAD(lunette_call_suspend, (NULL, &token));
    GIVES(lunette_call_state, (NULL), == NULL);
    BAD(lunette_call_set_state, (NULL, &token));
    BAD(lunette_call_fail, (NULL, "%s", "x"));
    BAD(lunette_call_fail_value, (NULL, &five));
    BAD(lunette_arg_fail, (NULL, 1, "%s", "x"));
}

/* Places that are none, indexes that are none. */
static void misuse_arguments(lunette_call *call) {
    const lunette_value *seen;
    lunette_value value;
    lunette_cursor cursor = {0};
    bool flag;
    int64_t integer;
    double number;
    const char *bytes;
    void *object;
    BAD(lunette_arg_boolean, (call, 1, NULL));
    BAD(lunette_arg_boolean, (call, 0, &flag));
    BAD(lunette_arg_integer, (call, 1, NULL));
    BAD(lunette_arg_integer, (call, -1, &integer));
    BAD(lunette_arg_number, (call, 1, NULL));
    BAD(lunette_arg_number, (call, INT32_MIN, &number));
    BAD(lunette_arg_string, (call, 1, NULL, NULL));
    BAD(lunette_arg_string, (call, 0, &bytes, NULL));
    BAD(lunette_arg_value, (call, 1, NULL, NULL));
    BAD(lunette_arg_value, (call, 0, NULL, &seen));
    BAD(lunette_arg_boolean_or, (call, 1, true, NULL));
    BAD(lunette_arg_integer_or, (call, 1, 1, NULL));
    BAD(lunette_arg_number_or, (call, 1, 1, NULL));
    BAD(lunette_arg_string_or, (call, 1, "x", NULL, NULL));
    BAD(lunette_arg_field, (call, 1, NULL, &value));
    BAD(lunette_arg_field, (call, 1, "x", NULL));
    BAD(lunette_arg_iterate, (call, 1, NULL));
    BAD(lunette_arg_iterate, (call, 0, &cursor));
    GIVES(lunette_cursor_next, (call, NULL), == false);
    GIVES(lunette_cursor_next, (call, &cursor), == false);
    BAD(lunette_cursor_enter, (call, NULL, &cursor));
    BAD(lunette_cursor_enter, (call, &cursor, NULL));
    BAD(lunette_cursor_enter, (call, &cursor, &cursor));
    BAD(lunette_arg_function, (call, 1, NULL));
    BAD(lunette_arg_function, (call, 0, &value));
    BAD(lunette_arg_object, (call, 1, NULL, &object));
    BAD(lunette_arg_object, (call, 1, &KNOWN, NULL));
    BAD(lunette_arg_object, (call, 1, &NAMELESS, &object));
    EXPECT(lunette_arg_object, (call, 1, &FOREIGN, &object), LUNETTE_RUNTIME_ERROR);
    BAD(lunette_arg_close, (call, 1, NULL));
    BAD(lunette_arg_close, (call, 0, &KNOWN));
    EXPECT(lunette_arg_close, (call, 1, &FOREIGN), LUNETTE_RUNTIME_ERROR);
    GIVES(lunette_call_type, (call, 0), == LUNETTE_NIL);
    GIVES(lunette_call_type, (call, 1000), == LUNETTE_NIL);
    EXPECT(lunette_arg_integer, (call, 1000, &integer), LUNETTE_RUNTIME_ERROR);
}

static void misuse_results(lunette_call *call) {
    const lunette_value five = lunette_integer(5), strange = {.type = (lunette_type)99};
    lunette_value *results;
    int object;
    BAD(lunette_return_string, (call, NULL, 1));
    BAD(lunette_return_text, (call, NULL));
    BAD(lunette_return_function, (call, NULL));
    BAD(lunette_return_function, (call, &five));
    EXPECT(lunette_return_function, (call, &foreign_function), LUNETTE_STALE);
    BAD(lunette_return_value, (call, NULL));
    BAD(lunette_return_value, (call, &strange));
    EXPECT(lunette_return_value, (call, &foreign_function), LUNETTE_STALE);
    BAD(lunette_return_object, (call, NULL, &object));
    BAD(lunette_return_object, (call, &KNOWN, NULL));
    BAD(lunette_return_object, (call, &NAMELESS, &object));
    EXPECT(lunette_return_object, (call, &FOREIGN, &object), LUNETTE_RUNTIME_ERROR);
    BAD(lunette_call_invoke, (call, NULL, NULL, 0, NULL, &results));
    BAD(lunette_call_invoke, (call, &five, NULL, 0, NULL, &results));
    EXPECT(lunette_call_invoke, (call, &foreign_function, NULL, 0, NULL, &results), LUNETTE_STALE);
    BAD(lunette_call_fail_value, (call, NULL));
    BAD(lunette_call_fail_value, (call, &strange));
    EXPECT(lunette_call_fail_value, (call, &foreign_function), LUNETTE_STALE);
    EXPECT(lunette_call_suspend, (call, NULL), LUNETTE_RUNTIME_ERROR);
    BAD(lunette_call_fail, (call, NULL));
    BAD(lunette_arg_fail, (call, 1, NULL));
}

/* What a context answers while a run is going on in it. */
static void misuse_busy(lunette_context *context) {
    static const lunette_value VALUE = {.type = LUNETTE_INTEGER};
    lunette_context *handle = context;
    lunette_value *results;
    uint64_t token;
    size_t bytes;
    EXPECT(lunette_context_release, (&handle), LUNETTE_BUSY);
    check_true("lunette_context_release", __LINE__, handle == context, "the handle stays");
    EXPECT(lunette_context_reset, (context), LUNETTE_BUSY);
    EXPECT(lunette_context_run, (context, "n", "return 1", SIZE_MAX, NULL, NULL), LUNETTE_BUSY);
    EXPECT(lunette_context_call_named, (context, "print", NULL, NULL), LUNETTE_BUSY);
    EXPECT(lunette_context_import, (context, "string", NULL, NULL, NULL), LUNETTE_BUSY);
    EXPECT(lunette_context_check, (context, "n", "return 1", SIZE_MAX), LUNETTE_BUSY);
    EXPECT(lunette_context_set_global, (context, "x", &VALUE), LUNETTE_BUSY);
    EXPECT(lunette_context_get_global, (context, "x", &results), LUNETTE_BUSY);
    EXPECT(lunette_context_resume, (context, 1, NULL, 0, NULL), LUNETTE_BUSY);
    EXPECT(lunette_context_resume_error, (context, 1, "m", NULL), LUNETTE_BUSY);
    EXPECT(lunette_context_drop, (context, 1), LUNETTE_BUSY);
    EXPECT(lunette_context_token, (context, &token), LUNETTE_BUSY);
    EXPECT(lunette_snapshot_take, (context, &token), LUNETTE_BUSY);
    EXPECT(lunette_snapshot_restore, (context, 1), LUNETTE_BUSY);
    EXPECT(lunette_snapshot_drop, (context, 1), LUNETTE_BUSY);
    EXPECT(lunette_snapshot_size, (context, 1, &bytes), LUNETTE_BUSY);
    EXPECT(lunette_context_clear_error, (context), LUNETTE_BUSY);
    EXPECT(lunette_context_collect, (context), LUNETTE_BUSY);
    EXPECT(lunette_context_verify, (context), LUNETTE_BUSY);
    GIVES(lunette_context_state, (context), == LUNETTE_STATE_RUNNING);
}

/* Objects outside of calls; the context's modules have no types. */
static void objects_bear_null(void **state) {
    (void)state;
    static const lunette_class NO_NAME = {.size = sizeof NO_NAME},
                               UNKNOWN = {.size = sizeof UNKNOWN, .name = "Unknown"};
    lunette_context *context = kit_restricted();
    lunette_value value = lunette_integer(5), handle = {.type = LUNETTE_USERDATA};
    int host_object;
    void *found;
    BAD(lunette_object_make, (NULL, &UNKNOWN, &host_object, &value));
    BAD(lunette_object_make, (context, NULL, &host_object, &value));
    BAD(lunette_object_make, (context, &NO_NAME, &host_object, &value));
    BAD(lunette_object_make, (context, &UNKNOWN, NULL, &value));
    BAD(lunette_object_make, (context, &UNKNOWN, &host_object, NULL));
    BAD(lunette_object_make, (context, &UNKNOWN, &host_object, &value));
    value = lunette_integer(5);
    BAD(lunette_object_find, (NULL, &handle, &UNKNOWN, &found));
    BAD(lunette_object_find, (context, NULL, &UNKNOWN, &found));
    BAD(lunette_object_find, (context, &value, &UNKNOWN, &found));
    BAD(lunette_object_find, (context, &handle, NULL, &found));
    BAD(lunette_object_find, (context, &handle, &UNKNOWN, NULL));
    BAD(lunette_object_close, (NULL, &handle));
    BAD(lunette_object_close, (context, NULL));
    BAD(lunette_object_close, (context, &value));
    handle.as.userdata.type_name = UNKNOWN.name;
    handle.as.userdata.id = UINT64_MAX;
    EXPECT(lunette_object_find, (context, &handle, &UNKNOWN, &found), LUNETTE_STALE);
    EXPECT(lunette_object_close, (context, &handle), LUNETTE_STALE);
    kit_close(context);
    nothing_failed();
}

/* Another thread, while the script's is in a function of the host's. */
struct other {
    lunette_call *call;
    lunette_context *context;
    lunette_value own; /* a function of the script's */
};

static void *misuse_from_elsewhere(void *ud) {
    struct other *other = ud;
    lunette_value *results, function;
    uint64_t token;
    misuse_busy(other->context);
    EXPECT(lunette_context_forget, (other->context, &other->own), LUNETTE_BUSY);
    EXPECT(lunette_context_forget_all, (other->context, &other->own), LUNETTE_BUSY);
    lunette_value handle = {.type = LUNETTE_USERDATA}, made;
    void *found;
    handle.as.userdata.id = 1;
    EXPECT(lunette_object_make, (other->context, &KNOWN, &handle, &made), LUNETTE_BUSY);
    EXPECT(lunette_object_find, (other->context, &handle, &KNOWN, &found), LUNETTE_BUSY);
    EXPECT(lunette_object_close, (other->context, &handle), LUNETTE_BUSY);
    BAD(lunette_call_invoke, (other->call, &other->own, NULL, 0, NULL, &results));
    BAD(lunette_arg_function, (other->call, 2, &function));
    BAD(lunette_call_suspend, (other->call, &token));
    return NULL;
}

static lunette_status misuse(void *ud, lunette_call *call) {
    pthread_t thread;
    (void)ud;
    struct other other = {.call = call, .context = lunette_call_context(call)};
    misuse_none();
    misuse_arguments(call);
    misuse_results(call);
    misuse_busy(other.context);
    EXPECT(lunette_arg_function, (call, 2, &other.own), LUNETTE_OK);
    if (pthread_create(&thread, NULL, misuse_from_elsewhere, &other) == 0)
        pthread_join(thread, NULL);
    EXPECT(lunette_call_invoke, (call, &other.own, NULL, 0, NULL, NULL), LUNETTE_OK);
    return lunette_return_text(call, "well");
}

static lunette_status calls_itself(void *ud, lunette_call *call, const lunette_value *arguments,
                                   size_t count) {
    (void)ud;
    (void)arguments;
    return lunette_return_integer(call, (int64_t)count);
}

static lunette_engine *open_engine(void) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "misuse", .call = misuse, .max_arguments = 3},
        {.name = "count", .call_values = calls_itself, .max_arguments = -1},
    };
    static const lunette_class *const TYPES[] = {&KNOWN};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *engine;
    module.name = "host";
    module.functions = FUNCTIONS;
    module.function_count = 2;
    module.types = TYPES;
    module.type_count = 1;
    module.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK)
        fail_msg("%s", lunette_last_failure());
    return engine;
}

static void calls_bear_misuse(void **state) {
    (void)state;
    lunette_engine *engine = open_engine();
    lunette_context *context, *other;
    lunette_value *given = NULL;
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (engine, &other), LUNETTE_OK);
    EXPECT(lunette_context_run, (other, "n", "return function() end", SIZE_MAX, NULL, &given), LUNETTE_OK);
    foreign_function = *lunette_value_at(given, 0);
    lunette_value *results = NULL;
    EXPECT(lunette_context_run,
           (context, "n", "return host.misuse(5, function() end)", SIZE_MAX, NULL, &results), LUNETTE_OK);
    assert_int_equal(lunette_value_at(results, 0)->type, LUNETTE_STRING);
    lunette_value_free(&results);
    EXPECT(lunette_context_call, (context, &foreign_function, NULL, NULL), LUNETTE_STALE);
    EXPECT(lunette_context_forget, (context, &foreign_function), LUNETTE_STALE);
    EXPECT(lunette_context_set_global, (context, "f", &foreign_function), LUNETTE_STALE);
    EXPECT(lunette_context_call, (other, &foreign_function, NULL, NULL), LUNETTE_OK);
    EXPECT(lunette_context_reset, (other), LUNETTE_OK);
    EXPECT(lunette_context_call, (other, &foreign_function, NULL, NULL), LUNETTE_STALE);
    EXPECT(lunette_context_verify, (other), LUNETTE_OK);
    lunette_value_free(&given);
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    EXPECT(lunette_context_release, (&other), LUNETTE_OK);
    lunette_engine_close(&engine);
    nothing_failed();
}

/* --- Closed, and another's --- */

static void closed_engines_refuse(void **state) {
    (void)state;
    static const lunette_value VALUE = {.type = LUNETTE_INTEGER};
    lunette_engine *engine = open_engine(), *copy = engine;
    lunette_context *context, *more;
    lunette_template *of, *another;
    lunette_tenant *tenant, *another_tenant;
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_script *script, *another_script;
    lunette_value *results = NULL, *value;
    uint64_t snapshot, another_snapshot;
    size_t bytes;
    config.name = "T";
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    EXPECT(lunette_template_open, (engine, NULL, &of), LUNETTE_OK);
    EXPECT(lunette_tenant_open, (engine, &config, &tenant), LUNETTE_OK);
    EXPECT(lunette_script_compile, (engine, "n", "return 1", SIZE_MAX, &script), LUNETTE_OK);
    EXPECT(lunette_context_run, (context, "n", "f = print return print", SIZE_MAX, NULL, &results),
           LUNETTE_OK);
    EXPECT(lunette_snapshot_take, (context, &snapshot), LUNETTE_OK);
    lunette_engine_close(&engine);
    EXPECT(lunette_snapshot_take, (context, &another_snapshot), LUNETTE_CLOSED);
    EXPECT(lunette_snapshot_restore, (context, snapshot), LUNETTE_CLOSED);
    EXPECT(lunette_snapshot_size, (context, snapshot, &bytes), LUNETTE_OK);
    EXPECT(lunette_snapshot_drop, (context, snapshot), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (copy, &more), LUNETTE_CLOSED);
    EXPECT(lunette_context_acquire_from, (of, 0, &more), LUNETTE_CLOSED);
    EXPECT(lunette_context_acquire_for, (tenant, 0, &more), LUNETTE_CLOSED);
    EXPECT(lunette_template_open, (copy, NULL, &another), LUNETTE_CLOSED);
    EXPECT(lunette_tenant_open, (copy, &config, &another_tenant), LUNETTE_CLOSED);
    EXPECT(lunette_script_compile, (copy, "n", "return 2", SIZE_MAX, &another_script), LUNETTE_CLOSED);
    EXPECT(lunette_engine_warm, (copy, NULL, 1), LUNETTE_CLOSED);
    BEARS(lunette_engine_maintain, (copy));
    EXPECT(lunette_context_run, (context, "n", "return 1", SIZE_MAX, NULL, NULL), LUNETTE_CLOSED);
    EXPECT(lunette_context_run_script, (context, script, NULL, NULL), LUNETTE_CLOSED);
    EXPECT(lunette_context_call, (context, lunette_value_at(results, 0), NULL, NULL), LUNETTE_CLOSED);
    EXPECT(lunette_context_call_named, (context, "f", NULL, NULL), LUNETTE_CLOSED);
    EXPECT(lunette_context_import, (context, "string", NULL, NULL, NULL), LUNETTE_CLOSED);
    EXPECT(lunette_context_check, (context, "n", "return 1", SIZE_MAX), LUNETTE_CLOSED);
    EXPECT(lunette_context_set_global, (context, "x", &VALUE), LUNETTE_CLOSED);
    EXPECT(lunette_context_get_global, (context, "x", &value), LUNETTE_CLOSED);
    EXPECT(lunette_context_collect, (context), LUNETTE_CLOSED);
    GIVES(lunette_context_state, (context), == LUNETTE_STATE_CLOSED);
    lunette_value_free(&results);
    lunette_script_close(&script);
    lunette_tenant_close(&tenant);
    lunette_template_close(&of);
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    nothing_failed();
}

static void others_objects_are_refused(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(), *other = open_engine();
    lunette_context *context;
    lunette_template *of;
    lunette_tenant *tenant;
    lunette_script *script;
    lunette_tenant_config config = lunette_tenant_config_default();
    EXPECT(lunette_template_open, (other, NULL, &of), LUNETTE_OK);
    EXPECT(lunette_script_compile, (other, "n", "return 1", SIZE_MAX, &script), LUNETTE_OK);
    EXPECT(lunette_context_acquire, (engine, &context), LUNETTE_OK);
    config.name = "T";
    config.of = of;
    BAD(lunette_tenant_open, (engine, &config, &tenant));
    BAD(lunette_engine_warm, (engine, of, 1));
    BAD(lunette_context_run_script, (context, script, NULL, NULL));
    EXPECT(lunette_context_release, (&context), LUNETTE_OK);
    lunette_script_close(&script);
    lunette_template_close(&of);
    lunette_engine_close(&engine);
    lunette_engine_close(&other);
    nothing_failed();
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_bear_null),          cmocka_unit_test(templates_and_tenants_bear_null),
        cmocka_unit_test(snapshots_bear_null),        cmocka_unit_test(contexts_bear_null),
        cmocka_unit_test(waiting_contexts_bear_null), cmocka_unit_test(questions_bear_null),
        cmocka_unit_test(scripts_bear_null),          cmocka_unit_test(objects_bear_null),
        cmocka_unit_test(values_bear_null),           cmocka_unit_test(backends_bear_null),
        cmocka_unit_test(calls_bear_misuse),          cmocka_unit_test(closed_engines_refuse),
        cmocka_unit_test(others_objects_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < covered_count && count > 1 && strcmp(arguments[1], "--covered") == 0; i++)
        printf("covered: %s\n", covered[i]);
    return failed;
}
