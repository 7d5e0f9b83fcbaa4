//! The verdict as people read it: one HTML file without any network, and a workbook beside it.

mod diff;
mod html;
mod page;
mod svg;
mod workbook;
mod worklist;

pub use diff::{Change, Difference, difference};
pub use html::html;
pub use workbook::{WorkbookError, workbook};
pub use worklist::{Work, worklist};

use crate::assess::Assessment;
use crate::model::SourceFile;
use crate::operators::{Book, Choice};

/// Everything a report tells.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Whose tenant, as the title says it.
    pub title: &'a str,
    /// The verdict.
    pub assessment: &'a Assessment,
    /// The verdict of the last run, if there was one.
    pub before: Option<&'a Assessment>,
    /// The operators' book and the choice made from it.
    pub operators: Option<(&'a Book, &'a Choice)>,
    /// What the verdict rests on.
    pub files: &'a [SourceFile],
}
