/* A run may be killed at any machine instruction of the VM, and is: at each one of it, in a process of its own (stepping.h).
 *
 *     test_kill_everywhere [--all] [--only NAME]
 *
 * What must hold, whatever the instruction: the run ends as cancelled, or as it would have ended; it is left only where the
 * guard says that it may be. Then
 *   - in a context that is as new ("reset"): the arena equals its image, and every page that it has can be used;
 *   - in a session with roll_back ("undo"): the arena equals what it was before, byte by byte but for the random
 *     numbers to come; globals, closures and a coroutine in the middle go on, references are good, the host's objects from before
 *     are open; and so again after the host's own snapshot was put back;
 *   - of a session without it ("kept") the context is as new, and the host's snapshot is what the session was;
 *   - what the run has made of the host's is closed, each once; and no block of the host's memory is lost.
 * The same scripts are asked at each instruction where they stand, which they must not notice, and are softly ended there.
 *
 * When this fails look at the instruction that it names (objdump -d), and at who touches there what outlives a kill: the
 * control words of an arena (arena.c, pages.c), a list of the host's things (objects.c, references.c), a phase (guard/run.c). */
#include "stepping.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena/layout.h"
#include "lua/internal.h"
#include "lunette.h"

enum { SKIPPED = 77, FAILURES_MOST = 5, THINGS = 64, FILL_LITTLE = 5000, FILL_ALL = 280000 };
enum { WARM_UPS = 3, SMALL = 512 << 10, LARGE = 8 << 20, FILES_MOST = 64 };

#define HOUR_NS ((uint64_t)3600 * 1000000000)

/* --- Blocks of the host's memory --- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static long blocks;

void *__wrap_malloc(size_t size) {
    void *block = __real_malloc(size);
    blocks += block != NULL;
    return block;
}

void *__wrap_calloc(size_t count, size_t size) {
    void *block = __real_calloc(count, size);
    blocks += block != NULL;
    return block;
}

void *__wrap_realloc(void *block, size_t size) {
    void *to = __real_realloc(block, size);
    blocks += !block && to;
    return to;
}

void __wrap_free(void *block) {
    blocks -= block != NULL;
    __real_free(block);
}

/* --- The host --- */

static int closed[THINGS]; /* how often each was */
static int made;
static uint64_t token;
static char blob[5 << 20];
static size_t fill; /* bytes that a check fills */

static void close_thing(void *ud, void *object) {
    (void)ud;
    ++*(int *)object;
}

static lunette_status do_close(void *ud, lunette_call *call);
static lunette_status do_is_open(void *ud, lunette_call *call);

static const lunette_function METHODS[] = {{.name = "close", .call = do_close, .max_arguments = 1},
                                           {.name = "is_open", .call = do_is_open, .max_arguments = 1}};
static const lunette_class THING = {.size = sizeof(lunette_class),
                                    .name = "Thing",
                                    .methods = METHODS,
                                    .method_count = LN_COUNT(METHODS),
                                    .close = close_thing};

static lunette_status do_close(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_arg_close(call, 1, &THING);
}

static lunette_status do_is_open(void *ud, lunette_call *call) {
    void *object;
    (void)ud;
    lunette_status status = lunette_arg_object(call, 1, &THING, &object);
    return status == LUNETTE_OK ? lunette_return_boolean(call, *(int *)object == 0) : status;
}

static lunette_status do_thing(void *ud, lunette_call *call) {
    (void)ud;
    return made < THINGS ? lunette_return_object(call, &THING, &closed[made++])
                         : lunette_call_fail(call, "no thing is left");
}

/* A string of that many bytes: one block of the arena's, filled by one memcpy(). */
static lunette_status do_blob(void *ud, lunette_call *call) {
    int64_t size;
    (void)ud;
    lunette_status status = lunette_arg_integer(call, 1, &size);
    return status == LUNETTE_OK ? lunette_return_string(call, blob, (size_t)size) : status;
}

static lunette_status do_fill(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_string(call, blob, fill);
}

static lunette_status do_double(void *ud, lunette_call *call) {
    const char *bytes;
    size_t size;
    double number = 0;
    (void)ud;
    lunette_status status = lunette_arg_string(call, 1, &bytes, &size);
    if (status == LUNETTE_OK)
        status = lunette_arg_number(call, 2, &number);
    if (status == LUNETTE_OK)
        status = lunette_return_string(call, bytes, size);
    return status == LUNETTE_OK ? lunette_return_number(call, 2 * number) : status;
}

