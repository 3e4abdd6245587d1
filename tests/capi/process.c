/* What a process is afterwards as it was before: its environment, folder, signals, standard output and descriptors, also
 * when the other end of a connection dies while it writes.
 *
 *     process DEVICE.conf OPS.conf OPS FILE whole|cut
 */
#include "check.h"

#include <ctype.h>
#include <signal.h>

extern char **environ;

enum { SIGNALS = 64, DESCRIPTORS = 256 };

/* What a library could have changed. */
struct state {
    char folder[4096];
    struct sigaction actions[SIGNALS + 1];
    sigset_t mask;
};

static struct state state(void)
{
    struct state state;
    memset(&state, 0, sizeof state);
    CHECK(getcwd(state.folder, sizeof state.folder) != NULL);
    for (int signal = 1; signal <= SIGNALS; signal++) sigaction(signal, NULL, &state.actions[signal]);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &state.mask) == 0);
    return state;
}

static void check_as_before(const struct state *before)
{
    struct state now = state();
    CHECK(strcmp(before->folder, now.folder) == 0);
    for (int signal = 1; signal <= SIGNALS; signal++) {
        const struct sigaction *one = &before->actions[signal], *other = &now.actions[signal];
        CHECK(one->sa_handler == other->sa_handler && one->sa_flags == other->sa_flags);
        CHECK(sigismember(&before->mask, signal) == sigismember(&now.mask, signal));
    }
    CHECK(*environ == NULL);
}

static void for_each_number_in(const char *folder, void (*look)(int number))
{
    DIR *all = opendir(folder);
    CHECK(all != NULL);
    for (const struct dirent *one; (one = readdir(all)) != NULL;)
        if (isdigit((unsigned char)*one->d_name) && atoi(one->d_name) != dirfd(all)) look(atoi(one->d_name));
    closedir(all);
}

static char was_open[DESCRIPTORS];
static int new_descriptors, other_threads;

static void note_open(int descriptor)
{
    CHECK(descriptor < DESCRIPTORS);
    was_open[descriptor] = 1;
}

static void check_closed_on_exec(int descriptor)
{
    CHECK(descriptor < DESCRIPTORS);
    if (was_open[descriptor]) return;
    CHECK(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    new_descriptors++;
}

static void count_new(int descriptor)
{
    new_descriptors += descriptor >= DESCRIPTORS || !was_open[descriptor];
}

/* The thread that read the stream may be the last one to go. */
static void wait_until_all_are_closed(void)
{
    do {
        new_descriptors = 0;
        for_each_number_in("/proc/self/fd", count_new);
    } while (new_descriptors > 0 && sched_yield() == 0);
}

/* The line of /proc/TASK/status, bit n - 1 for signal n; all of them when the thread has just ended. */
static unsigned long long blocked_signals(int thread)
{
    char path[64], line[256];
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    FILE *status = fopen(path, "r");
    if (status == NULL) return ~0ULL;
    while (fgets(line, sizeof line, status) != NULL) sscanf(line, "SigBlk: %llx", &blocked);
    fclose(status);
    return blocked;
}

/* The program's signals go to its own thread. */
static void check_that_signals_are_blocked(int thread)
{
    static const int THEIRS[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGWINCH};
    if (thread == (int)getpid()) return;
    for (size_t i = 0; i < sizeof THEIRS / sizeof *THEIRS; i++)
        CHECK(blocked_signals(thread) >> (THEIRS[i] - 1) & 1);
    other_threads++;
}

/* While the transfer goes on. */
static void look_around(firepush_job *job)
{
    uint64_t done = 0;
    while (done == 0 && firepush_job_poll(job) == FIREPUSH_PENDING)
        GIVES(0, firepush_job_progress(job, &done, NULL)), sched_yield();
    for_each_number_in("/proc/self/fd", check_closed_on_exec);
    for_each_number_in("/proc/self/task", check_that_signals_are_blocked);
    CHECK(new_descriptors > 0 && other_threads > 0);
}

int main(int count, char **words)
{
    static char *nothing[] = {NULL};
    CHECK(count == 6);
    int is_cut = strcmp(words[5], "cut") == 0;
    environ = nothing;
    CHECK(chdir("/proc") == 0);
    for_each_number_in("/proc/self/fd", note_open);
    struct state before = state();
    CHECK(before.actions[SIGPIPE].sa_handler == SIG_DFL);
    firepush_client *client = connected(words[1]);
    firepush_job *job = NULL;
    GIVES(0, firepush_push_path(client, words[3], words[4], &job));
    look_around(job);
    int outcome = firepush_job_wait(job, -1);
    CHECK(is_cut ? outcome < 0 && firepush_error_retry(outcome) == FIREPUSH_RETRY_LATER : outcome == 0);
    check_as_before(&before);
    firepush_job_free(job);
    firepush_client_free(client);
    check_as_before(&before);
    wait_until_all_are_closed();
    fprintf(stderr, "%s\n", is_cut ? firepush_error_text(outcome) : "sent");
    return 0;
}
