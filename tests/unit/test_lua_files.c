/* Files for scripts, below one folder: what they may do there, and every way out that is known. When this fails look at
 * src/base/os_beneath.c and src/lua/confined.c. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/os_beneath.h"
#include "lunette.h"

void ln_os_beneath_walk_always(bool always);

enum { READ = LUNETTE_PERMIT_FILE_READ, WRITE = LUNETTE_PERMIT_FILE_WRITE };

static char base[64], root[80], secret[80];

static void write_file(const char *folder, const char *name, const char *text) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void link_to(const char *target, const char *name) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(symlink(target, path), 0);
}

static int prepare(void **state) {
    (void)state;
    char path[200];
    snprintf(base, sizeof base, "/tmp/lunette-files-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    snprintf(root, sizeof root, "%s/root", base);
    snprintf(secret, sizeof secret, "%s/secret", base);
    mkdir(root, 0755);
    write_file(base, "secret", "the secret\n");
    write_file(root, "a.txt", "one\ntwo\nthree");
    write_file(root, "chunk.lua", "#!/usr/bin/lua\nreturn ...");
    snprintf(path, sizeof path, "%s/inner", root);
    mkdir(path, 0755);
    write_file(path, "b.txt", "inner");
    link_to("../secret", "out");
    link_to(secret, "absolute");
    link_to("..", "up");
    link_to("/proc/self/root/etc/passwd", "magic");
    link_to("/proc/self/fd", "fds");
    link_to("a.txt", "within");
    snprintf(path, sizeof path, "%s/pipe", root);
    return mkfifo(path, 0644);
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where) {
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

static int clean(void **state) {
    (void)state;
    return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static lunette_engine *open_engine(uint32_t permissions) {
    lunette_config config = lunette_config_default();
    config.limits.wall_ns = UINT64_C(60000000000); /* also on a busy machine */
    config.permissions = permissions;
    config.root = (permissions & (READ | WRITE)) != 0 ? root : NULL;
    lunette_engine *engine;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    return engine;
}

/* Runs a text and compares the text that it returns. */
static void check_answer(lunette_engine *engine, const char *text, const char *expected) {
    lunette_context *context;
    lunette_value *results;
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    lunette_status status = lunette_context_run(context, "test", text, SIZE_MAX, NULL, &results);
    const lunette_error *error = lunette_context_error(context);
    if (status != LUNETTE_OK)
        fail_msg("%s: %s", text, error ? error->message : lunette_last_failure());
    const lunette_value *first = lunette_value_at(results, 0);
    assert_non_null(first);
    assert_int_equal(first->type, LUNETTE_STRING);
    assert_string_equal(first->as.string.bytes, expected);
    lunette_value_free(&results);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
}

static void check_refused(lunette_engine *engine, const char *path, const char *mode, const char *why) {
    char text[300], expected[300];
    snprintf(text, sizeof text, "local f, why = io.open('%s', '%s') return f and f:read('a') or why", path,
             mode);
    snprintf(expected, sizeof expected, "%s: %s", path, why);
    check_answer(engine, text, expected);
}

static void a_script_reads_below_its_folder(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(READ);
    check_answer(engine, "return io.open('a.txt'):read('a')", "one\ntwo\nthree");
    check_answer(engine, "return io.open('inner/../within'):read('l')", "one");
    check_answer(engine,
                 "local t = {} for l in io.lines('a.txt') do t[#t + 1] = l end return table.concat(t, '|')",
                 "one|two|three");
    check_answer(engine,
                 "local t = {} for a, b in io.lines('a.txt', 1, 'l') do t[#t + 1] = a .. b end "
                 "return table.concat(t, '|')",
                 "one|two|three");
    check_answer(engine, "return loadfile('chunk.lua')('loaded')", "loaded");
    check_answer(engine, "return tostring((dofile('chunk.lua')))", "nil");
    check_answer(engine,
                 "local f = io.open('a.txt') local s = io.type(f) f:close() return s .. ' ' .. io.type(f)",
                 "file closed file");
    check_answer(
        engine,
        "local f <close> = io.open('a.txt') f:seek('set', 4) return f:read('n') and '' or f:read('l')",
        "two");
    lunette_engine_close(&engine);
}