/* Any value, as a tree and back. */
static lunette_status do_pass(void *ud, lunette_call *call, const lunette_value *arguments, size_t count) {
    (void)ud;
    (void)count;
    return lunette_return_value(call, &arguments[0]);
}

static lunette_status do_invoke(void *ud, lunette_call *call) {
    lunette_value function, argument = lunette_integer(20), *results = NULL;
    (void)ud;
    lunette_status status = lunette_arg_function(call, 1, &function);
    if (status == LUNETTE_OK)
        status = lunette_call_invoke(call, &function, &argument, 1, NULL, &results);
    if (status == LUNETTE_OK)
        status = lunette_return_value(call, lunette_value_at(results, 0));
    lunette_value_free(&results);
    return status;
}

static lunette_status do_wait(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_call_suspend(call, &token);
}

static lunette_status do_cancel(void *ud, lunette_call *call) {
    (void)ud;
    lunette_context_cancel(lunette_call_context(call));
    return LUNETTE_OK;
}

static void drop_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    (void)context;
    (void)bytes;
    (void)size;
}

static lunette_engine *open_engine(lunette_sandbox level) {
    static const lunette_function FUNCTIONS[] = {
        {.name = "thing", .call = do_thing},
        {.name = "blob", .call = do_blob, .min_arguments = 1, .max_arguments = 1},
        {.name = "fill", .call = do_fill},
        {.name = "double", .call = do_double, .min_arguments = 2, .max_arguments = 2},
        {.name = "pass", .call_values = do_pass, .min_arguments = 1, .max_arguments = 1},
        {.name = "invoke", .call = do_invoke, .min_arguments = 1, .max_arguments = 1},
        {.name = "wait", .call = do_wait, .suspends = true},
        {.name = "cancel", .call = do_cancel},
    };
    static const lunette_class *const TYPES[] = {&THING};
    static const lunette_file FILES[] = {{.path = "shop/prices.lua",
                                          .text = "local M = {} function M.of(n) return n * 3 end return M",
                                          .text_size = SIZE_MAX}};
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_require_config require = lunette_require_config_default();
    lunette_config config = lunette_config_default();
    lunette_engine *engine;
    module.name = "host";
    module.functions = FUNCTIONS;
    module.function_count = LN_COUNT(FUNCTIONS);
    module.types = TYPES;
    module.type_count = 1;
    module.automatic = true;
    require.files = FILES;
    require.file_count = LN_COUNT(FILES);
    config.modules = modules;
    config.module_count = 1;
    config.require = &require;
    config.output = drop_output;
    config.sandbox = level;
    config.limits.memory = LARGE;
    config.limits.wall_ns = HOUR_NS;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK) {
        fprintf(stderr, "%s\n", lunette_last_failure());
        exit(1);
    }
    return engine;
}

/* --- What is run --- */

typedef enum form {
    RUN,
    RESUME,  /* it waits, and is resumed */
    CALL,    /* the function that it returns is called by reference */
    COLLECT, /* garbage is collected after it */
} form;

typedef struct script {
    const char *name;
    const char *text;
    form form;
    bool whole;   /* from the first instruction of the call */
    bool kept;    /* also in a session that a kill ends, and a snapshot keeps */
    bool grows;   /* so all memory that there is has to be used afterwards */
    bool large;   /* in a context of LARGE bytes */
    bool trusted; /* at sandbox level none */
    bool counted; /* with a limit on instructions, so by a hook */
    bool asked;   /* where it stands, at its first instruction */
} script;

