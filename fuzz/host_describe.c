/* See host_describe.h. What must be true:
 *   - a description is JSON on one line, with as many functions, constants and types as there are, and their names; where all
 *     texts are UTF-8, so is the one for people;
 *   - a template is opened with the module, or refused in words; a script that requires it finds the names that the
 *     description has, and no others;
 *   - the module is closed once for each template that was opened with it, when the last context has gone;
 *   - a tenant's description has what it may require, and nothing else. */
#include "host_describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tree.h"

enum { PARTS = 5, TEXTS = 1 << 14 };

static char texts[TEXTS];
static size_t text_size;
static bool all_utf8;
static int closes;

/* --- JSON ------------------------------------------------------------------------------------------------------------------- */

/* In the value of a constant a key may come twice, and hold a zero byte, which is JSON, but nothing that jansson has: NULL
 * then. */
static json_t *json_of(const char *text) {
    json_error_t why;
    json_t *json = json_loads(text, JSON_ALLOW_NUL, &why);
    FUZZ_EXPECT(json != NULL || strncmp(why.text, "NUL byte in object key", 22) == 0, "%s: %s", why.text,
                text);
    FUZZ_EXPECT(strchr(text, '\n') == NULL, "more than a line: %s", text);
    return json;
}

static bool is_utf8(const char *text) {
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

/* Bytes that belong to no character are replaced there: then nothing is compared. */
static void check_name(const json_t *json, const char *key, const char *name) {
    const char *said = json_string_value(json_object_get(json, key));
    FUZZ_EXPECT(said != NULL, "no %s", key);
    FUZZ_EXPECT(!is_utf8(name) || strcmp(said, name) == 0, "%s is called %s", name, said);
}

static void check_functions(const json_t *list, const lunette_function *functions, size_t count) {
    FUZZ_EXPECT(json_array_size(list) == count, "%zu functions of %zu", json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *each = json_array_get(list, i), *most = json_object_get(each, "max_arguments");
        check_name(each, "name", functions[i].name);
        FUZZ_EXPECT(json_is_string(json_object_get(each, "signature")), "no signature");
        FUZZ_EXPECT(json_is_null(most) == (functions[i].max_arguments == -1), "another number of arguments");
        FUZZ_EXPECT(json_is_array(json_object_get(each, "parameters")) == (functions[i].parameters != NULL) &&
                        json_is_array(json_object_get(each, "returns")) == (functions[i].returns != NULL),
                    "other parameters, or results");
    }
}

static void check_module(const json_t *json, const lunette_module *module) {
    const json_t *constants = json_object_get(json, "constants"), *types = json_object_get(json, "types");
    check_name(json, "name", module->name);
    check_functions(json_object_get(json, "functions"), module->functions, module->function_count);
    FUZZ_EXPECT(json_array_size(constants) == module->constant_count, "%zu constants",
                json_array_size(constants));
    for (size_t i = 0; i < module->constant_count; i++)
        check_name(json_array_get(constants, i), "name", module->constants[i].name);
    FUZZ_EXPECT(json_array_size(types) == module->type_count, "%zu types", json_array_size(types));
    for (size_t i = 0; i < module->type_count; i++) {
        const json_t *each = json_array_get(types, i);
        check_name(each, "name", module->types[i]->name);
        check_functions(json_object_get(each, "methods"), module->types[i]->methods,
                        module->types[i]->method_count);
        check_functions(json_object_get(each, "metamethods"), module->types[i]->metamethods,
                        module->types[i]->metamethod_count);
    }
}

/* --- A module by chance --------------------------------------------------------------------------------------------------- */

static const char *keep_text(const char *bytes, size_t size) {
    if (size + 1 > TEXTS - text_size)
        return "";
    char *copy = memcpy(texts + text_size, bytes, size);
    copy[size] = '\0';
    text_size += size + 1;
    all_utf8 = all_utf8 && is_utf8(copy);
    return copy;
}

static const char *make_text(feed *from) {
    static const char *const known[] = {NULL,
                                        "",
                                        "a",
                                        "b",
                                        "shop.prices",
                                        "item: string, count: integer?",
                                        "f: (a: {x: number}, b) -> number, ...",
                                        "ok: boolean, reason: string?",
                                        "a sentence.\nAnd \"one\" more",
                                        "\xc3\xa4: \xe2\x82\xac",
                                        "\xff\xc3",
                                        ")]}>,,,:?",
                                        "x?: ?",
                                        "return",
                                        "__index",
                                        "__add",
                                        "table",
                                        "big\tname"};
    const size_t which = feed_below(from, FUZZ_COUNT(known) + 6);
    if (which < FUZZ_COUNT(known)) {
        all_utf8 = all_utf8 && (known[which] == NULL || is_utf8(known[which]));
        return known[which];
    }
    size_t size;
    const uint8_t *bytes = feed_bytes(from, 60, &size);
    return keep_text((const char *)bytes, size);
}

/* As a rule one that a script can have. */
static const char *make_name(feed *from, size_t number) {
    if (feed_below(from, 4) != 0) {
        char name[24];
        snprintf(name, sizeof name, "%c%zu", (char)('a' + feed_below(from, 26)), number);
        return keep_text(name, strlen(name));
    }
    const char *text = make_text(from);
    return text;
}

static lunette_status answer(void *ud, lunette_call *call) {
    (void)ud;
    return lunette_return_integer(call, 1);
}

static void close_module(void *ud) {
    FUZZ_EXPECT(ud == &closes, "a stranger's ud");
    closes++;
}

static void make_functions(feed *from, lunette_function *to, size_t count, bool meta) {
    for (size_t i = 0; i < count; i++) {
        to[i] = (lunette_function){.name = make_name(from, i), .call = answer};
        if (meta && feed_below(from, 3) != 0)
            to[i].name = i % 2 == 0 ? "__add" : "__index";
        to[i].min_arguments = (int)feed_below(from, 4);
        to[i].max_arguments = feed_below(from, 3) == 0 ? -1 : to[i].min_arguments + (int)feed_below(from, 12);
        to[i].parameters = make_text(from);
        to[i].returns = make_text(from);
        to[i].description = make_text(from);
    }
}

typedef struct parts {
    lunette_module module;
    lunette_function functions[PARTS], methods[2][PARTS], metamethods[2][PARTS];
    lunette_constant constants[PARTS];
    lunette_class classes[2];
    const lunette_class *types[2];
} parts;

static void make_types(feed *from, parts *to) {
    to->module.types = to->types;
    to->module.type_count = feed_below(from, 3);
    for (size_t i = 0; i < to->module.type_count; i++) {
        lunette_class *class = &to->classes[i];
        *class = lunette_class_default();
        class->name = make_name(from, i);
        class->version = feed_byte(from);
        class->description = make_text(from);
        class->methods = to->methods[i];
        class->method_count = feed_below(from, PARTS);
        make_functions(from, to->methods[i], class->method_count, false);
        class->metamethods = to->metamethods[i];
        class->metamethod_count = feed_below(from, 3);
        make_functions(from, to->metamethods[i], class->metamethod_count, true);
        to->types[i] = class;
    }
}

static void make_module(feed *from, parts *to) {
    lunette_module *module = &to->module;
    text_size = 0;
    all_utf8 = true;
    tree_clear();
    *module = lunette_module_default();
    module->name = make_name(from, 99);
    module->version = make_text(from);
    module->description = make_text(from);
    const uint8_t bits = feed_byte(from);
    module->automatic = bits & 1;
    module->lazy = bits & 2;
    module->functions = to->functions;
    module->function_count = feed_below(from, PARTS + 1);
    make_functions(from, to->functions, module->function_count, false);
    module->constants = to->constants;
    module->constant_count = feed_below(from, PARTS + 1);
    for (size_t i = 0; i < module->constant_count; i++)
        to->constants[i] = (lunette_constant){
            .name = make_name(from, 10 + i), .value = tree_value(from), .description = make_text(from)};
    make_types(from, to);
    module->close = close_module;
    module->ud = &closes;
}

/* --- What a script finds -------------------------------------------------------------------------------------------------- */

static lunette_engine *engine_of_all(void) {
    static lunette_engine *engine;
    if (engine != NULL)
        return engine;
    lunette_config config = lunette_config_default();
    config.limits.wall_ns = UINT64_C(10000000000);
    config.limits.memory = (uint64_t)16 << 20;
    FUZZ_EXPECT(lunette_engine_open(&config, &engine) == LUNETTE_OK, "%s", lunette_last_failure());
    return engine;
}

static bool has_name(const json_t *list, const char *name) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "name")), name) == 0)
            return true;
    return false;
}

