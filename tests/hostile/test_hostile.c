/* Drives the hostile corpus: every script in one and the same context, one after the other, and after each of
 * them the next tenant. For each script the following must hold, or the test fails and prints its table:
 *   - the run ends with one of the statuses that its header names, and nothing it returns says ESCAPED;
 *   - control is back within a wide margin of the deadline;
 *   - after the reset the arena equals the image, byte for byte;
 *   - the next tenant, the script's own and the standard one (known-answers.lua), gets the right answers, and
 *     random numbers of its own.
 *
 * The context lives on a thread with a small stack: what a thread of a server has. It makes a script that
 * overflows the C stack do so soon.
 *
 * Called as: test_hostile [OPTION]... FOLDER
 *   --guard signal|hook   which guard (default signal)
 *   --time MS             the time limit of all scripts; without it what a header says, or 100 for those that may
 *                         come to it, and 10,000 for the others
 *   --memory MIB          the memory limit (default 64)
 *   --stack KIB           the thread's stack (default 1024)
 *   --undo                each attack is made in a context that has something to lose: a run that fails is to be rolled
 *                         back, and after every other a snapshot from before is put back. Then that something and the
 *                         known answers must be there
 *   --only TEXT           only the scripts whose name contains it
 *   --repeat N            each script as many times (default 1)
 *   --table               print JSON lines, one a run and one a category, of how late control came back.
 *                         Statuses are not judged then: they depend on the time limit. The rest is. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "corpus.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define MS  UINT64_C(1000000)
#define MIB (UINT64_C(1) << 20)

enum {
    /* Wide, for a loaded machine: the bench measures; this only tells ended from not ended. Under the address
     * sanitizer a script that raises errors all the time lives in the sanitizer's longjmp, and is rarely met in Lua. */
    LATE_MS = SANITIZED ? 5000 : 500,
    TIME_MS = 100,
    /* A script that ends by itself does so on a busy machine, too. */
    UNTIMED_MS = 10000,
    NEXT_TENANT_MS = 10000,
    /* A run that has not come back by then never will. */
    HANG_SECONDS = 60,
    /* What Meson takes for a test that cannot run here. */
    SKIPPED = 77,
};

typedef struct options {
    lunette_guard guard;
    uint64_t time_ns; /* 0: as the headers say */
    uint64_t memory;
    size_t stack;
    const char *only;
    unsigned repeat;
    bool table, undo;
    const char *folder;
} options;

typedef struct outcome {
    const script *script;
    const char *skipped; /* the reason; NULL: it ran */
    lunette_status status;
    uint64_t wall_ns, late_ns;
    char failure[200]; /* "": none */
} outcome;

typedef struct test {
    options options;
    corpus corpus;
    lunette_engine *engine;
    lunette_context *context;
    outcome *rows;
    size_t row_count;
    size_t faults_logged;
    int64_t random;  /* what the last tenant drew first */
    uint64_t before; /* a snapshot; see --undo */
    bool rolls_back; /* runs that fail are */
    bool failed;
    bool unsupported; /* the guard cannot serve here */
} test;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

/* The first thing that is wrong with a row is what it reports. */
__attribute__((format(printf, 2, 3))) static bool fail(outcome *row, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (row->failure[0] == '\0')
        vsnprintf(row->failure, sizeof row->failure, format, arguments);
    va_end(arguments);
    return false;
}

/* --- When the process itself is hit ------------------------------------------------------------------------- */

static char running[64];

static void die_named(int number) {
    static const char HANGS[] = "\nthe process hangs in ", DIES[] = "\nthe process dies in ";
    const char *what = number == SIGALRM ? HANGS : DIES;
    ssize_t written = write(STDERR_FILENO, what, strlen(what));
    written += write(STDERR_FILENO, running, strlen(running));
    (void)(written + write(STDERR_FILENO, "\n", 1));
    signal(number, SIG_DFL);
    raise(number);
}

/* Before the engine opens: the guard passes on to these what is not the VM's. A sanitizer has its own. */
static void watch_process(void) {
    static const int SIGNALS[] = {SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < (SANITIZED ? 1 : sizeof SIGNALS / sizeof *SIGNALS); i++) {
        struct sigaction action = {.sa_handler = die_named, .sa_flags = SA_ONSTACK};
        sigaction(SIGNALS[i], &action, NULL);
    }
}

/* --- The host ----------------------------------------------------------------------------------------------- */

static void drop_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud, (void)context, (void)bytes, (void)size;
}

