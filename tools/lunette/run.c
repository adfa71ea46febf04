/* lunette run: one script, once. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "interrupt.h"
#include "options.h"
#include "record.h"
#include "report.h"
#include "session.h"
#include "source.h"

/* What a record is made of must fit in memory: the least surprising bound where none was given. */
#define JSON_OUTPUT_DEFAULT ((uint64_t)64 << 20)

typedef struct job {
    const options *from;
    const char *shown; /* what messages call the script */
    source script;
    char **arguments;
    int argument_count;
    lunette_value *values; /* the arguments as the library takes them */
} job;

/* -e CODE [ARG…] or FILE [ARG…]. */
static tool_exit read_script(job *work) {
    const options *from = work->from;
    const bool code = from->code != NULL;
    work->arguments = from->operands + (code ? 0 : 1);
    work->argument_count = from->operand_count - (code ? 0 : 1);
    if (work->argument_count < 0)
        return options_complain(from,
                                "no script; type: lunette run FILE, lunette run -, or lunette run -e CODE");
    if (code) {
        work->shown = "(command line)";
        text_add_string(&work->script.name, "=(command line)");
        text_add_string(&work->script.content, from->code);
        return work->script.name.failed || work->script.content.failed ? report_no_memory(from) : TOOL_OK;
    }
    const char *path = from->operands[0];
    work->shown = strcmp(path, "-") == 0 ? "stdin" : path;
    text problem = {0};
    const source_result result = source_read(&work->script, path, from->memory, &problem);
    tool_exit status = TOOL_OK;
    if (result == SOURCE_NO_MEMORY || problem.failed) {
        status = report_no_memory(work->from);
    } else if (result != SOURCE_OK) {
        const lunette_status kind =
            result == SOURCE_TOO_LARGE ? LUNETTE_MEMORY_LIMIT : LUNETTE_INVALID_ARGUMENT;
        complain("%s: %s", work->shown, text_string(&problem));
        status = report_exit(kind);
        if (from->json)
            status = report_json_refusal(kind, work->shown, text_string(&problem), status);
    }
    text_free(&problem);
    return status;
}

/* Where in argv the script stands: the operands' strings are argv's own. */
static size_t script_index(const options *from) {
    size_t index = 0;
    while (from->argv[index] != from->operands[0])
        index++;
    return index;
}

/* At level none a script finds `arg` as under the system's lua: the script at 0, its arguments from 1, and at
 * negative indexes what stands before it on the command line. Without a file the program is at 0. */
static tool_exit set_arg(const job *work, const session *on) {
    const options *from = work->from;
    const size_t before = from->code == NULL ? script_index(from) : 0;
    lunette_member *members = calloc(before + 1 + (size_t)work->argument_count, sizeof *members);
    if (members == NULL)
        return report_no_memory(work->from);
    size_t count = 0;
    for (size_t i = 0; i <= before; i++)
        members[count++] =
            (lunette_member){lunette_integer((int64_t)i - (int64_t)before), lunette_text(from->argv[i])};
    for (int i = 0; i < work->argument_count; i++)
        members[count++] = (lunette_member){lunette_integer(i + 1), work->values[i]};
    const lunette_value arg = lunette_object_of(members, count);
    const lunette_status status = lunette_context_set_global(on->context, "arg", &arg);
    free(members);
    return status == LUNETTE_OK ? TOOL_OK : report_refusal(from, work->shown, status);
}

static tool_exit prepare(job *work, const session *on) {
    if (work->argument_count > 0) {
        work->values = calloc((size_t)work->argument_count, sizeof *work->values);
        if (work->values == NULL)
            return report_no_memory(work->from);
        for (int i = 0; i < work->argument_count; i++)
            work->values[i] = lunette_text(work->arguments[i]);
    }
    return work->from->sandbox == LUNETTE_SANDBOX_NONE ? set_arg(work, on) : TOOL_OK;
}

static lunette_status run_it(const job *work, const session *on, lunette_value **results) {
    lunette_run_options how = lunette_run_options_default();
    how.measure_cpu = true;
    how.arguments = work->values;
    how.argument_count = (size_t)work->argument_count;
    how.allow_bytecode = work->from->sandbox == LUNETTE_SANDBOX_NONE;
    interrupt_arm(on->context);
    const lunette_status status = lunette_context_run(
        on->context, text_string(&work->script.name), text_string(&work->script.content) + work->script.skip,
        work->script.content.size - work->script.skip, &how, results);
    interrupt_disarm();
    return status;
}

