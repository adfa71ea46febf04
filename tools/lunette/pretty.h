/* Values as a person would write them in Lua: strings quoted, tables in braces and indented, members in order. */
#ifndef PRETTY_H
#define PRETTY_H

#include "text.h"

/* Adds the value; a table goes on one line if it fits. */
void pretty_value(text *to, const lunette_value *value);

/* The reserved words of Lua, NULL behind the last. */
extern const char *const pretty_reserved[];

#endif
