/* The way to a value that lies inside of others, as a chain of steps on the C stack of whoever walks, and how a message tells
 * where it is: `results[2].items[17]`. */
#ifndef LN_MACHINE_STEP_H
#define LN_MACHINE_STEP_H

#include "lunette/value.h"

/* An entry of what lies one step up. */
typedef struct ln_step {
    const struct ln_step *up;
    const void *container; /* the walker's name of what it is an entry of, to know one that contains itself */
    const lunette_value *key; /* NULL: an index */
    size_t index;
    size_t depth;
} ln_step;

enum { LN_STEP_TEXT = 900 };

/* Writes where that is, from `root` on (NULL: that itself), and `what` of it. A way that is too long is cut, the words are
 * not, if they are less than a hundred bytes. */
void ln_step_tell(const ln_step *step, const char *root, const char *what, char text[LN_STEP_TEXT]);

/* --- What goes wrong there --- */

typedef enum ln_bound { LN_BOUND_DEPTH, LN_BOUND_ITEMS, LN_BOUND_BYTES } ln_bound;

enum { LN_BOUND_TEXT = 100 };

/* Says in words that the bound was reached, and which it is: "… (bounds.items is 100)". */
void ln_bound_tell(ln_bound bound, const lunette_bounds *bounds, char text[LN_BOUND_TEXT]);

#endif
