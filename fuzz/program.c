/* Programs in restricted contexts from a pool, with small budgets.
 *
 * An input is one byte of settings and a program. libFuzzer's own changes of bytes are joined by a grammar's
 * (grammar.h), for bytes alone seldom make a program.
 *
 * What must be true, whatever the program:
 *   - the process lives: no crash, no abort, no run that does not come back (libFuzzer's -timeout);
 *   - the answer is a status that the headers document for a run, never a refusal, never DEFECT;
 *   - the error says the same as the status: there is none after OK, and else one with its code, words, and complete
 *     frames; a value only with RUNTIME_ERROR;
 *   - the figures are within the limits that were set;
 *   - after a run that was ended from outside, and after a reset, the arena equals the image byte by byte;
 *   - the next tenant of the context (each time in the replay, else every 16th) gets known answers, and finds the same
 *     names and types wherever it can walk to as the very first one;
 *   - where time has no part, a program in the same context ends twice the same way, after as many instructions, with
 *     the same results (the engine TWICE);
 *   - what the cache of compiled scripts runs ends as the text did, if that ended well (settings AGAIN).
 * VM faults are the Lua release's (docs/sandbox.md) and are counted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#include "fuzz.h"
#include "grammar.h"

enum {
    TEXT_MOST = 1 << 14,
    NEXT_EVERY = 16,
    INSTRUCTIONS = 1200,
};
#define KIB         UINT64_C(1024)
#define MICROSECOND UINT64_C(1000)
#define MILLISECOND UINT64_C(1000000)
/* Rarely reached where instructions are counted: by long C functions. Where two runs are compared, neither is to end by
 * the time. */
#define COUNTED_WALL  (500 * MICROSECOND)
#define COMPARED_WALL (20 * MILLISECOND)

/* What the first byte says. The lower two bits choose the engine. */
enum {
    ENGINE = 3,
    TWICE = 1,          /* the deterministic one: each program runs twice, and the runs are compared */
    UNCOUNTED = 4,      /* no limit on instructions: hooks are off, the deadline is what ends loops */
    AGAIN = 8,          /* run it three times, so that the third comes from the cache */
    GRACE = 16,         /* an ordinary error first */
    LITTLE_OUTPUT = 32, /* and few calls of the host */
    NO_RESET = 64,      /* twice in one context, without a reset between */
    CUT_RESULTS = 128   /* narrow bounds for what it returns */
};

typedef struct world {
    lunette_engine *engine;
    lunette_script *next; /* what the next tenant runs */
    char *known;          /* what the first tenant found */
    bool deterministic;
} world;

static world worlds[4];
static unsigned runs;

/* --- The host -------------------------------------------------------------------------------------------------- */

/* Looks at both ends: a sanitizer sees what is not the script's. */
static void take_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    static volatile char seen;
    (void)ud, (void)context;
    if (size > 0)
        seen = (char)(bytes[0] ^ bytes[size - 1]);
    (void)seen;
}

static void take_warning(void *ud, lunette_context *context, const char *bytes, size_t size, bool more) {
    (void)more;
    take_output(ud, context, bytes, size);
}

/* --- The host's functions --------------------------------------------------------------------------------------------- */

/* Each takes whatever comes, and answers what it must not: a handful of ways in and out. */

/* All arguments through every reader; what cannot be read becomes the error that the reader says. */
static lunette_status read_arguments(void *ud, lunette_call *call) {
    int64_t integer;
    double number;
    bool boolean;
    const char *bytes;
    size_t size;
    const lunette_value *value;
    lunette_status status = LUNETTE_OK;
    (void)ud;
    FUZZ_EXPECT(lunette_call_context(call) != NULL && strcmp(lunette_call_name(call), "host.read") == 0, "%s",
                lunette_call_name(call));
    for (int i = 1; i <= lunette_call_count(call) + 1 && status == LUNETTE_OK; i++) {
        (void)lunette_arg_integer(call, i, &integer);
        (void)lunette_arg_number(call, i, &number);
        (void)lunette_arg_boolean(call, i, &boolean);
        (void)lunette_arg_string_or(call, i, "none", &bytes, &size);
        status = lunette_arg_value(call, i, NULL, &value);
        if (status == LUNETTE_OK)
            status = lunette_return_value(call, value->type == LUNETTE_USERDATA ? NULL : value);
    }
    return status;
}

