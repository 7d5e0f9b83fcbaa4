//! Quotes and reservations (operator-connect.md 1.8 "Search / acquire": `Reserved` becomes
//! `Completed`, `Cancelled`, `Expired` or `Error`; 2.1 "Complete / cancel reservation"). The field
//! knows no payment: paying, and the operator's word on it, stand between. Who may take which step
//! when, and what a payment page's address looks like, is decided here.

use crate::stock::{Amount, Currency};

/// How a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReservationState {
    /// Its numbers are held until it expires.
    Reserved,
    /// Its operator has the money: it expires no more.
    Paid,
    /// Its numbers are on their way into the tenant's inventory.
    Accepted,
    /// At least one of them arrived.
    Completed,
    /// None of them could be delivered.
    Error,
    /// The tenant gave it up.
    Cancelled,
    /// The operator does not deliver.
    Declined,
    /// Nobody paid in time.
    Expired,
}

/// What happens to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReservationStep {
    /// The operator's payment page says that it was paid.
    Pay,
    /// The operator delivers, or its rule does.
    Accept,
    /// The operator does not deliver, and says why.
    Decline,
    /// The tenant gives it up.
    Cancel,
    /// The tenant asks for more time.
    Extend,
    /// Its time is over.
    Expire,
    /// The delivery has come to its end, with at least one number delivered or with none.
    Deliver {
        /// At least one arrived.
        some: bool,
    },
}

/// Why a step is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReservationRefusal {
    /// It is over.
    #[error("the reservation is over: it is {}", .0.as_str())]
    Over(ReservationState),
    /// Its numbers are on their way.
    #[error("its numbers are being delivered")]
    UnderWay,
    /// What was paid for is the operator's to give back.
    #[error("it is paid: ask the operator to decline it")]
    Paid,
}

impl ReservationState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Reserved,
        Self::Paid,
        Self::Accepted,
        Self::Completed,
        Self::Error,
        Self::Cancelled,
        Self::Declined,
        Self::Expired,
    ];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "Reserved",
            Self::Paid => "Paid",
            Self::Accepted => "Accepted",
            Self::Completed => "Completed",
            Self::Error => "Error",
            Self::Cancelled => "Cancelled",
            Self::Declined => "Declined",
            Self::Expired => "Expired",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// It holds its numbers.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Reserved | Self::Paid | Self::Accepted)
    }

    /// The state after a step.
    ///
    /// # Errors
    /// [`ReservationRefusal`].
    pub const fn after(self, step: ReservationStep) -> Result<Self, ReservationRefusal> {
        use ReservationStep::{Accept, Cancel, Decline, Deliver, Expire, Extend, Pay};
        match (self, step) {
            // Told again, it was paid once; what is delivered without payment may be paid later.
            (Self::Reserved | Self::Paid, Pay) => Ok(Self::Paid),
            (Self::Accepted | Self::Completed, Pay) => Ok(self),
            (Self::Reserved | Self::Paid, Accept) => Ok(Self::Accepted),
            (Self::Reserved | Self::Paid, Decline) => Ok(Self::Declined),
            (Self::Reserved, Cancel) => Ok(Self::Cancelled),
            (Self::Reserved, Expire) => Ok(Self::Expired),
            (Self::Reserved, Extend) => Ok(Self::Reserved),
            // What failed may be tried again by the operator's order.
            (Self::Accepted | Self::Completed | Self::Error, Deliver { some }) => {
                if some {
                    Ok(Self::Completed)
                } else {
                    Ok(Self::Error)
                }
            }
            (Self::Paid, Cancel | Extend | Expire) => Err(ReservationRefusal::Paid),
            (Self::Accepted, _) => Err(ReservationRefusal::UnderWay),
            (state, _) => Err(ReservationRefusal::Over(state)),
        }
    }
}

/// When an operator's numbers are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fulfilment {
    /// When the operator says so.
    Manual,
    /// As soon as they are paid.
    WhenPaid,
}

impl Fulfilment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Manual, Self::WhenPaid];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::WhenPaid => "when_paid",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text)
    }
}

/// Does the operator's rule deliver a reservation as it stands now?
pub const fn delivers_itself(
    state: ReservationState,
    fulfilment: Fulfilment,
    free_at_once: bool,
    due: Option<Amount>,
) -> bool {
    let free = match due {
        None => true,
        Some(amount) => amount.is_zero(),
    };
    match state {
        ReservationState::Reserved => free && free_at_once,
        ReservationState::Paid => matches!(fulfilment, Fulfilment::WhenPaid),
        _ => false,
    }
}

