//! Somebody else's phones: two of Debian's baresip call each other through the
//! demo's edge, with real RTP.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::TempDir;

use crate::others::Demo;
use crate::process::Process;
use crate::world::{LOOPBACK, SOON, free_address};

/// One baresip with a console on a UDP port.
struct Baresip {
    process: Process,
    console: SocketAddr,
    _folder: TempDir,
}

/// Two minutes of a tone, 8,000 samples a second, 16 bits, one channel.
fn write_tone(path: &Path) {
    let samples: Vec<u8> = (0..8_000 * 120)
        .map(|i: u32| if i % 20 < 10 { 8_000i16 } else { -8_000 })
        .flat_map(i16::to_le_bytes)
        .collect();
    let size = samples.len() as u32;
    let mut wave = b"RIFF".to_vec();
    wave.extend((36 + size).to_le_bytes());
    wave.extend(b"WAVEfmt ");
    wave.extend(16u32.to_le_bytes());
    wave.extend([1, 0, 1, 0]);
    wave.extend(8_000u32.to_le_bytes());
    wave.extend(16_000u32.to_le_bytes());
    wave.extend([2, 0, 16, 0]);
    wave.extend(b"data");
    wave.extend(size.to_le_bytes());
    wave.extend(samples);
    std::fs::write(path, wave).expect("the folder is ours");
}

impl Baresip {
    fn start(phone: &Value, transport: &str) -> Self {
        let folder = TempDir::new("baresip");
        let console = free_address();
        let text = |name: &str| phone[name].as_str().expect("it is text");
        let at = if transport == "tcp" { text("registrar_tcp") } else { text("registrar") };
        let tone = folder.path().join("tone.wav");
        write_tone(&tone);
        let account = format!(
            "<{}>;auth_user={};auth_pass={};outbound=\"sip:{at};transport={transport}\";\
             regint=300;answermode=auto;audio_codecs=PCMU/8000/1\n",
            text("aor"),
            text("user"),
            text("password"),
        );
        let config = format!(
            "net_interface 127.0.0.1\naudio_source aufile,{}\naudio_player aubridge,nowhere\n\
             audio_alert aubridge,nowhere\nausrc_srate 8000\nauplay_srate 8000\n\
             ausrc_channels 1\nauplay_channels 1\nrtp_stats yes\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n\
             module aubridge.so\nmodule cons.so\nmodule_app account.so\nmodule_app menu.so\n\
             cons_listen {console}\nmenu_bell no\n",
            tone.display()
        );
        for (name, content) in [("accounts", account), ("config", config), ("contacts", "".into())]
        {
            std::fs::write(folder.path().join(name), content).expect("the folder is ours");
        }
        let mut command = Command::new("baresip");
        command.args(["-4", "-v", "-f"]).arg(folder.path());
        let process = Process::spawn(command);
        Self { process, console, _folder: folder }
    }

    fn command(&self, line: &str) {
        let socket = UdpSocket::bind((LOOPBACK, 0)).expect("a free port");
        socket.send_to(format!("{line}\n").as_bytes(), self.console).expect("it listens");
    }

    /// Packets it received in the call that has ended, by its own count.
    fn packets_received(&self) -> u64 {
        // `packets:  <sent>  <received>`
        let line = self.process.shows("packets:", SOON);
        let count = line.split_whitespace().last();
        count.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no count in {line}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_baresip_phones_talk_through_the_edge() {
    let demo = Demo::start();
    let phone = |user: &str| {
        let phones = demo.said["phones"].as_array().expect("a list");
        phones.iter().find(|p| p["user"] == user).expect("the demo names it").clone()
    };
    let (one, two) = (phone("guest1"), phone("guest2"));
    let caller = Baresip::start(&one, "udp");
    let callee = Baresip::start(&two, "tcp");
    for phone in [&caller, &callee] {
        phone.process.shows("200 OK", SOON);
    }
    let dialled = two["number"].as_str().expect("it has one");
    caller.command(&format!("/dial {dialled}"));
    caller.process.shows("established", SOON);
    callee.process.shows("established", SOON);

    let tenant = demo.client("tenant").await;
    let guest =
        |record: &Value| record["caller"] == one["number"] && record["callee"] == two["number"];
    let found = async |until: &str, ready: &dyn Fn(&Value) -> bool| {
        let deadline = Instant::now() + SOON;
        loop {
            let calls = tenant.get("/tenant/v1/calls?limit=1000").await;
            let items = calls["items"].as_array().expect("a list");
            if let Some(record) = items.iter().find(|r| guest(r) && ready(r)) {
                return record.clone();
            }
            assert!(Instant::now() < deadline, "no record of the call {until}: {calls}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let begun = found("in progress", &|record| record["answered_at"].is_string()).await;
    assert!(begun["ended_at"].is_null(), "{begun}");
    // Media cannot be asked about while it runs: let it run for a second.
    let talking_since = Instant::now();
    while talking_since.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    caller.command("/hangup");
    let record = found("that is complete", &|record| record["complete"] == true).await;
    assert_eq!(record["kind"], "internal", "{record}");
    assert_eq!(record["sip_code"], 200, "{record}");
    assert_eq!(record["hung_up_by"], "caller", "{record}");
    for phone in [&caller, &callee] {
        let packets = phone.packets_received();
        assert!(packets > 25, "a second of talk is 50 packets, {packets} came");
    }
}
