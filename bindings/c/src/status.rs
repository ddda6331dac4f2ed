//! What a function returns.

use core::ffi::{CStr, c_char};

/// What a function returns: `ACKCAST_OK`, or the error. The numbers never change, and new errors get new numbers.
///
/// In angle brackets: what `ackcast_last_error_number` knows of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ackcast_status_t {
    /// The call has done what it says.
    ACKCAST_OK = 0,

    /// An argument is NULL that must not be. The message names it.
    ACKCAST_NULL_ARGUMENT = 1,
    /// An argument has a value that it cannot have. The message names it.
    ACKCAST_INVALID_ARGUMENT = 2,
    /// A text is not UTF-8.
    ACKCAST_NOT_UTF8 = 3,
    /// Another thread is in a call with this handle. Nothing was done.
    ACKCAST_BUSY = 4,
    /// The handle has lent a message, a batch or a slot: release, publish or abandon it first.
    ACKCAST_LENT = 5,
    /// The handle has lent nothing: there is nothing to release, publish or abandon.
    ACKCAST_NOT_LENT = 6,
    /// The slot was lent to another thread, which has to publish or abandon it.
    ACKCAST_OTHER_THREAD = 7,
    /// The call needs an event handle: see `ackcast_consumer_into_event` and `ackcast_producer_into_event`.
    ACKCAST_NOT_EVENT = 8,
    /// An event handle does not have this call.
    ACKCAST_IS_EVENT = 9,
    /// The handle has left its channel, because it could not become an event handle. Free it.
    ACKCAST_DETACHED = 10,
    /// The buffer is shorter than the message, which is received again. <len>
    ACKCAST_BUFFER_TOO_SMALL = 11,
    /// The last error has no such number.
    ACKCAST_NO_SUCH_NUMBER = 12,
    /// A defect of this library. The handle of the call is poisoned: it can only be freed.
    ACKCAST_PANIC = 13,
    /// An earlier call with this handle returned `ACKCAST_PANIC`. Free it.
    ACKCAST_POISONED = 14,

    /// The time is up. Of receiving: <next>. Of sending, <consumer, message> if that consumer has not acknowledged that
    /// message; <joined, wanted> if the first consumers are not there; <owner>, or nothing, if another producer has the
    /// write lock. Of `wait_until_drained`: <consumer, acknowledged, published, behind>. Of `wait_for`: <reason>, the
    /// status that says why the channel could not be joined at last.
    ACKCAST_TIMED_OUT = 20,
    /// The channel has ended. A consumer has received every message; a producer cannot send any more.
    ACKCAST_ENDED = 21,
    /// Every message was received, and every producer died, or left without finishing. If another producer joins,
    /// receiving goes on. <producers>, a bit for each
    ACKCAST_PRODUCERS_LOST = 22,
    /// The message is longer than a slot. <len, slot_size>
    ACKCAST_TOO_LONG = 23,
    /// The handle is of the process that forked this one. Free it, and attach another one in this process.
    ACKCAST_INHERITED = 24,
    /// The system does not say which participants live. <errno>
    ACKCAST_LIVENESS_UNKNOWN = 25,
    /// The channel's memory was overwritten. Numbers as the message has them, such as <consumer, acked, published>.
    ACKCAST_CORRUPT = 26,
    /// The message is no value of the channel's type. Of sending: nothing was sent. <len, size> Of receiving: a
    /// producer of bytes has sent it, and it was passed over. <sequence, len, size>
    ACKCAST_NOT_A_VALUE = 27,

    /// The name cannot be a channel's.
    ACKCAST_INVALID_NAME = 40,
    /// A setting is out of its range. <value, min, max>
    ACKCAST_OUT_OF_RANGE = 41,
    /// The slots do not fit a segment. <slots, slot_size>
    ACKCAST_TOO_LARGE = 42,
    /// The slot size is not the one that the type of values demands. <slot_size, size>
    ACKCAST_OTHER_SLOT_SIZE = 43,
    /// No slot holds values of this type. <size> or <align, size>, if they are wrong
    ACKCAST_INVALID_TYPE = 44,
    /// The channel exists, and a process uses it.
    ACKCAST_ALREADY_EXISTS = 45,
    /// A file has the channel's name and may not be removed. <reason>, the status of opening it
    ACKCAST_IN_THE_WAY = 46,
    /// /dev/shm is full. <bytes>
    ACKCAST_NO_SPACE = 47,
    /// The channel exists with other settings. The message names them.
    ACKCAST_DIFFERS = 48,
    /// Another process removed the channel each time that this one opened it, for 5 seconds.
    ACKCAST_RACES = 49,

    /// There is no channel of this name.
    ACKCAST_NOT_FOUND = 60,
    /// No living process uses the channel.
    ACKCAST_ABANDONED = 61,
    /// The file belongs to another user, or others may open it. <owner, mode, user>
    ACKCAST_NOT_OURS = 62,
    /// The channel has another type of values than the one asked for.
    ACKCAST_TYPE_MISMATCH = 63,
    /// All places are in use. <capacity>
    ACKCAST_NO_PLACE = 64,
    /// The message to start at is not retained. <asked, oldest, newest>
    ACKCAST_NOT_RETAINED = 65,
    /// The producer's lock belongs to a thread (backend `raw_sync`), so the producer cannot become an event handle.
    ACKCAST_LOCK_OF_THREAD = 66,

    /// The file is not a regular file.
    ACKCAST_NOT_A_FILE = 80,
    /// The file is no channel.
    ACKCAST_FOREIGN = 81,
    /// Another version of ackcast made the channel. <found>
    ACKCAST_OTHER_VERSION = 82,
    /// The channel is built on an unknown backend. <found>
    ACKCAST_UNKNOWN_BACKEND = 83,
    /// The channel has fences of an unknown kind. <found>
    ACKCAST_UNKNOWN_FENCES = 84,
    /// This process may not call membarrier(2), which the channel's participants fence by.
    ACKCAST_NO_MEMBARRIER = 85,
    /// The channel's locks are pthread's, of another PID namespace.
    ACKCAST_OTHER_PID_NAMESPACE = 86,
    /// The PID namespace of this process is unknown, and the channel's locks are pthread's. <errno>
    ACKCAST_UNKNOWN_PID_NAMESPACE = 87,
    /// The channel's locks are those of another C library.
    ACKCAST_OTHER_C_LIBRARY = 88,
    /// A build with another layout made the channel. <found, expected>
    ACKCAST_OTHER_LAYOUT = 89,
    /// The channel's header has an impossible geometry. Numbers as of the setting that is wrong.
    ACKCAST_IMPOSSIBLE_GEOMETRY = 90,
    /// The channel's header has an impossible type of values.
    ACKCAST_IMPOSSIBLE_TYPE = 91,
    /// The file has another size than its header says. <found, expected>
    ACKCAST_OTHER_SIZE = 92,

    /// The system refused a call. <errno>
    ACKCAST_SYSTEM = 100,
    /// The process has no descriptor left. <limit>
    ACKCAST_LIMIT_DESCRIPTORS = 101,
    /// The system can open no more files.
    ACKCAST_LIMIT_FILES = 102,
    /// The channel is larger than a file of this process may be. <bytes, limit>
    ACKCAST_LIMIT_FILE_SIZE = 103,
    /// There is no memory or address space left.
    ACKCAST_LIMIT_MEMORY = 104,
    /// The process may lock no more memory.
    ACKCAST_LIMIT_LOCKED_MEMORY = 105,
    /// /dev/shm has no room for one more file.
    ACKCAST_LIMIT_INODES = 106,
    /// The user's quota in /dev/shm is used up. <user>
    ACKCAST_LIMIT_QUOTA = 107,
    /// The kernel has no memory for one more file lock.
    ACKCAST_LIMIT_LOCKS = 108,
    /// The user may not make or open the file. <user>
    ACKCAST_LIMIT_PERMISSION = 109,

    /// An error that this version of the C library has no number for. The message says what it is.
    ACKCAST_OTHER = 127,
}

