/* The options: one table, and what is made from it. See options.h. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "text.h"
#include "units.h"

typedef enum option_kind {
    SWITCH,
    TEXT,
    NAMES,
    PATHS,
    PERMISSIONS,
    CHOICE,
    SIZE,
    DURATION,
    COUNT
} option_kind;

typedef struct choice {
    const char *name;
    int value;
} choice;

static const choice sandboxes[] = {{"none", LUNETTE_SANDBOX_NONE},
                                   {"restricted", LUNETTE_SANDBOX_RESTRICTED},
                                   {"strict", LUNETTE_SANDBOX_STRICT},
                                   {NULL, 0}};
static const choice guards[] = {
    {"auto", LUNETTE_GUARD_AUTO}, {"signal", LUNETTE_GUARD_SIGNAL}, {"hook", LUNETTE_GUARD_HOOK}, {NULL, 0}};

typedef struct option {
    const char *name;  /* "--memory", "-e" */
    const char *value; /* what stands for its value in the help; NULL: it takes none */
    option_kind kind;
    unsigned commands;
    size_t offset;
    uint64_t least, most;
    bool none; /* the value "none" means unlimited */
    const choice *choices;
    const char *help;
} option;

#define IN(field) offsetof(options, field)
enum {
    SCRIPTS = COMMAND_RUN | COMMAND_REPL | COMMAND_BATCH,
    PARSERS = SCRIPTS | COMMAND_CHECK,
    EVERYWHERE = PARSERS | COMMAND_DOCTOR | COMMAND_NAMES
};
#define MICROSECOND UINT64_C(1000)
#define YEAR        (UINT64_C(365) * 24 * 3600 * 1000000000)
#define TEBI        (UINT64_C(1) << 40)
#define EXA         UINT64_C(1000000000000000000)

/* clang-format off */
static const option table[] = {
    {"-e", "CODE", TEXT, COMMAND_RUN, IN(code), 0, 0, false, NULL,
     "run CODE instead of a file"},
    {"--sandbox", "LEVEL", CHOICE, SCRIPTS | COMMAND_NAMES, IN(sandbox), 0, 0, false, sandboxes,
     "what of Lua's library a script finds: none, restricted or strict"},
    {"--allow", "NAME[,NAME…]", NAMES, SCRIPTS, IN(allow), 0, 0, false, NULL,
     "add names to the level (os.getenv), or a library (io)"},
    {"--deny", "NAME[,NAME…]", NAMES, SCRIPTS, IN(deny), 0, 0, false, NULL,
     "take names away, after --allow"},
    {"--permit", "WHAT[,WHAT…]", PERMISSIONS, SCRIPTS, IN(permissions), 0, 0, false, NULL,
     "let scripts at file-read, file-write (see --root), process, environment or native-modules"},
    {"--root", "FOLDER", TEXT, SCRIPTS, IN(root), 0, 0, false, NULL,
     "the folder that file-read and file-write are about; nothing outside of it can be reached"},
    {"--preload", "FILE", PATHS, SCRIPTS, IN(preload), 0, 0, false, NULL,
     "run a module once, that every script then has; may be given again"},
    {"--memory", "SIZE", SIZE, PARSERS, IN(memory), LUNETTE_MEMORY_MIN, LUNETTE_MEMORY_MAX, false, NULL,
     "memory limit"},
    {"--time", "DURATION", DURATION, PARSERS, IN(wall), MICROSECOND, YEAR, true, NULL,
     "wall-clock time limit, or none"},
    {"--cpu", "DURATION", DURATION, SCRIPTS, IN(cpu), MICROSECOND, YEAR, true, NULL,
     "limit on processor time, or none"},
    {"--instructions", "N", COUNT, SCRIPTS, IN(instructions), 1, EXA, true, NULL,
     "limit on VM instructions, counted exactly, or none"},
    {"--output", "SIZE", SIZE, SCRIPTS, IN(output), 1, TEBI, true, NULL,
     "limit on what is printed, or none; 64M for run --json"},
    {"--grace", "DURATION", DURATION, SCRIPTS, IN(grace), 0, YEAR, false, NULL,
     "at the deadline raise an error first, and kill after this time"},
    {"--guard", "KIND", CHOICE, PARSERS, IN(guard), 0, 0, false, guards,
     "how runs are ended: auto, signal or hook"},
    {"--deterministic", NULL, SWITCH, SCRIPTS, IN(deterministic), 0, 0, false, NULL,
     "the same random numbers in every run"},
    {"--workers", "N", COUNT, COMMAND_BATCH, IN(workers), 1, 1024, false, NULL,
     "threads that run scripts; by default one for each processor"},
    {"--repeat", "K", COUNT, COMMAND_BATCH, IN(repeat), 1, 10000000, false, NULL,
     "how often each script is run"},
    {"--expect", NULL, SWITCH, COMMAND_BATCH, IN(expect), 0, 0, false, NULL,
     "compare with the line \"-- expect: STATUS[|STATUS…]\" of each script"},
    {"--show-output", NULL, SWITCH, COMMAND_BATCH, IN(show_output), 0, 0, false, NULL,
     "show what the first run of each script prints"},
    {"--json", NULL, SWITCH, SCRIPTS | COMMAND_DOCTOR, IN(json), 0, 0, false, NULL,
     "report as a JSON object on standard output"},
    {"--help", NULL, SWITCH, EVERYWHERE, IN(help), 0, 0, false, NULL,
     "this help"},
};
/* clang-format on */

