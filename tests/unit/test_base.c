/* The operating system's memory, clocks and randomness, and the list of statuses. When this fails look at
 * src/base/os_memory.c, os_clock.c and status.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/os.h"
#include "base/os_guard.h"
#include "lunette/status.h"

static size_t page;

static void every_status_has_a_name_and_a_text(void **state) {
    (void)state;
#define CHECK_STATUS(constant, number, name, text)                      \
    assert_string_equal(lunette_status_name(LUNETTE_##constant), name); \
    assert_string_equal(lunette_status_text(LUNETTE_##constant), text); \
    assert_int_equal(LUNETTE_##constant, number);
    LUNETTE_STATUS_MAP(CHECK_STATUS)
#undef CHECK_STATUS
    assert_string_equal(lunette_status_name((lunette_status)12345), "unknown");
    assert_non_null(lunette_status_text((lunette_status)12345));
}

/* Does touching the byte end a process? */
static bool faults(char *byte, bool write) {
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        volatile char *p = byte;
        char value = *p;
        if (write) {
            *p = value;
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void reservations_are_aligned_and_inaccessible(void **state) {
    (void)state;
    for (size_t alignment = page; alignment <= (size_t)1 << 30; alignment *= 8) {
        char *start = ln_os_reserve(page * 4, alignment);
        assert_non_null(start);
        assert_int_equal((uintptr_t)start % alignment, 0);
        ln_os_release(start, page * 4);
    }
    char *start = ln_os_reserve(page * 4, page);
    assert_true(faults(start, false));
    ln_os_release(start, page * 4);
    assert_null(ln_os_reserve(SIZE_MAX / 2, page));
    assert_null(ln_os_reserve(SIZE_MAX - page + 1, page));
}

static void committed_pages_are_zero_until_written(void **state) {
    (void)state;
    char *start = ln_os_reserve(page * 4, page);
    assert_true(ln_os_commit(start + page, page * 2));
    for (size_t i = 0; i < page * 2; i++) {
        assert_int_equal(start[page + i], 0);
    }
    memset(start + page, 1, page * 2);
    assert_true(ln_os_commit(start + page, page * 2)); /* again: nothing is lost */
    assert_int_equal(start[page], 1);
    assert_true(faults(start, false));
    assert_true(faults(start + 3 * page, false));
    ln_os_decommit(start + 2 * page, page);
    assert_true(faults(start + 2 * page, false));
    assert_true(ln_os_commit(start + 2 * page, page));
    assert_int_equal(start[2 * page], 0);
    assert_int_equal(start[page], 1);
    ln_os_prefer_large_pages(start, page * 4);
    ln_os_release(start, page * 4);
}

static void protected_pages_cannot_be_written(void **state) {
    (void)state;
    char *start = ln_os_reserve(page, page);
    assert_true(ln_os_commit(start, page));
    start[0] = 7;
    assert_true(ln_os_protect(start, page, false));
    assert_int_equal(start[0], 7);
    assert_false(faults(start, false));
    assert_true(faults(start, true));
    assert_true(ln_os_protect(start, page, true));
    start[0] = 8;
    ln_os_release(start, page);
}

static void clocks_never_go_back(void **state) {
    (void)state;
    uint64_t now = ln_os_now();
    uint64_t cpu = ln_os_thread_cpu();
    assert_true(now > 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t later = ln_os_now();
        uint64_t more = ln_os_thread_cpu();
        assert_true(later >= now && more >= cpu);
        now = later;
        cpu = more;
    }
    assert_true(cpu > 0);
}

/* What an anchor says lies between two readings of the clock, give or take far less than an anchor serves for. */
enum { SLACK_NS = 50 * 1000, MS = 1000 * 1000 };

static bool agrees(ln_os_anchor *anchor) {
    uint64_t last = anchor->latest, before = ln_os_now(), now = ln_os_now_by(anchor), after = ln_os_now();
    return now >= last && now + SLACK_NS >= before && now <= after + SLACK_NS;
}

/* Whether it does all the time for so long, whoever else wants the processor. */
static bool agrees_for(ln_os_anchor *anchor, uint64_t ns) {
    uint64_t until = ln_os_now() + ns;
    while (ln_os_now() < until)
        if (!agrees(anchor))
            return false;
    return true;
}

static void anchors_tell_the_time(void **state) {
    (void)state;
    ln_os_anchor anchor = {0};
    assert_true(agrees_for(&anchor, 20 * MS));
    print_message(anchor.scale != 0 ? "by the processor's counter\n"
                                    : "by the clock: there is no counter to go by\n");
    usleep(5 * 1000);
    assert_true(agrees_for(&anchor, 20 * MS));
}

/* The counter was reset, or ran on while the machine slept; its ticks became longer. */
static void anchors_that_drag_are_given_up(void **state) {
    (void)state;
    ln_os_anchor anchor = {0};
    assert_true(agrees_for(&anchor, 5 * MS));
    anchor.ticks += UINT64_C(1) << 40;
    assert_true(agrees_for(&anchor, 5 * MS));
    anchor.ticks -= UINT64_C(1) << 40;
    assert_true(agrees_for(&anchor, 5 * MS));
    uint64_t scale = anchor.scale;
    anchor.scale = scale + scale / 4;
    while (anchor.scale == scale + scale / 4 && scale != 0)
        (void)ln_os_now_by(&anchor);
    usleep(2 * 1000);
    assert_true(agrees_for(&anchor, 5 * MS));
    assert_int_equal(anchor.scale != 0, scale != 0);
}

static void random_bytes_differ_and_stay_inside(void **state) {
    (void)state;
    unsigned char a[300];
    unsigned char b[300];
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    ln_os_random(a, 299);
    ln_os_random(b, 299);
    assert_memory_not_equal(a, b, 299);
    assert_true(a[299] == 0 && b[299] == 0);
    ln_os_random(NULL, 0);
    size_t seen[256] = {0};
    size_t distinct = 0;
    for (size_t i = 0; i < 299; i++) {
        distinct += seen[a[i]]++ == 0;
    }
    assert_true(distinct > 100);
}

int main(void) {
    page = ln_os_page_size();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_and_a_text),
        cmocka_unit_test(reservations_are_aligned_and_inaccessible),
        cmocka_unit_test(committed_pages_are_zero_until_written),
        cmocka_unit_test(protected_pages_cannot_be_written),
        cmocka_unit_test(clocks_never_go_back),
        cmocka_unit_test(anchors_tell_the_time),
        cmocka_unit_test(anchors_that_drag_are_given_up),
        cmocka_unit_test(random_bytes_differ_and_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
