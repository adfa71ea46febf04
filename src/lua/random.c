/* Unpredictable bytes at the rate of runs: the system is asked for many runs' worth at a time, for a call of it costs
 * more than a reset. The stock belongs to the thread. A child of fork() must not go on with its parent's, or both would
 * deal the same cards: so the stock remembers how many forks it has seen. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/os.h"
#include "lua/internal.h"

enum { STOCK = 64 };

static _Thread_local struct {
    unsigned left;
    unsigned forks;
    unsigned char bytes[STOCK][LN_RANDOM_BYTES];
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

void ln_vm_random(const ln_vm *vm, void *bytes) {
    unsigned now = atomic_load_explicit(&forks, memory_order_relaxed);
    if (vm->machine.setup->deterministic) {
        for (int i = 0; i < LN_RANDOM_BYTES; i++)
            ((unsigned char *)bytes)[i] = (unsigned char)(0x9E * (i + 1) + 0x37);
        return;
    }
    if (stock.left == 0 || stock.forks != now)
        fill_stock(now);
    memcpy(bytes, stock.bytes[--stock.left], LN_RANDOM_BYTES);
}