static const script SCRIPTS[] = {
    {.name = "nothing", .text = "return 1", .whole = true},
    {.name = "small blocks", .text = "local t = {} for i = 1, 12 do t[i] = {i, n = i} end t = nil"},
    {.name = "growing",
     .grows = true,
     .kept = true,
     .text = "local b = host.blob a = b(5000) a = b(150000) a = b(3000) a = b(40000)"},
    {.name = "resizing",
     .text = "local t = {} for i = 1, 17 do t[i] = i end for i = 1, 9 do t['k' .. i] = i end"},
    {.name = "the limit",
     .text = "local b = host.blob a = b(200000) local ok = pcall(b, 300000) a = nil return ok, #b(300000)",
     .grows = true},
    {.name = "host functions",
     .text =
         "local h = host local s, n = h.double('text', 2.5) local t = h.pass({s, k = {n}}) return t.k[1]"},
    {.name = "objects",
     .kept = true,
     .text =
         "local a, b <close> = host.thing(), host.thing() assert(a:is_open()) a:close() c = host.thing() return c"},
    {.name = "coroutines",
     .text =
         "local y = coroutine.yield local co = coroutine.create(function(a) local b = y(a + 1) error(b) end)\n"
         "coroutine.resume(co, 1) coroutine.resume(co, 'x') local w = coroutine.wrap(function() pcall(y, 5) y(6) end)\n"
         "local d = coroutine.create(function() local x <close> = nil y() end) coroutine.resume(d)\n"
         "coroutine.close(d) return w(), w()"},
    {.name = "errors",
     .text = "pcall(error, {}) xpcall(function() local x = nil + 1 end, function(m) return m .. '!' end)\n"
             "local function f() error('out') end f()"},
    {.name = "strings",
     .text =
         "local s = string.format('%5.2f %s %q', 2.5, 'x', 'y\\n') s = s:gsub('%w+', string.upper) .. s:rep(40, ',')\n"
         "return #s, table.concat({1, 2, s}), s:byte(1, 3), tostring(2^53)"},
    {.name = "require",
     .text =
         "local p = require('shop.prices') return p.of(4), math.random(9), os.time{year=2020,month=1,day=1}"},
    {.name = "load", .text = "local f = load('local a = ... return a * 2') print(f(4)) return f"},
    {.name = "called back",
     .text = "return host.invoke(function(n) local t = host.thing() return n + 1 end)"},
    {.name = "results", .text = "return {1, 2.5, 'three', {four = {5, true}}, print}, host.thing()"},
    {.name = "resumed",
     .form = RESUME,
     .text = "local t = host.thing() local a, b = pcall(host.wait) local c = host.wait() return b, c"},
    {.name = "collected", .form = COLLECT, .text = "list = {} for i = 1, 50 do list[i] = {i} end list = nil"},
    {.name = "large pages", .large = true, .text = "a = host.blob(5000000)"},
    {.name = "files",
     .trusted = true,
     .text =
         "local f = io.open('/dev/null', 'w') f:write('x', 5) g = io.open('/dev/null') f:close()\n"
         "for line in io.lines('/dev/null') do end local t <close> = io.open('/dev/zero') return t:read(3)"},
    {.name = "counted",
     .counted = true,
     .text = "local n = 0 for i = 1, 40 do n = n + i end\n"
             "coroutine.wrap(function() for i = 1, 30 do n = n + i end end)() return n"},
    {.name = "asked",
     .asked = true,
     .text = "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f(5)"},
    {.name = "called",
     .form = CALL,
     .text = "local n, list = 0, {} return function(...) n = n + 1 list[n] = {...} return n, list end"},
};

static const script CANCELS = {.name = "cancels", .text = "host.thing() host.cancel() while true do end"};

/* --- A session --- */

static const char A_WORLD[] =
    "local up = 40\n"
    "function next_up() up = up + 1 return up end\n"
    "list = {} for i = 1, 40 do list[i] = 'item ' .. i list['k' .. i] = {i} end\n"
    "co = coroutine.wrap(function() for i = 1, 1000 do pcall(coroutine.yield, i) end end)\n"
    "co() co() next_up() rep = string.rep mine = host.thing()\n"
    "long = host.blob(5000) weak = setmetatable({}, {__mode = 'k'}) weak[list] = 'alive'\n"
    "return next_up";

/* After a call of next_up(); or where no object and no reference is good any more. */
static const char IS_THE_WORLD[] = "assert(next_up() == 43 and mine:is_open())";
static const char WAS_THE_WORLD[] = "assert(next_up() == 42 and not pcall(mine.is_open, mine))";
static const char GOES_ON[] =
    "assert(co() == 3 and string.rep == rep and a == nil and c == nil)\n"
    "assert(#list == 40 and list[40] == 'item 40' and list.k7[1] == 7 and #long == 5000 and weak[list] == 'alive')\n"
    "list = {} for i = 1, 100 do list[i] = {i} end a = host.fill()";

