/* The sandbox's own versions of library functions: see names.h for what each is for. Where one calls
 * Lua's function, that is its first upvalue. All may raise. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lua/internal.h"

static bool hides_addresses(void) {
    return ln_sandbox_level(ln_vm_sandbox(ln_vm_current())) == LUNETTE_SANDBOX_STRICT;
}

/* Calls the function that this one stands in for with the `arguments` values on top, which no error of its own can
 * come from. */
static int call_original(lua_State *L, int arguments) {
    int base = lua_gettop(L) - arguments;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, base + 1);
    lua_call(L, arguments, LUA_MULTRET);
    return lua_gettop(L) - base;
}

/* The same for a function that raises errors of its own, but runs no code of a script's: they name this one, `name`
 * where no other is known. */
static int call_and_name(lua_State *L, int arguments, const char *name) {
    int base = lua_gettop(L) - arguments;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, base + 1);
    int status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    return status == LUA_OK ? lua_gettop(L) - base : ln_raise_as(L, status, name);
}

/* --- Output --- */

/* Pushes a text form of the value, as luaL_tolstring() does, but without its address. */
static void push_without_address(lua_State *L, int index) {
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_tostring(L, -1)) /* makes a number a string */
            luaL_error(L, "'__tostring' must return a string");
        return;
    }
    int type = lua_type(L, index);
    if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    bool named = luaL_getmetafield(L, index, "__name") == LUA_TSTRING;
    lua_pushfstring(L, "%s: hidden", named ? lua_tostring(L, -1) : luaL_typename(L, index));
}

static void push_text(lua_State *L, int index, bool hidden) {
    if (!hidden) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    int result = lua_gettop(L) + 1;
    push_without_address(L, index);
    if (lua_gettop(L) > result)
        lua_replace(L, result);
    lua_settop(L, result);
}

static void write_output(ln_vm *vm, const char *bytes, size_t size) {
    if (!ln_run_charge_output(vm->machine.active, size))
        ln_run_end(vm->machine.active, LN_END_OUTPUT);
    ln_run_host_enter(vm->machine.active);
    vm->machine.setup->output(vm->machine.setup->output_ud, vm->machine.context, bytes, size);
    ln_run_host_leave(vm->machine.active);
}

int ln_lib_print(lua_State *L) {
    int count = lua_gettop(L);
    bool hidden = hides_addresses();
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, '\t');
        push_text(L, i, hidden);
        luaL_addvalue(&line);
    }
    luaL_addchar(&line, '\n');
    luaL_pushresult(&line);
    size_t size;
    const char *bytes = lua_tolstring(L, -1, &size);
    write_output(ln_vm_current(), bytes, size);
    return 0;
}

/* "@on" and "@off" are between the script and its own state. As in Lua's own, a piece that goes on what was begun is
 * none of these, but only while warnings are on. */
static bool is_control(ln_extra *state, const char *text, int more) {
    bool goes_on = !state->warnings_off && state->warning_begun;
    state->warning_begun = more;
    return !goes_on && !more && text[0] == '@';
}

/* The host hears every warning. */
void ln_lib_warning(void *ud, const char *text, int more) {
    (void)ud;
    ln_run *run = ln_run_current();
    if (!run)
        return;
    ln_vm *vm = ln_vm_current();
    ln_extra *state = ln_extra_of(vm->L);
    if (is_control(state, text, more)) {
        if (strcmp(text, "@on") == 0)
            state->warnings_off = false;
        else if (strcmp(text, "@off") == 0)
            state->warnings_off = true;
        return;
    }
    if (state->warnings_off || !vm->machine.setup->warning)
        return;
    size_t size = strlen(text);
    if (!ln_run_charge_output(run, size))
        ln_run_end(run, LN_END_OUTPUT);
    ln_run_host_enter(run);
    vm->machine.setup->warning(vm->machine.setup->warning_ud, vm->machine.context, text, size, more);
    ln_run_host_leave(run);
}

int ln_lib_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    push_text(L, 1, hides_addresses());
    return 1;
}

/* Stack value `index` has no text form but the one that luaL_tolstring() makes. */
static bool is_object(lua_State *L, int index) {
    return lua_type(L, index) > LUA_TSTRING || lua_type(L, index) == LUA_TLIGHTUSERDATA;
}

/* What "%s" would show with its address is turned into text first; of what is no such place nothing changes, so that
 * Lua's own finds the errors it would find. */
int ln_lib_format(lua_State *L) {
    size_t size;
    const char *format = luaL_checklstring(L, 1, &size);
    const char *end = format + size;
    int count = lua_gettop(L), argument = 1;
    for (const char *at = format; (at = memchr(at, '%', (size_t)(end - at))) != NULL; at++) {
        if (*++at == '%')
            continue;
        at += strspn(at, "-+ #0123456789.");
        if (*at == 'p')
            return luaL_error(L, "invalid conversion '%%p' to 'format' (no addresses in this sandbox)");
        if (++argument <= count && *at == 's' && is_object(L, argument)) {
            push_text(L, argument, hides_addresses());
            lua_replace(L, argument);
        }
        if (at == end)
            break;
    }
    return call_and_name(L, count, "string.format");
}