/* The results are the arguments, as values. Userdata are none that can be given back. */
static lunette_status echo(void *ud, lunette_call *call, const lunette_value *arguments, size_t count) {
    lunette_status status = LUNETTE_OK;
    (void)ud;
    for (size_t i = 0; i < count && status == LUNETTE_OK; i++)
        status = lunette_return_value(call, &arguments[i]);
    return status;
}

/* Goes through a table and those inside. */
static lunette_status walk(void *ud, lunette_call *call) {
    enum { MOST = 1000 };
    lunette_cursor row, field;
    int64_t members = 0;
    (void)ud;
    lunette_status status = lunette_arg_iterate(call, 1, &row);
    while (status == LUNETTE_OK && members < MOST && lunette_cursor_next(call, &row)) {
        members++;
        if (row.value.type == LUNETTE_OBJECT && lunette_cursor_enter(call, &row, &field) == LUNETTE_OK)
            while (members < MOST && lunette_cursor_next(call, &field))
                members++;
    }
    lunette_value found;
    if (status == LUNETTE_OK)
        status = lunette_arg_field(call, 1, "x", &found);
    return status == LUNETTE_OK ? lunette_return_integer(call, members) : status;
}

static lunette_status fail(void *ud, lunette_call *call) {
    const lunette_member member = {{.type = LUNETTE_STRING, .as.string = {"why", 3}},
                                   {.type = LUNETTE_BOOLEAN}};
    const lunette_value object = lunette_object_of(&member, 1);
    int64_t how = 0;
    (void)ud;
    (void)lunette_return_text(call, "dropped");
    (void)lunette_arg_integer_or(call, 1, 0, &how);
    switch (how & 7) {
    case 0:
        return lunette_call_fail(call, "no %s: %d", "item", (int)how);
    case 1:
        return lunette_call_fail_value(call, &object);
    case 2:
        return lunette_arg_fail(call, 2, "%s", "words");
    case 3:
        return LUNETTE_NOT_FOUND;
    case 4:
        return (lunette_status)12345;
    case 5: {
        /* The context is in a run: others of its functions are not for now. */
        const lunette_status status = lunette_context_reset(lunette_call_context(call));
        FUZZ_EXPECT(status == LUNETTE_BUSY, "%s", lunette_status_name(status));
        return status;
    }
    case 6:
        lunette_context_cancel(lunette_call_context(call));
        return LUNETTE_OK;
    default:
        return LUNETTE_OK;
    }
}

static const lunette_function host_functions[] = {
    {.name = "read", .call = read_arguments, .max_arguments = -1},
    {.name = "echo", .call_values = echo, .max_arguments = -1},
    {.name = "walk", .call = walk, .min_arguments = 1, .max_arguments = 2},
    {.name = "fail", .call = fail, .max_arguments = 3},
};

static const lunette_constant host_constants[] = {
    {.name = "version", .value = {.type = LUNETTE_INTEGER, .as.integer = 7}},
};

/* A global of every context. */
static lunette_module host_module(void) {
    lunette_module module = lunette_module_default();
    module.name = "host";
    module.functions = host_functions;
    module.function_count = FUZZ_COUNT(host_functions);
    module.constants = host_constants;
    module.constant_count = FUZZ_COUNT(host_constants);
    module.automatic = true;
    return module;
}

