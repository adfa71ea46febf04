/* Clean: after any script and any ending, a reset leaves the context as it was, byte for byte and as a script sees it; and
 * nothing that a script opened stays open. */
#include "support.h"

#include <dirent.h>
#include <unistd.h>

/* --- The example tenants --- */

enum { MOST_FILES = 100 };

struct scripts {
    char *names[MOST_FILES], *texts[MOST_FILES];
    size_t count;
};

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot read %s", path);
    kit_text text = {0};
    char piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        kit_add(&text, piece, got);
    fclose(file);
    return text.bytes;
}

static void read_scripts(struct scripts *scripts, const char *folder) {
    char path[600];
    DIR *directory = opendir(folder);
    if (!directory)
        fail_msg("no folder %s", folder);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!strstr(entry->d_name, ".lua") || scripts->count == MOST_FILES)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        scripts->names[scripts->count] = strdup(entry->d_name);
        scripts->texts[scripts->count++] = read_text(path);
    }
    closedir(directory);
}

static struct scripts all_scripts(void) {
    struct scripts scripts = {0};
    read_scripts(&scripts, LN_SOURCE_DIR "/examples/tenants");
    read_scripts(&scripts, LN_SOURCE_DIR "/examples/tenants/rogue");
    assert_true(scripts.count > 30);
    return scripts;
}

static void free_scripts(struct scripts *scripts) {
    for (size_t i = 0; i < scripts->count; i++) {
        free(scripts->names[i]);
        free(scripts->texts[i]);
    }
}

/* --- What clean means --- */

static void expect_clean(lunette_context *context, const char *about) {
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    lunette_status status = lunette_context_verify(context);
    if (status != LUNETTE_OK)
        fail_msg("after %s: %s", about, lunette_last_failure());
}

static void expect_same_walk(lunette_context *context, const kit_text *before, const char *about) {
    kit_text after = kit_walk_context(context, true, true, true);
    kit_assert_same_lines(after.bytes, before->bytes, about);
    kit_clear(&after);
}

/* math.random's state changes at each run that follows a reset; its address is all the walk sees of it. */
static lunette_context *open_quiet(lunette_sandbox level, kit_text *output, uint64_t wall_ns) {
    lunette_config config = kit_config(level);
    config.output = kit_output;
    config.output_ud = output;
    config.limits.wall_ns = wall_ns;
    return kit_open(&config);
}

static void every_tenant_leaves_nothing(void **state) {
    (void)state;
    struct scripts scripts = all_scripts();
    kit_text output = {0};
    lunette_context *context = open_quiet(LUNETTE_SANDBOX_RESTRICTED, &output, 300 * MILLISECOND);
    kit_text before = kit_walk_context(context, true, true, true);
    for (size_t i = 0; i < scripts.count; i++) {
        lunette_status status =
            lunette_context_run(context, scripts.names[i], scripts.texts[i], SIZE_MAX, NULL, NULL);
        assert_true(status >= LUNETTE_OK);
        expect_clean(context, scripts.names[i]);
        expect_same_walk(context, &before, scripts.names[i]);
    }
    kit_clear(&before);
    kit_clear(&output);
    kit_close(context);
    free_scripts(&scripts);
}

/* The detector among the tenants says whether it sees a trace of another; it must see the vandals where nobody resets. */
static void the_detector_detects(void **state) {
    (void)state;
    kit_text output = {0};
    char *vandal = read_text(LN_SOURCE_DIR "/examples/tenants/rogue/vandal-libraries.lua");
    char *detector = read_text(LN_SOURCE_DIR "/examples/tenants/rogue/zz-was-i-spoiled.lua");
    lunette_context *context = open_quiet(LUNETTE_SANDBOX_RESTRICTED, &output, 2000 * MILLISECOND);
    expect_ok(context, vandal);
    assert_int_not_equal(kit_run(context, detector), LUNETTE_OK);
    expect_clean(context, "the vandal");
    expect_ok(context, detector);
    kit_close(context);
    kit_clear(&output);
    free(vandal);
    free(detector);
}

