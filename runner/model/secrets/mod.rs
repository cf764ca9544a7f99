//! Secrets in what is to be signed: what they look like, and where they stand.
//!
//! A [`filter`] finds the few places where a text of some rule stands, and there the rule decides, by form,
//! checksum and randomness. Nothing of a secret leaves this room: a [`hit`] tells where it is and by which rule
//! it was found.

// What characters are and how random they look.
pub mod class;
pub mod entropy;
pub mod checksum;
pub mod word_list;
pub mod placeholder;
pub mod window;

// What is looked for.
pub mod token;
pub mod rule;
pub mod tokens_of_forges;
pub mod tokens_of_clouds;
pub mod tokens_of_models;
pub mod tokens_of_services;
pub mod rules;
pub mod private_key;
pub mod der;
pub mod encoded;
pub mod userinfo;
pub mod login;
pub mod assigned;
pub mod access_key;

// How it is looked for.
pub mod search_budget;
pub mod anchor;
pub mod filter;
pub mod hit;
pub mod scan;
pub mod mask;

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod planted_tests;
#[cfg(test)]
mod seeds_tests;
