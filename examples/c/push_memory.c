/*
 * Keeps the last 64 KiB of a capture in a ring (here: of standard input), and pushes them when it ends, the
 * oldest byte first, under a name of their own. It leaves out the lock that a ring needs when another thread
 * fills it, and saving memory: firepush copies what it is given, firepush_push_read would fetch it in pieces.
 *
 * usage: push_memory CONFIG TO <CAPTURE
 */
#include <firepush.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RING_SIZE 65536

struct ring {
    unsigned char bytes[RING_SIZE];
    size_t next; /* where the next byte goes; in a full ring the oldest one is there */
    size_t used;
};

static void ring_put(struct ring *ring, unsigned char byte)
{
    ring->bytes[ring->next] = byte;
    ring->next = (ring->next + 1) % RING_SIZE;
    if (ring->used < RING_SIZE) ring->used++;
}

/* The half from the oldest byte to the end of the ring, then the half from its beginning. */
static size_t ring_copy(const struct ring *ring, unsigned char *to)
{
    size_t oldest = (ring->next + RING_SIZE - ring->used) % RING_SIZE;
    size_t to_end = RING_SIZE - oldest;
    size_t first = ring->used < to_end ? ring->used : to_end;
    memcpy(to, ring->bytes + oldest, first);
    memcpy(to + first, ring->bytes, ring->used - first);
    return ring->used;
}

static int push_ring(firepush_client *client, const char *to, const struct ring *ring)
{
    static unsigned char bytes[RING_SIZE];
    char name[40];
    time_t now = time(NULL);
    firepush_job *job = NULL;
    size_t size = ring_copy(ring, bytes);
    strftime(name, sizeof name, "capture-%Y%m%dT%H%M%SZ.bin", gmtime(&now));
    int rc = firepush_push_memory(client, to, name, bytes, size, &job);
    if (rc == 0) rc = firepush_job_wait(job, -1);
    firepush_job_free(job);
    return rc;
}

int main(int argc, char **argv)
{
    static struct ring ring;
    firepush_config *config = NULL;
    firepush_client *client = NULL;
    int byte;
    if (argc != 3) {
        fprintf(stderr, "usage: push_memory CONFIG TO <CAPTURE\n");
        return 1;
    }
    while ((byte = getchar()) != EOF) ring_put(&ring, (unsigned char)byte);
    int rc = firepush_config_new(&config);
    if (rc == 0) rc = firepush_config_load(config, argv[1]);
    if (rc == 0) rc = firepush_client_new(config, &client);
    if (rc == 0) rc = firepush_client_connect(client);
    if (rc == 0) rc = push_ring(client, argv[2], &ring);
    if (rc != 0) fprintf(stderr, "push_memory: %s\n", firepush_last_error());
    firepush_client_free(client);
    firepush_config_free(config);
    return rc == 0 ? 0 : 1;
}