static const char ANSWERS[] =
    "local s = 0 for i = 1, 50 do s = s + #tostring(i) + #{i, i} end a = host.fill()\n"
    "assert(list == nil and c == nil) return s";

typedef struct session {
    lunette_context *context;
    lunette_value next_up;
    lunette_value called; /* of a script that is called by reference */
    uint64_t snapshot;
    int made;
    uint64_t generation;
    /* What was in use of the arena. */
    uint32_t zone_top, page_top;
    char *lower, *upper;
} session;

static size_t lower_size(const session *s) {
    return s->zone_top - LN_CONTROL_SIZE;
}

static size_t upper_pages(const session *s, const ln_arena *a) {
    return s->page_top - ln_first_page(a);
}

static const char *upper_start(const session *s, const ln_arena *a) {
    return ln_arena_at(a, a->control.pages - upper_pages(s, a) * sizeof(ln_span));
}

static size_t upper_size(const session *s, const ln_arena *a) {
    return upper_pages(s, a) * (LN_PAGE + sizeof(ln_span));
}

static void picture(session *s) {
    const ln_arena *a = s->context->vm->arena;
    s->zone_top = a->zone_top;
    s->page_top = a->page_top;
    s->lower = __real_malloc(lower_size(s));
    s->upper = __real_malloc(upper_size(s, a) + 1);
    memcpy(s->lower, ln_arena_at(a, LN_CONTROL_SIZE), lower_size(s));
    memcpy(s->upper, upper_start(s, a), upper_size(s, a));
}

/* The random numbers to come are not those that would have come, and may lie in either half. */
static bool same_bytes(const session *s, const char *is, const char *was, size_t size) {
    const char *random = ln_vm_of(s->context->vm)->random_state;
    size_t before = random && random >= is && random < is + size ? (size_t)(random - is) : size;
    if (memcmp(is, was, before) != 0)
        return false;
    size_t behind = before + LN_RANDOM_BYTES;
    return before == size || memcmp(is + behind, was + behind, size - behind) == 0;
}

static const char *compare(const session *s) {
    static char why[200];
    const ln_arena *a = s->context->vm->arena;
    if (a->zone_top != s->zone_top || a->page_top != s->page_top)
        return "the arena is another size than before";
    if (!same_bytes(s, ln_arena_at(a, LN_CONTROL_SIZE), s->lower, lower_size(s)) ||
        !same_bytes(s, upper_start(s, a), s->upper, upper_size(s, a)))
        return "the arena is not what it was before";
    return ln_arena_check(a, why, sizeof why) ? NULL : why;
}

/* --- Doing it --- */

static lunette_status run(lunette_context *context, const char *text, lunette_value **results) {
    lunette_status status =
        lunette_context_run(context, "=check", text, LUNETTE_ZERO_TERMINATED, NULL, results);
    if (status != LUNETTE_OK)
        fprintf(stderr, "%s: %s\n", lunette_status_name(status), lunette_context_message(context, status));
    return status;
}

static void need(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "test_kill_everywhere: %s: %s\n", what, lunette_last_failure());
    exit(1);
}

enum kind {
    RESET, /* a context that is as new, and is again after a kill */
    UNDO,  /* a session that is to be what it was (roll_back) */
    KEPT,  /* a session that is lost by a kill, and of which the host has a snapshot */
    KINDS,
};
static const char *const KIND_NAMES[KINDS] = {"reset", "undo", "kept"};

typedef struct plan {
    const script *script;
    enum kind kind;
} plan;

/* Until the moment at which the stepping is to begin. */
static void set_up(lunette_engine *engine, const plan *p, session *s) {
    lunette_value *results;
    *s = (session){0};
    fill = p->script->grows ? FILL_ALL : FILL_LITTLE;
    memset(closed, 0, sizeof closed);
    made = 0;
    need(lunette_context_acquire(engine, &s->context) == LUNETTE_OK, "acquire");
    if (p->kind != RESET) {
        need(run(s->context, A_WORLD, &results) == LUNETTE_OK, "a world");
        s->next_up = *lunette_value_at(results, 0);
        lunette_value_free(&results);
    }
    ln_machine_limit_memory(s->context->vm, p->script->large ? LARGE : SMALL);
    if (p->script->form == COLLECT)
        need(run(s->context, p->script->text, NULL) == LUNETTE_OK, "something to collect");
    if (p->script->form == CALL) {
        need(run(s->context, p->script->text, &results) == LUNETTE_OK, "a function");
        s->called = *lunette_value_at(results, 0);
        lunette_value_free(&results);
    }
    s->made = made;
    ln_machine_trim(s->context->vm, 0); /* it has to grow again */
    if (p->kind != RESET) {
        need(lunette_snapshot_take(s->context, &s->snapshot) == LUNETTE_OK, "a snapshot");
        picture(s);
    }
    s->generation = s->context->vm->generation;
}

