//! Whom not to call. A subscriber names the URL, and the house stands where the subscriber does
//! not: without this, a webhook would reach the database's host, the cloud's metadata service, or
//! whatever else trusts the house's address (server-side request forgery).

use crate::CallError;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Longest URL.
const MAX_URL: usize = 2048;

/// Networks of IPv4 that are not the public Internet's (IANA IPv4 special-purpose registry), …
const V4: [(u32, u8); 17] = [
    (0x0000_0000, 8),  // this network
    (0x0a00_0000, 8),  // private
    (0x6440_0000, 10), // shared by a carrier; Alibaba's metadata is in it
    (0x7f00_0000, 8),  // loopback
    (0xa9fe_0000, 16), // link-local; most clouds' metadata is in it
    (0xac10_0000, 12), // private
    (0xc000_0000, 24), // protocol assignments; Oracle's metadata is in it
    (0xc000_0200, 24), // documentation
    (0xc058_6300, 24), // 6to4 relays
    (0xc0a8_0000, 16), // private
    (0xc612_0000, 15), // benchmarks
    (0xc633_6400, 24), // documentation
    (0xcb00_7100, 24), // documentation
    (0xe000_0000, 4),  // multicast
    (0xf000_0000, 4),  // reserved, broadcast
    (0xa83f_8110, 32), // 168.63.129.16: Azure's own, though its address is public
    (0xc01f_c400, 24), // AS112
];

/// … and those of IPv6 within 2000::/3; nothing outside of that is public.
const V6: [(u128, u8); 5] = [
    (0x2001_0000 << 96, 23), // protocol assignments: Teredo, benchmarks, ORCHID
    (0x2001_0db8 << 96, 32), // documentation
    (0x2002_0000 << 96, 16), // 6to4, which holds an IPv4 address
    (0x3fff_0000 << 96, 20), // documentation
    (0x5f00_0000 << 96, 16), // segment routing
];

/// Is it an address of the public Internet?
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let within = |(first, bits): &(u32, u8)| {
                Ipv4Net::new_assert(Ipv4Addr::from_bits(*first), *bits).contains(&v4)
            };
            !V4.iter().any(within)
        }
        IpAddr::V6(v6) => {
            let within = |(first, bits): &(u128, u8)| {
                Ipv6Net::new_assert(Ipv6Addr::from_bits(*first), *bits).contains(&v6)
            };
            v6.segments()[0] >> 13 == 1 && !V6.iter().any(within)
        }
    }
}

/// Decides whom to call: the public Internet by https, and networks that the house's owner
/// allowed, those by plain http too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    allowed: Vec<IpNet>,
    anywhere: bool,
}

impl Guard {
    /// The public Internet, and these networks beside it.
    pub const fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed, anywhere: false }
    }

    /// For what the house's owner names, such as an issuer, which may well be a server within:
    /// any address by https, this machine alone in clear, since keys and secrets travel.
    pub const fn anywhere() -> Self {
        Self { allowed: Vec::new(), anywhere: true }
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address))
    }

    /// The public Internet is all there is.
    const fn is_strict(&self) -> bool {
        self.allowed.is_empty() && !self.anywhere
    }

    /// It may be asked in clear by name: it is this machine.
    fn names_here(&self, url: &Url) -> bool {
        self.anywhere && url.host_str() == Some("localhost")
    }

    /// May this address be called? Without TLS only those that the owner named.
    ///
    /// # Errors
    /// [`CallError::Forbidden`], or [`CallError::Url`] where https would do.
    pub fn admit(&self, address: IpAddr, has_tls: bool) -> Result<(), CallError> {
        if self.is_allowed(address) {
            return Ok(());
        }
        if self.anywhere {
            let here = address.to_canonical().is_loopback();
            return if has_tls || here { Ok(()) } else { Err(plain()) };
        }
        if !is_public(address) {
            return Err(CallError::Forbidden(address));
        }
        if has_tls { Ok(()) } else { Err(plain()) }
    }

    /// Reads a URL, and refuses what no look-up could make good.
    ///
    /// # Errors
    /// [`CallError::Url`], [`CallError::Forbidden`].
    pub fn read(&self, text: &str) -> Result<Url, CallError> {
        let refuse = |reason: &str| Err(CallError::Url(reason.to_owned()));
        if text.len() > MAX_URL {
            return refuse("a URL is at most 2,048 characters long");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("a URL has no white space or control characters");
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return Err(CallError::Url(format!("it is no URL: {error}"))),
        };
        let has_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return refuse("the URL is neither https:// nor http://"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("a URL with a name or password in it would show them");
        }
        if url.fragment().is_some() {
            return refuse("a URL's fragment (#…) is never sent");
        }
        // Reading has made 0x7f.1 and 2130706433 what they are: 127.0.0.1.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if is_local(name) && self.is_strict() => {
                return refuse("the host's name is one of the house's own machine or network");
            }
            Some(Host::Domain(_)) => None,
            None => return refuse("the URL names no host"),
        };
        match literal {
            Some(address) => self.admit(address, has_tls)?,
            // What the name stands for may be in a network that was allowed.
            None if !has_tls && self.allowed.is_empty() && !self.names_here(&url) => {
                return Err(plain());
            }
            None => {}
        }
        Ok(url)
    }
}

