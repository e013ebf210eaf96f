//! Which RTP ports are free: pairs of an even port for RTP and the odd one above it for RTCP
//! (RFC 3550 §11).
//!
//! A port rests after a call, so that a late packet of that call does not meet the next one. The
//! pool is told the time and a random number and opens no socket itself; it takes no lock, so that
//! a worker may give a port back in the middle of a tick.

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fourwire::Moment;

/// The port pairs of a range and what each is doing.
#[derive(Debug)]
pub struct PortPool {
    range: RangeInclusive<u16>,
    first: u16,
    rest: Duration,
    /// For each pair: [`IN_USE`], or the reading in nanoseconds until which it rests.
    pairs: Box<[AtomicU64]>,
}

/// How the pairs of a pool are spread over what they may be doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCensus {
    /// Pairs that may be reserved now.
    pub free: usize,
    /// Pairs of a reserved port or of a running call.
    pub in_use: usize,
    /// Pairs that rest after a call.
    pub resting: usize,
}

/// Why no port could be reserved.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReserveError {
    /// Every pair of the range is taken.
    Exhausted {
        /// The range asked for.
        range: RangeInclusive<u16>,
        /// What its pairs are doing.
        census: PortCensus,
        /// How many of the free pairs another program holds.
        foreign: usize,
    },
    /// The operating system refused a socket for another reason than a port in use.
    Socket(io::Error),
    /// The engine was closed.
    Closed,
}

impl PortPool {
    /// A pool of the pairs that fit into `range`, each of which rests for `rest` after a call.
    pub fn new(range: RangeInclusive<u16>, rest: Duration) -> Self {
        let first = u32::from(*range.start()).next_multiple_of(2);
        let count = (u32::from(*range.end()) + 1).saturating_sub(first) / 2;
        let pairs = (0..count).map(|_| AtomicU64::new(0)).collect();
        // An empty pool has no first port, and 65536 would not be one.
        Self { first: u16::try_from(first).unwrap_or(0), range, rest, pairs }
    }

    /// Reserves a pair and opens it with `bind`, which gets the even port; pairs that another
    /// program holds are passed over. `random` says where in the range the search begins.
    pub fn reserve<T>(
        &self,
        now: Moment,
        random: u64,
        mut bind: impl FnMut(u16) -> io::Result<T>,
    ) -> Result<(u16, T), ReserveError> {
        let count = self.pairs.len();
        let mut foreign = 0;
        for step in 0..count {
            let pair = ((random % count as u64) as usize + step) % count;
            if !self.claim(pair, now) {
                continue;
            }
            let port = self.first + 2 * pair as u16;
            match bind(port) {
                Ok(bound) => return Ok((port, bound)),
                Err(error) => {
                    self.pairs[pair].store(0, Relaxed);
                    foreign += foreign_hold(error)?;
                }
            }
        }
        Err(ReserveError::Exhausted {
            range: self.range.clone(),
            census: self.census(now),
            foreign,
        })
    }

    /// Gives the pair of the even port `port` back; it rests from `now` on.
    pub fn release(&self, port: u16, now: Moment) {
        let pair = usize::from(port.wrapping_sub(self.first) / 2);
        if let Some(state) = self.pairs.get(pair) {
            state.store((now + self.rest).as_nanos().min(IN_USE - 1), Relaxed);
        }
    }

    /// What the pairs are doing at `now`.
    pub fn census(&self, now: Moment) -> PortCensus {
        let mut census = PortCensus::default();
        for pair in &self.pairs {
            match pair.load(Relaxed) {
                IN_USE => census.in_use += 1,
                until if until > now.as_nanos() => census.resting += 1,
                _ => census.free += 1,
            }
        }
        census
    }

    fn claim(&self, pair: usize, now: Moment) -> bool {
        let state = &self.pairs[pair];
        let until = state.load(Relaxed);
        until != IN_USE
            && until <= now.as_nanos()
            && state.compare_exchange(until, IN_USE, Relaxed, Relaxed).is_ok()
    }
}

/// One more pair in foreign hands, unless `error` says that something else is wrong.
fn foreign_hold(error: io::Error) -> Result<usize, ReserveError> {
    match error.kind() {
        io::ErrorKind::AddrInUse => Ok(1),
        _ => Err(ReserveError::Socket(error)),
    }
}

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted { range, census, foreign } => write!(
                f,
                "no free RTP port in {}-{}: {} pairs in use, {} resting after a call, {} held by other programs",
                range.start(),
                range.end(),
                census.in_use,
                census.resting,
                foreign
            ),
            Self::Socket(error) => write!(f, "no socket for RTP: {error}"),
            Self::Closed => f.write_str("the engine is closed"),
        }
    }
}

