/* ackcast for C: acknowledged broadcast over shared memory. Linux only. See docs/c.md.
 *
 * Made from bindings/c/src by cbindgen: change it there. MIT OR Apache-2.0. */

#ifndef ACKCAST_H
#define ACKCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A timeout: for ever. */
#define ACKCAST_FOREVER INT64_C(-1)
/* A timeout: does not wait. */
#define ACKCAST_NOW INT64_C(0)

/* The type of values `type`, as a channel keeps it. For an ackcast_value_type_t. C11 or C++11. */
#ifdef __cplusplus
#define ACKCAST_VALUE_TYPE(type, name, version) {name, version, sizeof(type), alignof(type), 0}
#else
#define ACKCAST_VALUE_TYPE(type, name, version) {name, version, sizeof(type), _Alignof(type), 0}
#endif
/* The same for messages of any number of such values. */
#ifdef __cplusplus
#define ACKCAST_SLICE_TYPE(type, name, version) {name, version, sizeof(type), alignof(type), 1}
#else
#define ACKCAST_SLICE_TYPE(type, name, version) {name, version, sizeof(type), _Alignof(type), 1}
#endif

/**
 * The default backend: futexes.
 */
#define ACKCAST_BACKEND_FUTEX 0

/**
 * pthread's mutexes and condition variables.
 */
#define ACKCAST_BACKEND_RAW_SYNC 1

/**
 * Start at the next message that is published.
 */
#define ACKCAST_START_NEXT 0

/**
 * Start at the oldest message that is retained.
 */
#define ACKCAST_START_OLDEST 1

/**
 * Start at the message of the number `sequence`, which must be retained, or be the next one.
 */
#define ACKCAST_START_SEQUENCE 2

/**
 * What a producer that sends now waits for: nothing.
 */
#define ACKCAST_BLOCKED_ON_NOTHING 0

/**
 * It waits for `blocked_consumer`, which is farthest behind, on a full ring.
 */
#define ACKCAST_BLOCKED_ON_CONSUMER 1

/**
 * It waits for the first consumers.
 */
#define ACKCAST_BLOCKED_ON_START 2

/**
 * Polls for as long as recent waits say that polling pays, then sleeps.
 */
#define ACKCAST_WAIT_ADAPTIVE 0

/**
 * Spins for some milliseconds before it sleeps: for a thread that has a core of its own.
 */
#define ACKCAST_WAIT_SPIN 1

/**
 * Sleeps at once.
 */
#define ACKCAST_WAIT_PARK 2

/**
 * What a function returns: `ACKCAST_OK`, or the error. The numbers never change, and new errors get new numbers.
 *
 * In angle brackets: what `ackcast_last_error_number` knows of the error.
 */
