/* A program behaves identically in the first context of a template, in one that was reset, and in relocated ones at other
 * bases: what it prints, returns and raises, the trace, the order of pairs(), and the requests its allocator saw.
 *
 *     test_relocation SOURCE_ROOT [PROGRAMS]
 *
 * The programs are those of examples/tenants and 1,000 generated ones (generate.lua), which use what the template
 * holds (held.lua). Look in src/arena/image.c and relocate.c when a context differs that was not the first; in
 * src/lua/template.c when all differ from the host's allocator. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs.h"

enum { CONTEXTS = 5 };

static int64_t programs = KIT_ASAN || KIT_TSAN ? 250 : 1000;

/* --- Contexts of one template, held at once so that each has a base of its own --- */

typedef struct copies {
    lunette_engine *engine;
    lunette_context *contexts[CONTEXTS];
} copies;

static copies copies_open(const lunette_config *config) {
    copies all = {.engine = kit_open(config)};
    for (int i = 0; i < CONTEXTS; i++)
        all.contexts[i] = kit_acquire(all.engine);
    return all;
}

static void copies_close(copies *all) {
    for (int i = 0; i < CONTEXTS; i++)
        kit_release(&all->contexts[i]);
    lunette_pool_stats stats = kit_pool(all->engine);
    assert_int_equal(stats.made, CONTEXTS);
    assert_int_equal(stats.in_use, 0);
    lunette_engine_close(&all->engine);
}

/* No cache of scripts: parsing again leaves the same garbage each time. */
static lunette_config config_of(lunette_sandbox level, const lunette_preload *modules) {
    lunette_config config = kit_config();
    config.sandbox = level;
    config.deterministic = true;
    config.limits.memory = 16 * KIT_MIB;
    config.gc =
        LUNETTE_GC_INCREMENTAL; /* often, where programs can only make garbage until it is collected */
    config.gc_pause = 110;
    config.script_cache = SIZE_MAX;
    config.preload = modules;
    config.preload_count = modules ? KIT_MODULES : 0;
    return config;
}

static void compare(void *ud, const kit_program *program) {
    copies *all = ud;
    kit_text first = kit_transcript(all->contexts[0], program);
    kit_reset_and_verify(all->contexts[0]);
    kit_same_transcript(all->contexts[0], program, &first, "after a reset");
    for (int i = 1; i < CONTEXTS; i++)
        kit_same_transcript(all->contexts[i], program, &first, "in a relocated context");
    for (int i = 0; i < CONTEXTS; i++)
        kit_reset_and_verify(all->contexts[i]);
    kit_same_transcript(all->contexts[CONTEXTS - 1], program, &first, "in a relocated context after a reset");
    kit_reset_and_verify(all->contexts[CONTEXTS - 1]);
    kit_clear(&first);
}

/* --- Generated programs --- */

static void compare_generated(lunette_sandbox level, lunette_gc gc, unsigned pause, int64_t from,
                              int64_t to) {
    kit_generator generator = kit_generator_open();
    lunette_preload modules[KIT_MODULES];
    kit_modules_open(modules, false);
    lunette_config config = config_of(level, modules);
    config.gc = gc;
    config.gc_pause = pause;
    copies all = copies_open(&config);
    for (int64_t n = from; n < to; n++) {
        char name[40];
        char *text = kit_generate(&generator, n);
        snprintf(name, sizeof name, "program %lld", (long long)n);
        compare(&all, &(kit_program){.name = name, .text = text, .usage = true});
        free(text);
    }
    copies_close(&all);
    kit_modules_close(modules);
    kit_generator_close(&generator);
}

static void generated_restricted(void **state) {
    (void)state;
    compare_generated(LUNETTE_SANDBOX_RESTRICTED, LUNETTE_GC_INCREMENTAL, 110, 0, programs);
}

static void generated_none(void **state) {
    (void)state;
    compare_generated(LUNETTE_SANDBOX_NONE, LUNETTE_GC_AUTO, 0, 0, programs);
}

static void generated_generational(void **state) {
    (void)state;
    compare_generated(LUNETTE_SANDBOX_NONE, LUNETTE_GC_GENERATIONAL, 0, programs, programs + programs / 5);
}

