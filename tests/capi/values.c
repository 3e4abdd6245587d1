/* What functions give when all goes well: each number and each text: one rule a run, see rules.h. */
#include "rules.h"

enum { AUTH = FIREPUSH_ERROR_AUTH };

/* More than one block: less is sooner there in-band, whatever is offered. */
enum { MUCH = 70000 };

static char taken[MUCH + 1];

/* Of so many times 'x'. */
static const char SHA256[] = "bca09f4a757d5571c7d9f3341d4301f3c391c090826acc1a3013c6bcb7c01722";

static int keep(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes, size_t size)
{
    (void)userdata;
    CHECK(*id != '\0' && *name != '\0' && offset + size < sizeof taken);
    memcpy(taken + offset, bytes, size);
    taken[offset + size] = '\0';
    return 0;
}

static firepush_delivery *arrived(void)
{
    firepush_delivery *delivery = NULL;
    GIVES(0, firepush_inbox_next(inbox, -1, &delivery));
    GIVES(0, firepush_delivery_error(delivery));
    CHECK(*firepush_delivery_error_text(delivery) == '\0');
    return delivery;
}

static firepush_client *connected_with(const char *name, const char *value)
{
    firepush_config *config = configured(device_conf);
    GIVES(0, firepush_config_set(config, name, value));
    firepush_client *client = made_of(config);
    GIVES(0, firepush_client_connect(client));
    return client;
}

static void is_described(const char *method, int number, int tier)
{
    char ours[3072], theirs[3072];
    firepush_client *client = connected_with("method", method);
    firepush_delivery *sent = NULL;
    static char bytes[MUCH];
    give(bytes, MUCH);
    firepush_job *job = pushed(client, to, bytes, MUCH);
    GIVES(0, firepush_job_wait(job, -1));
    GIVES(0, firepush_job_delivery(job, &sent));
    firepush_delivery *received = arrived();
    GIVES(0, firepush_client_jid(client, ours, sizeof ours));
    GIVES(0, firepush_client_jid(ops, theirs, sizeof theirs));
    CHECK(strcmp(firepush_delivery_peer(sent), theirs) == 0 && strcmp(firepush_delivery_peer(received), ours) == 0);
    CHECK(firepush_delivery_method(sent) == number && firepush_delivery_method(received) == number);
    CHECK(firepush_delivery_tier(sent) == tier && firepush_delivery_tier(received) == FIREPUSH_TIER_NONE);
    CHECK(firepush_delivery_bytes(sent) == MUCH && firepush_delivery_bytes(received) == MUCH);
    CHECK(strcmp(firepush_delivery_id(sent), firepush_delivery_id(received)) == 0);
    CHECK(strcmp(firepush_delivery_name(sent), "memory.bin") == 0);
    CHECK(strcmp(firepush_delivery_name(received), "memory.bin") == 0);
    CHECK(firepush_delivery_transfer(sent) == NULL && firepush_delivery_transfer(received) == NULL);
    CHECK(firepush_delivery_path(sent) == NULL && firepush_delivery_path(received) == NULL);
    CHECK(firepush_delivery_sha256(sent) == NULL && memcmp(taken, bytes, MUCH) == 0);
    CHECK(strcmp(firepush_delivery_sha256(received), SHA256) == 0);
    CHECK(firepush_delivery_elapsed_ms(sent) < 600000 && firepush_delivery_elapsed_ms(received) == 0);
    firepush_delivery_free(sent), firepush_delivery_free(received);
    firepush_job_free(job), firepush_client_free(client);
}

static void a_delivery_says_how_it_went(void)
{
    receive_with(keep, NULL);
    is_described("socks5", FIREPUSH_METHOD_SOCKS5, FIREPUSH_TIER_FORWARDED);
    is_described("ibb", FIREPUSH_METHOD_IBB, FIREPUSH_TIER_ACKED);
}

