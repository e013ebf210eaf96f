//! The master key, and what is derived from it (RFC 3711 §4.3).

use std::fmt;

use aes::Aes128Enc;
use aes::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use zeroize::Zeroizing;

use super::Suite;

/// A suite with a master key and a master salt. Whoever has it reads the call: it is not shown,
/// and what it was in is overwritten.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    key: Zeroizing<[u8; Suite::KEY_LEN]>,
    /// Followed by zeroes, up to a block.
    salt: Zeroizing<[u8; 16]>,
}

impl MasterKey {
    /// Of `bytes`, the key followed by the salt, as SDES has them (RFC 4568 §6.1).
    pub fn new(suite: Suite, bytes: &[u8]) -> Result<Self, KeyLength> {
        let length = KeyLength { needed: Suite::KEY_LEN + suite.salt_len(), got: bytes.len() };
        let (key, salt) = bytes.split_first_chunk().ok_or(length)?;
        if salt.len() != suite.salt_len() {
            return Err(length);
        }
        let mut padded = Zeroizing::new([0; 16]);
        padded[..salt.len()].copy_from_slice(salt);
        Ok(Self { suite, key: Zeroizing::new(*key), salt: padded })
    }

    /// What it is a key of.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The session key that `label` stands for.
    pub(super) fn derive<const N: usize>(&self, label: u8) -> Zeroizing<[u8; N]> {
        let mut block = *self.salt;
        block[LABEL_AT] ^= label;
        let mut derived = Zeroizing::new([0; N]);
        keystream(&Aes128Enc::new((&*self.key).into()), block, &mut *derived);
        derived
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// A master key and salt that are not as long as the suite asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLength {
    /// How many bytes the suite has.
    pub needed: usize,
    /// How many there are.
    pub got: usize,
}

impl fmt::Display for KeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, got } = self;
        write!(f, "SRTP master key and salt have {needed} bytes, {got} were given")
    }
}

impl std::error::Error for KeyLength {}

/// Lays the keystream that begins with the counter `block` over `body` (RFC 3711 §4.1.1).
#[inline]
pub(super) fn keystream(cipher: &Aes128Enc, block: [u8; 16], body: &mut [u8]) {
    CtrCore::<_, Ctr128BE>::inner_iv_init(cipher, &block.into())
        .apply_keystream_partial(body.into());
}

/// Where the label meets the salt: above the 48 bits of an index that is always zero here
/// (RFC 3711 §4.3.1).
const LABEL_AT: usize = 7;

#[cfg(test)]
mod tests {
    use super::super::transform::tests::bytes;
    use super::*;

    fn key() -> MasterKey {
        let bytes = bytes("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
        MasterKey::new(Suite::AesCm128HmacSha1_80, &bytes).unwrap()
    }

    #[test]
    fn session_keys_are_those_of_rfc_3711_b_3() {
        let key = key();
        let cipher = bytes("C61E7A93744F39EE10734AFE3FF7A087");
        assert_eq!(key.derive::<16>(0)[..], cipher);
        let auth = bytes(
            "CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
             E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
             6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2DC68",
        );
        assert_eq!(key.derive::<96>(1)[..], auth);
        assert_eq!(key.derive::<14>(2)[..], bytes("30CBBC08863D8C85D49DB34A9AE1"));
    }

    #[test]
    fn the_keystream_is_that_of_rfc_3711_b_2() {
        let cipher = bytes("2B7E151628AED2A6ABF7158809CF4F3C");
        let cipher = Aes128Enc::new_from_slice(&cipher).unwrap();
        let block = *bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").first_chunk().unwrap();
        let mut stream = vec![0; 0xFF02 * 16];
        keystream(&cipher, block, &mut stream);
        for (at, expected) in [
            (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
            (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
            (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
            (0xFEFF, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
            (0xFF00, "362B7C3C6773516318A077D7FC5073AE"),
            (0xFF01, "6A2CC3787889374FBEB4C81B17BA6C44"),
        ] {
            assert_eq!(stream[at * 16..][..16], bytes(expected), "block {at:#x}");
        }
    }

    #[test]
    fn a_key_is_as_long_as_its_suite_asks_and_never_shown() {
        let suite = Suite::AeadAes128Gcm;
        let error = MasterKey::new(suite, &[0; 30]).unwrap_err();
        assert_eq!(error.to_string(), "SRTP master key and salt have 28 bytes, 30 were given");
        assert!(MasterKey::new(suite, &[0; 3]).is_err());
        assert_eq!(format!("{:?}", key()), "MasterKey { suite: AesCm128HmacSha1_80, .. }");
    }
}
