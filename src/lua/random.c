/* The state of math.random's generator, fresh. A seed takes 8 unpredictable bytes, because those are most of its price
 * (3 ns a byte), spread over the generator's state with splitmix64, which is how the authors of xoshiro256** say it is to
 * be seeded (Blackman and Vigna, 2021). That hides nothing: who draws enough numbers can compute his own seed. It tells
 * him nothing of any other's. */
#include <string.h>

#include "lua/internal.h"

enum { STATE_WORDS = LN_RANDOM_BYTES / sizeof(uint64_t) };

static uint64_t finalize(uint64_t word) {
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

/* The finalizer is a bijection, and its arguments differ: at most one word is 0. */
static void spread(uint64_t state[STATE_WORDS], uint64_t seed) {
    for (unsigned i = 0; i < STATE_WORDS; i++)
        state[i] = finalize(seed += UINT64_C(0x9e3779b97f4a7c15));
}

void ln_vm_random(const ln_vm *vm, void *bytes) {
    uint64_t seed, state[STATE_WORDS];
    if (vm->machine.setup->deterministic) {
        ln_machine_random(&vm->machine, bytes, LN_RANDOM_BYTES);
        return;
    }
    ln_machine_random(&vm->machine, &seed, sizeof seed);
    spread(state, seed);
    memcpy(bytes, state, sizeof state);
}
