#include "agent.h"

#include <stdio.h>
#include <string.h>

/* Length of the pattern in bytes, a prime number. */
#define PATTERN 8191

lengths_t lengths_parse(const char *text) {
    lengths_t lengths;
    if (sscanf(text, "fixed:%zu", &lengths.low) == 1) {
        lengths.kind = 'f';
        lengths.high = lengths.low;
    } else if (sscanf(text, "cycle:%zu:%zu", &lengths.low, &lengths.high) == 2) {
        lengths.kind = 'c';
    } else if (sscanf(text, "mix:%zu:%zu", &lengths.low, &lengths.high) == 2) {
        lengths.kind = 'm';
    } else {
        misuse("no lengths: %s", text);
    }
    if (lengths.low > lengths.high) misuse("no lengths: %s", text);
    return lengths;
}

size_t length_of(lengths_t lengths, uint32_t who, uint64_t sequence) {
    size_t span = lengths.high - lengths.low + 1;
    switch (lengths.kind) {
    case 'f':
        return lengths.low;
    case 'c':
        return lengths.low + sequence % span;
    default:
        return lengths.low + (((uint32_t)sequence * UINT32_C(2654435761) + who * UINT32_C(40503)) >> 7) % span;
    }
}

static const unsigned char *pattern(void) {
    static unsigned char bytes[PATTERN];
    static bool made;
    uint32_t state = 1;
    for (size_t at = 0; !made && at < PATTERN; at++) {
        state = (state * UINT32_C(1103515245) + 12345) & UINT32_C(0x7fffffff);
        bytes[at] = (unsigned char)(state >> 16);
    }
    made = true;
    return bytes;
}

static void little_endian(bytes_t *to, uint64_t value, size_t bytes) {
    for (size_t at = 0; at < bytes; at++) {
        unsigned char byte = (unsigned char)(value >> (8 * at));
        bytes_add(to, &byte, 1);
    }
}

void formula_message(uint32_t who, uint64_t sequence, size_t len, bytes_t *message) {
    bytes_clear(message);
    little_endian(message, who, 4);
    little_endian(message, len, 4);
    little_endian(message, sequence, 8);
    size_t at = (sequence * 61 + (uint64_t)who * 17) % PATTERN;
    while (message->len < len) {
        size_t part = len - message->len < PATTERN - at ? len - message->len : PATTERN - at;
        bytes_add(message, pattern() + at, part);
        at = 0;
    }
    message->len = len;
}

bool formula_head(const void *message, size_t len, uint32_t *who, uint64_t *sequence) {
    const unsigned char *bytes = message;
    if (len < HEAD) return false;
    *who = 0;
    *sequence = 0;
    for (size_t at = 0; at < 4; at++) *who |= (uint32_t)bytes[at] << (8 * at);
    for (size_t at = 0; at < 8; at++) *sequence |= (uint64_t)bytes[8 + at] << (8 * at);
    return true;
}

/* CRC-32, as zlib has it. */
static uint32_t crc(uint32_t before, const void *data, size_t len) {
    static uint32_t table[256];
    for (uint32_t byte = 0; table[255] == 0 && byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? UINT32_C(0xedb88320) : 0);
        table[byte] = value;
    }
    uint32_t value = ~before;
    for (size_t at = 0; at < len; at++) {
        value = value >> 8 ^ table[(value ^ ((const unsigned char *)data)[at]) & 0xff];
    }
    return ~value;
}

uint32_t digest_add(uint32_t digest, const void *data, size_t len) {
    unsigned char length[4];
    for (size_t at = 0; at < 4; at++) length[at] = (unsigned char)(len >> (8 * at));
    return crc(crc(digest, length, sizeof length), data, len);
}
