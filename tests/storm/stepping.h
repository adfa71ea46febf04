/* A call of the library's, one machine instruction at a time, and at each of them a process of its own in which something
 * comes in there.
 *
 * The processor's trap flag raises SIGTRAP behind every instruction. The handler counts, and forks: the child does to the run
 * what is to be done at this instruction, goes on, judges what comes of it and exits; the parent waits for that, and goes on to
 * the next instruction, of a run that nothing has happened to. So all of a run is tried in one pass, and what each attempt
 * leaves behind is looked at by itself.
 *
 * What comes in comes by the guard's own way: its signal, as the watchdog sends it, is pending while the handler runs, and is
 * delivered as that returns, at the instruction that comes next. What to make of it is the guard's decision. Where it leaves the
 * run alone, the child sends the signal again behind the next instruction, as the watchdog would some microseconds later. (A
 * forked child has no watchdog.) A host section is not stepped to its end, but left to end by itself.
 *
 * Nothing is stepped twice where nothing new is to be seen: an instruction that repeats itself (rep movsb) counts once, and a
 * long call of libc is skipped from some point on: the parent exchanges its return address for that of a breakpoint. */
#ifndef STEPPING_H
#define STEPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

typedef enum stepping_act {
    STEPPING_KILL,     /* it is cancelled, and had been asked before where it stands */
    STEPPING_ASK_KILL, /* it is cancelled: asked where it stands, and ended an instruction later */
    STEPPING_ASK,      /* it is near its deadline: asked where it stands, and goes on */
    STEPPING_SOFTEN,   /* it is cancelled, and has a grace time: an error is raised in the script */
    STEPPING_ACTS,
} stepping_act;

/* Where a run was left. */
typedef enum stepping_end {
    STEPPING_AT_ONCE, /* at the first instruction that the signal came to */
    STEPPING_LATER,   /* at a later one, or as a function of libc returned */
    STEPPING_SECTION, /* as a host section ended */
    STEPPING_OVER,    /* it came to its end */
    STEPPING_ENDS,
} stepping_end;

/* One pass. */
typedef struct stepping {
    /* Set by the caller. */
    lunette_context *context;
    bool all;           /* is tried; else what is new (stepping_seen), and every so manieth instruction */
    unsigned own_share; /* of the library's own addresses one in so many is tried; 1: each */
    bool whole;         /* from the first instruction of the call; else from where the run has begun */
    bool asked;         /* at its first instruction where it stands: the answer is stepped through, too */
    bool grows;         /* the arena does: whenever it has, what was tried is new again */
    int failures_most;
    struct stepping_seen *seen;
    /* Found. */
    size_t steps; /* instructions stepped */
    size_t tried[STEPPING_ACTS];
    size_t ends[STEPPING_ENDS];
    int failures;
    /* In a child. */
    stepping_act act;
    stepping_end end;
    char place[80]; /* of the instruction, as object and offset */
} stepping;

/* Of several passes together: the addresses that something was tried at. */
typedef struct stepping_seen {
    size_t count;
    uintptr_t places[1 << 16];
} stepping_seen;

const char *stepping_act_name(stepping_act act);

/* Takes SIGTRAP. NULL: it can be done here. Else why not. */
const char *stepping_open(void);

/* From here to stepping_end_of() the calling thread is stepped. It must have had a run before, which gave it its signal stack. */
void stepping_begin(stepping *sweep);

/* False: this is the process that began, all was tried. True: this is one in which something happened, which has to judge and to
 * leave by stepping_exit(). *left: what is wrong about where the run was left, or NULL. */
bool stepping_end_of(stepping *sweep, const char **left);

_Noreturn void stepping_exit(const stepping *sweep, const char *failure);

#endif
