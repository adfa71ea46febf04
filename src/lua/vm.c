/* The Lua backend's table, and the life of what Lua needs outside of the arena. */
#include "lua/vm.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/internal.h"

/* --- Settings --- */

static lunette_status check_collector(const lunette_config *config, char *why, size_t size) {
    if ((unsigned)config->gc > LUNETTE_GC_GENERATIONAL)
        snprintf(why, size, "gc is %d, which is none", (int)config->gc);
    else if (config->gc_pause > 1000 || config->gc_step > 1000 || config->gc_minor > 100 ||
             config->gc_major > 1000)
        snprintf(why, size, "gc_…: gc_pause, gc_step and gc_major go to 1000 percent, gc_minor to 100");
    else
        return LUNETTE_OK;
    return LUNETTE_INVALID_ARGUMENT;
}

static void close_settings(void *ud) {
    ln_settings *settings = ud;
    ln_sandbox_close(&settings->sandbox);
    free(settings);
}

/* Its lua_resetthread takes other arguments than those of all other releases, under the same name. */
enum { WITHDRAWN = 50405 };

static lunette_status open_settings(const lunette_config *config, void **out, char *why, size_t size) {
    if (ln_lua_release_number() == WITHDRAWN) {
        snprintf(why, size, "backend: the Lua that is loaded is 5.4.5, which was withdrawn");
        return LUNETTE_UNSUPPORTED;
    }
    lunette_status status = check_collector(config, why, size);
    if (status != LUNETTE_OK)
        return status;
    ln_settings *settings = calloc(1, sizeof *settings);
    if (!settings)
        return LUNETTE_NO_MEMORY;
    settings->gc = config->gc;
    settings->gc_pause = config->gc_pause;
    settings->gc_step = config->gc_step;
    settings->gc_minor = config->gc_minor;
    settings->gc_major = config->gc_major;
    settings->check_texts = config->check_texts == LUNETTE_ON || (config->check_texts == LUNETTE_DEFAULT &&
                                                                  config->sandbox != LUNETTE_SANDBOX_NONE);
    ln_sandbox_config sandbox = {
        .level = config->sandbox,
        .allow = config->allow,
        .allow_count = config->allow_count,
        .deny = config->deny,
        .deny_count = config->deny_count,
        .permissions = config->permissions,
        .root = config->root,
    };
    status = ln_sandbox_open(&sandbox, &settings->sandbox, why, size);
    if (status != LUNETTE_OK) {
        free(settings);
        return status;
    }
    ln_buffers_watch();
    ln_collector_watch();
    ln_moving_watch();
    ln_scan_watch();
    *out = settings;
    return LUNETTE_OK;
}

/* --- Templates --- */

static lunette_status narrow_sandbox(ln_sandbox *from, uint32_t withheld, const char *root,
                                     ln_sandbox **sandbox, char *why, size_t size) {
    *sandbox = from;
    return withheld != 0 || root ? ln_sandbox_narrow(from, withheld, root, sandbox, why, size) : LUNETTE_OK;
}

/* `sandbox` becomes the modules', if it is not `shared`; else it is closed. */
static lunette_status give_parts(ln_modules *modules, lunette_status status, ln_sandbox *sandbox,
                                 const ln_sandbox *shared, void **parts) {
    if (status == LUNETTE_OK) {
        modules->owns_sandbox = sandbox != shared;
        *parts = modules;
        return status;
    }
    if (sandbox != shared)
        ln_sandbox_close(&sandbox);
    free(modules);
    return status;
}

static lunette_status open_modules(const void *settings, const lunette_template_config *config, void **parts,
                                   char *why, size_t size) {
    ln_sandbox *engine = ((const ln_settings *)settings)->sandbox, *sandbox;
    lunette_status status = narrow_sandbox(engine, config->withheld, config->root, &sandbox, why, size);
    if (status != LUNETTE_OK)
        return status;
    ln_module_list list = {
        .items = config->modules,
        .count = config->module_count,
        .prefix = config->module_prefix,
        .sandbox = sandbox,
        .natives = config->lua_modules,
        .native_count = config->lua_module_count,
        .preload = config->preload,
        .preload_count = config->preload_count,
        .require = config->require,
        .confined = ln_sandbox_level(sandbox) != LUNETTE_SANDBOX_NONE,
    };
    ln_modules *modules = calloc(1, sizeof *modules);
    status = modules ? ln_modules_open(&list, modules, why, size) : LUNETTE_NO_MEMORY;
    return give_parts(modules, status, sandbox, engine, parts);
}

