/* Reads the corpus. Whatever a header says that is not understood is an error: a misspelt expectation must not
 * become a script that is never judged. */
#include "corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const CATEGORIES[] = {"cpu", "mem", "esc", "host", "crash"};
static const char KNOWN_ANSWERS[] = "known-answers.lua";
static const char NEXT_TENANT[] = "--@NEXT-TENANT\n";
static const char NEXT_RUN[] = "--@NEXT-RUN\n";

enum { CATEGORY_COUNT = sizeof CATEGORIES / sizeof *CATEGORIES };

static bool complain(const char *name, const char *what) {
    fprintf(stderr, "%s: %s\n", name, what);
    return false;
}

static char *copy_of(const char *text, size_t size) {
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

/* --- Files -------------------------------------------------------------------------------------------------- */

/* The whole file with a zero behind it; NULL if it cannot be read. */
static char *read_file(const char *folder, const char *name) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = length > 0 && (size_t)length < sizeof path ? fopen(path, "rb") : NULL;
    if (file == NULL)
        return NULL;
    char *text = NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        rewind(file);
        if (size >= 0 && (text = calloc(1, (size_t)size + 1)) != NULL &&
            fread(text, 1, (size_t)size, file) != (size_t)size) {
            free(text);
            text = NULL;
        }
    }
    fclose(file);
    return text;
}

/* Which category a file belongs to by its name; NULL: it is no script of the corpus. */
static const char *category_of(const char *name) {
    size_t size = strlen(name);
    if (size < 5 || strcmp(name + size - 4, ".lua") != 0)
        return NULL;
    for (size_t i = 0; i < CATEGORY_COUNT; i++) {
        size_t prefix = strlen(CATEGORIES[i]);
        if (strncmp(name, CATEGORIES[i], prefix) == 0 && name[prefix] == '-')
            return CATEGORIES[i];
    }
    return NULL;
}

/* --- Headers ------------------------------------------------------------------------------------------------ */

/* "ok|time_limit" as bits; 0 if a name is none. */
static uint32_t statuses_of(const char *names, size_t size) {
    uint32_t bits = 0;
    for (const char *at = names, *end = names + size; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t length = (size_t)((bar != NULL ? bar : end) - at);
        int status = LUNETTE_OK;
        for (; status <= LUNETTE_SUSPENDED; status++) {
            const char *known = lunette_status_name((lunette_status)status);
            if (strlen(known) == length && strncmp(known, at, length) == 0)
                break;
        }
        if (status > LUNETTE_SUSPENDED)
            return 0;
        bits |= UINT32_C(1) << status;
        at += length + 1;
    }
    return bits;
}

/* "no (reason)": a copy of the reason, or NULL. */
static char *reason_of(const char *value, size_t size) {
    if (size < 7 || strncmp(value, "no (", 4) != 0 || value[size - 1] != ')')
        return NULL;
    return copy_of(value + 4, size - 5);
}

static bool read_field(script *s, const char *key, const char *value, size_t size) {
    if (strcmp(key, "expect") == 0)
        return (s->expected = statuses_of(value, size)) != 0;
    if (strcmp(key, "defect") == 0)
        return (s->defect = copy_of(value, size)) != NULL;
    if (strcmp(key, "hook") == 0)
        return (s->hook = reason_of(value, size)) != NULL;
    if (strcmp(key, "sanitizer") == 0)
        return (s->sanitizer = reason_of(value, size)) != NULL;
    return (s->time_ns = strtoull(value, NULL, 10) * UINT64_C(1000000)) != 0;
}

