/* The registry of backends: one list for the process, under one lock that is held for a walk along it. The first entry is
 * the built-in one and stays. An entry is a copy of the host's table, complete as of this version, so that all others may
 * use it without a look at its size. */
#include "engine/registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/sized.h"
#include "engine/engine.h"

typedef struct entry {
    lunette_backend table; /* first: an entry is found by it */
    struct entry *next;
    size_t uses;
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static entry builtin;
static entry *standard = &builtin;

static void enter_builtin(void) {
    builtin.table = *ln_builtin_backend();
}

static void lock_list(void) {
    pthread_once(&once, enter_builtin);
    pthread_mutex_lock(&lock);
}

/* The lock is held here, and in all whose name ends so. */
static entry *find_locked(const char *name) {
    entry *e = &builtin;
    while (e && strcmp(e->table.name, name) != 0)
        e = e->next;
    return e;
}

/* --- Registering --- */

static const char *what_is_wrong(const lunette_backend *table) {
    if (!table->name || !*table->name)
        return "name is missing";
    if (!table->build || !table->run)
        return "build and run are needed";
    if (!table->version)
        return "version is needed";
    if (table->extension_count > 0 && !table->extensions)
        return "extensions is NULL, but extension_count is not 0";
    if (table->code_count == 0 || !table->code)
        return "code is missing: an address in each object that holds code of the VM";
    if (table->code_count > LN_MACHINE_BACKEND_CODE)
        return "code_count is above 13";
    if (!table->set_global != !table->get_global)
        return "set_global and get_global belong together";
    return NULL;
}

static void append_locked(entry *e) {
    entry *last = &builtin;
    while (last->next)
        last = last->next;
    last->next = e;
}

lunette_status lunette_backend_register(const lunette_backend *backend) {
    static const char NAME[] = "lunette_backend_register";
    if (!backend)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `backend` is NULL", NAME);
    entry *e = calloc(1, sizeof *e);
    if (!e)
        return ln_failure_plain(LUNETTE_NO_MEMORY, NAME);
    lunette_status status =
        ln_read_sized(&e->table, sizeof e->table, backend, backend->size, "lunette_backend");
    const char *wrong = status == LUNETTE_OK ? what_is_wrong(&e->table) : NULL;
    if (wrong)
        status = ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: %s", NAME, wrong);
    lock_list();
    if (status == LUNETTE_OK && find_locked(e->table.name))
        status = ln_failure(LUNETTE_WRONG_STATE, "%s: there is a backend '%s'", NAME, e->table.name);
    if (status == LUNETTE_OK)
        append_locked(e);
    pthread_mutex_unlock(&lock);
    if (status != LUNETTE_OK)
        free(e);
    return status;
}

/* NULL: it is not to be freed, which *status says. */
static entry *remove_locked(const char *name, lunette_status *status) {
    static const char NAME[] = "lunette_backend_unregister";
    entry *e = find_locked(name), *before = &builtin;
    if (!e)
        *status = ln_failure(LUNETTE_NOT_FOUND, "%s: there is no backend '%s'", NAME, name);
    else if (e == &builtin)
        *status = ln_failure(LUNETTE_WRONG_STATE, "%s: '%s' is built in", NAME, name);
    else if (e->uses > 0)
        *status = ln_failure(LUNETTE_BUSY, "%s: an engine has the backend '%s'", NAME, name);
    if (!e || *status != LUNETTE_OK)
        return NULL;
    while (before->next != e)
        before = before->next;
    before->next = e->next;
    if (standard == e)
        standard = &builtin;
    return e;
}

lunette_status lunette_backend_unregister(const char *name) {
    lunette_status status = LUNETTE_OK;
    if (!name)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "lunette_backend_unregister: `name` is NULL");
    lock_list();
    entry *e = remove_locked(name, &status);
    pthread_mutex_unlock(&lock);
    free(e);
    return status;
}

/* --- Finding --- */

const lunette_backend *lunette_backend_find(const char *name) {
    lock_list();
    const entry *e = name ? find_locked(name) : standard;
    pthread_mutex_unlock(&lock);
    return e ? &e->table : NULL;
}

static bool is_for(const lunette_backend *table, const char *path) {
    size_t size = strlen(path);
    for (size_t i = 0; i < table->extension_count; i++) {
        size_t ending = strlen(table->extensions[i]);
        if (ending <= size && strcmp(path + size - ending, table->extensions[i]) == 0)
            return true;
    }
    return false;
}

const lunette_backend *lunette_backend_find_by_extension(const char *path) {
    const entry *found = NULL;
    if (!path)
        return NULL;
    lock_list();
    for (const entry *e = &builtin; e; e = e->next)
        if (is_for(&e->table, path))
            found = e;
    pthread_mutex_unlock(&lock);
    return found ? &found->table : NULL;
}

const lunette_backend *lunette_backend_at(size_t index) {
    const entry *e = &builtin;
    lock_list();
    for (; e && index > 0; index--)
        e = e->next;
    pthread_mutex_unlock(&lock);
    return e ? &e->table : NULL;
}

lunette_status lunette_backend_set_default(const char *name) {
    static const char NAME[] = "lunette_backend_set_default";
    if (!name)
        return ln_failure(LUNETTE_INVALID_ARGUMENT, "%s: `name` is NULL", NAME);
    lock_list();
    entry *e = find_locked(name);
    if (e)
        standard = e;
    pthread_mutex_unlock(&lock);
    return e ? LUNETTE_OK : ln_failure(LUNETTE_NOT_FOUND, "%s: there is no backend '%s'", NAME, name);
}

/* --- For engines --- */

lunette_status ln_registry_take(const char *name, const lunette_backend **backend) {
    lock_list();
    entry *e = name ? find_locked(name) : standard;
    if (e)
        e->uses++;
    pthread_mutex_unlock(&lock);
    *backend = e ? &e->table : NULL;
    return e ? LUNETTE_OK : LUNETTE_NOT_FOUND;
}

void ln_registry_let_go(const lunette_backend *backend) {
    entry *e = (entry *)(uintptr_t)backend; /* ours again, and so not constant */
    if (!e)
        return;
    lock_list();
    e->uses--;
    pthread_mutex_unlock(&lock);
}
