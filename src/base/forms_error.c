/* Errors as texts: for people as Lua's standalone program writes them, for programs in JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/json.h"
#include "base/tree.h"
#include "lunette/error.h"

/* --- For people --- */

static void add_place(ln_text *text, const lunette_error *error) {
    if (!error->chunk)
        return;
    ln_text_add_string(text, error->chunk);
    if (error->line > 0)
        ln_text_add_format(text, ":%d", error->line);
    if (error->line > 0 && error->column > 0)
        ln_text_add_format(text, ":%d", error->column);
    ln_text_add_string(text, ": ");
}

/* A bare name is a function's; "main chunk" and "method 'add'" say themselves what they are. */
static void add_frame(ln_text *text, const lunette_frame *frame) {
    bool bare = !strpbrk(frame->function, " '?");
    ln_text_add_string(text, "\n\t");
    ln_text_add_string(text, frame->chunk);
    if (frame->line > 0)
        ln_text_add_format(text, ":%d", frame->line);
    ln_text_add_format(text, bare ? ": in function '%s'" : ": in %s", frame->function);
}

lunette_status lunette_error_text(const lunette_error *error, char **out) {
    static const char NAME[] = "lunette_error_text";
    ln_text text = {0};
    if (out)
        *out = NULL;
    if (!error || !out)
        return ln_failure_null(NAME);
    add_place(&text, error);
    ln_text_add_string(&text, error->message);
    if (error->frame_count > 0)
        ln_text_add_string(&text, "\nstack traceback:");
    for (size_t i = 0; i < error->frame_count; i++)
        add_frame(&text, &error->frames[i]);
    if (error->frames_left_out > 0)
        ln_text_add_format(&text, "\n\t(%zu levels are left out)", error->frames_left_out);
    *out = ln_text_take(&text);
    return *out ? LUNETTE_OK : ln_failure_plain(LUNETTE_NO_MEMORY, NAME);
}

/* --- For programs --- */

static void write_frame(ln_json *json, const lunette_frame *frame) {
    ln_json_open(json, '{');
    ln_json_key(json, "function");
    ln_json_text(json, frame->function);
    ln_json_key(json, "chunk");
    ln_json_text(json, frame->chunk);
    ln_json_key(json, "line");
    ln_json_integer(json, frame->line);
    ln_json_key(json, "native");
    ln_json_boolean(json, frame->native);
    ln_json_close(json, '}');
}

static void write_place(ln_json *json, const lunette_error *error) {
    ln_json_key(json, "chunk");
    ln_json_text(json, error->chunk);
    ln_json_key(json, "line");
    ln_json_integer(json, error->line);
    ln_json_key(json, "column");
    ln_json_integer(json, error->column);
}

static void write_frames(ln_json *json, const lunette_error *error) {
    ln_json_key(json, "frames");
    ln_json_open(json, '[');
    for (size_t i = 0; i < error->frame_count; i++)
        write_frame(json, &error->frames[i]);
    ln_json_close(json, ']');
    ln_json_key(json, "frames_left_out");
    ln_json_unsigned(json, error->frames_left_out);
}

bool ln_json_error(ln_json *json, const lunette_error *error) {
    bool sound = true;
    ln_json_open(json, '{');
    ln_json_key(json, "code");
    ln_json_text(json, lunette_status_name(error->code));
    ln_json_key(json, "kind");
    ln_json_text(json, lunette_error_kind_name(error->kind));
    ln_json_key(json, "message");
    ln_json_text(json, error->message);
    write_place(json, error);
    write_frames(json, error);
    if (error->value) {
        ln_json_key(json, "value");
        sound = ln_json_value(json, error->value);
    }
    ln_json_close(json, '}');
    return sound;
}

lunette_status lunette_error_json(const lunette_error *error, char **out) {
    static const char NAME[] = "lunette_error_json";
    ln_json json = {0};
    if (out)
        *out = NULL;
    if (!error || !out)
        return ln_failure_null(NAME);
    if (!ln_json_error(&json, error)) {
        ln_text_free(&json.text);
        return ln_failure_value(NAME);
    }
    *out = ln_text_take(&json.text);
    return *out ? LUNETTE_OK : ln_failure_plain(LUNETTE_NO_MEMORY, NAME);
}

const char *lunette_error_kind_name(lunette_error_kind kind) {
    switch (kind) {
#define KIND_NAME(constant, number, name) \
    case LUNETTE_ERROR_##constant:        \
        return name;
        LUNETTE_ERROR_KIND_MAP(KIND_NAME)
#undef KIND_NAME
    }
    return "unknown";
}
