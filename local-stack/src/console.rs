//! Output to the terminal.

use std::io::Write as _;

/// Prints a line to standard output. Ignores a reader that has gone away, as `head` does.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
