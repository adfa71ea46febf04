/** @file
 * Every outcome Lunette reports, as one list: the constant, its number (fixed for ever, it is part of the
 * ABI), its name in JSON and logs, and a sentence for people.
 *
 * Three kinds are kept apart:
 *   0          the script ended normally;
 *   positive   the script's own outcome: it failed, or a limit ended it. The context has an error object
 *              that says more, and is ready for the next run;
 *   negative   the host's mistake or the host's shortage: the call did nothing. */
#ifndef LUNETTE_STATUS_H
#define LUNETTE_STATUS_H

#include <stdbool.h>

#include "lunette/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define LUNETTE_STATUS_MAP(X) \
    X(OK,                   0, "ok",                 "the script ended normally") \
    X(RUNTIME_ERROR,        1, "runtime_error",      "the script raised an error") \
    X(SYNTAX_ERROR,         2, "syntax_error",       "the text is not a Lua program") \
    X(MEMORY_LIMIT,         3, "memory_limit",       "the script needed more memory than its limit") \
    X(TIME_LIMIT,           4, "time_limit",         "the script ran past its wall-clock deadline") \
    X(CPU_LIMIT,            5, "cpu_limit",          "the script used up its processor time") \
    X(INSTRUCTION_LIMIT,    6, "instruction_limit",  "the script used up its instructions") \
    X(OUTPUT_LIMIT,         7, "output_limit",       "the script printed more than it may") \
    X(HOST_CALL_LIMIT,      8, "host_call_limit",    "the script called the host more often than it may") \
    X(HOST_TIME_LIMIT,      9, "host_time_limit",    "the script's calls into the host took longer than they may") \
    X(VALUE_LIMIT,         10, "value_limit",        "a value is too deep, too large or contains itself") \
    X(CANCELLED,           11, "cancelled",          "the host cancelled the run") \
    X(VM_FAULT,            12, "vm_fault",           "a defect of the Lua release ended the script") \
    X(SUSPENDED,           13, "suspended",          "the run waits for an answer of the host") \
    X(INVALID_ARGUMENT,    -1, "invalid_argument",   "an argument is NULL, out of range or contradicts another") \
    X(NO_MEMORY,           -2, "no_memory",          "the host has no memory left for this call") \
    X(BUSY,                -3, "busy",               "the context is in use by another thread, or inside a run") \
    X(CLOSED,              -4, "closed",             "the object was closed") \
    X(WRONG_STATE,         -5, "wrong_state",        "the object is not in a state that allows this call") \
    X(STALE,               -6, "stale",              "the handle belongs to a run or context that is gone") \
    X(NOT_FOUND,           -7, "not_found",          "there is nothing of that name") \
    X(UNSUPPORTED,         -8, "unsupported",        "this build, backend or system cannot do that") \
    X(STACK_TOO_SMALL,     -9, "stack_too_small",    "the thread has too little C stack left to run a script") \
    X(SYSTEM,             -10, "system",             "the operating system refused") \
    X(EXHAUSTED,          -11, "exhausted",          "a maximum is reached: the pool's, or that of snapshots") \
    X(DEFECT,            -127, "defect",             "Lunette found itself in a state that must not be: please report it")
/* clang-format on */

typedef enum lunette_status {
#define LUNETTE_STATUS_ENUM(constant, number, name, text) LUNETTE_##constant = (number),
    LUNETTE_STATUS_MAP(LUNETTE_STATUS_ENUM)
#undef LUNETTE_STATUS_ENUM
} lunette_status;

/** The status's name as JSON and logs write it ("memory_limit"), or "unknown" for a number that is none.
 * Static text. Any thread. */
LUNETTE_API const char *lunette_status_name(lunette_status status);

/** A sentence for people. Static text, never NULL. Any thread. */
LUNETTE_API const char *lunette_status_text(lunette_status status);

#ifdef __cplusplus
}
#endif

#endif
