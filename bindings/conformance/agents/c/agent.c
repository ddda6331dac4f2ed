#include "agent.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

jmp_buf next_request;

static void do_hello(const line_t *line) {
    (void)line;
    answer_begin("ok");
    answer_field("language", "c");
    answer_field("pid", "%d", (int)getpid());
    answer_end();
}

static void do_reset(const line_t *line) {
    (void)line;
    handles_free();
    answer_status(ACKCAST_OK);
}

static void do_close(const line_t *line) {
    handle_free(handle_of(line));
    answer_status(ACKCAST_OK);
}

static const struct {
    const char *verb;
    void (*run)(const line_t *line);
} VERBS[] = {
    {"hello", do_hello},
    {"reset", do_reset},
    {"list", do_list},
    {"create", do_create},
    {"open_or_create", do_create},
    {"open", do_open},
    {"stats", do_stats},
    {"producer", do_producer},
    {"consumer", do_consumer},
    {"close", do_close},
    {"send", do_send},
    {"try_send", do_try_send},
    {"send_batch", do_send_batch},
    {"loan", do_loan},
    {"write", do_write},
    {"publish", do_publish},
    {"abandon", do_abandon},
    {"finish", do_finish},
    {"drain", do_drain},
    {"recv", do_recv},
    {"try_recv", do_try_recv},
    {"recv_batch", do_recv_batch},
    {"borrow", do_borrow},
    {"look", do_look},
    {"release", do_release},
    {"produce", do_produce},
    {"consume", do_consume},
    {"event_produce", do_event_produce},
    {"event_consume", do_event_consume},
    {"fork", do_fork},
};

int main(void) {
    char *text = NULL;
    size_t capacity = 0;
    ssize_t len;
    while ((len = getline(&text, &capacity, stdin)) > 0) {
        line_t line;
        if (setjmp(next_request) != 0) continue;
        text[strcspn(text, "\n")] = 0;
        line_parse(&line, text);
        size_t at = 0, count = sizeof VERBS / sizeof *VERBS;
        while (at < count && strcmp(VERBS[at].verb, line.verb) != 0) at++;
        if (at == count) misuse("no verb: %s", line.verb);
        VERBS[at].run(&line);
    }
    free(text);
    handles_free();
    return 0;
}
