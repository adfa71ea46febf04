/* Runs: how they begin, look at their budget, and end.
 *
 * A run ends on its own thread only, so "exactly once" is a question of instructions, not of threads: at
 * which ones may the deadline's signal abandon it? The thread's phase answers.
 *
 *   NONE --start--> RUN --enter--> HOST --leave--> RUN --finish--> NONE
 *                    |               \--watchdog: late--> HOST --leave--> RUN, and a look at the budget
 *                    \--look: over--> BUSY (siglongjmp) --finish--> NONE
 *
 * Only in RUN does a signal look at the run at all. RUN is stored after everything that leaving needs (the
 * jump buffer, the slot's current run) and is the first thing that finishing takes back, in one store. A
 * signal before that store finds the run not begun, and the watchdog sends another while the run is due; one
 * after the last store finds the run finished. A signal in between, when the body has returned already,
 * abandons a run that had nothing left to do: finish is reached a second time and says "time". Since every
 * look asks the budget of the thread's current run, a signal meant for an earlier run ends nobody.
 *
 * A nested run starts in its parent's host section: the parent's phase is overwritten, and finishing marks the
 * section as late, so that its end looks at the parent's budget whatever was lost meanwhile. What
 * could end the parent is inherited when the nested run starts (the earlier of the deadlines) or looked up
 * along the chain (cancellation); not by one that is apart.
 *
 * Cancelling: `cancelled` is set, then the thread's slot is poked and the watchdog woken. Whoever looks
 * clears the poke first and reads `cancelled` after. All four are sequentially consistent: a cancellation is
 * seen by that look, or its poke survives it. A run that starts resets `cancelled`, publishes where to
 * poke, and reads `cancelled` once more, for the same reason. A thread that cancels a run of its own, from a
 * host section, need not wait for the watchdog: it marks the section as late itself. (Only it may: others would have to
 * make sure that the mark is seen, see watchdog.c.)
 *
 * Where a look is made by a signal handler and by the thread itself, `handling` keeps the first out while
 * the other decides: the watchdog comes again. */
#include "guard/run.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/os.h"
#include "guard/watchdog.h"

enum {
    /* How often a count hook looks at the clock where no signal does: about every 5 us. */
    POLL_STEP = 1000,
    PROBE_SHARE = 10,
    PROBE_LEAD_MAX_NS = 1000 * 1000,
    /* Processor time cannot be waited for exactly; closer than this it is asked again. */
    CPU_LOOK_MIN_NS = 20 * 1000,
};

const char *ln_end_text(ln_end end) {
    static const char *const texts[] = {
#define LN_END_TEXT(constant, text) [LN_END_##constant] = (text),
        LN_END_MAP(LN_END_TEXT)
#undef LN_END_TEXT
    };
    return (size_t)end < LN_COUNT(texts) ? texts[end] : "unknown";
}

ln_run *ln_run_current(void) {
    ln_slot *slot = ln_slot_own;
    return slot != NULL ? atomic_load_explicit(&slot->current, memory_order_relaxed) : NULL;
}

/* --- Looking at the budget ---------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* 0 is no limit; so is one beyond the end of time. */
static uint64_t after(uint64_t start, uint64_t limit) {
    return limit == 0 || limit > LN_NEVER - start ? LN_NEVER : start + limit;
}

/* What a limit leaves to a run that goes on; never 0, which would be no limit. */
static uint64_t left_of(uint64_t limit, uint64_t carried) {
    return limit == 0 ? 0 : carried < limit ? limit - carried : 1;
}

static bool chain_cancelled(ln_run *run) {
    for (; run != NULL; run = run->apart ? NULL : run->parent) {
        if (atomic_load(&run->cancelled))
            return true;
    }
    return false;
}

static bool exceeds(uint64_t used, uint64_t limit) {
    return limit != 0 && used > limit;
}

static bool instructions_spent(const ln_run *run) {
    return run->budget.instructions != 0 && run->usage.instructions >= run->budget.instructions;
}

/* In its grace time a run has one deadline left, and one cause. */
static ln_end run_verdict(ln_run *run, uint64_t now) {
    if (run->doomed != LN_END_FINISHED)
        return run->doomed;
    if (run->softened != LN_END_FINISHED)
        return now >= run->deadline ? run->softened : LN_END_FINISHED;
    if (chain_cancelled(run))
        return LN_END_CANCELLED;
    if (now >= run->deadline)
        return LN_END_TIME;
    if (run->cpu_deadline != LN_NEVER && ln_os_thread_cpu() >= run->cpu_deadline)
        return LN_END_CPU;
    if (instructions_spent(run))
        return LN_END_INSTRUCTIONS;
    if (exceeds(run->usage.host_ns, run->budget.host_ns))
        return LN_END_HOST_TIME;
    return LN_END_FINISHED;
}

