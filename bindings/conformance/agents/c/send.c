#include "agent.h"

#include <stdlib.h>
#include <string.h>

static ackcast_producer_t *producer_of(const line_t *line) {
    ackcast_producer_t *producer = handle_of(line)->producer;
    if (producer == NULL) misuse("no producer %s", line_text(line, "id"));
    return producer;
}

void do_send(const line_t *line) {
    bytes_t data = {0};
    line_bytes(line, "data", &data);
    answer_status(ackcast_send(producer_of(line), data.data, data.len, line_timeout(line)));
    bytes_free(&data);
}

void do_try_send(const line_t *line) {
    bytes_t data = {0};
    line_bytes(line, "data", &data);
    ackcast_status_t status = ackcast_send(producer_of(line), data.data, data.len, ACKCAST_NOW);
    bool sent = status == ACKCAST_OK;
    if (begin_status(status == ACKCAST_TIMED_OUT ? ACKCAST_OK : status)) answer_field("sent", "%d", sent);
    answer_end();
    bytes_free(&data);
}

void do_send_batch(const line_t *line) {
    bytes_t data = {0};
    ackcast_bytes_t *messages;
    size_t count = line_list(line, &data, &messages), sent = 0;
    if (!begin_status(ackcast_send_batch(producer_of(line), messages, count, line_timeout(line), &sent))) {
        answer_field("sent", "%zu", sent);
    }
    answer_end();
    bytes_free(&data);
    free(messages);
}

void do_loan(const line_t *line) {
    handle_t *handle = handle_of(line);
    handle->size = line_number(line, "size");
    if (begin_status(ackcast_loan(producer_of(line), line_timeout(line), &handle->slot, &handle->capacity))) {
        answer_field("capacity", "%zu", handle->capacity);
    }
    answer_end();
}

void do_write(const line_t *line) {
    handle_t *handle = handle_of(line);
    bytes_t data = {0};
    size_t at = line_number(line, "at");
    line_bytes(line, "data", &data);
    if (handle->slot == NULL || at + data.len > handle->capacity) misuse("beyond the slot");
    memcpy((unsigned char *)handle->slot + at, data.data, data.len);
    answer_status(ACKCAST_OK);
    bytes_free(&data);
}

void do_publish(const line_t *line) {
    handle_t *handle = handle_of(line);
    ackcast_status_t status = ackcast_publish(producer_of(line), handle->size);
    answer_status(status);
    if (status == ACKCAST_TOO_LONG) ackcast_abandon(handle->producer);
    handle->slot = NULL;
}

void do_abandon(const line_t *line) {
    answer_status(ackcast_abandon(producer_of(line)));
    handle_of(line)->slot = NULL;
}

void do_finish(const line_t *line) {
    bool ended = false;
    if (begin_status(ackcast_finish(producer_of(line), line_timeout(line), &ended))) {
        answer_field("ended", "%d", ended);
    }
    answer_end();
}

void do_drain(const line_t *line) {
    uint32_t received = 0, gone = 0;
    if (begin_status(ackcast_wait_until_drained(producer_of(line), line_timeout(line), &received, &gone))) {
        answer_field("received", "%u", received);
        answer_field("gone", "%u", gone);
    }
    answer_end();
}
