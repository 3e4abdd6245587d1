/* A defect in firepush, on demand: it is told as one, and nothing else suffers from it.
 *
 *     panic DEVICE.conf OPS.conf OPS
 */
#include "rules.h"

/* Of a library that was built for tests only. */
int firepush_fault_entry(void);
int firepush_fault_push(firepush_client *client, const char *to, firepush_job **job);
int firepush_fault_receive(firepush_client *client, firepush_inbox **inbox);

enum { BUG = FIREPUSH_ERROR_BUG };

struct other {
    struct word may_go_on;
    size_t arrived;
};

static struct other other = {UNSAID, 0};

/* It begins before the defect, and goes on after it. */
static ptrdiff_t give_when_told(void *userdata, void *buffer, size_t size)
{
    hear(&((struct other *)userdata)->may_go_on);
    return give(buffer, size);
}

static int count_bytes(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                       size_t size)
{
    (void)id;
    if (strcmp(name, "read.bin") != 0) return 0;
    struct other *received = userdata;
    CHECK(offset == received->arrived && memchr(bytes, 'x', size) == bytes);
    received->arrived += size;
    return 0;
}

static void in_an_entry(void)
{
    for (int again = 0; again < 3; again++) {
        GIVES(BUG, firepush_fault_entry());
        CHECK(strstr(firepush_last_error(), "a fault on demand") != NULL);
    }
}

static void in_a_transfer(void)
{
    firepush_job *job = NULL;
    firepush_delivery *delivery = NULL;
    GIVES(0, firepush_fault_push(device, to, &job));
    for (int again = 0; again < 3; again++) {
        GIVES(BUG, firepush_job_wait(job, -1));
        GIVES(BUG, firepush_job_poll(job));
        GIVES(BUG, firepush_job_delivery(job, &delivery));
    }
    firepush_job_free(job);
}

/* The other job's file is whole, and the only one that is: the rest of the one that broke off may still be waited for. */
static void the_other_is_whole(void)
{
    firepush_delivery *delivery = NULL;
    GIVES(0, firepush_inbox_next(inbox, -1, &delivery));
    CHECK(firepush_delivery_error(delivery) == 0 && strcmp(firepush_delivery_name(delivery), "read.bin") == 0);
    CHECK(firepush_delivery_bytes(delivery) == SIZE && other.arrived == SIZE);
    firepush_delivery_free(delivery);
}

static void a_defect_is_told_and_the_rest_goes_on(void)
{
    receive_with(count_bytes, &other);
    firepush_job *job = push_with(give_when_told, &other);
    in_an_entry();
    in_a_transfer();
    say(&other.may_go_on);
    GIVES(0, firepush_job_wait(job, -1));
    the_other_is_whole();
    firepush_job_free(job);
    check_that_the_rest_goes_on();
}

/* The one that is received is told of, and the inbox goes on. */
static void a_defect_in_a_receiving_thread_is_told_too(void)
{
    GIVES(0, firepush_fault_receive(ops, &inbox));
    for (int again = 0; again < 2; again++) {
        firepush_job *job = pushed(device, to, "hello", 5);
        firepush_delivery *delivery = NULL;
        GIVES(0, firepush_inbox_next(inbox, -1, &delivery));
        CHECK(firepush_delivery_error(delivery) == BUG);
        firepush_delivery_free(delivery), firepush_job_free(job);
    }
    firepush_inbox_free(inbox);
    receive_with(take_all, NULL);
    check_that_the_rest_goes_on();
}

int main(int count, char **words)
{
    static const struct rule RULES[] = {
        RULE(a_defect_is_told_and_the_rest_goes_on),
        RULE(a_defect_in_a_receiving_thread_is_told_too),
    };
    return run_rule(RULES, sizeof RULES / sizeof *RULES, count, words);
}
