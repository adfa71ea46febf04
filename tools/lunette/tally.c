/* Counting what a batch did, and telling it. See batch.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "record.h"
#include "report.h"
#include "units.h"

/* Every outcome a run can have, in the order of the library's list. */
static const lunette_status outcomes[] = {
#define OUTCOME(constant, number, name, text) LUNETTE_##constant,
    LUNETTE_STATUS_MAP(OUTCOME)
#undef OUTCOME
};
enum { OUTCOMES = TOOL_COUNT(outcomes) };

typedef struct tally {
    uint64_t runs;
    uint64_t ended[OUTCOMES]; /* how many, as `outcomes` */
    uint64_t p50_ns, p99_ns;
    bool late; /* a run went past its deadline; then by how much: */
    uint64_t late_p50_ns, late_max_ns;
} tally;

static int by_size(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The least value that so many percent of all do not exceed (nearest rank). */
static uint64_t percentile(const uint64_t *sorted, uint64_t count, unsigned percent) {
    const uint64_t rank = (count * percent + 99) / 100;
    return count == 0 ? 0 : sorted[rank == 0 ? 0 : rank - 1];
}

static void count_outcome(tally *of, lunette_status status) {
    for (size_t i = 0; i < OUTCOMES; i++)
        if (outcomes[i] == status)
            of->ended[i]++;
}

/* Counts one script's samples. `scratch` has room for all of them. */
static tally count_script(const batch *all, size_t which, uint64_t *scratch) {
    tally made;
    memset(&made, 0, sizeof made);
    const uint64_t repeat = all->from->repeat;
    const uint64_t *samples = all->samples + which * repeat;
    uint64_t late = 0;
    for (uint64_t k = 0; k < repeat; k++) {
        if (samples[k] == 0)
            continue;
        count_outcome(&made, sample_status(samples[k]));
        scratch[made.runs++] = sample_wall(samples[k]);
    }
    qsort(scratch, (size_t)made.runs, sizeof *scratch, by_size);
    made.p50_ns = percentile(scratch, made.runs, 50);
    made.p99_ns = percentile(scratch, made.runs, 99);
    for (uint64_t k = 0; k < repeat; k++) {
        const uint64_t wall = sample_wall(samples[k]);
        if (samples[k] != 0 && sample_status(samples[k]) == LUNETTE_TIME_LIMIT)
            scratch[late++] = wall > all->from->wall ? wall - all->from->wall : 0;
    }
    qsort(scratch, (size_t)late, sizeof *scratch, by_size);
    made.late = late > 0;
    made.late_p50_ns = percentile(scratch, late, 50);
    made.late_max_ns = percentile(scratch, late, 100);
    return made;
}

static tally *count_all(const batch *all) {
    tally *made = calloc(all->script_count, sizeof *made);
    uint64_t *scratch = calloc((size_t)all->from->repeat, sizeof *scratch);
    for (size_t i = 0; made != NULL && scratch != NULL && i < all->script_count; i++)
        made[i] = count_script(all, i, scratch);
    if (scratch == NULL) {
        free(made);
        made = NULL;
    }
    free(scratch);
    return made;
}

static tally sum_up(const batch *all, const tally *of) {
    tally sum;
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < all->script_count; i++) {
        sum.runs += of[i].runs;
        sum.late = sum.late || of[i].late;
        for (size_t k = 0; k < OUTCOMES; k++)
            sum.ended[k] += of[i].ended[k];
    }
    return sum;
}

static double runs_per_second(const batch *all, uint64_t runs) {
    return all->elapsed_ns > 0 ? (double)runs * 1e9 / (double)all->elapsed_ns : 0;
}

/* --- Expectations ---------------------------------------------------------------------------------------- */

/* The first outcome of a script that its expect line does not have; OUTCOMES: none. */
static size_t unexpected(const batch_script *script, const tally *of) {
    for (size_t k = 0; k < OUTCOMES; k++) {
        const bool expected = outcomes[k] >= LUNETTE_OK && (script->expected >> outcomes[k] & 1) != 0;
        if (of->ended[k] > 0 && !expected)
            return k;
    }
    return OUTCOMES;
}

static bool met(const batch *all, size_t which, const tally *of) {
    return all->scripts[which].expected == 0 || unexpected(&all->scripts[which], &of[which]) == OUTCOMES;
}

