#include "base/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* --- Signatures --- */

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void trim(const char **start, size_t *size) {
    while (*size > 0 && is_space(**start)) {
        ++*start;
        --*size;
    }
    while (*size > 0 && is_space((*start)[*size - 1]))
        --*size;
}

/* How far it is to the next `mark` outside of brackets; the arrow of a function's type closes none. */
static size_t span_to(const char *text, size_t size, char mark) {
    int depth = 0;
    for (size_t i = 0; i < size; i++) {
        if (depth == 0 && text[i] == mark)
            return i;
        bool arrow = text[i] == '>' && i > 0 && text[i - 1] == '-';
        if (strchr("([{<", text[i]))
            depth++;
        else if (strchr(")]}>", text[i]) && !arrow && depth > 0)
            depth--;
    }
    return size;
}

/* Without the space around it, and the mark of what may be left out. */
static void tidy(const char **text, size_t *size, bool *optional) {
    trim(text, size);
    if (*size > 0 && (*text)[*size - 1] == '?') {
        --*size;
        *optional = true;
        trim(text, size);
    }
}

bool ln_parameter_next(const char **list, bool results, ln_parameter *parameter) {
    const char *item = *list;
    if (!item || item[strspn(item, " \t\r\n")] == '\0')
        return false;
    size_t size = span_to(item, strlen(item), ','), colon = span_to(item, size, ':');
    *list = item + size + (item[size] == ',');
    *parameter = (ln_parameter){.name = item, .name_size = colon};
    if (colon < size) {
        parameter->type = item + colon + 1;
        parameter->type_size = size - colon - 1;
        tidy(&parameter->type, &parameter->type_size, &parameter->optional);
    }
    tidy(&parameter->name, &parameter->name_size, &parameter->optional);
    if (results && !parameter->type) {
        parameter->type = parameter->name;
        parameter->type_size = parameter->name_size;
        parameter->name = NULL;
    }
    return true;
}

/* Where nobody has named them, parameters are numbered. */
enum { MOST_SHOWN = 8 };

static void add_numbered(ln_text *text, int least, int most) {
    int shown = most == -1 || most - least > MOST_SHOWN ? least : most;
    for (int i = 1; i <= shown; i++)
        ln_text_add_format(text, "%sargument%d%s", i > 1 ? ", " : "", i, i > least ? "?" : "");
    if (shown != most)
        ln_text_add_string(text, shown > 0 ? ", ..." : "...");
}

/* A function as it stands in a list: what comes before its name, and whether its first argument is what stands before the
 * colon there. */
typedef struct place {
    const char *before; /* "game." */
    bool is_method;
} place;

/* An object that a method is called on is no argument that anybody writes. */
static int written(int arguments, const place *at) {
    return at->is_method && arguments > 0 ? arguments - 1 : arguments;
}

static void add_signature(ln_text *text, const lunette_function *function, const place *at) {
    ln_text_add_string(text, at->before);
    ln_text_add_string(text, function->name);
    ln_text_add_string(text, "(");
    if (function->parameters)
        ln_text_add_string(text, function->parameters);
    else
        add_numbered(text, written(function->min_arguments, at), written(function->max_arguments, at));
    ln_text_add_string(text, ")");
    if (function->returns && *function->returns) {
        ln_text_add_string(text, " -> ");
        ln_text_add_string(text, function->returns);
    }
}

/* --- Names --- */

/* What a script would call the table: the last part of its name. */
static const char *last_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static bool is_variable(const char *name) {
    return ln_is_identifier(name, strlen(name));
}

/* Into `space`: "game." for functions of a module, "" for globals. */
static const char *module_before(const lunette_module *module, char *space, size_t size) {
    const char *name = last_part(module->name);
    if (!*module->name)
        return "";
    snprintf(space, size, "%.*s.", (int)size - 2, is_variable(name) ? name : "module");
    return space;
}

/* Into `space`: "account:" for methods of Account. */
static const char *method_before(const lunette_class *class, char *space, size_t size) {
    snprintf(space, size, "%.*s:", (int)size - 2, is_variable(class->name) ? class->name : "object");
    if (*space >= 'A' && *space <= 'Z')
        *space = (char)(*space - 'A' + 'a');
    return space;
}

