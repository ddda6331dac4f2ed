//! Creating, opening and removing segments, so that no name outlives its last user and nobody
//! removes what somebody still uses.
//!
//! Every handle holds a read lock on one byte of the file (its *presence*). A name is removed only
//! under the write lock on that byte, which excludes every other handle, and only while it still
//! means this very file. An opener enters a file only if somebody is present there (else it is
//! dead: nobody revives it), and then looks whether the name still means it: so it either keeps the
//! name alive or notices that it came too late.

use super::header::{Checked, Header};
use super::mapping::Mapping;
use super::{CreateError, HeaderFault, Layout, Name, OpenError, Segment};
use crate::layer::LivenessUnknown;
use crate::layers::{Fences, MAX_PARTICIPANTS, Peers, Presence, RealLayer, Sync};
use crate::protocol::{self, ConsumerEntry, Control, Geometry};
use rustix::fs::{FallocateFlags, Mode};
use rustix::io::Errno;
use rustix::shm;
use shared_memory::{ShmemConf, ShmemError};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an opener waits for a half-made segment whose creator lives.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it waits for one in which nobody is present yet.
const PATIENCE_ALONE: Duration = Duration::from_millis(50);
/// How often a create or open that lost a race with a removal tries again.
const RACES: usize = 100;

/// One handle's hold on a segment: its own open file description, with the presence lock.
#[derive(Debug)]
pub struct Handle {
    guest: Guest,
    mapping: Arc<Mapping>,
    checked: Checked,
}

