//! The report as one HTML file: no network, no script, light and dark, prints well.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::page::{
    class, count, escaped, many, money, name, readiness, rule_link, severity, table,
};
use super::svg::{Bar, bars, stacked};
use super::worklist::{Work, worklist};
use super::{Report, difference};
use crate::assess::{Assessment, Readiness, Rule, SiteVerdict, page as rule_page};
use crate::model::{Finding, Severity, SourceKind};
use crate::operators::WhyNot;

/// Rows of a list in the page; the workbook has all.
const ROWS: usize = 40;
/// Subjects named under a rule.
const SUBJECTS: usize = 12;

/// The report as a page.
pub fn html(report: &Report<'_>) -> String {
    let works = worklist(report.assessment);
    let mut out = String::with_capacity(256 * 1024);
    let title = format!("{}: ready for Operator Connect?", report.title);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{}</title><style>{}</style></head><body><main>",
        escaped(&title),
        include_str!("style.css")
    );
    first_screen(report, &title, &works, &mut out);
    fix_first(&works, &mut out);
    sites(report.assessment, &mut out);
    segments(report.assessment, &mut out);
    operators(report, &mut out);
    groups(report.assessment, &mut out);
    rules(report.assessment, &works, &mut out);
    changes(report, &mut out);
    grounds(report, &mut out);
    out.push_str("</main></body></html>\n");
    out
}

fn people(assessment: &Assessment, of: Readiness) -> usize {
    assessment.headline.people.get(&of).copied().unwrap_or(0)
}

/// The verdict in one screen, for somebody who never saw the tool.
fn first_screen(report: &Report<'_>, title: &str, works: &[Work], out: &mut String) {
    let assessment = report.assessment;
    let total = assessment.people.len();
    let _ = write!(
        out,
        "<h1>{}</h1><p class=\"soft\">As of {}, from {}. An account counts if it has a number, enterprise voice, \
         or a line on a telephone system.</p><p class=\"answer\"><strong>{}</strong> {}</p>",
        escaped(title),
        assessment.day,
        many(report.files.len(), "imported file", "imported files"),
        verdict_word(assessment),
        verdict_sentence(assessment)
    );
    if total > 0 {
        verdict_figures(assessment, total, out);
    }
    missing(report, out);
    if !assessment.headline.stops_everybody.is_empty() {
        out.push_str("<div class=\"panel stop\"><h3>This stops every move</h3><ul>");
        for code in &assessment.headline.stops_everybody {
            let finding = assessment
                .findings
                .iter()
                .find(|f| f.code == *code && f.severity == Severity::Block);
            if let Some(finding) = finding {
                let _ = write!(
                    out,
                    "<li>{} <em>{}</em> <a href=\"#{code}\"><code>{code}</code></a></li>",
                    escaped(&finding.message),
                    escaped(&finding.fix)
                );
            }
        }
        out.push_str("</ul></div>");
    }
    let first: Vec<&Work> = works.iter().filter(|work| !work.stops_everybody).take(3).collect();
    if !first.is_empty() {
        let then = if assessment.headline.stops_everybody.is_empty() { "Do" } else { "Then do" };
        let _ = write!(out, "<div class=\"panel\"><h3>{then} this first</h3><ol>");
        for work in first {
            let weight = match work.holds_back {
                0 => format!("Found {}", many(work.subjects, "time", "times")),
                accounts => format!("Holds back {}", many(accounts, "account", "accounts")),
            };
            let _ = write!(
                out,
                "<li><strong>{}</strong> {} <span class=\"soft\">{weight}; takes {}.</span> <a href=\"#{code}\"><code>{code}</code></a></li>",
                escaped(Rule::find(&work.code).map_or("", Rule::when)),
                escaped(&work.fix),
                work.effort.word(),
                code = work.code,
            );
        }
        out.push_str("</ol></div>");
    }
    let site = |of| assessment.headline.sites.get(&of).copied().unwrap_or(0);
    let sites: Vec<String> = Readiness::ALL
        .into_iter()
        .filter(|of| site(*of) > 0)
        .map(|of| format!("{} {}", count(site(of)), of.words()))
        .collect();
    let groups = match assessment.headline.move_groups {
        0 => "Nobody has to move with anybody.".to_owned(),
        1 => format!(
            "One group moves as a whole: {}.",
            many(assessment.headline.largest_group, "member", "members")
        ),
        groups => format!(
            "{} groups move each as a whole, the largest with {}.",
            count(groups),
            many(assessment.headline.largest_group, "member", "members")
        ),
    };
    let _ = write!(
        out,
        "<p class=\"soft\">Networks of sites: {}. {groups}</p>",
        if sites.is_empty() { "none judged".to_owned() } else { sites.join(", ") },
    );
    out.push_str(
        "<nav><a href=\"#fix\">What to fix first</a><a href=\"#sites\">Sites</a><a href=\"#segments\">Segments</a>\
         <a href=\"#operators\">Operators</a><a href=\"#groups\">Who moves together</a><a href=\"#rules\">Rules</a>\
         <a href=\"#changes\">Since the last run</a><a href=\"#grounds\">What it rests on</a></nav>",
    );
}

