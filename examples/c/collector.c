/*
 * Receives files into the folder "dir" of a configuration file, from those whom its "from" allows, until
 * "count" of them are whole or SIGINT or SIGTERM comes. It leaves out logging in again: when the connection is
 * lost it ends with 1, and init or systemd starts it again.
 *
 * usage: collector CONFIG
 */
#define _POSIX_C_SOURCE 200809L
#include <firepush.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static sigset_t end_signals;

/* No firepush function may be called from a signal handler. So there is none: the signals are blocked in every
 * thread, and this one takes them when they come. */
static void *abort_by_signal(void *client)
{
    int number;
    sigwait(&end_signals, &number);
    firepush_client_abort((firepush_client *)client);
    return NULL;
}

static void print(const firepush_delivery *file)
{
    const char *peer = firepush_delivery_peer(file);
    if (firepush_delivery_error(file) != 0)
        printf("a file from %s was not received: %s\n", peer, firepush_delivery_error_text(file));
    else
        printf("%s: %" PRIu64 " bytes from %s\n", firepush_delivery_path(file), firepush_delivery_bytes(file), peer);
}

static int receive(firepush_client *client)
{
    firepush_inbox *inbox = NULL;
    int rc = firepush_client_connect(client);
    if (rc == 0) rc = firepush_receive(client, &inbox);
    if (rc == 0) puts("ready");
    while (rc == 0) {
        firepush_delivery *file = NULL;
        rc = firepush_inbox_next(inbox, -1, &file);
        if (rc == 0) print(file);
        firepush_delivery_free(file);
    }
    firepush_inbox_free(inbox);
    return rc;
}

static int receive_until_signal(firepush_client *client)
{
    pthread_t watcher;
    if (pthread_create(&watcher, NULL, abort_by_signal, client) != 0) {
        fprintf(stderr, "collector: no thread can be had for the signals\n");
        exit(1);
    }
    int rc = receive(client);
    pthread_kill(watcher, SIGTERM);
    pthread_join(watcher, NULL);
    return rc;
}

int main(int argc, char **argv)
{
    firepush_config *config = NULL;
    firepush_client *client = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: collector CONFIG\n");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    sigemptyset(&end_signals);
    sigaddset(&end_signals, SIGINT);
    sigaddset(&end_signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end_signals, NULL);
    int rc = firepush_config_new(&config);
    if (rc == 0) rc = firepush_config_load(config, argv[1]);
    if (rc == 0) rc = firepush_client_new(config, &client);
    if (rc == 0) rc = receive_until_signal(client);
    if (rc == FIREPUSH_DONE || rc == FIREPUSH_ERROR_STOPPED) rc = 0; /* "count" files are whole, or a signal came */
    if (rc != 0) fprintf(stderr, "collector: %s\n", firepush_last_error());
    firepush_client_free(client);
    firepush_config_free(config);
    return rc == 0 ? 0 : 1;
}
