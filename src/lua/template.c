/* What VMs start from: a state with the sandbox's library in it and the preloaded modules run, built once, sealed into
 * an image and closed again. Its VMs are copies of the image. Where images cannot be shared (a host's allocator, no room
 * for reservations 4 GiB apart) each VM builds the same state for itself, from copies of the same texts. Those are kept
 * always: address space can run short at any time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena/plan.h"
#include "lua/internal.h"

/* Lent beyond the limit while an error is being described. */
enum { ERROR_RESERVE = 64 * 1024 };

/* --- Setting up --- */

/* A host's allocator is the host's code: it takes locks, and is never left in the middle. */
static void section_enter(void *ud) {
    ln_run_host_enter(&((ln_vm *)ud)->run);
}

static void section_leave(void *ud) {
    ln_run_host_leave(&((ln_vm *)ud)->run);
}

lunette_status ln_vm_open_arena(ln_vm *vm) {
    ln_arena_config config = {
        .limit = vm->setup->memory_limit,
        .reserve = ERROR_RESERVE,
        .host = vm->setup->alloc,
        .host_ud = vm->setup->alloc_ud,
        .host_enter = section_enter,
        .host_leave = section_leave,
        .section_ud = vm,
        .on_refusal = ln_vm_on_refusal,
        .on_refusal_ud = vm,
    };
    return ln_arena_open(&config, &vm->arena);
}

/* Only a defect of ours can get here: an error outside every protected call. The run is left as if it had
 * faulted, and reported as a defect, where Lua would abort the process. */
static int on_panic(lua_State *L) {
    (void)L;
    ln_run *run = ln_run_current();
    ln_vm *vm = run ? ln_vm_current() : NULL;
    if (vm && vm->setup->on_panic != LUNETTE_PANIC_PROPAGATE) {
        vm->panicked = true;
        ln_run_end(run, LN_END_FAULT);
    }
    return 0;
}

/* Collecting seldom is what memory is for: while the limit is far, the heap may grow to ten times what lives before it
 * is marked again; near the limit the allocator's refusal forces a full collection anyway. Of 200, 400 and 1000 percent,
 * this was fastest on bench/programs (binary-trees 1.5 to 1.7 times plain Lua's speed), at peaks of up to 12 MB. */
enum { AUTO_PAUSE = 1000 };

/* And a collection is one step, however long: its size as a power of two, larger than any heap. A script never runs
 * while a collection is under way, so that a barrier which a release forgets costs nothing: that is what the defects
 * allweak-metatable-uaf and newindex-barrier-uaf (defects.c) and one of 5.4.0 need. */
enum { WHOLE_COLLECTION = 63 };

/* May not raise: lua_gc() with these options allocates nothing. */
static void set_collector(lua_State *L, const ln_vm_setup *setup) {
    if (setup->gc == LUNETTE_GC_GENERATIONAL)
        lua_gc(L, LUA_GCGEN, (int)setup->gc_minor, (int)setup->gc_major);
    else if (setup->gc == LUNETTE_GC_INCREMENTAL)
        lua_gc(L, LUA_GCINC, (int)setup->gc_pause, (int)setup->gc_step, 0);
    else
        lua_gc(L, LUA_GCINC, AUTO_PAUSE, 0, WHOLE_COLLECTION);
}

/* math.random keeps its state in a userdata of this size, an upvalue of the function (lmathlib.c, all of 5.4).
 * Looked for before any module runs, because one may put a function of its own in place of Lua's, and then call that;
 * and anchored in the registry, because it must be there for as long as the image is. May raise (memory). */
static void *find_random_state(lua_State *L) {
    static const char ANCHOR = 0;
    void *state = NULL;
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushliteral(L, "math");
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_pushliteral(L, "random");
        if (lua_rawget(L, -2) == LUA_TFUNCTION && lua_getupvalue(L, -1, 1) &&
            lua_rawlen(L, -1) == LN_RANDOM_BYTES) {
            state = lua_touserdata(L, -1);
            lua_rawsetp(L, LUA_REGISTRYINDEX, &ANCHOR);
        }
    }
    lua_settop(L, top);
    return state;
}

