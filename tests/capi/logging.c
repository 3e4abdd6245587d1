/* The log callback: what comes, what doesn't, and what it may call: one rule a run, see rules.h. */
#include "rules.h"

/* One receiver of lines. */
struct lines {
    struct word is_over;
    struct count inside, all;
    int level;
};

#define LINES(level) {UNSAID, UNCOUNTED, UNCOUNTED, level}

/* One at a time, one line each, none that wasn't asked for, none after the end. */
static void check_one(void *userdata, int level, const char *line)
{
    struct lines *lines = userdata;
    CHECK(pthread_mutex_trylock(&lines->inside.lock) == 0);
    CHECK(!was_said(&lines->is_over));
    CHECK(level >= FIREPUSH_LOG_ERROR && level <= lines->level);
    CHECK(*line != '\0' && strpbrk(line, "\n\r") == NULL);
    count_up(&lines->all, 1);
    pthread_mutex_unlock(&lines->inside.lock);
}

static void without_log(struct lines *lines)
{
    GIVES(0, firepush_set_log(0, NULL, NULL));
    say(&lines->is_over);
}

static void lines_come_one_at_a_time_until_the_end(void)
{
    struct lines lines = LINES(FIREPUSH_LOG_TRACE);
    receive_with(take_all, NULL);
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, check_one, &lines));
    for (int round = 0; round < 3; round++) check_that_the_rest_goes_on();
    without_log(&lines);
    unsigned before = lines.all.number;
    CHECK(before > 10);
    check_that_the_rest_goes_on();
    CHECK(lines.all.number == before);
}

static void lines_of_a_lower_level_are_left_out(void)
{
    struct lines few = LINES(FIREPUSH_LOG_INFO), all = LINES(FIREPUSH_LOG_TRACE);
    receive_with(take_all, NULL);
    GIVES(0, firepush_set_log(FIREPUSH_LOG_INFO, check_one, &few));
    check_that_the_rest_goes_on();
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, check_one, &all));
    say(&few.is_over);
    check_that_the_rest_goes_on();
    without_log(&all);
    CHECK(few.all.number < all.all.number);
}

static void *push_until_told(void *told)
{
    while (!was_said(told)) check_that_the_rest_goes_on();
    return NULL;
}

/* Whoever was set before is not called once set_log has returned, whatever goes on in other threads. */
static void a_receiver_may_go_when_another_was_set(void)
{
    enum { TURNS = 200 };
    static struct lines turns[TURNS];
    struct word told = UNSAID;
    struct lines fresh = LINES(FIREPUSH_LOG_TRACE);
    receive_with(take_all, NULL);
    pthread_t pushing = started(push_until_told, &told);
    for (int turn = 0; turn < TURNS; turn++) {
        turns[turn] = fresh;
        GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, check_one, &turns[turn]));
        if (turn > 0) say(&turns[turn - 1].is_over);
        while (turn % 50 == 0 && count_up(&turns[turn].all, 0) == 0) sched_yield();
    }
    without_log(&turns[TURNS - 1]);
    say(&told);
    joined(pushing);
}

static void call_back(void *userdata, int level, const char *line)
{
    firepush_config *config = NULL;
    firepush_job *job = NULL;
    check_one(userdata, level, line);
    GIVES(0, firepush_config_new(&config));
    GIVES(0, firepush_config_set(config, "jid", "device@example.test"));
    firepush_config_free(config);
    GIVES(USAGE, firepush_job_poll(job));
    CHECK(firepush_handles() > 0);
}

static void a_log_callback_may_call_what_does_not_wait(void)
{
    struct lines lines = LINES(FIREPUSH_LOG_TRACE);
    receive_with(take_all, NULL);
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, call_back, &lines));
    check_that_the_rest_goes_on();
    without_log(&lines);
    CHECK(lines.all.number > 0);
}

/* Who may be waited for may be about to hand over a line, and wait for this one. */
static void wait_and_free(void *userdata, int level, const char *line)
{
    firepush_job *job = (void *)0x5A5A;
    firepush_delivery *delivery = (void *)0x5A5A;
    check_one(userdata, level, line);
    GIVES(USAGE, firepush_client_connect(device));
    GIVES(USAGE, firepush_push_memory(device, to, "name", "bytes", 5, &job));
    CHECK(job == NULL);
    GIVES(USAGE, firepush_inbox_next(inbox, -1, &delivery));
    CHECK(delivery == NULL);
    GIVES(USAGE, firepush_spool_run(device, NULL, NULL));
    firepush_inbox_free(inbox);
    firepush_client_free(device);
}

static void a_log_callback_can_neither_wait_nor_free(void)
{
    struct lines lines = LINES(FIREPUSH_LOG_TRACE);
    receive_with(take_all, NULL);
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, wait_and_free, &lines));
    check_that_the_rest_goes_on();
    without_log(&lines);
    CHECK(lines.all.number > 0);
}

struct asking {
    struct lines lines;
    struct word is_over;
};

static void ask_for_the_address(void *userdata, int level, const char *line)
{
    struct asking *asking = userdata;
    char jid[3072];
    check_one(&asking->lines, level, line);
    for (int again = 0; again < 3; again++, sched_yield()) firepush_client_jid(device, jid, sizeof jid);
}

static void *connect_until_told(void *userdata)
{
    while (!was_said(userdata)) firepush_client_connect(device), sched_yield();
    return NULL;
}

/* A thread that asks a client whether it is connected, and one that logs for it, must not wait for each other. */
static void a_log_callback_may_ask_for_the_address_while_others_connect(void)
{
    struct asking asking = {LINES(FIREPUSH_LOG_TRACE), UNSAID};
    receive_with(take_all, NULL);
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, ask_for_the_address, &asking));
    pthread_t connecting = started(connect_until_told, &asking.is_over);
    for (int round = 0; round < 3; round++) check_that_the_rest_goes_on();
    say(&asking.is_over);
    joined(connecting);
    without_log(&asking.lines);
}

static void end_it(void *userdata, int level, const char *line)
{
    check_one(userdata, level, line);
    without_log(userdata);
}

static void a_log_callback_may_end_the_log(void)
{
    struct lines lines = LINES(FIREPUSH_LOG_TRACE);
    receive_with(take_all, NULL);
    GIVES(0, firepush_set_log(FIREPUSH_LOG_TRACE, end_it, &lines));
    check_that_the_rest_goes_on();
    CHECK(was_said(&lines.is_over) && lines.all.number == 1);
}

int main(int count, char **words)
{
    static const struct rule RULES[] = {
        RULE(lines_come_one_at_a_time_until_the_end),
        RULE(lines_of_a_lower_level_are_left_out),
        RULE(a_receiver_may_go_when_another_was_set),
        RULE(a_log_callback_may_call_what_does_not_wait),
        RULE(a_log_callback_can_neither_wait_nor_free),
        RULE(a_log_callback_may_ask_for_the_address_while_others_connect),
        RULE(a_log_callback_may_end_the_log),
    };
    return run_rule(RULES, sizeof RULES / sizeof *RULES, count, words);
}
