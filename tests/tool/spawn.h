/* Starting the tool as a user's shell would, and looking at what comes back: exit status and both streams. Everything
 * runs in a folder of its own, made for the test program and removed behind it. */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct outcome {
    int status; /* the exit status; -1: a signal ended it, -2: it did not end in time and was killed */
    int signal; /* that signal, or 0 */
    char *out;  /* what it wrote; zero-terminated, the test's to free with outcome_free() */
    char *err;
    size_t out_size, err_size;
} outcome;

/* How long a started tool may take before that counts as hanging. */
enum { SPAWN_SECONDS = 60 };

/* Takes the tool's path from the test program's arguments and makes the folder with the files; 0, or -1 after a
 * message. spawn_finish() removes it. */
int spawn_setup(int argc, char **argv);
void spawn_finish(void);
const char *spawn_folder(void);

/* Writes a file into the folder. */
void spawn_write(const char *name, const char *content, size_t size);

typedef struct spawned {
    pid_t pid;
    int in, out, err; /* pipes; -1: closed */
} spawned;

/* What differs from the usual. */
typedef struct spawn_how {
    const char *out_path;   /* standard output goes to this file, not into a pipe */
    bool close_streams;     /* all three are closed at start */
    const char *const *set; /* "NAME=value", NULL behind the last */
    size_t address_space;   /* RLIMIT_AS, 0: none */
} spawn_how;

/* Starts the tool; arguments are those behind its name, NULL behind the last. */
spawned spawn_start(const char *const *arguments, const spawn_how *how);

/* Writes `input` to it, reads all it writes, and waits for its end. */
outcome spawn_wait(spawned *which, const char *input, size_t input_size);

/* Both at once. */
outcome spawn_tool(const char *const *arguments, const char *input);

void outcome_free(outcome *which);

/* Waits for a child; true if it ended within the time, else it is killed. */
bool spawn_reap(pid_t pid, outcome *to);

/* The tool's path. */
const char *spawn_program(void);

#endif
