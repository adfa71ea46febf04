/* Every public function with arguments that are missing, wrong, of another version or of another object, and at moments when
 * it cannot serve: the documented status, words in lunette_last_failure(), and nothing changed. */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

/* The call must be refused with this status, for a reason that mentions this. */
static void expect_refusal(lunette_status status, lunette_status expected, const char *words, int line) {
    if (status != expected)
        fail_msg("line %d: %s instead of %s", line, lunette_status_name(status),
                 lunette_status_name(expected));
    if (!strstr(lunette_last_failure(), words))
        fail_msg("line %d: '%s' does not mention '%s'", line, lunette_last_failure(), words);
}

#define refused(call, expected, words) expect_refusal(call, LUNETTE_##expected, words, __LINE__)

/* --- Engines --- */

static void engines_refuse_bad_configurations(void **state) {
    (void)state;
    lunette_engine *engine = (lunette_engine *)&engine;
    refused(lunette_engine_open(NULL, NULL), INVALID_ARGUMENT, "`engine` is NULL");
    static const struct {
        size_t at;
        unsigned value;
        const char *words;
    } FIELDS[] = {
        {offsetof(lunette_config, sandbox), 3, "config.sandbox"},
        {offsetof(lunette_config, guard), 3, "config.guard"},
        {offsetof(lunette_config, guard_signal), 9, "config.guard_signal"},
        {offsetof(lunette_config, guard_signal), 1000, "config.guard_signal"},
        {offsetof(lunette_config, contain_faults), 3, "config.contain_faults"},
        {offsetof(lunette_config, gc), 3, "config.gc"},
        {offsetof(lunette_config, gc_pause), 1001, "gc_pause"},
        {offsetof(lunette_config, gc_minor), 101, "gc_minor"},
        {offsetof(lunette_config, allow_count), 1, "config.allow"},
        {offsetof(lunette_config, deny_count), 1, "config.deny"},
        {offsetof(lunette_config, limits.memory), 1000, "config.limits.memory"},
    };
    for (size_t i = 0; i < LN_COUNT(FIELDS); i++) {
        lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
        memcpy((char *)&config + FIELDS[i].at, &FIELDS[i].value, sizeof FIELDS[i].value);
        engine = (lunette_engine *)&engine;
        refused(lunette_engine_open(&config, &engine), INVALID_ARGUMENT, FIELDS[i].words);
        assert_null(engine);
    }
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = LUNETTE_MEMORY_MAX + 1;
    refused(lunette_engine_open(&config, &engine), INVALID_ARGUMENT, "config.limits.memory");
    const char *missing[] = {NULL};
    config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.allow = missing;
    config.allow_count = 1;
    refused(lunette_engine_open(&config, &engine), INVALID_ARGUMENT, "config.allow[0]");
}

