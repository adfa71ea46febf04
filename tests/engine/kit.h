/* What the tests of the engine share: texts that grow, engines from a configuration, and transcripts: all that a host can
 * see of a run, as one text, so that two runs can be compared byte by byte. Only the public functions are used. */
#ifndef TEST_ENGINE_KIT_H
#define TEST_ENGINE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../common.h"
#include "lunette.h"

#define KIT_MILLISECOND ((uint64_t)1000000)
#define KIT_SECOND      (1000 * KIT_MILLISECOND)
#define KIT_MIB         ((uint64_t)1 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define KIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KIT_ASAN 1
#endif
#endif
#ifndef KIT_ASAN
#define KIT_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define KIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KIT_TSAN 1
#endif
#endif
#ifndef KIT_TSAN
#define KIT_TSAN 0
#endif

/* --- Texts --- */

__attribute__((format(printf, 2, 3))) static inline void kit_addf(kit_text *text, const char *format, ...) {
    char line[1500];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    kit_add(text, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

/* A file of the source tree, whole; the caller's to free. */
static inline char *kit_file(const char *path) {
    FILE *file = fopen(path, "rb");
    kit_text text = {0};
    char part[4096];
    if (!file)
        fail_msg("cannot open %s", path);
    kit_add(&text, "", 0);
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
        kit_add(&text, part, got);
    fclose(file);
    return text.bytes;
}

/* --- Engines --- */

/* The output of a context whose user data is a kit_text goes there, any other is dropped. */
static inline void kit_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    kit_text *text = lunette_context_user_data(context);
    if (text)
        kit_add(text, bytes, size);
}

static inline void kit_no_log(void *ud, const char *line) {
    (void)ud;
    (void)line;
}

static inline lunette_config kit_config(void) {
    lunette_config config = lunette_config_default();
    config.limits.wall_ns = 60 * KIT_SECOND;
    config.output = kit_output;
    config.log = kit_no_log;
    return config;
}

static inline lunette_engine *kit_open(const lunette_config *config) {
    lunette_engine *engine;
    if (lunette_engine_open(config, &engine) != LUNETTE_OK)
        fail_msg("engine: %s", lunette_last_failure());
    return engine;
}

static inline lunette_context *kit_acquire(lunette_engine *engine) {
    lunette_context *context;
    if (lunette_context_acquire(engine, &context) != LUNETTE_OK)
        fail_msg("acquire: %s", lunette_last_failure());
    return context;
}

static inline lunette_context *kit_acquire_from(lunette_template *from) {
    lunette_context *context;
    if (lunette_context_acquire_from(from, 0, &context) != LUNETTE_OK)
        fail_msg("acquire: %s", lunette_last_failure());
    return context;
}

static inline lunette_status kit_open_template(lunette_engine *engine, const lunette_preload *modules,
                                               size_t count, lunette_template **out) {
    lunette_template_config config = lunette_template_config_default();
    config.preload = modules;
    config.preload_count = count;
    return lunette_template_open(engine, &config, out);
}

static inline lunette_template *kit_template(lunette_engine *engine, const char *name, const char *text) {
    lunette_preload module = {.name = name, .text = text, .text_size = SIZE_MAX};
    lunette_template *template;
    if (kit_open_template(engine, &module, 1, &template) != LUNETTE_OK)
        fail_msg("template: %s", lunette_last_failure());
    return template;
}

static inline void kit_release(lunette_context **context) {
    assert_int_equal(lunette_context_release(context), LUNETTE_OK);
    assert_null(*context);
}

static inline lunette_pool_stats kit_pool(lunette_engine *engine) {
    lunette_pool_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_engine_pool_stats(engine, &stats), LUNETTE_OK);
    return stats;
}

static inline lunette_stats kit_stats(const lunette_context *context) {
    lunette_stats stats = {.size = sizeof stats};
    assert_int_equal(lunette_context_stats(context, &stats), LUNETTE_OK);
    return stats;
}

/* --- Runs --- */

static inline lunette_status kit_run(lunette_context *context, const char *text) {
    return lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, NULL, NULL);
}

static inline void kit_check_ok(lunette_context *context, const char *text, int line) {
    lunette_status status = kit_run(context, text);
    const lunette_error *error = lunette_context_error(context);
    if (status != LUNETTE_OK)
        fail_msg("line %d: %s (%s)\n%.300s", line, lunette_status_name(status),
                 error ? error->message : lunette_last_failure(), text);
}
#define expect_ok(context, text) kit_check_ok(context, text, __LINE__)

/* The integer that a program returns, which must end well. */
static inline int64_t kit_integer_of(lunette_context *context, const char *text, int line) {
    lunette_value *results = NULL;
    lunette_status status =
        lunette_context_run(context, "=test", text, LUNETTE_ZERO_TERMINATED, NULL, &results);
    const lunette_value *first = lunette_value_at(results, 0);
    const lunette_error *error = lunette_context_error(context);
    if (status != LUNETTE_OK || !first || first->type != LUNETTE_INTEGER)
        fail_msg("line %d: %s, no integer (%s)\n%.300s", line, lunette_status_name(status),
                 error ? error->message : lunette_last_failure(), text);
    int64_t integer = first->as.integer;
    lunette_value_free(&results);
    return integer;
}
#define expect_integer(context, text, expected) \
    assert_int_equal(kit_integer_of(context, text, __LINE__), expected)

