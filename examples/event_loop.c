/* Ten thousand scripts on one thread, all waiting at once: what a script calls like any function (sleep, ask) answers
 * later, when the event loop says so. While it waits, its context is suspended and costs its memory alone.
 *
 * The loop is libuv's. Timers wake most scripts; some talk to a server over TCP, which this program starts itself on a
 * loopback port.
 *
 *     cc event_loop.c $(pkg-config --cflags --libs lunette libuv) -o event_loop && ./event_loop [how many] */
#include <lunette.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static const char script[] = "local number = ...\n"
                             "sleep(number % 20)\n"
                             "local ok, why = pcall(sleep, -1)\n"
                             "assert(not ok and why:find('a time that is to come'))\n"
                             "if number % 100 == 0 then\n"
                             "    return ask('number ' .. number)\n"
                             "end\n"
                             "sleep(number % 7)\n"
                             "return 'slept ' .. number\n";

/* One request: a context, and what it waits for. */
typedef struct job {
    int number;
    lunette_context *context;
    uint64_t token;
    uv_timer_t timer;
    uv_tcp_t socket;
    uv_connect_t connect;
    uv_write_t write;
    char bytes[64]; /* asked, then answered */
    size_t size;
    const char *error; /* in place of an answer */
} job;

static uv_loop_t loop;
static struct sockaddr_in server_address;
static int unfinished, failed, answers;

static void settle(job *of, lunette_status status, lunette_value **results);

/* --- The server: answers with what it was sent, in brackets --- */

static void on_close_free(uv_handle_t *handle) {
    free(handle);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room) {
    (void)handle;
    (void)wanted;
    room->base = malloc(128);
    room->len = room->base != NULL ? 128 : 0;
}

static void on_question(uv_stream_t *client, ssize_t size, const uv_buf_t *room) {
    if (size > 0) {
        char answer[160];
        const int length = snprintf(answer, sizeof answer, "[%.*s]", (int)size, room->base);
        uv_buf_t out = uv_buf_init(answer, (unsigned)length);
        if (uv_try_write(client, &out, 1) != length)
            fprintf(stderr, "the server could not answer\n");
    }
    free(room->base);
    if (size != 0 && !uv_is_closing((uv_handle_t *)client))
        uv_close((uv_handle_t *)client, on_close_free);
}

static void on_client(uv_stream_t *server, int status) {
    uv_tcp_t *client = status == 0 ? malloc(sizeof *client) : NULL;
    if (client == NULL)
        return;
    uv_tcp_init(&loop, client);
    if (uv_accept(server, (uv_stream_t *)client) == 0)
        uv_read_start((uv_stream_t *)client, on_room, on_question);
    else
        uv_close((uv_handle_t *)client, on_close_free);
}

static int start_server(uv_tcp_t *server) {
    int size = sizeof server_address;
    uv_ip4_addr("127.0.0.1", 0, &server_address);
    uv_tcp_init(&loop, server);
    int error = uv_tcp_bind(server, (struct sockaddr *)&server_address, 0);
    if (error == 0)
        error = uv_listen((uv_stream_t *)server, 1024, on_client);
    uv_unref((uv_handle_t *)server); /* the loop goes on for as long as a script waits, not for its sake */
    return error == 0 ? uv_tcp_getsockname(server, (struct sockaddr *)&server_address, &size) : error;
}

/* --- What scripts may call. Each begins something, and answers "pending". --- */

static void on_timer(uv_timer_t *timer) {
    job *of = timer->data;
    lunette_value *results = NULL;
    settle(of, lunette_context_resume(of->context, of->token, NULL, 0, &results), &results);
}

static lunette_status do_sleep(void *ud, lunette_call *call) {
    (void)ud;
    job *of = lunette_context_user_data(lunette_call_context(call));
    int64_t ms;
    lunette_status status = lunette_arg_integer(call, 1, &ms);
    if (status != LUNETTE_OK)
        return status;
    if (ms < 0)
        return lunette_arg_fail(call, 1, "a time that is to come expected");
    status = lunette_call_suspend(call, &of->token);
    if (status == LUNETTE_SUSPENDED)
        uv_timer_start(&of->timer, on_timer, (uint64_t)ms, 0);
    return status;
}

/* Only now may the script go on, for it may ask again. */
static void on_socket_closed(uv_handle_t *handle) {
    job *of = handle->data;
    lunette_value answer = lunette_string(of->bytes, of->size), *results = NULL;
    lunette_status status = of->error != NULL
                                ? lunette_context_resume_error(of->context, of->token, of->error, &results)
                                : lunette_context_resume(of->context, of->token, &answer, 1, &results);
    settle(of, status, &results);
}

static void finish_asking(job *of, int error) {
    of->error = error != 0 ? uv_strerror(error) : NULL;
    uv_close((uv_handle_t *)&of->socket, on_socket_closed);
}

static void on_answer(uv_stream_t *stream, ssize_t size, const uv_buf_t *room) {
    job *of = stream->data;
    of->size = size > 0 && (size_t)size <= sizeof of->bytes ? (size_t)size : 0;
    if (of->size > 0)
        memcpy(of->bytes, room->base, of->size);
    free(room->base);
    if (size == 0) /* not yet */
        return;
    answers += of->size > 0;
    finish_asking(of, size < 0 ? (int)size : 0);
}

