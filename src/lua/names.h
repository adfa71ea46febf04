/* The one table: every name of Lua 5.4's standard library, the narrowest level that has it, and how what the
 * script gets differs from Lua's own. The sandbox is built from it, `lunette names` prints it, docs/sandbox.md
 * shows it, and a test compares it with the Lua at hand: a name that Lua has and this table lacks is refused
 * by every level but none, and fails that test.
 *
 * X(library, name, level, how, replacement, text)
 *   how  PLAIN     Lua's own function or value, at every level
 *        SANDBOXED `replacement` at the levels restricted and strict, Lua's own at level none
 *        STRICT    `replacement` at level strict only
 *        ALWAYS    `replacement` at every level
 *        HOSTED    Lua's own, called in a host section (it touches memory outside the arena: hosted.c)
 * A replacement finds Lua's own function as its first upvalue, if sandbox.c has it in its list. `text` says what is
 * different, or NULL. */
#ifndef LN_LUA_NAMES_H
#define LN_LUA_NAMES_H

/* clang-format off */
#define LN_NAMES_BASE(X) \
    X("", "_G",             RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "_VERSION",       RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "assert",         RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "collectgarbage", RESTRICTED, SANDBOXED, ln_lib_collectgarbage, "`count` counts; `collect` and `step` do nothing; the rest is refused") \
    X("", "dofile",         NONE,       ALWAYS,    ln_lib_dofile, "reads the file in a host section") \
    X("", "error",          RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "getmetatable",   RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "ipairs",         RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "load",           RESTRICTED, SANDBOXED, ln_lib_load, "text only, never bytecode; a reader's pieces are joined first") \
    X("", "loadfile",       NONE,       ALWAYS,    ln_lib_loadfile, "reads the file in a host section; bytecode at level none only") \
    X("", "next",           RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "pairs",          RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "pcall",          RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "print",          STRICT,     ALWAYS,    ln_lib_print, "writes to the host's callback, a line at a time") \
    X("", "rawequal",       RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "rawget",         RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "rawlen",         RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "rawset",         RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "require",        RESTRICTED, SANDBOXED, ln_lib_require, "finds the libraries here and the host's modules (its functions, texts that it gives), never files on disk; what a module runs may yield") \
    X("", "select",         RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "setmetatable",   RESTRICTED, ALWAYS, ln_lib_setmetatable, "refuses a metatable with `__gc` but at level none: scripts have no finalizers") \
    X("", "tonumber",       RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "tostring",       RESTRICTED, STRICT,    ln_lib_tostring, "at level strict shows no addresses") \
    X("", "type",           RESTRICTED, PLAIN,     NULL, NULL) \
    X("", "warn",           RESTRICTED, PLAIN,     NULL, "goes to the host's callback") \
    X("", "xpcall",         RESTRICTED, ALWAYS,    ln_lib_xpcall, "the same, and notes the coroutine it runs in (see coroutine.close)")

#define LN_NAMES_COROUTINE(X) \
    X("coroutine", "close",       RESTRICTED, ALWAYS, ln_lib_coroutine_close, "refuses what releases before 5.4.8 do unsafely: a coroutine suspended after an `xpcall`, and chains of closing") \
    X("coroutine", "create",      RESTRICTED, PLAIN,  NULL, NULL) \
    X("coroutine", "isyieldable", RESTRICTED, PLAIN,  NULL, NULL) \
    X("coroutine", "resume",      RESTRICTED, ALWAYS, ln_lib_coroutine_resume, "the same, and tells the guard which coroutine runs") \
    X("coroutine", "running",     RESTRICTED, PLAIN,  NULL, NULL) \
    X("coroutine", "status",      RESTRICTED, PLAIN,  NULL, NULL) \
    X("coroutine", "wrap",        RESTRICTED, ALWAYS, ln_lib_coroutine_wrap, "the same, and tells the guard which coroutine runs") \
    X("coroutine", "yield",       RESTRICTED, PLAIN,  NULL, NULL)

#define LN_NAMES_STRING(X) \
    X("string", "byte",     RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "char",     RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "dump",     NONE,       PLAIN,  NULL, "makes bytecode, which no other level loads") \
    X("string", "find",     RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "format",   RESTRICTED, STRICT, ln_lib_format, "at level strict shows no addresses and refuses `%p`") \
    X("string", "gmatch",   RESTRICTED, ALWAYS, ln_lib_gmatch, "the iterator ends after it has raised an error (a defect of all releases)") \
    X("string", "gsub",     RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "len",      RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "lower",    RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "match",    RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "pack",     RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "packsize", RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "rep",      RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "reverse",  RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "sub",      RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "unpack",   RESTRICTED, PLAIN,  NULL, NULL) \
    X("string", "upper",    RESTRICTED, PLAIN,  NULL, NULL)

