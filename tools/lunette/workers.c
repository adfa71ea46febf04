/* Running a batch: threads that take the next run until none is left. See batch.h.
 *
 * Each run has a context from the engine's pool, so it starts clean. Which one a worker has is published under the
 * lock, so that the main thread may cancel the runs at any moment. */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "interrupt.h"
#include "preload.h"
#include "report.h"

enum {
    SHOWN_MOST = 1 << 20,
    STACK_LEAST = 1 << 20,
    STACK_SPARE = 256 << 10,
    TICK_NS = 50000000,
    SHOW_NS = 200000000
};

typedef struct crew crew;

typedef struct worker {
    crew *in;
    lunette_context *context;
    pthread_t thread;
    batch_script *showing; /* the script whose output is being kept, or NULL */
} worker;

struct crew {
    batch *all;
    worker *workers;
    unsigned started;
    _Atomic uint64_t next, done;
    atomic_bool stop;
    pthread_mutex_t lock; /* for what follows, and for worker.context while others run */
    pthread_cond_t idle;
    unsigned busy;
};

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- One run --------------------------------------------------------------------------------------------- */

/* Output is dropped, but for the first run of each script if it is to be shown. The library counts it. */
static void take_output(void *ud, lunette_context *context, const char *bytes, size_t size) {
    (void)ud;
    const worker *self = lunette_context_user_data(context);
    if (self == NULL || self->showing == NULL)
        return;
    batch_script *script = self->showing;
    const size_t room = SHOWN_MOST - script->shown.size;
    const size_t kept = size < room ? size : room;
    text_add(&script->shown, bytes, kept);
    script->shown_more += size - kept;
}

static void raise_to(_Atomic uint64_t *highest, uint64_t value) {
    uint64_t seen = atomic_load_explicit(highest, memory_order_relaxed);
    while (seen < value && !atomic_compare_exchange_weak_explicit(highest, &seen, value, memory_order_relaxed,
                                                                  memory_order_relaxed))
        ;
}

static void note_stats(batch_script *script, const lunette_context *context) {
    lunette_stats stats = {.size = sizeof stats};
    if (lunette_context_stats(context, &stats) != LUNETTE_OK)
        return;
    raise_to(&script->peak, stats.memory_peak);
    raise_to(&script->committed, stats.memory_committed);
    atomic_fetch_add_explicit(&script->output_bytes, stats.output_bytes, memory_order_relaxed);
}

/* Keeps the first failure of all; `what` names the call. Under the lock, or before and after the others run. */
static void keep_failure(batch *all, lunette_status status, const char *what, const char *reason) {
    if (all->failure != LUNETTE_OK)
        return;
    all->failure = status;
    snprintf(all->failure_text, sizeof all->failure_text, "%s: %s", what, reason);
}

/* The same for a call of the library that was refused. */
static void note_failure(crew *in, lunette_status status, const char *what) {
    char reason[200];
    snprintf(reason, sizeof reason, "%s", lunette_last_failure());
    pthread_mutex_lock(&in->lock);
    keep_failure(in->all, status, what, reason[0] != '\0' ? reason : lunette_status_text(status));
    pthread_mutex_unlock(&in->lock);
}

static void run_one(worker *self, uint64_t number) {
    batch *all = self->in->all;
    const size_t which = (size_t)(number % all->script_count);
    const uint64_t turn = number / all->script_count;
    batch_script *script = &all->scripts[which];
    self->showing = all->from->show_output && turn == 0 ? script : NULL;
    const char *content = text_string(&script->text.content);
    const uint64_t start = now_ns();
    const lunette_status status =
        lunette_context_run(self->context, text_string(&script->text.name), content + script->text.skip,
                            script->text.content.size - script->text.skip, NULL, NULL);
    const uint64_t wall = now_ns() - start;
    if (status < LUNETTE_OK)
        note_failure(self->in, status, script->path);
    /* What the interrupt itself ended says nothing about the script. */
    if (status == LUNETTE_CANCELLED && atomic_load(&self->in->stop))
        return;
    note_stats(script, self->context);
    all->samples[which * all->from->repeat + turn] = sample_of(wall, status);
    atomic_fetch_add_explicit(&self->in->done, 1, memory_order_relaxed);
}

/* Who interrupts the workers reads their contexts under the lock; releasing one cleans it, which is not for that. */
static lunette_context *publish(worker *self, lunette_context *context) {
    pthread_mutex_lock(&self->in->lock);
    lunette_context *before = self->context;
    self->context = context;
    pthread_mutex_unlock(&self->in->lock);
    return before;
}

/* Back into the pool, and one as new for the next run. false: there is none. */
static bool renew(worker *self) {
    lunette_context *context = publish(self, NULL);
    lunette_context_release(&context);
    const lunette_status status = lunette_context_acquire(self->in->all->engine, &context);
    if (status != LUNETTE_OK) {
        note_failure(self->in, status, "a new context");
        return false;
    }
    lunette_context_set_user_data(context, self);
    publish(self, context);
    return true;
}

static void *work(void *argument) {
    worker *self = argument;
    crew *in = self->in;
    while (!atomic_load_explicit(&in->stop, memory_order_relaxed)) {
        const uint64_t number = atomic_fetch_add_explicit(&in->next, 1, memory_order_relaxed);
        if (number >= in->all->total)
            break;
        run_one(self, number);
        if (!renew(self))
            break;
    }
    pthread_mutex_lock(&in->lock);
    in->busy--;
    pthread_cond_signal(&in->idle);
    pthread_mutex_unlock(&in->lock);
    return NULL;
}

/* --- The crew -------------------------------------------------------------------------------------------- */