/// Exports without which a verdict stays open, what they are called for people, and who makes them.
const WANTED: &[(&[SourceKind], &str, &str)] = {
    use SourceKind as K;
    &[
        (
            &[K::OnlineUsers, K::UserConfigurations],
            "users, without whom nobody is judged",
            "Get-CsOnlineUser",
        ),
        (&[K::NumberAssignments, K::AcquiredNumbers], "numbers", "Get-CsPhoneNumberAssignment"),
        (&[K::LicenceDetails], "licences", "Get-MgUserLicenseDetail"),
        (
            &[K::NumberTenantConfiguration],
            "whether numbers are blocked when they are unassigned",
            "Get-CsPhoneNumberTenantConfiguration",
        ),
        (&[K::VoiceRoutingPolicies], "who is routed to trunks", "Get-CsOnlineVoiceRoutingPolicy"),
        (&[K::CivicAddresses], "emergency addresses", "Get-CsOnlineLisCivicAddress"),
        (&[K::NetworkSites, K::Sites], "sites", "Get-CsTenantNetworkSite, or a list of your own"),
        (
            &[K::PstnCalls, K::DirectRoutingCalls, K::OtherCalls],
            "calls, for the need of each site",
            "the usage reports of the admin centre",
        ),
        (
            &[K::TeamsNetworkTool, K::Iperf3, K::ThousandEyes, K::Measurements],
            "measurements of networks",
            "the Teams Network Assessment Tool",
        ),
    ]
};

/// What nobody has exported yet: the verdict is open there, whatever else it says.
fn missing(report: &Report<'_>, out: &mut String) {
    let known = |kinds: &[SourceKind]| report.files.iter().any(|file| kinds.contains(&file.kind));
    let missing: Vec<String> = WANTED
        .iter()
        .filter(|(kinds, ..)| !known(kinds))
        .map(|(_, what, from)| format!("<li>{what} <span class=\"soft\">({from})</span></li>"))
        .collect();
    if missing.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<div class=\"panel\"><h3>Not imported yet, and so not judged</h3><ul class=\"dense\">{}</ul>\
         <p class=\"soft\">docs/migration.md has the command of each export.</p></div>",
        missing.concat()
    );
}

fn verdict_figures(assessment: &Assessment, total: usize, out: &mut String) {
    let figures = [
        (Readiness::Ready, "can move today"),
        (Readiness::ReadyWithActions, "can move; something should be done"),
        (Readiness::Unknown, "cannot be told from the exports"),
        (Readiness::NotReady, "must not move yet"),
    ];
    let parts: Vec<(&str, usize)> =
        figures.iter().map(|(r, _)| (class(*r), people(assessment, *r))).collect();
    out.push_str(&stacked("Accounts by verdict", &parts));
    out.push_str("<div class=\"figures\">");
    for (of, words) in figures {
        let number = people(assessment, of);
        let share = number as f64 / total as f64 * 100.0;
        let _ = write!(
            out,
            "<div class=\"{}\"><b>{}</b>{} <span class=\"soft\">{share:.0} %</span><br><span class=\"soft\">{words}</span></div>",
            class(of),
            count(number),
            readiness(of)
        );
    }
    out.push_str("</div>");
}

fn verdict_word(assessment: &Assessment) -> &'static str {
    match assessment.headline.verdict {
        Readiness::Ready => "Yes.",
        Readiness::ReadyWithActions => "In part.",
        Readiness::Unknown => "It cannot be told yet.",
        Readiness::NotReady => "Not yet.",
    }
}

