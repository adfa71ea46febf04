/* The records that --json prints. What is put in them is the script's: any bytes, any numbers. A record is valid
 * JSON in UTF-8 all the same, and nothing is lost in it:
 *   a string that is not UTF-8             {"$bytes":"<base64>"}
 *   a number that JSON does not have       {"$number":"nan"}, "inf", "-inf"
 *   a function, a userdata                 {"$function":ID}, {"$userdata":"coroutine"}
 *   a table with keys that are no UTF-8 strings, or with one that begins with "$"
 *                                          {"$members":[[KEY,VALUE],…]}
 *
 * Every function that makes a json_t answers NULL when memory is out, and each that takes one takes NULL for that:
 * a record is built without a look at every step, and is NULL as a whole if any step failed. */
#ifndef RECORD_H
#define RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "tool.h"

/* Adds a member; gives up the record (sets *record to NULL) when that fails, or when `value` is NULL. */
void record_put(json_t **record, const char *key, json_t *value);
void record_append(json_t **list, json_t *value);

json_t *record_integer(uint64_t value);
/* Text of the tool's own or of an error message: bytes that are no UTF-8 become U+FFFD. */
json_t *record_text(const char *string);
/* Nanoseconds as microseconds, in eighths: those are exact in binary and stay short in print. */
json_t *record_microseconds(uint64_t nanoseconds);
json_t *record_value(const lunette_value *value);
json_t *record_error(const lunette_error *error);
json_t *record_stats(const lunette_stats *stats);

/* What there is to tell of one run. NULL where there is nothing. */
typedef struct record_of_run {
    lunette_status status;
    const lunette_value *results; /* an array */
    const char *output;
    size_t output_size;
    const lunette_error *error;
    const lunette_stats *stats;
} record_of_run;

json_t *record_run(const record_of_run *run);

/* Prints a record on one line and frees it; in place of one that is NULL, the record that memory is out.
 * TOOL_OK, or TOOL_SYSTEM after a complaint. */
tool_exit record_print(json_t *record);

#endif
