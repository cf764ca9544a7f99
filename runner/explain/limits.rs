//! How much one explanation may cost, counted in bytes and steps and never in time.

/// The bounds of one explanation; what they cut off is named in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainLimits {
    /// How deep containers may nest.
    pub depth: usize,
    /// Decompressed bytes held at one time, both sides together.
    pub inflated: u64,
    /// Bytes decompressed in all, so that a thousand bombs are no worse than one.
    pub decompressed: u64,
    /// Bytes of one file without structure held for a closer look, each side.
    pub loaded: usize,
    /// Bytes of one program or library held for a closer look, each side.
    pub program: usize,
    /// Members read from one container.
    pub members: usize,
    /// Pairs of lines or strings judged in one file.
    pub classified: usize,
    /// Findings of one output.
    pub findings_of_one: usize,
    /// Findings in the whole report.
    pub findings: usize,
    /// Bytes held for a closer look in all, each side, so that a thousand large files are no worse than some.
    pub held: u64,
    /// Steps that judging lines and strings may take in all.
    pub judged: u64,
    /// Bytes compared in all, so that no archive is walked without end.
    pub compared: u64,
}

impl Default for ExplainLimits {
    fn default() -> Self {
        Self {
            depth: 8,
            inflated: 160 << 20,
            decompressed: 4 << 30,
            loaded: 16 << 20,
            program: 48 << 20,
            members: 100_000,
            classified: 2_000,
            findings_of_one: 24,
            findings: 5_000,
            held: 2 << 30,
            judged: 4 << 30,
            compared: 16 << 30,
        }
    }
}
