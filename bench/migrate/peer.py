#!/usr/bin/env python3
"""What a database needs for the tables that a verdict is made of.

    peer.py EXPORTS

Reads every export of a made-up tenant with DuckDB, two threads and as much
memory as Meetpoint may have, into tables in memory; does the joins and
aggregates behind the verdict; prints their sizes as one JSON object. Left out,
to DuckDB's advantage: groups that move together, Erlang B, where each value
stands, and everything that is kept on disk.
"""
import json
import sys
from pathlib import Path

import duckdb

# A list of objects, or one: as PowerShell writes it.
JSON = "read_json('{path}', maximum_object_size = 67108864)"
CSV = "read_csv('{path}', header = true, all_varchar = true, quote = '\"', escape = '\"')"

# Each is one table that the verdict needs; the names are those of its areas.
TABLES = {
    # Who has which licence, by plan and status.
    "plans": """
        SELECT lower(UserPrincipalName) AS upn,
               bool_or(ServicePlanName = 'MCOEV' AND ProvisioningStatus = 'Success') AS phone,
               bool_or(ServicePlanName = 'TEAMS1' AND ProvisioningStatus = 'Success') AS teams,
               bool_or(ServicePlanName = 'MCOEV_VIRTUALUSER') AS virtual,
               bool_or(ServicePlanName LIKE 'MCOPSTN%') AS calling
        FROM licence GROUP BY 1""",
    "people": """
        SELECT lower(u.UserPrincipalName) AS upn, u.Identity AS id, u.Office AS site,
               u.EnterpriseVoiceEnabled = 'True' AS voice, u.OnlineVoiceRoutingPolicy AS policy,
               u.UsageLocation AS country, u.TeamsUpgradeEffectiveMode AS mode,
               split_part(replace(u.LineUri, 'tel:', ''), ';', 1) AS line, u.OnPremLineUri AS old,
               n.TelephoneNumber AS number, n.NumberType AS model, n.ActivationState AS activation,
               n.AssignmentBlockedState AS blocked, n.LocationId AS location,
               p.phone, p.teams, p.calling
        FROM users u
        LEFT JOIN number n ON n.AssignedPstnTargetId = u.Identity
        LEFT JOIN plans p ON p.upn = lower(u.UserPrincipalName)""",
    "people_not_ready": """
        SELECT * FROM people
        WHERE voice AND (NOT coalesce(phone, false) OR NOT coalesce(teams, false)
              OR number IS DISTINCT FROM line OR mode <> 'TeamsOnly' OR country IS NULL
              OR blocked <> 'NotBlocked' OR (old IS NOT NULL AND old <> ''))""",
    # Numbers: twice, of nobody, in ranges, by country and model.
    "numbers_twice": """
        SELECT TelephoneNumber FROM number GROUP BY 1 HAVING count(*) > 1""",
    "numbers_of_nobody": """
        SELECT n.TelephoneNumber FROM number n
        LEFT JOIN users u ON u.Identity = n.AssignedPstnTargetId
        LEFT JOIN account a ON a.ObjectId = n.AssignedPstnTargetId
        WHERE n.AssignedPstnTargetId <> '' AND u.Identity IS NULL AND a.ObjectId IS NULL""",
    "ranges": """
        WITH digits AS (
            SELECT TRY_CAST(substr(split_part(TelephoneNumber, ';', 1), 2) AS BIGINT) AS serial,
                   NumberType AS model, IsoCountryCode AS country FROM number),
        steps AS (
            SELECT *, serial - row_number() OVER (PARTITION BY model, country ORDER BY serial) AS island
            FROM digits WHERE serial IS NOT NULL)
        SELECT model, country, island, min(serial) AS low, max(serial) AS high, count(*) AS held
        FROM steps GROUP BY ALL""",
    "by_country": """
        SELECT IsoCountryCode, NumberType, PstnAssignmentStatus, Capability, count(*) AS held
        FROM number GROUP BY ALL""",
    # Accounts of queues and attendants, and whom they ring.
    "accounts": """
        SELECT a.UserPrincipalName, a.ApplicationId, n.TelephoneNumber, p.virtual
        FROM account a
        LEFT JOIN number n ON n.AssignedPstnTargetId = a.ObjectId
        LEFT JOIN plans p ON p.upn = lower(a.UserPrincipalName)""",
    "agents": """
        WITH one AS (SELECT Identity AS queue, unnest(Agents).ObjectId::VARCHAR AS id FROM queue)
        SELECT one.queue, u.upn, u.site, u.model FROM one LEFT JOIN people u ON u.id = one.id""",
    "menus": """
        WITH one AS (
            SELECT Identity AS attendant,
                   unnest(DefaultCallFlow.Menu.MenuOptions).CallTarget.Id::VARCHAR AS target
            FROM attendant)
        SELECT one.attendant, a.UserPrincipalName
        FROM one LEFT JOIN account a ON a.ObjectId = one.target""",
    # Calls: how many at once at each site and hour, and what became of them.
    "calls": """
        SELECT p.site, c.began, c.began + to_seconds(c.seconds) AS ended, c.seconds, c.outbound, c.sip
        FROM (SELECT lower(UPN) AS upn, CAST("Start Time" AS TIMESTAMP) AS began,
                     CAST("Duration Seconds" AS INTEGER) AS seconds,
                     "Call Type" LIKE '%out' AS outbound, NULL::INTEGER AS sip
              FROM pstn
              UNION ALL
              SELECT lower(UPN), CAST("Invite time" AS TIMESTAMP), CAST(Duration AS INTEGER),
                     "Call Type" LIKE '%out', CAST("Final SIP code" AS INTEGER)
              FROM direct) c
        JOIN people p USING (upn)""",
    "peaks": """
        WITH moves AS (
            SELECT site, began AS moment, 1 AS step FROM calls
            UNION ALL SELECT site, ended, -1 FROM calls),
        levels AS (
            SELECT site, sum(step) OVER (PARTITION BY site ORDER BY moment, step
                                           ROWS UNBOUNDED PRECEDING) AS level FROM moves)
        SELECT site, max(level) AS peak FROM levels GROUP BY 1""",
    "hours": """
        SELECT site, date_trunc('hour', began) AS hour, sum(seconds) / 3600.0 AS erlang, count(*) AS calls
        FROM calls GROUP BY ALL""",
    "busy_hours": """
        SELECT site, max(erlang) AS erlang, arg_max(hour, erlang) AS hour FROM hours GROUP BY 1""",
    "causes": """
        SELECT outbound, sip, count(*) AS calls FROM calls WHERE sip IS NOT NULL GROUP BY ALL""",
    # Measurements: windows in a row that lose too much, and the tail of the rest.
    "bursts": """
        WITH windows AS (
            SELECT site, CAST(time AS TIMESTAMP) AS moment, CAST("loss percent" AS DOUBLE) AS loss
            FROM measured),
        marked AS (
            SELECT *, row_number() OVER (PARTITION BY site ORDER BY moment)
                      - row_number() OVER (PARTITION BY site, loss > 1 ORDER BY moment) AS run
            FROM windows)
        SELECT site, run, min(moment) AS since, count(*) AS windows
        FROM marked WHERE loss > 1 GROUP BY ALL""",
    "quality": """
        SELECT site, network, count(*) AS windows,
               quantile_cont(CAST("loss percent" AS DOUBLE), 0.9) AS loss,
               quantile_cont(CAST("jitter ms" AS DOUBLE), 0.9) AS jitter,
               quantile_cont(CAST("rtt ms" AS DOUBLE), 0.9) AS rtt,
               bool_or("dscp sent" <> "dscp received") AS remarked
        FROM measured GROUP BY ALL""",
    # Sites: need against link and queue, and what a call for help would find.
    "sites": """
        SELECT s.site, b.erlang, p.peak, p.peak * 76 * 1.15 AS need,
               p.peak * 76 * 1.15 > 0.75 * CAST(s."wan up kbps" AS DOUBLE) AS link_short,
               p.peak * 76 * 1.15 > CAST(s."queue up kbps" AS DOUBLE) AS queue_short,
               l.LocationId, c.ValidationStatus, t.IPAddress
        FROM site s
        LEFT JOIN busy_hours b USING (site)
        LEFT JOIN peaks p USING (site)
        LEFT JOIN subnet n ON n.NetworkSiteID = s.site
        LEFT JOIN lis_subnet l ON l.Subnet = n.SubnetID
        LEFT JOIN location o ON o.LocationId = l.LocationId
        LEFT JOIN address c ON c.CivicAddressId = o.CivicAddressId
        LEFT JOIN trusted t ON t.Description = 'Egress of ' || s.site""",
    "headline": """
        SELECT p.site, count(*) AS people, count(*) FILTER (p.voice) AS voices,
               count(r.upn) AS not_ready
        FROM people p LEFT JOIN people_not_ready r USING (upn) GROUP BY 1""",
}

