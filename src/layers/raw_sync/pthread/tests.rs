use super::*;
use core::cell::UnsafeCell;
use std::thread;

const SOON: Duration = Duration::from_millis(20);
/// A wait of this length means that the mutex is never released.
const HANG: Duration = Duration::from_secs(30);

type LockUntil = fn(Mutex, Duration) -> Locked;

/// Both ways to wait for a mutex.
const WAYS: [(&str, LockUntil); 2] = [("clocklock", Mutex::lock), ("trying", Mutex::lock_by_trying)];

/// A mutex and what it protects.
struct Memory {
    mutex: Box<UnsafeCell<MaybeUninit<pthread_mutex_t>>>,
    count: UnsafeCell<u64>,
}

// SAFETY: many threads may use a mutex, and the count is used under it.
unsafe impl Sync for Memory {}

impl Memory {
    fn new() -> Self {
        let memory = Self { mutex: Box::new(UnsafeCell::new(MaybeUninit::zeroed())), count: UnsafeCell::new(0) };
        memory.mutex().init().unwrap();
        memory
    }

    fn mutex(&self) -> Mutex {
        // SAFETY: there is memory for a mutex as long as `self` lives.
        unsafe { Mutex::at(self.mutex.get().cast()) }
    }
}

#[test]
fn wait_for_mutex_ends_at_its_deadline() {
    for (way, lock) in WAYS {
        let memory = Memory::new();
        assert_eq!(memory.mutex().try_lock(), Locked::Clean);
        thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(memory.mutex().try_lock(), Locked::TimedOut);
                let start = monotonic();
                assert_eq!(lock(memory.mutex(), start + SOON), Locked::TimedOut, "{way}");
                assert!(monotonic() >= start + SOON, "{way}: too early");
                assert_eq!(lock(memory.mutex(), start), Locked::TimedOut, "{way}: a deadline that has passed");
            });
        });
        memory.mutex().unlock();
    }
}

#[test]
fn mutex_of_ended_thread_goes_to_the_next() {
    for (way, lock) in WAYS {
        let memory = Memory::new();
        thread::scope(|scope| scope.spawn(|| assert_eq!(memory.mutex().try_lock(), Locked::Clean)).join().unwrap());
        assert_eq!(lock(memory.mutex(), monotonic() + HANG), Locked::OwnerDied, "{way}");
        memory.mutex().unlock();
        assert_eq!(lock(memory.mutex(), monotonic() + HANG), Locked::Clean, "{way}: it is consistent again");
        memory.mutex().unlock();
    }
}

#[test]
fn mutex_stays_with_its_thread_when_another_unlocks_it() {
    let memory = Memory::new();
    assert_eq!(memory.mutex().try_lock(), Locked::Clean);
    thread::scope(|scope| {
        scope.spawn(|| {
            memory.mutex().unlock();
            assert_eq!(memory.mutex().try_lock(), Locked::TimedOut);
        });
    });
    memory.mutex().unlock();
    assert_eq!(memory.mutex().try_lock(), Locked::Clean);
    memory.mutex().unlock();
}

/// Prints the time per lock of two threads that contend for one mutex: with the C library's call, and without.
#[test]
fn contenders_exclude_each_other() {
    const EACH: u64 = 20_000;
    for (way, lock) in WAYS {
        let memory = Memory::new();
        let start = monotonic();
        let contend = || {
            for _ in 0..EACH {
                assert_eq!(lock(memory.mutex(), monotonic() + HANG), Locked::Clean);
                // SAFETY: the thread holds the mutex.
                unsafe { *memory.count.get() += 1 };
                memory.mutex().unlock();
            }
        };
        thread::scope(|scope| {
            scope.spawn(contend);
            scope.spawn(contend);
        });
        println!(
            "{way}: {:?} for each of {} locks by two threads",
            (monotonic() - start) / (2 * EACH) as u32,
            2 * EACH
        );
        assert_eq!(memory.count.into_inner(), 2 * EACH);
    }
}

#[cfg(target_env = "gnu")]
#[test]
fn clocklock_is_found_where_glibc_has_it() {
    // SAFETY: the call has no precondition.
    let version = unsafe { libc::gnu_get_libc_version() };
    // SAFETY: the text is NUL-terminated and static.
    let version = unsafe { core::ffi::CStr::from_ptr(version) }.to_str().unwrap();
    let minor: u32 = version.split('.').nth(1).unwrap().parse().unwrap();
    assert_eq!(clocklock().is_some(), minor >= 30, "glibc {version}");
}
