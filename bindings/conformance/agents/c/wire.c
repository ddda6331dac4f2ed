#include "agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern jmp_buf next_request;

static bytes_t answer;
static int answers_go_to = STDOUT_FILENO;

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* Replaces each %xx by its byte. */
static void unescape(char *value) {
    char *to = value;
    for (const char *from = value; *from != 0; to++) {
        if (*from != '%') {
            *to = *from++;
            continue;
        }
        int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
        if (low < 0) misuse("no escape: %s", from);
        *to = (char)(high * 16 + low);
        from += 3;
    }
    *to = 0;
}

void line_parse(line_t *line, char *text) {
    line->count = 0;
    line->verb = strsep(&text, " ");
    while (text != NULL) {
        char *value = strsep(&text, " "), *key = strsep(&value, "=");
        if (value == NULL || line->count == sizeof line->fields / sizeof *line->fields) misuse("no field: %s", key);
        unescape(value);
        line->fields[line->count].key = key;
        line->fields[line->count++].value = value;
    }
}

const char *line_get(const line_t *line, const char *key) {
    for (size_t at = 0; at < line->count; at++) {
        if (strcmp(line->fields[at].key, key) == 0) return line->fields[at].value;
    }
    return NULL;
}

const char *line_text(const line_t *line, const char *key) {
    const char *value = line_get(line, key);
    if (value == NULL) misuse("%s: the field %s is missing", line->verb, key);
    return value;
}

uint64_t line_number(const line_t *line, const char *key) {
    const char *value = line_text(line, key);
    char *end;
    uint64_t number = strtoull(value, &end, 10);
    if (end == value || *end != 0) misuse("%s: %s=%s is no number", line->verb, key, value);
    return number;
}

uint64_t line_number_or(const line_t *line, const char *key, uint64_t otherwise) {
    return line_get(line, key) == NULL ? otherwise : line_number(line, key);
}

bool line_flag(const line_t *line, const char *key) {
    const char *value = line_get(line, key);
    return value != NULL && strcmp(value, "1") == 0;
}

int64_t line_timeout(const line_t *line) {
    const char *value = line_get(line, "timeout");
    if (value == NULL || strcmp(value, "none") == 0) return ACKCAST_FOREVER;
    return (int64_t)(strtod(value, NULL) * 1e9);
}

static void add_hex(bytes_t *bytes, const char *text, size_t digits) {
    if (digits % 2 != 0) misuse("an odd number of digits");
    for (size_t at = 0; at < digits; at += 2) {
        int high = digit(text[at]), low = digit(text[at + 1]);
        if (high < 0 || low < 0) misuse("no hexadecimal bytes");
        unsigned char byte = (unsigned char)(high * 16 + low);
        bytes_add(bytes, &byte, 1);
    }
}

void line_bytes(const line_t *line, const char *key, bytes_t *bytes) {
    const char *text = line_text(line, key);
    bytes_clear(bytes);
    add_hex(bytes, text, strlen(text));
}

size_t line_list(const line_t *line, bytes_t *bytes, ackcast_bytes_t **messages) {
    size_t count = line_number(line, "n");
    const char *text = line_text(line, "data");
    *messages = calloc(count + 1, sizeof **messages);
    bytes_clear(bytes);
    for (size_t at = 0; at < count; at++) {
        size_t digits = strcspn(text, ","), before = bytes->len;
        add_hex(bytes, text, digits);
        (*messages)[at].len = bytes->len - before;
        if ((text[digits] == ',') != (at + 1 < count)) misuse("not %zu parts", count);
        text += digits + 1;
    }
    const unsigned char *data = bytes->data;
    for (size_t at = 0; at < count; at++) {
        (*messages)[at].data = data;
        data += (*messages)[at].len;
    }
    return count;
}

void bytes_clear(bytes_t *bytes) { bytes->len = 0; }

void bytes_add(bytes_t *bytes, const void *data, size_t len) {
    if (bytes->data == NULL || bytes->len + len > bytes->capacity) {
        bytes->capacity = 2 * (bytes->len + len) + 64;
        bytes->data = realloc(bytes->data, bytes->capacity);
        if (bytes->data == NULL) abort();
    }
    if (len > 0) memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

void bytes_free(bytes_t *bytes) {
    free(bytes->data);
    *bytes = (bytes_t){0};
}

void answer_begin(const char *verb) {
    bytes_clear(&answer);
    answer_more(verb);
}

void answer_more(const char *text) { bytes_add(&answer, text, strlen(text)); }

void answer_field(const char *key, const char *format, ...) {
    char *value;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&value, format, arguments) < 0) abort();
    va_end(arguments);
    answer_more(" ");
    answer_more(key);
    answer_more("=");
    for (const char *at = value; *at != 0; at++) {
        char escaped[4];
        bool plain = *at > ' ' && *at <= '~' && *at != '%';
        snprintf(escaped, sizeof escaped, plain ? "%c" : "%%%02x", (unsigned char)*at);
        answer_more(escaped);
    }
    free(value);
}

void answer_hex(const char *key, const void *data, size_t len) {
    answer_field(key, "%s", "");
    answer_more_hex(data, len);
}

void answer_more_hex(const void *data, size_t len) {
    for (size_t at = 0; at < len; at++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", ((const unsigned char *)data)[at]);
        answer_more(digits);
    }
}

void answer_end(void) {
    answer_more("\n");
    for (size_t at = 0; at < answer.len;) {
        ssize_t written = write(answers_go_to, answer.data + at, answer.len - at);
        if (written < 0) _exit(3);
        at += (size_t)written;
    }
}

void answer_to(int descriptor) { answers_go_to = descriptor; }

void answer_copy(const char *text) {
    bytes_clear(&answer);
    answer_more(text);
}

void misuse(const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    answer_begin("misuse");
    answer_field("text", "%s", text);
    answer_end();
    longjmp(next_request, 1);
}