#define LN_NAMES_TABLE(X) \
    X("table", "concat", RESTRICTED, PLAIN, NULL, NULL) \
    X("table", "insert", RESTRICTED, PLAIN, NULL, NULL) \
    X("table", "move",   RESTRICTED, PLAIN, NULL, NULL) \
    X("table", "pack",   RESTRICTED, PLAIN, NULL, NULL) \
    X("table", "remove", RESTRICTED, PLAIN, NULL, NULL) \
    X("table", "sort",   RESTRICTED, PLAIN, NULL, NULL) \
    X("table", "unpack", RESTRICTED, PLAIN, NULL, NULL)

/* Those marked 5.3 exist only where Lua was built with LUA_COMPAT_MATHLIB, as Debian's is. */
#define LN_NAMES_MATH(X) \
    X("math", "abs",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "acos",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "asin",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "atan",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "atan2",      RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "ceil",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "cos",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "cosh",       RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "deg",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "exp",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "floor",      RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "fmod",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "frexp",      RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "huge",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "ldexp",      RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "log",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "log10",      RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "max",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "maxinteger", RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "min",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "mininteger", RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "modf",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "pi",         RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "pow",        RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "rad",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "random",     RESTRICTED, PLAIN, NULL, "seeded afresh for every tenant") \
    X("math", "randomseed", RESTRICTED, SANDBOXED, ln_lib_randomseed, "without arguments seeds from the system's randomness, not from an address") \
    X("math", "sin",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "sinh",       RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "sqrt",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "tan",        RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "tanh",       RESTRICTED, PLAIN, NULL, "5.3") \
    X("math", "tointeger",  RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "type",       RESTRICTED, PLAIN, NULL, NULL) \
    X("math", "ult",        RESTRICTED, PLAIN, NULL, NULL)

#define LN_NAMES_UTF8(X) \
    X("utf8", "char",        RESTRICTED, PLAIN, NULL, NULL) \
    X("utf8", "charpattern", RESTRICTED, PLAIN, NULL, NULL) \
    X("utf8", "codepoint",   RESTRICTED, PLAIN, NULL, NULL) \
    X("utf8", "codes",       RESTRICTED, PLAIN, NULL, NULL) \
    X("utf8", "len",         RESTRICTED, PLAIN, NULL, NULL) \
    X("utf8", "offset",      RESTRICTED, PLAIN, NULL, NULL)

#define LN_NAMES_OS(X) \
    X("os", "clock",     RESTRICTED, ALWAYS, ln_lib_clock, "goes by the host's clock, if it has given one") \
    X("os", "date",      RESTRICTED, ALWAYS, ln_lib_date, "in a host section: the time zone's data is behind a lock; now is the host's clock's, if it has given one") \
    X("os", "difftime",  RESTRICTED, PLAIN,  NULL, NULL) \
    X("os", "execute",   NONE,       HOSTED, NULL, "in a host section") \
    X("os", "exit",      NONE,       HOSTED, NULL, "ends the host's process") \
    X("os", "getenv",    NONE,       HOSTED, NULL, "in a host section") \
    X("os", "remove",    NONE,       HOSTED, NULL, "in a host section") \
    X("os", "rename",    NONE,       HOSTED, NULL, "in a host section") \
    X("os", "setlocale", NONE,       ALWAYS, ln_lib_setlocale, "knows the \"C\" locale alone: a locale belongs to the whole process") \
    X("os", "time",      RESTRICTED, ALWAYS, ln_lib_time, "with a table, in a host section; else by the host's clock, if it has given one") \
    X("os", "tmpname",   NONE,       HOSTED, NULL, "in a host section")

#define LN_NAMES_IO(X) \
    X("io", "close",   NONE, HOSTED, NULL, "in a host section") \
    X("io", "flush",   NONE, HOSTED, NULL, "in a host section") \
    X("io", "input",   NONE, HOSTED, NULL, "in a host section") \
    X("io", "lines",   NONE, HOSTED, NULL, "in a host section, and so is its iterator") \
    X("io", "open",    NONE, HOSTED, NULL, "in a host section; closed by a reset") \
    X("io", "output",  NONE, HOSTED, NULL, "in a host section") \
    X("io", "popen",   NONE, HOSTED, NULL, "in a host section; closed by a reset") \
    X("io", "read",    NONE, HOSTED, NULL, "in a host section") \
    X("io", "stderr",  NONE, PLAIN,  NULL, NULL) \
    X("io", "stdin",   NONE, PLAIN,  NULL, NULL) \
    X("io", "stdout",  NONE, PLAIN,  NULL, NULL) \
    X("io", "tmpfile", NONE, HOSTED, NULL, "in a host section; closed by a reset") \
    X("io", "type",    NONE, PLAIN,  NULL, NULL) \
    X("io", "write",   NONE, HOSTED, NULL, "in a host section")

