/* Cancelling: a script that would run for ever, and another thread that has had enough of it. lunette_context_cancel() may
 * be called from any thread, and from a signal handler.
 *
 *     cc cancel.c $(pkg-config --cflags --libs lunette) -pthread -o cancel */
#include <lunette.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

static void *lose_patience(void *ud) {
    const struct timespec patience = {.tv_nsec = 50000000};
    nanosleep(&patience, NULL);
    lunette_context_cancel(ud);
    return NULL;
}

static const char script[] = "local n = 0\n"
                             "while true do\n"
                             "  pcall(function() while true do n = n + 1 end end)\n"
                             "end\n";

int main(void) {
    lunette_config config = lunette_config_default();
    config.limits.wall_ns = LUNETTE_UNLIMITED;

    lunette_engine *engine = NULL;
    lunette_context *context = NULL;
    pthread_t other;
    lunette_status status = lunette_engine_open(&config, &engine);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine, &context);
    if (status == LUNETTE_OK && pthread_create(&other, NULL, lose_patience, context) == 0) {
        status = lunette_context_run(context, "endless", script, LUNETTE_ZERO_TERMINATED, NULL, NULL);
        pthread_join(other, NULL);
    }
    const lunette_error *error = lunette_context_error(context);
    if (status == LUNETTE_CANCELLED && error != NULL)
        printf("%s:%d: %s\n", error->chunk != NULL ? error->chunk : "?", error->line, error->message);
    else
        fprintf(stderr, "%s: %s\n", lunette_status_name(status), lunette_last_failure());
    lunette_context_release(&context);
    lunette_engine_close(&engine);
    return status == LUNETTE_CANCELLED ? 0 : 1;
}
