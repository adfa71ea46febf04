/* One step of unwinding, as the DWARF 4 standard (section 6.4) and the Linux Standard Base (chapter 10.6,
 * .eh_frame and .eh_frame_hdr) describe it.
 *
 * Why not libgcc's: it may take locks (frames registered by a JIT, dl_iterate_phdr before glibc 2.35), and it
 * reads whatever address the tables lead to. This one knows only what compilers and glibc's assembly use
 * for ordinary functions, and gives up on anything else: giving up costs a retry, guessing would cost the
 * process. So: the encodings that GNU ld writes, a frame address of register plus offset, saved registers
 * at offsets from it, and every load inside the thread's stack. */
#include "guard/unwind.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"

enum {
    ENCODING_PCREL_SDATA4 = 0x1b,
    ENCODING_UDATA4 = 0x03,
    ENCODING_DATAREL_SDATA4 = 0x3b,

    RETURN_COLUMN = 16,
    COLUMNS = RETURN_COLUMN + 1,
    STATES = 4, /* remembered at a time; compilers use one */
};

/* --- Reading ------------------------------------------------------------------------------------------------ */

typedef struct reader {
    const unsigned char *at, *end;
    bool failed; /* read past the end, or met what is not supported; all reads give 0 from then on */
} reader;

static uint64_t read_fail(reader *r) {
    r->failed = true;
    r->at = r->end;
    return 0;
}

static uint64_t read_unsigned(reader *r, size_t size) {
    uint64_t value = 0;
    if ((size_t)(r->end - r->at) < size)
        return read_fail(r);
    memcpy(&value, r->at, size); /* little-endian, as all that this serves */
    r->at += size;
    return value;
}

static int64_t read_int32(reader *r) {
    return (int32_t)(uint32_t)read_unsigned(r, 4);
}

