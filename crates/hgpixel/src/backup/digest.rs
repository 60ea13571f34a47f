//! What a file is known by: its size and its SHA-256.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Read at once: enough that the disk and not the calls sets the pace.
const CHUNK_BYTES: usize = 256 * 1024;

/// The size and the digest of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileDigest {
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: String,
}

/// Reads the file to its end and forces it to the disk.
pub(super) async fn of(path: PathBuf, bar: ProgressBar) -> io::Result<FileDigest> {
    let read = move || {
        let mut file = File::open(path)?;
        let digest = through(&mut file, &mut io::sink(), &bar)?;
        file.sync_all()?;
        Ok(digest)
    };
    tokio::task::spawn_blocking(read).await?
}

/// Copies the file to a new one, which only its owner may read, and forces that to the disk. The digest is of the bytes that were
/// written.
pub(super) async fn copy(from: PathBuf, to: PathBuf, bar: ProgressBar) -> io::Result<FileDigest> {
    let copy = move || {
        let (mut from, mut to) = (File::open(from)?, create_private(&to)?);
        let digest = through(&mut from, &mut to, &bar)?;
        to.sync_all()?;
        Ok(digest)
    };
    tokio::task::spawn_blocking(copy).await?
}

/// A new file that only its owner may read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn through(from: &mut impl Read, to: &mut impl Write, bar: &ProgressBar) -> io::Result<FileDigest> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
        bytes += read as u64;
        bar.inc(read as u64);
    }
    let mut sha256 = String::with_capacity(64);
    for byte in hash.finalize() {
        write!(sha256, "{byte:02x}").expect("a text takes everything");
    }
    Ok(FileDigest { bytes, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_has_the_digest_of_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&from, "abc").unwrap();
        let expected = FileDigest {
            bytes: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        };
        let bar = ProgressBar::hidden;
        assert_eq!(of(from.clone(), bar()).await.unwrap(), expected);
        let copied = copy(from.clone(), to.clone(), bar()).await.unwrap();
        assert_eq!(copied, expected);
        assert_eq!(std::fs::read(&to).unwrap(), b"abc");
        let again = copy(from, to, bar()).await.unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }
}
