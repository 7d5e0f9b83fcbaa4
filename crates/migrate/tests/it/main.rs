//! Import and inventory, as an administrator meets them: files in, an inventory or a named row
//! and reason out.

mod damage;
mod import;
mod pbx;
mod support;
mod workbook;
