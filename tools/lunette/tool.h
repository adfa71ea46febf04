/* What every part of the tool shares: how it ends, how it complains, and the commands.
 *
 * The tool is a host like any other: it sees the public headers and nothing else of Lunette. Two rules hold for
 * all of it. Standard output carries what was asked for and nothing else, standard error everything else, and
 * whatever stands in stdout's buffer goes out before anything is said on standard error, so that the two keep
 * their order on a terminal. And no failure is silent: a call that fails ends in one line that says what was
 * wrong, and in an exit status of its own kind. */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include <lunette.h>

#define TOOL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__GNUC__)
#define TOOL_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define TOOL_PRINTF(format_index, first_index)
#endif

/* How the process can end. Fixed for ever: people's shell scripts know them. 70, 71 and 74 are sysexits.h's. */
/* clang-format off */
#define TOOL_EXIT_MAP(X) \
    X(OK,           0, "the script ended normally") \
    X(SCRIPT,       1, "the script raised an error; for doctor a test, for batch --expect an expectation failed") \
    X(USAGE,        2, "wrong usage, or a file that cannot be read") \
    X(SYNTAX,       3, "the text is not a Lua program") \
    X(MEMORY,       4, "memory limit") \
    X(TIME,         5, "time limit") \
    X(LIMIT,        6, "another limit: processor time, instructions, output, the size of a value") \
    X(CANCELLED,    7, "cancelled by an interrupt (Ctrl-C, SIGTERM)") \
    X(VM_FAULT,     8, "a defect of the Lua release ended the script") \
    X(DEFECT,      70, "a defect of Lunette") \
    X(SYSTEM,      71, "the system refused: no memory, too small a stack, a feature it lacks") \
    X(OUTPUT,      74, "standard output cannot be written")
/* clang-format on */

typedef enum tool_exit {
#define TOOL_EXIT_ENUM(constant, number, text) TOOL_##constant = (number),
    TOOL_EXIT_MAP(TOOL_EXIT_ENUM)
#undef TOOL_EXIT_ENUM
} tool_exit;

/* One line on standard error, "lunette: " before it; stdout's buffer first. */
void complain(const char *format, ...) TOOL_PRINTF(1, 2);

/* Complains that memory ran out; returns TOOL_SYSTEM. */
tool_exit out_of_memory(void);

/* Bytes to standard output. false once that has failed; the reason is kept for finish(). */
bool put_bytes(const char *bytes, size_t size);
void put_format(const char *format, ...) TOOL_PRINTF(1, 2);

/* Whether standard output has failed. */
bool output_failed(void);

/* Empties stdout's buffer. `status`, or TOOL_OUTPUT after a complaint if anything could not be written: a reader
 * that went away (EPIPE) is no news, and is not complained about. */
tool_exit finish(tool_exit status);

struct options;

/* The commands. Each has its options parsed and its operands counted. */
tool_exit command_run(const struct options *options);
tool_exit command_repl(const struct options *options);
tool_exit command_check(const struct options *options);
tool_exit command_doctor(const struct options *options);
tool_exit command_batch(const struct options *options);
tool_exit command_names(const struct options *options);

#endif
