#include "lua/quota.h"

#include <stdio.h>

#include "lua/internal.h"

/* What Lua puts before a string's bytes and behind them, at most: so much longer a string may be. */
enum { STRING_FRAME = 32 };

static void *refuse(ln_vm *vm, const char *why) {
    ln_vm_note_refusal(vm, why);
    return NULL;
}

/* Lua says what a new block is for in the place of its old size. Of what is there already nothing is counted: it may
 * always shrink, and grow within the memory limit. */
static void *limited(void *ud, void *block, size_t osize, size_t nsize) {
    ln_vm *vm = ud;
    const lunette_machine *machine = &vm->machine;
    if (!block && nsize > 0) {
        if (osize == LUA_TSTRING && nsize > vm->quota.string_most)
            return refuse(vm, "the script made a longer string than it may");
        if (vm->quota.blocks_left == 0)
            return refuse(vm, "the script asked for memory more often than it may");
        vm->quota.blocks_left--;
    }
    void *result = machine->allocator(machine->allocator_ud, block, osize, nsize);
    /* The arena knows by the caller when it was a string buffer that asked; but here we are the caller. */
    if (LN_UNLIKELY(!result && nsize > 0 && ln_buffers_asked(__builtin_return_address(0)))) {
        ln_collector_run(vm->running);
        result = machine->allocator(machine->allocator_ud, block, osize, nsize);
    }
    return result;
}

static uint64_t or_all(uint64_t limit) {
    return limit == 0 ? UINT64_MAX : limit;
}

void ln_quota_begin(ln_vm *vm, const lunette_program *program) {
    vm->quota = (ln_quota){.stack_depth = program->stack_depth};
    if (program->allocations == 0 && program->string_bytes == 0)
        return;
    uint64_t longest = or_all(program->string_bytes);
    vm->quota.counts_memory = true;
    vm->quota.blocks_left = or_all(program->allocations);
    vm->quota.string_most = longest > SIZE_MAX - STRING_FRAME ? SIZE_MAX : longest + STRING_FRAME;
    lua_setallocf(vm->L, limited, vm);
}

void ln_quota_go_on(ln_vm *vm) {
    vm->quota = vm->quota_left;
    if (vm->quota.counts_memory)
        lua_setallocf(vm->L, limited, vm);
}

void ln_quota_end(ln_vm *vm, bool waits) {
    if (waits)
        vm->quota_left = vm->quota;
    if (vm->quota.counts_memory)
        lua_setallocf(vm->L, vm->machine.allocator, vm->machine.allocator_ud);
    vm->quota = (ln_quota){0};
}

void ln_quota_check_depth(lua_State *L, const ln_quota *quota) {
    lua_Debug ar;
    char text[80];
    uint64_t most = quota->stack_depth < INT32_MAX ? quota->stack_depth : INT32_MAX;
    if (LN_LIKELY(quota->stack_depth == 0 || !lua_getstack(L, (int)most, &ar)))
        return;
    snprintf(text, sizeof text, "stack overflow (more than %d levels)", (int)most);
    ln_vm_raise_from_hook(L, text);
}
