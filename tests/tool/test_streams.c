/* The tool and the world around it: interrupts, readers that go away, a full disk, closed streams, a terminal. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "spawn.h"

/* Reads until the text has been seen, or the time is over. */
static bool wait_for(int file, const char *text, char *seen, size_t room) {
    size_t size = strlen(seen);
    for (int tick = 0; tick < SPAWN_SECONDS * 10 && strstr(seen, text) == NULL && size + 1 < room; tick++) {
        struct pollfd polled = {file, POLLIN, 0};
        if (poll(&polled, 1, 100) <= 0)
            continue;
        const ssize_t got = read(file, seen + size, room - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
        seen[size] = '\0';
    }
    return strstr(seen, text) != NULL;
}

/* Starts a script that says "go" and then goes on for ever, and interrupts it. */
static outcome interrupt(const char *const *arguments, const char *sign, int signal) {
    char seen[4096] = "";
    spawned started = spawn_start(arguments, NULL);
    assert_true(wait_for(started.err, sign, seen, sizeof seen));
    kill(started.pid, signal);
    return spawn_wait(&started, NULL, 0);
}

/* On a Lua that asserts the state of a killed script is not read: its line is there only if it was asked before. */
#ifdef LN_LUA_ASSERTS
#define INTERRUPTED ": cancelled by an interrupt\n"
#else
#define INTERRUPTED "lunette: (command line):1: cancelled by an interrupt\n"
#endif

static void test_interrupt(void **state) {
    (void)state;
    static const char code[] = "io.stderr:write('go\\n') while true do pcall(error) end";
    static const char *const guards[] = {"signal", "hook"};
    for (size_t i = 0; i < 2; i++) {
        outcome got = interrupt((const char *const[]){"run", "--allow", "io", "--time", "none", "--guard",
                                                      guards[i], "-e", code, NULL},
                                "go", SIGINT);
        assert_int_equal(got.status, 7);
        assert_non_null(strstr(got.err, INTERRUPTED));
        outcome_free(&got);
    }
    /* Who asked for JSON gets it, also when a service manager or timeout(1) ends the script. */
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        outcome got = interrupt(
            (const char *const[]){"run", "--json", "--allow", "io", "--time", "none", "-e", code, NULL}, "go",
            signals[i]);
        assert_int_equal(got.status, 7);
        assert_ptr_equal(strstr(got.out, "{\"status\":\"cancelled\""), got.out);
        assert_ptr_equal(strchr(got.out, '\n'), got.out + got.out_size - 1);
        outcome_free(&got);
    }
}

/* A session is not one script that an end can be told of. */
static void test_session_terminated(void **state) {
    (void)state;
    char seen[4096] = "";
    spawned started = spawn_start((const char *const[]){"repl", "--time", "none", NULL}, NULL);
    static const char entry[] = "warn('@on') warn('go') while true do end\n";
    assert_int_equal(write(started.in, entry, strlen(entry)), strlen(entry));
    assert_true(wait_for(started.err, "go", seen, sizeof seen));
    kill(started.pid, SIGTERM);
    outcome got = spawn_wait(&started, NULL, 0);
    assert_int_equal(got.signal, SIGTERM);
    outcome_free(&got);
}

/* The same in every process, and else not. */
static void test_deterministic(void **state) {
    (void)state;
    static const char code[] = "for i = 1, 20 do io.write(math.random(0), ' ') end";
    outcome first =
        spawn_tool((const char *const[]){"run", "--allow", "io", "--deterministic", "-e", code, NULL}, NULL);
    outcome again =
        spawn_tool((const char *const[]){"run", "--allow", "io", "--deterministic", "-e", code, NULL}, NULL);
    outcome other = spawn_tool((const char *const[]){"run", "--allow", "io", "-e", code, NULL}, NULL);
    assert_int_equal(first.status, 0);
    assert_true(first.out_size > 100);
    assert_string_equal(again.out, first.out);
    assert_int_equal(other.status, 0);
    assert_string_not_equal(other.out, first.out);
    outcome_free(&first);
    outcome_free(&again);
    outcome_free(&other);
}

