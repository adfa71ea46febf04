/* The rooms of a session of the fuzzer `host`, and what they ask of each other. Each has one kind of step: it does what the
 * input (the.input) chooses, and judges what comes of it by what is known (host_world.h). Steps are of a seat whose context
 * nothing runs in, unless it is said. */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "host_world.h"

enum { TEXT_MOST = 1 << 13 }; /* bytes of an input, and of a script that it makes */
#define MILLISECOND UINT64_C(1000000)

#define EXPECT_STATUS(status, wanted) \
    FUZZ_EXPECT((status) == (wanted), "%s: %s", lunette_status_name(status), lunette_last_failure())

/* --- host.c: steps --- */

/* What host functions do with this context and the other while a script of this one runs. */
void session_inside(seat *of, uint8_t what);

/* --- host_seats.c: contexts as a whole --- */

seat *seat_other(const seat *s);

/* Around each call by which a script may run, or an object may be closed. */
void seat_enter(seat *s);
void seat_leave(seat *s);

/* A run that waited does not any more, and was not resumed. */
void seat_give_up(seat *s);

void seat_acquire(seat *s);
void seat_reset(seat *s);
void seat_release(seat *s);
void seat_collect(seat *s);
void seat_reset_and_keep(seat *s);

/* Each reference that the host has: those that are gone are refused. */
void seat_check_refused(seat *s);

/* --- host_judge.c: what a call has answered --- */

/* The engine's on_error. */
void judge_told(void *ud, lunette_context *context, const lunette_error *error);

/* For each call that ran something: results NULL if it gave none. Then, when all that is to be asked has been asked,
 * judge_finish(): the run is over, if it does not wait. */
void judge_run(seat *s, lunette_status status, lunette_value *results);
void judge_finish(seat *s, lunette_status status);

/* A run that ended like that was ended, by its limits, its host or a fault: not by an error of its own. */
bool judge_ended_from_outside(lunette_status status);

/* --- host_run.c: runs --- */

void run_script(seat *s);
void run_function(seat *s);
void run_named(seat *s);
void run_import(seat *s);

/* --- host_wait.c: waits --- */

void wait_resume(seat *s, bool with_error);
void wait_drop(seat *s);

/* --- host_snapshots.c: ways back --- */

void snapshot_take(seat *s);
void snapshot_restore(seat *s);

/* Gives a global variable a value of its own, before a run that may be undone: *mark. False: there is no memory for it. */
bool snapshot_mark(seat *s, int64_t *mark);
void snapshot_check_mark(seat *s, int64_t mark);

/* --- host_things.c: what the host gives, and has --- */

/* A name that scripts use, or one that leads nowhere. */
const char *things_choose_global(void);
/* The caller frees it. NULL: it is too large, or there is no memory for it. */
lunette_value *things_get_global(seat *s, const char *name);
void things_set_global(seat *s);
void things_read_global(seat *s);
void things_make_object(seat *s);
/* Also from a function that a script of this context calls. */
void things_close(seat *s);
void things_forget(seat *s);

/* --- host_tenants.c: what tenants are charged, and get --- */

/* A run, or a piece of one, has ended: its tenant counts it. */
void tenant_charge_run(const seat *s, lunette_status status);
/* Once for all pieces of a run. */
void tenant_charge_figures(const seat *s, const lunette_stats *stats);

/* What the seat's tenant says that it used. */
void tenant_usage(const seat *s, lunette_usage *usage);
/* All contexts are given back; `before`: what the seats' tenants had used as they were acquired. */
void tenant_check_usage(const lunette_usage before[SEATS]);

void tenant_change_limits(const seat *s);
void tenant_ask_too_much(const seat *s);
void tenant_check_reach(seat *s);

#endif
