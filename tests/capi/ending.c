/* Waits that another thread ends, and handles that are freed in the middle: one rule a run, see rules.h. */
#include "rules.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* A thread that waits for something of firepush until that is stopped. */
struct waiting {
    struct word is_ready;
    struct task task;
    firepush_client *client;
    firepush_job *job;
};

#define WAITING {UNSAID, {""}, NULL, NULL}

static void begin(struct waiting *waiting)
{
    waiting->task = this_task();
    say(&waiting->is_ready);
}

static void *wait_for_the_job(void *with)
{
    struct waiting *waiting = with;
    begin(waiting);
    GIVES(STOPPED, firepush_job_wait(waiting->job, -1));
    return NULL;
}

static void *wait_for_a_file(void *with)
{
    struct waiting *waiting = with;
    firepush_delivery *delivery = NULL;
    int rc;
    begin(waiting);
    /* First comes what was cut off. */
    while ((rc = firepush_inbox_next(inbox, -1, &delivery)) == 0) {
        CHECK(firepush_delivery_error(delivery) < 0);
        firepush_delivery_free(delivery);
    }
    GIVES(STOPPED, rc);
    CHECK(delivery == NULL);
    return NULL;
}

static void *connect_it(void *with)
{
    struct waiting *waiting = with;
    begin(waiting);
    GIVES(STOPPED, firepush_client_connect(waiting->client));
    return NULL;
}

static void *run_the_spool(void *with)
{
    struct waiting *waiting = with;
    begin(waiting);
    GIVES(STOPPED, firepush_spool_run(waiting->client, NULL, NULL));
    return NULL;
}

/* Returns when it waits. */
static pthread_t wait_in_a_thread(void *(*run)(void *), struct waiting *waiting)
{
    pthread_t thread = started(run, waiting);
    hear(&waiting->is_ready);
    while (!is_in_poll(&waiting->task)) sched_yield();
    return thread;
}

/* Nobody takes the file, so that its job goes on until it is ended. */
static int hold_on(void *told, const char *id, const char *name, uint64_t offset, const void *bytes, size_t size)
{
    hear(told);
    return take_all(NULL, id, name, offset, bytes, size);
}

static struct word may_arrive = UNSAID;

static firepush_job *push_and_hold(void)
{
    static const char BYTES[SIZE] = "";
    receive_with(hold_on, &may_arrive);
    return pushed(device, to, BYTES, SIZE);
}

static void freeing_a_job_ends_the_wait_for_it(void)
{
    struct waiting waiting = WAITING;
    waiting.job = push_and_hold();
    pthread_t thread = wait_in_a_thread(wait_for_the_job, &waiting);
    firepush_job_free(waiting.job);
    joined(thread);
    say(&may_arrive);
}

static void cancelling_a_job_ends_the_wait_for_it(void)
{
    struct waiting waiting = WAITING;
    waiting.job = push_and_hold();
    pthread_t thread = wait_in_a_thread(wait_for_the_job, &waiting);
    GIVES(0, firepush_job_cancel(waiting.job));
    joined(thread);
    say(&may_arrive);
    firepush_job_free(waiting.job);
    check_that_the_rest_goes_on();
}

static void freeing_an_inbox_ends_the_wait_for_it(void)
{
    struct waiting waiting = WAITING;
    receive_with(take_all, NULL);
    pthread_t thread = wait_in_a_thread(wait_for_a_file, &waiting);
    firepush_inbox_free(inbox);
    joined(thread);
    receive_with(take_all, NULL);
    check_that_the_rest_goes_on();
}

static void aborting_ends_the_waits_of_jobs_and_inboxes(void)
{
    struct waiting sending = WAITING, receiving = WAITING;
    sending.job = push_and_hold();
    pthread_t sender = wait_in_a_thread(wait_for_the_job, &sending);
    pthread_t receiver = wait_in_a_thread(wait_for_a_file, &receiving);
    GIVES(0, firepush_client_abort(device));
    joined(sender);
    GIVES(0, firepush_client_abort(ops));
    say(&may_arrive);
    joined(receiver);
    firepush_job_free(sending.job);
}

/* ---- A server that never says a word ------------------------------------------------------------------ */

struct silent {
    int listener;
    firepush_client *client;
};

