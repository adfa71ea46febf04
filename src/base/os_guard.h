/* What only the guard needs of the operating system: threads that block every signal, a futex, signals to one
 * thread, the interrupted instruction, stack bounds, and which code belongs to which loaded object. Linux
 * on x86-64 and aarch64 has all of it; elsewhere LN_OS_CAN_INTERRUPT is 0, the functions refuse, and the
 * guard falls back on hooks. */
#ifndef LN_BASE_OS_GUARD_H
#define LN_BASE_OS_GUARD_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A build may say 0 where it would be 1 (-Dc_args=-DLN_OS_CAN_INTERRUPT=0), to be as on another system. */
#ifdef LN_OS_CAN_INTERRUPT
#elif defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define LN_OS_CAN_INTERRUPT 1
#else
#define LN_OS_CAN_INTERRUPT 0
#endif

/* A moment of ln_os_now() that never comes. */
#define LN_NEVER UINT64_MAX

/* --- Time --------------------------------------------------------------------------------------------------- */

/* By what a thread tells the time without asking the system each time. Begins as zeros. */
typedef struct ln_os_anchor {
    uint64_t ticks, ns; /* of one moment, by the processor's counter and by ln_os_now() */
    uint64_t scale;     /* 0: not known, or there is no such counter */
    uint64_t latest;    /* what it said last */
} ln_os_anchor;

/* ln_os_now(), give or take a microsecond, at less than half its price where the processor and the system allow it. Never goes
 * back, by one anchor. An anchor is one thread's; not for signal handlers. The first call of a process may read a file. */
uint64_t ln_os_now_by(ln_os_anchor *anchor);

/* --- Threads ------------------------------------------------------------------------------------------------ */

/* Starts a thread with a small stack, every signal blocked and the finest timers the system grants. `name`
 * has at most 15 characters. */
bool ln_os_thread_start(pthread_t *thread, const char *name, void *(*body)(void *), void *ud);

/* The number by which ln_os_signal_send() knows the calling thread. Differs after fork. */
int ln_os_thread_id(void);

/* The calling thread's stack, without its guard pages. False when the system does not say. Takes some ten
 * microseconds: ask once per thread. */
bool ln_os_stack_bounds(uintptr_t *low, uintptr_t *high);

/* Sleeps while *word == expected, until woken or until `until` (a moment of ln_os_now(), or LN_NEVER). May
 * return early. */
void ln_os_wait(_Atomic(uint32_t) *word, uint32_t expected, uint64_t until);

/* Wakes whoever waits on the word. Async-signal-safe; keeps errno. */
void ln_os_wake(_Atomic(uint32_t) *word);

/* Makes every thread of this process that is running execute a full memory barrier between some two of its instructions
 * (Linux's membarrier(2), the expedited private kind): what they stored before can be read by the caller, and what the
 * caller stored before can be read by them. False: the system cannot; nothing was done. Takes some microseconds. */
bool ln_os_barrier_everywhere(void);

/* --- Signals ------------------------------------------------------------------------------------------------ */

/* Sends `number` to one thread of this process, marked with `cookie`. A thread that is gone is no error.
 * Async-signal-safe; keeps errno. */
void ln_os_signal_send(int thread_id, int number, void *cookie);

/* True when ln_os_signal_send() sent it with this cookie. (The kernel drops the mark when it is out of memory
 * for it, so false is no proof of the contrary.) Async-signal-safe. */
bool ln_os_signal_is(const siginfo_t *info, const void *cookie);

/* Sends the signal to the calling thread once more, with everything `info` says of its sender.
 * Async-signal-safe. */
void ln_os_signal_again(const siginfo_t *info);

/* Unblocks the signals (bit n - 1 for signal n) on the calling thread; gives the mask that holds then. */
uint64_t ln_os_signals_unblock(uint64_t signals);

/* Gives the calling thread a stack for its signal handlers unless it has one. NULL: it has one already, or
 * (with *failed set) there is no memory. */
void *ln_os_signal_stack_open(bool *failed);

/* Takes it away again, on the thread it was opened on, or (thread gone after fork) just frees it. */
void ln_os_signal_stack_close(void *stack, bool own_thread);

/* --- The interrupted instruction ---------------------------------------------------------------------------- */

/* DWARF's numbering, which is that of unwind tables. */
enum { LN_OS_REGISTERS = 16, LN_OS_STACK_REGISTER = 7 };

/* Of the third argument of a signal handler. */
typedef struct ln_os_place {
    uintptr_t instruction; /* 0: unknown */
    /* aarch64's link register: where the interrupted function returns to while it has called nothing itself.
     * 0 on x86-64, where the return address is on the stack. */
    uintptr_t link;
    uint64_t blocked;                     /* signals the interrupted code blocks, bit n - 1 for signal n */
    uintptr_t registers[LN_OS_REGISTERS]; /* x86-64 only */
} ln_os_place;

/* Async-signal-safe. */
void ln_os_place_get(const void *context, ln_os_place *place);

/* Before a jump out of the handler: gives the thread back the interrupted code's signal mask and its
 * floating-point control (rounding, flushing of denormals), for which the kernel gives handlers the default.
 * Async-signal-safe. */
void ln_os_place_restore(const void *context);

/* True when the processor checks return addresses, so that none on the stack may be changed. */
bool ln_os_returns_checked(void);

/* --- Code --------------------------------------------------------------------------------------------------- */

/* A stretch of executable memory of one loaded object. */
typedef struct ln_os_code {
    uintptr_t start, end;
    uintptr_t base;     /* where the object was loaded: start of its own addresses */
    const void *unwind; /* its .eh_frame_hdr, NULL: none */
    bool is_libc;       /* or libm; false where libc is the loader too */
    char object[40];    /* file name without its folder, cut to fit; "" is the program */
} ln_os_code;

/* The executable stretches of the object that holds `address`; 0: none does, they do not fit, or the object
 * holds libc as well (a static program). */
size_t ln_os_code_of(const void *address, ln_os_code *codes, size_t room);

/* Those of all objects loaded now, but for `except`; the first `room` of them. */
size_t ln_os_code_others(const ln_os_code *except, size_t except_count, ln_os_code *codes, size_t room);

/* Async-signal-safe. NULL: the address is in none of them. */
const ln_os_code *ln_os_code_find(const ln_os_code *codes, size_t count, uintptr_t address);

#endif
