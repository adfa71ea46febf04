/* Memory that runs out, at every place once: the tool is started with its first allocation failing, then with its
 * second, and so on until it succeeds. It may fail with a clear word or get by without; it may not crash, hang, or
 * say with status 0 what is not so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "spawn.h"

static const char *preload;

typedef struct command {
    const char *arguments[12];
    const char *input;
    int status;      /* of the undisturbed run */
    const char *out; /* must stand in its output whenever that status is given */
} command;

static const command commands[] = {
    {{"run", "-e", "print('a', 1) return {}", "x", "y", NULL}, NULL, 0, "a\t1\n"},
    {{"run", "script.lua", "x", NULL}, NULL, 0, "x\n"},
    {{"run", "--json", "--allow", "io,os.getenv", "-e", "print('\\xff') return 1, {a = {1}, [2] = '\\xfe'}",
      NULL},
     NULL,
     0,
     "\"output_base64\""},
    {{"run", "--json", "-e", "local function f() error({1}) end f()", NULL}, NULL, 1, "runtime_error"},
    {{"run", "--sandbox", "none", "--json", "-e", "print(arg[1])", "z", NULL}, NULL, 0, "z\\n"},
    {{"run", "--json", "--memory", "1K", NULL}, NULL, 2, "invalid_argument"},
    {{"check", "script.lua", "script.lua", NULL}, NULL, 0, ""},
    {{"repl", NULL}, "x = {b = 1, a = {2}}\nx\nfor\n", 0, "{a = {2}, b = 1}\n"},
    {{"batch", "--workers", "2", "--repeat", "3", "--expect", "--show-output", "script.lua", "tree", NULL},
     NULL,
     0,
     "6 runs of 2 scripts"},
    {{"batch", "--json", "script.lua", NULL}, NULL, 0, "\"runs\":1"},
    {{"doctor", "--json", NULL}, NULL, 0, "\"ok\":true"},
    {{"names", NULL}, NULL, 0, "| `print` |"},
};

static bool is_expected(const command *each, const outcome *got) {
    if (got->status == each->status)
        return strstr(got->out, each->out) != NULL;
    /* What doctor tests may fail for want of memory, too. */
    if (got->status == 1 && strcmp(each->arguments[0], "doctor") == 0)
        return true;
    return (got->status == 70 || got->status == 71 || got->status == 74) && got->err_size > 0;
}

/* The loop of one command, with one failure each, or with all that follow as well. */
static void exhaust(const command *each, const char *and_on) {
    enum { MOST = 20000 };
    for (int at = 0; at < MOST; at++) {
        char number[32];
        snprintf(number, sizeof number, "FAIL_AT=%d", at);
        char load[4200];
        snprintf(load, sizeof load, "LD_PRELOAD=%s", preload);
        const char *const set[] = {number, load, and_on, NULL};
        spawned started = spawn_start(each->arguments, &(spawn_how){.set = set});
        outcome got = spawn_wait(&started, each->input, each->input != NULL ? strlen(each->input) : 0);
        const bool good = is_expected(each, &got);
        if (!good)
            fail_msg("%s %s: allocation %d%s: status %d, signal %d\n--- output:\n%s\n--- errors:\n%s",
                     each->arguments[0], each->arguments[1], at, and_on != NULL ? " and all that follow" : "",
                     got.status, got.signal, got.out, got.err);
        const bool over = got.status == each->status && strstr(got.err, "of memory") == NULL &&
                          strstr(got.err, "no memory") == NULL;
        outcome_free(&got);
        /* A failure that the tool got by looks like the end; so the end is 40 good ones in a row. */
        static int calm;
        calm = over ? calm + 1 : 0;
        if (calm == 40) {
            calm = 0;
            return;
        }
    }
    fail_msg("%s: no end after %d allocations", each->arguments[0], (int)MOST);
}

static void test_one_fails(void **state) {
    exhaust(*state, NULL);
}

static void test_the_rest_fails(void **state) {
    exhaust(*state, "FAIL_ON=1");
}

int main(int argc, char **argv) {
    enum { COUNT = sizeof commands / sizeof *commands };
    static struct CMUnitTest tests[2 * COUNT];
    if (argc < 3) {
        fprintf(stderr, "usage: %s PATH-OF-THE-TOOL PATH-OF-FAILING-MALLOC\n", argv[0]);
        return 1;
    }
    preload = realpath(argv[2], NULL);
    if (preload == NULL || spawn_setup(argc, argv) != 0)
        return 1;
    spawn_write("script.lua", "print(...)\n", 11);
    (void)mkdir("tree", 0700);
    spawn_write("tree/a.lua", "-- expect: ok\n", 14);
    for (size_t i = 0; i < COUNT; i++) {
        void *each = (void *)(size_t)&commands[i];
        tests[2 * i] = (struct CMUnitTest){"one allocation fails", test_one_fails, NULL, NULL, each};
        tests[2 * i + 1] = (struct CMUnitTest){"all later ones fail", test_the_rest_fails, NULL, NULL, each};
    }
    const int failed =
        _cmocka_run_group_tests("tool, memory", tests, sizeof tests / sizeof *tests, NULL, NULL);
    spawn_finish();
    return failed;
}
