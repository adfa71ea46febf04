/* Every door a program's text comes in by: checked, run, run again (the cache), compiled and run in several contexts,
 * preloaded into a template and required.
 *
 * An input is HEADER bytes that say which doors are tried under which names, and the text. The cache is small, so that
 * scripts are driven out of it. What must be true:
 *   - all doors agree on whether the text is a program; where they do not, memory or time ran out;
 *   - bytecode is a syntax error at every door;
 *   - a text that returns plain values returns the same ones by every door, from a context that is clean;
 *   - errors call the script what the host called it, whatever bytes that are;
 *   - handles and templates may be closed in any order; and a reset leaves the context as its image is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#include "fuzz.h"
#include "grammar.h"

enum { HEADER = 24, TEXT_MOST = 1 << 14, SCRIPTS = 3, CONTEXTS = 2 };
#define MILLISECOND UINT64_C(1000000)

typedef struct doors {
    lunette_context *contexts[CONTEXTS];
    lunette_script *scripts[SCRIPTS];
    lunette_template *template;
    const char *text;
    size_t size;
    bool is_known, is_program; /* what the doors said so far */
    lunette_value *first;      /* what it returned first, if that can be compared */
} doors;

static lunette_engine *engine;
static unsigned runs;

static void drop(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud, (void)context, (void)bytes, (void)size;
}

static void open_engine(void) {
    lunette_config config = lunette_config_default();
    config.limits.memory = (uint64_t)1 << 20;
    config.limits.wall_ns = 50 * MILLISECOND;
    config.limits.instructions = 2000;
    config.script_cache = 32 << 10;
    config.output = drop;
    config.log = fuzz_log;
    FUZZ_EXPECT(lunette_engine_open(&config, &engine) == LUNETTE_OK, "%s", lunette_last_failure());
}

/* --- Names ------------------------------------------------------------------------------------------------------------ */

static const char long_name[] =
    "=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char *const names[] = {
    NULL,     "",         "=",      "@",    "x",   "=x",    "@dir/x.lua", "[string \"x\"]",
    "%s%n%d", "\xff\xfe", "a:1: b", "x\ny", "=\n", "@\xc3", long_name,    long_name + 1,
    "=stdin", "[C]",      ":",      "@:0:", "=?"};

static const char *shown_name(const char *name) {
    if (name == NULL)
        return "script";
    return name[0] == '=' || name[0] == '@' ? name + 1 : name;
}

/* --- Judging ---------------------------------------------------------------------------------------------------------- */

static bool ran_out(lunette_status status) {
    return status == LUNETTE_MEMORY_LIMIT || status == LUNETTE_TIME_LIMIT || status == LUNETTE_VM_FAULT;
}

static void judge_text(doors *d, lunette_status status) {
    fuzz_count(lunette_status_name(status));
    FUZZ_EXPECT(status >= LUNETTE_OK, "%s: %s", lunette_status_name(status), lunette_last_failure());
    if (ran_out(status))
        return;
    const bool is_program = status != LUNETTE_SYNTAX_ERROR;
    if (d->size > 0 && d->text[0] == '\x1b')
        FUZZ_EXPECT(!is_program, "bytecode: %s", lunette_status_name(status));
    FUZZ_EXPECT(!d->is_known || d->is_program == is_program, "%s by this door", lunette_status_name(status));
    d->is_known = true;
    d->is_program = is_program;
}

