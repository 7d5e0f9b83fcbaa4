//! Life in the demo: now and then somebody calls somebody, over real SIP.

use std::sync::Arc;
use std::time::Duration;

use softphone::{Answering, Call, PhoneError};

use super::cast::{AGENTS, OUTSIDER, QUEUE_NUMBER};
use super::report::Fault;
use super::story::Seeded;
use super::story::phones::Phones;

/// Between two calls.
const PAUSE: Duration = Duration::from_secs(10);
/// The first call comes soon after the page is there.
const FIRST: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(15);
const HOUR: Duration = Duration::from_secs(3600);
/// About four seconds of talk.
const PACKETS: u64 = 200;

/// Who calls whom.
#[derive(Clone, Copy)]
enum Scene {
    /// An operator's trunk brings a call for this number.
    In { german: bool, trunk: usize, number: &'static str },
    /// A person dials out.
    Out { user: &'static str, dialled: &'static str },
}

const SCENES: [Scene; 6] = [
    Scene::In { german: false, trunk: 0, number: "+442079460001" },
    Scene::Out { user: "alice", dialled: OUTSIDER },
    Scene::In { german: false, trunk: 1, number: QUEUE_NUMBER },
    Scene::Out { user: "sam", dialled: OUTSIDER },
    Scene::In { german: true, trunk: 0, number: "+493023125001" },
    Scene::Out { user: "bob", dialled: "+442079460001" },
];

/// Plays scene after scene for ever.
pub async fn play(seeded: Arc<Seeded>, phones: Arc<Phones>) -> Result<(), Fault> {
    for (index, agent) in AGENTS.iter().enumerate() {
        let after = Duration::from_secs(1 + index as u64);
        phones.of(agent)?.set_answering(Answering::Answer { after })?;
    }
    for (user, phone) in &phones.played {
        if !AGENTS.contains(user) {
            phone.set_answering(Answering::Answer { after: Duration::from_secs(1) })?;
        }
        tokio::spawn(take_calls(phones.clone(), user));
    }
    for german in [false, true] {
        for trunk in 0..2 {
            let seeded = seeded.clone();
            // The machine answers by itself; its calls are only to be let go.
            tokio::spawn(async move {
                loop {
                    let machine = &operator(&seeded, german).machines[trunk];
                    if let Err(PhoneError::Stopped) = machine.next_call(HOUR).await {
                        return;
                    }
                }
            });
        }
    }
    let mut pauses = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, PAUSE);
    for scene in SCENES.iter().cycle() {
        pauses.tick().await;
        if let Err(error) = perform(*scene, &seeded, &phones).await {
            // Somebody may have taken the number away, or the licence: life goes on.
            tracing::info!(%error, "a call of the demo did not go through");
        }
    }
    Ok(())
}

async fn take_calls(phones: Arc<Phones>, user: &'static str) {
    while let Ok(phone) = phones.of(user) {
        if let Err(PhoneError::Stopped) = phone.next_call(HOUR).await {
            return;
        }
    }
}

fn operator(seeded: &Seeded, german: bool) -> &super::story::AdmittedOperator {
    if german { &seeded.operators.b } else { &seeded.operators.a }
}

async fn perform(scene: Scene, seeded: &Seeded, phones: &Phones) -> Result<(), Fault> {
    let call: Call = match scene {
        Scene::In { german, trunk, number } => {
            operator(seeded, german).machines[trunk].call(OUTSIDER, number).await?
        }
        Scene::Out { user, dialled } => phones.of(user)?.dial(dialled).await?,
    };
    call.answered(SOON).await?;
    let talked = call.talk(PACKETS, SOON).await;
    call.hang_up(SOON).await?;
    talked?;
    Ok(())
}