/* What no cancel ends (the script waits inside a host section, for a child), a second interrupt does. */
static void test_second_interrupt(void **state) {
    (void)state;
    char seen[4096] = "";
    spawned started = spawn_start(
        (const char *const[]){"run", "--sandbox", "none", "--time", "none", "-e",
                              "local p = io.popen('sleep 5') io.stderr:write('go\\n') p:close()", NULL},
        NULL);
    assert_true(wait_for(started.err, "go", seen, sizeof seen));
    usleep(100000);
    kill(started.pid, SIGINT);
    usleep(100000);
    kill(started.pid, SIGINT);
    outcome got = spawn_wait(&started, NULL, 0);
    assert_int_equal(got.signal, SIGINT);
    outcome_free(&got);
}

static void test_batch_interrupt(void **state) {
    (void)state;
    spawn_write("go.lua", "warn('@on') while true do end", 29);
    spawned started = spawn_start(
        (const char *const[]){"batch", "--time", "none", "--workers", "2", "--repeat", "9", "go.lua", NULL},
        NULL);
    usleep(500000);
    kill(started.pid, SIGINT);
    outcome got = spawn_wait(&started, NULL, 0);
    assert_int_equal(got.status, 7);
    assert_non_null(strstr(got.out, "interrupted: 0 of 9 runs were made"));
    outcome_free(&got);
}

static void test_full_disk(void **state) {
    (void)state;
    static const char *const commands[][6] = {{"run", "-e", "print(1)", NULL},
                                              {"run", "-e", "while true do print(1) end", NULL},
                                              {"run", "--json", "-e", "print(1)", NULL},
                                              {"run", "--sandbox", "none", "-e", "io.write(1)", NULL},
                                              {"help", NULL},
                                              {"names", NULL},
                                              {"doctor", "--json", NULL}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        spawned started = spawn_start(commands[i], &(spawn_how){.out_path = "/dev/full"});
        outcome got = spawn_wait(&started, NULL, 0);
        assert_int_equal(got.status, 74);
        assert_string_equal(got.err, "lunette: standard output: No space left on device\n");
        outcome_free(&got);
    }
}

static void test_reader_gone(void **state) {
    (void)state;
    spawned started = spawn_start(
        (const char *const[]){"run", "--time", "none", "-e", "while true do print(1) end", NULL}, NULL);
    close(started.out);
    started.out = -1;
    outcome got = spawn_wait(&started, NULL, 0);
    assert_int_equal(got.status, 74);
    assert_string_equal(got.err, "");
    outcome_free(&got);
}

static void test_closed_streams(void **state) {
    (void)state;
    spawned started = spawn_start((const char *const[]){"run", "-e", "print(1)", NULL},
                                  &(spawn_how){.close_streams = true});
    outcome got = spawn_wait(&started, NULL, 0);
    assert_int_equal(got.status, 74);
    outcome_free(&got);
}

static void test_programs_of_scripts(void **state) {
    (void)state;
    /* What a script starts has the default action for a broken pipe: `yes` ends when `head` does. */
    outcome got = spawn_tool((const char *const[]){"run", "--sandbox", "none", "--time", "none", "-e",
                                                   "os.execute('yes | head -n 1')", NULL},
                             NULL);
    assert_int_equal(got.status, 0);
    assert_string_equal(got.out, "y\n");
    assert_string_equal(got.err, "");
    outcome_free(&got);
}

/* --- A terminal ------------------------------------------------------------------------------------------ */

typedef struct terminal {
    pid_t pid;
    int end;
    char seen[1 << 16];
} terminal;

