/* Calls in the wrong order, and twice what is meant once; what has no pointers, with numbers that mean nothing.
 *
 *     order DEVICE.conf OPS.conf OPS FILE
 */
#include "check.h"

enum { USAGE = FIREPUSH_ERROR_USAGE, STOPPED = FIREPUSH_ERROR_STOPPED };

static const char *to, *path;

/* In front of a call, so that its result is known to be its own. */
#define NEW(handle) ((handle) = (void *)0x5A5A)

static int take_all(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes, size_t size)
{
    (void)userdata, (void)id, (void)name, (void)offset, (void)bytes, (void)size;
    return 0;
}

static ptrdiff_t give_when_told(void *userdata, void *buffer, size_t size)
{
    hear(userdata);
    memset(buffer, 'x', size);
    return (ptrdiff_t)size;
}

/* Each code has its text, its advice and its class; numbers that are no codes have none, and do no harm. */
static void codes(void)
{
    CHECK(strcmp(firepush_version(), FIREPUSH_VERSION) == 0);
    for (int code = FIREPUSH_ERROR_CLOCK; code <= FIREPUSH_PENDING; code++) {
        CHECK(strlen(firepush_error_text(code)) > 5 && strcmp(firepush_error_text(code), "unknown error") != 0);
        CHECK((*firepush_error_advice(code) != '\0') == (code < 0));
        CHECK(firepush_error_retry(code) >= FIREPUSH_RETRY_NEVER && firepush_error_retry(code) <= FIREPUSH_RETRY_LATER);
    }
    static const int NONE[] = {FIREPUSH_ERROR_CLOCK - 1, 1000, -2147483647 - 1, 2147483647};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        CHECK(strcmp(firepush_error_text(NONE[i]), "unknown error") == 0);
        CHECK(*firepush_error_advice(NONE[i]) == '\0' && firepush_error_retry(NONE[i]) == FIREPUSH_RETRY_NEVER);
    }
}

/* Nothing can be made of nothing, and what can't be set or read leaves the rest as it was. */
static void a_configuration_without_a_use(const char *conf)
{
    firepush_config *config = NULL;
    firepush_client *client;
    GIVES(0, firepush_config_new(&config));
    NEW(client);
    GIVES(FIREPUSH_ERROR_CONFIG, firepush_client_new(config, &client));
    CHECK(client == NULL);
    GIVES(0, firepush_config_load(config, conf));
    CHECK(firepush_config_load(config, "/nowhere/firepush.conf") < 0);
    CHECK(firepush_config_load(config, path) < 0);
    GIVES(USAGE, firepush_config_set(config, "dry_run", "yes"));
    GIVES(USAGE, firepush_config_set(config, "password_fd", "0"));
    CHECK(firepush_config_set(config, "via", "env") < 0);
    CHECK(firepush_config_set(config, "wait_login", "never") < 0);
    CHECK(firepush_config_set(config, "jid", "\xff") < 0);
    GIVES(0, firepush_client_new(config, &client));
    firepush_config_free(config);
    GIVES(0, firepush_client_connect(client));
    firepush_client_free(client);
}

static void refuses(int wanted, int given, firepush_job **job)
{
    GIVES(wanted, given);
    CHECK(*job == NULL);
}

