/* See host_script.h. A script that a feed at its end makes is empty. */
#include "host_script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host_world.h"

enum { DEPTH_MOST = 4, FUEL = 24 };

typedef struct maker {
    script *to;
    feed *from;
    int *serials;
    int fuel, depth;
} maker;

static size_t below(maker *m, size_t n) {
    return feed_below(m->from, n);
}

/* What does not fit is left out: the script is no Lua then, as a rule. */
__attribute__((format(printf, 2, 3))) static void put(maker *m, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const size_t room = m->to->room - m->to->size;
    const int size = vsnprintf(m->to->text + m->to->size, room, format, list);
    va_end(list);
    if (size > 0 && (size_t)size < room)
        m->to->size += (size_t)size;
}

static void block(maker *m, size_t most);

/* `text` with a block where it has a '@'. */
static void around(maker *m, const char *text) {
    const char *hole = strchr(text, '@');
    put(m, "%.*s ", (int)(hole - text), text);
    block(m, 3);
    put(m, "%s", hole + 1);
}

static void value(maker *m) {
    static const char *const values[] = {"o",   "p",    "f",    "t",  "7",           "'text'",
                                         "nil", "host", "o, f", "co", "{o, f, {p}}", "0.5"};
    put(m, "%s", values[below(m, FUZZ_COUNT(values))]);
}

static void objects(maker *m) {
    const size_t kind = below(m, 12);
    switch (kind) {
    case 0:
    case 1:
        put(m, "o = host.open(%zu)", below(m, 10));
        break;
    case 2:
        put(m, "local c <close> = host.open(%zu)", below(m, 10));
        break;
    case 3:
        put(m, "p = host.same(o) host.check(271828, rawequal(o, p), 'another handle')");
        break;
    case 4:
        put(m, "%s", below(m, 2) == 0 ? "o:close()" : "host.close(p)");
        break;
    case 5:
        put(m, "t = t or {} for i = 1, %zu do t[i] = host.open(%zu) end", below(m, 40), below(m, 4));
        break;
    case 6:
        put(m, "for i = 1, %zu do host.open(0) end", below(m, 40));
        break;
    case 7:
        put(m, "o, p, t = nil collectgarbage(%s)", below(m, 2) == 0 ? "" : "'step'");
        break;
    case 8:
        put(m, "local x = o:touch(), #p, o + 1, o(), o.field");
        break;
    case 9:
        put(m, "o, p = p, o");
        break;
    case 10:
        put(m, "local n = host.touch(o) host.check(271828, n == o:touch(), 'two numbers')");
        break;
    default:
        put(m, "t = o .. 1");
    }
}

static void waiting(maker *m) {
    switch (below(m, 8)) {
    case 0:
    case 1:
        put(m, "host.seen(271828, host.wait(%zu))", below(m, 7));
        break;
    case 2:
        put(m, "host.failed(271828, pcall(host.wait, %zu))", below(m, 7));
        break;
    case 3:
        put(m, "f, o = select(2, host.wait())");
        break;
    case 4:
        put(m,
            "table.sort({3, 1, 2}, function(a, b) host.failed(271828, pcall(host.wait)) return a < b end)");
        break;
    case 5:
        put(m, "pcall(host.undeclared)");
        break;
    case 6:
        put(m, "for i = 1, %zu do host.seen(271828, host.wait()) end", below(m, 6));
        break;
    default:
        around(m, "local c <close> = setmetatable({}, {__close = function() @ host.wait() end})");
    }
}

/* It says who it is, so that no other is taken for it. */
static void kept_function(maker *m) {
    const int serial = ++*m->serials;
    put(m, "do local function k(...) host.tick(271828, %d) ", serial);
    block(m, 3);
    put(m, "return o, ... end f = k host.keep(271828, %d, k) end", serial);
}

static void calling(maker *m) {
    switch (below(m, 8)) {
    case 0:
    case 1:
        put(m, "host.invoke(%zu, ", below(m, 16));
        around(m, "function(...) @ return ... end, o)");
        break;
    case 2:
        put(m, "local e = {} local ok, x = pcall(host.invoke, 0, function() error(e) end) "
               "host.check(271828, not ok and (x == e or type(x) == 'string'), 'another error')");
        break;
    case 3:
        put(m, "pcall(host.invoke, %zu, ", below(m, 16));
        value(m);
        put(m, ")");
        break;
    case 4:
        kept_function(m);
        break;
    case 5:
        put(m, "f = host.remind(%zu)", below(m, 32));
        break;
    case 6:
        put(m, "host.forget(%zu)", below(m, 32));
        break;
    default:
        put(m, "t = {host.echo(");
        value(m);
        put(m, ")}");
    }
}

