//! Exports about sites, networks and emergency places, and what was measured (migration.md
//! sections 1.5, 1.8 and 1.10).

use std::io::{self, Write};

use crate::dice::guid;
use crate::export::{Files, row};
use crate::plan::Plan;

pub fn write(plan: &Plan, files: &mut dyn Files) -> io::Result<()> {
    files.file("Get-CsTenantNetworkSite.csv", &mut |out| {
        row(
            out,
            &[
                "Identity",
                "NetworkSiteID",
                "NetworkRegionID",
                "SiteAddress",
                "EnableLocationBasedRouting",
                "EmergencyCallingPolicyName",
            ],
        )?;
        for site in &plan.sites {
            row(out, &[&site.name, &site.name, "EMEA", "", "False", "Security desk"])?;
        }
        Ok(())
    })?;
    files.file("sites.csv", &mut |out| {
        row(
            out,
            &[
                "site",
                "country",
                "city",
                "time zone",
                "wan up kbps",
                "wan down kbps",
                "queue up kbps",
                "queue down kbps",
                "qos",
                "media bypass",
                "vpn",
            ],
        )?;
        for site in &plan.sites {
            let link = site.link_kbps.to_string();
            let queue = site.queue_kbps.to_string();
            row(
                out,
                &[
                    &site.name,
                    site.country,
                    &site.city,
                    "UTC",
                    &link,
                    &link,
                    &queue,
                    &queue,
                    "True",
                    "False",
                    "False",
                ],
            )?;
        }
        Ok(())
    })?;
    files.file("Get-CsTenantNetworkSubnet.csv", &mut |out| {
        row(out, &["Identity", "SubnetID", "MaskBits", "NetworkSiteID", "Description"])?;
        for (at, site) in plan.sites.iter().enumerate() {
            let subnet = format!("10.{}.{}.0", at / 250, at % 250);
            row(out, &[&subnet, &subnet, "24", &site.name, ""])?;
        }
        Ok(())
    })?;
    files.file("Get-CsOnlineLisSubnet.csv", &mut |out| {
        row(out, &["Subnet", "LocationId", "Description"])?;
        for (at, site) in plan.sites.iter().enumerate() {
            let place = if site.lis_located { guid(4, at) } else { String::new() };
            row(out, &[&site.lis_subnet, &place, &site.name])?;
        }
        Ok(())
    })?;
    files.file("Get-CsOnlineLisLocation.csv", &mut |out| {
        row(out, &["LocationId", "CivicAddressId", "Location", "City"])?;
        for (at, site) in plan.sites.iter().enumerate() {
            row(out, &[&guid(4, at), &guid(3, at), "Ground floor", &site.city])?;
        }
        Ok(())
    })?;
    files.file("Get-CsOnlineLisCivicAddress.csv", &mut |out| {
        row(
            out,
            &[
                "CivicAddressId",
                "HouseNumber",
                "StreetName",
                "City",
                "PostalCode",
                "CountryOrRegion",
                "Description",
                "CompanyName",
                "DefaultLocationId",
                "ValidationStatus",
                "NumberOfVoiceUsers",
            ],
        )?;
        for (at, site) in plan.sites.iter().enumerate() {
            row(
                out,
                &[
                    &guid(3, at),
                    "1",
                    "Station Road",
                    &site.city,
                    "AB1 2CD",
                    site.country,
                    &site.name,
                    "Contoso",
                    &guid(13, at),
                    site.validated,
                    "1",
                ],
            )?;
        }
        Ok(())
    })?;
    files.file("Get-CsTenantTrustedIPAddress.csv", &mut |out| {
        row(out, &["Identity", "IPAddress", "MaskBits", "Description"])?;
        for (at, site) in plan.sites.iter().enumerate().filter(|(_, site)| site.trusted) {
            let address = format!("198.18.{}.{}", at / 250, at % 250 + 1);
            row(out, &[&address, &address, "32", &format!("Egress of {}", site.name)])?;
        }
        Ok(())
    })?;
    files.file("measurements.csv", &mut |out| measurements(plan, out))
}

/// Monday 2 March 2026 and the days after it, in the hour from 10:00 UTC, windows of 15 s.
fn measurements(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    row(
        out,
        &[
            "site",
            "time",
            "window seconds",
            "loss percent",
            "burst loss percent",
            "jitter ms",
            "rtt ms",
            "reorder percent",
            "network",
            "protocol",
            "proxied",
            "dscp sent",
            "dscp received",
        ],
    )?;
    for site in &plan.sites {
        for day in 0..site.days {
            for window in 0..plan.size.windows_a_day {
                let second = window * 15;
                let time = format!(
                    "2026-03-{:02}T10:{:02}:{:02}Z",
                    2 + day,
                    second / 60 % 60,
                    second % 60
                );
                // Three windows in a row of one day: the mean of the week stays far below a percent.
                let loss = if site.lossy && day == 1 && window < 3 { "4.5" } else { "0.1" };
                row(
                    out,
                    &[
                        &site.name, &time, "15", loss, "2.0", "4.0", "28", "0.0", "wired", "UDP",
                        "False", "46", "46",
                    ],
                )?;
            }
        }
    }
    Ok(())
}
