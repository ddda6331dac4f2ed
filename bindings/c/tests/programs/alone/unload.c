/* Loads the shared library as a plugin does, uses it, and closes it. LIBACKCAST is its file. */
#define _GNU_SOURCE
#include <ackcast.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) ((condition) ? (void)0 : (fprintf(stderr, "%s\n", #condition), exit(1)))

int main(int argc, char **argv) {
    char name[100];
    ackcast_channel_t *channel;
    ackcast_consumer_t *consumer;
    CHECK(argc == 2);
    snprintf(name, sizeof name, "%s-unload", argv[1]);
    for (int round = 0; round < 3; round++) {
        void *library = dlopen(getenv("LIBACKCAST"), RTLD_NOW | RTLD_LOCAL);
        CHECK(library);
        ackcast_status_t (*create)(const char *, const ackcast_settings_t *, ackcast_channel_t **);
        ackcast_status_t (*attach)(const char *, const ackcast_start_t *, ackcast_consumer_t **);
        ackcast_status_t (*free_consumer)(ackcast_consumer_t *);
        ackcast_status_t (*free_channel)(ackcast_channel_t *);
        *(void **)&create = dlsym(library, "ackcast_create");
        *(void **)&attach = dlsym(library, "ackcast_consumer_attach");
        *(void **)&free_consumer = dlsym(library, "ackcast_consumer_free");
        *(void **)&free_channel = dlsym(library, "ackcast_channel_free");
        CHECK(create(name, NULL, &channel) == ACKCAST_OK);
        CHECK(attach(name, NULL, &consumer) == ACKCAST_OK); /* its threads go on */
        CHECK(attach("a/b", NULL, &(ackcast_consumer_t *){NULL}) == ACKCAST_INVALID_NAME); /* kept for this thread */
        CHECK(free_consumer(consumer) == ACKCAST_OK);
        CHECK(free_channel(channel) == ACKCAST_OK);
        CHECK(dlclose(library) == 0);
    }
    return 0;
}
