/* Values that a backend gives out, copied into a tree in host memory that the host will own: under the bounds of the
 * conversion, with the place in words where one of them is reached (`results[2].items[17]`).
 *
 * It runs in the run, like the backend: whatever the values are, and be it garbage, the worst that comes of walking them
 * is a fault that the guard contains or a deadline. Only growing the tree is a host section. Recursion is bounded by
 * the depth. */
#include <string.h>

#include "machine/machine.h"
#include "machine/step.h"

struct taking {
    lunette_machine *machine;
    ln_tree *tree;
    lunette_bounds bounds;
    size_t items;
    bool quiet; /* what goes wrong is not noted */
    lunette_status status;
};

/* --- What goes wrong --- */

static bool fail(struct taking *taking, lunette_status status, const ln_step *step, const char *what) {
    char text[LN_STEP_TEXT];
    taking->status = status;
    if (taking->quiet || !taking->machine->report)
        return false;
    ln_step_tell(step, "results", what, text);
    ln_report_init(taking->machine->report);
    ln_report_message(taking->machine->report, text, strlen(text));
    return false;
}

/* A bound was reached: an error, or a mark in its place. `mark` is static text. */
static bool cut(struct taking *taking, const ln_step *step, const char *what, const char *mark,
                lunette_value *to) {
    if (!taking->bounds.cut)
        return fail(taking, LUNETTE_VALUE_LIMIT, step, what);
    *to = lunette_nil();
    to->type = LUNETTE_USERDATA;
    to->as.userdata.type_name = mark;
    return true;
}

static bool beyond(struct taking *taking, ln_bound bound, const ln_step *step, const char *mark,
                   lunette_value *to) {
    char what[LN_BOUND_TEXT];
    ln_bound_tell(bound, &taking->bounds, what);
    return cut(taking, step, what, mark, to);
}

/* --- Memory --- */

static void *take_bytes(struct taking *taking, size_t size, lunette_status *status) {
    void *start = ln_tree_take(taking->tree, size);
    *status = LUNETTE_OK;
    if (start)
        return start;
    ln_run *run = taking->machine->active;
    ln_run_host_enter(run);
    *status = ln_tree_grow(taking->tree, size);
    ln_run_host_leave(run);
    return *status == LUNETTE_OK ? ln_tree_take(taking->tree, size) : NULL;
}

/* For `count` things of `size` bytes. NULL: *taken says what is to be answered. */
static void *take_room(struct taking *taking, size_t count, size_t size, const ln_step *step,
                       const char *mark, lunette_value *to, bool *taken) {
    lunette_status status = LUNETTE_VALUE_LIMIT;
    void *start = count < SIZE_MAX / 2 / size ? take_bytes(taking, count * size, &status) : NULL;
    if (start)
        return start;
    if (status == LUNETTE_VALUE_LIMIT)
        *taken = beyond(taking, LN_BOUND_BYTES, step, mark, to);
    else
        *taken = fail(taking, status, step, "the host has no memory left for the values");
    return NULL;
}

/* --- Values --- */

static bool take_value(struct taking *taking, const lunette_value *from, const ln_step *step,
                       lunette_value *to);

static bool take_string(struct taking *taking, const lunette_value *from, const ln_step *step,
                        lunette_value *to) {
    bool taken = false;
    size_t size = from->as.string.size;
    if (size == SIZE_MAX)
        return cut(taking, step, "the text has no length", "string", to);
    char *copy = take_room(taking, size + 1, 1, step, "string", to, &taken);
    if (!copy)
        return taken;
    if (size > 0)
        memcpy(copy, from->as.string.bytes, size);
    copy[size] = '\0';
    *to = lunette_string(copy, size);
    return true;
}

static bool take_name(struct taking *taking, const lunette_value *from, const ln_step *step,
                      lunette_value *to) {
    const char *name = from->as.userdata.type_name ? from->as.userdata.type_name : "userdata";
    lunette_value text = lunette_text(name), copy = lunette_nil();
    if (!take_string(taking, &text, step, &copy))
        return false;
    *to = *from;
    to->as.userdata.type_name = copy.type == LUNETTE_STRING ? copy.as.string.bytes : "userdata";
    return true;
}

/* Whether something of `count` parts may be taken at this depth; if not, *taken says what is to be answered. */
static bool may_hold(struct taking *taking, size_t count, const ln_step *step, const char *mark,
                     lunette_value *to, bool *taken) {
    if ((step ? step->depth : 0) >= taking->bounds.depth)
        *taken = beyond(taking, LN_BOUND_DEPTH, step, mark, to);
    else if (count > taking->bounds.items - taking->items)
        *taken = beyond(taking, LN_BOUND_ITEMS, step, mark, to);
    else {
        taking->items += count;
        return true;
    }
    return false;
}

