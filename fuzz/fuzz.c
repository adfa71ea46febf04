/* See fuzz.h. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *fuzz_input;

void fuzz_finding(const char *file, int line, const char *condition, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "\nFINDING: %s:%d: %s: ", file, line, condition);
    vfprintf(stderr, format, list);
    fputs(fuzz_input != NULL ? " in " : "", stderr);
    fputs(fuzz_input != NULL ? fuzz_input : "", stderr);
    fputc('\n', stderr);
    va_end(list);
    abort();
}

uint8_t feed_byte(feed *from) {
    if (from->left == 0)
        return 0;
    from->left--;
    return *from->at++;
}

uint64_t feed_u64(feed *from) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | feed_byte(from);
    return value;
}

size_t feed_below(feed *from, size_t n) {
    if (n <= 1)
        return 0;
    size_t value = feed_byte(from);
    if (n > 256)
        value = value << 8 | feed_byte(from);
    return value % n;
}

const uint8_t *feed_bytes(feed *from, size_t most, size_t *size) {
    size_t wanted = feed_below(from, most + 1);
    const uint8_t *bytes = from->at;
    *size = wanted < from->left ? wanted : from->left;
    from->at += *size;
    from->left -= *size;
    return bytes;
}

/* splitmix64: any seed will do, also 0. */
dice dice_new(uint64_t seed) {
    return (dice){seed};
}

uint64_t dice_roll(dice *from) {
    uint64_t z = from->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

size_t dice_below(dice *from, size_t n) {
    return n == 0 ? 0 : (size_t)(dice_roll(from) % n);
}

bool dice_once_in(dice *from, size_t n) {
    return dice_below(from, n) == 0;
}

/* --- Counting ------------------------------------------------------------------------------------------------ */

static struct {
    const char *name;
    unsigned long long times;
} counts[64];

static void tell_counts(void) {
    fputs("counts:", stderr);
    for (size_t i = 0; i < FUZZ_COUNT(counts) && counts[i].name != NULL; i++)
        fprintf(stderr, " %s %llu", counts[i].name, counts[i].times);
    fputc('\n', stderr);
}

static bool wants_counts(void) {
    static int wanted = -1;
    if (wanted < 0) {
        wanted = getenv("FUZZ_COUNTS") != NULL;
        if (wanted)
            atexit(tell_counts);
    }
    return wanted != 0;
}

void fuzz_count(const char *name) {
    if (!wants_counts())
        return;
    for (size_t i = 0; i < FUZZ_COUNT(counts); i++) {
        if (counts[i].name == NULL)
            counts[i].name = name;
        if (counts[i].name == name || strcmp(counts[i].name, name) == 0) {
            counts[i].times++;
            return;
        }
    }
}
