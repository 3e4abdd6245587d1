/*
 * firepush.h: push files from a device to a person or a collector who is logged in to an XMPP server
 * (Openfire above all), and receive them: XEP-0096 stream initiation, XEP-0065 SOCKS5 bytestreams through
 * the server's proxy, XEP-0047 in-band bytestreams.
 *
 *     firepush_config *config = NULL;
 *     firepush_client *client = NULL;
 *     firepush_job *job = NULL;
 *     int rc = firepush_config_new(&config);
 *     if (rc == 0) rc = firepush_config_load(config, "/etc/firepush.conf");
 *     if (rc == 0) rc = firepush_client_new(config, &client);
 *     if (rc == 0) rc = firepush_client_connect(client);
 *     if (rc == 0) rc = firepush_push_path(client, "ops@example.org", "/var/log/messages", &job);
 *     if (rc == 0) rc = firepush_job_wait(job, -1);
 *     if (rc != 0) fprintf(stderr, "%s\n", firepush_last_error());
 *     firepush_job_free(job);
 *     firepush_client_free(client);
 *     firepush_config_free(config);
 *
 * RESULTS. A function that returns int gives 0 when it did what it says, FIREPUSH_PENDING when there is no
 *   outcome yet (FIREPUSH_DONE when there will be no more), or an error: always negative, and no number of
 *   enum firepush_error ever changes its meaning. Parameters for results come last; they are set to NULL or
 *   0 when there is no result. NULL for a parameter that is needed is FIREPUSH_ERROR_USAGE, never a crash;
 *   where NULL means something, it says so.
 *
 * HANDLES are names, not addresses. Each has one owner: whoever made it frees it, in any order. A handle
 *   that was freed already, is of another type, or was never made is FIREPUSH_ERROR_USAGE, and a second
 *   _free of it does nothing, as does _free(NULL). A number that is no handle at all is safe as well, unless
 *   it happens to be that of another handle.
 *
 * STRINGS are UTF-8 and end with NUL. Those that go in are copied. Those that come out belong to firepush;
 *   each function says how long they stay.
 *
 * THREADS. Every function may be called from any thread, with the same handle in several threads at once.
 *   Freeing a handle while another thread waits for it ends that wait with FIREPUSH_ERROR_STOPPED. A client
 *   has one thread that reads, each transfer one, an inbox one, and some for a moment (docs/C.md): 256 KiB
 *   of stack each, all signals blocked. "Doesn't block" means: at most a short lock and the local disk. None
 *   may be called from a signal handler.
 *
 * CALLBACKS get their userdata first and come from firepush's threads, one call at a time for a handle,
 *   the first perhaps before the function that was given them has returned the handle. When the _free of
 *   their handle has returned, they are not called any more: _free waits for one that is running, and so
 *   does whoever waits for that handle. A callback may call any function but those that wait for its own
 *   handle, which give FIREPUSH_ERROR_USAGE; if it frees its own handle, it is not called again. (The log
 *   callback may do less: see there.) A callback that blocks holds up its transfer only, and the _free of
 *   its handle, and nothing else ends it, neither cancel nor abort; two callbacks that free each other's
 *   handles wait for ever. It must return: no longjmp, no C++ exception; a process that it forks must not
 *   come back from it.
 *
 * THE PROCESS. No signal handler is set, no SIGPIPE is raised, no environment variable is read (but see
 *   firepush_spool_run), the working folder stays, nothing is written to standard output. Descriptors are
 *   closed on exec; a child without exec keeps the parent's sockets and its locks of the spool until it
 *   ends. After fork, what was connected belongs to the parent: in the child each client, job and inbox of
 *   the parent is FIREPUSH_ERROR_USAGE and its _free does nothing; configurations and deliveries are the
 *   child's own, new clients can be made of them, and lines of the log come after a firepush_set_log of its
 *   own. A defect in firepush is FIREPUSH_ERROR_BUG and a line of Rust's on standard error; what was under
 *   way then fails, and the rest goes on. (A library built with panic=abort ends the process instead.)
 */
#ifndef FIREPUSH_H
#define FIREPUSH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FIREPUSH_VERSION "0.1.0"

/* The version of the library, as FIREPUSH_VERSION was when it was built. Stays for ever. */
const char *firepush_version(void);

/* ---- Errors ------------------------------------------------------------------------------------------ */

