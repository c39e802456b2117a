//! Two macros that spare each newtype and each word list the same thirty lines of conversions.

/// Conversions of a newtype over `String` whose `FromStr` is written by hand.
macro_rules! text_newtype {
    ($type:ident) => {
        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = $crate::Invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.0
            }
        }
    };
}

/// An enum whose variants are words: the same word in SQL, JSON, URLs and commands. A word is a
/// `tt`, because utoipa cannot read a `literal` that went through a macro, and would document the
/// variant's name instead.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $type:ident ($what:literal) {
            $($(#[$variant_meta:meta])* $variant:ident = $word:tt),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $type {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $type {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::Invalid::new(format!(
                        "unknown {} `{}`: use one of {}",
                        $what,
                        other.escape_debug(),
                        [$($word),+].join(", "),
                    ))),
                }
            }
        }
    };
}

pub(crate) use {text_newtype, words};