static bool takes(const command *of, const option *which) {
    return (which->commands & (unsigned)of->bit) != 0;
}

/* --- Complaints ------------------------------------------------------------------------------------------ */

static TOOL_PRINTF(2, 0) tool_exit usage(const options *from, const char *format, va_list list) {
    char message[512];
    const int length = vsnprintf(message, sizeof message, format, list);
    if (length >= (int)sizeof message)
        memcpy(message + sizeof message - 4, "...", 4);
    complain("%s: %s", from->command->name, message);
    if (from->json || from->json_ahead)
        return report_json_refusal(LUNETTE_INVALID_ARGUMENT, NULL, message, TOOL_USAGE);
    return TOOL_USAGE;
}

tool_exit options_complain(const options *from, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const tool_exit status = usage(from, format, list);
    va_end(list);
    return status;
}

/* How many single-character changes turn one name into the other; names are short. */
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 31 };
    size_t row[LONGEST + 1];
    const size_t size_a = strlen(a), size_b = strlen(b);
    if (size_a > LONGEST || size_b > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= size_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= size_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size_b; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[size_b];
}

static tool_exit unknown(const options *from, const char *argument, size_t length) {
    char given[64];
    snprintf(given, sizeof given, "%.*s", (int)(length < 60 ? length : 60), argument);
    const option *nearest = NULL;
    size_t nearest_distance = 3;
    for (size_t i = 0; i < TOOL_COUNT(table); i++) {
        const size_t apart = distance(given, table[i].name);
        if (takes(from->command, &table[i]) && apart < nearest_distance) {
            nearest_distance = apart;
            nearest = &table[i];
        }
    }
    if (nearest != NULL && length > 2)
        return options_complain(from, "no option %s; did you mean %s?", given, nearest->name);
    return options_complain(from, "no option %s; see lunette help %s", given, from->command->name);
}

/* --- Values ---------------------------------------------------------------------------------------------- */

static units_kind units_of(option_kind kind) {
    return kind == SIZE ? UNITS_SIZE : kind == DURATION ? UNITS_DURATION : UNITS_COUNT;
}