/* A struct of an earlier version is shorter; one of a later version is longer, and may be used while what it adds is zero. */
static void sizes_tell_versions(void **state) {
    (void)state;
    lunette_engine *engine;
    struct {
        lunette_config config;
        char more[64];
    } later = {.config = kit_config(LUNETTE_SANDBOX_STRICT)};
    later.config.size = 0;
    refused(lunette_engine_open(&later.config, &engine), INVALID_ARGUMENT, "lunette_config.size is 0");
    later.config.size = 100000;
    refused(lunette_engine_open(&later.config, &engine), INVALID_ARGUMENT, "lunette_config.size");
    later.config.size = sizeof later;
    assert_int_equal(lunette_engine_open(&later.config, &engine), LUNETTE_OK);
    lunette_engine_close(&engine);
    later.more[63] = 1;
    refused(lunette_engine_open(&later.config, &engine), UNSUPPORTED, "later version");
    later.config.size = sizeof later.config;
    later.config.pool.reserved[7] = 1;
    refused(lunette_engine_open(&later.config, &engine), UNSUPPORTED,
            "config.pool has fields of a later version");
    later.config.pool.reserved[7] = 0;
    later.config.snapshots.reserved[0] = 1;
    refused(lunette_engine_open(&later.config, &engine), UNSUPPORTED, "config.snapshots has fields");
    later.config.snapshots.reserved[0] = 0;
    later.config.limits.reserved[3] = 1;
    refused(lunette_engine_open(&later.config, &engine), UNSUPPORTED, "config.limits has fields");
    later.config.limits.reserved[3] = 0;
    later.config.size = offsetof(lunette_config, allow);
    assert_int_equal(lunette_engine_open(&later.config, &engine), LUNETTE_OK);
    assert_int_equal(engine->sandbox, LUNETTE_SANDBOX_STRICT);

    lunette_context *context;
    lunette_run_options options = lunette_run_options_default();
    lunette_limits limits = lunette_limits_default();
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    options.size = 3;
    refused(lunette_context_run(context, NULL, "", 0, &options, NULL), INVALID_ARGUMENT,
            "lunette_run_options.size is 3");
    options = lunette_run_options_default();
    options.limits = &limits;
    limits.size = 0;
    refused(lunette_context_run(context, NULL, "", 0, &options, NULL), INVALID_ARGUMENT,
            "options.limits.size is 0");
    limits = lunette_limits_default();
    limits.reserved[0] = 1;
    refused(lunette_context_run(context, NULL, "", 0, &options, NULL), UNSUPPORTED,
            "options.limits has fields of a later version");
    limits = lunette_limits_default();
    limits.size = offsetof(lunette_limits, cpu_ns);
    limits.cpu_ns = 1; /* not a part of that version */
    assert_int_equal(lunette_context_run(context, NULL, "", 0, &options, NULL), LUNETTE_OK);
    lunette_stats stats = {.size = 8};
    refused(lunette_context_stats(context, &stats), INVALID_ARGUMENT, "stats->size");
    lunette_engine_info info = {.size = 0};
    refused(lunette_engine_info_get(engine, &info), INVALID_ARGUMENT, "info->size");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
}

/* A type of objects, of whatever version: to open an engine with, to be described, and to be named in calls about objects. */
typedef struct later_class {
    lunette_class class;
    char more[64];
} later_class;

static lunette_status make_and_find(void *ud, lunette_call *call) {
    const lunette_class *type = ud;
    void *object;
    return lunette_call_count(call) == 0 ? lunette_return_object(call, type, ud)
                                         : lunette_arg_object(call, 1, type, &object);
}

static lunette_status use_as_type(const lunette_class *type, const lunette_class *named) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "thing", .call = make_and_find, .max_arguments = 1}};
    const lunette_class *types[] = {type};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_config config = kit_config(LUNETTE_SANDBOX_STRICT);
    lunette_engine *engine;
    lunette_context *context;
    lunette_value value;
    void *object = NULL;
    char *text;
    module.name = "";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.types = types;
    module.type_count = 1;
    module.ud = (void *)(uintptr_t)named;
    config.modules = modules;
    config.module_count = 1;
    lunette_status status = lunette_module_describe(&module, LUNETTE_FORMAT_TEXT, &text);
    assert_true((status == LUNETTE_OK) == (text != NULL));
    lunette_string_free(&text);
    assert_int_equal(lunette_engine_open(&config, &engine), status);
    if (status != LUNETTE_OK)
        return status;
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    status = lunette_object_make(context, named, &module, &value);
    if (status == LUNETTE_OK) {
        assert_int_equal(lunette_object_find(context, &value, named, &object), LUNETTE_OK);
        assert_ptr_equal(object, &module);
    }
    lunette_status called = lunette_context_run(context, NULL, "thing(thing())", SIZE_MAX, NULL, NULL);
    assert_true((status == LUNETTE_OK) == (called == LUNETTE_OK));
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    return status;
}