enum ackcast_status_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The call has done what it says.
   */
  ACKCAST_OK = 0,
  /**
   * An argument is NULL that must not be. The message names it.
   */
  ACKCAST_NULL_ARGUMENT = 1,
  /**
   * An argument has a value that it cannot have. The message names it.
   */
  ACKCAST_INVALID_ARGUMENT = 2,
  /**
   * A text is not UTF-8.
   */
  ACKCAST_NOT_UTF8 = 3,
  /**
   * Another thread is in a call with this handle. Nothing was done.
   */
  ACKCAST_BUSY = 4,
  /**
   * The handle has lent a message, a batch or a slot: release, publish or abandon it first.
   */
  ACKCAST_LENT = 5,
  /**
   * The handle has lent nothing: there is nothing to release, publish or abandon.
   */
  ACKCAST_NOT_LENT = 6,
  /**
   * The slot was lent to another thread, which has to publish or abandon it.
   */
  ACKCAST_OTHER_THREAD = 7,
  /**
   * The call needs an event handle: see `ackcast_consumer_into_event` and `ackcast_producer_into_event`.
   */
  ACKCAST_NOT_EVENT = 8,
  /**
   * An event handle does not have this call.
   */
  ACKCAST_IS_EVENT = 9,
  /**
   * The handle has left its channel, because it could not become an event handle. Free it.
   */
  ACKCAST_DETACHED = 10,
  /**
   * The buffer is shorter than the message, which is received again. <len>
   */
  ACKCAST_BUFFER_TOO_SMALL = 11,
  /**
   * The last error has no such number.
   */
  ACKCAST_NO_SUCH_NUMBER = 12,
  /**
   * A defect of this library. The handle of the call is poisoned: it can only be freed.
   */
  ACKCAST_PANIC = 13,
  /**
   * An earlier call with this handle returned `ACKCAST_PANIC`. Free it.
   */
  ACKCAST_POISONED = 14,
  /**
   * The time is up. Of receiving: <next>. Of sending, <consumer, message> if that consumer has not acknowledged that
   * message; <joined, wanted> if the first consumers are not there; <owner>, or nothing, if another producer has the
   * write lock. Of `wait_until_drained`: <consumer, acknowledged, published, behind>. Of `wait_for`: <reason>, the
   * status that says why the channel could not be joined at last.
   */
  ACKCAST_TIMED_OUT = 20,
  /**
   * The channel has ended. A consumer has received every message; a producer cannot send any more.
   */
  ACKCAST_ENDED = 21,
  /**
   * Every message was received, and every producer died, or left without finishing. If another producer joins,
   * receiving goes on. <producers>, a bit for each
   */
  ACKCAST_PRODUCERS_LOST = 22,
  /**
   * The message is longer than a slot. <len, slot_size>
   */
  ACKCAST_TOO_LONG = 23,
  /**
   * The handle is of the process that forked this one. Free it, and attach another one in this process.
   */
  ACKCAST_INHERITED = 24,
  /**
   * The system does not say which participants live. <errno>
   */
  ACKCAST_LIVENESS_UNKNOWN = 25,
  /**
   * The channel's memory was overwritten. Numbers as the message has them, such as <consumer, acked, published>.
   */
  ACKCAST_CORRUPT = 26,
  /**
   * The message is no value of the channel's type. Of sending: nothing was sent. <len, size> Of receiving: a
   * producer of bytes has sent it, and it was passed over. <sequence, len, size>
   */
  ACKCAST_NOT_A_VALUE = 27,
  /**
   * The name cannot be a channel's.
   */
  ACKCAST_INVALID_NAME = 40,
  /**
   * A setting is out of its range. <value, min, max>
   */
  ACKCAST_OUT_OF_RANGE = 41,
  /**
   * The slots do not fit a segment. <slots, slot_size>
   */
  ACKCAST_TOO_LARGE = 42,
  /**
   * The slot size is not the one that the type of values demands. <slot_size, size>
   */
  ACKCAST_OTHER_SLOT_SIZE = 43,
  /**
   * No slot holds values of this type. <size> or <align, size>, if they are wrong
   */
  ACKCAST_INVALID_TYPE = 44,
  /**
   * The channel exists, and a process uses it.
   */
  ACKCAST_ALREADY_EXISTS = 45,
  /**
   * A file has the channel's name and may not be removed. <reason>, the status of opening it
   */
  ACKCAST_IN_THE_WAY = 46,
  /**
   * /dev/shm is full. <bytes>
   */
  ACKCAST_NO_SPACE = 47,
  /**
   * The channel exists with other settings. The message names them.
   */
  ACKCAST_DIFFERS = 48,
  /**
   * Another process removed the channel each time that this one opened it, for 5 seconds.
   */
  ACKCAST_RACES = 49,
  /**
   * There is no channel of this name.
   */
  ACKCAST_NOT_FOUND = 60,
  /**
   * No living process uses the channel.
   */
  ACKCAST_ABANDONED = 61,
  /**
   * The file belongs to another user, or others may open it. <owner, mode, user>
   */
  ACKCAST_NOT_OURS = 62,
  /**
   * The channel has another type of values than the one asked for.
   */
  ACKCAST_TYPE_MISMATCH = 63,
  /**
   * All places are in use. <capacity>
   */
  ACKCAST_NO_PLACE = 64,
  /**
   * The message to start at is not retained. <asked, oldest, newest>
   */
  ACKCAST_NOT_RETAINED = 65,
  /**
   * The producer's lock belongs to a thread (backend `raw_sync`), so the producer cannot become an event handle.
   */
  ACKCAST_LOCK_OF_THREAD = 66,
  /**
   * The file is not a regular file.
   */
  ACKCAST_NOT_A_FILE = 80,
  /**
   * The file is no channel.
   */
  ACKCAST_FOREIGN = 81,
  /**
   * Another version of ackcast made the channel. <found>
   */
  ACKCAST_OTHER_VERSION = 82,
  /**
   * The channel is built on an unknown backend. <found>
   */
  ACKCAST_UNKNOWN_BACKEND = 83,
  /**
   * The channel has fences of an unknown kind. <found>
   */
  ACKCAST_UNKNOWN_FENCES = 84,
  /**
   * This process may not call membarrier(2), which the channel's participants fence by.
   */
  ACKCAST_NO_MEMBARRIER = 85,
  /**
   * The channel's locks are pthread's, of another PID namespace.
   */
  ACKCAST_OTHER_PID_NAMESPACE = 86,
  /**
   * The PID namespace of this process is unknown, and the channel's locks are pthread's. <errno>
   */
  ACKCAST_UNKNOWN_PID_NAMESPACE = 87,
  /**
   * The channel's locks are those of another C library.
   */
  ACKCAST_OTHER_C_LIBRARY = 88,
  /**
   * A build with another layout made the channel. <found, expected>
   */
  ACKCAST_OTHER_LAYOUT = 89,
  /**
   * The channel's header has an impossible geometry. Numbers as of the setting that is wrong.
   */
  ACKCAST_IMPOSSIBLE_GEOMETRY = 90,
  /**
   * The channel's header has an impossible type of values.
   */
  ACKCAST_IMPOSSIBLE_TYPE = 91,
  /**
   * The file has another size than its header says. <found, expected>
   */
  ACKCAST_OTHER_SIZE = 92,
  /**
   * The system refused a call. <errno>
   */
  ACKCAST_SYSTEM = 100,
  /**
   * The process has no descriptor left. <limit>
   */
  ACKCAST_LIMIT_DESCRIPTORS = 101,
  /**
   * The system can open no more files.
   */
  ACKCAST_LIMIT_FILES = 102,
  /**
   * The channel is larger than a file of this process may be. <bytes, limit>
   */
  ACKCAST_LIMIT_FILE_SIZE = 103,
  /**
   * There is no memory or address space left.
   */
  ACKCAST_LIMIT_MEMORY = 104,
  /**
   * The process may lock no more memory.
   */
  ACKCAST_LIMIT_LOCKED_MEMORY = 105,
  /**
   * /dev/shm has no room for one more file.
   */
  ACKCAST_LIMIT_INODES = 106,
  /**
   * The user's quota in /dev/shm is used up. <user>
   */
  ACKCAST_LIMIT_QUOTA = 107,
  /**
   * The kernel has no memory for one more file lock.
   */
  ACKCAST_LIMIT_LOCKS = 108,
  /**
   * The user may not make or open the file. <user>
   */
  ACKCAST_LIMIT_PERMISSION = 109,
  /**
   * An error that this version of the C library has no number for. The message says what it is.
   */
  ACKCAST_OTHER = 127,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ackcast_status_t ackcast_status_t;