static void run_probe(ln_run *run, uint64_t now) {
    if (run->probe == NULL || run->probed || run->softened != LN_END_FINISHED)
        return;
    bool near = now + run->probe_lead >= run->deadline;
    if (!near && run->cpu_deadline != LN_NEVER)
        near = ln_os_thread_cpu() + run->probe_lead >= run->cpu_deadline;
    if (!near)
        return;
    run->probed = true;
    run->probe(run->probe_ud);
}

bool ln_run_probe_late(ln_run *run) {
    if (run->probe == NULL || run->probed || run->softened != LN_END_FINISHED)
        return false;
    run->probed = true;
    run->probe(run->probe_ud);
    return true;
}

/* A nested run's grace ends with its parent's. */
static uint64_t grace_end(const ln_run *run, uint64_t now) {
    uint64_t end = after(now, run->budget.grace_ns);
    for (const ln_run *outer = run->parent; outer != NULL; outer = outer->apart ? NULL : outer->parent) {
        if (outer->deadline != LN_NEVER)
            end = earlier(end, outer->deadline + outer->budget.grace_ns);
    }
    return end;
}

static void run_soften(ln_run *run, ln_end end, uint64_t now) {
    run->softened = end;
    run->deadline = grace_end(run, now);
    run->cpu_deadline = LN_NEVER;
    run->soften(run->soften_ud);
}

ln_end ln_run_look(ln_run *run, uint64_t now) {
    ln_end end = run_verdict(run, now);
    if (end == LN_END_FINISHED) {
        run_probe(run, now);
    } else if (run->soften != NULL && run->budget.grace_ns != 0 && run->softened == LN_END_FINISHED &&
               run->doomed == LN_END_FINISHED) {
        run_soften(run, end, now);
        end = LN_END_FINISHED;
    }
    return end;
}

uint64_t ln_run_next_look(const ln_run *run, uint64_t now) {
    uint64_t lead = run->probe != NULL && !run->probed ? run->probe_lead : 0;
    uint64_t due = run->deadline == LN_NEVER ? LN_NEVER : run->deadline - lead;
    if (run->cpu_deadline == LN_NEVER)
        return due;
    uint64_t used = ln_os_thread_cpu() + lead;
    uint64_t left = run->cpu_deadline > used ? run->cpu_deadline - used : 0;
    return earlier(due, now + (left > CPU_LOOK_MIN_NS ? left : CPU_LOOK_MIN_NS));
}

static void slot_expect(ln_slot *slot, const ln_run *run, uint64_t due) {
    atomic_store(&slot->due, due);
    if (run->guard->kind == LN_GUARD_SIGNAL)
        ln_watchdog_expect(due);
}

/* After a fork the child has no watchdog. Its lock must not be held by a run that is abandoned. */
static void watchdog_need(ln_run *run) {
    if (run->guard->kind != LN_GUARD_SIGNAL || LN_LIKELY(atomic_load(&ln_watchdog.running)))
        return;
    atomic_store(run->phase, LN_PHASE_BUSY);
    /* Refused: cancellation and deadlines are then seen at the ends of host sections only. */
    ln_watchdog_start();
    atomic_store(run->phase, run->phase_run);
}

void ln_run_attend(ln_run *run) {
    ln_slot *slot = ln_slot_own;
    watchdog_need(run);
    atomic_store(&slot->handling, true);
    atomic_store(&slot->late, false);
    atomic_thread_fence(
        memory_order_seq_cst); /* the phase, too, is seen by whoever cancels after this look */
    atomic_store(&slot->poke, false);
    uint64_t now = ln_os_now();
    ln_end end = ln_run_look(run, now);
    if (end != LN_END_FINISHED)
        ln_run_end(run, end);
    slot_expect(slot, run, ln_run_next_look(run, now));
    atomic_store(&slot->handling, false);
}

/* --- Executing ---------------------------------------------------------------------------------------------- */

static LN_COLD ln_slot *slot_prepare(const ln_guard *guard) {
    ln_slot *slot = ln_slot_own != NULL ? ln_slot_own : ln_slot_claim();
    if (slot == NULL)
        return NULL;
    if ((guard->signals & ~slot->ready) != 0 && !ln_slot_ready(slot, guard->signals))
        return NULL;
    if (guard->kind == LN_GUARD_SIGNAL && !ln_watchdog_start())
        return NULL;
    return slot;
}

static ln_slot *slot_of_thread(const ln_guard *guard) {
    ln_slot *slot = ln_slot_own;
    if (LN_LIKELY(slot != NULL && (guard->signals & ~slot->ready) == 0 &&
                  (guard->kind != LN_GUARD_SIGNAL || atomic_load(&ln_watchdog.running))))
        return slot;
    return slot_prepare(guard);
}

