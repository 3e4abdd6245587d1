/* Read callbacks that fail, block, call back in and free what called them: one rule a run, see rules.h. */
#include "rules.h"

static ptrdiff_t fail_at_once(void *userdata, void *buffer, size_t size)
{
    (void)userdata, (void)buffer, (void)size;
    return -5;
}

static ptrdiff_t give_once(void *calls, void *buffer, size_t size)
{
    return count_up(calls, 1) == 1 ? give(buffer, size < 100 ? size : 100) : 0;
}

static ptrdiff_t give_once_then_fail(void *calls, void *buffer, size_t size)
{
    return count_up(calls, 1) == 1 ? give(buffer, size) : -1;
}

static ptrdiff_t give_more_than_asked(void *userdata, void *buffer, size_t size)
{
    (void)userdata;
    return give(buffer, size) + 1;
}

static ptrdiff_t give_all(void *total, void *buffer, size_t size)
{
    count_up(total, (unsigned)size);
    return give(buffer, size);
}

static void ends_with(int wanted, firepush_read_fn read)
{
    struct count calls = UNCOUNTED;
    firepush_job *job = push_with(read, &calls);
    GIVES(wanted, firepush_job_wait(job, -1));
    GIVES(wanted, firepush_job_poll(job));
    firepush_job_free(job);
}

static void reading_that_fails_ends_the_job(void)
{
    receive_with(take_all, NULL);
    ends_with(FIREPUSH_ERROR_READ, fail_at_once);
    ends_with(FIREPUSH_ERROR_READ, give_once_then_fail);
    ends_with(FIREPUSH_ERROR_READ, give_more_than_asked);
    check_that_the_rest_goes_on();
}

static void too_few_bytes_are_a_bad_file(void)
{
    receive_with(take_all, NULL);
    ends_with(FIREPUSH_ERROR_BAD_FILE, give_once);
    check_that_the_rest_goes_on();
}

static void more_than_announced_is_never_asked_for(void)
{
    struct count total = UNCOUNTED;
    receive_with(take_all, NULL);
    firepush_job *job = push_with(give_all, &total);
    GIVES(0, firepush_job_wait(job, -1));
    CHECK(total.number == SIZE);
    firepush_job_free(job);
}

struct held {
    struct word is_inside, may_leave, has_left;
    firepush_job *job;
    struct count calls;
};

#define HELD {UNSAID, UNSAID, UNSAID, NULL, UNCOUNTED}

static ptrdiff_t hold(void *userdata, void *buffer, size_t size)
{
    struct held *held = userdata;
    CHECK(!was_said(&held->has_left));
    count_up(&held->calls, 1);
    say(&held->is_inside);
    hear(&held->may_leave);
    say(&held->has_left);
    return give(buffer, size);
}

/* When free has returned, the callback had. */
static void *free_held(void *userdata)
{
    struct held *held = userdata;
    firepush_job_free(held->job);
    CHECK(was_said(&held->has_left));
    return NULL;
}

static void freeing_waits_for_the_callback(void)
{
    struct held held = HELD;
    receive_with(take_all, NULL);
    held.job = push_with(hold, &held);
    hear(&held.is_inside);
    pthread_t freeing = started(free_held, &held);
    while (firepush_job_poll(held.job) != USAGE) sched_yield();
    for (int turn = 0; turn < 1000; turn++) sched_yield();
    say(&held.may_leave);
    joined(freeing);
    check_that_the_rest_goes_on();
    CHECK(held.calls.number == 1);
}

/* A callback that doesn't know its job yet waits until it does. */
struct own {
    struct word is_known;
    firepush_job *job, *other;
    struct count calls;
};

#define OWN {UNSAID, NULL, NULL, UNCOUNTED}

static ptrdiff_t ask_for_itself(void *userdata, void *buffer, size_t size)
{
    struct own *own = userdata;
    uint64_t done = 1, total = 0;
    firepush_delivery *delivery = NULL;
    hear(&own->is_known);
    GIVES(USAGE, firepush_job_wait(own->job, -1));
    GIVES(USAGE, firepush_job_wait(own->job, 1));
    GIVES(FIREPUSH_PENDING, firepush_job_poll(own->job));
    GIVES(FIREPUSH_PENDING, firepush_job_delivery(own->job, &delivery));
    GIVES(0, firepush_job_progress(own->job, &done, &total));
    CHECK(done <= total && total == SIZE);
    return give(buffer, size);
}

static ptrdiff_t push_another(void *userdata, void *buffer, size_t size)
{
    struct own *own = userdata;
    hear(&own->is_known);
    if (own->other == NULL) own->other = pushed(device, to, "another", 7);
    return give(buffer, size);
}

static ptrdiff_t free_itself(void *userdata, void *buffer, size_t size)
{
    struct own *own = userdata;
    hear(&own->is_known);
    CHECK(count_up(&own->calls, 1) == 1);
    firepush_job_free(own->job);
    GIVES(USAGE, firepush_job_poll(own->job));
    return give(buffer, size);
}

static ptrdiff_t cancel_itself(void *userdata, void *buffer, size_t size)
{
    struct own *own = userdata;
    hear(&own->is_known);
    GIVES(0, firepush_job_cancel(own->job));
    return give(buffer, size);
}

static struct own own = OWN;

static void push_own(firepush_read_fn read)
{
    receive_with(take_all, NULL);
    own.job = push_with(read, &own);
    say(&own.is_known);
}

static void a_callback_may_ask_but_not_wait_for_its_job(void)
{
    push_own(ask_for_itself);
    GIVES(0, firepush_job_wait(own.job, -1));
    firepush_job_free(own.job);
}

static void a_callback_may_push_another_file(void)
{
    push_own(push_another);
    GIVES(0, firepush_job_wait(own.job, -1));
    GIVES(0, firepush_job_wait(own.other, -1));
    firepush_job_free(own.job);
    firepush_job_free(own.other);
}

static void a_callback_may_cancel_its_job(void)
{
    push_own(cancel_itself);
    GIVES(STOPPED, firepush_job_wait(own.job, -1));
    firepush_job_free(own.job);
    check_that_the_rest_goes_on();
}

static void a_callback_that_frees_its_job_is_not_called_again(void)
{
    push_own(free_itself);
    CHECK(next_error() < 0);
    check_that_the_rest_goes_on();
    CHECK(own.calls.number == 1);
}

int main(int count, char **words)
{
    static const struct rule RULES[] = {
        RULE(reading_that_fails_ends_the_job),
        RULE(too_few_bytes_are_a_bad_file),
        RULE(more_than_announced_is_never_asked_for),
        RULE(freeing_waits_for_the_callback),
        RULE(a_callback_may_ask_but_not_wait_for_its_job),
        RULE(a_callback_may_push_another_file),
        RULE(a_callback_may_cancel_its_job),
        RULE(a_callback_that_frees_its_job_is_not_called_again),
    };
    return run_rule(RULES, sizeof RULES / sizeof *RULES, count, words);
}
