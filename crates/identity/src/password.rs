//! Which passwords a person may choose.
//!
//! The rules are those of NIST SP 800-63B-4, 3.1.1.2, and of OWASP ASVS 5.0, 6.2: a least length, no rules on which kinds
//! of characters there must be, and no password that is tried first. Nobody has to change a password after some time.

mod common;

use musubi_kernel::error::Invalid;
use musubi_kernel::secret::Secret;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The fewest characters that any installation may ask for (ASVS 5.0, 6.2.1).
pub const SHORTEST: usize = 8;
/// The most characters of a password.
pub const LONGEST: usize = 128;
/// As many characters must be allowed (ASVS 5.0, 6.2.9), so no installation may ask for more.
pub const SURELY_ALLOWED: usize = 64;
/// Up to so many digits and signs around a name do not make it a password.
const AROUND_A_NAME: usize = 4;

/// The rules for new passwords.
///
/// Characters are Unicode scalar values of the password's [normal form](normalised).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRules {
    shortest: usize,
}

impl Default for PasswordRules {
    /// From [`SHORTEST`] characters on.
    fn default() -> Self {
        Self { shortest: SHORTEST }
    }
}

impl PasswordRules {
    /// Rules that ask for this many characters, between [`SHORTEST`] and [`SURELY_ALLOWED`]. 15 are recommended where a password alone signs in
    /// (SP 800-63B-4, 3.1.1.2).
    pub fn with_shortest(characters: usize) -> Self {
        Self { shortest: characters.clamp(SHORTEST, SURELY_ALLOWED) }
    }

    /// Checks a new password. `context` is what others know of the person, their e-mail addresses and names, and words that
    /// come to everybody's mind here, such as the shop's name (ASVS 5.0, 6.2.11).
    ///
    /// All that is wrong is said of `pointer`, such as `/password`: `too_short`, `too_long`, `common` (on the list of common passwords),
    /// `personal` (a word of the context, or one with up to four digits or signs around it). Upper and lower case are
    /// alike to the last two.
    pub fn check(&self, pointer: &str, password: &Secret, context: &[&str]) -> Result<(), Invalid> {
        let password = normalised(password);
        let length = password.expose().chars().count();
        let folded = Secret::new(password.expose().to_lowercase());
        let mut invalid = Invalid::default();
        let mut require = |holds, code, detail: String| invalid.require(holds, pointer, code, detail);
        require(length >= self.shortest, "too_short", format!("must have at least {} characters", self.shortest));
        require(length <= LONGEST, "too_long", format!("must have at most {LONGEST} characters"));
        require(!common::contains(folded.expose()), "common", "is among the passwords that are tried first".to_owned());
        require(
            !context.iter().any(|known| is_personal(folded.expose(), known)),
            "personal",
            "must not be a name or an e-mail address of the person".to_owned(),
        );
        invalid.finish()
    }
}

/// A password in its normal form, in which new passwords are counted, compared and hashed: Unicode's NFKC.
///
/// One password can be typed as different characters: "が" as one character or as two, "ａ" or "a" as the keyboard's
/// input method is set. SP 800-63B asks for NFKC or NFKD then; NFC, as in RFC 8265, would tell full-width letters from
/// others. Nothing else is changed: neither case nor spaces, and nothing is cut off (ASVS 5.0, 6.2.8).
pub fn normalised(password: &Secret) -> Secret {
    let mut text = String::with_capacity(password.expose().len());
    text.extend(password.expose().nfkc());
    Secret::new(text)
}

/// Whether a folded password is a word that is known of a person, or hardly more.
fn is_personal(password: &str, known: &str) -> bool {
    let known = known.nfkc().collect::<String>().to_lowercase();
    let local_part = known.rsplit_once('@').map_or("", |(local, _)| local);
    let squeezed = squeeze(&known);
    let words = known.split(|c: char| !c.is_alphanumeric()).chain([local_part, known.as_str(), squeezed.as_str()]);
    let squeezed_password = Zeroizing::new(squeeze(password));
    let core = squeezed_password.trim_matches(|c: char| !c.is_alphabetic());
    let around = password.chars().count() - core.chars().count();
    words.filter(|word| !word.is_empty()).any(|word| {
        let word_core = word.trim_matches(|c: char| !c.is_alphabetic());
        password == word
            || *squeezed_password == word
            || (core == word_core && around <= AROUND_A_NAME && !core.is_empty())
    })
}