static lunette_status narrow_modules(const void *parts, const lunette_narrowing *by, void **narrower,
                                     char *why, size_t size) {
    const ln_modules *from = parts;
    ln_sandbox *sandbox;
    lunette_status status = narrow_sandbox(from->sandbox, by->withheld, by->root, &sandbox, why, size);
    if (status != LUNETTE_OK)
        return status;
    ln_modules *modules = calloc(1, sizeof *modules);
    status = modules ? ln_modules_narrow(from, by, sandbox, modules, why, size) : LUNETTE_NO_MEMORY;
    return give_parts(modules, status, sandbox, from->sandbox, narrower);
}

static void close_modules(void *parts) {
    ln_modules_close(parts);
    free(parts);
}

static lunette_status describe(const void *settings, const void *parts, lunette_format format, char **text) {
    (void)settings;
    return ln_modules_describe(parts, format, text);
}

static const char *module_name(const void *parts, size_t index) {
    const ln_modules *modules = parts;
    return index < modules->count ? modules->items[index].required : NULL;
}

/* --- The life of a VM --- */

static bool is_unconfined(const ln_vm *vm) {
    return ln_sandbox_level(ln_vm_sandbox(vm)) == LUNETTE_SANDBOX_NONE;
}

/* Of the scratch memory, what a VM keeps between runs. */
enum { SCRATCH_KEPT = 64 << 10 };

static void tidy(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    vm->scratch_base = (ln_tree_mark){0};
    ln_code_release(&vm->borrowed);
    if (LN_UNLIKELY(vm->scratch.bytes > SCRATCH_KEPT))
        ln_tree_free(&vm->scratch);
}

static void attach(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    vm->L = machine->roots[LN_ROOT_STATE];
    vm->random_state = machine->roots[LN_ROOT_RANDOM];
    vm->script = machine->roots[LN_ROOT_SCRIPT];
    ln_collector_forget(vm);
    lua_setallocf(vm->L, machine->allocator, machine->allocator_ud);
}

static void seed(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    if (vm->random_state)
        ln_vm_random(vm, vm->random_state);
}

/* At level none a script may have finalizers and open files, and expects of the end of its state what lua
 * does there. At the other levels there is nothing to be done: nothing of it lies outside the arena. */
static void end(lunette_machine *machine, bool abandoned) {
    ln_vm *vm = ln_vm_of(machine);
    if (!abandoned && is_unconfined(vm)) {
        ln_vm_close_state(vm);
        vm->natives.opened = false;
    }
    ln_native_close(vm);
    vm->has_code = false;
    vm->running = NULL;
    ln_collector_forget(vm);
    ln_files_close(&vm->files);
    ln_objects_close_all(&vm->objects);
    ln_references_void(&vm->references);
}

/* What machine code has put outside of the arena is known to nobody but it: a state that refers to it could come back after
 * it was freed. */
static bool has_foreign_memory(const ln_vm *vm, const char **why) {
    *why = "a module of machine code was opened in the context, which has memory of its own";
    return vm->natives.opened || vm->has_code;
}

/* A handle that comes back would have the stream of a file that was closed since. */
static lunette_status keep(lunette_machine *machine, uint64_t number, const char **why) {
    ln_vm *vm = ln_vm_of(machine);
    if (has_foreign_memory(vm, why))
        return LUNETTE_UNSUPPORTED;
    *why = "the script has a file open, or has not yet collected it";
    if (vm->files.count > 0)
        return LUNETTE_UNSUPPORTED;
    vm->references.snapshot = vm->objects.snapshot = number;
    return LUNETTE_OK;
}

/* All files were opened since, for a snapshot has none. Finalizers that scripts have at level none are not called: the state
 * that they belong to has not been. */
