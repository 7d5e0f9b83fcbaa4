//! Networks as exports write them: an address, a mask somewhere, and the question whether the
//! address is the network's own.

use std::net::IpAddr;

/// An address with its mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    address: IpAddr,
    bits: u8,
}

impl Subnet {
    /// An address and the bits of its mask; `None` where there are more bits than the address has.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        (bits <= width(address)).then_some(Self { address, bits })
    }

    /// Bits of the mask.
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// The network's own address.
    pub fn id(self) -> IpAddr {
        self.masked(self.address)
    }

    /// Is the address it was written with the network's own?
    pub fn is_written_as_id(self) -> bool {
        self.id() == self.address
    }

    /// Does the address lie in it?
    pub fn contains(self, address: IpAddr) -> bool {
        width(address) == width(self.address) && self.masked(address) == self.id()
    }

    /// Do the two share an address?
    pub fn overlaps(self, other: Self) -> bool {
        let wider = if self.bits <= other.bits { (self, other) } else { (other, self) };
        wider.0.contains(wider.1.address)
    }

    fn masked(self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => {
                let host = u32::from(32 - self.bits.min(32));
                let mask = u32::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::V4((u32::from(v4) & mask).into())
            }
            IpAddr::V6(v6) => {
                let host = u32::from(128 - self.bits.min(128));
                let mask = u128::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::V6((u128::from(v6) & mask).into())
            }
        }
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.id(), self.bits)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Could this be the id of a network somebody uses, where no mask is known?
///
/// Networks of this field are /29 or wider in IPv4 (three bits of host at least) and /64 or wider
/// in IPv6; a single address of a VPN is told by a mask of 32, not by this.
pub fn looks_like_an_id(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => u32::from(v4).trailing_zeros() >= 3,
        IpAddr::V6(v6) => u128::from(v6).trailing_zeros() >= 64,
    }
}

/// Pairs of indices of networks that overlap, each network with the first one that it meets.
///
/// By sorting: a network can only overlap those that begin before it ends.
pub fn overlaps(networks: &[(usize, Subnet)]) -> Vec<(usize, usize)> {
    let mut sorted: Vec<(usize, Subnet)> = networks.to_vec();
    sorted.sort_by_key(|(at, net)| (width(net.address), net.id(), net.bits, *at));
    let mut open: Vec<(usize, Subnet)> = Vec::new();
    let mut pairs = Vec::new();
    for (at, net) in sorted {
        open.retain(|(_, wider)| wider.contains(net.id()));
        if let Some((other, _)) = open.last() {
            pairs.push((*other, at));
        }
        open.push((at, net));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Subnet {
        let (address, bits) = text.split_once('/').expect("address/bits");
        Subnet::new(address.parse().expect("address"), bits.parse().expect("bits")).expect("net")
    }

    #[test]
    fn a_network_id_is_told_from_a_host() {
        for (text, id, is_id) in [
            ("10.10.10.150/25", "10.10.10.128", false),
            ("10.10.10.128/25", "10.10.10.128", true),
            ("10.0.0.7/32", "10.0.0.7", true),
            ("0.0.0.0/0", "0.0.0.0", true),
            ("2001:db8:1:2::5/64", "2001:db8:1:2::", false),
        ] {
            assert_eq!(net(text).id().to_string(), id, "{text}");
            assert_eq!(net(text).is_written_as_id(), is_id, "{text}");
        }
        assert_eq!(Subnet::new("10.0.0.0".parse().expect("address"), 33), None);
    }

    #[test]
    fn overlaps_are_found_whatever_the_order() {
        let nets = ["10.1.0.0/16", "10.2.0.0/24", "10.1.5.0/24", "10.2.0.128/25", "192.0.2.0/24"];
        let indexed: Vec<(usize, Subnet)> = nets.iter().map(|n| net(n)).enumerate().collect();
        assert_eq!(overlaps(&indexed), [(0, 2), (1, 3)]);
        let reversed: Vec<(usize, Subnet)> = indexed.iter().rev().copied().collect();
        assert_eq!(overlaps(&reversed), [(0, 2), (1, 3)]);
    }

    #[test]
    fn without_a_mask_only_round_addresses_look_like_networks() {
        for (text, round) in [
            ("10.10.10.128", true),
            ("10.10.10.150", false),
            ("10.10.10.0", true),
            ("2001:4898:e8:6c:90d2:28d4:76a4:ec5e", false),
            ("2001:4898:e8:6c::", true),
        ] {
            assert_eq!(looks_like_an_id(text.parse().expect("address")), round, "{text}");
        }
    }
}
