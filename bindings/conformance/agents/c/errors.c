#include "agent.h"

#include <stdio.h>
#include <string.h>

/* The names of the Rust variants; of a file that cannot be used, the fault's after a colon. */
static const struct {
    ackcast_status_t status;
    const char *name;
} NAMES[] = {
    {ACKCAST_TIMED_OUT, "TimedOut"},
    {ACKCAST_ENDED, "Ended"},
    {ACKCAST_PRODUCERS_LOST, "ProducersLost"},
    {ACKCAST_TOO_LONG, "TooLong"},
    {ACKCAST_INHERITED, "Inherited"},
    {ACKCAST_LIVENESS_UNKNOWN, "Liveness"},
    {ACKCAST_CORRUPT, "Corrupt"},
    {ACKCAST_NOT_A_VALUE, "NotAValue"},
    {ACKCAST_INVALID_NAME, "Name"},
    {ACKCAST_OUT_OF_RANGE, "Layout"},
    {ACKCAST_TOO_LARGE, "Layout"},
    {ACKCAST_OTHER_SLOT_SIZE, "Layout"},
    {ACKCAST_INVALID_TYPE, "ValueType"},
    {ACKCAST_ALREADY_EXISTS, "AlreadyExists"},
    {ACKCAST_IN_THE_WAY, "InTheWay"},
    {ACKCAST_NO_SPACE, "NoSpace"},
    {ACKCAST_DIFFERS, "Differs"},
    {ACKCAST_RACES, "Races"},
    {ACKCAST_NOT_FOUND, "NotFound"},
    {ACKCAST_ABANDONED, "Abandoned"},
    {ACKCAST_NOT_OURS, "NotOurs"},
    {ACKCAST_TYPE_MISMATCH, "Type"},
    {ACKCAST_NO_PLACE, "Full"},
    {ACKCAST_NOT_RETAINED, "NotRetained"},
    {ACKCAST_LOCK_OF_THREAD, "LockOfThread"},
    {ACKCAST_NOT_A_FILE, "Unusable:NoFile"},
    {ACKCAST_FOREIGN, "Unusable:Foreign"},
    {ACKCAST_OTHER_VERSION, "Unusable:Version"},
    {ACKCAST_UNKNOWN_BACKEND, "Unusable:Layer"},
    {ACKCAST_UNKNOWN_FENCES, "Unusable:Fences"},
    {ACKCAST_NO_MEMBARRIER, "Unusable:Membarrier"},
    {ACKCAST_OTHER_PID_NAMESPACE, "Unusable:Mark"},
    {ACKCAST_UNKNOWN_PID_NAMESPACE, "Unusable:Mark"},
    {ACKCAST_OTHER_C_LIBRARY, "Unusable:Mark"},
    {ACKCAST_OTHER_LAYOUT, "Unusable:LayoutHash"},
    {ACKCAST_IMPOSSIBLE_GEOMETRY, "Unusable:Geometry"},
    {ACKCAST_IMPOSSIBLE_TYPE, "Unusable:ValueType"},
    {ACKCAST_OTHER_SIZE, "Unusable:Size"},
    {ACKCAST_SYSTEM, "System"},
};

static const char *const NUMBERS[] = {
    "len",      "slot_size", "consumer", "message", "joined", "wanted",      "owner",    "next",
    "capacity", "asked",     "oldest",   "newest",  "behind", "acknowledged", "sequence",
};

const char *error_name(ackcast_status_t status) {
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        if (NAMES[at].status == status) return NAMES[at].name;
    }
    if (status >= ACKCAST_LIMIT_DESCRIPTORS && status <= ACKCAST_LIMIT_PERMISSION) return "Limit";
    const char *name = ackcast_status_name(status);
    return name == NULL ? "?" : name;
}

static bool number(const char *name, uint64_t *value) {
    /* Asking for a number that is not there leaves the last error as it was. */
    return ackcast_last_error_number(name, value) == ACKCAST_OK;
}

bool begin_status(ackcast_status_t status) {
    if (status == ACKCAST_OK) {
        answer_begin("ok");
        return true;
    }
    const char *name = error_name(status), *fault = strchr(name, ':');
    answer_begin("error");
    answer_field("name", "%.*s", (int)(fault == NULL ? strlen(name) : (size_t)(fault - name)), name);
    answer_field("text", "%s", ackcast_last_error_message());
    if (fault != NULL) answer_field("fault", "%s", fault + 1);
    uint64_t value;
    for (size_t at = 0; fault == NULL && at < sizeof NUMBERS / sizeof *NUMBERS; at++) {
        if (number(NUMBERS[at], &value)) answer_field(NUMBERS[at], "%llu", (unsigned long long)value);
    }
    if (number("reason", &value)) answer_field("last", "%s", error_name((ackcast_status_t)value));
    if (status == ACKCAST_PRODUCERS_LOST && number("producers", &value)) {
        const char *separator = "";
        answer_field("producers", "%s", "");
        for (unsigned producer = 0; producer < 64; producer++) {
            char text[8];
            if ((value >> producer & 1) == 0) continue;
            snprintf(text, sizeof text, "%s%u", separator, producer);
            answer_more(text);
            separator = ",";
        }
    }
    return false;
}

bool answer_status(ackcast_status_t status) {
    bool ok = begin_status(status);
    answer_end();
    return ok;
}
