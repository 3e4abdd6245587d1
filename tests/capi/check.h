/* What the tests in C share: checks that say where they failed, and both sides of a transfer. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firepush.h"

#define CHECK(what) ((what) ? (void)0 : failed(__FILE__, __LINE__, #what))
#define GIVES(wanted, call) gives(__FILE__, __LINE__, #call, wanted, call)

/* Ends at once: other threads may be anywhere, and what they hold is no leak. */
static inline void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s; the last error here: %s\n", file, line, what, firepush_last_error());
    fflush(stderr);
    _exit(1);
}

/* An error is one line, and no part of it is empty. */
static inline void check_line(const char *file, int line, const char *call)
{
    const char *error = firepush_last_error();
    if (error == NULL || *error == '\0' || strpbrk(error, "\n\r") != NULL) {
        fprintf(stderr, "the error is no line: ");
        failed(file, line, call);
    }
}

static inline void gives(const char *file, int line, const char *call, int wanted, int given)
{
    if (given != wanted) {
        fprintf(stderr, "%d, %s, instead of %d: ", given, firepush_error_text(given), wanted);
        failed(file, line, call);
    }
    if (given < 0) check_line(file, line, call);
}

static inline firepush_config *configured(const char *path)
{
    firepush_config *config = NULL;
    GIVES(0, firepush_config_new(&config));
    GIVES(0, firepush_config_load(config, path));
    return config;
}

static inline firepush_client *made_of(firepush_config *config)
{
    firepush_client *client = NULL;
    GIVES(0, firepush_client_new(config, &client));
    firepush_config_free(config);
    return client;
}

static inline firepush_client *connected(const char *path)
{
    firepush_client *client = made_of(configured(path));
    GIVES(0, firepush_client_connect(client));
    return client;
}

static inline firepush_job *pushed(firepush_client *client, const char *to, const void *bytes, size_t size)
{
    firepush_job *job = NULL;
    GIVES(0, firepush_push_memory(client, to, "memory.bin", bytes, size, &job));
    return job;
}

/* Something that one thread waits for and another says. */
struct word {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_said;
};

#define UNSAID {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static inline void say(struct word *word)
{
    pthread_mutex_lock(&word->lock);
    word->is_said = 1;
    pthread_cond_broadcast(&word->changed);
    pthread_mutex_unlock(&word->lock);
}

static inline void hear(struct word *word)
{
    pthread_mutex_lock(&word->lock);
    while (!word->is_said) pthread_cond_wait(&word->changed, &word->lock);
    pthread_mutex_unlock(&word->lock);
}

static inline int was_said(struct word *word)
{
    pthread_mutex_lock(&word->lock);
    int is_said = word->is_said;
    pthread_mutex_unlock(&word->lock);
    return is_said;
}

/* A number that several threads count up. */
struct count {
    pthread_mutex_t lock;
    unsigned number;
};

#define UNCOUNTED {PTHREAD_MUTEX_INITIALIZER, 0}

static inline unsigned count_up(struct count *count, unsigned by)
{
    pthread_mutex_lock(&count->lock);
    unsigned number = count->number += by;
    pthread_mutex_unlock(&count->lock);
    return number;
}

static inline pthread_t started(void *(*run)(void *), void *with)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, with) == 0);
    return thread;
}

static inline void joined(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}

/* When all is freed, each thread of firepush ends, if not at once: what one still holds when the program ends looks like
 * a leak. */
static inline void wait_until_alone(void)
{
    int threads;
    do {
        DIR *all = opendir("/proc/self/task");
        CHECK(all != NULL);
        threads = 0;
        for (const struct dirent *one; (one = readdir(all)) != NULL;) threads += *one->d_name != '.';
        closedir(all);
    } while (threads > 1 && sched_yield() == 0);
}

/* Where this thread is listed under /proc. */
struct task {
    char path[64];
};

static inline struct task this_task(void)
{
    struct task task = {"/proc/"};
    ssize_t length = readlink("/proc/thread-self", task.path + 6, sizeof task.path - 16);
    CHECK(length > 0);
    strcpy(task.path + 6 + length, "/syscall");
    return task;
}

/* Whether it waits in poll(2) (7) or ppoll(2) (271; 73 on ARM), in which each wait of firepush is. */
static inline int is_in_poll(const struct task *task)
{
    char text[32] = "";
    int file = open(task->path, O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK(read(file, text, sizeof text - 1) > 0);
    close(file);
    long number = strtol(text, NULL, 10);
    return number == 7 || number == 271 || number == 73;
}

#endif
