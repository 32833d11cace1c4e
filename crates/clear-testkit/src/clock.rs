//! A clock that stands still.

use jiff::Timestamp;

/// Noon in the city on 19 November 2018, a week after the sample's last day: everything in the sample and in the
/// invented city has happened by then.
pub const fn noon() -> Timestamp {
    // 2018-11-19T18:00:00Z. A whole number of seconds within the range of a timestamp, so that this is a constant.
    Timestamp::constant(1_542_650_400, 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn noon_is_noon() {
        assert_eq!(super::noon().to_string(), "2018-11-19T18:00:00Z");
    }
}