static void sizes_of_types_tell_versions(void **state) {
    (void)state;
    const lunette_class now = {.size = sizeof now, .name = "Thing"};
    later_class later = {.class = {.size = sizeof later, .name = "Thing"}};
    /* What lies behind an earlier version's end is not a part of it. */
    lunette_class earlier = {.size = offsetof(lunette_class, methods), .name = "Thing", .method_count = 1};
    lunette_class nameless = {.size = offsetof(lunette_class, name), .name = "Thing"};
    lunette_class without = {.name = "Thing"};
    assert_int_equal(use_as_type(&now, &now), LUNETTE_OK);
    assert_int_equal(use_as_type(&earlier, &now), LUNETTE_OK);
    assert_int_equal(use_as_type(&now, &earlier), LUNETTE_OK);
    assert_int_equal(use_as_type(&later.class, &earlier), LUNETTE_OK);
    assert_int_equal(use_as_type(&earlier, &later.class), LUNETTE_OK);
    refused(use_as_type(&without, &now), INVALID_ARGUMENT, "lunette_class.size is 0");
    refused(use_as_type(&now, &without), INVALID_ARGUMENT, "lunette_class.size is 0");
    refused(use_as_type(&nameless, &now), INVALID_ARGUMENT, "a type has no name");
    refused(use_as_type(&now, &nameless), INVALID_ARGUMENT, "`type` has no name");
    earlier.size = offsetof(lunette_class, version); /* and so of version 0, whatever stands there */
    earlier.version = 7;
    assert_int_equal(use_as_type(&now, &earlier), LUNETTE_OK);
    later.more[63] = 1;
    refused(use_as_type(&later.class, &now), UNSUPPORTED, "later version");
    refused(use_as_type(&now, &later.class), UNSUPPORTED, "later version");
}

/* A host that was compiled against an earlier version has shorter structs, one against a later version longer ones: what
 * both know is filled in, and nothing written behind. */