/* --- Markdown --- */

/* Text in a list goes on below its beginning. */
static void add_indented(ln_text *text, const char *words) {
    for (; *words; words++) {
        ln_text_add(text, words, 1);
        if (*words == '\n' && words[1])
            ln_text_add_string(text, "  ");
    }
}

static void end_item(ln_text *text, const char *description) {
    ln_text_add_string(text, "`");
    if (description && *description) {
        ln_text_add_string(text, ": ");
        add_indented(text, description);
    }
    ln_text_add_string(text, "\n");
}

static void add_functions(ln_text *text, const lunette_function *functions, size_t count, const place *at) {
    for (size_t i = 0; i < count; i++) {
        ln_text_add_string(text, "- `");
        add_signature(text, &functions[i], at);
        end_item(text, functions[i].description);
    }
}

static lunette_status add_constants(ln_text *text, const lunette_module *module, const place *at) {
    for (size_t i = 0; i < module->constant_count; i++) {
        const lunette_constant *constant = &module->constants[i];
        char *value = NULL;
        lunette_status status = lunette_value_text(&constant->value, 0, &value);
        if (status != LUNETTE_OK)
            return status;
        ln_text_add_format(text, "- `%s%s = ", at->before, constant->name);
        ln_text_add_string(text, value);
        end_item(text, constant->description);
        lunette_string_free(&value);
    }
    return LUNETTE_OK;
}

static void add_paragraph(ln_text *text, const char *words) {
    if (!words || !*words)
        return;
    ln_text_add_string(text, words);
    ln_text_add_string(text, "\n\n");
}

static void add_class(ln_text *text, const lunette_class *class) {
    char space[80];
    const place method = {method_before(class, space, sizeof space), true}, meta = {"", true};
    ln_text_add_string(text, "\n### Type ");
    ln_text_add_string(text, class->name);
    if (class->version != 0)
        ln_text_add_format(text, ", version %u", (unsigned)class->version);
    ln_text_add_string(text, "\n\n");
    add_paragraph(text, class->description);
    add_functions(text, class->methods, class->method_count, &method);
    add_functions(text, class->metamethods, class->metamethod_count, &meta);
}

static void add_heading(ln_text *text, const lunette_module *module) {
    ln_text_add_string(text, "## ");
    ln_text_add_string(text, *module->name ? module->name : "Globals");
    if (module->version && *module->version) {
        ln_text_add_string(text, " ");
        ln_text_add_string(text, module->version);
    }
    ln_text_add_string(text, "\n\n");
    add_paragraph(text, module->description);
}

/* How a script gets at the module. */
static void add_require(ln_text *text, const lunette_module *module, const ln_description *what) {
    const char *name = last_part(module->name), *variable = is_variable(name) ? name : "module";
    if (!*module->name)
        return;
    if (what->no_require) {
        ln_text_add_format(text, "    %s  -- ", variable);
        ln_text_add_string(text,
                           module->automatic ? "is a global variable\n\n" : "where the host imports it\n\n");
        return;
    }
    ln_text_add_format(text, "    local %s = require \"", variable);
    ln_text_add_string(text, what->prefix ? what->prefix : "");
    ln_text_add_string(text, module->name);
    ln_text_add_string(text, module->automatic ? "\"  -- is a global variable, too\n\n" : "\"\n\n");
}

static lunette_status add_module(ln_text *text, const lunette_module *module, const ln_description *what) {
    char space[80];
    const place at = {module_before(module, space, sizeof space), false};
    add_heading(text, module);
    add_require(text, module, what);
    add_functions(text, module->functions, module->function_count, &at);
    lunette_status status = add_constants(text, module, &at);
    for (size_t i = 0; i < module->type_count; i++)
        add_class(text, module->types[i]);
    return status;
}

static void add_sources(ln_text *text, const ln_description *what) {
    if (what->no_require || (what->source_count == 0 && !what->resolves))
        return;
    ln_text_add_string(text, "## Other modules\n\n");
    for (size_t i = 0; i < what->source_count; i++) {
        ln_text_add_string(text, "- `require \"");
        ln_text_add_string(text, what->sources[i]);
        ln_text_add_string(text, "\"");
        end_item(text, what->source_descriptions ? what->source_descriptions[i] : NULL);
    }
    if (what->resolves)
        ln_text_add_string(text, "- others, which the host looks for when they are required\n");
    ln_text_add_string(text, "\n");
}

