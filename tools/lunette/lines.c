/* Reading lines. See lines.h.
 *
 * Ctrl-C must end a line whenever it comes. A handler that sets a flag and makes read() fail does so only if it comes
 * during read(), and not just before; so SIGINT is blocked while a line is edited, but for the one call that waits for
 * a key: ppoll() lets it in and waits in one step. Both libraries take the keys from such a function of ours. */
#include "lines.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(LUNETTE_WITH_LIBEDIT)
#include <editline/readline.h>
#define WITH_EDITING 1
#elif defined(LUNETTE_WITH_READLINE)
#include <readline/history.h>
#include <readline/readline.h>
#define WITH_EDITING 1
#else
#define WITH_EDITING 0
#endif

#include "interrupt.h"
#include "words.h"

enum { HISTORY_MOST = 1000 };

bool lines_interactive(void) {
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* --- Plain ----------------------------------------------------------------------------------------------- */

static lines_result read_plain(text *to, const char *prompt) {
    if (lines_interactive()) {
        put_format("%s", prompt);
        fflush(stdout);
    }
    char *line = NULL;
    size_t room = 0;
    errno = 0;
    const ssize_t got = getline(&line, &room, stdin);
    const int error = errno;
    if (got > 0)
        text_add(to, line, (size_t)got - (line[got - 1] == '\n'));
    free(line);
    if (to->failed || error == ENOMEM)
        return LINES_FAILED;
    if (got > 0)
        return LINES_READ;
    if (interrupt_seen()) {
        clearerr(stdin);
        return LINES_INTERRUPTED;
    }
    return LINES_END;
}

#if WITH_EDITING

/* --- History --------------------------------------------------------------------------------------------- */

static text history_file; /* empty: there is no place for one */

/* $XDG_STATE_HOME/lunette/history, by default in ~/.local/state. */
static void find_history_file(text *path) {
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state != NULL && state[0] == '/')
        text_add_format(path, "%s/lunette/history", state);
    else if (home != NULL && home[0] == '/')
        text_add_format(path, "%s/.local/state/lunette/history", home);
    if (path->failed)
        text_free(path);
}

static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, S_IRWXU);
        *slash = '/';
    }
}

static void save_history(void) {
    if (history_file.size == 0)
        return;
    make_folders(history_file.bytes);
    const mode_t before = umask(S_IRWXG | S_IRWXO);
    (void)write_history(history_file.bytes);
    umask(before);
}

/* --- Completion ------------------------------------------------------------------------------------------ */

/* Called with 0 and then 1, 2, … for the words that begin with `prefix`; each is the editor's to free. */
static char *next_completion(const char *prefix, int state) {
    static size_t at;
    if (state == 0)
        at = 0;
    const char *word = words_next(prefix, &at);
    return word != NULL ? strdup(word) : NULL;
}

/* File names are no completion here: words or nothing. */
static char **complete(const char *prefix, int start, int end) {
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1;
    return rl_completion_matches(prefix, next_completion);
}

/* --- Keys ------------------------------------------------------------------------------------------------ */

static sigset_t while_waiting; /* the signals that are blocked during the wait for a key */

/* A byte, or EOF: no more come, or there was an interrupt. */
static int read_byte(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;
    while (!interrupt_seen()) {
        if (ppoll(&input, 1, NULL, &while_waiting) < 0) {
            if (errno != EINTR)
                break;
            continue;
        }
        const ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got == 1)
            return byte;
        if (got == 0 || errno != EINTR)
            break;
    }
    return EOF;
}

/* What the editor calls a key: for libedit a character, for readline a byte. */
static int read_key(FILE *unused) {
    (void)unused;
    const int first = read_byte();
#ifdef LUNETTE_WITH_LIBEDIT
    if (first < 0xC2 || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return first;
    const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    int character = first & (0x3F >> more);
    for (int i = 0; i < more; i++) {
        const int next = read_byte();
        if (next == EOF)
            return EOF;
        character = character << 6 | (next & 0x3F);
    }
    return character;
#else
    return first;
#endif
}

/* The editor draws UTF-8 only when told the locale. Lua is none the wiser: in UTF-8 the classes of single bytes are
 * those of the C locale. In any other character set they are not, and the editor stays with ASCII. */
static void use_utf8(void) {
    if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C");
}

void lines_start(void) {
    if (!lines_interactive())
        return;
    use_utf8();
    interrupt_ignore_late();
    static char breaks[] = " \t\n\"\\'`@$><=;|&{([,+-*/%^#~:)]}";
    rl_readline_name = "lunette";
    rl_basic_word_break_characters = breaks;
    rl_attempted_completion_function = complete;
    rl_completion_append_character = '\0';
    rl_catch_signals = 0;
    rl_getc_function = read_key;
    using_history();
    stifle_history(HISTORY_MOST);
    find_history_file(&history_file);
    if (history_file.size > 0)
        (void)read_history(history_file.bytes);
}

static lines_result read_edited(text *to, const char *prompt) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    fflush(stdout);
    interrupt_arm(NULL);
    sigprocmask(SIG_BLOCK, &interrupt, &while_waiting);
    char *line = readline(prompt);
    sigprocmask(SIG_SETMASK, &while_waiting, NULL);
    const bool interrupted = interrupt_seen();
    interrupt_disarm();
    if (interrupted)
        put_bytes("\n", 1);
    else if (line != NULL)
        text_add_string(to, line);
    const bool ended = line == NULL;
    free(line);
    if (interrupted)
        return LINES_INTERRUPTED;
    return ended ? LINES_END : to->failed ? LINES_FAILED : LINES_READ;
}

lines_result lines_read(text *to, const char *prompt) {
    text_clear(to);
    return lines_interactive() ? read_edited(to, prompt) : read_plain(to, prompt);
}

void lines_remember(const char *entry) {
    if (!lines_interactive() || entry[strspn(entry, " \t")] == '\0')
        return;
    add_history(entry);
    words_learn(entry);
}

void lines_stop(void) {
    if (lines_interactive())
        save_history();
    text_free(&history_file);
}

#else

void lines_start(void) {
}

lines_result lines_read(text *to, const char *prompt) {
    text_clear(to);
    return read_plain(to, prompt);
}

void lines_remember(const char *entry) {
    (void)entry;
}

void lines_stop(void) {
}

#endif
