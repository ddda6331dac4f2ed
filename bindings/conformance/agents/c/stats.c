#include "agent.h"

#include <stdio.h>

static void begin(ackcast_channel_t *channel, const ackcast_info_t *info) {
    uint64_t published;
    bool ended, over, lost;
    ackcast_attached_t attached[64];
    size_t count;
    ackcast_stats_t stats;
    if (!begin_status(ackcast_channel_stats(channel, &stats))) return;
    if (!begin_status(ackcast_channel_published(channel, &published, &ended))) return;
    if (!begin_status(ackcast_channel_acknowledged(channel, attached, 64, &count))) return;
    if (!begin_status(ackcast_channel_producers_lost(channel, &lost))) return;
    if (!begin_status(ackcast_channel_is_over(channel, &over))) return;
    answer_field("published", "%llu", (unsigned long long)published);
    answer_field("ended", "%d", ended);
    answer_field("evicted", "%u", stats.evicted);
    answer_field("takeovers", "%u", stats.takeovers);
    answer_field("acknowledged", "%s", "");
    for (size_t at = 0; at < count; at++) {
        char text[40];
        snprintf(text, sizeof text, "%s%u:%llu", at == 0 ? "" : ",", attached[at].consumer,
                 (unsigned long long)attached[at].acknowledged);
        answer_more(text);
    }
    answer_field("slots", "%u", info->slots);
    answer_field("slot_size", "%u", info->slot_size);
    answer_field("retain", "%u", info->retain);
    answer_field("producers_lost", "%d", lost);
    answer_field("over", "%d", over);
}

void do_stats(const line_t *line) {
    ackcast_channel_t *channel = handle_of(line)->channel;
    if (channel == NULL) misuse("no channel");
    ackcast_info_t info;
    if (begin_status(ackcast_channel_info(channel, &info))) begin(channel, &info);
    answer_end();
}
