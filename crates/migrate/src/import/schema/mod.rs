//! What each export looks like: recognised by its columns, never by its name
//! (migration.md section 1).

mod network;
mod other;
mod pbx;
mod teams;

use crate::model::SourceKind;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text, dates, words, numbers.
    Text,
    /// A decimal number: a comma in it is a decimal comma unless commas part the columns.
    Decimal,
    /// A telephone number: scientific notation in it spoils the row.
    Phone,
    /// A list of texts.
    List,
    /// Objects: only JSON can carry them.
    Objects,
}

/// A column of a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldSpec {
    /// Name within this crate.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What exports call it. The first is the name of today.
    pub aliases: &'static [&'static str],
}

/// An export.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// What it is.
    pub kind: SourceKind,
    /// Its name on the command line.
    pub slug: &'static str,
    /// Sets of fields; the export has all of at least one set.
    pub needs: &'static [&'static [&'static str]],
    /// A row has at least one of these, or nobody knows what it is about.
    pub keys: &'static [&'static str],
    /// The command that makes it, up to the pipe; empty if there is none.
    pub command: &'static str,
    /// Its columns repeat with a number behind them.
    pub repeats: bool,
    /// Columns.
    pub fields: &'static [FieldSpec],
}

pub(crate) const fn text(name: &'static str, aliases: &'static [&'static str]) -> FieldSpec {
    FieldSpec { name, shape: Shape::Text, aliases }
}

pub(crate) const fn decimal(name: &'static str, aliases: &'static [&'static str]) -> FieldSpec {
    FieldSpec { name, shape: Shape::Decimal, aliases }
}

pub(crate) const fn phone(name: &'static str, aliases: &'static [&'static str]) -> FieldSpec {
    FieldSpec { name, shape: Shape::Phone, aliases }
}

pub(crate) const fn list(name: &'static str, aliases: &'static [&'static str]) -> FieldSpec {
    FieldSpec { name, shape: Shape::List, aliases }
}

pub(crate) const fn objects(name: &'static str, aliases: &'static [&'static str]) -> FieldSpec {
    FieldSpec { name, shape: Shape::Objects, aliases }
}

impl Schema {
    /// The column of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The command that exports everything this crate reads, with lists joined and objects
    /// kept: what a lost column's remedy says (migration.md section 1.1).
    pub fn export_command(&self) -> Option<String> {
        if self.command.is_empty() {
            return None;
        }
        let file = self.slug;
        if self.fields.iter().any(|field| field.shape == Shape::Objects) {
            return Some(format!(
                "{} | ConvertTo-Json -Depth 10 | Out-File {file}.json -Encoding utf8",
                self.command
            ));
        }
        let columns: Vec<String> = self
            .fields
            .iter()
            .filter_map(|field| Some((field, *field.aliases.first()?)))
            .map(|(field, name)| match field.shape {
                Shape::List => format!("@{{n='{name}';e={{$_.{name} -join ';'}}}}"),
                _ => name.to_owned(),
            })
            .collect();
        Some(format!(
            "{} | Select-Object {} | Export-Csv {file}.csv -NoTypeInformation -Encoding utf8",
            self.command,
            columns.join(",")
        ))
    }
}

/// All exports, in the order in which ties are broken.
static ALL: LazyLock<Vec<&'static Schema>> = LazyLock::new(|| {
    [teams::ALL, pbx::ALL, network::ALL, other::ALL].into_iter().flatten().collect()
});

/// For each export of [`ALL`]: its columns by their simplified names.
static NAMES: LazyLock<Vec<HashMap<String, &'static FieldSpec>>> = LazyLock::new(|| {
    ALL.iter()
        .map(|schema| {
            schema
                .fields
                .iter()
                .flat_map(|field| {
                    std::iter::once(field.name)
                        .chain(field.aliases.iter().copied())
                        .map(move |alias| (simplified(alias), field))
                })
                .collect()
        })
        .collect()
});

/// The schema of a kind.
pub(crate) fn schema(kind: SourceKind) -> Option<&'static Schema> {
    ALL.iter().find(|schema| schema.kind == kind).copied()
}

/// The schema by its name on the command line.
pub(crate) fn by_slug(slug: &str) -> Option<&'static Schema> {
    ALL.iter().find(|schema| schema.slug == slug).copied()
}

/// Names on the command line, with the fields of each.
pub fn kinds() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    ALL.iter().map(|schema| (schema.slug, schema.fields.iter().map(|field| field.name).collect()))
}

/// A column's name without case, blanks, punctuation and what stands in brackets: exports
/// drift in all of these between versions.
pub(crate) fn simplified(name: &str) -> String {
    let name = name.split(['(', '[']).next().filter(|n| !n.trim().is_empty()).unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A column's name and the number of its block: `Directory Number  2`.
fn split_index(name: &str) -> (&str, u16) {
    let name = name.trim();
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let index = name[base.len()..].parse().unwrap_or(0);
    if base.ends_with(char::is_whitespace) && index > 0 {
        (base.trim_end(), index)
    } else {
        (name, 0)
    }
}

/// Is this the name of a column with a password, PIN or account number? Such columns are never
/// read, whatever a mapping says.
pub(crate) fn is_secret(name: &str) -> bool {
    const SECRET: [&str; 14] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "pin",
        "vmpin",
        "vmpwd",
        "umpassword",
        "accountnumber",
        "accountno",
        "passcode",
        "apikey",
        "credential",
        "authcode",
    ];
    let simple = simplified(name);
    SECRET.iter().any(|word| {
        simple == *word
            || (word.len() > 3 && simple.contains(word))
            || (*word == "pin"
                && name
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|part| part.eq_ignore_ascii_case("pin")))
    }) || simple.ends_with("userpin")
}

