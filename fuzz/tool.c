/* The command-line tool, in this process: its options, its records, its texts, and `batch` as a whole.
 *
 * The first byte says which of them, the rest is theirs. What must be true:
 *   - options: a command line is understood or refused; a refusal is one line on standard error, and with --json one JSON
 *     object on standard output; what is understood is in the ranges that the help names, and makes a configuration
 *     that an engine takes or refuses with words;
 *   - records: whatever a script returns, the record is JSON, and the value can be made again from it; so is what the
 *     library writes as JSON;
 *   - texts: what is no UTF-8 is replaced byte by byte, and nothing else; base64 and units read back the same;
 *   - batch: any file runs, and the record is JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "commands.h"
#include "fuzz.h"
#include "record.h"
#include "text.h"
#include "tree.h"
#include "units.h"

enum { SINK = 1 << 20, ARGUMENTS = 24, TEXT_MOST = 1 << 13 };

/* --- What the tool says ------------------------------------------------------------------------------------------------ */

typedef struct sink {
    FILE *file;
    size_t size;
    char text[SINK + 1];
} sink;

static sink out, err;

static ssize_t take_bytes(void *cookie, const char *bytes, size_t size) {
    sink *to = cookie;
    const size_t room = SINK - to->size;
    const size_t taken = size < room ? size : room;
    memcpy(to->text + to->size, bytes, taken);
    to->size += taken;
    to->text[to->size] = '\0';
    return (ssize_t)size;
}

static void open_sink(sink *which) {
    which->size = 0;
    which->text[0] = '\0';
    if (which->file == NULL)
        which->file = fopencookie(which, "w", (cookie_io_functions_t){.write = take_bytes});
    FUZZ_EXPECT(which->file != NULL, "no stream");
}

typedef tool_exit (*deed)(int argc, char **argv);

/* Does something with the two streams exchanged for the sinks. */
static tool_exit overheard(deed what, int argc, char **argv) {
    FILE *const real_out = stdout, *const real_err = stderr;
    open_sink(&out);
    open_sink(&err);
    stdout = out.file;
    stderr = err.file;
    const tool_exit status = what(argc, argv);
    fflush(stdout);
    fflush(stderr);
    stdout = real_out;
    stderr = real_err;
    return status;
}

static json_t *json_of(const char *string, size_t size) {
    json_error_t why;
    json_t *made = json_loadb(string, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    FUZZ_EXPECT(made != NULL, "%s: %.*s", why.text, (int)(size < 300 ? size : 300), string);
    return made;
}

static size_t lines_of(const sink *which) {
    size_t lines = 0;
    for (size_t i = 0; i < which->size; i++)
        lines += which->text[i] == '\n';
    return lines;
}

/* --- Options ------------------------------------------------------------------------------------------------------------ */

static options parsed;
static const command *asked;

static tool_exit parse(int argc, char **argv) {
    return options_parse(&parsed, asked, argc, argv);
}

static bool is_given(const char *option, int argc, char **argv) {
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}

static bool is_amount(uint64_t value, uint64_t least, uint64_t most) {
    return value == LUNETTE_UNLIMITED || (value >= least && value <= most);
}

static void judge_options(void) {
    FUZZ_EXPECT(parsed.memory >= LUNETTE_MEMORY_MIN && parsed.memory <= LUNETTE_MEMORY_MAX, "%llu",
                (unsigned long long)parsed.memory);
    FUZZ_EXPECT(is_amount(parsed.wall, 1000, UINT64_MAX / 2) && is_amount(parsed.cpu, 1000, UINT64_MAX / 2),
                "a time");
    FUZZ_EXPECT(is_amount(parsed.instructions, 1, UINT64_MAX / 2) &&
                    is_amount(parsed.output, 1, UINT64_MAX / 2),
                "an amount");
    FUZZ_EXPECT(parsed.repeat >= 1 && parsed.repeat <= 10000000 && parsed.workers <= 1024, "a number");
    for (size_t i = 0; i < parsed.allow.count; i++)
        FUZZ_EXPECT(parsed.allow.names[i][0] != '\0', "an empty name");
    for (int i = 0; i < parsed.operand_count; i++)
        FUZZ_EXPECT(parsed.operands[i] != NULL, "operand %d", i);
}

static void judge_configuration(void) {
    lunette_engine *engine = NULL;
    lunette_config config = options_config(&parsed);
    const lunette_status status = lunette_engine_open(&config, &engine);
    FUZZ_EXPECT((engine != NULL) == (status == LUNETTE_OK), "%s", lunette_status_name(status));
    FUZZ_EXPECT(status == LUNETTE_OK || (status < LUNETTE_OK && lunette_last_failure()[0] != '\0'),
                "%s without words", lunette_status_name(status));
    lunette_engine_close(&engine);
}

static bool takes_value(const char *word) {
    static const char *const takers[] = {
        "--memory",  "--time", "--cpu",     "--instructions", "--output", "--grace",   "--guard",  "--allow",
        "--sandbox", "--deny", "--preload", "--root",         "--permit", "--workers", "--repeat", "-e"};
    for (size_t i = 0; i < FUZZ_COUNT(takers); i++)
        if (strcmp(word, takers[i]) == 0)
            return true;
    return false;
}

/* Behind an option that takes one it is its value, and behind the script all is the script's. */
static bool is_the_tools(const char *option, int argc, char **argv) {
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], option) == 0)
            return true;
        const bool is_operand = argv[i][0] != '-' || argv[i][1] == '\0';
        if (is_operand && asked->operands_last)
            return false;
        if (takes_value(argv[i]))
            i++;
    }
    return false;
}