/* The names that a script finds in the module are those that stand in its description. */
static void check_found(lunette_context *context, const lunette_module *module, const json_t *said) {
    static const char text[] =
        "local names = {} for k in pairs(require(...)) do names[#names + 1] = k end return names";
    const char *required = json_string_value(json_object_get(said, "require"));
    const lunette_value argument = lunette_text(required != NULL ? required : "");
    const json_t *functions = json_object_get(said, "functions"),
                 *constants = json_object_get(said, "constants");
    lunette_run_options options = lunette_run_options_default();
    lunette_value *results = NULL;
    if (required == NULL || !all_utf8)
        return;
    options.arguments = &argument;
    options.argument_count = 1;
    const lunette_status status =
        lunette_context_run(context, "=names", text, sizeof text - 1, &options, &results);
    const lunette_error *error = lunette_context_error(context);
    FUZZ_EXPECT(status == LUNETTE_OK, "'%s': %s", required,
                error != NULL ? error->message : lunette_last_failure());
    const lunette_value *names = lunette_value_at(results, 0);
    size_t nils = 0;
    for (size_t i = 0; i < module->constant_count; i++)
        nils += module->constants[i].value.type == LUNETTE_NIL;
    FUZZ_EXPECT(names->type == LUNETTE_ARRAY &&
                    names->as.array.count + nils == json_array_size(functions) + json_array_size(constants),
                "%zu names are found", names->as.array.count);
    for (size_t i = 0; i < names->as.array.count; i++) {
        const char *name = names->as.array.items[i].as.string.bytes;
        FUZZ_EXPECT(has_name(functions, name) || has_name(constants, name), "'%s' is not described", name);
    }
    lunette_value_free(&results);
    fuzz_count("described-and-found");
}

