/* Loading a compiled script is most of what a short one costs. It comes out the same in every machine of a template: the same
 * words of the image change, and what is new lies at the same place in the nursery. So it is done in two, what it
 * did is kept with the code as a patch (arena/patch.c), and from then on a fresh one is patched instead.
 *
 * The patch holds the whole way up to the call (of Lua: the message handler, the run's body and the script's function
 * on the main thread's stack). It is applied to pristine machines alone, whose arenas equal the image it was taken from,
 * by the host's thread before the run begins. So the script finds what it would have found, and a reset clears it away
 * as anything else.
 *
 * Where that does not work, the code is loaded as ever: images that machines do not share, programs larger than the
 * nursery. Deterministic ones are not patched, for what is loaded lies elsewhere than where a parse would have put it. */
#include "machine/machine.h"

/* Larger code would not find room in the nursery: loaded, it takes more than it has bytes. */
enum { CODE_MAX = 8 << 10 };

struct loading {
    lunette_machine *machine;
    lunette_program program;
    lunette_status status;
};

static void load(void *ud) {
    struct loading *loading = ud;
    loading->status = loading->machine->backend->load(loading->machine, &loading->program);
}

static bool prepare(lunette_machine *machine, const ln_code *code) {
    static const ln_budget UNLIMITED;
    struct loading loading = {.machine = machine,
                              .program = {.name = "=?", .code = code->bytes, .code_size = code->size}};
    ln_report report;
    ln_report_init(&report);
    machine->report = &report;
    machine->error_value = NULL;
    machine->results = NULL;
    ln_arena_gather(machine->arena, true);
    machine->pristine = false;
    ln_end end = ln_machine_enter_apart(machine, &UNLIMITED, load, &loading);
    ln_arena_gather(machine->arena, false);
    machine->report = NULL;
    return end == LN_END_FINISHED && loading.status == LUNETTE_OK;
}

/* NULL: there is none. */
static ln_patch *make_patch(lunette_machine *machine, const ln_code *code) {
    lunette_machine *beside;
    ln_patch *patch = NULL;
    if (ln_machine_open(machine->from, NULL, &beside) != LUNETTE_OK)
        return NULL;
    if (beside->image == machine->image && prepare(machine, code) && prepare(beside, code))
        (void)ln_patch_take(machine->image, machine->arena, beside->arena, &patch);
    ln_machine_close(&beside);
    return patch;
}

bool ln_machine_wants_press(const lunette_machine *machine, const ln_code *code) {
    return machine->pristine && machine->image && machine->image == machine->from->image &&
           !machine->setup->deterministic && machine->backend->load && !code->is_text &&
           code->size <= CODE_MAX && ln_code_wants_patch(code, machine->image);
}

size_t ln_machine_press(lunette_machine *machine, ln_code *code) {
    ln_patch *patch = make_patch(machine, code);
    size_t size = ln_code_add_patch(code, machine->image, &patch);
    (void)ln_machine_reset(machine);
    return size;
}

bool ln_machine_apply_patch(lunette_machine *machine, const ln_code *code) {
    const ln_patch *patch =
        machine->pristine && machine->image ? ln_code_patch_for(code, machine->image) : NULL;
    return patch && ln_patch_apply(patch, machine->arena);
}