fn verdict_sentence(assessment: &Assessment) -> String {
    let total = assessment.people.len();
    if total == 0 {
        return "No account with a number, enterprise voice or a line on a telephone system was found: import the users first."
            .to_owned();
    }
    let may =
        people(assessment, Readiness::Ready) + people(assessment, Readiness::ReadyWithActions);
    let stops = assessment.headline.stops_everybody.len();
    let of_all = format!(
        "{} of {} could move by what concerns them and their sites",
        count(may),
        many(total, "account", "accounts")
    );
    match stops {
        0 => format!("{of_all}."),
        1 => format!("{of_all}, but one thing stops every move."),
        many => format!("{of_all}, but {many} things stop every move."),
    }
}

fn fix_first(works: &[Work], out: &mut String) {
    out.push_str("<h2 id=\"fix\">What to fix first</h2>");
    if works.is_empty() {
        out.push_str("<p>Nothing.</p>");
        return;
    }
    out.push_str(
        "<p class=\"soft\">Ordered by how many accounts a thing holds back for the effort it takes. \
         <em>Alone</em> counts those for whom nothing else is in the way.</p>",
    );
    let longest: Vec<Bar> = works
        .iter()
        .filter(|work| work.holds_back > 0)
        .take(12)
        .map(|work| Bar {
            label: work.code.clone(),
            value: work.holds_back as f64,
            class: if work.severity == Severity::Block { "bad" } else { "open" },
            words: format!("{} ({})", count(work.holds_back), work.effort.word()),
        })
        .collect();
    if !longest.is_empty() {
        out.push_str(&bars("Accounts held back by each rule", &longest, None));
    }
    let rows: Vec<Vec<String>> = works
        .iter()
        .map(|work| {
            vec![
                rule_link(&work.code),
                severity(work.severity).to_owned(),
                if work.stops_everybody { "everybody".to_owned() } else { count(work.holds_back) },
                count(work.alone),
                count(work.subjects),
                work.effort.word().to_owned(),
                escaped(&work.fix),
                escaped(&work.cost),
            ]
        })
        .collect();
    let heads =
        ["Rule", "Severity", "#Holds back", "#Alone", "#Findings", "Takes", "What to do", "Cost"];
    out.push_str(&table(&heads, &rows));
}

fn sites(assessment: &Assessment, out: &mut String) {
    out.push_str("<h2 id=\"sites\">Sites</h2>");
    if assessment.sites.is_empty() {
        out.push_str("<p>No site with people is known.</p>");
        return;
    }
    let mut sites: Vec<&SiteVerdict> = assessment.sites.iter().collect();
    sites.sort_by(|a, b| {
        b.network.cmp(&a.network).then(b.voices.cmp(&a.voices)).then_with(|| a.site.cmp(&b.site))
    });
    out.push_str(
        "<p class=\"soft\">Calls at the peak against the link and the priority queue, each way for itself; voice may take 75 % of \
         what the link has to spare. <em>Guess</em>: no call records tell the peak.</p>",
    );
    let highest = |shares: [Option<f64>; 2]| shares.into_iter().flatten().reduce(f64::max);
    let fullest: Vec<Bar> = sites
        .iter()
        .filter_map(|site| Some((site, highest(site.link_share)?)))
        .take(12)
        .map(|(site, share)| Bar {
            label: site.site.clone(),
            value: share.min(2.0),
            class: class(site.network),
            words: format!("{:.0} %", share * 100.0),
        })
        .collect();
    if !fullest.is_empty() {
        let mark = Some((0.75, "75 %"));
        out.push_str(&bars(
            "Share of the usable link that voice takes at the peak",
            &fullest,
            mark,
        ));
    }
    let share = |share: [Option<f64>; 2]| {
        let told = |s: Option<f64>| s.map_or("?".to_owned(), |s| format!("{:.0} %", s * 100.0));
        format!("{} / {}", told(share[0]), told(share[1]))
    };
    let rows: Vec<Vec<String>> = sites
        .iter()
        .take(ROWS)
        .map(|site| {
            let codes: Vec<String> = site.because.iter().map(|code| rule_link(code)).collect();
            vec![
                name(&site.site),
                readiness(site.network),
                count(site.voices),
                format!("{:.0} ({})", site.voice.calls, escaped(&site.voice.basis)),
                format!("{:02}:00", site.voice.busy_hour),
                format!("{:.0}", site.voice.kbps),
                share(site.link_share),
                share(site.queue_share),
                escaped(&site.not_measured.join(", ")),
                codes.join(" "),
            ]
        })
        .collect();
    let heads = [
        "Site",
        "Network",
        "#Accounts",
        "#Calls at peak",
        "#Busy hour",
        "#kbit/s each way",
        "#Link up / down",
        "#Queue up / down",
        "Not measured",
        "Because",
    ];
    out.push_str(&table(&heads, &rows));
    rest(sites.len(), "sites", out);
}