/* --- Transcripts --- */

static inline void kit_add_value(kit_text *text, const lunette_value *value) {
    switch (value->type) {
    case LUNETTE_BOOLEAN:
        kit_addf(text, "%s ", value->as.boolean ? "true" : "false");
        break;
    case LUNETTE_INTEGER:
        kit_addf(text, "%lld ", (long long)value->as.integer);
        break;
    case LUNETTE_NUMBER:
        kit_addf(text, "%a ", value->as.number);
        break;
    case LUNETTE_STRING:
        kit_addf(text, "\"");
        kit_add(text, value->as.string.bytes, value->as.string.size);
        kit_addf(text, "\" ");
        break;
    case LUNETTE_ARRAY:
        kit_addf(text, "[ ");
        for (size_t i = 0; i < value->as.array.count; i++)
            kit_add_value(text, &value->as.array.items[i]);
        kit_addf(text, "] ");
        break;
    case LUNETTE_OBJECT:
        kit_addf(text, "{ ");
        for (size_t i = 0; i < value->as.object.count; i++) {
            kit_add_value(text, &value->as.object.members[i].key);
            kit_addf(text, "= ");
            kit_add_value(text, &value->as.object.members[i].value);
        }
        kit_addf(text, "} ");
        break;
    default:
        kit_addf(text, "%s ", lunette_type_name(value->type));
    }
}

/* Whether transcripts say where memory ran out: a program that was parsed first has left other garbage behind than one
 * that was compiled, and meets its limit elsewhere. */
static bool kit_memory_places = true;

static inline void kit_add_error(kit_text *text, const lunette_error *error) {
    if (error->code == LUNETTE_MEMORY_LIMIT && !kit_memory_places) {
        kit_addf(text, "error %s\n", error->message);
        return;
    }
    kit_addf(text, "error %s:%d: %s\n", error->chunk ? error->chunk : "-", error->line, error->message);
    for (size_t i = 0; i < error->frame_count; i++)
        kit_addf(text, "  %s %s:%d%s\n", error->frames[i].function, error->frames[i].chunk,
                 error->frames[i].line, error->frames[i].native ? " native" : "");
    kit_addf(text, "  and %zu\n", error->frames_left_out);
    if (error->value)
        kit_add_value(text, error->value);
}

/* What the allocator saw, too: where it is the same, the program made the same requests in the same order. */
static inline void kit_add_usage(kit_text *text, const lunette_context *context) {
    lunette_stats stats = kit_stats(context);
    kit_addf(text, "\nallocations %llu, used %llu, peak %llu, failures %llu, printed %llu\n",
             (unsigned long long)stats.allocations, (unsigned long long)stats.memory_used,
             (unsigned long long)stats.memory_peak, (unsigned long long)stats.allocation_failures,
             (unsigned long long)stats.output_bytes);
}

typedef struct kit_program {
    const char *name, *text;
    const lunette_script *script; /* instead of the text; NULL: the text */
    bool usage;                   /* what the allocator saw is part of the transcript */
} kit_program;

/* Runs a program and tells all; the text is the caller's to clear. */
static inline kit_text kit_transcript(lunette_context *context, const kit_program *program) {
    kit_text text = {0};
    lunette_value *results = NULL;
    kit_add(&text, "", 0);
    lunette_context_set_user_data(context, &text);
    lunette_status status = program->script
                                ? lunette_context_run_script(context, program->script, NULL, &results)
                                : lunette_context_run(context, program->name, program->text,
                                                      LUNETTE_ZERO_TERMINATED, NULL, &results);
    lunette_context_set_user_data(context, NULL);
    kit_addf(&text, "status %s\n", lunette_status_name(status));
    if (results)
        kit_add_value(&text, results);
    if (lunette_context_error(context))
        kit_add_error(&text, lunette_context_error(context));
    if (program->usage && status <= LUNETTE_RUNTIME_ERROR)
        kit_add_usage(&text, context);
    lunette_value_free(&results);
    return text;
}

/* Fails with the first lines that differ. */
static inline void kit_assert_same(const kit_text *actual, const kit_text *expected, const char *program,
                                   const char *where) {
    if (actual->size == expected->size && memcmp(actual->bytes, expected->bytes, actual->size) == 0)
        return;
    size_t at = 0, line = 0;
    while (at < actual->size && at < expected->size && actual->bytes[at] == expected->bytes[at]) {
        if (actual->bytes[at] == '\n')
            line = at + 1;
        at++;
    }
    fail_msg("%s %s:\n'%.*s' instead of\n'%.*s'", program, where, (int)strcspn(actual->bytes + line, "\n"),
             actual->bytes + line, (int)strcspn(expected->bytes + line, "\n"), expected->bytes + line);
}

static inline void kit_same_transcript(lunette_context *context, const kit_program *program,
                                       const kit_text *expected, const char *where) {
    kit_text text = kit_transcript(context, program);
    kit_assert_same(&text, expected, program->name, where);
    kit_clear(&text);
}

static inline void kit_reset_and_verify(lunette_context *context) {
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    if (lunette_context_verify(context) != LUNETTE_OK)
        fail_msg("not clean: %s", lunette_last_failure());
}

#endif
