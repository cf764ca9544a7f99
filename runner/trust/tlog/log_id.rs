//! Which log a statement is for: a name can be given twice, a key with its first entry cannot.

use zwieback_model::digest::Digest;

use super::note_key::NoteKey;

/// What stands for the log of that key whose first entry has that digest in its tree. Before there is
/// one, the key alone stands for it.
pub fn log_id(key: &NoteKey, first: Option<Digest>) -> Digest {
    let first = first.map_or(String::new(), Digest::to_hex);
    Digest::sha256(format!("zwieback log id v1\n{key}\n{first}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_or_first_entry_is_another_log() {
        let keys = ["a", "b"].map(|name| {
            let der = zwieback_attest::public_key::PublicKey::from_pem(PEM).unwrap();
            let kind = super::super::note_key::NoteKind::Log;
            NoteKey::new(kind, name.parse().unwrap(), &der).unwrap()
        });
        let firsts = [None, Some(Digest::sha256(b"1")), Some(Digest::sha256(b"2"))];
        let ids = keys
            .iter()
            .flat_map(|key| firsts.map(|first| log_id(key, first)));
        let ids: std::collections::BTreeSet<Digest> = ids.collect();
        assert_eq!(ids.len(), 6);
    }

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
}
