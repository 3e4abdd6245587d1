/* Four threads push, wait for, look at, cancel and free the same jobs of one client, in an order that a seed decides;
 * another account of the same process receives. Each file that was sent must have arrived as it was.
 *
 *     storm DEVICE.conf OPS.conf OPS ROUNDS SEED
 */
#include "check.h"

enum { THREADS = 4, SLOTS = 8, ROUNDS = 1000, SIZE = 30000 };

/* What becomes of one file. */
struct file {
    firepush_job *job;
    unsigned number, size;
};

/* What the threads share; a job may be freed by one while another waits for it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file slots[SLOTS];
static char is_sent[THREADS * ROUNDS], has_arrived[THREADS * ROUNDS];
static firepush_client *device;
static firepush_inbox *inbox;
static const char *to;
static long rounds;
static unsigned seed;

/* Numbers that look like none follows from another; the same seed gives the same. */
static unsigned any(unsigned *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % below;
}

static unsigned char byte_of(unsigned number, uint64_t offset)
{
    return (unsigned char)(number * 31 + offset * 7 + (offset >> 8));
}

/* ---- The side that receives --------------------------------------------------------------------------- */

static int take(void *userdata, const char *id, const char *name, uint64_t offset, const void *bytes, size_t size)
{
    unsigned number;
    CHECK(userdata == &slots && *id != '\0' && sscanf(name, "storm-%u", &number) == 1);
    for (size_t i = 0; i < size; i++)
        if (((const unsigned char *)bytes)[i] != byte_of(number, offset + i)) failed(name, (int)i, "another byte");
    return 0;
}

static void *collect(void *unused)
{
    firepush_delivery *delivery;
    int code;
    while ((code = firepush_inbox_next(inbox, -1, &delivery)) == 0) {
        unsigned number;
        CHECK(sscanf(firepush_delivery_name(delivery), "storm-%u", &number) == 1 && number < sizeof has_arrived);
        int error = firepush_delivery_error(delivery);
        CHECK(error == 0 || *firepush_delivery_error_text(delivery) != '\0');
        pthread_mutex_lock(&lock);
        CHECK(error < 0 || !has_arrived[number]);
        has_arrived[number] |= error == 0;
        pthread_mutex_unlock(&lock);
        firepush_delivery_free(delivery);
    }
    GIVES(FIREPUSH_ERROR_STOPPED, code);
    return unused;
}

/* ---- The side that sends ------------------------------------------------------------------------------ */

static struct file push(unsigned number, unsigned size)
{
    static unsigned char bytes[THREADS][SIZE];
    unsigned char *own = bytes[number / ROUNDS];
    struct file file = {NULL, number, size};
    char name[32];
    for (unsigned i = 0; i < size; i++) own[i] = byte_of(number, i);
    snprintf(name, sizeof name, "storm-%u", number);
    GIVES(0, firepush_push_memory(device, to, name, own, size, &file.job));
    memset(own, 0, size);
    return file;
}

static struct file put(unsigned slot, struct file file)
{
    pthread_mutex_lock(&lock);
    struct file before = slots[slot];
    slots[slot] = file;
    pthread_mutex_unlock(&lock);
    return before;
}

static struct file look(unsigned slot)
{
    pthread_mutex_lock(&lock);
    struct file file = slots[slot];
    pthread_mutex_unlock(&lock);
    return file;
}

/* Whoever learns of it first; a freed job is USAGE, a busy receiver declines what comes too fast. */
static void note(struct file file, int outcome)
{
    CHECK(outcome == 0 || outcome == FIREPUSH_PENDING || outcome == FIREPUSH_ERROR_STOPPED ||
          outcome == FIREPUSH_ERROR_BUSY || outcome == FIREPUSH_ERROR_USAGE);
    CHECK(outcome != FIREPUSH_ERROR_USAGE || firepush_job_poll(file.job) == FIREPUSH_ERROR_USAGE);
    if (outcome != 0) return;
    pthread_mutex_lock(&lock);
    is_sent[file.number] = 1;
    pthread_mutex_unlock(&lock);
}

static void look_at(struct file file)
{
    uint64_t done = 1, total = 1;
    int code = firepush_job_progress(file.job, &done, &total);
    CHECK(code == 0 ? done <= total && (total == file.size || total == 0) : done == 0 && total == 0);
}

static void ask(struct file file)
{
    firepush_delivery *delivery;
    int code = firepush_job_delivery(file.job, &delivery);
    note(file, code);
    CHECK((code == 0) == (delivery != NULL) && (code != 0 || firepush_delivery_bytes(delivery) == file.size));
    firepush_delivery_free(delivery);
}

static void act(unsigned *state)
{
    struct file file = look(any(state, SLOTS));
    switch (any(state, 12)) {
    case 0: firepush_job_cancel(file.job); break;
    case 1: firepush_job_free(file.job); break;
    case 2: note(file, firepush_job_poll(file.job)); break;
    case 3: look_at(file); break;
    case 4: ask(file); break;
    default: note(file, firepush_job_wait(file.job, (int)any(state, 5)));
    }
}

/* Half of them may end first. */
static void give_up(struct file file, unsigned *state)
{
    if (any(state, 2) == 0) note(file, firepush_job_wait(file.job, -1));
    firepush_job_free(file.job);
}

static void *storm(void *with)
{
    unsigned thread = (unsigned)(size_t)with, state = seed + thread;
    for (unsigned round = 0; round < (unsigned)rounds; round++) {
        struct file before = put(any(&state, SLOTS), push(thread * ROUNDS + round, any(&state, SIZE)));
        if (before.job != NULL) give_up(before, &state);
        for (unsigned acts = any(&state, 8); acts > 0; acts--) act(&state);
        if (round % 20 == 0) printf("thread %u, round %u\n", thread, round), fflush(stdout);
    }
    return NULL;
}

/* What nobody cancelled or freed in the storm is sent now. */
static void settle(void)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        note(slots[slot], firepush_job_wait(slots[slot].job, -1));
        firepush_job_free(slots[slot].job);
    }
    for (unsigned number = 0; number < sizeof is_sent; number++)
        for (int is_here = !is_sent[number]; !is_here; sched_yield()) {
            pthread_mutex_lock(&lock);
            is_here = has_arrived[number];
            pthread_mutex_unlock(&lock);
        }
}

int main(int count, char **words)
{
    pthread_t threads[THREADS], collecting;
    CHECK(count == 6);
    to = words[3], rounds = strtol(words[4], NULL, 10), seed = (unsigned)strtoul(words[5], NULL, 10);
    CHECK(rounds > 0 && rounds <= ROUNDS);
    device = connected(words[1]);
    firepush_client *ops = connected(words[2]);
    GIVES(0, firepush_receive_write(ops, take, &slots, &inbox));
    collecting = started(collect, NULL);
    for (size_t i = 0; i < THREADS; i++) threads[i] = started(storm, (void *)i);
    for (size_t i = 0; i < THREADS; i++) joined(threads[i]);
    settle();
    GIVES(0, firepush_client_abort(ops));
    joined(collecting);
    firepush_client_free(device);
    firepush_inbox_free(inbox);
    firepush_client_free(ops);
    wait_until_alone();
    unsigned sent = 0;
    for (unsigned number = 0; number < sizeof is_sent; number++) sent += is_sent[number] != 0;
    printf("sent %u\n", sent);
    return 0;
}
