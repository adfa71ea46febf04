/* What the Tab key can complete: Lua's reserved words, the names of the standard library ("string.format"), and
 * every name that was typed in the session. Nothing is asked of the session's context: looking around in it would
 * be a run, and a run can end it. */
#ifndef WORDS_H
#define WORDS_H

#include "tool.h"

/* The words of Lua and of its library at a level. Memory that runs out means fewer words. */
void words_start(lunette_sandbox level);
void words_learn(const char *entry);
void words_stop(void);

/* The word number `from` or later that begins with `prefix`, and in *from the number behind it; NULL: no more. */
const char *words_next(const char *prefix, size_t *from);

/* Whether a byte can be part of such a word. */
bool words_byte(char byte);

#endif
