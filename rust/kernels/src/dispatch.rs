//! Choosing a build at run time.

/// Whether the builds for AVX2 are taken. With the feature `portable` they never are, so that the
/// scalar twins can be tested as what everything else rests on.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_avx2() -> bool {
    !cfg!(feature = "portable") && std::arch::is_x86_feature_detected!("avx2")
}

/// Defines `$name`, which runs `$body` in the best build for this processor; `$body` itself is the
/// twin that the tests compare with.
///
/// `$body` must be `#[inline(always)]`, or it would not be compiled anew.
macro_rules! dispatched {
    ($(#[$about:meta])* pub fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $body:path) => {
        $(#[$about])*
        #[inline]
        pub fn $name($($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $type),*) $(-> $result)? {
                    $body($($arg),*)
                }
                if $crate::dispatch::has_avx2() {
                    // SAFETY: `wide` asks for AVX2 alone, and this processor was just seen to have it.
                    return unsafe { wide($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

/// Defines `$name`, which runs `$wide`, written for AVX2, or `$body` where there is none.
macro_rules! by_hand {
    ($(#[$about:meta])* pub fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $wide:path, $body:path) => {
        $(#[$about])*
        #[inline]
        pub fn $name($($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if $crate::dispatch::has_avx2() {
                // SAFETY: `$wide` asks for AVX2 alone, and this processor was just seen to have it.
                return unsafe { $wide($($arg),*) };
            }
            $body($($arg),*)
        }
    };
}

pub(crate) use {by_hand, dispatched};