/* A line a library. */
static void add_library(ln_text *text, const ln_description *what) {
    const char *library = NULL;
    if (what->library_count == 0)
        return;
    ln_text_add_string(text, "## Lua's own library\n\n");
    for (size_t i = 0; i < what->library_count; i++) {
        const lunette_name *name = what->library[i];
        bool goes_on = library && strcmp(library, name->library) == 0;
        library = name->library;
        ln_text_add_string(text, goes_on ? ", " : i > 0 ? "\n- " : "- ");
        ln_text_add_format(text, "`%s%s%s`", library, *library ? "." : "", name->name);
    }
    ln_text_add_string(text, "\n");
}

static lunette_status write_text(const ln_description *what, ln_text *text) {
    lunette_status status = LUNETTE_OK;
    for (size_t i = 0; i < what->module_count && status == LUNETTE_OK; i++) {
        status = add_module(text, what->modules[i], what);
        ln_text_add_string(text, "\n");
    }
    add_sources(text, what);
    add_library(text, what);
    return status;
}

/* --- JSON --- */

static void write_part(ln_json *json, const char *key, const char *bytes, size_t size) {
    ln_json_key(json, key);
    if (bytes)
        ln_json_string(json, bytes, size);
    else
        ln_json_null(json);
}

static void write_parameters(ln_json *json, const char *key, const char *list, bool results) {
    ln_parameter parameter;
    ln_json_key(json, key);
    if (!list) {
        ln_json_null(json);
        return;
    }
    ln_json_open(json, '[');
    while (ln_parameter_next(&list, results, &parameter)) {
        ln_json_open(json, '{');
        write_part(json, "name", parameter.name, parameter.name_size);
        write_part(json, "type", parameter.type, parameter.type_size);
        ln_json_key(json, "optional");
        ln_json_boolean(json, parameter.optional);
        ln_json_close(json, '}');
    }
    ln_json_close(json, ']');
}

static void write_text_member(ln_json *json, const char *key, const char *text) {
    ln_json_key(json, key);
    ln_json_text(json, text);
}

static void write_function(ln_json *json, const lunette_function *function, const place *at) {
    ln_text signature = {0};
    add_signature(&signature, function, at);
    ln_json_open(json, '{');
    write_text_member(json, "name", function->name);
    json->text.failed |= signature.failed;
    write_part(json, "signature", signature.bytes, signature.size);
    write_parameters(json, "parameters", function->parameters, false);
    write_parameters(json, "returns", function->returns, true);
    ln_json_key(json, "min_arguments");
    ln_json_integer(json, written(function->min_arguments, at));
    ln_json_key(json, "max_arguments");
    if (function->max_arguments == -1)
        ln_json_null(json);
    else
        ln_json_integer(json, written(function->max_arguments, at));
    write_text_member(json, "description", function->description);
    ln_json_close(json, '}');
    ln_text_free(&signature);
}

static void write_functions(ln_json *json, const char *key, const lunette_function *functions, size_t count,
                            const place *at) {
    ln_json_key(json, key);
    ln_json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        write_function(json, &functions[i], at);
    ln_json_close(json, ']');
}

static bool write_constants(ln_json *json, const lunette_module *module) {
    ln_json_key(json, "constants");
    ln_json_open(json, '[');
    for (size_t i = 0; i < module->constant_count; i++) {
        const lunette_constant *constant = &module->constants[i];
        ln_json_open(json, '{');
        write_text_member(json, "name", constant->name);
        write_text_member(json, "type", lunette_type_name(constant->value.type));
        ln_json_key(json, "value");
        if (!ln_json_value(json, &constant->value))
            return false;
        write_text_member(json, "description", constant->description);
        ln_json_close(json, '}');
    }
    ln_json_close(json, ']');
    return true;
}

static void write_class(ln_json *json, const lunette_class *class) {
    char space[80];
    const place method = {method_before(class, space, sizeof space), true}, meta = {"", true};
    ln_json_open(json, '{');
    write_text_member(json, "name", class->name);
    ln_json_key(json, "version");
    ln_json_unsigned(json, class->version);
    write_text_member(json, "description", class->description);
    write_functions(json, "methods", class->methods, class->method_count, &method);
    write_functions(json, "metamethods", class->metamethods, class->metamethod_count, &meta);
    ln_json_close(json, '}');
}

