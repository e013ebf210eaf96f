//! What a suite does with one packet: encrypt and tag it, check and decrypt it.

use aes::Aes128Enc;
use aes::cipher::{KeyInit, consts::U12};
use aes_gcm::AesGcm;
use aes_gcm::aead::AeadInOut;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::key::keystream;
use super::{MasterKey, Position, RTCP_HEAD, SrtpError, Suite};

/// The session keys of RTP or of RTCP, ready for use: the cipher's schedule is made and the MAC has
/// taken its key.
pub(super) enum Transform {
    /// RFC 3711.
    AesCm(AesCm),
    /// RFC 7714.
    Gcm(Gcm),
}

/// The labels of the keys of RTP begin here, cipher, authentication, salt (RFC 3711 §4.3.1).
const RTP_LABELS: u8 = 0;
/// And those of RTCP here (RFC 3711 §4.3.2).
const RTCP_LABELS: u8 = 3;

/// Bytes of the longest tag.
const LONGEST_TAG: usize = 20;

/// A tag as it was made: a suite sends the first bytes of it.
pub(super) type Tag = [u8; LONGEST_TAG];

impl Transform {
    /// What RTP packets need.
    pub(super) fn of_rtp(key: &MasterKey) -> Self {
        Self::new(key, RTP_LABELS, key.suite().tag_len())
    }

    /// What RTCP packets need.
    pub(super) fn of_rtcp(key: &MasterKey) -> Self {
        Self::new(key, RTCP_LABELS, key.suite().rtcp_tag_len())
    }

    fn new(key: &MasterKey, labels: u8, tag_len: usize) -> Self {
        let (cipher, salt) = (key.derive(labels), labels + 2);
        match key.suite() {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => {
                Self::AesCm(AesCm::new(&cipher, &key.derive(labels + 1), key.derive(salt), tag_len))
            }
            Suite::AeadAes128Gcm => Self::Gcm(Gcm::new(&cipher, key.derive(salt))),
        }
    }

    /// How many bytes of a tag are sent.
    pub(super) const fn tag_len(&self) -> usize {
        match self {
            Self::AesCm(it) => it.tag_len,
            Self::Gcm(_) => GCM_TAG,
        }
    }

    /// Whether the tag of RTCP stands before the index: RFC 7714 §9.2 has it so, RFC 3711 §3.4 the
    /// other way round.
    pub(super) const fn tag_before_index(&self) -> bool {
        matches!(self, Self::Gcm(_))
    }

    /// Encrypts `body`, which follows `head`, and gives the tag of both.
    #[inline]
    pub(super) fn seal(&self, at: Position, head: &[u8], body: &mut [u8]) -> Tag {
        match self {
            Self::AesCm(it) => it.seal(at, head, body),
            Self::Gcm(it) => it.seal(at, head, body),
        }
    }

    /// Decrypts `body` if `tag` fits, and else leaves it alone.
    #[inline]
    pub(super) fn open(
        &self,
        at: Position,
        head: &[u8],
        body: &mut [u8],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        match self {
            Self::AesCm(it) => it.open(at, head, body, tag),
            Self::Gcm(it) => it.open(at, head, body, tag),
        }
    }
}

/// AES in counter mode, and HMAC-SHA1 over what came of it.
pub(super) struct AesCm {
    cipher: Aes128Enc,
    mac: Hmac<Sha1>,
    salt: Zeroizing<[u8; 14]>,
    tag_len: usize,
}

impl AesCm {
    fn new(cipher: &[u8; 16], auth: &[u8; 20], salt: Zeroizing<[u8; 14]>, tag_len: usize) -> Self {
        let mac = Hmac::new_from_slice(auth).expect("HMAC takes keys of any length");
        Self { cipher: Aes128Enc::new(cipher.into()), mac, salt, tag_len }
    }

    fn seal(&self, at: Position, head: &[u8], body: &mut [u8]) -> Tag {
        keystream(&self.cipher, self.first_block(at), body);
        self.authenticated(at, head, body).finalize().into_bytes().into()
    }

    fn open(
        &self,
        at: Position,
        head: &[u8],
        body: &mut [u8],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        // In constant time.
        let verdict = self.authenticated(at, head, body).verify_truncated_left(tag);
        verdict.map_err(|_| SrtpError::AuthenticationFailed)?;
        keystream(&self.cipher, self.first_block(at), body);
        Ok(())
    }

