/* lunette names: the sandbox's table as Markdown; docs/sandbox.md is made from it. */
#include <string.h>

#include "options.h"

/* Narrow to broad: a level has what the ones before it have. */
static const struct {
    lunette_sandbox level;
    const char *name;
} levels[] = {{LUNETTE_SANDBOX_STRICT, "strict"},
              {LUNETTE_SANDBOX_RESTRICTED, "restricted"},
              {LUNETTE_SANDBOX_NONE, "none"}};

static size_t breadth(lunette_sandbox level) {
    size_t at = 0;
    while (at + 1 < TOOL_COUNT(levels) && levels[at].level != level)
        at++;
    return at;
}

/* A cell: a bar would end it. */
static void put_cell(const char *content) {
    for (; *content != '\0'; content++)
        put_format(*content == '|' ? "\\%c" : "%c", *content);
}

static void put_row(const lunette_name *name, bool with_levels) {
    put_format("| `%s%s%s` |", name->library, name->library[0] != '\0' ? "." : "", name->name);
    for (size_t i = 0; with_levels && i < TOOL_COUNT(levels); i++)
        put_format(i >= breadth(name->level) ? " yes |" : " |");
    put_bytes(" ", 1);
    put_cell(name->replacement != NULL ? name->replacement : "");
    put_format(name->replacement != NULL ? " |\n" : "|\n");
}

tool_exit command_names(const options *from) {
    if (from->operand_count > 0)
        return options_complain(from, "unexpected: %s; type: lunette names [--sandbox LEVEL]",
                                from->operands[0]);
    const bool all = !from->sandbox_given;
    put_format(all ? "| name | strict | restricted | none | what Lunette's does differently |\n"
                     "| --- | --- | --- | --- | --- |\n"
                   : "| name | what Lunette's does differently |\n| --- | --- |\n");
    const lunette_name *name;
    for (size_t i = 0; (name = lunette_sandbox_name(i)) != NULL; i++)
        if (all || breadth(name->level) <= breadth((lunette_sandbox)from->sandbox))
            put_row(name, all);
    return TOOL_OK;
}
