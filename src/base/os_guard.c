/* Linux behind os_guard.h. Everything that may be called from a signal handler makes its system calls
 * directly and keeps errno: the handler interrupts code that may be about to read it. */
#include "base/os_guard.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/os.h"

/* --- Threads ------------------------------------------------------------------------------------------------ */

enum {
    THREAD_STACK = 64 * 1024,
    /* The default slack of 50 us would be half of the time a kill takes. */
    TIMER_SLACK_NS = 1000,
};

typedef struct thread_start {
    void *(*body)(void *);
    void *ud;
    char name[16];
    _Atomic(uint32_t) taken;
} thread_start;

static void *thread_main(void *ud) {
    thread_start *start = ud;
    void *(*body)(void *) = start->body;
    void *body_ud = start->ud;
    prctl(PR_SET_NAME, start->name);
    prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS, 0UL, 0UL, 0UL);
    atomic_store(&start->taken, 1);
    ln_os_wake(&start->taken); /* only the address is used: a woken starter may be gone */
    return body(body_ud);
}

static bool thread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_start *start) {
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    bool created = pthread_create(thread, attributes, thread_main, start) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (created && atomic_load(&start->taken) == 0)
        ln_os_wait(&start->taken, 0, LN_NEVER);
    return created;
}

bool ln_os_thread_start(pthread_t *thread, const char *name, void *(*body)(void *), void *ud) {
    thread_start start = {.body = body, .ud = ud};
    snprintf(start.name, sizeof start.name, "%s", name);
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    /* A libc whose minimum is larger, because the program has much thread-local data, keeps its default. */
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    bool created = thread_create(thread, &attributes, &start);
    pthread_attr_destroy(&attributes);
    if (!created && pthread_attr_init(&attributes) == 0) {
        created = thread_create(thread, &attributes, &start);
        pthread_attr_destroy(&attributes);
    }
    return created;
}

int ln_os_thread_id(void) {
    return (int)syscall(SYS_gettid);
}

bool ln_os_stack_bounds(uintptr_t *low, uintptr_t *high) {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return false;
    void *start;
    size_t size;
    bool known = pthread_attr_getstack(&attributes, &start, &size) == 0;
    pthread_attr_destroy(&attributes);
    if (known) {
        *low = (uintptr_t)start;
        *high = (uintptr_t)start + size;
    }
    return known;
}

void ln_os_wait(_Atomic(uint32_t) *word, uint32_t expected, uint64_t until) {
    struct timespec moment = {.tv_sec = (time_t)(until / 1000000000U),
                              .tv_nsec = (long)(until % 1000000000U)};
    int kept = errno;
    /* WAIT_BITSET, unlike WAIT, takes an absolute moment, of CLOCK_MONOTONIC as ln_os_now(). */
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
            until == LN_NEVER ? NULL : &moment, NULL, FUTEX_BITSET_MATCH_ANY);
    errno = kept;
}

void ln_os_wake(_Atomic(uint32_t) *word) {
    int kept = errno;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
    errno = kept;
}

/* What the kernel knows of the registration goes with the process; after an exec, or where a fork loses it, the first
 * call fails and registers. */
bool ln_os_barrier_everywhere(void) {
    int kept = errno;
    bool done = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    if (!done && errno == EPERM &&
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0)
        done = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = kept;
    return done;
}

/* --- Signals ------------------------------------------------------------------------------------------------ */

void ln_os_signal_send(int thread_id, int number, void *cookie) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = cookie;
    int kept = errno;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), thread_id, number, &info);
    errno = kept;
}

bool ln_os_signal_is(const siginfo_t *info, const void *cookie) {
    return info->si_code == SI_QUEUE && info->si_value.sival_ptr == cookie;
}

void ln_os_signal_again(const siginfo_t *info) {
    siginfo_t copy = *info;
    int kept = errno;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), ln_os_thread_id(), info->si_signo, &copy);
    errno = kept;
}

/* The kernel's set of 64 signals, which is how every libc's sigset_t begins. */
static uint64_t mask_of(const void *set) {
    uint64_t mask;
    memcpy(&mask, set, sizeof mask);
    return mask;
}

uint64_t ln_os_signals_unblock(uint64_t signals) {
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number <= 64; number++) {
        if ((signals >> (number - 1)) & 1)
            sigaddset(&set, number);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    sigemptyset(&set);
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return mask_of(&set);
}

/* A frame of the kernel's (3 KB with AVX-512, 11 KB with AMX) for our handler, another for a handler of the
 * host's that ours calls, and room for what that one does. */
enum { SIGNAL_STACK = 96 * 1024 };

static size_t signal_stack_guard(void) {
    return ln_os_page_size();
}

void *ln_os_signal_stack_open(bool *failed) {
    stack_t now;
    *failed = false;
    if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE))
        return NULL;
    size_t guard = signal_stack_guard();
    char *memory = mmap(NULL, guard + SIGNAL_STACK, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        *failed = true;
        return NULL;
    }
    stack_t ours = {.ss_sp = memory + guard, .ss_size = SIGNAL_STACK};
    if (mprotect(memory, guard, PROT_NONE) != 0 || sigaltstack(&ours, NULL) != 0) {
        munmap(memory, guard + SIGNAL_STACK);
        *failed = true;
        return NULL;
    }
    return memory;
}

void ln_os_signal_stack_close(void *stack, bool own_thread) {
    size_t guard = signal_stack_guard();
    stack_t now;
    if (own_thread && sigaltstack(NULL, &now) == 0 && now.ss_sp == (char *)stack + guard) {
        stack_t none = {.ss_flags = SS_DISABLE};
        if (sigaltstack(&none, NULL) != 0)
            return; /* in use: better lost than pulled away */
    }
    munmap(stack, guard + SIGNAL_STACK);
}

