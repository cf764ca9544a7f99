//! in-toto's own bundle, `.intoto.jsonl`: an envelope a line, in no order.

use zwieback_model::json::canonical;
use zwieback_model::json::fields::Fields;
use zwieback_model::json::strict;

use super::dsse::Envelope;

/// The bytes of a file with those envelopes.
pub fn write<'a>(envelopes: impl IntoIterator<Item = &'a Envelope>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for envelope in envelopes {
        bytes.extend(canonical::to_bytes(&envelope.to_value()));
        bytes.push(b'\n');
    }
    bytes
}

/// The envelopes of a file; lines that hold something else are passed over, as the format demands.
///
/// The file is not authenticated as a whole: whoever stores it can take lines out. A decision must
/// ask for what has to be there, never rely on what is not.
pub fn read(bytes: &[u8]) -> Vec<Envelope> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let envelopes = lines.filter_map(|line| {
        let document = strict::parse(line).ok()?;
        Envelope::read(&Fields::of(&document, "").ok()?).ok()
    });
    envelopes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Bundle;
    use crate::fixture::honest;

    #[test]
    fn unknown_lines_are_passed_over() {
        let bundle = Bundle::parse(honest().text().as_bytes()).unwrap();
        let mut bytes = b"{\"comment\":1}\nnot json\n\n".to_vec();
        bytes.extend(write([bundle.envelope(), bundle.envelope()]));
        assert_eq!(
            read(&bytes),
            [bundle.envelope().clone(), bundle.envelope().clone()]
        );
    }
}
