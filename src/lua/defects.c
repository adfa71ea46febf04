/* The memory-safety defects of Lua 5.4 releases that a text script at level restricted can reach, or could if the sandbox
 * did not keep it from them: the one list, for people who want to know what the Lua at hand has. docs/sandbox.md says more
 * about each, a script in tests/hostile/ tries each (its header names it), and tests/guards/defects.py compares the
 * three. A protection begins with what it comes to: "unreachable" is what the scripts hold the sandbox to; "contained"
 * lets them end with a fault, no worse.
 *
 * Facts from lua.org/bugs.html, from the history of Lua's sources, and from trying 5.4.2, 5.4.4, 5.4.7 and 5.4.9. */
#include "base/compiler.h"
#include "lua/internal.h"

/* In which of the releases it is: bit n for 5.4.n. */
#define RELEASES(first, last) ((2u << (last)) - (1u << (first)))

static const struct known {
    lunette_defect defect;
    unsigned releases;
    bool (*has)(void); /* tried, where it is mended without another number as well; NULL: those releases do */
} KNOWN[] = {
    {{"stack-resize-gc", "a collection while the stack grows frees what is in use (CVE-2020-15888)", "5.4.1",
      "contained: a fault ends the script"},
     .releases = RELEASES(0, 0)},
    {{"callnoyield-redzone", "a call of what is no function at the end of the C stack (CVE-2020-24342)",
      "5.4.1", "contained: a fault ends the script"},
     .releases = RELEASES(0, 0)},
    {{"sweep-barrier", "what is stored during a sweep is freed (CVE-2020-24371, CVE-2020-15889)", "5.4.1",
      "unreachable: no script runs during a collection (config.gc)"},
     .releases = RELEASES(0, 0)},
    {{"close-error-nest", "closing methods that raise errors nest without limit: C stack overflow", "5.4.3",
      "contained: a fault ends the script"},
     .releases = RELEASES(0, 2)},
    {{"resume-depth",
      "coroutines that resume one another nest without limit: C stack overflow (CVE-2021-43519)", "5.4.4",
      "unreachable: coroutine.resume measures the C stack"},
     .releases = RELEASES(0, 3)},
    {{"vararg-close-yield", "a closing method that yields while results are returned: wrong results", "5.4.4",
      "contained: a fault ends the script"},
     .releases = RELEASES(3, 3)},
    {{"env-const", "a constant _ENV: a register that is none is read (CVE-2022-28805)", "5.4.5",
      "unreachable: such a text is refused where Lua was not mended (config.check_texts)"},
     .releases = RELEASES(0, 4),
     .has = ln_scan_minds_env},
    {{"error-stack-overflow",
      "an error while one is handled at the stack's end: a write past it (CVE-2022-33099)", "5.4.5",
      "contained: a fault ends the script"},
     .releases = RELEASES(0, 4),
     .has = ln_trial_error},
    {{"coroutine-close-chain", "coroutines that close one another in a chain: C stack overflow", "5.4.5",
      "unreachable: closing counts as a nested C call"},
     .releases = RELEASES(0, 4)},
    {{"concat-stale-top", "a __concat handler that grows the stack: a crash or a wrong result", "5.4.5",
      "contained: a fault ends the script"},
     .releases = RELEASES(4, 4),
     .has = ln_trial_concat},
    {{"getobjname-recursion", "the name of a variable in an error message: C stack overflow, seconds of time",
      "5.4.7", "unreachable: a text with a long chain of fields is refused (config.check_texts)"},
     .releases = RELEASES(0, 6)},
    {{"close-errfunc-oob", "coroutine.close after an xpcall: a read past the stack", "5.4.8",
      "unreachable: coroutine.close refuses such coroutines"},
     .releases = RELEASES(0, 7)},
    {{"finishset-weak-mt-uaf", "an assignment to a weak table at the memory limit: use after free", "5.4.8",
      "contained: a fault ends the script"},
     .releases = RELEASES(0, 7),
     .has = ln_trial_finishset},
    {{"errerr-unprotected",
      "\"error in error handling\" without memory: an error past what should catch it, and past coroutines",
      "5.4.8", "unreachable: those words are made beforehand"},
     .releases = RELEASES(0, 7)},
    {{"index-compare-codegen", "an index that is a comparison: a register is read before it is set", "5.4.8",
      "contained: a fault ends the script"},
     .releases = RELEASES(0, 7),
     .has = ln_trial_index},
    {{"gmatch-matchdepth", "an iterator of gmatch called after \"pattern too complex\": C stack overflow",
      "5.4.9", "unreachable: the iterator ends after an error"},
     .releases = RELEASES(0, 8)},
    {{"allweak-metatable-uaf",
      "a table with __mode=\"kv\" that gets a new metatable during a collection: use after free", "5.4.9",
      "unreachable: no script runs during a collection (config.gc)"},
     .releases = RELEASES(0, 8)},
    {{"newindex-barrier-uaf",
      "an assignment that replaces the __newindex it goes through: the new value is freed while in use",
      "5.4.9", "unreachable: no script runs during a collection (config.gc)"},
     .releases = RELEASES(0, 8)},
};

static bool is_at_hand(const struct known *known) {
    int release = ln_lua_release_number() % 100;
    return release < 32 && (known->releases >> release & 1) && (!known->has || known->has());
}

const lunette_defect *lunette_lua_defect(size_t index) {
    for (size_t i = 0; i < LN_COUNT(KNOWN); i++)
        if (is_at_hand(&KNOWN[i]) && index-- == 0)
            return &KNOWN[i].defect;
    return NULL;
}
