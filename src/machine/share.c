/* Programs that a script asks for while it runs (modules): compiled once for all machines, like those that hosts run.
 *
 * What is kept must be as good as its text. So nothing is compiled for others in the machine that asks: a script has run in
 * it. A machine beside it, as the template is, does that in a run of its own, nested in the host section of the run that
 * asks, whose deadlines it inherits. What fails there fails again, with its words, when the text itself is loaded. */
#include "machine/machine.h"

/* Where machines do not share an image, one is too dear to be made for this; and while a template is built there is no
 * image yet. */
static bool can_share(const lunette_machine *machine) {
    return machine->image && machine->image == machine->from->image;
}

static ln_code *compile_beside(const lunette_machine *machine, const ln_program *program) {
    static const ln_budget UNLIMITED;
    lunette_machine *beside;
    ln_code *code = NULL;
    if (!can_share(machine) || ln_machine_open(machine->from, NULL, &beside) != LUNETTE_OK)
        return NULL;
    ln_machine_limit_memory(beside, machine->memory_limit);
    beside->run.quiet = true;
    if (can_share(beside))
        (void)ln_machine_compile(beside, program, &UNLIMITED, &code);
    ln_machine_close(&beside);
    return code;
}

ln_code *ln_machine_share(const lunette_machine *machine, const char *name, const char *text, size_t size) {
    const ln_program program = {.name = name, .text = text, .size = size};
    ln_seen *cache = machine->setup->cache;
    ln_seen_key key;
    bool again;
    if (!cache || !ln_seen_key_make(cache, name, text, size, &key))
        return NULL;
    ln_code *code = ln_seen_find(cache, &key, &again);
    if (code || !again)
        return code;
    code = compile_beside(machine, &program);
    if (code)
        ln_seen_add(cache, &key, code);
    return code;
}