static void on_connected(uv_connect_t *request, int status) {
    job *of = request->data;
    uv_buf_t out = uv_buf_init(of->bytes, (unsigned)of->size);
    if (status == 0)
        status = uv_write(&of->write, (uv_stream_t *)&of->socket, &out, 1, NULL);
    if (status == 0)
        status = uv_read_start((uv_stream_t *)&of->socket, on_room, on_answer);
    if (status != 0)
        finish_asking(of, status);
}

static lunette_status do_ask(void *ud, lunette_call *call) {
    (void)ud;
    job *of = lunette_context_user_data(lunette_call_context(call));
    const char *question;
    lunette_status status = lunette_arg_string(call, 1, &question, &of->size);
    if (status != LUNETTE_OK)
        return status;
    if (of->size > sizeof of->bytes)
        return lunette_arg_fail(call, 1, "at most %zu bytes can be asked", sizeof of->bytes);
    memcpy(of->bytes, question, of->size);
    status = lunette_call_suspend(call, &of->token);
    if (status != LUNETTE_SUSPENDED)
        return status;
    uv_tcp_init(&loop, &of->socket);
    of->socket.data = of->connect.data = of;
    const int error =
        uv_tcp_connect(&of->connect, &of->socket, (struct sockaddr *)&server_address, on_connected);
    if (error != 0)
        finish_asking(of, error); /* it has asked to wait, so the script is told later */
    return status;
}

/* --- Jobs --- */

/* A run has ended, or waits again. */
static void settle(job *of, lunette_status status, lunette_value **results) {
    if (status == LUNETTE_SUSPENDED)
        return;
    if (status != LUNETTE_OK) {
        fprintf(stderr, "script %d: %s\n", of->number, lunette_context_message(of->context, status));
        failed++;
    } else if (of->number % 1000 == 0) {
        printf("script %d: %s\n", of->number, lunette_value_at(*results, 0)->as.string.bytes);
    }
    lunette_value_free(results);
    lunette_context_release(&of->context);
    unfinished--;
}

static lunette_status start(job *of, lunette_engine *engine, const lunette_script *compiled, int number) {
    of->number = number;
    uv_timer_init(&loop, &of->timer);
    of->timer.data = of;
    lunette_status status = lunette_context_acquire(engine, &of->context);
    if (status != LUNETTE_OK)
        return status;
    lunette_context_set_user_data(of->context, of);
    lunette_value argument = lunette_integer(number), *results = NULL;
    lunette_run_options options = lunette_run_options_default();
    options.arguments = &argument;
    options.argument_count = 1;
    unfinished++;
    settle(of, lunette_context_run_script(of->context, compiled, &options, &results), &results);
    return LUNETTE_OK;
}

static lunette_status run_all(lunette_engine *engine, job *jobs, int count) {
    lunette_script *compiled = NULL;
    lunette_status status =
        lunette_script_compile(engine, "visitor", script, LUNETTE_ZERO_TERMINATED, &compiled);
    for (int i = 0; i < count && status == LUNETTE_OK; i++)
        status = start(&jobs[i], engine, compiled, i + 1);
    printf("%d of %d scripts wait at once\n", unfinished, count);
    while (unfinished > 0 && uv_run(&loop, UV_RUN_ONCE) != 0)
        continue;
    lunette_script_close(&compiled);
    return status;
}

static lunette_status open_engine(lunette_engine **engine) {
    static const lunette_function functions[] = {
        {.name = "sleep", .call = do_sleep, .min_arguments = 1, .max_arguments = 1, .suspends = true},
        {.name = "ask", .call = do_ask, .min_arguments = 1, .max_arguments = 1, .suspends = true},
    };
    lunette_module module = lunette_module_default();
    module.name = "";
    module.functions = functions;
    module.function_count = 2;
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    config.modules = modules;
    config.module_count = 1;
    config.limits.memory = 1u << 20;
    return lunette_engine_open(&config, engine);
}

int main(int argc, char **argv) {
    const int count = argc > 1 ? atoi(argv[1]) : 10000;
    lunette_engine *engine = NULL;
    uv_tcp_t server;
    job *jobs = count > 0 ? calloc((size_t)count, sizeof *jobs) : NULL;
    if (jobs == NULL || uv_loop_init(&loop) != 0 || start_server(&server) != 0) {
        free(jobs);
        return 2;
    }
    lunette_status status = open_engine(&engine);
    if (status == LUNETTE_OK)
        status = run_all(engine, jobs, count);
    if (status != LUNETTE_OK)
        fprintf(stderr, "the host: %s\n", lunette_last_failure());
    printf("%d answers from the server, %d scripts failed\n", answers, failed);
    uv_close((uv_handle_t *)&server, NULL);
    for (int i = 0; i < count; i++)
        if (jobs[i].timer.data != NULL)
            uv_close((uv_handle_t *)&jobs[i].timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    lunette_engine_close(&engine);
    free(jobs);
    return status == LUNETTE_OK && failed == 0 && answers == count / 100 ? 0 : 1;
}
