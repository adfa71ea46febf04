/* Unpredictable seeds at the rate of runs: the system is asked for many runs' worth at a time, for a call of it costs
 * more than a reset. The stock belongs to the thread. A child of fork() must not go on with its parent's, or both would
 * deal the same cards: so the stock remembers how many forks it has seen.
 *
 * A seed takes 16 bytes of the system's, as many as Lua's own math.randomseed() takes, because those are most of its
 * price (3 ns a byte). They are spread over the generator's state with the finalizer of splitmix64, which is how the
 * authors of xoshiro256** say it is to be seeded (Blackman and Vigna, 2021). That hides nothing: who draws enough numbers
 * can compute his own seed. It tells him nothing of any other's, of which no byte is ever used twice. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/os.h"
#include "lua/internal.h"

enum { STOCK = 64, SEED_WORDS = 2, STATE_WORDS = LN_RANDOM_BYTES / sizeof(uint64_t) };

static _Thread_local struct {
    unsigned left;
    unsigned forks;
    uint64_t seeds[STOCK][SEED_WORDS];
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
    ln_os_random(stock.seeds, sizeof stock.seeds);
    stock.left = STOCK;
    stock.forks = now;
}

static uint64_t finalize(uint64_t word) {
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

/* The finalizer is a bijection, and two states of a counter go into it for each word of the seed: they are not both 0. */
static void spread(uint64_t state[STATE_WORDS], uint64_t seed[SEED_WORDS]) {
    for (unsigned i = 0; i < STATE_WORDS; i++)
        state[i] = finalize(seed[i % SEED_WORDS] += UINT64_C(0x9e3779b97f4a7c15));
    memset(seed, 0, SEED_WORDS * sizeof *seed);
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
    uint64_t state[STATE_WORDS];
    spread(state, stock.seeds[--stock.left]);
    memcpy(bytes, state, sizeof state);
}
