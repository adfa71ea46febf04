/* The host's types as scripts see them: a metatable for each, and handles.
 *
 * A metatable is made as the template is built and lies in the image; it is found in the registry by the address of its
 * class, which is the host's memory and the same in every context. A script cannot reach it (`__metatable`). The open
 * handles are in a table with weak values, by number, so that an object that goes out to the host and comes back is the
 * same to the script.
 *
 * The collector, `<close>` and the host's own wish all end in ln_objects_close(); a reset finds what they left. Between the
 * moment at which the collector finds that nobody has a handle, and its finalizer, the table knows the handle no more,
 * but the object is open. One that is wanted again just then gets another handle, and the finalizer of the former one
 * leaves the object alone. A snapshot that is put back brings the handle of its time, if there was one, and no other. */
#include <string.h>

#include "base/sized.h"
#include "lua/call.h"

/* In a metatable, at the address of this: its class. In the registry: the open handles. */
static const char CLASS = 'c', HANDLES = 'h';

/* --- Handles --- */

struct handle {
    uint64_t id;
    uint64_t number; /* among the handles of its object */
};

const ln_class *ln_types_class_at(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_checkstack(L, 2) || !lua_getmetatable(L, index))
        return NULL;
    lua_rawgetp(L, -1, &CLASS);
    const ln_class *class = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return class;
}

uint64_t ln_types_id_at(lua_State *L, int index) {
    return ((const struct handle *)lua_touserdata(L, index))->id;
}

static int close_object(ln_vm *vm, uint64_t id) {
    ln_run_host_enter(vm->machine.active);
    ln_objects_close(&vm->objects, id);
    ln_run_host_leave(vm->machine.active);
    return 0;
}

/* As __close: the object behind the handle is closed, if it still is open. Does not raise. */
static int close_handle(lua_State *L) {
    return ln_types_class_at(L, 1) ? close_object(ln_vm_current(), ln_types_id_at(L, 1)) : 0;
}

/* As __gc: the same, if this is the object's last handle. Does not raise. */
static int collect_handle(lua_State *L) {
    ln_vm *vm = ln_vm_current();
    if (!ln_types_class_at(L, 1))
        return 0;
    const struct handle *handle = lua_touserdata(L, 1);
    const ln_object *object = ln_objects_find(&vm->objects, handle->id);
    bool last = object && (object->back || object->handles == handle->number);
    return last ? close_object(vm, handle->id) : 0;
}

static void push_handles(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &HANDLES) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &HANDLES);
}

/* The handles' table is on top; leaves a new handle there. What is allocated may run finalizers, which may close objects
 * and make others: so the object is looked up again. The former handle, if there is one, counts no more by then. */
static void make_handle(lua_State *L, ln_vm *vm, ln_object *object) {
    const ln_class *class = object->class;
    const struct handle new = {.id = object->id, .number = ++object->handles};
    object->back = false;
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = new;
    lua_rawgetp(L, LUA_REGISTRYINDEX, class);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (lua_Integer) new.id);
    object = ln_objects_find(&vm->objects, new.id);
    if (object)
        object->fresh = false;
}

void ln_types_push(lua_State *L, ln_vm *vm, uint64_t id) {
    luaL_checkstack(L, 5, NULL);
    ln_collector_relieve(L, vm);
    ln_object *object = ln_objects_find(&vm->objects, id);
    if (!object) {
        lua_pushnil(L);
        return;
    }
    push_handles(L);
    if (lua_rawgeti(L, -1, (lua_Integer)id) == LUA_TNIL) {
        lua_pop(L, 1);
        make_handle(L, vm, object);
    }
    lua_remove(L, -2);
}

/* --- Metatables --- */

static int finish_index(lua_State *L, int status, lua_KContext context) {
    (void)L;
    (void)status;
    (void)context;
    return 1;
}

/* Upvalues: the table of methods, the host's own __index, which may answer later. */
static int index_both(lua_State *L) {
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_callk(L, 2, 1, 0, finish_index);
    return finish_index(L, LUA_OK, 0);
}

static void push_functions(lua_State *L, const ln_function *functions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, functions[i].about.name);
        ln_host_push(L, &functions[i]);
        lua_rawset(L, -3);
    }
}

/* The metatable is on top: methods are looked up first, then whatever the host's own __index says. */
static void add_index(lua_State *L, const ln_class *class) {
    lua_createtable(L, 0, (int)class->about.method_count);
    push_functions(L, class->methods, class->about.method_count);
    lua_pushliteral(L, "__index");
    if (lua_rawget(L, -3) != LUA_TNIL)
        lua_pushcclosure(L, index_both, 2);
    else
        lua_pop(L, 1);
    lua_setfield(L, -2, "__index");
}

void ln_types_install(lua_State *L, const ln_class *class) {
    lua_newtable(L);
    push_functions(L, class->metamethods, class->about.metamethod_count);
    add_index(L, class);
    lua_pushcfunction(L, collect_handle);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, close_handle);
    lua_setfield(L, -2, "__close");
    lua_pushstring(L, class->about.name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushlightuserdata(L, (void *)(uintptr_t) class);
    lua_rawsetp(L, -2, &CLASS);
    lua_rawsetp(L, LUA_REGISTRYINDEX, class);
}

/* --- What the host does with them. Public functions, in a host section; none raises. --- */

