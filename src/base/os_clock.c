/* Clocks and randomness: Linux, and any POSIX system with clock_gettime().
 *
 * The clock must never go back and must be readable from a signal handler: CLOCK_MONOTONIC is both. Seeds must
 * be unpredictable but never worth waiting for, so a kernel that has no randomness yet is not asked twice. */
#include "base/os.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t ln_os_now(void) {
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t ln_os_thread_cpu(void) {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of the state. */
static uint64_t mix(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Second best: what differs from call to call and from process to process. */
static void fill_from_clocks(unsigned char *bytes, size_t size) {
    uint64_t state = ln_os_now() ^ (ln_os_thread_cpu() << 32) ^ read_clock(CLOCK_REALTIME) ^
                     (uint64_t)(uintptr_t)bytes ^ (uint64_t)(uintptr_t)&ln_os_random;
    while (size > 0) {
        uint64_t word = mix(&state);
        size_t step = size < sizeof word ? size : sizeof word;
        memcpy(bytes, &word, step);
        bytes += step;
        size -= step;
    }
}

void ln_os_random(void *bytes, size_t size) {
    unsigned char *out = bytes;
    while (size > 0) {
        ssize_t got = getrandom(out, size, GRND_NONBLOCK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            fill_from_clocks(out, size);
            return;
        }
        out += got;
        size -= (size_t)got;
    }
}
