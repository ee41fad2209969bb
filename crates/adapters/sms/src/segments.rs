//! How many messages a text is, as networks count them (3GPP TS 23.038 and 23.040): each is paid for.

/// The basic characters of GSM 03.38, each of one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, each of two: they follow an escape.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How a text is written on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Seven bits a character.
    Gsm7,
    /// Sixteen bits a unit: as soon as one character is not among those of GSM 03.38, as every Japanese one.
    Ucs2,
}

impl Encoding {
    /// Units of a message alone, and of each part of a longer one, which has a header.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    fn units(self, letter: char) -> usize {
        match self {
            Self::Gsm7 => 1 + usize::from(EXTENSION.contains(letter)),
            Self::Ucs2 => letter.len_utf16(),
        }
    }
}

/// How many messages a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segments {
    /// How it is written on its way.
    pub encoding: Encoding,
    /// Septets, or units of 16 bits.
    pub units: usize,
    /// Messages.
    pub count: usize,
}

impl Segments {
    /// Counts a text. No character is cut in two: a segment ends before one that it has no room for.
    pub fn of(text: &str) -> Self {
        let gsm = text.chars().all(|letter| BASIC.contains(letter) || EXTENSION.contains(letter));
        let encoding = if gsm { Encoding::Gsm7 } else { Encoding::Ucs2 };
        let (alone, part) = encoding.room();
        let units = text.chars().map(|letter| encoding.units(letter)).sum();
        if units <= alone {
            return Self { encoding, units, count: usize::from(units > 0) };
        }
        let (mut count, mut taken) = (1, 0);
        for letter in text.chars() {
            let needed = encoding.units(letter);
            if taken + needed > part {
                count += 1;
                taken = 0;
            }
            taken += needed;
        }
        Self { encoding, units, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_counted_as_networks_do() {
        use Encoding::{Gsm7, Ucs2};
        for (text, encoding, units, count) in [
            (String::new(), Gsm7, 0, 0),
            ("a".repeat(160), Gsm7, 160, 1),
            ("a".repeat(161), Gsm7, 161, 2),
            ("a".repeat(306), Gsm7, 306, 2),
            ("a".repeat(307), Gsm7, 307, 3),
            ("€".repeat(80), Gsm7, 160, 1),
            // 153 is odd, so each part has room for 76 of two septets.
            ("€".repeat(81), Gsm7, 162, 2),
            ("€".repeat(153), Gsm7, 306, 3),
            ("ご予約".repeat(23), Ucs2, 69, 1),
            ("予".repeat(71), Ucs2, 71, 2),
            ("予".repeat(134), Ucs2, 134, 2),
            ("予".repeat(135), Ucs2, 135, 3),
            ("🍎".repeat(35), Ucs2, 70, 1),
            // 67 is odd as well.
            ("🍎".repeat(67), Ucs2, 134, 3),
            ("`".to_owned(), Ucs2, 1, 1),
            (format!("{}ç", "a".repeat(70)), Ucs2, 71, 2),
        ] {
            assert_eq!(Segments::of(&text), Segments { encoding, units, count }, "{text}");
        }
        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count()), (127, 10));
    }

    /// The fewest parts that a text can be cut into, found by trying every cut.
    fn fewest(sizes: &[usize], room: usize) -> usize {
        let mut fewest = vec![0; sizes.len() + 1];
        for end in 1..=sizes.len() {
            let begins = (0..end).filter(|begin| sizes[*begin..end].iter().sum::<usize>() <= room);
            fewest[end] = begins.map(|begin| fewest[begin] + 1).min().expect("one fits");
        }
        fewest[sizes.len()]
    }

    proptest! {
        #[test]
        fn no_cut_makes_fewer(text in prop_oneof!["[a€{}^ ]{0,400}", "[予🍎a]{0,200}"]) {
            let found = Segments::of(&text);
            let sizes: Vec<_> = text.chars().map(|letter| found.encoding.units(letter)).collect();
            let (alone, part) = found.encoding.room();
            let all: usize = sizes.iter().sum();
            prop_assert_eq!(found.units, all);
            let expected = if all == 0 { 0 } else if all <= alone { 1 } else { fewest(&sizes, part) };
            prop_assert_eq!(found.count, expected);
        }
    }
}