/* Which message tells depends on who refuses: the kernel, or the walk. */
static void check_ways_out(lunette_engine *engine, bool walking) {
    const char *OUT = "leads out of the folder that scripts may use";
    check_refused(engine, "../secret", "r", OUT);
    check_refused(engine, "inner/../../secret", "r", OUT);
    check_refused(engine, secret, "r", OUT);
    check_refused(engine, "/etc/passwd", "r", OUT);
    check_refused(engine, "out", "r", OUT);
    check_refused(engine, "absolute", "r", OUT);
    check_refused(engine, "up/secret", "r", walking ? "Not a directory" : OUT);
    check_refused(engine, "magic", "r", OUT);
    check_refused(engine, "fds/0", "r", walking ? "Not a directory" : OUT);
    check_refused(engine, "pipe", "r", "not a regular file");
    check_refused(engine, "inner", "r", "Is a directory");
    check_refused(engine, "", "r", "No such file or directory");
    check_refused(engine, "missing", "r", "No such file or directory");
    check_answer(engine, "return select(2, pcall(io.open, 'a.txt\\0/../..'))",
                 "bad argument #1 to 'io.open' (a file's name has no zero bytes)");
    check_answer(engine, "return select(2, loadfile('../secret'))",
                 "cannot open ../secret: leads out of the folder that scripts may use");
    check_answer(engine, "return select(2, loadfile())", "cannot open stdin: Permission denied");
    check_answer(engine, "return select(2, pcall(io.lines, 'out'))",
                 "out: leads out of the folder that scripts may use");
}

static void no_path_leads_out_of_it(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(READ);
    check_ways_out(engine, false);
    ln_os_beneath_walk_always(true);
    check_ways_out(engine, true);
    check_answer(engine, "return io.open('inner/b.txt'):read('a')", "inner");
    ln_os_beneath_walk_always(false);
    lunette_engine_close(&engine);
}

static void reading_is_not_writing(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(READ);
    static const char *const MODES[] = {"w", "a", "r+", "w+", "a+", "wb"};
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++)
        check_refused(engine, "a.txt", MODES[i], "writing is not permitted");
    check_answer(
        engine,
        "return tostring(os.remove) .. tostring(os.rename) .. tostring(io.tmpfile) .. tostring(io.popen)"
        " .. tostring(io.read) .. tostring(io.stdout) .. tostring(os.getenv)",
        "nilnilnilnilnilnilnil");
    lunette_engine_close(&engine);
    engine = open_engine(WRITE);
    check_refused(engine, "a.txt", "r", "reading is not permitted");
    check_refused(engine, "a.txt", "r+", "reading is not permitted");
    lunette_engine_close(&engine);
}

static void a_script_writes_below_its_folder(void **state) {
    (void)state;
    const char *OUT = "leads out of the folder that scripts may use";
    char text[200], expected[200];
    lunette_engine *engine = open_engine(READ | WRITE);
    check_answer(
        engine,
        "local f = io.open('new.txt', 'w') f:write('x', 12) f:close() return io.open('new.txt'):read('a')",
        "x12");
    check_answer(
        engine,
        "local f = io.open('new.txt', 'a') f:write('!') f:close() return io.open('new.txt'):read('a')",
        "x12!");
    check_answer(engine, "os.rename('new.txt', 'inner/moved') return io.open('inner/moved', 'r+'):read('a')",
                 "x12!");
    check_answer(engine, "return tostring(os.remove('inner/moved')) .. select(2, os.remove('inner/moved'))",
                 "trueinner/moved: No such file or directory");
    check_answer(engine, "local f = io.tmpfile() f:write('tmp') f:seek('set') return f:read('a')", "tmp");
    check_refused(engine, "../new", "w", OUT);
    check_refused(engine, "pipe", "w", "No such device or address");
    snprintf(expected, sizeof expected, "%s: %s", "../secret", OUT);
    check_answer(engine, "return select(2, os.remove('../secret'))", expected);
    check_answer(engine, "return select(2, os.rename('../secret', 'mine'))", expected);
    snprintf(text, sizeof text, "return select(2, os.remove('%s'))", secret);
    snprintf(expected, sizeof expected, "%s: %s", secret, OUT);
    check_answer(engine, text, expected);
    check_answer(engine, "return select(2, os.rename('a.txt', '../mine'))",
                 "a.txt: leads out of the folder that scripts may use");
    assert_int_equal(access(secret, F_OK), 0);
    lunette_engine_close(&engine);
}

static size_t open_descriptors(void) {
    size_t count = 0;
    for (int i = 0; i < 1024; i++)
        count += fcntl(i, F_GETFD) != -1;
    return count;
}

/* By a reset, by a kill, by the engine's end; and no more than a script's share. */
static void what_a_script_leaves_open_is_closed(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(READ);
    lunette_context *context;
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    limits.wall_ns = 20000000;
    options.limits = &limits;
    size_t before = open_descriptors();
    check_answer(engine,
                 "kept = {} for i = 1, 1000 do local f, why = io.open('a.txt') "
                 "if not f then return why end kept[i] = f end return 'all'",
                 "a.txt: too many open files (a script may have 64)");
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    const char *text = "kept = io.open('a.txt') while true do local f = io.open('a.txt') f:close() end";
    assert_int_equal(lunette_context_run(context, "test", text, SIZE_MAX, &options, NULL),
                     LUNETTE_TIME_LIMIT);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    check_answer(engine,
                 "for i = 1, 1000 do local f = io.open('a.txt') f = nil end "
                 "return tostring(getmetatable(io.open('a.txt')))",
                 "false");
    lunette_engine_close(&engine);
    assert_int_equal(open_descriptors(), before - 1);
}

