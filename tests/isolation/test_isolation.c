/* Nobody can tell whether somebody was there before. Every leave-*.lua tries to leave something behind, every ask-*.lua
 * prints what it can find out, time aside: names, addresses within the arena, the order of pairs, memory, when the
 * collector runs, random numbers, errors, warnings. What each of these prints in an engine that nothing ran in is what it
 * must print after each of those: in the same context after a reset, in a context that the pool gives out again, and in a
 * context beside one that was left as it was. And without the reset some ask-*.lua must notice each leave-*.lua:
 * otherwise neither shows anything.
 *
 * Beside them, what a script walks to from every value that it has (reach.lua) is compared with the table of names, at
 * each level.
 *
 * If this fails, look in src/arena/image.c for what a reset does, and in src/lua/vm.c and template.c for what stands
 * outside of the arena. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lunette.h>

#define MILLISECOND UINT64_C(1000000)

enum { FILES_MAX = 64, PATH_SIZE = 512, TEXT_MAX = 1 << 20 };

typedef struct script {
    char name[64];
    char *text;
} script;

typedef struct scripts {
    script items[FILES_MAX];
    size_t count;
} scripts;

/* What a script printed and was told; and how it ended. */
typedef struct heard {
    char *bytes;
    size_t size;
} heard;

static const char *folder;
static scripts leavers, askers;

/* --- Scripts --- */

static char *read_text(const char *name) {
    char path[PATH_SIZE];
    char *text = calloc(1, TEXT_MAX);
    assert_non_null(text);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    size_t size = fread(text, 1, TEXT_MAX - 1, file);
    fclose(file);
    assert_true(size > 0 && size < TEXT_MAX - 1);
    return text;
}

static void read_scripts(scripts *to, const char *prefix) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        size_t size = strlen(name);
        if (strncmp(name, prefix, strlen(prefix)) == 0 && size > 4 && strcmp(name + size - 4, ".lua") == 0) {
            assert_true(to->count < FILES_MAX);
            script *item = &to->items[to->count++];
            snprintf(item->name, sizeof item->name, "%s", name);
            item->text = read_text(name);
        }
        free(entries[i]);
    }
    free(entries);
}

static int read_all(void **state) {
    (void)state;
    read_scripts(&leavers, "leave-");
    read_scripts(&askers, "ask-");
    return leavers.count >= 15 && askers.count >= 8 ? 0 : -1;
}

static int free_all(void **state) {
    (void)state;
    for (size_t i = 0; i < leavers.count; i++)
        free(leavers.items[i].text);
    for (size_t i = 0; i < askers.count; i++)
        free(askers.items[i].text);
    return 0;
}

/* --- Running --- */

static void hear(void *ud, const char *bytes, size_t size) {
    heard *to = ud;
    char *grown = realloc(to->bytes, to->size + size + 1);
    if (!grown)
        abort();
    memcpy(grown + to->size, bytes, size);
    grown[to->size + size] = '\0';
    to->bytes = grown;
    to->size += size;
}

static void hear_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)context;
    hear(ud, bytes, size);
}

static void hear_warning(void *ud, lunette_context *context, const char *bytes, size_t size, bool more) {
    (void)context;
    hear(ud, "warning: ", 9);
    hear(ud, bytes, size);
    hear(ud, more ? "+" : "\n", 1);
}

static void forget(heard *what) {
    free(what->bytes);
    *what = (heard){0};
}

static lunette_engine *open_engine(lunette_sandbox level, heard *to) {
    lunette_engine *engine;
    lunette_config config = lunette_config_default();
    config.sandbox = level;
    config.deterministic = true;
    config.limits.memory = 4 << 20;
    config.output = hear_output;
    config.output_ud = to;
    config.warning = hear_warning;
    config.warning_ud = to;
    if (lunette_engine_open(&config, &engine) != LUNETTE_OK)
        fail_msg("engine: %s", lunette_last_failure());
    return engine;
}

static lunette_context *acquire(lunette_engine *engine) {
    lunette_context *context;
    if (lunette_context_acquire(engine, &context) != LUNETTE_OK)
        fail_msg("context: %s", lunette_last_failure());
    return context;
}

/* As long as it takes; but what wants to be killed is killed soon. */
static lunette_status run(lunette_context *context, const script *of, lunette_value **results) {
    lunette_limits limits = lunette_limits_default();
    lunette_run_options how = lunette_run_options_default();
    limits.wall_ns = (strstr(of->name, "killed") ? 20 : 60000) * MILLISECOND;
    how.limits = &limits;
    return lunette_context_run(context, "=script", of->text, LUNETTE_ZERO_TERMINATED, &how, results);
}

