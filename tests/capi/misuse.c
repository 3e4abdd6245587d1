/* Calls each function of firepush.h with what it must refuse: NULL for each pointer, and in place of each handle one of
 * another type, one that was freed, and numbers that are none. Prints what it tried, a row each, so that the test can
 * see that nothing of the header is missing.
 *
 *     misuse DEVICE.conf OPS.conf OPS FILE
 */
#include "check.h"

enum { USAGE = FIREPUSH_ERROR_USAGE, POISON = 0x5A };

static const size_t POINTER = sizeof(void *);
static const size_t NUMBER = sizeof(uint64_t);

static const char *to, *path;
static firepush_config *config;
static firepush_client *client;
static firepush_job *job;
static firepush_delivery *delivery;
static firepush_inbox *inbox;

/* Where functions are to leave their results. */
static uint64_t place[3];

/* What is handed over in the place of what is right. */
static const char *kind = "NULL";

/* So that an old result, or an old error, can't be taken for a new one. */
static void forget(void)
{
    memset(place, POISON, sizeof place);
    CHECK(firepush_config_set(config, "no such setting", "") == USAGE);
}

/* Of the place, as many bytes as were used are 0, and all others as they were. */
static void row(const char *function, const char *argument, int wanted, int given, size_t used)
{
    const unsigned char *byte = (const unsigned char *)place;
    printf("row %s %s %s\n", function, argument, kind);
    gives(function, 0, argument, wanted, given);
    for (size_t i = 0; i < sizeof place; i++)
        if (byte[i] != (i < used ? 0 : POISON)) failed(function, (int)i, "a byte of the result is wrong");
    if (given < 0 && strstr(firepush_last_error(), "no such setting") != NULL) failed(function, 0, argument);
}

