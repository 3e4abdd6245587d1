/*
 * Pushes one file as a configuration file says: the least that a program needs. It leaves out progress,
 * cancelling, and trying again later (firepush_error_retry says when that can help).
 */
#include <firepush.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    firepush_config *config = NULL;
    firepush_client *client = NULL;
    firepush_job *job = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: push CONFIG TO FILE\n");
        return 1;
    }
    int rc = firepush_config_new(&config);
    if (rc == 0) rc = firepush_config_load(config, argv[1]);
    if (rc == 0) rc = firepush_client_new(config, &client);
    if (rc == 0) rc = firepush_client_connect(client);
    if (rc == 0) rc = firepush_push_path(client, argv[2], argv[3], &job);
    if (rc == 0) rc = firepush_job_wait(job, -1);
    if (rc != 0) fprintf(stderr, "push: %s\n", firepush_last_error());
    firepush_job_free(job);
    firepush_client_free(client);
    firepush_config_free(config);
    return rc == 0 ? 0 : 1;
}
