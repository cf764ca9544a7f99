//! A build as values: plan, action, what the runs gave, and what may be signed.

pub mod graph;

pub mod schedule;

pub mod plan;

pub mod action;

pub mod completed;

pub mod comparison;

pub mod record;
