/* What the guard's tests share: guards whose VM is this program, and bodies to run under them. Bodies assert
 * nothing (cmocka's assertions jump): they record, and the test looks afterwards. */
#ifndef LN_TEST_GUARD_H
#define LN_TEST_GUARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "base/os.h"
#include "base/os_guard.h"
#include "guard/guard.h"

#define MS UINT64_C(1000000)

/* A deadline is met when the run ends this soon after it: wide, for a loaded machine and for sanitizers. */
#define LATE (3000 * MS)

/* Written so that no loop is optimised away. */
static _Thread_local volatile uint64_t spins;
static _Thread_local volatile size_t found;

/* For a function that faults on purpose: a sanitizer of undefined behaviour would end the process there. */
#define FAULTS __attribute__((no_sanitize("undefined")))

/* --- Bodies --------------------------------------------------------------------------------------------- */

static inline void body_nothing(void *ud) {
    (void)ud;
}

static inline void body_loop(void *ud) {
    (void)ud;
    for (;;)
        spins++;
}

static inline void sleep_ns(uint64_t ns, int *outcome) {
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000U), .tv_nsec = (long)(ns % 1000000000U)};
    int answer = nanosleep(&time, NULL);
    if (outcome != NULL)
        *outcome = answer;
}

static inline void spin_until(uint64_t until) {
    while (ln_os_now() < until)
        spins++;
}

typedef struct soft {
    volatile int softened, probed;
    uint64_t softened_at, probed_at;
} soft;

static inline void soft_soften(void *ud) {
    soft *s = ud;
    s->softened++;
    s->softened_at = ln_os_now();
}

static inline void soft_probe(void *ud) {
    soft *s = ud;
    s->probed++;
    s->probed_at = ln_os_now();
}

/* --- Guards --------------------------------------------------------------------------------------------- */

static char log_text[256];
static int log_count;

static inline void log_keep(void *ud, const char *text) {
    (void)ud;
    log_count++;
    snprintf(log_text, sizeof log_text, "%s", text);
}

static inline ln_guard_config config_of(ln_guard_kind kind) {
    static const unsigned char in_program;
    static const void *const code[1] = {&in_program}; /* any address in the object will do */
    return (ln_guard_config){
        .kind = kind, .contain_faults = true, .log = log_keep, .code = code, .code_count = 1};
}

static inline ln_guard *open_guard(ln_guard_kind kind) {
    ln_guard_config config = config_of(kind);
    ln_guard *guard = NULL;
    assert_int_equal(ln_guard_open(&config, &guard), LUNETTE_OK);
    assert_non_null(guard);
    assert_int_equal(ln_guard_kind_of(guard), kind);
    return guard;
}

static inline bool no_signal_guard(void) {
    return !LN_OS_CAN_INTERRUPT || LN_TSAN;
}

/* No case is skipped without a word on why. */
#define SKIP_BECAUSE(reason)                    \
    do {                                        \
        print_message("skipped: %s\n", reason); \
        skip();                                 \
    } while (0)

#define NEEDS_SIGNALS()                                                     \
    do {                                                                    \
        if (no_signal_guard())                                              \
            SKIP_BECAUSE("no signal can interrupt a script in this build"); \
    } while (0)

static inline void assert_no_trace(const ln_run *run) {
    assert_null(ln_run_current());
    assert_null(run->phase);
    assert_int_equal(run->host_depth, 0);
}

static inline void assert_ends_by_time(ln_guard *guard, void (*body)(void *), void *ud) {
    ln_run run = {0};
    ln_budget budget = {.wall_ns = 10 * MS};
    for (int i = 0; i < 3; i++) {
        uint64_t start = ln_os_now();
        assert_int_equal(ln_run_execute(&run, guard, &budget, body, ud), LN_END_TIME);
        uint64_t took = ln_os_now() - start;
        assert_true(run.abandoned);
        assert_in_range(took, budget.wall_ns, budget.wall_ns + LATE);
        assert_in_range(run.usage.wall_ns, budget.wall_ns, took);
        assert_no_trace(&run);
    }
}

#endif
