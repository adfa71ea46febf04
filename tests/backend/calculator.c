/* A program is run as it is read: there is no tree and no code, only a place in the text. What is not to be executed (the body
 * of a loop that has ended, all of a program that is checked) is read past by the same functions.
 *
 * What always holds:
 *   - all that a script can make lies in the machine's memory, and is reached from root 0;
 *   - what lies in struct reading and struct data is of no use after the run, so nobody minds when it is left;
 *   - an error is a return value (false): nothing here jumps. */
#include "calculator.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

atomic_int calculator_held, calculator_given_back;

/* --- The state, in the machine's memory --- */

enum { NAME = 16 };

struct variable {
    struct variable *next;
    double value;
    char name[NAME];
};

struct pushed {
    struct pushed *next;
    double value;
};

struct state {
    struct variable *variables;
    struct pushed *pushed;
    uint64_t seed;
    unsigned char collected; /* another with each collect() */
};

/* --- Outside of it: what signal handlers and the host see --- */

struct data {
    volatile bool asked;    /* probe(): where does it stand? */
    volatile bool softened; /* soften(): end soon */
    volatile int line;
    char chunk[64];
    uint64_t steps; /* until they are to be counted; 0: never */
    uint64_t done;  /* since they were counted last */
    int held;
};

/* --- Reading --- */

struct reading {
    lunette_machine *machine;
    struct data *data;
    struct state *state;
    const char *at, *end;
    int line, depth;
    bool skips; /* reads past */
    bool returned;
    double result;
    lunette_status status;
};

static struct state *state_of(lunette_machine *machine) {
    return lunette_machine_root(machine, 0);
}

static lunette_frame frame_of(const struct data *data, int line) {
    return (lunette_frame){.function = "main", .chunk = data->chunk, .line = line};
}

static bool fail(struct reading *in, lunette_status status, const char *message) {
    lunette_frame frame = frame_of(in->data, in->line);
    lunette_failure failure = {.message = message,
                               .message_size = SIZE_MAX,
                               .chunk = in->data->chunk,
                               .line = in->line,
                               .frames = &frame,
                               .frame_count = status == LUNETTE_SYNTAX_ERROR ? 0 : 1};
    in->status = lunette_machine_fail(in->machine, status, &failure);
    return false;
}

static bool fail_syntax(struct reading *in, const char *message) {
    return fail(in, LUNETTE_SYNTAX_ERROR, message);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct reading *in) {
    while (in->at < in->end && is_blank(*in->at))
        in->at++;
    if (in->at < in->end && *in->at == '#')
        while (in->at < in->end && *in->at != '\n')
            in->at++;
}

static void skip_lines(struct reading *in) {
    for (skip_blanks(in); in->at < in->end && *in->at == '\n'; skip_blanks(in)) {
        in->at++;
        in->line++;
    }
}

static bool accept(struct reading *in, char c) {
    skip_blanks(in);
    bool found = in->at < in->end && *in->at == c;
    in->at += found;
    return found;
}

/* A word is read past only if it is this one. */
static bool accept_word(struct reading *in, const char *word) {
    size_t size = strlen(word);
    skip_blanks(in);
    if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0)
        return false;
    if (in->at + size < in->end && (is_letter(in->at[size]) || is_digit(in->at[size])))
        return false;
    in->at += size;
    return true;
}

static bool is_at_end(struct reading *in) {
    const char *at = in->at;
    bool found = accept_word(in, "end");
    in->at = at;
    return found;
}

static bool read_name(struct reading *in, char name[NAME]) {
    size_t size = 0;
    skip_blanks(in);
    memset(name, 0, NAME);
    if (in->at == in->end || !is_letter(*in->at))
        return fail_syntax(in, "a name or a number is missing");
    while (in->at < in->end && (is_letter(*in->at) || is_digit(*in->at))) {
        if (size == NAME - 1)
            return fail_syntax(in, "a name has at most 15 letters");
        name[size++] = *in->at++;
    }
    return true;
}

/* --- Variables --- */

static struct variable *find(const struct state *state, const char *name) {
    struct variable *v = state->variables;
    while (v && strncmp(v->name, name, NAME) != 0)
        v = v->next;
    return v;
}

/* False: there is no memory. */
static bool set(lunette_machine *machine, struct state *state, const char *name, double value) {
    struct variable *v = find(state, name);
    if (!v) {
        v = lunette_machine_alloc(machine, sizeof *v);
        if (!v)
            return false;
        memset(v, 0, sizeof *v);
        memcpy(v->name, name, strnlen(name, NAME - 1));
        v->next = state->variables;
        state->variables = v;
    }
    v->value = value;
    return true;
}