/* --- Base --- */

int ln_lib_collectgarbage(lua_State *L) {
    const char *option = luaL_optstring(L, 1, "collect");
    if (strcmp(option, "count") == 0)
        lua_pushnumber(L, (lua_Number)lua_gc(L, LUA_GCCOUNT) + (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
    else if (strcmp(option, "collect") == 0)
        lua_pushinteger(L, 0);
    else if (strcmp(option, "step") == 0 || strcmp(option, "isrunning") == 0)
        lua_pushboolean(L, 1);
    else
        return luaL_error(L, "collectgarbage: '%s' is not available in this sandbox", option);
    return 1;
}

/* Calls the reader function that it is given until there is no more, and returns the pieces as one string. The
 * caller of load() is two levels up. */
static int join_pieces(lua_State *L) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (;;) {
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1))
            break;
        if (!lua_isstring(L, -1)) {
            luaL_where(L, 2);
            lua_pushliteral(L, "reader function must return a string");
            lua_concat(L, 2);
            lua_error(L);
        }
        if (lua_rawlen(L, -1) == 0 && lua_type(L, -1) == LUA_TSTRING)
            break;
        luaL_addvalue(&text);
    }
    lua_pop(L, 1);
    luaL_pushresult(&text);
    return 1;
}

/* Pushes the whole text that the reader, stack value 1, gives; or what it raised, which load() answers with. Raises
 * on lack of memory. */
static int read_all(lua_State *L) {
    lua_pushcfunction(L, join_pieces);
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM)
        lua_error(L);
    return status;
}

/* Pushes the compiled text of stack value `text`, or a message. Raises on lack of memory. */
static int load_text(lua_State *L, int text, const char *name, const char *mode) {
    size_t size;
    const char *bytes = lua_tolstring(L, text, &size);
    if (size > 0 && bytes[0] == LUA_SIGNATURE[0]) {
        lua_pushliteral(L, "attempt to load a binary chunk (mode is 't')");
        return LUA_ERRSYNTAX;
    }
    int status = ln_scan_load(L, bytes, size, name, mode);
    if (status == LUA_ERRMEM)
        lua_error(L);
    return status;
}

int ln_lib_load(lua_State *L) {
    const char *mode = luaL_optstring(L, 3, "bt");
    bool has_environment = !lua_isnone(L, 4);
    int text = 1, status = LUA_OK;
    const char *name;
    if (lua_isstring(L, 1)) {
        name = luaL_optstring(L, 2, lua_tostring(L, 1));
    } else {
        name = luaL_optstring(L, 2, "=(load)");
        luaL_checktype(L, 1, LUA_TFUNCTION);
        status = read_all(L);
        text = lua_gettop(L);
    }
    if (status == LUA_OK)
        status = load_text(L, text, name, mode);
    if (status != LUA_OK) {
        luaL_pushfail(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 4);
        if (!lua_setupvalue(L, -2, 1))
            lua_pop(L, 1);
    }
    return 1;
}

int ln_lib_setmetatable(lua_State *L) {
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    bool finalizes = false;
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        finalizes = lua_rawget(L, 2) != LUA_TNIL;
        lua_settop(L, 2);
    }
    ln_vm *vm = ln_vm_current();
    if (finalizes && ln_sandbox_level(ln_vm_sandbox(vm)) != LUNETTE_SANDBOX_NONE)
        return luaL_error(L, "'__gc' is not available in this sandbox");
    lua_setmetatable(L, 1);
    if (finalizes)
        ln_collector_relieve(L, vm);
    return 1;
}

/* --- string, math, os, debug --- */

/* An iterator that raised "pattern too complex" has lost count of its depth; called again, it overflows the C
 * stack. So one that has raised an error is at its end. Upvalues: Lua's iterator, and whether it has. */
static int next_match(lua_State *L) {
    if (lua_toboolean(L, lua_upvalueindex(2)))
        return 0;
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    int status = lua_pcall(L, 0, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L);
    lua_pushboolean(L, 1);
    lua_replace(L, lua_upvalueindex(2));
    return ln_raise_as(L, status, "?");
}

int ln_lib_gmatch(lua_State *L) {
    luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    luaL_optinteger(L, 3, 1);
    call_original(L, lua_gettop(L));
    lua_settop(L, 1);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, next_match, 2);
    return 1;
}

int ln_lib_randomseed(lua_State *L) {
    if (lua_gettop(L) == 0) {
        lua_Integer seed[LN_RANDOM_BYTES / sizeof(lua_Integer)];
        ln_vm_random(ln_vm_current(), seed);
        lua_pushinteger(L, seed[0]);
        lua_pushinteger(L, seed[1]);
    } else {
        luaL_checknumber(L, 1);
        luaL_optinteger(L, 2, 0);
    }
    return call_original(L, lua_gettop(L));
}

