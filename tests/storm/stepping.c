#include "stepping.h"

const char *stepping_act_name(stepping_act act) {
    static const char *const NAMES[] = {"killed", "asked and killed", "asked", "softly ended"};
    return NAMES[act];
}

#if defined(__linux__) && defined(__x86_64__)

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <lua.h>

#include "arena/layout.h"
#include "base/os_guard.h"
#include "guard/run.h"

enum {
    TRAP_FLAG = 0x100,
    /* Instructions of one call of libc that are tried, and repetitions of one that are stepped. */
    CALLEE_MOST = 300,
    REPEATED_MOST = 20,
    /* A child that is not over by then hangs. */
    CHILD_SECONDS = 60,
    CHILD_FAILED = 64,
    /* Where not everything is tried: at every so manieth instruction, whatever it is. Primes, so that no loop is in step. */
    STRIDE = 1009,
    /* Of the addresses in Lua and libc one in so many. */
    OTHER_SHARE = 11,
    /* In a host section, where an instruction is as good as another, until it ends. */
    SECTION_STRIDE = 41,
    /* Where no run has begun, or none goes on: nothing comes in there. */
    IDLE_STRIDE = 101,
};

enum { GROWTHS_SHIFT = 56 }; /* no address reaches there */

static const uint64_t GRACE_NS = (uint64_t)3600 * 1000000000;

/* Of the thread that steps; one at a time. */
static stepping *pass;
static struct {
    volatile bool on;
    bool child;
    bool begun;   /* the run */
    bool sent;    /* the signal, to the instruction that comes next */
    bool slipped; /* into a section, or into libc */
    volatile bool closed;
    uintptr_t place, top; /* where it was sent to, and what was on top of the stack there */
    uint32_t phase;
    uintptr_t before; /* the last instruction */
    unsigned repeated;
    uintptr_t *return_at, returns_to; /* of the call of libc */
    unsigned inside;
    uint32_t pages;    /* that the arena has committed */
    uintptr_t growths; /* how often that has changed */
} at;

static ln_os_code program, lua;

/* --- Whose code --- */

static bool in(const ln_os_code *code, uintptr_t address) {
    return address - code->start < code->end - code->start;
}

static bool in_vm(uintptr_t address) {
    return in(&program, address) || in(&lua, address);
}

static void write_place(char *text, size_t size, uintptr_t address) {
    Dl_info found;
    if (dladdr((const void *)address, &found) == 0 ||
        !found.dli_fname) { /* NOLINT(performance-no-int-to-ptr) */
        snprintf(text, size, "0x%lx", (unsigned long)address);
        return;
    }
    const char *slash = strrchr(found.dli_fname, '/');
    snprintf(text, size, "%.48s+0x%lx", slash ? slash + 1 : found.dli_fname,
             (unsigned long)(address - (uintptr_t)found.dli_fbase));
}

static bool is_libc(uintptr_t address) {
    char place[80];
    write_place(place, sizeof place, address);
    return strncmp(place, "libc.so", 7) == 0 || strncmp(place, "libm.so", 7) == 0;
}

/* --- In a child --- */

static ln_slot *slot(void) {
    return ln_slot_own;
}

static uint32_t phase(void) {
    return atomic_load(&slot()->phase);
}

static void send(void) {
    ln_os_signal_send(ln_os_thread_id(), atomic_load(&slot()->signal), ln_slot_cookie());
}

static void send_to(uintptr_t place, const uintptr_t *stack) {
    at.sent = true;
    at.place = place;
    at.top = *stack;
    at.phase = phase();
    send();
}

/* Why the guard is to look: what a host's other thread, or a clock, would have brought about. */
static void bring_about(void) {
    ln_run *run = ln_run_current();
    if (pass->act == STEPPING_ASK) {
        run->probe_lead = run->deadline;
        return;
    }
    if (pass->act == STEPPING_KILL)
        run->probed = true;
    for (; pass->act == STEPPING_SOFTEN && run; run = run->parent)
        run->budget.grace_ns = GRACE_NS;
    lunette_context_cancel(pass->context);
}

