/* Ctrl-C, and SIGTERM, which timeout(1) and service managers send: a script that they end is still reported on. While
 * armed, the first of a kind is taken (and ends the run that is going on), and the second ends the process as if nobody had
 * asked for it. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include "tool.h"

/* From now on one is remembered, and cancels the run going on in `context` unless that is NULL. */
void interrupt_arm(lunette_context *context);

/* Back to the default action. Before the context is released. */
void interrupt_disarm(void);

/* A run is a part of a session only, and SIGTERM is meant for the whole: it has its default action. Before the first
 * interrupt_arm(). */
void interrupt_within_session(void);

/* From now on a SIGINT that comes while not armed does nothing: for a session, which an interrupt that comes a little
 * late shall not end. */
void interrupt_ignore_late(void);

/* Whether there was one since interrupt_arm(). */
bool interrupt_seen(void);

#endif