#else
typedef int32_t ackcast_status_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A handle that observes a channel, and neither sends nor receives. It keeps the channel's name: the last handle of
 * any kind that is freed removes the name.
 */
typedef struct ackcast_channel_t ackcast_channel_t;

/**
 * A handle that receives every message published after it was attached, or from an earlier one on. Producers wait for
 * its acknowledgements. It acknowledges a message when the message is released.
 */
typedef struct ackcast_consumer_t ackcast_consumer_t;

/**
 * Names of channels.
 */
typedef struct ackcast_names_t ackcast_names_t;

/**
 * A handle that sends. Finish it with `ackcast_finish` before you free it. To free it without finishing is to die, for
 * the other participants: END does not come on its account.
 */
typedef struct ackcast_producer_t ackcast_producer_t;

/**
 * The type of a channel's values. A channel keeps it, and a process that asks for another type does not attach. See
 * the macro ACKCAST_VALUE_TYPE.
 */
typedef struct ackcast_value_type_t {
  /**
   * 1 to 64 bytes of UTF-8. NULL: no type, a message is any bytes.
   */
  const char *name;
  /**
   * Changes with each change of a field or of its meaning.
   */
  uint32_t version;
  /**
   * Size of a value in bytes, at least 1.
   */
  uint32_t size;
  /**
   * Alignment of a value in bytes: 1, 2, 4, … 64.
   */
  uint32_t align;
  /**
   * 0: a message is one value. 1: a message is any number of values.
   */
  uint32_t slices;
} ackcast_value_type_t;

/**
 * The settings of a new channel. Always begin with `ackcast_settings_default`, so that a later version of the library
 * knows which settings you have not set.
 */
typedef struct ackcast_settings_t {
  /**
   * Length of the ring in slots: 1 to 2^20. Default 1.
   */
  uint32_t slots;
  /**
   * Size of a slot in bytes: 1 to 2^30. Default 1024. A type of values sets it, so leave it then.
   */
  uint32_t slot_size;
  /**
   * How many consumers the first message waits for: 0 to 64. Default 1.
   */
  uint32_t consumers;
  /**
   * How many producers have to finish before END is published. Default 1.
   */
  uint32_t producers;
  /**
   * How many messages are retained for late consumers: 0 to slots - 1. Default 0.
   */
  uint32_t retain;
  /**
   * How many consumers, and how many producers, can be attached at a time: 1 to 64. Default 0: chosen by the
   * library.
   */
  uint32_t places;
  /**
   * ACKCAST_BACKEND_FUTEX, the default, or ACKCAST_BACKEND_RAW_SYNC.
   */
  uint32_t backend;
  /**
   * 1: participants fence without membarrier(2). Default 0.
   */
  uint32_t symmetric_fences;
  /**
   * The type of values. Default: none.
   */
  struct ackcast_value_type_t type;
  /**
   * With `type.slices`, the most values of a message. Default 1.
   */
  uint32_t max_values;
  /**
   * For later versions. 0.
   */
  uint32_t reserved_0;
  /**
   * A number that each handle reads in `ackcast_info_t`. It means nothing to ackcast. Default 0.
   */
  uint64_t tag;
  /**
   * For later versions. All 0.
   */
  uint32_t reserved[12];
} ackcast_settings_t;

