//! Who the endpoint says it is.

/// What the endpoint calls itself in `connection.start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Product name.
    pub product: String,
    /// Product version.
    pub version: String,
}
