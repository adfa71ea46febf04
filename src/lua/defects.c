/* The memory-safety defects of Lua 5.4 releases that a text script can reach, for people who want to know what
 * the Lua at hand has. docs/sandbox.md says more about each. */
#include <string.h>

#include "base/compiler.h"
#include "lua/vm.h"
#include "lunette/engine.h"

/* In which of the releases 5.4.0 to 5.4.8 it is: bit n for 5.4.n. */
enum { BEFORE_4_5 = 0x1F, BEFORE_4_7 = 0x7F, BEFORE_4_8 = 0xFF, ALL = 0x1FF, R4 = 1 << 4 };

static const struct known {
    lunette_defect defect;
    unsigned releases;
} KNOWN[] = {
    {{"concat-stale-top", "a __concat handler that grows the stack: a crash or a wrong result", "5.4.5",
      "contained: a fault ends the script"},
     R4},
    {{"close-errfunc-oob", "coroutine.close after an xpcall: a read past the stack", "5.4.8",
      "unreachable: coroutine.close refuses such coroutines"},
     BEFORE_4_8},
    {{"allweak-metatable-uaf",
      "a table with __mode=\"kv\" that gets a new metatable during a collection: use after free", "",
      "contained: a fault ends the script"},
     ALL},
    {{"finishset-weak-mt-uaf", "an assignment to a weak table at the memory limit: use after free", "5.4.8",
      "contained: a fault ends the script"},
     BEFORE_4_8},
    {{"gmatch-matchdepth", "an iterator of gmatch called after \"pattern too complex\": C stack overflow", "",
      "unreachable: the iterator ends after an error"},
     ALL},
    {{"coroutine-close-chain", "coroutines that close one another in a chain: C stack overflow", "5.4.5",
      "unreachable: closing counts as a nested C call"},
     BEFORE_4_5},
    {{"getobjname-recursion", "the name of a variable in an error message: C stack overflow, seconds of time",
      "5.4.7", "contained: a fault or the deadline ends the script"},
     BEFORE_4_7},
};

const lunette_defect *lunette_lua_defect(size_t index) {
    const char *release = ln_lua_release();
    unsigned number = strlen(release) > 4 ? (unsigned)(release[4] - '0') : 0;
    for (size_t i = 0; i < LN_COUNT(KNOWN); i++)
        if ((KNOWN[i].releases >> number & 1) && index-- == 0)
            return &KNOWN[i].defect;
    return NULL;
}
