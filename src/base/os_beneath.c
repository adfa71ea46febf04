#define LN_TESTING_BENEATH

#include "base/os_beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

enum { NEW_FILE = 0666 };

/* --- Folders --- */

int ln_os_folder_open(const char *path, int *folder) {
    *folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *folder >= 0 ? 0 : errno;
}

void ln_os_folder_close(int *folder) {
    if (*folder >= 0)
        close(*folder);
    *folder = -1;
}

/* --- By the kernel --- */

static atomic_bool walk_always;

void ln_os_beneath_walk_always(bool always) {
    atomic_store(&walk_always, always);
}

#ifdef SYS_openat2
/* As linux/openat2.h has it, which older systems lack. */
struct how {
    uint64_t flags, mode, resolve;
};
enum { NO_MAGIC_LINKS = 0x02, BENEATH = 0x08 };

/* A rename somewhere on the way makes the kernel give up with EAGAIN: it could not tell where it is. */
static int open_by_kernel(int folder, const char *path, int flags, int *descriptor) {
    enum { TRIES = 32 };
    struct how how = {.flags = (uint64_t)(unsigned)flags, .resolve = BENEATH | NO_MAGIC_LINKS};
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
        how.mode = NEW_FILE;
    long opened = -1;
    for (int i = 0; i < TRIES; i++) {
        opened = syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (opened >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    *descriptor = (int)opened;
    return opened >= 0 ? 0 : errno;
}
#else
static int open_by_kernel(int folder, const char *path, int flags, int *descriptor) {
    (void)folder;
    (void)path;
    (void)flags;
    *descriptor = -1;
    return ENOSYS;
}
#endif

/* --- By walking --- */

/* Opens one component without following it. */
static int step(int at, const char *name, int flags, int *next) {
    *next = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, NEW_FILE);
    return *next >= 0 ? 0 : errno;
}

/* Takes the next component off the path, in place; NULL at its end. */
static char *component(char **path) {
    char *start = *path + strspn(*path, "/");
    if (*start == '\0')
        return NULL;
    char *end = start + strcspn(start, "/");
    *path = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

static int walk(int folder, char *path, int flags, int *descriptor) {
    int at = dup(folder), error = at >= 0 ? 0 : errno;
    char *name = component(&path);
    if (!name)
        name = (char[]){"."};
    while (error == 0 && name) {
        char *after = component(&path);
        int next = -1;
        error = strcmp(name, "..") == 0 ? EXDEV
                : after                 ? step(at, name, O_PATH | O_DIRECTORY, &next)
                                        : step(at, name, flags, &next);
        close(at);
        at = next;
        name = after;
    }
    *descriptor = error == 0 ? at : -1;
    return error;
}

static int open_by_walking(int folder, const char *path, int flags, int *descriptor) {
    *descriptor = -1;
    if (*path == '\0')
        return ENOENT;
    if (*path == '/')
        return EXDEV;
    char *copy = strdup(path);
    int error = copy ? walk(folder, copy, flags, descriptor) : ENOMEM;
    free(copy);
    return error;
}

static int open_beneath(int folder, const char *path, int flags, int *descriptor) {
    flags |= O_CLOEXEC;
    int error = atomic_load_explicit(&walk_always, memory_order_relaxed)
                    ? ENOSYS
                    : open_by_kernel(folder, path, flags, descriptor);
    return error == ENOSYS || error == EPERM ? open_by_walking(folder, path, flags, descriptor) : error;
}

int ln_os_beneath_folder(int folder, const char *path, int *inner) {
    return open_beneath(folder, path, O_PATH | O_DIRECTORY, inner);
}

/* --- Files --- */

static int check_regular(int descriptor) {
    struct stat about;
    if (fstat(descriptor, &about) != 0)
        return errno;
    return S_ISREG(about.st_mode) ? 0 : S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
}

/* Nothing waits and nothing is cut before it is known to be a regular file: a FIFO is opened without waiting, and
 * O_TRUNC comes last. */
int ln_os_beneath_open(int folder, const char *path, int flags, int *descriptor) {
    int opened;
    int error = open_beneath(folder, path, (flags & ~O_TRUNC) | O_NONBLOCK | O_NOCTTY, &opened);
    if (error == 0)
        error = check_regular(opened);
    else
        opened = -1;
    if (error == 0 && (flags & O_TRUNC) && ftruncate(opened, 0) != 0)
        error = errno;
    if (error == 0 && fcntl(opened, F_SETFL, flags & O_APPEND) != 0)
        error = errno;
    if (error != 0 && opened >= 0)
        close(opened);
    *descriptor = error == 0 ? opened : -1;
    return error;
}

int ln_os_beneath_temporary(int folder, int *descriptor) {
#ifdef O_TMPFILE
    return open_beneath(folder, ".", O_TMPFILE | O_RDWR, descriptor);
#else
    (void)folder;
    *descriptor = -1;
    return EOPNOTSUPP;
#endif
}

/* --- Names --- */

/* The folder that a path's last component lies in, opened; and that component. */
struct place {
    int parent;
    char *copy; /* of the path; cut before `name` */
    const char *name;
};

/* Cuts place->copy, a path, in two. */
static int split(struct place *place, const char **folder) {
    char *end = place->copy + strlen(place->copy);
    while (end > place->copy + 1 && end[-1] == '/')
        *--end = '\0';
    char *slash = strrchr(place->copy, '/');
    place->name = slash ? slash + 1 : place->copy;
    if (slash == place->copy || strcmp(place->name, "..") == 0)
        return EXDEV;
    if (strcmp(place->name, ".") == 0)
        return EINVAL;
    if (slash)
        *slash = '\0';
    *folder = slash ? place->copy : ".";
    return 0;
}

/* On failure there is nothing to leave. */
static int find_place(int folder, const char *path, struct place *place) {
    const char *parent;
    int opened = -1;
    if (*path == '\0')
        return ENOENT;
    place->copy = strdup(path);
    if (!place->copy)
        return ENOMEM;
    int error = split(place, &parent);
    if (error == 0)
        error = open_beneath(folder, parent, O_PATH | O_DIRECTORY, &opened);
    if (error != 0)
        free(place->copy);
    place->parent = opened;
    return error;
}

static void leave_place(struct place *place) {
    close(place->parent);
    free(place->copy);
}

/* unlink(2) of a folder says EISDIR on Linux and EPERM by POSIX. */
static int remove_in(const struct place *place) {
    if (unlinkat(place->parent, place->name, 0) == 0)
        return 0;
    int error = errno;
    if ((error == EISDIR || error == EPERM) && unlinkat(place->parent, place->name, AT_REMOVEDIR) == 0)
        return 0;
    return error == EISDIR ? errno : error;
}

int ln_os_beneath_remove(int folder, const char *path) {
    struct place place;
    int error = find_place(folder, path, &place);
    if (error != 0)
        return error;
    error = remove_in(&place);
    leave_place(&place);
    return error;
}

int ln_os_beneath_rename(int folder, const char *from, const char *to) {
    struct place old, new;
    int error = find_place(folder, from, &old);
    if (error != 0)
        return error;
    error = find_place(folder, to, &new);
    if (error == 0) {
        if (renameat(old.parent, old.name, new.parent, new.name) != 0)
            error = errno;
        leave_place(&new);
    }
    leave_place(&old);
    return error;
}
