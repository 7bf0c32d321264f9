//! Drives the real program and the library as their users do.

mod cli;
mod modules;
mod recordings;
mod report;
mod split;
mod streaming;
mod support;
