/* What the guard costs and how late it is, with C functions of this program for a VM.
 *
 * Cost: nanoseconds for starting and ending a run, and for a host section; the median of several rounds, so
 * that one disturbed round does not count. Overshoot: microseconds from the deadline to control back in the
 * caller, by what the run was doing; each run has a deadline of 5 ms. Prints one line per entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "guard/guard.h"

enum { ROUNDS = 11, PER_ROUND = 200000, RUNS = 500 };

static const uint64_t budget_ns = 5000000;

static volatile uint64_t spins;
static volatile size_t found;
static char text[1 << 20];

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* --- Cost --------------------------------------------------------------------------------------------------- */

static void body_nothing(void *ud) {
    (void)ud;
}

static void body_sections(void *ud) {
    for (int i = 0; i < PER_ROUND; i++) {
        ln_run_host_enter(ud);
        ln_run_host_leave(ud);
    }
}

static void act_runs(ln_guard *guard, ln_run *run) {
    ln_budget budget = {.wall_ns = 50000000};
    for (int i = 0; i < PER_ROUND; i++)
        ln_run_execute(run, guard, &budget, body_nothing, NULL);
}

static void act_sections(ln_guard *guard, ln_run *run) {
    ln_budget none = {0};
    ln_run_execute(run, guard, &none, body_sections, run);
}

static void act_clock(ln_guard *guard, ln_run *run) {
    (void)guard;
    (void)run;
    for (int i = 0; i < PER_ROUND; i++)
        spins += ln_os_now();
}

static void cost(ln_guard *guard, const char *name, void (*act)(ln_guard *, ln_run *)) {
    static ln_run run;
    double rounds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = ln_os_now();
        act(guard, &run);
        rounds[i] = (double)(ln_os_now() - start) / PER_ROUND;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], by_value);
    printf("cost:%-22s %8.1f ns\n", name, rounds[ROUNDS / 2]);
}

/* --- Overshoot ---------------------------------------------------------------------------------------------- */

static void body_loop(void *ud) {
    (void)ud;
    for (;;)
        spins++;
}

static void body_memchr(void *ud) {
    (void)ud;
    for (;;)
        found += memchr(text, 'x', sizeof text) != NULL;
}

static void body_format(void *ud) {
    (void)ud;
    char digits[600];
    for (;;)
        found += (size_t)snprintf(digits, sizeof digits, "%99.99f", 1e300);
}

static void body_to_number(void *ud) {
    (void)ud;
    static char digits[2000];
    memset(digits, '7', sizeof digits - 1);
    for (;;)
        found += strtod(digits, NULL) > 0;
}

static void body_sections_forever(void *ud) {
    for (;;)
        body_sections(ud);
}

static void overshoot(ln_guard *guard, const char *name, void (*body)(void *)) {
    static ln_run run;
    static double late[RUNS];
    ln_budget budget = {.wall_ns = budget_ns};
    for (int i = 0; i < RUNS; i++) {
        uint64_t start = ln_os_now();
        ln_run_execute(&run, guard, &budget, body, &run);
        late[i] = (double)(ln_os_now() - start - budget_ns) / 1000;
    }
    qsort(late, RUNS, sizeof late[0], by_value);
    printf("overshoot:%-17s p50 %6.0f  p99 %6.0f  max %6.0f us\n", name, late[RUNS / 2],
           late[RUNS * 99 / 100], late[RUNS - 1]);
}

int main(void) {
    const void *code[] = {&budget_ns};
    ln_guard_config config = {.kind = LN_GUARD_SIGNAL, .contain_faults = true, .code = code, .code_count = 1};
    ln_guard *guard;
    lunette_status status = ln_guard_open(&config, &guard);
    if (status != LUNETTE_OK) {
        fprintf(stderr, "bench_guard: the signal guard cannot serve here (status %d)\n", (int)status);
        return 1;
    }
    cost(guard, "clock", act_clock);
    cost(guard, "run", act_runs);
    cost(guard, "host-section", act_sections);
    overshoot(guard, "loop", body_loop);
    overshoot(guard, "memchr", body_memchr);
    overshoot(guard, "format", body_format);
    overshoot(guard, "to-number", body_to_number);
    overshoot(guard, "host-sections", body_sections_forever);
    ln_guard_close(&guard);
    return 0;
}
