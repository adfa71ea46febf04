/* Many threads, one engine: each takes a clean context from the pool for every request, and gives it back. Nothing is
 * shared but the engine, and nothing is left of one request for the next.
 *
 *     cc thread_pool.c $(pkg-config --cflags --libs lunette) -pthread -o thread_pool && ./thread_pool [threads] */
#include <lunette.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUESTS = 5000, THREADS_MOST = 64 };

/* Leaves what it can behind: a global, and a changed library. */
static const char text[] = "local request = ...\n"
                           "assert(visited == nil and string.upper('x') == 'X')\n"
                           "visited = request\n"
                           "string.upper = function() return 'somebody was here' end\n"
                           "return request * 2\n";

typedef struct worker {
    pthread_t thread;
    lunette_engine *engine;
    const lunette_script *script;
    int done;
} worker;

static lunette_status serve(worker *self, int request) {
    lunette_context *context = NULL;
    lunette_value *results = NULL, argument = lunette_integer(request);
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    lunette_status status = lunette_context_acquire(self->engine, &context);
    if (status == LUNETTE_OK)
        status = lunette_context_run_script(context, self->script, &options, &results);
    if (status == LUNETTE_OK && lunette_value_at(results, 0)->as.integer == 2 * (int64_t)request)
        self->done++;
    else
        fprintf(stderr, "request %d: %s\n", request, lunette_context_message(context, status));
    lunette_value_free(&results);
    lunette_context_release(&context);
    return status;
}

static void *work(void *ud) {
    worker *self = ud;
    for (int i = 0; i < REQUESTS; i++)
        if (serve(self, i) != LUNETTE_OK)
            break;
    return NULL;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 4, done = 0;
    worker workers[THREADS_MOST];
    lunette_engine *engine = NULL;
    lunette_script *script = NULL;
    if (threads < 1 || threads > THREADS_MOST) {
        fprintf(stderr, "usage: thread_pool [1 to %d threads]\n", (int)THREADS_MOST);
        return 2;
    }
    if (lunette_engine_open(NULL, &engine) != LUNETTE_OK ||
        lunette_script_compile(engine, "request", text, LUNETTE_ZERO_TERMINATED, &script) != LUNETTE_OK) {
        fprintf(stderr, "the host: %s\n", lunette_last_failure());
        lunette_engine_close(&engine);
        return 1;
    }
    for (int i = 0; i < threads; i++) {
        workers[i] = (worker){.engine = engine, .script = script};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            threads = i;
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    lunette_pool_stats stats = {.size = sizeof stats};
    lunette_engine_pool_stats(engine, &stats);
    printf("%d requests in %d threads; %llu contexts were made for them\n", done, threads,
           (unsigned long long)stats.made);
    lunette_script_close(&script);
    lunette_engine_close(&engine);
    return done == threads * REQUESTS ? 0 : 1;
}