/**
 * Where a consumer starts.
 */
typedef struct ackcast_start_t {
  /**
   * ACKCAST_START_NEXT, ACKCAST_START_OLDEST or ACKCAST_START_SEQUENCE.
   */
  uint32_t at;
  /**
   * With ACKCAST_START_SEQUENCE: the number of the message, from 0.
   */
  uint64_t sequence;
} ackcast_start_t;

/**
 * How a channel was laid out.
 */
typedef struct ackcast_info_t {
  /**
   * Length of the ring in slots.
   */
  uint32_t slots;
  /**
   * Size of a slot in bytes.
   */
  uint32_t slot_size;
  /**
   * How many consumers the first message waits for.
   */
  uint32_t consumers;
  /**
   * How many producers have to finish before END is published.
   */
  uint32_t producers;
  /**
   * How many messages are retained for late consumers.
   */
  uint32_t retain;
  /**
   * How many consumers can be attached at a time.
   */
  uint32_t consumer_places;
  /**
   * How many producers can be attached at a time.
   */
  uint32_t producer_places;
  /**
   * ACKCAST_BACKEND_FUTEX or ACKCAST_BACKEND_RAW_SYNC.
   */
  uint32_t backend;
  /**
   * 1: participants fence without membarrier(2).
   */
  uint32_t symmetric_fences;
  /**
   * The type of values. Its name lives as long as the handle, and is NULL if messages are any bytes.
   */
  struct ackcast_value_type_t type;
  /**
   * That of the settings.
   */
  uint64_t tag;
  /**
   * A random number, which tells this channel from each other one of its name. Never 0.
   */
  uint64_t incarnation;
  /**
   * For later versions. All 0.
   */
  uint32_t reserved[16];
} ackcast_info_t;

/**
 * An attached consumer.
 */
typedef struct ackcast_attached_t {
  /**
   * Its number, from 0.
   */
  uint32_t consumer;
  /**
   * How many messages it has acknowledged, counted from the channel's first one.
   */
  uint64_t acknowledged;
} ackcast_attached_t;

/**
 * A message of a batch, in its slot.
 */
typedef struct ackcast_message_t {
  /**
   * The bytes. Never NULL.
   */
  const void *data;
  /**
   * How many.
   */
  size_t len;
  /**
   * The message's number in the one total order, from 0.
   */
  uint64_t sequence;
} ackcast_message_t;

/**
 * A message, as `ackcast_send_batch` takes it.
 */
typedef struct ackcast_bytes_t {
  /**
   * The bytes. NULL is fine if `len` is 0.
   */
  const void *data;
  /**
   * How many.
   */
  size_t len;
} ackcast_bytes_t;

/**
 * The state of a channel now. The channel goes on meanwhile, so the parts are of moments that follow each other.
 */
typedef struct ackcast_stats_t {
  /**
   * How many messages are published, END included.
   */
  uint64_t published;
  /**
   * How many published messages the consumer has not acknowledged that is farthest behind. 0 if there is none.
   */
  uint64_t lag;
  /**
   * That consumer's number. -1 if there is none.
   */
  int32_t slowest;
  /**
   * ACKCAST_BLOCKED_ON_NOTHING, ACKCAST_BLOCKED_ON_CONSUMER or ACKCAST_BLOCKED_ON_START.
   */
  uint32_t blocked_on;
  /**
   * How many consumers are attached. A dead one counts until a producer evicts it.
   */
  uint32_t consumers;
  /**
   * How many of them live.
   */
  uint32_t living_consumers;
  /**
   * How many producers live and have not finished.
   */
  uint32_t living_producers;
  /**
   * How many producers have finished.
   */
  uint32_t finished;
  /**
   * The number of the producer that has the write lock. -1: none, or not known.
   */
  int32_t lock_owner;
  /**
   * How many dead consumers were evicted. Wraps after 2^32.
   */
  uint32_t evicted;
  /**
   * How often the write lock was taken over from a dead owner. Wraps after 2^32.
   */
  uint32_t takeovers;
  /**
   * Whether END is published.
   */
  bool ended;
  /**
   * Whether a producer died without finishing, and no other producer lives.
   */
  bool producers_lost;
  /**
   * Whether a handle of any kind is attached. This one is.
   */
  bool in_use;
  /**
   * Whether the channel's name was removed.
   */
  bool removed;
  /**
   * For later versions. All 0.
   */
  uint32_t reserved[16];
} ackcast_stats_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Creates a channel. An abandoned channel of the same name, which no living process uses, is replaced.
 *
 * @param settings NULL: the default settings
 * @param channel the new handle, or NULL if there is none
 * @return `ACKCAST_ALREADY_EXISTS` if a process uses a channel of this name
 */