impl Handle {
    /// Makes a segment of this name and initialises it for layer `L`, with the best fences.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create<L: RealLayer>(name: &Name, geometry: &Geometry) -> Result<Self, CreateError> {
        Self::create_fenced::<L>(name, geometry, L::fences())
    }

    /// As [`create`](Handle::create), with these fences, which this process may use.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create_fenced<L: RealLayer>(name: &Name, geometry: &Geometry, fences: Fences) -> Result<Self, CreateError> {
        let layout = Layout::new::<L>(geometry)?;
        let mark = L::mark().map_err(|fault| CreateError::Mark { name: name.clone(), fault })?;
        let system = |action, error| CreateError::System { name: name.clone(), action, error };
        for _ in 0..RACES {
            let shmem = match ShmemConf::new().os_id(name.os_id()).size(layout.size).create() {
                Ok(shmem) => shmem,
                Err(ShmemError::MappingIdExists) => match remove_leftover(name) {
                    Ok(Some(living)) => return Err(CreateError::AlreadyExists { name: name.clone(), living }),
                    Ok(None) | Err(OpenError::NotFound { .. }) => continue, // it is gone
                    Err(error) => return Err(CreateError::InTheWay(error)),
                },
                Err(error) => return Err(system("shm_open", from_shmem(&error))),
            };
            let mapping = Mapping::new(shmem);
            mapping.ask_for_huge_pages();
            // From here to `enter` somebody may take this segment for a dead one's and remove it.
            let file = match open_file(name) {
                Ok(file) => file,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(system("shm_open", errno.into())),
            };
            let Some(guest) = Guest::enter(name, Peers::new(file)) else { continue };
            let memory = rustix::fs::fallocate(guest.peers.file(), FallocateFlags::empty(), 0, layout.size as u64);
            if let Err(errno) = memory {
                return Err(match errno {
                    Errno::NOSPC => CreateError::NoSpace { name: name.clone(), bytes: layout.size },
                    errno => system("fallocate", errno.into()),
                });
            }
            mapping.touch();
            let nonce = nonce();
            let checked = Checked { sync: L::KIND, fences, mark, geometry: *geometry, layout, nonce };
            // SAFETY: the mapping is zeroed, has the layout's size, and readers wait for `ready`.
            unsafe { Header::write::<L>(mapping.at(0), &checked) };
            // Is the file we locked the one we mapped? Another may have come in between.
            if read_nonce(&guest.peers) != Some(nonce) {
                continue;
            }
            // SAFETY: as above.
            if let Err(error) = unsafe { init_words::<L>(&mapping, &layout, geometry) } {
                return Err(system("initialising the lock and signals", error));
            }
            // SAFETY: the header was written above.
            unsafe { &*mapping.at::<Header>(0) }.ready();
            return Ok(Self { guest, mapping: Arc::new(mapping), checked });
        }
        Err(system("creating against rivals", Errno::BUSY.into()))
    }

    /// Opens the segment of this name; waits a little for one that is half made.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(name: &Name) -> Result<Self, OpenError> {
        let start = Instant::now();
        loop {
            match Self::try_open(name)? {
                Opened::Ready(handle) => return Ok(handle),
                Opened::Again(fault, patience) if start.elapsed() > patience => {
                    return Err(OpenError::Unusable { name: name.clone(), fault });
                }
                // Its creator needs the processor, not our attention.
                Opened::Again(..) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn try_open(name: &Name) -> Result<Opened, OpenError> {
        let (peers, size) = own_file(name)?;
        let company = peers.has_company().map_err(liveness(name))?;
        let patience = if company { PATIENCE } else { PATIENCE_ALONE };
        let mut guest = None;
        if company {
            guest = Guest::enter(name, peers);
            if guest.is_none() {
                return Ok(Opened::Again(HeaderFault::HalfMade, patience)); // it is being removed
            }
        }
        if size < size_of::<Header>() as u64 {
            let fault = HeaderFault::Size { found: size, expected: size_of::<Header>() as u64 };
            return Ok(Opened::Again(fault, patience)); // its creator has not come so far
        }
        let mapping = match ShmemConf::new().os_id(name.os_id()).open() {
            Ok(shmem) => Mapping::new(shmem),
            Err(error) => {
                let (action, error) = ("mapping", from_shmem(&error));
                return Err(OpenError::System { name: name.clone(), action, error });
            }
        };
        if mapping.len() as u64 != size {
            return Ok(Opened::Again(HeaderFault::HalfMade, patience)); // it grew since, or is another by now
        }
        // SAFETY: a mapping of at least a header.
        let checked = match unsafe { Header::check(mapping.at(0), mapping.len()) } {
            Err(fault @ HeaderFault::HalfMade) => return Ok(Opened::Again(fault, patience)),
            Err(fault) => return Err(OpenError::Unusable { name: name.clone(), fault }),
            Ok(checked) => checked,
        };
        mapping.touch();
        let Some(guest) = guest else { return Err(OpenError::Abandoned { name: name.clone() }) };
        if read_nonce(&guest.peers) != Some(checked.nonce) {
            return Ok(Opened::Again(HeaderFault::HalfMade, patience)); // the mapping is another's
        }
        Ok(Opened::Ready(Self { guest, mapping: Arc::new(mapping), checked }))
    }

    /// The channel's name.
    pub const fn name(&self) -> &Name {
        &self.guest.name
    }

    /// What the channel is built on.
    pub const fn sync(&self) -> Sync {
        self.checked.sync
    }

    /// How the channel's participants fence.
    pub const fn fences(&self) -> Fences {
        self.checked.fences
    }

    /// How the channel was laid out.
    pub const fn geometry(&self) -> Geometry {
        self.checked.geometry
    }

    /// The channel, for one participant. Its claims are on the same open file description as our
    /// presence.
    ///
    /// # Errors
    /// [`OpenError::System`] when the process has no descriptor left; [`OpenError::Unusable`] when
    /// the channel is not built on `L`.
    pub fn channel<L: RealLayer>(&self) -> Result<protocol::Channel<L, Segment<L>>, OpenError> {
        let Checked { sync, fences, layout, geometry, .. } = self.checked;
        if L::KIND != sync || Layout::new::<L>(&geometry) != Ok(layout) {
            let fault = HeaderFault::Layer { found: sync.number() };
            return Err(OpenError::Unusable { name: self.guest.name.clone(), fault });
        }
        let duplicate = self.guest.peers.file().try_clone_to_owned();
        let system = |error| OpenError::System { name: self.guest.name.clone(), action: "dup", error };
        let mut layer = L::new(duplicate.map_err(system)?.into(), fences);
        // SAFETY: the mapping's own addresses.
        unsafe { layer.keep(Arc::<Mapping>::clone(&self.mapping), self.mapping.addresses()) };
        // SAFETY: the header was checked: the segment is ready, built on this kind of layer, and
        // laid out as `L` has it.
        let segment = unsafe { Segment::new(Arc::clone(&self.mapping), layout, geometry) };
        // SAFETY: the layout is that of the geometry.
        Ok(unsafe { protocol::Channel::new(layer, segment, geometry) })
    }
}

/// A presence in a segment's file. The last one out removes the name.
#[derive(Debug)]
struct Guest {
    name: Name,
    peers: Peers,
}

impl Guest {
    /// Enters; `None` if the file is being removed, or has no name any more.
    fn enter(name: &Name, peers: Peers) -> Option<Self> {
        peers.enter().ok()?;
        let guest = Self { name: name.clone(), peers };
        is_linked(name, &guest.peers).then_some(guest)
    }
}

impl Drop for Guest {
    /// Gives the presence up, and removes the name if no other handle is present.
    ///
    /// In this order: of two that leave at once, each would otherwise find the other present, and
    /// neither would remove the name. So the later one to give up its presence finds nobody, unless
    /// somebody else is removing the name, or has just come.
    fn drop(&mut self) {
        self.peers.exit();
        if self.peers.alone() == Presence::Alone {
            unlink(&self.name, &self.peers);
        }
    }
}

/// What one attempt to open found.
enum Opened {
    Ready(Handle),
    /// Try again, unless this patience is over: then this is what is wrong.
    Again(HeaderFault, Duration),
}

/// Opens the segment's file, with its size, if it belongs to us and to us alone.
fn own_file(name: &Name) -> Result<(Peers, u64), OpenError> {
    let system = |action, errno: Errno| OpenError::System { name: name.clone(), action, error: errno.into() };
    let file = match open_file(name) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Err(OpenError::NotFound { name: name.clone() }),
        Err(errno) => return Err(system("shm_open", errno)),
    };
    let metadata = rustix::fs::fstat(&file).map_err(|errno| system("fstat", errno))?;
    let (owner, mode, user) = (metadata.st_uid, metadata.st_mode & 0o777, rustix::process::geteuid().as_raw());
    if owner != user || mode & 0o077 != 0 {
        return Err(OpenError::NotOurs { name: name.clone(), owner, mode, user });
    }
    Ok((Peers::new(file), metadata.st_size.unsigned_abs()))
}

