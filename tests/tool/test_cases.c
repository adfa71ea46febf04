/* The tool from outside, as a table: what is typed, and what comes back. Texts in `out` and `err` must occur; one
 * that begins with '=' must be all there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "spawn.h"

#define ARGS(...) \
    { __VA_ARGS__, NULL }

typedef struct tool_case {
    const char *name;
    const char *arguments[12];
    const char *input;
    int status;
    const char *out;
    const char *err;
} tool_case;

static const tool_case cases[] = {
    /* The command line. */
    {"no command", {NULL}, NULL, 2, "=", "=lunette: no command; type: lunette run FILE, or lunette help\n"},
    {"a file for a command", ARGS("err.lua"), NULL, 2, "=", "to run a script, type: lunette run err.lua"},
    {"a word for a command", ARGS("rnu"), NULL, 2, "=", "no command rnu; lunette help lists them"},
    {"an option for a command", ARGS("--json"), NULL, 2, "=", "no option --json before a command"},
    {"version", ARGS("--version"), NULL, 0, "=lunette 0.1.0 (Lua 5.4", "="},
    {"help", ARGS("help"), NULL, 0, "Exit status:", "="},
    {"help of a command", ARGS("help", "run"), NULL, 0, "--memory SIZE", "="},
    {"help of help", ARGS("help", "help"), NULL, 0, "Exit status:", "="},
    {"help of no command", ARGS("help", "walk"), NULL, 2, "=", "help: no command walk"},
    {"--help", ARGS("batch", "--help"), NULL, 0, "--workers N", "="},
    {"-h", ARGS("doctor", "-h"), NULL, 0, "--json", "="},
    {"no script", ARGS("run"), NULL, 2, "=", "run: no script; type: lunette run FILE"},
    {"an unknown option", ARGS("run", "--memry", "1M"), NULL, 2, "=", "did you mean --memory?"},
    {"an option of another command", ARGS("run", "--workers", "2", "x"), NULL, 2, "=", "no option --workers"},
    {"a value is missing", ARGS("run", "--memory"), NULL, 2, "=", "its value is missing (--memory SIZE)"},
    {"a value is too much", ARGS("run", "--json=yes", "-e", "x=1"), NULL, 2, "=", "--json takes no value"},
    {"memory too small", ARGS("run", "--memory", "10K", "-e", "x=1"), NULL, 2, "=",
     "=lunette: run: --memory 10K: at least 256K\n"},
    {"memory too large", ARGS("run", "--memory", "4G", "-e", "x=1"), NULL, 2, "=", "at most 3G"},
    {"memory past 64 bits", ARGS("run", "--memory", "99999999999999999999G", "-e", "x=1"), NULL, 2, "=",
     "at most 3G"},
    {"memory is no size", ARGS("run", "--memory", "1X", "-e", "x=1"), NULL, 2, "=", "a size is like 512K"},
    {"memory is negative", ARGS("run", "--memory", "-1", "-e", "x=1"), NULL, 2, "=", "a size is like 512K"},
    {"memory has no none", ARGS("run", "--memory", "none", "-e", "x=1"), NULL, 2, "=", "a size is like 512K"},
    {"memory with a point", ARGS("run", "--memory=1.5M", "-e", "print(1)"), NULL, 0, "=1\n", "="},
    {"time without unit", ARGS("run", "--time", "5", "-e", "x=1"), NULL, 2, "=", "a duration is like 500us"},
    {"time is zero", ARGS("run", "--time", "0s", "-e", "x=1"), NULL, 2, "=", "at least 1us"},
    {"time is none", ARGS("run", "--time", "none", "-e", "x=1"), NULL, 0, "=", "="},
    {"output is zero", ARGS("run", "--output", "0", "-e", "x=1"), NULL, 2, "=", "at least 1"},
    {"grace is zero", ARGS("run", "--grace", "0", "-e", "print(1)"), NULL, 0, "=1\n", "="},
    {"no such level", ARGS("run", "--sandbox", "lax", "-e", "x=1"), NULL, 2, "=",
     "one of none, restricted or strict"},
    {"no such guard", ARGS("run", "--guard", "dog", "-e", "x=1"), NULL, 2, "=",
     "one of auto, signal or hook"},
    {"no such name", ARGS("run", "--allow", "io,os.frobnicate", "-e", "x=1"), NULL, 2, "=",
     "=lunette: run: --allow os.frobnicate: Lua's library has no such name; lunette names lists all\n"},
    {"no such library", ARGS("run", "--deny", "oss", "-e", "x=1"), NULL, 2, "=",
     "--deny oss: Lua's library has"},
    {"a name beside a root", ARGS("run", "--permit=file-read", "--root=/", "--allow=io.input", "-e", "x=1"),
     NULL, 2, "=", "=lunette: run: allow: io.input cannot be confined to the root folder\n"},
    {"preload", ARGS("run", "--preload", "hello.lua", "-e", "print(require('hello') == true)"), NULL, 0,
     "=hello\thello\ntrue\n", "="},
    {"preload is wrong", ARGS("run", "--preload", "bad.lua", "-e", "x=1"), NULL, 3, "=",
     "=lunette: run: module 'bad': bad.lua:2: unexpected symbol near '='\n"},
    {"preload is bytecode", ARGS("run", "--preload", "bytecode.lua", "-e", "x=1"), NULL, 3, "=",
     "module 'bytecode': this is bytecode, which is not accepted: give the program's text"},
    {"preload is not there", ARGS("run", "--preload", "nope.lua", "-e", "x=1"), NULL, 2, "=",
     "--preload nope.lua: No such file or directory"},
    {"files need a root", ARGS("run", "--permit", "file-read", "-e", "x=1"), NULL, 2, "=",
     "needs --root FOLDER"},
    {"a root needs files", ARGS("run", "--root", "/", "-e", "x=1"), NULL, 2, "=",
     "--root is of use only with"},
    {"an unknown permission", ARGS("run", "--permit", "files", "-e", "x=1"), NULL, 2, "=",
     "--permit files: one of"},
    {"a permission of no use", ARGS("run", "--permit", "network", "-e", "x=1"), NULL, 2, "=",
     "=lunette: run: --permit network: one of file-read, file-write, process, environment or native-modules\n"},
    {"a root that is none", ARGS("run", "--permit=file-read", "--root=/nowhere", "-e", "x=1"), NULL, 2, "=",
     "=lunette: run: --root /nowhere: No such file or directory\n"},
    {"a root that is a file", ARGS("run", "--permit=file-read", "--root=hello.lua", "-e", "x=1"), NULL, 2,
     "=", "=lunette: run: --root hello.lua: Not a directory\n"},
    {"confined files",
     ARGS("run", "--permit=file-read", "--root=/dev", "-e", "print(io.open('../etc/passwd'))"), NULL, 0,
     "=nil\t../etc/passwd: leads out of the folder that scripts may use\t18\n", "="},
    {"an empty name", ARGS("run", "--deny", "print,", "-e", "x=1"), NULL, 2, "=", "a name is empty"},
    {"-e twice", ARGS("run", "-e", "x=1", "-e", "x=2"), NULL, 2, "=", "-e is given twice"},

    /* Running. */
    {"print", ARGS("run", "-e", "print('a', 1, nil) return 7"), NULL, 0, "=a\t1\tnil\n", "="},
    {"a file", ARGS("run", "hello.lua", "x", "--json"), NULL, 0, "=hello\tx\t--json\n", "="},
    {"options end", ARGS("run", "--", "-dash.lua"), NULL, 0, "=dash\n", "="},
    {"standard input", ARGS("run", "-", "x"), "print('in', ...)", 0, "=in\tx\n", "="},
    {"an empty file", ARGS("run", "empty.lua"), NULL, 0, "=", "="},
    {"an error", ARGS("run", "err.lua"), NULL, 1, "=",
     "=lunette: err.lua:3: bad price 3\n    in function 'error' (native)\n    in function 'price' (err.lua:3)\n"
     "    in function 'f' (err.lua:5)\n    in main chunk (err.lua:6)\n"},
    {"an error that is no string", ARGS("run", "-e", "error({})"), NULL, 1, "=", "lunette: (command line):"},
    {"output before an error", ARGS("run", "-e", "print(1) error('x')"), NULL, 1, "=1\n", "x\n"},
    {"a syntax error", ARGS("run", "bad.lua"), NULL, 3, "=", "lunette: bad.lua:2: "},
    {"the first line after #", ARGS("run", "shebang.lua"), NULL, 1, "=", "lunette: shebang.lua:2: two"},
    {"only a # line", ARGS("run", "hash.lua"), NULL, 0, "=", "="},
    {"a byte order mark", ARGS("run", "mark.lua"), NULL, 0, "=mark\n", "="},
    {"bytes that are no UTF-8", ARGS("run", "latin.lua"), NULL, 0, "=\xE4\xFF\n", "="},
    {"bytecode", ARGS("run", "bytecode.lua"), NULL, 3, "=", "lunette: bytecode.lua: "},
    {"no file", ARGS("run", "nowhere.lua"), NULL, 2, "=",
     "=lunette: nowhere.lua: No such file or directory\n"},
    {"a folder", ARGS("run", "folder"), NULL, 2, "=", "=lunette: folder: Is a directory\n"},
    {"a file past the limit", ARGS("run", "--memory", "1M", "large.lua"), NULL, 4, "=",
     "=lunette: large.lua: the file is larger than the memory limit (1M)\n"},
    {"an endless file", ARGS("run", "--memory", "1M", "/dev/zero"), NULL, 4, "=",
     "larger than the memory limit (1M)"},
    {"a large file within the limit", ARGS("run", "--memory", "64M", "large.lua"), NULL, 0, "=large\n", "="},

    /* Limits. */
    {"time", ARGS("run", "--time", "20ms", "-e", "while true do end"), NULL, 5, "=", "deadline"},
    {"time, caught",
     ARGS("run", "--time", "20ms", "-e", "while true do pcall(function() while true do end end) end"), NULL,
     5, "=", "deadline"},
    {"time, by the hook", ARGS("run", "--guard", "hook", "--time", "20ms", "-e", "while true do end"), NULL,
     5, "=", "deadline"},
    {"time with grace",
     ARGS("run", "--time", "20ms", "--grace", "2s", "-e",
          "pcall(function() while true do end end) print 'clean'"),
     NULL, 5, "=clean\n", "deadline"},
    {"memory", ARGS("run", "--memory", "1M", "-e", "local t = {} while true do t[#t + 1] = {} end"), NULL, 4,
     "=", "memory"},
    {"processor time", ARGS("run", "--time", "none", "--cpu", "20ms", "-e", "while true do end"), NULL, 6,
     "=", "processor time"},
    {"instructions", ARGS("run", "--instructions", "10K", "-e", "while true do end"), NULL, 6, "=",
     "instructions"},
    {"output", ARGS("run", "--output", "10", "-e", "while true do print('hello') end"), NULL, 6, "hello\n",
     "printed"},

    /* Levels. */
    {"restricted has no io", ARGS("run", "-e", "print(io)"), NULL, 0, "=nil\n", "="},
    {"strict has print alone", ARGS("run", "--sandbox", "strict", "-e", "print(string == nil, pairs)"), NULL,
     0, "=true\tnil\n", "="},
    {"allow", ARGS("run", "--allow", "io,os.getenv", "-e", "print(type(io.open), type(os.getenv))"), NULL, 0,
     "=function\tfunction\n", "="},
    {"deny", ARGS("run", "--deny=string.rep", "-e", "print(string.rep)"), NULL, 0, "=nil\n", "="},
    {"none: the arguments", ARGS("run", "--sandbox", "none", "arg.lua", "x"), NULL, 0,
     "-2\t--sandbox\n-1\tnone\n0\targ.lua\n1\tx\n...\tx\n", "="},
    {"none: print and io.write in order",
     ARGS("run", "--sandbox", "none", "-e", "print(1) io.write('2\\n') print(3) io.stdout:write('4\\n')"),
     NULL, 0, "=1\n2\n3\n4\n", "="},
    {"none: standard input", ARGS("run", "--sandbox", "none", "-e", "print(io.read())"), "line\n", 0,
     "=line\n", "="},
    {"none: os.exit", ARGS("run", "--sandbox", "none", "-e", "print(1) os.exit(42)"), NULL, 42, "=1\n", "="},
    {"none: bytecode",
     ARGS("run", "--sandbox", "none", "-e", "print(load(string.dump(function() return 5 end))())"), NULL, 0,
     "=5\n", "="},

    /* Checking. */
    {"check", ARGS("check", "hello.lua", "err.lua"), NULL, 0, "=", "="},
    {"check finds", ARGS("check", "hello.lua", "bad.lua", "err.lua"), NULL, 3, "=", "lunette: bad.lua:2: "},
    {"check cannot read", ARGS("check", "bad.lua", "nowhere.lua"), NULL, 2, "=",
     "lunette: nowhere.lua: No such file"},
    {"check runs nothing", ARGS("check", "-"), "while true do print(1) end", 0, "=", "="},
    {"check of nothing", ARGS("check"), NULL, 2, "=", "type: lunette check FILE"},

    /* The session, from a pipe. */
    {"repl", ARGS("repl"), "1 + 1\nx = {1, 'a\\n\\0001', {b = true}}\nx\nx[4]\n", 0,
     "=2\n{1, \"a\\n\\0001\", {b = true}}\nnil\n", "="},
    {"repl: more lines", ARGS("repl"), "function f(n)\n  return n * 2\nend\nf(\n21\n)\n", 0, "=42\n", "="},
    {"repl: errors and on", ARGS("repl"), "error('a')\n1 +* 2\n'b'\n", 0, "=\"b\"\n", "lunette: repl:1: a\n"},
    {"repl: an unfinished end", ARGS("repl"), "x = 5\nfor", 0, "=", "near <eof>"},
    {"repl: cycles", ARGS("repl"), "t = {} t.t = t\nt\n", 0, "{t = ", "="},
    {"repl: a limit with grace", ARGS("repl", "--time", "20ms"), "x = 1\nwhile true do end\nx\n", 0, "=1\n",
     "deadline"},
    {"repl: the session goes on after a limit", ARGS("repl", "--time", "20ms", "--grace", "0"),
     "x = 1\nx = 2 while true do end\nx\n2\n", 0, "=1\n2\n", "the session is as it was before"},
    {"repl: what cannot be had again is said to be gone",
     ARGS("repl", "--time", "20ms", "--grace", "0", "--sandbox", "none"),
     "x = 1\nf = io.open('/dev/null')\nwhile true do end\nx\n", 0, "=nil\n", "its globals are gone"},
    {"repl: commands", ARGS("repl"), "x = 5\n:reset\nx\n:stats\n:frob\n:quit\n7\n", 0, "nil\ntime ",
     "no command :frob; :help lists them"},
    {"repl: numbers", ARGS("repl"), "1, 1.0, 1e300, 2^63, math.mininteger, 1/0, -1/0\n", 0,
     "=1\n1.0\n1e+300\n9.2233720368548e+18\n-9223372036854775808\ninf\n-inf\n", "="},
    {"repl: keys in order", ARGS("repl"),
     "{['end'] = 1, b = 2, a = 3, [10] = 4, [-1.5] = 5, [true] = 6, ['x y'] = 7}\n", 0,
     "={[-1.5] = 5, [10] = 4, a = 3, b = 2, [\"end\"] = 1, [\"x y\"] = 7, [true] = 6}\n", "="},

    /* The sandbox's table, and the doctor. */
    {"names", ARGS("names"), NULL, 0, "| `print` | yes | yes | yes |", "="},
    {"names of a level", ARGS("names", "--sandbox", "strict"), NULL, 0, "| `print` |", "="},
    {"doctor", ARGS("doctor"), NULL, 0, "an endless loop ends after 10ms", "="},

    /* Batches. */
    {"batch of nothing", ARGS("batch"), NULL, 2, "=", "type: lunette batch FILE|DIR"},
    {"batch of no file", ARGS("batch", "hello.lua", "nowhere.lua"), NULL, 2, "=",
     "nowhere.lua: No such file"},
    {"batch of an empty folder", ARGS("batch", "folder"), NULL, 2, "=",
     "folder: no file *.lua below this folder"},
    {"batch without workers", ARGS("batch", "--workers", "0", "hello.lua"), NULL, 2, "=",
     "--workers 0: at least 1"},
    {"batch with letters", ARGS("batch", "--repeat", "many", "hello.lua"), NULL, 2, "=", "a number is like"},
    {"batch", ARGS("batch", "hello.lua", "err.lua", "--repeat", "3", "--workers", "3"), NULL, 0,
     "6 runs of 2 scripts", "="},
    {"batch of a folder", ARGS("batch", "tree"), NULL, 0, "tree/a.lua", "="},
    {"batch shows output", ARGS("batch", "--show-output", "hello.lua"), NULL, 0, "== hello.lua\nhello\n",
     "="},
    {"batch survives limits", ARGS("batch", "--time", "20ms", "--memory", "1M", "wild"), NULL, 0,
     "memory_limit 1  time_limit 1", "="},
    {"batch at level none survives os.exit", ARGS("batch", "--sandbox", "none", "exit.lua", "write.lua"),
     NULL, 0, "2 runs of 2 scripts", "="},
    {"batch drops what io.write says", ARGS("batch", "--sandbox", "none", "write.lua"), NULL, 0, "=script",
     "="},
    {"batch as expected", ARGS("batch", "--expect", "--time", "20ms", "wild"), NULL, 0, "2 runs", "="},
    {"batch not as expected", ARGS("batch", "--expect", "surprise.lua"), NULL, 1, "1 runs of 1 scripts",
     "surprise.lua: ok in 1 of 1 runs; expected: runtime_error|time_limit"},
    {"batch with an unknown status", ARGS("batch", "--expect", "misspelt.lua"), NULL, 2, "=",
     "misspelt.lua: no status is called 'timeout'"},
};