ackcast_status_t ackcast_create(const char *name,
                                const struct ackcast_settings_t *settings,
                                struct ackcast_channel_t **channel);

/**
 * Creates the channel, or opens the one of this name that is in use, if it has these settings. Any number of processes
 * may call it at the same time. Waits for up to 5 s while another process removes the channel that it finds.
 *
 * @param settings NULL: the default settings
 * @param channel the new handle, or NULL if there is none
 * @return `ACKCAST_DIFFERS` if the channel has other settings
 */
ackcast_status_t ackcast_open_or_create(const char *name,
                                        const struct ackcast_settings_t *settings,
                                        struct ackcast_channel_t **channel);

/**
 * Opens a channel that exists. Never waits.
 *
 * @param channel the new handle, or NULL if there is none
 * @return `ACKCAST_NOT_FOUND` if there is no channel of this name
 */
ackcast_status_t ackcast_open(const char *name, struct ackcast_channel_t **channel);

/**
 * Waits until there is a channel of this name, and opens it. To attach to it, call `ackcast_consumer_wait_for` or
 * `ackcast_producer_wait_for` at once: they know which channels can be joined.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param channel the new handle, or NULL if there is none
 * @return `ACKCAST_TIMED_OUT`, with <reason>
 */
ackcast_status_t ackcast_wait_for(const char *name,
                                  int64_t timeout_ns,
                                  struct ackcast_channel_t **channel);

/**
 * The channel's name. Lives as long as the handle. NULL if the handle is NULL.
 */
const char *ackcast_channel_name(const struct ackcast_channel_t *channel);

/**
 * Frees the handle. NULL is fine.
 *
 * @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
 */
ackcast_status_t ackcast_channel_free(struct ackcast_channel_t *channel);

/**
 * Attaches a consumer to the channel of this name. Never waits.
 *
 * @param start where it starts; NULL: at the next message that is published
 * @param consumer the new handle, or NULL if there is none
 * @return `ACKCAST_NO_PLACE` if all consumer places are in use; `ACKCAST_NOT_RETAINED`
 */
ackcast_status_t ackcast_consumer_attach(const char *name,
                                         const struct ackcast_start_t *start,
                                         struct ackcast_consumer_t **consumer);

/**
 * Attaches a consumer to the channel of this name, if its messages are values of this type. A message of another
 * length, which a producer of bytes has sent, is `ACKCAST_NOT_A_VALUE` and passed over. Never waits.
 *
 * @param start where it starts; NULL: at the next message that is published
 * @param consumer the new handle, or NULL if there is none
 * @return `ACKCAST_TYPE_MISMATCH` if the channel has another type, or none; otherwise as `ackcast_consumer_attach`
 */
ackcast_status_t ackcast_consumer_attach_typed(const char *name,
                                               const struct ackcast_start_t *start,
                                               const struct ackcast_value_type_t *type,
                                               struct ackcast_consumer_t **consumer);

/**
 * Waits until there is a channel of this name that has not ended, whose producers have not all died, and that has a
 * free place, and attaches to it. Starts at the next message that is published.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param consumer the new handle, or NULL if there is none
 * @return `ACKCAST_TIMED_OUT`, with <reason>
 */
ackcast_status_t ackcast_consumer_wait_for(const char *name,
                                           int64_t timeout_ns,
                                           struct ackcast_consumer_t **consumer);

/**
 * The consumer's number, from 0, as errors and statistics name it.
 */
ackcast_status_t ackcast_consumer_number(struct ackcast_consumer_t *consumer, uint32_t *number);

/**
 * Sets how the consumer waits from now on: ACKCAST_WAIT_ADAPTIVE, the default, ACKCAST_WAIT_SPIN or ACKCAST_WAIT_PARK.
 * An event handle does not have it.
 */
ackcast_status_t ackcast_consumer_set_wait(struct ackcast_consumer_t *consumer,
                                           uint32_t wait);

/**
 * Frees the handle: the consumer leaves its channel, and acknowledges nothing that it has lent. NULL is fine.
 *
 * @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
 */
ackcast_status_t ackcast_consumer_free(struct ackcast_consumer_t *consumer);

/**
 * Makes the consumer one for an event loop. Its calls never wait from then on, so `timeout_ns` must be 0, and it has a
 * descriptor. It takes two descriptors more, and a thread. Does nothing to an event handle.
 *
 * @return after an error, the consumer has left the channel, and can only be freed
 */