/* Replaces a struct of another version by a complete one in `room`. Most often it is of this one. */
LN_INLINE lunette_status read_type(const lunette_class **type, lunette_class *room) {
    const lunette_class *given = *type;
    if (!given)
        return LUNETTE_INVALID_ARGUMENT;
    if (LN_UNLIKELY(given->size != sizeof *given)) {
        lunette_status status = ln_read_sized(room, sizeof *room, given, given->size, "lunette_class");
        if (status != LUNETTE_OK)
            return status;
        *type = room;
    }
    return (*type)->name ? LUNETTE_OK : LUNETTE_INVALID_ARGUMENT;
}

/* The host's struct may be gone since the template copied it, and another stand in its place: its address tells nothing. */
static bool is_same(const lunette_class *a, const ln_class *b) {
    return a->version == b->about.version && strcmp(a->name, b->about.name) == 0;
}

static const ln_class *find_class(const ln_modules *modules, const lunette_class *type) {
    for (size_t i = 0; i < modules->count; i++)
        for (size_t k = 0; k < modules->items[i].about.type_count; k++)
            if (is_same(type, &modules->items[i].classes[k]))
                return &modules->items[i].classes[k];
    return NULL;
}

lunette_status lunette_return_object(lunette_call *call, const lunette_class *type, void *object) {
    lunette_class room;
    lunette_status status = call && object ? read_type(&type, &room) : LUNETTE_INVALID_ARGUMENT;
    if (status != LUNETTE_OK)
        return status;
    const ln_class *class = find_class(ln_vm_modules(ln_call_vm(call)), type);
    if (!class)
        return lunette_call_fail(call, "'%s' is no type of this context's modules", type->name);
    if (!ln_call_vm(call)->machine.context)
        return lunette_call_fail(
            call,
            "objects of type '%s' cannot be made while a template is built: every context "
            "would share them",
            type->name);
    uint64_t id = ln_objects_add(&ln_call_vm(call)->objects, class, object);
    if (id == 0)
        return LUNETTE_NO_MEMORY;
    lunette_value value = {.type = LUNETTE_USERDATA};
    value.as.userdata.type_name = class->about.name;
    value.as.userdata.id = id;
    status = ln_call_give(call, value);
    if (status != LUNETTE_OK)
        ln_objects_remove(&ln_call_vm(call)->objects, id);
    return status;
}

static lunette_status refuse(lunette_call *call, int index, const lunette_class *type,
                             const ln_class *class) {
    if (!class || strcmp(class->about.name, type->name) != 0)
        return ln_call_wrong_type(call, index, type->name);
    return lunette_arg_fail(call, index, "version %u of %s expected, got version %u", (unsigned)type->version,
                            type->name, (unsigned)class->about.version);
}

/* The open object that the argument is a handle of; NULL: there is none, and *status is the answer. */
static const ln_object *find_object(lunette_call *call, int index, const lunette_class *type,
                                    lunette_status *status) {
    const ln_class *class = index <= call->count ? ln_types_class_at(call->L, index) : NULL;
    if (!class || !is_same(type, class)) {
        *status = refuse(call, index, type, class);
        return NULL;
    }
    const ln_object *found = ln_objects_find(&ln_call_vm(call)->objects, ln_types_id_at(call->L, index));
    *status = found ? LUNETTE_OK : lunette_arg_fail(call, index, "this %s is closed", type->name);
    return found;
}

lunette_status lunette_arg_object(lunette_call *call, int index, const lunette_class *type, void **object) {
    lunette_class room;
    lunette_status status = call && object && index >= 1 ? read_type(&type, &room) : LUNETTE_INVALID_ARGUMENT;
    if (status != LUNETTE_OK)
        return status;
    const ln_object *found = find_object(call, index, type, &status);
    if (found)
        *object = found->object;
    return status;
}

lunette_status lunette_arg_close(lunette_call *call, int index, const lunette_class *type) {
    lunette_class room;
    lunette_status status = call && index >= 1 ? read_type(&type, &room) : LUNETTE_INVALID_ARGUMENT;
    if (status != LUNETTE_OK)
        return status;
    const ln_object *found = find_object(call, index, type, &status);
    if (found)
        ln_objects_close(&ln_call_vm(call)->objects, found->id);
    return status;
}

/* --- What the host does with them outside of calls. None enters Lua: a handle is made as the value is pushed. --- */

lunette_status ln_types_make(lunette_machine *machine, const lunette_class *type, void *object,
                             lunette_value *value) {
    ln_vm *vm = ln_vm_of(machine);
    const ln_class *class = find_class(ln_vm_modules(vm), type);
    if (!class)
        return LUNETTE_NOT_FOUND;
    uint64_t id = ln_objects_add(&vm->objects, class, object);
    if (id == 0)
        return LUNETTE_NO_MEMORY;
    ln_objects_find(&vm->objects, id)->fresh = false; /* no call's: one that gives it and fails leaves it */
    *value = (lunette_value){.type = LUNETTE_USERDATA};
    value->as.userdata.type_name = type->name;
    value->as.userdata.id = id;
    return LUNETTE_OK;
}

lunette_status ln_types_find(const lunette_machine *machine, const lunette_value *value,
                             const lunette_class *type, void **object) {
    const ln_object *found = ln_objects_find(&((const ln_vm *)machine)->objects, value->as.userdata.id);
    if (!found)
        return LUNETTE_STALE;
    if (!is_same(type, found->class))
        return LUNETTE_INVALID_ARGUMENT;
    *object = found->object;
    return LUNETTE_OK;
}

lunette_status ln_types_close(lunette_machine *machine, const lunette_value *value) {
    ln_vm *vm = ln_vm_of(machine);
    if (!ln_objects_find(&vm->objects, value->as.userdata.id))
        return LUNETTE_STALE;
    ln_objects_close(&vm->objects, value->as.userdata.id);
    return LUNETTE_OK;
}