/* NULL for what is not required, because it is there. */
static void write_required(ln_json *json, const lunette_module *module, const char *prefix) {
    ln_text name = {0};
    ln_text_add_string(&name, prefix ? prefix : "");
    ln_text_add_string(&name, module->name);
    json->text.failed |= name.failed;
    write_part(json, "require", *module->name ? name.bytes : NULL, name.size);
    ln_text_free(&name);
}

static bool write_module(ln_json *json, const lunette_module *module, const char *prefix) {
    char space[80];
    const place at = {module_before(module, space, sizeof space), false};
    ln_json_open(json, '{');
    write_text_member(json, "name", module->name);
    write_required(json, module, prefix);
    ln_json_key(json, "automatic");
    ln_json_boolean(json, module->automatic || !*module->name);
    write_text_member(json, "version", module->version);
    write_text_member(json, "description", module->description);
    write_functions(json, "functions", module->functions, module->function_count, &at);
    if (!write_constants(json, module))
        return false;
    ln_json_key(json, "types");
    ln_json_open(json, '[');
    for (size_t i = 0; i < module->type_count; i++)
        write_class(json, module->types[i]);
    ln_json_close(json, ']');
    ln_json_close(json, '}');
    return true;
}

static void write_sources(ln_json *json, const ln_description *what) {
    ln_json_key(json, "sources");
    ln_json_open(json, '[');
    for (size_t i = 0; i < what->source_count; i++) {
        ln_json_open(json, '{');
        write_text_member(json, "require", what->sources[i]);
        write_text_member(json, "description",
                          what->source_descriptions ? what->source_descriptions[i] : NULL);
        ln_json_close(json, '}');
    }
    ln_json_close(json, ']');
    ln_json_key(json, "resolves");
    ln_json_boolean(json, what->resolves);
}

static void write_library(ln_json *json, const ln_description *what) {
    ln_json_key(json, "library");
    ln_json_open(json, '[');
    for (size_t i = 0; i < what->library_count; i++) {
        char name[64];
        const lunette_name *about = what->library[i];
        snprintf(name, sizeof name, "%s%s%s", about->library, *about->library ? "." : "", about->name);
        ln_json_text(json, name);
    }
    ln_json_close(json, ']');
}

static lunette_status write_json(const ln_description *what, ln_json *json) {
    ln_json_open(json, '{');
    ln_json_key(json, "modules");
    ln_json_open(json, '[');
    for (size_t i = 0; i < what->module_count; i++)
        if (!write_module(json, what->modules[i], what->prefix))
            return LUNETTE_INVALID_ARGUMENT;
    ln_json_close(json, ']');
    write_sources(json, what);
    write_library(json, what);
    ln_json_close(json, '}');
    return LUNETTE_OK;
}

/* --- Whole --- */

static lunette_status give(ln_text *done, lunette_status status, char **text) {
    if (status != LUNETTE_OK) {
        ln_text_free(done);
        return status;
    }
    *text = ln_text_take(done);
    return *text ? LUNETTE_OK : LUNETTE_NO_MEMORY;
}

lunette_status ln_describe(const ln_description *what, lunette_format format, char **text) {
    ln_json json = {0};
    *text = NULL;
    if (format == LUNETTE_FORMAT_JSON)
        return give(&json.text, write_json(what, &json), text);
    if (format == LUNETTE_FORMAT_TEXT)
        return give(&json.text, write_text(what, &json.text), text);
    return LUNETTE_INVALID_ARGUMENT;
}

lunette_status ln_describe_module(const lunette_module *module, lunette_format format, char **text) {
    ln_json json = {0};
    const ln_description alone = {.modules = &module, .module_count = 1};
    *text = NULL;
    if (format != LUNETTE_FORMAT_JSON)
        return ln_describe(&alone, format, text);
    bool good = write_module(&json, module, NULL);
    return give(&json.text, good ? LUNETTE_OK : LUNETTE_INVALID_ARGUMENT, text);
}