/* On a stack that is not the thread's own (a fiber's) nothing is known: the host has seen to it. */
static bool stack_suffices(const ln_slot *slot, const ln_run *run) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    size_t need = run->stack_need != 0 ? run->stack_need : LN_STACK_MINIMUM;
    return here < slot->stack_low || here >= slot->stack_high || here - slot->stack_low >= need;
}

static void run_begin_cpu(ln_run *run) {
    run->cpu_deadline = run->parent != NULL && !run->apart ? run->parent->cpu_deadline : LN_NEVER;
    if (run->budget.cpu_ns == 0 && !run->want_cpu)
        return;
    run->cpu_started = ln_os_thread_cpu();
    run->cpu_deadline =
        earlier(run->cpu_deadline, after(run->cpu_started, left_of(run->budget.cpu_ns, run->carried.cpu_ns)));
}

static void run_begin_probe(ln_run *run) {
    run->probed = false;
    uint64_t wall = run->deadline > run->started ? run->deadline - run->started : 0;
    uint64_t cpu = run->budget.cpu_ns != 0 ? run->budget.cpu_ns : LN_NEVER;
    run->probe_lead = earlier(earlier(wall, cpu) / PROBE_SHARE, PROBE_LEAD_MAX_NS);
}

/* Under the hook guard nobody marks sections: each end looks. */
static _Atomic(bool) always_late = true;

static void run_begin(ln_run *run, ln_guard *guard, const ln_budget *budget, ln_slot *slot) {
    bool by_signal = guard->kind == LN_GUARD_SIGNAL;
    run->guard = guard;
    run->parent = atomic_load_explicit(&slot->current, memory_order_relaxed);
    run->budget = *budget;
    run->usage = run->carried;
    run->abandoned = false;
    run->softened = run->doomed = run->end = LN_END_FINISHED;
    run->host_depth = 0;
    run->phase_run = by_signal ? LN_PHASE_RUN : LN_PHASE_HOOKED;
    run->phase_host = by_signal ? LN_PHASE_HOST : LN_PHASE_HOOKED_HOST;
    run->late = by_signal ? &slot->late : &always_late;
    run->times_host = run->want_host_time || budget->host_ns != 0;
    run->started = ln_os_now_by(&slot->clock);
    run->deadline = after(run->started, left_of(budget->wall_ns, run->carried.wall_ns));
    if (run->latest != 0)
        run->deadline = earlier(run->deadline, run->latest);
    if (run->parent != NULL && !run->apart)
        run->deadline = earlier(run->deadline, run->parent->deadline);
    run_begin_cpu(run);
    if (run->probe != NULL)
        run_begin_probe(run);
    atomic_store_explicit(&run->cancelled, false, memory_order_relaxed);
    atomic_store_explicit(&run->poked, by_signal ? slot : NULL, memory_order_release);
}

/* From the exchange on, the run may be abandoned. */
static void run_start(ln_run *run, ln_slot *slot) {
    uint64_t due = ln_run_next_look(run, run->started);
    run->phase = &slot->phase;
    atomic_store_explicit(&slot->current, run, memory_order_relaxed);
    atomic_store_explicit(&slot->signal, run->guard->signal, memory_order_relaxed);
    atomic_store_explicit(&slot->poke, false, memory_order_relaxed);
    atomic_store_explicit(&slot->due, due, memory_order_relaxed);
    atomic_exchange(&slot->phase, run->phase_run);
    if (run->guard->kind == LN_GUARD_SIGNAL)
        ln_watchdog_expect(due);
    if (LN_UNLIKELY(run->parent != NULL || atomic_load(&run->cancelled)))
        ln_run_attend(run);
}

/* What ended by the clock is measured by it: then no run is said to have ended at its deadline before that. */
static void run_measure(ln_run *run, ln_slot *slot) {
    bool by_clock = run->abandoned || run->softened != LN_END_FINISHED;
    uint64_t now = by_clock ? ln_os_now() : ln_os_now_by(&slot->clock);
    run->usage.wall_ns = run->carried.wall_ns + (now - run->started);
    if (run->times_host && run->host_depth != 0 && now > run->host_since)
        run->usage.host_ns += now - run->host_since;
    if (run->want_cpu || run->budget.cpu_ns != 0)
        run->usage.cpu_ns = run->carried.cpu_ns + (ln_os_thread_cpu() - run->cpu_started);
}

