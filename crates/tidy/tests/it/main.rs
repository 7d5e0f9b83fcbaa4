//! Rules of the house over the dependency graph and the committed files.

mod floors;
mod graph;
mod licences;
mod sources;
