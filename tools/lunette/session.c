/* See session.h. */
#include "session.h"

#include <stdio.h>

#include "preload.h"
#include "report.h"

/* Once nobody takes the output any more there is no use in going on; what went wrong is told at the end. */
static void print_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    if (!put_bytes(bytes, size))
        lunette_context_cancel(context);
}

/* A warning comes in pieces, of one thread after the other: no script of the tool warns while another does, but
 * for those of `batch`, which drops them. */
void session_warning(void *ud, lunette_context *context, const char *bytes, size_t size, bool more) {
    bool *inside = ud;
    (void)context;
    if (!*inside) {
        fflush(stdout);
        fputs("lunette: warning: ", stderr);
    }
    fwrite(bytes, 1, size, stderr);
    if (!more)
        fputc('\n', stderr);
    *inside = more;
}

void session_log(void *ud, const char *line) {
    (void)ud;
    complain("%s", line);
}

tool_exit session_open(session *to, const options *from) {
    static bool inside_warning;
    lunette_config config = options_config(from);
    config.output = print_output;
    config.warning = session_warning;
    config.warning_ud = &inside_warning;
    config.log = session_log;
    to->engine = NULL;
    to->context = NULL;
    preload modules;
    const tool_exit unread = preload_open(&modules, from, &config);
    lunette_status status = unread == TOOL_OK ? lunette_engine_open(&config, &to->engine) : LUNETTE_OK;
    preload_close(&modules);
    if (unread != TOOL_OK)
        return unread;
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(to->engine, &to->context);
    if (status == LUNETTE_OK)
        return TOOL_OK;
    const tool_exit refused = report_refusal(from, NULL, status);
    session_close(to);
    return refused;
}

void session_close(session *which) {
    lunette_context_release(&which->context);
    lunette_engine_close(&which->engine);
}
