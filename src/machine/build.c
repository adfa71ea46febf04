/* How a state is made in a machine's arena: the language's library, the template's modules, and then as little of it all as
 * possible, for that is the image.
 *
 * The library is made twice: first elsewhere, to learn what of it stays, then in the arena (arena/plan.c). That runs no code
 * of the host's or of modules, so nobody notices. Where the second time is not like the first, it is made once more,
 * plainly. */
#include <stdio.h>
#include <string.h>

#include "arena/plan.h"
#include "machine/machine.h"

/* What building is about, and where it is. */
struct building {
    lunette_machine *machine;
    const lunette_preload *preload;
    size_t count;
    size_t at; /* the module that is being run; `count`: none */
    lunette_status status;
};

/* --- In a run --- */

static void build_library(void *ud) {
    struct building *building = ud;
    lunette_machine *machine = building->machine;
    memset(machine->roots, 0, sizeof machine->roots);
    building->status = machine->backend->build(machine);
}

static void run_modules(void *ud) {
    struct building *building = ud;
    lunette_machine *machine = building->machine;
    for (building->at = 0; building->at < building->count; building->at++) {
        building->status = machine->backend->preload(machine, &building->preload[building->at]);
        if (building->status != LUNETTE_OK)
            return;
    }
    if (machine->backend->settle)
        building->status = machine->backend->settle(machine);
}

/* --- Around it --- */

static lunette_status enter(struct building *building, void (*body)(void *)) {
    static const ln_budget UNLIMITED = {0};
    switch (ln_machine_enter_apart(building->machine, &UNLIMITED, body, building)) {
    case LN_END_FINISHED:
        return building->status;
    case LN_END_STACK:
        return LUNETTE_STACK_TOO_SMALL;
    case LN_END_SYSTEM:
        return LUNETTE_SYSTEM;
    default:
        return LUNETTE_DEFECT;
    }
}

/* False: to be done without a plan, in a new arena. */
static bool build_by_plan(struct building *building) {
    lunette_machine *machine = building->machine;
    ln_plan *plan = machine->setup->alloc ? NULL : ln_plan_open();
    if (!plan)
        return false;
    machine->allocator = ln_plan_realloc;
    machine->allocator_ud = plan;
    lunette_status status = enter(building, build_library);
    if (status == LUNETTE_OK) {
        ln_plan_follow(plan, machine->arena);
        status = enter(building, build_library);
    }
    ln_machine_use_arena(machine);
    bool whole = status == LUNETTE_OK && ln_plan_holds(plan);
    ln_plan_close(&plan);
    return whole;
}

/* What a plan that failed has left in the arena goes with it, and what it reported. */
static lunette_status build_plainly(struct building *building) {
    lunette_machine *machine = building->machine;
    ln_report_init(machine->report);
    if (!machine->setup->alloc) {
        ln_arena_close(&machine->arena);
        lunette_status status = ln_machine_open_arena(machine);
        if (status != LUNETTE_OK)
            return status;
    }
    return enter(building, build_library);
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

lunette_status ln_machine_build(lunette_machine *machine, const lunette_preload *modules, size_t count,
                                char *why, size_t why_size) {
    struct building building = {.machine = machine, .preload = modules, .count = count, .at = count};
    ln_report report;
    if (count > 0 && !machine->backend->preload)
        return LUNETTE_UNSUPPORTED;
    ln_report_init(&report);
    machine->report = &report;
    machine->error_value = NULL;
    lunette_status status = build_by_plan(&building) ? LUNETTE_OK : build_plainly(&building);
    if (status == LUNETTE_OK) {
        ln_machine_attach(machine);
        status = enter(&building, run_modules);
        ln_arena_begin_counting(machine->arena);
    }
    machine->report = NULL;
    if (status != LUNETTE_OK && why)
        explain(why, why_size, &building, &report, status);
    return status == LUNETTE_MEMORY_LIMIT && count == 0 ? LUNETTE_NO_MEMORY : status;
}