static void a_descriptor_is_sent_from_its_first_byte_and_keeps_its_place(void)
{
    char path[] = "/tmp/firepush-values-XXXXXX";
    firepush_job *job = NULL;
    uint64_t done = 0, total = 0;
    int file = mkstemp(path);
    CHECK(file >= 0 && unlink(path) == 0 && write(file, "0123456789", 10) == 10 && lseek(file, 4, SEEK_SET) == 4);
    receive_with(keep, NULL);
    GIVES(0, firepush_push_fd(device, to, "some.log", file, &job));
    GIVES(0, firepush_job_progress(job, &done, &total));
    CHECK(total == 10);
    CHECK(lseek(file, 0, SEEK_CUR) == 4 && close(file) == 0);
    GIVES(0, firepush_job_wait(job, -1));
    GIVES(0, firepush_job_progress(job, &done, NULL));
    firepush_delivery_free(arrived());
    CHECK(done == 10 && strcmp(taken, "0123456789") == 0);
    firepush_job_free(job);
}

/* What stands behind a name in the device's configuration. */
static void configured_value(const char *name, char *value, size_t size)
{
    char line[1000];
    FILE *conf = fopen(device_conf, "r");
    CHECK(conf != NULL);
    *value = '\0';
    while (fgets(line, sizeof line, conf) != NULL) {
        size_t length = strlen(name);
        if (strncmp(line, name, length) == 0 && strncmp(line + length, " = ", 3) == 0)
            snprintf(value, size, "%s", line + length + 3);
    }
    fclose(conf);
    value[strcspn(value, "\n")] = '\0';
    CHECK(*value != '\0');
}

static void a_password_needs_no_file(void)
{
    char path[1000], password[200];
    configured_value("password_file", path, sizeof path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(file, password, sizeof password);
    CHECK(size > 0 && close(file) == 0);
    for (int is_right = 0; is_right <= 1; is_right++) {
        firepush_config *config = configured(device_conf);
        GIVES(0, firepush_config_set(config, "password_file", "/nowhere/at/all"));
        GIVES(0, firepush_config_set_password(config, "wrong", 5));
        if (is_right) GIVES(0, firepush_config_set_password(config, password, (size_t)size));
        firepush_client *client = made_of(config);
        GIVES(is_right ? 0 : AUTH, firepush_client_connect(client));
        firepush_client_free(client);
    }
}

static void holds(firepush_client *client, uint64_t wanted, uint64_t at_least)
{
    uint64_t waiting = 99, given_up = 99, bytes = 0;
    GIVES(0, firepush_spool_status(client, &waiting, &given_up, &bytes));
    CHECK(waiting == wanted && given_up == 0 && bytes >= at_least);
}

static void the_spool_is_counted(void)
{
    uint64_t sent = 99, waiting = 99;
    firepush_client *client = made_of(configured(device_conf));
    holds(client, 0, 0);
    GIVES(0, firepush_spool_add(client, to, device_conf));
    GIVES(0, firepush_spool_add_memory(client, to, "a.bin", "12345", 5));
    holds(client, 2, 5);
    GIVES(FIREPUSH_PENDING, firepush_spool_run(client, &sent, &waiting));
    CHECK(sent == 0 && waiting == 2);
    firepush_client_free(client);
}

static void the_spool_is_sent(void)
{
    uint64_t sent = 99, waiting = 99;
    firepush_client *client = made_of(configured(device_conf));
    receive_with(keep, NULL);
    for (int file = 0; file < 3; file++) GIVES(0, firepush_spool_add_memory(client, to, "a.bin", "12345", 5));
    GIVES(0, firepush_spool_run(client, &sent, &waiting));
    CHECK(sent == 3 && waiting == 0);
    holds(client, 0, 0);
    firepush_delivery *delivery = arrived();
    CHECK(firepush_delivery_transfer(delivery) != NULL && strcmp(taken, "12345") == 0);
    firepush_delivery_free(delivery), firepush_client_free(client);
}

static void handles_are_counted(void)
{
    size_t before = firepush_handles();
    firepush_job *job = pushed(device, to, "hello", 5);
    CHECK(before >= 2 && firepush_handles() == before + 1);
    firepush_job_free(job);
    CHECK(firepush_handles() == before);
}

int main(int count, char **words)
{
    static const struct rule RULES[] = {
        RULE(a_delivery_says_how_it_went),
        RULE(a_descriptor_is_sent_from_its_first_byte_and_keeps_its_place),
        RULE(a_password_needs_no_file),
        RULE(the_spool_is_sent),
        RULE(handles_are_counted),
        RULE(the_spool_is_counted), /* the last: what it leaves in the spool waits */
    };
    return run_rule(RULES, sizeof RULES / sizeof *RULES, count, words);
}
