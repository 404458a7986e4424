//! The bytes of a file: counted and hashed as they are read, then unpacked.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};

const BUFFER: usize = 1 << 18;
/// How many times as long as the packed bytes the unpacked ones may be, once they are above 64 MiB. Tables shrink ten- or
/// twentyfold; what grows five-hundredfold was made to fill the disk.
const MOST_EXPANSION: u64 = 500;
const EXPANSION_FROM: u64 = 64 << 20;

/// What has been read of a file so far.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<(u64, blake3::Hasher)>>);

impl Meter {
    /// Bytes read.
    pub fn bytes(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The BLAKE3 hash of what has been read, in hexadecimal.
    pub fn digest(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.finalize().to_hex().to_string()
    }

    fn add(&self, bytes: &[u8]) {
        let mut metered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        metered.0 += bytes.len() as u64;
        metered.1.update(bytes);
    }
}

/// The BLAKE3 hash of the first `length` bytes of a file, or of all.
///
/// # Errors
/// Not found; unavailable, when it cannot be read.
pub fn digest_of(path: &Path, length: Option<u64>) -> Result<String> {
    let named = |error: std::io::Error| Error::from(error).context(path.display());
    let mut input = File::open(path).map_err(named)?.take(length.unwrap_or(u64::MAX));
    let mut digest = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = input.read(&mut buffer).map_err(named)?;
        if read == 0 {
            return Ok(digest.finalize().to_hex().to_string());
        }
        digest.update(&buffer[..read]);
    }
}

/// Hashes what passes through.
struct Metered<R>(R, Meter);

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.add(&buffer[..read]);
        Ok(read)
    }
}

/// Stops what expands beyond reason.
struct Bounded<R> {
    unpacked: R,
    packed: Meter,
    bytes: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.unpacked.read(buffer)?;
        self.bytes += read as u64;
        if self.bytes > EXPANSION_FROM && self.bytes / MOST_EXPANSION > self.packed.bytes() {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    }
}

/// How a stream is packed, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// Looks at the first bytes.
    pub fn of(magic: &[u8]) -> Packing {
        match magic {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
            _ => Packing::Plain,
        }
    }
}

/// The unpacked bytes of a stream that begins with `magic`; `meter` sees the packed ones.
///
/// # Errors
/// Unavailable, when there is no memory to unpack with.
pub fn unpacked(magic: &[u8], rest: impl Read + Send + 'static, meter: &Meter) -> Result<Box<dyn Read + Send>> {
    let whole = std::io::Cursor::new(magic.to_vec()).chain(rest);
    let metered = Metered(whole, meter.clone());
    let bounded = |unpacked: Box<dyn Read + Send>| Bounded { unpacked, packed: meter.clone(), bytes: 0 };
    Ok(match Packing::of(magic) {
        Packing::Plain => Box::new(metered),
        Packing::Gzip => Box::new(bounded(Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, metered))))),
        // Windows above 128 MiB are refused by the decoder itself.
        Packing::Zstd => Box::new(bounded(Box::new(zstd::Decoder::new(metered)?))),
    })
}