/* What ended the run shows on standard error; but where it ended for want of a reader, finish() says what is to be
 * said. */
static void tell_error(const job *work, const session *on, lunette_status status) {
    if (status != LUNETTE_OK && !(status == LUNETTE_CANCELLED && output_failed()))
        report_error(work->shown, status, lunette_context_error(on->context));
}

static tool_exit run_for_people(const job *work, const session *on) {
    const lunette_status status = run_it(work, on, NULL);
    if (status < LUNETTE_OK)
        return report_refusal(work->from, work->shown, status);
    tell_error(work, on, status);
    return report_exit(status);
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

/* Where os.exit() finds what is to be told before the process ends; NULL: not inside a run. */
static capture *leaving;

/* os.exit, which only level none has, ends the process from within the run: the record is owed all the same. */
static void tell_before_exit(int exit_status, void *unused) {
    (void)unused;
    if (leaving == NULL)
        return;
    text output = {0};
    char message[64];
    snprintf(message, sizeof message, "the script called os.exit with status %d", exit_status);
    const lunette_status status = exit_status == 0 ? LUNETTE_OK : LUNETTE_RUNTIME_ERROR;
    const lunette_error error = {.code = status, .message = message};
    (void)capture_end(leaving, &output);
    leaving = NULL;
    record_print(record_run(&(record_of_run){.status = status,
                                             .output = text_string(&output),
                                             .output_size = output.size,
                                             .error = status != LUNETTE_OK ? &error : NULL}));
    text_free(&output);
}

#ifndef __GLIBC__
/* Elsewhere an exit does not say its status; a record with an error is the safe one. */
static void tell_before_any_exit(void) {
    tell_before_exit(TOOL_SCRIPT, NULL);
}
#endif

static bool prepare_for_exit(void) {
#ifdef __GLIBC__
    return on_exit(tell_before_exit, NULL) == 0;
#else
    return atexit(tell_before_any_exit) == 0;
#endif
}

static tool_exit print_record(const job *work, const session *on, lunette_status status,
                              const lunette_value *results, const text *output) {
    lunette_stats stats = {.size = sizeof stats};
    const bool known = lunette_context_stats(on->context, &stats) == LUNETTE_OK;
    tell_error(work, on, status);
    const tool_exit printed =
        record_print(record_run(&(record_of_run){.status = status,
                                                 .results = results,
                                                 .output = text_string(output),
                                                 .output_size = output->size,
                                                 .error = lunette_context_error(on->context),
                                                 .stats = known ? &stats : NULL}));
    return printed != TOOL_OK ? printed : report_exit(status);
}

static tool_exit run_for_programs(const job *work, const session *on) {
    capture caught;
    if (!prepare_for_exit() || capture_begin(&caught) != TOOL_OK) {
        return report_json_refusal(LUNETTE_SYSTEM, work->shown, "cannot capture standard output",
                                   TOOL_SYSTEM);
    }
    leaving = &caught;
    lunette_value *results = NULL;
    const lunette_status status = run_it(work, on, &results);
    leaving = NULL;
    text output = {0};
    tool_exit exit_status = capture_end(&caught, &output);
    if (exit_status != TOOL_OK)
        exit_status = report_json_refusal(LUNETTE_NO_MEMORY, work->shown,
                                          "what the script printed cannot be read back", exit_status);
    else if (status < LUNETTE_OK)
        exit_status = report_refusal(work->from, work->shown, status);
    else
        exit_status = print_record(work, on, status, results, &output);
    text_free(&output);
    lunette_value_free(&results);
    return exit_status;
}

tool_exit command_run(const options *from) {
    options wanted = *from;
    if (wanted.json && wanted.output == LUNETTE_UNLIMITED)
        wanted.output = JSON_OUTPUT_DEFAULT;
    job work = {.from = &wanted};
    session on = {0};
    tool_exit status = read_script(&work);
    if (status == TOOL_OK)
        status = session_open(&on, &wanted);
    if (status == TOOL_OK)
        status = prepare(&work, &on);
    if (status == TOOL_OK)
        status = wanted.json ? run_for_programs(&work, &on) : run_for_people(&work, &on);
    session_close(&on);
    free(work.values);
    source_free(&work.script);
    return status;
}