/// A text without its spaces.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes_under(rules: PasswordRules, password: &str, context: &[&str]) -> Vec<&'static str> {
        let refused = rules.check("/password", &Secret::new(password), context).err().map(Invalid::into_violations);
        let refused = refused.unwrap_or_default();
        assert!(refused.iter().all(|violation| violation.pointer == "/password"));
        refused.iter().map(|violation| violation.code).collect()
    }

    fn codes(password: &str, context: &[&str]) -> Vec<&'static str> {
        codes_under(PasswordRules::default(), password, context)
    }

    #[test]
    fn lengths_are_counted_in_characters_of_the_normal_form() {
        let cases: [(String, &[&str]); 11] = [
            (String::new(), &["too_short"]),
            ("x7!kQ2w".into(), &["too_short"]),
            ("x7!kQ2wé".into(), &[]),
            ("正しい馬電池針".into(), &["too_short"]),
            ("正しい馬電池針金".into(), &[]),
            ("👩🏽‍🚀🐎🔋📎".into(), &["too_short"]),
            // Seven characters and a combining mark, which joins the last.
            ("x7!kQ2e\u{301}".into(), &["too_short"]),
            // Four half-width characters and their marks are four characters.
            ("ｶﾞｷﾞｸﾞｹﾞ".into(), &["too_short"]),
            // One character that stands for 18 others.
            ("\u{fdfa}".into(), &[]),
            ("ё".repeat(128), &[]),
            ("ё".repeat(129), &["too_long"]),
        ];
        for (password, expected) in cases {
            assert_eq!(codes(&password, &[]), expected, "{password}");
        }
    }

    #[test]
    fn an_installation_may_ask_for_more_but_not_for_less() {
        let fourteen = "quiet lake 14 ";
        for (asked, expected) in [(0, 0), (8, 0), (14, 0), (15, 1), (64, 1), (1000, 1)] {
            let codes = codes_under(PasswordRules::with_shortest(asked), fourteen, &[]);
            assert_eq!(codes.len(), expected, "{asked}");
        }
        assert!(codes_under(PasswordRules::with_shortest(1000), &"quiet lake".repeat(7), &[]).is_empty());
        assert_eq!(codes_under(PasswordRules::with_shortest(0), "k7!Qw", &[]), ["too_short"]);
    }

    #[test]
    fn no_kind_of_character_is_asked_for() {
        for password in
            ["nlowmvkq", "NLOWMVKQ", "83920571", "!?!#)(=%", "        ~", "ひらがなだけです", "tab\tand\nline"]
        {
            assert_eq!(codes(password, &[]), [] as [&str; 0], "{password}");
        }
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_width() {
        for password in ["password", "PassWord", "12345678", "ｐａｓｓｗｏｒｄ", "iloveyou", "QWERTYUIOP", "sunshine1"]
        {
            assert_eq!(codes(password, &[]), ["common"], "{password}");
        }
    }

    #[test]
    fn what_others_know_of_a_person_is_no_password() {
        let person = ["taro.yamada+shop@docomo.example.jp", "山田 太郎", "Taro Yamada", "Ｙａｍａｄａ Taro", "Bo"];
        for password in [
            "taro.yamada+shop@docomo.example.jp",
            "Taro.Yamada+Shop",
            "taroyamada",
            "Taro Yamada",
            "TARO YAMADA",
            "yamada taro",
            "Yamada85",
            "yamada1985",
            "!!yamada!!",
            "山田太郎1985",
            "docomo2024",
            "ｙａｍａｄａ８５",
        ] {
            assert_eq!(codes(password, &person), ["personal"], "{password}");
        }
        for password in ["yamada19850", "taro and his horse", "yamadas horse", "bo bo bo bo", "山田太郎の愛犬ポチ"]
        {
            assert_eq!(codes(password, &person), [] as [&str; 0], "{password}");
        }
        assert_eq!(codes("quiet lake", &["", " ", "@", "12"]), [] as [&str; 0]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        assert_eq!(codes("taro", &["taro@example.jp"]), ["too_short", "personal"]);
    }

    #[test]
    fn the_normal_form_joins_what_looks_alike_and_keeps_the_rest() {
        for (entered, kept) in [
            ("ｐａｓｓ　ｗｏｒｄ", "pass word"),
            ("か\u{3099}", "が"),
            ("ｶﾞ", "ガ"),
            (" Two  Spaces ", " Two  Spaces "),
            ("ß", "ß"),
        ] {
            assert_eq!(normalised(&Secret::new(entered)).expose(), kept, "{entered}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_its_normal_form_alike(password: String, context: Vec<String>) {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            let normal = normalised(&Secret::new(password.as_str()));
            prop_assert_eq!(codes(&password, &context), codes(normal.expose(), &context));
        }

        #[test]
        fn a_persons_own_words_are_refused_whatever_surrounds_them(
            word in "[a-zA-Zぁ-ん]{8,20}",
            before in "[0-9!?]{0,2}",
            after in "[0-9!?]{0,2}",
        ) {
            let password = format!("{before}{word}{after}");
            prop_assert!(codes(&password, &[word.as_str()]).contains(&"personal"));
            let address = format!("{word}@example.jp");
            prop_assert!(codes(&password, &[address.as_str()]).contains(&"personal"));
        }
    }
}