/* The formats of io.lines are kept as upvalues, so they are on the stack twice. Where it ends, that is an error, and what lies
 * behind it in the arena is not written over. */
static void many_formats_need_room(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(READ);
    check_answer(
        engine,
        "local formats = table.pack(table.unpack({}, 1, 200)) for i = 1, 200 do formats[i] = 'l' end\n"
        "local function below(n, ...)\n"
        "    return pcall(io.lines, 'a.txt', table.unpack(formats))\n"
        "end\n"
        "for n = 999200, 999800, 40 do\n"
        "    local called, opened, why = pcall(function() return below(table.unpack({}, 1, n)) end)\n"
        "    if called and not opened and why:find('too many arguments') then return 'refused' end\n"
        "end\n"
        "return 'never refused'",
        "refused");
    lunette_engine_close(&engine);
}

/* One call may be given as many strings as there is stack for: a deadline ends it between two pieces of them. */
static void a_deadline_ends_a_long_write(void **state) {
    (void)state;
    static const char PREPARE[] = "f, s, t = io.open('long', 'w'), ('x'):rep(8 << 20), {}\n"
                                  "for i = 1, 200 do t[i] = s end";
    lunette_engine *engine = open_engine(READ | WRITE);
    lunette_context *context;
    lunette_limits limits = lunette_limits_default();
    lunette_run_options options = lunette_run_options_default();
    struct stat about;
    char path[200];
    limits.wall_ns = 30000000;
    options.limits = &limits;
    assert_int_equal(lunette_context_acquire(engine, &context), LUNETTE_OK);
    assert_int_equal(lunette_context_run(context, "test", PREPARE, SIZE_MAX, NULL, NULL), LUNETTE_OK);
    assert_int_equal(
        lunette_context_run(context, "test", "f:write(table.unpack(t))", SIZE_MAX, &options, NULL),
        LUNETTE_TIME_LIMIT);
    snprintf(path, sizeof path, "%s/long", root);
    assert_int_equal(stat(path, &about), 0);
    assert_true(about.st_size < (off_t)200 * 8 << 20);
    assert_int_equal(lunette_context_release(&context), LUNETTE_OK);
    lunette_engine_close(&engine);
    assert_int_equal(unlink(path), 0);
}

/* What is written in pieces is what was given, and what cannot be written is said as in one piece. */
static void a_long_write_is_whole(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(READ | WRITE);
    check_answer(engine,
                 "local f, s = io.open('long', 'w+'), ('0123456789abcdef'):rep(3 << 16) .. 'end'\n"
                 "local same = f:write(s, 1, 2.5, '', s:sub(1, 5), -0.0, s) == f\n"
                 "f:seek('set')\n"
                 "local got = f:read('a')\n"
                 "f:close() f = io.open('long', 'w')\n"
                 "local short = f:write(1, 2.5, -0.0) f:close()\n"
                 "local numbers = io.open('long'):read('a')\n"
                 "return tostring(same) .. ' ' .. #got .. ' ' ..\n"
                 "    tostring(got == s .. numbers:sub(1, 4) .. '01234' .. numbers:sub(5) .. s)",
                 "true 6291473 true");
    check_answer(engine,
                 "local f, s = io.open('long', 'w'), ('x'):rep(2 << 20)\n"
                 "local _, said = pcall(f.write, f, s, {}, s)\n"
                 "local _, method = pcall(function() f:write(s, s, print) end)\n"
                 "f:close()\n"
                 "local size = io.open('long'):seek('end')\n"
                 "return said .. ' ' .. method .. ' ' .. tostring(size == 3 * #s)",
                 "bad argument #3 to '?' (string expected, got table) "
                 "test:3: bad argument #3 to 'write' (string expected, got function) true");
    check_answer(engine,
                 "local f, s = io.open('long', 'w'), ('x'):rep(2 << 20) f:close()\n"
                 "return (select(2, pcall(f.write, f, s, s)))",
                 "attempt to use a closed file");
    check_answer(engine,
                 "local f, s = io.open('long', 'r'), ('x'):rep(2 << 20)\n"
                 "local done, said, number = f:write(s, s)\n"
                 "return tostring(done) .. ' ' .. said .. ' ' .. tostring(number)",
                 "nil Bad file descriptor 9");
    check_answer(engine, "return tostring(os.remove('long'))", "true");
    lunette_engine_close(&engine);
}

static void check_config(lunette_config *config, const char *expected) {
    lunette_engine *engine;
    assert_true(lunette_engine_open(config, &engine) < 0);
    assert_null(engine);
    assert_string_equal(lunette_last_failure(), expected);
}

