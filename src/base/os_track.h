/* Which pages were written: Linux's asynchronous write protection (userfaultfd with UFFD_FEATURE_WP_ASYNC, and the
 * ioctl PAGEMAP_SCAN; both since Linux 6.7, see the kernel's Documentation/admin-guide/mm/pagemap.rst). A write to a
 * protected page is let through by the kernel, which notes it; nobody waits for anybody.
 *
 * Every function may fail, also one that worked before (after a fork, say): then the caller must assume that all pages
 * were written. */
#ifndef LN_BASE_OS_TRACK_H
#define LN_BASE_OS_TRACK_H

#include <stdbool.h>
#include <stddef.h>

/* Whole pages, from start up to end. */
typedef struct ln_os_range {
    char *start, *end;
} ln_os_range;

/* Begins to watch whole pages of private memory; none counts as written yet. */
bool ln_os_track(void *start, size_t size);

/* Stops watching. */
void ln_os_untrack(void *start, size_t size);

/* Finds pages written since they were last protected, at most `most` ranges of them. *complete: there are no more.
 * -1: it cannot be said. Leaves them as they are. */
int ln_os_track_written(void *start, size_t size, ln_os_range *ranges, int most, bool *complete);

/* From now on those pages count as not written. */
bool ln_os_track_protect(void *start, size_t size);

#endif
