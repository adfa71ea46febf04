/* JSON records. See record.h. */
#include "record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void record_put(json_t **record, const char *key, json_t *value) {
    if (*record == NULL) {
        json_decref(value);
    } else if (json_object_set_new(*record, key, value) != 0) {
        json_decref(*record);
        *record = NULL;
    }
}

void record_append(json_t **list, json_t *value) {
    if (*list == NULL) {
        json_decref(value);
    } else if (json_array_append_new(*list, value) != 0) {
        json_decref(*list);
        *list = NULL;
    }
}

json_t *record_integer(uint64_t value) {
    return json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value));
}

json_t *record_microseconds(uint64_t nanoseconds) {
    const uint64_t eighths = nanoseconds / 125;
    return json_real((double)eighths / 8.0);
}

static json_t *utf8_text(const char *bytes, size_t size, bool *replaced) {
    text clean = {0};
    *replaced = text_add_utf8(&clean, bytes, size) > 0;
    json_t *made = clean.failed ? NULL : json_stringn_nocheck(text_string(&clean), clean.size);
    text_free(&clean);
    return made;
}

static json_t *base64_text(const char *bytes, size_t size) {
    text coded = {0};
    text_add_base64(&coded, bytes, size);
    json_t *made = coded.failed ? NULL : json_stringn_nocheck(text_string(&coded), coded.size);
    text_free(&coded);
    return made;
}

json_t *record_text(const char *string) {
    bool replaced;
    return utf8_text(string, strlen(string), &replaced);
}

static bool is_utf8(const char *bytes, size_t size) {
    for (size_t at = 0, length; at < size; at += length)
        if ((length = text_utf8_length(bytes + at, size - at)) == 0)
            return false;
    return true;
}

/* {"$kind": value}. */
static json_t *tagged(const char *kind, json_t *value) {
    json_t *made = json_object();
    record_put(&made, kind, value);
    return made;
}

static json_t *number_record(double number) {
    if (isfinite(number))
        return json_real(number);
    return tagged("$number", json_string(isnan(number) ? "nan" : number > 0 ? "inf" : "-inf"));
}

static json_t *string_record(const char *bytes, size_t size) {
    if (is_utf8(bytes, size))
        return json_stringn_nocheck(bytes, size);
    return tagged("$bytes", base64_text(bytes, size));
}

static json_t *array_record(const lunette_value *items, size_t count) {
    json_t *made = json_array();
    for (size_t i = 0; i < count; i++)
        record_append(&made, record_value(&items[i]));
    return made;
}

/* Whether a key can be a JSON object's: what is left could not be told apart from something else. A key with a zero
 * byte inside would be cut by jansson before 2.14. */
static bool is_plain_key(const lunette_value *key) {
    if (key->type != LUNETTE_STRING)
        return false;
    const char *bytes = key->as.string.bytes;
    const size_t size = key->as.string.size;
    return (size == 0 || bytes[0] != '$') && memchr(bytes, '\0', size) == NULL && is_utf8(bytes, size);
}

static json_t *members_record(const lunette_member *members, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *pair = json_array();
        record_append(&pair, record_value(&members[i].key));
        record_append(&pair, record_value(&members[i].value));
        record_append(&list, pair);
    }
    return tagged("$members", list);
}

static json_t *object_record(const lunette_member *members, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!is_plain_key(&members[i].key))
            return members_record(members, count);
    json_t *made = json_object();
    for (size_t i = 0; i < count; i++) {
        text key = {0};
        text_add(&key, members[i].key.as.string.bytes, members[i].key.as.string.size);
        json_t *value = key.failed ? NULL : record_value(&members[i].value);
        record_put(&made, text_string(&key), value);
        text_free(&key);
    }
    return made;
}