fn rest(all: usize, what: &str, out: &mut String) {
    if all > ROWS {
        let _ = write!(
            out,
            "<p class=\"soft\">{} further {what} stand in the workbook.</p>",
            count(all - ROWS)
        );
    }
}

fn segments(assessment: &Assessment, out: &mut String) {
    out.push_str("<h2 id=\"segments\">Segments and models</h2>");
    if assessment.segments.is_empty() {
        out.push_str("<p>None.</p>");
    } else {
        let rows: Vec<Vec<String>> = assessment
            .segments
            .iter()
            .map(|segment| {
                let country = segment.country.map_or("?".to_owned(), |c| c.to_string());
                let open = if segment.provisional { " (provisional)" } else { "" };
                vec![
                    country,
                    escaped(&segment.kind),
                    escaped(&segment.today),
                    count(segment.count),
                    format!("{}{open}", segment.recommended.words()),
                    escaped(&segment.reason),
                ]
            })
            .collect();
        let heads = ["Country", "What", "Today", "#Count", "Recommended", "Why"];
        out.push_str(&table(&heads, &rows));
    }
    if assessment.exceptions.is_empty() {
        return;
    }
    out.push_str("<h3>What stays where it is</h3>");
    let rows: Vec<Vec<String>> = assessment
        .exceptions
        .iter()
        .take(ROWS)
        .map(|exception| {
            vec![
                name(&exception.subject),
                exception.stays.words().to_owned(),
                escaped(&exception.reason),
                exception.owner.as_deref().map_or("<em>nobody</em>".to_owned(), name),
                exception.review.map_or("<em>never</em>".to_owned(), |day| day.to_string()),
            ]
        })
        .collect();
    out.push_str(&table(&["What", "Stays", "Why", "Owner", "Look again"], &rows));
    rest(assessment.exceptions.len(), "exceptions", out);
}

fn operators(report: &Report<'_>, out: &mut String) {
    out.push_str("<h2 id=\"operators\">Operators</h2>");
    let Some((book, choice)) = report.operators else {
        out.push_str(
            "<p>No operators were chosen. Fill in the operators' book and run <code>meetpoint migrate operators</code>.</p>",
        );
        return;
    };
    let cover = &choice.cover;
    let names: Vec<String> = cover.operators.iter().map(|operator| name(operator)).collect();
    let proven = if cover.proven { "Nothing cheaper exists." } else { "The search was cut off." };
    let _ = write!(
        out,
        "<p>Best cover: <strong>{}</strong> for {} a month. {proven}</p>",
        if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") },
        money(cover.monthly, &book.currency)
    );
    if let Some(fewer) = &choice.one_fewer {
        let _ = write!(
            out,
            "<p>One operator fewer: {} a month, {} without an operator.</p>",
            money(fewer.monthly, &book.currency),
            many(fewer.uncovered.len(), "country", "countries")
        );
    }
    let rows: Vec<Vec<String>> = cover
        .served
        .iter()
        .map(|(country, served)| {
            vec![
                country.to_string(),
                name(&served.operator),
                served.second.as_deref().map_or(String::new(), name),
                money(served.monthly, &book.currency),
            ]
        })
        .collect();
    out.push_str(&table(&["Country", "Operator", "Could take over", "#A month"], &rows));
    if !cover.uncovered.is_empty() {
        out.push_str("<h3>Countries nobody covers</h3>");
        let rows: Vec<Vec<String>> = cover
            .uncovered
            .iter()
            .map(|uncovered| {
                let why: Vec<String> = uncovered
                    .why
                    .iter()
                    .map(|(operator, why)| format!("{}: {}", name(operator), why_not(why)))
                    .collect();
                vec![
                    uncovered.country.to_string(),
                    count(uncovered.numbers as usize),
                    why.join("<br>"),
                ]
            })
            .collect();
        out.push_str(&table(&["Country", "#Numbers", "Why"], &rows));
    }
    out.push_str("<h3>Scores</h3>");
    let shown: Vec<Bar> = choice
        .scores
        .iter()
        .map(|score| Bar {
            label: score.operator.clone(),
            value: score.total,
            class: "open",
            words: format!("{:.1}", score.total),
        })
        .collect();
    out.push_str(&bars("Scores of the operators, of 100", &shown, None));
    let rows: Vec<Vec<String>> = choice
        .scores
        .iter()
        .map(|score| {
            let weak: usize = score.notes.values().map(Vec::len).sum();
            let rival = choice.sensitivity.rivals.contains(&score.operator);
            vec![
                name(&score.operator),
                format!("{:.1}", score.total),
                count(weak),
                if rival { "could lead" } else { "" }.to_owned(),
            ]
        })
        .collect();
    out.push_str(&table(
        &["Operator", "#Score", "#Weak answers", "If weights move by 20 %"],
        &rows,
    ));
    let changed: Vec<String> = choice
        .sensitivity
        .moves
        .iter()
        .filter(|m| m.winner_changes || m.cover_changes)
        .map(|m| format!("{:?} {:+} %: {} leads", m.criterion, m.percent, name(&m.winner)))
        .collect();
    let _ = write!(
        out,
        "<p>Moving one weight by 20 % changes {}.</p>",
        if changed.is_empty() {
            "neither the leader nor the cover".to_owned()
        } else {
            changed.join("; ")
        }
    );
}

