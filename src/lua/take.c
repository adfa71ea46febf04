/* Values out of a script, by raw access only: no metamethod of a script runs here. (The other way is values.c.)
 *
 * A depth-first walk that builds a tree in host memory. It never raises (a function reference excepted, which needs a
 * slot in the arena) and never holds anything that a kill could leave half done: the tree grows in host sections, and
 * its owner is on the C stack of whoever entered the VM. The way to the value at hand is a chain of steps there, too, by
 * which a table that contains itself is found.
 *
 * The walk itself, on which all of the time is spent, is take_walk.c. Here is where it begins, what becomes of a value that
 * has to stay in the script, and what is said, or put in its place, where a bound is reached. */
#include <stdio.h>
#include <string.h>

#include "lua/take.h"

/* --- What goes wrong --- */

bool ln_take_fail(ln_taking *taking, lunette_status status, const ln_step *step, const char *what) {
    char text[LN_STEP_TEXT];
    if (taking->status != LUNETTE_OK)
        return false;
    taking->status = status;
    if (!taking->why && (!taking->vm->machine.report || taking->name_functions))
        return false;
    ln_step_tell(step, taking->root, what, text);
    if (taking->why) {
        snprintf(taking->why, taking->why_size, "%s", text);
        return false;
    }
    ln_report_init(taking->vm->machine.report);
    ln_report_message(taking->vm->machine.report, text, strlen(text));
    return false;
}

/* --- Memory and bounds --- */

void *ln_take_grown(ln_taking *taking, size_t size) {
    ln_run_host_enter(taking->vm->machine.active);
    taking->lack = ln_tree_grow(taking->tree, size);
    ln_run_host_leave(taking->vm->machine.active);
    return taking->lack == LUNETTE_OK ? ln_tree_take(taking->tree, size) : NULL;
}

/* Something that stays in the script: only its kind is told. `name` is static text. */
static bool take_name(const char *name, lunette_value *to) {
    to->type = LUNETTE_USERDATA;
    to->as.userdata.type_name = name;
    to->as.userdata.id = 0;
    return true;
}

bool ln_take_cut(ln_taking *taking, lunette_status status, const ln_step *step, const char *what,
                 const char *mark, lunette_value *to) {
    if (!taking->bounds.cut)
        return ln_take_fail(taking, status, step, what);
    return take_name(mark, to);
}

bool ln_take_refuse(ln_taking *taking, ln_bound bound, const ln_step *step) {
    char what[LN_BOUND_TEXT];
    ln_bound_tell(bound, &taking->bounds, what);
    return ln_take_fail(taking, LUNETTE_VALUE_LIMIT, step, what);
}

bool ln_take_beyond(ln_taking *taking, ln_bound bound, const ln_step *step, const char *mark,
                    lunette_value *to) {
    return taking->bounds.cut ? take_name(mark, to) : ln_take_refuse(taking, bound, step);
}

bool ln_take_count(ln_taking *taking, size_t count) {
    size_t *left = taking->bounds.cut ? &taking->items : &taking->entries;
    if (count > *left)
        return false;
    *left -= count;
    return true;
}

static bool fail_in_host(ln_taking *taking, const ln_step *step) {
    return ln_take_fail(taking, LUNETTE_NO_MEMORY, step, "the host has no memory left for the values");
}

bool ln_take_no_room(ln_taking *taking, const ln_step *step, const char *mark, lunette_value *to) {
    if (taking->lack != LUNETTE_VALUE_LIMIT)
        return fail_in_host(taking, step);
    return ln_take_beyond(taking, LN_BOUND_BYTES, step, mark, to);
}

/* Lua's stack cannot grow: it is as large as it may be, or, what is told apart here, its memory is at its limit. That was
 * noted in the report as it was refused. */
bool ln_take_no_stack(ln_taking *taking, const ln_step *step, const char *mark, lunette_value *to) {
    if (taking->bounds.cut || !ln_arena_refused(taking->vm->machine.arena))
        return ln_take_cut(taking, LUNETTE_VALUE_LIMIT, step, "Lua's stack has no room left", mark, to);
    taking->status = LUNETTE_MEMORY_LIMIT;
    return false;
}

/* --- What stays in the script --- */

/* Raises on lack of memory. */
static bool take_function(ln_taking *taking, int index, const ln_step *step, lunette_value *to) {
    if (taking->name_functions)
        return take_name("function", to);
    ln_take_forget_keys(taking); /* memory is asked for, and some may be collected */
    return ln_refer_take(taking->L, taking->vm, index, to) ||
           ln_take_fail(taking, LUNETTE_NO_MEMORY, step, "the host has no memory left for references");
}

