/* lunette check: are these files Lua programs? Nothing of them is run. */
#include <string.h>

#include "interrupt.h"
#include "options.h"
#include "report.h"
#include "session.h"
#include "source.h"

static tool_exit check_text(const options *from, const session *on, const char *shown, const source *script) {
    interrupt_arm(on->context);
    const lunette_status status = lunette_context_check(on->context, text_string(&script->name),
                                                        text_string(&script->content) + script->skip,
                                                        script->content.size - script->skip);
    interrupt_disarm();
    if (status < LUNETTE_OK)
        return report_refusal(from, shown, status);
    if (status > LUNETTE_OK)
        return report_error(shown, status, lunette_context_error(on->context));
    return TOOL_OK;
}

static tool_exit check_file(const options *from, const session *on, const char *path) {
    const char *shown = strcmp(path, "-") == 0 ? "stdin" : path;
    source script;
    text problem = {0};
    const source_result read = source_read(&script, path, from->memory, &problem);
    tool_exit status;
    if (read == SOURCE_OK) {
        status = check_text(from, on, shown, &script);
        source_free(&script);
    } else if (read == SOURCE_NO_MEMORY || problem.failed) {
        status = out_of_memory();
    } else {
        complain("%s: %s", shown, text_string(&problem));
        status = read == SOURCE_TOO_LARGE ? TOOL_MEMORY : TOOL_USAGE;
    }
    text_free(&problem);
    return status;
}

/* What matters most to someone who asked "are all of these fine?": first that Lunette or the system failed, then
 * that a file was not looked at, then the first file that is not fine. */
static tool_exit worse(tool_exit one, tool_exit other) {
    if (one >= TOOL_DEFECT || other >= TOOL_DEFECT)
        return one > other ? one : other;
    if (one == TOOL_USAGE || other == TOOL_USAGE)
        return TOOL_USAGE;
    return one != TOOL_OK ? one : other;
}

tool_exit command_check(const options *from) {
    if (from->operand_count == 0)
        return options_complain(from, "no file; type: lunette check FILE…");
    session on;
    tool_exit status = session_open(&on, from);
    if (status != TOOL_OK)
        return status;
    for (int i = 0; i < from->operand_count && status != TOOL_CANCELLED; i++)
        status = worse(status, check_file(from, &on, from->operands[i]));
    session_close(&on);
    return status;
}