static void open_terminal(terminal *to, const char *const *arguments) {
    memset(to, 0, sizeof *to);
    const struct winsize size = {.ws_row = 24, .ws_col = 200};
    to->pid = forkpty(&to->end, NULL, NULL, &size);
    assert_true(to->pid >= 0);
    if (to->pid == 0) {
        char *list[16] = {(char *)(size_t)spawn_program()};
        for (size_t i = 0; i < 14 && arguments[i] != NULL; i++)
            list[i + 1] = (char *)(size_t)arguments[i];
        setenv("TERM", "xterm", 1);
        setenv("XDG_STATE_HOME", spawn_folder(), 1);
        execv(spawn_program(), list);
        _exit(127);
    }
}

/* Types, and waits for an answer, and with `prompt` for the next prompt behind it: what is typed before the editor has
 * the terminal again is the terminal's to interpret. What was seen before is forgotten. */
static void type(terminal *on, const char *text, const char *answer, bool prompt) {
    on->seen[0] = '\0';
    assert_int_equal(write(on->end, text, strlen(text)), strlen(text));
    bool seen = wait_for(on->end, answer, on->seen, sizeof on->seen);
    if (seen && prompt) {
        char *behind = strstr(on->seen, answer) + strlen(answer);
        seen = wait_for(on->end, "> ", behind, sizeof on->seen - (size_t)(behind - on->seen));
    }
    if (!seen)
        fail_msg("no '%s' behind '%s', but: %s", answer, text, on->seen);
}

/* The editor shows its prompt just before it takes the terminal over; a ^D in between would be the terminal's. */
static void leave(terminal *on, const char *text) {
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    assert_int_equal(write(on->end, text, strlen(text)), strlen(text));
}

static int close_terminal(terminal *on) {
    outcome got = {0};
    /* What it still writes must be read, or it waits. */
    on->seen[0] = '\0';
    wait_for(on->end, "\x01 never", on->seen, sizeof on->seen);
    spawn_reap(on->pid, &got);
    close(on->end);
    return got.status;
}

static void test_session(void **state) {
    (void)state;
    terminal on;
    open_terminal(&on, (const char *const[]){"repl", "--time", "none", NULL});
    assert_true(wait_for(on.end, "> ", on.seen, sizeof on.seen));
    type(&on, "x = 40 + 2\r", "\n", true);
    type(&on, "{a = x}\r", "{a = 42}", true);
    type(&on, "for i = 1, 2 do\r", ">> ", false);
    type(&on, "print('i', i) end\r", "i\t2", true);
    type(&on, "this line is aband", "aband", false);
    type(&on, "\x03", "\n", true);
    type(&on, "print('go') while true do end\r", "\ngo\r\n", false);
    type(&on, "\x03", "cancelled", true);
    type(&on, "'still ' .. 'here'\r", "\"still here\"", true);
    type(&on, "string.form\t", "at", false);
    type(&on, "('%d', 7)\r", "\"7\"", true);
    leave(&on, "\x04");
    assert_int_equal(close_terminal(&on), 0);

    /* The history lasts, in a file that is nobody else's. */
    struct stat history;
    assert_int_equal(stat("lunette/history", &history), 0);
    assert_int_equal(history.st_mode & 077, 0);
    open_terminal(&on, (const char *const[]){"repl", NULL});
    assert_true(wait_for(on.end, "> ", on.seen, sizeof on.seen));
    type(&on, "\x10", "string.format", false);
    type(&on, "\r", "\"7\"", true);
    leave(&on, ":quit\r");
    assert_int_equal(close_terminal(&on), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupt),           cmocka_unit_test(test_second_interrupt),
        cmocka_unit_test(test_batch_interrupt),     cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_reader_gone),         cmocka_unit_test(test_closed_streams),
        cmocka_unit_test(test_programs_of_scripts), cmocka_unit_test(test_session),
        cmocka_unit_test(test_session_terminated),  cmocka_unit_test(test_deterministic),
    };
    if (spawn_setup(argc, argv) != 0)
        return 1;
    const int failed = cmocka_run_group_tests_name("tool, streams", tests, NULL, NULL);
    spawn_finish();
    return failed;
}