static void check_template(const lunette_template *made, const lunette_module *module) {
    char *text = NULL;
    lunette_context *context = NULL;
    lunette_status status = lunette_template_describe(made, LUNETTE_FORMAT_TEXT, &text);
    FUZZ_EXPECT(status == LUNETTE_OK && text != NULL, "%s", lunette_status_name(status));
    FUZZ_EXPECT(!all_utf8 || is_utf8(text), "no UTF-8: %s", text);
    lunette_string_free(&text);
    status = lunette_template_describe(made, LUNETTE_FORMAT_JSON, &text);
    FUZZ_EXPECT(status == LUNETTE_OK && text != NULL, "%s", lunette_status_name(status));
    json_t *json = json_of(text);
    lunette_string_free(&text);
    FUZZ_EXPECT(lunette_context_acquire_from((lunette_template *)(uintptr_t)made, 0, &context) == LUNETTE_OK,
                "%s", lunette_last_failure());
    if (json != NULL) {
        const json_t *said = json_array_get(json_object_get(json, "modules"), 0);
        check_module(said, module);
        check_found(context, module, said);
    }
    json_decref(json);
    FUZZ_EXPECT(closes == 0, "closed while a context is there");
    FUZZ_EXPECT(lunette_context_release(&context) == LUNETTE_OK, "%s", lunette_last_failure());
}

static void try_template(feed *from, const lunette_module *module) {
    static const char *const prefixes[] = {NULL, "", "host.", "a.b."};
    const lunette_module *const modules[] = {module};
    lunette_template_config config = lunette_template_config_default();
    lunette_template *made = NULL;
    config.modules = modules;
    config.module_count = 1;
    config.module_prefix = prefixes[feed_below(from, FUZZ_COUNT(prefixes))];
    closes = 0;
    const lunette_status status = lunette_template_open(engine_of_all(), &config, &made);
    if (status != LUNETTE_OK) {
        FUZZ_EXPECT(made == NULL && (status == LUNETTE_INVALID_ARGUMENT || status == LUNETTE_RUNTIME_ERROR ||
                                     status == LUNETTE_MEMORY_LIMIT),
                    "%s", lunette_status_name(status));
        FUZZ_EXPECT(lunette_last_failure()[0] != '\0', "refused without a word");
        FUZZ_EXPECT(closes == 0, "closed, and never opened");
        fuzz_count("template-refused");
        return;
    }
    check_template(made, module);
    lunette_template_close(&made);
    FUZZ_EXPECT(closes == 1, "closed %d times", closes);
    fuzz_count("module-closed");
}

static bool are_sound(const lunette_module *module) {
    for (size_t i = 0; i < module->constant_count; i++)
        if (!tree_is_sound(&module->constants[i].value))
            return false;
    return true;
}