/* --- Preloading --- */

/* What building is about, and where it is. */
struct building {
    ln_vm *vm;
    const lunette_preload *preload;
    size_t count;
    size_t at;   /* the module that is being run */
    bool syntax; /* it is no Lua program */
};

static void chunk_name(lua_State *L, const lunette_preload *module) {
    if (module->chunk)
        lua_pushstring(L, module->chunk);
    else
        lua_pushfstring(L, "=%s", module->name);
}

/* Runs a module and keeps what it returns where require finds it, as require would. */
static void preload(lua_State *L, struct building *building) {
    const lunette_preload *module = &building->preload[building->at];
    size_t size = module->text_size == SIZE_MAX ? strlen(module->text) : module->text_size;
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    chunk_name(L, module);
    int status = luaL_loadbufferx(L, module->text, size, lua_tostring(L, -1), "t");
    building->syntax = status == LUA_ERRSYNTAX;
    if (status != LUA_OK)
        lua_error(L);
    lua_pushstring(L, module->name);
    lua_call(L, 1, 1);
    if (!lua_isnil(L, -1))
        lua_setfield(L, -3, module->name);
    else if (lua_getfield(L, -3, module->name) == LUA_TNIL) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -5, module->name);
    }
    lua_settop(L, 0);
}

/* --- Building --- */

static void collect_all(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
}

static int set_up_library(lua_State *L) {
    const struct building *building = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCSTOP);
    ln_sandbox_build(L, building->vm->setup->sandbox);
    ln_modules_install(L, &building->vm->from->modules);
    lua_gc(L, LUA_GCRESTART);
    building->vm->random_state = find_random_state(L);
    collect_all(L);
    return 0;
}

static int set_up_modules(lua_State *L) {
    struct building *building = lua_touserdata(L, 1);
    lua_settop(L, 0);
    for (; building->at < building->count; building->at++)
        preload(L, building);
    if (building->vm->files.count > 0)
        return luaL_error(L, "a preloaded module left a file open: contexts cannot share one");
    set_collector(L, building->vm->setup);
    collect_all(L);
    return 0;
}

static lunette_status status_of(ln_end end, int lua_status, const struct building *building) {
    if (end == LN_END_STACK)
        return LUNETTE_STACK_TOO_SMALL;
    if (end == LN_END_SYSTEM)
        return LUNETTE_SYSTEM;
    if (end != LN_END_FINISHED)
        return LUNETTE_DEFECT;
    switch (lua_status) {
    case LUA_OK:
        return LUNETTE_OK;
    case LUA_ERRMEM:
        return LUNETTE_MEMORY_LIMIT;
    default:
        return building->syntax ? LUNETTE_SYNTAX_ERROR : LUNETTE_RUNTIME_ERROR;
    }
}

static void explain(char *why, size_t size, const struct building *building, const ln_report *report,
                    lunette_status status) {
    const char *module = building->at < building->count ? building->preload[building->at].name : NULL;
    const char *message = report->has_message ? report->text + report->message : lunette_status_text(status);
    if (!module)
        snprintf(why, size, "%s", message);
    else if (report->line > 0)
        snprintf(why, size, "module '%s': %s:%d: %s", module, report->text + report->chunk, report->line,
                 message);
    else
        snprintf(why, size, "module '%s': %s", module, message);
}

static lunette_status enter_build(struct building *building, lua_CFunction body) {
    static const ln_budget UNLIMITED = {0};
    int lua_status;
    ln_end end = ln_vm_enter(building->vm, &UNLIMITED, body, building, &lua_status);
    return status_of(end, lua_status, building);
}