#define ROW(wanted, used, function, argument, ...) \
    (forget(), row(#function, #argument, wanted, function(__VA_ARGS__), used))

/* For a function whose results say nothing of an error. */
#define QUIET(function, argument, empty, ...) \
    (printf("row %s %s %s\n", #function, #argument, kind), CHECK(function(__VA_ARGS__) == (empty)))

#define SILENT(function, argument, ...) (printf("row %s %s %s\n", #function, #argument, kind), function(__VA_ARGS__))

static ptrdiff_t give_nothing(void *userdata, void *buffer, size_t size)
{
    CHECK(userdata == NULL && buffer != NULL && size > 0);
    return 0;
}

static int take_all(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes, size_t size)
{
    CHECK(userdata == NULL && *id != '\0' && *name != '\0' && offset == 0 && bytes != NULL && size == 5);
    return 0;
}

static void ignore(void *userdata, int level, const char *line)
{
    CHECK(userdata == NULL && level == FIREPUSH_LOG_ERROR && strchr(line, '\n') == NULL);
}

/* ---- Handles ----------------------------------------------------------------------------------------- */

static void as_config(void *bad)
{
    ROW(USAGE, 0, firepush_config_load, config, bad, path);
    ROW(USAGE, 0, firepush_config_set, config, bad, "jid", "a@b.test");
    ROW(USAGE, 0, firepush_config_set_password, config, bad, "secret", 6);
    ROW(USAGE, POINTER, firepush_client_new, config, bad, (void *)place);
    SILENT(firepush_config_free, config, bad);
}

static void as_client(void *bad)
{
    void *out = place;
    ROW(USAGE, 0, firepush_client_connect, client, bad);
    ROW(USAGE, 0, firepush_client_abort, client, bad);
    ROW(USAGE, 1, firepush_client_jid, client, bad, out, sizeof place);
    ROW(USAGE, POINTER, firepush_push_path, client, bad, to, path, out);
    ROW(USAGE, POINTER, firepush_push_fd, client, bad, to, "name", 0, out);
    ROW(USAGE, POINTER, firepush_push_memory, client, bad, to, "name", "bytes", 5, out);
    ROW(USAGE, POINTER, firepush_push_read, client, bad, to, "name", 5, give_nothing, NULL, out);
    ROW(USAGE, POINTER, firepush_receive, client, bad, out);
    ROW(USAGE, POINTER, firepush_receive_write, client, bad, take_all, NULL, out);
    ROW(USAGE, 0, firepush_spool_add, client, bad, to, path);
    ROW(USAGE, 0, firepush_spool_add_memory, client, bad, to, "name", "bytes", 5);
    ROW(USAGE, 2 * NUMBER, firepush_spool_run, client, bad, place, place + 1);
    ROW(USAGE, 3 * NUMBER, firepush_spool_status, client, bad, place, place + 1, place + 2);
    SILENT(firepush_client_free, client, bad);
}

static void as_job(void *bad)
{
    ROW(USAGE, 0, firepush_job_wait, job, bad, 0);
    ROW(USAGE, 0, firepush_job_wait, job, bad, -1);
    ROW(USAGE, 0, firepush_job_poll, job, bad);
    ROW(USAGE, 0, firepush_job_cancel, job, bad);
    ROW(USAGE, 2 * NUMBER, firepush_job_progress, job, bad, place, place + 1);
    ROW(USAGE, POINTER, firepush_job_delivery, job, bad, (void *)place);
    SILENT(firepush_job_free, job, bad);
}

static void as_delivery(void *bad)
{
    ROW(USAGE, 0, firepush_delivery_error, delivery, bad);
    QUIET(firepush_delivery_error_text, delivery, NULL, bad);
    QUIET(firepush_delivery_id, delivery, NULL, bad);
    QUIET(firepush_delivery_transfer, delivery, NULL, bad);
    QUIET(firepush_delivery_peer, delivery, NULL, bad);
    QUIET(firepush_delivery_name, delivery, NULL, bad);
    QUIET(firepush_delivery_path, delivery, NULL, bad);
    QUIET(firepush_delivery_sha256, delivery, NULL, bad);
    QUIET(firepush_delivery_bytes, delivery, 0, bad);
    QUIET(firepush_delivery_elapsed_ms, delivery, 0, bad);
    QUIET(firepush_delivery_method, delivery, FIREPUSH_METHOD_NONE, bad);
    QUIET(firepush_delivery_tier, delivery, FIREPUSH_TIER_NONE, bad);
    SILENT(firepush_delivery_free, delivery, bad);
}

static void as_inbox(void *bad)
{
    ROW(USAGE, POINTER, firepush_inbox_next, inbox, bad, 0, (void *)place);
    ROW(USAGE, POINTER, firepush_inbox_next, inbox, bad, -1, (void *)place);
    SILENT(firepush_inbox_free, inbox, bad);
}

/* As each type of handle but the one that it is. */
static void try_as_others(const char *what, void *handle)
{
    kind = what;
    if (strcmp(what, "config") != 0) as_config(handle);
    if (strcmp(what, "client") != 0) as_client(handle);
    if (strcmp(what, "job") != 0) as_job(handle);
    if (strcmp(what, "delivery") != 0) as_delivery(handle);
    if (strcmp(what, "inbox") != 0) as_inbox(handle);
}

static void try_numbers(void)
{
    uint64_t on_the_stack[8] = {1, 2, 3};
    try_as_others("NULL", NULL);
    try_as_others("garbage", (void *)0x1234);
    try_as_others("garbage", (void *)1);
    try_as_others("garbage", (void *)UINTPTR_MAX);
    try_as_others("stack", on_the_stack);
    try_as_others("beside", (char *)job + 1);
    CHECK(on_the_stack[0] == 1 && on_the_stack[2] == 3);
}

/* ---- NULL -------------------------------------------------------------------------------------------- */

static void null_before_a_client(void)
{
    ROW(USAGE, 0, firepush_config_new, config, NULL);
    ROW(USAGE, 0, firepush_config_load, path, config, NULL);
    ROW(USAGE, 0, firepush_config_set, name, config, NULL, "value");
    ROW(USAGE, 0, firepush_config_set, value, config, "jid", NULL);
    ROW(USAGE, 0, firepush_config_set_password, bytes, config, NULL, 6);
    ROW(USAGE, 0, firepush_client_new, client, config, NULL);
    ROW(0, 0, firepush_set_log, callback, FIREPUSH_LOG_TRACE, NULL, &place);
    ROW(0, 0, firepush_set_log, userdata, FIREPUSH_LOG_ERROR, ignore, NULL);
    ROW(USAGE, 0, firepush_set_log, level, FIREPUSH_LOG_ERROR - 1, ignore, NULL);
    ROW(USAGE, 0, firepush_set_log, level, FIREPUSH_LOG_TRACE + 1, ignore, NULL);
}

static void null_in_a_push(void)
{
    void *out = place;
    ROW(USAGE, POINTER, firepush_push_path, to, client, NULL, path, out);
    ROW(USAGE, POINTER, firepush_push_path, path, client, to, NULL, out);
    ROW(USAGE, 0, firepush_push_path, job, client, to, path, NULL);
    ROW(USAGE, POINTER, firepush_push_fd, to, client, NULL, "name", 0, out);
    ROW(USAGE, POINTER, firepush_push_fd, name, client, to, NULL, 0, out);
    ROW(USAGE, 0, firepush_push_fd, job, client, to, "name", 0, NULL);
    ROW(USAGE, POINTER, firepush_push_memory, to, client, NULL, "name", "bytes", 5, out);
    ROW(USAGE, POINTER, firepush_push_memory, name, client, to, NULL, "bytes", 5, out);
    ROW(USAGE, POINTER, firepush_push_memory, bytes, client, to, "name", NULL, 5, out);
    ROW(USAGE, 0, firepush_push_memory, job, client, to, "name", "bytes", 5, NULL);
    ROW(USAGE, POINTER, firepush_push_read, to, client, NULL, "name", 5, give_nothing, NULL, out);
    ROW(USAGE, POINTER, firepush_push_read, name, client, to, NULL, 5, give_nothing, NULL, out);
    ROW(USAGE, POINTER, firepush_push_read, read, client, to, "name", 5, NULL, NULL, out);
    ROW(USAGE, 0, firepush_push_read, job, client, to, "name", 5, give_nothing, NULL, NULL);
}

/* A number that isn't wanted keeps none of the others away. */
static void null_for_a_result(void)
{
    ROW(0, 0, firepush_job_progress, done, job, NULL, NULL);
    ROW(0, 0, firepush_job_progress, total, job, NULL, NULL);
    ROW(USAGE, 0, firepush_job_delivery, delivery, job, NULL);
    ROW(USAGE, 0, firepush_client_jid, buffer, client, NULL, sizeof place);
    ROW(USAGE, 1, firepush_client_jid, size, client, (void *)place, 3);
    ROW(USAGE, 0, firepush_client_jid, size, client, (void *)place, 0);
    ROW(USAGE, 0, firepush_receive, inbox, client, NULL);
    ROW(USAGE, POINTER, firepush_receive_write, write, client, NULL, NULL, (void *)place);
    ROW(USAGE, 0, firepush_receive_write, inbox, client, take_all, NULL, NULL);
    ROW(USAGE, 0, firepush_inbox_next, delivery, inbox, 0, NULL);
    ROW(USAGE, 0, firepush_spool_add, to, client, NULL, path);
    ROW(USAGE, 0, firepush_spool_add, path, client, to, NULL);
    ROW(USAGE, 0, firepush_spool_add_memory, to, client, NULL, "name", "bytes", 5);
    ROW(USAGE, 0, firepush_spool_add_memory, name, client, to, NULL, "bytes", 5);
    ROW(USAGE, 0, firepush_spool_add_memory, bytes, client, to, "name", NULL, 5);
    ROW(0, NUMBER, firepush_spool_run, sent, client, NULL, place);
    ROW(0, NUMBER, firepush_spool_run, waiting, client, place, NULL);
    ROW(0, 2 * NUMBER, firepush_spool_status, waiting, client, NULL, place, place + 1);
    ROW(0, 2 * NUMBER, firepush_spool_status, failed, client, place, NULL, place + 1);
    ROW(0, 2 * NUMBER, firepush_spool_status, bytes, client, place, place + 1, NULL);
}

/* ---- The rest ---------------------------------------------------------------------------------------- */

/* One of each type, all of them good; where NULL is allowed, it is what they were made with. */
static void make(firepush_client *ops)
{
    void *out = place;
    GIVES(0, firepush_receive_write(ops, take_all, NULL, &inbox));
    printf("row firepush_receive_write userdata NULL\n");
    job = pushed(client, to, "bytes", 5);
    GIVES(0, firepush_job_wait(job, -1));
    GIVES(0, firepush_job_delivery(job, &delivery));
    GIVES(0, firepush_push_read(client, to, "nothing", 5, give_nothing, NULL, out));
    printf("row firepush_push_read userdata NULL\n");
    firepush_job *short_one;
    memcpy(&short_one, place, sizeof short_one);
    GIVES(FIREPUSH_ERROR_BAD_FILE, firepush_job_wait(short_one, -1));
    firepush_job_free(short_one);
}

/* Nothing that was tried did them any harm. */
static void still_good(void)
{
    uint64_t done, total;
    GIVES(0, firepush_config_set(config, "jid", "device@example.test"));
    GIVES(0, firepush_client_connect(client));
    GIVES(0, firepush_job_poll(job));
    GIVES(0, firepush_job_progress(job, &done, &total));
    CHECK(done == 5 && total == 5);
    CHECK(firepush_delivery_bytes(delivery) == 5 && strcmp(firepush_delivery_error_text(delivery), "") == 0);
    firepush_delivery *received = NULL;
    GIVES(0, firepush_inbox_next(inbox, -1, &received));
    GIVES(0, firepush_delivery_error(received));
    firepush_delivery_free(received);
}

static void freed(void)
{
    kind = "freed";
    firepush_delivery_free(delivery);
    as_delivery(delivery);
    firepush_job_free(job);
    as_job(job);
    firepush_inbox_free(inbox);
    as_inbox(inbox);
    firepush_client_free(client);
    as_client(client);
}

/* The last one is what the others are tried with. */
static void freed_config(void)
{
    firepush_config *other = NULL;
    GIVES(0, firepush_config_new(&other));
    firepush_config_free(other);
    as_config(other);
}

int main(int count, char **words)
{
    CHECK(count == 5 && *firepush_last_error() == '\0');
    to = words[3], path = words[4];
    config = configured(words[1]);
    client = connected(words[1]);
    firepush_client *ops = connected(words[2]);
    make(ops);
    null_before_a_client();
    null_in_a_push();
    null_for_a_result();
    try_numbers();
    try_as_others("config", config);
    try_as_others("client", client);
    try_as_others("job", job);
    try_as_others("delivery", delivery);
    try_as_others("inbox", inbox);
    still_good();
    freed();
    freed_config();
    firepush_client_free(ops);
    firepush_config_free(config);
    wait_until_alone();
    return 0;
}
