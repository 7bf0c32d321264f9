//! Drives the real program and the library as their users do.

mod calls;
mod cli;
mod faults;
mod generate;
mod hostile_modules;
mod hostile_profiles;
mod modules;
mod options;
mod pipeline;
mod properties;
mod recordings;
mod report;
mod split;
mod streaming;
mod support;
mod text;
