#include "agent.h"

#include <stdlib.h>
#include <string.h>

static handle_t *handles[4096];

handle_t *handle_find(const char *id) {
    for (size_t at = 0; at < sizeof handles / sizeof *handles; at++) {
        if (handles[at] != NULL && strcmp(handles[at]->id, id) == 0) return handles[at];
    }
    return NULL;
}

handle_t *handle_new(const char *id) {
    if (handle_find(id) != NULL) misuse("there was a handle %s", id);
    for (size_t at = 0; at < sizeof handles / sizeof *handles; at++) {
        if (handles[at] != NULL) continue;
        handles[at] = calloc(1, sizeof **handles);
        handles[at]->id = strdup(id);
        return handles[at];
    }
    misuse("too many handles");
}

handle_t *handle_of(const line_t *line) {
    handle_t *handle = handle_find(line_text(line, "id"));
    if (handle == NULL) misuse("no handle %s", line_text(line, "id"));
    return handle;
}

void handle_free(handle_t *handle) {
    for (size_t at = 0; at < sizeof handles / sizeof *handles; at++) {
        if (handles[at] == handle) handles[at] = NULL;
    }
    ackcast_producer_free(handle->producer);
    ackcast_consumer_free(handle->consumer);
    ackcast_channel_free(handle->channel);
    free(handle->id);
    free(handle);
}

void handles_free(void) {
    for (size_t at = 0; at < sizeof handles / sizeof *handles; at++) {
        if (handles[at] != NULL) handle_free(handles[at]);
    }
}

/* `type=NAME:VERSION:SIZE:ALIGNMENT`, and `slices=1`. The name lives in `buffer`. False: no type. */
static bool value_type(const line_t *line, ackcast_value_type_t *type, char buffer[80]) {
    const char *text = line_get(line, "type");
    if (text == NULL) return false;
    size_t len = strcspn(text, ":");
    if (len >= 80 || text[len] == 0) misuse("no type: %s", text);
    memcpy(buffer, text, len);
    buffer[len] = 0;
    char *end = (char *)text + len + 1;
    type->name = buffer;
    type->version = (uint32_t)strtoul(end, &end, 10);
    type->size = (uint32_t)strtoul(end + 1, &end, 10);
    type->align = (uint32_t)strtoul(end + 1, &end, 10);
    type->slices = line_flag(line, "slices");
    return true;
}

static ackcast_settings_t settings(const line_t *line, char buffer[80]) {
    ackcast_settings_t settings;
    ackcast_settings_default(&settings);
    settings.slots = (uint32_t)line_number_or(line, "slots", settings.slots);
    settings.slot_size = (uint32_t)line_number_or(line, "slot_size", settings.slot_size);
    settings.consumers = (uint32_t)line_number_or(line, "consumers", settings.consumers);
    settings.producers = (uint32_t)line_number_or(line, "producers", settings.producers);
    settings.retain = (uint32_t)line_number_or(line, "retain", settings.retain);
    settings.places = (uint32_t)line_number_or(line, "places", settings.places);
    settings.symmetric_fences = line_flag(line, "symmetric_fences");
    const char *backend = line_get(line, "backend");
    if (backend != NULL && strcmp(backend, "raw_sync") == 0) settings.backend = ACKCAST_BACKEND_RAW_SYNC;
    value_type(line, &settings.type, buffer);
    settings.max_values = (uint32_t)line_number_or(line, "max", settings.max_values);
    return settings;
}

static void keep(const line_t *line, ackcast_status_t status, ackcast_channel_t **channel) {
    if (answer_status(status)) handle_new(line_text(line, "id"))->channel = *channel;
}

void do_create(const line_t *line) {
    char buffer[80];
    ackcast_settings_t asked = settings(line, buffer);
    ackcast_channel_t *channel = NULL;
    const char *name = line_text(line, "name");
    bool create = strcmp(line->verb, "create") == 0;
    keep(line, (create ? ackcast_create : ackcast_open_or_create)(name, &asked, &channel), &channel);
}

void do_open(const line_t *line) {
    ackcast_channel_t *channel = NULL;
    keep(line, ackcast_open(line_text(line, "name"), &channel), &channel);
}

ackcast_status_t attach_producer(const line_t *line, const char *name, ackcast_producer_t **producer) {
    char buffer[80];
    ackcast_value_type_t type;
    if (value_type(line, &type, buffer)) return ackcast_producer_attach_typed(name, &type, producer);
    if (line_get(line, "timeout") != NULL) return ackcast_producer_wait_for(name, line_timeout(line), producer);
    return ackcast_producer_attach(name, producer);
}

ackcast_status_t attach_consumer(const line_t *line, const char *name, ackcast_consumer_t **consumer) {
    char buffer[80];
    ackcast_value_type_t type;
    ackcast_start_t start = {.at = ACKCAST_START_NEXT, .sequence = 0};
    const char *text = line_get(line, "start");
    if (text != NULL && strcmp(text, "oldest") == 0) {
        start.at = ACKCAST_START_OLDEST;
    } else if (text != NULL && strcmp(text, "next") != 0) {
        start.at = ACKCAST_START_SEQUENCE;
        start.sequence = line_number(line, "start");
    }
    if (value_type(line, &type, buffer)) return ackcast_consumer_attach_typed(name, &start, &type, consumer);
    if (line_get(line, "timeout") != NULL) return ackcast_consumer_wait_for(name, line_timeout(line), consumer);
    return ackcast_consumer_attach(name, &start, consumer);
}

void do_producer(const line_t *line) {
    ackcast_producer_t *producer;
    if (answer_status(attach_producer(line, line_text(line, "name"), &producer))) {
        handle_new(line_text(line, "id"))->producer = producer;
    }
}

void do_consumer(const line_t *line) {
    ackcast_consumer_t *consumer;
    if (answer_status(attach_consumer(line, line_text(line, "name"), &consumer))) {
        handle_new(line_text(line, "id"))->consumer = consumer;
    }
}

void do_list(const line_t *line) {
    (void)line;
    ackcast_names_t *names;
    if (begin_status(ackcast_list(&names))) {
        answer_field("names", "%s", "");
        for (size_t at = 0; at < ackcast_names_count(names); at++) {
            if (at > 0) answer_more(",");
            answer_more(ackcast_names_get(names, at));
        }
        ackcast_names_free(names);
    }
    answer_end();
}