int ln_lib_setlocale(lua_State *L) {
    static const char *const CATEGORIES[] = {"all", "collate", "ctype", "monetary", "numeric", "time", NULL};
    const char *name = luaL_optstring(L, 1, NULL);
    luaL_checkoption(L, 2, "all", CATEGORIES);
    if (!name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
        lua_pushliteral(L, "C");
    else
        luaL_pushfail(L);
    return 1;
}

/* Whether the host has a clock of its own, and what it says. */
static bool ask_clock(uint64_t *nanoseconds) {
    ln_vm *vm = ln_vm_current();
    const ln_machine_setup *setup = vm->machine.setup;
    if (!setup->clock)
        return false;
    ln_run_host_enter(vm->machine.active);
    *nanoseconds = setup->clock(setup->clock_ud, vm->machine.context);
    ln_run_host_leave(vm->machine.active);
    return true;
}

static bool ask_seconds(lua_Integer *seconds) {
    uint64_t now;
    if (!ask_clock(&now))
        return false;
    *seconds = (lua_Integer)(now / 1000000000);
    return true;
}

int ln_lib_clock(lua_State *L) {
    uint64_t now;
    lua_pushnumber(L, ask_clock(&now) ? (lua_Number)now / 1e9 : (lua_Number)clock() / CLOCKS_PER_SEC);
    return 1;
}

/* What strftime may do in one host section: no deadline ends one, so a long format is done in pieces. */
enum { DATE_PIECE = 256 };

/* Where a piece that starts at a conversion ends: before another conversion, or at the end of the format. A
 * conversion is a letter behind the '%', or two if the first is 'E' or 'O'. */
static const char *date_piece(const char *start, const char *end) {
    const char *at = start;
    while (at < end && at - start < DATE_PIECE) {
        if (*at == '%')
            at += at + 1 < end && (at[1] == 'E' || at[1] == 'O') ? 3 : 2;
        const char *next = at < end ? memchr(at, '%', (size_t)(end - at)) : NULL;
        if (!next || next - start > DATE_PIECE)
            break;
        at = next;
    }
    return at < end ? at : end;
}

/* Adds what Lua's own makes of one piece; stack value 2 is the time. */
static void add_date(lua_State *L, luaL_Buffer *text, bool utc, const char *piece, size_t size) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushstring(L, utc ? "!" : "");
    lua_pushlstring(L, piece, size);
    lua_concat(L, 2);
    lua_pushvalue(L, 2);
    ln_hosted_call(L, 2, "os.date");
    luaL_addvalue(text);
}

/* Text between the pieces is copied as it is, so that none of them reads as "*t" or starts with '!'. */
static int format_long_date(lua_State *L, const char *format, size_t size) {
    const char *end = format + size, *at = format + (*format == '!');
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        lua_pushinteger(L, (lua_Integer)time(NULL));
    }
    lua_settop(L, 2);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    while (at < end) {
        const char *next = *at == '%' ? date_piece(at, end) : memchr(at, '%', (size_t)(end - at));
        if (!next)
            next = end;
        if (*at == '%')
            add_date(L, &text, *format == '!', at, (size_t)(next - at));
        else
            luaL_addlstring(&text, at, (size_t)(next - at));
        at = next;
    }
    luaL_pushresult(&text);
    return 1;
}

int ln_lib_date(lua_State *L) {
    size_t size;
    const char *format = luaL_optlstring(L, 1, "%c", &size);
    lua_Integer now;
    if (lua_isnoneornil(L, 2) && ask_seconds(&now)) {
        lua_settop(L, 1);
        lua_pushinteger(L, now);
    }
    bool is_table = strcmp(format + (*format == '!'), "*t") == 0; /* whatever lies behind a zero */
    if (size > DATE_PIECE && !is_table)
        return format_long_date(L, format, size);
    int arguments = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    ln_hosted_call(L, arguments, "os.date");
    return lua_gettop(L);
}

/* Reads and writes the date's fields as Lua's own does, metamethods included, but around the section. */
int ln_lib_time(lua_State *L) {
    static const char *const READ[] = {"year", "month", "day", "hour", "min", "sec", "isdst"};
    static const char *const WRITTEN[] = {"year", "month", "day",  "hour", "min",
                                          "sec",  "yday",  "wday", "isdst"};
    if (lua_isnoneornil(L, 1)) {
        lua_Integer now;
        lua_settop(L, 0);
        if (!ask_seconds(&now))
            return call_original(L, 0);
        lua_pushinteger(L, now);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_createtable(L, 0, LN_COUNT(WRITTEN));
    for (size_t i = 0; i < LN_COUNT(READ); i++) {
        lua_getfield(L, 1, READ[i]);
        lua_setfield(L, 2, READ[i]);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 2);
    ln_hosted_call(L, 1, "os.time");
    for (size_t i = 0; i < LN_COUNT(WRITTEN); i++) {
        lua_getfield(L, 2, WRITTEN[i]);
        lua_setfield(L, 1, WRITTEN[i]);
    }
    lua_settop(L, 3);
    return 1;
}

int ln_lib_sethook(lua_State *L) {
    if (ln_vm_current()->counting)
        return luaL_error(L, "debug.sethook: the hook serves a limit of this run");
    return call_and_name(L, lua_gettop(L), "debug.sethook");
}
