/* The time at less than half its price: what a run's begin and end cost is, for the most part, asking for it.
 *
 * Where the kernel keeps its time by the processor's time-stamp counter (its clock source is "tsc", so the counter runs
 * evenly and alike on all processors), clock_gettime() reads that counter, waits for what stands before it, and adds up.
 * Here a thread notes the counter and the clock at one moment (an anchor), and reads the counter alone for the next
 * millisecond. The length of a tick is what two anchors give.
 *
 * What always holds: the result is off CLOCK_MONOTONIC by no more than the clock's own rate can change in a millisecond (500
 * parts in a million, adjtimex(2)) and an anchor's two readings can lie apart, which is less than a microsecond each; and it
 * never goes back. Where any of it is in doubt (a counter that was reset, a machine that slept, readings that were
 * interrupted, ticks that changed their length) the clock itself is asked. */
#include "base/os.h"
#include "base/os_guard.h"

#if defined(__x86_64__) && defined(__linux__)
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/compiler.h"

enum {
    /* An anchor serves for so long, by what it says itself. */
    SERVES_NS = 1000 * 1000,
    /* Two that lie so far apart tell the length of a tick. */
    GAP_MIN_NS = SERVES_NS / 2,
    GAP_MAX_NS = 1000 * 1000 * 1000,
    /* So many ticks are more than SERVES_NS on any processor, and fit into 64 bits when multiplied by a scale. */
    TICKS_MAX = 1 << 24,
    /* The most that may lie between the readings before and after the clock's: between a fifth of a microsecond and one. */
    BRACKET_TICKS = 1000,
    SCALE_SHIFT = 32,
    /* Ticks whose length changes by more than one part in so many are not to be trusted. */
    STEADINESS = 256,
};

static bool usable;

static void look_at_clock_source(void) {
    char name[8] = "";
    int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t size = read(file, name, sizeof name);
    usable = size == 4 && memcmp(name, "tsc\n", 4) == 0;
    close(file);
}

static bool is_usable(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, look_at_clock_source);
    return usable;
}

/* Nanoseconds a tick, in units of 2^-SCALE_SHIFT; 0: nothing to go by. */
static uint64_t scale_between(const ln_os_anchor *anchor, uint64_t ticks, uint64_t ns) {
    uint64_t gap = ns - anchor->ns;
    if (ticks <= anchor->ticks || gap < GAP_MIN_NS || gap > GAP_MAX_NS)
        return 0;
    uint64_t scale = (gap << SCALE_SHIFT) / (ticks - anchor->ticks), old = anchor->scale;
    if (old != 0 && (scale > old + old / STEADINESS || scale < old - old / STEADINESS))
        return 0;
    return scale >> SCALE_SHIFT <= GAP_MAX_NS / TICKS_MAX ? scale : 0;
}

/* Reads the clock, and makes the moment the anchor where that serves. */
static LN_NOINLINE uint64_t drop_anchor(ln_os_anchor *anchor) {
    if (!is_usable())
        return ln_os_now();
    uint64_t before = __rdtsc();
    uint64_t ns = ln_os_now();
    uint64_t bracket = __rdtsc() - before;
    bool waits = anchor->ns != 0 && anchor->scale == 0 && ns - anchor->ns < GAP_MIN_NS;
    if (bracket > BRACKET_TICKS || waits)
        return ns;
    uint64_t ticks = before + bracket / 2;
    anchor->scale = anchor->ns != 0 ? scale_between(anchor, ticks, ns) : 0;
    anchor->ticks = ticks;
    anchor->ns = ns;
    return ns;
}

uint64_t ln_os_now_by(ln_os_anchor *anchor) {
    uint64_t now, since;
    if (LN_LIKELY(anchor->scale != 0) && LN_LIKELY((since = __rdtsc() - anchor->ticks) < TICKS_MAX) &&
        LN_LIKELY((since = since * anchor->scale >> SCALE_SHIFT) < SERVES_NS))
        now = anchor->ns + since;
    else
        now = drop_anchor(anchor);
    anchor->latest = now > anchor->latest ? now : anchor->latest;
    return anchor->latest;
}

#else

uint64_t ln_os_now_by(ln_os_anchor *anchor) {
    (void)anchor;
    return ln_os_now();
}

#endif
