/* The two streams. See tool.h. */
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Why standard output could not be written, the first time; 0: it could. Set on whichever thread writes, of which
 * there is one at a time. */
static int write_error;

static void note_write_error(void) {
    if (write_error == 0)
        write_error = errno != 0 ? errno : EIO;
}

void complain(const char *format, ...) {
    if (fflush(stdout) != 0)
        note_write_error();
    va_list list;
    va_start(list, format);
    flockfile(stderr);
    fputs("lunette: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(list);
}

tool_exit out_of_memory(void) {
    complain("out of memory");
    return TOOL_SYSTEM;
}

bool put_bytes(const char *bytes, size_t size) {
    errno = 0;
    if (fwrite(bytes, 1, size, stdout) != size)
        note_write_error();
    return write_error == 0;
}

bool output_failed(void) {
    return write_error != 0;
}

void put_format(const char *format, ...) {
    va_list list;
    va_start(list, format);
    errno = 0;
    if (vprintf(format, list) < 0)
        note_write_error();
    va_end(list);
}

tool_exit finish(tool_exit status) {
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        note_write_error();
    if (write_error == 0)
        return status;
    if (write_error != EPIPE)
        complain("standard output: %s", strerror(write_error));
    return TOOL_OUTPUT;
}
