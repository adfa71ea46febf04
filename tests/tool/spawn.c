/* See spawn.h. */
#include "spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char program[PATH_MAX];
static char folder[] = "/tmp/lunette-test-XXXXXX";

static int complain(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return -1;
}

int spawn_setup(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH-OF-THE-TOOL\n", argv[0]);
        return -1;
    }
    if (realpath(argv[1], program) == NULL)
        return complain(argv[1]);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return complain(folder);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

static void remove_all(const char *path) {
    DIR *open_folder = opendir(path);
    if (open_folder == NULL) {
        unlink(path);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(open_folder)) != NULL) {
        char below[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        remove_all(below);
    }
    closedir(open_folder);
    rmdir(path);
}

void spawn_finish(void) {
    if (chdir("/") == 0)
        remove_all(folder);
}

const char *spawn_folder(void) {
    return folder;
}

const char *spawn_program(void) {
    return program;
}

void spawn_write(const char *name, const char *content, size_t size) {
    FILE *file = fopen(name, "wb");
    if (file == NULL || fwrite(content, 1, size, file) != size || fclose(file) != 0) {
        complain(name);
        exit(1);
    }
}

/* --- Starting -------------------------------------------------------------------------------------------- */

static void become_tool(const char *const *arguments, const spawn_how *how, const int *ends) {
    char *list[64] = {program};
    for (size_t i = 0; i < 62 && arguments[i] != NULL; i++)
        list[i + 1] = (char *)(size_t)arguments[i];
    dup2(ends[0], STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[2], STDERR_FILENO);
    if (how != NULL && how->out_path != NULL)
        dup2(open(how->out_path, O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    for (const char *const *set = how != NULL ? how->set : NULL; set != NULL && *set != NULL; set++)
        putenv((char *)(size_t)*set);
    if (how != NULL && how->address_space > 0) {
        const struct rlimit limit = {how->address_space, how->address_space};
        setrlimit(RLIMIT_AS, &limit);
    }
    signal(SIGPIPE, SIG_DFL);
    if (how != NULL && how->close_streams)
        for (int stream = 0; stream < 3; stream++)
            close(stream);
    execv(program, list);
    _exit(127);
}

spawned spawn_start(const char *const *arguments, const spawn_how *how) {
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
        exit(complain("pipe") + 2);
    spawned made = {.pid = fork(), .in = in[1], .out = out[0], .err = err[0]};
    if (made.pid == 0)
        become_tool(arguments, how, (const int[]){in[0], out[1], err[1]});
    if (made.pid < 0)
        exit(complain("fork") + 2);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    return made;
}

/* --- Its end --------------------------------------------------------------------------------------------- */

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool spawn_reap(pid_t pid, outcome *to) {
    const long long until = now_ms() + SPAWN_SECONDS * 1000LL;
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && now_ms() < until)
        usleep(1000);
    if (got == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        to->status = -2;
        return false;
    }
    to->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    to->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return true;
}

/* Reads what is there; false at the end. */
static bool collect(int file, char **bytes, size_t *size) {
    char *more = realloc(*bytes, *size + 65537);
    if (more == NULL)
        exit(complain("realloc") + 2);
    *bytes = more;
    const ssize_t got = read(file, more + *size, 65536);
    if (got > 0)
        *size += (size_t)got;
    more[*size] = '\0';
    return got > 0;
}

static void close_end(int *file) {
    if (*file >= 0)
        close(*file);
    *file = -1;
}

outcome spawn_wait(spawned *which, const char *input, size_t input_size) {
    outcome made = {0};
    const long long until = now_ms() + SPAWN_SECONDS * 1000LL;
    size_t written = 0;
    if (input_size == 0)
        close_end(&which->in);
    while (which->out >= 0 || which->err >= 0) {
        struct pollfd polled[3] = {{which->out, POLLIN, 0}, {which->err, POLLIN, 0}, {which->in, POLLOUT, 0}};
        if (now_ms() > until || poll(polled, 3, 1000) < 0)
            break;
        if (polled[0].revents != 0 && !collect(which->out, &made.out, &made.out_size))
            close_end(&which->out);
        if (polled[1].revents != 0 && !collect(which->err, &made.err, &made.err_size))
            close_end(&which->err);
        if (polled[2].revents != 0) {
            const size_t left = input_size - written;
            const ssize_t put = write(which->in, input + written, left < PIPE_BUF ? left : PIPE_BUF);
            written += put > 0 ? (size_t)put : 0;
            if (put < 0 || written == input_size)
                close_end(&which->in);
        }
    }
    close_end(&which->in);
    close_end(&which->out);
    close_end(&which->err);
    spawn_reap(which->pid, &made);
    if (made.out == NULL)
        made.out = calloc(1, 1);
    if (made.err == NULL)
        made.err = calloc(1, 1);
    return made;
}

outcome spawn_tool(const char *const *arguments, const char *input) {
    spawned started = spawn_start(arguments, NULL);
    return spawn_wait(&started, input, input != NULL ? strlen(input) : 0);
}

void outcome_free(outcome *which) {
    free(which->out);
    free(which->err);
    memset(which, 0, sizeof *which);
}
