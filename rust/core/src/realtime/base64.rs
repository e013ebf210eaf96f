//! Base64 by the fastest engine the machine has.

/// Finds out once what the machine can do (RFC 4648 §4, padded, canonical).
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) static ENGINE: std::sync::LazyLock<base64::engine::Simd> =
    std::sync::LazyLock::new(|| {
        base64::engine::Simd::standard(base64::engine::general_purpose::PAD)
    });

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) static ENGINE: base64::engine::GeneralPurpose =
    base64::engine::general_purpose::STANDARD;