/* --- The interrupted instruction ---------------------------------------------------------------------------- */

void ln_os_place_get(const void *context, ln_os_place *place) {
    const ucontext_t *interrupted = context;
    *place = (ln_os_place){.blocked = mask_of(&interrupted->uc_sigmask)};
#if defined(__linux__) && defined(__x86_64__)
    static const int dwarf[LN_OS_REGISTERS] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                               REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                               REG_R12, REG_R13, REG_R14, REG_R15};
    const greg_t *registers = interrupted->uc_mcontext.gregs;
    place->instruction = (uintptr_t)registers[REG_RIP];
    for (size_t i = 0; i < LN_OS_REGISTERS; i++)
        place->registers[i] = (uintptr_t)registers[dwarf[i]];
#elif defined(__linux__) && defined(__aarch64__)
    place->instruction = (uintptr_t)interrupted->uc_mcontext.pc;
    place->link = (uintptr_t)interrupted->uc_mcontext.regs[30];
#endif
}

/* On aarch64 a handler starts with the interrupted code's FPCR. */
static void float_restore(const ucontext_t *interrupted) {
#if defined(__linux__) && defined(__x86_64__)
    if (interrupted->uc_mcontext.fpregs == NULL)
        return;
    uint32_t sse = interrupted->uc_mcontext.fpregs->mxcsr;
    uint16_t x87 = interrupted->uc_mcontext.fpregs->cwd;
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(sse), "m"(x87));
#else
    (void)interrupted;
#endif
}

/* The kernel saved 64 signals; what follows them in the context is not ours to read. */
void ln_os_place_restore(const void *context) {
    const ucontext_t *interrupted = context;
    sigset_t mask;
    sigemptyset(&mask);
    memcpy(&mask, &interrupted->uc_sigmask, sizeof(uint64_t));
    float_restore(interrupted);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

bool ln_os_returns_checked(void) {
#if defined(__linux__) && defined(__x86_64__)
    uint64_t shadow = 0;
    __asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(shadow)); /* rdsspq %rax: no-op without */
    return shadow != 0;
#else
    return true;
#endif
}

/* --- Code --------------------------------------------------------------------------------------------------- */

typedef struct code_search {
    const void *address; /* NULL: all but `except` */
    const ln_os_code *except;
    size_t except_count;
    ln_os_code *codes;
    size_t room, count;
} code_search;

static const char *file_name(const struct dl_phdr_info *object) {
    const char *path = object->dlpi_name != NULL ? object->dlpi_name : "";
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* musl's libc is its loader too, where nothing may be abandoned: it is not counted. */
static bool is_libc(const char *file) {
    return strncmp(file, "libc.so", 7) == 0 || strncmp(file, "libc-", 5) == 0 ||
           strncmp(file, "libm.so", 7) == 0 || strncmp(file, "libm-", 5) == 0 ||
           strncmp(file, "libmvec", 7) == 0;
}

static bool holds(const struct dl_phdr_info *object, uintptr_t address) {
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && address - (object->dlpi_addr + part->p_vaddr) < part->p_memsz)
            return true;
    }
    return false;
}

/* An object that needs no other holds libc itself: a static program. */
static bool needs_libc(const struct dl_phdr_info *object) {
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry =
            (const void *)(object->dlpi_addr + part->p_vaddr); /* NOLINT(performance-no-int-to-ptr) */
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_NEEDED)
                return true;
        }
    }
    return false;
}

static const void *unwind_table(const struct dl_phdr_info *object) {
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_GNU_EH_FRAME)
            return (const void *)(object->dlpi_addr + part->p_vaddr); /* NOLINT(performance-no-int-to-ptr) */
    }
    return NULL;
}

static void code_add(code_search *search, const struct dl_phdr_info *object, const ElfW(Phdr) * part) {
    uintptr_t start = object->dlpi_addr + part->p_vaddr;
    if (ln_os_code_find(search->except, search->except_count, start) != NULL)
        return;
    size_t at = search->count++;
    if (at >= search->room)
        return;
    ln_os_code *code = &search->codes[at];
    code->base = object->dlpi_addr;
    code->start = start;
    code->end = code->start + part->p_memsz;
    code->unwind = unwind_table(object);
    code->is_libc = is_libc(file_name(object));
    snprintf(code->object, sizeof code->object, "%s", file_name(object));
}

static int code_visit(struct dl_phdr_info *object, size_t size, void *ud) {
    (void)size;
    code_search *search = ud;
    bool wanted =
        search->address == NULL || (holds(object, (uintptr_t)search->address) && needs_libc(object));
    for (size_t i = 0; wanted && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X))
            code_add(search, object, part);
    }
    return wanted && search->address != NULL;
}

size_t ln_os_code_of(const void *address, ln_os_code *codes, size_t room) {
    code_search search = {.address = address, .codes = codes, .room = room};
    if (address != NULL)
        dl_iterate_phdr(code_visit, &search);
    return search.count <= room ? search.count : 0;
}

size_t ln_os_code_others(const ln_os_code *except, size_t except_count, ln_os_code *codes, size_t room) {
    code_search search = {.except = except, .except_count = except_count, .codes = codes, .room = room};
    dl_iterate_phdr(code_visit, &search);
    return search.count <= room ? search.count : room;
}

const ln_os_code *ln_os_code_find(const ln_os_code *codes, size_t count, uintptr_t address) {
    for (size_t i = 0; i < count; i++) {
        if (address - codes[i].start < codes[i].end - codes[i].start)
            return &codes[i];
    }
    return NULL;
}
