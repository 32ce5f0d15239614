//! How long bytes take on a serial line.

use std::time::Duration;

/// Speed and character length of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialTiming {
    speed: u32,
    bits: u32,
}

impl SerialTiming {
    /// A line of `speed` bits a second, with the standard's eleven bits a character.
    pub const fn new(speed: u32) -> Self {
        Self::with_bits(speed, 11)
    }

    /// A line whose characters take `bits` bits: start, data, parity and stop bits.
    pub const fn with_bits(speed: u32, bits: u32) -> Self {
        Self { speed: if speed == 0 { 1 } else { speed }, bits }
    }

    /// How long `count` characters take.
    pub fn characters(&self, count: usize) -> Duration {
        let bits = u64::from(self.bits).saturating_mul(count as u64);
        Duration::from_nanos(bits.saturating_mul(1_000_000_000) / u64::from(self.speed))
    }

    /// The longest silence inside of a frame: fixed above 19200, since no interrupt is that exact.
    pub fn t1_5(&self) -> Duration {
        if self.speed > 19_200 { Duration::from_micros(750) } else { self.characters(3) / 2 }
    }

    /// The least silence between frames.
    pub fn t3_5(&self) -> Duration {
        if self.speed > 19_200 { Duration::from_micros(1750) } else { self.characters(7) / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_those_of_the_standard() {
        let told = [300, 2400, 9600, 38_400].map(|speed| {
            let timing = SerialTiming::new(speed);
            (timing.t1_5().as_micros(), timing.t3_5().as_micros())
        });
        assert_eq!(told, [(55_000, 128_333), (6_875, 16_041), (1_718, 4_010), (750, 1_750)]);
        assert_eq!(SerialTiming::new(9600).characters(255).as_millis(), 292);
        assert_eq!(SerialTiming::new(0).characters(1), Duration::from_secs(11));
    }
}