static void answers_fit_every_version(void **state) {
    (void)state;
    struct {
        lunette_engine_info info;
        char more[16];
    } later = {.info = {.size = sizeof later}};
    lunette_engine_info shorter = {.size = offsetof(lunette_engine_info, guard), .guard = "untouched"};
    lunette_pool_stats pool = {.size = offsetof(lunette_pool_stats, destroyed), .destroyed = 77};
    lunette_usage usage = {.size = offsetof(lunette_usage, refusals), .refusals = 77};
    lunette_engine *engine;
    lunette_context *context;
    assert_int_equal(lunette_engine_open(NULL, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    memset(later.more, 'x', sizeof later.more);
    assert_int_equal(lunette_engine_info_get(engine, &later.info), LUNETTE_OK);
    assert_int_equal(later.info.size, sizeof later);
    assert_string_equal(later.info.backend, "lua");
    assert_memory_equal(later.more, ((char[16]){0}), sizeof later.more);
    assert_int_equal(lunette_engine_info_get(engine, &shorter), LUNETTE_OK);
    assert_non_null(shorter.lua_release);
    assert_string_equal(shorter.guard, "untouched");
    assert_int_equal(lunette_engine_pool_stats(engine, &pool), LUNETTE_OK);
    assert_int_equal(pool.made, 1);
    assert_int_equal(pool.destroyed, 77);
    assert_int_equal(lunette_engine_usage(engine, &usage), LUNETTE_OK);
    assert_int_equal(usage.acquires, 1);
    assert_int_equal(usage.refusals, 77);
    lunette_stats stats = {.size = offsetof(lunette_stats, allocations), .allocations = 77};
    assert_int_equal(lunette_context_run(context, "a", "return 1", 8, NULL, NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    assert_true(stats.memory_used > 0);
    assert_int_equal(stats.allocations, 77);
    usage.size = sizeof(size_t);
    refused(lunette_engine_usage(engine, &usage), INVALID_ARGUMENT, "which no version has");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
}

static void information(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    lunette_engine_info info = {.size = sizeof info};
    refused(lunette_engine_info_get(NULL, &info), INVALID_ARGUMENT, "NULL");
    refused(lunette_engine_info_get(context->engine, NULL), INVALID_ARGUMENT, "NULL");
    assert_int_equal(lunette_engine_info_get(context->engine, &info), LUNETTE_OK);
    assert_int_equal(strncmp(info.lua_release, "5.4", 3), 0);
    assert_string_equal(info.reset, "image");
    assert_true(info.image_bytes > 10000 && info.image_bytes < 100000);
    assert_true(info.stack_needed >= 512 << 10);
    kit_close(context);
    assert_non_null(lunette_sandbox_name(0));
    assert_null(lunette_sandbox_name(100000));
    assert_null(lunette_lua_defect(100000));
    for (size_t i = 0; lunette_lua_defect(i); i++)
        assert_true(*lunette_lua_defect(i)->name && *lunette_lua_defect(i)->protection);
    assert_string_equal(lunette_version(), LUNETTE_VERSION);
    assert_int_equal(strncmp(lunette_lua_version(), "Lua 5.4", 7), 0);
    assert_int_equal(access(lunette_lua_path(), R_OK), 0);
    assert_string_equal(lunette_status_name((lunette_status)1234), "unknown");
    assert_string_equal(lunette_status_name(LUNETTE_MEMORY_LIMIT), "memory_limit");
    assert_string_equal(lunette_type_name((lunette_type)99), "unknown");
}

/* --- NULL --- */

static void null_is_refused(void **state) {
    (void)state;
    lunette_context *context = kit_restricted(), *none = NULL;
    lunette_engine *no_engine = NULL;
    lunette_value value = lunette_integer(1), *out = (lunette_value *)&out;
    lunette_stats stats = {.size = sizeof stats};
    refused(lunette_context_acquire(NULL, &none), INVALID_ARGUMENT, "lunette_context_acquire");
    refused(lunette_context_acquire(context->engine, NULL), INVALID_ARGUMENT, "lunette_context_acquire");
    refused(lunette_context_reset(NULL), INVALID_ARGUMENT, "lunette_context_reset: `context` is NULL");
    refused(lunette_context_run(NULL, NULL, "", 0, NULL, &out), INVALID_ARGUMENT,
            "lunette_context_run: `context`");
    assert_null(out);
    out = (lunette_value *)&out;
    refused(lunette_context_run(context, NULL, NULL, 0, NULL, &out), INVALID_ARGUMENT, "`text` is NULL");
    assert_null(out);
    refused(lunette_context_check(NULL, NULL, "", 0), INVALID_ARGUMENT, "lunette_context_check");
    refused(lunette_context_check(context, NULL, NULL, 0), INVALID_ARGUMENT, "`text` is NULL");
    refused(lunette_context_set_global(NULL, "x", &value), INVALID_ARGUMENT, "`context` is NULL");
    refused(lunette_context_set_global(context, NULL, &value), INVALID_ARGUMENT, "`name` is NULL");
    refused(lunette_context_set_global(context, "x", NULL), INVALID_ARGUMENT, "`value` is NULL");
    refused(lunette_context_get_global(NULL, "x", &out), INVALID_ARGUMENT, "`context` is NULL");
    refused(lunette_context_get_global(context, NULL, &out), INVALID_ARGUMENT, "`name` is NULL");
    refused(lunette_context_get_global(context, "x", NULL), INVALID_ARGUMENT, "`value` is NULL");
    refused(lunette_context_stats(NULL, &stats), INVALID_ARGUMENT, "lunette_context_stats");
    refused(lunette_context_stats(context, NULL), INVALID_ARGUMENT, "lunette_context_stats");
    refused(lunette_context_verify(NULL), INVALID_ARGUMENT, "lunette_context_verify");
    assert_int_equal(lunette_context_release(NULL), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&none), LUNETTE_OK);
    lunette_engine_close(NULL);
    lunette_engine_close(&no_engine);
    lunette_context_cancel(NULL);
    assert_null(lunette_context_error(NULL));
    assert_null(lunette_context_user_data(NULL));
    lunette_context_set_user_data(NULL, context);
    lunette_value_free(NULL);
    lunette_value_free(&(lunette_value *){NULL});
    assert_int_equal(lunette_value_copy(NULL, &out), LUNETTE_INVALID_ARGUMENT);
    assert_int_equal(lunette_value_copy(&value, NULL), LUNETTE_INVALID_ARGUMENT);
    assert_null(lunette_value_get(NULL, "x"));
    assert_null(lunette_value_at(NULL, 0));
    expect_ok(context, "return 1");
    kit_close(context);
}

/* --- Busy --- */

struct intruder {
    lunette_context *context;
    int calls, wrong;
};

static void count_busy(struct intruder *intruder, lunette_status status) {
    intruder->calls++;
    intruder->wrong += status != LUNETTE_BUSY || !strstr(lunette_last_failure(), "in use by another call");
}

/* No assertions in here: Lua is on the stack. */
static void intrude(struct intruder *intruder) {
    lunette_context *context = intruder->context, *released = context;
    lunette_value value = lunette_integer(1), *out;
    count_busy(intruder, lunette_context_run(context, NULL, "", 0, NULL, NULL));
    count_busy(intruder, lunette_context_check(context, NULL, "", 0));
    count_busy(intruder, lunette_context_reset(context));
    count_busy(intruder, lunette_context_set_global(context, "x", &value));
    count_busy(intruder, lunette_context_get_global(context, "x", &out));
    count_busy(intruder, lunette_context_verify(context));
    count_busy(intruder, lunette_context_release(&released));
    intruder->wrong += released != context;
}

static void *intrude_from_thread(void *ud) {
    intrude(ud);
    return NULL;
}

static void intrude_from_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    struct intruder *intruder = ud;
    pthread_t thread;
    (void)size;
    intruder->context = context;
    if (*bytes == 'h')
        intrude(intruder);
    else if (pthread_create(&thread, NULL, intrude_from_thread, intruder) == 0)
        pthread_join(thread, NULL);
}

static void a_context_in_use_is_busy(void **state) {
    (void)state;
    struct intruder intruder = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = intrude_from_output;
    config.output_ud = &intruder;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "print('here')");
    assert_int_equal(intruder.calls, 7);
    expect_ok(context, "print('there')");
    assert_int_equal(intruder.calls, 14);
    assert_int_equal(intruder.wrong, 0);
    expect_ok(context, "return 1");
    kit_close(context);
}

/* --- States --- */

static void a_closed_engine_runs_nothing(void **state) {
    (void)state;
    lunette_engine *engine;
    lunette_context *context;
    assert_int_equal(lunette_engine_open(NULL, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    lunette_engine_close(&engine);
    assert_null(engine);
    refused(lunette_context_run(context, NULL, "", 0, NULL, NULL), CLOSED, "the context's engine was closed");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
}

/* --- A host's allocator that has nothing left --- */

static bool exhausted;

static void *sometimes(void *ud, void *ptr, size_t osize, size_t nsize) {
    return exhausted && nsize > osize ? NULL : kit_host_alloc(ud, ptr, osize, nsize);
}

static void a_context_without_a_state(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    lunette_value value = lunette_integer(1), *out;
    config.alloc = sometimes;
    exhausted = false;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "x = 1");
    exhausted = true;
    refused(lunette_context_reset(context), NO_MEMORY, "lunette_context_reset");
    refused(lunette_context_run(context, NULL, "", 0, NULL, NULL), WRONG_STATE, "lunette_context_run");
    refused(lunette_context_check(context, NULL, "", 0), WRONG_STATE, "lunette_context_check");
    refused(lunette_context_set_global(context, "x", &value), WRONG_STATE, "lunette_context_set_global");
    refused(lunette_context_get_global(context, "x", &out), WRONG_STATE, "lunette_context_get_global");
    refused(lunette_context_reset(context), NO_MEMORY, "lunette_context_reset");
    exhausted = false;
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    expect_ok(context, "assert(x == nil)");
    expect_ok(context, "x = 1");
    exhausted = true;
    kit_close(context);
    exhausted = false;
}

/* --- Nesting, threads, user data --- */

struct inner {
    lunette_context *context;
    lunette_status status;
};

static void run_inner(void *ud, lunette_context *context, const char *bytes, size_t size) {
    struct inner *inner = ud;
    (void)context;
    inner->status = lunette_context_run(inner->context, "inner", bytes, size, NULL, NULL);
}

static void contexts_run_inside_one_another(void **state) {
    (void)state;
    struct inner inner = {kit_restricted(), LUNETTE_OK};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = run_inner;
    config.output_ud = &inner;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "print('x = 5')");
    assert_int_equal(inner.status, LUNETTE_OK);
    expect_ok(context, "print('error(1)')");
    assert_int_equal(inner.status, LUNETTE_RUNTIME_ERROR);
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = 30 * MILLISECOND;
    options.limits = &limits;
    assert_int_equal(
        lunette_context_run(context, NULL, "print('while true do end') x = 1", SIZE_MAX, &options, NULL),
        LUNETTE_TIME_LIMIT);
    assert_int_equal(inner.status, LUNETTE_TIME_LIMIT); /* the outer deadline is the inner one's too */
    expect_ok(context, "assert(x == nil)");
    expect_ok(inner.context, "assert(x == nil)");
    kit_close(context);
    kit_close(inner.context);
}

/* What a host does for itself on behalf of a script whose time is up. */
struct late {
    lunette_context *other;
    lunette_status run, set, get, compile, open, template;
    char words[100];
};

static void work_late(void *ud, lunette_context *context, const char *bytes, size_t size) {
    struct late *late = ud;
    const lunette_value five = lunette_integer(5);
    lunette_value *value = NULL;
    lunette_engine *engine = NULL;
    lunette_template *template = NULL;
    lunette_script *script = NULL;
    (void)bytes;
    (void)size;
    late->run = lunette_context_run(late->other, NULL, "while true do end", SIZE_MAX, NULL, NULL);
    late->set = lunette_context_set_global(late->other, "x", &five);
    late->get = lunette_context_get_global(late->other, "x", &value);
    late->compile = lunette_script_compile(context->engine, "late", "return 1", SIZE_MAX, &script);
    snprintf(late->words, sizeof late->words, "%s", lunette_last_failure());
    late->open = lunette_engine_open(NULL, &engine);
    late->template = lunette_template_open(context->engine, NULL, &template);
    lunette_value_free(&value);
    lunette_script_close(&script);
    lunette_template_close(&template);
    lunette_engine_close(&engine);
}

static void a_deadline_ends_scripts_and_not_what_hosts_do(void **state) {
    (void)state;
    struct late late = {.other = kit_restricted()};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.output = work_late;
    config.output_ud = &late;
    config.limits.wall_ns = 30 * MILLISECOND;
    lunette_context *context = kit_open(&config);
    expect_status(context, "print()", LUNETTE_TIME_LIMIT);
    assert_int_equal(late.run, LUNETTE_TIME_LIMIT);
    assert_int_equal(late.set, LUNETTE_OK);
    assert_int_equal(late.get, LUNETTE_OK);
    assert_int_equal(late.compile, LUNETTE_TIME_LIMIT); /* the text is somebody's, like a script */
    assert_string_equal(late.words, "lunette_script_compile: the script ran past its deadline of 30 ms");
    assert_int_equal(late.open, LUNETTE_OK);
    assert_int_equal(late.template, LUNETTE_OK);
    kit_close(context);
    kit_close(late.other);
}

static void *run_elsewhere(void *ud) {
    lunette_status status = lunette_context_run(
        ud, NULL, "n = (n or 0) + 1 for i = 1, 10000 do local t = {i} end", SIZE_MAX, NULL, NULL);
    return (void *)(uintptr_t)(status == LUNETTE_OK);
}

static void contexts_move_between_threads(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *ok;
        assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, context), 0);
        pthread_join(thread, &ok);
        assert_non_null(ok);
    }
    expect_ok(context, "assert(n == 20)");
    kit_close(context);
}

