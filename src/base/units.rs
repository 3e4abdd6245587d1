//! The one grammar of durations and sizes.

use std::time::Duration;

/// `30s`, `10m`, `2h`, `7d`, `50ms`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let millis: u64 = match unit {
        "" | "s" => 1000,
        "ms" => 1,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("{text:?} is no duration like 30, 30s, 10m, 2h or 7d")),
    };
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is no duration like 30, 30s, 10m, 2h or 7d"))?;
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(|| format!("{text:?} is too long"))
}

/// `200k`, `16M`, `4G` (1024 each); a bare number is bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let shift = match unit {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        _ => return Err(format!("{text:?} is no size like 4096, 200k, 16M or 4G")),
    };
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is no size like 4096, 200k, 16M or 4G"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("{text:?} is too large"))
}

/// `yes` or `no`.
pub fn yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

/// A whole number from `least` up.
pub fn number(text: &str, least: u64) -> Result<u64, String> {
    let parsed = text.parse().ok().filter(|n| *n >= least);
    parsed.ok_or_else(|| format!("{text:?} is no whole number from {least} up"))
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_have_units() {
        for (text, seconds) in [("30", 30), ("30s", 30), ("10m", 600), ("2h", 7200), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        for (text, bytes) in [("4096", 4096), ("200k", 204_800), ("16M", 16 << 20), ("4G", 4 << 30)] {
            assert_eq!(size(text), Ok(bytes));
        }
        for bad in ["", "s", "-1", "1x", "1.5", "99999999999999999999", "18446744073709551615d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(size("18446744073709551615k").is_err() && size("1T").is_err());
        assert!(yes_no("true").is_err() && number("0", 1).is_err());
    }
}