void describe_module(feed *from) {
    parts made;
    char *text = NULL;
    make_module(from, &made);
    lunette_status status = lunette_module_describe(&made.module, LUNETTE_FORMAT_TEXT, &text);
    FUZZ_EXPECT((status == LUNETTE_OK) == (text != NULL), "%s", lunette_status_name(status));
    FUZZ_EXPECT(text == NULL || !all_utf8 || is_utf8(text), "no UTF-8: %s", text);
    lunette_string_free(&text);
    const lunette_status other = lunette_module_describe(&made.module, LUNETTE_FORMAT_JSON, &text);
    /* A value that no script could be given may have no form in one of them. */
    FUZZ_EXPECT(status == other || !are_sound(&made.module), "as a text %s, as JSON %s",
                lunette_status_name(status), lunette_status_name(other));
    FUZZ_EXPECT(other == LUNETTE_OK ||
                    (other == LUNETTE_INVALID_ARGUMENT && lunette_last_failure()[0] != '\0'),
                "%s: %s", lunette_status_name(other), lunette_last_failure());
    json_t *json = text != NULL ? json_of(text) : NULL;
    if (json != NULL)
        check_module(json, &made.module);
    json_decref(json);
    lunette_string_free(&text);
    fuzz_count("described");
    if (feed_below(from, 3) == 0)
        try_template(from, &made.module);
}

void describe_error(const lunette_error *error) {
    char *text = NULL;
    FUZZ_EXPECT(lunette_error_text(error, &text) == LUNETTE_OK && text != NULL, "%s", lunette_last_failure());
    FUZZ_EXPECT(text[0] != '\0', "no words");
    lunette_string_free(&text);
    FUZZ_EXPECT(lunette_error_json(error, &text) == LUNETTE_OK && text != NULL, "%s", lunette_last_failure());
    json_t *json = json_of(text);
    if (json != NULL) {
        check_name(json, "code", lunette_status_name(error->code));
        check_name(json, "message", error->message);
        FUZZ_EXPECT(json_array_size(json_object_get(json, "frames")) == error->frame_count, "other frames");
        FUZZ_EXPECT((json_object_get(json, "value") != NULL) == (error->value != NULL), "another value");
    }
    json_decref(json);
    lunette_string_free(&text);
}

/* --- A tenant ---------------------------------------------------------------------------------------------------------------- */

static bool says(const json_t *list, const char *required) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *each = json_string_value(json_object_get(json_array_get(list, i), "require"));
        if (each != NULL && strcmp(each, required) == 0)
            return true;
    }
    return false;
}

static const json_t *module_of(const json_t *list, const char *name) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "name")), name) == 0)
            return json_array_get(list, i);
    return NULL;
}

void describe_tenant(const tenant_world *of) {
    char *text = NULL;
    const lunette_template *from = lunette_tenant_template(of->tenant);
    const lunette_status status = lunette_template_describe(from, LUNETTE_FORMAT_JSON, &text);
    FUZZ_EXPECT(status == LUNETTE_OK && text != NULL, "%s", lunette_status_name(status));
    json_t *json = json_of(text);
    FUZZ_EXPECT(json != NULL, "%s", text);
    const json_t *modules = json_object_get(json, "modules"), *sources = json_object_get(json, "sources");
    for (size_t i = 0; i < json_array_size(modules); i++) {
        const char *required = json_string_value(json_object_get(json_array_get(modules, i), "require"));
        FUZZ_EXPECT(required != NULL && world_has(of, required), "tenant %zu is told of '%s'", of->which,
                    required);
    }
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const char *required = json_string_value(json_object_get(json_array_get(sources, i), "require"));
        FUZZ_EXPECT(required != NULL && world_allows(of, required), "tenant %zu is told of '%s'", of->which,
                    required);
    }
    for (size_t i = 0; i < world_name_count(); i++) {
        char required[40];
        const bool asked = strncmp(world_name(i), "res.", 4) == 0; /* what the resolver has, nobody knows */
        snprintf(required, sizeof required, "%s%s", i < 3 ? world_prefix(of) : "", world_name(i));
        FUZZ_EXPECT(asked || !world_has(of, required) || says(modules, required) || says(sources, required),
                    "tenant %zu is not told of '%s'", of->which, required);
    }
    const json_t *net = module_of(modules, "shop.net");
    FUZZ_EXPECT(net == NULL || has_name(json_object_get(net, "functions"), "fetch") == world_may_fetch(of),
                "tenant %zu: fetch", of->which);
    json_decref(json);
    lunette_string_free(&text);
    fuzz_count("tenant-described");
}