static void add_expected(text *to, uint32_t expected) {
    for (size_t k = 0, named = 0; k < OUTCOMES; k++)
        if (outcomes[k] >= LUNETTE_OK && (expected >> outcomes[k] & 1) != 0)
            text_add_format(to, "%s%s", named++ > 0 ? "|" : "", lunette_status_name(outcomes[k]));
}

/* Lists the scripts that ended otherwise. true: none. */
static bool compare(const batch *all, const tally *of) {
    bool good = true;
    for (size_t i = 0; i < all->script_count; i++) {
        if (met(all, i, of))
            continue;
        const size_t k = unexpected(&all->scripts[i], &of[i]);
        text expected = {0};
        add_expected(&expected, all->scripts[i].expected);
        complain("%s: %s in %" PRIu64 " of %" PRIu64 " runs; expected: %s", all->scripts[i].path,
                 lunette_status_name(outcomes[k]), of[i].ended[k], of[i].runs, text_string(&expected));
        text_free(&expected);
        good = false;
    }
    return good;
}

/* --- The table ------------------------------------------------------------------------------------------- */

enum { CELLS = 9 };
static const char *const titles[CELLS] = {"script", "runs",      "ok",       "p50",     "p99",
                                          "peak",   "committed", "late p50", "late max"};

typedef char cell[UNITS_TEXT_SIZE];

static void fill_row(cell *row, const batch_script *script, const tally *of) {
    snprintf(row[1], sizeof row[1], "%" PRIu64, of->runs);
    snprintf(row[2], sizeof row[2], "%" PRIu64, of->ended[0]);
    units_round(UNITS_DURATION, of->p50_ns, row[3]);
    units_round(UNITS_DURATION, of->p99_ns, row[4]);
    units_round(UNITS_SIZE, atomic_load(&script->peak), row[5]);
    units_round(UNITS_SIZE, atomic_load(&script->committed), row[6]);
    memcpy(row[7], "-", sizeof "-");
    memcpy(row[8], "-", sizeof "-");
    if (of->late) {
        units_round(UNITS_DURATION, of->late_p50_ns, row[7]);
        units_round(UNITS_DURATION, of->late_max_ns, row[8]);
    }
}

static void put_other_ends(const tally *of) {
    for (size_t k = 1; k < OUTCOMES; k++)
        if (of->ended[k] > 0)
            put_format("  %s %" PRIu64, lunette_status_name(outcomes[k]), of->ended[k]);
    put_bytes("\n", 1);
}

static void widen(size_t *width, const char *content) {
    const size_t size = strlen(content);
    if (*width < size)
        *width = size;
}

static void put_cells(const char *first, const cell *rest, const size_t *widths, size_t cells) {
    put_format("%-*s", (int)widths[0], first);
    for (size_t c = 1; c < cells; c++)
        put_format("  %*s", (int)widths[c], rest != NULL ? rest[c] : titles[c]);
}

static void put_table(const batch *all, const tally *of, const tally *sum) {
    const size_t cells = sum->late ? CELLS : CELLS - 2;
    size_t widths[CELLS] = {0};
    cell row[CELLS];
    for (size_t c = 0; c < cells; c++)
        widen(&widths[c], titles[c]);
    for (size_t i = 0; i < all->script_count; i++) {
        widen(&widths[0], all->scripts[i].path);
        fill_row(row, &all->scripts[i], &of[i]);
        for (size_t c = 1; c < cells; c++)
            widen(&widths[c], row[c]);
    }
    put_cells(titles[0], NULL, widths, cells);
    put_format("  other ends\n");
    for (size_t i = 0; i < all->script_count; i++) {
        fill_row(row, &all->scripts[i], &of[i]);
        put_cells(all->scripts[i].path, (const cell *)row, widths, cells);
        put_other_ends(&of[i]);
    }
}

static void put_shown(const batch_script *script) {
    put_format("== %s\n", script->path);
    put_bytes(text_string(&script->shown), script->shown.size);
    if (script->shown.size > 0 && script->shown.bytes[script->shown.size - 1] != '\n')
        put_bytes("\n", 1);
    if (script->shown_more > 0)
        put_format("(%" PRIu64 " more bytes are not shown)\n", script->shown_more);
    if (script->shown.failed)
        put_format("(memory ran out: some of it is not shown)\n");
}