fn why_not(why: &WhyNot) -> String {
    match why {
        WhyNot::NoOffer => "no offer there".into(),
        WhyNot::NotLicensed => "not licensed there".into(),
        WhyNot::LicenceNotAnswered => "nobody answered whether it is licensed".into(),
        WhyNot::NotOffered => "no Operator Connect there".into(),
        WhyNot::OfferNotAnswered => "nobody answered whether Operator Connect is offered".into(),
        WhyNot::ServicesMissing { services } => {
            let names: Vec<String> = services.iter().map(|s| format!("{s:?}")).collect();
            format!("lacks {}", escaped(&names.join(", ")))
        }
        WhyNot::TooManyNumbers { most } => format!("takes {most} numbers at most"),
        WhyNot::KeptOut => "kept out by a limit of the need".into(),
    }
}

fn groups(assessment: &Assessment, out: &mut String) {
    out.push_str("<h2 id=\"groups\">Who moves together</h2>");
    if assessment.move_groups.is_empty() {
        out.push_str("<p>Nobody has to move with anybody.</p>");
        return;
    }
    let rows: Vec<Vec<String>> = assessment
        .move_groups
        .iter()
        .take(ROWS)
        .map(|group| {
            let links: Vec<String> =
                group.links.iter().take(4).map(|link| escaped(&link.because)).collect();
            let more = group.links.len().saturating_sub(4);
            let more =
                if more > 0 { format!("<br>and {} more", count(more)) } else { String::new() };
            vec![
                name(&group.name),
                count(group.members.len()),
                format!("{}{more}", links.join("<br>")),
            ]
        })
        .collect();
    out.push_str(&table(&["Group of", "#Members", "Because"], &rows));
    rest(assessment.move_groups.len(), "groups", out);
}

fn rules(assessment: &Assessment, works: &[Work], out: &mut String) {
    out.push_str("<h2 id=\"rules\">Rules</h2>");
    if !assessment.rule_changes.is_empty() {
        out.push_str("<h3>Changed by the project</h3>");
        let rows: Vec<Vec<String>> = assessment
            .rule_changes
            .iter()
            .map(|(code, change)| {
                let how = match (change.off, change.severity) {
                    (true, _) => "switched off".to_owned(),
                    (false, Some(s)) => severity(s).to_owned(),
                    (false, None) => "unchanged".to_owned(),
                };
                vec![format!("<code>{}</code>", escaped(code)), how, escaped(&change.reason)]
            })
            .collect();
        out.push_str(&table(&["Rule", "Now", "Reason"], &rows));
    }
    let mut by_code: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &assessment.findings {
        by_code.entry(&finding.code).or_default().push(finding);
    }
    // In the order of the list above, then those that only inform.
    let known: Vec<&str> = works.iter().map(|work| work.code.as_str()).collect();
    let informs = by_code.keys().copied().filter(|code| !known.contains(code));
    for code in known.iter().copied().chain(informs) {
        let Some(findings) = by_code.get(code) else { continue };
        let rule = Rule::find(code);
        let _ = write!(
            out,
            "<h3 id=\"{0}\"><code>{0}</code></h3><p>{1} <span class=\"soft\">Source: {2}.</span></p>",
            escaped(code),
            escaped(rule.map_or("", Rule::when)),
            rule.map_or(String::new(), |rule| {
                let source = rule.source();
                format!(
                    "{} ({}); docs/rules/{}",
                    escaped(source.text),
                    source.date,
                    rule_page(rule.area())
                )
            })
        );
        let rows: Vec<Vec<String>> = findings
            .iter()
            .take(SUBJECTS)
            .map(|finding| {
                let source = finding.source.as_ref();
                vec![
                    name(&finding.subject),
                    severity(finding.severity).to_owned(),
                    escaped(&finding.message),
                    source.map_or(String::new(), |s| format!("{} row {}", name(&s.file), s.row)),
                ]
            })
            .collect();
        out.push_str(&table(&["About", "Severity", "What", "Where"], &rows));
        if findings.len() > SUBJECTS {
            let _ = write!(
                out,
                "<p class=\"soft\">{} more stand in the workbook.</p>",
                count(findings.len() - SUBJECTS)
            );
        }
    }
}

