/* The guard: a budget around a call, and a deadline that nothing outlives. It knows no language: a "VM" is
 * a set of code ranges, a run is a C call that may be abandoned where it stands.
 *
 * What always holds:
 *   - a run ends once, on its own thread, for one reason; nobody else ever writes its end;
 *   - a run is abandoned only while it is in its running phase and its thread stands in the VM's code (or
 *     in a leaf of libc that the VM called): never inside a host section, never on the way in or out;
 *   - the deadline of a run that has finished is nobody's: a signal that comes late finds another run, or
 *     none, and asks that one's own budget.
 * How this is kept is argued in run.c (phases), watchdog.c (who wakes whom) and handler.c (where to leave).
 *
 * The hook guard serves where signals cannot: same interface, and the VM calls ln_run_count() from its
 * count hook. Its limits: a run is ended only where the VM counts or a host section ends, so not inside a
 * long C function; and the hook costs what hooks cost. */
#ifndef LN_GUARD_GUARD_H
#define LN_GUARD_GUARD_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "lunette/status.h"

/* How a run ended. The last two refuse before anything ran. */
/* clang-format off */
#define LN_END_MAP(X) \
    X(FINISHED,     "finished") \
    X(TIME,         "wall time") \
    X(CPU,          "processor time") \
    X(INSTRUCTIONS, "instructions") \
    X(OUTPUT,       "output") \
    X(HOST_CALLS,   "host calls") \
    X(HOST_TIME,    "host time") \
    X(CANCELLED,    "cancelled") \
    X(FAULT,        "fault") \
    X(STACK,        "too little stack") \
    X(SYSTEM,       "system")
/* clang-format on */

typedef enum ln_end {
#define LN_END_ENUM(constant, text) LN_END_##constant,
    LN_END_MAP(LN_END_ENUM)
#undef LN_END_ENUM
} ln_end;

/* "wall time", ...; static text, never NULL. */
const char *ln_end_text(ln_end end);

typedef enum ln_guard_kind {
    LN_GUARD_AUTO,   /* signal where it can serve, else hook */
    LN_GUARD_SIGNAL, /* or UNSUPPORTED */
    LN_GUARD_HOOK,
} ln_guard_kind;

typedef struct ln_guard ln_guard;
typedef struct ln_run ln_run;
struct ln_slot;

typedef struct ln_guard_config {
    ln_guard_kind kind;
    int signal;          /* 0: SIGURG. Its earlier handler is still called for signals that are not ours */
    bool contain_faults; /* SIGSEGV, SIGBUS, SIGFPE and SIGILL of the VM end its run, not the process */
    /* Told of each contained fault, in one line of text, on the run's thread after the run has ended; NULL:
     * nobody is told. */
    void (*log)(void *ud, const char *text);
    void *log_ud;
    /* Any address inside each loaded object whose code is the VM's (Lua, and Lunette itself). NULL and 0
     * are allowed for the hook guard. When such an object also holds the host's code (all linked into one
     * program), that is fine as long as the host's code runs in host sections; a host's own signal handler
     * is told apart by the signals it blocks. When it also holds libc, only the hook guard serves. */
    const void *const *code;
    size_t code_count;
} ln_guard_config;

/* INVALID_ARGUMENT, NO_MEMORY, UNSUPPORTED (the signal guard was asked for and cannot serve: other
 * processor, static libc, thread sanitizer, no code given), SYSTEM. Any thread. Several may be open, with
 * different configurations; they share one watchdog thread. */
lunette_status ln_guard_open(const ln_guard_config *config, ln_guard **guard);

/* No run of this guard may be executing. Puts back the signal handlers that were there before when this was
 * the last guard to need them (except where a signal of ours that is still on its way would then end the
 * process: that handler stays, and passes on what is not ours). Never from a signal handler. */
void ln_guard_close(ln_guard **guard);

/* SIGNAL or HOOK, never AUTO. */
ln_guard_kind ln_guard_kind_of(const ln_guard *guard);

/* What a run may use; 0: no limit. */
typedef struct ln_budget {
    uint64_t wall_ns;      /* from the start of the run, host sections included */
    uint64_t cpu_ns;       /* of the thread, host sections included */
    uint64_t instructions; /* as ln_run_count() is told */
    uint64_t output_bytes; /* as ln_run_charge_output() is told */
    uint64_t host_calls;   /* as ln_run_charge_host_call() is told */
    uint64_t host_ns;      /* total wall time in host sections; looked at when one ends */
    uint64_t total_ns;     /* for the owner: of all pieces and what lies between them; see ln_run.latest */
    uint64_t grace_ns;     /* after soften(): how long until the kill. 0: no soften, kill at once */
} ln_budget;

