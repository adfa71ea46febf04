/* The commands, and nothing of what they do. See commands.h. */
#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* clang-format off */
static const command commands[] = {
    {"run", COMMAND_RUN, "FILE|- [ARG…]  or  -e CODE [ARG…]", "run a script", 
     "Runs a Lua program, from a file, standard input (-) or the command line (-e), within its limits. The ARGs are\n"
     "its `...`; options come before FILE. At level none it finds what it would under lua, `arg` included.\n"
     "What it returns is shown with --json only.", true, SECOND, 0, command_run},
    {"repl", COMMAND_REPL, "", "read, run and print, line by line",
     "Each entry is run as a program of its own in one context, so globals last and locals do not. An expression's\n"
     "value is shown. An entry that is not finished goes on in the next line. :help lists the other commands.",
     false, 10 * SECOND, SECOND, command_repl},
    {"check", COMMAND_CHECK, "FILE|-…", "look for syntax errors, without running anything",
     "Says for each file that is not a Lua program where it is not.", false, SECOND, 0, command_check},
    {"batch", COMMAND_BATCH, "FILE|DIR…", "run many scripts many times, each in a clean context",
     "Runs every script (of a folder: every *.lua below it) --repeat times over --workers threads. What they print\n"
     "is dropped. The table says how the runs ended, how long they took (median and 99th percentile), the memory\n"
     "they used and committed, and how far behind the deadline those ended that ran past it.", false, SECOND, 0, command_batch},
    {"doctor", COMMAND_DOCTOR, "", "what Lunette finds on this machine, and whether it works",
     "Shows versions, the defects of the Lua release in use, what the system offers and what is made of it, and\n"
     "tries each limit once.", false, SECOND, 0, command_doctor},
    {"names", COMMAND_NAMES, "", "the names of Lua's library at each sandbox level, as Markdown",
     "The table the sandbox is made of.", false, SECOND, 0, command_names},
};
/* clang-format on */

const command *commands_find(const char *name) {
    for (size_t i = 0; i < TOOL_COUNT(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_overview(void) {
    put_format("Run Lua programs you did not write: isolated, limited, and clean again for the next one.\n\n"
               "Usage: lunette COMMAND [OPTION…] …\n\n");
    for (size_t i = 0; i < TOOL_COUNT(commands); i++)
        put_format("  %-8s %s\n", commands[i].name, commands[i].summary);
    put_format("  %-8s %s\n", "help", "this, or what COMMAND takes: lunette help COMMAND");
    put_format("\nlunette --version shows the version.\n\nExit status:\n");
#define PRINT_EXIT(constant, number, text) put_format("  %2d  %s\n", number, text);
    TOOL_EXIT_MAP(PRINT_EXIT)
#undef PRINT_EXIT
}

static void print_help(const command *of) {
    put_format("%s: %s\n\nUsage: lunette %s [OPTION…]%s%s\n\n%s\n", of->name, of->summary, of->name,
               of->operands[0] != '\0' ? " " : "", of->operands, of->details);
    options_print_help(of);
}

static tool_exit print_version(void) {
    put_format("lunette %s (%s)\n", lunette_version(), lunette_lua_version());
    return TOOL_OK;
}

static tool_exit help_command(int argc, char **argv) {
    if (argc > 3) {
        complain("help: one command at a time; type: lunette help %s", argv[2]);
        return TOOL_USAGE;
    }
    if (argc < 3 || strcmp(argv[2], "help") == 0) {
        print_overview();
        return TOOL_OK;
    }
    const command *of = commands_find(argv[2]);
    if (of == NULL) {
        complain("help: no command %s; lunette help lists them", argv[2]);
        return TOOL_USAGE;
    }
    print_help(of);
    return TOOL_OK;
}

/* The commonest mistake is what one types for other interpreters: lunette FILE. */
static tool_exit not_a_command(const char *word) {
    if (word[0] == '-' && word[1] != '\0')
        complain("no option %s before a command; type: lunette help", word);
    else if (strcmp(word, "-") == 0 || strchr(word, '.') != NULL || strchr(word, '/') != NULL ||
             access(word, F_OK) == 0)
        complain("no command %s; to run a script, type: lunette run %s", word, word);
    else
        complain("no command %s; lunette help lists them", word);
    return TOOL_USAGE;
}

tool_exit commands_dispatch(int argc, char **argv) {
    if (argc < 2) {
        complain("no command; type: lunette run FILE, or lunette help");
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)
        return print_version();
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_command(argc, argv);
    const command *of = commands_find(argv[1]);
    if (of == NULL)
        return not_a_command(argv[1]);
    options parsed;
    tool_exit status = options_parse(&parsed, of, argc, argv);
    if (status == TOOL_OK && parsed.help)
        print_help(of);
    else if (status == TOOL_OK)
        status = of->run(&parsed);
    options_free(&parsed);
    return status;
}