static lunette_status do_plan(const plan *p, session *s, stepping *sweep, lunette_value **results) {
    lunette_run_options options = lunette_run_options_default();
    lunette_limits limits = lunette_limits_default();
    const script *what = p->script;
    lunette_status status = LUNETTE_OK;
    options.roll_back = p->kind == UNDO;
    limits.instructions = what->counted ? UINT32_MAX : 0;
    options.limits = &limits;
    if (what->form == RESUME)
        status = lunette_context_run(s->context, what->name, what->text, LUNETTE_ZERO_TERMINATED, &options,
                                     results);
    if (sweep)
        stepping_begin(sweep);
    if (what->form == RUN)
        status = lunette_context_run(s->context, what->name, what->text, LUNETTE_ZERO_TERMINATED, &options,
                                     results);
    else if (what->form == CALL)
        status = lunette_context_call(s->context, &s->called, &options, results);
    else if (what->form == COLLECT)
        status = lunette_context_collect(s->context);
    while (status == LUNETTE_SUSPENDED) {
        lunette_value answer = lunette_text("an answer");
        status = lunette_context_resume(s->context, token, &answer, 1, results);
    }
    return status;
}

/* --- Judging it --- */

static int files_open; /* before everything */

static int count_files(void) {
    int count = 0;
    for (int file = 0; file < FILES_MOST; file++)
        count += fcntl(file, F_GETFD) >= 0;
    return count;
}

static const char *check_things(const session *s, bool all) {
    for (int i = 0; i < made; i++) {
        if (closed[i] > 1)
            return "an object was closed twice";
        if ((all || i >= s->made) && closed[i] == 0)
            return "an object of the run is open";
        if (!all && i < s->made && closed[i] != 0)
            return "an object from before the run was closed";
    }
    return NULL;
}

static const char *check_session(session *s) {
    lunette_value *results;
    const char *wrong = compare(s);
    if (!wrong)
        wrong = check_things(s, false);
    if (wrong)
        return wrong;
    if (s->context->vm->generation != s->generation)
        return "the context was reset";
    if (lunette_context_call(s->context, &s->next_up, NULL, &results) != LUNETTE_OK)
        return "a reference from before is not good";
    bool right = lunette_value_at(results, 0)->as.integer == 42;
    lunette_value_free(&results);
    if (!right || run(s->context, IS_THE_WORLD, NULL) != LUNETTE_OK ||
        run(s->context, GOES_ON, NULL) != LUNETTE_OK)
        return "the session does not go on as before";
    if (lunette_snapshot_restore(s->context, s->snapshot) != LUNETTE_OK)
        return lunette_last_failure();
    return compare(s);
}

/* What was ended without being undone has left the context as new; the host's snapshot is what it was. */
static const char *check_kept(session *s) {
    if (s->context->vm->pristine && lunette_context_verify(s->context) != LUNETTE_OK)
        return lunette_last_failure();
    const char *wrong = check_things(s, true);
    if (!wrong && lunette_snapshot_restore(s->context, s->snapshot) != LUNETTE_OK)
        wrong = lunette_last_failure();
    if (!wrong)
        wrong = compare(s);
    if (wrong)
        return wrong;
    if (lunette_context_call(s->context, &s->next_up, NULL, NULL) != LUNETTE_STALE)
        return "a reference outlived a kill";
    if (run(s->context, WAS_THE_WORLD, NULL) != LUNETTE_OK || run(s->context, GOES_ON, NULL) != LUNETTE_OK)
        return "the snapshot does not go on as it was";
    return check_things(s, true);
}

