/* Lines from whoever sits in front of the tool: with editing, history and completion on a terminal (through libedit
 * or readline, whichever the build found), plain ones from anything else. */
#ifndef LINES_H
#define LINES_H

#include "text.h"

typedef enum lines_result {
    LINES_READ,
    LINES_END,         /* no more input */
    LINES_INTERRUPTED, /* Ctrl-C while editing: the line is abandoned */
    LINES_FAILED,      /* out of memory, or the input cannot be read */
} lines_result;

/* Whether standard input is a terminal: prompts make sense then. */
bool lines_interactive(void);

/* Reads the history. */
void lines_start(void);

/* Reads one line, without its end, into `to`, which it empties first. */
lines_result lines_read(text *to, const char *prompt);

/* Puts an entry into the history. */
void lines_remember(const char *entry);

/* Writes the history; that this fails is nobody's business. */
void lines_stop(void);

#endif