static tool_exit set_amount(options *to, const option *which, const char *value) {
    const units_kind kind = units_of(which->kind);
    uint64_t *field = (uint64_t *)((char *)to + which->offset);
    char shown[UNITS_TEXT_SIZE];
    if (which->none && strcmp(value, "none") == 0) {
        *field = LUNETTE_UNLIMITED;
        return TOOL_OK;
    }
    uint64_t amount = 0;
    if (!units_parse(kind, value, &amount) && strcmp(value, "0") == 0 && which->least == 0)
        amount = 0;
    else if (!units_parse(kind, value, &amount))
        return options_complain(to, "%s %s: %s%s", which->name, value, units_example(kind),
                                which->none ? ", or none" : "");
    if (amount < which->least)
        return options_complain(to, "%s %s: at least %s", which->name, value,
                                units_format(kind, which->least, shown));
    if (amount > which->most)
        return options_complain(to, "%s %s: at most %s%s", which->name, value,
                                units_format(kind, which->most, shown), which->none ? ", or none" : "");
    *field = amount;
    return TOOL_OK;
}

static tool_exit set_choice(options *to, const option *which, const char *value) {
    text names = {0};
    for (const choice *each = which->choices; each->name != NULL; each++) {
        if (strcmp(each->name, value) == 0) {
            *(int *)((char *)to + which->offset) = each->value;
            to->sandbox_given = to->sandbox_given || which->choices == sandboxes;
            text_free(&names);
            return TOOL_OK;
        }
        text_add_format(&names, "%s%s",
                        names.size == 0        ? ""
                        : each[1].name == NULL ? " or "
                                               : ", ",
                        each->name);
    }
    const tool_exit status =
        options_complain(to, "%s %s: one of %s", which->name, value, text_string(&names));
    text_free(&names);
    return status;
}

static tool_exit add_name(options *to, name_list *list, const char *name, size_t size) {
    char **names = realloc(list->names, (list->count + 1) * sizeof *names);
    if (names == NULL)
        return report_no_memory(to);
    list->names = names;
    if ((names[list->count] = strndup(name, size)) == NULL)
        return report_no_memory(to);
    list->count++;
    return TOOL_OK;
}

static tool_exit add_names(options *to, const option *which, const char *value) {
    name_list *list = (name_list *)((char *)to + which->offset);
    for (const char *name = value; name != NULL;) {
        const size_t size = strcspn(name, ",");
        if (size == 0)
            return options_complain(to, "%s: a name is empty; names are like os.getenv or io", which->name);
        const tool_exit status = add_name(to, list, name, size);
        if (status != TOOL_OK)
            return status;
        name = name[size] == ',' ? name + size + 1 : NULL;
    }
    return TOOL_OK;
}

/* The network is for functions of a host's, which scripts of the tool have none of. */
static uint64_t find_permission(const char *name, size_t size) {
    for (unsigned bit = 1; bit <= LUNETTE_PERMIT_NATIVE_MODULES; bit *= 2) {
        const char *known = lunette_permission_name((lunette_permission)bit);
        if (bit != LUNETTE_PERMIT_NETWORK && strlen(known) == size && memcmp(known, name, size) == 0)
            return bit;
    }
    return 0;
}

static tool_exit add_permissions(options *to, const option *which, const char *value) {
    for (const char *name = value; name != NULL;) {
        const size_t size = strcspn(name, ",");
        const uint64_t bit = find_permission(name, size);
        if (bit == 0)
            return options_complain(to,
                                    "%s %.*s: one of file-read, file-write, process, environment or "
                                    "native-modules",
                                    which->name, (int)size, name);
        to->permissions |= bit;
        name = name[size] == ',' ? name + size + 1 : NULL;
    }
    return TOOL_OK;
}

static tool_exit set_text(options *to, const option *which, const char *value) {
    const char **field = (const char **)((char *)to + which->offset);
    if (*field != NULL)
        return options_complain(to, "%s is given twice", which->name);
    *field = value;
    return TOOL_OK;
}