typedef struct ln_usage {
    uint64_t wall_ns;
    uint64_t cpu_ns;  /* 0 unless there is a cpu budget or want_cpu: reading that clock is a system call */
    uint64_t host_ns; /* 0 unless there is a host_ns budget or want_host_time: two clock reads a section */
    uint64_t host_calls;
    uint64_t output_bytes;
    uint64_t instructions; /* as counted; 0 where no hook was needed */
} ln_usage;

/* Where a contained fault happened. */
typedef struct ln_fault {
    int signal;
    uintptr_t address;     /* that could not be reached (SIGSEGV, SIGBUS) */
    uintptr_t instruction; /* 0 where the processor is not known to us */
} ln_fault;

/* C stack a run needs below ln_run_execute()'s caller: the deepest legal nesting of a Lua 5.4 VM (200 C
 * calls, each with some kilobytes of string buffer) passes on this and overflows on less. */
#define LN_STACK_MINIMUM ((size_t)512 * 1024)

/* The slot phases that the inline functions write; the argument is in run.c. */
enum {
    LN_PHASE_NONE,   /* nothing of ours runs on this thread */
    LN_PHASE_BUSY,   /* the guard's own code, on the way in or out: look again soon */
    LN_PHASE_RUN,    /* VM code: may be signalled and left */
    LN_PHASE_HOST,   /* host section: not signalled, only marked as late */
    LN_PHASE_HOOKED, /* VM code under the hook guard: never signalled */
    LN_PHASE_HOOKED_HOST,
};

/* A run lives in its owner (the context), in host memory that no script can reach, all zero before first
 * use. One thread executes it at a time; it may move between threads between executions. */
struct ln_run {
    /* Set by the owner before ln_run_execute(). */
    void *owner;       /* what it likes: the VM whose run this is */
    const char *name;  /* for the log; NULL: unnamed. Must live as long as the run executes */
    size_t stack_need; /* 0: LN_STACK_MINIMUM */
    bool want_cpu;
    bool want_host_time;
    bool quiet;      /* a contained fault is expected, and not logged */
    uint64_t latest; /* a deadline as a moment of ln_os_now(), whatever the budget says; 0: none */
    /* With a grace time: called once when the run is over its budget, before the kill; makes the VM raise an
     * error soon. On the run's thread, from a signal handler at any instruction of the VM, or from
     * ln_run_host_leave() or ln_run_count(): async-signal-safe. NULL: kill at once. */
    void (*soften)(void *ud);
    void *soften_ud;
    /* Called once shortly before the wall or cpu budget is used up (a tenth of it, at most a millisecond),
     * in the same circumstances: makes the VM note where it is at its next safe point. A run that is
     * cancelled, or was late already when the signal came, is probed then and goes on for 50 us. Not called
     * when a run ends as its host section does, or from inside. NULL: never. */
    void (*probe)(void *ud);
    void *probe_ud;
    /* Whether the body is where it must not be left, though it is in no host section. Asked when it is about to be left, or
     * has faulted, in the same circumstances. NULL: it never is. */
    bool (*busy)(void *ud);
    void *busy_ud;
    /* The VM's own reservation: a fault at an address in it is the VM's, wherever the instruction. */
    const void *arena_start;
    size_t arena_size;

    /* Not the script's work, but the library's own on its host's behalf: nested, it takes over no deadline, and is not
     * cancelled with the others. */
    bool apart;
    /* Why the body must not go on once its host section is over; what it worked on may be in any state then. Set in
     * that section; the run ends as that at the latest there, and neither softened nor probed. FINISHED: nothing is
     * known of that. */
    ln_end doomed;

    /* Where its counts begin: what earlier pieces of the same work used, or the run that it is nested in. The budget is
     * for all of them together. Zero: nothing. */
    struct ln_usage carried;

    /* Read by the owner after ln_run_execute(). */
    ln_usage usage;
    bool abandoned;  /* body did not return: what it worked on is in any state */
    ln_end softened; /* what soften() was called for; LN_END_FINISHED: it was not called */
    ln_fault fault;  /* of LN_END_FAULT */

    /* The guard's own. */
    ln_run *parent;
    ln_guard *guard;
    _Atomic(uint32_t) *phase;        /* the slot's; NULL: not executing */
    _Atomic(struct ln_slot *) poked; /* whom ln_run_cancel() must wake; NULL: nobody */
    _Atomic(bool) cancelled;
    uint32_t host_depth;
    uint32_t phase_run;  /* RUN or HOOKED */
    uint32_t phase_host; /* HOST or HOOKED_HOST */
    _Atomic(bool)
        *late; /* a section's end must look at the budget: the slot's; under the hook guard, always */
    ln_end end;
    bool probed;
    bool times_host;
    ln_budget budget;
    uint64_t started;
    uint64_t deadline;     /* wall, own or inherited, whichever is first */
    uint64_t cpu_started;  /* of the thread's clock */
    uint64_t cpu_deadline; /* likewise; LN_NEVER: none */
    uint64_t probe_lead;
    uint64_t host_since;
    sigjmp_buf escape;
};

