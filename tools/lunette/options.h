/* What a command line said. One table in options.c describes every option: who takes it, what its value is, its
 * range, and its line in the help; parsing, checking and help are made from it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdint.h>

#include "tool.h"

/* Which commands take an option: a set of these. */
typedef enum command_bit {
    COMMAND_RUN = 1 << 0,
    COMMAND_REPL = 1 << 1,
    COMMAND_CHECK = 1 << 2,
    COMMAND_DOCTOR = 1 << 3,
    COMMAND_BATCH = 1 << 4,
    COMMAND_NAMES = 1 << 5,
} command_bit;

typedef struct command {
    const char *name;
    command_bit bit;
    const char *operands; /* as the usage line shows them */
    const char *summary;  /* one line */
    const char *details;  /* what the help says below the usage */
    bool operands_last;   /* the first operand ends the options: what follows is the script's */
    uint64_t wall_ns;     /* the time limit when none is given */
    uint64_t grace_ns;    /* the same for the grace time */
    tool_exit (*run)(const struct options *options);
} command;

typedef struct name_list {
    char **names; /* each its own */
    size_t count;
} name_list;

typedef struct options {
    const command *command;
    char **argv; /* of the process, untouched */

    int sandbox, guard; /* lunette_sandbox, lunette_guard */
    bool sandbox_given;
    uint64_t memory, wall, cpu, instructions, output, grace; /* as in lunette_limits */
    name_list allow, deny;
    name_list preload;    /* paths */
    uint64_t permissions; /* LUNETTE_PERMIT_… */
    const char *root;
    bool json, deterministic, help;
    bool json_ahead; /* while parsing: --json seems to stand behind */

    const char *code; /* -e */
    uint64_t workers, repeat;
    bool show_output, expect;

    char **operands; /* what is no option; a list of its own, its strings are argv's */
    int operand_count;
} options;

/* Reads a command's arguments, from argv[2] on. TOOL_OK, or TOOL_USAGE or TOOL_SYSTEM after a complaint: in
 * JSON if --json stands among them. `to` is then to be freed in either case. */
tool_exit options_parse(options *to, const command *of, int argc, char **argv);
void options_free(options *which);

/* The command's options, as the help lists them. */
void options_print_help(const command *of);

/* A usage error found later than by options_parse(): the line, in JSON too if asked for. Returns TOOL_USAGE. */
tool_exit options_complain(const options *from, const char *format, ...) TOOL_PRINTF(2, 3);

/* The configuration of an engine that these options ask for, output and callbacks excepted. Views. */
lunette_config options_config(const options *from);

#endif
