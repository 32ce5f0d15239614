//! What registers mean.

use modbus::value::{Order, Point, Sanity, Value, ValueError, ValueType, decode, encode, guess};
use proptest::prelude::*;

#[test]
fn one_number_stands_in_registers_in_four_ways() {
    for (order, words) in [
        (Order::Big, [0x42f6, 0xe979]),
        (Order::WordSwap, [0xe979, 0x42f6]),
        (Order::ByteSwap, [0xf642, 0x79e9]),
        (Order::Little, [0x79e9, 0xf642]),
    ] {
        assert_eq!(decode(&words, ValueType::F32, order), Ok(Value::Single(123.456)), "{order}");
        let written = encode(&Value::Single(123.456), ValueType::F32, order);
        assert_eq!(written, Ok(words.to_vec()), "{order}");
    }
}

#[test]
fn signs_digits_bits_and_text_are_read() {
    let read =
        |words: &[u16], kind, order| decode(words, kind, order).map(|value| value.to_string());
    assert_eq!(read(&[0xfffe], ValueType::I16, Order::Big), Ok("-2".into()));
    assert_eq!(read(&[0xfffe], ValueType::U16, Order::Little), Ok("65279".into()));
    assert_eq!(read(&[0xffff, 0xfffe], ValueType::I32, Order::Big), Ok("-2".into()));
    assert_eq!(
        read(&[0xfffe, 0xffff, 0xffff, 0xffff], ValueType::I64, Order::WordSwap),
        Ok("-2".into())
    );
    assert_eq!(read(&[0x1234, 0x5678], ValueType::Bcd32, Order::Big), Ok("12345678".into()));
    assert_eq!(read(&[0x5678, 0x1234], ValueType::Bcd32, Order::WordSwap), Ok("12345678".into()));
    assert_eq!(
        read(&[0x12a4], ValueType::Bcd16, Order::Big),
        Err(ValueError::Bcd { word: 0x12a4 })
    );
    assert_eq!(read(&[0x8000], ValueType::Bit(15), Order::Big), Ok("1".into()));
    let pump = [0x5055, 0x4d50, 0x2031, 0x0000];
    assert_eq!(read(&pump, ValueType::Text(4), Order::Big), Ok("\"PUMP 1\"".into()));
    assert_eq!(read(&[0x5550, 0x504d], ValueType::Text(2), Order::ByteSwap), Ok("\"PUMP\"".into()));
    assert_eq!(
        read(&[0x5000, 0x4d50], ValueType::Text(2), Order::Big),
        Err(ValueError::Text { byte: 0 })
    );
}

#[test]
fn a_value_that_does_not_fit_is_refused_and_never_cut() {
    for (value, kind) in [
        (Value::Unsigned(65_536), ValueType::U16),
        (Value::Signed(-1), ValueType::U16),
        (Value::Signed(32_768), ValueType::I16),
        (Value::Signed(-32_769), ValueType::I16),
        (Value::Unsigned(u64::MAX), ValueType::I64),
        (Value::Unsigned(10_000), ValueType::Bcd16),
        (Value::Double(1e300), ValueType::F32),
        (Value::Text("12345".into()), ValueType::Text(2)),
    ] {
        assert_eq!(encode(&value, kind, Order::Big), Err(ValueError::Range { kind }), "{value}");
    }
    let nature = ValueError::Nature { kind: ValueType::U16 };
    assert_eq!(encode(&Value::Text("1".into()), ValueType::U16, Order::Big), Err(nature));
}

