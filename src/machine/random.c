/* Unpredictable bytes at the rate of runs: the system is asked for many runs' worth at a time, for a call of it costs
 * more than a reset. The stock belongs to the thread. A child of fork() must not go on with its parent's, or both would
 * deal the same cards: so the stock remembers how many forks it has seen. No byte is ever used twice, and what was used
 * is wiped out. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/os.h"
#include "machine/machine.h"

enum { STOCK = 128, PORTION = 8 };

static _Thread_local struct {
    unsigned left;
    unsigned forks;
    unsigned char bytes[STOCK][PORTION];
} stock;

static atomic_uint forks;

static void count_fork(void) {
    atomic_fetch_add(&forks, 1);
}

static void watch_forks(void) {
    pthread_atfork(NULL, NULL, count_fork);
}

static void fill_stock(unsigned now) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    ln_os_random(stock.bytes, sizeof stock.bytes);
    stock.left = STOCK;
    stock.forks = now;
}

LN_INLINE void deal(unsigned char *bytes, size_t size) {
    unsigned now = atomic_load_explicit(&forks, memory_order_relaxed);
    if (LN_UNLIKELY(stock.left == 0 || stock.forks != now))
        fill_stock(now);
    unsigned char *portion = stock.bytes[--stock.left];
    memcpy(bytes, portion, size);
    memset(portion, 0, PORTION);
}

void ln_machine_random(const lunette_machine *machine, void *bytes, size_t size) {
    unsigned char *to = bytes;
    if (machine->setup->deterministic) {
        for (size_t i = 0; i < size; i++)
            to[i] = (unsigned char)(0x9E * (i + 1) + 0x37);
        return;
    }
    for (; size >= PORTION; size -= PORTION, to += PORTION)
        deal(to, PORTION);
    if (size > 0)
        deal(to, size);
}