static void judge_refusal(tool_exit status, int argc, char **argv) {
    FUZZ_EXPECT(status == TOOL_USAGE, "exit status %d", (int)status);
    FUZZ_EXPECT(strncmp(err.text, "lunette: ", 9) == 0, "%s", err.text);
    const bool has_json = (asked->bit & (COMMAND_RUN | COMMAND_REPL | COMMAND_BATCH | COMMAND_DOCTOR)) != 0;
    const bool json = out.size > 0;
    /* Where a word was not understood the tool takes any --json for its own. */
    FUZZ_EXPECT(json == (has_json && is_given("--json", argc, argv)) ||
                    json == (has_json && is_the_tools("--json", argc, argv)),
                "on standard output: %s", out.text);
    if (json) {
        FUZZ_EXPECT(lines_of(&out) == 1, "%s", out.text);
        json_decref(json_of(out.text, out.size));
    }
}

/* Words end at zero bytes; a byte below that of the alphabet stands for a word that is one. */
static int words_of(feed *from, char *string, char **argv) {
    static const char *const known[] = {"--memory",
                                        "--time",
                                        "--cpu",
                                        "--instructions",
                                        "--output",
                                        "--grace",
                                        "--sandbox",
                                        "--guard",
                                        "--allow",
                                        "--deny",
                                        "--preload",
                                        "--json",
                                        "--deterministic",
                                        "--workers",
                                        "--repeat",
                                        "--expect",
                                        "--show-output",
                                        "--help",
                                        "-e",
                                        "--",
                                        "none",
                                        "strict",
                                        "io",
                                        "os.getenv,io",
                                        "64M",
                                        "1.5s"};
    int argc = 2;
    size_t used = 0;
    bool open = false;
    while (from->left > 0 && argc < ARGUMENTS && used + 40 < TEXT_MOST) {
        const uint8_t byte = feed_byte(from);
        if (byte >= 1 && byte <= FUZZ_COUNT(known)) {
            if (!open)
                argv[argc++] = string + used;
            open = true;
            used += (size_t)sprintf(string + used, "%s", known[byte - 1]);
        } else if (byte == 0) {
            open = false;
            string[used++] = '\0';
        } else {
            if (!open)
                argv[argc++] = string + used;
            open = true;
            string[used++] = (char)byte;
        }
    }
    string[used] = '\0';
    argv[argc] = NULL;
    return argc;
}

