/* lunette batch: what the command line asked for, and the files. See batch.h. */
#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

#include "report.h"

/* Everything is looked at before anything runs: a mistake in the last name shall not cost the runs of the others. */
static tool_exit refuse_file(const batch *all, const char *path, source_result why, text *problem) {
    if (why == SOURCE_NO_MEMORY || problem->failed) {
        text_free(problem);
        return report_no_memory(all->from);
    }
    const tool_exit status = options_complain(all->from, "%s: %s", path, text_string(problem));
    text_free(problem);
    return status;
}

static tool_exit find_files(batch *all) {
    for (int i = 0; i < all->from->operand_count; i++) {
        text problem = {0};
        const source_result found = source_find(&all->paths, all->from->operands[i], &problem);
        if (found != SOURCE_OK)
            return refuse_file(all, all->from->operands[i], found, &problem);
    }
    return TOOL_OK;
}

/* --- Expect lines ---------------------------------------------------------------------------------------- */

/* The script's outcome of that name; negative: none has it. */
static int outcome_named(const char *name, size_t size) {
    for (int status = LUNETTE_OK; status <= LUNETTE_SUSPENDED; status++) {
        const char *known = lunette_status_name((lunette_status)status);
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return status;
    }
    return -1;
}

/* What follows "-- expect:" up to the end of the line: STATUS[|STATUS…]. */
static tool_exit parse_expected(const batch *all, batch_script *script, const char *line) {
    for (;;) {
        line += strspn(line, " \t");
        const size_t size = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
        const int status = outcome_named(line, size);
        if (status < 0)
            return options_complain(all->from, "%s: no status is called '%.*s' (-- expect:)", script->path,
                                    (int)(size > 0 ? size : strcspn(line, " \t\r\n|")), line);
        script->expected |= UINT32_C(1) << status;
        line += size + strspn(line + size, " \t");
        if (*line != '|')
            return TOOL_OK;
        line++;
    }
}

static tool_exit read_expected(const batch *all, batch_script *script) {
    static const char mark[] = "-- expect:";
    const char *content = text_string(&script->text.content);
    for (const char *line = content; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, mark, strlen(mark)) == 0)
            return parse_expected(all, script, line + strlen(mark));
    }
    return TOOL_OK;
}

static tool_exit read_files(batch *all) {
    all->script_count = all->paths.count;
    all->scripts = calloc(all->script_count + 1, sizeof *all->scripts);
    if (all->scripts == NULL)
        return report_no_memory(all->from);
    for (size_t i = 0; i < all->script_count; i++) {
        batch_script *script = &all->scripts[i];
        text problem = {0};
        script->path = all->paths.paths[i];
        const source_result read = source_read(&script->text, script->path, all->from->memory, &problem);
        if (read != SOURCE_OK)
            return refuse_file(all, script->path, read, &problem);
        const tool_exit status = all->from->expect ? read_expected(all, script) : TOOL_OK;
        if (status != TOOL_OK)
            return status;
    }
    return TOOL_OK;
}

/* --- The batch ------------------------------------------------------------------------------------------- */

/* The processors this process may use. */
static unsigned processors(void) {
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

static tool_exit make_room(batch *all) {
    const options *from = all->from;
    const uint64_t repeat = from->repeat;
    all->worker_count = from->workers > 0 ? (unsigned)from->workers : processors();
    all->total = repeat * all->script_count;
    all->samples = calloc((size_t)all->total + 1, sizeof *all->samples);
    if (all->samples != NULL)
        return TOOL_OK;
    complain("batch: no memory for %llu runs; use a smaller --repeat", (unsigned long long)all->total);
    return from->json
               ? report_json_refusal(LUNETTE_NO_MEMORY, NULL, "no memory for so many runs", TOOL_SYSTEM)
               : TOOL_SYSTEM;
}

static void free_batch(batch *all) {
    for (size_t i = 0; all->scripts != NULL && i < all->script_count; i++) {
        source_free(&all->scripts[i].text);
        text_free(&all->scripts[i].shown);
    }
    free(all->scripts);
    free(all->samples);
    source_forget(&all->paths);
}

tool_exit command_batch(const options *from) {
    if (from->operand_count == 0)
        return options_complain(from, "no script; type: lunette batch FILE|DIR…");
    batch all = {.from = from};
    tool_exit status = find_files(&all);
    if (status == TOOL_OK)
        status = read_files(&all);
    if (status == TOOL_OK)
        status = make_room(&all);
    if (status == TOOL_OK)
        status = workers_run(&all);
    if (status == TOOL_OK)
        status = tally_report(&all);
    free_batch(&all);
    return status;
}
