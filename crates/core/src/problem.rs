//! How a failure describes itself to whoever caused it.
//!
//! Each crate has one error enum. A failure that a caller can see implements [`Problem`]: a readable code that
//! stays the same for ever, a Norwegian text, a remedy, and an HTTP status. The error reference in the docs is
//! generated from the [`ErrorKind`]s.

/// One kind of failure, as documented: declared once as a constant, shown in the reference page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorKind {
    /// `<område>.<feil>` in lower case, for example `konto.ukjent`. Never changed once published.
    pub code: &'static str,
    /// The HTTP status that it gives.
    pub status: u16,
    /// What is wrong, in one Norwegian sentence, without details of the case.
    pub text: &'static str,
    /// What the caller can do, in Norwegian.
    pub remedy: &'static str,
}

/// A failure that a caller may see.
pub trait Problem: std::error::Error + Send + Sync + 'static {
    /// Which documented kind this is.
    fn kind(&self) -> &'static ErrorKind;

    /// What is wrong in this case, in Norwegian. Never holds personal data or secrets. The remedy is added by the
    /// renderer.
    fn text(&self) -> String {
        self.kind().text.to_owned()
    }

    /// Details for machines, for the few services that document them (`errorJson`).
    fn details(&self) -> Option<serde_json::Value> {
        None
    }
}

/// Declares the [`ErrorKind`]s of a crate and the list `ALL` of them, so that the error reference forgets none.
///
/// ```
/// fiks_core::error_kinds! {
///     /// No konto has that id.
///     UNKNOWN = 404 "konto.ukjent", "Kontoen finnes ikke.", "Sjekk id-en.";
/// }
/// assert_eq!(ALL, [&UNKNOWN]);
/// ```
#[macro_export]
macro_rules! error_kinds {
    ($($(#[$meta:meta])* $name:ident = $status:literal $code:literal, $text:literal, $remedy:literal;)+) => {
        $($(#[$meta])* pub const $name: $crate::ErrorKind =
            $crate::ErrorKind { code: $code, status: $status, text: $text, remedy: $remedy };)+
        /// All of them.
        pub const ALL: &[&$crate::ErrorKind] = &[$(&$name),+];
    };
}
