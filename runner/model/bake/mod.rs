//! A build as values: plan, action, what the runs gave, and what may be signed.

pub mod graph;

pub mod schedule;

pub mod plan;

pub mod action;

pub mod completed;

pub mod comparison;

pub mod carried;

pub mod signed_texts;
pub mod statement;

pub mod not_repeatable;

pub mod recheck;

pub mod record;

pub mod kept;

pub mod unsigned;
