/* What kind of mistake an error was, from Lua's own words, and where in its line a syntax error stands. Both are helps for
 * people: what a run ends with never depends on them, for a script can write the same words. */
#ifndef LN_LUA_KIND_H
#define LN_LUA_KIND_H

#include <stddef.h>

#include "lunette/error.h"

struct lua_State;

/* Remembers which functions of the base library raise what a script gives them. When the library was opened, before any
 * script runs. May raise (memory). */
void ln_kind_learn(struct lua_State *L);

/* In a message handler: of the error with this message (zero-terminated). Does not raise. Needs a slot. */
lunette_error_kind ln_kind_of_error(struct lua_State *L, const char *message);

/* From the words alone. */
lunette_error_kind ln_kind_of_words(const char *message);

/* The byte of the line, from 1, at which stands what `message` says the error is near; 0: that is not there, or more than
 * once. */
int ln_kind_column(const char *text, size_t size, int line, const char *message);

#endif
