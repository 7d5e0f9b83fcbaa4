//! `meetpoint network …`.

use super::{
    client::Client,
    error::CliError,
    output::{self, Columns},
};
use api_types::network::{TrustedNetwork, TrustedNetworks};
use clap::Subcommand;
use reqwest::Method;

/// `meetpoint network …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Your trusted networks
    List,
    /// Replace your trusted networks; none if none is named
    Set {
        /// Public addresses with the country they stand in, `198.51.100.0/24=GB`; may be
        /// repeated. Calls to emergency numbers are carried from there unproven
        #[arg(long = "network", value_name = "ADDRESS/BITS=COUNTRY")]
        networks: Vec<String>,
        /// The same, but phones must prove who they are there too
        #[arg(long = "proven-only", value_name = "ADDRESS/BITS=COUNTRY")]
        proven_only: Vec<String>,
    },
}

const PATH: &str = "/tenant/v1/trusted-networks";
const NETWORKS: Columns = &[
    ("ADDRESS", "ip_address"),
    ("BITS", "mask_bits"),
    ("COUNTRY", "country"),
    ("UNPROVEN CALLS FOR HELP", "unproven_emergency_calls"),
    ("DESCRIPTION", "description"),
];

fn network(text: &str, unproven: bool) -> Result<TrustedNetwork, CliError> {
    let wrong = || CliError::usage(format!("{text} is not like 198.51.100.0/24=GB"));
    let (prefix, country) = text.split_once('=').ok_or_else(wrong)?;
    let (address, bits) = match prefix.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().map_err(|_| wrong())?)),
        None => (prefix, None),
    };
    Ok(TrustedNetwork {
        ip_address: address.to_owned(),
        mask_bits: bits,
        country: country.to_owned(),
        description: String::new(),
        unproven_emergency_calls: unproven,
    })
}

/// Runs `meetpoint network …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    let answer = match action {
        Action::List => client.get(PATH).await?,
        Action::Set { networks, proven_only } => {
            let unproven = networks.iter().map(|text| network(text, true));
            let proven = proven_only.iter().map(|text| network(text, false));
            let networks = unproven.chain(proven).collect::<Result<_, _>>()?;
            client.send(Method::PUT, PATH, None, Some(&TrustedNetworks { networks })).await?
        }
    };
    if client.json {
        return output::json(&answer.body);
    }
    let networks = answer.body["networks"].as_array().map(Vec::as_slice).unwrap_or_default();
    output::list(networks, NETWORKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_as_they_are_typed() {
        let one = network("198.51.100.0/24=GB", true).expect("a network");
        assert_eq!((one.ip_address.as_str(), one.mask_bits), ("198.51.100.0", Some(24)));
        assert!(one.country == "GB" && one.unproven_emergency_calls);
        let one = network("2001:db8::1=de", false).expect("an address");
        assert!(one.mask_bits.is_none() && !one.unproven_emergency_calls);
        for wrong in ["", "198.51.100.0/24", "198.51.100.0/x=GB"] {
            assert!(network(wrong, true).is_err(), "{wrong}");
        }
    }
}
