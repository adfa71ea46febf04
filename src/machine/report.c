#include "machine/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- Texts --- */

void ln_report_init(ln_report *report) {
    report->has_message = report->has_trace = false;
    report->message = report->chunk = 0;
    report->line = report->column = 0;
    report->kind = LUNETTE_ERROR_GENERIC;
    report->frame_count = 0;
    report->left_out = 0;
    report->text[0] = '\0';
    report->used = 1;
}

/* Copies up to `most` bytes of text; 0 when not even the mark of a cut fits. */
static uint16_t add_text(ln_report *report, const char *text, size_t size, size_t most) {
    size_t room = LN_REPORT_TEXT - report->used;
    if (size == 0 || room < sizeof LN_ELLIPSIS + 1)
        return 0;
    if (most > room - sizeof LN_ELLIPSIS)
        most = room - sizeof LN_ELLIPSIS;
    char *start = report->text + report->used;
    size_t kept = size <= most ? size : ln_utf8_cut(text, most);
    memcpy(start, text, kept);
    for (size_t i = 0; i < kept; i++)
        if (start[i] == '\0')
            start[i] = ' ';
    if (kept < size) {
        memcpy(start + kept, LN_ELLIPSIS, sizeof LN_ELLIPSIS - 1);
        kept += sizeof LN_ELLIPSIS - 1;
    }
    start[kept] = '\0';
    uint16_t offset = (uint16_t)report->used;
    report->used += kept + 1;
    return offset;
}

void ln_report_message(ln_report *report, const char *text, size_t size) {
    report->message = add_text(report, text, size, LN_REPORT_MESSAGE);
    report->has_message = true;
}

/* --- Places --- */

void ln_report_place(ln_report *report, const char *chunk, int line) {
    report->chunk = add_text(report, chunk, strlen(chunk), LN_REPORT_CHUNK);
    report->line = line;
}

void ln_report_begin_frames(ln_report *report) {
    report->frame_count = 0;
    report->left_out = 0;
    report->chunk = 0;
    report->line = 0;
}

/* Frames of the same chunk follow one another: its name is kept once. */
static uint16_t add_chunk(ln_report *report, const char *name, unsigned frame) {
    if (frame > 0) {
        uint16_t before = report->frames[frame - 1].chunk;
        if (before != 0 && strcmp(report->text + before, name) == 0)
            return before;
    }
    return add_text(report, name, strlen(name), LN_REPORT_CHUNK);
}

void ln_report_frame(ln_report *report, const char *function, const char *chunk, int line, bool native) {
    unsigned i = report->frame_count;
    if (i == LN_REPORT_FRAMES) {
        report->left_out++;
        return;
    }
    report->frames[i].native = native;
    report->frames[i].chunk = add_chunk(report, chunk, i);
    report->frames[i].function = add_text(report, function, strlen(function), LN_REPORT_FUNCTION);
    report->frames[i].line = line;
    report->frame_count++;
}

void ln_report_place_of_frame(ln_report *report, unsigned frame) {
    report->chunk = report->frames[frame].chunk;
    report->line = report->frames[frame].line;
}

/* --- Error objects --- */

/* One block: the object, its frames, the texts. `value` is a tree of its own. */
typedef struct held_error {
    lunette_error error;
    lunette_value *value;
    lunette_frame frames[];
} held_error;

static held_error no_memory_for_error = {
    .error = {.code = LUNETTE_NO_MEMORY, .message = "the host has no memory left to describe the error"}};

static const char *text_at(const ln_report *report, const char *texts, uint16_t offset, const char *instead) {
    return offset != 0 && report->text[offset] != '\0' ? texts + offset : instead;
}

lunette_error *ln_report_error(const ln_report *report, lunette_status code, lunette_value *value) {
    size_t frames = report->frame_count * sizeof(lunette_frame);
    held_error *held = malloc(sizeof *held + frames + report->used);
    if (!held) {
        lunette_value_free(&value);
        return &no_memory_for_error.error;
    }
    char *texts = (char *)held + sizeof *held + frames;
    memcpy(texts, report->text, report->used);
    for (unsigned i = 0; i < report->frame_count; i++)
        held->frames[i] = (lunette_frame){
            .function = text_at(report, texts, report->frames[i].function, "?"),
            .chunk = text_at(report, texts, report->frames[i].chunk, "?"),
            .line = report->frames[i].line,
            .native = report->frames[i].native,
        };
    held->value = value;
    held->error = (lunette_error){
        .code = code,
        .message = text_at(report, texts, report->message, ""),
        .chunk = text_at(report, texts, report->chunk, NULL),
        .line = report->line,
        .frames = report->frame_count > 0 ? held->frames : NULL,
        .frame_count = report->frame_count,
        .frames_left_out = report->left_out,
        .value = value,
        .kind = code == LUNETTE_RUNTIME_ERROR ? report->kind : LUNETTE_ERROR_GENERIC,
        .column = report->column,
    };
    return &held->error;
}

void ln_report_error_free(lunette_error **error) {
    if (*error && *error != &no_memory_for_error.error) {
        held_error *held = (held_error *)*error;
        lunette_value_free(&held->value);
        free(held);
    }
    *error = NULL;
}
