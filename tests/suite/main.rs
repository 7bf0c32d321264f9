//! Drives the real program and the library as their users do.

mod cli;
mod modules;
mod properties;
mod recordings;
mod reference;
mod report;
mod split;
mod streaming;
mod support;
