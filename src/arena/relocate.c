#include "arena/relocate.h"

#include <string.h>

#include "base/compiler.h"

/* --- Everywhere: eight words at a time, most of which hold no address at all --- */

static void move_plainly(uint64_t *to, const uint64_t *from, const uint8_t *bits, size_t count,
                         uint64_t distance) {
    for (size_t i = 0; i < count; i += 8) {
        unsigned set = bits[i / 8];
        for (size_t k = 0; k < 8; k++)
            to[i + k] = from[i + k] + (distance & (0 - (uint64_t)(set >> k & 1)));
    }
}

/* --- x86-64: masked additions, in 256-bit registers, which cost no clock speed --- */

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f,avx512vl"))) static void
move_masked(uint64_t *to, const uint64_t *from, const uint8_t *bits, size_t count, uint64_t distance) {
    __m256i d = _mm256_set1_epi64x((long long)distance);
    for (size_t i = 0; i < count; i += 8) {
        unsigned set = bits[i / 8];
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(from + i + 4));
        low = _mm256_mask_add_epi64(low, (__mmask8)(set & 15), low, d);
        high = _mm256_mask_add_epi64(high, (__mmask8)(set >> 4), high, d);
        _mm256_storeu_si256((__m256i *)(void *)(to + i), low);
        _mm256_storeu_si256((__m256i *)(void *)(to + i + 4), high);
    }
}

/* Bit k of a nibble spread to word k: by comparing it with the bit of its place. */
__attribute__((target("avx2"))) static __m256i spread(unsigned nibble) {
    __m256i places = _mm256_set_epi64x(8, 4, 2, 1);
    __m256i set = _mm256_and_si256(_mm256_set1_epi64x((long long)nibble), places);
    return _mm256_cmpeq_epi64(set, places);
}

__attribute__((target("avx2"))) static void
move_spread(uint64_t *to, const uint64_t *from, const uint8_t *bits, size_t count, uint64_t distance) {
    __m256i d = _mm256_set1_epi64x((long long)distance);
    for (size_t i = 0; i < count; i += 4) {
        unsigned nibble = (unsigned)bits[i / 8] >> (i & 4) & 15u;
        __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
        words = _mm256_add_epi64(words, _mm256_and_si256(spread(nibble), d));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), words);
    }
}

void ln_relocate(uint64_t *to, const uint64_t *from, const uint8_t *bits, size_t count, uint64_t distance) {
    if (__builtin_cpu_supports("avx512vl"))
        move_masked(to, from, bits, count, distance);
    else if (__builtin_cpu_supports("avx2"))
        move_spread(to, from, bits, count, distance);
    else
        move_plainly(to, from, bits, count, distance);
}

#else

void ln_relocate(uint64_t *to, const uint64_t *from, const uint8_t *bits, size_t count, uint64_t distance) {
    move_plainly(to, from, bits, count, distance);
}

#endif

/* --- Finding and comparing --- */

size_t ln_relocate_compare(const uint64_t *moved, const uint64_t *from, const uint8_t *bits, size_t count,
                           uint64_t distance) {
    for (size_t i = 0; i < count; i++)
        if (moved[i] != from[i] + (distance & (0 - (uint64_t)(bits[i / 8] >> (i % 8) & 1))))
            return i;
    return count;
}

size_t ln_relocate_find(uint8_t *bits, const uint64_t *words, size_t count, uint64_t first, uint64_t last) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (words[i] < first || words[i] > last)
            continue;
        bits[i / 8] |= (uint8_t)(1u << (i % 8));
        found++;
    }
    return found;
}