static uint64_t read_leb(reader *r, bool is_signed) {
    uint64_t value = 0, byte;
    unsigned shift = 0;
    do {
        byte = read_unsigned(r, 1);
        if (shift >= 63)
            return read_fail(r);
        value |= (byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (is_signed && (byte & 0x40))
        value |= ~UINT64_C(0) << shift;
    return value;
}

static uint64_t read_uleb(reader *r) {
    return read_leb(r, false);
}

static int64_t read_sleb(reader *r) {
    return (int64_t)read_leb(r, true);
}

static void skip(reader *r, uint64_t size) {
    if (size > (uint64_t)(r->end - r->at))
        read_fail(r);
    else
        r->at += size;
}

/* A record of .eh_frame: its length, then that many bytes. Those over 4 GiB do not occur. */
static reader read_record(const unsigned char *at) {
    reader r = {at, at + 4, false};
    uint64_t length = read_unsigned(&r, 4);
    if (length == 0 || length >= 0xfffffff0U)
        read_fail(&r);
    else
        r.end = r.at + length;
    return r;
}

/* --- Finding the function's description --------------------------------------------------------------------- */

static int64_t int32_at(const unsigned char *at) {
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* The last entry of the sorted table that starts at or before the instruction. */
static const unsigned char *find_record(const unsigned char *table, uintptr_t instruction) {
    if (table[0] != 1 || table[1] != ENCODING_PCREL_SDATA4 || table[2] != ENCODING_UDATA4 ||
        table[3] != ENCODING_DATAREL_SDATA4)
        return NULL;
    const unsigned char *entries = table + 12;
    int64_t wanted = (int64_t)(instruction - (uintptr_t)table);
    size_t low = 0, high = (size_t)(uint32_t)int32_at(table + 8);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (int32_at(entries + 8 * middle) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : table + int32_at(entries + 8 * (low - 1) + 4);
}

typedef struct function {
    uintptr_t start, size;
    uint64_t code_step;
    int64_t data_step;
    reader common, own; /* the instructions that describe the frame */
} function;

/* 'z' announces the size of the rest, of which only how addresses are written matters. */
static bool read_augmentation(reader *r, const char *text) {
    if (strcmp(text, "zR") != 0)
        return false; /* P and L are C++'s, S marks a signal's frame */
    uint64_t size = read_uleb(r);
    const unsigned char *after = r->at + size;
    bool known = read_unsigned(r, 1) == ENCODING_PCREL_SDATA4 && size == 1 && after <= r->end;
    return known && !r->failed;
}

static bool read_common(function *f, const unsigned char *at) {
    reader r = read_record(at);
    if (read_unsigned(&r, 4) != 0 || read_unsigned(&r, 1) != 1)
        return false;
    const char *augmentation = (const char *)r.at;
    while (read_unsigned(&r, 1) != 0)
        ;
    f->code_step = read_uleb(&r);
    f->data_step = read_sleb(&r);
    if (read_unsigned(&r, 1) != RETURN_COLUMN || r.failed || !read_augmentation(&r, augmentation))
        return false;
    f->common = r;
    return true;
}

static bool read_function(function *f, const unsigned char *at) {
    reader r = read_record(at);
    const unsigned char *here = r.at;
    uint64_t back = read_unsigned(&r, 4);
    if (r.failed || back == 0 || !read_common(f, here - back))
        return false;
    here = r.at;
    f->start = (uintptr_t)here + (uintptr_t)read_int32(&r);
    f->size = (uintptr_t)read_unsigned(&r, 4);
    skip(&r, read_uleb(&r));
    f->own = r;
    return !r.failed;
}

/* --- Its instructions --------------------------------------------------------------------------------------- */

typedef enum rule { RULE_SAME, RULE_OFFSET, RULE_UNKNOWN } rule;

typedef struct row {
    uint64_t frame_register; /* LN_OS_REGISTERS: by an expression, so unknown */
    int64_t frame_offset;
    rule rules[COLUMNS];
    int64_t offsets[COLUMNS]; /* of RULE_OFFSET, from the frame's address */
} row;

typedef struct machine {
    const function *function;
    uintptr_t location; /* the row holds from here on */
    row now, initial;
    row remembered[STATES];
    size_t depth;
} machine;

/* Columns beyond the general registers (vectors) are of no interest. */
static void set_rule(machine *m, uint64_t column, rule how, int64_t offset) {
    if (column >= COLUMNS)
        return;
    m->now.rules[column] = how;
    m->now.offsets[column] = offset;
}

static void restore_rule(machine *m, uint64_t column) {
    if (column < COLUMNS)
        set_rule(m, column, m->initial.rules[column], m->initial.offsets[column]);
}

static void set_frame(machine *m, uint64_t column, int64_t offset) {
    m->now.frame_register = column < LN_OS_REGISTERS ? column : LN_OS_REGISTERS;
    m->now.frame_offset = offset;
}

static void remember(machine *m, reader *r) {
    if (m->depth == STATES)
        read_fail(r);
    else
        m->remembered[m->depth++] = m->now;
}

static void recall(machine *m, reader *r) {
    if (m->depth == 0)
        read_fail(r);
    else
        m->now = m->remembered[--m->depth];
}

static void advance(machine *m, uint64_t steps) {
    m->location += (uintptr_t)(steps * m->function->code_step);
}

/* The instructions with a number of their own (DWARF 4, figure 40). */
static void execute_extended(machine *m, reader *r, unsigned code) {
    int64_t step = m->function->data_step;
    uint64_t column = 0;
    if ((code >= 0x05 && code <= 0x09) || code == 0x0c || code == 0x0d || code == 0x10 || code == 0x11 ||
        code == 0x12 || (code >= 0x14 && code <= 0x16))
        column = read_uleb(r);
    switch (code) {
    case 0x00: /* nop */
        break;
    case 0x02: /* advance_loc1, 2, 4 */
        advance(m, read_unsigned(r, 1));
        break;
    case 0x03:
        advance(m, read_unsigned(r, 2));
        break;
    case 0x04:
        advance(m, read_unsigned(r, 4));
        break;
    case 0x05: /* offset_extended */
        set_rule(m, column, RULE_OFFSET, (int64_t)read_uleb(r) * step);
        break;
    case 0x06: /* restore_extended */
        restore_rule(m, column);
        break;
    case 0x07: /* undefined */
        set_rule(m, column, RULE_UNKNOWN, 0);
        break;
    case 0x08: /* same_value */
        set_rule(m, column, RULE_SAME, 0);
        break;
    case 0x09: /* register */
        read_uleb(r);
        set_rule(m, column, RULE_UNKNOWN, 0);
        break;
    case 0x0a: /* remember_state, restore_state */
        remember(m, r);
        break;
    case 0x0b:
        recall(m, r);
        break;
    case 0x0c: /* def_cfa, def_cfa_register, def_cfa_offset */
        set_frame(m, column, (int64_t)read_uleb(r));
        break;
    case 0x0d:
        set_frame(m, column, m->now.frame_offset);
        break;
    case 0x0e:
        m->now.frame_offset = (int64_t)read_uleb(r);
        break;
    case 0x0f: /* def_cfa_expression */
        skip(r, read_uleb(r));
        set_frame(m, LN_OS_REGISTERS, 0);
        break;
    case 0x10: /* expression, val_expression */
    case 0x16:
        skip(r, read_uleb(r));
        set_rule(m, column, RULE_UNKNOWN, 0);
        break;
    case 0x11: /* offset_extended_sf */
        set_rule(m, column, RULE_OFFSET, read_sleb(r) * step);
        break;
    case 0x12: /* def_cfa_sf, def_cfa_offset_sf */
        set_frame(m, column, read_sleb(r) * step);
        break;
    case 0x13:
        m->now.frame_offset = read_sleb(r) * step;
        break;
    case 0x14: /* val_offset, val_offset_sf */
    case 0x15:
        read_uleb(r);
        set_rule(m, column, RULE_UNKNOWN, 0);
        break;
    case 0x2e: /* GNU_args_size */
        read_uleb(r);
        break;
    default:
        read_fail(r);
    }
}

/* Up to the row of `instruction`. */
static bool execute(machine *m, reader r, uintptr_t instruction) {
    while (r.at < r.end) {
        unsigned byte = (unsigned)read_unsigned(&r, 1);
        uint64_t low = byte & 0x3f;
        switch (byte >> 6) {
        case 1: /* advance_loc */
            advance(m, low);
            break;
        case 2: /* offset */
            set_rule(m, low, RULE_OFFSET, (int64_t)read_uleb(&r) * m->function->data_step);
            break;
        case 3: /* restore */
            restore_rule(m, low);
            break;
        default:
            execute_extended(m, &r, byte);
        }
        if (m->location > instruction)
            break; /* to advance changes nothing else */
    }
    return !r.failed;
}

/* --- The step ----------------------------------------------------------------------------------------------- */

/* Sanitizers guard what lies between the variables of a frame; this is meant to look there. */
__attribute__((no_sanitize("address", "thread"))) static bool load(const ln_frame *frame, uintptr_t address,
                                                                   uintptr_t *value) {
    if (address % sizeof *value != 0 || address < frame->registers[LN_OS_STACK_REGISTER] ||
        address < frame->stack_low || address > frame->stack_high - sizeof *value)
        return false;
    *value = *(const uintptr_t *)address; /* NOLINT(performance-no-int-to-ptr) */
    return true;
}

static bool apply(const row *found, ln_frame *frame, uintptr_t *return_at) {
    if (found->frame_register >= LN_OS_REGISTERS || found->rules[RETURN_COLUMN] != RULE_OFFSET)
        return false;
    ln_frame caller = *frame;
    uintptr_t base = frame->registers[found->frame_register] + (uintptr_t)found->frame_offset;
    for (size_t i = 0; i < LN_OS_REGISTERS; i++) {
        /* One whose place is unknown must not be what the caller's frame is found by. */
        if (found->rules[i] == RULE_UNKNOWN)
            caller.registers[i] = 0;
        else if (found->rules[i] == RULE_OFFSET &&
                 !load(frame, base + (uintptr_t)found->offsets[i], &caller.registers[i]))
            return false;
    }
    *return_at = base + (uintptr_t)found->offsets[RETURN_COLUMN];
    if (!load(frame, *return_at, &caller.instruction))
        return false;
    caller.registers[LN_OS_STACK_REGISTER] = base;
    caller.called = true;
    *frame = caller;
    return true;
}

bool ln_unwind_step(const void *table, ln_frame *frame, uintptr_t *return_at) {
    uintptr_t instruction = frame->instruction - frame->called;
    const unsigned char *record = table != NULL ? find_record(table, instruction) : NULL;
    function f;
    if (record == NULL || !read_function(&f, record) || instruction - f.start >= f.size)
        return false;
    machine m = {.function = &f, .location = f.start};
    m.now.frame_register = LN_OS_REGISTERS;
    if (!execute(&m, f.common, instruction))
        return false;
    m.initial = m.now;
    return execute(&m, f.own, instruction) && apply(&m.now, frame, return_at);
}