/* True: goes on by steps. */
static bool step_child(uintptr_t place, const uintptr_t *stack) {
    const ln_run *run = &pass->context->vm->run;
    at.slipped |= at.sent;
    at.sent = false;
    uint32_t where = phase();
    if (where == LN_PHASE_NONE)
        return !at.begun;
    at.begun |= where == LN_PHASE_RUN;
    if (run->abandoned || (at.slipped && (pass->act == STEPPING_ASK || pass->act == STEPPING_SOFTEN)))
        return false;
    if (where == LN_PHASE_BUSY)
        return true;
    if (where == LN_PHASE_HOST && atomic_load(&slot()->late) && at.slipped)
        return false;
    bring_about();
    send_to(place, stack);
    return true;
}

static void become_child(void) {
    at.child = true;
    at.sent = at.slipped = false;
    alarm(CHILD_SECONDS);
}

static void note_exit(int status) {
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_FAILED;
    if (code < STEPPING_ENDS) {
        pass->ends[code]++;
        return;
    }
    pass->failures++;
    if (!WIFSIGNALED(status))
        return;
    write_place(pass->place, sizeof pass->place, at.before);
    fprintf(stderr, "at instruction %zu (%s), %s: ended by signal %d\n", pass->steps, pass->place,
            stepping_act_name(pass->act), WTERMSIG(status));
}

/* True: in the child. Not fork(): no lock is taken that what is interrupted may hold, and no handler called. */
static bool try_here(stepping_act act) {
    pass->tried[act]++;
    pass->act = act;
    pid_t child = _Fork();
    if (child == 0) {
        become_child();
        return true;
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        status = CHILD_FAILED << 8;
    note_exit(status);
    return false;
}

/* --- What is tried --- */

/* What was tried in an arena that had grown less may count as another place. */
static bool is_new(uintptr_t place) {
    uint32_t pages = pass->context->vm->arena->control.page_committed;
    at.growths += pass->grows && pages != at.pages;
    at.pages = pages;
    if (in(&program, place))
        place ^= at.growths << GROWTHS_SHIFT;
    size_t slot = place * UINT64_C(0x9E3779B97F4A7C15) >> 48;
    while (pass->seen->places[slot] != place && pass->seen->places[slot] != 0)
        slot = (slot + 1) % LN_COUNT(pass->seen->places);
    bool fresh = pass->seen->places[slot] == 0;
    pass->seen->count += fresh;
    pass->seen->places[slot] = place;
    return fresh;
}

static bool is_wanted(uintptr_t place) {
    uint32_t where = phase();
    if (pass->failures >= pass->failures_most)
        return false;
    if (where == LN_PHASE_NONE)
        return pass->steps % IDLE_STRIDE == 0;
    bool fresh = is_new(place);
    bool own = in(&program, place);
    if (pass->all || pass->steps % STRIDE == 0)
        return true;
    if (where == LN_PHASE_HOST)
        return pass->steps % SECTION_STRIDE == 0;
    return fresh && pass->seen->count % (own ? pass->own_share : OTHER_SHARE) == 0;
}

/* A kill at each; of the others one at every few, in turn. True: in the child. */
static bool try_acts(void) {
    static const unsigned SHARES[STEPPING_ACTS] = {1, 11, 23, 17};
    size_t number = pass->tried[STEPPING_KILL];
    for (int act = 0; act < STEPPING_ACTS; act++)
        if (number % SHARES[act] == 0 && try_here((stepping_act)act))
            return true;
    return false;
}

/* --- Skipping what is long --- */

extern const char stepping_back[] __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
        ".hidden stepping_back\n"
        ".globl stepping_back\n"
        "stepping_back:\n"
        "\tint3\n"
        "\tud2\n"
        ".popsection\n");

static void follow_call(uintptr_t place, uintptr_t *stack) {
    bool outside = !in_vm(place);
    if (outside && in_vm(at.before) && in_vm(*stack)) {
        at.return_at = stack;
        at.inside = 0;
    } else if (!outside) {
        at.return_at = NULL;
    }
    at.inside++;
    at.repeated = place == at.before ? at.repeated + 1 : 0;
}

static bool is_long_call(void) {
    return at.return_at && (at.inside > CALLEE_MOST || at.repeated > REPEATED_MOST);
}

/* --- Every instruction --- */

static void ask(void) {
    ln_run *run = ln_run_current();
    run->probe_lead = run->deadline;
    send();
}