FILES = {
    "users": "Get-CsOnlineUser.csv",
    "number": "Get-CsPhoneNumberAssignment.csv",
    "licence": "Get-MgUserLicenseDetail.csv",
    "account": "Get-CsOnlineApplicationInstance.csv",
    "queue": "Get-CsCallQueue.json",
    "attendant": "Get-CsAutoAttendant.json",
    "pstn": "PSTN.calls.2026-03.csv",
    "direct": "DirectRouting.calls.2026-03.csv",
    "site": "sites.csv",
    "measured": "measurements.csv",
    "subnet": "Get-CsTenantNetworkSubnet.csv",
    "lis_subnet": "Get-CsOnlineLisSubnet.csv",
    "location": "Get-CsOnlineLisLocation.csv",
    "address": "Get-CsOnlineLisCivicAddress.csv",
    "trusted": "Get-CsTenantTrustedIPAddress.csv",
}


def main():
    folder = Path(sys.argv[1])
    database = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"})
    names = dict(FILES)
    # The rest of the folder is read as well, as Meetpoint does.
    for at, path in enumerate(sorted(folder.iterdir())):
        if path.name not in names.values():
            names[f"other_{at}"] = path.name
    sizes = {}
    for name, file in names.items():
        how = JSON if file.endswith(".json") else CSV
        path = str(folder / file).replace("'", "''")
        database.execute(f"CREATE TABLE {name} AS SELECT * FROM {how.format(path=path)}")
        sizes[name] = database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    for name, query in TABLES.items():
        database.execute(f"CREATE TABLE {name} AS {query}")
        sizes[name] = database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    print(json.dumps(sizes))


if __name__ == "__main__":
    main()