static const char NEXT_TENANT[] =
    "local wrong = {}\n"
    "local function check(name, got, want) if got ~= want then wrong[#wrong + 1] = name .. '=' .. "
    "tostring(got) end end\n"
    "check('format', string.format('%5.2f|%d|%q', 3.14159, 42, 'a'), ' 3.14|42|\"a\"')\n"
    "check('gsub', (('hello'):gsub('l', {l = 'L'})), 'heLLo')\n"
    "check('pack', string.unpack('<i4', string.pack('<i4', -2)), -2)\n"
    "local t = {5, 2, 8, 1} table.sort(t) check('sort', table.concat(t, ' '), '1 2 5 8')\n"
    "check('load', load('return ...', '=x', 't', {})(7), 7)\n"
    "check('pcall', select(2, pcall(error, 'x', 0)), 'x')\n"
    "check('meta', setmetatable({}, {__index = function(_, k) return k .. '?' end}).a, 'a?')\n"
    "check('strings', getmetatable(''), false)\n"
    "check('overflow', math.maxinteger + 1, math.mininteger)\n"
    "if os and os.date then check('date', os.date('!%Y-%m-%d', 86400), '1970-01-02') end\n"
    "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)\n"
    "check('coroutine', co(1) * 100 + co(4), 208)\n"
    "local closed do local x <close> = setmetatable({}, {__close = function() closed = true end}) end\n"
    "check('close', closed, true)\n"
    "local main = coroutine.isyieldable() check('main', main, false)\n"
    "for i = 1, 300 do t[i % 10] = {i, tostring(i)} end\n"
    "local seen, list = {}, {}\n"
    "local function walk(path, value)\n"
    "    list[#list + 1] = path .. ':' .. type(value)\n"
    "    if type(value) ~= 'table' or seen[value] then return end\n"
    "    seen[value] = true\n"
    "    if getmetatable(value) ~= nil then list[#list + 1] = path .. ' has a metatable' end\n"
    "    for k, v in next, value do walk(path .. '.' .. tostring(k), v) end\n"
    "end\n"
    "walk('', _G) walk('loaded', require('string')) table.sort(list)\n"
    "return #wrong == 0 and 'right' or table.concat(wrong, '; '), table.concat(list, '\\n')\n";

/* The strict one is widened, else its programs end at the first name. Its next tenant needs what it asks for. */
static void open_world(world *to, size_t which) {
    static const char *const allowed[] = {
        "pcall",        "error",     "string",          "table", "setmetatable", "select",  "load",
        "getmetatable", "coroutine", "math.maxinteger", "type",  "os.date",      "require", "math.mininteger",
        "next",         "_G",        "tostring"};
    static const char *const clocks[] = {"os.clock", "os.time", "os.date", "math.randomseed"};
    static const uint64_t memory[] = {384 * KIB, 256 * KIB, 512 * KIB, 384 * KIB};
    const lunette_module module = host_module();
    const lunette_module *const modules[] = {&module};
    lunette_config config = lunette_config_default();
    config.modules = modules;
    config.module_count = 1;
    config.limits.memory = memory[which];
    config.limits.wall_ns = 50 * MILLISECOND;
    config.output = take_output;
    config.warning = take_warning;
    config.log = fuzz_log;
    config.pool.idle_ns = UINT64_MAX;
    if (which == TWICE) {
        config.deterministic = to->deterministic = true;
        config.deny = clocks;
        config.deny_count = FUZZ_COUNT(clocks);
    } else if (which == 2) {
        config.gc = LUNETTE_GC_GENERATIONAL;
        config.limits.memory = 512 * KIB;
    } else if (which == 3) {
        config.sandbox = LUNETTE_SANDBOX_STRICT;
        config.allow = allowed;
        config.allow_count = FUZZ_COUNT(allowed);
    }
    FUZZ_EXPECT(lunette_engine_open(&config, &to->engine) == LUNETTE_OK, "%s", lunette_last_failure());
    const lunette_status status =
        lunette_script_compile(to->engine, "=next", NEXT_TENANT, LUNETTE_ZERO_TERMINATED, &to->next);
    FUZZ_EXPECT(status == LUNETTE_OK, "%s", lunette_last_failure());
}

/* --- The next tenant --------------------------------------------------------------------------------------------- */

static const char *text_at(const lunette_value *results, size_t index) {
    const lunette_value *value = lunette_value_at(results, index);
    return value != NULL && value->type == LUNETTE_STRING ? value->as.string.bytes : "";
}

