//! What the commands print.

use std::io::{self, Write as _};

/// A line for whoever called the command. A closed pipe ends the output, not the program.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A remark that does not belong to the result.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A failure with its causes, one per line.
pub fn report(error: &anyhow::Error) {
    let mut text = format!("Feil: {error}");
    for cause in error.chain().skip(1) {
        text.push_str("\n  fordi: ");
        text.push_str(&cause.to_string());
    }
    remark(&text);
}