static void drop_warning(void *ud, lunette_context *context, const char *bytes, size_t size, bool more) {
    (void)ud, (void)context, (void)bytes, (void)size, (void)more;
}

static void count_fault(void *ud, const char *line) {
    test *t = ud;
    (void)line;
    t->faults_logged++;
}

static lunette_status open_host(test *t) {
    lunette_config config = lunette_config_default();
    config.guard = t->options.guard;
    config.limits.memory = t->options.memory;
    config.output = drop_output;
    config.warning = drop_warning;
    config.log = count_fault;
    config.log_ud = t;
    lunette_status status = lunette_engine_open(&config, &t->engine);
    return status == LUNETTE_OK ? lunette_context_acquire(t->engine, &t->context) : status;
}

static void close_host(test *t) {
    lunette_context_release(&t->context);
    lunette_engine_close(&t->engine);
}

static lunette_status run_text(test *t, const char *name, const char *text, size_t size, uint64_t time_ns,
                               lunette_value **results) {
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = time_ns;
    lunette_run_options run = lunette_run_options_default();
    run.limits = &limits;
    run.roll_back = t->rolls_back;
    return lunette_context_run(t->context, name, text, size, &run, results);
}

/* --- Judging ------------------------------------------------------------------------------------------------ */

static bool starts_with(const char *text, const char *prefix) {
    return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The first result if it is a text, else NULL. */
static const char *first_text(const lunette_value *results) {
    const lunette_value *first = lunette_value_at(results, 0);
    return first != NULL && first->type == LUNETTE_STRING ? first->as.string.bytes : NULL;
}

static const char *message_of(const test *t) {
    const lunette_error *error = lunette_context_error(t->context);
    return error != NULL ? error->message : "";
}

/* A context's error says the same as the run's status, and has words for it. */
static bool judge_error(const test *t, outcome *row) {
    const lunette_error *error = lunette_context_error(t->context);
    if (row->status == LUNETTE_OK)
        return error == NULL || fail(row, "a run that ended well left an error");
    if (error == NULL || error->code != row->status || error->message == NULL)
        return fail(row, "no error that says %s", lunette_status_name(row->status));
    return !starts_with(error->message, "ESCAPED") || fail(row, "%s", error->message);
}

/* Whether a script itself must say that it found the wall standing: one that tries the host returns whatever it
 * likes, and of one that is after the next tenant that one tells. */
static bool speaks_for_itself(const script *s) {
    return strcmp(s->category, "host") != 0 && !s->parts[s->part_count - 1].next_tenant;
}

static bool judge_results(outcome *row, const lunette_value *results) {
    const char *text = first_text(results);
    if (starts_with(text, "ESCAPED"))
        return fail(row, "%s", text);
    return row->status != LUNETTE_OK || !speaks_for_itself(row->script) || starts_with(text, "HELD") ||
           fail(row, "its result does not say HELD");
}

/* NULL: the Lua at hand does not have it. */
static const lunette_defect *defect_at_hand(const char *name) {
    const lunette_defect *defect = NULL;
    for (size_t i = 0; (defect = lunette_lua_defect(i)) != NULL; i++)
        if (strcmp(defect->name, name) == 0)
            break;
    return defect;
}

/* A script about a defect may fault only where Lua has that defect, and the sandbox does not keep it out of reach. */
static bool can_fault(const script *s) {
    const lunette_defect *defect = s->defect != NULL ? defect_at_hand(s->defect) : NULL;
    return s->defect == NULL || (defect != NULL && strncmp(defect->protection, "contained", 9) == 0);
}

/* All runs of an attack but the last prepare it, and must succeed. */
static bool judge_status(const test *t, outcome *row, const script_part *part) {
    if (row->status < LUNETTE_OK)
        return fail(row, "refused: %s: %s", lunette_status_name(row->status), lunette_last_failure());
    uint32_t expected = part->prepares ? UINT32_C(1) << LUNETTE_OK : row->script->expected;
    if (!can_fault(row->script))
        expected &= ~(UINT32_C(1) << LUNETTE_VM_FAULT);
    return t->options.table || (expected >> row->status & 1) != 0 ||
           fail(row, "not an expected status: %s", message_of(t));
}

static bool judge_time(outcome *row, uint64_t limit) {
    row->late_ns = row->wall_ns > limit ? row->wall_ns - limit : 0;
    return row->late_ns <= LATE_MS * MS || fail(row, "%llu ms late", (unsigned long long)(row->late_ns / MS));
}

/* --- One script --------------------------------------------------------------------------------------------- */

static bool reset_and_verify(test *t, outcome *row, const char *when) {
    if (lunette_context_reset(t->context) != LUNETTE_OK)
        return fail(row, "no reset %s: %s", when, lunette_last_failure());
    if (lunette_context_verify(t->context) != LUNETTE_OK)
        return fail(row, "%s: %s", when, lunette_last_failure());
    return true;
}

static uint64_t time_limit(const test *t, const script *s) {
    if (t->options.time_ns != 0)
        return t->options.time_ns;
    if (s->time_ns != 0)
        return s->time_ns;
    return (s->expected & UINT32_C(1) << LUNETTE_TIME_LIMIT) != 0 ? TIME_MS * MS : UNTIMED_MS * MS;
}

static bool attack(test *t, outcome *row, const script_part *part) {
    const script *s = row->script;
    uint64_t limit = time_limit(t, s);
    lunette_value *results = NULL;
    uint64_t started = now_ns();
    row->status = run_text(t, s->name, part->text, part->size, limit, &results);
    row->wall_ns = now_ns() - started;
    bool passed = judge_status(t, row, part);
    passed = judge_error(t, row) && passed;
    passed = judge_results(row, results) && passed;
    passed = judge_time(row, limit) && passed;
    lunette_value_free(&results);
    return passed;
}

/* The known answers come with the tenant's first random number, which is no other tenant's. */
static bool judge_random(test *t, outcome *row, const lunette_value *results) {
    const lunette_value *drawn = lunette_value_at(results, 1);
    if (drawn == NULL || drawn->type != LUNETTE_INTEGER)
        return true;
    bool repeated = drawn->as.integer == t->random;
    t->random = drawn->as.integer;
    return !repeated || fail(row, "the next tenant: the same random numbers as the one before");
}

static bool next_tenant(test *t, outcome *row, const char *text, size_t size) {
    lunette_value *results = NULL;
    lunette_status status = run_text(t, "next tenant", text, size, NEXT_TENANT_MS * MS, &results);
    const char *said = first_text(results);
    bool right =
        status == LUNETTE_OK && said != NULL && (starts_with(said, "HELD") || strcmp(said, "OK") == 0);
    if (!right)
        fail(row, "the next tenant: %s: %s", lunette_status_name(status),
             status != LUNETTE_OK ? message_of(t)
             : said != NULL       ? said
                                  : "no result");
    right = judge_random(t, row, results) && right;
    lunette_value_free(&results);
    return right && reset_and_verify(t, row, "after the next tenant");
}

/* --- What an attack must not cost --- */

static const char SOMETHING_TO_LOSE[] =
    "local secret = 7\n"
    "local mine = {}\n"
    "for i = 1, 300 do mine[i], mine['k' .. i] = ('x'):rep(i), {i} end\n"
    "local step = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end)\n"
    "step()\n"
    "function __holds()\n"
    "  for i = 1, 300 do assert(mine[i] == ('x'):rep(i) and mine['k' .. i][1] == i) end\n"
    "  secret = secret + 1\n"
    "  return secret == 8 and step() == 2 and 'HELD' or 'it is not what it was'\n"
    "end\n";

static bool have_something_to_lose(test *t, outcome *row) {
    return (run_text(t, "before", SOMETHING_TO_LOSE, sizeof SOMETHING_TO_LOSE - 1, NEXT_TENANT_MS * MS,
                     NULL) == LUNETTE_OK &&
            lunette_snapshot_take(t->context, &t->before) == LUNETTE_OK) ||
           fail(row, "before the attack: %s", lunette_last_failure());
}

static bool holds(test *t, outcome *row, const char *text, const char *when) {
    lunette_value *results = NULL;
    lunette_status status =
        run_text(t, "after", text, LUNETTE_ZERO_TERMINATED, NEXT_TENANT_MS * MS, &results);
    const char *said = first_text(results);
    bool right =
        status == LUNETTE_OK && said != NULL && (starts_with(said, "HELD") || strcmp(said, "OK") == 0);
    if (!right)
        fail(row, "%s: %s: %s", when, lunette_status_name(status),
             status == LUNETTE_OK && said != NULL ? said : message_of(t));
    lunette_value_free(&results);
    return right;
}

/* After a fault nothing is to be had. */
static bool nothing_was_lost(test *t, outcome *row) {
    static const char HOLDS[] = "local holds = __holds __holds = nil return holds()";
    lunette_status status = row->status;
    bool right = status == LUNETTE_OK || status == LUNETTE_VM_FAULT || holds(t, row, HOLDS, "rolled back");
    lunette_status back = lunette_snapshot_restore(t->context, t->before);
    if (back != (status == LUNETTE_VM_FAULT ? LUNETTE_STALE : LUNETTE_OK))
        return fail(row, "putting a snapshot back: %s", lunette_status_name(back));
    return status == LUNETTE_VM_FAULT ||
           (right && holds(t, row, HOLDS, "put back") && holds(t, row, t->corpus.known_answers, "put back"));
}

static void run_script(test *t, outcome *row) {
    const script *s = row->script;
    bool was_reset = false;
    snprintf(running, sizeof running, "%s", s->name);
    alarm(HANG_SECONDS);
    if (t->options.undo)
        have_something_to_lose(t, row);
    for (size_t i = 0; i < s->part_count && row->failure[0] == '\0'; i++) {
        if (!s->parts[i].next_tenant) {
            t->rolls_back = t->options.undo;
            attack(t, row, &s->parts[i]);
            t->rolls_back = false;
            if (t->options.undo && !s->parts[i].prepares)
                nothing_was_lost(t, row);
        } else if (reset_and_verify(t, row, "after the attack")) {
            next_tenant(t, row, s->parts[i].text, s->parts[i].size);
            was_reset = true;
        }
    }
    if (was_reset || reset_and_verify(t, row, "after the attack"))
        next_tenant(t, row, t->corpus.known_answers, LUNETTE_ZERO_TERMINATED);
    alarm(0);
}

/* --- All of them -------------------------------------------------------------------------------------------- */

static const char *reason_to_skip(const test *t, const script *s) {
    if (SANITIZED && s->sanitizer != NULL)
        return s->sanitizer;
    return t->options.guard == LUNETTE_GUARD_HOOK ? s->hook : NULL;
}

static void run_all(test *t) {
    for (unsigned n = 0; n < t->options.repeat; n++) {
        for (size_t i = 0; i < t->corpus.count; i++) {
            const script *s = &t->corpus.scripts[i];
            if (t->options.only != NULL && strstr(s->name, t->options.only) == NULL)
                continue;
            outcome *row = &t->rows[t->row_count++];
            *row = (outcome){.script = s, .skipped = reason_to_skip(t, s)};
            if (row->skipped == NULL)
                run_script(t, row);
            t->failed = t->failed || row->failure[0] != '\0';
        }
    }
}

/* --- What is printed ---------------------------------------------------------------------------------------- */

static void print_row(const outcome *row) {
    if (row->skipped != NULL)
        printf("skip  %-44s %s\n", row->script->name, row->skipped);
    else
        printf("%-5s %-44s %-15s %8.1f ms %8.2f ms late  %s\n", row->failure[0] != '\0' ? "FAIL" : "ok",
               row->script->name, lunette_status_name(row->status), (double)row->wall_ns / 1e6,
               (double)row->late_ns / 1e6, row->failure);
}

/* The whole table on failure, else what was left out and why. */
static void print_rows(const test *t) {
    size_t ran = 0, killed = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        const outcome *row = &t->rows[i];
        ran += row->skipped == NULL;
        killed += row->skipped == NULL && row->status == LUNETTE_TIME_LIMIT;
        if (t->failed || row->skipped != NULL)
            print_row(row);
        if (row->script->defect != NULL && defect_at_hand(row->script->defect) == NULL)
            printf("note  %-44s this Lua does not have the defect %s\n", row->script->name,
                   row->script->defect);
    }
    printf(
        "%zu scripts ran with the %s guard: %zu were killed at their deadline, %zu faulted, %zu were left out\n",
        ran, t->options.guard == LUNETTE_GUARD_HOOK ? "hook" : "signal", killed, t->faults_logged,
        t->row_count - ran);
}