static void reset_and_verify(lunette_context *context, const char *when) {
    FUZZ_EXPECT(lunette_context_reset(context) == LUNETTE_OK, "%s: %s", when, lunette_last_failure());
    FUZZ_EXPECT(lunette_context_verify(context) == LUNETTE_OK, "%s: %s", when, lunette_last_failure());
    FUZZ_EXPECT(lunette_context_error(context) == NULL, "%s", when);
}

static void next_tenant(world *in, lunette_context *context) {
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 10000 * MILLISECOND;
    lunette_run_options options = lunette_run_options_default();
    options.limits = &limits;
    lunette_value *results = NULL;
    const lunette_status status = lunette_context_run_script(context, in->next, &options, &results);
    const lunette_error *error = lunette_context_error(context);
    FUZZ_EXPECT(status == LUNETTE_OK, "the next tenant: %s",
                error != NULL ? error->message : lunette_last_failure());
    FUZZ_EXPECT(strcmp(text_at(results, 0), "right") == 0, "the next tenant: %s", text_at(results, 0));
    if (in->known == NULL)
        in->known = strdup(text_at(results, 1));
    FUZZ_EXPECT(in->known != NULL && strcmp(in->known, text_at(results, 1)) == 0,
                "the next tenant found\n%s\ninstead of\n%s", text_at(results, 1), in->known);
    lunette_value_free(&results);
    reset_and_verify(context, "after the next tenant");
}

/* --- Judging ----------------------------------------------------------------------------------------------------- */

static bool ended_from_outside(lunette_status status) {
    return status == LUNETTE_TIME_LIMIT || status == LUNETTE_INSTRUCTION_LIMIT ||
           status == LUNETTE_OUTPUT_LIMIT || status == LUNETTE_HOST_CALL_LIMIT ||
           status == LUNETTE_CANCELLED || status == LUNETTE_VM_FAULT;
}

/* All that the limits set here can lead to. */
static void judge_status(lunette_status status) {
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_RUNTIME_ERROR || status == LUNETTE_SYNTAX_ERROR ||
                    status == LUNETTE_MEMORY_LIMIT || status == LUNETTE_VALUE_LIMIT ||
                    ended_from_outside(status),
                "%s: %s", lunette_status_name(status), lunette_last_failure());
    fuzz_count(lunette_status_name(status));
}

static void judge_error(const lunette_context *context, lunette_status status) {
    const lunette_error *error = lunette_context_error(context);
    if (status == LUNETTE_OK) {
        FUZZ_EXPECT(error == NULL, "an error after a run that ended well: %s", error->message);
        return;
    }
    FUZZ_EXPECT(error != NULL, "no error that says %s", lunette_status_name(status));
    FUZZ_EXPECT(error->code == status, "the error says %s, the run %s", lunette_status_name(error->code),
                lunette_status_name(status));
    FUZZ_EXPECT(error->message != NULL && strlen(error->message) <= 1003, "%s", error->message);
    FUZZ_EXPECT(error->line >= 0 && (error->line == 0 || error->chunk != NULL), "line %d", error->line);
    FUZZ_EXPECT(error->value == NULL || status == LUNETTE_RUNTIME_ERROR, "%s with a value",
                lunette_status_name(status));
    FUZZ_EXPECT(error->frame_count == 0 || error->frames != NULL, "%zu frames", error->frame_count);
    for (size_t i = 0; i < error->frame_count; i++) {
        const lunette_frame *frame = &error->frames[i];
        FUZZ_EXPECT(frame->function != NULL && frame->chunk != NULL && frame->line >= 0, "frame %zu", i);
        FUZZ_EXPECT(!frame->native || frame->line == 0, "native frame %zu at line %d", i, frame->line);
    }
}

