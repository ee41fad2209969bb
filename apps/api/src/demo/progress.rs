//! How far it is.

use std::io::Write;

/// One line that is written over on a terminal; elsewhere a line every so often.
pub(super) struct Progress<'a> {
    out: &'a mut (dyn Write + Send),
    terminal: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send), terminal: bool) -> Self {
        Self { out, terminal }
    }

    /// Says how far it is; what is no milestone is said on a terminal alone.
    pub(super) fn note(&mut self, text: &str, milestone: bool) {
        let written = match (self.terminal, milestone) {
            (true, _) => write!(self.out, "\r\x1b[2K{text}"),
            (false, true) => writeln!(self.out, "{text}"),
            (false, false) => return,
        };
        // That nobody reads it is no reason to stop.
        let _ = written.and_then(|()| self.out.flush());
    }

    /// Leaves an empty line to write on.
    pub(super) fn clear(&mut self) {
        if self.terminal {
            self.note("", false);
        }
    }
}
