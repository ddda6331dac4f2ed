/* The C agent: reads requests, one in a line, calls the library, and answers each in a line. */

#ifndef AGENT_H
#define AGENT_H

#include <ackcast.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* wire.c: the lines. */

typedef struct {
    char *verb;
    size_t count;
    struct {
        char *key, *value;
    } fields[64];
} line_t;

/* Bytes that grow. */
typedef struct {
    unsigned char *data;
    size_t len, capacity;
} bytes_t;

void line_parse(line_t *line, char *text);
const char *line_get(const line_t *line, const char *key); /* NULL: no such field */
const char *line_text(const line_t *line, const char *key);
uint64_t line_number(const line_t *line, const char *key);
uint64_t line_number_or(const line_t *line, const char *key, uint64_t otherwise);
bool line_flag(const line_t *line, const char *key);
int64_t line_timeout(const line_t *line); /* in nanoseconds; negative: for ever */
void line_bytes(const line_t *line, const char *key, bytes_t *bytes);
/* The fields of a batch. The messages point into `bytes`. Returns how many they are. */
size_t line_list(const line_t *line, bytes_t *bytes, ackcast_bytes_t **messages);

void bytes_clear(bytes_t *bytes);
void bytes_add(bytes_t *bytes, const void *data, size_t len);
void bytes_free(bytes_t *bytes);

/* An answer is begun, gets fields and is ended. */
void answer_begin(const char *verb);
void answer_field(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_hex(const char *key, const void *data, size_t len);
void answer_more_hex(const void *data, size_t len); /* continues the last field */
void answer_more(const char *text);
void answer_end(void);
void answer_to(int descriptor); /* where answers go from now on */
void answer_copy(const char *text); /* a whole answer of another process */
/* The runner has asked for something that makes no sense: answers so, and leaves the request. */
_Noreturn void misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* errors.c: the suite's vocabulary. */

const char *error_name(ackcast_status_t status);
/* Answers `ok`, without fields, or the error. True: ok. */
bool answer_status(ackcast_status_t status);
/* As `answer_status`, but the answer is not ended. */
bool begin_status(ackcast_status_t status);

/* handles.c: the agent's handles. */

typedef struct {
    char *id;
    ackcast_channel_t *channel;
    ackcast_producer_t *producer;
    ackcast_consumer_t *consumer;
    void *slot;       /* that is lent */
    size_t capacity;  /* of the slot */
    size_t size;      /* of the message of the loan */
    const void *lent; /* a message */
    size_t len;       /* of the message that is lent */
} handle_t;

handle_t *handle_new(const char *id);
handle_t *handle_find(const char *id); /* NULL: none */
handle_t *handle_of(const line_t *line);
void handle_free(handle_t *handle);
void handles_free(void);

/* formula.c: messages by formula. */

typedef struct {
    char kind;
    size_t low, high;
} lengths_t;

#define HEAD 16
lengths_t lengths_parse(const char *text);
size_t length_of(lengths_t lengths, uint32_t who, uint64_t sequence);
void formula_message(uint32_t who, uint64_t sequence, size_t len, bytes_t *message);
bool formula_head(const void *message, size_t len, uint32_t *who, uint64_t *sequence);
uint32_t digest_add(uint32_t digest, const void *data, size_t len);

/* stream.c: many messages. */

/* How many messages a batch has. */
#define BATCH 50

/* What a receiver has seen. */
typedef struct {
    lengths_t lengths;
    bool any_who, any_from;
    uint32_t only;
    uint64_t from;
    size_t producers, capacity;
    struct {
        uint32_t who;
        uint64_t first, next;
    } *seen;
    bytes_t expected;
    uint32_t digest;
    uint64_t n, faults, splits; /* of batches, by another producer's messages */
    bool has_last;
    uint32_t last_who;
    uint64_t last_sequence;
    char first[200];
} check_t;

check_t check_new(const line_t *line);
void check_message(check_t *check, const void *message, size_t len);
/* Answers, and frees what the check has allocated. */
void check_answer(check_t *check, ackcast_status_t status);

/* The requests. */

void do_create(const line_t *line);
void do_open(const line_t *line);
void do_producer(const line_t *line);
void do_consumer(const line_t *line);
void do_list(const line_t *line);
void do_stats(const line_t *line);
void do_send(const line_t *line);
void do_try_send(const line_t *line);
void do_send_batch(const line_t *line);
void do_loan(const line_t *line);
void do_write(const line_t *line);
void do_publish(const line_t *line);
void do_abandon(const line_t *line);
void do_finish(const line_t *line);
void do_drain(const line_t *line);
void do_recv(const line_t *line);
void do_try_recv(const line_t *line);
void do_recv_batch(const line_t *line);
void do_borrow(const line_t *line);
void do_look(const line_t *line);
void do_release(const line_t *line);
void do_produce(const line_t *line);
void do_consume(const line_t *line);
void do_event_produce(const line_t *line);
void do_event_consume(const line_t *line);
void do_fork(const line_t *line);

ackcast_status_t attach_producer(const line_t *line, const char *name, ackcast_producer_t **producer);
ackcast_status_t attach_consumer(const line_t *line, const char *name, ackcast_consumer_t **consumer);
ackcast_status_t receive_copy(ackcast_consumer_t *consumer, int64_t timeout_ns, bytes_t *message);

#endif