static lunette_status go_back(lunette_machine *machine, uint64_t number, const char **why) {
    ln_vm *vm = ln_vm_of(machine);
    if (has_foreign_memory(vm, why))
        return LUNETTE_UNSUPPORTED;
    vm->running = NULL;
    ln_collector_forget(vm);
    ln_files_close(&vm->files);
    ln_objects_go_back(&vm->objects, number);
    ln_references_go_back(&vm->references, number);
    return LUNETTE_OK;
}

static void dispose(lunette_machine *machine) {
    ln_vm *vm = ln_vm_of(machine);
    ln_files_free(&vm->files);
    ln_objects_free(&vm->objects);
    free(vm->states);
    ln_references_free(&vm->references);
    ln_tree_free(&vm->scratch);
}

/* --- The Lua that is loaded --- */

/* lua_ident, which every release exports, reads "$LuaVersion: Lua 5.4.4  Copyright …". */
const char *ln_lua_release(void) {
    static _Thread_local char release[16];
    const char *start = strstr(lua_ident, "Lua 5");
    size_t size = start ? strspn(start + 4, "0123456789.") : 0;
    if (size == 0 || size >= sizeof release)
        return LUA_VERSION_MAJOR "." LUA_VERSION_MINOR;
    memcpy(release, start + 4, size);
    release[size] = '\0';
    return release;
}

int ln_lua_release_number(void) {
    const char *text = ln_lua_release();
    return LUA_VERSION_NUM * 100 + (strlen(text) > 4 ? (int)strtol(text + 4, NULL, 10) : 0);
}

const char *lunette_lua_version(void) {
    static _Thread_local char text[24];
    snprintf(text, sizeof text, "Lua %s", ln_lua_release());
    return text;
}

const char *lunette_lua_path(void) {
    Dl_info found;
    const bool told = dladdr((const void *)lua_newstate, &found) != 0 && found.dli_fname != NULL;
    return told ? found.dli_fname : "";
}

/* --- The table --- */

static const void *const CODE[] = {(const void *)lua_newstate, (const void *)luaL_loadbufferx,
                                   (const void *)ln_vm_protect};
static const char *const EXTENSIONS[] = {".lua"};

const lunette_backend ln_lua_backend = {
    .size = sizeof(lunette_backend),
    .name = "lua",
    .version = ln_lua_release,
    .extensions = EXTENSIONS,
    .extension_count = LN_COUNT(EXTENSIONS),
    .features = LUNETTE_FEATURE_COMPILED | LUNETTE_FEATURE_SANDBOX | LUNETTE_FEATURE_FUNCTIONS |
                LUNETTE_FEATURE_SUSPEND | LUNETTE_FEATURE_MODULES,
    .code = CODE,
    .code_count = LN_COUNT(CODE),
    .stack_needed = LN_VM_STACK,
    .data_size = sizeof(ln_vm) - sizeof(lunette_machine),
    .open = open_settings,
    .close = close_settings,
    .open_template = open_modules,
    .close_template = close_modules,
    .narrow_template = narrow_modules,
    .build = ln_vm_build,
    .preload = ln_vm_preload,
    .settle = ln_vm_settle,
    .attach = attach,
    .prepare = ln_vm_prepare,
    .tidy = tidy,
    .seed = seed,
    .run = ln_vm_run,
    .resume = ln_vm_go_on,
    .compile = ln_vm_compile,
    .load = ln_vm_load,
    .set_global = ln_vm_set_global,
    .get_global = ln_vm_get_global,
    .check_value = ln_values_check,
    .collect = ln_vm_collect,
    .forget = ln_vm_forget,
    .make_object = ln_types_make,
    .find_object = ln_types_find,
    .close_object = ln_types_close,
    .keep = keep,
    .go_back = go_back,
    .on_refusal = ln_vm_on_refusal,
    .on_growth = ln_vm_on_growth,
    .soften = ln_vm_soften,
    .probe = ln_vm_probe,
    .busy = ln_native_busy,
    .post_mortem = ln_vm_post_mortem,
    .end = end,
    .dispose = dispose,
    .describe = describe,
    .module_name = module_name,
};