static void try_options(feed *from) {
    static const char *const commands[] = {"run", "repl", "check", "batch", "doctor", "names"};
    static char string[TEXT_MOST + 64];
    char *argv[ARGUMENTS + 1] = {(char *)(uintptr_t) "lunette"};
    const uint8_t which = feed_byte(from);
    argv[1] = (char *)(uintptr_t)commands[which % FUZZ_COUNT(commands)];
    asked = commands_find(argv[1]);
    FUZZ_EXPECT(asked != NULL, "no command %s", argv[1]);
    const int argc = words_of(from, string, argv);
    const tool_exit status = overheard(parse, argc, argv);
    fuzz_count(status == TOOL_OK ? "understood" : "refused");
    if (status == TOOL_OK) {
        FUZZ_EXPECT(err.size == 0 && out.size == 0, "%s%s", err.text, out.text);
        judge_options();
        if (which >= 224)
            judge_configuration();
    } else {
        judge_refusal(status, argc, argv);
    }
    options_free(&parsed);
}

/* Commands that only tell. */
static void try_telling(feed *from) {
    static const char *const words[] = {"help",  "--version", "-h", "names", "run",
                                        "batch", "nothing",   "-x", "",      "help"};
    char *argv[5] = {(char *)(uintptr_t) "lunette"};
    int argc = 1;
    while (argc < 4 && from->left > 0)
        argv[argc++] = (char *)(uintptr_t)words[feed_below(from, FUZZ_COUNT(words))];
    if (argc > 1 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "batch") == 0))
        argv[1] = (char *)(uintptr_t) "help";
    const tool_exit status = overheard(commands_dispatch, argc, argv);
    FUZZ_EXPECT(status == TOOL_OK || status == TOOL_USAGE, "exit status %d", (int)status);
    FUZZ_EXPECT((status == TOOL_OK) == (out.size > 0) && (status == TOOL_OK) == (err.size == 0), "%s",
                err.text);
}

/* --- Records ------------------------------------------------------------------------------------------------------------ */

static int digit_of(char byte) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = byte != '\0' ? strchr(digits, byte) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* The bytes that a base64 text stands for are these. */
static bool is_base64_of(const char *string, size_t length, const char *bytes, size_t size) {
    if (length != (size + 2) / 3 * 4)
        return false;
    for (size_t i = 0; i < size; i++) {
        const size_t at = i / 3 * 4 + i % 3;
        const int high = digit_of(string[at]), low = digit_of(string[at + 1]);
        const unsigned shift = 2 * (unsigned)(i % 3);
        const unsigned byte =
            ((unsigned)high << (2 + shift) | (unsigned)(low < 0 ? 0 : low) >> (4 - shift)) & 0xFF;
        if (high < 0 || byte != (unsigned char)bytes[i])
            return false;
    }
    return true;
}

static bool is_record_of(const json_t *json, const lunette_value *value);

static bool is_string(const json_t *json, const char *bytes, size_t size) {
    return json_is_string(json) && json_string_length(json) == size &&
           memcmp(json_string_value(json), bytes, size) == 0;
}

static bool is_string_record(const json_t *json, const lunette_value *value) {
    const char *bytes = value->as.string.bytes;
    const size_t size = value->as.string.size;
    if (!json_is_object(json))
        return is_string(json, bytes, size);
    const json_t *coded = json_object_get(json, "$bytes");
    return json_object_size(json) == 1 && json_is_string(coded) &&
           is_base64_of(json_string_value(coded), json_string_length(coded), bytes, size);
}

static bool is_number_record(const json_t *json, double number) {
    if (isfinite(number))
        return json_is_real(json) && json_real_value(json) == number &&
               signbit(json_real_value(json)) == signbit(number);
    const char *name = json_string_value(json_object_get(json, "$number"));
    return name != NULL && strcmp(name, isnan(number) ? "nan" : number > 0 ? "inf" : "-inf") == 0;
}

static bool is_array_record(const json_t *json, const lunette_value *value) {
    bool same = json_is_array(json) && json_array_size(json) == value->as.array.count;
    for (size_t i = 0; same && i < value->as.array.count; i++)
        same = is_record_of(json_array_get(json, i), &value->as.array.items[i]);
    return same;
}

