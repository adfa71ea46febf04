/* What the fuzzers share. Each has one entry point of libFuzzer's, LLVMFuzzerTestOneInput(), and is built twice:
 * with libFuzzer, to look for inputs (make fuzz), and with replay.c, by any compiler, to run the inputs that were
 * found once more in the ordinary tests.
 *
 * A harness knows what must be true of every input (its oracle, argued at its top), and ends the process where it is
 * not: that is what libFuzzer takes for a finding. What an input means never depends on the inputs before it, so
 * that a finding repeats; only checks that are too dear for every input are made at every nth one. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's names. It finds the mutators by weak symbols: a harness has them or not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most); /* libFuzzer's own */

#define FUZZ_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Ends the process, with words, unless the condition holds. */
#define FUZZ_EXPECT(condition, ...)                                    \
    do {                                                               \
        if (!(condition))                                              \
            fuzz_finding(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    } while (0)
_Noreturn __attribute__((format(printf, 4, 5))) void
fuzz_finding(const char *file, int line, const char *condition, const char *format, ...);

/* The file that is replayed, for words; NULL in libFuzzer. */
extern const char *fuzz_input;

/* True in the replay, where every input gets the checks that are too dear for a campaign. */
extern const bool fuzz_thorough;

/* An input, read as a sequence of choices. Behind its end all choices are 0. */
typedef struct feed {
    const uint8_t *at;
    size_t left;
} feed;

uint8_t feed_byte(feed *from);
uint64_t feed_u64(feed *from);
/* 0 to n - 1; n is at most 65536. */
size_t feed_below(feed *from, size_t n);
/* The next bytes, at most `most` of them and as many as a choice says. */
const uint8_t *feed_bytes(feed *from, size_t most, size_t *size);

/* Numbers for mutators and generators, from a seed. */
typedef struct dice {
    uint64_t state;
} dice;

dice dice_new(uint64_t seed);
uint64_t dice_roll(dice *from);
size_t dice_below(dice *from, size_t n);
/* True once in n times. */
bool dice_once_in(dice *from, size_t n);

/* As config.log, which is told of faults of the VM: each is a finding where none is to be expected (fault.c). */
void fuzz_log(void *ud, const char *line);

/* How often what came of an input, told on standard error as the process ends, when FUZZ_COUNTS is set: the campaign's
 * figures. `names` are static. */
void fuzz_count(const char *name);

#endif