static void *run_on_little_stack(void *ud) {
    lunette_status status = lunette_context_run(ud, NULL, "x = 1", SIZE_MAX, NULL, NULL);
    return (void *)(intptr_t)(strstr(lunette_last_failure(), "stack") ? status : LUNETTE_OK);
}

static void too_little_stack_is_refused(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    pthread_t thread;
    pthread_attr_t attributes;
    void *status;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    assert_int_equal(pthread_create(&thread, &attributes, run_on_little_stack, context), 0);
    pthread_join(thread, &status);
    pthread_attr_destroy(&attributes);
    assert_int_equal((intptr_t)status, LUNETTE_STACK_TOO_SMALL);
    expect_ok(context, "assert(x == nil)");
    kit_close(context);
}

static void user_data_stays_until_release(void **state) {
    (void)state;
    int mine;
    lunette_engine *engine;
    lunette_context *context;
    assert_int_equal(lunette_engine_open(NULL, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_null(lunette_context_user_data(context));
    lunette_context_set_user_data(context, &mine);
    expect_ok(context, "return 1");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_ptr_equal(lunette_context_user_data(context), &mine);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_null(lunette_context_user_data(context));
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
}

static void a_name_stays_until_release(void **state) {
    (void)state;
    char longest[LUNETTE_CONTEXT_NAME_MOST + 2] = "";
    lunette_engine *engine;
    lunette_context *context;
    assert_int_equal(lunette_engine_open(NULL, &engine), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_string_equal(lunette_context_name(context), "");
    assert_int_equal(lunette_context_set_name(context, "order 4711"), LUNETTE_OK);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    assert_string_equal(lunette_context_name(context), "order 4711");
    memset(longest, 'n', LUNETTE_CONTEXT_NAME_MOST);
    assert_int_equal(lunette_context_set_name(context, longest), LUNETTE_OK);
    longest[LUNETTE_CONTEXT_NAME_MOST] = 'n';
    refused(lunette_context_set_name(context, longest), INVALID_ARGUMENT, "more than 63 bytes");
    assert_int_equal(strlen(lunette_context_name(context)), LUNETTE_CONTEXT_NAME_MOST);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_string_equal(lunette_context_name(context), "");
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
}

static void run_limits_replace_the_engines(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.wall_ns = 20 * MILLISECOND;
    config.limits.instructions = 1000000;
    lunette_context *context = kit_open(&config);
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    options.limits = &limits;
    limits.wall_ns = LUNETTE_UNLIMITED;
    limits.memory = MIB; /* has no say here */
    assert_int_equal(lunette_context_run(context, NULL, "while true do end", SIZE_MAX, &options, NULL),
                     LUNETTE_INSTRUCTION_LIMIT);
    limits.instructions = LUNETTE_UNLIMITED;
    limits.wall_ns = 0;
    assert_int_equal(lunette_context_run(context, NULL, "while true do end", SIZE_MAX, &options, NULL),
                     LUNETTE_TIME_LIMIT);
    limits.wall_ns = 2000 * MILLISECOND;
    assert_int_equal(lunette_context_run(context, NULL, "assert(#('x'):rep(3000000) == 3000000)", SIZE_MAX,
                                         &options, NULL),
                     LUNETTE_OK);
    kit_close(context);
}

/* A text that is seen again is compiled once and kept; nothing of that shows. */
static void the_same_text_again(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(
            lunette_context_run(context, "a", "n = (n or 0) + 1 local x = nil\nx()", SIZE_MAX, NULL, NULL),
            LUNETTE_RUNTIME_ERROR);
        const lunette_error *error = lunette_context_error(context);
        assert_string_equal(error->message, "attempt to call a nil value (local 'x')");
        assert_string_equal(error->chunk, "a");
        assert_int_equal(error->line, 2);
        assert_int_equal(lunette_context_run(context, "b", "x = = 1", SIZE_MAX, NULL, NULL),
                         LUNETTE_SYNTAX_ERROR);
        assert_int_equal(lunette_context_run(context, "c", "return 1, 2", i % 2 ? 8 : SIZE_MAX, NULL, NULL),
                         LUNETTE_OK);
        if (i % 3 == 2)
            assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    }
    expect_ok(context, "assert(n == 1)");
    kit_close(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_refuse_bad_configurations),
        cmocka_unit_test(sizes_tell_versions),
        cmocka_unit_test(sizes_of_types_tell_versions),
        cmocka_unit_test(answers_fit_every_version),
        cmocka_unit_test(information),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(a_context_in_use_is_busy),
        cmocka_unit_test(a_closed_engine_runs_nothing),
        cmocka_unit_test(a_context_without_a_state),
        cmocka_unit_test(contexts_run_inside_one_another),
        cmocka_unit_test(a_deadline_ends_scripts_and_not_what_hosts_do),
        cmocka_unit_test(contexts_move_between_threads),
        cmocka_unit_test(too_little_stack_is_refused),
        cmocka_unit_test(user_data_stays_until_release),
        cmocka_unit_test(a_name_stays_until_release),
        cmocka_unit_test(run_limits_replace_the_engines),
        cmocka_unit_test(the_same_text_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
