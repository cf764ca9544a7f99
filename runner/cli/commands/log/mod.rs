//! `zwieback log`: the log of all that was said, as its keeper, its witnesses and its readers see it.

pub mod run;

pub mod place;

pub mod init;

pub mod add;

pub mod prove;

pub mod read;

pub mod witness;

pub mod show;

pub mod restore;