ackcast_status_t ackcast_consumer_into_event(struct ackcast_consumer_t *consumer);

/**
 * The descriptor of an event consumer, for poll(2) or epoll(7). It is readable until a call that receives returns
 * `ACKCAST_TIMED_OUT`, and again when there may be a message, END, or an error. Wait for it; do not read, write or
 * close it. It is closed when the handle is freed.
 *
 * @return `ACKCAST_NOT_EVENT` if the consumer is not an event handle
 */
ackcast_status_t ackcast_consumer_fd(struct ackcast_consumer_t *consumer,
                                     int *fd);

/**
 * Makes the producer one for an event loop. Its calls never wait from then on, so `timeout_ns` must be 0, and it has a
 * descriptor. It takes a descriptor more, and a thread. Does nothing to an event handle.
 *
 * When a call that sends returns `ACKCAST_TIMED_OUT`, the thread waits for the write lock and a free slot in the
 * producer's place. From the moment that it has both, no other producer can publish, until this one has sent, or has
 * called `ackcast_give_up`.
 *
 * @return `ACKCAST_LOCK_OF_THREAD` on the backend raw_sync. After an error, the producer has left the channel, and can
 *     only be freed
 */
ackcast_status_t ackcast_producer_into_event(struct ackcast_producer_t *producer);

/**
 * The descriptor of an event producer, for poll(2) or epoll(7). It is readable until a call that sends returns
 * `ACKCAST_TIMED_OUT`, and again when a message may be sent. Wait for it; do not read, write or close it. It is closed
 * when the handle is freed.
 *
 * @return `ACKCAST_NOT_EVENT` if the producer is not an event handle
 */
ackcast_status_t ackcast_producer_fd(struct ackcast_producer_t *producer,
                                     int *fd);

/**
 * Gives up what an event producer waits for, after a call that sends has returned `ACKCAST_TIMED_OUT`. Other producers
 * can publish within 10 ms. A later call waits anew.
 */
ackcast_status_t ackcast_give_up(struct ackcast_producer_t *producer);

/**
 * What went wrong in this thread's last call that failed, in one sentence of UTF-8. Empty if no call has failed.
 *
 * The text lives until the next call of this thread fails. A call that succeeds does not change it.
 */
const char *ackcast_last_error_message(void);

/**
 * A number of this thread's last error: `ackcast_status_t` says which errors have which.
 *
 * @param name such as "slot_size"
 * @param value the number
 * @return `ACKCAST_NO_SUCH_NUMBER` if the last error has no number of this name. The last error stays as it was,
 *     unless an argument is wrong.
 */
ackcast_status_t ackcast_last_error_number(const char *name,
                                           uint64_t *value);

/**
 * Lends the next slot, to be written in place. Waits until it is free. The producer sends nothing else, and no other
 * producer publishes, until this thread publishes or abandons the slot.
 *
 * The slot holds what an earlier message left there. It is aligned to 64 bytes; where `slot_size` is below 64, to the
 * next power of two.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param data the slot, yours until `ackcast_publish`, `ackcast_abandon` or `ackcast_producer_free`
 * @param capacity the size of the slot in bytes
 */
ackcast_status_t ackcast_loan(struct ackcast_producer_t *producer,
                              int64_t timeout_ns,
                              void **data,
                              size_t *capacity);

/**
 * Copies the previous message into the slot that is lent, so that it can be changed in place.
 *
 * @param len its length. `slot_size` if the channel has a single slot, which holds the previous message already
 * @param found false: there is no previous message, and `len` is 0
 */
ackcast_status_t ackcast_copy_previous(struct ackcast_producer_t *producer,
                                       size_t *len,
                                       bool *found);

/**
 * Publishes the first `len` bytes of the slot that is lent. The loan has ended then.
 *
 * @return `ACKCAST_TOO_LONG` if `len` is above `slot_size`, `ACKCAST_NOT_A_VALUE`, `ACKCAST_OTHER_THREAD`: the slot is
 *     still lent then. After any other error it is not, and nothing was published
 */
ackcast_status_t ackcast_publish(struct ackcast_producer_t *producer,
                                 size_t len);

/**
 * Gives the slot that is lent back, and publishes nothing.
 */
ackcast_status_t ackcast_abandon(struct ackcast_producer_t *producer);

/**
 * Lists this user's channels, living and orphaned ones, in ascending order.
 *
 * @param names the list, to be freed by `ackcast_names_free`, or NULL if there is none
 */
ackcast_status_t ackcast_list(struct ackcast_names_t **names);

/**
 * How many names the list has. 0 if it is NULL.
 */
size_t ackcast_names_count(const struct ackcast_names_t *names);

