/* Limits that a run has only when the host asks for them, because each has a cost: how often it may ask for memory, how
 * long a string it may make, how many calls may be inside one another.
 *
 * The first two stand between Lua and its allocator, for such runs alone: others do not pay for them. What always holds:
 * outside of a run Lua's allocator is the machine's; a run that is abandoned is restored from its image, which has that
 * too. The third is looked at by the count hook (enter.c), so a script may be a few levels deeper than it may. */
#ifndef LN_LUA_QUOTA_H
#define LN_LUA_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

struct lunette_program;
struct ln_vm;

/* In a VM. All zero: no limits. */
typedef struct ln_quota {
    bool counts_memory;   /* our allocator stands before the machine's */
    uint64_t blocks_left; /* that may be asked for */
    uint64_t string_most; /* bytes of a block that holds a string */
    uint64_t stack_depth; /* levels in one coroutine; 0: no limit */
} ln_quota;

/* Instructions between two looks at the depth. */
enum { LN_QUOTA_STEP = 100 };

/* Before and after the script's part of a run; a run that waits for the host goes on with what is left then. None of
 * these raises. */
void ln_quota_begin(struct ln_vm *vm, const struct lunette_program *program);
void ln_quota_go_on(struct ln_vm *vm);
void ln_quota_end(struct ln_vm *vm, bool waits);

/* From the count hook. Raises, when the coroutine is deeper in calls than it may be. */
void ln_quota_check_depth(lua_State *L, const ln_quota *quota);

#endif