static bool take_array(struct taking *taking, const lunette_value *from, const ln_step *step,
                       lunette_value *to) {
    bool taken = false;
    size_t count = from->as.array.count;
    ln_step here = {.up = step, .depth = step ? step->depth + 1 : 1};
    if (!may_hold(taking, count, step, "array", to, &taken))
        return taken;
    lunette_value *items = take_room(taking, count, sizeof *items, step, "array", to, &taken);
    if (!items)
        return taken;
    for (size_t i = 0; i < count; i++) {
        here.index = i + 1;
        if (!take_value(taking, &from->as.array.items[i], &here, &items[i]))
            return false;
    }
    *to = lunette_array_of(items, count);
    return true;
}

static bool take_object(struct taking *taking, const lunette_value *from, const ln_step *step,
                        lunette_value *to) {
    bool taken = false;
    size_t count = from->as.object.count;
    ln_step here = {.up = step, .depth = step ? step->depth + 1 : 1};
    if (!may_hold(taking, count, step, "object", to, &taken))
        return taken;
    lunette_member *members = take_room(taking, count, sizeof *members, step, "object", to, &taken);
    if (!members)
        return taken;
    for (size_t i = 0; i < count; i++) {
        const lunette_member *member = &from->as.object.members[i];
        here.key = &member->key;
        if (!take_value(taking, &member->key, &here, &members[i].key) ||
            !take_value(taking, &member->value, &here, &members[i].value))
            return false;
    }
    *to = lunette_object_of(members, count);
    return true;
}

static bool take_value(struct taking *taking, const lunette_value *from, const ln_step *step,
                       lunette_value *to) {
    *to = *from;
    switch (from->type) {
    case LUNETTE_NIL:
    case LUNETTE_BOOLEAN:
    case LUNETTE_INTEGER:
    case LUNETTE_NUMBER:
    case LUNETTE_FUNCTION:
        return true;
    case LUNETTE_STRING:
        return take_string(taking, from, step, to);
    case LUNETTE_ARRAY:
        return take_array(taking, from, step, to);
    case LUNETTE_OBJECT:
        return take_object(taking, from, step, to);
    case LUNETTE_USERDATA:
        return take_name(taking, from, step, to);
    }
    return cut(taking, step, "the value is of no type", "unknown", to);
}

/* --- Trees --- */

static bool make_root(struct taking *taking) {
    ln_run *run = taking->machine->active;
    ln_run_host_enter(run);
    lunette_status status = ln_tree_grow(taking->tree, 0);
    ln_run_host_leave(run);
    return status == LUNETTE_OK ||
           fail(taking, status, NULL, "there is no memory for as much as one of the values");
}

lunette_status lunette_machine_results(lunette_machine *machine, const lunette_value *values, size_t count) {
    if (!machine || (count > 0 && !values))
        return LUNETTE_INVALID_ARGUMENT;
    if (!machine->results)
        return LUNETTE_OK;
    struct taking taking = {.machine = machine, .tree = machine->results, .bounds = *machine->bounds};
    lunette_value all = lunette_array_of(values, count);
    taking.bounds.depth++; /* the results themselves are not one of the levels */
    if (ln_tree_root(machine->results))
        return LUNETTE_DEFECT;
    if (make_root(&taking))
        take_value(&taking, &all, NULL, ln_tree_root(machine->results));
    return taking.status;
}

void ln_machine_take_error(lunette_machine *machine, const lunette_value *value) {
    struct taking taking = {.machine = machine,
                            .tree = machine->error_value,
                            .bounds = {.depth = 16, .items = 10000, .bytes = SIZE_MAX, .cut = true},
                            .quiet = true};
    if (!make_root(&taking))
        return;
    *ln_tree_root(machine->error_value) = lunette_nil();
    take_value(&taking, value, NULL, ln_tree_root(machine->error_value));
    if (taking.status == LUNETTE_OK)
        return;
    ln_run_host_enter(machine->active);
    ln_tree_free(machine->error_value);
    ln_run_host_leave(machine->active);
}

/* --- In --- */

static lunette_status check(const lunette_value *value, int depth) {
    lunette_status status = LUNETTE_OK;
    if (depth > LN_VALUE_DEPTH || !ln_value_is_sound(value))
        return LUNETTE_INVALID_ARGUMENT;
    switch (value->type) {
    case LUNETTE_NIL:
    case LUNETTE_BOOLEAN:
    case LUNETTE_INTEGER:
    case LUNETTE_NUMBER:
    case LUNETTE_STRING:
        return LUNETTE_OK;
    case LUNETTE_ARRAY:
        for (size_t i = 0; i < value->as.array.count && status == LUNETTE_OK; i++)
            status = check(&value->as.array.items[i], depth + 1);
        return status;
    case LUNETTE_OBJECT:
        for (size_t i = 0; i < value->as.object.count && status == LUNETTE_OK; i++) {
            status = check(&value->as.object.members[i].key, depth + 1);
            if (status == LUNETTE_OK)
                status = check(&value->as.object.members[i].value, depth + 1);
        }
        return status;
    default:
        return LUNETTE_INVALID_ARGUMENT;
    }
}

lunette_status ln_machine_check_value(const lunette_machine *machine, const lunette_value *value) {
    return machine->backend->check_value ? machine->backend->check_value(machine, value) : check(value, 1);
}