impl std::error::Error for ReserveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket(error) => Some(error),
            Self::Exhausted { .. } | Self::Closed => None,
        }
    }
}

/// The state of a pair that is reserved or carries a call.
const IN_USE: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const REST: Duration = Duration::from_secs(2);

    fn ms(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    fn reserve(pool: &PortPool, now: Moment, random: u64) -> Option<u16> {
        pool.reserve(now, random, |_| Ok(())).ok().map(|(port, ())| port)
    }

    #[test]
    fn a_port_for_rtp_is_even_and_the_odd_one_above_it_lies_in_the_range_too() {
        let pool = PortPool::new(10_001..=10_006, REST);
        let ports: HashSet<u16> = (0..9).filter_map(|n| reserve(&pool, ms(0), n)).collect();
        assert_eq!(ports, HashSet::from([10_002, 10_004]));
    }

    #[test]
    fn the_search_begins_where_the_random_number_says() {
        let pool = PortPool::new(10_000..=20_000, REST);
        assert_eq!(reserve(&pool, ms(0), 7), Some(10_014));
        assert_eq!(reserve(&pool, ms(0), 7), Some(10_016));
    }

    #[test]
    fn a_port_rests_after_a_call() {
        let pool = PortPool::new(10_000..=10_001, REST);
        assert_eq!(reserve(&pool, ms(0), 0), Some(10_000));
        pool.release(10_000, ms(1_000));
        assert_eq!(reserve(&pool, ms(2_999), 0), None);
        assert_eq!(reserve(&pool, ms(3_000), 0), Some(10_000));
    }

    #[test]
    fn a_port_that_another_program_holds_is_passed_over() {
        let pool = PortPool::new(10_000..=10_003, REST);
        let bind =
            |port| if port == 10_000 { Err(io::ErrorKind::AddrInUse.into()) } else { Ok(()) };
        assert_eq!(pool.reserve(ms(0), 0, bind).ok(), Some((10_002, ())));
    }

    #[test]
    fn an_exhausted_range_says_what_it_is_used_for() {
        let pool = PortPool::new(10_000..=10_005, REST);
        assert_eq!(reserve(&pool, ms(0), 0), Some(10_000));
        assert_eq!(reserve(&pool, ms(0), 1), Some(10_002));
        pool.release(10_002, ms(0));
        let busy = |_| io::Result::<()>::Err(io::ErrorKind::AddrInUse.into());
        let error = pool.reserve(ms(1), 0, busy).expect_err("nothing is free");
        assert_eq!(
            error.to_string(),
            "no free RTP port in 10000-10005: 1 pairs in use, 1 resting after a call, 1 held by other programs"
        );
    }

    #[test]
    fn a_lack_of_file_descriptors_is_not_taken_for_a_lack_of_ports() {
        let pool = PortPool::new(10_000..=10_001, REST);
        let refuse = |_| io::Result::<()>::Err(io::ErrorKind::PermissionDenied.into());
        assert!(matches!(pool.reserve(ms(0), 0, refuse), Err(ReserveError::Socket(_))));
        assert_eq!(reserve(&pool, ms(0), 0), Some(10_000));
    }

    #[test]
    fn a_range_without_a_pair_is_exhausted_from_the_start() {
        assert_eq!(reserve(&PortPool::new(10_001..=10_001, REST), ms(0), 0), None);
        assert_eq!(reserve(&PortPool::new(65_535..=65_535, REST), ms(0), 0), None);
        assert_eq!(reserve(&PortPool::new(65_534..=65_535, REST), ms(0), 0), Some(65_534));
    }

    proptest! {
        #[test]
        fn no_port_is_given_out_twice_and_none_is_lost(
            steps in proptest::collection::vec((any::<bool>(), any::<u64>(), 0..3_000u64), 1..200),
        ) {
            let pool = PortPool::new(10_000..=10_019, REST);
            let (mut held, mut now) = (Vec::new(), 0);
            for (take, random, pause) in steps {
                now += pause;
                if take {
                    if let Some(port) = reserve(&pool, ms(now), random) {
                        prop_assert!(!held.contains(&port));
                        held.push(port);
                    }
                } else if !held.is_empty() {
                    pool.release(held.swap_remove((random % held.len() as u64) as usize), ms(now));
                }
                let census = pool.census(ms(now));
                prop_assert_eq!(census.in_use, held.len());
                prop_assert_eq!(census.free + census.in_use + census.resting, 10);
            }
            for port in held.drain(..) {
                pool.release(port, ms(now));
            }
            prop_assert_eq!(pool.census(ms(now) + REST).free, 10);
        }
    }
}
