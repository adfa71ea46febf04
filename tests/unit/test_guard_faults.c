/* Faults: those of the VM end its run, those of the host are the host's. */
#include "test_guard.h"

/* --- Faults --------------------------------------------------------------------------------------------- */

static char *arena;
enum { ARENA_SIZE = 1 << 20 };

FAULTS static void body_fault_null(void *ud) {
    *(volatile int *)ud = 1;
}

FAULTS static void body_fault_arena_in_libc(void *ud) {
    char *volatile source = arena;
    memcpy(ud, source, 4096);
}

static volatile int zero;

/* On others a division by zero is no fault, and a trap another signal. */
#if defined(__x86_64__)
FAULTS static void body_fault_division(void *ud) {
    (void)ud;
    zero = 12345 / zero;
}

FAULTS static void body_fault_illegal(void *ud) {
    (void)ud;
    __builtin_trap();
}
#endif

/* The frame is touched from its far end, as alloca and large buffers do. */
static LN_NOINLINE int recurse(volatile char *above) {
    volatile char frame[4096];
    frame[0] = above != NULL ? above[0] : 1;
    return frame[0] != 0 ? recurse(frame) + frame[4095] : 0; /* always */
}

static void body_fault_stack(void *ud) {
    (void)ud;
    found += (size_t)recurse(NULL);
}

static void contain(ln_guard *guard, void (*body)(void *), void *ud, int number) {
    ln_run run = {.name = "tenant.lua", .arena_start = arena, .arena_size = ARENA_SIZE};
    ln_budget none = {0};
    for (int i = 0; i < 3; i++) {
        log_count = 0;
        assert_int_equal(ln_run_execute(&run, guard, &none, body, ud), LN_END_FAULT);
        assert_true(run.abandoned);
        assert_int_equal(run.fault.signal, number);
        assert_int_equal(log_count, 1);
        assert_non_null(strstr(log_text, "'tenant.lua'"));
        assert_no_trace(&run);
        assert_int_equal(ln_run_execute(&run, guard, &none, body_nothing, NULL), LN_END_FINISHED);
    }
}

static void faults(ln_guard_kind kind) {
    ln_guard *guard = open_guard(kind);
    static char sink[4096];
    arena = mmap(NULL, ARENA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(arena, MAP_FAILED);
    contain(guard, body_fault_null, (void *)(uintptr_t)zero, SIGSEGV);
    contain(guard, body_fault_null, arena + 5000, SIGSEGV);
    contain(guard, body_fault_arena_in_libc, sink, SIGSEGV);
#if defined(__x86_64__)
    contain(guard, body_fault_division, NULL, SIGFPE);
    contain(guard, body_fault_illegal, NULL, SIGILL);
#endif
    if (!LN_ASAN && !LN_TSAN)
        contain(guard, body_fault_stack, NULL, SIGSEGV);
    munmap(arena, ARENA_SIZE);
    ln_guard_close(&guard);
}

static void test_faults(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    faults(LN_GUARD_SIGNAL);
}

static void test_faults_hook(void **state) {
    (void)state;
    faults(LN_GUARD_HOOK);
}

static void *stack_fault_thread(void *ud) {
    contain(ud, body_fault_stack, NULL, SIGSEGV);
    return NULL;
}

static void test_stack_overflow_in_thread(void **state) {
    (void)state;
    NEEDS_SIGNALS();
    if (LN_ASAN)
        SKIP_BECAUSE("a stack overflow under AddressSanitizer is AddressSanitizer's own affair");
    ln_guard *guard = open_guard(LN_GUARD_SIGNAL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stack_fault_thread, guard), 0);
    pthread_join(thread, NULL);
    ln_guard_close(&guard);
}

typedef struct crash {
    ln_run run;
    ln_guard *guard;
    bool in_host;
} crash;

FAULTS static void body_crash(void *ud) {
    crash *c = ud;
    if (c->in_host)
        ln_run_host_enter(&c->run);
    *(volatile int *)(uintptr_t)(64 + zero) = 1;
}

static sigjmp_buf host_way_out;
static volatile int host_caught;

static void on_host_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    host_caught = number == SIGSEGV && info->si_addr == (void *)(uintptr_t)64 ? 1 : -1;
    siglongjmp(host_way_out, 1);
}

/* In a child: exits with 10 + what the host's own handler saw, or dies of the signal. */
static int crash_in_child(bool own_handler, bool contained, void (*act)(crash *)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_flags = SA_SIGINFO};
        if (own_handler)
            action.sa_sigaction = on_host_fault;
        else
            action.sa_handler = SIG_DFL;
        sigaction(SIGSEGV, &action, NULL);
        crash c = {.in_host = true};
        ln_guard_config config = config_of(LN_GUARD_AUTO);
        config.contain_faults = contained;
        if (ln_guard_open(&config, &c.guard) != LUNETTE_OK)
            _exit(1);
        if (sigsetjmp(host_way_out, 1) == 0)
            act(&c);
        _exit(10 + host_caught);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void crash_in_section(crash *c) {
    ln_budget none = {0};
    ln_run_execute(&c->run, c->guard, &none, body_crash, c);
}

static void crash_in_vm(crash *c) {
    c->in_host = false;
    crash_in_section(c);
}

FAULTS static void crash_after_run(crash *c) {
    ln_budget none = {0};
    ln_run_execute(&c->run, c->guard, &none, body_nothing, NULL);
    *(volatile int *)(uintptr_t)(64 + zero) = 1;
}

static void crash_by_kill(crash *c) {
    c->in_host = false;
    kill(getpid(), SIGSEGV);
    sleep_ns(1000 * MS, NULL);
}

static void test_host_crashes(void **state) {
    (void)state;
    if (LN_ASAN || LN_TSAN)
        SKIP_BECAUSE("the sanitizers' own handlers turn the signal into an exit");
    static void (*const acts[])(crash *) = {crash_in_section, crash_after_run};
    for (size_t i = 0; i < LN_COUNT(acts); i++) {
        int status = crash_in_child(true, true, acts[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 11);
        status = crash_in_child(false, true, acts[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
    int status = crash_in_child(false, true, crash_by_kill);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = crash_in_child(false, true, crash_in_vm);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 10);
    status = crash_in_child(false, false, crash_in_vm); /* containment is off */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_hook),
        cmocka_unit_test(test_stack_overflow_in_thread),
        cmocka_unit_test(test_host_crashes),
    };
    return cmocka_run_group_tests_name("guard_faults", tests, NULL, NULL);
}
