//! Migration readiness as an administrator meets it: files in, an inventory or a named row and
//! reason out, and a verdict over it.

mod damage;
mod hostile;
mod import;
mod pbx;
mod support;
mod verdict;
mod workbook;
