/* Sizes, durations and counts. See units.h. */
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOO_LARGE (UINT64_MAX - 1)

typedef struct unit {
    const char *suffix;
    uint64_t factor;
} unit;

/* Largest first. Of units equal in size the first is the one shown. */
static const unit sizes[] = {{"G", (uint64_t)1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}, {NULL, 0}};
static const unit durations[] = {{"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000},
                                 {"us", 1000},       {"ns", 1},         {NULL, 0}};
static const unit counts[] = {{"G", 1000000000}, {"M", 1000000}, {"K", 1000}, {"", 1}, {NULL, 0}};

static const struct {
    const unit *units;
    const char *example;
} kinds[] = {
    [UNITS_SIZE] = {sizes, "a size is like 512K, 64M or 1G"},
    [UNITS_DURATION] = {durations, "a duration is like 500us, 20ms, 1.5s or 2m"},
    [UNITS_COUNT] = {counts, "a number is like 500, 20K, 5M or 1G"},
};

const char *units_example(units_kind kind) {
    return kinds[kind].example;
}

static const unit *unit_of(units_kind kind, const char *suffix) {
    const unit *found = kinds[kind].units;
    /* "64m" and "64M" are the same size, but only "m" is a minute. */
    int (*compare)(const char *, const char *) = kind == UNITS_DURATION ? strcmp : strcasecmp;
    while (found->suffix != NULL && compare(found->suffix, suffix) != 0)
        found++;
    return found->suffix != NULL ? found : NULL;
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* Reads digits into *number. false: more than it can hold. */
static bool read_whole(const char **text, uint64_t *number) {
    bool fits = true;
    for (*number = 0; is_digit(**text); ++*text)
        fits = fits && !__builtin_mul_overflow(*number, (uint64_t)10, number) &&
               !__builtin_add_overflow(*number, (uint64_t)(**text - '0'), number);
    return fits;
}

/* The digits behind a point, as so many parts of `factor`; digits past the eighth cannot matter much and are not
 * looked at. The product below stays under 2^63 for every unit. */
static uint64_t read_fraction(const char *digits, uint64_t factor) {
    uint64_t parts = 0, ten = 1;
    for (; is_digit(*digits) && ten < 100000000; digits++, ten *= 10)
        parts = parts * 10 + (uint64_t)(*digits - '0');
    return factor * parts / ten;
}

bool units_parse(units_kind kind, const char *text, uint64_t *value) {
    if (!is_digit(*text))
        return false;
    uint64_t whole = 0;
    bool fits = read_whole(&text, &whole);
    const char *fraction = "";
    if (*text == '.') {
        fraction = ++text;
        text += strspn(text, "0123456789");
        if (text == fraction)
            return false;
    }
    const unit *found = unit_of(kind, text);
    if (found == NULL)
        return false;
    fits = fits && !__builtin_mul_overflow(whole, found->factor, &whole) &&
           !__builtin_add_overflow(whole, read_fraction(fraction, found->factor), &whole);
    *value = fits && whole < TOO_LARGE ? whole : TOO_LARGE;
    return true;
}

const char *units_format(units_kind kind, uint64_t value, char text[UNITS_TEXT_SIZE]) {
    if (value == LUNETTE_UNLIMITED)
        return memcpy(text, "none", sizeof "none");
    const unit *found = kinds[kind].units;
    while (found->factor > 1 && (value < found->factor || value % found->factor != 0))
        found++;
    snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 "%s", value / found->factor, found->suffix);
    return text;
}

const char *units_round(units_kind kind, uint64_t value, char text[UNITS_TEXT_SIZE]) {
    const unit *found = kinds[kind].units;
    while (found->factor > 1 && value < found->factor)
        found++;
    const double amount = (double)value / (double)found->factor;
    const int places = found->factor == 1 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
    snprintf(text, UNITS_TEXT_SIZE, "%.*f%s", places, amount, found->suffix);
    return text;
}