fn open_file(name: &Name) -> Result<File, Errno> {
    // As shm_open(3), but not rustix, has it: anybody may put links into /dev/shm.
    let no_link = shm::OFlags::from_bits_retain(libc::O_NOFOLLOW as _);
    shm::open(name.os_id(), shm::OFlags::RDWR | no_link, Mode::empty()).map(File::from)
}

/// Whether the name still means this file.
fn is_linked(name: &Name, peers: &Peers) -> bool {
    let same = || {
        let by_name = rustix::fs::fstat(open_file(name).ok()?).ok()?;
        let by_handle = rustix::fs::fstat(peers.file()).ok()?;
        Some((by_name.st_dev, by_name.st_ino) == (by_handle.st_dev, by_handle.st_ino))
    };
    same().unwrap_or(false)
}

/// Removes the name if it means this file. We are alone: nobody can start to use it meanwhile.
fn unlink(name: &Name, peers: &Peers) {
    if is_linked(name, peers) {
        // It can only be gone already: then somebody removed it by hand.
        let _ = shm::unlink(name.os_id());
    }
}

/// The nonce in the file that `peers` holds.
fn read_nonce(peers: &Peers) -> Option<u64> {
    let mut bytes = [0; 8];
    let count = rustix::io::pread(peers.file(), &mut bytes, Header::NONCE_AT as u64).ok()?;
    (count == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}

/// A number that no other segment has, most likely: only segments of one name are compared.
fn nonce() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher(); // seeded by the system
    hasher.write_u32(std::process::id());
    hasher.finish() | 1 // fresh memory has 0
}

