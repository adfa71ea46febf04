/* Outcomes in words and numbers. See report.h. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record.h"
#include "text.h"

tool_exit report_exit(lunette_status status) {
    switch (status) {
    case LUNETTE_OK:
        return TOOL_OK;
    case LUNETTE_RUNTIME_ERROR:
        return TOOL_SCRIPT;
    case LUNETTE_INVALID_ARGUMENT:
    case LUNETTE_NOT_FOUND:
        return TOOL_USAGE;
    case LUNETTE_SYNTAX_ERROR:
        return TOOL_SYNTAX;
    case LUNETTE_MEMORY_LIMIT:
        return TOOL_MEMORY;
    case LUNETTE_TIME_LIMIT:
        return TOOL_TIME;
    case LUNETTE_CPU_LIMIT:
    case LUNETTE_INSTRUCTION_LIMIT:
    case LUNETTE_OUTPUT_LIMIT:
    case LUNETTE_HOST_CALL_LIMIT:
    case LUNETTE_HOST_TIME_LIMIT:
    case LUNETTE_VALUE_LIMIT:
        return TOOL_LIMIT;
    case LUNETTE_CANCELLED:
        return TOOL_CANCELLED;
    case LUNETTE_VM_FAULT:
        return TOOL_VM_FAULT;
    case LUNETTE_NO_MEMORY:
    case LUNETTE_UNSUPPORTED:
    case LUNETTE_STACK_TOO_SMALL:
    case LUNETTE_SYSTEM:
        return TOOL_SYSTEM;
    default:
        return TOOL_DEFECT;
    }
}

static void add_frame(text *to, const lunette_frame *frame) {
    /* A bare name is a function's; "main chunk" and "method 'add'" say themselves what they are. */
    const bool bare = strpbrk(frame->function, " '?") == NULL;
    text_add_format(to, bare ? "    in function '%s'" : "    in %s", frame->function);
    if (frame->native)
        text_add_string(to, " (native)\n");
    else if (frame->line > 0)
        text_add_format(to, " (%s:%d)\n", frame->chunk, frame->line);
    else
        text_add_format(to, " (%s)\n", frame->chunk);
}

/* An error that closing a variable raised has no line of its own, but its message begins with one. */
static bool names_place(const char *message, const char *chunk) {
    const size_t length = strlen(chunk);
    return strncmp(message, chunk, length) == 0 && message[length] == ':' && message[length + 1] >= '0' &&
           message[length + 1] <= '9';
}

/* The place, the message and the trace. */
static void describe(text *to, const char *chunk, lunette_status status, const lunette_error *error) {
    if (error != NULL && error->chunk != NULL)
        chunk = error->chunk;
    const char *message = status == LUNETTE_CANCELLED ? "cancelled by an interrupt"
                          : error != NULL             ? error->message
                                                      : lunette_status_text(status);
    text_add_string(to, "lunette: ");
    if (error != NULL && error->line > 0)
        text_add_format(to, "%s:%d: ", chunk, error->line);
    else if (!names_place(message, chunk))
        text_add_format(to, "%s: ", chunk);
    text_add_format(to, "%s\n", message);
    for (size_t i = 0; error != NULL && i < error->frame_count; i++)
        add_frame(to, &error->frames[i]);
    if (error != NULL && error->frames_left_out > 0)
        text_add_format(to, "    (%zu levels between these are left out)\n", error->frames_left_out);
}

tool_exit report_error(const char *chunk, lunette_status status, const lunette_error *error) {
    text lines = {0};
    describe(&lines, chunk, status, error);
    fflush(stdout);
    if (lines.failed)
        out_of_memory();
    else
        fwrite(lines.bytes, 1, lines.size, stderr);
    text_free(&lines);
    return report_exit(status);
}

/* What the library calls config the user knows as options. */
static const char *without_config(const char *reason) {
    static const char *const starts[] = {"config: ", "config."};
    for (size_t i = 0; i < TOOL_COUNT(starts); i++)
        if (strncmp(reason, starts[i], strlen(starts[i])) == 0)
            return reason + strlen(starts[i]);
    return reason;
}

tool_exit report_refusal(const options *from, const char *what, lunette_status status) {
    char message[512];
    const char *reason = without_config(lunette_last_failure());
    snprintf(message, sizeof message, "%s", reason[0] != '\0' ? reason : lunette_status_text(status));
    if (what != NULL)
        complain("%s: %s", what, message);
    else
        complain("%s: %s", from->command->name, message);
    if (from->json)
        return report_json_refusal(status, what, message, report_exit(status));
    return report_exit(status);
}

tool_exit report_no_memory(const options *from) {
    out_of_memory();
    return from->json ? report_json_refusal(LUNETTE_NO_MEMORY, NULL, "out of memory", TOOL_SYSTEM)
                      : TOOL_SYSTEM;
}

tool_exit report_json_refusal(lunette_status status, const char *chunk, const char *message,
                              tool_exit exit_status) {
    const lunette_error error = {.code = status, .message = message, .chunk = chunk};
    const tool_exit printed = record_print(record_run(&(record_of_run){.status = status, .error = &error}));
    return printed != TOOL_OK ? printed : exit_status;
}