/// Longest a quote is good, minutes.
pub const MOST_QUOTE_MINUTES: u32 = 31 * 24 * 60;
/// How long one is good unless the operator says otherwise.
pub const QUOTE_MINUTES: u32 = 24 * 60;
/// Longest a reservation holds without payment, minutes.
pub const MOST_RESERVATION_MINUTES: u32 = 7 * 24 * 60;
/// How long one holds unless the operator says otherwise: as in the field's examples
/// (operator-connect.md 1.8).
pub const RESERVATION_MINUTES: u32 = 16;
/// Most numbers of a quote.
pub const MOST_QUOTED: usize = 1000;
/// Most quotes of one operator that are good at a time, for one tenant.
pub const MOST_QUOTES: u32 = 100;
/// Most reservations that a tenant holds open at one operator.
pub const MOST_OPEN: u32 = 10;

/// Amounts in more than one currency are no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("prices in {0} and in {1} do not add up to one amount")]
pub struct MixedCurrencies(pub Currency, pub Currency);

/// What is due for all: nothing where nothing has a price.
///
/// # Errors
/// [`MixedCurrencies`].
pub fn total(
    prices: impl IntoIterator<Item = Option<(Amount, Currency)>>,
) -> Result<Option<(Amount, Currency)>, MixedCurrencies> {
    let mut sum: Option<(Amount, Currency)> = None;
    for (amount, currency) in prices.into_iter().flatten() {
        sum = Some(match sum {
            None => (amount, currency),
            Some((_, other)) if other != currency => return Err(MixedCurrencies(other, currency)),
            Some((before, _)) => (before.plus(amount), currency),
        });
    }
    Ok(sum)
}

/// The address of an operator's payment page, with places for what is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentUrl(String);

/// What stands in its places.
#[derive(Clone, Copy, Debug)]
pub struct PaymentPlaces<'a> {
    /// Signed; letters, digits, `-`, `_` and `.` alone.
    pub reference: &'a str,
    /// The reservation's id.
    pub reservation_id: &'a str,
    /// Decimal.
    pub amount: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
}

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write an https:// address of at most 500 characters with {{reference}} in its path or query; \
     {{reservation_id}}, {{amount}} and {{currency}} may stand there too"
)]
pub struct PaymentUrlError;

const MOST_URL: usize = 500;
const PLACES: [&str; 4] = ["reference", "reservation_id", "amount", "currency"];

