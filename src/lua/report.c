#include "lua/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

/* --- Texts --- */

static const char ELLIPSIS[] = "\xe2\x80\xa6";

void ln_report_init(ln_report *report) {
    report->has_message = report->has_trace = false;
    report->message = report->chunk = 0;
    report->line = 0;
    report->frame_count = 0;
    report->left_out = 0;
    report->text[0] = '\0';
    report->used = 1;
}

/* A cut must not split a character of UTF-8: back to where one begins. */
static size_t whole_characters(const char *text, size_t size) {
    size_t end = size;
    while (end > 0 && size - end < 4 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    return end;
}

/* Copies up to `most` bytes of text; 0 when not even the mark of a cut fits. */
static uint16_t add_text(ln_report *report, const char *text, size_t size, size_t most) {
    size_t room = LN_REPORT_TEXT - report->used;
    if (size == 0 || room < sizeof ELLIPSIS + 1)
        return 0;
    if (most > room - sizeof ELLIPSIS)
        most = room - sizeof ELLIPSIS;
    char *start = report->text + report->used;
    size_t kept = size <= most ? size : whole_characters(text, most);
    memcpy(start, text, kept);
    for (size_t i = 0; i < kept; i++)
        if (start[i] == '\0')
            start[i] = ' ';
    if (kept < size) {
        memcpy(start + kept, ELLIPSIS, sizeof ELLIPSIS - 1);
        kept += sizeof ELLIPSIS - 1;
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

/* --- Traces --- */

/* A chunk's name as the host gave it: Lua's mark of its kind taken off; a text without mark is the program
 * itself, given to load(), of which Lua's short form is the better name. */
static const char *chunk_name(const lua_Debug *ar) {
    if (ar->source[0] == '=' || ar->source[0] == '@')
        return ar->source + 1;
    return ar->short_src;
}

/* Frames of the same chunk follow one another: its name is kept once. */
static uint16_t add_chunk(ln_report *report, const char *name, unsigned frame) {
    if (frame > 0) {
        uint16_t before = report->frames[frame - 1].chunk;
        if (before != 0 && strcmp(report->text + before, name) == 0)
            return before;
    }
    return add_text(report, name, strlen(name), 200);
}

static uint16_t add_function(ln_report *report, const lua_Debug *ar) {
    char text[96];
    if (*ar->what == 'm')
        snprintf(text, sizeof text, "main chunk");
    else if (strcmp(ar->namewhat, "method") == 0 || strcmp(ar->namewhat, "metamethod") == 0 ||
             strcmp(ar->namewhat, "hook") == 0)
        snprintf(text, sizeof text, "%s '%.64s'", ar->namewhat, ar->name);
    else if (*ar->namewhat != '\0')
        snprintf(text, sizeof text, "%.64s", ar->name);
    else if (*ar->what == 'C')
        snprintf(text, sizeof text, "?");
    else
        snprintf(text, sizeof text, "function <%d>", ar->linedefined);
    return add_text(report, text, strlen(text), sizeof text);
}

static void add_frame(ln_report *report, const lua_Debug *ar) {
    unsigned i = report->frame_count;
    report->frames[i].native = *ar->what == 'C';
    report->frames[i].chunk = add_chunk(report, *ar->what == 'C' ? "[C]" : chunk_name(ar), i);
    report->frames[i].function = add_function(report, ar);
    report->frames[i].line = ar->currentline > 0 ? ar->currentline : 0;
    report->frame_count++;
}

/* More levels than this are not counted: the walk to the outermost of a million would take a second. */
enum { COUNTED_LEVELS = 16384 };

/* The number of levels, by doubling and halving: lua_getstack() walks from the top, so a search of n levels
 * costs n log n steps instead of n squared. */
static int count_levels(lua_State *L) {
    lua_Debug ar;
    int low = 0, high = 1;
    if (lua_getstack(L, COUNTED_LEVELS, &ar))
        return COUNTED_LEVELS;
    while (lua_getstack(L, high, &ar)) {
        low = high;
        high *= 2;
    }
    if (low == 0 && !lua_getstack(L, 0, &ar))
        return 0;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (lua_getstack(L, middle, &ar))
            low = middle;
        else
            high = middle;
    }
    return low + 1;
}

/* Does the message begin with this frame's place, as luaL_where() and the VM write it? Then takes it off. */
static bool strip_place(ln_report *report, const lua_Debug *ar) {
    char place[LUA_IDSIZE + 16];
    if (!report->has_message || ar->currentline <= 0)
        return false;
    int size = snprintf(place, sizeof place, "%s:%d: ", ar->short_src, ar->currentline);
    if (size < 0 || strncmp(report->text + report->message, place, (size_t)size) != 0)
        return false;
    report->message = (uint16_t)(report->message + size);
    return true;
}

static void set_place(ln_report *report, const lua_Debug *ar, unsigned frame) {
    report->chunk = report->frames[frame].chunk;
    report->line = ar->currentline;
}

void ln_report_trace(ln_report *report, lua_State *L, int level, bool entered_by_host) {
    lua_Debug ar;
    bool stripped = false;
    int levels = count_levels(L);
    int outer = levels < COUNTED_LEVELS ? LN_REPORT_FRAMES - LN_REPORT_INNER : 0;
    if (entered_by_host && outer > 0)
        levels--;
    report->frame_count = 0;
    report->left_out = 0;
    report->chunk = 0;
    report->line = 0;
    for (int i = level; i < levels; i++) {
        if (i - level == LN_REPORT_FRAMES - outer && levels - i > outer) {
            report->left_out = (size_t)(levels - i - outer);
            i = levels - outer;
            if (outer == 0)
                break;
        }
        if (!lua_getstack(L, i, &ar) || !lua_getinfo(L, "Sln", &ar))
            break;
        unsigned frame = report->frame_count;
        add_frame(report, &ar);
        if (!stripped && strip_place(report, &ar)) {
            stripped = true;
            set_place(report, &ar, frame);
        } else if (report->line == 0 && ar.currentline > 0) {
            set_place(report, &ar, frame);
        }
    }
    report->has_trace = true;
}

/* --- The message handler --- */

/* What a person should read for an error value that is no string: what its own __tostring says (it runs in
 * the run, under its limits, and may fail), else its type. */
static int describe(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

static void message_of_object(lua_State *L, ln_report *report) {
    char text[64];
    bool own = luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL;
    int top = lua_gettop(L) - (own ? 1 : 0);
    lua_settop(L, top);
    if (own) {
        lua_pushcfunction(L, describe);
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) {
            size_t size;
            const char *bytes = lua_tolstring(L, -1, &size);
            ln_report_message(report, bytes, size);
            lua_settop(L, top);
            return;
        }
        lua_settop(L, top);
    }
    snprintf(text, sizeof text, "(error object is a %s value)", luaL_typename(L, 1));
    ln_report_message(report, text, strlen(text));
}

static void message_of_number(lua_State *L, ln_report *report) {
    char text[64];
    if (lua_isinteger(L, 1))
        snprintf(text, sizeof text, LUA_INTEGER_FMT, lua_tointeger(L, 1));
    else
        snprintf(text, sizeof text, LUA_NUMBER_FMT, lua_tonumber(L, 1));
    ln_report_message(report, text, strlen(text));
}

int ln_report_on_error(lua_State *L) {
    ln_vm *vm = ln_vm_current();
    ln_report *report = vm->report;
    if (!report)
        return 1;
    ln_report_init(report);
    if (lua_type(L, 1) == LUA_TSTRING) {
        size_t size;
        const char *bytes = lua_tolstring(L, 1, &size);
        ln_report_message(report, bytes, size);
    } else if (lua_type(L, 1) == LUA_TNUMBER) {
        message_of_number(L, report);
    } else {
        message_of_object(L, report);
    }
    ln_report_trace(report, L, 1, L == vm->L);
    lua_settop(L, 1);
    return 1;
}

/* --- Syntax errors --- */

/* How Lua shortens a chunk's name in messages (manual § 4.7, lua_Debug.short_src). */
static void short_source(const char *name, char *text, size_t size) {
    size_t length = strlen(name + 1);
    if (length < LUA_IDSIZE)
        snprintf(text, size, "%s", name + 1);
    else if (*name == '=')
        snprintf(text, size, "%.*s", LUA_IDSIZE - 1, name + 1);
    else
        snprintf(text, size, "...%s", name + 1 + length - (LUA_IDSIZE - 1 - 3));
}

void ln_report_syntax(ln_report *report, const char *name, const char *text, size_t size) {
    char source[LUA_IDSIZE + 1];
    ln_report_init(report);
    short_source(name, source, sizeof source);
    size_t length = strlen(source);
    report->chunk = add_text(report, name + 1, strlen(name + 1), 200);
    if (size > length && memcmp(text, source, length) == 0 && text[length] == ':') {
        char *end;
        long line = strtol(text + length + 1, &end, 10);
        if (line > 0 && line <= INT32_MAX && end[0] == ':' && end[1] == ' ') {
            report->line = (int)line;
            size -= (size_t)(end + 2 - text);
            text = end + 2;
        }
    }
    ln_report_message(report, text, size);
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