static bool is_object_record(const json_t *json, const lunette_value *value) {
    const size_t count = value->as.object.count;
    const json_t *list = json_object_get(json, "$members");
    bool same =
        json_is_object(json) && (list != NULL ? json_array_size(list) : json_object_size(json)) == count;
    for (size_t i = 0; same && i < count; i++) {
        const lunette_member *member = &value->as.object.members[i];
        if (list != NULL) {
            const json_t *pair = json_array_get(list, i);
            same = is_record_of(json_array_get(pair, 0), &member->key) &&
                   is_record_of(json_array_get(pair, 1), &member->value);
        } else {
            char key[600];
            snprintf(key, sizeof key, "%.*s", (int)member->key.as.string.size, member->key.as.string.bytes);
            same = member->key.type == LUNETTE_STRING && strlen(key) == member->key.as.string.size &&
                   is_record_of(json_object_get(json, key), &member->value);
        }
    }
    return same;
}

static bool is_record_of(const json_t *json, const lunette_value *value) {
    switch (value->type) {
    case LUNETTE_NIL:
        return json_is_null(json);
    case LUNETTE_BOOLEAN:
        return json_is_boolean(json) && json_is_true(json) == value->as.boolean;
    case LUNETTE_INTEGER:
        return json_is_integer(json) && json_integer_value(json) == value->as.integer;
    case LUNETTE_NUMBER:
        return is_number_record(json, value->as.number);
    case LUNETTE_STRING:
        return is_string_record(json, value);
    case LUNETTE_ARRAY:
        return is_array_record(json, value);
    case LUNETTE_OBJECT:
        return is_object_record(json, value);
    default:
        return false;
    }
}

