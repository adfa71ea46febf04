/* The kernel's features. See machine.h. A feature is tried, not concluded from a version number: distributions carry
 * features back, and containers take them away. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "units.h"

static void put_kernel(char *value) {
    struct utsname name;
    if (uname(&name) == 0)
        snprintf(value, MACHINE_VALUE_SIZE, "%.30s %.30s %.30s", name.sysname, name.release, name.machine);
}

static void put_processors(char *value) {
    snprintf(value, MACHINE_VALUE_SIZE, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static void put_page_size(char *value) {
    snprintf(value, MACHINE_VALUE_SIZE, "%ld", sysconf(_SC_PAGESIZE));
}

static void put_limit(char *value, const struct rlimit *limit) {
    char amount[UNITS_TEXT_SIZE];
    snprintf(value, MACHINE_VALUE_SIZE, "%s",
             limit->rlim_cur == RLIM_INFINITY ? "unlimited"
                                              : units_round(UNITS_SIZE, limit->rlim_cur, amount));
}

static void put_address_space(char *value) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0)
        put_limit(value, &limit);
}

static void put_stack(char *value) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) == 0)
        put_limit(value, &limit);
}

/* Whether one arena's worth of address space can be had. */
static void put_reservation(char *value) {
    const size_t size = sizeof(size_t) > 4 ? (size_t)UINT64_C(8) << 30 : (size_t)1 << 30;
    void *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char amount[UNITS_TEXT_SIZE];
    snprintf(value, MACHINE_VALUE_SIZE, "%s: %s", units_format(UNITS_SIZE, size, amount),
             place != MAP_FAILED ? "yes" : strerror(errno));
    if (place != MAP_FAILED)
        munmap(place, size);
}

#ifdef __linux__

#include <sys/syscall.h>

/* The first line of a file below /proc or /sys. */
static void put_line_of(char *value, const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(value, MACHINE_VALUE_SIZE, file) != NULL)
        value[strcspn(value, "\n")] = '\0';
    fclose(file);
}

static void put_overcommit(char *value) {
    static const char *const meanings[] = {"0 (heuristic)", "1 (always)", "2 (never)"};
    put_line_of(value, "/proc/sys/vm/overcommit_memory");
    if (value[0] >= '0' && value[0] <= '2' && value[1] == '\0')
        snprintf(value, MACHINE_VALUE_SIZE, "%s", meanings[value[0] - '0']);
}

static void put_huge_pages(char *value) {
    put_line_of(value, "/sys/kernel/mm/transparent_hugepage/enabled");
}

static void put_max_map_count(char *value) {
    put_line_of(value, "/proc/sys/vm/max_map_count");
}

/* As in linux/fs.h since 6.7; older headers lack it. */
struct scan_argument {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_REQUEST _IOWR('f', 16, struct scan_argument)
enum { PAGE_IS_PRESENT = 1 << 3 };

static void put_pagemap_scan(char *value) {
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    struct scan_argument scan = {.size = sizeof scan,
                                 .start = (uint64_t)(uintptr_t)page,
                                 .end = (uint64_t)(uintptr_t)page + size,
                                 .category_anyof_mask = PAGE_IS_PRESENT,
                                 .return_mask = PAGE_IS_PRESENT};
    const bool works = page != MAP_FAILED && map >= 0 && ioctl(map, SCAN_REQUEST, &scan) >= 0;
    snprintf(value, MACHINE_VALUE_SIZE, "%s", works ? "yes" : "no");
    if (map >= 0)
        close(map);
    if (page != MAP_FAILED)
        munmap(page, size);
}

/* linux/userfaultfd.h, of which the last two features are younger than many headers. */
struct uffd_hello {
    uint64_t api, features, ioctls;
};
#define UFFD_HELLO          _IOWR(0xAA, 0x3F, struct uffd_hello)
#define UFFD_HELLO_API      UINT64_C(0xAA)
#define UFFD_CAN_WP_ASYNC   (UINT64_C(1) << 15)
#define UFFD_ONLY_USER_MODE 1

static void put_userfaultfd(char *value) {
    int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_ONLY_USER_MODE);
    if (file < 0)
        file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        snprintf(value, MACHINE_VALUE_SIZE, "no: %s", strerror(errno));
        return;
    }
    struct uffd_hello hello = {.api = UFFD_HELLO_API};
    const bool answers = ioctl(file, UFFD_HELLO, &hello) == 0;
    const bool async = answers && (hello.features & UFFD_CAN_WP_ASYNC) != 0;
    snprintf(value, MACHINE_VALUE_SIZE, "%s", async ? "yes" : answers ? "yes, but not asynchronous" : "no");
    close(file);
}

#endif

static const struct {
    const char *key, *label;
    void (*put)(char *value);
} facts[] = {
    {"kernel", "system", put_kernel},
    {"processors", "processors", put_processors},
    {"page_size", "page size", put_page_size},
    {"reservation", "address space for an arena", put_reservation},
    {"address_space_limit", "limit on address space", put_address_space},
    {"stack_limit", "limit on the C stack", put_stack},
#ifdef __linux__
    {"overcommit", "overcommit", put_overcommit},
    {"max_map_count", "memory maps per process", put_max_map_count},
    {"transparent_huge_pages", "transparent huge pages", put_huge_pages},
    {"pagemap_scan", "PAGEMAP_SCAN", put_pagemap_scan},
    {"userfaultfd_wp_async", "userfaultfd, asynchronous", put_userfaultfd},
#endif
};

bool machine_fact_get(size_t index, machine_fact *fact) {
    if (index >= TOOL_COUNT(facts))
        return false;
    fact->key = facts[index].key;
    fact->label = facts[index].label;
    snprintf(fact->value, sizeof fact->value, "unknown");
    facts[index].put(fact->value);
    return true;
}
