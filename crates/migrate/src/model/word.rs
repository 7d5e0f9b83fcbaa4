//! Enums whose words come from somebody else's export.

/// Makes an enum that reads its words without regard to case, and keeps unknown ones
/// apart as `Other` instead of guessing.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $($text:literal)|+),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A word this version does not know; the import says which.
            Other,
        }

        impl $name {
            /// Reads a word, whatever its case; one that is not known is `Other`.
            pub fn read(text: &str) -> Self {
                let text = text.trim();
                $(if [$($text),+].iter().any(|known| known.eq_ignore_ascii_case(text)) {
                    return Self::$variant;
                })+
                Self::Other
            }

            /// The word as the exports write it; empty for `Other`.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => [$($text),+][0],)+
                    Self::Other => "",
                }
            }
        }
    };
}

pub(crate) use words;
