//! Names: methods and header fields, with the compact forms of RFC 3261 section
//! 7.3.3 and its extensions.

/// A request method. Unknown methods are ordinary values, not errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method<'a> {
    /// INVITE (RFC 3261).
    Invite,
    /// ACK (RFC 3261).
    Ack,
    /// BYE (RFC 3261).
    Bye,
    /// CANCEL (RFC 3261).
    Cancel,
    /// REGISTER (RFC 3261).
    Register,
    /// OPTIONS (RFC 3261).
    Options,
    /// PRACK (RFC 3262).
    Prack,
    /// UPDATE (RFC 3311).
    Update,
    /// INFO (RFC 6086).
    Info,
    /// REFER (RFC 3515).
    Refer,
    /// NOTIFY (RFC 6665).
    Notify,
    /// SUBSCRIBE (RFC 6665).
    Subscribe,
    /// MESSAGE (RFC 3428).
    Message,
    /// PUBLISH (RFC 3903).
    Publish,
    /// Any other token.
    Other(&'a [u8]),
}

impl<'a> Method<'a> {
    /// Recognises a method; methods are case-sensitive (RFC 3261 section 7.1).
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        match bytes {
            b"INVITE" => Self::Invite,
            b"ACK" => Self::Ack,
            b"BYE" => Self::Bye,
            b"CANCEL" => Self::Cancel,
            b"REGISTER" => Self::Register,
            b"OPTIONS" => Self::Options,
            b"PRACK" => Self::Prack,
            b"UPDATE" => Self::Update,
            b"INFO" => Self::Info,
            b"REFER" => Self::Refer,
            b"NOTIFY" => Self::Notify,
            b"SUBSCRIBE" => Self::Subscribe,
            b"MESSAGE" => Self::Message,
            b"PUBLISH" => Self::Publish,
            other => Self::Other(other),
        }
    }

    /// The method as it stands on the wire.
    pub fn as_bytes(&self) -> &'a [u8] {
        match self {
            Self::Invite => b"INVITE",
            Self::Ack => b"ACK",
            Self::Bye => b"BYE",
            Self::Cancel => b"CANCEL",
            Self::Register => b"REGISTER",
            Self::Options => b"OPTIONS",
            Self::Prack => b"PRACK",
            Self::Update => b"UPDATE",
            Self::Info => b"INFO",
            Self::Refer => b"REFER",
            Self::Notify => b"NOTIFY",
            Self::Subscribe => b"SUBSCRIBE",
            Self::Message => b"MESSAGE",
            Self::Publish => b"PUBLISH",
            Self::Other(bytes) => bytes,
        }
    }
}

impl std::fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

macro_rules! header_names {
    ($($variant:ident = $text:literal $(, $compact:literal)?;)*) => {
        /// A header field this crate knows by name; every other one is
        /// [`HeaderName::Other`] and is found by its text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
            /// Any other header field.
            Other,
        }

        impl HeaderName {
            /// Number of names, `Other` included.
            pub(crate) const COUNT: usize = Self::Other as usize + 1;

            /// Long form as written on the wire; empty for `Other`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other => "",
                }
            }

            /// Every known name, in declaration order.
            pub const ALL: &'static [HeaderName] = &[$(Self::$variant,)*];

            const fn compact(self) -> u8 {
                match self {
                    $($(Self::$variant => $compact,)?)*
                    _ => 0,
                }
            }
        }
    };
}