static void judge_figures(const lunette_context *context, const lunette_limits *limits,
                          lunette_stats *stats) {
    *stats = (lunette_stats){.size = sizeof *stats};
    FUZZ_EXPECT(lunette_context_stats(context, stats) == LUNETTE_OK, "no figures");
    FUZZ_EXPECT(stats->memory_committed <= stats->memory_limit, "%llu committed, limit %llu",
                (unsigned long long)stats->memory_committed, (unsigned long long)stats->memory_limit);
    FUZZ_EXPECT(stats->memory_used <= stats->memory_peak, "%llu used, peak %llu",
                (unsigned long long)stats->memory_used, (unsigned long long)stats->memory_peak);
    if (limits->grace_ns != 0)
        return; /* a limit may be passed then, for a while */
    FUZZ_EXPECT(limits->output_bytes == 0 || stats->output_bytes <= limits->output_bytes, "%llu printed",
                (unsigned long long)stats->output_bytes);
    /* What coroutines are charged is seen in the main one, whose step is 1000. */
    FUZZ_EXPECT(limits->instructions == LUNETTE_UNLIMITED ||
                    stats->instructions <= limits->instructions + 1128,
                "%llu instructions", (unsigned long long)stats->instructions);
}

/* --- One input --------------------------------------------------------------------------------------------------- */

typedef struct outcome {
    lunette_status status;
    lunette_value *results;
    lunette_stats stats;
} outcome;

static outcome run(lunette_context *context, uint8_t settings, const char *text, size_t size) {
    static const lunette_member member = {{.type = LUNETTE_BOOLEAN, .as.boolean = true},
                                          {.type = LUNETTE_NUMBER, .as.number = 0.5}};
    const lunette_value arguments[] = {lunette_integer(7), lunette_text("argument"),
                                       lunette_object_of(&member, 1)};
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = settings & UNCOUNTED           ? 100 * MICROSECOND
                     : (settings & ENGINE) == TWICE ? COMPARED_WALL
                                                    : COUNTED_WALL;
    limits.instructions = settings & UNCOUNTED ? LUNETTE_UNLIMITED : INSTRUCTIONS;
    limits.grace_ns = settings & GRACE ? 100 * MICROSECOND : 0;
    limits.output_bytes = settings & LITTLE_OUTPUT ? 64 : 0;
    limits.host_calls = settings & LITTLE_OUTPUT ? 5 : 0;
    lunette_run_options options = lunette_run_options_default();
    options.limits = &limits;
    options.arguments = arguments;
    options.argument_count = FUZZ_COUNT(arguments);
    if (settings & CUT_RESULTS)
        options.bounds = (lunette_bounds){.depth = 4, .items = 20, .bytes = 2000, .cut = true};
    outcome of = {0};
    of.status = lunette_context_run(context, "fuzz", text, size, &options, &of.results);
    judge_status(of.status);
    judge_error(context, of.status);
    judge_figures(context, &limits, &of.stats);
    FUZZ_EXPECT((of.results != NULL) == (of.status == LUNETTE_OK), "results and %s",
                lunette_status_name(of.status));
    if (ended_from_outside(of.status) && !(settings & GRACE))
        FUZZ_EXPECT(lunette_context_verify(context) == LUNETTE_OK, "after %s: %s",
                    lunette_status_name(of.status), lunette_last_failure());
    return of;
}

static bool depends_on_more(lunette_status status) {
    return status == LUNETTE_VM_FAULT || status == LUNETTE_CANCELLED;
}

/* A context's addresses, its memory and its collector begin at the same point each time. */
static void run_twice(lunette_context *context, uint8_t settings, const char *text, size_t size) {
    outcome first = run(context, settings, text, size);
    reset_and_verify(context, "after the first run");
    outcome second = run(context, settings, text, size);
    /* Near its deadline a run is asked where it stands, by a hook, and a step of the count is lost. And a function of the
     * host's may cancel the run, which takes effect when the watchdog comes by. */
    const bool by_time = (settings & (UNCOUNTED | GRACE)) != 0 || first.stats.wall_ns > COMPARED_WALL / 2 ||
                         second.stats.wall_ns > COMPARED_WALL / 2 || depends_on_more(first.status) ||
                         depends_on_more(second.status);
    if (!by_time) {
        FUZZ_EXPECT(first.status == second.status, "%s, then %s", lunette_status_name(first.status),
                    lunette_status_name(second.status));
        FUZZ_EXPECT(first.stats.instructions == second.stats.instructions, "%llu instructions, then %llu",
                    (unsigned long long)first.stats.instructions,
                    (unsigned long long)second.stats.instructions);
        FUZZ_EXPECT(first.stats.allocations == second.stats.allocations, "%llu allocations, then %llu",
                    (unsigned long long)first.stats.allocations,
                    (unsigned long long)second.stats.allocations);
    }
    lunette_value_free(&first.results);
    lunette_value_free(&second.results);
}

