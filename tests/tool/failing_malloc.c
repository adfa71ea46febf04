/* Preloaded into the tool: allocation number $FAIL_AT of the process fails, and with $FAIL_ON also all that follow.
 * Counted on all threads; the functions themselves stay the C library's. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

/* glibc's own names for what is replaced here: dlsym would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static atomic_long made, fail_at = -1, fail_on;

/* After the loader has done its part, which bears no failure. */
__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAIL_AT");
    atomic_store(&fail_on, getenv("FAIL_ON") != NULL);
    atomic_store(&made, 0);
    atomic_store(&fail_at, at != NULL ? atol(at) : -1);
}

static int fails(void) {
    const long wanted = atomic_load(&fail_at), number = atomic_fetch_add(&made, 1);
    if (wanted < 0 || number < wanted || (number > wanted && !atomic_load(&fail_on)))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    return fails() ? NULL : __libc_realloc(block, size);
}
