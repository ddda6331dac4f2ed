#include "agent.h"

#include <sched.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static ackcast_status_t send_one(ackcast_producer_t *producer, const char *how, const bytes_t *message) {
    ackcast_status_t status;
    if (strcmp(how, "send") == 0) return ackcast_send(producer, message->data, message->len, ACKCAST_FOREVER);
    if (strcmp(how, "try") == 0) {
        while ((status = ackcast_send(producer, message->data, message->len, ACKCAST_NOW)) == ACKCAST_TIMED_OUT) {
            sched_yield();
        }
        return status;
    }
    if (strcmp(how, "loan") != 0) misuse("no way to send: %s", how);
    void *slot;
    size_t capacity;
    status = ackcast_loan(producer, ACKCAST_FOREVER, &slot, &capacity);
    if (status != ACKCAST_OK) return status;
    if (message->len > capacity) misuse("beyond the slot");
    memcpy(slot, message->data, message->len);
    return ackcast_publish(producer, message->len);
}

void do_produce(const line_t *line) {
    ackcast_producer_t *producer = handle_of(line)->producer;
    if (producer == NULL) misuse("no producer");
    uint32_t who = (uint32_t)line_number(line, "who");
    uint64_t next = line_number_or(line, "from", 0), n = line_number(line, "n"), end = next + n;
    lengths_t lengths = lengths_parse(line_text(line, "lengths"));
    const char *how = line_text(line, "how");
    struct timespec pace = {.tv_sec = 0, .tv_nsec = (long)line_number_or(line, "pace_us", 0) * 1000};
    size_t most = strcmp(how, "batch") == 0 ? BATCH : 1;
    bytes_t messages[BATCH] = {0};
    ackcast_status_t status = ACKCAST_OK;
    while (status == ACKCAST_OK && next < end) {
        size_t count = end - next < most ? end - next : most;
        ackcast_bytes_t batch[BATCH];
        for (size_t at = 0; at < count; at++, next++) {
            formula_message(who, next, length_of(lengths, who, next), &messages[at]);
            batch[at] = (ackcast_bytes_t){.data = messages[at].data, .len = messages[at].len};
        }
        status = most == 1 ? send_one(producer, how, &messages[0])
                           : ackcast_send_batch(producer, batch, count, ACKCAST_FOREVER, NULL);
        if (pace.tv_nsec > 0) nanosleep(&pace, NULL);
    }
    if (begin_status(status)) answer_field("n", "%llu", (unsigned long long)n);
    answer_end();
    for (size_t at = 0; at < BATCH; at++) bytes_free(&messages[at]);
}

void check_message(check_t *check, const void *message, size_t len) {
    uint32_t head_who = UINT32_MAX;
    uint64_t head_sequence = 0;
    bool has_head = formula_head(message, len, &head_who, &head_sequence);
    uint32_t who = check->any_who ? head_who : check->only;
    size_t at = 0;
    while (at < check->producers && check->seen[at].who != who) at++;
    if (at == check->producers) {
        if (check->producers == check->capacity) {
            check->capacity = check->capacity * 2 + 16;
            check->seen = realloc(check->seen, check->capacity * sizeof *check->seen);
        }
        uint64_t start = check->any_from ? head_sequence : check->from;
        check->seen[at].who = who;
        check->seen[at].first = check->seen[at].next = start;
        check->producers++;
    }
    uint64_t expected = check->seen[at].next;
    formula_message(who, expected, length_of(check->lengths, who, expected), &check->expected);
    bool right = len == check->expected.len && (len == 0 || memcmp(message, check->expected.data, len) == 0);
    /* After a fault the check goes on behind the message that was found. */
    check->seen[at].next = (!right && has_head ? head_sequence : expected) + 1;
    if (!right && check->faults++ == 0) {
        snprintf(check->first, sizeof check->first, "at %llu: %zu bytes, %u, %llu, not %zu bytes, %u, %llu",
                 (unsigned long long)check->n, len, head_who, (unsigned long long)head_sequence, check->expected.len,
                 who, (unsigned long long)expected);
    }
    if (check->has_last && check->last_who != who &&
        ((check->last_sequence + 1) % BATCH != 0 || expected % BATCH != 0)) {
        check->splits++;
    }
    check->has_last = true;
    check->last_who = who;
    check->last_sequence = expected;
    check->digest = digest_add(check->digest, message, len);
    check->n++;
}