static void nothing_before_connect(firepush_client *client)
{
    firepush_job *job;
    firepush_inbox *inbox;
    int file = open(path, O_RDONLY);
    NEW(job), refuses(USAGE, firepush_push_path(client, to, path, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_fd(client, to, "name", file, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_memory(client, to, "name", "bytes", 5, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_read(client, to, "name", 5, give_when_told, NULL, &job), &job);
    close(file);
    NEW(inbox);
    GIVES(USAGE, firepush_receive(client, &inbox));
    CHECK(inbox == NULL);
    NEW(inbox);
    GIVES(USAGE, firepush_receive_write(client, take_all, NULL, &inbox));
    CHECK(inbox == NULL);
}

/* What can't be sent is told at once, and there is no job of it. */
static void what_is_no_file(firepush_client *client)
{
    firepush_job *job;
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    NEW(job), refuses(FIREPUSH_ERROR_NO_FILE, firepush_push_path(client, to, "/nowhere/at all", &job), &job);
    NEW(job), refuses(FIREPUSH_ERROR_BAD_FILE, firepush_push_path(client, to, "/", &job), &job);
    NEW(job), refuses(FIREPUSH_ERROR_BAD_FILE, firepush_push_path(client, to, "/dev/zero", &job), &job);
    NEW(job), refuses(FIREPUSH_ERROR_BAD_FILE, firepush_push_fd(client, to, "name", -1, &job), &job);
    NEW(job), refuses(FIREPUSH_ERROR_BAD_FILE, firepush_push_fd(client, to, "name", pipes[0], &job), &job);
    close(pipes[0]), close(pipes[1]);
    NEW(job), refuses(FIREPUSH_ERROR_BAD_FILE, firepush_push_fd(client, to, "name", pipes[0], &job), &job);
    NEW(job), refuses(USAGE, firepush_push_memory(client, to, "name", "bytes", (size_t)-1, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_memory(client, "", "name", "bytes", 5, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_memory(client, "\xff", "name", "bytes", 5, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_memory(client, to, "\xff", "bytes", 5, &job), &job);
    NEW(job), refuses(USAGE, firepush_push_path(client, to, "\xff", &job), &job);
}

/* There is no outcome, and that is no error, until there is one; then it stays. */
static void an_outcome_comes_once_and_stays(firepush_client *client)
{
    struct word told = UNSAID;
    firepush_job *job = NULL;
    firepush_delivery *delivery;
    GIVES(0, firepush_push_read(client, to, "name", 5, give_when_told, &told, &job));
    GIVES(USAGE, firepush_job_poll(NULL));
    const char *error = firepush_last_error();
    GIVES(FIREPUSH_PENDING, firepush_job_poll(job));
    GIVES(FIREPUSH_PENDING, firepush_job_wait(job, 0));
    GIVES(FIREPUSH_PENDING, firepush_job_wait(job, 1));
    NEW(delivery);
    GIVES(FIREPUSH_PENDING, firepush_job_delivery(job, &delivery));
    CHECK(delivery == NULL && error == firepush_last_error() && strstr(error, "NULL") != NULL);
    say(&told);
    for (int again = 0; again < 3; again++) {
        GIVES(0, firepush_job_wait(job, -1));
        GIVES(0, firepush_job_cancel(job));
        GIVES(0, firepush_job_delivery(job, &delivery));
        firepush_delivery_free(delivery);
    }
    firepush_job_free(job);
}

static void a_job_that_is_cancelled_stays_so(firepush_client *client)
{
    struct word told = UNSAID;
    firepush_job *job = NULL;
    firepush_delivery *delivery;
    GIVES(0, firepush_push_read(client, to, "name", 5, give_when_told, &told, &job));
    GIVES(0, firepush_job_cancel(job));
    GIVES(0, firepush_job_cancel(job));
    say(&told);
    for (int again = 0; again < 3; again++) {
        GIVES(STOPPED, firepush_job_wait(job, -1));
        GIVES(STOPPED, firepush_job_poll(job));
        NEW(delivery);
        GIVES(STOPPED, firepush_job_delivery(job, &delivery));
        CHECK(delivery == NULL);
    }
    firepush_job_free(job);
    firepush_job_free(job);
}

static void a_spool_that_is_none(const char *conf)
{
    firepush_config *config = configured(conf);
    GIVES(0, firepush_config_set(config, "spool", path));
    firepush_client *client = made_of(config);
    uint64_t sent = 1, waiting = 1, given_up = 1, bytes = 1;
    CHECK(firepush_spool_add(client, to, path) < 0);
    CHECK(firepush_spool_add_memory(client, to, "name", "bytes", 5) < 0);
    CHECK(firepush_spool_run(client, &sent, &waiting) < 0);
    CHECK(sent == 0 && waiting == 0);
    waiting = 1;
    CHECK(firepush_spool_status(client, &waiting, &given_up, &bytes) < 0);
    CHECK(waiting == 0 && given_up == 0 && bytes == 0);
    firepush_client_free(client);
}

/* What was sent by then stays so; all that would wait is over. */
static void nothing_after_abort(firepush_client *client, firepush_client *ops)
{
    firepush_job *sent, *job;
    firepush_inbox *inbox = NULL;
    firepush_delivery *delivery;
    GIVES(0, firepush_receive_write(ops, take_all, NULL, &inbox));
    sent = pushed(client, to, "bytes", 5);
    GIVES(0, firepush_job_wait(sent, -1));
    GIVES(0, firepush_inbox_next(inbox, -1, &delivery));
    firepush_delivery_free(delivery);
    GIVES(0, firepush_spool_add_memory(client, to, "name", "bytes", 5));
    for (int again = 0; again < 2; again++) {
        GIVES(0, firepush_client_abort(client));
        GIVES(0, firepush_client_abort(ops));
        GIVES(STOPPED, firepush_client_connect(client));
        int code = firepush_push_memory(client, to, "name", "bytes", 5, &job);
        GIVES(STOPPED, code == 0 ? firepush_job_wait(job, -1) : code);
        firepush_job_free(job);
        GIVES(STOPPED, firepush_spool_run(client, NULL, NULL));
        NEW(delivery);
        GIVES(STOPPED, firepush_inbox_next(inbox, -1, &delivery));
        CHECK(delivery == NULL);
    }
    GIVES(0, firepush_job_wait(sent, -1));
    firepush_job_free(sent);
    firepush_inbox_free(inbox);
    firepush_inbox_free(inbox);
}

static void *the_first_error_of_a_thread(void *unused)
{
    CHECK(*firepush_last_error() == '\0');
    GIVES(USAGE, firepush_client_connect(NULL));
    return unused;
}

int main(int count, char **words)
{
    CHECK(count == 5 && *firepush_last_error() == '\0');
    to = words[3], path = words[4];
    codes();
    a_configuration_without_a_use(words[1]);
    joined(started(the_first_error_of_a_thread, NULL));
    firepush_client *client = made_of(configured(words[1])), *ops = connected(words[2]);
    firepush_inbox *inbox = NULL;
    nothing_before_connect(client);
    GIVES(0, firepush_receive_write(ops, take_all, NULL, &inbox));
    for (int again = 0; again < 2; again++) GIVES(0, firepush_client_connect(client));
    what_is_no_file(client);
    an_outcome_comes_once_and_stays(client);
    a_job_that_is_cancelled_stays_so(client);
    a_spool_that_is_none(words[1]);
    firepush_inbox_free(inbox);
    nothing_after_abort(client, ops);
    for (int again = 0; again < 2; again++) firepush_client_free(client), firepush_client_free(ops);
    wait_until_alone();
    return 0;
}