/**
 * The name of this index, from 0. Lives as long as the list. NULL if there is no such name.
 */
const char *ackcast_names_get(const struct ackcast_names_t *names, size_t index);

/**
 * Frees the list. NULL is fine.
 */
void ackcast_names_free(struct ackcast_names_t *names);

/**
 * How the channel was laid out.
 */
ackcast_status_t ackcast_channel_info(struct ackcast_channel_t *channel, struct ackcast_info_t *info);

/**
 * How many messages are published. Stale when it returns.
 *
 * @param count END included
 * @param ended whether END is published
 */
ackcast_status_t ackcast_channel_published(struct ackcast_channel_t *channel, uint64_t *count, bool *ended);

/**
 * The attached consumers, in ascending order. A dead one counts as attached until a producer evicts it.
 *
 * @param attached an array for `capacity` consumers; a channel has at most 64
 * @param count how many there are, which may be more than `capacity`
 */
ackcast_status_t ackcast_channel_acknowledged(struct ackcast_channel_t *channel,
                                              struct ackcast_attached_t *attached,
                                              size_t capacity,
                                              size_t *count);

/**
 * Whether every attached producer died without finishing. Another producer may attach, and the channel goes on.
 */
ackcast_status_t ackcast_channel_producers_lost(struct ackcast_channel_t *channel,
                                                bool *lost);

/**
 * As `ackcast_wait_until_drained`, for a process that sends nothing.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param received how many consumers have acknowledged everything. NULL is fine
 * @param gone how many have left or died, and are not known to have acknowledged everything. NULL is fine
 */
ackcast_status_t ackcast_channel_wait_until_drained(struct ackcast_channel_t *channel,
                                                    int64_t timeout_ns,
                                                    uint32_t *received,
                                                    uint32_t *gone);

/**
 * Whether the channel has ended, or every attached producer died without finishing.
 */
ackcast_status_t ackcast_channel_is_over(struct ackcast_channel_t *channel, bool *over);

/**
 * Attaches a producer to the channel of this name. Never waits.
 *
 * @param producer the new handle, or NULL if there is none
 * @return `ACKCAST_NO_PLACE` if all producer places are in use
 */
ackcast_status_t ackcast_producer_attach(const char *name, struct ackcast_producer_t **producer);

/**
 * Attaches a producer to the channel of this name, if its messages are values of this type. The producer sends values
 * only: a message of another length is `ACKCAST_NOT_A_VALUE`. Never waits.
 *
 * @param producer the new handle, or NULL if there is none
 * @return `ACKCAST_TYPE_MISMATCH` if the channel has another type, or none; otherwise as `ackcast_producer_attach`
 */
ackcast_status_t ackcast_producer_attach_typed(const char *name,
                                               const struct ackcast_value_type_t *type,
                                               struct ackcast_producer_t **producer);

/**
 * Waits until there is a channel of this name that has not ended and has a free place, and attaches to it. A channel
 * whose producers all died is joined.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param producer the new handle, or NULL if there is none
 * @return `ACKCAST_TIMED_OUT`, with <reason>
 */
ackcast_status_t ackcast_producer_wait_for(const char *name,
                                           int64_t timeout_ns,
                                           struct ackcast_producer_t **producer);

/**
 * Finishes: this producer sends nothing more. END is published once as many producers have finished as the channel was
 * created for, and no other producer lives. Waits for a free slot for END.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param ended whether this call has published END. NULL is fine
 * @return after an error, but `ACKCAST_ENDED`, the producer has not finished and may try again
 */
ackcast_status_t ackcast_finish(struct ackcast_producer_t *producer,
                                int64_t timeout_ns,
                                bool *ended);

/**
 * The number that the next message will have, from 0. Stale when it returns, where other producers can publish. An
 * event handle does not have it.
 */
ackcast_status_t ackcast_next_sequence(struct ackcast_producer_t *producer,
                                       uint64_t *sequence);

/**
 * Waits until each consumer that is attached now has acknowledged all messages that are published now. An event handle
 * does not have it.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param received how many consumers have acknowledged everything. NULL is fine
 * @param gone how many have left or died, and are not known to have acknowledged everything. NULL is fine
 */
ackcast_status_t ackcast_wait_until_drained(struct ackcast_producer_t *producer,
                                            int64_t timeout_ns,
                                            uint32_t *received,
                                            uint32_t *gone);

/**
 * Sets how the producer waits from now on: ACKCAST_WAIT_ADAPTIVE, the default, ACKCAST_WAIT_SPIN or ACKCAST_WAIT_PARK.
 * An event handle does not have it.
 */
ackcast_status_t ackcast_producer_set_wait(struct ackcast_producer_t *producer,
                                           uint32_t wait);

/**
 * Frees the handle. A slot that is lent is abandoned. NULL is fine.
 *
 * @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
 */