/* The comment lines below the first: "-- key: value", as long as the key is one of these. */
static bool read_header(script *s) {
    static const char *const KEYS[] = {"defect", "expect", "hook", "sanitizer", "time"};
    const char *line = strchr(s->text, '\n');
    while (line != NULL && strncmp(line + 1, "-- ", 3) == 0) {
        const char *key = line + 4, *end = strchr(key, '\n');
        size_t i = 0, length = 0;
        for (; i < sizeof KEYS / sizeof *KEYS; i++) {
            length = strlen(KEYS[i]);
            if (strncmp(key, KEYS[i], length) == 0 && key[length] == ':' && key[length + 1] == ' ')
                break;
        }
        if (i == sizeof KEYS / sizeof *KEYS || end == NULL)
            break;
        const char *value = key + length + 2;
        if (!read_field(s, KEYS[i], value, (size_t)(end - value)))
            return complain(s->name, "a line of its header cannot be understood (README.md has the format)");
        line = end;
    }
    return s->expected != 0 || complain(s->name, "its second line is not '-- expect: STATUS'");
}

/* --- Parts -------------------------------------------------------------------------------------------------- */

/* The start of the next line that splits, and its length; NULL: there is none. */
static const char *next_split(const char *text, size_t *length, bool *next_tenant) {
    const char *tenant = strstr(text, NEXT_TENANT), *run = strstr(text, NEXT_RUN);
    *next_tenant = tenant != NULL && (run == NULL || tenant < run);
    *length = *next_tenant ? strlen(NEXT_TENANT) : strlen(NEXT_RUN);
    return *next_tenant ? tenant : run;
}

static bool split(script *s) {
    const char *at = s->text;
    bool tenant = false;
    while (at != NULL) {
        if (s->part_count == PARTS_MAX || (s->part_count > 0 && s->parts[s->part_count - 1].next_tenant))
            return complain(s->name, "it has too many parts, or one behind its next tenant");
        size_t length;
        bool next;
        const char *end = next_split(at, &length, &next);
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
        s->parts[s->part_count++] =
            (script_part){.text = at, .size = size, .prepares = end != NULL && !next, .next_tenant = tenant};
        at = end != NULL ? end + length : NULL;
        tenant = next;
    }
    return true;
}

/* --- The whole ---------------------------------------------------------------------------------------------- */

static void script_free(script *s) {
    free(s->name);
    free(s->text);
    free(s->defect);
    free(s->hook);
    free(s->sanitizer);
}

static bool script_read(const char *folder, const char *file, script *s) {
    *s = (script){.text = read_file(folder, file), .name = copy_of(file, strlen(file) - 4)};
    snprintf(s->category, sizeof s->category, "%s", category_of(file));
    if (s->name != NULL && s->text != NULL) {
        if (strncmp(s->text, "-- ", 3) != 0)
            complain(file, "its first line does not say what it attempts");
        else if (read_header(s) && split(s))
            return true;
    } else {
        complain(file, "cannot be read");
    }
    script_free(s);
    return false;
}

static int is_script(const struct dirent *entry) {
    return category_of(entry->d_name) != NULL;
}

static bool read_scripts(const char *folder, struct dirent **entries, size_t count, corpus *c) {
    c->scripts = calloc(count, sizeof *c->scripts);
    c->known_answers = read_file(folder, KNOWN_ANSWERS);
    if (c->scripts == NULL || c->known_answers == NULL)
        return complain(KNOWN_ANSWERS, "cannot be read");
    for (; c->count < count; c->count++) {
        if (!script_read(folder, entries[c->count]->d_name, &c->scripts[c->count]))
            return false;
    }
    return true;
}

bool corpus_read(const char *folder, corpus *c) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_script, alphasort);
    *c = (corpus){0};
    if (count <= 0) {
        free(entries);
        return complain(folder, "there are no hostile scripts");
    }
    bool read = read_scripts(folder, entries, (size_t)count, c);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    if (!read)
        corpus_free(c);
    return read;
}

void corpus_free(corpus *c) {
    for (size_t i = 0; i < c->count; i++)
        script_free(&c->scripts[i]);
    free(c->scripts);
    free(c->known_answers);
    *c = (corpus){0};
}
