/* enter   a guarded run of nothing, from start to end: what a deadline costs a call; against a timer of the
 *         system's armed before the call and disarmed after it, the plain way to bound one. */
#include <signal.h>
#include <time.h>

#include "base/compiler.h"
#include "bench.h"
#include "guard/guard.h"

static volatile unsigned called;

static LN_NOINLINE void body(void *ud) {
    (void)ud;
    called++;
}

/* --- Guarded ------------------------------------------------------------------------------------------------- */

static ln_guard *guard;

static void *open_guard(const void *arg) {
    const void *code[] = {(const void *)(uintptr_t)body};
    ln_guard_config config = {.contain_faults = true, .code = code, .code_count = LN_COUNT(code)};
    if (ln_guard_open(&config, &guard) != LUNETTE_OK)
        bench_fail("the guard cannot serve");
    return (void *)(uintptr_t)arg;
}

static uint64_t run_guarded(void *ud, uint64_t count, uint64_t *check) {
    static ln_run run;
    const ln_budget budget = {.wall_ns = UINT64_C(1000000000)};
    (void)ud;
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0) {
        if (ln_run_execute(&run, guard, &budget, body, NULL) != LN_END_FINISHED)
            bench_fail("a run of nothing did not finish");
    }
    return bench_now() - start;
}

/* --- With a timer -------------------------------------------------------------------------------------------- */

static timer_t timer;

static void *open_timer(const void *arg) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        bench_fail("timer_create failed");
    return (void *)(uintptr_t)arg;
}

static uint64_t run_timed(void *ud, uint64_t count, uint64_t *check) {
    static const struct itimerspec armed = {.it_value = {.tv_sec = 1}}, disarmed;
    (void)ud;
    *check = 0;
    uint64_t start = bench_now();
    while (count-- > 0) {
        timer_settime(timer, 0, &armed, NULL);
        body(NULL);
        timer_settime(timer, 0, &disarmed, NULL);
    }
    return bench_now() - start;
}

int main(int argc, char **argv) {
    bench_side sides[] = {
        {.open = open_guard, .work = run_guarded},
        {.open = open_timer, .work = run_timed},
    };
    bench_begin(argc, argv);
    if (!bench_wanted("enter"))
        return 0;
    if (bench_measure("enter", sides, LN_COUNT(sides)))
        bench_report_pair("enter", &sides[0], &sides[1], "timer_settime on and off");
    return bench_end();
}
