/* The hostile scripts as the driver sees them: read once, their headers taken apart. README.md has the format. */
#ifndef HOSTILE_CORPUS_H
#define HOSTILE_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lunette.h>

enum { PARTS_MAX = 4 };

/* One run's text. Those of the attacker come first, in one context without a reset between them, then at most one
 * of the tenant after it. */
typedef struct script_part {
    const char *text;
    size_t size;
    bool prepares; /* another run of the attack follows */
    bool next_tenant;
} script_part;

typedef struct script {
    char *name;       /* "cpu-for-huge": the file's name without its ending */
    char category[8]; /* "cpu" */
    char *text;
    uint32_t expected; /* bit n: the status of number n may come */
    char *
        defect; /* the defect of Lua releases that it is about, as lunette_lua_defect() names it; NULL: none */
    char *hook;       /* why the hook guard cannot end this one; NULL: it can */
    char *sanitizer;  /* why it cannot run under a sanitizer; NULL: it can */
    uint64_t time_ns; /* its own time limit; 0: the driver's */
    script_part parts[PARTS_MAX];
    size_t part_count;
} script;

typedef struct corpus {
    script *scripts; /* by name */
    size_t count;
    char *known_answers; /* what any tenant must get right, whoever came before */
} corpus;

/* Reads the folder. On failure says on standard error which file is wrong, and how; nothing is then to be freed. */
bool corpus_read(const char *folder, corpus *scripts);
void corpus_free(corpus *scripts);

#endif