/* A state whose memory `allocator` serves, with the library in it. */
static lunette_status build_library(struct building *building, ln_allocator allocator, void *ud) {
    ln_vm *vm = building->vm;
    vm->L = lua_newstate(allocator, ud);
    if (!vm->L)
        return LUNETTE_NO_MEMORY;
    memset(lua_getextraspace(vm->L), 0,
           LUA_EXTRASPACE); /* lua_newstate() leaves there what the memory held */
    lua_atpanic(vm->L, on_panic);
    lua_setwarnf(vm->L, ln_lib_warning, NULL);
    return enter_build(building, set_up_library);
}

/* First elsewhere, to learn what of it stays, then in the arena (arena/plan.c): that takes an eighth off the image. It runs
 * no code of the host's or of modules, so nobody notices. False: to be done without, in a new arena. */
static bool build_by_plan(struct building *building) {
    ln_vm *vm = building->vm;
    ln_plan *plan = vm->setup->alloc ? NULL : ln_plan_open();
    if (!plan)
        return false;
    lunette_status status = build_library(building, ln_plan_realloc, plan);
    if (status == LUNETTE_OK) {
        ln_plan_follow(plan, vm->arena);
        status = build_library(building, ln_plan_realloc, plan);
    }
    bool whole = status == LUNETTE_OK && ln_plan_holds(plan);
    if (whole)
        lua_setallocf(vm->L, ln_arena_allocator(vm->arena), vm->arena);
    else
        vm->L = NULL;
    ln_plan_close(&plan);
    return whole;
}

/* What a plan that failed has left in the arena goes with it, and what it reported. */
static lunette_status build_plainly(struct building *building) {
    ln_vm *vm = building->vm;
    ln_report_init(vm->report);
    if (!vm->setup->alloc) {
        ln_arena_close(&vm->arena);
        lunette_status status = ln_vm_open_arena(vm);
        if (status != LUNETTE_OK)
            return status;
    }
    return build_library(building, ln_arena_allocator(vm->arena), vm->arena);
}

lunette_status ln_vm_build(ln_vm *vm, const lunette_preload *modules, size_t count, char *why,
                           size_t why_size) {
    struct building building = {.vm = vm, .preload = modules, .count = count};
    ln_report report;
    ln_report_init(&report);
    vm->report = &report;
    vm->error_value = NULL;
    building.at = count; /* none yet */
    lunette_status status = build_by_plan(&building) ? LUNETTE_OK : build_plainly(&building);
    if (status == LUNETTE_OK) {
        building.at = 0;
        status = enter_build(&building, set_up_modules);
    }
    vm->report = NULL;
    if (status != LUNETTE_OK && why)
        explain(why, why_size, &building, &report, status);
    return status == LUNETTE_MEMORY_LIMIT && count == 0 ? LUNETTE_NO_MEMORY : status;
}

/* --- Templates --- */

static char *copy_text(const char *text, size_t size) {
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

static bool copy_module(lunette_preload *copy, const lunette_preload *module) {
    size_t size = module->text_size == SIZE_MAX ? strlen(module->text) : module->text_size;
    copy->name = copy_text(module->name, strlen(module->name));
    copy->chunk = module->chunk ? copy_text(module->chunk, strlen(module->chunk)) : NULL;
    copy->text = copy_text(module->text, size);
    copy->text_size = size;
    return copy->name && copy->text && (copy->chunk || !module->chunk);
}

static lunette_status keep_modules(ln_template *template, const lunette_preload *modules, size_t count) {
    template->preload = count > 0 ? calloc(count, sizeof *modules) : NULL;
    if (count > 0 && !template->preload)
        return LUNETTE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        template->preload_count++;
        if (!copy_module(&template->preload[i], &modules[i]))
            return LUNETTE_NO_MEMORY;
    }
    return LUNETTE_OK;
}

