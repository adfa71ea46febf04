/* The operating system: memory, clocks, randomness. (Threads, signals and code ranges, which only the guard needs, are in
 * base/os_guard.h; files below a folder in base/os_beneath.h; which pages were written in base/os_track.h.) Each function
 * states what it needs and what holds afterwards; nothing outside src/base calls mmap, clock_gettime or getrandom
 * itself. */
#ifndef LN_BASE_OS_H
#define LN_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes in a page of the machine, a power of two. Constant over the life of the process. */
size_t ln_os_page_size(void);

/* Reserves `size` bytes of address space at a multiple of `alignment` (a power of two, at least a page).
 * Nothing is readable, writable or charged against swap until committed. NULL when there is no room. */
void *ln_os_reserve(size_t size, size_t alignment);

/* Makes whole pages of a reservation readable and writable; pages never committed before read as zero.
 * False, with nothing lost, when the system refuses. */
bool ln_os_commit(void *start, size_t size);

/* Undoes a commit: the memory goes back to the system, and the pages are inaccessible until committed again. */
void ln_os_decommit(void *start, size_t size);

/* Makes whole committed pages read-only (or writable again). */
bool ln_os_protect(void *start, size_t size, bool writable);

/* Asks for large pages in a stretch that will be used whole; a hint, without effect where there are none. */
void ln_os_prefer_large_pages(void *start, size_t size);

/* Returns a whole reservation to the system. */
void ln_os_release(void *start, size_t size);

/* Nanoseconds since some fixed point; never goes back. Async-signal-safe. */
uint64_t ln_os_now(void);

/* Nanoseconds of processor time the calling thread has used. Async-signal-safe. */
uint64_t ln_os_thread_cpu(void);

/* Fills `bytes` with unpredictable bytes. Never fails: falls back on clocks and addresses where the kernel
 * has none to give. */
void ln_os_random(void *bytes, size_t size);

#endif