/* Of the host's. The type's name is copied, for the value may outlive the template. */
static bool take_object(ln_taking *taking, int index, const ln_class *class, const ln_step *step,
                        lunette_value *to) {
    uint64_t id = ln_types_id_at(taking->L, index);
    size_t size = strlen(class->about.name) + 1;
    char *name = ln_take_bytes(taking, size);
    if (!name)
        return ln_take_no_room(taking, step, "userdata", to);
    memcpy(name, class->about.name, size);
    take_name(name, to);
    to->as.userdata.id = ln_objects_find(&taking->vm->objects, id) ? id : 0;
    return true;
}

/* A script's own __name is not looked at. luaL_testudata() may need memory, and raise, for the name of a type that
 * the state does not have: so only where it can have files. */
static bool take_userdata(ln_taking *taking, int index, const ln_step *step, lunette_value *to) {
    lua_State *L = taking->L;
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA)
        return take_name("light userdata", to);
    const ln_class *class = ln_types_class_at(L, index);
    if (class)
        return take_object(taking, index, class, step, to);
    bool has_files =
        taking->vm->files.room > 0 || ln_sandbox_level(ln_vm_sandbox(taking->vm)) == LUNETTE_SANDBOX_NONE;
    bool is_file = has_files && luaL_testudata(L, index, LUA_FILEHANDLE);
    return take_name(is_file ? LUA_FILEHANDLE : "userdata", to);
}

bool ln_take_other(ln_taking *taking, int type, const ln_step *step, lunette_value *to) {
    *to = lunette_nil();
    switch (type) {
    case LUA_TFUNCTION:
        return take_function(taking, -1, step, to);
    case LUA_TTHREAD:
        return take_name("coroutine", to);
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        return take_userdata(taking, -1, step, to);
    default:
        return true;
    }
}

/* --- What is to be taken --- */

/* What is too much can be cut only where it is known beforehand. */
static void set_bounds(ln_taking *taking, const lunette_bounds *bounds) {
    taking->bounds = *bounds;
    taking->items = bounds->items;
    taking->entries = bounds->cut ? SIZE_MAX : bounds->items;
}

static bool grow_root(ln_taking *taking) {
    ln_run_host_enter(taking->vm->machine.active);
    lunette_status status = ln_tree_grow(taking->tree, 0);
    ln_run_host_leave(taking->vm->machine.active);
    if (status == LUNETTE_VALUE_LIMIT)
        return ln_take_refuse(taking, LN_BOUND_BYTES, NULL);
    return status == LUNETTE_OK || fail_in_host(taking, NULL);
}

lunette_status ln_values_take(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                              ln_tree *tree) {
    ln_taking taking = {.L = L, .vm = vm, .tree = tree, .root = "results"};
    size_t count = last < first ? 0 : (size_t)(last - first + 1);
    set_bounds(&taking, bounds);
    if (!grow_root(&taking))
        return taking.status;
    if (!ln_take_count(&taking, count)) {
        ln_take_refuse(&taking, LN_BOUND_ITEMS, NULL);
        return taking.status;
    }
    lunette_value *items = ln_take_range(&taking, first, last, ln_tree_root(tree));
    if (items)
        *ln_tree_root(tree) = lunette_array_of(items, count);
    return taking.status;
}

lunette_status ln_values_take_some(lua_State *L, ln_vm *vm, int first, int last, const lunette_bounds *bounds,
                                   ln_tree *tree, const lunette_value **values, ln_reason *why) {
    ln_taking taking = {
        .L = L, .vm = vm, .tree = tree, .root = "argument", .why = why->text, .why_size = sizeof why->text};
    lunette_value mark;
    set_bounds(&taking, bounds);
    *values = ln_take_range(&taking, first, last, &mark);
    if (!*values && taking.status == LUNETTE_OK)
        ln_take_refuse(&taking, LN_BOUND_BYTES, NULL);
    return taking.status;
}

lunette_status ln_values_take_error(lua_State *L, ln_vm *vm, int index, ln_tree *tree) {
    ln_taking taking = {.L = L, .vm = vm, .tree = tree, .name_functions = true};
    const lunette_bounds bounds = {.depth = 16, .items = 10000, .bytes = tree->limit, .cut = true};
    set_bounds(&taking, &bounds);
    if (grow_root(&taking))
        ln_take_one(&taking, index, ln_tree_root(tree));
    if (taking.status != LUNETTE_OK) {
        ln_run_host_enter(vm->machine.active);
        ln_tree_free(tree);
        ln_run_host_leave(vm->machine.active);
    }
    return taking.status;
}
