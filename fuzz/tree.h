/* Values from an input, and what Lua makes of them: a model of the conversions, written from the headers alone. */
#ifndef TREE_H
#define TREE_H

#include <lunette.h>

#include "fuzz.h"

/* Makes a value; valid until tree_clear(). At most some thousand values; deep ones now and then. */
lunette_value tree_value(feed *from);

/* What a script that gets the value and gives it back should give back: members with nil are gone, of equal keys the last
 * one counts, numbers that are integers are integers as keys, and a table whose keys are 1 to n is an array. */
lunette_value tree_expected(const lunette_value *value);

/* Can it be given to a script at all? No NaN and no table as a key, nothing too deep. */
bool tree_is_sound(const lunette_value *value);

/* Values inside, itself excluded; tables inside tables, itself included. */
size_t tree_items(const lunette_value *value);
size_t tree_depth(const lunette_value *value);

void tree_clear(void);

#endif
