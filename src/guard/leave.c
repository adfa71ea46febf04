/* A run may be left only where nothing is left half done that outlives it. That is so
 *   - in the VM's own code: all that it touches is in the arena, which is thrown away;
 *   - in a leaf of libc that the VM called directly (memchr, memcmp, memcpy, strcoll...) and that has saved
 *     nothing yet: what such a function touches is its arguments. Without this rule a script that lives in
 *     string.find() is hardly ever met outside memchr();
 *   - not deeper in libc, nor in the dynamic loader, a sanitizer, the kernel's vdso: what they were about to
 *     do may include giving back a lock or memory.
 *
 * A script that lives deeper in libc (a loop of string.format with wide numbers: some microseconds in printf
 * for some nanoseconds in the VM) would be met in the VM too seldom. So the walk goes on down to the frame
 * that the VM called, and that one's return address is exchanged: libc does all it was about to do, and
 * returns not to the VM but to the end of the run. The unwind tables say exactly where the address lies;
 * where they do not, or where the processor checks return addresses, nothing is touched and the signal comes
 * again. (aarch64 signs them, and has the link register to recognise leaves by.)
 *
 * And a run is left only while the thread blocks the signals it usually does: a handler of the host's that
 * interrupted the VM may have called into it (to cancel, say), and to leave that handler would leave its
 * signals blocked. If the host changed the thread's mask for good, some ten milliseconds of looking tell, once. */
#include "guard/leave.h"

#include "guard/unwind.h"

enum {
    /* At how many looks in a row a thread must have blocked unusual signals before that is taken for the new
     * usual. They are 100 us apart. Counted, not timed: time also goes by while the thread is not running. */
    STRANGE_MAX = 100,
    /* Deeper than printf of the widest number. */
    DEPTH_MAX = 32,
};

static bool mask_is_usual(ln_slot *slot, const ln_os_place *place) {
    if (place->blocked != slot->blocked && ++slot->strange < STRANGE_MAX)
        return false;
    slot->blocked = place->blocked;
    slot->strange = 0;
    return true;
}

static bool in_vm(const ln_guard *guard, uintptr_t instruction) {
    return ln_os_code_find(guard->vm, guard->vm_count, instruction) != NULL;
}

#if defined(__x86_64__)

/* Where a function returns to instead of to the VM: stack and registers are as after any call. The first
 * instruction is there for debuggers, which look for the call before a return address. */
extern const char ln_leave_landing[] __attribute__((visibility("hidden")));
void ln_leave_landed(void) __attribute__((noreturn, used, visibility("hidden")));

__asm__(".pushsection .text\n"
        ".hidden ln_leave_landing\n"
        ".globl ln_leave_landing\n"
        ".type ln_leave_landing, @function\n"
        "\t.cfi_startproc\n"
        "\t.cfi_undefined %rip\n"
        "\tnop\n"
        "ln_leave_landing:\n"
        "\tcall ln_leave_landed\n"
        "\t.cfi_endproc\n"
        ".size ln_leave_landing, . - ln_leave_landing\n"
        ".popsection\n");

void ln_leave_landed(void) {
    ln_run_end(atomic_load(&ln_slot_own->current), ln_slot_own->returning);
}

__attribute__((no_sanitize("address", "thread"))) static void exchange_return(uintptr_t return_at) {
    *(volatile uintptr_t *)return_at = (uintptr_t)ln_leave_landing; /* NOLINT(performance-no-int-to-ptr) */
}

/* Nothing lies between the interrupted function's stack pointer and its return address. */
static bool is_leaf(const ln_os_code *code, const ln_os_place *place, uintptr_t return_at) {
    return code->is_libc && return_at == place->registers[LN_OS_STACK_REGISTER];
}

static ln_leave leave_callee(ln_slot *slot, const ln_guard *guard, const ln_os_place *place, ln_end end) {
    ln_frame frame = {
        .instruction = place->instruction, .stack_low = slot->stack_low, .stack_high = slot->stack_high};
    for (size_t i = 0; i < LN_OS_REGISTERS; i++)
        frame.registers[i] = place->registers[i];
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        const ln_os_code *code = ln_os_code_find(guard->others, guard->other_count, frame.instruction);
        uintptr_t return_at;
        if (code == NULL || !ln_unwind_step(code->unwind, &frame, &return_at))
            return LN_LEAVE_LATER;
        if (!in_vm(guard, frame.instruction))
            continue;
        if (is_leaf(code, place, return_at))
            return LN_LEAVE_NOW;
        if (ln_os_returns_checked())
            return LN_LEAVE_LATER;
        slot->returning = end;
        exchange_return(return_at);
        return LN_LEAVE_RETURN;
    }
    return LN_LEAVE_LATER;
}

#else

static ln_leave leave_callee(ln_slot *slot, const ln_guard *guard, const ln_os_place *place, ln_end end) {
    (void)slot;
    (void)end;
    const ln_os_code *code = ln_os_code_find(guard->others, guard->other_count, place->instruction);
    return code != NULL && code->is_libc && in_vm(guard, place->link) ? LN_LEAVE_NOW : LN_LEAVE_LATER;
}

#endif

ln_leave ln_leave_from(ln_slot *slot, const ln_run *run, const void *context, ln_end end) {
    ln_os_place place;
    ln_os_place_get(context, &place);
    if (!mask_is_usual(slot, &place))
        return LN_LEAVE_LATER;
    if (in_vm(run->guard, place.instruction))
        return LN_LEAVE_NOW;
    return leave_callee(slot, run->guard, &place, end);
}
