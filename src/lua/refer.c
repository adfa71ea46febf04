/* The functions behind the host's references (references.h): a table in the registry, which a reset takes away, and what
 * a path of names leads to. All by raw access: no metamethod of a script runs here. */
#include <string.h>

#include "lua/internal.h"

/* The table's place in the registry is the address of this. */
static const char REFERENCES = 'r';

enum { SLOTS = 4 };

/* Pushes the table, made when there is none. Raises on lack of memory. */
static void push_table(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &REFERENCES) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &REFERENCES);
}

bool ln_refer_take(lua_State *L, ln_vm *vm, int index, lunette_value *to) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, SLOTS, NULL);
    push_table(L);
    ln_run_host_enter(vm->machine.active);
    uint64_t id = ln_references_take(&vm->references);
    ln_run_host_leave(vm->machine.active);
    if (id == 0) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, ln_references_slot(id));
    lua_pop(L, 1);
    to->type = LUNETTE_FUNCTION;
    to->as.function.id = id;
    to->as.function.generation = vm->machine.generation;
    return true;
}

void ln_refer_push(lua_State *L, const lunette_value *function) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &REFERENCES);
    lua_rawgeti(L, -1, ln_references_slot(function->as.function.id));
    lua_remove(L, -2);
}

void ln_refer_let_go(lua_State *L, ln_vm *vm) {
    uint32_t slot = ln_references_clear_next(&vm->references);
    if (slot == 0)
        return;
    bool there = lua_rawgetp(L, LUA_REGISTRYINDEX, &REFERENCES) == LUA_TTABLE;
    for (; slot != 0; slot = ln_references_clear_next(&vm->references)) {
        if (!there)
            continue;
        if (lua_rawgeti(L, -1, slot) != LUA_TNIL) {
            lua_pushnil(L);
            lua_rawseti(L, -3, slot);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

lunette_status ln_refer_check(const ln_vm *vm, const lunette_value *function) {
    bool good = function->as.function.generation == vm->machine.generation &&
                ln_references_has(&vm->references, function->as.function.id);
    return good ? LUNETTE_OK : LUNETTE_STALE;
}

lunette_status ln_vm_forget(lunette_machine *machine, const lunette_value *function) {
    ln_vm *vm = ln_vm_of(machine);
    if (function->type != LUNETTE_FUNCTION)
        return LUNETTE_INVALID_ARGUMENT;
    lunette_status status = ln_refer_check(vm, function);
    if (status == LUNETTE_OK)
        ln_references_drop(&vm->references, function->as.function.id);
    return status;
}

/* --- Paths --- */

bool ln_refer_find(lua_State *L, const char *path) {
    lua_pushglobaltable(L);
    for (;;) {
        size_t size = strcspn(path, ".");
        lua_pushlstring(L, path, size);
        lua_rawget(L, -2);
        lua_remove(L, -2);
        path += size;
        if (*path == '\0')
            break;
        path++;
        if (!lua_istable(L, -1))
            break;
    }
    bool found = *path == '\0' && !lua_isnil(L, -1);
    if (!found)
        lua_pop(L, 1);
    return found;
}