enum firepush_error {
    FIREPUSH_OK = 0,
    FIREPUSH_PENDING = 1,             /* no error: there is no outcome yet */
    FIREPUSH_DONE = 2,                /* no error: all that was asked for is done, and nothing more comes */
    FIREPUSH_ERROR_USAGE = -1,        /* an argument, a handle or the order of the calls is wrong */
    FIREPUSH_ERROR_BAD_FILE = -2,     /* no regular file, or it changed while it was sent */
    FIREPUSH_ERROR_NO_FILE = -3,      /* no such file */
    FIREPUSH_ERROR_NOT_SHARED = -4,   /* the recipient is unknown or shares no presence with us */
    FIREPUSH_ERROR_OFFLINE = -5,      /* the recipient has no client online */
    FIREPUSH_ERROR_UNABLE = -6,       /* its client can't receive files this way */
    FIREPUSH_ERROR_DECLINED = -7,     /* the recipient declined the file */
    FIREPUSH_ERROR_CANCELLED = -8,    /* the other side cancelled the transfer */
    FIREPUSH_ERROR_BUSY = -9,         /* the recipient takes no further file now */
    FIREPUSH_ERROR_UNANSWERED = -10,  /* nobody answered the offer */
    FIREPUSH_ERROR_TIMEOUT = -11,     /* a wait ended at its deadline */
    FIREPUSH_ERROR_NETWORK = -12,     /* the connection can't be made or broke */
    FIREPUSH_ERROR_SERVER = -13,      /* the server refused for the time being or ended the session */
    FIREPUSH_ERROR_CONFLICT = -14,    /* another login took over the same resource */
    FIREPUSH_ERROR_STOPPED = -15,     /* ended from our side: abort, cancel or free */
    FIREPUSH_ERROR_INCOMPLETE = -16,  /* the other side ended before the last byte */
    FIREPUSH_ERROR_NO_BYTESTREAM = -17, /* no proxy can be used, or the recipient can't reach it */
    FIREPUSH_ERROR_BUG = -18,         /* a defect in firepush */
    FIREPUSH_ERROR_WRITE = -19,       /* a file, a thread or memory can't be had */
    FIREPUSH_ERROR_READ = -20,        /* a file can't be read, or a read callback failed */
    FIREPUSH_ERROR_PROTOCOL = -21,    /* the other side broke the protocol */
    FIREPUSH_ERROR_TLS = -22,         /* TLS can't be agreed on */
    FIREPUSH_ERROR_NO_TLS = -23,      /* the server offers no TLS; nothing was sent */
    FIREPUSH_ERROR_CERTIFICATE = -24, /* the server's certificate can't be trusted */
    FIREPUSH_ERROR_AUTH = -25,        /* the server refused the login; trying again may lock the account */
    FIREPUSH_ERROR_NO_MECHANISM = -26, /* no login mechanism in common */
    FIREPUSH_ERROR_CONFIG = -27,      /* the configuration can't be used */
    FIREPUSH_ERROR_PROGRAM = -28,     /* a program of the configuration failed or took too long */
    FIREPUSH_ERROR_CLOCK = -29        /* the clock of this device is not set */
};

/* How many handles there are that this process may use and has not freed: 0 at the end of a program that frees
 * what it makes. Doesn't block. */
size_t firepush_handles(void);

/* Whether trying again can help. */
enum firepush_retry {
    FIREPUSH_RETRY_NEVER = 0, /* the same input fails again */
    FIREPUSH_RETRY_CURE = 1,  /* after an administrator has cured it; keep the file */
    FIREPUSH_RETRY_LATER = 2  /* by itself, later */
};

/* What a code means, what to do about it, and whether to try again. A code that there is none of is an
 * "unknown error", with no advice, FIREPUSH_RETRY_NEVER. Advice speaks of options of the command line: --ca-file
 * is the setting ca_file. The strings stay for ever. */
const char *firepush_error_text(int code);
const char *firepush_error_advice(int code);
int firepush_error_retry(int code);

/* The last failure in this thread, as one line: what, where, whose fault, what to do next. "" before the
 * first one. The next failure in this thread writes over it; it is gone when the thread ends. */
const char *firepush_last_error(void);

/* ---- Log --------------------------------------------------------------------------------------------- */

