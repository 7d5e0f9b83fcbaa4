//! A tenant that never was, as the export files of one that is: coherent, of any size, with faults
//! planted in it and an answer key beside it.
//!
//! [`make`] writes the exports of migration.md section 1 from a seed: the same seed and size, the
//! same bytes. It knows nothing of the crate that judges them.

mod dice;
mod export;
mod faults;
mod people;
mod places;
mod plan;
mod traffic;

pub use export::{Files, Folder, InMemory};
pub use faults::{Key, Planted};
pub use plan::Size;

use std::io;

/// Writes a tenant's exports and answers which faults were planted.
///
/// # Errors
/// Whatever the files' writer says.
pub fn make(seed: u64, size: &Size, faulty: bool, files: &mut dyn Files) -> io::Result<Key> {
    let mut plan = plan::Plan::new(seed, size);
    let key = if faulty { faults::plant(&mut plan) } else { Key::default() };
    people::write(&plan, files)?;
    places::write(&plan, files)?;
    traffic::write(&plan, files)?;
    Ok(key)
}
