/** @file
 * What of the world outside a script may be let in to. Permissions are data: they are given to an engine or a template,
 * and what a script finds in its globals follows from them. Everything is off by default. */
#ifndef LUNETTE_PERMISSION_H
#define LUNETTE_PERMISSION_H

#include <stdint.h>

#include "lunette/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define LUNETTE_PERMISSION_MAP(X) \
    X(FILE_READ,       0, "file-read",      "io.open and io.lines for reading, loadfile, dofile: below the root folder") \
    X(FILE_WRITE,      1, "file-write",     "io.open for writing, io.tmpfile, os.remove, os.rename: below the root folder") \
    X(PROCESS,         2, "process",        "os.execute and io.popen: any program, with all the rights of this process") \
    X(NETWORK,         3, "network",        "nothing of Lua's own; for host functions that ask for it") \
    X(ENVIRONMENT,     4, "environment",    "os.getenv") \
    X(NATIVE_MODULES,  5, "native-modules", "package.loadlib: machine code, which no limit and no sandbox holds")
/* clang-format on */

/** Bits of a set of permissions, LUNETTE_PERMIT_FILE_READ and so on. */
typedef enum lunette_permission {
#define LUNETTE_PERMISSION_ENUM(constant, bit, name, text) LUNETTE_PERMIT_##constant = 1 << (bit),
    LUNETTE_PERMISSION_MAP(LUNETTE_PERMISSION_ENUM)
#undef LUNETTE_PERMISSION_ENUM
} lunette_permission;

/** "file-read", …; "unknown" for what is not exactly one permission. Static text. Any thread. */
LUNETTE_API const char *lunette_permission_name(lunette_permission permission);

/** What it lets a script do. Static text, never NULL. Any thread. */
LUNETTE_API const char *lunette_permission_text(lunette_permission permission);

#ifdef __cplusplus
}
#endif

#endif
