//! `meetpoint fraud …`.

use super::{
    client::{Client, Face},
    error::CliError,
};
use api_types::fraud::{FraudClasses, FraudLimit, FraudLimitsPut, FraudRelease};
use clap::Subcommand;
use reqwest::Method;

/// `meetpoint fraud …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// What a tenant's people may call to costly destinations
    Limits {
        /// Name or id
        tenant: String,
    },
    /// Set a tenant's limits; a scope that is not named gets the standard ones
    SetLimits {
        /// Name or id
        tenant: String,
        /// Of each person, `international=6/60` for calls at once and an hour, `-` for no limit;
        /// may be repeated, and a class that is not named has no limit
        #[arg(long, value_name = "CLASS=AT_ONCE/PER_HOUR")]
        person: Vec<String>,
        /// Of all people of the tenant together
        #[arg(long, value_name = "CLASS=AT_ONCE/PER_HOUR")]
        together: Vec<String>,
    },
    /// Lift the blocks of a person, or as programme owner of a person or tenant by id
    Release {
        /// A person's name or id; for the programme owner the id of a person or tenant
        blocked: String,
    },
}

fn classes(given: &[String]) -> Result<Option<FraudClasses>, CliError> {
    let mut set = FraudClasses::default();
    for text in given {
        let wrong = || CliError::usage(format!("{text} is not like international=6/60"));
        let (class, limit) = text.split_once('=').ok_or_else(wrong)?;
        let (at_once, per_hour) = limit.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| match text {
            "-" => Ok(None),
            text => text.parse().map(Some).map_err(|_| wrong()),
        };
        let limit = FraudLimit { at_once: number(at_once)?, per_hour: number(per_hour)? };
        match class {
            "national" => set.national = limit,
            "international" => set.international = limit,
            "premium" => set.premium = limit,
            _ => return Err(wrong()),
        }
    }
    Ok((!given.is_empty()).then_some(set))
}

/// Runs `meetpoint fraud …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    let path = async |tenant: &str| {
        let tenant = client.tenant(tenant).await?;
        Ok::<_, CliError>(format!("/programme/v1/tenants/{tenant}/fraud-limits"))
    };
    let answer = match action {
        Action::Limits { tenant } => client.get(&path(&tenant).await?).await?,
        Action::SetLimits { tenant, person, together } => {
            let body = FraudLimitsPut { person: classes(&person)?, tenant: classes(&together)? };
            client.send(Method::PUT, &path(&tenant).await?, None, Some(&body)).await?
        }
        Action::Release { blocked } => match client.face().await? {
            Face::Programme => {
                let id = blocked.parse().map_err(|_| {
                    CliError::usage(format!("{blocked} is no id of a person or tenant"))
                })?;
                client.post("/programme/v1/fraud-blocks/release", &FraudRelease { id }).await?
            }
            _ => {
                let id = client.user(&blocked).await?;
                client.post("/tenant/v1/fraud-blocks/release", &FraudRelease { id }).await?
            }
        },
    };
    client.show(&answer.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_as_they_are_typed() {
        assert!(classes(&[]).is_ok_and(|none| none.is_none()));
        let set = classes(&["premium=-/10".to_owned(), "international=6/-".to_owned()]);
        let set = set.expect("two classes").expect("some");
        assert_eq!((set.premium.at_once, set.premium.per_hour), (None, Some(10)));
        assert_eq!((set.international.at_once, set.national.at_once), (Some(6), None));
        for wrong in ["premium", "premium=5", "lunar=1/1", "premium=a/b"] {
            assert!(classes(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
