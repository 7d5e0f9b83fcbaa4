//! An operator's offer: what a tenant is shown before it consents (operator-connect.md 1.1, 1.2, 1.9;
//! emergency.md 5.3 and 9), and its way from draft over published to withdrawn.

use crate::consent::NumberType;
use numbering::Country;
use serde::{Deserialize, Serialize};

/// Longest link, bytes.
pub const MAX_LINK: usize = 500;
/// Longest note, characters.
pub const MAX_NOTE: usize = 1000;

/// Declares an enum whose words on the wire and in the database are these.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What is offered (1.2 `offerType`).
    Service {
        /// Calls of people and queues.
        Calling = "Calling",
        /// Conferences by telephone.
        AudioConferencing = "AudioConferencing",
    }
}

impl Service {
    /// Numbers of this type are of this service.
    pub const fn of(number_type: NumberType) -> Self {
        match number_type {
            NumberType::User | NumberType::Service => Self::Calling,
            NumberType::Conference => Self::AudioConferencing,
        }
    }
}

words! {
    /// How the operator brings an emergency call to help (emergency.md 5.3, 9).
    EmergencyHandling {
        /// The location that comes with the call (PIDF-LO) routes it.
        DynamicLocation = "dynamic_location",
        /// The address that is registered for the number does.
        RegisteredAddress = "registered_address",
        /// The number's area code does, wherever the caller is.
        NumberPrefix = "number_prefix",
        /// A national call centre answers first and asks where help is needed.
        Screened = "screened",
        /// None are carried: the tenant needs another way to help in this country.
        Unsupported = "unsupported",
    }
}

words! {
    /// Who may set and change a number's emergency address: the three models of 1.9.
    AddressEditing {
        /// The operator sets it, the tenant may change it.
        OperatorThenTenant = "operator_then_tenant",
        /// The operator leaves it empty, the tenant sets it.
        Tenant = "tenant",
        /// The operator sets it, and the tenant may not change it.
        Operator = "operator",
    }
}

impl AddressEditing {
    /// Whether a number's tenant is promised to set or change its address.
    pub const fn is_tenants(self) -> bool {
        matches!(self, Self::OperatorThenTenant | Self::Tenant)
    }
}

words! {
    /// Where an offer is on its way.
    OfferState {
        /// Never shown yet.
        Draft = "draft",
        /// In the directory: tenants may consent.
        Published = "published",
        /// Takes no new consents; those there are go on.
        Withdrawn = "withdrawn",
    }
}

/// What is done with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferEvent {
    /// Put the draft into the directory, in place of what was there.
    Publish,
    /// Take it out of the directory.
    Withdraw,
}

/// The step does not fit the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("a {} offer cannot take this step", from.as_str())]
pub struct OfferStateRefusal {
    /// The state it is in.
    pub from: OfferState,
}

impl OfferState {
    /// The state after a step: one that was withdrawn may be published again.
    ///
    /// # Errors
    /// Only what is published can be withdrawn.
    pub const fn next(self, event: OfferEvent) -> Result<Self, OfferStateRefusal> {
        match (self, event) {
            (_, OfferEvent::Publish) => Ok(Self::Published),
            (Self::Published, OfferEvent::Withdraw) => Ok(Self::Withdrawn),
            (from, OfferEvent::Withdraw) => Err(OfferStateRefusal { from }),
        }
    }
}

/// A link to a page of the operator's, `https://…` or `http://…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// Reads a link; blanks around it go.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let good = !rest.is_empty()
            && !rest.starts_with('/')
            && text.len() <= MAX_LINK
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        good.then(|| Self(text.to_owned()))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is offered in one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Where.
    pub country: Country,
    /// Which numbers.
    pub number_types: Vec<NumberType>,
    /// How emergency calls are handled there.
    pub emergency_handling: EmergencyHandling,
    /// What the tenant should know of it.
    #[serde(default)]
    pub emergency_note: Option<String>,
    /// Who may edit emergency addresses there.
    pub address_editing: AddressEditing,
    /// What it costs, in words: the contract is made elsewhere.
    #[serde(default)]
    pub price_note: Option<String>,
}

/// All that an offer says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferContent {
    /// What is offered.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Where, each country once.
    #[serde(default)]
    pub coverage: Vec<Coverage>,
    /// The operator's own page.
    #[serde(default)]
    pub landing_page: Option<Link>,
    /// Artwork for the directory (1.1 `logoUri`).
    #[serde(default)]
    pub logo_uri: Option<Link>,
    /// The same, small (1.1 `logoThumbnailUri`).
    #[serde(default)]
    pub logo_thumbnail_uri: Option<Link>,
    /// The operator's terms, which a consent accepts.
    #[serde(default)]
    pub terms_uri: Option<Link>,
    /// What it costs, in words.
    #[serde(default)]
    pub price_note: Option<String>,
}

