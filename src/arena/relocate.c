#include "arena/relocate.h"

#include "base/compiler.h"

/* --- Everywhere --- */

static void move_plainly(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper) {
    for (size_t i = 0; i < count; i++)
        to[i] = ln_relocate_word(from[i], mark, upper);
}

/* --- x86-64: four words at a time, in registers that cost no clock speed. Unrolled, for the loop itself would take as long
 * as the stores; rep movsb, which memcpy() uses for an image's size, is faster only where both sides are in the first
 * cache, and half as fast in the second --- */

#if defined(__x86_64__)
#include <immintrin.h>

enum { AHEAD = 48 }; /* words; of 16 to 128 the fastest */

typedef struct halves {
    __m256i mark;   /* to compare with */
    __m256i change; /* what makes a mark the upper half that is wanted; nothing in the lower ones */
} halves;

__attribute__((target("avx2"), always_inline)) static inline void move_four(uint64_t *to,
                                                                            const uint64_t *from, halves h) {
    __m256i words = _mm256_load_si256((const __m256i *)(const void *)from);
    __m256i changes = _mm256_and_si256(_mm256_cmpeq_epi32(words, h.mark), h.change);
    _mm256_store_si256((__m256i *)(void *)to, _mm256_xor_si256(words, changes));
}

__attribute__((target("avx2"))) static void move_wide(uint64_t *to, const uint64_t *from, size_t count,
                                                      uint32_t mark, uint32_t upper) {
    const halves h = {
        .mark = _mm256_set1_epi32((int)mark),
        .change = _mm256_set1_epi64x((int64_t)((uint64_t)(mark ^ upper) << 32)),
    };
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        /* What is copied from is not looked at before the next reset: it need not push the script's own memory out of the first
         * cache, which just holds both. */
        _mm_prefetch((const char *)(from + i + AHEAD), _MM_HINT_NTA);
        _mm_prefetch((const char *)(from + i + AHEAD + 8), _MM_HINT_NTA);
        move_four(to + i, from + i, h);
        move_four(to + i + 4, from + i + 4, h);
        move_four(to + i + 8, from + i + 8, h);
        move_four(to + i + 12, from + i + 12, h);
    }
    if (i < count) {
        move_four(to + i, from + i, h);
        move_four(to + i + 4, from + i + 4, h);
    }
}

void ln_relocate(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper) {
    if (LN_LIKELY(__builtin_cpu_supports("avx2")))
        move_wide(to, from, count, mark, upper);
    else
        move_plainly(to, from, count, mark, upper);
}

#else

void ln_relocate(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper) {
    move_plainly(to, from, count, mark, upper);
}

#endif

/* --- Comparing and marking --- */

size_t ln_relocate_compare(const uint64_t *moved, const uint64_t *from, size_t count, uint32_t mark,
                           uint32_t upper) {
    for (size_t i = 0; i < count; i++)
        if (moved[i] != ln_relocate_word(from[i], mark, upper))
            return i;
    return count;
}

static bool is_upper_half(const uint64_t *words, size_t count, uint32_t number) {
    for (size_t i = 0; i < count; i++)
        if (words[i] >> 32 == number)
            return true;
    return false;
}

/* The first try is what no text, no small number and no float that people write has there. */
uint32_t ln_relocate_mark(const uint64_t *words, size_t count, uint32_t but) {
    uint32_t mark = UINT32_C(0xfff8a5c3);
    while (mark == but || is_upper_half(words, count, mark))
        mark = mark * UINT32_C(1664525) + UINT32_C(1013904223);
    return mark;
}