impl PaymentUrl {
    /// Reads one.
    ///
    /// # Errors
    /// [`PaymentUrlError`].
    pub fn parse(text: &str) -> Result<Self, PaymentUrlError> {
        let rest = text.strip_prefix("https://").ok_or(PaymentUrlError)?;
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'#');
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
        let good = text.len() <= MOST_URL
            && text.bytes().all(plain)
            && !host.is_empty()
            && host.bytes().all(named)
            && host.bytes().any(|b| b.is_ascii_alphanumeric())
            && text.contains("{reference}");
        // Whatever stands in braces is one of the places.
        let mut left = text;
        while let Some(at) = left.find(['{', '}']) {
            let place = PLACES.iter().find_map(|place| {
                left[at..].strip_prefix('{')?.strip_prefix(place)?.strip_prefix('}')
            });
            left = place.ok_or(PaymentUrlError)?;
        }
        if good { Ok(Self(text.to_owned())) } else { Err(PaymentUrlError) }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of one payment. Nothing that is put in needs to be escaped.
    pub fn fill(&self, places: &PaymentPlaces<'_>) -> String {
        self.0
            .replace("{reference}", places.reference)
            .replace("{reservation_id}", places.reservation_id)
            .replace("{amount}", places.amount)
            .replace("{currency}", places.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReservationState::{
        Accepted, Cancelled, Completed, Declined, Error, Expired, Paid, Reserved,
    };

    #[test]
    fn each_state_takes_its_own_steps() {
        use ReservationStep::{Accept, Cancel, Decline, Deliver, Expire, Extend, Pay};
        let deliver = |some| Deliver { some };
        for (from, step, to) in [
            (Reserved, Pay, Some(Paid)),
            (Reserved, Accept, Some(Accepted)),
            (Reserved, Decline, Some(Declined)),
            (Reserved, Cancel, Some(Cancelled)),
            (Reserved, Extend, Some(Reserved)),
            (Reserved, Expire, Some(Expired)),
            (Reserved, deliver(true), None),
            (Paid, Pay, Some(Paid)),
            (Paid, Accept, Some(Accepted)),
            (Paid, Decline, Some(Declined)),
            (Paid, Cancel, None),
            (Paid, Extend, None),
            (Paid, Expire, None),
            (Accepted, Pay, Some(Accepted)),
            (Accepted, deliver(true), Some(Completed)),
            (Accepted, deliver(false), Some(Error)),
            (Accepted, Cancel, None),
            (Accepted, Decline, None),
            (Accepted, Accept, None),
            (Completed, Pay, Some(Completed)),
            (Completed, Accept, None),
            (Error, deliver(true), Some(Completed)),
            (Error, Pay, None),
        ] {
            assert_eq!(from.after(step).ok(), to, "{from:?} {step:?}");
        }
        for over in [Cancelled, Declined, Expired] {
            for step in [Pay, Accept, Decline, Cancel, Extend, Expire, deliver(true)] {
                assert_eq!(over.after(step), Err(ReservationRefusal::Over(over)), "{step:?}");
            }
        }
        for state in ReservationState::ALL {
            assert_eq!(ReservationState::parse(state.as_str()), Some(state));
            assert_eq!(state.is_open(), matches!(state, Reserved | Paid | Accepted));
        }
    }

    #[test]
    fn what_delivers_itself() {
        let due = Amount::parse("1");
        let free = Amount::parse("0");
        for (state, rule, at_once, amount, expect) in [
            (Reserved, Fulfilment::Manual, true, None, true),
            (Reserved, Fulfilment::Manual, true, free, true),
            (Reserved, Fulfilment::WhenPaid, true, due, false),
            (Reserved, Fulfilment::WhenPaid, false, None, false),
            (Paid, Fulfilment::WhenPaid, false, due, true),
            (Paid, Fulfilment::Manual, true, due, false),
            (Accepted, Fulfilment::WhenPaid, true, None, false),
            (Expired, Fulfilment::WhenPaid, true, None, false),
        ] {
            let got = delivers_itself(state, rule, at_once, amount);
            assert_eq!(got, expect, "{state:?} {rule:?} {at_once} {amount:?}");
        }
        for rule in Fulfilment::ALL {
            assert_eq!(Fulfilment::parse(rule.as_str()), Some(rule));
        }
    }

    #[test]
    fn sums_are_of_one_currency() {
        let price = |amount: &str, currency: &str| {
            Some((Amount::parse(amount).expect(amount), Currency::parse(currency).expect(currency)))
        };
        assert_eq!(total([None, None]), Ok(None));
        assert_eq!(
            total([price("1.10", "GBP"), None, price("2.2", "GBP")]),
            Ok(price("3.3", "GBP"))
        );
        let mixed = total([price("1", "GBP"), price("0", "EUR")]).expect_err("no sum");
        assert_eq!((mixed.0.to_string(), mixed.1.to_string()), ("GBP".into(), "EUR".into()));
    }

    #[test]
    fn addresses_of_payment_pages() {
        let filled = PaymentUrl::parse(
            "https://pay.alba.example/{reservation_id}?r={reference}&a={amount}&c={currency}",
        )
        .expect("an address")
        .fill(&PaymentPlaces {
            reference: "a.b-c_d",
            reservation_id: "7",
            amount: "1.50",
            currency: "GBP",
        });
        assert_eq!(filled, "https://pay.alba.example/7?r=a.b-c_d&a=1.50&c=GBP");
        for (text, good) in [
            ("https://pay.example/?r={reference}", true),
            ("https://pay.example:8443/{reference}", true),
            ("http://pay.example/?r={reference}", false),
            ("https://pay.example/", false),
            ("https:///{reference}", false),
            ("https://{reference}.example/", false),
            ("https://user@pay.example/{reference}", false),
            ("https://pay.example/{reference}?x={secret}", false),
            ("https://pay.example/{reference}?x={", false),
            ("https://pay.example/{reference}#x", false),
            ("https://pay.example/ {reference}", false),
            ("javascript:alert(1)//{reference}", false),
            (&format!("https://pay.example/{{reference}}{}", "x".repeat(500)), false),
        ] {
            assert_eq!(PaymentUrl::parse(text).is_ok(), good, "{text}");
        }
    }
}
