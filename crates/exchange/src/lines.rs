//! Lines of people: how a category comes in, and what the rules of assignment are told of it.

use crate::records;
use api_types::{ErrorCode, Problem};
use domain::assign::{AssignNumber, Assignee};
use domain::line::{AssignmentCategory, CATEGORIES, recategorises};
use numbering::E164;
use store::{NumberRow, PersonRow};

/// The category that a document or parameter names, if it names one.
///
/// # Errors
/// `invalid_field` where the field is a pointer, `invalid_parameter` where it is a name.
pub fn category(field: &str, text: Option<&str>) -> Result<Option<AssignmentCategory>, Problem> {
    let parse = |text: &str| {
        AssignmentCategory::parse(text).ok_or_else(|| {
            let code = if field.starts_with('/') {
                ErrorCode::InvalidField
            } else {
                ErrorCode::InvalidParameter
            };
            code.problem(Some(field), format!("{text:?}: {CATEGORIES}"))
        })
    };
    text.map(parse).transpose()
}

/// A number's facts where it is to be this to whoever gets it. Whoever has it already may be given it
/// as something else.
pub(crate) fn as_line(
    facts: AssignNumber,
    row: &NumberRow,
    asked: Option<AssignmentCategory>,
    same_holder: bool,
) -> AssignNumber {
    let changes = recategorises(row.category, asked, same_holder);
    AssignNumber {
        category: asked.unwrap_or_default(),
        assigned: facts.assigned && !changes,
        ..facts
    }
}

/// A person, as far as the rules of assignment care, who is to get this number.
pub(crate) fn user_facts(row: &PersonRow, number: E164) -> Assignee {
    Assignee::User { licensed: records::licensed(row), lines: row.lines_beside(number) }
}