static LN_COLD void run_log_fault(const ln_run *run) {
    const ln_guard *guard = run->guard;
    const ln_fault *fault = &run->fault;
    const ln_os_code *code = ln_os_code_find(guard->vm, guard->vm_count, fault->instruction);
    if (code == NULL)
        code = ln_os_code_find(guard->others, guard->other_count, fault->instruction);
    char text[256];
    snprintf(text, sizeof text,
             "fault of the VM in '%.80s': signal %d at address 0x%" PRIxPTR ", instruction %s+0x%" PRIxPTR,
             run->name != NULL ? run->name : "?", fault->signal, fault->address,
             code == NULL           ? "?"
             : code->object[0] == 0 ? "program"
                                    : code->object,
             fault->instruction - (code != NULL ? code->base : 0));
    guard->log(guard->log_ud, text);
}

/* The first store is the one that matters: before it the run may still be abandoned, and gets here again. */
static void run_finish(ln_run *run, ln_slot *slot) {
    uint32_t phase = LN_PHASE_NONE;
    if (LN_UNLIKELY(run->parent != NULL)) {
        atomic_store_explicit(&slot->late, true, memory_order_relaxed);
        phase = run->parent->phase_host;
    }
    atomic_store_explicit(&slot->phase, phase, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&slot->handling, false, memory_order_relaxed);
    atomic_store_explicit(&slot->current, run->parent, memory_order_relaxed);
    atomic_store_explicit(&run->poked, NULL, memory_order_relaxed);
    run_measure(run, slot);
    run->host_depth = 0;
    run->phase = NULL;
    if (!run->abandoned && run->softened != LN_END_FINISHED)
        run->end = run->softened;
    if (LN_UNLIKELY(run->end == LN_END_FAULT && run->guard->log != NULL && !run->quiet))
        run_log_fault(run);
}

/* Apart from its caller, so that nothing here changes between the two returns of sigsetjmp. No mask is saved:
 * none is changed (handler.c). */
static LN_NOINLINE void run_body(ln_run *run, ln_slot *slot, void (*body)(void *), void *ud) {
    if (sigsetjmp(run->escape, 0) == 0) {
        run_start(run, slot);
        body(ud);
    }
    run_finish(run, slot);
}

ln_end ln_run_execute(ln_run *run, ln_guard *guard, const ln_budget *budget, void (*body)(void *), void *ud) {
    ln_slot *slot = slot_of_thread(guard);
    if (slot == NULL || run->phase != NULL)
        return LN_END_SYSTEM;
    if (!stack_suffices(slot, run))
        return LN_END_STACK;
    ln_run *parent = atomic_load_explicit(&slot->current, memory_order_relaxed);
    if (parent != NULL)
        ln_run_host_enter(parent);
    run_begin(run, guard, budget, slot);
    run_body(run, slot, body, ud);
    ln_end end = run->end;
    if (parent != NULL)
        ln_run_host_leave(parent);
    return end;
}

/* --- Ending it ---------------------------------------------------------------------------------------------- */

void ln_run_end(ln_run *run, ln_end end) {
    /* First of all, so that no deadline puts its own end over this one. */
    atomic_store(run->phase, LN_PHASE_BUSY);
    run->end = end;
    run->abandoned = true;
    siglongjmp(run->escape, 1);
}

void ln_run_cancel(ln_run *run) {
    atomic_store(&run->cancelled, true);
    ln_slot *slot = atomic_load(&run->poked);
    if (slot == NULL)
        return;
    if (slot == ln_slot_own)
        atomic_store(&slot->late, true);
    atomic_store(&slot->poke, true);
    ln_watchdog_wake();
}

/* --- Charging ----------------------------------------------------------------------------------------------- */

bool ln_run_charge_output(ln_run *run, uint64_t bytes) {
    uint64_t limit = run->budget.output_bytes;
    if (limit != 0 && (bytes > limit || run->usage.output_bytes > limit - bytes))
        return false;
    run->usage.output_bytes += bytes;
    return true;
}

void ln_run_count(ln_run *run, uint64_t instructions) {
    if (run->phase == NULL)
        return;
    run->usage.instructions += instructions;
    if (run->guard->kind == LN_GUARD_HOOK || instructions_spent(run))
        ln_run_attend(run);
}

uint64_t ln_run_count_step(const ln_run *run) {
    if (run->phase == NULL)
        return 0;
    uint64_t poll = run->guard->kind == LN_GUARD_HOOK ? POLL_STEP : 0;
    if (run->budget.instructions == 0 || run->softened != LN_END_FINISHED)
        return poll;
    uint64_t left = instructions_spent(run) ? 1 : run->budget.instructions - run->usage.instructions;
    return poll != 0 ? earlier(left, poll) : left;
}

void ln_run_host_clock_start(ln_run *run) {
    run->host_since = ln_os_now();
}

void ln_run_host_clock_stop(ln_run *run) {
    run->usage.host_ns += ln_os_now() - run->host_since;
    if (exceeds(run->usage.host_ns, run->budget.host_ns))
        atomic_store(run->late, true);
}