static void a_configuration_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    static const char *const INPUT[] = {"io.input"};
    lunette_config config = lunette_config_default();
    config.permissions = READ;
    check_config(
        &config,
        "config.root is NULL, but permissions has FILE_READ or FILE_WRITE: name the folder they are for");
    config.root = "/nowhere/at/all";
    check_config(&config, "config.root: cannot open the folder '/nowhere/at/all': No such file or directory");
    config.root = root;
    config.allow = INPUT;
    config.allow_count = 1;
    check_config(&config, "config.allow: io.input cannot be confined to the root folder");
    config.allow_count = 0;
    config.sandbox = LUNETTE_SANDBOX_NONE;
    check_config(&config, "config.root is given, but the sandbox level none confines nothing");
    config.sandbox = LUNETTE_SANDBOX_STRICT;
    config.permissions = LUNETTE_PERMIT_NETWORK;
    check_config(&config, "config.root is given, but permissions has neither FILE_READ nor FILE_WRITE");
    config.permissions = 1u << 20;
    check_config(&config, "config.permissions has a bit that is no permission");
}

static void other_permissions_bring_their_names(void **state) {
    (void)state;
    lunette_engine *engine = open_engine(LUNETTE_PERMIT_ENVIRONMENT | LUNETTE_PERMIT_PROCESS);
    setenv("LUNETTE_TEST", "seen", 1);
    check_answer(engine, "return os.getenv('LUNETTE_TEST')", "seen");
    check_answer(engine, "return io.popen('echo out'):read('l')", "out");
    check_answer(engine, "return tostring(os.execute('true')) .. tostring(io.open)", "truenil");
    lunette_engine_close(&engine);
    assert_string_equal(lunette_permission_name(LUNETTE_PERMIT_FILE_READ), "file-read");
    assert_string_equal(lunette_permission_name((lunette_permission)3), "unknown");
    assert_non_null(strstr(lunette_permission_text(LUNETTE_PERMIT_ENVIRONMENT), "os.getenv"));
}

static void a_template_keeps_no_file_open(void **state) {
    (void)state;
    lunette_config config = lunette_config_default();
    lunette_preload module = {.name = "m", .text = "kept = io.open('a.txt')", .text_size = SIZE_MAX};
    config.permissions = READ;
    config.root = root;
    config.preload = &module;
    config.preload_count = 1;
    lunette_engine *engine;
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_RUNTIME_ERROR);
    assert_non_null(strstr(lunette_last_failure(), "a preloaded module left a file open"));
}

/* Where libc has its streams is nothing that a script should know: its own memory, or at level strict nothing, is shown. */
static void handles_do_not_tell_where_streams_are(void **state) {
    (void)state;
    static const char *const ALLOW[] = {"tostring", "string", "tonumber", "assert"};
    static const char TELL[] =
        "local f, g = assert(io.open 'a.txt'), assert(io.open 'a.txt')\n"
        "local s, t = tostring(f), string.format('%s', g)\n"
        "f:close()\n"
        "return tostring(f) .. (s == t and ' same ' or ' other ') .. s:gsub('0x%x+', 'place') ..\n"
        "    (s:find('0x') and tonumber(s:match '0x(%x+)', 16) >> 32 == tonumber(tostring({}):match '0x(%x+)', 16) >> 32\n"
        "     and ' near' or ' far')";
    lunette_config config = lunette_config_default();
    lunette_engine *engine = open_engine(READ);
    check_answer(engine, TELL, "file (closed) other file (place) near");
    lunette_engine_close(&engine);
    config.sandbox = LUNETTE_SANDBOX_STRICT;
    config.permissions = READ;
    config.root = root;
    config.allow = ALLOW;
    config.allow_count = sizeof ALLOW / sizeof ALLOW[0];
    assert_int_equal(lunette_engine_open(&config, &engine), LUNETTE_OK);
    check_answer(engine, TELL, "file (closed) same file (hidden) far");
    lunette_engine_close(&engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_reads_below_its_folder),
        cmocka_unit_test(no_path_leads_out_of_it),
        cmocka_unit_test(reading_is_not_writing),
        cmocka_unit_test(a_script_writes_below_its_folder),
        cmocka_unit_test(what_a_script_leaves_open_is_closed),
        cmocka_unit_test(many_formats_need_room),
        cmocka_unit_test(a_deadline_ends_a_long_write),
        cmocka_unit_test(a_long_write_is_whole),
        cmocka_unit_test(a_configuration_that_contradicts_itself_is_refused),
        cmocka_unit_test(other_permissions_bring_their_names),
        cmocka_unit_test(a_template_keeps_no_file_open),
        cmocka_unit_test(handles_do_not_tell_where_streams_are),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
