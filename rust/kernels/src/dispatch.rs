//! Choosing a build at run time.

/// Defines `$name`, which runs `$body` in the best build for this processor, and `$name::scalar`
/// for the twin that the tests compare with.
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
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: `wide` asks for AVX2 alone, and this processor was just seen to have it.
                    return unsafe { wide($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

pub(crate) use dispatched;