static void check_text(const char *what, const char *expected, const outcome *got, const char *text) {
    if (expected == NULL)
        return;
    const bool whole = expected[0] == '=' && expected[1] != '=';
    const char *wanted = whole ? expected + 1 : expected;
    /* A whole text that does not end in a line end is a beginning. */
    const size_t size = strlen(wanted);
    const bool begins = whole && size > 0 && wanted[size - 1] != '\n';
    const bool good = begins  ? strncmp(text, wanted, size) == 0
                      : whole ? strcmp(text, wanted) == 0
                              : strstr(text, wanted) != NULL;
    if (!good)
        fail_msg("%s\n--- expected%s:\n%s\n--- got (status %d):\n%s\n--- the other stream:\n%s", what,
                 whole ? "" : " to contain", wanted, got->status, text,
                 text == got->out ? got->err : got->out);
}

static void run_case(void **state) {
    const tool_case *each = *state;
    outcome got = spawn_tool(each->arguments, each->input);
    if (got.status != each->status)
        fail_msg("status %d (signal %d), expected %d\n--- output:\n%s\n--- errors:\n%s", got.status,
                 got.signal, each->status, got.out, got.err);
    check_text("standard output", each->out, &got, got.out);
    check_text("standard error", each->err, &got, got.err);
    outcome_free(&got);
}

