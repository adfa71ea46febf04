/* See host_world.h. */
#include "host_world.h"

#include <stdio.h>
#include <string.h>

#include "host_functions.h"
#include "host_session.h"

#define KIB UINT64_C(1024)

world the;

/* --- Objects ----------------------------------------------------------------------------------------------------- */

static void close_one(object *which, bool is_state) {
    FUZZ_EXPECT(which >= the.objects && which < the.objects + the.object_count &&
                    which->magic == OBJECT_MAGIC,
                "what is closed is no object");
    FUZZ_EXPECT(which->is_state == is_state, "closed as what it is not");
    FUZZ_EXPECT(which->given, "an object that no context has was closed");
    FUZZ_EXPECT(which->closed == 0, "an object was closed %d times before", which->closed);
    which->closed++;
    fuzz_count(is_state ? "state-closed" : "closed");
}

void world_close_object(void *ud, void *which) {
    FUZZ_EXPECT(ud == &the, "a stranger's ud");
    close_one(which, false);
}

void world_close_state(void *ud, void *which) {
    FUZZ_EXPECT(ud == &the, "a stranger's ud");
    close_one(which, true);
}

object *world_object(seat *of, bool is_state) {
    if (the.object_count == OBJECTS)
        return NULL;
    object *made = &the.objects[the.object_count++];
    *made = (object){.magic = OBJECT_MAGIC, .is_state = is_state, .of = of, .born = ++the.now};
    return made;
}

void world_check_objects(void) {
    for (size_t i = 0; i < the.object_count; i++)
        FUZZ_EXPECT(the.objects[i].closed <= (the.objects[i].given ? 1 : 0), "object %zu: closed %d times", i,
                    the.objects[i].closed);
}

void world_check_unheld(const seat *of) {
    for (size_t i = 0; i < the.object_count; i++)
        FUZZ_EXPECT(!the.objects[i].unheld || the.objects[i].of != of || !the.objects[i].given ||
                        the.objects[i].closed == 1,
                    "object %zu: no script can have it, and it is open", i);
}

void world_check_all_closed(const seat *of) {
    for (size_t i = 0; i < the.object_count; i++)
        FUZZ_EXPECT(the.objects[i].of != of || the.objects[i].closed == (the.objects[i].given ? 1 : 0),
                    "object %zu: closed %d times at the end, given: %d", i, the.objects[i].closed,
                    the.objects[i].given);
}

/* --- What the host has of scripts ------------------------------------------------------------------------------------ */

kept *world_thing(size_t index) {
    return the.thing_count == 0 ? NULL : &the.things[index % the.thing_count];
}

/* What it names is found as it comes, for it may be closed by then. */
static object *find_object(seat *of, const lunette_value *value) {
    void *found = NULL;
    const lunette_status status = lunette_object_find(of->context, value, &ACCOUNT, &found);
    FUZZ_EXPECT(status == LUNETTE_OK || status == LUNETTE_STALE || status == LUNETTE_INVALID_ARGUMENT, "%s",
                lunette_status_name(status));
    FUZZ_EXPECT((status == LUNETTE_OK) == (found != NULL), "found, and %s", lunette_status_name(status));
    const object *which = found;
    FUZZ_EXPECT(which == NULL || (which->magic == OBJECT_MAGIC && which->of == of && which->closed == 0),
                "found what is closed, or another's");
    return found;
}

kept *world_keep(seat *of, const lunette_value *value, int serial) {
    const bool is_function = value->type == LUNETTE_FUNCTION;
    const bool is_object = value->type == LUNETTE_USERDATA && value->as.userdata.id != 0;
    if (the.thing_count == KEPT || (!is_function && !is_object))
        return NULL;
    kept *thing = &the.things[the.thing_count++];
    *thing = (kept){.of = of, .value = *value, .born = ++the.now, .serial = serial};
    if (is_object) {
        FUZZ_EXPECT(strcmp(value->as.userdata.type_name, "Account") == 0, "%s", value->as.userdata.type_name);
        thing->value.as.userdata.type_name = ACCOUNT.name; /* the text goes with the tree */
        thing->object = find_object(of, value);
    }
    return thing;
}

void world_keep_all(seat *of, const lunette_value *value) {
    (void)world_keep(of, value, 0);
    for (size_t i = 0; value->type == LUNETTE_ARRAY && i < value->as.array.count; i++)
        world_keep_all(of, &value->as.array.items[i]);
    for (size_t i = 0; value->type == LUNETTE_OBJECT && i < value->as.object.count; i++)
        world_keep_all(of, &value->as.object.members[i].value);
}