static int by_number(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static double rank_us(const uint64_t *sorted, size_t count, size_t percent) {
    size_t rank = (count * percent + 99) / 100;
    return count == 0 ? 0 : (double)sorted[rank > 0 ? rank - 1 : 0] / 1e3;
}

/* Of the runs that were killed at their deadline; `category` NULL: of all categories. */
static void print_category(const test *t, const char *category, uint64_t *late) {
    size_t count = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        const outcome *row = &t->rows[i];
        if (row->skipped == NULL && row->status == LUNETTE_TIME_LIMIT &&
            (category == NULL || strcmp(row->script->category, category) == 0))
            late[count++] = row->late_ns;
    }
    qsort(late, count, sizeof *late, by_number);
    printf("{\"category\": \"%s\", \"runs\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
           category != NULL ? category : "all", count, rank_us(late, count, 50), rank_us(late, count, 99),
           rank_us(late, count, 100));
}

static void print_json(const test *t) {
    static const char *const CATEGORIES[] = {"cpu", "mem", "esc", "host", "crash", NULL};
    uint64_t *late = calloc(t->row_count + 1, sizeof *late);
    if (late == NULL)
        return;
    for (size_t i = 0; i < t->row_count; i++) {
        const outcome *row = &t->rows[i];
        if (row->skipped == NULL)
            printf("{\"script\": \"%s\", \"status\": \"%s\", \"wall_us\": %.1f, \"overshoot_us\": %.1f}\n",
                   row->script->name, lunette_status_name(row->status), (double)row->wall_ns / 1e3,
                   (double)row->late_ns / 1e3);
        if (row->failure[0] != '\0')
            fprintf(stderr, "%s: %s\n", row->script->name, row->failure);
    }
    for (size_t i = 0; i < sizeof CATEGORIES / sizeof *CATEGORIES; i++)
        print_category(t, CATEGORIES[i], late);
    free(late);
}

