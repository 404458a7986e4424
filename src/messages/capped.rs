//! A writer that refuses more than a set number of bytes: a template's loops cannot fill the memory.

use std::io;

/// Collects at most `cap` bytes.
pub(super) struct Capped {
    bytes: Vec<u8>,
    cap: usize,
}

impl Capped {
    /// An empty buffer that takes `cap` bytes.
    pub(super) fn new(cap: usize) -> Capped {
        Capped { bytes: Vec::with_capacity(8 * 1024), cap }
    }

    /// What was written.
    pub(super) fn into_text(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
    }
}

impl io::Write for &mut Capped {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + part.len() > self.cap {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("the message grew beyond {} bytes", self.cap),
            ));
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