header_names! {
    Via = "Via", b'v';
    From = "From", b'f';
    To = "To", b't';
    CallId = "Call-ID", b'i';
    CSeq = "CSeq";
    MaxForwards = "Max-Forwards";
    Contact = "Contact", b'm';
    ContentLength = "Content-Length", b'l';
    ContentType = "Content-Type", b'c';
    Route = "Route";
    RecordRoute = "Record-Route";
    Expires = "Expires";
    MinExpires = "Min-Expires";
    Authorization = "Authorization";
    ProxyAuthorization = "Proxy-Authorization";
    WwwAuthenticate = "WWW-Authenticate";
    ProxyAuthenticate = "Proxy-Authenticate";
    Allow = "Allow";
    Supported = "Supported", b'k';
    Require = "Require";
    ProxyRequire = "Proxy-Require";
    Unsupported = "Unsupported";
    UserAgent = "User-Agent";
    Server = "Server";
    RSeq = "RSeq";
    RAck = "RAck";
    Reason = "Reason";
    RetryAfter = "Retry-After";
    SessionExpires = "Session-Expires", b'x';
    MinSe = "Min-SE";
    Event = "Event", b'o';
    ReferTo = "Refer-To", b'r';
    ReferredBy = "Referred-By", b'b';
    Replaces = "Replaces";
    TargetDialog = "Target-Dialog";
    PAssertedIdentity = "P-Asserted-Identity";
    PPreferredIdentity = "P-Preferred-Identity";
    RemotePartyId = "Remote-Party-ID";
    Privacy = "Privacy";
    Diversion = "Diversion";
    HistoryInfo = "History-Info";
    Identity = "Identity", b'y';
    Geolocation = "Geolocation";
    GeolocationRouting = "Geolocation-Routing";
    Accept = "Accept";
    ContentEncoding = "Content-Encoding", b'e';
    ContentDisposition = "Content-Disposition";
    MimeVersion = "MIME-Version";
    Subject = "Subject", b's';
    Date = "Date";
    Timestamp = "Timestamp";
    Warning = "Warning";
    AllowEvents = "Allow-Events", b'u';
    SubscriptionState = "Subscription-State";
    Path = "Path";
    ServiceRoute = "Service-Route";
    Priority = "Priority";
}

/// Slots of the table of long names, more than three for each.
const NAME_SLOTS: usize = 256;

/// Where a long name stands: its length, first and last letter tell them all apart.
const fn name_slot(len: usize, first: u8, last: u8, factors: (usize, usize)) -> usize {
    let (first, last) = ((first | 0x20) as usize, (last | 0x20) as usize);
    (first * factors.0 + last * factors.1 + len) % NAME_SLOTS
}

const fn slot_of(name: HeaderName, factors: (usize, usize)) -> usize {
    let text = name.as_str().as_bytes();
    name_slot(text.len(), text[0], text[text.len() - 1], factors)
}

/// The first factors with which no two names share a slot; found by the compiler.
const NAME_FACTORS: (usize, usize) = {
    let mut factors = (1, 1);
    'tries: loop {
        let mut used = [false; NAME_SLOTS];
        let mut i = 0;
        while i < HeaderName::ALL.len() {
            let slot = slot_of(HeaderName::ALL[i], factors);
            if used[slot] {
                factors = if factors.1 < NAME_SLOTS {
                    (factors.0, factors.1 + 1)
                } else {
                    (factors.0 + 1, 1)
                };
                continue 'tries;
            }
            used[slot] = true;
            i += 1;
        }
        break factors;
    }
};

/// Long names by their slot, so that a lookup compares one.
static BY_SLOT: [HeaderName; NAME_SLOTS] = {
    let mut table = [HeaderName::Other; NAME_SLOTS];
    let mut i = 0;
    while i < HeaderName::ALL.len() {
        table[slot_of(HeaderName::ALL[i], NAME_FACTORS)] = HeaderName::ALL[i];
        i += 1;
    }
    table
};

static COMPACT: [HeaderName; 26] = {
    let mut table = [HeaderName::Other; 26];
    let mut i = 0;
    while i < HeaderName::ALL.len() {
        let name = HeaderName::ALL[i];
        let c = name.compact();
        if c != 0 {
            table[(c - b'a') as usize] = name;
        }
        i += 1;
    }
    table
};

impl HeaderName {
    /// Recognises a long or compact name without regard to case.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Other,
            [one] => {
                let lower = one.to_ascii_lowercase();
                if lower.is_ascii_lowercase() {
                    COMPACT[(lower - b'a') as usize]
                } else {
                    Self::Other
                }
            }
            [first, .., last] => {
                let name = BY_SLOT[name_slot(bytes.len(), *first, *last, NAME_FACTORS)];
                let text = name.as_str().as_bytes();
                // Nearly everybody writes them as the RFCs do.
                if text == bytes || text.eq_ignore_ascii_case(bytes) { name } else { Self::Other }
            }
        }
    }
}

impl std::fmt::Display for HeaderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
