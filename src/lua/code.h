/* A compiled program outside any VM: what lua_dump() wrote, counted by who holds it. Only this room makes one, from
 * text, in a VM that no script has run in since it was restored; so it is as good as the text. */
#ifndef LN_LUA_CODE_H
#define LN_LUA_CODE_H

#include <stdatomic.h>
#include <stddef.h>

typedef struct ln_code {
    atomic_size_t references;
    size_t size;
    size_t room;
    char bytes[];
} ln_code;

void ln_code_retain(ln_code *code);

/* Nulls the pointer; NULL and a pointer to NULL are allowed. */
void ln_code_release(ln_code **code);

#endif
