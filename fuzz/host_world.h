/* The world of the fuzzer `host`: engines with modules of every kind, tenants that may reach some of them, and host functions
 * (host_functions.c) that know what must be true whenever they are called. What an input does in it is in host.c and its rooms
 * (host_session.h), what scripts do there in host_script.c.
 *
 * Each input has two seats: contexts of two tenants of one engine. What the host has of them is kept here, with what is known
 * of it: objects (how often closed), references (good or not), values that name objects, tokens. */
#ifndef HOST_WORLD_H
#define HOST_WORLD_H

#include <lunette.h>

#include "fuzz.h"

enum {
    OBJECT_MAGIC = 0x0b1ec7,
    SEATS = 2,
    ENGINES = 2,
    TENANTS = 8, /* of each engine */
    OBJECTS = 400,
    KEPT = 96,
    SNAPSHOTS = 4,
    TOKENS = 64
};

/* Of the host's types, and what modules keep: closed exactly once, or never, if no context ever had it. */
typedef struct object {
    uint32_t magic;
    int closed;
    bool given;
    bool is_state;
    bool unheld; /* no script ever got a handle of it: closed by the next collection, at the latest */
    struct seat *of;
    uint64_t born; /* see `now` */
} object;

/* What the host has of a script: a reference to a function, or a value that names an object. */
typedef struct kept {
    struct seat *of;
    lunette_value value;
    uint64_t born;
    bool dead;      /* a function's: it must be refused */
    int serial;     /* the function says this number as it is called; 0: it may be any function */
    object *object; /* that the value named when it came; NULL: none, it was closed already */
} kept;

typedef struct tenant_world {
    lunette_engine *engine;
    lunette_tenant *tenant;
    size_t which, of_engine;
} tenant_world;

typedef struct seat {
    lunette_context *context;
    const tenant_world *at;
    bool inside;       /* a call of ours is in the context */
    bool waits;        /* a run does */
    uint64_t token;    /* of that wait */
    uint64_t asked;    /* the token that lunette_call_suspend() gave last, in this piece of a run; 0: none */
    bool answered;     /* the wait was answered, and nobody has looked yet; by: */
    bool answer_known; /* values, as below; or an error */
    int64_t answer;
    lunette_status gone; /* lunette_call_invoke() said that the run has been ended, and why */
    bool with_grace, rolls_back, retries;
    uint64_t began; /* the attempt that runs: see `now` */
    unsigned told;  /* errors that on_error was told, in this call */
    lunette_status told_status;
    lunette_stats figures; /* of the pieces of the run that waits */
    struct {
        uint64_t number, at;
    } snapshots[SNAPSHOTS];
    size_t snapshot_count;
    int first_tick; /* the first function that said its number in this call; 0: none */
} seat;

typedef struct world {
    feed *input; /* chooses all steps, also those inside runs */
    seat seats[SEATS];
    object objects[OBJECTS];
    size_t object_count;
    kept things[KEPT];
    size_t thing_count;
    uint64_t now; /* counts whatever is made, so that it is known what came before what */
    int serials;
    uint64_t tokens[TOKENS]; /* the last ones */
    size_t token_count;
    int depth;                     /* of runs inside runs */
    lunette_usage expected[SEATS]; /* what the tenants must say that their runs came to */
    bool sums_unknown;             /* but for times and the like: the host was not told all figures */
} world;

extern world the;

extern const lunette_class ACCOUNT, OTHER_VERSION, STRANGER;

/* Opens it, if it is not open yet. */
const tenant_world *world_tenant(size_t engine, size_t which);

/* Names for `require`: what there is in this world, and what is not. */
size_t world_name_count(void);
const char *world_name(size_t index);
/* Whether a script of that tenant may require it, and it is there; `of_host`: a module of functions. */
bool world_allows(const tenant_world *of, const char *name);
bool world_has(const tenant_world *of, const char *name);
bool world_may_fetch(const tenant_world *of);
/* By what a script requires a module of functions: with the engine's prefix. */
const char *world_prefix(const tenant_world *of);

/* Forgets all of the input before. */
void world_begin(void);

/* NULL: there are enough. */
object *world_object(seat *of, bool is_state);

/* The host has something of a script from now on: no nil, and no more than there is room for. Returns its place or NULL. */
kept *world_keep(seat *of, const lunette_value *value, int serial);
/* Each function and object in a value. */
void world_keep_all(seat *of, const lunette_value *value);
kept *world_thing(size_t index);

/* Whether it may be given to that seat's context: it is of it, and neither forgotten nor closed. */
bool world_is_good(const seat *of, const kept *thing);

/* What is asked of the library about a thing must be answered as is known. */
void world_check_thing(seat *in, const kept *thing);

/* A reset, or a way back: what was made since `since` is closed, once, and refused. */
void world_lost(seat *of, uint64_t since, bool states_too);

/* What is sound at any time: nothing was closed twice, and what is nobody's never. */
void world_check_objects(void);
/* After a collection. */
void world_check_unheld(const seat *of);
/* A context has been given back. */
void world_check_all_closed(const seat *of);

/* The close callbacks of types, and of what modules keep. */
void world_close_object(void *ud, void *which);
void world_close_state(void *ud, void *which);

#endif
