//! Crypto suites.

use std::fmt;

/// A crypto suite: a cipher and what authenticates with it.
///
/// ```
/// use fourwire::wire::srtp::Suite;
/// assert_eq!(Suite::named("AEAD_AES_128_GCM"), Some(Suite::AeadAes128Gcm));
/// assert_eq!(Suite::AesCm128HmacSha1_32.to_string(), "AES_CM_128_HMAC_SHA1_32");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES in counter mode, 80 bits of HMAC-SHA1 (RFC 4568 §6.2.1): what everybody has.
    AesCm128HmacSha1_80,
    /// The same with 32 bits on RTP, and still 80 on RTCP (RFC 4568 §6.2.2).
    AesCm128HmacSha1_32,
    /// AES-GCM with a tag of 128 bits (RFC 7714).
    AeadAes128Gcm,
}

impl Suite {
    /// All suites, the one to prefer first.
    pub const ALL: [Self; 3] =
        [Self::AeadAes128Gcm, Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// Bytes of a master key, of each suite.
    pub const KEY_LEN: usize = 16;

    /// The suite that SDES calls `name`, if it is here.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// What SDES calls it (RFC 4568 §6.2, RFC 7714 §14.1).
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
        }
    }

    /// Bytes of a master salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 14,
            Self::AeadAes128Gcm => 12,
        }
    }

    /// Bytes that an RTP packet grows by.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 => 4,
            Self::AeadAes128Gcm => 16,
        }
    }

    /// Bytes of an RTCP packet's tag, which grows by an index of four besides.
    pub const fn rtcp_tag_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 10,
            Self::AeadAes128Gcm => 16,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
