//! What is printed, and where: results on standard output, complaints and progress on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::Write as _;

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// As one JSON object instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a result: lines for people, the value for scripts.
    pub(crate) fn result(self, lines: &[String], value: &Value) {
        if self.json {
            plain(&format!("{value}\n"));
        } else {
            plain(&lines.join("\n"));
        }
    }
}

/// Text for standard output. A reader that went away, such as `head`, has seen enough.
pub(crate) fn plain(text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(std::io::stdout().lock(), "{text}{end}");
}

/// One line for standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "musubi: {line}");
}

/// How far something has come, drawn on standard error when that is a terminal, and nowhere else.
pub(crate) fn bar(length: u64, things: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {things}, {{eta}} left"));
    let bar = ProgressBar::new(length);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}