bool world_is_good(const seat *s, const kept *thing) {
    if (thing->of != s)
        return false;
    return thing->value.type == LUNETTE_FUNCTION ? !thing->dead
                                                 : thing->object != NULL && thing->object->closed == 0;
}

void world_check_thing(seat *in, const kept *thing) {
    void *found = NULL;
    if (thing->value.type != LUNETTE_USERDATA)
        return;
    const bool open = thing->of == in && thing->object != NULL && thing->object->closed == 0;
    lunette_status status = lunette_object_find(in->context, &thing->value, &ACCOUNT, &found);
    FUZZ_EXPECT(status == (open ? LUNETTE_OK : LUNETTE_STALE), "%s for an object that is %s",
                lunette_status_name(status), open ? "open" : "closed");
    FUZZ_EXPECT(found == (open ? thing->object : NULL), "another object");
    status = lunette_object_find(in->context, &thing->value, &OTHER_VERSION, &found);
    FUZZ_EXPECT(status == (open ? LUNETTE_INVALID_ARGUMENT : LUNETTE_STALE) && found == NULL, "%s",
                lunette_status_name(status));
}

void world_lost(seat *of, uint64_t since, bool states_too) {
    for (size_t i = 0; i < the.thing_count; i++)
        if (the.things[i].of == of && the.things[i].born > since)
            the.things[i].dead = true;
    for (size_t i = 0; i < the.object_count; i++) {
        const object *each = &the.objects[i];
        FUZZ_EXPECT(each->of != of || !each->given || each->born <= since || each->closed == 1 ||
                        (each->is_state && !states_too),
                    "object %zu: closed %d times after its context was taken back", i, each->closed);
    }
}

/* --- Modules in Lua -------------------------------------------------------------------------------------------------------- */

#define HERE(name) "if host then host.here(271828, '" name "') end "
static const lunette_file files[] = {
    {.path = "lib/init.lua", .text = HERE("lib") "return {n = 1}", .text_size = SIZE_MAX},
    {.path = "lib/deep.lua", .text = HERE("lib.deep") "return {of = require 'lib'}", .text_size = SIZE_MAX},
    {.path = "lib/waits.lua",
     .text = HERE("lib.waits") "host.seen(271828, host.wait(0)) return {...}",
     .text_size = SIZE_MAX},
    {.path = "lib/opens.lua",
     .text = HERE("lib.opens") "return {o = host.open(), f = function() return 1 end}",
     .text_size = SIZE_MAX},
    /* By no function that a script could have put its own in place of. */
    {.path = "lib/fails.lua", .text = HERE("lib.fails") "host.open() local no no()", .text_size = SIZE_MAX},
    {.path = "lib/bad.lua", .text = "return return", .text_size = SIZE_MAX, .description = "no Lua"},
    {.path = "loop/a.lua", .text = HERE("loop.a") "return require 'loop.b'", .text_size = SIZE_MAX},
    {.path = "loop/b.lua", .text = HERE("loop.b") "return pcall(require, 'loop.a')", .text_size = SIZE_MAX},
};

/* Runs as a template is built: what belongs to a context cannot be made then. */
static const lunette_preload preload[] = {
    {.name = "pre",
     .text =
         "if host then assert(not pcall(host.open) and not pcall(host.wait) and not pcall(host.state, 2)) end\n"
         "return {f = function() if host then host.here(271828, 'pre') end end}",
     .text_size = SIZE_MAX},
};

/* --- Who may reach what ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool of_host; /* a module of functions: the prefix stands before it */
    bool there;   /* requiring it gives something, if all goes well */
} names[] = {
    {"host", true, true},       {"shop.prices", true, true}, {"shop.net", true, true},
    {"lib", false, true},       {"lib.deep", false, true},   {"lib.waits", false, true},
    {"lib.opens", false, true}, {"lib.fails", false, false}, {"lib.bad", false, false},
    {"loop.a", false, true},    {"loop.b", false, true},     {"pre", false, true},
    {"res.text", false, true},  {"res.bad", false, false},   {"res.fails", false, false},
    {"res.none", false, false}, {"shop", false, false},      {"lib.none", false, false},
    {"nothing", false, false},  {"", false, false},
};

size_t world_name_count(void) {
    return FUZZ_COUNT(names);
}

const char *world_name(size_t index) {
    return names[index % FUZZ_COUNT(names)].name;
}

static const char *const of_host_alone[] = {"host", "shop.*", "x.host", "x.shop.*"};
static const char *const of_lua[] = {"host", "x.host", "lib", "lib.*", "pre", "res.*"};
static const char *const of_some[] = {"host",     "x.host", "shop.net", "x.shop.net",
                                      "lib.deep", "loop.*", "nothing",  "res.text"};