/* True: goes on by steps. */
static bool step_parent(uintptr_t place, uintptr_t *stack) {
    follow_call(place, stack);
    bool again = place == at.before;
    at.before = place;
    if (is_long_call()) {
        at.returns_to = *at.return_at;
        *at.return_at = (uintptr_t)stepping_back;
        return false;
    }
    if (!at.begun && phase() == LN_PHASE_RUN) {
        at.begun = true;
        if (pass->asked)
            ask();
    }
    if (again || (!at.begun && !pass->whole))
        return true;
    pass->steps++;
    return is_wanted(place) && try_acts() ? step_child(place, stack) : true;
}

static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if ((uintptr_t)registers[REG_RIP] == (uintptr_t)stepping_back + 1)
        registers[REG_RIP] = (greg_t)at.returns_to;
    uintptr_t place = (uintptr_t)registers[REG_RIP];
    uintptr_t *stack = (uintptr_t *)registers[REG_RSP]; /* NOLINT(performance-no-int-to-ptr) */
    bool goes_on = at.on && (at.child ? step_child(place, stack) : step_parent(place, stack));
    if (!at.on)
        at.closed = true;
    if (goes_on)
        registers[REG_EFL] |= TRAP_FLAG;
    else
        registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

/* --- From outside --- */

static void set_trap_flag(void) {
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t" /* what lies below belongs to the function */
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp\n\t"
                     :
                     :
                     : "cc", "memory");
}

/* Not where the processor is another program. */
static bool is_trapped(void) {
    memset(&at, 0, sizeof at);
    set_trap_flag();
    for (volatile int i = 0; i < 2 && !at.closed;)
        i++;
    return at.closed;
}

const char *stepping_open(void) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (LN_TSAN || LN_ASAN)
        return "a sanitizer's own code would be stepped and forked, too";
    sigfillset(&action.sa_mask);
    sigaction(SIGTRAP, &action, NULL);
    if (!is_trapped())
        return "the processor's trap flag raises no signal here";
    ln_os_code_of((const void *)stepping_open, &program, 1);
    ln_os_code_of((const void *)lua_newstate, &lua, 1);
    return NULL;
}

void stepping_begin(stepping *sweep) {
    pass = sweep;
    memset(&at, 0, sizeof at);
    at.pages = sweep->context->vm->arena->control.page_committed;
    at.on = true;
    set_trap_flag();
}

/* The guard's promise: in the VM's code, or in a function of libc that it called and that has saved nothing yet. */
static const char *judge_place(void) {
    if (!at.sent)
        return NULL;
    if (at.phase != LN_PHASE_RUN)
        return "left while no VM ran";
    if (in_vm(at.place) || (is_libc(at.place) && in_vm(at.top)))
        return NULL;
    return "left in the middle of what is not the VM's";
}

bool stepping_end_of(stepping *sweep, const char **left) {
    at.on = false;
    atomic_signal_fence(memory_order_seq_cst); /* the last instructions are tried as well */
    *left = NULL;
    if (!at.child) {
        for (volatile int i = 0; i < 2 && !at.closed;)
            i++;
        *left = at.closed ? NULL : "the stepping was lost on the way";
        return false;
    }
    write_place(sweep->place, sizeof sweep->place, at.sent ? at.place : at.before);
    sweep->end = at.sent && !at.slipped ? STEPPING_AT_ONCE : at.sent ? STEPPING_LATER : STEPPING_SECTION;
    *left = judge_place();
    return true;
}

_Noreturn void stepping_exit(const stepping *sweep, const char *failure) {
    if (failure)
        fprintf(stderr, "at instruction %zu (%s), %s: %s\n", sweep->steps, sweep->place,
                stepping_act_name(sweep->act), failure);
    fflush(stderr);
    _exit(failure ? CHILD_FAILED : (int)sweep->end);
}

#else

#include <stdlib.h>

const char *stepping_open(void) {
    return "only an x86-64 processor under Linux is stepped here";
}

void stepping_begin(stepping *sweep) {
    (void)sweep;
}

bool stepping_end_of(stepping *sweep, const char **left) {
    (void)sweep;
    *left = NULL;
    return false;
}

void stepping_exit(const stepping *sweep, const char *failure) {
    (void)sweep;
    (void)failure;
    exit(1);
}

#endif