fn plain() -> CallError {
    CallError::Url(
        "what is sent holds numbers, names or secrets: the URL must be https://".to_owned(),
    )
}

/// Names that never stand for another's machine (RFC 6761, RFC 6762, ICANN's `internal`).
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    ["localhost", "local", "internal"]
        .iter()
        .any(|end| name == *end || name.ends_with(&format!(".{end}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_the_internets() {
        for (address, public) in [
            ("93.184.215.14", true),
            ("8.8.8.8", true),
            ("172.15.255.255", true),
            ("172.32.0.1", true),
            ("100.63.255.255", true),
            ("2606:2800:21f:cb07::1", true),
            ("2a00:1450:4009::200e", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("100.100.100.200", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("168.63.129.16", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.192", false),
            ("192.0.2.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("::7f00:1", false),
            ("64:ff9b::7f00:1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("2002:7f00:1::1", false),
            ("3fff::1", false),
            ("4000::1", false),
        ] {
            let parsed: IpAddr = address.parse().expect("an address");
            assert_eq!(is_public(parsed), public, "{address}");
        }
    }

    #[test]
    fn urls_that_are_refused_unseen() {
        let guard = Guard::default();
        for (url, code) in [
            ("https://hooks.example.com/a?b=c", None),
            ("https://hooks.example.com:8443/", None),
            ("https://93.184.215.14/", None),
            ("http://hooks.example.com/", Some("url_refused")),
            ("http://93.184.215.14/", Some("url_refused")),
            ("ftp://hooks.example.com/", Some("url_refused")),
            ("file:///etc/passwd", Some("url_refused")),
            ("hooks.example.com", Some("url_refused")),
            ("https://", Some("url_refused")),
            ("https://user:secret@hooks.example.com/", Some("url_refused")),
            ("https://hooks.example.com/#top", Some("url_refused")),
            ("https://hooks.example.com/a b", Some("url_refused")),
            ("https://localhost/", Some("url_refused")),
            ("https://a.localhost./", Some("url_refused")),
            ("https://metadata.google.internal/", Some("url_refused")),
            ("https://printer.local/", Some("url_refused")),
            ("https://127.0.0.1/", Some("address_refused")),
            ("https://127.1/", Some("address_refused")),
            ("https://0x7f.1/", Some("address_refused")),
            ("https://2130706433/", Some("address_refused")),
            ("https://0177.0.0.1/", Some("address_refused")),
            ("https://[::1]/", Some("address_refused")),
            ("https://[::ffff:10.0.0.1]/", Some("address_refused")),
            ("https://169.254.169.254/latest/meta-data/", Some("address_refused")),
            ("http://169.254.169.254/latest/meta-data/", Some("address_refused")),
            ("https://10.0.0.1/", Some("address_refused")),
        ] {
            let got = guard.read(url).err().map(|error| error.code());
            assert_eq!(got, code, "{url}");
        }
        let long = format!("https://hooks.example.com/{}", "a".repeat(MAX_URL));
        assert!(guard.read(&long).is_err());
    }

    #[test]
    fn what_the_owner_allowed_is_called_and_nothing_beside_it() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().expect("a network")]);
        for (url, code) in [
            ("http://10.1.2.3:8080/", None),
            ("https://10.1.2.3/", None),
            // By name: decided when the name is looked up.
            ("http://hooks.example.com/", None),
            ("http://hooks.internal/", None),
            ("http://10.2.0.1/", Some("address_refused")),
            ("http://127.0.0.1/", Some("address_refused")),
            ("http://93.184.215.14/", Some("url_refused")),
        ] {
            let got = guard.read(url).err().map(|error| error.code());
            assert_eq!(got, code, "{url}");
        }
        let public: IpAddr = "93.184.215.14".parse().expect("an address");
        assert_eq!(guard.admit(public, true), Ok(()));
        assert!(guard.admit(public, false).is_err(), "events do not go there in clear");
    }

    #[test]
    fn what_the_owner_names_may_be_within_and_only_here_in_clear() {
        let guard = Guard::anywhere();
        for (url, code) in [
            ("https://login.example/keys", None),
            ("https://10.1.2.3/keys", None),
            ("https://keycloak.internal/realms/a", None),
            ("http://127.0.0.1:8081/keys", None),
            ("http://[::1]:9/keys", None),
            ("http://localhost:8081/keys", None),
            ("http://login.example/keys", Some("url_refused")),
            ("http://127.0.0.1.evil.example/keys", Some("url_refused")),
            ("http://10.1.2.3/keys", Some("url_refused")),
            ("http://93.184.215.14/keys", Some("url_refused")),
            ("http://localhost@93.184.215.14/", Some("url_refused")),
            ("https://a b/", Some("url_refused")),
            ("file:///etc/passwd", Some("url_refused")),
        ] {
            assert_eq!(guard.read(url).err().map(|error| error.code()), code, "{url}");
        }
        // What localhost stands for is looked at when it is called.
        let within: IpAddr = "10.1.2.3".parse().expect("an address");
        assert!(guard.admit(within, false).is_err(), "a localhost that is elsewhere");
    }
}
