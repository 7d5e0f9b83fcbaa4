//! Call records as the usage reports have them (migration.md section 1.8).

use std::io::{self, Write};

use crate::dice::{Dice, guid};
use crate::export::{Files, row};
use crate::plan::{Model, Plan};

pub fn write(plan: &Plan, files: &mut dyn Files) -> io::Result<()> {
    files.file("PSTN.calls.2026-03.csv", &mut |out| {
        row(
            out,
            &[
                "UsageId",
                "Call ID",
                "Conference ID",
                "User Location",
                "AAD ObjectId",
                "UPN",
                "User Display Name",
                "Caller ID",
                "Call Type",
                "Number Type",
                "Domestic/International",
                "Destination Dialed",
                "Destination Number",
                "Start Time",
                "End Time",
                "Duration Seconds",
                "Connection Fee",
                "Charge",
                "Currency",
                "Capability",
            ],
        )?;
        calls(plan, false, out)
    })?;
    files.file("DirectRouting.calls.2026-03.csv", &mut |out| {
        row(
            out,
            &[
                "CorrelationId",
                "UPN",
                "User Display Name",
                "Call Type",
                "Invite time",
                "Start time",
                "Failure time",
                "End time",
                "Duration",
                "Success",
                "Caller Number",
                "Callee Number",
                "SBC",
                "Media bypass",
                "Final SIP code",
            ],
        )?;
        calls(plan, true, out)
    })
}

/// Both files draw the same calls and each writes those of its own model.
fn calls(plan: &Plan, direct: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut dice = Dice(plan.dice.0 ^ 0xca11);
    let voices: Vec<usize> = (0..plan.people.len())
        .filter(|at| plan.people[*at].voice && !plan.people[*at].unlisted)
        .collect();
    if voices.is_empty() {
        return Ok(());
    }
    for call in 0..plan.size.calls {
        // Each voice has a call or more where there are enough: so each site has a busy hour.
        let person = &plan.people[voices[call % voices.len()]];
        let day = 2 + dice.below(5);
        let busy = dice.percent(60);
        let hour = if busy { 10 } else { 8 + dice.below(9) };
        let (minute, second) = (dice.below(50), dice.below(60));
        let seconds = 40 + dice.below(500);
        let outbound = dice.percent(55);
        let code = [200, 200, 200, 200, 200, 200, 487, 486, 480, 503][dice.below(10)];
        if (person.model == Model::Direct) != direct {
            continue;
        }
        let start = format!("2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        let ends = minute * 60 + second + seconds;
        let end = format!(
            "2026-03-{day:02}T{:02}:{:02}:{:02}Z",
            hour + ends / 3600,
            ends / 60 % 60,
            ends % 60
        );
        let number = person.line.split(';').next().unwrap_or_default();
        let other = format!("+4416{:08}", 10_000_000 + dice.0 % 9_000_000);
        let (from, to) = if outbound { (number, other.as_str()) } else { (other.as_str(), number) };
        let id = guid(14, call);
        let seconds = seconds.to_string();
        if direct {
            let answered = code == 200;
            let kind = if outbound { "dr_out" } else { "dr_in" };
            row(
                out,
                &[
                    &id,
                    &person.upn,
                    &person.name,
                    kind,
                    &start,
                    if answered { &start } else { "" },
                    if answered { "" } else { &start },
                    &end,
                    &seconds,
                    if answered { "Yes" } else { "No" },
                    from,
                    to,
                    "sbc1.contoso.example",
                    "No",
                    &code.to_string(),
                ],
            )?;
        } else {
            let kind = if outbound { "user_out" } else { "user_in" };
            let capability = if person.model == Model::Plan { "MCOPSTN1" } else { "MCOPSTNPP" };
            row(
                out,
                &[
                    &id,
                    &id,
                    "",
                    "GB",
                    &person.id,
                    &person.upn,
                    &person.name,
                    from,
                    kind,
                    "User",
                    "Domestic",
                    to,
                    to,
                    &start,
                    &end,
                    &seconds,
                    "0",
                    "0",
                    "EUR",
                    capability,
                ],
            )?;
        }
    }
    Ok(())
}
