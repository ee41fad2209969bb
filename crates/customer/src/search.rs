//! Names, as people search for them.

use unicode_normalization::UnicodeNormalization;

/// The most characters of a key: names and what is searched for are cut alike.
pub const KEY_LENGTH: usize = 255;

/// A name as a key for comparing: one width, katakana for kana, lower case, nothing between its words. Every beginning
/// of a name has a key that its key begins with, as long as the cut is not inside a composed character.
///
/// ```
/// use musubi_customer::search::search_key;
/// assert_eq!(search_key("やまだ　はなこ"), "ヤマダハナコ");
/// assert_eq!(search_key("ﾔﾏﾀﾞ ﾊﾅｺ"), "ヤマダハナコ");
/// assert_eq!(search_key("Ｈａｎａｋｏ"), "hanako");
/// ```
pub fn search_key(name: &str) -> String {
    // Composed last, as lower-casing may decompose.
    let folded = name.nfkc().map(katakana).filter(|c| !is_between_words(*c)).flat_map(char::to_lowercase);
    folded.collect::<String>().nfkc().take(KEY_LENGTH).collect()
}

fn katakana(c: char) -> char {
    match c {
        // Katakana lies 96 places above hiragana.
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(c as u32 + 96).unwrap_or(c),
        other => other,
    }
}

fn is_between_words(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '・' | '\u{200b}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for (key, spellings) in [
            (
                "ヤマダハナコ",
                &["やまだはなこ", "ヤマダ ハナコ", "ﾔﾏﾀﾞ　ﾊﾅｺ", "ヤマダ・ハナコ", "ヤマタ\u{3099}ハナコ"] as &[_],
            ),
            ("ヴィッキー", &["ゔぃっきー", "ｳﾞｨｯｷｰ", "ヴィッキー"]),
            ("山田花子", &["山田 花子", "山田　花子", "山田花子"]),
            ("anna-maria", &["Anna-Maria", "ＡＮＮＡ－ＭＡＲＩＡ", "anna-maria "]),
            ("josé", &["José", "Jose\u{301}"]),
            ("", &["", " ", "　"]),
        ] {
            for spelling in spellings {
                assert_eq!(search_key(spelling), key, "{spelling}");
            }
        }
    }

    #[test]
    fn a_key_is_bounded() {
        assert_eq!(search_key(&"ﷺ".repeat(255)).chars().count(), KEY_LENGTH);
    }

    proptest! {
        #[test]
        fn the_key_of_a_key_is_itself(name in "\\PC{0,40}") {
            let key = search_key(&name);
            prop_assert_eq!(search_key(&key), key);
        }

        #[test]
        fn a_beginning_of_a_kana_name_finds_it(name in "[ぁ-ゖァ-ヶー 　a-zA-Z一-龠]{0,20}", cut in 0_usize..20) {
            let beginning: String = name.chars().take(cut).collect();
            prop_assert!(search_key(&name).starts_with(&search_key(&beginning)));
        }
    }
}