check_t check_new(const line_t *line) {
    check_t check = {.lengths = lengths_parse(line_text(line, "lengths"))};
    check.any_who = strcmp(line_text(line, "who"), "any") == 0;
    check.any_from = strcmp(line_text(line, "from"), "any") == 0;
    if (!check.any_who) check.only = (uint32_t)line_number(line, "who");
    if (!check.any_from) check.from = line_number(line, "from");
    return check;
}

void check_answer(check_t *check, ackcast_status_t status) {
    answer_begin("ok");
    answer_field("n", "%llu", (unsigned long long)check->n);
    answer_field("end", "%s", status == ACKCAST_OK ? "limit" : error_name(status));
    answer_field("digest", "%08x", check->digest);
    answer_field("faults", "%llu", (unsigned long long)check->faults);
    answer_field("first", "%s", check->first);
    answer_field("splits", "%llu", (unsigned long long)check->splits);
    answer_field("producers", "%s", "");
    for (size_t at = 0; at < check->producers; at++) {
        char text[80];
        snprintf(text, sizeof text, "%s%u:%llu:%llu", at == 0 ? "" : ",", check->seen[at].who,
                 (unsigned long long)check->seen[at].first, (unsigned long long)check->seen[at].next);
        answer_more(text);
    }
    answer_end();
    free(check->seen);
    bytes_free(&check->expected);
}

/* Receives at least one message. */
static ackcast_status_t take(ackcast_consumer_t *consumer, const char *how, int64_t timeout, uint64_t limit,
                             check_t *check, bytes_t *buffer) {
    ackcast_status_t status;
    if (strcmp(how, "borrow") == 0 || strcmp(how, "iterate") == 0) {
        const void *data;
        size_t len;
        status = ackcast_recv(consumer, timeout, &data, &len);
        if (status != ACKCAST_OK) return status;
        check_message(check, data, len);
        return ackcast_release(consumer);
    }
    if (strcmp(how, "batch") == 0) {
        ackcast_message_t messages[BATCH];
        size_t count;
        status = ackcast_recv_batch(consumer, timeout, messages, limit < BATCH ? limit : BATCH, &count);
        if (status != ACKCAST_OK) return status;
        for (size_t at = 0; at < count; at++) check_message(check, messages[at].data, messages[at].len);
        return ackcast_release(consumer);
    }
    bool polls = strcmp(how, "try") == 0;
    if (!polls && strcmp(how, "recv") != 0 && strcmp(how, "into") != 0) misuse("no way to receive: %s", how);
    status = receive_copy(consumer, polls ? ACKCAST_NOW : timeout, buffer);
    if (polls && status == ACKCAST_TIMED_OUT) {
        sched_yield();
        return ACKCAST_OK;
    }
    if (status == ACKCAST_OK) check_message(check, buffer->data, buffer->len);
    return status;
}

void do_consume(const line_t *line) {
    ackcast_consumer_t *consumer = handle_of(line)->consumer;
    if (consumer == NULL) misuse("no consumer");
    check_t check = check_new(line);
    uint64_t limit = line_number_or(line, "n", UINT64_MAX);
    bytes_t buffer = {0};
    ackcast_status_t status = ACKCAST_OK;
    while (status == ACKCAST_OK && check.n < limit) {
        status = take(consumer, line_text(line, "how"), line_timeout(line), limit - check.n, &check, &buffer);
    }
    check_answer(&check, status);
    bytes_free(&buffer);
}