enum firepush_log_level {
    FIREPUSH_LOG_ERROR = 1,
    FIREPUSH_LOG_WARN = 2,
    FIREPUSH_LOG_INFO = 3,
    FIREPUSH_LOG_DEBUG = 4,
    FIREPUSH_LOG_TRACE = 5 /* every stanza; secrets are struck out */
};

/* One line without its end; it stays for the length of the call. Lines come from every thread that calls
 * firepush and from its own, one at a time, so a callback that blocks stops all of them at their next line. In
 * here, functions that block are FIREPUSH_ERROR_USAGE, and the _free of a client, job or inbox does nothing.
 * What firepush would log because of calls in here is left out. */
typedef void (*firepush_log_fn)(void *userdata, int level, const char *line);

/* Hands lines of this level and graver to the callback: one for the whole process, the last one that was
 * set. NULL: no lines, as in the beginning; when that has returned, the callback before is not called any
 * more. Doesn't block, but waits for a callback that is running. */
int firepush_set_log(int level, firepush_log_fn callback, void *userdata);

/* ---- Configuration ----------------------------------------------------------------------------------- */

typedef struct firepush_config firepush_config;

/* An empty configuration. Doesn't block. */
int firepush_config_new(firepush_config **config);

/* Reads a configuration file (firepush.conf(5)): its settings, and its jobs for firepush_spool_run. What a
 * later file says wins, what firepush_config_set said before stays. When the file can't be used, nothing is
 * changed. Doesn't block. */
int firepush_config_load(firepush_config *config, const char *path);

/* Sets one setting of firepush.conf(5) by its name, as on a line of that file: "jid", "ca_file", "method" …
 * It wins over every file; lists ("pin", "from") grow. Those of the command line may not be set, nor does
 * "via" take "env". What concerns programs only (log, json, quiet, status_file …) has no effect here.
 * Doesn't block. */
int firepush_config_set(firepush_config *config, const char *name, const char *value);

/* The password, for devices that keep it in no file: it wins over "password_file". UTF-8, at most 4096 bytes; one
 * line end behind it is dropped. Copied, and wiped when it is replaced and when its last user is freed. Doesn't
 * block. */
int firepush_config_set_password(firepush_config *config, const void *bytes, size_t size);

/* Clients that were made of it go on. Doesn't block. */
void firepush_config_free(firepush_config *config);

/* ---- Client ------------------------------------------------------------------------------------------ */

typedef struct firepush_client firepush_client;

/* A client with the configuration as it is now; what is set later doesn't reach it. Doesn't block. */
int firepush_client_new(const firepush_config *config, firepush_client **client);

/* Connects, starts TLS and logs in. 0 at once while it is connected; a lost connection is made anew. While
 * another thread connects the same client: FIREPUSH_ERROR_USAGE.
 * Blocks: three times wait_resolve, twice wait_connect, wait_tls and wait_bind, once wait_login at the most (195 s
 * by default; "timeout" shortens each of them), and as much again for each of up to three servers that the first
 * sends us on to. */
int firepush_client_connect(firepush_client *client);

/* Its full address, as the server gave it, into a buffer of size bytes (3072 hold every one), with NUL.
 * FIREPUSH_ERROR_USAGE before the first connect and for a smaller buffer, which is then "". Doesn't block. */
int firepush_client_jid(const firepush_client *client, char *buffer, size_t size);

/* Ends whatever waits with this client, its jobs and its inboxes, from any thread: FIREPUSH_ERROR_STOPPED. That
 * is for good: a new client of the same configuration can begin again. Doesn't block. */
int firepush_client_abort(firepush_client *client);

/* Ends the stream in order. Jobs that have no outcome, inboxes, and calls that wait with this client in other
 * threads end with FIREPUSH_ERROR_STOPPED; their handles stay, and are to be freed. Blocks: twice wait_close
 * (10 s) at the most. */
void firepush_client_free(firepush_client *client);

/* ---- Sending ----------------------------------------------------------------------------------------- */

typedef struct firepush_job firepush_job;

/* Each starts to send bytes as a file to a user ("ops@example.org": the best client that is online; with a
 * resource: that one) in a thread of its own. The client must be connected. What becomes of the file is told
 * by firepush_job_wait. Of the configuration count "method", "answer", "direct", "proxy", "reoffer", "announce",
 * "if_offline" and "rate"; what is set for jobs of the spool (to, name, empty, max_size …) does not.
 * Block: wait_write (30 s) at the most, when the server doesn't take what we say. */

