/* What only Lua knows of an error: the chain of calls, what an error value says, where a text stopped being a program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"
#include "lua/kind.h"

/* --- Traces --- */

/* A chunk's name as the host gave it: Lua's mark of its kind taken off; a text without mark is the program
 * itself, given to load(), of which Lua's short form is the better name. */
static const char *chunk_name(const lua_Debug *ar) {
    if (ar->source[0] == '=' || ar->source[0] == '@')
        return ar->source + 1;
    return ar->short_src;
}

static void write_function(char *text, size_t size, const lua_Debug *ar) {
    if (*ar->what == 'm')
        snprintf(text, size, "main chunk");
    else if (strcmp(ar->namewhat, "method") == 0 || strcmp(ar->namewhat, "metamethod") == 0 ||
             strcmp(ar->namewhat, "hook") == 0)
        snprintf(text, size, "%s '%.64s'", ar->namewhat, ar->name);
    else if (*ar->namewhat != '\0')
        snprintf(text, size, "%.64s", ar->name);
    else if (*ar->what == 'C')
        snprintf(text, size, "?");
    else
        snprintf(text, size, "function <%d>", ar->linedefined);
}

static void add_frame(ln_report *report, const lua_Debug *ar) {
    char function[LN_REPORT_FUNCTION];
    bool native = *ar->what == 'C';
    write_function(function, sizeof function, ar);
    ln_report_frame(report, function, native ? "[C]" : chunk_name(ar),
                    ar->currentline > 0 ? ar->currentline : 0, native);
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

/* Of a state that the host entered, the outermost level is the host's; but for what is closed after an error has unwound
 * that one too. */
static bool is_native(lua_State *L, int level) {
    lua_Debug ar;
    return lua_getstack(L, level, &ar) && lua_getinfo(L, "S", &ar) && *ar.what == 'C';
}

enum { INNER = 22 }; /* frames kept of a trace that is cut */

void ln_report_trace(ln_report *report, lua_State *L, int level, bool entered_by_host) {
    lua_Debug ar;
    bool stripped = false;
    int levels = count_levels(L);
    int outer = levels < COUNTED_LEVELS ? LN_REPORT_FRAMES - INNER : 0;
    if (entered_by_host && outer > 0 && is_native(L, levels - 1))
        levels--;
    ln_report_begin_frames(report);
    for (int i = level; i < levels; i++) {
        if (i - level == LN_REPORT_FRAMES - outer && levels - i > outer) {
            report->left_out = (size_t)(levels - i - outer);
            i = levels - outer;
            if (outer == 0)
                break;
        }
        if (!lua_getstack(L, i, &ar) || !lua_getinfo(L, "Sln", &ar))
            break;
        /* Of a state that was left in the middle of a call, Lua may say the line of the caller. */
        if (*ar.what == 'C')
            ar.currentline = -1;
        unsigned frame = report->frame_count;
        add_frame(report, &ar);
        if (!stripped && strip_place(report, &ar)) {
            stripped = true;
            ln_report_place_of_frame(report, frame);
        } else if (report->line == 0 && ar.currentline > 0) {
            ln_report_place_of_frame(report, frame);
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
    ln_report *report = vm->machine.report;
    if (!report)
        return 1;
    ln_report_init(report);
    vm->machine.located = false;
    if (lua_type(L, 1) == LUA_TSTRING) {
        size_t size;
        const char *bytes = lua_tolstring(L, 1, &size);
        ln_report_message(report, bytes, size);
    } else if (lua_type(L, 1) == LUA_TNUMBER) {
        message_of_number(L, report);
    } else {
        message_of_object(L, report);
    }
    ln_report_trace(report, L, 1, ln_vm_is_outermost(vm, L));
    if (lua_type(L, 1) == LUA_TSTRING)
        report->kind = ln_kind_of_error(L, report->text + report->message);
    lua_settop(L, 1);
    return 1;
}

/* --- Syntax errors --- */

/* How Lua shortens a chunk's name in messages (manual § 4.7, lua_Debug.short_src). */
void ln_trace_source(const char *name, char *text, size_t size) {
    size_t length = *name ? strlen(name + 1) : 0;
    if (*name != '=' && *name != '@')
        snprintf(text, size, "[string \"...\"]");
    else if (length < LUA_IDSIZE)
        snprintf(text, size, "%s", name + 1);
    else if (*name == '=')
        snprintf(text, size, "%.*s", LUA_IDSIZE - 1, name + 1);
    else
        snprintf(text, size, "...%s", name + 1 + length - (LUA_IDSIZE - 1 - 3));
}

void ln_report_syntax(ln_report *report, const char *name, const char *text, size_t size) {
    char source[LUA_IDSIZE + 1];
    ln_report_init(report);
    ln_trace_source(name, source, sizeof source);
    size_t length = strlen(source);
    ln_report_place(report, name + 1, 0);
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
