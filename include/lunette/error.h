/** @file
 * What went wrong in a script, as the context keeps it until its next run, reset or release. */
#ifndef LUNETTE_ERROR_H
#define LUNETTE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "lunette/status.h"
#include "lunette/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define LUNETTE_ERROR_KIND_MAP(X) \
    X(GENERIC,    0, "generic")     /* any other, and all that a script raises by error() or assert() */ \
    X(TYPE,       1, "type")        /* a value of a type that the operation or the function does not take */ \
    X(REFERENCE,  2, "reference")   /* a nil was indexed, called or used: mostly a name that is not there */ \
    X(RANGE,      3, "range")       /* a number or a size beyond what can be represented or is allowed */ \
    X(MODULE,     4, "module")      /* `require` found no such module, or could not load it */ \
    X(PERMISSION, 5, "permission")  /* what the script asked for is not permitted to it */
/* clang-format on */

/** What kind of mistake a RUNTIME_ERROR was, as far as Lua's or the host's own words tell: a help for those who sort
 * errors. Unlike the status it must not decide anything. */
typedef enum lunette_error_kind {
#define LUNETTE_ERROR_KIND_ENUM(constant, number, name) LUNETTE_ERROR_##constant = (number),
    LUNETTE_ERROR_KIND_MAP(LUNETTE_ERROR_KIND_ENUM)
#undef LUNETTE_ERROR_KIND_ENUM
} lunette_error_kind;

/** "type"; "unknown" for a number that is none. Static text. Any thread. */
LUNETTE_API const char *lunette_error_kind_name(lunette_error_kind kind);

/** One level of a trace, innermost first. */
typedef struct lunette_frame {
    const char *function; /**< "price", "method 'add'", "main chunk", "?"; never NULL */
    const char *chunk;    /**< the script's name as the host gave it; "[C]" for native code; never NULL */
    int line;             /**< from 1; 0 where there is none */
    bool native;          /**< a function of Lua's library or of the host */
} lunette_frame;

/** New fields are added at the end only; the library alone makes these objects. */
typedef struct lunette_error {
    lunette_status code; /**< what the run returned */
    const char *message; /**< without the place; zero-terminated, never NULL; at most 1,000 bytes, then "…" */
    const char *chunk;   /**< where it happened, or NULL where that is not known */
    int line;            /**< from 1; 0 where that is not known */
    const lunette_frame *frames; /**< the trace; NULL when frame_count is 0 */
    size_t frame_count;
    /** Levels between the innermost and the outermost ones kept. Of a very deep stack only the innermost
     * are kept, and this says how many more there are at least. */
    size_t frames_left_out;
    /** The script's own error value (converted raw, bounds cut), or NULL: there is none, for limits and
     * syntax errors. */
    const lunette_value *value;
    lunette_error_kind kind; /**< of a RUNTIME_ERROR; else GENERIC */
    /** Byte in the line, from 1; 0 where that is not known: Lua itself tells lines only, so it is there
     * for syntax errors whose word stands once in its line. */
    int column;
} lunette_error;

/** Writes an error for people, as Lua's own program does: "chunk:line: message", then the trace, a line for each frame.
 * *text is then the caller's, to be freed by lunette_string_free(). OK, INVALID_ARGUMENT, NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_error_text(const lunette_error *error, char **text);

/** Writes an error as a JSON object on one line: {"code": "runtime_error", "kind", "message", "chunk" (or null), "line",
 * "column", "frames": [{"function", "chunk", "line", "native"}], "frames_left_out", and "value" where there is one, as
 * lunette_value_json() writes it}. OK, INVALID_ARGUMENT, NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_error_json(const lunette_error *error, char **json);

/** Why the last call of this thread that returned a negative status did so: which argument, what was wrong
 * with it, what to do. Zero-terminated; "" when none failed; valid until this thread's next call. Any thread. Functions
 * that are given a lunette_call or a lunette_machine leave it alone: what they answer is for the host's function or the
 * backend to answer, and becomes the script's error. */
LUNETTE_API const char *lunette_last_failure(void);

#ifdef __cplusplus
}
#endif

#endif
