//! Statement 9 of migration.md section 11, and what no PBX export may leave behind.

use crate::support::{inventory_of, sample, taken, told};
use migrate::model::{DeviceKind, HuntKind, LineClass, RemarkKind};

#[test]
fn statement_09_cucm_in_both_header_styles() {
    let details = "Device Name,Description,Device Pool,Location,Owner User ID,Device Type,Digest Password,Directory Number 1,Route Partition 1,External Phone Number Mask 1,Alerting Name 1,Directory Number 2,Route Partition 2,External Phone Number Mask 2,Alerting Name 2\n\
        SEP0038DFB41094,Alice Adams,London_DP,London,alice,Cisco 8841,hunter2,5123,AllPhones,+44207946XXXX,Alice Adams,5000,AllPhones,+44207946XXXX,Sales\n\
        SEP0038DFB41095,Bob Brown,London_DP,London,bob,Cisco 8841,hunter2,5124,AllPhones,+44207946XXXX,Bob Brown,5000,AllPhones,+44207946XXXX,Sales\n\
        AN0038DFB41096,Fax Accounts,London_DP,London,,Analog Phone,,5125,AllPhones,+44207946XXXX,Fax,,,,\n\
        AN0038DFB41097,Lift 2,London_DP,London,,Analog Phone,,5126,AllPhones,,Lift,,,,\n\
        AN0038DFB41098,Goods entrance door,London_DP,London,,Analog Phone,,5127,AllPhones,,,,,,\n\
        AN0038DFB41099,Intruder alarm,London_DP,London,,Analog Phone,,5128,AllPhones,,,,,,\n";
    let users =
        "UserPrincipalName,LineURI,DisplayName\nalice@x.com,,Alice Adams\nbob@x.com,,Bob Brown\n";
    let (file, remarks, rows) = taken("phones.csv", details);
    assert_eq!(told(&remarks, RemarkKind::Secret), [(1, "secrets_left_out")]);
    let all = inventory_of("GB", [taken("users.csv", users), (file, remarks, rows)]);
    assert_eq!((all.pbx_lines.len(), all.devices.len()), (8, 6));
    let [shared] = all.shared_lines.as_slice() else { panic!("{:?}", all.shared_lines) };
    assert_eq!((shared.extension.as_str(), shared.devices.len()), ("5000", 2));
    assert_eq!(shared.owners, ["alice@x.com", "bob@x.com"]);
    assert_eq!(all.pbx_lines[0].line.map(|l| l.to_string()).as_deref(), Some("+442079465123"));
    let special: Vec<_> = all.special_lines.iter().map(|l| (l.subject.as_str(), l.class)).collect();
    assert_eq!(
        special,
        [
            ("+442079465125", LineClass::Fax),
            ("5126", LineClass::Lift),
            ("5127", LineClass::Door),
            ("5128", LineClass::Alarm),
        ]
    );
    assert_eq!(all.devices[2].kind, Some(DeviceKind::AnalogAdapter));
    assert!(!format!("{all:?}").contains("hunter2"));

    let template =
        inventory_of("US", [taken("t.csv", sample("cucm-bat-phones.template-header.csv"))]);
    let line = &template.pbx_lines[0];
    assert_eq!(
        (line.device.text(), line.extension.as_str(), line.partition.text(), line.name.text()),
        ("SEP0038DFB41094", "5123", "AllPhones", "Alice Adams")
    );
    let place = template.line(line.partition.at().expect("a place")).expect("a line");
    assert_eq!((place.row, place.column.as_deref()), (2, Some("ROUTE PARTITION  1")));
}

#[test]
fn statement_09_cucm_by_its_query_language_in_ruled_columns() {
    let text = "name            description  dnorpattern\n=============== ============ ===========\n\
        SEP0038DFB41094 Alice Adams  5123\nSEP0038DFB41095 Bob          5123\n";
    let all = inventory_of("GB", [taken("sql.txt", text)]);
    assert_eq!(all.pbx_lines.len(), 2);
    assert_eq!(all.shared_lines[0].extension, "5123");
}

#[test]
fn statement_09_freepbx_numbers_join_to_extensions_and_become_international() {
    let extensions = "extension,password,name,voicemail,ringtimer,outboundcid,tech,dial,devicetype,user,description,vmpwd,emergency_cid\n\
        2001,s3cr3t,Alice Adams,novm,0,,pjsip,PJSIP/2001,fixed,2001,Alice Adams,4711,\n\
        2002,s3cr3t,Fax Office,novm,0,,dahdi,DAHDI/2,fixed,2002,Fax Office,4712,\n";
    let routes = "cidnum,extension,destination,privacyman,alertinfo,ringing,mohclass,description\n\
        ,02079460001,\"from-did-direct,2001,1\",0,,,default,Alice\n\
        ,02079460002,\"from-did-direct,2002,1\",0,,,default,Fax\n\
        ,02079460003,\"ext-group,600,1\",0,,,default,Sales\n\
        ,02079460004,\"from-did-direct,2999,1\",0,,,default,Gone\n";
    let groups = "grpnum,grplist,strategy,description\n600,2001-2002,ringall,Sales\n";
    let all = inventory_of(
        "GB",
        [taken("e.csv", extensions), taken("r.csv", routes), taken("g.csv", groups)],
    );
    assert_eq!(all.pbx_lines[0].line.map(|l| l.to_string()).as_deref(), Some("+442079460001"));
    assert_eq!(all.special_lines[0].class, LineClass::Fax);
    assert_eq!(all.special_lines[0].line.map(|l| l.to_string()).as_deref(), Some("+442079460002"));
    let group = &all.hunt_groups[0];
    assert_eq!(
        (group.kind, group.pilot.text(), group.members.len()),
        (Some(HuntKind::Ring), "600", 2)
    );
    assert_eq!(told(&all.remarks, RemarkKind::Unjoined), [(5, "route_to_nobody")]);
    assert_eq!(all.numbers.len(), 4);
    let whole = format!("{all:?}");
    for secret in ["s3cr3t", "4711", "4712"] {
        assert!(!whole.contains(secret), "{secret}");
    }
}

#[test]
fn statement_09_asterisk_and_avaya() {
    let conf = "; comment\n[endpoint-basic](!)\ntype=endpoint\ncontext=internal\n\n[2001](endpoint-basic)\ncallerid=\"Alice Adams\" <02079460001>\n\
        \n[2001-auth]\ntype=auth\nusername=2001\npassword=s3cr3t\n\n[2002](endpoint-basic)\ncallerid=Lift North <2002>\nsecret=s3cr3t\n";
    let all = inventory_of("GB", [taken("pjsip.conf", conf)]);
    let lines: Vec<_> =
        all.pbx_lines.iter().map(|l| (l.extension.as_str(), l.partition.text())).collect();
    assert_eq!(lines, [("2001", "internal"), ("2002", "internal")]);
    assert_eq!(all.pbx_lines[0].line.map(|l| l.to_string()).as_deref(), Some("+442079460001"));
    assert_eq!(all.special_lines[0].class, LineClass::Lift);
    assert!(!format!("{all:?}").contains("s3cr3t"));
    let avaya = "Ext,Port,Name,Type,COR,COS,TN,Room\n3001,S00012,Alice Adams,9641,1,1,1,London\n3002,001V301,Door East,2500,1,1,1,London\n";
    let all = inventory_of("GB", [taken("stations.csv", avaya)]);
    assert_eq!((all.pbx_lines.len(), all.special_lines[0].class), (2, LineClass::Door));
}