#define LN_NAMES_DEBUG(X) \
    X("debug", "debug",           NONE, HOSTED, NULL, "in a host section") \
    X("debug", "gethook",         NONE, PLAIN,  NULL, NULL) \
    X("debug", "getinfo",         NONE, PLAIN,  NULL, NULL) \
    X("debug", "getlocal",        NONE, PLAIN,  NULL, NULL) \
    X("debug", "getmetatable",    NONE, PLAIN,  NULL, NULL) \
    X("debug", "getregistry",     NONE, PLAIN,  NULL, NULL) \
    X("debug", "getupvalue",      NONE, PLAIN,  NULL, NULL) \
    X("debug", "getuservalue",    NONE, PLAIN,  NULL, NULL) \
    X("debug", "setcstacklimit",  NONE, PLAIN,  NULL, NULL) \
    X("debug", "sethook",         NONE, ALWAYS, ln_lib_sethook, "refused while a limit itself needs the hook") \
    X("debug", "setlocal",        NONE, PLAIN,  NULL, NULL) \
    X("debug", "setmetatable",    NONE, PLAIN,  NULL, NULL) \
    X("debug", "setupvalue",      NONE, PLAIN,  NULL, NULL) \
    X("debug", "setuservalue",    NONE, PLAIN,  NULL, NULL) \
    X("debug", "traceback",       NONE, PLAIN,  NULL, NULL) \
    X("debug", "upvalueid",       NONE, PLAIN,  NULL, NULL) \
    X("debug", "upvaluejoin",     NONE, PLAIN,  NULL, NULL)

#define LN_NAMES_PACKAGE(X) \
    X("package", "config",     NONE, PLAIN,  NULL, NULL) \
    X("package", "cpath",      NONE, PLAIN,  NULL, NULL) \
    X("package", "loaded",     NONE, PLAIN,  NULL, NULL) \
    X("package", "loadlib",    NONE, HOSTED, NULL, "in a host section") \
    X("package", "path",       NONE, PLAIN,  NULL, NULL) \
    X("package", "preload",    NONE, PLAIN,  NULL, NULL) \
    X("package", "searchers",  NONE, PLAIN,  NULL, "read files in a host section") \
    X("package", "searchpath", NONE, HOSTED, NULL, "in a host section")

/* Names that a permission brings in at any level, and what stands there then: X(library, name, permissions, function).
 * Any one of the permissions is enough; the function looks at which. NULL: as at the level that has the name. What
 * touches files is confined to the root folder (confined.c, loading.c). */
#define LN_PERMITTED(X) \
    X("",        "dofile",   LUNETTE_PERMIT_FILE_READ,                              NULL) \
    X("",        "loadfile", LUNETTE_PERMIT_FILE_READ,                              NULL) \
    X("io",      "lines",    LUNETTE_PERMIT_FILE_READ,                              ln_confined_lines) \
    X("io",      "open",     LUNETTE_PERMIT_FILE_READ | LUNETTE_PERMIT_FILE_WRITE,  ln_confined_open) \
    X("io",      "popen",    LUNETTE_PERMIT_PROCESS,                                NULL) \
    X("io",      "tmpfile",  LUNETTE_PERMIT_FILE_WRITE,                             ln_confined_tmpfile) \
    X("io",      "type",     LUNETTE_PERMIT_FILE_READ | LUNETTE_PERMIT_FILE_WRITE | LUNETTE_PERMIT_PROCESS, NULL) \
    X("os",      "execute",  LUNETTE_PERMIT_PROCESS,                                NULL) \
    X("os",      "getenv",   LUNETTE_PERMIT_ENVIRONMENT,                            NULL) \
    X("os",      "remove",   LUNETTE_PERMIT_FILE_WRITE,                             ln_confined_remove) \
    X("os",      "rename",   LUNETTE_PERMIT_FILE_WRITE,                             ln_confined_rename) \
    X("package", "loadlib",  LUNETTE_PERMIT_NATIVE_MODULES,                         NULL)
/* clang-format on */

/* Base first: it fills the table of globals that the others go into. */
#define LN_NAMES(X)       \
    LN_NAMES_BASE(X)      \
    LN_NAMES_COROUTINE(X) \
    LN_NAMES_STRING(X)    \
    LN_NAMES_TABLE(X)     \
    LN_NAMES_MATH(X)      \
    LN_NAMES_UTF8(X)      \
    LN_NAMES_OS(X)        \
    LN_NAMES_IO(X)        \
    LN_NAMES_DEBUG(X)     \
    LN_NAMES_PACKAGE(X)

#endif
