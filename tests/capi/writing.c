/* Write callbacks that refuse, call back in and free what called them: one rule a run, see rules.h. */
#include "rules.h"

/* A callback that doesn't know its inbox yet waits until it does. */
struct own {
    struct word is_known;
    struct count calls, inside;
    uint64_t wanted;
};

static struct own own = {UNSAID, UNCOUNTED, UNCOUNTED, 0};

static void receive_own(firepush_write_fn write)
{
    receive_with(write, &own);
    say(&own.is_known);
}

static firepush_job *push_some(void)
{
    static const char BYTES[SIZE] = "";
    return pushed(device, to, BYTES, SIZE);
}

static int refuse_at_once(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                          size_t size)
{
    (void)id, (void)name, (void)bytes, (void)size;
    CHECK(offset == 0);
    count_up(&((struct own *)userdata)->calls, 1);
    return 1;
}

static int refuse_later(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                        size_t size)
{
    (void)id, (void)name, (void)bytes, (void)size;
    count_up(&((struct own *)userdata)->calls, 1);
    return offset == 0 ? 0 : -1;
}

/* Its sender is told, and nothing more of it comes. */
static void refused_after(unsigned calls, firepush_write_fn write)
{
    receive_own(write);
    firepush_job *job = push_some();
    CHECK(next_error() == FIREPUSH_ERROR_WRITE);
    CHECK(firepush_job_wait(job, -1) < 0);
    CHECK(own.calls.number == calls);
    firepush_job_free(job);
}

static void what_is_refused_at_once_fails_with_write(void)
{
    refused_after(1, refuse_at_once);
}

static void what_is_refused_later_fails_with_write(void)
{
    refused_after(2, refuse_later);
}

static int check_order(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                       size_t size)
{
    struct own *all = userdata;
    CHECK(pthread_mutex_trylock(&all->inside.lock) == 0);
    CHECK(offset == all->wanted && *id != '\0' && strcmp(name, "memory.bin") == 0 && bytes != NULL && size > 0);
    all->wanted = offset + size == SIZE ? 0 : offset + size;
    pthread_mutex_unlock(&all->inside.lock);
    return 0;
}

/* "One file at a time, in the order of the offers": so offsets go on, whatever else is offered. */
static void files_come_one_after_the_other(void)
{
    firepush_job *jobs[4];
    receive_own(check_order);
    for (int i = 0; i < 4; i++) jobs[i] = push_some();
    for (int i = 0; i < 4; i++) GIVES(0, firepush_job_wait(jobs[i], -1));
    for (int i = 0; i < 4; i++) CHECK(next_error() == 0);
    for (int i = 0; i < 4; i++) firepush_job_free(jobs[i]);
    CHECK(own.wanted == 0);
}

static int begin_empty(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                       size_t size)
{
    (void)id, (void)name, (void)bytes;
    CHECK(offset == 0 && size == 0);
    count_up(&((struct own *)userdata)->calls, 1);
    return 0;
}

static void an_empty_file_begins_once(void)
{
    receive_own(begin_empty);
    firepush_job *job = pushed(device, to, NULL, 0);
    GIVES(0, firepush_job_wait(job, -1));
    CHECK(next_error() == 0);
    CHECK(own.calls.number == 1);
    firepush_job_free(job);
}

static int wait_for_itself(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                           size_t size)
{
    struct own *all = userdata;
    firepush_delivery *delivery = (void *)all;
    hear(&all->is_known);
    GIVES(USAGE, firepush_inbox_next(inbox, -1, &delivery));
    CHECK(delivery == NULL);
    return take_all(NULL, id, name, offset, bytes, size);
}

static void a_callback_may_not_wait_for_its_inbox(void)
{
    receive_own(wait_for_itself);
    firepush_job *job = push_some();
    GIVES(0, firepush_job_wait(job, -1));
    CHECK(next_error() == 0);
    firepush_job_free(job);
}

static int free_itself(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                       size_t size)
{
    struct own *all = userdata;
    firepush_delivery *delivery = NULL;
    hear(&all->is_known);
    CHECK(count_up(&all->calls, 1) == 1);
    firepush_inbox_free(inbox);
    GIVES(USAGE, firepush_inbox_next(inbox, 0, &delivery));
    return take_all(NULL, id, name, offset, bytes, size);
}

/* What is under way ends; the client receives again by another inbox. */
static void a_callback_that_frees_its_inbox_is_not_called_again(void)
{
    receive_own(free_itself);
    firepush_job *job = push_some();
    CHECK(firepush_job_wait(job, -1) < 0);
    firepush_job_free(job);
    receive_with(take_all, NULL);
    check_that_the_rest_goes_on();
    CHECK(own.calls.number == 1);
}

static int abort_the_sender(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes,
                           size_t size)
{
    struct own *all = userdata;
    if (count_up(&all->calls, 1) == 1) firepush_client_abort(device);
    return take_all(NULL, id, name, offset, bytes, size);
}

static void a_callback_may_abort_another_client(void)
{
    receive_own(abort_the_sender);
    firepush_job *job = push_some();
    GIVES(STOPPED, firepush_job_wait(job, -1));
    CHECK(next_error() < 0);
    firepush_job_free(job);
}

int main(int count, char **words)
{
    static const struct rule RULES[] = {
        RULE(what_is_refused_at_once_fails_with_write),
        RULE(what_is_refused_later_fails_with_write),
        RULE(files_come_one_after_the_other),
        RULE(an_empty_file_begins_once),
        RULE(a_callback_may_not_wait_for_its_inbox),
        RULE(a_callback_that_frees_its_inbox_is_not_called_again),
        RULE(a_callback_may_abort_another_client),
    };
    return run_rule(RULES, sizeof RULES / sizeof *RULES, count, words);
}