static void coroutines(maker *m) {
    switch (below(m, 6)) {
    case 0:
        around(
            m,
            "co = coroutine.create(function(...) @ coroutine.yield(o) host.seen(271828, host.wait()) end)");
        break;
    case 1:
        around(m, "coroutine.wrap(function(...) @ end)(o)");
        break;
    case 2:
        put(m, "pcall(coroutine.resume, co)");
        break;
    case 3:
        put(m, "pcall(coroutine.close, co)");
        break;
    case 4:
        around(
            m,
            "co = coroutine.create(function() local c <close> = host.open() @ host.wait() end) coroutine.resume(co)");
        break;
    default:
        around(m, "for x in coroutine.wrap(function() @ coroutine.yield(1) end) do host.tick() end");
    }
}

static void modules(maker *m) {
    const char *name = world_name(below(m, world_name_count()));
    const char *prefix = below(m, 4) == 0 ? "x." : "";
    switch (below(m, 5)) {
    case 0:
        put(m, "require '%s%s'", prefix, name);
        break;
    case 1:
        put(m, "t = select(2, pcall(require, '%s%s'))", prefix, name);
        break;
    case 2:
        put(m, "local ok, m = pcall(require, '%s%s') if ok then pcall(m.price) pcall(m.fetch) pcall(m.f) end",
            prefix, name);
        break;
    case 3:
        put(m, "coroutine.wrap(require)('%s%s')", prefix, name);
        break;
    default:
        put(m, "host.invoke(1, require, 'x')");
    }
}

static void endings(maker *m) {
    switch (below(m, 12)) {
    case 0:
        put(m, "error(");
        value(m);
        put(m, ")");
        break;
    case 1:
        around(m, "while true do @ end");
        break;
    case 2:
        put(m, "t = {} while true do t[#t + 1] = {} end");
        break;
    case 3:
        put(m, "host.cancel()");
        break;
    case 4:
        put(m, "do return ");
        value(m);
        put(m, " end");
        break;
    case 5:
        put(m, "s = ('x'):rep(%d)", 1 << below(m, 22));
        break;
    case 6:
        put(m, "for i = 1, %zu do print(i) end", below(m, 30));
        break;
    case 7:
        put(m, "local function r(n) return pcall(r, n) or host.tick() end r(0)");
        break;
    case 8:
        put(m, "('x'):rep(3000):find(('x*'):rep(20) .. 'y')");
        break;
    case 9:
        put(m, "error({o, f})");
        break;
    default:
        put(m, "mark = -1");
    }
}

static void wraps(maker *m) {
    static const char *const texts[] = {
        "pcall(function() @ end)",
        "xpcall(function() @ error(o) end, function(e) return e end)",
        "xpcall(error, function(e) @ end)",
        "table.sort({3, 1, 2}, function(a, b) @ return a < b end)",
        "string.gsub('xyz', '.', function() @ end)",
        "local x = setmetatable({}, {__index = function() @ return o end}).x",
        "local x = tostring(setmetatable({}, {__tostring = function() @ return '' end}))",
        "local c <close> = setmetatable({}, {__close = function() @ end})",
        "for i = 1, 3 do @ end",
        "load(function() @ end)",
    };
    around(m, texts[below(m, FUZZ_COUNT(texts))]);
}

static void statement(maker *m) {
    if (m->fuel-- <= 0 || m->depth >= DEPTH_MOST) {
        put(m, "host.tick()\n");
        return;
    }
    m->depth++;
    switch (below(m, 16)) {
    case 0:
        /* The end of the input. */
        put(m, "t = {}");
        break;
    case 1:
    case 2:
    case 3:
        objects(m);
        break;
    case 4:
    case 5:
    case 6:
        waiting(m);
        break;
    case 7:
    case 8:
        calling(m);
        break;
    case 9:
        coroutines(m);
        break;
    case 10:
        modules(m);
        break;
    case 11:
        endings(m);
        break;
    case 12:
        put(m, "host.state(%zu)", below(m, 4));
        break;
    case 13:
        put(m, "host.other(%zu)", below(m, 16));
        break;
    case 14:
        wraps(m);
        break;
    default: {
        dice by = dice_new(below(m, 65536));
        grammar_statement(m->to, &by);
    }
    }
    put(m, "\n");
    m->depth--;
}

static void block(maker *m, size_t most) {
    const size_t count = below(m, most + 1);
    for (size_t i = 0; i < count; i++)
        statement(m);
}

void host_script(script *to, feed *from, int *serials) {
    maker m = {.to = to, .from = from, .serials = serials, .fuel = FUEL};
    block(&m, 5);
    if (below(&m, 2) == 1) {
        put(&m, "return ");
        value(&m);
        put(&m, "\n");
    }
}
