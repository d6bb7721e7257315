//! How much memory a process has resident, as Linux counts it.

use std::fs;

use anyhow::Context as _;

/// Kilobytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub now: u64,
    /// The most since the start, or since [`forget_peak`].
    pub peak: u64,
}

/// What the process has now.
pub fn of(process: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    parse(&status).context("fant ikke minnebruken i /proc; målingen går bare på Linux")
}

/// From here on the peak is counted anew.
pub fn forget_peak(process: u32) -> anyhow::Result<()> {
    Ok(fs::write(format!("/proc/{process}/clear_refs"), "5")?)
}

fn parse(status: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Memory {
        now: field("VmRSS:")?,
        peak: field("VmHWM:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_read() {
        let status = "Name:\tfiks\nVmHWM:\t   65004 kB\nVmRSS:\t   60196 kB\n";
        assert_eq!(
            parse(status),
            Some(Memory {
                now: 60196,
                peak: 65004
            })
        );
        assert_eq!(parse("Name:\tfiks\n"), None);
    }
}
