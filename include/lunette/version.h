/** @file
 * The version of the headers and of the library in use, and what marks an exported function. */
#ifndef LUNETTE_VERSION_H
#define LUNETTE_VERSION_H

#define LUNETTE_VERSION_MAJOR 0
#define LUNETTE_VERSION_MINOR 1
#define LUNETTE_VERSION_PATCH 0
#define LUNETTE_VERSION       "0.1.0"

#if defined(__GNUC__)
#define LUNETTE_API __attribute__((visibility("default")))
#else
#define LUNETTE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that is loaded, "major.minor.patch"; may differ from LUNETTE_VERSION, which is
 * that of the headers compiled against. Static text. Any thread. */
LUNETTE_API const char *lunette_version(void);

/** The release of the Lua that is loaded, such as "Lua 5.4.4". Valid as long as the thread. Any thread. */
LUNETTE_API const char *lunette_lua_version(void);

/** The file that the code of that Lua lies in: liblua, or the library or program that it was linked into; "" where the
 * system does not tell. Static text. Any thread. */
LUNETTE_API const char *lunette_lua_path(void);

#ifdef __cplusplus
}
#endif

#endif