static void show_progress(const crew *in, uint64_t start) {
    const uint64_t done = atomic_load_explicit(&in->done, memory_order_relaxed);
    const double seconds = (double)(now_ns() - start) / 1e9;
    fprintf(stderr, "\r%llu of %llu runs, %.0f per second\033[K", (unsigned long long)done,
            (unsigned long long)in->all->total, seconds > 0 ? (double)done / seconds : 0.0);
}

/* Ctrl-C: no more runs, and those going on end. Said again at each tick, for a run that was just about to begin. */
static void stop_all(crew *in) {
    atomic_store(&in->stop, true);
    in->all->interrupted = true;
    for (unsigned i = 0; i < in->started; i++)
        if (in->workers[i].context != NULL)
            lunette_context_cancel(in->workers[i].context);
}

static void wait_for_all(crew *in, uint64_t start) {
    const bool progress = isatty(STDERR_FILENO);
    uint64_t last_shown = start;
    pthread_mutex_lock(&in->lock);
    while (in->busy > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&in->idle, &in->lock, &until);
        if (interrupt_seen())
            stop_all(in);
        if (progress && now_ns() - last_shown > SHOW_NS) {
            last_shown = now_ns();
            show_progress(in, start);
        }
    }
    pthread_mutex_unlock(&in->lock);
    if (progress && last_shown != start)
        fputs("\r\033[K", stderr);
}

static bool start_thread(worker *self, size_t stack) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error == 0) {
        error = pthread_attr_setstacksize(&attributes, stack);
        if (error == 0)
            error = pthread_create(&self->thread, &attributes, work, self);
        pthread_attr_destroy(&attributes);
    }
    if (error != 0)
        keep_failure(self->in->all, LUNETTE_SYSTEM, "cannot start a thread", strerror(error));
    return error == 0;
}

/* A whole number of pages, with room for the tool's own frames. */
static size_t stack_size(lunette_engine *engine) {
    lunette_engine_info info = {.size = sizeof info};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = STACK_LEAST;
    if (lunette_engine_info_get(engine, &info) == LUNETTE_OK && info.stack_needed + STACK_SPARE > size)
        size = info.stack_needed + STACK_SPARE;
    return (size + page - 1) / page * page;
}

/* Interrupts are the main thread's: the others block them. Where not all threads can be had, none begins. */
static void start_all(crew *in) {
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigaddset(&interrupt, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    const size_t stack = stack_size(in->all->engine);
    pthread_mutex_lock(&in->lock);
    while (in->started < in->all->worker_count && start_thread(&in->workers[in->started], stack))
        in->busy = ++in->started;
    if (in->started < in->all->worker_count)
        atomic_store(&in->stop, true);
    pthread_mutex_unlock(&in->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static tool_exit open_contexts(crew *in) {
    for (unsigned i = 0; i < in->all->worker_count; i++) {
        worker *each = &in->workers[i];
        each->in = in;
        const lunette_status status = lunette_context_acquire(in->all->engine, &each->context);
        if (status != LUNETTE_OK)
            return report_refusal(in->all->from, NULL, status);
        lunette_context_set_user_data(each->context, each);
    }
    return TOOL_OK;
}

/* No script may end the process that runs the others: os.exit is denied, also at level none. */
static tool_exit open_engine(batch *all) {
    static const char exit_name[] = "os.exit";
    lunette_config config = options_config(all->from);
    const char **deny = calloc(config.deny_count + 1, sizeof *deny);
    if (deny == NULL)
        return report_no_memory(all->from);
    for (size_t i = 0; i < config.deny_count; i++)
        deny[i] = config.deny[i];
    deny[config.deny_count++] = exit_name;
    config.deny = deny;
    config.output = take_output;
    preload modules;
    const tool_exit unread = preload_open(&modules, all->from, &config);
    const lunette_status status = unread == TOOL_OK ? lunette_engine_open(&config, &all->engine) : LUNETTE_OK;
    preload_close(&modules);
    free(deny);
    if (unread != TOOL_OK)
        return unread;
    return status == LUNETTE_OK ? TOOL_OK : report_refusal(all->from, NULL, status);
}

static void run_crew(crew *in) {
    interrupt_arm(NULL);
    const uint64_t start = now_ns();
    start_all(in);
    wait_for_all(in, start);
    for (unsigned i = 0; i < in->started; i++)
        pthread_join(in->workers[i].thread, NULL);
    in->all->elapsed_ns = now_ns() - start;
    interrupt_disarm();
}

/* At level none a script reads and writes the process's own streams: meanwhile they lead nowhere. */
static void run_apart(crew *in) {
    capture streams;
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (nothing < 0 || input < 0) {
        keep_failure(in->all, LUNETTE_SYSTEM, "/dev/null", strerror(errno));
    } else if (capture_begin(&streams) != TOOL_OK) {
        keep_failure(in->all, LUNETTE_SYSTEM, "standard output", "it cannot be put aside");
    } else {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        run_crew(in);
        dup2(input, STDIN_FILENO);
        (void)capture_end(&streams, NULL);
    }
    if (nothing >= 0)
        close(nothing);
    if (input >= 0)
        close(input);
}

tool_exit workers_run(batch *all) {
    crew in = {.all = all, .lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};
    in.workers = calloc(all->worker_count, sizeof *in.workers);
    if (in.workers == NULL)
        return report_no_memory(all->from);
    tool_exit status = open_engine(all);
    if (status == TOOL_OK)
        status = open_contexts(&in);
    if (status == TOOL_OK)
        run_apart(&in);
    for (unsigned i = 0; i < all->worker_count; i++)
        lunette_context_release(&in.workers[i].context);
    lunette_engine_close(&all->engine);
    free(in.workers);
    return status;
}