static const struct {
    const char *const *patterns; /* NULL: all */
    size_t count;
} lists[] = {{NULL, 0},
             {of_host_alone, FUZZ_COUNT(of_host_alone)},
             {of_lua, FUZZ_COUNT(of_lua)},
             {of_some, FUZZ_COUNT(of_some)}};

bool world_may_fetch(const tenant_world *of) {
    return of->which % 2 == 0;
}

const char *world_prefix(const tenant_world *of) {
    return of->of_engine == 1 ? "x." : "";
}

static bool matches(const char *pattern, const char *name) {
    const size_t size = strlen(pattern);
    if (size > 1 && pattern[size - 1] == '*')
        return strncmp(pattern, name, size - 1) == 0;
    return strcmp(pattern, name) == 0;
}

/* With the prefix or without: what is said here of a module of functions is said of its name. */
bool world_allows(const tenant_world *of, const char *name) {
    const size_t list = of->which / 2;
    if (lists[list].patterns == NULL)
        return true;
    for (size_t i = 0; i < lists[list].count; i++)
        if (matches(lists[list].patterns[i], name))
            return true;
    return false;
}

bool world_has(const tenant_world *of, const char *name) {
    for (size_t i = 0; i < FUZZ_COUNT(names); i++) {
        const char *prefix = names[i].of_host ? world_prefix(of) : "";
        const size_t size = strlen(prefix);
        if (strncmp(prefix, name, size) == 0 && strcmp(names[i].name, name + size) == 0)
            return names[i].there && world_allows(of, name) &&
                   (strcmp(name, "lib.deep") != 0 || world_allows(of, "lib"));
    }
    return false;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------- */

static tenant_world tenants[ENGINES][TENANTS];
static lunette_engine *engines[ENGINES];

static void take_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    static volatile char seen;
    const seat *of = lunette_context_user_data(context);
    (void)ud;
    FUZZ_EXPECT(of != NULL && of->inside && of->context == context, "an output of nobody's");
    if (size > 0)
        seen = (char)(bytes[0] ^ bytes[size - 1]);
    (void)seen;
}

static void open_engine(size_t which) {
    lunette_module host, prices, net;
    host_modules(&host, &prices, &net);
    const lunette_module *const modules[] = {&host, &prices, &net};
    lunette_require_config require = lunette_require_config_default();
    require.files = files;
    require.file_count = FUZZ_COUNT(files);
    require.resolver = host_resolve;
    lunette_config config = lunette_config_default();
    config.modules = modules;
    config.module_count = FUZZ_COUNT(modules);
    config.module_prefix = which == 1 ? "x." : NULL;
    config.require = &require;
    config.preload = preload;
    config.preload_count = FUZZ_COUNT(preload);
    config.permissions = LUNETTE_PERMIT_NETWORK;
    config.limits.memory = which == 1 ? 640 * KIB : 2048 * KIB;
    config.limits.wall_ns = 50 * MILLISECOND;
    config.gc = which == 1 ? LUNETTE_GC_GENERATIONAL : LUNETTE_GC_AUTO;
    config.output = take_output;
    config.on_error = judge_told;
    config.log = fuzz_log;
    config.pool.idle_ns = UINT64_MAX;
    FUZZ_EXPECT(lunette_engine_open(&config, &engines[which]) == LUNETTE_OK, "%s", lunette_last_failure());
}

const tenant_world *world_tenant(size_t engine, size_t which) {
    tenant_world *to = &tenants[engine][which];
    if (engines[engine] == NULL)
        open_engine(engine);
    if (to->tenant != NULL)
        return to;
    char name[20];
    snprintf(name, sizeof name, "tenant-%zu", which);
    to->engine = engines[engine];
    to->which = which;
    to->of_engine = engine;
    lunette_tenant_config config = lunette_tenant_config_default();
    config.name = name;
    config.modules = lists[which / 2].patterns;
    config.module_count = lists[which / 2].count;
    config.withheld = world_may_fetch(to) ? 0 : LUNETTE_PERMIT_NETWORK;
    config.contexts = SEATS;
    FUZZ_EXPECT(lunette_tenant_open(to->engine, &config, &to->tenant) == LUNETTE_OK, "%s",
                lunette_last_failure());
    return to;
}

void world_begin(void) {
    memset(&the.seats, 0, sizeof the.seats);
    memset(&the.expected, 0, sizeof the.expected);
    the.sums_unknown = false;
    the.object_count = the.thing_count = 0;
    the.now = 0;
    the.serials = the.depth = 0;
    the.token_count = 0;
}
