//! Who vouches for what: verification of artifacts and folders, policies and trust roots.

pub mod verify;
pub mod recheck;
pub mod sign;
pub mod verification;
pub mod verdict;
pub mod needed;
pub mod keepers;
pub mod own_keys;
pub mod bundle_files;
pub mod evidence;
pub mod logged;
pub mod folder;
pub mod folder_terms;
pub mod companions;
pub mod tree_file;
pub mod bundles;
pub mod root_memory;
pub mod root_state;
pub mod root_file;
pub mod policy_file;
pub mod policy_cases;
pub mod countersign;