/// A column of a file as a schema understands it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched {
    /// Column of the file.
    pub column: usize,
    /// What it is.
    pub field: &'static FieldSpec,
    /// Block, or 0.
    pub index: u16,
}

/// The columns of `names` that `schema` understands; where two columns mean the same field,
/// the first counts.
pub(crate) fn matched(schema: &Schema, names: &[String]) -> Vec<Matched> {
    let Some(at) = ALL.iter().position(|other| other.slug == schema.slug) else {
        return Vec::new();
    };
    let known = &NAMES[at];
    let mut found: Vec<Matched> = Vec::new();
    for (column, name) in names.iter().enumerate() {
        if is_secret(name) {
            continue;
        }
        let (base, index) = if schema.repeats { split_index(name) } else { (name.as_str(), 0) };
        if let Some(field) = known.get(&simplified(base)).copied()
            && !found.iter().any(|m| m.field.name == field.name && m.index == index)
        {
            found.push(Matched { column, field, index });
        }
    }
    found
}

/// The export these columns belong to, with its columns.
pub(crate) fn recognise(names: &[String]) -> Option<(&'static Schema, Vec<Matched>)> {
    let mut best: Option<(&'static Schema, Vec<Matched>)> = None;
    for schema in ALL.iter().copied() {
        let found = matched(schema, names);
        let has = |name: &&str| found.iter().any(|m| m.field.name == *name);
        if schema.needs.iter().any(|set| set.iter().all(has))
            && best.as_ref().is_none_or(|(_, other)| found.len() > other.len())
        {
            best = Some((schema, found));
        }
    }
    best
}

/// The kind that shares most columns with these, and what it would need beside them.
pub(crate) fn nearest(names: &[String]) -> Option<(&'static str, Vec<&'static str>)> {
    let (schema, found) = ALL
        .iter()
        .copied()
        .map(|schema| (schema, matched(schema, names)))
        .filter(|(_, found)| found.len() > 1)
        .max_by_key(|(_, found)| found.len())?;
    let missing = schema
        .needs
        .iter()
        .map(|set| {
            set.iter()
                .filter(|name| !found.iter().any(|m| m.field.name == **name))
                .filter_map(|name| schema.field(name))
                .map(|field| field.aliases.first().copied().unwrap_or(field.name))
                .collect::<Vec<_>>()
        })
        .min_by_key(Vec::len)?;
    Some((schema.slug, missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &str) -> Vec<String> {
        header.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn exports_are_known_by_their_columns_in_any_spelling() {
        for (header, kind) in [
            (
                "telephonenumber,NUMBERTYPE,ActivationState,PstnAssignmentStatus",
                SourceKind::NumberAssignments,
            ),
            (
                "id,telephoneNumber,operatorId,numberType,activationState,assignmentTargetId,assignmentStatus",
                SourceKind::NumberAssignments,
            ),
            (
                "TelephoneNumber,NumberType,AcquiredCapabilities,AssignmentStatus,PlaceName,TargetId",
                SourceKind::AcquiredNumbers,
            ),
            ("UserPrincipalName,LineURI,EnterpriseVoiceEnabled", SourceKind::OnlineUsers),
            (
                "id,userPrincipalName,accountType,featureTypes,isEnterpriseVoiceEnabled",
                SourceKind::UserConfigurations,
            ),
            (
                "MAC ADDRESS,DESCRIPTION,DIRECTORY NUMBER  1,ROUTE PARTITION  1",
                SourceKind::CucmPhones,
            ),
            (
                "Device Name,Description,Device Pool,Directory Number 1,Route Partition 1,Directory Number 2",
                SourceKind::CucmPhones,
            ),
            (
                "extension,password,name,voicemail,ringtimer,tech,dial,devicetype",
                SourceKind::FreepbxExtensions,
            ),
            ("cidnum,extension,destination,privacyman,alertinfo", SourceKind::FreepbxRoutes),
            (
                "UsageId,Call ID,UPN,Call Type,Start Time,End Time,Duration Seconds",
                SourceKind::PstnCalls,
            ),
            ("Subnet,LocationId,Description", SourceKind::LisSubnets),
            ("PortID,ChassisID,LocationId,Description", SourceKind::LisPorts),
            ("SkuPartNumber,SkuId,ConsumedUnits,PrepaidUnits", SourceKind::SubscribedSkus),
            (
                "UserPrincipalName,SkuPartNumber,ServicePlanName,ProvisioningStatus",
                SourceKind::LicenceDetails,
            ),
        ] {
            assert_eq!(recognise(&names(header)).map(|(s, _)| s.kind), Some(kind), "{header}");
        }
        assert!(recognise(&names("apples,pears")).is_none());
    }

    #[test]
    fn secrets_have_many_names() {
        for name in [
            "password",
            "Secret",
            "VM PIN",
            "umPassword",
            "Account Number",
            "voicemail_pin",
            "UserPIN",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["extension", "Opinion", "Pinned", "shipping", "Account Type", "Description"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn names_within_a_schema_differ() {
        for schema in ALL.iter() {
            let mut seen: HashMap<String, &str> = HashMap::new();
            for field in schema.fields {
                for alias in std::iter::once(&field.name).chain(field.aliases) {
                    let other = seen.insert(simplified(alias), field.name);
                    assert!(
                        other.is_none_or(|other| other == field.name),
                        "{}: {alias} is {other:?} and {}",
                        schema.slug,
                        field.name
                    );
                }
            }
            for name in schema.needs.iter().flat_map(|set| set.iter()).chain(schema.keys) {
                assert!(schema.field(name).is_some(), "{}: {name}", schema.slug);
            }
        }
    }
}