/* `value` is NULL for a switch, and for nothing else. */
static tool_exit set_option(options *to, const option *which, const char *value) {
    if (value == NULL) {
        *(bool *)((char *)to + which->offset) = true;
        return TOOL_OK;
    }
    switch (which->kind) {
    case TEXT:
        return set_text(to, which, value);
    case NAMES:
        return add_names(to, which, value);
    case PATHS:
        return add_name(to, (name_list *)((char *)to + which->offset), value, strlen(value));
    case PERMISSIONS:
        return add_permissions(to, which, value);
    case CHOICE:
        return set_choice(to, which, value);
    default:
        return set_amount(to, which, value);
    }
}

/* --- The command line ------------------------------------------------------------------------------------ */

/* The option that an argument names, by `length` bytes of it. -h is --help everywhere. */
static const option *find_option(const command *of, const char *argument, size_t length) {
    if (length == 2 && memcmp(argument, "-h", 2) == 0) {
        argument = "--help";
        length = strlen(argument);
    }
    for (size_t i = 0; i < TOOL_COUNT(table); i++)
        if (takes(of, &table[i]) && strlen(table[i].name) == length &&
            memcmp(table[i].name, argument, length) == 0)
            return &table[i];
    return NULL;
}

/* Takes the option at *at, and its value if it has one; *at then is at the last argument that belongs to it. */
static tool_exit parse_option(options *to, int *at, int argc, char **argv) {
    const char *argument = argv[*at];
    const bool is_long = strncmp(argument, "--", 2) == 0;
    const size_t length = is_long ? strcspn(argument, "=") : strlen(argument);
    const option *which = find_option(to->command, argument, length);
    if (which == NULL)
        return unknown(to, argument, length);
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    if (which->value == NULL && value != NULL)
        return options_complain(to, "%s takes no value", which->name);
    if (which->value != NULL && value == NULL) {
        if (*at + 1 == argc)
            return options_complain(to, "%s: its value is missing (%s %s)", which->name, which->name,
                                    which->value);
        value = argv[++*at];
    }
    return set_option(to, which, value);
}

/* A program that asked for JSON gets it for a usage error too, also where --json comes behind the mistake. This
 * looks without understanding which words are values of options, so it may see a --json that is the script's. */