/* 2 MB of comment, then a program. */
static void write_large(void) {
    enum { LINES = 40000, LINE = 50 };
    static const char program[] = "print('large')\n";
    char *text = malloc((size_t)LINES * LINE + sizeof program);
    if (text == NULL)
        exit(1);
    memset(text, '-', (size_t)LINES * LINE);
    for (size_t i = 1; i <= LINES; i++)
        text[i * LINE - 1] = '\n';
    memcpy(text + (size_t)LINES * LINE, program, sizeof program);
    spawn_write("large.lua", text, strlen(text));
    free(text);
}

static const char *const files[][2] = {
    {"hello.lua", "print('hello', ...)\n"},
    {"-dash.lua", "print('dash')\n"},
    {"empty.lua", ""},
    {"err.lua",
     "-- a comment\nlocal function price(x)\n  error('bad price ' .. x)\nend\nlocal function f() price(3) end"
     "\nf()\n"},
    {"bad.lua", "local x = 1\nlocal y = = 2\n"},
    {"shebang.lua", "#!/usr/bin/env lunette\nerror('two')\n"},
    {"hash.lua", "# nothing else"},
    {"mark.lua", "\xEF\xBB\xBF#!x\nprint('mark')\n"},
    {"latin.lua", "print('\xE4\xFF')\n"},
    {"bytecode.lua", "\x1BLua\x54\x01\x19\x93"},
    {"arg.lua", "for i = -9, 9 do if arg[i] then print(i, arg[i]) end end print('...', ...)\n"},
    {"exit.lua", "os.exit(3)\n"},
    {"write.lua", "io.write('loud') print('louder')\n"},
    {"surprise.lua", "-- A surprise.\n-- expect: time_limit | runtime_error (or so)\nreturn 1\n"},
    {"misspelt.lua", "-- expect: timeout\n"},
    {"tree/a.lua", "return 1\n"},
    {"tree/below/b.lua", "return 1\n"},
    {"tree/below/ignored.txt", "no Lua\n"},
    {"wild/loop.lua", "-- expect: time_limit\nwhile true do end\n"},
    {"wild/bomb.lua",
     "-- expect: memory_limit|time_limit\nlocal t = {} for i = 1, 1e5 do t[i] = {} end while true do "
     "t[#t + 1] = ('x'):rep(1e5) .. #t end\n"},
};

static void write_files(void) {
    static const char *const folders[] = {"folder", "tree", "tree/below", "wild"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        (void)mkdir(folders[i], 0700);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        spawn_write(files[i][0], files[i][1], strlen(files[i][1]));
    write_large();
}

int main(int argc, char **argv) {
    enum { COUNT = sizeof cases / sizeof *cases };
    static struct CMUnitTest tests[COUNT];
    if (spawn_setup(argc, argv) != 0)
        return 1;
    write_files();
    for (size_t i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, run_case, NULL, NULL, (void *)(size_t)&cases[i]};
    const int failed = _cmocka_run_group_tests("tool", tests, COUNT, NULL, NULL);
    spawn_finish();
    return failed;
}