/* One program after the other in a state that is not reset: what the first has left behind is the same, too. */
static void histories(void **state) {
    (void)state;
    kit_generator generator = kit_generator_open();
    lunette_preload modules[KIT_MODULES];
    kit_modules_open(modules, false);
    lunette_config config = config_of(LUNETTE_SANDBOX_NONE, modules);
    copies all = copies_open(&config);
    for (int64_t n = 0; n < programs / 5; n++) {
        char *text = kit_generate(&generator, 2 * programs + n);
        kit_program program = {.name = "history", .text = text, .usage = true};
        kit_text first = kit_transcript(all.contexts[0], &program);
        for (int i = 1; i < CONTEXTS; i++)
            kit_same_transcript(all.contexts[i], &program, &first, "after the same programs");
        if (n % 8 == 7)
            for (int i = 0; i < CONTEXTS; i++)
                kit_reset_and_verify(all.contexts[i]);
        kit_clear(&first);
        free(text);
    }
    copies_close(&all);
    kit_modules_close(modules);
    kit_generator_close(&generator);
}

/* --- Examples --- */

static void tenants_at(lunette_sandbox level) {
    lunette_config config = config_of(level, NULL);
    copies all = copies_open(&config);
    assert_true(kit_each_tenant("examples/tenants", compare, &all) >= 20);
    assert_true(kit_each_tenant("examples/tenants/rogue", compare, &all) >= 12);
    copies_close(&all);
}

static void tenants_restricted(void **state) {
    (void)state;
    tenants_at(LUNETTE_SANDBOX_RESTRICTED);
}

static void tenants_none(void **state) {
    (void)state;
    tenants_at(LUNETTE_SANDBOX_NONE);
}

/* --- Without shared images --- */

/* Both answer the same, but for the order of pairs(), which depends on where a state was built. */
static void compare_with_image(const lunette_config *other) {
    kit_generator generator = kit_generator_open();
    lunette_config config = config_of(other->sandbox, other->preload);
    copies image = copies_open(&config), own = copies_open(other);
    for (int64_t n = 0; n < programs / 5; n++) {
        char name[40];
        char *text = kit_generate(&generator, n);
        snprintf(name, sizeof name, "program %lld", (long long)n);
        kit_program program = {.name = name, .text = text};
        kit_text first = kit_transcript(image.contexts[0], &program);
        int i = (int)(n % CONTEXTS);
        kit_same_transcript(own.contexts[i], &program, &first, "without an image");
        assert_int_equal(lunette_context_reset(own.contexts[i]), LUNETTE_OK);
        kit_same_transcript(own.contexts[i], &program, &first, "without an image, after a reset");
        assert_int_equal(lunette_context_reset(own.contexts[i]), LUNETTE_OK);
        kit_reset_and_verify(image.contexts[0]);
        kit_clear(&first);
        free(text);
    }
    copies_close(&image);
    copies_close(&own);
    kit_generator_close(&generator);
}

static void with_host_allocator_at(lunette_sandbox level) {
    lunette_preload modules[KIT_MODULES];
    kit_modules_open(modules, true);
    lunette_config config = config_of(level, modules);
    config.alloc = kit_host_alloc;
    compare_with_image(&config);
    kit_modules_close(modules);
}

static void with_host_allocator(void **state) {
    (void)state;
    with_host_allocator_at(LUNETTE_SANDBOX_RESTRICTED);
    with_host_allocator_at(LUNETTE_SANDBOX_NONE);
}

/* --- In a child process with little address space, where no two arenas can lie 4 GiB apart --- */

static bool limit_address_space(uint64_t more) {
    unsigned long long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    bool read = statm && fscanf(statm, "%llu", &pages) == 1;
    if (statm)
        fclose(statm);
    rlim_t most = (rlim_t)(pages * (unsigned long long)sysconf(_SC_PAGESIZE) + more);
    return read && setrlimit(RLIMIT_AS, &(struct rlimit){.rlim_cur = most, .rlim_max = most}) == 0;
}

static void expect_child_ok(int (*body)(void)) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(body());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with status %#x", (unsigned)status);
}

#define REQUIRE(condition)                                                                               \
    do {                                                                                                 \
        if (!(condition)) {                                                                              \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, lunette_last_failure()); \
            return 1;                                                                                    \
        }                                                                                                \
    } while (0)

