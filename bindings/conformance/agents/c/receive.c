#include "agent.h"

#include <stdlib.h>

static ackcast_consumer_t *consumer_of(const line_t *line) {
    ackcast_consumer_t *consumer = handle_of(line)->consumer;
    if (consumer == NULL) misuse("no consumer %s", line_text(line, "id"));
    return consumer;
}

/* Begins with a short buffer. A longer message is received again. */
ackcast_status_t receive_copy(ackcast_consumer_t *consumer, int64_t timeout_ns, bytes_t *message) {
    bytes_clear(message);
    bytes_add(message, "", 0);
    ackcast_status_t status;
    do {
        size_t len = 0, capacity = message->capacity;
        status = ackcast_recv_copy(consumer, timeout_ns, message->data, capacity, &len);
        if (status == ACKCAST_BUFFER_TOO_SMALL) {
            bytes_free(message);
            message->data = malloc(len);
            message->capacity = len;
        }
        message->len = len;
    } while (status == ACKCAST_BUFFER_TOO_SMALL);
    return status;
}

void do_recv(const line_t *line) {
    bytes_t message = {0};
    if (begin_status(receive_copy(consumer_of(line), line_timeout(line), &message))) {
        answer_hex("data", message.data, message.len);
    }
    answer_end();
    bytes_free(&message);
}

void do_try_recv(const line_t *line) {
    bytes_t message = {0};
    ackcast_status_t status = receive_copy(consumer_of(line), ACKCAST_NOW, &message);
    if (status == ACKCAST_TIMED_OUT) {
        answer_begin("ok");
        answer_field("empty", "1");
    } else if (begin_status(status)) {
        answer_hex("data", message.data, message.len);
    }
    answer_end();
    bytes_free(&message);
}

void do_recv_batch(const line_t *line) {
    size_t max = line_number_or(line, "max", 1000), count = 0;
    ackcast_message_t *messages = calloc(max + 1, sizeof *messages);
    ackcast_consumer_t *consumer = consumer_of(line);
    if (begin_status(ackcast_recv_batch(consumer, line_timeout(line), messages, max, &count))) {
        answer_field("n", "%zu", count);
        answer_field("data", "%s", "");
        for (size_t at = 0; at < count; at++) {
            if (at > 0) answer_more(",");
            answer_more_hex(messages[at].data, messages[at].len);
        }
        if (ackcast_release(consumer) != ACKCAST_OK) misuse("no release");
    }
    answer_end();
    free(messages);
}

void do_borrow(const line_t *line) {
    handle_t *handle = handle_of(line);
    if (begin_status(ackcast_recv(consumer_of(line), line_timeout(line), &handle->lent, &handle->len))) {
        answer_hex("data", handle->lent, handle->len);
    }
    answer_end();
}

void do_look(const line_t *line) {
    handle_t *handle = handle_of(line);
    if (handle->lent == NULL) misuse("no message is lent");
    answer_begin("ok");
    answer_hex("data", handle->lent, handle->len);
    answer_end();
}

void do_release(const line_t *line) {
    answer_status(ackcast_release(consumer_of(line)));
    handle_of(line)->lent = NULL;
}