ackcast_status_t ackcast_producer_free(struct ackcast_producer_t *producer);

/**
 * Receives the next message, in its slot. No producer overwrites it before `ackcast_release`. The consumer receives
 * nothing else until then.
 *
 * The slot is aligned to 64 bytes; where `slot_size` is below 64, to the next power of two.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param data the message, yours to read until `ackcast_release`, `ackcast_keep` or `ackcast_consumer_free`. Never
 *     NULL
 * @param len its length in bytes
 * @return `ACKCAST_ENDED` after the last message; `ACKCAST_TIMED_OUT`; `ACKCAST_PRODUCERS_LOST`
 */
ackcast_status_t ackcast_recv(struct ackcast_consumer_t *consumer,
                              int64_t timeout_ns,
                              const void **data,
                              size_t *len);

/**
 * Receives the next message as a copy, and acknowledges it.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param buffer where the message goes
 * @param capacity the size of the buffer in bytes
 * @param len the length of the message in bytes
 * @return `ACKCAST_BUFFER_TOO_SMALL` if the message is longer than the buffer: it is received again, and `len` says
 *     how long it is. Otherwise as `ackcast_recv`
 */
ackcast_status_t ackcast_recv_copy(struct ackcast_consumer_t *consumer,
                                   int64_t timeout_ns,
                                   void *buffer,
                                   size_t capacity,
                                   size_t *len);

/**
 * Acknowledges the message or the batch that is lent: its slots are the producers' again.
 *
 * @return `ACKCAST_CORRUPT` if the message's header was overwritten meanwhile. It is not lent any more, nor
 *     acknowledged
 */
ackcast_status_t ackcast_release(struct ackcast_consumer_t *consumer);

/**
 * Ends the loan of a message without an acknowledgement: it is received again. A batch cannot be kept.
 */
ackcast_status_t ackcast_keep(struct ackcast_consumer_t *consumer);

/**
 * The number of the message that is lent, in the one total order, from 0. Each message of a batch has its own.
 *
 * @return `ACKCAST_NOT_LENT` if no message is lent
 */
ackcast_status_t ackcast_message_sequence(struct ackcast_consumer_t *consumer,
                                          uint64_t *sequence);

/**
 * Receives up to `capacity` messages, in their slots: the next one, which it waits for, and those that are published
 * by then. Cheaper than to receive them one by one. `ackcast_release` acknowledges all of them at once. An event
 * handle does not have it.
 *
 * @param timeout_ns negative: for ever; 0: does not wait
 * @param messages an array for `capacity` messages, at least 1. All of them are yours to read until `ackcast_release`
 *     or `ackcast_consumer_free`
 * @param count how many were received, at least 1
 * @return as `ackcast_recv`. If a message after the first is `ACKCAST_NOT_A_VALUE`, the batch ends before it, and the
 *     next call says so
 */
ackcast_status_t ackcast_recv_batch(struct ackcast_consumer_t *consumer,
                                    int64_t timeout_ns,
                                    struct ackcast_message_t *messages,
                                    size_t capacity,
                                    size_t *count);

/**
 * Sends a message of at most `slot_size` bytes. Waits for a free slot. An empty message is a message, and not END.
 *
 * @param data the bytes, which are copied. NULL is fine if `len` is 0
 * @param timeout_ns negative: for ever; 0: does not wait
 * @return after any error, no consumer receives any of the message
 */
ackcast_status_t ackcast_send(struct ackcast_producer_t *producer,
                              const void *data,
                              size_t len,
                              int64_t timeout_ns);

/**
 * Sends messages in order, with no other producer's between them. Cheaper than to send them one by one. An event
 * handle does not have it.
 *
 * @param timeout_ns for all of them together; negative: for ever; 0: does not wait
 * @param messages an array of `count` messages. Where they are values, the length of each is checked first
 * @param sent how many were sent, from the first one on; also after an error. NULL is fine
 */
ackcast_status_t ackcast_send_batch(struct ackcast_producer_t *producer,
                                    const struct ackcast_bytes_t *messages,
                                    size_t count,
                                    int64_t timeout_ns,
                                    size_t *sent);

/**
 * Fills in the default settings: 1 slot of 1024 bytes, 1 producer, and a first message that waits for 1 consumer.
 */
ackcast_status_t ackcast_settings_default(struct ackcast_settings_t *settings);

/**
 * The state of the channel and of its participants now.
 */
ackcast_status_t ackcast_channel_stats(struct ackcast_channel_t *channel, struct ackcast_stats_t *stats);

/**
 * The name of a status, such as "ACKCAST_TIMED_OUT". NULL if no status has this number.
 */
const char *ackcast_status_name(int32_t status);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACKCAST_H */