static bool same_text(const kit_text *a, const kit_text *b) {
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Runs `text` in the context, fresh and reset, and compares with what is expected of it. */
static bool runs_as_expected(lunette_context *context, const char *text, const kit_text *expected) {
    kit_program program = {.name = "program", .text = text};
    bool same = true;
    for (int i = 0; i < 2; i++) {
        kit_text found = kit_transcript(context, &program);
        if (!same_text(&found, expected)) {
            fprintf(stderr, "%s\ninstead of\n%s\n", found.bytes, expected->bytes);
            same = false;
        }
        kit_clear(&found);
        same = same && lunette_context_reset(context) == LUNETTE_OK &&
               lunette_context_verify(context) == LUNETTE_OK;
    }
    return same;
}

enum { CHILD_PROGRAMS = 40 };
static struct {
    lunette_preload modules[KIT_MODULES];
    char *texts[CHILD_PROGRAMS];
    kit_text expected[CHILD_PROGRAMS];
    lunette_engine *before; /* opened while there was address space */
} childs;

/* An engine opened when there is none: its contexts build themselves. */
static int child_opens_late(void) {
    lunette_config config = config_of(LUNETTE_SANDBOX_RESTRICTED, childs.modules);
    lunette_engine_info info = {.size = sizeof info};
    lunette_context *contexts[3];
    REQUIRE(limit_address_space(256 * KIT_MIB));
    lunette_engine *engine;
    REQUIRE(lunette_engine_open(&config, &engine) == LUNETTE_OK);
    REQUIRE(lunette_engine_info_get(engine, &info) == LUNETTE_OK);
    REQUIRE(!info.relocatable && strcmp(info.reset, "image") == 0);
    for (int i = 0; i < 3; i++)
        REQUIRE(lunette_context_acquire(engine, &contexts[i]) == LUNETTE_OK);
    for (int n = 0; n < CHILD_PROGRAMS; n++)
        REQUIRE(runs_as_expected(contexts[n % 3], childs.texts[n], &childs.expected[n]));
    for (int i = 0; i < 3; i++)
        REQUIRE(lunette_context_release(&contexts[i]) == LUNETTE_OK);
    lunette_engine_close(&engine);
    return 0;
}

/* An engine opened before: its template has an image to share, but new arenas cannot share it. */
static int child_runs_short(void) {
    lunette_context *contexts[3];
    REQUIRE(limit_address_space(256 * KIT_MIB));
    for (int i = 0; i < 3; i++)
        REQUIRE(lunette_context_acquire(childs.before, &contexts[i]) == LUNETTE_OK);
    for (int n = 0; n < CHILD_PROGRAMS; n++)
        REQUIRE(runs_as_expected(contexts[n % 3], childs.texts[n], &childs.expected[n]));
    for (int i = 0; i < 3; i++)
        REQUIRE(lunette_context_release(&contexts[i]) == LUNETTE_OK);
    return 0;
}

static void prepare_child(void) {
    kit_generator generator = kit_generator_open();
    kit_modules_open(childs.modules, true);
    lunette_config config = config_of(LUNETTE_SANDBOX_RESTRICTED, childs.modules);
    childs.before = kit_open(&config);
    lunette_engine *engine = kit_open(&config);
    lunette_context *context = kit_acquire(engine);
    for (int n = 0; n < CHILD_PROGRAMS; n++) {
        childs.texts[n] = kit_generate(&generator, n);
        childs.expected[n] =
            kit_transcript(context, &(kit_program){.name = "program", .text = childs.texts[n]});
        kit_reset_and_verify(context);
    }
    kit_release(&context);
    lunette_engine_close(&engine);
    kit_generator_close(&generator);
}

static void with_little_address_space(void **state) {
    (void)state;
    if (KIT_ASAN || KIT_TSAN) {
        print_message("skipped: the sanitizers' own memory counts as address space\n");
        skip();
    }
    prepare_child();
    expect_child_ok(child_opens_late);
    expect_child_ok(child_runs_short);
    lunette_engine_close(&childs.before);
    for (int n = 0; n < CHILD_PROGRAMS; n++) {
        free(childs.texts[n]);
        kit_clear(&childs.expected[n]);
    }
    kit_modules_close(childs.modules);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated_restricted),   cmocka_unit_test(generated_none),
        cmocka_unit_test(generated_generational), cmocka_unit_test(histories),
        cmocka_unit_test(tenants_restricted),     cmocka_unit_test(tenants_none),
        cmocka_unit_test(with_host_allocator),    cmocka_unit_test(with_little_address_space),
    };
    if (argc < 2)
        return 2;
    kit_root = argv[1];
    if (argc > 2)
        programs = strtol(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
