/* The programs that a machine was given last as texts, compiled: so that one that comes again is found without the lock
 * of the cache (seen.h) and without a count that threads share. On many processors those two would be what runs wait for.
 *
 * A machine's, and so one thread's at a time. It holds a reference to each; what has left the cache meanwhile is not given
 * out again, and goes when its place is wanted, or the machine is trimmed. */
#ifndef LN_MACHINE_RECENT_H
#define LN_MACHINE_RECENT_H

#include "machine/code.h"

enum { LN_RECENT = 4 };

typedef struct ln_recent {
    ln_code *codes[LN_RECENT];
    unsigned next; /* the place that is used up next */
} ln_recent;

/* NULL: it is not among them. Stays there until the next ln_recent_keep() or ln_recent_clear(). */
ln_code *ln_recent_find(const ln_recent *recent, const char *name, const char *text, size_t size);

/* Takes over the caller's reference. */
void ln_recent_keep(ln_recent *recent, ln_code *code);

void ln_recent_clear(ln_recent *recent);

#endif