static void run_as_set(world *in, lunette_context *context, uint8_t settings, const char *text, size_t size) {
    if (in->deterministic && !(settings & NO_RESET)) {
        run_twice(context, settings, text, size);
        return;
    }
    const int times = settings & AGAIN ? 3 : settings & NO_RESET ? 2 : 1;
    lunette_status before = LUNETTE_OK;
    for (int i = 0; i < times; i++) {
        outcome of = run(context, settings, text, size);
        FUZZ_EXPECT((of.status == LUNETTE_SYNTAX_ERROR) == (before == LUNETTE_SYNTAX_ERROR) || i == 0 ||
                        ended_from_outside(of.status) || ended_from_outside(before) ||
                        of.status == LUNETTE_MEMORY_LIMIT || before == LUNETTE_MEMORY_LIMIT,
                    "%s, then %s", lunette_status_name(before), lunette_status_name(of.status));
        before = of.status;
        lunette_value_free(&of.results);
        if (i + 1 < times && !(settings & NO_RESET))
            reset_and_verify(context, "between runs");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > TEXT_MOST)
        return -1;
    world *in = &worlds[data[0] & ENGINE];
    lunette_context *context = NULL;
    /* Not before the first input: the guard passes on to whoever had the signals before, and that is libFuzzer. */
    if (in->engine == NULL)
        open_world(in, data[0] & ENGINE);
    FUZZ_EXPECT(lunette_context_acquire(in->engine, &context) == LUNETTE_OK, "%s", lunette_last_failure());
    if (in->known == NULL)
        next_tenant(in, context);
    run_as_set(in, context, data[0], (const char *)data + 1, size - 1);
    if (fuzz_thorough || ++runs % NEXT_EVERY == 0) {
        reset_and_verify(context, "after the program");
        next_tenant(in, context);
    } else if (runs % 2 == 0) {
        reset_and_verify(context, "after the program");
    }
    FUZZ_EXPECT(lunette_context_release(&context) == LUNETTE_OK, "%s", lunette_last_failure());
    return 0;
}

/* --- Changing inputs ----------------------------------------------------------------------------------------------- */

#ifdef FUZZ_WITH_LIBFUZZER
/* The plain way most often, for it is the fastest. */
static uint8_t pick_settings(dice *by) {
    uint8_t settings = (uint8_t)(dice_once_in(by, 2) ? 0 : dice_below(by, 4));
    for (unsigned bit = UNCOUNTED; bit <= CUT_RESULTS; bit <<= 1)
        settings |= (uint8_t)(dice_once_in(by, 12) ? bit : 0);
    return settings;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    dice by = dice_new(seed);
    if (most < 2)
        return LLVMFuzzerMutate(data, size, most);
    if (size == 0)
        data[0] = pick_settings(&by);
    script to = {.text = (char *)data + 1, .room = most - 1};
    switch (dice_below(&by, 16)) {
    case 0:
    case 1:
        return 1 + LLVMFuzzerMutate(data + 1, size > 0 ? size - 1 : 0, most - 1);
    case 2:
        data[0] = pick_settings(&by);
        return size > 0 ? size : 1;
    case 3:
    case 4:
    case 5:
    case 6:
        data[0] = pick_settings(&by);
        grammar_program(&to, &by);
        return 1 + to.size;
    default:
        to.size = size > 0 ? size - 1 : 0;
        for (size_t times = 1 + dice_below(&by, 4); times > 0; times--)
            to.size = grammar_mutate(to.text, to.size, to.room, &by);
        return 1 + to.size;
    }
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed) {
    dice by = dice_new(seed);
    if (a_size == 0 || b_size == 0 || most < 2)
        return 0;
    out[0] = a[0];
    return 1 + grammar_cross((const char *)a + 1, a_size - 1, (const char *)b + 1, b_size - 1,
                             (char *)out + 1, most - 1, &by);
}
#endif
