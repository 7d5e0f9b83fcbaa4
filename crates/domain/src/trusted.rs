//! Trusted networks: the public addresses of an organisation (emergency.md section
//! 1.5, "trusted IP"). A call for help from one of them is carried though whoever
//! makes it proves nothing, where the network says so (design section 5; emergency.md
//! section 7, "unregistered / unauthenticated device").
//!
//! Only public addresses are a claim that a stranger can check; which sites, subnets
//! and access points lie behind them is for locations, in a later version.

use numbering::Country;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IpPrefix {
    /// Its bits beyond `bits` are zero; an IPv4 address is never written as IPv6.
    address: IpAddr,
    bits: u8,
}

/// Why addresses are no network that a tenant may trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// No IP address.
    #[error("not an IPv4 or IPv6 address")]
    NotAnAddress,
    /// More bits than an address has.
    #[error("the mask has more bits than the address: 0 to 32, or 0 to 128 for IPv6")]
    TooManyBits,
    /// Nobody's network is that large: it would make half the world a caller.
    #[error("the network is too large: at least {LEAST_V4} mask bits, or {LEAST_V6} for IPv6")]
    TooLarge,
    /// Nobody sends from there.
    #[error("nobody sends from an unspecified or multicast address")]
    NoSource,
}

/// Fewest mask bits of a trusted network. Public documents set no limit; this one
/// keeps a slip of the pen from opening the door to everybody.
pub const LEAST_V4: u8 = 16;
/// The same for IPv6: what a registry gives to a provider.
pub const LEAST_V6: u8 = 32;

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn cut(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::from((ip.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::from((ip.to_bits() & mask).to_be_bytes())
        }
    }
}

impl IpPrefix {
    /// Of an address and mask bits, 32 or 128 if left out (emergency.md section 1.5).
    /// Further bits of the address are dropped.
    ///
    /// # Errors
    /// [`PrefixError`], for what no tenant may trust.
    pub fn parse(address: &str, bits: Option<u8>) -> Result<Self, PrefixError> {
        let given: IpAddr = address.trim().parse().map_err(|_| PrefixError::NotAnAddress)?;
        let mapped = given.to_canonical();
        let whole = width(given);
        let mut bits = bits.unwrap_or(whole);
        if bits > whole {
            return Err(PrefixError::TooManyBits);
        }
        if mapped != given {
            bits = bits.checked_sub(96).ok_or(PrefixError::TooLarge)?;
        }
        let least = if mapped.is_ipv4() { LEAST_V4 } else { LEAST_V6 };
        if bits < least {
            return Err(PrefixError::TooLarge);
        }
        let address = cut(mapped, bits);
        if address.is_unspecified() || address.is_multicast() {
            return Err(PrefixError::NoSource);
        }
        Ok(Self { address, bits })
    }

    /// The network that an address would be in, if it had that many bits; `None` if
    /// an address of its kind has fewer.
    pub fn around(address: IpAddr, bits: u8) -> Option<Self> {
        let address = address.to_canonical();
        (bits <= width(address)).then(|| Self { address: cut(address, bits), bits })
    }

    /// Its first address.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits its addresses share.
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// Is this address in it?
    pub fn contains(self, address: IpAddr) -> bool {
        Self::around(address, self.bits) == Some(self)
    }
}

impl fmt::Display for IpPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl FromStr for IpPrefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        match text.split_once('/') {
            Some((address, bits)) => {
                Self::parse(address, Some(bits.parse().map_err(|_| PrefixError::TooManyBits)?))
            }
            None => Self::parse(text, None),
        }
    }
}

impl Serialize for IpPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A network of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedNetwork {
    /// Its public addresses.
    pub prefix: IpPrefix,
    /// The country it stands in: whose emergency numbers are dialled there, and where
    /// help must come to.
    pub country: Country,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Calls for help are carried though nobody proves who calls. Some countries
    /// demand that, some forbid it (emergency.md section 7): the organisation says.
    pub unproven_help: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_as_they_are_written() {
        for (text, expect) in [
            ("198.51.100.7", Ok("198.51.100.7/32")),
            ("198.51.100.7/24", Ok("198.51.100.0/24")),
            ("2001:db8::1/48", Ok("2001:db8::/48")),
            ("2001:db8::1", Ok("2001:db8::1/128")),
            ("::ffff:198.51.100.7/120", Ok("198.51.100.0/24")),
            ("10.1.0.0/16", Ok("10.1.0.0/16")),
            ("10.0.0.0/15", Err(PrefixError::TooLarge)),
            ("0.0.0.0/0", Err(PrefixError::TooLarge)),
            ("::/0", Err(PrefixError::TooLarge)),
            ("::ffff:0.0.0.0/95", Err(PrefixError::TooLarge)),
            ("2001:db8::/31", Err(PrefixError::TooLarge)),
            ("198.51.100.7/33", Err(PrefixError::TooManyBits)),
            ("198.51.100.7/x", Err(PrefixError::TooManyBits)),
            ("2001:db8::/129", Err(PrefixError::TooManyBits)),
            ("office", Err(PrefixError::NotAnAddress)),
            ("", Err(PrefixError::NotAnAddress)),
            ("224.0.0.1", Err(PrefixError::NoSource)),
            ("0.0.0.0", Err(PrefixError::NoSource)),
            ("ff02::1", Err(PrefixError::NoSource)),
        ] {
            let found: Result<IpPrefix, _> = text.parse();
            assert_eq!(found.map(|p| p.to_string()), expect.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn an_address_is_in_a_network_or_not() {
        for (network, address, inside) in [
            ("198.51.100.0/24", "198.51.100.255", true),
            ("198.51.100.0/24", "198.51.101.0", false),
            ("198.51.100.0/24", "::ffff:198.51.100.9", true),
            ("198.51.100.7", "198.51.100.7", true),
            ("198.51.100.7", "198.51.100.6", false),
            ("2001:db8::/48", "2001:db8:0:ffff::1", true),
            ("2001:db8::/48", "2001:db8:1::1", false),
            ("2001:db8::/48", "198.51.100.7", false),
        ] {
            let network: IpPrefix = network.parse().expect("a network");
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(network.contains(address), inside, "{address} in {network}");
        }
    }
}
