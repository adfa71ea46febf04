/* The units people type and read: sizes (64M: binary), durations (250ms), counts (5M: decimal). */
#ifndef UNITS_H
#define UNITS_H

#include <stdint.h>

#include "tool.h"

typedef enum units_kind { UNITS_SIZE, UNITS_DURATION, UNITS_COUNT } units_kind;

/* Reads all of a text as bytes, nanoseconds or a number. false: it is none. What does not fit is UINT64_MAX - 1,
 * which no range includes. */
bool units_parse(units_kind kind, const char *text, uint64_t *value);

/* What a value of that kind looks like, for a complaint: "like 512K, 64M or 1G". */
const char *units_example(units_kind kind);

/* Enough for any of the texts below. */
#define UNITS_TEXT_SIZE 32

/* The value as someone would type it: "64M", "1s", "1500us"; UINT64_MAX is "none". Returns `text`. */
const char *units_format(units_kind kind, uint64_t value, char text[UNITS_TEXT_SIZE]);

/* The value rounded to three digits, for tables: "1.21M", "12.3ms". Returns `text`. */
const char *units_round(units_kind kind, uint64_t value, char text[UNITS_TEXT_SIZE]);

#endif
