/* What valgrind's memcheck is told of memory that is not malloc's (build option valgrind). Without the option every
 * function here is empty.
 *
 * An arena marks what its blocks are: fresh ones undefined, freed ones and what a reset threw away out of bounds. But its
 * own lists run through freed blocks, so while the allocator works, this thread's errors are not reported, and what it
 * took from such a block is called defined when it is done. A kill may leave the allocator at any instruction; then
 * reporting stays off until this thread's next call of it is over, which is why one flag a thread is kept here and
 * calls are not counted. */
#ifndef LN_BASE_MEMCHECK_H
#define LN_BASE_MEMCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#if LN_VALGRIND
#include <valgrind/memcheck.h>

#define LN_MEMCHECK 1

LN_INLINE void ln_memcheck_off(const void *start, size_t size) {
    (void)VALGRIND_MAKE_MEM_NOACCESS(start, size);
}

LN_INLINE void ln_memcheck_fresh(const void *start, size_t size) {
    (void)VALGRIND_MAKE_MEM_UNDEFINED(start, size);
}

LN_INLINE void ln_memcheck_defined(const void *start, size_t size) {
    (void)VALGRIND_MAKE_MEM_DEFINED(start, size);
}

/* Whether errors of this thread are reported. */
void ln_memcheck_report(bool on);

#else
#define LN_MEMCHECK 0

LN_INLINE void ln_memcheck_off(const void *start, size_t size) {
    (void)start;
    (void)size;
}

LN_INLINE void ln_memcheck_fresh(const void *start, size_t size) {
    (void)start;
    (void)size;
}

LN_INLINE void ln_memcheck_defined(const void *start, size_t size) {
    (void)start;
    (void)size;
}

LN_INLINE void ln_memcheck_report(bool on) {
    (void)on;
}
#endif

#endif