/* A regular file; its size is fixed now, its name is the last part of the path. */
int firepush_push_path(firepush_client *client, const char *to, const char *path, firepush_job **job);

/* A regular file that is open for reading, from its first byte, whatever its offset, which stays. The
 * descriptor is duplicated: close yours when you like. */
int firepush_push_fd(firepush_client *client, const char *to, const char *name, int fd, firepush_job **job);

/* Bytes in memory. They are copied: change or free them when you like. bytes may be NULL if size is 0. */
int firepush_push_memory(firepush_client *client, const char *to, const char *name, const void *bytes,
                         size_t size, firepush_job **job);

/* Fills the buffer with the next bytes, at most size of them. Returns how many; 0 at the end; a negative
 * number when they can't be had, which ends the job with FIREPUSH_ERROR_READ. Fewer in all than was announced
 * is FIREPUSH_ERROR_BAD_FILE; more are never asked for. */
typedef ptrdiff_t (*firepush_read_fn)(void *userdata, void *buffer, size_t size);

/* Exactly size bytes that the callback gives, each once. */
int firepush_push_read(firepush_client *client, const char *to, const char *name, uint64_t size,
                       firepush_read_fn read, void *userdata, firepush_job **job);

/* The outcome: 0 when it was sent, else why not, again and again; FIREPUSH_PENDING when it has none within ms
 * milliseconds. Negative: as long as it takes; the waits of the transfer bound it (answer: 300 s; while bytes
 * flow there is no limit, when they stall wait_stall or wait_ibb_ack). Blocks. */
int firepush_job_wait(firepush_job *job, int ms);

/* The same without waiting. Doesn't block. */
int firepush_job_poll(firepush_job *job);

/* Ends the transfer; its outcome is then FIREPUSH_ERROR_STOPPED, unless it had one. Doesn't block. */
int firepush_job_cancel(firepush_job *job);

/* How many bytes were handed to the proxy or acknowledged, of how many. Either may be NULL. Doesn't block. */
int firepush_job_progress(const firepush_job *job, uint64_t *done, uint64_t *total);

/* Cancels it if it has no outcome, tells the other side, and waits for its thread.
 * Blocks: three times wait_close (15 s) at the most, and until a read callback that is running returns. */
void firepush_job_free(firepush_job *job);

/* ---- What became of a file --------------------------------------------------------------------------- */

typedef struct firepush_delivery firepush_delivery;

enum firepush_method { FIREPUSH_METHOD_NONE = 0, FIREPUSH_METHOD_SOCKS5 = 1, FIREPUSH_METHOD_IBB = 2 };

/* How sure it is that a file that was sent arrived. */
enum firepush_tier {
    FIREPUSH_TIER_NONE = 0,
    FIREPUSH_TIER_FORWARDED = 1, /* the proxy took every byte and closed */
    FIREPUSH_TIER_ACKED = 2      /* the other client acknowledged every block */
};

/* What a job that ended with 0 came to; else its error, or FIREPUSH_PENDING. Doesn't block. */
int firepush_job_delivery(const firepush_job *job, firepush_delivery **delivery);

/* None of these blocks. Strings stay until the delivery is freed. Of something that is no delivery strings are
 * NULL, numbers 0, and the error is FIREPUSH_ERROR_USAGE. */

/* 0: the file is whole. Else why it is not (received files only; nothing of it is left). */
int firepush_delivery_error(const firepush_delivery *delivery);
/* The same as a line for people; "" when the file is whole. */
const char *firepush_delivery_error_text(const firepush_delivery *delivery);
/* The sid of the stream. */
const char *firepush_delivery_id(const firepush_delivery *delivery);
/* The id that a file keeps however often it is sent, if its sender gives it one; else NULL. */
const char *firepush_delivery_transfer(const firepush_delivery *delivery);
/* The full address of the other side. */
const char *firepush_delivery_peer(const firepush_delivery *delivery);
/* The name that was offered; of a file that was stored: its name there. When the file failed or went to a
 * callback it is the other side's, not safe as a path nor on a terminal. */
