/* Lua programs by chance: made, and changed by the line. The grammar knows the language, the sandbox's names (from the
 * table that the sandbox itself is made of) and what arguments its functions find awkward; it does not know what is
 * sensible. A program that it makes is Lua as a rule, not always; and does something before it fails, as a rule. */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "fuzz.h"

/* Text that grows up to a fixed size; what does not fit is dropped, and the text stays as it was before that piece. */
typedef struct script {
    char *text;
    size_t size, room;
} script;

/* Adds a whole program. */
void grammar_program(script *to, dice *by);

/* Adds a statement, a block of them, or an expression, and a line's end. */
void grammar_statement(script *to, dice *by);

/* Changes a program of `size` bytes within `most`: a line goes, comes twice, moves, is made anew; a word becomes another,
 * all of it goes into a function, a coroutine, a pcall. Returns its new size. */
size_t grammar_mutate(char *text, size_t size, size_t most, dice *by);

/* Lines of one program among the lines of another. Returns the size of what is in `out`. */
size_t grammar_cross(const char *a, size_t a_size, const char *b, size_t b_size, char *out, size_t most,
                     dice *by);

#endif