/* Keeps the image of the state just built, if it can serve others. */
static lunette_status keep_image(ln_template *template, const ln_vm *vm) {
    ln_image *image;
    if (vm->setup->alloc)
        return LUNETTE_OK;
    lunette_status status = ln_image_take(vm->arena, &image);
    if (status != LUNETTE_OK)
        return status;
    template->image_size = ln_image_size(image);
    template->state_at = (size_t)((char *)vm->L - (char *)vm->arena);
    if (vm->random_state)
        template->random_at = (size_t)((char *)vm->random_state - (char *)vm->arena);
    if (ln_image_shareable(image))
        template->image = image;
    else
        ln_image_close(&image);
    return LUNETTE_OK;
}

/* Debug builds try the image before anyone relies on it: two copies at other bases, full collections in them, and
 * restored they equal it. */
#ifdef NDEBUG
static lunette_status check_copies(const ln_template *template, char *why, size_t why_size) {
    (void)template;
    (void)why;
    (void)why_size;
    return LUNETTE_OK;
}
#else
static int collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

static lunette_status check_copy(ln_vm *vm, char *why, size_t why_size) {
    static const ln_budget UNLIMITED = {0};
    int lua_status;
    ln_end end = ln_vm_enter(vm, &UNLIMITED, collect, NULL, &lua_status);
    if (end != LN_END_FINISHED || lua_status != LUA_OK) {
        snprintf(why, why_size, "a collection in a copy of the image failed");
        return LUNETTE_DEFECT;
    }
    ln_vm_restore(vm);
    return ln_vm_verify(vm, why, why_size);
}

static lunette_status check_copies(const ln_template *template, char *why, size_t why_size) {
    ln_vm *copies[2] = {NULL, NULL};
    lunette_status status = LUNETTE_OK;
    for (int i = 0; i < 2 && template->image && status == LUNETTE_OK; i++)
        status = ln_vm_open(template, NULL, &copies[i]);
    for (int i = 0; i < 2 && copies[i] && status == LUNETTE_OK; i++)
        status = check_copy(copies[i], why, why_size);
    for (int i = 0; i < 2; i++)
        ln_vm_close(&copies[i]);
    return status;
}
#endif

static lunette_status build(ln_template *template, const ln_recipe *recipe, char *why, size_t why_size) {
    ln_vm vm = {.setup = template->setup, .from = template};
    lunette_status status = ln_vm_open_arena(&vm);
    if (status == LUNETTE_OK)
        status = ln_vm_build(&vm, recipe->preload, recipe->preload_count, why, why_size);
    if (status == LUNETTE_OK)
        status = keep_image(template, &vm);
    ln_files_free(&vm.files);
    ln_tree_free(&vm.scratch);
    ln_arena_close(&vm.arena);
    return status;
}

lunette_status ln_template_open(const ln_vm_setup *setup, const ln_recipe *recipe, ln_template **out,
                                char *why, size_t why_size) {
    ln_template *template = calloc(1, sizeof *template);
    *out = NULL;
    if (!template)
        return LUNETTE_NO_MEMORY;
    template->setup = setup;
    ln_buffers_watch();
    ln_moving_watch();
    lunette_status status = ln_modules_open(&recipe->modules, &template->modules, why, why_size);
    if (status == LUNETTE_OK)
        status = build(template, recipe, why, why_size);
    if (status == LUNETTE_OK)
        status = keep_modules(template, recipe->preload, recipe->preload_count);
    if (status == LUNETTE_OK)
        status = check_copies(template, why, why_size);
    if (status != LUNETTE_OK)
        ln_template_close(&template);
    *out = template;
    return status;
}

void ln_template_close(ln_template **out) {
    ln_template *template = *out;
    if (!template)
        return;
    for (size_t i = 0; i < template->preload_count; i++) {
        free((char *)template->preload[i].name);
        free((char *)template->preload[i].chunk);
        free((char *)template->preload[i].text);
    }
    free(template->preload);
    ln_modules_close(&template->modules);
    ln_image_close(&template->image);
    free(template);
    *out = NULL;
}

size_t ln_template_size(const ln_template *of) {
    return of->image_size;
}

bool ln_template_shared(const ln_template *of) {
    return of->image != NULL;
}
