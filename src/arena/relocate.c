#include "arena/relocate.h"

#include "base/compiler.h"

/* --- Everywhere --- */

static void move_plainly(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper) {
    for (size_t i = 0; i < count; i++)
        to[i] = ln_relocate_word(from[i], mark, upper);
}

/* --- x86-64: eight words at a time or four, unrolled, for the loop itself would take as long as the stores. rep movsb, which
 * memcpy() uses for an image's size, is faster only where both sides are in the first cache, and half as fast in the
 * second --- */

#if defined(__x86_64__)
#include <immintrin.h>

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

enum { AHEAD = 48 }; /* words; of 16 to 128 the fastest */

__attribute__((target("avx2"))) static void move_wide(uint64_t *to, const uint64_t *from, size_t count,
                                                      uint32_t mark, uint32_t upper) {
    const halves h = {
        .mark = _mm256_set1_epi32((int)mark),
        .change = _mm256_set1_epi64x((int64_t)((uint64_t)(mark ^ upper) << 32)),
    };
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        /* What is copied from is not looked at before the next reset: it need not push the script's own memory out of a first
         * cache of 32 KiB, which just holds both. */
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

enum { UPPER_HALVES = 0xAAAA }; /* of eight words, as a mask of their sixteen halves */

__attribute__((target("avx512f"), always_inline)) static inline void
move_eight(uint64_t *to, const uint64_t *from, __m512i mark, __m512i upper) {
    __m512i words = _mm512_load_si512(from);
    __mmask16 addresses = _mm512_mask_cmpeq_epi32_mask(UPPER_HALVES, words, mark);
    _mm512_store_si512(to, _mm512_mask_mov_epi32(words, addresses, upper));
}

/* A line of the cache at a time. The processors that have this have a first cache of 48 KiB, where no prefetch helps. */
__attribute__((target("avx512f"))) static void move_widest(uint64_t *to, const uint64_t *from, size_t count,
                                                           uint32_t mark, uint32_t upper) {
    const __m512i marks = _mm512_set1_epi32((int)mark), uppers = _mm512_set1_epi32((int)upper);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        move_eight(to + i, from + i, marks, uppers);
        move_eight(to + i + 8, from + i + 8, marks, uppers);
        move_eight(to + i + 16, from + i + 16, marks, uppers);
        move_eight(to + i + 24, from + i + 24, marks, uppers);
    }
    for (; i < count; i += LN_RELOCATE_GROUP)
        move_eight(to + i, from + i, marks, uppers);
}

static bool can_move_wide(void) {
    return __builtin_cpu_supports("avx2");
}

/* The first generations with registers of 64 bytes slow their clock down for them; those that also have VBMI2 (Ice Lake and Zen
 * 4 on) do not. */
static bool can_move_widest(void) {
    return __builtin_cpu_supports("avx512vbmi2");
}

void ln_relocate(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper) {
    if (can_move_widest())
        move_widest(to, from, count, mark, upper);
    else if (LN_LIKELY(can_move_wide()))
        move_wide(to, from, count, mark, upper);
    else
        move_plainly(to, from, count, mark, upper);
}

ln_relocate_way *ln_relocate_nth_way(unsigned n) {
    if (can_move_widest() && n-- == 0)
        return move_widest;
    if (can_move_wide() && n-- == 0)
        return move_wide;
    return n == 0 ? move_plainly : NULL;
}

#else

void ln_relocate(uint64_t *to, const uint64_t *from, size_t count, uint32_t mark, uint32_t upper) {
    move_plainly(to, from, count, mark, upper);
}

ln_relocate_way *ln_relocate_nth_way(unsigned n) {
    return n == 0 ? move_plainly : NULL;
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
