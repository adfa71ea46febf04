/* Memory of the operating system: Linux, and any POSIX system with anonymous mappings.
 *
 * A reservation is an inaccessible private mapping without swap behind it; committing is mprotect(). So the
 * kernel's own accounting says what is committed, a stray access to the rest faults instead of growing the
 * process, and two commits that touch become one mapping again (the number of mappings is limited).
 *
 * What every function keeps true: a page is accessible only if it was committed and not decommitted since. */
#include "base/os.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

size_t ln_os_page_size(void) {
    long size = sysconf(_SC_PAGESIZE);
    return size > 0 ? (size_t)size : 4096;
}

static char *map_nothing(size_t size) {
    void *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

/* Reserves more than asked for, and gives back what lies before and behind the aligned part. */
static char *map_aligned(size_t size, size_t alignment) {
    if (size > SIZE_MAX - alignment) {
        return NULL;
    }
    char *start = map_nothing(size + alignment);
    if (start == NULL) {
        return NULL;
    }
    size_t before = (alignment - (uintptr_t)start % alignment) % alignment;
    if (before > 0) {
        (void)munmap(start, before);
    }
    (void)munmap(start + before + size, alignment - before);
    return start + before;
}

void *ln_os_reserve(size_t size, size_t alignment) {
    /* Mappings are handed out next to each other, so behind an aligned one the next is aligned as well: the
     * plain attempt usually does, and asks no more of RLIMIT_AS than it must. */
    char *start = map_nothing(size);
    if (start == NULL || (uintptr_t)start % alignment == 0) {
        return start;
    }
    (void)munmap(start, size);
    return map_aligned(size, alignment);
}

bool ln_os_commit(void *start, size_t size) {
    return mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

void ln_os_decommit(void *start, size_t size) {
    (void)madvise(start, size, MADV_DONTNEED);
    (void)mprotect(start, size, PROT_NONE);
}

bool ln_os_protect(void *start, size_t size, bool writable) {
    return mprotect(start, size, writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

void ln_os_prefer_large_pages(void *start, size_t size) {
#ifdef MADV_HUGEPAGE
    (void)madvise(start, size, MADV_HUGEPAGE);
#else
    (void)start;
    (void)size;
#endif
}

void ln_os_release(void *start, size_t size) {
    (void)munmap(start, size);
}