const char *firepush_delivery_name(const firepush_delivery *delivery);
/* Where a received file lies; else NULL. */
const char *firepush_delivery_path(const firepush_delivery *delivery);
/* SHA-256 of a received file in hex; else NULL. */
const char *firepush_delivery_sha256(const firepush_delivery *delivery);
/* How many bytes. */
uint64_t firepush_delivery_bytes(const firepush_delivery *delivery);
/* Of a file that was sent: from the search for the recipient to the last byte, in milliseconds. */
uint64_t firepush_delivery_elapsed_ms(const firepush_delivery *delivery);
/* An enum firepush_method: how the bytes were carried. */
int firepush_delivery_method(const firepush_delivery *delivery);
/* An enum firepush_tier. */
int firepush_delivery_tier(const firepush_delivery *delivery);

void firepush_delivery_free(firepush_delivery *delivery);

/* ---- Receiving --------------------------------------------------------------------------------------- */

typedef struct firepush_inbox firepush_inbox;

/* Receives files from those whom "from" and "from_file" allow, and from nobody else, into the folder "dir",
 * each under a temporary name until it is whole and safe on the disk. "parallel" at once (4), "max_size" at
 * most, until "count" of them are whole. One inbox a client: a second one takes over.
 * Blocks: wait_write (30 s) at the most. */
int firepush_receive(firepush_client *client, firepush_inbox **inbox);

/* The next bytes of a file, from offset on; offset 0 begins it, once, of an empty file too (size 0). The id is
 * that of the delivery, which tells later whether the file is whole: until then the bytes are worth nothing.
 * The name is the sender's, not safe as a path. Both stay for the length of the call. Anything but 0 refuses
 * the rest: the file fails with FIREPUSH_ERROR_WRITE. */
typedef int (*firepush_write_fn)(void *userdata, const char *id, const char *name, uint64_t offset,
                                 const void *bytes, size_t size);

/* As firepush_receive, but the bytes go to the callback; "dir" is not used. One file at a time, in the order
 * of the offers, unless "parallel" is set. */
int firepush_receive_write(firepush_client *client, firepush_write_fn write, void *userdata,
                           firepush_inbox **inbox);

/* The next file that is whole or failed. FIREPUSH_PENDING when there was none within ms milliseconds
 * (negative: for ever). After the last file, those included that were cut off: what ended the connection, or
 * FIREPUSH_DONE when "count" files are whole. Blocks. */
int firepush_inbox_next(firepush_inbox *inbox, int ms, firepush_delivery **delivery);

/* Takes no more offers and ends what is under way; what was not asked for by firepush_inbox_next is forgotten.
 * Blocks: three times wait_close (15 s) at the most, and until a write callback that is running returns. */
void firepush_inbox_free(firepush_inbox *inbox);

/* ---- What waits on the device ------------------------------------------------------------------------ */

/* The spool is a folder ("spool") that survives a loss of power at any moment; `firepush run` and `firepush
 * status` work on the same. The client need not be connected: a run logs in by itself, only when there is
 * something to do. */

/* Copies a file into the spool, for `to` ("a@example.org", or "a@example.org|b@example.org": the first that is
 * able). 0: it is safe on the disk, and the original may go. Doesn't block. */
int firepush_spool_add(firepush_client *client, const char *to, const char *path);

/* The same with bytes in memory, under a name of their own. */
int firepush_spool_add_memory(firepush_client *client, const char *to, const char *name, const void *bytes,
                              size_t size);

/* Does what `firepush run` does: the jobs of the configuration, and what waits and is due. 0 when nothing is
 * left to do; FIREPUSH_PENDING while files wait, or another run is at work; an error when files were given up,
 * or nothing could be done. *sent and *waiting count files, 0 when nothing could be done; either may be NULL.
 * Programs of the configuration (output_of, before, on_success, on_failure) are children of this process: they get
 * its environment, SIGCHLD comes for them, and nobody else may reap them (waitpid(-1)).
 * Blocks: as long as it takes; firepush_client_abort ends it, and what is under way is tried again next time. */
int firepush_spool_run(firepush_client *client, uint64_t *sent, uint64_t *waiting);

/* How many files wait, how many were given up, and how many bytes the spool holds. Each may be NULL. Doesn't
 * block. */
int firepush_spool_status(firepush_client *client, uint64_t *waiting, uint64_t *failed, uint64_t *bytes);

#ifdef __cplusplus
}
#endif

#endif /* FIREPUSH_H */
