/* Scripts for the fuzzer `host`, made by the bytes of an input: each choice is a byte, so that what changes a byte changes
 * a statement. They use what host_world.c has, and what earlier scripts left in the globals that they share. */
#ifndef HOST_SCRIPT_H
#define HOST_SCRIPT_H

#include "fuzz.h"
#include "grammar.h"

/* Adds a script. *serials: of the functions that say who they are; counts on. */
void host_script(script *to, feed *from, int *serials);

#endif
