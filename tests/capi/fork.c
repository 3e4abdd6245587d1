/* A process that forks: before it connects, after it has, and from a thread while others are at work.
 *
 *     fork DEVICE.conf OPS.conf OPS FILE...
 */
#include "check.h"

#include <sys/wait.h>

enum { USAGE = FIREPUSH_ERROR_USAGE };

static const char *to;
static firepush_client *client;
static firepush_job *job;
static firepush_inbox *inbox;

static void send_file(firepush_client *from, const char *path)
{
    firepush_job *sending = NULL;
    GIVES(0, firepush_push_path(from, to, path, &sending));
    GIVES(0, firepush_job_wait(sending, -1));
    firepush_job_free(sending);
}

static void connect_and_send(const firepush_config *config, const char *path)
{
    firepush_client *own = NULL;
    GIVES(0, firepush_client_new(config, &own));
    GIVES(0, firepush_client_connect(own));
    send_file(own, path);
    firepush_client_free(own);
}

static pid_t forked(void)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    return child;
}

/* It ended as a process does that did nothing wrong. */
static void ended_well(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void what_is_the_parents_is_usage(const char *path)
{
    firepush_job *new_job;
    firepush_inbox *new_inbox;
    firepush_delivery *delivery;
    uint64_t done = 1, total = 1;
    GIVES(USAGE, firepush_client_connect(client));
    GIVES(USAGE, firepush_client_abort(client));
    GIVES(USAGE, firepush_push_path(client, to, path, &new_job));
    GIVES(USAGE, firepush_push_memory(client, to, "name", "bytes", 5, &new_job));
    GIVES(USAGE, firepush_receive(client, &new_inbox));
    GIVES(USAGE, firepush_spool_run(client, NULL, NULL));
    GIVES(USAGE, firepush_spool_add(client, to, path));
    GIVES(USAGE, firepush_job_wait(job, -1));
    GIVES(USAGE, firepush_job_poll(job));
    GIVES(USAGE, firepush_job_cancel(job));
    GIVES(USAGE, firepush_job_delivery(job, &delivery));
    GIVES(USAGE, firepush_job_progress(job, &done, &total));
    CHECK(done == 0 && total == 0);
    GIVES(USAGE, firepush_inbox_next(inbox, -1, &delivery));
    firepush_job_free(job);
    firepush_inbox_free(inbox);
    firepush_client_free(client);
}

static ptrdiff_t give_when_told(void *told, void *buffer, size_t size)
{
    hear(told);
    memset(buffer, 'x', size);
    return (ptrdiff_t)size;
}

static int take_all(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes, size_t size)
{
    (void)userdata, (void)id, (void)name, (void)offset, (void)bytes, (void)size;
    return 0;
}

/* The child does what it likes with the parent's handles; the parent's job, and all that it does next, go on. What the
 * parent's threads held seems leaked in the child, so that one ends at once. */
static void fork_when_connected(const firepush_config *config, firepush_delivery *kept, char **paths)
{
    struct word told = UNSAID;
    GIVES(0, firepush_push_read(client, to, "held.bin", 5, give_when_told, &told, &job));
    pid_t child = forked();
    if (child == 0) {
        what_is_the_parents_is_usage(paths[0]);
        CHECK(firepush_delivery_bytes(kept) == 5);
        connect_and_send(config, paths[0]);
        fflush(NULL);
        _exit(0);
    }
    ended_well(child);
    say(&told);
    GIVES(0, firepush_job_wait(job, -1));
    firepush_job_free(job);
    send_file(client, paths[1]);
}

static void *push_until_told(void *told)
{
    while (!was_said(told)) {
        firepush_job *busy = pushed(client, to, "bytes", 5);
        GIVES(0, firepush_job_wait(busy, -1));
        firepush_job_free(busy);
    }
    return NULL;
}

static void ignore(void *userdata, int level, const char *line)
{
    (void)userdata, (void)level, (void)line;
}

/* Whatever lock another thread held then, the child doesn't wait for it. */
static void fork_while_others_work(const firepush_config *config)
{
    struct word told = UNSAID;
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, ignore, NULL));
    pthread_t pushing = started(push_until_told, &told);
    for (int round = 0; round < 50; round++) {
        pid_t child = forked();
        if (child == 0) {
            firepush_client *own = NULL;
            GIVES(USAGE, firepush_client_connect(client));
            GIVES(0, firepush_client_new(config, &own));
            firepush_client_free(own);
            firepush_client_free(client);
            GIVES(0, firepush_set_log(0, NULL, NULL));
            _exit(0);
        }
        ended_well(child);
    }
    say(&told);
    joined(pushing);
    GIVES(0, firepush_set_log(0, NULL, NULL));
}

/* A parent that freed what it connected goes on in the child. */
static void fork_when_all_is_freed(const firepush_config *config, const char *path)
{
    pid_t child = forked();
    if (child == 0) {
        connect_and_send(config, path);
        exit(0);
    }
    ended_well(child);
}

static void use_a_configuration(void)
{
    firepush_config *config = NULL;
    GIVES(0, firepush_config_new(&config));
    GIVES(0, firepush_config_set(config, "jid", "device@example.test"));
    firepush_config_free(config);
}

static void *use_until_told(void *told)
{
    while (!was_said(told)) use_a_configuration();
    return NULL;
}

/* No client was made yet. */
static void fork_while_configurations_are_used(void)
{
    struct word told = UNSAID;
    pthread_t using[3];
    for (int thread = 0; thread < 3; thread++) using[thread] = started(use_until_told, &told);
    for (int round = 0; round < 200; round++) {
        pid_t child = forked();
        if (child == 0) {
            use_a_configuration();
            _exit(0);
        }
        ended_well(child);
    }
    say(&told);
    for (int thread = 0; thread < 3; thread++) joined(using[thread]);
}

int main(int count, char **words)
{
    CHECK(count == 9);
    char **paths = words + 4;
    to = words[3];
    fork_while_configurations_are_used();
    firepush_config *config = configured(words[1]);
    fork_when_all_is_freed(config, paths[0]);
    connect_and_send(config, paths[1]);
    GIVES(0, firepush_client_new(config, &client));
    GIVES(0, firepush_client_connect(client));
    firepush_delivery *kept = NULL;
    GIVES(0, firepush_receive_write(client, take_all, NULL, &inbox));
    job = pushed(client, to, "bytes", 5);
    GIVES(0, firepush_job_wait(job, -1));
    GIVES(0, firepush_job_delivery(job, &kept));
    firepush_job_free(job);
    fork_when_connected(config, kept, paths + 2);
    fork_while_others_work(config);
    firepush_delivery_free(kept);
    firepush_inbox_free(inbox);
    firepush_client_free(client);
    fork_when_all_is_freed(config, paths[4]);
    firepush_config_free(config);
    return 0;
}