json_t *record_value(const lunette_value *value) {
    switch (value->type) {
    case LUNETTE_BOOLEAN:
        return json_boolean(value->as.boolean);
    case LUNETTE_INTEGER:
        return json_integer(value->as.integer);
    case LUNETTE_NUMBER:
        return number_record(value->as.number);
    case LUNETTE_STRING:
        return string_record(value->as.string.bytes, value->as.string.size);
    case LUNETTE_ARRAY:
        return array_record(value->as.array.items, value->as.array.count);
    case LUNETTE_OBJECT:
        return object_record(value->as.object.members, value->as.object.count);
    case LUNETTE_FUNCTION:
        return tagged("$function", record_integer(value->as.function.id));
    case LUNETTE_USERDATA:
        return tagged("$userdata", record_text(value->as.userdata.type_name));
    default:
        return json_null();
    }
}

static json_t *frame_record(const lunette_frame *frame) {
    json_t *made = json_object();
    record_put(&made, "function", record_text(frame->function));
    record_put(&made, "chunk", record_text(frame->chunk));
    record_put(&made, "line", json_integer(frame->line));
    record_put(&made, "native", json_boolean(frame->native));
    return made;
}

json_t *record_error(const lunette_error *error) {
    if (error == NULL)
        return json_null();
    json_t *made = json_object();
    record_put(&made, "code", json_string(lunette_status_name(error->code)));
    record_put(&made, "kind", json_string(lunette_error_kind_name(error->kind)));
    record_put(&made, "message", record_text(error->message));
    record_put(&made, "chunk", error->chunk != NULL ? record_text(error->chunk) : json_null());
    record_put(&made, "line", json_integer(error->line));
    record_put(&made, "column", json_integer(error->column));
    json_t *frames = json_array();
    for (size_t i = 0; i < error->frame_count; i++)
        record_append(&frames, frame_record(&error->frames[i]));
    record_put(&made, "frames", frames);
    record_put(&made, "frames_left_out", record_integer(error->frames_left_out));
    if (error->value != NULL)
        record_put(&made, "value", record_value(error->value));
    return made;
}

json_t *record_stats(const lunette_stats *stats) {
    if (stats == NULL)
        return json_null();
    json_t *made = json_object();
    record_put(&made, "wall_us", record_microseconds(stats->wall_ns));
    record_put(&made, "cpu_us", record_microseconds(stats->cpu_ns));
    record_put(&made, "memory_used", record_integer(stats->memory_used));
    record_put(&made, "memory_peak", record_integer(stats->memory_peak));
    record_put(&made, "memory_committed", record_integer(stats->memory_committed));
    record_put(&made, "memory_limit", record_integer(stats->memory_limit));
    record_put(&made, "allocations", record_integer(stats->allocations));
    record_put(&made, "allocation_failures", record_integer(stats->allocation_failures));
    record_put(&made, "collections", record_integer(stats->collections));
    record_put(&made, "output_bytes", record_integer(stats->output_bytes));
    record_put(&made, "instructions", record_integer(stats->instructions));
    return made;
}

json_t *record_run(const record_of_run *run) {
    bool replaced = false;
    json_t *made = json_object();
    record_put(&made, "status", json_string(lunette_status_name(run->status)));
    record_put(&made, "results", run->results != NULL ? record_value(run->results) : json_array());
    record_put(&made, "output",
               utf8_text(run->output != NULL ? run->output : "", run->output_size, &replaced));
    if (replaced)
        record_put(&made, "output_base64", base64_text(run->output, run->output_size));
    record_put(&made, "error", record_error(run->error));
    record_put(&made, "stats", record_stats(run->stats));
    return made;
}

static const char memory_is_out[] =
    "{\"status\":\"no_memory\",\"results\":[],\"output\":\"\",\"error\":{\"code\":\"no_memory\",\"kind\":\"generic\","
    "\"message\":\"out of memory\",\"chunk\":null,\"line\":0,\"column\":0,\"frames\":[],\"frames_left_out\":0},\"stats\":null}\n";

tool_exit record_print(json_t *record) {
    char *line = record != NULL ? json_dumps(record, JSON_COMPACT) : NULL;
    json_decref(record);
    if (line == NULL) {
        put_bytes(memory_is_out, strlen(memory_is_out));
        return out_of_memory();
    }
    put_bytes(line, strlen(line));
    put_bytes("\n", 1);
    free(line);
    return TOOL_OK;
}
