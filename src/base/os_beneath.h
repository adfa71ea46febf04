/* Files below one folder, and no others: what a script with a file permission gets to see of the file system.
 *
 * What always holds: whatever the path says, and whatever others rename or link meanwhile, the file that is opened,
 * removed or renamed lay below the folder at that moment. Absolute paths, `..` beyond the folder, symbolic links that
 * lead out and the magic links of /proc are refused, not followed.
 *
 * On Linux 5.6 and later the kernel keeps this promise itself: openat2(2) with RESOLVE_BENEATH. Elsewhere the path is
 * walked one component at a time from the folder's descriptor, and no symbolic link and no `..` is followed at all.
 *
 * Only regular files are opened: a FIFO would make its reader wait for as long as it likes, and a device may do
 * anything.
 *
 * All functions return 0 or an errno; EXDEV (Linux) and ELOOP mean that the path leads out of the folder. Any thread. */
#ifndef LN_BASE_OS_BENEATH_H
#define LN_BASE_OS_BENEATH_H

#include <stdbool.h>

/* Opens a folder to be given to the functions below. *folder is the caller's, to be closed with
 * ln_os_folder_close(). */
int ln_os_folder_open(const char *path, int *folder);
void ln_os_folder_close(int *folder);

/* Opens a folder below another, or that folder again (path "."); likewise the caller's. */
int ln_os_beneath_folder(int folder, const char *path, int *inner);

/* Opens a regular file. `flags` are those of open(2): O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_EXCL.
 * A new file has the mode 0666 less the process's mask. EISDIR for a folder, EINVAL for what is neither. */
int ln_os_beneath_open(int folder, const char *path, int flags, int *descriptor);

/* A file without a name, below the folder, to be read and written. EOPNOTSUPP where the file system has none. */
int ln_os_beneath_temporary(int folder, int *descriptor);

/* Removes a file or an empty folder, as remove(3). */
int ln_os_beneath_remove(int folder, const char *path);

/* Renames as rename(2): what had the new name is replaced. */
int ln_os_beneath_rename(int folder, const char *from, const char *to);

#ifdef LN_TESTING_BENEATH
/* For tests: makes the functions above walk themselves, as on a system without openat2. */
void ln_os_beneath_walk_always(bool always);
#endif

#endif
