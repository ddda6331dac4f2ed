//! Which processes hold which participant numbers, as far as /proc tells.
//!
//! A participant's number is a lock on a byte of the channel's file ([`LivenessLocks`](crate::layers::LivenessLocks)).
//! The kernel lists the locks of a descriptor in /proc/PID/fdinfo (proc_pid_fdinfo(5)). It shows them to the user whose
//! process it is. So processes of other PID namespaces that are not below this one are not found, nor those that a
//! mount option of /proc hides.
//!
//! While the kernel writes a line of /proc/PID/fd or fdinfo, it keeps that description open. So the locks of a process
//! that dies at that moment go some microseconds later, as they do beside any lsof(8). A handle that is dropped gives
//! its locks back itself, and is not delayed.

use super::Watch;
use crate::layers::{ATTACHED, MAX_PARTICIPANTS};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The processes that have channels open, at one moment.
///
/// ```
/// use ackcast::segment::Holders;
/// use ackcast::{Channel, Consumer, Name, Watch};
///
/// let name = Name::new(&format!("example-holders-{}", std::process::id()))?;
/// let _channel = Channel::create(name.as_str()).build()?;
/// let _consumer = Consumer::attach(name.as_str())?;
/// let holders = Holders::scan();
/// let found = holders.of(&Watch::open(&name)?)?;
/// assert_eq!((found[0].pid, &found[0].participants[..]), (std::process::id(), &[0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Holders {
    /// By device and inode of the channel's file, and by process.
    files: HashMap<(u64, u64), BTreeMap<u32, Found>>,
}

/// A process that has a channel open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The process's number, in the PID namespace of this process's /proc.
    pub pid: u32,
    /// The process's command line, or its name if it has no command line. Any bytes that the process has chosen, where
    /// they are UTF-8.
    pub command: String,
    /// The participant numbers that the process holds, in ascending order: consumers first, and producers after the
    /// channel's last place for consumers.
    pub participants: Vec<u32>,
    /// How many handles the process has that have no number: [`Channel`](crate::Channel)s.
    pub observers: u32,
}

/// What the descriptors of a process show of a file.
#[derive(Debug, Default)]
struct Found {
    participants: BTreeSet<u32>,
    /// Descriptions that are attached: one for each participant and for each observer.
    attached: u32,
}

impl Holders {
    /// Looks through the processes of this machine. What /proc does not show is left out.
    ///
    /// ```
    /// # use ackcast::segment::Holders;
    /// let holders = Holders::scan(); // once for all channels
    /// # drop(holders);
    /// ```
    pub fn scan() -> Self {
        let mut holders = Self::default();
        for pid in numbers(Path::new("/proc")) {
            holders.add(pid);
        }
        holders
    }

    /// The processes that had this channel open, in ascending order.
    ///
    /// # Errors
    /// If the channel's file cannot be examined.
    ///
    /// ```
    /// # use ackcast::segment::Holders;
    /// # use ackcast::{Channel, Name, Watch};
    /// # let name = Name::new(&format!("example-holders-of-{}", std::process::id()))?;
    /// let _channel = Channel::create(name.as_str()).build()?;
    /// assert_eq!(Holders::scan().of(&Watch::open(&name)?)?[0].observers, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(&self, watch: &Watch) -> std::io::Result<Vec<Holder>> {
        let stat = rustix::fs::fstat(watch.locks.file())?;
        let found = self.files.get(&(stat.st_dev, stat.st_ino));
        Ok(found.into_iter().flatten().map(|(&pid, found)| found.holder(pid)).collect())
    }

    fn add(&mut self, pid: u32) {
        let process = Path::new("/proc").join(pid.to_string());
        for fd in numbers(&process.join("fd")) {
            let link = process.join("fd").join(fd.to_string());
            // Most files are told apart by the link, which costs less.
            let is_ours = fs::read_link(&link).is_ok_and(|to| to.to_string_lossy().contains("/ackcast"));
            let Some(stat) = is_ours.then(|| fs::metadata(&link).ok()).flatten() else { continue };
            let Ok(info) = fs::read_to_string(process.join("fdinfo").join(fd.to_string())) else { continue };
            let locks = Locks::of(&info);
            if locks == Locks::default() {
                continue;
            }
            let found = self.files.entry((stat.dev(), stat.ino())).or_default().entry(pid).or_default();
            found.attached += u32::from(locks.attached);
            found.participants.extend(locks.participants);
        }
    }
}

impl Found {
    fn holder(&self, pid: u32) -> Holder {
        let participants: Vec<_> = self.participants.iter().copied().collect();
        let observers = self.attached.saturating_sub(participants.len() as u32);
        Holder { pid, command: command(pid), participants, observers }
    }
}

/// The locks of a descriptor.
#[derive(Debug, Default, PartialEq, Eq)]
struct Locks {
    participants: Vec<u32>,
    attached: bool,
}

impl Locks {
    /// The locks that an fdinfo file lists, as `lock:\t1: OFDLCK ADVISORY  WRITE -1 00:19:7 3 3`: the kind of lock, its
    /// mode, its access, a process, device and inode, and the first and the last byte. The kernel joins the locks of
    /// neighbouring bytes.
    fn of(info: &str) -> Self {
        let mut locks = Self::default();
        for line in info.lines().filter_map(|line| line.strip_prefix("lock:")) {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [_, "OFDLCK", _, access, .., first, last] = fields[..] else { continue };
            let Ok(first) = first.parse::<u32>() else { continue };
            let last = last.parse().unwrap_or(u32::MAX); // "EOF"
            match access {
                "WRITE" => locks.participants.extend(first..=last.min(MAX_PARTICIPANTS - 1)),
                _ => locks.attached |= (first..=last).contains(&ATTACHED),
            }
        }
        locks
    }
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &Path) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn command(pid: u32) -> String {
    let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = read("cmdline");
    let line = if line.is_empty() { read("comm") } else { line };
    let text: String = String::from_utf8_lossy(&line).replace('\0', " ");
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_read_from_fdinfo() {
        let info = "pos:\t0\nflags:\t02500002\nlock:\t1: OFDLCK ADVISORY  WRITE -1 00:19:7 3 4\n\
                    lock:\t2: OFDLCK ADVISORY  READ -1 00:19:7 255 255\n";
        assert_eq!(Locks::of(info), Locks { participants: vec![3, 4], attached: true });
        assert_eq!(Locks::of("lock:\t1: POSIX  ADVISORY  WRITE 17 00:19:7 3 3\n"), Locks::default());
        assert_eq!(Locks::of("lock:\t1: OFDLCK ADVISORY  WRITE -1 00:19:7 0 EOF\n").participants.len(), 128);
        for odd in ["", "lock:", "lock:\t1: OFDLCK", "lock: a b c d e", "lock: 1: OFDLCK ADVISORY WRITE x y z"] {
            assert_eq!(Locks::of(odd), Locks::default(), "{odd}");
        }
    }
}
