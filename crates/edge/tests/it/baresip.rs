//! Somebody else's phone: baresip (Debian's package of that name) with real RTP.

use crate::control::{Control, Folder, PATIENCE, free_address, start_edge};
use crate::world::*;
use feed::cdr::{CdrEvent, HungUpBy};
use feed::record::Transport;
use softphone::{Answering, OperatorTrunk, TrunkConfig};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running baresip, steered by its ctrl_tcp module.
struct Baresip {
    child: Child,
    control: SocketAddr,
    _folder: Folder,
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Baresip {
    fn start(name: &str, edge: SocketAddr, transport: &str) -> Self {
        let folder = Folder::new();
        let control = free_address();
        let account = format!(
            "<sip:{name}@{DOMAIN};transport={transport}>;auth_user={name};\
             auth_pass={name}-secret;outbound=\"sip:{edge};transport={transport}\";\
             regint=300;answermode=auto;audio_codecs=PCMU\n"
        );
        let config = format!(
            "sip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\nausrc_srate 48000\n\
             auplay_srate 48000\nausrc_channels 2\nauplay_channels 2\nmodule_path /usr/lib/baresip/modules\n\
             audio_source ausine,440\naudio_player aubridge,nowhere\n\
             audio_alert aubridge,nowhere\nmodule g711.so\nmodule ausine.so\n\
             module aubridge.so\nmodule_app account.so\nmodule_app menu.so\n\
             module_app ctrl_tcp.so\nctrl_tcp_listen {control}\n"
        );
        std::fs::write(folder.path().join("accounts"), account).expect("a file");
        std::fs::write(folder.path().join("config"), config).expect("a file");
        std::fs::write(folder.path().join("contacts"), "").expect("a file");
        let child = Command::new("baresip")
            .args(["-4", "-f"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("baresip, of Debian's package of that name, is installed");
        Self { child, control, _folder: folder }
    }

    /// Sends one command and waits for its answer.
    fn command(&self, command: &str, params: &str) {
        let begun = Instant::now();
        let mut stream = loop {
            match TcpStream::connect(self.control) {
                Ok(stream) => break stream,
                Err(_) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => panic!("baresip does not listen: {error}"),
            }
        };
        let json = format!("{{\"command\":\"{command}\",\"params\":\"{params}\"}}");
        stream.write_all(format!("{}:{json},", json.len()).as_bytes()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&seen).contains("\"response\":true") {
            let n = stream.read(&mut buffer).expect("it answers");
            assert!(n > 0, "baresip closed the connection");
            seen.extend_from_slice(&buffer[..n]);
        }
    }
}

async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < PATIENCE, "{what} should have happened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn baresip_talks(transport: &str) {
    let local = free_address();
    let folder = Folder::new();
    let control = Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)]));
    let edge = start_edge(&control, &folder, 0, 2).await;
    let udp = edge.udp_addresses()[0];
    let at = if transport == "tcp" { edge.tcp_addresses()[0] } else { udp };
    let alice = Baresip::start("alice", at, transport);
    let _bob = Baresip::start("bob", at, transport);
    until("two registrations", || edge.status().registrations == 2).await;
    let operator = OperatorTrunk::start(TrunkConfig {
        bind: local,
        transport: softphone::Transport::Udp,
        exchange: udp,
        answering: Answering::Answer { after: Duration::from_millis(20) },
    })
    .await
    .expect("a trunk");

    // In, hung up by the operator.
    let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("it is answered");
    call.talk(20, PATIENCE).await.expect("RTP comes from the phone");
    call.hang_up(PATIENCE).await.expect("the BYE passes");

    // Out, hung up by the phone.
    alice.command("dial", &format!("sip:+493012345678@{DOMAIN}"));
    let call = operator.next_call(PATIENCE).await.expect("it leaves by the operator");
    call.answered(PATIENCE).await.expect("it is answered");
    assert_eq!(call.view().invite.from_user(), Some(ALICE_NUMBER));
    call.talk(20, PATIENCE).await.expect("RTP comes from the phone");
    alice.command("hangup", "");
    call.ended(PATIENCE).await.expect("the BYE passes");

    // Between two phones, over the exchange. The last call ends with the 200 to
    // its BYE, a moment after the operator saw that.
    until("an end", || edge.status().live_calls == 0).await;
    alice.command("dial", &format!("sip:{BOB_NUMBER}@{DOMAIN}"));
    until("an answer", || edge.status().live_calls == 1).await;
    alice.command("hangup", "");

    let calls = control.ended(3).await;
    let mut by = Vec::new();
    for call in &calls {
        for event in call {
            if let CdrEvent::End { sip_code, hung_up_by, .. } = event {
                assert_eq!(*sip_code, 200);
                by.push(*hung_up_by);
            }
        }
    }
    assert_eq!(by, [HungUpBy::Caller; 3]);
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_talks_over_udp() {
    baresip_talks("udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_talks_over_tcp() {
    baresip_talks("tcp").await;
}
