//! Who plays in the story. Numbers are ones that regulators keep free for drama
//! (Ofcom, NANPA 555-01xx, BNetzA, ComReg), names are invented.

use std::net::{IpAddr, Ipv4Addr};

/// An operator's part.
pub struct OperatorPart {
    /// Public brand.
    pub name: &'static str,
    /// Its short name in the JSON.
    pub key: &'static str,
    /// Domain of its trunks.
    pub domain: &'static str,
    /// Its own page.
    pub link: &'static str,
    /// Countries it offers.
    pub countries: &'static [&'static str],
    /// Services it offers.
    pub services: &'static [&'static str],
    /// Declared ranges.
    pub ranges: &'static [(&'static str, &'static str)],
    /// Loopback addresses of its two trunks: trunks are told apart by address,
    /// so anyone's SIP client may stand in for one from any port of it.
    pub trunks: [IpAddr; 2],
}

const fn loopback(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

/// The two operators.
pub const OPERATORS: [OperatorPart; 2] = [
    OperatorPart {
        name: "Northwind Voice",
        key: "operator_a",
        domain: "northwind.example",
        link: "https://northwind.example/meetpoint",
        countries: &["GB", "US", "IE"],
        services: &["Calling", "AudioConferencing"],
        ranges: &[
            ("+442079460000", "+442079460999"),
            ("+12025550100", "+12025550199"),
            ("+353209100000", "+353209100999"),
        ],
        trunks: [loopback(11), loopback(12)],
    },
    OperatorPart {
        name: "Skylark Telecom",
        key: "operator_b",
        domain: "skylark.example",
        link: "https://skylark.example/numbers",
        countries: &["DE"],
        services: &["Calling"],
        ranges: &[("+493023125000", "+493023125999")],
        trunks: [loopback(21), loopback(22)],
    },
];

/// A person's part.
pub struct PersonPart {
    /// Part before the `@`.
    pub user: &'static str,
    /// Shown name.
    pub name: &'static str,
    /// Country.
    pub country: &'static str,
    /// Holds a telephony licence.
    pub licensed: bool,
    /// Number, if one is assigned.
    pub number: Option<&'static str>,
    /// The demo plays this person's phone; otherwise it is anyone's to register.
    pub played: bool,
}

const fn person(
    user: &'static str,
    name: &'static str,
    country: &'static str,
    number: Option<&'static str>,
) -> PersonPart {
    PersonPart { user, name, country, licensed: true, number, played: true }
}

/// The tenant's people.
pub const PEOPLE: [PersonPart; 8] = [
    person("alice", "Alice Archer", "GB", Some("+442079460001")),
    person("bob", "Bob Barker", "GB", None),
    person("carol", "Carol Cooper", "GB", None),
    PersonPart { licensed: false, ..person("dan", "Dan Draper", "GB", None) },
    person("sam", "Sam Sawyer", "US", Some("+12025550101")),
    person("erika", "Erika Ebert", "DE", Some("+493023125001")),
    PersonPart { played: false, ..person("guest1", "Guest One", "GB", Some("+442079460003")) },
    PersonPart { played: false, ..person("guest2", "Guest Two", "GB", Some("+442079460004")) },
];

/// The queue's number, and who answers it.
pub const QUEUE_NUMBER: &str = "+442079460010";
/// Agents of the queue.
pub const AGENTS: [&str; 2] = ["bob", "carol"];
/// A user number that stays free, to be refused to people.
pub const SPARE_NUMBER: &str = "+442079460002";
/// A number the other tenant holds.
pub const FOREIGN_NUMBER: &str = "+442079460100";
/// Somebody outside.
pub const OUTSIDER: &str = "+441632960123";
/// The same, as dialled in Great Britain.
pub const OUTSIDER_DIALLED: &str = "01632960123";

/// The tenant, and the other one.
pub const TENANT: (&str, &str) = ("Contoso", "contoso.example");
/// Holds one number, to be in the way.
pub const OTHER_TENANT: (&str, &str) = ("Fabrikam", "fabrikam.example");