#[test]
fn a_quantity_is_scaled_both_ways() {
    let point = Point::new(ValueType::I16, Order::Big).scaled(0.1, -20.0, "°C").expect("finite");
    let reading = point.read(&[417]).expect("one register");
    assert_eq!(reading.to_string(), "21.7 °C");
    assert_eq!(point.write(&Value::Double(21.7)), Ok(vec![417]));
    assert_eq!(point.write(&Value::Double(1e9)), Err(ValueError::Range { kind: ValueType::I16 }));
    assert!(Point::new(ValueType::I16, Order::Big).scaled(0.0, 0.0, "").is_err());
    // 2^63 - 1 has no double.
    let exact = Point::new(ValueType::I64, Order::Big);
    let words = [0x7fff, 0xffff, 0xffff, 0xffff];
    assert_eq!(exact.read(&words).expect("four").value, Value::Signed(i64::MAX));
    assert_eq!(exact.write(&Value::Signed(i64::MAX)), Ok(words.to_vec()));
}

#[test]
fn the_sane_order_of_a_float_stands_first() {
    for order in Order::ALL {
        let words: Vec<u16> = [123.456f32, 19.87, -4.25]
            .iter()
            .flat_map(|value| encode(&Value::Single(*value), ValueType::F32, order).expect("fits"))
            .collect();
        let guesses = guess(&words);
        let first = &guesses[0];
        assert_eq!(
            (first.kind, &*first.orders, first.sanity),
            (ValueType::F32, &[order][..], Sanity::Likely)
        );
        let likely = guesses.iter().filter(|guess| guess.sanity == Sanity::Likely);
        assert_eq!(likely.count(), 1, "{guesses:#?}");
    }
}

#[test]
fn counters_and_text_are_recognised() {
    let sane = |words: &[u16], kind, order| {
        let guesses = guess(words);
        let found =
            guesses.iter().find(|guess| guess.kind == kind && guess.orders.contains(&order));
        found.map(|guess| guess.sanity)
    };
    assert_eq!(sane(&[0, 1234], ValueType::U32, Order::Big), Some(Sanity::Likely));
    assert_eq!(sane(&[0, 1234], ValueType::U32, Order::WordSwap), Some(Sanity::Unlikely));
    assert_eq!(sane(&[0xfff0], ValueType::I16, Order::Big), Some(Sanity::Likely));
    assert_eq!(sane(&[0x5055, 0x4d50], ValueType::Text(2), Order::Big), Some(Sanity::Likely));
    assert_eq!(sane(&[0x12a4], ValueType::Bcd16, Order::Big), Some(Sanity::Unlikely));
    assert_eq!(sane(&[1], ValueType::U32, Order::Big), None);
    assert!(guess(&[]).is_empty());
}

fn any_type() -> impl Strategy<Value = ValueType> {
    prop_oneof![
        prop::sample::select(
            &[
                ValueType::U16,
                ValueType::I16,
                ValueType::U32,
                ValueType::I32,
                ValueType::U64,
                ValueType::I64,
                ValueType::F32,
                ValueType::F64,
                ValueType::Bcd16,
                ValueType::Bcd32,
            ][..]
        ),
        (1u8..20).prop_map(ValueType::Text),
    ]
}

proptest! {
    #[test]
    fn what_is_read_writes_the_same_registers(
        kind in any_type(),
        order in prop::sample::select(&Order::ALL[..]),
        words in prop::collection::vec(any::<u16>(), 20),
    ) {
        let words = &words[..kind.registers()];
        if let Ok(value) = decode(words, kind, order)
            // How a text was filled up, and which not-a-number it was, isn't kept.
            && !matches!(value, Value::Text(_))
            && !value.number().is_some_and(f64::is_nan)
        {
            prop_assert_eq!(encode(&value, kind, order), Ok(words.to_vec()));
        }
    }

    #[test]
    fn types_are_written_as_they_are_read(kind in any_type()) {
        prop_assert_eq!(kind.to_string().parse(), Ok(kind));
    }

    #[test]
    fn every_guess_has_a_reason(words in prop::collection::vec(any::<u16>(), 0..30)) {
        for guess in guess(&words) {
            prop_assert!(!guess.why.is_empty() && !guess.orders.is_empty());
        }
    }
}
