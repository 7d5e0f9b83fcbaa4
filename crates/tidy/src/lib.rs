//! The house rules that a compiler does not know, as tests: which licences may come in, which
//! crate may know which, and what no committed file may contain. All of it is in `tests/it`.