/// What keeps an offer from being what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OfferFlaw {
    /// A country twice.
    #[error("{0} is named twice")]
    CountryTwice(Country),
    /// Numbers of a service that is not offered.
    #[error("{} numbers in {country} need the service {}", number_type.as_str(), service.as_str())]
    ServiceMissing {
        /// Where.
        country: Country,
        /// Which numbers.
        number_type: NumberType,
        /// What they are of.
        service: Service,
    },
}

/// What a draft lacks before it can be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OfferLack {
    /// No service.
    #[error("the offer names no service")]
    Services,
    /// No country.
    #[error("the offer names no country")]
    Coverage,
    /// A country without a type of number.
    #[error("the offer names no type of number in {0}")]
    NumberTypes(Country),
    /// No link.
    #[error("the offer has no landing page")]
    LandingPage,
}

impl OfferContent {
    /// Does it fit together? A draft must too.
    ///
    /// # Errors
    /// The first flaw, with the place of the country in the list.
    pub fn check(&self) -> Result<(), (usize, OfferFlaw)> {
        for (at, here) in self.coverage.iter().enumerate() {
            let country = here.country;
            if self.coverage[..at].iter().any(|other| other.country == country) {
                return Err((at, OfferFlaw::CountryTwice(country)));
            }
            for number_type in here.number_types.iter().copied() {
                let service = Service::of(number_type);
                if !self.services.contains(&service) {
                    return Err((at, OfferFlaw::ServiceMissing { country, number_type, service }));
                }
            }
        }
        Ok(())
    }

    /// May it be shown to tenants? How emergency calls are handled and who may edit addresses is
    /// said of each country by its type.
    ///
    /// # Errors
    /// What is missing first.
    pub fn complete(&self) -> Result<(), OfferLack> {
        if self.services.is_empty() {
            return Err(OfferLack::Services);
        }
        if self.coverage.is_empty() {
            return Err(OfferLack::Coverage);
        }
        match self.coverage.iter().find(|here| here.number_types.is_empty()) {
            Some(bare) => return Err(OfferLack::NumberTypes(bare.country)),
            None if self.landing_page.is_none() => return Err(OfferLack::LandingPage),
            None => {}
        }
        Ok(())
    }

    /// Who may edit addresses in a country, where the offer says so.
    pub fn address_editing(&self, country: Country) -> Option<AddressEditing> {
        self.coverage.iter().find(|here| here.country == country).map(|here| here.address_editing)
    }

    /// The countries it covers.
    pub fn countries(&self) -> Vec<Country> {
        self.coverage.iter().map(|here| here.country).collect()
    }
}