/* Calls body(ud) on this thread under the budget and says how it ended. When the run is ended from outside,
 * body is abandoned where it is: nothing of it is unwound, no cleanup runs, and `abandoned` is set. When it
 * was softened and body still returned, the result is what it was softened for, and `abandoned` is not set.
 * LN_END_STACK and LN_END_SYSTEM: body was not called.
 *
 * Signals must not be blocked that the guard needs: they are unblocked at a thread's first run, and must
 * stay so. body must not switch stacks or leave by a longjmp of its own beyond ln_run_execute().
 *
 * Nested (body -> host section -> ln_run_execute of another run): the inner run inherits the outer's
 * deadlines and cancellation, unless it is `apart`, so it ends first and with the same end; the outer one then
 * ends when its host section does. A run that executes already is refused with LN_END_SYSTEM.
 *
 * Cost: two clock reads, one locked instruction; a wake of the watchdog only when it would sleep past this
 * deadline. */
ln_end ln_run_execute(ln_run *run, ln_guard *guard, const ln_budget *budget, void (*body)(void *), void *ud);

/* The innermost run of this thread, NULL when there is none. Async-signal-safe. */
ln_run *ln_run_current(void);

/* Ends `run` if it executes (and with it the runs nested in it); no effect when it does not, or when it
 * starts only later. Any thread, any signal handler; the run's memory must exist. */
void ln_run_cancel(ln_run *run);

/* Ends the run from inside, at once: the innermost run of this thread, in or out of a host section. */
LN_NORETURN void ln_run_end(ln_run *run, ln_end end);

/* True: they are charged, and may be printed. False: they would exceed the budget, nothing was charged; the
 * caller ends the run (ln_run_end with LN_END_OUTPUT, or an error of its own). */
bool ln_run_charge_output(ln_run *run, uint64_t bytes);

/* The same for one call of a host function (LN_END_HOST_CALLS). Host sections are not host calls: the VM's
 * own use of libc may be one too. */
LN_INLINE bool ln_run_charge_host_call(ln_run *run) {
    if (LN_UNLIKELY(run->budget.host_calls != 0 && run->usage.host_calls >= run->budget.host_calls))
        return false;
    run->usage.host_calls++;
    return true;
}

/* From the VM's count hook: `instructions` more have been executed. Ends the run when that was the last of
 * its budget; under the hook guard also looks at clocks and cancellation. May not return. */
void ln_run_count(ln_run *run, uint64_t instructions);

/* Instructions until the VM's count hook must call ln_run_count() next; 0: no hook is needed. Ask again
 * after each ln_run_count(). Following it, an instruction budget ends at the same instruction each time. */
uint64_t ln_run_count_step(const ln_run *run);

/* The slow halves of ln_run_host_enter() and ln_run_host_leave(). */
void ln_run_host_clock_start(ln_run *run);
void ln_run_host_clock_stop(ln_run *run);
void ln_run_attend(ln_run *run);

/* From here the run is not ended: a deadline that passes is kept for ln_run_host_leave(). Sections nest. For code that
 * the VM called: the run executes. */
LN_INLINE void ln_run_host_begin(ln_run *run) {
    if (run->host_depth++ != 0)
        return;
    if (LN_UNLIKELY(run->times_host))
        ln_run_host_clock_start(run);
    atomic_store_explicit(run->phase, run->phase_host, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst); /* nothing of the host's may start before */
}

/* May not return: a kill that came meanwhile happens here. Whatever the host's code left must have an owner
 * by now. */
LN_INLINE void ln_run_host_end(ln_run *run) {
    if (--run->host_depth != 0)
        return;
    if (LN_UNLIKELY(run->times_host))
        ln_run_host_clock_stop(run);
    /* Phase first, mark after: half of an argument whose other half is in watchdog.c, and which needs no barrier here. */
    atomic_store_explicit(run->phase, run->phase_run, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    if (LN_UNLIKELY(atomic_load_explicit(run->late, memory_order_relaxed)))
        ln_run_attend(run);
}

/* The same for code that is also called while nothing executes: then they do nothing. */
LN_INLINE void ln_run_host_enter(ln_run *run) {
    if (run->phase != NULL)
        ln_run_host_begin(run);
}

LN_INLINE void ln_run_host_leave(ln_run *run) {
    if (run->phase != NULL)
        ln_run_host_end(run);
}

#endif
