/* Catching standard output. See capture.h. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file that nobody else sees: in memory where the system has that, else one in the temporary folder without a
 * name. */
static int open_nameless(void) {
#ifdef MFD_CLOEXEC
    const int file = memfd_create("lunette-output", MFD_CLOEXEC);
    if (file >= 0 || (errno != ENOSYS && errno != EPERM))
        return file;
#endif
    char path[] = "/tmp/lunette-XXXXXX";
    const int named = mkstemp(path);
    if (named >= 0)
        unlink(path);
    return named;
}

static tool_exit refuse(const capture *which) {
    const int error = errno;
    if (which->saved >= 0)
        close(which->saved);
    if (which->file >= 0)
        close(which->file);
    complain("cannot capture standard output: %s", strerror(error));
    return TOOL_SYSTEM;
}

tool_exit capture_begin(capture *which) {
    fflush(stdout);
    which->file = -1;
    which->saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (which->saved < 0 || (which->file = open_nameless()) < 0 || dup2(which->file, STDOUT_FILENO) < 0) {
        const tool_exit status = refuse(which);
        which->saved = -1;
        return status;
    }
    return TOOL_OK;
}

static tool_exit read_back(int file, text *to) {
    off_t at = 0;
    for (;;) {
        if (!text_reserve(to, 1 << 16))
            return out_of_memory();
        const ssize_t got = pread(file, to->bytes + to->size, 1 << 16, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            complain("cannot read what the script printed: %s", strerror(errno));
            return TOOL_SYSTEM;
        }
        if (got == 0)
            return TOOL_OK;
        to->size += (size_t)got;
        to->bytes[to->size] = '\0';
        at += got;
    }
}

tool_exit capture_end(capture *which, text *to) {
    if (which->saved < 0)
        return TOOL_OK;
    fflush(stdout);
    dup2(which->saved, STDOUT_FILENO);
    close(which->saved);
    const tool_exit status = to != NULL ? read_back(which->file, to) : TOOL_OK;
    close(which->file);
    which->saved = which->file = -1;
    return status;
}
