/* A library as a host might preload it, about a mebibyte of Lua in modules of functions, tables of data and texts. The
 * text is generated, the same each time, so that nobody has to keep it. */
#ifndef BENCH_MODULES_H
#define BENCH_MODULES_H

#include <lunette.h>

enum { BENCH_MODULES = 16 };

/* Nothing of it is freed. `bytes` receives the size of all texts. */
const lunette_preload *bench_modules(size_t *bytes);

/* Uses the library: asks several modules, changes some of their tables, returns one integer. */
extern const char bench_modules_use[];

#endif
