//! A folder of pages that a test keeps fresh.

use crate::report::labels::root;
use std::{collections::BTreeMap, path::PathBuf};

/// A folder of generated files, by their paths in it.
#[derive(Debug)]
pub struct Folder {
    /// The folder, from the root of the repository.
    pub path: &'static str,
    /// The command that writes it.
    pub command: &'static str,
    files: BTreeMap<String, String>,
}

impl Folder {
    /// A folder without files.
    pub const fn new(path: &'static str, command: &'static str) -> Self {
        Self { path, command, files: BTreeMap::new() }
    }

    /// Adds a file.
    ///
    /// # Panics
    /// There is one of this name.
    pub fn add(&mut self, name: String, text: String) {
        assert!(self.files.insert(name.clone(), text).is_none(), "two files {}/{name}", self.path);
    }

    fn directory(&self) -> PathBuf {
        root().join(self.path)
    }

    /// The files that are there, from this folder on, without those that are not generated.
    fn present(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(self.directory().join(&folder)) else { continue };
            for entry in entries.flatten() {
                let name = folder.join(entry.file_name());
                if entry.path().is_dir() {
                    folders.push(name);
                } else {
                    let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                    found.insert(name.to_string_lossy().into_owned(), text);
                }
            }
        }
        found
    }

    /// What differs between these files and those that are there.
    fn faults(&self, present: &BTreeMap<String, String>) -> Vec<String> {
        let path = self.path;
        let mut faults = Vec::new();
        for (name, text) in &self.files {
            match present.get(name) {
                None => faults.push(format!("{path}/{name} is missing")),
                Some(old) if old != text => {
                    let line = old.lines().zip(text.lines()).position(|(old, new)| old != new);
                    let line = line.unwrap_or_else(|| old.lines().count().min(text.lines().count()));
                    let new = text.lines().nth(line).unwrap_or("(nothing)");
                    faults.push(format!("{path}/{name}, line {}: it should be {new:?}", line + 1));
                }
                Some(_) => {}
            }
        }
        faults.extend(
            present
                .keys()
                .filter(|name| !self.files.contains_key(*name))
                .map(|name| format!("{path}/{name} belongs to nothing any more")),
        );
        faults
    }

    /// Fails if the folder is out of date; `ACKCAST_BLESS=1` writes it instead.
    ///
    /// # Panics
    /// It is out of date, or cannot be written.
    pub fn must_be_fresh(&self) {
        let present = self.present();
        let faults = self.faults(&present);
        if faults.is_empty() {
            return;
        }
        let shown = &faults[..faults.len().min(20)];
        assert!(std::env::var_os("ACKCAST_BLESS").is_some(), "`{}` writes it anew: {shown:#?}", self.command);
        for name in present.keys().filter(|name| !self.files.contains_key(*name)) {
            std::fs::remove_file(self.directory().join(name)).expect("a stale file can be removed");
        }
        for (name, text) in &self.files {
            let path = self.directory().join(name);
            std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("the folder can be made");
            std::fs::write(path, text).expect("a page can be written");
        }
    }
}

#[test]
fn outdated_folder_is_noticed() {
    let mut folder = Folder::new("docs/none", "cargo bless");
    folder.add("E1.md".into(), "# E1\nfine\n".into());
    folder.add("pictures/E1.svg".into(), "<svg/>".into());
    let present = folder.files.clone();
    assert_eq!(folder.faults(&present), [""; 0]);
    let mut other = present.clone();
    other.insert("E1.md".into(), "# E1\ngood\n".into());
    assert_eq!(folder.faults(&other), ["docs/none/E1.md, line 2: it should be \"fine\""]);
    other.clone_from(&present);
    other.remove("pictures/E1.svg");
    other.insert("E9.md".into(), String::new());
    assert_eq!(
        folder.faults(&other),
        ["docs/none/pictures/E1.svg is missing", "docs/none/E9.md belongs to nothing any more"]
    );
}