static bool assign(struct reading *in, const char *name, double value) {
    if (in->skips || set(in->machine, in->state, name, value))
        return true;
    return fail(in, LUNETTE_MEMORY_LIMIT, NULL);
}

/* --- Expressions --- */

static bool read_sum(struct reading *in, double *value);

static bool read_number(struct reading *in, double *value) {
    double part = 1;
    for (*value = 0; in->at < in->end && is_digit(*in->at); in->at++)
        *value = *value * 10 + (*in->at - '0');
    if (in->at < in->end && *in->at == '.')
        for (in->at++; in->at < in->end && is_digit(*in->at); in->at++)
            *value += (*in->at - '0') * (part /= 10);
    return true;
}

/* xorshift64*: Vigna, 2016. */
static double draw(struct state *state) {
    state->seed ^= state->seed >> 12;
    state->seed ^= state->seed << 25;
    state->seed ^= state->seed >> 27;
    return (double)((state->seed * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

static bool read_variable(struct reading *in, double *value) {
    char name[NAME];
    if (!read_name(in, name))
        return false;
    *value = 0;
    if (in->skips)
        return true;
    const struct variable *v = find(in->state, name);
    if (!v)
        return fail(in, LUNETTE_RUNTIME_ERROR, "there is no variable of that name");
    *value = v->value;
    return true;
}

static bool read_factor(struct reading *in, double *value) {
    enum { DEEPEST = 100 };
    skip_blanks(in);
    if (in->at < in->end && is_digit(*in->at))
        return read_number(in, value);
    if (accept_word(in, "random")) {
        *value = in->skips ? 0 : draw(in->state);
        return true;
    }
    if (!accept(in, '('))
        return read_variable(in, value);
    if (++in->depth > DEEPEST)
        return fail_syntax(in, "brackets lie too deep inside one another");
    bool read = read_sum(in, value) && (accept(in, ')') || fail_syntax(in, "')' is missing"));
    in->depth--;
    return read;
}

static bool read_product(struct reading *in, double *value) {
    double right = 0;
    if (!read_factor(in, value))
        return false;
    for (;;) {
        bool times = accept(in, '*'), over = !times && accept(in, '/');
        if (!times && !over)
            return true;
        if (!read_factor(in, &right))
            return false;
        if (over && right == 0 && !in->skips)
            return fail(in, LUNETTE_RUNTIME_ERROR, "division by zero");
        *value = times ? *value * right : in->skips ? 0 : *value / right;
    }
}

static bool read_sum(struct reading *in, double *value) {
    double right = 0;
    if (!read_product(in, value))
        return false;
    for (;;) {
        bool plus = accept(in, '+'), minus = !plus && accept(in, '-');
        bool more = !plus && !minus && accept(in, '>');
        if (!plus && !minus && !more)
            return true;
        if (!read_product(in, &right))
            return false;
        *value = plus ? *value + right : minus ? *value - right : *value > right;
    }
}

/* --- Statements --- */

/* Each statement is a step, and each round of a loop. May not return. */
static bool step(struct reading *in) {
    struct data *data = in->data;
    data->line = in->line;
    if (data->steps != 0 && ++data->done >= data->steps) {
        uint64_t done = data->done;
        data->done = 0;
        lunette_machine_count(in->machine, done);
        data->steps = lunette_machine_steps(in->machine);
    }
    if (data->asked) {
        lunette_frame frame = frame_of(data, in->line);
        data->asked = false;
        lunette_machine_stand(in->machine, &frame, 1);
    }
    if (data->softened) {
        data->softened = false;
        return fail(in, LUNETTE_RUNTIME_ERROR, "the time is over");
    }
    return true;
}

/* snprintf() may take locks: it is the host's. */
static void print(lunette_machine *machine, double value) {
    char text[40];
    lunette_machine_host_enter(machine);
    int size = snprintf(text, sizeof text, "%.14g\n", value);
    lunette_machine_host_leave(machine);
    lunette_machine_print(machine, text, (size_t)size);
}

static bool push(struct reading *in, double value) {
    struct pushed *p = lunette_machine_alloc(in->machine, sizeof *p);
    if (!p)
        return fail(in, LUNETTE_MEMORY_LIMIT, NULL);
    p->value = value;
    p->next = in->state->pushed;
    in->state->pushed = p;
    return true;
}

static void drop(lunette_machine *machine, struct state *state) {
    while (state->pushed) {
        struct pushed *p = state->pushed;
        state->pushed = p->next;
        lunette_machine_free(machine, p, sizeof *p);
    }
}

static void rest(lunette_machine *machine, double milliseconds) {
    long ns = (long)(milliseconds * 1e6);
    struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    lunette_machine_charge_host_call(machine);
    lunette_machine_host_enter(machine);
    nanosleep(&time, NULL);
    lunette_machine_host_leave(machine);
}

/* Owned, by the count, before the section is left. */
static void hold(struct reading *in) {
    lunette_machine_host_enter(in->machine);
    atomic_fetch_add(&calculator_held, 1);
    in->data->held++;
    lunette_machine_host_leave(in->machine);
}

static void crash(void) {
    volatile uintptr_t nowhere = 64;
    *(volatile double *)nowhere = 1;
}

static bool read_block(struct reading *in);

/* The place of the condition is where each round begins. */
static bool read_while(struct reading *in) {
    const char *at = in->at;
    int line = in->line;
    bool skipped = in->skips;
    for (;;) {
        double value = 0;
        in->at = at;
        in->line = line;
        if (!skipped && !step(in))
            return false;
        if (!read_sum(in, &value))
            return false;
        in->skips = skipped || value == 0;
        bool last = in->skips;
        if (!read_block(in) || in->returned)
            return in->returned;
        in->skips = skipped;
        if (!accept_word(in, "end"))
            return fail_syntax(in, "`end` is missing");
        if (last)
            return true;
    }
}

enum what { PRINT, PUSH, REST, RETURN, NOTHING };

static bool with_value(struct reading *in, enum what what) {
    double value = 0;
    if (!read_sum(in, &value))
        return false;
    if (in->skips)
        return true;
    switch (what) {
    case PRINT:
        print(in->machine, value);
        return true;
    case PUSH:
        return push(in, value);
    case REST:
        rest(in->machine, value);
        return true;
    default:
        in->result = value;
        in->returned = true;
        return true;
    }
}

static bool read_assignment(struct reading *in) {
    char name[NAME];
    double value = 0;
    return read_name(in, name) && (accept(in, '=') || fail_syntax(in, "'=' is missing")) &&
           read_sum(in, &value) && assign(in, name, value);
}

static bool read_statement(struct reading *in) {
    static const char *const WORDS[] = {"print", "push", "rest", "return"};
    if (accept_word(in, "while"))
        return read_while(in);
    if (!in->skips && !step(in))
        return false;
    for (int i = 0; i < NOTHING; i++)
        if (accept_word(in, WORDS[i]))
            return with_value(in, (enum what)i);
    if (accept_word(in, "drop")) {
        if (!in->skips)
            drop(in->machine, in->state);
        return true;
    }
    if (accept_word(in, "hold")) {
        if (!in->skips)
            hold(in);
        return true;
    }
    if (accept_word(in, "crash")) {
        if (!in->skips)
            crash();
        return true;
    }
    return read_assignment(in);
}

/* Up to the end of the text, or an `end`, which is left. Loops within loops nest here, so their depth is bounded. */
static bool read_block(struct reading *in) {
    enum { DEEPEST = 100 };
    if (++in->depth > DEEPEST)
        return fail_syntax(in, "loops lie too deep inside one another");
    for (skip_lines(in); in->at < in->end && !is_at_end(in); skip_lines(in)) {
        if (!read_statement(in))
            return false;
        if (in->returned)
            return true;
    }
    in->depth--;
    return true;
}

/* --- Programs --- */

static void begin(struct reading *in, lunette_machine *machine, const char *name, const char *text,
                  size_t size) {
    struct data *data = lunette_machine_data(machine);
    *in = (struct reading){.machine = machine,
                           .data = data,
                           .state = state_of(machine),
                           .at = text,
                           .end = text + size,
                           .line = 1,
                           .status = LUNETTE_OK};
    size_t length = strnlen(name, sizeof data->chunk - 1);
    memcpy(data->chunk, name, length);
    data->chunk[length] = '\0';
    data->line = 1;
    data->done = 0;
    data->steps = lunette_machine_steps(machine);
}

static bool read_program(struct reading *in) {
    return read_block(in) && (in->returned || in->at == in->end || fail_syntax(in, "`end` ends nothing"));
}

static bool take_arguments(struct reading *in, const lunette_program *program) {
    for (size_t i = 0; i < program->argument_count; i++) {
        const lunette_value *argument = &program->arguments[i];
        char name[NAME] = {'a', (char)('1' + i)};
        double value = argument->type == LUNETTE_INTEGER ? (double)argument->as.integer : argument->as.number;
        if (!assign(in, name, value))
            return false;
    }
    return true;
}

static lunette_status run(lunette_machine *machine, const lunette_program *program) {
    struct reading in;
    begin(&in, machine, program->name + 1, program->text, program->text_size);
    if (program->argument_count > 9) {
        fail(&in, LUNETTE_RUNTIME_ERROR, "there are more than nine arguments");
        return in.status;
    }
    in.skips = program->check_only;
    if (!take_arguments(&in, program) || !read_program(&in))
        return in.status;
    lunette_value result = lunette_number(in.result);
    return lunette_machine_results(machine, &result, in.returned ? 1 : 0);
}

static lunette_status preload(lunette_machine *machine, const lunette_preload *module) {
    struct reading in;
    begin(&in, machine, module->name, module->text,
          module->text_size == SIZE_MAX ? strlen(module->text) : module->text_size);
    return read_program(&in) ? LUNETTE_OK : in.status;
}

/* --- The state --- */

static lunette_status build(lunette_machine *machine) {
    struct state *state = lunette_machine_alloc(machine, sizeof *state);
    if (!state)
        return LUNETTE_MEMORY_LIMIT;
    *state = (struct state){.seed = 1};
    lunette_machine_set_root(machine, 0, state);
    lunette_machine_follow_collector(machine, &state->collected);
    return LUNETTE_OK;
}

static void seed(lunette_machine *machine) {
    struct state *state = state_of(machine);
    lunette_machine_random(machine, &state->seed, sizeof state->seed);
    state->seed |= 1;
}

static void prepare(lunette_machine *machine) {
    struct data *data = lunette_machine_data(machine);
    data->asked = data->softened = false;
}

static lunette_status collect(lunette_machine *machine) {
    struct state *state = state_of(machine);
    drop(machine, state);
    state->collected ^= 1;
    return LUNETTE_OK;
}

static void end(lunette_machine *machine, bool abandoned) {
    struct data *data = lunette_machine_data(machine);
    (void)abandoned;
    atomic_fetch_sub(&calculator_held, data->held);
    atomic_fetch_add(&calculator_given_back, data->held);
    data->held = 0;
}

/* --- Globals --- */

static lunette_status check_value(const lunette_machine *machine, const lunette_value *value) {
    (void)machine;
    return value->type == LUNETTE_INTEGER || value->type == LUNETTE_NUMBER ? LUNETTE_OK
                                                                           : LUNETTE_INVALID_ARGUMENT;
}

static lunette_status set_global(lunette_machine *machine, const char *name, const lunette_value *value) {
    double number = value->type == LUNETTE_INTEGER ? (double)value->as.integer : value->as.number;
    if (strnlen(name, NAME) == NAME)
        return LUNETTE_NOT_FOUND;
    return set(machine, state_of(machine), name, number) ? LUNETTE_OK : LUNETTE_MEMORY_LIMIT;
}

static lunette_status get_global(lunette_machine *machine, const char *name) {
    const struct variable *v = find(state_of(machine), name);
    lunette_value value = v ? lunette_number(v->value) : lunette_nil();
    return lunette_machine_results(machine, &value, 1);
}

/* --- From outside --- */

static void soften(lunette_machine *machine) {
    ((struct data *)lunette_machine_data(machine))->softened = true;
}

static void probe(lunette_machine *machine) {
    ((struct data *)lunette_machine_data(machine))->asked = true;
}

/* The line is in `data`, which is whole whatever became of the state. */
static bool post_mortem(lunette_machine *machine) {
    const struct data *data = lunette_machine_data(machine);
    lunette_frame frame = frame_of(data, data->line);
    lunette_machine_stand(machine, &frame, 1);
    return true;
}

static const char *version(void) {
    return "1.0";
}

static const char *const EXTENSIONS[] = {".calc"};
static const void *const CODE[] = {(const void *)run};

const lunette_backend calculator = {
    .size = sizeof(lunette_backend),
    .name = "calculator",
    .version = version,
    .extensions = EXTENSIONS,
    .extension_count = 1,
    .code = CODE,
    .code_count = 1,
    .data_size = sizeof(struct data),
    .build = build,
    .preload = preload,
    .prepare = prepare,
    .seed = seed,
    .run = run,
    .set_global = set_global,
    .get_global = get_global,
    .check_value = check_value,
    .collect = collect,
    .soften = soften,
    .probe = probe,
    .post_mortem = post_mortem,
    .end = end,
};