static struct silent silent_server(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char text[32];
    struct silent silent = {socket(AF_INET, SOCK_STREAM, 0), NULL};
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(silent.listener, (struct sockaddr *)&address, size) == 0 && listen(silent.listener, 1) == 0);
    CHECK(getsockname(silent.listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    firepush_config *config = configured(device_conf);
    GIVES(0, firepush_config_set(config, "server", text));
    silent.client = made_of(config);
    return silent;
}

/* Lets it connect, and has it wait for the first word; then something ends that. */
static void ends_what_waits(void *(*run)(void *), void (*end)(firepush_client *))
{
    struct silent silent = silent_server();
    struct waiting waiting = WAITING;
    waiting.client = silent.client;
    pthread_t thread = started(run, &waiting);
    int connection = accept(silent.listener, NULL, NULL);
    CHECK(connection >= 0);
    end(silent.client);
    joined(thread);
    firepush_client_free(silent.client);
    close(connection), close(silent.listener);
}

static void abort_it(firepush_client *client)
{
    GIVES(USAGE, firepush_client_connect(client));
    GIVES(0, firepush_client_abort(client));
}

static void abort_the_run(firepush_client *client)
{
    GIVES(0, firepush_client_abort(client));
}

static void aborting_ends_a_connect(void)
{
    ends_what_waits(connect_it, abort_it);
}

static void freeing_ends_a_connect(void)
{
    ends_what_waits(connect_it, firepush_client_free);
}

static void ends_a_run(void (*end)(firepush_client *))
{
    GIVES(0, firepush_spool_add_memory(device, to, "name", "bytes", 5));
    ends_what_waits(run_the_spool, end);
}

static void aborting_ends_a_run(void)
{
    ends_a_run(abort_the_run);
}

static void freeing_ends_a_run(void)
{
    ends_a_run(firepush_client_free);
}

/* ---- Any order ---------------------------------------------------------------------------------------- */

/* What had an outcome keeps it; the handles stay until they are freed themselves. */
static void freeing_a_client_stops_its_jobs_and_inboxes(void)
{
    struct waiting sending = WAITING, receiving = WAITING;
    receive_with(take_all, NULL);
    firepush_job *sent = pushed(device, to, "bytes", 5);
    GIVES(0, firepush_job_wait(sent, -1));
    CHECK(next_error() == 0);
    firepush_inbox_free(inbox);
    sending.job = push_and_hold();
    pthread_t sender = wait_in_a_thread(wait_for_the_job, &sending);
    pthread_t receiver = wait_in_a_thread(wait_for_a_file, &receiving);
    firepush_client_free(device);
    joined(sender);
    GIVES(USAGE, firepush_client_connect(device));
    GIVES(STOPPED, firepush_job_poll(sending.job));
    GIVES(0, firepush_job_poll(sent));
    say(&may_arrive);
    firepush_client_free(ops);
    joined(receiver);
    firepush_job_free(sending.job);
    firepush_job_free(sent);
}

static void *free_the_job(void *job)
{
    firepush_job_free(job);
    return NULL;
}

static void two_threads_may_free_the_same_job(void)
{
    say(&may_arrive);
    for (int round = 0; round < 20; round++) {
        firepush_job *job = push_and_hold();
        pthread_t one = started(free_the_job, job), other = started(free_the_job, job);
        joined(one), joined(other);
        GIVES(USAGE, firepush_job_poll(job));
        firepush_inbox_free(inbox);
    }
    receive_with(take_all, NULL);
    check_that_the_rest_goes_on();
}

int main(int count, char **words)
{
    static const struct rule RULES[] = {
        RULE(freeing_a_job_ends_the_wait_for_it),
        RULE(cancelling_a_job_ends_the_wait_for_it),
        RULE(freeing_an_inbox_ends_the_wait_for_it),
        RULE(aborting_ends_the_waits_of_jobs_and_inboxes),
        RULE(aborting_ends_a_connect),
        RULE(freeing_ends_a_connect),
        RULE(aborting_ends_a_run),
        RULE(freeing_ends_a_run),
        RULE(freeing_a_client_stops_its_jobs_and_inboxes),
        RULE(two_threads_may_free_the_same_job),
    };
    return run_rule(RULES, sizeof RULES / sizeof *RULES, count, words);
}