static const char *check_new(session *s, lunette_status status) {
    static char why[200];
    bool killed = s->context->vm->pristine;
    if (!killed && status != LUNETTE_OK && !ln_arena_check(s->context->vm->arena, why, sizeof why))
        return why;
    if (!killed && lunette_context_reset(s->context) != LUNETTE_OK)
        return "no reset";
    if (lunette_context_verify(s->context) != LUNETTE_OK)
        return lunette_last_failure();
    const char *wrong = check_things(s, true);
    if (!wrong && run(s->context, ANSWERS, NULL) != LUNETTE_OK)
        wrong = "the context does not work";
    if (!wrong &&
        (lunette_context_reset(s->context) != LUNETTE_OK || lunette_context_verify(s->context) != LUNETTE_OK))
        wrong = lunette_last_failure();
    return wrong;
}

static const char *check_status(const session *s, lunette_status status, lunette_status expected,
                                const stepping *sweep) {
    static char why[300];
    const lunette_error *error = lunette_context_error(s->context);
    bool may_end = sweep->act != STEPPING_ASK && status == LUNETTE_CANCELLED;
    if (status != expected && !may_end) {
        snprintf(why, sizeof why, "it ended as %s (%s)", lunette_status_name(status),
                 lunette_context_message(s->context, status));
        return why;
    }
    if ((status > 0) != (error != NULL) || (error && (error->code != status || !error->message)))
        return "its error does not say the same";
    return NULL;
}

enum { NO_COUNT = -1 };

static const char *judge(const plan *p, session *s, lunette_status status, lunette_status expected,
                         lunette_value **results, stepping *sweep, long blocks_before) {
    if (status == expected)
        sweep->end = STEPPING_OVER;
    const char *wrong = check_status(s, status, expected, sweep);
    lunette_value_free(results);
    bool killed = s->context->vm->pristine;
    bool stands = status == LUNETTE_OK || (p->kind == KEPT && !killed);
    if (!wrong && p->kind != RESET && stands &&
        lunette_snapshot_restore(s->context, s->snapshot) != LUNETTE_OK)
        wrong = lunette_last_failure();
    if (!wrong)
        wrong = p->kind == RESET            ? check_new(s, status)
                : p->kind == KEPT && killed ? check_kept(s)
                                            : check_session(s);
    if (!wrong && lunette_context_release(&s->context) != LUNETTE_OK)
        wrong = "no release";
    if (!wrong)
        wrong = check_things(s, true);
    if (!wrong && count_files() != files_open)
        wrong = "a file is open still, or another was closed";
    if (!wrong && blocks_before != NO_COUNT && blocks != blocks_before)
        wrong = "the host's memory has other blocks than before";
    return wrong;
}

static void need_right(const char *wrong) {
    if (!wrong)
        return;
    fprintf(stderr, "test_kill_everywhere: without any interruption: %s\n", wrong);
    exit(1);
}

static void forget(session *s) {
    __real_free(s->lower);
    __real_free(s->upper);
    *s = (session){0};
}

/* Once without interruption, which says how it ends, and once with an end in it: what is made once is made then. */
static lunette_status warm_up(lunette_engine *engine, const plan *p) {
    session s;
    lunette_value *results = NULL;
    stepping none = {.act = STEPPING_KILL};
    set_up(engine, p, &s);
    lunette_status expected = do_plan(p, &s, NULL, &results);
    need_right(judge(p, &s, expected, expected, &results, &none, NO_COUNT));
    forget(&s);
    script cancels = CANCELS;
    cancels.grows = p->script->grows;
    plan ends = {&cancels, p->kind};
    set_up(engine, &ends, &s);
    lunette_status status = do_plan(&ends, &s, NULL, &results);
    need_right(judge(p, &s, status, LUNETTE_CANCELLED, &results, &none, NO_COUNT));
    forget(&s);
    return expected;
}

/* --- Sweeps --- */

static size_t all_tried, all_steps;
static bool all;
static stepping_seen seen[KINDS];

