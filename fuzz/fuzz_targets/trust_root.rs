//! Trust roots: nothing that nobody signed may count.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::root_chain;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(root) = root_chain::open(bytes) {
        assert!(root_chain::succeed(&root, bytes).is_err(), "a root cannot follow itself");
        let again = root_chain::read(&root_chain::envelope(&root).to_bytes());
        assert_eq!(again.map(|(_, root)| root), Ok(root), "what is signed next says the same");
    }
});