    /// The MAC after a whole packet and what is authenticated beside it (RFC 3711 §4.2).
    fn authenticated(&self, at: Position, head: &[u8], body: &[u8]) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(head);
        mac.update(body);
        mac.update(&at.word());
        mac
    }

    fn first_block(&self, at: Position) -> [u8; 16] {
        let mut block = [0; 16];
        block[2..14].copy_from_slice(&at.nonce());
        lay_over(&mut block, &*self.salt);
        block
    }
}

/// AES-GCM with a whole tag.
pub(super) struct Gcm {
    cipher: AesGcm<Aes128Enc, U12>,
    salt: Zeroizing<[u8; 12]>,
}

/// Bytes of its tag (RFC 7714 §13).
const GCM_TAG: usize = 16;

impl Gcm {
    fn new(key: &[u8; 16], salt: Zeroizing<[u8; 12]>) -> Self {
        Self { cipher: AesGcm::from(Aes128Enc::new(key.into())), salt }
    }

    fn seal(&self, at: Position, head: &[u8], body: &mut [u8]) -> Tag {
        let (room, nonce) = (&mut [0; ASSOCIATED], self.nonce(at).into());
        let made =
            self.cipher.encrypt_inout_detached(&nonce, associated(at, head, room), body.into());
        let mut tag = [0; LONGEST_TAG];
        tag[..GCM_TAG].copy_from_slice(&made.expect("a datagram is shorter than GCM's 64 GiB"));
        tag
    }

    fn open(
        &self,
        at: Position,
        head: &[u8],
        body: &mut [u8],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        let (room, nonce) = (&mut [0; ASSOCIATED], self.nonce(at).into());
        let tag = tag.try_into().map_err(|_| SrtpError::AuthenticationFailed)?;
        self.cipher
            .decrypt_inout_detached(&nonce, associated(at, head, room), body.into(), tag)
            .map_err(|_| SrtpError::AuthenticationFailed)
    }

    fn nonce(&self, at: Position) -> [u8; 12] {
        let mut nonce = at.nonce();
        lay_over(&mut nonce, &*self.salt);
        nonce
    }
}

/// Bytes that are authenticated with RTCP and not encrypted.
const ASSOCIATED: usize = RTCP_HEAD + super::INDEX_WORD;

/// What is authenticated and not encrypted: the head, and with RTCP the index (RFC 7714 §8.2, §9.2).
fn associated<'a>(at: Position, head: &'a [u8], room: &'a mut [u8; ASSOCIATED]) -> &'a [u8] {
    if !at.is_rtcp() {
        return head;
    }
    room[..RTCP_HEAD].copy_from_slice(head);
    room[RTCP_HEAD..].copy_from_slice(&at.word());
    room
}

fn lay_over(block: &mut [u8], salt: &[u8]) {
    block.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The bytes that `hex` spells, white space apart.
    pub(in super::super) fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            hex.chars().filter_map(|it| it.to_digit(16)).map(|it| it as u8).collect();
        digits.as_chunks().0.iter().map(|[high, low]| high << 4 | low).collect()
    }

    /// The session key and salt of RFC 7714 §16 and §17.
    fn gcm() -> Transform {
        let key = std::array::from_fn(|n| n as u8);
        Transform::Gcm(Gcm::new(&key, Zeroizing::new(*b"Quid pro quo")))
    }

    fn check(at: Position, plain: &[u8], head: usize, sealed: &[u8], tag: &[u8]) {
        let mut packet = plain.to_vec();
        let (head, body) = packet.split_at_mut(head);
        assert_eq!(gcm().seal(at, head, body)[..GCM_TAG], *tag);
        assert_eq!(body, sealed);
        gcm().open(at, head, body, tag).unwrap();
        assert_eq!(packet, plain);
    }

    #[test]
    fn an_rtp_packet_is_sealed_as_in_rfc_7714_16_1() {
        let plain = bytes(
            "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120
             696e2070 61727465 73207472 6573",
        );
        let sealed = bytes(
            "f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf
             8833",
        );
        let tag = bytes("899d7f27 beb16a91 52cf765e e4390cce");
        check(Position::rtp(0x5501_a0b2, 0xf17b), &plain, 12, &sealed, &tag);
    }

    #[test]
    fn an_rtcp_packet_is_sealed_as_in_rfc_7714_17_1() {
        let plain = bytes(
            "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef
             deadbeef deadbeef deadbeef deadbeef",
        );
        let sealed = bytes(
            "63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46
             86303ded 0bb9275b",
        );
        let tag = bytes("c84aa458 96cf4d2f c5abf872 45d9eade");
        check(Position::rtcp(0x4d61_7273, 0x5d4), &plain, 8, &sealed, &tag);
    }
}
