/* Preloaded into the tool and the examples: allocation number $FAIL_AT of the process fails, and with $FAIL_ON also all that
 * follow. With $FAIL_IN only those that a loaded object asks for whose name has that in it. With $FAIL_TELL none fails,
 * and at the end it is told how many there were. Counted on all threads; the functions
 * themselves stay the C library's. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own names for what is replaced here: dlsym would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static atomic_long made, fail_at = -1, fail_on;
static const char *fail_in;

/* After the loader has done its part, which bears no failure. */
__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAIL_AT");
    atomic_store(&fail_on, getenv("FAIL_ON") != NULL);
    fail_in = getenv("FAIL_IN");
    atomic_store(&made, 0);
    atomic_store(&fail_at, at != NULL ? atol(at) : -1);
}

__attribute__((destructor)) static void tell(void) {
    char text[64];
    long total = atomic_load(&made);
    if (getenv("FAIL_TELL") == NULL)
        return;
    int size = snprintf(text, sizeof text, "allocations: %ld\n", total);
    if (size > 0 && write(STDERR_FILENO, text, (size_t)size) != size)
        _exit(1);
}

static int counts(const void *caller) {
    Dl_info info;
    return fail_in == NULL ||
           (dladdr(caller, &info) != 0 && info.dli_fname != NULL && strstr(info.dli_fname, fail_in) != NULL);
}

static int fails(const void *caller) {
    if (!counts(caller))
        return 0;
    const long wanted = atomic_load(&fail_at), number = atomic_fetch_add(&made, 1);
    if (wanted < 0 || number < wanted || (number > wanted && !atomic_load(&fail_on)))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}