static void judge_error(const lunette_context *context, lunette_status status, const char *name) {
    const lunette_error *error = lunette_context_error(context);
    FUZZ_EXPECT((error == NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    if (error == NULL)
        return;
    FUZZ_EXPECT(error->code == status, "%s", lunette_status_name(error->code));
    const char *shown = shown_name(name);
    if (status == LUNETTE_SYNTAX_ERROR && strlen(shown) < 190 && shown[0] != '\0')
        FUZZ_EXPECT(error->chunk != NULL && strcmp(error->chunk, shown) == 0, "%s is called %s", shown,
                    error->chunk != NULL ? error->chunk : "nothing");
}

/* What depends on nothing but the text: no time, no chance, no addresses, nothing of the name. */
static bool can_be_compared(const doors *d, const lunette_value *results) {
    static const char *const doubtful[] = {"time", "clock",   "rand",  "tostring", "date", "collect",
                                           "p",    "require", "error", "load",     "warn"};
    for (size_t i = 0; i < FUZZ_COUNT(doubtful); i++)
        if (memmem(d->text, d->size, doubtful[i], strlen(doubtful[i])) != NULL)
            return false;
    for (size_t i = 0; i < results->as.array.count; i++)
        if (results->as.array.items[i].type > LUNETTE_STRING)
            return false;
    return true;
}

static void judge_results(doors *d, lunette_status status, lunette_value **results) {
    FUZZ_EXPECT((*results != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    if (*results == NULL || !can_be_compared(d, *results))
        return;
    if (d->first == NULL) {
        d->first = *results;
        *results = NULL;
    } else {
        FUZZ_EXPECT(lunette_value_equal(d->first, *results), "other results by this door");
    }
}

/* --- The doors -------------------------------------------------------------------------------------------------------- */

static void clean(lunette_context *context) {
    FUZZ_EXPECT(lunette_context_reset(context) == LUNETTE_OK, "%s", lunette_last_failure());
}

static void check_it(doors *d, lunette_context *context, const char *name) {
    const lunette_status status = lunette_context_check(context, name, d->text, d->size);
    judge_text(d, status);
    judge_error(context, status, name);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_SYNTAX_ERROR || ran_out(status), "%s",
                lunette_status_name(status));
}

static void run_it(doors *d, lunette_context *context, const char *name) {
    lunette_value *results = NULL;
    clean(context);
    const lunette_status status = lunette_context_run(context, name, d->text, d->size, NULL, &results);
    judge_text(d, status);
    judge_error(context, status, name);
    judge_results(d, status, &results);
    lunette_value_free(&results);
}

static void compile_it(doors *d, lunette_script **slot, const char *name) {
    lunette_script_close(slot);
    const lunette_status status = lunette_script_compile(engine, name, d->text, d->size, slot);
    judge_text(d, status);
    FUZZ_EXPECT((*slot != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    FUZZ_EXPECT(status == LUNETTE_OK || lunette_last_failure()[0] != '\0', "no words for %s",
                lunette_status_name(status));
}

static void run_compiled(doors *d, lunette_context *context, const lunette_script *compiled) {
    lunette_value *results = NULL;
    clean(context);
    const lunette_status status = lunette_context_run_script(context, compiled, NULL, &results);
    if (compiled == NULL) {
        FUZZ_EXPECT(status == LUNETTE_INVALID_ARGUMENT, "%s", lunette_status_name(status));
        return;
    }
    judge_text(d, status);
    judge_error(context, status, NULL);
    judge_results(d, status, &results);
    lunette_value_free(&results);
}

/* A module may do what it likes, so it may fail as well; and then there is no template. */
static void preload_it(doors *d, const char *name, bool twice) {
    static const char user[] = "return (require('fuzzed'))";
    lunette_context *context = NULL;
    const lunette_preload modules[] = {
        {.name = "fuzzed", .chunk = name, .text = d->text, .text_size = d->size},
        {.name = "other", .chunk = name, .text = d->text, .text_size = d->size},
        {.name = "user", .text = user, .text_size = SIZE_MAX}};
    lunette_template_close(&d->template);
    /* Nothing but the host's own patience ends a module: only what is known to end is one. */
    if (d->first == NULL)
        return;
    lunette_template_config config = lunette_template_config_default();
    config.preload = modules;
    config.preload_count = twice ? FUZZ_COUNT(modules) : 1;
    const lunette_status status = lunette_template_open(engine, &config, &d->template);
    FUZZ_EXPECT((d->template != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    FUZZ_EXPECT(status >= LUNETTE_OK, "%s: %s", lunette_status_name(status), lunette_last_failure());
    if (d->template == NULL)
        return;
    FUZZ_EXPECT(lunette_context_acquire_from(d->template, 0, &context) == LUNETTE_OK, "%s",
                lunette_last_failure());
    const lunette_status used = lunette_context_run(context, NULL, user, sizeof user - 1, NULL, NULL);
    FUZZ_EXPECT(used == LUNETTE_OK || used == LUNETTE_RUNTIME_ERROR || ran_out(used) ||
                    used == LUNETTE_INSTRUCTION_LIMIT,
                "%s", lunette_status_name(used));
    run_it(d, context, name);
    clean(context);
    FUZZ_EXPECT(lunette_context_verify(context) == LUNETTE_OK, "%s", lunette_last_failure());
    lunette_context_release(&context);
}

static void one_step(doors *d, feed *from) {
    const uint8_t what = feed_byte(from), which = feed_byte(from);
    lunette_context *context = d->contexts[what >> 4 & 1];
    lunette_script **slot = &d->scripts[which % SCRIPTS];
    const char *name = names[which % FUZZ_COUNT(names)];
    switch (what % 8) {
    case 0:
        check_it(d, context, name);
        break;
    case 1:
    case 2:
        run_it(d, context, name);
        break;
    case 3:
        compile_it(d, slot, name);
        break;
    case 4:
        run_compiled(d, context, *slot);
        break;
    case 5:
        lunette_script_close(slot);
        break;
    case 6:
        if (what >= 192)
            preload_it(d, name, (which & 1) != 0);
        break;
    default:
        lunette_context_release(&d->contexts[what >> 4 & 1]);
        FUZZ_EXPECT(lunette_context_acquire(engine, &d->contexts[what >> 4 & 1]) == LUNETTE_OK, "%s",
                    lunette_last_failure());
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEADER || size - HEADER > TEXT_MOST)
        return -1;
    if (engine == NULL)
        open_engine();
    doors d = {.text = (const char *)data + HEADER, .size = size - HEADER};
    for (size_t i = 0; i < CONTEXTS; i++)
        FUZZ_EXPECT(lunette_context_acquire(engine, &d.contexts[i]) == LUNETTE_OK, "%s",
                    lunette_last_failure());
    run_it(&d, d.contexts[0], NULL);
    feed from = {data, HEADER};
    while (from.left > 0)
        one_step(&d, &from);
    lunette_value_free(&d.first);
    for (size_t i = 0; i < SCRIPTS; i++)
        lunette_script_close(&d.scripts[i]);
    for (size_t i = 0; i < CONTEXTS; i++) {
        clean(d.contexts[i]);
        if (fuzz_thorough || ++runs % 8 == 0)
            FUZZ_EXPECT(lunette_context_verify(d.contexts[i]) == LUNETTE_OK, "%s", lunette_last_failure());
        lunette_context_release(&d.contexts[i]);
    }
    lunette_template_close(&d.template);
    return 0;
}

/* --- Changing inputs --------------------------------------------------------------------------------------------------- */

#ifdef FUZZ_WITH_LIBFUZZER

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    dice by = dice_new(seed);
    if (most < HEADER + 16)
        return LLVMFuzzerMutate(data, size, most);
    for (; size < HEADER; size++)
        data[size] = (uint8_t)dice_roll(&by);
    script to = {.text = (char *)data + HEADER, .size = size - HEADER, .room = most - HEADER};
    switch (dice_below(&by, 8)) {
    case 0:
    case 1:
        for (size_t changes = 1 + dice_below(&by, 4); changes > 0; changes--)
            data[dice_below(&by, HEADER)] = (uint8_t)dice_roll(&by);
        break;
    case 2:
    case 3:
        to.size = LLVMFuzzerMutate(data + HEADER, to.size, to.room);
        break;
    case 4:
        to.size = 0;
        grammar_program(&to, &by);
        break;
    default:
        to.size = grammar_mutate(to.text, to.size, to.room, &by);
    }
    return HEADER + to.size;
}
#endif