static uint64_t next_random(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static void clean_after_kills_at_any_moment(void **state) {
    (void)state;
    struct scripts scripts = all_scripts();
    kit_text output = {0};
    uint64_t random = 88172645463325252ull;
    lunette_context *context = open_quiet(LUNETTE_SANDBOX_RESTRICTED, &output, 300 * MILLISECOND);
    kit_text before = kit_walk_context(context, true, true, true);
    unsigned killed = 0;
    for (int round = 0; round < 600; round++) {
        size_t i = next_random(&random) % scripts.count;
        lunette_limits limits = lunette_limits_default();
        lunette_run_options options = lunette_run_options_default();
        limits.wall_ns = 1000 + next_random(&random) % 1500000;
        options.limits = &limits;
        lunette_status status =
            lunette_context_run(context, scripts.names[i], scripts.texts[i], SIZE_MAX, &options, NULL);
        assert_true(status >= LUNETTE_OK && status != LUNETTE_VM_FAULT);
        killed += status == LUNETTE_TIME_LIMIT;
        if (status == LUNETTE_TIME_LIMIT)
            assert_int_equal(lunette_context_verify(context), LUNETTE_OK); /* the run's end has reset it */
        expect_clean(context, scripts.names[i]);
        output.size = 0;
    }
    assert_true(killed > 100);
    expect_same_walk(context, &before, "600 kills");
    kit_clear(&before);
    kit_clear(&output);
    kit_close(context);
    free_scripts(&scripts);
}

static void clean_after_each_kind_of_ending(void **state) {
    (void)state;
    static const struct {
        const char *text;
        lunette_status status;
    } ENDINGS[] = {
        {"x = 1", LUNETTE_OK},
        {"error({})", LUNETTE_RUNTIME_ERROR},
        {"x =", LUNETTE_SYNTAX_ERROR},
        {"local t = {} t[1] = t return t", LUNETTE_VALUE_LIMIT},
        {"local t = {} for i = 1, 1e9 do t[i] = {} end", LUNETTE_MEMORY_LIMIT},
        {"pcall(string.rep, 'x', 1 << 30) kept = {}", LUNETTE_OK},
        {"while true do end", LUNETTE_TIME_LIMIT},
        {"print(('x'):rep(5000))", LUNETTE_OUTPUT_LIMIT},
        {"return function() end", LUNETTE_OK},
        {"local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
         LUNETTE_TIME_LIMIT},
    };
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.limits.memory = 2 * MIB;
    config.limits.output_bytes = 1000;
    config.output = kit_output;
    config.output_ud = &output;
    lunette_context *context = kit_open(&config);
    kit_text before = kit_walk_context(context, true, true, true);
    for (size_t i = 0; i < LN_COUNT(ENDINGS); i++) {
        lunette_value *results = NULL;
        lunette_limits limits = lunette_limits_default();
        lunette_run_options options = lunette_run_options_default();
        if (ENDINGS[i].status == LUNETTE_TIME_LIMIT)
            limits.wall_ns = 20 * MILLISECOND;
        options.limits = &limits;
        lunette_status status =
            lunette_context_run(context, NULL, ENDINGS[i].text, SIZE_MAX, &options, &results);
        kit_check_status(context, ENDINGS[i].text, status, ENDINGS[i].status, __LINE__);
        lunette_value_free(&results);
        expect_clean(context, ENDINGS[i].text);
        expect_same_walk(context, &before, ENDINGS[i].text);
    }
    kit_clear(&before);
    kit_clear(&output);
    kit_close(context);
}

static void verify_sees_a_difference(void **state) {
    (void)state;
    lunette_context *context = kit_restricted();
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    expect_ok(context, "x = 1");
    assert_int_equal(lunette_context_verify(context), LUNETTE_WRONG_STATE);
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    unsigned char *byte = (unsigned char *)ln_vm_of(context->vm)->L + 64;
    *byte ^= 0x20;
    assert_int_equal(lunette_context_verify(context), LUNETTE_DEFECT);
    assert_non_null(strstr(lunette_last_failure(), "image"));
    *byte ^= 0x20;
    assert_int_equal(lunette_context_verify(context), LUNETTE_OK);
    kit_close(context);
}

/* --- Level none --- */

static size_t open_descriptors(void) {
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

#define OPEN_FILES                                                                              \
    "local path = os.tmpname()\n"                                                               \
    "local a, b, c = io.open(path, 'w'), io.open(path), io.tmpfile()\n"                         \
    "local d, lines = io.popen('cat', 'w'), io.lines(path)\n"                                   \
    "io.output(io.tmpfile()) io.input(path)\n"                                                  \
    "a:write('one\\ntwo\\n') a:flush() assert(b:read('l') == 'one') assert(lines() == 'one')\n" \
    "io.open(path):close() io.lines(path)() assert(os.remove(path))\n"

static void files_are_closed(void **state) {
    (void)state;
    static const char *const ENDINGS[] = {"",
                                          "error('x')",
                                          "while true do end",
                                          "while true do a:write('x') a:seek('set') end",
                                          "string.rep('x', 1 << 30)",
                                          "a:close() c = nil collectgarbage()",
                                          "kept = a getmetatable(a).__gc = nil"};
    kit_text output = {0};
    lunette_context *context = open_quiet(LUNETTE_SANDBOX_NONE, &output, 400 * MILLISECOND);
    expect_ok(context, "io.tmpfile():close()");
    assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    size_t before = open_descriptors();
    for (size_t i = 0; i < LN_COUNT(ENDINGS); i++) {
        kit_text script = {0};
        kit_add(&script, OPEN_FILES, strlen(OPEN_FILES));
        kit_add(&script, ENDINGS[i], strlen(ENDINGS[i]));
        lunette_status status = kit_run(context, script.bytes);
        if (status != LUNETTE_OK && status != LUNETTE_TIME_LIMIT && status != LUNETTE_MEMORY_LIMIT &&
            !strstr(lunette_context_error(context)->message, "x"))
            fail_msg("%s: %s", ENDINGS[i], lunette_context_error(context)->message);
        expect_clean(context, ENDINGS[i]);
        if (open_descriptors() != before)
            fail_msg("%s: %zu descriptors instead of %zu", ENDINGS[i], open_descriptors(), before);
        kit_clear(&script);
    }
    expect_ok(context, OPEN_FILES);
    kit_close(context);
    assert_true(open_descriptors() <= before);
    kit_clear(&output);
}

static void finalizers_run_at_the_end(void **state) {
    (void)state;
    kit_text output = {0};
    lunette_context *context = open_quiet(LUNETTE_SANDBOX_NONE, &output, 2000 * MILLISECOND);
    kit_text before = kit_walk_context(context, true, true, true);
    expect_ok(context,
              "for i = 1, 3 do _G[i] = setmetatable({}, { __gc = function() print('gone', i) end }) end");
    assert_null(output.bytes);
    expect_clean(context, "finalizers");
    assert_string_equal(output.bytes, "gone\t3\ngone\t2\ngone\t1\n");
    if (kit_interrupts(context)) { /* Lua calls no hook in a finalizer */
        expect_ok(context, "x = setmetatable({}, { __gc = function() error('in a finalizer') end })\n"
                           "y = setmetatable({}, { __gc = function() while true do end end })");
        expect_clean(context, "an endless finalizer");
    }
    expect_ok(
        context,
        "local t = {} for i = 1, 1000 do t[i] = setmetatable({}, { __gc = function(o) t[i] = o end }) end");
    expect_clean(context, "finalizers that resurrect");
    expect_same_walk(context, &before, "finalizers");
    kit_clear(&before);
    kit_clear(&output);
    kit_close(context);
}

static void finalizers_make_room(void **state) {
    (void)state;
    lunette_config config = kit_config(LUNETTE_SANDBOX_NONE);
    config.limits.memory = (size_t)1 << 20;
    lunette_context *context = kit_open(&config);
    expect_ok(context, "local gone = 0\n"
                       "for i = 1, 100000 do setmetatable({}, {__gc = function() gone = gone + 1 end}) end\n"
                       "assert(gone > 90000)");
    expect_ok(context, "collectgarbage('stop') local gone = 0\n"
                       "for i = 1, 1000 do setmetatable({}, {__gc = function() gone = gone + 1 end}) end\n"
                       "assert(gone == 0)");
    kit_close(context);
}

/* --- A host's allocator: reset reopens --- */

struct counted {
    size_t blocks, bytes;
};

static void *count_blocks(void *ud, void *ptr, size_t osize, size_t nsize) {
    struct counted *counted = ud;
    counted->blocks = counted->blocks + (nsize > 0) - (ptr != NULL);
    return kit_host_alloc(ud, ptr, osize, nsize);
}

static void a_host_allocator_gets_all_back(void **state) {
    (void)state;
    static const char *const TEXTS[] = {"x = {}",
                                        "error('x')",
                                        "while true do local t = {} end",
                                        "x = string.rep('x', 1e6)",
                                        "local t = {} for i = 1, 1e9 do t[i] = {} end",
                                        "print(pcall(string.rep, 'x', 1 << 30))"};
    struct counted counted = {0};
    kit_text output = {0};
    lunette_config config = kit_config(LUNETTE_SANDBOX_RESTRICTED);
    config.alloc = count_blocks;
    config.alloc_ud = &counted;
    config.limits.wall_ns = 20 * MILLISECOND;
    config.limits.memory = 8 * MIB;
    config.output = kit_output;
    config.output_ud = &output;
    lunette_context *context = kit_open(&config);
    kit_text before = kit_walk_context(context, true, true, false);
    size_t blocks = counted.blocks;
    assert_true(blocks > 100);
    for (size_t i = 0; i < 5 * LN_COUNT(TEXTS); i++) {
        lunette_status status = kit_run(context, TEXTS[i % LN_COUNT(TEXTS)]);
        assert_true(status >= LUNETTE_OK && status != LUNETTE_VM_FAULT);
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
        assert_int_equal(counted.blocks, blocks);
        assert_int_equal(lunette_context_verify(context), LUNETTE_UNSUPPORTED);
        expect_ok(context, "assert(x == nil and string.format('%d', 5) == '5')");
        assert_int_equal(lunette_context_reset(context), LUNETTE_OK);
    }
    kit_text after = kit_walk_context(context, true, true, false);
    kit_assert_same_lines(after.bytes, before.bytes, "a host's allocator");
    kit_clear(&before);
    kit_clear(&after);
    kit_clear(&output);
    kit_close(context);
    assert_int_equal(counted.blocks, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tenant_leaves_nothing),     cmocka_unit_test(the_detector_detects),
        cmocka_unit_test(clean_after_kills_at_any_moment), cmocka_unit_test(clean_after_each_kind_of_ending),
        cmocka_unit_test(verify_sees_a_difference),        cmocka_unit_test(files_are_closed),
        cmocka_unit_test(finalizers_run_at_the_end),       cmocka_unit_test(finalizers_make_room),
        cmocka_unit_test(a_host_allocator_gets_all_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
