/* What each rule about callbacks and threads needs: a device that is connected, a user who receives. */
#ifndef RULES_H
#define RULES_H

#include "check.h"

enum { USAGE = FIREPUSH_ERROR_USAGE, STOPPED = FIREPUSH_ERROR_STOPPED, SIZE = 100000 };

static const char *device_conf, *ops_conf, *to;
static firepush_client *device, *ops;
static firepush_inbox *inbox;

static inline int take_all(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                           size_t size)
{
    (void)userdata, (void)id, (void)name, (void)offset, (void)bytes, (void)size;
    return 0;
}

static inline ptrdiff_t give(void *buffer, size_t size)
{
    memset(buffer, 'x', size);
    return (ptrdiff_t)size;
}

static inline void receive_with(firepush_write_fn write, void *userdata)
{
    GIVES(0, firepush_receive_write(ops, write, userdata, &inbox));
}

static inline firepush_job *push_with(firepush_read_fn read, void *userdata)
{
    firepush_job *job = NULL;
    GIVES(0, firepush_push_read(device, to, "read.bin", SIZE, read, userdata, &job));
    return job;
}

/* The client and the inbox are as good as before. */
static inline void check_that_the_rest_goes_on(void)
{
    char bytes[1000] = "";
    firepush_job *job = pushed(device, to, bytes, sizeof bytes);
    GIVES(0, firepush_job_wait(job, -1));
    firepush_job_free(job);
}

/* What became of the next file that arrived. */
static inline int next_error(void)
{
    firepush_delivery *delivery = NULL;
    GIVES(0, firepush_inbox_next(inbox, -1, &delivery));
    int error = firepush_delivery_error(delivery);
    CHECK((*firepush_delivery_error_text(delivery) != '\0') == (error < 0));
    CHECK((firepush_delivery_sha256(delivery) != NULL) == (error == 0));
    firepush_delivery_free(delivery);
    return error;
}

struct rule {
    const char *name;
    void (*run)(void);
};

#define RULE(name) {#name, name}

/* PROGRAM RULE DEVICE.conf OPS.conf OPS: one rule a run; PROGRAM alone lists them. */
static inline int run_rule(const struct rule *rules, size_t number, int count, char **words)
{
    for (size_t i = 0; i < number; i++) {
        if (count != 5) puts(rules[i].name);
        if (count != 5 || strcmp(rules[i].name, words[1]) != 0) continue;
        device_conf = words[2], ops_conf = words[3], to = words[4];
        device = connected(device_conf), ops = connected(ops_conf);
        rules[i].run();
        firepush_inbox_free(inbox);
        firepush_client_free(ops);
        firepush_client_free(device);
        wait_until_alone();
        return 0;
    }
    return count == 5;
}

#endif
