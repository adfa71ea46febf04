/* lunette repl: read, run, print, again.
 *
 * An entry is tried as an expression first ("return " before it), then as statements. A text that breaks off is one
 * whose syntax error is "near <eof>", as in Lua's own interpreter: then another line is asked for. Neither attempt
 * runs anything of a text that is no program, so trying is free of effects.
 *
 * An entry that fails leaves what it did, as in Lua's own interpreter. One that is killed would leave nothing at all: so a
 * snapshot is taken before each, and put back then. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "interrupt.h"
#include "lines.h"
#include "options.h"
#include "pretty.h"
#include "record.h"
#include "report.h"
#include "session.h"
#include "units.h"
#include "words.h"

static const char chunk_name[] = "=repl";

typedef struct repl {
    const options *from;
    session on;
    text entry; /* the lines of the entry so far */
    text line;
    lunette_value *results;
    tool_exit status; /* TOOL_OK while the session lasts well */
    bool over;
} repl;

/* Enough to see what is there; what lies deeper or further shows as "...". */
static const lunette_bounds shown_bounds = {.depth = 4, .items = 500, .bytes = 1 << 20, .cut = true};

static lunette_status run_text(repl *in, const char *prefix) {
    text program = {0};
    text_add_string(&program, prefix);
    text_add(&program, text_string(&in->entry), in->entry.size);
    if (program.failed)
        return LUNETTE_NO_MEMORY;
    lunette_run_options how = lunette_run_options_default();
    how.measure_cpu = true;
    if (!in->from->json)
        how.bounds = shown_bounds;
    interrupt_arm(in->on.context);
    const lunette_status status =
        lunette_context_run(in->on.context, chunk_name, program.bytes, program.size, &how, &in->results);
    interrupt_disarm();
    text_free(&program);
    return status;
}

static bool breaks_off(const repl *in, lunette_status status) {
    static const char end[] = "near <eof>";
    const lunette_error *error = lunette_context_error(in->on.context);
    if (status != LUNETTE_SYNTAX_ERROR || error == NULL)
        return false;
    const size_t size = strlen(error->message);
    return size >= strlen(end) && strcmp(error->message + size - strlen(end), end) == 0;
}

/* --- What it answers ------------------------------------------------------------------------------------- */

static void show_results(repl *in) {
    for (size_t i = 0; in->results != NULL && i < in->results->as.array.count; i++) {
        text shown = {0};
        pretty_value(&shown, &in->results->as.array.items[i]);
        text_add_string(&shown, "\n");
        if (shown.failed)
            in->status = out_of_memory();
        else
            put_bytes(shown.bytes, shown.size);
        text_free(&shown);
    }
}

/* 0: there can be none, for a script has a file open. */
static uint64_t keep_session(const repl *in) {
    uint64_t before;
    return lunette_snapshot_take(in->on.context, &before) == LUNETTE_OK ? before : 0;
}

/* Whether the last entry cost the session its globals. Which ends do that depends on the grace time too, so the
 * context is asked: it equals its image only when nothing is left in it. */
static bool session_lost(const repl *in) {
    return lunette_context_verify(in->on.context) == LUNETTE_OK;
}

/* Ends the life of the snapshot, too. */
static void bring_session_back(const repl *in, uint64_t before, bool to_people) {
    const bool lost = session_lost(in);
    const bool back = lost && lunette_snapshot_restore(in->on.context, before) == LUNETTE_OK;
    (void)lunette_snapshot_drop(in->on.context, before);
    if (lost && to_people)
        complain(back ? "that was ended by force: the session is as it was before"
                      : "that ended the session's state: its globals are gone");
}

static void answer_people(repl *in, lunette_status status) {
    if (status == LUNETTE_OK) {
        show_results(in);
    } else if (status < LUNETTE_OK) {
        in->status = report_refusal(in->from, NULL, status);
    } else {
        /* The terminal has echoed "^C". */
        if (status == LUNETTE_CANCELLED && lines_interactive())
            put_bytes("\n", 1);
        report_error("repl", status, lunette_context_error(in->on.context));
    }
}

static void answer_programs(repl *in, lunette_status status, const text *output) {
    if (status < LUNETTE_OK) {
        in->status = report_refusal(in->from, NULL, status);
        return;
    }
    lunette_stats stats = {.size = sizeof stats};
    const bool known = lunette_context_stats(in->on.context, &stats) == LUNETTE_OK;
    in->status = record_print(record_run(&(record_of_run){.status = status,
                                                          .results = in->results,
                                                          .output = text_string(output),
                                                          .output_size = output->size,
                                                          .error = lunette_context_error(in->on.context),
                                                          .stats = known ? &stats : NULL}));
    fflush(stdout);
}

/* --- Entries --------------------------------------------------------------------------------------------- */

static bool is_blank(const text *line) {
    return text_string(line)[strspn(text_string(line), " \t\r")] == '\0';
}

/* Runs the entry. false: it breaks off, and nothing has happened. `last`: no more lines come. */
static bool run_entry(repl *in, bool last) {
    capture caught = {.saved = -1};
    text output = {0};
    if (in->from->json && (in->status = capture_begin(&caught)) != TOOL_OK)
        return true;
    const uint64_t before = keep_session(in);
    lunette_status status = run_text(in, "return ");
    if (status == LUNETTE_SYNTAX_ERROR)
        status = run_text(in, "");
    const bool captured = capture_end(&caught, &output) == TOOL_OK;
    const bool done = last || !breaks_off(in, status);
    if (!captured)
        in->status = TOOL_SYSTEM;
    else if (done && in->from->json)
        answer_programs(in, status, &output);
    else if (done)
        answer_people(in, status);
    bring_session_back(in, before, !in->from->json);
    lunette_value_free(&in->results);
    text_free(&output);
    return done;
}

