//! The macro by which every crate defines its reasons for refusing something.

/// Defines every reason once: its doc is its sentence, its code never changes.
///
/// The order is that in which a decision can meet them; `Reason::ALL` keeps it.
#[macro_export]
macro_rules! reasons {
    (
        $(#[doc = $about:literal])+
        pub enum Reason;

        $($(#[doc = $sentence:literal])+ $name:ident = $code:literal,)+
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $sentence])+ $name,)+
        }

        impl Reason {
            /// Every reason, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code: kebab-case, and never changed once released.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The sentence, without what was seen.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => concat!($($sentence,)+).trim(),)+ }
            }
        }
    };
}