/* How it ended is part of what is heard. */
static void ask(lunette_context *context, const script *asker, heard *to) {
    forget(to);
    lunette_status status = run(context, asker, NULL);
    const lunette_error *error = lunette_context_error(context);
    hear(to, lunette_status_name(status), strlen(lunette_status_name(status)));
    if (error)
        hear(to, error->message, strlen(error->message));
}

/* Whether the context was as it left it, or has been reset because the run was ended from outside. */
static bool leave(lunette_context *context, const script *leaver, lunette_value **results) {
    lunette_status status = run(context, leaver, results);
    return status == LUNETTE_OK || status == LUNETTE_RUNTIME_ERROR;
}

static void ask_first(lunette_engine *engine, const script *asker, heard *to) {
    lunette_context *context = acquire(engine);
    ask(context, asker, to);
    if (to->size < 2 || strcmp(to->bytes + to->size - 2, "ok") != 0)
        fail_msg("%s: %s", asker->name, to->bytes);
    lunette_context_release(&context);
}

/* What each asker prints where nothing ran before: in an engine of its own; or in this one, if it is about what each
 * engine chooses for all its contexts, before any of the leavers runs there. */
static void ask_fresh(lunette_engine *engine, heard *shared, heard *answers) {
    for (size_t i = 0; i < askers.count; i++) {
        heard to = {0};
        if (strcmp(askers.items[i].name, "ask-names.lua") == 0) {
            ask_first(engine, &askers.items[i], shared);
            to = *shared;
            *shared = (heard){0};
        } else {
            lunette_engine *own = open_engine(LUNETTE_SANDBOX_RESTRICTED, &to);
            ask_first(own, &askers.items[i], &to);
            lunette_engine_close(&own);
        }
        answers[i] = to;
    }
}

static bool is_same(const heard *a, const heard *b) {
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void expect_same(const heard *got, const heard *fresh, const script *asker, const script *leaver,
                        const char *where) {
    if (is_same(got, fresh))
        return;
    size_t at = 0, line = 0;
    for (; got->bytes[at] != '\0' && got->bytes[at] == fresh->bytes[at]; at++)
        line = got->bytes[at] == '\n' ? at + 1 : line;
    fail_msg("%s notices %s %s:\n%.200s\nwhere nobody was before:\n%.200s", asker->name, leaver->name, where,
             got->bytes + line, fresh->bytes + line);
}

/* --- Nobody can tell --- */

typedef void pair_fn(lunette_engine *engine, const script *leaver, const script *asker, heard *to);

static void in_pairs(pair_fn *ask_after, const char *where) {
    heard answers[FILES_MAX], to = {0};
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, &to);
    ask_fresh(engine, &to, answers);
    for (size_t i = 0; i < leavers.count; i++)
        for (size_t k = 0; k < askers.count; k++) {
            ask_after(engine, &leavers.items[i], &askers.items[k], &to);
            expect_same(&to, &answers[k], &askers.items[k], &leavers.items[i], where);
        }
    lunette_engine_close(&engine);
    forget(&to);
    for (size_t i = 0; i < askers.count; i++)
        forget(&answers[i]);
}

static void ask_after_reset(lunette_engine *engine, const script *leaver, const script *asker, heard *to) {
    lunette_context *context = acquire(engine);
    lunette_value *held = NULL;
    leave(context, leaver, &held);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    ask(context, asker, to);
    lunette_value_free(&held);
    lunette_context_release(&context);
}

static void after_a_reset(void **state) {
    (void)state;
    in_pairs(ask_after_reset, "after a reset");
}

static void ask_next_tenant(lunette_engine *engine, const script *leaver, const script *asker, heard *to) {
    lunette_context *context = acquire(engine);
    leave(context, leaver, NULL);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    context = acquire(engine);
    ask(context, asker, to);
    lunette_context_release(&context);
}

static void as_the_next_tenant(void **state) {
    (void)state;
    in_pairs(ask_next_tenant, "as the pool's next tenant");
}

static void ask_beside(lunette_engine *engine, const script *leaver, const script *asker, heard *to) {
    lunette_context *left = acquire(engine), *context = acquire(engine);
    lunette_value *held = NULL;
    leave(left, leaver, &held);
    ask(context, asker, to);
    lunette_value_free(&held);
    lunette_context_release(&context);
    lunette_context_release(&left);
}

static void beside_one_another(void **state) {
    (void)state;
    in_pairs(ask_beside, "in another context");
}