/// The names, once for each direction. The compiler says when one is missing.
macro_rules! names {
    ($($name:ident)*) => {
        impl ackcast_status_t {
            /// Every status.
            const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn name(self) -> &'static CStr {
                match self {
                    $(Self::$name => {
                        const BYTES: &[u8] = concat!(stringify!($name), "\0").as_bytes();
                        const NAME: &CStr = match CStr::from_bytes_with_nul(BYTES) {
                            Ok(name) => name,
                            Err(_) => panic!("a name has no zeros"),
                        };
                        NAME
                    })*
                }
            }
        }
    };
}

names! {
    ACKCAST_OK
    ACKCAST_NULL_ARGUMENT ACKCAST_INVALID_ARGUMENT ACKCAST_NOT_UTF8 ACKCAST_BUSY ACKCAST_LENT ACKCAST_NOT_LENT
    ACKCAST_OTHER_THREAD ACKCAST_NOT_EVENT ACKCAST_IS_EVENT ACKCAST_DETACHED ACKCAST_BUFFER_TOO_SMALL
    ACKCAST_NO_SUCH_NUMBER ACKCAST_PANIC ACKCAST_POISONED
    ACKCAST_TIMED_OUT ACKCAST_ENDED ACKCAST_PRODUCERS_LOST ACKCAST_TOO_LONG ACKCAST_INHERITED ACKCAST_LIVENESS_UNKNOWN
    ACKCAST_CORRUPT ACKCAST_NOT_A_VALUE
    ACKCAST_INVALID_NAME ACKCAST_OUT_OF_RANGE ACKCAST_TOO_LARGE ACKCAST_OTHER_SLOT_SIZE ACKCAST_INVALID_TYPE
    ACKCAST_ALREADY_EXISTS ACKCAST_IN_THE_WAY ACKCAST_NO_SPACE ACKCAST_DIFFERS ACKCAST_RACES
    ACKCAST_NOT_FOUND ACKCAST_ABANDONED ACKCAST_NOT_OURS ACKCAST_TYPE_MISMATCH ACKCAST_NO_PLACE ACKCAST_NOT_RETAINED
    ACKCAST_LOCK_OF_THREAD
    ACKCAST_NOT_A_FILE ACKCAST_FOREIGN ACKCAST_OTHER_VERSION ACKCAST_UNKNOWN_BACKEND ACKCAST_UNKNOWN_FENCES
    ACKCAST_NO_MEMBARRIER ACKCAST_OTHER_PID_NAMESPACE ACKCAST_UNKNOWN_PID_NAMESPACE ACKCAST_OTHER_C_LIBRARY
    ACKCAST_OTHER_LAYOUT ACKCAST_IMPOSSIBLE_GEOMETRY ACKCAST_IMPOSSIBLE_TYPE ACKCAST_OTHER_SIZE
    ACKCAST_SYSTEM ACKCAST_LIMIT_DESCRIPTORS ACKCAST_LIMIT_FILES ACKCAST_LIMIT_FILE_SIZE ACKCAST_LIMIT_MEMORY
    ACKCAST_LIMIT_LOCKED_MEMORY ACKCAST_LIMIT_INODES ACKCAST_LIMIT_QUOTA ACKCAST_LIMIT_LOCKS ACKCAST_LIMIT_PERMISSION
    ACKCAST_OTHER
}

/// The name of a status, such as "ACKCAST_TIMED_OUT". NULL if no status has this number.
#[unsafe(no_mangle)]
pub extern "C" fn ackcast_status_name(status: i32) -> *const c_char {
    let found = ackcast_status_t::ALL.iter().find(|&&known| known as i32 == status);
    found.map_or(core::ptr::null(), |status| status.name().as_ptr())
}