static bool asks_for_json(const command *of, int argc, char **argv) {
    if (find_option(of, "--json", strlen("--json")) == NULL)
        return false;
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static void set_defaults(options *to, const command *of) {
    memset(to, 0, sizeof *to);
    to->command = of;
    to->sandbox = LUNETTE_SANDBOX_RESTRICTED;
    to->guard = LUNETTE_GUARD_AUTO;
    to->wall = of->wall_ns;
    to->grace = of->grace_ns;
    to->memory = UINT64_C(64) << 20;
    to->cpu = to->instructions = to->output = LUNETTE_UNLIMITED;
    to->repeat = 1;
}

/* "print", "string.format", or a library: "io". */
static bool is_known(const char *wanted) {
    const lunette_name *each;
    for (size_t i = 0; (each = lunette_sandbox_name(i)) != NULL; i++) {
        const size_t size = strlen(each->library);
        if (strcmp(wanted, size > 0 ? each->library : each->name) == 0 ||
            (size > 0 && strncmp(wanted, each->library, size) == 0 && wanted[size] == '.' &&
             strcmp(wanted + size + 1, each->name) == 0))
            return true;
    }
    return false;
}

static tool_exit check_names(const options *given, const char *of, const name_list *list) {
    for (size_t i = 0; i < list->count; i++)
        if (!is_known(list->names[i]))
            return options_complain(given, "%s %s: Lua's library has no such name; lunette names lists all",
                                    of, list->names[i]);
    return TOOL_OK;
}

/* The root folder and the permissions that are about it come together. */
static tool_exit check_root(const options *given) {
    const bool files = (given->permissions & (LUNETTE_PERMIT_FILE_READ | LUNETTE_PERMIT_FILE_WRITE)) != 0;
    if (files && given->root == NULL)
        return options_complain(given, "--permit file-read or file-write needs --root FOLDER");
    if (!files && given->root != NULL)
        return options_complain(given, "--root is of use only with --permit file-read or file-write");
    if (files && given->sandbox == LUNETTE_SANDBOX_NONE)
        return options_complain(given, "--root: the sandbox level none confines nothing");
    const int folder = files ? open(given->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (files && folder < 0)
        return options_complain(given, "--root %s: %s", given->root, strerror(errno));
    if (folder >= 0)
        close(folder);
    return TOOL_OK;
}

/* What the words say together. */
static tool_exit check_all(const options *given) {
    tool_exit status = check_names(given, "--allow", &given->allow);
    if (status == TOOL_OK)
        status = check_names(given, "--deny", &given->deny);
    return status == TOOL_OK ? check_root(given) : status;
}

tool_exit options_parse(options *to, const command *of, int argc, char **argv) {
    set_defaults(to, of);
    to->argv = argv;
    to->operands = calloc((size_t)argc + 1, sizeof *to->operands);
    if (to->operands == NULL)
        return out_of_memory();
    to->json_ahead = asks_for_json(of, argc, argv);
    bool over = false;
    for (int at = 2; at < argc; at++) {
        char *argument = argv[at];
        if (!over && strcmp(argument, "--") == 0) {
            over = true;
        } else if (over || argument[0] != '-' || argument[1] == '\0') {
            to->operands[to->operand_count++] = argument;
            over = over || of->operands_last;
        } else {
            const tool_exit status = parse_option(to, &at, argc, argv);
            if (status != TOOL_OK)
                return status;
        }
    }
    to->json_ahead = false;
    return check_all(to);
}

static void free_names(name_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
}

void options_free(options *which) {
    free_names(&which->allow);
    free_names(&which->deny);
    free_names(&which->preload);
    free(which->operands);
    memset(which, 0, sizeof *which);
}

/* --- What is made of them -------------------------------------------------------------------------------- */

static void describe_default(text *to, const command *of, const option *which) {
    options defaults;
    set_defaults(&defaults, of);
    const char *field = (const char *)&defaults + which->offset;
    char shown[UNITS_TEXT_SIZE];
    if (which->kind == CHOICE) {
        for (const choice *each = which->choices; each->name != NULL; each++)
            if (each->value == *(const int *)field)
                text_add_format(to, " (%s)", each->name);
    } else if (which->kind >= SIZE && *(const uint64_t *)field != 0) {
        text_add_format(to, " (%s)", units_format(units_of(which->kind), *(const uint64_t *)field, shown));
    }
}

void options_print_help(const command *of) {
    put_format("\nOptions (default):\n");
    for (size_t i = 0; i < TOOL_COUNT(table); i++) {
        if (!takes(of, &table[i]))
            continue;
        text after = {0};
        describe_default(&after, of, &table[i]);
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        /* The ellipsis is three bytes and one column. */
        put_format("  %-*s %s%s\n", strstr(left, "…") ? 26 : 24, left, table[i].help, text_string(&after));
        text_free(&after);
    }
}

lunette_config options_config(const options *from) {
    lunette_config config = lunette_config_default();
    config.sandbox = (lunette_sandbox)from->sandbox;
    config.guard = (lunette_guard)from->guard;
    config.allow = (const char *const *)from->allow.names;
    config.allow_count = from->allow.count;
    config.deny = (const char *const *)from->deny.names;
    config.deny_count = from->deny.count;
    config.permissions = (uint32_t)from->permissions;
    config.root = from->root;
    config.deterministic = from->deterministic;
    config.limits.memory = from->memory;
    config.limits.wall_ns = from->wall;
    config.limits.cpu_ns = from->cpu;
    config.limits.instructions = from->instructions;
    config.limits.output_bytes = from->output;
    config.limits.grace_ns = from->grace;
    return config;
}