static void report(const plan *p, const stepping *sweep) {
    size_t tried = 0;
    for (int act = 0; act < STEPPING_ACTS; act++)
        tried += sweep->tried[act];
    all_tried += tried;
    all_steps += sweep->steps;
    printf(
        "%-15s %-5s %6zu instructions, %6zu tries (%zu kills): left at once %zu, later %zu, after a call %zu; ended %zu%s\n",
        p->script->name, KIND_NAMES[p->kind], sweep->steps, tried,
        sweep->tried[STEPPING_KILL] + sweep->tried[STEPPING_ASK_KILL], sweep->ends[STEPPING_AT_ONCE],
        sweep->ends[STEPPING_LATER], sweep->ends[STEPPING_SECTION], sweep->ends[STEPPING_OVER],
        sweep->failures ? "; FAILED" : "");
    fflush(stdout);
}

static int sweep_one(lunette_engine *engine, const plan *p) {
    session s;
    lunette_value *results = NULL;
    const char *left;
    lunette_status expected = LUNETTE_OK;
    for (int i = 0; i < WARM_UPS && p->script->form != CALL; i++)
        warm_up(engine,
                &(plan){p->script, RESET}); /* from here on it is compiled, and no session compiles it */
    for (int i = 0; i < WARM_UPS; i++)
        expected = warm_up(engine, p);
    long before = blocks;
    set_up(engine, p, &s);
    stepping sweep = {.context = s.context,
                      .all = all,
                      .own_share = p->kind == UNDO ? 1 : 3,
                      .whole = p->script->whole,
                      .asked = p->script->asked,
                      .grows = p->script->grows || p->script->large,
                      .failures_most = FAILURES_MOST,
                      .seen = &seen[p->kind]};
    lunette_status status = do_plan(p, &s, &sweep, &results);
    if (stepping_end_of(&sweep, &left)) {
        const char *wrong = judge(p, &s, status, expected, &results, &sweep, before);
        stepping_exit(&sweep, wrong ? wrong : left);
    }
    const char *wrong = left ? left : status != expected ? "being stepped changed how it ends" : NULL;
    if (wrong) {
        fprintf(stderr, "%s: %s\n", p->script->name, wrong);
        sweep.failures++;
    }
    lunette_value_free(&results);
    lunette_context_release(&s.context);
    forget(&s);
    report(p, &sweep);
    return sweep.failures;
}

/* In the short form what ends in a session tells enough of the others. */
static bool comes_as_new(const script *what) {
    return what->whole || what->kept || what->trusted || what->form == COLLECT;
}

static const char *only; /* of the scripts; NULL: all are */

static bool is_script(const char *name) {
    for (size_t i = 0; i < LN_COUNT(SCRIPTS); i++)
        if (strcmp(SCRIPTS[i].name, name) == 0)
            return true;
    return false;
}

static void read_options(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0) {
            all = true;
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc && is_script(argv[i + 1])) {
            only = argv[++i];
        } else {
            fprintf(stderr, "test_kill_everywhere: '%s' is no option, or names no script\n", argv[i]);
            exit(2);
        }
    }
}

int main(int argc, char **argv) {
    const char *refusal = stepping_open();
    int failures = 0;
    read_options(argc, argv);
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED);
    lunette_engine *trusting = open_engine(LUNETTE_SANDBOX_NONE);
    lunette_engine_info info = {.size = sizeof info};
    need(lunette_engine_info_get(engine, &info) == LUNETTE_OK, "info");
    if (!refusal && strcmp(info.guard, "signal") != 0)
        refusal = "no signal can interrupt a script in this build";
    if (refusal) {
        printf("skipped: %s\n", refusal);
        return SKIPPED;
    }
    files_open = count_files();
    for (size_t i = 0; i < LN_COUNT(SCRIPTS); i++) {
        if (only && strcmp(only, SCRIPTS[i].name) != 0)
            continue;
        lunette_engine *in = SCRIPTS[i].trusted ? trusting : engine;
        if (all || comes_as_new(&SCRIPTS[i]))
            failures += sweep_one(in, &(plan){&SCRIPTS[i], RESET});
        if (SCRIPTS[i].form != COLLECT)
            failures += sweep_one(in, &(plan){&SCRIPTS[i], UNDO});
        if (SCRIPTS[i].kept)
            failures += sweep_one(in, &(plan){&SCRIPTS[i], KEPT});
    }
    lunette_engine_close(&engine);
    lunette_engine_close(&trusting);
    printf("%zu instructions at %zu addresses, %zu tries, %d failures\n", all_steps, seen[UNDO].count,
           all_tried, failures);
    return failures == 0 ? 0 : 1;
}
