#include "agent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* After this many seconds the kernel ends a child that hangs. */
#define LIFETIME 20
#define TEN_SECONDS INT64_C(10000000000)

static const char *outcome(ackcast_status_t status) { return status == ACKCAST_OK ? "ok" : error_name(status); }

static ackcast_status_t use(handle_t *handle) {
    if (handle->producer != NULL) return ackcast_send(handle->producer, "child", 5, TEN_SECONDS);
    bytes_t message = {0};
    ackcast_status_t status = receive_copy(handle->consumer, TEN_SECONDS, &message);
    bytes_free(&message);
    return status;
}

/* Where the handle has lent something, only frees it. Otherwise uses the inherited handle, frees it,
 * attaches anew and uses the new handle. */
static void child(handle_t *inherited, const char *name, bool lent) {
    answer_begin("ok");
    if (!lent) answer_field("inherited", "%s", outcome(use(inherited)));
    bool is_producer = inherited->producer != NULL;
    answer_field("closed", "%s", outcome(is_producer ? ackcast_producer_free(inherited->producer)
                                                     : ackcast_consumer_free(inherited->consumer)));
    if (lent) {
        answer_end();
        return;
    }
    handle_t anew = {0};
    ackcast_start_t start = {.at = ACKCAST_START_OLDEST, .sequence = 0};
    ackcast_status_t status = is_producer ? ackcast_producer_attach(name, &anew.producer)
                                          : ackcast_consumer_attach(name, &start, &anew.consumer);
    answer_field("attached", "%s", outcome(status));
    answer_field("anew", "%s", status == ACKCAST_OK ? outcome(use(&anew)) : "");
    ackcast_producer_free(anew.producer);
    ackcast_consumer_free(anew.consumer);
    answer_end();
}

void do_fork(const line_t *line) {
    handle_t *handle = handle_of(line);
    const char *name = line_text(line, "name");
    int ends[2], status = 0;
    if (pipe(ends) != 0) misuse("no pipe");
    pid_t pid = fork();
    if (pid < 0) misuse("no fork");
    if (pid == 0) {
        alarm(LIFETIME);
        answer_to(ends[1]);
        child(handle, name, line_flag(line, "lent"));
        _exit(0);
    }
    close(ends[1]);
    char text[1000];
    size_t len = 0;
    for (ssize_t got = 1; got > 0 && len < sizeof text - 1; len += (size_t)(got > 0 ? got : 0)) {
        got = read(ends[0], text + len, sizeof text - 1 - len);
    }
    close(ends[0]);
    text[len] = 0;
    text[strcspn(text, "\n")] = 0;
    waitpid(pid, &status, 0);
    if (len == 0) answer_begin("misuse"); else answer_copy(text);
    answer_field("status", "%d", status);
    answer_end();
}
