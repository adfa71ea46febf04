/* lunette: run Lua programs you did not write, from the command line. The process: its streams and signals. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

/* A stream that the caller closed must not be taken by the next file that is opened: it becomes one that fails
 * when it is used. */
static void hold_streams(void) {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0)
            (void)open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void on_broken_pipe(int signal) {
    (void)signal;
}

/* A reader that went away shows as a failed write. By a handler that does nothing, not by ignoring the signal:
 * programs that a script of level none starts would inherit that. */
static void survive_broken_pipes(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_broken_pipe;
    action.sa_flags = (int)SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGPIPE, &action, NULL);
}

int main(int argc, char **argv) {
    hold_streams();
    survive_broken_pipes();
    return (int)finish(commands_dispatch(argc, argv));
}
