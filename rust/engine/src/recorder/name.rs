//! How a finished recording gets a name of its own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Gives what lies at `part` the name `path`, or where that is taken the first that is free of
/// `call.2.wav`, `call.3.wav` and so on; what it is called now. No other file is replaced.
pub(super) fn publish(part: &Path, path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST_NAMES {
        let name = numbered(path, number);
        match move_to(part, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            moved => return moved.map(|()| name),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of this name"))
}

/// Moves `part` to `name`, which must be free: whoever comes second is told so.
fn move_to(part: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(part, name) {
        Ok(()) => {
            let _ = fs::remove_file(part); // it has its name, whatever becomes of the other
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => move_without_links(part, name),
    }
}

/// The same where the file system has no links: the name is taken by an empty file first.
fn move_without_links(part: &Path, name: &Path) -> io::Result<()> {
    File::create_new(name)?;
    fs::rename(part, name).inspect_err(|_| {
        let _ = fs::remove_file(name);
    })
}

/// The name of that number, of which the first is `path` itself.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.into();
    }
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(format!(".{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Names that are tried; above that something is wrong with the folder, or with the names.
const MOST_NAMES: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_before_the_extension() {
        let named = |path: &str| numbered(Path::new(path), 2).display().to_string();
        assert_eq!(named("a/call.wav"), "a/call.2.wav");
        assert_eq!(named("a/call"), "a/call.2");
        assert_eq!(named("a.b/call.1.flac"), "a.b/call.1.2.flac");
        assert_eq!(numbered(Path::new("call.wav"), 1), Path::new("call.wav"));
    }

    #[test]
    fn a_name_that_is_taken_stays_with_who_has_it_with_links_and_without() {
        let folder = std::env::temp_dir().join(format!("fourwire-name-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (part, name) = (folder.join("part"), folder.join("name"));
        for way in [move_to, move_without_links] {
            fs::write(&part, "new").unwrap();
            fs::write(&name, "old").unwrap();
            assert_eq!(way(&part, &name).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&name).unwrap(), b"old");
            fs::remove_file(&name).unwrap();
            way(&part, &name).unwrap();
            assert_eq!(fs::read(&name).unwrap(), b"new");
            assert!(!part.exists());
        }
        assert!(move_without_links(&part, &folder.join("other")).is_err());
        assert!(!folder.join("other").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
