/* The commands of the tool: found by name, and called. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "options.h"

/* NULL: there is none of that name. */
const command *commands_find(const char *name);

/* Does what a command line says. Standard output may still hold something: finish() is the caller's. */
tool_exit commands_dispatch(int argc, char **argv);

#endif