/// The version of an operator's terms after a publication: what tenants accepted stays good while
/// the terms are the same, and where there are none nothing is asked.
pub fn terms_version(version: i64, before: Option<&Link>, after: Option<&Link>) -> i64 {
    if after.is_none() || before == after { version } else { version + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).expect(code)
    }

    fn here(code: &str, number_types: &[NumberType]) -> Coverage {
        Coverage {
            country: country(code),
            number_types: number_types.to_vec(),
            emergency_handling: EmergencyHandling::Screened,
            emergency_note: None,
            address_editing: AddressEditing::OperatorThenTenant,
            price_note: None,
        }
    }

    fn whole() -> OfferContent {
        OfferContent {
            services: vec![Service::Calling],
            coverage: vec![here("GB", &[NumberType::User])],
            landing_page: Link::parse("https://northwind.example/"),
            ..OfferContent::default()
        }
    }

    #[test]
    fn each_word_is_read_as_it_is_written_and_no_other() {
        fn check<T: Copy + PartialEq + std::fmt::Debug>(
            all: &[T],
            word: fn(T) -> &'static str,
            read: fn(&str) -> Option<T>,
            expect: &[&str],
        ) {
            assert_eq!(all.iter().map(|one| word(*one)).collect::<Vec<_>>(), expect);
            for one in all {
                assert_eq!(read(word(*one)), Some(*one));
                assert_eq!(read(&format!("{}s", word(*one))), None);
                assert_eq!(read(&word(*one).to_uppercase()), None);
            }
            assert_eq!(read(""), None);
        }
        check(Service::ALL, Service::as_str, Service::parse, &["Calling", "AudioConferencing"]);
        check(
            EmergencyHandling::ALL,
            EmergencyHandling::as_str,
            EmergencyHandling::parse,
            &["dynamic_location", "registered_address", "number_prefix", "screened", "unsupported"],
        );
        check(
            AddressEditing::ALL,
            AddressEditing::as_str,
            AddressEditing::parse,
            &["operator_then_tenant", "tenant", "operator"],
        );
        check(
            OfferState::ALL,
            OfferState::as_str,
            OfferState::parse,
            &["draft", "published", "withdrawn"],
        );
    }

    #[test]
    fn states() {
        use OfferEvent::{Publish, Withdraw};
        use OfferState::{Draft, Published, Withdrawn};
        for (from, event, expect) in [
            (Draft, Publish, Ok(Published)),
            (Published, Publish, Ok(Published)),
            (Withdrawn, Publish, Ok(Published)),
            (Published, Withdraw, Ok(Withdrawn)),
            (Draft, Withdraw, Err(OfferStateRefusal { from: Draft })),
            (Withdrawn, Withdraw, Err(OfferStateRefusal { from: Withdrawn })),
        ] {
            assert_eq!(from.next(event), expect, "{from:?} {event:?}");
        }
    }

    #[test]
    fn links() {
        let longest = format!("https://{}", "x".repeat(MAX_LINK - 8));
        let too_long = format!("{longest}x");
        for (text, good) in [
            ("https://northwind.example/teams", true),
            (" http://northwind.example ", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("https://", false),
            ("https:///path", false),
            ("ftp://northwind.example", false),
            ("northwind.example", false),
            ("https://north wind.example", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(Link::parse(text).is_some(), good, "{text:?}");
        }
    }

    #[test]
    fn what_fits_together_and_what_may_be_shown() {
        use NumberType::{Conference, User};
        let twice = vec![here("GB", &[User]), here("GB", &[User])];
        let both = vec![Service::Calling, Service::AudioConferencing];
        let needs = |number_type, service| {
            (0, OfferFlaw::ServiceMissing { country: country("GB"), number_type, service })
        };
        for (name, content, expect) in [
            ("whole", whole(), Ok(())),
            (
                "country twice",
                OfferContent { coverage: twice, ..whole() },
                Err((1, OfferFlaw::CountryTwice(country("GB")))),
            ),
            (
                "conferences without the service",
                OfferContent { coverage: vec![here("GB", &[Conference])], ..whole() },
                Err(needs(Conference, Service::AudioConferencing)),
            ),
            (
                "people without the service",
                OfferContent { services: vec![Service::AudioConferencing], ..whole() },
                Err(needs(User, Service::Calling)),
            ),
            (
                "both",
                OfferContent {
                    services: both,
                    coverage: vec![here("GB", &[User, Conference])],
                    ..whole()
                },
                Ok(()),
            ),
            ("nothing yet", OfferContent::default(), Ok(())),
        ] {
            assert_eq!(content.check(), expect, "{name}");
        }
        for (name, content, expect) in [
            ("whole", whole(), Ok(())),
            ("no service", OfferContent { services: vec![], ..whole() }, Err(OfferLack::Services)),
            ("no country", OfferContent { coverage: vec![], ..whole() }, Err(OfferLack::Coverage)),
            (
                "no numbers",
                OfferContent { coverage: vec![here("DE", &[])], ..whole() },
                Err(OfferLack::NumberTypes(country("DE"))),
            ),
            (
                "no page",
                OfferContent { landing_page: None, ..whole() },
                Err(OfferLack::LandingPage),
            ),
        ] {
            assert_eq!(content.complete(), expect, "{name}");
        }
    }

    #[test]
    fn who_edits_addresses_where() {
        for (editing, tenants) in [
            (AddressEditing::OperatorThenTenant, true),
            (AddressEditing::Tenant, true),
            (AddressEditing::Operator, false),
        ] {
            let coverage = vec![Coverage { address_editing: editing, ..here("GB", &[]) }];
            let content = OfferContent { coverage, ..whole() };
            assert_eq!(content.address_editing(country("GB")), Some(editing));
            assert_eq!(content.address_editing(country("DE")), None);
            assert_eq!(editing.is_tenants(), tenants);
        }
    }

    #[test]
    fn terms_are_another_version_only_where_they_are_others() {
        let (a, b) = (Link::parse("https://a.example"), Link::parse("https://b.example"));
        for (version, before, after, expect) in [
            (0, None, None, 0),
            (0, None, a.as_ref(), 1),
            (1, a.as_ref(), a.as_ref(), 1),
            (1, a.as_ref(), b.as_ref(), 2),
            (2, b.as_ref(), None, 2),
        ] {
            assert_eq!(terms_version(version, before, after), expect);
        }
    }
}
