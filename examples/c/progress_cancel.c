/*
 * Pushes a file and says every second how far it is. Enter, the end of standard input or, if it is given, a
 * number of bytes that were sent cancels it. It leaves out several files at once (each has a job of its own) and
 * trying again later.
 *
 * usage: progress_cancel CONFIG TO FILE [BYTES]
 */
#define _POSIX_C_SOURCE 200809L
#include <firepush.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int is_input_there(void)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    return poll(&input, 1, 0) > 0;
}

static int wait_with_progress(firepush_job *job, uint64_t cancel_at)
{
    int rc;
    while ((rc = firepush_job_wait(job, 1000)) == FIREPUSH_PENDING) {
        uint64_t done = 0, total = 0;
        firepush_job_progress(job, &done, &total);
        printf("%" PRIu64 " of %" PRIu64 " bytes\n", done, total);
        if (done >= cancel_at || is_input_there()) firepush_job_cancel(job);
    }
    return rc;
}

static void print(const firepush_job *job)
{
    firepush_delivery *sent = NULL;
    if (firepush_job_delivery(job, &sent) != 0) return;
    printf("%" PRIu64 " bytes to %s in %" PRIu64 " ms\n", firepush_delivery_bytes(sent), firepush_delivery_peer(sent),
           firepush_delivery_elapsed_ms(sent));
    firepush_delivery_free(sent);
}

int main(int argc, char **argv)
{
    firepush_config *config = NULL;
    firepush_client *client = NULL;
    firepush_job *job = NULL;
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: progress_cancel CONFIG TO FILE [BYTES]\n");
        return 1;
    }
    uint64_t cancel_at = argc == 5 ? strtoull(argv[4], NULL, 10) : UINT64_MAX;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    int rc = firepush_config_new(&config);
    if (rc == 0) rc = firepush_config_load(config, argv[1]);
    if (rc == 0) rc = firepush_client_new(config, &client);
    if (rc == 0) rc = firepush_client_connect(client);
    if (rc == 0) rc = firepush_push_path(client, argv[2], argv[3], &job);
    if (rc == 0) rc = wait_with_progress(job, cancel_at);
    if (rc == 0) print(job);
    if (rc != 0) fprintf(stderr, "progress_cancel: %s\n", firepush_last_error());
    firepush_job_free(job);
    firepush_client_free(client);
    firepush_config_free(config);
    return rc == 0 ? 0 : 1;
}
