#include "agent.h"

#include <poll.h>

/* In milliseconds. A wait for longer than that hangs. */
#define BOUND 20000

/* Waits until the descriptor is readable. */
static void await(int fd) {
    struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, BOUND) != 1) misuse("the descriptor is not readable within %d ms", BOUND);
}

/* Attaches, receives all up to an error, and leaves. */
void do_event_consume(const line_t *line) {
    check_t check = check_new(line);
    ackcast_consumer_t *consumer = NULL;
    int fd = -1;
    ackcast_status_t status = ackcast_consumer_attach(line_text(line, "name"), NULL, &consumer);
    if (status == ACKCAST_OK) status = ackcast_consumer_into_event(consumer);
    if (status == ACKCAST_OK) status = ackcast_consumer_fd(consumer, &fd);
    if (status != ACKCAST_OK) {
        answer_status(status);
        ackcast_consumer_free(consumer);
        return;
    }
    while (status == ACKCAST_OK || status == ACKCAST_TIMED_OUT) {
        const void *data;
        size_t len;
        status = ackcast_recv(consumer, ACKCAST_NOW, &data, &len);
        if (status == ACKCAST_TIMED_OUT) await(fd);
        if (status != ACKCAST_OK) continue;
        check_message(&check, data, len);
        status = ackcast_release(consumer);
    }
    check_answer(&check, status);
    ackcast_consumer_free(consumer);
}

/* Attaches, sends `n` messages, finishes, and leaves. */
void do_event_produce(const line_t *line) {
    uint32_t who = (uint32_t)line_number(line, "who");
    uint64_t n = line_number(line, "n");
    lengths_t lengths = lengths_parse(line_text(line, "lengths"));
    bytes_t message = {0};
    ackcast_producer_t *producer = NULL;
    int fd = -1;
    ackcast_status_t status = ackcast_producer_attach(line_text(line, "name"), &producer);
    if (status == ACKCAST_OK) status = ackcast_producer_into_event(producer);
    if (status == ACKCAST_OK) status = ackcast_producer_fd(producer, &fd);
    for (uint64_t sequence = 0; status == ACKCAST_OK && sequence < n; sequence++) {
        formula_message(who, sequence, length_of(lengths, who, sequence), &message);
        while ((status = ackcast_send(producer, message.data, message.len, ACKCAST_NOW)) == ACKCAST_TIMED_OUT) await(fd);
    }
    if (status == ACKCAST_OK) {
        while ((status = ackcast_finish(producer, ACKCAST_NOW, NULL)) == ACKCAST_TIMED_OUT) await(fd);
    }
    if (begin_status(status)) answer_field("n", "%llu", (unsigned long long)n);
    answer_end();
    ackcast_producer_free(producer);
    bytes_free(&message);
}
