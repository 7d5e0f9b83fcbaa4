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

/// Known names by length, so that a lookup compares a handful of candidates.
static BY_LEN: [[HeaderName; 16]; 24] = {
    let mut table = [[HeaderName::Other; 16]; 24];
    let mut used = [0usize; 24];
    let mut i = 0;
    while i < HeaderName::ALL.len() {
        let name = HeaderName::ALL[i];
        let len = name.as_str().len();
        table[len][used[len]] = name;
        used[len] += 1;
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
        if let [one] = bytes {
            let lower = one.to_ascii_lowercase();
            return if lower.is_ascii_lowercase() {
                COMPACT[(lower - b'a') as usize]
            } else {
                Self::Other
            };
        }
        let Some(candidates) = BY_LEN.get(bytes.len()) else { return Self::Other };
        for &name in candidates {
            if name == Self::Other {
                break;
            }
            let text = name.as_str().as_bytes();
            // Of most candidates the first letter tells them apart already.
            if (text[0] ^ bytes[0]) & !0x20 == 0 && text.eq_ignore_ascii_case(bytes) {
                return name;
            }
        }
        Self::Other
    }
}

impl std::fmt::Display for HeaderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
