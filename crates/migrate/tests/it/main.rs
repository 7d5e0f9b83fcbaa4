//! Migration readiness as an administrator meets it.

mod verdict;