/* --- The program -------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && strcspn(end, "ms") == 0 && *number > 0;
}

static bool read_value(options *o, const char *option, const char *value) {
    uint64_t number = 0;
    if (strcmp(option, "--guard") == 0) {
        o->guard = strcmp(value, "hook") == 0 ? LUNETTE_GUARD_HOOK : LUNETTE_GUARD_SIGNAL;
        return o->guard == LUNETTE_GUARD_HOOK || strcmp(value, "signal") == 0;
    }
    if (strcmp(option, "--only") == 0) {
        o->only = value;
        return true;
    }
    if (!read_number(value, &number) || number > UINT32_MAX)
        return false;
    if (strcmp(option, "--time") == 0)
        o->time_ns = number * MS;
    else if (strcmp(option, "--memory") == 0)
        o->memory = number * MIB;
    else if (strcmp(option, "--stack") == 0)
        o->stack = (size_t)number << 10;
    else if (strcmp(option, "--repeat") == 0)
        o->repeat = (unsigned)number;
    else
        return false;
    return true;
}

static bool read_options(options *o, int argc, char **argv) {
    *o = (options){.guard = LUNETTE_GUARD_SIGNAL, .memory = 64 * MIB, .stack = 1 << 20, .repeat = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--table") == 0)
            o->table = true;
        else if (strcmp(argv[i], "--undo") == 0)
            o->undo = true;
        else if (strncmp(argv[i], "--", 2) != 0)
            o->folder = argv[i];
        else if (i + 1 == argc || !read_value(o, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    return o->folder != NULL;
}

static void *work(void *ud) {
    test *t = ud;
    lunette_status status = open_host(t);
    if (status == LUNETTE_OK) {
        run_all(t);
    } else {
        fprintf(stderr, "no context: %s: %s\n", lunette_status_name(status), lunette_last_failure());
        t->unsupported = status == LUNETTE_UNSUPPORTED;
        t->failed = !t->unsupported;
    }
    close_host(t);
    return NULL;
}

static bool work_on_thread(test *t) {
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    bool started = pthread_attr_setstacksize(&attributes, t->options.stack) == 0 &&
                   pthread_create(&thread, &attributes, work, t) == 0;
    pthread_attr_destroy(&attributes);
    return started && pthread_join(thread, NULL) == 0;
}

int main(int argc, char **argv) {
    test t = {0};
    if (!read_options(&t.options, argc, argv)) {
        fprintf(stderr, "usage: test_hostile [--guard signal|hook] [--time MS] [--memory MIB] [--stack KIB]\n"
                        "                    [--only TEXT] [--repeat N] [--table] [--undo] FOLDER\n");
        return 2;
    }
    if (!corpus_read(t.options.folder, &t.corpus))
        return 1;
    t.rows = calloc(t.corpus.count * t.options.repeat, sizeof *t.rows);
    watch_process();
    if (t.rows == NULL || !work_on_thread(&t))
        t.failed = true;
    else if (t.options.table)
        print_json(&t);
    else
        print_rows(&t);
    t.failed = t.failed || (t.row_count == 0 && !t.unsupported); /* nothing tested is nothing shown */
    free(t.rows);
    corpus_free(&t.corpus);
    return t.failed ? 1 : t.unsupported ? SKIPPED : 0;
}
