/* The caller's own stack: 128 KiB, the default of musl, are enough for everything that works on it.
 *
 *     stack DEVICE.conf TO
 */
#include "check.h"

static const char *conf, *to;

static void *connect_push_and_run(void *unused)
{
    char bytes[5] = "12345";
    uint64_t sent = 0;
    firepush_client *client = connected(conf);
    firepush_job *job = pushed(client, to, bytes, sizeof bytes);
    GIVES(0, firepush_job_wait(job, -1));
    firepush_job_free(job);
    firepush_client_free(client);
    client = made_of(configured(conf));
    GIVES(0, firepush_spool_add_memory(client, to, "a.bin", bytes, sizeof bytes));
    GIVES(0, firepush_spool_run(client, &sent, NULL));
    CHECK(sent == 1);
    firepush_client_free(client);
    return unused;
}

int main(int count, char **words)
{
    pthread_t thread;
    pthread_attr_t attributes;
    CHECK(count == 3);
    conf = words[1], to = words[2];
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 128 * 1024) == 0);
    CHECK(pthread_create(&thread, &attributes, connect_push_and_run, NULL) == 0);
    joined(thread);
    pthread_attr_destroy(&attributes);
    return 0;
}
