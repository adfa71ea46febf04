/* Runs inputs that a fuzzer found through its harness once more: the arguments are files, and folders of files. This is
 * how the corpora become tests, on machines without libFuzzer. An oracle that does not hold ends the process; the
 * input's name stands beside the finding. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

const bool fuzz_thorough = true;

static size_t ran;

/* Also on an end that is no finding (a crash) one wants to know where. */
static void announce(const char *path) {
    fuzz_input = path;
    if (getenv("FUZZ_VERBOSE") != NULL)
        fprintf(stderr, "replay: %s\n", path);
}

static bool run_file(const char *path, size_t size) {
    FILE *file = fopen(path, "rb");
    /* Exactly as large as the input, for a sanitizer to see what reads beyond it. */
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    const bool read = file != NULL && bytes != NULL && fread(bytes, 1, size, file) == size;
    if (file != NULL)
        fclose(file);
    if (read) {
        announce(path);
        (void)LLVMFuzzerTestOneInput(bytes, size);
        ran++;
    } else {
        perror(path);
    }
    free(bytes);
    return read;
}

static bool run_path(const char *path);

static bool run_entry(const char *folder, const char *name) {
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path == NULL)
        return false;
    snprintf(path, size, "%s/%s", folder, name);
    const bool fine = run_path(path);
    free(path);
    return fine;
}

static bool run_folder(const char *path) {
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    bool fine = count >= 0;
    if (!fine)
        perror(path);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            fine = run_entry(path, entries[i]->d_name) && fine;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return fine;
}

static bool run_path(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) {
        perror(path);
        return false;
    }
    return S_ISDIR(status.st_mode) ? run_folder(path) : run_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv) {
    bool fine = argc > 1;
    for (int i = 1; i < argc; i++)
        fine = run_path(argv[i]) && fine;
    printf("%zu inputs ran\n", ran);
    if (ran == 0)
        fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
    return fine && ran > 0 ? 0 : 1;
}