static void tell_people(const batch *all, const tally *of, const tally *sum) {
    for (size_t i = 0; all->from->show_output && i < all->script_count; i++)
        put_shown(&all->scripts[i]);
    put_table(all, of, sum);
    put_format("\n%" PRIu64 " runs of %zu scripts in %.3f seconds: %.0f runs per second with %u worker%s\n",
               sum->runs, all->script_count, (double)all->elapsed_ns / 1e9, runs_per_second(all, sum->runs),
               all->worker_count, all->worker_count == 1 ? "" : "s");
    put_format("%" PRIu64 " ok", sum->ended[0]);
    put_other_ends(sum);
    if (all->interrupted)
        put_format("interrupted: %" PRIu64 " of %" PRIu64 " runs were made\n", sum->runs, all->total);
}

/* --- The record ------------------------------------------------------------------------------------------ */

/* Every outcome a script can have is a key; the refusals only where there were any. */
static void record_ends(json_t **to, const tally *of) {
    for (size_t k = 0; k < OUTCOMES; k++)
        if ((outcomes[k] >= LUNETTE_OK && outcomes[k] != LUNETTE_SUSPENDED) || of->ended[k] > 0)
            record_put(to, lunette_status_name(outcomes[k]), record_integer(of->ended[k]));
}

static json_t *record_script(const batch *all, size_t which, const tally *of) {
    const batch_script *script = &all->scripts[which];
    json_t *made = json_object();
    record_put(&made, "file", record_text(script->path));
    record_put(&made, "runs", record_integer(of[which].runs));
    record_ends(&made, &of[which]);
    record_put(&made, "p50_us", record_microseconds(of[which].p50_ns));
    record_put(&made, "p99_us", record_microseconds(of[which].p99_ns));
    record_put(&made, "memory_peak", record_integer(atomic_load(&script->peak)));
    record_put(&made, "memory_committed", record_integer(atomic_load(&script->committed)));
    record_put(&made, "output_bytes", record_integer(atomic_load(&script->output_bytes)));
    if (of[which].late) {
        json_t *late = json_object();
        record_put(&late, "p50", record_microseconds(of[which].late_p50_ns));
        record_put(&late, "max", record_microseconds(of[which].late_max_ns));
        record_put(&made, "overshoot_us", late);
    } else {
        record_put(&made, "overshoot_us", json_null());
    }
    if (all->from->show_output)
        record_put(&made, "output", script->shown.failed ? NULL : record_text(text_string(&script->shown)));
    if (all->from->expect)
        record_put(&made, "as_expected",
                   script->expected == 0 ? json_null() : json_boolean(met(all, which, of)));
    return made;
}

static tool_exit tell_programs(const batch *all, const tally *of, const tally *sum) {
    json_t *scripts = json_array();
    for (size_t i = 0; i < all->script_count; i++)
        record_append(&scripts, record_script(all, i, of));
    json_t *total = json_object();
    record_put(&total, "runs", record_integer(sum->runs));
    record_put(&total, "seconds", json_real((double)all->elapsed_ns / 1e9));
    record_put(&total, "runs_per_second", json_real(runs_per_second(all, sum->runs)));
    record_put(&total, "workers", json_integer((json_int_t)all->worker_count));
    record_ends(&total, sum);
    record_put(&total, "interrupted", json_boolean(all->interrupted));
    json_t *made = json_object();
    record_put(&made, "scripts", scripts);
    record_put(&made, "total", total);
    return record_print(made);
}

tool_exit tally_report(const batch *all) {
    tally *of = count_all(all);
    if (of == NULL)
        return report_no_memory(all->from);
    const tally sum = sum_up(all, of);
    tool_exit status = TOOL_OK;
    if (all->from->json)
        status = tell_programs(all, of, &sum);
    else
        tell_people(all, of, &sum);
    if (all->from->expect && !compare(all, of) && status == TOOL_OK)
        status = TOOL_SCRIPT;
    free(of);
    if (all->failure != LUNETTE_OK) {
        complain("batch: %s", all->failure_text);
        return report_exit(all->failure);
    }
    return status != TOOL_OK || !all->interrupted ? status : TOOL_CANCELLED;
}
