/* The words that the grammar makes programs of: lists of what is awkward in one place or another, and the sandbox's names,
 * from the table that the sandbox itself is made of. Which word comes is a matter of the dice alone. */
#ifndef WORDS_H
#define WORDS_H

#include "fuzz.h"

typedef enum words {
    WORDS_VARIABLES, /* the names that programs share */
    WORDS_FIELDS,    /* of tables */
    WORDS_EVENTS,    /* metatables' keys */
    WORDS_NUMBERS,   /* expressions around which arithmetic changes */
    WORDS_STRINGS,   /* expressions */
    WORDS_PATTERNS,  /* for string.find and its kin, right and wrong */
    WORDS_FORMATS,   /* for string.format */
    WORDS_PACKS,     /* for string.pack */
    WORDS_DATES,     /* for os.date */
    WORDS_OPERATORS, /* between two operands */
    WORDS_UNARIES,   /* before one */
    WORDS_OPTIONS,   /* strings that functions and metatables have a meaning for */
    WORDS_LIBRARIES, /* what require is asked for */
    WORDS_SOURCES,   /* texts for load */
} words;

/* One of a list: Lua's text, static. */
const char *words_pick(words kind, dice *by);

/* A name of the standard library ("" for the library of globals) or of the harness's. */
typedef struct words_name {
    const char *library, *name;
} words_name;

/* A name that a restricted script has; seldom one that it must not have. */
const words_name *words_pick_name(dice *by);

#endif