/* An empty line behind an unfinished entry runs it as it is, so that one gets out of what was a mistake. */
static void take_line(repl *in) {
    const bool first = in->entry.size == 0;
    const bool gave_up = !first && is_blank(&in->line) && lines_interactive();
    if (first && is_blank(&in->line))
        return;
    if (!first)
        text_add_string(&in->entry, "\n");
    text_add(&in->entry, text_string(&in->line), in->line.size);
    if (in->entry.failed)
        in->status = out_of_memory();
    else if (!run_entry(in, gave_up))
        return;
    text_clear(&in->entry);
}

/* --- Commands -------------------------------------------------------------------------------------------- */

static void do_help(repl *in) {
    char time[UNITS_TEXT_SIZE], memory[UNITS_TEXT_SIZE];
    put_format(
        "An entry is an expression, whose value is shown, or statements. Globals last, locals do not.\n"
        ":reset  start over with a clean context\n"
        ":stats  what the last entry used\n"
        ":quit   leave (as does Ctrl-D)\n"
        "Ctrl-C abandons the line, or ends the entry that is running. Limits: %s, %s.\n",
        units_format(UNITS_DURATION, in->from->wall, time),
        units_format(UNITS_SIZE, in->from->memory, memory));
}

static void do_reset(repl *in) {
    const lunette_status status = lunette_context_reset(in->on.context);
    if (status != LUNETTE_OK)
        in->status = report_refusal(in->from, NULL, status);
}

static void do_stats(repl *in) {
    lunette_stats stats = {.size = sizeof stats};
    if (lunette_context_stats(in->on.context, &stats) != LUNETTE_OK)
        return;
    char wall[UNITS_TEXT_SIZE], cpu[UNITS_TEXT_SIZE], used[UNITS_TEXT_SIZE], peak[UNITS_TEXT_SIZE],
        committed[UNITS_TEXT_SIZE], limit[UNITS_TEXT_SIZE];
    put_format(
        "time %s (processor %s), memory %s used, %s at most, %s of %s committed\n",
        units_round(UNITS_DURATION, stats.wall_ns, wall), units_round(UNITS_DURATION, stats.cpu_ns, cpu),
        units_round(UNITS_SIZE, stats.memory_used, used), units_round(UNITS_SIZE, stats.memory_peak, peak),
        units_round(UNITS_SIZE, stats.memory_committed, committed),
        units_round(UNITS_SIZE, stats.memory_limit, limit));
    put_format("%" PRIu64 " allocations (%" PRIu64 " refused), %" PRIu64 " collections, %" PRIu64
               " bytes printed\n",
               stats.allocations, stats.allocation_failures, stats.collections, stats.output_bytes);
}

static void do_quit(repl *in) {
    in->over = true;
}

static const struct {
    const char *name;
    void (*act)(repl *in);
} colon_commands[] = {{":help", do_help}, {":reset", do_reset}, {":stats", do_stats}, {":quit", do_quit}};

/* A line that begins with a colon can be no Lua ("::label::" apart). false: the line is none of ours. */
static bool take_command(repl *in) {
    const char *line = text_string(&in->line);
    if (in->entry.size > 0 || line[0] != ':' || line[1] == ':')
        return false;
    const size_t size = strcspn(line, " \t\r");
    for (size_t i = 0; i < TOOL_COUNT(colon_commands); i++) {
        if (strlen(colon_commands[i].name) == size && memcmp(colon_commands[i].name, line, size) == 0) {
            colon_commands[i].act(in);
            return true;
        }
    }
    complain("no command %.*s; :help lists them", (int)size, line);
    return true;
}

static void loop(repl *in) {
    while (!in->over && in->status == TOOL_OK) {
        switch (lines_read(&in->line, in->entry.size > 0 ? ">> " : "> ")) {
        case LINES_READ:
            lines_remember(text_string(&in->line));
            if (!take_command(in))
                take_line(in);
            break;
        case LINES_INTERRUPTED:
            text_clear(&in->entry);
            break;
        case LINES_FAILED:
            in->status = out_of_memory();
            break;
        case LINES_END:
            /* What is unfinished when the input ends is reported as such. */
            if (in->entry.size > 0)
                run_entry(in, true);
            else if (lines_interactive())
                put_bytes("\n", 1);
            in->over = true;
        }
    }
}

tool_exit command_repl(const options *from) {
    if (from->operand_count > 0)
        return options_complain(from, "unexpected: %s; to run a file, type: lunette run %s",
                                from->operands[0], from->operands[0]);
    repl in = {.from = from};
    interrupt_within_session();
    tool_exit status = session_open(&in.on, from);
    if (status != TOOL_OK)
        return status;
    words_start((lunette_sandbox)from->sandbox);
    lines_start();
    if (lines_interactive() && !from->json)
        put_format("Lunette %s, %s. :help says more.\n", lunette_version(), lunette_lua_version());
    loop(&in);
    lines_stop();
    words_stop();
    lunette_value_free(&in.results);
    text_free(&in.entry);
    text_free(&in.line);
    session_close(&in.on);
    return in.status;
}