/* Every leaver that is not undone by the way it ends leaves what some asker notices. */
static void without_a_reset_it_shows(void **state) {
    (void)state;
    heard answers[FILES_MAX], to = {0};
    size_t noticed_by[FILES_MAX] = {0};
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_RESTRICTED, &to);
    ask_fresh(engine, &to, answers);
    for (size_t i = 0; i < leavers.count; i++) {
        bool stays = false;
        size_t noticed = 0;
        for (size_t k = 0; k < askers.count; k++) {
            lunette_context *context = acquire(engine);
            stays = leave(context, &leavers.items[i], NULL) || stays;
            ask(context, &askers.items[k], &to);
            noticed += !is_same(&to, &answers[k]);
            noticed_by[k] += !is_same(&to, &answers[k]);
            lunette_context_release(&context);
        }
        if (stays && noticed == 0)
            fail_msg("nothing notices what %s leaves", leavers.items[i].name);
    }
    for (size_t k = 0; k < askers.count; k++) {
        if (noticed_by[k] == 0)
            fail_msg("%s notices nothing", askers.items[k].name);
        forget(&answers[k]);
    }
    lunette_engine_close(&engine);
    forget(&to);
}

/* --- What can be reached --- */

static int width(lunette_sandbox level) {
    return level == LUNETTE_SANDBOX_STRICT ? 0 : level == LUNETTE_SANDBOX_RESTRICTED ? 1 : 2;
}

/* The names of a level, "string.format", as a script's arguments. */
static size_t names_of(lunette_sandbox level, lunette_value *names, char (*texts)[64], size_t room) {
    const lunette_name *name;
    size_t count = 0;
    for (size_t i = 0; (name = lunette_sandbox_name(i)); i++) {
        if (width(name->level) > width(level))
            continue;
        assert_true(count < room);
        snprintf(texts[count], sizeof texts[count], "%s%s%s", name->library, *name->library ? "." : "",
                 name->name);
        names[count] = (lunette_value){
            .type = LUNETTE_STRING,
            .as.string = {.bytes = texts[count], .size = strlen(texts[count])},
        };
        count++;
    }
    return count;
}

static void expect_reach(lunette_sandbox level, const char *file) {
    enum { NAMES_MAX = 300 };
    static char texts[NAMES_MAX][64];
    static lunette_value names[NAMES_MAX];
    heard to = {0};
    char *text = read_text(file);
    lunette_engine *engine = open_engine(level, &to);
    lunette_context *context = acquire(engine);
    lunette_run_options how = lunette_run_options_default();
    lunette_limits limits = lunette_limits_default();
    limits.wall_ns = 60000 * MILLISECOND;
    how.limits = &limits;
    how.arguments = names;
    how.argument_count = names_of(level, names, texts, NAMES_MAX);
    lunette_status status = lunette_context_run(context, "=reach", text, LUNETTE_ZERO_TERMINATED, &how, NULL);
    if (status != LUNETTE_OK)
        fail_msg("%s: %s", lunette_status_name(status), lunette_context_error(context)->message);
    if (!to.bytes || strcmp(to.bytes, "reached nothing else\n") != 0)
        fail_msg("%s at level %d:\n%s", file, (int)level, to.bytes ? to.bytes : "(nothing)");
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    forget(&to);
    free(text);
}

static void reach_at_restricted(void **state) {
    (void)state;
    expect_reach(LUNETTE_SANDBOX_RESTRICTED, "reach.lua");
}

static void reach_at_none(void **state) {
    (void)state;
    expect_reach(LUNETTE_SANDBOX_NONE, "reach.lua");
}

static void reach_at_strict(void **state) {
    (void)state;
    expect_reach(LUNETTE_SANDBOX_STRICT, "reach-strict.lua");
    static const char *const METHODS[] = {"return ('x').rep", "return ('x'):format()",
                                          "return ('x').__index"};
    heard to = {0};
    lunette_engine *engine = open_engine(LUNETTE_SANDBOX_STRICT, &to);
    lunette_context *context = acquire(engine);
    for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++)
        assert_int_equal(
            lunette_context_run(context, "=strict", METHODS[i], LUNETTE_ZERO_TERMINATED, NULL, NULL),
            LUNETTE_RUNTIME_ERROR);
    lunette_context_release(&context);
    lunette_engine_close(&engine);
}

static void seek_at_restricted(void **state) {
    (void)state;
    expect_reach(LUNETTE_SANDBOX_RESTRICTED, "seek.lua");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_reset),      cmocka_unit_test(as_the_next_tenant),
        cmocka_unit_test(beside_one_another), cmocka_unit_test(without_a_reset_it_shows),
        cmocka_unit_test(reach_at_strict),    cmocka_unit_test(reach_at_restricted),
        cmocka_unit_test(reach_at_none),      cmocka_unit_test(seek_at_restricted),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_isolation FOLDER\n");
        return 2;
    }
    folder = argv[1];
    return cmocka_run_group_tests(tests, read_all, free_all);
}