fn changes(report: &Report<'_>, out: &mut String) {
    out.push_str("<h2 id=\"changes\">Since the last run</h2>");
    let Some(before) = report.before else {
        out.push_str("<p>This is the first run.</p>");
        return;
    };
    let difference = difference(before, report.assessment);
    if difference.is_empty() {
        let _ = write!(out, "<p>Nothing changed since {}.</p>", before.day);
        return;
    }
    let rows: Vec<Vec<String>> = difference
        .people
        .iter()
        .map(|(of, (then, now))| vec![readiness(*of), count(*then), count(*now)])
        .collect();
    let then = before.day.to_string();
    out.push_str(&table(&["Accounts", &format!("#{then}"), "#Now"], &rows));
    let rows: Vec<Vec<String>> = difference
        .by_code
        .iter()
        .map(|(code, (came, went))| {
            vec![format!("<code>{}</code>", escaped(code)), count(*came), count(*went)]
        })
        .collect();
    out.push_str(&table(&["Rule", "#Came", "#Went"], &rows));
    let word = |severity_then: Option<Severity>| {
        severity_then.map_or("-".to_owned(), |s| severity(s).to_owned())
    };
    let rows: Vec<Vec<String>> = difference
        .findings
        .iter()
        .take(ROWS)
        .map(|change| {
            vec![
                name(&change.subject),
                format!("<code>{}</code>", escaped(&change.code)),
                word(change.before),
                word(change.after),
            ]
        })
        .collect();
    out.push_str(&table(&["About", "Rule", "Then", "Now"], &rows));
    rest(difference.findings.len(), "changes", out);
}

fn grounds(report: &Report<'_>, out: &mut String) {
    out.push_str("<h2 id=\"grounds\">What it rests on</h2>");
    let rows: Vec<Vec<String>> = report
        .files
        .iter()
        .map(|file| {
            vec![
                name(&file.name),
                escaped(file.kind.word()),
                count(usize::try_from(file.rows).unwrap_or(usize::MAX)),
                count(usize::try_from(file.rejected).unwrap_or(usize::MAX)),
                format!("<code>{}</code>", escaped(file.sha256.get(..12).unwrap_or(&file.sha256))),
            ]
        })
        .collect();
    out.push_str(&table(&["File", "What it is", "#Rows", "#Rejected", "SHA-256"], &rows));
    let completion = &report.assessment.completion;
    match &completion.with_causes {
        Some(counted) => {
            let percent =
                |ratio: Option<f64>| ratio.map_or("-".to_owned(), |r| format!("{:.1} %", r * 100.0));
            let _ = write!(
                out,
                "<p>Answered (ASR) {}, delivered (NER) {} of {} with a SIP cause{}. For {} of other sources neither is available.</p>",
                percent(counted.asr()),
                percent(counted.ner()),
                many(usize::try_from(counted.attempts).unwrap_or(usize::MAX), "call", "calls"),
                if counted.few { "; below 100 calls they mean little" } else { "" },
                many(usize::try_from(completion.without_causes).unwrap_or(usize::MAX), "call", "calls"),
            );
        }
        None => out.push_str(
            "<p>Answered and delivered calls (ASR, NER) are not available: no imported source carries SIP causes.</p>",
        ),
    }
}
