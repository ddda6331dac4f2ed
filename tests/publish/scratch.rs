//! A name that only one test has, and the files that are left under it.

use ackcast::segment::{Name, OpenError, remove_if_dead, unfinished};
use std::fs;
use std::path::PathBuf;

/// A channel name. Its files are removed in any case.
#[derive(Debug)]
pub struct Scratch(pub String);

impl Scratch {
    pub fn new(test: &str) -> Self {
        Self(format!("publish-{test}-{}", std::process::id()))
    }

    pub fn name(&self) -> Name {
        Name::new(&self.0).unwrap()
    }

    /// The channel's file.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ackcast.{}", self.0))
    }

    /// All files of /dev/shm with this name, under any prefix.
    pub fn files(&self) -> Vec<String> {
        let names = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.strip_suffix(&self.0).is_some_and(|prefix| prefix.ends_with('.'))).collect()
    }

    /// Removes what only dead processes used, as `clean` does.
    pub fn clean(&self) {
        match remove_if_dead(&self.name()) {
            Ok(_) | Err(OpenError::NotFound { .. }) => {}
            Err(error) => panic!("clean: {error}"),
        }
        for file in unfinished().unwrap().iter().filter(|file| file.name().as_str() == self.0) {
            match file.remove_if_abandoned() {
                Ok(_) | Err(OpenError::NotFound { .. }) => {}
                Err(error) => panic!("clean: {error}"),
            }
        }
    }

    #[track_caller]
    pub fn assert_nothing_left(&self) {
        assert_eq!(self.files(), [""; 0]);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for file in self.files() {
            let _ = fs::remove_file(format!("/dev/shm/{file}"));
        }
    }
}
