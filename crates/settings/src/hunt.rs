//! The order in which the members of a group are tried.

/// The order in which the members of a hunt group are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HuntOrder {
    /// As they are listed, from the first.
    #[default]
    Linear,
    /// As they are listed, beginning behind the one that had the last call.
    RoundRobin,
    /// The one whose last call ended longest ago comes first.
    LongestIdle,
}

impl HuntOrder {
    /// As the configuration has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::RoundRobin => "round-robin",
            Self::LongestIdle => "longest-idle",
        }
    }

    /// The places of `members` in the order of trial: `last` had the last call, and `idle_since` tells when
    /// a member's last call ended, on whatever scale.
    ///
    /// ```
    /// use settings::HuntOrder;
    ///
    /// assert_eq!(HuntOrder::RoundRobin.sequence(3, Some(1), |_| 0), [2, 0, 1]);
    /// assert_eq!(HuntOrder::LongestIdle.sequence(3, None, |n| [5, 0, 0][n]), [1, 2, 0]);
    /// ```
    pub fn sequence(
        self,
        members: usize,
        last: Option<usize>,
        idle_since: impl Fn(usize) -> u64,
    ) -> Vec<usize> {
        let mut places: Vec<usize> = (0..members).collect();
        match self {
            Self::Linear => {}
            Self::RoundRobin => {
                if let Some(last) = last.filter(|last| *last < members) {
                    places.rotate_left((last + 1) % members);
                }
            }
            // Stable: who never had a call comes in the listed order.
            Self::LongestIdle => places.sort_by_key(|place| idle_since(*place)),
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_gone_does_not_upset_the_round() {
        for last in [None, Some(2), Some(7)] {
            assert_eq!(HuntOrder::RoundRobin.sequence(3, last, |_| 0), [0, 1, 2]);
        }
        assert_eq!(HuntOrder::RoundRobin.sequence(0, Some(0), |_| 0), [0; 0]);
        assert_eq!(HuntOrder::Linear.sequence(2, Some(0), |_| 9), [0, 1]);
    }
}