/// # Safety
/// The mapping is zeroed, has this layout, and nobody else reads its words yet.
unsafe fn init_words<L: RealLayer>(mapping: &Mapping, layout: &Layout, geometry: &Geometry) -> io::Result<()> {
    let control = mapping.at::<Control<L>>(layout.control);
    let entries = mapping.at::<ConsumerEntry<L>>(layout.consumers);
    // SAFETY: a place in the control block.
    let lock = unsafe { &raw mut (*control).lock.0 };
    // SAFETY: a place in the control block.
    let space = unsafe { &raw mut (*control).space.0 };
    let data = (0..geometry.consumers as usize).map(|number| {
        // SAFETY: the layout has that many entries.
        unsafe { &raw mut (*entries.wrapping_add(number)).data }
    });
    // SAFETY: zeroed places of these types, which are the caller's.
    unsafe { L::init(lock, &mut std::iter::once(space).chain(data)) }
}

fn from_shmem(error: &ShmemError) -> io::Error {
    match *error {
        ShmemError::MapCreateFailed(errno) | ShmemError::MapOpenFailed(errno) | ShmemError::UnknownOsError(errno) => {
            io::Error::from_raw_os_error(errno as i32)
        }
        ref other => io::Error::other(other.to_string()),
    }
}

/// The names of all segments on this machine, living or not.
///
/// # Errors
/// If /dev/shm cannot be listed.
pub fn leftovers() -> io::Result<Vec<Name>> {
    let mut names: Vec<Name> =
        std::fs::read_dir("/dev/shm")?.filter_map(|entry| Name::of_file(entry.ok()?.file_name().to_str()?)).collect();
    names.sort();
    Ok(names)
}

/// Removes the segment of this name if nobody lives who uses it. True if it did.
///
/// # Errors
/// [`OpenError`]; a file that is not a segment of ackcast's is left alone: [`HeaderFault::Foreign`].
pub fn remove_if_dead(name: &Name) -> Result<bool, OpenError> {
    Ok(remove_leftover(name)?.is_none())
}

/// The participants that live and use the segment of this name; `None` if nobody is present there,
/// so that [`remove_if_dead`] would remove it. Changes nothing. A handle that only watches is
/// present and no participant.
///
/// # Errors
/// As [`remove_if_dead`].
pub fn living(name: &Name) -> Result<Option<Vec<u32>>, OpenError> {
    let (peers, _) = own_file(name)?;
    if peers.has_company().map_err(liveness(name))? {
        return participants(name, &peers).map(Some);
    }
    check_removable(name, &peers)?;
    Ok(None)
}

/// Removes the segment of this name if nobody is present there; else says which participants are.
fn remove_leftover(name: &Name) -> Result<Option<Vec<u32>>, OpenError> {
    let (peers, _) = own_file(name)?;
    if peers.alone() == Presence::Others {
        return participants(name, &peers).map(Some);
    }
    check_removable(name, &peers)?;
    unlink(name, &peers);
    Ok(None)
}

fn participants(name: &Name, peers: &Peers) -> Result<Vec<u32>, OpenError> {
    let lives = |number| Ok(peers.is_alive(number).map_err(liveness(name))?.then_some(number));
    (0..MAX_PARTICIPANTS).filter_map(|number| lives(number).transpose()).collect()
}

/// The error of this channel.
fn liveness(name: &Name) -> impl Fn(LivenessUnknown) -> OpenError {
    |error| OpenError::Liveness { name: name.clone(), error }
}

/// Whether the file is a segment, or what a creator who died early leaves.
fn check_removable(name: &Name, peers: &Peers) -> Result<(), OpenError> {
    let mut magic = [0; 8]; // as in fresh memory
    let read = rustix::io::pread(peers.file(), &mut magic, 0);
    if Header::may_be_ours(magic) && read.is_ok() {
        return Ok(());
    }
    Err(OpenError::Unusable { name: name.clone(), fault: HeaderFault::Foreign { found: magic } })
}
