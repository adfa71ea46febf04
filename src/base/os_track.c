#include "base/os_track.h"

#include <stdint.h>

#if defined(__linux__)

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- What the headers of an older system lack; the kernel's ABI --- */

#define FEATURE_WP_ASYNC ((uint64_t)1 << 15)

struct scan_region {
    uint64_t start, end, categories;
};

struct scan_argument {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN                _IOWR('f', 16, struct scan_argument)
#define SCAN_CHECK_WP_ASYNC ((uint64_t)1 << 1)
#define CATEGORY_WRITTEN    ((uint64_t)1 << 1)

/* --- The process's two descriptors, opened at the first need. A child of fork() opens its own: what it inherits still
 * means its parent's memory. --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int fault_file = -1, map_file = -1;
static atomic_bool tried;

static void before_fork(void) {
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void) {
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void) {
    int files[] = {atomic_exchange(&fault_file, -1), atomic_exchange(&map_file, -1)};
    for (int i = 0; i < 2; i++)
        if (files[i] >= 0)
            close(files[i]);
    atomic_store(&tried, false);
    pthread_mutex_unlock(&lock);
}

static int open_fault_file(void) {
    struct uffdio_api api = {.api = UFFD_API, .features = FEATURE_WP_ASYNC};
    int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
    if (file >= 0 && ioctl(file, UFFDIO_API, &api) != 0) {
        close(file);
        return -1;
    }
    return file;
}

static void open_files(void) {
    static bool watching;
    if (!watching)
        watching = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
    int faults = watching ? open_fault_file() : -1;
    int map = faults >= 0 ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
    if (map < 0 && faults >= 0) {
        close(faults);
        faults = -1;
    }
    atomic_store(&fault_file, faults);
    atomic_store(&map_file, map);
}

static bool ready(void) {
    if (!atomic_load_explicit(&tried, memory_order_acquire)) {
        pthread_mutex_lock(&lock);
        if (!atomic_load(&tried))
            open_files();
        atomic_store_explicit(&tried, true, memory_order_release);
        pthread_mutex_unlock(&lock);
    }
    return atomic_load_explicit(&map_file, memory_order_relaxed) >= 0;
}

/* --- Watching --- */

bool ln_os_track_protect(void *start, size_t size) {
    struct uffdio_writeprotect protect = {
        .range = {.start = (uintptr_t)start, .len = size},
        .mode = UFFDIO_WRITEPROTECT_MODE_WP,
    };
    return ready() && ioctl(atomic_load(&fault_file), UFFDIO_WRITEPROTECT, &protect) == 0;
}

bool ln_os_track(void *start, size_t size) {
    struct uffdio_register watch = {
        .range = {.start = (uintptr_t)start, .len = size},
        .mode = UFFDIO_REGISTER_MODE_WP,
    };
    if (!ready() || ioctl(atomic_load(&fault_file), UFFDIO_REGISTER, &watch) != 0)
        return false;
    if (ln_os_track_protect(start, size))
        return true;
    ln_os_untrack(start, size);
    return false;
}

void ln_os_untrack(void *start, size_t size) {
    struct uffdio_range range = {.start = (uintptr_t)start, .len = size};
    if (ready())
        ioctl(atomic_load(&fault_file), UFFDIO_UNREGISTER, &range);
}

int ln_os_track_written(void *start, size_t size, ln_os_range *ranges, int most, bool *complete) {
    enum { MOST = 128 };
    struct scan_region regions[MOST];
    struct scan_argument scan = {
        .size = sizeof scan,
        .flags = SCAN_CHECK_WP_ASYNC,
        .start = (uintptr_t)start,
        .end = (uintptr_t)start + size,
        .vec = (uintptr_t)regions,
        .vec_len = (uint64_t)(most < MOST ? most : MOST),
        .category_mask = CATEGORY_WRITTEN,
        .return_mask = CATEGORY_WRITTEN,
    };
    if (!ready())
        return -1;
    int count = (int)ioctl(atomic_load(&map_file), SCAN, &scan);
    for (int i = 0; i < count; i++)
        ranges[i] = (ln_os_range){(char *)(uintptr_t)regions[i].start, (char *)(uintptr_t)regions[i].end};
    *complete = scan.walk_end == scan.end;
    return count;
}

#else

bool ln_os_track(void *start, size_t size) {
    (void)start;
    (void)size;
    return false;
}

void ln_os_untrack(void *start, size_t size) {
    (void)start;
    (void)size;
}

int ln_os_track_written(void *start, size_t size, ln_os_range *ranges, int most, bool *complete) {
    (void)start;
    (void)size;
    (void)ranges;
    (void)most;
    *complete = false;
    return -1;
}

bool ln_os_track_protect(void *start, size_t size) {
    (void)start;
    (void)size;
    return false;
}

#endif