static void try_library_json(const lunette_value *value) {
    char *string = NULL;
    const lunette_status status = lunette_value_json(value, &string);
    FUZZ_EXPECT(status == LUNETTE_OK && string != NULL, "%s", lunette_status_name(status));
    /* Keys may come twice there: 1 and "1". And a zero byte in a key is JSON, but nothing that jansson has. */
    json_error_t why;
    json_t *json = json_loads(string, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    FUZZ_EXPECT(json != NULL || strncmp(why.text, "NUL byte in object key", 22) == 0, "%s: %s", why.text,
                string);
    FUZZ_EXPECT(strchr(string, '\n') == NULL, "more than a line: %s", string);
    json_decref(json);
    lunette_string_free(&string);
}

static void try_records(feed *from) {
    tree_clear();
    const lunette_value made = tree_value(from);
    if (!tree_is_sound(&made))
        return;
    const lunette_value value = tree_expected(&made);
    const record_of_run run = {
        .status = LUNETTE_OK, .results = &value, .output = (const char *)from->at, .output_size = from->left};
    json_t *record = record_run(&run);
    FUZZ_EXPECT(record != NULL, "no memory");
    char *string = json_dumps(record, JSON_COMPACT);
    FUZZ_EXPECT(string != NULL, "not written");
    json_t *back = json_of(string, strlen(string));
    FUZZ_EXPECT(is_record_of(json_object_get(back, "results"), &value), "it is another value: %s", string);
    const json_t *coded = json_object_get(back, "output_base64");
    const json_t *plain = json_object_get(back, "output");
    FUZZ_EXPECT(coded != NULL ? is_base64_of(json_string_value(coded), json_string_length(coded), run.output,
                                             run.output_size)
                              : is_string(plain, run.output, run.output_size),
                "other output: %s", string);
    json_decref(back);
    free(string);
    json_decref(record);
    try_library_json(&value);
}

/* --- Texts -------------------------------------------------------------------------------------------------------------- */

/* By the table of RFC 3629, section 4. */
static size_t utf8_by_the_book(const unsigned char *s, size_t size) {
    static const struct {
        unsigned char first, last, second_least, second_most;
        size_t length;
    } rows[] = {{0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
                {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    for (size_t i = 0; i < FUZZ_COUNT(rows); i++) {
        if (s[0] < rows[i].first || s[0] > rows[i].last)
            continue;
        if (rows[i].length > size)
            return 0;
        if (rows[i].length > 1 && (s[1] < rows[i].second_least || s[1] > rows[i].second_most))
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if (s[k] < 0x80 || s[k] > 0xBF)
                return 0;
        return rows[i].length;
    }
    return 0;
}

static void try_utf8(const char *bytes, size_t size) {
    text clean = {0};
    size_t wrong = 0, length;
    for (size_t at = 0; at<size; at += length> 0 ? length : 1) {
        length = utf8_by_the_book((const unsigned char *)bytes + at, size - at);
        FUZZ_EXPECT(text_utf8_length(bytes + at, size - at) == length, "byte %zu", at);
        wrong += length == 0;
    }
    const size_t replaced = text_add_utf8(&clean, bytes, size);
    FUZZ_EXPECT(replaced == wrong, "%zu replaced, %zu wrong", replaced, wrong);
    FUZZ_EXPECT(clean.size == size + 2 * wrong, "%zu bytes", clean.size);
    text_free(&clean);
    text_add_base64(&clean, bytes, size);
    FUZZ_EXPECT(is_base64_of(text_string(&clean), clean.size, bytes, size), "%s", text_string(&clean));
    text_free(&clean);
}

/* A value of a kind, written, reads as itself; any text is read within bounds or not at all. */
static void try_units(feed *from) {
    const units_kind kind = (units_kind)feed_below(from, 3);
    char shown[UNITS_TEXT_SIZE], given[64];
    uint64_t value = feed_u64(from) >> feed_below(from, 64), read = 0;
    const char *string = units_format(kind, value, shown);
    if (value < UINT64_MAX - 1)
        FUZZ_EXPECT(units_parse(kind, string, &read) && read == value, "%llu is %s is %llu",
                    (unsigned long long)value, string, (unsigned long long)read);
    string = units_round(kind, value, shown);
    FUZZ_EXPECT(strlen(string) < sizeof shown, "%s", string);
    size_t size;
    const uint8_t *bytes = feed_bytes(from, sizeof given - 1, &size);
    memcpy(given, bytes, size);
    given[size] = '\0';
    if (units_parse(kind, given, &value)) {
        FUZZ_EXPECT(value <= UINT64_MAX - 1, "%s", given);
        FUZZ_EXPECT(given[0] >= '0' && given[0] <= '9', "%s", given);
    }
}

/* --- Batch -------------------------------------------------------------------------------------------------------------- */

static void try_batch(feed *from) {
    char path[64];
    const uint8_t how = feed_byte(from);
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_EXPECT(file >= 0 && write(file, from->at, from->left) == (ssize_t)from->left, "no file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *const words[] = {"lunette",
                                 how & 4 ? "check" : "batch",
                                 "--memory",
                                 "1M",
                                 "--time",
                                 "1ms",
                                 how & 4 ? "--" : "--json",
                                 path,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL};
    char *argv[FUZZ_COUNT(words)];
    for (size_t i = 0; i < FUZZ_COUNT(words); i++)
        argv[i] = (char *)(uintptr_t)words[i];
    int argc = 8;
    if (!(how & 4)) {
        static const char *const more[] = {"--workers", "1", "--expect", "--show-output"};
        for (size_t i = 0; i < (how & 1 ? 4 : 2); i++)
            argv[argc++] = (char *)(uintptr_t)more[i];
    }
    argv[argc] = NULL;
    const tool_exit status = overheard(commands_dispatch, argc, argv);
    FUZZ_EXPECT(status == TOOL_OK || status == TOOL_SCRIPT || status == TOOL_USAGE || status == TOOL_SYNTAX ||
                    status == TOOL_MEMORY || status == TOOL_TIME,
                "exit status %d: %s", (int)status, err.text);
    if (!(how & 4) && out.size > 0 && out.size < SINK)
        json_decref(json_of(out.text, out.size));
    close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    feed from = {data, size};
    if (size == 0 || size > 4096)
        return -1;
    const uint8_t what = feed_byte(&from);
    if (what < 96)
        try_options(&from);
    else if (what < 192)
        try_records(&from);
    else if (what < 224)
        try_utf8((const char *)from.at, from.left);
    else if (what < 248)
        try_units(&from);
    else if (what < 252)
        try_telling(&from);
    else
        try_batch(&from);
    return 0;
}
